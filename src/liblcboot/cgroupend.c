/* ISC license. */

#include <skalibs/nonposix.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>

#include <lcboot/attach.h>
#include <lcboot/cgroup.h>
#include <lcboot/clock.h>
#include <lcboot/fd.h>
#include <lcboot/sys.h>

#define PATIENCE_MS 10000
#define REMOVAL_MS 60000  /* what removing may take beyond that: others could make cgroups as fast as they go */
#define BATCH 64

 /* 0, and EBUSY, when there is no time left */

static int wait_a_little (uint64_t deadline)
{
  if (lc_clock_ms() >= deadline) return (errno = EBUSY, 0) ;
  poll(0, 0, 5) ;
  return 1 ;
}

static int is_among (pid_t pid, pid_t const *pids, int n)
{
  int i = 0 ;
  for (; i < n ; i++) if (pids[i] == pid) return 1 ;
  return 0 ;
}

 /* A number that is read may be another process's before it is used. So it is
    pinned by a pidfd, and still has to be in the list after that. Before Linux
    5.3 there is no way but kill(2). 0 is a process of another PID namespace. */

static int pin (pid_t pid)
{
  int fd = pid ? lc_pidfd_open(pid) : -1 ;
  if (fd == -1 && pid && lc_hidden(errno)) kill(pid, SIGKILL) ;
  return fd ;
}

 /* Kills the members of one cgroup, and waits until there is none. */

static int kill_members (int dirfd, uint64_t deadline)
{
  for (;;)
  {
    pid_t pids[BATCH], again[BATCH] ;
    struct pollfd x[BATCH] ;
    int waited = 0 ;
    int m, i ;
    int n = lc_cgroup_members(dirfd, pids, BATCH) ;
    if (n <= 0) return !n ;
    for (i = 0 ; i < n ; i++) x[i] = (struct pollfd){ .fd = pin(pids[i]), .events = POLLIN } ;
    m = lc_cgroup_members(dirfd, again, BATCH) ;
    for (i = 0 ; i < n ; i++)
      if (x[i].fd >= 0 && is_among(pids[i], again, m)) lc_pidfd_kill(x[i].fd, SIGKILL) ;
     /* what is frozen dies when it is thawed; in cgroup2 it dies as it is */
    lc_cgroup_put(dirfd, "freezer.state", "THAWED") ;
    for (i = 0 ; i < n ; i++)
    {
      uint64_t now = lc_clock_ms() ;
      if (x[i].fd == -1) continue ;
      if (is_among(pids[i], again, m) && now < deadline && poll(x + i, 1, (int)(deadline - now)) == 1) waited = 1 ;
      fd_close(x[i].fd) ;
    }
    if (!waited && !wait_a_little(deadline)) return 0 ;
  }
}

 /* One look at the cgroups below dirfd: removes those that are empty, up to the
    first that is not. It is name, "" if there is none. Returns how many, or -1.
    (To look at those behind it each time that one is done would make the square
    of their number of it, which is the guest's to choose.) */

static int prune (int dirfd, char *name)
{
  DIR *dir ;
  int n = 0 ;
  int e ;
  int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) ;
  name[0] = 0 ;
  if (fd == -1) return -1 ;
  dir = fdopendir(fd) ;
  if (!dir) { lc_close(fd) ; return -1 ; }
  for (;;)
  {
    struct dirent *d ;
    errno = 0 ;
    d = readdir(dir) ;
    if (!d) break ;
    if (d->d_type != DT_DIR || !strcmp(d->d_name, ".") || !strcmp(d->d_name, "..")) continue ;
    if (!unlinkat(dirfd, d->d_name, AT_REMOVEDIR)) n++ ;
    else if (errno != ENOENT && strlen(d->d_name) <= NAME_MAX)
    {
      strcpy(name, d->d_name) ;
      errno = 0 ;
      break ;
    }
  }
  e = errno ;
  closedir(dir) ;
  return e ? (errno = e, -1) : n ;
}

 /* Down to what has nothing below it and up again, so that a guest cannot make
    it deeper than there is stack or are descriptors. .. is safe: a cgroup never
    moves to another parent. */

int lc_cgroup_empty (int dirfd, int killing, uint64_t deadline)
{
  char name[NAME_MAX + 1] ;
  unsigned int depth = 0 ;
  int fd = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC) ;
  while (fd >= 0)
  {
    int next, n ;
    if (killing && lc_clock_ms() >= deadline + REMOVAL_MS) { errno = EBUSY ; break ; }
    if (killing && !kill_members(fd, deadline)) break ;
    n = prune(fd, name) ;
    if (n == -1) break ;
    if (!name[0] && !depth)
    {
      fd_close(fd) ;
      return 1 ;
    }
     /* nothing below it, and yet it could not be removed from above */
    if (!name[0] && !n && !(killing && wait_a_little(deadline))) { errno = EBUSY ; break ; }
    next = name[0] ? lc_cgroup_entry(fd, name, O_PATH | O_DIRECTORY) : openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC) ;
    if (next == -1 && name[0] && errno == ENOENT) continue ;
    if (name[0]) depth++ ;
    else depth-- ;
    lc_close(fd) ;
    fd = next ;
  }
  lc_close(fd) ;
  return 0 ;
}

 /* Whether name in the directory parentfd still is the cgroup fd */

static int is_same (int parentfd, char const *name, int fd)
{
  struct stat a, b ;
  return !fstatat(parentfd, name, &a, AT_SYMLINK_NOFOLLOW) && !fstat(fd, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino ;
}

 /* Removes the cgroup whose path ends at len, if it is fd or fd is -1 */

static int remove_one (lc_cgroup const *h, size_t len, int fd)
{
  char const *path = h->name.s + h->below ;
  char name[NAME_MAX + 1] ;
  size_t start = len ;
  int parentfd, ok ;
  while (h->name.s[start - 1] != '/') start-- ;
  memcpy(name, h->name.s + start, len - start) ;
  name[len - start] = 0 ;
  parentfd = lc_cgroup_dir(h->rootfd, path, start - h->below) ;
  if (parentfd == -1) return errno == ENOENT ;
  ok = (fd >= 0 && !is_same(parentfd, name, fd)) || !unlinkat(parentfd, name, AT_REMOVEDIR) || errno == ENOENT ;
  lc_close(parentfd) ;
  return ok ;
}

 /* What lc_cgroup_open has made, from the lowest up to the first that is in use */

static void remove_made (lc_cgroup *h)
{
  size_t len = h->there ;
  for (; h->made && remove_one(h, len, -1) ; h->made--)
    while (h->name.s[--len] != '/') ;
}

void lc_cgroup_undo (lc_cgroup *h)
{
  int e = errno ;
  if (h->entered && h->current)
  {
    int fd = lc_cgroup_dir(h->rootfd, h->current, strlen(h->current)) ;
    char const *p = h->passed.s ;
    for (; p && p < h->passed.s + h->passed.len ; p += strlen(p) + 1) lc_cgroup_put(fd, "cgroup.subtree_control", p) ;
    lc_cgroup_put(fd, "cgroup.procs", "0") ;
    lc_close(fd) ;
  }
  if (h->rootfd >= 0) remove_made(h) ;
  lc_close(h->fd) ;
  h->fd = -1 ;
  errno = e ;
}

void lc_cgroup_undo_all (lc_cgroups *all)
{
  size_t i = 0 ;
  for (; i < genalloc_len(lc_cgroup, &all->h) ; i++)
    if (genalloc_s(lc_cgroup, &all->h)[i].fd >= 0) lc_cgroup_undo(genalloc_s(lc_cgroup, &all->h) + i) ;
}

 /* No more processes than there are, or none at all: so that the rest can be
    killed one by one. Where that cannot be done they are killed as they are. */

static void stop (lc_cgroup const *h)
{
  if (!lc_cgroup_is2(h)) lc_cgroup_write(h, "pids.max", "0") ;
  else if (!lc_cgroup_write(h, "cgroup.kill", "1"))  /* Linux 5.14 */
    lc_cgroup_write(h, "cgroup.freeze", "1") ;       /* Linux 5.2 */
}

static int end_one (lc_cgroup *h, uint64_t deadline)
{
  for (;;)
  {
    int e ;
    lc_cgroup_empty(h->fd, 1, deadline) ;
    if (remove_one(h, h->name.len, h->fd)) break ;
    e = errno ;
    if (!wait_a_little(deadline)) return (errno = e, 0) ;
  }
  if (h->made) h->made-- ;
  while (h->name.s[--h->there] != '/') ;
  remove_made(h) ;
  return 1 ;
}

 /* What is frozen in cgroup v1 cannot die: that hierarchy comes first. */

int lc_cgroup_end (lc_cgroups *all, char const **left)
{
  uint64_t deadline = lc_clock_ms() + PATIENCE_MS ;
  int e = 0 ;
  int frozen = 1 ;
  size_t i = 0 ;
  for (; i < genalloc_len(lc_cgroup, &all->h) ; i++)
    if (genalloc_s(lc_cgroup, &all->h)[i].fd >= 0) stop(genalloc_s(lc_cgroup, &all->h) + i) ;
  for (; frozen >= 0 ; frozen--)
    for (i = 0 ; i < genalloc_len(lc_cgroup, &all->h) ; i++)
    {
      lc_cgroup *h = genalloc_s(lc_cgroup, &all->h) + i ;
      if (h->fd == -1 || lc_cgroup_has(h, "freezer.state") != frozen) continue ;
      if (!end_one(h, deadline))
      {
        e = errno ;
        *left = h->name.s ;
        lc_cgroup_write(h, "cgroup.freeze", "0") ;
      }
      fd_close(h->fd) ;
      h->fd = -1 ;
    }
  return !e || (errno = e, 0) ;
}
