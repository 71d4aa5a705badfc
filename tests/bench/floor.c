/* ISC license. */

/*
   The floor: what a boot costs at the least. Each mode is one piece of work with
   nothing in it but the system calls that the kernel wants for it, in the fewest
   steps; nothing is parsed, nothing is looked up, nothing is checked twice, and no
   link of the root is guarded against. Not a program to be used.

   floor w1 root prog...      a privileged sandbox
   floor w2 root prog...      a rootless guest, set up by root
   floor layers n dir prog... an overlay of dir/1 … dir/n and a tmpfs on dir/target,
                              in a new mount namespace
   floor mapped n dir prog... the same with the ids of the layers mapped
   floor crowd n dir prog...  n mounts more, on dir/1 … dir/n, in a new mount
                              namespace: where others are timed, not a floor itself
*/

#include <skalibs/nonposix.h>

#include <sched.h>
#include <signal.h>
#include <linux/futex.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <lcboot/sys.h>

#include "raw.h"

#define FIRST 100000
#define MAP "0 100000 65536\n"

#define MOST (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP)

static char stack[16384] __attribute__ ((aligned (16))) ;
static char **prog ;
static char **env ;
static char const *root ;
static long overlay ;        /* made by the parent; both have the same descriptors */
static int ready = 0 ;

static long length (char const *s)
{
  char const *p = s ;
  while (*p) p++ ;
  return p - s ;
}

static void complain (char const *s)
{
  RAW3(SYS_write, 2, s, length(s)) ;
}

static char *put_uint (char *s, unsigned long n)
{
  unsigned long d = 1 ;
  while (n / d > 9) d *= 10 ;
  for (; d ; d /= 10) *s++ = (char)('0' + n / d % 10) ;
  *s = 0 ;
  return s ;
}

static unsigned long get_uint (char const *s)
{
  unsigned long n = 0 ;
  for (; *s >= '0' && *s <= '9' ; s++) n = n * 10 + (unsigned long)(*s - '0') ;
  return n ;
}

static void die (char const *what, long r) __attribute__ ((noreturn)) ;

static void die (char const *what, long r)
{
  char fmt[24] ;
  put_uint(fmt, (unsigned long)-r) ;
  complain("floor: fatal: unable to ") ;
  complain(what) ;
  complain(": error ") ;
  complain(fmt) ;
  complain("\n") ;
  for (;;) RAW1(SYS_exit_group, 111) ;
}

static long must (char const *what, long r)
{
  if (r < 0) die(what, r) ;
  return r ;
}

static void become (void)
{
  die("exec", RAW3(SYS_execve, prog[0], prog, env)) ;
}

 /* Mounts. Descriptors are left to exec. */

struct option_s
{
  char const *key ;
  char const *value ;
} ;

static long fs_make (char const *type, struct option_s const *o, unsigned int attr)
{
  long fs = must("fsopen", RAW2(SYS_fsopen, type, FSOPEN_CLOEXEC)) ;
  for (; o && o->key ; o++) must("fsconfig", RAW5(SYS_fsconfig, fs, LC_FSCONFIG_SET_STRING, o->key, o->value, 0)) ;
  must("make a file system", RAW5(SYS_fsconfig, fs, LC_FSCONFIG_CMD_CREATE, 0, 0, 0)) ;
  return must("fsmount", RAW3(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attr)) ;
}

static void attach (long mfd, long dirfd, char const *path)
{
  must("attach", RAW5(SYS_move_mount, mfd, "", dirfd, path, MOVE_MOUNT_F_EMPTY_PATH)) ;
}

static long clone_tree (char const *path)
{
  return must("open_tree", RAW3(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)) ;
}

static void make_private (void)
{
  must("make / private", RAW5(SYS_mount, 0, "/", 0, MS_REC | MS_PRIVATE, 0)) ;
}

#define NODES 6
#define STRICT (LC_ATTR_NOSUID | LC_ATTR_NODEV | LC_ATTR_NOEXEC)

 /* Device numbers below 256 as the kernel has them; makedev(3) can be a call to libc. */

static void make_dev (int bound)
{
  static struct { char const *path ; unsigned int major ; unsigned int minor ; } const nodes[NODES] =
  {
    { "/dev/null", 1, 3 },
    { "/dev/zero", 1, 5 },
    { "/dev/full", 1, 7 },
    { "/dev/random", 1, 8 },
    { "/dev/urandom", 1, 9 },
    { "/dev/tty", 5, 0 }
  } ;
  static struct option_s const dev[] = { { "mode", "0755" }, { 0, 0 } } ;
  static struct option_s const pts[] = { { "ptmxmode", "0666" }, { "mode", "0620" }, { "gid", "5" }, { 0, 0 } } ;
  long mfd = fs_make("tmpfs", dev, LC_ATTR_NOSUID) ;
  long mask = RAW1(SYS_umask, 0) ;
  unsigned int i = 0 ;
  for (; i < NODES ; i++)
    must("mknod", RAW4(SYS_mknodat, mfd, nodes[i].path + 5, bound ? S_IFREG : S_IFCHR | 0666,
      bound ? 0 : nodes[i].major << 8 | nodes[i].minor)) ;
  must("symlink", RAW3(SYS_symlinkat, "/proc/self/fd", mfd, "fd")) ;
  must("symlink", RAW3(SYS_symlinkat, "/proc/self/fd/0", mfd, "stdin")) ;
  must("symlink", RAW3(SYS_symlinkat, "/proc/self/fd/1", mfd, "stdout")) ;
  must("symlink", RAW3(SYS_symlinkat, "/proc/self/fd/2", mfd, "stderr")) ;
  must("symlink", RAW3(SYS_symlinkat, "pts/ptmx", mfd, "ptmx")) ;
  must("mkdir", RAW3(SYS_mkdirat, mfd, "pts", 0755)) ;
  must("mkdir", RAW3(SYS_mkdirat, mfd, "shm", 01777)) ;
  must("mkdir", RAW3(SYS_mkdirat, mfd, "mqueue", 0755)) ;
  RAW1(SYS_umask, mask) ;
  attach(mfd, AT_FDCWD, "dev") ;
  if (bound)
    for (i = 0 ; i < NODES ; i++) attach(clone_tree(nodes[i].path), mfd, nodes[i].path + 5) ;
  attach(fs_make("devpts", pts, LC_ATTR_NOSUID | LC_ATTR_NOEXEC), mfd, "pts") ;
  attach(fs_make("tmpfs", 0, STRICT), mfd, "shm") ;
  attach(fs_make("mqueue", 0, STRICT), mfd, "mqueue") ;
}

 /* From here on the root is the current directory. */

static void enter (int bound)
{
  attach(fs_make("proc", 0, STRICT), AT_FDCWD, "proc") ;
  attach(fs_make("sysfs", 0, STRICT | LC_ATTR_RDONLY), AT_FDCWD, "sys") ;
  make_dev(bound) ;
  must("pivot_root", RAW2(SYS_pivot_root, ".", ".")) ;
  must("unmount the old root", RAW2(SYS_umount2, ".", MNT_DETACH)) ;
  become() ;
}

static int wait_for (long pid)
{
  int wstat = 0 ;
  must("wait", RAW4(SYS_wait4, pid, &wstat, 0, 0)) ;
  return WIFSIGNALED(wstat) ? 128 + WTERMSIG(wstat) : WEXITSTATUS(wstat) ;
}

static long start (unsigned long flags, void (*f) (void))
{
  return must("clone", raw_clone(SYS_clone, flags | CLONE_VM | SIGCHLD, stack + sizeof(stack), f)) ;
}

 /* W1: straight into all of the namespaces; the parent sleeps until exec. */

static void w1_child (void)
{
  long fd ;
  make_private() ;
  fd = clone_tree(root) ;
  attach(fd, AT_FDCWD, root) ;
  must("chdir", RAW1(SYS_fchdir, fd)) ;
  enter(0) ;
}

static int w1 (void)
{
  return wait_for(start(MOST | CLONE_NEWPID | CLONE_VFORK, &w1_child)) ;
}

 /* W2: the user namespace comes first, so that the others, and what they are born
    with, belong to its root. Its maps, and the overlay, which is of file systems
    that are not its own, are made by the parent, who shares memory and descriptors
    with the child. */

static void wait_until_ready (void)
{
  while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
    RAW4(SYS_futex, &ready, FUTEX_WAIT_PRIVATE, 0, 0) ;
}

static void let_go (void)
{
  __atomic_store_n(&ready, 1, __ATOMIC_RELEASE) ;
  RAW3(SYS_futex, &ready, FUTEX_WAKE_PRIVATE, 1) ;
}

static void w2_child (void)
{
  wait_until_ready() ;
  must("setgroups", RAW2(SYS_setgroups, 0, 0)) ;
  must("setresgid", RAW3(SYS_setresgid, 0, 0, 0)) ;
  must("setresuid", RAW3(SYS_setresuid, 0, 0, 0)) ;
  must("unshare", RAW1(SYS_unshare, MOST)) ;
  make_private() ;
  attach(overlay, AT_FDCWD, root) ;
  must("chdir", RAW1(SYS_fchdir, overlay)) ;
  enter(1) ;
}

static void put_map (char const *path)
{
  long fd = must(path, RAW4(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0)) ;
  must("write a map", RAW3(SYS_write, fd, MAP, sizeof(MAP) - 1)) ;
}

static void copy (char *to, char const *s)
{
  while ((*to++ = *s++)) ;
}

 /* The upper layer of an overlay, on a tmpfs: its directory's descriptor, and that
    of work. The first may be given an owner. */

static long make_tmpfs (void)
{
  static struct option_s const o[] = { { "mode", "0700" }, { 0, 0 } } ;
  return fs_make("tmpfs", o, 0) ;
}

static void make_upper (long mfd, long *upper, long *work, unsigned int owner)
{
  must("mkdir", RAW3(SYS_mkdirat, mfd, "upper", 0755)) ;
  must("mkdir", RAW3(SYS_mkdirat, mfd, "work", 0700)) ;
  if (owner) must("chown", RAW5(SYS_fchownat, mfd, "upper", owner, owner, 0)) ;
  *upper = must("open upper", RAW4(SYS_openat, mfd, "upper", O_PATH | O_CLOEXEC, 0)) ;
  *work = must("open work", RAW4(SYS_openat, mfd, "work", O_PATH | O_CLOEXEC, 0)) ;
}

static void set_fd (long fs, char const *key, long fd)
{
  must(key, RAW5(SYS_fsconfig, fs, LC_FSCONFIG_SET_FD, key, 0, fd)) ;
}

static long finish_overlay (long fs, long mfd, unsigned int owner)
{
  long upper, work ;
  make_upper(mfd, &upper, &work, owner) ;
  set_fd(fs, "upperdir", upper) ;
  set_fd(fs, "workdir", work) ;
  must("make an overlay", RAW5(SYS_fsconfig, fs, LC_FSCONFIG_CMD_CREATE, 0, 0, 0)) ;
  return must("fsmount", RAW3(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0)) ;
}

static long open_overlay (void)
{
  return must("fsopen", RAW2(SYS_fsopen, "overlay", FSOPEN_CLOEXEC)) ;
}

static long write_maps (long pid)
{
  char path[48] = "/proc/" ;
  char *end = put_uint(path + 6, (unsigned long)pid) ;
  copy(end, "/gid_map") ;
  put_map(path) ;
  copy(end, "/uid_map") ;
  put_map(path) ;
  copy(end, "/ns/user") ;
  return must("open the user namespace", RAW4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0)) ;
}

static long clone_mapped (char const *path, long nsfd)
{
  struct lc_mount_attr attr = { .attr_set = LC_ATTR_IDMAP, .attr_clr = 0, .propagation = 0, .userns_fd = (uint64_t)nsfd } ;
  long fd = clone_tree(path) ;
  must("map ids", RAW5(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr))) ;
  return fd ;
}

static int w2 (void)
{
  long pid = start(CLONE_NEWUSER | CLONE_NEWPID | CLONE_FILES, &w2_child) ;
  long nsfd = write_maps(pid) ;
  long lower = clone_mapped(root, nsfd) ;
  long mfd = make_tmpfs() ;
  long fs = open_overlay() ;
  set_fd(fs, "lowerdir+", lower) ;
  overlay = finish_overlay(fs, mfd, FIRST) ;
  let_go() ;

   /* a mount that goes costs a grace period of the kernel: meanwhile */
  RAW1(SYS_close, lower) ;
  RAW1(SYS_close, mfd) ;
  return wait_for(pid) ;
}

 /* Layers and crowds: dir is the current directory first, names are numbers. */

static void in_new_mount_namespace (char const *dir)
{
  must("unshare", RAW1(SYS_unshare, CLONE_NEWNS)) ;
  make_private() ;
  must("chdir", RAW1(SYS_chdir, dir)) ;
}

static void idle (void)
{
  wait_until_ready() ;
  for (;;) RAW1(SYS_exit, 0) ;
}

static long make_userns (void)
{
  long pid = start(CLONE_NEWUSER, &idle) ;
  long nsfd = write_maps(pid) ;
  let_go() ;
  wait_for(pid) ;
  return nsfd ;
}

static void layers (unsigned long n, char const *dir)
{
  char name[24] ;
  long fs ;
  in_new_mount_namespace(dir) ;
  fs = open_overlay() ;
  for (; n ; n--)
  {
    put_uint(name, n) ;
    set_fd(fs, "lowerdir+", must("open a layer", RAW4(SYS_openat, AT_FDCWD, name, O_PATH | O_CLOEXEC, 0))) ;
  }
  attach(finish_overlay(fs, make_tmpfs(), 0), AT_FDCWD, "target") ;
  become() ;
}

 /* A mount that goes costs a grace period of the kernel, attached or not, but a
    tree of them that goes at once costs one: so the clones are put on directories
    of the tmpfs. */

static void mapped (unsigned long n, char const *dir)
{
  char name[24] ;
  long nsfd = make_userns() ;
  long fs, mfd, dirfd, ov ;
  in_new_mount_namespace(dir) ;
  dirfd = must("open the directory", RAW4(SYS_openat, AT_FDCWD, ".", O_PATH | O_CLOEXEC, 0)) ;
  mfd = make_tmpfs() ;
  attach(mfd, AT_FDCWD, "target") ;
  fs = open_overlay() ;
  for (; n ; n--)
  {
    long fd ;
    put_uint(name, n) ;
    fd = clone_mapped(name, nsfd) ;
    must("mkdir", RAW3(SYS_mkdirat, mfd, name, 0700)) ;
    attach(fd, mfd, name) ;
    set_fd(fs, "lowerdir+", fd) ;
  }
  ov = finish_overlay(fs, mfd, FIRST) ;
  must("chdir", RAW1(SYS_fchdir, mfd)) ;
  must("unmount the layers", RAW2(SYS_umount2, ".", MNT_DETACH)) ;
  attach(ov, dirfd, "target") ;
  become() ;
}

static void crowd (unsigned long n, char const *dir)
{
  char name[24] ;
  in_new_mount_namespace(dir) ;
  for (; n ; n--)
  {
    put_uint(name, n) ;
    attach(clone_tree(name), AT_FDCWD, name) ;
  }
  become() ;
}

static int is (char const *a, char const *b)
{
  while (*a && *a == *b) a++, b++ ;
  return *a == *b ;
}

static int program (int argc, char **argv, char **envp)
{
  env = envp ;
  if (argc >= 4)
  {
    root = argv[2] ;
    prog = argv + 3 ;
    if (is(argv[1], "w1")) return w1() ;
    if (is(argv[1], "w2")) return w2() ;
  }
  if (argc >= 5)
  {
    prog = argv + 4 ;
    if (is(argv[1], "layers")) layers(get_uint(argv[2]), argv[3]) ;
    if (is(argv[1], "mapped")) mapped(get_uint(argv[2]), argv[3]) ;
    if (is(argv[1], "crowd")) crowd(get_uint(argv[2]), argv[3]) ;
  }
  return 100 ;
}
