/*
 * booking/change.c
 *		Guards and effects of the machine "change_request": what one side asks for happens when the
 *		other one accepts, or by silence when the row says so.
 *
 * A command holds the booking's lock before the change request's; a timer has the change request
 * first and gives way when the booking is taken.
 */
#include "skl.h"

#include "booking/booking.h"
#include "core/clock.h"
#include "core/errors.h"
#include "core/fire.h"

static bool
guard_other_side(const SklFire *fire)
{
	if (skl_booking_caller_is(fire, "requested_by"))
		skl_failf(SKL_ERR_PERMISSION_DENIED, "the other side has to answer this");
	return true;
}

static bool
guard_own(const SklFire *fire)
{
	if (!skl_booking_caller_is(fire, "requested_by"))
		skl_failf(SKL_ERR_PERMISSION_DENIED, "the other side has asked for this");
	return true;
}

static bool
guard_silence_accepts(const SklFire *fire)
{
	return strcmp(skl_fire_text(fire, "on_silence"), "ACCEPT") == 0;
}

static bool
guard_silence_declines(const SklFire *fire)
{
	return strcmp(skl_fire_text(fire, "on_silence"), "DECLINE") == 0;
}

static void
effect_answered(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.change_request SET answered_at = $2"
								   " WHERE id = $1::skillancer.change_request_id",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&stmt, args, NULL);
}

/* Runs one of the area's functions of SQL on the change or its booking. */
static void
call_for(SklStmt *stmt, const pg_uuid_t *id)
{
	Datum args[1] = {UUIDPGetDatum(id)};

	skl_spi_exec(stmt, args, NULL);
}

/* More days for a milestone; a year at most. */
static void
extend(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.milestone SET days = least(365, coalesce(days, 0) + $2),"
				 " version = version + 1, updated_at = $3 WHERE id = $1::skillancer.milestone_id",
				 UUIDOID, INT8OID, TIMESTAMPTZOID);
	pg_uuid_t milestone;
	Datum args[3] = {UUIDPGetDatum(&milestone), Int64GetDatum(skl_fire_int64(fire, "days")),
					 TimestampTzGetDatum(skl_now())};

	if (skl_fire_uuid(fire, "milestone_id", &milestone))
		skl_spi_exec(&stmt, args, NULL);
}

/* Nobody may be paying while the money is given back. */
static void
refuse_while_funding(const pg_uuid_t *booking)
{
	static SklStmt stmt = SKL_STMT("SELECT FROM skillancer.milestone"
								   " WHERE booking_id = $1::skillancer.booking_id"
								   " AND state = 'FUNDING'",
								   UUIDOID);
	Datum args[1] = {UUIDPGetDatum(booking)};

	if (skl_spi_exec(&stmt, args, NULL) > 0)
		skl_failf(SKL_ERR_INVALID_STATE, "a payment for this booking is under way");
}

/* The freelancer's share of what is in escrow, when one was agreed. */
static void
release_share(const SklFire *fire, const pg_uuid_t *booking)
{
	static SklStmt stmt =
		SKL_STMT("SELECT skillancer.booking_release_share($1::skillancer.booking_id, $2::"
				 "skillancer.monetary)",
				 UUIDOID, TEXTOID);
	char *release = skl_fire_text(fire, "release");
	Datum args[2] = {UUIDPGetDatum(booking)};

	if (release == NULL)
		return;
	args[1] = CStringGetTextDatum(release);
	skl_spi_exec(&stmt, args, NULL);
}

/* The freelancer gets his share of the escrow, the client the rest, and the booking ends. */
static void
call_off(const SklFire *fire, const pg_uuid_t *booking, const char *state)
{
	static SklStmt stmt = SKL_STMT("SELECT id FROM skillancer.milestone"
								   " WHERE booking_id = $1::skillancer.booking_id"
								   " AND state IN ('FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED')"
								   " ORDER BY id",
								   UUIDOID);

	refuse_while_funding(booking);
	skl_week_waive(booking);
	if (strcmp(state, "ENDING") != 0)
		skl_booking_cascade("booking", booking, "end");
	release_share(fire, booking);
	skl_booking_cascade_all(&stmt, booking, "milestone", "refund");
	skl_booking_settle(booking);
}

/* A pause, until somebody goes on or the days that were agreed are over. */
static void
pause_booking(const SklFire *fire, const pg_uuid_t *booking)
{
	bool isnull;
	Interval pause = {0};

	skl_booking_cascade("booking", booking, "pause");
	pause.day = DatumGetInt32(skl_fire_datum(fire, "days", &isnull));
	if (!isnull)
		skl_schedule("booking", booking, "resume", skl_now_plus(&pause));
}

/* What is left of a milestone goes back to the client, because the freelancer agrees. */
static void
give_back(const SklFire *fire)
{
	pg_uuid_t milestone;

	if (skl_fire_uuid(fire, "milestone_id", &milestone))
		skl_booking_cascade("milestone", &milestone, "refund");
}

static void
effect_accepted(const SklFire *fire)
{
	static SklStmt amend =
		SKL_STMT("SELECT skillancer.amendment_apply($1::skillancer.change_request_id)", UUIDOID);
	char *kind = skl_fire_text(fire, "kind");
	pg_uuid_t booking;
	char *state;

	effect_answered(fire);
	if (!skl_fire_uuid(fire, "booking_id", &booking))
		elog(ERROR, "a change request has no booking");
	state = pstrdup(skl_booking_lock(&booking));
	if (strcmp(kind, "EXTENSION") == 0)
		extend(fire);
	else if (strcmp(kind, "PAUSE") == 0)
		pause_booking(fire, &booking);
	else if (strcmp(kind, "AMENDMENT") == 0)
		call_for(&amend, &fire->id);
	else if (strcmp(kind, "REFUND") == 0)
		give_back(fire);
	else
		call_off(fire, &booking, state);
}

void
skl_change_init(void)
{
	skl_register_guard("change_other_side", guard_other_side);
	skl_register_guard("change_own", guard_own);
	skl_register_guard("change_silence_accepts", guard_silence_accepts);
	skl_register_guard("change_silence_declines", guard_silence_declines);
	skl_register_effect("change_request", "accept", effect_accepted);
	skl_register_effect("change_request", "accept_by_silence", effect_accepted);
	skl_register_effect("change_request", "decline", effect_answered);
	skl_register_effect("change_request", "decline_by_silence", effect_answered);
	skl_register_effect("change_request", "withdraw", effect_answered);
	skl_register_effect("change_request", "drop", effect_answered);
}
