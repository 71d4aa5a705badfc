/* ISC license. */

/*
   Network interfaces that are moved to another network namespace: what they are
   like before, the move, and making them so again. The kernel keeps the name,
   alternative names, hardware address and MTU of an interface that moves, and
   drops its addresses, its routes, that it is up and whose port it is.
*/

#ifndef LCBOOT_NETIF_H
#define LCBOOT_NETIF_H

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

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
  unsigned int done : 1 ;       /* lc_netstate_put's own */
  unsigned int moved : 1 ;      /* it is in the other namespace */
  unsigned int index_now ;      /* where it has been moved to, or 0 */
  uint32_t mtu_now ;
} ;

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
