/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/alloc.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/fstab.h>
#include <lcboot/ids.h>
#include <lcboot/mountopts.h>

#include <inityml/config.h>
#include <inityml/maps.h>
#include <inityml/mistakes.h>
#include <inityml/values.h>
#include <inityml/words.h>
#include <inityml/yaml.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

#define HOSTNAME_MAX_LEN 64  /* sethostname(2): __NEW_UTS_LEN */
#define REGEX_MAX_LEN 4096

struct maker_s
{
  inityml_config *c ;
  inityml_mistakes *m ;

   /* what was said, for what contradicts it: null if it was not */
  inityml_node const *root_mode ;
  inityml_node const *id_map ;
  inityml_node const *devices ;      /* one that is not empty */
  inityml_node const *no_setup ;     /* what says that there is none */
  inityml_node const *hostname ;
  inityml_node const *memory ;
  inityml_node const *mounts ;       /* one that is not empty */
  inityml_node const *network ;
  inityml_node const *keep_addresses ;
  inityml_node const *namespaces ;
  inityml_node const *ns_net ;
  inityml_node const *ns_user ;
} ;

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void add_word (genalloc *words, char const *s)
{
  if (!genalloc_append(char const *, words, &s)) dienomem() ;
}

static void to_words (inityml_words *w, genalloc const *words)
{
  w->s = genalloc_s(char const *, words) ;
  w->n = genalloc_len(char const *, words) ;
}

 /* A string or a list of them, none of which is empty. check says what is wrong
    with one, or null. */

typedef char const *check_func (struct maker_s *, inityml_node const *, char const *) ;

static void strings (struct maker_s *k, inityml_node const *node, char const *what, inityml_words *w, check_func *check)
{
  genalloc words = GENALLOC_ZERO ;  /* char const * */
  size_t n = node->kind == INITYML_LIST ? node->n : 1 ;
  size_t i = 0 ;
  for (; i < n ; i++)
  {
    inityml_node const *item = node->kind == INITYML_LIST ? node->item[i] : node ;
    char const *s = value_string1(k->m, item, what) ;
    if (s && check) s = (*check)(k, item, s) ;
    if (s) add_word(&words, s) ;
  }
  to_words(w, &words) ;
}

 /* Commands */

static void command_string (struct maker_s *k, inityml_node const *node, char const *what, inityml_words *w)
{
  char const *problem = inityml_words_split(w, node->text) ;
  size_t i = 0 ;
  if (problem)
  {
    value_wrong(k->m, node, what, ": ", problem, ": ", node->text) ;
    return ;
  }
  if (!w->n) value_wrong(k->m, node, what, ": there is no word in this command") ;
  else if (!w->s[0][0]) value_wrong(k->m, node, what, ": the first word of this command is empty") ;
  for (; i < w->n ; i++)
    if (strlen(w->s[i]) > VALUE_WORD_MAX) value_wrong(k->m, node, what, ": a word is longer than 131000 bytes, which no argument of a program can hold") ;
}

static void command_list (struct maker_s *k, inityml_node const *node, char const *what, inityml_words *w)
{
  genalloc words = GENALLOC_ZERO ;  /* char const * */
  size_t i = 0 ;
  if (!node->n) value_wrong(k->m, node, what, ": there is no word in this command") ;
  for (; i < node->n ; i++)
  {
    char const *s = value_string(k->m, node->item[i], what) ;
    if (s && !i && !*s) value_wrong(k->m, node->item[i], what, ": the first word of this command is empty") ;
    if (s) add_word(&words, s) ;
  }
  to_words(w, &words) ;
}

static void argv_of (struct maker_s *k, inityml_node const *node, char const *what, inityml_words *w)
{
  switch (node->kind)
  {
    case INITYML_BAD : break ;
    case INITYML_STRING : command_string(k, node, what, w) ; break ;
    case INITYML_LIST : command_list(k, node, what, w) ; break ;
    case INITYML_BOOL : value_wrong(k->m, node, what, ": ", node->text, " is a boolean here; for a command of that name write \"", node->text, "\"") ; break ;
    case INITYML_NULL : value_wrong(k->m, node, what, ": a command is expected, not null") ; break ;
    default : value_wrong(k->m, node, what, ": a command is expected, a string or a list of words, not a mapping") ; break ;
  }
}

static void command (struct maker_s *k, inityml_node const *node, char const *what, inityml_command *c)
{
  enum { COMMAND, INPUT, KEYS } ;
  static char const *const names[KEYS] = { "command", "input" } ;
  inityml_node const *v[KEYS] ;
  c->argv.n = 0 ;
  c->input = 0 ;
  if (node->kind != INITYML_MAP)
  {
    argv_of(k, node, what, &c->argv) ;
    return ;
  }
  value_fields(k->m, node, what, names, KEYS, v) ;
  if (v[COMMAND]) argv_of(k, v[COMMAND], what, &c->argv) ;
  else value_wrong(k->m, node, what, ": the key command is missing") ;
  if (v[INPUT]) c->input = value_text(k->m, v[INPUT], "input") ;
}

 /* One or a list: a list is always one of commands, as its items are. */

static void commands (struct maker_s *k, inityml_node const *node, char const *what, inityml_commands *list)
{
  genalloc all = GENALLOC_ZERO ;  /* inityml_command */
  int single = node->kind != INITYML_LIST ;
  size_t n = single ? 1 : node->n ;
  size_t i = 0 ;
  if (node->kind == INITYML_BAD || (node->kind == INITYML_BOOL && !node->truth)) n = 0 ;
  for (; i < n ; i++)
  {
    inityml_command c = { .argv = INITYML_WORDS_ZERO } ;
    command(k, single ? node : node->item[i], what, &c) ;
    if (!genalloc_append(inityml_command, &all, &c)) dienomem() ;
  }
  list->s = genalloc_s(inityml_command, &all) ;
  list->n = genalloc_len(inityml_command, &all) ;
}

 /* root */

static int is_top (char const *s)
{
  return !s[strspn(s, "/")] ;
}

static char const *absolute (struct maker_s *k, inityml_node const *node, char const *what)
{
  char const *s = value_string1(k->m, node, what) ;
  if (!s || *s == '/') return s ;
  value_wrong(k->m, node, what, ": the path must be absolute: ", s) ;
  return 0 ;
}

 /* A mode that is null, in so many words, is none: the reference has no other
    way to say it. Left empty it is the default, as every key. */

static inityml_node const *mode_null (inityml_node const *map)
{
  size_t i = 0 ;
  for (; i < map->n ; i += 2)
    if (!strcmp(map->item[i]->text, "mode") && map->item[i + 1]->kind == INITYML_NULL && *map->item[i + 1]->text) return map->item[i + 1] ;
  return 0 ;
}

static void root (struct maker_s *k, inityml_node const *node)
{
  enum { PATH, MODE, OLD, KEYS } ;
  static char const *const names[KEYS] = { "path", "mode", "old" } ;
  static char const *const modes[4] = { "pivot", "chroot", "switch", "none" } ;  /* inityml_rootmode */
  inityml_node const *v[KEYS] = { 0, 0, 0 } ;
  char const *s ;
  int mode ;
  if (node->kind == INITYML_STRING) v[PATH] = node ;
  else if (!value_fields(k->m, node, "root", names, KEYS, v)) return ;
  if (v[MODE])
  {
    mode = value_choice(k->m, v[MODE], "root.mode", "unknown root.mode", modes, COUNT(modes)) ;
    if (mode >= 0) k->c->root.mode = (inityml_rootmode)mode ;
  }
  else if (node->kind == INITYML_MAP && mode_null(node)) k->c->root.mode = INITYML_ROOT_NONE ;
  if (v[PATH])
  {
    s = absolute(k, v[PATH], "root.path") ;
    if (s && is_top(s) && k->c->root.mode != INITYML_ROOT_NONE) value_wrong(k->m, v[PATH], "root.path: this is the present root, not a guest's") ;
    if (s) k->c->root.path = s ;
  }
  if (!v[OLD]) return ;
  s = absolute(k, v[OLD], "root.old") ;
  if (s && is_top(s)) value_wrong(k->m, v[OLD], "root.old: the old root cannot stay at /") ;
  if (k->c->root.mode != INITYML_ROOT_PIVOT)
    value_wrong(k->m, v[OLD], "root.old: the old root can stay only with mode pivot, not with mode ", modes[k->c->root.mode]) ;
  k->c->root.old = s ;
}

 /* id_map */

static void id_map (struct maker_s *k, inityml_node const *node)
{
  enum { USERS, GROUPS, KEYS } ;
  static char const *const names[KEYS] = { "users", "groups" } ;
  inityml_node const *v[KEYS] ;
  if (node->kind == INITYML_BOOL && !node->truth) return ;
  k->id_map = node ;
  if (node->kind == INITYML_BOOL)
  {
    value_expected(k->m, node, "id_map", "false, or a mapping of users and groups,") ;
    return ;
  }
  if (!value_fields(k->m, node, "id_map", names, KEYS, v)) return ;
  if (!v[USERS] && !v[GROUPS]) value_wrong(k->m, node, "id_map: neither users nor groups are mapped (id_map: false is none)") ;
  if (v[USERS]) inityml_maps_read(k->m, v[USERS], "id_map.users", &k->c->users) ;
  if (v[GROUPS]) inityml_maps_read(k->m, v[GROUPS], "id_map.groups", &k->c->groups) ;
  if (!v[USERS]) k->c->users = k->c->groups ;
  if (!v[GROUPS]) k->c->groups = k->c->users ;
  k->c->mapped = 1 ;
}

 /* initctl, devices */

static void initctl (struct maker_s *k, inityml_node const *node)
{
  static char const *const names[8] = { "auto", "systemd", "sysvinit", "busybox", "openrc", "runit", "s6", "generic" } ;
  int i ;
  if (node->kind == INITYML_BOOL)
  {
    k->c->initctl = node->truth ? "auto" : 0 ;
    return ;
  }
  if (node->kind != INITYML_STRING)
  {
    value_expected(k->m, node, "initctl", "true, false or the name of an init") ;
    return ;
  }
  i = value_choice(k->m, node, "initctl", "unknown init", names, COUNT(names)) ;
  if (i >= 0) k->c->initctl = names[i] ;
}

static char const *check_regex (struct maker_s *k, inityml_node const *node, char const *s)
{
  regex_t re ;
  char why[128] ;
  int r ;
  if (strlen(s) > REGEX_MAX_LEN)
  {
    value_wrong(k->m, node, "devices.rexclude: a regular expression of more than 4096 bytes") ;
    return 0 ;
  }
  r = regcomp(&re, s, REG_EXTENDED | REG_NOSUB) ;
  if (!r)
  {
    regfree(&re) ;
    return s ;
  }
  regerror(r, &re, why, sizeof(why)) ;
  value_wrong(k->m, node, "devices.rexclude: invalid regular expression ", s, ": ", why) ;
  return 0 ;
}

static void devices (struct maker_s *k, inityml_node const *node)
{
  enum { EXCLUDE, REXCLUDE, KEYS } ;
  static char const *const names[KEYS] = { "exclude", "rexclude" } ;
  inityml_node const *v[KEYS] ;
  if (!value_fields(k->m, node, "devices", names, KEYS, v)) return ;
  if (v[EXCLUDE]) strings(k, v[EXCLUDE], "devices.exclude", &k->c->exclude, 0) ;
  if (v[REXCLUDE]) strings(k, v[REXCLUDE], "devices.rexclude", &k->c->rexclude, &check_regex) ;
  if (k->c->exclude.n || k->c->rexclude.n) k->devices = node ;
}

 /* setup, exec */

static void setup (struct maker_s *k, inityml_node const *node)
{
  enum { MODE, BEFORE, KEYS } ;
  static char const *const names[KEYS] = { "mode", "before" } ;
  static char const *const modes[8] = { "auto", "guess", "none", "lxc-libvirt", "lxc", "systemd-nspawn", "oci", "vm" } ;
  static inityml_engine const engines[8] =
  {
    INITYML_ENGINE_ANY, INITYML_ENGINE_ANY, INITYML_ENGINE_NONE, INITYML_ENGINE_LXC_LIBVIRT,
    INITYML_ENGINE_LXC, INITYML_ENGINE_NSPAWN, INITYML_ENGINE_OCI, INITYML_ENGINE_VM
  } ;
  inityml_node const *v[KEYS] = { 0, 0 } ;
  if (node->kind != INITYML_MAP)
  {
    size_t i = 0 ;
    for (; node->kind == INITYML_STRING && i < COUNT(modes) ; i++)
      if (!strcmp(node->text, modes[i])) value_wrong(k->m, node, "setup: ", node->text, " is a command here; for the mode write {mode: ", node->text, "}") ;
    k->no_setup = node ;
    k->c->engine = INITYML_ENGINE_NONE ;
    commands(k, node, "setup", &k->c->setup_before) ;
    return ;
  }
  value_fields(k->m, node, "setup", names, KEYS, v) ;
  if (v[MODE])
  {
    int i = value_choice(k->m, v[MODE], "setup.mode", "unknown setup.mode", modes, COUNT(modes)) ;
    if (i >= 0) k->c->engine = engines[i] ;
    if (k->c->engine == INITYML_ENGINE_NONE) k->no_setup = v[MODE] ;
  }
  else if ((k->no_setup = mode_null(node))) k->c->engine = INITYML_ENGINE_NONE ;
  if (v[BEFORE]) commands(k, v[BEFORE], "setup.before", &k->c->setup_before) ;
}

static void exec_command (struct maker_s *k, inityml_node const *node)
{
  inityml_command c = { .argv = INITYML_WORDS_ZERO } ;
  command(k, node, "exec.command", &c) ;
  if (c.input) value_wrong(k->m, node, "exec.command: the guest's init takes no input") ;
  k->c->command = c.argv ;
}

static void exec_ (struct maker_s *k, inityml_node const *node)
{
  enum { BEFORE, COMMAND, KEYS } ;
  static char const *const names[KEYS] = { "before", "command" } ;
  inityml_node const *v[KEYS] = { 0, node } ;
  if (node->kind == INITYML_MAP) value_fields(k->m, node, "exec", names, KEYS, v) ;
  if (v[BEFORE]) commands(k, v[BEFORE], "exec.before", &k->c->exec_before) ;
  if (v[COMMAND]) exec_command(k, v[COMMAND]) ;
}

 /* hostname, memory, mounts */

static void hostname (struct maker_s *k, inityml_node const *node)
{
  char const *s = value_string1(k->m, node, "hostname") ;
  size_t i = 0 ;
  if (!s) return ;
  k->hostname = node ;
  k->c->hostname = s ;
  for (; s[i] ; i++) if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f) break ;
  if (s[i]) value_wrong(k->m, node, "hostname: a blank or a control character is in this name: ", s) ;
  if (strlen(s) > HOSTNAME_MAX_LEN) value_wrong(k->m, node, "hostname: this name is longer than 64 bytes") ;
}

static void memory (struct maker_s *k, inityml_node const *node)
{
  char const *s = value_string1(k->m, node, "memory") ;
  uint64_t n ;
  if (!s) return ;
  k->memory = node ;
  k->c->memory = s ;
  if (!lc_size_scan(s, &n)) value_wrong(k->m, node, "memory: a number of bytes is expected, more than 0, perhaps with k, M, G or T behind it, not ", s) ;
}

static char *keep (char const *s, size_t len)
{
  char *copy = alloc(len + 1) ;
  if (!copy) dienomem() ;
  memcpy(copy, s, len) ;
  copy[len] = 0 ;
  return copy ;
}

static char const *check_mount (struct maker_s *k, inityml_node const *node, char const *s)
{
  lc_mountopts o = LC_MOUNTOPTS_ZERO ;
  lc_fstab l ;
  char const *problem ;
  char *line, *rest ;
  size_t len = strlen(s) ;
  while (len && strchr(" \t\n", s[len - 1])) len-- ;
  if (memchr(s, '\n', len))
  {
    value_wrong(k->m, node, "mounts: this is more than one line: make a list of them") ;
    return 0 ;
  }
  line = rest = keep(s, len) ;
  if (s[strspn(s, " \t")] == '#') problem = "this is a comment, not a mount" ;
  else if (!lc_fstab_next(&rest, &l) || l.n < 4 || l.n > 6) problem = "a line of an fstab is expected: source, target, type, options, and perhaps two numbers" ;
  else if (*l.target != '/') problem = "the target must be an absolute path in the guest's root" ;
  else if (!strcmp(l.type, "swap")) problem = "swap is nothing that a guest can mount" ;
  else if ((l.n > 4 && !value_is_digits(l.freq)) || (l.n > 5 && !value_is_digits(l.passno))) problem = "the fifth and sixth fields must be numbers" ;
  else if (lc_fstab_is_tag(l.source)) problem = "the source is a tag (UUID=, LABEL= ...), which is not looked up: name the device" ;
  else problem = lc_mountopts_scan(&o, l.options) ;
  stralloc_free(&o.data) ;
  alloc_free(line) ;
  if (!problem) return keep(s, len) ;
  value_wrong(k->m, node, "mounts: ", problem) ;
  return 0 ;
}

 /* network, namespaces */

static void network (struct maker_s *k, inityml_node const *node)
{
  enum { MODE, KEEP_ADDRESSES, KEYS } ;
  static char const *const names[KEYS] = { "mode", "keep_addresses" } ;
  static char const *const modes[3] = { "keep", "new", "move" } ;
  static inityml_network const networks[3] = { INITYML_NETWORK_KEEP, INITYML_NETWORK_NEW, INITYML_NETWORK_TAKE } ;
  inityml_node const *v[KEYS] = { node, 0 } ;
  if (node->kind == INITYML_MAP) value_fields(k->m, node, "network", names, KEYS, v) ;
  if (v[MODE])
  {
    int i = value_choice(k->m, v[MODE], "network", "unknown network", modes, COUNT(modes)) ;
    k->network = v[MODE] ;
    if (i >= 0) k->c->network = networks[i] ;
  }
  if (!v[KEEP_ADDRESSES]) return ;
  if (v[KEEP_ADDRESSES]->kind != INITYML_BOOL)
  {
    value_expected(k->m, v[KEEP_ADDRESSES], "network.keep_addresses", "true or false") ;
    return ;
  }
  k->keep_addresses = v[KEEP_ADDRESSES] ;
  k->c->keep_addresses = v[KEEP_ADDRESSES]->truth ;
}

enum { NS_UTS, NS_IPC, NS_NET, NS_CGROUP, NS_PID, NS_TIME, NS_MOUNT, NS_USER, NAMESPACES } ;

static void namespaces (struct maker_s *k, inityml_node const *node)
{
  static char const *const names[NAMESPACES] = { "uts", "ipc", "net", "cgroup", "pid", "time", "mount", "user" } ;
  static unsigned int const bits[NAMESPACES] = { INITYML_NS_UTS, INITYML_NS_IPC, 0, INITYML_NS_CGROUP, INITYML_NS_PID, INITYML_NS_TIME, 0, 0 } ;
  inityml_node const *seen[NAMESPACES] = { 0 } ;
  size_t n = node->kind == INITYML_LIST ? node->n : 1 ;
  size_t i = 0 ;
  k->namespaces = node ;
  k->c->namespaces = 0 ;
  for (; i < n ; i++)
  {
    inityml_node const *item = node->kind == INITYML_LIST ? node->item[i] : node ;
    int j = value_choice(k->m, item, "namespaces", "unknown namespace", names, NAMESPACES) ;
    char fmt[SIZE_FMT] ;
    if (j < 0) continue ;
    if (seen[j]) value_wrong(k->m, item, "namespaces: ", names[j], " is named twice, first on line ", value_line(fmt, seen[j])) ;
    seen[j] = item ;
    k->c->namespaces |= bits[j] ;
  }
  k->ns_net = seen[NS_NET] ;
  k->ns_user = seen[NS_USER] ;
}

 /* What contradicts what */

static void no_setup (struct maker_s *k, inityml_node const *node, char const *what)
{
  char fmt[SIZE_FMT] ;
  value_wrong(k->m, node, what, " without a setup: line ", value_line(fmt, k->no_setup),
    k->no_setup->kind == INITYML_STRING && !strcmp(k->no_setup->text, "none") ? " says that there is none" :
      " says that there is none (setup: {mode: auto, before: ...} is a setup with commands before it)") ;
}

static void contradictions (struct maker_s *k)
{
  inityml_config *c = k->c ;
  char fmt[SIZE_FMT] ;
  if (c->engine == INITYML_ENGINE_NONE)
  {
    if (k->id_map) no_setup(k, k->id_map, "id_map: no user namespace is made") ;
    if (k->devices) no_setup(k, k->devices, "devices: no /dev is made") ;
    if (k->hostname) no_setup(k, k->hostname, "hostname: it is not set") ;
    if (k->memory) no_setup(k, k->memory, "memory: no limit is set") ;
    if (k->mounts) no_setup(k, k->mounts, "mounts: nothing is mounted") ;
    if (k->network && c->network != INITYML_NETWORK_KEEP) no_setup(k, k->network, "network: no network namespace is made") ;
    if (k->namespaces && k->namespaces->n) no_setup(k, k->namespaces, "namespaces: none is made") ;
    c->mapped = 0 ;
    c->namespaces = 0 ;
    c->network = INITYML_NETWORK_KEEP ;
  }
  else if (!k->network)
  {
     /* without ids of its own nothing is gained by a move, and a VM would lose its network */
    c->network = (k->namespaces ? !!k->ns_net : c->mapped) ? INITYML_NETWORK_MOVE : INITYML_NETWORK_KEEP ;
  }
  else if (c->network == INITYML_NETWORK_KEEP && k->ns_net)
    value_wrong(k->m, k->network, "network: the present one cannot be kept, as namespaces (line ", value_line(fmt, k->ns_net), ") has net") ;
  else if (c->network != INITYML_NETWORK_KEEP && k->namespaces && !k->ns_net)
    value_wrong(k->m, k->network, "network: this needs a network namespace, but namespaces (line ", value_line(fmt, k->namespaces), ") has no net") ;

  if (k->ns_user && !k->id_map) value_wrong(k->m, k->ns_user, "namespaces: a user namespace is made by id_map, which is not there") ;
  if (c->network != INITYML_NETWORK_MOVE && c->network != INITYML_NETWORK_TAKE)
  {
    if (k->keep_addresses) value_wrong(k->m, k->keep_addresses, "network.keep_addresses: this is for interfaces that are moved (mode: move)") ;
    c->keep_addresses = 0 ;
  }
}

static inityml_config const defaults =
{
  .root = { .path = "/mnt/root", .mode = INITYML_ROOT_PIVOT, .old = 0 },
  .users = GENALLOC_ZERO,
  .groups = GENALLOC_ZERO,
  .engine = INITYML_ENGINE_ANY,
  .network = INITYML_NETWORK_MOVE,
  .keep_addresses = 1,
  .namespaces = INITYML_NS_UTS | INITYML_NS_IPC | INITYML_NS_CGROUP
} ;

static void mounts (struct maker_s *k, inityml_node const *node)
{
  strings(k, node, "mounts", &k->c->mounts, &check_mount) ;
  if (k->c->mounts.n) k->mounts = node ;
}

typedef void key_func (struct maker_s *, inityml_node const *) ;

#define KEYS 11

static void document (struct maker_s *k, inityml_node const *node)
{
  static char const *const names[KEYS] =
    { "root", "id_map", "initctl", "devices", "setup", "exec", "hostname", "memory", "mounts", "network", "namespaces" } ;
  static key_func *const functions[KEYS] =
    { &root, &id_map, &initctl, &devices, &setup, &exec_, &hostname, &memory, &mounts, &network, &namespaces } ;
  inityml_node const *v[KEYS] ;
  size_t i = 0 ;
  if (node->kind == INITYML_NULL || !value_fields(k->m, node, "the configuration", names, KEYS, v)) return ;
  for (; i < KEYS ; i++) if (v[i]) (*functions[i])(k, v[i]) ;
}

int inityml_config_parse (inityml_config *c, char const *s, size_t len, char const *file)
{
  static char const *const init[1] = { INITYML_INIT } ;
  inityml_mistakes m = INITYML_MISTAKES_ZERO ;
  struct maker_s k = { .c = c, .m = &m } ;
  inityml_node const *node ;
  *c = defaults ;
  if (len > INITYML_SIZE_MAX) inityml_mistake(&m, 1, 1, "more than 4 MiB are no configuration") ;
  else if ((node = inityml_yaml_read(s, len, &m)))
  {
    document(&k, node) ;
    contradictions(&k) ;
  }
  if (!c->command.n) c->command = (inityml_words){ .s = (char const **)init, .n = 1 } ;
  return !inityml_mistakes_say(&m, file) ;
}

 /* A file that is too large is read no further than to see that it is. */

static void read_file (stralloc *sa, int fd, char const *file)
{
  for (;;)
  {
    ssize_t r ;
    if (!stralloc_readyplus(sa, 65536)) dienomem() ;
    r = fd_read(fd, sa->s + sa->len, 65536) ;
    if (r == -1) strerr_diefusys(111, "read ", file) ;
    if (!r) break ;
    sa->len += (size_t)r ;
    if (sa->len > INITYML_SIZE_MAX) break ;
  }
}

int inityml_config_read (inityml_config *c, char const *file)
{
  stralloc sa = STRALLOC_ZERO ;
  char const *name = file ? file : INITYML_DEFAULT ;
  int named = !!strcmp(name, "-") ;
  int fd = 0 ;
  if (named)
  {
    struct stat st ;
    fd = open(name, O_RDONLY | O_CLOEXEC) ;
    if (fd == -1 && !file && errno == ENOENT && lstat(name, &st) == -1 && errno == ENOENT) return inityml_config_parse(c, "", 0, name) ;
    if (fd == -1) strerr_diefusys(111, "open ", name) ;
  }
  read_file(&sa, fd, name) ;
  if (named) fd_close(fd) ;
  return inityml_config_parse(c, sa.s, sa.len, name) ;
}
