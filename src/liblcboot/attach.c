/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/attach.h>
#include <lcboot/fd.h>
#include <lcboot/oldmount.h>
#include <lcboot/proc.h>
#include <lcboot/sys.h>

#define FSCONFIG_VALUE_MAX 256  /* fsconfig(2): longer strings are EINVAL */

 /* What the kernel said. A context's messages are read one by one, each begins
    with its severity and a space: "e erofs: cannot find valid superblock". */

static stralloc kernel_log = STRALLOC_ZERO ;

static void log_read (int fsfd)
{
  char buf[512] ;
  int e = errno ;
  kernel_log.len = 0 ;
  for (;;)
  {
    ssize_t r = read(fsfd, buf, sizeof(buf)) ;
    if (r <= 0) break ;
    while (r && buf[r-1] == '\n') r-- ;
    if (r < 2 || buf[0] != 'e') continue ;
    if (!stralloc_cats(&kernel_log, kernel_log.len ? "; " : ": kernel: ")
     || !stralloc_catb(&kernel_log, buf + 2, (size_t)(r - 2))) { kernel_log.len = 0 ; break ; }
  }
  errno = e ;
}

char const *lc_attach_log (void)
{
  if (!kernel_log.len || !stralloc_0(&kernel_log)) return "" ;
  kernel_log.len = 0 ;
  return kernel_log.s ;
}

int lc_is_mountpoint (int fd, int parentfd)
{
  struct lc_statx stx ;
  if (!lc_statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, 0, &stx) && stx.attributes_mask & LC_STATX_ATTR_MOUNT_ROOT)
    return !!(stx.attributes & LC_STATX_ATTR_MOUNT_ROOT) ;
  {
    int own = lc_proc_mnt_id(fd) ;
    int up = parentfd >= 0 ? parentfd : openat(fd, "..", O_PATH | O_CLOEXEC) ;
    int id = up >= 0 ? lc_proc_mnt_id(up) : -1 ;
    if (up >= 0 && up != parentfd) lc_close(up) ;
    return own == -1 || id == -1 ? -1 : own != id ;
  }
}

 /* Detached mounts */

static int clone_tree (int fd, unsigned int rec, struct lc_mount_attr const *attr)
{
  int mfd = lc_open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | rec) ;
  if (mfd >= 0 && lc_mount_setattr(mfd, "", AT_EMPTY_PATH | rec, attr) == -1)
  {
    lc_close(mfd) ;
    mfd = -1 ;
  }
  return mfd ;
}

int lc_tree_clone (int fd, int rec)
{
  struct lc_mount_attr const attr = { .propagation = MS_PRIVATE } ;
  return clone_tree(fd, rec ? AT_RECURSIVE : 0, &attr) ;
}

int lc_tree_attach (int mfd, int targetfd)
{
  return !lc_move_mount(mfd, "", targetfd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) ;
}

int lc_tree_attach_entry (int mfd, int dirfd, char const *name)
{
  return !lc_move_mount(mfd, "", dirfd, name, MOVE_MOUNT_F_EMPTY_PATH) ;
}

int lc_tree_detach (int mfd)
{
  char s[LC_FDPATH_MAX] ;
  int ok, e ;
  int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC) ;
  if (cwd == -1 || fchdir(mfd) == -1)  /* it is a file, or there would be no way back */
  {
    ok = !umount2(lc_fdpath(s, mfd), MNT_DETACH) ;
    e = errno ;
  }
  else
  {
    ok = !umount2(".", MNT_DETACH) ;
    e = errno ;
    if (fchdir(cwd) == -1)
    {
      ok = 0 ;
      e = errno ;
    }
  }
  lc_close(cwd) ;
  errno = e ;
  return ok ;
}

static int set_data (int fsfd, char const *s)
{
  char const *value = strchr(s, '=') ;
  if (!value) return !lc_fsconfig(fsfd, LC_FSCONFIG_SET_FLAG, s, 0, 0) ;
  {
    size_t n = (size_t)(value++ - s) ;
    char key[n + 1] ;
    memcpy(key, s, n) ;
    key[n] = 0 ;
    return !lc_fsconfig(fsfd, LC_FSCONFIG_SET_STRING, key, value, 0) ;
  }
}

static int set_options (int fsfd, lc_mountopts const *o)
{
  static struct { unsigned long ms ; char const *set ; char const *clr ; } const sb[] =
  {
    { MS_RDONLY, "ro", "rw" },
    { MS_SYNCHRONOUS, "sync", "async" },
    { MS_DIRSYNC, "dirsync", 0 },
    { MS_LAZYTIME, "lazytime", "nolazytime" }
  } ;
  size_t i = 0 ;
  for (; i < o->data.len ; i += strlen(o->data.s + i) + 1)
    if (!set_data(fsfd, o->data.s + i)) return 0 ;
  for (i = 0 ; i < sizeof(sb) / sizeof(sb[0]) ; i++)
  {
    char const *name = o->sbset & sb[i].ms ? sb[i].set : o->sbclr & sb[i].ms ? sb[i].clr : 0 ;
    if (name && lc_fsconfig(fsfd, LC_FSCONFIG_SET_FLAG, name, 0, 0) == -1) return 0 ;
  }
  return 1 ;
}

int lc_fs_open (char const *type, char const *source)
{
  int fsfd ;
  kernel_log.len = 0 ;
  fsfd = lc_fsopen(type, FSOPEN_CLOEXEC) ;
  if (fsfd == -1) return -1 ;
  if (source && lc_fsconfig(fsfd, LC_FSCONFIG_SET_STRING, "source", source, 0) == -1) return lc_fs_abandon(fsfd) ;
  return fsfd ;
}

int lc_fs_abandon (int fsfd)
{
  log_read(fsfd) ;
  lc_close(fsfd) ;
  return -1 ;
}

int lc_fs_finish (int fsfd, lc_mountopts const *o)
{
  int mfd = -1 ;
  if (set_options(fsfd, o) && !lc_fsconfig(fsfd, LC_FSCONFIG_CMD_CREATE, 0, 0, 0))
    mfd = lc_fsmount(fsfd, FSMOUNT_CLOEXEC, (unsigned int)o->attr_set) ;
  if (mfd == -1) return lc_fs_abandon(fsfd) ;
  lc_close_late(fsfd) ;
  return mfd ;
}

int lc_fs_make (char const *type, char const *source, lc_mountopts const *o)
{
  int fsfd = lc_fs_open(type, source) ;
  return fsfd == -1 ? -1 : lc_fs_finish(fsfd, o) ;
}

int lc_fs_is_long (lc_mountopts const *o)
{
  size_t i = 0 ;
  for (; i < o->data.len ; i += strlen(o->data.s + i) + 1)
    if (strlen(o->data.s + i) >= FSCONFIG_VALUE_MAX) return 1 ;
  return 0 ;
}

 /* Either way. Without a /proc there is no fallback, and the first refusal stands. */

static int fell_back (int ok, int e)
{
  if (!ok && errno == ENOENT) errno = e ;
  return ok ;
}

static int set_propagation (int fd, lc_mountopts const *o)
{
  struct lc_mount_attr attr = { .propagation = o->propagation } ;
  return !lc_mount_setattr(fd, "", AT_EMPTY_PATH | (o->what & LC_OPT_PROPREC ? AT_RECURSIVE : 0), &attr) ;
}

int lc_mount_fs (int targetfd, char const *type, char const *source, lc_mountopts const *o, int *mfd)
{
  int e ;
  int fd = lc_fs_make(type, source, o) ;
  if (fd >= 0 && lc_tree_attach(fd, targetfd))
  {
    if (mfd) *mfd = fd ; else lc_close_late(fd) ;
    return 1 ;
  }
  lc_close(fd) ;
  e = errno ;
  return (lc_hidden(e) || (e == EINVAL && lc_fs_is_long(o)))
    && fell_back(lc_oldmount_fs(targetfd, type, source, o, mfd), e) ;
}

int lc_mount_bind (int targetfd, int srcfd, lc_mountopts const *o, int *mfd)
{
  int slave = o->propagation == MS_SLAVE ;
  struct lc_mount_attr const attr =
  {
    .attr_set = o->attr_set,
    .attr_clr = o->attr_clr,
    .propagation = slave ? MS_SLAVE : MS_PRIVATE
  } ;
  int e ;
  int fd = clone_tree(srcfd, o->what & LC_OPT_REC ? AT_RECURSIVE : 0, &attr) ;
  if (fd >= 0 && (!o->propagation || slave || set_propagation(fd, o)) && lc_tree_attach(fd, targetfd))
  {
    if (mfd) *mfd = fd ; else lc_close_late(fd) ;
    return 1 ;
  }
  lc_close(fd) ;
  e = errno ;
  return lc_hidden(e) && fell_back(lc_oldmount_bind(targetfd, srcfd, o, mfd), e) ;
}

int lc_mount_move (int targetfd, int srcfd)
{
  int e ;
  if (lc_tree_attach(srcfd, targetfd)) return 1 ;
  e = errno ;
  return lc_hidden(e) && fell_back(lc_oldmount_move(targetfd, srcfd), e) ;
}

int lc_mount_propagation (int targetfd, lc_mountopts const *o)
{
  int e ;
  if (set_propagation(targetfd, o)) return 1 ;
  e = errno ;
  return lc_hidden(e) && fell_back(lc_oldmount_propagation(targetfd, o), e) ;
}

static int new_remount (int targetfd, lc_mountopts const *o)
{
  struct lc_mount_attr attr = { .attr_set = o->attr_set, .attr_clr = o->attr_clr } ;
  if (!(o->what & LC_OPT_BIND) && (o->data.len || o->sbset || o->sbclr))
  {
    int fsfd = lc_fspick(targetfd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC) ;
    if (fsfd == -1) return 0 ;
    if (!set_options(fsfd, o) || lc_fsconfig(fsfd, LC_FSCONFIG_CMD_RECONFIGURE, 0, 0, 0) == -1)
      return lc_fs_abandon(fsfd), 0 ;
    lc_close(fsfd) ;
  }
  return !(attr.attr_set | attr.attr_clr)
    || !lc_mount_setattr(targetfd, "", AT_EMPTY_PATH | (o->what & LC_OPT_REC ? AT_RECURSIVE : 0), &attr) ;
}

int lc_mount_remount (int targetfd, lc_mountopts const *o)
{
  int e ;
  if (new_remount(targetfd, o)) return 1 ;
  e = errno ;
  return lc_hidden(e) && fell_back(lc_oldmount_remount(targetfd, o), e) ;
}

void lc_warn_covered (struct stat const *dir, char const *target)
{
  struct stat st ;
  if (!stat(".", &st) && st.st_dev == dir->st_dev && st.st_ino == dir->st_ino)
    strerr_warnw("the working directory stays below what was mounted on ", target) ;
}
