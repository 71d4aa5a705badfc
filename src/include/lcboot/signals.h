/* ISC license. */

#ifndef LCBOOT_SIGNALS_H
#define LCBOOT_SIGNALS_H

#include <signal.h>

 /* The real-time signals as the kernel and glibc number them, whatever libc
    this is: names are meant for the guest's init. musl begins at 35. */

#define LC_RT_FIRST 34
#define LC_RT_LAST 64

/*
   Every signal that there is, and sigprocmask(2) for such sets: libc leaves its own
   signals out of both, which are 34 too in musl, and one that comes to a process
   that was to hold it back kills it. old may be null. They cannot fail.
*/

extern void lc_signals_all (sigset_t *set) ;
extern void lc_signals_mask (int how, sigset_t const *set, sigset_t *old) ;

/*
   Scans a signal: a number, or a name with or without SIG, RTMIN+n and RTMAX-n
   among them. Returns 1, or 0 if s is none.
*/

extern int lc_signal_scan (char const *s, int *sig) ;

 /* The name of a signal, "SIGTERM", in static memory until the next call. */

extern char const *lc_signal_name (int sig) ;

#endif
