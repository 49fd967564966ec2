/*
 * notification/template.c
 *		Rendering templates with jsonb.
 *
 * jsonb is turned once into the renderer's own tree, which points into it. Numbers are written as
 * jsonb prints them. A jsonb that is nested deeper than sections can be is cut off there.
 */
#include "skl.h"

#include "notification/template.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(skl_fn_mustache);

static void fill_container(SklMustacheValue *value, JsonbContainer *container, int depth);

static void
fill_value(SklMustacheValue *value, JsonbValue *json, int depth)
{
	value->kind = SKL_MUSTACHE_NOTHING;
	switch (json->type)
	{
		case jbvString:
			value->kind = SKL_MUSTACHE_TEXT;
			value->text = json->val.string.val;
			value->length = (size_t) json->val.string.len;
			break;
		case jbvNumeric:
			value->kind = SKL_MUSTACHE_TEXT;
			value->text = DatumGetCString(
				DirectFunctionCall1(numeric_out, NumericGetDatum(json->val.numeric)));
			value->length = strlen(value->text);
			break;
		case jbvBool:
			if (json->val.boolean)
				value->kind = SKL_MUSTACHE_TRUE;
			break;
		case jbvBinary:
			if (depth < SKL_MUSTACHE_MAX_DEPTH)
				fill_container(value, json->val.binary.data, depth + 1);
			break;
		default:
			break;
	}
}

/* Fills a list or a map from an array or an object. */
static void
fill_container(SklMustacheValue *value, JsonbContainer *container, int depth)
{
	JsonbIterator *it = JsonbIteratorInit(container);
	SklMustacheValue *items =
		palloc0(sizeof(SklMustacheValue) * Max(JsonContainerSize(container), 1));
	SklMustacheValue *item = items;
	JsonbValue json;
	JsonbIteratorToken token;

	check_stack_depth();
	value->kind = JsonContainerIsArray(container) ? SKL_MUSTACHE_LIST : SKL_MUSTACHE_MAP;
	value->items = items;
	while ((token = JsonbIteratorNext(&it, &json, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			item->name = json.val.string.val;
			item->name_length = (size_t) json.val.string.len;
		}
		else if (token == WJB_VALUE || token == WJB_ELEM)
			fill_value(item++, &json, depth);
	}
	value->count = (size_t) (item - items);
}

SklMustacheValue *
skl_template_data(Jsonb *data)
{
	SklMustacheValue *value = palloc0(sizeof(SklMustacheValue));

	fill_container(value, &data->root, 0);
	return value;
}

static bool
append(void *arg, const char *piece, size_t length)
{
	StringInfo buf = arg;

	if (buf->len + length > SKL_TEMPLATE_MAX)
		return false;
	appendBinaryStringInfo(buf, piece, (int) length);
	return true;
}

/* SklMustachePartial: the member of a map of texts. */
static const char *
find_partial(void *arg, const char *name, size_t name_length, size_t *length)
{
	const SklMustacheValue *partials = arg;

	for (size_t i = 0; i < partials->count; i++)
	{
		const SklMustacheValue *item = &partials->items[i];

		if (item->kind == SKL_MUSTACHE_TEXT && item->name_length == name_length &&
			memcmp(item->name, name, name_length) == 0)
		{
			*length = item->length;
			return item->text;
		}
	}
	return NULL;
}

/* Renders; with partials, a map of texts, their names may be used. */
static char *
render(const char *template, const SklMustacheValue *data, bool escape,
	   const SklMustacheValue *partials, const char **error)
{
	SklMustacheError problem;
	StringInfoData buf;
	SklMustacheJob job = {.escape = escape,
						  .write = append,
						  .arg = &buf,
						  .partial = partials ? find_partial : NULL,
						  .partial_arg = (void *) partials};

	initStringInfo(&buf);
	if (skl_mustache_render(template, strlen(template), data, &job, &problem))
		return buf.data;
	*error = psprintf("%s (byte %zu of the template)", problem.message, problem.position);
	return NULL;
}

char *
skl_template_render(const char *template, const SklMustacheValue *data, bool escape,
					const char **error)
{
	return render(template, data, escape, NULL, error);
}

/* mustache(template text, data jsonb, escape boolean [, partials jsonb]) returns text. */
Datum
skl_fn_mustache(PG_FUNCTION_ARGS)
{
	char *template = text_to_cstring(PG_GETARG_TEXT_PP(0));
	SklMustacheValue *data = skl_template_data(PG_GETARG_JSONB_P(1));
	SklMustacheValue *partials = PG_NARGS() > 3 ? skl_template_data(PG_GETARG_JSONB_P(3)) : NULL;
	const char *error = NULL;
	char *result = render(template, data, PG_GETARG_BOOL(2), partials, &error);

	if (result == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid template: %s", error)));
	PG_RETURN_TEXT_P(cstring_to_text(result));
}
