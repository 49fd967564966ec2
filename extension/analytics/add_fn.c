/*
 * analytics/add_fn.c
 *		rollup_add(): adds cells to the rollups.
 *
 * Cells become rows (analytics/rows.c), each of which is found by its key and written once
 * (analytics/table.c). Members come first, because how many different ones there are is added to
 * the rows of their day and month, and of the windows that reach over it (analytics/windows.c).
 * Steps come last, and mark the days of cohorts that they change.
 */
#include "skl.h"

#include "analytics/marks.h"
#include "analytics/rows.h"
#include "analytics/table.h"
#include "analytics/windows.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(skl_fn_rollup_add);

static Datum
add_numeric(const Datum *found, int column, int64 value)
{
	Datum more = NumericGetDatum(int64_to_numeric(value));

	return found == NULL ? more : DirectFunctionCall2(numeric_add, found[column], more);
}

static Datum
add_int64(const Datum *found, int column, int64 value)
{
	if (found != NULL)
		skl_metric_add(&value, DatumGetInt64(found[column]));
	return Int64GetDatum(value);
}

static void
put(SklTable *table, const Datum *found, const Datum *values, int n)
{
	if (found != NULL)
		skl_table_replace(table, values, n);
	else
		skl_table_insert(table, values, n);
}

/* metric_hour, metric_day, metric_month: (metric, at, dims, num, den) */
static void
write_sum(SklTable *table, const SklRollupRow *row)
{
	Datum values[5] = {PointerGetDatum(row->metric), Int64GetDatum(row->at),
					   PointerGetDatum(row->dims)};
	const Datum *found;

	if (row->num == 0 && row->den == 0)
		return;
	if (row->table != SKL_ROLLUP_HOUR)
		values[1] = DateADTGetDatum((DateADT) row->at);
	found = skl_table_find(table, values);
	values[3] = add_numeric(found, 3, row->num);
	values[4] = add_numeric(found, 4, row->den);
	put(table, found, values, 5);
}

/* metric_histogram, metric_histogram_month: (metric, day or month, dims, bucket, n) */
static void
write_bucket(SklTable *table, const SklRollupRow *row)
{
	Datum values[5] = {PointerGetDatum(row->metric), DateADTGetDatum((DateADT) row->at),
					   PointerGetDatum(row->dims), Int32GetDatum(row->bucket)};
	const Datum *found = skl_table_find(table, values);

	values[4] = add_int64(found, 4, row->den);
	put(table, found, values, 5);
}

/*
 * metric_member: (metric, level, at, dims, subject, num, n). A subject that has no facts left has
 * no row. Returns by how much the number of different subjects changes.
 */
static int
write_member(SklTable *table, const SklRollupRow *row, Datum level)
{
	Datum values[7] = {PointerGetDatum(row->metric), level, DateADTGetDatum((DateADT) row->at),
					   PointerGetDatum(row->dims), UUIDPGetDatum(&row->subject)};
	const Datum *found = skl_table_find(table, values);

	values[5] = add_numeric(found, 5, row->num);
	values[6] = add_int64(found, 6, row->den);
	if (DatumGetInt64(values[6]) != 0)
		put(table, found, values, 7);
	else if (found != NULL)
		skl_table_delete(table);
	return (DatumGetInt64(values[6]) != 0 ? 1 : 0) - (found != NULL ? 1 : 0);
}

/* Adds to the number of different subjects of a day or month, as a row that is written later. */
static void
count_subjects(SklRollupRows *rows, const SklRollupRow *member, int more)
{
	SklRollupRow count = {.metric = member->metric, .dims = member->dims, .at = member->at};
	SklRollupRow *last = &rows->rows[rows->n - 1];

	count.table = member->table == SKL_ROLLUP_MEMBER_DAY ? SKL_ROLLUP_DAY : SKL_ROLLUP_MONTH;
	count.num = more;
	if (skl_rollup_row_compare(last, &count) == 0)
		skl_metric_add(&last->num, more);
	else if (more != 0)
		skl_rollup_row_append(rows, &count);
}

/* Writes the members, which come first; returns the number of the first row that is none. */
static size_t
write_members(SklRollupRows *rows, SklWindows *windows)
{
	Datum levels[] = {CStringGetTextDatum("day"), CStringGetTextDatum("month")};
	SklTable *table = NULL;
	size_t n = 0;

	while (n < rows->n && rows->rows[n].table <= SKL_ROLLUP_MEMBER_MONTH)
		n++;
	for (size_t i = 0; i < n; i++)
	{
		SklRollupRow row = rows->rows[i];
		int more;

		if (table == NULL)
			table = skl_table_open("metric_member");
		more = write_member(table, &row, levels[row.table]);
		count_subjects(rows, &row, more);
		if (more != 0 && row.table == SKL_ROLLUP_MEMBER_DAY)
			skl_windows_member(windows, &row, more > 0);
	}
	if (table != NULL)
		skl_table_close(table);
	return n;
}

/* metric_step: (metric, subject, times, n) */
static void
write_step(SklTable *table, const SklRollupRow *row, SklMarks *marks)
{
	SklStepTimes before = {0};
	SklStepTimes after = {0};
	Datum values[4] = {PointerGetDatum(row->metric), UUIDPGetDatum(&row->subject)};
	const Datum *found = skl_table_find(table, values);
	MemoryContext old = MemoryContextSwitchTo(skl_table_memory(table));

	if (found != NULL)
		skl_step_times_read(&before, found[2]);
	after = before;
	for (int i = 0; i < row->ntimes; i++)
		(void) skl_step_keep(after.times, &after.n, row->times[i]);
	values[2] = skl_step_times_datum(&after);
	values[3] = add_int64(found, 3, row->den);
	MemoryContextSwitchTo(old);
	put(table, found, values, 4);
	skl_marks_step(marks, row->metric, &row->subject, &before, &after);
}

/* Writes rows of one table from one on; returns the number of the first row of another table. */
static size_t
write_table(SklRollupRows *rows, size_t from, SklMarks *marks)
{
	static const char *const names[] = {
		[SKL_ROLLUP_HOUR] = "metric_hour",
		[SKL_ROLLUP_DAY] = "metric_day",
		[SKL_ROLLUP_MONTH] = "metric_month",
		[SKL_ROLLUP_HISTOGRAM] = "metric_histogram",
		[SKL_ROLLUP_HISTOGRAM_MONTH] = "metric_histogram_month",
		[SKL_ROLLUP_STEP] = "metric_step",
	};
	SklRollupTable kind = rows->rows[from].table;
	SklTable *table = skl_table_open(names[kind]);
	size_t i = from;

	for (; i < rows->n && rows->rows[i].table == kind; i++)
	{
		if (kind == SKL_ROLLUP_STEP)
			write_step(table, &rows->rows[i], marks);
		else if (kind == SKL_ROLLUP_HISTOGRAM || kind == SKL_ROLLUP_HISTOGRAM_MONTH)
			write_bucket(table, &rows->rows[i]);
		else
			write_sum(table, &rows->rows[i]);
	}
	skl_table_close(table);
	return i;
}

/* The months whose rows are written. */
static ArrayType *
months_of(const SklRollupRows *rows)
{
	Datum *months = palloc(sizeof(Datum) * Max(rows->n, 1));
	int n = 0;

	for (size_t i = 0; i < rows->n; i++)
	{
		const SklRollupRow *row = &rows->rows[i];
		bool known = row->table != SKL_ROLLUP_MEMBER_MONTH && row->table != SKL_ROLLUP_MONTH;

		for (int m = 0; m < n && !known; m++)
			known = DatumGetDateADT(months[m]) == (DateADT) row->at;
		if (!known)
			months[n++] = DateADTGetDatum((DateADT) row->at);
	}
	return construct_array(months, n, DATEOID, sizeof(DateADT), true, TYPALIGN_INT);
}

/* rollup_add(cells rollup_cell[]) returns date[] */
Datum
skl_fn_rollup_add(PG_FUNCTION_ARGS)
{
	SklRollupRows *rows = skl_rollup_rows(PG_GETARG_ARRAYTYPE_P(0));
	SklMarks *marks = skl_marks_begin();
	SklWindows *windows = skl_windows_begin();
	ArrayType *months = months_of(rows);
	size_t next = write_members(rows, windows);

	skl_windows_add(windows, rows);
	skl_rollup_rows_order(rows, next);
	while (next < rows->n)
		next = write_table(rows, next, marks);
	skl_marks_write(marks);
	PG_RETURN_ARRAYTYPE_P(months);
}
