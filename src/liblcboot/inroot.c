/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <dirent.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/attach.h>
#include <lcboot/deathsig.h>
#include <lcboot/fd.h>
#include <lcboot/inroot.h>
#include <lcboot/sys.h>

#define LINKS_MAX 40    /* as the kernel: path_resolution(7) */
#define RETRIES_MAX 64  /* openat2(2): EAGAIN when something was renamed meanwhile */

static int hidden = 0 ;  /* openat2 is not to be had */

 /* openat: musl's open(3) makes a second system call of O_CLOEXEC. */

int lc_root_open (char const *path)
{
  return openat(AT_FDCWD, path ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC) ;
}

int lc_root_option (char const *path)
{
  int fd ;
  if (!path) return AT_FDCWD ;
  fd = lc_root_open(path) ;
  if (fd == -1)
    strerr_diefusys(111, "open the root ", path,
      errno == EACCES ? " (a directory on the way to it is closed to this user)" : "") ;
  return fd ;
}

int lc_inroot_entry (int dirfd, char const *name)
{
  return openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC) ;
}

static int fast (int rootfd, char const *path, unsigned int flags)
{
  struct lc_open_how how =
  {
    .flags = O_PATH | O_CLOEXEC,
    .mode = 0,
    .resolve = LC_RESOLVE_IN_ROOT | LC_RESOLVE_NO_MAGICLINKS | (flags & LC_INROOT_NOSYMLINKS ? LC_RESOLVE_NO_SYMLINKS : 0)
  } ;
  unsigned int n = RETRIES_MAX ;
  int fd ;
  do fd = lc_openat2(rootfd, path, &how) ;
  while (fd == -1 && errno == EAGAIN && n--) ;
  return fd ;
}

 /* Where a walk is: the directories from the root down to here. Going up pops,
    so it cannot leave the root whatever is renamed meanwhile. */

static int here (genalloc const *dirs)
{
  return genalloc_s(int, dirs)[genalloc_len(int, dirs) - 1] ;
}

static void up (genalloc *dirs, size_t n)
{
  while (genalloc_len(int, dirs) > n)
  {
    fd_close(here(dirs)) ;
    genalloc_setlen(int, dirs, genalloc_len(int, dirs) - 1) ;
  }
}

static int make_one (int dirfd, char const *name, int isfile)
{
  int fd ;
  if (!isfile) return !mkdirat(dirfd, name, 0755) || errno == EEXIST ;
  fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644) ;
  if (fd == -1) return errno == EEXIST ;
  fd_close(fd) ;
  return 1 ;
}

 /* In an idmapped mount the caller may be nobody (EOVERFLOW, mount_setattr(2)): what
    is made there belongs to whom its directory belongs. What a change of ids clears,
    prctl(2), is put back. */

static int make (int dirfd, char const *name, int isfile)
{
  struct stat st ;
  lc_deathsig deathsig ;
  int uid, gid, ok, e, dumpable ;
  if (make_one(dirfd, name, isfile)) return 1 ;
  if (errno != EOVERFLOW) return 0 ;
  if (fstat(dirfd, &st) == -1) return 0 ;
  lc_deathsig_get(&deathsig) ;
  dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) ;
  gid = setfsgid(st.st_gid) ;
  uid = setfsuid(st.st_uid) ;
  ok = make_one(dirfd, name, isfile) ;
  e = errno ;
  setfsuid((uid_t)uid) ;
  setfsgid((gid_t)gid) ;
  prctl(PR_SET_DUMPABLE, dumpable == 1, 0, 0, 0) ;
  lc_deathsig_put(&deathsig) ;
  errno = e ;
  return ok ;
}

 /* One of procfs' magic links, which lead anywhere whatever they read as: those
    of a process. An ordinary one stands in procfs' root (self, mounts …), or has a
    length and every mode bit. */

static int is_magic (int dirfd, int fd, struct stat const *st)
{
  struct statfs sfs ;
  struct stat dir ;
  return (!st->st_size || (st->st_mode & 0777) != 0777) && !fstatfs(fd, &sfs) && sfs.f_type == LC_PROC_MAGIC
    && (fstat(dirfd, &dir) == -1 || dir.st_ino != LC_PROC_ROOT_INO) ;
}

 /* The one step of a walk: a name in a directory, made if need be. */

static int step (int dirfd, char const *name, int last, unsigned int flags)
{
  int fd = lc_inroot_entry(dirfd, name) ;
  if (fd >= 0 || errno != ENOENT || !(flags & (LC_INROOT_MKDIR | LC_INROOT_MKFILE))) return fd ;
  if (!make(dirfd, name, last && flags & LC_INROOT_MKFILE)) return -1 ;
  return lc_inroot_entry(dirfd, name) ;
}

 /* .. of an ordinary path leaves the directory that the walk began in */

static int above (genalloc *dirs)
{
  int fd = openat(here(dirs), "..", O_PATH | O_DIRECTORY | O_CLOEXEC) ;
  if (fd == -1) return 0 ;
  fd_close(here(dirs)) ;
  genalloc_s(int, dirs)[0] = fd ;
  return 1 ;
}

static int walk (genalloc *dirs, stralloc *rest, unsigned int flags, int confined)
{
  unsigned int links = 0 ;
  for (;;)
  {
    struct stat st ;
    char *p = rest->s ;
    char *name ;
    int fd, last, slash ;
    while (*p == '/') p++ ;
    if (!*p) return fcntl(here(dirs), F_DUPFD_CLOEXEC, 0) ;
    name = p ;
    p += strcspn(p, "/") ;
    slash = *p == '/' ;
    last = !p[strspn(p, "/")] ;
    if (*p) *p++ = 0 ;
    if (!strcmp(name, ".")) fd = -1 ;
    else if (!strcmp(name, ".."))
    {
      if (genalloc_len(int, dirs) > 1) up(dirs, genalloc_len(int, dirs) - 1) ;
      else if (!confined && !above(dirs)) return -1 ;
      fd = -1 ;
    }
    else
    {
      if (last && slash && flags & LC_INROOT_MKFILE) return (errno = ENOTDIR, -1) ;
      fd = step(here(dirs), name, last, flags) ;
      if (fd == -1) return -1 ;
      if (fstat(fd, &st) == -1) goto err ;
      if (S_ISLNK(st.st_mode))
      {
        stralloc target = STRALLOC_ZERO ;
        char buf[4096] ;
        ssize_t r ;
        if (flags & (LC_INROOT_NOSYMLINKS | LC_INROOT_MKDIR | LC_INROOT_MKFILE) || ++links > LINKS_MAX
         || is_magic(here(dirs), fd, &st))
          { errno = ELOOP ; goto err ; }
        r = readlinkat(fd, "", buf, sizeof(buf)) ;
        if (r <= 0 || r == sizeof(buf)) { errno = r < 0 ? errno : ENAMETOOLONG ; goto err ; }
        if (buf[0] == '/') up(dirs, 1) ;
        if (!stralloc_catb(&target, buf, (size_t)r) || (slash && !stralloc_append(&target, '/'))
         || !stralloc_catb(&target, p, strlen(p) + 1)) goto err ;
        fd_close(fd) ;
        stralloc_free(rest) ;
        *rest = target ;
        continue ;
      }
    }
    if (fd >= 0)
    {
      if (slash && !S_ISDIR(st.st_mode)) { errno = ENOTDIR ; goto err ; }
      if (!genalloc_append(int, dirs, &fd)) goto err ;
    }
    memmove(rest->s, p, strlen(p) + 1) ;
    continue ;
   err:
    {
      int e = errno ;
      fd_close(fd) ;
      errno = e ;
      return -1 ;
    }
  }
}

static int slow (int rootfd, char const *path, unsigned int flags, int confined)
{
  genalloc dirs = GENALLOC_ZERO ;
  stralloc rest = STRALLOC_ZERO ;
  int e ;
  int fd = fcntl(rootfd, F_DUPFD_CLOEXEC, 0) ;
  if (fd == -1) return -1 ;
  if (!genalloc_append(int, &dirs, &fd) || !stralloc_cats(&rest, path) || !stralloc_0(&rest)) fd = -1 ;
  else fd = walk(&dirs, &rest, flags, confined) ;
  e = errno ;
  up(&dirs, 0) ;
  genalloc_free(int, &dirs) ;
  stralloc_free(&rest) ;
  errno = e ;
  return fd ;
}

static int open_only (int rootfd, char const *path, unsigned int flags)
{
  int fd ;
  if (rootfd == AT_FDCWD) return openat(AT_FDCWD, path, O_PATH | O_CLOEXEC) ;
  if (!hidden)
  {
    fd = fast(rootfd, path, flags) ;
    if (fd >= 0 || !lc_hidden(errno)) return fd ;
    hidden = 1 ;
  }
  return slow(rootfd, path, flags, 1) ;
}

int lc_inroot_open (int rootfd, char const *path, unsigned int flags)
{
  int e ;
  int fd ;
  if (!*path) return (errno = ENOENT, -1) ;
  fd = open_only(rootfd, path, flags & LC_INROOT_NOSYMLINKS) ;
  if (fd >= 0 || errno != ENOENT || !(flags & (LC_INROOT_MKDIR | LC_INROOT_MKFILE))) return fd ;
  if (rootfd != AT_FDCWD) return slow(rootfd, path, flags, 1) ;
  rootfd = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC) ;
  if (rootfd == -1) return -1 ;
  fd = slow(rootfd, path, flags, 0) ;
  e = errno ;
  fd_close(rootfd) ;
  errno = e ;
  return fd ;
}

static int is_dots (char const *name)
{
  return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])) ;
}

static int empty_entry (int dirfd, char const *name)
{
  int fd, r ;
  if (!unlinkat(dirfd, name, 0)) return 1 ;
  if (errno == ENOENT || errno == EBUSY) return 1 ;
  if (errno != EISDIR) return 0 ;
  fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) ;
  if (fd == -1) return 0 ;
  r = lc_is_mountpoint(fd, dirfd) ;
  if (!r) r = lc_inroot_empty(fd) ? 0 : -1 ;
  lc_close(fd) ;
  if (r) return r > 0 ;
  return !unlinkat(dirfd, name, AT_REMOVEDIR) || errno == EBUSY || errno == ENOTEMPTY ;
}

int lc_inroot_empty (int dirfd)
{
  DIR *dir ;
  int ok = 1 ;
  int e = 0 ;
  int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) ;
  if (fd == -1) return 0 ;
  dir = fdopendir(fd) ;
  if (!dir) { fd_close(fd) ; return 0 ; }
  for (;;)
  {
    struct dirent *d ;
    errno = 0 ;
    d = readdir(dir) ;
    if (!d) break ;
    if (!is_dots(d->d_name) && !empty_entry(dirfd, d->d_name)) { ok = 0 ; e = errno ; }
  }
  if (errno) { ok = 0 ; e = errno ; }
  closedir(dir) ;
  if (!ok) errno = e ;
  return ok ;
}
