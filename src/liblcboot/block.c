/* ISC license. */

#include <skalibs/strerr.h>

#include <execline/execline.h>

#include <lcboot/block.h>

char const *const *lc_block (int argc, char const **argv, int *ind, char const *what)
{
  char const **block = argv + *ind ;
  int n ;
  if (*ind >= argc) strerr_dief(100, "no block after ", what) ;
  if (block[0][0] && block[0][0] != EXECLINE_BLOCK_QUOTE_CHAR)
    strerr_dief(100, what, " must be followed by a block, not by ", block[0],
      block[0][0] == '{' ? " (a shell knows no blocks: lcboot(7) says how they are written there)" : "") ;
  n = el_semicolon(block) ;
  if (n >= argc - *ind) strerr_dief(100, "unterminated block after ", what) ;
  block[n] = 0 ;
  *ind += n + 1 ;
  return (char const *const *)block ;
}

char const *const *lc_block_optional (int argc, char const **argv, subgetopt *l, char const *what)
{
   /* subgetopt_r moves on from the end of an argument at its next call only */
  if (l->pos && !argv[l->ind][l->pos])
  {
    l->ind++ ;
    l->pos = 0 ;
  }
  if (l->pos) strerr_dief(100, what, " must be the last option of its argument, ", argv[l->ind]) ;
  return lc_block(argc, argv, &l->ind, what) ;
}

char const *const *lc_block_option (int argc, char const **argv, subgetopt *l, char const *what)
{
  char const *const *block = lc_block_optional(argc, argv, l, what) ;
  if (!block[0]) strerr_dief(100, "empty block after ", what) ;
  return block ;
}
