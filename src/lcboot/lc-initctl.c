/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/attach.h>
#include <lcboot/child.h>
#include <lcboot/ctlfifo.h>
#include <lcboot/exec.h>
#include <lcboot/fd.h>
#include <lcboot/ids.h>
#include <lcboot/initreq.h>
#include <lcboot/inits.h>
#include <lcboot/inroot.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>
#include <lcboot/sealed.h>
#include <lcboot/signals.h>
#include <lcboot/sys.h>

#define USAGE "lc-initctl [ -v ] [ -R root ] [ -f fifo ]... [ -p pid ] [ -i init ] [ -s level=signal ]... prog..."
#define dieusage() strerr_dieusage(100, USAGE)

#define FIFOS_MAX 16
#define BURST 65536         /* bytes that are read from a fifo in one go: as much as one holds */
#define MANY 4096           /* and how many of them call for a pause, so that a flood costs little time */
#define PAUSE_MS 1
#define PARTIAL_MS 1000     /* how long the rest of a request is waited for */
#define REPEAT_MS 1000      /* and how long the same one again is not a new one */
#define PATIENCE_MS 10000   /* and how long an init may take to start */
#define LINES_MAX 10        /* messages in LINES_MS */
#define LINES_MS 10000

static char const levels[] = "0123456S" ;

#define LEVELS (sizeof(levels) - 1)

struct source_s
{
  lc_ctlfifo fifo ;
  lc_initreqs requests ;
  uint64_t partial ;  /* when the rest of a request is too late; 0: there is none */
} ;

static struct source_s sources[FIFOS_MAX] ;
static unsigned int sourcen ;
static int signals[LEVELS] ;   /* by -s; 0: by the init */
static lc_init const *init ;   /* null: auto */
static lc_initproc target ;

static uint64_t now_ms (void)
{
  struct timespec t ;
  clock_gettime(CLOCK_MONOTONIC, &t) ;
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 ;
}

 /* The options */

static int level_of (int c)
{
  char const *p ;
  if (c == 's') c = 'S' ;
  p = c > 0 && c < 128 ? strchr(levels, c) : 0 ;
  return p ? (int)(p - levels) : -1 ;
}

static void add_fifo (char const *path)
{
  struct source_s *s = sources + sourcen ;
  if (sourcen++ == FIFOS_MAX) strerr_dief(100, "too many -f") ;
  memset(s, 0, sizeof(*s)) ;
  s->fifo.path = path ;
  s->fifo.name = lc_ctlfifo_name(path) ;
  if (!s->fifo.name) strerr_dief(100, "not the name of a fifo: ", path) ;
}

static pid_t scan_pid (char const *s)
{
  uint64_t n ;
  if (!lc_number_scan(s, 0x7fffffff, &n) || !n) strerr_dief(100, "invalid process: ", s) ;
  return (pid_t)n ;
}

static void scan_signal (char const *s)
{
  int i = s[0] && s[1] == '=' ? level_of(s[0]) : -1 ;
  if (i == -1) strerr_dief(100, "invalid signal for a runlevel: ", s, " (expected level=signal, the level 0 to 6 or s)") ;
  if (!lc_signal_scan(s + 2, signals + i)) strerr_dief(100, "invalid signal for a runlevel: ", s, " (no such signal)") ;
}

static void scan_init (char const *s)
{
  init = 0 ;
  if (!strcmp(s, "auto")) return ;
  init = lc_init_find(s) ;
  if (!init) strerr_dief(100, "unknown init: ", s, " (expected auto, ", LC_INITS, ")") ;
}

 /* Before the fork */

static void open_target (pid_t pid)
{
  char fmt[PID_FMT] ;
  int fd ;
  fmt[pid_fmt(fmt, pid)] = 0 ;
  target.pid = pid ;
  target.pidfd = lc_pidfd_open(pid) ;
  if (target.pidfd >= 0 && target.pidfd < 3)
  {
    fd = fcntl(target.pidfd, F_DUPFD_CLOEXEC, 3) ;
    fd_close(target.pidfd) ;
    target.pidfd = fd ;
  }
  if (target.pidfd == -1)
    strerr_diefusys(111, "get hold of process ", fmt,
      errno == EINVAL || errno == ENOENT ? " (it is a thread of another one)" :
      lc_hidden(errno) ? " (pidfd_open is Linux 5.3, or hidden)" : "") ;
}

static void remove_fifos (void)
{
  unsigned int i = 0 ;
  for (; i < sourcen ; i++)
    if (sources[i].fifo.fd >= 0 && !lc_ctlfifo_remove(&sources[i].fifo)) lc_say("unable to remove ", sources[i].fifo.path) ;
}

static void make_fifos (int rootfd, char const *root)
{
  char const *why ;
  unsigned int n = sourcen ;
  for (sourcen = 0 ; sourcen < n ; sourcen++)
    if (!lc_ctlfifo_make(&sources[sourcen].fifo, rootfd, &why))
    {
      int e = errno ;
      char const *path = sources[sourcen].fifo.path ;
      remove_fifos() ;
      errno = e ;
      strerr_diefusys(111, "make the fifo ", path, root ? " in " : "", root ? root : "", why) ;
    }
}

 /* The listener keeps nothing of the tree that it is started in: that tree is
    about to go, and to be out of the guest's reach. The next functions run before
    prog does. */

 /* What its messages can go to: standard error, if no mount is kept in use by it
    (a pipe, a socket), else the console of root. Only a terminal is opened there:
    the device may be anything. */

#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534f434b

static int is_terminal (dev_t dev)
{
  unsigned int m = major(dev) ;
  return m == 4 || m == 5 || (m >= 136 && m <= 143) ;
}

static int open_console (int rootfd)
{
  struct stat st ;
  char name[LC_FDPATH_MAX] ;
  int r = -1 ;
  int procfd = lc_proc_open() ;
  int fd = lc_inroot_open(rootfd, "/dev/console", LC_INROOT_NOSYMLINKS) ;
  if (procfd >= 0 && fd >= 0 && !fstat(fd, &st) && S_ISCHR(st.st_mode) && is_terminal(st.st_rdev))
    r = openat(procfd, lc_fdpath(name, fd) + 6, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) ;  /* without /proc/ */
  lc_close(fd) ;
  lc_close(procfd) ;
  return r ;
}

static int open_messages (int rootfd)
{
  struct statfs sfs ;
  if (rootfd < 0 || (!fstatfs(2, &sfs) && (sfs.f_type == PIPEFS_MAGIC || sfs.f_type == SOCKFS_MAGIC))) return 2 ;
  return open_console(rootfd) ;
}

 /* The descriptors that it keeps become the lowest ones after the standard ones,
    and these, where nothing better is there, something that can neither be read
    nor written. */

static int keep_only (int errfd, int listfd)
{
  int *kept[1 + 2 * FIFOS_MAX] ;
  unsigned int n = 0 ;
  unsigned int i = 0 ;
  kept[n++] = &target.pidfd ;
  for (; i < sourcen ; i++)
  {
    kept[n++] = &sources[i].fifo.dirfd ;
    kept[n++] = &sources[i].fifo.fd ;
  }
  for (i = 0 ; i < n ; i++)
  {
    *kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, 3 + (int)n) ;
    if (*kept[i] == -1) return 0 ;
  }
  if (errfd == -1) errfd = target.pidfd ;
  if (errfd != 2 && dup2(errfd, 2) == -1) return 0 ;
  if (dup2(target.pidfd, 0) == -1 || dup2(target.pidfd, 1) == -1) return 0 ;
  if (listfd >= 0 && (listfd = fcntl(listfd, F_DUPFD_CLOEXEC, 3 + (int)n)) == -1) return 0 ;
  for (i = 0 ; i < n ; i++)
  {
    if (dup2(*kept[i], 3 + (int)i) == -1) return 0 ;
    *kept[i] = 3 + (int)i ;
  }
  return lc_close_from(3 + n, listfd) ;
}

static void detach (int rootfd, int had_stderr)
{
  int listfd = lc_fd_list() ;
  int errfd = had_stderr ? open_messages(rootfd) : -1 ;
  setsid() ;
  if (chdir("/") == -1) strerr_diefusys(111, "chdir to /") ;
  if (!keep_only(errfd, listfd)) strerr_diefusys(111, "close the descriptors that the listener must not have") ;
}

 /* The listener */

 /* What it may say: not too much, and nothing that would have to wait. */

static int may_say (void)
{
  static uint64_t since = 0 ;
  static unsigned int n = 0 ;
  struct pollfd x = { .fd = 2, .events = POLLOUT } ;
  uint64_t now = now_ms() ;
  if (!n || now - since >= LINES_MS)
  {
    since = now ;
    n = 0 ;
  }
  return n < LINES_MAX && poll(&x, 1, 0) == 1 && x.revents & POLLOUT && ++n ;
}

#define warn(...) do { if (may_say()) strerr_warnw(__VA_ARGS__) ; } while (0)
#define say(...) do { if (lc_verbosity && may_say()) strerr_warni(__VA_ARGS__) ; } while (0)

static int is_own (struct stat const *st)
{
  unsigned int i = 0 ;
  for (; i < sourcen ; i++)
  {
    struct stat own ;
    if (!fstat(sources[i].fifo.fd, &own) && own.st_dev == st->st_dev && own.st_ino == st->st_ino) return 1 ;
  }
  return 0 ;
}

 /* One runlevel at a time is being asked for, the last that was requested. */

static struct
{
  int level ;       /* its index, or -1 */
  uint64_t since ;
  uint64_t next ;   /* when to try, again */
  int done ;        /* the one before, or -1 */
  uint64_t when ;
} wish ;

static void take (lc_initreq const *r, char const *path)
{
  char level[2] = { (char)r->runlevel, 0 } ;
  uint64_t now = now_ms() ;
  int i = level_of(r->runlevel) ;
  if (r->command != LC_INITREQ_RUNLEVEL || i == -1)
  {
    say("a request on ", path, " asks for something else than a runlevel: ignored") ;
    return ;
  }
  if (i == wish.level || (i == wish.done && wish.level == -1 && now - wish.when < REPEAT_MS)) return ;
  if (!signals[i] && levels[i] != '0' && levels[i] != '6')
  {
    say("runlevel ", level, " is asked for on ", path, ", but no -s says what it is: ignored") ;
    return ;
  }
  say("runlevel ", level, " is asked for on ", path) ;
  wish.level = i ;
  wish.since = now ;
  wish.next = wish.done == -1 || now - wish.when >= REPEAT_MS ? now : wish.when + REPEAT_MS ;
}

static void granted (uint64_t now)
{
  wish.done = wish.level ;
  wish.when = now ;
  wish.level = -1 ;
}

 /* What must still be true when the signal is sent: it is not lost on an init that
    starts, nor does it reach another init than the one that it was chosen for,
    which may take it for something else. */

static int is_ready (lc_init const *which, int sig)
{
  return lc_initproc_hears(&target, sig) && (init || !which || lc_init_of(&target) == which) ;
}

static void grant (uint64_t now)
{
  char const level[2] = { levels[wish.level], 0 } ;
  lc_init const *which = 0 ;
  int last = now - wish.since >= PATIENCE_MS ;
  int lost ;
  int sig = signals[wish.level] ;
  if (!sig)
  {
    which = init ? init : lc_init_of(&target) ;
    sig = lc_init_prepare(which, &target, levels[wish.level] == '6', last) ;
  }
  if (!last && (sig == -1 || (sig && !is_ready(which, sig))))  /* again, ever more seldom */
  {
    wish.next = now + 1 + (now - wish.since) / 4 ;
    return ;
  }
  lost = last && sig > 0 && !lc_initproc_hears(&target, sig) ;
  if (!sig) say("handed runlevel ", level, " on to ", lc_init_name(which)) ;
  else if (sig > 0 && lc_initproc_signal(&target, sig))
  {
    say("sent ", lc_signal_name(sig), which ? " to " : "", which ? lc_init_name(which) : "") ;
    if (lost) warn("the guest's PID 1 neither catches nor blocks ", lc_signal_name(sig), ": it is lost") ;
  }
  else
  {
    int e = errno ;
    if (may_say())
    {
      errno = e ;
      strerr_warnwusys("ask for runlevel ", level, which ? " of " : "", which ? lc_init_name(which) : "") ;
    }
  }
  granted(now) ;
}

 /* Reads what is there. Returns 1 if that was a lot. */

static int read_source (struct source_s *s)
{
  lc_initreq r ;
  size_t n = 0 ;
  while (n < BURST)
  {
    ssize_t len = lc_initreq_read(&s->requests, s->fifo.fd) ;
    if (len <= 0) break ;
    n += (size_t)len ;
    while (lc_initreq_next(&s->requests, &r)) take(&r, s->fifo.path) ;
    s->partial = s->requests.end > s->requests.start ? now_ms() + PARTIAL_MS : 0 ;
  }
  return n >= MANY ;
}

static void report_dropped (struct source_s *s)
{
  char fmt[UINT64_FMT] ;
  if (!s->requests.dropped || !may_say()) return ;
  fmt[uint64_fmt(fmt, s->requests.dropped)] = 0 ;
  strerr_warnw("dropped from ", s->fifo.path, ", for they are no request: ", fmt, " bytes") ;
  s->requests.dropped = 0 ;
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

 /* Until the target is gone, or a signal says so. Every signal is blocked. */

static void listen_to (int sigfd)
{
  struct pollfd x[2 + FIFOS_MAX] = { { .revents = 0 } } ;
  int paused = 0 ;
  unsigned int i ;
  x[0].fd = target.pidfd ;
  x[1].fd = sigfd ;
  for (i = 0 ; i < sourcen ; i++) x[2 + i].fd = sources[i].fifo.fd ;
  for (i = 0 ; i < 2 + sourcen ; i++) x[i].events = POLLIN ;
  wish.level = wish.done = -1 ;
  for (;;)
  {
    uint64_t now = now_ms() ;
    uint64_t next = UINT64_MAX ;
    if (wish.level >= 0 && now >= wish.next) grant(now) ;
    if (wish.level >= 0) next = wish.next ;
    for (i = 0 ; i < sourcen ; i++)
    {
      struct source_s *s = sources + i ;
      if (s->partial && now >= s->partial)
      {
        lc_initreq_forget(&s->requests) ;
        s->partial = 0 ;
      }
      report_dropped(s) ;
      if (s->partial && s->partial < next) next = s->partial ;
    }
    if (paused) next = now + PAUSE_MS ;
    if (poll(x, paused ? 2 : 2 + sourcen, next == UINT64_MAX ? -1 : next > now ? (int)(next - now) : 0) == -1 && errno != EINTR) return ;
    if (x[0].revents)
    {
      say("the process is gone, and so is the listener") ;
      return ;
    }
    if (x[1].revents)
    {
      say("the listener is ended by a signal") ;
      return ;
    }
    if (paused) paused = 0 ;
    else for (i = 0 ; i < sourcen ; i++)
      if (x[2 + i].revents && read_source(sources + i)) paused = 1 ;
  }
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
    detach(rootfd, had_stderr) ;
    sigfd = open_signals() ;
    if (sigfd == -1) strerr_diefusys(111, "make a signalfd") ;
    pid = fork() ;
    if (pid == -1) strerr_diefusys(111, "fork") ;
    if (pid) _exit(0) ;
    listen_to(sigfd) ;
    remove_fifos() ;
    _exit(0) ;
  }
  wstat = pid == -1 ? -1 : lc_wait_child(pid) ;
  lc_sigstate_restore(&old) ;
  if (!wstat) return ;
  if (wstat == -1) strerr_warnwusys("start the listener") ;
  remove_fifos() ;
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
  PROG = "lc-initctl" ;
  sourcen = 0 ;
  init = 0 ;
  memset(signals, 0, sizeof(signals)) ;
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
  if (!sourcen) add_fifo("/dev/initctl") ;

   /* the file of a process that stays would keep the boot image in use, and be
      within the guest's reach */
  if (!lc_sealed_exec(again)) strerr_warnwusys("run from a sealed copy, so the listener keeps this program's file system in use") ;
  had_stderr = fcntl(2, F_GETFD) >= 0 ;
  rootfd = lc_root_option(root) ;
  target.own = &is_own ;
  open_target(pid ? pid : getpid()) ;
  make_fifos(rootfd, root) ;
  start(rootfd, had_stderr) ;
  for (i = 0 ; i < sourcen ; i++)
  {
    lc_say("listening on ", sources[i].fifo.path, root ? " in " : "", root ? root : "") ;
    fd_close(sources[i].fifo.fd) ;
    fd_close(sources[i].fifo.dirfd) ;
  }
  fd_close(target.pidfd) ;
  if (root) fd_close(rootfd) ;
  lc_exec0(argv) ;
}
