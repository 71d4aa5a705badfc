/* ISC license. */

#include <string.h>
#include <unistd.h>

#include <lcboot/initreq.h>

static int32_t const magic = LC_INITREQ_MAGIC ;

ssize_t lc_initreq_read (lc_initreqs *q, int fd)
{
  ssize_t r ;
  memmove(q->s, q->s + q->start, q->end - q->start) ;
  q->end -= q->start ;
  q->start = 0 ;
  r = read(fd, q->s + q->end, sizeof(q->s) - q->end) ;
  if (r > 0) q->end += (size_t)r ;
  return r ;
}

 /* Where the magic number is next, from i on; at the end of what was read its
    first bytes are enough. */

static size_t find (lc_initreqs const *q, size_t i)
{
  for (; i < q->end ; i++)
  {
    char const *p = memchr(q->s + i, *(char const *)&magic, q->end - i) ;
    size_t n ;
    if (!p) break ;
    i = (size_t)(p - q->s) ;
    n = q->end - i ;
    if (!memcmp(p, &magic, n < sizeof(magic) ? n : sizeof(magic))) return i ;
  }
  return q->end ;
}

int lc_initreq_next (lc_initreqs *q, lc_initreq *r)
{
  for (;;)
  {
    size_t i = find(q, q->start) ;
    q->dropped += i - q->start ;
    q->start = i ;
    if (q->end - i < sizeof(magic)) return 0 ;
    i = find(q, q->start + 1) ;
    if (i - q->start >= sizeof(*r)) break ;
    if (q->end - i < sizeof(magic))  /* that is all there is */
    {
      if (q->end - q->start >= sizeof(*r)) break ;
      return 0 ;
    }
    q->dropped += i - q->start ;
    q->start = i ;
  }
  memcpy(r, q->s + q->start, sizeof(*r)) ;
  q->start += sizeof(*r) ;
  return 1 ;
}

void lc_initreq_forget (lc_initreqs *q)
{
  q->dropped += q->end - q->start ;
  q->start = q->end = 0 ;
}
