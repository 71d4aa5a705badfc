/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/gccattributes.h>
#include <skalibs/genalloc.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/cgroup.h>
#include <lcboot/cgrouplimit.h>
#include <lcboot/child.h>
#include <lcboot/exec.h>
#include <lcboot/ids.h>
#include <lcboot/say.h>
#include <lcboot/watch.h>

#define USAGE "lc-cgroup [ -v ] [ -m memory ] [ -p pids ] [ -s file=value ]... [ -d uid[:gid] ] [ -i ] [ -D ] name prog..."
#define dieusage() strerr_dieusage(100, USAGE)

struct job_s
{
  char const *name ;
  genalloc limits ;         /* lc_cglimit */
  char const *owner ;       /* -d */
  uid_t uid ;
  gid_t gid ;
  unsigned int here : 1 ;   /* the current cgroup: it is not made, and nobody moves */
  unsigned int moves : 1 ;  /* there is a prog that is to be in it */
  unsigned int lax : 1 ;    /* -i */
  unsigned int ends : 1 ;   /* -D */
} ;
#define JOB_ZERO { .limits = GENALLOC_ZERO }

static lc_cgroups all ;

#define FIRST genalloc_s(lc_cgroup, &all.h)
#define END (FIRST + genalloc_len(lc_cgroup, &all.h))

 /* What is wrong before anything was done */

static void check_name (char const *name)
{
  char const *p = name ;
  if (!*name) strerr_dief(100, "the name of the cgroup is empty") ;
  while (strcmp(name, ".") && *p)
  {
    size_t n = strcspn(p, "/") ;
    if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
      strerr_dief(100, "invalid name of a cgroup: ", name, " (it cannot hold . or ..)") ;
    if (n > NAME_MAX) strerr_dief(100, "invalid name of a cgroup: ", name, " (one of its parts is too long)") ;
    p += n + strspn(p + n, "/") ;
  }
}

static int is_needed (struct job_s const *j, lc_cgroup const *h)
{
  size_t i = 0 ;
  for (; i < genalloc_len(lc_cglimit, &j->limits) ; i++)
    if (lc_cglimit_is_for(genalloc_s(lc_cglimit, &j->limits) + i, h)) return 1 ;
  return 0 ;
}

 /* The end of a step that has failed: what was made is removed again. The words
    of the message are those of before. */

static void fail (char const *what, char const *a, char const *b, char const *c, char const *why) gccattr_noreturn ;

static void fail (char const *what, char const *a, char const *b, char const *c, char const *why)
{
  lc_cgroup_undo_all(&all) ;
  strerr_diefusys(111, what, a, b, c, why) ;
}

 /* cgroup v1 has many hierarchies, and few of them may be anyone's. One that is
    closed is left out if no limit is for it and another one is left, done being
    how many it went well with; with -i even if none is. */

static int can_be_left_out (struct job_s const *j, lc_cgroup const *h, unsigned int done)
{
  if (errno != EACCES && errno != EPERM && errno != EROFS && errno != ENOENT) return 0 ;
  if (is_needed(j, h)) return 0 ;
  if (j->lax || done) return 1 ;
  while (++h < END) if (h->rootfd >= 0) return 1 ;
  return 0 ;
}

static void left_out (char const *verb, lc_cgroup const *h, char const *why)
{
  lc_say("left out: unable to ", verb, h->name.s, why, ": ", strerror(errno)) ;
}

static char const *why_not_open (lc_cgroup const *h, char const *name)
{
  switch (errno)
  {
    case EBUSY : return " (it is there already, and there are processes in it or below it)" ;
    case EROFS : return " (it is mounted read-only)" ;
    case ENOENT : return name[0] != '/' && !h->current ? " (the current cgroup is not below this mount)" : "" ;
    case ENOTDIR :
    case EEXIST : return " (it is no cgroup)" ;
    case EAGAIN : return " (a limit of the number of cgroups, cgroup.max.descendants or cgroup.max.depth)" ;
    default : return "" ;
  }
}

 /* Returns how many hierarchies there are to work in. */

static unsigned int open_all (struct job_s const *j)
{
  char const *verb = j->here ? "open the cgroup " : "make the cgroup " ;
  char const *why ;
  unsigned int done = 0 ;
  lc_cgroup *h = FIRST ;
  for (; h < END ; h++)
  {
    if (h->rootfd == -1 || (j->here && !j->owner && !is_needed(j, h))) continue ;
    if (lc_cgroup_open(h, j->name, !j->here, j->ends))
    {
      if (h->made) lc_say("made the cgroup ", h->name.s) ;
      done++ ;
      continue ;
    }
    why = why_not_open(h, j->name) ;
    if (can_be_left_out(j, h, done)) left_out(verb, h, why) ;
    else fail(verb, h->name.s, "", "", why) ;
  }
  return done ;
}

 /* Whether the process may move in before prog is run: with -D it is the child */

static int may_enter (struct job_s const *j)
{
  return j->moves && !j->ends ;
}

static void apply_all (struct job_s const *j)
{
  size_t i = 0 ;
  for (; i < genalloc_len(lc_cglimit, &j->limits) ; i++)
  {
    lc_cglimit const *l = genalloc_s(lc_cglimit, &j->limits) + i ;
    lc_cgroup *h = FIRST ;
    for (; h < END ; h++) if (h->fd >= 0 && lc_cglimit_is_for(l, h)) lc_cglimit_apply(&all, h, l, may_enter(j)) ;
  }
}

 /* Delegation. A cgroup without controllers is of little use to whom it is given:
    those of the one above come with it, as far as the kernel allows. */

static void enable_what_there_is (struct job_s const *j, lc_cgroup *h)
{
  stralloc sa = STRALLOC_ZERO ;
  char *p ;
  if (!lc_cgroup_offer(h, &sa)) return ;
  for (p = sa.s ; *p ; )
  {
    char *next = p + strcspn(p, " \n") ;
    if (*next) *next++ = 0 ;
    if (*p) lc_cglimit_enable(&all, h, p, may_enter(j), 0) ;
    p = next ;
  }
  stralloc_free(&sa) ;
}

static unsigned int delegate_all (struct job_s const *j)
{
  char const *why ;
  unsigned int done = 0 ;
  lc_cgroup *h = FIRST ;
  for (; h < END ; h++)
  {
    int root ;
    if (h->fd == -1) continue ;
    root = lc_cgroup_is_root(h, h->fd) ;
    if (!root && !j->here && lc_cgroup_is2(h)) enable_what_there_is(j, h) ;
    if (root) errno = EPERM ;
    else if (lc_cgroup_delegate(h, j->uid, j->gid))
    {
      lc_say(h->name.s, " belongs to ", j->owner) ;
      done++ ;
      continue ;
    }
    why = root ? " (it is the root of the whole hierarchy, which is the machine's)" :
      errno == EROFS ? " (it is mounted read-only)" :
      errno == EINVAL ? " (an id that is not mapped in this user namespace)" : "" ;
    if (can_be_left_out(j, h, done)) left_out("delegate the cgroup ", h, why) ;
    else fail("delegate the cgroup ", h->name.s, " to ", j->owner, why) ;
  }
  return done ;
}

 /* Moving */

static char const *why_not_enter (void)
{
  switch (errno)
  {
    case EBUSY : return " (no internal processes: it gives controllers to the cgroups below it, so it can have no process itself)" ;
    case EOPNOTSUPP : return " (it is threaded, or the cgroup above has processes and threaded controllers)" ;
    case EACCES :
    case EPERM : return " (what is above both it and the current cgroup is not delegated to this user)" ;
    case ENODEV : return " (it was removed meanwhile)" ;
    case ENOSPC : return " (a cpuset without processors or memory nodes)" ;
    default : return "" ;
  }
}

static void enter_all (struct job_s const *j)
{
  char const *why ;
  unsigned int done = 0 ;
  lc_cgroup *h = FIRST ;
  for (; h < END ; h++)
  {
    if (h->fd == -1) continue ;
    if (h->entered || lc_cgroup_enter(h))
    {
      lc_say("in the cgroup ", h->name.s) ;
      done++ ;
      continue ;
    }
    why = why_not_enter() ;
    if (can_be_left_out(j, h, done)) left_out("move into the cgroup ", h, why) ;
    else fail("move into the cgroup ", h->name.s, "", "", why) ;
  }
}

 /* The child goes on. The parent is outside of the cgroup, so that it can kill
    what is left in it, and remove it. */

static void fork_and_watch (void)
{
  lc_watch w = LC_WATCH_ZERO ;
  char const *left ;
  int wstat ;
  pid_t parent = getpid() ;
  pid_t pid = fork() ;
  if (pid == -1) fail("fork", "", "", "", "") ;
  if (!pid)
  {
    lc_die_with(parent) ;
    return ;
  }
  wstat = lc_watch_child(&w, pid) ;
  if (wstat == -1) strerr_warnwusys("wait for the child") ;
  if (lc_cgroup_end(&all, &left)) lc_say("removed the cgroup") ;
  else strerr_warnwusys("remove the cgroup ", left, errno == EBUSY ? " (a process in it does not die, or is another PID namespace's)" : "") ;
  _exit(wstat == -1 ? 111 : lc_exit_code(wstat)) ;
}

int main (int argc, char const **argv)
{
  struct job_s j = JOB_ZERO ;
  lc_sigstate old ;
  unsigned int n ;
  size_t i ;
  PROG = "lc-cgroup" ;
  all = (lc_cgroups)LC_CGROUPS_ZERO ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vm:p:s:d:iD", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'm' :
        case 'p' :
        case 's' : lc_cglimit_add(&j.limits, opt, l.arg) ; break ;
        case 'd' :
          j.owner = l.arg ;
          lc_owner_scan(l.arg, &j.uid, &j.gid) ;
          break ;
        case 'i' : j.lax = 1 ; break ;
        case 'D' : j.ends = 1 ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;
  j.name = *argv++ ;
  check_name(j.name) ;
  j.here = !strcmp(j.name, ".") ;
  j.moves = !j.here && argv[0] ;
  if (j.here && !j.owner && !j.limits.len) strerr_dief(100, "nothing to do with the current cgroup: one of -m -p -s -d is needed") ;
  if (j.lax && !j.owner) strerr_dief(100, "-i is of use only with -d") ;
  if (j.ends && (j.here || !j.name[strspn(j.name, "/")])) strerr_dief(100, "-D cannot remove the cgroup ", j.name, ", which is not made") ;
  if (j.ends && !j.moves) strerr_dief(100, "-D is of use only with a program") ;

  if (!lc_cgroup_find(&all, !!j.owner))
  {
    if (!j.lax || j.limits.len) strerr_diefusys(111, "read the cgroups of this process from /proc") ;
    lc_say("left out: unable to read the cgroups of this process from /proc: ", strerror(errno)) ;
  }
  for (i = 0 ; i < genalloc_len(lc_cglimit, &j.limits) ; i++) lc_cglimit_find(genalloc_s(lc_cglimit, &j.limits) + i, &all) ;
  if (j.ends) lc_sigstate_hold_all(&old) ;
  n = open_all(&j) ;
  if (!n && !j.lax) strerr_dief(111, "there is no cgroup file system mounted here") ;
  apply_all(&j) ;
  if (j.owner && !delegate_all(&j)) lc_say("no cgroup is delegated") ;
  if (j.ends && n) fork_and_watch() ;
  if (j.moves) enter_all(&j) ;
  if (j.ends) lc_sigstate_restore(&old) ;
  lc_cgroup_forget(&all) ;
  genalloc_free(lc_cglimit, &j.limits) ;
  lc_exec0(argv) ;
}
