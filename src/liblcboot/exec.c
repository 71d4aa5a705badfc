/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <skalibs/strerr.h>
#include <skalibs/posixplz.h>

#include <lcboot/exec.h>

void (*lc_exec_call) (char const *const *) = 0 ;

void lc_tryexec (char const *const *argv, char const *const *envp)
{
  char const *path = getenv("PATH") ;
  execvep(argv[0], argv, envp, path ? path : LC_DEFAULTPATH) ;
}

void lc_exec (char const *const *argv)
{
  if (lc_exec_call) (*lc_exec_call)(argv) ;
  lc_tryexec(argv, (char const *const *)environ) ;
  strerr_dieexec(errno == ENOENT ? 127 : 126, argv[0]) ;
}

void lc_exec0 (char const *const *argv)
{
  if (!argv[0]) _exit(0) ;
  lc_exec(argv) ;
}
