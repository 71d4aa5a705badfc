/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/types.h>

#include <lcboot/cgroup.h>
#include <lcboot/fd.h>
#include <lcboot/sys.h>

#define DELEGATE "/sys/kernel/cgroup/delegate"  /* Linux 4.15 */

static int is_in (char const *controllers, char const *controller)
{
  return lc_cgroup_lists(controllers, controller, strlen(controller), " \n") ;
}

 /* Passing controllers on */

#define NAMED 3

static int explain_members (stralloc *why, pid_t const *pids, int n)
{
  int i = 0 ;
  if (!stralloc_cats(why, " (no internal processes: a cgroup that gives controllers to those below it can have none itself, and this one has ")) return 0 ;
  for (; i < n && i < NAMED ; i++)
  {
    char fmt[PID_FMT] ;
    fmt[pid_fmt(fmt, pids[i])] = 0 ;
    if (i && !stralloc_cats(why, ", ")) return 0 ;
    if (!stralloc_cats(why, pids[i] ? fmt : "one of another PID namespace")) return 0 ;
  }
  return stralloc_cats(why, n > NAMED ? " and more)" : ")") ;
}

static int explain (stralloc *why, char const *controllers)
{
  size_t n = strcspn(controllers, "\n") ;
  if (errno == EOPNOTSUPP) return stralloc_cats(why, " (it is threaded)") ;
  if (errno == EACCES || errno == EPERM) return stralloc_cats(why, " (it is not delegated to this user)") ;
  if (errno != ENOENT) return 1 ;
  if (!n) return stralloc_cats(why, " (it has no controllers itself)") ;
  return stralloc_cats(why, " (it has only ") && stralloc_catb(why, controllers, n) && stralloc_cats(why, " itself)") ;
}

 /* The rule of no internal processes is the kernel's for memory and io; for the
    controllers that can be threaded it makes the cgroups below invalid instead,
    which comes to the same: cgroups(7). Returns as lc_cgroup_enable does. */

static int pass_on (lc_cgroup *h, int dirfd, char const *controller, int enter, stralloc *why)
{
  char add[strlen(controller) + 2] ;
  pid_t pids[NAMED + 1] ;
  stralloc sa = STRALLOC_ZERO ;
  int done = 0 ;
  int e, n ;
  if (!lc_cgroup_get(dirfd, "cgroup.subtree_control", &sa)) goto end ;
  if (is_in(sa.s, controller)) { done = 1 ; goto end ; }
  if (!lc_cgroup_get(dirfd, "cgroup.controllers", &sa)) goto end ;
  if (!is_in(sa.s, controller)) { errno = ENOENT ; goto explained ; }
  if (!lc_cgroup_is_root(h, dirfd))
  {
    n = lc_cgroup_members(dirfd, pids, NAMED + 1) ;
    if (n == 1 && pids[0] == getpid() && enter)
    {
      if (!lc_cgroup_enter(h)) goto explained ;
      n = lc_cgroup_members(dirfd, pids, NAMED + 1) ;
    }
    if (n > 0 && explain_members(why, pids, n)) errno = EBUSY ;
    if (n) goto end ;
  }
  add[0] = '+' ;
  strcpy(add + 1, controller) ;
  if (lc_cgroup_put(dirfd, "cgroup.subtree_control", add)) { done = 2 ; goto end ; }
 explained:
  e = errno ;
  if (explain(why, sa.s)) errno = e ;
 end:
  e = errno ;
  stralloc_free(&sa) ;
  errno = e ;
  return done ;
}

static int fail_at (lc_cgroup const *h, char const *end, stralloc *at, stralloc *why)
{
  int e = errno ;
  if (!stralloc_copyb(at, h->name.s, (size_t)(end - h->name.s)) || !stralloc_0(at) || !stralloc_0(why)) return 0 ;
  errno = e ;
  return 0 ;
}

 /* The process cannot go back to a cgroup as long as that passes controllers on:
    lc_cgroup_undo has to know what this one was made to. */

static int remember (lc_cgroup *h, char const *end, char const *controller)
{
  char const *path = h->name.s + h->below ;
  if (!h->current || strlen(h->current) != (size_t)(end - path) || strncmp(h->current, path, (size_t)(end - path))) return 1 ;
  return stralloc_catb(&h->passed, "-", 1) && stralloc_cats(&h->passed, controller) && stralloc_0(&h->passed) ;
}

int lc_cgroup_enable (lc_cgroup *h, char const *controller, int enter, stralloc *at, stralloc *why)
{
  stralloc sa = STRALLOC_ZERO ;
  char name[NAME_MAX + 1] ;
  char const *p = h->name.s + h->below ;
  size_t len = h->name.len - h->below ;
  int fd, ok, r ;
  at->len = why->len = 0 ;
  ok = lc_cgroup_get(h->fd, "cgroup.controllers", &sa) ;
  r = ok && is_in(sa.s, controller) ;
  stralloc_free(&sa) ;
  if (r) return 1 ;
  if (!ok) return fail_at(h, p + len, at, why) ;
  fd = fcntl(h->rootfd, F_DUPFD_CLOEXEC, 0) ;
  if (fd == -1) return fail_at(h, p, at, why) ;
  for (;;)
  {
    char const *end = p ;
    int next ;
    r = lc_cgroup_component(&p, &len, name) ;
    if (r <= 0) break ;
    if (end > h->name.s + h->below) end-- ;  /* its slash */
    r = pass_on(h, fd, controller, enter && !h->entered, why) ;
    if (!r || (r > 1 && h->entered && !remember(h, end, controller)))
    {
      lc_close(fd) ;
      return fail_at(h, end, at, why) ;
    }
    next = lc_cgroup_entry(fd, name, O_PATH | O_DIRECTORY) ;
    lc_close(fd) ;
    if (next == -1) return fail_at(h, p, at, why) ;
    fd = next ;
  }
  fd_close(fd) ;
  if (h->name.len > h->below) return 2 ;
  errno = ENOENT ;
  explain(why, "") ;
  return fail_at(h, p, at, why) ;
}

 /* Up over the last component and its slash */

static size_t up (lc_cgroup const *h, size_t len)
{
  while (h->name.s[--len] != '/') ;
  return len ;
}

int lc_cgroup_offer (lc_cgroup const *h, stralloc *sa)
{
  size_t len = h->name.len ;
  unsigned int n = h->made ? h->made : 1 ;
  int fd, ok ;
  for (; n && len > h->below ; n--) len = up(h, len) ;
  fd = lc_cgroup_dir(h->rootfd, h->name.s + h->below, len - h->below) ;
  if (fd == -1) return 0 ;
  ok = lc_cgroup_get(fd, "cgroup.controllers", sa) ;
  lc_close(fd) ;
  return ok ;
}

 /* Delegation */

static int give (int dirfd, char const *file, uid_t uid, gid_t gid)
{
  struct stat st ;
  int ok ;
  int fd = lc_cgroup_entry(dirfd, file, O_PATH) ;
  if (fd == -1) return errno == ENOENT ;
  ok = !fstat(fd, &st) && (S_ISREG(st.st_mode) || (errno = EINVAL, 0)) && !fchownat(fd, "", uid, gid, AT_EMPTY_PATH) ;
  lc_close(fd) ;
  return ok ;
}

 /* The kernel's list, if there is one and it is the kernel's */

static int read_list (stralloc *sa)
{
  struct statfs sfs ;
  int ok ;
  int fd = open(DELEGATE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) ;
  if (fd == -1) return 0 ;
  ok = !fstatfs(fd, &sfs) && sfs.f_type == LC_SYSFS_MAGIC && slurp(sa, fd) && stralloc_0(sa) ;
  lc_close(fd) ;
  return ok ;
}

int lc_cgroup_delegate (lc_cgroup const *h, uid_t uid, gid_t gid)
{
  stralloc sa = STRALLOC_ZERO ;
  char *name ;
  int ok = 1 ;
  int e ;
  if (fchownat(h->fd, "", uid, gid, AT_EMPTY_PATH) == -1) return 0 ;
  if (!lc_cgroup_is2(h)) return give(h->fd, "cgroup.procs", uid, gid) && give(h->fd, "tasks", uid, gid) ;
  if (!read_list(&sa))
  {
    sa.len = 0 ;
    if (!stralloc_cats(&sa, "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n") || !stralloc_0(&sa)) return 0 ;
  }
  for (name = sa.s ; ok && *name ; )
  {
    char *next = name + strcspn(name, "\n") ;
    if (*next) *next++ = 0 ;
    ok = !*name || give(h->fd, name, uid, gid) ;
    name = next ;
  }
  e = errno ;
  stralloc_free(&sa) ;
  errno = e ;
  return ok ;
}
