/*
 * bgworkers/indexer.c
 *		The workers that keep the search indexes (sql/search/indexer.sql, merger.sql).
 *
 * The indexer follows changes: a turn is one tick, in one transaction with all that it writes.
 * Ticks are skillancer.indexer_pause apart, so that changes that come together are written
 * together. What takes long (merging segments, building a generation) is done by the merger beside
 * it, a piece a transaction, and holds the indexer up only for the moment in which the manifest
 * changes. When it has nothing of that to do, it looks after the suggestions.
 */
#include "skl.h"

#include "bgworkers/careful.h"
#include "bgworkers/indexer.h"
#include "core/guc.h"

#include "miscadmin.h"
#include "pgstat.h"

static SklCareful indexer = {.name = "indexer",
							 .batch = "indexer_batch",
							 .try_next = "indexer_try_next",
							 .try_one = "indexer_try_one"};
static TimestampTz ticked_at = 0;

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

int64
skl_indexer_turn(int limit)
{
	int64 rows;

	if (!skl_careful_begin(&indexer, limit, &rows))
		return rows;
	pause_between_ticks();
	rows = skl_careful_tick(&indexer, skl_guc.indexer_batch_size);
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
	skl_worker_keep_house(limit, &rows);
	return 0;
}
