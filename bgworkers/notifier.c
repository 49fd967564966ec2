/*
 * bgworkers/notifier.c
 *		The worker that turns events into notifications and mails, and feeds the live stream.
 *
 * A turn is one tick over the event log, in one transaction with everything it makes, so each event
 * counts exactly once (sql/notification/notifier.sql). A second tick appends to the live stream
 * (sql/notification/stream.sql) and ends with one NOTIFY, at most twenty a second, because a commit
 * with NOTIFY takes a lock of the whole cluster.
 */
#include "skl.h"

#include "bgworkers/careful.h"
#include "bgworkers/notifier.h"

#include "pgstat.h"

/* Pause after a tick that notified, in milliseconds: bounds NOTIFY to twenty a second. */
#define NOTIFY_PAUSE_MS 50

static SklCareful notifier = {.name = "notifier",
							  .batch = "notifier_batch",
							  .try_next = "notifier_try_next",
							  .try_one = "notifier_try_event"};

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

int64
skl_notifier_turn(int limit)
{
	int64 rows;
	int64 streamed = 0;

	if (!skl_careful_begin(&notifier, limit, &rows))
		return rows;
	rows = skl_careful_tick(&notifier, limit);
	skl_worker_transaction(stream, &limit, &streamed);
	if (rows > 0 || streamed > 0)
		pause_after_notify();
	/* A tick takes all there is, however much. */
	return Min(rows, limit - 1);
}
