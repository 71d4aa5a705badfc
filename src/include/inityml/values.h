/* ISC license. */

/*
   What a node has to be. Where it is something else, that is added to the mistakes,
   with what, the key that it belongs to. All of them die 111 when memory is short.
*/

#ifndef INITYML_VALUES_H
#define INITYML_VALUES_H

#include <stddef.h>

#include <inityml/mistakes.h>
#include <inityml/yaml.h>

#define VALUE_WORD_MAX 131000  /* execve(2): a word and its end are at most 128 KiB, blocks put blanks before it */

 /* A mistake where the node stands, its message in strings */

#define value_wrong(m, node, ...) inityml_mistake(m, (node)->line, (node)->column, __VA_ARGS__)

 /* The same for a node that is not what was expected: a text for messages. None for
    a node that is a mistake already. */

extern void value_expected (inityml_mistakes *m, inityml_node const *node, char const *what, char const *expects) ;

 /* The number of the node's line, in fmt, which has room for SIZE_FMT bytes. Returns fmt. */

extern char const *value_line (char *fmt, inityml_node const *node) ;

 /* Whether s is nothing but decimal digits, and some: 1 or 0. */

extern int value_is_digits (char const *s) ;

/*
   A text; value_string: one that a word of a command line can hold; value_string1:
   and that is not empty. A number is its text.
   Return it, or null.
*/

extern char const *value_text (inityml_mistakes *m, inityml_node const *node, char const *what) ;
extern char const *value_string (inityml_mistakes *m, inityml_node const *node, char const *what) ;
extern char const *value_string1 (inityml_mistakes *m, inityml_node const *node, char const *what) ;

/*
   A text that is one of the n names; the mistake begins with unknown_what and names
   the nearest of them. Returns its index, or -1.
*/

extern int value_choice (inityml_mistakes *m, inityml_node const *node, char const *what, char const *unknown_what, char const *const *names, size_t n) ;

/*
   A mapping whose keys are among the n names. value[i] becomes the value of names[i],
   null if there is none or it is a null node.
   Returns 1, or 0 if it is no mapping.
*/

extern int value_fields (inityml_mistakes *m, inityml_node const *node, char const *what, char const *const *names, size_t n, inityml_node const **value) ;

#endif
