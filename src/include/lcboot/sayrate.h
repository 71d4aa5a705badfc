/* ISC license. */

/*
   Messages of a process that stays: others may make it speak, and nobody may read
   what it says. It says at most ten lines in ten seconds, and none that would have
   to wait.
*/

#ifndef LCBOOT_SAYRATE_H
#define LCBOOT_SAYRATE_H

#include <skalibs/strerr.h>

#include <lcboot/say.h>

 /* 1 if a line may be written now, which it then counts as; else 0. */

extern int lc_sayrate (void) ;

 /* A warning, and what lc_say says, if it may be written. errno may change. */

#define lc_sayrate_warn(...) do { if (lc_sayrate()) strerr_warnw(__VA_ARGS__) ; } while (0)
#define lc_sayrate_say(...) do { if (lc_verbosity && lc_sayrate()) strerr_warni(__VA_ARGS__) ; } while (0)

#endif
