/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <skalibs/gccattributes.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/cgroup.h>
#include <lcboot/cgrouplimit.h>
#include <lcboot/ids.h>
#include <lcboot/say.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

#define PIDS_MAX 4194304  /* PID_MAX_LIMIT of the kernel */

static void fail (lc_cgroups *all, char const *what, char const *a, char const *b, char const *c, char const *why) gccattr_noreturn ;

static void fail (lc_cgroups *all, char const *what, char const *a, char const *b, char const *c, char const *why)
{
  lc_cgroup_undo_all(all) ;
  strerr_diefusys(111, what, a, b, c, why) ;
}

void lc_cglimit_add (genalloc *limits, int opt, char const *arg)
{
  lc_cglimit l = { .opt = opt, .arg = arg, .n = 0, .controller = "" } ;
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
      if (dot >= LC_CGLIMIT_CONTROLLER || len > NAME_MAX) strerr_dief(100, "invalid setting: ", arg, " (the name of the file is too long)") ;
      if (dot < len) memcpy(l.controller, arg, dot) ;
  }
  if (!genalloc_append(lc_cglimit, limits, &l)) dienomem() ;
}

 /* The hierarchy of a limit. A file of no controller is cgroup2's if it is called
    cgroup.…, else it is there in each hierarchy of cgroup v1. */

void lc_cglimit_find (lc_cglimit *l, lc_cgroups const *all)
{
  int core = !l->controller[0] || !strcmp(l->controller, "cgroup") ;
  if (core)
  {
    lc_cgroup *h = genalloc_s(lc_cgroup, &all->h) ;
    lc_cgroup *end = h + genalloc_len(lc_cgroup, &all->h) ;
    l->h = l->controller[0] ? lc_cgroup_of(all, "") : 0 ;
    l->controller[0] = 0 ;
    if (l->h && l->h->rootfd >= 0) return ;
    l->h = 0 ;
    for (; h < end ; h++) if (h->rootfd >= 0 && !lc_cgroup_is2(h)) return ;
    strerr_dief(111, "there is no cgroup file system mounted here that could have the file of ", l->arg) ;
  }
  l->h = lc_cgroup_of(all, l->controller) ;
  if (l->h && l->h->rootfd >= 0) return ;
  strerr_dief(111, "the controller ", l->controller,
    l->h && !lc_cgroup_is2(l->h) ? " is in a hierarchy of cgroup v1 that is not mounted here" : " is in no hierarchy that is mounted here") ;
}

int lc_cglimit_is_for (lc_cglimit const *l, lc_cgroup const *h)
{
  return l->h ? l->h == h : h->rootfd >= 0 && !lc_cgroup_is2(h) ;
}

int lc_cglimit_enable (lc_cgroups *all, lc_cgroup *h, char const *controller, int enter, int must)
{
  stralloc at = STRALLOC_ZERO ;
  stralloc why = STRALLOC_ZERO ;
  int r = lc_cgroup_enable(h, controller, enter, &at, &why) ;
  if (!r && (!at.len || !why.len)) dienomem() ;
  if (!r && must) fail(all, "enable the controller ", controller, " below ", at.s, why.s) ;
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

static void set (lc_cgroups *all, lc_cgroup *h, char const *file, char const *value)
{
  stralloc path = STRALLOC_ZERO ;
  if (!stralloc_cats(&path, h->name.s) || !stralloc_catb(&path, "/", 1) || !stralloc_cats(&path, file) || !stralloc_0(&path)) dienomem() ;
  if (!lc_cgroup_write(h, file, value)) fail(all, "write ", value, " to ", path.s, why_not_write(h)) ;
  lc_say(path.s, " is ", value) ;
  stralloc_free(&path) ;
}

static void set_if_there (lc_cgroups *all, lc_cgroup *h, char const *file, char const *value)
{
  if (lc_cgroup_has(h, file)) set(all, h, file, value) ;
  else lc_say("there is no ", h->name.s, "/", file) ;
}

 /* Memory and swap together. cgroup2 counts swap apart, so there is none; cgroup
    v1 counts the sum, which must never be less than the memory alone. Before
    Linux 5.11 a cgroup below could forget of the limit: memory.use_hierarchy. */

static void set_memory (lc_cgroups *all, lc_cgroup *h, char const *value)
{
  if (lc_cgroup_is2(h))
  {
    set(all, h, "memory.max", value) ;
    set_if_there(all, h, "memory.swap.max", "0") ;
    return ;
  }
  set_if_there(all, h, "memory.use_hierarchy", "1") ;
  lc_cgroup_write(h, "memory.memsw.limit_in_bytes", value) ;  /* for more than before; for less the kernel says no, and it comes last */
  set(all, h, "memory.limit_in_bytes", value) ;
  set_if_there(all, h, "memory.memsw.limit_in_bytes", value) ;
}

void lc_cglimit_apply (lc_cgroups *all, lc_cgroup *h, lc_cglimit const *l, int enter)
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
  if (lc_cgroup_is2(h) && l->controller[0] && !lc_cgroup_has(h, file)) lc_cglimit_enable(all, h, l->controller, enter, 1) ;
  fmt[uint64_fmt(fmt, l->n)] = 0 ;
  switch (l->opt)
  {
    case 'm' : set_memory(all, h, fmt) ; break ;
    case 'p' : set(all, h, file, l->arg) ; break ;
    default : set(all, h, file, l->arg + n + 1) ;
  }
}
