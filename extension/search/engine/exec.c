/*
 * search/engine/exec.c
 *		Runs a plan: segment by segment, window by window.
 */
#include "search/engine/exec.h"

#include "search/engine/exec_run.h"

/* ---- a window ---- */

static void
and_bits(SklBits *bits, const SklBits *other)
{
	for (int w = 0; w < SKL_WINDOW_WORDS; w++)
		bits->words[w] &= other->words[w];
}

/*
 * Passes the matches through all filters, and counts facets: a facet sees what passes every group
 * but its own. On return, bits are what passes all.
 */
static void
filter_and_count(SklRun *run, SklBits *bits)
{
	const SklPlan *plan = run->plan;
	SklBits passes[SKL_FILTERS_MAX];
	SklBits matches = *bits;

	for (uint32_t f = 0; f < plan->n_filters; f++)
	{
		/* without facets only what is left matters */
		skl_run_filter_bits(run, f, plan->n_facets > 0 ? &matches : bits, &passes[f]);
		and_bits(bits, &passes[f]);
	}
	for (uint32_t i = 0; i < plan->n_facets; i++)
	{
		int32_t own = plan->facets[i].filter;
		SklBits seen = own < 0 ? *bits : matches;

		for (uint32_t f = 0; own >= 0 && f < plan->n_filters; f++)
			if (f != (uint32_t) own)
				and_bits(&seen, &passes[f]);
		skl_run_count_facet(run, i, &seen);
	}
}

/* Filters by terms; those that read columns wait until a document is about to become a hit. */
static void
filter_early(SklRun *run, SklBits *bits)
{
	SklBits passes;

	for (uint32_t f = 0; f < run->plan->n_filters; f++)
	{
		if (run->plan->filters[f].kind != SKL_FILTER_TERMS)
			continue;
		skl_run_filter_bits(run, f, bits, &passes);
		*bits = passes;
	}
}

/*
 * Only hits are wanted: what is cheap decides first, phrases and columns are read for documents
 * that would win.
 */
static void
run_hits_window(SklRun *run)
{
	SklBits visible;
	SklBits bits;

	skl_run_visible_bits(run, &visible);
	filter_early(run, &visible);
	run->late_filters = true;
	run->late_phrases = run->phrases_may_wait;
	skl_run_match(run, &visible, &bits);
	if (skl_bits_any(&bits))
		skl_run_score_window(run, &bits, true);
	run->late_filters = false;
	run->late_phrases = false;
}

/*
 * Besides, the matches are the documents that score: scoring alone finds the hits.
 */
static void
run_pure_window(SklRun *run)
{
	bool all = run->all_visible && run->search->dead == NULL && run->plan->n_filters == 0;
	SklBits bits;

	if (run->n_order == 0)
		return;
	if (!all)
	{
		skl_run_visible_bits(run, &bits);
		filter_early(run, &bits);
	}
	run->late_filters = true;
	if (all || skl_bits_any(&bits))
		skl_run_score_window(run, all ? NULL : &bits, false);
	run->late_filters = false;
}

/* Whatever the tree, the filters and facets: the matches as bits, then what they score. */
static void
run_any_window(SklRun *run, bool can_win)
{
	SklBits visible;
	SklBits bits;

	skl_run_visible_bits(run, &visible);
	skl_run_match(run, &visible, &bits);
	filter_and_count(run, &bits);
	run->total += skl_bits_count(&bits);
	if (run->top_room == 0 || !can_win)
		return;
	if (run->plan->sort != SKL_SORT_SCORE)
		skl_run_offer_bits(run, &bits);
	else if (run->plan->exhaustive || run->n_scored == 0)
		skl_run_score_all(run, &bits);
	else
		skl_run_score_window(run, &bits, true);
}

static void
run_window(SklRun *run)
{
	const SklPlan *plan = run->plan;
	bool can_win = true;

	skl_run_seek_terms(run);
	if (plan->sort != SKL_SORT_SCORE)
		can_win = plan->exhaustive || skl_run_sort_can_win(run, run->window);
	else if (run->n_scored > 0)
	{
		uint64_t bound = skl_run_window_bound(run);

		can_win = plan->exhaustive || bound >= run->threshold;
	}
	if (!can_win && !run->needs_counts)
		return;
	if (run->needs_counts || plan->exhaustive || plan->sort != SKL_SORT_SCORE || run->n_scored == 0)
		run_any_window(run, can_win);
	else if (run->pure)
		run_pure_window(run);
	else
		run_hits_window(run);
}

/* ---- a segment ---- */

static void
open_segment(SklRun *run, uint32_t number)
{
	const SklSearchSegment *search = &run->segments[number];
	SklSegment *segment = search->segment;

	run->search = search;
	run->segment = segment;
	run->segment_number = number;
	run->n_docs = segment->header.n_docs;
	run->lengths = skl_segment_lengths(segment);
	run->priors = search->prior != NULL ? search->prior : skl_segment_priors(segment);
	run->max_factor = SKL_PRIOR_ONE;
	if (run->plan->use_prior)
		run->max_factor += search->prior != NULL ? 255u : segment->header.max_prior;
	run->all_visible = true;
	for (int w = 0; w < 4; w++)
		if ((segment->header.classes[w] & ~run->plan->classes[w]) != 0)
			run->all_visible = false;
	skl_run_open_terms(run);
	skl_run_open_filters(run);
	skl_run_open_facets(run);
	if (run->plan->sort != SKL_SORT_SCORE)
		run->sort_column = skl_run_column(run, run->plan->sort_column);
}

static void
run_windows(SklRun *run)
{
	run->window = 0;
	while (run->window < skl_pages(run->n_docs))
	{
		run->base = run->window * SKL_WINDOW;
		run->n = run->n_docs - run->base;
		run->n = run->n < SKL_WINDOW ? run->n : SKL_WINDOW;
		skl_engine_check(run->engine);
		run_window(run);
		run->window = run->pure ? skl_run_next_window(run) : run->window + 1;
	}
}

static void
run_segment(SklRun *run, uint32_t number)
{
	open_segment(run, number);
	if (!skl_run_join_segment(run))
		run_windows(run);
	for (uint32_t t = 0; t < run->plan->n_terms; t++)
		if (run->postings[t].present)
			run->blocks_read += run->postings[t].postings.blocks_read;
	skl_run_close_facets(run);
}

/* ---- the whole ---- */

SklRun *
skl_run_create(SklEngine *engine, const SklPlan *plan, const SklSearchSegment *segments,
			   uint32_t n_segments)
{
	SklRun *run = skl_engine_alloc(engine, sizeof(*run));

	/* the large arrays at the end are written before they are read */
	memset(run, 0, offsetof(SklRun, candidates));
	memset(run->scores, 0, sizeof(run->scores));
	memset(run->best, 0, sizeof(run->best));
	run->engine = engine;
	run->plan = plan;
	run->segments = segments;
	run->n_segments = n_segments;
	run->positions.engine = engine;
	run->pointers.engine = engine;
	/* segments have engines of their own; while a plan runs, their faults are those of the run */
	for (uint32_t s = 0; s < n_segments; s++)
		segments[s].segment->faults = engine;
	return run;
}

void
skl_run_check_plan(const SklRun *run)
{
	const SklPlan *plan = run->plan;

	if (plan->n_filters > SKL_FILTERS_MAX)
		skl_engine_raise(run->engine, SKL_ENGINE_BAD_INPUT, "too many filters");
	if (plan->n_near > SKL_NEAR_MAX)
		skl_engine_raise(run->engine, SKL_ENGINE_BAD_INPUT, "too many terms of who asks");
	for (uint32_t i = 0; i < plan->n_facets; i++)
		if (plan->facets[i].filter >= (int32_t) plan->n_filters)
			skl_engine_raise(run->engine, SKL_ENGINE_BAD_INPUT, "a facet names no filter");
	for (uint32_t t = 0; t < plan->n_terms; t++)
		if (plan->terms[t].idf_group > plan->n_terms || !(plan->terms[t].weight >= 0) ||
			plan->terms[t].weight > 1e6f)
			skl_engine_raise(run->engine, SKL_ENGINE_BAD_INPUT, "a term has no good weight");
	if (!(plan->k1 >= 0.001 && plan->k1 <= 100) || !(plan->b >= 0 && plan->b <= 1))
		skl_engine_raise(run->engine, SKL_ENGINE_BAD_INPUT, "k1 or b is out of range");
	if (plan->sort != SKL_SORT_SCORE && plan->sort_column == NULL)
		skl_engine_raise(run->engine, SKL_ENGINE_BAD_INPUT, "no column to sort by");
}

/* The largest segments first: they fill the heap with what others must beat. */
static void
run_segments(SklRun *run)
{
	uint32_t n = run->n_segments;
	uint32_t *order = skl_engine_alloc(run->engine, sizeof(uint32_t) * ((size_t) n + 1));

	for (uint32_t s = 0; s < n; s++)
	{
		uint32_t docs = run->segments[s].segment->header.n_docs;
		uint32_t at = s;

		for (; at > 0 && run->segments[order[at - 1]].segment->header.n_docs < docs; at--)
			order[at] = order[at - 1];
		order[at] = s;
	}
	for (uint32_t s = 0; s < n; s++)
		if (run->segments[order[s]].segment->header.n_docs > 0)
			run_segment(run, order[s]);
}

typedef struct SearchCall
{
	SklRun *run;
	SklSearchResult *result;
} SearchCall;

static void
search(void *argument)
{
	SearchCall *call = argument;
	SklRun *run = call->run;
	SklSearchResult *result = call->result;
	SklHit *hits;

	skl_run_check_plan(run);
	skl_run_count_terms(run);
	skl_run_check_tree(run);
	run->top_room = skl_run_hits_needed(run);
	run->cursor_applies = run->plan->after.present && !skl_run_reranks(run);
	run->needs_counts = run->plan->want_total || run->plan->n_facets > 0;
	skl_run_plan_join(run);
	skl_run_begin_scores(run);
	skl_run_begin_top(run);
	skl_run_begin_facets(run);
	run_segments(run);
	hits = skl_run_end_top(run, result);
	if (skl_run_reranks(run))
		skl_run_rerank(run, hits, result);
	skl_run_end_facets(run, result);
	result->more = result->n_hits > run->plan->k;
	if (result->more)
		result->n_hits = run->plan->k;
	result->total = run->total;
	result->n_live = run->n_live;
	result->average_length = run->average_length;
	result->blocks_read = run->blocks_read;
}

SklStatus
skl_search(SklEngine *engine, const SklPlan *plan, const SklSearchSegment *segments,
		   uint32_t n_segments, const SklBitsetCache *cache, SklSearchResult *result)
{
	SearchCall call = {skl_run_create(engine, plan, segments, n_segments), result};

	call.run->cache = cache;
	memset(result, 0, sizeof(*result));
	return skl_engine_run(engine, search, &call);
}
