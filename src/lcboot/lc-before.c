/* ISC license. */

#include <skalibs/nonposix.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/commands.h>
#include <lcboot/exec.h>
#include <lcboot/say.h>

#define USAGE "lc-before [ -v ] " LC_COMMANDS_USAGE " prog..."
#define dieusage() strerr_dieusage(100, USAGE)

int main (int argc, char const **argv)
{
  lc_commands commands = LC_COMMANDS_ZERO ;
  PROG = "lc-before" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "v" LC_COMMANDS_OPTIONS, &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'b' :
        case 'i' :
        case 't' : lc_commands_add(&commands, opt, argc, argv, &l) ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!commands.list.len) strerr_dief(100, "no command: one of -b -i -t is needed") ;
  lc_commands_prepare(&commands) ;
  lc_commands_run(&commands) ;
  lc_exec0(argv) ;
}
