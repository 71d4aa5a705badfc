/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/exec.h>
#include <lcboot/say.h>

#define USAGE "lc-hostname [ -v ] name prog..."
#define dieusage() strerr_dieusage(100, USAGE)

#define NAME_MAX_UTS 64  /* sethostname(2): __NEW_UTS_LEN */

int main (int argc, char const **argv)
{
  PROG = "lc-hostname" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "v", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc < 1) dieusage() ;
  if (!argv[0][0]) strerr_dief(100, "the host name is empty") ;
  if (strlen(argv[0]) > NAME_MAX_UTS) strerr_dief(100, "host name ", argv[0], " is longer than 64 bytes") ;
  if (sethostname(argv[0], strlen(argv[0])) == -1)
    strerr_diefusys(111, "set the host name to ", argv[0],
      errno == EPERM ? " (not privileged in the UTS namespace: lc-unshare -u makes a new one)" : "") ;
  lc_say("the host name is ", argv[0]) ;
  lc_exec0(argv+1) ;
}
