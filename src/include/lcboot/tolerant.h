/* ISC license. */

#ifndef LCBOOT_TOLERANT_H
#define LCBOOT_TOLERANT_H

#include <skalibs/gccattributes.h>

/*
   Executes argv with the environment envp, tolerantly: a regular file without
   the execute bit, or on a noexec mount, is run by the interpreter that its #!
   line names; of a directory every entry is run, in the order of the C locale
   and recursively, with the same arguments, up to the first that fails.
   Does not return: dies as lc_exec does; for a directory, exits 0 or with the
   status of what failed, which a message names.
*/

extern void lc_tolerant_exec (char const *const *argv, char const *const *envp) gccattr_noreturn ;

#endif
