/* ISC license. */

#include <skalibs/nonposix.h>

#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/posixplz.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/block.h>
#include <lcboot/child.h>
#include <lcboot/exec.h>
#include <lcboot/fd.h>
#include <lcboot/ids.h>
#include <lcboot/newroot.h>
#include <lcboot/say.h>
#include <lcboot/sealed.h>
#include <lcboot/tolerant.h>

#define USAGE "lc-pivot [ -v ] [ -c | -s ] [ -o oldroot ] [ -b { command... } | -i fd { command... } ]... newroot prog..."
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

 /* A command of -b or -i. Its standard input, or -1: /dev/null. */

struct command_s
{
  char const *const *argv ;
  int fd ;
} ;

static int scan_fd (char const *s)
{
  uint64_t n ;
  if (!lc_number_scan(s, 0x7fffffff, &n) || n < 3 || fcntl((int)n, F_GETFD) == -1)
    strerr_dief(100, "-i wants an open descriptor above 2, not ", s) ;
  return (int)n ;
}

static void add_command (genalloc *commands, char const *const *argv, int fd)
{
  struct command_s c = { .argv = argv, .fd = fd } ;
  size_t i = genalloc_len(struct command_s, commands) ;
  while (fd >= 0 && i--)
    if (genalloc_s(struct command_s, commands)[i].fd == fd) strerr_dief(100, "a descriptor can be given to one -i only") ;
  if (!genalloc_append(struct command_s, commands, &c)) dienomem() ;
}

 /* What has to be opened where it can be trusted, and what prog must not get.
    Returns the standard input of commands that have no other, or -1 if there are
    none. */

static int prepare_commands (genalloc const *commands)
{
  struct command_s const *c = genalloc_s(struct command_s, commands) ;
  size_t i = genalloc_len(struct command_s, commands) ;
  int nullfd ;
  if (!i) return -1 ;
  while (i--) if (c[i].fd >= 0) coe(c[i].fd) ;
  nullfd = open("/dev/null", O_RDONLY | O_CLOEXEC) ;
  if (nullfd == -1) strerr_diefusys(111, "open /dev/null, the standard input of commands") ;
  if (nullfd < 3)  /* a standard descriptor was closed, and stays so for prog */
  {
    int fd = fcntl(nullfd, F_DUPFD_CLOEXEC, 3) ;
    if (fd == -1) strerr_diefusys(111, "duplicate a descriptor") ;
    fd_close(nullfd) ;
    nullfd = fd ;
  }
  return nullfd ;
}

static int run (struct command_s const *c, int nullfd, int listfd, lc_sigstate const *old)
{
  pid_t pid = fork() ;
  if (pid) return pid == -1 ? -1 : lc_wait_child(pid) ;
  if (fd_copy(0, c->fd >= 0 ? c->fd : nullfd) == -1) strerr_diefusys(111, "give ", c->argv[0], " its standard input") ;
   /* a command gets no descriptor but its standard ones: what an engine leaked is
      for prog alone */
  if (!lc_close_from(3, listfd)) strerr_diefusys(111, "close the descriptors that commands must not get") ;
  lc_sigstate_restore(old) ;
  lc_tolerant_exec(c->argv, (char const *const *)environ) ;
}

static void run_commands (genalloc *commands, int nullfd, int listfd)
{
  struct command_s const *c = genalloc_s(struct command_s, commands) ;
  size_t n = genalloc_len(struct command_s, commands) ;
  lc_sigstate old ;
  size_t i = 0 ;
  if (!n) return ;
  lc_sigstate_hold_chld(&old) ;
  for (; i < n ; i++)
  {
    int wstat = run(c + i, nullfd, listfd, &old) ;
    if (wstat == -1) strerr_diefusys(111, "run ", c[i].argv[0]) ;
    if (wstat) strerr_dief(111, "the command ", c[i].argv[0], " ", lc_how_ended(wstat), ", so the program is not run") ;
    if (c[i].fd >= 0) fd_close(c[i].fd) ;
    if (getpid() == 1) wait_reap() ;  /* what it left behind */
    lc_say("the command ", c[i].argv[0], " is done") ;
  }
  lc_sigstate_restore(&old) ;
  lc_close(listfd) ;
  fd_close(nullfd) ;
}

int main (int argc, char const **argv)
{
  genalloc commands = GENALLOC_ZERO ;  /* struct command_s */
  char const *oldroot = 0 ;
  int how = LC_NEWROOT_PIVOT ;
  int nullfd ;
  int listfd = -1 ;
  char const *again[argc + 1] ;  /* before blocks are unquoted */
  memcpy(again, argv, ((size_t)argc + 1) * sizeof(char const *)) ;
  PROG = "lc-pivot" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vcso:bi:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'c' : how |= LC_NEWROOT_CHROOT ; break ;
        case 's' : how |= LC_NEWROOT_SWITCH ; break ;
        case 'o' : oldroot = l.arg ; break ;
        case 'b' : add_command(&commands, lc_block_option(argc, argv, &l, "-b"), -1) ; break ;
        case 'i' :
        {
          int fd = scan_fd(l.arg) ;
          add_command(&commands, lc_block_option(argc, argv, &l, "-i"), fd) ;
          break ;
        }
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

   /* a command of the guest sees this process and its file */
  if (commands.len && !lc_sealed_exec(again)) strerr_warnwusys("run from a sealed copy, so the commands may write to this program") ;
  nullfd = prepare_commands(&commands) ;
  if (nullfd >= 0) listfd = lc_fd_list() ;
  lc_newroot_enter(argv[0], oldroot, how, nullfd >= 0) ;
  run_commands(&commands, nullfd, listfd) ;
  lc_exec(argv + 1) ;
}
