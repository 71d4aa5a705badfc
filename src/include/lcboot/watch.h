/* ISC license. */

/* The watcher: a parent that hands signals on to its only business, one child. */

#ifndef LCBOOT_WATCH_H
#define LCBOOT_WATCH_H

#include <stdint.h>
#include <sys/types.h>

typedef struct lc_watch_s lc_watch, *lc_watch_ref ;
struct lc_watch_s
{
  int translate[65] ;      /* by signal number: what is sent instead; 0: itself */
  unsigned int kill ;      /* seconds from a forwarded TERM to KILL; 0: never */
  unsigned int init : 1 ;  /* the child is PID 1 of a namespace of its own */
  int pairfd ;             /* the child closes its end when it has its signals back; -1: it has them */
} ;
#define LC_WATCH_ZERO { .translate = { 0 }, .kill = 0, .init = 0, .pairfd = -1 }

/*
   Adds "from=to" (signal names or numbers, RTMIN+n, RTMAX-n) to w.
   Returns null, or what is wrong with s, in parentheses.
*/

extern char const *lc_watch_translate (lc_watch *w, char const *s) ;

/*
   Waits for pid, with every signal held (lc_sigstate_hold_all), forwarding
   signals to it as w says, and reaps whatever else ends meanwhile (orphans, for
   a PID 1). The kernel drops a signal that is sent to an init which neither
   catches nor blocks nor ignores it, nor waits for it: one that comes while an
   init starts is sent when it does, or after ten seconds in any case. What the
   terminal sent to the whole foreground process group, pid included, is not sent
   again. SIGTSTP, SIGTTIN and SIGTTOU from the terminal stop the watcher as they
   would any program.
   Returns the wait status of pid, or -1 with errno set.
*/

extern int lc_watch_child (lc_watch const *w, pid_t pid) ;

/*
   The signals that the kernel would drop if they were sent to pid, the init of a
   PID namespace: those that it neither catches nor blocks nor waits for, and does
   not ignore either, pid_namespaces(7). An init that starts does not yet. Bit 0
   is signal 1. Empty if that cannot be known.
*/

extern uint64_t lc_watch_deaf (pid_t pid) ;

#endif
