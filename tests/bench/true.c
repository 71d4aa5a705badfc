/* ISC license. */

/*
   The payload of what is timed: nothing.
*/

#include <sys/syscall.h>

#include "raw.h"

static int program (int argc, char **argv, char **envp)
{
  (void)argc ;
  (void)argv ;
  (void)envp ;
  return 0 ;
}
