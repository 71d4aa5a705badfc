/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/strerr.h>
#include <skalibs/posixplz.h>

#include <lcboot/exec.h>

void (*lc_exec_call) (char const *const *) = 0 ;
char const **lc_exec_kept = 0 ;
int lc_exec_shared = 0 ;

void lc_tryexec (char const *const *argv, char const *const *envp)
{
  char const *path = getenv("PATH") ;
  execvep(argv[0], argv, envp, path ? path : LC_DEFAULTPATH) ;
}

void lc_exec (char const *const *argv)
{
  if (lc_exec_call) (*lc_exec_call)(argv) ;
  lc_tryexec(argv, (char const *const *)environ) ;
  lc_die_exec(argv[0]) ;
}

void lc_die_exec (char const *file)
{
  int e = errno ;
  struct stat st ;
  int there = e == ENOENT && strchr(file, '/') && !stat(file, &st) ;
  errno = e ;
  strerr_diefusys(e == ENOENT ? 127 : 126, "exec ", file,
    there ? " (it is there, but its interpreter or dynamic loader is not)" : "") ;
}

void lc_exec0 (char const *const *argv)
{
  if (!argv[0]) _exit(0) ;
  lc_exec(argv) ;
}
