/* ISC license. */

#include <lcboot/ids.h>

int lc_number_scan (char const *s, uint64_t max, uint64_t *n)
{
  uint64_t x = 0 ;
  if (!*s) return 0 ;
  for (; *s ; s++)
  {
    unsigned int d = (unsigned char)*s - '0' ;
    if (d > 9 || d > max || x > (max - d) / 10) return 0 ;
    x = x * 10 + d ;
  }
  *n = x ;
  return 1 ;
}

int lc_id_scan (char const *s, uint32_t *id)
{
  uint64_t n ;
  if (!lc_number_scan(s, LC_ID_MAX, &n)) return 0 ;
  *id = (uint32_t)n ;
  return 1 ;
}
