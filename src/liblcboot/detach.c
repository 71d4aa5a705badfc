/* ISC license. */

#include <skalibs/nonposix.h>

#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <skalibs/strerr.h>

#include <lcboot/detach.h>
#include <lcboot/fd.h>
#include <lcboot/inroot.h>
#include <lcboot/proc.h>

 /* What its messages can go to: standard error, if no mount is kept in use by it
    (a pipe, a socket), else the console of root. Only a terminal is opened there:
    the device may be anything. */

#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534f434b

static int is_terminal (dev_t dev)
{
  unsigned int m = major(dev) ;
  return m == 4 || m == 5 || (m >= 136 && m <= 143) ;
}

static int open_console (int rootfd)
{
  struct stat st ;
  char name[LC_FDPATH_MAX] ;
  int r = -1 ;
  int procfd = lc_proc_open() ;
  int fd = lc_inroot_open(rootfd, "/dev/console", LC_INROOT_NOSYMLINKS) ;
  if (procfd >= 0 && fd >= 0 && !fstat(fd, &st) && S_ISCHR(st.st_mode) && is_terminal(st.st_rdev))
    r = openat(procfd, lc_fdpath(name, fd) + 6, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) ;  /* without /proc/ */
  lc_close(fd) ;
  lc_close(procfd) ;
  return r ;
}

static int open_messages (int rootfd)
{
  struct statfs sfs ;
  if (rootfd < 0 || (!fstatfs(2, &sfs) && (sfs.f_type == PIPEFS_MAGIC || sfs.f_type == SOCKFS_MAGIC))) return 2 ;
  return open_console(rootfd) ;
}

static int keep_only (int *const *fds, unsigned int n, int errfd, int listfd)
{
  int first = 3 + (int)n ;
  unsigned int i = 0 ;
  for (; i < n ; i++)
  {
    *fds[i] = fcntl(*fds[i], F_DUPFD_CLOEXEC, first) ;
    if (*fds[i] == -1) return 0 ;
  }
  if (errfd == -1) errfd = *fds[0] ;
  if (errfd != 2 && dup2(errfd, 2) == -1) return 0 ;
  if (dup2(*fds[0], 0) == -1 || dup2(*fds[0], 1) == -1) return 0 ;
  if (listfd >= 0 && (listfd = fcntl(listfd, F_DUPFD_CLOEXEC, first)) == -1) return 0 ;
  for (i = 0 ; i < n ; i++)
  {
    if (dup2(*fds[i], 3 + (int)i) == -1) return 0 ;
    *fds[i] = 3 + (int)i ;
  }
  return lc_close_from(3 + n, listfd) ;
}

void lc_detach (int *const *fds, unsigned int n, int rootfd, int had_stderr)
{
  int listfd = lc_fd_list() ;
  int errfd = had_stderr ? open_messages(rootfd) : -1 ;
  setsid() ;
  if (chdir("/") == -1) strerr_diefusys(111, "chdir to /") ;
  if (!keep_only(fds, n, errfd, listfd)) strerr_diefusys(111, "close the descriptors that the listener must not have") ;
}
