/* ISC license. */

/*
   Reports everything that a program can learn about the process that it was
   started in, for multicall.bats to compare: more than state does, and with what
   procfs says word for word. What it has of /proc is that of its own root.
*/

#include <skalibs/nonposix.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <skalibs/types.h>
#include <skalibs/buffer.h>
#include <skalibs/strerr.h>
#include <skalibs/stralloc.h>
#include <skalibs/djbunix.h>

#define USAGE "report [ arg... ]"
#define dieusage() strerr_dieusage(100, USAGE)

static char const *const files[] =
{
  "status", "environ", "cmdline", "limits", "mountinfo", "cgroup", "comm", "timers", "timerslack_ns",
  "oom_score_adj", "personality", "uid_map", "gid_map", "setgroups", "coredump_filter", "attr/current",
  "timens_offsets", "sessionid", "loginuid"
} ;

static char const *const links[] =
{
  "root", "cwd", "exe", "ns/cgroup", "ns/ipc", "ns/mnt", "ns/net", "ns/pid", "ns/pid_for_children",
  "ns/time", "ns/time_for_children", "ns/user", "ns/uts"
} ;

static struct { char const *name ; int option ; int indirect ; } const prctls[] =
{
  { "dumpable", PR_GET_DUMPABLE, 0 },
  { "keepcaps", PR_GET_KEEPCAPS, 0 },
  { "securebits", PR_GET_SECUREBITS, 0 },
  { "no_new_privs", PR_GET_NO_NEW_PRIVS, 0 },
  { "timerslack", PR_GET_TIMERSLACK, 0 },
  { "thp_disable", PR_GET_THP_DISABLE, 0 },
  { "seccomp", PR_GET_SECCOMP, 0 },
  { "mce_kill", PR_MCE_KILL_GET, 0 },
  { "pdeathsig", PR_GET_PDEATHSIG, 1 },
  { "subreaper", PR_GET_CHILD_SUBREAPER, 1 }
} ;

static void put (char const *s)
{
  buffer_puts(buffer_1, s) ;
}

static void puti (int64_t n)
{
  char fmt[UINT64_FMT] ;
  if (n < 0) put("-") ;
  buffer_put(buffer_1, fmt, uint64_fmt(fmt, n < 0 ? (uint64_t)-n : (uint64_t)n)) ;
}

static void fact (char const *name, int64_t n)
{
  put(name) ;
  put(" ") ;
  puti(n) ;
  put("\n") ;
}

static void putlink (char const *dir, char const *name)
{
  char path[64] = "/proc/self/" ;
  char to[4097] ;
  ssize_t r ;
  strcat(path, dir) ;
  strcat(path, name) ;
  r = readlink(path, to, sizeof(to) - 1) ;
  if (r == -1) put("-") ;
  else buffer_put(buffer_1, to, (size_t)r) ;
}

 /* Before anything is opened */

static void descriptors (void)
{
  int fd = 0 ;
  for (; fd < 1024 ; fd++)
  {
    char fmt[INT_FMT] ;
    struct stat st ;
    int flags = fcntl(fd, F_GETFD) ;
    if (flags == -1) continue ;
    fmt[int_fmt(fmt, fd)] = 0 ;
    put("fd ") ;
    put(fmt) ;
    put(flags & FD_CLOEXEC ? " cloexec " : " ") ;
    puti(fcntl(fd, F_GETFL)) ;
    put(" ") ;
    puti(lseek(fd, 0, SEEK_CUR)) ;
    put(" ") ;
    puti(fstat(fd, &st) == -1 ? -errno : (int64_t)st.st_mode) ;
    put(" ") ;
    putlink("fd/", fmt) ;
    put("\n") ;
  }
}

static void from_proc (void)
{
  stralloc sa = STRALLOC_ZERO ;
  unsigned int i = 0 ;
  for (; i < sizeof(files) / sizeof(files[0]) ; i++)
  {
    char path[64] = "/proc/self/" ;
    size_t j = 0, start = 0 ;
    strcat(path, files[i]) ;
    sa.len = 0 ;
    if (!openslurpclose(&sa, path))
    {
      put(files[i]) ;
      put(": -\n") ;
      continue ;
    }
    for (; j < sa.len ; j++) if (!sa.s[j] || sa.s[j] == '\n')
    {
      put(files[i]) ;
      put(": ") ;
      buffer_put(buffer_1, sa.s + start, j - start) ;
      put("\n") ;
      start = j + 1 ;
    }
  }
  for (i = 0 ; i < sizeof(links) / sizeof(links[0]) ; i++)
  {
    put(links[i]) ;
    put(" ") ;
    putlink(links[i], "") ;
    put("\n") ;
  }
  stralloc_free(&sa) ;
}

static void of_process (void)
{
  static int const which[3] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF } ;
  struct sched_param param ;
  stack_t stack ;
  char name[17] = "" ;
  unsigned int i = 0 ;
  mode_t mask = umask(0) ;
  umask(mask) ;
  fact("umask", (int64_t)mask) ;
  prctl(PR_GET_NAME, name, 0, 0, 0) ;
  put("name ") ; put(name) ; put("\n") ;
  for (; i < sizeof(prctls) / sizeof(prctls[0]) ; i++)
  {
    int value = 0 ;
    int r = prctls[i].indirect ? prctl(prctls[i].option, &value, 0, 0, 0) : prctl(prctls[i].option, 0, 0, 0, 0) ;
    fact(prctls[i].name, r == -1 ? -errno : prctls[i].indirect ? value : r) ;
  }
  for (i = 0 ; i < 3 ; i++)
  {
    struct itimerval it ;
    getitimer((int)which[i], &it) ;
    fact("itimer interval", it.it_interval.tv_sec) ;
    fact("itimer is set", it.it_value.tv_sec || it.it_value.tv_usec) ;
  }
  sigaltstack(0, &stack) ;
  fact("sigaltstack", stack.ss_flags) ;
  for (i = 1 ; i <= 64 ; i++)
  {
    unsigned long action[8] = { 0 } ;
    if (syscall(SYS_rt_sigaction, i, 0, action, 8) == -1) continue ;
    if (!action[0] && !action[1]) continue ;
    put("signal ") ; puti(i) ; fact(" handler", (int64_t)action[0]) ;
    fact("  flags", (int64_t)action[1]) ;
  }
  sched_getparam(0, &param) ;
  fact("scheduler", sched_getscheduler(0)) ;
  fact("priority", param.sched_priority) ;
  fact("nice", getpriority(PRIO_PROCESS, 0)) ;
  fact("ioprio", syscall(SYS_ioprio_get, 1, 0)) ;
  fact("pgid", getpgrp()) ;
  fact("sid", getsid(0)) ;
  fact("secure", (int64_t)getauxval(AT_SECURE)) ;
  fact("auxv euid", (int64_t)getauxval(AT_EUID)) ;
  fact("session keyring", syscall(SYS_keyctl, 0, -3, 0) >= 0) ;
  fact("process keyring", syscall(SYS_keyctl, 0, -2, 0) >= 0) ;
  fact("thread keyring", syscall(SYS_keyctl, 0, -1, 0) >= 0) ;
}

int main (int argc, char const *const *argv)
{
  int i = 0 ;
  PROG = "report" ;
  if (argc < 1) dieusage() ;
  descriptors() ;
  from_proc() ;
  of_process() ;
  for (; i < argc ; i++)
  {
    put("arg ") ;
    put(argv[i]) ;
    put("\n") ;
  }
  put("execfn ") ;
  put((char const *)getauxval(AT_EXECFN)) ;
  put("\n") ;
  if (!buffer_flush(buffer_1)) strerr_diefu1sys(111, "write to stdout") ;
  return 0 ;
}
