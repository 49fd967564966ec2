/*
 * booking/milestone.c
 *		Guards and effects of the machine "milestone", except for money: extension/payment posts it.
 */
#include "skl.h"

#include "booking/booking.h"
#include "core/clock.h"
#include "core/errors.h"
#include "core/fire.h"
#include "core/policy.h"
#include "core/spi.h"

#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(skl_fn_milestone_lock);

/*
 * milestone_lock(milestone) returns its booking: locks a milestone that the caller sees, after its
 * booking. RESOURCE_NOT_FOUND, or PERMISSION_DENIED for who sees it and does not act.
 */
Datum
skl_fn_milestone_lock(PG_FUNCTION_ARGS)
{
	static SklStmt first = SKL_STMT(
		"SELECT b.id FROM skillancer.booking b WHERE b.id = (SELECT m.booking_id"
		" FROM skillancer.milestone m WHERE m.id = $1::skillancer.milestone_id) FOR NO KEY UPDATE",
		UUIDOID);
	static SklStmt then =
		SKL_STMT("SELECT FROM skillancer.milestone m WHERE m.id = $1::skillancer.milestone_id"
				 " FOR NO KEY UPDATE",
				 UUIDOID);
	static SklStmt seen = SKL_STMT(
		"SELECT FROM skillancer.milestone m WHERE m.id = $1::skillancer.milestone_id", UUIDOID);
	Datum args[1] = {PG_GETARG_DATUM(0)};
	pg_uuid_t *booking = palloc(sizeof(pg_uuid_t));
	bool isnull;

	skl_spi_connect();
	if (skl_spi_exec(&first, args, NULL) != 1)
		skl_fail(skl_spi_exec(&seen, args, NULL) == 1 ? SKL_ERR_PERMISSION_DENIED
													  : SKL_ERR_RESOURCE_NOT_FOUND);
	memcpy(booking, DatumGetPointer(skl_spi_value(0, 1, &isnull)), UUID_LEN);
	skl_spi_exec(&then, args, NULL);
	skl_spi_finish();
	PG_RETURN_UUID_P(booking);
}

static void
booking_of(const SklFire *fire, pg_uuid_t *booking)
{
	if (!skl_fire_uuid(fire, "booking_id", booking))
		elog(ERROR, "a milestone has no booking");
}

/* Nobody agrees to a proposal of his own. */
static bool
guard_other_side(const SklFire *fire)
{
	if (skl_booking_caller_is(fire, "proposed_by"))
		skl_failf(SKL_ERR_PERMISSION_DENIED, "the other side has to agree to this milestone");
	return true;
}

/* The booking of the milestone is one that is still paid for; worked hours are paid for anyway. */
static bool
guard_takes_money(const SklFire *fire)
{
	pg_uuid_t booking;
	char *state;

	booking_of(fire, &booking);
	state = skl_booking_lock(&booking);
	if (skl_week_is(fire))
		return true;
	if (strcmp(state, "AWAITING_PAYMENT") != 0 && strcmp(state, "ACTIVE") != 0)
		skl_failf(SKL_ERR_INVALID_STATE, "the booking is %s", state);
	return true;
}

/* Work on the booking goes on: it is not paused, and does not wait for the client's answers. */
static bool
guard_under_way(const SklFire *fire)
{
	pg_uuid_t booking;
	char *state;

	booking_of(fire, &booking);
	state = skl_booking_lock(&booking);
	if (skl_week_is(fire))
		return true;
	if (strcmp(state, "ACTIVE") != 0 && strcmp(state, "ENDING") != 0)
		skl_failf(SKL_ERR_INVALID_STATE, "the booking is %s", state);
	return true;
}

/* The booking allows one more change request. */
static bool
guard_revisions_left(const SklFire *fire)
{
	bool isnull;
	Jsonb *pinned = DatumGetJsonbP(skl_fire_datum(fire, "policy", &isnull));
	char *limit = skl_policy_pinned(pinned, "revisionLimit");
	int64 allowed = limit == NULL
						? skl_policy_int("revisionLimit")
						: DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(limit)));

	if (skl_fire_int64(fire, "revisions") >= allowed)
		skl_fail(SKL_ERR_NO_REVISIONS_LEFT);
	return true;
}

/* No dispute is open. To a timer that comes meanwhile this is a state that has moved on. */
static bool
guard_undisputed(const SklFire *fire)
{
	bool isnull;
	bool timer = strcmp(fire->event, "auto_release") == 0 || strcmp(fire->event, "remind") == 0;

	(void) skl_fire_datum(fire, "frozen", &isnull);
	if (!isnull && !timer)
		skl_fail(SKL_ERR_DISPUTE_OPEN);
	return isnull;
}

/* Keeps what the submission or the change request says. */
static void
store_note(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.milestone SET note = $2"
								   " WHERE id = $1::skillancer.milestone_id",
								   UUIDOID, TEXTOID);
	char *note = skl_fire_payload(fire, "note");
	Datum args[2] = {UUIDPGetDatum(&fire->id)};

	if (note != NULL)
		args[1] = CStringGetTextDatum(note);
	skl_spi_exec(&stmt, args, note == NULL ? " n" : NULL);
}

/* When silence releases what was submitted at that time: as pinned to the row. */
static TimestampTz
release_at(const SklFire *fire, TimestampTz submitted_at)
{
	bool isnull;
	Jsonb *pinned = DatumGetJsonbP(skl_fire_datum(fire, "policy", &isnull));
	char *term = skl_policy_pinned(pinned, "autoRelease");
	Interval *period =
		term != NULL ? skl_policy_parse_interval(term) : skl_policy_interval("autoRelease");

	return DatumGetTimestampTz(DirectFunctionCall2(
		timestamptz_pl_interval, TimestampTzGetDatum(submitted_at), PointerGetDatum(period)));
}

/*
 * Sets the timer of the next reminder before a release by silence: policy releaseReminders, periods
 * before it. What lies behind is left out, so each is sent once, and none of them late.
 */
static void
schedule_reminder(const SklFire *fire, TimestampTz released_at)
{
	static SklStmt stmt =
		SKL_STMT("SELECT min($1 - r.period::interval) FROM pg_catalog.jsonb_array_elements_text("
				 "skillancer.policy_value('releaseReminders')) AS r (period)"
				 " WHERE $1 - r.period::interval > $2",
				 TIMESTAMPTZOID, TIMESTAMPTZOID);
	Datum args[2] = {TimestampTzGetDatum(released_at), TimestampTzGetDatum(skl_now())};
	bool isnull;
	Datum next;

	skl_spi_exec(&stmt, args, NULL);
	next = skl_spi_value(0, 1, &isnull);
	if (!isnull)
		skl_schedule("milestone", &fire->id, "remind", DatumGetTimestampTz(next));
}

/* When the clock of submitted work was started: by the submission, or by the end of a dispute. */
static TimestampTz
clock_start(const SklFire *fire)
{
	bool isnull;
	TimestampTz at = DatumGetTimestampTz(skl_fire_datum(fire, "submitted_at", &isnull));
	Datum anew = skl_fire_datum(fire, "clock_from", &isnull);

	return isnull ? at : Max(at, DatumGetTimestampTz(anew));
}

/* Tells the client that silence will release the money soon. */
static void
effect_remind(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT skillancer.emit('milestone.release_near', 'milestone', m.id::uuid,"
		" pg_catalog.jsonb_build_object('milestoneId', m.id, 'bookingId', m.booking_id, 'clientId',"
		" m.client_id, 'freelancerId', m.freelancer_id, 'state', m.state, 'releaseAt', $2,"
		" 'daysLeft', pg_catalog.ceil(extract(epoch FROM $2 - $3) / 86400)),"
		" ARRAY[m.client_id::uuid, m.freelancer_id::uuid])"
		" FROM skillancer.milestone m WHERE m.id = $1::skillancer.milestone_id",
		UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID);
	TimestampTz at = release_at(fire, clock_start(fire));
	Datum args[3] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(at),
					 TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&stmt, args, NULL);
	schedule_reminder(fire, at);
}

static void
effect_submit(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.milestone SET submitted_at = $2"
								   " WHERE id = $1::skillancer.milestone_id",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&stmt, args, NULL);
	store_note(fire);
	schedule_reminder(fire, release_at(fire, skl_now()));
}

static void
effect_request_changes(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.milestone SET revisions = revisions + 1"
								   " WHERE id = $1::skillancer.milestone_id",
								   UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&fire->id)};

	skl_spi_exec(&stmt, args, NULL);
	store_note(fire);
}

/*
 * The first milestone that is funded takes the booking on. The work of a week is there already: it
 * is handed in by a timer that is due at once.
 */
static void
effect_fund(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.milestone SET funded_at = $2"
								   " WHERE id = $1::skillancer.milestone_id",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};
	pg_uuid_t booking;

	skl_spi_exec(&stmt, args, NULL);
	booking_of(fire, &booking);
	skl_booking_funded(&booking);
	if (skl_week_is(fire))
		skl_schedule("milestone", &fire->id, "submit", skl_now());
}

/* A client who tried to pay has the whole payment term again before the booking expires. */
static void
effect_payment_failed(const SklFire *fire)
{
	bool isnull;
	Jsonb *pinned = DatumGetJsonbP(skl_fire_datum(fire, "policy", &isnull));
	char *term = skl_policy_pinned(pinned, "bookingPaymentTerm");
	pg_uuid_t booking;

	booking_of(fire, &booking);
	if (skl_week_is(fire))
		skl_schedule("milestone", &fire->id, "collect",
					 skl_now_plus(skl_policy_interval("paymentReminder")));
	if (term == NULL || strcmp(skl_booking_lock(&booking), "AWAITING_PAYMENT") != 0)
		return;
	skl_schedule("booking", &booking, "expire", skl_now_plus(skl_policy_parse_interval(term)));
}

/* A milestone that is over may have been the last one of a booking that is ending. */
static void
effect_over(const SklFire *fire)
{
	pg_uuid_t booking;

	booking_of(fire, &booking);
	skl_booking_settle(&booking);
}

/* A dispute stops the clock of submitted work. */
static void
effect_freeze(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("DELETE FROM skillancer.due WHERE id = $1 AND machine = 'milestone'"
				 " AND event IN ('auto_release', 'remind')",
				 UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&fire->id)};

	skl_spi_exec(&stmt, args, NULL);
}

/* After a dispute, or an answer of the client, the clock starts anew, with the whole period. */
static void
effect_unfreeze(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.milestone SET clock_from = $2"
								   " WHERE id = $1::skillancer.milestone_id",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};
	TimestampTz at = release_at(fire, skl_now());

	skl_spi_exec(&stmt, args, NULL);
	if (strcmp(fire->to, "SUBMITTED") != 0)
		return;
	skl_schedule("milestone", &fire->id, "auto_release", at);
	schedule_reminder(fire, at);
}

/* A part that the client releases is an answer: silence begins anew. */
static void
effect_release_part(const SklFire *fire)
{
	bool isnull;

	(void) skl_fire_datum(fire, "frozen", &isnull);
	if (isnull && fire->actor == SKL_ACTOR_CLIENT && strcmp(fire->to, "SUBMITTED") == 0)
		effect_unfreeze(fire);
}

/* What is left of a milestone with a price of its own goes on; hours are paid or disputed. */
static bool
guard_rolls(const SklFire *fire)
{
	bool isnull;

	(void) skl_fire_datum(fire, "released_part", &isnull);
	if (isnull || skl_week_is(fire))
		skl_failf(SKL_ERR_INVALID_STATE,
				  "only the rest of a milestone that was paid in part goes on");
	return guard_undisputed(fire) && guard_takes_money(fire);
}

void
skl_milestone_init(void)
{
	skl_register_guard("milestone_rolls", guard_rolls);
	skl_register_stamp("milestone", "RELEASED", "released_at");
	skl_register_guard("milestone_other_side", guard_other_side);
	skl_register_guard("booking_takes_money", guard_takes_money);
	skl_register_guard("booking_under_way", guard_under_way);
	skl_register_guard("milestone_revisions_left", guard_revisions_left);
	skl_register_guard("milestone_undisputed", guard_undisputed);
	skl_register_effect("milestone", "submit", effect_submit);
	skl_register_effect("milestone", "remind", effect_remind);
	skl_register_effect("milestone", "request_changes", effect_request_changes);
	skl_register_effect("milestone", "fund", effect_fund);
	skl_register_effect("milestone", "take", effect_fund);
	skl_register_effect("milestone", "payment_failed", effect_payment_failed);
	skl_register_effect("milestone", "approve", effect_over);
	skl_register_effect("milestone", "auto_release", effect_over);
	skl_register_effect("milestone", "settle", effect_over);
	skl_register_effect("milestone", "release_part", effect_release_part);
	skl_register_effect("milestone", "roll", effect_over);
	skl_register_effect("milestone", "refund", effect_over);
	skl_register_effect("milestone", "freeze", effect_freeze);
	skl_register_effect("milestone", "unfreeze", effect_unfreeze);
	skl_register_effect("milestone", "settle_release", effect_over);
	skl_register_effect("milestone", "settle_refund", effect_over);
	skl_register_effect("milestone", "hold", effect_freeze);
	skl_register_effect("milestone", "unhold", effect_unfreeze);
	skl_register_effect("milestone", "lose_held", effect_unfreeze);
	skl_register_effect("milestone", "lose_all", effect_over);
	skl_register_effect("milestone", "decline", effect_over);
}
