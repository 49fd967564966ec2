/*
 * payment/fx.h
 *		Conversion between currencies: exact rational arithmetic, no PostgreSQL.
 *
 * A rate is a fraction of whole numbers: units of the bought currency for one unit of the sold one.
 * Every amount is rounded once, half to even, to the minor unit of its currency. The spread is a
 * part of the sold amount, shown and booked apart from what is converted at the rate.
 */
#ifndef SKL_PAYMENT_FX_H
#define SKL_PAYMENT_FX_H

#include <stdbool.h>
#include <stdint.h>

/* num / den, both positive and without a common factor. */
typedef struct SklFxRate
{
	__int128 num;
	__int128 den;
} SklFxRate;

/* What a conversion moves, in minor units: sold includes the spread. */
typedef struct SklFxQuote
{
	int64_t sold;
	int64_t spread;
	int64_t bought;
} SklFxQuote;

/* Reads a positive decimal number such as "1.0869565217" (at most 30 digits); false otherwise. */
extern bool skl_fx_rate_parse(const char *str, SklFxRate *rate);

/* 1 / rate. */
extern SklFxRate skl_fx_rate_invert(SklFxRate rate);

/* The product of two rates; false when it does not fit. */
extern bool skl_fx_rate_multiply(SklFxRate a, SklFxRate b, SklFxRate *product);

/*
 * minor units of a currency with "from" decimal digits into one with "to", rounded half to even;
 * false when it does not fit. The amount may be negative.
 */
extern bool skl_fx_convert(int64_t minor, int from, int to, SklFxRate rate, int64_t *result);

/*
 * The quote for buying exactly "bought": what has to be sold for it at the rate, and the spread of
 * bps hundredths of a percent of that on top. False when something does not fit.
 */
extern bool skl_fx_quote_buy(int64_t bought, int from, int to, SklFxRate rate, int32_t bps,
							 SklFxQuote *quote);

/*
 * The quote for giving exactly "sold", spread included: the part that is converted is sold × 10,000
 * / (10,000 + bps), rounded down, so that no fraction is lost to the seller twice.
 */
extern bool skl_fx_quote_sell(int64_t sold, int from, int to, SklFxRate rate, int32_t bps,
							  SklFxQuote *quote);

#endif
