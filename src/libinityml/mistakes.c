/* ISC license. */

#include <stdlib.h>
#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <inityml/mistakes.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

#define STRING_MAX 120  /* of a single string in a message */

struct mistake_s
{
  size_t line ;
  size_t column ;
  char const *what ;
} ;

static int is_c1 (char const *s)
{
  return (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] >= 0x80 && (unsigned char)s[1] < 0xa0 ;
}

 /* Appends s, without what would break the line or drive a terminal: C0, DEL, and
    C1 in UTF-8. */

static int cat_printable (stralloc *sa, char const *s)
{
  static char const hex[] = "0123456789abcdef" ;
  size_t n = strlen(s) ;
  size_t i = 0 ;
  size_t len = n ;
  if (n > STRING_MAX)
    for (len = STRING_MAX ; len && ((unsigned char)s[len] & 0xc0) == 0x80 ;) len-- ;
  for (; i < len ; i++)
  {
    unsigned char c = (unsigned char)s[i] ;
    char esc[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] } ;
    if (c == '\n' && !stralloc_cats(sa, "\\n")) return 0 ;
    if (c == '\t' && !stralloc_cats(sa, "\\t")) return 0 ;
    if (c == '\n' || c == '\t') continue ;
    if (c < 0x20 || c == 0x7f || is_c1(s + i) || (i && is_c1(s + i - 1)))
    {
      if (!stralloc_catb(sa, esc, 4)) return 0 ;
    }
    else if (!stralloc_catb(sa, s + i, 1)) return 0 ;
  }
  return len == n || stralloc_cats(sa, "...") ;
}

void inityml_mistakes_add (inityml_mistakes *m, size_t line, size_t column, char const *const *what, size_t n)
{
  struct mistake_s new = { .line = line, .column = column } ;
  stralloc sa = STRALLOC_ZERO ;
  size_t i = 0 ;
  if (m->n++ >= INITYML_MISTAKES_MAX) return ;
  for (; i < n ; i++) if (!cat_printable(&sa, what[i])) dienomem() ;
  if (!stralloc_0(&sa)) dienomem() ;
  new.what = sa.s ;
  if (!genalloc_append(struct mistake_s, &m->list, &new)) dienomem() ;
}

static int mistake_cmp (void const *a, void const *b)
{
  struct mistake_s const *x = a ;
  struct mistake_s const *y = b ;
  if (x->line != y->line) return x->line < y->line ? -1 : 1 ;
  if (x->column != y->column) return x->column < y->column ? -1 : 1 ;
  return strcmp(x->what, y->what) ;
}

size_t inityml_mistakes_say (inityml_mistakes *m, char const *file)
{
  struct mistake_s *p = genalloc_s(struct mistake_s, &m->list) ;
  size_t n = genalloc_len(struct mistake_s, &m->list) ;
  size_t said = 0 ;
  size_t i = 0 ;
  char fmt[SIZE_FMT] ;
  if (!n) return 0 ;
  qsort(p, n, sizeof(*p), &mistake_cmp) ;
  for (; i < n ; i++)
  {
    if (i && !mistake_cmp(p + i, p + i - 1)) continue ;  /* an alias leads to it again */
    said++ ;
    buffer_puts(buffer_2, file) ;
    buffer_put(buffer_2, ":", 1) ;
    buffer_put(buffer_2, fmt, size_fmt(fmt, p[i].line)) ;
    buffer_put(buffer_2, ":", 1) ;
    buffer_put(buffer_2, fmt, size_fmt(fmt, p[i].column)) ;
    buffer_put(buffer_2, ": ", 2) ;
    buffer_puts(buffer_2, p[i].what) ;
    buffer_put(buffer_2, "\n", 1) ;
  }
  buffer_flush(buffer_2) ;
  fmt[size_fmt(fmt, said)] = 0 ;
  strerr_warn(PROG, ": fatal: ", m->n > n ? "more than " : "", fmt, said == 1 ? " mistake in " : " mistakes in ", file) ;
  return said ;
}
