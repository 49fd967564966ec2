/*
 * booking/booking.c
 *		Guards and effects of the machine "booking", and the hash of its terms.
 *
 * A booking follows its milestones: the first one that is funded activates it (milestone.c), and
 * one that is ending comes to its end with the last one that holds money. The deferred foreign key
 * of ledger_account proves at commit that nothing was left behind.
 */
#include "skl.h"

#include "booking/booking.h"
#include "core/clock.h"
#include "core/errors.h"
#include "core/fire.h"
#include "core/spi.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(skl_terms_hash);
PG_FUNCTION_INFO_V1(skl_fn_booking_settle);

/* How many milestones of a booking are under way, and how many were released. */
typedef struct Progress
{
	int64 open;
	int64 funding;
	int64 released;
} Progress;

static Progress
progress_of(const pg_uuid_t *booking)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT count(*) FILTER (WHERE state NOT IN ('RELEASED', 'REFUNDED', 'CANCELLED')),"
		" count(*) FILTER (WHERE state = 'FUNDING'), count(*) FILTER (WHERE state = 'RELEASED'"
		" OR released_part IS NOT NULL)"
		" FROM skillancer.milestone WHERE booking_id = $1::skillancer.booking_id",
		UUIDOID);
	Datum args[1] = {UUIDPGetDatum(booking)};
	Progress progress;
	bool isnull;

	skl_spi_exec(&stmt, args, NULL);
	progress.open = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	progress.funding = DatumGetInt64(skl_spi_value(0, 2, &isnull));
	progress.released = DatumGetInt64(skl_spi_value(0, 3, &isnull));
	return progress;
}

void
skl_booking_cascade(const char *machine, const pg_uuid_t *id, const char *event)
{
	Jsonb *nothing = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));

	(void) skl_fire(machine, id, event, nothing, true);
}

char *
skl_booking_lock(const pg_uuid_t *booking)
{
	static SklStmt stmt = SKL_STMT("SELECT state FROM skillancer.booking"
								   " WHERE id = $1::skillancer.booking_id"
								   " FOR NO KEY UPDATE NOWAIT",
								   UUIDOID);
	Datum args[1] = {UUIDPGetDatum(booking)};

	if (skl_spi_exec(&stmt, args, NULL) != 1)
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	return skl_spi_text(0, 1);
}

/* The terms have questions, which the client has not answered. */
static bool
awaits_answers(const pg_uuid_t *booking)
{
	static SklStmt stmt =
		SKL_STMT("SELECT FROM skillancer.booking"
				 " WHERE id = $1::skillancer.booking_id AND requirements IS NULL"
				 " AND pg_catalog.jsonb_array_length(terms -> 'requirements') > 0",
				 UUIDOID);
	Datum args[1] = {UUIDPGetDatum(booking)};

	return skl_spi_exec(&stmt, args, NULL) == 1;
}

void
skl_booking_funded(const pg_uuid_t *booking)
{
	if (strcmp(skl_booking_lock(booking), "AWAITING_PAYMENT") != 0)
		return;
	skl_booking_cascade("booking", booking,
						awaits_answers(booking) ? "await_requirements" : "activate");
}

void
skl_booking_settle(const pg_uuid_t *booking)
{
	Progress progress;

	if (strcmp(skl_booking_lock(booking), "ENDING") != 0)
		return;
	progress = progress_of(booking);
	if (progress.open == 0)
		skl_booking_cascade("booking", booking, progress.released > 0 ? "complete" : "close");
}

/* booking_settle(booking): as skl_booking_settle(), for the command that ends a booking. */
Datum
skl_fn_booking_settle(PG_FUNCTION_ARGS)
{
	skl_spi_connect();
	skl_booking_settle(PG_GETARG_UUID_P(0));
	skl_spi_finish();
	PG_RETURN_VOID();
}

/* Nobody is paying for it at this moment. */
static bool
guard_unfunded(const SklFire *fire)
{
	return progress_of(&fire->id).funding == 0;
}

/* Nothing is under way, and something was released. */
static bool
guard_paid(const SklFire *fire)
{
	Progress progress = progress_of(&fire->id);

	return progress.open == 0 && progress.released > 0;
}

/* Nothing is under way, and nothing was released. */
static bool
guard_unpaid(const SklFire *fire)
{
	Progress progress = progress_of(&fire->id);

	return progress.open == 0 && progress.released == 0;
}

void
skl_booking_cascade_all(SklStmt *stmt, const pg_uuid_t *booking, const char *machine,
						const char *event)
{
	Datum args[1] = {UUIDPGetDatum(booking)};
	uint64 n = skl_spi_exec(stmt, args, NULL);
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * (size_t) Max(n, 1));
	bool isnull;

	for (uint64 i = 0; i < n; i++)
		memcpy(&ids[i], DatumGetPointer(skl_spi_value(i, 1, &isnull)), UUID_LEN);
	for (uint64 i = 0; i < n; i++)
		skl_booking_cascade(machine, &ids[i], event);
}

/* Cancels the milestones that hold no money. */
static void
cancel_unfunded(const pg_uuid_t *booking)
{
	static SklStmt stmt = SKL_STMT("SELECT id FROM skillancer.milestone"
								   " WHERE booking_id = $1::skillancer.booking_id"
								   " AND state IN ('PROPOSED', 'AGREED') AND week IS NULL"
								   " ORDER BY id",
								   UUIDOID);

	skl_booking_cascade_all(&stmt, booking, "milestone", "cancel");
}

/* Drops what is still asked for: the booking is not changed any more. */
static void
drop_changes(const pg_uuid_t *booking)
{
	static SklStmt stmt = SKL_STMT("SELECT id FROM skillancer.change_request"
								   " WHERE booking_id = $1::skillancer.booking_id"
								   " AND state = 'PENDING' ORDER BY id",
								   UUIDOID);

	skl_booking_cascade_all(&stmt, booking, "change_request", "drop");
}

static void
effect_activate(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.booking SET activated_at = $2"
								   " WHERE id = $1::skillancer.booking_id",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&stmt, args, NULL);
}

/* Nobody accepts terms of his own. */
static bool
guard_other_side(const SklFire *fire)
{
	if (skl_booking_caller_is(fire, "terms_by"))
		skl_failf(SKL_ERR_PERMISSION_DENIED, "the other side has to accept these terms");
	return true;
}

/* The side that did not propose the terms of an offer accepts them; the other one has already. */
static void
effect_accept(const SklFire *fire)
{
	static SklStmt booking =
		SKL_STMT("UPDATE skillancer.booking SET"
				 " client_accepted_at = coalesce(client_accepted_at, $2),"
				 " freelancer_accepted_at = coalesce(freelancer_accepted_at, $2)"
				 " WHERE id = $1::skillancer.booking_id",
				 UUIDOID, TIMESTAMPTZOID);
	static SklStmt terms =
		SKL_STMT("UPDATE skillancer.booking_terms t SET client_accepted_at = b.client_accepted_at,"
				 " freelancer_accepted_at = b.freelancer_accepted_at FROM skillancer.booking b"
				 " WHERE b.id = $1::skillancer.booking_id AND t.booking_id = b.id"
				 " AND t.version = b.terms_version",
				 UUIDOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&booking, args, NULL);
	skl_spi_exec(&terms, args, NULL);
}

/* The client has answered the form of a gig. */
static void
effect_answer(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.booking SET requirements = $2 -> 'requirements'"
				 " WHERE id = $1::skillancer.booking_id",
				 UUIDOID, JSONBOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), JsonbPGetDatum(fire->payload)};

	skl_spi_exec(&stmt, args, NULL);
	effect_activate(fire);
}

/* The booking has come to an end, however. */
static void
effect_ended(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.booking SET ended_at = $2"
								   " WHERE id = $1::skillancer.booking_id",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&stmt, args, NULL);
}

static void
effect_end(const SklFire *fire)
{
	cancel_unfunded(&fire->id);
	drop_changes(&fire->id);
	skl_week_bill_open(&fire->id);
}

static void
effect_void(const SklFire *fire)
{
	cancel_unfunded(&fire->id);
	effect_ended(fire);
}

/* terms_hash(jsonb) returns bytea: SHA-256 of the canonical text. */
Datum
skl_terms_hash(PG_FUNCTION_ARGS)
{
	Jsonb *terms = PG_GETARG_JSONB_P(0);
	char *canonical = JsonbToCString(NULL, &terms->root, VARSIZE(terms));
	bytea *hash = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);

	if (ctx == NULL || pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, (const uint8 *) canonical, strlen(canonical)) < 0 ||
		pg_cryptohash_final(ctx, (uint8 *) VARDATA(hash), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "SHA-256 failed");
	pg_cryptohash_free(ctx);
	SET_VARSIZE(hash, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	PG_RETURN_BYTEA_P(hash);
}

void
skl_booking_init(void)
{
	skl_register_guard("offer_other_side", guard_other_side);
	skl_register_guard("booking_unfunded", guard_unfunded);
	skl_register_guard("booking_paid", guard_paid);
	skl_register_guard("booking_unpaid", guard_unpaid);
	skl_register_effect("booking", "activate", effect_activate);
	skl_register_effect("booking", "accept", effect_accept);
	skl_register_effect("booking", "answer", effect_answer);
	skl_register_effect("booking", "decline", effect_void);
	skl_register_effect("booking", "withdraw", effect_void);
	skl_register_effect("booking", "end", effect_end);
	skl_register_effect("booking", "cancel", effect_void);
	skl_register_effect("booking", "expire", effect_void);
	skl_register_effect("booking", "complete", effect_ended);
	skl_register_effect("booking", "close", effect_ended);
	skl_change_init();
	skl_dispute_init();
	skl_milestone_init();
	skl_organisation_init();
	skl_review_init();
	skl_week_init();
	skl_reputation_init();
}
