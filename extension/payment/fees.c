/*
 * payment/fees.c
 *		Fees as marginal rates over a running total.
 *
 * The sum over the tiers is kept in 128 bits, in hundredths of a percent of a minor unit, and
 * rounded once: no tier loses a fraction of its own.
 */
#include "skl.h"

#include "payment/fees.h"

#define BPS_SCALE 10000

/* Divides, rounding half to even; the numerator is not negative. */
static int64_t
round_half_even(__int128 numerator, int64_t divisor)
{
	__int128 quotient = numerator / divisor;
	__int128 rest = numerator % divisor;

	if (rest * 2 > divisor || (rest * 2 == divisor && quotient % 2 != 0))
		quotient++;
	return (int64_t) quotient;
}

static int64_t
round_bps(__int128 numerator)
{
	return round_half_even(numerator, BPS_SCALE);
}

bool
skl_fee_total(const SklFeeTier *tiers, int ntiers, int64_t total, int64_t *fee)
{
	__int128 sum = 0;

	if (total < 0 || ntiers > SKL_FEE_MAX_TIERS)
		return false;
	for (int i = 0; i < ntiers; i++)
	{
		int64_t upper = total;

		if (tiers[i].bps < 0 || tiers[i].bps > BPS_SCALE)
			return false;
		if (i + 1 < ntiers)
		{
			if (tiers[i + 1].above <= tiers[i].above)
				return false;
			if (tiers[i + 1].above < upper)
				upper = tiers[i + 1].above;
		}
		if (upper > tiers[i].above)
			sum += (__int128) (upper - tiers[i].above) * tiers[i].bps;
	}
	*fee = round_bps(sum);
	return true;
}

bool
skl_fee_step(const SklFeeTier *tiers, int ntiers, int64_t before, int64_t amount, int64_t *fee)
{
	int64_t after;
	int64_t fee_before;
	int64_t fee_after;

	if (before < 0 || amount < 0 || __builtin_add_overflow(before, amount, &after))
		return false;
	if (!skl_fee_total(tiers, ntiers, before, &fee_before) ||
		!skl_fee_total(tiers, ntiers, after, &fee_after))
		return false;
	*fee = fee_after - fee_before;
	return true;
}

int64_t
skl_fee_flat(int64_t amount, int32_t bps)
{
	return round_bps((__int128) amount * bps);
}

int64_t
skl_fee_share(int64_t fee, int64_t part, int64_t whole)
{
	return part == whole ? fee : round_half_even((__int128) fee * part, whole);
}

int64_t
skl_tax_within(int64_t amount, int32_t bps)
{
	__int128 size = amount < 0 ? -(__int128) amount : amount;
	int64_t tax = round_half_even(size * bps, BPS_SCALE + bps);

	return amount < 0 ? -tax : tax;
}
