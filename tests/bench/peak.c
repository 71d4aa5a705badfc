/* ISC license. */

/*
   peak prog...: runs prog and writes to standard output the most memory, in
   kB, that it or one of the children that it waited for had resident. It is
   bare itself, since the memory of the process that execs is counted too.
*/

#include <skalibs/nonposix.h>

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "raw.h"

static char stack[4096] __attribute__ ((aligned (16))) ;
static char **prog ;
static char **env ;

static void child (void)
{
  RAW3(SYS_execve, prog[0], prog, env) ;
  for (;;) RAW1(SYS_exit_group, 127) ;
}

static int program (int argc, char **argv, char **envp)
{
  struct rusage ru ;
  char fmt[24] ;
  unsigned int i = sizeof(fmt) ;
  long pid ;
  unsigned long n ;
  int wstat = 0 ;
  if (argc < 2) return 100 ;
  prog = argv + 1 ;
  env = envp ;
  pid = raw_clone(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, stack + sizeof(stack), &child) ;
  if (pid < 0 || RAW4(SYS_wait4, pid, &wstat, 0, &ru) != pid || wstat) return 111 ;
  fmt[--i] = '\n' ;
  n = (unsigned long)ru.ru_maxrss ;
  do fmt[--i] = (char)('0' + n % 10) ;
  while (n /= 10) ;
  return RAW3(SYS_write, 1, fmt + i, sizeof(fmt) - i) < 0 ? 111 : 0 ;
}
