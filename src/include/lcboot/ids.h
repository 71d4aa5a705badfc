/* ISC license. */

#ifndef LCBOOT_IDS_H
#define LCBOOT_IDS_H

#include <stdint.h>
#include <sys/types.h>

/*
   Scans a decimal number: digits only, nothing before or after them, no more
   than max. Returns 1, or 0 if s is not that.
*/

extern int lc_number_scan (char const *s, uint64_t max, uint64_t *n) ;

/*
   Scans a size: a number of bytes above 0, with k, M, G or T (or in the other case)
   for 1024, 1024 times that and so on. Returns 1, or 0 if s is not that, or too large
   for a signed number of 64 bits.
*/

extern int lc_size_scan (char const *s, uint64_t *n) ;

#define LC_ID_MAX 4294967294U  /* (uid_t)-1 means "leave it" to the kernel */

 /* Scans a user or group id. Returns 1, or 0 if s is none. */

extern int lc_id_scan (char const *s, uint32_t *id) ;

/*
   Scans an owner, uid[:gid]. Without a gid *gid is (gid_t)-1, which is "leave it".
   Dies 100, naming s, if it is not that.
*/

extern void lc_owner_scan (char const *s, uid_t *uid, gid_t *gid) ;

#endif
