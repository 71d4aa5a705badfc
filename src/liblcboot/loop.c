/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <linux/loop.h>

#include <skalibs/djbunix.h>
#include <skalibs/types.h>

#include <lcboot/fd.h>
#include <lcboot/loop.h>

#ifndef LOOP_CONFIGURE
#define LOOP_CONFIGURE 0x4C0A
struct loop_config
{
  __u32 fd ;
  __u32 block_size ;
  struct loop_info64 info ;
  __u64 __reserved[8] ;
} ;
#endif

#define TRIES_MAX 64  /* somebody else may take the free device first */

 /* LOOP_CONFIGURE is Linux 5.8; before it, two calls: loop(4). */

static int configure (int loopfd, int filefd, struct loop_config *c)
{
  c->fd = (unsigned int)filefd ;
  if (!ioctl(loopfd, LOOP_CONFIGURE, c)) return 1 ;
  if (errno != EINVAL && errno != ENOTTY && errno != ENOSYS) return 0 ;
  if (ioctl(loopfd, LOOP_SET_FD, filefd) == -1) return 0 ;
  if (!ioctl(loopfd, LOOP_SET_STATUS64, &c->info)) return 1 ;
  {
    int e = errno ;
    ioctl(loopfd, LOOP_CLR_FD, 0) ;
    errno = e ;
  }
  return 0 ;
}

int lc_loop_open (int filefd, int ro, uint64_t offset, uint64_t sizelimit, char *device)
{
  unsigned int n = TRIES_MAX ;
  int controlfd = open("/dev/loop-control", O_RDWR | O_CLOEXEC) ;
  if (controlfd == -1) return -1 ;
  for (;;)
  {
    struct loop_config c ;
    int loopfd ;
    int i = ioctl(controlfd, LOOP_CTL_GET_FREE) ;
    if (i == -1) break ;
    memcpy(device, "/dev/loop", 9) ;
    device[9 + uint_fmt(device + 9, (unsigned int)i)] = 0 ;
    loopfd = open(device, (ro ? O_RDONLY : O_RDWR) | O_CLOEXEC) ;
    if (loopfd == -1) break ;
    memset(&c, 0, sizeof(c)) ;
    c.info.lo_offset = offset ;
    c.info.lo_sizelimit = sizelimit ;
    c.info.lo_flags = LO_FLAGS_AUTOCLEAR | (ro ? LO_FLAGS_READ_ONLY : 0) ;
    if (configure(loopfd, filefd, &c))
    {
      fd_close(controlfd) ;
      return loopfd ;
    }
    lc_close(loopfd) ;
    if (errno != EBUSY || !n--) break ;
  }
  lc_close(controlfd) ;
  return -1 ;
}
