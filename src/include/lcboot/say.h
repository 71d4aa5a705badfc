/* ISC license. */

#ifndef LCBOOT_SAY_H
#define LCBOOT_SAY_H

#include <skalibs/strerr.h>

 /* How much to tell on standard error: the number of -v options, on top of
    what LCBOOT_VERBOSE says. 0: only what fails. */

extern unsigned int lc_verbosity ;

/*
   Takes LCBOOT_VERBOSE from the environment. To be called once, before the
   options. Dies 100 if it is there and is not a number.
*/

extern void lc_verbose_init (void) ;

 /* One line per thing done, at -v. The arguments are strings, and nothing is
    evaluated when nobody listens. */

#define lc_say(...) do { if (lc_verbosity) strerr_warni(__VA_ARGS__) ; } while (0)

#endif
