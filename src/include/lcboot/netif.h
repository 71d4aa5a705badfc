/* ISC license. */

/*
   A network interface, and its move to another network namespace. The kernel keeps
   the name, alternative names, hardware address and MTU of an interface that moves,
   and drops its addresses, its routes, that it is up and whose port it is.
*/

#ifndef LCBOOT_NETIF_H
#define LCBOOT_NETIF_H

#include <stddef.h>
#include <stdint.h>

#include <lcboot/rtnl.h>

typedef struct lc_netif_s lc_netif, *lc_netif_ref ;
struct lc_netif_s
{
  struct nlmsghdr const *msg ;  /* RTM_NEWLINK */
  char const *name ;
  unsigned int index ;
  unsigned int parent ;         /* of a VLAN, macvlan …: its index, or 0 */
  unsigned int master ;         /* the index of the bridge, bond … that it is a port of, or 0 */
  uint32_t mtu ;
  unsigned int up : 1 ;
  unsigned int loopback : 1 ;
  unsigned int immovable : 1 ;  /* Linux 6.15 tells before it is tried */
  unsigned int done : 1 ;       /* lc_netstate_put's own (netstate.h) */
  unsigned int moved : 1 ;      /* it is in the other namespace */
  unsigned int index_now ;      /* where it has been moved to, or 0 */
  uint32_t mtu_now ;
} ;

 /* Sets n to what that message says. n points into it, and has not moved. */

extern void lc_netif_parse (lc_netif *n, struct nlmsghdr const *msg) ;

 /* The attribute of that type in n's message, or null. */

extern struct rtattr const *lc_netif_attr (lc_netif const *n, unsigned int type) ;

 /* The names of n: nth counts from 0, the name proper; then come the alternative
    ones. Null after the last. */

extern char const *lc_netif_name (lc_netif const *n, size_t nth) ;

 /* One of two network namespaces: a descriptor of it, and an rtnetlink socket that
    speaks for it */

typedef struct lc_netside_s lc_netside, *lc_netside_ref ;
struct lc_netside_s
{
  int nsfd ;
  int fd ;
} ;

/*
   Moves n, which has that index (0: it is found by its name) there, from one
   namespace to the other: in one message, that it keeps the name included.
   Turns n->moved over if it went, and sets n->index_now, 0 if it has vanished.
   Returns 1, or 0 with errno set: EEXIST if a name is taken there, EINVAL if it
   cannot be moved, ENODEV if it had vanished before.
*/

extern int lc_netif_move (lc_netif *n, lc_netside const *from, unsigned int index, lc_netside const *to) ;

/*
   Whether now, which has come back to where n was taken, can be n: who has rights in
   the other namespace may have made another interface with its name and index. Of
   the same kind it must be, and what it is on or its other end must be in the same
   namespace as before, which is the kernel's to say.
*/

extern int lc_netif_is_same (lc_netif const *n, lc_netif const *now) ;

#endif
