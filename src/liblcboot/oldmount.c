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
#include <lcboot/fd.h>
#include <lcboot/inroot.h>
#include <lcboot/mountinfo.h>
#include <lcboot/oldmount.h>
#include <lcboot/proc.h>
#include <lcboot/sys.h>

 /* A target is named by its descriptor; what was mounted on it lies above that,
    and is reached by its canonical name, without a link on the way. */

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
  lc_close(rootfd) ;
  return fd ;
}

 /* A directory that is mounted on cannot be renamed, so its name in its parent is
    good whoever renames what is above. */

static int open_again (int targetfd, char const *path)
{
  char const *name = strrchr(path, '/') ;
  int up = name && name[1] ? openat(targetfd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1 ;
  int fd = up >= 0 ? lc_inroot_entry(up, name + 1) : open_canonical(path) ;
  lc_close(up) ;
  return fd ;
}

 /* The mount that now lies on targetfd. same: the object that it must show. */

static int open_above (int targetfd, int same)
{
  stralloc sa = STRALLOC_ZERO ;
  struct stat st, want ;
  int fd = canonical(targetfd, &sa) ? open_again(targetfd, sa.s) : -1 ;
  stralloc_free(&sa) ;
  if (fd == -1) return -1 ;
  if (fstat(same >= 0 ? same : targetfd, &want) == -1 || fstat(fd, &st) == -1
   || (same >= 0 ? st.st_dev != want.st_dev || st.st_ino != want.st_ino : st.st_dev == want.st_dev))
  {
    lc_close(fd) ;
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

 /* The same for every mount below the one at fd, which mount(2) cannot do. What
    another mount covers is out of reach, and stays as it is. */

static int old_setattr_below (int fd, lc_mountopts const *o)
{
  stralloc top = STRALLOC_ZERO ;
  stralloc table = STRALLOC_ZERO ;
  lc_mountinfo m ;
  char *line ;
  int ok = canonical(fd, &top) && openslurpclose(&table, "/proc/self/mountinfo") && stralloc_0(&table) ;
  line = table.s ;
  while (ok)
  {
    int r = lc_mountinfo_next(&line, &m) ;
    if (r <= 0) { ok = !r ; break ; }
    if (lc_mountinfo_below(m.dir, top.s))
    {
      int sub = open_canonical(m.dir) ;
      ok = sub >= 0 ? old_setattr(sub, o) : errno == ENOENT || errno == ENOTDIR ;
      lc_close(sub) ;
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

int lc_oldmount_bind (int targetfd, int srcfd, lc_mountopts const *o, int *mfd)
{
  unsigned long const first = (o->propagation == MS_SLAVE ? MS_SLAVE : MS_PRIVATE) | MS_REC ;
  char s[LC_FDPATH_MAX] ;
  int fd, ok ;
  if (!old_mount(targetfd, lc_fdpath(s, srcfd), 0, MS_BIND | rec_of(o->what, LC_OPT_REC), 0)) return 0 ;
  fd = open_above(targetfd, srcfd) ;
  if (fd == -1) return 0 ;
  ok = old_mount(fd, 0, 0, first, 0)
    && (!o->propagation || o->propagation == MS_SLAVE || old_mount(fd, 0, 0, o->propagation | rec_of(o->what, LC_OPT_PROPREC), 0))
    && (!(o->attr_set | o->attr_clr)
     || (old_setattr(fd, o) && (!(o->what & LC_OPT_REC) || old_setattr_below(fd, o)))) ;
  if (!ok) { int e = errno ; lc_tree_detach(fd) ; errno = e ; }
  if (ok && mfd) *mfd = fd ; else lc_close(fd) ;
  return ok ;
}

static int old_data (lc_mountopts const *o, stralloc *data)
{
  size_t i = 0 ;
  for (; i < o->data.len ; i += strlen(o->data.s + i) + 1)
    if ((i && !stralloc_append(data, ',')) || !stralloc_cats(data, o->data.s + i)) return 0 ;
  return stralloc_0(data) ;
}

int lc_oldmount_fs (int targetfd, char const *type, char const *source, lc_mountopts const *o, int *mfd)
{
  stralloc data = STRALLOC_ZERO ;
  int ok ;
  if (!old_data(o, &data)) return 0 ;
  ok = old_mount(targetfd, source ? source : "none", type, o->sbset | lc_mountopts_msflags(o->attr_set), data.s) ;
  stralloc_free(&data) ;
  if (!ok || !mfd) return ok ;
  *mfd = open_above(targetfd, -1) ;
  return *mfd >= 0 ;
}

int lc_oldmount_move (int targetfd, int srcfd)
{
  char s[LC_FDPATH_MAX] ;
  return old_mount(targetfd, lc_fdpath(s, srcfd), 0, MS_MOVE, 0) ;
}

int lc_oldmount_propagation (int targetfd, lc_mountopts const *o)
{
  return old_mount(targetfd, 0, 0, o->propagation | rec_of(o->what, LC_OPT_PROPREC), 0) ;
}

int lc_oldmount_remount (int targetfd, lc_mountopts const *o)
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
