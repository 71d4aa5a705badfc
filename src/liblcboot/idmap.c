/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/idmap.h>
#include <lcboot/ids.h>
#include <lcboot/proc.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

size_t lc_idextent_fmt (char *s, lc_idextent const *e, char sep)
{
  size_t n = uint32_fmt(s, e->inside) ;
  s[n++] = sep ;
  n += uint32_fmt(s + n, e->outside) ;
  s[n++] = sep ;
  n += uint32_fmt(s + n, e->count) ;
  s[n] = 0 ;
  return n ;
}

static int overlap (uint32_t a, uint32_t acount, uint32_t b, uint32_t bcount)
{
  return a < (uint64_t)b + bcount && b < (uint64_t)a + acount ;
}

char const *lc_idextent_overlap (lc_idextent const *a, lc_idextent const *b)
{
  return overlap(a->inside, a->count, b->inside, b->count) ? "inside" :
    overlap(a->outside, a->count, b->outside, b->count) ? "outside" : 0 ;
}

static void add (genalloc *m, lc_idextent const *e)
{
  char new[LC_IDEXTENT_FMT], old[LC_IDEXTENT_FMT] ;
  lc_idextent const *p = genalloc_s(lc_idextent, m) ;
  size_t n = genalloc_len(lc_idextent, m) ;
  size_t i = 0 ;
  lc_idextent_fmt(new, e, ':') ;
  if (!e->count) strerr_dief(100, "id map ", new, " maps nothing") ;
  if (e->inside > LC_ID_MAX || e->count - 1 > LC_ID_MAX - e->inside || e->count - 1 > LC_ID_MAX - e->outside)
    strerr_dief(100, "id map ", new, " runs past the last id, 4294967294") ;
  for (; i < n ; i++)
  {
    char const *side = lc_idextent_overlap(e, p + i) ;
    if (!side) continue ;
    lc_idextent_fmt(old, p + i, ':') ;
    strerr_dief(100, "id maps ", old, " and ", new, " overlap ", side) ;
  }
  if (n >= LC_IDMAP_LINES) strerr_dief(100, "more than the 340 lines of an id map that the kernel takes, at ", new) ;
  if (!genalloc_append(lc_idextent, m, e)) dienomem() ;
}

 /* Two or three numbers, between colons or blanks. */

static int extent_scan (char const *s, lc_idextent *e)
{
  uint64_t x[3] = { 0, 0, 1 } ;
  char const *sep = strchr(s, ':') ? ":" : " \t" ;
  unsigned int i = 0 ;
  if (*sep == ' ') s += strspn(s, sep) ;
  while (*s)
  {
    char num[UINT32_FMT] ;
    size_t n = strcspn(s, sep) ;
    if (i == 3 || n >= sizeof(num)) return 0 ;
    memcpy(num, s, n) ;
    num[n] = 0 ;
    if (!lc_number_scan(num, i < 2 ? LC_ID_MAX : UINT32_MAX, x + i)) return 0 ;
    i++ ;
    s += n ;
    if (*sep == ' ') s += strspn(s, sep) ;
    else if (*s && !*++s) return 0 ;
  }
  e->inside = (uint32_t)x[0] ;
  e->outside = (uint32_t)x[1] ;
  e->count = (uint32_t)x[2] ;
  return i >= 2 ;
}

void lc_idmap_add (genalloc *m, char const *s)
{
  lc_idextent e ;
  if (!extent_scan(s, &e)) strerr_dief(100, "invalid id map: ", s, " (expected inside:outside[:count])") ;
  add(m, &e) ;
}

static size_t field_len (char const *s)
{
  return strcspn(s, ":\n") ;
}

 /* The field n, from 0 on, of a line between colons, or null. */

static char const *field (char const *line, unsigned int n)
{
  while (n--)
  {
    line += field_len(line) ;
    if (*line++ != ':') return 0 ;
  }
  return line ;
}

static int is_field (char const *s, char const *value)
{
  return field_len(s) == strlen(value) && !strncmp(s, value, strlen(value)) ;
}

 /* The login name of the caller: /etc/passwd itself, as a static program cannot
    load libc's name services. */

static int login_name (stralloc *sa, char const *uid)
{
  stralloc passwd = STRALLOC_ZERO ;
  char *line ;
  int ok = 0 ;
  if (openslurpclose(&passwd, "/etc/passwd") && stralloc_0(&passwd))
    for (line = passwd.s ; line && !ok ; line = (line = strchr(line, '\n')) ? line + 1 : 0)
    {
      char const *id = field(line, 2) ;
      if (id && is_field(id, uid))
        ok = stralloc_catb(sa, line, field_len(line)) && stralloc_0(sa) ;
    }
  stralloc_free(&passwd) ;
  return ok ;
}

static int number_field (char const *s, uint32_t *n)
{
  char num[UINT32_FMT] ;
  size_t len = s ? field_len(s) : 0 ;
  if (!len || len >= sizeof(num)) return 0 ;
  memcpy(num, s, len) ;
  num[len] = 0 ;
  return lc_id_scan(num, n) ;
}

static uint32_t first_free (genalloc const *m)
{
  uint32_t next = 0 ;
  size_t i = 0 ;
  for (; i < genalloc_len(lc_idextent, m) ; i++)
  {
    lc_idextent const *e = genalloc_s(lc_idextent, m) + i ;
    if (e->inside + e->count > next) next = e->inside + e->count ;
  }
  return next ;
}

 /* The caller's ranges: added to m, or only counted if that is null */

static unsigned int subordinate (genalloc *m, int group, stralloc *name)
{
  char const *file = group ? "/etc/subgid" : "/etc/subuid" ;
  stralloc ranges = STRALLOC_ZERO ;
  char uid[UID_FMT] ;
  char *line ;
  unsigned int found = 0 ;
  uid[uid_fmt(uid, geteuid())] = 0 ;
  if (!openslurpclose(&ranges, file))
  {
    if (!m && errno == ENOENT) return 0 ;
    strerr_diefusys(111, "read ", file) ;
  }
  if (!stralloc_0(&ranges) || (!login_name(name, uid) && (!stralloc_copys(name, uid) || !stralloc_0(name)))) dienomem() ;
  for (line = ranges.s ; line ; line = (line = strchr(line, '\n')) ? line + 1 : 0)
  {
    lc_idextent e ;
    if (!is_field(line, name->s) && !is_field(line, uid)) continue ;
    found++ ;
    if (!m) continue ;
    e.inside = first_free(m) ;
    if (!number_field(field(line, 1), &e.outside) || !number_field(field(line, 2), &e.count) || !e.count)
    {
      line[strcspn(line, "\n")] = 0 ;
      strerr_dief(111, "invalid line in ", file, ": ", line) ;
    }
    add(m, &e) ;
  }
  stralloc_free(&ranges) ;
  return found ;
}

static void add_auto (genalloc *m, int group)
{
  stralloc name = STRALLOC_ZERO ;
  if (!subordinate(m, group, &name)) strerr_dief(111, "no subordinate ids for ", name.s, " in ", group ? "/etc/subgid" : "/etc/subuid") ;
  stralloc_free(&name) ;
}

int lc_idmap_has_auto (int group)
{
  stralloc name = STRALLOC_ZERO ;
  unsigned int found = subordinate(0, group, &name) ;
  stralloc_free(&name) ;
  return !!found ;
}

void lc_idmap_add_special (genalloc *m, char const *s, int group)
{
  if (!strcmp(s, "auto")) add_auto(m, group) ;
  else if (!strcmp(s, "self"))
  {
    lc_idextent e = { .inside = 0, .outside = group ? getegid() : geteuid(), .count = 1 } ;
    add(m, &e) ;
  }
  else lc_idmap_add(m, s) ;
}

void lc_idmap_add_identity (genalloc *m, int group)
{
  stralloc map = STRALLOC_ZERO ;
  char *line ;
  int procfd = lc_proc_open() ;
  if (procfd == -1) strerr_diefusys(111, "open a procfs") ;
  if (!lc_proc_slurp(procfd, 0, group ? "gid_map" : "uid_map", &map)) strerr_diefusys(111, "read the id map of this process") ;
  fd_close(procfd) ;
  for (line = map.s ; *line ; )
  {
    lc_idextent e ;
    size_t n = strcspn(line, "\n") ;
    int more = line[n] == '\n' ;
    line[n] = 0 ;
    if (!extent_scan(line, &e)) strerr_dief(111, "invalid line in the id map of this process: ", line) ;
    e.outside = e.inside ;
    add(m, &e) ;
    line += n + more ;
  }
  stralloc_free(&map) ;
}

void lc_idmap_text (stralloc *sa, genalloc const *m)
{
  size_t base = sa->len ;
  size_t i = 0 ;
  for (; i < genalloc_len(lc_idextent, m) ; i++)
  {
    char line[LC_IDEXTENT_FMT] ;
    size_t n = lc_idextent_fmt(line, genalloc_s(lc_idextent, m) + i, ' ') ;
    line[n++] = '\n' ;
    if (!stralloc_catb(sa, line, n)) dienomem() ;
  }
  if (sa->len - base >= LC_IDMAP_PAGE)
  {
    char fmt[SIZE_FMT] ;
    fmt[size_fmt(fmt, sa->len - base)] = 0 ;
    strerr_dief(100, "the id map is ", fmt, " bytes long, and the kernel takes less than 4096") ;
  }
}
