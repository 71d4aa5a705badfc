/* ISC license. */

#include <skalibs/nonposix.h>


#include <skalibs/posixplz.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/tolerant.h>

#define USAGE "lc-tolerant command args..."
#define dieusage() strerr_dieusage(100, USAGE)

int main (int argc, char const **argv)
{
  PROG = "lc-tolerant" ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    if (subgetopt_r(argc, argv, "", &l) != -1) dieusage() ;
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc < 1) dieusage() ;
  lc_tolerant_exec(argv, (char const *const *)environ) ;
}
