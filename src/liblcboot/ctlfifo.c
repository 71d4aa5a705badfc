/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>

#include <lcboot/attach.h>
#include <lcboot/ctlfifo.h>
#include <lcboot/fd.h>
#include <lcboot/inroot.h>

char const *lc_ctlfifo_name (char const *path)
{
  char const *p = strrchr(path, '/') ;
  p = p ? p + 1 : path ;
  return !*p || !strcmp(p, ".") || !strcmp(p, "..") ? 0 : p ;
}

static int open_dir (lc_ctlfifo const *f, int rootfd)
{
  size_t n = (size_t)(f->name - f->path) ;
  char dir[n + 2] ;
  memcpy(dir, f->path, n) ;
  if (!n) dir[n++] = '.' ;
  dir[n] = 0 ;
  return lc_inroot_open(rootfd, dir, 0) ;
}

 /* The directory without the tree around it: open_tree(2), or mount(2) and
    umount2(2). Who may do neither cannot leave that tree behind: then it is the
    directory itself. EINVAL: mounts in it are locked, mount_namespaces(7). */

static int cut_off (int fd)
{
  lc_mountopts const o = { .what = LC_OPT_BIND } ;
  int r = lc_tree_clone(fd, 0) ;
  if (r == -1 && errno == EINVAL) r = lc_tree_clone(fd, 1) ;
  if (r == -1 && lc_hidden(errno) && lc_mount_bind(fd, fd, &o, &r) && !lc_tree_detach(r))
  {
    lc_close(r) ;
    r = -1 ;
  }
  else if (r == -1) return fd ;
  lc_close(fd) ;
  return r ;
}

static int same (struct stat const *a, struct stat const *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino ;
}

static int refuse (char const **why, char const *s, int e)
{
  *why = s ;
  errno = e ;
  return 0 ;
}

 /* Whether what has the name already can be taken over: one that an earlier
    listener could not remove. A fifo without a reader has no data, and is not
    opened for writing: fifo(7). */

static int is_left (lc_ctlfifo const *f, struct stat *st, char const **why)
{
  int fd ;
  if (fstatat(f->dirfd, f->name, st, AT_SYMLINK_NOFOLLOW) == -1) return 0 ;
  if (!S_ISFIFO(st->st_mode)) return refuse(why, " (what is there is no fifo)", EEXIST) ;
  if (st->st_uid != geteuid()) return refuse(why, " (it belongs to somebody else)", EEXIST) ;
  if (st->st_mode & 0077) return refuse(why, " (it is there, and others than its owner may open it)", EEXIST) ;
  fd = openat(f->dirfd, f->name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC) ;
  if (fd == -1) return errno == ENXIO ;
  fd_close(fd) ;
  return refuse(why, " (something reads from it: an init, or another listener)", EEXIST) ;
}

static int open_fifo (lc_ctlfifo *f, struct stat const *left)
{
  struct stat st ;
  f->fd = lc_fd_high(openat(f->dirfd, f->name, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC)) ;
  if (f->fd == -1 || fstat(f->fd, &st) == -1) return 0 ;
  if (!S_ISFIFO(st.st_mode) || st.st_uid != geteuid() || (left && !same(&st, left))) return (errno = ESTALE, 0) ;
  return !fchmod(f->fd, 0600) ;  /* whatever the umask and the directory's ACL made of it */
}

int lc_ctlfifo_make (lc_ctlfifo *f, int rootfd, char const **why)
{
  struct stat st ;
  int made ;
  *why = "" ;
  f->fd = -1 ;
  f->dirfd = open_dir(f, rootfd) ;
  if (f->dirfd == -1) return (*why = " (its directory cannot be opened)", 0) ;
  f->dirfd = lc_fd_high(cut_off(f->dirfd)) ;
  if (f->dirfd == -1) return 0 ;
  made = !mknodat(f->dirfd, f->name, S_IFIFO | 0600, 0) ;
  if (!made && (errno != EEXIST || !is_left(f, &st, why))) goto err ;
  if (open_fifo(f, made ? 0 : &st)) return 1 ;
  if (made && errno != ESTALE)
  {
    int e = errno ;
    unlinkat(f->dirfd, f->name, 0) ;
    errno = e ;
  }
 err:
  lc_close(f->fd) ;
  lc_close(f->dirfd) ;
  return 0 ;
}

int lc_ctlfifo_remove (lc_ctlfifo *f)
{
  struct stat here, mine ;
  int ok = !fstat(f->fd, &mine) ;
  if (ok && !fstatat(f->dirfd, f->name, &here, AT_SYMLINK_NOFOLLOW) && same(&here, &mine))
    ok = !unlinkat(f->dirfd, f->name, 0) ;
  lc_close(f->fd) ;
  lc_close(f->dirfd) ;
  f->fd = f->dirfd = -1 ;
  return ok ;
}
