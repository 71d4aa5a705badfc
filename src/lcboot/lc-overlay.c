/* ISC license. */

#include <skalibs/nonposix.h>

#include <skalibs/genalloc.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/exec.h>
#include <lcboot/fd.h>
#include <lcboot/idmap.h>
#include <lcboot/inroot.h>
#include <lcboot/overlay.h>
#include <lcboot/say.h>
#include <lcboot/userns.h>

#define USAGE "lc-overlay [ -v ] [ -R root ] [ -l lower ]... [ -n ] [ -b map ]... [ -c cache | -u upper -w work | -t | -r ] [ -o options ] target prog..."
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

 /* One of -c, -u with -w, -t and -r */

static void choose (int *top, int opt)
{
  char a[3] = { '-', (char)*top, 0 } ;
  char b[3] = { '-', (char)opt, 0 } ;
  if (*top && *top != opt) strerr_dief(100, a, " and ", b, " exclude each other") ;
  *top = opt ;
}

int main (int argc, char const **argv)
{
  lc_overlay ov = LC_OVERLAY_ZERO ;
  lc_idmaps maps = LC_IDMAPS_ZERO ;
  char const *root = 0 ;
  char const *problem ;
  int top = 0 ;
  int without_target = 0 ;
  PROG = "lc-overlay" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vR:l:nb:c:u:w:tro:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'R' : root = l.arg ; break ;
        case 'l' : if (!genalloc_append(char const *, &ov.lower, &l.arg)) dienomem() ; break ;
        case 'n' : without_target = 1 ; break ;
        case 'b' : lc_idmap_add(&maps.uid, l.arg) ; lc_idmap_add(&maps.gid, l.arg) ; break ;
        case 'c' : choose(&top, 'c') ; ov.cache = l.arg ; break ;
        case 'u' : choose(&top, 'u') ; ov.upper = l.arg ; break ;
        case 'w' : ov.work = l.arg ; break ;
        case 't' : choose(&top, 't') ; ov.ephemeral = 1 ; break ;
        case 'r' : choose(&top, 'r') ; break ;
        case 'o' :
          problem = lc_mountopts_scan(&ov.o, l.arg) ;
          if (problem) strerr_dief(100, problem) ;
          break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;
  if (!ov.upper != !ov.work) strerr_dief(100, "-u and -w belong together") ;
  if (ov.o.what || ov.o.propagation) strerr_dief(100, "-o takes flags and options of an overlay only") ;
  if (lc_mountopts_has(&ov.o, "lowerdir") || lc_mountopts_has(&ov.o, "lowerdir+")
   || lc_mountopts_has(&ov.o, "upperdir") || lc_mountopts_has(&ov.o, "workdir"))
    strerr_dief(100, "layers are given by -l, -c, -u and -w, not by -o") ;
  ov.target = argv[0] ;
  ov.rootfd = lc_root_option(root) ;
  if (!without_target && !genalloc_insertb(char const *, &ov.lower, 0, &ov.target, 1)) dienomem() ;
  if (maps.uid.len) ov.usernsfd = lc_userns_make(&maps) ;
  lc_overlay_mount(&ov, !without_target) ;
  lc_say("an overlay is on ", ov.target, root ? " in " : "", root ? root : "") ;
  lc_close_late(ov.usernsfd) ;
  lc_close_late(ov.rootfd) ;
  lc_exec0(argv + 1) ;
}
