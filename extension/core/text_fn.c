/*
 * core/text_fn.c
 *		Tables as text, and what form a client would rather have, in SQL.
 */
#include "skl.h"

#include "core/accept.h"
#include "core/csv.h"

#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(skl_fn_csv_line);
PG_FUNCTION_INFO_V1(skl_fn_accept_best);

/* csv_line(VARIADIC text[]) returns text */
Datum
skl_fn_csv_line(PG_FUNCTION_ARGS)
{
	Datum *cells;
	bool *nulls;
	int n;
	StringInfoData line;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &cells, &nulls,
					  &n);
	initStringInfo(&line);
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoCharMacro(&line, ',');
		if (!nulls[i])
		{
			text *cell = DatumGetTextPP(cells[i]);
			size_t length = VARSIZE_ANY_EXHDR(cell);

			enlargeStringInfo(&line, (int) SKL_CSV_ROOM(length));
			line.len += (int) skl_csv_cell(VARDATA_ANY(cell), length, line.data + line.len);
		}
	}
	appendBinaryStringInfo(&line, "\r\n", 2);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(line.data, line.len));
}

/* accept_best(header text, VARIADIC types text[]) returns text */
Datum
skl_fn_accept_best(PG_FUNCTION_ARGS)
{
	const char *header = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	Datum *elements;
	bool *nulls;
	const char **types;
	int n;
	int known = 0;
	int best;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls,
					  &n);
	types = palloc(sizeof(char *) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		if (!nulls[i])
			types[known++] = TextDatumGetCString(elements[i]);
	}
	best = skl_accept_best(header, types, (size_t) known);
	if (best < 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(types[best]));
}
