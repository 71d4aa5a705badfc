/* ISC license. */

#include <string.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <inityml/words.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

 /* Reads one word that starts at *s, which is no blank, and moves *s behind it. */

static char const *read_word (stralloc *sa, char const **s)
{
  char const *p = *s ;
  char quote = 0 ;
  for (; *p && (quote || !strchr(" \t\r\n", *p)) ; p++)
  {
    if (quote ? *p == quote : *p == '\'' || *p == '"')
    {
      quote = quote ? 0 : *p ;
      continue ;
    }
    if (*p == '\\' && quote != '\'')
    {
      if (!*++p) return "nothing follows the last backslash" ;
      if (quote && *p != '\\' && *p != '"') p-- ;  /* it is not special */
    }
    if (!stralloc_catb(sa, p, 1)) dienomem() ;
  }
  if (quote) return quote == '"' ? "a double quote (\") is not closed" : "a single quote (') is not closed" ;
  if (!stralloc_0(sa)) dienomem() ;
  *s = p ;
  return 0 ;
}

char const *inityml_words_split (inityml_words *w, char const *s)
{
  genalloc words = GENALLOC_ZERO ;  /* char const * */
  for (;;)
  {
    stralloc sa = STRALLOC_ZERO ;
    char const *problem ;
    s += strspn(s, " \t\r\n") ;
    if (!*s) break ;
    problem = read_word(&sa, &s) ;
    if (problem) return problem ;
    if (!genalloc_append(char *, &words, &sa.s)) dienomem() ;
  }
  w->s = genalloc_s(char const *, &words) ;
  w->n = genalloc_len(char const *, &words) ;
  return 0 ;
}

void inityml_words_unescape (char *s)
{
  static char const escapes[4][4] = { "040", "011", "012", "134" } ;
  static char const plain[4] = { ' ', '\t', '\n', '\\' } ;
  char *to = s ;
  while (*s)
  {
    unsigned int e = 0 ;
    *to = *s++ ;
    if (*to == '\\')
    {
      while (e < 4 && strncmp(s, escapes[e], 3)) e++ ;
      if (e < 4)
      {
        *to = plain[e] ;
        s += 3 ;
      }
      else if (*s == '\\') s++ ;
    }
    to++ ;
  }
  *to = 0 ;
}
