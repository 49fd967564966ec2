/*
 * bgworkers/timekeeper.c
 *		The worker that makes things happen by time: due timers and housekeeping.
 *
 * A turn has two transactions for timers and one for each housekeeping job that is due. The first
 * claims due timers: it counts an attempt in each row, so that a timer that crashes the server is
 * known after the crash and parked after some attempts. The second fires them, those that move
 * money by the many in a batch, the others each in a subtransaction.
 */
#include "skl.h"

#include "bgworkers/timekeeper.h"
#include "bgworkers/worker_loop.h"

#include "core/spi.h"

/* Timers fired in one transaction: each keeps its row locked until the end. */
#define TIMERS_MAX 50

static int64
claim(void *arg)
{
	return skl_worker_call("timekeeper_claim", *(int *) arg);
}

static int64
fire(void *arg)
{
	return skl_worker_call("timekeeper_fire", *(int *) arg);
}

/* How late the oldest timer is, for the status; in the transaction of a step. */
static int64
measure(void *arg)
{
	static SklStmt stmt = SKL_STMT0("SELECT skillancer.timekeeper_lag()");
	bool isnull;

	skl_spi_connect();
	skl_spi_exec(&stmt, NULL, NULL);
	skl_slot_lag(DatumGetFloat8(skl_spi_value(0, 1, &isnull)));
	skl_spi_finish();
	return 0;
}

int64
skl_timekeeper_turn(int limit)
{
	int timers = Min(limit, TIMERS_MAX);
	int64 claimed = 0;
	int64 ignored = 0;

	if (!skl_worker_transaction(claim, &timers, &claimed))
		return 0;
	if (claimed > 0 && !skl_worker_transaction(fire, &timers, &ignored))
		return 0;
	if (!skl_worker_keep_house(limit, &ignored))
		return 0;
	skl_worker_transaction(measure, NULL, &ignored);
	return claimed == timers ? limit : claimed;
}
