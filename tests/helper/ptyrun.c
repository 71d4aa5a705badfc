/* ISC license. */

/*
   Runs a program on a new terminal, the controlling one of a session of its
   own, copies what it writes there to stdout and what comes from stdin to it,
   and exits as it does.
*/

#include <skalibs/nonposix.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <skalibs/gccattributes.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>
#include <skalibs/exec.h>

#define USAGE "ptyrun prog..."

static void child (char const *slave, char const *const *argv) gccattr_noreturn ;
static void child (char const *slave, char const *const *argv)
{
  int fd ;
  if (setsid() < 0) strerr_diefu1sys(111, "setsid") ;
  fd = open(slave, O_RDWR) ;
  if (fd < 0) strerr_diefu2sys(111, "open ", slave) ;
  if (ioctl(fd, TIOCSCTTY, 0) < 0) strerr_diefu1sys(111, "make the terminal the controlling one") ;
  for (int i = 0 ; i < 3 ; i++) if (dup2(fd, i) < 0) strerr_diefu1sys(111, "dup2") ;
  if (fd > 2) close(fd) ;
  xexec(argv) ;
}

int main (int argc, char const *const *argv)
{
  char buf[4096] ;
  struct pollfd x[2] ;
  int master, wstat ;
  pid_t pid ;
  char const *slave ;
  PROG = "ptyrun" ;
  if (argc < 2) strerr_dieusage(100, USAGE) ;
  master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) ;
  if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) strerr_diefu1sys(111, "make a terminal") ;
  slave = ptsname(master) ;
  if (!slave) strerr_diefu1sys(111, "name the terminal") ;
  pid = fork() ;
  if (pid < 0) strerr_diefu1sys(111, "fork") ;
  if (!pid) child(slave, argv + 1) ;

  x[0].fd = master ; x[0].events = POLLIN ;
  x[1].fd = 0 ; x[1].events = POLLIN ;
  for (;;)
  {
    ssize_t r ;
    if (poll(x, 2, -1) < 0)
    {
      if (errno == EINTR) continue ;
      strerr_diefu1sys(111, "poll") ;
    }
    if (x[0].revents)
    {
      r = fd_read(master, buf, sizeof(buf)) ;
      if (r <= 0) break ;  /* EIO: nobody has the terminal open any more */
      if (allwrite(1, buf, (size_t)r) < (size_t)r) strerr_diefu1sys(111, "write to stdout") ;
    }
    if (x[1].revents)
    {
      r = fd_read(0, buf, sizeof(buf)) ;
      if (r <= 0) x[1].fd = -1 ;
      else allwrite(master, buf, (size_t)r) ;
    }
  }
  while (waitpid(pid, &wstat, 0) < 0) if (errno != EINTR) strerr_diefu1sys(111, "wait for the program") ;
  return WIFSIGNALED(wstat) ? 128 + WTERMSIG(wstat) : WEXITSTATUS(wstat) ;
}
