/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/posixplz.h>

#include <lcboot/exec.h>

void (*lc_exec_call) (char const *const *) = 0 ;
char const **lc_exec_kept = 0 ;
int lc_exec_shared = 0 ;
int lc_exec_same_user = 0 ;

char const *lc_path (void)
{
  char const *path = getenv("PATH") ;
  return path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" ;
}

void lc_tryexec (char const *const *argv, char const *const *envp)
{
  execvep(argv[0], argv, envp, lc_path()) ;
}

void lc_exec (char const *const *argv)
{
  if (lc_exec_call) (*lc_exec_call)(argv) ;
  lc_tryexec(argv, (char const *const *)environ) ;
  lc_die_exec(argv[0]) ;
}

static int is_closed (char const *path)
{
  struct stat st ;
  return stat(path, &st) == -1 && errno == EACCES ;
}

 /* Whether a directory of PATH cannot be searched, and file is in no other one */

static int path_is_closed (char const *file)
{
  char const *path = lc_path() ;
  stralloc sa = STRALLOC_ZERO ;
  struct stat st ;
  int closed = 0, found = 0 ;
  for (;;)
  {
    size_t n = strcspn(path, ":") ;
    sa.len = 0 ;
    if (!stralloc_catb(&sa, path, n) || !stralloc_cats(&sa, n ? "/" : "./") || !stralloc_cats(&sa, file) || !stralloc_0(&sa)) break ;
    if (!stat(sa.s, &st)) found = 1 ;
    else if (errno == EACCES) closed = 1 ;
    if (!path[n]) break ;
    path += n + 1 ;
  }
  stralloc_free(&sa) ;
  return closed && !found ;
}

static char const *likely (int e, char const *file)
{
  int named = !!strchr(file, '/') ;
  struct stat st ;
  if (e == ENOENT && named && !stat(file, &st)) return " (it is there, but its interpreter or dynamic loader is not)" ;
  if (e == EACCES && named && is_closed(file)) return " (a directory on the way to it is closed to this user)" ;
  if (e == EACCES && !named && path_is_closed(file)) return " (a directory of PATH is closed to this user)" ;
  return "" ;
}

void lc_die_exec (char const *file)
{
  int e = errno ;
  char const *why = likely(e, file) ;
  errno = e ;
  strerr_diefusys(e == ENOENT ? 127 : 126, "exec ", file, why) ;
}

void lc_exec0 (char const *const *argv)
{
  if (!argv[0]) _exit(0) ;
  lc_exec(argv) ;
}
