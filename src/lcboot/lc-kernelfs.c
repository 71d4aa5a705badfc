/* ISC license. */

#include <skalibs/nonposix.h>

#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/attach.h>
#include <lcboot/cgroup.h>
#include <lcboot/exec.h>
#include <lcboot/fd.h>
#include <lcboot/inroot.h>
#include <lcboot/mountopts.h>
#include <lcboot/pidns.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>

#define USAGE "lc-kernelfs [ -v ] [ -c ] prog..."
#define dieusage() strerr_dieusage(100, USAGE)

#define GUEST "guest"

static int is_proc (int fd)
{
  struct statfs sfs ;
  return !fstatfs(fd, &sfs) && (unsigned long)sfs.f_type == LC_PROC_MAGIC ;
}

static int has_null (int fd)
{
  struct stat st ;
  return !fstatat(fd, "null", &st, 0) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3) ;
}

static int is_mountpoint (int fd)
{
  return lc_is_mountpoint(fd, -1) ;
}

 /* What has to be there, how to tell, and how to get it. In a container only what
    it has to itself can be had: its engine's /dev is not to be replaced by the
    machine's. Its /sys need not be a sysfs: systemd-nspawn has parts of one on a
    tmpfs. */

static struct { char const *dir ; int (*is_there) (int) ; char const *type ; char const *options ; int machine ; } const needs[] =
{
  { "/proc", &is_proc, "proc", "nosuid,nodev,noexec", 0 },
  { "/sys", &is_mountpoint, "sysfs", "nosuid,nodev,noexec", 0 },
  { "/dev", &has_null, "devtmpfs", "mode=0755,nosuid", 1 },
  { "/run", &is_mountpoint, "tmpfs", "mode=0755,nosuid,nodev", 1 },
  { "/sys/fs/cgroup", &is_mountpoint, "cgroup2", "nsdelegate,nosuid,nodev,noexec", 1 }
} ;

#define NEEDS (sizeof(needs) / sizeof(needs[0]))

static int is_machine (void)
{
  return getpid() == 1 && lc_pidns_is_first() ;
}

static void provide (unsigned int i)
{
  lc_mountopts o = LC_MOUNTOPTS_ZERO ;
  int fd = lc_inroot_open(AT_FDCWD, needs[i].dir, 0) ;
  int ok ;
  if (fd >= 0 && needs[i].is_there(fd))
  {
    fd_close(fd) ;
    return ;
  }
  if (needs[i].machine && !is_machine())
  {
    lc_close(fd) ;
    return ;
  }
  if (fd == -1) fd = lc_inroot_open(AT_FDCWD, needs[i].dir, LC_INROOT_MKDIR) ;
  lc_mountopts_scan(&o, needs[i].options) ;
  ok = fd >= 0 && lc_mount_fs(fd, needs[i].type, needs[i].type, &o, 0) ;
  if (ok) lc_say("a ", needs[i].type, " is on ", needs[i].dir) ;
  else strerr_warnwusys("mount a ", needs[i].type, " on ", needs[i].dir) ;
  lc_close(fd) ;
  stralloc_free(&o.data) ;
}

 /* The root of all cgroups has no limits and cannot be given away. A guest for which
    that is wanted gets a cgroup below it, with all controllers. */

static void leave_root_cgroup (void)
{
  lc_cgroups all = LC_CGROUPS_ZERO ;
  stralloc offer = STRALLOC_ZERO ;
  stralloc at = STRALLOC_ZERO ;
  stralloc why = STRALLOC_ZERO ;
  lc_cgroup *h = lc_cgroup_find(&all, 0) ? lc_cgroup_of(&all, "") : 0 ;
  if (h && h->rootfd >= 0 && !strcmp(h->self, "/"))
  {
    char *s ;
    if (!lc_cgroup_open(h, "/" GUEST, 1, 0) || !lc_cgroup_offer(h, &offer)) strerr_warnwusys("make the cgroup " GUEST) ;
    else
    {
      for (s = strtok(offer.s, " \n") ; s ; s = strtok(0, " \n"))
        if (!lc_cgroup_enable(h, s, 0, &at, &why)) strerr_warnwusys("pass the controller ", s, " on") ;
      if (lc_cgroup_enter(h)) lc_say("the cgroup is " GUEST) ;
      else strerr_warnwusys("enter the cgroup " GUEST) ;
    }
  }
  stralloc_free(&offer) ;
  stralloc_free(&at) ;
  stralloc_free(&why) ;
  lc_cgroup_forget(&all) ;
}

int main (int argc, char const **argv)
{
  unsigned int i = 0 ;
  int cgroup = 0 ;
  PROG = "lc-kernelfs" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vc", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'c' : cgroup = 1 ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!cgroup) for (; i < NEEDS ; i++) provide(i) ;
  else if (is_machine()) leave_root_cgroup() ;
  lc_exec0(argv) ;
}
