/*
 * openapi.c
 *		The description of the API (OpenAPI 3.1), made of the same rows that requests are routed by.
 *
 * The catalogue gives each route its function's arguments; from them come parameters and bodies.
 * Answers are described in openapi_answers.c. As router and description share one source, they
 * cannot drift apart.
 */
#include "openapi.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "embed.h"

/* What is the same whatever the routes are: envelopes, errors, money, how to sign in. */
SKL_EMBED(openapi, "openapi.json");

/* An operation being described. */
typedef struct Operation
{
	const json_t *route;
	const char *method;
	const char *path;
	const char *who;
	bool takes_body; /* arguments come in a body */
	json_t *parameters;
	json_t *properties;
	json_t *required;
	bool raw_body; /* the function reads the body as it was sent */
	bool upload;   /* the body is a file, or a form with one */
} Operation;

const char *
skl_openapi_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

/* p_cover_letter -> coverLetter, as routes.c does */
static void
camel_case(const char *sql_name, char *out, size_t room)
{
	size_t used = 0;

	if (strncmp(sql_name, "p_", 2) == 0)
		sql_name += 2;
	for (; *sql_name != '\0' && used + 1 < room; sql_name++)
	{
		bool joint = sql_name[0] == '_' && sql_name[1] >= 'a' && sql_name[1] <= 'z';

		if (joint)
			sql_name++;
		out[used++] = (char) (joint ? *sql_name - 'a' + 'A' : *sql_name);
	}
	out[used] = '\0';
}

/* The schema of one value of an argument's kind. */
static json_t *
scalar_schema(const json_t *arg)
{
	static const struct
	{
		const char *kind;
		const char *type;
		const char *format;
	} kinds[] = {{"text", "string", NULL},		 {"integer", "integer", "int32"},
				 {"bigint", "integer", "int64"}, {"boolean", "boolean", NULL},
				 {"date", "string", "date"},	 {"timestamptz", "string", "date-time"},
				 {"uuid", "string", "uuid"}};
	const char *kind = skl_openapi_text(arg, "kind");
	char pattern[64];

	if (strcmp(kind, "monetary") == 0)
		return json_pack("{s:s}", "$ref", "#/components/schemas/Money");
	if (strcmp(kind, "numeric") == 0)
		return json_pack("{s:[s,s]}", "type", "number", "string");
	snprintf(pattern, sizeof(pattern), "^%.8s_[0-7][0-9a-hjkmnp-tv-z]{25}$",
			 skl_openapi_text(arg, "prefix"));
	if (strcmp(kind, "id") == 0)
		return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i].kind) == 0)
			return json_pack("{s:s, s:s*}", "type", kinds[i].type, "format", kinds[i].format);
	if (json_is_object(json_object_get(arg, "schema")))
		return json_deep_copy(json_object_get(arg, "schema"));
	return json_pack("{s:s}", "description", "Any JSON value.");
}

static json_t *
schema_of(const json_t *arg)
{
	json_t *schema = scalar_schema(arg);

	if (!json_is_true(json_object_get(arg, "array")))
		return schema;
	return json_pack("{s:s, s:o}", "type", "array", "items", schema);
}

/* A member of a body that may be left out may also be null, which is what leaving it out means, or
 * in a PATCH that it becomes empty. */
static json_t *
or_null(json_t *schema)
{
	json_t *type = json_object_get(schema, "type");

	if (json_is_string(type))
		json_object_set_new(schema, "type", json_pack("[O, s]", type, "null"));
	else if (json_is_array(type))
		json_array_append_new(type, json_string("null"));
	else if (json_object_get(schema, "$ref") != NULL)
		return json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
	return schema;
}

static void
add_parameter(Operation *operation, const char *name, const char *where, bool required,
			  json_t *schema)
{
	json_array_append_new(operation->parameters,
						  json_pack("{s:s, s:s, s:b, s:o}", "name", name, "in", where, "required",
									required, "schema", schema));
}

/* p_header_if_match -> If-Match */
static void
header_name(const char *sql_name, char *out, size_t room)
{
	bool start = true;
	size_t used = 0;

	for (; *sql_name != '\0' && used + 1 < room; sql_name++)
	{
		char c = *sql_name == '_' ? '-' : *sql_name;

		out[used++] = (char) (start && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
		start = c == '-';
	}
	out[used] = '\0';
}

/* Describe an argument that a header or a cookie fills; false when it is another kind. */
static bool
add_special(Operation *operation, const char *sql_name)
{
	json_t *schema;
	char name[128];

	if (strcmp(sql_name, "p_present") == 0)
		return true;
	if (strcmp(sql_name, "p_raw_body") == 0)
		return operation->raw_body = true;
	if (strcmp(sql_name, "p_upload") == 0)
		return operation->upload = true;
	if (strncmp(sql_name, "p_header_", 9) == 0)
		header_name(sql_name + 9, name, sizeof(name));
	else if (strncmp(sql_name, "p_cookie_", 9) == 0)
		snprintf(name, sizeof(name), "%.120s", sql_name + 9);
	else
		return false;
	schema = json_pack("{s:s}", "type", "string");
	add_parameter(operation, name, sql_name[2] == 'h' ? "header" : "cookie", false, schema);
	return true;
}

static void
add_argument(Operation *operation, const json_t *arg)
{
	const char *sql_name = skl_openapi_text(arg, "name");
	bool required = json_is_true(json_object_get(arg, "required"));
	char name[128];
	char in_path[132];

	if (add_special(operation, sql_name))
		return;
	camel_case(sql_name, name, sizeof(name));
	snprintf(in_path, sizeof(in_path), "{%s}", name);
	if (strstr(operation->path, in_path) != NULL)
		add_parameter(operation, name, "path", true, schema_of(arg));
	else if (!operation->takes_body)
		add_parameter(operation, name, "query", required, schema_of(arg));
	else
	{
		json_object_set_new(operation->properties, name,
							required ? schema_of(arg) : or_null(schema_of(arg)));
		if (required)
			json_array_append_new(operation->required, json_string(name));
	}
}

/* Who may call: anyone, with or without a token, or somebody who is signed in. */
static json_t *
security_of(const char *who)
{
	if (strcmp(who, "anyone") == 0)
		return json_pack("[{}, {s:[]}]", "bearer");
	return json_pack("[{s:[]}]", "bearer");
}

/* The tag of a path: its first word behind the version. */
static void
tag_of(const char *path, char *tag, size_t room)
{
	const char *start = strncmp(path, "/v1/", 4) == 0 ? path + 4 : path + 1;

	snprintf(tag, room, "%.*s", (int) strcspn(start, "/"), start);
}

/* A name for generated clients: that of the function, with the method when it was used before. */
static json_t *
operation_id(const Operation *operation, json_t *used)
{
	char name[160];
	size_t length;

	camel_case(skl_openapi_text(operation->route, "function"), name, 100);
	length = strlen(name);
	for (int i = 1; json_object_get(used, name) != NULL; i++)
		snprintf(name + length, sizeof(name) - length, "%.8s%d", operation->method, i);
	json_object_set_new(used, name, json_true());
	return json_string(name);
}

/* The body as an object that takes no members but these. */
static json_t *
body_of(Operation *operation)
{
	bool demanded = json_array_size(operation->required) > 0;
	json_t *schema = json_pack("{s:s, s:O, s:b}", "type", "object", "properties",
							   operation->properties, "additionalProperties", 0);

	if (demanded)
		json_object_set(schema, "required", operation->required);
	return json_pack("{s:b, s:{s:{s:o}}}", "required", demanded, "content", "application/json",
					 "schema", schema);
}

/* A body that is a file: alone in a PUT, else in a form beside the fields, which say as much about
 * a file that is to come. */
static json_t *
upload_of(Operation *operation)
{
	json_t *file = json_pack("{s:s, s:s}", "type", "string", "format", "binary");
	json_t *body;
	json_t *form;

	if (strcmp(operation->method, "PUT") == 0)
		return json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content", "*/*", "schema", file);
	body = body_of(operation);
	form = json_pack("{s:s, s:o, s:[s]}", "type", "object", "properties",
					 json_deep_copy(operation->properties), "required", "file");
	json_object_set_new(json_object_get(form, "properties"), "file", file);
	json_object_set_new(json_object_get(body, "content"), "multipart/form-data",
						json_pack("{s:o}", "schema", form));
	return body;
}

static json_t *
describe(Operation *operation, json_t *used)
{
	const char *summary = skl_openapi_text(operation->route, "summary");
	const char *description = skl_openapi_text(operation->route, "description");
	json_t *out;
	char tag[64];

	tag_of(operation->path, tag, sizeof(tag));
	summary = *summary != '\0' ? summary : skl_openapi_text(operation->route, "function");
	out = json_pack("{s:o, s:s, s:s, s:[s], s:s, s:o, s:o}", "operationId",
					operation_id(operation, used), "summary", summary, "description",
					*description != '\0' ? description : summary, "tags", tag, "x-skillancer-who",
					operation->who, "security", security_of(operation->who), "responses",
					skl_openapi_responses(operation->route));
	if (json_is_true(json_object_get(operation->route, "idempotent")))
		add_parameter(
			operation, "Idempotency-Key", "header", false,
			json_pack("{s:s, s:i, s:i}", "type", "string", "minLength", 1, "maxLength", 255));
	if (json_array_size(operation->parameters) > 0)
		json_object_set(out, "parameters", operation->parameters);
	if (operation->raw_body)
		json_object_set_new(out, "requestBody",
							json_pack("{s:b, s:{s:{s:{s:s}}}}", "required", 1, "content",
									  "application/json", "schema", "description",
									  "Read byte by byte, for its signature."));
	else if (operation->upload)
		json_object_set_new(out, "requestBody", upload_of(operation));
	else if (operation->takes_body && json_object_size(operation->properties) > 0)
		json_object_set_new(out, "requestBody", body_of(operation));
	return out;
}

static void
lower_case(const char *text, char *out, size_t room)
{
	size_t used = 0;

	for (; *text != '\0' && used + 1 < room; text++)
		out[used++] = (char) (*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text);
	out[used] = '\0';
}

/* Add one route to the paths. */
static void
add_route(json_t *paths, json_t *used, const json_t *route)
{
	const char *method = skl_openapi_text(route, "method");
	Operation operation = {.route = route,
						   .method = method,
						   .path = skl_openapi_text(route, "path"),
						   .who = skl_openapi_text(route, "who"),
						   .takes_body =
							   strcmp(method, "GET") != 0 && strcmp(method, "DELETE") != 0,
						   .parameters = json_array(),
						   .properties = json_object(),
						   .required = json_array()};
	json_t *item = json_object_get(paths, operation.path);
	const json_t *args = json_object_get(route, "args");
	char key[16];

	if (item == NULL)
	{
		item = json_object();
		json_object_set_new(paths, operation.path, item);
	}
	for (size_t i = 0; i < json_array_size(args); i++)
		add_argument(&operation, json_array_get(args, i));
	lower_case(method, key, sizeof(key));
	json_object_set_new(item, key, describe(&operation, used));
	json_decref(operation.parameters);
	json_decref(operation.properties);
	json_decref(operation.required);
}

/* Every tag that the paths use, once. */
static json_t *
tags_of(const json_t *paths)
{
	json_t *seen = json_object();
	json_t *tags = json_array();
	const char *path;
	json_t *item;

	json_object_foreach((json_t *) paths, path, item)
	{
		char tag[64];
		char description[96];

		tag_of(path, tag, sizeof(tag));
		if (json_object_get(seen, tag) != NULL)
			continue;
		json_object_set_new(seen, tag, json_true());
		snprintf(description, sizeof(description), "Routes under /v1/%s.", tag);
		json_array_append_new(tags,
							  json_pack("{s:s, s:s}", "name", tag, "description", description));
	}
	json_decref(seen);
	return tags;
}

static json_t *
load(const char *start, const char *end)
{
	return json_loadb(start, (size_t) (end - start), 0, NULL);
}

char *
skl_openapi_build(const json_t *catalogue, size_t *length)
{
	const json_t *routes = json_object_get(catalogue, "routes");
	const char *url = skl_config()->public_url;
	json_t *document = load(skl_web_openapi, skl_web_openapi_end);
	json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
	json_t *paths = json_object();
	json_t *used = json_object();
	char *text;

	for (size_t i = 0; i < json_array_size(routes); i++)
		add_route(paths, used, json_array_get(routes, i));
	json_object_set_new(json_object_get(document, "info"), "version",
						json_string(SKL_BRIDGE_VERSION));
	json_object_update(schemas, json_object_get(catalogue, "schemas"));
	json_object_set_new(document, "servers", json_pack("[{s:s}]", "url", *url != '\0' ? url : "/"));
	json_object_set_new(document, "tags", tags_of(paths));
	json_object_set_new(document, "paths", paths);
	json_decref(used);
	text = json_dumps(document, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(document);
	*length = text != NULL ? strlen(text) : 0;
	return text;
}
