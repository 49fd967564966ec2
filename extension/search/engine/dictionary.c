/*
 * search/engine/dictionary.c
 *		The dictionary of a segment: finding a term, and walking over terms in order.
 */
#include "search/engine/segment_view.h"

typedef struct Block
{
	const uint8_t *at;
	const uint8_t *end;
	uint64_t offset; /* of the next term's postings */
	uint32_t left;	 /* terms that have not been read */
	uint32_t length; /* of the key */
	uint8_t *key;	 /* SKL_SEARCH_WORD_MAX + 1 bytes */
} Block;

static const uint8_t *
index_of(SklSegment *segment)
{
	const SklSection *section = &segment->header.sections[SKL_SECTION_INDEX];

	if (segment->index == NULL)
		segment->index = skl_segment_bytes(segment, section->offset, section->length);
	return segment->index;
}

/* The first term of a block, with its kind. */
static SklBytes
first_term(SklSegment *segment, uint32_t block)
{
	const uint8_t *index = index_of(segment);
	uint64_t names = 8 * ((uint64_t) segment->n_blocks + 1);
	uint64_t length = segment->header.sections[SKL_SECTION_INDEX].length - names;
	uint32_t from = skl_load32(index + 8 * (size_t) block + 4);
	uint32_t to = skl_load32(index + 8 * (size_t) block + 12);

	if (from >= to || to > length)
		skl_segment_corrupt(segment, "the index of the dictionary is wrong");
	return (SklBytes){index + names + from, to - from};
}

static int
compare(SklBytes left, const uint8_t *key, uint32_t length)
{
	uint32_t shorter = left.length < length ? left.length : length;
	int order = memcmp(left.data, key, shorter);

	return order != 0 ? order : (left.length > length) - (left.length < length);
}

/* The last block whose first term is not greater than the key; 0 when there is none. */
static uint32_t
find_block(SklSegment *segment, const uint8_t *key, uint32_t length)
{
	uint32_t low = 0;
	uint32_t high = segment->n_blocks;

	while (high - low > 1)
	{
		uint32_t middle = low + (high - low) / 2;

		if (compare(first_term(segment, middle), key, length) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void
open_block(SklSegment *segment, uint32_t number, Block *block)
{
	const uint8_t *index = index_of(segment);
	const SklSection *section = &segment->header.sections[SKL_SECTION_DICTIONARY];
	uint32_t from = skl_load32(index + 8 * (size_t) number);
	uint32_t to = skl_load32(index + 8 * (size_t) number + 8);
	uint32_t terms = segment->header.n_terms - number * SKL_DICTIONARY_BLOCK;

	if (from > to || to > section->length || to - from < sizeof(uint64_t))
		skl_segment_corrupt(segment, "the index of the dictionary is wrong");
	block->at = skl_segment_bytes(segment, section->offset + from, to - from);
	block->end = block->at + (to - from);
	block->offset = skl_load64(block->at);
	block->at += sizeof(uint64_t);
	block->left = terms < SKL_DICTIONARY_BLOCK ? terms : SKL_DICTIONARY_BLOCK;
	block->length = 0;
}

/* What the dictionary says must lie within the postings. */
static void
check_info(SklSegment *segment, const Block *block, uint64_t df, uint64_t length, uint64_t pos_from)
{
	const SklSection *postings = &segment->header.sections[SKL_SECTION_POSTINGS];

	if (df == 0 || df > segment->header.n_docs || length > UINT32_MAX || pos_from > length ||
		block->offset > postings->length || length > postings->length - block->offset ||
		pos_from < sizeof(SklSkip) * (uint64_t) skl_blocks((uint32_t) df))
		skl_segment_corrupt(segment, "a term of the dictionary is wrong");
}

/* Reads the next term of the block; false at its end. */
static bool
next_term(SklSegment *segment, Block *block, SklTermInfo *info)
{
	uint64_t shared;
	uint64_t rest;
	uint64_t df;
	uint64_t length;
	uint64_t pos_from;

	if (block->left == 0)
		return false;
	if (!skl_varint_read(&block->at, block->end, &shared) ||
		!skl_varint_read(&block->at, block->end, &rest) || shared > block->length ||
		rest > SKL_SEARCH_WORD_MAX + 1 - shared || shared + rest < 2 ||
		rest > (uint64_t) (block->end - block->at))
		skl_segment_corrupt(segment, "a term of the dictionary is wrong");
	memcpy(block->key + shared, block->at, rest);
	block->length = (uint32_t) (shared + rest);
	block->at += rest;
	if (!skl_varint_read(&block->at, block->end, &df) ||
		!skl_varint_read(&block->at, block->end, &length))
		skl_segment_corrupt(segment, "a term of the dictionary is wrong");
	pos_from = length;
	if (block->key[0] == SKL_TERM_WORD && !skl_varint_read(&block->at, block->end, &pos_from))
		skl_segment_corrupt(segment, "a term of the dictionary is wrong");
	check_info(segment, block, df, length, pos_from);
	*info = (SklTermInfo){.df = (uint32_t) df,
						  .offset = block->offset,
						  .length = (uint32_t) length,
						  .pos_from = (uint32_t) pos_from};
	block->offset += length;
	block->left--;
	return true;
}

bool
skl_segment_lookup(SklSegment *segment, SklTermKind kind, SklBytes term, SklTermInfo *info)
{
	uint8_t wanted[SKL_SEARCH_WORD_MAX + 1];
	uint8_t key[SKL_SEARCH_WORD_MAX + 1];
	Block block = {.key = key};

	if (segment->header.n_terms == 0 || term.length == 0 || term.length > SKL_SEARCH_WORD_MAX)
		return false;
	wanted[0] = (uint8_t) kind;
	memcpy(wanted + 1, term.data, term.length);
	open_block(segment, find_block(segment, wanted, term.length + 1), &block);
	while (next_term(segment, &block, info))
	{
		int order = compare((SklBytes){key, block.length}, wanted, term.length + 1);

		if (order >= 0)
			return order == 0;
	}
	return false;
}

typedef struct FindCall
{
	SklSegment *segment;
	SklTermKind kind;
	SklBytes term;
	SklTermInfo *info;
	bool found;
} FindCall;

static void
find(void *argument)
{
	FindCall *call = argument;

	call->found = skl_segment_lookup(call->segment, call->kind, call->term, call->info);
}

SklStatus
skl_segment_find(SklSegment *segment, SklTermKind kind, SklBytes term, bool *found,
				 SklTermInfo *info)
{
	FindCall call = {segment, kind, term, info, false};
	SklStatus status = skl_segment_run(segment, find, &call);

	*found = call.found;
	return status;
}

/* ---- walking ---- */

bool
skl_term_step(SklTermWalk *walk)
{
	SklSegment *segment = walk->segment;
	Block block = {.key = walk->key};

	for (;;)
	{
		if (walk->at == NULL)
		{
			if (walk->block >= segment->n_blocks)
				return false;
			open_block(segment, walk->block, &block);
		}
		else
			block = (Block){walk->at, walk->end, walk->offset, walk->left, walk->length, walk->key};
		if (next_term(segment, &block, &walk->info))
			break;
		walk->at = NULL;
		walk->block++;
	}
	walk->at = block.at;
	walk->end = block.end;
	walk->offset = block.offset;
	walk->left = block.left;
	walk->length = block.length;
	return true;
}

typedef struct WalkCall
{
	SklTermWalk *walk;
	SklBytes from;
} WalkCall;

static void
walk_from(void *argument)
{
	WalkCall *call = argument;
	SklTermWalk *walk = call->walk;
	uint8_t key[SKL_SEARCH_WORD_MAX + 1] = {(uint8_t) walk->kind};
	uint32_t length =
		call->from.length < SKL_SEARCH_WORD_MAX ? call->from.length : SKL_SEARCH_WORD_MAX;

	if (walk->segment->header.n_terms == 0)
		return;
	if (length > 0)
		memcpy(key + 1, call->from.data, length);
	walk->block = find_block(walk->segment, key, length + 1);
	do
		walk->pending = skl_term_step(walk);
	while (walk->pending && compare((SklBytes){walk->key, walk->length}, key, length + 1) < 0);
}

SklStatus
skl_term_walk(SklSegment *segment, SklTermKind kind, SklBytes from, SklTermWalk *walk)
{
	WalkCall call = {walk, from};

	memset(walk, 0, sizeof(*walk));
	walk->segment = segment;
	walk->kind = kind;
	return skl_segment_run(segment, walk_from, &call);
}

static void
walk_on(void *argument)
{
	SklTermWalk *walk = argument;

	walk->pending = skl_term_step(walk);
}

SklStatus
skl_term_next(SklTermWalk *walk, bool *found, SklBytes *term, SklTermInfo *info)
{
	SklStatus status = SKL_ENGINE_OK;

	*found = false;
	if (walk->taken)
		status = skl_segment_run(walk->segment, walk_on, walk);
	if (status != SKL_ENGINE_OK || !walk->pending || walk->key[0] != walk->kind)
	{
		walk->pending = false;
		walk->taken = false;
		return status;
	}
	walk->taken = true;
	*found = true;
	*term = (SklBytes){walk->key + 1, walk->length - 1};
	*info = walk->info;
	return SKL_ENGINE_OK;
}
