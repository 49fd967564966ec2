/*
 * search/lexeme_cache.h
 *		What dictionaries have said about a token, kept by each process.
 */
#ifndef SKL_SEARCH_LEXEME_CACHE_H
#define SKL_SEARCH_LEXEME_CACHE_H

#include "tsearch/ts_cache.h"
#include "tsearch/ts_public.h"

/*
 * The lexemes of a token of a type, the last one NULL, as the first dictionary of the configuration
 * gives them that knows it; NULL: none does. Valid until the next call.
 */
extern const TSLexeme *skl_lexemes(const TSConfigCacheEntry *config, int type, char *token,
								   int length);

#endif
