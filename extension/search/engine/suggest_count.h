/*
 * search/engine/suggest_count.h
 *		What a builder of suggestions has collected. Internal to suggest_count.c and
 *		suggest_build.c.
 */
#ifndef SKL_SEARCH_ENGINE_SUGGEST_COUNT_H
#define SKL_SEARCH_ENGINE_SUGGEST_COUNT_H

#include "search/engine/suggest.h"

/* A distinct word. */
typedef struct SklSuggestCount
{
	char *text; /* folded */
	char *shown;
	uint32_t length;
	uint32_t shown_length;
	uint32_t frequency; /* titles that have it */
	uint32_t last_title;
	uint32_t number;   /* in the snapshot, or UINT32_MAX */
	uint32_t postings; /* entries that have it */
	uint16_t category; /* that of most titles, as far as one vote tells */
	uint16_t vote;
	bool in_entry;
} SklSuggestCount;

/* Two words that stand near each other. */
typedef struct SklSuggestNear
{
	uint64_t words; /* first << 32 | second, plus one: 0 is free */
	uint32_t count;
} SklSuggestNear;

/* Something to be offered. */
typedef struct SklSuggestRow
{
	struct SklSuggestRow *next;
	const char *text;
	size_t length;
	const unsigned char *id;
	double weight;
	double score;
	SklSuggestKind kind;
	uint16_t category;
	int n_words;
	uint32_t words[SKL_SUGGEST_MAX_WORDS];
} SklSuggestRow;

struct SklSuggestBuilder
{
	SklArena *arena;
	SklSuggestCount *words;
	uint32_t n_words;
	uint32_t words_room;
	uint32_t *word_slots; /* number + 1 */
	uint32_t n_word_slots;
	SklSuggestNear *pairs;
	uint32_t n_pairs;
	uint32_t n_pair_slots;
	SklSuggestRow *entries;
	uint32_t n_entries;
	uint32_t titles;
	SklSuggestSkip skip;
	void *skip_context;
};

/* A new row without its words, first in the list. text is not copied. */
extern SklSuggestRow *skl_suggest_row(SklSuggestBuilder *builder, SklSuggestKind kind,
									  const char *text, size_t length, double weight,
									  uint16_t category);

#endif
