/*
 * test/c/hours_test.c
 *		Properties of the price of time: exact to half a minor unit, never less for more, no
 * wrapping.
 */
#include "skl.h"

#include "booking/hours.h"

#include "random.h"
#include "tap.h"

#define CASES 200000

/* |60 * price - rate * minutes| is at most 30, and at 30 the price is even. */
static bool
nearest_half_even(void)
{
	int c;

	for (c = 0; c < CASES; c++)
	{
		int64_t rate = (int64_t) random_below(100000000);
		int64_t minutes = (int64_t) random_below(10081);
		int64_t price;
		int64_t off;

		if (!skl_hours_price(rate, minutes, &price))
			return false;
		off = 60 * price - rate * minutes;
		if (off > 30 || off < -30 || ((off == 30 || off == -30) && price % 2 != 0))
			return false;
	}
	return true;
}

static bool
more_is_not_cheaper(void)
{
	int c;

	for (c = 0; c < CASES; c++)
	{
		int64_t rate = (int64_t) random_below(100000);
		int64_t minutes = (int64_t) random_below(10080);
		int64_t less;
		int64_t more;

		if (!skl_hours_price(rate, minutes, &less) || !skl_hours_price(rate, minutes + 1, &more) ||
			more < less)
			return false;
	}
	return true;
}

static bool
never_wraps(void)
{
	int c;

	for (c = 0; c < CASES; c++)
	{
		int64_t rate = random_amount();
		int64_t minutes = random_amount();
		int64_t price;

		if (skl_hours_price(rate, minutes, &price) && (rate < 0 || minutes < 0 || price < 0))
			return false;
	}
	return true;
}

int
main(void)
{
	int64_t price = 0;

	ok(skl_hours_price(10000, 120, &price) && price == 20000, "120 minutes at 100.00 are 200.00");
	ok(skl_hours_price(30, 1, &price) && price == 0, "half a unit goes to the even one below");
	ok(skl_hours_price(90, 1, &price) && price == 2, "and above");
	ok(!skl_hours_price(INT64_MAX, 2, &price), "an overflow is refused");
	ok(!skl_hours_price(-1, 1, &price) && !skl_hours_price(1, -1, &price),
	   "so is less than nothing");
	ok(nearest_half_even(), "random prices are the nearest, ties even");
	ok(more_is_not_cheaper(), "a minute more is never cheaper");
	ok(never_wraps(), "no price wraps round");
	return done_testing();
}
