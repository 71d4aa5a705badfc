/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/child.h>
#include <lcboot/exec.h>
#include <lcboot/signals.h>
#include <lcboot/tolerant.h>

static void hold (lc_sigstate *old, int how, sigset_t *set)
{
  struct sigaction const dfl = { .sa_handler = SIG_DFL } ;
  lc_signals_mask(how, set, &old->mask) ;
  old->pending = sigismember(&old->mask, SIGCHLD) && !sigpending(set) && sigismember(set, SIGCHLD) ;
  sigaction(SIGCHLD, &dfl, &old->chld) ;
}

void lc_sigstate_hold_chld (lc_sigstate *old)
{
  sigset_t set ;
  sigemptyset(&set) ;
  sigaddset(&set, SIGCHLD) ;
  hold(old, SIG_BLOCK, &set) ;
}

void lc_sigstate_hold_all (lc_sigstate *old)
{
  sigset_t set ;
  lc_signals_all(&set) ;
  hold(old, SIG_SETMASK, &set) ;
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
  int e = errno ;
  if (!old->pending && sigismember(&old->mask, SIGCHLD)) forget_chld() ;
  if (old->chld.sa_handler != SIG_DFL || old->chld.sa_flags) sigaction(SIGCHLD, &old->chld, 0) ;
  lc_signals_mask(SIG_SETMASK, &old->mask, 0) ;
  errno = e ;
}

 /* The child's stack is the lower part of ours, so that its limit is the same. We
    sleep meanwhile, and need no more below this frame than the library's clone(2)
    takes: STACK_GAP. */

#define STACK_GAP 1024

static int parent_lives ;

__attribute__ ((noinline)) pid_t lc_vclone (unsigned long flags, int (*f) (void *), void *arg)
{
  char *here = __builtin_frame_address(0) ;
  parent_lives = 1 ;
  syscall(SYS_set_tid_address, &parent_lives) ;
  return clone(f, here - STACK_GAP, (int)(flags | CLONE_VM | CLONE_VFORK | SIGCHLD), arg) ;
}

 /* set_tid_address(2): the kernel clears it when we die, if our memory is
    shared then; that is before it sends the signals of PR_SET_PDEATHSIG. */

int lc_vclone_orphaned (void)
{
  return !*(int volatile *)&parent_lives ;
}

void lc_die_with (pid_t parent)
{
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1) strerr_diefusys(111, "arrange to die with the parent") ;
  if (getppid() != parent) _exit(111) ;  /* it was dead already: prctl(2) */
}

int lc_wait_child (pid_t pid)
{
  int wstat ;
  return waitpid_nointr(pid, &wstat, 0) == pid ? wstat : -1 ;
}

int lc_run (char const *const *argv, char const *const *envp, lc_sigstate const *old, unsigned int flags)
{
  pid_t parent = getpid() ;
  pid_t pid = fork() ;
  if (pid == -1) return -1 ;
  if (!pid)
  {
    if (flags & LC_RUN_TIED) lc_die_with(parent) ;
    lc_sigstate_restore(old) ;
    if (flags & LC_RUN_TOLERANT) lc_tolerant_exec(argv, envp) ;
    lc_tryexec(argv, envp) ;
    lc_die_exec(argv[0]) ;
  }
  return lc_wait_child(pid) ;
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
    strcpy(s + 14, lc_signal_name(WTERMSIG(wstat))) ;
  }
  else
  {
    memcpy(s, "exited with ", 12) ;
    s[12 + uint_fmt(s + 12, (unsigned int)WEXITSTATUS(wstat))] = 0 ;
  }
  return s ;
}
