/* ISC license. */

#include <errno.h>

#include <skalibs/djbunix.h>

#include <lcboot/fd.h>

void lc_close (int fd)
{
  int e = errno ;
  if (fd >= 0) fd_close(fd) ;
  errno = e ;
}
