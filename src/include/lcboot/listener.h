/* ISC license. */

/*
   The process that lc-initctl(8) leaves behind: it listens on fifos for requests of
   a runlevel, and asks the guest's init for it.
*/

#ifndef LCBOOT_LISTENER_H
#define LCBOOT_LISTENER_H

#include <stdint.h>

#include <lcboot/ctlfifo.h>
#include <lcboot/initreq.h>
#include <lcboot/runlevel.h>

#define LC_LISTENER_MAX 16  /* fifos */

struct lc_listener_source_s
{
  lc_ctlfifo fifo ;
  lc_initreqs requests ;
  uint64_t partial ;  /* when the rest of a request is too late; 0: there is none */
} ;

typedef struct lc_listener_s lc_listener, *lc_listener_ref ;
struct lc_listener_s
{
  lc_runlevel runlevel ;
  unsigned int n ;    /* of sources */
  struct lc_listener_source_s sources[LC_LISTENER_MAX] ;
} ;

 /* Adds a fifo. Returns 1; 0 if path cannot be its name, -1 if there are too many. */

extern int lc_listener_add (lc_listener *l, char const *path) ;

/*
   Makes the fifos, as lc_ctlfifo_make does; root is the name of rootfd, or null, for
   messages. From then on they are known as its own to l->runlevel.target. Dies 111,
   and none is left.
*/

extern void lc_listener_make (lc_listener *l, int rootfd, char const *root) ;

 /* Removes the fifos, where they are still its own. */

extern void lc_listener_remove (lc_listener *l) ;

 /* Closes the fifos and the descriptor of the target: for the process that does not
    listen. */

extern void lc_listener_close (lc_listener *l) ;

 /* For a child that listens: lc_detach, keeping what it needs. Dies 111. */

extern void lc_listener_detach (lc_listener *l, int rootfd, int had_stderr) ;

/*
   Listens until the target is gone, or something can be read from sigfd, a
   signalfd. Every signal has to be blocked.
*/

extern void lc_listener_run (lc_listener *l, int sigfd) ;

#endif
