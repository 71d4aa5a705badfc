/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/types.h>

#include <lcboot/netif.h>
#include <lcboot/rtnl.h>
#include <lcboot/say.h>

 /* Taking the state */

static struct rtattr const *link_attr (struct nlmsghdr const *h, unsigned int type)
{
  return lc_rtnl_attr(h, sizeof(struct ifinfomsg), type) ;
}

static void parse (lc_netif *n, struct nlmsghdr const *h)
{
  struct ifinfomsg const *ifi = NLMSG_DATA(h) ;
  struct rtattr const *a = link_attr(h, LC_IFLA_NETNS_IMMUTABLE) ;
  char const *name = lc_rtnl_str(link_attr(h, IFLA_IFNAME)) ;
  memset(n, 0, sizeof(*n)) ;
  n->msg = h ;
  n->name = name ? name : "" ;
  n->index = (unsigned int)ifi->ifi_index ;
  n->up = !!(ifi->ifi_flags & IFF_UP) ;
  n->loopback = !!(ifi->ifi_flags & IFF_LOOPBACK) ;
  n->immovable = a && RTA_PAYLOAD(a) && *(unsigned char const *)RTA_DATA(a) ;
  n->mtu = lc_rtnl_u32(link_attr(h, IFLA_MTU), 0) ;
  n->master = lc_rtnl_u32(link_attr(h, IFLA_MASTER), 0) ;
  if (!link_attr(h, IFLA_LINK_NETNSID)) n->parent = lc_rtnl_u32(link_attr(h, IFLA_LINK), 0) ;
}

static int dump (int fd, unsigned int type, void const *head, size_t len, lc_rtnl_list *l)
{
  lc_rtnl_msg m = LC_RTNL_MSG_ZERO ;
  int r ;
  lc_rtnl_begin(&m, type, NLM_F_DUMP, head, len) ;
  r = lc_rtnl_ask(fd, &m, l) ;
  stralloc_free(&m.sa) ;
  return r ;
}

int lc_netstate_links (lc_netstate *s, int fd)
{
  struct ifinfomsg const head = { .ifi_family = AF_UNSPEC } ;
  size_t i = 0 ;
  if (!dump(fd, RTM_GETLINK, &head, sizeof(head), &s->links)) return 0 ;
  for (; i < lc_rtnl_list_len(&s->links) ; i++)
  {
    lc_netif n ;
    parse(&n, lc_rtnl_list_get(&s->links, i)) ;
    if (!genalloc_append(lc_netif, &s->netifs, &n)) return 0 ;
  }
  return 1 ;
}

 /* AF_UNSPEC: all families that there are */

int lc_netstate_all (lc_netstate *s, int fd)
{
  struct ifaddrmsg const addr = { .ifa_family = AF_UNSPEC } ;
  struct rtmsg const route = { .rtm_family = AF_UNSPEC } ;
  return lc_netstate_links(s, fd)
    && dump(fd, RTM_GETADDR, &addr, sizeof(addr), &s->addrs)
    && dump(fd, RTM_GETROUTE, &route, sizeof(route), &s->routes) ;
}

void lc_netstate_free (lc_netstate *s)
{
  lc_rtnl_list_free(&s->links) ;
  lc_rtnl_list_free(&s->addrs) ;
  lc_rtnl_list_free(&s->routes) ;
  genalloc_free(lc_netif, &s->netifs) ;
}

 /* Names. The attributes below IFLA_PROP_LIST are all IFLA_ALT_IFNAME; nth counts
    from 0, the name proper. Null after the last. */

static char const *name_of (lc_netif const *n, size_t nth)
{
  struct rtattr const *a = link_attr(n->msg, LC_IFLA_PROP_LIST) ;
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

lc_netif *lc_netstate_named (lc_netstate const *s, char const *name)
{
  size_t i = 0 ;
  for (; i < lc_netstate_len(s) ; i++)
  {
    lc_netif *n = lc_netstate_netif(s, i) ;
    char const *x ;
    size_t nth = 0 ;
    while ((x = name_of(n, nth++))) if (!strcmp(x, name)) return n ;
  }
  return 0 ;
}

lc_netif *lc_netstate_indexed (lc_netstate const *s, unsigned int index)
{
  size_t i = 0 ;
  if (!index) return 0 ;
  for (; i < lc_netstate_len(s) ; i++)
    if (lc_netstate_netif(s, i)->index == index) return lc_netstate_netif(s, i) ;
  return 0 ;
}

char const *lc_netstate_clash (lc_netstate const *s, lc_netif const *n, lc_netif const **other)
{
  char const *x ;
  size_t nth = 0 ;
  while ((x = name_of(n, nth++)))
  {
    *other = lc_netstate_named(s, x) ;
    if (*other) return x ;
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
  struct rtattr const *a = link_attr(n->msg, LC_IFLA_PROP_LIST) ;
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
    parse(&now, lc_rtnl_list_get(&l, 0)) ;
    n->index_now = now.index ;
    n->mtu_now = now.mtu ;
  }
  lc_rtnl_list_free(&l) ;
  stralloc_free(&m.sa) ;
  return r ;
}

int lc_netif_move (lc_netif *n, lc_netside const *from, unsigned int index, lc_netside const *to)
{
  int forgets = name_of(n, 1) && forgets_altnames() ;
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
  struct rtattr const *a = link_attr(n->msg, IFLA_LINK_NETNSID) ;
  return a ? (uint64_t)lc_rtnl_u32(a, 0) + 1 : 0 ;
}

static char const *kind (lc_netif const *n)
{
  char const *s = lc_rtnl_str(lc_rtnl_nested(link_attr(n->msg, IFLA_LINKINFO), IFLA_INFO_KIND)) ;
  return s ? s : "" ;
}

int lc_netif_is_same (lc_netif const *n, lc_netif const *now)
{
  return !strcmp(kind(n), kind(now)) && other_end(n) == other_end(now) && !link_attr(n->msg, IFLA_LINK) == !link_attr(now->msg, IFLA_LINK) ;
}

 /* Making them so again */

struct put_s
{
  lc_netstate *s ;
  int fd ;
  int home ;
  lc_rtnl_msg m ;
  char const *where ;
  stralloc *what ;   /* what failed first */
  int e ;
} ;

 /* Keeps what failed, and what the kernel said, unless something failed before.
    Returns whether to go on. */

static int failed (struct put_s *p, char const *a, char const *b, char const *c, char const *d)
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

 /* The index that the interface which had that one in s has now, or 0. At home
    those that never left are there, too. */

static unsigned int now (struct put_s const *p, unsigned int index)
{
  lc_netif const *n = lc_netstate_indexed(p->s, index) ;
  if (n && n->index_now) return n->index_now ;
  return p->home ? index : 0 ;
}

static char const *name_at (struct put_s const *p, unsigned int index)
{
  lc_netif const *n = lc_netstate_indexed(p->s, index) ;
  return n ? n->name : "" ;
}

static int has_moved (struct put_s const *p, unsigned int index)
{
  lc_netif const *n = lc_netstate_indexed(p->s, index) ;
  return n && n->index_now ;
}

 /* ENODEV: it has vanished, which is no failure */

static int request (struct put_s *p)
{
  return lc_rtnl_ask(p->fd, &p->m, 0) || errno == ENODEV ;
}

static void begin_link (struct put_s *p, lc_netif const *n, unsigned int flags, unsigned int change)
{
  struct ifinfomsg const head = { .ifi_family = AF_UNSPEC, .ifi_index = (int)n->index_now, .ifi_flags = flags, .ifi_change = change } ;
  lc_rtnl_begin(&p->m, RTM_NEWLINK, 0, &head, sizeof(head)) ;
}

 /* An interface for which the kernel makes no IPv6 link-local address gets none
    when it comes up: addrgenmode of ip-link(8). */

static int has_no_linklocal (lc_netif const *n)
{
  struct rtattr const *a = lc_rtnl_nested(lc_rtnl_nested(link_attr(n->msg, IFLA_AF_SPEC), AF_INET6), IFLA_INET6_ADDR_GEN_MODE) ;
  return a && RTA_PAYLOAD(a) && *(unsigned char const *)RTA_DATA(a) == IN6_ADDR_GEN_MODE_NONE ;
}

static int put_before (struct put_s *p, lc_netif const *n)
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
    if (!request(p) && !failed(p, "turn link-local addresses off on ", n->name, "", "")) return 0 ;
  }
  if (p->home && n->master)
  {
    begin_link(p, n, 0, 0) ;
    lc_rtnl_put32(&p->m, IFLA_MASTER, now(p, n->master)) ;
    if (!request(p) && !failed(p, "make ", n->name, " a port of ", name_at(p, n->master))) return 0 ;
  }
  return 1 ;
}

 /* After its parent, if that has moved too: a VLAN cannot be up, or have a larger
    MTU, before. Two veth are each other's parent. */

static int put_link (struct put_s *p, lc_netif *n)
{
  lc_netif *parent = lc_netstate_indexed(p->s, n->parent) ;
  if (n->done || !n->index_now) return 1 ;
  n->done = 1 ;
  if (parent && !put_link(p, parent)) return 0 ;
  if (n->mtu_now != n->mtu)
  {
    begin_link(p, n, 0, 0) ;
    lc_rtnl_put32(&p->m, IFLA_MTU, n->mtu) ;
    if (!request(p) && !failed(p, "set the MTU of ", n->name, "", "")) return 0 ;
  }
  if (n->up)
  {
    begin_link(p, n, IFF_UP, IFF_UP) ;
    if (!request(p) && !failed(p, "bring ", n->name, " up", "")) return 0 ;
    if (!p->home) lc_say(n->name, " is up") ;
  }
  return 1 ;
}

 /* A parent that comes up takes its VLANs along, those that were down, too */

static int put_down (struct put_s *p, lc_netif const *n)
{
  if (n->up || !has_moved(p, n->parent)) return 1 ;
  begin_link(p, n, 0, IFF_UP) ;
  return request(p) || failed(p, "bring ", n->name, " down", "") ;
}

 /* Addresses. What is sent is what was received, but for what the kernel alone
    says. An IPv6 address was this interface's a moment ago: it is not looked for
    on the link again, and can be used at once, as a source of routes for example. */

#define STATE_FLAGS (IFA_F_SECONDARY | IFA_F_OPTIMISTIC | IFA_F_DADFAILED | IFA_F_DEPRECATED | IFA_F_TENTATIVE | IFA_F_PERMANENT | IFA_F_STABLE_PRIVACY)

static struct rtattr const *addr_attr (struct nlmsghdr const *h, unsigned int type)
{
  return lc_rtnl_attr(h, sizeof(struct ifaddrmsg), type) ;
}

static uint32_t addr_flags (struct nlmsghdr const *h)
{
  struct ifaddrmsg const *ifa = NLMSG_DATA(h) ;
  return lc_rtnl_u32(addr_attr(h, IFA_FLAGS), ifa->ifa_flags) ;
}

static void build_addr (struct put_s *p, struct nlmsghdr const *h, uint32_t flags)
{
  struct ifaddrmsg head = *(struct ifaddrmsg const *)NLMSG_DATA(h) ;
  struct rtattr const *a ;
  head.ifa_index = now(p, head.ifa_index) ;
  head.ifa_flags = (unsigned char)flags ;
  lc_rtnl_begin(&p->m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head)) ;
  for (a = lc_rtnl_first(h, sizeof(head)) ; a ; a = lc_rtnl_next(h, a))
    if (a->rta_type != IFA_FLAGS) lc_rtnl_put(&p->m, a->rta_type, RTA_DATA(a), RTA_PAYLOAD(a)) ;
  lc_rtnl_put32(&p->m, IFA_FLAGS, flags) ;
}

#define NO_LENGTH 255

static int text_of (stralloc *sa, int family, struct rtattr const *a, unsigned int len)
{
  char s[INET6_ADDRSTRLEN] ;
  char fmt[UINT_FMT + 1] = "/" ;
  if (!a) return stralloc_cats(sa, "default") ;
  if (RTA_PAYLOAD(a) < (family == AF_INET ? 4u : 16u) || !inet_ntop(family, RTA_DATA(a), s, sizeof(s))) return 0 ;
  return stralloc_cats(sa, s) && (len == NO_LENGTH || stralloc_catb(sa, fmt, 1 + uint_fmt(fmt + 1, len))) ;
}

static int put_addr (struct put_s *p, struct nlmsghdr const *h)
{
  struct ifaddrmsg const *ifa = NLMSG_DATA(h) ;
  struct rtattr const *cache = addr_attr(h, IFA_CACHEINFO) ;
  struct rtattr const *local = addr_attr(h, IFA_LOCAL) ;
  uint32_t was = addr_flags(h) ;
  uint32_t flags = was & ~(uint32_t)STATE_FLAGS ;
  int v6 = ifa->ifa_family == AF_INET6 ;
  int checked = v6 && !(was & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) ;
  char const *name = name_at(p, ifa->ifa_index) ;
  stralloc text = STRALLOC_ZERO ;
  int ok, e ;
  if (!has_moved(p, ifa->ifa_index) || (!v6 && ifa->ifa_family != AF_INET)) return 1 ;
  if (cache && RTA_PAYLOAD(cache) >= sizeof(struct ifa_cacheinfo) && !((struct ifa_cacheinfo const *)RTA_DATA(cache))->ifa_valid) return 1 ;

   /* a temporary one (RFC 8981) is the kernel's: it makes another for the address
      that it is derived from */
  if (v6 && was & IFA_F_TEMPORARY) return 1 ;

  build_addr(p, h, checked ? flags | IFA_F_NODAD : flags) ;
  ok = request(p) ;
  if (ok && checked && !(flags & IFA_F_NODAD))
  {
    build_addr(p, h, flags) ;
    ok = request(p) ;
  }
  e = errno ;
  if (!text_of(&text, ifa->ifa_family, local ? local : addr_attr(h, IFA_ADDRESS), ifa->ifa_prefixlen) || !stralloc_0(&text)) text.len = 0 ;
  errno = e ;
  if (!ok) ok = failed(p, "add the address ", text.len ? text.s : "", " to ", name) ;
  else if (!p->home && text.len) lc_say("the address ", text.s, " is on ", name) ;
  stralloc_free(&text) ;
  return ok ;
}

 /* As they were listed; IPv6 lists the latest first. */

static int put_addrs (struct put_s *p)
{
  size_t n = lc_rtnl_list_len(&p->s->addrs) ;
  size_t i ;
  for (i = 0 ; i < n ; i++)
  {
    struct nlmsghdr const *h = lc_rtnl_list_get(&p->s->addrs, i) ;
    if (((struct ifaddrmsg const *)NLMSG_DATA(h))->ifa_family != AF_INET6 && !put_addr(p, h)) return 0 ;
  }
  while (n--)
  {
    struct nlmsghdr const *h = lc_rtnl_list_get(&p->s->addrs, n) ;
    if (((struct ifaddrmsg const *)NLMSG_DATA(h))->ifa_family == AF_INET6 && !put_addr(p, h)) return 0 ;
  }
  return 1 ;
}

 /* Routes */

static struct rtattr const *route_attr (struct nlmsghdr const *h, unsigned int type)
{
  return lc_rtnl_attr(h, sizeof(struct rtmsg), type) ;
}

 /* The paths of a multipath route: the next one, or null */

static struct rtnexthop const *path_in (char const *s, char const *end)
{
  struct rtnexthop const *path = (struct rtnexthop const *)(void const *)s ;
  if (s > end || (size_t)(end - s) < sizeof(*path)) return 0 ;
  return path->rtnh_len >= sizeof(*path) && path->rtnh_len <= (size_t)(end - s) ? path : 0 ;
}

static struct rtnexthop const *first_path (struct rtattr const *a)
{
  return path_in(RTA_DATA(a), (char const *)a + a->rta_len) ;
}

static struct rtnexthop const *next_path (struct rtattr const *a, struct rtnexthop const *path)
{
  return path_in((char const *)path + RTNH_ALIGN(path->rtnh_len), (char const *)a + a->rta_len) ;
}

 /* Whether one of its interfaces has moved */

static int leads_there (struct put_s const *p, struct nlmsghdr const *h)
{
  struct rtattr const *a = route_attr(h, RTA_MULTIPATH) ;
  struct rtnexthop const *path = a ? first_path(a) : 0 ;
  for (; path ; path = next_path(a, path))
    if (has_moved(p, (unsigned int)path->rtnh_ifindex)) return 1 ;
  return has_moved(p, lc_rtnl_u32(route_attr(h, RTA_OIF), 0)) ;
}

 /* Not the kernel's own, which come with the addresses, nor what it has learned or
    cached. Its unicast routes are tried all the same: it makes none for some
    addresses (noprefixroute, or with a lifetime while the interface is down), and
    the programs that manage those call theirs its. */

static int is_ours (struct put_s const *p, struct nlmsghdr const *h)
{
  struct rtmsg const *rt = NLMSG_DATA(h) ;
  if (rt->rtm_family != AF_INET && rt->rtm_family != AF_INET6) return 0 ;
  if (rt->rtm_flags & RTM_F_CLONED || rt->rtm_protocol == RTPROT_REDIRECT) return 0 ;
  if (rt->rtm_protocol == RTPROT_KERNEL && rt->rtm_type != RTN_UNICAST) return 0 ;
  return p->home ? route_attr(h, RTA_OIF) || route_attr(h, RTA_MULTIPATH) : leads_there(p, h) ;
}

 /* Those of its paths that lead through interfaces that have moved */

static void put_paths (struct put_s *p, struct rtattr const *a)
{
  stralloc sa = STRALLOC_ZERO ;
  struct rtnexthop const *path = first_path(a) ;
  for (; path ; path = next_path(a, path))
  {
    struct rtnexthop head = *path ;
    head.rtnh_ifindex = (int)now(p, (unsigned int)path->rtnh_ifindex) ;
    head.rtnh_flags &= RTNH_F_ONLINK ;
    if (!head.rtnh_ifindex) continue ;
    if (!stralloc_catb(&sa, (char const *)&head, sizeof(head))
     || !stralloc_catb(&sa, (char const *)(path + 1), RTNH_ALIGN(path->rtnh_len) - sizeof(head))) p->m.bad = 1 ;
  }
  lc_rtnl_put(&p->m, RTA_MULTIPATH, sa.s, sa.len) ;
  stralloc_free(&sa) ;
}

 /* Appended: what is there already, with all of its paths, is EEXIST, and another
    of the same destination and metric stays. At home a route that has lost some
    of its paths is replaced. A route that will expire (IPv6) has so many ticks
    left. */

static void build_route (struct put_s *p, struct nlmsghdr const *h)
{
  struct rtmsg head = *(struct rtmsg const *)NLMSG_DATA(h) ;
  struct rtattr const *a ;
  head.rtm_flags &= RTNH_F_ONLINK ;
  lc_rtnl_begin(&p->m, RTM_NEWROUTE,
    NLM_F_CREATE | (p->home && route_attr(h, RTA_MULTIPATH) && leads_there(p, h) ? NLM_F_REPLACE : NLM_F_APPEND), &head, sizeof(head)) ;
  for (a = lc_rtnl_first(h, sizeof(head)) ; a ; a = lc_rtnl_next(h, a)) switch (a->rta_type & NLA_TYPE_MASK)
  {
    case RTA_OIF : lc_rtnl_put32(&p->m, RTA_OIF, now(p, lc_rtnl_u32(a, 0))) ; break ;
    case RTA_MULTIPATH : put_paths(p, a) ; break ;
    case RTA_CACHEINFO :
    {
      struct rta_cacheinfo const *c = RTA_DATA(a) ;
      long hz = sysconf(_SC_CLK_TCK) ;
      if (head.rtm_family == AF_INET6 && RTA_PAYLOAD(a) >= sizeof(*c) && c->rta_expires > 0 && hz > 0)
        lc_rtnl_put32(&p->m, RTA_EXPIRES, (uint32_t)(c->rta_expires / hz) + 1) ;
      break ;
    }
    case LC_RTA_NH_ID : break ;  /* a nexthop object stays; what it says is there, too */
    default : lc_rtnl_put(&p->m, a->rta_type, RTA_DATA(a), RTA_PAYLOAD(a)) ;
  }
}

 /* "10.0.0.0/8 via 192.0.2.1", null-terminated */

static int text_of_route (stralloc *sa, struct nlmsghdr const *h)
{
  struct rtmsg const *rt = NLMSG_DATA(h) ;
  struct rtattr const *gateway = route_attr(h, RTA_GATEWAY) ;
  return text_of(sa, rt->rtm_family, route_attr(h, RTA_DST), rt->rtm_dst_len)
    && (!gateway || (stralloc_cats(sa, " via ") && text_of(sa, rt->rtm_family, gateway, NO_LENGTH)))
    && stralloc_0(sa) ;
}

static int route_failed (struct put_s *p, struct nlmsghdr const *h)
{
  stralloc text = STRALLOC_ZERO ;
  int e = errno ;
  int r = text_of_route(&text, h) ;
  errno = e ;
  r = failed(p, "add the route ", r ? text.s : "", "", "") ;
  stralloc_free(&text) ;
  return r ;
}

static void say_route (struct put_s const *p, struct nlmsghdr const *h)
{
  stralloc text = STRALLOC_ZERO ;
  if (!lc_verbosity || p->home || ((struct rtmsg const *)NLMSG_DATA(h))->rtm_protocol == RTPROT_KERNEL) return ;
  if (text_of_route(&text, h)) lc_say("the route ", text.s, " is there") ;
  stralloc_free(&text) ;
}

 /* Whether the interface of that index in s has vanished */

static int has_vanished (struct put_s *p, unsigned int index)
{
  lc_netif *n = lc_netstate_indexed(p->s, index) ;
  struct ifinfomsg const head = { .ifi_family = AF_UNSPEC, .ifi_index = n ? (int)n->index_now : 0 } ;
  if (!n || !n->index_now) return 0 ;
  lc_rtnl_begin(&p->m, RTM_GETLINK, 0, &head, sizeof(head)) ;
  if (lc_rtnl_ask(p->fd, &p->m, 0) || errno != ENODEV) return 0 ;
  n->index_now = 0 ;
  return 1 ;
}

 /* Whether one of the interfaces of the route h has, which the kernel's error does
    not tell */

static int has_lost_one (struct put_s *p, struct nlmsghdr const *h)
{
  struct rtattr const *a = route_attr(h, RTA_MULTIPATH) ;
  struct rtnexthop const *path = a ? first_path(a) : 0 ;
  int r = has_vanished(p, lc_rtnl_u32(route_attr(h, RTA_OIF), 0)) ;
  for (; path ; path = next_path(a, path))
    if (has_vanished(p, (unsigned int)path->rtnh_ifindex)) r = 1 ;
  return r ;
}

 /* 1 if it is there now, by us or before, or leads nowhere any more; 0 with errno
    set */

static int add_route (struct put_s *p, struct nlmsghdr const *h)
{
  int e ;
  if (!p->home && !leads_there(p, h)) return 1 ;
  build_route(p, h) ;
  if (lc_rtnl_ask(p->fd, &p->m, 0) || errno == EEXIST)
  {
    say_route(p, h) ;
    return 1 ;
  }
  e = errno ;
  if (e == ENODEV && has_lost_one(p, h)) return !leads_there(p, h) || add_route(p, h) ;  /* by its other paths */
  errno = e ;
  return 0 ;
}

 /* What to do about one that cannot be added at last. Returns whether to go on. */

static int miss_route (struct put_s *p, struct nlmsghdr const *h)
{
  has_lost_one(p, h) ;
  return !leads_there(p, h) || add_route(p, h) || route_failed(p, h) ;
}

 /* A gateway may be reached by a route that comes later in the list: what is
    refused is tried again as long as others are accepted. */

static int put_routes (struct put_s *p)
{
  size_t n = lc_rtnl_list_len(&p->s->routes) ;
  stralloc todo = STRALLOC_ZERO ;
  size_t left = 0 ;
  size_t i ;
  int last = 0 ;
  int ok = 1 ;
  if (!stralloc_ready(&todo, n + 1)) return failed(p, "add routes", "", "", "") ;
  for (i = 0 ; i < n ; i++) left += (size_t)(todo.s[i] = (char)is_ours(p, lc_rtnl_list_get(&p->s->routes, i))) ;
  while (ok && left)
  {
    size_t before = left ;
    for (i = 0 ; ok && i < n ; i++) if (todo.s[i])
    {
      struct nlmsghdr const *h = lc_rtnl_list_get(&p->s->routes, i) ;
      if (last) ok = miss_route(p, h) ;
      else if (add_route(p, h))
      {
        todo.s[i] = 0 ;
        left-- ;
      }
    }
    if (last) break ;
    last = left == before ;
  }
  stralloc_free(&todo) ;
  return ok ;
}

 /* What is on an interface that was away, a VLAN, stayed, but went down with it. */

static void find_collateral (struct put_s *p)
{
  size_t i = 0 ;
  while (i < lc_netstate_len(p->s))
  {
    lc_netif *n = lc_netstate_netif(p->s, i++) ;
    if (n->index_now || n->moved || !has_moved(p, n->parent)) continue ;
    n->index_now = n->index ;
    n->mtu_now = n->mtu ;
    i = 0 ;  /* others may be on this one */
  }
}

static int put_all (struct put_s *p)
{
  size_t n = lc_netstate_len(p->s) ;
  size_t i ;
  for (i = 0 ; i < n ; i++) lc_netstate_netif(p->s, i)->done = 0 ;
  if (p->home) find_collateral(p) ;
  for (i = 0 ; i < n ; i++)
  {
    lc_netif *x = lc_netstate_netif(p->s, i) ;
    if (x->index_now && !put_before(p, x)) return 0 ;
  }
  if (!put_addrs(p)) return 0 ;
  for (i = 0 ; i < n ; i++)
    if (!put_link(p, lc_netstate_netif(p->s, i))) return 0 ;
  for (i = 0 ; i < n ; i++)
    if (lc_netstate_netif(p->s, i)->index_now && !put_down(p, lc_netstate_netif(p->s, i))) return 0 ;
  return put_routes(p) ;
}

int lc_netstate_put (lc_netstate *s, int fd, unsigned int flags, char const *where, stralloc *what)
{
  struct put_s p = { .s = s, .fd = fd, .home = !!(flags & LC_NETSTATE_HOME), .m = LC_RTNL_MSG_ZERO, .where = where, .what = what, .e = 0 } ;
  what->len = 0 ;
  put_all(&p) ;
  stralloc_free(&p.m.sa) ;
  if (!p.e) return 1 ;
  errno = p.e ;
  return 0 ;
}
