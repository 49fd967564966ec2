/*
 * payment/payment.h
 *		Payments: postings and fees behind the machines milestone, charge, earning and payout,
 *		and behind connects and conversions.
 */
#ifndef SKL_PAYMENT_PAYMENT_H
#define SKL_PAYMENT_PAYMENT_H

#include "core/fire.h"
#include "core/ledger.h"
#include "types/monetary.h"

/* Registers what the files of this folder have; called once from _PG_init. */
extern void skl_payment_init(void);

/* Parts of it, one a file. */
extern void skl_escrow_init(void);
extern void skl_charge_init(void);
extern void skl_hold_init(void);
extern void skl_refund_init(void);
extern void skl_after_init(void);
extern void skl_chargeback_init(void);
extern void skl_adjustment_init(void);
extern void skl_payout_init(void);
extern void skl_connects_init(void);
extern void skl_payout_rules_init(void);

/* ---- posting.c: building a posting leg by leg ---- */

#define SKL_POSTING_LEGS 24

typedef struct SklPosting
{
	char currency[4];
	int nlegs;
	SklLeg legs[SKL_POSTING_LEGS];
} SklPosting;

/* Whose account a leg moves: any of the three may be NULL, as SklLeg says. */
typedef struct SklHolder
{
	const pg_uuid_t *owner;
	const pg_uuid_t *ref;
	const pg_uuid_t *booking;
} SklHolder;

extern void skl_posting_start(SklPosting *posting, const char *currency);

/* Legs that are added from now on are in another currency. */
extern void skl_posting_switch(SklPosting *posting, const char *currency);

/* Add a leg of so many minor units; a leg of nothing is left out. */
extern void skl_posting_debit(SklPosting *posting, const char *account_class, SklHolder holder,
							  int64 minor);
extern void skl_posting_credit(SklPosting *posting, const char *account_class, SklHolder holder,
							   int64 minor);

/*
 * Posts it under the key "kind:id", so that one object is posted once for each kind. Returns the
 * number of the posting.
 */
extern int64 skl_posting_send(const SklPosting *posting, const char *kind, const pg_uuid_t *id);

/* Posts it under the key "kind:id:step": for what happens to one object more than once. */
extern int64 skl_posting_send_step(const SklPosting *posting, const char *kind, const pg_uuid_t *id,
								   int64 step);

/* An amount of the row; an error when it is NULL. */
extern const SklMonetary *skl_fire_money(const SklFire *fire, const char *column);

/* An id of the row; an error when it is NULL. */
extern pg_uuid_t skl_fire_id(const SklFire *fire, const char *column);

/* ---- escrow.c: steps of a milestone ---- */

/* What one step is about, as far as money goes: all that is left of a milestone, or a part. */
typedef struct SklStep
{
	pg_uuid_t milestone;
	pg_uuid_t booking;
	pg_uuid_t client;
	pg_uuid_t payer; /* the client, or the member of his organisation who pays */
	pg_uuid_t freelancer;
	int64 amount; /* of this step, in minor units */
	int64 before; /* released and refunded by earlier steps */
	int64 base;	  /* before this milestone, when it took over the rest of another; and held */
	char currency[4];
	bool takes_all;		  /* a part beside what a charge-back holds: nothing else is left */
	const pg_uuid_t *tip; /* a tip has no milestone; else NULL */
} SklStep;

/* The step that takes all that is left in escrow; the row of the transition is a milestone. */
extern SklStep skl_step_of(const SklFire *fire);

/* The holder of a milestone's accounts: escrow and deferred fee. */
extern SklHolder skl_step_holder(const SklStep *step);

/* The client's fee on a step: the steps of a milestone together cost what the whole costs. */
extern int64 skl_step_client_fee(const SklStep *step);

/*
 * The client's fee on a part of what is in escrow, as it is deferred: no more than there is,
 * because a charge-back may have moved fees of other parts, and all of it with the last of the
 * escrow.
 */
extern int64 skl_step_deferred_fee(const SklStep *step);

/* Bills the pair for a step that is released, and returns the service fee on it. */
extern int64 skl_step_service_fee(const SklStep *step);

/*
 * Takes a step that was billed off the pair's billings, and returns what of the service fee goes
 * back with it: what the last so many units of the billings have cost.
 */
extern int64 skl_step_service_fee_back(const SklStep *step);

/* The version of the price list that a booking has. */
extern int64 skl_fee_version(const pg_uuid_t *booking);

/* What a release has posted, beside the step. */
typedef struct SklRelease
{
	int64 service_fee;
	int64 client_fee;
	int64 posting;
} SklRelease;

/* What follows from a release: the earning, its hold, and the tax within the two fees. */
extern void skl_step_earning(const SklFire *fire, const SklStep *step, const SklRelease *release);

/* ---- fees_fn.c: the fee schedule ---- */

/* Called when the library loads: forgets tiers of fees when the schedule changes. */
extern void skl_fees_init(void);

/*
 * What a step of minor units costs after "before" has been billed, by a version of the schedule;
 * kind is SERVICE or CLIENT. Errors: no such version, result out of range.
 */
extern int64 skl_fee(int64 version, const char *kind, const char *currency, int64 before,
					 int64 minor);

/* ---- tax.c: tax within fees ---- */

/* A fee that was earned, and who paid it. */
typedef struct SklFeeTaxed
{
	const char *kind; /* SERVICE or CLIENT */
	const pg_uuid_t *payer;
	const char *currency;
	int64 minor;
} SklFeeTaxed;

/* Posts the tax that the fee of an earning includes (T16), where the payer's country has one. */
extern void skl_tax_fee(const pg_uuid_t *earning, const SklFeeTaxed *fee);

/* ---- earning_return.c ---- */

/* A fee of an earning in minor units: what is left of it, and what went back before. */
typedef struct SklFeeLeft
{
	int64 left;
	int64 returned;
	int64 tax_returned;
	int32 bps;		   /* of the tax within it; 0: none */
	pg_uuid_t account; /* of the jurisdiction */
} SklFeeLeft;

/* An earning and what is left of it: neither given back, nor charged back. */
typedef struct SklEarningLeft
{
	pg_uuid_t earning;
	bool on_hold;
	int64 gross;
	SklFeeLeft service;
	SklFeeLeft client;
} SklEarningLeft;

/* A part of an earning that goes back. */
typedef struct SklEarningPart
{
	int64 gross;
	int64 service_fee;
	int64 service_tax;
	int64 client_fee;
	int64 client_tax;
} SklEarningPart;

/* The earnings of a milestone of which something is left, the newest first; how many they are. */
extern int skl_earnings_left(const pg_uuid_t *milestone, SklEarningLeft **found);

/* The tax within a part of a fee: what all parts together have, less what went back before. */
extern int64 skl_fee_part_tax(const SklFeeLeft *fee, int64 part);

/*
 * Writes down what goes back of the earnings of a milestone, the newest first, and takes the tax
 * within the fees back. The fees are those on the step that a posting gave back.
 */
extern void skl_earning_return(const SklStep *step, int64 service_fee, int64 client_fee,
							   int64 posting);

/* ---- escrow.c: wallets ---- */

/*
 * What is in the wallet of a user, which stays locked: two fundings at once do not count the same
 * money, nor money that a charge promises until the milestone behind it stops waiting.
 */
extern int64 skl_wallet_lock(const pg_uuid_t *user, const char *currency);

/*
 * What is in a wallet, which stays locked, and not promised to milestones other than this one whose
 * charges are open.
 */
extern int64 skl_wallet_free(const pg_uuid_t *user, const char *currency,
							 const pg_uuid_t *milestone);

/* ---- charge.c ---- */

/* Keeps what of the wallet the milestone of an open charge counts on, besides the charge. */
extern void skl_charge_promise(const SklFire *fire);

/* T1b: what the provider keeps of a captured charge, once. */
extern void skl_charge_post_cost(const pg_uuid_t *charge, const char *currency, int64 cost);

#endif
