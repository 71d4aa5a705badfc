/* ISC license. */

/* Swaps two names for ever, until its parent dies: one side of a race. Says "ready" after the first swap. */

#include <skalibs/nonposix.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

#define USAGE "race path1 path2"

static void swap (char const *a, char const *b)
{
  if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0)
    strerr_diefu4sys(111, "exchange ", a, " and ", b) ;
}

int main (int argc, char const *const *argv)
{
  pid_t parent = getppid() ;
  PROG = "race" ;
  if (argc != 3) strerr_dieusage(100, USAGE) ;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) strerr_diefu1sys(111, "set the parent death signal") ;
  if (getppid() != parent) return 0 ;
  swap(argv[1], argv[2]) ;
  if (allwrite(1, "ready\n", 6) < 6) strerr_diefu1sys(111, "write to stdout") ;
  for (;;) swap(argv[1], argv[2]) ;
}
