/*
 * core/clock.h
 *		The time that the marketplace lives by.
 */
#ifndef SKL_CORE_CLOCK_H
#define SKL_CORE_CLOCK_H

#include "utils/timestamp.h"

/* Where time comes from; tests put their own in place. */
typedef struct SklClock
{
	/* Start of the current transaction. */
	TimestampTz (*transaction_time)(void);
	/* This instant. */
	TimestampTz (*instant)(void);
} SklClock;

/* Swaps the clock and returns the one before. NULL puts the system's clock back. */
extern const SklClock *skl_clock_use(const SklClock *clock);

/*
 * Time of the transaction, moved by skillancer.clock_offset; in microseconds like any timestamptz.
 */
extern TimestampTz skl_now(void);

/* skl_now() and a period. */
extern TimestampTz skl_now_plus(Interval *period);

/* This instant, moved likewise. */
extern TimestampTz skl_instant(void);

#endif
