/* ISC license. */

/* Names of signals: POSIX's where skalibs 2.15 has others, and RTMIN+n for the
   real-time ones. */

#ifndef LCBOOT_TEST_SIGNAME_H
#define LCBOOT_TEST_SIGNAME_H

#include <skalibs/nonposix.h>

#include <signal.h>
#include <string.h>

#include <skalibs/types.h>
#include <skalibs/sig.h>

#define SIGNAME_MAX 64
#define SIGNAME_FMT 16

static inline char const *signame (char *s, int sig)
{
  unsigned int n = 0 ;
  if (sig >= SIGRTMIN && sig <= SIGNAME_MAX)
  {
    memcpy(s, "RTMIN+", 6) ;
    n = 6 + uint_fmt(s + 6, (unsigned int)(sig - SIGRTMIN)) ;
    s[n] = 0 ;
    return s ;
  }
  if (sig < 32) return sig == SIGABRT ? "ABRT" : sig == SIGCHLD ? "CHLD" : sig_name(sig) ;
  s[uint_fmt(s, (unsigned int)sig)] = 0 ;
  return s ;
}

 /* Returns the signal's number, or 0 if s names none. */

static inline int signumber (char const *s)
{
  unsigned int n ;
  if (!strncmp(s, "SIG", 3)) s += 3 ;
  if (!strcmp(s, "RTMIN")) return SIGRTMIN ;
  if (!strncmp(s, "RTMIN+", 6) && uint0_scan(s + 6, &n) && n <= (unsigned int)(SIGNAME_MAX - SIGRTMIN))
    return SIGRTMIN + (int)n ;
  if (uint0_scan(s, &n)) return n && n <= SIGNAME_MAX ? (int)n : 0 ;
  return sig_number(s) ;
}

#endif
