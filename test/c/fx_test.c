/*
 * test/c/fx_test.c
 *		Properties of conversions that must hold for every rate and amount: nothing is lost beyond
 *		half a minor unit, the spread is what the policy says, nothing wraps round.
 */
#include "skl.h"

#include "payment/fx.h"

#include <stdio.h>

#include "random.h"
#include "tap.h"

#define CASES 200000

static SklFxRate
random_rate(void)
{
	char text[32];
	SklFxRate rate = {1, 1};

	snprintf(text, sizeof(text), "%u.%010llu", (unsigned) random_below(1000),
			 1 + (unsigned long long) (random_u64() % 9999999998ULL));
	(void) skl_fx_rate_parse(text, &rate);
	return rate;
}

/* |result × den − minor × num| is at most half of den: one rounding, half a unit. */
static bool
rounds_once(void)
{
	for (int c = 0; c < CASES; c++)
	{
		SklFxRate rate = random_rate();
		int64_t minor = (int64_t) (random_u64() % 1000000000000ULL);
		int64_t result;
		__int128 off;

		if (!skl_fx_convert(minor, 2, 2, rate, &result))
			return false;
		off = (__int128) result * rate.den - (__int128) minor * rate.num;
		if (off < 0)
			off = -off;
		if (off * 2 > rate.den)
			return false;
	}
	return true;
}

static bool
negative_mirrors(void)
{
	for (int c = 0; c < CASES; c++)
	{
		SklFxRate rate = random_rate();
		int64_t minor = (int64_t) random_below(1000000000);
		int64_t plus;
		int64_t minus;

		if (!skl_fx_convert(minor, 2, 0, rate, &plus) ||
			!skl_fx_convert(-minor, 2, 0, rate, &minus) || plus != -minus)
			return false;
	}
	return true;
}

/* What is sold is what is converted and the spread; a quote to sell what a quote to buy costs
 * differs by the roundings of the two currencies only. */
static bool
quotes_agree(void)
{
	for (int c = 0; c < CASES; c++)
	{
		SklFxRate rate = random_rate();
		int32_t bps = (int32_t) random_below(1000);
		int64_t bought = 1 + (int64_t) random_below(100000000);
		SklFxQuote buy;
		SklFxQuote sell;
		__int128 slack = rate.num / rate.den + 1;

		if (!skl_fx_quote_buy(bought, 2, 2, rate, bps, &buy) || buy.spread < 0 ||
			buy.sold < buy.spread || buy.bought != bought)
			return false;
		if (!skl_fx_quote_sell(buy.sold, 2, 2, rate, bps, &sell) || sell.sold != buy.sold ||
			sell.spread < 0 || sell.spread > sell.sold)
			return false;
		if (sell.bought > bought + 2 * slack || sell.bought < bought - 2 * slack)
			return false;
	}
	return true;
}

static bool
example_of_the_ledger(void)
{
	SklFxRate rate;
	SklFxQuote quote;

	return skl_fx_rate_parse("1.0869565217", &rate) &&
		   skl_fx_quote_buy(100000, 2, 2, rate, 50, &quote) && quote.sold == 92460 &&
		   quote.spread == 460 && quote.bought == 100000 &&
		   skl_fx_quote_sell(92460, 2, 2, rate, 50, &quote) && quote.spread == 460 &&
		   quote.bought == 100000;
}

static bool
digits_are_of_the_currency(void)
{
	SklFxRate rate;
	int64_t result;

	return skl_fx_rate_parse("157.5", &rate) && skl_fx_convert(100, 2, 0, rate, &result) &&
		   result == 158 && skl_fx_convert(300, 2, 0, rate, &result) && result == 472 &&
		   skl_fx_convert(2, 0, 2, skl_fx_rate_invert(rate), &result) && result == 1;
}

static bool
too_much_is_refused(void)
{
	SklFxRate large;
	SklFxRate small;
	SklFxRate product;
	SklFxQuote quote;
	int64_t result;

	return skl_fx_rate_parse("999999999999999999999999999999", &large) &&
		   skl_fx_rate_parse("0.00000000000000000000000000007", &small) &&
		   !skl_fx_convert(INT64_MAX, 0, 4, large, &result) &&
		   !skl_fx_rate_multiply(large, large, &product) &&
		   !skl_fx_quote_buy(INT64_MAX, 2, 2, small, 50, &quote) &&
		   !skl_fx_rate_parse("0", &small) && !skl_fx_rate_parse("-1", &small) &&
		   !skl_fx_rate_parse("1e3", &small) && !skl_fx_rate_parse(".5", &small) &&
		   !skl_fx_rate_parse("", &small) && !skl_fx_rate_parse("1.2.3", &small);
}

static bool
crosses_multiply(void)
{
	SklFxRate eur;
	SklFxRate jpy;
	SklFxRate cross;
	int64_t result;

	return skl_fx_rate_parse("1.10", &eur) && skl_fx_rate_parse("150", &jpy) &&
		   skl_fx_rate_multiply(eur, jpy, &cross) && cross.num == 165 && cross.den == 1 &&
		   skl_fx_convert(1000, 2, 0, cross, &result) && result == 1650;
}

int
main(void)
{
	ok(rounds_once(), "a conversion is off by half a minor unit at most");
	ok(negative_mirrors(), "a negative amount is the mirror of the positive one");
	ok(quotes_agree(), "quotes to buy and to sell agree");
	ok(example_of_the_ledger(), "920.00 EUR are 1,000.00 USD, with a spread of 4.60");
	ok(digits_are_of_the_currency(), "amounts have the digits of their currency");
	ok(too_much_is_refused(), "what does not fit is refused, and so is what is no rate");
	ok(crosses_multiply(), "a cross rate is a product");
	return done_testing();
}
