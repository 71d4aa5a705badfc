/* ISC license. */

/*
   What netput.c, netaddr.c and netroute.c share: they are lc_netstate_put
   (netstate.h), for the interfaces, their addresses and their routes.
   Those that return an int to go on by return 1, or 0 to end.
*/

#ifndef LCBOOT_NETPUT_H
#define LCBOOT_NETPUT_H

#include <skalibs/stralloc.h>

#include <lcboot/netstate.h>
#include <lcboot/rtnl.h>

typedef struct lc_netput_s lc_netput, *lc_netput_ref ;
struct lc_netput_s
{
  lc_netstate *s ;
  int fd ;             /* an rtnetlink socket */
  int home ;           /* where s was taken */
  lc_rtnl_msg m ;      /* the request */
  char const *where ;  /* for messages */
  stralloc *what ;     /* what failed first */
  int e ;              /* its errno; 0: nothing failed */
} ;

 /* Sends p->m. Returns 1 if it is done or the interface has vanished (ENODEV), else
    0 with errno set. */

extern int lc_netput_ask (lc_netput *p) ;

 /* Keeps what failed, in four pieces, with errno and what the kernel said, unless
    something failed before. Returns whether to go on. */

extern int lc_netput_failed (lc_netput *p, char const *a, char const *b, char const *c, char const *d) ;

/*
   About the interface that had that index in p->s: the index that it has now, or 0
   (at home those that never left are there, too); whether it has moved, to here; its
   name, or "".
*/

extern unsigned int lc_netput_index (lc_netput const *p, unsigned int index) ;
extern int lc_netput_has_moved (lc_netput const *p, unsigned int index) ;
extern char const *lc_netput_name (lc_netput const *p, unsigned int index) ;

#define LC_NETPUT_NO_LENGTH 255

/*
   Appends to sa the address of that family that a holds, with /len unless that is
   LC_NETPUT_NO_LENGTH; "default" if a is null. Returns 1, or 0 if it is no address
   or memory is short.
*/

extern int lc_netput_text (stralloc *sa, int family, struct rtattr const *a, unsigned int len) ;

 /* Add the addresses, and the routes. Return whether to go on. */

extern int lc_netput_addrs (lc_netput *p) ;
extern int lc_netput_routes (lc_netput *p) ;

#endif
