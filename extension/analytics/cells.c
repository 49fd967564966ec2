/*
 * analytics/cells.c
 *		Adding facts up.
 *
 * Everything here is commutative: sums, counts, and the smallest of a set. So the same facts give
 * the same cells in any order and cut into any ticks, which is what rollup_verify() relies on.
 */
#include "skl.h"

#include "analytics/cells.h"
#include "analytics/histogram.h"
#include "analytics/rows.h"

#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/json.h"

/* Texts of dimensions are told apart by this much of them: four names and values fit. */
#define DIMS_LEN 640

typedef struct DimsEntry
{
	char text[DIMS_LEN]; /* the hash key */
	int64 number;
} DimsEntry;

typedef struct CellEntry
{
	struct
	{
		SklCellKey key;
		int64 is_bucket;
	} id; /* the hash key */
	SklCell cell;
} CellEntry;

struct SklCells
{
	SklMeasures *measures;
	HTAB *cells;
	HTAB *dims;
	Jsonb **objects; /* of the dimensions, by their number; 0: none */
	int64 nobjects;
	int64 room;
	StringInfoData scratch;
	MemoryContext memory;
};

/* The number of the dimensions' text in scratch. */
static int64
number_dims(SklCells *cells)
{
	bool found;
	DimsEntry *entry = hash_search(cells->dims, cells->scratch.data, HASH_ENTER, &found);
	MemoryContext old;

	if (found)
		return entry->number;
	old = MemoryContextSwitchTo(cells->memory);
	if (cells->nobjects == cells->room)
	{
		cells->room = Max(cells->room * 2, 64);
		cells->objects = cells->objects == NULL
							 ? palloc(sizeof(Jsonb *) * (size_t) cells->room)
							 : repalloc(cells->objects, sizeof(Jsonb *) * (size_t) cells->room);
	}
	entry->number = cells->nobjects;
	cells->objects[cells->nobjects++] =
		DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(entry->text)));
	MemoryContextSwitchTo(old);
	return entry->number;
}

SklCells *
skl_cells_make(SklMeasures *measures)
{
	HASHCTL cells = {.keysize = sizeof(((CellEntry *) 0)->id),
					 .entrysize = sizeof(CellEntry),
					 .hcxt = CurrentMemoryContext};
	HASHCTL dims = {
		.keysize = DIMS_LEN, .entrysize = sizeof(DimsEntry), .hcxt = CurrentMemoryContext};
	SklCells *made = palloc0(sizeof(SklCells));

	made->measures = measures;
	made->cells =
		hash_create("skillancer cells", 1024, &cells, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	made->dims = hash_create("skillancer dims", 64, &dims, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	made->memory = CurrentMemoryContext;
	initStringInfo(&made->scratch);
	appendStringInfoString(&made->scratch, "{}");
	(void) number_dims(made);
	return made;
}

/* The dimensions of a fact as a JSON object; what the fact does not have is left out. */
static int64
dims_of(SklCells *cells, const SklMeasure *measure, const SklFact *fact)
{
	char value[SKL_FACT_TEXT];
	const char *separator = "";

	resetStringInfo(&cells->scratch);
	appendStringInfoChar(&cells->scratch, '{');
	for (int i = 0; i < measure->ndims; i++)
	{
		const SklDimension *dim = &measure->dims[i];

		if (!dim->extract(fact, dim->key, value))
			continue;
		appendStringInfo(&cells->scratch, "%s\"%s\": ", separator, dim->name);
		escape_json(&cells->scratch, value);
		separator = ", ";
	}
	appendStringInfoChar(&cells->scratch, '}');
	if (cells->scratch.len >= DIMS_LEN)
		strlcpy(cells->scratch.data, "{}", 3);
	return number_dims(cells);
}

static TimestampTz
floor_to(TimestampTz at, int64 unit)
{
	int64 rest = at % unit;

	return at - (rest < 0 ? rest + unit : rest);
}

static SklCell *
find_cell(SklCells *cells, const SklCellKey *key, bool is_bucket)
{
	CellEntry probe;
	CellEntry *entry;
	bool found;

	memset(&probe.id, 0, sizeof(probe.id));
	probe.id.key = *key;
	probe.id.is_bucket = is_bucket;
	entry = hash_search(cells->cells, &probe.id, HASH_ENTER, &found);
	if (!found)
	{
		memset(&entry->cell, 0, sizeof(SklCell));
		entry->cell.key = *key;
		entry->cell.is_bucket = is_bucket;
	}
	return &entry->cell;
}

static bool
is_of_kind(const SklMeasure *measure, const SklFact *fact)
{
	for (int i = 0; i < measure->nkinds; i++)
	{
		if (strcmp(measure->kinds[i], fact->kind) == 0)
			return true;
	}
	return measure->nkinds == 0;
}

/* Counts a fact in one measure. */
static void
count_one(SklCells *cells, const SklMeasure *measure, const SklFact *fact)
{
	SklMetricMode mode = skl_measures_metric(cells->measures, measure->metric)->mode;
	SklCellKey key;
	SklCell *cell;
	int64 value;

	memset(&key, 0, sizeof(key));
	key.metric = measure->metric;
	if (!is_of_kind(measure, fact) || !measure->value(fact, measure->value_key, &value) ||
		(measure->subject != NULL && !measure->subject(fact, measure->subject_key, &key.subject)))
		return;
	if (mode != SKL_METRIC_STEP)
	{
		key.at = floor_to(fact->at, mode == SKL_METRIC_MEMBER ? USECS_PER_DAY : USECS_PER_HOUR);
		key.dims = dims_of(cells, measure, fact);
	}
	cell = find_cell(cells, &key, false);
	skl_metric_add(&cell->num, measure->sign * value);
	skl_metric_add(&cell->den, measure->sign);
	if (mode == SKL_METRIC_STEP)
		(void) skl_step_keep(cell->times, &cell->ntimes, fact->at);
	if (mode == SKL_METRIC_HISTOGRAM)
	{
		key.at = floor_to(fact->at, USECS_PER_DAY);
		key.bucket = skl_histogram_bucket((double) value);
		skl_metric_add(&find_cell(cells, &key, true)->den, measure->sign);
	}
}

void
skl_cells_count(SklCells *cells, const SklMeasure *measures, const SklFact *fact)
{
	for (const SklMeasure *measure = measures; measure != NULL; measure = measure->next)
		count_one(cells, measure, fact);
}

void
skl_cells_visit(SklCells *cells, SklCellVisit visit, void *arg)
{
	HASH_SEQ_STATUS all;
	CellEntry *entry;

	hash_seq_init(&all, cells->cells);
	while ((entry = hash_seq_search(&all)) != NULL)
		visit(&entry->cell, cells->objects[entry->cell.key.dims], arg);
}
