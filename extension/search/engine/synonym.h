/*
 * search/engine/synonym.h
 *		Other ways to say the same, as lexemes: "js" is "javascript", "ror" is "ruby on rails".
 *
 * Every phrase of a group stands for all others of it. One block of bytes without pointers, built
 * from the rows of skillancer.search_synonym, looked up while a query is compiled.
 */
#ifndef SKL_SEARCH_ENGINE_SYNONYM_H
#define SKL_SEARCH_ENGINE_SYNONYM_H

#include "search/engine/arena.h"

#define SKL_SYNONYM_MAX_WORDS 6
#define SKL_SYNONYM_WEIGHT 0.6f

/* A sequence of lexemes and the distance of each from the first, for phrases with stop words. */
typedef struct SklLexemes
{
	int count;
	const char *lexeme[SKL_SYNONYM_MAX_WORDS];
	uint32_t length[SKL_SYNONYM_MAX_WORDS];
	uint32_t offset[SKL_SYNONYM_MAX_WORDS]; /* position minus position of the first */
} SklLexemes;

typedef struct SklSynonymBuilder SklSynonymBuilder;

extern SklSynonymBuilder *skl_synonym_builder(SklArena *arena);

/* Adds one phrase of a group; groups are numbered by the caller. */
extern void skl_synonym_add(SklSynonymBuilder *builder, uint32_t group, const SklLexemes *phrase);

/* The table, size bytes of the arena. */
extern void *skl_synonym_build(SklSynonymBuilder *builder, size_t *size);

/*
 * The longest phrase that begins at lexemes[0] of count: returns how many lexemes it has (0: none),
 * and through *found the phrases that stand for it, of the arena. table may be NULL.
 */
extern int skl_synonym_find(const void *table, SklArena *arena, const char *const *lexemes,
							const uint32_t *lengths, int count, SklLexemes **found,
							size_t *found_count);

#endif
