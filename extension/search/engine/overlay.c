/*
 * search/engine/overlay.c
 *		Reads what an overlay is made of.
 */
#include "search/engine/overlay.h"

#include "search/engine/column_read.h"

typedef struct NumbersCall
{
	SklSegment *segment;
	const char *column;
	uint32_t page;
	SklBytes over;
	int64_t *numbers;
	bool *present;
	uint32_t n;
} NumbersCall;

static void
read_numbers(void *argument)
{
	NumbersCall *call = argument;
	uint32_t n_docs = call->segment->header.n_docs;
	SklColumn *column;
	SklNumbers numbers;

	if (call->page >= skl_pages(n_docs))
		skl_segment_corrupt(call->segment, "an overlay has a page too many");
	call->n = n_docs - call->page * SKL_COLUMN_PAGE;
	call->n = call->n < SKL_COLUMN_PAGE ? call->n : SKL_COLUMN_PAGE;
	memset(call->numbers, 0, sizeof(*call->numbers) * call->n);
	memset(call->present, 0, sizeof(*call->present) * call->n);
	if (call->over.data != NULL)
	{
		if (!skl_numbers_open(call->over, call->n, &numbers))
			skl_segment_corrupt(call->segment, "a page of an overlay is wrong");
	}
	else
	{
		column = skl_column_open(call->segment, call->column);
		if (column == NULL || column->header->kind != SKL_COLUMN_NUMBER)
			return;
		skl_column_numbers_of(column, call->page, &numbers);
	}
	for (uint32_t i = 0; i < call->n; i++)
		call->present[i] = skl_number_get(&numbers, i, &call->numbers[i]);
}

SklStatus
skl_overlay_numbers(SklSegment *segment, const char *column, uint32_t page, SklBytes over,
					int64_t *numbers, bool *present, uint32_t *n)
{
	NumbersCall call = {segment, column, page, over, numbers, present, 0};
	SklStatus status = skl_segment_run(segment, read_numbers, &call);

	*n = call.n;
	return status;
}

typedef struct PriorsCall
{
	SklSegment *segment;
	uint8_t *priors;
} PriorsCall;

static void
read_priors(void *argument)
{
	PriorsCall *call = argument;

	memcpy(call->priors, skl_segment_priors(call->segment), call->segment->header.n_docs);
}

SklStatus
skl_overlay_priors(SklSegment *segment, uint8_t *priors)
{
	PriorsCall call = {segment, priors};

	return skl_segment_run(segment, read_priors, &call);
}
