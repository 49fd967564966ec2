/*
 * search/engine/exec.h
 *		Runs a plan over a list of segments.
 *
 * Scores are sums of integers: the contribution of a term is rounded once to a unit that depends
 * only on the plan's terms and the statistics, so that a score does not depend on the order of
 * addition, on what was skipped, or on how many segments there are. Results are exact: the same
 * hits in the same order as scoring every document.
 */
#ifndef SKL_SEARCH_EXEC_H
#define SKL_SEARCH_EXEC_H

#include "search/engine/plan.h"
#include "search/engine/segment_read.h"

/* Numbers that change more often than a segment: new pages of one number column (column.h). */
typedef struct SklOverlay
{
	const char *column;
	uint32_t n_pages;
	const SklBytes
		*pages; /* page p: documents from p × SKL_COLUMN_PAGE; no data: the segment's own */
} SklOverlay;

typedef struct SklSearchSegment
{
	SklSegment *segment;
	const uint64_t *dead; /* one bit a document (SklSegment order), or NULL: none */
	uint32_t n_overlays;
	const SklOverlay *overlays;
	const uint8_t *prior; /* one byte a document instead of the segment's own, or NULL */
	uint64_t cache_id;	  /* names the segment in the cache; 0: not to be cached */
} SklSearchSegment;

/*
 * Where the bits of a filter's terms are kept between queries: one bit a document, (documents + 63)
 * / 64 words, without regard to the dead. get() answers NULL when it has none; put() may copy or
 * not.
 */
typedef struct SklBitsetCache
{
	const uint64_t *(*get)(void *context, uint64_t cache_id, SklBytes key, uint32_t n_words);
	void (*put)(void *context, uint64_t cache_id, SklBytes key, const uint64_t *words,
				uint32_t n_words);
	void *context;
} SklBitsetCache;

typedef struct SklHit
{
	uint8_t id[SKL_ENTITY_ID_BYTES];
	uint32_t segment; /* index in the list */
	uint32_t docno;
	double score;	  /* what it is ranked by: text × prior × (1 + proximity) × personal */
	double text;	  /* the BM25F sum alone */
	double proximity; /* 0 .. plan.proximity */
	double personal;  /* 1 .. 1 + plan.personal */
	bool reranked;
	bool null;	   /* sorts by column */
	int64_t value; /* sorts by column */
} SklHit;

typedef struct SklFacetCount
{
	SklBytes label;		/* LABELS */
	SklPlanRange range; /* RANGES; HISTOGRAM: min and max of the bucket, inclusive */
	uint64_t count;
} SklFacetCount;

typedef struct SklFacetResult
{
	uint32_t n_counts;
	const SklFacetCount *counts; /* LABELS: most first, then by label; others in order; histograms
								  * have all buckets from the first to the last that is not empty */
	int64_t width;				 /* HISTOGRAM: the one chosen */
	uint64_t n_values;			 /* HISTOGRAM, STATS: documents with a number */
	int64_t min;				 /* HISTOGRAM, STATS, when there are any */
	int64_t max;
	double sum;
	const int64_t *percentiles; /* STATS: as many as the plan names, when there are any */
} SklFacetResult;

typedef struct SklSearchResult
{
	uint32_t n_hits;
	const SklHit *hits;
	uint64_t total; /* exact when the plan wants it or has facets */
	bool more;		/* there are hits after the last one */
	uint32_t n_facets;
	const SklFacetResult *facets;
	uint64_t n_live; /* the statistics that scored */
	double average_length;
	uint64_t blocks_read; /* posting blocks decoded, for tests and figures */
} SklSearchResult;

/* Memory of the result is the engine's. cache may be NULL. */
extern SklStatus skl_search(SklEngine *engine, const SklPlan *plan,
							const SklSearchSegment *segments, uint32_t n_segments,
							const SklBitsetCache *cache, SklSearchResult *result);

/* One term's part of a score. */
typedef struct SklExplainTerm
{
	uint32_t term; /* index in the plan */
	uint64_t df;
	double idf;
	double weight; /* the plan's */
	double wtf;	   /* weighted occurrences */
	double part;   /* wtf / (wtf + k1 × (1 − b + b × length / average)) */
	double score;  /* weight × idf × part */
} SklExplainTerm;

typedef struct SklExplanation
{
	bool matches;
	uint32_t n_terms; /* those that the document has; of forms of one word the one that counts */
	const SklExplainTerm *terms;
	double text; /* sum of the terms' scores */
	uint32_t length;
	double average_length;
	uint64_t n_live;
	double prior;		/* factor, 1 .. 1.5 */
	double prior_score; /* text × (prior − 1) */
	double proximity;	/* factor − 1 */
	double proximity_score;
	double personal; /* factor */
	double personal_score;
	double score; /* text + prior_score + proximity_score + personal_score */
} SklExplanation;

/* Why a document has its score; hit as found by skl_search with the same plan and segments. */
extern SklStatus skl_explain(SklEngine *engine, const SklPlan *plan,
							 const SklSearchSegment *segments, uint32_t n_segments,
							 const SklHit *hit, SklExplanation *explanation);

#endif
