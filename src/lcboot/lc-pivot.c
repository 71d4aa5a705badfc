/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/posixplz.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/attach.h>
#include <lcboot/block.h>
#include <lcboot/child.h>
#include <lcboot/exec.h>
#include <lcboot/ids.h>
#include <lcboot/inroot.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>
#include <lcboot/tolerant.h>
#include <lcboot/userns.h>

#define USAGE "lc-pivot [ -v ] [ -c | -s ] [ -o oldroot ] [ -b { command... } | -i fd { command... } ]... newroot prog..."
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

#ifndef SYS_close_range
#define SYS_close_range 436  /* Linux 5.9 */
#endif

#define OVERLAYFS_MAGIC 0x794c7630
#define INITIAL_PIDNS_INO 0xeffffffcU  /* PROC_PID_INIT_INO */

 /* A command of -b or -i. Its standard input, or -1: /dev/null. */

struct command_s
{
  char const *const *argv ;
  int fd ;
} ;

static int scan_fd (char const *s)
{
  uint64_t n ;
  if (!lc_number_scan(s, 0x7fffffff, &n) || n < 3 || fcntl((int)n, F_GETFD) == -1)
    strerr_dief(100, "-i wants an open descriptor above 2, not ", s) ;
  return (int)n ;
}

static void add_command (genalloc *commands, char const *const *argv, int fd)
{
  struct command_s c = { .argv = argv, .fd = fd } ;
  size_t i = genalloc_len(struct command_s, commands) ;
  while (fd >= 0 && i--)
    if (genalloc_s(struct command_s, commands)[i].fd == fd) strerr_dief(100, "a descriptor can be given to one -i only") ;
  if (!genalloc_append(struct command_s, commands, &c)) dienomem() ;
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
  lc_say(newroot, " is bound on itself") ;
}

static void enter (int newfd, char const *newroot)
{
  if (fchdir(newfd) == -1) strerr_diefusys(111, "chdir to ", newroot) ;
}

static void change_root (char const *newroot)
{
  if (chroot(".") == -1) strerr_diefusys(111, "change root to ", newroot) ;
  if (chdir("/") == -1) strerr_diefusys(111, "chdir to the new root") ;
}

 /* The first root of a mount namespace cannot be pivoted away from; it is the
    initramfs' rootfs, a ramfs or tmpfs, and its mount is its own parent:
    proc_pid_mountinfo(5). */

static int is_volatile (int fd)
{
  struct statfs sfs ;
  if (fstatfs(fd, &sfs) == -1) strerr_diefusys(111, "look at the root") ;
  return sfs.f_type == LC_TMPFS_MAGIC || (unsigned long)sfs.f_type == LC_RAMFS_MAGIC ;
}

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

static int try_pivot (int newfd, char const *newroot)
{
  enter(newfd, newroot) ;
  return !lc_pivot_root(".", ".") ;
}

static int undo_bind (int bound, int newfd)
{
  int e = errno ;
  if (bound) lc_tree_detach(newfd) ;
  errno = e ;
  return 1 ;
}

 /* pivot_root(".", ".") makes the old root lie on the new one, pivot_root(2),
    NOTES: no directory is needed for it. It is left by its descriptor; and /.. is
    another name for it, since a path that goes up from the root is led to what
    lies on the root. */

static void leave (int oldfd, int targetfd, char const *oldroot)
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

static void pivot (int *newfd, char const *newroot, int oldfd, char const *oldroot)
{
  int bound = 0 ;
  int r = lc_is_mountpoint(*newfd) ;
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
      if (targetfd == -1 && undo_bind(bound, *newfd))
        strerr_diefusys(111, "open ", oldroot, " in ", newroot, errno == EBUSY ? " (it is the new root itself)" : "") ;
    }
    if (try_pivot(*newfd, newroot))
    {
      leave(oldfd, targetfd, oldroot) ;
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
  struct stat st ;
  int yes = 0 ;
  int procfd = getpid() == 1 && !fstatfs(newfd, &sfs) && sfs.f_type != OVERLAYFS_MAGIC ? lc_proc_open() : -1 ;
  int fd = procfd >= 0 ? lc_proc_ns(procfd, 0, "pid") : -1 ;
  if (fd >= 0)
  {
    yes = !fstat(fd, &st) && st.st_ino == INITIAL_PIDNS_INO ;
    fd_close(fd) ;
  }
  if (procfd >= 0) fd_close(procfd) ;
  return yes ;
}

static void switch_root (int *newfd, char const *newroot, int oldfd, int asked)
{
  struct stat a, b ;
  int r = lc_is_mountpoint(*newfd) ;
  if (r == -1 || fstat(oldfd, &a) == -1 || fstat(*newfd, &b) == -1) strerr_diefusys(111, "look at the roots") ;
  if (a.st_dev == b.st_dev) strerr_dief(111, "unable to switch root to ", newroot, ": it is in the file system of the present root") ;
  for (;; r = 0)
  {
    if (!r) bind_on_itself(newfd, newroot) ;
    enter(*newfd, newroot) ;
    if (!mount(".", "/", 0, MS_MOVE, 0)) break ;
    if (errno == EINVAL && r) continue ;  /* a locked mount: a copy can be moved */
    undo_bind(!r, *newfd) ;
    strerr_diefusys(111, "move ", newroot, " over /", errno == EINVAL ? " (it lies in a shared mount)" : "") ;
  }
  change_root(newroot) ;
  if (asked || may_empty(*newfd)) empty_root(oldfd) ;
  else lc_say("the old root is left as it is: -s would empty it") ;
}

 /* A command gets no descriptor but its standard ones: what an engine leaked is
    for prog alone. */

static void close_others (void)
{
  int fd = 3 ;
  int max = (int)sysconf(_SC_OPEN_MAX) ;
  if (!syscall(SYS_close_range, 3, ~0U, 0)) return ;
  for (; fd < max ; fd++) close(fd) ;
}

static int run (struct command_s const *c, int nullfd, lc_sigstate const *old)
{
  pid_t pid = fork() ;
  if (pid) return pid == -1 ? -1 : lc_wait_child(pid) ;
  if (fd_copy(0, c->fd >= 0 ? c->fd : nullfd) == -1) strerr_diefusys(111, "give ", c->argv[0], " its standard input") ;
  close_others() ;
  lc_sigstate_restore(old) ;
  lc_tolerant_exec(c->argv, (char const *const *)environ) ;
}

static void run_commands (genalloc *commands, int nullfd)
{
  struct command_s const *c = genalloc_s(struct command_s, commands) ;
  size_t n = genalloc_len(struct command_s, commands) ;
  lc_sigstate old ;
  size_t i = 0 ;
  if (!n) return ;
  lc_sigstate_hold_chld(&old) ;
  for (; i < n ; i++)
  {
    int wstat = run(c + i, nullfd, &old) ;
    if (wstat == -1) strerr_diefusys(111, "run ", c[i].argv[0]) ;
    if (wstat) strerr_dief(111, "the command ", c[i].argv[0], " ", lc_how_ended(wstat), ", so the program is not run") ;
    if (c[i].fd >= 0) fd_close(c[i].fd) ;
    if (getpid() == 1) wait_reap() ;  /* what it left behind */
    lc_say("the command ", c[i].argv[0], " is done") ;
  }
  lc_sigstate_restore(&old) ;
  fd_close(nullfd) ;
}

int main (int argc, char const **argv)
{
  genalloc commands = GENALLOC_ZERO ;  /* struct command_s */
  char const *oldroot = 0 ;
  char const *newroot ;
  int how = 0 ;
  int newfd, oldfd ;
  int nullfd = -1 ;
  PROG = "lc-pivot" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vcso:bi:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'c' :
        case 's' :
          if (how && how != opt) strerr_dief(100, "-c and -s exclude each other") ;
          how = opt ;
          break ;
        case 'o' : oldroot = l.arg ; break ;
        case 'b' : add_command(&commands, lc_block_option(argc, argv, &l, "-b"), -1) ; break ;
        case 'i' :
        {
          int fd = scan_fd(l.arg) ;
          add_command(&commands, lc_block_option(argc, argv, &l, "-i"), fd) ;
          break ;
        }
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc < 2) dieusage() ;
  newroot = argv[0] ;
  if (oldroot && how) strerr_dief(100, "-o is of use only with a pivot, not with -", how == 'c' ? "c" : "s") ;
  if (oldroot && oldroot[0] != '/') strerr_dief(100, "-o wants an absolute path, inside the new root, not ", oldroot) ;
  if (oldroot && !oldroot[strspn(oldroot, "/")]) strerr_dief(100, "the old root cannot stay at /") ;

  newfd = lc_root_open(newroot) ;
  if (newfd == -1) strerr_diefusys(111, "open ", newroot) ;
  oldfd = lc_root_open(0) ;
  if (oldfd == -1) strerr_diefusys(111, "open /") ;
  if (commands.len)
  {
    size_t i = 0 ;
    nullfd = open("/dev/null", O_RDONLY | O_CLOEXEC) ;
    if (nullfd == -1) strerr_diefusys(111, "open /dev/null, the standard input of commands") ;
    for (; i < genalloc_len(struct command_s, &commands) ; i++)
      if (genalloc_s(struct command_s, &commands)[i].fd >= 0) coe(genalloc_s(struct command_s, &commands)[i].fd) ;
  }
  if (how == 'c')
  {
    enter(newfd, newroot) ;
    change_root(newroot) ;
  }
  else if (how == 's' || (!oldroot && is_rootfs(oldfd))) switch_root(&newfd, newroot, oldfd, how == 's') ;
  else pivot(&newfd, newroot, oldfd, oldroot) ;
  fd_close(oldfd) ;
  fd_close(newfd) ;
  lc_say("the root is ", newroot) ;
  run_commands(&commands, nullfd) ;
  lc_exec(argv + 1) ;
}
