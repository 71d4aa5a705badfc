/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/fd.h>
#include <lcboot/rtnl.h>

#define REPLY_MAX 65536  /* netlink(7): dumps come in pieces of no more than 32 kB */
#define DUMPS_MAX 32     /* how often one is begun again */

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static char kernel_log[256] = "" ;

char const *lc_rtnl_log (void)
{
  return kernel_log ;
}

int lc_rtnl_open (void)
{
  int one = 1 ;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) ;
  if (fd == -1) return -1 ;
  if (setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)) == -1
   || setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) == -1)
  {
    lc_close(fd) ;
    return -1 ;
  }
  return fd ;
}

int lc_rtnl_open_in (int nsfd, int homefd)
{
  int fd, e ;
  if (setns(homefd, CLONE_NEWNET) == -1 || setns(nsfd, CLONE_NEWNET) == -1) return -1 ;
  fd = lc_rtnl_open() ;
  e = errno ;
  if (setns(homefd, CLONE_NEWNET) == -1) strerr_diefusys(111, "return to the network namespace") ;
  errno = e ;
  return fd ;
}

 /* Requests */

static void append (lc_rtnl_msg *m, void const *p, size_t len)
{
  static char const zero[NLMSG_ALIGNTO] = "" ;
  if (!stralloc_catb(&m->sa, p, len) || !stralloc_catb(&m->sa, zero, NLMSG_ALIGN(len) - len)) m->bad = 1 ;
}

void lc_rtnl_begin (lc_rtnl_msg *m, unsigned int type, unsigned int flags, void const *head, size_t len)
{
  struct nlmsghdr h = { .nlmsg_type = (uint16_t)type, .nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST) } ;
  if ((flags & NLM_F_DUMP) != NLM_F_DUMP) h.nlmsg_flags |= NLM_F_ACK ;
  m->sa.len = 0 ;
  m->bad = 0 ;
  append(m, &h, sizeof(h)) ;
  append(m, head, len) ;
}

void lc_rtnl_put (lc_rtnl_msg *m, unsigned int type, void const *data, size_t len)
{
  struct rtattr a = { .rta_len = (unsigned short)RTA_LENGTH(len), .rta_type = (unsigned short)type } ;
  if (RTA_LENGTH(len) > UINT16_MAX) m->bad = 1 ;
  if (m->bad) return ;
  append(m, &a, sizeof(a)) ;
  append(m, data, len) ;
}

void lc_rtnl_put32 (lc_rtnl_msg *m, unsigned int type, uint32_t n)
{
  lc_rtnl_put(m, type, &n, sizeof(n)) ;
}

void lc_rtnl_puts (lc_rtnl_msg *m, unsigned int type, char const *s)
{
  lc_rtnl_put(m, type, s, strlen(s) + 1) ;
}

 /* Answers */

struct nlmsghdr const *lc_rtnl_list_get (lc_rtnl_list const *l, size_t i)
{
  return (struct nlmsghdr const *)(void const *)(l->sa.s + genalloc_s(size_t, &l->at)[i]) ;
}

void lc_rtnl_list_free (lc_rtnl_list *l)
{
  stralloc_free(&l->sa) ;
  genalloc_free(size_t, &l->at) ;
}

static int keep (lc_rtnl_list *l, struct nlmsghdr const *h)
{
  static char const zero[NLMSG_ALIGNTO] = "" ;
  size_t len = h->nlmsg_len ;
  return genalloc_append(size_t, &l->at, &l->sa.len)
    && stralloc_catb(&l->sa, (char const *)h, len)
    && stralloc_catb(&l->sa, zero, NLMSG_ALIGN(len) - len) ;
}

static void note (struct nlmsghdr const *h, struct nlmsgerr const *err)
{
  size_t skip = sizeof(*err) ;
  struct rtattr const *a ;
  char const *s ;
  if (!(h->nlmsg_flags & NLM_F_ACK_TLVS)) return ;
  if (!(h->nlmsg_flags & NLM_F_CAPPED)) skip += NLMSG_ALIGN(err->msg.nlmsg_len - sizeof(err->msg)) ;
  if (h->nlmsg_len < NLMSG_LENGTH(skip)) return ;
  a = lc_rtnl_attr(h, skip, NLMSGERR_ATTR_MSG) ;
  s = lc_rtnl_str(a) ;
  if (!s || strlen(s) > sizeof(kernel_log) - 16) return ;
  strcpy(kernel_log, ": kernel: ") ;
  strcat(kernel_log, s) ;
}

 /* What a message means: 1 the end, and all went well; 0 there is more; -1 with
    errno set. */

static int take (struct nlmsghdr const *h, lc_rtnl_list *l)
{
  if (h->nlmsg_type == NLMSG_ERROR)
  {
    struct nlmsgerr const *err = NLMSG_DATA(h) ;
    if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*err))) return (errno = EPROTO, -1) ;
    if (!err->error) return 1 ;
    note(h, err) ;
    return (errno = -err->error, -1) ;
  }
  if (h->nlmsg_type == NLMSG_DONE)
  {
    int const *r = NLMSG_DATA(h) ;
    if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(*r)) && *r < 0) return (errno = -*r, -1) ;
    return 1 ;
  }
  return l && !keep(l, h) ? -1 : 0 ;
}

static ssize_t receive (int fd, void *buf)
{
  for (;;)
  {
    struct sockaddr_nl who ;
    struct iovec iov = { .iov_base = buf, .iov_len = REPLY_MAX } ;
    struct msghdr msg = { .msg_name = &who, .msg_namelen = sizeof(who), .msg_iov = &iov, .msg_iovlen = 1 } ;
    ssize_t r = recvmsg(fd, &msg, 0) ;
    if (r == -1 && errno == EINTR) continue ;
    if (r >= 0 && who.nl_pid) continue ;  /* not the kernel */
    if (r >= 0 && msg.msg_flags & MSG_TRUNC) return (errno = EMSGSIZE, -1) ;
    return r ;
  }
}

static int converse (int fd, lc_rtnl_msg *m, lc_rtnl_list *l, int *overtaken)
{
  static uint32_t seq = 0 ;
  union { struct nlmsghdr align ; char s[REPLY_MAX] ; } buf ;
  struct nlmsghdr *h = (struct nlmsghdr *)(void *)m->sa.s ;
  ssize_t r ;
  h->nlmsg_len = (uint32_t)m->sa.len ;
  h->nlmsg_seq = ++seq ;
  do r = send(fd, m->sa.s, m->sa.len, 0) ;
  while (r == -1 && errno == EINTR) ;
  if (r == -1) return 0 ;
  for (;;)
  {
    size_t len ;
    r = receive(fd, buf.s) ;
    if (r == -1) return 0 ;
    len = (size_t)r ;
    for (h = &buf.align ; NLMSG_OK(h, len) ; h = NLMSG_NEXT(h, len))
    {
      int what ;
      if (h->nlmsg_seq != seq) continue ;
      if (h->nlmsg_flags & NLM_F_DUMP_INTR) *overtaken = 1 ;
      what = take(h, l) ;
      if (what) return what > 0 ;
    }
  }
}

int lc_rtnl_ask (int fd, lc_rtnl_msg *m, lc_rtnl_list *l)
{
  size_t len = l ? l->sa.len : 0 ;
  size_t n = l ? lc_rtnl_list_len(l) : 0 ;
  unsigned int i = 0 ;
  kernel_log[0] = 0 ;
  if (m->bad) return (errno = ENOMEM, 0) ;
  for (; i < DUMPS_MAX ; i++)
  {
    int overtaken = 0 ;
    if (!converse(fd, m, l, &overtaken)) return 0 ;
    if (!overtaken) return 1 ;
    if (l)
    {
      l->sa.len = len ;
      genalloc_setlen(size_t, &l->at, n) ;
    }
  }
  return (errno = EBUSY, 0) ;
}

 /* Attributes. What the kernel sends is well-formed; it is checked nevertheless. */

static struct rtattr const *attr_in (char const *s, char const *end)
{
  struct rtattr const *a = (struct rtattr const *)(void const *)s ;
  if (s > end || (size_t)(end - s) < sizeof(*a)) return 0 ;
  return a->rta_len >= sizeof(*a) && a->rta_len <= (size_t)(end - s) ? a : 0 ;
}

static struct rtattr const *attr_after (struct rtattr const *a, char const *end)
{
  return attr_in((char const *)a + RTA_ALIGN(a->rta_len), end) ;
}

struct rtattr const *lc_rtnl_first (struct nlmsghdr const *h, size_t len)
{
  return attr_in((char const *)h + NLMSG_SPACE(len), (char const *)h + h->nlmsg_len) ;
}

struct rtattr const *lc_rtnl_next (struct nlmsghdr const *h, struct rtattr const *a)
{
  return attr_after(a, (char const *)h + h->nlmsg_len) ;
}

struct rtattr const *lc_rtnl_attr (struct nlmsghdr const *h, size_t len, unsigned int type)
{
  struct rtattr const *a = lc_rtnl_first(h, len) ;
  while (a && (a->rta_type & NLA_TYPE_MASK) != type) a = lc_rtnl_next(h, a) ;
  return a ;
}

struct rtattr const *lc_rtnl_nested (struct rtattr const *nest, unsigned int type)
{
  struct rtattr const *a ;
  char const *end ;
  if (!nest) return 0 ;
  end = (char const *)nest + nest->rta_len ;
  a = attr_in(RTA_DATA(nest), end) ;
  while (a && (a->rta_type & NLA_TYPE_MASK) != type) a = attr_after(a, end) ;
  return a ;
}

uint32_t lc_rtnl_u32 (struct rtattr const *a, uint32_t n)
{
  if (a && RTA_PAYLOAD(a) >= sizeof(n)) memcpy(&n, RTA_DATA(a), sizeof(n)) ;
  return n ;
}

char const *lc_rtnl_str (struct rtattr const *a)
{
  return a && memchr(RTA_DATA(a), 0, RTA_PAYLOAD(a)) ? RTA_DATA(a) : 0 ;
}
