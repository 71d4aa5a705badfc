/* ISC license. */

#include <errno.h>
#include <string.h>

#include <skalibs/strerr.h>

#include <lcboot/clock.h>
#include <lcboot/runlevel.h>
#include <lcboot/sayrate.h>
#include <lcboot/signals.h>

#define REPEAT_MS 1000      /* how long the same one again is not a new one */
#define PATIENCE_MS 10000   /* how long an init may take to start */

static char const levels[LC_RUNLEVELS + 1] = "0123456S" ;

int lc_runlevel_index (int c)
{
  char const *p ;
  if (c == 's') c = 'S' ;
  p = c > 0 && c < 128 ? strchr(levels, c) : 0 ;
  return p ? (int)(p - levels) : -1 ;
}

void lc_runlevel_reset (lc_runlevel *r)
{
  r->level = r->done = -1 ;
}

void lc_runlevel_request (lc_runlevel *r, lc_initreq const *req, char const *path)
{
  char level[2] = { (char)req->runlevel, 0 } ;
  uint64_t now = lc_clock_ms() ;
  int i = lc_runlevel_index(req->runlevel) ;
  if (req->command != LC_INITREQ_RUNLEVEL || i == -1)
  {
    lc_sayrate_say("a request on ", path, " asks for something else than a runlevel: ignored") ;
    return ;
  }
  if (i == r->level || (i == r->done && r->level == -1 && now - r->when < REPEAT_MS)) return ;
  if (!r->signals[i] && levels[i] != '0' && levels[i] != '6')
  {
    lc_sayrate_say("runlevel ", level, " is asked for on ", path, ", but no -s says what it is: ignored") ;
    return ;
  }
  lc_sayrate_say("runlevel ", level, " is asked for on ", path) ;
  r->level = i ;
  r->since = now ;
  r->next = r->done == -1 || now - r->when >= REPEAT_MS ? now : r->when + REPEAT_MS ;
}

 /* What must still be true when the signal is sent: it is not lost on an init that
    starts, nor does it reach another init than the one that it was chosen for,
    which may take it for something else. */

static int is_ready (lc_runlevel const *r, lc_init const *which, int sig)
{
  return lc_initproc_hears(&r->target, sig) && (r->init || !which || lc_init_of(&r->target) == which) ;
}

 /* Returns 1, or 0 if it has to be tried again. */

static int try (lc_runlevel const *r, int last)
{
  char const level[2] = { levels[r->level], 0 } ;
  lc_init const *which = 0 ;
  char const *name = "" ;
  int lost ;
  int sig = r->signals[r->level] ;
  if (!sig)
  {
    which = r->init ? r->init : lc_init_of(&r->target) ;
    name = lc_init_name(which) ;
    sig = lc_init_prepare(which, &r->target, levels[r->level] == '6', last) ;
  }
  if (!last && (sig == -1 || (sig && !is_ready(r, which, sig)))) return 0 ;
  lost = last && sig > 0 && !lc_initproc_hears(&r->target, sig) ;
  if (!sig) lc_sayrate_say("handed runlevel ", level, " on to ", name) ;
  else if (sig > 0 && lc_initproc_signal(&r->target, sig))
  {
    lc_sayrate_say("sent ", lc_signal_name(sig), which ? " to " : "", name) ;
    if (lost) lc_sayrate_warn("the guest's PID 1 neither catches nor blocks ", lc_signal_name(sig), ": it is lost") ;
  }
  else
  {
    int e = errno ;
    if (lc_sayrate())
    {
      errno = e ;
      strerr_warnwusys("ask for runlevel ", level, which ? " of " : "", name) ;
    }
  }
  return 1 ;
}

uint64_t lc_runlevel_ask (lc_runlevel *r, uint64_t now)
{
  if (r->level == -1) return UINT64_MAX ;
  if (now < r->next) return r->next ;
  if (!try(r, now - r->since >= PATIENCE_MS)) return r->next = now + 1 + (now - r->since) / 4 ;  /* ever more seldom */
  r->done = r->level ;
  r->when = now ;
  r->level = -1 ;
  return UINT64_MAX ;
}
