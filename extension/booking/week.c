/*
 * booking/week.c
 *		Hourly bookings: the machine "work_week".
 *
 * A week is locked by its timer on the Monday after it, or when the booking ends. Locking adds up
 * what was logged, makes a milestone of it and pays for it: skillancer.week_bill() has the
 * statements. The order of locks is the one of every command, booking before week; a timer has its
 * week first and gives way when the booking is taken.
 */
#include "skl.h"

#include "booking/booking.h"
#include "booking/hours.h"
#include "core/errors.h"
#include "core/fire.h"
#include "types/monetary.h"

PG_FUNCTION_INFO_V1(skl_fn_hours_price);

/* hours_price(rate monetary, minutes integer) returns monetary. */
Datum
skl_fn_hours_price(PG_FUNCTION_ARGS)
{
	SklMonetary *rate = PG_GETARG_MONETARY_P(0);
	int64_t price;

	if (!skl_hours_price(rate->minor, PG_GETARG_INT32(1), &price))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the price of the hours is out of range")));
	PG_RETURN_MONETARY_P(skl_monetary_make(price, rate->currency));
}

/* Runs one of the area's functions of SQL on an object. */
static void
call_for(SklStmt *stmt, const pg_uuid_t *id)
{
	Datum args[1] = {UUIDPGetDatum(id)};

	skl_spi_exec(stmt, args, NULL);
}

/* The week is over, or the booking ends: what was logged is billed. */
static void
effect_lock(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.week_bill($1)", UUIDOID);
	pg_uuid_t booking;

	if (!skl_fire_uuid(fire, "booking_id", &booking))
		elog(ERROR, "a week has no booking");
	(void) skl_booking_lock(&booking);
	call_for(&stmt, &fire->id);
}

/* Time to try again to get the money of a week. */
static void
effect_collect(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("SELECT skillancer.week_pay($1::skillancer.milestone_id)", UUIDOID);

	call_for(&stmt, &fire->id);
}

/* Bills the weeks of a booking that are still open. */
void
skl_week_bill_open(const pg_uuid_t *booking)
{
	static SklStmt stmt = SKL_STMT("SELECT id FROM skillancer.work_week"
								   " WHERE booking_id = $1::skillancer.booking_id"
								   " AND state = 'OPEN' ORDER BY week",
								   UUIDOID);

	skl_booking_cascade_all(&stmt, booking, "work_week", "lock");
}

/* Drops what was logged and not billed, and weeks that were billed and not paid. */
void
skl_week_waive(const pg_uuid_t *booking)
{
	static SklStmt weeks = SKL_STMT("SELECT id FROM skillancer.work_week"
									" WHERE booking_id = $1::skillancer.booking_id"
									" AND state = 'OPEN' ORDER BY week",
									UUIDOID);
	static SklStmt unpaid = SKL_STMT("SELECT id FROM skillancer.milestone"
									 " WHERE booking_id = $1::skillancer.booking_id"
									 " AND state = 'AGREED' AND week IS NOT NULL ORDER BY id",
									 UUIDOID);

	skl_booking_cascade_all(&weeks, booking, "work_week", "waive");
	skl_booking_cascade_all(&unpaid, booking, "milestone", "cancel");
}

/* True when the milestone of this transition bills a week. */
bool
skl_week_is(const SklFire *fire)
{
	bool isnull;

	(void) skl_fire_datum(fire, "week", &isnull);
	return !isnull;
}

/* Hours that were worked are not declined. */
static bool
guard_not_worked(const SklFire *fire)
{
	if (skl_week_is(fire))
		skl_failf(SKL_ERR_INVALID_STATE, "the hours of this week were worked");
	return true;
}

void
skl_week_init(void)
{
	skl_register_guard("milestone_not_worked", guard_not_worked);
	skl_register_effect("work_week", "lock", effect_lock);
	skl_register_effect("milestone", "collect", effect_collect);
}
