/*
 * dispatch.c
 *		A request from its request line to its answer.
 *
 * Admission goes from cheap to expensive, and stops at the first refusal: framing, address lists,
 * address limit, pages of our own, route, CORS, size, token, identity limit. Only then is the body
 * read, and only a request that can be put to the database reaches its queue.
 */
#include "dispatch.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "args.h"
#include "catalogue.h"
#include "config.h"
#include "context.h"
#include "download.h"
#include "guard.h"
#include "network.h"
#include "pool.h"
#include "reply.h"
#include "reqid.h"
#include "routes.h"
#include "rows.h"
#include "server.h"
#include "signature.h"
#include "stream.h"
#include "trace.h"
#include "upload.h"

#define MAX_URI 8192
#define MAX_DRAIN (16 * 1024 * 1024) /* more than this is not read only to be thrown away */
#define MAX_KEY 255

void
skl_request_begin(SklRequestCtx *ctx, const char *uri)
{
	ctx->started_us = skl_now_us();
	ctx->raw_uri = skl_strdup(ctx, uri);
	ctx->path = "/";
}

/* ---- before anything is decided ---- */

static void
name_request(SklRequestCtx *ctx)
{
	SklTrace trace;
	char state[SKL_TRACESTATE_MAX + 1];

	skl_request_id(ctx->header[SKL_H_X_REQUEST_ID], ctx->request_id);
	skl_trace_start(ctx->header[SKL_H_TRACEPARENT], &trace);
	memcpy(ctx->trace_id, trace.trace_id, sizeof(ctx->trace_id));
	memcpy(ctx->parent_span, trace.parent_id, sizeof(ctx->parent_span));
	memcpy(ctx->span_id, trace.span_id, sizeof(ctx->span_id));
	ctx->trace_sampled =
		trace.parent_id[0] != '\0' ? trace.sampled : skl_tracing_sample(ctx->config);
	if (trace.parent_id[0] != '\0' && skl_tracestate_read(ctx->header[SKL_H_TRACESTATE], state))
		ctx->tracestate = skl_strdup(ctx, state);
	ctx->user_agent = ctx->header[SKL_H_USER_AGENT];
}

/* An older client's path becomes today's: the longest prefix of the table wins. */
static const char *
apply_aliases(SklRequestCtx *ctx, const char *path)
{
	const SklAlias *best = NULL;
	size_t longest = 0;

	for (int i = 0; i < ctx->config->naliases; i++)
	{
		const SklAlias *alias = &ctx->config->aliases[i];
		size_t length = strlen(alias->prefix);

		if (length > longest && strncmp(path, alias->prefix, length) == 0)
		{
			best = alias;
			longest = length;
		}
	}
	return best == NULL ? path : skl_sprintf(ctx, "%s%s", best->target, path + longest);
}

static void
split_uri(SklRequestCtx *ctx)
{
	size_t length = strcspn(ctx->raw_uri, "?");

	if (ctx->raw_uri[length] == '?')
		ctx->query = ctx->raw_uri + length + 1;
	ctx->path = apply_aliases(ctx, skl_strndup(ctx, ctx->raw_uri, length));
}

/* ---- admission ---- */

static bool
refuse_method(SklRequestCtx *ctx, const char *allow)
{
	skl_header(ctx, "Allow", allow);
	skl_refuse(ctx, SKL_ERR_METHOD_NOT_ALLOWED, NULL, NULL);
	return false;
}

static bool
answer_options(SklRequestCtx *ctx, const char *allow)
{
	skl_header(ctx, "Allow", allow);
	skl_answer(ctx, 204, NULL, "", 0);
	return false;
}

/* Finds the route; answers what needs none: preflights, OPTIONS, wrong paths and methods. */
static bool
admit_route(SklRequestCtx *ctx)
{
	static const char every[] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
	SklMatch match;

	ctx->catalogue = ctx->thread->catalogue;
	if (ctx->method == SKL_OPTIONS && strcmp(ctx->path, "*") == 0)
		return answer_options(ctx, every);
	if (ctx->catalogue == NULL)
	{
		skl_refuse(ctx, SKL_ERR_SERVICE_UNAVAILABLE, NULL, NULL);
		return false;
	}
	skl_catalogue_hold(ctx->catalogue);
	ctx->catalogue_held = true;
	if (!skl_route_match(ctx->catalogue, ctx, &match))
	{
		skl_refuse(ctx, SKL_ERR_MALFORMED_REQUEST, "the path has escapes that are not UTF-8 text",
				   NULL);
		return false;
	}
	if (!skl_cors_admit(ctx, ctx->method == SKL_OPTIONS ? skl_route_allow(ctx, &match) : ""))
		return false;
	if (ctx->method == SKL_METHOD_OTHER)
		return refuse_method(ctx, match.found ? skl_route_allow(ctx, &match) : every);
	if (!match.found)
	{
		skl_refuse(ctx, SKL_ERR_RESOURCE_NOT_FOUND, "there is nothing at this address", NULL);
		return false;
	}
	if (ctx->method == SKL_OPTIONS)
		return answer_options(ctx, skl_route_allow(ctx, &match));
	ctx->route = match.by_method[ctx->method];
	return ctx->route != NULL || refuse_method(ctx, skl_route_allow(ctx, &match));
}

static size_t
body_limit(const SklRequestCtx *ctx)
{
	size_t limit = ctx->route == NULL ? 0 : ctx->route->body_limit;
	size_t upload = skl_upload_limit(ctx);

	if (upload > 0)
		return upload;
	return limit == 1048576 ? ctx->config->max_body : limit;
}

static bool
admit_size(SklRequestCtx *ctx)
{
	const char *length = ctx->header[SKL_H_CONTENT_LENGTH];

	if (length == NULL || strtoull(length, NULL, 10) <= body_limit(ctx))
		return true;
	skl_refuse(ctx, SKL_ERR_PAYLOAD_TOO_LARGE, NULL, NULL);
	return false;
}

static bool
admit_identity(SklRequestCtx *ctx)
{
	if (!skl_authenticate(ctx) || !skl_signature_admit(ctx) || !skl_limits_identity(ctx))
		return false;
	if (ctx->identity.known || ctx->route->anonymous)
		return true;
	skl_refuse(ctx, SKL_ERR_AUTHENTICATION_ERROR, NULL, NULL);
	return false;
}

static bool
admit(SklRequestCtx *ctx)
{
	if (strlen(ctx->raw_uri) > MAX_URI)
	{
		skl_refuse(ctx, SKL_ERR_URI_TOO_LONG, NULL, NULL);
		return false;
	}
	return skl_iplist_admit(ctx) && skl_limits_address(ctx) && skl_builtin_route(ctx) &&
		   admit_route(ctx) && admit_size(ctx) && admit_identity(ctx) && skl_stream_place(ctx) &&
		   skl_upload_begin(ctx);
}

/*
 * How an answer decided before the body leaves: a client that waits for 100 Continue gets it at
 * once, one that sends anyway is heard to the end, so that it does not lose the answer to a reset.
 */
static SklNext
answer_early(SklRequestCtx *ctx)
{
	const char *length = ctx->header[SKL_H_CONTENT_LENGTH];

	ctx->phase = SKL_PHASE_DRAIN;
	if (!skl_guard_has_body(ctx))
		return SKL_NEXT_READ;
	if (MHD_lookup_connection_value(ctx->mhd, MHD_HEADER_KIND, "Expect") != NULL)
		return SKL_NEXT_ANSWER;
	if (length != NULL && strtoull(length, NULL, 10) > MAX_DRAIN)
		return SKL_NEXT_ANSWER;
	return SKL_NEXT_READ;
}

SklNext
skl_request_headers(SklRequestCtx *ctx, const char *method, const char *uri, const char *version)
{
	bool well_formed;

	ctx->method_text = skl_strdup(ctx, method);
	ctx->method = skl_method_of(method);
	ctx->peer = ctx->conn->peer;
	ctx->client = ctx->peer;
	well_formed = skl_guard(ctx, uri, version);
	name_request(ctx);
	if (!well_formed)
	{
		/* the envelope was made before the request had a name */
		skl_refuse(ctx, ctx->error, ctx->reply_message, NULL);
		ctx->phase = SKL_PHASE_DRAIN;
		return SKL_NEXT_ANSWER;
	}
	split_uri(ctx);
	ctx->phase = SKL_PHASE_BODY;
	return admit(ctx) ? SKL_NEXT_READ : answer_early(ctx);
}

/* ---- the body ---- */

/* Makes room for size more bytes: all of Content-Length at once, else doubling. */
static void
grow_body(SklRequestCtx *ctx, size_t size)
{
	const char *declared = ctx->header[SKL_H_CONTENT_LENGTH];
	size_t capacity = declared != NULL ? (size_t) strtoull(declared, NULL, 10) : 4096;
	char *grown;

	if (ctx->body_len + size + 1 <= ctx->body_capacity)
		return;
	while (capacity < ctx->body_len + size)
		capacity *= 2;
	grown = realloc(ctx->body, capacity + 1);
	if (grown == NULL)
		abort();
	ctx->body = grown;
	ctx->body_capacity = capacity + 1;
}

SklNext
skl_request_body(SklRequestCtx *ctx, const char *data, size_t size)
{
	ctx->bytes_in += size;
	if (ctx->phase == SKL_PHASE_DRAIN)
		return ctx->bytes_in > MAX_DRAIN ? SKL_NEXT_CLOSE : SKL_NEXT_READ;
	if (ctx->bytes_in > body_limit(ctx))
	{
		ctx->phase = SKL_PHASE_DRAIN;
		skl_refuse(ctx, SKL_ERR_PAYLOAD_TOO_LARGE, NULL, NULL);
		return SKL_NEXT_READ;
	}
	if (ctx->upload != NULL)
	{
		if (!skl_upload_data(ctx, data, size))
			ctx->phase = SKL_PHASE_DRAIN;
		return SKL_NEXT_READ;
	}
	grow_body(ctx, size);
	memcpy(ctx->body + ctx->body_len, data, size);
	ctx->body_len += size;
	ctx->body[ctx->body_len] = '\0';
	return SKL_NEXT_READ;
}

/* ---- the work ---- */

/* What makes two requests with one key the same: method, path, query and body. */
static const char *
hash_request(SklRequestCtx *ctx)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1];

	if (digest == NULL || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
		abort();
	EVP_DigestUpdate(digest, ctx->method_text, strlen(ctx->method_text) + 1);
	EVP_DigestUpdate(digest, ctx->path, strlen(ctx->path) + 1);
	if (ctx->query != NULL)
		EVP_DigestUpdate(digest, ctx->query, strlen(ctx->query));
	EVP_DigestUpdate(digest, "", 1);
	if (ctx->body_len > 0)
		EVP_DigestUpdate(digest, ctx->body, ctx->body_len);
	if (ctx->upload != NULL)
	{
		const char *upload = skl_upload_digest(ctx);

		EVP_DigestUpdate(digest, upload, strlen(upload));
	}
	EVP_DigestFinal_ex(digest, bytes, &length);
	EVP_MD_CTX_free(digest);
	for (unsigned int i = 0; i < length; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return skl_sprintf(ctx, "\\x%s", hex);
}

/* The key is printable ASCII of a sane length; the database is told only good ones. */
static const char *
idempotency_key(SklArgs *args)
{
	const char *key = args->ctx->header[SKL_H_IDEMPOTENCY_KEY];
	size_t length = key == NULL ? 0 : strlen(key);
	bool good = length > 0 && length <= MAX_KEY;

	if (key == NULL || !args->route->idempotent || !args->ctx->identity.known)
		return NULL;
	for (size_t i = 0; i < length; i++)
		good = good && key[i] > 0x20 && key[i] < 0x7f;
	if (good)
		return key;
	skl_args_problem(args, "Idempotency-Key", "must be 1 to %d printable characters", MAX_KEY);
	return NULL;
}

static void
set_values(SklJob *job, SklArgs *args)
{
	SklRequestCtx *ctx = args->ctx;
	const char *key = idempotency_key(args);
	int first = key == NULL ? 0 : 3;

	job->variant = key == NULL ? 0 : 1;
	job->nvalues = args->route->nargs + first;
	job->values = skl_alloc(ctx, sizeof(char *) * (size_t) (job->nvalues + 1));
	if (key != NULL)
	{
		job->values[0] = key;
		job->values[1] = skl_sprintf(ctx, "%s %s", args->route->method_text, args->route->path);
		job->values[2] = hash_request(ctx);
	}
	memcpy(job->values + first, args->values, sizeof(char *) * (size_t) args->route->nargs);
}

/* The parameters of begin_request, in its order. */
static void
set_begin(SklJob *job, SklArgs *args)
{
	SklRequestCtx *ctx = args->ctx;
	bool reads = args->route->method == SKL_GET;
	SklTrace trace = {.sampled = ctx->trace_sampled};
	char text[SKL_TRACEPARENT_LENGTH + 1];

	memcpy(trace.trace_id, ctx->trace_id, sizeof(trace.trace_id));
	memcpy(trace.span_id, ctx->span_id, sizeof(trace.span_id));
	skl_trace_text(&trace, text);
	if (ctx->identity.known)
	{
		job->begin[0] = ctx->identity.user_text;
		job->begin[1] = ctx->identity.session_text[0] == '\0' ? NULL : ctx->identity.session_text;
		job->begin[2] = ctx->identity.scopes[0] == '\0' ? NULL : ctx->identity.scopes;
	}
	job->begin[3] = ctx->request_id;
	job->begin[4] = ctx->tracestate == NULL ? skl_strdup(ctx, text)
											: skl_sprintf(ctx, "%s %s", text, ctx->tracestate);
	job->begin[5] = ctx->client.text;
	job->begin[6] = args->route->timeout_text;
	job->begin[7] = reads ? "t" : "f";
	job->begin[8] = skl_args_problems(args);
	job->refuse = job->begin[8] != NULL;
	job->repeatable = reads || job->variant == 1;
}

static SklNext
start_work(SklRequestCtx *ctx)
{
	SklJob *job;
	SklArgs args;

	ctx->phase = SKL_PHASE_WORK;
	if (!skl_args_collect(&args, ctx))
		return SKL_NEXT_ANSWER;
	job = skl_alloc(ctx, sizeof(SklJob));
	memset(job, 0, sizeof(*job));
	job->ctx = ctx;
	job->route = ctx->route;
	set_values(job, &args);
	set_begin(job, &args);
	ctx->job = job;
	if (skl_pool_submit(&ctx->thread->pool, job))
		return SKL_NEXT_PARK;
	skl_refuse(ctx, SKL_ERR_SERVICE_UNAVAILABLE, NULL, NULL);
	return SKL_NEXT_ANSWER;
}

SklNext
skl_request_complete(SklRequestCtx *ctx)
{
	if (ctx->phase != SKL_PHASE_BODY)
		return ctx->answered ? SKL_NEXT_ANSWER : SKL_NEXT_CLOSE;
	if (ctx->download != NULL)
	{
		skl_download_answer(ctx);
		return SKL_NEXT_ANSWER;
	}
	if (ctx->upload == NULL)
		return start_work(ctx);
	ctx->phase = SKL_PHASE_WORK;
	return skl_upload_end(ctx);
}

void
skl_request_stored(SklRequestCtx *ctx)
{
	if (skl_upload_abandoned(ctx))
		ctx->status = 499;
	else if (!skl_upload_is_stored(ctx))
		skl_refuse(ctx, SKL_ERR_SERVICE_UNAVAILABLE, NULL, NULL);
	else if (start_work(ctx) == SKL_NEXT_PARK)
		return;
	skl_server_answered(ctx);
}

void
skl_request_abandon(SklRequestCtx *ctx)
{
	if (ctx->job != NULL)
		skl_pool_abandon(&ctx->thread->pool, ctx->job);
	else
		skl_upload_abandon(ctx);
}

void
skl_request_done(SklJob *job)
{
	if (skl_rows_done(job))
		return;
	if (job->outcome == SKL_JOB_ANSWERED && skl_reply_set_aside(job))
	{
		skl_pool_again(&job->ctx->thread->pool, job, 0);
		return;
	}
	skl_reply_of_job(job->ctx, job);
	skl_upload_settle(job->ctx,
					  job->outcome != SKL_JOB_ANSWERED && job->outcome != SKL_JOB_REFUSED);
	skl_rows_begin(job->ctx);
	skl_server_answered(job->ctx);
}

void
skl_request_end(SklRequestCtx *ctx)
{
	ctx->total_us = skl_now_us() - ctx->started_us;
	if (ctx->request_id[0] == '\0')
		name_request(ctx);
	skl_metrics_request(ctx);
	skl_log_request(ctx);
	skl_tracing_request(ctx);
}

void
skl_request_free(SklRequestCtx *ctx)
{
	if (ctx->job != NULL)
	{
		PQclear(ctx->job->result);
		PQclear(ctx->job->failure);
		PQclear(ctx->job->page);
		skl_rows_free(ctx);
	}
	skl_upload_free(ctx);
	skl_download_free(ctx);
	free(ctx->body);
	if (ctx->catalogue_held)
		skl_catalogue_release(ctx->catalogue);
}
