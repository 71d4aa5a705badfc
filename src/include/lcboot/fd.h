/* ISC license. */

#ifndef LCBOOT_FD_H
#define LCBOOT_FD_H

 /* Closes a descriptor on the way out of a failure: errno stays what it is, and
    a negative fd is none. */

extern void lc_close (int fd) ;

#endif
