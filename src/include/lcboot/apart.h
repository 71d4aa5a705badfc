/* ISC license. */

/* Directories that must be apart: no two the same, none inside another. */

#ifndef LCBOOT_APART_H
#define LCBOOT_APART_H

/*
   Adds the directory fd, or below in it, which need not exist yet, to those that
   are compared; name is for messages and is kept. Without a /proc nothing is
   added, and the kernel has to tell. Dies 111 if it cannot be looked at.
*/

extern void lc_apart_add (int fd, char const *name, char const *below) ;

/*
   Opens a directory (O_PATH), whose name is an ordinary path, and adds it.
   Returns a close-on-exec descriptor, or -1 with errno set.
*/

extern int lc_apart_open (char const *name) ;

 /* Dies 100, naming two, if they are not apart. */

extern void lc_apart_check (void) ;

 /* Forgets them all. */

extern void lc_apart_forget (void) ;

#endif
