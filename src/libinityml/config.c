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
#include <lcboot/idmap.h>
#include <lcboot/ids.h>
#include <lcboot/mountopts.h>

#include <inityml/config.h>
#include <inityml/mistakes.h>
#include <inityml/words.h>
#include <inityml/yaml.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

#define WORD_MAX_LEN 131000  /* execve(2): a word and its end are at most 128 KiB, blocks put blanks before it */
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

#define wrong(k, node, ...) inityml_mistake((k)->m, (node)->line, (node)->column, __VA_ARGS__)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char const *line_of (char *fmt, inityml_node const *node)
{
  fmt[size_fmt(fmt, node->line)] = 0 ;
  return fmt ;
}

 /* What a node is, after "not " */

static char const *kind_of (inityml_node const *node)
{
  switch (node->kind)
  {
    case INITYML_NULL : return "null" ;
    case INITYML_BOOL : return "a boolean" ;
    case INITYML_STRING : return "text" ;
    case INITYML_LIST : return "a list" ;
    default : return "a mapping" ;
  }
}

static void expected (struct maker_s *k, inityml_node const *node, char const *what, char const *expects)
{
  if (node->kind == INITYML_BAD) return ;
  if (node->kind == INITYML_STRING || node->kind == INITYML_BOOL) wrong(k, node, what, ": ", expects, " is expected, not ", node->text) ;
  else wrong(k, node, what, ": ", expects, " is expected, not ", kind_of(node)) ;
}

 /* Names, and the nearest of them for one that is not known */

static size_t smaller (size_t a, size_t b)
{
  return a < b ? a : b ;
}

static size_t larger (size_t a, size_t b)
{
  return a < b ? b : a ;
}

#define NAME_LEN_MAX 32

 /* The edits that make b of a: what is missing, too much, another, or two
    exchanged. */

static size_t distance (char const *a, char const *b)
{
  size_t row[3][NAME_LEN_MAX + 1] ;
  size_t alen = strlen(a) ;
  size_t blen = strlen(b) ;
  size_t i = 0 ;
  size_t j = 0 ;
  if (alen > NAME_LEN_MAX || blen > NAME_LEN_MAX) return NAME_LEN_MAX ;
  for (; j <= blen ; j++) row[0][j] = j ;
  for (i = 1 ; i <= alen ; i++)
  {
    size_t *now = row[i % 3] ;
    size_t const *last = row[(i + 2) % 3] ;
    size_t const *before = row[(i + 1) % 3] ;
    now[0] = i ;
    for (j = 1 ; j <= blen ; j++)
    {
      now[j] = smaller(smaller(last[j] + 1, now[j - 1] + 1), last[j - 1] + (a[i - 1] != b[j - 1])) ;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = smaller(now[j], before[j - 2] + 1) ;
    }
  }
  return row[alen % 3][blen] ;
}

static char const *nearest (char const *s, char const *const *names, size_t n)
{
  size_t best = NAME_LEN_MAX ;
  char const *name = 0 ;
  size_t i = 0 ;
  for (; i < n ; i++)
  {
    size_t d = distance(s, names[i]) ;
    if (d < best)
    {
      best = d ;
      name = names[i] ;
    }
  }
  return name && best <= larger(strlen(s), strlen(name)) / 3 ? name : 0 ;
}

static void unknown (struct maker_s *k, inityml_node const *node, char const *what, char const *const *names, size_t n)
{
  char const *near = nearest(node->text, names, n) ;
  stralloc sa = STRALLOC_ZERO ;
  size_t i = 0 ;
  if (near)
  {
    wrong(k, node, what, ": ", node->text, " (did you mean ", near, "?)") ;
    return ;
  }
  for (; i < n ; i++)
    if (!stralloc_cats(&sa, i ? ", " : "") || !stralloc_cats(&sa, names[i])) dienomem() ;
  if (!stralloc_0(&sa)) dienomem() ;
  wrong(k, node, what, ": ", node->text, " (known here: ", sa.s, ")") ;
  stralloc_free(&sa) ;
}

 /* A string that is one of the names. Returns its index, or -1. */

static int choice (struct maker_s *k, inityml_node const *node, char const *what, char const *unknown_what, char const *const *names, size_t n)
{
  size_t i = 0 ;
  if (node->kind != INITYML_STRING)
  {
    expected(k, node, what, "a name") ;
    return -1 ;
  }
  for (; i < n ; i++) if (!strcmp(node->text, names[i])) return (int)i ;
  unknown(k, node, unknown_what, names, n) ;
  return -1 ;
}

 /* A mapping's values, by the names of its keys: what was not said, or was left
    null, is a null pointer. Returns 0 if it is no mapping. */

static int fields (struct maker_s *k, inityml_node const *node, char const *what, char const *const *names, size_t n, inityml_node const **value)
{
  size_t i = 0 ;
  memset(value, 0, n * sizeof(*value)) ;
  if (node->kind != INITYML_MAP)
  {
    expected(k, node, what, "a mapping") ;
    return 0 ;
  }
  for (; i < node->n ; i += 2)
  {
    size_t j = 0 ;
    while (j < n && strcmp(node->item[i]->text, names[j])) j++ ;
    if (j == n) unknown(k, node->item[i], "unknown key", names, n) ;
    else if (node->item[i + 1]->kind != INITYML_NULL) value[j] = node->item[i + 1] ;
  }
  return 1 ;
}

 /* Strings. A number is its text. */

static char const *text (struct maker_s *k, inityml_node const *node, char const *what)
{
  switch (node->kind)
  {
    case INITYML_BAD : return 0 ;
    case INITYML_STRING : return node->text ;
    case INITYML_BOOL : wrong(k, node, what, ": ", node->text, " is a boolean here; for the text write \"", node->text, "\"") ; return 0 ;
    case INITYML_NULL :
      if (*node->text) wrong(k, node, what, ": ", node->text, " is null here; for the text write \"", node->text, "\"") ;
      else wrong(k, node, what, ": nothing is here; for an empty text write \"\"") ;
      return 0 ;
    default : wrong(k, node, what, ": text is expected, not ", kind_of(node)) ; return 0 ;
  }
}

 /* The same for what becomes a word of a command line. */

static char const *string (struct maker_s *k, inityml_node const *node, char const *what)
{
  char const *s = text(k, node, what) ;
  if (!s || strlen(s) <= WORD_MAX_LEN) return s ;
  wrong(k, node, what, ": longer than 131000 bytes, which no argument of a program can hold") ;
  return 0 ;
}

static char const *string1 (struct maker_s *k, inityml_node const *node, char const *what)
{
  char const *s = string(k, node, what) ;
  if (!s || *s) return s ;
  wrong(k, node, what, ": this is empty") ;
  return 0 ;
}

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
    char const *s = string1(k, item, what) ;
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
    wrong(k, node, what, ": ", problem, ": ", node->text) ;
    return ;
  }
  if (!w->n) wrong(k, node, what, ": there is no word in this command") ;
  else if (!w->s[0][0]) wrong(k, node, what, ": the first word of this command is empty") ;
  for (; i < w->n ; i++)
    if (strlen(w->s[i]) > WORD_MAX_LEN) wrong(k, node, what, ": a word is longer than 131000 bytes, which no argument of a program can hold") ;
}

static void command_list (struct maker_s *k, inityml_node const *node, char const *what, inityml_words *w)
{
  genalloc words = GENALLOC_ZERO ;  /* char const * */
  size_t i = 0 ;
  if (!node->n) wrong(k, node, what, ": there is no word in this command") ;
  for (; i < node->n ; i++)
  {
    char const *s = string(k, node->item[i], what) ;
    if (s && !i && !*s) wrong(k, node->item[i], what, ": the first word of this command is empty") ;
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
    case INITYML_BOOL : wrong(k, node, what, ": ", node->text, " is a boolean here; for a command of that name write \"", node->text, "\"") ; break ;
    case INITYML_NULL : wrong(k, node, what, ": a command is expected, not null") ; break ;
    default : wrong(k, node, what, ": a command is expected, a string or a list of words, not ", kind_of(node)) ; break ;
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
  fields(k, node, what, names, KEYS, v) ;
  if (v[COMMAND]) argv_of(k, v[COMMAND], what, &c->argv) ;
  else wrong(k, node, what, ": the key command is missing") ;
  if (v[INPUT]) c->input = text(k, v[INPUT], "input") ;
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
  char const *s = string1(k, node, what) ;
  if (!s || *s == '/') return s ;
  wrong(k, node, what, ": the path must be absolute: ", s) ;
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
  else if (!fields(k, node, "root", names, KEYS, v)) return ;
  if (v[MODE])
  {
    mode = choice(k, v[MODE], "root.mode", "unknown root.mode", modes, COUNT(modes)) ;
    if (mode >= 0) k->c->root.mode = (inityml_rootmode)mode ;
  }
  else if (node->kind == INITYML_MAP && mode_null(node)) k->c->root.mode = INITYML_ROOT_NONE ;
  if (v[PATH])
  {
    s = absolute(k, v[PATH], "root.path") ;
    if (s && is_top(s) && k->c->root.mode != INITYML_ROOT_NONE) wrong(k, v[PATH], "root.path: this is the present root, not a guest's") ;
    if (s) k->c->root.path = s ;
  }
  if (!v[OLD]) return ;
  s = absolute(k, v[OLD], "root.old") ;
  if (s && is_top(s)) wrong(k, v[OLD], "root.old: the old root cannot stay at /") ;
  if (k->c->root.mode != INITYML_ROOT_PIVOT)
    wrong(k, v[OLD], "root.old: the old root can stay only with mode pivot, not with mode ", modes[k->c->root.mode]) ;
  k->c->root.old = s ;
}

 /* id_map */

static char const blanks[] = " \t\n\r\f\v" ;

static int is_digits (char const *s)
{
  return *s && !s[strspn(s, "0123456789")] ;
}

static int number (struct maker_s *k, inityml_node const *node, char const *what, uint32_t max, uint32_t *n)
{
  uint64_t x ;
  if (node->kind != INITYML_STRING || !is_digits(node->text))
  {
    expected(k, node, what, "a decimal number, digits and nothing else,") ;
    return 0 ;
  }
  if (node->text[0] == '0' && node->text[1])
  {
    wrong(k, node, what, ": ", node->text, " is octal in YAML 1.1 and decimal in 1.2; write it without the 0 before it") ;
    return 0 ;
  }
  if (!lc_number_scan(node->text, max, &x))
  {
    wrong(k, node, what, ": ", node->text, " is too large for an id") ;
    return 0 ;
  }
  *n = (uint32_t)x ;
  return 1 ;
}

 /* The numbers of a map between blanks. */

static int numbers (struct maker_s *k, inityml_node const *node, uint32_t *n)
{
  char const *s = node->text + strspn(node->text, blanks) ;
  unsigned int i = 0 ;
  for (; *s ; i++)
  {
    size_t len = strcspn(s, blanks) ;
    char num[UINT32_FMT] ;
    uint64_t x ;
    if (i == 3 || len >= sizeof(num)) break ;
    memcpy(num, s, len) ;
    num[len] = 0 ;
    if (!lc_number_scan(num, i < 2 ? LC_ID_MAX : UINT32_MAX, &x)) break ;
    n[i] = (uint32_t)x ;
    s += len ;
    s += strspn(s, blanks) ;
  }
  if (!*s && i >= 2) return 1 ;
  wrong(k, node, "id_map: two or three ids are expected, inside, outside and count, not ", *node->text ? node->text : "an empty text") ;
  return 0 ;
}

static int extent (struct maker_s *k, inityml_node const *node, uint32_t *n)
{
  enum { INTERNAL, EXTERNAL, SIZE, KEYS } ;
  static char const *const names[KEYS] = { "internal", "external", "size" } ;
  inityml_node const *v[KEYS] = { 0, 0, 0 } ;
  size_t i = 0 ;
  int ok = 1 ;
  n[SIZE] = 1 ;
  if (node->kind == INITYML_STRING) return numbers(k, node, n) ;
  if (node->kind == INITYML_LIST)
  {
    if (node->n != 2 && node->n != 3)
    {
      wrong(k, node, "id_map: two or three ids are expected in a list, inside, outside and count") ;
      return 0 ;
    }
    for (; i < node->n ; i++) v[i] = node->item[i] ;
  }
  else if (!fields(k, node, "id_map", names, KEYS, v)) return 0 ;
  for (i = 0 ; i < KEYS ; i++)
  {
    if (v[i]) ok &= number(k, v[i], names[i], i == SIZE ? UINT32_MAX : LC_ID_MAX, n + i) ;
    else if (i != SIZE)
    {
      wrong(k, node, "id_map: the key ", names[i], " is missing") ;
      ok = 0 ;
    }
  }
  return ok ;
}

#define EXTENT_FMT (3 * UINT32_FMT)

static char const *extent_text (char *s, lc_idextent const *e)
{
  size_t n = uint32_fmt(s, e->inside) ;
  s[n++] = ' ' ;
  n += uint32_fmt(s + n, e->outside) ;
  s[n++] = ' ' ;
  n += uint32_fmt(s + n, e->count) ;
  s[n] = 0 ;
  return s ;
}

static int overlap (uint32_t a, uint32_t acount, uint32_t b, uint32_t bcount)
{
  return a < (uint64_t)b + bcount && b < (uint64_t)a + acount ;
}

 /* where holds the nodes of the extents. */

static void add_extent (struct maker_s *k, genalloc *map, genalloc *where, inityml_node const *node)
{
  uint32_t n[3] ;
  lc_idextent e ;
  size_t i = 0 ;
  if (!extent(k, node, n)) return ;
  e = (lc_idextent){ .inside = n[0], .outside = n[1], .count = n[2] } ;
  if (!e.count)
  {
    wrong(k, node, "id_map: a count of 0 maps nothing") ;
    return ;
  }
  if (e.count - 1 > LC_ID_MAX - e.inside || e.count - 1 > LC_ID_MAX - e.outside)
  {
    wrong(k, node, "id_map: this runs past the last id, 4294967294") ;
    return ;
  }
  for (; i < genalloc_len(lc_idextent, map) ; i++)
  {
    lc_idextent const *old = genalloc_s(lc_idextent, map) + i ;
    int inside = overlap(e.inside, e.count, old->inside, old->count) ;
    char fmt[SIZE_FMT], a[EXTENT_FMT], b[EXTENT_FMT] ;
    if (!inside && !overlap(e.outside, e.count, old->outside, old->count)) continue ;
    wrong(k, node, "id_map: ", extent_text(a, &e), " overlaps ", inside ? "inside" : "outside", " with ", extent_text(b, old),
      " of line ", line_of(fmt, genalloc_s(inityml_node const *, where)[i])) ;
    return ;
  }
  if (genalloc_len(lc_idextent, map) == LC_IDMAP_LINES)
  {
    wrong(k, node, "id_map: the kernel takes at most 340 lines, and this is one more") ;
    return ;
  }
  if (!genalloc_append(lc_idextent, map, &e) || !genalloc_append(inityml_node const *, where, &node)) dienomem() ;
}

 /* Whether a list is one map and not several: its items are single numbers. */

static int is_flat (inityml_node const *node)
{
  size_t i = 0 ;
  for (; i < node->n ; i++)
    if (node->item[i]->kind != INITYML_STRING || !node->item[i]->text[0] || node->item[i]->text[strcspn(node->item[i]->text, blanks)]) return 0 ;
  return node->n > 0 ;
}

static size_t text_len (genalloc const *map)
{
  char fmt[EXTENT_FMT] ;
  size_t len = 0 ;
  size_t i = 0 ;
  for (; i < genalloc_len(lc_idextent, map) ; i++) len += strlen(extent_text(fmt, genalloc_s(lc_idextent, map) + i)) + 1 ;
  return len ;
}

static void maps (struct maker_s *k, inityml_node const *node, char const *what, genalloc *map)
{
  genalloc where = GENALLOC_ZERO ;  /* inityml_node const * */
  size_t before = k->m->n ;
  int single = node->kind != INITYML_LIST || is_flat(node) ;
  int zero = 0 ;
  size_t n = single ? 1 : node->n ;
  size_t i = 0 ;
  if (node->kind == INITYML_BAD) return ;
  if (single && node->kind == INITYML_BOOL)
  {
    expected(k, node, what, "a map or a list of maps") ;
    return ;
  }
  for (; i < n ; i++) add_extent(k, map, &where, single ? node : node->item[i]) ;
  if (k->m->n > before) return ;
  for (i = 0 ; i < genalloc_len(lc_idextent, map) ; i++) zero |= !genalloc_s(lc_idextent, map)[i].inside ;
  if (!zero) wrong(k, node, what, ": inside id 0 is not mapped, which the guest's root needs") ;
  if (text_len(map) >= LC_IDMAP_PAGE) wrong(k, node, what, ": these maps are longer than the 4095 bytes that the kernel takes") ;
}

static void id_map (struct maker_s *k, inityml_node const *node)
{
  enum { USERS, GROUPS, KEYS } ;
  static char const *const names[KEYS] = { "users", "groups" } ;
  inityml_node const *v[KEYS] ;
  if (node->kind == INITYML_BOOL && !node->truth) return ;
  k->id_map = node ;
  if (node->kind == INITYML_BOOL)
  {
    expected(k, node, "id_map", "false, or a mapping of users and groups,") ;
    return ;
  }
  if (!fields(k, node, "id_map", names, KEYS, v)) return ;
  if (!v[USERS] && !v[GROUPS]) wrong(k, node, "id_map: neither users nor groups are mapped (id_map: false is none)") ;
  if (v[USERS]) maps(k, v[USERS], "id_map.users", &k->c->users) ;
  if (v[GROUPS]) maps(k, v[GROUPS], "id_map.groups", &k->c->groups) ;
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
    expected(k, node, "initctl", "true, false or the name of an init") ;
    return ;
  }
  i = choice(k, node, "initctl", "unknown init", names, COUNT(names)) ;
  if (i >= 0) k->c->initctl = names[i] ;
}

static char const *check_regex (struct maker_s *k, inityml_node const *node, char const *s)
{
  regex_t re ;
  char why[128] ;
  int r ;
  if (strlen(s) > REGEX_MAX_LEN)
  {
    wrong(k, node, "devices.rexclude: a regular expression of more than 4096 bytes") ;
    return 0 ;
  }
  r = regcomp(&re, s, REG_EXTENDED | REG_NOSUB) ;
  if (!r)
  {
    regfree(&re) ;
    return s ;
  }
  regerror(r, &re, why, sizeof(why)) ;
  wrong(k, node, "devices.rexclude: invalid regular expression ", s, ": ", why) ;
  return 0 ;
}

static void devices (struct maker_s *k, inityml_node const *node)
{
  enum { EXCLUDE, REXCLUDE, KEYS } ;
  static char const *const names[KEYS] = { "exclude", "rexclude" } ;
  inityml_node const *v[KEYS] ;
  if (!fields(k, node, "devices", names, KEYS, v)) return ;
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
      if (!strcmp(node->text, modes[i])) wrong(k, node, "setup: ", node->text, " is a command here; for the mode write {mode: ", node->text, "}") ;
    k->no_setup = node ;
    k->c->engine = INITYML_ENGINE_NONE ;
    commands(k, node, "setup", &k->c->setup_before) ;
    return ;
  }
  fields(k, node, "setup", names, KEYS, v) ;
  if (v[MODE])
  {
    int i = choice(k, v[MODE], "setup.mode", "unknown setup.mode", modes, COUNT(modes)) ;
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
  if (c.input) wrong(k, node, "exec.command: the guest's init takes no input") ;
  k->c->command = c.argv ;
}

static void exec_ (struct maker_s *k, inityml_node const *node)
{
  enum { BEFORE, COMMAND, KEYS } ;
  static char const *const names[KEYS] = { "before", "command" } ;
  inityml_node const *v[KEYS] = { 0, node } ;
  if (node->kind == INITYML_MAP) fields(k, node, "exec", names, KEYS, v) ;
  if (v[BEFORE]) commands(k, v[BEFORE], "exec.before", &k->c->exec_before) ;
  if (v[COMMAND]) exec_command(k, v[COMMAND]) ;
}

 /* hostname, memory, mounts */

static void hostname (struct maker_s *k, inityml_node const *node)
{
  char const *s = string1(k, node, "hostname") ;
  size_t i = 0 ;
  if (!s) return ;
  k->hostname = node ;
  k->c->hostname = s ;
  for (; s[i] ; i++) if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f) break ;
  if (s[i]) wrong(k, node, "hostname: a blank or a control character is in this name: ", s) ;
  if (strlen(s) > HOSTNAME_MAX_LEN) wrong(k, node, "hostname: this name is longer than 64 bytes") ;
}

static int is_size (char const *s)
{
  static char const units[] = "kKmMgGtT" ;
  size_t len = strlen(s) ;
  char const *unit = len ? strchr(units, s[len - 1]) : 0 ;
  unsigned int shift = unit ? 10 * (1 + (unsigned int)(unit - units) / 2) : 0 ;
  char num[UINT64_FMT] ;
  uint64_t n ;
  if (unit) len-- ;
  if (len >= sizeof(num)) return 0 ;
  memcpy(num, s, len) ;
  num[len] = 0 ;
  return lc_number_scan(num, INT64_MAX >> shift, &n) && n ;
}

static void memory (struct maker_s *k, inityml_node const *node)
{
  char const *s = string1(k, node, "memory") ;
  if (!s) return ;
  k->memory = node ;
  k->c->memory = s ;
  if (!is_size(s)) wrong(k, node, "memory: a number of bytes is expected, more than 0, perhaps with k, M, G or T behind it, not ", s) ;
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
    wrong(k, node, "mounts: this is more than one line: make a list of them") ;
    return 0 ;
  }
  line = rest = keep(s, len) ;
  if (s[strspn(s, " \t")] == '#') problem = "this is a comment, not a mount" ;
  else if (!lc_fstab_next(&rest, &l) || l.n < 4 || l.n > 6) problem = "a line of an fstab is expected: source, target, type, options, and perhaps two numbers" ;
  else if (*l.target != '/') problem = "the target must be an absolute path in the guest's root" ;
  else if (!strcmp(l.type, "swap")) problem = "swap is nothing that a guest can mount" ;
  else if ((l.n > 4 && !is_digits(l.freq)) || (l.n > 5 && !is_digits(l.passno))) problem = "the fifth and sixth fields must be numbers" ;
  else if (lc_fstab_is_tag(l.source)) problem = "the source is a tag (UUID=, LABEL= ...), which is not looked up: name the device" ;
  else problem = lc_mountopts_scan(&o, l.options) ;
  stralloc_free(&o.data) ;
  alloc_free(line) ;
  if (!problem) return keep(s, len) ;
  wrong(k, node, "mounts: ", problem) ;
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
  if (node->kind == INITYML_MAP) fields(k, node, "network", names, KEYS, v) ;
  if (v[MODE])
  {
    int i = choice(k, v[MODE], "network", "unknown network", modes, COUNT(modes)) ;
    k->network = v[MODE] ;
    if (i >= 0) k->c->network = networks[i] ;
  }
  if (!v[KEEP_ADDRESSES]) return ;
  if (v[KEEP_ADDRESSES]->kind != INITYML_BOOL)
  {
    expected(k, v[KEEP_ADDRESSES], "network.keep_addresses", "true or false") ;
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
    int j = choice(k, item, "namespaces", "unknown namespace", names, NAMESPACES) ;
    char fmt[SIZE_FMT] ;
    if (j < 0) continue ;
    if (seen[j]) wrong(k, item, "namespaces: ", names[j], " is named twice, first on line ", line_of(fmt, seen[j])) ;
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
  wrong(k, node, what, " without a setup: line ", line_of(fmt, k->no_setup),
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
    wrong(k, k->network, "network: the present one cannot be kept, as namespaces (line ", line_of(fmt, k->ns_net), ") has net") ;
  else if (c->network != INITYML_NETWORK_KEEP && k->namespaces && !k->ns_net)
    wrong(k, k->network, "network: this needs a network namespace, but namespaces (line ", line_of(fmt, k->namespaces), ") has no net") ;

  if (k->ns_user && !k->id_map) wrong(k, k->ns_user, "namespaces: a user namespace is made by id_map, which is not there") ;
  if (c->network != INITYML_NETWORK_MOVE && c->network != INITYML_NETWORK_TAKE)
  {
    if (k->keep_addresses) wrong(k, k->keep_addresses, "network.keep_addresses: this is for interfaces that are moved (mode: move)") ;
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
  if (node->kind == INITYML_NULL || !fields(k, node, "the configuration", names, KEYS, v)) return ;
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
