/*
 * payment/hold.c
 *		Money of disputes: frozen (T10), then divided (T11) or back in escrow. What a charge-back
 *		holds of a milestone is kept in the same column; payment/chargeback.c posts it.
 *
 * The machine "milestone" is told what to freeze and how to divide it by extension/booking. What is
 * divided are two more steps of the milestone, the client's part first: fees on both sides are
 * those of steps, so that any division of any part costs what the whole costs, to the last unit.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/spi.h"
#include "payment/payment.h"

#include "catalog/pg_type_d.h"

/* The dispute that the payload names. */
static pg_uuid_t
dispute_of(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("SELECT $1::skillancer.dispute_id::uuid", TEXTOID);
	Datum args[1] = {CStringGetTextDatum(skl_fire_payload(fire, "disputeId"))};
	pg_uuid_t dispute;
	bool isnull;

	skl_spi_exec(&stmt, args, NULL);
	memcpy(&dispute, DatumGetPointer(skl_spi_value(0, 1, &isnull)), UUID_LEN);
	return dispute;
}

/* Minor units of an amount of the payload. */
static int64
payload_minor(const SklFire *fire, const char *key, const char *currency)
{
	const SklMonetary *money = skl_monetary_from_text(skl_fire_payload(fire, key));

	if (strcmp(money->currency, currency) != 0)
		skl_fail(SKL_ERR_CURRENCY_MISMATCH);
	return money->minor;
}

/* Keeps what is out of reach in the row. */
static void
keep_frozen(const SklStep *step, int64 minor)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.milestone SET frozen = skillancer.monetary_of($2, $3)"
				 " WHERE id = $1::skillancer.milestone_id",
				 UUIDOID, INT8OID, TEXTOID);
	Datum args[3] = {UUIDPGetDatum(&step->milestone), Int64GetDatum(minor),
					 CStringGetTextDatum(step->currency)};

	skl_spi_exec(&stmt, args, NULL);
}

/* T10: the claim leaves escrow; nobody gets at it while the dispute is open. */
static void
effect_freeze(const SklFire *fire)
{
	SklStep step = skl_step_of(fire);
	pg_uuid_t dispute = dispute_of(fire);
	int64 claim = payload_minor(fire, "amount", step.currency);
	SklPosting posting;

	if (claim < 0 || claim > step.amount)
		skl_failf(SKL_ERR_INSUFFICIENT_FUNDS, "the claim is more than what is in escrow");
	keep_frozen(&step, claim);
	if (claim == 0)
		return;
	skl_posting_start(&posting, step.currency);
	skl_posting_debit(&posting, "escrow", skl_step_holder(&step), claim);
	skl_posting_credit(&posting, "escrow_hold",
					   (SklHolder){.ref = &dispute, .booking = &step.booking}, claim);
	skl_posting_send(&posting, "dispute_freeze", &dispute);
}

/* Nothing is frozen any more; the parts that went to either side count up. */
static void
thaw(const SklStep *step, int64 to_client, int64 to_freelancer)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.milestone SET frozen = NULL,"
				 " refunded_part = CASE WHEN $2 = 0 THEN refunded_part ELSE skillancer.monetary_of("
				 "coalesce(skillancer.monetary_minor(refunded_part), 0) + $2, $4) END,"
				 " released_part = CASE WHEN $3 = 0 THEN released_part ELSE skillancer.monetary_of("
				 "coalesce(skillancer.monetary_minor(released_part), 0) + $3, $4) END"
				 " WHERE id = $1::skillancer.milestone_id",
				 UUIDOID, INT8OID, INT8OID, TEXTOID);
	Datum args[4] = {UUIDPGetDatum(&step->milestone), Int64GetDatum(to_client),
					 Int64GetDatum(to_freelancer), CStringGetTextDatum(step->currency)};

	skl_spi_exec(&stmt, args, NULL);
}

/* The claim goes back into escrow. */
static void
post_return(const SklStep *step, const pg_uuid_t *dispute, int64 claim)
{
	SklPosting posting;

	skl_posting_start(&posting, step->currency);
	skl_posting_debit(&posting, "escrow_hold",
					  (SklHolder){.ref = dispute, .booking = &step->booking}, claim);
	skl_posting_credit(&posting, "escrow", skl_step_holder(step), claim);
	skl_posting_send(&posting, "dispute_return", dispute);
}

/* T11: the client's part with his fee on it, the freelancer's less the service fee. */
static void
post_split(const SklFire *fire, SklStep *step, const pg_uuid_t *dispute, int64 to_client,
		   int64 to_freelancer)
{
	SklRelease release = {0};
	int64 deferred = skl_ledger_balance("deferred_fee", NULL, &step->milestone, step->currency);
	bool last = strcmp(fire->event, "unfreeze") != 0; /* it takes all that is deferred */
	int64 client_back;
	SklPosting posting;

	step->amount = to_client;
	client_back = last && to_freelancer == 0 ? deferred : Min(skl_step_client_fee(step), deferred);
	deferred -= client_back;
	step->before += to_client;
	step->amount = to_freelancer;
	release.client_fee = last ? deferred : Min(skl_step_client_fee(step), deferred);
	if (to_freelancer > 0)
		release.service_fee = skl_step_service_fee(step);
	skl_posting_start(&posting, step->currency);
	skl_posting_debit(&posting, "escrow_hold",
					  (SklHolder){.ref = dispute, .booking = &step->booking},
					  to_client + to_freelancer);
	skl_posting_debit(&posting, "deferred_fee", skl_step_holder(step),
					  client_back + release.client_fee);
	skl_posting_credit(&posting, "client_wallet", (SklHolder){.owner = &step->payer},
					   to_client + client_back);
	skl_posting_credit(&posting, "freelancer_pending", (SklHolder){.owner = &step->freelancer},
					   to_freelancer - release.service_fee);
	skl_posting_credit(&posting, "revenue_service", (SklHolder){0}, release.service_fee);
	skl_posting_credit(&posting, "revenue_client", (SklHolder){0}, release.client_fee);
	release.posting = skl_posting_send(&posting, "dispute_split", dispute);
	if (to_freelancer > 0)
		skl_step_earning(fire, step, &release);
}

static void
effect_unfreeze(const SklFire *fire)
{
	SklStep step = skl_step_of(fire);
	pg_uuid_t dispute = dispute_of(fire);
	int64 claim = skl_fire_money(fire, "frozen")->minor;
	int64 to_client = payload_minor(fire, "toClient", step.currency);
	int64 to_freelancer = payload_minor(fire, "toFreelancer", step.currency);

	if (to_client + to_freelancer == claim && claim > 0)
		post_split(fire, &step, &dispute, to_client, to_freelancer);
	else if (to_client == 0 && to_freelancer == 0 && claim > 0)
		post_return(&step, &dispute, claim);
	else if (claim > 0)
		elog(ERROR, "what was frozen is not divided exactly");
	thaw(&step, to_client, to_freelancer);
}

/*
 * What charge-backs hold gets more or less, and what was lost of it counts as given back. Nothing
 * else is frozen meanwhile: a charge-back ends the dispute.
 */
static void
change_hold(const SklFire *fire, int sign, bool lost)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.milestone SET frozen = f.held, held = f.held,"
				 " refunded_part = CASE WHEN $3 = 0 THEN refunded_part ELSE skillancer.monetary_of("
				 "coalesce(skillancer.monetary_minor(refunded_part), 0) + $3, $4) END"
				 " FROM (SELECT skillancer.monetary_of(nullif("
				 "coalesce(skillancer.monetary_minor(m.held), 0) + $2, 0), $4) AS held"
				 " FROM skillancer.milestone m WHERE m.id = $1::skillancer.milestone_id) f"
				 " WHERE id = $1::skillancer.milestone_id",
				 UUIDOID, INT8OID, INT8OID, TEXTOID);
	const char *currency = skl_fire_money(fire, "amount")->currency;
	int64 amount = payload_minor(fire, "amount", currency);
	Datum args[4] = {UUIDPGetDatum(&fire->id), Int64GetDatum(sign * amount),
					 Int64GetDatum(lost ? amount : 0), CStringGetTextDatum(currency)};

	skl_spi_exec(&stmt, args, NULL);
}

/* A charge-back holds a part of the escrow. */
static void
effect_hold(const SklFire *fire)
{
	change_hold(fire, 1, false);
}

/* It was decided for us: as before. */
static void
effect_unhold(const SklFire *fire)
{
	change_hold(fire, -1, false);
}

/* It was decided against us: what was held has gone back to the client's card. */
static void
effect_lose_held(const SklFire *fire)
{
	change_hold(fire, -1, true);
}

void
skl_hold_init(void)
{
	skl_register_effect("milestone", "hold", effect_hold);
	skl_register_effect("milestone", "unhold", effect_unhold);
	skl_register_effect("milestone", "lose_held", effect_lose_held);
	skl_register_effect("milestone", "lose_all", effect_lose_held);
	skl_register_effect("milestone", "freeze", effect_freeze);
	skl_register_effect("milestone", "unfreeze", effect_unfreeze);
	skl_register_effect("milestone", "settle_release", effect_unfreeze);
	skl_register_effect("milestone", "settle_refund", effect_unfreeze);
}
