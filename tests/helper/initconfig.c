/* ISC license. */

/*
   initconfig [ file ]: reads an init.yml and prints what it configures, one fact a
   line; as lc-compile does, it says the mistakes and exits 100 if there are any.
   What a string holds is in brackets, with \n and \\ for a newline and a backslash.
*/

#include <string.h>
#include <unistd.h>

#include <skalibs/buffer.h>
#include <skalibs/genalloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/idmap.h>

#include <inityml/config.h>

static void put (char const *s)
{
  buffer_puts(buffer_1, s) ;
}

static void put_number (uint64_t n)
{
  char fmt[UINT64_FMT] ;
  buffer_put(buffer_1, fmt, uint64_fmt(fmt, n)) ;
}

static void put_string (char const *s)
{
  put("[") ;
  for (; *s ; s++)
  {
    if (*s == '\n') put("\\n") ;
    else if (*s == '\\') put("\\\\") ;
    else buffer_put(buffer_1, s, 1) ;
  }
  put("]") ;
}

static void fact (char const *name, char const *value)
{
  put(name) ;
  if (value) put_string(value) ;
  else put("none") ;
  put("\n") ;
}

static void words (char const *name, inityml_words const *w)
{
  size_t i = 0 ;
  put(name) ;
  for (; i < w->n ; i++) put_string(w->s[i]) ;
  put("\n") ;
}

static void commands (char const *name, inityml_commands const *c)
{
  size_t i = 0 ;
  for (; i < c->n ; i++)
  {
    words(name, &c->s[i].argv) ;
    if (c->s[i].input) fact("  input ", c->s[i].input) ;
  }
}

static void map (char const *name, genalloc const *m)
{
  size_t i = 0 ;
  put(name) ;
  for (; i < genalloc_len(lc_idextent, m) ; i++)
  {
    lc_idextent const *e = genalloc_s(lc_idextent, m) + i ;
    if (i) put(", ") ;
    put_number(e->inside) ;
    put(" ") ;
    put_number(e->outside) ;
    put(" ") ;
    put_number(e->count) ;
  }
  put("\n") ;
}

int main (int argc, char const **argv)
{
  static char const *const modes[4] = { "pivot", "chroot", "switch", "none" } ;
  static char const *const engines[7] = { "any", "none", "lxc-libvirt", "lxc", "systemd-nspawn", "oci", "vm" } ;
  static char const *const networks[4] = { "keep", "new", "move", "take" } ;
  static char const *const namespaces[5] = { " uts", " ipc", " cgroup", " pid", " time" } ;
  inityml_config c ;
  unsigned int i = 0 ;
  PROG = "initconfig" ;
  if (!inityml_config_read(&c, argc > 1 ? argv[1] : 0)) return 100 ;
  fact("root ", c.root.path) ;
  put("mode ") ; put(modes[c.root.mode]) ; put("\n") ;
  fact("old ", c.root.old) ;
  if (c.mapped)
  {
    map("users ", &c.users) ;
    map("groups ", &c.groups) ;
  }
  fact("initctl ", c.initctl) ;
  words("exclude ", &c.exclude) ;
  words("rexclude ", &c.rexclude) ;
  put("setup ") ; put(engines[c.engine]) ; put("\n") ;
  commands("setup.before ", &c.setup_before) ;
  commands("exec.before ", &c.exec_before) ;
  words("command ", &c.command) ;
  fact("hostname ", c.hostname) ;
  fact("memory ", c.memory) ;
  words("mounts ", &c.mounts) ;
  put("network ") ; put(networks[c.network]) ; put(c.keep_addresses ? " keep_addresses\n" : "\n") ;
  put("namespaces") ;
  for (; i < 5 ; i++) if (c.namespaces & 1U << i) put(namespaces[i]) ;
  put("\n") ;
  if (!buffer_flush(buffer_1)) strerr_diefusys(111, "write to standard output") ;
  return 0 ;
}
