/* ISC license. */

/* Running one child and waiting for it, whatever the caller did to SIGCHLD. */

#ifndef LCBOOT_CHILD_H
#define LCBOOT_CHILD_H

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
   SIGCHLD gets its default disposition and is blocked, alone or with every other
   signal, so that a child can be waited for whatever the caller ignored.
   lc_sigstate_restore puts back what they found, in the child before its exec
   and in the parent. They cannot fail, and keep errno.
*/

extern void lc_sigstate_hold_chld (lc_sigstate *old) ;
extern void lc_sigstate_hold_all (lc_sigstate *old) ;
extern void lc_sigstate_restore (lc_sigstate const *old) ;

/*
   Waits for pid to end, and for no other child: prog inherits those that its
   caller had. Returns the wait status of pid, or -1 with errno set.
*/

extern int lc_wait_child (pid_t pid) ;

#define LC_RUN_TOLERANT 0x01
#define LC_RUN_TIED 0x02

/*
   Runs argv with the environment envp as a child, with the signals of old, and
   waits for it. LC_RUN_TOLERANT: by the rules of lc_tolerant_exec; LC_RUN_TIED: it
   is killed if we die. To be called with SIGCHLD held. Returns the wait status, or -1 with errno set if it could not be
   made or waited for.
*/

extern int lc_run (char const *const *argv, char const *const *envp, lc_sigstate const *old, unsigned int flags) ;

/*
   A child in new namespaces, as after vfork(2): it runs f(arg), which must not
   return, in our memory, on a stack of its own, while we sleep until it has
   exec'ed or ended. What it writes stays written. To be called with every
   signal held. Returns its PID, or -1 with errno set.
   lc_vclone_orphaned tells the child whether its parent has died: 1 or 0. After
   0, and PR_SET_PDEATHSIG before, its parent's death does kill it.
*/

extern pid_t lc_vclone (unsigned long flags, int (*f) (void *), void *arg) ;
extern int lc_vclone_orphaned (void) ;

 /* In a child: it is killed when its parent, that process, dies. Dies 111 if that
    is too late, or cannot be arranged. Not for a child in a new PID namespace. */

extern void lc_die_with (pid_t parent) ;

 /* What a program that waits for a child exits with: the child's exit code, or
    128 and the signal that killed it. Unlike skalibs' wait_estatus it leaves the
    codes from 129 on what they are: 133 asks for a restart. */

extern int lc_exit_code (int wstat) ;

 /* How a child ended, for messages: "exited with 3" or "was killed by SIGTERM",
    in static memory until the next call. */

extern char const *lc_how_ended (int wstat) ;

#endif
