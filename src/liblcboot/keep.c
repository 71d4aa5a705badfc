/* ISC license. */

#include <skalibs/nonposix.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <lcboot/attach.h>
#include <lcboot/fd.h>
#include <lcboot/inroot.h>
#include <lcboot/keep.h>
#include <lcboot/mountinfo.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>

#define STAND_IN_MAX 4096

struct cover_s
{
  lc_mountinfo m ;
  char const *name ;  /* the end of m.dir, below the directory */
  int fd ;            /* the mount */
  int own ;           /* the part of the new file system that stands for it, or -1 */
} ;

#define COVERS(k) genalloc_s(struct cover_s, &(k)->covers)
#define N(k) genalloc_len(struct cover_s, &(k)->covers)

void lc_keep_free (lc_keep *k)
{
  size_t i = 0 ;
  for (; i < N(k) ; i++)
  {
    lc_close(COVERS(k)[i].fd) ;
    lc_close(COVERS(k)[i].own) ;
  }
  genalloc_free(struct cover_s, &k->covers) ;
  stralloc_free(&k->top) ;
  stralloc_free(&k->table) ;
}

 /* What is there */

static int is_cgroup (struct cover_s const *c)
{
  return !strcmp(c->m.type, "cgroup") || !strcmp(c->m.type, "cgroup2")
    || !strcmp(c->name, "fs/cgroup") || !strncmp(c->name, "fs/cgroup/", 10) ;
}

static int by_name (void const *a, void const *b)
{
  return strcmp(((struct cover_s const *)a)->name, ((struct cover_s const *)b)->name) ;
}

 /* Only one mount can be seen at a place, so that by their names alone every mount
    comes after the one that it is in. The table has them in the order in which they
    were made, and a mount may have been moved into a younger one. */

static char const *find_below (lc_keep *k, int procfd, int dirfd)
{
  struct cover_s c = { .fd = -1, .own = -1 } ;
  char *line = k->table.s ;
  int r ;
  while ((r = lc_mountinfo_next(&line, &c.m)) > 0)
  {
    c.name = lc_mountinfo_below(c.m.dir, k->top.s) ;
    if (!c.name || is_cgroup(&c)) continue ;
    c.fd = lc_mountinfo_open(&c.m, procfd, dirfd, c.name) ;
    if (c.fd == -1 && errno == ENOENT) continue ;
    if (c.fd == -1) return c.m.dir ;
    if (!genalloc_append(struct cover_s, &k->covers, &c))
    {
      lc_close(c.fd) ;
      return c.m.dir ;
    }
  }
  if (r == -1) return "/proc/self/mountinfo" ;
  if (N(k)) qsort(COVERS(k), N(k), sizeof(struct cover_s), &by_name) ;
  return 0 ;
}

 /* Without a mount table: what is no mount point is no engine's work. */

static char const *find_nothing (int dirfd, char const *dir)
{
  int e = errno ;
  if (!lc_is_mountpoint(dirfd, -1)) return 0 ;
  errno = e ;
  return dir ;
}

char const *lc_keep_find (lc_keep *k, char const *dir)
{
  char const *bad ;
  int procfd ;
  int dirfd = lc_root_open(dir) ;
  if (dirfd == -1) return errno == ENOENT ? 0 : dir ;
  procfd = lc_proc_open_self() ;
  bad = procfd == -1 || !lc_proc_slurp(procfd, 0, "mountinfo", &k->table) ? find_nothing(dirfd, dir) :
    !lc_proc_path(procfd, dirfd, &k->top) ? dir : find_below(k, procfd, dirfd) ;
  lc_close(procfd) ;
  lc_close(dirfd) ;
  return bad ;
}

 /* The same in the new file system */

#define KEPT (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | LC_ST_NOSYMFOLLOW)  /* statfs(2): ST_* are the same numbers */

static int flags_of (int fd, unsigned long *flags)
{
  struct statfs sfs ;
  if (fstatfs(fd, &sfs) == -1) return 0 ;
  *flags = (unsigned long)sfs.f_flags & KEPT ;
  return 1 ;
}

static int is_same (struct stat const *a, struct stat const *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino ;
}

 /* 1, 0, or -1 with errno set */

static int is_empty (int dirfd)
{
  struct dirent *d ;
  int e ;
  int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) ;
  DIR *dir = fd >= 0 ? fdopendir(fd) : 0 ;
  if (!dir)
  {
    lc_close(fd) ;
    return -1 ;
  }
  do { errno = 0 ; d = readdir(dir) ; }
  while (d && (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))) ;
  e = errno ;
  closedir(dir) ;
  return d ? 0 : !e || (errno = e, -1) ;
}

 /* The new one's own part, before anything lies on it: what the old one shows must
    not get into the guest, for it may be of another PID namespace. A number at the
    start of a name in procfs means a process, and nobody knows which that is here. */

static int find_own (struct cover_s *c, int mfd, char const *type)
{
  int isproc = !strcmp(c->m.type, "proc") ;
  if (strcmp(c->m.type, type)) return !isproc || (errno = EXDEV, 0) ;
  if (!strcmp(c->m.root + 1, c->name)) ;
  else if (isproc && (!c->m.root[1] || (c->m.root[1] >= '0' && c->m.root[1] <= '9'))) return (errno = EXDEV, 0) ;
  c->own = lc_inroot_open(mfd, c->m.root, LC_INROOT_NOSYMLINKS) ;
  return c->own >= 0 || (errno == ENOENT && !strcmp(c->m.root + 1, c->name)) ;
}

static int bind_own (struct cover_s const *c, int targetfd, struct stat const *target)
{
  lc_mountopts o = LC_MOUNTOPTS_ZERO ;
  unsigned long theirs, ours, now ;
  struct stat st ;
  if (!flags_of(c->fd, &theirs) || !flags_of(c->own, &ours) || !flags_of(targetfd, &now) || fstat(c->own, &st) == -1) return 0 ;
  if (is_same(&st, target) && now == (theirs | ours)) return 1 ;
  o.attr_set = theirs & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC) ;
  if (theirs & LC_ST_NOSYMFOLLOW) o.attr_set |= LC_ATTR_NOSYMFOLLOW ;
  if (!lc_mount_bind(targetfd, c->own, &o, 0)) return 0 ;
  lc_say(c->m.dir, " is kept") ;
  return 1 ;
}

 /* What was removed when it had been mounted (systemd-nspawn does that) cannot be
    mounted once more: ENOENT. What it holds can. */

static int is_deleted (struct cover_s const *c)
{
  static char const suffix[] = "//deleted" ;  /* as the mount table says it: no name has two slashes */
  size_t n = strlen(c->m.root) ;
  return n >= sizeof(suffix) && !strcmp(c->m.root + n - (sizeof(suffix) - 1), suffix) ;
}

static int copy_file (struct cover_s const *c, int tofd)
{
  char buf[STAND_IN_MAX + 1] ;
  char s[LC_FDPATH_MAX] ;
  size_t n ;
  int fd = open(lc_fdpath(s, c->fd), O_RDONLY | O_CLOEXEC) ;
  if (fd == -1) return 0 ;
  errno = 0 ;
  n = allread(fd, buf, sizeof(buf)) ;
  if (n == sizeof(buf)) errno = EFBIG ;
  lc_close(fd) ;
  return (!errno || errno == EPIPE) && allwrite(tofd, buf, n) == n ;
}

 /* A tmpfs that is like the directory, empty; or a file in one, with the content
    if it is a regular file. The tmpfs is on top of the new file system for a
    moment: nothing in a detached mount can be cloned before Linux 6.15. */

static int stand_in (struct cover_s const *c, int mfd, int targetfd, struct stat const *st)
{
  struct lc_mount_attr const attr = { .attr_set = LC_ATTR_RDONLY } ;
  lc_mountopts o = LC_MOUNTOPTS_ZERO ;
  int ok, fd, tmpfd ;
  int clone = -1 ;
  o.attr_set = LC_ATTR_NOSUID | LC_ATTR_NODEV | LC_ATTR_NOEXEC ;
  tmpfd = lc_fs_make("tmpfs", "tmpfs", &o) ;
  if (tmpfd == -1) return 0 ;
  fd = S_ISDIR(st->st_mode) ? openat(tmpfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
    openat(tmpfd, "file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) ;
  ok = fd >= 0 && (!S_ISREG(st->st_mode) || copy_file(c, fd))
    && !fchown(fd, st->st_uid, st->st_gid) && !fchmod(fd, st->st_mode & 0777) && lc_tree_attach(tmpfd, mfd) ;
  if (ok)
  {
    clone = lc_tree_clone(fd, 0) ;
    ok = lc_tree_detach(tmpfd) && clone >= 0 && !lc_mount_setattr(clone, "", AT_EMPTY_PATH, &attr) && lc_tree_attach(clone, targetfd) ;
  }
  lc_close(clone) ;
  lc_close(fd) ;
  lc_close(tmpfd) ;
  return ok ;
}

static int bind_other (struct cover_s const *c, int mfd, int targetfd, struct stat const *st)
{
  lc_mountopts const o = LC_MOUNTOPTS_ZERO ;
  if (S_ISDIR(st->st_mode) && strcmp(c->m.type, "tmpfs"))
  {
    int r = is_empty(targetfd) ;
    if (r > 0) lc_say(c->m.dir, " is left out: it would hide nothing") ;
    if (r) return r > 0 ;
  }
  if (!(is_deleted(c) ? stand_in(c, mfd, targetfd, st) : lc_mount_bind(targetfd, c->fd, &o, 0))) return 0 ;
  lc_say(c->m.dir, " is kept") ;
  return 1 ;
}

static int carry (struct cover_s const *c, int mfd)
{
  struct stat old, new ;
  int ok ;
  int targetfd = lc_inroot_open(mfd, c->name, LC_INROOT_NOSYMLINKS) ;
  if (targetfd == -1)
  {
    if (errno != ENOENT) return 0 ;
    lc_say(c->m.dir, " is left out: the new one has no such thing") ;
    return 1 ;
  }
  if (fstat(c->fd, &old) == -1 || fstat(targetfd, &new) == -1) ok = 0 ;
  else if (!S_ISDIR(old.st_mode) != !S_ISDIR(new.st_mode)) ok = (errno = ENOTDIR, 0) ;
  else ok = c->own >= 0 ? bind_own(c, targetfd, &new) : bind_other(c, mfd, targetfd, &old) ;
  lc_close(targetfd) ;
  return ok ;
}

char const *lc_keep_carry (lc_keep const *k, int mfd, char const *type)
{
  size_t i ;
  for (i = 0 ; i < N(k) ; i++) if (!find_own(COVERS(k) + i, mfd, type)) return COVERS(k)[i].m.dir ;
  for (i = 0 ; i < N(k) ; i++) if (!carry(COVERS(k) + i, mfd)) return COVERS(k)[i].m.dir ;
  return 0 ;
}
