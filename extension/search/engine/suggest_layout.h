/*
 * search/engine/suggest_layout.h
 *		How a snapshot of suggestions lies in memory. Internal to suggest.c and suggest_build.c.
 */
#ifndef SKL_SEARCH_ENGINE_SUGGEST_LAYOUT_H
#define SKL_SEARCH_ENGINE_SUGGEST_LAYOUT_H

#include "search/engine/suggest.h"

#define SKL_SUGGEST_MAGIC 0x53474731u /* "SGG1" */

/* Best entries that are kept for a prefix; a reader chooses among them by taste. */
#define SKL_SUGGEST_TOP 48

/*
 * Prefixes of up to so many letters whose words have so many entries have their best entries kept.
 */
#define SKL_SUGGEST_TOP_LETTERS 4
#define SKL_SUGGEST_TOP_POSTINGS 512

typedef enum SklSuggestPart
{
	SKL_PART_ENTRIES,
	SKL_PART_WORDS,
	SKL_PART_POSTINGS, /* entry numbers, ascending in each word */
	SKL_PART_FORWARD,  /* word numbers of each entry */
	SKL_PART_PAIRS,
	SKL_PART_TOPS,
	SKL_PART_TOP_ENTRIES,
	SKL_PART_IDS,
	SKL_PART_TEXT,
	SKL_PART_TYPOS,
	SKL_PARTS
} SklSuggestPart;

typedef struct SklSuggestHead
{
	uint32_t magic;
	uint32_t pad;
	uint64_t size;
	uint64_t start[SKL_PARTS]; /* offset from the head */
	uint64_t count[SKL_PARTS]; /* elements; bytes of TEXT and TYPOS */
} SklSuggestHead;

/* Sorted by score, best first: the number of an entry is its rank. */
typedef struct SklSuggestEntry
{
	uint32_t text;
	uint32_t forward;
	uint32_t id; /* number in IDS plus one, 0: none */
	float score;
	uint16_t length;
	uint16_t category;
	uint8_t kind;
	uint8_t n_words;
	uint8_t pad[2];
} SklSuggestEntry;

/* Sorted by bytes. */
typedef struct SklSuggestWord
{
	uint32_t text;	/* folded */
	uint32_t shown; /* as it was first seen, in lower case */
	uint32_t frequency;
	uint32_t postings;
	uint32_t n_postings;
	uint32_t pairs;
	uint32_t n_pairs;
	uint16_t length;
	uint16_t shown_length;
} SklSuggestWord;

/* A word that stands behind another; sorted by word within it. */
typedef struct SklSuggestPair
{
	uint32_t word;
	uint32_t count;
} SklSuggestPair;

/* The best entries of the words from first up to behind; sorted by both. */
typedef struct SklSuggestTop
{
	uint32_t first;
	uint32_t behind;
	uint32_t start;
	uint32_t count;
} SklSuggestTop;

/* The start of a part. */
static inline const void *
skl_suggest_part(const SklSuggestHead *head, SklSuggestPart part)
{
	return (const char *) head + head->start[part];
}

/*
 * Puts the numbers of the best entries (the least ones) of words [first, behind) into best,
 * ascending and distinct, at most limit; returns how many. kinds: bit per kind, 0 = all.
 */
extern uint32_t skl_suggest_best(const SklSuggestHead *head, uint32_t first, uint32_t behind,
								 unsigned kinds, uint32_t *best, uint32_t limit);

#endif
