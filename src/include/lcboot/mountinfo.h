/* ISC license. */

/* The mount table, proc_pid_mountinfo(5), line by line. */

#ifndef LCBOOT_MOUNTINFO_H
#define LCBOOT_MOUNTINFO_H

 /* A line: the words that somebody needs, in the memory of the text */

typedef struct lc_mountinfo_s lc_mountinfo, *lc_mountinfo_ref ;
struct lc_mountinfo_s
{
  unsigned int id ;
  char *root ;   /* what of its file system it shows */
  char *dir ;    /* the mount point, below the root of the process */
  char *type ;
  char *super ;  /* the options of the file system, separated by commas */
} ;

/*
   Takes the line at *text apart, in place: its words are ended by nulls, and what
   is written as a backslash and three octal digits is what it stands for again.
   *text then is the next line.
   Returns 1, 0 at the end of the text, or -1 with errno EPROTO for what is no
   line of a mount table.
*/

extern int lc_mountinfo_next (char **text, lc_mountinfo *m) ;

/*
   What path is called below the directory top, both without a slash at the end:
   a pointer into path, or null if it is not below it.
*/

extern char const *lc_mountinfo_below (char const *path, char const *top) ;

/*
   Opens, with O_PATH, the mount m by its mount point, whose name below the
   directory dirfd is given. procfd is what lc_proc_open or
   lc_proc_open_self gave.
   Returns a close-on-exec descriptor, or -1 with errno set: ENOENT if another
   mount hides it, or it has gone.
*/

extern int lc_mountinfo_open (lc_mountinfo const *m, int procfd, int dirfd, char const *name) ;

#endif
