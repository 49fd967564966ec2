/*
 * project/draw_fn.c
 *		SQL functions of the generator: draws, ids, and texts from a grammar.
 *
 * A template holds alternatives in braces, "{quick|careful} work", which may be nested. Each pair
 * of braces takes one more number of the stream.
 */
#include "skl.h"

#include "project/draw.h"

#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"

/* Numbers of a stream that one text may take. */
#define DRAWS_A_TEXT 1024

/* Time in the ids: seconds from here, so that lists by id show the later index first. */
#define FIRST_ID_MS INT64CONST(1735689600000)

PG_FUNCTION_INFO_V1(skl_fn_draw);
PG_FUNCTION_INFO_V1(skl_fn_draw_int);
PG_FUNCTION_INFO_V1(skl_fn_draw_one);
PG_FUNCTION_INFO_V1(skl_fn_draw_quantile);
PG_FUNCTION_INFO_V1(skl_fn_draw_id);
PG_FUNCTION_INFO_V1(skl_fn_compose);

/* The draw that the first three arguments name: seed integer, stream text, index bigint. */
static SklDraw
draw_arg(FunctionCallInfo fcinfo)
{
	text *stream = PG_GETARG_TEXT_PP(1);
	SklDraw draw = {
		.seed = (uint64) PG_GETARG_INT32(0),
		.stream = VARDATA_ANY(stream),
		.stream_len = VARSIZE_ANY_EXHDR(stream),
		.index = (uint64) PG_GETARG_INT64(2),
	};

	return draw;
}

/* draw(seed, stream, index) returns double precision: 0 <= x < 1. */
Datum
skl_fn_draw(PG_FUNCTION_ARGS)
{
	SklDraw draw = draw_arg(fcinfo);

	PG_RETURN_FLOAT8(skl_draw_unit(&draw));
}

/* draw_int(seed, stream, index, low, high) returns integer: low <= x <= high. */
Datum
skl_fn_draw_int(PG_FUNCTION_ARGS)
{
	SklDraw draw = draw_arg(fcinfo);
	int64 low = PG_GETARG_INT32(3);
	int64 high = PG_GETARG_INT32(4);

	if (high < low)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the upper bound of a draw is below the lower one")));
	PG_RETURN_INT32((int32) (low + (int64) skl_draw_below(&draw, (uint64) (high - low + 1))));
}

/* The place in weights that a draw falls on. */
static int
weighted_place(const SklDraw *draw, const int32 *weights, int n)
{
	int64 total = 0;
	int64 at;
	int i;

	for (i = 0; i < n; i++)
		total += Max(weights[i], 0);
	if (total == 0)
		return 0;
	at = (int64) skl_draw_below(draw, (uint64) total);
	for (i = 0; i < n - 1; i++)
	{
		at -= Max(weights[i], 0);
		if (at < 0)
			break;
	}
	return i;
}

/* draw_one(seed, stream, index, choices text[], weights integer[]): weights may be NULL. */
Datum
skl_fn_draw_one(PG_FUNCTION_ARGS)
{
	SklDraw draw;
	Datum *choices;
	bool *nulls;
	int n;
	int place;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	draw = draw_arg(fcinfo);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(3), TEXTOID, -1, false, TYPALIGN_INT, &choices, &nulls,
					  &n);
	if (n == 0)
		PG_RETURN_NULL();
	if (PG_ARGISNULL(4))
		place = (int) skl_draw_below(&draw, (uint64) n);
	else
	{
		ArrayType *weights = PG_GETARG_ARRAYTYPE_P(4);

		if (ARR_NDIM(weights) != 1 || ARR_DIMS(weights)[0] != n || array_contains_nulls(weights))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("a draw needs one weight for each choice")));
		place = weighted_place(&draw, (const int32 *) ARR_DATA_PTR(weights), n);
	}
	if (nulls[place])
		PG_RETURN_NULL();
	PG_RETURN_DATUM(choices[place]);
}

/* draw_quantile(seed, stream, index, levels double precision[], "values" double precision[]) */
Datum
skl_fn_draw_quantile(PG_FUNCTION_ARGS)
{
	SklDraw draw = draw_arg(fcinfo);
	ArrayType *levels = PG_GETARG_ARRAYTYPE_P(3);
	ArrayType *values = PG_GETARG_ARRAYTYPE_P(4);

	if (ARR_NDIM(levels) != 1 || ARR_NDIM(values) != 1 ||
		ARR_DIMS(levels)[0] != ARR_DIMS(values)[0] || array_contains_nulls(levels) ||
		array_contains_nulls(values))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("quantiles need one value for each level")));
	PG_RETURN_FLOAT8(skl_quantile(skl_draw_unit(&draw), (const double *) ARR_DATA_PTR(levels),
								  (const double *) ARR_DATA_PTR(values), ARR_DIMS(levels)[0]));
}

/* draw_id(seed, stream, index) returns uuid: a UUIDv7 that is the same every time. */
Datum
skl_fn_draw_id(PG_FUNCTION_ARGS)
{
	SklDraw draw = draw_arg(fcinfo);
	pg_uuid_t *id = (pg_uuid_t *) palloc(sizeof(pg_uuid_t));
	int64 ms = FIRST_ID_MS + (int64) draw.index * 1000;
	uint64 bits;
	int i;

	for (i = 0; i < 6; i++)
		id->data[i] = (unsigned char) (ms >> (40 - 8 * i));
	bits = skl_draw_bits(&draw);
	memcpy(id->data + 6, &bits, 2);
	draw.index += UINT64CONST(1) << 40;
	bits = skl_draw_bits(&draw);
	memcpy(id->data + 8, &bits, 8);
	id->data[6] = (unsigned char) (0x70 | (id->data[6] & 0x0F));
	id->data[8] = (unsigned char) (0x80 | (id->data[8] & 0x3F));
	PG_RETURN_UUID_P(id);
}

/* The end of the alternative that begins at p: its "|", "}" or the end of the text. */
static const char *
alternative_end(const char *p, const char *end)
{
	int depth = 0;

	for (; p < end; p++)
	{
		if (depth == 0 && (*p == '|' || *p == '}'))
			return p;
		if (*p == '{')
			depth++;
		else if (*p == '}')
			depth--;
	}
	return end;
}

static void
bad_template(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("the braces of a template do not match")));
}

static void expand(StringInfo out, const char *p, const char *end, SklDraw *draw);

/*
 * Expands one of the alternatives after an opening brace; returns the place after the closing one.
 */
static const char *
expand_choice(StringInfo out, const char *p, const char *end, SklDraw *draw)
{
	const char *starts[64];
	const char *ends[64];
	int n = 0;
	uint64 chosen;

	for (;;)
	{
		const char *stop = alternative_end(p, end);

		if (stop == end || n == lengthof(starts))
			bad_template();
		starts[n] = p;
		ends[n++] = stop;
		p = stop + 1;
		if (*stop == '}')
			break;
	}
	chosen = skl_draw_below(draw, (uint64) n);
	draw->index++;
	expand(out, starts[chosen], ends[chosen], draw);
	return p;
}

/* Appends a template with its choices made. */
static void
expand(StringInfo out, const char *p, const char *end, SklDraw *draw)
{
	check_stack_depth();
	while (p < end)
	{
		if (*p == '{')
			p = expand_choice(out, p + 1, end, draw);
		else if (*p == '}')
			bad_template();
		else
			appendStringInfoChar(out, *p++);
	}
}

/* compose(seed, stream, index, template text) returns text. */
Datum
skl_fn_compose(PG_FUNCTION_ARGS)
{
	SklDraw draw = draw_arg(fcinfo);
	text *template = PG_GETARG_TEXT_PP(3);
	const char *start = VARDATA_ANY(template);
	StringInfoData out;

	draw.index *= DRAWS_A_TEXT;
	initStringInfo(&out);
	expand(&out, start, start + VARSIZE_ANY_EXHDR(template), &draw);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
