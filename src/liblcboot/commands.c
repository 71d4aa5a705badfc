/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/posixplz.h>
#include <skalibs/strerr.h>

#include <lcboot/block.h>
#include <lcboot/child.h>
#include <lcboot/commands.h>
#include <lcboot/fd.h>
#include <lcboot/ids.h>
#include <lcboot/say.h>
#include <lcboot/tolerant.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

 /* linux/memfd.h and linux/fcntl.h. Before Linux 6.3 there is no NOEXEC_SEAL. */

#define LC_MFD_CLOEXEC 1U
#define LC_MFD_ALLOW_SEALING 2U
#define LC_MFD_NOEXEC_SEAL 8U
#define LC_F_ADD_SEALS 1033
#define LC_SEALS 0xf  /* SEAL, SHRINK, GROW, WRITE */

static int scan_fd (char const *s)
{
  uint64_t n ;
  if (!lc_number_scan(s, 0x7fffffff, &n) || n < 3 || fcntl((int)n, F_GETFD) == -1)
    strerr_dief(100, "-i wants an open descriptor above 2, not ", s) ;
  return (int)n ;
}

static void check_fd (lc_commands const *c, int fd)
{
  lc_command const *p = genalloc_s(lc_command, &c->list) ;
  size_t i = genalloc_len(lc_command, &c->list) ;
  while (i--) if (p[i].fd == fd) strerr_dief(100, "a descriptor can be given to one -i only") ;
}

void lc_commands_add (lc_commands *c, int opt, int argc, char const **argv, subgetopt *l)
{
  lc_command new = { .argv = 0, .text = 0, .fd = -1 } ;
  switch (opt)
  {
    case 'i' :
      new.fd = scan_fd(l->arg) ;
      check_fd(c, new.fd) ;
      new.argv = lc_block_option(argc, argv, l, "-i") ;
      break ;
    case 't' :
      new.text = lc_block_optional(argc, argv, l, "-t") ;
      new.argv = lc_block(argc, argv, &l->ind, "the text of -t") ;
      if (!new.argv[0]) strerr_dief(100, "empty block after the text of -t") ;
      break ;
    default : new.argv = lc_block_option(argc, argv, l, "-b") ;
  }
  if (!genalloc_append(lc_command, &c->list, &new)) dienomem() ;
}

 /* A descriptor that was opened into a standard one, which was closed and stays so
    for prog, is moved away. */

static int above_2 (int fd)
{
  int high ;
  if (fd == -1 || fd > 2) return fd ;
  high = fcntl(fd, F_DUPFD_CLOEXEC, 3) ;
  lc_close(fd) ;
  return high ;
}

 /* A text is read from memory: no process has to write it, and what nobody reads
    is gone with the descriptor. */

static int write_text (int fd, char const *const *text)
{
  for (; *text ; text++)
  {
    size_t len = strlen(*text) ;
    if (allwrite(fd, *text, len) < len) return 0 ;
  }
  return lseek(fd, 0, SEEK_SET) != -1 && fcntl(fd, LC_F_ADD_SEALS, LC_SEALS) != -1 ;
}

static int open_text (char const *const *text)
{
  int fd = (int)syscall(SYS_memfd_create, "text", LC_MFD_CLOEXEC | LC_MFD_ALLOW_SEALING | LC_MFD_NOEXEC_SEAL) ;
  if (fd == -1 && errno == EINVAL) fd = (int)syscall(SYS_memfd_create, "text", LC_MFD_CLOEXEC | LC_MFD_ALLOW_SEALING) ;
  fd = above_2(fd) ;
  if (fd >= 0 && !write_text(fd, text))
  {
    lc_close(fd) ;
    return -1 ;
  }
  return fd ;
}

size_t lc_commands_prepare (lc_commands *c)
{
  lc_command *p = genalloc_s(lc_command, &c->list) ;
  size_t n = genalloc_len(lc_command, &c->list) ;
  size_t i = 0 ;
  if (!n) return 0 ;
  for (; i < n ; i++)
  {
    if (p[i].text) p[i].fd = open_text(p[i].text) ;
    if (p[i].text && p[i].fd == -1) strerr_diefusys(111, "keep the text for ", p[i].argv[0], " in memory") ;
    if (p[i].fd >= 0) coe(p[i].fd) ;
  }
  c->nullfd = above_2(open("/dev/null", O_RDONLY | O_CLOEXEC)) ;
  if (c->nullfd == -1) strerr_diefusys(111, "open /dev/null, the standard input of commands") ;
  c->listfd = lc_fd_list() ;
  return n ;
}

static int run (lc_command const *p, lc_commands const *c, lc_sigstate const *old)
{
  pid_t pid = fork() ;
  if (pid) return pid == -1 ? -1 : lc_wait_child(pid) ;
  if (fd_copy(0, p->fd >= 0 ? p->fd : c->nullfd) == -1) strerr_diefusys(111, "give ", p->argv[0], " its standard input") ;
   /* a command gets no descriptor but its standard ones: what an engine leaked is
      for prog alone */
  if (!lc_close_from(3, c->listfd)) strerr_diefusys(111, "close the descriptors that commands must not get") ;
  lc_sigstate_restore(old) ;
  lc_tolerant_exec(p->argv, (char const *const *)environ) ;
}

void lc_commands_run (lc_commands *c)
{
  lc_command const *p = genalloc_s(lc_command, &c->list) ;
  size_t n = genalloc_len(lc_command, &c->list) ;
  lc_sigstate old ;
  size_t i = 0 ;
  if (!n) return ;
  lc_close_late_now() ;  /* a command sees this process */
  lc_sigstate_hold_chld(&old) ;
  for (; i < n ; i++)
  {
    int wstat = run(p + i, c, &old) ;
    if (wstat == -1) strerr_diefusys(111, "run ", p[i].argv[0]) ;
    if (wstat) strerr_dief(111, "the command ", p[i].argv[0], " ", lc_how_ended(wstat), ", so the program is not run") ;
    if (p[i].fd >= 0) fd_close(p[i].fd) ;
    if (getpid() == 1) wait_reap() ;  /* what it left behind */
    lc_say("the command ", p[i].argv[0], " is done") ;
  }
  lc_sigstate_restore(&old) ;
  lc_close(c->listfd) ;
  fd_close(c->nullfd) ;
}
