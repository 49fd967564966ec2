/*
 * test/c/fees_test.c
 *		Properties of fees that must hold for every schedule and amount: steps add up to the whole,
 *		nothing is negative, more is never cheaper, no fee exceeds its amount, nothing wraps round.
 */
#include "skl.h"

#include "payment/fees.h"

#include "random.h"
#include "tap.h"

#define CASES 200000
#define MOST_STEPS 12

/* A random schedule of one to five tiers. */
static int
random_schedule(SklFeeTier *tiers)
{
	int n = 1 + (int) random_below(5);
	int64_t above = 0;
	int i;

	for (i = 0; i < n; i++)
	{
		tiers[i].above = above;
		tiers[i].bps = (int32_t) random_below(10001);
		above += 1 + (int64_t) random_below(1000000);
	}
	return n;
}

static bool
steps_add_up(void)
{
	int c;

	for (c = 0; c < CASES; c++)
	{
		SklFeeTier tiers[5];
		int n = random_schedule(tiers);
		int steps = 1 + (int) random_below(MOST_STEPS);
		int64_t before = 0;
		int64_t sum = 0;
		int64_t whole;
		int i;

		for (i = 0; i < steps; i++)
		{
			int64_t amount = (int64_t) random_below(3000000);
			int64_t fee;

			if (!skl_fee_step(tiers, n, before, amount, &fee) || fee < 0 || fee > amount + 1)
				return false;
			before += amount;
			sum += fee;
		}
		if (!skl_fee_total(tiers, n, before, &whole) || whole != sum || whole > before)
			return false;
	}
	return true;
}

/* The fee of all tiers is the sum of the fees of each, up to the one rounding. */
static bool
tiers_are_marginal(void)
{
	static const SklFeeTier tiers[] = {{0, 2000}, {50000, 1000}, {1000000, 500}};
	int c;

	for (c = 0; c < CASES; c++)
	{
		int64_t total = (int64_t) random_below(100000000);
		int64_t tenths = 0; /* of hundredths of a percent of a cent: exact */
		int64_t fee;

		tenths += (total < 50000 ? total : 50000) * 2000;
		if (total > 50000)
			tenths += ((total < 1000000 ? total : 1000000) - 50000) * 1000;
		if (total > 1000000)
			tenths += (total - 1000000) * 500;
		if (!skl_fee_total(tiers, 3, total, &fee) || fee * 10000 - tenths > 5000 ||
			tenths - fee * 10000 > 5000)
			return false;
	}
	return true;
}

/* Shares of a fee grow with the part, are never more than the fee, and the whole has all of it. */
static bool
shares_are_parts(void)
{
	for (int c = 0; c < CASES; c++)
	{
		uint64_t range = c % 2 == 0 ? 1000 : INT64_MAX / 2;
		int64_t whole = 1 + (int64_t) (random_u64() % range);
		int64_t fee = (int64_t) (random_u64() % ((uint64_t) whole + 1));
		int64_t part = (int64_t) (random_u64() % (uint64_t) whole);
		int64_t share = skl_fee_share(fee, part, whole);
		__int128 off = (__int128) share * whole - (__int128) fee * part;

		if (share < 0 || share > fee || skl_fee_share(fee, whole, whole) != fee ||
			skl_fee_share(fee, part + 1, whole) < share || off * 2 > whole || off * 2 < -whole)
			return false;
	}
	return true;
}

static bool
extremes_are_refused(void)
{
	static const SklFeeTier all[] = {{0, 10000}};
	static const SklFeeTier backwards[] = {{100, 1}, {50, 1}};
	static const SklFeeTier negative[] = {{0, -1}};
	int64_t fee;

	return skl_fee_total(all, 1, INT64_MAX, &fee) && fee == INT64_MAX &&
		   !skl_fee_step(all, 1, INT64_MAX, 1, &fee) && !skl_fee_step(all, 1, -1, 1, &fee) &&
		   !skl_fee_step(all, 1, 0, -1, &fee) && !skl_fee_total(backwards, 2, 200, &fee) &&
		   !skl_fee_total(negative, 1, 200, &fee);
}

static bool
oracles(void)
{
	static const SklFeeTier tiers[] = {{0, 2000}, {50000, 1000}, {1000000, 500}};
	int64_t fee;

	return skl_fee_step(tiers, 3, 40000, 60000, &fee) && fee == 7000 &&
		   skl_fee_flat(100000, 1000) == 10000 && skl_fee_flat(5, 1000) == 0 &&
		   skl_fee_flat(15, 1000) == 2;
}

static bool
tax_is_included(void)
{
	for (int i = 0; i < 100000; i++)
	{
		int64_t amount = (int64_t) random_below(100000000);
		int32_t bps = (int32_t) random_below(10001);
		int64_t tax = skl_tax_within(amount, bps);
		int64_t off = tax * (10000 + bps) - amount * bps; /* of the exact tax, times the divisor */

		if (tax < 0 || tax > amount || 2 * off > 10000 + bps || 2 * -off > 10000 + bps ||
			skl_tax_within(-amount, bps) != -tax)
			return false;
	}
	return skl_tax_within(10000, 2000) == 1667 && skl_tax_within(11900, 1900) == 1900 &&
		   skl_tax_within(INT64_MAX, 10000) == INT64_MAX / 2 + 1 && skl_tax_within(99, 0) == 0;
}

int
main(void)
{
	ok(oracles(), "400 billed before, 600 released: 70.00; halves go to the even cent");
	ok(steps_add_up(), "any steps cost what one step of their sum costs");
	ok(tiers_are_marginal(), "each tier takes its own part");
	ok(shares_are_parts(), "shares of a fee are parts of it");
	ok(tax_is_included(), "20 % of 100.00, included: 16.67; never off by more than half a cent");
	ok(extremes_are_refused(), "what does not fit is refused");
	return done_testing();
}
