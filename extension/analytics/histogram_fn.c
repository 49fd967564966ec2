/*
 * analytics/histogram_fn.c
 *		The histograms in SQL.
 */
#include "skl.h"

#include "analytics/histogram.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(skl_fn_histogram_bucket);
PG_FUNCTION_INFO_V1(skl_fn_histogram_value);
PG_FUNCTION_INFO_V1(skl_fn_histogram_percentile);

/* histogram_bucket(float8) returns integer */
Datum
skl_fn_histogram_bucket(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(skl_histogram_bucket(PG_GETARG_FLOAT8(0)));
}

/* histogram_value(integer) returns float8 */
Datum
skl_fn_histogram_value(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(skl_histogram_value(PG_GETARG_INT32(0)));
}

/* The elements of an array of fixed-length values without NULLs. */
static void *
elements_of(ArrayType *array, int *n)
{
	if (ARR_NDIM(array) > 1 || ARR_HASNULL(array))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a histogram is two arrays of one dimension without NULLs")));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return ARR_DATA_PTR(array);
}

/* histogram_percentile(buckets integer[], counts bigint[], p float8) returns float8 */
Datum
skl_fn_histogram_percentile(PG_FUNCTION_ARGS)
{
	int nbuckets;
	int ncounts;
	int32_t *buckets = elements_of(PG_GETARG_ARRAYTYPE_P(0), &nbuckets);
	int64_t *counts = elements_of(PG_GETARG_ARRAYTYPE_P(1), &ncounts);
	double value;

	if (nbuckets != ncounts)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a histogram has as many counts as buckets")));
	value = skl_histogram_percentile(buckets, counts, (size_t) nbuckets, PG_GETARG_FLOAT8(2));
	if (value != value)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}
