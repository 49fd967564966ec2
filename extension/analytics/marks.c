/*
 * analytics/marks.c
 *		Which days of cohorts have to be recomputed.
 *
 * A cohort (cohort_measure) tells of all subjects whose first step "entry" fell on a day how many
 * took the step "goal" for the nth time. So a day changes when the first time of an entry changes
 * (both days do), or the nth time of a goal: then the day is that of the subject's entry.
 */
#include "skl.h"

#include "analytics/marks.h"
#include "analytics/rows.h"
#include "analytics/table.h"
#include "core/clock.h"
#include "core/spi.h"

#include "utils/builtins.h"
#include "utils/hsearch.h"

typedef struct Cohort
{
	text *metric;
	text *entry;
	text *goal;
	int nth; /* from 0 */
} Cohort;

typedef struct MarkKey
{
	int32 cohort;
	DateADT day;
} MarkKey;

struct SklMarks
{
	Cohort *cohorts; /* read at the first step */
	int ncohorts;
	HTAB *days;
	SklTable *steps; /* opened at the first look */
};

void
skl_step_times_read(SklStepTimes *times, Datum array)
{
	ArrayType *list = DatumGetArrayTypeP(array);

	times->n = Min(ArrayGetNItems(ARR_NDIM(list), ARR_DIMS(list)), SKL_STEP_TIMES);
	memcpy(times->times, ARR_DATA_PTR(list), sizeof(TimestampTz) * (size_t) times->n);
}

Datum
skl_step_times_datum(const SklStepTimes *times)
{
	Datum list[SKL_STEP_TIMES];

	for (int i = 0; i < times->n; i++)
		list[i] = TimestampTzGetDatum(times->times[i]);
	return PointerGetDatum(construct_array(list, times->n, TIMESTAMPTZOID, sizeof(TimestampTz),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

SklMarks *
skl_marks_begin(void)
{
	HASHCTL control = {
		.keysize = sizeof(MarkKey), .entrysize = sizeof(MarkKey), .hcxt = CurrentMemoryContext};
	SklMarks *marks = palloc0(sizeof(SklMarks));

	marks->days =
		hash_create("skillancer marks", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return marks;
}

static void
read_cohorts(SklMarks *marks)
{
	static SklStmt stmt =
		SKL_STMT0("SELECT h.metric, h.entry, h.goal, h.nth FROM skillancer.cohort_measure h");
	MemoryContext caller = CurrentMemoryContext;
	uint64 rows;
	bool isnull;

	skl_spi_connect();
	rows = skl_spi_exec(&stmt, NULL, NULL);
	marks->cohorts = MemoryContextAllocZero(caller, sizeof(Cohort) * (size_t) Max(rows, 1));
	for (uint64 row = 0; row < rows; row++)
	{
		Cohort *cohort = &marks->cohorts[marks->ncohorts++];

		cohort->metric = DatumGetTextPP(skl_spi_value_in(caller, row, 1, &isnull));
		cohort->entry = DatumGetTextPP(skl_spi_value_in(caller, row, 2, &isnull));
		cohort->goal = DatumGetTextPP(skl_spi_value_in(caller, row, 3, &isnull));
		cohort->nth = DatumGetInt16(skl_spi_value(row, 4, &isnull)) - 1;
	}
	skl_spi_finish();
}

/* Marks the day of a subject's entry. */
static void
mark(SklMarks *marks, int cohort, const SklStepTimes *entry)
{
	MarkKey key = {.cohort = cohort};

	if (entry->n == 0)
		return;
	key.day = skl_utc_day(entry->times[0]);
	(void) hash_search(marks->days, &key, HASH_ENTER, NULL);
}

static bool
is_nth_other(const SklStepTimes *before, const SklStepTimes *after, int nth)
{
	bool was = before->n > nth;
	bool is = after->n > nth;

	return was != is || (is && before->times[nth] != after->times[nth]);
}

/* The times of another step of the subject, as they were before the tick. */
static void
look(SklMarks *marks, const text *step, const pg_uuid_t *subject, SklStepTimes *times)
{
	Datum values[2] = {PointerGetDatum(step), UUIDPGetDatum(subject)};
	const Datum *found;

	if (marks->steps == NULL)
		marks->steps = skl_table_open("metric_step");
	found = skl_table_find(marks->steps, values);
	times->n = 0;
	if (found != NULL)
		skl_step_times_read(times, found[2]);
}

/*
 * A goal looks at the entry as it was before the tick. If this tick changes its first time too, the
 * entry's own row marks both days.
 */
void
skl_marks_step(SklMarks *marks, const text *step, const pg_uuid_t *subject,
			   const SklStepTimes *before, const SklStepTimes *after)
{
	SklStepTimes entry;

	if (marks->cohorts == NULL)
		read_cohorts(marks);
	for (int i = 0; i < marks->ncohorts; i++)
	{
		const Cohort *cohort = &marks->cohorts[i];
		bool is_goal = skl_varlena_compare(cohort->goal, step) == 0 &&
					   is_nth_other(before, after, cohort->nth);

		if (skl_varlena_compare(cohort->entry, step) == 0)
		{
			if (!is_goal && !is_nth_other(before, after, 0))
				continue;
			mark(marks, i, before);
			mark(marks, i, after);
		}
		else if (is_goal)
		{
			look(marks, cohort->entry, subject, &entry);
			mark(marks, i, &entry);
		}
	}
}

/* rollup_invalid: (metric, day, marked_at); what is marked stays marked since when it was. */
void
skl_marks_write(SklMarks *marks)
{
	HASH_SEQ_STATUS all;
	MarkKey *key;
	SklTable *table = NULL;

	if (marks->steps != NULL)
		skl_table_close(marks->steps);
	hash_seq_init(&all, marks->days);
	while ((key = hash_seq_search(&all)) != NULL)
	{
		Datum values[3] = {PointerGetDatum(marks->cohorts[key->cohort].metric),
						   DateADTGetDatum(key->day), TimestampTzGetDatum(skl_now())};

		if (table == NULL)
			table = skl_table_open("rollup_invalid");
		if (skl_table_find(table, values) == NULL)
			skl_table_insert(table, values, 3);
	}
	if (table != NULL)
		skl_table_close(table);
}
