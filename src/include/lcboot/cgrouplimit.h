/* ISC license. */

/* What files of a cgroup are to hold: the options -m, -p and -s of lc-cgroup. */

#ifndef LCBOOT_CGROUPLIMIT_H
#define LCBOOT_CGROUPLIMIT_H

#include <stdint.h>

#include <skalibs/genalloc.h>

#include <lcboot/cgroup.h>

#define LC_CGLIMIT_CONTROLLER 64

typedef struct lc_cglimit_s lc_cglimit, *lc_cglimit_ref ;
struct lc_cglimit_s
{
  int opt ;                                 /* m, p or s */
  char const *arg ;
  uint64_t n ;                              /* m: bytes */
  char controller[LC_CGLIMIT_CONTROLLER] ;  /* "" if the file belongs to none */
  lc_cgroup *h ;                            /* the hierarchy; null: each of cgroup v1 */
} ;

 /* Adds the argument of an option to limits, a genalloc of lc_cglimit. Dies 100,
    naming it, if it is wrong. */

extern void lc_cglimit_add (genalloc *limits, int opt, char const *arg) ;

 /* Finds the hierarchy of l. Dies 111 if there is none that is mounted. */

extern void lc_cglimit_find (lc_cglimit *l, lc_cgroups const *all) ;

 /* Whether l is, or is among others, for the hierarchy h: 1 or 0. */

extern int lc_cglimit_is_for (lc_cglimit const *l, lc_cgroup const *h) ;

/*
   Writes l to the open cgroup of h, one of all; the controller is enabled for it, if
   need be, with enter as for lc_cgroup_enable. Dies 111, everything undone.
*/

extern void lc_cglimit_apply (lc_cgroups *all, lc_cgroup *h, lc_cglimit const *l, int enter) ;

/*
   lc_cgroup_enable, and says what it did. Returns whether the controller is enabled;
   with must, dies 111 if not, everything undone.
*/

extern int lc_cglimit_enable (lc_cgroups *all, lc_cgroup *h, char const *controller, int enter, int must) ;

#endif
