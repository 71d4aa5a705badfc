/* ISC license. */

#ifndef LCBOOT_LOOP_H
#define LCBOOT_LOOP_H

#include <stdint.h>

#define LC_LOOP_MAX 32

/*
   Puts the image file at filefd behind a free loop device, from offset on for
   sizelimit bytes (0: to its end), that frees itself when it is last closed or
   unmounted. Its name goes to device, which has room for LC_LOOP_MAX bytes.
   Returns a close-on-exec descriptor that keeps it until it is mounted, or -1
   with errno set.
*/

extern int lc_loop_open (int filefd, int ro, uint64_t offset, uint64_t sizelimit, char *device) ;

#endif
