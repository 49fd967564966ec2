/*
 * analytics/rows.c
 *		Cells as rows of the rollups.
 *
 * A cell of a sum is added to its hour, day and month, one of a histogram or a set to its day and
 * month. Rows are sorted by key and those of one key added up, so that each row is written once a
 * tick and the pages of an index are met in their order.
 */
#include "skl.h"

#include "analytics/rows.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "common/int.h"
#include "utils/datetime.h"
#include "utils/typcache.h"

/* The columns of the type rollup_cell. */
enum
{
	CELL_MODE,
	CELL_METRIC,
	CELL_AT,
	CELL_DIMS,
	CELL_BUCKET,
	CELL_SUBJECT,
	CELL_NUM,
	CELL_DEN,
	CELL_TIMES,
	CELL_COLUMNS
};

void
skl_metric_add(int64 *sum, int64 value)
{
	if (pg_add_s64_overflow(*sum, value, sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("sum of a metric overflows")));
}

DateADT
skl_utc_day(TimestampTz at)
{
	int64 rest = at % USECS_PER_DAY;

	return (DateADT) ((at - rest) / USECS_PER_DAY - (rest < 0 ? 1 : 0));
}

DateADT
skl_utc_month(TimestampTz at)
{
	int year;
	int month;
	int day;

	j2date(skl_utc_day(at) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return date2j(year, month, 1) - POSTGRES_EPOCH_JDATE;
}

bool
skl_step_keep(TimestampTz *times, int *ntimes, TimestampTz at)
{
	int i = Min(*ntimes, SKL_STEP_TIMES - 1);

	if (*ntimes == SKL_STEP_TIMES && times[i] <= at)
		return false;
	for (; i > 0 && times[i - 1] > at; i--)
		times[i] = times[i - 1];
	times[i] = at;
	if (*ntimes < SKL_STEP_TIMES)
		(*ntimes)++;
	return true;
}

void
skl_rollup_row_append(SklRollupRows *rows, const SklRollupRow *row)
{
	if (rows->n == rows->room)
	{
		rows->room = Max(rows->room * 2, 256);
		rows->rows = rows->rows == NULL
						 ? palloc_extended(sizeof(SklRollupRow) * rows->room, MCXT_ALLOC_HUGE)
						 : repalloc_huge(rows->rows, sizeof(SklRollupRow) * rows->room);
	}
	rows->rows[rows->n++] = *row;
}

int
skl_varlena_compare(const void *a, const void *b)
{
	size_t a_len = VARSIZE_ANY_EXHDR(a);
	size_t b_len = VARSIZE_ANY_EXHDR(b);
	int order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_len, b_len));

	if (order != 0)
		return order;
	return (a_len > b_len) - (a_len < b_len);
}

int
skl_rollup_row_compare(const void *a, const void *b)
{
	const SklRollupRow *x = a;
	const SklRollupRow *y = b;
	int order = (int) x->table - (int) y->table;

	if (order == 0)
		order = skl_varlena_compare(x->metric, y->metric);
	if (order == 0)
		order = (x->at > y->at) - (x->at < y->at);
	if (order == 0)
		order = memcmp(&x->subject, &y->subject, sizeof(pg_uuid_t));
	if (order == 0 && x->dims != NULL && y->dims != NULL)
		order = skl_varlena_compare(x->dims, y->dims);
	if (order == 0)
		order = (x->bucket > y->bucket) - (x->bucket < y->bucket);
	return order;
}

/* Adds up neighbours of one key, from one on. */
static void
add_up(SklRollupRows *rows, size_t from)
{
	size_t kept = from;

	for (size_t i = from + 1; i < rows->n; i++)
	{
		SklRollupRow *sum = &rows->rows[kept];
		const SklRollupRow *row = &rows->rows[i];

		if (skl_rollup_row_compare(sum, row) != 0)
		{
			rows->rows[++kept] = *row;
			continue;
		}
		skl_metric_add(&sum->num, row->num);
		skl_metric_add(&sum->den, row->den);
		for (int t = 0; t < row->ntimes; t++)
			(void) skl_step_keep(sum->times, &sum->ntimes, row->times[t]);
	}
	rows->n = Min(rows->n, kept + 1);
}

void
skl_rollup_rows_order(SklRollupRows *rows, size_t from)
{
	if (rows->n > from)
		qsort(rows->rows + from, rows->n - from, sizeof(SklRollupRow), skl_rollup_row_compare);
	add_up(rows, from);
}

/* The row at a table's time. */
static void
add_level(SklRollupRows *rows, SklRollupRow *row, SklRollupTable table, int64 at)
{
	row->table = table;
	row->at = at;
	skl_rollup_row_append(rows, row);
}

static void
read_times(SklRollupRow *row, Datum value)
{
	ArrayType *times = DatumGetArrayTypeP(value);
	int n = ArrayGetNItems(ARR_NDIM(times), ARR_DIMS(times));
	const TimestampTz *time = (const TimestampTz *) ARR_DATA_PTR(times);

	for (int i = 0; i < n && !ARR_HASNULL(times); i++)
		(void) skl_step_keep(row->times, &row->ntimes, time[i]);
}

/* Adds a cell to the rows of all its levels; what is no cell of a rollup is left out. */
static void
add_cell(SklRollupRows *rows, const Datum *values, const bool *nulls)
{
	char *mode = TextDatumGetCString(values[CELL_MODE]);
	TimestampTz at = nulls[CELL_AT] ? 0 : DatumGetTimestampTz(values[CELL_AT]);
	SklRollupRow row = {.metric = DatumGetTextPP(values[CELL_METRIC])};

	row.dims = nulls[CELL_DIMS] ? NULL : DatumGetJsonbP(values[CELL_DIMS]);
	row.num = nulls[CELL_NUM] ? 0 : DatumGetInt64(values[CELL_NUM]);
	row.den = nulls[CELL_DEN] ? 0 : DatumGetInt64(values[CELL_DEN]);
	if (!nulls[CELL_SUBJECT])
		row.subject = *DatumGetUUIDP(values[CELL_SUBJECT]);
	if (strcmp(mode, "sum") == 0)
	{
		add_level(rows, &row, SKL_ROLLUP_HOUR, at);
		add_level(rows, &row, SKL_ROLLUP_DAY, skl_utc_day(at));
		add_level(rows, &row, SKL_ROLLUP_MONTH, skl_utc_month(at));
	}
	else if (strcmp(mode, "histogram") == 0)
	{
		row.bucket = nulls[CELL_BUCKET] ? 0 : DatumGetInt32(values[CELL_BUCKET]);
		add_level(rows, &row, SKL_ROLLUP_HISTOGRAM, skl_utc_day(at));
		add_level(rows, &row, SKL_ROLLUP_HISTOGRAM_MONTH, skl_utc_month(at));
	}
	else if (strcmp(mode, "member") == 0)
	{
		add_level(rows, &row, SKL_ROLLUP_MEMBER_DAY, skl_utc_day(at));
		add_level(rows, &row, SKL_ROLLUP_MEMBER_MONTH, skl_utc_month(at));
	}
	else if (strcmp(mode, "step") == 0)
	{
		if (!nulls[CELL_TIMES])
			read_times(&row, values[CELL_TIMES]);
		add_level(rows, &row, SKL_ROLLUP_STEP, 0);
	}
}

SklRollupRows *
skl_rollup_rows(ArrayType *cells)
{
	SklRollupRows *rows = palloc0(sizeof(SklRollupRows));
	TupleDesc desc = lookup_rowtype_tupdesc(ARR_ELEMTYPE(cells), -1);
	Datum *elements;
	bool *missing;
	int n;

	deconstruct_array(cells, ARR_ELEMTYPE(cells), -1, false, TYPALIGN_DOUBLE, &elements, &missing,
					  &n);
	for (int i = 0; i < n; i++)
	{
		HeapTupleHeader cell;
		HeapTupleData tuple;
		Datum values[CELL_COLUMNS];
		bool nulls[CELL_COLUMNS];

		if (missing[i])
			continue;
		cell = DatumGetHeapTupleHeader(elements[i]);
		tuple.t_len = HeapTupleHeaderGetDatumLength(cell);
		tuple.t_data = cell;
		heap_deform_tuple(&tuple, desc, values, nulls);
		if (!nulls[CELL_MODE] && !nulls[CELL_METRIC])
			add_cell(rows, values, nulls);
	}
	ReleaseTupleDesc(desc);
	skl_rollup_rows_order(rows, 0);
	return rows;
}
