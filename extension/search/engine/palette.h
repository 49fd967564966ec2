/*
 * search/engine/palette.h
 *		Numbers the combinations of occurrences (so often in the title, in skills, in the body) and
 *		counts how many postings have each. All functions raise.
 */
#ifndef SKL_SEARCH_PALETTE_H
#define SKL_SEARCH_PALETTE_H

#include "search/engine/buffer.h"
#include "search/engine/segment_format.h"

typedef struct SklPalette
{
	SklEngine *engine;
	SklBuffer entries; /* SklPaletteEntry */
	uint32_t n_entries;
	uint32_t n_used; /* after skl_palette_sort: those that any posting has */
	uint32_t *table; /* hash table of entries, + 1 */
	uint32_t table_size;
} SklPalette;

extern void skl_palette_begin(SklPalette *palette, SklEngine *engine);

/* The number of a combination; more postings have it. */
extern uint32_t skl_palette_count(SklPalette *palette, const uint16_t tf[SKL_FIELDS],
								  uint32_t postings);

/*
 * The entries that are used, the commonest first, and equal ones in the order of their counts; the
 * new number of each old one.
 */
extern SklPaletteEntry *skl_palette_sort(SklPalette *palette, uint32_t **new_entry);

#endif
