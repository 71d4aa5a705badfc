/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <net/if.h>
#include <sys/socket.h>

#include <skalibs/stralloc.h>

#include <lcboot/netif.h>
#include <lcboot/netput.h>
#include <lcboot/netstate.h>
#include <lcboot/rtnl.h>
#include <lcboot/say.h>

int lc_netput_failed (lc_netput *p, char const *a, char const *b, char const *c, char const *d)
{
  int e = errno ;
  if (!p->what->len)
  {
    if (!stralloc_cats(p->what, a) || !stralloc_cats(p->what, b) || !stralloc_cats(p->what, c) || !stralloc_cats(p->what, d)
     || !stralloc_cats(p->what, p->where) || !stralloc_cats(p->what, lc_rtnl_log()) || !stralloc_0(p->what)) p->what->len = 0 ;
    p->e = e ;
  }
  return p->home ;
}

unsigned int lc_netput_index (lc_netput const *p, unsigned int index)
{
  lc_netif const *n = lc_netstate_indexed(p->s, index) ;
  if (n && n->index_now) return n->index_now ;
  return p->home ? index : 0 ;
}

char const *lc_netput_name (lc_netput const *p, unsigned int index)
{
  lc_netif const *n = lc_netstate_indexed(p->s, index) ;
  return n ? n->name : "" ;
}

int lc_netput_has_moved (lc_netput const *p, unsigned int index)
{
  lc_netif const *n = lc_netstate_indexed(p->s, index) ;
  return n && n->index_now ;
}

int lc_netput_ask (lc_netput *p)
{
  return lc_rtnl_ask(p->fd, &p->m, 0) || errno == ENODEV ;
}

static void begin_link (lc_netput *p, lc_netif const *n, unsigned int flags, unsigned int change)
{
  struct ifinfomsg const head = { .ifi_family = AF_UNSPEC, .ifi_index = (int)n->index_now, .ifi_flags = flags, .ifi_change = change } ;
  lc_rtnl_begin(&p->m, RTM_NEWLINK, 0, &head, sizeof(head)) ;
}

 /* An interface for which the kernel makes no IPv6 link-local address gets none
    when it comes up: addrgenmode of ip-link(8). */

static int has_no_linklocal (lc_netif const *n)
{
  struct rtattr const *a = lc_rtnl_nested(lc_rtnl_nested(lc_netif_attr(n, IFLA_AF_SPEC), AF_INET6), IFLA_INET6_ADDR_GEN_MODE) ;
  return a && RTA_PAYLOAD(a) && *(unsigned char const *)RTA_DATA(a) == IN6_ADDR_GEN_MODE_NONE ;
}

static int put_before (lc_netput *p, lc_netif *n)
{
  if (has_no_linklocal(n))
  {
    struct { struct rtattr family ; struct rtattr mode ; unsigned char value[4] ; } const spec =
    {
      .family = { .rta_len = RTA_LENGTH(RTA_LENGTH(1)), .rta_type = AF_INET6 | NLA_F_NESTED },
      .mode = { .rta_len = RTA_LENGTH(1), .rta_type = IFLA_INET6_ADDR_GEN_MODE },
      .value = { IN6_ADDR_GEN_MODE_NONE, 0, 0, 0 }
    } ;
    begin_link(p, n, 0, 0) ;
    lc_rtnl_put(&p->m, IFLA_AF_SPEC | NLA_F_NESTED, &spec, sizeof(spec)) ;
    if (!lc_netput_ask(p) && !lc_netput_failed(p, "turn link-local addresses off on ", n->name, "", "")) return 0 ;
  }
  if (p->home && n->master)
  {
    begin_link(p, n, 0, 0) ;
    lc_rtnl_put32(&p->m, IFLA_MASTER, lc_netput_index(p, n->master)) ;
    if (!lc_netput_ask(p) && !lc_netput_failed(p, "make ", n->name, " a port of ", lc_netput_name(p, n->master))) return 0 ;
  }
  return 1 ;
}

 /* After its parent, if that has moved too: a VLAN cannot be up, or have a larger
    MTU, before. Two veth are each other's parent. */

static int put_link (lc_netput *p, lc_netif *n)
{
  lc_netif *parent = lc_netstate_indexed(p->s, n->parent) ;
  if (n->done || !n->index_now) return 1 ;
  n->done = 1 ;
  if (parent && !put_link(p, parent)) return 0 ;
  if (n->mtu_now != n->mtu)
  {
    begin_link(p, n, 0, 0) ;
    lc_rtnl_put32(&p->m, IFLA_MTU, n->mtu) ;
    if (!lc_netput_ask(p) && !lc_netput_failed(p, "set the MTU of ", n->name, "", "")) return 0 ;
  }
  if (n->up)
  {
    begin_link(p, n, IFF_UP, IFF_UP) ;
    if (!lc_netput_ask(p) && !lc_netput_failed(p, "bring ", n->name, " up", "")) return 0 ;
    if (!p->home) lc_say(n->name, " is up") ;
  }
  return 1 ;
}

 /* A parent that comes up takes its VLANs along, those that were down, too */

static int put_down (lc_netput *p, lc_netif *n)
{
  if (n->up || !lc_netput_has_moved(p, n->parent)) return 1 ;
  begin_link(p, n, 0, IFF_UP) ;
  return lc_netput_ask(p) || lc_netput_failed(p, "bring ", n->name, " down", "") ;
}

 /* What is on an interface that was away, a VLAN, stayed, but went down with it. */

static void find_collateral (lc_netput *p)
{
  size_t i = 0 ;
  while (i < lc_netstate_len(p->s))
  {
    lc_netif *n = lc_netstate_netif(p->s, i++) ;
    if (n->index_now || n->moved || !lc_netput_has_moved(p, n->parent)) continue ;
    n->index_now = n->index ;
    n->mtu_now = n->mtu ;
    i = 0 ;  /* others may be on this one */
  }
}

static int put_each (lc_netput *p, int (*put) (lc_netput *, lc_netif *))
{
  size_t i = 0 ;
  for (; i < lc_netstate_len(p->s) ; i++)
  {
    lc_netif *n = lc_netstate_netif(p->s, i) ;
    if (n->index_now && !(*put)(p, n)) return 0 ;
  }
  return 1 ;
}

static void put_all (lc_netput *p)
{
  size_t i = 0 ;
  for (; i < lc_netstate_len(p->s) ; i++) lc_netstate_netif(p->s, i)->done = 0 ;
  if (p->home) find_collateral(p) ;
  if (put_each(p, &put_before) && lc_netput_addrs(p) && put_each(p, &put_link) && put_each(p, &put_down)) lc_netput_routes(p) ;
}

int lc_netstate_put (lc_netstate *s, int fd, unsigned int flags, char const *where, stralloc *what)
{
  lc_netput p = { .s = s, .fd = fd, .home = !!(flags & LC_NETSTATE_HOME), .m = LC_RTNL_MSG_ZERO, .where = where, .what = what, .e = 0 } ;
  what->len = 0 ;
  put_all(&p) ;
  stralloc_free(&p.m.sa) ;
  if (!p.e) return 1 ;
  errno = p.e ;
  return 0 ;
}
