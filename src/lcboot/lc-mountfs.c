/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/attach.h>
#include <lcboot/blockfs.h>
#include <lcboot/exec.h>
#include <lcboot/fd.h>
#include <lcboot/fstab.h>
#include <lcboot/inroot.h>
#include <lcboot/keep.h>
#include <lcboot/loop.h>
#include <lcboot/mountopts.h>
#include <lcboot/proc.h>
#include <lcboot/say.h>
#include <lcboot/sys.h>

#define USAGE "lc-mountfs [ -v ] [ -R root ] [ -d ] [ -t type ] [ -o options ] [ -k dir ] source target prog... | lc-mountfs [ -v ] [ -R root ] [ -d ] -f fstab prog..."
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

#define MOVE_OR_BIND (LC_OPT_MOVE | LC_OPT_BIND)

 /* What one mount is about, from the command line or from a line of fstab */

struct job_s
{
  char const *type ;    /* null: to be found */
  char const *source ;
  char const *target ;
  char const *keep ;    /* the directory whose mounts are kept, or null */
  lc_mountopts o ;
} ;

static int rootfd ;
static char const *root ;

 /* No type, no bind, no remount, nothing but a propagation: that is the job. */

static int is_propagation (struct job_s const *j)
{
  return j->o.propagation && !(j->o.what & (MOVE_OR_BIND | LC_OPT_REMOUNT | LC_OPT_LOOP)) && (!j->type || !strcmp(j->type, "none")) ;
}

 /* proc and sysfs are what a guest's programs and the next steps trust: no link
    of the guest may choose where they are */

static unsigned int strictness (struct job_s const *j)
{
  return j->type && (!strcmp(j->type, "proc") || !strcmp(j->type, "sysfs")) ? LC_INROOT_NOSYMLINKS : 0 ;
}

 /* Everything that can be wrong with a job and be seen without a system call:
    null, or the message. */

static char const *check (struct job_s const *j)
{
  unsigned int what = j->o.what ;
  int named = j->type && strcmp(j->type, "none") && strcmp(j->type, "bind") ;
  if ((what & LC_OPT_MOVE) && (what & (LC_OPT_BIND | LC_OPT_REMOUNT))) return "move excludes bind and remount" ;
  if (what & LC_OPT_LOOP && what & (MOVE_OR_BIND | LC_OPT_REMOUNT)) return "loop excludes bind, move and remount" ;
  if ((j->o.offset || j->o.sizelimit) && !(what & LC_OPT_LOOP)) return "offset and sizelimit are of use only with loop" ;
  if (named && what & MOVE_OR_BIND && !(what & LC_OPT_REMOUNT)) return "a bind or move takes no file system type" ;
  if (j->o.data.len && what & MOVE_OR_BIND) return "a bind or move takes no options of a file system" ;
  if (what & LC_OPT_MOVE && (j->o.attr_set | j->o.attr_clr)) return "a move takes no flags" ;
  if (what & MOVE_OR_BIND && (j->o.sbset | j->o.sbclr) & ~(unsigned long)MS_RDONLY)
    return "sync, async, dirsync and lazytime are for a whole file system: a bind or move cannot set them" ;
  if (is_propagation(j) && (j->o.attr_set | j->o.attr_clr | j->o.sbset | j->o.sbclr || j->o.data.len))
    return "with a propagation alone there is nothing that takes other options: bind, remount or a type is missing" ;
  if (j->keep && (!strictness(j) || what & (MOVE_OR_BIND | LC_OPT_REMOUNT | LC_OPT_LOOP))) return "-k is for mounts of type proc and sysfs" ;
  if (j->keep && !j->keep[0]) return "the directory of -k is empty" ;
  if (!j->target[0]) return "the target is empty" ;
  return 0 ;
}

 /* errno in the words of a user who has to do something about it */

static char const *likely (struct job_s const *j, int said)
{
  switch (errno)
  {
    case EPERM :
      if (j->type && !strcmp(j->type, "proc")) return " (not privileged, or the /proc in view is partly masked, or there is no new PID namespace)" ;
      if (j->o.what & LC_OPT_REMOUNT && !(j->o.what & LC_OPT_BIND)) return " (not privileged over the file system: with bind too, only the mount's flags change)" ;
      if (j->o.what & (LC_OPT_BIND | LC_OPT_REMOUNT)) return " (not privileged in this mount namespace, or a locked flag would be cleared)" ;
      return " (not privileged in this mount namespace, or, in a user namespace, over the namespace that the file system shows)" ;
    case EINVAL :
      if (j->o.what & LC_OPT_MOVE) return " (the source is no mount point, is locked, or lies in a shared mount)" ;
      if ((j->o.what & LC_OPT_REMOUNT && !said) || is_propagation(j)) return " (the target is no mount point)" ;
      if (j->o.what & LC_OPT_BIND) return " (a locked or unbindable mount is in the way: rbind takes the whole tree)" ;
      if (said) return "" ;
      if (!j->type) return " (no file system that this kernel knows is in it)" ;
      return " (wrong type, option or contents)" ;
    case EACCES : return " (a directory on the way is closed to this user, or a read-only device)" ;
    case ENODEV : return " (this kernel has no such file system)" ;
    case ENOTDIR : return " (a directory and a non-directory)" ;
    case ENOTBLK : return " (the source is no block device: an image file needs the option loop)" ;
    case ELOOP : return j->o.what & LC_OPT_MOVE ? " (the source is a parent of the target)" : " (a symbolic link is in the way)" ;
    default : return "" ;
  }
}

 /* " in ROOT", after what is looked up there */

static char const *where (void)
{
  static stralloc sa = STRALLOC_ZERO ;
  if (!root) return "" ;
  if (!stralloc_copys(&sa, " in ") || !stralloc_cats(&sa, root) || !stralloc_0(&sa)) dienomem() ;
  return sa.s ;
}

 /* Fails with a message; only a warning for an fstab line with nofail. */

static int fail (struct job_s const *j, char const *verb, char const *a, char const *b, char const *c)
{
  char const *said = lc_attach_log() ;
  char const *why = likely(j, !!said[0]) ;
  if (j->o.what & LC_OPT_NOFAIL) strerr_warnwusys(verb, a, b, c, where(), why, said) ;
  else strerr_diefusys(111, verb, a, b, c, where(), why, said) ;
  return 0 ;
}

 /* The same for the source, which is not in the root */

static int fail_outside (struct job_s const *j, char const *verb)
{
  char const *why = errno == EACCES || errno == EPERM ? " (not privileged over it, or a directory on the way is closed to this user)" :
    errno == EISDIR ? " (an image is a file)" : "" ;
  if (j->o.what & LC_OPT_NOFAIL) strerr_warnwusys(verb, j->source, why) ;
  else strerr_diefusys(111, verb, j->source, why) ;
  return 0 ;
}

static int mount_device (struct job_s const *j, int targetfd, char const *device)
{
  int fd ;
  int *mfd = j->o.propagation ? &fd : 0 ;
  int ok = j->type ? lc_mount_fs(targetfd, j->type, device, &j->o, mfd) : lc_mount_found(targetfd, device, &j->o, mfd) ;
  if (!ok || !mfd) return ok ;
  ok = lc_mount_propagation(fd, &j->o) ;
  if (!ok)
  {
    int e = errno ;
    lc_tree_detach(fd) ;
    errno = e ;
  }
  lc_close(fd) ;
  return ok ;
}

 /* An image that cannot be written is mounted read-only, as mount(8) does. */

static int mount_image (struct job_s *j, int targetfd)
{
  char device[LC_LOOP_MAX] = "" ;
  struct stat st ;
  int loopfd, ok ;
  int ro = !!(j->o.sbset & MS_RDONLY) ;
  int filefd = ro ? -1 : open(j->source, O_RDWR | O_NONBLOCK | O_CLOEXEC) ;
  if (filefd == -1)
  {
    if (!ro && errno != EACCES && errno != EROFS && errno != EPERM && errno != ETXTBSY) return fail_outside(j, "open ") ;
    filefd = open(j->source, O_RDONLY | O_NONBLOCK | O_CLOEXEC) ;
    if (filefd == -1) return fail_outside(j, "open ") ;
    if (!ro) lc_say(j->source, " cannot be written: read-only") ;
    lc_mountopts_scan(&j->o, "ro") ;
    ro = 1 ;
  }
  if (fstat(filefd, &st) == -1 || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
  {
    fd_close(filefd) ;
    errno = EINVAL ;
    return fail_outside(j, "take for an image, which is a file or a block device, ") ;
  }
  loopfd = lc_loop_open(filefd, ro, j->o.offset, j->o.sizelimit, device) ;
  lc_close(filefd) ;
  if (loopfd == -1) return fail_outside(j, device[0] ? "put a loop device on " : "get a loop device from /dev/loop-control for ") ;
  ok = mount_device(j, targetfd, device) || fail(j, "mount ", j->source, " on ", j->target) ;
  fd_close(loopfd) ;
  return ok ;
}

static int is_block (char const *path)
{
  struct stat st ;
  return !stat(path, &st) && S_ISBLK(st.st_mode) ;
}

static int propagate (struct job_s const *j, int fd)
{
  return !j->o.propagation || lc_mount_propagation(fd, &j->o) ;
}

static int fail_keep (struct job_s const *j, char const *what)
{
  char const *why =
    errno == EINVAL ? " (the mount there is locked or unbindable)" :
    errno == ENOTDIR ? " (a directory and a non-directory)" :
    errno == EXDEV ? " (it shows a process, or another procfs)" :
    errno == EPERM ? " (not privileged, or there is no procfs to look in)" : "" ;
  if (j->o.what & LC_OPT_NOFAIL) strerr_warnwusys("keep ", what, " in the new ", j->type, why) ;
  else strerr_diefusys(111, "keep ", what, " in the new ", j->type, why) ;
  return 0 ;
}

 /* In a user namespace the kernel refuses a new proc or sysfs where the present one
    is covered: what the new one would show is more. Of the same namespace, the
    present one with its covers is as good. */

static int bind_present (struct job_s const *j, int targetfd, int *mfd)
{
  lc_mountopts o = { .what = LC_OPT_BIND | LC_OPT_REC, .attr_set = j->o.attr_set, .propagation = j->o.propagation } ;
  struct statfs sfs ;
  int e = errno ;
  int fd = open(j->keep, O_PATH | O_DIRECTORY | O_CLOEXEC) ;
  int ok = fd >= 0 && (!strcmp(j->type, "proc") ? lc_proc_is_own(fd) : !fstatfs(fd, &sfs) && (unsigned long)sfs.f_type == LC_SYSFS_MAGIC)
    && lc_mount_bind(targetfd, fd, &o, mfd) ;
  lc_close(fd) ;
  if (ok)
  {
    lc_attach_log() ;
    lc_say("the kernel refuses a new ", j->type, ": ", j->keep, " is bound") ;
  }
  errno = e ;
  return ok ;
}

 /* proc or sysfs, covered as the present one is */

static int mount_covered (struct job_s const *j, int targetfd)
{
  lc_keep k = LC_KEEP_ZERO ;
  int fd ;
  int bound = 0 ;
  char const *bad = lc_keep_find(&k, j->keep) ;
  int ok = bad ? fail_keep(j, bad) :
    lc_mount_fs(targetfd, j->type, j->source, &j->o, &fd) ||
    (errno == EPERM && (bound = bind_present(j, targetfd, &fd))) ||
    fail(j, "mount ", j->source, " on ", j->target) ;
  if (ok)
  {
    bad = bound ? 0 : lc_keep_carry(&k, fd, j->type) ;
    if (bad || !propagate(j, fd))
    {
      int e = errno ;
      lc_tree_detach(fd) ;
      errno = e ;
      ok = bad ? fail_keep(j, bad) : fail(j, "mount ", j->source, " on ", j->target) ;
    }
    fd_close(fd) ;
  }
  lc_keep_free(&k) ;
  return ok ;
}

static int on_target (struct job_s *j, int targetfd, int srcfd)
{
  if (j->o.what & LC_OPT_REMOUNT) return (lc_mount_remount(targetfd, &j->o) && propagate(j, targetfd)) || fail(j, "remount ", j->target, "", "") ;
  if (is_propagation(j)) return propagate(j, targetfd) || fail(j, "set the propagation of ", j->target, "", "") ;
  if (j->o.what & LC_OPT_MOVE) return (lc_mount_move(targetfd, srcfd) && propagate(j, srcfd)) || fail(j, "move ", j->source, " to ", j->target) ;
  if (j->o.what & LC_OPT_BIND) return lc_mount_bind(targetfd, srcfd, &j->o, 0) || fail(j, "bind ", j->source, " on ", j->target) ;
  if (j->o.what & LC_OPT_LOOP) return mount_image(j, targetfd) ;
  if (j->keep) return mount_covered(j, targetfd) ;
  return mount_device(j, targetfd, j->source) || fail(j, "mount ", j->source, " on ", j->target) ;
}

 /* What was mounted on the root itself is the root of the next line. */

static void renew_root (struct stat const *target)
{
  struct stat st ;
  if (!root || fstat(rootfd, &st) == -1 || target->st_dev != st.st_dev || target->st_ino != st.st_ino) return ;
  lc_close_late(rootfd) ;
  rootfd = lc_root_option(root) ;
}

 /* A directory for a directory, and nothing else but the bind or move of a file
    for what is none: some kernels just say EINVAL. */

static int fits (struct job_s const *j, struct stat const *target, int isdir)
{
  if (j->o.what & LC_OPT_REMOUNT || is_propagation(j)) return 1 ;
  return !S_ISDIR(target->st_mode) == !isdir || (errno = ENOTDIR, 0) ;
}

 /* Returns 1, with what the target was before it in *target; 0 if it failed and may
    (nofail). Nobody works in a directory of a guest, but perhaps in its root. */

static int do_job (struct job_s *j, int mkdirs, struct stat *target)
{
  unsigned int flags = strictness(j) ;
  struct stat st ;
  int isdir = 1 ;
  int srcfd = -1 ;
  int targetfd, itself, ok ;
  if (j->o.what & MOVE_OR_BIND && !(j->o.what & LC_OPT_REMOUNT))
  {
    srcfd = openat(AT_FDCWD, j->source, O_PATH | O_CLOEXEC) ;
    if (srcfd == -1 || fstat(srcfd, &st) == -1) return fail_outside(j, "open ") ;
    isdir = S_ISDIR(st.st_mode) ;
  }
  if (mkdirs || j->o.what & LC_OPT_MKDIR)
    flags |= isdir ? LC_INROOT_MKDIR : LC_INROOT_MKFILE ;
  itself = srcfd >= 0 && !root && !strcmp(j->source, j->target) ;  /* it is opened once */
  targetfd = itself ? srcfd : lc_inroot_open(rootfd, j->target, flags) ;
  if (targetfd == -1)
  {
    lc_close(srcfd) ;
    return fail(j, flags & (LC_INROOT_MKDIR | LC_INROOT_MKFILE) ? "open or make " : "open ", j->target, "", "") ;
  }
  if (itself) *target = st ;
  ok = (itself || !fstat(targetfd, target)) && fits(j, target, isdir) ? on_target(j, targetfd, srcfd) : fail(j, "mount ", j->source, " on ", j->target) ;
  if (ok)
  {
    if (is_propagation(j) || j->o.what & LC_OPT_REMOUNT) lc_say(j->target, where(), " is changed") ;
    else
    {
      if (!root || !j->target[strspn(j->target, "/.")]) lc_warn_covered(target, j->target) ;
      lc_say(j->source, " is on ", j->target, where()) ;
    }
  }
  if (!itself) lc_close_late(srcfd) ;
  lc_close_late(targetfd) ;
  return ok ;
}

 /* An fstab is read and checked as a whole before the first line is mounted. */

static void add_line (genalloc *jobs, lc_fstab const *l, char const *fstab)
{
  struct job_s j = { .source = l->source, .target = l->target, .o = LC_MOUNTOPTS_ZERO } ;
  char const *problem ;
  if (l->n < 3) strerr_dief(100, fstab, ": the line of ", l->source, " lacks a field") ;
  if (!strcmp(l->type, "swap") || !strcmp(l->target, "none")) return ;
  problem = lc_mountopts_scan(&j.o, l->options) ;
  if (strcmp(l->type, "auto") && !(!strcmp(l->type, "none") && j.o.what & LC_OPT_LOOP)) j.type = l->type ;
  if (!problem) problem = check(&j) ;
  if (!problem && lc_fstab_is_tag(j.source)) problem = "the source is a tag (UUID=, LABEL= …), which is not looked up: name the device" ;
  if (problem) strerr_dief(100, fstab, ": ", j.target, ": ", problem) ;
  if (!(j.o.what & LC_OPT_NOAUTO) && !genalloc_append(struct job_s, jobs, &j)) dienomem() ;
}

static void read_fstab (char const *fstab, stralloc *text)
{
  int fd = strcmp(fstab, "-") ? open(fstab, O_RDONLY | O_CLOEXEC) : 0 ;
  if (fd == -1) strerr_diefusys(111, "open ", fstab) ;
  if (!slurp(text, fd)) strerr_diefusys(111, "read ", fstab) ;
  if (fd) fd_close(fd) ;
  if (memchr(text->s, 0, text->len)) strerr_dief(100, fstab, ": this is no text: there is a null in it") ;
  if (!stralloc_0(text)) dienomem() ;
}

static void from_fstab (char const *fstab, int mkdirs)
{
  genalloc jobs = GENALLOC_ZERO ;  /* struct job_s */
  stralloc text = STRALLOC_ZERO ;  /* what the jobs point into */
  lc_fstab line ;
  char *next ;
  size_t i = 0 ;
  read_fstab(fstab, &text) ;
  next = text.s ;
  while (lc_fstab_next(&next, &line)) add_line(&jobs, &line, fstab) ;
  for (; i < genalloc_len(struct job_s, &jobs) ; i++)
  {
    struct stat target ;
    if (do_job(genalloc_s(struct job_s, &jobs) + i, mkdirs, &target)) renew_root(&target) ;
    lc_close_late_now() ;
  }
  genalloc_free(struct job_s, &jobs) ;
  stralloc_free(&text) ;
}

int main (int argc, char const **argv)
{
  struct job_s j = { .type = 0, .o = LC_MOUNTOPTS_ZERO } ;
  char const *fstab = 0 ;
  char const *problem ;
  struct stat target ;
  int mkdirs = 0 ;
  int options = 0 ;
  PROG = "lc-mountfs" ;
  root = 0 ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vR:dt:o:k:f:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'R' : root = l.arg ; break ;
        case 'd' : mkdirs = 1 ; break ;
        case 't' : j.type = l.arg ; break ;
        case 'o' :
          problem = lc_mountopts_scan(&j.o, l.arg) ;
          if (problem) strerr_dief(100, problem) ;
          options = 1 ;
          break ;
        case 'k' : j.keep = l.arg ; break ;
        case 'f' : fstab = l.arg ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (fstab && (j.type || options)) strerr_dief(100, "-f excludes -t and -o: they are in the fstab") ;
  if (fstab && j.keep) strerr_dief(100, "-f excludes -k") ;
  if (!fstab)
  {
    if (argc < 2) dieusage() ;
    j.source = argv[0] ;
    j.target = argv[1] ;
    argv += 2 ;
    problem = check(&j) ;
    if (problem) strerr_dief(100, problem) ;
    if (!j.type && !is_propagation(&j) && !(j.o.what & (MOVE_OR_BIND | LC_OPT_REMOUNT | LC_OPT_LOOP)) && !is_block(j.source))
      strerr_dief(100, j.source, " is no block device, so -t must name a file system type (or -o: bind, move, remount, loop)") ;
  }
  rootfd = lc_root_option(root) ;
  if (fstab) from_fstab(fstab, mkdirs) ;
  else do_job(&j, mkdirs, &target) ;
  lc_close_late(rootfd) ;
  lc_exec0(argv) ;
}
