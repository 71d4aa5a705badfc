/* ISC license. */

#ifndef LCBOOT_CGROUPFS_H
#define LCBOOT_CGROUPFS_H

#include <lcboot/mountopts.h>

/*
   Mounts the control groups that the process sees on target, in the root at
   rootfd (or AT_FDCWD), with o's mount flags: cgroup2, or a tmpfs with a directory
   for each hierarchy of cgroup v1, and unified for cgroup2. What cannot be mounted
   is bound or left out, which lc_say tells, and so it does if there is nothing to
   mount.
   Returns 1, or 0 if nothing was mounted. Dies 111 with a message; then nothing
   stays mounted.
*/

extern int lc_cgroupfs_mount (int rootfd, char const *target, lc_mountopts const *o) ;

#endif
