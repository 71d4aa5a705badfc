/* ISC license. */

/*
   Being a parent: waiting for one child as PID 1 or as anybody else, forwarding
   signals to it meanwhile.
*/

#ifndef LCBOOT_WATCH_H
#define LCBOOT_WATCH_H

#include <signal.h>
#include <sys/types.h>

 /* The state of the signals that a program came with. */

typedef struct lc_sigstate_s lc_sigstate, *lc_sigstate_ref ;
struct lc_sigstate_s
{
  sigset_t mask ;
  struct sigaction chld ;
  int pending ;            /* a SIGCHLD that was there before */
} ;

/*
   lc_sigstate_hold blocks every signal and makes SIGCHLD default, so that a
   child can be waited for whatever the caller ignored; lc_sigstate_restore puts
   back what it found, in the child before its exec or in the parent.
   They cannot fail.
*/

extern void lc_sigstate_hold (lc_sigstate *old) ;
extern void lc_sigstate_restore (lc_sigstate const *old) ;

/*
   Waits for pid to end, and for no other child: prog inherits those that its
   caller had. Returns the wait status of pid, or -1 with errno set.
*/

extern int lc_wait_child (pid_t pid) ;

typedef struct lc_watch_s lc_watch, *lc_watch_ref ;
struct lc_watch_s
{
  int translate[65] ;      /* by signal number: what is sent instead; 0: itself */
  unsigned int kill ;      /* seconds from a forwarded TERM to KILL; 0: never */
  unsigned int init : 1 ;  /* the child is PID 1 of a namespace of its own */
} ;
#define LC_WATCH_ZERO { .translate = { 0 }, .kill = 0, .init = 0 }

/*
   Adds "from=to" (signal names or numbers, RTMIN+n, RTMAX-n) to w.
   Returns 1, or 0 if s is no such thing.
*/

extern int lc_watch_translate (lc_watch *w, char const *s) ;

/*
   Waits for pid, with every signal held (lc_sigstate_hold), forwarding signals
   to it as w says, and reaps whatever else ends meanwhile (orphans, for a PID 1).
   The kernel drops a signal that is sent to an init which neither catches nor
   blocks nor ignores it: one that comes while an init starts is sent when it
   does, or given up after ten seconds. What the terminal sent to the whole foreground process
   group, pid included, is not sent again. SIGTSTP, SIGTTIN and SIGTTOU from the
   terminal stop the watcher as they would any program.
   Returns the wait status of pid, or -1 with errno set.
*/

extern int lc_watch_child (lc_watch const *w, pid_t pid) ;

/*
   Runs argv with the environment envp as a child and waits for it. The child
   gets the signals of old, and stdinfd, if it is not negative, as its standard
   input. tolerant: by the rules of lc_tolerant_exec.
   To be called with signals held. Returns the wait status, or -1 with errno
   set if no child could be made.
*/

extern int lc_run (char const *const *argv, char const *const *envp, lc_sigstate const *old, int stdinfd, int tolerant) ;

 /* What a program that waits for a child exits with: the child's exit code, or
    128 and the signal that killed it. Unlike skalibs' wait_estatus it leaves the
    codes from 129 on what they are: 133 asks for a restart. */

extern int lc_exit_code (int wstat) ;

 /* How a child ended, for messages: "exited with 3" or "was killed by SIGTERM",
    in static memory until the next call. */

extern char const *lc_how_ended (int wstat) ;

#endif
