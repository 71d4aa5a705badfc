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
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/exec.h>
#include <lcboot/ids.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>
#include <lcboot/tolerant.h>
#include <lcboot/watch.h>

 /* The real-time signals as the kernel and glibc number them, whatever libc
    this is: a translation is meant for the guest's init. musl begins at 35. */

#define OWN_FIRST 32  /* libc's own */
#define RT_FIRST 34
#define RT_LAST 64

#define BIT(sig) ((uint64_t)1 << ((sig) - 1))

#define DEAF_MS 10000  /* how long an init that starts is waited for */

void lc_sigstate_hold (lc_sigstate *old)
{
  struct sigaction const dfl = { .sa_handler = SIG_DFL } ;
  sigset_t all ;
  sigfillset(&all) ;
  sigprocmask(SIG_SETMASK, &all, &old->mask) ;
  sigpending(&all) ;
  old->pending = sigismember(&all, SIGCHLD) ;
  sigaction(SIGCHLD, &dfl, &old->chld) ;
}

 /* A caller that blocks SIGCHLD does not get ours, unless another child than
    ours has ended too. */

static void forget_chld (void)
{
  struct timespec const now = { .tv_sec = 0, .tv_nsec = 0 } ;
  siginfo_t si ;
  sigset_t chld ;
  si.si_pid = 0 ;
  if (!waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) && si.si_pid) return ;
  sigemptyset(&chld) ;
  sigaddset(&chld, SIGCHLD) ;
  sigtimedwait(&chld, 0, &now) ;
}

void lc_sigstate_restore (lc_sigstate const *old)
{
  if (!old->pending && sigismember(&old->mask, SIGCHLD)) forget_chld() ;
  sigaction(SIGCHLD, &old->chld, 0) ;
  sigprocmask(SIG_SETMASK, &old->mask, 0) ;
}

 /* 1 and the wait status if pid has ended, else 0; -1 on error. */

static int reap (pid_t pid, int *result)
{
  for (;;)
  {
    int wstat ;
    pid_t r = waitpid(-1, &wstat, WNOHANG | __WALL) ;
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
  return waitpid_nointr(pid, &wstat, 0) == pid ? wstat : -1 ;
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
  if (lc_number_scan(s, RT_LAST, &n)) return *sig = (int)n, n && (n < OWN_FIRST || n >= RT_FIRST) ;
  if (!strncasecmp(s, "SIG", 3)) s += 3 ;
  if (!strncasecmp(s, "RTMIN", 5) && (!s[5] || (s[5] == '+' && lc_number_scan(s + 6, RT_LAST - RT_FIRST, &n))))
    return *sig = RT_FIRST + (int)n, 1 ;
  if (!strncasecmp(s, "RTMAX", 5) && (!s[5] || (s[5] == '-' && lc_number_scan(s + 6, RT_LAST - RT_FIRST, &n))))
    return *sig = RT_LAST - (int)n, 1 ;
  *sig = sig_number(s) ;
  return *sig > 0 ;
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

int lc_exit_code (int wstat)
{
  return WIFSIGNALED(wstat) ? 128 + WTERMSIG(wstat) : WEXITSTATUS(wstat) ;
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

 /* What to send for a signal that came, or 0 for nothing. */

static int to_send (lc_watch const *w, pid_t pid, siginfo_t const *si)
{
  if (w->translate[si->si_signo]) return w->translate[si->si_signo] ;
  if (si->si_code != SI_KERNEL || getpgid(pid) != getpgrp()) return si->si_signo ;
  if (si->si_signo == SIGTSTP || si->si_signo == SIGTTIN || si->si_signo == SIGTTOU) raise(SIGSTOP) ;
  return 0 ;
}

 /* The kernel drops what is sent to an init that neither catches nor blocks it:
    pid_namespaces(7). An init that starts does not yet. The set of such signals,
    bit 0 for signal 1; what is ignored is dropped too, but as it was asked to. */

static uint64_t deaf_to (pid_t pid)
{
  static char const *const sets[3] = { "SigBlk:\t", "SigIgn:\t", "SigCgt:\t" } ;
  stralloc sa = STRALLOC_ZERO ;
  uint64_t heard = BIT(SIGKILL) | BIT(SIGSTOP) ;
  unsigned int i = 0 ;
  int procfd = lc_proc_open() ;
  if (procfd == -1) return 0 ;
  if (!lc_proc_slurp(procfd, pid, "status", &sa)) heard = UINT64_MAX ;
  else for (; i < 3 ; i++)
  {
    uint64_t set ;
    char const *p = strstr(sa.s, sets[i]) ;
    heard |= p && uint64_xscan(p + 8, &set) ? set : UINT64_MAX ;
  }
  stralloc_free(&sa) ;
  fd_close(procfd) ;
  return ~heard ;
}

static uint64_t now_ms (void)
{
  struct timespec t ;
  clock_gettime(CLOCK_MONOTONIC, &t) ;
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 ;
}

 /* Signals to send: how many of each. The kernel queues real-time ones only. */

struct queue_s
{
  unsigned int n[RT_LAST + 1] ;
  unsigned int len ;
  uint64_t since ;
} ;

static void enqueue (struct queue_s *q, int sig)
{
  q->since = now_ms() ;
  if (sig < RT_FIRST && q->n[sig]) return ;
  q->n[sig]++ ;
  q->len++ ;
}

static void send_queue (struct queue_s *q, pid_t pid, uint64_t deaf)
{
  int sig = 1 ;
  for (; q->len && sig <= RT_LAST ; sig++)
  {
    if (q->n[sig] && deaf & BIT(sig))
    {
      if (sig == SIGCONT) kill(pid, sig) ;  /* it wakes up the deaf too */
      continue ;
    }
    for (; q->n[sig] ; q->n[sig]--, q->len--)
      if (!kill(pid, sig)) lc_say("forwarded ", signal_name(sig)) ;
  }
}

int lc_watch_child (lc_watch const *w, pid_t pid)
{
  struct queue_s q = { .n = { 0 }, .len = 0 } ;
  uint64_t deadline = 0 ;
  sigset_t all ;
  sigfillset(&all) ;
  for (;;)
  {
    siginfo_t si ;
    struct timespec t ;
    uint64_t now = 0 ;
    uint64_t next = 0 ;
    int wstat ;
    int r = reap(pid, &wstat) ;
    if (r == -1) return -1 ;
    if (r) return wstat ;
    if (q.len || deadline) now = now_ms() ;
    if (q.len) send_queue(&q, pid, w->init && now - q.since < DEAF_MS ? deaf_to(pid) : 0) ;
    if (deadline && now >= deadline)
    {
      lc_say("killing the child, which did not end in time") ;
      kill(pid, SIGKILL) ;
      deadline = 0 ;
    }
    if (q.len) next = now + 1 + (now - q.since) / 4 ;  /* ever more seldom */
    if (deadline && (!next || deadline < next)) next = deadline ;
    if (next) t.tv_sec = (time_t)((next - now) / 1000), t.tv_nsec = (long)((next - now) % 1000) * 1000000 ;
    r = sigtimedwait(&all, &si, next ? &t : 0) ;
    if (r == -1 && errno != EINTR && errno != EAGAIN) return -1 ;
    if (r <= 0 || r == SIGCHLD) continue ;
    if (r == SIGTERM && w->kill && !deadline) deadline = now_ms() + (uint64_t)w->kill * 1000 ;
    r = to_send(w, pid, &si) ;
    if (r) enqueue(&q, r) ;
  }
}
