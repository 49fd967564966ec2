/*
 * analytics/windows.c
 *		How many different subjects a metric had in the last days, kept exactly.
 *
 * A window (window_measure) of N days tells for each day how many different subjects were members
 * of a metric on it or on one of the N - 1 days before. A member of a day covers the days from it
 * on, until its next one or for N days: what a subject covers, all of its days together, are
 * intervals that do not overlap. When subjects join or leave days, their intervals of before are
 * taken away and those of after are added. What is the same cancels out, so only the days around a
 * change are looked at. Reading the size of any window is reading one row, whatever N is.
 */
#include "skl.h"

#include "analytics/table.h"
#include "analytics/windows.h"
#include "core/spi.h"

#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"

/* The columns of metric_member. */
enum
{
	MEMBER_METRIC,
	MEMBER_LEVEL,
	MEMBER_AT
};

typedef struct Window
{
	text *metric;
	text *members; /* the metric whose members are counted */
	int days;
} Window;

/* A subject joins or leaves a day. */
typedef struct Change
{
	const text *metric;
	pg_uuid_t subject;
	DateADT day;
	bool joins;
} Change;

/* From this day on the window has n more. */
typedef struct Turn
{
	struct
	{
		int32 window;
		DateADT day;
	} at; /* the hash key */
	int64 n;
} Turn;

/* Days of one subject, rising. */
typedef struct Days
{
	DateADT *days;
	int n;
	int room;
} Days;

struct SklWindows
{
	MemoryContext memory;
	Window *windows;
	int nwindows;
	int longest;
	Change *changes;
	size_t nchanges;
	size_t room;
	HTAB *turns;
};

SklWindows *
skl_windows_begin(void)
{
	static SklStmt stmt =
		SKL_STMT0("SELECT w.metric, w.members, w.days FROM skillancer.window_measure w");
	HASHCTL control = {.keysize = sizeof(((Turn *) 0)->at),
					   .entrysize = sizeof(Turn),
					   .hcxt = CurrentMemoryContext};
	SklWindows *made = palloc0(sizeof(SklWindows));
	uint64 rows;
	bool isnull;

	made->memory = CurrentMemoryContext;
	made->turns =
		hash_create("skillancer windows", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	skl_spi_connect();
	rows = skl_spi_exec(&stmt, NULL, NULL);
	made->windows = MemoryContextAllocZero(made->memory, sizeof(Window) * (size_t) Max(rows, 1));
	for (uint64 row = 0; row < rows; row++)
	{
		Window *window = &made->windows[made->nwindows++];

		window->metric = DatumGetTextPP(skl_spi_value_in(made->memory, row, 1, &isnull));
		window->members = DatumGetTextPP(skl_spi_value_in(made->memory, row, 2, &isnull));
		window->days = DatumGetInt16(skl_spi_value(row, 3, &isnull));
		made->longest = Max(made->longest, window->days);
	}
	skl_spi_finish();
	return made;
}

void
skl_windows_member(SklWindows *windows, const SklRollupRow *member, bool joins)
{
	Change change = {.metric = member->metric,
					 .subject = member->subject,
					 .day = (DateADT) member->at,
					 .joins = joins};
	bool counts = false;

	for (int i = 0; i < windows->nwindows && !counts; i++)
		counts = skl_varlena_compare(windows->windows[i].members, member->metric) == 0;
	if (!counts)
		return;
	if (windows->nchanges == windows->room)
	{
		windows->room = Max(windows->room * 2, 256);
		windows->changes = windows->changes == NULL
							   ? palloc_extended(sizeof(Change) * windows->room, MCXT_ALLOC_HUGE)
							   : repalloc_huge(windows->changes, sizeof(Change) * windows->room);
	}
	windows->changes[windows->nchanges++] = change;
}

/* Changes of one subject of one metric are neighbours, by day. */
static int
compare_changes(const void *a, const void *b)
{
	const Change *x = a;
	const Change *y = b;
	int order = memcmp(&x->subject, &y->subject, sizeof(pg_uuid_t));

	if (order == 0)
		order = skl_varlena_compare(x->metric, y->metric);
	if (order == 0)
		order = (x->day > y->day) - (x->day < y->day);
	return order;
}

static void
append_day(Days *days, DateADT day)
{
	if (days->n == days->room)
	{
		days->room = Max(days->room * 2, 64);
		days->days = days->days == NULL
						 ? palloc(sizeof(DateADT) * (size_t) days->room)
						 : repalloc(days->days, sizeof(DateADT) * (size_t) days->room);
	}
	days->days[days->n++] = day;
}

/* A row of metric_member is a day of its subject, or a month. */
static void
visit_member(const Datum *values, void *arg)
{
	const text *level = DatumGetTextPP(values[MEMBER_LEVEL]);

	if (VARSIZE_ANY_EXHDR(level) == strlen("day"))
		append_day(arg, DatumGetDateADT(values[MEMBER_AT]));
}

/* The days around some changes of a subject, as they were before the tick. */
static void
read_days(SklTable *members, const Change *first, const Change *last, int longest, Days *days)
{
	Datum equal[2] = {UUIDPGetDatum(&first->subject), PointerGetDatum(first->metric)};
	SklTableRange range = {.equal = equal,
						   .nequal = 2,
						   .from = DateADTGetDatum(first->day - longest),
						   .to = DateADTGetDatum(last->day + longest)};

	days->n = 0;
	skl_table_visit(members, "metric_member_subject_idx", &range, visit_member, days);
}

/* The days after some changes: both lists rise. */
static void
change_days(const Days *before, const Change *changes, size_t nchanges, Days *after)
{
	size_t c = 0;

	after->n = 0;
	for (int i = 0; i < before->n || c < nchanges;)
	{
		bool changes_first = c < nchanges && (i == before->n || changes[c].day <= before->days[i]);

		if (!changes_first)
			append_day(after, before->days[i++]);
		else if (changes[c].joins)
			append_day(after, changes[c++].day);
		else
		{
			c++; /* the day that is left is the next one of before */
			i++;
		}
	}
}

static void
turn(SklWindows *windows, int window, DateADT day, int64 n)
{
	Turn probe;
	Turn *entry;
	bool found;

	memset(&probe.at, 0, sizeof(probe.at));
	probe.at.window = window;
	probe.at.day = day;
	entry = hash_search(windows->turns, &probe.at, HASH_ENTER, &found);
	entry->n = (found ? entry->n : 0) + n;
}

/* Adds n for each day that a subject with these days is in a window. */
static void
cover(SklWindows *windows, int window, const Days *days, int64 n)
{
	for (int i = 0; i < days->n; i++)
	{
		DateADT end = days->days[i] + windows->windows[window].days;

		turn(windows, window, days->days[i], n);
		turn(windows, window, i + 1 < days->n ? Min(end, days->days[i + 1]) : end, -n);
	}
}

/* What the changes of all subjects do to the windows of their metrics. */
static void
turn_all(SklWindows *windows)
{
	SklTable *members = skl_table_open("metric_member");
	Days before = {0};
	Days after = {0};
	size_t end;

	qsort(windows->changes, windows->nchanges, sizeof(Change), compare_changes);
	for (size_t from = 0; from < windows->nchanges; from = end)
	{
		const Change *first = &windows->changes[from];

		for (end = from + 1; end < windows->nchanges; end++)
		{
			const Change *next = &windows->changes[end];

			if (memcmp(&next->subject, &first->subject, sizeof(pg_uuid_t)) != 0 ||
				skl_varlena_compare(next->metric, first->metric) != 0)
				break;
		}
		read_days(members, first, &windows->changes[end - 1], windows->longest, &before);
		change_days(&before, first, end - from, &after);
		for (int i = 0; i < windows->nwindows; i++)
		{
			if (skl_varlena_compare(windows->windows[i].members, first->metric) != 0)
				continue;
			cover(windows, i, &before, -1);
			cover(windows, i, &after, 1);
		}
	}
	skl_table_close(members);
}

static int
compare_turns(const void *a, const void *b)
{
	const Turn *x = *(Turn *const *) a;
	const Turn *y = *(Turn *const *) b;
	int order = (x->at.window > y->at.window) - (x->at.window < y->at.window);

	return order != 0 ? order : (x->at.day > y->at.day) - (x->at.day < y->at.day);
}

/* The turns that do not cancel out, by window and day. */
static size_t
sort_turns(SklWindows *windows, Turn ***sorted)
{
	HASH_SEQ_STATUS all;
	Turn *entry;
	size_t n = 0;

	*sorted = palloc(sizeof(Turn *) * (size_t) Max(hash_get_num_entries(windows->turns), 1));
	hash_seq_init(&all, windows->turns);
	while ((entry = hash_seq_search(&all)) != NULL)
	{
		if (entry->n != 0)
			(*sorted)[n++] = entry;
	}
	qsort(*sorted, n, sizeof(Turn *), compare_turns);
	return n;
}

void
skl_windows_add(SklWindows *windows, SklRollupRows *rows)
{
	SklRollupRow row = {.table = SKL_ROLLUP_DAY};
	int64 more = 0;
	Turn **turns;
	size_t n;

	if (windows->nchanges == 0)
		return;
	turn_all(windows);
	row.dims = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	n = sort_turns(windows, &turns);
	/* in each window the turns add up to nothing, so the last day of one leaves none to the next */
	for (size_t i = 0; i < n; i++)
	{
		more += turns[i]->n;
		row.metric = windows->windows[turns[i]->at.window].metric;
		row.num = more;
		for (DateADT day = turns[i]->at.day; more != 0 && day < turns[i + 1]->at.day; day++)
		{
			row.at = day;
			skl_rollup_row_append(rows, &row);
		}
	}
}
