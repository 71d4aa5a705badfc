/* ISC license. */

#include <skalibs/nonposix.h>

#include <signal.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <sys/syscall.h>

#include <skalibs/sig.h>
#include <skalibs/types.h>

#include <lcboot/ids.h>
#include <lcboot/signals.h>

#define OWN_FIRST 32  /* libc's own, to LC_RT_FIRST */
#define SIGSET_BYTES (LC_RT_LAST / 8)  /* the kernel's, the first bytes of libc's */

void lc_signals_all (sigset_t *set)
{
  memset(set, 0xff, sizeof(*set)) ;
}

void lc_signals_mask (int how, sigset_t const *set, sigset_t *old)
{
  if (old) sigemptyset(old) ;
  syscall(SYS_rt_sigprocmask, how, set, old, SIGSET_BYTES) ;
}

int lc_signal_scan (char const *s, int *sig)
{
  uint64_t n = 0 ;
  if (lc_number_scan(s, LC_RT_LAST, &n)) return *sig = (int)n, n && (n < OWN_FIRST || n >= LC_RT_FIRST) ;
  if (!strncasecmp(s, "SIG", 3)) s += 3 ;
  if (!strncasecmp(s, "RTMIN", 5) && (!s[5] || (s[5] == '+' && lc_number_scan(s + 6, LC_RT_LAST - LC_RT_FIRST, &n))))
    return *sig = LC_RT_FIRST + (int)n, 1 ;
  if (!strncasecmp(s, "RTMAX", 5) && (!s[5] || (s[5] == '-' && lc_number_scan(s + 6, LC_RT_LAST - LC_RT_FIRST, &n))))
    return *sig = LC_RT_LAST - (int)n, 1 ;
  *sig = sig_number(s) ;
  return *sig > 0 ;
}

 /* Of two names for one number, skalibs 2.15 has those that are not in POSIX. */

static char const *without_sig (int sig)
{
  return sig == SIGABRT ? "ABRT" : sig == SIGCHLD ? "CHLD" : sig_name(sig) ;
}

char const *lc_signal_name (int sig)
{
  static char s[4 + INT_FMT + 8] ;
  char const *name ;
  size_t n ;
  if (sig >= LC_RT_FIRST)
  {
    memcpy(s, "SIGRTMIN+", 9) ;
    s[9 + uint_fmt(s + 9, (unsigned int)(sig - LC_RT_FIRST))] = 0 ;
    return s ;
  }
  if (sig >= OWN_FIRST)
  {
    memcpy(s, "signal ", 7) ;
    s[7 + uint_fmt(s + 7, (unsigned int)sig)] = 0 ;
    return s ;
  }
  name = without_sig(sig) ;
  n = strlen(name) ;
  if (n >= sizeof(s) - 3) n = sizeof(s) - 4 ;
  memcpy(s, "SIG", 3) ;
  memcpy(s + 3, name, n) ;
  s[3 + n] = 0 ;
  return s ;
}
