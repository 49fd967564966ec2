/*
 * cors.c
 *		Cross-origin requests: an exact list of origins, and the answer to a preflight.
 *
 * Origins are compared byte for byte with the configured ones, so "null", other schemes, ports,
 * sub-domains and look-alikes are never allowed, and "*" is refused at configuration. A preflight
 * is answered before authentication and without the database. Every answer varies by Origin, so
 * that a shared cache never hands the permission of one origin to another.
 */
#include "cors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"

#define MAX_AGE_S "86400"

static const char allowed_headers[] =
	"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-ID, "
	"traceparent, tracestate";
static const char exposed_headers[] =
	"ETag, Location, Retry-After, X-Request-ID, Server-Timing, Idempotency-Replayed, RateLimit, "
	"RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset";

struct SklCors
{
	size_t count;
	char *copy;			   /* holds the text of the origins */
	const char *origins[]; /* sorted */
};

/* true for scheme://host[:port] in lower case, as browsers write it */
static bool
is_origin(const char *text)
{
	const char *host = strstr(text, "://");

	if (host == NULL || host == text || host[3] == '\0' || host[3] == ':')
		return false;
	if (strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-") != (size_t) (host - text))
		return false;
	host += 3;
	return strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == strlen(host);
}

static int
compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/*
 * Build the list from origins separated by commas or white space; an empty text allows none.
 * Returns NULL and a message when an entry is not an exact origin.
 */
SklCors *
skl_cors_parse(const char *text, char *error, size_t error_size)
{
	static const char separators[] = ", \t\r\n";
	size_t room = strlen(text) / 2 + 1;
	SklCors *cors = calloc(1, sizeof(SklCors) + room * sizeof(char *));
	char *next;
	char *origin;

	if (cors == NULL || (cors->copy = strdup(text)) == NULL)
	{
		skl_cors_free(cors);
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	for (next = cors->copy; (origin = strsep(&next, separators)) != NULL;)
	{
		if (*origin == '\0')
			continue;
		if (!is_origin(origin))
		{
			snprintf(error, error_size, "\"%s\" is not an origin such as https://app.example.com",
					 origin);
			skl_cors_free(cors);
			return NULL;
		}
		cors->origins[cors->count++] = origin;
	}
	qsort(cors->origins, cors->count, sizeof(char *), compare_text);
	return cors;
}

void
skl_cors_free(SklCors *cors)
{
	if (cors != NULL)
		free(cors->copy);
	free(cors);
}

/* true when the origin is one of the list, byte for byte */
bool
skl_cors_allows(const SklCors *cors, const char *origin)
{
	return cors != NULL && origin != NULL &&
		   bsearch(&origin, cors->origins, cors->count, sizeof(char *), compare_text) != NULL;
}

/* Who may read the answer: headers of every answer to an allowed origin. */
static void
allow_origin(SklRequestCtx *ctx, const char *origin)
{
	skl_header(ctx, "Access-Control-Allow-Origin", skl_strdup(ctx, origin));
	skl_header(ctx, "Access-Control-Allow-Credentials", "true");
}

/* Answer a preflight: 204, with permissions only for an allowed origin. */
static void
answer_preflight(SklRequestCtx *ctx, const char *origin, const char *allow)
{
	skl_header(ctx, "Vary",
			   "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
	if (skl_cors_allows(ctx->config->cors, origin))
	{
		allow_origin(ctx, origin);
		skl_header(ctx, "Access-Control-Allow-Methods", allow);
		skl_header(ctx, "Access-Control-Allow-Headers", allowed_headers);
		skl_header(ctx, "Access-Control-Max-Age", MAX_AGE_S);
	}
	skl_answer(ctx, 204, NULL, "", 0);
}

/* Is the origin this bridge itself, as the client calls it? Scheme and default port are left to
 * the browser's own rules for cookies. */
static bool
is_own_origin(const SklRequestCtx *ctx, const char *origin)
{
	const char *host = strstr(origin, "://");

	return host != NULL && ctx->header[SKL_H_HOST] != NULL &&
		   strcasecmp(host + 3, ctx->header[SKL_H_HOST]) == 0;
}

/* A page of another site makes a browser send its cookies along with a change of state. Cookies of
 * ours are SameSite=Strict, so this is the second lock. */
static bool
is_forged(const SklRequestCtx *ctx, const char *origin)
{
	bool changes = ctx->method != SKL_GET && ctx->method != SKL_HEAD && ctx->method != SKL_OPTIONS;

	return changes && origin != NULL && ctx->header[SKL_H_COOKIE] != NULL &&
		   *ctx->header[SKL_H_COOKIE] != '\0' && !skl_cors_allows(ctx->config->cors, origin) &&
		   !is_own_origin(ctx, origin);
}

/*
 * The hook of dispatch. Without a configured origin there are no headers at all; a foreign origin
 * gets only Vary, and its browser keeps the answer from the page.
 */
bool
skl_cors_admit(SklRequestCtx *ctx, const char *allow)
{
	const SklCors *cors = ctx->config->cors;
	const char *origin = ctx->header[SKL_H_ORIGIN];

	if (ctx->method == SKL_OPTIONS && origin != NULL &&
		ctx->header[SKL_H_AC_REQUEST_METHOD] != NULL)
	{
		answer_preflight(ctx, origin, allow);
		return false;
	}
	if (is_forged(ctx, origin))
	{
		skl_refuse(ctx, SKL_ERR_PERMISSION_DENIED, "this page may not send your cookies here",
				   NULL);
		return false;
	}
	if (cors == NULL || cors->count == 0)
		return true;
	skl_header(ctx, "Vary", "Origin");
	if (skl_cors_allows(cors, origin))
	{
		allow_origin(ctx, origin);
		skl_header(ctx, "Access-Control-Expose-Headers", exposed_headers);
	}
	return true;
}
