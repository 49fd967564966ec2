/*
 * payment/fx.c
 *		Conversion between currencies: exact rational arithmetic.
 *
 * Everything is a product of whole numbers in 128 bits, divided once. A product that does not fit
 * is refused, never wrapped round: rates have at most 30 digits, amounts 63 bits, and common
 * factors are taken out first.
 */
#include "skl.h"

#include "payment/fx.h"

#include <stddef.h>

#define BPS_SCALE 10000
#define RATE_DIGITS 30

static __int128
greatest_divisor(__int128 a, __int128 b)
{
	while (b != 0)
	{
		__int128 rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void
reduce(SklFxRate *rate)
{
	__int128 divisor = greatest_divisor(rate->num, rate->den);

	rate->num /= divisor;
	rate->den /= divisor;
}

bool
skl_fx_rate_parse(const char *str, SklFxRate *rate)
{
	int digits = 0;
	bool fraction = false;

	rate->num = 0;
	rate->den = 1;
	for (; *str != '\0'; str++)
	{
		if (*str == '.' && !fraction && digits > 0)
		{
			fraction = true;
			continue;
		}
		if (*str < '0' || *str > '9' || ++digits > RATE_DIGITS)
			return false;
		rate->num = rate->num * 10 + (*str - '0');
		if (fraction)
			rate->den *= 10;
	}
	if (rate->num == 0)
		return false;
	reduce(rate);
	return true;
}

SklFxRate
skl_fx_rate_invert(SklFxRate rate)
{
	return (SklFxRate){.num = rate.den, .den = rate.num};
}

bool
skl_fx_rate_multiply(SklFxRate a, SklFxRate b, SklFxRate *product)
{
	SklFxRate left = {.num = a.num, .den = b.den};
	SklFxRate right = {.num = b.num, .den = a.den};

	reduce(&left);
	reduce(&right);
	return !__builtin_mul_overflow(left.num, right.num, &product->num) &&
		   !__builtin_mul_overflow(left.den, right.den, &product->den);
}

/* numerator / denominator, rounded half to even; the denominator is positive. */
static bool
divide_half_even(__int128 numerator, __int128 denominator, int64_t *result)
{
	bool negative = numerator < 0;
	__int128 quotient;
	__int128 rest;

	if (negative)
		numerator = -numerator;
	quotient = numerator / denominator;
	rest = numerator % denominator;
	if (rest > denominator - rest || (rest == denominator - rest && quotient % 2 != 0))
		quotient++;
	if (quotient > INT64_MAX)
		return false;
	*result = (int64_t) (negative ? -quotient : quotient);
	return true;
}

bool
skl_fx_convert(int64_t minor, int from, int to, SklFxRate rate, int64_t *result)
{
	SklFxRate scale = {.num = 1, .den = 1};
	SklFxRate factor;
	__int128 numerator;

	for (; from < to; from++)
		scale.num *= 10;
	for (; to < from; to++)
		scale.den *= 10;
	if (!skl_fx_rate_multiply(rate, scale, &factor) ||
		__builtin_mul_overflow(factor.num, (__int128) minor, &numerator))
		return false;
	return divide_half_even(numerator, factor.den, result);
}

bool
skl_fx_quote_buy(int64_t bought, int from, int to, SklFxRate rate, int32_t bps, SklFxQuote *quote)
{
	int64_t converted;

	quote->bought = bought;
	return skl_fx_convert(bought, to, from, skl_fx_rate_invert(rate), &converted) &&
		   divide_half_even((__int128) converted * bps, BPS_SCALE, &quote->spread) &&
		   !__builtin_add_overflow(converted, quote->spread, &quote->sold);
}

bool
skl_fx_quote_sell(int64_t sold, int from, int to, SklFxRate rate, int32_t bps, SklFxQuote *quote)
{
	int64_t converted = (int64_t) ((__int128) sold * BPS_SCALE / (BPS_SCALE + bps));

	quote->sold = sold;
	quote->spread = sold - converted;
	return skl_fx_convert(converted, from, to, rate, &quote->bought);
}
