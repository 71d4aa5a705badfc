/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <skalibs/stralloc.h>
#include <skalibs/types.h>

#include <lcboot/netif.h>
#include <lcboot/rtnl.h>

struct rtattr const *lc_netif_attr (lc_netif const *n, unsigned int type)
{
  return lc_rtnl_attr(n->msg, sizeof(struct ifinfomsg), type) ;
}

void lc_netif_parse (lc_netif *n, struct nlmsghdr const *msg)
{
  struct ifinfomsg const *ifi = NLMSG_DATA(msg) ;
  struct rtattr const *a ;
  char const *name ;
  memset(n, 0, sizeof(*n)) ;
  n->msg = msg ;
  a = lc_netif_attr(n, LC_IFLA_NETNS_IMMUTABLE) ;
  name = lc_rtnl_str(lc_netif_attr(n, IFLA_IFNAME)) ;
  n->name = name ? name : "" ;
  n->index = (unsigned int)ifi->ifi_index ;
  n->up = !!(ifi->ifi_flags & IFF_UP) ;
  n->loopback = !!(ifi->ifi_flags & IFF_LOOPBACK) ;
  n->immovable = a && RTA_PAYLOAD(a) && *(unsigned char const *)RTA_DATA(a) ;
  n->mtu = lc_rtnl_u32(lc_netif_attr(n, IFLA_MTU), 0) ;
  n->master = lc_rtnl_u32(lc_netif_attr(n, IFLA_MASTER), 0) ;
  if (!lc_netif_attr(n, IFLA_LINK_NETNSID)) n->parent = lc_rtnl_u32(lc_netif_attr(n, IFLA_LINK), 0) ;
}

 /* The attributes below IFLA_PROP_LIST are all IFLA_ALT_IFNAME. */

char const *lc_netif_name (lc_netif const *n, size_t nth)
{
  struct rtattr const *a = lc_netif_attr(n, LC_IFLA_PROP_LIST) ;
  char const *end ;
  char const *p ;
  if (!nth) return n->name ;
  if (!a) return 0 ;
  end = (char const *)a + a->rta_len ;
  p = RTA_DATA(a) ;
  while (p < end && (size_t)(end - p) >= sizeof(*a))
  {
    a = (struct rtattr const *)(void const *)p ;
    if (a->rta_len < sizeof(*a) || a->rta_len > (size_t)(end - p)) return 0 ;
    if ((a->rta_type & NLA_TYPE_MASK) == LC_IFLA_ALT_IFNAME && !--nth) return lc_rtnl_str(a) ;
    p += RTA_ALIGN(a->rta_len) ;
  }
  return 0 ;
}

 /* The move. Before Linux 6.6 (and the stable releases of that time) the kernel
    forgets the alternative names, and the namespace that is left keeps them. There
    they are taken away before and given back after. */

static int forgets_altnames (void)
{
  struct utsname u ;
  unsigned int major, minor ;
  size_t n ;
  if (uname(&u) == -1) return 1 ;
  n = uint_scan(u.release, &major) ;
  if (!n || u.release[n] != '.' || !uint_scan(u.release + n + 1, &minor)) return 1 ;
  return major < 6 || (major == 6 && minor < 6) ;
}

static int altnames (int fd, unsigned int type, unsigned int index, lc_netif const *n)
{
  struct ifinfomsg const head = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index } ;
  struct rtattr const *a = lc_netif_attr(n, LC_IFLA_PROP_LIST) ;
  lc_rtnl_msg m = LC_RTNL_MSG_ZERO ;
  int r ;
  if (!a) return 1 ;
  lc_rtnl_begin(&m, type, type == LC_RTM_NEWLINKPROP ? NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND : 0, &head, sizeof(head)) ;
  if (!index) lc_rtnl_puts(&m, IFLA_IFNAME, n->name) ;
  lc_rtnl_put(&m, LC_IFLA_PROP_LIST | NLA_F_NESTED, RTA_DATA(a), RTA_PAYLOAD(a)) ;
  r = lc_rtnl_ask(fd, &m, 0) ;
  stralloc_free(&m.sa) ;
  return r ;
}

static int move (int fd, unsigned int index, char const *name, int nsfd)
{
  struct ifinfomsg const head = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index } ;
  lc_rtnl_msg m = LC_RTNL_MSG_ZERO ;
  int r ;
  lc_rtnl_begin(&m, RTM_NEWLINK, 0, &head, sizeof(head)) ;
  lc_rtnl_put32(&m, IFLA_NET_NS_FD, (uint32_t)nsfd) ;
  lc_rtnl_puts(&m, IFLA_IFNAME, name) ;
  r = lc_rtnl_ask(fd, &m, 0) ;
  stralloc_free(&m.sa) ;
  return r ;
}

 /* Finds n by its name: index_now, mtu_now */

static int find (int fd, lc_netif *n)
{
  struct ifinfomsg const head = { .ifi_family = AF_UNSPEC } ;
  lc_rtnl_msg m = LC_RTNL_MSG_ZERO ;
  lc_rtnl_list l = LC_RTNL_LIST_ZERO ;
  int r ;
  n->index_now = 0 ;
  lc_rtnl_begin(&m, RTM_GETLINK, 0, &head, sizeof(head)) ;
  lc_rtnl_puts(&m, IFLA_IFNAME, n->name) ;
  r = lc_rtnl_ask(fd, &m, &l) ;
  if (r && !lc_rtnl_list_len(&l)) r = (errno = ENODEV, 0) ;
  if (r)
  {
    lc_netif now ;
    lc_netif_parse(&now, lc_rtnl_list_get(&l, 0)) ;
    n->index_now = now.index ;
    n->mtu_now = now.mtu ;
  }
  lc_rtnl_list_free(&l) ;
  stralloc_free(&m.sa) ;
  return r ;
}

int lc_netif_move (lc_netif *n, lc_netside const *from, unsigned int index, lc_netside const *to)
{
  int forgets = lc_netif_name(n, 1) && forgets_altnames() ;
  if (forgets) altnames(from->fd, LC_RTM_DELLINKPROP, index, n) ;  /* those that it has; the move says what is wrong */
  if (!move(from->fd, index, n->name, to->nsfd))
  {
    int e = errno ;
    if (forgets) altnames(from->fd, LC_RTM_NEWLINKPROP, index, n) ;
    errno = e ;
    return 0 ;
  }
  n->moved = !n->moved ;
  if (find(to->fd, n) && (!forgets || altnames(to->fd, LC_RTM_NEWLINKPROP, n->index_now, n))) return 1 ;
  if (errno != ENODEV) return 0 ;
  n->index_now = 0 ;
  return 1 ;
}

 /* 0 is a namespace's number too: one more, and 0 for the interface's own */

static uint64_t other_end (lc_netif const *n)
{
  struct rtattr const *a = lc_netif_attr(n, IFLA_LINK_NETNSID) ;
  return a ? (uint64_t)lc_rtnl_u32(a, 0) + 1 : 0 ;
}

static char const *kind (lc_netif const *n)
{
  char const *s = lc_rtnl_str(lc_rtnl_nested(lc_netif_attr(n, IFLA_LINKINFO), IFLA_INFO_KIND)) ;
  return s ? s : "" ;
}

int lc_netif_is_same (lc_netif const *n, lc_netif const *now)
{
  return !strcmp(kind(n), kind(now)) && other_end(n) == other_end(now) && !lc_netif_attr(n, IFLA_LINK) == !lc_netif_attr(now, IFLA_LINK) ;
}
