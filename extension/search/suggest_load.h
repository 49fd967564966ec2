/*
 * search/suggest_load.h
 *		Reads what suggestions are made of, and puts it into one block.
 */
#ifndef SKL_SEARCH_SUGGEST_LOAD_H
#define SKL_SEARCH_SUGGEST_LOAD_H

/* A block: this head, the snapshot of engine/suggest.h, the phrases that stand for the same. */
typedef struct SklSuggestBlock
{
	Size size;
	Size snapshot; /* offset */
	Size snapshot_size;
	Size synonyms; /* offset: group (uint32), phrase with its NUL, … */
	Size synonyms_size;
	uint64 synonyms_hash;
} SklSuggestBlock;

typedef struct SklSuggestBuilt
{
	SklSuggestBlock *block; /* in the current memory context */
	int64 milliseconds;
	uint64 stamp;
} SklSuggestBuilt;

/* Hash of suggest_stamp(). */
extern uint64 skl_suggest_stamp(void);

/* Builds a block from what there is, with so many titles of each kind at most, the newest. */
extern void skl_suggest_load(int64 max_titles, SklSuggestBuilt *built);

/* The parts of a block. */
extern const void *skl_suggest_block_snapshot(const SklSuggestBlock *block);

/*
 * The table of synonyms for a text search configuration, analysed at the first use in this process
 * and kept while the phrases are the same; NULL when there are none.
 */
extern const void *skl_suggest_block_synonyms(const SklSuggestBlock *block, Oid config);

#endif
