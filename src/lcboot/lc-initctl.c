/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/signalfd.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/attach.h>
#include <lcboot/child.h>
#include <lcboot/exec.h>
#include <lcboot/fd.h>
#include <lcboot/ids.h>
#include <lcboot/inits.h>
#include <lcboot/inroot.h>
#include <lcboot/listener.h>
#include <lcboot/runlevel.h>
#include <lcboot/say.h>
#include <lcboot/sealed.h>
#include <lcboot/signals.h>
#include <lcboot/sys.h>

#define USAGE "lc-initctl [ -v ] [ -R root ] [ -f fifo ]... [ -p pid ] [ -i init ] [ -s level=signal ]... prog..."
#define dieusage() strerr_dieusage(100, USAGE)

static lc_listener *listener ;
static lc_runlevel *runlevel ;

 /* The options */

static void add_fifo (char const *path)
{
  int r = lc_listener_add(listener, path) ;
  if (r == -1) strerr_dief(100, "too many -f") ;
  if (!r) strerr_dief(100, "not the name of a fifo: ", path) ;
}

static pid_t scan_pid (char const *s)
{
  uint64_t n ;
  if (!lc_number_scan(s, 0x7fffffff, &n) || !n) strerr_dief(100, "invalid process: ", s) ;
  return (pid_t)n ;
}

static void scan_signal (char const *s)
{
  int i = s[0] && s[1] == '=' ? lc_runlevel_index(s[0]) : -1 ;
  if (i == -1) strerr_dief(100, "invalid signal for a runlevel: ", s, " (expected level=signal, the level 0 to 6 or s)") ;
  if (!lc_signal_scan(s + 2, runlevel->signals + i)) strerr_dief(100, "invalid signal for a runlevel: ", s, " (no such signal)") ;
}

static void scan_init (char const *s)
{
  runlevel->init = 0 ;
  if (!strcmp(s, "auto")) return ;
  runlevel->init = lc_init_find(s) ;
  if (!runlevel->init) strerr_dief(100, "unknown init: ", s, " (expected auto, ", LC_INITS, ")") ;
}

static void open_target (pid_t pid)
{
  char fmt[PID_FMT] ;
  fmt[pid_fmt(fmt, pid)] = 0 ;
  runlevel->target.pid = pid ;
  runlevel->target.pidfd = lc_fd_high(lc_pidfd_open(pid)) ;
  if (runlevel->target.pidfd == -1)
    strerr_diefusys(111, "get hold of process ", fmt,
      errno == EINVAL || errno == ENOENT ? " (it is a thread of another one)" :
      lc_hidden(errno) ? " (pidfd_open is Linux 5.3, or hidden)" : "") ;
}

static int open_signals (void)
{
  sigset_t set ;
  sigemptyset(&set) ;
  sigaddset(&set, SIGHUP) ;
  sigaddset(&set, SIGINT) ;
  sigaddset(&set, SIGQUIT) ;
  sigaddset(&set, SIGTERM) ;
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) ;
}

 /* The listener is the child of a child that has ended, and so of whoever adopts
    orphans: prog gets no child that it has not asked for, unless it is PID 1. */

static void start (int rootfd, int had_stderr)
{
  lc_sigstate old ;
  int wstat ;
  pid_t pid ;
  lc_sigstate_hold_all(&old) ;
  pid = fork() ;
  if (!pid)
  {
    int sigfd ;
    lc_listener_detach(listener, rootfd, had_stderr) ;
    sigfd = open_signals() ;
    if (sigfd == -1) strerr_diefusys(111, "make a signalfd") ;
    pid = fork() ;
    if (pid == -1) strerr_diefusys(111, "fork") ;
    if (pid) _exit(0) ;
    lc_listener_run(listener, sigfd) ;
    lc_listener_remove(listener) ;
    _exit(0) ;
  }
  wstat = pid == -1 ? -1 : lc_wait_child(pid) ;
  lc_sigstate_restore(&old) ;
  if (!wstat) return ;
  if (wstat == -1) strerr_warnwusys("start the listener") ;
  lc_listener_remove(listener) ;
  _exit(111) ;
}

int main (int argc, char const **argv)
{
  char const *const *again = argv ;
  char const *root = 0 ;
  pid_t pid = 0 ;
  int rootfd ;
  int had_stderr ;
  unsigned int i ;
  lc_listener all ;  /* large, and so not among what other tools have in static memory */
  PROG = "lc-initctl" ;
  listener = &all ;
  runlevel = &all.runlevel ;
  all.n = 0 ;
  memset(runlevel, 0, sizeof(*runlevel)) ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vR:f:p:i:s:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'R' : root = l.arg ; break ;
        case 'f' : add_fifo(l.arg) ; break ;
        case 'p' : pid = scan_pid(l.arg) ; break ;
        case 'i' : scan_init(l.arg) ; break ;
        case 's' : scan_signal(l.arg) ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc && !pid) dieusage() ;
  if (!listener->n) add_fifo("/dev/initctl") ;

   /* the file of a process that stays would keep the boot image in use, and be
      within the guest's reach */
  if (!lc_sealed_exec(again)) strerr_warnwusys("run from a sealed copy, so the listener keeps this program's file system in use") ;
  had_stderr = fcntl(2, F_GETFD) >= 0 ;
  rootfd = lc_root_option(root) ;
  open_target(pid ? pid : getpid()) ;
  lc_listener_make(listener, rootfd, root) ;
  start(rootfd, had_stderr) ;
  for (i = 0 ; i < listener->n ; i++) lc_say("listening on ", listener->sources[i].fifo.path, root ? " in " : "", root ? root : "") ;
  lc_listener_close(listener) ;
  if (root) fd_close(rootfd) ;
  lc_exec0(argv) ;
}
