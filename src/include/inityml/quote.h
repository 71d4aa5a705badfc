/* ISC license. */

#ifndef INITYML_QUOTE_H
#define INITYML_QUOTE_H

#include <skalibs/stralloc.h>

/*
   Appends s, which may hold any byte, to sa as one word for execlineb(1): bare if
   it is plain, else in double quotes. What a terminal shows is left readable,
   everything else is escaped, invisible characters and what is no UTF-8 included.
   Dies 111 when memory is short.
*/

extern void inityml_quote (stralloc *sa, char const *s) ;

#endif
