/* ISC license. */

/*
   timer [ -n rounds ] [ -w warmup ] [ -g microseconds ] [ -c cpu ] + prog... [ + prog... ]...

   Runs the programs in turn, the first, the second and so on, then again, and
   measures each from its start to its end. The rounds of the warm-up do not
   count. -g: a pause after each run, in which the kernel can take down what the
   run has left (a network namespace goes long after its last process). -c: on
   that CPU, with all children. Words like A=b before a prog are its environment,
   added to the timer's.

   One line for each prog: the least, the median, the nine-tenths and the most
   time, in nanoseconds. A run that does not exit 0 ends it all.
*/

#include <skalibs/nonposix.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <skalibs/alloc.h>
#include <skalibs/buffer.h>
#include <skalibs/bytestr.h>
#include <skalibs/env.h>
#include <skalibs/posixplz.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#define USAGE "timer [ -n rounds ] [ -w warmup ] [ -g microseconds ] [ -c cpu ] + prog... [ + prog... ]..."
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

struct command_s
{
  char const *file ;          /* with its path, so that no search is measured */
  char const **argv ;
  char const **envp ;
  uint64_t *ns ;
} ;

static void *get (size_t n)
{
  void *p = alloc(n) ;
  if (!p) dienomem() ;
  return p ;
}

static char const *value_of (char const *const *envp, char const *name)
{
  size_t n = strlen(name) ;
  for (; *envp ; envp++)
    if (!strncmp(*envp, name, n) && (*envp)[n] == '=') return *envp + n + 1 ;
  return 0 ;
}

static char const *search (char const *name, char const *path)
{
  if (strchr(name, '/')) return name ;
  while (path && *path)
  {
    size_t n = strcspn(path, ":") ;
    size_t len = strlen(name) + 1 ;
    char *file = get(n + 1 + len) ;
    memcpy(file, path, n) ;
    file[n] = '/' ;
    memcpy(file + n + 1, name, len) ;
    if (!access(file, X_OK)) return file ;
    alloc_free(file) ;
    path += n + !!path[n] ;
  }
  strerr_dief(111, "no such program: ", name) ;
}

static void prepare (struct command_s *c, char const **argv, unsigned int rounds)
{
  stralloc modif = STRALLOC_ZERO ;
  size_t envlen = env_len((char const *const *)environ) ;
  size_t n = 0 ;
  for (; *argv && (*argv)[strcspn(*argv, "=/")] == '=' ; argv++, n++)
    if (!stralloc_catb(&modif, *argv, strlen(*argv) + 1)) dienomem() ;
  if (!*argv) dieusage() ;
  c->argv = argv ;
  c->envp = get((envlen + n + 1) * sizeof(char const *)) ;
  env_merge(c->envp, envlen + n + 1, (char const *const *)environ, envlen, modif.s, modif.len) ;
  c->file = search(argv[0], value_of(c->envp, "PATH")) ;
  c->ns = get(rounds * sizeof(uint64_t)) ;
}

static uint64_t now (void)
{
  struct timespec t ;
  clock_gettime(CLOCK_MONOTONIC, &t) ;
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec ;
}

static uint64_t run (struct command_s const *c)
{
  uint64_t start = now() ;
  uint64_t end ;
  pid_t pid ;
  pid_t r ;
  int wstat ;
  int e = posix_spawn(&pid, c->file, 0, 0, (char *const *)c->argv, (char *const *)c->envp) ;
  if (e)
  {
    errno = e ;
    strerr_diefusys(111, "spawn ", c->file) ;
  }
  do r = waitpid(pid, &wstat, 0) ;
  while (r == -1 && errno == EINTR) ;
  end = now() ;
  if (r != pid) strerr_diefusys(111, "wait for ", c->file) ;
  if (wstat)
  {
    char fmt[INT_FMT] ;
    fmt[int_fmt(fmt, WIFEXITED(wstat) ? WEXITSTATUS(wstat) : 128 + WTERMSIG(wstat))] = 0 ;
    strerr_dief(111, c->file, " exited ", fmt) ;
  }
  return end - start ;
}

static int ns_cmp (void const *a, void const *b)
{
  uint64_t x = *(uint64_t const *)a ;
  uint64_t y = *(uint64_t const *)b ;
  return (x > y) - (x < y) ;
}

static void put (uint64_t n, char const *end)
{
  char fmt[UINT64_FMT] ;
  if (buffer_put(buffer_1, fmt, uint64_fmt(fmt, n)) == -1 || buffer_puts(buffer_1, end) == -1)
    strerr_diefusys(111, "write to standard output") ;
}

static void tell (struct command_s *c, unsigned int rounds)
{
  qsort(c->ns, rounds, sizeof(uint64_t), &ns_cmp) ;
  put(c->ns[0], " ") ;
  put((c->ns[(rounds - 1) / 2] + c->ns[rounds / 2]) / 2, " ") ;
  put(c->ns[(rounds - 1) * 9 / 10], " ") ;
  put(c->ns[rounds - 1], "\n") ;
}

static void pin (unsigned int cpu)
{
  cpu_set_t set ;
  CPU_ZERO(&set) ;
  CPU_SET(cpu, &set) ;
  if (sched_setaffinity(0, sizeof(set), &set) == -1) strerr_diefusys(111, "stay on one CPU") ;
}

int main (int argc, char const **argv)
{
  unsigned int rounds = 50, warmup = 5, gap = 0, n = 0 ;
  unsigned int i, round ;
  struct timespec pause ;
  PROG = "timer" ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "n:w:g:c:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'n' : if (!uint0_scan(l.arg, &rounds) || !rounds) dieusage() ; break ;
        case 'w' : if (!uint0_scan(l.arg, &warmup)) dieusage() ; break ;
        case 'g' : if (!uint0_scan(l.arg, &gap)) dieusage() ; break ;
        case 'c' :
          if (!uint0_scan(l.arg, &i) || i >= CPU_SETSIZE) dieusage() ;
          pin(i) ;
          break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc < 2 || strcmp(argv[0], "+")) dieusage() ;
  pause.tv_sec = (time_t)(gap / 1000000) ;
  pause.tv_nsec = (long)(gap % 1000000) * 1000 ;
  {
    struct command_s c[argc] ;
    for (i = 0 ; i < (unsigned int)argc ; i++) if (!strcmp(argv[i], "+"))
    {
      argv[i] = 0 ;
      c[n++].argv = argv + i + 1 ;
    }
    for (i = 0 ; i < n ; i++) prepare(c + i, c[i].argv, rounds) ;
    for (round = 0 ; round < warmup + rounds ; round++)
      for (i = 0 ; i < n ; i++)
      {
        uint64_t ns = run(c + i) ;
        if (round >= warmup) c[i].ns[round - warmup] = ns ;
        if (gap) nanosleep(&pause, 0) ;
      }
    for (i = 0 ; i < n ; i++) tell(c + i, rounds) ;
  }
  if (!buffer_flush(buffer_1)) strerr_diefusys(111, "write to standard output") ;
  return 0 ;
}
