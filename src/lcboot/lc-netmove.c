/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/exec.h>
#include <lcboot/ids.h>
#include <lcboot/netif.h>
#include <lcboot/netns.h>
#include <lcboot/proc.h>
#include <lcboot/rtnl.h>
#include <lcboot/say.h>
#include <lcboot/signals.h>
#include <lcboot/sys.h>

#define USAGE "lc-netmove [ -v ] [ -k ] [ -a | ( -i interface )... ] target prog..."
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

struct job_s
{
  lc_netside here ;       /* the current network namespace */
  lc_netside there ;
  char const *target ;
  lc_netstate state ;     /* of here, before */
  lc_netstate others ;    /* the interfaces that are there already */
  genalloc chosen ;       /* lc_netif *: what to move; those that have been are moved */
  int all ;               /* not named: what cannot be moved is skipped */
} ;

 /* A PID, or the name of a file. The namespace is held by the descriptor, whatever
    becomes of the process and its number. */

static int open_target (int procfd, char const *target)
{
  uint64_t pid ;
  int type ;
  int fd ;
  if (target[0] && !target[strspn(target, "0123456789")])
  {
    if (!lc_number_scan(target, 0x7fffffff, &pid) || !pid) strerr_dief(100, "invalid PID: ", target) ;
    fd = lc_proc_ns(procfd, (pid_t)pid, "net") ;
    if (fd == -1)
      strerr_diefusys(111, "open the network namespace of the process ", target,
        errno == ENOENT ? " (is there such a process?)" : errno == EACCES ? " (not privileged over it)" : "") ;
    return fd ;
  }
  fd = open(target, O_RDONLY | O_NONBLOCK | O_CLOEXEC) ;
  if (fd == -1) strerr_diefusys(111, "open ", target) ;
  type = ioctl(fd, NS_GET_NSTYPE) ;
  if (type == -1 && errno != ENOTTY) strerr_diefusys(111, "ask for the type of ", target) ;
  if (type != CLONE_NEWNET) strerr_dief(100, target, " is not the file of a network namespace") ;
  return fd ;
}

static int same (int fd, int other)
{
  struct stat a, b ;
  return !fstat(fd, &a) && !fstat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino ;
}

static void open_sockets (struct job_s *j)
{
  j->here.fd = lc_rtnl_open() ;
  if (j->here.fd == -1) strerr_diefusys(111, "open an rtnetlink socket") ;
  j->there.fd = lc_rtnl_open_in(j->there.nsfd, j->here.nsfd) ;
  if (j->there.fd == -1)
    strerr_diefusys(111, "open an rtnetlink socket in ", j->target,
      errno == EPERM ? " (CAP_SYS_ADMIN over it, and over this network namespace, is needed)" : "") ;
}

 /* What to move. Those that may well be refused come first: then nothing has been
    moved when they are. */

static void choose (struct job_s *j, lc_netif *n)
{
  size_t i = 0 ;
  for (; i < genalloc_len(lc_netif *, &j->chosen) ; i++)
    if (genalloc_s(lc_netif *, &j->chosen)[i] == n) return ;
  if (!genalloc_append(lc_netif *, &j->chosen, &n)) dienomem() ;
}

static int is_risky (struct job_s const *j, lc_netif const *n)
{
  lc_netif const *other ;
  return n->immovable || n->loopback || lc_netstate_clash(&j->others, n, &other) ;
}

static void choose_all (struct job_s *j, char const *const *names)
{
  size_t n = lc_netstate_len(&j->state) ;
  unsigned int pass = 0 ;
  for (; pass < 2 ; pass++)
  {
    char const *const *name = names ;
    size_t i = 0 ;
    for (; *name ; name++)
    {
      lc_netif *x = lc_netstate_named(&j->state, *name) ;
      if (!x) strerr_dief(111, "no interface ", *name, " in this network namespace") ;
      if (is_risky(j, x) == !pass) choose(j, x) ;
    }
    for (; j->all && i < n ; i++)
    {
      lc_netif *x = lc_netstate_netif(&j->state, i) ;
      if (!x->loopback && is_risky(j, x) == !pass) choose(j, x) ;
    }
  }
}

 /* What has come back may be another one, of who has rights in the target: that
    must not get the name, addresses and routes of ours. Returns 1 if none is. */

static int return_others (struct job_s *j)
{
  lc_netstate now = LC_NETSTATE_ZERO ;
  size_t i = genalloc_len(lc_netif *, &j->chosen) ;
  int listed = lc_netstate_links(&now, j->here.fd) ;
  int ok = listed ;
  if (!listed) strerr_warnwusys("look at what has come back from ", j->target) ;
  while (i--)
  {
    lc_netif *n = genalloc_s(lc_netif *, &j->chosen)[i] ;
    lc_netif const *x = listed && n->index_now ? lc_netstate_indexed(&now, n->index_now) : 0 ;
    unsigned int index = n->index_now ;
    if (!index || (x && lc_netif_is_same(n, x))) continue ;
    if (x)
    {
      strerr_warnw(n->name, ", which has come back from ", j->target, ", is another interface: it goes there again") ;
      if (!lc_netif_move(n, &j->here, index, &j->there)) strerr_warnwusys("move ", n->name, " to ", j->target, lc_rtnl_log()) ;
    }
    n->index_now = 0 ;
    ok = 0 ;
  }
  lc_netstate_free(&now) ;
  return ok ;
}

 /* Everything that has been moved comes back, as it was. */

static void give_back (struct job_s *j)
{
  stralloc what = STRALLOC_ZERO ;
  int same ;
  size_t i = genalloc_len(lc_netif *, &j->chosen) ;
  while (i--)
  {
    lc_netif *n = genalloc_s(lc_netif *, &j->chosen)[i] ;
    if (!n->moved) continue ;
    if (lc_netif_move(n, &j->there, n->index_now, &j->here)) lc_say(n->name, " is moved back") ;
    else if (errno != ENODEV) strerr_warnwusys("move ", n->name, n->moved ? " back from " : " quite back from ", j->target, lc_rtnl_log()) ;
    if (n->moved) n->index_now = 0 ;
  }
  same = return_others(j) ;
  if (!lc_netstate_put(&j->state, j->here.fd, LC_NETSTATE_HOME, "", &what))
    strerr_warnwusys(what.len ? what.s : "make the interfaces what they were") ;
  else if (same) lc_say("everything is as it was") ;
  stralloc_free(&what) ;
}

 /* Why an interface was not moved, for the message */

static void explain (struct job_s *j, lc_netif const *n, int e, stralloc *sa)
{
  lc_netif const *other ;
  char const *name ;
  int ok = 1 ;
  sa->len = 0 ;
  if (e == EEXIST)
  {
    lc_netstate_free(&j->others) ;
    name = lc_netstate_links(&j->others, j->there.fd) ? lc_netstate_clash(&j->others, n, &other) : 0 ;
    if (name)
    {
      ok = stralloc_cats(sa, " (") && stralloc_cats(sa, other->name) ;
      if (!strcmp(name, other->name)) ok = ok && stralloc_cats(sa, " is there already") ;
      else ok = ok && stralloc_cats(sa, ", which is there, is called ") && stralloc_cats(sa, name) && stralloc_cats(sa, " too") ;
      ok = ok && stralloc_cats(sa, ")") ;
    }
  }
  else if (e == EINVAL) ok = stralloc_cats(sa, " (it cannot leave its network namespace)") ;
  else if (e == EPERM) ok = stralloc_cats(sa, " (not privileged over this network namespace, or over the target)") ;
  if (!ok || !stralloc_0(sa)) dienomem() ;
}

static void die_moving (struct job_s *j, lc_netif const *n)
{
  stralloc why = STRALLOC_ZERO ;
  stralloc log = STRALLOC_ZERO ;
  int e = errno ;
  if (!stralloc_cats(&log, lc_rtnl_log()) || !stralloc_0(&log)) log.len = 0 ;
  give_back(j) ;
  explain(j, n, e, &why) ;
  errno = e ;
  strerr_diefusys(111, "move ", n->name, " to ", j->target, why.s, log.len ? log.s : "") ;
}

static void move (struct job_s *j, lc_netif *n)
{
  lc_netif const *master = lc_netstate_indexed(&j->state, n->master) ;
  if (lc_netif_move(n, &j->here, n->index, &j->there))
    lc_say(n->name, " is moved to ", j->target, master ? ", and no longer a port of " : "", master ? master->name : "") ;
  else if (!n->moved && errno == ENODEV) lc_say(n->name, " is gone") ;
  else if (!n->moved && errno == EINVAL && j->all) lc_say(n->name, " stays (it cannot leave its network namespace)", lc_rtnl_log()) ;
  else die_moving(j, n) ;
}

static void keep (struct job_s *j)
{
  stralloc where = STRALLOC_ZERO ;
  stralloc what = STRALLOC_ZERO ;
  int e ;
  if (!stralloc_cats(&where, " in ") || !stralloc_cats(&where, j->target) || !stralloc_0(&where)) where.len = 0 ;
  if (lc_netstate_put(&j->state, j->there.fd, 0, where.len ? where.s : "", &what))
  {
    stralloc_free(&where) ;
    stralloc_free(&what) ;
    return ;
  }
  e = errno ;
  give_back(j) ;
  errno = e ;
  strerr_diefusys(111, what.len ? what.s : "keep the addresses and routes") ;
}

 /* No signal ends it halfway */

static void move_all (struct job_s *j, int kept)
{
  sigset_t all, old ;
  size_t i = 0 ;
  lc_signals_all(&all) ;
  lc_signals_mask(SIG_SETMASK, &all, &old) ;
  for (; i < genalloc_len(lc_netif *, &j->chosen) ; i++) move(j, genalloc_s(lc_netif *, &j->chosen)[i]) ;
  if (kept) keep(j) ;
  lc_signals_mask(SIG_SETMASK, &old, 0) ;
}

static void run (struct job_s *j, char const *const *names, int kept)
{
  open_sockets(j) ;
  if (!lc_netstate_all(&j->state, j->here.fd)) strerr_diefusys(111, "list the interfaces, addresses and routes", lc_rtnl_log()) ;
  if (!lc_netstate_links(&j->others, j->there.fd)) strerr_diefusys(111, "list the interfaces in ", j->target, lc_rtnl_log()) ;
  choose_all(j, names) ;
  if (!genalloc_len(lc_netif *, &j->chosen)) lc_say("there is no interface to move") ;
  move_all(j, kept) ;
  fd_close(j->here.fd) ;
  fd_close(j->there.fd) ;
  lc_netstate_free(&j->state) ;
  lc_netstate_free(&j->others) ;
  genalloc_free(lc_netif *, &j->chosen) ;
}

 /* Whoever wants the machine's own interfaces says so. */

static int may_take (struct job_s const *j, int procfd)
{
  int r = lc_netns_is_initial(j->here.nsfd, procfd) ;
  if (!r) return 1 ;
  strerr_warnw(r > 0 ? "this is the initial network namespace" : "this may be the initial network namespace (no procfs tells)",
    ", so its interfaces stay: -a takes them, -i some of them") ;
  return 0 ;
}

int main (int argc, char const **argv)
{
  struct job_s j = { .state = LC_NETSTATE_ZERO, .others = LC_NETSTATE_ZERO, .chosen = GENALLOC_ZERO } ;
  char const *names[argc + 1] ;
  unsigned int named = 0 ;
  int initial = 0 ;
  int kept = 0 ;
  int procfd ;
  PROG = "lc-netmove" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vkai:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'k' : kept = 1 ; break ;
        case 'a' : initial = 1 ; break ;
        case 'i' : names[named++] = l.arg ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;
  if (initial && named) strerr_dief(100, "-a and -i exclude each other") ;
  names[named] = 0 ;
  j.target = argv[0] ;
  j.all = !named ;
  procfd = lc_proc_open() ;
  if (procfd == -1)
    strerr_diefusys(111, "open a procfs of this PID namespace, which network namespaces are opened through",
      errno == EPERM ? " (/proc is that of another, and without privilege none can be made)" : "") ;
  j.there.nsfd = open_target(procfd, j.target) ;
  j.here.nsfd = lc_proc_ns(procfd, 0, "net") ;
  if (j.here.nsfd == -1) strerr_diefusys(111, "open the current network namespace") ;
  if (same(j.here.nsfd, j.there.nsfd)) lc_say(j.target, " is in this network namespace already: there is nothing to move") ;
  else if (named || initial || may_take(&j, procfd)) run(&j, names, kept) ;
  fd_close(procfd) ;
  fd_close(j.here.nsfd) ;
  fd_close(j.there.nsfd) ;
  lc_exec0(argv + 1) ;
}
