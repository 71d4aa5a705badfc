/* ISC license. */

#ifndef LCBOOT_FIND_H
#define LCBOOT_FIND_H

#include <skalibs/stralloc.h>

/*
   Looks name, which has no slash, up in PATH as lc_exec does, for the first file
   that accept takes: that gets a path, and returns 1 or 0.
   Returns 1, the path in sa with a null after it; or 0 with errno set, ENOENT if
   there is none.
*/

extern int lc_find (stralloc *sa, char const *name, int (*accept) (char const *)) ;

 /* Whether there is a program of that name in PATH: 1 or 0. Dies 111 when memory is
    short. */

extern int lc_find_program (char const *name) ;

#endif
