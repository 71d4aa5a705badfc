/* ISC license. */

#include <string.h>

#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <inityml/mistakes.h>
#include <inityml/values.h>
#include <inityml/yaml.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

char const *value_line (char *fmt, inityml_node const *node)
{
  fmt[size_fmt(fmt, node->line)] = 0 ;
  return fmt ;
}

 /* What a node is, after "not " */

static char const *kind_of (inityml_node const *node)
{
  switch (node->kind)
  {
    case INITYML_NULL : return "null" ;
    case INITYML_BOOL : return "a boolean" ;
    case INITYML_STRING : return "text" ;
    case INITYML_LIST : return "a list" ;
    default : return "a mapping" ;
  }
}

void value_expected (inityml_mistakes *m, inityml_node const *node, char const *what, char const *expects)
{
  if (node->kind == INITYML_BAD) return ;
  if (node->kind == INITYML_STRING || node->kind == INITYML_BOOL) value_wrong(m, node, what, ": ", expects, " is expected, not ", node->text) ;
  else value_wrong(m, node, what, ": ", expects, " is expected, not ", kind_of(node)) ;
}

 /* Names, and the nearest of them for one that is not known */

static size_t smaller (size_t a, size_t b)
{
  return a < b ? a : b ;
}

static size_t larger (size_t a, size_t b)
{
  return a < b ? b : a ;
}

#define NAME_LEN_MAX 32

 /* The edits that make b of a: what is missing, too much, another, or two
    exchanged. */

static size_t distance (char const *a, char const *b)
{
  size_t row[3][NAME_LEN_MAX + 1] ;
  size_t alen = strlen(a) ;
  size_t blen = strlen(b) ;
  size_t i = 0 ;
  size_t j = 0 ;
  if (alen > NAME_LEN_MAX || blen > NAME_LEN_MAX) return NAME_LEN_MAX ;
  for (; j <= blen ; j++) row[0][j] = j ;
  for (i = 1 ; i <= alen ; i++)
  {
    size_t *now = row[i % 3] ;
    size_t const *last = row[(i + 2) % 3] ;
    size_t const *before = row[(i + 1) % 3] ;
    now[0] = i ;
    for (j = 1 ; j <= blen ; j++)
    {
      now[j] = smaller(smaller(last[j] + 1, now[j - 1] + 1), last[j - 1] + (a[i - 1] != b[j - 1])) ;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = smaller(now[j], before[j - 2] + 1) ;
    }
  }
  return row[alen % 3][blen] ;
}

static char const *nearest (char const *s, char const *const *names, size_t n)
{
  size_t best = NAME_LEN_MAX ;
  char const *name = 0 ;
  size_t i = 0 ;
  for (; i < n ; i++)
  {
    size_t d = distance(s, names[i]) ;
    if (d < best)
    {
      best = d ;
      name = names[i] ;
    }
  }
  return name && best <= larger(strlen(s), strlen(name)) / 3 ? name : 0 ;
}

static void unknown (inityml_mistakes *m, inityml_node const *node, char const *what, char const *const *names, size_t n)
{
  char const *near = nearest(node->text, names, n) ;
  stralloc sa = STRALLOC_ZERO ;
  size_t i = 0 ;
  if (near)
  {
    value_wrong(m, node, what, ": ", node->text, " (did you mean ", near, "?)") ;
    return ;
  }
  for (; i < n ; i++)
    if (!stralloc_cats(&sa, i ? ", " : "") || !stralloc_cats(&sa, names[i])) dienomem() ;
  if (!stralloc_0(&sa)) dienomem() ;
  value_wrong(m, node, what, ": ", node->text, " (known here: ", sa.s, ")") ;
  stralloc_free(&sa) ;
}

 /* A string that is one of the names. Returns its index, or -1. */

int value_choice (inityml_mistakes *m, inityml_node const *node, char const *what, char const *unknown_what, char const *const *names, size_t n)
{
  size_t i = 0 ;
  if (node->kind != INITYML_STRING)
  {
    value_expected(m, node, what, "a name") ;
    return -1 ;
  }
  for (; i < n ; i++) if (!strcmp(node->text, names[i])) return (int)i ;
  unknown(m, node, unknown_what, names, n) ;
  return -1 ;
}

 /* A mapping's values, by the names of its keys: what was not said, or was left
    null, is a null pointer. Returns 0 if it is no mapping. */

int value_fields (inityml_mistakes *m, inityml_node const *node, char const *what, char const *const *names, size_t n, inityml_node const **value)
{
  size_t i = 0 ;
  memset(value, 0, n * sizeof(*value)) ;
  if (node->kind != INITYML_MAP)
  {
    value_expected(m, node, what, "a mapping") ;
    return 0 ;
  }
  for (; i < node->n ; i += 2)
  {
    size_t j = 0 ;
    while (j < n && strcmp(node->item[i]->text, names[j])) j++ ;
    if (j == n) unknown(m, node->item[i], "unknown key", names, n) ;
    else if (node->item[i + 1]->kind != INITYML_NULL) value[j] = node->item[i + 1] ;
  }
  return 1 ;
}

 /* Strings. A number is its text. */

char const *value_text (inityml_mistakes *m, inityml_node const *node, char const *what)
{
  switch (node->kind)
  {
    case INITYML_BAD : return 0 ;
    case INITYML_STRING : return node->text ;
    case INITYML_BOOL : value_wrong(m, node, what, ": ", node->text, " is a boolean here; for the text write \"", node->text, "\"") ; return 0 ;
    case INITYML_NULL :
      if (*node->text) value_wrong(m, node, what, ": ", node->text, " is null here; for the text write \"", node->text, "\"") ;
      else value_wrong(m, node, what, ": nothing is here; for an empty text write \"\"") ;
      return 0 ;
    default : value_wrong(m, node, what, ": text is expected, not ", kind_of(node)) ; return 0 ;
  }
}

 /* The same for what becomes a word of a command line. */

char const *value_string (inityml_mistakes *m, inityml_node const *node, char const *what)
{
  char const *s = value_text(m, node, what) ;
  if (!s || strlen(s) <= VALUE_WORD_MAX) return s ;
  value_wrong(m, node, what, ": longer than 131000 bytes, which no argument of a program can hold") ;
  return 0 ;
}

char const *value_string1 (inityml_mistakes *m, inityml_node const *node, char const *what)
{
  char const *s = value_string(m, node, what) ;
  if (!s || *s) return s ;
  value_wrong(m, node, what, ": this is empty") ;
  return 0 ;
}

int value_is_digits (char const *s)
{
  return *s && !s[strspn(s, "0123456789")] ;
}
