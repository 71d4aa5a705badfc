/* ISC license. */

#include <string.h>

#include <skalibs/strerr.h>

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

int lc_size_scan (char const *s, uint64_t *n)
{
  static char const units[] = "kKmMgGtT" ;
  char number[32] ;
  size_t len = strlen(s) ;
  char const *unit = len ? strchr(units, s[len - 1]) : 0 ;
  unsigned int shift = unit ? 10 * (1 + (unsigned int)(unit - units) / 2) : 0 ;
  if (unit) len-- ;
  if (len >= sizeof(number)) return 0 ;
  memcpy(number, s, len) ;
  number[len] = 0 ;
  if (!lc_number_scan(number, INT64_MAX >> shift, n) || !*n) return 0 ;
  *n <<= shift ;
  return 1 ;
}

int lc_id_scan (char const *s, uint32_t *id)
{
  uint64_t n ;
  if (!lc_number_scan(s, LC_ID_MAX, &n)) return 0 ;
  *id = (uint32_t)n ;
  return 1 ;
}

void lc_owner_scan (char const *s, uid_t *uid, gid_t *gid)
{
  char buf[32] ;
  uint32_t id ;
  size_t n = strcspn(s, ":") ;
  if (n >= sizeof(buf)) n = 0 ;
  memcpy(buf, s, n) ;
  buf[n] = 0 ;
  if (!lc_id_scan(buf, &id)) strerr_dief(100, "invalid owner: ", s, " (expected uid[:gid], numbers)") ;
  *uid = id ;
  *gid = (gid_t)-1 ;
  if (!s[n]) return ;
  if (!lc_id_scan(s + n + 1, &id)) strerr_dief(100, "invalid owner: ", s, " (expected uid[:gid], numbers)") ;
  *gid = id ;
}
