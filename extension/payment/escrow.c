/*
 * payment/escrow.c
 *		Money of milestones: funding (T2), release (T3), refund (T8), and of earnings: the hold
 *		(T4). The numbers are those of the table of postings in docs/money.md.
 *
 * Funding moves the price and the client's fee from the wallet to two accounts of the milestone.
 * A release splits the price: the service fee is a step on the pair's lifetime billings, taken
 * under the lock of their row, so that releases at the same time each get their own step. Parts of
 * a milestone are steps too, on its own total for the client's fee.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/policy.h"
#include "core/request.h"
#include "core/spi.h"
#include "payment/payment.h"

#include "catalog/pg_type_d.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(skl_fn_milestone_shortfall);
PG_FUNCTION_INFO_V1(skl_fn_wallet_lacks);

/* Minor units of an amount of the row; 0 when it is NULL. */
static int64
minor_or_zero(const SklFire *fire, const char *column)
{
	bool isnull;
	Datum value = skl_fire_datum(fire, column, &isnull);

	return isnull ? 0 : DatumGetMonetaryP(value)->minor;
}

/* Whose wallet pays and is paid back: the client's, unless somebody of his organisation paid. */
static pg_uuid_t
payer_of(const SklFire *fire)
{
	pg_uuid_t payer;

	return skl_fire_uuid(fire, "payer_id", &payer) ? payer : skl_fire_id(fire, "client_id");
}

SklStep
skl_step_of(const SklFire *fire)
{
	const SklMonetary *amount = skl_fire_money(fire, "amount");
	int64 before = minor_or_zero(fire, "released_part") + minor_or_zero(fire, "refunded_part");
	SklStep step = {
		.milestone = fire->id,
		.booking = skl_fire_id(fire, "booking_id"),
		.client = skl_fire_id(fire, "client_id"),
		.payer = payer_of(fire),
		.freelancer = skl_fire_id(fire, "freelancer_id"),
		.amount = amount->minor - before - minor_or_zero(fire, "frozen"),
		.before = before,
		.base = minor_or_zero(fire, "rolled_after") + minor_or_zero(fire, "held"),
	};

	strlcpy(step.currency, amount->currency, sizeof(step.currency));
	return step;
}

/*
 * A step of the payload's amount, which has to leave something: in escrow, or frozen by a dispute.
 */
static SklStep
part_of(const SklFire *fire)
{
	SklStep step = skl_step_of(fire);
	const SklMonetary *part = skl_monetary_from_text(skl_fire_payload(fire, "amount"));

	if (strcmp(part->currency, step.currency) != 0)
		skl_fail(SKL_ERR_CURRENCY_MISMATCH);
	if (part->minor <= 0 || part->minor > step.amount ||
		(part->minor == step.amount && minor_or_zero(fire, "frozen") == 0))
		skl_failf(SKL_ERR_INVALID_STATE, "a part is less than what is left in escrow");
	step.takes_all =
		part->minor == step.amount && minor_or_zero(fire, "held") == minor_or_zero(fire, "frozen");
	step.amount = part->minor;
	return step;
}

SklHolder
skl_step_holder(const SklStep *step)
{
	return (SklHolder){.ref = &step->milestone, .booking = &step->booking};
}

int64
skl_fee_version(const pg_uuid_t *booking)
{
	static SklStmt stmt = SKL_STMT("SELECT fee_version::bigint FROM skillancer.booking"
								   " WHERE id = $1::skillancer.booking_id",
								   UUIDOID);
	Datum args[1] = {UUIDPGetDatum(booking)};
	bool isnull;

	if (skl_spi_exec(&stmt, args, NULL) != 1)
		elog(ERROR, "a milestone has no booking");
	return DatumGetInt64(skl_spi_value(0, 1, &isnull));
}

int64
skl_step_client_fee(const SklStep *step)
{
	return skl_fee(skl_fee_version(&step->booking), "CLIENT", step->currency,
				   step->base + step->before, step->amount);
}

int64
skl_step_deferred_fee(const SklStep *step)
{
	int64 deferred = skl_ledger_balance("deferred_fee", NULL, &step->milestone, step->currency);

	return step->takes_all ? deferred : Min(skl_step_client_fee(step), deferred);
}

/* T2: the client's money becomes escrow, and his fee is deferred until the release. */
static void
effect_fund(const SklFire *fire)
{
	SklStep step = skl_step_of(fire);
	int64 fee = skl_step_client_fee(&step);
	int64 total;
	SklPosting posting;

	if (__builtin_add_overflow(step.amount, fee, &total))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the price and the fee are out of range")));
	skl_posting_start(&posting, step.currency);
	skl_posting_debit(&posting, "client_wallet", (SklHolder){.owner = &step.payer}, total);
	skl_posting_credit(&posting, "escrow", skl_step_holder(&step), step.amount);
	skl_posting_credit(&posting, "deferred_fee", skl_step_holder(&step), fee);
	skl_posting_send(&posting, "fund", &step.milestone);
}

/*
 * Counts the pair's billings up; returns what they were before, and the booking's version of fees.
 */
static int64
bill_pair(const SklStep *step, int64 *fee_version)
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.pair_billing AS p (client_id, freelancer_id, currency, billed)"
		" VALUES ($1::skillancer.user_id, $2::skillancer.user_id, $3,"
		" skillancer.monetary_of($4, $3))"
		" ON CONFLICT (client_id, freelancer_id, currency)"
		" DO UPDATE SET billed = p.billed OPERATOR(pg_catalog.+) excluded.billed"
		" RETURNING skillancer.monetary_minor(billed) - $4,"
		" (SELECT b.fee_version::bigint FROM skillancer.booking b"
		" WHERE b.id = $5::skillancer.booking_id)",
		UUIDOID, UUIDOID, TEXTOID, INT8OID, UUIDOID);
	Datum args[5] = {UUIDPGetDatum(&step->client), UUIDPGetDatum(&step->freelancer),
					 CStringGetTextDatum(step->currency), Int64GetDatum(step->amount),
					 UUIDPGetDatum(&step->booking)};
	bool isnull;

	skl_spi_exec(&stmt, args, NULL);
	*fee_version = DatumGetInt64(skl_spi_value(0, 2, &isnull));
	if (isnull)
		elog(ERROR, "a milestone has no booking");
	return DatumGetInt64(skl_spi_value(0, 1, &isnull));
}

/* The hold of a freelancer's level, or NULL when the policy has none for it. */
static char *
hold_of_level(const pg_uuid_t *freelancer)
{
	static SklStmt stmt = SKL_STMT("SELECT r.level FROM skillancer.reputation r"
								   " WHERE r.user_id = $1::skillancer.user_id"
								   " AND r.side = 'FREELANCER'",
								   UUIDOID);
	Jsonb *levels = skl_policy_value("earningHoldByLevel");
	Datum args[1] = {UUIDPGetDatum(freelancer)};

	if (JB_ROOT_COUNT(levels) == 0)
		return NULL;
	/* the same as freelancer_level(), which costs five times as much */
	return skl_policy_pinned(levels,
							 skl_spi_exec(&stmt, args, NULL) > 0 ? skl_spi_text(0, 1) : "NEW");
}

/*
 * The time at which an earning made now is off hold: by the level, else as pinned to the booking.
 */
static TimestampTz
hold_ends(const pg_uuid_t *freelancer, Jsonb *pinned)
{
	char *duration = hold_of_level(freelancer);

	if (duration == NULL)
		duration = skl_policy_pinned(pinned, "earningHold");
	return skl_now_plus(duration != NULL ? skl_policy_parse_interval(duration)
										 : skl_policy_interval("earningHold"));
}

/*
 * Writes down what the freelancer earned, and when it comes off hold. Says on the way whether there
 * are taxes anywhere: where there are none, nobody's country is looked up.
 */
static pg_uuid_t
insert_earning(const SklStep *step, const SklRelease *release, Datum policy,
			   TimestampTz available_at, bool *has_taxes)
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.earning (freelancer_id, client_id, booking_id, milestone_id,"
		" gross, fee, net, policy, client_fee, posting, available_at, tip_id)"
		" VALUES ($1::skillancer.user_id, $2::skillancer.user_id,"
		" $3::skillancer.booking_id, $4::skillancer.milestone_id,"
		" skillancer.monetary_of($5, $8), skillancer.monetary_of($6, $8),"
		" skillancer.monetary_of($7, $8), $9, skillancer.monetary_of($10, $8), $11, $12, $13)"
		" RETURNING id, EXISTS (SELECT FROM skillancer.tax_rate)",
		UUIDOID, UUIDOID, UUIDOID, UUIDOID, INT8OID, INT8OID, INT8OID, TEXTOID, JSONBOID, INT8OID,
		INT8OID, TIMESTAMPTZOID, UUIDOID);
	bool isnull;
	const char *nulls = step->tip == NULL ? "            n" : "   n         ";
	Datum args[13] = {UUIDPGetDatum(&step->freelancer),
					  UUIDPGetDatum(&step->client),
					  UUIDPGetDatum(&step->booking),
					  UUIDPGetDatum(&step->milestone),
					  Int64GetDatum(step->amount),
					  Int64GetDatum(release->service_fee),
					  Int64GetDatum(step->amount - release->service_fee),
					  CStringGetTextDatum(step->currency),
					  policy,
					  Int64GetDatum(release->client_fee),
					  Int64GetDatum(release->posting),
					  TimestampTzGetDatum(available_at),
					  UUIDPGetDatum(step->tip)};
	pg_uuid_t earning;

	skl_spi_exec(&stmt, args, nulls);
	memcpy(&earning, DatumGetPointer(skl_spi_value(0, 1, &isnull)), sizeof(earning));
	*has_taxes = DatumGetBool(skl_spi_value(0, 2, &isnull));
	return earning;
}

void
skl_step_earning(const SklFire *fire, const SklStep *step, const SklRelease *release)
{
	bool isnull;
	Datum policy = skl_fire_datum(fire, "policy", &isnull);
	TimestampTz available_at = hold_ends(&step->freelancer, DatumGetJsonbP(policy));
	bool has_taxes;
	pg_uuid_t earning = insert_earning(step, release, policy, available_at, &has_taxes);

	skl_schedule("earning", &earning, "mature", available_at);
	if (!has_taxes)
		return;
	skl_tax_fee(&earning,
				&(SklFeeTaxed){"SERVICE", &step->freelancer, step->currency, release->service_fee});
	skl_tax_fee(&earning,
				&(SklFeeTaxed){"CLIENT", &step->payer, step->currency, release->client_fee});
}

int64
skl_step_service_fee(const SklStep *step)
{
	int64 version;
	int64 before = bill_pair(step, &version);

	return skl_fee(version, "SERVICE", step->currency, before, step->amount);
}

int64
skl_step_service_fee_back(const SklStep *step)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.pair_billing SET billed = billed OPERATOR(pg_catalog.-)"
				 " skillancer.monetary_of($4, $3) WHERE client_id = $1::skillancer.user_id"
				 " AND freelancer_id = $2::skillancer.user_id AND currency = $3"
				 " RETURNING skillancer.monetary_minor(billed)",
				 UUIDOID, UUIDOID, TEXTOID, INT8OID);
	Datum args[4] = {UUIDPGetDatum(&step->client), UUIDPGetDatum(&step->freelancer),
					 CStringGetTextDatum(step->currency), Int64GetDatum(step->amount)};
	bool isnull;

	if (skl_spi_exec(&stmt, args, NULL) != 1)
		elog(ERROR, "the two have billed nothing");
	return skl_fee(skl_fee_version(&step->booking), "SERVICE", step->currency,
				   DatumGetInt64(skl_spi_value(0, 1, &isnull)), step->amount);
}

/*
 * The legs of a release of one step; deferred is the client's fee on it. Returns the service fee.
 */
static int64
build_release(SklPosting *posting, const SklStep *step, int64 deferred)
{
	int64 fee = skl_step_service_fee(step);

	skl_posting_start(posting, step->currency);
	skl_posting_debit(posting, "escrow", skl_step_holder(step), step->amount);
	skl_posting_debit(posting, "deferred_fee", skl_step_holder(step), deferred);
	skl_posting_credit(posting, "freelancer_pending", (SklHolder){.owner = &step->freelancer},
					   step->amount - fee);
	skl_posting_credit(posting, "revenue_service", (SklHolder){0}, fee);
	skl_posting_credit(posting, "revenue_client", (SklHolder){0}, deferred);
	return fee;
}

/* The legs of a refund of one step; deferred is the client's fee on it. */
static void
build_refund(SklPosting *posting, const SklStep *step, int64 deferred)
{
	skl_posting_start(posting, step->currency);
	skl_posting_debit(posting, "escrow", skl_step_holder(step), step->amount);
	skl_posting_debit(posting, "deferred_fee", skl_step_holder(step), deferred);
	skl_posting_credit(posting, "client_wallet", (SklHolder){.owner = &step->payer},
					   step->amount + deferred);
}

/* T3: what is left in escrow becomes the freelancer's earning and the platform's fees. */
static void
effect_release(const SklFire *fire)
{
	SklStep step = skl_step_of(fire);
	int64 deferred = skl_ledger_balance("deferred_fee", NULL, &step.milestone, step.currency);
	SklPosting posting;
	SklRelease release = {build_release(&posting, &step, deferred), deferred, 0};

	release.posting = skl_posting_send(&posting, "release", &step.milestone);
	skl_step_earning(fire, &step, &release);
}

/* T8: what is left of a milestone goes back to the client's wallet, with his fee. */
static void
effect_refund(const SklFire *fire)
{
	SklStep step = skl_step_of(fire);
	SklPosting posting;

	build_refund(&posting, &step,
				 skl_ledger_balance("deferred_fee", NULL, &step.milestone, step.currency));
	skl_posting_send(&posting, "refund", &step.milestone);
}

/* Counts a part up in its column: released_part or refunded_part. */
static void
add_part(SklStmt *stmt, const SklStep *step)
{
	Datum args[3] = {UUIDPGetDatum(&step->milestone), Int64GetDatum(step->amount),
					 CStringGetTextDatum(step->currency)};

	skl_spi_exec(stmt, args, NULL);
}

/* T3 for a part: the rest stays in escrow. */
static void
effect_release_part(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT(
		"UPDATE skillancer.milestone SET released_part = coalesce(released_part"
		" OPERATOR(pg_catalog.+) skillancer.monetary_of($2, $3), skillancer.monetary_of($2, $3))"
		" WHERE id = $1::skillancer.milestone_id",
		UUIDOID, INT8OID, TEXTOID);
	SklStep step = part_of(fire);
	SklPosting posting;
	int64 deferred = skl_step_deferred_fee(&step);
	SklRelease release = {build_release(&posting, &step, deferred), deferred, 0};

	release.posting = skl_posting_send_step(&posting, "release_part", &step.milestone,
											skl_fire_int64(fire, "version"));
	skl_step_earning(fire, &step, &release);
	add_part(&stmt, &step);
}

/* The milestone that the payload names as the next one. */
static pg_uuid_t
next_of(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("SELECT $1::skillancer.milestone_id::uuid", TEXTOID);
	char *next = skl_fire_payload(fire, "nextMilestoneId");
	Datum args[1];
	pg_uuid_t id;
	bool isnull;

	if (next == NULL)
		elog(ERROR, "nothing says which milestone takes the rest");
	args[0] = CStringGetTextDatum(next);
	skl_spi_exec(&stmt, args, NULL);
	memcpy(&id, DatumGetPointer(skl_spi_value(0, 1, &isnull)), UUID_LEN);
	return id;
}

/*
 * What a milestone that was paid in part still holds becomes the escrow of another one, with the
 * client's fee; the payload says which. The amount of the first is what it paid, and the fee of the
 * second goes on where it stood.
 */
static void
effect_roll(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT(
		"UPDATE skillancer.milestone SET"
		" amount = CASE WHEN id = $1::skillancer.milestone_id THEN skillancer.monetary_of($3, $5)"
		" ELSE amount END,"
		" rolled_after = CASE WHEN id = $1::skillancer.milestone_id THEN rolled_after"
		" ELSE skillancer.monetary_of($4, $5) END"
		" WHERE id IN ($1::skillancer.milestone_id, $2::skillancer.milestone_id)",
		UUIDOID, UUIDOID, INT8OID, INT8OID, TEXTOID);
	SklStep rest = skl_step_of(fire);
	SklStep next = rest;
	int64 deferred = skl_ledger_balance("deferred_fee", NULL, &rest.milestone, rest.currency);
	Datum args[5] = {UUIDPGetDatum(&rest.milestone), UUIDPGetDatum(&next.milestone),
					 Int64GetDatum(rest.before), Int64GetDatum(rest.base + rest.before),
					 CStringGetTextDatum(rest.currency)};
	SklPosting posting;

	next.milestone = next_of(fire);
	skl_posting_start(&posting, rest.currency);
	skl_posting_debit(&posting, "escrow", skl_step_holder(&rest), rest.amount);
	skl_posting_debit(&posting, "deferred_fee", skl_step_holder(&rest), deferred);
	skl_posting_credit(&posting, "escrow", skl_step_holder(&next), rest.amount);
	skl_posting_credit(&posting, "deferred_fee", skl_step_holder(&next), deferred);
	skl_posting_send(&posting, "roll", &next.milestone);
	skl_spi_exec(&stmt, args, NULL);
	(void) skl_fire("milestone", &next.milestone, "take",
					DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"))), true);
}

/* T8 for a part: the rest stays in escrow. */
static void
effect_refund_part(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT(
		"UPDATE skillancer.milestone SET refunded_part = coalesce(refunded_part"
		" OPERATOR(pg_catalog.+) skillancer.monetary_of($2, $3), skillancer.monetary_of($2, $3))"
		" WHERE id = $1::skillancer.milestone_id",
		UUIDOID, INT8OID, TEXTOID);
	SklStep step = part_of(fire);
	SklPosting posting;

	build_refund(&posting, &step, skl_step_deferred_fee(&step));
	skl_posting_send_step(&posting, "refund_part", &step.milestone,
						  skl_fire_int64(fire, "version"));
	add_part(&stmt, &step);
}

/* T4: an earning comes off hold. */
static void
effect_mature(const SklFire *fire)
{
	const SklMonetary *net = skl_fire_money(fire, "net");
	pg_uuid_t freelancer = skl_fire_id(fire, "freelancer_id");
	SklPosting posting;

	if (net->minor == 0)
		return;
	skl_posting_start(&posting, net->currency);
	skl_posting_debit(&posting, "freelancer_pending", (SklHolder){.owner = &freelancer},
					  net->minor);
	skl_posting_credit(&posting, "freelancer_available", (SklHolder){.owner = &freelancer},
					   net->minor);
	skl_posting_send(&posting, "mature", &fire->id);
}

int64
skl_wallet_lock(const pg_uuid_t *user, const char *currency)
{
	return skl_ledger_lock("client_wallet", user, currency);
}

/* What other milestones count on, whose charges the provider has not decided yet. */
static int64
wallet_promised(const pg_uuid_t *user, const char *currency, const pg_uuid_t *but)
{
	static SklStmt stmt =
		SKL_STMT("SELECT coalesce(sum(c.wallet_part), 0)::bigint FROM skillancer.charge c"
				 " JOIN skillancer.milestone m ON m.id = c.milestone_id AND m.state = 'FUNDING'"
				 " WHERE c.user_id = $1::skillancer.user_id"
				 " AND c.state IN ('CREATED', 'REQUIRES_ACTION', 'PROCESSING', 'ERRORED')"
				 " AND skillancer.monetary_currency(c.amount) = $2"
				 " AND m.id <> $3::skillancer.milestone_id",
				 UUIDOID, TEXTOID, UUIDOID);
	Datum args[3] = {UUIDPGetDatum(user), CStringGetTextDatum(currency), UUIDPGetDatum(but)};
	bool isnull;

	skl_spi_exec(&stmt, args, NULL);
	return DatumGetInt64(skl_spi_value(0, 1, &isnull));
}

int64
skl_wallet_free(const pg_uuid_t *user, const char *currency, const pg_uuid_t *milestone)
{
	int64 balance = skl_wallet_lock(user, currency);

	return balance == 0 ? 0 : Max(0, balance - wallet_promised(user, currency, milestone));
}

/*
 * milestone_shortfall(milestone) returns monetary: 0 when the client's wallet, which stays locked,
 * covers price and client fee; else what has to be charged, so that it is enough whatever comes of
 * charges for other milestones: what these count on is not counted again.
 */
Datum
skl_fn_milestone_shortfall(PG_FUNCTION_ARGS)
{
	static SklStmt stmt =
		SKL_STMT("SELECT m.booking_id, coalesce(m.payer_id, m.client_id), "
				 "skillancer.monetary_minor(m.amount),"
				 " skillancer.monetary_currency(m.amount) FROM skillancer.milestone m"
				 " WHERE m.id = $1::skillancer.milestone_id",
				 UUIDOID);
	MemoryContext caller = CurrentMemoryContext;
	Datum args[1] = {PG_GETARG_DATUM(0)};
	SklStep step = {0};
	int64 due;
	bool isnull;

	skl_spi_connect();
	if (skl_spi_exec(&stmt, args, NULL) != 1)
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	memcpy(&step.booking, DatumGetPointer(skl_spi_value(0, 1, &isnull)), UUID_LEN);
	memcpy(&step.payer, DatumGetPointer(skl_spi_value(0, 2, &isnull)), UUID_LEN);
	step.amount = DatumGetInt64(skl_spi_value(0, 3, &isnull));
	strlcpy(step.currency, skl_spi_text(0, 4), sizeof(step.currency));
	if (__builtin_add_overflow(step.amount, skl_step_client_fee(&step), &due))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the price and the fee are out of range")));
	if (skl_wallet_lock(&step.payer, step.currency) >= due)
		due = 0;
	else
		due -= skl_wallet_free(&step.payer, step.currency, PG_GETARG_UUID_P(0));
	skl_spi_finish();
	MemoryContextSwitchTo(caller);
	PG_RETURN_MONETARY_P(skl_monetary_make(due, step.currency));
}

/*
 * wallet_lacks(amount monetary) returns monetary: the amount less what is in the wallet of the
 * caller, which stays locked; 0 when the wallet covers it.
 */
Datum
skl_fn_wallet_lacks(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	SklMonetary *amount = PG_GETARG_MONETARY_P(0);
	const SklRequest *request = skl_request();
	int64 lacks = amount->minor;

	skl_spi_connect();
	if (request != NULL && request->has_user)
		lacks = Max(0, lacks - skl_wallet_lock(&request->user_id, amount->currency));
	skl_spi_finish();
	MemoryContextSwitchTo(caller);
	PG_RETURN_MONETARY_P(skl_monetary_make(lacks, amount->currency));
}

void
skl_escrow_init(void)
{
	skl_register_effect("milestone", "fund", effect_fund);
	skl_register_effect("milestone", "approve", effect_release);
	skl_register_effect("milestone", "auto_release", effect_release);
	skl_register_effect("milestone", "settle", effect_release);
	skl_register_effect("milestone", "roll", effect_roll);
	skl_register_effect("milestone", "refund", effect_refund);
	skl_register_effect("milestone", "release_part", effect_release_part);
	skl_register_effect("milestone", "refund_part", effect_refund_part);
	skl_register_effect("earning", "mature", effect_mature);
}
