/*
 * payment/posting.c
 *		Building a posting leg by leg, and the registration of the area.
 */
#include "skl.h"

#include "payment/payment.h"
#include "payment/provider.h"

void
skl_posting_start(SklPosting *posting, const char *currency)
{
	memset(posting, 0, sizeof(*posting));
	strlcpy(posting->currency, currency, sizeof(posting->currency));
}

void
skl_posting_switch(SklPosting *posting, const char *currency)
{
	strlcpy(posting->currency, currency, sizeof(posting->currency));
}

static void
add_leg(SklPosting *posting, const char *account_class, SklHolder holder, int64 amount)
{
	SklLeg *leg;

	if (amount == 0)
		return;
	if (posting->nlegs == SKL_POSTING_LEGS)
		elog(ERROR, "a posting has too many legs");
	leg = &posting->legs[posting->nlegs++];
	leg->account_class = account_class;
	leg->owner = holder.owner;
	leg->ref = holder.ref;
	leg->booking = holder.booking;
	leg->amount = amount;
	strlcpy(leg->currency, posting->currency, sizeof(leg->currency));
}

void
skl_posting_debit(SklPosting *posting, const char *account_class, SklHolder holder, int64 minor)
{
	add_leg(posting, account_class, holder, minor);
}

void
skl_posting_credit(SklPosting *posting, const char *account_class, SklHolder holder, int64 minor)
{
	add_leg(posting, account_class, holder, -minor);
}

int64
skl_posting_send(const SklPosting *posting, const char *kind, const pg_uuid_t *id)
{
	char *id_text = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));

	return skl_ledger_post(kind, psprintf("%s:%s", kind, id_text), id, posting->legs,
						   posting->nlegs);
}

int64
skl_posting_send_step(const SklPosting *posting, const char *kind, const pg_uuid_t *id, int64 step)
{
	char *id_text = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));

	return skl_ledger_post(kind, psprintf("%s:%s:" INT64_FORMAT, kind, id_text, step), id,
						   posting->legs, posting->nlegs);
}

const SklMonetary *
skl_fire_money(const SklFire *fire, const char *column)
{
	bool isnull;
	Datum value = skl_fire_datum(fire, column, &isnull);

	if (isnull)
		elog(ERROR, "column \"%s\" of machine \"%s\" is NULL", column, fire->machine->name);
	return DatumGetMonetaryP(value);
}

pg_uuid_t
skl_fire_id(const SklFire *fire, const char *column)
{
	pg_uuid_t id;

	if (!skl_fire_uuid(fire, column, &id))
		elog(ERROR, "column \"%s\" of machine \"%s\" is NULL", column, fire->machine->name);
	return id;
}

void
skl_payment_init(void)
{
	skl_fees_init();
	skl_escrow_init();
	skl_charge_init();
	skl_hold_init();
	skl_refund_init();
	skl_after_init();
	skl_chargeback_init();
	skl_adjustment_init();
	skl_payout_init();
	skl_connects_init();
	skl_payout_rules_init();
	skl_provider_init();
}
