/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include <lcboot/attach.h>
#include <lcboot/cgroup.h>
#include <lcboot/fd.h>
#include <lcboot/ids.h>
#include <lcboot/sys.h>

#define RETRIES_MAX 64  /* openat2(2): EAGAIN when something was renamed meanwhile */

 /* Below a cgroup's directory: one name after the other. A control group file
    system has no links; they are refused all the same, and so are other mounts. */

int lc_cgroup_entry (int dirfd, char const *name, int flags)
{
  struct lc_open_how how =
  {
    .flags = (unsigned int)(flags | O_NOFOLLOW | O_CLOEXEC),
    .mode = 0,
    .resolve = LC_RESOLVE_BENEATH | LC_RESOLVE_NO_SYMLINKS | LC_RESOLVE_NO_MAGICLINKS | LC_RESOLVE_NO_XDEV
  } ;
  unsigned int n = RETRIES_MAX ;
  struct stat a, b ;
  int fd ;
  do fd = lc_openat2(dirfd, name, &how) ;
  while (fd == -1 && errno == EAGAIN && n--) ;
  if (fd >= 0 || !lc_hidden(errno)) return fd ;
  fd = openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC) ;
  if (fd == -1) return -1 ;
  if (fstat(fd, &a) == -1 || fstat(dirfd, &b) == -1) { lc_close(fd) ; return -1 ; }
  if (a.st_dev != b.st_dev || S_ISLNK(a.st_mode)) { fd_close(fd) ; return (errno = EXDEV, -1) ; }
  return fd ;
}

int lc_cgroup_component (char const **path, size_t *len, char *buf)
{
  char const *p = *path ;
  size_t n = *len ;
  size_t i = 0 ;
  for (; n && *p == '/' ; n--) p++ ;
  for (; i < n && p[i] != '/' ; i++) if (i == NAME_MAX) return (errno = ENAMETOOLONG, -1) ;
  memcpy(buf, p, i) ;
  buf[i] = 0 ;
  p += i ; n -= i ;
  for (; n && *p == '/' ; n--) p++ ;
  *path = p ;
  *len = n ;
  return !!i ;
}

int lc_cgroup_dir (int dirfd, char const *path, size_t len)
{
  char name[NAME_MAX + 1] ;
  int fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0) ;
  int r = 1 ;
  while (fd >= 0 && (r = lc_cgroup_component(&path, &len, name)) > 0)
  {
    int next = lc_cgroup_entry(fd, name, O_PATH | O_DIRECTORY) ;
    lc_close(fd) ;
    fd = next ;
  }
  if (r >= 0) return fd ;
  lc_close(fd) ;
  return -1 ;
}

int lc_cgroup_lists (char const *list, char const *word, size_t len, char const *sep)
{
  while (*list)
  {
    size_t n = strcspn(list, sep) ;
    if (n == len && !strncmp(list, word, n)) return 1 ;
    list += n ;
    if (*list) list++ ;
  }
  return 0 ;
}

static int has_file (int dirfd, char const *file)
{
  int fd = lc_cgroup_entry(dirfd, file, O_PATH) ;
  if (fd == -1) return 0 ;
  fd_close(fd) ;
  return 1 ;
}

int lc_cgroup_get (int dirfd, char const *file, stralloc *sa)
{
  int ok ;
  int fd = lc_cgroup_entry(dirfd, file, O_RDONLY) ;
  if (fd == -1) return 0 ;
  sa->len = 0 ;
  ok = slurp(sa, fd) && stralloc_0(sa) ;
  lc_close(fd) ;
  return ok ;
}

 /* With a newline, as echo would: an empty value is a write too then. */

int lc_cgroup_put (int dirfd, char const *file, char const *value)
{
  size_t len = strlen(value) ;
  char buf[len + 1] ;
  ssize_t r ;
  int fd = lc_cgroup_entry(dirfd, file, O_WRONLY) ;
  if (fd == -1) return 0 ;
  memcpy(buf, value, len) ;
  buf[len++] = '\n' ;
  do r = write(fd, buf, len) ;
  while (r == -1 && errno == EINTR) ;
  lc_close(fd) ;
  return r == (ssize_t)len || (r >= 0 && (errno = EIO, 0)) ;
}

 /* Opening and making */

 /* A new cpuset is empty, and takes no process: cpuset(7). */

static int inherit_cpuset (int fd, int parentfd)
{
  static char const *const files[2] = { "cpuset.cpus", "cpuset.mems" } ;
  stralloc sa = STRALLOC_ZERO ;
  unsigned int i = 0 ;
  for (; i < 2 ; i++)
  {
    if (!lc_cgroup_get(fd, files[i], &sa)) break ;
    if (sa.s[0] && sa.s[0] != '\n') continue ;
    if (!lc_cgroup_get(parentfd, files[i], &sa)) break ;
    sa.s[strcspn(sa.s, "\n")] = 0 ;
    if (!lc_cgroup_put(fd, files[i], sa.s)) break ;
  }
  stralloc_free(&sa) ;
  return i == 2 ;
}

static int make (lc_cgroup *h, char const *name, int fresh)
{
  int fd ;
  if (!mkdirat(h->fd, name, 0755)) h->made++ ;
  else if (errno != EEXIST || fresh) return -1 ;
  fd = lc_cgroup_entry(h->fd, name, O_PATH | O_DIRECTORY) ;
  if (fd >= 0 && lc_cgroup_has_controller(h, "cpuset") && !inherit_cpuset(fd, h->fd))
  {
    lc_close(fd) ;
    fd = -1 ;
  }
  return fd ;
}

static int step (lc_cgroup *h, char const *name, int mk, int fresh)
{
  int fd = lc_cgroup_entry(h->fd, name, O_PATH | O_DIRECTORY) ;
  if (fd == -1) return errno == ENOENT && mk ? make(h, name, fresh) : -1 ;
  if (!fresh) return fd ;
  if (lc_cgroup_empty(fd, 0, 0) && !unlinkat(h->fd, name, AT_REMOVEDIR))
  {
    fd_close(fd) ;
    return make(h, name, 1) ;
  }
  lc_close(fd) ;
  return -1 ;
}

static int walk (lc_cgroup *h, char const *path, int mk, int fresh)
{
  char name[NAME_MAX + 1] ;
  size_t len = strlen(path) ;
  int r ;
  while ((r = lc_cgroup_component(&path, &len, name)) > 0)
  {
    unsigned int made = h->made ;
    int fd ;
    if (!stralloc_catb(&h->name, "/", 1) || !stralloc_cats(&h->name, name) || !stralloc_0(&h->name)) return 0 ;
    h->name.len-- ;
    fd = step(h, name, mk, fresh && !len) ;
    if (fd >= 0 || h->made > made) h->there = h->name.len ;
    if (fd == -1) return 0 ;
    fd_close(h->fd) ;
    h->fd = fd ;
  }
  return !r ;
}

int lc_cgroup_open (lc_cgroup *h, char const *name, int mk, int fresh)
{
  h->name.len = h->there = h->below ;
  h->name.s[h->name.len] = 0 ;
  h->made = 0 ;
  h->entered = 0 ;
  if (name[0] != '/' && !h->current) return (errno = ENOENT, 0) ;
  h->fd = fcntl(h->rootfd, F_DUPFD_CLOEXEC, 0) ;
  if (h->fd == -1) return 0 ;
  if ((name[0] == '/' || walk(h, h->current, 0, 0)) && (!strcmp(name, ".") || walk(h, name, mk, fresh))) return 1 ;
  lc_cgroup_undo(h) ;
  return 0 ;
}

int lc_cgroup_is_root (lc_cgroup const *h, int dirfd)
{
  return lc_cgroup_is2(h) ? !has_file(dirfd, "cgroup.events") : has_file(dirfd, "release_agent") ;
}

int lc_cgroup_has (lc_cgroup const *h, char const *file)
{
  return has_file(h->fd, file) ;
}

int lc_cgroup_write (lc_cgroup const *h, char const *file, char const *value)
{
  return lc_cgroup_put(h->fd, file, value) ;
}

int lc_cgroup_enter (lc_cgroup *h)
{
  if (!lc_cgroup_put(h->fd, "cgroup.procs", "0")) return 0 ;
  h->entered = 1 ;
  return 1 ;
}

int lc_cgroup_members (int dirfd, pid_t *pids, unsigned int max)
{
  char buf[1024] ;
  char *line = buf ;
  unsigned int n = 0 ;
  ssize_t r ;
  int fd = lc_cgroup_entry(dirfd, "cgroup.procs", O_RDONLY) ;
  if (fd == -1) return -1 ;
  do r = read(fd, buf, sizeof(buf) - 1) ;
  while (r == -1 && errno == EINTR) ;
  lc_close(fd) ;
  if (r == -1) return errno == EOPNOTSUPP ? 0 : -1 ;
  buf[r] = 0 ;
  while (n < max)
  {
    char *end = strchr(line, '\n') ;
    uint64_t pid ;
    if (!end) break ;
    *end = 0 ;
    if (lc_number_scan(line, INT_MAX, &pid)) pids[n++] = (pid_t)pid ;
    line = end + 1 ;
  }
  return (int)n ;
}
