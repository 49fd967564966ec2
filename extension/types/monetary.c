/*
 * types/monetary.c
 *		SQL type monetary: an amount in minor units plus an ISO 4217 code. Text and binary I/O,
 *		comparison, hashing, + - ×, and the steps of its aggregates.
 *
 * The arithmetic and the parser are in types/money.c. Comparison is a total order (currency, then
 * amount) and never fails, so indexes, sorting and GROUP BY take mixed currencies; adding them is
 * an error.
 */
#include "skl.h"

#include "types/monetary.h"

#include "common/hashfn.h"
#include "common/int.h"
#include "libpq/pqformat.h"

SklMonetary *
skl_monetary_make(int64 minor, const char *code)
{
	const SklCurrency *currency = skl_currency_find(code, strlen(code));
	SklMonetary *money;

	if (currency == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown currency: \"%s\"", code),
				 errhint("Use an ISO 4217 code in upper case, such as USD.")));
	money = (SklMonetary *) palloc0(sizeof(SklMonetary));
	money->minor = minor;
	memcpy(money->currency, currency->code, sizeof(money->currency));
	return money;
}

/* Raises the error of a literal that is not valid. */
static void
literal_error(const char *str, SklParseError error)
{
	if (error == SKL_PARSE_OUT_OF_RANGE)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("value \"%s\" is out of range for type monetary", str)));
	if (error == SKL_PARSE_CURRENCY)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input syntax for type monetary: \"%s\"", str),
						errdetail("There is no such currency."),
						errhint("Use an ISO 4217 code in upper case, such as USD.")));
	if (error == SKL_PARSE_EXCESS_DIGITS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input syntax for type monetary: \"%s\"", str),
						errdetail("The amount has more decimal places than its currency."),
						errhint("Amounts are never rounded on input: round it first.")));
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid input syntax for type monetary: \"%s\"", str),
					errhint("Write it as 1234.50 USD or USD 1234.50.")));
}

SklMonetary *
skl_monetary_from_text(const char *str)
{
	SklMonetary *money = (SklMonetary *) palloc0(sizeof(SklMonetary));
	SklParseError error = skl_money_parse(str, strlen(str), money);

	if (error != SKL_PARSE_OK)
		literal_error(str, error);
	return money;
}

void
skl_monetary_same_currency(const SklMonetary *a, const SklMonetary *b, const char *verb)
{
	if (memcmp(a->currency, b->currency, SKL_CURRENCY_LEN) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot %s amounts in different currencies", verb),
				 errdetail("One amount is in %s, the other in %s.", a->currency, b->currency),
				 errhint("Convert one of them first, or group by monetary_currency().")));
}

static void
range_error(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("monetary out of range")));
}

/* A copy of an amount with another number of minor units. */
static SklMonetary *
with_minor(const SklMonetary *money, int64 minor)
{
	SklMonetary *result = (SklMonetary *) palloc(sizeof(SklMonetary));

	*result = *money;
	result->minor = minor;
	return result;
}

PG_FUNCTION_INFO_V1(skl_monetary_in);
PG_FUNCTION_INFO_V1(skl_monetary_out);
PG_FUNCTION_INFO_V1(skl_monetary_recv);
PG_FUNCTION_INFO_V1(skl_monetary_send);

/* monetary_in(cstring): "1234.50 USD" or "USD 1234.50". */
Datum
skl_monetary_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_MONETARY_P(skl_monetary_from_text(PG_GETARG_CSTRING(0)));
}

/* monetary_out(monetary): "1234.50 USD". */
Datum
skl_monetary_out(PG_FUNCTION_ARGS)
{
	char *str = (char *) palloc(SKL_MONEY_MAX);

	skl_money_write(PG_GETARG_MONETARY_P(0), str);
	PG_RETURN_CSTRING(str);
}

/* monetary_recv(internal): int64 minor units, then the three letters of the currency. */
Datum
skl_monetary_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int64 minor = pq_getmsgint64(message);
	const char *code = pq_getmsgbytes(message, SKL_CURRENCY_LEN);
	const SklCurrency *currency = skl_currency_find(code, SKL_CURRENCY_LEN);

	if (currency == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("invalid currency in external monetary value")));
	PG_RETURN_MONETARY_P(skl_monetary_make(minor, currency->code));
}

/* monetary_send(monetary): the form that monetary_recv reads. */
Datum
skl_monetary_send(PG_FUNCTION_ARGS)
{
	const SklMonetary *money = PG_GETARG_MONETARY_P(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendint64(&message, money->minor);
	pq_sendbytes(&message, money->currency, SKL_CURRENCY_LEN);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* The six comparison operators. */
#define MONETARY_COMPARISON(name, op)                                                             \
	PG_FUNCTION_INFO_V1(skl_monetary_##name);                                                     \
	Datum skl_monetary_##name(PG_FUNCTION_ARGS)                                                   \
	{                                                                                             \
		PG_RETURN_BOOL(skl_money_compare(PG_GETARG_MONETARY_P(0), PG_GETARG_MONETARY_P(1)) op 0); \
	}

MONETARY_COMPARISON(eq, ==)
MONETARY_COMPARISON(ne, !=)
MONETARY_COMPARISON(lt, <)
MONETARY_COMPARISON(le, <=)
MONETARY_COMPARISON(ge, >=)
MONETARY_COMPARISON(gt, >)

PG_FUNCTION_INFO_V1(skl_monetary_cmp);
PG_FUNCTION_INFO_V1(skl_monetary_hash);
PG_FUNCTION_INFO_V1(skl_monetary_hash_extended);

/* monetary_cmp(monetary, monetary) returns -1, 0 or 1. */
Datum
skl_monetary_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(skl_money_compare(PG_GETARG_MONETARY_P(0), PG_GETARG_MONETARY_P(1)));
}

/* monetary_hash(monetary): over all bytes; the last four are always zero. */
Datum
skl_monetary_hash(PG_FUNCTION_ARGS)
{
	return hash_any((const unsigned char *) PG_GETARG_MONETARY_P(0), sizeof(SklMonetary));
}

/* monetary_hash_extended(monetary, bigint): the same with a seed. */
Datum
skl_monetary_hash_extended(PG_FUNCTION_ARGS)
{
	return hash_any_extended((const unsigned char *) PG_GETARG_MONETARY_P(0), sizeof(SklMonetary),
							 (uint64) PG_GETARG_INT64(1));
}

PG_FUNCTION_INFO_V1(skl_monetary_add);
PG_FUNCTION_INFO_V1(skl_monetary_subtract);
PG_FUNCTION_INFO_V1(skl_monetary_negate);
PG_FUNCTION_INFO_V1(skl_monetary_identity);
PG_FUNCTION_INFO_V1(skl_monetary_multiply);
PG_FUNCTION_INFO_V1(skl_monetary_multiply_left);
PG_FUNCTION_INFO_V1(skl_monetary_smaller);
PG_FUNCTION_INFO_V1(skl_monetary_larger);

/* monetary + monetary */
Datum
skl_monetary_add(PG_FUNCTION_ARGS)
{
	const SklMonetary *a = PG_GETARG_MONETARY_P(0);
	const SklMonetary *b = PG_GETARG_MONETARY_P(1);
	int64 sum;

	skl_monetary_same_currency(a, b, "add");
	if (pg_add_s64_overflow(a->minor, b->minor, &sum))
		range_error();
	PG_RETURN_MONETARY_P(with_minor(a, sum));
}

/* monetary - monetary */
Datum
skl_monetary_subtract(PG_FUNCTION_ARGS)
{
	const SklMonetary *a = PG_GETARG_MONETARY_P(0);
	const SklMonetary *b = PG_GETARG_MONETARY_P(1);
	int64 difference;

	skl_monetary_same_currency(a, b, "subtract");
	if (pg_sub_s64_overflow(a->minor, b->minor, &difference))
		range_error();
	PG_RETURN_MONETARY_P(with_minor(a, difference));
}

/* - monetary */
Datum
skl_monetary_negate(PG_FUNCTION_ARGS)
{
	const SklMonetary *money = PG_GETARG_MONETARY_P(0);

	if (money->minor == PG_INT64_MIN)
		range_error();
	PG_RETURN_MONETARY_P(with_minor(money, -money->minor));
}

/* + monetary */
Datum
skl_monetary_identity(PG_FUNCTION_ARGS)
{
	const SklMonetary *money = PG_GETARG_MONETARY_P(0);

	PG_RETURN_MONETARY_P(with_minor(money, money->minor));
}

static SklMonetary *
multiply(const SklMonetary *money, int64 factor)
{
	int64 product;

	if (pg_mul_s64_overflow(money->minor, factor, &product))
		range_error();
	return with_minor(money, product);
}

/* monetary * bigint */
Datum
skl_monetary_multiply(PG_FUNCTION_ARGS)
{
	PG_RETURN_MONETARY_P(multiply(PG_GETARG_MONETARY_P(0), PG_GETARG_INT64(1)));
}

/* bigint * monetary */
Datum
skl_monetary_multiply_left(PG_FUNCTION_ARGS)
{
	PG_RETURN_MONETARY_P(multiply(PG_GETARG_MONETARY_P(1), PG_GETARG_INT64(0)));
}

/* Step of min(monetary); mixed currencies are an error. */
Datum
skl_monetary_smaller(PG_FUNCTION_ARGS)
{
	SklMonetary *a = PG_GETARG_MONETARY_P(0);
	SklMonetary *b = PG_GETARG_MONETARY_P(1);

	skl_monetary_same_currency(a, b, "compare");
	PG_RETURN_MONETARY_P(a->minor <= b->minor ? a : b);
}

/* Step of max(monetary); mixed currencies are an error. */
Datum
skl_monetary_larger(PG_FUNCTION_ARGS)
{
	SklMonetary *a = PG_GETARG_MONETARY_P(0);
	SklMonetary *b = PG_GETARG_MONETARY_P(1);

	skl_monetary_same_currency(a, b, "compare");
	PG_RETURN_MONETARY_P(a->minor >= b->minor ? a : b);
}
