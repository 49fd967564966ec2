/*
 * openapi_answers.c
 *		What a route answers: statuses, headers and the envelope around its data.
 *
 * The catalogue says what data looks like ("answers" of a route: statuses, and a schema or media
 * types); the schemas that it refers to are made in the database out of views and declared shapes.
 * A route that declares nothing is described by its envelope alone, with every status that its kind
 * of function can have. Pages, tags and refusals follow from the arguments.
 */
#include "openapi.h"

#include <stdio.h>
#include <string.h>

/* Refer to one of the shared answers. */
static void
refer(json_t *responses, const char *status, const char *name)
{
	char target[64];

	snprintf(target, sizeof(target), "#/components/responses/%s", name);
	json_object_set_new(responses, status, json_pack("{s:s}", "$ref", target));
}

static bool
takes(const json_t *route, const char *argument)
{
	const json_t *args = json_object_get(route, "args");

	for (size_t i = 0; i < json_array_size(args); i++)
		if (strcmp(skl_openapi_text(json_array_get(args, i), "name"), argument) == 0)
			return true;
	return false;
}

/* The schema of meta: pages have their place in it, and some routes more. */
static json_t *
meta_of(const json_t *route, const json_t *answers)
{
	const json_t *more = json_object_get(answers, "meta");
	json_t *meta = json_pack("{s:s}", "$ref",
							 takes(route, "p_cursor") ? "#/components/schemas/PageMeta"
													  : "#/components/schemas/Meta");

	if (!json_is_object(more))
		return meta;
	return json_pack("{s:[o, o]}", "allOf", meta, json_deep_copy(more));
}

/* {data, meta} */
static json_t *
envelope(const json_t *route, const json_t *answers)
{
	const json_t *schema = json_object_get(answers, "schema");
	json_t *data = schema != NULL ? json_deep_copy(schema)
								  : json_pack("{s:s}", "description", "What the summary says.");

	return json_pack("{s:s, s:{s:o, s:o}, s:[s, s]}", "type", "object", "properties", "data", data,
					 "meta", meta_of(route, answers), "required", "data", "meta");
}

static json_t *
headers(void)
{
	static const char *const names[] = {"X-Request-ID", "X-RateLimit-Limit",
										"X-RateLimit-Remaining", "X-RateLimit-Reset", "ETag"};
	json_t *out = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		char target[64];

		snprintf(target, sizeof(target), "#/components/headers/%s", names[i]);
		json_object_set_new(out, names[i], json_pack("{s:s}", "$ref", target));
	}
	return out;
}

/* By media types: text as it is, and the envelope. */
static json_t *
content_of(const json_t *route, const json_t *answers)
{
	const json_t *media = json_object_get(answers, "media");
	json_t *content = json_object();

	for (size_t i = 0; i < json_array_size(media); i++)
		json_object_set_new(content, json_string_value(json_array_get(media, i)),
							json_pack("{s:{s:s}}", "schema", "type", "string"));
	if (media == NULL || json_object_get(answers, "schema") != NULL)
		json_object_set_new(content, "application/json",
							json_pack("{s:o}", "schema", envelope(route, answers)));
	return content;
}

static void
add_success(json_t *responses, const json_t *route, const json_t *answers, int status)
{
	char key[16];

	snprintf(key, sizeof(key), "%d", status);
	if (status == 204)
		refer(responses, key, "Done");
	else
		json_object_set_new(responses, key,
							json_pack("{s:s, s:o, s:o}", "description",
									  status == 202 ? "Accepted." : "Done.", "headers", headers(),
									  "content", content_of(route, answers)));
}

/* Statuses that are declared, or those that functions of this kind may answer. */
static void
add_successes(json_t *responses, const json_t *route)
{
	static const int usual[] = {200, 201, 202, 204};
	const char *returns = skl_openapi_text(route, "returns");
	const json_t *answers = json_object_get(route, "answers");
	const json_t *statuses = json_object_get(answers, "statuses");
	bool several =
		strcmp(returns, "reply") == 0 && strcmp(skl_openapi_text(route, "method"), "GET") != 0;

	for (size_t i = 0; i < json_array_size(statuses); i++)
		add_success(responses, route, answers,
					(int) json_integer_value(json_array_get(statuses, i)));
	if (json_array_size(statuses) > 0)
		return;
	if (strcmp(returns, "void") == 0)
		add_success(responses, route, answers, 204);
	for (size_t i = 0; strcmp(returns, "void") != 0 && i < (several ? 4 : 1); i++)
		add_success(responses, route, answers, usual[i]);
}

json_t *
skl_openapi_responses(const json_t *route)
{
	json_t *responses = json_object();

	add_successes(responses, route);
	if (takes(route, "p_header_if_none_match"))
		refer(responses, "304", "NotModified");
	refer(responses, "400", "Error");
	refer(responses, "401", "Error");
	if (strcmp(skl_openapi_text(route, "who"), "anyone") != 0)
		refer(responses, "403", "Error");
	refer(responses, "404", "Error");
	if (strcmp(skl_openapi_text(route, "method"), "GET") != 0)
		refer(responses, "409", "Error");
	if (takes(route, "p_header_if_match"))
		refer(responses, "412", "Error");
	refer(responses, "422", "Error");
	refer(responses, "429", "Limited");
	refer(responses, "default", "Error");
	return responses;
}
