/*
 * payment/after.c
 *		Money after the release: what the freelancer gives back (T9), tips (T12), and what a later
 *		earning pays of a debt (T14).
 */
#include "skl.h"

#include "core/errors.h"
#include "core/request.h"
#include "core/spi.h"
#include "payment/payment.h"

#include "catalog/pg_type_d.h"

/* Minor units of an amount of the row; 0 when it is NULL. */
static int64
minor_or_zero(const SklFire *fire, const char *column)
{
	bool isnull;
	Datum value = skl_fire_datum(fire, column, &isnull);

	return isnull ? 0 : DatumGetMonetaryP(value)->minor;
}

/* What the freelancer still has of a milestone that is over: released, less what went back. */
static int64
left_of_release(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("SELECT coalesce(sum(skillancer.monetary_minor(p.gross)), 0)::bigint"
				 " FROM skillancer.chargeback_part p"
				 " JOIN skillancer.chargeback b ON b.id = p.chargeback_id"
				 " WHERE p.milestone_id = $1::skillancer.milestone_id"
				 " AND p.earning_id IS NOT NULL AND b.state IN ('OPEN', 'LOST')",
				 UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&fire->id)};
	int64 released = minor_or_zero(fire, "released_part");
	bool isnull;

	if (strcmp(fire->from, "RELEASED") == 0)
		released = minor_or_zero(fire, "amount") - minor_or_zero(fire, "refunded_part");
	skl_spi_exec(&stmt, args, NULL);
	return released - minor_or_zero(fire, "given_back") -
		   DatumGetInt64(skl_spi_value(0, 1, &isnull));
}

/*
 * T9: the client gets the whole amount, the freelancer's fee on it comes back out of the revenue.
 */
static void
effect_give_back(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.milestone SET given_back = skillancer.monetary_of("
				 "coalesce(skillancer.monetary_minor(given_back), 0) + $2, $3)"
				 " WHERE id = $1::skillancer.milestone_id",
				 UUIDOID, INT8OID, TEXTOID);
	SklStep step = skl_step_of(fire);
	const SklMonetary *amount = skl_monetary_from_text(skl_fire_payload(fire, "amount"));
	Datum args[3] = {UUIDPGetDatum(&fire->id), Int64GetDatum(amount->minor),
					 CStringGetTextDatum(step.currency)};
	SklPosting posting;
	int64 fee;

	if (strcmp(amount->currency, step.currency) != 0)
		skl_fail(SKL_ERR_CURRENCY_MISMATCH);
	if (amount->minor <= 0 || amount->minor > left_of_release(fire))
		skl_failf(SKL_ERR_INSUFFICIENT_FUNDS, "more than what was released and not given back");
	step.amount = amount->minor;
	fee = skl_step_service_fee_back(&step);
	skl_posting_start(&posting, step.currency);
	skl_posting_debit(&posting, "freelancer_available", (SklHolder){.owner = &step.freelancer},
					  step.amount - fee);
	skl_posting_debit(&posting, "revenue_service", (SklHolder){0}, fee);
	skl_posting_credit(&posting, "client_wallet", (SklHolder){.owner = &step.payer}, step.amount);
	skl_earning_return(&step, fee, 0,
					   skl_posting_send_step(&posting, "give_back", &step.milestone,
											 skl_fire_int64(fire, "version")));
	skl_spi_exec(&stmt, args, NULL);
}

/* The tip that the payload names. */
static pg_uuid_t
tip_of(const SklFire *fire)
{
	Datum id = DirectFunctionCall1(uuid_in, CStringGetDatum(skl_fire_payload(fire, "tipId")));

	return *DatumGetUUIDP(id);
}

/* T12: out of the wallet of who gives it, the client's side; an earning like any other. */
static void
effect_tip(const SklFire *fire)
{
	const SklMonetary *amount = skl_monetary_from_text(skl_fire_payload(fire, "amount"));
	pg_uuid_t tip = tip_of(fire);
	SklRelease release = {0};
	SklStep step = {
		.booking = fire->id,
		.client = skl_fire_id(fire, "client_id"),
		.payer = skl_request()->user_id,
		.freelancer = skl_fire_id(fire, "freelancer_id"),
		.amount = amount->minor,
		.tip = &tip,
	};
	SklPosting posting;

	strlcpy(step.currency, amount->currency, sizeof(step.currency));
	release.service_fee = skl_step_service_fee(&step);
	skl_posting_start(&posting, step.currency);
	skl_posting_debit(&posting, "client_wallet", (SklHolder){.owner = &step.payer}, step.amount);
	skl_posting_credit(&posting, "freelancer_pending", (SklHolder){.owner = &step.freelancer},
					   step.amount - release.service_fee);
	skl_posting_credit(&posting, "revenue_service", (SklHolder){0}, release.service_fee);
	release.posting = skl_posting_send(&posting, "tip", &tip);
	skl_step_earning(fire, &step, &release);
}

/* T14: who owes pays with what he earns, as soon as it is available. */
static void
effect_recoup(const SklFire *fire)
{
	const SklMonetary *net = skl_fire_money(fire, "net");
	pg_uuid_t freelancer = skl_fire_id(fire, "freelancer_id");
	SklPosting posting;
	int64 debt = skl_ledger_balance("freelancer_receivable", &freelancer, NULL, net->currency);
	int64 part = Min(net->minor, debt);

	if (part <= 0)
		return;
	skl_posting_start(&posting, net->currency);
	skl_posting_debit(&posting, "freelancer_available", (SklHolder){.owner = &freelancer}, part);
	skl_posting_credit(&posting, "freelancer_receivable", (SklHolder){.owner = &freelancer}, part);
	skl_posting_send(&posting, "recoup", &fire->id);
}

void
skl_after_init(void)
{
	skl_register_effect("milestone", "give_back", effect_give_back);
	skl_register_effect("booking", "tip", effect_tip);
	skl_register_effect("earning", "mature", effect_recoup);
}
