/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <skalibs/djbunix.h>
#include <skalibs/env.h>
#include <skalibs/gccattributes.h>
#include <skalibs/posixplz.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/block.h>
#include <lcboot/child.h>
#include <lcboot/exec.h>
#include <lcboot/fd.h>
#include <lcboot/idmap.h>
#include <lcboot/pair.h>
#include <lcboot/proc.h>
#include <lcboot/pidns.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>
#include <lcboot/userns.h>
#include <lcboot/watch.h>

#define USAGE "lc-unshare [ -v ] [ -m ] [ -u ] [ -i ] [ -n ] [ -C ] [ -p ] [ -T ] [ -U ] [ -M map ]... [ -G map ]... [ -B map ]... [ -P propagation ] [ -l ] [ -k seconds ] [ -s from=to ]... [ -b { hook... } ] prog..."
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

#define EXIT_RESTART 133  /* systemd-nspawn's code for a guest that wants to be started again */

 /* Two roles share the work. Inside is the process that becomes prog; outside
    stays in the parent's namespaces, writes the maps and runs the hook. With -p
    inside is the child and outside the parent, which goes on as the watcher;
    without, inside is the process itself and outside a child that is gone before
    prog runs. */

struct plan_s
{
  unsigned long flags ;           /* CLONE_NEW* */
  unsigned long propagation ;     /* MS_*, or 0 */
  lc_idmaps maps ;
  char const *const *hook ;
  int procfd ;                    /* for -T, opened where there is the right to make one */
  unsigned int loopback : 1 ;
} ;

static struct { int flag ; char const *name ; } const types[] =
{
  { CLONE_NEWUSER, "CLONE_NEWUSER" },
  { CLONE_NEWPID, "CLONE_NEWPID" },
  { CLONE_NEWNS, "CLONE_NEWNS" },
  { CLONE_NEWUTS, "CLONE_NEWUTS" },
  { CLONE_NEWIPC, "CLONE_NEWIPC" },
  { CLONE_NEWNET, "CLONE_NEWNET" },
  { CLONE_NEWCGROUP, "CLONE_NEWCGROUP" },
  { CLONE_NEWTIME, "CLONE_NEWTIME" }
} ;

#define TYPES (sizeof(types) / sizeof(types[0]))

 /* Outside */

static void run_hook (struct plan_s const *plan, pid_t pid, lc_sigstate const *old)
{
  stralloc modif = STRALLOC_ZERO ;
  char fmt[PID_FMT] ;
  size_t envlen = env_len((char const *const *)environ) ;
  char const *envp[envlen + TYPES + 2] ;
  unsigned int i = 0 ;
  int wstat ;
  fmt[pid_fmt(fmt, pid)] = 0 ;
  if (!env_addmodif(&modif, "LCBOOT_PID", fmt)) dienomem() ;
  for (; i < TYPES ; i++)
    if (!env_addmodif(&modif, types[i].name, plan->flags & (unsigned long)types[i].flag ? "1" : 0)) dienomem() ;
  env_merge(envp, envlen + TYPES + 2, (char const *const *)environ, envlen, modif.s, modif.len) ;
  wstat = lc_run(plan->hook, envp, old, LC_RUN_TIED) ;
  if (wstat == -1) strerr_diefusys(111, "run the hook ", plan->hook[0]) ;
  if (wstat) strerr_dief(111, "the hook ", plan->hook[0], " ", lc_how_ended(wstat), ", so the program is not run") ;
  stralloc_free(&modif) ;
  lc_say("the hook ", plan->hook[0], " is done") ;
}

static int has_maps (struct plan_s const *plan)
{
  return plan->maps.uid.len || plan->maps.gid.len ;
}

 /* Maps are written when the user namespace exists, which the other side tells
    unless it was cloned into it; the hook runs when all is set up. Returns 0 when
    the other side is gone. */

static int outside (struct plan_s const *plan, int fd, pid_t pid, int is_cloned, lc_sigstate const *old)
{
  if (has_maps(plan))
  {
    if (!is_cloned && !lc_pair_wait(fd)) return 0 ;
    lc_userns_write(pid, &plan->maps, old) ;
    if (!lc_pair_tell(fd)) return 0 ;
  }
  if (!plan->hook) return 1 ;
  if (!lc_pair_wait(fd)) return 0 ;
  run_hook(plan, pid, old) ;
  return lc_pair_tell(fd) ;
}

 /* Inside */

 /* Only children get into a new time namespace, but it can be joined: time_namespaces(7) */

static void enter_time (int procfd)
{
  int nsfd = lc_proc_ns(procfd, 0, "time_for_children") ;
  if (nsfd == -1 || setns(nsfd, CLONE_NEWTIME) == -1) strerr_diefusys(111, "enter the new time namespace") ;
  fd_close(nsfd) ;
  fd_close(procfd) ;
}

static void raise_loopback (void)
{
  struct ifreq ifr ;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) ;
  if (fd == -1) strerr_diefusys(111, "make a socket") ;
  memset(&ifr, 0, sizeof(ifr)) ;
  memcpy(ifr.ifr_name, "lo", 3) ;
  ifr.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING ;
  if (ioctl(fd, SIOCSIFFLAGS, &ifr) == -1) strerr_diefusys(111, "bring the loopback interface up") ;
  fd_close(fd) ;
  lc_say("lo is up") ;
}

static void say_made (unsigned long flags)
{
  unsigned int i = 0 ;
  for (; i < TYPES ; i++)
    if (flags & (unsigned long)types[i].flag) lc_say("in a new namespace: ", types[i].name) ;
}

static void die_no_namespaces (char const *verb) gccattr_noreturn ;

static void die_no_namespaces (char const *verb)
{
  strerr_diefusys(111, verb, " new namespaces",
    errno == EPERM ? " (not privileged: -U with a map makes a user namespace first)" :
    errno == ENOSPC ? " (a limit of /proc/sys/user or of the nesting of namespaces)" :
    errno == EINVAL ? " (this kernel lacks one of them)" : "") ;
}

static void unshare_as (unsigned long flags)
{
  if (unshare((int)flags) == -1) die_no_namespaces("make the") ;
  say_made(flags) ;
}

 /* The process has become the root of the user namespace before the others are
    made, so that they, and the inodes that they are born with, belong to it. */

static void become_root (struct plan_s const *plan)
{
  if (plan->flags & CLONE_NEWUSER && !lc_userns_become_root()) strerr_diefusys(111, "become root of the new user namespace") ;
}

static void enter_others (struct plan_s const *plan, unsigned long flags)
{
  if (flags) unshare_as(flags) ;
  if (flags & CLONE_NEWTIME) enter_time(plan->procfd) ;
}

static void set_up (struct plan_s const *plan)
{
  if (plan->propagation && mount(0, "/", 0, MS_REC | plan->propagation, 0) == -1)
    strerr_diefusys(111, "set the propagation of /", errno == EINVAL ? " (it is no mount point: -P unchanged leaves it)" : "") ;
  if (plan->loopback) raise_loopback() ;
}

static void wait_for_outside (int fd)
{
  if (!lc_pair_wait(fd)) _exit(111) ;  /* it has said why */
}

static void tell_outside (int fd)
{
  if (!lc_pair_tell(fd)) _exit(111) ;
}

static void wait_for_hook (struct plan_s const *plan, int fd)
{
  if (!plan->hook) return ;
  tell_outside(fd) ;
  wait_for_outside(fd) ;
}

 /* Without -p */

static void stay (struct plan_s const *plan)
{
  lc_sigstate old ;
  int fds[2] ;
  int wstat ;
  pid_t self, pid ;
  if (!plan->hook && !has_maps(plan))
  {
    if (plan->flags & CLONE_NEWUSER) unshare_as(CLONE_NEWUSER) ;
    become_root(plan) ;
    enter_others(plan, plan->flags & ~(unsigned long)CLONE_NEWUSER) ;
    set_up(plan) ;
    return ;
  }
  if (!lc_pair_make(fds)) strerr_diefusys(111, "make a socket pair") ;
  self = getpid() ;
  lc_sigstate_hold_all(&old) ;
  pid = fork() ;
  if (pid == -1) strerr_diefusys(111, "fork") ;
  if (!pid)
  {
    fd_close(fds[1]) ;
    lc_die_with(self) ;
    _exit(outside(plan, fds[0], self, 0, &old) ? 0 : 111) ;
  }
  fd_close(fds[0]) ;
  if (plan->flags & CLONE_NEWUSER) unshare_as(CLONE_NEWUSER) ;
  if (has_maps(plan))
  {
    tell_outside(fds[1]) ;
    wait_for_outside(fds[1]) ;
  }
  become_root(plan) ;
  enter_others(plan, plan->flags & ~(unsigned long)CLONE_NEWUSER) ;
  set_up(plan) ;
  wait_for_hook(plan, fds[1]) ;
  fd_close(fds[1]) ;
  wstat = lc_wait_child(pid) ;
  if (wstat == -1) strerr_diefusys(111, "wait for the helper outside of the new namespaces") ;
  if (wstat) strerr_dief(111, "the helper outside of the new namespaces ", lc_how_ended(wstat)) ;
  lc_sigstate_restore(&old) ;
}

 /* With -p */

 /* What the child is cloned into. With a new user namespace, and its maps, the
    others have to wait; a time namespace cannot be had by clone(2). */

static unsigned long cloned (struct plan_s const *plan)
{
  unsigned long flags = plan->flags & ~(unsigned long)CLONE_NEWTIME ;
  return flags & CLONE_NEWUSER ? CLONE_NEWUSER | CLONE_NEWPID : flags ;
}

static void child (struct plan_s const *plan, int fd, lc_sigstate const *old)
{
  if (has_maps(plan)) wait_for_outside(fd) ;
  become_root(plan) ;
  enter_others(plan, plan->flags & ~cloned(plan)) ;
  set_up(plan) ;

   /* prctl(2): a change of credentials clears it, so it comes after the last one;
      a parent that has died before is noticed by its end of the pair */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1) strerr_diefusys(111, "arrange to die with the parent") ;
  if (lc_pair_is_gone(fd)) _exit(111) ;
  wait_for_hook(plan, fd) ;
  lc_sigstate_restore(old) ;
  fd_close(fd) ;
}

 /* reboot(2) in a PID namespace ends its init as if by these signals, which can
    kill a PID 1 in no other way: pid_namespaces(7). An init that takes itself for
    that of a container leaves the file systems to the machine. Where that ends now,
    in a power off, a restart or a panic, nobody else writes them. */

static int ended (int wstat)
{
  int again ;
  if (getpid() == 1 && lc_pidns_is_first()) sync() ;
  if (!WIFSIGNALED(wstat) || (WTERMSIG(wstat) != SIGHUP && WTERMSIG(wstat) != SIGINT)) return lc_exit_code(wstat) ;
  again = WTERMSIG(wstat) == SIGHUP ;
  lc_say("the guest asked for a ", again ? "restart" : "power off") ;
  if (getpid() == 1) reboot(again ? RB_AUTOBOOT : RB_POWER_OFF) ;
  return again ? EXIT_RESTART : 0 ;
}

static void say_pid (pid_t pid)
{
  char fmt[PID_FMT] ;
  if (!lc_verbosity) return ;  /* the formatting alone is worth a page fault or two */
  fmt[pid_fmt(fmt, pid)] = 0 ;
  lc_say("the child is ", fmt) ;
}

static void watch (lc_watch const *w, pid_t pid) gccattr_noreturn ;

static void watch (lc_watch const *w, pid_t pid)
{
  int wstat = lc_watch_child(w, pid) ;
  if (wstat == -1) strerr_diefusys(111, "wait for the child") ;
  _exit(ended(wstat)) ;
}

 /* The quick way, with memory that is not copied: where there is nothing to do
    outside, no other user to become, and no signal that has to reach the child
    before prog starts. */

struct start_s
{
  struct plan_s const *plan ;
  lc_sigstate const *old ;
  char const *const *argv ;
} ;

static int quick_child (void *p)
{
  struct start_s const *s = p ;
  say_made(s->plan->flags) ;
  set_up(s->plan) ;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1) strerr_diefusys(111, "arrange to die with the parent") ;
  if (lc_vclone_orphaned()) _exit(111) ;
  lc_sigstate_restore(s->old) ;
  lc_exec_shared = lc_exec_same_user = 1 ;
  lc_exec(s->argv) ;
}

static void start_and_watch (struct plan_s const *plan, lc_watch const *w, char const *const *argv)
{
  char const *self = PROG ;
  unsigned int verbosity = lc_verbosity ;
  lc_sigstate old ;
  struct start_s start = { .plan = plan, .old = &old, .argv = argv } ;
  pid_t pid ;
  lc_sigstate_hold_all(&old) ;
  pid = lc_vclone(plan->flags, &quick_child, &start) ;
  if (pid == -1) die_no_namespaces("clone a child into") ;
  PROG = self ;
  lc_verbosity = verbosity ;
  lc_close_late_none() ;
  say_pid(pid) ;
  watch(w, pid) ;
}

static void fork_and_watch (struct plan_s const *plan, lc_watch *w)
{
  lc_sigstate old ;
  int fds[2] ;
  pid_t pid ;
  if (!lc_pair_make(fds)) strerr_diefusys(111, "make a socket pair") ;
  lc_sigstate_hold_all(&old) ;
  pid = lc_clone(cloned(plan)) ;
  if (pid == -1) die_no_namespaces("clone a child into") ;
  if (!pid)
  {
    fd_close(fds[0]) ;
    say_made(cloned(plan)) ;
    child(plan, fds[1], &old) ;
    return ;
  }
  fd_close(fds[1]) ;
  lc_close(plan->procfd) ;
  say_pid(pid) ;
  outside(plan, fds[0], pid, 1, &old) ;
  w->pairfd = fds[0] ;
  watch(w, pid) ;
}

static unsigned long scan_propagation (char const *s)
{
  static struct { char const *name ; unsigned long flag ; } const names[] =
  {
    { "private", MS_PRIVATE }, { "slave", MS_SLAVE }, { "shared", MS_SHARED }, { "unchanged", 0 }
  } ;
  unsigned int i = 0 ;
  for (; i < sizeof(names) / sizeof(names[0]) ; i++)
    if (!strcmp(s, names[i].name)) return names[i].flag ;
  strerr_dief(100, "invalid propagation: ", s, " (expected private, slave, shared or unchanged)") ;
}

int main (int argc, char const **argv)
{
  struct plan_s plan = { .flags = 0, .maps = LC_IDMAPS_ZERO, .procfd = -1 } ;
  lc_watch w = LC_WATCH_ZERO ;
  char const *propagation = 0 ;
  char const *needs_p = 0 ;
  char const *problem ;
  PROG = "lc-unshare" ;
  w.init = 1 ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vmuinCpTUM:G:B:P:lk:s:b", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'm' : plan.flags |= CLONE_NEWNS ; break ;
        case 'u' : plan.flags |= CLONE_NEWUTS ; break ;
        case 'i' : plan.flags |= CLONE_NEWIPC ; break ;
        case 'n' : plan.flags |= CLONE_NEWNET ; break ;
        case 'C' : plan.flags |= CLONE_NEWCGROUP ; break ;
        case 'p' : plan.flags |= CLONE_NEWPID ; break ;
        case 'T' : plan.flags |= CLONE_NEWTIME ; break ;
        case 'U' : plan.flags |= CLONE_NEWUSER ; break ;
        case 'M' : lc_idmap_add_special(&plan.maps.uid, l.arg, 0) ; break ;
        case 'G' : lc_idmap_add_special(&plan.maps.gid, l.arg, 1) ; break ;
        case 'B' :
          lc_idmap_add_special(&plan.maps.uid, l.arg, 0) ;
          lc_idmap_add_special(&plan.maps.gid, l.arg, 1) ;
          break ;
        case 'P' : propagation = l.arg ; break ;
        case 'l' : plan.loopback = 1 ; break ;
        case 'k' :
          if (!uint0_scan(l.arg, &w.kill) || !w.kill) strerr_dief(100, "invalid number of seconds: ", l.arg) ;
          needs_p = "-k" ;
          break ;
        case 's' :
          problem = lc_watch_translate(&w, l.arg) ;
          if (problem) strerr_dief(100, "invalid translation of a signal: ", l.arg, problem) ;
          needs_p = "-s" ;
          break ;
        case 'b' :
          if (plan.hook) strerr_dief(100, "more than one -b") ;
          plan.hook = lc_block_option(argc, argv, &l, "-b") ;
          break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;
  if (has_maps(&plan)) plan.flags |= CLONE_NEWUSER ;
  if (!plan.flags) strerr_dief(100, "no namespace to make: one of -m -u -i -n -C -p -T -U -M -G -B is needed") ;
  if (needs_p && !(plan.flags & CLONE_NEWPID)) strerr_dief(100, needs_p, " is of use only with -p") ;
  if (plan.loopback && !(plan.flags & CLONE_NEWNET)) strerr_dief(100, "-l is of use only with -n") ;
  if (propagation && !(plan.flags & CLONE_NEWNS)) strerr_dief(100, "-P is of use only with -m") ;
  if (plan.flags & CLONE_NEWNS) plan.propagation = propagation ? scan_propagation(propagation) : MS_PRIVATE ;
  if (has_maps(&plan))
  {
    stralloc text = STRALLOC_ZERO ;  /* a map that is too long is a usage error: it is found here */
    lc_idmap_text(&text, &plan.maps.uid) ;
    text.len = 0 ;
    lc_idmap_text(&text, &plan.maps.gid) ;
    stralloc_free(&text) ;
  }
  if (plan.flags & CLONE_NEWTIME)
  {
    plan.procfd = lc_proc_open() ;
    if (plan.procfd == -1)
      strerr_diefusys(111, "open a procfs of this PID namespace, which a time namespace is entered through",
        errno == EPERM ? " (/proc is that of another, and without privilege none can be made)" : "") ;
  }
  if (!(plan.flags & CLONE_NEWPID)) stay(&plan) ;
  else if (plan.flags & (CLONE_NEWUSER | CLONE_NEWTIME) || plan.hook || needs_p) fork_and_watch(&plan, &w) ;
  else start_and_watch(&plan, &w, argv) ;
  lc_exec_same_user = !(plan.flags & CLONE_NEWUSER) ;
  lc_exec(argv) ;
}
