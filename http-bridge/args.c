/*
 * args.c
 *		From path, query, body, headers and cookies to the arguments of the route's function.
 *
 * Two kinds of mistakes are told apart. A request that is not what it says it is (bad escapes, text
 * that is not JSON, a member twice, too deep) is malformed as a whole: 400. A field that is
 * unknown, missing or of the wrong type is a problem of that field: all of them are collected,
 * and the database adds those it finds before it refuses the request: 422.
 */
#include "args.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "upload.h"

#define MAX_DEPTH 32
#define MAX_FIELD_NAME 64
#define MAX_PROBLEMS 200

void
skl_args_problem(SklArgs *args, const char *field, const char *format, ...)
{
	SklBuffer *problems = &args->problems;
	char name[MAX_FIELD_NAME + 4];
	char message[256];
	va_list list;

	if (problems->length > MAX_PROBLEMS * 64)
		return;
	va_start(list, format);
	vsnprintf(message, sizeof(message), format, list);
	va_end(list);
	snprintf(name, sizeof(name), "%s", field);
	if (strlen(field) >= sizeof(name) && !skl_utf8_valid(name, strlen(name)))
		snprintf(name, sizeof(name), "a field with a long name");
	problems->ctx = args->ctx;
	skl_buffer_puts(problems, problems->length == 0 ? "[{\"field\":" : ",{\"field\":");
	skl_buffer_json(problems, name);
	skl_buffer_puts(problems, ",\"message\":");
	skl_buffer_json(problems, message);
	skl_buffer_puts(problems, "}");
}

const char *
skl_args_problems(SklArgs *args)
{
	if (args->problems.length == 0)
		return NULL;
	skl_buffer_puts(&args->problems, "]");
	return args->problems.data;
}

static bool
malformed(SklRequestCtx *ctx, const char *message)
{
	skl_refuse(ctx, SKL_ERR_MALFORMED_REQUEST, message, NULL);
	return false;
}

/* The client's argument of that name that does not come from the path; -1 when unknown. */
static int
find_arg(const SklRoute *route, const char *name)
{
	for (int i = 0; i < route->nargs; i++)
	{
		const SklArg *arg = &route->args[i];

		if (arg->source == SKL_FROM_CLIENT && !arg->in_path && strcmp(arg->name, name) == 0)
			return i;
	}
	return -1;
}

static void
set_text(SklArgs *args, int i, const char *text)
{
	const SklArg *arg = &args->route->args[i];
	const char *problem = NULL;

	args->given[i] = true;
	args->values[i] = skl_value_of_text(args->ctx, arg, text, &problem);
	if (problem != NULL)
		skl_args_problem(args, arg->name, "%s", problem);
}

/* ---- query ---- */

/* name=value of a query; an empty value of anything but a text means that it is absent. */
static void
take_parameter(SklArgs *args, const char *name, const char *value)
{
	int i = find_arg(args->route, name);
	const SklArg *arg;

	if (i < 0)
	{
		skl_args_problem(args, name, "is not a parameter of this route");
		return;
	}
	arg = &args->route->args[i];
	if (args->given[i] && !arg->is_array)
		skl_args_problem(args, name, "is given more than once");
	else if (value[0] == '\0' && (arg->kind != SKL_ARG_TEXT || arg->is_array))
		return;
	else if (args->given[i] && args->values[i] != NULL)
	{
		const char *before = args->values[i];

		set_text(args, i, value);
		if (args->values[i] != NULL)
			args->values[i] = skl_sprintf(args->ctx, "%.*s,%s", (int) strlen(before) - 1, before,
										  args->values[i] + 1);
	}
	else
		set_text(args, i, value);
}

static bool
take_query(SklArgs *args)
{
	const char *at = args->ctx->query;

	while (at != NULL && *at != '\0')
	{
		size_t length = strcspn(at, "&");
		const char *equals = memchr(at, '=', length);
		size_t name_length = equals == NULL ? length : (size_t) (equals - at);
		const char *name = skl_percent_decode(args->ctx, at, name_length, true);
		const char *value = "";

		if (equals != NULL)
			value = skl_percent_decode(args->ctx, equals + 1, length - name_length - 1, true);
		if (name == NULL || value == NULL)
			return malformed(args->ctx, "the query has escapes that are not UTF-8 text");
		if (length > 0)
			take_parameter(args, name, value);
		at += length + (at[length] == '&');
	}
	return true;
}

/* ---- body ---- */

/* Nesting of brackets outside strings, without building anything. */
static bool
too_deep(const char *text, size_t length)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < length; i++)
	{
		char c = text[i];

		if (in_string)
		{
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		}
		else if (c == '"')
			in_string = true;
		else if (c == '{' || c == '[')
		{
			if (++depth > MAX_DEPTH)
				return true;
		}
		else if (c == '}' || c == ']')
			depth--;
	}
	return false;
}

static void
take_member(SklArgs *args, const char *name, const json_t *value)
{
	int i = find_arg(args->route, name);
	const char *problem = NULL;

	if (i < 0)
	{
		skl_args_problem(args, name, "is not a field of this request");
		return;
	}
	args->present.ctx = args->ctx;
	skl_buffer_puts(&args->present, args->present.length == 0 ? "{" : ",");
	skl_buffer_array_item(&args->present, name);
	if (json_is_null(value))
	{
		args->given[i] = !args->route->args[i].required;
		return;
	}
	args->given[i] = true;
	args->values[i] = skl_value_of_json(args->ctx, &args->route->args[i], value, &problem);
	if (problem != NULL)
		skl_args_problem(args, name, "%s", problem);
	else if (json_is_string(value))
		args->values[i] = skl_strdup(args->ctx, args->values[i]);
}

void
skl_args_field(SklArgs *args, const char *name, const char *text)
{
	int i = find_arg(args->route, name);

	if (i < 0)
		skl_args_problem(args, name, "is not a field of this request");
	else if (args->given[i])
		skl_args_problem(args, name, "is given more than once");
	else if (text == NULL)
		skl_args_problem(args, name, "is not UTF-8 text");
	else
		set_text(args, i, text);
}

/* "application/json", perhaps with charset=utf-8 */
static bool
is_json_type(const char *type)
{
	static const char *const names[] = {"application/json", "application/merge-patch+json"};

	for (size_t i = 0; type != NULL && i < sizeof(names) / sizeof(names[0]); i++)
	{
		size_t length = strlen(names[i]);
		const char *rest = type + length;

		if (strncasecmp(type, names[i], length) != 0)
			continue;
		rest += strspn(rest, " \t");
		if (*rest == '\0')
			return true;
		if (*rest != ';')
			return false;
		rest += 1 + strspn(rest + 1, " \t");
		return *rest == '\0' || strcasecmp(rest, "charset=utf-8") == 0 ||
			   strcasecmp(rest, "charset=\"utf-8\"") == 0;
	}
	return false;
}

static bool
take_body(SklArgs *args)
{
	SklRequestCtx *ctx = args->ctx;
	const char *coding = ctx->header[SKL_H_CONTENT_ENCODING];
	json_error_t error;
	json_t *json;
	const char *name;
	json_t *value;

	if (ctx->body_len == 0)
		return true;
	if (!is_json_type(ctx->header[SKL_H_CONTENT_TYPE]) ||
		(coding != NULL && strcasecmp(coding, "identity") != 0))
	{
		skl_refuse(ctx, SKL_ERR_UNSUPPORTED_MEDIA_TYPE, NULL, NULL);
		return false;
	}
	if (memchr(ctx->body, '\0', ctx->body_len) != NULL)
		return malformed(ctx, "the body has a NUL byte");
	if (too_deep(ctx->body, ctx->body_len))
		return malformed(ctx, "the body is nested too deeply");
	json = json_loadb(ctx->body, ctx->body_len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		return malformed(ctx, skl_sprintf(ctx, "%s: line %d, column %d",
										  json_error_code(&error) == json_error_duplicate_key
											  ? "the body names a member twice"
											  : "the body is not JSON",
										  error.line, error.column));
	if (!json_is_object(json))
	{
		json_decref(json);
		return malformed(ctx, "the body must be a JSON object");
	}
	json_object_foreach(json, name, value) take_member(args, name, value);
	json_decref(json);
	return true;
}

/*
 * The body as a bytea literal, for a function that checks a signature over it: \\x and hex digits.
 */
static const char *
raw_body(SklRequestCtx *ctx)
{
	static const char digits[] = "0123456789abcdef";
	char *out = skl_alloc(ctx, 2 * ctx->body_len + 3);
	char *at = out;

	*at++ = '\\';
	*at++ = 'x';
	for (size_t i = 0; i < ctx->body_len; i++)
	{
		unsigned char byte = (unsigned char) ctx->body[i];

		*at++ = digits[byte >> 4];
		*at++ = digits[byte & 15];
	}
	*at = '\0';
	return out;
}

/* True when the route's function reads the body by itself. */
static bool
takes_raw_body(const SklRoute *route)
{
	for (int i = 0; i < route->nargs; i++)
	{
		if (route->args[i].source == SKL_FROM_RAW_BODY)
			return true;
	}
	return false;
}

/* ---- headers and cookies ---- */

const char *
skl_cookie(SklRequestCtx *ctx, const char *name)
{
	const char *at = ctx->header[SKL_H_COOKIE];
	size_t length = strlen(name);

	while (at != NULL && *at != '\0')
	{
		size_t item;

		at += strspn(at, " \t;");
		item = strcspn(at, ";");
		if (item > length && strncmp(at, name, length) == 0 && at[length] == '=')
		{
			const char *value = at + length + 1;
			size_t size = item - length - 1;

			if (size >= 2 && value[0] == '"' && value[size - 1] == '"')
				return skl_strndup(ctx, value + 1, size - 2);
			return skl_strndup(ctx, value, size);
		}
		at += item;
	}
	return NULL;
}

/* What did not come from path, query or body. */
static void
take_rest(SklArgs *args, int i)
{
	const SklArg *arg = &args->route->args[i];
	SklRequestCtx *ctx = args->ctx;
	const char *text = NULL;

	if (arg->source == SKL_FROM_PRESENT)
	{
		args->values[i] = "{}";
		if (args->present.length > 0)
		{
			skl_buffer_puts(&args->present, "}");
			args->values[i] = args->present.data;
		}
		return;
	}
	if (arg->source == SKL_FROM_RAW_BODY)
	{
		args->values[i] = raw_body(ctx);
		return;
	}
	if (arg->source == SKL_FROM_UPLOAD)
	{
		args->values[i] = skl_upload_json(ctx);
		return;
	}
	if (arg->source == SKL_FROM_HEADER)
		text = MHD_lookup_connection_value(ctx->mhd, MHD_HEADER_KIND, arg->name);
	else if (arg->source == SKL_FROM_COOKIE)
		text = skl_cookie(ctx, arg->name);
	else if (arg->in_path)
		text = ctx->path_value[arg->path_segment];
	else if (arg->required && !args->given[i])
		skl_args_problem(args, arg->name, "is required");
	if (text == NULL)
		return;
	if (arg->source == SKL_FROM_CLIENT)
		set_text(args, i, text);
	else if (strlen(text) <= 4096 && skl_utf8_valid(text, strlen(text)))
		args->values[i] = text;
}

bool
skl_args_collect(SklArgs *args, SklRequestCtx *ctx)
{
	memset(args, 0, sizeof(*args));
	args->ctx = ctx;
	args->route = ctx->route;
	if (ctx->route->method == SKL_GET || ctx->route->method == SKL_DELETE)
	{
		if (!take_query(args))
			return false;
	}
	else if (ctx->query != NULL && ctx->query[0] != '\0')
		skl_args_problem(args, "query", "is not read by this route; send a JSON body");
	if (ctx->route->method == SKL_GET && ctx->body_len > 0)
		return malformed(ctx, "a GET request has no body");
	if (ctx->upload != NULL)
		skl_upload_args(args);
	else if (!takes_raw_body(ctx->route) && !take_body(args))
		return false;
	for (int i = 0; i < ctx->route->nargs; i++)
		take_rest(args, i);
	return true;
}
