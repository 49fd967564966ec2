/*
 * core/clock.c
 *		The time that the marketplace lives by: the system's clock behind two function pointers,
 *		moved by the setting skillancer.clock_offset.
 *
 * Every deadline, default and timer reads skl_now(). A demo or a test moves the offset of the whole
 * server forward and the timers of two weeks fall due; nothing sleeps.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/guc.h"

#include "access/xact.h"

static const SklClock system_clock = {
	.transaction_time = GetCurrentTransactionStartTimestamp,
	.instant = GetCurrentTimestamp,
};

static const SklClock *clock_in_use = &system_clock;

PG_FUNCTION_INFO_V1(skl_fn_now);

const SklClock *
skl_clock_use(const SklClock *clock)
{
	const SklClock *before = clock_in_use;

	clock_in_use = clock != NULL ? clock : &system_clock;
	return before;
}

static TimestampTz
offset_from(TimestampTz t)
{
	return t + (TimestampTz) skl_guc.clock_offset * USECS_PER_SEC;
}

TimestampTz
skl_now(void)
{
	return offset_from(clock_in_use->transaction_time());
}

TimestampTz
skl_now_plus(Interval *period)
{
	return DatumGetTimestampTz(DirectFunctionCall2(
		timestamptz_pl_interval, TimestampTzGetDatum(skl_now()), IntervalPGetDatum(period)));
}

TimestampTz
skl_instant(void)
{
	return offset_from(clock_in_use->instant());
}

/* now() returns timestamptz: the marketplace's time of this transaction. */
Datum
skl_fn_now(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(skl_now());
}
