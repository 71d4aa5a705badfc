/* ISC license. */

#include <skalibs/nonposix.h>

#include <errno.h>
#include <stdio.h>  /* rename */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/genalloc.h>
#include <skalibs/sgetopt.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <lcboot/say.h>

#include <inityml/config.h>
#include <inityml/lines.h>
#include <inityml/script.h>

#define USAGE "lc-compile [ -v ] [ -o file | -x ] [ -A ] [ -a arg ]... [ init.yml ]"
#define dieusage() strerr_dieusage(100, USAGE)
#define dienomem() strerr_diefusys(111, "allocate memory")

#define FIRST_LINE "#!/bin/execlineb -P\n"

 /* The configured command and args after it, or args alone. */

static void add_args (inityml_words *command, genalloc const *args, int replace)
{
  genalloc all = GENALLOC_ZERO ;  /* char const * */
  if ((!replace && !genalloc_catb(char const *, &all, command->s, command->n))
    || !genalloc_catb(char const *, &all, genalloc_s(char const *, args), genalloc_len(char const *, args))) dienomem() ;
  command->s = genalloc_s(char const *, &all) ;
  command->n = genalloc_len(char const *, &all) ;
}

 /* A new file in the place of an old one, or of none: nobody sees a part of it.
    What is not a regular file (/dev/null, a link) is not replaced. */

static void write_file (char const *file, stralloc const *script)
{
  stralloc tmp = STRALLOC_ZERO ;
  struct stat st ;
  int fd ;
  if (!lstat(file, &st) && !S_ISREG(st.st_mode)) strerr_dief(100, file, " is there, and is not a regular file") ;
  if (!stralloc_cats(&tmp, file) || !stralloc_catb(&tmp, ".XXXXXX", 8)) dienomem() ;
  fd = mkstemp(tmp.s) ;
  if (fd == -1) strerr_diefusys(111, "make a file beside ", file) ;
  if (allwrite(fd, script->s, script->len) < script->len || fchmod(fd, 0755) == -1 || fsync(fd) == -1 || close(fd) == -1 || rename(tmp.s, file) == -1)
  {
    int e = errno ;
    unlink(tmp.s) ;
    errno = e ;
    strerr_diefusys(111, "write ", file) ;
  }
  lc_say("wrote ", file) ;
  stralloc_free(&tmp) ;
}

int main (int argc, char const **argv)
{
  inityml_config c ;
  stralloc script = STRALLOC_ZERO ;
  genalloc args = GENALLOC_ZERO ;  /* char const * */
  char const *file = 0 ;
  char const *const init = INITYML_INIT ;
  int replace = 0 ;
  int exec = 0 ;
  PROG = "lc-compile" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "vo:xAa:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        case 'o' : file = l.arg ; break ;
        case 'x' : exec = 1 ; break ;
        case 'A' : replace = 1 ; break ;
        case 'a' : if (!genalloc_append(char const *, &args, &l.arg)) dienomem() ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (argc > 1) dieusage() ;
  if (file && exec) strerr_dief(100, "-o and -x exclude each other") ;
  if (file && !*file) strerr_dief(100, "-o wants the name of a file") ;
  if (argc && !**argv) strerr_dief(100, "the name of the configuration is empty") ;
  if (replace && args.len && !**genalloc_s(char const *, &args)) strerr_dief(100, "the first argument replaces the command, and is empty") ;

  if (!inityml_config_read(&c, argc ? argv[0] : 0)) _exit(100) ;
  if (replace && !args.len && !genalloc_append(char const *, &args, &init)) dienomem() ;
  if (args.len) add_args(&c.command, &args, replace) ;
  if (!exec && !stralloc_cats(&script, FIRST_LINE)) dienomem() ;
  inityml_script(&script, &c, argc ? argv[0] : INITYML_DEFAULT) ;
  if (exec)
  {
    if (!stralloc_0(&script)) dienomem() ;
    lines_exec(script.s) ;
  }
  if (file) write_file(file, &script) ;
  else if (allwrite(1, script.s, script.len) < script.len) strerr_diefusys(111, "write to standard output") ;
  return 0 ;
}
