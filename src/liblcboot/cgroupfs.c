/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/attach.h>
#include <lcboot/cgroup.h>
#include <lcboot/cgroupfs.h>
#include <lcboot/fd.h>
#include <lcboot/inroot.h>
#include <lcboot/mountinfo.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>
#include <lcboot/userns.h>

#define dienomem() strerr_diefusys(111, "allocate memory")
#define USUAL "/sys/fs/cgroup"

 /* A hierarchy, and what there is of it */

struct hierarchy_s
{
  lc_cgroup const *c ;
  int fd ;             /* a mount of it, or -1 */
  int there ;          /* it is mounted, in view or hidden by another mount */
  int part ;           /* the mount shows a part of what a new one would */
  int usual ;          /* it is where the cgroup2 of a machine without v1 is */
} ;

static lc_cgroups cgroups = LC_CGROUPS_ZERO ;
static genalloc all = GENALLOC_ZERO ;   /* struct hierarchy_s */
static int mfd ;                        /* the tmpfs, or -1 */

#define ALL genalloc_s(struct hierarchy_s, &all)
#define N genalloc_len(struct hierarchy_s, &all)

 /* Roots are called as seen from the root of the cgroup namespace: / is that, /..
    and what is beside it is outside of it, and all others are within. */

static int is_part (char const *root)
{
  return root[1] && (strncmp(root, "/..", 3) || (root[3] && root[3] != '/')) ;
}

static int rank (struct hierarchy_s const *h)
{
  return h->fd == -1 ? 0 : 1 + !h->part + 2 * h->usual ;
}

static void look_at (lc_mountinfo const *m, struct hierarchy_s *h, int procfd, int rootfd)
{
  struct hierarchy_s new = { .c = h->c, .there = 1, .part = is_part(m->root), .usual = !strcmp(m->dir, USUAL) } ;
  if (!lc_cgroup_is_mount(h->c, m)) return ;
  h->there = 1 ;
  if (rank(&new) <= rank(h)) return ;
  new.fd = lc_cgroup_mount_open(m, procfd, rootfd) ;
  if (new.fd == -1)
  {
    if (errno == ENOENT) return ;
    strerr_diefusys(111, "open ", m->dir) ;
  }
  lc_close(h->fd) ;
  *h = new ;
}

static void find (void)
{
  lc_mountinfo m ;
  char *line ;
  size_t i = 0 ;
  int r ;
  int rootfd = lc_root_open(0) ;
  int procfd = lc_proc_open_self() ;
  if (rootfd == -1) strerr_diefusys(111, "open /") ;
  if (procfd == -1) strerr_diefusys(111, "open /proc") ;
  if (!lc_cgroup_list(&cgroups, procfd)) strerr_diefusys(111, "read the cgroups of this process and the mounts from /proc") ;
  for (; i < genalloc_len(lc_cgroup, &cgroups.h) ; i++)
  {
    struct hierarchy_s const h = { .c = genalloc_s(lc_cgroup, &cgroups.h) + i, .fd = -1 } ;
    if (!genalloc_append(struct hierarchy_s, &all, &h)) dienomem() ;
  }
  line = cgroups.mounts.s ;
  while ((r = lc_mountinfo_next(&line, &m)) > 0)
    for (i = 0 ; i < N ; i++) look_at(&m, ALL + i, procfd, rootfd) ;
  if (r == -1) strerr_diefusys(111, "read /proc/self/mountinfo") ;
  fd_close(procfd) ;
  fd_close(rootfd) ;
}

 /* An engine that has mounted none leaves that to the guest; one that has covered
    what is there does not want it seen. */

static int is_hidden (void)
{
  size_t i = 0 ;
  for (; i < N ; i++) if (ALL[i].there) return 1 ;
  return 0 ;
}

static void forget (void)
{
  size_t i = 0 ;
  for (; i < N ; i++) lc_close(ALL[i].fd) ;
  genalloc_free(struct hierarchy_s, &all) ;
  lc_cgroup_forget(&cgroups) ;
}

 /* cgroup2 if it is alone, or in its usual place; then *v1 is 0. Null if there is none. */

static struct hierarchy_s *choose (int *v1)
{
  struct hierarchy_s *h2 = 0 ;
  size_t i = 0 ;
  *v1 = 0 ;
  for (; i < N ; i++)
    if (ALL[i].fd == -1) continue ;
    else if (lc_cgroup_is2(ALL[i].c)) h2 = ALL + i ;
    else *v1 = 1 ;
  if (h2 && h2->usual) *v1 = 0 ;
  return h2 ;
}

 /* Mounting */

static void die_undone (char const *verb, char const *what, char const *why) gccattr_noreturn ;

static void die_undone (char const *verb, char const *what, char const *why)
{
  int e = errno ;
  if (mfd >= 0) lc_tree_detach(mfd) ;
  errno = e ;
  strerr_diefusys(111, verb, what, why, lc_attach_log()) ;
}

static int mount_new (struct hierarchy_s const *h, int fd, uint64_t attr)
{
  char const *type = lc_cgroup_is2(h->c) ? "cgroup2" : "cgroup" ;
  lc_mountopts o = { .attr_set = attr, .data = STRALLOC_ZERO } ;
  char *p ;
  int ok ;
  if (!lc_cgroup_is2(h->c) && (!stralloc_cats(&o.data, h->c->controllers) || !stralloc_0(&o.data))) dienomem() ;
  for (p = o.data.s ; p && (p = strchr(p, ',')) ; ) *p = 0 ;
  ok = lc_mount_fs(fd, type, type, &o, 0) ;
  stralloc_free(&o.data) ;
  return ok ;
}

 /* A new mount, of the root of the cgroup namespace. The present one, with the
    flags that it has, where it shows less, or where a new one is refused: one
    wants a cgroup namespace that the user namespace owns. Returns 0 if that is
    not to be had either. */

static int mount_one (struct hierarchy_s const *h, int fd, char const *name, lc_mountopts const *o, uint64_t attr)
{
  lc_mountopts const bind = { .attr_set = o->attr_set | attr, .data = STRALLOC_ZERO } ;
  if (!h->part && mount_new(h, fd, bind.attr_set)) return 1 ;
  if (lc_mount_bind(fd, h->fd, &bind, 0))
  {
    lc_say(name, " is bound as it is: ", h->part ? "it is only a part of the hierarchy" : "a new mount was refused") ;
    return 1 ;
  }
  if (errno != EINVAL)
    die_undone("mount control groups on ", name, errno == EPERM ? " (not privileged in this mount namespace: lc-unshare -m makes a new one)" : "") ;
  lc_say(name, " is left out: it was refused") ;
  return 0 ;
}

 /* The controllers without the name, or the name alone. What the names mean to a
    path is the kernel's affair: a letter, digit, dot, dash or underscore each. */

static void name_of (struct hierarchy_s const *h, stralloc *sa)
{
  char const *s = h->c->controllers ;
  char const *name = !strncmp(s, "name=", 5) ? s : strstr(s, ",name=") ;
  sa->len = 0 ;
  if (!(lc_cgroup_is2(h->c) ? stralloc_cats(sa, "unified") :
    name == s ? stralloc_cats(sa, s + 5) :
    stralloc_catb(sa, s, name ? (size_t)(name - s) : strlen(s)))
    || !stralloc_0(sa)) dienomem() ;
}

 /* cpu -> cpu,cpuacct */

static void make_links (char const *name)
{
  char const *s = name ;
  while (strchr(name, ',') && *s)
  {
    size_t n = strcspn(s, ",") ;
    char link[n + 1] ;
    memcpy(link, s, n) ;
    link[n] = 0 ;
    if (symlinkat(name, mfd, link) == -1 && errno != EEXIST) die_undone("make the link ", link, "") ;
    s += n + !!s[n] ;
  }
}

 /* release_agent and devices.allow are the machine's: controllers of v1 are not for
    root of the machine to write, in a guest. An init keeps its own hierarchy. */

static uint64_t guard (struct hierarchy_s const *h, lc_mountopts const *o, int inside)
{
  return inside || o->attr_clr & LC_ATTR_RDONLY || lc_cgroup_is2(h->c) || !strncmp(h->c->controllers, "name=", 5) ? 0 : LC_ATTR_RDONLY ;
}

static void add (struct hierarchy_s const *h, char const *name, lc_mountopts const *o, int inside)
{
  int fd, ok ;
  if (mkdirat(mfd, name, 0755) == -1)
  {
    if (errno != EEXIST) die_undone("make the directory ", name, "") ;
    lc_say(name, " is left out: there is another one of this name") ;
    return ;
  }
  fd = lc_inroot_entry(mfd, name) ;
  if (fd == -1) die_undone("open ", name, "") ;
  ok = mount_one(h, fd, name, o, guard(h, o, inside)) ;
  fd_close(fd) ;
  if (ok) make_links(name) ;
  else if (unlinkat(mfd, name, AT_REMOVEDIR) == -1) die_undone("remove the directory ", name, "") ;
}

static void mount_all (int targetfd, char const *target, lc_mountopts const *o)
{
  static char const data[] = "mode=0755" ;
  lc_mountopts t = { .attr_set = o->attr_set & ~(uint64_t)LC_ATTR_RDONLY, .data = STRALLOC_ZERO } ;
  lc_mountopts const ro = { .what = LC_OPT_REMOUNT | LC_OPT_BIND, .attr_set = LC_ATTR_RDONLY, .data = STRALLOC_ZERO } ;
  stralloc name = STRALLOC_ZERO ;
  mode_t mask = umask(022) ;
  int inside = lc_userns_inside() ;
  size_t i = 0 ;
  if (!stralloc_catb(&t.data, data, sizeof(data))) dienomem() ;
  if (!lc_mount_fs(targetfd, "tmpfs", "cgroup", &t, &mfd))
  {
    mfd = -1 ;
    die_undone("mount a tmpfs on ", target, errno == EPERM ? " (not privileged in this mount namespace: lc-unshare -m makes a new one)" : "") ;
  }
  for (; i < N ; i++)
    if (ALL[i].fd >= 0)
    {
      name_of(ALL + i, &name) ;
      add(ALL + i, name.s, o, inside) ;
    }
  if (!lc_mount_remount(mfd, &ro)) die_undone("make read-only ", target, "") ;
  fd_close(mfd) ;
  stralloc_free(&name) ;
  stralloc_free(&t.data) ;
  umask(mask) ;
}

int lc_cgroupfs_mount (int rootfd, char const *target, lc_mountopts const *o)
{
  lc_cgroup const unified = { .controllers = "" } ;
  struct hierarchy_s const new2 = { .c = &unified, .fd = -1 } ;
  struct hierarchy_s *h2 ;
  struct stat st ;
  int v1, fd ;
  int done = 1 ;
  mfd = -1 ;
  find() ;
  h2 = choose(&v1) ;
  if (!h2 && !v1 && is_hidden())
  {
    lc_say("nothing is mounted on ", target, ": the control groups are hidden here") ;
    forget() ;
    return 0 ;
  }
  fd = lc_inroot_open(rootfd, target, rootfd == AT_FDCWD ? 0 : LC_INROOT_NOSYMLINKS) ;
  if (fd == -1)
    strerr_diefusys(111, "open ", target, rootfd == AT_FDCWD ? "" : " in the root",
      errno == ELOOP ? " (a symbolic link is in the way)" : "") ;
  if (fstat(fd, &st) == -1) strerr_diefusys(111, "stat ", target) ;
  if (!S_ISDIR(st.st_mode))
  {
    errno = ENOTDIR ;
    strerr_diefusys(111, "mount control groups on ", target) ;
  }
  if (v1) mount_all(fd, target, o) ;
  else if (h2) done = mount_one(h2, fd, target, o, 0) ;
  else if (!mount_new(&new2, fd, o->attr_set))
  {
    lc_say("nothing is mounted on ", target, ": no control groups are mounted here, and a new mount was refused") ;
    done = 0 ;
  }
  fd_close(fd) ;
  forget() ;
  return done ;
}
