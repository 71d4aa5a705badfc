/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <skalibs/djbunix.h>

#include <lcboot/attach.h>
#include <lcboot/netns.h>
#include <lcboot/sys.h>

 /* NET_NS_INIT_INO of newer kernels, see linux/nsfs.h. Namespaces that are made
    have numbers from 0xF0000000 on, in all of them. USER_NS_INIT_INO is older. */

#define INITIAL_NETNS_INO 0xEFFFFFF9U
#define INITIAL_USERNS_INO 0xEFFFFFFDU

static ino_t inode (int fd)
{
  struct stat st ;
  return fstat(fd, &st) == -1 ? 0 : st.st_ino ;
}

 /* 1 or 0, or -1 if this procfs has no sysctls, or something is mounted over
    them. What it shows is the network namespace of who looks. */

static int has_initial_sysctls (int procfd)
{
  struct statfs sfs ;
  struct stat st ;
  int r = -1 ;
  int fd = openat(procfd, "sys/net/core", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) ;
  if (fd == -1) return -1 ;
  if (!fstatfs(fd, &sfs) && sfs.f_type == LC_PROC_MAGIC)
  {
    if (!fstatat(fd, "dev_weight", &st, AT_SYMLINK_NOFOLLOW)) r = 1 ;
    else if (errno == ENOENT) r = 0 ;
  }
  fd_close(fd) ;
  return r ;
}

int lc_netns_is_initial (int nsfd, int procfd)
{
  lc_mountopts o = LC_MOUNTOPTS_ZERO ;
  int r ;
  int fd ;
  if (inode(nsfd) == INITIAL_NETNS_INO) return 1 ;
  fd = ioctl(nsfd, NS_GET_USERNS) ;
  if (fd >= 0)
  {
    ino_t ino = inode(fd) ;
    fd_close(fd) ;
    if (ino && ino != INITIAL_USERNS_INO) return 0 ;
  }
  r = has_initial_sysctls(procfd) ;
  if (r >= 0) return r ;
  o.attr_set = LC_ATTR_NOSUID | LC_ATTR_NODEV | LC_ATTR_NOEXEC ;
  fd = lc_fs_make("proc", "proc", &o) ;
  if (fd == -1) return -1 ;
  r = has_initial_sysctls(fd) ;
  fd_close(fd) ;
  return r ;
}
