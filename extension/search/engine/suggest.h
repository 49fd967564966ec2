/*
 * search/engine/suggest.h
 *		A snapshot of everything that may be suggested: completions while somebody types, words
 *		near a mistyped one, and which words go together.
 *
 * The indexer builds it, every backend reads it: one block of bytes without pointers, which may lie
 * in shared memory at any address and never changes. It holds
 *
 *		entries		what is offered, by rank: skills, categories, people, past queries, words
 *		words		their words, folded and sorted, each with the entries it is in, best first
 *		tops		for one and two letters, and for every prefix of many entries, the best entries
 *		pairs		which words stand near which in titles, and how often
 *		typos		the table of typo.h over the words
 *
 * A text that is typed matches an entry when its last word is the beginning of one of the entry's
 * words and each earlier word is one of them; a word that is not there at all may have a typing
 * error.
 */
#ifndef SKL_SEARCH_ENGINE_SUGGEST_H
#define SKL_SEARCH_ENGINE_SUGGEST_H

#include "search/engine/arena.h"
#include "search/engine/typo.h"

#define SKL_SUGGEST_MAX_TEXT 160 /* bytes of an entry */
#define SKL_SUGGEST_MAX_WORDS 8	 /* words of an entry, and of what is typed, that count */
#define SKL_SUGGEST_MAX_RESULTS 20
#define SKL_SUGGEST_NO_CATEGORY 0

typedef enum SklSuggestKind
{
	SKL_SUGGEST_WORD,
	SKL_SUGGEST_SKILL,
	SKL_SUGGEST_CATEGORY,
	SKL_SUGGEST_PERSON,
	SKL_SUGGEST_QUERY,
	SKL_SUGGEST_KINDS
} SklSuggestKind;

/* Building. */
typedef struct SklSuggestBuilder SklSuggestBuilder;

/* True for a word of a title that is not worth a suggestion: a stop word. */
typedef bool (*SklSuggestSkip)(void *context, const char *word, size_t length);

/* skip may be NULL. */
extern SklSuggestBuilder *skl_suggest_builder(SklArena *arena, SklSuggestSkip skip,
											  void *skip_context);

/*
 * Adds what may be offered: valid UTF-8; weight >= 1 is how often it is used (documents, people,
 * users who asked); category is a small number of the caller's, for personal ranking; id may be
 * NULL. spelling is what has to be typed for it (an alias), NULL: its text. Too long or wordless
 * texts are left out, and so are past queries with a word that neither a title nor another entry
 * has.
 */
extern void skl_suggest_add(SklSuggestBuilder *builder, SklSuggestKind kind, const char *text,
							size_t length, const char *spelling, double weight, uint16_t category,
							const unsigned char *id);

/* Notes the words of one public title (or list of skills): they count for vocabulary and pairs. */
extern void skl_suggest_title(SklSuggestBuilder *builder, const char *text, size_t length,
							  uint16_t category);

/*
 * The snapshot; words and pairs of fewer than min_documents titles are left out unless an entry has
 * them. The bytes lie in the arena, aligned for uint64.
 */
extern void *skl_suggest_build(SklSuggestBuilder *builder, uint32_t min_documents, size_t *size);

/* Reading. */

/* True when bytes are a snapshot of this version that is whole. Everything else trusts it. */
extern bool skl_suggest_valid(const void *bytes, size_t size);

typedef struct SklSuggestion
{
	SklSuggestKind kind;
	const char *text; /* to be shown; lies in the snapshot or the arena */
	uint32_t length;
	uint16_t category;
	const unsigned char *id; /* 16 bytes, or NULL */
	double score;
	int errors; /* typing errors that were mended to find it */
} SklSuggestion;

/* What is known of who types; NULL members mean nothing is. */
typedef struct SklSuggestTaste
{
	const float *boosts; /* by category number, 1.0 = indifferent */
	uint16_t count;
	unsigned kinds; /* bit per SklSuggestKind that is wanted; 0 = all */
} SklSuggestTaste;

/* Completions of what was typed, best first; at most limit. Never fails. */
extern size_t skl_suggest_complete(const void *snapshot, SklArena *arena, const char *text,
								   size_t length, const SklSuggestTaste *taste,
								   SklSuggestion *suggestions, size_t limit);

/* A word's number of titles and entries, 0 when it is unknown. The word is folded. */
extern uint32_t skl_suggest_frequency(const void *snapshot, const char *word, size_t length);

/* How often two folded words stand near each other in titles. */
extern uint32_t skl_suggest_pair(const void *snapshot, const char *a, size_t a_length,
								 const char *b, size_t b_length);

/* A correction of a word: the folded text lies in the snapshot. */
typedef struct SklCorrection
{
	const char *text;
	uint32_t length;
	uint32_t frequency;
	int errors;
	double score; /* of did-you-mean: falls with errors, grows with log frequency and neighbours */
} SklCorrection;

/*
 * How good a spelling is: 0.5^errors × ln(1 + frequency) × (1 + ln(1 + pairs with the word before)
 * + ln(1 + pairs with the word behind)).
 */
extern double skl_suggest_score(const void *snapshot, const char *word, size_t length,
								uint32_t frequency, int errors, const char *before,
								size_t before_length, const char *behind, size_t behind_length);

/*
 * Corrections of a word within max_errors, best first by errors, frequency and how well they go
 * with the words before and behind (NULL: none); at most limit (<= 16).
 */
extern size_t skl_suggest_correct(const void *snapshot, const char *word, size_t length,
								  int max_errors, const char *before, size_t before_length,
								  const char *behind, size_t behind_length,
								  SklCorrection *corrections, size_t limit);

#endif
