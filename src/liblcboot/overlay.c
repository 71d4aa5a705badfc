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
#include <lcboot/stack.h>
#include <lcboot/sys.h>
#include <lcboot/userns.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

 /* The stack while it is built. Temporary mounts (each idmapped layer on itself,
    for mountinfo shows its name, and the shelf, a tmpfs on the target) are attached,
    because a user namespace cannot use a detached one as a layer, and go again when
    the overlay exists, which holds copies of them. */

static lc_stack stack = LC_STACK_ZERO ;
static int lockfd = -1 ;
static int shelffd = -1 ;
static size_t mapped = 0 ;  /* so many of the layers are temporary mounts */

static int layer (size_t i)
{
  return lc_stack_layer(&stack, i) ;
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

static int is_dir (int fd, struct stat *st)
{
  if (fstat(fd, st) == -1) return 0 ;
  return S_ISDIR(st->st_mode) || (errno = ENOTDIR, 0) ;
}

static char shelf_options[] = "mode=0700" ;

static void make_shelf (int must)
{
  lc_mountopts const o = { .data = LC_MOUNTOPTS_DATA(shelf_options) } ;
  if (lc_mount_fs(stack.targetfd, "tmpfs", "tmpfs", &o, &shelffd)) return ;
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
    int fd = !i && with_target ? fcntl(stack.targetfd, F_DUPFD_CLOEXEC, 0) : lc_apart_open(name) ;
    if (fd == -1) strerr_diefusys(111, !i && with_target ? "duplicate the descriptor of " : "open layer ", name) ;
    if (!i && with_target) lc_apart_add(fd, name, 0) ;
    if (!genalloc_append(int, &stack.layers, &fd)) dienomem() ;
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

static void check_in_use (char const *name)
{
  int r = lc_stack_is_used(&stack) ;
  if (r > 0) strerr_dief(111, "unable to use ", name, ": another overlay is mounted on it") ;
  if (r == -1) strerr_diefusys(111, "tell whether another overlay is mounted on ", name) ;
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
  stack.upperfd = openat(fd, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) ;
  if (stack.upperfd >= 0) check_in_use(cache) ;
  else if (errno != ENOENT) strerr_diefusys(111, "open upper in ", cache) ;
}

static void open_given (char const *upper, char const *work)
{
  stack.upperfd = open_dir(upper, "the upper layer ") ;
  stack.workfd = open_dir(work, "the work directory ") ;
  lc_apart_add(stack.upperfd, upper, 0) ;
  lc_apart_add(stack.workfd, work, 0) ;
  lc_apart_check() ;
  check_in_use(upper) ;
}

 /* The second half for -c and -t, when the lowest layer looks as it will. */

static void make_top (lc_overlay const *ov)
{
  char const *where = ov->cache ? ov->cache : "the tmpfs" ;
  int fd = ov->cache ? lockfd : shelffd ;
  if (stack.upperfd == -1) stack.upperfd = make_upper(fd, where) ;
  stack.workfd = make_work(fd, where) ;
}

 /* Every lower layer is replaced by a clone whose ids are mapped: an overlay
    itself cannot be (mount_setattr(2)). Overlays of those are Linux 5.19. */

static void map_layers (lc_overlay const *ov)
{
  struct lc_mount_attr attr = { .attr_set = LC_ATTR_IDMAP, .userns_fd = (uint64_t)ov->usernsfd } ;
  size_t n = genalloc_len(int, &stack.layers) ;
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
    genalloc_s(int, &stack.layers)[i] = fd ;
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
  size_t i = genalloc_len(int, &stack.layers) ;
  while (i--) lc_close_late(layer(i)) ;
  genalloc_free(int, &stack.layers) ;
  lc_close_late(stack.upperfd) ;
  lc_close_late(stack.workfd) ;
  if (lockfd >= 0) fd_close(lockfd) ;
  stack.upperfd = stack.workfd = lockfd = -1 ;
  lc_close_late(stack.targetfd) ;
  lc_apart_forget() ;
}

void lc_overlay_mount (lc_overlay *ov, int with_target)
{
  size_t n = genalloc_len(char const *, &ov->lower) ;
  struct stat target ;
  int mfd ;
  if (!n) strerr_dief(100, "no layer: with -n at least one -l is needed") ;
  if (n > LC_OVERLAY_LAYERS) strerr_dief(100, "more than the 500 layers that the kernel takes") ;
  if (n < 2 && !ov->cache && !ov->upper && !ov->ephemeral)
    strerr_dief(100, "a read-only overlay wants two layers at least: for one, bind it (lc-mountfs -o bind,ro)") ;
  stack.targetfd = lc_inroot_open(ov->rootfd, ov->target, 0) ;
  if (stack.targetfd == -1 || !is_dir(stack.targetfd, &target)) strerr_diefusys(111, "open ", ov->target) ;
  open_layers(ov, with_target) ;
  if (ov->cache) open_cache(ov->cache) ;
  else if (ov->upper) open_given(ov->upper, ov->work) ;
  else lc_apart_check() ;
  if (ov->ephemeral || (ov->usernsfd >= 0 && n > 1)) make_shelf(ov->ephemeral) ;
  if (ov->usernsfd >= 0) map_layers(ov) ;
  if (ov->cache || ov->ephemeral) make_top(ov) ;
  add_options(&ov->o) ;
  stack.covered = mapped || shelffd >= 0 ;
  mfd = lc_stack_make(&stack, &ov->o) ;
  if (mfd == -1)
  {
    char const *log = lc_attach_log() ;
    char const *why = *log ? "" : likely() ;
    die("mount an overlay on ", ov->target, why, log) ;
  }
  if (mfd >= 0)
  {
    drop_temporaries() ;
    if (!lc_tree_attach(mfd, stack.targetfd)) strerr_diefusys(111, "attach the overlay to ", ov->target) ;
    fd_close(mfd) ;
  }
  lc_warn_covered(&target, ov->target) ;
  close_all() ;
}
