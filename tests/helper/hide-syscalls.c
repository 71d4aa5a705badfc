/* ISC license. */

/*
   Makes system calls fail for a program and all that it starts, as an old
   kernel or an engine's seccomp filter does. A raw BPF filter, so that nothing
   but the kernel is needed. no_new_privs is only set where the caller lacks
   CAP_SYS_ADMIN: set-id programs go on working under the filter.
*/

#include <skalibs/nonposix.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <skalibs/strerr.h>
#include <skalibs/exec.h>
#include <skalibs/sgetopt.h>

#include <lcboot/sys.h>

#define USAGE "hide-syscalls [ -e errno ] name[,name...] prog..."
#define dieusage() strerr_dieusage(100, USAGE)

#if defined(__x86_64__)
# define NATIVE AUDIT_ARCH_X86_64
# define X32BIT 0x40000000U
#elif defined(__aarch64__)
# define NATIVE AUDIT_ARCH_AARCH64
#else
# error "this architecture is not known to hide-syscalls"
#endif

 /* What <lcboot/sys.h> has no use for */

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_memfd_create
#ifdef __x86_64__
#define SYS_memfd_create 319
#else
#define SYS_memfd_create 279
#endif
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_statmount
#define SYS_statmount 457
#endif
#ifndef SYS_listmount
#define SYS_listmount 458
#endif
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

struct entry_s
{
  char const *name ;
  uint32_t n ;
} ;

#define CALL(name) { #name, SYS_##name }

static struct entry_s const calls[] =
{
  CALL(bpf), CALL(capset), CALL(chdir), CALL(chroot), CALL(clone), CALL(clone3), CALL(close_range), CALL(dup3),
  CALL(execve), CALL(execveat), CALL(faccessat2), CALL(fchdir), CALL(fchmod), CALL(fchmodat), CALL(fchmodat2),
  CALL(fchown), CALL(fchownat), CALL(fsconfig), CALL(fsmount), CALL(fsopen), CALL(fspick), CALL(fstatfs),
  CALL(getcwd), CALL(ioctl), CALL(keyctl), CALL(kill), CALL(linkat), CALL(listmount), CALL(memfd_create), CALL(mkdirat), CALL(mknodat),
  CALL(mount), CALL(mount_setattr), CALL(move_mount), CALL(name_to_handle_at), CALL(open_by_handle_at),
  CALL(open_tree), CALL(open_tree_attr), CALL(openat), CALL(openat2), CALL(pidfd_open), CALL(pidfd_send_signal),
  CALL(pipe2), CALL(pivot_root), CALL(prctl), CALL(ptrace), CALL(quotactl), CALL(read), CALL(readlinkat),
  CALL(reboot), CALL(renameat2), CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(setgid), CALL(setgroups),
  CALL(sethostname), CALL(setns), CALL(setresgid), CALL(setresuid), CALL(setsid), CALL(setuid), CALL(signalfd4),
  CALL(socket), CALL(socketpair), CALL(statfs), CALL(statmount), CALL(symlinkat), CALL(umount2), CALL(unlinkat),
  CALL(unshare), CALL(wait4), CALL(waitid), CALL(write),
} ;

#define ERR(name) { #name, name }

static struct entry_s const errs[] =
{
  ERR(E2BIG), ERR(EACCES), ERR(EAGAIN), ERR(EBADF), ERR(EBUSY), ERR(ECHILD), ERR(EEXIST), ERR(EFAULT), ERR(EINTR),
  ERR(EINVAL), ERR(EIO), ERR(ELOOP), ERR(EMFILE), ERR(EMLINK), ERR(ENAMETOOLONG), ERR(ENFILE), ERR(ENODEV),
  ERR(ENOENT), ERR(ENOMEM), ERR(ENOSPC), ERR(ENOSYS), ERR(ENOTDIR), ERR(ENOTTY), ERR(ENXIO), ERR(EOPNOTSUPP),
  ERR(EPERM), ERR(EROFS), ERR(ESRCH), ERR(EUSERS), ERR(EXDEV),
} ;

#define CALLS_MAX 64

static uint32_t find (struct entry_s const *tab, size_t n, char const *what, char const *s, size_t len)
{
  for (size_t i = 0 ; i < n ; i++)
    if (!strncmp(tab[i].name, s, len) && !tab[i].name[len]) return tab[i].n ;
  strerr_dief4x(100, "unknown ", what, ": ", s) ;
}

static void install (struct sock_filter *f, unsigned short n)
{
  struct sock_fprog prog = { .len = n, .filter = f } ;
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) >= 0) return ;
  if (errno != EACCES) strerr_diefu1sys(111, "install a seccomp filter") ;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) strerr_diefu1sys(111, "set no_new_privs") ;
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
    strerr_diefu1sys(111, "install a seccomp filter") ;
}

int main (int argc, char const *const *argv)
{
  struct sock_filter f[6 + 2 * CALLS_MAX] ;
  uint32_t e = ENOSYS ;
  unsigned short n = 0 ;
  PROG = "hide-syscalls" ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "e:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'e' : e = find(errs, sizeof(errs) / sizeof(errs[0]), "errno", l.arg, strlen(l.arg)) ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc < 2) dieusage() ;

  f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)) ;
  f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0) ;
  f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS) ;
  f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) ;
#ifdef X32BIT
  f[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~X32BIT) ;
#endif
  for (char const *s = argv[0] ; ; s++)
  {
    size_t len = strcspn(s, ",") ;
    if (n >= 4 + 2 * CALLS_MAX) strerr_dief1x(100, "too many system calls") ;
    f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
      find(calls, sizeof(calls) / sizeof(calls[0]), "system call", s, len), 0, 1) ;
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | e) ;
    s += len ;
    if (!*s) break ;
  }
  f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) ;
  install(f, n) ;
  xexec(argv + 1) ;
}
