/* ISC license. */

#include <sys/stat.h>

#include <lcboot/fd.h>
#include <lcboot/pidns.h>
#include <lcboot/proc.h>

#define INITIAL_PIDNS_INO 0xeffffffcU  /* PROC_PID_INIT_INO */

int lc_pidns_is_first (void)
{
  struct stat st ;
  int procfd = lc_proc_open() ;
  int fd = procfd >= 0 ? lc_proc_ns(procfd, 0, "pid") : -1 ;
  int yes = fd >= 0 && !fstat(fd, &st) && st.st_ino == INITIAL_PIDNS_INO ;
  lc_close(fd) ;
  lc_close(procfd) ;
  return yes ;
}
