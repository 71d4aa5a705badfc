/* ISC license. */

#include <skalibs/nonposix.h>

#include <grp.h>
#include <signal.h>
#include <unistd.h>
#include <sys/prctl.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/genalloc.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/idmap.h>
#include <lcboot/say.h>

#include <inityml/chain.h>
#include <inityml/guest.h>
#include <inityml/lines.h>

#define USAGE "lc-run [ -v ] [ -p ] [ -d ] [ -h hostname ] [ -n | -N interface ]... [ -u map ]... [ -g map ]... [ -m memory ] [ -c cgroup ] \
[ -l layer ]... [ -o cache | -t ] [ -r ] [ -f fstab ] [ -e extra ] [ -b pre ] [ -x oldroot ] [ -a ] [ -w ] \
[ -s from=to ]... [ -k seconds ] root [ init args... ]"
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

static void add (genalloc *list, char const *s)
{
  if (!genalloc_append(char const *, list, &s)) dienomem() ;
}

 /* The signal survives exec (prctl(2)), and lc-unshare forwards it to the guest.
    A parent that has ended before is told by the number of the new one. */

static void die_with_parent (pid_t parent)
{
  if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == -1) strerr_diefusys(111, "arrange to die with the parent") ;
  if (getppid() != parent) strerr_dief(111, "the parent is gone already") ;
}

static void check (inityml_guest const *g)
{
  if (!*g->root) strerr_dief(100, "the name of the root is empty") ;
  if (g->words && !*g->init[0]) strerr_dief(100, "the name of the guest's init is empty") ;
  if (g->hostname && *g->hostname == '-') strerr_dief(100, "invalid host name: ", g->hostname) ;
  if (g->cache && g->ephemeral) strerr_dief(100, "-o and -t exclude each other") ;
  if (g->readonly && (g->cache || g->ephemeral)) strerr_dief(100, "-r excludes ", g->cache ? "-o" : "-t") ;
  if (g->cgroup && *g->cgroup != '/') strerr_dief(100, "-c wants an absolute name, not ", g->cgroup) ;
  if (g->oldroot && *g->oldroot != '/') strerr_dief(100, "-x wants an absolute path, not ", g->oldroot) ;
  if (!g->pid && (g->signals.len || g->seconds)) strerr_dief(100, g->signals.len ? "-s" : "-k", " is of no use with NS_NO_PID1") ;
  if (g->rootless && !g->net) lc_say("left out: a sysfs of its own, as the network is the caller's: /sys is bound") ;
  if (g->rootless && g->interfaces.len)
    strerr_dief(111, "unable to move the interface ", genalloc_s(char const *, &g->interfaces)[0], ": only root can (-n makes a network without one)") ;
}

int main (int argc, char const **argv)
{
  inityml_guest g = INITYML_GUEST_ZERO ;
  stralloc script = STRALLOC_ZERO ;
  pid_t parent = getppid() ;
  int print = 0 ;
  int tied = 0 ;
  PROG = "lc-run" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vpdh:nN:u:g:m:c:l:o:trf:e:b:x:aws:k:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; g.verbose++ ; break ;
        case 'p' : print = 1 ; break ;
        case 'd' : tied = 1 ; break ;
        case 'h' : g.hostname = l.arg ; break ;
        case 'n' : g.net = 1 ; break ;
        case 'N' : g.net = 1 ; add(&g.interfaces, l.arg) ; break ;
        case 'u' : lc_idmap_add_special(&g.maps.uid, l.arg, 0) ; break ;
        case 'g' : lc_idmap_add_special(&g.maps.gid, l.arg, 1) ; break ;
        case 'm' : g.memory = l.arg ; break ;
        case 'c' : g.cgroup = l.arg ; break ;
        case 'l' : add(&g.layers, l.arg) ; break ;
        case 'o' : g.cache = l.arg ; break ;
        case 't' : g.ephemeral = 1 ; break ;
        case 'r' : g.readonly = 1 ; break ;
        case 'f' : g.fstab = l.arg ; break ;
        case 'e' : g.extra = l.arg ; break ;
        case 'b' : g.pre = l.arg ; break ;
        case 'x' : g.oldroot = l.arg ; break ;
        case 'a' : g.all = 1 ; break ;
        case 'w' : g.writable = 1 ; break ;
        case 's' : add(&g.signals, l.arg) ; break ;
        case 'k' : g.seconds = l.arg ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;
  g.root = argv[0] ;
  g.init = argv + 1 ;
  g.words = (size_t)argc - 1 ;
  g.rootless = !!geteuid() ;
  guest_environment(&g) ;
  check(&g) ;
  guest_complete(&g) ;

  inityml_chain(&script, &g) ;
  if (print)
  {
    if (allwrite(1, script.s, script.len) < script.len) strerr_diefusys(111, "write to standard output") ;
    return 0 ;
  }
  if (tied) die_with_parent(parent) ;
  if (!stralloc_0(&script)) dienomem() ;
  if (!g.rootless && setgroups(0, 0) == -1) strerr_diefusys(111, "leave the supplementary groups") ;
  lines_exec(script.s) ;
}
