/*
 * types/money.c
 *		Amounts of money as plain C, see money.h.
 *
 * Texts are read digit by digit into an unsigned magnitude, so that the smallest int64 is as valid
 * as any other and no intermediate step can overflow unseen. Shares are computed in 128 bits.
 */
#include "skl.h"

#include "types/money.h"

typedef __int128 Wide;

static const char *const rounding_names[] = {
	[SKL_ROUND_HALF_EVEN] = "half_even", [SKL_ROUND_HALF_UP] = "half_up",
	[SKL_ROUND_HALF_DOWN] = "half_down", [SKL_ROUND_UP] = "up",
	[SKL_ROUND_DOWN] = "down",			 [SKL_ROUND_CEILING] = "ceiling",
	[SKL_ROUND_FLOOR] = "floor",
};

bool
skl_rounding_find(const char *name, SklRounding *rounding)
{
	size_t i;

	for (i = 0; i < sizeof(rounding_names) / sizeof(rounding_names[0]); i++)
		if (strcmp(name, rounding_names[i]) == 0)
		{
			*rounding = (SklRounding) i;
			return true;
		}
	return false;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Appends one decimal digit to a magnitude; false when it leaves 64 bits. */
static bool
push_digit(uint64_t *magnitude, unsigned digit)
{
	return !__builtin_mul_overflow(*magnitude, (uint64_t) 10, magnitude) &&
		   !__builtin_add_overflow(*magnitude, (uint64_t) digit, magnitude);
}

/* Gives a magnitude its sign; false when it does not fit into int64. */
static bool
apply_sign(uint64_t magnitude, bool negative, int64_t *result)
{
	if (magnitude > (uint64_t) INT64_MAX + (negative ? 1 : 0))
		return false;
	*result = negative ? (int64_t) (0 - magnitude) : (int64_t) magnitude;
	return true;
}

SklParseError
skl_money_parse_amount(const char *str, size_t len, int digits, int64_t *minor)
{
	uint64_t magnitude = 0;
	bool negative = false;
	bool fits = true;
	int decimals = 0;
	size_t pos = 0;

	if (pos < len && (str[pos] == '-' || str[pos] == '+'))
		negative = str[pos++] == '-';
	if (pos == len || !is_digit(str[pos]))
		return SKL_PARSE_SYNTAX;
	for (; pos < len && is_digit(str[pos]); pos++)
		fits = fits && push_digit(&magnitude, (unsigned) (str[pos] - '0'));
	if (pos < len && str[pos] == '.')
	{
		pos++;
		if (pos == len)
			return SKL_PARSE_SYNTAX;
		for (; pos < len && is_digit(str[pos]); pos++)
		{
			if (decimals < digits)
				fits = fits && push_digit(&magnitude, (unsigned) (str[pos] - '0'));
			if (decimals <= digits)
				decimals++;
		}
	}
	if (pos < len)
		return SKL_PARSE_SYNTAX;
	if (decimals > digits)
		return SKL_PARSE_EXCESS_DIGITS;
	for (; decimals < digits; decimals++)
		fits = fits && push_digit(&magnitude, 0);
	return fits && apply_sign(magnitude, negative, minor) ? SKL_PARSE_OK : SKL_PARSE_OUT_OF_RANGE;
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Cuts "1234.50 USD" or "USD 1234.50" into its two halves; white space between is optional. */
static bool
cut_halves(const char **str, size_t *len, const char **code, size_t *code_len)
{
	const char *end = *str + *len;
	const char *p = *str;

	if (is_letter(*p))
	{
		*code = p;
		while (p < end && is_letter(*p))
			p++;
		*code_len = (size_t) (p - *code);
		*str = p;
		*len = (size_t) (end - p);
	}
	else
	{
		p = end;
		while (p > *str && is_letter(p[-1]))
			p--;
		*code = p;
		*code_len = (size_t) (end - p);
		*len -= *code_len;
	}
	skl_trim(str, len);
	return *code_len > 0 && *len > 0;
}

SklParseError
skl_money_parse(const char *str, size_t len, SklMonetary *out)
{
	const SklCurrency *currency;
	const char *code;
	size_t code_len;

	skl_trim(&str, &len);
	if (len == 0)
		return SKL_PARSE_EMPTY;
	if (!cut_halves(&str, &len, &code, &code_len))
		return SKL_PARSE_SYNTAX;
	currency = skl_currency_find(code, code_len);
	if (currency == NULL)
		return SKL_PARSE_CURRENCY;
	memset(out, 0, sizeof(*out));
	memcpy(out->currency, currency->code, sizeof(out->currency));
	return skl_money_parse_amount(str, len, currency->digits, &out->minor);
}

size_t
skl_money_write_amount(int64_t minor, int digits, char *out)
{
	char reversed[SKL_MONEY_MAX];
	uint64_t magnitude = minor < 0 ? 0 - (uint64_t) minor : (uint64_t) minor;
	size_t n = 0;
	size_t pos = 0;
	int written = 0;

	do
	{
		reversed[n++] = (char) ('0' + magnitude % 10);
		magnitude /= 10;
		if (++written == digits)
			reversed[n++] = '.';
	} while (magnitude > 0 || written <= digits);
	if (minor < 0)
		out[pos++] = '-';
	while (n > 0)
		out[pos++] = reversed[--n];
	out[pos] = '\0';
	return pos;
}

size_t
skl_money_write(const SklMonetary *money, char *out)
{
	const SklCurrency *currency = skl_currency_find(money->currency, SKL_CURRENCY_LEN);
	size_t pos = skl_money_write_amount(money->minor, currency != NULL ? currency->digits : 0, out);

	out[pos++] = ' ';
	memcpy(out + pos, money->currency, SKL_CURRENCY_LEN);
	pos += SKL_CURRENCY_LEN;
	out[pos] = '\0';
	return pos;
}

int
skl_money_compare(const SklMonetary *a, const SklMonetary *b)
{
	int order = memcmp(a->currency, b->currency, SKL_CURRENCY_LEN);

	if (order != 0)
		return order < 0 ? -1 : 1;
	return (a->minor > b->minor) - (a->minor < b->minor);
}

/* A part that is owed one of the units left over: its remainder and its place. */
typedef struct Claim
{
	uint64_t remainder;
	int place;
} Claim;

/* True when claim a comes before claim b: larger remainder first, then the earlier part. */
static bool
claim_first(const Claim *a, const Claim *b)
{
	return a->remainder != b->remainder ? a->remainder > b->remainder : a->place < b->place;
}

/* Restores the heap property below one node; the root is the claim that comes first. */
static void
sift_down(Claim *heap, int n, int node)
{
	Claim moving = heap[node];

	for (;;)
	{
		int child = 2 * node + 1;

		if (child >= n)
			break;
		if (child + 1 < n && claim_first(&heap[child + 1], &heap[child]))
			child++;
		if (!claim_first(&heap[child], &moving))
			break;
		heap[node] = heap[child];
		node = child;
	}
	heap[node] = moving;
}

/* Gives the units left over, one each, to the parts with the largest remainders. */
static void
give_leftover(Claim *claims, int n, uint64_t leftover, int64_t sign, int64_t *parts)
{
	int node;

	for (node = n / 2 - 1; node >= 0; node--)
		sift_down(claims, n, node);
	for (; leftover > 0; leftover--)
	{
		parts[claims[0].place] += sign;
		claims[0] = claims[--n];
		sift_down(claims, n, 0);
	}
}

bool
skl_money_allocate(int64_t minor, const int32_t *weights, int n, int64_t *parts)
{
	static _Thread_local Claim claims[SKL_MONEY_MAX_PARTS];
	uint64_t magnitude = minor < 0 ? 0 - (uint64_t) minor : (uint64_t) minor;
	int64_t sign = minor < 0 ? -1 : 1;
	uint64_t leftover = magnitude;
	uint64_t total = 0;
	int i;

	if (n < 1 || n > SKL_MONEY_MAX_PARTS)
		return false;
	for (i = 0; i < n; i++)
	{
		if (weights[i] < 0)
			return false;
		total += (uint64_t) weights[i];
	}
	if (total == 0)
		return false;
	for (i = 0; i < n; i++)
	{
		unsigned __int128 product = magnitude * (unsigned __int128) weights[i];
		uint64_t share = (uint64_t) (product / total);

		parts[i] = sign < 0 ? (int64_t) (0 - share) : (int64_t) share;
		leftover -= share;
		claims[i].remainder = (uint64_t) (product % total);
		claims[i].place = i;
	}
	give_leftover(claims, n, leftover, sign, parts);
	return true;
}

bool
skl_money_split(int64_t minor, int n, int64_t *parts)
{
	int64_t share;
	int64_t leftover;
	int i;

	if (n < 1 || n > SKL_MONEY_MAX_PARTS)
		return false;
	share = minor / n;
	leftover = minor % n;
	for (i = 0; i < n; i++)
	{
		parts[i] = share;
		if (leftover > 0 && i < leftover)
			parts[i]++;
		if (leftover < 0 && i < -leftover)
			parts[i]--;
	}
	return true;
}

/* Whether a quotient with this remainder moves one unit away from zero. */
static bool
rounds_away(SklRounding rounding, bool negative, bool odd, Wide remainder, Wide divisor)
{
	Wide twice = remainder * 2;

	if (remainder == 0)
		return false;
	switch (rounding)
	{
		case SKL_ROUND_HALF_EVEN:
			return twice > divisor || (twice == divisor && odd);
		case SKL_ROUND_HALF_UP:
			return twice >= divisor;
		case SKL_ROUND_HALF_DOWN:
			return twice > divisor;
		case SKL_ROUND_UP:
			return true;
		case SKL_ROUND_DOWN:
			return false;
		case SKL_ROUND_CEILING:
			return !negative;
		case SKL_ROUND_FLOOR:
			return negative;
	}
	return false;
}

bool
skl_money_apply_bps(int64_t minor, int64_t bps, SklRounding rounding, int64_t *result)
{
	const Wide divisor = 10000;
	Wide product = (Wide) minor * bps;
	bool negative = product < 0;
	Wide magnitude = negative ? -product : product;
	Wide quotient = magnitude / divisor;

	if (rounds_away(rounding, negative, (quotient & 1) != 0, magnitude % divisor, divisor))
		quotient++;
	if (quotient > (Wide) INT64_MAX + (negative ? 1 : 0))
		return false;
	*result = (int64_t) (negative ? -quotient : quotient);
	return true;
}
