/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <skalibs/djbunix.h>
#include <skalibs/gccattributes.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/attach.h>
#include <lcboot/fd.h>
#include <lcboot/inroot.h>
#include <lcboot/newroot.h>
#include <lcboot/pidns.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>
#include <lcboot/userns.h>

#define OVERLAYFS_MAGIC 0x794c7630

 /* The new root is the working directory from the start: lc_newroot_enter. */

static int open_here (char const *newroot)
{
  int fd = lc_root_open(".") ;
  if (fd == -1) strerr_diefusys(111, "open ", newroot) ;
  return fd ;
}

static void undo_bind (int bound, int newfd)
{
  int e = errno ;
  if (bound) lc_tree_detach(newfd) ;
  errno = e ;
}

 /* The newroot bound on itself, with all that is mounted below it. */

static void bind_on_itself (int *newfd, char const *newroot)
{
  lc_mountopts const o = { .what = LC_OPT_BIND | LC_OPT_REC } ;
  int fd ;
  if (!lc_mount_bind(*newfd, *newfd, &o, &fd))
    strerr_diefusys(111, "bind ", newroot, " on itself",
      errno == EPERM ? " (not privileged in this mount namespace: lc-unshare -m makes a new one)" : "") ;
  fd_close(*newfd) ;
  *newfd = fd ;
  if (fchdir(fd) == -1)
  {
    undo_bind(1, fd) ;
    strerr_diefusys(111, "chdir to ", newroot) ;
  }
  lc_say(newroot, " is bound on itself") ;
}

static void change (char const *newroot)
{
  if (chroot(".") == -1) strerr_diefusys(111, "change root to ", newroot) ;
  if (chdir("/") == -1) strerr_diefusys(111, "chdir to the new root") ;
}

static int open_old (void)
{
  int fd = lc_root_open(0) ;
  if (fd == -1) strerr_diefusys(111, "open /") ;
  return fd ;
}

static int is_volatile (int fd)
{
  struct statfs sfs ;
  if (fstatfs(fd, &sfs) == -1) strerr_diefusys(111, "look at the root") ;
  return sfs.f_type == LC_TMPFS_MAGIC || (unsigned long)sfs.f_type == LC_RAMFS_MAGIC ;
}

 /* The first root of a mount namespace cannot be pivoted away from; it is the
    initramfs' rootfs, a ramfs or tmpfs, and its mount is its own parent:
    proc_pid_mountinfo(5). */

static int is_rootfs (int oldfd)
{
  stralloc sa = STRALLOC_ZERO ;
  int yes = 0 ;
  int e = errno ;
  int procfd = is_volatile(oldfd) ? lc_proc_open() : -1 ;
  errno = e ;
  if (procfd == -1) return 0 ;
  if (lc_proc_slurp(procfd, 0, "mountinfo", &sa))
  {
    char const *line = sa.s ;
    while (*line && !yes)
    {
      size_t id = strcspn(line, " ") ;
      char const *parent = line + id + 1 ;
      size_t n = strcspn(line, "\n") ;
      yes = id < n && strcspn(parent, " ") == id && !memcmp(line, parent, id) ;
      line += n + !!line[n] ;
    }
  }
  stralloc_free(&sa) ;
  fd_close(procfd) ;
  errno = e ;
  return yes ;
}

 /* pivot_root(2), ERRORS: EINVAL has many reasons. */

static void die_pivot (char const *newroot, int rootfs) gccattr_noreturn ;

static void die_pivot (char const *newroot, int rootfs)
{
  strerr_diefusys(111, "pivot_root into ", newroot,
    errno == EPERM ? " (not privileged in this mount namespace: lc-unshare -m makes a new one)" :
    errno == EBUSY ? " (it is the root already)" :
    errno != EINVAL ? "" :
    rootfs ? " (the root is a rootfs: only -s gets away from it)" :
    " (a shared mount: lc-unshare -m makes a private copy; or the present root is a chroot)") ;
}

static int is_mountpoint (int fd, char const *newroot)
{
  int e = errno ;
  int r = lc_is_mountpoint(fd, -1) ;
  if (r == -1) strerr_diefusys(111, "look at ", newroot) ;
  errno = e ;
  return r ;
}

 /* A command of the guest sees this process, and so its file, which lies on the
    old root: read-only mounts keep it, and what else was opened there, from being
    written (CVE-2019-5736). The mounts are ours alone and about to go. */

static void guard (int oldfd)
{
  struct lc_mount_attr const attr = { .attr_set = LC_ATTR_RDONLY } ;
  if (lc_mount_setattr(oldfd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) == -1
   && (!lc_hidden(errno) || mount(0, ".", 0, MS_REMOUNT | MS_BIND | MS_RDONLY, 0) == -1))
    strerr_warnwusys("make the old root read-only, so the commands may write to what was opened there") ;
}

 /* Whether something lies on the root still, if not the old root then what was mounted
    over it */

static int is_covered (void)
{
  struct stat a, b ;
  return stat("/", &a) == -1 || stat("/..", &b) == -1 || a.st_dev != b.st_dev || a.st_ino != b.st_ino ;
}

 /* Where move_mount(2) is hidden: /.. leads to what lies on the root (the kernel's
    fs/namei.c; no manual page says so). */

static int move_by_name (int targetfd)
{
  if (fchdir(targetfd) == -1 || mount("/..", ".", 0, MS_MOVE, 0) == -1) return 0 ;
  return !is_covered() || (errno = EBUSY, 0) ;
}

static int move_old (int oldfd, int targetfd)
{
  return lc_tree_attach(oldfd, targetfd) || (lc_hidden(errno) && move_by_name(targetfd)) ;
}

 /* pivot_root(".", ".") makes the old root lie on the new one, pivot_root(2),
    NOTES: no directory is needed for it. It is left by its descriptor. If something
    was mounted over it, umount2(2) takes that first: it takes what is on top of the
    working directory, until that is no mount of this namespace (EINVAL). */

static void leave (int oldfd, int targetfd, char const *oldroot, int guarded)
{
   /* what happens to the old root stays here even if its mounts are not private */
  if (fchdir(oldfd) == -1 || mount(0, ".", 0, MS_REC | MS_PRIVATE, 0) == -1)
    strerr_diefusys(111, "make the old root private") ;
  if (oldroot)
  {
    if (!move_old(oldfd, targetfd))
      strerr_diefusys(111, "move the old root to ", oldroot, errno == EBUSY ? " (something is mounted over it)" : "") ;
    fd_close(targetfd) ;
    lc_say("the old root is at ", oldroot) ;
  }
  else
  {
    if (guarded) guard(oldfd) ;
    if (umount2(".", MNT_DETACH) == -1) strerr_diefusys(111, "unmount the old root") ;
    while (!umount2(".", MNT_DETACH)) ;
    if (errno != EINVAL) strerr_diefusys(111, "unmount the old root, over which something was mounted") ;
    lc_say("the old root is unmounted") ;
  }
  if (chdir("/") == -1) strerr_diefusys(111, "chdir to the new root") ;
}

 /* Where the old root is to stay: a directory below the new root. */

static int open_target (int newfd, char const *oldroot)
{
  struct stat a, b ;
  int e = 0 ;
  int fd = lc_inroot_open(newfd, oldroot, 0) ;
  if (fd == -1) return -1 ;
  if (fstat(newfd, &a) == -1 || fstat(fd, &b) == -1) e = errno ;
  else if (!S_ISDIR(b.st_mode)) e = ENOTDIR ;
  else if (a.st_dev == b.st_dev && a.st_ino == b.st_ino) e = EBUSY ;
  if (!e) return fd ;
  fd_close(fd) ;
  return (errno = e, -1) ;
}

 /* The kernel itself says whether newroot is a mount that can be the root. If not,
    newroot bound on itself may be one: it was no mount point (EBUSY if it lies in the
    root's own mount, else EINVAL), or a mount from a more privileged mount namespace,
    which is locked (mount_namespaces(7)). Returns 0 if only a switch gets away from
    the root. */

static int pivot (char const *newroot, char const *oldroot, int guarded)
{
  int newfd = oldroot ? open_here(newroot) : -1 ;
  int oldfd = open_old() ;
  int bound = 0 ;
  int done ;
  for (;;)
  {
    int targetfd = -1 ;
    int rootfs ;
    if (oldroot)
    {
      targetfd = open_target(newfd, oldroot) ;
      if (targetfd == -1)
      {
        undo_bind(bound, newfd) ;
        strerr_diefusys(111, "open ", oldroot, " in ", newroot, errno == EBUSY ? " (it is the new root itself)" : "") ;
      }
    }
    done = !lc_pivot_root(".", ".") ;
    if (done)
    {
      leave(oldfd, targetfd, oldroot, guarded) ;
      break ;
    }
    rootfs = !bound && (errno == EINVAL || errno == EBUSY) && is_rootfs(oldfd) ;
    if (rootfs && !oldroot) break ;
    if (newfd == -1) newfd = open_here(newroot) ;
    if (rootfs || bound || (errno != EINVAL && (errno != EBUSY || is_mountpoint(newfd, newroot))))
    {
      if (rootfs) errno = EINVAL ;  /* EBUSY if newroot lies in it: the same reason */
      undo_bind(bound, newfd) ;
      die_pivot(newroot, rootfs) ;
    }
    lc_close(targetfd) ;
    bind_on_itself(&newfd, newroot) ;
    bound = 1 ;
  }
  lc_close_late(oldfd) ;
  lc_close_late(newfd) ;
  return done ;
}

 /* switch_root: newroot is moved over the root, and what lies in the old one is
    deleted, not what is mounted there. Only a ramfs or tmpfs is emptied, and not
    by the root of a user namespace that does not own it. */

static void empty_root (int oldfd)
{
  if (!is_volatile(oldfd)) lc_say("the old root is no ramfs or tmpfs: it is left as it is") ;
  else if (lc_inroot_empty(oldfd)) lc_say("the old root is emptied") ;
  else if ((errno == EPERM || errno == EACCES) && lc_userns_inside())
    lc_say("the old root belongs to another user namespace: it is left as it is") ;
  else strerr_warnwusys("empty the old root") ;
}

 /* Unasked it is emptied only by the system's init: from a copied mount namespace
    it would be the root that others live in that is deleted. And not when the new
    root is an overlay, whose layers may lie in it. */

static int may_empty (int newfd)
{
  struct statfs sfs ;
  return getpid() == 1 && !fstatfs(newfd, &sfs) && sfs.f_type != OVERLAYFS_MAGIC && lc_pidns_is_first() ;
}

static void switch_root (char const *newroot, int asked)
{
  struct stat a, b ;
  int newfd = open_here(newroot) ;
  int oldfd = open_old() ;
  int r = is_mountpoint(newfd, newroot) ;
  if (fstat(oldfd, &a) == -1 || fstat(newfd, &b) == -1) strerr_diefusys(111, "look at the roots") ;
  if (a.st_dev == b.st_dev) strerr_dief(111, "unable to switch root to ", newroot, ": it is in the file system of the present root") ;
  for (;; r = 0)
  {
    if (!r) bind_on_itself(&newfd, newroot) ;
    if (!mount(".", "/", 0, MS_MOVE, 0)) break ;
    if (errno == EINVAL && r) continue ;  /* a locked mount: a copy can be moved */
    undo_bind(!r, newfd) ;
    strerr_diefusys(111, "move ", newroot, " over /", errno == EINVAL ? " (it lies in a shared mount)" : "") ;
  }
  change(newroot) ;
  if (asked || may_empty(newfd)) empty_root(oldfd) ;
  else lc_say("the old root is left as it is: -s would empty it") ;
  fd_close(oldfd) ;
  fd_close(newfd) ;
}

void lc_newroot_enter (char const *newroot, char const *oldroot, int how, int guarded)
{
  if (chdir(newroot) == -1) strerr_diefusys(111, "open ", newroot) ;
  if (how == LC_NEWROOT_CHROOT) change(newroot) ;
  else if (how == LC_NEWROOT_SWITCH || !pivot(newroot, oldroot, guarded)) switch_root(newroot, how == LC_NEWROOT_SWITCH) ;
  lc_say("the root is ", newroot) ;
}
