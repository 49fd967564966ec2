/*
 * values.c
 *		One value of a client as the text PostgreSQL reads for its type.
 *
 * Everything that PostgreSQL's input functions would refuse is refused here with the name of the
 * field, so that no statement fails over a client's spelling. Numbers that must stay exact
 * (numeric, money) may come as JSON strings; a JSON number is printed in the shortest form that
 * means the same double.
 */
#include "args.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ITEMS 1000

/* What an argument must look like, for the client's eyes. */
static const char *
wanted(SklRequestCtx *ctx, const SklArg *arg)
{
	switch (arg->kind)
	{
		case SKL_ARG_TEXT:
			return "must be a string";
		case SKL_ARG_INTEGER:
		case SKL_ARG_BIGINT:
			return "must be a whole number";
		case SKL_ARG_NUMERIC:
			return "must be a number";
		case SKL_ARG_BOOLEAN:
			return "must be true or false";
		case SKL_ARG_DATE:
			return "must be a date like 2026-01-31";
		case SKL_ARG_TIMESTAMPTZ:
			return "must be a time like 2026-01-31T12:00:00Z";
		case SKL_ARG_UUID:
			return "must be a UUID";
		case SKL_ARG_JSON:
			return "must be JSON";
		case SKL_ARG_MONETARY:
			return "must be an amount like {\"amount\": \"12.50\", \"currency\": \"USD\"}";
		case SKL_ARG_ID:
			return skl_sprintf(ctx, "must be an id that begins with %s_", arg->id_prefix);
		case SKL_ARG_BYTES:
			break;
	}
	return "is not valid";
}

/* True when text is a literal of the kind that PostgreSQL will accept. */
static bool
fits(const SklArg *arg, const char *text)
{
	switch (arg->kind)
	{
		case SKL_ARG_TEXT:
			return true;
		case SKL_ARG_INTEGER:
			return skl_is_integer(text, INT32_MIN, INT32_MAX);
		case SKL_ARG_BIGINT:
			return skl_is_integer(text, INT64_MIN, INT64_MAX);
		case SKL_ARG_NUMERIC:
			return skl_is_decimal(text);
		case SKL_ARG_BOOLEAN:
			return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
		case SKL_ARG_DATE:
			return skl_is_date(text);
		case SKL_ARG_TIMESTAMPTZ:
			return skl_is_timestamp(text);
		case SKL_ARG_UUID:
			return skl_is_uuid(text);
		case SKL_ARG_ID:
			return skl_is_typeid(text, arg->id_prefix);
		case SKL_ARG_JSON:
		case SKL_ARG_MONETARY:
		case SKL_ARG_BYTES:
			break;
	}
	return false;
}

/* "12.50 USD" -> checked as it stands; the amount must be plain decimal. */
static bool
is_money(const char *amount, const char *currency)
{
	return amount != NULL && currency != NULL && strlen(amount) <= 40 && skl_is_decimal(amount) &&
		   strpbrk(amount, "eE") == NULL && skl_is_currency(currency);
}

static const char *
money_of_text(SklRequestCtx *ctx, const char *text)
{
	const char *blank = strchr(text, ' ');

	if (blank == NULL || !is_money(skl_strndup(ctx, text, (size_t) (blank - text)), blank + 1))
		return NULL;
	return text;
}

/* A JSON text given as text (query): checked by parsing. */
static const char *
json_of_text(const char *text)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

	if (json == NULL)
		return NULL;
	json_decref(json);
	return text;
}

/* "a,b" -> {"a","b"}; items are trimmed of nothing, an empty text is no item. */
static const char *
array_of_text(SklRequestCtx *ctx, const SklArg *arg, const char *text, const char **problem)
{
	SklBuffer buffer = {.ctx = ctx};
	SklArg item = *arg;
	int count = 0;

	item.is_array = false;
	skl_buffer_puts(&buffer, "{");
	while (*text != '\0')
	{
		size_t length = strcspn(text, ",");
		const char *one = skl_strndup(ctx, text, length);
		const char *value = length == 0 ? NULL : skl_value_of_text(ctx, &item, one, problem);

		if (length == 0 || ++count > MAX_ITEMS)
			*problem = "must be a list without empty items";
		if (*problem != NULL)
			return NULL;
		if (count > 1)
			skl_buffer_puts(&buffer, ",");
		skl_buffer_array_item(&buffer, value);
		text += length + (text[length] == ',');
	}
	skl_buffer_puts(&buffer, "}");
	return buffer.data;
}

const char *
skl_value_of_text(SklRequestCtx *ctx, const SklArg *arg, const char *text, const char **problem)
{
	const char *value = NULL;

	if (arg->is_array)
		return array_of_text(ctx, arg, text, problem);
	if (arg->kind == SKL_ARG_MONETARY)
		value = money_of_text(ctx, text);
	else if (arg->kind == SKL_ARG_JSON)
		value = json_of_text(text);
	else if (fits(arg, text))
		value = text;
	if (value == NULL)
		*problem = wanted(ctx, arg);
	return value;
}

/* The shortest decimal that reads back as the same double. */
static const char *
real_text(SklRequestCtx *ctx, double value)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++)
	{
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return skl_strdup(ctx, text);
}

static const char *
scalar_of_json(SklRequestCtx *ctx, const SklArg *arg, const json_t *json)
{
	bool counts = arg->kind == SKL_ARG_INTEGER || arg->kind == SKL_ARG_BIGINT;

	switch (json_typeof(json))
	{
		case JSON_STRING:
			if (counts || arg->kind == SKL_ARG_BOOLEAN)
				return NULL;
			return json_string_value(json);
		case JSON_INTEGER:
			if (!counts && arg->kind != SKL_ARG_NUMERIC)
				return NULL;
			return skl_sprintf(ctx, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
		case JSON_REAL:
			if (counts && rint(json_real_value(json)) == json_real_value(json) &&
				fabs(json_real_value(json)) < 1e15)
				return skl_sprintf(ctx, "%.0f", json_real_value(json));
			return arg->kind == SKL_ARG_NUMERIC ? real_text(ctx, json_real_value(json)) : NULL;
		case JSON_TRUE:
		case JSON_FALSE:
			if (arg->kind != SKL_ARG_BOOLEAN)
				return NULL;
			return json_is_true(json) ? "true" : "false";
		default:
			return NULL;
	}
}

/* {"amount": "12.50", "currency": "USD"} and nothing else -> 12.50 USD */
static const char *
money_of_json(SklRequestCtx *ctx, const json_t *json)
{
	const char *amount = json_string_value(json_object_get(json, "amount"));
	const char *currency = json_string_value(json_object_get(json, "currency"));

	if (!json_is_object(json) || json_object_size(json) != 2 || !is_money(amount, currency))
		return NULL;
	return skl_sprintf(ctx, "%s %s", amount, currency);
}

static const char *
dump_json(SklRequestCtx *ctx, const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	const char *copy;

	if (text == NULL)
		return NULL;
	copy = skl_strdup(ctx, text);
	free(text);
	return copy;
}

static const char *
array_of_json(SklRequestCtx *ctx, const SklArg *arg, const json_t *json, const char **problem)
{
	SklBuffer buffer = {.ctx = ctx};
	SklArg item = *arg;
	size_t index;
	const json_t *element;

	item.is_array = false;
	if (!json_is_array(json))
		*problem = "must be an array";
	else if (json_array_size(json) > MAX_ITEMS)
		*problem = skl_sprintf(ctx, "has more than %d items", MAX_ITEMS);
	if (*problem != NULL)
		return NULL;
	skl_buffer_puts(&buffer, "{");
	json_array_foreach(json, index, element)
	{
		const char *value = skl_value_of_json(ctx, &item, element, problem);

		if (value == NULL)
		{
			*problem = skl_sprintf(ctx, "item %zu %s", index + 1,
								   *problem == NULL ? wanted(ctx, arg) : *problem);
			return NULL;
		}
		if (index > 0)
			skl_buffer_puts(&buffer, ",");
		skl_buffer_array_item(&buffer, value);
	}
	skl_buffer_puts(&buffer, "}");
	return buffer.data;
}

const char *
skl_value_of_json(SklRequestCtx *ctx, const SklArg *arg, const json_t *json, const char **problem)
{
	const char *value;

	if (arg->is_array)
		return array_of_json(ctx, arg, json, problem);
	if (arg->kind == SKL_ARG_JSON)
		value = dump_json(ctx, json);
	else if (arg->kind == SKL_ARG_MONETARY)
		value = money_of_json(ctx, json);
	else
	{
		value = scalar_of_json(ctx, arg, json);
		if (value != NULL && !fits(arg, value))
			value = NULL;
	}
	if (value == NULL)
		*problem = wanted(ctx, arg);
	return value;
}
