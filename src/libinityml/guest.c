/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/cgroup.h>
#include <lcboot/find.h>
#include <lcboot/idmap.h>
#include <lcboot/say.h>

#include <inityml/guest.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

char const *guest_concat (char const *a, char const *b)
{
  stralloc sa = STRALLOC_ZERO ;
  if (!stralloc_cats(&sa, a) || !stralloc_cats(&sa, b) || !stralloc_0(&sa)) dienomem() ;
  return sa.s ;
}

char const *const guest_variables[] = { "HOST", "NS_ROOT", "NS_EXTRA", "NS_FSTAB", "NS_BIN", "NS_TMPFS", "NS_NO_PID1", 0 } ;

 /* A variable that is empty is one that is not there. */

static char const *variable (char const *name)
{
  char const *s = getenv(name) ;
  return s && *s ? s : 0 ;
}

void guest_environment (inityml_guest *g)
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

static void rootless_maps (inityml_guest *g)
{
  char const *missing = !lc_idmap_has_auto(0) || !lc_idmap_has_auto(1) ? "there are no subordinate ones" :
    !lc_find_program("newuidmap") || !lc_find_program("newgidmap") ? "there is no newuidmap or newgidmap" : 0 ;
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

static void complete_maps (inityml_guest *g)
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
    g->alike = g->maps.uid.len == g->maps.gid.len && !memcmp(g->maps.uid.s, g->maps.gid.s, g->maps.uid.len) ;
  }
  if (stat(g->root, &st) == -1) strerr_diefusys(111, "stat ", g->root) ;
  g->shift = g->mapped && !g->rootless && !is_outside(&g->maps.uid, st.st_uid) ;
}

 /* A path that means the same when something is mounted there: "." would still
    be what lies below. */

static void canonical_dir (char const **path)
{
  stralloc sa = STRALLOC_ZERO ;
  struct stat st ;
  if (sarealpath(&sa, *path) == -1) strerr_diefusys(111, "find ", *path) ;
  if (!stralloc_0(&sa)) dienomem() ;
  *path = sa.s ;
  if (stat(*path, &st) == -1) strerr_diefusys(111, "stat ", *path) ;
  if (S_ISDIR(st.st_mode)) return ;
  errno = ENOTDIR ;
  strerr_diefusys(111, "use ", *path) ;
}

static void absolute (char const **path)
{
  stralloc sa = STRALLOC_ZERO ;
  if (!*path || **path == '/') return ;
  if (sagetcwd(&sa) == -1) strerr_diefusys(111, "find the working directory") ;
  if (!stralloc_catb(&sa, "/", 1) || !stralloc_cats(&sa, *path) || !stralloc_0(&sa)) dienomem() ;
  *path = sa.s ;
}

static void complete_paths (inityml_guest *g)
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
  if (*g->tmpfs != '/') g->tmpfs = guest_concat("/", g->tmpfs) ;
}

 /* The guest's cgroup. In cgroup2 a cgroup that has processes cannot limit those
    below it, and that of the caller has at least this one: what is not named lies
    below the root then, the machine's or a container's, which root alone can do.
    And the guest's init and its watcher get a leaf each, so that the guest can do
    with its cgroup what it likes. */

static void complete_cgroup (inityml_guest *g)
{
  lc_cgroups all = LC_CGROUPS_ZERO ;
  lc_cgroup const *h ;
  char fmt[PID_FMT] ;
  if (!g->memory && !g->cgroup) return ;
  if (!lc_cgroup_find(&all, 0)) strerr_diefusys(111, "find the cgroups of this process") ;
  h = lc_cgroup_of(&all, "memory") ;
  g->leaves = g->pid && h && lc_cgroup_is2(h) ;
  fmt[pid_fmt(fmt, getpid())] = 0 ;
  if (!g->cgroup) g->cgroup = guest_concat(h && lc_cgroup_is2(h) ? "/lc-run." : "lc-run.", fmt) ;
  lc_cgroup_forget(&all) ;
}

void guest_complete (inityml_guest *g)
{
  complete_paths(g) ;
  complete_maps(g) ;
  complete_cgroup(g) ;
}
