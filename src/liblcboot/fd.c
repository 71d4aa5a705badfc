/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
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

 /* Bit i for descriptor i. Few, so that RLIMIT_NOFILE is not reached because of them. */

#define LATE_MAX 16

static unsigned int late = 0 ;

void lc_close_late (int fd)
{
  if (fd < 0) return ;
  if (fd < LATE_MAX) late |= 1U << fd ;
  else
  {
    lc_close(fd) ;
    lc_close_late_now() ;
  }
}

 /* close_range(2): Linux 5.9 */

static void close_run (unsigned int first, unsigned int last)
{
  if (first < last && !syscall(SYS_close_range, first, last, 0)) return ;
  for (; first <= last ; first++) fd_close((int)first) ;
}

void lc_close_late_now (void)
{
  int e = errno ;
  unsigned int fd = 0 ;
  for (; late ; fd++)
  {
    unsigned int first = fd ;
    for (; late & 1U << fd ; fd++) late &= ~(1U << fd) ;
    if (first < fd) close_run(first, fd - 1) ;
  }
  errno = e ;
}

void lc_close_late_none (void)
{
  late = 0 ;
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
  lc_close_late_now() ;
  if (!syscall(SYS_close_range, first, ~0U, 0)) return 1 ;
  dir = listfd >= 0 ? fdopendir(listfd) : 0 ;
  if (!dir) return 0 ;
  while ((d = readdir(dir)))
    if (lc_number_scan(d->d_name, 0x7fffffff, &fd) && fd >= first && (int)fd != listfd) close((int)fd) ;
  closedir(dir) ;
  return 1 ;
}
