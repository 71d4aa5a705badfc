/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include <lcboot/attach.h>
#include <lcboot/blockfs.h>
#include <lcboot/fd.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>

int lc_mount_found (int targetfd, char const *source, lc_mountopts const *o, int *mfd)
{
  stralloc sa = STRALLOC_ZERO ;
  char *p ;
  int ok = 0 ;
  int e = ENODEV ;
  int procfd = lc_proc_open() ;
  int fd = procfd >= 0 ? openat(procfd, "filesystems", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1 ;
  int read = fd >= 0 && slurp(&sa, fd) && stralloc_0(&sa) ;
  lc_close(procfd) ;
  lc_close(fd) ;
  if (!read) return 0 ;
  for (p = sa.s ; *p && !ok ; )
  {
    size_t n = strcspn(p, "\n") ;
    int more = p[n] == '\n' ;
    p[n] = 0 ;
    if (p[0] == '\t' && p[1])
    {
      ok = lc_mount_fs(targetfd, p + 1, source, o, mfd) ;
      if (ok) lc_say(source, " holds ", p + 1) ;
      else if (e == ENODEV || e == EINVAL) e = errno ;  /* EINVAL: it is not that one */
    }
    p += n + more ;
  }
  stralloc_free(&sa) ;
  errno = e ;
  return ok ;
}
