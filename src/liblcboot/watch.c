/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/clock.h>
#include <lcboot/fd.h>
#include <lcboot/pair.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>
#include <lcboot/signals.h>
#include <lcboot/watch.h>

#define BIT(sig) ((uint64_t)1 << ((sig) - 1))

#define DEAF_MS 10000  /* how long an init that starts is waited for */

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

char const *lc_watch_translate (lc_watch *w, char const *s)
{
  char from[16] ;
  int a, b ;
  size_t n = strcspn(s, "=") ;
  if (!s[n]) return " (expected from=to)" ;
  if (n >= sizeof(from)) return " (no such signal)" ;
  memcpy(from, s, n) ;
  from[n] = 0 ;
  if (!lc_signal_scan(from, &a) || !lc_signal_scan(s + n + 1, &b)) return " (no such signal)" ;
  if (a == SIGKILL || a == SIGSTOP || a == SIGCHLD) return " (KILL, STOP and CHLD are not forwarded)" ;
  w->translate[a] = b ;
  return 0 ;
}

 /* What to send for a signal that came, or 0 for nothing. */

static int to_send (lc_watch const *w, pid_t pid, siginfo_t const *si)
{
  if (w->translate[si->si_signo]) return w->translate[si->si_signo] ;
  if (si->si_code != SI_KERNEL || getpgid(pid) != getpgrp()) return si->si_signo ;
  if (si->si_signo == SIGTSTP || si->si_signo == SIGTTIN || si->si_signo == SIGTTOU) kill(getpid(), SIGSTOP) ;  /* raise(3) of musl knows no clone(2) but its own */
  return 0 ;
}

 /* A process in rt_sigtimedwait(2) blocks the signals that it waits for, but
    proc_pid_status(5) does not show them then. */

static int is_waiting (int procfd, pid_t pid)
{
  stralloc sa = STRALLOC_ZERO ;
  char fmt[UINT_FMT] ;
  size_t n = uint_fmt(fmt, SYS_rt_sigtimedwait) ;
  int r = !lc_proc_slurp(procfd, pid, "syscall", &sa) || (!strncmp(sa.s, fmt, n) && sa.s[n] == ' ') ;
  stralloc_free(&sa) ;
  return r ;
}

uint64_t lc_watch_deaf (pid_t pid)
{
  static char const *const sets[3] = { "SigBlk:\t", "SigIgn:\t", "SigCgt:\t" } ;
  stralloc sa = STRALLOC_ZERO ;
  uint64_t heard = BIT(SIGKILL) | BIT(SIGSTOP) ;
  unsigned int i = 0 ;
  int procfd = lc_proc_open() ;
  if (procfd == -1) return 0 ;
  if (is_waiting(procfd, pid) || !lc_proc_slurp(procfd, pid, "status", &sa)) heard = UINT64_MAX ;
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

 /* Signals to send: how many of each. The kernel queues real-time ones only. */

struct queue_s
{
  unsigned int n[LC_RT_LAST + 1] ;
  unsigned int len ;
  uint64_t since ;
} ;

static void enqueue (struct queue_s *q, int sig)
{
  if (!q->len) q->since = lc_clock_ms() ;
  if (sig < LC_RT_FIRST && q->n[sig]) return ;
  q->n[sig]++ ;
  q->len++ ;
}

static void send_queue (struct queue_s *q, pid_t pid, uint64_t deaf, int last)
{
  int sig = 1 ;
  for (; q->len && sig <= LC_RT_LAST ; sig++)
  {
    if (q->n[sig] && deaf & BIT(sig))
    {
      if (sig == SIGCONT) kill(pid, sig) ;  /* it wakes up the deaf too */
      if (!last) continue ;
      strerr_warnw(lc_signal_name(sig), " is lost: the guest's PID 1 neither catches nor blocks it") ;
    }
    for (; q->n[sig] ; q->n[sig]--, q->len--)
      if (!kill(pid, sig)) lc_say("forwarded ", lc_signal_name(sig)) ;
  }
}

int lc_watch_child (lc_watch const *w, pid_t pid)
{
  struct queue_s q = { .n = { 0 }, .len = 0 } ;
  uint64_t deadline = 0 ;
  int pairfd = w->pairfd ;
  sigset_t all ;
  lc_signals_all(&all) ;
  lc_close_late_now() ;
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
    if (q.len || deadline) now = lc_clock_ms() ;
     /* until it starts the child blocks everything, and would lose it then */
    if (q.len && pairfd >= 0 && lc_pair_is_gone(pairfd))
    {
      fd_close(pairfd) ;
      pairfd = -1 ;
    }
    if (q.len && pairfd == -1) send_queue(&q, pid, w->init ? lc_watch_deaf(pid) : 0, now - q.since >= DEAF_MS) ;
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
    if (r == SIGTERM && w->kill && !deadline) deadline = lc_clock_ms() + (uint64_t)w->kill * 1000 ;
    r = to_send(w, pid, &si) ;
    if (r) enqueue(&q, r) ;
  }
}
