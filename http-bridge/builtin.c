/*
 * builtin.c
 *		Pages that exist without the database: health, version, keys, the API's description.
 *
 * They are few and fixed, so they are a table here and not rows of the catalogue. The page of
 * /docs is three static files that are linked into the program; its policy lets it load nothing
 * from anywhere else. /docs/errors is written from the rows of errors.def.
 */
#include "builtin.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge.h"
#include "embed.h"
#include "health.h"
#include "jwt.h"
#include "text.h"

SKL_EMBED(html, "docs.html");
SKL_EMBED(css, "docs.css");
SKL_EMBED(js, "docs.js");

static const char docs_policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

typedef struct Page
{
	const char *path;
	void (*answer)(SklRequestCtx *ctx);
} Page;

static void
answer_ready(SklRequestCtx *ctx)
{
	char body[256];
	int status = skl_health_ready(body, sizeof(body));

	ctx->keep_out_of_log = true; /* probes come every second, and readiness is in the metrics */
	if (status != 200)
		skl_header(ctx, "Retry-After", "1");
	skl_header(ctx, "Cache-Control", "no-store");
	skl_answer(ctx, status, "application/json", skl_strdup(ctx, body), strlen(body));
}

static void
answer_live(SklRequestCtx *ctx)
{
	static const char body[] = "{\"status\":\"live\"}\n";

	ctx->keep_out_of_log = true;
	skl_header(ctx, "Cache-Control", "no-store");
	skl_answer(ctx, 200, "application/json", body, sizeof(body) - 1);
}

static void
answer_version(SklRequestCtx *ctx)
{
	static const char body[] =
		"{\"name\":\"skillancer-bridge\",\"version\":\"" SKL_BRIDGE_VERSION "\",\"api\":\"v1\"}\n";

	skl_answer(ctx, 200, "application/json", body, sizeof(body) - 1);
}

static void
answer_jwks(SklRequestCtx *ctx)
{
	char *text = skl_jwt_jwks();

	if (text == NULL)
	{
		skl_refuse(ctx, SKL_ERR_INTERNAL_ERROR, NULL, NULL);
		return;
	}
	skl_header(ctx, "Cache-Control", "public, max-age=300");
	skl_answer(ctx, 200, "application/jwk-set+json", skl_strdup(ctx, text), strlen(text));
	free(text);
}

/* Answer a text that changes rarely: with a tag of its content, and 304 to whoever has it. */
static void
answer_tagged(SklRequestCtx *ctx, const char *type, const char *text, size_t length)
{
	const char *given = ctx->header[SKL_H_IF_NONE_MATCH];
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char tag[24];

	SHA256((const unsigned char *) text, length, digest);
	snprintf(tag, sizeof(tag), "\"%02x%02x%02x%02x%02x%02x%02x%02x\"", digest[0], digest[1],
			 digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]);
	skl_header(ctx, "ETag", skl_strdup(ctx, tag));
	skl_header(ctx, "Cache-Control", "public, max-age=60");
	tag[17] = '\0'; /* the tag of the compressed text goes on before its closing quote */
	if (given != NULL && (strstr(given, tag) != NULL || strcmp(given, "*") == 0))
		skl_answer(ctx, 304, NULL, "", 0);
	else
		skl_answer(ctx, 200, type, text, length);
}

static void
answer_openapi(SklRequestCtx *ctx)
{
	size_t length;
	const char *text = skl_server_openapi(ctx, &length);

	if (text != NULL)
		answer_tagged(ctx, "application/json", text, length);
	else
	{
		skl_header(ctx, "Retry-After", "1");
		skl_refuse(ctx, SKL_ERR_SERVICE_UNAVAILABLE, NULL, NULL);
	}
}

static void
answer_file(SklRequestCtx *ctx, const char *type, const char *start, const char *end)
{
	skl_header(ctx, "Content-Security-Policy", docs_policy);
	answer_tagged(ctx, type, start, (size_t) (end - start));
}

static void
answer_docs(SklRequestCtx *ctx)
{
	answer_file(ctx, "text/html; charset=utf-8", skl_web_html, skl_web_html_end);
}

static void
answer_docs_css(SklRequestCtx *ctx)
{
	answer_file(ctx, "text/css; charset=utf-8", skl_web_css, skl_web_css_end);
}

static void
answer_docs_js(SklRequestCtx *ctx)
{
	answer_file(ctx, "text/javascript; charset=utf-8", skl_web_js, skl_web_js_end);
}

/* Every code with an anchor: where the "type" of problem details points. */
static void
answer_docs_errors(SklRequestCtx *ctx)
{
	SklBuffer page = {.ctx = ctx};

	skl_buffer_puts(&page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
						   "<title>Errors of the Skillancer API</title>\n"
						   "<link rel=\"stylesheet\" href=\"/docs/docs.css\">\n</head>\n<body>\n"
						   "<h1>Errors</h1>\n<table>\n"
						   "<tr><th>code</th><th>status</th><th>message</th></tr>\n");
	for (int i = SKL_OK + 1; i < SKL_ERR_COUNT; i++)
		skl_buffer_puts(&page, skl_sprintf(ctx,
										   "<tr id=\"%s\"><td><code>%s</code></td><td>%d</td>"
										   "<td>%s</td></tr>\n",
										   skl_errors[i].code, skl_errors[i].code,
										   skl_errors[i].status, skl_errors[i].message));
	skl_buffer_puts(&page, "</table>\n</body>\n</html>\n");
	skl_header(ctx, "Content-Security-Policy", docs_policy);
	answer_tagged(ctx, "text/html; charset=utf-8", page.data, page.length);
}

static const Page pages[] = {
	{"/health", answer_ready},
	{"/health/live", answer_live},
	{"/health/ready", answer_ready},
	{"/version", answer_version},
	{"/.well-known/jwks.json", answer_jwks},
	{"/openapi.json", answer_openapi},
	{"/docs", answer_docs},
	{"/docs/docs.css", answer_docs_css},
	{"/docs/docs.js", answer_docs_js},
	{"/docs/errors", answer_docs_errors},
};

#define PAGE_COUNT (int) (sizeof(pages) / sizeof(pages[0]))

static int slots[PAGE_COUNT];

static int
find_page(const char *path)
{
	for (int i = 0; path != NULL && i < PAGE_COUNT; i++)
		if (strcmp(path, pages[i].path) == 0)
			return i;
	return -1;
}

/* Give each page its place in the metrics. */
void
skl_builtin_register(void)
{
	for (int i = 0; i < PAGE_COUNT; i++)
		slots[i] = skl_metrics_route_slot("GET", pages[i].path);
}

/* The page's place in the metrics; 0 when the path is none of ours. */
int
skl_builtin_slot(const char *path)
{
	int page = find_page(path);

	return page >= 0 ? slots[page] : 0;
}

/* The path, when it is that of a page of ours; else NULL. */
const char *
skl_builtin_path(const char *path)
{
	int page = find_page(path);

	return page >= 0 ? pages[page].path : NULL;
}

/* The hook of dispatch: answer a page of ours. */
bool
skl_builtin_route(SklRequestCtx *ctx)
{
	int page = find_page(ctx->path);

	if (page < 0)
		return true;
	if (!skl_cors_admit(ctx, "GET, HEAD"))
		return false;
	if (ctx->method == SKL_GET || ctx->method == SKL_HEAD)
		pages[page].answer(ctx);
	else
	{
		skl_header(ctx, "Allow", "GET, HEAD, OPTIONS");
		if (ctx->method == SKL_OPTIONS)
			skl_answer(ctx, 204, NULL, "", 0);
		else
			skl_refuse(ctx, SKL_ERR_METHOD_NOT_ALLOWED, NULL, NULL);
	}
	return false;
}
