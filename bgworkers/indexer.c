/*
 * bgworkers/indexer.c
 *		The workers that keep the search indexes (sql/search/indexer.sql, merger.sql).
 *
 * The indexer follows changes: a turn is one tick, in one transaction with all that it writes.
 * Ticks are skillancer.indexer_pause apart, so that changes that come together are written
 * together. What takes long (merging segments, building a generation) is done by the merger beside
 * it, a piece a transaction, and holds the indexer up only for the moment in which the manifest
 * changes. When it has nothing of that to do, it looks after the suggestions.
 *
 * Starts are counted in a committed row. An indexer that starts for the third time without having
 * finished a tick is careful: it counts an attempt before each document and works on each in a
 * transaction of its own, so that the document that crashes the server becomes known and is parked.
 */
#include "skl.h"

#include "bgworkers/indexer.h"
#include "bgworkers/worker_loop.h"
#include "core/guc.h"
#include "core/spi.h"

#include "miscadmin.h"
#include "pgstat.h"

/* Starts without a finished tick that are taken as bad luck. */
#define STARTS_IN_GOOD_FAITH 2

static bool started = false;
static bool careful = false;
static TimestampTz ticked_at = 0;

static int64
count_start(void *arg)
{
	return skl_worker_call("indexer_started", 0);
}

static int64
try_next(void *arg)
{
	return skl_worker_call("indexer_try_next", 0);
}

static int64
try_one(void *arg)
{
	return skl_worker_call("indexer_try_one", 0);
}

static int64
tick(void *arg)
{
	static SklStmt stmt =
		SKL_STMT("SELECT b.rows, b.lag_seconds FROM skillancer.indexer_batch($1) AS b", INT4OID);
	Datum args[1] = {Int32GetDatum(skl_guc.indexer_batch_size)};
	bool isnull;
	int64 rows;

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	rows = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_slot_lag(DatumGetFloat8(skl_spi_value(0, 2, &isnull)));
	skl_spi_finish();
	return rows;
}

/* Lets changes that come together gather. */
static void
pause_between_ticks(void)
{
	TimestampTz next = TimestampTzPlusMilliseconds(ticked_at, skl_guc.indexer_pause);
	long wait = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), next);

	if (wait > 0)
		(void) WaitLatch(NULL, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, wait, PG_WAIT_EXTENSION);
	CHECK_FOR_INTERRUPTS();
}

/* One step of the careful way; true while documents are left. */
static bool
careful_step(void)
{
	int64 picked = 0;
	int64 ignored;

	if (!skl_worker_transaction(try_next, NULL, &picked))
		return true;
	if (picked == 0)
		return false;
	skl_worker_transaction(try_one, NULL, &ignored);
	return true;
}

int64
skl_indexer_turn(int limit)
{
	int64 rows = 0;

	if (!started)
	{
		if (!skl_worker_transaction(count_start, NULL, &rows))
			return 0;
		started = true;
		careful = rows > STARTS_IN_GOOD_FAITH;
	}
	if (careful && (careful = careful_step()))
		return skl_my_slot()->state == SKL_SLOT_WAITING ? 0 : limit;
	pause_between_ticks();
	rows = 0;
	skl_worker_transaction(tick, NULL, &rows);
	if (rows > 0 && rows < skl_guc.indexer_batch_size)
		ticked_at = GetCurrentTimestamp();
	return rows >= skl_guc.indexer_batch_size ? Max(rows, limit) : Min(rows, limit - 1);
}

static int64
merge(void *arg)
{
	return skl_worker_call("merger_batch", skl_guc.indexer_batch_size);
}

static int64
suggest(void *arg)
{
	return skl_worker_call("suggest_batch", 1);
}

int64
skl_merger_turn(int limit)
{
	int64 rows = 0;

	skl_worker_transaction(merge, NULL, &rows);
	if (rows > 0)
		return limit;
	skl_worker_transaction(suggest, NULL, &rows);
	return 0;
}
