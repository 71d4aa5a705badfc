/* ISC license. */

#ifndef LCBOOT_DETACH_H
#define LCBOOT_DETACH_H

/*
   For a child that stays, while the tree that it was started in goes and has to be
   out of the guest's reach: it keeps nothing of that tree. It gets a session of its
   own and the working directory /, and loses all descriptors but the n at *fds,
   which become those from 3 on, close-on-exec ones no more, and a standard error
   for its messages. That stays what it is if it keeps no mount in use (a pipe, a
   socket) or rootfd is negative, else it becomes /dev/console in the root at
   rootfd, if that is a terminal. Standard input and output, and standard error if
   there is none or had_stderr is 0, become copies of *fds[0].
   Dies 111.
*/

extern void lc_detach (int *const *fds, unsigned int n, int rootfd, int had_stderr) ;

#endif
