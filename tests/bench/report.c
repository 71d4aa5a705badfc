/* ISC license. */

/*
   The payload that tells, from inside, what a boot has made: one fact a line,
   a key, a blank and its value.
*/

#include <skalibs/nonposix.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <skalibs/buffer.h>
#include <skalibs/bytestr.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

static void put (char const *s)
{
  if (buffer_puts(buffer_1, s) == -1) strerr_diefusys(111, "write") ;
}

static void fact (char const *kind, char const *name, char const *value)
{
  put(kind) ;
  put(name) ;
  put(" ") ;
  put(value) ;
  put("\n") ;
}

static char const *number (unsigned long n)
{
  static char fmt[ULONG_FMT] ;
  fmt[ulong_fmt(fmt, n)] = 0 ;
  return fmt ;
}

static void slurp_file (stralloc *sa, char const *file)
{
  sa->len = 0 ;
  if (!openslurpclose(sa, file) || !stralloc_0(sa)) strerr_diefusys(111, "read ", file) ;
}

static void namespaces (void)
{
  static char const *const names[] = { "user", "mnt", "uts", "ipc", "net", "cgroup", "pid" } ;
  unsigned int i = 0 ;
  for (; i < sizeof(names) / sizeof(names[0]) ; i++)
  {
    char path[32] = "/proc/self/ns/" ;
    struct stat st ;
    strcat(path, names[i]) ;
    if (stat(path, &st) == -1) strerr_diefusys(111, "look at ", path) ;
    fact("ns:", names[i], number(st.st_ino)) ;
  }
}

static void ids (void)
{
  stralloc sa = STRALLOC_ZERO ;
  struct stat st ;
  char *p ;
  char host[256] ;
  fact("", "pid", number((unsigned long)getpid())) ;
  fact("", "uid", number(getuid())) ;
  fact("", "gid", number(getgid())) ;
  fact("", "supplementary-groups", number((unsigned long)getgroups(0, 0))) ;
  slurp_file(&sa, "/proc/self/uid_map") ;
  put("user-map") ;
  for (p = sa.s ; *p ; )
  {
    size_t n = strspn(p, " \n") ;
    if (n) put(p[n] ? " " : "") ;
    p += n ;
    n = strcspn(p, " \n") ;
    if (buffer_put(buffer_1, p, n) == -1) strerr_diefusys(111, "write") ;
    p += n ;
  }
  put("\n") ;
  if (gethostname(host, sizeof(host)) == -1 || stat("/", &st) == -1) strerr_diefusys(111, "look at the root") ;
  fact("", "hostname", host) ;
  fact("owner:", "/", number(st.st_uid)) ;
  if (!stat("/dev/mqueue", &st)) fact("owner:", "/dev/mqueue", number(st.st_uid)) ;
  stralloc_free(&sa) ;
}

static void status (void)
{
  static char const *const names[] = { "CapEff", "CapBnd", "NoNewPrivs", "Seccomp" } ;
  stralloc sa = STRALLOC_ZERO ;
  unsigned int i = 0 ;
  slurp_file(&sa, "/proc/self/status") ;
  for (; i < sizeof(names) / sizeof(names[0]) ; i++)
  {
    char value[32] = "" ;
    char *p = strstr(sa.s, names[i]) ;
    if (p)
    {
      size_t n ;
      p += strlen(names[i]) ;
      p += strspn(p, ":\t") ;
      n = strcspn(p, "\n") ;
      if (n < sizeof(value)) memcpy(value, p, n) ;
    }
    fact("", names[i], value) ;
  }
  stralloc_free(&sa) ;
}

static int is_node_of_dev (char const *target)
{
  struct stat st ;
  return !strncmp(target, "/dev/", 5) && !stat(target, &st) && !S_ISDIR(st.st_mode) ;
}

 /* The value of an option of the file system, as the kernel shows it */

static void option (char const *options, char const *key, char const *name)
{
  char value[16] = "default" ;
  char const *p = strstr(options, key) ;
  if (p)
  {
    size_t n ;
    p += strlen(key) ;
    n = strcspn(p, ",") ;
    if (n < sizeof(value))
    {
      memcpy(value, p, n) ;
      value[n] = 0 ;
    }
  }
  fact("devpts:", name, value) ;
}

static void mount_line (char *line)
{
  static char const *const flags[] = { "ro", "nosuid", "nodev", "noexec" } ;
  char *field[64] ;
  unsigned int n = 0 ;
  unsigned int dash = 6 ;
  unsigned int i = 0 ;
  for (; *line && n < 63 ; n++)
  {
    field[n] = line ;
    line += strcspn(line, " ") ;
    if (*line) *line++ = 0 ;
  }
  while (dash < n && strcmp(field[dash], "-")) dash++ ;
  if (dash + 3 >= n) strerr_dief(111, "strange line in mountinfo") ;
  if (is_node_of_dev(field[4])) return ;
  put("mount:") ;
  put(field[4]) ;
  put(" ") ;
  put(field[dash+1]) ;
  for (; i < sizeof(flags) / sizeof(flags[0]) ; i++)
  {
    char *p = strstr(field[5], flags[i]) ;
    size_t len = strlen(flags[i]) ;
    if (p && (p == field[5] || p[-1] == ',') && (!p[len] || p[len] == ','))
    {
      put(",") ;
      put(flags[i]) ;
    }
  }
  put("\n") ;
  if (strcmp(field[4], "/dev/pts")) return ;
  option(field[dash+3], "ptmxmode=", "ptmxmode") ;
  option(field[dash+3], "gid=", "gid") ;
}

static void mounts (void)
{
  stralloc sa = STRALLOC_ZERO ;
  char *p ;
  slurp_file(&sa, "/proc/self/mountinfo") ;
  for (p = sa.s ; *p ; )
  {
    size_t n = strcspn(p, "\n") ;
    int more = !!p[n] ;
    p[n] = 0 ;
    mount_line(p) ;
    p += n + (size_t)more ;
  }
  stralloc_free(&sa) ;
}

static void node (char const *name, struct stat const *st)
{
  char value[64] ;
  size_t n = 0 ;
  if (!S_ISCHR(st->st_mode) && !S_ISBLK(st->st_mode))
  {
    fact("node:", name, "not a device") ;
    return ;
  }
  n += uint_fmt(value + n, major(st->st_rdev)) ;
  value[n++] = ':' ;
  n += uint_fmt(value + n, minor(st->st_rdev)) ;
  value[n++] = ',' ;
  n += uint_ofmt(value + n, st->st_mode & 0777) ;
  value[n] = 0 ;
  fact("node:", name, value) ;
}

static void devices (void)
{
  DIR *dir = opendir("/dev") ;
  int fd ;
  if (!dir) strerr_diefusys(111, "open /dev") ;
  for (;;)
  {
    struct stat st ;
    struct dirent *d = readdir(dir) ;
    if (!d) break ;
    if (d->d_name[0] == '.' || fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1 || S_ISDIR(st.st_mode)) continue ;
    if (S_ISLNK(st.st_mode))
    {
      char target[256] ;
      ssize_t r = readlinkat(dirfd(dir), d->d_name, target, sizeof(target) - 1) ;
      if (r < 0) continue ;
      target[r] = 0 ;
      fact("link:", d->d_name, target) ;
    }
    else node(d->d_name, &st) ;
  }
  closedir(dir) ;
  fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC) ;
  fact("", "opens-a-terminal", fd >= 0 ? "yes" : "no") ;
  if (fd >= 0) fd_close(fd) ;
  fd = open("/dev/null", O_RDWR | O_CLOEXEC) ;
  fact("", "opens-null", fd >= 0 ? "yes" : "no") ;
  if (fd >= 0) fd_close(fd) ;
}

int main (void)
{
  PROG = "report" ;
  namespaces() ;
  ids() ;
  status() ;
  mounts() ;
  devices() ;
  if (!buffer_flush(buffer_1)) strerr_diefusys(111, "write") ;
  return 0 ;
}
