/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/exec.h>
#include <lcboot/fd.h>

#define USAGE "lcboot [ tool args... ]"

 /* All tools in one program. A tool is chosen by the name that this program is
    called by, or by its first argument; when a tool's chain goes on with another
    one, that one's main is called in the same process. What exec would have
    changed is changed here, and where it would do what cannot be done here, it
    is done by exec:
    - the file that the name leads to is another one, has been changed since this
      program was started, is not executable, or has set-id bits or capabilities of its
      own: execve(2);
    - a tool has run that can change ids or capabilities, and they are now none that
      exec would leave alone, as it does those of root: capabilities(7). Those that
      this program was exec'ed with it would, unless they are more than its caller's
      (AT_SECURE, getauxval(3));
    - execline is asked to be strict, and counts the blocks of a process;
    - the memory is shared with a parent that sleeps until exec, and the tool is not
      one of those that only set something up, as the same user, and go on.
    A program that cannot be read is not dumpable: it is exec'ed too. */

typedef int tool_func (int, char const **) ;

#define LCBOOT_TOOL(name, f) extern tool_func f ;
#include <lcboot-tools.h>
#undef LCBOOT_TOOL

static struct tool_s { char const *name ; tool_func *f ; } const tools[] =
{
#define LCBOOT_TOOL(name, f) { name, &f },
#include <lcboot-tools.h>
#undef LCBOOT_TOOL
} ;

#define TOOLS (sizeof(tools) / sizeof(tools[0]))

 /* Those that only set something up and go on, as the user that they were. */

static char const *const brief[] =
{
  "lc-chown", "lc-hostname", "lc-idmap", "lc-mountcgroup", "lc-mountdev", "lc-mountfs", "lc-overlay", "lc-pivot", "lc-sigreset"
} ;

static struct
{
  struct stat file ;           /* this program's */
  int plain ;                  /* it has no capabilities: 1, or -1; 0: it was not asked yet */
  char const *path ;           /* lc_path(): no tool changes the environment of its own process */
  char const **argv ;          /* all of the arguments: a chain is its tail */
  char const **end ;
  struct tool_s const *tool ;  /* what runs next, and from where on */
  char const **next ;
  struct tool_s const *named ; /* whose name the process has */
  int settled ;                /* exec would have left the credentials as they were when the present tool was called */
  jmp_buf loop ;
  int forked ;                 /* loop is on the stack of a child that shares memory */
} me ;

static char const *base_of (char const *path)
{
  char const *p = strrchr(path, '/') ;
  return p ? p + 1 : path ;
}

static int tool_cmp (void const *key, void const *p)
{
  return strcmp(key, ((struct tool_s const *)p)->name) ;
}

static struct tool_s const *find (char const *name)
{
  return bsearch(name, tools, TOOLS, sizeof(tools[0]), &tool_cmp) ;
}

static int is_brief (char const *name)
{
  unsigned int i = 0 ;
  for (; i < sizeof(brief) / sizeof(brief[0]) ; i++)
    if (!strcmp(brief[i], name)) return 1 ;
  return 0 ;
}

 /* Whether exec would leave these credentials as they are, being root's: user ids 0,
    group ids the same, all permitted capabilities effective, none inheritable. */

static int is_full_root (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 } ;
  struct __user_cap_data_struct caps[2] ;
  uid_t uid[3] ;
  gid_t gid[3] ;
  unsigned int i = 0 ;
  if (getresuid(uid, uid + 1, uid + 2) == -1 || getresgid(gid, gid + 1, gid + 2) == -1) return 0 ;
  if (uid[0] || uid[1] || uid[2] || gid[0] != gid[1] || gid[1] != gid[2]) return 0 ;
  if (syscall(SYS_capget, &header, caps) == -1) return 0 ;
  for (; i < 2 ; i++)
    if (caps[i].effective != caps[i].permitted || caps[i].inheritable) return 0 ;
  return !!caps[0].permitted ;
}

 /* What a file's capabilities do depends on its mount too (nosuid): capabilities(7). */

static int is_plain (char const *path)
{
  if (!me.plain)
    me.plain = getxattr(path, "security.capability", 0, 0) == -1 && (errno == ENODATA || errno == EOPNOTSUPP) ? 1 : -1 ;
  return me.plain == 1 ;
}

 /* 1 if path is this program and exec would take it, 0 if not, -1 if there is
    nothing there and a search goes on. Neither its mode nor its capabilities
    change without its change time: inode(7). */

static int is_me (char const *path)
{
  struct stat st ;
  if (stat(path, &st) == -1) return errno == ENOENT ? -1 : 0 ;
  if (st.st_dev != me.file.st_dev || st.st_ino != me.file.st_ino) return 0 ;
  if (st.st_ctim.tv_sec != me.file.st_ctim.tv_sec || st.st_ctim.tv_nsec != me.file.st_ctim.tv_nsec) return 0 ;
  if (st.st_mode & (S_ISUID | S_ISGID)) return 0 ;
  return !access(path, R_OK | X_OK) && is_plain(path) ;  /* EACCES on a noexec mount too */
}

 /* The look-up of lc_exec, as far as it can lead here. What an empty entry of
    PATH means differs between releases of skalibs: they decide. */

static int leads_here (char const *name)
{
  char const *path = me.path ;
  if (strchr(name, '/')) return is_me(name) == 1 ;
  for (;;)
  {
    size_t n = strcspn(path, ":") ;
    size_t len = strlen(name) + 1 ;
    char file[n + 1 + len] ;
    int r ;
    if (!n) return 0 ;
    memcpy(file, path, n) ;
    file[n] = '/' ;
    memcpy(file + n + 1, name, len) ;
    r = is_me(file) ;
    if (r >= 0) return r ;
    if (!path[n]) return 0 ;
    path += n + 1 ;
  }
}

 /* Every tool is called from here. */

static int run (void)
{
  setjmp(me.loop) ;
  return (*me.tool->f)((int)(me.end - me.next), me.next) ;
}

 /* exec names the process: prctl(2), PR_SET_NAME */

static void set_name (struct tool_s const *tool)
{
  if (me.named == tool) return ;
  prctl(PR_SET_NAME, tool->name, 0, 0, 0) ;
  me.named = tool ;
}

 /* Called by lc_exec. Returns if there is no way but exec. */

static void call (char const *const *argv)
{
  struct tool_s const *tool = find(base_of(argv[0])) ;
  char const **next ;
  if (argv == (char const *const *)lc_exec_kept)
  {
    me.argv = me.end = lc_exec_kept ;
    while (*me.end) me.end++ ;
  }
  next = me.argv ;
  if (lc_exec_shared && tool && !is_brief(tool->name)) return ;
  if (!tool || (char const *const *)me.argv > argv || argv >= (char const *const *)me.end) return ;
  if (!leads_here(argv[0])) return ;
  if (!me.settled || !(lc_exec_same_user || is_brief(me.tool->name)))
  {
    if (!is_full_root()) return ;
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) ;
    me.settled = 1 ;
  }
  lc_exec_same_user = 0 ;
  next += argv - (char const *const *)me.argv ;
  lc_close_late_now() ;
  set_name(tool) ;
  me.tool = tool ;
  me.next = next ;
  if (lc_exec_shared && !me.forked)
  {
    me.forked = 1 ;
    _exit(run()) ;
  }
  longjmp(me.loop, 1) ;
}

static void list (void)
{
  stralloc sa = STRALLOC_ZERO ;
  unsigned int i = 0 ;
  for (; i < TOOLS ; i++)
    if (!stralloc_cats(&sa, tools[i].name) || !stralloc_append(&sa, '\n')) strerr_diefusys(111, "allocate memory") ;
  if (allwrite(1, sa.s, sa.len) < sa.len) strerr_diefusys(111, "write to standard output") ;
}

int main (int argc, char const **argv)
{
  char const *file = (char const *)getauxval(AT_EXECFN) ;
  PROG = "lcboot" ;
  if (!argc) strerr_dieusage(100, USAGE) ;
  if (file) me.named = find(base_of(file)) ;
  me.tool = find(base_of(argv[0])) ;
  if (!me.tool)
  {
    if (argc < 2)
    {
      list() ;
      return 0 ;
    }
    argc-- ; argv++ ;
    me.tool = find(base_of(argv[0])) ;
    if (!me.tool) strerr_dief(100, "no such tool: ", argv[0]) ;
    set_name(me.tool) ;
  }
  me.argv = argv ;
  me.end = argv + argc ;
  me.next = argv ;
  me.settled = !getauxval(AT_SECURE) ;
  me.path = lc_path() ;
  if (file && !getenv("EXECLINE_STRICT") && !stat(file, &me.file)) lc_exec_call = &call ;
  return run() ;
}
