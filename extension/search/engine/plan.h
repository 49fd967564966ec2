/*
 * search/engine/plan.h
 *		An executable query: what matches, what scores, which filters and facets, in which order,
 *		from where on.
 *
 * Matching and scoring are two things. The tree of nodes says which documents match. The score of a
 * document that matches is the sum over all terms of the plan with weight > 0 that it has,
 * whichever part of the tree made it match; optional words are terms that no node names. Of terms
 * that are forms of one word, the one that gives most counts alone.
 *
 *	score = prior × Σ weight × idf × wtf / (wtf + k1 × (1 − b + b × length / average length))
 *	idf   = ln(1 + (N − df + 0.5) / (df + 0.5))
 *
 * (1 × prior, when no term of the plan scores) where wtf is the sum over the fields (of the term's
 * mask) of weight of field × occurrences, length is the same sum over all words (at most 65,535),
 * and N, df and the average are those of the living documents of all segments.
 */
#ifndef SKL_SEARCH_PLAN_H
#define SKL_SEARCH_PLAN_H

#include "search/engine/document.h"

#define SKL_RANK_WINDOW 200 /* best documents that proximity and personal signals may reorder */

/* A word to look up. */
typedef struct SklPlanTerm
{
	SklBytes word;
	float weight;		/* 1; 0.6 synonyms, × 0.5 an edit; 0: matches, but adds nothing */
	uint8_t fields;		/* mask of the fields in which it must occur, and which count */
	uint32_t idf_group; /* 0: a word for itself. Terms with the same number are forms of one word
						 * (expansions of a prefix): their df is the sum of theirs, at most N, and
						 * of a document's forms the best one counts */
} SklPlanTerm;

/* Words side by side. */
typedef struct SklPlanPhrase
{
	uint32_t n_words;
	const uint32_t *terms;	 /* indexes of plan terms, whose own masks play no part */
	const uint32_t *offsets; /* of each from the first: ascending; 0, 1, 2; 0, 2 over a stop word */
	uint32_t slop;			 /* greatest difference between the places where the words would
							  * begin the phrase; 0: exactly so; 2: two neighbours changed round */
	uint8_t fields;			 /* all words in the same one of these */
} SklPlanPhrase;

typedef enum SklPlanOp
{
	SKL_PLAN_ALL,	 /* every document */
	SKL_PLAN_NONE,	 /* no document */
	SKL_PLAN_TERM,	 /* documents with term "operand" */
	SKL_PLAN_PHRASE, /* documents with phrase "operand" */
	SKL_PLAN_AND,	 /* all children; none: every document */
	SKL_PLAN_OR,	 /* any child; none: no document */
	SKL_PLAN_NOT	 /* every document but those of the one child */
} SklPlanOp;

typedef struct SklPlanNode
{
	SklPlanOp op;
	uint32_t operand;
	uint32_t n_children;
	const uint32_t *children; /* indexes of nodes, each smaller than this node's: no cycles */
} SklPlanNode;

typedef struct SklPlanRange
{
	int64_t min; /* inclusive; INT64_MIN: open */
	int64_t max; /* inclusive; INT64_MAX: open */
} SklPlanRange;

typedef enum SklFilterKind
{
	SKL_FILTER_TERMS, /* has any of these filter terms */
	SKL_FILTER_RANGE, /* its number lies in any of these ranges; no number: no */
	SKL_FILTER_RADIUS /* lies within metres of a place; no place: no */
} SklFilterKind;

/* One filter group: any of its values. A document must pass all groups. */
typedef struct SklPlanFilter
{
	SklFilterKind kind;
	bool negated;		   /* passes what would fail */
	uint32_t n_terms;	   /* TERMS; none: nothing passes */
	const SklBytes *terms; /* "category=12" */
	const char *column;	   /* RANGE; RADIUS: latitude, in degrees × 10^7 */
	uint32_t n_ranges;
	const SklPlanRange *ranges;
	const char *longitude; /* RADIUS: that column */
	int32_t center_latitude;
	int32_t center_longitude;
	double metres;
} SklPlanFilter;

typedef enum SklFacetKind
{
	SKL_FACET_LABELS,	 /* how many documents have each label */
	SKL_FACET_RANGES,	 /* how many lie in each of these ranges, which may overlap */
	SKL_FACET_HISTOGRAM, /* how many lie in each bucket of a width */
	SKL_FACET_STATS		 /* count, least, greatest, sum, percentiles */
} SklFacetKind;

/*
 * One thing to count. It counts over the documents that match and pass every filter but its own, so
 * that a list of categories shows what the others would give.
 */
typedef struct SklPlanFacet
{
	SklFacetKind kind;
	const char *column;
	int32_t filter; /* index of its own filter group, or -1 */
	uint32_t limit; /* LABELS: the most frequent ones; HISTOGRAM: at most so many buckets; 0: all */
	uint32_t n_ranges; /* RANGES */
	const SklPlanRange *ranges;
	int64_t origin; /* HISTOGRAM: a bucket begins here */
	int64_t
		width; /* HISTOGRAM: of a bucket; 0: chosen (1, 2, 5 × 10^n) for at most limit buckets */
	uint32_t n_percentiles;	   /* STATS */
	const double *percentiles; /* 0 .. 100; the least value that so many per cent do not exceed */
} SklPlanFacet;

typedef enum SklSortKind
{
	SKL_SORT_SCORE, /* best first */
	SKL_SORT_ASC,	/* by a column, documents without a number last; ties by id */
	SKL_SORT_DESC
} SklSortKind;

/* The last document of the page before; copied from its SklHit. */
typedef struct SklPlanCursor
{
	bool present;
	bool reranked; /* it was one of the SKL_RANK_WINDOW best, put in order by their rescored values
					*/
	bool null;	   /* sorts by column: it had no number */
	double score;  /* SKL_SORT_SCORE: the hit's score */
	int64_t value; /* sorts by column */
	uint8_t id[SKL_ENTITY_ID_BYTES];
} SklPlanCursor;

#define SKL_NEAR_MAX 16

typedef struct SklPlan
{
	float k1; /* 1.2 */
	float b;  /* 0.75 */
	uint32_t n_terms;
	const SklPlanTerm *terms;
	uint32_t n_phrases;
	const SklPlanPhrase *phrases;
	uint32_t n_nodes; /* none: every document matches */
	const SklPlanNode *nodes;
	uint32_t root;
	uint32_t n_filters; /* at most 32 */
	const SklPlanFilter *filters;
	uint32_t n_facets;
	const SklPlanFacet *facets;
	SklSortKind sort;
	const char *sort_column;
	SklPlanCursor after;
	uint32_t k;			 /* hits wanted; 0: counts only */
	uint64_t classes[4]; /* bit c % 64 of word c / 64: class c may be seen */
	bool use_prior;
	bool want_total; /* count all matches; else total is only what was come across */
	bool exhaustive; /* score every match, skip nothing: the oracle */
	float proximity; /* 0: none. A best document whose words lie together gains up to this share */
	float personal;	 /* 0: none. A best document that is near to who asks gains up to this share */
	uint32_t n_near; /* at most SKL_NEAR_MAX */
	const SklBytes *near; /* filter terms of who asks: the first one that a document has gives half
						   * of it, each further one half of what is left */
} SklPlan;

#endif
