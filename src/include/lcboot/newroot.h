/* ISC license. */

#ifndef LCBOOT_NEWROOT_H
#define LCBOOT_NEWROOT_H

#define LC_NEWROOT_PIVOT 0   /* pivot_root(2), or a switch from a rootfs */
#define LC_NEWROOT_CHROOT 1
#define LC_NEWROOT_SWITCH 2  /* newroot over the root, which is emptied if it is a ramfs or tmpfs */

/*
   Makes newroot the root, in that way, and the working directory. With a pivot
   the old root is unmounted, or stays at oldroot, an absolute path inside
   newroot, if it is not null. guarded: what is unmounted is made read-only first,
   because programs of newroot will run while this one still does. Dies 111 with a message; unless it says that it
   was about the old root, or about changing to the new one, everything is then
   as it was.
*/

extern void lc_newroot_enter (char const *newroot, char const *oldroot, int how, int guarded) ;

#endif
