/* ISC license. */

#ifndef LCBOOT_EXEC_H
#define LCBOOT_EXEC_H

#include <skalibs/gccattributes.h>

 /* Where programs are looked for: PATH, or, for an engine may hand over none (LXC
    does), what Debian has for root. Never null. */

extern char const *lc_path (void) ;

/*
   The end of every program: argv[0] is searched in PATH and executed with the
   arguments argv, which end in a null pointer, and the current environment.
   Does not return: dies 127 if there is no such program, 126 if it cannot be
   executed.
*/

extern void lc_exec (char const *const *argv) gccattr_noreturn ;

 /* The same, for programs that may end a chain: exits 0 if argv[0] is null. */

extern void lc_exec0 (char const *const *argv) gccattr_noreturn ;

/*
   What lc_exec tries first, if it is not null: in the program that holds all of
   the tools it calls the next one in the same process, where that cannot be told
   from exec, and returns elsewhere.
*/

extern void (*lc_exec_call) (char const *const *argv) ;

/*
   An argv that is not the rest of main's, but that stays where it is for good, with
   its strings: set before lc_exec is called with it, so that lc_exec_call can go on
   with that too.
*/

extern char const **lc_exec_kept ;

/*
   Set by a child of lc_vclone: its memory is its parent's too. The first tool that
   is then called by lc_exec_call has to be so on the child's own stack, and it
   must be one that soon execs and stays the same user.
*/

extern int lc_exec_shared ;

/*
   Set by a tool that might have become another user, or gained or lost capabilities,
   and has not, so that lc_exec_call need not look at them. It resets this.
*/

extern int lc_exec_same_user ;

/*
   Like lc_exec with the environment envp (the search is in the PATH of the current
   one), but returns when the program cannot
   be executed: errno is what execve(2) or the search gave.
*/

extern void lc_tryexec (char const *const *argv, char const *const *envp) ;

/*
   The message and the end after an exec that failed, errno saying why: dies 127 if
   there is no such program, else 126.
*/

extern void lc_die_exec (char const *file) gccattr_noreturn ;

#endif
