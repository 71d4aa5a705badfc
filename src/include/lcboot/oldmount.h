/* ISC license. */

/*
   What lcboot/attach.h does, by mount(2) alone: for kernels and seccomp filters
   without the newer calls. A target is named as /proc/self/fd/N, so /proc has to
   be there. Every function returns 1, or 0 with errno set.
*/

#ifndef LCBOOT_OLDMOUNT_H
#define LCBOOT_OLDMOUNT_H

#include <lcboot/mountopts.h>

 /* As lc_mount_fs */

extern int lc_oldmount_fs (int targetfd, char const *type, char const *source, lc_mountopts const *o, int *mfd) ;

 /* As lc_mount_bind */

extern int lc_oldmount_bind (int targetfd, int srcfd, lc_mountopts const *o, int *mfd) ;

 /* As lc_mount_move */

extern int lc_oldmount_move (int targetfd, int srcfd) ;

 /* As lc_mount_propagation */

extern int lc_oldmount_propagation (int targetfd, lc_mountopts const *o) ;

 /* As lc_mount_remount */

extern int lc_oldmount_remount (int targetfd, lc_mountopts const *o) ;

#endif
