/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/block.h>
#include <lcboot/exec.h>
#include <lcboot/ids.h>
#include <lcboot/inroot.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>

#define USAGE "lc-chown [ -v ] [ -R root ] [ -m ] [ -i ] [ -t ] uid[:gid] { path... } prog..."
#define dieusage() strerr_dieusage(100, USAGE)

 /* fchownat(2) with AT_EMPTY_PATH takes an O_PATH descriptor since Linux 2.6.39 */

static int may_go_on (int lax, char const *what)
{
  if (!lax || (errno != EPERM && errno != EROFS)) return 0 ;
  lc_say(what, " cannot be changed, skipped: ", strerror(errno)) ;
  return 1 ;
}

static void change (int rootfd, char const *path, uid_t uid, gid_t gid, int lenient, int lax, char const *owner)
{
  int fd = lc_inroot_open(rootfd, path, 0) ;
  if (fd == -1)
  {
    if (lenient && errno == ENOENT)
    {
      lc_say("no ", path, ", skipped") ;
      return ;
    }
    strerr_diefusys(111, "open ", path) ;
  }
  if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == -1)
  {
    if (may_go_on(lax, path))
    {
      fd_close(fd) ;
      return ;
    }
    strerr_diefusys(111, "change the owner of ", path, " to ", owner,
      errno == EINVAL ? " (an id that is not mapped in this user namespace)" : "") ;
  }
  fd_close(fd) ;
  lc_say(path, " belongs to ", owner) ;
}

static void change_terminals (uid_t uid, gid_t gid, int lax, char const *owner)
{
  static char const *const name[3] = { "0", "1", "2" } ;
  int fd = 0 ;
  for (; fd < 3 ; fd++)
  {
    if (!isatty(fd)) continue ;
    if (fchown(fd, uid, gid) == -1)
    {
      if (may_go_on(lax, name[fd])) continue ;
      strerr_diefusys(111, "change the owner of the terminal at descriptor ", name[fd], " to ", owner) ;
    }
    lc_say("the terminal at descriptor ", name[fd], " belongs to ", owner) ;
  }
}

int main (int argc, char const **argv)
{
  char const *root = 0 ;
  char const *owner ;
  char const *const *path ;
  int lenient = 0 ;
  int lax = 0 ;
  int terminals = 0 ;
  int rootfd ;
  uid_t uid ;
  gid_t gid ;
  int ind = 0 ;
  PROG = "lc-chown" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vR:mit", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'R' : root = l.arg ; break ;
        case 'm' : lenient = 1 ; break ;
        case 'i' : lax = 1 ; break ;
        case 't' : terminals = 1 ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc < 2) dieusage() ;
  owner = argv[0] ;
  lc_owner_scan(owner, &uid, &gid) ;
  argc-- ; argv++ ;
  path = lc_block(argc, argv, &ind, "the owner") ;
  rootfd = lc_root_option(root) ;
  for (; *path ; path++) change(rootfd, *path, uid, gid, lenient, lax, owner) ;
  if (root) fd_close(rootfd) ;
  if (terminals) change_terminals(uid, gid, lax, owner) ;
  lc_exec0(argv + ind) ;
}
