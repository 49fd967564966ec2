/*
 * search/engine/exec_top.c
 *		The best hits so far, and their order: by key, then by id. Documents before the cursor are
 *		refused at the door.
 */
#include "search/engine/exec_run.h"

#include <math.h>
#include <stdlib.h>

/* Does a come before b? */
static bool
better(const SklTopEntry *a, const SklTopEntry *b)
{
	if (a->null != b->null)
		return !a->null;
	if (a->key != b->key)
		return a->key > b->key;
	return memcmp(a->id, b->id, SKL_ENTITY_ID_BYTES) < 0;
}

double
skl_run_score(const SklRun *run, uint64_t key)
{
	return ldexp((double) key / SKL_PRIOR_ONE, -run->shift);
}

/* A number as a key: greater keys come first. */
static uint64_t
key_of_number(const SklRun *run, int64_t number)
{
	uint64_t up = (uint64_t) number ^ UINT64_C(1) << 63;

	return run->plan->sort == SKL_SORT_ASC ? ~up : up;
}

static int64_t
number_of_key(const SklRun *run, uint64_t key)
{
	uint64_t up = run->plan->sort == SKL_SORT_ASC ? ~key : key;

	return (int64_t) (up ^ UINT64_C(1) << 63);
}

void
skl_run_begin_top(SklRun *run)
{
	run->top = skl_engine_alloc(run->engine, sizeof(SklTopEntry) * ((size_t) run->top_room + 1));
	run->n_top = 0;
	run->threshold = 0;
}

/* Moves the entry down to where neither of its two followers is worse than it. */
static void
sift_down(SklTopEntry *heap, uint32_t n, uint32_t at)
{
	SklTopEntry moving = heap[at];

	for (;;)
	{
		uint32_t child = 2 * at + 1;

		if (child >= n)
			break;
		if (child + 1 < n && better(&heap[child], &heap[child + 1]))
			child++;
		if (!better(&moving, &heap[child]))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moving;
}

static void
push(SklRun *run, const SklTopEntry *entry)
{
	uint32_t at = run->n_top++;

	while (at > 0 && better(&run->top[(at - 1) / 2], entry))
	{
		run->top[at] = run->top[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	run->top[at] = *entry;
}

/* Does the entry come after the last hit of the page before? */
static bool
after_cursor(const SklRun *run, const SklTopEntry *entry)
{
	const SklPlanCursor *cursor = &run->plan->after;

	if (run->plan->sort == SKL_SORT_SCORE)
	{
		double score = skl_run_score(run, entry->key);

		if (score != cursor->score)
			return score < cursor->score;
	}
	else if (entry->null != cursor->null)
		return entry->null;
	else if (!entry->null && entry->key != key_of_number(run, cursor->value))
		return entry->key < key_of_number(run, cursor->value);
	return memcmp(entry->id, cursor->id, SKL_ENTITY_ID_BYTES) > 0;
}

static void
offer_entry(SklRun *run, SklTopEntry *entry)
{
	bool full = run->n_top == run->top_room;

	if (full && (run->top_room == 0 || entry->null > run->top[0].null ||
				 (entry->null == run->top[0].null && entry->key < run->top[0].key)))
		return;
	entry->segment = run->segment_number;
	entry->id = skl_segment_id_at(run->segment, entry->docno);
	if (run->cursor_applies && !after_cursor(run, entry))
		return;
	if (!full)
		push(run, entry);
	else if (better(entry, &run->top[0]))
	{
		run->top[0] = *entry;
		sift_down(run->top, run->n_top, 0);
	}
	if (run->n_top == run->top_room)
		run->threshold = run->top[0].null ? 0 : run->top[0].key;
}

static uint64_t
key_of_sum(const SklRun *run, uint32_t docno, uint32_t sum)
{
	uint32_t factor = SKL_PRIOR_ONE + (run->plan->use_prior ? run->priors[docno] : 0u);

	return (uint64_t) sum * factor;
}

bool
skl_run_can_win(const SklRun *run, uint32_t docno, uint32_t sum)
{
	return key_of_sum(run, docno, sum) >= run->threshold;
}

void
skl_run_offer(SklRun *run, uint32_t docno, uint32_t sum)
{
	SklTopEntry entry = {.key = key_of_sum(run, docno, sum), .docno = docno, .sum = sum};

	offer_entry(run, &entry);
}

void
skl_run_offer_bits(SklRun *run, const SklBits *bits)
{
	bool numbers = skl_run_numbers(run, run->sort_column);

	SKL_EACH_BIT(bits, i, {
		SklTopEntry entry = {.docno = run->base + i};
		int64_t number = 0;

		entry.null = !numbers || !skl_number_get(&run->sort_column->numbers, i, &number);
		entry.key = entry.null ? 0 : key_of_number(run, number);
		offer_entry(run, &entry);
	})
}

bool
skl_run_sort_can_win(SklRun *run, uint32_t window)
{
	const SklRunColumn *column = run->sort_column;
	SklColumnPage page;

	if (run->n_top < run->top_room || run->top_room == 0 || run->top[0].null)
		return run->top_room > 0;
	if (column->overlay != NULL && window < column->overlay->n_pages &&
		column->overlay->pages[window].data != NULL)
		return true;
	if (column->column == NULL)
		return false;
	page = skl_column_page(column->column, window);
	return page.min <= page.max &&
		   key_of_number(run, run->plan->sort == SKL_SORT_ASC ? page.min : page.max) >=
			   run->threshold;
}

static int
compare_entries(const void *a, const void *b)
{
	return better(a, b) ? -1 : better(b, a) ? 1 : 0;
}

SklHit *
skl_run_end_top(SklRun *run, SklSearchResult *result)
{
	SklHit *hits = skl_engine_zalloc(run->engine, sizeof(SklHit) * ((size_t) run->n_top + 1));

	qsort(run->top, run->n_top, sizeof(SklTopEntry), compare_entries);
	for (uint32_t i = 0; i < run->n_top; i++)
	{
		const SklTopEntry *entry = &run->top[i];
		SklHit *hit = &hits[i];

		memcpy(hit->id, entry->id, sizeof(hit->id));
		hit->segment = entry->segment;
		hit->docno = entry->docno;
		hit->personal = 1;
		hit->null = entry->null;
		if (run->plan->sort == SKL_SORT_SCORE)
		{
			hit->score = skl_run_score(run, entry->key);
			hit->text = skl_run_score(run, (uint64_t) entry->sum * SKL_PRIOR_ONE);
		}
		else if (!entry->null)
			hit->value = number_of_key(run, entry->key);
	}
	result->hits = hits;
	result->n_hits = run->n_top;
	return hits;
}
