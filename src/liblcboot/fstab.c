/* ISC license. */

#include <string.h>

#include <lcboot/fstab.h>

#define BLANKS " \t"

static int is_octal (char const *s)
{
  return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7' && strncmp(s, "000", 3) ;
}

char *lc_fstab_unescape (char *s)
{
  char const *from = s ;
  char *to = s ;
  while (*from)
    if (from[0] == '\\' && is_octal(from + 1))
    {
      *to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0')) ;
      from += 4 ;
    }
    else
    {
      if (from[0] == '\\' && from[1] == '\\') from++ ;
      *to++ = *from++ ;
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
  for (; i < 5 ; i++) if (!strncmp(source, tags[i], strlen(tags[i]))) return 1 ;
  return 0 ;
}
