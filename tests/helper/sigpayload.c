/* ISC license. */

/*
   An init for tests of signals. It catches every signal that can be caught, or
   with -b blocks them all and reads them from a signalfd, says "ready" and then
   "got NAME" for each one. -a makes a signal end it, -n acts at once. The action:
   exit:CODE, die:SIGNAL, reboot, poweroff or halt.
*/

#include <skalibs/nonposix.h>

#include <string.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>

#include <skalibs/types.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>
#include <skalibs/sgetopt.h>

#include "signame.h"

#define USAGE "sigpayload [ -b ] [ -d ] [ -a signal=action ]... [ -n action ]"
#define dieusage() strerr_dieusage(100, USAGE)

static char const *action[SIGNAME_MAX + 1] ;
static int volatile acting = 0 ;

static void line (char const *a, char const *b)
{
  char s[64] ;
  size_t n = strlen(a), m = strlen(b) ;
  memcpy(s, a, n) ;
  memcpy(s + n, b, m) ;
  s[n + m] = '\n' ;
  allwrite(1, s, n + m + 1) ;
}

static void got (int sig)
{
  char name[SIGNAME_FMT] ;
  int e = errno ;
  line("got ", signame(name, sig)) ;
  if (action[sig]) acting = sig ;
  errno = e ;
}

static void die_by (int sig)
{
  struct sigaction sa ;
  sigset_t set ;
  memset(&sa, 0, sizeof(sa)) ;
  sa.sa_handler = SIG_DFL ;
  sigaction(sig, &sa, 0) ;
  sigemptyset(&set) ;
  sigaddset(&set, sig) ;
  sigprocmask(SIG_UNBLOCK, &set, 0) ;
  kill(getpid(), sig) ;
  strerr_dief1x(112, "still alive: the kernel protects PID 1 from its own signals") ;
}

static int check (char const *s)
{
  unsigned int n ;
  return !strncmp(s, "exit:", 5) ? uint0_scan(s + 5, &n) && n < 256
    : !strncmp(s, "die:", 4) ? signumber(s + 4)
    : !strcmp(s, "reboot") || !strcmp(s, "poweroff") || !strcmp(s, "halt") ;
}

static void act (char const *s)
{
  unsigned int n ;
  if (!strncmp(s, "exit:", 5))
  {
    uint0_scan(s + 5, &n) ;
    _exit((int)n) ;
  }
  if (!strncmp(s, "die:", 4)) die_by(signumber(s + 4)) ;
  sync() ;
  reboot(!strcmp(s, "reboot") ? RB_AUTOBOOT : !strcmp(s, "poweroff") ? RB_POWER_OFF : RB_HALT_SYSTEM) ;
  strerr_diefu1sys(111, s) ;
}

static void by_handler (void)
{
  struct sigaction sa ;
  sigset_t none ;
  memset(&sa, 0, sizeof(sa)) ;
  sa.sa_handler = &got ;
  sigfillset(&sa.sa_mask) ;
  for (int sig = 1 ; sig <= SIGNAME_MAX ; sig++) sigaction(sig, &sa, 0) ;
  sigemptyset(&none) ;
  line("ready", "") ;
  while (!acting) sigsuspend(&none) ;
}

static void by_block (sigset_t const *all)
{
  struct signalfd_siginfo info ;
  int fd = signalfd(-1, all, SFD_CLOEXEC) ;
  if (fd < 0) strerr_diefu1sys(111, "make a signalfd") ;
  line("ready", "") ;
  while (!acting)
  {
    if (allread(fd, (char *)&info, sizeof(info)) < sizeof(info)) strerr_diefu1sys(111, "read from a signalfd") ;
    got((int)info.ssi_signo) ;
  }
}

int main (int argc, char const *const *argv)
{
  sigset_t all ;
  char const *now = 0 ;
  int block = 0 ;
  PROG = "sigpayload" ;
  sigfillset(&all) ;
  sigprocmask(SIG_SETMASK, &all, 0) ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "bda:n:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'b' : block = 1 ; break ;
        case 'd' : prctl(PR_SET_PDEATHSIG, SIGKILL) ; break ;
        case 'a' :
        {
          char name[SIGNAME_FMT] ;
          size_t n = strcspn(l.arg, "=") ;
          int sig ;
          if (!l.arg[n] || n >= SIGNAME_FMT) dieusage() ;
          memcpy(name, l.arg, n) ;
          name[n] = 0 ;
          sig = signumber(name) ;
          if (!sig || !check(l.arg + n + 1)) dieusage() ;
          action[sig] = l.arg + n + 1 ;
          break ;
        }
        case 'n' :
          if (!check(l.arg)) dieusage() ;
          now = l.arg ;
          break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc) dieusage() ;

  if (now)
  {
    line("ready", "") ;
    act(now) ;
  }
  if (block) by_block(&all) ; else by_handler() ;
  act(action[acting]) ;
}
