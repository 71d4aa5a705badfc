/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <unistd.h>
#include <net/if.h>
#include <sys/socket.h>

#include <skalibs/stralloc.h>

#include <lcboot/netif.h>
#include <lcboot/netput.h>
#include <lcboot/netstate.h>
#include <lcboot/rtnl.h>
#include <lcboot/say.h>

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

static int leads_there (lc_netput const *p, struct nlmsghdr const *h)
{
  struct rtattr const *a = route_attr(h, RTA_MULTIPATH) ;
  struct rtnexthop const *path = a ? first_path(a) : 0 ;
  for (; path ; path = next_path(a, path))
    if (lc_netput_has_moved(p, (unsigned int)path->rtnh_ifindex)) return 1 ;
  return lc_netput_has_moved(p, lc_rtnl_u32(route_attr(h, RTA_OIF), 0)) ;
}

 /* Not the kernel's own, which come with the addresses, nor what it has learned or
    cached. Its unicast routes are tried all the same: it makes none for some
    addresses (noprefixroute, or with a lifetime while the interface is down), and
    the programs that manage those call theirs its. */

static int is_ours (lc_netput const *p, struct nlmsghdr const *h)
{
  struct rtmsg const *rt = NLMSG_DATA(h) ;
  if (rt->rtm_family != AF_INET && rt->rtm_family != AF_INET6) return 0 ;
  if (rt->rtm_flags & RTM_F_CLONED || rt->rtm_protocol == RTPROT_REDIRECT) return 0 ;
  if (rt->rtm_protocol == RTPROT_KERNEL && rt->rtm_type != RTN_UNICAST) return 0 ;
  return p->home ? route_attr(h, RTA_OIF) || route_attr(h, RTA_MULTIPATH) : leads_there(p, h) ;
}

 /* Those of its paths that lead through interfaces that have moved */

static void put_paths (lc_netput *p, struct rtattr const *a)
{
  stralloc sa = STRALLOC_ZERO ;
  struct rtnexthop const *path = first_path(a) ;
  for (; path ; path = next_path(a, path))
  {
    struct rtnexthop head = *path ;
    head.rtnh_ifindex = (int)lc_netput_index(p, (unsigned int)path->rtnh_ifindex) ;
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

static void build_route (lc_netput *p, struct nlmsghdr const *h)
{
  struct rtmsg head = *(struct rtmsg const *)NLMSG_DATA(h) ;
  struct rtattr const *a ;
  head.rtm_flags &= RTNH_F_ONLINK ;
  lc_rtnl_begin(&p->m, RTM_NEWROUTE,
    NLM_F_CREATE | (p->home && route_attr(h, RTA_MULTIPATH) && leads_there(p, h) ? NLM_F_REPLACE : NLM_F_APPEND), &head, sizeof(head)) ;
  for (a = lc_rtnl_first(h, sizeof(head)) ; a ; a = lc_rtnl_next(h, a)) switch (a->rta_type & NLA_TYPE_MASK)
  {
    case RTA_OIF : lc_rtnl_put32(&p->m, RTA_OIF, lc_netput_index(p, lc_rtnl_u32(a, 0))) ; break ;
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
  return lc_netput_text(sa, rt->rtm_family, route_attr(h, RTA_DST), rt->rtm_dst_len)
    && (!gateway || (stralloc_cats(sa, " via ") && lc_netput_text(sa, rt->rtm_family, gateway, LC_NETPUT_NO_LENGTH)))
    && stralloc_0(sa) ;
}

static void say_route (lc_netput const *p, struct nlmsghdr const *h)
{
  stralloc text = STRALLOC_ZERO ;
  if (!lc_verbosity || p->home || ((struct rtmsg const *)NLMSG_DATA(h))->rtm_protocol == RTPROT_KERNEL) return ;
  if (text_of_route(&text, h)) lc_say("the route ", text.s, " is there") ;
  stralloc_free(&text) ;
}

 /* Whether the interface of that index in s has vanished */

static int has_vanished (lc_netput *p, unsigned int index)
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

static int has_lost_one (lc_netput *p, struct nlmsghdr const *h)
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

static int add_route (lc_netput *p, struct nlmsghdr const *h)
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

static int miss_route (lc_netput *p, struct nlmsghdr const *h)
{
  stralloc text = STRALLOC_ZERO ;
  int named = text_of_route(&text, h) ;
  int ok ;
  has_lost_one(p, h) ;
  ok = !leads_there(p, h) || add_route(p, h) || lc_netput_failed(p, "add the route ", named ? text.s : "", "", "") ;
  stralloc_free(&text) ;
  return ok ;
}

 /* A gateway may be reached by a route that comes later in the list: what is
    refused is tried again as long as others are accepted. */

int lc_netput_routes (lc_netput *p)
{
  size_t n = lc_rtnl_list_len(&p->s->routes) ;
  stralloc todo = STRALLOC_ZERO ;
  size_t left = 0 ;
  size_t i ;
  int last = 0 ;
  int ok = 1 ;
  if (!stralloc_ready(&todo, n + 1)) return lc_netput_failed(p, "add routes", "", "", "") ;
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
