/* ISC license. */

#include <skalibs/nonposix.h>

#include <string.h>
#include <sys/auxv.h>

#include <skalibs/posixplz.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/commands.h>
#include <lcboot/exec.h>
#include <lcboot/newroot.h>
#include <lcboot/say.h>
#include <lcboot/sealed.h>

#define USAGE "lc-pivot [ -v ] [ -c | -s ] [ -o oldroot ] " LC_COMMANDS_USAGE " newroot prog..."
#define dieusage() strerr_dieusage(100, USAGE)

int main (int argc, char const **argv)
{
  lc_commands commands = LC_COMMANDS_ZERO ;
  char const *oldroot = 0 ;
  int how = LC_NEWROOT_PIVOT ;
  int guarded ;
  char const *again[argc + 1] ;  /* before blocks are unquoted */
  memcpy(again, argv, ((size_t)argc + 1) * sizeof(char const *)) ;
  PROG = "lc-pivot" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vcso:" LC_COMMANDS_OPTIONS, &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'c' : how |= LC_NEWROOT_CHROOT ; break ;
        case 's' : how |= LC_NEWROOT_SWITCH ; break ;
        case 'o' : oldroot = l.arg ; break ;
        case 'b' :
        case 'i' :
        case 't' : lc_commands_add(&commands, opt, argc, argv, &l) ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc < 2) dieusage() ;
  if (how == (LC_NEWROOT_CHROOT | LC_NEWROOT_SWITCH)) strerr_dief(100, "-c and -s exclude each other") ;
  if (oldroot && how) strerr_dief(100, "-o is of use only with a pivot, not with -", how == LC_NEWROOT_CHROOT ? "c" : "s") ;
  if (oldroot && oldroot[0] != '/') strerr_dief(100, "-o wants an absolute path, inside the new root, not ", oldroot) ;
  if (oldroot && !oldroot[strspn(oldroot, "/")]) strerr_dief(100, "the old root cannot stay at /") ;

   /* a command of the guest sees this process and its file, and its memory: that
      must be no longer the one of a parent outside, even where there is no copy.
      And if this program has a dynamic loader, prog can be a link to /proc/self/exe:
      then it is the guest's loader that is run, and it is the first that sees them */
  if ((commands.list.len || getauxval(AT_BASE)) && !lc_sealed_exec(again))
  {
    if (lc_exec_shared)
    {
      lc_tryexec(again, (char const *const *)environ) ;
      lc_die_exec(again[0]) ;
    }
    strerr_warnwusys("run from a sealed copy, so the guest may write to this program") ;
  }
  guarded = lc_commands_prepare(&commands) > 0 ;
  lc_newroot_enter(argv[0], oldroot, how, guarded) ;
  lc_commands_run(&commands) ;
  lc_exec(argv + 1) ;
}
