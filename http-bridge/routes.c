/*
 * routes.c
 *		The route catalogue: from the database's JSON to a tree of path segments.
 *
 * Each node of the tree is one segment of a path: literal children sorted by name, one child for
 * a parameter, and a route per method. A literal is tried before a parameter, and the search goes
 * back when that leads nowhere, so /projects/recommended and /projects/{id}/matches coexist.
 * Nothing is decoded before the raw path is split at its slashes.
 */
#include "routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "text.h"

struct SklNode
{
	char *segment; /* NULL for the root and parameters */
	struct SklNode **children;
	int nchildren;
	struct SklNode *parameter;
	SklRoute *by_method[SKL_METHOD_OTHER];
	bool is_end;
};

/* ---- building ---- */

static char *
complaint_of(const char *what, const char *value)
{
	char *text = NULL;

	if (asprintf(&text, "%s: %s", what, value) < 0)
		return NULL;
	return text;
}

static const char *
member_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

static long long
member_int(const json_t *object, const char *name, long long otherwise)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static bool
arg_kind_of(const char *text, SklArgKind *kind)
{
	static const char *const names[] = {
		[SKL_ARG_TEXT] = "text",
		[SKL_ARG_INTEGER] = "integer",
		[SKL_ARG_BIGINT] = "bigint",
		[SKL_ARG_NUMERIC] = "numeric",
		[SKL_ARG_BOOLEAN] = "boolean",
		[SKL_ARG_DATE] = "date",
		[SKL_ARG_TIMESTAMPTZ] = "timestamptz",
		[SKL_ARG_UUID] = "uuid",
		[SKL_ARG_JSON] = "json",
		[SKL_ARG_MONETARY] = "monetary",
		[SKL_ARG_BYTES] = "bytes",
		[SKL_ARG_ID] = "id",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if (strcmp(names[i], text) == 0)
		{
			*kind = (SklArgKind) i;
			return true;
		}
	}
	return false;
}

/* p_cover_letter -> coverLetter */
static char *
camel_case(const char *sql_name)
{
	char *out = strdup(strncmp(sql_name, "p_", 2) == 0 ? sql_name + 2 : sql_name);
	size_t n = 0;

	for (const char *s = out; *s != '\0'; s++)
	{
		if (*s == '_' && s[1] >= 'a' && s[1] <= 'z')
		{
			s++;
			out[n++] = (char) (*s - 'a' + 'A');
		}
		else
			out[n++] = *s;
	}
	out[n] = '\0';
	return out;
}

/* p_header_if_match -> if-match; p_cookie_skl_refresh keeps its underscores */
static void
set_source(SklArg *arg)
{
	if (strcmp(arg->sql_name, "p_present") == 0)
		arg->source = SKL_FROM_PRESENT;
	else if (strcmp(arg->sql_name, "p_raw_body") == 0)
		arg->source = SKL_FROM_RAW_BODY;
	else if (strcmp(arg->sql_name, "p_upload") == 0)
		arg->source = SKL_FROM_UPLOAD;
	else if (strncmp(arg->sql_name, "p_header_", 9) == 0)
	{
		arg->source = SKL_FROM_HEADER;
		arg->name = strdup(arg->sql_name + 9);
		for (char *s = arg->name; *s != '\0'; s++)
			*s = *s == '_' ? '-' : *s;
	}
	else if (strncmp(arg->sql_name, "p_cookie_", 9) == 0)
	{
		arg->source = SKL_FROM_COOKIE;
		arg->name = strdup(arg->sql_name + 9);
	}
	else
		arg->source = SKL_FROM_CLIENT;
	if (arg->name == NULL)
		arg->name = camel_case(arg->sql_name);
	if (arg->source != SKL_FROM_CLIENT)
		arg->required = false;
}

static char *
build_arg(SklArg *arg, const json_t *json)
{
	arg->sql_name = strdup(member_text(json, "name"));
	arg->type = strdup(member_text(json, "type"));
	arg->is_array = json_is_true(json_object_get(json, "array"));
	arg->required = json_is_true(json_object_get(json, "required"));
	snprintf(arg->id_prefix, sizeof(arg->id_prefix), "%s", member_text(json, "prefix"));
	if (!arg_kind_of(member_text(json, "kind"), &arg->kind))
		return complaint_of("argument of a type that routes do not take", arg->sql_name);
	set_source(arg);
	if ((arg->kind == SKL_ARG_BYTES) != (arg->source == SKL_FROM_RAW_BODY))
		return complaint_of("only p_raw_body is bytea, and it is nothing else", arg->sql_name);
	return NULL;
}

/* Appends text to a malloc'ed string. */
static void
append(char **text, const char *more)
{
	size_t length = *text == NULL ? 0 : strlen(*text);

	*text = realloc(*text, length + strlen(more) + 1);
	if (*text == NULL)
		abort();
	memcpy(*text + length, more, strlen(more) + 1);
}

/* skillancer_api.fn(p_a => $1::text, p_limit => coalesce($2::integer, 20)) */
static char *
call_text(const SklRoute *route, const json_t *args, int first_parameter)
{
	char *call = NULL;

	append(&call, "skillancer_api.");
	append(&call, route->function);
	append(&call, "(");
	for (int i = 0; i < route->nargs; i++)
	{
		const SklArg *arg = &route->args[i];
		const char *preset = member_text(json_array_get(args, (size_t) i), "default");
		bool plain = preset[0] == '\0' || strncasecmp(preset, "NULL", 4) == 0;
		char parameter[24];

		append(&call, i == 0 ? "" : ", ");
		append(&call, arg->sql_name);
		append(&call, plain ? " => " : " => coalesce(");
		snprintf(parameter, sizeof(parameter), "$%d::", first_parameter + i);
		append(&call, parameter);
		append(&call, arg->type);
		if (!plain)
		{
			append(&call, ", ");
			append(&call, preset);
			append(&call, ")");
		}
	}
	append(&call, ")");
	return call;
}

/* OFFSET 0 keeps the planner from evaluating the function once per column. */
static char *
plain_statement(const SklRoute *route, const json_t *args)
{
	char *call = call_text(route, args, 1);
	char *sql = NULL;

	if (route->returns == SKL_RETURNS_REPLY)
	{
		append(&sql, "SELECT (x.r).status, (x.r).etag, (x.r).headers, (x.r).meta, (x.r).body "
					 "FROM (SELECT ");
		append(&sql, call);
		append(&sql, " AS r OFFSET 0) AS x");
	}
	else
	{
		append(&sql, "SELECT ");
		append(&sql, call);
	}
	free(call);
	return sql;
}

/* $1 key, $2 route, $3 hash of the request; then the function's arguments. */
static char *
idempotent_statement(const SklRoute *route, const json_t *args)
{
	char *call = call_text(route, args, 4);
	char *sql = NULL;

	append(&sql, "SELECT s.status, s.etag, s.headers, s.meta, s.body "
				 "FROM skillancer.idempotency_claim($1::text, $2::text, $3::bytea) AS c "
				 "CROSS JOIN LATERAL skillancer.idempotency_settle($1::text, $2::text, c, "
				 "CASE WHEN c.status IS NULL THEN ");
	if (route->returns == SKL_RETURNS_REPLY)
		append(&sql, call);
	else
	{
		bool json = route->returns == SKL_RETURNS_JSON;

		append(&sql, json ? "ROW(200, NULL, NULL, NULL, ("
						  : "ROW(204, NULL, NULL, NULL, (SELECT CASE WHEN ");
		append(&sql, call);
		append(&sql, json ? ")::json)::skillancer.reply"
						  : " IS NULL THEN NULL::json END))::skillancer.reply");
	}
	append(&sql, " END) AS s");
	free(call);
	return sql;
}

/*
 * Equal SQL has an equal name, so a statement survives a reload of the catalogue. FNV-1a, 64 bits.
 */
static uint64_t
name_statement(char *name, size_t size, const char *sql)
{
	uint64_t hash = 14695981039346656037ull;

	for (const char *s = sql; *s != '\0'; s++)
		hash = (hash ^ (unsigned char) *s) * 1099511628211ull;
	snprintf(name, size, "r%016llx", (unsigned long long) hash);
	return hash;
}

static SklNode *
child_of(SklNode *node, const char *segment, size_t length)
{
	int low = 0;
	int high = node->nchildren - 1;

	while (low <= high)
	{
		int middle = (low + high) / 2;
		SklNode *child = node->children[middle];
		int order = strncmp(segment, child->segment, length);

		if (order == 0 && child->segment[length] != '\0')
			order = -1;
		if (order == 0)
			return child;
		if (order < 0)
			high = middle - 1;
		else
			low = middle + 1;
	}
	return NULL;
}

static int
order_nodes(const void *a, const void *b)
{
	return strcmp((*(SklNode *const *) a)->segment, (*(SklNode *const *) b)->segment);
}

static SklNode *
new_node(void)
{
	SklNode *node = calloc(1, sizeof(SklNode));

	if (node == NULL)
		abort();
	return node;
}

static SklNode *
grow_child(SklNode *node, const char *segment, size_t length)
{
	SklNode *child = child_of(node, segment, length);

	if (child != NULL)
		return child;
	child = new_node();
	child->segment = strndup(segment, length);
	node->children = realloc(node->children, sizeof(SklNode *) * (size_t) (node->nchildren + 1));
	if (node->children == NULL)
		abort();
	node->children[node->nchildren++] = child;
	qsort(node->children, (size_t) node->nchildren, sizeof(SklNode *), order_nodes);
	return child;
}

/* Ties the parameter {name} of segment number index to its argument. */
static char *
bind_parameter(SklRoute *route, const char *name, size_t length, int index)
{
	for (int i = 0; i < route->nargs; i++)
	{
		SklArg *arg = &route->args[i];

		if (strncmp(arg->name, name, length) == 0 && arg->name[length] == '\0' &&
			arg->source == SKL_FROM_CLIENT)
		{
			arg->in_path = true;
			arg->required = true;
			arg->path_segment = index;
			return NULL;
		}
	}
	return complaint_of("a path parameter is no argument of the function", route->path);
}

static char *
plant(SklNode *root, SklRoute *route)
{
	SklNode *node = root;
	const char *at = route->path;
	int index = 0;

	while (*at == '/')
	{
		size_t length = strcspn(++at, "/");
		char *complaint = NULL;

		if (index >= SKL_MAX_SEGMENTS)
			return complaint_of("a path has too many segments", route->path);
		if (at[0] == '{' && length > 2 && at[length - 1] == '}')
		{
			complaint = bind_parameter(route, at + 1, length - 2, index);
			if (node->parameter == NULL)
				node->parameter = new_node();
			node = node->parameter;
		}
		else
			node = grow_child(node, at, length);
		if (complaint != NULL)
			return complaint;
		at += length;
		index++;
	}
	if (*at != '\0' || node->by_method[route->method] != NULL)
		return complaint_of("a path is malformed or declared twice", route->path);
	node->by_method[route->method] = route;
	node->is_end = true;
	return NULL;
}

static SklRate
rate_of(const char *text)
{
	if (strcmp(text, "auth") == 0)
		return SKL_RATE_AUTH;
	if (strcmp(text, "address") == 0)
		return SKL_RATE_ADDRESS;
	return strcmp(text, "write") == 0 ? SKL_RATE_WRITE : SKL_RATE_READ;
}

static SklClass
class_of(const char *text)
{
	if (strcmp(text, "export") == 0)
		return SKL_EXPORT;
	return strcmp(text, "fast") == 0 ? SKL_FAST : SKL_SLOW;
}

static SklReturns
returns_of(const char *text)
{
	if (strcmp(text, "reply") == 0)
		return SKL_RETURNS_REPLY;
	return strcmp(text, "void") == 0 ? SKL_RETURNS_VOID : SKL_RETURNS_JSON;
}

static char *
build_route(SklRoute *route, const json_t *json)
{
	const json_t *args = json_object_get(json, "args");

	route->method_text = strdup(member_text(json, "method"));
	route->method = skl_method_of(route->method_text);
	route->path = strdup(member_text(json, "path"));
	route->function = strdup(member_text(json, "function"));
	route->who = strdup(member_text(json, "who"));
	if (json_is_string(json_object_get(json, "summary")))
		route->summary = strdup(member_text(json, "summary"));
	route->anonymous = strcmp(route->who, "anyone") == 0;
	route->class = class_of(member_text(json, "class"));
	route->rate = rate_of(member_text(json, "rate"));
	route->idempotent = json_is_true(json_object_get(json, "idempotent"));
	route->body_limit = (size_t) member_int(json, "bodyLimit", 1048576);
	route->timeout_ms = (int) member_int(json, "timeoutMs", 10000);
	snprintf(route->timeout_text, sizeof(route->timeout_text), "%d", route->timeout_ms);
	route->cache_ttl = (int) member_int(json, "cacheTtl", 0);
	route->returns = returns_of(member_text(json, "returns"));
	if (route->method >= SKL_OPTIONS || route->method == SKL_HEAD)
		return complaint_of("a route has a method that is not served", route->path);
	if (json_array_size(args) > SKL_MAX_ARGS)
		return complaint_of("a function has too many arguments", route->function);
	route->nargs = (int) json_array_size(args);
	for (int i = 0; i < route->nargs; i++)
	{
		char *complaint = build_arg(&route->args[i], json_array_get(args, (size_t) i));

		if (complaint != NULL)
			return complaint;
	}
	route->sql[0] = plain_statement(route, args);
	route->sql[1] = idempotent_statement(route, args);
	for (int i = 0; i < 2; i++)
		route->statement_id[i] =
			name_statement(route->statement[i], sizeof(route->statement[i]), route->sql[i]);
	route->metrics_slot = skl_metrics_route_slot(route->method_text, route->path);
	return NULL;
}

static void
free_node(SklNode *node)
{
	if (node == NULL)
		return;
	for (int i = 0; i < node->nchildren; i++)
		free_node(node->children[i]);
	free_node(node->parameter);
	free(node->children);
	free(node->segment);
	free(node);
}

static void
free_route(SklRoute *route)
{
	for (int i = 0; i < route->nargs; i++)
	{
		free(route->args[i].sql_name);
		free(route->args[i].name);
		free(route->args[i].type);
	}
	free(route->method_text);
	free(route->path);
	free(route->function);
	free(route->who);
	free(route->summary);
	free(route->sql[0]);
	free(route->sql[1]);
}

static void
free_catalogue(SklCatalogue *catalogue)
{
	for (int i = 0; i < catalogue->nroutes; i++)
		free_route(&catalogue->routes[i]);
	free(catalogue->routes);
	free_node(catalogue->root);
	free(catalogue->openapi);
	free(catalogue->source);
	free(catalogue);
}

SklCatalogue *
skl_catalogue_build(const char *text, char **complaint)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	const json_t *routes = json_object_get(json, "routes");
	SklCatalogue *catalogue = calloc(1, sizeof(SklCatalogue));

	*complaint = NULL;
	if (catalogue == NULL)
		abort();
	catalogue->references = 1;
	catalogue->root = new_node();
	catalogue->source = strdup(text);
	if (!json_is_array(routes))
		*complaint = complaint_of("the catalogue has no routes", json == NULL ? error.text : "");
	else
		catalogue->routes = calloc(json_array_size(routes) + 1, sizeof(SklRoute));
	for (size_t i = 0; *complaint == NULL && i < json_array_size(routes); i++)
	{
		SklRoute *route = &catalogue->routes[catalogue->nroutes++];

		*complaint = build_route(route, json_array_get(routes, i));
		if (*complaint == NULL)
			*complaint = plant(catalogue->root, route);
	}
	if (*complaint == NULL)
		catalogue->openapi = skl_openapi_build(json, &catalogue->openapi_length);
	json_decref(json);
	if (*complaint == NULL)
		return catalogue;
	free_catalogue(catalogue);
	return NULL;
}

void
skl_catalogue_hold(SklCatalogue *catalogue)
{
	__atomic_add_fetch(&catalogue->references, 1, __ATOMIC_RELAXED);
}

void
skl_catalogue_release(SklCatalogue *catalogue)
{
	if (__atomic_sub_fetch(&catalogue->references, 1, __ATOMIC_ACQ_REL) == 0)
		free_catalogue(catalogue);
}

/* ---- matching ---- */

static const SklNode *
descend(const SklNode *node, char *const *segments, int count)
{
	const SklNode *child;
	const SklNode *found = NULL;

	if (count == 0)
		return node->is_end ? node : NULL;
	child = child_of((SklNode *) node, segments[0], strlen(segments[0]));
	if (child != NULL)
		found = descend(child, segments + 1, count - 1);
	if (found == NULL && node->parameter != NULL && segments[0][0] != '\0')
		found = descend(node->parameter, segments + 1, count - 1);
	return found;
}

bool
skl_route_match(const SklCatalogue *catalogue, SklRequestCtx *ctx, SklMatch *match)
{
	char *segments[SKL_MAX_SEGMENTS];
	const char *at = ctx->path;
	const SklNode *node = NULL;
	int count = 0;

	memset(match, 0, sizeof(*match));
	while (*at == '/' && count < SKL_MAX_SEGMENTS)
	{
		size_t length = strcspn(++at, "/");

		segments[count] = skl_percent_decode(ctx, at, length, false);
		if (segments[count] == NULL)
			return false;
		ctx->path_value[count] = segments[count];
		count++;
		at += length;
	}
	if (*at == '\0' && count > 0)
		node = descend(catalogue->root, segments, count);
	if (node != NULL)
	{
		match->found = true;
		memcpy(match->by_method, node->by_method, sizeof(match->by_method));
		match->by_method[SKL_HEAD] = node->by_method[SKL_GET];
	}
	return true;
}

const char *
skl_route_allow(SklRequestCtx *ctx, const SklMatch *match)
{
	static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
	SklBuffer buffer = {.ctx = ctx};

	for (int i = 0; i < SKL_OPTIONS; i++)
	{
		if (match->by_method[i] == NULL)
			continue;
		skl_buffer_puts(&buffer, names[i]);
		skl_buffer_puts(&buffer, ", ");
	}
	skl_buffer_puts(&buffer, "OPTIONS");
	return buffer.data;
}
