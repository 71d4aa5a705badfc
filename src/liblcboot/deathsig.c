/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include <sys/prctl.h>

#include <lcboot/deathsig.h>

void lc_deathsig_get (lc_deathsig *d)
{
  int e = errno ;
  d->parent = getppid() ;
  if (prctl(PR_GET_PDEATHSIG, &d->sig, 0, 0, 0) == -1) d->sig = 0 ;
  errno = e ;
}

void lc_deathsig_put (lc_deathsig const *d)
{
  int e = errno ;
  if (d->sig && (prctl(PR_SET_PDEATHSIG, d->sig, 0, 0, 0) == -1 || getppid() != d->parent)) kill(getpid(), d->sig) ;
  errno = e ;
}
