/* ISC license. */

/*
   The requests that an init reads from its fifo: sysvinit's struct init_request,
   of 384 bytes in the machine's byte order, found in a stream of anything.
*/

#ifndef LCBOOT_INITREQ_H
#define LCBOOT_INITREQ_H

#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

#define LC_INITREQ_MAGIC 0x03091969
#define LC_INITREQ_RUNLEVEL 1  /* the command that asks for one */

typedef struct lc_initreq_s lc_initreq, *lc_initreq_ref ;
struct lc_initreq_s
{
  int32_t magic ;
  int32_t command ;
  int32_t runlevel ;  /* a character */
  int32_t sleeptime ;
  char data[368] ;
} ;

 /* A stream of them: what was read and not understood yet. */

typedef struct lc_initreqs_s lc_initreqs, *lc_initreqs_ref ;
struct lc_initreqs_s
{
  char s[8192] ;
  size_t start ;
  size_t end ;
  uint64_t dropped ;  /* bytes that were part of no request; for the caller to reset */
} ;
#define LC_INITREQS_ZERO { .start = 0, .end = 0, .dropped = 0 }

 /* Reads once from fd. Returns what read(2) does. To be called when
    lc_initreq_next has nothing more: then there is room. */

extern ssize_t lc_initreq_read (lc_initreqs *q, int fd) ;

/*
   Takes the next request out of q. It begins with the magic number; what comes
   before one is dropped, and so is a request that another magic number cuts
   short. Returns 1, or 0 if there is none yet; what q holds then is the beginning
   of one, or nothing.
*/

extern int lc_initreq_next (lc_initreqs *q, lc_initreq *r) ;

 /* Drops the beginning of a request whose end does not come. */

extern void lc_initreq_forget (lc_initreqs *q) ;

#endif
