/* ISC license. */

/*
   Commands that run before prog, each given as a block after one of the options -b,
   -i and -t of the program that runs them, lc-pivot or lc-before.
*/

#ifndef LCBOOT_COMMANDS_H
#define LCBOOT_COMMANDS_H

#include <skalibs/genalloc.h>
#include <skalibs/sgetopt.h>

#define LC_COMMANDS_USAGE "[ -b { command... } | -i fd { command... } | -t { text... } { command... } ]..."
#define LC_COMMANDS_OPTIONS "bi:t"

 /* A command, and its standard input: the descriptor fd, or the words of text one
    after the other, or /dev/null (fd is -1 and text is null). */

typedef struct lc_command_s lc_command, *lc_command_ref ;
struct lc_command_s
{
  char const *const *argv ;
  char const *const *text ;
  int fd ;
} ;

typedef struct lc_commands_s lc_commands, *lc_commands_ref ;
struct lc_commands_s
{
  genalloc list ;  /* lc_command */
  int nullfd ;
  int listfd ;
} ;
#define LC_COMMANDS_ZERO { .list = GENALLOC_ZERO, .nullfd = -1, .listfd = -1 }

/*
   Adds the command of an option that l has just given: 'b', 'i' or 't'. Dies 100
   for a block that is missing or empty, and for a descriptor that is not open, not
   above 2 or given before.
*/

extern void lc_commands_add (lc_commands *c, int opt, int argc, char const **argv, subgetopt *l) ;

/*
   Opens what the commands will need, where it can be trusted: before the root
   changes. Their descriptors become close-on-exec. Returns how many commands there
   are; if none nothing was opened. Dies 111.
*/

extern size_t lc_commands_prepare (lc_commands *c) ;

/*
   Runs the commands, in their order, by the rules of lc_tolerant_exec: with the
   caller's environment, signals and standard output and error, and no other
   descriptor. Dies 111 at the first that does not exit 0, naming it. PID 1 reaps
   what they leave behind.
*/

extern void lc_commands_run (lc_commands *c) ;

#endif
