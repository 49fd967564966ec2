/*
 * types/id_compare.c
 *		Comparing and hashing ids: what uuid does, as functions of ours.
 *
 * They give uuid's own answers, so that sort support and equal images of uuid serve the id types,
 * too. They are not uuid's functions under another name, because the server finds a LANGUAGE
 * internal function by comparing its name with those of all 2,900 built-in ones, again at every
 * start of a plan: 10 us for each comparison in it (measured), where a C function is found by hash.
 */
#include "skl.h"

#include "common/hashfn.h"

PG_FUNCTION_INFO_V1(skl_id_eq);
PG_FUNCTION_INFO_V1(skl_id_ne);
PG_FUNCTION_INFO_V1(skl_id_lt);
PG_FUNCTION_INFO_V1(skl_id_le);
PG_FUNCTION_INFO_V1(skl_id_ge);
PG_FUNCTION_INFO_V1(skl_id_gt);
PG_FUNCTION_INFO_V1(skl_id_cmp);
PG_FUNCTION_INFO_V1(skl_id_hash);
PG_FUNCTION_INFO_V1(skl_id_hash_extended);

static int
compare(FunctionCallInfo fcinfo)
{
	return memcmp(PG_GETARG_UUID_P(0)->data, PG_GETARG_UUID_P(1)->data, UUID_LEN);
}

Datum
skl_id_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) == 0);
}

Datum
skl_id_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) != 0);
}

Datum
skl_id_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) < 0);
}

Datum
skl_id_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) <= 0);
}

Datum
skl_id_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) >= 0);
}

Datum
skl_id_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) > 0);
}

/* btree support 1 */
Datum
skl_id_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare(fcinfo));
}

/* hash support 1 */
Datum
skl_id_hash(PG_FUNCTION_ARGS)
{
	return hash_any(PG_GETARG_UUID_P(0)->data, UUID_LEN);
}

/* hash support 2 */
Datum
skl_id_hash_extended(PG_FUNCTION_ARGS)
{
	return hash_any_extended(PG_GETARG_UUID_P(0)->data, UUID_LEN, (uint64) PG_GETARG_INT64(1));
}
