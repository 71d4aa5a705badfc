/* ISC license. */

/* User namespaces and the maps that are written into them. */

#ifndef LCBOOT_USERNS_H
#define LCBOOT_USERNS_H

#include <sys/types.h>

#include <lcboot/child.h>
#include <lcboot/idmap.h>

/*
   Writes the maps of a user namespace whose first process is pid. The caller is
   in the parent user namespace, and pid is its child or its parent, waiting, so
   that the number cannot come to mean another process.
   With CAP_SETUID and CAP_SETGID they are written directly; without, a map of
   the caller's own id alone is written too (after setgroups was denied, for
   groups), and everything else goes through newuidmap(1) and newgidmap(1), which
   get the signals of sigs: to be called with SIGCHLD held.
   Dies 111 with a message that says what is missing.
*/

extern void lc_userns_write (pid_t pid, lc_idmaps const *maps, lc_sigstate const *sigs) ;

/*
   Makes a user namespace with those maps, in which no process remains.
   Returns a close-on-exec descriptor of it. Dies 111 with a message.
*/

extern int lc_userns_make (lc_idmaps const *maps) ;

/*
   Becomes user 0 and group 0 of the user namespace that the process has just
   entered, each if it is mapped there; then supplementary groups go too, unless
   setgroups(2) is denied. Leaves the caller's session keyring, where it can, and
   keeps the signal of PR_SET_PDEATHSIG.
   Returns 1, or 0 with errno set.
*/

extern int lc_userns_become_root (void) ;

 /* 1 if the process is in a user namespace other than the first, else 0. It is
    told from the inode number of /proc/self/ns/user, which the kernel fixes for
    the first (PROC_USER_INIT_INO). 0 too where no procfs can be had. */

extern int lc_userns_inside (void) ;

#endif
