/*
 * payment/charge.c
 *		Charges: what the provider answers, the postings of a captured one (T1, T1b), and going on
 *		to fund the milestone that the charge was made for.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/policy.h"
#include "core/spi.h"
#include "payment/fees.h"
#include "payment/payment.h"
#include "payment/provider.h"

#include "catalog/pg_type_d.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(skl_fn_charge_run);

/* What the sandbox keeps of a charge: policy sandboxCost {"bps", "fixed" minor units}. */
static int64
sandbox_cost(int64 minor)
{
	Jsonb *policy = skl_policy_value("sandboxCost");
	char *bps = skl_policy_pinned(policy, "bps");
	char *fixed = skl_policy_pinned(policy, "fixed");

	if (bps == NULL || fixed == NULL)
		elog(ERROR, "policy \"sandboxCost\" needs bps and fixed");
	return skl_fee_flat(minor, pg_strtoint32(bps)) + pg_strtoint32(fixed);
}

/* What the provider keeps: as it said, by the sandbox's policy, or 0 as long as nobody knows. */
static int64
provider_cost(const SklFire *fire, int64 minor)
{
	bool isnull;
	Datum said = skl_fire_datum(fire, "provider_cost", &isnull);

	if (!isnull)
		return DatumGetMonetaryP(said)->minor;
	return strcmp(skl_fire_text(fire, "provider"), "sandbox") == 0 ? sandbox_cost(minor) : 0;
}

/* T1b. Said twice, it is posted once. */
void
skl_charge_post_cost(const pg_uuid_t *charge, const char *currency, int64 cost)
{
	SklPosting posting;

	if (cost == 0)
		return;
	skl_posting_start(&posting, currency);
	skl_posting_debit(&posting, "expense_psp", (SklHolder){0}, cost);
	skl_posting_credit(&posting, "psp_clearing", (SklHolder){0}, cost);
	skl_posting_send(&posting, "charge_cost", charge);
}

/* T1: the client's money is with the provider. T1b: what the provider keeps of it. */
static void
post_capture(const SklFire *fire)
{
	const SklMonetary *amount = skl_fire_money(fire, "amount");
	pg_uuid_t user = skl_fire_id(fire, "user_id");
	SklPosting posting;

	skl_posting_start(&posting, amount->currency);
	skl_posting_debit(&posting, "psp_clearing", (SklHolder){0}, amount->minor);
	skl_posting_credit(&posting, "client_wallet", (SklHolder){.owner = &user}, amount->minor);
	skl_posting_send(&posting, "charge", &fire->id);
	skl_charge_post_cost(&fire->id, amount->currency, provider_cost(fire, amount->minor));
}

/*
 * Tells the milestone that waits for this charge. Its lock is taken without waiting: a command
 * holds it already, and a timer that finds it taken is tried again.
 */
static void
tell_milestone(const SklFire *fire, const char *event)
{
	static SklStmt lock = SKL_STMT("SELECT state FROM skillancer.milestone"
								   " WHERE id = $1::skillancer.milestone_id"
								   " FOR NO KEY UPDATE NOWAIT",
								   UUIDOID);
	Jsonb *nothing = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	pg_uuid_t milestone;
	Datum args[1] = {UUIDPGetDatum(&milestone)};

	if (!skl_fire_uuid(fire, "milestone_id", &milestone) || skl_spi_exec(&lock, args, NULL) != 1 ||
		strcmp(skl_spi_text(0, 1), "FUNDING") != 0)
		return;
	(void) skl_fire("milestone", &milestone, event, nothing, true);
}

static bool
wallet_covers_milestone(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT "
		"skillancer.monetary_minor(skillancer.milestone_shortfall($1::skillancer.milestone_id))",
		UUIDOID);
	pg_uuid_t milestone;
	Datum args[1] = {UUIDPGetDatum(&milestone)};
	bool isnull;

	if (!skl_fire_uuid(fire, "milestone_id", &milestone))
		return false;
	skl_spi_exec(&stmt, args, NULL);
	return DatumGetInt64(skl_spi_value(0, 1, &isnull)) == 0;
}

void
skl_charge_promise(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.charge SET wallet_part = $2"
								   " WHERE id = $1::skillancer.charge_id",
								   UUIDOID, INT8OID);
	pg_uuid_t user = skl_fire_id(fire, "user_id");
	pg_uuid_t milestone;
	int64 part;

	if (strcmp(fire->from, "CREATED") != 0 || !skl_fire_uuid(fire, "milestone_id", &milestone))
		return;
	part = skl_wallet_free(&user, skl_fire_money(fire, "amount")->currency, &milestone);
	if (part > 0)
		skl_spi_exec(&stmt, (Datum[]){UUIDPGetDatum(&fire->id), Int64GetDatum(part)}, NULL);
}

/* What a webhook says of a captured charge does not include what the provider keeps of it. */
static void
ask_for_cost(const SklFire *fire)
{
	bool isnull;

	(void) skl_fire_datum(fire, "provider_cost", &isnull);
	if (isnull && skl_provider(skl_fire_text(fire, "provider"))->remote)
		skl_schedule("charge", &fire->id, "ask",
					 skl_now_plus(skl_policy_interval("providerAskDelay")));
}

/* A token of the sandbox may be charged back later. */
static void
plan_dispute(const SklFire *fire)
{
	SklProviderItem item;
	const char *later;

	if (!skl_provider_item(SKL_KIND_CHARGE, &fire->id, &item))
		return;
	later = skl_sandbox_later(&item);
	if (later != NULL)
		skl_schedule("charge", &fire->id, later,
					 skl_now_plus(skl_policy_interval("sandboxChargebackDelay")));
}

/* Money that came too late for its milestone, because the rest was spent, stays in the wallet. */
static void
effect_capture(const SklFire *fire)
{
	post_capture(fire);
	ask_for_cost(fire);
	plan_dispute(fire);
	tell_milestone(fire, wallet_covers_milestone(fire) ? "fund" : "payment_failed");
}

/*
 * Nothing comes of the charge. What it promised of the wallet is free with the event of the
 * milestone, so whoever counts the wallet has to wait.
 */
static void
effect_void(const SklFire *fire)
{
	pg_uuid_t user = skl_fire_id(fire, "user_id");
	pg_uuid_t milestone;

	if (skl_fire_uuid(fire, "milestone_id", &milestone))
		(void) skl_wallet_lock(&user, skl_fire_money(fire, "amount")->currency);
	tell_milestone(fire, "payment_failed");
}

static void
effect_decline(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.charge SET failure_code = $2"
								   " WHERE id = $1::skillancer.charge_id",
								   UUIDOID, TEXTOID);
	char *code = skl_fire_payload(fire, "failureCode");
	Datum args[2] = {UUIDPGetDatum(&fire->id),
					 CStringGetTextDatum(code != NULL ? code : "declined")};

	skl_spi_exec(&stmt, args, NULL);
	effect_void(fire);
}

/* charge_run(charge): asks the provider, at once or through the courier. */
Datum
skl_fn_charge_run(PG_FUNCTION_ARGS)
{
	static SklStmt stmt = SKL_STMT("SELECT state FROM skillancer.charge"
								   " WHERE id = $1::skillancer.charge_id",
								   UUIDOID);
	Datum args[1] = {PG_GETARG_DATUM(0)};
	MemoryContext caller = CurrentMemoryContext;
	SklProviderItem item;
	text *state;

	skl_spi_connect();
	if (!skl_provider_item(SKL_KIND_CHARGE, PG_GETARG_UUID_P(0), &item))
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	skl_provider_first(&item, SKL_OP_CHARGE, "submit");
	skl_spi_exec(&stmt, args, NULL);
	MemoryContextSwitchTo(caller);
	state = cstring_to_text(skl_spi_text(0, 1));
	skl_spi_finish();
	PG_RETURN_TEXT_P(state);
}

void
skl_charge_init(void)
{
	skl_register_effect("charge", "capture", effect_capture);
	skl_register_effect("charge", "decline", effect_decline);
	skl_register_effect("charge", "require_action", skl_charge_promise);
	skl_register_effect("charge", "void", effect_void);
	skl_register_effect("charge", "cancel", effect_void);
}
