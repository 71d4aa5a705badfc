/* ISC license. */

#ifndef INITYML_CHAIN_H
#define INITYML_CHAIN_H

#include <skalibs/stralloc.h>

#include <inityml/guest.h>
#include <inityml/lines.h>

/*
   Appends to sa the execline script that boots g, which guest_complete has
   completed, with its first line (#!). Says with -v in the script what lc_verbosity
   says here. Dies 111.
*/

extern void inityml_chain (stralloc *sa, inityml_guest const *g) ;

/*
   What chain.c and chainroot.c share. They die 111.

   chain_step begins a step that can say what it does; chain_execline one of
   execline's, which may be where Debian has them, not in PATH; chain_maps gives the
   step g's maps: each extent after the option both, or after users and groups if
   these two differ.
   chain_root mounts g->root on g->place, with layers and ids.
*/

extern void chain_step (inityml_lines *o, char const *name) ;
extern void chain_execline (inityml_lines *o, char const *name) ;
extern void chain_maps (inityml_lines *o, inityml_guest const *g, char const *both, char const *users, char const *groups) ;
extern void chain_root (inityml_lines *o, inityml_guest const *g) ;

#endif
