/* ISC license. */

#include <string.h>

#include <yaml.h>

#include <skalibs/alloc.h>
#include <skalibs/genalloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <inityml/mistakes.h>
#include <inityml/yaml.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

struct anchor_s
{
  char const *name ;
  inityml_node const *node ;
} ;

struct reader_s
{
  yaml_parser_t parser ;
  char const *s ;
  size_t len ;
  genalloc anchors ;  /* struct anchor_s */
  size_t nodes ;
  size_t bytes ;      /* of text */
  int stop ;          /* it makes no sense to go on */
  inityml_mistakes *m ;
} ;

#define wrong(r, node, ...) inityml_mistake((r)->m, (node)->line, (node)->column, __VA_ARGS__)

 /* Where the byte at the offset is, for what libyaml could not even decode. */

static void locate (char const *s, size_t offset, size_t *line, size_t *column)
{
  unsigned char const *p = (unsigned char const *)s ;
  unsigned int width = 1 ;
  unsigned int low = 0 ;  /* of the two bytes of UTF-16 */
  size_t i = 0 ;
  int cr = 0 ;
  *line = 1 ;
  *column = 1 ;
  if (offset >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
  {
    width = 2 ;
    low = p[0] == 0xfe ;
    i = 2 ;
  }
  else if (offset >= 3 && !memcmp(s, "\xef\xbb\xbf", 3)) i = 3 ;
  for (; i + width <= offset ; i += width)
  {
    unsigned int c = width == 1 ? p[i] : p[i + low] | (unsigned int)p[i + !low] << 8 ;
    if (c == '\n' || c == '\r')
    {
      if (c == '\r' || !cr) (*line)++ ;
      *column = 1 ;
    }
    else if (width == 1 ? (c & 0xc0) != 0x80 : (c & 0xfc00) != 0xdc00) (*column)++ ;
    cr = c == '\r' ;
  }
}

static void no_yaml (struct reader_s *r)
{
  yaml_parser_t const *p = &r->parser ;
  char fmt[SIZE_FMT] ;
  size_t line = p->problem_mark.line + 1 ;
  size_t column = p->problem_mark.column + 1 ;
  int elsewhere = p->context && p->context_mark.line != p->problem_mark.line ;
  if (p->error == YAML_MEMORY_ERROR) dienomem() ;
  if (p->error == YAML_READER_ERROR) locate(r->s, p->problem_offset < r->len ? p->problem_offset : r->len, &line, &column) ;
  fmt[size_fmt(fmt, p->context_mark.line + 1)] = 0 ;
  inityml_mistake(r->m, line, column, p->problem ? p->problem : "this is not YAML",
    p->context ? " " : "", p->context ? p->context : "",
    elsewhere ? " that begins on line " : "", elsewhere ? fmt : "") ;
  r->stop = 1 ;
}

static int next (struct reader_s *r, yaml_event_t *e)
{
  if (r->stop) return 0 ;
  if (yaml_parser_parse(&r->parser, e)) return 1 ;
  no_yaml(r) ;
  return 0 ;
}

static inityml_node *node_new (struct reader_s *r, yaml_event_t const *e)
{
  inityml_node *node = (inityml_node *)alloc(sizeof(inityml_node)) ;
  if (!node) dienomem() ;
  memset(node, 0, sizeof(*node)) ;
  node->line = e->start_mark.line + 1 ;
  node->column = e->start_mark.column + 1 ;
  r->nodes++ ;
  return node ;
}

 /* At each node, and at each alias for what it stands for */

static void check_nodes (struct reader_s *r, size_t line, size_t column)
{
  if (r->stop || (r->nodes <= INITYML_YAML_NODES && r->bytes <= INITYML_YAML_BYTES)) return ;
  inityml_mistake(r->m, line, column, r->nodes > INITYML_YAML_NODES ? "more than 1000000 nodes, with those that aliases stand for" :
    "more than 16 MiB of text, with that which aliases stand for") ;
  r->stop = 1 ;
}

static void too_many (struct reader_s *r, inityml_node const *node, char const *what)
{
  wrong(r, node, what) ;
  r->stop = 1 ;
}

 /* Anchors and aliases */

static struct anchor_s const *find_anchor (struct reader_s const *r, char const *name)
{
  struct anchor_s const *p = genalloc_s(struct anchor_s, &r->anchors) ;
  size_t n = genalloc_len(struct anchor_s, &r->anchors) ;
  while (n--) if (!strcmp(p[n].name, name)) return p + n ;
  return 0 ;
}

static void add_anchor (struct reader_s *r, yaml_char_t const *name, inityml_node const *node)
{
  struct anchor_s const *old ;
  struct anchor_s new = { .node = node } ;
  size_t len ;
  char *copy ;
  if (!name) return ;
  old = find_anchor(r, (char const *)name) ;
  if (old)
  {
    char fmt[SIZE_FMT] ;
    fmt[size_fmt(fmt, old->node->line)] = 0 ;
    wrong(r, node, "the anchor &", (char const *)name, " is there already, on line ", fmt) ;
    return ;
  }
  if (genalloc_len(struct anchor_s, &r->anchors) == INITYML_YAML_ANCHORS)
  {
    too_many(r, node, "more than 100 anchors") ;
    return ;
  }
  len = strlen((char const *)name) + 1 ;
  copy = alloc(len) ;
  if (!copy) dienomem() ;
  memcpy(copy, name, len) ;
  new.name = copy ;
  if (!genalloc_append(struct anchor_s, &r->anchors, &new)) dienomem() ;
}

static inityml_node const *from_alias (struct reader_s *r, yaml_event_t const *e)
{
  char const *name = (char const *)e->data.alias.anchor ;
  struct anchor_s const *a = find_anchor(r, name) ;
  inityml_node *bad ;
  if (a && a->node->size)
  {
    r->nodes += a->node->size ;
    r->bytes += a->node->bytes ;
    check_nodes(r, e->start_mark.line + 1, e->start_mark.column + 1) ;
    return a->node ;
  }
  bad = node_new(r, e) ;
  bad->size = 1 ;
  if (a) wrong(r, bad, "the alias *", name, " is inside of what it stands for") ;
  else wrong(r, bad, "the alias *", name, " has no anchor &", name, " before it") ;
  return bad ;
}

 /* Scalars */

static int is_one_of (char const *s, char const *const *list, size_t n)
{
  size_t i = 0 ;
  for (; i < n ; i++) if (!strcmp(s, list[i])) return 1 ;
  return 0 ;
}

static int is_null (char const *s)
{
  static char const *const nulls[5] = { "", "~", "null", "Null", "NULL" } ;
  return is_one_of(s, nulls, 5) ;
}

static int is_true (char const *s)
{
  static char const *const names[9] = { "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON" } ;
  return is_one_of(s, names, 9) ;
}

static int is_false (char const *s)
{
  static char const *const names[9] = { "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF" } ;
  return is_one_of(s, names, 9) ;
}

 /* Whether it can be a number at all: this is only for !!int and !!float. */

static int is_number (char const *s)
{
  if (*s == '-' || *s == '+') s++ ;
  return (*s >= '0' && *s <= '9') || *s == '.' ;
}

static inityml_kind implicit_kind (char const *s)
{
  return is_null(s) ? INITYML_NULL : is_true(s) || is_false(s) ? INITYML_BOOL : INITYML_STRING ;
}

static char const *core_name (char const *tag)
{
  static char const core[] = "tag:yaml.org,2002:" ;
  return strncmp(tag, core, sizeof(core) - 1) ? "" : tag + sizeof(core) - 1 ;
}

static void refuse_tag (struct reader_s *r, inityml_node *node, char const *tag)
{
  char const *core = core_name(tag) ;
  wrong(r, node, "the tag ", *core ? "!!" : "", *core ? core : tag, " cannot be used here") ;
  node->kind = INITYML_BAD ;
}

static void tagged_kind (struct reader_s *r, inityml_node *node, char const *tag)
{
  char const *core = core_name(tag) ;
  inityml_kind kind = implicit_kind(node->text) ;
  int fits ;
  node->kind = INITYML_STRING ;
  if (!strcmp(tag, "!") || !strcmp(core, "str")) return ;
  if (!strcmp(core, "null")) fits = kind == INITYML_NULL ;
  else if (!strcmp(core, "bool")) fits = kind == INITYML_BOOL ;
  else if (!strcmp(core, "int") || !strcmp(core, "float"))
  {
    fits = is_number(node->text) ;
    kind = INITYML_STRING ;
  }
  else
  {
    refuse_tag(r, node, tag) ;
    return ;
  }
  if (!fits) wrong(r, node, node->text, " does not fit its tag, !!", core) ;
  node->kind = fits ? kind : INITYML_BAD ;
}

static inityml_node const *from_scalar (struct reader_s *r, yaml_event_t const *e)
{
  inityml_node *node = node_new(r, e) ;
  char const *tag = (char const *)e->data.scalar.tag ;
  size_t len = e->data.scalar.length ;
  char *copy = alloc(len + 1) ;
  if (!copy) dienomem() ;
  memcpy(copy, e->data.scalar.value, len) ;
  copy[len] = 0 ;
  node->text = copy ;
  node->size = 1 ;
  node->bytes = len ;
  r->bytes += len ;
  add_anchor(r, e->data.scalar.anchor, node) ;
  if (strlen(copy) != len)
  {
    wrong(r, node, "a zero byte (\\0) is in this text: no argument, name or file of a boot can hold one") ;
    node->kind = INITYML_BAD ;
  }
  else if (tag) tagged_kind(r, node, tag) ;
  else node->kind = e->data.scalar.plain_implicit ? implicit_kind(copy) : INITYML_STRING ;
  if (node->kind == INITYML_BOOL) node->truth = is_true(copy) ;
  return node ;
}

 /* Lists and mappings */

static inityml_node const *from_event (struct reader_s *, yaml_event_t const *, unsigned int) ;

static void append (genalloc *items, inityml_node const *node)
{
  if (!genalloc_append(inityml_node const *, items, &node)) dienomem() ;
}

 /* The next node, or null at the end. */

static inityml_node const *next_node (struct reader_s *r, unsigned int depth)
{
  inityml_node const *node = 0 ;
  yaml_event_t e ;
  if (!next(r, &e)) return 0 ;
  if (e.type != YAML_SEQUENCE_END_EVENT && e.type != YAML_MAPPING_END_EVENT) node = from_event(r, &e, depth) ;
  yaml_event_delete(&e) ;
  return node ;
}

static void close_node (inityml_node *node, genalloc const *items, size_t size, size_t bytes)
{
  node->item = genalloc_s(inityml_node const *, items) ;
  node->n = genalloc_len(inityml_node const *, items) ;
  node->size = size ;
  node->bytes = bytes ;
}

static inityml_node const *from_list (struct reader_s *r, yaml_event_t const *e, unsigned int depth)
{
  inityml_node *node = node_new(r, e) ;
  genalloc items = GENALLOC_ZERO ;  /* inityml_node const * */
  char const *tag = (char const *)e->data.sequence_start.tag ;
  size_t size = 1 ;
  size_t bytes = 0 ;
  inityml_node const *item ;
  add_anchor(r, e->data.sequence_start.anchor, node) ;
  node->kind = INITYML_LIST ;
  while ((item = next_node(r, depth + 1)))
  {
    size += item->size ;
    bytes += item->bytes ;
    append(&items, item) ;
  }
  close_node(node, &items, size, bytes) ;
  if (tag && strcmp(tag, "!") && strcmp(core_name(tag), "seq")) refuse_tag(r, node, tag) ;
  return node ;
}

static inityml_node const *find_key (genalloc const *items, char const *key)
{
  inityml_node const *const *p = genalloc_s(inityml_node const *, items) ;
  size_t n = genalloc_len(inityml_node const *, items) ;
  size_t i = 0 ;
  for (; i < n ; i += 2) if (!strcmp(p[i]->text, key)) return p[i] ;
  return 0 ;
}

static void add_pair (struct reader_s *r, genalloc *items, inityml_node const *key, inityml_node const *value)
{
  if (genalloc_len(inityml_node const *, items) == 2 * INITYML_YAML_KEYS)
  {
    too_many(r, key, "more than 100 keys in one mapping") ;
    return ;
  }
  append(items, key) ;
  append(items, value) ;
}

static int is_merge (inityml_node const *key, yaml_event_t const *e)
{
  return key->kind == INITYML_STRING && !strcmp(key->text, "<<")
    && e->type == YAML_SCALAR_EVENT && e->data.scalar.plain_implicit ;
}

 /* What a mapping has itself comes before what is merged into it, and of several
    mappings the first one before the others. */

static void merge_one (struct reader_s *r, genalloc *items, inityml_node const *from)
{
  size_t i = 0 ;
  if (from->kind == INITYML_BAD) return ;
  if (from->kind != INITYML_MAP)
  {
    wrong(r, from, "only a mapping can be merged (<<), or a list of mappings") ;
    return ;
  }
  for (; i < from->n && !r->stop ; i += 2) if (!find_key(items, from->item[i]->text))
    add_pair(r, items, from->item[i], from->item[i + 1]) ;
}

static void merge (struct reader_s *r, genalloc *items, inityml_node const *from)
{
  size_t i = 0 ;
  if (from->kind != INITYML_LIST) merge_one(r, items, from) ;
  else for (; i < from->n && !r->stop ; i++) merge_one(r, items, from->item[i]) ;
}

static int is_key (struct reader_s *r, inityml_node const *key, inityml_node const *old)
{
  char fmt[SIZE_FMT] ;
  if (key->kind == INITYML_BAD) return 0 ;
  if (key->kind == INITYML_LIST || key->kind == INITYML_MAP)
  {
    wrong(r, key, "a key must be a word, not a ", key->kind == INITYML_LIST ? "list" : "mapping") ;
    return 0 ;
  }
  if (!old) return 1 ;
  fmt[size_fmt(fmt, old->line)] = 0 ;
  wrong(r, key, "duplicate key: ", key->text, " (first on line ", fmt, ")") ;
  return 0 ;
}

static inityml_node const *from_map (struct reader_s *r, yaml_event_t const *start, unsigned int depth)
{
  inityml_node *node = node_new(r, start) ;
  genalloc items = GENALLOC_ZERO ;  /* inityml_node const * */
  char const *tag = (char const *)start->data.mapping_start.tag ;
  inityml_node const *merged_key = 0 ;
  inityml_node const *merged = 0 ;
  size_t size = 1 ;
  size_t bytes = 0 ;
  yaml_event_t e ;
  add_anchor(r, start->data.mapping_start.anchor, node) ;
  node->kind = INITYML_MAP ;
  while (next(r, &e))
  {
    int end = e.type == YAML_MAPPING_END_EVENT ;
    inityml_node const *key = end ? 0 : from_event(r, &e, depth + 1) ;
    int merging = key && is_merge(key, &e) ;
    inityml_node const *value ;
    yaml_event_delete(&e) ;
    if (end) break ;
    value = key ? next_node(r, depth + 1) : 0 ;
    if (!value) break ;
    size += key->size + value->size ;
    bytes += key->bytes + value->bytes ;
    if (merging)
    {
      if (!is_key(r, key, merged_key)) continue ;
      merged_key = key ;
      merged = value ;
    }
    else if (is_key(r, key, key->text ? find_key(&items, key->text) : 0)) add_pair(r, &items, key, value) ;
  }
  if (merged && !r->stop) merge(r, &items, merged) ;
  close_node(node, &items, size, bytes) ;
  if (tag && strcmp(tag, "!") && strcmp(core_name(tag), "map")) refuse_tag(r, node, tag) ;
  return node ;
}

static inityml_node const *from_event (struct reader_s *r, yaml_event_t const *e, unsigned int depth)
{
  inityml_node const *node ;
  if (depth > INITYML_YAML_DEPTH)
  {
    inityml_mistake(r->m, e->start_mark.line + 1, e->start_mark.column + 1, "more than 64 lists and mappings within each other") ;
    r->stop = 1 ;
    return 0 ;
  }
  switch (e->type)
  {
    case YAML_ALIAS_EVENT : return from_alias(r, e) ;
    case YAML_SEQUENCE_START_EVENT : node = from_list(r, e, depth) ; break ;
    case YAML_MAPPING_START_EVENT : node = from_map(r, e, depth) ; break ;
    default : node = from_scalar(r, e) ; break ;
  }
  check_nodes(r, node->line, node->column) ;
  return node ;
}

 /* The first document; there must be no second. */

static inityml_node const *from_stream (struct reader_s *r)
{
  inityml_node const *root = 0 ;
  unsigned int documents = 0 ;
  yaml_event_t e ;
  int end = 0 ;
  while (!end && next(r, &e))
  {
    switch (e.type)
    {
      case YAML_STREAM_START_EVENT :
      case YAML_DOCUMENT_END_EVENT : break ;
      case YAML_STREAM_END_EVENT : end = 1 ; break ;
      case YAML_DOCUMENT_START_EVENT :
        if (!documents++) break ;
        inityml_mistake(r->m, e.start_mark.line + 1, e.start_mark.column + 1, "a second document begins here: a configuration is one") ;
        end = 1 ;
        break ;
      default : root = from_event(r, &e, 0) ; break ;
    }
    yaml_event_delete(&e) ;
  }
  return root ;
}

inityml_node const *inityml_yaml_read (char const *s, size_t len, inityml_mistakes *m)
{
  static inityml_node const none = { .kind = INITYML_NULL, .line = 1, .column = 1, .text = "", .size = 1 } ;
  struct reader_s r = { .s = s, .len = len, .m = m } ;
  inityml_node const *root ;
  if (!yaml_parser_initialize(&r.parser)) dienomem() ;
  yaml_parser_set_input_string(&r.parser, (unsigned char const *)s, len) ;
  root = from_stream(&r) ;
  yaml_parser_delete(&r.parser) ;
  if (r.stop) return 0 ;
  return root ? root : &none ;
}
