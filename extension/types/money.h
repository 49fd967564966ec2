/*
 * types/money.h
 *		Amounts of money as plain C: parsing, writing and exact arithmetic, without PostgreSQL.
 *
 * An amount is a count of minor units (cents, yen, fils) and a currency. There are no floating
 * point numbers anywhere, and nothing is rounded unless a rounding rule is named.
 */
#ifndef SKL_TYPES_MONEY_H
#define SKL_TYPES_MONEY_H

#include "types/parse.h"

#define SKL_CURRENCY_LEN 3

/* The value of SQL type monetary, stored as it is; hashing and "=" read every byte. */
typedef struct SklMonetary
{
	int64_t minor;	  /* minor units */
	char currency[4]; /* ISO 4217 code with its NUL */
	int32_t zero;	  /* always zero */
} SklMonetary;

/* One row of currencies.def. */
typedef struct SklCurrency
{
	char code[4];
	int16_t number; /* ISO 4217 numeric code, 0 for our own */
	int16_t digits; /* decimal places */
} SklCurrency;

/* What to do with a fraction of a minor unit. */
typedef enum SklRounding
{
	SKL_ROUND_HALF_EVEN,
	SKL_ROUND_HALF_UP,	 /* half away from zero */
	SKL_ROUND_HALF_DOWN, /* half toward zero */
	SKL_ROUND_UP,		 /* away from zero */
	SKL_ROUND_DOWN,		 /* toward zero */
	SKL_ROUND_CEILING,	 /* toward plus infinity */
	SKL_ROUND_FLOOR		 /* toward minus infinity */
} SklRounding;

/* Longest text of an amount with its NUL: sign, 20 digits and point, space, code. */
#define SKL_MONEY_MAX 32

/* Most parts that one amount is divided into. */
#define SKL_MONEY_MAX_PARTS 10000

/* The currency of a three-letter code in upper case; NULL when there is none. */
extern const SklCurrency *skl_currency_find(const char *code, size_t len);

/* The row of currencies.def at this place; NULL past the end. */
extern const SklCurrency *skl_currency_at(size_t index);

/*
 * Reads a decimal number exactly into minor units of a currency with this many digits: optional
 * sign, at least one digit, at most `digits` decimal places.
 */
extern SklParseError skl_money_parse_amount(const char *str, size_t len, int digits,
											int64_t *minor);

/* Reads "1234.50 USD" or "USD 1234.50", white space around allowed. */
extern SklParseError skl_money_parse(const char *str, size_t len, SklMonetary *out);

/* Writes the number without its currency and a NUL; returns the length. */
extern size_t skl_money_write_amount(int64_t minor, int digits, char *out);

/* Writes "1234.50 USD" and a NUL; returns the length. */
extern size_t skl_money_write(const SklMonetary *money, char *out);

/* Currency first, then amount: a total order, never an error. */
extern int skl_money_compare(const SklMonetary *a, const SklMonetary *b);

/*
 * Divides an amount in proportion to weights (not negative, not all zero) by largest remainders:
 * the parts add up to the amount exactly, each is less than one unit off its exact share, ties go
 * to the earlier part, and a weight of zero gets nothing. False when the weights are not valid.
 */
extern bool skl_money_allocate(int64_t minor, const int32_t *weights, int n, int64_t *parts);

/* Divides into n equal parts that add up exactly; the earlier ones get the units left over. */
extern bool skl_money_split(int64_t minor, int n, int64_t *parts);

/* minor × bps / 10,000 under a rounding rule; false when the result does not fit. */
extern bool skl_money_apply_bps(int64_t minor, int64_t bps, SklRounding rounding, int64_t *result);

/* The rounding rule of a name such as "half_even"; false when there is none. */
extern bool skl_rounding_find(const char *name, SklRounding *rounding);

#endif
