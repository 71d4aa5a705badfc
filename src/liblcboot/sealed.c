/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <skalibs/posixplz.h>
#include <skalibs/strerr.h>

#include <lcboot/fd.h>
#include <lcboot/sealed.h>
#include <lcboot/sys.h>

 /* linux/memfd.h and linux/fcntl.h */

#define LC_MFD_CLOEXEC 1U
#define LC_MFD_ALLOW_SEALING 2U
#define LC_F_ADD_SEALS 1033
#define LC_SEALS 0xf  /* SEAL, SHRINK, GROW, WRITE */

 /* What execveat(2) of a descriptor alone calls the program: getauxval(3) */

#define PREFIX "/dev/fd/"

static int copy (int from, int to)
{
  struct stat st ;
  if (fstat(from, &st) == -1) return 0 ;
  while (st.st_size > 0)
  {
    ssize_t r = sendfile(to, from, 0, (size_t)st.st_size) ;
    if (r == -1 && errno == EINTR) continue ;
    if (r <= 0) return r ? 0 : (errno = EIO, 0) ;
    st.st_size -= r ;
  }
  return 1 ;
}

static int make_copy (char const *execfn)
{
  int to = -1 ;
  int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC) ;
  if (from == -1) from = open(execfn, O_RDONLY | O_CLOEXEC) ;
  if (from == -1) return -1 ;
  to = (int)syscall(SYS_memfd_create, PROG, LC_MFD_CLOEXEC | LC_MFD_ALLOW_SEALING) ;
  if (to >= 0 && (!copy(from, to) || fcntl(to, LC_F_ADD_SEALS, LC_SEALS) == -1))
  {
    lc_close(to) ;
    to = -1 ;
  }
  lc_close(from) ;
  return to ;
}

int lc_sealed_exec (char const *const *argv)
{
  char const *execfn = (char const *)getauxval(AT_EXECFN) ;
  int fd ;
  if (!execfn) return (errno = ENOENT, 0) ;
  if (!strncmp(execfn, PREFIX, sizeof(PREFIX) - 1))
  {
    prctl(PR_SET_NAME, PROG, 0, 0, 0) ;  /* it was the descriptor's number */
    return 1 ;
  }
  fd = make_copy(execfn) ;
  if (fd == -1) return 0 ;
  syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH) ;
  lc_close(fd) ;
  return 0 ;
}
