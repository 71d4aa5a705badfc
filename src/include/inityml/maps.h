/* ISC license. */

#ifndef INITYML_MAPS_H
#define INITYML_MAPS_H

#include <skalibs/genalloc.h>

#include <inityml/mistakes.h>
#include <inityml/yaml.h>

/*
   Appends the id maps that node holds, one or a list in any notation of init.yml(5),
   to map, a genalloc of lc_idextent. What the kernel would not take, or has nobody
   who is 0 inside, is added to m; what names the key. Dies 111 when memory is short.
*/

extern void inityml_maps_read (inityml_mistakes *m, inityml_node const *node, char const *what, genalloc *map) ;

#endif
