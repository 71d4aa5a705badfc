/* ISC license. */

#ifndef LCBOOT_FD_H
#define LCBOOT_FD_H

 /* Closes a descriptor on the way out of a failure: errno stays what it is, and
    a negative fd is none. */

extern void lc_close (int fd) ;

/*
   Returns fd, or if it is a standard one a close-on-exec copy above 2 in its place:
   a standard descriptor that was closed stays so. -1 if it is negative, or with errno
   set if it cannot be copied; then it is closed.
*/

extern int lc_fd_high (int fd) ;

 /* Whether both descriptors are of the same file: 1, or 0, which it is too if one of
    them cannot be looked at. */

extern int lc_fd_same (int fd, int other) ;

/*
   Closes every descriptor from first on. close_range(2) is Linux 5.9; without it
   the list is in procfs, and listfd is what lc_fd_list returned.
   Returns 1, or 0 with errno set if there is neither.
*/

extern int lc_close_from (unsigned int first, int listfd) ;

 /* Opens the list that lc_close_from will need, where /proc can be trusted: a
    close-on-exec descriptor, or -1 if none is needed or to be had. */

extern int lc_fd_list (void) ;

#endif
