/* ISC license. */

#include <skalibs/nonposix.h>

#include <signal.h>
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/exec.h>

#define USAGE "lc-sigreset prog..."
#define dieusage() strerr_dieusage(100, USAGE)

int main (int argc, char const *const *argv)
{
  struct sigaction const dfl = { .sa_handler = SIG_DFL } ;
  sigset_t none ;
  int sig = 1 ;
  PROG = "lc-sigreset" ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    if (subgetopt_r(argc, argv, "", &l) != -1) dieusage() ;
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc < 1) dieusage() ;

   /* KILL, STOP and the two that libc keeps for itself are refused: they have
      no other disposition to lose */
  for (; sig < _NSIG ; sig++) sigaction(sig, &dfl, 0) ;
  sigemptyset(&none) ;
  sigprocmask(SIG_SETMASK, &none, 0) ;
  lc_exec(argv) ;
}
