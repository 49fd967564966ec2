/*
 * bgworkers/notifier.c
 *		The worker that turns events into notifications and mails, and feeds the live stream.
 *
 * A turn is one tick over the event log, in one transaction with everything it makes, so each event
 * counts exactly once (sql/notification/notifier.sql). A second tick appends to the live stream
 * (sql/notification/stream.sql) and ends with one NOTIFY, at most twenty a second, because a commit
 * with NOTIFY takes a lock of the whole cluster.
 *
 * Starts are counted in a committed row. A notifier that starts for the third time without having
 * finished a tick is careful: it counts an attempt before each event and works on each in a
 * transaction of its own, so that the event that crashes the server becomes known and is parked.
 */
#include "skl.h"

#include "bgworkers/notifier.h"
#include "bgworkers/worker_loop.h"
#include "core/spi.h"

#include "pgstat.h"

/* Starts without a finished tick that are taken as bad luck. */
#define STARTS_IN_GOOD_FAITH 2

/* Pause after a tick that notified, in milliseconds: bounds NOTIFY to twenty a second. */
#define NOTIFY_PAUSE_MS 50

static bool started = false;
static bool careful = false;

static int64
count_start(void *arg)
{
	return skl_worker_call("notifier_started", 0);
}

/* Picks the next event of the tick and counts an attempt; returns its seq, or 0. */
static int64
try_next(void *arg)
{
	return skl_worker_call("notifier_try_next", 0);
}

/* Works on the event that try_next picked. */
static int64
try_event(void *arg)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.notifier_try_event($1)", INT8OID);
	Datum args[1] = {Int64GetDatum(*(int64 *) arg)};
	bool isnull;
	int64 rows;

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	rows = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	return rows;
}

static int64
tick(void *arg)
{
	static SklStmt stmt =
		SKL_STMT("SELECT b.rows, b.lag_seconds FROM skillancer.notifier_batch($1) AS b", INT4OID);
	Datum args[1] = {Int32GetDatum(*(int *) arg)};
	bool isnull;
	int64 rows;

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	rows = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_slot_lag(DatumGetFloat8(skl_spi_value(0, 2, &isnull)));
	skl_spi_finish();
	return rows;
}

static int64
stream(void *arg)
{
	return skl_worker_call("stream_batch", *(int *) arg);
}

static void
pause_after_notify(void)
{
	(void) WaitLatch(NULL, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, NOTIFY_PAUSE_MS, PG_WAIT_EXTENSION);
}

/* One step of the careful way; true while events are left. */
static bool
careful_step(void)
{
	int64 picked = 0;
	int64 ignored;

	if (!skl_worker_transaction(try_next, NULL, &picked))
		return true;
	if (picked == 0)
		return false;
	skl_worker_transaction(try_event, &picked, &ignored);
	return true;
}

int64
skl_notifier_turn(int limit)
{
	int64 rows = 0;
	int64 streamed = 0;

	if (!started)
	{
		if (!skl_worker_transaction(count_start, NULL, &rows))
			return 0;
		started = true;
		careful = rows > STARTS_IN_GOOD_FAITH;
	}
	if (careful && (careful = careful_step()))
		return skl_my_slot()->state == SKL_SLOT_WAITING ? 0 : limit;
	rows = 0;
	skl_worker_transaction(tick, &limit, &rows);
	skl_worker_transaction(stream, &limit, &streamed);
	if (rows > 0 || streamed > 0)
		pause_after_notify();
	/* A tick takes all there is, however much. */
	return Min(rows, limit - 1);
}
