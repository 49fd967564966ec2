/*
 * search/dictionary.c
 *		The words of all segments of a scope, for the compiler of queries.
 *
 * A word's frequency is the sum over the segments and counts dead documents as well: good enough to
 * decide what is rare. The engine counts exactly when it scores.
 */
#include "skl.h"

#include "search/dictionary.h"

#include "miscadmin.h"

/* Words with a prefix that are looked at, at most. */
#define PREFIX_WORDS 20000

static uint32_t
frequency(void *context, const char *lexeme, size_t length)
{
	SklDictionaryScope *words = context;
	SklBytes term = {(const uint8_t *) lexeme, (uint32_t) length};
	uint32_t sum = 0;

	CHECK_FOR_INTERRUPTS();
	if (length > SKL_SEARCH_WORD_MAX)
		return 0;
	for (int i = 0; i < words->scope->n; i++)
	{
		SklTermInfo info;
		bool found;

		skl_index_check(words->engine, skl_segment_find(words->scope->segments[i].segment,
														SKL_TERM_WORD, term, &found, &info));
		if (found)
			sum += info.df;
	}
	return sum;
}

static int
by_word(const void *a, const void *b)
{
	const SklDictionaryTerm *x = a;
	const SklDictionaryTerm *y = b;
	int order = memcmp(x->lexeme, y->lexeme, Min(x->length, y->length));

	return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

static int
by_frequency(const void *a, const void *b)
{
	const SklDictionaryTerm *x = a;
	const SklDictionaryTerm *y = b;

	if (x->frequency != y->frequency)
		return x->frequency > y->frequency ? -1 : 1;
	return by_word(a, b);
}

/* Adds the words of a segment that begin so; returns how many there are then. */
static size_t
collect(SklDictionaryScope *words, SklSegment *segment, SklArena *arena, SklBytes prefix,
		SklDictionaryTerm *found, size_t n)
{
	SklTermWalk walk;
	SklTermInfo info;
	SklBytes term;
	bool more;

	skl_index_check(words->engine, skl_term_walk(segment, SKL_TERM_WORD, prefix, &walk));
	while (n < PREFIX_WORDS)
	{
		skl_index_check(words->engine, skl_term_next(&walk, &more, &term, &info));
		if (!more || term.length < prefix.length ||
			memcmp(term.data, prefix.data, prefix.length) != 0)
			break;
		found[n++] = (SklDictionaryTerm){
			skl_arena_copy(arena, (const char *) term.data, term.length), term.length, info.df};
	}
	return n;
}

/* The commonest of n words, at most so many, in order; how many. */
static size_t
commonest(const SklDictionaryTerm *found, size_t n, SklDictionaryTerm *terms, size_t limit)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
	{
		size_t at = kept;

		if (kept == limit && by_frequency(&found[i], &terms[kept - 1]) > 0)
			continue;
		while (at > 0 && by_frequency(&found[i], &terms[at - 1]) < 0)
			at--;
		kept = Min(kept + 1, limit);
		memmove(&terms[at + 1], &terms[at], (kept - at - 1) * sizeof(*terms));
		terms[at] = found[i];
	}
	return kept;
}

static size_t
prefix_words(void *context, SklArena *arena, const char *prefix, size_t length,
			 SklDictionaryTerm *terms, size_t limit)
{
	SklDictionaryScope *words = context;
	SklDictionaryTerm *found = palloc(sizeof(SklDictionaryTerm) * PREFIX_WORDS);
	SklBytes begin = {(const uint8_t *) prefix, (uint32_t) length};
	size_t n = 0;
	size_t different = 0;

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < words->scope->n && length <= SKL_SEARCH_WORD_MAX; i++)
		n = collect(words, words->scope->segments[i].segment, arena, begin, found, n);
	/* those of one segment are in order, each once */
	if (words->scope->n > 1)
		qsort(found, n, sizeof(SklDictionaryTerm), by_word);
	for (size_t i = 0; i < n; i++)
	{
		if (different > 0 && by_word(&found[different - 1], &found[i]) == 0)
			found[different - 1].frequency += found[i].frequency;
		else
			found[different++] = found[i];
	}
	n = commonest(found, different, terms, limit);
	pfree(found);
	return n;
}

void
skl_dictionary_of(SklDictionaryScope *words, SklDictionary *dictionary)
{
	dictionary->context = words;
	dictionary->documents = (uint32_t) Min(words->scope->documents, PG_UINT32_MAX);
	dictionary->frequency = frequency;
	dictionary->prefix = prefix_words;
}
