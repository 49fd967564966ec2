/*
 * search/engine/postings.h
 *		Reads the postings of a term, block by block. Functions raise on the segment's engine.
 */
#ifndef SKL_SEARCH_POSTINGS_H
#define SKL_SEARCH_POSTINGS_H

#include "search/engine/segment_view.h"

#define SKL_NO_BLOCK UINT32_MAX

typedef struct SklPostings
{
	SklSegment *segment;
	const uint8_t *skips; /* SklSkip, not aligned */
	uint64_t blocks;	  /* where in the segment the blocks begin */
	uint64_t positions;	  /* and the positions */
	uint32_t blocks_length;
	uint32_t positions_length;
	uint32_t df;
	uint32_t n_blocks;

	/* the block that is unpacked */
	uint32_t block; /* SKL_NO_BLOCK: none */
	uint32_t n;
	const uint8_t *packed_entries;
	unsigned entry_bits;
	bool has_entries;
	uint64_t blocks_read;
	uint32_t docs[SKL_BLOCK];
	uint32_t entries[SKL_BLOCK];

	/* positions of the block that they were last asked of */
	uint32_t positions_block;
	unsigned position_bits;
	const uint8_t *packed_positions;
	uint32_t starts[SKL_BLOCK + 1]; /* of each posting's positions */
} SklPostings;

extern void skl_postings_open(SklPostings *postings, SklSegment *segment, const SklTermInfo *info);

static inline SklSkip
skl_postings_skip(const SklPostings *postings, uint32_t block)
{
	SklSkip skip;

	memcpy(&skip, postings->skips + sizeof(skip) * (size_t) block, sizeof(skip));
	return skip;
}

static inline uint32_t
skl_postings_last(const SklPostings *postings, uint32_t block)
{
	return skl_load32(postings->skips + sizeof(SklSkip) * (size_t) block);
}

/* The first of n numbers that is not less than docno; n - 1 when all are less. */
static inline uint32_t
skl_lower_bound(const uint32_t *docs, uint32_t n, uint32_t docno)
{
	uint32_t low = 0;

	while (n > 1)
	{
		uint32_t half = n / 2;

		low += docs[low + half - 1] < docno ? half : 0;
		n -= half;
	}
	return low;
}

/* The first block from "from" on that may have documents not less than docno; n_blocks: none. */
extern uint32_t skl_postings_seek(const SklPostings *postings, uint32_t from, uint32_t docno);

/* Unpacks the documents of a block, unless they are. */
extern void skl_postings_docs(SklPostings *postings, uint32_t block);

/* The place of docno, which the unpacked block reaches, or of the first greater one, from at on. */
static inline uint32_t
skl_postings_go_to(const SklPostings *postings, uint32_t at, uint32_t docno)
{
	while (at + 8 < postings->n && postings->docs[at + 8] < docno)
		at += 8;
	while (postings->docs[at] < docno)
		at++;
	return at;
}

/* Unpacks the palette entries of the block whose documents are unpacked. */
extern void skl_postings_entries(SklPostings *postings);

/*
 * Positions of posting i of the unpacked block, in one field: as many as the palette entry says,
 * which it answers; at most SKL_TF_MAX.
 */
extern uint32_t skl_postings_positions(SklPostings *postings, uint32_t i, unsigned field,
									   uint32_t *positions);

#endif
