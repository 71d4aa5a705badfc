/* ISC license. */

/*
   A procfs that can be trusted: /proc if it is a real procfs root of this PID
   namespace, else one of our own that is attached nowhere (fsopen(2), Linux
   5.2). Files in it are opened without following a link or a mount, so that
   nothing bound over a file of /proc can take its place.
*/

#ifndef LCBOOT_PROC_H
#define LCBOOT_PROC_H

#include <sys/types.h>

#include <skalibs/stralloc.h>

 /* Returns a close-on-exec descriptor of the procfs root, or -1 with errno set. */

extern int lc_proc_open (void) ;

 /* The same where only the caller itself is of interest (pid 0 in what follows):
    /proc may be of any PID namespace that has a number for it. */

extern int lc_proc_open_self (void) ;

 /* 1 if fd is the root of a procfs of this PID namespace, else 0 */

extern int lc_proc_is_own (int fd) ;

/*
   Opens a file of the process pid (0: the caller) with those open(2) flags,
   O_CLOEXEC added; procfd is what lc_proc_open gave. name may hold slashes.
   Returns a descriptor, or -1 with errno set.
*/

extern int lc_proc_pid (int procfd, pid_t pid, char const *name, int flags) ;

/*
   Appends the null-terminated content of a file of the process pid to sa.
   Returns 1, or 0 with errno set.
*/

extern int lc_proc_slurp (int procfd, pid_t pid, char const *name, stralloc *sa) ;

/*
   Opens the namespace file ns/name of the process pid (0: the caller) ("user", "time_for_children").
   It is a magic link, so this one is followed; what comes back is checked to be
   a namespace.
   Returns a close-on-exec descriptor, or -1 with errno set.
*/

extern int lc_proc_ns (int procfd, pid_t pid, char const *name) ;

#define LC_FDPATH_MAX 32

 /* The name /proc/self/fd/N for a descriptor, in s. Returns s. */

extern char const *lc_fdpath (char *s, int fd) ;

/*
   The id of the mount that fd is on: mnt_id of proc_pid_fdinfo(5). The second one
   opens a procfs for that, the first has one in procfd.
   Returns it, or -1 with errno set.
*/

extern int lc_proc_mount (int procfd, int fd) ;
extern int lc_proc_mnt_id (int fd) ;

/*
   Appends, with a null, the path of fd from the root of the process to sa.
   Returns 1, or 0 with errno set: ENOENT if it is not below the root.
*/

extern int lc_proc_path (int procfd, int fd, stralloc *sa) ;

/*
   The name of the file system type of the mount that fd is on ("ext4"),
   appended to sa with a null; read from /proc, for messages.
   Returns 1, or 0 with errno set.
*/

extern int lc_proc_fstype (int fd, stralloc *sa) ;

#endif
