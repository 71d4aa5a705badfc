/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/attach.h>
#include <lcboot/exec.h>
#include <lcboot/fd.h>
#include <lcboot/idmap.h>
#include <lcboot/inroot.h>
#include <lcboot/mountopts.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>
#include <lcboot/userns.h>

#define USAGE "lc-idmap [ -v ] [ -R root ] [ -r ] [ -o flags ] ( ( -b map | -u map | -g map | -m type:map )... | -n nsfile ) source target prog..."
#define dieusage() strerr_dieusage(100, USAGE)

 /* A map with its kind before it, as mount-idmapped(8) and mount(8) take it. Returns
    0 if s is something else. */

static int add_typed (lc_idmaps *maps, char const *s)
{
  static struct { char const *name ; int uid ; int gid ; } const types[] =
  {
    { "b:", 1, 1 }, { "both:", 1, 1 }, { "u:", 1, 0 }, { "uid:", 1, 0 }, { "g:", 0, 1 }, { "gid:", 0, 1 }
  } ;
  unsigned int i = 0 ;
  for (; i < sizeof(types) / sizeof(types[0]) ; i++)
  {
    size_t n = strlen(types[i].name) ;
    if (strncmp(s, types[i].name, n)) continue ;
    if (types[i].uid) lc_idmap_add(&maps->uid, s + n) ;
    if (types[i].gid) lc_idmap_add(&maps->gid, s + n) ;
    return 1 ;
  }
  return 0 ;
}

static int open_userns (char const *nsfile)
{
  int fd = open(nsfile, O_RDONLY | O_NONBLOCK | O_CLOEXEC) ;
  if (fd == -1) strerr_diefusys(111, "open ", nsfile) ;
  if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWUSER) strerr_dief(100, nsfile, " is not the file of a user namespace") ;
  return fd ;
}

 /* move_mount(2) says EINVAL */

static void check_kinds (int srcfd, int targetfd, char const *const *argv, struct stat *target)
{
  struct stat src ;
  if (fstat(srcfd, &src) == -1 || fstat(targetfd, target) == -1) strerr_diefusys(111, "stat ", argv[0], " or ", argv[1]) ;
  if (!S_ISDIR(src.st_mode) == !S_ISDIR(target->st_mode)) return ;
  errno = ENOTDIR ;
  strerr_diefusys(111, "mount ", argv[0], " on ", argv[1], " (a directory and a non-directory)") ;
}

 /* Ids of a kind that no map was given for stay what they are. */

static int make_userns (lc_idmaps *maps)
{
  if (!genalloc_len(lc_idextent, &maps->uid)) lc_idmap_add_identity(&maps->uid, 0) ;
  if (!genalloc_len(lc_idextent, &maps->gid)) lc_idmap_add_identity(&maps->gid, 1) ;
  return lc_userns_make(maps) ;
}

 /* mount_setattr(2), ERRORS, as a user needs it */

static void die_idmap (int mfd, char const *source, int rec) gccattr_noreturn ;

static void die_idmap (int mfd, char const *source, int rec)
{
  int e = errno ;
  stralloc type = STRALLOC_ZERO ;
  if (e == ENOSYS) strerr_dief(111, "unable to map the ids of ", source, ": no mount_setattr: it needs Linux 5.12, or a seccomp filter hides it") ;
  if (!lc_proc_fstype(mfd, &type)) stralloc_copys(&type, "unknown"), stralloc_0(&type) ;
  errno = e ;
  strerr_diefusys(111, "map the ids of ", source, " (file system: ", type.s, rec ? ", or one below it" : "",
    e == EINVAL ? ": it does not support idmapped mounts here)" :
    e == EPERM ? ": its ids are mapped already, it belongs to another user namespace, or the namespace is the first one)" : ")") ;
}

int main (int argc, char const **argv)
{
  lc_idmaps maps = LC_IDMAPS_ZERO ;
  lc_mountopts o = LC_MOUNTOPTS_ZERO ;
  struct lc_mount_attr attr = { .attr_set = LC_ATTR_IDMAP } ;
  char const *root = 0 ;
  char const *nsfile = 0 ;
  char const *problem ;
  struct stat target ;
  int rec = 0 ;
  int rootfd, srcfd, targetfd, mfd, nsfd ;
  PROG = "lc-idmap" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vR:ro:b:u:g:m:n:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'R' : root = l.arg ; break ;
        case 'r' : rec = 1 ; break ;
        case 'o' :
          problem = lc_mountopts_scan_attr(&o, l.arg) ;
          if (problem) strerr_dief(100, problem) ;
          break ;
        case 'b' : lc_idmap_add(&maps.uid, l.arg) ; lc_idmap_add(&maps.gid, l.arg) ; break ;
        case 'u' : lc_idmap_add(&maps.uid, l.arg) ; break ;
        case 'g' : lc_idmap_add(&maps.gid, l.arg) ; break ;
        case 'm' :
          if (add_typed(&maps, l.arg)) break ;
          if (l.arg[0] != '/') strerr_dief(100, "invalid map: ", l.arg, " (expected b:, u: or g: and a map, or the absolute path of a user namespace)") ;
          nsfile = l.arg ;
          break ;
        case 'n' : nsfile = l.arg ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc < 2) dieusage() ;
  if (nsfile && (maps.uid.len || maps.gid.len)) strerr_dief(100, "-n gives the maps: it excludes -b, -u, -g and those of -m") ;
  if (!nsfile && !maps.uid.len && !maps.gid.len) strerr_dief(100, "no map: -b, -u, -g, -m or -n is needed") ;

  srcfd = open(argv[0], O_PATH | O_CLOEXEC) ;
  if (srcfd == -1) strerr_diefusys(111, "open ", argv[0]) ;
  rootfd = lc_root_option(root) ;
  targetfd = lc_inroot_open(rootfd, argv[1], 0) ;
  if (targetfd == -1) strerr_diefusys(111, "open ", argv[1], root ? " in " : "", root ? root : "") ;
  check_kinds(srcfd, targetfd, argv, &target) ;
  nsfd = nsfile ? open_userns(nsfile) : make_userns(&maps) ;

  mfd = lc_tree_clone(srcfd, rec) ;
  if (mfd == -1 && errno != ENOSYS)
    strerr_diefusys(111, "clone the mount at ", argv[0],
      errno == EPERM ? " (not privileged over this mount namespace: lc-unshare -m makes a new one; or a seccomp filter hides mount_setattr)" :
      errno == EINVAL ? " (a mount locked or unbindable is in the way: -r takes the whole tree)" : "") ;
  attr.attr_set |= o.attr_set ;
  attr.attr_clr = o.attr_clr ;
  attr.userns_fd = (uint64_t)nsfd ;
  if (mfd == -1 || lc_mount_setattr(mfd, "", AT_EMPTY_PATH | (rec ? AT_RECURSIVE : 0), &attr) == -1)
    die_idmap(srcfd, argv[0], rec) ;
  if (!lc_tree_attach(mfd, targetfd))
    strerr_diefusys(111, "attach the idmapped mount of ", argv[0], " to ", argv[1]) ;
  lc_warn_covered(&target, argv[1]) ;
  lc_say(argv[0], " is on ", argv[1], root ? " in " : "", root ? root : "", " with its ids mapped") ;
  lc_close_late(mfd) ;
  lc_close_late(nsfd) ;
  lc_close_late(targetfd) ;
  lc_close_late(srcfd) ;
  lc_close_late(rootfd) ;
  lc_exec0(argv+2) ;
}
