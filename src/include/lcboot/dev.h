/* ISC license. */

#ifndef LCBOOT_DEV_H
#define LCBOOT_DEV_H

#include <fcntl.h>

#include <skalibs/genalloc.h>

#include <lcboot/mountopts.h>

typedef struct lc_dev_s lc_dev, *lc_dev_ref ;
struct lc_dev_s
{
  int rootfd ;         /* where the target is looked up, or AT_FDCWD */
  int terminal ;       /* the console is not the current /dev's, but the terminal at descriptor 0, 1 or 2 */
  int all ;            /* with everything of the current /dev, but not: */
  genalloc globs ;     /* char const *: fnmatch(3), relative to /dev */
  genalloc regexes ;   /* regex_t: searched in the same names */
  lc_mountopts o ;     /* of the tmpfs */
} ;
#define LC_DEV_ZERO { .rootfd = AT_FDCWD, .terminal = 0, .all = 0, .globs = GENALLOC_ZERO, .regexes = GENALLOC_ZERO, .o = LC_MOUNTOPTS_ZERO }

/*
   Mounts a /dev for a guest on target. What the kernel refuses in a user
   namespace is bound from the current /dev or left out, which lc_say tells.
   Dies 111 when there can be no /dev at all; then nothing stays mounted.
*/

extern void lc_dev_mount (lc_dev const *dev, char const *target) ;

#endif
