/*
 * bgworkers/analyst.c
 *		The worker that adds up what happens (sql/analytics/rollup.sql).
 *
 * A turn is one tick over the event log and the ledger, in one transaction with all that it adds,
 * so whatever is killed, each event counts exactly once. What cannot be added is recomputed in
 * the turn after, and metrics that are new or declared anew are built from the past, one a turn.
 * Ticks are skillancer.analyst_pause apart, so that events that come together are added together.
 *
 * Nothing in an event can make a tick fail: what is not a measurement is not counted
 * (extension/analytics/fact.c). So there is no careful way as the notifier has one.
 */
#include "skl.h"

#include "bgworkers/analyst.h"
#include "bgworkers/worker_loop.h"
#include "core/guc.h"
#include "core/spi.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"

static TimestampTz ticked_at = 0;

static int64
tick(void *arg)
{
	static SklStmt stmt =
		SKL_STMT0("SELECT b.rows, b.lag_seconds FROM skillancer.analyst_batch() AS b");
	bool isnull;
	int64 rows;

	skl_spi_connect();
	skl_spi_exec(&stmt, NULL, NULL);
	rows = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_slot_lag(DatumGetFloat8(skl_spi_value(0, 2, &isnull)));
	skl_spi_finish();
	return rows;
}

/* Lets events that come together gather. */
static void
pause_between_ticks(void)
{
	TimestampTz next = TimestampTzPlusMilliseconds(ticked_at, skl_guc.analyst_pause);
	long wait = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), next);

	if (wait > 0)
		(void) WaitLatch(NULL, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, wait, PG_WAIT_EXTENSION);
	CHECK_FOR_INTERRUPTS();
}

int64
skl_analyst_turn(int limit)
{
	int64 rows = 0;

	pause_between_ticks();
	skl_worker_transaction(tick, NULL, &rows);
	if (rows == 0)
		return 0;
	ticked_at = GetCurrentTimestamp();
	/* A tick takes all there is; one that did anything may have left something to recompute. */
	return limit;
}
