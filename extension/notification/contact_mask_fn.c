/*
 * notification/contact_mask_fn.c
 *		The SQL face of contact_mask.c.
 */
#include "skl.h"

#include "notification/contact_mask.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(skl_fn_contact_mask);

static ArrayType *
kinds_array(unsigned kinds)
{
	Datum names[SKL_CONTACT_KIND_COUNT];
	int n = 0;

	for (int i = 0; i < SKL_CONTACT_KIND_COUNT; i++)
		if (kinds & (1u << i))
			names[n++] = CStringGetTextDatum(skl_contact_kinds[i]);
	return construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT);
}

/* contact_mask(text) returns the masked text and the kinds of what it hides. */
Datum
skl_fn_contact_mask(PG_FUNCTION_ARGS)
{
	text *words = PG_GETARG_TEXT_PP(0);
	size_t len = VARSIZE_ANY_EXHDR(words);
	bool *hide = palloc(len + 1);
	char *masked = palloc(SKL_CONTACT_MASKED_SIZE(len));
	unsigned kinds;
	TupleDesc desc;
	Datum values[2];
	bool nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "contact_mask: a row is expected");
	len = skl_contact_mask(VARDATA_ANY(words), len, hide, masked, &kinds);
	values[0] = PointerGetDatum(cstring_to_text_with_len(masked, (int) len));
	values[1] = PointerGetDatum(kinds_array(kinds));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
