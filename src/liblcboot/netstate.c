/* ISC license. */

#include <string.h>
#include <net/if.h>
#include <sys/socket.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <lcboot/netif.h>
#include <lcboot/netstate.h>
#include <lcboot/rtnl.h>

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
    lc_netif_parse(&n, lc_rtnl_list_get(&s->links, i)) ;
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

lc_netif *lc_netstate_named (lc_netstate const *s, char const *name)
{
  size_t i = 0 ;
  for (; i < lc_netstate_len(s) ; i++)
  {
    lc_netif *n = lc_netstate_netif(s, i) ;
    char const *x ;
    size_t nth = 0 ;
    while ((x = lc_netif_name(n, nth++))) if (!strcmp(x, name)) return n ;
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
  while ((x = lc_netif_name(n, nth++)))
  {
    *other = lc_netstate_named(s, x) ;
    if (*other) return x ;
  }
  return 0 ;
}
