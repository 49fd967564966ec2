/*
 * search/engine/plan_build.h
 *		Puts a plan together piece by piece: terms without doubles, phrases, nodes.
 */
#ifndef SKL_SEARCH_ENGINE_PLAN_BUILD_H
#define SKL_SEARCH_ENGINE_PLAN_BUILD_H

#include "search/engine/arena.h"
#include "search/engine/plan.h"

#define SKL_PLAN_MAX_TERMS 10000u
#define SKL_PLAN_MAX_PHRASE 64u

/* No term, phrase or node: what stop words become, and what is beyond the caps. */
#define SKL_PLAN_NOTHING UINT32_MAX

typedef struct SklPlanBuilder SklPlanBuilder;

extern SklPlanBuilder *skl_plan_builder(SklArena *arena);

/*
 * Index of the term; the lexeme is copied. Words that were typed add up their weights; an expansion
 * (synonym, correction) counts its largest weight, and nothing where the word itself was typed.
 * group: forms of one word share a number from skl_plan_group(); 0 otherwise.
 */
extern uint32_t skl_plan_term(SklPlanBuilder *builder, const char *lexeme, size_t length,
							  unsigned fields, float weight, bool expansion, uint32_t group);

extern uint32_t skl_plan_group(SklPlanBuilder *builder);

/* How many terms there are. */
extern uint32_t skl_plan_term_count(const SklPlanBuilder *builder);

/* The term of an index, with the weight it has so far. */
extern SklPlanTerm skl_plan_term_at(const SklPlanBuilder *builder, uint32_t term);

/* Node for a phrase of terms; of one word, for that term. */
extern uint32_t skl_plan_phrase(SklPlanBuilder *builder, const uint32_t *terms,
								const uint32_t *offsets, uint32_t n, uint32_t slop,
								unsigned fields);

/* Node for a term; NOTHING for NOTHING. */
extern uint32_t skl_plan_match(SklPlanBuilder *builder, uint32_t term);

/* Node that is true when its child is not; NOTHING for NOTHING. */
extern uint32_t skl_plan_not(SklPlanBuilder *builder, uint32_t child);

/* A list of nodes that grows; NOTHING is not added. */
typedef struct SklPlanList
{
	uint32_t *nodes;
	uint32_t n;
	uint32_t room;
} SklPlanList;

extern void skl_plan_list_add(SklPlanBuilder *builder, SklPlanList *list, uint32_t node);

/* Node for all (SKL_PLAN_AND) or any (SKL_PLAN_OR) of a list; NOTHING for an empty one. */
extern uint32_t skl_plan_join(SklPlanBuilder *builder, SklPlanOp op, const SklPlanList *list);

/*
 * The plan: BM25's usual parameters, all fields of the rest zero: the caller sets classes, filters,
 * facets, sort and k. Root NOTHING: every document matches.
 */
extern SklPlan *skl_plan_finish(SklPlanBuilder *builder, uint32_t root);

#endif
