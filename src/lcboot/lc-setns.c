/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <unistd.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/child.h>
#include <lcboot/exec.h>
#include <lcboot/fd.h>
#include <lcboot/pair.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>
#include <lcboot/userns.h>
#include <lcboot/watch.h>

#define USAGE "lc-setns [ -v ] ( -n nsfile )... prog..."
#define dieusage() strerr_dieusage(100, USAGE)

#define TYPES 8  /* user mnt pid net ipc uts cgroup time: namespaces(7) */

struct ns_s
{
  char const *file ;
  int fd ;
  int type ;    /* its CLONE_NEW* */
  int joined ;
} ;

static struct ns_s ns[TYPES] ;
static unsigned int nsn = 0 ;

static struct ns_s *find (int type)
{
  unsigned int i = 0 ;
  for (; i < nsn ; i++) if (ns[i].type == type) return ns + i ;
  return 0 ;
}

static void add (char const *file)
{
  struct ns_s *p ;
  int type ;
  int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC) ;
  if (fd == -1) strerr_diefusys(111, "open ", file) ;
  type = ioctl(fd, NS_GET_NSTYPE) ;
  if (type == -1 && errno != ENOTTY) strerr_diefusys(111, "ask for the type of ", file) ;
  if (type == -1) strerr_dief(100, file, " is not the file of a namespace") ;
  p = find(type) ;
  if (p) strerr_dief(100, p->file, " and ", file, " are namespaces of the same type") ;
  if (nsn == TYPES) strerr_dief(100, file, " is one namespace too many") ;
  ns[nsn++] = (struct ns_s){ .file = file, .fd = fd, .type = type, .joined = 0 } ;
}

static int is_own_userns (int fd)
{
  int procfd = lc_proc_open() ;
  int own = procfd == -1 ? -1 : lc_proc_ns(procfd, 0, "user") ;
  int r = own >= 0 && lc_fd_same(own, fd) ;
  if (own >= 0) fd_close(own) ;
  if (procfd >= 0) fd_close(procfd) ;
  return r ;
}

static void join (struct ns_s *p)
{
  if (setns(p->fd, p->type) == -1)
    strerr_diefusys(111, "join the namespace ", p->file,
      errno == EPERM ? " (not privileged over it: a user namespace that owns it may have to be joined too)" : "") ;
  p->joined = 1 ;
  lc_say("joined ", p->file) ;
}

 /* Whether it belongs to another user namespace than the one that is joined */

static int is_outside (struct ns_s const *p, struct ns_s const *user)
{
  int r ;
  int owner = ioctl(p->fd, NS_GET_USERNS) ;
  if (owner == -1) return 0 ;
  fcntl(owner, F_SETFD, FD_CLOEXEC) ;
  r = !lc_fd_same(owner, user->fd) ;
  fd_close(owner) ;
  return r ;
}

 /* The namespaces that the one of the user owns are joined from inside it;
    those of its parents before, for inside there is no power over them. */

static void join_all (void)
{
  struct ns_s *user = find(CLONE_NEWUSER) ;
  unsigned int i = 0 ;
  if (user && is_own_userns(user->fd))
  {
    lc_say("already in ", user->file) ;
    user->joined = 1 ;
    user = 0 ;
  }
  if (user)
  {
    for (; i < nsn ; i++)
      if (ns + i != user && is_outside(ns + i, user)) join(ns + i) ;
    join(user) ;
    if (!lc_userns_become_root()) strerr_diefusys(111, "become root of the user namespace ", user->file) ;
  }
  for (i = 0 ; i < nsn ; i++)
    if (!ns[i].joined) join(ns + i) ;
  for (i = 0 ; i < nsn ; i++) fd_close(ns[i].fd) ;
}

 /* Joining a PID namespace concerns the children only: prog is one, then. It
    does not outlive us: a parent that has died before PR_SET_PDEATHSIG is in
    force is noticed by its end of the pair. */

static void fork_and_watch (void)
{
  lc_watch w = LC_WATCH_ZERO ;
  lc_sigstate old ;
  int fds[2] ;
  int wstat ;
  pid_t pid ;
  if (!lc_pair_make(fds)) strerr_diefusys(111, "make a socket pair") ;
  lc_sigstate_hold_all(&old) ;
  pid = fork() ;
  if (pid == -1) strerr_diefusys(111, "fork") ;
  if (!pid)
  {
    fd_close(fds[0]) ;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1) strerr_diefusys(111, "arrange to die with the parent") ;
    if (lc_pair_is_gone(fds[1])) _exit(111) ;
    lc_sigstate_restore(&old) ;
    fd_close(fds[1]) ;
    return ;
  }
  fd_close(fds[1]) ;
  w.pairfd = fds[0] ;
  wstat = lc_watch_child(&w, pid) ;
  if (wstat == -1) strerr_diefusys(111, "wait for the child") ;
  _exit(lc_exit_code(wstat)) ;
}

int main (int argc, char const **argv)
{
  int pidns ;
  PROG = "lc-setns" ;
  nsn = 0 ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vn:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'n' : add(l.arg) ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;
  if (!nsn) strerr_dief(100, "no namespace: -n is needed") ;
  pidns = !!find(CLONE_NEWPID) ;

   /* what runs in that PID namespace sees us, and is not to look into us or at
      our file: proc_pid_exe(5). execve(2) ends it. */
  if (pidns && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1) strerr_diefusys(111, "become undumpable") ;
  join_all() ;
  if (pidns) fork_and_watch() ;
  lc_exec(argv) ;
}
