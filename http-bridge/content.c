/*
 * content.c
 *		Answers whose body is no JSON: pages, documents and tables that a function has made.
 *
 * The function returns its text as a JSON string, and bytes in base64; here they become the body
 * as it is. Errors of such a route are JSON like all others.
 */
#include "content.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "context.h"
#include "text.h"

#define ENCODING "skl-encoding"

bool
skl_content_owns(const char *header)
{
	return strcasecmp(header, "Content-Type") == 0 || strcmp(header, ENCODING) == 0;
}

/* The bytes behind a base64 text, line ends allowed; false when it is none. */
static bool
decode(const char *text, size_t length, char *out, size_t *out_length)
{
	EVP_ENCODE_CTX *decoder = EVP_ENCODE_CTX_new();
	int head = 0;
	int rest = 0;
	bool ok = decoder != NULL && length <= INT32_MAX;

	if (ok)
	{
		EVP_DecodeInit(decoder);
		ok = EVP_DecodeUpdate(decoder, (unsigned char *) out, &head, (const unsigned char *) text,
							  (int) length) >= 0 &&
			 EVP_DecodeFinal(decoder, (unsigned char *) out + head, &rest) == 1;
	}
	EVP_ENCODE_CTX_free(decoder);
	*out_length = ok ? (size_t) head + (size_t) rest : 0;
	return ok;
}

bool
skl_content_take(SklRequestCtx *ctx, const json_t *headers)
{
	const char *type = json_string_value(json_object_get(headers, "Content-Type"));
	const char *encoding = json_string_value(json_object_get(headers, ENCODING));
	json_t *body = json_loadb(ctx->reply.body, ctx->reply.body_length, JSON_DECODE_ANY, NULL);
	size_t length = json_string_length(body);
	bool ok = type != NULL && json_is_string(body);
	char *bytes;

	if (ok)
	{
		bytes = skl_alloc(ctx, length + 1);
		if (encoding != NULL && strcmp(encoding, "base64") == 0)
			ok = decode(json_string_value(body), length, bytes, &length);
		else
			memcpy(bytes, json_string_value(body), length);
		ctx->reply.type = skl_strdup(ctx, type);
		ctx->reply.head = NULL;
		ctx->reply.head_length = 0;
		ctx->reply.body = bytes;
		ctx->reply.body_length = length;
	}
	json_decref(body);
	return ok;
}
