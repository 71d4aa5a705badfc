/* ISC license. */

/*
   A hostile guest: tries the known ways out of its root, each in a process of
   its own, and looks for a file, the marker, at every place that it gets to and
   in the directories above. Exits 0 if a way led to the marker, 1 if none did.
*/

#include <skalibs/nonposix.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <skalibs/types.h>
#include <skalibs/buffer.h>
#include <skalibs/strerr.h>
#include <skalibs/sgetopt.h>

#define USAGE "escape [ -l ] [ -w way ]... [ -x way ]... marker"
#define dieusage() strerr_dieusage(100, USAGE)

#define CLIMB 64

static char const *marker ;

 /* Is the marker in the current directory, or above it? */

static int look (void)
{
  for (unsigned int i = 0 ; i < CLIMB ; i++)
  {
    struct stat st ;
    if (lstat(marker, &st) >= 0) return 1 ;
    if (chdir("..") < 0) break ;
  }
  return 0 ;
}

static int look_at (char const *path)
{
  return chdir(path) >= 0 && look() ;
}

static int look_fd (int fd)
{
  return fchdir(fd) >= 0 && look() ;
}

 /* chroot(2) into a directory below, with the current directory left above it */

static int by_chroot (void)
{
  static char const dir[] = "escape.chroot" ;
  int fd = open(".", O_RDONLY | O_DIRECTORY) ;
  if (mkdir(dir, 0700) < 0 && errno != EEXIST) return 0 ;
  if (chroot(dir) < 0) return 0 ;
  if (look_fd(fd)) return 1 ;
  return 0 ;
}

static int by_cwd (void)
{
  return look() ;
}

static int by_fd (void)
{
  for (int fd = 0 ; fd < 1024 ; fd++) if (look_fd(fd)) return 1 ;
  return 0 ;
}

 /* A guest without /proc mounts one. */

static int have_proc (void)
{
  struct stat st ;
  if (stat("/proc/self", &st) >= 0) return 1 ;
  mkdir("/proc", 0755) ;
  return mount("proc", "/proc", "proc", 0, 0) >= 0 ;
}

static int in_dir (char const *dir)
{
  char path[512] ;
  size_t n = strlen(dir) ;
  int found = 0 ;
  DIR *d = opendir(dir) ;
  if (!d) return 0 ;
  memcpy(path, dir, n) ;
  path[n++] = '/' ;
  while (!found)
  {
    struct dirent *e = readdir(d) ;
    if (!e) break ;
    if (e->d_name[0] == '.' || n + strlen(e->d_name) >= sizeof(path)) continue ;
    memcpy(path + n, e->d_name, strlen(e->d_name) + 1) ;
    found = look_at(path) ;
  }
  closedir(d) ;
  return found ;
}

static int each_process (char const *const *name)
{
  int found = 0 ;
  DIR *d ;
  if (!have_proc()) return 0 ;
  d = opendir("/proc") ;
  if (!d) return 0 ;
  while (!found)
  {
    char path[64] = "/proc/" ;
    unsigned int pid ;
    size_t n ;
    struct dirent *e = readdir(d) ;
    if (!e) break ;
    if (!uint0_scan(e->d_name, &pid)) continue ;
    n = 6 + strlen(e->d_name) ;
    memcpy(path + 6, e->d_name, n - 6) ;
    path[n++] = '/' ;
    for (char const *const *p = name ; *p && !found ; p++)
    {
      memcpy(path + n, *p, strlen(*p) + 1) ;
      found = strcmp(*p, "fd") ? look_at(path) : in_dir(path) ;
    }
  }
  closedir(d) ;
  return found ;
}

static int by_procroot (void)
{
  static char const *const name[] = { "root", "cwd", "root/..", 0 } ;
  return each_process(name) ;
}

static int by_procfd (void)
{
  static char const *const name[] = { "fd", 0 } ;
  return each_process(name) ;
}

static int by_procself (void)
{
  return have_proc() && (in_dir("/proc/self/fd") || look_at("/proc/self/root/..") || look_at("/proc/self/cwd/..")) ;
}

 /* The inodes that a file system's root usually has, opened through any directory of it. */

static int by_handle (void)
{
  static uint32_t const ino[] = { 1, 2, 5, 32, 64, 96, 128, 256 } ;
  int base = open("/", O_RDONLY | O_DIRECTORY) ;
  for (unsigned int i = 0 ; i < sizeof(ino) / sizeof(ino[0]) ; i++)
  {
    uint32_t h[4] = { 8, 1, ino[i], 0 } ;  /* handle_bytes, FILEID_INO32_GEN, inode, any generation */
    int fd = (int)syscall(SYS_open_by_handle_at, base, h, O_RDONLY | O_DIRECTORY) ;
    if (fd >= 0 && look_fd(fd)) return 1 ;
  }
  return 0 ;
}

 /* A bind mount's source must be of the same mount namespace: not in one of our own. */

static int by_bind (void)
{
  static char const *const source[] = { "/proc/1/root", "/proc/1/root/..", "/proc/1/cwd", "/..", 0 } ;
  if (!have_proc()) return 0 ;
  mkdir("/escape.bind", 0700) ;
  for (char const *const *p = source ; *p ; p++)
  {
    int found ;
    if (mount(*p, "/escape.bind", 0, MS_BIND | MS_REC, 0) < 0) continue ;
    found = look_at("/escape.bind") ;
    if (chdir("/") < 0) return found ;
    umount2("/escape.bind", MNT_DETACH) ;
    if (found) return 1 ;
  }
  return 0 ;
}

 /* Take the root off, and go to what is below it: the namespace's own root. */

static int by_umount (void)
{
  int fd ;
  if (!have_proc()) return 0 ;
  fd = open("/proc/self/ns/mnt", O_RDONLY) ;
  umount2("/", MNT_DETACH) ;
  if (look_at("/")) return 1 ;
  return fd >= 0 && setns(fd, CLONE_NEWNS) >= 0 && look_at("/") ;
}

 /* The same without taking anything off: what chroot(2) does not survive. */

static int by_setns (void)
{
  int fd ;
  if (!have_proc()) return 0 ;
  fd = open("/proc/self/ns/mnt", O_RDONLY) ;
  if (fd >= 0 && setns(fd, CLONE_NEWNS) >= 0 && look_at("/")) return 1 ;
  fd = open("/proc/1/ns/mnt", O_RDONLY) ;
  return fd >= 0 && setns(fd, CLONE_NEWNS) >= 0 && look_at("/") ;
}

struct way_s
{
  char const *name ;
  int (*f) (void) ;
  int alone ;  /* in a mount namespace of its own */
} ;

static struct way_s const ways[] =
{
  { "cwd", &by_cwd, 0 },
  { "fd", &by_fd, 0 },
  { "procself", &by_procself, 1 },
  { "procroot", &by_procroot, 1 },
  { "procfd", &by_procfd, 1 },
  { "handle", &by_handle, 0 },
  { "chroot", &by_chroot, 0 },
  { "bind", &by_bind, 0 },
  { "setns", &by_setns, 1 },
  { "umount", &by_umount, 1 },
} ;

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static unsigned int way (char const *s)
{
  for (unsigned int i = 0 ; i < WAYS ; i++) if (!strcmp(ways[i].name, s)) return i ;
  strerr_dief2x(100, "unknown way: ", s) ;
}

static int try (struct way_s const *w)
{
  int wstat ;
  pid_t pid = fork() ;
  if (pid < 0) strerr_diefu1sys(111, "fork") ;
  if (!pid)
  {
    if (w->alone && unshare(CLONE_NEWNS) >= 0) mount("none", "/", 0, MS_REC | MS_PRIVATE, 0) ;
    _exit((*w->f)() ? 0 : 1) ;
  }
  while (waitpid(pid, &wstat, 0) < 0) if (errno != EINTR) strerr_diefu1sys(111, "wait") ;
  if (!WIFEXITED(wstat)) strerr_dief2x(111, "crashed: ", w->name) ;
  return !WEXITSTATUS(wstat) ;
}

int main (int argc, char const *const *argv)
{
  uint32_t only = 0, without = 0 ;
  int found = 0 ;
  PROG = "escape" ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "lw:x:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'l' :
          for (unsigned int i = 0 ; i < WAYS ; i++)
          {
            buffer_puts(buffer_1, ways[i].name) ;
            buffer_puts(buffer_1, "\n") ;
          }
          return buffer_flush(buffer_1) ? 0 : 111 ;
        case 'w' : only |= (uint32_t)1 << way(l.arg) ; break ;
        case 'x' : without |= (uint32_t)1 << way(l.arg) ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc != 1 || strchr(argv[0], '/')) dieusage() ;
  marker = argv[0] ;

  for (unsigned int i = 0 ; i < WAYS ; i++)
  {
    uint32_t bit = (uint32_t)1 << i ;
    if ((only && !(only & bit)) || without & bit) continue ;
    buffer_puts(buffer_1, ways[i].name) ;
    if (try(ways + i))
    {
      found = 1 ;
      buffer_puts(buffer_1, ": escaped\n") ;
    }
    else buffer_puts(buffer_1, ": no\n") ;
  }
  if (!buffer_flush(buffer_1)) strerr_diefu1sys(111, "write to stdout") ;
  return !found ;
}
