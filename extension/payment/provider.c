/*
 * payment/provider.c
 *		The port to payment providers: adapters, items, and beginning an operation.
 *
 * Effects of the machines charge, refund and payout come here when something has to be asked of a
 * provider. What it answers is applied in provider_apply.c.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/fire.h"
#include "core/policy.h"
#include "core/spi.h"
#include "core/wake.h"
#include "payment/payment.h"
#include "payment/provider.h"

#include "catalog/pg_type_d.h"

PG_FUNCTION_INFO_V1(skl_fn_provider_label);
PG_FUNCTION_INFO_V1(skl_fn_provider_begin_charge);
PG_FUNCTION_INFO_V1(skl_fn_provider_ask_customer);
PG_FUNCTION_INFO_V1(skl_fn_provider_read_customer);

const char *const skl_kind_names[SKL_KIND_COUNT] = {
	[SKL_KIND_CHARGE] = "charge",
	[SKL_KIND_REFUND] = "refund",
	[SKL_KIND_PAYOUT] = "payout",
};

const char *const skl_op_names[SKL_OP_COUNT] = {
	[SKL_OP_CHARGE] = "CHARGE", [SKL_OP_CONFIRM] = "CONFIRM", [SKL_OP_CANCEL] = "CANCEL",
	[SKL_OP_REFUND] = "REFUND", [SKL_OP_PAYOUT] = "PAYOUT",	  [SKL_OP_ASK] = "ASK",
};

static const SklProvider *const providers[] = {&skl_sandbox_provider, &skl_stripe_provider};

const SklProvider *
skl_provider(const char *name)
{
	for (size_t i = 0; i < lengthof(providers); i++)
	{
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("there is no payment provider \"%s\"", name)));
	pg_unreachable();
}

#define ITEM                                                                        \
	"SELECT i.name, i.state, i.provider, i.amount, i.token, i.external_id,"         \
	" i.charge_external_id, i.customer, i.awaits_customer, i.user_id, i.created_at" \
	" FROM skillancer.provider_item i WHERE "

bool
skl_provider_item(SklProviderKind kind, const pg_uuid_t *id, SklProviderItem *item)
{
	static SklStmt stmts[SKL_KIND_COUNT] = {
		[SKL_KIND_CHARGE] = SKL_STMT(ITEM "i.charge_id = $1::skillancer.charge_id", UUIDOID),
		[SKL_KIND_REFUND] = SKL_STMT(ITEM "i.refund_id = $1::skillancer.refund_id", UUIDOID),
		[SKL_KIND_PAYOUT] = SKL_STMT(ITEM "i.payout_id = $1::skillancer.payout_id", UUIDOID),
	};
	Datum args[1] = {UUIDPGetDatum(id)};
	bool isnull;

	if (skl_spi_exec(&stmts[kind], args, NULL) != 1)
		return false;
	memset(item, 0, sizeof(*item));
	item->kind = kind;
	item->id = *id;
	item->name = skl_spi_text(0, 1);
	item->state = skl_spi_text(0, 2);
	item->provider = skl_spi_text(0, 3);
	item->amount = *DatumGetMonetaryP(skl_spi_value(0, 4, &isnull));
	item->token = skl_spi_text(0, 5);
	item->external_id = skl_spi_text(0, 6);
	item->charge_id = skl_spi_text(0, 7);
	item->customer = skl_spi_text(0, 8);
	item->awaits_customer = DatumGetBool(skl_spi_value(0, 9, &isnull));
	memcpy(&item->user, DatumGetPointer(skl_spi_value(0, 10, &isnull)), UUID_LEN);
	item->created_at = DatumGetTimestampTz(skl_spi_value(0, 11, &isnull));
	return true;
}

/*
 * Queues a request. What must never happen twice (CHARGE, REFUND, PAYOUT) has one key for ever, and
 * a second row of it is an error; the other operations count theirs.
 */
static void
queue_call(const SklProviderItem *item, SklProviderOp op, const SklProviderRequest *request)
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.provider_call"
		" (provider, operation, kind, ref, idempotency_key, method, path, body)"
		" SELECT $1, $2, $3, $4,"
		" concat_ws('-', 'skl', lower($2), $4, CASE WHEN $2 IN ('CONFIRM', 'CANCEL', 'ASK') THEN"
		"  (SELECT count(*) FROM skillancer.provider_call c WHERE c.ref = $4 AND c.operation = $2)"
		" END), $5, $6, $7"
		" WHERE $2 <> 'ASK' OR NOT EXISTS (SELECT FROM skillancer.provider_call c"
		"  WHERE c.ref = $4 AND c.state IN ('QUEUED', 'SENDING', 'PARKED'))",
		TEXTOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID, TEXTOID, TEXTOID);
	Datum args[7] = {CStringGetTextDatum(item->provider),
					 CStringGetTextDatum(skl_op_names[op]),
					 CStringGetTextDatum(skl_kind_names[item->kind]),
					 UUIDPGetDatum(&item->id),
					 CStringGetTextDatum(request->method),
					 CStringGetTextDatum(request->path),
					 request->body != NULL ? CStringGetTextDatum(request->body) : (Datum) 0};

	skl_spi_exec(&stmt, args, request->body != NULL ? NULL : "      n");
	skl_wake(SKL_WAKE_COURIER);
}

void
skl_provider_start(const SklProviderItem *item, SklProviderOp op, SklProviderAnswer *answer)
{
	const SklProvider *provider = skl_provider(item->provider);
	SklProviderStep step = {0};

	if (provider->start[op] == NULL)
		elog(ERROR, "payment provider \"%s\" cannot do %s", provider->name, skl_op_names[op]);
	provider->start[op](item, &step);
	if (provider->remote)
		queue_call(item, op, &step.request);
	*answer = step.answer;
}

/* ---- guards and effects ---- */

static SklProviderKind
kind_of(const SklFire *fire)
{
	for (int kind = 0; kind < SKL_KIND_COUNT; kind++)
	{
		if (strcmp(skl_kind_names[kind], fire->machine->name) == 0)
			return (SklProviderKind) kind;
	}
	elog(ERROR, "machine \"%s\" has no payment provider", fire->machine->name);
}

static SklProviderItem
item_of(const SklFire *fire)
{
	SklProviderItem item;

	if (!skl_provider_item(kind_of(fire), &fire->id, &item))
		elog(ERROR, "a %s has no payment method", fire->machine->name);
	return item;
}

static bool
is_remote(const SklFire *fire)
{
	return skl_provider(skl_fire_text(fire, "provider"))->remote;
}

static bool
guard_remote(const SklFire *fire)
{
	return is_remote(fire);
}

static bool
guard_local(const SklFire *fire)
{
	return !is_remote(fire);
}

/* What a payer may decide by himself: with a local provider only. */
static bool
guard_payer_settles(const SklFire *fire)
{
	return fire->actor == SKL_ACTOR_SYSTEM || !is_remote(fire);
}

/* What a remote provider keeps of a charge is asked for until it is known. */
static bool
guard_cost_unknown(const SklFire *fire)
{
	bool isnull;

	(void) skl_fire_datum(fire, "provider_cost", &isnull);
	return isnull && is_remote(fire);
}

/* Asks a remote provider; a local one was asked before it came to this. */
static void
start_remote(const SklFire *fire, SklProviderOp op)
{
	SklProviderItem item;
	SklProviderAnswer answer;

	if (!is_remote(fire))
		return;
	item = item_of(fire);
	skl_provider_start(&item, op, &answer);
}

/*
 * Whether the payer's number is still asked for. Its row is locked, so that either this charge is
 * seen by who learns the number, or the number is seen here.
 */
static bool
customer_is_awaited(SklProviderItem *item)
{
	static SklStmt stmt = SKL_STMT("SELECT external_id FROM skillancer.provider_customer"
								   " WHERE user_id = $1::skillancer.user_id AND provider = $2"
								   " FOR SHARE",
								   UUIDOID, TEXTOID);
	Datum args[2] = {UUIDPGetDatum(&item->user), CStringGetTextDatum(item->provider)};

	if (!item->awaits_customer || skl_spi_exec(&stmt, args, NULL) == 0)
		return false;
	item->customer = skl_spi_text(0, 1);
	return item->customer == NULL;
}

/* A charge waits for the number of its payer; skl_fn_provider_begin_charge goes on with it. */
static void
effect_charge(const SklFire *fire)
{
	SklProviderItem item;
	SklProviderAnswer answer;

	skl_charge_promise(fire);
	if (!is_remote(fire))
		return;
	item = item_of(fire);
	if (!customer_is_awaited(&item))
		skl_provider_start(&item, SKL_OP_CHARGE, &answer);
}

/* provider_begin_charge(charge): sends a charge that has waited for the number of its payer. */
Datum
skl_fn_provider_begin_charge(PG_FUNCTION_ARGS)
{
	SklProviderItem item;
	SklProviderAnswer answer;

	skl_spi_connect();
	if (!skl_provider_item(SKL_KIND_CHARGE, PG_GETARG_UUID_P(0), &item))
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	skl_provider_start(&item, SKL_OP_CHARGE, &answer);
	skl_spi_finish();
	PG_RETURN_VOID();
}

/*
 * provider_ask_customer(provider, user): asks a remote provider for a number of the user, unless it
 * was asked before.
 */
Datum
skl_fn_provider_ask_customer(PG_FUNCTION_ARGS)
{
	static SklStmt insert = SKL_STMT(
		"INSERT INTO skillancer.provider_customer (user_id, provider)"
		" VALUES ($1::skillancer.user_id, $2) ON CONFLICT DO NOTHING RETURNING user_id::text",
		UUIDOID, TEXTOID);
	static SklStmt queue = SKL_STMT(
		"INSERT INTO skillancer.provider_call"
		" (provider, operation, kind, ref, idempotency_key, method, path, body)"
		" SELECT $2, 'CUSTOMER', 'customer', $1, concat_ws('-', 'skl', 'customer', $1, (SELECT"
		" count(*) FROM skillancer.provider_call c WHERE c.ref = $1 AND c.operation = 'CUSTOMER')),"
		" $3, $4, $5",
		UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID);
	const SklProvider *provider = skl_provider(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	SklProviderRequest request = {0};
	Datum args[5] = {PG_GETARG_DATUM(1), PG_GETARG_DATUM(0)};

	skl_spi_connect();
	if (provider->start_customer != NULL && skl_spi_exec(&insert, args, NULL) == 1)
	{
		provider->start_customer(skl_spi_text(0, 1), &request);
		args[2] = CStringGetTextDatum(request.method);
		args[3] = CStringGetTextDatum(request.path);
		args[4] = CStringGetTextDatum(request.body);
		skl_spi_exec(&queue, args, NULL);
		skl_wake(SKL_WAKE_COURIER);
	}
	skl_spi_finish();
	PG_RETURN_VOID();
}

/* provider_read_customer(provider, status, body) returns text: the number, or NULL. */
Datum
skl_fn_provider_read_customer(PG_FUNCTION_ARGS)
{
	const SklProvider *provider = skl_provider(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	int32 status = PG_GETARG_INT32(1);
	const char *number = NULL;

	if (provider->read_customer != NULL && status >= 200 && status < 300)
		number = provider->read_customer(PG_GETARG_JSONB_P(2));
	if (number == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(number));
}

static void
effect_confirm(const SklFire *fire)
{
	start_remote(fire, SKL_OP_ASK);
}

static void
effect_withdraw(const SklFire *fire)
{
	start_remote(fire, SKL_OP_CANCEL);
}

static void
effect_send(const SklFire *fire)
{
	start_remote(fire, SKL_OP_PAYOUT);
}

static void
effect_send_refund(const SklFire *fire)
{
	start_remote(fire, SKL_OP_REFUND);
}

/*
 * When to ask again: after as long as it has lasted, so that asking gets rarer; within two bounds.
 */
static TimestampTz
next_ask(const SklFire *fire)
{
	bool isnull;
	TimestampTz now = skl_now();
	TimestampTz since = DatumGetTimestampTz(skl_fire_datum(fire, "created_at", &isnull));
	TimestampTz first = skl_now_plus(skl_policy_interval("providerAskDelay"));
	TimestampTz last = skl_now_plus(skl_policy_interval("providerAskMax"));

	return Min(Max(now + (now - since), first), last);
}

/* Asks what has become of it. The state stays; what is said may then change it. */
static void
effect_ask(const SklFire *fire)
{
	SklProviderItem item = item_of(fire);
	SklProviderAnswer answer;
	SklApplied applied = SKL_APPLIED_WAIT;
	const char *note = NULL;

	skl_provider_start(&item, SKL_OP_ASK, &answer);
	if (!is_remote(fire))
		applied = skl_provider_apply(&item, &answer, true, &note);
	if (applied == SKL_APPLIED_WAIT)
		skl_schedule(fire->machine->name, &fire->id, "ask", next_ask(fire));
}

/*
 * The first step of a charge or payout: a local provider's answer takes it on at once. One without
 * an answer is on its way, like any that a remote provider is asked about.
 */
void
skl_provider_first(SklProviderItem *item, SklProviderOp op, const char *on_its_way)
{
	const SklProvider *provider = skl_provider(item->provider);
	Jsonb *nothing = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	SklProviderAnswer answer = {0};
	const char *note = NULL;

	if (!provider->remote)
		skl_provider_start(item, op, &answer);
	if (provider->remote || answer.outcome == SKL_OUTCOME_NONE)
		(void) skl_fire(skl_kind_names[item->kind], &item->id, on_its_way, nothing, true);
	else
		(void) skl_provider_apply(item, &answer, true, &note);
}

/* The bank behind tok_chargeback takes its money back: the sandbox sends what Stripe would send. */
static void
effect_bank_disputes(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT skillancer.provider_take('sandbox', jsonb_build_object('id', 'sandbox_' || c.id,"
		" 'type', 'charge.dispute.created', 'created', extract(epoch FROM skillancer.now()),"
		" 'data', jsonb_build_object('object', jsonb_build_object('id', 'sandbox_dispute_' || c.id,"
		" 'object', 'dispute', 'status', 'needs_response', 'reason', 'fraudulent',"
		" 'amount', skillancer.monetary_minor(c.amount),"
		" 'currency', skillancer.monetary_currency(c.amount), 'payment_intent', c.external_id,"
		" 'balance_transactions', jsonb_build_array(jsonb_build_object("
		"  'fee', skillancer.policy_int('sandboxChargebackFee')))))))"
		" FROM skillancer.charge c WHERE c.id = $1::skillancer.charge_id",
		UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&fire->id)};

	skl_spi_exec(&stmt, args, NULL);
}

/* The time has come to hand a payout over. */
static void
effect_payout_submit(const SklFire *fire)
{
	SklProviderItem item = item_of(fire);

	skl_provider_first(&item, SKL_OP_PAYOUT, "send");
}

/* provider_label(provider, kind, token) returns text: what a person sees; NULL: no such token. */
Datum
skl_fn_provider_label(PG_FUNCTION_ARGS)
{
	const SklProvider *provider = skl_provider(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	const char *label = provider->label(text_to_cstring(PG_GETARG_TEXT_PP(1)),
										text_to_cstring(PG_GETARG_TEXT_PP(2)));

	if (label == NULL)
		PG_RETURN_NULL();
	return CStringGetTextDatum(label);
}

void
skl_provider_init(void)
{
	skl_register_guard("provider_is_remote", guard_remote);
	skl_register_guard("provider_is_local", guard_local);
	skl_register_guard("payer_settles", guard_payer_settles);
	skl_register_guard("provider_cost_unknown", guard_cost_unknown);
	skl_register_effect("charge", "submit", effect_charge);
	skl_register_effect("charge", "confirm", effect_confirm);
	skl_register_effect("charge", "withdraw", effect_withdraw);
	skl_register_effect("charge", "ask", effect_ask);
	skl_register_effect("payout", "submit", effect_payout_submit);
	skl_register_effect("payout", "send", effect_send);
	skl_register_effect("payout", "ask", effect_ask);
	skl_register_effect("charge", "bank_disputes", effect_bank_disputes);
	skl_register_effect("refund", "send", effect_send_refund);
	skl_register_effect("refund", "ask", effect_ask);
}
