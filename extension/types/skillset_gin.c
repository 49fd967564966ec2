/*
 * types/skillset_gin.c
 *		GIN support of skillset: the keys of a set are the ids of its skills.
 *
 * && is answered by the index alone. @> also asks for levels and years, which are not in the index:
 * it finds the sets that have all skills, and they are looked at again.
 */
#include "skl.h"

#include "types/skillset.h"

#include "access/gin.h"
#include "access/stratnum.h"

#define STRATEGY_OVERLAP 1
#define STRATEGY_CONTAINS 2

PG_FUNCTION_INFO_V1(skl_skillset_gin_extract_value);
PG_FUNCTION_INFO_V1(skl_skillset_gin_extract_query);
PG_FUNCTION_INFO_V1(skl_skillset_gin_consistent);
PG_FUNCTION_INFO_V1(skl_skillset_gin_triconsistent);

static Datum *
keys_of(const SklSkillset *set, int32 *count)
{
	Datum *keys = (Datum *) palloc(sizeof(Datum) * (Size) Max(set->count, 1));

	for (int i = 0; i < set->count; i++)
		keys[i] = PointerGetDatum(set->skills[i].id);
	*count = set->count;
	return keys;
}

/* extract_value(skillset, internal count, internal) */
Datum
skl_skillset_gin_extract_value(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(keys_of(PG_GETARG_SKILLSET_P(0), (int32 *) PG_GETARG_POINTER(1)));
}

/* extract_query(skillset, internal count, strategy, ..., internal search mode) */
Datum
skl_skillset_gin_extract_query(PG_FUNCTION_ARGS)
{
	const SklSkillset *set = PG_GETARG_SKILLSET_P(0);
	int32 *mode = (int32 *) PG_GETARG_POINTER(6);

	/* every set contains the empty one; nothing overlaps with it */
	if (set->count == 0 && PG_GETARG_UINT16(2) == STRATEGY_CONTAINS)
		*mode = GIN_SEARCH_MODE_ALL;
	PG_RETURN_POINTER(keys_of(set, (int32 *) PG_GETARG_POINTER(1)));
}

/* What is known of a set of which these keys were found. */
static GinTernaryValue
judge(const GinTernaryValue *found, int32 count, StrategyNumber strategy)
{
	GinTernaryValue overlap = GIN_FALSE;
	bool all = true;

	for (int i = 0; i < count; i++)
	{
		if (found[i] == GIN_TRUE)
			overlap = GIN_TRUE;
		else if (found[i] == GIN_MAYBE && overlap == GIN_FALSE)
			overlap = GIN_MAYBE;
		all = all && found[i] != GIN_FALSE;
	}
	if (strategy == STRATEGY_OVERLAP)
		return overlap;
	return all ? GIN_MAYBE : GIN_FALSE;
}

/* consistent(internal check, strategy, skillset, integer count, internal, internal recheck, ...) */
Datum
skl_skillset_gin_consistent(PG_FUNCTION_ARGS)
{
	/* bool and GinTernaryValue are one byte each, and false and true the same values in both */
	GinTernaryValue result =
		judge((GinTernaryValue *) PG_GETARG_POINTER(0), PG_GETARG_INT32(3), PG_GETARG_UINT16(1));

	*(bool *) PG_GETARG_POINTER(5) = result == GIN_MAYBE;
	PG_RETURN_BOOL(result != GIN_FALSE);
}

/* triconsistent(internal check, strategy, skillset, integer count, internal, internal, internal) */
Datum
skl_skillset_gin_triconsistent(PG_FUNCTION_ARGS)
{
	PG_RETURN_GIN_TERNARY_VALUE(
		judge((GinTernaryValue *) PG_GETARG_POINTER(0), PG_GETARG_INT32(3), PG_GETARG_UINT16(1)));
}
