/*
 * search/suggest_fn.c
 *		SQL functions of suggestions: suggest(), suggest_batch(),
 *		suggest_refresh().
 */
#include "skl.h"

#include "search/engine/suggest.h"
#include "search/index.h"
#include "search/suggest_store.h"

#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(skl_fn_suggest);
PG_FUNCTION_INFO_V1(skl_fn_suggest_batch);
PG_FUNCTION_INFO_V1(skl_fn_suggest_refresh);

/* What a category is worth that the caller is at home in, and how many there may be. */
#define AT_HOME 1.3f
#define MAX_CATEGORIES 1000

/* Boosts by category number, out of the numbers that get one. */
static float *
read_boosts(ArrayType *numbers, uint16_t *count)
{
	float *boosts;
	Datum *values;
	bool *nulls;
	int n;

	deconstruct_array(numbers, INT4OID, sizeof(int32), true, TYPALIGN_INT, &values, &nulls, &n);
	*count = 0;
	for (int i = 0; i < n; i++)
		if (!nulls[i] && DatumGetInt32(values[i]) >= *count &&
			DatumGetInt32(values[i]) < MAX_CATEGORIES)
			*count = (uint16_t) (DatumGetInt32(values[i]) + 1);
	boosts = palloc(sizeof(float) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
		boosts[i] = 1.0f;
	for (int i = 0; i < n; i++)
		if (!nulls[i] && DatumGetInt32(values[i]) > 0 && DatumGetInt32(values[i]) < *count)
			boosts[DatumGetInt32(values[i])] = AT_HOME;
	return boosts;
}

static void
put_suggestion(ReturnSetInfo *set, const SklSuggestion *suggestion)
{
	Datum values[5] = {0};
	bool nulls[5] = {false};

	values[0] = Int32GetDatum((int32) suggestion->kind);
	values[1] =
		PointerGetDatum(cstring_to_text_with_len(suggestion->text, (int) suggestion->length));
	nulls[2] = suggestion->id == NULL;
	if (!nulls[2])
		values[2] = UUIDPGetDatum((const pg_uuid_t *) suggestion->id);
	values[3] = Int32GetDatum(suggestion->errors);
	values[4] = Float8GetDatum(suggestion->score);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

/*
 * suggest(typed text, limit integer, kinds integer, categories integer[]): bits of kinds, 0 = all.
 */
Datum
skl_fn_suggest(PG_FUNCTION_ARGS)
{
	text *typed = PG_GETARG_TEXT_PP(0);
	SklSuggestion found[SKL_SUGGEST_MAX_RESULTS];
	SklSuggestTaste taste = {.kinds = (unsigned) PG_GETARG_INT32(2)};
	const void *snapshot = skl_suggest_open();
	SklEngine engine;
	size_t n;

	InitMaterializedSRF(fcinfo, 0);
	if (snapshot == NULL)
		return (Datum) 0;
	taste.boosts = read_boosts(PG_GETARG_ARRAYTYPE_P(3), &taste.count);
	skl_index_engine(&engine);
	n = skl_suggest_complete(snapshot, &engine.arena, VARDATA_ANY(typed), VARSIZE_ANY_EXHDR(typed),
							 &taste, found, (size_t) Max(PG_GETARG_INT32(1), 0));
	for (size_t i = 0; i < n; i++)
		put_suggestion((ReturnSetInfo *) fcinfo->resultinfo, &found[i]);
	skl_engine_release(&engine);
	return (Datum) 0;
}

/*
 * suggest_batch(limit integer) returns integer: a new snapshot if it is time; how many were built.
 */
Datum
skl_fn_suggest_batch(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(skl_suggest_refresh(false) ? 1 : 0);
}

/* suggest_refresh() */
Datum
skl_fn_suggest_refresh(PG_FUNCTION_ARGS)
{
	(void) skl_suggest_refresh(true);
	PG_RETURN_VOID();
}
