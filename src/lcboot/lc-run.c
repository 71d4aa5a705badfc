/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/cgroup.h>
#include <lcboot/exec.h>
#include <lcboot/idmap.h>
#include <lcboot/say.h>

#include <inityml/lines.h>
#include <inityml/quote.h>

#define USAGE "lc-run [ -v ] [ -p ] [ -d ] [ -h hostname ] [ -n | -N interface ]... [ -u map ]... [ -g map ]... [ -m memory ] [ -c cgroup ] \
[ -l layer ]... [ -o cache | -t ] [ -r ] [ -f fstab ] [ -e extra ] [ -b pre ] [ -x oldroot ] [ -a ] [ -w ] \
[ -s from=to ]... [ -k seconds ] root [ init args... ]"
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

#define INIT "/sbin/init"
#define EXECLINE_DEBIAN "/usr/lib/execline/bin/"  /* not in PATH there */
#define FLAGS "nosuid,nodev,noexec"

 /* What is asked for, by options and, where these are silent, by the environment */

typedef struct guest_s guest, *guest_ref ;
struct guest_s
{
  char const *root ;
  char const *place ;        /* where it is mounted: root itself, or NS_ROOT */
  char const *const *init ;
  size_t words ;             /* of init */
  char const *hostname ;
  char const *memory ;
  char const *cgroup ;
  char const *cache ;
  char const *fstab ;
  char const *extra ;
  char const *pre ;
  char const *oldroot ;
  char const *seconds ;
  char const *bin ;          /* NS_BIN */
  char const *tmpfs ;        /* NS_TMPFS */
  genalloc layers ;          /* char const * */
  genalloc interfaces ;      /* char const * */
  genalloc signals ;         /* char const * */
  lc_idmaps maps ;
  uint32_t uid ;             /* the guest's root, outside */
  uint32_t gid ;
  unsigned int net : 1 ;     /* a new network namespace */
  unsigned int ephemeral : 1 ;
  unsigned int readonly : 1 ;
  unsigned int all : 1 ;     /* all devices */
  unsigned int writable : 1 ;/* /dev stays so */
  unsigned int pid : 1 ;     /* a new PID namespace */
  unsigned int mapped : 1 ;  /* a new user namespace */
  unsigned int rootless : 1 ;
  unsigned int shift : 1 ;   /* the files do not have the guest's ids yet */
  unsigned int leaves : 1 ;  /* the guest and its watcher in cgroups below its own */
} ;
#define GUEST_ZERO { .layers = GENALLOC_ZERO, .interfaces = GENALLOC_ZERO, .signals = GENALLOC_ZERO, .maps = LC_IDMAPS_ZERO, .pid = 1 }

static char const *const variables[] = { "HOST", "NS_ROOT", "NS_EXTRA", "NS_FSTAB", "NS_BIN", "NS_TMPFS", "NS_NO_PID1" } ;
#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

static void add (genalloc *list, char const *s)
{
  if (!genalloc_append(char const *, list, &s)) dienomem() ;
}

static char const *concat (char const *a, char const *b)
{
  stralloc sa = STRALLOC_ZERO ;
  if (!stralloc_cats(&sa, a) || !stralloc_cats(&sa, b) || !stralloc_0(&sa)) dienomem() ;
  return sa.s ;
}

 /* A path that means the same when something is mounted there: "." would still
    be what lies below. */

static char const *canonical (char const *path)
{
  stralloc sa = STRALLOC_ZERO ;
  if (sarealpath(&sa, path) == -1) strerr_diefusys(111, "find ", path) ;
  if (!stralloc_0(&sa)) dienomem() ;
  return sa.s ;
}

static void absolute (char const **path)
{
  stralloc sa = STRALLOC_ZERO ;
  if (!*path || **path == '/') return ;
  if (sagetcwd(&sa) == -1) strerr_diefusys(111, "find the working directory") ;
  if (!stralloc_catb(&sa, "/", 1) || !stralloc_0(&sa)) dienomem() ;
  *path = concat(sa.s, *path) ;
}

static void canonical_dir (char const **path)
{
  struct stat st ;
  *path = canonical(*path) ;
  if (stat(*path, &st) == -1) strerr_diefusys(111, "stat ", *path) ;
  if (S_ISDIR(st.st_mode)) return ;
  errno = ENOTDIR ;
  strerr_diefusys(111, "use ", *path) ;
}

 /* Looks for a program as exec would: its path, or null. */

static char const *find (char const *name)
{
  char const *path = getenv("PATH") ;
  stralloc file = STRALLOC_ZERO ;
  if (!path) path = LC_DEFAULTPATH ;
  for (;;)
  {
    size_t n = strcspn(path, ":") ;
    file.len = 0 ;
    if (!stralloc_catb(&file, path, n) || !stralloc_cats(&file, n ? "/" : "./") || !stralloc_cats(&file, name) || !stralloc_0(&file)) dienomem() ;
    if (!access(file.s, X_OK)) return file.s ;
    if (!path[n]) break ;
    path += n + 1 ;
  }
  stralloc_free(&file) ;
  return 0 ;
}

 /* A variable that is empty is one that is not there. */

static char const *variable (char const *name)
{
  char const *s = getenv(name) ;
  return s && *s ? s : 0 ;
}

static void from_environment (guest *g)
{
  if (!g->hostname) g->hostname = variable("HOST") ;
  if (!g->extra) g->extra = variable("NS_EXTRA") ;
  if (!g->fstab) g->fstab = variable("NS_FSTAB") ;
  g->place = variable("NS_ROOT") ;
  g->bin = variable("NS_BIN") ;
  g->tmpfs = variable("NS_TMPFS") ;
  if (!g->tmpfs) g->tmpfs = "/mnt/ns" ;
  if (variable("NS_NO_PID1")) g->pid = 0 ;
}

 /* Id maps. One who is not root has the own id for the guest's root, and his
    subordinate ids, if there are any, for the others. */

static void rootless_maps (guest *g)
{
  char const *missing = !lc_idmap_has_auto(0) || !lc_idmap_has_auto(1) ? "there are no subordinate ones" :
    !find("newuidmap") || !find("newgidmap") ? "there is no newuidmap or newgidmap" : 0 ;
  lc_idmap_add_special(&g->maps.uid, "self", 0) ;
  lc_idmap_add_special(&g->maps.gid, "self", 1) ;
  if (missing)
  {
    lc_say("left out: all ids but the guest's root, as ", missing) ;
    return ;
  }
  lc_idmap_add_special(&g->maps.uid, "auto", 0) ;
  lc_idmap_add_special(&g->maps.gid, "auto", 1) ;
}

 /* The id outside of what is 0 inside */

static uint32_t outside_root (genalloc const *m, char const *kind)
{
  lc_idextent const *e = genalloc_s(lc_idextent, m) ;
  size_t n = genalloc_len(lc_idextent, m) ;
  for (; n ; n--, e++) if (!e->inside) return e->outside ;
  strerr_dief(100, "the ", kind, " map has nobody who is 0 inside, so the guest would have no root") ;
}

static int is_outside (genalloc const *m, uint32_t id)
{
  lc_idextent const *e = genalloc_s(lc_idextent, m) ;
  size_t n = genalloc_len(lc_idextent, m) ;
  for (; n ; n--, e++) if (id >= e->outside && id - e->outside < e->count) return 1 ;
  return 0 ;
}

 /* A root as it was unpacked belongs to 0; one that was made for these maps to an
    id of theirs. Its layers are taken to be as it is. */

static void complete_maps (guest *g)
{
  struct stat st ;
  if (g->rootless && !g->maps.uid.len && !g->maps.gid.len) rootless_maps(g) ;
  if (!g->maps.uid.len && !genalloc_copy(lc_idextent, &g->maps.uid, &g->maps.gid)) dienomem() ;
  if (!g->maps.gid.len && !genalloc_copy(lc_idextent, &g->maps.gid, &g->maps.uid)) dienomem() ;
  g->mapped = g->maps.uid.len > 0 ;
  if (g->mapped)
  {
    g->uid = outside_root(&g->maps.uid, "user") ;
    g->gid = outside_root(&g->maps.gid, "group") ;
  }
  if (stat(g->root, &st) == -1) strerr_diefusys(111, "stat ", g->root) ;
  g->shift = g->mapped && !g->rootless && !is_outside(&g->maps.uid, st.st_uid) ;
}

static void complete_paths (guest *g)
{
  size_t i = 0 ;
  canonical_dir(&g->root) ;
  if (g->place) canonical_dir(&g->place) ;
  else g->place = g->root ;
  if (!g->place[1]) strerr_dief(100, "unable to mount on the present root: NS_ROOT has to be another directory") ;
  if (g->bin) canonical_dir(&g->bin) ;
  for (; i < genalloc_len(char const *, &g->layers) ; i++) canonical_dir(genalloc_s(char const *, &g->layers) + i) ;
  absolute(&g->cache) ;
  if (g->fstab && strcmp(g->fstab, "-")) absolute(&g->fstab) ;
  if (g->pre && strchr(g->pre, '/')) absolute(&g->pre) ;
  if (*g->tmpfs != '/') g->tmpfs = concat("/", g->tmpfs) ;
}

 /* The guest's cgroup. In cgroup2 a cgroup that has processes cannot limit those
    below it, and that of the caller has at least this one: what is not named lies
    below the root then, the machine's or a container's, which root alone can do.
    And the guest's init and its watcher get a leaf each, so that the guest can do
    with its cgroup what it likes. */

static void complete_cgroup (guest *g)
{
  lc_cgroups all = LC_CGROUPS_ZERO ;
  lc_cgroup const *h ;
  char fmt[PID_FMT] ;
  if (!g->memory && !g->cgroup) return ;
  if (!lc_cgroup_find(&all, 0)) strerr_diefusys(111, "find the cgroups of this process") ;
  h = lc_cgroup_of(&all, "memory") ;
  g->leaves = g->pid && h && lc_cgroup_is2(h) ;
  fmt[pid_fmt(fmt, getpid())] = 0 ;
  if (!g->cgroup) g->cgroup = concat(h && lc_cgroup_is2(h) ? "/lc-run." : "lc-run.", fmt) ;
  lc_cgroup_forget(&all) ;
}

static int have_equal_maps (guest const *g)
{
  return g->maps.uid.len == g->maps.gid.len && !memcmp(g->maps.uid.s, g->maps.gid.s, g->maps.uid.len) ;
}

static void map (inityml_lines *o, char const *letter, genalloc const *m)
{
  size_t i = 0 ;
  for (; i < genalloc_len(lc_idextent, m) ; i++)
  {
    char fmt[LC_IDEXTENT_FMT] ;
    lc_idextent_fmt(fmt, genalloc_s(lc_idextent, m) + i, ':') ;
    lines_option(o, letter, fmt) ;
  }
}

static void maps (inityml_lines *o, guest const *g, char const *both, char const *users, char const *groups)
{
  if (have_equal_maps(g)) map(o, both, &g->maps.uid) ;
  else
  {
    map(o, users, &g->maps.uid) ;
    map(o, groups, &g->maps.gid) ;
  }
}

 /* A step that can say what it does */

static void step (inityml_lines *o, char const *name)
{
  unsigned int n = lc_verbosity ;
  lines_step(o, name) ;
  while (n--) lines_flag(o, "-v") ;
}

 /* execline's commands, where they are looked for in vain on Debian */

static void execline (inityml_lines *o, char const *name)
{
  char const *path = find(name) ? name : concat(EXECLINE_DEBIAN, name) ;
  if (path != name && access(path, X_OK) == -1)
    strerr_dief(111, "there is no ", name, " of execline, neither in PATH nor in " EXECLINE_DEBIAN) ;
  lines_step(o, path) ;
}

 /* The chain, part by part */

static void environment (inityml_lines *o)
{
  size_t i = 0 ;
  for (; i < VARIABLES ; i++) if (getenv(variables[i]))
  {
    execline(o, "unexport") ;
    lines_flag(o, variables[i]) ;
  }
}

 /* The parent stays outside, and removes it at the end. cgroup v1 is not handed to
    a guest: lc-cgroup(8). */

static void cgroup (inityml_lines *o, guest const *g)
{
  char to[2 * UINT32_FMT] ;
  size_t n = uint32_fmt(to, g->uid) ;
  if (!g->cgroup) return ;
  lines_comment(o, "a cgroup of its own, as long as it runs") ;
  step(o, "lc-cgroup -D") ;
  if (g->memory) lines_option(o, "-m", g->memory) ;
  to[n++] = ':' ;
  to[n + uint32_fmt(to + n, g->gid)] = 0 ;
  if (g->leaves) lines_option(o, "-d", to) ;
  lines_word(o, g->cgroup) ;
  if (g->leaves)
  {
    step(o, "lc-cgroup") ;
    lines_word(o, "watcher") ;
  }
}

 /* The guest's leaf is the root of its cgroup namespace, which is made after. */

static void leaf (inityml_lines *o, guest const *g)
{
  step(o, "lc-cgroup") ;
  lines_option(o, "-d", "0:0") ;
  lines_word(o, concat(g->cgroup, "/payload")) ;
  step(o, "lc-unshare") ;
  lines_flag(o, "-C") ;
}

static void root_mount (inityml_lines *o, char const *type, char const *dir)
{
  step(o, "lc-mountfs -d") ;
  lines_option(o, "-R", dir) ;
  lines_flag(o, type) ;
}

static void overlay (inityml_lines *o, guest const *g)
{
  char const *const *layer = genalloc_s(char const *, &g->layers) ;
  size_t n = genalloc_len(char const *, &g->layers) ;
  int elsewhere = g->place != g->root ;
  size_t i = 0 ;
  if (g->shift && !have_equal_maps(g))
  {
    for (i = 0 ; i <= n ; i++)
    {
      char const *const dir[2] = { i ? layer[i-1] : g->root, i ? layer[i-1] : g->root } ;
      step(o, "lc-idmap") ;
      maps(o, g, "-b", "-u", "-g") ;
      lines_words(o, dir, 2) ;
    }
  }
  step(o, "lc-overlay") ;
  if (g->shift && have_equal_maps(g)) map(o, "-b", &g->maps.uid) ;
  if (elsewhere)
  {
    lines_flag(o, "-n") ;
    lines_option(o, "-l", g->root) ;
  }
  for (i = 0 ; i < n ; i++) lines_option(o, "-l", layer[i]) ;
  if (g->cache) lines_option(o, "-c", g->cache) ;
  else lines_flag(o, g->ephemeral ? "-t" : "-r") ;
  lines_word(o, g->place) ;
}

static int is_here (char const *path)
{
  struct stat here, there ;
  if (stat(".", &here) == -1 || stat(path, &there) == -1) strerr_diefusys(111, "look at the working directory") ;
  return here.st_dev == there.st_dev && here.st_ino == there.st_ino ;
}

 /* The working directory would stay below what is mounted on it. */

static void leave_mounts (inityml_lines *o, guest const *g)
{
  size_t n = genalloc_len(char const *, &g->layers) ;
  int here = is_here(g->place) || is_here(g->root) ;
  while (n--) here |= is_here(genalloc_s(char const *, &g->layers)[n]) ;
  if (!here) return ;
  execline(o, "cd") ;
  lines_flag(o, "/") ;
}

static void root (inityml_lines *o, guest const *g)
{
  char const *const both[2] = { g->root, g->place } ;
  lines_comment(o, g->shift ? "its root, with the ids of the guest" : "its root") ;
  leave_mounts(o, g) ;
  if (g->layers.len || g->cache || g->ephemeral)
  {
    overlay(o, g) ;
    return ;
  }
  if (g->shift)
  {
    step(o, "lc-idmap -r") ;
    maps(o, g, "-b", "-u", "-g") ;
    if (g->readonly) lines_flag(o, "-o ro") ;
  }
  else step(o, g->readonly ? "lc-mountfs -o rbind,ro" : "lc-mountfs -o rbind") ;
  lines_words(o, both, 2) ;
}

 /* A new proc belongs to the PID namespace, a new sysfs to the network namespace;
    so a guest with ids of its own that shares the caller's cannot mount them, and
    they are mounted before it has these ids, or bound where that is not possible
    either. */

static int is_before (guest const *g, unsigned int own)
{
  return g->mapped && !g->rootless && !own ;
}

static void proc (inityml_lines *o, guest const *g)
{
  root_mount(o, g->pid || !g->rootless ? "-t proc -o " FLAGS " proc /proc" : "-o rbind /proc /proc", g->place) ;
}

static void sys (inityml_lines *o, guest const *g)
{
  root_mount(o, g->net || !g->rootless ? "-t sysfs -o ro," FLAGS " sysfs /sys" : "-o rbind,ro /sys /sys", g->place) ;
}

 /* The hook stays outside, with the guest's PID. importas would change the name in
    the rest of the block: it is one that no word there has. */

static void hook (inityml_lines *o, guest const *g)
{
  stralloc key = STRALLOC_ZERO ;
  genalloc words = GENALLOC_ZERO ;  /* char const * */
  char const *const *interface = genalloc_s(char const *, &g->interfaces) ;
  size_t n = genalloc_len(char const *, &g->interfaces) ;
  size_t i = 0 ;
  if ((n && !genalloc_catb(char const *, &words, interface, n)) || (g->pre && !genalloc_append(char const *, &words, &g->pre))) dienomem() ;
  lines_variable(&key, "PID", genalloc_s(char const *, &words), genalloc_len(char const *, &words)) ;
  genalloc_free(char const *, &words) ;
  lines_new(o, 2) ;
  lines_text(o, "-b") ;
  lines_open(o) ;
  execline(o, "importas") ;
  lines_option(o, "-i", key.s) ;
  lines_flag(o, "LCBOOT_PID") ;
  if (n)
  {
    step(o, "lc-netmove") ;
    for (i = 0 ; i < n ; i++) lines_option(o, "-i", interface[i]) ;
    lines_text(o, " $") ;
    lines_text(o, key.s) ;
  }
  if (g->pre)
  {
    lines_new(o, 0) ;
    inityml_quote(o->sa, g->pre) ;
    lines_text(o, " $") ;
    lines_text(o, key.s) ;
  }
  lines_close(o) ;
  stralloc_free(&key) ;
}

static void namespaces (inityml_lines *o, guest const *g)
{
  size_t i = 0 ;
  lines_comment(o, "its namespaces") ;
  if (is_before(g, g->pid)) proc(o, g) ;
  if (is_before(g, g->net)) sys(o, g) ;
  step(o, g->leaves ? "lc-unshare -m -u -i" : "lc-unshare -m -u -i -C") ;
  if (g->pid) lines_flag(o, "-p") ;
  if (g->net) lines_flag(o, "-n -l") ;
  if (g->mapped) maps(o, g, "-B", "-M", "-G") ;
  for (i = 0 ; i < genalloc_len(char const *, &g->signals) ; i++) lines_option(o, "-s", genalloc_s(char const *, &g->signals)[i]) ;
  if (g->seconds) lines_option(o, "-k", g->seconds) ;
  if (g->pre || g->interfaces.len) hook(o, g) ;
  if (g->rootless) root(o, g) ;
}

static void inside (inityml_lines *o, guest const *g)
{
  lines_comment(o, "what is its own") ;
  if (g->leaves) leaf(o, g) ;
  if (g->hostname)
  {
    step(o, "lc-hostname") ;
    lines_word(o, g->hostname) ;
  }
  if (!is_before(g, g->pid)) proc(o, g) ;
  if (!is_before(g, g->net)) sys(o, g) ;
  step(o, "lc-mountcgroup") ;
  lines_option(o, "-R", g->place) ;
  lines_flag(o, "/sys/fs/cgroup") ;
  step(o, g->all ? "lc-mountdev -d -a" : "lc-mountdev -d -t") ;
  lines_option(o, "-R", g->place) ;
  lines_flag(o, "/dev") ;
  if (g->bin)
  {
    root_mount(o, "-t tmpfs -o mode=0700,nosuid,nodev tmpfs", g->place) ;
    lines_word(o, g->tmpfs) ;
    root_mount(o, "-o rbind,ro,nosuid,nodev", g->place) ;
    lines_word(o, g->bin) ;
    lines_word(o, concat(g->tmpfs, "/bin")) ;
  }
  if (g->fstab)
  {
    step(o, "lc-mountfs -d") ;
    lines_option(o, "-R", g->place) ;
    lines_option(o, "-f", g->fstab) ;
  }
}

 /* The extra script has execline's commands in its PATH, and knows the root. */

static void extra (inityml_lines *o, guest const *g)
{
  stralloc text = STRALLOC_ZERO ;
  if (g->extra)
  {
    char const *words[3] = { "execlineb", "-Pc" } ;
    if (!stralloc_cats(&text, "export NS_ROOT ")) dienomem() ;
    inityml_quote(&text, g->place) ;
    if (!stralloc_catb(&text, "\n", 1) || !stralloc_cats(&text, g->extra) || !stralloc_0(&text)) dienomem() ;
    words[2] = text.s ;
    lines_comment(o, "extra") ;
    step(o, "lc-before") ;
    lines_flag(o, "-b") ;
    lines_block(o, words, 3) ;
  }
  if (!g->writable) root_mount(o, "-o remount,bind,ro dev /dev", g->place) ;
  stralloc_free(&text) ;
}

static void enter (inityml_lines *o, guest const *g)
{
  lines_comment(o, "and in") ;
  step(o, "lc-pivot") ;
  if (g->oldroot) lines_option(o, "-o", g->oldroot) ;
  lines_word(o, g->place) ;
  lines_new(o, 0) ;
  if (g->words)
  {
    inityml_quote(o->sa, g->init[0]) ;
    lines_words(o, g->init + 1, g->words - 1) ;
  }
  else lines_text(o, INIT) ;
  lines_text(o, "\n") ;
}

static void chain (inityml_lines *o, guest const *g)
{
  lines_text(o, "#!/bin/execlineb -P\n") ;
  lines_step(o, "lc-sigreset") ;
  environment(o) ;
  cgroup(o, g) ;
  if (!g->rootless)
  {
    step(o, "lc-unshare -m") ;
    root(o, g) ;
  }
  namespaces(o, g) ;
  inside(o, g) ;
  extra(o, g) ;
  enter(o, g) ;
}

 /* The signal survives exec (prctl(2)), and lc-unshare forwards it to the guest.
    A parent that has ended before is told by the number of the new one. */

static void die_with_parent (pid_t parent)
{
  if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == -1) strerr_diefusys(111, "arrange to die with the parent") ;
  if (getppid() != parent) strerr_dief(111, "the parent is gone already") ;
}

static void check (guest const *g)
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
  guest g = GUEST_ZERO ;
  stralloc script = STRALLOC_ZERO ;
  inityml_lines o = { .sa = &script } ;
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
        case 'v' : lc_verbosity++ ; break ;
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
  from_environment(&g) ;
  check(&g) ;
  complete_paths(&g) ;
  complete_maps(&g) ;
  complete_cgroup(&g) ;

  chain(&o, &g) ;
  if (print)
  {
    if (allwrite(1, script.s, script.len) < script.len) strerr_diefusys(111, "write to standard output") ;
    return 0 ;
  }
  if (tied) die_with_parent(parent) ;
  if (!stralloc_0(&script)) dienomem() ;
  lines_exec(script.s) ;
}
