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

#include <skalibs/buffer.h>
#include <skalibs/strerr.h>

#include <lcboot/exec.h>

#define USAGE "lcboot [ tool args... ]"

 /* All tools in one program. A tool is chosen by the name that this program is
    called by, or by its first argument; when a tool's chain goes on with another
    one, that one's main is called in the same process. What exec would have
    changed is changed here, and where it would do what cannot be done here, it
    is done by exec:
    - the file that the name leads to is another one, is not executable, or has
      set-id bits or capabilities of its own: execve(2);
    - user or group ids differ from each other, or capabilities are not what
      exec would make of them: capabilities(7). The ids and sets that this
      program was itself exec'ed with are; so are those of root in a new user
      namespace, which are full;
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

struct creds_s
{
  uid_t uid[3] ;
  gid_t gid[3] ;
  struct __user_cap_data_struct caps[2] ;
} ;

static struct
{
  dev_t dev ;                /* this program's file */
  ino_t ino ;
  struct timespec plain ;    /* its change time when it had no capabilities, or 0 */
  char const **argv ;        /* all of the arguments: a chain is its tail */
  char const **end ;
  struct tool_s const *tool ; /* what runs next, and from where on */
  char const **next ;
  struct creds_s creds ;     /* what exec would not change */
  int checked ;              /* the credentials were so when the present tool was called */
  jmp_buf loop ;
  int forked ;               /* loop is on the stack of a child that shares memory */
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

static int get_creds (struct creds_s *c)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 } ;
  memset(c, 0, sizeof(*c)) ;
  return !getresuid(c->uid, c->uid + 1, c->uid + 2)
    && !getresgid(c->gid, c->gid + 1, c->gid + 2)
    && !syscall(SYS_capget, &header, c->caps) ;
}

static int is_full_root (struct creds_s const *c)
{
  unsigned int i = 0 ;
  if (c->uid[0]) return 0 ;
  for (; i < 2 ; i++)
    if (c->caps[i].effective != c->caps[i].permitted || c->caps[i].inheritable) return 0 ;
  return !!c->caps[0].permitted ;
}

 /* Whether exec would leave the credentials as they are */

static int creds_stay (void)
{
  struct creds_s c ;
  if (!get_creds(&c)) return 0 ;
  if (c.uid[0] != c.uid[1] || c.uid[1] != c.uid[2] || c.gid[0] != c.gid[1] || c.gid[1] != c.gid[2]) return 0 ;
  if (!memcmp(&c, &me.creds, sizeof(c))) return 1 ;
  if (!is_full_root(&c)) return 0 ;
  me.creds = c ;
  return 1 ;
}

 /* A file's capabilities do not change without its change time: inode(7). */

static int is_plain (char const *path, struct timespec const *changed)
{
  if (changed->tv_sec == me.plain.tv_sec && changed->tv_nsec == me.plain.tv_nsec) return 1 ;
  if (getxattr(path, "security.capability", 0, 0) != -1 || (errno != ENODATA && errno != EOPNOTSUPP)) return 0 ;
  me.plain = *changed ;
  return 1 ;
}

 /* 1 if path is this program and exec would take it, 0 if not, -1 if there is
    nothing there and a search goes on. */

static int is_me (char const *path)
{
  struct stat st ;
  if (stat(path, &st) == -1) return errno == ENOENT ? -1 : 0 ;
  if (st.st_dev != me.dev || st.st_ino != me.ino) return 0 ;
  if (st.st_mode & (S_ISUID | S_ISGID)) return 0 ;
  if (access(path, R_OK | X_OK) == -1) return 0 ;  /* EACCES on a noexec mount too */
  return is_plain(path, &st.st_ctim) ;
}

 /* The look-up of lc_exec, as far as it can lead here. What an empty entry of
    PATH means differs between releases of skalibs: they decide. */

static int leads_here (char const *name)
{
  char const *path ;
  if (strchr(name, '/')) return is_me(name) == 1 ;
  path = getenv("PATH") ;
  if (!path) path = LC_DEFAULTPATH ;
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
  if (getenv("EXECLINE_STRICT") || !leads_here(argv[0])) return ;
  if (!me.checked || !is_brief(me.tool->name))
  {
    if (!creds_stay()) return ;
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) ;
    me.checked = 1 ;
  }
  next += argv - (char const *const *)me.argv ;
  prctl(PR_SET_NAME, tool->name, 0, 0, 0) ;
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
  unsigned int i = 0 ;
  for (; i < TOOLS ; i++)
    if (buffer_puts(buffer_1, tools[i].name) == -1 || buffer_put(buffer_1, "\n", 1) == -1) goto err ;
  if (buffer_flush(buffer_1)) return ;
 err:
  strerr_diefusys(111, "write to standard output") ;
}

int main (int argc, char const **argv)
{
  struct stat st ;
  char const *file = (char const *)getauxval(AT_EXECFN) ;
  PROG = "lcboot" ;
  if (!argc) strerr_dieusage(100, USAGE) ;
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
    prctl(PR_SET_NAME, me.tool->name, 0, 0, 0) ;
  }
  me.argv = argv ;
  me.end = argv + argc ;
  me.next = argv ;
  if (file && !stat(file, &st) && get_creds(&me.creds))
  {
    me.dev = st.st_dev ;
    me.ino = st.st_ino ;
    lc_exec_call = &call ;
  }
  return run() ;
}
