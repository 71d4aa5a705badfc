/* ISC license. */

#include <string.h>

#include <skalibs/bytestr.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/idmap.h>

#include <inityml/config.h>
#include <inityml/quote.h>
#include <inityml/script.h>

#define WIDTH 110           /* lines are broken before they become longer than that, where they can be */
#define TEXT_LINES 16384    /* texts up to that size are given line by line */
#define TEXT_PIECE 32768    /* execve(2) takes no argument of 131072 bytes or more */

#define TERMINALS "/dev/console", "/dev/tty1", "/dev/tty2", "/dev/tty3", "/dev/tty4", "/dev/tty5", "/dev/tty6"
#define LOCKED_FLAGS "nosuid,nodev,noexec"

 /* The script so far, and where its last line begins */

typedef struct script_s script, *script_ref ;
struct script_s
{
  stralloc *sa ;
  size_t line ;
  unsigned int indent ;
} ;

static void raw_n (stralloc *sa, char const *s, size_t n)
{
  if (!stralloc_catb(sa, s, n)) strerr_diefusys(111, "allocate memory") ;
}

static void raw (stralloc *sa, char const *s)
{
  raw_n(sa, s, strlen(s)) ;
}

 /* Lines. A step begins one; its arguments go on it, and on more of them that are
    indented, when it gets too long. */

static void new_line (script *o, unsigned int more)
{
  unsigned int n = o->indent + more ;
  raw(o->sa, "\n") ;
  o->line = o->sa->len ;
  while (n--) raw(o->sa, " ") ;
}

static void comment (script *o, char const *s)
{
  raw(o->sa, "\n") ;
  new_line(o, 0) ;
  raw(o->sa, "# ") ;
  raw(o->sa, s) ;
}

static void step (script *o, char const *name)
{
  new_line(o, 0) ;
  raw(o->sa, name) ;
}

static void argument (script *o, stralloc const *text)
{
  size_t column = o->sa->len - o->line ;
  if (column + 1 + text->len > WIDTH) new_line(o, 2) ;
  else raw(o->sa, " ") ;
  raw_n(o->sa, text->s, text->len) ;
}

 /* An option and its word, which stay on one line */

static void option (script *o, char const *flag, char const *word)
{
  stralloc text = STRALLOC_ZERO ;
  raw(&text, flag) ;
  if (word)
  {
    raw(&text, " ") ;
    inityml_quote(&text, word) ;
  }
  argument(o, &text) ;
  stralloc_free(&text) ;
}

static void flag (script *o, char const *s)
{
  option(o, s, 0) ;
}

static void word (script *o, char const *s)
{
  stralloc text = STRALLOC_ZERO ;
  inityml_quote(&text, s) ;
  argument(o, &text) ;
  stralloc_free(&text) ;
}

static void words (script *o, char const *const *s, size_t n)
{
  size_t i = 0 ;
  for (; i < n ; i++) word(o, s[i]) ;
}

static void open_block (script *o)
{
  new_line(o, 2) ;
  raw(o->sa, "{") ;
  o->indent += 4 ;
}

static void close_block (script *o)
{
  o->indent -= 4 ;
  new_line(o, 2) ;
  raw(o->sa, "}") ;
}

 /* Words in a block: on this line if there is room, else on lines of their own */

static void block (script *o, char const *const *s, size_t n)
{
  stralloc text = STRALLOC_ZERO ;
  size_t i = 0 ;
  raw(&text, "{ ") ;
  for (; i < n ; i++)
  {
    inityml_quote(&text, s[i]) ;
    raw(&text, " ") ;
  }
  raw(&text, "}") ;
  if (o->sa->len - o->line + text.len < WIDTH)
  {
    raw(o->sa, " ") ;
    raw_n(o->sa, text.s, text.len) ;
  }
  else
  {
    open_block(o) ;
    new_line(o, 0) ;
    inityml_quote(o->sa, s[0]) ;
    words(o, s + 1, n - 1) ;
    close_block(o) ;
  }
  stralloc_free(&text) ;
}

 /* A text as the words of a block, which are read one after the other */

static size_t piece (char const *s, size_t len, int lines)
{
  size_t n = len < TEXT_PIECE ? len : TEXT_PIECE ;
  size_t end = lines ? byte_chr(s, n, '\n') : n < len ? byte_rchr(s, n, '\n') : n ;
  return end < n ? end + 1 : n ;
}

static void text_block (script *o, char const *s)
{
  size_t len = strlen(s) ;
  int lines = len <= TEXT_LINES ;
  stralloc text = STRALLOC_ZERO ;
  open_block(o) ;
  while (len)
  {
    size_t n = piece(s, len, lines) ;
    text.len = 0 ;
    raw_n(&text, s, n) ;
    raw_n(&text, "", 1) ;
    new_line(o, 0) ;
    inityml_quote(o->sa, text.s) ;
    s += n ; len -= n ;
  }
  close_block(o) ;
  stralloc_free(&text) ;
}

 /* -b and -t of lc-before and lc-pivot */

static void commands (script *o, inityml_commands const *list)
{
  size_t i = 0 ;
  for (; i < list->n ; i++)
  {
    inityml_command const *c = list->s + i ;
    new_line(o, 2) ;
    raw(o->sa, c->input ? "-t" : "-b") ;
    if (c->input)
    {
      text_block(o, c->input) ;
      new_line(o, 1) ;
    }
    block(o, c->argv.s, c->argv.n) ;
  }
}

static void before (script *o, inityml_commands const *list, char const *key)
{
  if (!list->n) return ;
  comment(o, key) ;
  step(o, "lc-before") ;
  commands(o, list) ;
}

 /* Id maps */

static char const *extent_text (lc_idextent const *e, int with_count)
{
  static char s[3 * UINT32_FMT + 1] ;
  size_t n = uint32_fmt(s, e->inside) ;
  s[n++] = ':' ;
  n += uint32_fmt(s + n, e->outside) ;
  if (with_count && e->count != 1)
  {
    s[n++] = ':' ;
    n += uint32_fmt(s + n, e->count) ;
  }
  s[n] = 0 ;
  return s ;
}

static void map (script *o, char const *letter, genalloc const *m)
{
  lc_idextent const *e = genalloc_s(lc_idextent, m) ;
  size_t n = genalloc_len(lc_idextent, m) ;
  size_t i = 0 ;
  for (; i < n ; i++) option(o, letter, extent_text(e + i, 1)) ;
}

static int are_equal (genalloc const *a, genalloc const *b)
{
  lc_idextent const *x = genalloc_s(lc_idextent, a) ;
  lc_idextent const *y = genalloc_s(lc_idextent, b) ;
  size_t n = genalloc_len(lc_idextent, a) ;
  if (n != genalloc_len(lc_idextent, b)) return 0 ;
  while (n--) if (x[n].inside != y[n].inside || x[n].outside != y[n].outside || x[n].count != y[n].count) return 0 ;
  return 1 ;
}

static void maps (script *o, inityml_config const *c)
{
  if (are_equal(&c->users, &c->groups)) map(o, "-B", &c->users) ;
  else
  {
    map(o, "-M", &c->users) ;
    map(o, "-G", &c->groups) ;
  }
}

static uint32_t root_of (genalloc const *m)
{
  lc_idextent const *e = genalloc_s(lc_idextent, m) ;
  while (e->inside) e++ ;  /* one of them maps 0 */
  return e->outside ;
}

static char const *owner (inityml_config const *c)
{
  lc_idextent const e = { .inside = root_of(&c->users), .outside = root_of(&c->groups) } ;
  return extent_text(&e, 0) ;
}

 /* The setup. What is shared with the mounts of the boot image is made outside of
    a user namespace that is to come, so that the guest cannot take it away. */

 /* Whether what belongs to such a namespace can be changed or mounted inside of a
    user namespace, if there is one */

static int is_inside (inityml_config const *c, unsigned int ns)
{
  return !c->mapped || c->namespaces & ns ;
}

static int has_new_net (inityml_config const *c)
{
  return c->network != INITYML_NETWORK_KEEP ;
}

static int moves_interfaces (inityml_config const *c)
{
  return c->network == INITYML_NETWORK_MOVE || c->network == INITYML_NETWORK_TAKE ;
}

static void mount_proc (script *o, inityml_config const *c)
{
  step(o, "lc-mountfs") ;
  flag(o, "-d") ;
  option(o, "-R", c->root.path) ;
  flag(o, "-k /proc") ;
  flag(o, "-t proc") ;
  flag(o, "-o " LOCKED_FLAGS) ;
  flag(o, "proc /proc") ;
}

static void mount_sys (script *o, inityml_config const *c)
{
  step(o, "lc-mountfs") ;
  flag(o, "-d") ;
  option(o, "-R", c->root.path) ;
  flag(o, "-k /sys") ;
  flag(o, "-t sysfs") ;
  flag(o, "-o ro," LOCKED_FLAGS) ;
  flag(o, "sysfs /sys") ;
}

static void mount_cgroup (script *o, inityml_config const *c)
{
  step(o, "lc-mountcgroup") ;
  option(o, "-R", c->root.path) ;
  flag(o, "/sys/fs/cgroup") ;
}

static void mount_dev (script *o, inityml_config const *c)
{
  size_t i = 0 ;
  step(o, "lc-mountdev") ;
  flag(o, "-d") ;
  option(o, "-R", c->root.path) ;
  flag(o, "-a") ;
  for (i = 0 ; i < c->exclude.n ; i++) option(o, "-x", c->exclude.s[i]) ;
  for (i = 0 ; i < c->rexclude.n ; i++) option(o, "-X", c->rexclude.s[i]) ;
  if (c->initctl) flag(o, "-x initctl") ;
  flag(o, "/dev") ;
}

static void set_hostname (script *o, inityml_config const *c)
{
  step(o, "lc-hostname") ;
  word(o, c->hostname) ;
}

static void cgroup (script *o, inityml_config const *c)
{
  if (!c->mapped && !c->memory) return ;
  step(o, "lc-kernelfs -c") ;
  step(o, "lc-cgroup") ;
  if (c->mapped) option(o, "-i -d", owner(c)) ;
  if (c->memory) option(o, "-m", c->memory) ;
  flag(o, ".") ;
}

static void terminals (script *o, inityml_config const *c)
{
  static char const *const list[] = { TERMINALS } ;
  step(o, "lc-chown") ;
  flag(o, "-m -i -t") ;
  word(o, owner(c)) ;
  block(o, list, sizeof(list) / sizeof(list[0])) ;
}

 /* What lc-unshare's hook does: it stays outside of the new namespaces */

static int has_hook (inityml_config const *c)
{
  return moves_interfaces(c) || (c->mapped && (has_new_net(c) || c->namespaces & INITYML_NS_PID)) ;
}

 /* The name that importas gives the PID: none that the root's path has in it,
    which it would change there */

static void pid_name (stralloc *key, inityml_config const *c)
{
  raw(key, "PID") ;
  for (;;)
  {
    if (!stralloc_0(key)) strerr_diefusys(111, "allocate memory") ;
    key->len-- ;
    if (!strstr(c->root.path, key->s)) return ;
    raw(key, "_") ;
  }
}

static void join (script *o, char const *key, char const *name)
{
  stralloc text = STRALLOC_ZERO ;
  raw(&text, "-n /proc/${") ;
  raw(&text, key) ;
  raw(&text, "}/ns/") ;
  raw(&text, name) ;
  argument(o, &text) ;
  stralloc_free(&text) ;
}

static void hook (script *o, inityml_config const *c)
{
  stralloc key = STRALLOC_ZERO ;
  int net = c->mapped && has_new_net(c) ;
  int pid = c->mapped && c->namespaces & INITYML_NS_PID ;
  pid_name(&key, c) ;
  new_line(o, 2) ;
  raw(o->sa, "-b") ;
  open_block(o) ;
  step(o, "importas -i ") ;
  raw(o->sa, key.s) ;
  raw(o->sa, " LCBOOT_PID") ;
  if (moves_interfaces(c))
  {
    step(o, "lc-netmove") ;
    if (c->keep_addresses) flag(o, "-k") ;
    if (c->network == INITYML_NETWORK_TAKE) flag(o, "-a") ;
    raw(o->sa, " $") ;
    raw(o->sa, key.s) ;
  }
  if (net || pid)
  {
    step(o, "lc-setns") ;
    if (net) join(o, key.s, "net") ;
    if (pid) join(o, key.s, "pid") ;
  }
  if (pid) mount_proc(o, c) ;
  if (net) mount_sys(o, c) ;
  if (net && !is_inside(c, INITYML_NS_CGROUP)) mount_cgroup(o, c) ;
  close_block(o) ;
  stralloc_free(&key) ;
}

static void unshare (script *o, inityml_config const *c)
{
  unsigned int ns = c->namespaces ;
  step(o, "lc-unshare") ;
  if (ns & INITYML_NS_PID)
  {
    flag(o, "-p") ;
    if (!c->mapped) flag(o, "-m") ;
  }
  if (ns & INITYML_NS_UTS) flag(o, "-u") ;
  if (ns & INITYML_NS_IPC) flag(o, "-i") ;
  if (has_new_net(c)) flag(o, "-n -l") ;
  if (ns & INITYML_NS_CGROUP) flag(o, "-C") ;
  if (ns & INITYML_NS_TIME) flag(o, "-T") ;
  if (c->mapped) maps(o, c) ;
  if (has_hook(c)) hook(o, c) ;
}

 /* Mounts: lines of an fstab(5), each a step */

static size_t unescape (char *s, size_t n)
{
  size_t i = 0, j = 0 ;
  while (i < n)
    if (s[i] == '\\' && n - i > 3 && s[i+1] >= '0' && s[i+1] < '4' && s[i+2] >= '0' && s[i+2] < '8' && s[i+3] >= '0' && s[i+3] < '8')
    {
      s[j++] = (char)((s[i+1] - '0') << 6 | (s[i+2] - '0') << 3 | (s[i+3] - '0')) ;
      i += 4 ;
    }
    else s[j++] = s[i++] ;
  return j ;
}

static int has_option (char const *options, char const *name)
{
  size_t len = strlen(name) ;
  for (;;)
  {
    size_t n = strcspn(options, ",") ;
    if (n == len && !strncmp(options, name, n)) return 1 ;
    if (!options[n]) return 0 ;
    options += n + 1 ;
  }
}

static void mount_line (script *o, inityml_config const *c, char const *line)
{
  static char const blank[] = " \t\n" ;
  char const *field[4] = { "", "", "", "defaults" } ;
  char copy[strlen(line) + 1] ;
  char *s = copy ;
  unsigned int i = 0 ;
  memcpy(copy, line, sizeof(copy)) ;
  for (; i < 4 ; i++)
  {
    size_t n ;
    s += strspn(s, blank) ;
    n = strcspn(s, blank) ;
    if (!n) break ;
    field[i] = s ;
    s += n ;
    if (*s) *s++ = 0 ;
    copy[field[i] - copy + (long)unescape(copy + (field[i] - copy), n)] = 0 ;
  }
  if (i < 3 || field[0][0] == '#' || !strcmp(field[1], "none") || !strcmp(field[2], "swap") || has_option(field[3], "noauto")) return ;
  step(o, "lc-mountfs") ;
  option(o, "-R", c->root.path) ;
  if (strcmp(field[2], "auto") && strcmp(field[2], "none")) option(o, "-t", field[2]) ;
  if (strcmp(field[3], "defaults")) option(o, "-o", field[3]) ;
  if (field[0][0] == '-') flag(o, "--") ;
  words(o, field, 2) ;
}

static void mounts (script *o, inityml_config const *c)
{
  size_t i = 0 ;
  if (!c->mounts.n) return ;
  comment(o, "mounts") ;
  for (; i < c->mounts.n ; i++) mount_line(o, c, c->mounts.s[i]) ;
}

static void setup (script *o, inityml_config const *c)
{
  int hooked_sys = c->mapped && has_new_net(c) ;
  if (c->mapped)
  {
    comment(o, "what the guest's root owns: its cgroup and its terminals") ;
    cgroup(o, c) ;
    terminals(o, c) ;
  }
  else if (c->memory)
  {
    comment(o, "memory") ;
    cgroup(o, c) ;
  }

   /* outside */
  comment(o, "the guest's namespaces and kernel file systems; of those, what the engine hides stays hidden") ;
  if (c->hostname && !is_inside(c, INITYML_NS_UTS)) set_hostname(o, c) ;
  if (c->mapped && !(c->namespaces & INITYML_NS_PID)) mount_proc(o, c) ;
  if (c->mapped && !hooked_sys) mount_sys(o, c) ;
  if (!hooked_sys && !is_inside(c, INITYML_NS_CGROUP)) mount_cgroup(o, c) ;
  if (c->mapped || c->namespaces || has_new_net(c)) unshare(o, c) ;

   /* inside */
  if (c->mapped)
  {
    step(o, "lc-unshare") ;
    flag(o, "-m") ;
  }
  if (c->hostname && is_inside(c, INITYML_NS_UTS)) set_hostname(o, c) ;
  if (!c->mapped)
  {
    mount_proc(o, c) ;
    mount_sys(o, c) ;
  }
  mount_dev(o, c) ;
  if (is_inside(c, INITYML_NS_CGROUP)) mount_cgroup(o, c) ;
  mounts(o, c) ;
}

static void initctl (script *o, inityml_config const *c)
{
  if (!c->initctl) return ;
  comment(o, "initctl") ;
  step(o, "lc-initctl") ;
  if (c->root.mode != INITYML_ROOT_NONE) option(o, "-R", c->root.path) ;
  if (strcmp(c->initctl, "auto")) option(o, "-i", c->initctl) ;
}

static void enter (script *o, inityml_config const *c)
{
  comment(o, "exec") ;
  step(o, "lc-pivot") ;
  if (c->root.mode == INITYML_ROOT_CHROOT) flag(o, "-c") ;
  if (c->root.mode == INITYML_ROOT_SWITCH) flag(o, "-s") ;
  if (c->root.old) option(o, "-o", c->root.old) ;
  if (!c->exec_before.n) word(o, c->root.path) ;
  else
  {
    commands(o, &c->exec_before) ;
    new_line(o, 2) ;
    inityml_quote(o->sa, c->root.path) ;
  }
}

static void command (script *o, inityml_config const *c)
{
  new_line(o, 0) ;
  inityml_quote(o->sa, c->command.s[0]) ;
  words(o, c->command.s + 1, c->command.n - 1) ;
  raw(o->sa, "\n") ;
}

static char const *engine_name (inityml_engine e)
{
  return e == INITYML_ENGINE_LXC_LIBVIRT ? "lxc-libvirt" :
    e == INITYML_ENGINE_LXC ? "lxc" :
    e == INITYML_ENGINE_NSPAWN ? "systemd-nspawn" :
    e == INITYML_ENGINE_OCI ? "oci" :
    e == INITYML_ENGINE_VM ? "vm" : 0 ;
}

void inityml_script (stralloc *sa, inityml_config const *c, char const *file)
{
  script o = { .sa = sa, .line = sa->len, .indent = 0 } ;
  char const *engine = engine_name(c->engine) ;
  raw(sa, "# compiled from ") ;
  inityml_quote(sa, file) ;
  raw(sa, "\n") ;
  step(&o, "lc-sigreset") ;
  if (engine)
  {
    step(&o, "lc-engine") ;
    flag(&o, engine) ;
  }
  step(&o, "lc-unshare") ;
  flag(&o, "-m") ;
  before(&o, &c->setup_before, "setup.before") ;
  if (c->root.mode == INITYML_ROOT_CHROOT)
  {
    comment(&o, "the root, a mount point of its own") ;
    step(&o, "lc-mountfs -o rbind") ;
    word(&o, c->root.path) ;
    word(&o, c->root.path) ;
  }
  if (c->engine != INITYML_ENGINE_NONE) setup(&o, c) ;
  initctl(&o, c) ;
  if (c->root.mode == INITYML_ROOT_NONE)
  {
    before(&o, &c->exec_before, "exec.before") ;
    comment(&o, "exec") ;
  }
  else enter(&o, c) ;
  command(&o, c) ;
}
