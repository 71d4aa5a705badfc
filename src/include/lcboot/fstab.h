/* ISC license. */

/*
   fstab(5), line by line. Not by libc's getmntent(3): musl's takes escapes for
   text, and does not see a last line without a newline.
*/

#ifndef LCBOOT_FSTAB_H
#define LCBOOT_FSTAB_H

 /* A line, in the memory of the text: a field that is not there is "". */

typedef struct lc_fstab_s lc_fstab, *lc_fstab_ref ;
struct lc_fstab_s
{
  char *source ;
  char *target ;
  char *type ;
  char *options ;
  char *freq ;
  char *passno ;
  unsigned int n ;  /* how many fields there are: more than the six, perhaps */
} ;

/*
   Takes the next line of *text apart, in place, skipping empty ones and comments:
   fields are ended by nulls and unescaped. *text then is the line after it.
   Returns 1, or 0 at the end of the text.
*/

extern int lc_fstab_next (char **text, lc_fstab *line) ;

/*
   Replaces, in place, what stands in fstab(5) and proc_pid_mountinfo(5) for a blank,
   tab, newline or backslash: a backslash and three octal digits, or two
   backslashes. Returns s.
*/

extern char *lc_fstab_unescape (char *s) ;

 /* Whether source is a tag (UUID=, LABEL= …) that stands for a device: 1 or 0. */

extern int lc_fstab_is_tag (char const *source) ;

#endif
