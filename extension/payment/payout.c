/*
 * payment/payout.c
 *		Payouts: the balance leaves the freelancer (T5), arrives (T6) or comes back: because the
 *		provider could not pay (T7), or from the bank after it had been paid (T7b).
 *
 * A payout that was requested waits for a while, in which it can be taken back, and is then handed
 * to the provider (timer "submit", payment/provider.c).
 */
#include "skl.h"

#include "core/clock.h"
#include "core/policy.h"
#include "core/spi.h"
#include "payment/payment.h"
#include "payment/provider.h"

#include "catalog/pg_type_d.h"

/* The sums of a payout. */
typedef struct Sums
{
	pg_uuid_t user;
	int64 amount;
	int64 fee;
	const char *currency;
} Sums;

static Sums
sums_of(const SklFire *fire)
{
	const SklMonetary *amount = skl_fire_money(fire, "amount");

	return (Sums){
		.user = skl_fire_id(fire, "user_id"),
		.amount = amount->minor,
		.fee = skl_fire_money(fire, "fee")->minor,
		.currency = amount->currency,
	};
}

/* T5: out of the balance, on its way. */
static void
effect_request(const SklFire *fire)
{
	Sums sums = sums_of(fire);
	SklPosting posting;

	skl_posting_start(&posting, sums.currency);
	skl_posting_debit(&posting, "freelancer_available", (SklHolder){.owner = &sums.user},
					  sums.amount);
	skl_posting_credit(&posting, "payout_transit", (SklHolder){.ref = &fire->id},
					   sums.amount - sums.fee);
	skl_posting_credit(&posting, "revenue_payout", (SklHolder){0}, sums.fee);
	skl_posting_send(&posting, "payout", &fire->id);
}

/* A token of the sandbox may come back later. */
static void
plan_return(const SklFire *fire)
{
	SklProviderItem item;
	const char *later;

	if (!skl_provider_item(SKL_KIND_PAYOUT, &fire->id, &item))
		return;
	later = skl_sandbox_later(&item);
	if (later != NULL)
		skl_schedule("payout", &fire->id, later,
					 skl_now_plus(skl_policy_interval("sandboxReturnDelay")));
}

/* T6: the provider has paid. */
static void
effect_pay(const SklFire *fire)
{
	Sums sums = sums_of(fire);
	SklPosting posting;

	skl_posting_start(&posting, sums.currency);
	skl_posting_debit(&posting, "payout_transit", (SklHolder){.ref = &fire->id},
					  sums.amount - sums.fee);
	skl_posting_credit(&posting, "psp_clearing", (SklHolder){0}, sums.amount - sums.fee);
	skl_posting_send(&posting, "payout_paid", &fire->id);
	plan_return(fire);
}

/* T7: back into the balance, with the fee. */
static void
return_money(const SklFire *fire)
{
	Sums sums = sums_of(fire);
	SklPosting posting;

	skl_posting_start(&posting, sums.currency);
	skl_posting_debit(&posting, "payout_transit", (SklHolder){.ref = &fire->id},
					  sums.amount - sums.fee);
	skl_posting_debit(&posting, "revenue_payout", (SklHolder){0}, sums.fee);
	skl_posting_credit(&posting, "freelancer_available", (SklHolder){.owner = &sums.user},
					   sums.amount);
	skl_posting_send(&posting, "payout_returned", &fire->id);
}

/* Notes why it did not go through. */
static void
note_failure(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.payout SET failure_code = $2"
								   " WHERE id = $1::skillancer.payout_id",
								   UUIDOID, TEXTOID);
	const char *code = skl_fire_payload(fire, "failureCode");
	SklProviderItem item;
	Datum args[2] = {UUIDPGetDatum(&fire->id)};

	if (code == NULL && skl_provider_item(SKL_KIND_PAYOUT, &fire->id, &item))
		code = skl_sandbox_failure(&item);
	args[1] = CStringGetTextDatum(code != NULL ? code : "failed");
	skl_spi_exec(&stmt, args, NULL);
}

static void
effect_fail(const SklFire *fire)
{
	note_failure(fire);
	return_money(fire);
}

/* T7b: the bank has sent it back. The fee was earned. */
static void
effect_return(const SklFire *fire)
{
	Sums sums = sums_of(fire);
	SklPosting posting;

	note_failure(fire);
	skl_posting_start(&posting, sums.currency);
	skl_posting_debit(&posting, "psp_clearing", (SklHolder){0}, sums.amount - sums.fee);
	skl_posting_credit(&posting, "freelancer_available", (SklHolder){.owner = &sums.user},
					   sums.amount - sums.fee);
	skl_posting_send(&posting, "payout_bounced", &fire->id);
}

void
skl_payout_init(void)
{
	skl_register_effect("payout", "request", effect_request);
	skl_register_effect("payout", "pay", effect_pay);
	skl_register_effect("payout", "fail", effect_fail);
	skl_register_effect("payout", "return", effect_return);
	skl_register_effect("payout", "cancel", return_money);
}
