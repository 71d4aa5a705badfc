/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <skalibs/djbunix.h>
#include <skalibs/types.h>

#include <lcboot/attach.h>
#include <lcboot/fd.h>
#include <lcboot/ids.h>
#include <lcboot/mountinfo.h>
#include <lcboot/proc.h>
#include <lcboot/sys.h>

static int is_proc (int fd)
{
  struct statfs sfs ;
  return !fstatfs(fd, &sfs) && sfs.f_type == LC_PROC_MAGIC ;
}

 /* Whose /proc it is: self names the caller's PID as that procfs sees it. */

static pid_t self_of (int procfd)
{
  char buf[PID_FMT] ;
  uint64_t pid ;
  ssize_t r = readlinkat(procfd, "self", buf, sizeof(buf)) ;
  if (r <= 0 || r == sizeof(buf)) return 0 ;
  buf[r] = 0 ;
  return lc_number_scan(buf, 0x7fffffff, &pid) ? (pid_t)pid : 0 ;
}

int lc_proc_is_own (int fd)
{
  struct stat st ;
  return is_proc(fd) && !fstat(fd, &st) && st.st_ino == LC_PROC_ROOT_INO && self_of(fd) == getpid() ;
}

static int present (pid_t pid)
{
  struct stat st ;
  pid_t self ;
  int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) ;
  if (fd == -1) return -1 ;
  self = is_proc(fd) && !fstat(fd, &st) && st.st_ino == LC_PROC_ROOT_INO ? self_of(fd) : 0 ;
  if (self && (!pid || self == pid)) return fd ;
  fd_close(fd) ;
  return -1 ;
}

static int make (void)
{
  lc_mountopts o = LC_MOUNTOPTS_ZERO ;
  int fd ;
  o.attr_set = LC_ATTR_NOSUID | LC_ATTR_NODEV | LC_ATTR_NOEXEC ;
  fd = lc_fs_make("proc", "proc", &o) ;
  lc_close_late_now() ;  /* who asks may be a watcher or a listener, which never execs */
  return fd ;
}

int lc_proc_open (void)
{
  int fd = present(getpid()) ;
  return fd == -1 ? make() : fd ;
}

int lc_proc_open_self (void)
{
  int fd = present(0) ;
  return fd == -1 ? make() : fd ;
}

 /* One name after the other, none of them a link, all of them in procfs. */

static int slow_open (int procfd, char const *path, int flags)
{
  int fd = fcntl(procfd, F_DUPFD_CLOEXEC, 0) ;
  while (fd >= 0 && *path)
  {
    char name[64] ;
    size_t n = strcspn(path, "/") ;
    int last = !path[n] ;
    int next ;
    if (n >= sizeof(name)) { fd_close(fd) ; return (errno = ENAMETOOLONG, -1) ; }
    memcpy(name, path, n) ;
    name[n] = 0 ;
    next = openat(fd, name, O_NOFOLLOW | O_CLOEXEC | (last ? flags : O_PATH | O_DIRECTORY)) ;
    lc_close(fd) ;
    fd = next ;
    if (fd >= 0 && !is_proc(fd)) { fd_close(fd) ; return (errno = EXDEV, -1) ; }
    path += last ? n : n+1 ;
  }
  return fd ;
}

int lc_proc_pid (int procfd, pid_t pid, char const *name, int flags)
{
  struct lc_open_how how =
  {
    .flags = (unsigned int)(flags | O_CLOEXEC),
    .mode = 0,
    .resolve = LC_RESOLVE_BENEATH | LC_RESOLVE_NO_SYMLINKS | LC_RESOLVE_NO_XDEV
  } ;
  char path[PID_FMT + 64] ;
  size_t n ;
  int fd ;
  if (!pid) pid = self_of(procfd) ;
  n = pid_fmt(path, pid) ;
  path[n++] = '/' ;
  if (strlen(name) >= sizeof(path) - n) return (errno = ENAMETOOLONG, -1) ;
  strcpy(path + n, name) ;
  fd = lc_openat2(procfd, path, &how) ;
  return fd == -1 && lc_hidden(errno) ? slow_open(procfd, path, flags) : fd ;
}

int lc_proc_slurp (int procfd, pid_t pid, char const *name, stralloc *sa)
{
  int ok, e ;
  int fd = lc_proc_pid(procfd, pid, name, O_RDONLY) ;
  if (fd == -1) return 0 ;
  ok = slurp(sa, fd) && stralloc_0(sa) ;
  e = errno ;
  fd_close(fd) ;
  errno = e ;
  return ok ;
}

int lc_proc_ns (int procfd, pid_t pid, char const *name)
{
  int fd ;
  int dirfd = lc_proc_pid(procfd, pid, "ns", O_PATH | O_DIRECTORY) ;
  if (dirfd == -1) return -1 ;
  fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC) ;
  lc_close(dirfd) ;
  if (fd >= 0 && ioctl(fd, NS_GET_NSTYPE) == -1) { fd_close(fd) ; return (errno = EINVAL, -1) ; }
  return fd ;
}

char const *lc_fdpath (char *s, int fd)
{
  memcpy(s, "/proc/self/fd/", 14) ;
  s[14 + uint_fmt(s + 14, (unsigned int)fd)] = 0 ;
  return s ;
}

int lc_proc_mount (int procfd, int fd)
{
  stralloc info = STRALLOC_ZERO ;
  char name[8 + UINT_FMT] = "fdinfo/" ;
  char *id ;
  uint64_t n = 0 ;
  int ok = 0 ;
  name[7 + uint_fmt(name + 7, (unsigned int)fd)] = 0 ;
  if (lc_proc_slurp(procfd, 0, name, &info))
  {
    id = strstr(info.s, "mnt_id:\t") ;
    if (id)
    {
      id += 8 ;
      id[strspn(id, "0123456789")] = 0 ;
      ok = lc_number_scan(id, 0x7fffffff, &n) ;
    }
    if (!ok) errno = ENOENT ;
  }
  stralloc_free(&info) ;
  return ok ? (int)n : -1 ;
}

int lc_proc_mnt_id (int fd)
{
  int r, e ;
  int procfd = lc_proc_open() ;
  if (procfd == -1) return -1 ;
  r = lc_proc_mount(procfd, fd) ;
  e = errno ;
  fd_close(procfd) ;
  errno = e ;
  return r ;
}

int lc_proc_fstype (int fd, stralloc *sa)
{
  stralloc table = STRALLOC_ZERO ;
  lc_mountinfo m ;
  int id, e ;
  int ok = 0 ;
  int procfd = lc_proc_open() ;
  if (procfd == -1) return 0 ;
  id = lc_proc_mount(procfd, fd) ;
  if (id >= 0 && lc_proc_slurp(procfd, 0, "mountinfo", &table))
  {
    char *line = table.s ;
    int r ;
    do r = lc_mountinfo_next(&line, &m) ;
    while (r > 0 && m.id != (unsigned int)id) ;
    if (!r) errno = ENOENT ;
    ok = r > 0 && stralloc_cats(sa, m.type) && stralloc_0(sa) ;
  }
  e = errno ;
  stralloc_free(&table) ;
  fd_close(procfd) ;
  errno = e ;
  return ok ;
}

int lc_proc_path (int procfd, int fd, stralloc *sa)
{
  char name[8 + UINT_FMT] = "self/fd/" ;
  char path[4096] ;  /* the kernel makes no longer ones */
  ssize_t r ;
  name[8 + uint_fmt(name + 8, (unsigned int)fd)] = 0 ;
  r = readlinkat(procfd, name, path, sizeof(path)) ;
  if (r <= 0 || path[0] != '/') return (errno = r < 0 ? errno : ENOENT, 0) ;
  return stralloc_catb(sa, path, (size_t)r) && stralloc_0(sa) ;
}
