/* ISC license. */

#ifndef LCBOOT_NETNS_H
#define LCBOOT_NETNS_H

/*
   Whether the current network namespace, of which nsfd is a descriptor, is the
   initial one, that of the machine. Told from, in this order: its inode number,
   which newer kernels fix (NET_NS_INIT_INO of linux/nsfs.h); its owner, for the initial one
   belongs to the initial user namespace; the sysctls below net.core that exist
   once, in the initial one (/proc/sys/net/core/dev_weight is as old as network
   namespaces). PID 1 says nothing: a container has one of its own.
   procfd is what lc_proc_open gave.
   Returns 1 or 0, or -1 if it cannot be told, because no procfs with sysctls can
   be had.
*/

extern int lc_netns_is_initial (int nsfd, int procfd) ;

#endif
