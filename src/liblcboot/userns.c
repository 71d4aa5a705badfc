/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <linux/capability.h>
#include <linux/keyctl.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/posixplz.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/child.h>
#include <lcboot/deathsig.h>
#include <lcboot/fd.h>
#include <lcboot/proc.h>
#include <lcboot/userns.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

#define INITIAL_USERNS_INO 0xEFFFFFFDU  /* PROC_USER_INIT_INO: lsns(8) and others rely on it too */

 /* The two kinds of a map */

struct kind_s
{
  char const *name ;
  char const *file ;
  char const *tool ;
  unsigned int cap ;
} ;

static struct kind_s const kinds[2] =
{
  { .name = "user", .file = "uid_map", .tool = "newuidmap", .cap = CAP_SETUID },
  { .name = "group", .file = "gid_map", .tool = "newgidmap", .cap = CAP_SETGID }
} ;

 /* The effective ones below 32: both that matter are */

static uint32_t capabilities (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 } ;
  struct __user_cap_data_struct data[2] ;
  return syscall(SYS_capget, &header, data) == -1 ? 0 : data[0].effective ;
}

static int write_file (int procfd, pid_t pid, char const *name, char const *s, size_t len)
{
  ssize_t r ;
  int fd = lc_proc_pid(procfd, pid, name, O_WRONLY) ;
  if (fd == -1) return 0 ;
  r = fd_write(fd, s, len) ;
  lc_close(fd) ;
  return r == (ssize_t)len ;
}

static int is_own (genalloc const *m, int group)
{
  lc_idextent const *e = genalloc_s(lc_idextent, m) ;
  return genalloc_len(lc_idextent, m) == 1 && e->count == 1 && e->outside == (group ? getegid() : geteuid()) ;
}

static void write_directly (int procfd, pid_t pid, genalloc const *m, int group)
{
  stralloc text = STRALLOC_ZERO ;
  lc_idmap_text(&text, m) ;
  if (!write_file(procfd, pid, kinds[group].file, text.s, text.len))
    strerr_diefusys(111, "write the ", kinds[group].name, " map of the new user namespace",
      errno == EPERM ? " (is every outside id mapped in the current one?)" : "") ;
  stralloc_free(&text) ;
}

 /* newuidmap PID inside outside count … */

static void write_by_tool (pid_t pid, genalloc const *m, int group, lc_sigstate const *sigs)
{
  lc_idextent const *e = genalloc_s(lc_idextent, m) ;
  size_t n = genalloc_len(lc_idextent, m) ;
  char const *argv[3 * n + 3] ;
  char fmt[3 * n + 1][UINT64_FMT] ;
  size_t i = 0 ;
  int wstat ;
  argv[0] = kinds[group].tool ;
  fmt[0][pid_fmt(fmt[0], pid)] = 0 ;
  for (; i < n ; i++)
  {
    fmt[3*i+1][uint32_fmt(fmt[3*i+1], e[i].inside)] = 0 ;
    fmt[3*i+2][uint32_fmt(fmt[3*i+2], e[i].outside)] = 0 ;
    fmt[3*i+3][uint32_fmt(fmt[3*i+3], e[i].count)] = 0 ;
  }
  for (i = 0 ; i <= 3 * n ; i++) argv[i+1] = fmt[i] ;
  argv[3 * n + 2] = 0 ;
  wstat = lc_run(argv, (char const *const *)environ, sigs, 0) ;
  if (wstat == -1) strerr_diefusys(111, "run ", argv[0]) ;
  if (wstat) strerr_diefu(111, "write the ", kinds[group].name, " map of the new user namespace: ", argv[0], " ", lc_how_ended(wstat),
    WIFEXITED(wstat) && WEXITSTATUS(wstat) == 127 ? " (package uidmap: without it and without capabilities only your own id can be mapped)" : "") ;
}

static void write_kind (int procfd, pid_t pid, genalloc const *m, int group, uint32_t caps, lc_sigstate const *sigs)
{
  int capable = !!(caps & 1U << kinds[group].cap) ;
  if (!genalloc_len(lc_idextent, m)) return ;
  if (!capable && !is_own(m, group))
  {
    write_by_tool(pid, m, group, sigs) ;
    return ;
  }

   /* user_namespaces(7): without CAP_SETGID a gid_map can be written only after
      setgroups(2) was given up, or a group that restricts could be dropped */
  if (!capable && group && !write_file(procfd, pid, "setgroups", "deny", 4))
    strerr_diefusys(111, "deny setgroups in the new user namespace") ;
  write_directly(procfd, pid, m, group) ;
}

static int open_proc (void)
{
  int procfd = lc_proc_open() ;
  if (procfd == -1)
    strerr_diefusys(111, "open a procfs of this PID namespace, which id maps are written through",
      errno == EPERM ? " (/proc is that of another, and without privilege none can be made)" : "") ;
  return procfd ;
}

static void write_maps (int procfd, pid_t pid, lc_idmaps const *maps, lc_sigstate const *sigs)
{
  uint32_t caps = capabilities() ;
  write_kind(procfd, pid, &maps->gid, 1, caps, sigs) ;
  write_kind(procfd, pid, &maps->uid, 0, caps, sigs) ;
}

void lc_userns_write (pid_t pid, lc_idmaps const *maps, lc_sigstate const *sigs)
{
  int procfd = open_proc() ;
  write_maps(procfd, pid, maps, sigs) ;
  fd_close(procfd) ;
}

 /* The child does nothing but exist until the other end of the pipe is closed,
    by us or by our death. It shares our memory, as after vfork(2), so it must not
    write there: signals are blocked, and read(2) then fails for no reason. */

static int idle (void *arg)
{
  int const *p = arg ;
  char c ;
  fd_close(p[1]) ;
  return read(p[0], &c, 1) == 0 ? 0 : 1 ;
}

#define IDLE_STACK 4096

int lc_userns_make (lc_idmaps const *maps)
{
  union { char s[IDLE_STACK] ; long double align ; } stack ;
  lc_sigstate old ;
  int p[2] ;
  int fd ;
  pid_t pid ;
  int procfd = open_proc() ;
  if (pipe2(p, O_CLOEXEC) == -1) strerr_diefusys(111, "make a pipe") ;
  lc_sigstate_hold_all(&old) ;
  pid = clone(&idle, stack.s + IDLE_STACK, CLONE_NEWUSER | CLONE_VM | SIGCHLD, p) ;
  if (pid == -1) strerr_diefusys(111, "make a user namespace", errno == ENOSPC || errno == EUSERS ? " (see /proc/sys/user/max_user_namespaces)" : "") ;
  fd_close(p[0]) ;
  write_maps(procfd, pid, maps, &old) ;
  fd = lc_proc_ns(procfd, pid, "user") ;
  if (fd == -1) strerr_diefusys(111, "open the new user namespace") ;
  fd_close(procfd) ;
  fd_close(p[1]) ;
  lc_wait_child(pid) ;
  lc_sigstate_restore(&old) ;
  return fd ;
}

int lc_userns_become_root (void)
{
  lc_deathsig deathsig ;
  int isuser0, isgroup0 ;
  lc_deathsig_get(&deathsig) ;

   /* the caller's session keyring is not the guest's: keyctl_join_session_keyring(3);
      where there is no room for a new one, or no keyrings, it stays */
  syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0) ;

   /* EINVAL: 0 is not mapped there */
  isgroup0 = !setresgid(0, 0, 0) ;
  if (!isgroup0 && errno != EINVAL) return 0 ;
  isuser0 = !setresuid(0, 0, 0) ;
  if (!isuser0 && errno != EINVAL) return 0 ;

   /* EPERM: it was denied, or there is no group map; then the groups stay, unmapped */
  if ((isuser0 || isgroup0) && setgroups(0, 0) == -1 && errno != EPERM) return 0 ;
  lc_deathsig_put(&deathsig) ;
  return 1 ;
}

int lc_userns_inside (void)
{
  struct stat st ;
  int fd ;
  int inside = 0 ;
  int procfd = lc_proc_open_self() ;
  if (procfd == -1) return 0 ;
  fd = lc_proc_ns(procfd, 0, "user") ;
  if (fd >= 0)
  {
    inside = !fstat(fd, &st) && st.st_ino != INITIAL_USERNS_INO ;
    fd_close(fd) ;
  }
  fd_close(procfd) ;
  return inside ;
}
