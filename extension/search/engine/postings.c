/*
 * search/engine/postings.c
 *		Reads the postings of a term, block by block.
 *
 * Document numbers need no check of their own: gaps are positive, and a block must end with the
 * document that its skip entry names, which lies in the segment.
 */
#include "search/engine/postings.h"

#define GAP_BITS_MAX 24

void
skl_postings_open(SklPostings *postings, SklSegment *segment, const SklTermInfo *info)
{
	uint64_t at = segment->header.sections[SKL_SECTION_POSTINGS].offset + info->offset;
	uint32_t n_blocks = skl_blocks(info->df);
	uint32_t skips = n_blocks * (uint32_t) sizeof(SklSkip);

	postings->segment = segment;
	postings->df = info->df;
	postings->n_blocks = n_blocks;
	postings->block = SKL_NO_BLOCK;
	postings->positions_block = SKL_NO_BLOCK;
	postings->has_entries = false;
	postings->blocks_read = 0;
	postings->skips = skl_segment_bytes(segment, at, skips);
	postings->blocks = at + skips;
	postings->blocks_length = info->pos_from - skips;
	postings->positions = at + info->pos_from;
	postings->positions_length = info->length - info->pos_from;
}

uint32_t
skl_postings_seek(const SklPostings *postings, uint32_t from, uint32_t docno)
{
	uint32_t low = from;
	uint32_t step = 1;
	uint32_t high;

	/* near ones are commoner: strides that double, then halves */
	while (low < postings->n_blocks && skl_postings_last(postings, low) < docno)
	{
		from = low + 1;
		low += step;
		step *= 2;
	}
	high = low < postings->n_blocks ? low : postings->n_blocks;
	while (from < high)
	{
		uint32_t middle = from + (high - from) / 2;

		if (skl_postings_last(postings, middle) < docno)
			from = middle + 1;
		else
			high = middle;
	}
	return from;
}

/* The documents of the last block, which is packed along. */
static void
unpack_tail(SklPostings *postings, const uint8_t *packed, unsigned bits, uint32_t before)
{
	skl_bits_unpack32(packed, postings->n, bits, postings->docs);
	for (uint32_t i = 0; i < postings->n; i++)
	{
		before += postings->docs[i] + 1;
		postings->docs[i] = before;
	}
}

void
skl_postings_docs(SklPostings *postings, uint32_t block)
{
	SklSkip skip = skl_postings_skip(postings, block);
	uint32_t before = block == 0 ? UINT32_MAX : skl_postings_last(postings, block - 1);
	size_t doc_bytes;
	size_t bytes;
	const uint8_t *packed;

	if (postings->block == block)
		return;
	postings->n = block + 1 < postings->n_blocks ? SKL_BLOCK : postings->df - block * SKL_BLOCK;
	doc_bytes = skl_bits_bytes(postings->n, skip.doc_bits);
	bytes = doc_bytes + skl_bits_bytes(postings->n, skip.entry_bits);
	if (skip.last_docno >= postings->segment->header.n_docs || skip.doc_bits > GAP_BITS_MAX ||
		skip.entry_bits > GAP_BITS_MAX ||
		(uint64_t) skip.offset + bytes > postings->blocks_length ||
		(block > 0 && before >= skip.last_docno))
		skl_segment_corrupt(postings->segment, "a block of postings is wrong");
	packed = skl_segment_bytes(postings->segment, postings->blocks + skip.offset,
							   bytes + SKL_BITS_SLACK);
	postings->block = SKL_NO_BLOCK;
	if (postings->n == SKL_BLOCK)
	{
		skl_block_unpack(packed, skip.doc_bits, postings->docs);
		skl_block_sum(postings->docs, before);
	}
	else
		unpack_tail(postings, packed, skip.doc_bits, before);
	if (postings->docs[postings->n - 1] != skip.last_docno)
		skl_segment_corrupt(postings->segment, "a block of postings is wrong");
	postings->block = block;
	postings->packed_entries = packed + doc_bytes;
	postings->entry_bits = skip.entry_bits;
	postings->has_entries = false;
	postings->blocks_read++;
}

void
skl_postings_entries(SklPostings *postings)
{
	if (postings->has_entries)
		return;
	(void) skl_segment_palette(postings->segment);
	if (postings->entry_bits > postings->segment->palette_bits)
		skl_segment_corrupt(postings->segment, "a block of postings is wrong");
	if (postings->n == SKL_BLOCK)
		skl_block_unpack(postings->packed_entries, postings->entry_bits, postings->entries);
	else
		skl_bits_unpack32(postings->packed_entries, postings->n, postings->entry_bits,
						  postings->entries);
	postings->has_entries = true;
}

/* ---- positions ---- */

/* Where the positions of each posting of the block begin, and their bits. */
static void
open_positions(SklPostings *postings)
{
	SklSegment *segment = postings->segment;
	const SklPaletteEntry *palette = skl_segment_palette(segment);
	uint32_t from = 0;
	uint64_t total = 0;
	uint64_t bytes;

	skl_postings_entries(postings);
	for (uint32_t i = 0; i < postings->n; i++)
	{
		const SklPaletteEntry *entry = &palette[postings->entries[i]];

		postings->starts[i] = (uint32_t) total;
		for (int f = 0; f < SKL_FIELDS; f++)
			total += entry->tf[f];
	}
	postings->starts[postings->n] = (uint32_t) total;
	if (postings->n_blocks > 1)
	{
		if (4 * (uint64_t) postings->n_blocks > postings->positions_length)
			skl_segment_corrupt(segment, "positions are wrong");
		from = skl_load32(
			skl_segment_bytes(segment, postings->positions + 4 * (uint64_t) postings->block, 4));
	}
	if (from >= postings->positions_length)
		skl_segment_corrupt(segment, "positions are wrong");
	postings->position_bits = *skl_segment_bytes(segment, postings->positions + from, 1);
	bytes = skl_bits_bytes(total, postings->position_bits);
	if (postings->position_bits > 32 || bytes + 1 > postings->positions_length - from)
		skl_segment_corrupt(segment, "positions are wrong");
	postings->packed_positions =
		skl_segment_bytes(segment, postings->positions + from + 1, bytes + SKL_BITS_SLACK);
	postings->positions_block = postings->block;
}

uint32_t
skl_postings_positions(SklPostings *postings, uint32_t i, unsigned field, uint32_t *positions)
{
	const SklPaletteEntry *entry;
	uint32_t at;
	uint32_t before = UINT32_MAX;

	if (postings->positions_block != postings->block)
		open_positions(postings);
	entry = &postings->segment->palette[postings->entries[i]];
	at = postings->starts[i];
	for (unsigned f = 0; f < field; f++)
		at += entry->tf[f];
	if (entry->tf[field] > SKL_TF_MAX)
		skl_segment_corrupt(postings->segment, "a word occurs too often");
	for (uint32_t j = 0; j < entry->tf[field]; j++)
	{
		before += 1 + (uint32_t) skl_bits_get(postings->packed_positions, at + j,
											  postings->position_bits);
		positions[j] = before;
	}
	return entry->tf[field];
}
