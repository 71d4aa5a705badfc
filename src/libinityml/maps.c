/* ISC license. */

#include <stdint.h>
#include <string.h>

#include <skalibs/genalloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <lcboot/idmap.h>
#include <lcboot/ids.h>

#include <inityml/maps.h>
#include <inityml/mistakes.h>
#include <inityml/values.h>
#include <inityml/yaml.h>

#define dienomem() strerr_diefusys(111, "allocate memory")

static char const blanks[] = " \t\n\r\f\v" ;

static int number (inityml_mistakes *m, inityml_node const *node, char const *what, uint32_t max, uint32_t *n)
{
  uint64_t x ;
  if (node->kind != INITYML_STRING || !value_is_digits(node->text))
  {
    value_expected(m, node, what, "a decimal number, digits and nothing else,") ;
    return 0 ;
  }
  if (node->text[0] == '0' && node->text[1])
  {
    value_wrong(m, node, what, ": ", node->text, " is octal in YAML 1.1 and decimal in 1.2; write it without the 0 before it") ;
    return 0 ;
  }
  if (!lc_number_scan(node->text, max, &x))
  {
    value_wrong(m, node, what, ": ", node->text, " is too large for an id") ;
    return 0 ;
  }
  *n = (uint32_t)x ;
  return 1 ;
}

 /* The numbers of a map between blanks. */

static int numbers (inityml_mistakes *m, inityml_node const *node, uint32_t *n)
{
  char const *s = node->text + strspn(node->text, blanks) ;
  unsigned int i = 0 ;
  for (; *s ; i++)
  {
    size_t len = strcspn(s, blanks) ;
    char num[UINT32_FMT] ;
    uint64_t x ;
    if (i == 3 || len >= sizeof(num)) break ;
    memcpy(num, s, len) ;
    num[len] = 0 ;
    if (!lc_number_scan(num, i < 2 ? LC_ID_MAX : UINT32_MAX, &x)) break ;
    n[i] = (uint32_t)x ;
    s += len ;
    s += strspn(s, blanks) ;
  }
  if (!*s && i >= 2) return 1 ;
  value_wrong(m, node, "id_map: two or three ids are expected, inside, outside and count, not ", *node->text ? node->text : "an empty text") ;
  return 0 ;
}

static int extent (inityml_mistakes *m, inityml_node const *node, uint32_t *n)
{
  enum { INTERNAL, EXTERNAL, SIZE, KEYS } ;
  static char const *const names[KEYS] = { "internal", "external", "size" } ;
  inityml_node const *v[KEYS] = { 0, 0, 0 } ;
  size_t i = 0 ;
  int ok = 1 ;
  n[SIZE] = 1 ;
  if (node->kind == INITYML_STRING) return numbers(m, node, n) ;
  if (node->kind == INITYML_LIST)
  {
    if (node->n != 2 && node->n != 3)
    {
      value_wrong(m, node, "id_map: two or three ids are expected in a list, inside, outside and count") ;
      return 0 ;
    }
    for (; i < node->n ; i++) v[i] = node->item[i] ;
  }
  else if (!value_fields(m, node, "id_map", names, KEYS, v)) return 0 ;
  for (i = 0 ; i < KEYS ; i++)
  {
    if (v[i]) ok &= number(m, v[i], names[i], i == SIZE ? UINT32_MAX : LC_ID_MAX, n + i) ;
    else if (i != SIZE)
    {
      value_wrong(m, node, "id_map: the key ", names[i], " is missing") ;
      ok = 0 ;
    }
  }
  return ok ;
}

 /* where holds the nodes of the extents. */

static void add_extent (inityml_mistakes *m, genalloc *map, genalloc *where, inityml_node const *node)
{
  uint32_t n[3] ;
  lc_idextent e ;
  size_t i = 0 ;
  if (!extent(m, node, n)) return ;
  e = (lc_idextent){ .inside = n[0], .outside = n[1], .count = n[2] } ;
  if (!e.count)
  {
    value_wrong(m, node, "id_map: a count of 0 maps nothing") ;
    return ;
  }
  if (e.count - 1 > LC_ID_MAX - e.inside || e.count - 1 > LC_ID_MAX - e.outside)
  {
    value_wrong(m, node, "id_map: this runs past the last id, 4294967294") ;
    return ;
  }
  for (; i < genalloc_len(lc_idextent, map) ; i++)
  {
    lc_idextent const *old = genalloc_s(lc_idextent, map) + i ;
    char const *side = lc_idextent_overlap(&e, old) ;
    char fmt[SIZE_FMT], a[LC_IDEXTENT_FMT], b[LC_IDEXTENT_FMT] ;
    if (!side) continue ;
    lc_idextent_fmt(a, &e, ' ') ;
    lc_idextent_fmt(b, old, ' ') ;
    value_wrong(m, node, "id_map: ", a, " overlaps ", side, " with ", b, " of line ", value_line(fmt, genalloc_s(inityml_node const *, where)[i])) ;
    return ;
  }
  if (genalloc_len(lc_idextent, map) == LC_IDMAP_LINES)
  {
    value_wrong(m, node, "id_map: the kernel takes at most 340 lines, and this is one more") ;
    return ;
  }
  if (!genalloc_append(lc_idextent, map, &e) || !genalloc_append(inityml_node const *, where, &node)) dienomem() ;
}

 /* Whether a list is one map and not several: its items are single numbers. */

static int is_flat (inityml_node const *node)
{
  size_t i = 0 ;
  for (; i < node->n ; i++)
    if (node->item[i]->kind != INITYML_STRING || !node->item[i]->text[0] || node->item[i]->text[strcspn(node->item[i]->text, blanks)]) return 0 ;
  return node->n > 0 ;
}

static size_t text_len (genalloc const *map)
{
  char fmt[LC_IDEXTENT_FMT] ;
  size_t len = 0 ;
  size_t i = 0 ;
  for (; i < genalloc_len(lc_idextent, map) ; i++) len += lc_idextent_fmt(fmt, genalloc_s(lc_idextent, map) + i, ' ') + 1 ;
  return len ;
}

void inityml_maps_read (inityml_mistakes *m, inityml_node const *node, char const *what, genalloc *map)
{
  genalloc where = GENALLOC_ZERO ;  /* inityml_node const * */
  size_t before = m->n ;
  int single = node->kind != INITYML_LIST || is_flat(node) ;
  int zero = 0 ;
  size_t n = single ? 1 : node->n ;
  size_t i = 0 ;
  if (node->kind == INITYML_BAD) return ;
  if (single && node->kind == INITYML_BOOL)
  {
    value_expected(m, node, what, "a map or a list of maps") ;
    return ;
  }
  for (; i < n ; i++) add_extent(m, map, &where, single ? node : node->item[i]) ;
  if (m->n > before) return ;
  for (i = 0 ; i < genalloc_len(lc_idextent, map) ; i++) zero |= !genalloc_s(lc_idextent, map)[i].inside ;
  if (!zero) value_wrong(m, node, what, ": inside id 0 is not mapped, which the guest's root needs") ;
  if (text_len(map) >= LC_IDMAP_PAGE) value_wrong(m, node, what, ": these maps are longer than the 4095 bytes that the kernel takes") ;
}
