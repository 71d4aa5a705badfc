/* ISC license. */

/*
   Mounts are made detached and attached, by descriptor, to the object that was
   checked: open_tree(2), fsopen(2), move_mount(2) (Linux 5.2), mount_setattr(2)
   (5.12). Where the kernel or a seccomp filter hides those (ENOSYS or EPERM),
   the lc_mount_* functions use mount(2) on /proc/self/fd/N, the same checked
   object; the others have no other way.
   Every function returns 1, or 0 with errno set, unless it says otherwise.
*/

#ifndef LCBOOT_ATTACH_H
#define LCBOOT_ATTACH_H

#include <stdint.h>
#include <sys/stat.h>

#include <lcboot/mountopts.h>

 /* What the kernel said about the last failure of an fsopen(2) context: ": kernel:
    …", ready to append to a message, once; "" if it said nothing. */

extern char const *lc_attach_log (void) ;

 /* Whether errno means that a system call may be hidden, so that the older one
    is worth a try. */

#define lc_hidden(e) ((e) == ENOSYS || (e) == EPERM)

/*
   A private, detached copy of the mount at fd (of the tree below it if rec).
   Returns a close-on-exec descriptor, or -1 with errno set.
*/

extern int lc_tree_clone (int fd, int rec) ;

 /* Attaches the detached mount mfd to the directory or file targetfd. */

extern int lc_tree_attach (int mfd, int targetfd) ;

 /* The same for one name (no slash) in the directory dirfd, which is not followed
    if it is a symbolic link: for a directory that is ours alone. */

extern int lc_tree_attach_entry (int mfd, int dirfd, char const *name) ;

 /* Detaches, lazily, the topmost mount where the root of the mount mfd is, and
    all below it: mfd itself if nothing was mounted on it since. */

extern int lc_tree_detach (int mfd) ;

/*
   Makes a file system of that type, with o's file system options, superblock
   and mount flags, detached. source may be null.
   Returns a close-on-exec descriptor, or -1 with errno set.
*/

extern int lc_fs_make (char const *type, char const *source, lc_mountopts const *o) ;

/*
   The steps of lc_fs_make, for a context that the caller configures. lc_fs_open
   returns one, or -1 with errno set. lc_fs_finish applies the options and
   superblock flags, makes the file system and returns it as lc_fs_make does;
   lc_fs_abandon returns -1, keeps errno, and what the kernel said. Both close
   fsfd, the first by lc_close_late if it succeeds, as lc_mount_* do with what they
   have opened.
*/

extern int lc_fs_open (char const *type, char const *source) ;
extern int lc_fs_finish (int fsfd, lc_mountopts const *o) ;
extern int lc_fs_abandon (int fsfd) ;

 /* Whether o has an option that is too long for fsconfig(2), but not for mount(2) */

extern int lc_fs_is_long (lc_mountopts const *o) ;

/*
   Mounts a file system on targetfd: lc_fs_make and lc_tree_attach, or mount(2).
   With mfd not null, *mfd becomes a close-on-exec descriptor of the new mount.
*/

extern int lc_mount_fs (int targetfd, char const *type, char const *source, lc_mountopts const *o, int *mfd) ;

/*
   Binds the object srcfd on targetfd, with o's mount flags, existing flags kept,
   and o's propagation (private if it names none). LC_OPT_REC in o->what: with
   the whole tree, the flags on all of it. What is bound never is a peer of the
   source: shared is a peer group of its own; slave, then of the whole tree,
   receives from the source's peers. mfd as for lc_mount_fs.
*/

extern int lc_mount_bind (int targetfd, int srcfd, lc_mountopts const *o, int *mfd) ;

 /* Moves the mount at srcfd to targetfd. */

extern int lc_mount_move (int targetfd, int srcfd) ;

 /* Changes the mount at targetfd: LC_OPT_REMOUNT, with LC_OPT_BIND only the
    mount's flags, else the superblock too. */

extern int lc_mount_remount (int targetfd, lc_mountopts const *o) ;

 /* Sets the propagation that o names. */

extern int lc_mount_propagation (int targetfd, lc_mountopts const *o) ;

 /* Warns if the working directory is dir, which something was mounted on: it stays
    below that, and so does every relative path. */

extern void lc_warn_covered (struct stat const *dir, char const *target) ;

/*
   1 if fd is the root of a mount, 0 if not, -1 with errno set if that cannot be
   told. statx(2) tells since Linux 5.8; before, the mount of fd is compared with
   that of the directory it is in, parentfd, or .. if that is -1.
*/

extern int lc_is_mountpoint (int fd, int parentfd) ;

#endif
