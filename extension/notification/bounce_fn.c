/*
 * notification/bounce_fn.c
 *		The SQL face of bounce.c.
 */
#include "skl.h"

#include "notification/bounce.h"

#include "access/htup_details.h"
#include "funcapi.h"

PG_FUNCTION_INFO_V1(skl_fn_bounce_parse);

/* bounce_parse(bytea) returns to, action, status, diagnostic; all but to NULL for no report. */
Datum
skl_fn_bounce_parse(PG_FUNCTION_ARGS)
{
	bytea *message = PG_GETARG_BYTEA_PP(0);
	SklBounce bounce;
	bool is_report = skl_bounce_parse(VARDATA_ANY(message), VARSIZE_ANY_EXHDR(message), &bounce);
	TupleDesc desc;
	Datum values[4];
	bool nulls[4] = {bounce.to[0] == '\0', !is_report, !is_report, !is_report};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "bounce_parse: a row is expected");
	values[0] = CStringGetTextDatum(bounce.to);
	values[1] = CStringGetTextDatum(bounce.action);
	values[2] = CStringGetTextDatum(bounce.status);
	values[3] = CStringGetTextDatum(bounce.diagnostic);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
