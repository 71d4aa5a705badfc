/* ISC license. */

#include <skalibs/nonposix.h>

#include <string.h>
#include <stdlib.h>

#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/ids.h>
#include <lcboot/mountopts.h>
#include <lcboot/sys.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

struct option_s
{
  char const *name ;
  unsigned int what ;
  uint64_t set ;              /* of the mount */
  uint64_t clr ;
  unsigned long sbset ;       /* of the superblock */
  unsigned long sbclr ;
  unsigned long propagation ;
} ;

 /* Sorted, for bsearch. An entry without anything is for mount(8) alone. */

static struct option_s const options[] =
{
  { .name = "_netdev" },
  { .name = "async", .sbclr = MS_SYNCHRONOUS },
  { .name = "atime", .clr = LC_ATTR_ATIME },
  { .name = "auto" },
  { .name = "bind", .what = LC_OPT_BIND },
  { .name = "defaults" },
  { .name = "dev", .clr = LC_ATTR_NODEV },
  { .name = "diratime", .clr = LC_ATTR_NODIRATIME },
  { .name = "dirsync", .sbset = MS_DIRSYNC },
  { .name = "exec", .clr = LC_ATTR_NOEXEC },
  { .name = "lazytime", .sbset = MS_LAZYTIME },
  { .name = "loop", .what = LC_OPT_LOOP },
  { .name = "move", .what = LC_OPT_MOVE },
  { .name = "noatime", .set = LC_ATTR_NOATIME, .clr = LC_ATTR_ATIME },
  { .name = "noauto", .what = LC_OPT_NOAUTO },
  { .name = "nodev", .set = LC_ATTR_NODEV },
  { .name = "nodiratime", .set = LC_ATTR_NODIRATIME },
  { .name = "noexec", .set = LC_ATTR_NOEXEC },
  { .name = "nofail", .what = LC_OPT_NOFAIL },
  { .name = "nolazytime", .sbclr = MS_LAZYTIME },
  { .name = "nostrictatime", .clr = LC_ATTR_ATIME },
  { .name = "nosuid", .set = LC_ATTR_NOSUID },
  { .name = "nosymfollow", .set = LC_ATTR_NOSYMFOLLOW },
  { .name = "nouser" },
  { .name = "private", .propagation = MS_PRIVATE },
  { .name = "rbind", .what = LC_OPT_BIND | LC_OPT_REC },
  { .name = "relatime", .clr = LC_ATTR_ATIME },
  { .name = "remount", .what = LC_OPT_REMOUNT },
  { .name = "ro", .set = LC_ATTR_RDONLY, .sbset = MS_RDONLY },
  { .name = "rprivate", .what = LC_OPT_PROPREC, .propagation = MS_PRIVATE },
  { .name = "rshared", .what = LC_OPT_PROPREC, .propagation = MS_SHARED },
  { .name = "rslave", .what = LC_OPT_PROPREC, .propagation = MS_SLAVE },
  { .name = "runbindable", .what = LC_OPT_PROPREC, .propagation = MS_UNBINDABLE },
  { .name = "rw", .clr = LC_ATTR_RDONLY, .sbclr = MS_RDONLY },
  { .name = "shared", .propagation = MS_SHARED },
  { .name = "slave", .propagation = MS_SLAVE },
  { .name = "strictatime", .set = LC_ATTR_STRICTATIME, .clr = LC_ATTR_ATIME },
  { .name = "suid", .clr = LC_ATTR_NOSUID },
  { .name = "symfollow", .clr = LC_ATTR_NOSYMFOLLOW },
  { .name = "sync", .sbset = MS_SYNCHRONOUS },
  { .name = "unbindable", .propagation = MS_UNBINDABLE }
} ;

static int option_cmp (void const *key, void const *p)
{
  return strcmp(key, ((struct option_s const *)p)->name) ;
}

static char const *complain (char const *option, char const *why)
{
  static stralloc sa = STRALLOC_ZERO ;
  sa.len = 0 ;
  if (!stralloc_cats(&sa, "option ") || !stralloc_cats(&sa, option) || !stralloc_cats(&sa, why) || !stralloc_0(&sa)) dienomem() ;
  return sa.s ;
}

static void apply (lc_mountopts *o, struct option_s const *p)
{
  o->what |= p->what ;
  o->attr_set = (o->attr_set & ~p->clr) | p->set ;
  o->attr_clr = (o->attr_clr & ~p->set) | p->clr ;
  o->sbset = (o->sbset & ~p->sbclr) | p->sbset ;
  o->sbclr = (o->sbclr & ~p->sbset) | p->sbclr ;
  if (p->propagation)
  {
    o->propagation = p->propagation ;
    if (!(p->what & LC_OPT_PROPREC)) o->what &= ~LC_OPT_PROPREC ;
  }
}

 /* To data that is a constant, a copy of it. */

static void add_data (stralloc *data, char const *s)
{
  if (!data->a && data->len)
  {
    stralloc copy = STRALLOC_ZERO ;
    if (!stralloc_catb(&copy, data->s, data->len)) dienomem() ;
    *data = copy ;
  }
  if (!stralloc_catb(data, s, strlen(s) + 1)) dienomem() ;
}

 /* What takes a value, or is known by its beginning. */

static char const *one (lc_mountopts *o, char const *s)
{
  struct option_s const *p = bsearch(s, options, sizeof(options) / sizeof(options[0]), sizeof(options[0]), &option_cmp) ;
  if (p && p->propagation && o->propagation && p->propagation != o->propagation) return complain(s, " contradicts another propagation") ;
  if (p) apply(o, p) ;
  else if (!strncmp(s, "offset=", 7))
  {
    if (!lc_number_scan(s + 7, INT64_MAX, &o->offset)) return complain(s, " wants a number of bytes") ;
  }
  else if (!strncmp(s, "sizelimit=", 10))
  {
    if (!lc_number_scan(s + 10, INT64_MAX, &o->sizelimit)) return complain(s, " wants a number of bytes") ;
  }
  else if (!strcmp(s, "x-mount.mkdir") || !strcmp(s, "X-mount.mkdir")) o->what |= LC_OPT_MKDIR ;
  else if (!strncmp(s + 1, "-mount.mkdir=", 13) && (*s == 'x' || *s == 'X')) return complain(s, " wants no mode here: it is 0755") ;
  else if (!strncmp(s, "x-", 2) || !strncmp(s, "X-", 2) || !strncmp(s, "comment=", 8)) ;
  else if (s[0] == '=') return complain(s, " has no name") ;
  else add_data(&o->data, s) ;
  return 0 ;
}

 /* Calls f for each option in s. Quotes keep a comma in a value and are removed. */

static char const *each (lc_mountopts *o, char const *s, char const *(*f) (lc_mountopts *, char const *))
{
  char option[strlen(s) + 1] ;
  char const *err = 0 ;
  while (*s && !err)
  {
    size_t n = 0 ;
    int quoted = 0 ;
    for (; *s && (quoted || *s != ',') ; s++)
      if (*s == '"') quoted = !quoted ;
      else option[n++] = *s ;
    if (*s) s++ ;
    option[n] = 0 ;
    if (quoted) err = complain(option, " has a quote that is not closed") ;
    else if (n) err = (*f)(o, option) ;
  }
  return err ;
}

char const *lc_mountopts_scan (lc_mountopts *o, char const *s)
{
  return each(o, s, &one) ;
}

static char const *one_attr (lc_mountopts *o, char const *s)
{
  struct option_s const *p = bsearch(s, options, sizeof(options) / sizeof(options[0]), sizeof(options[0]), &option_cmp) ;
  if (!p || !(p->set | p->clr)) return complain(s, " is not a flag of a mount") ;
  apply(o, p) ;
  return 0 ;
}

char const *lc_mountopts_scan_attr (lc_mountopts *o, char const *s)
{
  return each(o, s, &one_attr) ;
}

int lc_mountopts_has (lc_mountopts const *o, char const *key)
{
  size_t n = strlen(key) ;
  size_t i = 0 ;
  for (; i < o->data.len ; i += strlen(o->data.s + i) + 1)
    if (!strncmp(o->data.s + i, key, n) && (!o->data.s[i+n] || o->data.s[i+n] == '=')) return 1 ;
  return 0 ;
}

int lc_mountopts_is (lc_mountopts const *o, char const *option)
{
  size_t i = 0 ;
  for (; i < o->data.len ; i += strlen(o->data.s + i) + 1)
    if (!strcmp(o->data.s + i, option)) return 1 ;
  return 0 ;
}

unsigned long lc_mountopts_msflags (uint64_t attr)
{
  static struct { uint64_t attr ; unsigned long ms ; } const bits[] =
  {
    { LC_ATTR_RDONLY, MS_RDONLY },
    { LC_ATTR_NOSUID, MS_NOSUID },
    { LC_ATTR_NODEV, MS_NODEV },
    { LC_ATTR_NOEXEC, MS_NOEXEC },
    { LC_ATTR_NOATIME, MS_NOATIME },
    { LC_ATTR_STRICTATIME, MS_STRICTATIME },
    { LC_ATTR_NODIRATIME, MS_NODIRATIME },
    { LC_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW }
  } ;
  unsigned long flags = 0 ;
  unsigned int i = 0 ;
  for (; i < sizeof(bits) / sizeof(bits[0]) ; i++)
    if (attr & bits[i].attr) flags |= bits[i].ms ;
  return flags ;
}
