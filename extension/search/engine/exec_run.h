/*
 * search/engine/exec_run.h
 *		A plan that runs: what the exec files share. Functions raise.
 *
 * Segments are worked through one after the other, the largest first, each in windows of 4,096
 * documents. For a window there are bits: which documents match, pass a filter, may be seen. Hits
 * of all segments meet in one heap, whose worst hit is what the next one must beat.
 *
 *	exec.c			begins, walks over segments and windows, ends
 *	exec_terms.c	looks terms up, counts, weighs them
 *	exec_match.c	the tree of nodes, window by window
 *	exec_phrase.c	words side by side
 *	exec_join.c		documents that have all words
 *	exec_filter.c	filter groups
 *	exec_score.c	scores and their bounds
 *	exec_top.c		the heap, the order of hits, the cursor
 *	exec_facet.c	counting
 *	exec_rank.c		proximity and personal part of the best hits
 *	exec_explain.c	why
 */
#ifndef SKL_SEARCH_EXEC_RUN_H
#define SKL_SEARCH_EXEC_RUN_H

#include "search/engine/buffer.h"
#include "search/engine/column_read.h"
#include "search/engine/exec.h"
#include "search/engine/postings.h"

#define SKL_WINDOW 4096 /* documents; also those of a column page */
#define SKL_WINDOW_WORDS (SKL_WINDOW / 64)
#define SKL_PRIOR_ONE 510 /* factor of prior p: (510 + p) / 510 */
#define SKL_FILTERS_MAX 32
#define SKL_TREE_DEPTH_MAX 64

_Static_assert(SKL_WINDOW == SKL_COLUMN_PAGE, "windows and pages are the same documents");

/* One bit for each document of a window. */
typedef struct SklBits
{
	uint64_t words[SKL_WINDOW_WORDS];
} SklBits;

/* A term of the plan, over all segments. */
typedef struct SklRunTerm
{
	const SklPlanTerm *plan;
	bool scored;
	uint64_t df; /* living documents of all segments; of its group, when it has one */
	double idf;
	float unit; /* weight × idf in units of the score */
} SklRunTerm;

/* A term of the plan in the segment that is worked on. */
typedef struct SklRunPostings
{
	bool present;
	bool some_fields; /* the plan's mask leaves fields out, so that a posting may not count */
	uint32_t first;	  /* first block that may reach into the window */
	uint32_t next;	  /* no document from the window on is less than this */
	const SklWeights *weights;
	SklPostings postings;
} SklRunPostings;

/* A filter group in the segment that is worked on. */
typedef struct SklRunFilter
{
	const SklPlanFilter *plan;
	const uint64_t *words; /* TERMS: a bit for each document of the segment */
	struct SklRunColumn *column;
	struct SklRunColumn *longitude;
} SklRunFilter;

/* A column in the segment that is worked on, with its overlay. */
typedef struct SklRunColumn
{
	const char *name;
	SklColumn *column; /* NULL: the segment has none */
	const SklOverlay *overlay;
	uint32_t page; /* that is open; UINT32_MAX: none */
	SklNumbers numbers;
	uint32_t lists_page;
	SklLabelLists lists;
} SklRunColumn;

typedef struct SklTopEntry
{
	uint64_t key; /* greater is better: score × prior in units, or the column's number in order */
	bool null;	  /* sorts by column: no number; last */
	uint32_t segment;
	uint32_t docno;
	uint32_t sum; /* text score in units */
	const uint8_t *id;
} SklTopEntry;

/* What adds up to a score: a term, or terms that are forms of one word. */
typedef struct SklClause
{
	uint32_t first; /* of its terms in run->scored, which lie side by side */
	uint32_t n;
	uint32_t bound; /* in units: the most that a document of the window can get from it */
} SklClause;

/* A word that every match has, see exec_join.c. */
typedef struct SklJoinWord
{
	uint32_t term; /* of the plan */
	bool counts;   /* must occur in the fields of its mask */
	SklRunPostings *postings;
	uint32_t bounded; /* the block that these are of; SKL_NO_BLOCK: none */
	uint32_t bound;
	uint32_t last;
	uint32_t at; /* where the search is in it */
} SklJoinWord;

/* A document of the window that may get into the heap. */
typedef struct SklCandidate
{
	uint32_t sum;
	uint32_t best; /* of the terms of a clause that is being looked up */
	uint16_t at;
} SklCandidate;

struct SklFacetCounter;

typedef struct SklRun
{
	SklEngine *engine;
	const SklPlan *plan;
	const SklSearchSegment *segments;
	uint32_t n_segments;
	const SklBitsetCache *cache;

	/* over all segments */
	SklRunTerm *terms;
	uint32_t *scored; /* indexes of the terms that score; forms of one word side by side, last */
	uint32_t n_scored;
	SklClause *clauses; /* all of them; bounds are not set */
	uint32_t n_clauses;
	uint64_t n_live;
	double average_length;
	int shift;			 /* a score is an integer number of 2^-shift */
	float k_base;		 /* k1 × (1 − b) */
	float k_slope;		 /* k1 × b / average length */
	bool needs_counts;	 /* every match must be seen: total or facets are wanted */
	bool cursor_applies; /* hits must come after plan->after */
	bool pure; /* the matches are the documents that score: the tree is an OR of the scored */
	uint64_t total;
	uint64_t blocks_read;
	bool *must;			   /* phrases that every match has, by number */
	bool phrases_may_wait; /* all phrases of the tree are of those */
	uint32_t *node_cost;   /* for the order of children */
	SklJoinWord *join; /* when the matches are what has all of these, and hits are wanted alone */
	uint32_t n_join;   /* else 0 */

	/* the heap, its worst entry first */
	SklTopEntry *top;
	uint32_t n_top;
	uint32_t top_room;	/* hits to find, one more than wanted to know whether there are more */
	uint64_t threshold; /* key of the worst, when the heap is full; else 0 */

	/* the segment that is worked on */
	const SklSearchSegment *search;
	SklSegment *segment;
	uint32_t segment_number;
	uint32_t n_docs;
	SklRunPostings *postings; /* one for each term */
	SklRunFilter filters[SKL_FILTERS_MAX];
	SklRunColumn *sort_column;
	const uint8_t *lengths;
	const uint8_t *priors;
	uint32_t max_factor; /* 510 + greatest prior */
	bool all_visible;	 /* every document of the segment may be seen */

	/* the window */
	SklClause *order; /* clauses that may occur in it, the weakest first */
	uint32_t n_order;
	SklBits touched;   /* documents with a score */
	SklBits improved;  /* documents with a part of the clause that is being added */
	uint32_t n_added;  /* postings that made them */
	uint32_t n_bits;   /* documents that are to be scored */
	bool late_phrases; /* phrases match by their words; candidates must still have them */
	bool late_filters; /* candidates must still pass the filters that read columns */
	uint32_t window;   /* its number */
	uint32_t base;	   /* its first document */
	uint32_t n;		   /* its documents */

	struct SklFacetCounter *facets;
	SklBuffer positions; /* scratch of phrases */
	SklBuffer pointers;

	SklCandidate candidates[SKL_WINDOW];
	uint32_t scores[SKL_WINDOW]; /* of the window's documents; zeros between windows */
	uint32_t best[SKL_WINDOW];	 /* parts of one clause; zeros between clauses */
} SklRun;

/* ---- bits ---- */

static inline bool
skl_bit(const SklBits *bits, uint32_t i)
{
	return bits->words[i / 64] >> i % 64 & 1;
}

static inline uint32_t
skl_bits_count(const SklBits *bits)
{
	uint32_t n = 0;

	for (int w = 0; w < SKL_WINDOW_WORDS; w++)
	{
		/* by halves: not every processor has an instruction for it */
		uint64_t x = bits->words[w];

		x -= x >> 1 & UINT64_C(0x5555555555555555);
		x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
		x = (x + (x >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
		n += (uint32_t) (x * UINT64_C(0x0101010101010101) >> 56);
	}
	return n;
}

static inline bool
skl_bits_any(const SklBits *bits)
{
	uint64_t all = 0;

	for (int w = 0; w < SKL_WINDOW_WORDS; w++)
		all |= bits->words[w];
	return all != 0;
}

/* Is any of the bits from .. to (inclusive) set? */
static inline bool
skl_bits_between(const SklBits *bits, uint32_t from, uint32_t to)
{
	uint64_t first = ~UINT64_C(0) << from % 64;
	uint64_t last = ~UINT64_C(0) >> (63 - to % 64);

	if (from / 64 == to / 64)
		return (bits->words[from / 64] & first & last) != 0;
	if ((bits->words[from / 64] & first) != 0 || (bits->words[to / 64] & last) != 0)
		return true;
	for (uint32_t w = from / 64 + 1; w < to / 64; w++)
		if (bits->words[w] != 0)
			return true;
	return false;
}

/* Does what follows with i set to each document of the window whose bit is set. */
#define SKL_EACH_BIT(bits, i, ...)                                                              \
	for (uint32_t skl_w = 0; skl_w < SKL_WINDOW_WORDS; skl_w++)                                 \
		for (uint64_t skl_left = (bits)->words[skl_w]; skl_left != 0; skl_left &= skl_left - 1) \
		{                                                                                       \
			uint32_t i = skl_w * 64 + (uint32_t) __builtin_ctzll(skl_left);                     \
			__VA_ARGS__                                                                         \
		}

/* The same between two documents, both inclusive, the first not greater than the last. */
#define SKL_EACH_BIT_BETWEEN(bits, first, last, i, ...)                                      \
	for (uint32_t skl_w = (first) / 64; skl_w <= (last) / 64; skl_w++)                       \
		for (uint64_t skl_left =                                                             \
				 (bits)->words[skl_w] &                                                      \
				 (skl_w == (first) / 64 ? ~UINT64_C(0) << (first) % 64 : ~UINT64_C(0)) &     \
				 (skl_w == (last) / 64 ? ~UINT64_C(0) >> (63 - (last) % 64) : ~UINT64_C(0)); \
			 skl_left != 0; skl_left &= skl_left - 1)                                        \
		{                                                                                    \
			uint32_t i = skl_w * 64 + (uint32_t) __builtin_ctzll(skl_left);                  \
			__VA_ARGS__                                                                      \
		}

/*
 * Would so few of n documents of a window lie between two, that looking each up beats reading all?
 */
static inline bool
skl_few_in(uint32_t n, uint32_t first, uint32_t last)
{
	return (uint64_t) n * (last - first + 1) < UINT64_C(12) * SKL_WINDOW;
}

/* ---- exec.c ---- */

/* A run of the plan, in the engine's memory; the segments' faults are the engine's from now on. */
extern SklRun *skl_run_create(SklEngine *engine, const SklPlan *plan,
							  const SklSearchSegment *segments, uint32_t n_segments);
extern void skl_run_check_plan(const SklRun *run);

/* ---- exec_terms.c ---- */

extern void skl_run_count_terms(SklRun *run);
extern void skl_run_open_terms(SklRun *run);

/* Moves the terms on to the window that begins at run->base. */
extern void skl_run_seek_terms(SklRun *run);

/* The first window from the next on in which a scored term may occur. */
extern uint32_t skl_run_next_window(SklRun *run);

/* Unpacks the block of a document of the window or behind it; the place of its posting there. */
extern bool skl_run_find(SklRunPostings *term, uint32_t docno, uint32_t *at);

/* ---- exec_match.c ---- */

extern void skl_run_check_tree(SklRun *run);

/* Those of the documents in mask that match the tree. */
extern void skl_run_match(SklRun *run, const SklBits *mask, SklBits *matches);

/* Those of the documents in mask that have the term: in one of its fields, or in any. */
extern void skl_run_term_bits(SklRun *run, uint32_t term, bool any_field, const SklBits *mask,
							  SklBits *bits);

/* ---- exec_phrase.c ---- */

extern void skl_run_phrase_bits(SklRun *run, const SklPlanPhrase *phrase, const SklBits *mask,
								SklBits *bits);

extern bool skl_run_has_phrase(SklRun *run, const SklPlanPhrase *phrase, uint32_t docno);

/*
 * How near the words of a phrase come to each other in a document, in one of the fields: the least
 * difference between the places where they would begin the phrase; UINT32_MAX: some are missing.
 */
extern uint32_t skl_run_phrase_slack(SklRun *run, const SklPlanPhrase *phrase, uint32_t docno);

/* ---- exec_join.c ---- */

/* Sets run->join, if the plan is of that kind. */
extern void skl_run_plan_join(SklRun *run);

/* Works through the whole segment; false: it is not for this way, and nothing was done. */
extern bool skl_run_join_segment(SklRun *run);

/* ---- exec_filter.c ---- */

extern SklRunColumn *skl_run_column(SklRun *run, const char *name);

/* The page of the window; false when the column has none. */
extern bool skl_run_numbers(SklRun *run, SklRunColumn *column);
extern bool skl_run_lists(SklRun *run, SklRunColumn *column);

extern void skl_run_open_filters(SklRun *run);

/* Those of the documents in mask that pass a filter group. */
extern void skl_run_filter_bits(SklRun *run, uint32_t filter, const SklBits *mask, SklBits *bits);

/* Does a document of the window pass what was left for last: phrases, filters that read columns? */
extern bool skl_run_passes(SklRun *run, uint32_t at);

/* Is a document alive, may be seen, and passes the filters by terms? */
extern bool skl_run_visible(const SklRun *run, uint32_t docno);

/* Documents of the window that are alive and may be seen. */
extern void skl_run_visible_bits(SklRun *run, SklBits *bits);

/* Documents of the window that are dead and might be seen otherwise. */
extern void skl_run_dead_bits(SklRun *run, SklBits *bits);

/* ---- exec_score.c ---- */

extern void skl_run_begin_scores(SklRun *run);

/* The most that a document of a block can get. */
extern uint32_t skl_run_block_bound(const SklRun *run, float unit, const SklSkip *skip);

/*
 * Puts the terms of the window in order; the best that a document of it can reach, as a key of the
 * heap. Comes before the two that score.
 */
extern uint64_t skl_run_window_bound(SklRun *run);

/*
 * Offers the documents in bits (NULL: all of the window) that can get into the heap. all: also
 * those that no scored term has.
 */
extern void skl_run_score_window(SklRun *run, const SklBits *bits, bool all);

/* Offers all documents in bits: the oracle. */
extern void skl_run_score_all(SklRun *run, const SklBits *bits);

/* What a posting is worth, in units: the one formula of all paths. */
static inline uint32_t
skl_contribution(float unit, float k, float inverse_wtf)
{
	return (uint32_t) (int32_t) (unit / (1.0f + k * inverse_wtf) + 0.5f);
}

/* ---- exec_top.c ---- */

extern void skl_run_begin_top(SklRun *run);

/* Is a document with this text score not worse than the worst hit? Ids may still decide. */
extern bool skl_run_can_win(const SklRun *run, uint32_t docno, uint32_t sum);

/* Offers a document with its text score; sorts by column need none. */
extern void skl_run_offer(SklRun *run, uint32_t docno, uint32_t sum);

/* Sorts by column: offers the documents in bits. */
extern void skl_run_offer_bits(SklRun *run, const SklBits *bits);

/* Could any document of a window of the sort column still get into the heap? */
extern bool skl_run_sort_can_win(SklRun *run, uint32_t window);

/* The hits in order, in the result as well. */
extern SklHit *skl_run_end_top(SklRun *run, SklSearchResult *result);

extern double skl_run_score(const SklRun *run, uint64_t key);

/* ---- exec_rank.c ---- */

/* Are the best hits put in a new order, and the cursor, if any, one of theirs? */
extern bool skl_run_reranks(const SklRun *run);

/* How many hits to find for a page, one more than it holds. */
extern uint32_t skl_run_hits_needed(const SklRun *run);
extern void skl_run_rerank(SklRun *run, SklHit *hits, SklSearchResult *result);

/* ---- exec_facet.c ---- */

extern void skl_run_begin_facets(SklRun *run);
extern void skl_run_open_facets(SklRun *run);
extern void skl_run_count_facet(SklRun *run, uint32_t facet, const SklBits *bits);
extern void skl_run_close_facets(SklRun *run);
extern void skl_run_end_facets(SklRun *run, SklSearchResult *result);

#endif
