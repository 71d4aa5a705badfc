/* ISC license. */

#include <string.h>

#include <skalibs/bytestr.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/fstab.h>
#include <lcboot/idmap.h>

#include <inityml/config.h>
#include <inityml/lines.h>
#include <inityml/quote.h>
#include <inityml/script.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

#define TEXT_LINES 16384    /* texts up to that size are given line by line */
#define TEXT_PIECE 32768    /* execve(2) takes no argument of 131072 bytes or more */

#define TERMINALS "/dev/console", "/dev/tty1", "/dev/tty2", "/dev/tty3", "/dev/tty4", "/dev/tty5", "/dev/tty6"
#define LOCKED_FLAGS "nosuid,nodev,noexec"

 /* A text as the words of a block, which are read one after the other */

static size_t piece (char const *s, size_t len, int lines)
{
  size_t n = len < TEXT_PIECE ? len : TEXT_PIECE ;
  size_t end = lines ? byte_chr(s, n, '\n') : n < len ? byte_rchr(s, n, '\n') : n ;
  return end < n ? end + 1 : n ;
}

static void text_block (inityml_lines *o, char const *s)
{
  size_t len = strlen(s) ;
  int lines = len <= TEXT_LINES ;
  stralloc text = STRALLOC_ZERO ;
  lines_open(o) ;
  while (len)
  {
    size_t n = piece(s, len, lines) ;
    text.len = 0 ;
    if (!stralloc_catb(&text, s, n) || !stralloc_0(&text)) dienomem() ;
    lines_new(o, 0) ;
    inityml_quote(o->sa, text.s) ;
    s += n ; len -= n ;
  }
  lines_close(o) ;
  stralloc_free(&text) ;
}

 /* -b and -t of lc-before and lc-pivot */

static void commands (inityml_lines *o, inityml_commands const *list)
{
  size_t i = 0 ;
  for (; i < list->n ; i++)
  {
    inityml_command const *c = list->s + i ;
    lines_new(o, 2) ;
    lines_text(o, c->input ? "-t" : "-b") ;
    if (c->input)
    {
      text_block(o, c->input) ;
      lines_new(o, 1) ;
    }
    lines_block(o, c->argv.s, c->argv.n) ;
  }
}

static void before (inityml_lines *o, inityml_commands const *list, char const *key)
{
  if (!list->n) return ;
  lines_comment(o, key) ;
  lines_step(o, "lc-before") ;
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

static void map (inityml_lines *o, char const *letter, genalloc const *m)
{
  lc_idextent const *e = genalloc_s(lc_idextent, m) ;
  size_t n = genalloc_len(lc_idextent, m) ;
  size_t i = 0 ;
  for (; i < n ; i++) lines_option(o, letter, extent_text(e + i, 1)) ;
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

static void maps (inityml_lines *o, inityml_config const *c)
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

 /* A new procfs or sysfs, with what the engine covers of the present one */

static void mount_kernelfs (inityml_lines *o, inityml_config const *c, char const *rest)
{
  lines_step(o, "lc-mountfs -d") ;
  lines_option(o, "-R", c->root.path) ;
  lines_flag(o, rest) ;
}

static void mount_proc (inityml_lines *o, inityml_config const *c)
{
  mount_kernelfs(o, c, "-k /proc -t proc -o " LOCKED_FLAGS " proc /proc") ;
}

static void mount_sys (inityml_lines *o, inityml_config const *c)
{
  mount_kernelfs(o, c, "-k /sys -t sysfs -o ro," LOCKED_FLAGS " sysfs /sys") ;
}

static void mount_cgroup (inityml_lines *o, inityml_config const *c)
{
  lines_step(o, "lc-mountcgroup") ;
  lines_option(o, "-R", c->root.path) ;
  lines_flag(o, "/sys/fs/cgroup") ;
}

static void mount_dev (inityml_lines *o, inityml_config const *c)
{
  size_t i = 0 ;
  lines_step(o, "lc-mountdev") ;
  lines_flag(o, "-d") ;
  lines_option(o, "-R", c->root.path) ;
  lines_flag(o, "-a") ;
  for (i = 0 ; i < c->exclude.n ; i++) lines_option(o, "-x", c->exclude.s[i]) ;
  for (i = 0 ; i < c->rexclude.n ; i++) lines_option(o, "-X", c->rexclude.s[i]) ;
  if (c->initctl) lines_flag(o, "-x initctl") ;
  lines_flag(o, "/dev") ;
}

static void set_hostname (inityml_lines *o, inityml_config const *c)
{
  lines_step(o, "lc-hostname") ;
  if (c->hostname[0] == '-') lines_flag(o, "--") ;
  lines_word(o, c->hostname) ;
}

static void cgroup (inityml_lines *o, inityml_config const *c)
{
  if (!c->mapped && !c->memory) return ;
  lines_step(o, "lc-kernelfs -c") ;
  lines_step(o, "lc-cgroup") ;
  if (c->mapped) lines_option(o, "-i -d", owner(c)) ;
  if (c->memory) lines_option(o, "-m", c->memory) ;
  lines_flag(o, ".") ;
}

static void terminals (inityml_lines *o, inityml_config const *c)
{
  static char const *const list[] = { TERMINALS } ;
  lines_step(o, "lc-chown") ;
  lines_flag(o, "-m -i -t") ;
  lines_word(o, owner(c)) ;
  lines_block(o, list, sizeof(list) / sizeof(list[0])) ;
}

 /* What lc-unshare's hook does: it stays outside of the new namespaces */

static int has_hook (inityml_config const *c)
{
  return moves_interfaces(c) || (c->mapped && (has_new_net(c) || c->namespaces & INITYML_NS_PID)) ;
}

static void join (inityml_lines *o, char const *key, char const *name)
{
  stralloc text = STRALLOC_ZERO ;
  if (!stralloc_cats(&text, "-n /proc/${") || !stralloc_cats(&text, key) || !stralloc_cats(&text, "}/ns/")
    || !stralloc_cats(&text, name) || !stralloc_0(&text)) dienomem() ;
  lines_flag(o, text.s) ;
  stralloc_free(&text) ;
}

static void hook (inityml_lines *o, inityml_config const *c)
{
  stralloc key = STRALLOC_ZERO ;
  int net = c->mapped && has_new_net(c) ;
  int pid = c->mapped && c->namespaces & INITYML_NS_PID ;
  lines_variable(&key, "PID", &c->root.path, 1) ;
  lines_new(o, 2) ;
  lines_text(o, "-b") ;
  lines_open(o) ;
  lines_step(o, "importas -i ") ;
  lines_text(o, key.s) ;
  lines_text(o, " LCBOOT_PID") ;
  if (moves_interfaces(c))
  {
    lines_step(o, "lc-netmove") ;
    if (c->keep_addresses) lines_flag(o, "-k") ;
    if (c->network == INITYML_NETWORK_TAKE) lines_flag(o, "-a") ;
    lines_text(o, " $") ;
    lines_text(o, key.s) ;
  }
  if (net || pid)
  {
    lines_step(o, "lc-setns") ;
    if (net) join(o, key.s, "net") ;
    if (pid) join(o, key.s, "pid") ;
  }
  if (pid) mount_proc(o, c) ;
  if (net) mount_sys(o, c) ;
  if (net && !is_inside(c, INITYML_NS_CGROUP)) mount_cgroup(o, c) ;
  lines_close(o) ;
  stralloc_free(&key) ;
}

static void unshare (inityml_lines *o, inityml_config const *c)
{
  unsigned int ns = c->namespaces ;
  lines_step(o, "lc-unshare") ;
  if (ns & INITYML_NS_PID)
  {
    lines_flag(o, "-p") ;
    if (!c->mapped) lines_flag(o, "-m") ;
  }
  if (ns & INITYML_NS_UTS) lines_flag(o, "-u") ;
  if (ns & INITYML_NS_IPC) lines_flag(o, "-i") ;
  if (has_new_net(c)) lines_flag(o, "-n -l") ;
  if (ns & INITYML_NS_CGROUP) lines_flag(o, "-C") ;
  if (ns & INITYML_NS_TIME) lines_flag(o, "-T") ;
  if (c->mapped) maps(o, c) ;
  if (has_hook(c)) hook(o, c) ;
}

 /* Mounts: lines of an fstab(5), each a step */

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

static void mount_line (inityml_lines *o, inityml_config const *c, char const *line)
{
  lc_fstab l ;
  char copy[strlen(line) + 1] ;
  char *s = copy ;
  memcpy(copy, line, sizeof(copy)) ;
  if (!lc_fstab_next(&s, &l) || !strcmp(l.target, "none") || has_option(l.options, "noauto")) return ;
  lines_step(o, "lc-mountfs") ;
  lines_option(o, "-R", c->root.path) ;
  if (strcmp(l.type, "auto") && strcmp(l.type, "none")) lines_option(o, "-t", l.type) ;
  if (strcmp(l.options, "defaults")) lines_option(o, "-o", l.options) ;
  if (l.source[0] == '-') lines_flag(o, "--") ;
  lines_word(o, l.source) ;
  lines_word(o, l.target) ;
}

static void mounts (inityml_lines *o, inityml_config const *c)
{
  size_t i = 0 ;
  if (!c->mounts.n) return ;
  lines_comment(o, "mounts") ;
  for (; i < c->mounts.n ; i++) mount_line(o, c, c->mounts.s[i]) ;
}

static void setup (inityml_lines *o, inityml_config const *c)
{
  int hooked_sys = c->mapped && has_new_net(c) ;
  if (c->mapped)
  {
    lines_comment(o, "what the guest's root owns: its cgroup and its terminals") ;
    cgroup(o, c) ;
    terminals(o, c) ;
  }
  else if (c->memory)
  {
    lines_comment(o, "memory") ;
    cgroup(o, c) ;
  }

   /* outside */
  lines_comment(o, "the guest's namespaces and kernel file systems; of those, what the engine hides stays hidden") ;
  if (c->hostname && !is_inside(c, INITYML_NS_UTS)) set_hostname(o, c) ;
  if (c->mapped && !(c->namespaces & INITYML_NS_PID)) mount_proc(o, c) ;
  if (c->mapped && !hooked_sys) mount_sys(o, c) ;
  if (!hooked_sys && !is_inside(c, INITYML_NS_CGROUP)) mount_cgroup(o, c) ;
  if (c->mapped || c->namespaces || has_new_net(c)) unshare(o, c) ;

   /* inside */
  if (c->mapped)
  {
    lines_step(o, "lc-unshare") ;
    lines_flag(o, "-m") ;
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

static void initctl (inityml_lines *o, inityml_config const *c)
{
  if (!c->initctl) return ;
  lines_comment(o, "initctl") ;
  lines_step(o, "lc-initctl") ;
  if (c->root.mode != INITYML_ROOT_NONE) lines_option(o, "-R", c->root.path) ;
  if (strcmp(c->initctl, "auto")) lines_option(o, "-i", c->initctl) ;
}

static void enter (inityml_lines *o, inityml_config const *c)
{
  lines_comment(o, "exec") ;
  lines_step(o, "lc-pivot") ;
  if (c->root.mode == INITYML_ROOT_CHROOT) lines_flag(o, "-c") ;
  if (c->root.mode == INITYML_ROOT_SWITCH) lines_flag(o, "-s") ;
  if (c->root.old) lines_option(o, "-o", c->root.old) ;
  if (!c->exec_before.n) lines_word(o, c->root.path) ;
  else
  {
    commands(o, &c->exec_before) ;
    lines_new(o, 2) ;
    inityml_quote(o->sa, c->root.path) ;
  }
}

static void command (inityml_lines *o, inityml_config const *c)
{
  lines_new(o, 0) ;
  inityml_quote(o->sa, c->command.s[0]) ;
  lines_words(o, c->command.s + 1, c->command.n - 1) ;
  lines_text(o, "\n") ;
}

 /* Without a root, what comes before the command may have no operands to end its
    options. */

static void end_options (inityml_lines *o, inityml_config const *c)
{
  if (c->command.s[0][0] != '-') return ;
  if (c->exec_before.n || c->initctl || c->engine == INITYML_ENGINE_NONE) lines_flag(o, "--") ;
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
  inityml_lines o = { .sa = sa, .line = sa->len, .indent = 0 } ;
  char const *engine = engine_name(c->engine) ;
  lines_text(&o, "# compiled from ") ;
  inityml_quote(sa, file) ;
  lines_text(&o, "\n") ;
  lines_step(&o, "lc-sigreset") ;
  if (engine)
  {
    lines_step(&o, "lc-engine") ;
    lines_flag(&o, engine) ;
  }
  lines_step(&o, "lc-unshare") ;
  lines_flag(&o, "-m") ;
  before(&o, &c->setup_before, "setup.before") ;
  if (c->root.mode == INITYML_ROOT_CHROOT)
  {
    lines_comment(&o, "the root, a mount point of its own") ;
    lines_step(&o, "lc-mountfs -o rbind") ;
    lines_word(&o, c->root.path) ;
    lines_word(&o, c->root.path) ;
  }
  if (c->engine != INITYML_ENGINE_NONE) setup(&o, c) ;
  initctl(&o, c) ;
  if (c->root.mode == INITYML_ROOT_NONE)
  {
    before(&o, &c->exec_before, "exec.before") ;
    end_options(&o, c) ;
    lines_comment(&o, "exec") ;
  }
  else enter(&o, c) ;
  command(&o, c) ;
}
