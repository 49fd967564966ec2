/*
 * search/engine/query_expand.h
 *		The other words that a word of a query stands for: lexemes, prefixes, synonyms, corrections.
 *		Internal to the compiler of queries.
 */
#ifndef SKL_SEARCH_ENGINE_QUERY_EXPAND_H
#define SKL_SEARCH_ENGINE_QUERY_EXPAND_H

#include "search/engine/plan_build.h"
#include "search/engine/query_compile.h"
#include "search/engine/synonym.h"

typedef struct SklCompiler
{
	SklArena *arena;
	SklPlanBuilder *builder;
	const SklCompileOptions *options;
	int prefixes; /* expanded so far */
	SklSnippetTerm prefix_marks[SKL_MAX_PREFIXES];
	int lookups; /* words looked up for typing errors so far */
	SklCorrectedWord *corrected;
	size_t corrected_count;
} SklCompiler;

/* An operand of a sequence; of a word, what the analyser makes of it. */
typedef struct SklQueryWord
{
	const SklQueryNode *node;
	SklToken *tokens;
	size_t count;
} SklQueryWord;

/* Where a word stands; neighbours may be NULL, or no words. */
typedef struct SklWordPlace
{
	unsigned fields;
	bool strict;
	const SklQueryWord *before;
	const SklQueryWord *behind;
} SklWordPlace;

/* Documents with a lexeme. */
extern uint32_t skl_lexeme_frequency(const SklCompiler *c, const char *lexeme, size_t length);

/*
 * Node of what the analyser made of one word: variants at one position are alternatives; of the
 * positions of a compound all must match when strict, any otherwise.
 */
extern uint32_t skl_compile_tokens(SklCompiler *c, const SklToken *tokens, size_t count,
								   unsigned fields, float weight, bool expansion, bool strict);

/* Node of the commonest lexemes that begin like the word. */
extern uint32_t skl_expand_prefix(SklCompiler *c, const SklQueryWord *word, unsigned fields,
								  bool scored);

/* Adds nodes of synonyms of the longest phrase at lexemes[0]; returns its lexemes, 0 = none. */
extern int skl_expand_synonyms(SklCompiler *c, const char *const *lexemes, const uint32_t *lengths,
							   int count, unsigned fields, SklPlanList *nodes);

/* Adds nodes of corrections of a word with few hits. */
extern void skl_expand_corrections(SklCompiler *c, const SklQueryWord *word,
								   const SklWordPlace *place, SklPlanList *nodes);

#endif
