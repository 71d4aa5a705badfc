/* ISC license. */

#include <skalibs/nonposix.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <skalibs/stralloc.h>
#include <skalibs/types.h>

#include <lcboot/netif.h>
#include <lcboot/netput.h>
#include <lcboot/netstate.h>
#include <lcboot/rtnl.h>
#include <lcboot/say.h>

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

static void build_addr (lc_netput *p, struct nlmsghdr const *h, uint32_t flags)
{
  struct ifaddrmsg head = *(struct ifaddrmsg const *)NLMSG_DATA(h) ;
  struct rtattr const *a ;
  head.ifa_index = lc_netput_index(p, head.ifa_index) ;
  head.ifa_flags = (unsigned char)flags ;
  lc_rtnl_begin(&p->m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head)) ;
  for (a = lc_rtnl_first(h, sizeof(head)) ; a ; a = lc_rtnl_next(h, a))
    if (a->rta_type != IFA_FLAGS) lc_rtnl_put(&p->m, a->rta_type, RTA_DATA(a), RTA_PAYLOAD(a)) ;
  lc_rtnl_put32(&p->m, IFA_FLAGS, flags) ;
}

int lc_netput_text (stralloc *sa, int family, struct rtattr const *a, unsigned int len)
{
  char s[INET6_ADDRSTRLEN] ;
  char fmt[UINT_FMT + 1] = "/" ;
  if (!a) return stralloc_cats(sa, "default") ;
  if (RTA_PAYLOAD(a) < (family == AF_INET ? 4u : 16u) || !inet_ntop(family, RTA_DATA(a), s, sizeof(s))) return 0 ;
  return stralloc_cats(sa, s) && (len == LC_NETPUT_NO_LENGTH || stralloc_catb(sa, fmt, 1 + uint_fmt(fmt + 1, len))) ;
}

static int put_addr (lc_netput *p, struct nlmsghdr const *h)
{
  struct ifaddrmsg const *ifa = NLMSG_DATA(h) ;
  struct rtattr const *cache = addr_attr(h, IFA_CACHEINFO) ;
  struct rtattr const *local = addr_attr(h, IFA_LOCAL) ;
  uint32_t was = addr_flags(h) ;
  uint32_t flags = was & ~(uint32_t)STATE_FLAGS ;
  int v6 = ifa->ifa_family == AF_INET6 ;
  int checked = v6 && !(was & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) ;
  char const *name = lc_netput_name(p, ifa->ifa_index) ;
  stralloc text = STRALLOC_ZERO ;
  int ok ;
  if (!lc_netput_has_moved(p, ifa->ifa_index) || (!v6 && ifa->ifa_family != AF_INET)) return 1 ;
  if (cache && RTA_PAYLOAD(cache) >= sizeof(struct ifa_cacheinfo) && !((struct ifa_cacheinfo const *)RTA_DATA(cache))->ifa_valid) return 1 ;

   /* a temporary one (RFC 8981) is the kernel's: it makes another for the address
      that it is derived from */
  if (v6 && was & IFA_F_TEMPORARY) return 1 ;

  if (!lc_netput_text(&text, ifa->ifa_family, local ? local : addr_attr(h, IFA_ADDRESS), ifa->ifa_prefixlen) || !stralloc_0(&text)) text.len = 0 ;
  build_addr(p, h, checked ? flags | IFA_F_NODAD : flags) ;
  ok = lc_netput_ask(p) ;
  if (ok && checked && !(flags & IFA_F_NODAD))
  {
    build_addr(p, h, flags) ;
    ok = lc_netput_ask(p) ;
  }
  if (!ok) ok = lc_netput_failed(p, "add the address ", text.len ? text.s : "", " to ", name) ;
  else if (!p->home && text.len) lc_say("the address ", text.s, " is on ", name) ;
  stralloc_free(&text) ;
  return ok ;
}

 /* As they were listed; IPv6 lists the latest first. */

int lc_netput_addrs (lc_netput *p)
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
