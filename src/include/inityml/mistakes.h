/* ISC license. */

/* The mistakes in a file: they are collected, and said in the order of its lines. */

#ifndef INITYML_MISTAKES_H
#define INITYML_MISTAKES_H

#include <stddef.h>

#include <skalibs/genalloc.h>

#define INITYML_MISTAKES_MAX 1000  /* those that come later are only counted */

typedef struct inityml_mistakes_s inityml_mistakes, *inityml_mistakes_ref ;
struct inityml_mistakes_s
{
  genalloc list ;
  size_t n ;
} ;
#define INITYML_MISTAKES_ZERO { .list = GENALLOC_ZERO, .n = 0 }

/*
   Adds one: the line and column, from 1 on, and the strings that make up the
   message. A long string is cut, and control characters are written as escapes,
   so that it is one line whatever the file holds. Dies 111 when memory is short.
*/

extern void inityml_mistakes_add (inityml_mistakes *m, size_t line, size_t column, char const *const *what, size_t n) ;

#define inityml_mistake(m, line, column, ...) \
  inityml_mistakes_add(m, line, column, (char const *const []){ __VA_ARGS__ }, \
    sizeof((char const *const []){ __VA_ARGS__ }) / sizeof(char const *))

/*
   Says them on standard error, each once, as file:line:column: what, and then how
   many there are in file. Returns that number.
*/

extern size_t inityml_mistakes_say (inityml_mistakes *m, char const *file) ;

#endif
