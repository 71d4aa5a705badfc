/* ISC license. */

/*
   mkscript OPTION... COMMAND...: the script of a configuration that is made by hand,
   with its first line, on standard output. For what no init.yml can say.
*/

#include <string.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/env.h>
#include <skalibs/genalloc.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/block.h>
#include <lcboot/idmap.h>

#include <inityml/config.h>
#include <inityml/script.h>

#define USAGE "mkscript [ -r root ] [ -o old ] [ -m pivot|chroot|switch|none ] [ -B map ]... [ -M map ]... [ -G map ]... [ -I init ] [ -x glob ] [ -X regex ] [ -e engine ] [ -n ns,ns... ] [ -N network ] [ -k ] [ -h hostname ] [ -l memory ] [ -f fstab-line ]... [ -i input ] [ -s { command... } ]... [ -b { command... } ]... command..."
#define dieusage() strerr_dieusage(100, USAGE)

static void add_word (inityml_words *w, char const *s)
{
  static char const *list[16][1024] ;
  static size_t used ;
  if (!w->s) w->s = list[used++] ;
  w->s[w->n++] = s ;
}

static void add_command (inityml_commands *l, int argc, char const **argv, subgetopt *o, char const **input)
{
  static inityml_command list[2][64] ;
  static size_t used ;
  inityml_command c = { .input = *input } ;
  c.argv.s = (char const **)lc_block_option(argc, argv, o, "this") ;
  c.argv.n = env_len(c.argv.s) ;
  if (!l->s) l->s = list[used++] ;
  l->s[l->n++] = c ;
  *input = 0 ;
}

static unsigned int one_of (char const *s, char const *const *list)
{
  unsigned int i = 0 ;
  for (; list[i] ; i++) if (!strcmp(s, list[i])) return i ;
  strerr_dief1x(100, "no such word") ;
}

int main (int argc, char const **argv)
{
  static char const *const modes[] = { "pivot", "chroot", "switch", "none", 0 } ;
  static char const *const engines[] = { "auto", "none", "lxc-libvirt", "lxc", "systemd-nspawn", "oci", "vm", 0 } ;
  static char const *const networks[] = { "keep", "new", "move", "take", 0 } ;
  inityml_config c = { .root.path = "/mnt/root", .users = GENALLOC_ZERO, .groups = GENALLOC_ZERO, .namespaces = INITYML_NS_UTS | INITYML_NS_IPC | INITYML_NS_CGROUP } ;
  stralloc sa = STRALLOC_ZERO ;
  char const *input = 0 ;
  PROG = "mkscript" ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "r:o:m:B:M:G:I:x:X:e:n:N:kh:l:f:i:sb", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'r' : c.root.path = l.arg ; break ;
        case 'o' : c.root.old = l.arg ; break ;
        case 'm' : c.root.mode = (inityml_rootmode)one_of(l.arg, modes) ; break ;
        case 'B' : c.mapped = 1 ; lc_idmap_add(&c.users, l.arg) ; lc_idmap_add(&c.groups, l.arg) ; break ;
        case 'M' : c.mapped = 1 ; lc_idmap_add(&c.users, l.arg) ; break ;
        case 'G' : c.mapped = 1 ; lc_idmap_add(&c.groups, l.arg) ; break ;
        case 'I' : c.initctl = l.arg ; break ;
        case 'x' : add_word(&c.exclude, l.arg) ; break ;
        case 'X' : add_word(&c.rexclude, l.arg) ; break ;
        case 'e' : c.engine = (inityml_engine)one_of(l.arg, engines) ; break ;
        case 'n' :
          c.namespaces = (strstr(l.arg, "uts") ? INITYML_NS_UTS : 0) | (strstr(l.arg, "ipc") ? INITYML_NS_IPC : 0) |
            (strstr(l.arg, "cgroup") ? INITYML_NS_CGROUP : 0) | (strstr(l.arg, "pid") ? INITYML_NS_PID : 0) | (strstr(l.arg, "time") ? INITYML_NS_TIME : 0) ;
          break ;
        case 'N' : c.network = (inityml_network)one_of(l.arg, networks) ; break ;
        case 'k' : c.keep_addresses = 1 ; break ;
        case 'h' : c.hostname = l.arg ; break ;
        case 'l' : c.memory = l.arg ; break ;
        case 'f' : add_word(&c.mounts, l.arg) ; break ;
        case 'i' : input = l.arg ; break ;
        case 's' : add_command(&c.setup_before, argc, argv, &l, &input) ; break ;
        case 'b' : add_command(&c.exec_before, argc, argv, &l, &input) ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;
  while (*argv) add_word(&c.command, *argv++) ;
  if (!stralloc_cats(&sa, "#!/bin/execlineb -P\n")) strerr_diefusys(111, "allocate memory") ;
  inityml_script(&sa, &c, "/mnt/init.yml") ;
  if (allwrite(1, sa.s, sa.len) < sa.len) strerr_diefusys(111, "write") ;
  return 0 ;
}
