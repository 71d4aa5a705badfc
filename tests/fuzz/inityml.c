/* ISC license. */

/*
   libFuzzer's target: bytes -> a configuration -> a script -> what execline makes
   of it. Beside what the sanitizers find, these must hold: nothing dies, a
   configuration without a mistake has what config.h promises, its script is one
   that execline takes, and it ends in the command as it was configured.
*/

#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/allocator_interface.h>

#include <skalibs/env.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <execline/execline.h>

#include <lcboot/idmap.h>
#include <lcboot/mountopts.h>

#include <inityml/config.h>
#include <inityml/script.h>

extern int LLVMFuzzerTestOneInput (uint8_t const *, size_t) ;
extern int LLVMFuzzerInitialize (int *, char ***) ;
extern void __wrap__exit (int) ;
extern int __wrap_regcomp (regex_t *, char const *, int) ;
extern int __real_regcomp (regex_t *, char const *, int) ;

static void must (int holds, char const *what)
{
  if (holds) return ;
  fprintf(stderr, "does not hold: %s\n", what) ;
  abort() ;
}

 /* Every way to die ends in _exit: none may be taken. */

void __wrap__exit (int e)
{
  (void)e ;
  must(0, "it does not die") ;
}

 /* libc takes unbounded time and memory for repetitions within repetitions, which
    is not what is looked for here. */

int __wrap_regcomp (regex_t *re, char const *s, int flags)
{
  unsigned int n = 0 ;
  char const *p = s ;
  for (; *p ; p++) n += !!strchr("+*?{", *p) ;
  return n > 6 ? REG_ESPACE : __real_regcomp(re, s, flags) ;
}

 /* What is allocated in a run and never freed, as a program need not that is about
    to exec, is freed after it. */

#define SLOTS (1U << 20)

static void const *slots[SLOTS] ;
static unsigned int used[SLOTS / 2] ;
static unsigned int nused = 0 ;
static int running = 0 ;

static unsigned int hash (void const *p)
{
  return (unsigned int)(((uintptr_t)p >> 4) * 2654435761U) % SLOTS ;
}

static void allocated (void const volatile *v, size_t size)
{
  void const *p = (void const *)v ;
  unsigned int i = hash(p) ;
  (void)size ;
  if (!running || nused == SLOTS / 2) return ;
  while (slots[i]) i = (i + 1) % SLOTS ;
  slots[i] = p ;
  used[nused++] = i ;
}

static void freed (void const volatile *v)
{
  void const *p = (void const *)v ;
  unsigned int i = hash(p) ;
  if (!running || !p) return ;
  while (slots[i] && slots[i] != p) i = (i + 1) % SLOTS ;
  if (slots[i]) slots[i] = slots ;  /* a mark that others may be behind it */
}

static void free_all (void)
{
  running = 0 ;
  while (nused--)
  {
    void const *p = slots[used[nused]] ;
    slots[used[nused]] = 0 ;
    if (p && p != slots) free((void *)(uintptr_t)p) ;
  }
  nused = 0 ;
}

int LLVMFuzzerInitialize (int *argc, char ***argv)
{
  lc_mountopts o = LC_MOUNTOPTS_ZERO ;
  static char option[65536] ;
  (void)argc ;
  (void)argv ;
   /* its message is static, and stays: it must not have to grow in a run */
  memset(option, '=', sizeof(option) - 1) ;
  must(!!lc_mountopts_scan(&o, option), "this is no option") ;
  must(__sanitizer_install_malloc_and_free_hooks(&allocated, &freed), "the hooks are there") ;
  return 0 ;
}

static void check_map (genalloc const *m)
{
  lc_idextent const *e = genalloc_s(lc_idextent, m) ;
  size_t n = genalloc_len(lc_idextent, m) ;
  size_t i = 0 ;
  int zero = 0 ;
  must(n && n <= LC_IDMAP_LINES, "a map has lines") ;
  for (; i < n ; i++)
  {
    size_t j = 0 ;
    zero |= !e[i].inside ;
    must(e[i].count && (uint64_t)e[i].inside + e[i].count <= UINT32_MAX && (uint64_t)e[i].outside + e[i].count <= UINT32_MAX, "ids are ids") ;
    for (; j < i ; j++)
    {
      must(e[i].inside >= (uint64_t)e[j].inside + e[j].count || e[j].inside >= (uint64_t)e[i].inside + e[i].count, "inside ids do not overlap") ;
      must(e[i].outside >= (uint64_t)e[j].outside + e[j].count || e[j].outside >= (uint64_t)e[i].outside + e[i].count, "outside ids do not overlap") ;
    }
  }
  must(zero, "a map maps 0") ;
}

static void check_commands (inityml_commands const *c)
{
  size_t i = 0 ;
  for (; i < c->n ; i++) must(c->s[i].argv.n && c->s[i].argv.s[0][0], "a command has a word") ;
}

static void check_config (inityml_config const *c)
{
  if (c->mapped)
  {
    check_map(&c->users) ;
    check_map(&c->groups) ;
  }
  check_commands(&c->setup_before) ;
  check_commands(&c->exec_before) ;
  must(c->command.n && c->command.s[0][0], "the command has a word") ;
  must(c->root.path[0] == '/', "the root is absolute") ;
  must(!c->root.old || (c->root.old[0] == '/' && c->root.mode == INITYML_ROOT_PIVOT), "the old root is absolute, and stays with a pivot only") ;
  must(!c->hostname || (c->hostname[0] && strlen(c->hostname) <= 64), "a host name is one") ;
  must(c->engine != INITYML_ENGINE_NONE || (!c->mapped && !c->namespaces && c->network == INITYML_NETWORK_KEEP
    && !c->mounts.n && !c->hostname && !c->memory), "without a setup there is none") ;
}

static void check_script (inityml_config const *c)
{
  stralloc script = STRALLOC_ZERO ;
  stralloc words = STRALLOC_ZERO ;
  char const **v ;
  size_t i = 0 ;
  int n ;
  inityml_script(&script, c, "init.yml") ;
  must(!memchr(script.s, 0, script.len), "a script is text") ;
  must(stralloc_0(&script), "there is memory") ;
  n = el_parse_from_string(&words, script.s) ;
  must(n > 0 && (size_t)n >= c->command.n, "execline takes the script") ;
  v = malloc((size_t)n * sizeof(char const *)) ;
  must(v && env_make(v, (size_t)n, words.s, words.len), "there is memory") ;
  for (; i < c->command.n ; i++)
    must(!strcmp(v[(size_t)n - c->command.n + i], c->command.s[i]), "the script ends in the command") ;
}

int LLVMFuzzerTestOneInput (uint8_t const *s, size_t len)
{
  inityml_config c ;
  running = 1 ;
  if (inityml_config_parse(&c, (char const *)s, len, "init.yml"))
  {
    check_config(&c) ;
    check_script(&c) ;
  }
  free_all() ;
  return 0 ;
}
