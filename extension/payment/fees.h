/*
 * payment/fees.h
 *		Fees as marginal rates over a running total: pure arithmetic, no PostgreSQL.
 *
 * Source: the tiers of the fee schedule (docs/money.md). With F(x) the fee on a lifetime total of
 * x, what a step from b to b + a costs is F(b + a) - F(b). Because F is rounded and the steps are
 * differences of it, any sequence of steps costs exactly what one step of their sum costs.
 */
#ifndef SKL_PAYMENT_FEES_H
#define SKL_PAYMENT_FEES_H

#include <stdbool.h>
#include <stdint.h>

/* bps hundredths of a percent of what lies above an amount of minor units, up to the next tier. */
typedef struct SklFeeTier
{
	int64_t above;
	int32_t bps;
} SklFeeTier;

/* The most tiers that one schedule may have. */
#define SKL_FEE_MAX_TIERS 16

/*
 * F(total) in minor units, rounded half to even. Tiers are in ascending order; the first one
 * usually starts at 0. False when total is negative or a tier is out of order.
 */
extern bool skl_fee_total(const SklFeeTier *tiers, int ntiers, int64_t total, int64_t *fee);

/* F(before + amount) - F(before). False when an argument is negative or the sum overflows. */
extern bool skl_fee_step(const SklFeeTier *tiers, int ntiers, int64_t before, int64_t amount,
						 int64_t *fee);

/* bps of an amount, rounded half to even; amount and bps not negative. */
extern int64_t skl_fee_flat(int64_t amount, int32_t bps);

/* What of a fee falls on a part of what it was paid for, rounded half to even; 0 <= part <= whole,
 * and whole is more than 0. */
extern int64_t skl_fee_share(int64_t fee, int64_t part, int64_t whole);

/* The tax that an amount includes when it is bps on top of the rest: amount * bps / (10000 + bps),
 * half to even; negative for a negative amount. bps is 0..10000. */
extern int64_t skl_tax_within(int64_t amount, int32_t bps);

#endif
