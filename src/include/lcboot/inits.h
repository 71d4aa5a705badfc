/* ISC license. */

/* What inits are to be asked, and how, for a power off or a reboot. */

#ifndef LCBOOT_INITS_H
#define LCBOOT_INITS_H

#include <sys/stat.h>
#include <sys/types.h>

#define LC_INITS "systemd, sysvinit, busybox, openrc, runit, s6, generic"

typedef struct lc_init_s lc_init, *lc_init_ref ;

 /* A process that may be an init. */

typedef struct lc_initproc_s lc_initproc, *lc_initproc_ref ;
struct lc_initproc_s
{
  pid_t pid ;
  int pidfd ;  /* pidfd_open(2), Linux 5.3; what is learnt of pid is only believed while this one lives */
  int (*own) (struct stat const *, void const *) ;  /* whether that is a fifo of the caller's, which is not to be written to */
  void const *arg ;  /* own's second */
} ;

 /* Returns the init of that name, or null if there is none. */

extern lc_init const *lc_init_find (char const *name) ;

extern char const *lc_init_name (lc_init const *init) ;

 /* Returns what p runs now, as /proc tells: generic if it is nothing known, or
    cannot be known. */

extern lc_init const *lc_init_of (lc_initproc const *p) ;

/*
   Prepares init, that is p, for a reboot or else a power off, in the way that it
   wants. last: there will be no other attempt, so the second-best way is good
   enough.
   Returns the signal to send now, 0 if it knows already, or -1 with errno set if
   that is not possible, or not yet.
*/

extern int lc_init_prepare (lc_init const *init, lc_initproc const *p, int reboot, int last) ;

 /* 0 if the kernel would drop sig if it was sent to p now, because p is the init of
    a PID namespace and neither catches nor blocks it; else 1. */

extern int lc_initproc_hears (lc_initproc const *p, int sig) ;

 /* Sends sig to p. Returns 1, or 0 with errno set. */

extern int lc_initproc_signal (lc_initproc const *p, int sig) ;

#endif
