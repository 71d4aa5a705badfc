/* ISC license. */

#ifndef LCBOOT_DEATHSIG_H
#define LCBOOT_DEATHSIG_H

#include <sys/types.h>

typedef struct lc_deathsig_s lc_deathsig, *lc_deathsig_ref ;
struct lc_deathsig_s
{
  int sig ;        /* or 0 */
  pid_t parent ;
} ;

/*
   A change of ids, those of setfsuid(2) too, clears the signal that a process gets
   when its parent dies: prctl(2), PR_SET_PDEATHSIG. lc_deathsig_get notes it before,
   lc_deathsig_put sets it again; a parent that has died meanwhile is made up for.
   They cannot fail, and keep errno.
*/

extern void lc_deathsig_get (lc_deathsig *d) ;
extern void lc_deathsig_put (lc_deathsig const *d) ;

#endif
