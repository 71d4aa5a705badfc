/* ISC license. */

#ifndef INITYML_WORDS_H
#define INITYML_WORDS_H

#include <inityml/config.h>

/*
   Splits s into words as Python's shlex.split does, and as a POSIX shell would
   that expands nothing: blanks are space, tab, newline and carriage return;
   nothing is special between single quotes; between double quotes a backslash
   quotes a double quote and a backslash, elsewhere any character, a newline
   included. # begins no comment.
   Returns null, or what is wrong with s. Dies 111 when memory is short.
*/

extern char const *inityml_words_split (inityml_words *w, char const *s) ;

/*
   Replaces in s, a field of an fstab(5), what getmntent(3) replaces: the octal
   escapes of blanks, newline and the backslash, and two backslashes.
*/

extern void inityml_words_unescape (char *s) ;

#endif
