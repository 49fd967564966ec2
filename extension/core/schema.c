/*
 * core/schema.c
 *		JSON schemas of answers.
 *
 * A schema is a set of alternatives: kinds of values, single words, null. Alternatives come from
 * SQL types, from the expressions of views (core/doc_schema.c) and from shapes that are declared
 * beside routes (core/shape.c); written as text they are what /openapi.json shows. Which JSON a
 * type becomes, is decided in core/json.c: skl_schema_of_type() says the same in other words.
 */
#include "skl.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "core/schema.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* A kind of value. */
typedef struct SklOption
{
	const char *type; /* of JSON; NULL when members are a whole schema */
	const char *members;
} SklOption;

/* The kinds of ids with their prefixes. */
static const struct
{
	const char *type;
	const char *prefix;
} ids[] = {
#define SKL_ID(type, prefix, what) {#type, #prefix},
#include "types/ids.def"
#undef SKL_ID
};

SklSchema *
skl_schema_new(void)
{
	return palloc0(sizeof(SklSchema));
}

static bool
same_option(const SklOption *a, const SklOption *b)
{
	if ((a->type == NULL) != (b->type == NULL) || strcmp(a->members, b->members) != 0)
		return false;
	return a->type == NULL || strcmp(a->type, b->type) == 0;
}

/* Whether the schema has a kind of value that says nothing but this type. */
static bool
has_plain(const SklSchema *schema, const char *type)
{
	ListCell *cell;

	foreach (cell, schema->options)
	{
		const SklOption *option = lfirst(cell);

		if (option->type != NULL && strcmp(option->type, type) == 0 && option->members[0] == '\0')
			return true;
	}
	return false;
}

void
skl_schema_add(SklSchema *schema, const char *type, const char *members)
{
	SklOption *option = palloc(sizeof(SklOption));
	ListCell *cell;

	option->type = type;
	option->members = members != NULL ? members : "";
	foreach (cell, schema->options)
		if (same_option(lfirst(cell), option))
			return;
	schema->options = lappend(schema->options, option);
}

void
skl_schema_add_word(SklSchema *schema, const char *word)
{
	ListCell *cell;

	foreach (cell, schema->words)
		if (strcmp(lfirst(cell), word) == 0)
			return;
	schema->words = lappend(schema->words, pstrdup(word));
}

/* change_request_doc -> ChangeRequest */
static void
append_component(StringInfo out, const char *name)
{
	size_t length = strlen(name) - (skl_schema_is_doc(name) ? strlen("_doc") : 0);
	bool start = true;

	for (size_t i = 0; i < length; i++)
	{
		if (name[i] != '_')
			appendStringInfoChar(out,
								 (char) (start ? pg_toupper((unsigned char) name[i]) : name[i]));
		start = name[i] == '_';
	}
}

void
skl_schema_add_reference(SklSchema *schema, const char *name)
{
	StringInfoData members;

	initStringInfo(&members);
	appendStringInfoString(&members, "\"$ref\":\"#/components/schemas/");
	append_component(&members, name);
	appendStringInfoChar(&members, '"');
	skl_schema_add(schema, NULL, members.data);
}

void
skl_schema_add_list(SklSchema *schema, const SklSchema *element)
{
	StringInfoData members;

	initStringInfo(&members);
	appendStringInfoString(&members, "\"items\":");
	skl_schema_write(&members, element);
	skl_schema_add(schema, "array", members.data);
}

void
skl_schema_join(SklSchema *schema, const SklSchema *other)
{
	ListCell *cell;

	schema->any = schema->any || other->any;
	schema->nullable = schema->nullable || other->nullable;
	foreach (cell, other->options)
	{
		const SklOption *option = lfirst(cell);

		skl_schema_add(schema, option->type, option->members);
	}
	foreach (cell, other->words)
		skl_schema_add_word(schema, lfirst(cell));
}

static void
add_id(SklSchema *schema, const char *prefix)
{
	skl_schema_add(schema, "string",
				   psprintf("\"pattern\":\"^%s_[0-7][0-9a-hjkmnp-tv-z]{25}$\"", prefix));
}

/* A type of the extension: an id, money, or one whose JSON is declared under its name. */
static SklSchema *
schema_of_own_type(const char *name)
{
	SklSchema *schema;

	for (size_t i = 0; i < lengthof(ids); i++)
		if (strcmp(name, ids[i].type) == 0)
		{
			schema = skl_schema_new();
			add_id(schema, ids[i].prefix);
			return schema;
		}
	if (strcmp(name, "monetary") == 0)
	{
		schema = skl_schema_new();
		skl_schema_add_reference(schema, "money");
		return schema;
	}
	schema = skl_schema_new();
	if (skl_schema_declared(name) != NULL)
		skl_schema_add_reference(schema, name);
	else
		schema->any = true;
	return schema;
}

/* What a type of PostgreSQL is in JSON; everything that is not listed is written as text. */
static void
add_builtin(SklSchema *schema, Oid type)
{
	static const struct
	{
		Oid type;
		const char *json;
		const char *members;
	} kinds[] = {
		{BOOLOID, "boolean", NULL},
		{INT2OID, "integer", "\"format\":\"int32\""},
		{INT4OID, "integer", "\"format\":\"int32\""},
		{INT8OID, "integer", "\"format\":\"int64\""},
		{NUMERICOID, "number", NULL},
		{FLOAT4OID, "number", NULL},
		{FLOAT8OID, "number", NULL},
		{DATEOID, "string", "\"format\":\"date\""},
		{TIMESTAMPTZOID, "string", "\"format\":\"date-time\""},
		{UUIDOID, "string", "\"format\":\"uuid\""},
	};

	for (size_t i = 0; i < lengthof(kinds); i++)
		if (kinds[i].type == type)
		{
			skl_schema_add(schema, kinds[i].json, kinds[i].members);
			return;
		}
	if (type == JSONOID || type == JSONBOID || type_is_rowtype(type))
		schema->any = true;
	else
		skl_schema_add(schema, "string", NULL);
}

SklSchema *
skl_schema_of_type(Oid type)
{
	SklSchema *schema;
	Oid base = getBaseType(type);
	Oid element = get_element_type(base);
	HeapTuple tuple;
	Form_pg_type form;

	if (OidIsValid(element))
	{
		schema = skl_schema_new();
		skl_schema_add_list(schema, skl_schema_of_type(element));
		return schema;
	}
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(base));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", base);
	form = (Form_pg_type) GETSTRUCT(tuple);
	if (form->typtype == TYPTYPE_BASE &&
		form->typnamespace == get_namespace_oid("skillancer", false))
		schema = schema_of_own_type(pstrdup(NameStr(form->typname)));
	else
	{
		schema = skl_schema_new();
		add_builtin(schema, base);
	}
	ReleaseSysCache(tuple);
	return schema;
}

/* "type":"string" or "type":["string","null"] and the other members, without braces */
static void
write_option(StringInfo out, const SklOption *option, bool nullable)
{
	if (option->type != NULL)
	{
		appendStringInfo(out, nullable ? "\"type\":[\"%s\",\"null\"]" : "\"type\":\"%s\"",
						 option->type);
		if (option->members[0] != '\0')
			appendStringInfoChar(out, ',');
		else if (strcmp(option->type, "array") == 0)
			appendStringInfoString(out, ",\"items\":{}");
	}
	appendStringInfoString(out, option->members);
}

static void
write_words(StringInfo out, const List *words, bool nullable)
{
	ListCell *cell;
	const char *comma = "";

	appendStringInfoString(out, nullable ? "\"type\":[\"string\",\"null\"],\"enum\":["
										 : "\"type\":\"string\",\"enum\":[");
	foreach (cell, words)
	{
		appendStringInfoString(out, comma);
		escape_json(out, lfirst(cell));
		comma = ",";
	}
	appendStringInfoString(out, nullable ? ",null]" : "]");
}

/*
 * The options that say more than another one: a list of anything gives way to a list of something.
 */
static List *
options_to_write(const SklSchema *schema)
{
	List *kept = NIL;
	ListCell *cell;
	ListCell *inner;

	foreach (cell, schema->options)
	{
		SklOption *option = lfirst(cell);
		bool vague = option->type != NULL && option->members[0] == '\0';

		foreach (inner, schema->options)
		{
			const SklOption *other = lfirst(inner);

			if (vague && other != option && other->type != NULL &&
				strcmp(other->type, option->type) == 0 && strcmp(option->type, "string") != 0)
				break;
		}
		if (inner == NULL)
			kept = lappend(kept, option);
	}
	return kept;
}

void
skl_schema_write(StringInfo out, const SklSchema *schema)
{
	List *options = options_to_write(schema);
	const List *words = has_plain(schema, "string") ? NIL : schema->words;
	int count = list_length(options) + (words != NIL ? 1 : 0);
	ListCell *cell;
	const char *comma = "";

	appendStringInfoChar(out, '{');
	if (schema->any || count == 0)
		appendStringInfoString(out, !schema->any && schema->nullable
										? "\"type\":\"null\""
										: "\"description\":\"Any JSON value.\"");
	else if (count == 1 && words != NIL)
		write_words(out, words, schema->nullable);
	else if (count == 1 && (!schema->nullable || ((SklOption *) linitial(options))->type != NULL))
		write_option(out, linitial(options), schema->nullable);
	else
	{
		appendStringInfoString(out, "\"anyOf\":[");
		foreach (cell, options)
		{
			appendStringInfo(out, "%s{", comma);
			write_option(out, lfirst(cell), false);
			appendStringInfoChar(out, '}');
			comma = ",";
		}
		if (words != NIL)
		{
			appendStringInfo(out, "%s{", comma);
			write_words(out, words, false);
			appendStringInfoChar(out, '}');
		}
		appendStringInfoString(out, schema->nullable ? ",{\"type\":\"null\"}]" : "]");
	}
	appendStringInfoChar(out, '}');
}
