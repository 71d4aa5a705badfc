/* ISC license. */

#include <skalibs/nonposix.h>

#include <regex.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/dev.h>
#include <lcboot/exec.h>
#include <lcboot/fd.h>
#include <lcboot/inroot.h>
#include <lcboot/mountopts.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>

#define USAGE "lc-mountdev [ -v ] [ -R root ] [ -d ] [ -t ] [ -a ] [ -x glob ]... [ -X regex ]... [ -o options ] target prog..."
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

 /* lc_dev_mount looks at it again, and whether it is a directory */

static void make_target (int rootfd, char const *target)
{
  int fd = lc_inroot_open(rootfd, target, LC_INROOT_MKDIR) ;
  if (fd == -1) strerr_diefusys(111, "make ", target) ;
  fd_close(fd) ;
}

static void add_regex (genalloc *list, char const *s)
{
  regex_t re ;
  int r = regcomp(&re, s, REG_EXTENDED | REG_NOSUB) ;
  if (r)
  {
    char why[128] ;
    regerror(r, &re, why, sizeof(why)) ;
    strerr_dief(100, "invalid regular expression ", s, ": ", why) ;
  }
  if (!genalloc_append(regex_t, list, &re)) dienomem() ;
}

static char standard[] = "mode=0755" ;

int main (int argc, char const **argv)
{
  lc_dev dev = LC_DEV_ZERO ;
  char const *root = 0 ;
  char const *problem ;
  int make = 0 ;
  PROG = "lc-mountdev" ;
  lc_verbose_init() ;
  dev.o.attr_set = LC_ATTR_NOSUID ;
  dev.o.data = (stralloc)LC_MOUNTOPTS_DATA(standard) ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vR:dtax:X:o:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'R' : root = l.arg ; break ;
        case 'd' : make = 1 ; break ;
        case 't' : dev.terminal = 1 ; break ;
        case 'a' : dev.all = 1 ; break ;
        case 'x' : if (!genalloc_append(char const *, &dev.globs, &l.arg)) dienomem() ; break ;
        case 'X' : add_regex(&dev.regexes, l.arg) ; break ;
        case 'o' :
          problem = lc_mountopts_scan(&dev.o, l.arg) ;
          if (problem) strerr_dief(100, problem) ;
          break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;
  if (!dev.all && (dev.globs.len || dev.regexes.len)) strerr_dief(100, "-x and -X are of use only with -a") ;
  if (dev.o.what || dev.o.propagation) strerr_dief(100, "-o takes flags and options of a tmpfs only") ;
  dev.rootfd = lc_root_option(root) ;
  if (make) make_target(dev.rootfd, argv[0]) ;
  lc_dev_mount(&dev, argv[0]) ;
  lc_say("a new /dev is on ", argv[0], root ? " in " : "", root ? root : "") ;
  lc_close_late(dev.rootfd) ;
  lc_exec0(argv + 1) ;
}
