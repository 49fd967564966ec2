/*
 * core/ledger_fn.c
 *		The ledger as SQL functions: posting, posting many, and balances.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/ledger.h"
#include "core/spi.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(skl_fn_ledger_post);
PG_FUNCTION_INFO_V1(skl_fn_ledger_post_batch);
PG_FUNCTION_INFO_V1(skl_fn_ledger_balance);

/* The elements of array argument n; all columns of one thing have the same number of them. */
static Datum *
column(FunctionCallInfo fcinfo, int n, Oid type, bool **nulls, int *count)
{
	Datum *elements;
	int found;
	int16 typlen;
	bool byval;
	char align;

	skl_need_arg(fcinfo, n, "a column of the legs");
	get_typlenbyvalalign(type, &typlen, &byval, &align);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), type, typlen, byval, align, &elements, nulls,
					  &found);
	if (*count >= 0 && found != *count)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("the columns of a posting have different lengths")));
	*count = found;
	return elements;
}

static const char *
need_text(Datum value, bool isnull, const char *what, int n)
{
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s of %d is NULL", what, n + 1)));
	return TextDatumGetCString(value);
}

/*
 * The legs in five columns from argument "first": classes, owners, refs, bookings, amounts. Their
 * currencies are left to the caller.
 */
static SklLeg *
legs_of(FunctionCallInfo fcinfo, int first, int *n)
{
	bool *class_nulls;
	bool *amount_nulls;
	bool *id_nulls[3];
	Datum *ids[3];
	Datum *classes = column(fcinfo, first, TEXTOID, &class_nulls, n);
	Datum *amounts;
	SklLeg *legs;

	for (int i = 0; i < 3; i++)
		ids[i] = column(fcinfo, first + 1 + i, UUIDOID, &id_nulls[i], n);
	amounts = column(fcinfo, first + 4, INT8OID, &amount_nulls, n);
	legs = palloc0(sizeof(SklLeg) * (size_t) Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		legs[i].account_class = need_text(classes[i], class_nulls[i], "the account class", i);
		legs[i].owner = id_nulls[0][i] ? NULL : DatumGetUUIDP(ids[0][i]);
		legs[i].ref = id_nulls[1][i] ? NULL : DatumGetUUIDP(ids[1][i]);
		legs[i].booking = id_nulls[2][i] ? NULL : DatumGetUUIDP(ids[2][i]);
		legs[i].amount = amount_nulls[i] ? 0 : DatumGetInt64(amounts[i]);
	}
	return legs;
}

/*
 * ledger_post(kind, key, ref, classes text[], owners uuid[], refs uuid[], bookings uuid[],
 * amounts bigint[], currency text) returns bigint: one currency, debit positive.
 */
Datum
skl_fn_ledger_post(PG_FUNCTION_ARGS)
{
	int n = -1;
	SklLeg *legs = legs_of(fcinfo, 3, &n);

	skl_need_arg(fcinfo, 0, "the kind");
	skl_need_arg(fcinfo, 1, "the idempotency key");
	skl_need_arg(fcinfo, 8, "the currency");
	for (int i = 0; i < n; i++)
		text_to_cstring_buffer(PG_GETARG_TEXT_PP(8), legs[i].currency, sizeof(legs[i].currency));
	PG_RETURN_INT64(skl_ledger_post(text_to_cstring(PG_GETARG_TEXT_PP(0)),
									text_to_cstring(PG_GETARG_TEXT_PP(1)),
									PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2), legs, n));
}

/* The head of each posting of a batch: arguments 0 to 3. */
static SklPostingSpec *
heads_of(FunctionCallInfo fcinfo, int *n)
{
	bool *nulls[4];
	Datum *kinds = column(fcinfo, 0, TEXTOID, &nulls[0], n);
	Datum *keys = column(fcinfo, 1, TEXTOID, &nulls[1], n);
	Datum *refs = column(fcinfo, 2, UUIDOID, &nulls[2], n);
	Datum *dates = column(fcinfo, 3, TIMESTAMPTZOID, &nulls[3], n);
	SklPostingSpec *postings = palloc0(sizeof(SklPostingSpec) * (size_t) Max(*n, 1));

	for (int i = 0; i < *n; i++)
	{
		postings[i].kind = need_text(kinds[i], nulls[0][i], "the kind", i);
		postings[i].key = need_text(keys[i], nulls[1][i], "the idempotency key", i);
		postings[i].ref = nulls[2][i] ? NULL : DatumGetUUIDP(refs[i]);
		postings[i].effective_at = nulls[3][i] ? 0 : DatumGetTimestampTz(dates[i]);
	}
	return postings;
}

/* Gives the legs, which come in the order of their postings, to the postings. */
static void
share_legs(SklPostingSpec *postings, int n, const SklLeg *legs, const Datum *owners, int nlegs)
{
	int current = 0;

	for (int i = 0; i < nlegs; i++)
	{
		int posting = DatumGetInt32(owners[i]);

		if (posting < current || posting > n || posting < 1)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("leg %d is not in the order of the postings", i + 1)));
		if (posting > current)
			postings[posting - 1].legs = &legs[i];
		postings[posting - 1].nlegs++;
		current = posting;
	}
}

/* ledger_post_batch(...) returns bigint[]: see its comment in SQL. */
Datum
skl_fn_ledger_post_batch(PG_FUNCTION_ARGS)
{
	int n = -1;
	int nlegs = -1;
	bool *nulls;
	SklPostingSpec *postings = heads_of(fcinfo, &n);
	Datum *owners = column(fcinfo, 4, INT4OID, &nulls, &nlegs);
	SklLeg *legs = legs_of(fcinfo, 5, &nlegs);
	Datum *currencies = column(fcinfo, 10, TEXTOID, &nulls, &nlegs);
	Datum *txns = palloc(sizeof(Datum) * (size_t) Max(n, 1));

	for (int i = 0; i < nlegs; i++)
		strlcpy(legs[i].currency, need_text(currencies[i], nulls[i], "the currency", i),
				sizeof(legs[i].currency));
	share_legs(postings, n, legs, owners, nlegs);
	skl_ledger_post_many(postings, n);
	for (int i = 0; i < n; i++)
		txns[i] = Int64GetDatum(postings[i].txn);
	PG_RETURN_ARRAYTYPE_P(
		construct_array(txns, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* ledger_balance(class, owner, ref, currency) returns bigint: minor units on the normal side. */
Datum
skl_fn_ledger_balance(PG_FUNCTION_ARGS)
{
	skl_need_arg(fcinfo, 0, "the account class");
	skl_need_arg(fcinfo, 3, "the currency");
	PG_RETURN_INT64(skl_ledger_balance(
		text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_ARGISNULL(1) ? NULL : PG_GETARG_UUID_P(1),
		PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2), text_to_cstring(PG_GETARG_TEXT_PP(3))));
}
