/* ISC license. */

#include <skalibs/nonposix.h>

#include <signal.h>
#include <unistd.h>
#include <sys/syscall.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/exec.h>

#define USAGE "lc-sigreset prog..."
#define dieusage() strerr_dieusage(100, USAGE)

#define SIGNALS 64      /* Linux, but for MIPS */
#define SIGSET_BYTES 8

int main (int argc, char const **argv)
{
   /* the kernel's struct sigaction, whose zero is SIG_DFL: libc's sigaction(3)
      refuses the two signals that it keeps for itself, and those were ignored
      all the same if the caller was no libc's */
  static unsigned long const dfl[8] = { 0 } ;
  sigset_t none ;
  int sig = 1 ;
  PROG = "lc-sigreset" ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    if (subgetopt_r(argc, argv, "", &l) != -1) dieusage() ;
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc < 1) dieusage() ;
  for (; sig <= SIGNALS ; sig++) syscall(SYS_rt_sigaction, sig, dfl, 0, SIGSET_BYTES) ;
  sigemptyset(&none) ;
  sigprocmask(SIG_SETMASK, &none, 0) ;
  lc_exec(argv) ;
}
