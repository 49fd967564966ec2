/*
 * types/monetary_fn.c
 *		SQL functions of monetary beyond its operators: accessors, constructors, casts to and from
 *		numeric and JSON, division into parts, basis points.
 */
#include "skl.h"

#include "types/monetary.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(skl_monetary_minor);
PG_FUNCTION_INFO_V1(skl_monetary_currency);
PG_FUNCTION_INFO_V1(skl_monetary_of);
PG_FUNCTION_INFO_V1(skl_monetary_digits);
PG_FUNCTION_INFO_V1(skl_monetary_to_numeric);
PG_FUNCTION_INFO_V1(skl_monetary_from_numeric);

/* monetary_minor(monetary) returns bigint: the minor units. */
Datum
skl_monetary_minor(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_MONETARY_P(0)->minor);
}

/* monetary_currency(monetary) returns text: the ISO 4217 code. */
Datum
skl_monetary_currency(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(PG_GETARG_MONETARY_P(0)->currency));
}

/* monetary_of(minor bigint, currency text); 22023 for an unknown currency. */
Datum
skl_monetary_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_MONETARY_P(
		skl_monetary_make(PG_GETARG_INT64(0), text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

/* currency_digits(text) returns integer: decimal places, NULL for an unknown code. */
Datum
skl_monetary_digits(PG_FUNCTION_ARGS)
{
	const text *code = PG_GETARG_TEXT_PP(0);
	const SklCurrency *currency = skl_currency_find(VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code));

	if (currency == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT32(currency->digits);
}

/* The amount without its currency, as text with the currency's decimal places. */
static char *
amount_text(const SklMonetary *money)
{
	const SklCurrency *currency = skl_currency_find(money->currency, SKL_CURRENCY_LEN);
	char *str = (char *) palloc(SKL_MONEY_MAX);

	skl_money_write_amount(money->minor, currency != NULL ? currency->digits : 0, str);
	return str;
}

/* monetary::numeric: the amount, with the scale of its currency. */
Datum
skl_monetary_to_numeric(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(amount_text(PG_GETARG_MONETARY_P(0))),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/*
 * monetary(amount numeric, currency text): exact; trailing zeros beyond the currency's decimal
 * places are dropped, any other excess digit is 22P02, too large is 22003.
 */
Datum
skl_monetary_from_numeric(PG_FUNCTION_ARGS)
{
	Datum trimmed = DirectFunctionCall1(numeric_trim_scale, PG_GETARG_DATUM(0));
	char *amount = DatumGetCString(DirectFunctionCall1(numeric_out, trimmed));
	char *code = text_to_cstring(PG_GETARG_TEXT_PP(1));

	(void) skl_monetary_make(0, code);
	PG_RETURN_MONETARY_P(skl_monetary_from_text(psprintf("%s %s", amount, code)));
}

PG_FUNCTION_INFO_V1(skl_monetary_try);

/* try_monetary(amount text, currency text): NULL instead of an error, for rows of foreign files. */
Datum
skl_monetary_try(PG_FUNCTION_ARGS)
{
	const text *amount = PG_GETARG_TEXT_PP(0);
	const text *code = PG_GETARG_TEXT_PP(1);
	const SklCurrency *currency = skl_currency_find(VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code));
	int64_t minor;

	if (currency == NULL || skl_money_parse_amount(VARDATA_ANY(amount), VARSIZE_ANY_EXHDR(amount),
												   currency->digits, &minor) != SKL_PARSE_OK)
		PG_RETURN_NULL();
	PG_RETURN_MONETARY_P(skl_monetary_make(minor, currency->code));
}

PG_FUNCTION_INFO_V1(skl_monetary_to_json);
PG_FUNCTION_INFO_V1(skl_monetary_to_jsonb);
PG_FUNCTION_INFO_V1(skl_monetary_from_json);
PG_FUNCTION_INFO_V1(skl_monetary_from_jsonb);

/* {"amount": "1234.50", "currency": "USD"}; both members need no escapes. */
static char *
json_text(const SklMonetary *money)
{
	return psprintf("{\"amount\":\"%s\",\"currency\":\"%s\"}", amount_text(money), money->currency);
}

/* monetary::json */
Datum
skl_monetary_to_json(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(json_text(PG_GETARG_MONETARY_P(0))));
}

/* monetary::jsonb */
Datum
skl_monetary_to_jsonb(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json_text(PG_GETARG_MONETARY_P(0))));
}

/* Raises the error of a JSON value that is no amount. */
static void
json_error(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid JSON value for type monetary"), errdetail_internal("%s", detail),
			 errhint("Write it as {\"amount\": \"1234.50\", \"currency\": \"USD\"}.")));
}

/* One string member of a JSON object; integers are taken for the amount, fractions are not. */
static char *
json_member(Jsonb *json, const char *name, bool integer_ok)
{
	JsonbValue value;

	if (getKeyJsonValueFromContainer(&json->root, name, (int) strlen(name), &value) == NULL)
		json_error("A member is missing.");
	if (value.type == jbvString)
		return pnstrdup(value.val.string.val, value.val.string.len);
	if (value.type == jbvNumeric && integer_ok)
	{
		char *digits = numeric_normalize(value.val.numeric);

		if (strchr(digits, '.') == NULL)
			return digits;
	}
	json_error("The amount must be a string or a whole number, the currency a string.");
	return NULL;
}

static SklMonetary *
from_jsonb(Jsonb *json)
{
	char *amount;
	char *code;

	if (!JB_ROOT_IS_OBJECT(json) || JB_ROOT_COUNT(json) != 2)
		json_error("It must be an object with the members amount and currency, and no other.");
	amount = json_member(json, "amount", true);
	code = json_member(json, "currency", false);
	if (skl_currency_find(code, strlen(code)) == NULL)
		json_error("There is no such currency.");
	return skl_monetary_from_text(psprintf("%s %s", amount, code));
}

/* jsonb::monetary */
Datum
skl_monetary_from_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_MONETARY_P(from_jsonb(PG_GETARG_JSONB_P(0)));
}

/* json::monetary */
Datum
skl_monetary_from_json(PG_FUNCTION_ARGS)
{
	char *str = text_to_cstring(PG_GETARG_TEXT_PP(0));

	PG_RETURN_MONETARY_P(
		from_jsonb(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(str)))));
}

PG_FUNCTION_INFO_V1(skl_monetary_allocate);
PG_FUNCTION_INFO_V1(skl_monetary_split);
PG_FUNCTION_INFO_V1(skl_monetary_apply_bps);

/* Builds monetary[] from parts of one currency. */
static Datum
parts_array(FunctionCallInfo fcinfo, const SklMonetary *whole, const int64_t *parts, int n)
{
	Oid type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	SklMonetary *values = (SklMonetary *) palloc(sizeof(SklMonetary) * (Size) n);
	Datum *datums = (Datum *) palloc(sizeof(Datum) * (Size) n);
	int i;

	for (i = 0; i < n; i++)
	{
		values[i] = *whole;
		values[i].minor = parts[i];
		datums[i] = MonetaryPGetDatum(&values[i]);
	}
	return PointerGetDatum(
		construct_array(datums, n, type, sizeof(SklMonetary), false, TYPALIGN_DOUBLE));
}

/* allocate(monetary, weights integer[]) returns monetary[]; 22023 unless weights are valid. */
Datum
skl_monetary_allocate(PG_FUNCTION_ARGS)
{
	const SklMonetary *money = PG_GETARG_MONETARY_P(0);
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(1);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	int64_t *parts;

	if (ARR_NDIM(array) != 1 || array_contains_nulls(array) || n > SKL_MONEY_MAX_PARTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights must be a one-dimensional array of 1 to %d integers without nulls",
						SKL_MONEY_MAX_PARTS)));
	parts = (int64_t *) palloc(sizeof(int64_t) * (Size) n);
	if (!skl_money_allocate(money->minor, (const int32_t *) ARR_DATA_PTR(array), n, parts))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("weights must not be negative, and one must be above zero")));
	return parts_array(fcinfo, money, parts, n);
}

/*
 * split(monetary, n integer) returns monetary[]: n parts, the first ones take the units left over.
 */
Datum
skl_monetary_split(PG_FUNCTION_ARGS)
{
	const SklMonetary *money = PG_GETARG_MONETARY_P(0);
	int32 n = PG_GETARG_INT32(1);
	int64_t *parts;

	if (n < 1 || n > SKL_MONEY_MAX_PARTS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("number of parts must be between 1 and %d", SKL_MONEY_MAX_PARTS)));
	parts = (int64_t *) palloc(sizeof(int64_t) * (Size) n);
	skl_money_split(money->minor, n, parts);
	return parts_array(fcinfo, money, parts, n);
}

/* apply_bps(monetary, bps integer, rounding text): amount × bps / 10,000. */
Datum
skl_monetary_apply_bps(PG_FUNCTION_ARGS)
{
	const SklMonetary *money = PG_GETARG_MONETARY_P(0);
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(2));
	SklRounding rounding;
	int64_t minor;

	if (!skl_rounding_find(name, &rounding))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unknown rounding rule: \"%s\"", name),
						errhint("Use half_even, half_up, half_down, up, down, ceiling or floor.")));
	if (!skl_money_apply_bps(money->minor, PG_GETARG_INT32(1), rounding, &minor))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("monetary out of range")));
	PG_RETURN_MONETARY_P(skl_monetary_make(minor, money->currency));
}
