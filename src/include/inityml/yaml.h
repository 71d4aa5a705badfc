/* ISC license. */

/*
   A YAML document as nodes, each of which knows where it stands. What a scalar
   without quotes means is decided as by YAML 1.1's users: yes, no, on, off, true
   and false are booleans, nothing at all, ~ and null are null, and all else is
   text as it was written, numbers and dates included.
*/

#ifndef INITYML_YAML_H
#define INITYML_YAML_H

#include <stddef.h>

#include <inityml/mistakes.h>

#define INITYML_YAML_DEPTH 64        /* lists and mappings within each other */
#define INITYML_YAML_NODES 1000000   /* with those that aliases stand for */
#define INITYML_YAML_BYTES 16777216  /* of text, with that which aliases stand for */
#define INITYML_YAML_KEYS 100        /* of one mapping */
#define INITYML_YAML_ANCHORS 100

typedef enum inityml_kind_e
{
  INITYML_BAD,      /* a mistake, which has been noted */
  INITYML_NULL,
  INITYML_BOOL,
  INITYML_STRING,
  INITYML_LIST,
  INITYML_MAP
} inityml_kind, *inityml_kind_ref ;

typedef struct inityml_node_s inityml_node, *inityml_node_ref ;
struct inityml_node_s
{
  inityml_kind kind ;
  size_t line ;                /* both from 1 on; columns count characters */
  size_t column ;
  char const *text ;           /* of a scalar, as written: no zero byte is in it */
  int truth ;                  /* of a boolean */
  inityml_node const **item ;  /* the n items of a list, or the keys and values of a mapping, which are n together */
  size_t n ;
  size_t size ;                /* the nodes in it, and itself; 0 as long as it is open */
  size_t bytes ;               /* of their text */
} ;

/*
   Reads the len bytes at s, UTF-8 or UTF-16. Returns the document's root, which is
   a null node if there is none. Anchors, aliases and merge keys (<<) have been
   resolved. Keys of a mapping are strings and differ.
   What is wrong is added to m: if the text is not YAML, or too deep or too large,
   the return value is null, else what is wrong in it is a BAD node.
   Dies 111 when memory is short.
*/

extern inityml_node const *inityml_yaml_read (char const *s, size_t len, inityml_mistakes *m) ;

#endif
