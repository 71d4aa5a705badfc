/* ISC license. */

#include <skalibs/nonposix.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/gccattributes.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/apart.h>
#include <lcboot/proc.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

 /* Whether directories overlap: their canonical names tell. What lies inside
    another mount of a layer escapes this, but not the kernel, which says ELOOP. */

struct place_s
{
  char const *name ;
  size_t canonical ;  /* in names; ends with a slash */
  dev_t dev ;
  ino_t ino ;        /* 0 if it does not exist yet */
} ;

static stralloc names = STRALLOC_ZERO ;
static genalloc places = GENALLOC_ZERO ;  /* struct place_s */

void lc_apart_add (int fd, char const *name, char const *below)
{
  char s[LC_FDPATH_MAX] ;
  struct place_s p = { .name = name, .canonical = names.len } ;
  struct stat st ;
  if (fstat(fd, &st) == -1) strerr_diefusys(111, "look at ", name) ;
  p.dev = st.st_dev ;
  p.ino = below ? 0 : st.st_ino ;
  if (sareadlink(&names, lc_fdpath(s, fd)) == -1) return ;  /* without a /proc it is the kernel's to tell */
  if (names.s[names.len-1] != '/' && !stralloc_append(&names, '/')) dienomem() ;
  if (below && (!stralloc_cats(&names, below) || !stralloc_append(&names, '/'))) dienomem() ;
  if (!stralloc_0(&names) || !genalloc_append(struct place_s, &places, &p)) dienomem() ;
}

static int place_cmp (void const *a, void const *b)
{
  struct place_s const *p = a ;
  struct place_s const *q = b ;
  if (p->dev != q->dev) return p->dev < q->dev ? -1 : 1 ;
  return strcmp(names.s + p->canonical, names.s + q->canonical) ;
}

static void die_same (char const *a, char const *b) gccattr_noreturn ;

static void die_same (char const *a, char const *b)
{
  strerr_dief(100, a, " and ", b, " are the same directory: an overlay takes it once") ;
}

void lc_apart_check (void)
{
  struct place_s *p = genalloc_s(struct place_s, &places) ;
  size_t n = genalloc_len(struct place_s, &places) ;
  size_t i = 1 ;
  if (!n) return ;
  qsort(p, n, sizeof(struct place_s), &place_cmp) ;
  for (; i < n ; i++)
  {
    char const *a = names.s + p[i-1].canonical ;
    char const *b = names.s + p[i].canonical ;
    if (strncmp(a, b, strlen(a)) || p[i-1].dev != p[i].dev) continue ;
    if (!strcmp(a, b)) die_same(p[i-1].name, p[i].name) ;
    strerr_dief(100, p[i].name, " is inside ", p[i-1].name, ": layers of an overlay must be apart") ;
  }
  for (i = 1 ; i < n ; i++)
  {
    size_t j = i ;
    while (j-- && p[j].dev == p[i].dev)
      if (p[i].ino && p[j].ino == p[i].ino) die_same(p[j].name, p[i].name) ;
  }
}

void lc_apart_forget (void)
{
  genalloc_free(struct place_s, &places) ;
  stralloc_free(&names) ;
}
