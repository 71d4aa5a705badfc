/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>

#include <skalibs/bytestr.h>
#include <skalibs/djbunix.h>
#include <skalibs/posixplz.h>
#include <skalibs/sig.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/exec.h>
#include <lcboot/ids.h>
#include <lcboot/say.h>
#include <lcboot/tolerant.h>
#include <lcboot/watch.h>

 /* The real-time signals as the kernel and glibc number them, whatever libc
    this is: a translation is meant for the guest's init. musl begins at 35. */

#define RT_FIRST 34
#define RT_LAST 64

void lc_sigstate_hold (lc_sigstate *old)
{
  struct sigaction const dfl = { .sa_handler = SIG_DFL } ;
  sigset_t all ;
  sigfillset(&all) ;
  sigprocmask(SIG_SETMASK, &all, &old->mask) ;
  sigaction(SIGCHLD, &dfl, &old->chld) ;
}

void lc_sigstate_restore (lc_sigstate const *old)
{
  sigaction(SIGCHLD, &old->chld, 0) ;
  sigprocmask(SIG_SETMASK, &old->mask, 0) ;
}

 /* 1 and the wait status if pid has ended, else 0; -1 on error. */

static int reap (pid_t pid, int *result, int flags)
{
  for (;;)
  {
    int wstat ;
    pid_t r = waitpid(-1, &wstat, flags | __WALL) ;
    if (r == pid)
    {
      *result = wstat ;
      return 1 ;
    }
    if (!r) return 0 ;
    if (r == -1 && errno != EINTR) return -1 ;
  }
}

int lc_wait_child (pid_t pid)
{
  int wstat ;
  return reap(pid, &wstat, 0) == 1 ? wstat : -1 ;
}

int lc_run (char const *const *argv, char const *const *envp, lc_sigstate const *old, int stdinfd, int tolerant)
{
  pid_t pid = fork() ;
  if (pid == -1) return -1 ;
  if (!pid)
  {
    if (stdinfd >= 0 && fd_copy(0, stdinfd) == -1) strerr_diefusys(111, "give ", argv[0], " its standard input") ;
    lc_sigstate_restore(old) ;
    if (tolerant) lc_tolerant_exec(argv, envp) ;
    lc_tryexec(argv, envp) ;
    strerr_dieexec(errno == ENOENT ? 127 : 126, argv[0]) ;
  }
  return lc_wait_child(pid) ;
}

static int signal_scan (char const *s, int *sig)
{
  uint64_t n = 0 ;
  if (lc_number_scan(s, RT_LAST, &n)) return *sig = (int)n, n > 0 ;
  if (!strncasecmp(s, "SIG", 3)) s += 3 ;
  if (!strncasecmp(s, "RTMIN", 5) && (!s[5] || (s[5] == '+' && lc_number_scan(s + 6, RT_LAST - RT_FIRST, &n))))
    return *sig = RT_FIRST + (int)n, 1 ;
  if (!strncasecmp(s, "RTMAX", 5) && (!s[5] || (s[5] == '-' && lc_number_scan(s + 6, RT_LAST - RT_FIRST, &n))))
    return *sig = RT_LAST - (int)n, 1 ;
  return !!sig0_scan(s, sig) && *sig > 0 ;
}

int lc_watch_translate (lc_watch *w, char const *s)
{
  char from[16] ;
  int a, b ;
  size_t n = strcspn(s, "=") ;
  if (!s[n] || n >= sizeof(from)) return 0 ;
  memcpy(from, s, n) ;
  from[n] = 0 ;
  if (!signal_scan(from, &a) || !signal_scan(s + n + 1, &b)) return 0 ;
  if (a == SIGKILL || a == SIGSTOP || a == SIGCHLD) return 0 ;
  w->translate[a] = b ;
  return 1 ;
}

static char const *signal_name (int sig)
{
  static char s[4 + INT_FMT + 8] ;
  size_t n ;
  if (sig >= RT_FIRST)
  {
    memcpy(s, "SIGRTMIN+", 9) ;
    s[9 + uint_fmt(s + 9, (unsigned int)(sig - RT_FIRST))] = 0 ;
    return s ;
  }
  memcpy(s, "SIG", 3) ;
  n = strlen(sig_name(sig)) ;
  if (n >= sizeof(s) - 3) n = sizeof(s) - 4 ;
  memcpy(s + 3, sig_name(sig), n) ;
  s[3 + n] = 0 ;
  return s ;
}

char const *lc_how_ended (int wstat)
{
  static char s[64] ;
  if (WIFSIGNALED(wstat))
  {
    memcpy(s, "was killed by ", 14) ;
    strcpy(s + 14, signal_name(WTERMSIG(wstat))) ;
  }
  else
  {
    memcpy(s, "exited with ", 12) ;
    s[12 + uint_fmt(s + 12, (unsigned int)WEXITSTATUS(wstat))] = 0 ;
  }
  return s ;
}

static void forward (lc_watch const *w, pid_t pid, siginfo_t const *si)
{
  int to = w->translate[si->si_signo] ;
  if (!to)
  {
    if (si->si_code == SI_KERNEL && getpgid(pid) == getpgrp())
    {
      if (si->si_signo == SIGTSTP || si->si_signo == SIGTTIN || si->si_signo == SIGTTOU) raise(SIGSTOP) ;
      return ;
    }
    to = si->si_signo ;
  }
  if (!kill(pid, to)) lc_say("forwarded ", signal_name(to)) ;
}

static void arm (struct timespec *deadline, unsigned int seconds)
{
  clock_gettime(CLOCK_MONOTONIC, deadline) ;
  deadline->tv_sec += (time_t)seconds ;
}

static struct timespec left (struct timespec const *deadline)
{
  struct timespec t ;
  clock_gettime(CLOCK_MONOTONIC, &t) ;
  t.tv_sec = deadline->tv_sec - t.tv_sec ;
  t.tv_nsec = deadline->tv_nsec - t.tv_nsec ;
  if (t.tv_nsec < 0)
  {
    t.tv_nsec += 1000000000 ;
    t.tv_sec-- ;
  }
  if (t.tv_sec < 0) t.tv_sec = 0, t.tv_nsec = 0 ;
  return t ;
}

int lc_watch_child (lc_watch const *w, pid_t pid)
{
  struct timespec deadline ;
  int armed = 0 ;
  sigset_t all ;
  sigfillset(&all) ;
  for (;;)
  {
    siginfo_t si ;
    struct timespec t ;
    int wstat ;
    int r = reap(pid, &wstat, WNOHANG) ;
    if (r == -1) return -1 ;
    if (r) return wstat ;
    if (armed) t = left(&deadline) ;
    r = sigtimedwait(&all, &si, armed ? &t : 0) ;
    if (r == -1 && errno == EINTR) continue ;
    if (r == -1)
    {
      if (!armed) return -1 ;
      lc_say("killing the child, which did not end in time") ;
      kill(pid, SIGKILL) ;
      armed = 0 ;
    }
    else if (r != SIGCHLD)
    {
      forward(w, pid, &si) ;
      if (r == SIGTERM && w->kill && !armed)
      {
        arm(&deadline, w->kill) ;
        armed = 1 ;
      }
    }
  }
}
