/*
 * payment/fx_fn.c
 *		Conversions between currencies: the rate in force, quotes, values, and their posting (T15).
 *
 * A pair has a rate of its own, the inverse of one, or a cross of two over the pivot currency of
 * policy fxTerms. The arithmetic is fx.c's. A quote needs a rate that is younger than policy
 * fxMaxAge; a value, which moves no money, takes the last one there is.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/policy.h"
#include "core/spi.h"
#include "payment/fx.h"
#include "payment/payment.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(skl_fn_fx_quote);
PG_FUNCTION_INFO_V1(skl_fn_fx_value);
PG_FUNCTION_INFO_V1(skl_fn_conversion_post);

/* A rate and since when it holds. */
typedef struct Dated
{
	SklFxRate rate;
	TimestampTz since;
} Dated;

/* The last rate of a pair, in either direction; false when there is none. */
static bool
find_pair(const char *from, const char *to, Dated *found)
{
	static SklStmt stmt =
		SKL_STMT("SELECT r.rate::pg_catalog.text, r.valid_from, r.base OPERATOR(pg_catalog.=) $1"
				 " FROM skillancer.fx_rate r WHERE (r.base, r.quote) IN (($1, $2), ($2, $1))"
				 " AND r.valid_from <= $3 ORDER BY r.valid_from DESC, r.id DESC LIMIT 1",
				 TEXTOID, TEXTOID, TIMESTAMPTZOID);
	Datum args[3] = {CStringGetTextDatum(from), CStringGetTextDatum(to),
					 TimestampTzGetDatum(skl_now())};
	bool isnull;

	if (skl_spi_exec(&stmt, args, NULL) != 1)
		return false;
	if (!skl_fx_rate_parse(skl_spi_text(0, 1), &found->rate))
		elog(ERROR, "the rate of %s and %s cannot be used", from, to);
	found->since = DatumGetTimestampTz(skl_spi_value(0, 2, &isnull));
	if (!DatumGetBool(skl_spi_value(0, 3, &isnull)))
		found->rate = skl_fx_rate_invert(found->rate);
	return true;
}

/* The rate from one currency to another: of the pair, else over the pivot. */
static bool
find_rate(const char *from, const char *to, Dated *found)
{
	char *pivot;
	Dated left;
	Dated right;

	if (strcmp(from, to) == 0)
	{
		*found = (Dated){.rate = {.num = 1, .den = 1}, .since = skl_now()};
		return true;
	}
	if (find_pair(from, to, found))
		return true;
	pivot = skl_policy_pinned(skl_policy_value("fxTerms"), "pivot");
	if (pivot == NULL || !find_pair(from, pivot, &left) || !find_pair(pivot, to, &right) ||
		!skl_fx_rate_multiply(left.rate, right.rate, &found->rate))
		return false;
	found->since = Min(left.since, right.since);
	return true;
}

static int
digits_of(const char *currency)
{
	const SklCurrency *found = skl_currency_find(currency, strlen(currency));

	if (found == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("there is no currency \"%s\"", currency)));
	return found->digits;
}

static Numeric
numeric_of(__int128 value)
{
	char digits[48];
	char *at = digits + sizeof(digits) - 1;

	*at = '\0';
	for (; value > 0; value /= 10)
		*--at = (char) ('0' + (int) (value % 10));
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(at),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/* A rate as people read it: ten decimal places. */
static Datum
rate_shown(SklFxRate rate)
{
	Datum quotient = DirectFunctionCall2(numeric_div, NumericGetDatum(numeric_of(rate.num)),
										 NumericGetDatum(numeric_of(rate.den)));

	return DirectFunctionCall2(numeric_round, quotient, Int32GetDatum(10));
}

/* The rate for a quote: an error when there is none, or only an old one. */
static Dated
current_rate(const char *from, const char *to)
{
	Interval *age = skl_policy_interval("fxMaxAge");
	Dated found;

	if (!find_rate(from, to, &found))
		skl_failf(SKL_ERR_RATE_UNAVAILABLE, "there is no exchange rate from %s to %s", from, to);
	if (DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												TimestampTzGetDatum(found.since),
												IntervalPGetDatum(age))) < skl_now())
		skl_failf(SKL_ERR_RATE_UNAVAILABLE, "the exchange rate from %s to %s is too old", from, to);
	return found;
}

static void
make_quote(const char *from, const char *to, int64 minor, bool buy, SklFxRate rate,
		   SklFxQuote *quote)
{
	char *spread = skl_policy_pinned(skl_policy_value("fxTerms"), "spreadBps");
	int32 bps = spread == NULL ? 0 : pg_strtoint32(spread);
	int from_digits = digits_of(from);
	int to_digits = digits_of(to);
	bool fits = buy ? skl_fx_quote_buy(minor, from_digits, to_digits, rate, bps, quote)
					: skl_fx_quote_sell(minor, from_digits, to_digits, rate, bps, quote);

	if (!fits)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the amount is out of range for a conversion")));
}

/*
 * fx_quote(from text, to text, minor bigint, buy boolean, OUT sold, OUT spread, OUT bought, OUT
 * rate, OUT rate_at): minor units of "to" that are bought, or of "from" that are sold.
 * RATE_UNAVAILABLE without a current rate.
 */
Datum
skl_fn_fx_quote(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	char *from = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char *to = text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool nulls[5] = {false};
	Datum values[5];
	TupleDesc desc;
	SklFxQuote quote;
	Dated rate;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "fx_quote() returns a row");
	skl_spi_connect();
	rate = current_rate(from, to);
	make_quote(from, to, PG_GETARG_INT64(2), PG_GETARG_BOOL(3), rate.rate, &quote);
	skl_spi_finish();
	MemoryContextSwitchTo(caller);
	values[0] = MonetaryPGetDatum(skl_monetary_make(quote.sold, from));
	values[1] = MonetaryPGetDatum(skl_monetary_make(quote.spread, from));
	values[2] = MonetaryPGetDatum(skl_monetary_make(quote.bought, to));
	values[3] = rate_shown(rate.rate);
	values[4] = TimestampTzGetDatum(rate.since);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * fx_value(amount monetary, currency text) returns monetary: what it is worth by the last rate,
 * however old; NULL without one.
 */
Datum
skl_fn_fx_value(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	SklMonetary *amount = PG_GETARG_MONETARY_P(0);
	char *to = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int64 minor;
	Dated rate;
	bool known;

	skl_spi_connect();
	known = find_rate(amount->currency, to, &rate);
	skl_spi_finish();
	MemoryContextSwitchTo(caller);
	if (!known || !skl_fx_convert(amount->minor, digits_of(amount->currency), digits_of(to),
								  rate.rate, &minor))
		PG_RETURN_NULL();
	PG_RETURN_MONETARY_P(skl_monetary_make(minor, to));
}

/* conversion_post(conversion uuid): T15, by the row of the conversion. */
Datum
skl_fn_conversion_post(PG_FUNCTION_ARGS)
{
	static SklStmt stmt =
		SKL_STMT("SELECT c.user_id, c.sold, c.spread, c.bought FROM skillancer.conversion c"
				 " WHERE c.id = $1",
				 UUIDOID);
	Datum args[1] = {PG_GETARG_DATUM(0)};
	SklPosting posting;
	SklMonetary sold;
	SklMonetary spread;
	SklMonetary bought;
	pg_uuid_t user;
	SklHolder wallet = {.owner = &user};
	bool isnull;

	skl_spi_connect();
	if (skl_spi_exec(&stmt, args, NULL) != 1)
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	memcpy(&user, DatumGetPointer(skl_spi_value(0, 1, &isnull)), sizeof(user));
	sold = *DatumGetMonetaryP(skl_spi_value(0, 2, &isnull));
	spread = *DatumGetMonetaryP(skl_spi_value(0, 3, &isnull));
	bought = *DatumGetMonetaryP(skl_spi_value(0, 4, &isnull));
	skl_posting_start(&posting, sold.currency);
	skl_posting_debit(&posting, "client_wallet", wallet, sold.minor);
	skl_posting_credit(&posting, "fx_position", (SklHolder){0}, sold.minor - spread.minor);
	skl_posting_credit(&posting, "revenue_fx", (SklHolder){0}, spread.minor);
	skl_posting_switch(&posting, bought.currency);
	skl_posting_debit(&posting, "fx_position", (SklHolder){0}, bought.minor);
	skl_posting_credit(&posting, "client_wallet", wallet, bought.minor);
	skl_posting_send(&posting, "conversion", PG_GETARG_UUID_P(0));
	skl_spi_finish();
	PG_RETURN_VOID();
}
