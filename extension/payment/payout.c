/*
 * payment/payout.c
 *		Payouts: the balance leaves the freelancer (T5), arrives (T6) or comes back (T7).
 *
 * A payout that was requested has two timers, "pay" and "fail"; what the provider says about the
 * method decides which of them may fire.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/spi.h"
#include "payment/payment.h"

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

static const SklSandboxToken *
provider_answer(const SklFire *fire)
{
	pg_uuid_t method = skl_fire_id(fire, "payment_method_id");

	return skl_sandbox_method(&method);
}

static bool
guard_goes_through(const SklFire *fire)
{
	return strcmp(provider_answer(fire)->event, "pay") == 0;
}

static bool
guard_bounces(const SklFire *fire)
{
	return strcmp(provider_answer(fire)->event, "fail") == 0;
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

static void
effect_fail(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.payout SET failure_code = $2"
								   " WHERE id = $1::skillancer.payout_id",
								   UUIDOID, TEXTOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id),
					 CStringGetTextDatum(provider_answer(fire)->failure_code)};

	skl_spi_exec(&stmt, args, NULL);
	return_money(fire);
}

void
skl_payout_init(void)
{
	skl_register_guard("payout_goes_through", guard_goes_through);
	skl_register_guard("payout_bounces", guard_bounces);
	skl_register_effect("payout", "request", effect_request);
	skl_register_effect("payout", "pay", effect_pay);
	skl_register_effect("payout", "fail", effect_fail);
	skl_register_effect("payout", "cancel", return_money);
}
