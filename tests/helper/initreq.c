/* ISC license. */

/*
   Writes requests as sysvinit's clients do, each of them by one write(2), to
   standard output: initreq [ -c command ] [ -l length ] [ -m magic ] [ -n times ]
   runlevel... With another length than 384 they are cut short, or something
   follows. A magic number is given in decimal.
*/

#include <skalibs/nonposix.h>

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/sgetopt.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#define USAGE "initreq [ -c command ] [ -l length ] [ -m magic ] [ -n times ] runlevel..."
#define dieusage() strerr_dieusage(100, USAGE)

#define SIZE 384
#define MAX 4096  /* PIPE_BUF: more would not be one piece */

int main (int argc, char const *const *argv)
{
  unsigned int command = 1, length = SIZE, magic = 0x03091969, times = 1 ;
  char s[MAX] ;
  PROG = "initreq" ;
  {
    subgetopt l = SUBGETOPT_ZERO ;
    for (;;)
    {
      int opt = subgetopt_r(argc, argv, "c:l:m:n:", &l) ;
      if (opt == -1) break ;
      switch (opt)
      {
        case 'c' : if (!uint0_scan(l.arg, &command)) dieusage() ; break ;
        case 'l' : if (!uint0_scan(l.arg, &length) || length > MAX) dieusage() ; break ;
        case 'm' : if (!uint0_scan(l.arg, &magic)) dieusage() ; break ;
        case 'n' : if (!uint0_scan(l.arg, &times)) dieusage() ; break ;
        default : dieusage() ;
      }
    }
    argc -= l.ind ; argv += l.ind ;
  }
  if (!argc) dieusage() ;
  for (; times-- ; )
    for (int i = 0 ; i < argc ; i++)
    {
      uint32_t const head[4] = { magic, command, (unsigned char)argv[i][0], 0 } ;
      memset(s, 'x', sizeof(s)) ;
      memset(s, 0, SIZE) ;
      memcpy(s, head, sizeof(head)) ;
      if (write(1, s, length) != (ssize_t)length) strerr_diefu1sys(111, "write") ;
    }
  return 0 ;
}
