/* ISC license. */

/*
   The handshake of a parent and a child: each tells the other that a step is
   done, and neither can wait for ever, because the death of one is the end of
   file of the other.
*/

#ifndef LCBOOT_PAIR_H
#define LCBOOT_PAIR_H

 /* Makes the two ends, close-on-exec. Each side closes the other's after the
    fork. Returns 1, or 0 with errno set. */

extern int lc_pair_make (int *fds) ;

 /* Tells the other side that a step is done. Returns 1, or 0 if it is gone. */

extern int lc_pair_tell (int fd) ;

 /* Waits until the other side tells. Returns 1, or 0 if it is gone. */

extern int lc_pair_wait (int fd) ;

 /* 1 if the other side is gone, 0 if it is there, without waiting. */

extern int lc_pair_is_gone (int fd) ;

#endif
