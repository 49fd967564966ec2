/*
 * types/rating_tally.c
 *		SQL type rating_tally: how many ratings of 1, 2, 3, 4 and 5 stars. Text and binary I/O,
 *		comparison, adding, taking away, merging, mean, JSON, and the steps of its aggregates.
 *
 * Tallies merge in any order to the same value, so partial results of workers and shards add up.
 */
#include "skl.h"

#include "types/rating_tally.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(skl_tally_in);
PG_FUNCTION_INFO_V1(skl_tally_out);
PG_FUNCTION_INFO_V1(skl_tally_recv);
PG_FUNCTION_INFO_V1(skl_tally_send);

/* rating_tally_in(cstring): "0/1/0/2/5" */
Datum
skl_tally_in(PG_FUNCTION_ARGS)
{
	char *str = PG_GETARG_CSTRING(0);
	SklTally *tally = (SklTally *) palloc0(sizeof(SklTally));
	SklParseError error = skl_tally_parse(str, strlen(str), tally);

	if (error == SKL_PARSE_OUT_OF_RANGE)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("value \"%s\" is out of range for type rating_tally", str)));
	if (error != SKL_PARSE_OK)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input syntax for type rating_tally: \"%s\"", str),
						errhint("Write the counts of 1 to 5 stars as 0/1/0/2/5.")));
	PG_RETURN_TALLY_P(tally);
}

/* rating_tally_out(rating_tally) */
Datum
skl_tally_out(PG_FUNCTION_ARGS)
{
	char *str = (char *) palloc(SKL_TALLY_TEXT_MAX);

	skl_tally_write(PG_GETARG_TALLY_P(0), str);
	PG_RETURN_CSTRING(str);
}

/* rating_tally_recv(internal): five int32. */
Datum
skl_tally_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	SklTally *tally = (SklTally *) palloc(sizeof(SklTally));
	int i;

	for (i = 0; i < SKL_STARS; i++)
	{
		tally->count[i] = (int32) pq_getmsgint(message, 4);
		if (tally->count[i] < 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
							errmsg("negative counter in external rating_tally value")));
	}
	PG_RETURN_TALLY_P(tally);
}

/* rating_tally_send(rating_tally): the form that rating_tally_recv reads. */
Datum
skl_tally_send(PG_FUNCTION_ARGS)
{
	const SklTally *tally = PG_GETARG_TALLY_P(0);
	StringInfoData message;
	int i;

	pq_begintypsend(&message);
	for (i = 0; i < SKL_STARS; i++)
		pq_sendint32(&message, (uint32) tally->count[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Total order, counter by counter. */
static int
compare_tallies(const SklTally *a, const SklTally *b)
{
	int i;

	for (i = 0; i < SKL_STARS; i++)
		if (a->count[i] != b->count[i])
			return a->count[i] < b->count[i] ? -1 : 1;
	return 0;
}

/* The six comparison operators. */
#define TALLY_COMPARISON(name, op)                                                        \
	PG_FUNCTION_INFO_V1(skl_tally_##name);                                                \
	Datum skl_tally_##name(PG_FUNCTION_ARGS)                                              \
	{                                                                                     \
		PG_RETURN_BOOL(compare_tallies(PG_GETARG_TALLY_P(0), PG_GETARG_TALLY_P(1)) op 0); \
	}

TALLY_COMPARISON(eq, ==)
TALLY_COMPARISON(ne, !=)
TALLY_COMPARISON(lt, <)
TALLY_COMPARISON(le, <=)
TALLY_COMPARISON(ge, >=)
TALLY_COMPARISON(gt, >)

PG_FUNCTION_INFO_V1(skl_tally_cmp);
PG_FUNCTION_INFO_V1(skl_tally_hash);
PG_FUNCTION_INFO_V1(skl_tally_hash_extended);

/* rating_tally_cmp(rating_tally, rating_tally) returns -1, 0 or 1. */
Datum
skl_tally_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_tallies(PG_GETARG_TALLY_P(0), PG_GETARG_TALLY_P(1)));
}

/* rating_tally_hash(rating_tally) */
Datum
skl_tally_hash(PG_FUNCTION_ARGS)
{
	return hash_any((const unsigned char *) PG_GETARG_TALLY_P(0), sizeof(SklTally));
}

/* rating_tally_hash_extended(rating_tally, bigint): the same with a seed. */
Datum
skl_tally_hash_extended(PG_FUNCTION_ARGS)
{
	return hash_any_extended((const unsigned char *) PG_GETARG_TALLY_P(0), sizeof(SklTally),
							 (uint64) PG_GETARG_INT64(1));
}

/* Checks a number of stars. */
static int
star_arg(int32 star)
{
	if (star < 1 || star > SKL_STARS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a rating must be between 1 and %d stars", SKL_STARS)));
	return star;
}

/* A copy of a tally with n added to one counter. */
static SklTally *
changed(const SklTally *tally, int star, int64 n)
{
	SklTally *result = (SklTally *) palloc(sizeof(SklTally));

	*result = *tally;
	if (!skl_tally_add(result, star, n))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("rating_tally out of range"),
				 errdetail("The counter of %d stars would leave 0..2147483647.", star)));
	return result;
}

PG_FUNCTION_INFO_V1(skl_tally_plus);
PG_FUNCTION_INFO_V1(skl_tally_minus);
PG_FUNCTION_INFO_V1(skl_tally_merge);
PG_FUNCTION_INFO_V1(skl_tally_step);

/* rating_tally + integer: one more rating of so many stars. */
Datum
skl_tally_plus(PG_FUNCTION_ARGS)
{
	PG_RETURN_TALLY_P(changed(PG_GETARG_TALLY_P(0), star_arg(PG_GETARG_INT32(1)), 1));
}

/* rating_tally - integer: one rating of so many stars less. */
Datum
skl_tally_minus(PG_FUNCTION_ARGS)
{
	PG_RETURN_TALLY_P(changed(PG_GETARG_TALLY_P(0), star_arg(PG_GETARG_INT32(1)), -1));
}

/* rating_tally + rating_tally */
Datum
skl_tally_merge(PG_FUNCTION_ARGS)
{
	SklTally *merged = PG_GETARG_TALLY_P(0);
	const SklTally *other = PG_GETARG_TALLY_P(1);
	int star;

	for (star = 1; star <= SKL_STARS; star++)
		merged = changed(merged, star, other->count[star - 1]);
	PG_RETURN_TALLY_P(merged);
}

/* Step of rating_tally(integer): its own state is changed in place, NULLs are passed over. */
Datum
skl_tally_step(PG_FUNCTION_ARGS)
{
	SklTally *tally;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL(); /* the aggregate begins with an empty one: somebody calls the function */
	tally = PG_GETARG_TALLY_P(0);
	if (PG_ARGISNULL(1))
		PG_RETURN_TALLY_P(tally);
	if (!AggCheckCallContext(fcinfo, NULL))
		return DirectFunctionCall2(skl_tally_plus, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1));
	if (!skl_tally_add(tally, star_arg(PG_GETARG_INT32(1)), 1))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("rating_tally out of range")));
	PG_RETURN_TALLY_P(tally);
}

PG_FUNCTION_INFO_V1(skl_tally_count);
PG_FUNCTION_INFO_V1(skl_tally_of_star);
PG_FUNCTION_INFO_V1(skl_tally_mean);
PG_FUNCTION_INFO_V1(skl_tally_bayes_mean);
PG_FUNCTION_INFO_V1(skl_tally_wilson_bound);
PG_FUNCTION_INFO_V1(skl_fn_wilson_lower);
PG_FUNCTION_INFO_V1(skl_tally_to_json);
PG_FUNCTION_INFO_V1(skl_tally_to_jsonb);

/* rating_count(rating_tally) returns bigint: the number of ratings. */
Datum
skl_tally_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(skl_tally_total(PG_GETARG_TALLY_P(0)));
}

/* rating_count(rating_tally, stars integer) returns bigint: ratings of so many stars. */
Datum
skl_tally_of_star(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_TALLY_P(0)->count[star_arg(PG_GETARG_INT32(1)) - 1]);
}

/* Mean in hundredths of a star, half up; the tally is not empty. */
static int64
mean_hundredths(const SklTally *tally)
{
	int64 total = skl_tally_total(tally);

	return (skl_tally_stars(tally) * 200 + total) / (2 * total);
}

static char *
mean_text(const SklTally *tally)
{
	int64 mean = mean_hundredths(tally);

	return psprintf("%d.%02d", (int) (mean / 100), (int) (mean % 100));
}

/* rating_mean(rating_tally) returns numeric: two decimals, NULL without ratings. */
Datum
skl_tally_mean(PG_FUNCTION_ARGS)
{
	const SklTally *tally = PG_GETARG_TALLY_P(0);

	if (skl_tally_total(tally) == 0)
		PG_RETURN_NULL();
	return DirectFunctionCall3(numeric_in, CStringGetDatum(mean_text(tally)),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/* An argument that has to be a number of at least low and at most high. */
static double
number_arg(double value, double low, double high, const char *what)
{
	if (!(value >= low && value <= high))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must be between %g and %g", what, low, high)));
	return value;
}

/* rating_bayes(rating_tally, prior, weight) returns float8: stars; weight above 0. */
Datum
skl_tally_bayes_mean(PG_FUNCTION_ARGS)
{
	double prior = number_arg(PG_GETARG_FLOAT8(1), 1, SKL_STARS, "the prior");
	double weight = number_arg(PG_GETARG_FLOAT8(2), 1e-9, 1e9, "the weight");

	PG_RETURN_FLOAT8(skl_tally_bayes(PG_GETARG_TALLY_P(0), prior, weight));
}

/* rating_wilson(rating_tally, z) returns float8: 0..1, 0 without ratings. */
Datum
skl_tally_wilson_bound(PG_FUNCTION_ARGS)
{
	double z = number_arg(PG_GETARG_FLOAT8(1), 0, 10, "the confidence");

	PG_RETURN_FLOAT8(skl_tally_wilson(PG_GETARG_TALLY_P(0), z));
}

/* wilson_lower(share, n, z) returns float8. */
Datum
skl_fn_wilson_lower(PG_FUNCTION_ARGS)
{
	double share = number_arg(PG_GETARG_FLOAT8(0), 0, 1, "the share");
	double n = number_arg(PG_GETARG_FLOAT8(1), 0, 1e15, "the number of trials");

	PG_RETURN_FLOAT8(
		skl_wilson_lower(share, n, number_arg(PG_GETARG_FLOAT8(2), 0, 10, "the confidence")));
}

/* {"count": 8, "mean": 4.38, "stars": [0, 1, 0, 2, 5]}; mean is null without ratings. */
static char *
json_text(const SklTally *tally)
{
	int64 total = skl_tally_total(tally);

	return psprintf("{\"count\":" INT64_FORMAT ",\"mean\":%s,\"stars\":[%d,%d,%d,%d,%d]}", total,
					total == 0 ? "null" : mean_text(tally), tally->count[0], tally->count[1],
					tally->count[2], tally->count[3], tally->count[4]);
}

/* rating_tally::json */
Datum
skl_tally_to_json(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(json_text(PG_GETARG_TALLY_P(0))));
}

/* rating_tally::jsonb */
Datum
skl_tally_to_jsonb(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json_text(PG_GETARG_TALLY_P(0))));
}
