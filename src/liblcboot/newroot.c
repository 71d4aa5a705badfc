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
#include <lcboot/inroot.h>
#include <lcboot/newroot.h>
#include <lcboot/pidns.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>
#include <lcboot/userns.h>

#define OVERLAYFS_MAGIC 0x794c7630

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
  lc_say(newroot, " is bound on itself") ;
}

static void enter (int newfd, char const *newroot)
{
  if (fchdir(newfd) == -1) strerr_diefusys(111, "chdir to ", newroot) ;
}

static void change (char const *newroot)
{
  if (chroot(".") == -1) strerr_diefusys(111, "change root to ", newroot) ;
  if (chdir("/") == -1) strerr_diefusys(111, "chdir to the new root") ;
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

static int try_pivot (int newfd)
{
  return !fchdir(newfd) && !lc_pivot_root(".", ".") ;
}

static void undo_bind (int bound, int newfd)
{
  int e = errno ;
  if (bound) lc_tree_detach(newfd) ;
  errno = e ;
}

 /* pivot_root(".", ".") makes the old root lie on the new one, pivot_root(2),
    NOTES: no directory is needed for it. It is left by its descriptor; and /.. is
    another name for it, since a path that goes up from the root is led to what
    lies on the root. */

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

static void leave (int oldfd, int targetfd, char const *oldroot, int guarded)
{
   /* what happens to the old root stays here even if its mounts are not private */
  if (fchdir(oldfd) == -1 || mount(0, ".", 0, MS_REC | MS_PRIVATE, 0) == -1)
    strerr_diefusys(111, "make the old root private") ;
  if (oldroot)
  {
    if (fchdir(targetfd) == -1 || mount("/..", ".", 0, MS_MOVE, 0) == -1)
      strerr_diefusys(111, "move the old root to ", oldroot) ;
    fd_close(targetfd) ;
    lc_say("the old root is at ", oldroot) ;
  }
  else
  {
    if (guarded) guard(oldfd) ;
    if (umount2(".", MNT_DETACH) == -1) strerr_diefusys(111, "unmount the old root") ;
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

static void pivot (int *newfd, char const *newroot, int oldfd, char const *oldroot, int guarded)
{
  int bound = 0 ;
  int r = lc_is_mountpoint(*newfd, -1) ;
  if (r == -1) strerr_diefusys(111, "look at ", newroot) ;
  for (;; r = 0)
  {
    int targetfd = -1 ;
    if (!r)
    {
      bind_on_itself(newfd, newroot) ;
      bound = 1 ;
    }
    if (oldroot)
    {
      targetfd = open_target(*newfd, oldroot) ;
      if (targetfd == -1)
      {
        undo_bind(bound, *newfd) ;
        strerr_diefusys(111, "open ", oldroot, " in ", newroot, errno == EBUSY ? " (it is the new root itself)" : "") ;
      }
    }
    if (try_pivot(*newfd))
    {
      leave(oldfd, targetfd, oldroot, guarded) ;
      return ;
    }
    if (errno != EINVAL || bound || is_rootfs(oldfd))
    {
      undo_bind(bound, *newfd) ;
      die_pivot(newroot, errno == EINVAL && is_rootfs(oldfd)) ;
    }

     /* a mount that came from a more privileged mount namespace is locked, and
        cannot be the root of this one; a copy can: mount_namespaces(7) */
    if (targetfd >= 0) fd_close(targetfd) ;
  }
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

static void switch_root (int *newfd, char const *newroot, int oldfd, int asked)
{
  struct stat a, b ;
  int r = lc_is_mountpoint(*newfd, -1) ;
  if (r == -1 || fstat(oldfd, &a) == -1 || fstat(*newfd, &b) == -1) strerr_diefusys(111, "look at the roots") ;
  if (a.st_dev == b.st_dev) strerr_dief(111, "unable to switch root to ", newroot, ": it is in the file system of the present root") ;
  for (;; r = 0)
  {
    if (!r) bind_on_itself(newfd, newroot) ;
    if (!fchdir(*newfd) && !mount(".", "/", 0, MS_MOVE, 0)) break ;
    if (errno == EINVAL && r) continue ;  /* a locked mount: a copy can be moved */
    undo_bind(!r, *newfd) ;
    strerr_diefusys(111, "move ", newroot, " over /", errno == EINVAL ? " (it lies in a shared mount)" : "") ;
  }
  change(newroot) ;
  if (asked || may_empty(*newfd)) empty_root(oldfd) ;
  else lc_say("the old root is left as it is: -s would empty it") ;
}

void lc_newroot_enter (char const *newroot, char const *oldroot, int how, int guarded)
{
  int oldfd ;
  int newfd = lc_root_open(newroot) ;
  if (newfd == -1) strerr_diefusys(111, "open ", newroot) ;
  oldfd = lc_root_open(0) ;
  if (oldfd == -1) strerr_diefusys(111, "open /") ;
  if (how == LC_NEWROOT_CHROOT)
  {
    enter(newfd, newroot) ;
    change(newroot) ;
  }
  else if (how == LC_NEWROOT_SWITCH || (!oldroot && is_rootfs(oldfd))) switch_root(&newfd, newroot, oldfd, how == LC_NEWROOT_SWITCH) ;
  else pivot(&newfd, newroot, oldfd, oldroot, guarded) ;
  fd_close(oldfd) ;
  fd_close(newfd) ;
  lc_say("the root is ", newroot) ;
}
