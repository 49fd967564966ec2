/*
 * test/c/money_test.c
 *		Properties of money that must hold for every input: division never loses a unit, rounding
 *		agrees with a slow exact calculation, texts come back. A million random cases each.
 */
#include "skl.h"

#include "types/money.h"

#include "random.h"
#include "tap.h"

#define CASES 1000000
#define MOST_PARTS 64

/* Parts add up to the whole and keep its sign. */
static bool
adds_up(int64_t minor, const int64_t *parts, int n)
{
	__int128 sum = 0;
	int i;

	for (i = 0; i < n; i++)
	{
		if ((minor >= 0 && parts[i] < 0) || (minor <= 0 && parts[i] > 0))
			return false;
		sum += parts[i];
	}
	return sum == minor;
}

static bool
split_is_even(void)
{
	int64_t parts[MOST_PARTS];
	int i;

	for (i = 0; i < CASES; i++)
	{
		int64_t minor = random_amount();
		int n = 1 + (int) random_below(MOST_PARTS);
		int64_t gap;

		if (!skl_money_split(minor, n, parts) || !adds_up(minor, parts, n))
			return false;
		gap = parts[0] - parts[n - 1];
		if (gap > 1 || gap < -1)
			return false;
	}
	return true;
}

/* Each part is less than one unit off its exact share; a weight of zero gets nothing. */
static bool
shares_are_fair(int64_t minor, const int32_t *weights, const int64_t *parts, int n, int64_t total)
{
	int i;

	for (i = 0; i < n; i++)
	{
		__int128 off = (__int128) parts[i] * total - (__int128) minor * weights[i];

		if (off >= total || off <= -total || (weights[i] == 0 && parts[i] != 0))
			return false;
	}
	return true;
}

static bool
allocation_is_fair(void)
{
	int32_t weights[MOST_PARTS];
	int64_t parts[MOST_PARTS];
	int i;

	for (i = 0; i < CASES; i++)
	{
		int64_t minor = random_amount();
		int n = 1 + (int) random_below(i % 16 == 0 ? MOST_PARTS : 6);
		int64_t total = 0;
		int j;

		for (j = 0; j < n; j++)
		{
			weights[j] = (int32_t) (random_u64() & INT32_MAX) >> random_below(32);
			total += weights[j];
		}
		if (skl_money_allocate(minor, weights, n, parts) != (total > 0))
			return false;
		if (total > 0 &&
			(!adds_up(minor, parts, n) || !shares_are_fair(minor, weights, parts, n, total)))
			return false;
	}
	return true;
}

/* The exact result lies between the neighbours that a rule may choose. */
static bool
rounding_is_exact(void)
{
	int i;

	for (i = 0; i < CASES; i++)
	{
		int64_t minor = random_amount() / 4;
		int64_t bps = (int64_t) random_below(40001) - 20000;
		__int128 exact = (__int128) minor * bps;
		int64_t result[SKL_ROUND_FLOOR + 1];
		int r;

		for (r = SKL_ROUND_HALF_EVEN; r <= SKL_ROUND_FLOOR; r++)
		{
			__int128 off;

			if (!skl_money_apply_bps(minor, bps, (SklRounding) r, &result[r]))
				return false;
			off = (__int128) result[r] * 10000 - exact;
			if (off >= 10000 || off <= -10000 ||
				(r <= SKL_ROUND_HALF_DOWN && (off > 5000 || off < -5000)))
				return false;
			if (off * 2 == 10000 || off * 2 == -10000)
				if (r == SKL_ROUND_HALF_EVEN && result[r] % 2 != 0)
					return false;
		}
		if (result[SKL_ROUND_FLOOR] > result[SKL_ROUND_CEILING] ||
			(__int128) result[SKL_ROUND_FLOOR] * 10000 > exact ||
			(__int128) result[SKL_ROUND_CEILING] * 10000 < exact)
			return false;
	}
	return true;
}

static bool
texts_come_back(void)
{
	size_t n_currencies = 0;
	int i;

	while (skl_currency_at(n_currencies) != NULL)
		n_currencies++;
	for (i = 0; i < CASES; i++)
	{
		const SklCurrency *currency = skl_currency_at(random_below((uint32_t) n_currencies));
		SklMonetary money = {.minor = random_amount()};
		SklMonetary again;
		char text[SKL_MONEY_MAX];
		size_t len;

		memcpy(money.currency, currency->code, sizeof(money.currency));
		len = skl_money_write(&money, text);
		if (len >= SKL_MONEY_MAX || skl_money_parse(text, len, &again) != SKL_PARSE_OK ||
			memcmp(&money, &again, sizeof(money)) != 0)
			return false;
	}
	return true;
}

/* The table is sorted without doubles, as its binary search needs. */
static bool
currencies_are_sorted(void)
{
	size_t i;

	for (i = 0; skl_currency_at(i) != NULL; i++)
	{
		const SklCurrency *currency = skl_currency_at(i);

		if (skl_currency_find(currency->code, SKL_CURRENCY_LEN) != currency)
			return false;
		if (i > 0 && strcmp(skl_currency_at(i - 1)->code, currency->code) >= 0)
			return false;
	}
	return i > 150;
}

int
main(void)
{
	int64_t parts[2];
	int32_t weights[] = {1, -1};
	int64_t result;

	ok(currencies_are_sorted(), "currencies are sorted and found");
	ok(split_is_even(), "split: a million amounts, no unit lost, parts one unit apart at most");
	ok(allocation_is_fair(),
	   "allocate: a million amounts, no unit lost, parts within one unit of their share");
	ok(rounding_is_exact(),
	   "apply_bps: a million amounts, seven rules agree with the exact product");
	ok(texts_come_back(), "a million amounts come back from their text");
	ok(!skl_money_allocate(100, weights, 2, parts), "a negative weight is refused");
	ok(!skl_money_split(100, 0, parts), "no parts are refused");
	ok(!skl_money_apply_bps(INT64_MAX, 10001, SKL_ROUND_DOWN, &result), "overflow is refused");
	ok(skl_money_apply_bps(INT64_MIN, 10000, SKL_ROUND_DOWN, &result) && result == INT64_MIN,
	   "the lowest amount is an amount");
	return done_testing();
}
