/* ISC license. */

#include <skalibs/nonposix.h>

#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/env.h>
#include <skalibs/genalloc.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <execline/execline.h>

#include <lcboot/block.h>
#include <lcboot/exec.h>

#define USAGE "lc-getopt usage { description... } { command... } args..."
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

 /* A description: an option or the operands, the variable that it sets, and the two
    words that follow, each null if it is not there or empty. */

struct item_s
{
  char const *name ;       /* with its dashes; "" for operands */
  char const *key ;
  char const *first ;      /* what a flag is when given, what stands before each value or operand */
  char const *second ;     /* what it is when not given */
  unsigned int takes : 1 ; /* a value */
} ;

 /* What was found among the arguments */

struct found_s
{
  unsigned int item ;
  char const *value ;      /* null for a flag */
} ;

static char *copy (char const *s)
{
  stralloc sa = STRALLOC_ZERO ;
  if (!stralloc_cats(&sa, s) || !stralloc_0(&sa)) dienomem() ;
  return sa.s ;
}

static char const *word_or_null (char *s)
{
  return s && *s ? s : 0 ;
}

static struct item_s describe (char const *description, int *ordered)
{
  struct item_s t = { .takes = 0 } ;
  char *s = copy(description) ;
  char *first = strchr(s, ':') ;
  char *second = 0 ;
  char *equals ;
  if (first) *first++ = 0 ;
  if (first) second = strchr(first, ':') ;
  if (second) *second++ = 0 ;
  t.first = word_or_null(first) ;
  t.second = word_or_null(second) ;
  equals = *s == '-' ? strchr(s, '=') : 0 ;
  if (equals)
  {
    *equals++ = 0 ;
    t.takes = 1 ;
  }
  if (*s == '-')
  {
    t.name = s ;
    t.key = equals ? equals : s + strspn(s, "-") ;
  }
  else
  {
    t.name = "" ;
    *ordered = *s == '+' ;
    t.key = s + *ordered ;
  }
  if (!*t.key || (*s == '-' && strlen(s) < 2)) strerr_dief(100, "invalid description: ", description) ;
  return t ;
}

static unsigned int lookup (struct item_s const *item, unsigned int n, char const *name, size_t len)
{
  unsigned int i = 0 ;
  for (; i < n ; i++) if (!strncmp(item[i].name, name, len) && !item[i].name[len]) return i ;
  return n ;
}

static void die_unknown (char const *what, char const *option, char const *usage)
{
  strerr_dief(100, what, option, "; usage: ", usage) ;
}

 /* Takes the option at argv[i] apart. Returns how many arguments it has used up. */

static int take (struct item_s const *item, unsigned int n, char const *const *argv, genalloc *found, char const *usage)
{
  struct found_s f = { .value = 0 } ;
  char const *s = argv[0] ;
  int is_long = s[1] == '-' ;
  for (;;)
  {
    char const short_name[3] = { '-', s[1], 0 } ;
    size_t len = is_long ? strcspn(s, "=") : 2 ;
    f.item = lookup(item, n, is_long ? s : short_name, len) ;
    if (f.item == n) die_unknown("unknown option: ", is_long ? s : short_name, usage) ;
    if (item[f.item].takes) f.value = s[len] ? s + len + is_long : argv[1] ;
    else if (is_long && s[len]) die_unknown("no value is taken by ", item[f.item].name, usage) ;
    if (item[f.item].takes && !f.value) die_unknown("a value is missing after ", item[f.item].name, usage) ;
    if (!genalloc_append(struct found_s, found, &f)) dienomem() ;
    if (is_long || item[f.item].takes || !s[2]) return f.value && f.value == argv[1] ? 2 : 1 ;
    s++ ;
  }
}

static void help (char const *usage)
{
  stralloc sa = STRALLOC_ZERO ;
  if (!stralloc_cats(&sa, "usage: ") || !stralloc_cats(&sa, usage) || !stralloc_catb(&sa, "\n", 1)) dienomem() ;
  if (allwrite(1, sa.s, sa.len) < sa.len) strerr_diefusys(111, "write") ;
  _exit(0) ;
}

 /* What asks for help, if it is no option with another meaning */

static int is_help (struct item_s const *item, unsigned int n, char const *s)
{
  return (!strcmp(s, "--help") || !strcmp(s, "-h")) && lookup(item, n, s, strlen(s)) == n ;
}

static void parse (struct item_s const *item, unsigned int n, int ordered, char const *const *argv, genalloc *found, char const *usage)
{
  unsigned int operands = lookup(item, n, "", 0) ;
  int options = 1 ;
  while (*argv)
  {
    if (options && !strcmp(*argv, "--"))
    {
      options = 0 ;
      argv++ ;
    }
    else if (options && is_help(item, n, *argv)) help(usage) ;
    else if (options && argv[0][0] == '-' && argv[0][1]) argv += take(item, n, argv, found, usage) ;
    else
    {
      struct found_s const f = { .item = operands, .value = *argv++ } ;
      if (operands == n) die_unknown("too many arguments: ", f.value, usage) ;
      if (!genalloc_append(struct found_s, found, &f)) dienomem() ;
      if (ordered) options = 0 ;
    }
  }
}

 /* The words of the variable of one item, as el_substitute wants them */

static void add_word (stralloc *values, elsubst_t *subst, char const *s)
{
  if (!stralloc_catb(values, s, strlen(s) + 1)) dienomem() ;
  subst->n++ ;
}

static elsubst_t words_of (struct item_s const *t, unsigned int i, genalloc const *found, stralloc *vars, stralloc *values)
{
  struct found_s const *f = genalloc_s(struct found_s, found) ;
  size_t len = genalloc_len(struct found_s, found) ;
  size_t k = 0 ;
  char const *last = 0 ;
  int given = 0 ;
  elsubst_t subst = { .var = vars->len, .value = values->len, .n = 0 } ;
  if (!stralloc_catb(vars, t->key, strlen(t->key) + 1)) dienomem() ;
  for (; k < len ; k++) if (f[k].item == i)
  {
    given = 1 ;
    last = f[k].value ;
    if (!last || t->second) continue ;
    if (t->first) add_word(values, &subst, t->first) ;
    add_word(values, &subst, last) ;
  }
  if (t->second && (!given || last))
  {
    if (t->first && (t->takes || !*t->name)) add_word(values, &subst, t->first) ;
    add_word(values, &subst, given ? last : t->second) ;
  }
  else if (given && !last && t->first) add_word(values, &subst, t->first) ;
  return subst ;
}

static void substitute_and_exec (char const *const *command, stralloc const *vars, stralloc const *values, elsubst_t const *subst, unsigned int n)
{
  stralloc src = STRALLOC_ZERO, dst = STRALLOC_ZERO ;
  int r ;
  for (; *command ; command++) if (!stralloc_catb(&src, *command, strlen(*command) + 1)) dienomem() ;
  r = el_substitute(&dst, src.s, src.len, vars->s, values->s, subst, n) ;
  if (r == -1) dienomem() ;
  if (!r) strerr_dief(100, "the command is empty") ;
  {
    char const *argv[r + 1] ;
    env_make(argv, (size_t)r, dst.s, dst.len) ;
    argv[r] = 0 ;
    lc_exec(argv) ;
  }
}

int main (int argc, char const **argv)
{
  char const *const *description ;
  char const *const *command ;
  char const *usage ;
  int ordered = 0 ;
  int i = 1 ;
  PROG = "lc-getopt" ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    if (subgetopt_r(argc, argv, "", &l) != -1) dieusage() ;
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc < 1) dieusage() ;
  usage = argv[0] ;
  description = lc_block(argc, argv, &i, "the usage") ;
  command = lc_block(argc, argv, &i, "the description") ;
  argv += i ;
  {
    unsigned int n = (unsigned int)env_len(description) ;
    unsigned int k = 0 ;
    struct item_s item[n + 1] ;
    elsubst_t subst[n + 1] ;
    genalloc found = GENALLOC_ZERO ;
    stralloc vars = STRALLOC_ZERO, values = STRALLOC_ZERO ;
    char *name = copy(usage) ;
    for (; k < n ; k++) item[k] = describe(description[k], &ordered) ;
    name[strcspn(name, " ")] = 0 ;
    PROG = name ;
    parse(item, n, ordered, argv, &found, usage) ;
    if (!stralloc_0(&values)) dienomem() ;
    for (k = 0 ; k < n ; k++) subst[k] = words_of(item + k, k, &found, &vars, &values) ;
    substitute_and_exec(command, &vars, &values, subst, n) ;
  }
}
