/* ISC license. */

/*
   The system calls that musl and older glibc have no wrapper for, and the
   constants that go with them. The kernel release that brought each of them
   stands beside it. Every wrapper returns what the system call does, -1 with
   errno set on failure; ENOSYS where the kernel, or a seccomp filter, lacks it.
*/

#ifndef LCBOOT_SYS_H
#define LCBOOT_SYS_H

#include <skalibs/nonposix.h>

#include <stdint.h>
#include <sched.h>
#include <signal.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/types.h>
#include <sys/syscall.h>
#include <sys/mount.h>

 /* The numbers above 423 are the same on every architecture but alpha. */

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_fsconfig
#define SYS_fsconfig 431
#endif
#ifndef SYS_fsmount
#define SYS_fsmount 432
#endif
#ifndef SYS_fspick
#define SYS_fspick 433
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

 /* Linux 5.6: openat2(2) */

struct lc_open_how
{
  uint64_t flags ;
  uint64_t mode ;
  uint64_t resolve ;
} ;

#define LC_RESOLVE_NO_XDEV 0x01
#define LC_RESOLVE_NO_MAGICLINKS 0x02
#define LC_RESOLVE_NO_SYMLINKS 0x04
#define LC_RESOLVE_BENEATH 0x08
#define LC_RESOLVE_IN_ROOT 0x10

static inline int lc_openat2 (int dirfd, char const *path, struct lc_open_how const *how)
{
  return (int)syscall(SYS_openat2, dirfd, path, how, sizeof(*how)) ;
}

 /* Linux 5.2: open_tree(2), move_mount(2), fsopen(2), fsconfig(2), fsmount(2), fspick(2) */

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x04
#endif
#ifndef MOVE_MOUNT_T_EMPTY_PATH
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
#endif
#ifndef FSOPEN_CLOEXEC
#define FSOPEN_CLOEXEC 1
#endif
#ifndef FSMOUNT_CLOEXEC
#define FSMOUNT_CLOEXEC 1
#endif
#ifndef FSPICK_CLOEXEC
#define FSPICK_CLOEXEC 1
#endif
#ifndef FSPICK_EMPTY_PATH
#define FSPICK_EMPTY_PATH 8
#endif

enum lc_fsconfig_e
{
  LC_FSCONFIG_SET_FLAG = 0,
  LC_FSCONFIG_SET_STRING = 1,
  LC_FSCONFIG_SET_FD = 5,
  LC_FSCONFIG_CMD_CREATE = 6,
  LC_FSCONFIG_CMD_RECONFIGURE = 7
} ;

static inline int lc_open_tree (int dirfd, char const *path, unsigned int flags)
{
  return (int)syscall(SYS_open_tree, dirfd, path, flags) ;
}

static inline int lc_move_mount (int fromfd, char const *from, int tofd, char const *to, unsigned int flags)
{
  return (int)syscall(SYS_move_mount, fromfd, from, tofd, to, flags) ;
}

static inline int lc_fsopen (char const *fstype, unsigned int flags)
{
  return (int)syscall(SYS_fsopen, fstype, flags) ;
}

static inline int lc_fsconfig (int fsfd, unsigned int cmd, char const *key, void const *value, int aux)
{
  return (int)syscall(SYS_fsconfig, fsfd, cmd, key, value, aux) ;
}

static inline int lc_fsmount (int fsfd, unsigned int flags, unsigned int attr)
{
  return (int)syscall(SYS_fsmount, fsfd, flags, attr) ;
}

static inline int lc_fspick (int dirfd, char const *path, unsigned int flags)
{
  return (int)syscall(SYS_fspick, dirfd, path, flags) ;
}

 /* Linux 5.12: mount_setattr(2). NOSYMFOLLOW is 5.14. */

struct lc_mount_attr
{
  uint64_t attr_set ;
  uint64_t attr_clr ;
  uint64_t propagation ;
  uint64_t userns_fd ;
} ;

#define LC_ATTR_RDONLY 0x00000001
#define LC_ATTR_NOSUID 0x00000002
#define LC_ATTR_NODEV 0x00000004
#define LC_ATTR_NOEXEC 0x00000008
#define LC_ATTR_ATIME 0x00000070  /* the field of the next three */
#define LC_ATTR_RELATIME 0x00000000
#define LC_ATTR_NOATIME 0x00000010
#define LC_ATTR_STRICTATIME 0x00000020
#define LC_ATTR_NODIRATIME 0x00000080
#define LC_ATTR_IDMAP 0x00100000
#define LC_ATTR_NOSYMFOLLOW 0x00200000

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#define LC_ST_RELATIME 0x1000     /* of statfs(2)'s f_flags */
#define LC_ST_NOSYMFOLLOW 0x2000  /* Linux 5.10 */
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif

static inline int lc_mount_setattr (int dirfd, char const *path, unsigned int flags, struct lc_mount_attr const *attr)
{
  return (int)syscall(SYS_mount_setattr, dirfd, path, flags, attr, sizeof(*attr)) ;
}

 /* Linux 5.3: pidfd_open(2), close-on-exec by itself. Linux 5.1: pidfd_send_signal(2) */

static inline int lc_pidfd_open (pid_t pid)
{
  return (int)syscall(SYS_pidfd_open, pid, 0) ;
}

static inline int lc_pidfd_kill (int pidfd, int sig)
{
  return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, (void *)0, 0) ;
}

 /* Linux 4.11: statx(2), as much of it as is used here. MOUNT_ROOT is 5.8. */

#ifndef AT_NO_AUTOMOUNT
#define AT_NO_AUTOMOUNT 0x800
#endif
#define LC_STATX_ATTR_MOUNT_ROOT 0x2000

struct lc_statx
{
  uint32_t mask ;
  uint32_t blksize ;
  uint64_t attributes ;
  uint64_t unused1[5] ;
  uint64_t attributes_mask ;
  uint64_t unused2[24] ;
} ;

static inline int lc_statx (int dirfd, char const *path, unsigned int flags, unsigned int mask, struct lc_statx *stx)
{
  return (int)syscall(SYS_statx, dirfd, path, flags, mask, stx) ;
}

 /* Linux 5.6: time namespaces. Linux 4.6: cgroup namespaces. */

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

 /* A child in new namespaces, otherwise like fork(2): clone(2) as the raw call,
    for libc's wants a stack. It must not be used with more than one thread. */

static inline pid_t lc_clone (unsigned long flags)
{
  return (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0) ;
}

 /* pivot_root(2), which no libc wraps */

static inline int lc_pivot_root (char const *newroot, char const *putold)
{
  return (int)syscall(SYS_pivot_root, newroot, putold) ;
}

 /* ioctl_ns(2), Linux 4.9 and 4.11 */

#ifndef NS_GET_USERNS
#define NS_GET_USERNS 0xb701
#endif
#ifndef NS_GET_NSTYPE
#define NS_GET_NSTYPE 0xb703
#endif

 /* File system magics of statfs(2) that more than one file needs */

#define LC_PROC_MAGIC 0x9fa0
#define LC_PROC_ROOT_INO 1
#define LC_RAMFS_MAGIC 0x858458f6
#define LC_SYSFS_MAGIC 0x62656572
#define LC_TMPFS_MAGIC 0x01021994

#endif
