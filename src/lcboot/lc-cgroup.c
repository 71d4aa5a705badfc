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
#include <skalibs/types.h>

#include <lcboot/cgroup.h>
#include <lcboot/child.h>
#include <lcboot/exec.h>
#include <lcboot/ids.h>
#include <lcboot/say.h>
#include <lcboot/watch.h>

#define USAGE "lc-cgroup [ -v ] [ -m memory ] [ -p pids ] [ -s file=value ]... [ -d uid[:gid] ] [ -i ] [ -D ] name prog..."
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

#define PIDS_MAX 4194304  /* PID_MAX_LIMIT of the kernel */

#define CONTROLLER_MAX 64

 /* What a file of the cgroup is to hold, and in which hierarchy */

struct limit_s
{
  int opt ;                          /* m, p or s */
  char const *arg ;
  uint64_t n ;                       /* m: bytes */
  char controller[CONTROLLER_MAX] ;  /* "" if the file belongs to none */
  lc_cgroup *h ;                     /* null: each of cgroup v1 */
} ;

struct job_s
{
  char const *name ;
  genalloc limits ;         /* struct limit_s */
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

static void add_limit (struct job_s *j, int opt, char const *arg)
{
  struct limit_s l = { .opt = opt, .arg = arg, .n = 0, .controller = "" } ;
  uint64_t n ;
  size_t len = strcspn(arg, "=") ;
  size_t dot = strcspn(arg, ".=") ;
  switch (opt)
  {
    case 'm' :
      if (!lc_size_scan(arg, &l.n))
        strerr_dief(100, "invalid amount of memory: ", arg, " (expected a positive number of bytes, with k, M, G or T for more)") ;
      strcpy(l.controller, "memory") ;
      break ;
    case 'p' :
      if (!lc_number_scan(arg, PIDS_MAX, &n)) strerr_dief(100, "invalid number of processes: ", arg, " (expected 0 to 4194304)") ;
      strcpy(l.controller, "pids") ;
      break ;
    default :
      if (!len || !arg[len]) strerr_dief(100, "invalid setting: ", arg, " (expected file=value)") ;
      if (memchr(arg, '/', len) || !strncmp(arg, ".=", 2) || !strncmp(arg, "..=", 3))
        strerr_dief(100, "invalid setting: ", arg, " (the file is a name in the cgroup's directory)") ;
      if (dot >= CONTROLLER_MAX || len > NAME_MAX) strerr_dief(100, "invalid setting: ", arg, " (the name of the file is too long)") ;
      if (dot < len) memcpy(l.controller, arg, dot) ;
  }
  if (!genalloc_append(struct limit_s, &j->limits, &l)) dienomem() ;
}

 /* The hierarchy of a limit. A file of no controller is cgroup2's if it is called
    cgroup.…, else it is there in each hierarchy of cgroup v1. */

static void find_hierarchy (struct limit_s *l)
{
  int core = !l->controller[0] || !strcmp(l->controller, "cgroup") ;
  if (core)
  {
    lc_cgroup *h = FIRST ;
    l->h = l->controller[0] ? lc_cgroup_of(&all, "") : 0 ;
    l->controller[0] = 0 ;
    if (l->h && l->h->rootfd >= 0) return ;
    l->h = 0 ;
    for (; h < END ; h++) if (h->rootfd >= 0 && !lc_cgroup_is2(h)) return ;
    strerr_dief(111, "there is no cgroup file system mounted here that could have the file of ", l->arg) ;
  }
  l->h = lc_cgroup_of(&all, l->controller) ;
  if (l->h && l->h->rootfd >= 0) return ;
  strerr_dief(111, "the controller ", l->controller,
    l->h && !lc_cgroup_is2(l->h) ? " is in a hierarchy of cgroup v1 that is not mounted here" : " is in no hierarchy that is mounted here") ;
}

static int is_for (struct limit_s const *l, lc_cgroup const *h)
{
  return l->h ? l->h == h : h->rootfd >= 0 && !lc_cgroup_is2(h) ;
}

static int is_needed (struct job_s const *j, lc_cgroup const *h)
{
  size_t i = 0 ;
  for (; i < genalloc_len(struct limit_s, &j->limits) ; i++)
    if (is_for(genalloc_s(struct limit_s, &j->limits) + i, h)) return 1 ;
  return 0 ;
}

 /* The end of a step that has failed: what was made is removed again. The words
    of the message are those of before. */

static void undo (void)
{
  lc_cgroup *h = FIRST ;
  for (; h < END ; h++) if (h->fd >= 0) lc_cgroup_undo(h) ;
}

static void fail (char const *what, char const *a, char const *b, char const *c, char const *why) gccattr_noreturn ;
static void fail (char const *what, char const *a, char const *b, char const *c, char const *why)
{
  undo() ;
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

 /* Limits */

static int enable (struct job_s const *j, lc_cgroup *h, char const *controller, int must)
{
  stralloc at = STRALLOC_ZERO ;
  stralloc why = STRALLOC_ZERO ;
  int r = lc_cgroup_enable(h, controller, j->moves && !j->ends, &at, &why) ;
  if (!r && (!at.len || !why.len)) dienomem() ;
  if (!r && must) fail("enable the controller ", controller, " below ", at.s, why.s) ;
  if (!r) lc_say("left out: unable to enable the controller ", controller, " below ", at.s, why.s) ;
  if (r > 1) lc_say("enabled the controller ", controller, " for ", h->name.s) ;
  stralloc_free(&at) ;
  stralloc_free(&why) ;
  return !!r ;
}

static char const *why_not_write (lc_cgroup const *h)
{
  int e = errno ;
  int root = lc_cgroup_is_root(h, h->fd) ;
  errno = e ;
  switch (errno)
  {
    case EINVAL :
    case ERANGE : return " (the kernel does not take that value)" ;
    case EBUSY : return " (something is in use already that it would forbid)" ;
    case ENOENT : return root ? " (the root of the whole hierarchy has no limits)" : " (a cgroup has no such file here)" ;
    case EROFS : return " (it is mounted read-only)" ;
    default : return "" ;
  }
}

static void set (lc_cgroup *h, char const *file, char const *value)
{
  stralloc path = STRALLOC_ZERO ;
  if (!stralloc_cats(&path, h->name.s) || !stralloc_catb(&path, "/", 1) || !stralloc_cats(&path, file) || !stralloc_0(&path)) dienomem() ;
  if (!lc_cgroup_write(h, file, value)) fail("write ", value, " to ", path.s, why_not_write(h)) ;
  lc_say(path.s, " is ", value) ;
  stralloc_free(&path) ;
}

static void set_if_there (lc_cgroup *h, char const *file, char const *value)
{
  if (lc_cgroup_has(h, file)) set(h, file, value) ;
  else lc_say("there is no ", h->name.s, "/", file) ;
}

 /* Memory and swap together. cgroup2 counts swap apart, so there is none; cgroup
    v1 counts the sum, which must never be less than the memory alone. Before
    Linux 5.11 a cgroup below could forget of the limit: memory.use_hierarchy. */

static void set_memory (lc_cgroup *h, char const *value)
{
  if (lc_cgroup_is2(h))
  {
    set(h, "memory.max", value) ;
    set_if_there(h, "memory.swap.max", "0") ;
    return ;
  }
  set_if_there(h, "memory.use_hierarchy", "1") ;
  lc_cgroup_write(h, "memory.memsw.limit_in_bytes", value) ;  /* for more than before; for less the kernel says no, and it comes last */
  set(h, "memory.limit_in_bytes", value) ;
  set_if_there(h, "memory.memsw.limit_in_bytes", value) ;
}

static void apply (struct job_s const *j, lc_cgroup *h, struct limit_s const *l)
{
  char fmt[UINT64_FMT] ;
  size_t n = strcspn(l->arg, "=") ;
  char file[n + 16] ;
  switch (l->opt)
  {
    case 'm' : strcpy(file, "memory.max") ; break ;
    case 'p' : strcpy(file, "pids.max") ; break ;
    default :
      memcpy(file, l->arg, n) ;
      file[n] = 0 ;
  }
  if (lc_cgroup_is2(h) && l->controller[0] && !lc_cgroup_has(h, file)) enable(j, h, l->controller, 1) ;
  fmt[uint64_fmt(fmt, l->n)] = 0 ;
  switch (l->opt)
  {
    case 'm' : set_memory(h, fmt) ; break ;
    case 'p' : set(h, file, l->arg) ; break ;
    default : set(h, file, l->arg + n + 1) ;
  }
}

static void apply_all (struct job_s const *j)
{
  size_t i = 0 ;
  for (; i < genalloc_len(struct limit_s, &j->limits) ; i++)
  {
    struct limit_s const *l = genalloc_s(struct limit_s, &j->limits) + i ;
    lc_cgroup *h = FIRST ;
    for (; h < END ; h++) if (h->fd >= 0 && is_for(l, h)) apply(j, h, l) ;
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
    if (*p) enable(j, h, p, 0) ;
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
        case 's' : add_limit(&j, opt, l.arg) ; break ;
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
  for (i = 0 ; i < genalloc_len(struct limit_s, &j.limits) ; i++) find_hierarchy(genalloc_s(struct limit_s, &j.limits) + i) ;
  if (j.ends) lc_sigstate_hold_all(&old) ;
  n = open_all(&j) ;
  if (!n && !j.lax) strerr_dief(111, "there is no cgroup file system mounted here") ;
  apply_all(&j) ;
  if (j.owner && !delegate_all(&j)) lc_say("no cgroup is delegated") ;
  if (j.ends && n) fork_and_watch() ;
  if (j.moves) enter_all(&j) ;
  if (j.ends) lc_sigstate_restore(&old) ;
  lc_cgroup_forget(&all) ;
  genalloc_free(struct limit_s, &j.limits) ;
  lc_exec0(argv) ;
}
