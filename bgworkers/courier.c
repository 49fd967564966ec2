/*
 * bgworkers/courier.c
 *		The worker that talks to the world: mail (courier_mail.c) and calls to payment providers
 *		(courier_calls.c), side by side in one loop (transfer.c).
 */
#include "skl.h"

#include "bgworkers/courier.h"
#include "bgworkers/transfer.h"
#include "bgworkers/worker_loop.h"
#include "core/spi.h"

static const SklCourierPart *const parts[] = {&skl_courier_mail, &skl_courier_calls};

/* How late the oldest row of any part is, for the status. */
static int64
measure(void *arg)
{
	static SklStmt stmt =
		SKL_STMT0("SELECT greatest(skillancer.courier_lag(), skillancer.provider_lag())");
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
	int64 rows = 0;
	int64 ignored;
	bool more = false;

	for (size_t i = 0; i < lengthof(parts); i++)
		rows += parts[i]->turn(limit, &more);
	skl_worker_transaction(measure, NULL, &ignored);
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

void
skl_courier_wait(long timeout_ms)
{
	if (!any(part_ready))
		skl_transfer_wait(timeout_ms);
}

bool
skl_courier_busy(void)
{
	return any(part_busy);
}
