/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/exec.h>
#include <lcboot/find.h>

int lc_find (stralloc *sa, char const *name, int (*accept) (char const *))
{
  char const *path = lc_path() ;
  for (;;)
  {
    size_t n = strcspn(path, ":") ;
    sa->len = 0 ;
    if (!stralloc_catb(sa, n ? path : ".", n ? n : 1) || !stralloc_append(sa, '/')
     || !stralloc_cats(sa, name) || !stralloc_0(sa)) return 0 ;
    if ((*accept)(sa->s)) return 1 ;
    if (!path[n]) return (errno = ENOENT, 0) ;
    path += n + 1 ;
  }
}

static int is_executable (char const *file)
{
  return !access(file, X_OK) ;
}

int lc_find_program (char const *name)
{
  stralloc sa = STRALLOC_ZERO ;
  int r = lc_find(&sa, name, &is_executable) ;
  if (!r && errno == ENOMEM) strerr_diefusys(111, "allocate memory") ;
  stralloc_free(&sa) ;
  return r ;
}
