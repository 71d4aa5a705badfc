/* ISC license. */

#include <skalibs/nonposix.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/cgroupfs.h>
#include <lcboot/exec.h>
#include <lcboot/inroot.h>
#include <lcboot/mountopts.h>
#include <lcboot/say.h>

#define USAGE "lc-mountcgroup [ -v ] [ -R root ] [ -o options ] target prog..."
#define dieusage() strerr_dieusage(100, USAGE)

int main (int argc, char const **argv)
{
  lc_mountopts o = LC_MOUNTOPTS_ZERO ;
  char const *root = 0 ;
  char const *problem ;
  int rootfd ;
  PROG = "lc-mountcgroup" ;
  lc_verbose_init() ;
  lc_mountopts_scan_attr(&o, "nosuid,nodev,noexec") ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vR:o:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'R' : root = l.arg ; break ;
        case 'o' :
          problem = lc_mountopts_scan_attr(&o, l.arg) ;
          if (problem) strerr_dief(100, problem) ;
          break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;
  if (!argv[0][0]) strerr_dief(100, "the target is empty") ;
  rootfd = lc_root_option(root) ;
  if (lc_cgroupfs_mount(rootfd, argv[0], &o)) lc_say("control groups are on ", argv[0], root ? " in " : "", root ? root : "") ;
  if (root) fd_close(rootfd) ;
  lc_exec0(argv + 1) ;
}
