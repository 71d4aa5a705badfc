/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/types.h>

#include <lcboot/fstab.h>
#include <lcboot/inroot.h>
#include <lcboot/mountinfo.h>
#include <lcboot/proc.h>

static char *word (char **line)
{
  char *s = *line ;
  *line += strcspn(s, " ") ;
  if (**line) *(*line)++ = 0 ;
  return s ;
}

int lc_mountinfo_next (char **text, lc_mountinfo *m)
{
  char *line = *text ;
  char *rest ;
  if (!*line) return 0 ;
  *text += strcspn(line, "\n") ;
  if (**text) *(*text)++ = 0 ;
  rest = strstr(line, " - ") ;  /* after the options, of which there may be more or less */
  if (!rest) return (errno = EPROTO, -1) ;
  *rest = 0 ;
  rest += 3 ;
  if (!uint0_scan(word(&line), &m->id)) return (errno = EPROTO, -1) ;
  word(&line) ;  /* its parent */
  word(&line) ;  /* its device */
  m->root = lc_fstab_unescape(word(&line)) ;
  m->dir = lc_fstab_unescape(word(&line)) ;
  m->type = lc_fstab_unescape(word(&rest)) ;
  word(&rest) ;  /* its source */
  m->super = word(&rest) ;
  return *m->dir == '/' || (errno = EPROTO, -1) ;
}

char const *lc_mountinfo_below (char const *path, char const *top)
{
  size_t n = top[1] ? strlen(top) : 0 ;
  return !strncmp(path, top, n) && path[n] == '/' && path[n+1] ? path + n + 1 : 0 ;
}

int lc_mountinfo_open (lc_mountinfo const *m, int procfd, int dirfd, char const *name)
{
  int fd = lc_inroot_open(dirfd, name, LC_INROOT_NOSYMLINKS) ;
  int id ;
  if (fd == -1)
  {
    if (errno == ENOTDIR || errno == ELOOP) errno = ENOENT ;
    return -1 ;
  }
  id = lc_proc_mount(procfd, fd) ;
  if (id >= 0 && (unsigned int)id == m->id) return fd ;
  fd_close(fd) ;
  if (id >= 0) errno = ENOENT ;
  return -1 ;
}
