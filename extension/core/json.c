/*
 * core/json.c
 *		json_doc(): documents out of columns, for views and functions of the API.
 *
 * json_build_object() looks every argument's type, its cast to json and its output function up at
 * every call: more than half of what a list of 20 documents cost. Here what a type needs is found
 * once a backend and kept (an invalidation of the type catalogue drops it), and a call remembers
 * the entries of its arguments. The output has no white space. Values are written as
 * json_build_object() writes them.
 */
#include "skl.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(skl_fn_json_doc);

typedef struct TypeEntry TypeEntry;

/* Appends a value that is not NULL. */
typedef void (*Writer)(StringInfo out, Datum value, TypeEntry *entry);

/* How values of one type are written. */
struct TypeEntry
{
	Oid type; /* key of the table */
	Oid base; /* of a domain: what it is made of */
	Writer write;
	FmgrInfo convert; /* of those that need one: output function or cast to json */
};

/* What one call site keeps: the entries of its arguments, in the memory of its FmgrInfo. */
typedef struct CallSite
{
	uint64 generation;
	int nargs;
	TypeEntry *entries[FLEXIBLE_ARRAY_MEMBER];
} CallSite;

static HTAB *types = NULL;
static MemoryContext types_context = NULL;
static bool stale = false;
static uint64 generation = 0; /* counts how often the table was made anew */

/* Appends a JSON string; runs of plain bytes are copied whole. */
static void
append_string(StringInfo out, const char *bytes, size_t len)
{
	size_t from = 0;

	appendStringInfoCharMacro(out, '"');
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) bytes[i];
		const char *escape = NULL;
		char unicode[8];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		appendBinaryStringInfo(out, bytes + from, (int) (i - from));
		from = i + 1;
		switch (c)
		{
			case '\b':
				escape = "\\b";
				break;
			case '\f':
				escape = "\\f";
				break;
			case '\n':
				escape = "\\n";
				break;
			case '\r':
				escape = "\\r";
				break;
			case '\t':
				escape = "\\t";
				break;
			case '"':
				escape = "\\\"";
				break;
			case '\\':
				escape = "\\\\";
				break;
			default:
				snprintf(unicode, sizeof(unicode), "\\u%04x", c);
				escape = unicode;
		}
		appendStringInfoString(out, escape);
	}
	appendBinaryStringInfo(out, bytes + from, (int) (len - from));
	appendStringInfoCharMacro(out, '"');
}

static void
write_text(StringInfo out, Datum value, TypeEntry *entry)
{
	text *words = DatumGetTextPP(value);

	append_string(out, VARDATA_ANY(words), VARSIZE_ANY_EXHDR(words));
}

static void
write_unknown(StringInfo out, Datum value, TypeEntry *entry)
{
	append_string(out, DatumGetCString(value), strlen(DatumGetCString(value)));
}

static void
write_bool(StringInfo out, Datum value, TypeEntry *entry)
{
	appendStringInfoString(out, DatumGetBool(value) ? "true" : "false");
}

static void
write_int4(StringInfo out, Datum value, TypeEntry *entry)
{
	char digits[12];

	appendBinaryStringInfo(out, digits, pg_ltoa(DatumGetInt32(value), digits));
}

static void
write_int8(StringInfo out, Datum value, TypeEntry *entry)
{
	char digits[MAXINT8LEN + 1];

	appendBinaryStringInfo(out, digits, pg_lltoa(DatumGetInt64(value), digits));
}

/* A number by its output function; NaN and infinities are strings. */
static void
write_number(StringInfo out, Datum value, TypeEntry *entry)
{
	char *digits = OutputFunctionCall(&entry->convert, value);

	if (digits[strspn(digits, "-+.0123456789eE")] == '\0')
		appendStringInfoString(out, digits);
	else
		append_string(out, digits, strlen(digits));
}

static void
write_time(StringInfo out, Datum value, TypeEntry *entry)
{
	char buf[MAXDATELEN + 1];

	JsonEncodeDateTime(buf, value, entry->base, NULL);
	append_string(out, buf, strlen(buf));
}

static void
write_json(StringInfo out, Datum value, TypeEntry *entry)
{
	text *json = DatumGetTextPP(value);

	appendBinaryStringInfo(out, VARDATA_ANY(json), (int) VARSIZE_ANY_EXHDR(json));
}

static void
write_jsonb(StringInfo out, Datum value, TypeEntry *entry)
{
	Jsonb *json = DatumGetJsonbP(value);

	(void) JsonbToCString(out, &json->root, VARSIZE(json));
}

/* Through a function that makes json: a cast, or array_to_json() and row_to_json(). */
static void
write_converted(StringInfo out, Datum value, TypeEntry *entry)
{
	write_json(out, FunctionCall1(&entry->convert, value), entry);
}

static void
write_output(StringInfo out, Datum value, TypeEntry *entry)
{
	char *str = OutputFunctionCall(&entry->convert, value);

	append_string(out, str, strlen(str));
}

/* text[] of one dimension; other arrays go through array_to_json(). */
static void
write_texts(StringInfo out, Datum value, TypeEntry *entry)
{
	ArrayType *array = DatumGetArrayTypeP(value);
	Datum *elements;
	bool *nulls;
	int n;

	if (ARR_NDIM(array) > 1)
	{
		write_converted(out, value, entry);
		return;
	}
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	appendStringInfoCharMacro(out, '[');
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoCharMacro(out, ',');
		if (nulls[i])
			appendStringInfoString(out, "null");
		else
			write_text(out, elements[i], entry);
	}
	appendStringInfoCharMacro(out, ']');
}

/* A function of the entry, kept as long as the table. */
static void
use_function(TypeEntry *entry, Oid function, Writer write)
{
	fmgr_info_cxt(function, &entry->convert, types_context);
	entry->write = write;
}

/* How a type that is none of the common ones is written. */
static void
describe_other(TypeEntry *entry)
{
	Oid base = entry->base;
	Oid function = InvalidOid;
	bool varlena;

	if (OidIsValid(get_element_type(base)))
		use_function(entry, F_ARRAY_TO_JSON_ANYARRAY, write_converted);
	else if (type_is_rowtype(base))
		use_function(entry, F_ROW_TO_JSON_RECORD, write_converted);
	else if (base >= FirstNormalObjectId && find_coercion_pathway(JSONOID, base, COERCION_EXPLICIT,
																  &function) == COERCION_PATH_FUNC)
		use_function(entry, function, write_converted);
	else
	{
		getTypeOutputInfo(base, &function, &varlena);
		use_function(entry, function, write_output);
	}
}

static void
describe(TypeEntry *entry)
{
	Oid output;
	bool varlena;

	entry->base = entry->type == UNKNOWNOID ? UNKNOWNOID : getBaseType(entry->type);
	switch (entry->base)
	{
		case UNKNOWNOID:
			entry->write = write_unknown;
			break;
		case TEXTOID:
		case VARCHAROID:
			entry->write = write_text;
			break;
		case BOOLOID:
			entry->write = write_bool;
			break;
		case INT4OID:
			entry->write = write_int4;
			break;
		case INT8OID:
			entry->write = write_int8;
			break;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			entry->write = write_time;
			break;
		case JSONOID:
			entry->write = write_json;
			break;
		case JSONBOID:
			entry->write = write_jsonb;
			break;
		case TEXTARRAYOID:
			use_function(entry, F_ARRAY_TO_JSON_ANYARRAY, write_texts);
			break;
		case INT2OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			getTypeOutputInfo(entry->base, &output, &varlena);
			use_function(entry, output, write_number);
			break;
		default:
			describe_other(entry);
	}
}

static void
types_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	stale = true;
}

/* The table of types, made anew after the catalogue changed. */
static void
prepare_types(void)
{
	HASHCTL control = {.keysize = sizeof(Oid), .entrysize = sizeof(TypeEntry)};

	if (types != NULL && !stale)
		return;
	if (types_context == NULL)
	{
		types_context =
			AllocSetContextCreate(TopMemoryContext, "skillancer json types", ALLOCSET_SMALL_SIZES);
		CacheRegisterSyscacheCallback(TYPEOID, types_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(CASTSOURCETARGET, types_changed, (Datum) 0);
	}
	MemoryContextReset(types_context);
	control.hcxt = types_context;
	types =
		hash_create("skillancer json types", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	stale = false;
	generation++;
}

static TypeEntry *
entry_of(Oid type)
{
	TypeEntry *entry = hash_search(types, &type, HASH_FIND, NULL);
	TypeEntry described = {.type = type};

	if (entry != NULL)
		return entry;
	/* An entry is entered when it is whole: describing it may raise. */
	describe(&described);
	entry = hash_search(types, &type, HASH_ENTER, NULL);
	*entry = described;
	return entry;
}

/* The entries of this call's arguments; found at its first row and after a change of types. */
static CallSite *
call_site(FunctionCallInfo fcinfo)
{
	CallSite *site = fcinfo->flinfo->fn_extra;
	int nargs = PG_NARGS();

	prepare_types();
	if (site != NULL && site->generation == generation)
		return site;
	if (get_fn_expr_variadic(fcinfo->flinfo) || nargs % 2 != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("json_doc takes names and values in turn")));
	site = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
							  offsetof(CallSite, entries) + sizeof(TypeEntry *) * (Size) nargs);
	for (int i = 0; i < nargs; i++)
		site->entries[i] = entry_of(get_fn_expr_argtype(fcinfo->flinfo, i));
	site->nargs = nargs;
	site->generation = generation;
	fcinfo->flinfo->fn_extra = site;
	return site;
}

/* json_doc(name, value, ...) returns json. */
Datum
skl_fn_json_doc(PG_FUNCTION_ARGS)
{
	CallSite *site = call_site(fcinfo);
	StringInfoData out;

	initStringInfo(&out);
	/* Room for the length word, so that the buffer becomes the datum. */
	appendStringInfoSpaces(&out, VARHDRSZ);
	appendStringInfoCharMacro(&out, '{');
	for (int i = 0; i < site->nargs; i += 2)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("a member of a JSON object needs a name")));
		if (i > 0)
			appendStringInfoCharMacro(&out, ',');
		site->entries[i]->write(&out, PG_GETARG_DATUM(i), site->entries[i]);
		appendStringInfoCharMacro(&out, ':');
		if (PG_ARGISNULL(i + 1))
			appendStringInfoString(&out, "null");
		else
			site->entries[i + 1]->write(&out, PG_GETARG_DATUM(i + 1), site->entries[i + 1]);
	}
	appendStringInfoCharMacro(&out, '}');
	SET_VARSIZE(out.data, out.len);
	PG_RETURN_TEXT_P((text *) out.data);
}
