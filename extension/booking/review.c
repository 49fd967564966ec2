/*
 * booking/review.c
 *		Reviews and reports of reviews. A review counts from its publication, until moderators
 *		uphold a report and so remove it.
 *
 * A moderator who is a party to the booking, or who reported the review, does not decide. The
 * decision on one report ends all other open reports of the review.
 */
#include "skl.h"

#include "booking/booking.h"
#include "core/clock.h"
#include "core/errors.h"
#include "core/fire.h"
#include "core/request.h"
#include "core/spi.h"

static void
effect_publish(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.review SET published_at = $2"
								   " WHERE id = $1::skillancer.review_id",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&stmt, args, NULL);
	skl_reputation_review_changed(&fire->id);
}

static void
effect_remove(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.review SET removed_at = $2"
								   " WHERE id = $1::skillancer.review_id",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&stmt, args, NULL);
	skl_reputation_review_changed(&fire->id);
}

/* The caller may decide, and has no part in it. */
static bool
guard_decider(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("SELECT FROM skillancer.review WHERE id = $1::skillancer.review_id"
				 " AND $2::skillancer.user_id IN (author_id, subject_id)",
				 UUIDOID, UUIDOID);
	const SklRequest *request = skl_request();
	pg_uuid_t review;
	pg_uuid_t reporter;
	Datum args[2] = {UUIDPGetDatum(&review)};

	if (request == NULL || !skl_request_has_permission("moderation:decide"))
		skl_fail(SKL_ERR_PERMISSION_DENIED);
	if (!skl_fire_uuid(fire, "review_id", &review) || !skl_fire_uuid(fire, "user_id", &reporter))
		elog(ERROR, "a report has no review");
	args[1] = UUIDPGetDatum(&request->user_id);
	if (memcmp(&reporter, &request->user_id, UUID_LEN) == 0 || skl_spi_exec(&stmt, args, NULL) > 0)
		skl_failf(SKL_ERR_PERMISSION_DENIED, "somebody else has to decide on this report");
	return true;
}

/* Keeps who decided, when and why. */
static void
store_decision(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.review_report SET decided_at = $2,"
								   " decided_by = $3::skillancer.user_id, note = $4 WHERE id = $1",
								   UUIDOID, TIMESTAMPTZOID, UUIDOID, TEXTOID);
	const SklRequest *request = skl_request();
	char *note = skl_fire_payload(fire, "note");
	bool has_user = request != NULL && request->has_user;
	char nulls[4] = {' ', ' ', has_user ? ' ' : 'n', note != NULL ? ' ' : 'n'};
	Datum args[4] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	if (has_user)
		args[2] = UUIDPGetDatum(&request->user_id);
	if (note != NULL)
		args[3] = CStringGetTextDatum(note);
	skl_spi_exec(&stmt, args, nulls);
}

/* The review goes, and with it what else was reported about it. */
static void
effect_uphold(const SklFire *fire)
{
	static SklStmt published =
		SKL_STMT("SELECT id FROM skillancer.review WHERE id = $1::skillancer.review_id"
				 " AND state = 'PUBLISHED'",
				 UUIDOID);
	static SklStmt others = SKL_STMT(
		"SELECT id FROM skillancer.review_report WHERE review_id = $1::skillancer.review_id"
		" AND state = 'OPEN' ORDER BY id",
		UUIDOID);
	pg_uuid_t review;

	store_decision(fire);
	if (!skl_fire_uuid(fire, "review_id", &review))
		elog(ERROR, "a report has no review");
	skl_booking_cascade_all(&published, &review, "review", "remove");
	skl_booking_cascade_all(&others, &review, "review_report", "uphold_too");
}

void
skl_review_init(void)
{
	skl_register_guard("report_decider", guard_decider);
	skl_register_effect("review", "publish", effect_publish);
	skl_register_effect("review", "remove", effect_remove);
	skl_register_effect("review_report", "uphold", effect_uphold);
	skl_register_effect("review_report", "uphold_too", store_decision);
	skl_register_effect("review_report", "dismiss", store_decision);
}
