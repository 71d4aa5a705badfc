/* ISC license. */

#include <string.h>

#include <lcboot/fstab.h>

#define BLANKS " \t"

char *lc_fstab_unescape (char *s)
{
  static struct { char const *digits ; char plain ; } const escapes[4] = { { "040", ' ' }, { "011", '\t' }, { "012", '\n' }, { "134", '\\' } } ;
  char const *from = s ;
  char *to = s ;
  while (*from)
  {
    unsigned int i = 0 ;
    if (*from != '\\') { *to++ = *from++ ; continue ; }
    from++ ;
    while (i < 4 && strncmp(from, escapes[i].digits, 3)) i++ ;
    *to++ = i < 4 ? escapes[i].plain : '\\' ;
    if (i < 4) from += 3 ;
    else if (*from == '\\') from++ ;
  }
  *to = 0 ;
  return s ;
}

int lc_fstab_next (char **text, lc_fstab *line)
{
  static char none[1] = "" ;
  char **const field[6] = { &line->source, &line->target, &line->type, &line->options, &line->freq, &line->passno } ;
  char *s = *text ;
  unsigned int i = 0 ;
  for (;;)
  {
    s += strspn(s, BLANKS "\n") ;
    if (!*s) return *text = s, 0 ;
    *text = s + strcspn(s, "\n") ;
    if (**text) *(*text)++ = 0 ;
    if (*s != '#') break ;
    s = *text ;
  }
  for (; i < 6 ; i++) *field[i] = none ;
  for (line->n = 0 ; *s ; line->n++)
  {
    char *next = s + strcspn(s, BLANKS) ;
    if (*next) *next++ = 0 ;
    if (line->n < 6) *field[line->n] = lc_fstab_unescape(s) ;
    s = next + strspn(next, BLANKS) ;
  }
  return 1 ;
}

int lc_fstab_is_tag (char const *source)
{
  static char const *const tags[5] = { "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "ID=" } ;
  unsigned int i = 0 ;
  for (; i < 4 ; i++) if (!strncmp(source, tags[i], strlen(tags[i]))) return 1 ;
  return 0 ;
}
