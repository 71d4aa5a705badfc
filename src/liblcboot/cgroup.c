/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/types.h>

#include <lcboot/attach.h>
#include <lcboot/cgroup.h>
#include <lcboot/fd.h>
#include <lcboot/ids.h>
#include <lcboot/mountopts.h>
#include <lcboot/proc.h>
#include <lcboot/sys.h>

#define DELEGATE "/sys/kernel/cgroup/delegate"  /* Linux 4.15 */
#define LC_SYSFS_MAGIC 0x62656572
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

 /* The next component of a path, in buf; *path moves past it and the slashes.
    1 if there is one, 0 if not, -1 if it is too long. */

static int component (char const **path, size_t *len, char *buf)
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
  while (fd >= 0 && (r = component(&path, &len, name)) > 0)
  {
    int next = lc_cgroup_entry(fd, name, O_PATH | O_DIRECTORY) ;
    lc_close(fd) ;
    fd = next ;
  }
  if (r >= 0) return fd ;
  lc_close(fd) ;
  return -1 ;
}

static int has_file (int dirfd, char const *file)
{
  int fd = lc_cgroup_entry(dirfd, file, O_PATH) ;
  if (fd == -1) return 0 ;
  fd_close(fd) ;
  return 1 ;
}

static int read_file (int dirfd, char const *file, stralloc *sa)
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

 /* Whether word is one of list's, which sep (and the line's end) separates */

static int has_word (char const *list, char const *word, char const *sep)
{
  size_t len = strlen(word) ;
  while (*list)
  {
    size_t n = strcspn(list, sep) ;
    if (n == len && !strncmp(list, word, n)) return 1 ;
    list += n ;
    if (*list) list++ ;
  }
  return 0 ;
}

 /* What the process sees */

static int has_controller (lc_cgroup const *h, char const *controller)
{
  return !lc_cgroup_is2(h) && has_word(h->controllers, controller, ",") ;
}

 /* proc_pid_cgroup(5): number:controllers:path */

static int read_self (lc_cgroups *all)
{
  char *line = all->self.s ;
  while (*line)
  {
    lc_cgroup h = LC_CGROUP_ZERO ;
    char *next = line + strcspn(line, "\n") ;
    char *p, *q ;
    if (*next) *next++ = 0 ;
    p = strchr(line, ':') ;
    q = p ? strchr(p + 1, ':') : 0 ;
    line = next ;
    if (!q) continue ;
    *q++ = 0 ;
    h.controllers = p + 1 ;
    h.self = q ;
    if (!genalloc_append(lc_cgroup, &all->h, &h)) return 0 ;
  }
  return 1 ;
}

 /* proc_pid_mountinfo(5) writes blanks and the like as \ooo. */

static void unescape (char *s)
{
  char *to = s ;
  for (; *s ; s++)
  {
    if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7')
    {
      *to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0')) ;
      s += 3 ;
    }
    else *to++ = *s ;
  }
  *to = 0 ;
}

 /* A mount shows the cgroups below its root. Both paths count from the root of
    the cgroup namespace, and begin with /.. where they are not below that. */

static char const *under (char const *root, char const *path)
{
  size_t n = strcmp(root, "/") ? strlen(root) : 0 ;
  if (strncmp(path, root, n) || (path[n] && path[n] != '/')) return 0 ;
  path += n ;
  return strncmp(path, "/..", 3) || (path[3] && path[3] != '/') ? path : 0 ;
}

static char *word (char **line)
{
  char *s = *line ;
  char *p = s + strcspn(s, " ") ;
  if (*p) *p++ = 0 ;
  *line = p ;
  return s ;
}

static int quality (int fd, char const *current, int rdonly)
{
  return fd == -1 ? 0 : 1 + !rdonly + (current ? 2 : 0) ;
}

 /* A mount of h's: taken if it is better than what there was. It may be hidden
    by another: then its mount point is that one's. */

static void consider (lc_cgroup *h, char const *id, char const *root, char const *mountpoint)
{
  struct statvfs sfs ;
  char const *current ;
  uint64_t n ;
  int currentfd, rdonly ;
  int fd = open(mountpoint, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) ;
  if (fd == -1) return ;
  if (!lc_number_scan(id, INT_MAX, &n) || lc_proc_mnt_id(fd) != (int)n || fstatvfs(fd, &sfs) == -1) goto no ;
  rdonly = !!(sfs.f_flag & ST_RDONLY) ;
  current = under(root, h->self) ;
  if (current)
  {
    currentfd = lc_cgroup_dir(fd, current, strlen(current)) ;
    if (currentfd == -1) current = 0 ;
    lc_close(currentfd) ;
  }
  if (quality(fd, current, rdonly) <= quality(h->rootfd, h->current, h->rdonly)) goto no ;
  lc_close(h->rootfd) ;
  h->rootfd = fd ;
  h->rdonly = rdonly ;
  h->current = current ;
  h->name.len = 0 ;
  if (stralloc_cats(&h->name, mountpoint) && stralloc_0(&h->name))
  {
    h->below = --h->name.len ;
    return ;
  }
  h->rootfd = -1 ;
 no:
  fd_close(fd) ;
}

 /* Returns whether it is one of cgroups:
    id parent device root mountpoint options [fields...] - type source superoptions */

static int read_mount (lc_cgroups *all, char *line)
{
  char *rest = strstr(line, " - ") ;
  char *id, *root, *mountpoint, *type ;
  size_t i = 0 ;
  if (!rest) return 0 ;
  *rest = 0 ;
  rest += 3 ;
  type = word(&rest) ;
  if (strcmp(type, "cgroup") && strcmp(type, "cgroup2")) return 0 ;
  word(&rest) ;
  id = word(&line) ;
  word(&line) ;
  word(&line) ;
  root = word(&line) ;
  mountpoint = word(&line) ;
  unescape(root) ;
  unescape(mountpoint) ;
  for (; i < genalloc_len(lc_cgroup, &all->h) ; i++)
  {
    lc_cgroup *h = genalloc_s(lc_cgroup, &all->h) + i ;
    char first[strlen(h->controllers) + 1] ;
    size_t n = strcspn(h->controllers, ",") ;
    memcpy(first, h->controllers, n) ;
    first[n] = 0 ;
    if (type[6] ? lc_cgroup_is2(h) : !lc_cgroup_is2(h) && has_word(rest, first, ",")) consider(h, id, root, mountpoint) ;
  }
  return 1 ;
}

 /* cgroup2 in a mount that nobody else sees: its root is that of the cgroup
    namespace (cgroup_namespaces(7)). */

static int mount_own (lc_cgroup *h)
{
  lc_mountopts const o = { .attr_set = LC_ATTR_NOSUID | LC_ATTR_NODEV | LC_ATTR_NOEXEC, .data = STRALLOC_ZERO } ;
  int fd = lc_fs_make("cgroup2", "cgroup2", &o) ;
  if (fd == -1) return errno != ENOMEM ;
  h->rootfd = fd ;
  h->rdonly = 0 ;
  h->current = under("/", h->self) ;
  h->name.len = 0 ;
  if (!stralloc_cats(&h->name, "cgroup2:") || !stralloc_0(&h->name)) return 0 ;
  h->below = --h->name.len ;
  return 1 ;
}

int lc_cgroup_find (lc_cgroups *all, int own)
{
  lc_cgroup *h ;
  char *line ;
  unsigned int mounts = 0 ;
  int ok ;
  int procfd = lc_proc_open() ;
  if (procfd == -1) return 0 ;
  ok = lc_proc_slurp(procfd, 0, "mountinfo", &all->mounts) ;
  if (ok && !lc_proc_slurp(procfd, 0, "cgroup", &all->self))
    ok = errno == ENOENT && stralloc_0(&all->self) ;  /* a kernel without cgroups */
  lc_close(procfd) ;
  if (!ok || !read_self(all)) return 0 ;
  for (line = all->mounts.s ; *line ; )
  {
    char *next = line + strcspn(line, "\n") ;
    if (*next) *next++ = 0 ;
    mounts += (unsigned int)read_mount(all, line) ;
    line = next ;
  }
  h = own && !mounts ? lc_cgroup_of(all, "") : 0 ;
  return !h || mount_own(h) ;
}

void lc_cgroup_forget (lc_cgroups *all)
{
  size_t i = 0 ;
  for (; i < genalloc_len(lc_cgroup, &all->h) ; i++)
  {
    lc_cgroup *h = genalloc_s(lc_cgroup, &all->h) + i ;
    lc_close(h->rootfd) ;
    lc_close(h->fd) ;
    stralloc_free(&h->name) ;
    stralloc_free(&h->passed) ;
  }
  genalloc_free(lc_cgroup, &all->h) ;
  stralloc_free(&all->self) ;
  stralloc_free(&all->mounts) ;
}

lc_cgroup *lc_cgroup_of (lc_cgroups const *all, char const *controller)
{
  lc_cgroup *unified = 0 ;
  size_t i = 0 ;
  for (; i < genalloc_len(lc_cgroup, &all->h) ; i++)
  {
    lc_cgroup *h = genalloc_s(lc_cgroup, &all->h) + i ;
    if (has_controller(h, controller)) return h ;
    if (lc_cgroup_is2(h)) unified = h ;
  }
  return unified ;
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
    if (!read_file(fd, files[i], &sa)) break ;
    if (sa.s[0] && sa.s[0] != '\n') continue ;
    if (!read_file(parentfd, files[i], &sa)) break ;
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
  if (fd >= 0 && has_controller(h, "cpuset") && !inherit_cpuset(fd, h->fd))
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
  while ((r = component(&path, &len, name)) > 0)
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

static int is_root (int dirfd, int v2)
{
  return v2 ? !has_file(dirfd, "cgroup.events") : has_file(dirfd, "release_agent") ;
}

int lc_cgroup_is_root (lc_cgroup const *h)
{
  return is_root(h->fd, lc_cgroup_is2(h)) ;
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
  if (!read_file(dirfd, "cgroup.subtree_control", &sa)) goto end ;
  if (has_word(sa.s, controller, " \n")) { done = 1 ; goto end ; }
  if (!read_file(dirfd, "cgroup.controllers", &sa)) goto end ;
  if (!has_word(sa.s, controller, " \n")) { errno = ENOENT ; goto explained ; }
  if (!is_root(dirfd, 1))
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
  ok = read_file(h->fd, "cgroup.controllers", &sa) ;
  r = ok && has_word(sa.s, controller, " \n") ;
  stralloc_free(&sa) ;
  if (r) return 1 ;
  if (!ok) return fail_at(h, p + len, at, why) ;
  fd = fcntl(h->rootfd, F_DUPFD_CLOEXEC, 0) ;
  if (fd == -1) return fail_at(h, p, at, why) ;
  for (;;)
  {
    char const *end = p ;
    int next ;
    r = component(&p, &len, name) ;
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
  ok = read_file(fd, "cgroup.controllers", sa) ;
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
