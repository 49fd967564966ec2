/*
 * core/shape.c
 *		Shapes: what an answer looks like, in one line of text beside its route.
 *
 *		project_doc								the JSON of a view
 *		[project_doc]							a list of them
 *		{items: bigint, lowest: monetary|null}	an object; types are those of SQL
 *		{refreshToken?: text, *: any}			a member that may be missing, members of any name
 *		"OPEN"|"CLOSED"							words
 *		user_doc & {profile: profile_doc}		both at once
 *
 * A name is that of a type, of a view of documents (..._doc) or of a shape that add_shape() has
 * declared. The reader goes through the text once and builds a schema (core/schema.c).
 */
#include "skl.h"

#include <ctype.h>

#include "catalog/namespace.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_type.h"
#include "core/errors.h"
#include "core/schema.h"
#include "core/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(skl_fn_shape_schema);

/* A text that is being read. */
typedef struct Reader
{
	const char *text;
	const char *at;
} Reader;

static SklSchema *read_shape(Reader *reader);

static void
refuse(const Reader *reader, const char *expected)
{
	ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("shape is not valid: %s", reader->text),
					errdetail("There should be %s before \"%s\".", expected, reader->at)));
}

/* Whether the next sign is this one; then it is read. */
static bool
take(Reader *reader, char sign)
{
	while (isspace((unsigned char) *reader->at))
		reader->at++;
	if (*reader->at != sign)
		return false;
	reader->at++;
	return true;
}

static void
need(Reader *reader, char sign, const char *expected)
{
	if (!take(reader, sign))
		refuse(reader, expected);
}

static bool
is_name_sign(char c)
{
	return isalnum((unsigned char) c) || c == '_' || c == '.';
}

/* A name, or the sign * for any. */
static char *
read_name(Reader *reader)
{
	const char *start;

	if (take(reader, '*'))
		return pstrdup("*");
	start = reader->at;
	while (is_name_sign(*reader->at))
		reader->at++;
	if (reader->at == start)
		refuse(reader, "a name");
	return pnstrdup(start, reader->at - start);
}

bool
skl_schema_is_doc(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && strcmp(name + length - 4, "_doc") == 0;
}

SklSchema *
skl_schema_declared(const char *name)
{
	static SklStmt find =
		SKL_STMT("SELECT s.shape FROM skillancer.shape s WHERE s.name = $1", TEXTOID);
	Datum values[] = {CStringGetTextDatum(name)};
	MemoryContext context = CurrentMemoryContext;
	char *shape = NULL;

	skl_spi_connect();
	if (skl_spi_exec(&find, values, NULL) > 0)
		shape = MemoryContextStrdup(context, skl_spi_text(0, 1));
	skl_spi_finish();
	return shape != NULL ? skl_schema_of_shape(shape) : NULL;
}

/* A type by its name: those of the extension go before those of PostgreSQL. */
static Oid
find_type(const char *name)
{
	static const char *const spellings[][2] = {
		{"integer", "int4"}, {"bigint", "int8"}, {"boolean", "bool"}, {"smallint", "int2"}};
	Oid type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
							   ObjectIdGetDatum(get_namespace_oid("skillancer", false)));

	for (size_t i = 0; i < lengthof(spellings); i++)
		if (strcmp(name, spellings[i][0]) == 0)
			name = spellings[i][1];
	if (!OidIsValid(type))
		type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
							   ObjectIdGetDatum(PG_CATALOG_NAMESPACE));
	return type;
}

/* A view of documents may come later, with the schema; anything else is there. */
static void
add_name(SklSchema *schema, const char *name)
{
	Oid type;

	if (strcmp(name, "null") == 0)
		schema->nullable = true;
	else if (strcmp(name, "any") == 0)
		schema->any = true;
	else if (skl_schema_is_doc(name) || skl_schema_declared(name) != NULL)
		skl_schema_add_reference(schema, name);
	else if (OidIsValid(type = find_type(name)))
		skl_schema_join(schema, skl_schema_of_type(type));
	else
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("shape names \"%s\", which does not exist", name),
						errhint("Name a type, a view of documents, or a shape that "
								"skillancer.add_shape() has declared.")));
}

/* name: shape, name?: shape, *: shape; } was not seen yet */
static void
read_members(Reader *reader, SklSchema *schema)
{
	StringInfoData properties;
	StringInfoData required;
	StringInfoData members;
	const SklSchema *others = NULL;

	initStringInfo(&properties);
	initStringInfo(&required);
	initStringInfo(&members);
	do
	{
		char *name = read_name(reader);
		bool optional = take(reader, '?');
		SklSchema *value;

		need(reader, ':', "a colon");
		value = read_shape(reader);
		if (strcmp(name, "*") == 0)
		{
			others = value;
			continue;
		}
		appendStringInfo(&properties, "%s\"%s\":", properties.len > 0 ? "," : "", name);
		skl_schema_write(&properties, value);
		if (!optional)
			appendStringInfo(&required, "%s\"%s\"", required.len > 0 ? "," : "", name);
	} while (take(reader, ','));
	if (properties.len > 0)
		appendStringInfo(&members, "\"properties\":{%s}", properties.data);
	if (required.len > 0)
		appendStringInfo(&members, ",\"required\":[%s]", required.data);
	if (others != NULL)
	{
		appendStringInfo(&members, "%s\"additionalProperties\":", members.len > 0 ? "," : "");
		skl_schema_write(&members, others);
	}
	skl_schema_add(schema, "object", members.data);
}

static void
read_word(Reader *reader, SklSchema *schema)
{
	const char *start = reader->at;

	while (*reader->at != '\0' && *reader->at != '"')
		reader->at++;
	skl_schema_add_word(schema, pnstrdup(start, reader->at - start));
	need(reader, '"', "a quote");
}

/* One alternative without & */
static SklSchema *
read_part(Reader *reader)
{
	SklSchema *schema = skl_schema_new();

	if (take(reader, '['))
	{
		skl_schema_add_list(schema, read_shape(reader));
		need(reader, ']', "a closing bracket");
	}
	else if (take(reader, '{'))
	{
		read_members(reader, schema);
		need(reader, '}', "a closing brace");
	}
	else if (take(reader, '"'))
		read_word(reader, schema);
	else
		add_name(schema, read_name(reader));
	return schema;
}

/* Parts joined by & */
static SklSchema *
read_alternative(Reader *reader)
{
	SklSchema *part = read_part(reader);
	SklSchema *all;
	StringInfoData members;

	if (!take(reader, '&'))
		return part;
	initStringInfo(&members);
	appendStringInfoString(&members, "\"allOf\":[");
	skl_schema_write(&members, part);
	do
	{
		appendStringInfoChar(&members, ',');
		skl_schema_write(&members, read_part(reader));
	} while (take(reader, '&'));
	appendStringInfoChar(&members, ']');
	all = skl_schema_new();
	skl_schema_add(all, NULL, members.data);
	return all;
}

/* Alternatives with | between them */
static SklSchema *
read_shape(Reader *reader)
{
	SklSchema *schema = skl_schema_new();

	check_stack_depth();
	do
		skl_schema_join(schema, read_alternative(reader));
	while (take(reader, '|'));
	return schema;
}

SklSchema *
skl_schema_of_shape(const char *shape)
{
	Reader reader = {.text = shape, .at = shape};
	SklSchema *schema = read_shape(&reader);

	if (!take(&reader, '\0'))
		refuse(&reader, "the end");
	return schema;
}

/* shape_schema(shape text) returns json */
Datum
skl_fn_shape_schema(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	skl_schema_write(&out, skl_schema_of_shape(text_to_cstring(PG_GETARG_TEXT_PP(0))));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
