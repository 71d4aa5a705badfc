/* ISC license. */

/*
   What a guest's init is asked for: one runlevel at a time, the last that was
   requested.
*/

#ifndef LCBOOT_RUNLEVEL_H
#define LCBOOT_RUNLEVEL_H

#include <stdint.h>

#include <lcboot/initreq.h>
#include <lcboot/inits.h>

#define LC_RUNLEVELS 8

typedef struct lc_runlevel_s lc_runlevel, *lc_runlevel_ref ;
struct lc_runlevel_s
{
  lc_initproc target ;         /* the guest's init */
  lc_init const *init ;        /* which one that is; null: that is found out */
  int signals[LC_RUNLEVELS] ;  /* what asks for each; 0: what that init wants, which is known for 0 and 6 */

   /* what follows is set by lc_runlevel_reset */
  int level ;                  /* what is asked for: its index, or -1 */
  uint64_t since ;
  uint64_t next ;              /* when to try, again */
  int done ;                   /* the one before, or -1 */
  uint64_t when ;
} ;

 /* The index of the runlevel 0 to 6, S or s, or -1 if c is none. */

extern int lc_runlevel_index (int c) ;

 /* Nothing is asked for, and nothing was. */

extern void lc_runlevel_reset (lc_runlevel *r) ;

/*
   Takes a request that came through the fifo path: what it asks for is asked for
   from now on. Not if it is no runlevel, or one that nothing asks for, nor if the
   same was asked for in the last second. Says so, as lc_sayrate_say does.
*/

extern void lc_runlevel_request (lc_runlevel *r, lc_initreq const *req, char const *path) ;

/*
   Asks the init, if there is something to ask for and it is time; now is that of
   lc_clock_ms. An init that is not ready is waited for, ten seconds at most. Says
   what it has done, or why not.
   Returns when to call this again, UINT64_MAX if not before another request.
*/

extern uint64_t lc_runlevel_ask (lc_runlevel *r, uint64_t now) ;

#endif
