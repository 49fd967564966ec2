/*
 * signature.c
 *		Making and verifying signed addresses.
 */
#include "signature.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "download.h"
#include "files.h"
#include "jwt_parse.h"
#include "typeid.h"
#include "upload.h"

#define PARAMETER "signed="
#define MAC_BYTES 32
#define MAC_LETTERS 43 /* of base64url without padding */
#define MAX_CLAIMS 3000

static void
sign(const char *text, size_t length, unsigned char mac[MAC_BYTES])
{
	unsigned int size = MAC_BYTES;

	if (HMAC(EVP_sha256(), skl_files_sign_key(), SKL_SIGN_KEY_BYTES, (const unsigned char *) text,
			 length, mac, &size) == NULL)
		abort();
}

/* claims and mac of a text, as they stand in an address */
static const char *
seal(SklRequestCtx *ctx, const char *claims)
{
	size_t length = strlen(claims);
	char *text = skl_alloc(ctx, length * 4 / 3 + MAC_LETTERS + 8);
	unsigned char mac[MAC_BYTES];
	size_t used = skl_base64url_encode((const uint8_t *) claims, length, text);

	sign(text, used, mac);
	text[used++] = '.';
	used += skl_base64url_encode(mac, sizeof(mac), text + used);
	text[used] = '\0';
	return text;
}

const char *
skl_signature_make(SklRequestCtx *ctx, const json_t *order)
{
	const char *name = json_string_value(json_object_get(order, "as"));
	const char *path = json_string_value(json_object_get(order, "path"));
	time_t end = time(NULL) + (time_t) json_integer_value(json_object_get(order, "seconds"));
	json_t *claims = json_deep_copy(json_object_get(order, "claims"));
	const char *base = ctx->config->public_url;
	const char *members = NULL;
	char stamp[32];
	char *text;
	struct tm tm;

	json_object_set(claims, "method", json_object_get(order, "method"));
	json_object_set_new(claims, "path", json_string(path == NULL ? "" : path));
	json_object_set_new(claims, "end", json_integer(end));
	text = json_dumps(claims, JSON_COMPACT);
	json_decref(claims);
	if (skl_files_enabled() && name != NULL && path != NULL && text != NULL)
	{
		gmtime_r(&end, &tm);
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
		members = skl_sprintf(ctx, "\"%s\":\"%s%s?" PARAMETER "%s\",\"expiresAt\":\"%s\"", name,
							  base, path, seal(ctx, text), stamp);
	}
	free(text);
	return members;
}

/* The claims of a signed text; NULL: it is not one of ours. */
static json_t *
open_seal(SklRequestCtx *ctx, const char *text)
{
	const char *dot = strchr(text, '.');
	size_t length = dot == NULL ? 0 : (size_t) (dot - text);
	unsigned char mac[MAC_BYTES];
	uint8_t given[MAC_LETTERS];
	char *claims;
	size_t size;

	if (length == 0 || length > MAX_CLAIMS || strlen(dot + 1) != MAC_LETTERS ||
		skl_base64url_decode(dot + 1, MAC_LETTERS, given) != MAC_BYTES)
		return NULL;
	sign(text, length, mac);
	if (CRYPTO_memcmp(mac, given, MAC_BYTES) != 0)
		return NULL;
	claims = skl_alloc(ctx, length);
	size = skl_base64url_decode(text, length, (uint8_t *) claims);
	return json_loadb(claims, size, 0, NULL);
}

static bool
is_for(const SklRequestCtx *ctx, const json_t *claims)
{
	const char *method = json_string_value(json_object_get(claims, "method"));
	const char *path = json_string_value(json_object_get(claims, "path"));
	const char *wanted = ctx->method == SKL_HEAD ? "GET" : ctx->method_text;

	return method != NULL && path != NULL && strcmp(method, wanted) == 0 &&
		   strcmp(path, ctx->path) == 0;
}

static bool
refuse(SklRequestCtx *ctx, const char *message)
{
	skl_refuse(ctx, SKL_ERR_PERMISSION_DENIED, message, NULL);
	return false;
}

/* The request is that of who ordered the address; the database looks at the session as always. */
static bool
take_identity(SklRequestCtx *ctx, const json_t *claims)
{
	const char *user = json_string_value(json_object_get(claims, "user"));
	const char *session = json_string_value(json_object_get(claims, "session"));
	SklIdentity *identity = &ctx->identity;

	memset(identity, 0, sizeof(*identity));
	identity->known = user != NULL && skl_uuid_read(user, &identity->user) && session != NULL &&
					  skl_uuid_read(session, &identity->session);
	if (!identity->known)
		return refuse(ctx, "the signature is not valid");
	skl_uuid_text(&identity->user, identity->user_text);
	skl_uuid_text(&identity->session, identity->session_text);
	identity->tier = 'a';
	identity->expires = json_integer_value(json_object_get(claims, "end"));
	return true;
}

bool
skl_signature_admit(SklRequestCtx *ctx)
{
	json_t *claims;
	const json_t *file;
	bool good;

	if (ctx->query == NULL || strncmp(ctx->query, PARAMETER, sizeof(PARAMETER) - 1) != 0 ||
		!skl_files_enabled())
		return true;
	claims = open_seal(ctx, ctx->query + sizeof(PARAMETER) - 1);
	file = json_object_get(claims, "file");
	if (claims == NULL || !is_for(ctx, claims))
		good = refuse(ctx, "the signature is not valid");
	else if (json_integer_value(json_object_get(claims, "end")) <= time(NULL))
		good = refuse(ctx, "the address has expired");
	else if (file != NULL)
	{
		ctx->download = skl_download_of(ctx, file);
		good = true;
	}
	else
		good = take_identity(ctx, claims) && skl_upload_expect(ctx, claims);
	json_decref(claims);
	ctx->query = NULL;
	return good;
}
