/* ISC license. */

#ifndef LCBOOT_OVERLAY_H
#define LCBOOT_OVERLAY_H

#include <fcntl.h>

#include <skalibs/genalloc.h>

#include <lcboot/mountopts.h>

#define LC_OVERLAY_LAYERS 500  /* OVL_MAX_STACK of the kernel */

typedef struct lc_overlay_s lc_overlay, *lc_overlay_ref ;
struct lc_overlay_s
{
  int rootfd ;            /* where target is looked up, or AT_FDCWD */
  char const *target ;
  genalloc lower ;        /* char const *, the lowest first */
  char const *cache ;     /* with upper and work inside */
  char const *upper ;     /* or these two */
  char const *work ;
  int ephemeral ;         /* or a tmpfs; with none of the three it is read-only */
  int usernsfd ;          /* the maps that the lower layers are seen through, or -1 */
  lc_mountopts o ;
} ;
#define LC_OVERLAY_ZERO { .rootfd = AT_FDCWD, .usernsfd = -1, .lower = GENALLOC_ZERO, .o = LC_MOUNTOPTS_ZERO }

/*
   Mounts ov on its target. with_target: the first of its lower layers is the
   target itself, as it was. Dies 100 for layers that cannot be stacked, 111 for
   what the kernel refuses; then nothing stays mounted.
*/

extern void lc_overlay_mount (lc_overlay *ov, int with_target) ;

#endif
