/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <skalibs/djbunix.h>

#include <lcboot/fd.h>
#include <lcboot/ids.h>
#include <lcboot/proc.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

void lc_close (int fd)
{
  int e = errno ;
  if (fd >= 0) fd_close(fd) ;
  errno = e ;
}

int lc_fd_high (int fd)
{
  int r ;
  if (fd < 0 || fd > 2) return fd ;
  r = fcntl(fd, F_DUPFD_CLOEXEC, 3) ;
  lc_close(fd) ;
  return r ;
}

int lc_fd_same (int fd, int other)
{
  struct stat a, b ;
  return !fstat(fd, &a) && !fstat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino ;
}

int lc_fd_list (void)
{
  int procfd, fd ;
  if (!syscall(SYS_close_range, ~0U, ~0U, 0)) return -1 ;
  procfd = lc_proc_open() ;
  if (procfd == -1) return -1 ;
  fd = lc_proc_pid(procfd, 0, "fd", O_RDONLY | O_DIRECTORY) ;
  lc_close(procfd) ;
  return fd ;
}

int lc_close_from (unsigned int first, int listfd)
{
  DIR *dir ;
  struct dirent *d ;
  uint64_t fd ;
  if (!syscall(SYS_close_range, first, ~0U, 0)) return 1 ;
  dir = listfd >= 0 ? fdopendir(listfd) : 0 ;
  if (!dir) return 0 ;
  while ((d = readdir(dir)))
    if (lc_number_scan(d->d_name, 0x7fffffff, &fd) && fd >= first && (int)fd != listfd) close((int)fd) ;
  closedir(dir) ;
  return 1 ;
}
