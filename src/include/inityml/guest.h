/* ISC license. */

/*
   A guest that is booted from a root directory, as lc-run(8) is told about it: by
   options, where these are silent by the environment, and where that is, too, by
   what there is.
*/

#ifndef INITYML_GUEST_H
#define INITYML_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/genalloc.h>

#include <lcboot/idmap.h>

typedef struct inityml_guest_s inityml_guest, *inityml_guest_ref ;
struct inityml_guest_s
{
  char const *root ;
  char const *place ;        /* where it is mounted: root itself, or NS_ROOT */
  char const *const *init ;
  size_t words ;             /* of init */
  char const *hostname ;
  char const *memory ;
  char const *cgroup ;
  char const *cache ;
  char const *fstab ;
  char const *extra ;
  char const *pre ;
  char const *oldroot ;
  char const *seconds ;
  char const *bin ;          /* NS_BIN */
  char const *tmpfs ;        /* NS_TMPFS */
  genalloc layers ;          /* char const * */
  genalloc interfaces ;      /* char const * */
  genalloc signals ;         /* char const * */
  lc_idmaps maps ;
  unsigned int verbose ;     /* how many -v its steps get */
  uint32_t uid ;             /* the guest's root, outside */
  uint32_t gid ;
  unsigned int net : 1 ;     /* a new network namespace */
  unsigned int ephemeral : 1 ;
  unsigned int readonly : 1 ;
  unsigned int all : 1 ;     /* all devices */
  unsigned int writable : 1 ;/* /dev stays so */
  unsigned int pid : 1 ;     /* a new PID namespace */
  unsigned int mapped : 1 ;  /* a new user namespace */
  unsigned int alike : 1 ;   /* its users and groups have the same map */
  unsigned int rootless : 1 ;
  unsigned int shift : 1 ;   /* the files do not have the guest's ids yet */
  unsigned int leaves : 1 ;  /* the guest and its watcher in cgroups below its own */
} ;
#define INITYML_GUEST_ZERO { .layers = GENALLOC_ZERO, .interfaces = GENALLOC_ZERO, .signals = GENALLOC_ZERO, .maps = LC_IDMAPS_ZERO, .pid = 1 }

 /* The names of the variables that say something about a guest, null-terminated:
    they are not for the guest. */

extern char const *const guest_variables[] ;

 /* Takes from the environment what no option has said. */

extern void guest_environment (inityml_guest *g) ;

/*
   Completes g, of which root, init, words and rootless are set: paths become those
   that mean the same everywhere, maps get their other half or, for one who is not
   root, what there is, and the cgroup a name. Says what has to be left out.
   Dies 100 for what cannot be, and 111.
*/

extern void guest_complete (inityml_guest *g) ;

 /* Both strings in one that is never freed. Dies 111 when memory is short. */

extern char const *guest_concat (char const *a, char const *b) ;

#endif
