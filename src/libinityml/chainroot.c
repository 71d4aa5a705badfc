/* ISC license. */

#include <skalibs/nonposix.h>

#include <sys/stat.h>

#include <skalibs/genalloc.h>
#include <skalibs/strerr.h>

#include <inityml/chain.h>
#include <inityml/guest.h>
#include <inityml/lines.h>

static void overlay (inityml_lines *o, inityml_guest const *g)
{
  char const *const *layer = genalloc_s(char const *, &g->layers) ;
  size_t n = genalloc_len(char const *, &g->layers) ;
  int elsewhere = g->place != g->root ;
  size_t i = 0 ;
  if (g->shift && !g->alike)
    for (i = 0 ; i <= n ; i++)
    {
      char const *dir = i ? layer[i-1] : g->root ;
      chain_step(o, "lc-idmap") ;
      chain_maps(o, g, "-b", "-u", "-g") ;
      lines_word(o, dir) ;
      lines_word(o, dir) ;
    }
  chain_step(o, "lc-overlay") ;
  if (g->shift && g->alike) chain_maps(o, g, "-b", "-u", "-g") ;
  if (elsewhere)
  {
    lines_flag(o, "-n") ;
    lines_option(o, "-l", g->root) ;
  }
  for (i = 0 ; i < n ; i++) lines_option(o, "-l", layer[i]) ;
  if (g->cache) lines_option(o, "-c", g->cache) ;
  else lines_flag(o, g->ephemeral ? "-t" : "-r") ;
  lines_word(o, g->place) ;
}

static int is_here (char const *path)
{
  struct stat here, there ;
  if (stat(".", &here) == -1 || stat(path, &there) == -1) strerr_diefusys(111, "look at the working directory") ;
  return here.st_dev == there.st_dev && here.st_ino == there.st_ino ;
}

 /* The working directory would stay below what is mounted on it. */

static void leave_mounts (inityml_lines *o, inityml_guest const *g)
{
  size_t n = genalloc_len(char const *, &g->layers) ;
  int here = is_here(g->place) || is_here(g->root) ;
  while (n--) here |= is_here(genalloc_s(char const *, &g->layers)[n]) ;
  if (!here) return ;
  chain_execline(o, "cd") ;
  lines_flag(o, "/") ;
}

void chain_root (inityml_lines *o, inityml_guest const *g)
{
  lines_comment(o, g->shift ? "its root, with the ids of the guest" : "its root") ;
  leave_mounts(o, g) ;
  if (g->layers.len || g->cache || g->ephemeral)
  {
    overlay(o, g) ;
    return ;
  }
  if (g->shift)
  {
    chain_step(o, "lc-idmap -r") ;
    chain_maps(o, g, "-b", "-u", "-g") ;
    if (g->readonly) lines_flag(o, "-o ro") ;
  }
  else chain_step(o, g->readonly ? "lc-mountfs -o rbind,ro" : "lc-mountfs -o rbind") ;
  lines_word(o, g->root) ;
  lines_word(o, g->place) ;
}
