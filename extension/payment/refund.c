/*
 * payment/refund.c
 *		Refunds to cards (T8b): the money leaves the wallet when it is asked for, and is on its way
 *		until the provider has answered.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/spi.h"
#include "payment/payment.h"
#include "payment/provider.h"

#include "catalog/pg_type_d.h"

PG_FUNCTION_INFO_V1(skl_fn_charge_left);
PG_FUNCTION_INFO_V1(skl_fn_refund_run);

/* One posting of a refund: its amount from one account to another. */
static void
move(const SklFire *fire, const char *kind, const char *from, const char *to)
{
	const SklMonetary *amount = skl_fire_money(fire, "amount");
	pg_uuid_t user = skl_fire_id(fire, "user_id");
	SklHolder wallet = {.owner = &user};
	SklHolder transit = {.ref = &fire->id};
	SklHolder platform = {0};
	const char *const classes[] = {"client_wallet", "refund_transit", "psp_clearing"};
	const SklHolder holders[] = {wallet, transit, platform};
	SklPosting posting;

	skl_posting_start(&posting, amount->currency);
	for (size_t i = 0; i < lengthof(classes); i++)
	{
		if (strcmp(classes[i], from) == 0)
			skl_posting_debit(&posting, from, holders[i], amount->minor);
		if (strcmp(classes[i], to) == 0)
			skl_posting_credit(&posting, to, holders[i], amount->minor);
	}
	skl_posting_send(&posting, kind, &fire->id);
}

/* Out of the wallet, on its way. */
static void
effect_request(const SklFire *fire)
{
	move(fire, "card_refund", "client_wallet", "refund_transit");
}

/* On the card. */
static void
effect_pay(const SklFire *fire)
{
	move(fire, "card_refund_paid", "refund_transit", "psp_clearing");
}

/* The code of a refusal, when there is one. */
static void
keep_failure(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.refund SET failure_code = $2"
								   " WHERE id = $1::skillancer.refund_id",
								   UUIDOID, TEXTOID);
	char *code = skl_fire_payload(fire, "failureCode");
	Datum args[2] = {UUIDPGetDatum(&fire->id),
					 CStringGetTextDatum(code != NULL ? code : "declined")};

	skl_spi_exec(&stmt, args, NULL);
}

/* It did not get through: back into the wallet. */
static void
effect_fail(const SklFire *fire)
{
	keep_failure(fire);
	move(fire, "card_refund_failed", "refund_transit", "client_wallet");
}

/* It was on the card and came back, as when the account behind it is closed. */
static void
effect_return(const SklFire *fire)
{
	keep_failure(fire);
	move(fire, "card_refund_returned", "psp_clearing", "client_wallet");
}

/*
 * charge_left(charge) returns monetary: what of a charge has gone back neither by refunds nor by
 * charge-backs. The charge stays locked.
 */
Datum
skl_fn_charge_left(PG_FUNCTION_ARGS)
{
	static SklStmt lock =
		SKL_STMT("SELECT skillancer.monetary_minor(c.amount),"
				 " skillancer.monetary_currency(c.amount) FROM skillancer.charge c"
				 " WHERE c.id = $1::skillancer.charge_id FOR NO KEY UPDATE",
				 UUIDOID);
	static SklStmt gone = SKL_STMT(
		"SELECT (coalesce((SELECT sum(skillancer.monetary_minor(r.amount)) FROM skillancer.refund r"
		" WHERE r.charge_id = $1::skillancer.charge_id AND r.state <> 'FAILED'), 0)"
		" + coalesce((SELECT sum(skillancer.monetary_minor(b.amount)) FROM skillancer.chargeback b"
		" WHERE b.charge_id = $1::skillancer.charge_id AND b.state IN ('OPEN', 'LOST')), "
		"0))::bigint",
		UUIDOID);
	MemoryContext caller = CurrentMemoryContext;
	Datum args[1] = {PG_GETARG_DATUM(0)};
	char currency[4];
	int64 left;
	bool isnull;

	skl_spi_connect();
	if (skl_spi_exec(&lock, args, NULL) != 1)
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	left = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	strlcpy(currency, skl_spi_text(0, 2), sizeof(currency));
	skl_spi_exec(&gone, args, NULL);
	left -= DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	MemoryContextSwitchTo(caller);
	PG_RETURN_MONETARY_P(skl_monetary_make(left, currency));
}

/* refund_run(refund) returns text: asks the provider, at once or through the courier. */
Datum
skl_fn_refund_run(PG_FUNCTION_ARGS)
{
	static SklStmt stmt = SKL_STMT("SELECT state FROM skillancer.refund"
								   " WHERE id = $1::skillancer.refund_id",
								   UUIDOID);
	Datum args[1] = {PG_GETARG_DATUM(0)};
	MemoryContext caller = CurrentMemoryContext;
	SklProviderItem item;
	text *state;

	skl_spi_connect();
	if (!skl_provider_item(SKL_KIND_REFUND, PG_GETARG_UUID_P(0), &item))
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	skl_provider_first(&item, SKL_OP_REFUND, "send");
	skl_spi_exec(&stmt, args, NULL);
	MemoryContextSwitchTo(caller);
	state = cstring_to_text(skl_spi_text(0, 1));
	skl_spi_finish();
	PG_RETURN_TEXT_P(state);
}

void
skl_refund_init(void)
{
	skl_register_effect("refund", "request", effect_request);
	skl_register_effect("refund", "pay", effect_pay);
	skl_register_effect("refund", "fail", effect_fail);
	skl_register_effect("refund", "return", effect_return);
}
