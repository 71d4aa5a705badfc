/* ISC license. */

/*
   The text of an execline script as a person would lay it out: a step a line, its
   arguments on it and, when it gets too long, on more lines that are indented.
   All of them die 111 when memory is short.
*/

#ifndef INITYML_LINES_H
#define INITYML_LINES_H

#include <stddef.h>

#include <skalibs/stralloc.h>

typedef struct inityml_lines_s inityml_lines, *inityml_lines_ref ;
struct inityml_lines_s
{
  stralloc *sa ;             /* the script so far */
  size_t line ;              /* where its last line begins */
  unsigned int indent ;
  unsigned int verbose ;     /* how many -v a step gets: chain_step */
} ;

 /* Begins a line, indented by more than the others are. */

extern void lines_new (inityml_lines *o, unsigned int more) ;

 /* s as it is */

extern void lines_text (inityml_lines *o, char const *s) ;

 /* An empty line and a comment, or a step, whose name is taken as it is */

extern void lines_comment (inityml_lines *o, char const *s) ;
extern void lines_step (inityml_lines *o, char const *name) ;

 /* A step and its arguments, n words in all, which are quoted */

extern void lines_command (inityml_lines *o, char const *const *s, size_t n) ;

 /* Arguments of a step: an option as it is, with its word if that is not null,
    which stay on one line; a flag as it is; words, which are quoted. */

extern void lines_option (inityml_lines *o, char const *flag, char const *word) ;
extern void lines_flag (inityml_lines *o, char const *s) ;
extern void lines_word (inityml_lines *o, char const *s) ;
extern void lines_words (inityml_lines *o, char const *const *s, size_t n) ;

 /* A block that holds n words, on the present line if there is room; or one that
    holds steps, between open and close. */

extern void lines_block (inityml_lines *o, char const *const *s, size_t n) ;
extern void lines_open (inityml_lines *o) ;
extern void lines_close (inityml_lines *o) ;

/*
   Sets sa to a name for importas, with a null after it: name and as many
   underscores as it takes that none of the n words has it in it, for importas
   would change it there.
*/

extern void lines_variable (stralloc *sa, char const *name, char const *const *words, size_t n) ;

/*
   Does what execlineb -P does with a script, without a file and without execlineb:
   the text, with a zero byte at its end, is parsed, and its first program executed.
   Dies as lc_exec does, and 111 if libexecline does not take the text.
*/

extern void lines_exec (char const *text) __attribute__ ((noreturn)) ;

#endif
