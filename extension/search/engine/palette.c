/*
 * search/engine/palette.c
 *		Combinations of occurrences.
 */
#include "search/engine/palette.h"

#include <stdlib.h>

void
skl_palette_begin(SklPalette *palette, SklEngine *engine)
{
	memset(palette, 0, sizeof(*palette));
	palette->engine = engine;
	palette->entries.engine = engine;
}

static SklPaletteEntry *
entries_of(const SklPalette *palette)
{
	return (SklPaletteEntry *) (void *) palette->entries.data;
}

static uint32_t
hash_of(const uint16_t tf[SKL_FIELDS])
{
	uint64_t all = tf[0] | (uint64_t) tf[1] << 16 | (uint64_t) tf[2] << 32;

	return (uint32_t) (all * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

static void
grow_table(SklPalette *palette)
{
	uint32_t size = palette->table_size == 0 ? 64 : palette->table_size * 2;

	palette->table = skl_engine_zalloc(palette->engine, sizeof(uint32_t) * size);
	palette->table_size = size;
	for (uint32_t i = 0; i < palette->n_entries; i++)
	{
		uint32_t slot = hash_of(entries_of(palette)[i].tf) & (size - 1);

		while (palette->table[slot] != 0)
			slot = (slot + 1) & (size - 1);
		palette->table[slot] = i + 1;
	}
}

uint32_t
skl_palette_count(SklPalette *palette, const uint16_t tf[SKL_FIELDS], uint32_t postings)
{
	SklPaletteEntry entry = {.count = postings};
	uint32_t slot;

	if (palette->n_entries * 2 >= palette->table_size)
		grow_table(palette);
	slot = hash_of(tf) & (palette->table_size - 1);
	for (; palette->table[slot] != 0; slot = (slot + 1) & (palette->table_size - 1))
	{
		SklPaletteEntry *old = &entries_of(palette)[palette->table[slot] - 1];

		if (memcmp(old->tf, tf, sizeof(old->tf)) == 0)
		{
			old->count += postings;
			return palette->table[slot] - 1;
		}
	}
	memcpy(entry.tf, tf, sizeof(entry.tf));
	skl_buffer_add(&palette->entries, &entry, sizeof(entry));
	palette->table[slot] = ++palette->n_entries;
	return palette->n_entries - 1;
}

static int
compare_entries(const void *a, const void *b)
{
	const SklPaletteEntry *left = *(SklPaletteEntry *const *) a;
	const SklPaletteEntry *right = *(SklPaletteEntry *const *) b;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	for (int f = 0; f < SKL_FIELDS; f++)
		if (left->tf[f] != right->tf[f])
			return left->tf[f] < right->tf[f] ? -1 : 1;
	return 0;
}

SklPaletteEntry *
skl_palette_sort(SklPalette *palette, uint32_t **new_entry)
{
	size_t n = palette->n_entries;
	SklPaletteEntry **order = skl_engine_alloc(palette->engine, sizeof(*order) * (n + 1));
	SklPaletteEntry *sorted = skl_engine_alloc(palette->engine, sizeof(*sorted) * (n + 1));

	*new_entry = skl_engine_alloc(palette->engine, sizeof(**new_entry) * (n + 1));
	palette->n_used = 0;
	for (size_t i = 0; i < n; i++)
		order[i] = &entries_of(palette)[i];
	qsort(order, n, sizeof(*order), compare_entries);
	for (size_t i = 0; i < n; i++)
	{
		sorted[i] = *order[i];
		(*new_entry)[order[i] - entries_of(palette)] = (uint32_t) i;
		palette->n_used += sorted[i].count > 0;
	}
	return sorted;
}
