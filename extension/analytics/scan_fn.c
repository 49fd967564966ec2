/*
 * analytics/scan_fn.c
 *		rollup_scan(): reads events and entries of the ledger and adds them up.
 *
 * One function serves the tick, which reads what became visible between two snapshots, and the
 * recomputation, which reads all that a snapshot sees. It only reads, with the snapshot of the
 * statement that calls it, through cursors, so a long history takes no more memory than its cells.
 */
#include "skl.h"

#include "analytics/cells.h"
#include "analytics/measure.h"
#include "core/spi.h"

#include "funcapi.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(skl_fn_rollup_scan);

#define FETCH_ROWS 2000

enum
{
	ARG_EPOCH,
	ARG_A,	  /* NULL: from the beginning, earlier epochs too */
	ARG_B,	  /* NULL: to the end of the epoch */
	ARG_FROM, /* NULL: from any time */
	ARG_TO,
	ARG_EVENTS_FROM, /* what events are counted from besides; NULL: from any time */
	ARG_METRIC		 /* NULL: all */
};

typedef struct RollupScan
{
	SklMeasures *measures;
	SklCells *cells;
	int64 rows; /* read */
	TimestampTz first_at;
	MemoryContext piece; /* of one fetch */
	ReturnSetInfo *result;
} RollupScan;

/* A value of an argument as a literal of SQL, by the output function of its type. */
static char *
literal(FunctionCallInfo fcinfo, int arg)
{
	Oid type = get_fn_expr_argtype(fcinfo->flinfo, arg);
	Oid output;
	bool varlena;

	getTypeOutputInfo(type, &output, &varlena);
	return quote_literal_cstr(OidOutputFunctionCall(output, PG_GETARG_DATUM(arg)));
}

/* The transactions in progress of a snapshot ("xmin:xmax:xip,...") as a literal of xid8[]. */
static char *
in_progress(FunctionCallInfo fcinfo, int arg)
{
	char *snapshot = OidOutputFunctionCall(F_PG_SNAPSHOT_OUT, PG_GETARG_DATUM(arg));

	return psprintf("'{%s}'::xid8[]", strrchr(snapshot, ':') + 1);
}

/*
 * Appends which rows of a table with epoch and xid are read. The snapshots are literals, so that
 * their ends are constants for the index on xid; of a list that it does not know, the planner
 * expects so much that it would read the whole log.
 */
static void
append_window(StringInfo sql, FunctionCallInfo fcinfo, const char *t)
{
	bool known = !PG_ARGISNULL(ARG_EPOCH);
	int epoch = known ? PG_GETARG_INT32(ARG_EPOCH) : 0;
	char *a = !known || PG_ARGISNULL(ARG_A) ? NULL : literal(fcinfo, ARG_A);
	char *b = !known || PG_ARGISNULL(ARG_B) ? NULL : literal(fcinfo, ARG_B);

	if (a != NULL && b != NULL)
		appendStringInfo(sql,
						 " WHERE %1$s.epoch = %2$d AND pg_visible_in_snapshot(%1$s.xid, %4$s)"
						 " AND ((%1$s.xid >= pg_snapshot_xmax(%3$s) AND"
						 " %1$s.xid < pg_snapshot_xmax(%4$s)) OR %1$s.xid = ANY (%5$s))",
						 t, epoch, a, b, in_progress(fcinfo, ARG_A));
	else if (a != NULL)
		appendStringInfo(sql,
						 " WHERE %1$s.epoch = %2$d AND NOT pg_visible_in_snapshot(%1$s.xid, %3$s)",
						 t, epoch, a);
	else if (b != NULL)
		appendStringInfo(sql,
						 " WHERE (%1$s.epoch < %2$d OR"
						 " (%1$s.epoch = %2$d AND pg_visible_in_snapshot(%1$s.xid, %3$s)))",
						 t, epoch, b);
	else
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("a scan needs an epoch and a snapshot")));
}

static void
append_time(StringInfo sql, FunctionCallInfo fcinfo, const char *column, const char *comparison,
			int arg)
{
	if (!PG_ARGISNULL(arg))
		appendStringInfo(sql, " AND %s %s %s::timestamptz", column, comparison,
						 literal(fcinfo, arg));
}

/* The text of a name column, cut to its room. */
static void
name_of(uint64 row, int column, char *name, size_t room)
{
	bool isnull;
	text *value = DatumGetTextPP(skl_spi_value(row, column, &isnull));

	text_to_cstring_buffer(value, name, room);
}

static bool
person_of(uint64 row, int column, pg_uuid_t *person)
{
	bool isnull;
	Datum value = skl_spi_value(row, column, &isnull);

	if (!isnull)
		*person = *DatumGetUUIDP(value);
	return !isnull;
}

static void
count_event(RollupScan *scan, uint64 row)
{
	char type[SKL_FACT_NAME];
	SklFact fact = {0};
	bool isnull;

	fact.at = DatumGetTimestampTz(skl_spi_value(row, 1, &isnull));
	name_of(row, 2, type, sizeof(type));
	fact.seq = DatumGetInt64(skl_spi_value(row, 3, &isnull));
	fact.aggregate = *DatumGetUUIDP(skl_spi_value(row, 4, &isnull));
	fact.has_person = person_of(row, 5, &fact.person);
	fact.data = DatumGetJsonbP(skl_spi_value(row, 6, &isnull));
	skl_cells_count(scan->cells, skl_measures_of_event(scan->measures, type), &fact);
	skl_cells_count(scan->cells, skl_measures_of_any_event(scan->measures), &fact);
	if (scan->rows++ == 0 || fact.at < scan->first_at)
		scan->first_at = fact.at;
}

static void
count_entry(RollupScan *scan, uint64 row)
{
	SklFact fact = {0};
	bool isnull;

	fact.at = DatumGetTimestampTz(skl_spi_value(row, 1, &isnull));
	name_of(row, 2, fact.kind, sizeof(fact.kind));
	name_of(row, 3, fact.account, sizeof(fact.account));
	name_of(row, 4, fact.currency, sizeof(fact.currency));
	fact.amount = DatumGetInt64(skl_spi_value(row, 5, &isnull));
	fact.has_person = person_of(row, 6, &fact.person);
	skl_cells_count(scan->cells, skl_measures_of_account(scan->measures, fact.account), &fact);
}

/*
 * Counts all rows of a query. Cells live in the context of the scan, what is read in the piece's.
 */
static void
count_all(RollupScan *scan, const char *sql, void (*count)(RollupScan *scan, uint64 row))
{
	Portal portal = skl_spi_open(sql);
	uint64 rows;

	while ((rows = skl_spi_fetch(portal, FETCH_ROWS)) > 0)
	{
		MemoryContext old = MemoryContextSwitchTo(scan->piece);

		for (uint64 row = 0; row < rows; row++)
			count(scan, row);
		MemoryContextSwitchTo(old);
		MemoryContextReset(scan->piece);
	}
	skl_spi_close(portal);
}

/* (mode, metric, at, dims, bucket, subject, num, den, times) */
static void
put_cell(const SklCell *cell, const Jsonb *dims, void *arg)
{
	static const char *const modes[] = {"sum", "sum", "member", "step"};
	RollupScan *scan = arg;
	const SklMetric *metric = skl_measures_metric(scan->measures, cell->key.metric);
	const char *mode = cell->is_bucket ? "histogram" : modes[metric->mode];
	Datum times[SKL_STEP_TIMES];
	Datum values[9];
	bool nulls[9] = {false};

	if (cell->num == 0 && cell->den == 0)
		return;
	for (int i = 0; i < cell->ntimes; i++)
		times[i] = TimestampTzGetDatum(cell->times[i]);
	values[0] = CStringGetTextDatum(mode);
	values[1] = CStringGetTextDatum(metric->name);
	values[2] = TimestampTzGetDatum(cell->key.at);
	values[3] = JsonbPGetDatum(dims);
	values[4] = Int32GetDatum(cell->key.bucket);
	values[5] = UUIDPGetDatum(&cell->key.subject);
	values[6] = Int64GetDatum(cell->num);
	values[7] = Int64GetDatum(cell->den);
	values[8] = PointerGetDatum(
		construct_array(times, cell->ntimes, TIMESTAMPTZOID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	nulls[2] = metric->mode == SKL_METRIC_STEP;
	nulls[4] = !cell->is_bucket;
	nulls[5] = metric->mode < SKL_METRIC_MEMBER;
	nulls[8] = metric->mode != SKL_METRIC_STEP;
	tuplestore_putvalues(scan->result->setResult, scan->result->setDesc, values, nulls);
}

/* A row of its own says how many events were read, and when the first one happened. */
static void
put_count(RollupScan *scan)
{
	Datum values[9] = {CStringGetTextDatum("events"), CStringGetTextDatum("")};
	bool nulls[9] = {false, false, false, true, true, true, true, false, true};

	values[2] = TimestampTzGetDatum(scan->first_at);
	values[7] = Int64GetDatum(scan->rows);
	nulls[2] = scan->rows == 0;
	tuplestore_putvalues(scan->result->setResult, scan->result->setDesc, values, nulls);
}

static char *
events_sql(FunctionCallInfo fcinfo)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT e.at, e.type, e.seq, e.aggregate_id, e.actor_id::uuid,"
								 " e.data FROM skillancer.event e");
	append_window(&sql, fcinfo, "e");
	append_time(&sql, fcinfo, "e.at", ">=", ARG_FROM);
	append_time(&sql, fcinfo, "e.at", "<", ARG_TO);
	append_time(&sql, fcinfo, "e.at", ">=", ARG_EVENTS_FROM);
	return sql.data;
}

static char *
entries_sql(FunctionCallInfo fcinfo)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql,
						   "SELECT t.effective_at, t.kind, a.class, l.currency, l.amount, a.owner"
						   " FROM skillancer.ledger_entry l"
						   " JOIN skillancer.ledger_txn t ON t.id = l.txn"
						   " JOIN skillancer.ledger_account a ON a.id = l.account");
	append_window(&sql, fcinfo, "l");
	append_time(&sql, fcinfo, "t.effective_at", ">=", ARG_FROM);
	append_time(&sql, fcinfo, "t.effective_at", "<", ARG_TO);
	return sql.data;
}

/* rollup_scan(epoch, a, b, from, to, events_from, metric) returns cells. */
Datum
skl_fn_rollup_scan(PG_FUNCTION_ARGS)
{
	char *metric = PG_ARGISNULL(ARG_METRIC) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(ARG_METRIC));
	RollupScan scan = {.result = (ReturnSetInfo *) fcinfo->resultinfo};
	char *events = events_sql(fcinfo);
	char *entries = entries_sql(fcinfo);

	InitMaterializedSRF(fcinfo, 0);
	scan.piece = AllocSetContextCreate(CurrentMemoryContext, "skillancer rollup piece",
									   ALLOCSET_DEFAULT_SIZES);
	skl_spi_connect();
	scan.measures = skl_measures_load(metric);
	scan.cells = skl_cells_make(scan.measures);
	count_all(&scan, events, count_event);
	count_all(&scan, entries, count_entry);
	skl_cells_visit(scan.cells, put_cell, &scan);
	put_count(&scan);
	skl_spi_finish();
	MemoryContextDelete(scan.piece);
	return (Datum) 0;
}
