/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include <lcboot/attach.h>
#include <lcboot/inroot.h>
#include <lcboot/proc.h>
#include <lcboot/sys.h>

#define FSCONFIG_VALUE_MAX 256  /* fsconfig(2): longer strings are EINVAL */

static void closefd (int fd)
{
  int e = errno ;
  if (fd >= 0) fd_close(fd) ;
  errno = e ;
}

 /* What the kernel said. A context's messages are read one by one, each begins
    with its severity and a space: "e erofs: cannot find valid superblock". */

static stralloc kernel_log = STRALLOC_ZERO ;

static void log_read (int fsfd)
{
  char buf[512] ;
  int e = errno ;
  for (;;)
  {
    ssize_t r = read(fsfd, buf, sizeof(buf)) ;
    if (r <= 2) break ;
    while (r && buf[r-1] == '\n') r-- ;
    if (buf[0] != 'e') continue ;
    if (!stralloc_cats(&kernel_log, kernel_log.len ? "; " : ": kernel: ")
     || !stralloc_catb(&kernel_log, buf + 2, (size_t)(r - 2))) { kernel_log.len = 0 ; break ; }
  }
  errno = e ;
}

char const *lc_attach_log (void)
{
  return kernel_log.len && stralloc_0(&kernel_log) ? kernel_log.s : "" ;
}

int lc_is_mountpoint (int fd, int parentfd)
{
#if defined(STATX_TYPE) && defined(STATX_ATTR_MOUNT_ROOT)
  struct statx stx ;
  if (!statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, 0, &stx) && stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
    return !!(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) ;
#endif
  {
    int own = lc_proc_mnt_id(fd) ;
    int up = parentfd >= 0 ? parentfd : openat(fd, "..", O_PATH | O_CLOEXEC) ;
    int id = up >= 0 ? lc_proc_mnt_id(up) : -1 ;
    if (up >= 0 && up != parentfd) closefd(up) ;
    return own == -1 || id == -1 ? -1 : own != id ;
  }
}

 /* Detached mounts */

static int clone_tree (int fd, unsigned int rec, unsigned long propagation)
{
  struct lc_mount_attr attr = { .propagation = propagation } ;
  int mfd = lc_open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | rec) ;
  if (mfd >= 0 && lc_mount_setattr(mfd, "", AT_EMPTY_PATH | rec, &attr) == -1)
  {
    closefd(mfd) ;
    mfd = -1 ;
  }
  return mfd ;
}

int lc_tree_clone (int fd, int rec)
{
  return clone_tree(fd, rec ? AT_RECURSIVE : 0, MS_PRIVATE) ;
}

int lc_tree_attach (int mfd, int targetfd)
{
  return !lc_move_mount(mfd, "", targetfd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) ;
}

int lc_tree_detach (int mfd)
{
  int ok = 0 ;
  int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC) ;
  if (!fchdir(mfd)) ok = !umount2(".", MNT_DETACH) ;
  if (cwd >= 0)
  {
    int e = errno ;
    if (fchdir(cwd) == -1) ok = 0 ; else errno = e ;
    closefd(cwd) ;
  }
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

int lc_fs_finish (int fsfd, lc_mountopts const *o)
{
  int mfd = -1 ;
  if (set_options(fsfd, o) && !lc_fsconfig(fsfd, LC_FSCONFIG_CMD_CREATE, 0, 0, 0))
    mfd = lc_fsmount(fsfd, FSMOUNT_CLOEXEC, (unsigned int)o->attr_set) ;
  if (mfd == -1) log_read(fsfd) ;
  closefd(fsfd) ;
  return mfd ;
}

int lc_fs_make (char const *type, char const *source, lc_mountopts const *o)
{
  int fsfd ;
  kernel_log.len = 0 ;
  fsfd = lc_fsopen(type, FSOPEN_CLOEXEC) ;
  if (fsfd == -1) return -1 ;
  if (source && lc_fsconfig(fsfd, LC_FSCONFIG_SET_STRING, "source", source, 0) == -1)
  {
    log_read(fsfd) ;
    closefd(fsfd) ;
    return -1 ;
  }
  return lc_fs_finish(fsfd, o) ;
}

 /* mount(2). A target is named by its descriptor; what was mounted on it lies
    above that, and is reached by its canonical name, without a link on the way. */

static int old_mount (int targetfd, char const *source, char const *type, unsigned long flags, char const *data)
{
  char s[LC_FDPATH_MAX] ;
  return !mount(source, lc_fdpath(s, targetfd), type, flags, data) ;
}

static int canonical (int fd, stralloc *sa)
{
  char s[LC_FDPATH_MAX] ;
  return sareadlink(sa, lc_fdpath(s, fd)) != -1 && stralloc_0(sa) ;
}

static int open_canonical (char const *path)
{
  int fd ;
  int rootfd = lc_root_open(0) ;
  if (rootfd == -1) return -1 ;
  fd = lc_inroot_open(rootfd, path, LC_INROOT_NOSYMLINKS) ;
  closefd(rootfd) ;
  return fd ;
}

 /* A directory that is mounted on cannot be renamed, so its name in its parent is
    good whoever renames what is above. */

static int open_again (int targetfd, char const *path)
{
  char const *name = strrchr(path, '/') ;
  int up = name && name[1] ? openat(targetfd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1 ;
  int fd = up >= 0 ? lc_inroot_entry(up, name + 1) : open_canonical(path) ;
  closefd(up) ;
  return fd ;
}

 /* The mount that now lies on targetfd. same: the object that it must show. */

static int above (int targetfd, int same)
{
  stralloc sa = STRALLOC_ZERO ;
  struct stat st, want ;
  int fd = canonical(targetfd, &sa) ? open_again(targetfd, sa.s) : -1 ;
  stralloc_free(&sa) ;
  if (fd == -1) return -1 ;
  if (fstat(same >= 0 ? same : targetfd, &want) == -1 || fstat(fd, &st) == -1
   || (same >= 0 ? st.st_dev != want.st_dev || st.st_ino != want.st_ino : st.st_dev == want.st_dev))
  {
    closefd(fd) ;
    return (errno = ESTALE, -1) ;
  }
  return fd ;
}

 /* The flags of an existing mount with o's changes, as a remount wants them:
    all of them, or the rest is lost. statfs(2) has two of them as other bits. */

static int old_flags (int fd, lc_mountopts const *o, unsigned long *flags)
{
  unsigned long const known = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS | MS_NOATIME | MS_NODIRATIME ;
  struct statfs sfs ;
  if (fstatfs(fd, &sfs) == -1) return 0 ;
  *flags = (unsigned long)sfs.f_flags & known ;
  if (sfs.f_flags & LC_ST_RELATIME) *flags |= MS_RELATIME ;
  if (sfs.f_flags & LC_ST_NOSYMFOLLOW) *flags |= MS_NOSYMFOLLOW ;
  if (!(*flags & (MS_NOATIME | MS_RELATIME))) *flags |= MS_STRICTATIME ;
  if (o->attr_clr & LC_ATTR_ATIME)
  {
    *flags &= ~(unsigned long)(MS_NOATIME | MS_RELATIME | MS_STRICTATIME) ;
    if (!(o->attr_set & LC_ATTR_ATIME)) *flags |= MS_RELATIME ;
  }
  *flags &= ~(lc_mountopts_msflags(o->attr_clr & ~(uint64_t)LC_ATTR_ATIME) | o->sbclr) ;
  *flags |= lc_mountopts_msflags(o->attr_set) ;
  return 1 ;
}

static int old_setattr (int fd, lc_mountopts const *o)
{
  unsigned long flags ;
  return old_flags(fd, o, &flags) && old_mount(fd, 0, 0, MS_REMOUNT | MS_BIND | flags, 0) ;
}

 /* The fifth word of a line of mountinfo, in place: what would break up a line
    there is written as a backslash and three octal digits. */

static char *mountpoint_of (char *line)
{
  char *dir, *p, *q ;
  unsigned int i = 4 ;
  for (dir = line ; i && *dir && *dir != '\n' ; dir++) if (*dir == ' ') i-- ;
  for (p = q = dir ; *p && *p != ' ' && *p != '\n' ; q++)
    if (p[0] == '\\' && p[1] && p[2] && p[3])
    {
      *q = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0')) ;
      p += 4 ;
    }
    else *q = *p++ ;
  *q = 0 ;
  return dir ;
}

 /* The same for every mount below the one at fd, which mount(2) cannot do. What
    another mount covers is out of reach, and stays as it is. */

static int old_setattr_below (int fd, lc_mountopts const *o)
{
  stralloc top = STRALLOC_ZERO ;
  stralloc table = STRALLOC_ZERO ;
  char *line ;
  size_t n ;
  int ok = canonical(fd, &top) && openslurpclose(&table, "/proc/self/mountinfo") && stralloc_0(&table) ;
  n = ok && top.s[1] ? top.len - 1 : 0 ;
  for (line = table.s ; ok && *line ; )
  {
    size_t len = strcspn(line, "\n") ;
    int more = line[len] == '\n' ;
    char *dir = mountpoint_of(line) ;
    line += len + more ;
    if (!strncmp(dir, top.s, n) && dir[n] == '/' && dir[n+1])
    {
      int sub = open_canonical(dir) ;
      ok = sub >= 0 ? old_setattr(sub, o) : errno == ENOENT || errno == ENOTDIR ;
      closefd(sub) ;
    }
  }
  stralloc_free(&table) ;
  stralloc_free(&top) ;
  return ok ;
}

static unsigned long rec_of (unsigned int what, unsigned int bit)
{
  return what & bit ? MS_REC : 0 ;
}

static int old_bind (int targetfd, int srcfd, lc_mountopts const *o, int *mfd)
{
  unsigned long const first = (o->propagation == MS_SLAVE ? MS_SLAVE : MS_PRIVATE) | MS_REC ;
  char s[LC_FDPATH_MAX] ;
  int fd, ok ;
  if (!old_mount(targetfd, lc_fdpath(s, srcfd), 0, MS_BIND | rec_of(o->what, LC_OPT_REC), 0)) return 0 ;
  fd = above(targetfd, srcfd) ;
  if (fd == -1) return 0 ;
  ok = old_mount(fd, 0, 0, first, 0)
    && (!o->propagation || o->propagation == MS_SLAVE || old_mount(fd, 0, 0, o->propagation | rec_of(o->what, LC_OPT_PROPREC), 0))
    && (!(o->attr_set | o->attr_clr)
     || (old_setattr(fd, o) && (!(o->what & LC_OPT_REC) || old_setattr_below(fd, o)))) ;
  if (!ok) { int e = errno ; lc_tree_detach(fd) ; errno = e ; }
  if (ok && mfd) *mfd = fd ; else closefd(fd) ;
  return ok ;
}

static int old_data (lc_mountopts const *o, stralloc *data)
{
  size_t i = 0 ;
  for (; i < o->data.len ; i += strlen(o->data.s + i) + 1)
    if ((i && !stralloc_append(data, ',')) || !stralloc_cats(data, o->data.s + i)) return 0 ;
  return stralloc_0(data) ;
}

static int old_fs (int targetfd, char const *type, char const *source, lc_mountopts const *o, int *mfd)
{
  stralloc data = STRALLOC_ZERO ;
  int ok ;
  if (!old_data(o, &data)) return 0 ;
  ok = old_mount(targetfd, source ? source : "none", type, o->sbset | lc_mountopts_msflags(o->attr_set), data.s) ;
  stralloc_free(&data) ;
  if (!ok || !mfd) return ok ;
  *mfd = above(targetfd, -1) ;
  return *mfd >= 0 ;
}

 /* Either way */

static int has_long_value (lc_mountopts const *o)
{
  size_t i = 0 ;
  for (; i < o->data.len ; i += strlen(o->data.s + i) + 1)
    if (strlen(o->data.s + i) >= FSCONFIG_VALUE_MAX) return 1 ;
  return 0 ;
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
    if (mfd) *mfd = fd ; else closefd(fd) ;
    return 1 ;
  }
  closefd(fd) ;
  e = errno ;
  if (!lc_hidden(e) && !(e == EINVAL && has_long_value(o))) return 0 ;
  if (old_fs(targetfd, type, source, o, mfd)) return 1 ;
   /* without a /proc there is no fallback, and the first refusal stands */
  if (e == EPERM && errno == ENOENT) errno = e ;
  return 0 ;
}

int lc_mount_bind (int targetfd, int srcfd, lc_mountopts const *o, int *mfd)
{
  struct lc_mount_attr attr = { .attr_set = o->attr_set, .attr_clr = o->attr_clr } ;
  unsigned int rec = o->what & LC_OPT_REC ? AT_RECURSIVE : 0 ;
  int fd ;
  kernel_log.len = 0 ;
  fd = clone_tree(srcfd, rec, o->propagation == MS_SLAVE ? MS_SLAVE : MS_PRIVATE) ;
  if (fd >= 0
   && (!(attr.attr_set | attr.attr_clr) || !lc_mount_setattr(fd, "", AT_EMPTY_PATH | rec, &attr))
   && (!o->propagation || o->propagation == MS_SLAVE || set_propagation(fd, o))
   && lc_tree_attach(fd, targetfd))
  {
    if (mfd) *mfd = fd ; else closefd(fd) ;
    return 1 ;
  }
  closefd(fd) ;
  return lc_hidden(errno) && old_bind(targetfd, srcfd, o, mfd) ;
}

int lc_mount_move (int targetfd, int srcfd)
{
  char s[LC_FDPATH_MAX] ;
  kernel_log.len = 0 ;
  if (lc_tree_attach(srcfd, targetfd)) return 1 ;
  return lc_hidden(errno) && old_mount(targetfd, lc_fdpath(s, srcfd), 0, MS_MOVE, 0) ;
}

int lc_mount_propagation (int targetfd, lc_mountopts const *o)
{
  kernel_log.len = 0 ;
  if (set_propagation(targetfd, o)) return 1 ;
  return lc_hidden(errno) && old_mount(targetfd, 0, 0, o->propagation | rec_of(o->what, LC_OPT_PROPREC), 0) ;
}

static int new_remount (int targetfd, lc_mountopts const *o)
{
  struct lc_mount_attr attr = { .attr_set = o->attr_set, .attr_clr = o->attr_clr } ;
  if (!(o->what & LC_OPT_BIND) && (o->data.len || o->sbset || o->sbclr))
  {
    int ok ;
    int fsfd = lc_fspick(targetfd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC) ;
    if (fsfd == -1) return 0 ;
    ok = set_options(fsfd, o) && !lc_fsconfig(fsfd, LC_FSCONFIG_CMD_RECONFIGURE, 0, 0, 0) ;
    if (!ok) log_read(fsfd) ;
    closefd(fsfd) ;
    if (!ok) return 0 ;
  }
  return !(attr.attr_set | attr.attr_clr)
    || !lc_mount_setattr(targetfd, "", AT_EMPTY_PATH | (o->what & LC_OPT_REC ? AT_RECURSIVE : 0), &attr) ;
}

static int old_remount (int targetfd, lc_mountopts const *o)
{
  stralloc data = STRALLOC_ZERO ;
  unsigned long flags ;
  int ok ;
  if (o->what & LC_OPT_BIND)
    return old_setattr(targetfd, o) && (!(o->what & LC_OPT_REC) || old_setattr_below(targetfd, o)) ;
  if (!old_flags(targetfd, o, &flags) || !old_data(o, &data)) return 0 ;
  ok = old_mount(targetfd, 0, 0, MS_REMOUNT | flags | o->sbset, data.s) ;
  stralloc_free(&data) ;
  return ok ;
}

int lc_mount_remount (int targetfd, lc_mountopts const *o)
{
  kernel_log.len = 0 ;
  return new_remount(targetfd, o) || (lc_hidden(errno) && old_remount(targetfd, o)) ;
}
