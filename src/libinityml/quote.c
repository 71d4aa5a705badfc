/* ISC license. */

#include <stdint.h>
#include <string.h>

#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <inityml/quote.h>

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+@%^~-"

static void cat (stralloc *sa, char const *s, size_t n)
{
  if (!stralloc_catb(sa, s, n)) strerr_diefusys(111, "allocate memory") ;
}

 /* The length of the character at s if it is proper UTF-8 beyond ASCII, 0 if not */

static size_t utf8 (unsigned char const *s, uint32_t *c)
{
  static uint32_t const least[] = { 0, 0, 0x80, 0x800, 0x10000 } ;
  size_t n = *s >= 0xf0 && *s < 0xf8 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc0 ? 2 : 0 ;
  size_t i = 1 ;
  if (!n || *s >= 0xf8) return 0 ;
  *c = *s & (0xffU >> (n + 1)) ;
  for (; i < n ; i++)
  {
    if ((s[i] & 0xc0) != 0x80) return 0 ;
    *c = *c << 6 | (s[i] & 0x3fU) ;
  }
  return *c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ? 0 : n ;
}

 /* Control characters, and those that have no width or change the direction of
    writing: a script must not look different from what it does. */

static int is_invisible (uint32_t c)
{
  return c < 0xa0 || c == 0xad || c == 0x61c || c == 0xfeff || (c >= 0x200b && c <= 0x200f) ||
    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c >= 0xe0000 ;
}

static void escape (stralloc *sa, unsigned char c)
{
  static char const hex[] = "0123456789abcdef" ;
  static char const letter[] = "abtnvfr" ;  /* from 7 on */
  char s[5] = { '\\', '0', 'x', hex[c >> 4], hex[c & 15] } ;
  if (c >= 7 && c <= 13)
  {
    s[1] = letter[c - 7] ;
    cat(sa, s, 2) ;
  }
  else cat(sa, s, 5) ;
}

void inityml_quote (stralloc *sa, char const *s)
{
  if (*s && !s[strspn(s, PLAIN)])
  {
    cat(sa, s, strlen(s)) ;
    return ;
  }
  cat(sa, "\"", 1) ;
  while (*s)
  {
    unsigned char const *p = (unsigned char const *)s ;
    uint32_t c ;
    size_t n = utf8(p, &c) ;
    if (n && !is_invisible(c)) cat(sa, s, n) ;
    else if (*p == '"' || *p == '\\')
    {
      cat(sa, "\\", 1) ;
      cat(sa, s, 1) ;
    }
    else if (*p >= ' ' && *p < 0x7f) cat(sa, s, 1) ;
    else
    {
      size_t i = 0 ;
      if (!n) n = 1 ;
      for (; i < n ; i++) escape(sa, p[i]) ;
    }
    s += n ? n : 1 ;
  }
  cat(sa, "\"", 1) ;
}
