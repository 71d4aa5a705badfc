/* ISC license. */

#include <skalibs/nonposix.h>

#include <stdlib.h>
#include <string.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>

#include <lcboot/exec.h>
#include <lcboot/pidns.h>
#include <lcboot/say.h>

#define USAGE "lc-engine [ -v ] lxc-libvirt|lxc|systemd-nspawn|oci|vm prog..."
#define dieusage() strerr_dieusage(100, USAGE)

#define VARIABLE "container"  /* https://systemd.io/CONTAINER_INTERFACE */

 /* What engines put into the variable. runc and crun set none. */

static struct { char const *value ; char const *name ; } const engines[] =
{
  { "lxc-libvirt", "lxc-libvirt" },
  { "lxc", "lxc" },
  { "systemd-nspawn", "systemd-nspawn" },
  { "oci", "oci" },
  { "docker", "oci" },
  { "podman", "oci" },
  { 0, "oci" },
  { 0, "vm" }
} ;

#define ENGINES (sizeof(engines) / sizeof(engines[0]))

static int is_known (char const *name)
{
  unsigned int i = 0 ;
  for (; i < ENGINES ; i++) if (!strcmp(engines[i].name, name)) return 1 ;
  return 0 ;
}

 /* The name of the engine that this is, or what it calls itself */

static char const *present (void)
{
  char const *value = getenv(VARIABLE) ;
  unsigned int i = 0 ;
  if (!value || !value[0]) return lc_pidns_is_first() ? "vm" : "oci" ;
  for (; i < ENGINES ; i++) if (engines[i].value && !strcmp(engines[i].value, value)) return engines[i].name ;
  return value ;
}

int main (int argc, char const **argv)
{
  char const *is ;
  PROG = "lc-engine" ;
  lc_verbose_init() ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "v", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'v' : lc_verbosity++ ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;
  if (!is_known(argv[0])) strerr_dief(100, "unknown engine: ", argv[0], " (lxc-libvirt, lxc, systemd-nspawn, oci and vm are known)") ;
  is = present() ;
  if (strcmp(is, argv[0]))
    strerr_dief(1, "this is ", is, ", not ", argv[0], getenv(VARIABLE) ? " (the variable " VARIABLE " says so)" : " (there is no variable " VARIABLE ")") ;
  lc_say("this is ", is) ;
  lc_exec0(argv + 1) ;
}
