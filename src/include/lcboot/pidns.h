/* ISC license. */

#ifndef LCBOOT_PIDNS_H
#define LCBOOT_PIDNS_H

/*
   1 if the process is in the first PID namespace, that of the machine, else 0. It is
   told from the inode number of /proc/self/ns/pid, which the kernel fixes for the
   first (PROC_PID_INIT_INO). 0 too where no procfs can be had.
*/

extern int lc_pidns_is_first (void) ;

#endif
