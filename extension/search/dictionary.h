/*
 * search/dictionary.h
 *		The words of all segments of a scope, for the compiler of queries.
 */
#ifndef SKL_SEARCH_DICTIONARY_H
#define SKL_SEARCH_DICTIONARY_H

#include "search/engine/query_compile.h"
#include "search/scope.h"

typedef struct SklDictionaryScope
{
	SklEngine *engine;
	const SklScope *scope;
} SklDictionaryScope;

/* Fills in a dictionary whose context is words. */
extern void skl_dictionary_of(SklDictionaryScope *words, SklDictionary *dictionary);

#endif
