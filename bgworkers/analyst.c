/*
 * bgworkers/analyst.c
 *		The worker that adds up what happens (sql/analytics/rollup.sql).
 *
 * A turn is one tick over the event log and the ledger, in one transaction with all that it adds,
 * so whatever is killed, each event counts exactly once. Metrics that are new or declared anew are
 * built from the past, one a turn. Ticks are skillancer.analyst_pause apart, so that events that
 * come together are added together.
 *
 * What cannot be added is recomputed before a tick: while events wait, for at most a fifth of the
 * time, so that they do not wait long for it.
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

/* Longest time that a tick waits for recomputing, and how many times as long the next one is not.
 */
#define RECOMPUTE_MS 150
#define RECOMPUTE_REST 4

static TimestampTz ticked_at = 0;
static TimestampTz recompute_at = 0;

typedef struct AnalystTick
{
	int recompute_ms;
	int64 recomputed;
} AnalystTick;

static int64
tick(void *arg)
{
	static SklStmt stmt = SKL_STMT("SELECT b.rows, b.lag_seconds, b.recomputed"
								   " FROM skillancer.analyst_batch($1) AS b",
								   INT4OID);
	AnalystTick *state = arg;
	Datum args[1] = {Int32GetDatum(state->recompute_ms)};
	bool isnull;
	int64 rows;

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	rows = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_slot_lag(DatumGetFloat8(skl_spi_value(0, 2, &isnull)));
	state->recomputed = DatumGetInt64(skl_spi_value(0, 3, &isnull));
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

/* One batch; sets when days are recomputed again beside events that wait. */
static int64
batch(int recompute_ms)
{
	AnalystTick state = {.recompute_ms = recompute_ms};
	TimestampTz begin = GetCurrentTimestamp();
	int64 rows = 0;

	skl_worker_transaction(tick, &state, &rows);
	if (state.recomputed > 0)
	{
		TimestampTz end = GetCurrentTimestamp();

		recompute_at = end + RECOMPUTE_REST * (end - begin);
	}
	return rows;
}

int64
skl_analyst_turn(int limit)
{
	bool rests = GetCurrentTimestamp() < recompute_at;
	int64 rows;

	pause_between_ticks();
	rows = batch(rests ? 0 : RECOMPUTE_MS);
	if (rows == 0 && rests)
		rows = batch(RECOMPUTE_MS);
	if (rows == 0)
		return 0;
	ticked_at = GetCurrentTimestamp();
	/* A tick takes all there is; one that did anything may have left something to recompute. */
	return limit;
}
