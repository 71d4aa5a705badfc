/* ISC license. */

/*
   Id maps: lists of extents inside, outside, count, as the kernel's uid_map and
   gid_map take them (user_namespaces(7)): at most 340 lines, and no more text
   than is less than a page.
*/

#ifndef LCBOOT_IDMAP_H
#define LCBOOT_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#define LC_IDMAP_LINES 340
#define LC_IDMAP_PAGE 4096

typedef struct lc_idextent_s lc_idextent, *lc_idextent_ref ;
struct lc_idextent_s
{
  uint32_t inside ;
  uint32_t outside ;
  uint32_t count ;
} ;

/*
   Writes e as inside, outside and count with sep between them and a zero byte at
   the end to s, which has room for LC_IDEXTENT_FMT bytes. Returns the length.
*/

#define LC_IDEXTENT_FMT 33  /* three numbers of ten digits, two separators, a zero byte */
extern size_t lc_idextent_fmt (char *s, lc_idextent const *e, char sep) ;

 /* The side on which the extents overlap, "inside" or "outside", or null. */

extern char const *lc_idextent_overlap (lc_idextent const *a, lc_idextent const *b) ;

 /* The maps of one user namespace. Each genalloc holds lc_idextent. */

typedef struct lc_idmaps_s lc_idmaps, *lc_idmaps_ref ;
struct lc_idmaps_s
{
  genalloc uid ;
  genalloc gid ;
} ;
#define LC_IDMAPS_ZERO { .uid = GENALLOC_ZERO, .gid = GENALLOC_ZERO }

/*
   Adds the map s to the list m: inside:outside[:count], or the three numbers
   separated by blanks. Dies 100, naming s, if it is not that, if it runs past
   4294967294, overlaps a line of m on either side (both are named), or is one
   line too many.
*/

extern void lc_idmap_add (genalloc *m, char const *s) ;

/*
   The same for -M and -G of lc-unshare, which also take "self" (the caller's
   effective user or group as 0) and "auto" (the caller's ranges of /etc/subuid
   or /etc/subgid, one after the other, from the first inside id above m's).
   group says which of the two kinds it is. Dies 111 if auto finds nothing.
*/

extern void lc_idmap_add_special (genalloc *m, char const *s, int group) ;

/*
   1 if the caller has ranges of subordinate ids for auto, else 0. Dies 111 if
   /etc/subuid (/etc/subgid for group) is there and cannot be read.
*/

extern int lc_idmap_has_auto (int group) ;

/*
   Adds the lines of the caller's own map with outside equal to inside: every id
   stays what it is. Dies 111 if the map cannot be read.
*/

extern void lc_idmap_add_identity (genalloc *m, int group) ;

/*
   Appends m as the kernel reads it, a line an extent.
   Dies 100 if it is too long for one write.
*/

extern void lc_idmap_text (stralloc *sa, genalloc const *m) ;

#endif
