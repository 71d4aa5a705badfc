/* ISC license. */

#ifndef LCBOOT_CLOCK_H
#define LCBOOT_CLOCK_H

#include <stdint.h>

 /* The time of CLOCK_MONOTONIC, in milliseconds. */

extern uint64_t lc_clock_ms (void) ;

#endif
