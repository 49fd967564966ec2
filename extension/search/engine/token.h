/*
 * search/engine/token.h
 *		What analysing a text yields, and the callback that does it.
 *
 * In the server the callback is PostgreSQL's parser and the dictionaries of a text search
 * configuration; in tests it is a few lines of C.
 */
#ifndef SKL_SEARCH_ENGINE_TOKEN_H
#define SKL_SEARCH_ENGINE_TOKEN_H

#include "search/engine/arena.h"

/*
 * One lexeme. Several may share a position (a dictionary that knows variants), stop words leave
 * gaps in the positions, and the parts of a compound lie within the bytes of the whole.
 */
typedef struct SklToken
{
	const char *lexeme;
	uint32_t length;
	uint32_t position; /* from 1, in the text that was analysed */
	uint32_t start;	   /* first byte of the word in that text */
	uint32_t end;	   /* byte behind its last */
} SklToken;

/*
 * Analyses length bytes of valid UTF-8. Sets *tokens to an array of the arena, in the order of
 * positions, and returns how many there are.
 */
typedef size_t (*SklAnalyse)(void *context, SklArena *arena, const char *text, size_t length,
							 SklToken **tokens);

#endif
