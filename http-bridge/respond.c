/*
 * respond.c
 *		A decided answer as a libmicrohttpd response: headers, compression, pieces.
 *
 * Small bodies are put together in one buffer, which libmicrohttpd sends with the headers in one
 * call; large ones go out as pieces where they lie. Nothing is freed here: the pieces belong to the
 * request, which outlives its response.
 */
#include "reply.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "config.h"
#include "download.h"
#include "fmt.h"
#include "reqid.h"
#include "rows.h"
#include "server.h"
#include "stream.h"
#include "text.h"

#define COPY_BELOW 16384 /* bytes; a copy is cheaper than another system call */

/* Pages of our own set a policy that lets their styles through; answers of the API need nothing. */
static const char api_policy[] = "default-src 'none'; frame-ancestors 'none'";

static pthread_key_t stream_key;
static pthread_once_t stream_once = PTHREAD_ONCE_INIT;

static void
end_stream(void *stream)
{
	deflateEnd(stream);
	free(stream);
}

static void
make_stream_key(void)
{
	if (pthread_key_create(&stream_key, end_stream) != 0)
		abort();
}

/* The thread's own stream, ready for a new text: deflate's state is large and expensive to set up.
 * NULL without memory. */
static z_stream *
thread_stream(void)
{
	z_stream *stream;

	pthread_once(&stream_once, make_stream_key);
	stream = pthread_getspecific(stream_key);
	if (stream != NULL)
		return deflateReset(stream) == Z_OK ? stream : NULL;
	stream = calloc(1, sizeof(z_stream));
	/* 15 + 16: a gzip header around a window of 32 kB */
	if (stream == NULL ||
		deflateInit2(stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
	{
		free(stream);
		return NULL;
	}
	pthread_setspecific(stream_key, stream);
	return stream;
}

static bool
deflate_pieces(SklRequestCtx *ctx, size_t total, char **out, size_t *length)
{
	z_stream *stream = thread_stream();
	const SklReply *reply = &ctx->reply;
	const char *pieces[] = {reply->head, reply->body, reply->tail};
	const size_t lengths[] = {reply->head_length, reply->body_length, reply->tail_length};
	size_t room;

	if (stream == NULL)
		return false;
	room = deflateBound(stream, total);
	*out = skl_alloc(ctx, room);
	stream->next_out = (Bytef *) *out;
	stream->avail_out = (uInt) room;
	for (int i = 0; i < 3; i++)
	{
		stream->next_in = (Bytef *) (uintptr_t) pieces[i];
		stream->avail_in = (uInt) lengths[i];
		if (deflate(stream, i == 2 ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR)
			return false;
	}
	*length = room - stream->avail_out;
	return true;
}

static struct MHD_Response *
of_buffer(const char *data, size_t length)
{
	return MHD_create_response_from_buffer(length, (void *) (uintptr_t) data,
										   MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *
of_pieces(SklRequestCtx *ctx, size_t total)
{
	const SklReply *reply = &ctx->reply;
	struct MHD_IoVec pieces[3] = {{reply->head, reply->head_length},
								  {reply->body, reply->body_length},
								  {reply->tail, reply->tail_length}};
	char *whole;

	if (reply->head_length == 0 && reply->tail_length == 0)
		return of_buffer(reply->body == NULL ? "" : reply->body, reply->body_length);
	if (total > COPY_BELOW)
		return MHD_create_response_from_iovec(pieces, 3, NULL, NULL);
	whole = skl_alloc(ctx, total);
	if (reply->head_length > 0)
		memcpy(whole, reply->head, reply->head_length);
	memcpy(whole + reply->head_length, reply->body, reply->body_length);
	if (reply->tail_length > 0)
		memcpy(whole + reply->head_length + reply->body_length, reply->tail, reply->tail_length);
	return of_buffer(whole, total);
}

static bool
may_compress(const SklRequestCtx *ctx, size_t total)
{
	const char *type = ctx->reply.type;

	return ctx->config->compress_min > 0 && total >= (size_t) ctx->config->compress_min &&
		   !ctx->reply.is_secret && type != NULL &&
		   (strstr(type, "json") != NULL || strncmp(type, "text/", 5) == 0);
}

static void
add(struct MHD_Response *response, const char *name, const char *value)
{
	if (MHD_add_response_header(response, name, value) == MHD_NO)
		skl_log(SKL_LOG_WARN, "bad_header", "%s was left out", name);
}

static void
add_timing(SklRequestCtx *ctx, struct MHD_Response *response)
{
	char text[128];
	char *at = text;

	if (ctx->job != NULL)
	{
		at = skl_put_ms(skl_put_text(at, "queue;dur="), ctx->queue_us);
		at = skl_put_ms(skl_put_text(at, ",db;dur="), ctx->db_us);
		*at++ = ',';
	}
	at = skl_put_ms(skl_put_text(at, "total;dur="), skl_now_us() - ctx->started_us);
	*at = '\0';
	add(response, "Server-Timing", text);
}

static const char *
cache_control(const SklRequestCtx *ctx)
{
	bool reads = ctx->method == SKL_GET || ctx->method == SKL_HEAD;

	if (!reads || ctx->status >= 400 || ctx->reply.is_secret)
		return "no-store";
	if (ctx->route != NULL && ctx->route->cache_ttl > 0 && !ctx->identity.known)
		return NULL; /* add_caching() says how long */
	return ctx->reply.has_etag ? "private, no-cache" : "no-store";
}

static bool
is_given(const SklRequestCtx *ctx, const char *name)
{
	for (int i = 0; i < ctx->nheaders; i++)
	{
		if (strcasecmp(ctx->headers[i].name, name) == 0)
			return true;
	}
	return false;
}

static void
add_caching(SklRequestCtx *ctx, struct MHD_Response *response)
{
	const char *control = cache_control(ctx);
	char text[48];

	if (is_given(ctx, "Cache-Control"))
		return;
	if (control == NULL)
	{
		snprintf(text, sizeof(text), "public, max-age=%d", ctx->route->cache_ttl);
		control = text;
		add(response, "Vary", "Authorization");
	}
	add(response, "Cache-Control", control);
}

/*
 * A compressed body is another representation and has a tag of its own: the tag with -gzip inside
 * its quotes. So has a 304 to a client that holds the compressed one.
 */
static void
add_etag(SklRequestCtx *ctx, struct MHD_Response *response, const char *tag, bool packed)
{
	const char *given = ctx->status == 304 ? ctx->header[SKL_H_IF_NONE_MATCH] : NULL;

	if (packed || given != NULL)
	{
		char *other = skl_sprintf(ctx, "%.*s-gzip\"", (int) strlen(tag) - 1, tag);

		if (packed || strstr(given, other) != NULL)
			tag = other;
	}
	add(response, "ETag", tag);
}

static void
add_headers(SklRequestCtx *ctx, struct MHD_Response *response, bool packed)
{
	SklTrace trace = {.sampled = ctx->trace_sampled};
	char text[SKL_TRACEPARENT_LENGTH + 1];

	if (ctx->reply.type != NULL)
		add(response, "Content-Type", ctx->reply.type);
	add(response, "X-Request-ID", ctx->request_id);
	for (int i = 0; i < ctx->nheaders; i++)
	{
		if (strcmp(ctx->headers[i].name, "ETag") == 0)
			add_etag(ctx, response, ctx->headers[i].value, packed);
		else
			add(response, ctx->headers[i].name, ctx->headers[i].value);
	}
	add(response, "X-Content-Type-Options", "nosniff");
	if (!is_given(ctx, "Content-Security-Policy"))
		add(response, "Content-Security-Policy", api_policy);
	if (ctx->reply.type != NULL && strncmp(ctx->reply.type, "text/html", 9) == 0)
		add(response, "Referrer-Policy", "no-referrer");
	if (ctx->over_tls)
		add(response, "Strict-Transport-Security", "max-age=31536000; includeSubDomains");
	add_caching(ctx, response);
	memcpy(trace.trace_id, ctx->trace_id, sizeof(trace.trace_id));
	memcpy(trace.span_id, ctx->span_id, sizeof(trace.span_id));
	skl_trace_text(&trace, text);
	add(response, "traceparent", text);
	if (ctx->tracestate != NULL)
		add(response, "tracestate", ctx->tracestate);
	add_timing(ctx, response);
	if (skl_server_quiescing())
		add(response, "Connection", "close");
}

struct MHD_Response *
skl_reply_build(SklRequestCtx *ctx)
{
	const SklReply *reply = &ctx->reply;
	size_t total = reply->head_length + reply->body_length + reply->tail_length;
	bool is_file = skl_download_has_body(ctx);
	bool compressible =
		ctx->stream == NULL && ctx->rows == NULL && !is_file && may_compress(ctx, total);
	struct MHD_Response *response = NULL;
	bool is_packed = false;
	char *packed;
	size_t length;

	if (ctx->stream != NULL)
		response = skl_stream_response(ctx->stream);
	else if (ctx->rows != NULL)
		response = skl_rows_response(ctx);
	else if (is_file)
		response = skl_download_response(ctx, &total);
	else if (compressible && skl_accepts(ctx->header[SKL_H_ACCEPT_ENCODING], "gzip") &&
			 deflate_pieces(ctx, total, &packed, &length))
	{
		response = of_buffer(packed, length);
		add(response, "Content-Encoding", "gzip");
		total = length;
		is_packed = true;
	}
	else
		response = of_pieces(ctx, total);
	if (response == NULL)
		abort();
	if (compressible)
		add(response, "Vary", "Accept-Encoding");
	add_headers(ctx, response, is_packed);
	ctx->bytes_out = ctx->method == SKL_HEAD || ctx->rows != NULL ? 0 : total;
	return response;
}
