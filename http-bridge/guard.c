/*
 * guard.c
 *		What libmicrohttpd 0.9.75 lets through and HTTP does not allow.
 *
 * libmicrohttpd parses headers in place: it writes NUL over the colon and over CR and LF, and
 * hands out pointers into its read buffer. In a well-formed request each header therefore begins
 * exactly two bytes behind the end of the value before it, and the first one two bytes behind the
 * version. A bare LF, a NUL inside a line and a folded line all break that chain, so comparing
 * pointers finds what the parsed strings no longer show. A refusal at the first callback makes
 * libmicrohttpd close the connection: nothing behind it is read as another request.
 *
 * The rules are those of RFC 9112, sections 2.2, 3.2, 5.1, 6.1 and 6.3.
 */
#include "guard.h"

#include <string.h>
#include <strings.h>

/* Header names the bridge looks at, in the order of SklHeaderSlot. */
#define NAME(text)             \
	{                          \
		text, sizeof(text) - 1 \
	}

static const struct
{
	const char *text;
	size_t length;
} slot_names[SKL_H_COUNT] = {
	[SKL_H_HOST] = NAME("Host"),
	[SKL_H_AUTHORIZATION] = NAME("Authorization"),
	[SKL_H_CONTENT_TYPE] = NAME("Content-Type"),
	[SKL_H_CONTENT_LENGTH] = NAME("Content-Length"),
	[SKL_H_TRANSFER_ENCODING] = NAME("Transfer-Encoding"),
	[SKL_H_CONTENT_ENCODING] = NAME("Content-Encoding"),
	[SKL_H_ACCEPT] = NAME("Accept"),
	[SKL_H_ACCEPT_ENCODING] = NAME("Accept-Encoding"),
	[SKL_H_COOKIE] = NAME("Cookie"),
	[SKL_H_ORIGIN] = NAME("Origin"),
	[SKL_H_AC_REQUEST_METHOD] = NAME("Access-Control-Request-Method"),
	[SKL_H_AC_REQUEST_HEADERS] = NAME("Access-Control-Request-Headers"),
	[SKL_H_IDEMPOTENCY_KEY] = NAME("Idempotency-Key"),
	[SKL_H_IF_MATCH] = NAME("If-Match"),
	[SKL_H_IF_NONE_MATCH] = NAME("If-None-Match"),
	[SKL_H_X_REQUEST_ID] = NAME("X-Request-ID"),
	[SKL_H_TRACEPARENT] = NAME("traceparent"),
	[SKL_H_TRACESTATE] = NAME("tracestate"),
	[SKL_H_X_FORWARDED_FOR] = NAME("X-Forwarded-For"),
	[SKL_H_USER_AGENT] = NAME("User-Agent"),
};

/* A header that decides who asks or how long the body is must come once. */
static const bool slot_single[SKL_H_COUNT] = {
	[SKL_H_HOST] = true,
	[SKL_H_AUTHORIZATION] = true,
	[SKL_H_CONTENT_TYPE] = true,
	[SKL_H_CONTENT_LENGTH] = true,
	[SKL_H_TRANSFER_ENCODING] = true,
	[SKL_H_CONTENT_ENCODING] = true,
	[SKL_H_ORIGIN] = true,
	[SKL_H_IDEMPOTENCY_KEY] = true,
	[SKL_H_IF_MATCH] = true,
	[SKL_H_IF_NONE_MATCH] = true,
};

typedef struct Walk
{
	SklRequestCtx *ctx;
	const char *expected; /* where the next header must begin */
	const char *message;
} Walk;

/* What a byte may be part of: 1 a token (tchar of RFC 9110, section 5.6.2), 2 a header value:
 * visible ASCII and blanks; 8-bit bytes mean nothing that two readers would agree on. */
#define BOTH 3
#define VALUE 2

static const uint8_t allowed_in[256] = {
	['\t'] = VALUE,		   [' '] = VALUE,		 ['!'] = BOTH,			['"'] = VALUE,
	['#' ... '\''] = BOTH, ['('] = VALUE,		 [')'] = VALUE,			['*' ... '+'] = BOTH,
	[','] = VALUE,		   ['-' ... '.'] = BOTH, ['/'] = VALUE,			['0' ... '9'] = BOTH,
	[':' ... '@'] = VALUE, ['A' ... 'Z'] = BOTH, ['[' ... ']'] = VALUE, ['^' ... '`'] = BOTH,
	['a' ... 'z'] = BOTH,  ['{'] = VALUE,		 ['|'] = BOTH,			['}'] = VALUE,
	['~'] = BOTH,
};

/* True when all eight bytes are visible ASCII or blanks; tabs are left to the table. */
static bool
is_plain(const char *text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	/* a byte below 0x20 borrows, 0x7f carries, and one from 0x80 has the bit already */
	return ((word | (word - 0x20 * ones) | (word + ones)) & (0x80 * ones)) == 0;
}

static bool
consists_of(const char *text, size_t length, uint8_t part)
{
	uint8_t all = part;

	for (size_t i = 0; i < length; i++)
		all &= allowed_in[(unsigned char) text[i]];
	return all == part;
}

static bool
is_token(const char *text, size_t length)
{
	return length > 0 && consists_of(text, length, BOTH - VALUE);
}

static bool
is_value(const char *text, size_t length)
{
	while (length >= sizeof(uint64_t) && is_plain(text))
	{
		text += sizeof(uint64_t);
		length -= sizeof(uint64_t);
	}
	return consists_of(text, length, VALUE);
}

/* Length and first letter pick the few names worth comparing. */
static int
slot_of(const char *name, size_t length)
{
	for (int i = 0; i < SKL_H_COUNT; i++)
	{
		if (slot_names[i].length == length && (slot_names[i].text[0] | 0x20) == (name[0] | 0x20) &&
			strncasecmp(slot_names[i].text, name, length) == 0)
			return i;
	}
	return -1;
}

static enum MHD_Result
complain(Walk *walk, const char *message)
{
	if (walk->message == NULL)
		walk->message = message;
	return MHD_NO;
}

/* libmicrohttpd's callback for each header, in the order received. */
static enum MHD_Result
visit(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_length, const char *value,
	  size_t value_length)
{
	Walk *walk = arg;
	SklRequestCtx *ctx = walk->ctx;
	int slot;

	(void) kind;
	if (name == NULL || value == NULL)
		return complain(walk, "a header line has no value");
	if (walk->expected != NULL && name != walk->expected)
		return complain(walk, "header lines end with CR LF and are not folded");
	walk->expected = value + value_length + 2;
	if (!is_token(name, name_length))
		return complain(walk, "a header name has characters that are not allowed");
	if (!is_value(value, value_length) || value[value_length + 1] != '\0')
		return complain(walk, "a header value has characters that are not allowed");
	slot = slot_of(name, name_length);
	if (slot < 0)
		return MHD_YES;
	if (ctx->header[slot] != NULL)
	{
		if (slot_single[slot])
			return complain(walk, "a header that must come once came twice");
		value =
			skl_sprintf(ctx, slot == SKL_H_COOKIE ? "%s; %s" : "%s, %s", ctx->header[slot], value);
	}
	ctx->header[slot] = value;
	return MHD_YES;
}

/* The request line: an origin-form target without control or 8-bit bytes, HTTP/1.0 or 1.1. */
static const char *
check_request_line(SklRequestCtx *ctx, const char *uri, const char *version)
{
	size_t length = strlen(ctx->raw_uri);

	if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
		return "only HTTP/1.0 and HTTP/1.1 are spoken here";
	if (uri + length + 1 != version)
		return "the request line has characters that are not allowed";
	if (version[strlen(version) + 1] != '\0')
		return "the request line ends with CR LF";
	if (ctx->raw_uri[0] != '/' && !(ctx->method == SKL_OPTIONS && strcmp(ctx->raw_uri, "*") == 0))
		return "the request target begins with a slash";
	for (size_t i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) ctx->raw_uri[i];

		if (c <= 0x20 || c >= 0x7f || c == '#')
			return "the request target has characters that are not allowed";
	}
	if (!is_token(ctx->method_text, strlen(ctx->method_text)))
		return "the method has characters that are not allowed";
	return NULL;
}

static const char *
check_host(const SklRequestCtx *ctx, const char *version)
{
	const char *host = ctx->header[SKL_H_HOST];

	if (host == NULL)
		return strcmp(version, "HTTP/1.1") == 0 ? "the Host header is missing" : NULL;
	if (strpbrk(host, "/@?#\\ ,\t") != NULL)
		return "the Host header is not a host name";
	return NULL;
}

/* Content-Length and Transfer-Encoding: one of them, once, in its only form. */
static SklErrorCode
check_framing(const SklRequestCtx *ctx, const char *version, const char **message)
{
	const char *length = ctx->header[SKL_H_CONTENT_LENGTH];
	const char *coding = ctx->header[SKL_H_TRANSFER_ENCODING];

	if (length != NULL && coding != NULL)
		*message = "Content-Length and Transfer-Encoding exclude each other";
	else if (length != NULL && (length[0] == '\0' || strlen(length) > 18 ||
								strspn(length, "0123456789") != strlen(length)))
		*message = "Content-Length is not a number";
	else if (coding != NULL && strcmp(version, "HTTP/1.0") == 0)
		*message = "HTTP/1.0 has no Transfer-Encoding";
	else if (coding != NULL && strcasecmp(coding, "chunked") != 0)
		return SKL_ERR_NOT_IMPLEMENTED;
	return *message == NULL ? SKL_OK : SKL_ERR_MALFORMED_REQUEST;
}

bool
skl_guard(SklRequestCtx *ctx, const char *uri, const char *version)
{
	Walk walk = {.ctx = ctx};
	const char *message = check_request_line(ctx, uri, version);
	SklErrorCode error;

	if (message == NULL)
	{
		walk.expected = version + strlen(version) + 2;
		MHD_get_connection_values_n(ctx->mhd, MHD_HEADER_KIND, &visit, &walk);
		message = walk.message;
		/* behind the last header stands the empty line, its CR LF overwritten as well */
		if (message == NULL && (walk.expected[0] != '\0' || walk.expected[1] != '\0'))
			message = "the header section has characters that are not allowed";
	}
	if (message == NULL)
		message = check_host(ctx, version);
	if (message != NULL)
	{
		skl_refuse(ctx, SKL_ERR_MALFORMED_REQUEST, message, NULL);
		return false;
	}
	error = check_framing(ctx, version, &message);
	if (error != SKL_OK)
	{
		skl_refuse(ctx, error, message, NULL);
		return false;
	}
	return true;
}

bool
skl_guard_has_body(const SklRequestCtx *ctx)
{
	const char *length = ctx->header[SKL_H_CONTENT_LENGTH];

	if (ctx->header[SKL_H_TRANSFER_ENCODING] != NULL)
		return true;
	return length != NULL && strspn(length, "0") != strlen(length);
}

SklMethod
skl_method_of(const char *text)
{
	static const char *const names[] = {
		[SKL_GET] = "GET",		   [SKL_HEAD] = "HEAD",	  [SKL_POST] = "POST",
		[SKL_PUT] = "PUT",		   [SKL_PATCH] = "PATCH", [SKL_DELETE] = "DELETE",
		[SKL_OPTIONS] = "OPTIONS",
	};

	for (int i = 0; i < SKL_METHOD_OTHER; i++)
	{
		if (strcmp(names[i], text) == 0)
			return (SklMethod) i;
	}
	return SKL_METHOD_OTHER;
}
