/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <dirent.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/child.h>
#include <lcboot/exec.h>
#include <lcboot/find.h>
#include <lcboot/tolerant.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

#define SHEBANG_MAX 256  /* the kernel's: execve(2), interpreter scripts */

 /* The file that exec refused: the first of that name in PATH, or the path. */

static int is_regular (char const *file)
{
  struct stat st ;
  return !stat(file, &st) && S_ISREG(st.st_mode) ;
}

static int find (stralloc *sa, char const *name)
{
  if (strchr(name, '/')) return stralloc_copys(sa, name) && stralloc_0(sa) ;
  return lc_find(sa, name, &is_regular) ;
}

 /* The words of a #! line as the kernel splits it: the interpreter, and the
    rest, if any, as one argument. Returns their number; 0 too if the line is so
    long that the interpreter's name may be cut. */

static unsigned int shebang (char const *file, char *buf, char const **word)
{
  size_t n ;
  char *arg ;
  ssize_t r = openreadnclose_nb(file, buf, SHEBANG_MAX) ;
  if (r < 2 || buf[0] != '#' || buf[1] != '!') return 0 ;
  buf[r] = 0 ;
  n = strcspn(buf, "\n") ;
  if (n == SHEBANG_MAX)
  {
    char const *name = buf + 2 + strspn(buf + 2, " \t") ;
    if (!name[strcspn(name, " \t")]) return 0 ;
    n-- ;
  }
  while (n > 2 && (buf[n-1] == ' ' || buf[n-1] == '\t')) n-- ;
  buf[n] = 0 ;
  word[0] = buf + 2 + strspn(buf + 2, " \t") ;
  arg = buf + (word[0] - buf) + strcspn(word[0], " \t") ;
  if (!word[0][0]) return 0 ;
  if (!*arg) return 1 ;
  *arg++ = 0 ;
  word[1] = arg + strspn(arg, " \t") ;
  return 2 ;
}

static void interpret (char const *file, char const *const *argv, char const *const *envp)
{
  char buf[SHEBANG_MAX + 1] ;
  char const *word[2] ;
  unsigned int n = shebang(file, buf, word) ;
  unsigned int argc = 0 ;
  while (argv[argc]) argc++ ;
  if (!n) return ;
  {
    char const *newargv[argc + 3] ;
    memcpy(newargv, word, n * sizeof(char const *)) ;
    newargv[n] = file ;
    memcpy(newargv + n + 1, argv + 1, argc * sizeof(char const *)) ;
    execve(newargv[0], (char *const *)newargv, (char *const *)envp) ;
    strerr_diefusys(errno == ENOENT ? 127 : 126, "exec ", word[0], ", the interpreter of ", file) ;
  }
}

static int cmp (void const *a, void const *b)
{
  return strcmp(*(char const *const *)a, *(char const *const *)b) ;
}

 /* The names in a directory, in the order of the C locale. The strings are in
    storage, the pointers in list. */

static int entries (char const *dirname, stralloc *storage, genalloc *list)
{
  size_t pos = 0 ;
  DIR *dir = opendir(dirname) ;
  if (!dir) return 0 ;
  for (;;)
  {
    struct dirent *d ;
    errno = 0 ;
    d = readdir(dir) ;
    if (!d) break ;
    if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..")) continue ;
    if (!stralloc_cats(storage, dirname) || !stralloc_append(storage, '/')
     || !stralloc_cats(storage, d->d_name) || !stralloc_0(storage)) dienomem() ;
  }
  if (errno) return 0 ;
  closedir(dir) ;
  for (; pos < storage->len ; pos += strlen(storage->s + pos) + 1)
  {
    char const *p = storage->s + pos ;
    if (!genalloc_append(char const *, list, &p)) dienomem() ;
  }
  qsort(list->s, genalloc_len(char const *, list), sizeof(char const *), &cmp) ;
  return 1 ;
}

static void run_all (char const *dirname, char const *const *argv, char const *const *envp) gccattr_noreturn ;

static void run_all (char const *dirname, char const *const *argv, char const *const *envp)
{
  stralloc storage = STRALLOC_ZERO ;
  genalloc list = GENALLOC_ZERO ;
  lc_sigstate old ;
  size_t i = 0 ;
  unsigned int argc = 0 ;
  while (argv[argc]) argc++ ;
  if (!entries(dirname, &storage, &list)) strerr_diefusys(111, "read directory ", dirname) ;
  for (; i < genalloc_len(char const *, &list) ; i++)
  {
    char const *newargv[argc + 1] ;
    int wstat ;
    newargv[0] = genalloc_s(char const *, &list)[i] ;
    memcpy(newargv + 1, argv + 1, argc * sizeof(char const *)) ;
    lc_sigstate_hold_chld(&old) ;
    wstat = lc_run(newargv, envp, &old, LC_RUN_TOLERANT) ;
    if (wstat == -1) strerr_diefusys(111, "run ", newargv[0]) ;
    lc_sigstate_restore(&old) ;
    if (wstat) strerr_dief(lc_exit_code(wstat), newargv[0], " ", lc_how_ended(wstat)) ;
  }
  _exit(0) ;
}

void lc_tolerant_exec (char const *const *argv, char const *const *envp)
{
  struct stat st ;
  stralloc file = STRALLOC_ZERO ;
  int e ;
  if (strchr(argv[0], '/') && !stat(argv[0], &st) && S_ISDIR(st.st_mode)) run_all(argv[0], argv, envp) ;
  lc_tryexec(argv, envp) ;
  e = errno ;
   /* ENOENT too: it may be the interpreter that is missing */
  if ((e == EACCES || e == ENOENT) && find(&file, argv[0]) && !stat(file.s, &st) && S_ISREG(st.st_mode))
    interpret(file.s, argv, envp) ;
  errno = e ;
  lc_die_exec(argv[0]) ;
}
