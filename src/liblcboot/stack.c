/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <unistd.h>
#include <fcntl.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/attach.h>
#include <lcboot/fd.h>
#include <lcboot/proc.h>
#include <lcboot/stack.h>
#include <lcboot/sys.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

 /* What SET_FD gives before Linux 6.13: EOPNOTSUPP before 6.5, then EINVAL */

static int wants_names (int e)
{
  return e == EINVAL || e == EOPNOTSUPP ;
}

 /* The layers, upper and work by descriptor: SET_FD takes O_PATH descriptors
    for all three keys since Linux 6.13, so any name will do. */

static int by_fd (lc_stack const *s, lc_mountopts const *o)
{
  size_t i = genalloc_len(int, &s->layers) ;
  int fsfd = lc_fs_open("overlay", "overlay") ;
  if (fsfd == -1) return -1 ;
  while (i--)
    if (lc_fsconfig(fsfd, LC_FSCONFIG_SET_FD, "lowerdir+", 0, lc_stack_layer(s, i)) == -1) return lc_fs_abandon(fsfd) ;
  if (s->upperfd >= 0
   && (lc_fsconfig(fsfd, LC_FSCONFIG_SET_FD, "upperdir", 0, s->upperfd) == -1
    || lc_fsconfig(fsfd, LC_FSCONFIG_SET_FD, "workdir", 0, s->workfd) == -1)) return lc_fs_abandon(fsfd) ;
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

static void name_layers (lc_stack const *s, lc_mountopts *o, lc_mountopts const *plain)
{
  size_t i = genalloc_len(int, &s->layers) ;
  *o = *plain ;
  o->data.s = 0 ;
  o->data.len = o->data.a = 0 ;
  if (!stralloc_cats(&o->data, "lowerdir=")) dienomem() ;
  while (i--) add_key(&o->data, 0, lc_stack_layer(s, i), i ? ':' : 0) ;
  if (!stralloc_0(&o->data)) dienomem() ;
  if (s->upperfd >= 0)
  {
    add_key(&o->data, "upperdir=", s->upperfd, 0) ;
    if (!stralloc_0(&o->data)) dienomem() ;
    add_key(&o->data, "workdir=", s->workfd, 0) ;
    if (!stralloc_0(&o->data)) dienomem() ;
  }
  if (!stralloc_catb(&o->data, plain->data.s, plain->data.len)) dienomem() ;
}

 /* mount(2) attaches at once, above the temporary mounts; a clone of the overlay
    outlives them. Where there is no clone to be had they stay, hidden. */

static int by_old_mount (lc_stack const *s, lc_mountopts const *o)
{
  int fd, clone ;
  if (!lc_mount_fs(s->targetfd, "overlay", "overlay", o, &fd)) return -1 ;
  if (!s->covered)
  {
    fd_close(fd) ;
    return -2 ;
  }
  clone = lc_tree_clone(fd, 0) ;
  if (clone >= 0) lc_tree_detach(fd) ;  /* it, and not what it lies on, is what umount2(2) finds there */
  fd_close(fd) ;
  return clone >= 0 ? clone : -2 ;
}

static int by_name (lc_stack const *s, lc_mountopts const *plain)
{
  lc_mountopts o ;
  int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC) ;
  int mfd = -1 ;
  name_layers(s, &o, plain) ;
  if (cwd >= 0 && !chdir("/proc/self/fd"))
  {
    int e ;
    if (!lc_fs_is_long(&o)) mfd = lc_fs_make("overlay", "overlay", &o) ;
    else errno = ENOSYS ;
    if (mfd == -1 && lc_hidden(errno)) mfd = by_old_mount(s, &o) ;
    e = errno ;
    if (fchdir(cwd) == -1)
    {
      e = errno ;
      if (mfd >= 0) fd_close(mfd) ;
      mfd = -1 ;
    }
    errno = e ;
  }
  stralloc_free(&o.data) ;
  lc_close(cwd) ;
  return mfd ;
}

int lc_stack_make (lc_stack const *s, lc_mountopts const *o)
{
  int fd = by_fd(s, o) ;
  return fd == -1 && (wants_names(errno) || lc_hidden(errno) || lc_fs_is_long(o)) ? by_name(s, o) : fd ;
}

 /* Whether an overlay, in whatever mount namespace, lives on that upper layer:
    only the kernel knows. With index=on it says EBUSY; else it goes on to find
    that a work directory cannot be the upper one, EINVAL, having changed nothing
    (ovl_get_upper comes before ovl_get_workdir). */

static int probe (lc_stack const *s)
{
  static char const *const keys[3] = { "lowerdir+", "upperdir", "workdir" } ;
  char path[LC_FDPATH_MAX] ;
  int e, r = 0 ;
  unsigned int i = 0 ;
  int fsfd = lc_fsopen("overlay", FSOPEN_CLOEXEC) ;
  if (fsfd == -1) return -1 ;
  for (; i < 3 && !r ; i++)
  {
    int fd = i ? s->upperfd : lc_stack_layer(s, 0) ;
    r = lc_fsconfig(fsfd, LC_FSCONFIG_SET_FD, keys[i], 0, fd) ;
    if (r == -1 && wants_names(errno))
      r = lc_fsconfig(fsfd, LC_FSCONFIG_SET_STRING, i ? keys[i] : "lowerdir", lc_fdpath(path, fd), 0) ;
  }
  if (!r) r = lc_fsconfig(fsfd, LC_FSCONFIG_SET_STRING, "index", "on", 0) ;
  if (!r) r = lc_fsconfig(fsfd, LC_FSCONFIG_CMD_CREATE, 0, 0, 0) ;
  e = errno ;
  fd_close(fsfd) ;
  errno = e ;
  return r ;
}

static int probe_by_name (lc_stack const *s)
{
  lc_mountopts o = LC_MOUNTOPTS_ZERO ;
  lc_stack same = *s ;
  int r ;
  lc_mountopts_scan(&o, "index=on") ;
  same.workfd = s->upperfd ;
  r = by_name(&same, &o) ;
  stralloc_free(&o.data) ;
  return r ;
}

int lc_stack_is_used (lc_stack const *s)
{
  int r = probe(s) ;
  if (r == -1 && lc_hidden(errno)) r = probe_by_name(s) ;
  return r != -1 || errno == EINVAL ? 0 : errno == EBUSY ? 1 : -1 ;
}
