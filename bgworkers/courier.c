/*
 * bgworkers/courier.c
 *		The worker that talks to the world: mail (courier_mail.c), calls to payment providers
 *		(courier_calls.c), webhooks (courier_webhooks.c) and a collector of traces
 *		(courier_traces.c), side by side in one loop (transfer.c).
 */
#include "skl.h"

#include "bgworkers/courier.h"
#include "bgworkers/transfer.h"
#include "bgworkers/worker_loop.h"
#include "core/spi.h"

#include "miscadmin.h"
#include "storage/latch.h"

static const SklCourierPart *const parts[] = {&skl_courier_mail, &skl_courier_calls,
											  &skl_courier_webhooks, &skl_courier_traces};

/* Between two turns that a wake-up asks for, in milliseconds, and between two measures. */
#define TURN_PAUSE_MS 20
#define MEASURE_PAUSE_MS 1000

static TimestampTz turn_at = 0; /* begin of the last turn */

/* How late the oldest row of any part is, for the status. */
static int64
measure(void *arg)
{
	static SklStmt stmt =
		SKL_STMT0("SELECT greatest(skillancer.courier_lag(), skillancer.provider_lag(),"
				  " skillancer.webhook_lag())");
	bool isnull;

	skl_spi_connect();
	skl_spi_exec(&stmt, NULL, NULL);
	skl_slot_lag(DatumGetFloat8(skl_spi_value(0, 1, &isnull)));
	skl_spi_finish();
	return 0;
}

int64
skl_courier_turn(int limit)
{
	static TimestampTz measured_at = 0;
	int64 rows = 0;
	int64 ignored;
	bool more = false;

	turn_at = GetCurrentTimestamp();
	for (size_t i = 0; i < lengthof(parts); i++)
		rows += parts[i]->turn(limit, &more);
	if (TimestampDifferenceExceeds(measured_at, turn_at, MEASURE_PAUSE_MS))
	{
		skl_worker_transaction(measure, NULL, &ignored);
		measured_at = turn_at;
	}
	/* More is claimed when transfers end, which ends the wait. */
	return more ? limit : Min(rows, limit - 1);
}

static bool
any(bool (*const of_part)(const SklCourierPart *))
{
	for (size_t i = 0; i < lengthof(parts); i++)
	{
		if (of_part(parts[i]))
			return true;
	}
	return false;
}

static bool
part_ready(const SklCourierPart *part)
{
	return part->ready();
}

static bool
part_busy(const SklCourierPart *part)
{
	return part->busy();
}

/* Milliseconds until a part wants a turn, or until the end. */
static long
time_to_turn(TimestampTz end)
{
	long ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);

	for (size_t i = 0; i < lengthof(parts); i++)
	{
		long patience = parts[i]->patience != NULL ? parts[i]->patience() : -1;

		if (patience >= 0)
			ms = Min(ms, patience);
	}
	return ms;
}

/*
 * Waits for results and for the latch. Commits set the latch hundreds of times a second: turns that
 * it asks for have a pause between them.
 */
void
skl_courier_wait(long timeout_ms)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);

	while (!any(part_ready) && GetCurrentTimestamp() < end)
	{
		if (skl_transfer_wait(time_to_turn(end)))
		{
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
			end = Min(end, TimestampTzPlusMilliseconds(turn_at, TURN_PAUSE_MS));
		}
	}
}

bool
skl_courier_busy(void)
{
	return any(part_busy);
}
