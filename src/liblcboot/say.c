/* ISC license. */

#include <stdlib.h>

#include <skalibs/strerr.h>

#include <lcboot/ids.h>
#include <lcboot/say.h>

unsigned int lc_verbosity = 0 ;

void lc_verbose_init (void)
{
  uint64_t n = 0 ;
  char const *x = getenv("LCBOOT_VERBOSE") ;
  if (x && *x && !lc_number_scan(x, 1000, &n))
    strerr_dief(100, "LCBOOT_VERBOSE is not a number up to 1000: ", x) ;
  lc_verbosity = (unsigned int)n ;
}
