/* ISC license. */

#ifndef LCBOOT_SEALED_H
#define LCBOOT_SEALED_H

/*
   Executes this program again, with the arguments argv, from a copy of its file
   that is in memory alone and sealed against every change: whoever can reach
   proc_pid_exe(5) of the process cannot write to a file of the boot image through
   it (CVE-2019-5736). memfd_create(2), Linux 3.17; execveat(2), Linux 3.19.
   Returns 1 if it runs from such a copy already, 0 with errno set if it cannot.
*/

extern int lc_sealed_exec (char const *const *argv) ;

#endif
