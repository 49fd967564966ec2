/*
 * search/ask.h
 *		A request to search as JSON, and the parts of a plan that it asks for beside words.
 */
#ifndef SKL_SEARCH_ASK_H
#define SKL_SEARCH_ASK_H

#include "search/engine/exec.h"
#include "search/index.h"

#include "utils/jsonb.h"

#define SKL_ASK_FILTERS 32
#define SKL_ASK_FACETS 16
#define SKL_ASK_LIMIT 1000

/* A facet of a column of numbers has two of the plan: buckets, then statistics. */
typedef struct SklAskedFacet
{
	const char *name;
	int column;
	uint32_t facet; /* index in the plan */
} SklAskedFacet;

typedef struct SklAsk
{
	const char *q; /* never NULL */
	size_t q_length;
	const char *language;		  /* or NULL */
	const char *like[SKL_FIELDS]; /* title, skills, body to find others like; NULL: by words */
	bool like_other;			  /* they are of a document of another index */
	uint32_t limit;
	bool explain;
	bool fresh;
	bool total;
	bool prior;
	bool exhaustive;
	bool match_all;
	bool correct;
	int64 segment; /* search this one only; 0: all */
	SklSortKind sort;
	const char *sort_column;
	SklPlanCursor after;
	uint32_t n_filters;
	SklPlanFilter filters[SKL_ASK_FILTERS];
	int filter_columns[SKL_ASK_FILTERS];
	uint32_t n_facets; /* of the plan */
	SklPlanFacet facets[2 * SKL_ASK_FACETS];
	uint32_t n_wanted;
	SklAskedFacet wanted[SKL_ASK_FACETS];
	uint32_t n_near;
	SklBytes near[SKL_NEAR_MAX]; /* filter terms of who asks */
} SklAsk;

/* Reads a request; what is wrong with it becomes a problem of its field, and is raised. */
extern void skl_ask_read(const SklSearchKind *kind, Jsonb *json, SklAsk *request);

/* What a cursor keeps of a hit, as text, and back; false when the text is none. */
extern char *skl_ask_key(const SklHit *hit);
extern bool skl_ask_after(const char *key, SklPlanCursor *after);

/* A column's number as people write it: 12.50, 2026-11-22T12:00:00Z; JSON. */
extern void skl_ask_number(StringInfo out, SklUnit unit, double number);

/* The facets of a result as JSON: an object with a member for each. */
extern char *skl_ask_facets(const SklSearchKind *kind, const SklAsk *request,
							const SklSearchResult *result);

#endif
