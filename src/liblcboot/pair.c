/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <lcboot/pair.h>

int lc_pair_make (int *fds)
{
  return !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) ;
}

int lc_pair_tell (int fd)
{
  ssize_t r ;
  do r = send(fd, "", 1, MSG_NOSIGNAL) ;
  while (r == -1 && errno == EINTR) ;
  return r == 1 ;
}

int lc_pair_wait (int fd)
{
  char c ;
  ssize_t r ;
  do r = recv(fd, &c, 1, 0) ;
  while (r == -1 && errno == EINTR) ;
  return r == 1 ;
}

int lc_pair_is_gone (int fd)
{
  struct pollfd x = { .fd = fd, .events = 0 } ;
  return poll(&x, 1, 0) == 1 && x.revents & POLLHUP ;
}
