/*
 * types/id.c
 *		The id types: uuid inside, TypeID text outside, one SQL type per entity.
 *
 * ids.def lists them; each row becomes four I/O functions around the shared ones below. Comparison
 * and hashing (id_compare.c) answer what uuid's do, and sorting is uuid's own, so the value must
 * stay exactly a pg_uuid_t.
 */
#include "skl.h"

#include "types/typeid.h"

#include "funcapi.h"
#include "libpq/pqformat.h"

/* What is wrong with the text of an id. */
static const char *
parse_problem(SklParseError error)
{
	switch (error)
	{
		case SKL_PARSE_PREFIX:
			return "The prefix is missing, malformed or that of another kind of id.";
		case SKL_PARSE_SUFFIX_RANGE:
			return "The part after the prefix holds more than 128 bits.";
		case SKL_PARSE_EMPTY:
			return "The text is empty.";
		default:
			return "The part after the prefix is not 26 characters of 0-9 and a-z without i, l, o, "
				   "u.";
	}
}

static Datum
id_in(const char *type, const char *prefix, const char *str)
{
	pg_uuid_t *id = (pg_uuid_t *) palloc(sizeof(pg_uuid_t));
	SklParseError error = skl_id_parse(prefix, str, strlen(str), id->data);

	if (error != SKL_PARSE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", type, str),
				 errdetail_internal("%s", parse_problem(error)),
				 errhint("Write it as %s_ followed by 26 characters; uuid text is accepted, too.",
						 prefix)));
	return UUIDPGetDatum(id);
}

static Datum
id_out(const char *prefix, const pg_uuid_t *id)
{
	char *str = (char *) palloc(strlen(prefix) + 1 + SKL_TYPEID_SUFFIX_LEN + 1);

	skl_typeid_write(prefix, id->data, str);
	return CStringGetDatum(str);
}

/* Any 16 bytes are an id; the caller of a receive function checks that nothing is left over. */
static Datum
id_recv(StringInfo message)
{
	pg_uuid_t *id = (pg_uuid_t *) palloc(sizeof(pg_uuid_t));

	memcpy(id->data, pq_getmsgbytes(message, UUID_LEN), UUID_LEN);
	return UUIDPGetDatum(id);
}

static Datum
id_send(const pg_uuid_t *id)
{
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbytes(&message, (const char *) id->data, UUID_LEN);
	return PointerGetDatum(pq_endtypsend(&message));
}

/* The four I/O functions of one row of ids.def, plain wrappers. */
#define SKL_ID(type, prefix, what)                          \
	PG_FUNCTION_INFO_V1(skl_##type##_in);                   \
	PG_FUNCTION_INFO_V1(skl_##type##_out);                  \
	PG_FUNCTION_INFO_V1(skl_##type##_recv);                 \
	PG_FUNCTION_INFO_V1(skl_##type##_send);                 \
	Datum skl_##type##_in(PG_FUNCTION_ARGS)                 \
	{                                                       \
		return id_in(#type, #prefix, PG_GETARG_CSTRING(0)); \
	}                                                       \
	Datum skl_##type##_out(PG_FUNCTION_ARGS)                \
	{                                                       \
		return id_out(#prefix, PG_GETARG_UUID_P(0));        \
	}                                                       \
	Datum skl_##type##_recv(PG_FUNCTION_ARGS)               \
	{                                                       \
		return id_recv((StringInfo) PG_GETARG_POINTER(0));  \
	}                                                       \
	Datum skl_##type##_send(PG_FUNCTION_ARGS)               \
	{                                                       \
		return id_send(PG_GETARG_UUID_P(0));                \
	}
#include "types/ids.def"
#undef SKL_ID

PG_FUNCTION_INFO_V1(skl_typeid_parse);
PG_FUNCTION_INFO_V1(skl_typeid_format);

/* typeid_parse(text) returns (prefix text, id uuid): any TypeID; 22P02 when it is none. */
Datum
skl_typeid_parse(PG_FUNCTION_ARGS)
{
	char *str = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char prefix[SKL_TYPEID_PREFIX_MAX + 1];
	pg_uuid_t id;
	TupleDesc desc;
	Datum values[2];
	bool nulls[2] = {false, false};
	SklParseError error = skl_typeid_split(str, strlen(str), prefix, id.data);

	if (error != SKL_PARSE_OK)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid TypeID: \"%s\"", str),
						errdetail_internal("%s", parse_problem(error)),
						errhint("Write it as a prefix, an underscore and 26 characters.")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "typeid_parse must be called in a context that accepts a record");
	values[0] = CStringGetTextDatum(prefix);
	values[1] = UUIDPGetDatum(&id);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * typeid_format(prefix text, id uuid) returns text: the TypeID of any kind; 22023 for a bad prefix.
 */
Datum
skl_typeid_format(PG_FUNCTION_ARGS)
{
	char *prefix = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char out[SKL_TYPEID_MAX];

	if (!skl_typeid_prefix_ok(prefix, strlen(prefix)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid TypeID prefix: \"%s\"", prefix),
				 errhint("Use up to 63 lower-case letters; underscores only between letters.")));
	skl_typeid_write(prefix, PG_GETARG_UUID_P(1)->data, out);
	PG_RETURN_TEXT_P(cstring_to_text(out));
}
