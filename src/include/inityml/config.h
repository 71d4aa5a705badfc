/* ISC license. */

/*
   A boot's configuration as lc-compile knows it: what init.yml(5) says, checked,
   with every default filled in. config.c makes it from a file, script.c makes a
   script of it; neither knows the other. Strings end with a zero byte and have no
   other; nothing here is ever freed.
*/

#ifndef INITYML_CONFIG_H
#define INITYML_CONFIG_H

#include <stddef.h>

#include <skalibs/genalloc.h>

typedef struct inityml_words_s inityml_words, *inityml_words_ref ;
struct inityml_words_s
{
  char const **s ;
  size_t n ;
} ;
#define INITYML_WORDS_ZERO { .s = 0, .n = 0 }

 /* A command that runs before the guest's init. input is 0 for /dev/null. */

typedef struct inityml_command_s inityml_command, *inityml_command_ref ;
struct inityml_command_s
{
  inityml_words argv ;       /* at least one word, the first not empty */
  char const *input ;
} ;

typedef struct inityml_commands_s inityml_commands, *inityml_commands_ref ;
struct inityml_commands_s
{
  inityml_command *s ;
  size_t n ;
} ;

typedef enum inityml_rootmode_e
{
  INITYML_ROOT_PIVOT,
  INITYML_ROOT_CHROOT,
  INITYML_ROOT_SWITCH,
  INITYML_ROOT_NONE
} inityml_rootmode, *inityml_rootmode_ref ;

 /* Where the boot insists on being: "auto" and "guess" are ANY. */

typedef enum inityml_engine_e
{
  INITYML_ENGINE_ANY,
  INITYML_ENGINE_NONE,       /* mode: none, the setup is left out: nothing is mapped, no namespaces, mounts,
                                hostname or memory, and network is KEEP */
  INITYML_ENGINE_LXC_LIBVIRT,
  INITYML_ENGINE_LXC,
  INITYML_ENGINE_NSPAWN,
  INITYML_ENGINE_OCI,
  INITYML_ENGINE_VM
} inityml_engine, *inityml_engine_ref ;

typedef enum inityml_network_e
{
  INITYML_NETWORK_KEEP,      /* the engine's, no new namespace */
  INITYML_NETWORK_NEW,       /* a new one with nothing but lo */
  INITYML_NETWORK_MOVE,      /* a new one, the engine's interfaces moved into it */
  INITYML_NETWORK_TAKE       /* the same, because the file says so itself: even out of the initial namespace */
} inityml_network, *inityml_network_ref ;

 /* Mount and user are not among them: a mount namespace is always made, a user
    namespace with id_map. Net is network's. */

#define INITYML_NS_UTS 0x01U
#define INITYML_NS_IPC 0x02U
#define INITYML_NS_CGROUP 0x04U
#define INITYML_NS_PID 0x08U
#define INITYML_NS_TIME 0x10U

typedef struct inityml_config_s inityml_config, *inityml_config_ref ;
struct inityml_config_s
{
  struct
  {
    char const *path ;       /* absolute */
    inityml_rootmode mode ;
    char const *old ;        /* absolute, below path; 0 to unmount the old root; with PIVOT only */
  } root ;
  int mapped ;               /* id_map is there: both maps have at least a line, and map inside 0 */
  genalloc users ;           /* lc_idextent */
  genalloc groups ;          /* lc_idextent */
  char const *initctl ;      /* an init's name as for lc-initctl -i ("auto" for true), 0 for none */
  inityml_words exclude ;    /* shell patterns */
  inityml_words rexclude ;   /* extended regular expressions */
  inityml_engine engine ;
  inityml_commands setup_before ;
  inityml_commands exec_before ;
  inityml_words command ;    /* at least one word */
  char const *hostname ;     /* 0 for as it is */
  char const *memory ;       /* as lc-cgroup -m takes it, 0 for no limit */
  inityml_words mounts ;     /* fstab(5) lines, checked */
  inityml_network network ;
  int keep_addresses ;       /* 0 unless interfaces are moved */
  unsigned int namespaces ;  /* INITYML_NS_* */
} ;

#define INITYML_DEFAULT "/mnt/init.yml"
#define INITYML_INIT "/sbin/init"  /* the default command */
#define INITYML_SIZE_MAX 4194304  /* of a file */

/*
   Makes c of the len bytes at s, an init.yml. Every mistake is said on standard
   error as file:line:column: what, and how many there are; returns 1 if there was
   none, else 0. Dies 111 when memory is short.
*/

extern int inityml_config_parse (inityml_config *c, char const *s, size_t len, char const *file) ;

/*
   The same for what is in the file; 0 is INITYML_DEFAULT, which may be missing: all
   defaults; "-" is standard input. Dies 111, naming the file, when it cannot be
   read.
*/

extern int inityml_config_read (inityml_config *c, char const *file) ;

#endif
