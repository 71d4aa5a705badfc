/* ISC license. */

/*
   Control groups: the hierarchies that the process sees, of cgroup v1 and cgroup2,
   and one cgroup of the same name in each of them. A hierarchy is found by its
   mounts; whatever is below them is opened one name after the other, without
   following a link or leaving the mount.
   A function that returns an int returns 1, or 0 with errno set, unless it says
   otherwise.
*/

#ifndef LCBOOT_CGROUP_H
#define LCBOOT_CGROUP_H

#include <stdint.h>
#include <sys/types.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <lcboot/mountinfo.h>

typedef struct lc_cgroup_s lc_cgroup, *lc_cgroup_ref ;
struct lc_cgroup_s
{
  char const *controllers ;  /* "" is cgroup2, else "memory", "cpu,cpuacct", "name=systemd" */
  char const *self ;         /* the process's cgroup: proc_pid_cgroup(5) */
  char const *current ;      /* the same below the mount, "" for its root; null: it is not there */
  int rootfd ;               /* the mount; -1: there is none */
  int rdonly ;               /* it is read-only */

   /* what lc_cgroup_open has opened */
  int fd ;                   /* -1: nothing */
  stralloc name ;            /* the mount point and, from name.s + below on, the path under it */
  size_t below ;
  size_t there ;             /* the length of the part that exists */
  unsigned int made ;        /* how many of its last components it has made */
  int entered ;              /* the process is in it */
  stralloc passed ;          /* what lc_cgroup_enable made the current one pass on: "-controller", null-ended */
} ;
#define LC_CGROUP_ZERO { .rootfd = -1, .fd = -1, .name = STRALLOC_ZERO, .passed = STRALLOC_ZERO }

 /* All hierarchies: a genalloc of lc_cgroup, and the texts that they point into */

typedef struct lc_cgroups_s lc_cgroups, *lc_cgroups_ref ;
struct lc_cgroups_s
{
  genalloc h ;
  stralloc self ;
  stralloc mounts ;
} ;
#define LC_CGROUPS_ZERO { .h = GENALLOC_ZERO, .self = STRALLOC_ZERO, .mounts = STRALLOC_ZERO }

#define lc_cgroup_is2(h) (!(h)->controllers[0])

/*
   Finds the hierarchies of the process. Of several mounts of one, that which
   shows the current cgroup is taken, and rather one that can be written. Where none
   is mounted at all, own asks for a mount of cgroup2 that nobody else sees; if the
   kernel refuses it (or has no fsopen(2), Linux 5.2) it is not there.
*/

extern int lc_cgroup_find (lc_cgroups *all, int own) ;

 /* Closes every descriptor and frees all memory. */

extern void lc_cgroup_forget (lc_cgroups *all) ;

 /* The hierarchy that has the controller, mounted or not: one of cgroup v1, else
    cgroup2; null if there is neither. */

extern lc_cgroup *lc_cgroup_of (lc_cgroups const *all, char const *controller) ;

/*
   Opens the cgroup name: below the current one, from the root of the mount if it
   starts with a slash, the current one itself if it is ".". With make, what is
   missing is made; a new cpuset gets its parent's cpus and memory nodes. With
   fresh the last one is made anew: if it is there it must be empty, EBUSY
   otherwise. On failure name is what could not be opened, and what was made is
   removed again.
*/

extern int lc_cgroup_open (lc_cgroup *h, char const *name, int make, int fresh) ;

 /* Whether that directory of a cgroup of h, h->fd or another, is the root of the
    whole hierarchy, which is the machine's, however it is called here: 1 or 0. */

extern int lc_cgroup_is_root (lc_cgroup const *h, int dirfd) ;

 /* Whether the open cgroup has that file: 1 or 0. */

extern int lc_cgroup_has (lc_cgroup const *h, char const *file) ;

 /* Writes value and a newline to a file of the open cgroup, by one write(2). */

extern int lc_cgroup_write (lc_cgroup const *h, char const *file, char const *value) ;

/*
   Lets the cgroups from the root of the mount to the parent of the open one pass
   the controller on, where they do not yet: cgroup.subtree_control of cgroup2. One
   that the process itself is the last member of refuses: with enter, the process
   then moves into the open cgroup first.
   Returns 1 if there was nothing to do, 2 if it is done, 0 with errno set if not:
   then *at is the cgroup that refused and *why the reason in parentheses or nothing,
   each with a null after it.
*/

extern int lc_cgroup_enable (lc_cgroup *h, char const *controller, int enter, stralloc *at, stralloc *why) ;

 /* Reads to sa the controllers, between blanks, of the nearest cgroup above the
    open one that lc_cgroup_open has not made; with a null after them. cgroup2. */

extern int lc_cgroup_offer (lc_cgroup const *h, stralloc *sa) ;

 /* Gives the open cgroup to that user and group ((gid_t)-1: as it is), as
    cgroups(7) says: the directory, and the files that make and fill cgroups
    below it (/sys/kernel/cgroup/delegate). Never those that hold its limits. */

extern int lc_cgroup_delegate (lc_cgroup const *h, uid_t uid, gid_t gid) ;

 /* Moves the process into the open cgroup. */

extern int lc_cgroup_enter (lc_cgroup *h) ;

 /* Undoes lc_cgroup_open, and closes: the process goes back to where it was, and
    what was made is removed if nobody is in it. Keeps errno. */

extern void lc_cgroup_undo (lc_cgroup *h) ;

 /* The same for all that are open */

extern void lc_cgroup_undo_all (lc_cgroups *all) ;

/*
   Kills everything that is in the open cgroups and below them, and removes them,
   the cgroups below them, and those above that lc_cgroup_open has made, if they
   are empty. Takes ten seconds at most. On failure *left is the one that is left.
*/

extern int lc_cgroup_end (lc_cgroups *all, char const **left) ;

/*
   What cgroupfind.c, cgroup.c, cgroupgive.c, cgroupend.c and cgroupfs.c share.

   lc_cgroup_list lists the hierarchies, and reads the mount table to all->mounts;
   procfd is what lc_proc_open_self gave. lc_cgroup_is_mount tells whether m is a
   mount of h; lc_cgroup_mount_open opens it as lc_mountinfo_open does, ENOENT if it
   is that of a single file, too.
   lc_cgroup_has_controller tells whether h is the hierarchy of cgroup v1 that has
   the controller, lc_cgroup_lists whether the first len bytes of word are one of the
   words of list, each of which ends at one of sep.
*/

extern int lc_cgroup_list (lc_cgroups *all, int procfd) ;
extern int lc_cgroup_is_mount (lc_cgroup const *h, lc_mountinfo const *m) ;
extern int lc_cgroup_mount_open (lc_mountinfo const *m, int procfd, int rootfd) ;
extern int lc_cgroup_has_controller (lc_cgroup const *h, char const *controller) ;
extern int lc_cgroup_lists (char const *list, char const *word, size_t len, char const *sep) ;

/*
   lc_cgroup_entry opens one name in the directory of a cgroup with those open(2)
   flags, O_CLOEXEC and O_NOFOLLOW added; lc_cgroup_dir the first len bytes of a
   path below it, O_PATH. Both return a descriptor, or -1 with errno set.
   lc_cgroup_component takes the first name out of a path, to buf, which has room for
   NAME_MAX + 1; *path and *len then are the rest. It returns 1, 0 if there is none,
   -1 if it is too long.
   lc_cgroup_get reads a file of the cgroup at dirfd to sa, with a null after it;
   lc_cgroup_put is lc_cgroup_write for it.
   lc_cgroup_members reads the first PIDs of a cgroup, 0 for a process of another
   PID namespace; it returns how many, or -1 with errno set.
   lc_cgroup_empty removes all cgroups below dirfd; with killing, what runs there
   and in dirfd itself is killed, until the deadline (CLOCK_MONOTONIC, in
   milliseconds). EBUSY if something is left.
*/

extern int lc_cgroup_entry (int dirfd, char const *name, int flags) ;
extern int lc_cgroup_dir (int dirfd, char const *path, size_t len) ;
extern int lc_cgroup_component (char const **path, size_t *len, char *buf) ;
extern int lc_cgroup_get (int dirfd, char const *file, stralloc *sa) ;
extern int lc_cgroup_put (int dirfd, char const *file, char const *value) ;
extern int lc_cgroup_members (int dirfd, pid_t *pids, unsigned int max) ;
extern int lc_cgroup_empty (int dirfd, int killing, uint64_t deadline) ;

#endif
