/* ISC license. */

#include <skalibs/nonposix.h>

#include <stdlib.h>
#include <unistd.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/find.h>
#include <lcboot/idmap.h>

#include <inityml/chain.h>
#include <inityml/guest.h>
#include <inityml/lines.h>
#include <inityml/quote.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

#define INIT "/sbin/init"
#define EXECLINE_DEBIAN "/usr/lib/execline/bin/"  /* not in PATH there */
#define FLAGS "nosuid,nodev,noexec"

void chain_step (inityml_lines *o, char const *name)
{
  unsigned int n = o->verbose ;
  lines_step(o, name) ;
  while (n--) lines_flag(o, "-v") ;
}

void chain_execline (inityml_lines *o, char const *name)
{
  char const *path = lc_find_program(name) ? name : guest_concat(EXECLINE_DEBIAN, name) ;
  if (path != name && access(path, X_OK) == -1)
    strerr_dief(111, "there is no ", name, " of execline, neither in PATH nor in " EXECLINE_DEBIAN) ;
  lines_step(o, path) ;
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

void chain_maps (inityml_lines *o, inityml_guest const *g, char const *both, char const *users, char const *groups)
{
  if (g->alike) map(o, both, &g->maps.uid) ;
  else
  {
    map(o, users, &g->maps.uid) ;
    map(o, groups, &g->maps.gid) ;
  }
}

static void environment (inityml_lines *o)
{
  char const *const *name = guest_variables ;
  for (; *name ; name++) if (getenv(*name))
  {
    chain_execline(o, "unexport") ;
    lines_flag(o, *name) ;
  }
}

 /* The parent stays outside, and removes it at the end. cgroup v1 is not handed to
    a guest: lc-cgroup(8). */

static void cgroup (inityml_lines *o, inityml_guest const *g)
{
  char to[2 * UINT32_FMT] ;
  size_t n = uint32_fmt(to, g->uid) ;
  if (!g->cgroup) return ;
  lines_comment(o, "a cgroup of its own, as long as it runs") ;
  chain_step(o, "lc-cgroup -D") ;
  if (g->memory) lines_option(o, "-m", g->memory) ;
  to[n++] = ':' ;
  to[n + uint32_fmt(to + n, g->gid)] = 0 ;
  if (g->leaves) lines_option(o, "-d", to) ;
  lines_word(o, g->cgroup) ;
  if (g->leaves)
  {
    chain_step(o, "lc-cgroup") ;
    lines_word(o, "watcher") ;
  }
}

 /* The guest's leaf is the root of its cgroup namespace, which is made after. */

static void leaf (inityml_lines *o, inityml_guest const *g)
{
  chain_step(o, "lc-cgroup") ;
  lines_option(o, "-d", "0:0") ;
  lines_word(o, guest_concat(g->cgroup, "/payload")) ;
  chain_step(o, "lc-unshare") ;
  lines_flag(o, "-C") ;
}

static void root_mount (inityml_lines *o, char const *type, char const *dir)
{
  chain_step(o, "lc-mountfs -d") ;
  lines_option(o, "-R", dir) ;
  lines_flag(o, type) ;
}

 /* A new proc belongs to the PID namespace, a new sysfs to the network namespace;
    so a guest with ids of its own that shares the caller's cannot mount them, and
    they are mounted before it has these ids, or bound where that is not possible
    either. */

static int is_before (inityml_guest const *g, unsigned int own)
{
  return g->mapped && !g->rootless && !own ;
}

static void proc (inityml_lines *o, inityml_guest const *g)
{
  root_mount(o, g->pid || !g->rootless ? "-t proc -o " FLAGS " proc /proc" : "-o rbind /proc /proc", g->place) ;
}

static void sys (inityml_lines *o, inityml_guest const *g)
{
  root_mount(o, g->net || !g->rootless ? "-t sysfs -o ro," FLAGS " sysfs /sys" : "-o rbind,ro /sys /sys", g->place) ;
}

 /* The hook stays outside, with the guest's PID. importas would change the name in
    the rest of the block: it is one that no word there has. */

static void hook (inityml_lines *o, inityml_guest const *g)
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
  chain_execline(o, "importas") ;
  lines_option(o, "-i", key.s) ;
  lines_flag(o, "LCBOOT_PID") ;
  if (n)
  {
    chain_step(o, "lc-netmove") ;
    for (i = 0 ; i < n ; i++) lines_option(o, "-i", interface[i]) ;
    lines_text(o, " $") ;
    lines_text(o, key.s) ;
  }
  if (g->pre)
  {
    lines_command(o, &g->pre, 1) ;
    lines_text(o, " $") ;
    lines_text(o, key.s) ;
  }
  lines_close(o) ;
  stralloc_free(&key) ;
}

static void namespaces (inityml_lines *o, inityml_guest const *g)
{
  size_t i = 0 ;
  lines_comment(o, "its namespaces") ;
  if (is_before(g, g->pid)) proc(o, g) ;
  if (is_before(g, g->net)) sys(o, g) ;
  chain_step(o, g->leaves ? "lc-unshare -m -u -i" : "lc-unshare -m -u -i -C") ;
  if (g->pid) lines_flag(o, "-p") ;
  if (g->net) lines_flag(o, "-n -l") ;
  if (g->mapped) chain_maps(o, g, "-B", "-M", "-G") ;
  for (i = 0 ; i < genalloc_len(char const *, &g->signals) ; i++) lines_option(o, "-s", genalloc_s(char const *, &g->signals)[i]) ;
  if (g->seconds) lines_option(o, "-k", g->seconds) ;
  if (g->pre || g->interfaces.len) hook(o, g) ;
  if (g->rootless) chain_root(o, g) ;
}

static void inside (inityml_lines *o, inityml_guest const *g)
{
  lines_comment(o, "what is its own") ;
  if (g->leaves) leaf(o, g) ;
  if (g->hostname)
  {
    chain_step(o, "lc-hostname") ;
    lines_word(o, g->hostname) ;
  }
  if (!is_before(g, g->pid)) proc(o, g) ;
  if (!is_before(g, g->net)) sys(o, g) ;
  chain_step(o, "lc-mountcgroup") ;
  lines_option(o, "-R", g->place) ;
  lines_flag(o, "/sys/fs/cgroup") ;
  chain_step(o, g->all ? "lc-mountdev -d -a" : "lc-mountdev -d -t") ;
  lines_option(o, "-R", g->place) ;
  lines_flag(o, "/dev") ;
  if (g->bin)
  {
    root_mount(o, "-t tmpfs -o mode=0700,nosuid,nodev tmpfs", g->place) ;
    lines_word(o, g->tmpfs) ;
    root_mount(o, "-o rbind,ro,nosuid,nodev", g->place) ;
    lines_word(o, g->bin) ;
    lines_word(o, guest_concat(g->tmpfs, "/bin")) ;
  }
  if (g->fstab)
  {
    chain_step(o, "lc-mountfs -d") ;
    lines_option(o, "-R", g->place) ;
    lines_option(o, "-f", g->fstab) ;
  }
}

 /* The extra script has execline's commands in its PATH, and knows the root. */

static void extra (inityml_lines *o, inityml_guest const *g)
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
    chain_step(o, "lc-before") ;
    lines_flag(o, "-b") ;
    lines_block(o, words, 3) ;
  }
  if (!g->writable) root_mount(o, "-o remount,bind,ro dev /dev", g->place) ;
  stralloc_free(&text) ;
}

static void enter (inityml_lines *o, inityml_guest const *g)
{
  lines_comment(o, "and in") ;
  chain_step(o, "lc-pivot") ;
  if (g->oldroot) lines_option(o, "-o", g->oldroot) ;
  lines_word(o, g->place) ;
  if (g->words) lines_command(o, g->init, g->words) ;
  else lines_step(o, INIT) ;
  lines_text(o, "\n") ;
}

void inityml_chain (stralloc *sa, inityml_guest const *g)
{
  inityml_lines lines = { .sa = sa, .line = sa->len, .verbose = g->verbose } ;
  inityml_lines *o = &lines ;
  lines_text(o, "#!/bin/execlineb -P\n") ;
  lines_step(o, "lc-sigreset") ;
  environment(o) ;
  cgroup(o, g) ;
  if (!g->rootless)
  {
    chain_step(o, "lc-unshare -m") ;
    chain_root(o, g) ;
  }
  namespaces(o, g) ;
  inside(o, g) ;
  extra(o, g) ;
  enter(o, g) ;
}
