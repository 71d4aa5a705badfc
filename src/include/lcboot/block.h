/* ISC license. */

#ifndef LCBOOT_BLOCK_H
#define LCBOOT_BLOCK_H

#include <skalibs/sgetopt.h>

/*
   The execline block that begins at argv[*ind], unquoted in place and ended by
   a null pointer; *ind moves past it. what stands before it, for the message.
   Dies 100 if there is no block or if it is not terminated.
*/

extern char const *const *lc_block (int argc, char const **argv, int *ind, char const *what) ;

/*
   The same for the block of the option what that l has just given. l moves past it.
*/

extern char const *const *lc_block_optional (int argc, char const **argv, subgetopt *l, char const *what) ;

/*
   The same for a block that is a command, which cannot be empty: dies 100 then too.
*/

extern char const *const *lc_block_option (int argc, char const **argv, subgetopt *l, char const *what) ;

#endif
