/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <dirent.h>
#include <fnmatch.h>
#include <regex.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/attach.h>
#include <lcboot/dev.h>
#include <lcboot/fd.h>
#include <lcboot/inroot.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

 /* Linux' Documentation/admin-guide/devices.txt */

static struct { char const *name ; unsigned int major ; unsigned int minor ; } const nodes[] =
{
  { "null", 1, 3 },
  { "zero", 1, 5 },
  { "full", 1, 7 },
  { "random", 1, 8 },
  { "urandom", 1, 9 },
  { "tty", 5, 0 }
} ;

static struct { char const *name ; char const *target ; } const links[] =
{
  { "fd", "/proc/self/fd" },
  { "stdin", "/proc/self/fd/0" },
  { "stdout", "/proc/self/fd/1" },
  { "stderr", "/proc/self/fd/2" },
  { "ptmx", "pts/ptmx" }
} ;

 /* fallback: for where the first options are refused, those but the last (gid 5
    that is not mapped). A devpts is a new one, a tmpfs of mode 1777, unasked. */

static char pts_options[] = "ptmxmode=0666\0mode=0620\0gid=5" ;

static struct { char const *name ; char const *type ; mode_t mode ; lc_mountopts o ; size_t fallback ; } const mounts[] =
{
  { "pts", "devpts", 0755,
    { .attr_set = LC_ATTR_NOSUID | LC_ATTR_NOEXEC, .data = LC_MOUNTOPTS_DATA(pts_options) },
    sizeof(pts_options) - sizeof("gid=5") },
  { "shm", "tmpfs", 01777, { .attr_set = LC_ATTR_NOSUID | LC_ATTR_NODEV | LC_ATTR_NOEXEC }, 0 },
  { "mqueue", "mqueue", 0755, { .attr_set = LC_ATTR_NOSUID | LC_ATTR_NODEV | LC_ATTR_NOEXEC }, 0 }
} ;

#define N(a) (sizeof(a) / sizeof((a)[0]))

static int mfd ;     /* the new /dev */
static int curfd ;   /* the current one */

static void die_undone (char const *verb, char const *what) gccattr_noreturn ;

static void die_undone (char const *verb, char const *what)
{
  int e = errno ;
  lc_tree_detach(mfd) ;
  errno = e ;
  strerr_diefusys(111, verb, what, lc_attach_log()) ;
}

 /* An empty file to bind a node on */

static int placeholder (int dirfd, char const *name)
{
  return openat(dirfd, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0) ;
}

static int bind_on (int dirfd, char const *name, int srcfd, int rec)
{
  lc_mountopts const o = { .what = rec ? LC_OPT_BIND | LC_OPT_REC : LC_OPT_BIND } ;
  int ok ;
  int fd = rec ? lc_inroot_entry(dirfd, name) : placeholder(dirfd, name) ;
  if (fd == -1) return 0 ;
  ok = lc_mount_bind(fd, srcfd, &o, 0) ;
  lc_close_late(fd) ;
  if (!ok)
  {
    int e = errno ;
    unlinkat(dirfd, name, rec ? AT_REMOVEDIR : 0) ;
    errno = e ;
  }
  return ok ;
}

 /* A node of the current /dev, if it is the device that its name promises. */

static void bind_node (char const *name, dev_t rdev)
{
  struct stat st ;
  int fd = lc_inroot_entry(curfd, name) ;
  if (fd == -1)
  {
    lc_say(name, " is left out: the current /dev has none") ;
    return ;
  }
  if (fstat(fd, &st) == -1 || !S_ISCHR(st.st_mode) || st.st_rdev != rdev) lc_say(name, " is left out: the current one is not that device") ;
  else if (!bind_on(mfd, name, fd, 0)) die_undone("bind the current /dev/", name) ;
  lc_close_late(fd) ;
}

 /* mknod(2) is refused in a user namespace or by a seccomp filter, all of it: after
    the first node it is not asked again. A device cgroup can refuse single ones.
    Returns the nodes that are not there, bit i for nodes[i]. */

static unsigned int make_nodes (void)
{
  unsigned int refused = 0 ;
  unsigned int i = 0 ;
  for (; i < N(nodes) ; i++)
    if (refused & 1 || mknodat(mfd, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) == -1)
    {
      if (!(refused & 1) && !lc_hidden(errno)) die_undone("make the node ", nodes[i].name) ;
      refused |= 1U << i ;
    }
  return refused ;
}

static void make_entries (void)
{
  unsigned int i = 0 ;
  for (; i < N(links) ; i++)
    if (symlinkat(links[i].target, mfd, links[i].name) == -1) die_undone("make the link ", links[i].name) ;
  for (i = 0 ; i < N(mounts) ; i++)
    if (mkdirat(mfd, mounts[i].name, mounts[i].mode) == -1) die_undone("make the directory ", mounts[i].name) ;
}

 /* On an entry of the new /dev, by name: mount(2) wants it opened. */

static int mount_on (char const *name, char const *type, lc_mountopts const *o)
{
  int fd = lc_fs_make(type, type, o) ;
  int ok = fd >= 0 && lc_tree_attach_entry(fd, mfd, name) ;
  lc_close_late(fd) ;
  if (ok || !lc_hidden(errno)) return ok ;
  fd = lc_inroot_entry(mfd, name) ;
  ok = fd >= 0 && lc_mount_fs(fd, type, type, o, 0) ;
  lc_close(fd) ;
  return ok ;
}

static void mount_entries (void)
{
  unsigned int i = 0 ;
  for (; i < N(mounts) ; i++)
  {
    lc_mountopts o = mounts[i].o ;
    int srcfd ;
    if (mount_on(mounts[i].name, mounts[i].type, &o)) continue ;
    if (errno == EINVAL && mounts[i].fallback)
    {
      o.data.len = mounts[i].fallback ;
      if (mount_on(mounts[i].name, mounts[i].type, &o)) continue ;
    }
    if (errno != EPERM && errno != ENODEV && errno != EACCES) die_undone("mount ", mounts[i].name) ;
    srcfd = lc_inroot_entry(curfd, mounts[i].name) ;
    if (srcfd >= 0 && lc_is_mountpoint(srcfd, curfd) == 1 && bind_on(mfd, mounts[i].name, srcfd, 1))
      lc_say(mounts[i].name, " is bound from the current /dev: a new one was refused") ;
    else lc_say(mounts[i].name, " is left out: it was refused") ;
    if (srcfd >= 0) fd_close(srcfd) ;
  }
}

 /* The rest of the current /dev */

static int is_excluded (lc_dev const *dev, char const *name)
{
  size_t i = 0 ;
  for (; i < genalloc_len(char const *, &dev->globs) ; i++)
    if (!fnmatch(genalloc_s(char const *, &dev->globs)[i], name, FNM_PATHNAME)) return 1 ;
  for (i = 0 ; i < genalloc_len(regex_t, &dev->regexes) ; i++)
    if (!regexec(genalloc_s(regex_t, &dev->regexes) + i, name, 0, 0, 0)) return 1 ;
  return 0 ;
}

static int is_standard (lc_dev const *dev, char const *path)
{
  unsigned int i = 0 ;
  for (; i < N(nodes) ; i++) if (!strcmp(nodes[i].name, path)) return 1 ;
  return dev->terminal && !strcmp(path, "console") ;
}

 /* Never a failed boot: what cannot be bound here is left out. */

static void bind_rest (int todir, char const *name, int fd, int rec, char const *path)
{
  int ok = bind_on(todir, name, fd, rec) ;
  lc_close_late_now() ;  /* there may be many */
  if (ok) return ;
  if (errno != EPERM && errno != EINVAL && errno != EACCES) die_undone("bind the current /dev/", path) ;
  lc_say(path, " is left out: it was refused") ;
}

static void copy_link (int fd, int todir, char const *name)
{
  char target[4096] ;
  ssize_t r = readlinkat(fd, "", target, sizeof(target) - 1) ;
  if (r > 0) target[r] = 0 ;
  if (r <= 0 || symlinkat(target, todir, name) == -1) die_undone("copy the link ", name) ;
}

static void copy_all (lc_dev const *dev, int fromfd, int todir, stralloc *path) ;

static void copy_dir (lc_dev const *dev, int fd, int todir, stralloc *path, char const *name, struct stat const *st)
{
  int sub, from ;
  if (mkdirat(todir, name, 0755) == -1) die_undone("make the directory ", name) ;
   /* a mount is bound as a whole, unless something in it might be excluded */
  if (!dev->globs.len && !dev->regexes.len && lc_is_mountpoint(fd, -1) == 1)
  {
    bind_rest(todir, name, fd, 1, path->s) ;
    return ;
  }
  sub = openat(todir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) ;
  if (sub == -1 || fchmod(sub, st->st_mode & 07777) == -1) die_undone("open the directory ", name) ;
  from = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) ;
  if (from == -1) die_undone("read the current /dev/", name) ;
  if (!stralloc_append(path, '/')) dienomem() ;
  copy_all(dev, from, sub, path) ;
  fd_close(sub) ;
}

 /* One entry, unless it is there already, or was left out because it is not what
    its name says. path is its name below /dev. */

static void copy_entry (lc_dev const *dev, int fromfd, int todir, stralloc *path, char const *name)
{
  struct stat st ;
  int fd ;
  if (is_standard(dev, path->s) || !fstatat(todir, name, &st, AT_SYMLINK_NOFOLLOW)) return ;
  if (is_excluded(dev, path->s))
  {
    lc_say(path->s, " is excluded") ;
    return ;
  }
  fd = lc_inroot_entry(fromfd, name) ;
  if (fd == -1) return ;  /* it has gone meanwhile */
  if (fstat(fd, &st) == -1) die_undone("look at the current /dev/", path->s) ;
  path->len-- ;
  if (S_ISLNK(st.st_mode)) copy_link(fd, todir, name) ;
  else if (S_ISDIR(st.st_mode)) copy_dir(dev, fd, todir, path, name, &st) ;
  else bind_rest(todir, name, fd, 0, path->s) ;
  fd_close(fd) ;
}

 /* Closes fromfd. path ends with a slash, or is empty. */

static void copy_all (lc_dev const *dev, int fromfd, int todir, stralloc *path)
{
  size_t base = path->len ;
  DIR *dir = fdopendir(fromfd) ;
  if (!dir) die_undone("read the current ", "/dev") ;
  for (;;)
  {
    struct dirent *d ;
    errno = 0 ;
    d = readdir(dir) ;
    if (!d) break ;
    if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..")) continue ;
    path->len = base ;
    if (!stralloc_cats(path, d->d_name) || !stralloc_0(path)) dienomem() ;
    copy_entry(dev, dirfd(dir), todir, path, d->d_name) ;
  }
  if (errno) die_undone("read the current ", "/dev") ;
  closedir(dir) ;
}

 /* A console is /dev/console's own device, a terminal of the machine or what an
    engine has bound there: a pseudo-terminal. The majors are those of
    devices.txt. */

static int is_terminal (dev_t rdev)
{
  unsigned int m = major(rdev) ;
  return m == 4 || m == 5 || (m >= 136 && m <= 143) || m == 204 || m == 229 ;
}

static void bind_current_console (void)
{
  struct stat st ;
  int fd = lc_inroot_entry(curfd, "console") ;
  if (fd == -1) return ;
  if (fstat(fd, &st) == -1 || !S_ISCHR(st.st_mode) || !is_terminal(st.st_rdev)) lc_say("console is left out: the current one is no terminal") ;
  else if (!bind_on(mfd, "console", fd, 0)) die_undone("bind the current /dev/", "console") ;
  lc_close_late(fd) ;
}

 /* The terminal at descriptor 0, 1 or 2, O_PATH, or -1. Such a descriptor may
    belong to another mount namespace, whose mounts cannot be bound here: it is
    looked up by its name, and must be the same file. */

static int open_terminal (void)
{
  char name[64] ;
  struct stat st, ours ;
  int from = 0 ;
  int fd ;
  while (from < 3 && !isatty(from)) from++ ;
  if (from == 3)
  {
    lc_say("console is left out: no terminal is at descriptor 0, 1 or 2") ;
    return -1 ;
  }
  fd = ttyname_r(from, name, sizeof(name)) ? -1 : open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC) ;
  if (fd >= 0)
  {
    if (!fstat(from, &ours) && !fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_dev == ours.st_dev && st.st_ino == ours.st_ino) return fd ;
    fd_close(fd) ;
  }
  lc_say("console is left out: the terminal has no name here") ;
  return -1 ;
}

static void bind_terminal (int fd)
{
  if (fd == -1) return ;
  if (!bind_on(mfd, "console", fd, 0)) die_undone("bind ", "the terminal as the console") ;
  lc_say("console is the terminal") ;
  fd_close(fd) ;
}

 /* The tmpfs with all that is no mount: detached while it is filled, where that
    can be. Returns the nodes that are not there. */

static unsigned int make_dev (lc_dev const *dev, int targetfd, char const *target)
{
  unsigned int refused ;
  mfd = lc_fs_make("tmpfs", "dev", &dev->o) ;
  if (mfd >= 0)
  {
    refused = make_nodes() ;
    make_entries() ;
    if (lc_tree_attach(mfd, targetfd)) return refused ;
    lc_close(mfd) ;
  }
  if (!lc_hidden(errno) || !lc_mount_fs(targetfd, "tmpfs", "dev", &dev->o, &mfd))
    strerr_diefusys(111, "mount a tmpfs on ", target,
      errno == EPERM ? " (not privileged in this mount namespace: lc-unshare -m makes a new one)" : "", lc_attach_log()) ;
  refused = make_nodes() ;
  make_entries() ;
  return refused ;
}

void lc_dev_mount (lc_dev const *dev, char const *target)
{
  mode_t mask = umask(0) ;
  struct stat st ;
  unsigned int refused ;
  unsigned int i = 0 ;
  int terminalfd = dev->terminal ? open_terminal() : -1 ;
  int targetfd ;
  curfd = lc_root_open("/dev") ;
  if (curfd == -1) strerr_diefusys(111, "open the current /dev") ;
  targetfd = lc_inroot_open(dev->rootfd, target, dev->rootfd == AT_FDCWD ? 0 : LC_INROOT_NOSYMLINKS) ;
  if (targetfd == -1)
    strerr_diefusys(111, "open ", target, dev->rootfd == AT_FDCWD ? "" : " in the root",
      errno == ELOOP ? " (a symbolic link: a guest's /dev must be a directory)" : "") ;
  if (fstat(targetfd, &st) == -1) strerr_diefusys(111, "stat ", target) ;
  if (!S_ISDIR(st.st_mode))
  {
    errno = ENOTDIR ;
    strerr_diefusys(111, "mount a /dev on ", target) ;
  }
  refused = make_dev(dev, targetfd, target) ;

   /* mounts within it can be made only now */
  for (; i < N(nodes) ; i++)
    if (refused & 1U << i) bind_node(nodes[i].name, makedev(nodes[i].major, nodes[i].minor)) ;
  mount_entries() ;
  if (dev->terminal) bind_terminal(terminalfd) ;
  else bind_current_console() ;
  if (dev->all)
  {
    stralloc path = STRALLOC_ZERO ;
    int fd ;
    lc_close_late_now() ;
    fd = openat(curfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) ;
    if (fd == -1) die_undone("read the current ", "/dev") ;
    copy_all(dev, fd, mfd, &path) ;
    stralloc_free(&path) ;
  }
  lc_close_late(mfd) ;
  lc_close_late(targetfd) ;
  lc_close_late(curfd) ;
  umask(mask) ;
}
