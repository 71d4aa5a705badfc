/* ISC license. */

/*
   Gives a program a known process state: every signal at its default and
   unblocked, no descriptor above 2 but those of -k, umask 022. -i ignores a
   signal and -b blocks one, on top of that: the state that engines leave.
*/

#include <skalibs/nonposix.h>

#include <signal.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <skalibs/types.h>
#include <skalibs/strerr.h>
#include <skalibs/exec.h>
#include <skalibs/sgetopt.h>

#include "signame.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#define USAGE "fresh [ -k fd ]... [ -i signal ]... [ -b signal ]... [ -m umask ] prog..."
#define dieusage() strerr_dieusage(100, USAGE)

#define KEEP_MAX 1024

static void close_between (unsigned int from, unsigned int to)
{
  struct rlimit r ;
  if (from > to || syscall(SYS_close_range, from, to, 0) >= 0) return ;
  if (getrlimit(RLIMIT_NOFILE, &r) >= 0 && to > r.rlim_cur) to = (unsigned int)r.rlim_cur ;
  for (; from <= to ; from++) close((int)from) ;
}

int main (int argc, char const *const *argv)
{
  char keep[KEEP_MAX] = { 1, 1, 1 } ;
  sigset_t ignored, blocked ;
  unsigned int mask = 022, from = 0 ;
  PROG = "fresh" ;
  sigemptyset(&ignored) ;
  sigemptyset(&blocked) ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      unsigned int n ;
      int opt = subgetopt_r(argc, argv, "k:i:b:m:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'k' :
          if (!uint0_scan(l.arg, &n) || n >= KEEP_MAX) dieusage() ;
          keep[n] = 1 ;
          break ;
        case 'i' :
        case 'b' :
          n = (unsigned int)signumber(l.arg) ;
          if (!n) strerr_dief2x(100, "unknown signal: ", l.arg) ;
          sigaddset(opt == 'i' ? &ignored : &blocked, (int)n) ;
          break ;
        case 'm' : if (!uint0_oscan(l.arg, &mask)) dieusage() ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;

  umask((mode_t)mask) ;
  for (unsigned int fd = 0 ; fd < KEEP_MAX ; fd++) if (keep[fd])
  {
    if (fd) close_between(from, fd - 1) ;
    from = fd + 1 ;
  }
  close_between(from, ~0U) ;
  for (int sig = 1 ; sig <= SIGNAME_MAX ; sig++)
  {
     /* the kernel's struct, whose zero is SIG_DFL: make's libc leaves the two
        signals ignored that sigaction(3) does not touch */
    static unsigned long const dfl[8] = { 0 } ;
    syscall(SYS_rt_sigaction, sig, dfl, 0, 8) ;
    if (sigismember(&ignored, sig) == 1) signal(sig, SIG_IGN) ;
  }
  sigprocmask(SIG_SETMASK, &blocked, 0) ;
  xexec(argv) ;
}
