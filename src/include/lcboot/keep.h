/* ISC license. */

/*
   What an engine has mounted over parts of its /proc and /sys, to hide them or to
   make them read-only, stays so in a new procfs or sysfs: each of these mounts is
   made again there, in the same place.
*/

#ifndef LCBOOT_KEEP_H
#define LCBOOT_KEEP_H

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

typedef struct lc_keep_s lc_keep, *lc_keep_ref ;
struct lc_keep_s
{
  genalloc covers ;   /* what is in keep.c */
  stralloc top ;      /* the directory, as the mount table calls it */
  stralloc table ;    /* what covers points into */
} ;
#define LC_KEEP_ZERO { .covers = GENALLOC_ZERO, .top = STRALLOC_ZERO, .table = STRALLOC_ZERO }

/*
   Finds the mounts below dir in the present root, those that nothing hides, and
   holds them by descriptors. No such dir is one without mounts. Control groups,
   and what is at or below fs/cgroup, are left alone.
   To be called before the new file system is mounted, which may be on dir.
   Returns null, or what could not be opened or read, with errno set.
*/

extern char const *lc_keep_find (lc_keep *k, char const *dir) ;

/*
   Mounts them in the new file system of that type at mfd, which is attached and
   has no mounts in it.
   - A part of a file system of the same type is a bind of the new one's own part,
     with the flags (ro nosuid nodev noexec nosymfollow) of both. None is made
     where it would change nothing.
   - Everything else is a private copy of the mount that is there.
   What the new one does not have is left out, and so is what would lie on an
   empty directory and is not a tmpfs: there is nothing to hide.
   Returns null, or the mount that could not be kept, with errno set: EXDEV for
   one that shows a process, or another procfs. The new file system is then to be
   unmounted.
*/

extern char const *lc_keep_carry (lc_keep const *k, int mfd, char const *type) ;

 /* Closes the descriptors and frees the memory. Keeps errno. */

extern void lc_keep_free (lc_keep *k) ;

#endif
