/*
 * search/engine/snippet.h
 *		The part of a text that answers a query best, as HTML with the query's words marked.
 *
 * The text is escaped (& < > " ') and the only tags in the result are <mark> and </mark>.
 */
#ifndef SKL_SEARCH_ENGINE_SNIPPET_H
#define SKL_SEARCH_ENGINE_SNIPPET_H

#include "search/engine/token.h"

#define SKL_SNIPPET_WORDS 30

/* A lexeme of the query and what it weighs (its idf times its weight in the query). */
typedef struct SklSnippetTerm
{
	const char *lexeme;
	uint32_t length;
	bool prefix; /* every lexeme that begins so */
	float weight;
} SklSnippetTerm;

typedef struct SklSnippet
{
	char *html; /* NUL-terminated, in the arena */
	size_t length;
	int matched; /* distinct terms of the query that are marked */
} SklSnippet;

/*
 * The window of words (SKL_SNIPPET_WORDS; 0 = the whole text) whose distinct query terms weigh
 * most, the earliest of equals. Tokens are the text's own, in the order of their bytes. Where
 * something is left out, an ellipsis stands.
 */
extern void skl_snippet(SklArena *arena, const char *text, size_t length, const SklToken *tokens,
						size_t token_count, const SklSnippetTerm *terms, size_t term_count,
						int words, SklSnippet *snippet);

#endif
