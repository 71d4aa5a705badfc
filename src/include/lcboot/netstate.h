/* ISC license. */

/*
   What a network namespace is like at one time, before interfaces are moved out of
   it, and making them so again, there or where they have been moved to.
*/

#ifndef LCBOOT_NETSTATE_H
#define LCBOOT_NETSTATE_H

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <lcboot/netif.h>
#include <lcboot/rtnl.h>

 /* The interfaces, addresses and routes of a network namespace, at one time */

typedef struct lc_netstate_s lc_netstate, *lc_netstate_ref ;
struct lc_netstate_s
{
  lc_rtnl_list links ;
  lc_rtnl_list addrs ;
  lc_rtnl_list routes ;
  genalloc netifs ;             /* lc_netif: one for each of links */
} ;
#define LC_NETSTATE_ZERO { .links = LC_RTNL_LIST_ZERO, .addrs = LC_RTNL_LIST_ZERO, .routes = LC_RTNL_LIST_ZERO, .netifs = GENALLOC_ZERO }

/*
   Takes the state of the namespace that the socket fd speaks for, the interfaces
   alone or all of it. Returns 1, or 0 with errno set.
   lc_netstate_free frees the memory, and makes s an empty one.
*/

extern int lc_netstate_links (lc_netstate *s, int fd) ;
extern int lc_netstate_all (lc_netstate *s, int fd) ;
extern void lc_netstate_free (lc_netstate *s) ;

#define lc_netstate_len(s) genalloc_len(lc_netif, &(s)->netifs)
#define lc_netstate_netif(s, i) (genalloc_s(lc_netif, &(s)->netifs) + (i))

 /* The interface of that name, which may be an alternative one, or of that
    index; null if there is none. */

extern lc_netif *lc_netstate_named (lc_netstate const *s, char const *name) ;
extern lc_netif *lc_netstate_indexed (lc_netstate const *s, unsigned int index) ;

 /* The first name of n, its own or an alternative one, that an interface of s has;
    that one is *other. Null if there is none. */

extern char const *lc_netstate_clash (lc_netstate const *s, lc_netif const *n, lc_netif const **other) ;

#define LC_NETSTATE_HOME 0x01

/*
   Makes the interfaces that have an index_now what they were when s was taken, in
   the namespace that fd speaks for: addresses, MTU, whether up, routes.
   LC_NETSTATE_HOME: it is the one that s was taken in, so they are ports of their
   masters again, and routes through others that went with their addresses come
   back too. An interface that vanishes meanwhile is left out.
   where ("" or " in 4711") says where that is.
   Returns 1; or 0 with errno set, and in what, null-terminated, what failed and what
   the kernel said ("add the address … to eth0 in 4711: kernel: …"), or nothing if
   there was no memory for it. It ends with the first failure; at home it is told,
   and the rest done.
*/

extern int lc_netstate_put (lc_netstate *s, int fd, unsigned int flags, char const *where, stralloc *what) ;

#endif
