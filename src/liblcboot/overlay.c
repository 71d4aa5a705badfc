/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <stdio.h>   /* renameat */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/gccattributes.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/apart.h>
#include <lcboot/attach.h>
#include <lcboot/fd.h>
#include <lcboot/inroot.h>
#include <lcboot/overlay.h>
#include <lcboot/proc.h>
#include <lcboot/sys.h>
#include <lcboot/userns.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

 /* The stack while it is built. Temporary mounts (each idmapped layer on itself,
    for mountinfo shows its name, and the shelf, a tmpfs on the target) are attached,
    because a user namespace cannot use a detached one as a layer, and go again when
    the overlay exists, which holds copies of them. */

static int targetfd ;
static int upperfd = -1 ;
static int workfd = -1 ;
static int lockfd = -1 ;
static int shelffd = -1 ;
static genalloc layers = GENALLOC_ZERO ;  /* int, the lowest first */
static size_t mapped = 0 ;                /* so many of them are temporary mounts */

static int layer (size_t i)
{
  return genalloc_s(int, &layers)[i] ;
}

 /* Every unmount, of one mount or of a tree, waits for a grace period of the kernel:
    the layers are moved to directories of the shelf, and go with it. */

static void drop_temporaries (void)
{
  int e = errno ;
  for (; mapped ; mapped--)
  {
    char name[UINT_FMT] ;
    int fd = layer(mapped - 1) ;
    name[uint_fmt(name, (unsigned int)mapped)] = 0 ;
    if (shelffd == -1 || mkdirat(shelffd, name, 0700) == -1 || !lc_tree_attach_entry(fd, shelffd, name)) lc_tree_detach(fd) ;
  }
  if (shelffd >= 0)
  {
    lc_tree_detach(shelffd) ;
    fd_close(shelffd) ;
    shelffd = -1 ;
  }
  errno = e ;
}

 /* Every failure once something may be mounted */

#define die(...) do { drop_temporaries() ; strerr_diefusys(111, __VA_ARGS__) ; } while (0)

static int is_dir (int fd)
{
  struct stat st ;
  if (fstat(fd, &st) == -1) return 0 ;
  return S_ISDIR(st.st_mode) || (errno = ENOTDIR, 0) ;
}

static char shelf_options[] = "mode=0700" ;

static void make_shelf (int must)
{
  lc_mountopts const o = { .data = LC_MOUNTOPTS_DATA(shelf_options) } ;
  if (lc_mount_fs(targetfd, "tmpfs", "tmpfs", &o, &shelffd)) return ;
  shelffd = -1 ;
  if (must) die("mount a tmpfs for the upper layer", lc_attach_log()) ;
}

static int open_dir (char const *name, char const *what)
{
  int fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC) ;
  if (fd == -1) strerr_diefusys(111, "open ", what, name) ;
  return fd ;
}

static void open_layers (lc_overlay const *ov, int with_target)
{
  size_t n = genalloc_len(char const *, &ov->lower) ;
  size_t i = 0 ;
  for (; i < n ; i++)
  {
    char const *name = genalloc_s(char const *, &ov->lower)[i] ;
    int fd = !i && with_target ? fcntl(targetfd, F_DUPFD_CLOEXEC, 0) : lc_apart_open(name) ;
    if (fd == -1) strerr_diefusys(111, !i && with_target ? "duplicate the descriptor of " : "open layer ", name) ;
    if (!i && with_target) lc_apart_add(fd, name, 0) ;
    if (!genalloc_append(int, &layers, &fd)) dienomem() ;
  }
}

 /* The upper layer's directory gets the mode and owner of the lowest one's when
    it is born, and its name only then. */

static int make_upper (int dirfd, char const *where)
{
  struct stat st ;
  int fd ;
  if (fstat(layer(0), &st) == -1) die("look at the lowest layer") ;
  if (mkdirat(dirfd, "upper.new", 0700) == -1 && errno != EEXIST) die("make a directory in ", where) ;
  if (fchownat(dirfd, "upper.new", st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) == -1 && errno != EINVAL)
    die("give upper in ", where, " the owner of the lowest layer") ;
  fd = openat(dirfd, "upper.new", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) ;
  if (fd == -1 || fchmod(fd, st.st_mode & 07777) == -1) die("give upper in ", where, " the mode of the lowest layer") ;
  if (renameat(dirfd, "upper.new", dirfd, "upper") == -1) die("name upper in ", where) ;
  return fd ;
}

static int make_work (int dirfd, char const *where)
{
  int fd ;
  int isnew = !mkdirat(dirfd, "work", 0700) ;
  if (!isnew && errno != EEXIST) die("make work in ", where) ;
  fd = openat(dirfd, "work", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) ;
  if (fd == -1) die("open work in ", where) ;
  if (!isnew && !lc_inroot_empty(fd)) die("empty work in ", where) ;
  return fd ;
}

static int by_name (lc_mountopts const *plain) ;

 /* What SET_FD gives before Linux 6.13: EOPNOTSUPP before 6.5, then EINVAL */

static int wants_names (int e)
{
  return e == EINVAL || e == EOPNOTSUPP ;
}

 /* Whether an overlay, in whatever mount namespace, lives on that upper layer:
    only the kernel knows. With index=on it says EBUSY; else it goes on to find
    that a work directory cannot be the upper one, EINVAL, having changed nothing
    (ovl_get_upper comes before ovl_get_workdir). */

static int probe (void)
{
  static char const *const keys[3] = { "lowerdir+", "upperdir", "workdir" } ;
  char s[LC_FDPATH_MAX] ;
  int e, r = 0 ;
  unsigned int i = 0 ;
  int fsfd = lc_fsopen("overlay", FSOPEN_CLOEXEC) ;
  if (fsfd == -1) return -1 ;
  for (; i < 3 && !r ; i++)
  {
    int fd = i ? upperfd : layer(0) ;
    r = lc_fsconfig(fsfd, LC_FSCONFIG_SET_FD, keys[i], 0, fd) ;
    if (r == -1 && wants_names(errno))
      r = lc_fsconfig(fsfd, LC_FSCONFIG_SET_STRING, i ? keys[i] : "lowerdir", lc_fdpath(s, fd), 0) ;
  }
  if (!r) r = lc_fsconfig(fsfd, LC_FSCONFIG_SET_STRING, "index", "on", 0) ;
  if (!r) r = lc_fsconfig(fsfd, LC_FSCONFIG_CMD_CREATE, 0, 0, 0) ;
  e = errno ;
  fd_close(fsfd) ;
  errno = e ;
  return r ;
}

static int probe_by_name (void)
{
  lc_mountopts o = LC_MOUNTOPTS_ZERO ;
  int given = workfd ;
  int r ;
  lc_mountopts_scan(&o, "index=on") ;
  workfd = upperfd ;
  r = by_name(&o) ;
  workfd = given ;
  stralloc_free(&o.data) ;
  return r ;
}

static void check_in_use (char const *name)
{
  int r = probe() ;
  if (r == -1 && lc_hidden(errno)) r = probe_by_name() ;
  if (r != -1 || errno == EINVAL) return ;
  if (errno == EBUSY) strerr_dief(111, "unable to use ", name, ": another overlay is mounted on it") ;
  strerr_diefusys(111, "tell whether another overlay is mounted on ", name) ;
}

 /* The cache is locked while it is prepared; afterwards the mount itself says
    that it is in use. The lock goes with the descriptor. */

static void open_cache (char const *cache)
{
  stralloc parent = STRALLOC_ZERO ;
  int fd = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC) ;
  if (fd >= 0)
  {
    lc_apart_add(fd, cache, "upper") ;
    lc_apart_add(fd, cache, "work") ;
  }
  else
  {
    stralloc base = STRALLOC_ZERO ;
    int dirfd ;
    if (errno != ENOENT) strerr_diefusys(111, "open the cache ", cache) ;
    if (!sadirname(&parent, cache, strlen(cache)) || !stralloc_0(&parent)
     || !sabasename(&base, cache, strlen(cache)) || !stralloc_0(&base)) dienomem() ;
    dirfd = open_dir(parent.s, "the parent of the cache, ") ;
    lc_apart_add(dirfd, cache, base.s) ;
    lc_apart_check() ;
    if (mkdirat(dirfd, base.s, 0700) == -1) strerr_diefusys(111, "make the cache ", cache) ;
    fd = openat(dirfd, base.s, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) ;
    if (fd == -1) strerr_diefusys(111, "open the cache ", cache) ;
    fd_close(dirfd) ;
    stralloc_free(&base) ;
    stralloc_free(&parent) ;
  }
  lc_apart_check() ;
  if (flock(fd, LOCK_EX | LOCK_NB) == -1)
    strerr_diefusys(111, "lock the cache ", cache, errno == EWOULDBLOCK ? " (another lc-overlay is preparing it)" : "") ;
  lockfd = fd ;
  upperfd = openat(fd, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) ;
  if (upperfd >= 0) check_in_use(cache) ;
  else if (errno != ENOENT) strerr_diefusys(111, "open upper in ", cache) ;
}

static void open_given (char const *upper, char const *work)
{
  upperfd = open_dir(upper, "the upper layer ") ;
  workfd = open_dir(work, "the work directory ") ;
  lc_apart_add(upperfd, upper, 0) ;
  lc_apart_add(workfd, work, 0) ;
  lc_apart_check() ;
  check_in_use(upper) ;
}

 /* The second half for -c and -t, when the lowest layer looks as it will. */

static void make_top (lc_overlay const *ov)
{
  char const *where = ov->cache ? ov->cache : "the tmpfs" ;
  int fd = ov->cache ? lockfd : shelffd ;
  if (upperfd == -1) upperfd = make_upper(fd, where) ;
  workfd = make_work(fd, where) ;
}

 /* Every lower layer is replaced by a clone whose ids are mapped: an overlay
    itself cannot be (mount_setattr(2)). Overlays of those are Linux 5.19. */

static void map_layers (lc_overlay const *ov)
{
  struct lc_mount_attr attr = { .attr_set = LC_ATTR_IDMAP, .userns_fd = (uint64_t)ov->usernsfd } ;
  size_t n = genalloc_len(int, &layers) ;
  size_t i = 0 ;
  for (; i < n ; i++)
  {
    char const *name = genalloc_s(char const *, &ov->lower)[i] ;
    int fd = lc_tree_clone(layer(i), 0) ;
    if (fd == -1 && errno == ENOSYS)
    {
      drop_temporaries() ;
      strerr_dief(111, "unable to map the ids of the layer ", name, ": no mount_setattr: it needs Linux 5.12, or a seccomp filter hides it") ;
    }
    if (fd == -1) die("clone the layer ", name) ;
    if (lc_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) == -1)
    {
      stralloc type = STRALLOC_ZERO ;
      int e = errno ;
      if (!lc_proc_fstype(layer(i), &type) && (!stralloc_copys(&type, "unknown") || !stralloc_0(&type))) dienomem() ;
      errno = e ;
      die("map the ids of the layer ", name, " (file system: ", type.s, ")") ;
    }
    if (!lc_tree_attach(fd, layer(i))) die("attach the idmapped layer ", name) ;
    fd_close(layer(i)) ;
    genalloc_s(int, &layers)[i] = fd ;
    mapped++ ;
  }
}

 /* What a layer that strangers made could say in its extended attributes is not
    believed (CVE-2021-3493, CVE-2023-0386), unless the user says otherwise. */

static void add_options (lc_mountopts *o)
{
  int copies = lc_mountopts_is(o, "metacopy=on") || lc_mountopts_is(o, "verity=on") || lc_mountopts_is(o, "verity=require") ;
  if (!copies && !lc_mountopts_has(o, "redirect_dir")) lc_mountopts_scan(o, "redirect_dir=nofollow") ;
  if (!copies && !lc_mountopts_has(o, "metacopy")) lc_mountopts_scan(o, "metacopy=off") ;
  if (!lc_mountopts_has(o, "userxattr") && lc_userns_inside()) lc_mountopts_scan(o, "userxattr") ;
}

 /* The layers, upper and work by descriptor: SET_FD takes O_PATH descriptors
    for all three keys since Linux 6.13, so any name will do. */

static int by_fd (lc_mountopts const *o)
{
  size_t i = genalloc_len(int, &layers) ;
  int fsfd = lc_fs_open("overlay", "overlay") ;
  if (fsfd == -1) return -1 ;
  while (i--)
    if (lc_fsconfig(fsfd, LC_FSCONFIG_SET_FD, "lowerdir+", 0, layer(i)) == -1) return lc_fs_abandon(fsfd) ;
  if (upperfd >= 0
   && (lc_fsconfig(fsfd, LC_FSCONFIG_SET_FD, "upperdir", 0, upperfd) == -1
    || lc_fsconfig(fsfd, LC_FSCONFIG_SET_FD, "workdir", 0, workfd) == -1)) return lc_fs_abandon(fsfd) ;
  return lc_fs_finish(fsfd, o) ;
}

 /* Before, by name: the names of the descriptors, relative to /proc/self/fd, so
    that nothing in them is special and 500 of them fit into a page. */

static void add_key (stralloc *sa, char const *key, int fd, char sep)
{
  char fmt[UINT_FMT] ;
  size_t n = uint_fmt(fmt, (unsigned int)fd) ;
  if ((key && !stralloc_cats(sa, key)) || !stralloc_catb(sa, fmt, n) || (sep && !stralloc_append(sa, sep))) dienomem() ;
}

static void name_layers (lc_mountopts *o, lc_mountopts const *plain)
{
  size_t i = genalloc_len(int, &layers) ;
  *o = *plain ;
  o->data.s = 0 ;
  o->data.len = o->data.a = 0 ;
  if (!stralloc_cats(&o->data, "lowerdir=")) dienomem() ;
  while (i--) add_key(&o->data, 0, layer(i), i ? ':' : 0) ;
  if (!stralloc_0(&o->data)) dienomem() ;
  if (upperfd >= 0)
  {
    add_key(&o->data, "upperdir=", upperfd, 0) ;
    if (!stralloc_0(&o->data)) dienomem() ;
    add_key(&o->data, "workdir=", workfd, 0) ;
    if (!stralloc_0(&o->data)) dienomem() ;
  }
  if (!stralloc_catb(&o->data, plain->data.s, plain->data.len)) dienomem() ;
}

 /* mount(2) attaches at once, above the temporary mounts; a clone of the overlay
    outlives them. Where there is no clone to be had they stay, hidden. */

static int by_old_mount (lc_mountopts const *o)
{
  int fd, clone ;
  if (!lc_mount_fs(targetfd, "overlay", "overlay", o, &fd)) return -1 ;
  if (!mapped && shelffd == -1)
  {
    fd_close(fd) ;
    return -2 ;
  }
  clone = lc_tree_clone(fd, 0) ;
  if (clone >= 0) lc_tree_detach(fd) ;  /* it, and not what it lies on, is what umount2(2) finds there */
  fd_close(fd) ;
  return clone >= 0 ? clone : -2 ;
}

 /* Returns the overlay, detached, -2 if it is attached already, -1 on failure. */

static int by_name (lc_mountopts const *plain)
{
  lc_mountopts o ;
  int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC) ;
  int mfd = -1 ;
  name_layers(&o, plain) ;
  if (cwd >= 0 && !chdir("/proc/self/fd"))
  {
    int e ;
    if (!lc_fs_is_long(&o)) mfd = lc_fs_make("overlay", "overlay", &o) ;
    else errno = ENOSYS ;
    if (mfd == -1 && lc_hidden(errno)) mfd = by_old_mount(&o) ;
    e = errno ;
    if (fchdir(cwd) == -1) die("go back to the working directory") ;
    errno = e ;
  }
  stralloc_free(&o.data) ;
  lc_close(cwd) ;
  return mfd ;
}

static char const *likely (void)
{
  switch (errno)
  {
    case EPERM : return " (not privileged in this mount namespace, or a kernel before 5.11 in a user namespace)" ;
    case ELOOP : return " (layers that overlap)" ;
    case EBUSY : return " (the upper layer or the work directory is in use by another overlay)" ;
    case ENODEV : return " (this kernel has no overlay)" ;
    case EINVAL : return " (upper and work must be on one mount of a file system that can hold them; the kernel's log may say more)" ;
    default : return "" ;
  }
}

static void close_all (void)
{
  size_t i = genalloc_len(int, &layers) ;
  while (i--) fd_close(layer(i)) ;
  genalloc_free(int, &layers) ;
  if (upperfd >= 0) fd_close(upperfd) ;
  if (workfd >= 0) fd_close(workfd) ;
  if (lockfd >= 0) fd_close(lockfd) ;
  upperfd = workfd = lockfd = -1 ;
  fd_close(targetfd) ;
  lc_apart_forget() ;
}

void lc_overlay_mount (lc_overlay *ov, int with_target)
{
  size_t n = genalloc_len(char const *, &ov->lower) ;
  int mfd ;
  if (!n) strerr_dief(100, "no layer: with -n at least one -l is needed") ;
  if (n > LC_OVERLAY_LAYERS) strerr_dief(100, "more than the 500 layers that the kernel takes") ;
  if (n < 2 && !ov->cache && !ov->upper && !ov->ephemeral)
    strerr_dief(100, "a read-only overlay wants two layers at least: for one, bind it (lc-mountfs -o bind,ro)") ;
  targetfd = lc_inroot_open(ov->rootfd, ov->target, 0) ;
  if (targetfd == -1 || !is_dir(targetfd)) strerr_diefusys(111, "open ", ov->target) ;
  open_layers(ov, with_target) ;
  if (ov->cache) open_cache(ov->cache) ;
  else if (ov->upper) open_given(ov->upper, ov->work) ;
  else lc_apart_check() ;
  if (ov->ephemeral || (ov->usernsfd >= 0 && n > 1)) make_shelf(ov->ephemeral) ;
  if (ov->usernsfd >= 0) map_layers(ov) ;
  if (ov->cache || ov->ephemeral) make_top(ov) ;
  add_options(&ov->o) ;
  mfd = by_fd(&ov->o) ;
  if (mfd == -1 && (wants_names(errno) || lc_hidden(errno) || lc_fs_is_long(&ov->o))) mfd = by_name(&ov->o) ;
  if (mfd == -1)
  {
    char const *log = lc_attach_log() ;
    char const *why = *log ? "" : likely() ;
    die("mount an overlay on ", ov->target, why, log) ;
  }
  if (mfd >= 0)
  {
    drop_temporaries() ;
    if (!lc_tree_attach(mfd, targetfd)) strerr_diefusys(111, "attach the overlay to ", ov->target) ;
    fd_close(mfd) ;
  }
  lc_warn_covered(targetfd, ov->target) ;
  close_all() ;
}
