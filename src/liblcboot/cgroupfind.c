/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <lcboot/attach.h>
#include <lcboot/cgroup.h>
#include <lcboot/fd.h>
#include <lcboot/inroot.h>
#include <lcboot/mountinfo.h>
#include <lcboot/mountopts.h>
#include <lcboot/proc.h>
#include <lcboot/sys.h>

 /* proc_pid_cgroup(5): number:controllers:path */

static int read_self (lc_cgroups *all)
{
  char *line = all->self.s ;
  while (*line)
  {
    lc_cgroup h = LC_CGROUP_ZERO ;
    char *next = line + strcspn(line, "\n") ;
    char *p, *q ;
    if (*next) *next++ = 0 ;
    p = strchr(line, ':') ;
    q = p ? strchr(p + 1, ':') : 0 ;
    line = next ;
    if (!q) continue ;
    *q++ = 0 ;
    h.controllers = p + 1 ;
    h.self = q ;
    if (!genalloc_append(lc_cgroup, &all->h, &h)) return 0 ;
  }
  return 1 ;
}

int lc_cgroup_list (lc_cgroups *all, int procfd)
{
  if (!lc_proc_slurp(procfd, 0, "mountinfo", &all->mounts)) return 0 ;
  if (!lc_proc_slurp(procfd, 0, "cgroup", &all->self)
    && (errno != ENOENT || !stralloc_0(&all->self))) return 0 ;  /* a kernel without cgroups */
  return read_self(all) ;
}

int lc_cgroup_has_controller (lc_cgroup const *h, char const *controller)
{
  return !lc_cgroup_is2(h) && lc_cgroup_lists(h->controllers, controller, strlen(controller), ",") ;
}

 /* A controller or a name belongs to one hierarchy: the first word will do. */

int lc_cgroup_is_mount (lc_cgroup const *h, lc_mountinfo const *m)
{
  return lc_cgroup_is2(h) ? !strcmp(m->type, "cgroup2") :
    !strcmp(m->type, "cgroup") && lc_cgroup_lists(m->super, h->controllers, strcspn(h->controllers, ","), ",") ;
}

int lc_cgroup_mount_open (lc_mountinfo const *m, int procfd, int rootfd)
{
  struct stat st ;
  int fd = lc_mountinfo_open(m, procfd, rootfd, m->dir + 1) ;
  if (fd == -1) return -1 ;
  if (fstat(fd, &st) == -1) { lc_close(fd) ; return -1 ; }
  if (!S_ISDIR(st.st_mode)) { fd_close(fd) ; return (errno = ENOENT, -1) ; }
  return fd ;
}

 /* A mount shows the cgroups below its root. Both paths count from the root of
    the cgroup namespace, and begin with /.. where they are not below that. */

static char const *under (char const *root, char const *path)
{
  size_t n = strcmp(root, "/") ? strlen(root) : 0 ;
  if (strncmp(path, root, n) || (path[n] && path[n] != '/')) return 0 ;
  path += n ;
  return strncmp(path, "/..", 3) || (path[3] && path[3] != '/') ? path : 0 ;
}

static int quality (int fd, char const *current, int rdonly)
{
  return fd == -1 ? 0 : 1 + !rdonly + (current ? 2 : 0) ;
}

static int call (lc_cgroup *h, char const *name)
{
  h->name.len = 0 ;
  if (!stralloc_cats(&h->name, name) || !stralloc_0(&h->name)) return 0 ;
  h->below = --h->name.len ;
  return 1 ;
}

 /* A mount of h's: taken if it is better than what there was. */

static int consider (lc_cgroup *h, lc_mountinfo const *m, int procfd, int rootfd)
{
  struct statvfs sfs ;
  char const *current ;
  int rdonly ;
  int fd = lc_cgroup_mount_open(m, procfd, rootfd) ;
  if (fd == -1) return 1 ;
  if (fstatvfs(fd, &sfs) == -1) goto no ;
  rdonly = !!(sfs.f_flag & ST_RDONLY) ;
  current = under(m->root, h->self) ;
  if (current)
  {
    int currentfd = lc_cgroup_dir(fd, current, strlen(current)) ;
    if (currentfd == -1) current = 0 ;
    lc_close(currentfd) ;
  }
  if (quality(fd, current, rdonly) <= quality(h->rootfd, h->current, h->rdonly)) goto no ;
  lc_close(h->rootfd) ;
  h->rootfd = fd ;
  h->rdonly = rdonly ;
  h->current = current ;
  if (call(h, m->dir)) return 1 ;
  lc_close(fd) ;
  h->rootfd = -1 ;
  return 0 ;
 no:
  fd_close(fd) ;
  return 1 ;
}

 /* Returns how many mounts of cgroups there are, or -1. */

static int consider_all (lc_cgroups *all, int procfd, int rootfd)
{
  char *line = all->mounts.s ;
  int mounts = 0 ;
  for (;;)
  {
    lc_mountinfo m ;
    size_t i = 0 ;
    int r = lc_mountinfo_next(&line, &m) ;
    if (r <= 0) return r ? r : mounts ;
    if (strcmp(m.type, "cgroup") && strcmp(m.type, "cgroup2")) continue ;
    mounts++ ;
    for (; i < genalloc_len(lc_cgroup, &all->h) ; i++)
    {
      lc_cgroup *h = genalloc_s(lc_cgroup, &all->h) + i ;
      if (lc_cgroup_is_mount(h, &m) && !consider(h, &m, procfd, rootfd)) return -1 ;
    }
  }
}

 /* cgroup2 in a mount that nobody else sees: its root is that of the cgroup
    namespace (cgroup_namespaces(7)). */

static int mount_own (lc_cgroup *h)
{
  lc_mountopts const o = { .attr_set = LC_ATTR_NOSUID | LC_ATTR_NODEV | LC_ATTR_NOEXEC, .data = STRALLOC_ZERO } ;
  int fd = lc_fs_make("cgroup2", "cgroup2", &o) ;
  if (fd == -1) return errno != ENOMEM ;
  h->rootfd = fd ;
  h->rdonly = 0 ;
  h->current = under("/", h->self) ;
  return call(h, "cgroup2:") ;
}

int lc_cgroup_find (lc_cgroups *all, int own)
{
  lc_cgroup *h ;
  int rootfd = lc_root_open(0) ;
  int procfd = lc_proc_open_self() ;
  int mounts = rootfd >= 0 && procfd >= 0 && lc_cgroup_list(all, procfd) ? consider_all(all, procfd, rootfd) : -1 ;
  lc_close(procfd) ;
  lc_close(rootfd) ;
  if (mounts == -1) return 0 ;
  h = own && !mounts ? lc_cgroup_of(all, "") : 0 ;
  return !h || mount_own(h) ;
}

void lc_cgroup_forget (lc_cgroups *all)
{
  size_t i = 0 ;
  for (; i < genalloc_len(lc_cgroup, &all->h) ; i++)
  {
    lc_cgroup *h = genalloc_s(lc_cgroup, &all->h) + i ;
    lc_close(h->rootfd) ;
    lc_close(h->fd) ;
    stralloc_free(&h->name) ;
    stralloc_free(&h->passed) ;
  }
  genalloc_free(lc_cgroup, &all->h) ;
  stralloc_free(&all->self) ;
  stralloc_free(&all->mounts) ;
}

lc_cgroup *lc_cgroup_of (lc_cgroups const *all, char const *controller)
{
  lc_cgroup *unified = 0 ;
  size_t i = 0 ;
  for (; i < genalloc_len(lc_cgroup, &all->h) ; i++)
  {
    lc_cgroup *h = genalloc_s(lc_cgroup, &all->h) + i ;
    if (lc_cgroup_has_controller(h, controller)) return h ;
    if (lc_cgroup_is2(h)) unified = h ;
  }
  return unified ;
}

