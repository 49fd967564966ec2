/*
 * search/engine/exec_facet.c
 *		Counts labels, ranges, histograms and statistics over the documents that a facet sees.
 *
 * Labels are counted by their numbers within a segment, and joined by their texts when it ends.
 * Histograms and percentiles keep the numbers themselves, since buckets depend on all of them.
 */
#include "search/engine/exec_run.h"

#include <stdlib.h>

#define MOST_BUCKETS 100000

typedef struct Label
{
	SklBytes text;
	uint64_t count;
} Label;

typedef struct SklFacetCounter
{
	const SklPlanFacet *plan;
	SklRunColumn *column; /* of the segment */
	uint32_t *counts;	  /* LABELS: by the segment's numbers, with room for any packed number */
	uint32_t n_counts;
	bool whole;		  /* it sees all documents: the segment's own counts, less the dead */
	SklBuffer labels; /* Label, over all segments */
	uint32_t n_labels;
	uint32_t *table; /* hash table of labels, + 1 */
	uint32_t table_size;
	uint64_t *range_counts;
	SklBuffer numbers; /* HISTOGRAM, STATS with percentiles */
	uint64_t n_values;
	int64_t min;
	int64_t max;
	double sum;
} SklFacetCounter;

void
skl_run_begin_facets(SklRun *run)
{
	const SklPlan *plan = run->plan;

	run->facets =
		skl_engine_zalloc(run->engine, sizeof(SklFacetCounter) * ((size_t) plan->n_facets + 1));
	for (uint32_t i = 0; i < plan->n_facets; i++)
	{
		SklFacetCounter *facet = &run->facets[i];

		facet->plan = &plan->facets[i];
		facet->labels.engine = run->engine;
		facet->numbers.engine = run->engine;
		facet->range_counts =
			skl_engine_zalloc(run->engine, sizeof(uint64_t) * ((size_t) facet->plan->n_ranges + 1));
		facet->min = INT64_MAX;
		facet->max = INT64_MIN;
	}
}

/* Does the facet see every document that may be seen? */
static bool
sees_whole(const SklPlan *plan, const SklPlanFacet *facet)
{
	return plan->n_nodes == 0 &&
		   (plan->n_filters == 0 || (plan->n_filters == 1 && facet->filter == 0));
}

/* Begins with what the segment counted when it was written. */
static void
take_counts(SklRun *run, SklFacetCounter *facet)
{
	for (uint32_t c = 0; c < 256; c++)
	{
		const uint8_t *counts;

		if (!(run->plan->classes[c / 64] >> c % 64 & 1))
			continue;
		counts = skl_column_counts(facet->column->column, c);
		for (uint32_t label = 0; counts != NULL && label < facet->n_counts; label++)
			facet->counts[label] += skl_load32(counts + 4 * (size_t) label);
	}
}

void
skl_run_open_facets(SklRun *run)
{
	for (uint32_t i = 0; i < run->plan->n_facets; i++)
	{
		SklFacetCounter *facet = &run->facets[i];

		facet->column = skl_run_column(run, facet->plan->column);
		facet->n_counts = 0;
		facet->whole = false;
		if (facet->plan->kind != SKL_FACET_LABELS || facet->column->column == NULL ||
			facet->column->column->header->kind == SKL_COLUMN_NUMBER)
			continue;
		facet->n_counts = facet->column->column->header->n_labels;
		facet->counts =
			skl_engine_zalloc(run->engine, sizeof(uint32_t) * (3 * (size_t) facet->n_counts + 4));
		facet->whole = sees_whole(run->plan, facet->plan);
		if (facet->whole)
			take_counts(run, facet);
	}
}

/* ---- a window ---- */

static void
count_label(SklRun *run, SklFacetCounter *facet, const SklBits *bits, uint32_t one)
{
	SklNumbers *numbers = &facet->column->numbers;

	if (!skl_run_numbers(run, facet->column))
		return;
	SKL_EACH_BIT(bits, i, {
		int64_t label;

		if (skl_number_get(numbers, i, &label))
			facet->counts[label] += one;
	})
}

static void
count_lists(SklRun *run, SklFacetCounter *facet, const SklBits *bits, uint32_t one)
{
	const SklLabelLists *lists = &facet->column->lists;

	if (!skl_run_lists(run, facet->column))
		return;
	SKL_EACH_BIT(bits, i, {
		uint32_t from = (uint32_t) skl_bits_get(lists->offsets, i, lists->offset_bits);
		uint32_t to = (uint32_t) skl_bits_get(lists->offsets, i + 1, lists->offset_bits);

		if (to > lists->n_labels)
			skl_segment_corrupt(run->segment, "a page of labels is wrong");
		for (; from < to; from++)
			facet->counts[skl_bits_get(lists->labels, from, lists->label_bits)] += one;
	})
}

static void
count_number(SklFacetCounter *facet, int64_t number)
{
	const SklPlanFacet *plan = facet->plan;

	for (uint32_t r = 0; plan->kind == SKL_FACET_RANGES && r < plan->n_ranges; r++)
		facet->range_counts[r] += number >= plan->ranges[r].min && number <= plan->ranges[r].max;
	facet->min = number < facet->min ? number : facet->min;
	facet->max = number > facet->max ? number : facet->max;
	facet->sum += (double) number;
	facet->n_values++;
	if (plan->kind == SKL_FACET_HISTOGRAM || plan->n_percentiles > 0)
		skl_buffer_add(&facet->numbers, &number, sizeof(number));
}

static void
count_numbers(SklRun *run, SklFacetCounter *facet, const SklBits *bits)
{
	if (!skl_run_numbers(run, facet->column))
		return;
	SKL_EACH_BIT(bits, i, {
		int64_t number;

		if (skl_number_get(&facet->column->numbers, i, &number))
			count_number(facet, number);
	})
}

void
skl_run_count_facet(SklRun *run, uint32_t number, const SklBits *bits)
{
	SklFacetCounter *facet = &run->facets[number];
	uint32_t one = 1;
	SklBits dead;

	if (facet->plan->kind != SKL_FACET_LABELS)
	{
		count_numbers(run, facet, bits);
		return;
	}
	if (facet->n_counts == 0 || (facet->whole && run->search->dead == NULL))
		return;
	if (facet->whole)
	{
		/* the dead are taken from what the segment counted */
		skl_run_dead_bits(run, &dead);
		bits = &dead;
		one = UINT32_MAX;
	}
	if (facet->column->column->header->kind == SKL_COLUMN_LABELS)
		count_lists(run, facet, bits, one);
	else
		count_label(run, facet, bits, one);
}

/* ---- the end of a segment ---- */

static Label *
labels_of(const SklFacetCounter *facet)
{
	return (Label *) (void *) facet->labels.data;
}

static void
grow_table(SklRun *run, SklFacetCounter *facet)
{
	uint32_t size = facet->table_size == 0 ? 64 : facet->table_size * 2;

	facet->table = skl_engine_zalloc(run->engine, sizeof(uint32_t) * size);
	facet->table_size = size;
	for (uint32_t i = 0; i < facet->n_labels; i++)
	{
		const SklBytes *text = &labels_of(facet)[i].text;
		uint32_t slot = skl_crc32c(0, text->data, text->length) & (size - 1);

		while (facet->table[slot] != 0)
			slot = (slot + 1) & (size - 1);
		facet->table[slot] = i + 1;
	}
}

static void
add_label(SklRun *run, SklFacetCounter *facet, SklBytes text, uint32_t count)
{
	Label label = {.count = count};
	uint32_t slot;

	if (facet->n_labels * 2 >= facet->table_size)
		grow_table(run, facet);
	slot = skl_crc32c(0, text.data, text.length) & (facet->table_size - 1);
	for (; facet->table[slot] != 0; slot = (slot + 1) & (facet->table_size - 1))
	{
		Label *old = &labels_of(facet)[facet->table[slot] - 1];

		if (old->text.length != text.length || memcmp(old->text.data, text.data, text.length) != 0)
			continue;
		old->count += count;
		return;
	}
	label.text.data = (const uint8_t *) skl_arena_copy(&run->engine->arena,
													   (const char *) text.data, text.length);
	label.text.length = text.length;
	skl_buffer_add(&facet->labels, &label, sizeof(label));
	facet->table[slot] = ++facet->n_labels;
}

void
skl_run_close_facets(SklRun *run)
{
	for (uint32_t i = 0; i < run->plan->n_facets; i++)
	{
		SklFacetCounter *facet = &run->facets[i];

		for (uint32_t label = 0; label < facet->n_counts; label++)
			if (facet->counts[label] > 0)
				add_label(run, facet, skl_column_label(facet->column->column, label),
						  facet->counts[label]);
	}
}

/* ---- results ---- */

static int
most_first(const void *a, const void *b)
{
	const Label *left = a;
	const Label *right = b;
	uint32_t shorter =
		left->text.length < right->text.length ? left->text.length : right->text.length;
	int order;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	order = memcmp(left->text.data, right->text.data, shorter);
	return order != 0 ? order
					  : (left->text.length > right->text.length) -
							(left->text.length < right->text.length);
}

static void
end_labels(SklRun *run, SklFacetCounter *facet, SklFacetResult *result)
{
	uint32_t n = facet->n_labels;
	SklFacetCount *counts;

	if (n > 0)
		qsort(facet->labels.data, n, sizeof(Label), most_first);
	if (facet->plan->limit > 0 && n > facet->plan->limit)
		n = facet->plan->limit;
	counts = skl_engine_zalloc(run->engine, sizeof(*counts) * ((size_t) n + 1));
	for (uint32_t i = 0; i < n; i++)
	{
		counts[i].label = labels_of(facet)[i].text;
		counts[i].count = labels_of(facet)[i].count;
	}
	result->counts = counts;
	result->n_counts = n;
}

static void
end_ranges(SklRun *run, SklFacetCounter *facet, SklFacetResult *result)
{
	uint32_t n = facet->plan->n_ranges;
	SklFacetCount *counts = skl_engine_zalloc(run->engine, sizeof(*counts) * ((size_t) n + 1));

	for (uint32_t i = 0; i < n; i++)
	{
		counts[i].range = facet->plan->ranges[i];
		counts[i].count = facet->range_counts[i];
	}
	result->counts = counts;
	result->n_counts = n;
}

/* The bucket of a number, counted from the origin. */
static int64_t
bucket_of(int64_t number, int64_t origin, int64_t width)
{
	__int128 distance = (__int128) number - origin;
	__int128 bucket = distance / width;

	if (distance % width < 0)
		bucket--;
	return (int64_t) bucket;
}

/* Buckets from the first to the last that is not empty. */
static uint64_t
count_buckets(const SklFacetCounter *facet, int64_t width)
{
	int64_t origin = facet->plan->origin;

	return (uint64_t) bucket_of(facet->max, origin, width) -
		   (uint64_t) bucket_of(facet->min, origin, width) + 1;
}

/*
 * The width asked for, or the least of 1, 2, 5, 10, 20, 50 … that needs no more than limit buckets.
 */
static int64_t
bucket_width(const SklFacetCounter *facet)
{
	uint64_t limit = facet->plan->limit > 0 ? facet->plan->limit : 20;
	int64_t width = 1;
	int step = 0;

	if (facet->plan->width > 0)
		return facet->plan->width;
	while (count_buckets(facet, width) > limit && width < INT64_MAX / 5)
	{
		width = step % 3 == 1 ? width / 2 * 5 : width * 2;
		step++;
	}
	return width;
}

static int64_t
bucket_start(int64_t bucket, int64_t origin, int64_t width)
{
	__int128 start = (__int128) bucket * width + origin;

	return start > INT64_MAX ? INT64_MAX : start < INT64_MIN ? INT64_MIN : (int64_t) start;
}

static void
end_histogram(SklRun *run, SklFacetCounter *facet, SklFacetResult *result)
{
	const int64_t *numbers = (const int64_t *) (const void *) facet->numbers.data;
	int64_t origin = facet->plan->origin;
	int64_t width;
	int64_t first;
	SklFacetCount *counts;

	if (facet->n_values == 0)
		return;
	width = bucket_width(facet);
	if (count_buckets(facet, width) > MOST_BUCKETS)
		skl_engine_raise(run->engine, SKL_ENGINE_BAD_INPUT, "a histogram has too many buckets");
	first = bucket_of(facet->min, origin, width);
	result->width = width;
	result->n_counts = (uint32_t) count_buckets(facet, width);
	counts = skl_engine_zalloc(run->engine, sizeof(*counts) * (size_t) result->n_counts);
	for (uint32_t i = 0; i < result->n_counts; i++)
	{
		counts[i].range.min = bucket_start(first + i, origin, width);
		counts[i].range.max = bucket_start(first + i + 1, origin, width) - 1;
	}
	for (uint64_t i = 0; i < facet->n_values; i++)
		counts[bucket_of(numbers[i], origin, width) - first].count++;
	result->counts = counts;
}

static int
compare_numbers(const void *a, const void *b)
{
	int64_t left = *(const int64_t *) a;
	int64_t right = *(const int64_t *) b;

	return (left > right) - (left < right);
}

/* Nearest rank: the least number that at least so many per cent do not exceed. */
static void
end_percentiles(SklRun *run, SklFacetCounter *facet, SklFacetResult *result)
{
	const SklPlanFacet *plan = facet->plan;
	int64_t *numbers = (int64_t *) (void *) facet->numbers.data;
	int64_t *found;

	if (plan->n_percentiles == 0 || facet->n_values == 0)
		return;
	qsort(numbers, facet->n_values, sizeof(*numbers), compare_numbers);
	found = skl_engine_alloc(run->engine, sizeof(*found) * (size_t) plan->n_percentiles);
	for (uint32_t i = 0; i < plan->n_percentiles; i++)
	{
		double share = plan->percentiles[i] * (double) facet->n_values / 100;
		uint64_t rank = share > 1 ? (uint64_t) share : 1;

		rank += (double) rank < share;
		found[i] = numbers[(rank < facet->n_values ? rank : facet->n_values) - 1];
	}
	result->percentiles = found;
}

void
skl_run_end_facets(SklRun *run, SklSearchResult *result)
{
	SklFacetResult *results =
		skl_engine_zalloc(run->engine, sizeof(*results) * ((size_t) run->plan->n_facets + 1));

	for (uint32_t i = 0; i < run->plan->n_facets; i++)
	{
		SklFacetCounter *facet = &run->facets[i];

		if (facet->plan->kind == SKL_FACET_LABELS)
			end_labels(run, facet, &results[i]);
		else if (facet->plan->kind == SKL_FACET_RANGES)
			end_ranges(run, facet, &results[i]);
		else if (facet->plan->kind == SKL_FACET_HISTOGRAM)
			end_histogram(run, facet, &results[i]);
		else
			end_percentiles(run, facet, &results[i]);
		results[i].n_values = facet->n_values;
		results[i].min = facet->min;
		results[i].max = facet->max;
		results[i].sum = facet->sum;
	}
	result->facets = results;
	result->n_facets = run->plan->n_facets;
}
