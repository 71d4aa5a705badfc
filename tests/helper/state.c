/* ISC license. */

/*
   Reports the state that a program starts in, one fact a line, for tests to
   compare. Needs no /proc but for the sections ns, maps and mounts. Opens no
   descriptor before it has listed those it was given.
*/

#include <skalibs/nonposix.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <linux/capability.h>

#include <skalibs/types.h>
#include <skalibs/buffer.h>
#include <skalibs/strerr.h>
#include <skalibs/stralloc.h>
#include <skalibs/djbunix.h>

#include "signame.h"

#define USAGE "state [ section... ] [ -- arg... ]"
#define dieusage() strerr_dieusage(100, USAGE)

static void put (char const *s)
{
  buffer_puts(buffer_1, s) ;
}

static void putu (uint64_t n)
{
  char fmt[UINT64_FMT] ;
  buffer_put(buffer_1, fmt, uint64_fmt(fmt, n)) ;
}

static void putx (uint64_t n)
{
  char fmt[UINT64_FMT] ;
  buffer_put(buffer_1, fmt, uint640_xfmt(fmt, n, 16)) ;
}

static void puti (int64_t n)
{
  if (n < 0) put("-") ;
  putu(n < 0 ? (uint64_t)-n : (uint64_t)n) ;
}

static void fact (char const *name, int64_t n)
{
  put(name) ;
  put(" ") ;
  puti(n) ;
  put("\n") ;
}

static void text (char const *name, char const *s)
{
  put(name) ;
  put(" ") ;
  put(s) ;
  put("\n") ;
}

 /* pid: what the parent decides */

static void do_pid (void)
{
  fact("pid", getpid()) ;
  fact("ppid", getppid()) ;
  fact("pgid", getpgrp()) ;
  fact("sid", getsid(0)) ;
}

static void do_ids (void)
{
  uid_t u[3] ;
  gid_t g[3] ;
  gid_t tab[256] ;
  int n = getgroups(256, tab) ;
  if (getresuid(u, u+1, u+2) < 0 || getresgid(g, g+1, g+2) < 0 || n < 0) strerr_diefu1sys(111, "get the ids") ;
  put("uid") ;
  for (int i = 0 ; i < 3 ; i++) { put(" ") ; putu(u[i]) ; }
  put("\ngid") ;
  for (int i = 0 ; i < 3 ; i++) { put(" ") ; putu(g[i]) ; }
  put("\ngroups") ;
  for (int i = 0 ; i < n ; i++) { put(" ") ; putu(tab[i]) ; }
  put("\n") ;
}

static void caps (char const *name, uint64_t set)
{
  put(name) ;
  put(" ") ;
  putx(set) ;
  put("\n") ;
}

static void do_caps (void)
{
  struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 } ;
  struct __user_cap_data_struct d[2] ;
  uint64_t bnd = 0, amb = 0 ;
  if (syscall(SYS_capget, &h, d) < 0) strerr_diefu1sys(111, "get the capabilities") ;
  for (unsigned int i = 0 ; i < 64 ; i++)
  {
    if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1) bnd |= (uint64_t)1 << i ;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) amb |= (uint64_t)1 << i ;
  }
  caps("inheritable", (uint64_t)d[1].inheritable << 32 | d[0].inheritable) ;
  caps("permitted", (uint64_t)d[1].permitted << 32 | d[0].permitted) ;
  caps("effective", (uint64_t)d[1].effective << 32 | d[0].effective) ;
  caps("bounding", bnd) ;
  caps("ambient", amb) ;
  fact("securebits", prctl(PR_GET_SECUREBITS, 0, 0, 0, 0)) ;
  fact("no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)) ;
}

 /* Straight from the kernel: libc hides two signals of its own. */

static void signals (char const *name, uint64_t set)
{
  char fmt[SIGNAME_FMT] ;
  put(name) ;
  for (int sig = 1 ; sig <= SIGNAME_MAX ; sig++) if (set >> (sig - 1) & 1)
  {
    put(" ") ;
    put(signame(fmt, sig)) ;
  }
  put("\n") ;
}

static void do_sigs (void)
{
  uint64_t blocked = 0, pending = 0, ignored = 0 ;
  if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, &blocked, sizeof(blocked)) < 0
   || syscall(SYS_rt_sigpending, &pending, sizeof(pending)) < 0) strerr_diefu1sys(111, "get the signals") ;
  for (int sig = 1 ; sig <= SIGNAME_MAX ; sig++)
  {
    unsigned long action[8] ;
    if (syscall(SYS_rt_sigaction, sig, 0, action, sizeof(uint64_t)) >= 0
     && action[0] == (unsigned long)SIG_IGN) ignored |= (uint64_t)1 << (sig - 1) ;
  }
  signals("blocked", blocked) ;
  signals("ignored", ignored) ;
  signals("pending", pending) ;
}

static void do_misc (void)
{
  int sig = 0 ;
  char name[32] = "" ;
  mode_t m = umask(0) ;
  umask(m) ;
  prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0) ;
  prctl(PR_GET_NAME, name, 0, 0, 0) ;
  put("umask ") ;
  {
    char fmt[UINT_OFMT] ;
    buffer_put(buffer_1, fmt, uint_ofmt(fmt, m)) ;
  }
  put("\n") ;
  errno = 0 ;
  fact("nice", getpriority(PRIO_PROCESS, 0)) ;
  fact("scheduler", sched_getscheduler(0)) ;
  fact("dumpable", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)) ;
  fact("pdeathsig", sig) ;
  sig = 0 ;
  prctl(PR_GET_CHILD_SUBREAPER, &sig, 0, 0, 0) ;
  fact("subreaper", sig) ;
  text("comm", name) ;
}

static void do_cwd (void)
{
  char s[4096] ;
  if (syscall(SYS_getcwd, s, sizeof(s)) < 0) text("cwd -", strerror(errno)) ;
  else text("cwd", s) ;
}

static void do_host (void)
{
  struct utsname u ;
  if (uname(&u) < 0) strerr_diefu1sys(111, "uname") ;
  text("hostname", u.nodename) ;
}

static char const *filetype (mode_t m)
{
  switch (m & S_IFMT)
  {
    case S_IFREG : return "file" ;
    case S_IFDIR : return "directory" ;
    case S_IFCHR : return "character" ;
    case S_IFBLK : return "block" ;
    case S_IFIFO : return "fifo" ;
    case S_IFSOCK : return "socket" ;
    case S_IFLNK : return "link" ;
    default : return "anonymous" ;
  }
}

static void do_fds (void)
{
  for (int fd = 0 ; fd < 1024 ; fd++)
  {
    struct stat st ;
    int flags = fcntl(fd, F_GETFL) ;
    if (flags < 0) continue ;
    put("fd ") ;
    puti(fd) ;
    if (fstat(fd, &st) < 0) text(" -", strerror(errno)) ;
    else
    {
      put(" ") ;
      put(filetype(st.st_mode)) ;
      if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
      {
        put(" ") ;
        putu(major(st.st_rdev)) ;
        put(":") ;
        putu(minor(st.st_rdev)) ;
      }
      put(flags & O_PATH ? " path" : (flags & O_ACCMODE) == O_RDONLY ? " r" : (flags & O_ACCMODE) == O_WRONLY ? " w" : " rw") ;
      put("\n") ;
    }
  }
}

static void do_limits (void)
{
  static char const *const name[] =
  {
    "cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as",
    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
  } ;
  for (unsigned int i = 0 ; i < sizeof(name) / sizeof(name[0]) ; i++)
  {
    struct rlimit r ;
    if (getrlimit((int)i, &r) < 0) continue ;
    put("limit ") ;
    put(name[i]) ;
    put(" ") ;
    if (r.rlim_cur == RLIM_INFINITY) put("unlimited") ; else putu(r.rlim_cur) ;
    put(" ") ;
    if (r.rlim_max == RLIM_INFINITY) put("unlimited") ; else putu(r.rlim_max) ;
    put("\n") ;
  }
}

static void do_env (void)
{
  for (char **e = environ ; *e ; e++) text("env", *e) ;
}

static void do_ns (void)
{
  static char const *const name[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts" } ;
  for (unsigned int i = 0 ; i < sizeof(name) / sizeof(name[0]) ; i++)
  {
    char path[32] = "/proc/self/ns/" ;
    char s[64] ;
    ssize_t r ;
    memcpy(path + 14, name[i], strlen(name[i]) + 1) ;
    r = readlink(path, s, sizeof(s) - 1) ;
    put("ns ") ;
    if (r < 0) text(name[i], "-") ;
    else
    {
      s[r] = 0 ;
      text(name[i], s + strcspn(s, "[")) ;
    }
  }
}

static void contents (stralloc *sa, char const *file)
{
  sa->len = 0 ;
  if (!openslurpclose(sa, file)) strerr_diefu2sys(111, "read ", file) ;
  if (!stralloc_0(sa)) strerr_diefu1sys(111, "stralloc_0") ;
  sa->len-- ;
}

static void map (stralloc *sa, char const *name, char const *file)
{
  char *s ;
  contents(sa, file) ;
  for (s = sa->s ; *s ; s += *s == '\n')
  {
    put("map ") ;
    put(name) ;
    while (*s && *s != '\n')
    {
      size_t n ;
      s += strspn(s, " \t") ;
      n = strcspn(s, " \t\n") ;
      put(" ") ;
      buffer_put(buffer_1, s, n) ;
      s += n ;
    }
    put("\n") ;
  }
}

static void do_maps (void)
{
  stralloc sa = STRALLOC_ZERO ;
  map(&sa, "uid", "/proc/self/uid_map") ;
  map(&sa, "gid", "/proc/self/gid_map") ;
  map(&sa, "setgroups", "/proc/self/setgroups") ;
  stralloc_free(&sa) ;
}

 /* mount POINT TYPE SOURCE ROOT OPTIONS PROPAGATION SUPEROPTIONS: a line of mountinfo without its numbers */

static void do_mounts (void)
{
  stralloc sa = STRALLOC_ZERO ;
  char *s ;
  contents(&sa, "/proc/self/mountinfo") ;
  for (s = sa.s ; *s ; )
  {
    char *field[32] ;
    unsigned int n = 0, dash ;
    char *end = strchr(s, '\n') ;
    if (end) *end = 0 ; else end = s + strlen(s) - 1 ;
    while (n < 31)
    {
      field[n++] = s ;
      s += strcspn(s, " ") ;
      if (!*s) break ;
      *s++ = 0 ;
    }
    for (dash = 6 ; dash < n && strcmp(field[dash], "-") ; dash++) ;
    if (dash + 3 >= n) strerr_dief1x(111, "mountinfo is not as expected") ;
    put("mount ") ; put(field[4]) ;
    put(" ") ; put(field[dash+1]) ;
    put(" ") ; put(field[dash+2]) ;
    put(" ") ; put(field[3]) ;
    put(" ") ; put(field[5]) ;
    put(" ") ;
    if (dash == 6) put("private") ;
    for (unsigned int i = 6 ; i < dash ; i++)
    {
      if (i > 6) put(",") ;
      buffer_put(buffer_1, field[i], strcspn(field[i], ":")) ;
    }
    put(" ") ; put(field[dash+3]) ;
    put("\n") ;
    s = end + 1 ;
  }
  stralloc_free(&sa) ;
}

struct section_s
{
  char const *name ;
  void (*f) (void) ;
  int byname ;  /* only when asked for */
} ;

static struct section_s const sections[] =
{
  { "fds", &do_fds, 0 },
  { "pid", &do_pid, 1 },
  { "ids", &do_ids, 0 },
  { "caps", &do_caps, 0 },
  { "sigs", &do_sigs, 0 },
  { "misc", &do_misc, 0 },
  { "cwd", &do_cwd, 0 },
  { "host", &do_host, 0 },
  { "limits", &do_limits, 0 },
  { "env", &do_env, 1 },
  { "ns", &do_ns, 1 },
  { "maps", &do_maps, 1 },
  { "mounts", &do_mounts, 1 },
} ;

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

int main (int argc, char const *const *argv)
{
  int n = 1 ;
  PROG = "state" ;
  for (; n < argc && strcmp(argv[n], "--") ; n++)
  {
    unsigned int i = 0 ;
    while (i < SECTIONS && strcmp(sections[i].name, argv[n])) i++ ;
    if (i >= SECTIONS) dieusage() ;
    (*sections[i].f)() ;
  }
  if (n == 1)
    for (unsigned int i = 0 ; i < SECTIONS ; i++) if (!sections[i].byname) (*sections[i].f)() ;
  for (n++ ; n < argc ; n++) text("arg", argv[n]) ;
  if (!buffer_flush(buffer_1)) strerr_diefu1sys(111, "write to stdout") ;
  return 0 ;
}
