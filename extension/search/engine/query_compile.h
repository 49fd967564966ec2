/*
 * search/engine/query_compile.h
 *		From the tree of a query to the plan that the engine executes.
 *
 *		words		are analysed; each lexeme is a scored term of weight 1
 *		synonyms	of runs of bare words are added, weight 0.6; of several words: as phrases
 *		word*		becomes the 64 commonest lexemes that begin so
 *		typos		of a word with few hits add the nearest words, weight halved for each error
 *
 * A word is corrected only when it is bare (neither in quotation marks nor a prefix), has neither
 * digits nor signs, and its own lexemes are in fewer than three documents, or when the caller has
 * found that the whole query has no hit (SKL_CORRECT_ALL).
 */
#ifndef SKL_SEARCH_ENGINE_QUERY_COMPILE_H
#define SKL_SEARCH_ENGINE_QUERY_COMPILE_H

#include "search/engine/plan.h"
#include "search/engine/query_parse.h"
#include "search/engine/snippet.h"
#include "search/engine/token.h"

#define SKL_PREFIX_EXPANSIONS 64
#define SKL_TYPO_PENALTY 0.5f
#define SKL_FEW_HITS 3

/* Words of a query that are expanded or looked up for typing errors; further ones are as typed. */
#define SKL_MAX_PREFIXES 16
#define SKL_MAX_CORRECTED 16
#define SKL_MAX_MEANT 4

/* A lexeme of the index and in how many live documents of all segments it is. */
typedef struct SklDictionaryTerm
{
	const char *lexeme;
	uint32_t length;
	uint32_t frequency;
} SklDictionaryTerm;

/* The dictionary of the index, over all its segments. */
typedef struct SklDictionary
{
	void *context;
	uint32_t documents; /* live ones */
	uint32_t (*frequency)(void *context, const char *lexeme, size_t length);
	/* the commonest lexemes that begin so, at most limit, commonest first */
	size_t (*prefix)(void *context, SklArena *arena, const char *prefix, size_t length,
					 SklDictionaryTerm *terms, size_t limit);
} SklDictionary;

typedef enum SklCorrectMode
{
	SKL_CORRECT_NEVER, /* as typed: who asked sees the offer of the original and takes it */
	SKL_CORRECT_RARE,  /* words with few hits */
	SKL_CORRECT_ALL	   /* every word that may be: the query as typed has no hit */
} SklCorrectMode;

typedef struct SklCompileOptions
{
	SklAnalyse analyse;
	void *analyse_context;
	const SklDictionary *dictionary;
	const char *const *fields;		 /* names, as given to the parser */
	const unsigned char *field_mask; /* field bits of each, as in the index */
	int field_count;
	unsigned char all_fields; /* mask of a word without a field */
	const void *synonyms;	  /* table of synonym.h, or NULL */
	const void *suggestions;  /* snapshot of suggest.h, or NULL: no corrections */
	SklCorrectMode correct;
	bool match_all; /* every word must match, not one of them */
} SklCompileOptions;

/* A word that was searched for under another spelling as well. */
typedef struct SklCorrectedWord
{
	const char *from; /* bytes of the query */
	size_t from_length;
	const char *to; /* folded */
	size_t to_length;
	int errors;
} SklCorrectedWord;

typedef struct SklCompiled
{
	SklPlan *plan; /* classes, filters, facets, sort and k are still to be set */
	bool empty;	   /* nothing to search for: nothing typed, or stop words only */
	SklCorrectedWord *corrected;
	size_t corrected_count;
	SklSnippetTerm *marks; /* what snippets mark, with weights */
	size_t mark_count;
} SklCompiled;

/* Compiles; plan and all else lie in the arena. Never fails. */
extern void skl_query_compile(SklArena *arena, const SklQuery *query,
							  const SklCompileOptions *options, SklCompiled *compiled);

/*
 * The query with its words corrected, for "did you mean": NULL when every word is as good as its
 * corrections. Words keep their operators and places; at most SKL_MAX_MEANT are changed.
 */
extern char *skl_query_did_you_mean(SklArena *arena, const char *text, size_t length,
									const SklQuery *query, const SklCompileOptions *options);

/* The query with the words of compiled->corrected put in, as it was searched for. */
extern char *skl_query_corrected(SklArena *arena, const char *text, size_t length,
								 const SklCompiled *compiled);

#endif
