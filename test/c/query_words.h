/*
 * test/c/query_words.h
 *		An analyser and a dictionary for tests of the query side of the search engine: words are
 *		folded, lose a final s, and a few are stop words.
 */
#ifndef SKL_TEST_QUERY_WORDS_H
#define SKL_TEST_QUERY_WORDS_H

#include "search/engine/fold.h"
#include "search/engine/query_compile.h"

static inline bool
is_stop(const char *word, size_t length)
{
	return (length == 3 && memcmp(word, "the", 3) == 0) ||
		   (length == 2 && (memcmp(word, "on", 2) == 0 || memcmp(word, "or", 2) == 0));
}

static inline size_t
simple_analyse(void *context, SklArena *arena, const char *text, size_t length, SklToken **tokens)
{
	char word[64];
	size_t at = 0;
	size_t start;
	size_t end;
	size_t n = 0;
	size_t word_length;
	uint32_t position = 0;

	(void) context;
	*tokens = skl_arena_zero(arena, length / 2 + 2, sizeof(SklToken));
	while ((word_length = skl_fold_word(text, length, &at, word, sizeof(word), &start, &end)) > 0)
	{
		SklToken *token = &(*tokens)[n];

		position++;
		if (is_stop(word, word_length))
			continue;
		if (word_length > 3 && word[word_length - 1] == 's')
			word_length--;
		token->lexeme = skl_arena_copy(arena, word, word_length);
		token->length = (uint32_t) word_length;
		token->position = position;
		token->start = (uint32_t) start;
		token->end = (uint32_t) end;
		n++;
	}
	return n;
}

#endif
