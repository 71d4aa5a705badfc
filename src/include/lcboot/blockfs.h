/* ISC license. */

#ifndef LCBOOT_BLOCKFS_H
#define LCBOOT_BLOCKFS_H

#include <lcboot/mountopts.h>

/*
   As lc_mount_fs, for a device whose file system is not known: the types of
   /proc/filesystems that want a device are tried in the kernel's order, as a
   small mount(8) does it. Returns 1, or 0 with errno set.
*/

extern int lc_mount_found (int targetfd, char const *source, lc_mountopts const *o, int *mfd) ;

#endif
