/*
 * core/policy.c
 *		Reading the rows of skillancer.policy, in C and in SQL.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/policy.h"
#include "core/spi.h"

#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(skl_fn_policy_value);
PG_FUNCTION_INFO_V1(skl_fn_policy_int);
PG_FUNCTION_INFO_V1(skl_fn_policy_interval);

Jsonb *
skl_policy_value(const char *key)
{
	static SklStmt stmt = SKL_STMT("SELECT p.value FROM skillancer.policy p"
								   " WHERE p.key = $1 AND p.valid_from <= $2"
								   " ORDER BY p.valid_from DESC LIMIT 1",
								   TEXTOID, TIMESTAMPTZOID);
	Datum args[2] = {CStringGetTextDatum(key), TimestampTzGetDatum(skl_now())};
	MemoryContext caller = CurrentMemoryContext;
	Datum value;
	bool isnull;

	skl_spi_connect();
	if (skl_spi_exec(&stmt, args, NULL) != 1)
		elog(ERROR, "policy \"%s\" has no value", key);
	value = skl_spi_value_in(caller, 0, 1, &isnull);
	skl_spi_finish();
	return DatumGetJsonbP(value);
}

/* The scalar at the root of a value as text without quotes. */
static char *
scalar_text(Jsonb *value, const char *key)
{
	JsonbValue scalar;

	if (!JsonbExtractScalar(&value->root, &scalar))
		elog(ERROR, "policy \"%s\" is not a single value", key);
	if (scalar.type == jbvString)
		return pnstrdup(scalar.val.string.val, scalar.val.string.len);
	if (scalar.type == jbvNumeric)
		return DatumGetCString(
			DirectFunctionCall1(numeric_out, NumericGetDatum(scalar.val.numeric)));
	elog(ERROR, "policy \"%s\" is neither a number nor a text", key);
}

int64
skl_policy_int(const char *key)
{
	char *number = scalar_text(skl_policy_value(key), key);

	return DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(number)));
}

Interval *
skl_policy_parse_interval(const char *duration)
{
	return DatumGetIntervalP(DirectFunctionCall3(interval_in, CStringGetDatum(duration),
												 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

Interval *
skl_policy_interval(const char *key)
{
	return skl_policy_parse_interval(scalar_text(skl_policy_value(key), key));
}

char *
skl_policy_pinned(Jsonb *pinned, const char *key)
{
	JsonbValue buf;
	JsonbValue *found = getKeyJsonValueFromContainer(&pinned->root, key, (int) strlen(key), &buf);

	if (found == NULL)
		return NULL;
	if (found->type == jbvString)
		return pnstrdup(found->val.string.val, found->val.string.len);
	if (found->type == jbvNumeric)
		return DatumGetCString(
			DirectFunctionCall1(numeric_out, NumericGetDatum(found->val.numeric)));
	elog(ERROR, "pinned policy \"%s\" is neither a number nor a text", key);
}

/* policy_value(key) returns jsonb. */
Datum
skl_fn_policy_value(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(skl_policy_value(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

/* policy_int(key) returns bigint. */
Datum
skl_fn_policy_int(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(skl_policy_int(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

/* policy_interval(key) returns interval. */
Datum
skl_fn_policy_interval(PG_FUNCTION_ARGS)
{
	PG_RETURN_INTERVAL_P(skl_policy_interval(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}
