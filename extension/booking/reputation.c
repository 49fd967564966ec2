/*
 * booking/reputation.c
 *		Where events become reputation: ended bookings and published or removed reviews have the
 *		evidence of the freelancer written and what follows from it computed, in their transaction.
 *		The statements are in sql/booking/reputation.sql, the arithmetic in score.c.
 */
#include "skl.h"

#include "booking/booking.h"
#include "booking/score.h"
#include "core/clock.h"
#include "core/errors.h"
#include "core/fire.h"
#include "core/request.h"
#include "core/spi.h"

#include "funcapi.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(skl_fn_outcome_weight);
PG_FUNCTION_INFO_V1(skl_fn_outcome_judge);
PG_FUNCTION_INFO_V1(skl_fn_success_score);

/* outcome_weight(cents bigint) returns float8; NULL is an unknown amount. */
Datum
skl_fn_outcome_weight(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(skl_outcome_weight(PG_ARGISNULL(0) ? -1 : PG_GETARG_INT64(0)));
}

/* outcome_judge(released, refunded, stars, bad_stars, agreed_end, OUT verdict, OUT reason) */
Datum
skl_fn_outcome_judge(PG_FUNCTION_ARGS)
{
	SklBookingEnd end = {
		.released = PG_GETARG_INT64(0),
		.refunded = PG_GETARG_INT64(1),
		.stars = PG_GETARG_INT32(2),
		.bad_stars = PG_GETARG_INT32(3),
		.agreed_end = PG_GETARG_BOOL(4),
	};
	bool nulls[2] = {false, false};
	const char *reason;
	Datum values[2];
	TupleDesc desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "outcome_judge must return a record");
	values[0] = Int32GetDatum(skl_judge_end(&end, &reason));
	values[1] = CStringGetTextDatum(reason);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* The elements of an array of n elements, or of any number when n < 0. */
static int
elements(ArrayType *array, int16 length, bool by_value, char align, int n, Datum **values,
		 bool **nulls)
{
	int count;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("arrays must have one dimension")));
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, values, nulls, &count);
	if (n >= 0 && count != n)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("arrays must have one length")));
	return count;
}

/* Reads the outcomes that count out of three arrays; returns their number. */
static int
read_outcomes(FunctionCallInfo fcinfo, SklOutcome **outcomes)
{
	Datum *clients;
	Datum *cents;
	Datum *verdicts;
	bool *no_client;
	bool *no_cents;
	bool *no_verdict;
	int n = elements(PG_GETARG_ARRAYTYPE_P(0), UUID_LEN, false, TYPALIGN_CHAR, -1, &clients,
					 &no_client);
	int count = 0;

	elements(PG_GETARG_ARRAYTYPE_P(1), 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, n, &cents, &no_cents);
	elements(PG_GETARG_ARRAYTYPE_P(2), 4, true, TYPALIGN_INT, n, &verdicts, &no_verdict);
	*outcomes = palloc(sizeof(SklOutcome) * (size_t) Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		SklOutcome *outcome = &(*outcomes)[count];

		if (no_client[i] || no_verdict[i] || DatumGetInt32(verdicts[i]) == 0)
			continue;
		memcpy(&outcome->client, DatumGetPointer(clients[i]), UUID_LEN);
		outcome->weight = skl_outcome_weight(no_cents[i] ? -1 : DatumGetInt64(cents[i]));
		outcome->verdict = DatumGetInt32(verdicts[i]) > 0 ? 1 : -1;
		count++;
	}
	return count;
}

/* success_score(clients user_id[], cents bigint[], verdicts integer[], OUT score, OUT weight) */
Datum
skl_fn_success_score(PG_FUNCTION_ARGS)
{
	bool nulls[2] = {false, false};
	SklOutcome *outcomes;
	SklSuccess success;
	Datum values[2];
	TupleDesc desc;
	int n = read_outcomes(fcinfo, &outcomes);

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "success_score must return a record");
	success = skl_success_score(outcomes, n);
	values[0] = Float8GetDatum(success.score);
	values[1] = Float8GetDatum(success.weight);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* The booking has ended: what it says about its freelancer. */
static void
effect_ended(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("SELECT skillancer.outcome_put($1::skillancer.booking_id)", UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&fire->id)};

	skl_spi_exec(&stmt, args, NULL);
}

void
skl_reputation_review_changed(const pg_uuid_t *review)
{
	static SklStmt stmt =
		SKL_STMT("SELECT skillancer.review_counts($1::skillancer.review_id)", UUIDOID);
	Datum args[1] = {UUIDPGetDatum(review)};

	skl_spi_exec(&stmt, args, NULL);
}

void
skl_reputation_init(void)
{
	skl_register_effect("booking", "complete", effect_ended);
	skl_register_effect("booking", "close", effect_ended);
}
