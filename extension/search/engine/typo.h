/*
 * search/engine/typo.h
 *		Finding the words of a vocabulary that lie within one or two typing errors of a word, by
 *		symmetric deletes: whatever can be made of both by leaving out as many letters is looked up
 *		in a table of such leavings of the first seven letters.
 *
 * The table is one block of bytes without pointers: it may lie in shared memory at any address. An
 * error is a letter too many, too few, wrong, or two neighbours swapped (Damerau, each pair once).
 */
#ifndef SKL_SEARCH_ENGINE_TYPO_H
#define SKL_SEARCH_ENGINE_TYPO_H

#include "search/engine/arena.h"

#define SKL_TYPO_MAX_ERRORS 2
#define SKL_TYPO_PREFIX 7
#define SKL_TYPO_MAX_LETTERS 48

/* A word of a vocabulary, folded (see fold.h), with the number of documents that have it. */
typedef struct SklTypoWord
{
	const char *text;
	uint32_t length;
	uint32_t frequency;
} SklTypoWord;

/* A word found: its index in the vocabulary, and how many errors away it is. */
typedef struct SklTypoMatch
{
	uint32_t word;
	uint32_t frequency;
	int errors;
} SklTypoMatch;

/* The vocabulary of a table that is read: the word of an index. */
typedef SklTypoWord (*SklTypoVocabulary)(const void *context, uint32_t word);

/*
 * Builds the table of count words. The bytes come from the arena; they are size bytes long and
 * aligned for uint64. Words with digits, shorter than three letters or longer than
 * SKL_TYPO_MAX_LETTERS are never found.
 */
extern void *skl_typo_build(SklArena *arena, const SklTypoWord *words, uint32_t count,
							size_t *size);

/*
 * How many errors a word may be corrected for: 0 below four letters and for words with digits or
 * with signs that are no letters, 1 from four letters, 2 from eight.
 */
extern int skl_typo_errors_allowed(const char *word, size_t length);

/*
 * Words within max_errors of the folded word, itself not among them, nearest first, then by
 * frequency; at most limit. One error away, the first letter is the same. Returns their number.
 */
extern size_t skl_typo_find(const void *table, SklTypoVocabulary vocabulary, const void *context,
							const char *word, size_t length, int max_errors, SklTypoMatch *matches,
							size_t limit);

/* Errors between two words in letters, or max + 1 when there are more than max (<= 2). */
extern int skl_typo_distance(const char *a, size_t a_length, const char *b, size_t b_length,
							 int max);

#endif
