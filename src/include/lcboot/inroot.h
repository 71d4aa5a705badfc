/* ISC license. */

/*
   Paths inside a guest root, by descriptor. No symbolic link leads out of the
   root, none of procfs' magic links is followed, and what comes back is a
   descriptor of the object that was checked: use that, never the path again.
   openat2(2) (Linux 5.6) where it works; else a walk of single components that
   are opened with O_NOFOLLOW.
*/

#ifndef LCBOOT_INROOT_H
#define LCBOOT_INROOT_H

#include <sys/types.h>

/*
   Opens the directory that a root is (O_PATH), following links: the path is
   the administrator's. "/" if path is null.
   Returns a close-on-exec descriptor, or -1 with errno set.
*/

extern int lc_root_open (char const *path) ;

/*
   The root that an option -R names: lc_root_open, or AT_FDCWD if path is null.
   Dies 111 with a message if it cannot be opened.
*/

extern int lc_root_option (char const *path) ;

#define LC_INROOT_NOSYMLINKS 0x01  /* any symbolic link on the way is ELOOP */
#define LC_INROOT_MKDIR 0x02       /* a missing directory is made */
#define LC_INROOT_MKFILE 0x04      /* a missing last component is made as an empty file */

/*
   Opens path, which is taken as absolute, inside the root at rootfd, with
   O_PATH. An empty one is ENOENT. With MKDIR or MKFILE everything that is missing is made, directories
   with mode 0755 and files with 0644 under the current umask, and then no
   symbolic link may be on the way. An AT_FDCWD rootfd means an ordinary path
   of the process itself, which is followed as open(2) does.
   Returns a close-on-exec descriptor, or -1 with errno set: ELOOP for a link
   that was not to be followed or for too many of them, EXDEV for an attempt to
   leave the root.
*/

extern int lc_inroot_open (int rootfd, char const *path, unsigned int flags) ;

/*
   Opens one name (no slash) in the directory dirfd with O_PATH | O_NOFOLLOW.
   Returns a close-on-exec descriptor, or -1 with errno set.
*/

extern int lc_inroot_entry (int dirfd, char const *name) ;

/*
   Removes everything below the directory dirfd, by descriptors, without
   following a link or entering another mount; mount points, and the directories
   that lead to them, stay.
   Returns 1, or 0 with errno set when something could not be removed (it goes
   on with the rest).
*/

extern int lc_inroot_empty (int dirfd) ;

#endif
