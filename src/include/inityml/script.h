/* ISC license. */

#ifndef INITYML_SCRIPT_H
#define INITYML_SCRIPT_H

#include <skalibs/stralloc.h>

#include <inityml/config.h>

/*
   Appends to sa the execline script that boots c: text for execlineb -P, without
   the first line (#!). file is what the script says that it was compiled from.
   The same configuration gives the same bytes. Dies 111 when memory is short.
*/

extern void inityml_script (stralloc *sa, inityml_config const *c, char const *file) ;

#endif
