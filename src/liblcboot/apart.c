/* ISC license. */

#include <skalibs/nonposix.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/gccattributes.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/apart.h>
#include <lcboot/proc.h>
#include <lcboot/sys.h>

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

static void add (int fd, size_t canonical, char const *name, char const *below)
{
  struct place_s p = { .name = name, .canonical = canonical } ;
  struct stat st ;
  if (fstat(fd, &st) == -1) strerr_diefusys(111, "look at ", name) ;
  p.dev = st.st_dev ;
  p.ino = below ? 0 : st.st_ino ;
  if (names.s[names.len-1] != '/' && !stralloc_append(&names, '/')) dienomem() ;
  if (below && (!stralloc_cats(&names, below) || !stralloc_append(&names, '/'))) dienomem() ;
  if (!stralloc_0(&names) || !genalloc_append(struct place_s, &places, &p)) dienomem() ;
}

void lc_apart_add (int fd, char const *name, char const *below)
{
  char s[LC_FDPATH_MAX] ;
  size_t canonical = names.len ;
  if (sareadlink(&names, lc_fdpath(s, fd)) == -1) return ;  /* without a /proc it is the kernel's to tell */
  add(fd, canonical, name, below) ;
}

 /* An absolute name without links, dots and empty components is the canonical one. */

static int is_plain (char const *name)
{
  if (name[0] != '/' || !name[1]) return 0 ;
  for (; *name ; name++)
    if (name[0] == '/' && (name[1] == '/' || name[1] == '.')) return 0 ;
  return 1 ;
}

int lc_apart_open (char const *name)
{
  struct lc_open_how const how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = LC_RESOLVE_NO_SYMLINKS } ;
  int fd = is_plain(name) ? lc_openat2(AT_FDCWD, name, &how) : -1 ;
  if (fd >= 0)
  {
    size_t canonical = names.len ;
    if (!stralloc_cats(&names, name)) dienomem() ;
    add(fd, canonical, name, 0) ;
    return fd ;
  }
  fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC) ;
  if (fd >= 0) lc_apart_add(fd, name, 0) ;
  return fd ;
}

static int place_cmp (void const *a, void const *b)
{
  struct place_s const *p = a ;
  struct place_s const *q = b ;
  if (p->dev != q->dev) return p->dev < q->dev ? -1 : 1 ;
  return strcmp(names.s + p->canonical, names.s + q->canonical) ;
}

static int inode_cmp (void const *a, void const *b)
{
  struct place_s const *p = a ;
  struct place_s const *q = b ;
  if (p->dev != q->dev) return p->dev < q->dev ? -1 : 1 ;
  return (p->ino > q->ino) - (p->ino < q->ino) ;
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
  qsort(p, n, sizeof(struct place_s), &inode_cmp) ;
  for (i = 1 ; i < n ; i++)
    if (p[i].ino && !inode_cmp(p + i - 1, p + i)) die_same(p[i-1].name, p[i].name) ;
}

void lc_apart_forget (void)
{
  genalloc_free(struct place_s, &places) ;
  stralloc_free(&names) ;
}
