/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include <lcboot/fd.h>
#include <lcboot/initreq.h>
#include <lcboot/inits.h>
#include <lcboot/inroot.h>
#include <lcboot/proc.h>
#include <lcboot/signals.h>
#include <lcboot/sys.h>
#include <lcboot/watch.h>

 /* Where p can be looked at and into. The descriptors are -1 if that cannot be had. */

struct view_s
{
  int procfd ;
  int piddir ;
} ;

struct lc_init_s
{
  char const *name ;
  int poweroff ;  /* signals */
  int reboot ;
  int (*prepare) (struct view_s const *, lc_initproc const *, int, int) ;  /* as lc_init_prepare; null: send the signal */
} ;

static int prepare_sysvinit (struct view_s const *, lc_initproc const *, int, int) ;
static int prepare_runit (struct view_s const *, lc_initproc const *, int, int) ;
static int prepare_s6 (struct view_s const *, lc_initproc const *, int, int) ;

enum { SYSTEMD, SYSVINIT, BUSYBOX, OPENRC, RUNIT, S6, GENERIC } ;

static lc_init const inits[] =
{
  [SYSTEMD] = { "systemd", LC_RT_FIRST + 4, LC_RT_FIRST + 5, 0 },
  [SYSVINIT] = { "sysvinit", 0, SIGINT, &prepare_sysvinit },
  [BUSYBOX] = { "busybox", SIGUSR2, SIGTERM, 0 },
  [OPENRC] = { "openrc", SIGTERM, SIGINT, 0 },
  [RUNIT] = { "runit", SIGCONT, SIGCONT, &prepare_runit },
  [S6] = { "s6", SIGTERM, SIGINT, &prepare_s6 },
  [GENERIC] = { "generic", SIGTERM, SIGINT, 0 }
} ;

#define INITS (sizeof(inits) / sizeof(inits[0]))

lc_init const *lc_init_find (char const *name)
{
  unsigned int i = 0 ;
  for (; i < INITS ; i++) if (!strcmp(name, inits[i].name)) return inits + i ;
  return 0 ;
}

char const *lc_init_name (lc_init const *init)
{
  return init->name ;
}

static int is_gone (lc_initproc const *p)
{
  struct pollfd x = { .fd = p->pidfd, .events = POLLIN } ;
  return poll(&x, 1, 0) == 1 ;
}

 /* While p lives nobody else has its number. */

static void look (struct view_s *v, lc_initproc const *p)
{
  v->piddir = -1 ;
  v->procfd = lc_proc_open() ;
  if (v->procfd == -1) return ;
  v->piddir = lc_proc_pid(v->procfd, p->pid, "", O_PATH | O_DIRECTORY) ;
  if (v->piddir == -1 || !is_gone(p)) return ;
  fd_close(v->piddir) ;
  v->piddir = -1 ;
}

static void look_away (struct view_s *v)
{
  lc_close(v->piddir) ;
  lc_close(v->procfd) ;
}

 /* What it runs */

 /* The program's name: that of the file, or if that must not be known the one that
    the kernel keeps, proc_pid_comm(5). */

static int name_of (struct view_s const *v, lc_initproc const *p, stralloc *sa)
{
  static char const deleted[] = " (deleted)" ;
  char path[4096] ;
  char *name ;
  ssize_t n = readlinkat(v->piddir, "exe", path, sizeof(path) - 1) ;
  if (n <= 0)
  {
    if (!lc_proc_slurp(v->procfd, p->pid, "comm", sa)) return 0 ;
    sa->s[strcspn(sa->s, "\n")] = 0 ;
    return 1 ;
  }
  path[n] = 0 ;
  if ((size_t)n >= sizeof(deleted) && !strcmp(path + n - (sizeof(deleted) - 1), deleted)) path[n - (ssize_t)(sizeof(deleted) - 1)] = 0 ;
  name = strrchr(path, '/') ;
  return stralloc_cats(sa, name ? name + 1 : path) && stralloc_0(sa) ;
}

 /* A shell of busybox that runs an init script is no init of busybox's. */

static int is_called_init (struct view_s const *v, lc_initproc const *p)
{
  stralloc sa = STRALLOC_ZERO ;
  int yes = 0 ;
  if (lc_proc_slurp(v->procfd, p->pid, "cmdline", &sa))
  {
    char const *name = strrchr(sa.s, '/') ;
    name = name ? name + 1 : sa.s ;
    yes = !strcmp(name, "init") || !strcmp(name, "linuxrc") ;
  }
  stralloc_free(&sa) ;
  return yes ;
}

 /* A file called init is sysvinit's, or a copy of busybox, which says so inside. */

static int holds_busybox (struct view_s const *v)
{
  static char const mark[] = "BusyBox v" ;
  char buf[65536] ;
  size_t len = 0 ;
  unsigned int blocks = 0 ;
  int yes = 0 ;
  int fd = openat(v->piddir, "exe", O_RDONLY | O_NONBLOCK | O_CLOEXEC) ;
  while (fd >= 0 && !yes && blocks++ < 256)
  {
    char const *s = buf ;
    ssize_t r = read(fd, buf + len, sizeof(buf) - len) ;
    if (r <= 0) break ;
    len += (size_t)r ;
    while (!yes && (s = memchr(s, mark[0], len - (size_t)(s - buf))))
    {
      if (len - (size_t)(s - buf) < sizeof(mark) - 1) break ;
      yes = !memcmp(s++, mark, sizeof(mark) - 1) ;
    }
    if (len >= sizeof(mark))
    {
      memmove(buf, buf + len - (sizeof(mark) - 1), sizeof(mark) - 1) ;
      len = sizeof(mark) - 1 ;
    }
  }
  lc_close(fd) ;
  return yes ;
}

static unsigned int kind_of (struct view_s const *v, lc_initproc const *p, char const *name)
{
  if (!strcmp(name, "systemd")) return SYSTEMD ;
  if (!strcmp(name, "openrc-init")) return OPENRC ;
  if (!strcmp(name, "runit") || !strcmp(name, "runit-init")) return RUNIT ;
  if (!strcmp(name, "s6-svscan")) return S6 ;
  if (!strncmp(name, "busybox", 7) || !strncmp(name, "toybox", 6)) return is_called_init(v, p) ? BUSYBOX : GENERIC ;
  if (!strcmp(name, "init")) return holds_busybox(v) ? BUSYBOX : SYSVINIT ;
  return GENERIC ;
}

lc_init const *lc_init_of (lc_initproc const *p)
{
  stralloc name = STRALLOC_ZERO ;
  struct view_s v ;
  unsigned int i = GENERIC ;
  look(&v, p) ;
  if (v.piddir >= 0 && name_of(&v, p, &name)) i = kind_of(&v, p, name.s) ;
  look_away(&v) ;
  stralloc_free(&name) ;
  return inits + (is_gone(p) ? GENERIC : i) ;
}

 /* What it wants to be asked by */

static int open_root (struct view_s const *v)
{
  return openat(v->piddir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC) ;
}

 /* Its root may hold what the caller could change and it could not. */

static int belongs_to (struct view_s const *v, struct stat const *st)
{
  struct stat pid ;
  return !fstat(v->piddir, &pid) && st->st_uid == pid.st_uid ;
}

 /* The fifo of that init: never another thing, or one of our own. */

static int open_fifo (struct view_s const *v, int rootfd, char const *dir, lc_initproc const *p)
{
  struct stat before, after ;
  int fd = -1 ;
  int dirfd = lc_inroot_open(rootfd, dir, 0) ;
  if (dirfd == -1) return -1 ;
  if (fstatat(dirfd, "initctl", &before, AT_SYMLINK_NOFOLLOW) == -1) goto end ;
  if (!S_ISFIFO(before.st_mode) || !belongs_to(v, &before) || (*p->own)(&before, p->arg))
  {
    errno = ENXIO ;
    goto end ;
  }
  fd = openat(dirfd, "initctl", O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC) ;  /* ENXIO: nobody reads */
  if (fd >= 0 && (fstat(fd, &after) == -1 || after.st_dev != before.st_dev || after.st_ino != before.st_ino))
  {
    fd_close(fd) ;
    errno = ENXIO ;
    fd = -1 ;
  }
 end:
  lc_close(dirfd) ;
  return fd ;
}

 /* sysvinit powers off for no signal: it is asked in its own way. */

static int prepare_sysvinit (struct view_s const *v, lc_initproc const *p, int reboot, int last)
{
  static char const *const dirs[] = { "/run", "/dev" } ;
  lc_initreq req = { .magic = LC_INITREQ_MAGIC, .command = LC_INITREQ_RUNLEVEL, .runlevel = reboot ? '6' : '0' } ;
  unsigned int i = 0 ;
  int ok = 0 ;
  int rootfd = open_root(v) ;
  for (; rootfd >= 0 && !ok && i < sizeof(dirs) / sizeof(dirs[0]) ; i++)
  {
    int fd = open_fifo(v, rootfd, dirs[i], p) ;
    if (fd == -1) continue ;
    ok = write(fd, &req, sizeof(req)) == sizeof(req) ;
    lc_close(fd) ;
  }
  lc_close(rootfd) ;
  return ok ? 0 : reboot && last ? SIGINT : -1 ;
}

 /* runit looks at the modes of two files when it gets the signal. */

static int set_mode (struct view_s const *v, int rootfd, char const *path, mode_t mode)
{
  struct stat st ;
  char name[LC_FDPATH_MAX] ;
  int ok = 0 ;
  int fd = lc_inroot_open(rootfd, path, 0) ;
  if (fd == -1) return 0 ;
  if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || !belongs_to(v, &st)) errno = EPERM ;
  else ok = !fchmodat(v->procfd, lc_fdpath(name, fd) + 6, mode, 0) ;  /* without /proc/ */
  lc_close(fd) ;
  return ok ;
}

static int make_file (int rootfd, char const *dir, char const *name)
{
  int fd = -1 ;
  int dirfd = lc_inroot_open(rootfd, dir, 0) ;
  if (dirfd >= 0) fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0) ;
  lc_close(fd) ;
  lc_close(dirfd) ;
  return fd >= 0 ;
}

static int prepare_runit (struct view_s const *v, lc_initproc const *p, int reboot, int last)
{
  int rootfd = open_root(v) ;
  int ok = 0 ;
  (void)p ; (void)last ;
  if (rootfd == -1) return -1 ;
  if (set_mode(v, rootfd, "/run/runit.stopit", 0100))  /* Debian's */
    ok = set_mode(v, rootfd, "/run/runit.reboot", reboot ? 0100 : 0) || (!reboot && errno == ENOENT) ;
  else
  {
    if (reboot) make_file(rootfd, "/etc/runit", "reboot") ;
    make_file(rootfd, "/etc/runit", "stopit") ;
    ok = set_mode(v, rootfd, "/etc/runit/reboot", reboot ? 0100 : 0) || (!reboot && errno == ENOENT) ;
    if (ok) ok = set_mode(v, rootfd, "/etc/runit/stopit", 0100) ;
  }
  lc_close(rootfd) ;
  return ok ? SIGCONT : -1 ;
}

 /* s6-svscan ends its services for TERM and INT and goes on with its finish; where
    s6-linux-init has made scripts for signals, USR1 powers off and INT reboots. */

static int prepare_s6 (struct view_s const *v, lc_initproc const *p, int reboot, int last)
{
  int fd = -1 ;
  int cwd ;
  (void)p ; (void)last ;
  if (reboot) return SIGINT ;
  cwd = openat(v->piddir, "cwd", O_PATH | O_DIRECTORY | O_CLOEXEC) ;
  if (cwd >= 0) fd = lc_inroot_open(cwd, ".s6-svscan/SIGUSR1", 0) ;
  lc_close(cwd) ;
  lc_close(fd) ;
  return fd >= 0 ? SIGUSR1 : SIGTERM ;
}

int lc_init_prepare (lc_init const *init, lc_initproc const *p, int reboot, int last)
{
  struct view_s v ;
  int r ;
  if (!init->prepare) return reboot ? init->reboot : init->poweroff ;
  look(&v, p) ;
  r = v.piddir == -1 ? (reboot && last ? init->reboot : -1) : (*init->prepare)(&v, p, reboot, last) ;
  look_away(&v) ;
  return r ;
}

 /* proc_pid_status(5): the last of NSpid is its number in its own PID namespace */

static int is_pid1 (lc_initproc const *p)
{
  stralloc sa = STRALLOC_ZERO ;
  int yes = 0 ;
  int procfd = lc_proc_open() ;
  if (procfd >= 0 && lc_proc_slurp(procfd, p->pid, "status", &sa))
  {
    char *line = strstr(sa.s, "\nNSpid:") ;
    if (line)
    {
      line++ ;
      line[strcspn(line, "\n")] = 0 ;
      yes = !strcmp(line + strlen(line) - 2, "\t1") ;
    }
  }
  stralloc_free(&sa) ;
  lc_close(procfd) ;
  return yes ;
}

int lc_initproc_hears (lc_initproc const *p, int sig)
{
  return !is_pid1(p) || !(lc_watch_deaf(p->pid) & ((uint64_t)1 << (sig - 1))) ;
}

int lc_initproc_signal (lc_initproc const *p, int sig)
{
  return !lc_pidfd_kill(p->pidfd, sig) ;
}
