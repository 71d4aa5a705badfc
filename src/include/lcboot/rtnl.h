/* ISC license. */

/*
   rtnetlink(7): requests and their answers, one at a time, without a library.
   What the kernel says about a refusal beside its errno (extended
   acknowledgements, Linux 4.12) is kept for the message.
*/

#ifndef LCBOOT_RTNL_H
#define LCBOOT_RTNL_H

#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

 /* Opens a socket that speaks for the current network namespace. Returns a
    close-on-exec descriptor, or -1 with errno set. */

extern int lc_rtnl_open (void) ;

/*
   The same for the network namespace nsfd. It is entered for that moment, and
   left for homefd, the current one: CAP_SYS_ADMIN over both, which is tried before.
   Returns as lc_rtnl_open. Dies 111 if the way back fails.
*/

extern int lc_rtnl_open_in (int nsfd, int homefd) ;

 /* A request. Only lc_rtnl_ask tells whether there was memory for it. */

typedef struct lc_rtnl_msg_s lc_rtnl_msg, *lc_rtnl_msg_ref ;
struct lc_rtnl_msg_s
{
  stralloc sa ;
  int bad ;
} ;
#define LC_RTNL_MSG_ZERO { .sa = STRALLOC_ZERO, .bad = 0 }

 /* Begins a request in m, forgetting what was there, with the header of its
    type (struct ifinfomsg …); the others append an attribute. */

extern void lc_rtnl_begin (lc_rtnl_msg *m, unsigned int type, unsigned int flags, void const *head, size_t len) ;
extern void lc_rtnl_put (lc_rtnl_msg *m, unsigned int type, void const *data, size_t len) ;
extern void lc_rtnl_put32 (lc_rtnl_msg *m, unsigned int type, uint32_t n) ;
extern void lc_rtnl_puts (lc_rtnl_msg *m, unsigned int type, char const *s) ;

 /* Messages that were answered */

typedef struct lc_rtnl_list_s lc_rtnl_list, *lc_rtnl_list_ref ;
struct lc_rtnl_list_s
{
  stralloc sa ;
  genalloc at ;   /* size_t: where in sa each of them begins */
} ;
#define LC_RTNL_LIST_ZERO { .sa = STRALLOC_ZERO, .at = GENALLOC_ZERO }

#define lc_rtnl_list_len(l) genalloc_len(size_t, &(l)->at)

 /* A message of the list; good until the list grows. */

extern struct nlmsghdr const *lc_rtnl_list_get (lc_rtnl_list const *l, size_t i) ;

extern void lc_rtnl_list_free (lc_rtnl_list *l) ;

/*
   Sends m to the kernel and waits for its answer. The messages that it gives are
   appended to l, if that is not null. A dump that was overtaken by changes is
   asked for again.
   Returns 1, or 0 with errno set: the kernel's, if it refuses.
*/

extern int lc_rtnl_ask (int fd, lc_rtnl_msg *m, lc_rtnl_list *l) ;

 /* What the kernel said about the last refusal: ": kernel: …", ready to append
    to a message; "" if it said nothing. In static memory. */

extern char const *lc_rtnl_log (void) ;

/*
   The attributes of the message h, whose header is followed by that of its type,
   len bytes long: the first, and the one after a. Null at the end.
*/

extern struct rtattr const *lc_rtnl_first (struct nlmsghdr const *h, size_t len) ;
extern struct rtattr const *lc_rtnl_next (struct nlmsghdr const *h, struct rtattr const *a) ;

 /* The attribute of that type, or null. */

extern struct rtattr const *lc_rtnl_attr (struct nlmsghdr const *h, size_t len, unsigned int type) ;

 /* The same within a nested attribute, which may be null */

extern struct rtattr const *lc_rtnl_nested (struct rtattr const *nest, unsigned int type) ;

 /* The number that an attribute holds, or n if it is null or too short. */

extern uint32_t lc_rtnl_u32 (struct rtattr const *a, uint32_t n) ;

 /* The string that an attribute holds, or null if it is null or no string. */

extern char const *lc_rtnl_str (struct rtattr const *a) ;

 /* Constants that headers older than the kernel may lack: Linux 5.3, 5.5, 6.15 */

#define LC_RTA_NH_ID 30
#define LC_RTM_NEWLINKPROP 108
#define LC_RTM_DELLINKPROP 109
#define LC_IFLA_PROP_LIST 52
#define LC_IFLA_ALT_IFNAME 53
#define LC_IFLA_NETNS_IMMUTABLE 67

#endif
