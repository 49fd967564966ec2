/*
 * reply.c
 *		From what a job brought back to the status, headers and body of an answer.
 *
 * The database's JSON is neither parsed nor copied: the envelope is a head and a tail around it.
 * Three things are looked into, all small: headers and meta of a reply, and the list of problems
 * of an error. Texts of PostgreSQL's own errors never reach a client; those of class SK are made
 * for clients.
 */
#include "reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "content.h"
#include "context.h"
#include "download.h"
#include "files.h"
#include "fmt.h"
#include "signature.h"
#include "stream.h"
#include "text.h"
#include "upload.h"

/* ---- envelopes ---- */

/* ,"meta":{"requestId":"…","timestamp":"…"<members>}} */
static void
set_tail(SklRequestCtx *ctx, const char *meta)
{
	static const char opening[] = ",\"meta\":{\"requestId\":\"";
	static const char middle[] = "\",\"timestamp\":\"";
	const char *members = meta != NULL && meta[0] == '{' ? meta + 1 : "}";
	bool more = members[strspn(members, " ")] != '}';
	size_t length = strlen(members);
	char *tail = skl_alloc(ctx, sizeof(opening) + sizeof(middle) + 100 + length);
	char *at = skl_put(tail, opening, sizeof(opening) - 1);

	at = skl_put_text(at, ctx->request_id);
	at = skl_put(at, middle, sizeof(middle) - 1);
	skl_timestamp(at);
	at = skl_put(at + 24, "\",", more ? 2 : 1);
	at = skl_put(at, members, length);
	*at++ = '}';
	ctx->reply.tail = tail;
	ctx->reply.tail_length = (size_t) (at - tail);
}

static void
set_head(SklRequestCtx *ctx, const char *head)
{
	ctx->reply.head = head;
	ctx->reply.head_length = strlen(head);
}

static void
set_body(SklRequestCtx *ctx, const char *body, size_t length)
{
	ctx->reply.body = body;
	ctx->reply.body_length = length;
}

/* RFC 9457: for clients that ask for application/problem+json. */
static void
set_problem(SklRequestCtx *ctx, const char *code, const char *message, const char *details)
{
	SklBuffer buffer = {.ctx = ctx};

	ctx->reply.type = "application/problem+json";
	skl_buffer_puts(&buffer, "{\"type\":\"/docs/errors#");
	skl_buffer_puts(&buffer, code);
	skl_buffer_puts(&buffer, "\",\"title\":");
	skl_buffer_json(&buffer, message);
	skl_buffer_puts(&buffer, skl_sprintf(ctx, ",\"status\":%d,\"code\":\"%s\"", ctx->status, code));
	skl_buffer_puts(&buffer, ",\"instance\":\"urn:request:");
	skl_buffer_puts(&buffer, ctx->request_id);
	skl_buffer_puts(&buffer, "\",\"errors\":");
	skl_buffer_puts(&buffer, details);
	skl_buffer_puts(&buffer, "}");
	set_body(ctx, buffer.data, buffer.length);
}

static void
set_error(SklRequestCtx *ctx, const char *code, const char *message, const char *details)
{
	SklBuffer buffer = {.ctx = ctx};

	memset(&ctx->reply, 0, sizeof(ctx->reply));
	if (skl_accepts(ctx->header[SKL_H_ACCEPT], "application/problem+json"))
	{
		set_problem(ctx, code, message, details);
		return;
	}
	ctx->reply.type = "application/json";
	skl_buffer_puts(&buffer, "{\"error\":{\"code\":\"");
	skl_buffer_puts(&buffer, code);
	skl_buffer_puts(&buffer, "\",\"message\":");
	skl_buffer_json(&buffer, message);
	skl_buffer_puts(&buffer, ",\"details\":");
	skl_buffer_puts(&buffer, details);
	skl_buffer_puts(&buffer, "}");
	set_body(ctx, buffer.data, buffer.length);
	set_tail(ctx, NULL);
}

static bool
has_header(const SklRequestCtx *ctx, const char *name)
{
	for (int i = 0; i < ctx->nheaders; i++)
	{
		if (strcasecmp(ctx->headers[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Headers that a status asks for. */
static void
add_error_headers(SklRequestCtx *ctx)
{
	bool later = ctx->status == 503 || ctx->status == 504 || ctx->error == SKL_ERR_RETRY_LATER ||
				 ctx->error == SKL_ERR_IDEMPOTENCY_IN_PROGRESS ||
				 ctx->error == SKL_ERR_RATE_LIMITED;

	if (later && !has_header(ctx, "Retry-After"))
		skl_header(ctx, "Retry-After", "1");
	if (ctx->status == 401 && !has_header(ctx, "WWW-Authenticate"))
		skl_header(ctx, "WWW-Authenticate", "Bearer");
}

void
skl_refuse(SklRequestCtx *ctx, SklErrorCode error, const char *message, const char *details_json)
{
	const SklErrorRow *row = &skl_errors[error];

	ctx->answered = true;
	ctx->error = error;
	ctx->status = row->status;
	ctx->reply_message = message == NULL ? row->message : message;
	set_error(ctx, row->code, ctx->reply_message, details_json == NULL ? "[]" : details_json);
	add_error_headers(ctx);
}

void
skl_answer(SklRequestCtx *ctx, int status, const char *content_type, const char *body,
		   size_t length)
{
	memset(&ctx->reply, 0, sizeof(ctx->reply));
	ctx->answered = true;
	ctx->status = status;
	ctx->reply.type = content_type;
	set_body(ctx, body, length);
}

/* ---- errors of a job ---- */

/* True when a problem of the same field stands before number index. */
static bool
is_repeated(const json_t *list, size_t index, const char *field)
{
	for (size_t i = 0; i < index; i++)
	{
		const char *other = json_string_value(json_object_get(json_array_get(list, i), "field"));

		if (other != NULL && strcmp(other, field) == 0)
			return true;
	}
	return false;
}

/* A field that could not be read is NULL to the function, which then finds that it is required:
 * saying so as well would be noise. */
static void
drop_echoes(json_t *list)
{
	for (size_t i = json_array_size(list); i-- > 1;)
	{
		const json_t *problem = json_array_get(list, i);
		const char *field = json_string_value(json_object_get(problem, "field"));
		const char *message = json_string_value(json_object_get(problem, "message"));

		if (field != NULL && message != NULL && strcmp(message, "is required") == 0 &&
			is_repeated(list, i, field))
			json_array_remove(list, i);
	}
}

/* DETAIL of an error of ours is JSON; anything else is left out. */
static const char *
details_of(SklRequestCtx *ctx, const char *detail)
{
	json_t *json = detail == NULL ? NULL : json_loads(detail, 0, NULL);
	char *text;
	const char *copy = "[]";

	if (json == NULL)
		return copy;
	if (json_is_array(json))
		drop_echoes(json);
	text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
	if (text != NULL)
		copy = skl_strdup(ctx, text);
	free(text);
	json_decref(json);
	return copy;
}

static void
log_foreign(const SklRequestCtx *ctx, const PGresult *failure, SklErrorCode error)
{
	const char *message = PQresultErrorField(failure, PG_DIAG_MESSAGE_PRIMARY);

	bool is_ours = error == SKL_ERR_INTERNAL_ERROR || error == SKL_ERR_PERMISSION_DENIED;

	skl_log(is_ours ? SKL_LOG_ERROR : SKL_LOG_INFO, "sql_error", "%s %s %s: %s", ctx->request_id,
			ctx->route->function, ctx->sqlstate, message == NULL ? "" : message);
}

/* A function that got NULL for a field that could not be read may fail over anything: then the
 * problems of the fields are the better answer. Who may not ask at all is not told about fields. */
static bool
says_less(SklErrorCode error)
{
	int status = skl_errors[error].status;

	return error != SKL_ERR_VALIDATION_ERROR && status != 401 && status != 403 && status <= 500;
}

/* The argument whose value its type refused, from 0; -1 when it was something else. The server
 * names the parameter in the context of its error. */
static int
refused_argument(const SklJob *job)
{
	static const char mark[] = "portal parameter $";
	const char *context = PQresultErrorField(job->failure, PG_DIAG_CONTEXT);
	const char *found = context == NULL ? NULL : strstr(context, mark);
	long number = found == NULL ? 0 : strtol(found + sizeof(mark) - 1, NULL, 10);

	number -= job->nvalues - job->route->nargs;
	return number >= 1 && number <= job->route->nargs ? (int) number - 1 : -1;
}

bool
skl_reply_set_aside(SklJob *job)
{
	const char **problems = &job->begin[SKL_BEGIN_PARAMETERS - 1];
	int argument = job->failure == NULL ? -1 : refused_argument(job);
	int value = argument + job->nvalues - job->route->nargs;

	if (argument < 0 || job->values[value] == NULL)
		return false;
	*problems = skl_sprintf(job->ctx, "%.*s%s{\"field\":\"%s\",\"message\":\"is not valid\"}]",
							*problems == NULL ? 1 : (int) strlen(*problems) - 1,
							*problems == NULL ? "[" : *problems, *problems == NULL ? "" : ",",
							job->route->args[argument].name);
	job->values[value] = NULL;
	job->refuse = true;
	return true;
}

static void
refuse_failure(SklRequestCtx *ctx, const SklJob *job)
{
	const char *sqlstate = PQresultErrorField(job->failure, PG_DIAG_SQLSTATE);
	SklErrorCode error;

	snprintf(ctx->sqlstate, sizeof(ctx->sqlstate), "%s", sqlstate == NULL ? "08006" : sqlstate);
	error = skl_error_of_sqlstate(ctx->sqlstate);
	if (job->refuse && says_less(error))
		skl_refuse(ctx, SKL_ERR_VALIDATION_ERROR, NULL, job->begin[SKL_BEGIN_PARAMETERS - 1]);
	else if (strcmp(skl_errors[error].sqlstate, ctx->sqlstate) == 0)
		skl_refuse(ctx, error, PQresultErrorField(job->failure, PG_DIAG_MESSAGE_PRIMARY),
				   details_of(ctx, PQresultErrorField(job->failure, PG_DIAG_MESSAGE_DETAIL)));
	else
	{
		log_foreign(ctx, job->failure, error);
		skl_refuse(ctx, error, NULL, NULL);
	}
}

/* ---- successes of a job ---- */

static const char *
column(const PGresult *result, int number)
{
	return PQgetisnull(result, 0, number) ? NULL : PQgetvalue(result, 0, number);
}

/* The head of a body that carries a new access token; false when it could not be minted. */
static bool
splice_token(SklRequestCtx *ctx, const json_t *directive)
{
	int expires_in = 0;
	char *token = skl_jwt_mint(directive, &expires_in);
	const char *body = ctx->reply.body;
	size_t skip;

	if (token == NULL)
		return false;
	if (body == NULL || body[0] != '{')
		body = "{}";
	skip = 1 + strspn(body + 1, " ");
	set_head(ctx, skl_sprintf(ctx,
							  "{\"data\":{\"accessToken\":\"%s\",\"tokenType\":\"Bearer\","
							  "\"expiresIn\":%d%s",
							  token, expires_in, body[skip] == '}' ? "" : ","));
	set_body(ctx, body + 1, strlen(body + 1));
	ctx->reply.is_secret = true;
	free(token);
	return true;
}

/* A new access token as the cookie of the live stream; false when it could not be minted. */
static bool
set_stream_cookie(SklRequestCtx *ctx, const json_t *directive)
{
	int expires_in = 0;
	char *token = skl_jwt_mint(directive, &expires_in);

	if (token == NULL)
		return false;
	skl_header(ctx, "Set-Cookie",
			   skl_sprintf(ctx,
						   SKL_STREAM_COOKIE "=%s; Path=" SKL_STREAM_PATH
											 "; Max-Age=%d; HttpOnly; Secure; SameSite=Strict",
						   token, expires_in));
	free(token);
	return true;
}

static void
add_reply_header(SklRequestCtx *ctx, const char *name, const json_t *value)
{
	if (json_is_string(value))
		skl_header(ctx, skl_strdup(ctx, name), skl_strdup(ctx, json_string_value(value)));
	else if (json_is_integer(value))
		skl_header(ctx, skl_strdup(ctx, name),
				   skl_sprintf(ctx, "%" JSON_INTEGER_FORMAT, json_integer_value(value)));
}

/* The signed address that the function orders, at the head of its object; a bridge without files
 * makes none. False: there is no object. */
static bool
splice_address(SklRequestCtx *ctx, const json_t *order)
{
	const char *members = skl_signature_make(ctx, order);
	const char *body = ctx->reply.body;
	size_t skip;

	if (members == NULL || body == NULL || body[0] != '{')
		return members == NULL;
	skip = 1 + strspn(body + 1, " ");
	set_head(ctx, skl_sprintf(ctx, "{\"data\":{%s%s", members, body[skip] == '}' ? "" : ","));
	set_body(ctx, body + 1, strlen(body + 1));
	ctx->reply.is_secret = true;
	return true;
}

/* What a function says about files; false when it is no member of that kind. */
static bool
take_file_member(SklRequestCtx *ctx, const char *name, const json_t *value, bool *ok)
{
	size_t index;
	const json_t *item;

	if (strcmp(name, "skl-sign") == 0)
		*ok = splice_address(ctx, value) && *ok;
	else if (strcmp(name, "skl-file") == 0)
		ctx->download = skl_download_of(ctx, value);
	else if (strcmp(name, "skl-keep") == 0)
		skl_upload_keep(ctx, json_string_value(value));
	else if (strcmp(name, "skl-remove") == 0)
	{
		json_array_foreach(value, index, item) skl_files_remove(json_string_value(item));
	}
	else
		return false;
	return true;
}

/* Headers that the function wants, its order to mint a token, and a body of another type. */
static bool
take_headers(SklRequestCtx *ctx, const char *text)
{
	json_t *headers = json_loads(text, 0, NULL);
	const char *name;
	json_t *value;
	bool ok = true;

	json_object_foreach(headers, name, value)
	{
		size_t index;
		const json_t *item;

		if (strcmp(name, "skl-mint") == 0)
			ok = splice_token(ctx, value) && ok;
		else if (strcmp(name, "skl-mint-stream") == 0)
			ok = set_stream_cookie(ctx, value) && ok;
		else if (strcmp(name, "skl-stream") == 0)
		{
			ctx->streams = ctx->method == SKL_GET;
			ctx->stream_position = json_integer_value(value);
		}
		else if (take_file_member(ctx, name, value, &ok))
			continue;
		else if (json_is_array(value))
		{
			json_array_foreach(value, index, item) add_reply_header(ctx, name, item);
		}
		else if (!skl_content_owns(name))
			add_reply_header(ctx, name, value);
	}
	if (ctx->status < 300 && json_object_get(headers, "Content-Type") != NULL)
		ok = skl_content_take(ctx, headers) && ok;
	json_decref(headers);
	return ok;
}

/* A refusal that commits: the body is the error object. */
static void
set_refusal(SklRequestCtx *ctx)
{
	json_t *error = json_loads(ctx->reply.body == NULL ? "{}" : ctx->reply.body, 0, NULL);
	const char *code = json_string_value(json_object_get(error, "code"));
	const char *message = json_string_value(json_object_get(error, "message"));
	char *details = json_dumps(json_object_get(error, "details"), JSON_COMPACT);

	ctx->error = SKL_ERR_INTERNAL_ERROR;
	for (int i = 1; i < SKL_ERR_COUNT && code != NULL; i++)
	{
		if (strcmp(skl_errors[i].code, code) == 0)
			ctx->error = (SklErrorCode) i;
	}
	set_error(ctx, skl_errors[ctx->error].code,
			  message == NULL ? skl_errors[ctx->error].message : message,
			  details == NULL ? "[]" : details);
	add_error_headers(ctx);
	free(details);
	json_decref(error);
}

/* status, etag, headers, meta, body */
static void
set_reply(SklRequestCtx *ctx, const PGresult *result)
{
	const char *status = column(result, 0);
	const char *etag = column(result, 1);
	const char *headers = column(result, 2);

	ctx->status = status == NULL ? 200 : (int) strtol(status, NULL, 10);
	if (ctx->status < 200 || ctx->status > 599)
		ctx->status = 500;
	ctx->reply.type = "application/json";
	set_head(ctx, "{\"data\":");
	set_body(ctx, "null", 4);
	if (column(result, 4) != NULL)
		set_body(ctx, PQgetvalue(result, 0, 4), (size_t) PQgetlength(result, 0, 4));
	if (headers != NULL && !take_headers(ctx, headers))
	{
		skl_refuse(ctx, SKL_ERR_INTERNAL_ERROR, NULL, NULL);
		return;
	}
	if (etag != NULL)
	{
		char *quoted = skl_alloc(ctx, strlen(etag) + 3);

		*skl_put(skl_put_text(skl_put(quoted, "\"", 1), etag), "\"", 1) = '\0';
		skl_header(ctx, "ETag", quoted);
		ctx->reply.has_etag = true;
	}
	if (ctx->download != NULL && ctx->status < 300)
		skl_download_answer(ctx);
	else if (ctx->status >= 400)
		set_refusal(ctx);
	else if (ctx->reply.head_length > 0) /* else it is no JSON, and has no envelope */
		set_tail(ctx, column(result, 3));
}

/* False when the function changed after the catalogue was loaded: its result would be misread. */
static bool
is_expected(const SklJob *job, bool is_reply)
{
	const Oid json = 114;
	const Oid jsonb = 3802;
	const PGresult *result = job->result;

	if (PQntuples(result) != 1)
		return false;
	if (is_reply)
		return PQnfields(result) == 5;
	return job->route->returns == SKL_RETURNS_VOID || PQftype(result, 0) == json ||
		   PQftype(result, 0) == jsonb;
}

static void
set_result(SklRequestCtx *ctx, const SklJob *job)
{
	const PGresult *result = job->result;
	bool is_reply = job->variant == 1 || job->route->returns == SKL_RETURNS_REPLY;

	ctx->answered = true;
	ctx->status = 200;
	if (!is_expected(job, is_reply))
	{
		skl_catalogue_reload();
		skl_refuse(ctx, SKL_ERR_SERVICE_UNAVAILABLE, NULL, NULL);
	}
	else if (is_reply)
		set_reply(ctx, result);
	else if (job->route->returns == SKL_RETURNS_VOID)
		ctx->status = 204;
	else
	{
		ctx->reply.type = "application/json";
		set_head(ctx, "{\"data\":");
		set_body(ctx, "null", 4);
		if (column(result, 0) != NULL)
			set_body(ctx, PQgetvalue(result, 0, 0), (size_t) PQgetlength(result, 0, 0));
		set_tail(ctx, NULL);
	}
	if (ctx->status == 204 || ctx->status == 304)
	{
		bool has_etag = ctx->reply.has_etag;

		memset(&ctx->reply, 0, sizeof(ctx->reply));
		ctx->reply.has_etag = has_etag;
	}
}

void
skl_reply_of_job(SklRequestCtx *ctx, SklJob *job)
{
	switch (job->outcome)
	{
		case SKL_JOB_REFUSED:
		case SKL_JOB_LOST:
			skl_refuse(ctx, SKL_ERR_SERVICE_UNAVAILABLE, NULL, NULL);
			break;
		case SKL_JOB_UNANSWERED:
			skl_refuse(ctx, SKL_ERR_TIMEOUT, NULL, NULL);
			break;
		case SKL_JOB_GONE:
			ctx->status = 499;
			break;
		case SKL_JOB_ANSWERED:
			if (job->failure != NULL)
				refuse_failure(ctx, job);
			else if (job->result == NULL || job->refuse)
				skl_refuse(ctx, SKL_ERR_INTERNAL_ERROR, NULL, NULL);
			else
				set_result(ctx, job);
			break;
	}
}
