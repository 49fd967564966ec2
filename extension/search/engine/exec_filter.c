/*
 * search/engine/exec_filter.c
 *		Filter groups as bits: terms from their postings, once a segment (and from the cache, where
 *		there is one); ranges and places from the columns, a window at a time.
 */
#include "search/engine/exec_run.h"

#include <math.h>

#define EARTH_RADIUS 6371008.8 /* metres, the mean of IUGG */
#define DEGREE 1e7			   /* units of a stored degree */

/* ---- columns ---- */

SklRunColumn *
skl_run_column(SklRun *run, const char *name)
{
	SklRunColumn *column = skl_engine_zalloc(run->engine, sizeof(*column));

	column->name = name;
	column->page = UINT32_MAX;
	column->lists_page = UINT32_MAX;
	column->column = skl_column_open(run->segment, name);
	for (uint32_t i = 0; i < run->search->n_overlays; i++)
		if (strcmp(run->search->overlays[i].column, name) == 0)
			column->overlay = &run->search->overlays[i];
	return column;
}

bool
skl_run_numbers(SklRun *run, SklRunColumn *column)
{
	const SklOverlay *overlay = column->overlay;

	if (column->page == run->window)
		return true;
	if (overlay != NULL && run->window < overlay->n_pages &&
		overlay->pages[run->window].data != NULL)
	{
		if (!skl_numbers_open(overlay->pages[run->window], run->n, &column->numbers))
			skl_engine_raise(run->engine, SKL_ENGINE_CORRUPT, "a page of an overlay is wrong");
	}
	else if (column->column == NULL || column->column->header->kind == SKL_COLUMN_LABELS)
		return false;
	else
		skl_column_numbers_of(column->column, run->window, &column->numbers);
	column->page = run->window;
	return true;
}

bool
skl_run_lists(SklRun *run, SklRunColumn *column)
{
	if (column->column == NULL || column->column->header->kind != SKL_COLUMN_LABELS)
		return false;
	if (column->lists_page != run->window)
		skl_column_lists_of(column->column, run->window, &column->lists);
	column->lists_page = run->window;
	return true;
}

/* ---- terms ---- */

static void
set_postings(SklRun *run, SklPostings *postings, SklBytes term, uint64_t *words)
{
	SklTermInfo info;

	if (!skl_segment_lookup(run->segment, SKL_TERM_FILTER, term, &info))
		return;
	skl_postings_open(postings, run->segment, &info);
	for (uint32_t block = 0; block < postings->n_blocks; block++)
	{
		skl_postings_docs(postings, block);
		for (uint32_t i = 0; i < postings->n; i++)
			words[postings->docs[i] / 64] |= UINT64_C(1) << postings->docs[i] % 64;
	}
	run->blocks_read += postings->blocks_read;
}

/* All terms of a group name its bits in the cache, each behind its length. */
static SklBytes
cache_key(SklRun *run, const SklPlanFilter *filter)
{
	SklBuffer key = {.engine = run->engine};

	for (uint32_t i = 0; i < filter->n_terms; i++)
	{
		skl_buffer_varint(&key, filter->terms[i].length);
		skl_buffer_add(&key, filter->terms[i].data, filter->terms[i].length);
	}
	return (SklBytes){key.data, (uint32_t) key.length};
}

/* Bits of the whole segment, with whole windows of room. */
static const uint64_t *
term_words(SklRun *run, const SklPlanFilter *filter)
{
	bool cached = run->cache != NULL && run->search->cache_id != 0;
	uint32_t n_words = skl_pages(run->n_docs) * SKL_WINDOW_WORDS;
	SklBytes key = {NULL, 0};
	const uint64_t *found = NULL;
	uint64_t *words;
	SklPostings *postings;

	if (cached)
	{
		key = cache_key(run, filter);
		found = run->cache->get(run->cache->context, run->search->cache_id, key, n_words);
	}
	if (found != NULL)
		return found;
	words = skl_engine_zalloc(run->engine, sizeof(uint64_t) * ((size_t) n_words + 1));
	postings = skl_engine_alloc(run->engine, sizeof(*postings));
	for (uint32_t i = 0; i < filter->n_terms; i++)
		set_postings(run, postings, filter->terms[i], words);
	if (cached)
		run->cache->put(run->cache->context, run->search->cache_id, key, words, n_words);
	return words;
}

void
skl_run_open_filters(SklRun *run)
{
	for (uint32_t f = 0; f < run->plan->n_filters; f++)
	{
		SklRunFilter *filter = &run->filters[f];

		memset(filter, 0, sizeof(*filter));
		filter->plan = &run->plan->filters[f];
		if (filter->plan->kind == SKL_FILTER_TERMS)
			filter->words = term_words(run, filter->plan);
		else
			filter->column = skl_run_column(run, filter->plan->column);
		if (filter->plan->kind == SKL_FILTER_RADIUS)
			filter->longitude = skl_run_column(run, filter->plan->longitude);
	}
}

/* ---- numbers ---- */

static bool
in_ranges(const SklPlanFilter *plan, int64_t number)
{
	for (uint32_t r = 0; r < plan->n_ranges; r++)
		if (number >= plan->ranges[r].min && number <= plan->ranges[r].max)
			return true;
	return false;
}

static bool
passes_range(const SklRunFilter *filter, uint32_t i)
{
	int64_t number;

	return skl_number_get(&filter->column->numbers, i, &number) && in_ranges(filter->plan, number);
}

/* Great-circle distance by the haversine formula. */
static double
distance(double latitude, double longitude, double to_latitude, double to_longitude)
{
	double across = sin((to_latitude - latitude) / 2);
	double along = sin((to_longitude - longitude) / 2);
	double h = across * across + cos(latitude) * cos(to_latitude) * along * along;

	return 2 * EARTH_RADIUS * asin(sqrt(h < 1 ? h : 1));
}

static bool
passes_radius(const SklRunFilter *filter, uint32_t i)
{
	const double unit = M_PI / 180 / DEGREE;
	const SklPlanFilter *plan = filter->plan;
	int64_t latitude;
	int64_t longitude;

	return skl_number_get(&filter->column->numbers, i, &latitude) &&
		   skl_number_get(&filter->longitude->numbers, i, &longitude) &&
		   distance(plan->center_latitude * unit, plan->center_longitude * unit,
					(double) latitude * unit, (double) longitude * unit) <= plan->metres;
}

static bool
open_pages(SklRun *run, const SklRunFilter *filter)
{
	return skl_run_numbers(run, filter->column) &&
		   (filter->longitude == NULL || skl_run_numbers(run, filter->longitude));
}

void
skl_run_filter_bits(SklRun *run, uint32_t number, const SklBits *mask, SklBits *bits)
{
	const SklRunFilter *filter = &run->filters[number];
	uint64_t flip = filter->plan->negated ? ~UINT64_C(0) : 0;

	memset(bits, 0, sizeof(*bits));
	if (filter->plan->kind == SKL_FILTER_TERMS)
		memcpy(bits, filter->words + (size_t) run->window * SKL_WINDOW_WORDS, sizeof(*bits));
	else if (open_pages(run, filter))
		SKL_EACH_BIT(mask, i, {
			bool passes =
				filter->longitude == NULL ? passes_range(filter, i) : passes_radius(filter, i);

			bits->words[i / 64] |= (uint64_t) passes << i % 64;
		})
	for (int w = 0; w < SKL_WINDOW_WORDS; w++)
		bits->words[w] = (bits->words[w] ^ flip) & mask->words[w];
}

bool
skl_run_passes(SklRun *run, uint32_t at)
{
	for (uint32_t p = 0; run->late_phrases && p < run->plan->n_phrases; p++)
		if (run->must[p] && !skl_run_has_phrase(run, &run->plan->phrases[p], run->base + at))
			return false;
	for (uint32_t f = 0; run->late_filters && f < run->plan->n_filters; f++)
	{
		const SklRunFilter *filter = &run->filters[f];
		bool passes = false;

		if (filter->plan->kind == SKL_FILTER_TERMS)
			continue;
		if (open_pages(run, filter))
			passes =
				filter->longitude == NULL ? passes_range(filter, at) : passes_radius(filter, at);
		if (passes == filter->plan->negated)
			return false;
	}
	return true;
}

/* ---- visibility ---- */

/* Documents of the window that may be seen, and are alive or dead. */
static void
seen_bits(SklRun *run, bool alive, SklBits *bits)
{
	const uint64_t *dead = run->search->dead;
	uint64_t flip = alive ? ~UINT64_C(0) : 0;

	memset(bits, 0, sizeof(*bits));
	for (uint32_t w = 0; w * 64 < run->n; w++)
	{
		uint32_t left = run->n - w * 64;

		bits->words[w] = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
		bits->words[w] &= (dead != NULL ? dead[run->base / 64 + w] : 0) ^ flip;
	}
	if (run->all_visible)
		return;
	for (uint32_t i = 0; i < run->n; i++)
	{
		uint8_t visibility = skl_segment_classes(run->segment)[run->base + i];
		uint64_t may = run->plan->classes[visibility / 64] >> visibility % 64 & 1;

		bits->words[i / 64] &= ~((may ^ 1) << i % 64);
	}
}

bool
skl_run_visible(const SklRun *run, uint32_t docno)
{
	const uint64_t *dead = run->search->dead;
	uint8_t visibility;

	if (dead != NULL && (dead[docno / 64] >> docno % 64 & 1))
		return false;
	visibility = run->all_visible ? 0 : skl_segment_classes(run->segment)[docno];
	if (!run->all_visible && !(run->plan->classes[visibility / 64] >> visibility % 64 & 1))
		return false;
	for (uint32_t f = 0; f < run->plan->n_filters; f++)
	{
		const SklRunFilter *filter = &run->filters[f];

		if (filter->plan->kind == SKL_FILTER_TERMS &&
			(filter->words[docno / 64] >> docno % 64 & 1) == filter->plan->negated)
			return false;
	}
	return true;
}

void
skl_run_visible_bits(SklRun *run, SklBits *bits)
{
	seen_bits(run, true, bits);
}

void
skl_run_dead_bits(SklRun *run, SklBits *bits)
{
	seen_bits(run, false, bits);
}
