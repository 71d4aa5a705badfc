/* ISC license. */

#ifndef LCBOOT_FD_H
#define LCBOOT_FD_H

 /* Closes a descriptor on the way out of a failure: errno stays what it is, and
    a negative fd is none. */

extern void lc_close (int fd) ;

/*
   For a close-on-exec descriptor that nobody waits to see closed (no pipe, no lock): it
   may stay open until lc_exec, where execve(2) closes it at no cost. Only a few stay
   so, what is more is closed at once. A negative fd is none; errno stays what it is.
   lc_close_late_now closes those that are still open, neighbours by one close_range(2)
   (Linux 5.9): to be called before many others are opened, before a process that is not
   trusted can see this one, and by a process that stays.
   lc_close_late_none forgets them: after lc_vclone, whose child has descriptors of its
   own and noted them in our memory.
*/

extern void lc_close_late (int fd) ;
extern void lc_close_late_now (void) ;
extern void lc_close_late_none (void) ;

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
   Closes every descriptor from first on, and those of lc_close_late. close_range(2) is Linux 5.9; without it
   the list is in procfs, and listfd is what lc_fd_list returned.
   Returns 1, or 0 with errno set if there is neither.
*/

extern int lc_close_from (unsigned int first, int listfd) ;

 /* Opens the list that lc_close_from will need, where /proc can be trusted: a
    close-on-exec descriptor, or -1 if none is needed or to be had. */

extern int lc_fd_list (void) ;

#endif
