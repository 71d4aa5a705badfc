/* ISC license. */

/* An overlay of directories that are open: how it is made, whatever they are called. */

#ifndef LCBOOT_STACK_H
#define LCBOOT_STACK_H

#include <skalibs/genalloc.h>

#include <lcboot/mountopts.h>

typedef struct lc_stack_s lc_stack, *lc_stack_ref ;
struct lc_stack_s
{
  genalloc layers ;  /* int, the lowest first: at least one */
  int upperfd ;      /* -1: it is read-only */
  int workfd ;
  int targetfd ;     /* where it is to be */
  int covered ;      /* there are mounts that will go before it is attached there */
} ;
#define LC_STACK_ZERO { .layers = GENALLOC_ZERO, .upperfd = -1, .workfd = -1, .targetfd = -1 }

#define lc_stack_layer(s, i) (genalloc_s(int, &(s)->layers)[i])

/*
   Makes the overlay with those options. Returns a close-on-exec descriptor of it,
   detached; -2 if it could only be made where it is to be, and is there; or -1 with
   errno set. Dies 111 when memory is short.
*/

extern int lc_stack_make (lc_stack const *s, lc_mountopts const *o) ;

/*
   Whether an overlay, in whatever mount namespace, lives on the upper layer: only
   the kernel knows. Returns 1, 0, or -1 with errno set if it does not tell.
*/

extern int lc_stack_is_used (lc_stack const *s) ;

#endif
