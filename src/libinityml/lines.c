/* ISC license. */

#include <string.h>

#include <skalibs/alloc.h>
#include <skalibs/env.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <execline/execline.h>

#include <lcboot/exec.h>

#include <inityml/lines.h>
#include <inityml/quote.h>

#define WIDTH 110           /* lines are broken before they become longer than that, where they can be */

static void raw_n (stralloc *sa, char const *s, size_t n)
{
  if (!stralloc_catb(sa, s, n)) strerr_diefusys(111, "allocate memory") ;
}

static void raw (stralloc *sa, char const *s)
{
  raw_n(sa, s, strlen(s)) ;
}

void lines_new (inityml_lines *o, unsigned int more)
{
  unsigned int n = o->indent + more ;
  raw(o->sa, "\n") ;
  o->line = o->sa->len ;
  while (n--) raw(o->sa, " ") ;
}

void lines_text (inityml_lines *o, char const *s)
{
  raw(o->sa, s) ;
}

void lines_comment (inityml_lines *o, char const *s)
{
  raw(o->sa, "\n") ;
  lines_new(o, 0) ;
  raw(o->sa, "# ") ;
  raw(o->sa, s) ;
}

void lines_step (inityml_lines *o, char const *name)
{
  lines_new(o, 0) ;
  raw(o->sa, name) ;
}

static void argument (inityml_lines *o, stralloc const *text)
{
  size_t column = o->sa->len - o->line ;
  if (column + 1 + text->len > WIDTH) lines_new(o, 2) ;
  else raw(o->sa, " ") ;
  raw_n(o->sa, text->s, text->len) ;
}

 /* An option and its word, which stay on one line */

void lines_option (inityml_lines *o, char const *flag, char const *word)
{
  stralloc text = STRALLOC_ZERO ;
  raw(&text, flag) ;
  if (word)
  {
    raw(&text, " ") ;
    inityml_quote(&text, word) ;
  }
  argument(o, &text) ;
  stralloc_free(&text) ;
}

void lines_flag (inityml_lines *o, char const *s)
{
  lines_option(o, s, 0) ;
}

void lines_word (inityml_lines *o, char const *s)
{
  stralloc text = STRALLOC_ZERO ;
  inityml_quote(&text, s) ;
  argument(o, &text) ;
  stralloc_free(&text) ;
}

void lines_words (inityml_lines *o, char const *const *s, size_t n)
{
  size_t i = 0 ;
  for (; i < n ; i++) lines_word(o, s[i]) ;
}

void lines_command (inityml_lines *o, char const *const *s, size_t n)
{
  lines_new(o, 0) ;
  inityml_quote(o->sa, s[0]) ;
  lines_words(o, s + 1, n - 1) ;
}

void lines_open (inityml_lines *o)
{
  lines_new(o, 2) ;
  raw(o->sa, "{") ;
  o->indent += 4 ;
}

void lines_close (inityml_lines *o)
{
  o->indent -= 4 ;
  lines_new(o, 2) ;
  raw(o->sa, "}") ;
}

 /* Words in a block: on this line if there is room, else on lines of their own */

void lines_block (inityml_lines *o, char const *const *s, size_t n)
{
  stralloc text = STRALLOC_ZERO ;
  size_t i = 0 ;
  raw(&text, "{ ") ;
  for (; i < n ; i++)
  {
    inityml_quote(&text, s[i]) ;
    raw(&text, " ") ;
  }
  raw(&text, "}") ;
  if (o->sa->len - o->line + text.len < WIDTH)
  {
    raw(o->sa, " ") ;
    raw_n(o->sa, text.s, text.len) ;
  }
  else
  {
    lines_open(o) ;
    lines_command(o, s, n) ;
    lines_close(o) ;
  }
  stralloc_free(&text) ;
}

void lines_variable (stralloc *sa, char const *name, char const *const *words, size_t n)
{
  size_t i = 0 ;
  sa->len = 0 ;
  raw(sa, name) ;
  raw_n(sa, "", 1) ;
  while (i < n)
    if (strstr(words[i++], sa->s))
    {
      sa->s[sa->len - 1] = '_' ;
      raw_n(sa, "", 1) ;
      i = 0 ;
    }
}

void lines_exec (char const *text)
{
  stralloc words = STRALLOC_ZERO ;
  char const **v ;
  int n = el_parse_from_string(&words, text) ;
  if (n == -1) strerr_diefusys(111, "parse the script") ;
  if (n <= 0) strerr_dief(111, "libexecline does not take the script") ;
  v = (char const **)alloc(((size_t)n + 1) * sizeof(char const *)) ;
  if (!v || !env_make(v, (size_t)n, words.s, words.len)) strerr_diefusys(111, "allocate memory") ;
  v[n] = 0 ;
  lc_exec_kept = v ;
  lc_exec(v) ;
}
