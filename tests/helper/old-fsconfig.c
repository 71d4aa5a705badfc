/* ISC license. */

/*
   fsconfig(2) as it was before Linux 6.13, where an overlay's layers could not
   be given by descriptor: FSCONFIG_SET_FD is EINVAL, as it was then.
*/

#include <skalibs/nonposix.h>

#include <stddef.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <skalibs/strerr.h>
#include <skalibs/exec.h>

#include <lcboot/sys.h>

#define USAGE "old-fsconfig prog..."

 /* The low half of the second argument: the command */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
# define COMMAND offsetof(struct seccomp_data, args[1])
#else
# define COMMAND (offsetof(struct seccomp_data, args[1]) + 4)
#endif

int main (int argc, char const *const *argv)
{
  struct sock_filter f[] =
  {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsconfig, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, COMMAND),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LC_FSCONFIG_SET_FD, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
  } ;
  struct sock_fprog prog = { .len = sizeof(f) / sizeof(f[0]), .filter = f } ;
  PROG = "old-fsconfig" ;
  if (argc < 2) strerr_dieusage(100, USAGE) ;
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0) strerr_diefu1sys(111, "install a seccomp filter") ;
  xexec(argv + 1) ;
}
