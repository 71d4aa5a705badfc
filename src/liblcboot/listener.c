/* ISC license. */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/clock.h>
#include <lcboot/detach.h>
#include <lcboot/listener.h>
#include <lcboot/say.h>
#include <lcboot/sayrate.h>

#define BURST 65536         /* bytes that are read from a fifo in one go: as much as one holds */
#define MANY 4096           /* and how many of them call for a pause, so that a flood costs little time */
#define PAUSE_MS 1
#define PARTIAL_MS 1000     /* how long the rest of a request is waited for */

typedef struct lc_listener_source_s source ;

 /* The fifos */

int lc_listener_add (lc_listener *l, char const *path)
{
  source *s = l->sources + l->n ;
  if (l->n == LC_LISTENER_MAX) return -1 ;
  memset(s, 0, sizeof(*s)) ;
  s->fifo.path = path ;
  s->fifo.name = lc_ctlfifo_name(path) ;
  if (!s->fifo.name) return 0 ;
  l->n++ ;
  return 1 ;
}

static int is_own (struct stat const *st, void const *arg)
{
  lc_listener const *l = arg ;
  unsigned int i = 0 ;
  for (; i < l->n ; i++)
  {
    struct stat own ;
    if (!fstat(l->sources[i].fifo.fd, &own) && own.st_dev == st->st_dev && own.st_ino == st->st_ino) return 1 ;
  }
  return 0 ;
}

void lc_listener_make (lc_listener *l, int rootfd, char const *root)
{
  char const *why ;
  unsigned int n = l->n ;
  l->runlevel.target.own = &is_own ;
  l->runlevel.target.arg = l ;
  for (l->n = 0 ; l->n < n ; l->n++)
    if (!lc_ctlfifo_make(&l->sources[l->n].fifo, rootfd, &why))
    {
      int e = errno ;
      char const *path = l->sources[l->n].fifo.path ;
      lc_listener_remove(l) ;
      errno = e ;
      strerr_diefusys(111, "make the fifo ", path, root ? " in " : "", root ? root : "", why) ;
    }
}

void lc_listener_remove (lc_listener *l)
{
  unsigned int i = 0 ;
  for (; i < l->n ; i++)
    if (l->sources[i].fifo.fd >= 0 && !lc_ctlfifo_remove(&l->sources[i].fifo)) lc_say("unable to remove ", l->sources[i].fifo.path) ;
}

void lc_listener_close (lc_listener *l)
{
  unsigned int i = 0 ;
  for (; i < l->n ; i++)
  {
    fd_close(l->sources[i].fifo.fd) ;
    fd_close(l->sources[i].fifo.dirfd) ;
  }
  fd_close(l->runlevel.target.pidfd) ;
}

void lc_listener_detach (lc_listener *l, int rootfd, int had_stderr)
{
  int *kept[1 + 2 * LC_LISTENER_MAX] ;
  unsigned int n = 0 ;
  unsigned int i = 0 ;
  kept[n++] = &l->runlevel.target.pidfd ;
  for (; i < l->n ; i++)
  {
    kept[n++] = &l->sources[i].fifo.dirfd ;
    kept[n++] = &l->sources[i].fifo.fd ;
  }
  lc_detach(kept, n, rootfd, had_stderr) ;
}

 /* Reads what is there. Returns 1 if that was a lot. */

static int read_source (lc_listener *l, source *s)
{
  lc_initreq req ;
  size_t n = 0 ;
  while (n < BURST)
  {
    ssize_t len = lc_initreq_read(&s->requests, s->fifo.fd) ;
    if (len <= 0) break ;
    n += (size_t)len ;
    while (lc_initreq_next(&s->requests, &req)) lc_runlevel_request(&l->runlevel, &req, s->fifo.path) ;
    s->partial = s->requests.end > s->requests.start ? lc_clock_ms() + PARTIAL_MS : 0 ;
  }
  return n >= MANY ;
}

 /* Only after a poll(2) that found no rest: by the clock alone a listener that
    was held up itself would drop a request whose rest came in time. */

static void forget_partial (source *s)
{
  if (!s->partial || lc_clock_ms() < s->partial) return ;
  lc_initreq_forget(&s->requests) ;
  s->partial = 0 ;
}

static void report_dropped (source *s)
{
  char fmt[UINT64_FMT] ;
  if (!s->requests.dropped || !lc_sayrate()) return ;
  fmt[uint64_fmt(fmt, s->requests.dropped)] = 0 ;
  strerr_warnw("dropped from ", s->fifo.path, ", for they are no request: ", fmt, " bytes") ;
  s->requests.dropped = 0 ;
}

void lc_listener_run (lc_listener *l, int sigfd)
{
  struct pollfd x[2 + LC_LISTENER_MAX] = { { .revents = 0 } } ;
  int paused = 0 ;
  unsigned int i ;
  x[0].fd = l->runlevel.target.pidfd ;
  x[1].fd = sigfd ;
  for (i = 0 ; i < l->n ; i++) x[2 + i].fd = l->sources[i].fifo.fd ;
  for (i = 0 ; i < 2 + l->n ; i++) x[i].events = POLLIN ;
  lc_runlevel_reset(&l->runlevel) ;
  for (;;)
  {
    uint64_t now = lc_clock_ms() ;
    uint64_t next = lc_runlevel_ask(&l->runlevel, now) ;
    for (i = 0 ; i < l->n ; i++)
    {
      source *s = l->sources + i ;
      report_dropped(s) ;
      if (s->partial && s->partial < next) next = s->partial ;
    }
    if (paused) next = now + PAUSE_MS ;
    if (poll(x, paused ? 2 : 2 + l->n, next == UINT64_MAX ? -1 : next > now ? (int)(next - now) : 0) == -1)
    {
      if (errno == EINTR) continue ;
      return ;
    }
    if (x[0].revents)
    {
      lc_sayrate_say("the process is gone, and so is the listener") ;
      return ;
    }
    if (x[1].revents)
    {
      lc_sayrate_say("the listener is ended by a signal") ;
      return ;
    }
    if (paused) paused = 0 ;
    else for (i = 0 ; i < l->n ; i++)
    {
      source *s = l->sources + i ;
      if (!x[2 + i].revents) forget_partial(s) ;
      else if (read_source(l, s)) paused = 1 ;
    }
  }
}
