/* ISC license. */

/*
   Mount options, one sorted table for lc-mountfs, lc-idmap, lc-overlay and
   lc-mountdev. What the table does not know belongs to the file system and is
   handed to it as it is.
*/

#ifndef LCBOOT_MOUNTOPTS_H
#define LCBOOT_MOUNTOPTS_H

#include <stdint.h>

#include <skalibs/stralloc.h>

#define LC_OPT_BIND 0x001
#define LC_OPT_REC 0x002      /* rbind */
#define LC_OPT_MOVE 0x004
#define LC_OPT_REMOUNT 0x008
#define LC_OPT_LOOP 0x010
#define LC_OPT_NOAUTO 0x020
#define LC_OPT_NOFAIL 0x040
#define LC_OPT_MKDIR 0x080    /* x-mount.mkdir */
#define LC_OPT_PROPREC 0x100  /* the propagation is for the whole tree */

typedef struct lc_mountopts_s lc_mountopts, *lc_mountopts_ref ;
struct lc_mountopts_s
{
  unsigned int what ;      /* LC_OPT_* */
  uint64_t attr_set ;      /* LC_ATTR_* of the mount, named by the user */
  uint64_t attr_clr ;      /* the opposites that the user named: rw, suid, dev, exec … */
  unsigned long sbset ;    /* MS_* of the superblock: ro, sync, dirsync, lazytime */
  unsigned long sbclr ;
  unsigned long propagation ; /* 0, MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE */
  uint64_t offset ;        /* bytes, for loop */
  uint64_t sizelimit ;     /* bytes, for loop; 0: all */
  stralloc data ;          /* the file system's own options, each ended by a null */
} ;
#define LC_MOUNTOPTS_ZERO { .data = STRALLOC_ZERO }

 /* data that is known beforehand, an array of char: no memory is allocated for it.
    lc_mountopts_scan may add to it, nothing else may. */

#define LC_MOUNTOPTS_DATA(array) { .s = (array), .len = sizeof(array), .a = 0 }

/*
   Adds a comma-separated string of options to o; a value in double quotes may
   hold commas. Returns null, or what is wrong with it: a message that names
   the option, in static memory until the next call. Out of memory dies 111.
*/

extern char const *lc_mountopts_scan (lc_mountopts *o, char const *s) ;

/*
   Like lc_mountopts_scan, for programs that take only the flags of a mount (ro
   nosuid nodev noexec noatime nosymfollow …): anything else is wrong.
*/

extern char const *lc_mountopts_scan_attr (lc_mountopts *o, char const *s) ;

 /* Whether one of the file system's own options is key or key=…: 1 or 0. */

extern int lc_mountopts_has (lc_mountopts const *o, char const *key) ;

 /* Whether one of them is that, to the letter: 1 or 0. */

extern int lc_mountopts_is (lc_mountopts const *o, char const *option) ;

 /* The MS_* word that mount(2) takes for those LC_ATTR_* bits. */

extern unsigned long lc_mountopts_msflags (uint64_t attr) ;

#endif
