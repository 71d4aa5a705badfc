/* ISC license. */

/* A fifo that requests come through. */

#ifndef LCBOOT_CTLFIFO_H
#define LCBOOT_CTLFIFO_H

typedef struct lc_ctlfifo_s lc_ctlfifo, *lc_ctlfifo_ref ;
struct lc_ctlfifo_s
{
  char const *path ;
  char const *name ;  /* its last component */
  int dirfd ;
  int fd ;            /* both ends: it never reads as at its end */
} ;

 /* Returns where the last component of path begins, or null if that cannot be the
    name of a fifo: it is empty, . or .. */

extern char const *lc_ctlfifo_name (char const *path) ;

/*
   Makes the fifo f->path, looked up inside the root at rootfd (AT_FDCWD: an
   ordinary path), mode 0600, and opens it. f->dirfd becomes its directory, as a
   mount of its own that is attached nowhere: no other is kept in use by it, nor is
   there a way out of it by ... What is there already is used if it is a fifo of
   the caller, that nobody else may open and nobody reads from; else it is left
   alone. Both descriptors are close-on-exec and above 2.
   Returns 1, or 0 with errno set, and why in *why, in parentheses, if that is
   known (else "").
*/

extern int lc_ctlfifo_make (lc_ctlfifo *f, int rootfd, char const **why) ;

 /* Removes the fifo, unless something else has its name now, and closes it.
    Returns 1, or 0 with errno set. */

extern int lc_ctlfifo_remove (lc_ctlfifo *f) ;

#endif
