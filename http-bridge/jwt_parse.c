/*
 * jwt_parse.c
 *		The form of a token, read strictly and without any key: nothing here trusts its content.
 *
 * A compact JWS has three parts in base64url. Each is read in its one canonical form (no padding,
 * no stray bits), JSON may not repeat a member, and the header may hold alg, typ and kid only:
 * what names keys or extensions of its own (jwk, jku, x5u, x5c, crit, b64, zip) is refused, not
 * ignored. The caller looks up the kid and compares the algorithm with that of the key.
 */
#include "jwt_parse.h"

#include <string.h>

/* marks letters that are none of base64url */
#define NOT_A_LETTER 0xff

static const char *const alg_names[SKL_ALG_COUNT] = {"ES256", "RS256", "HS256"};
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const char *
skl_jwt_alg_name(SklJwtAlg alg)
{
	return alg_names[alg];
}

static uint8_t
letter_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t) (c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint8_t) (c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint8_t) (c - '0' + 52);
	if (c == '-')
		return 62;
	return c == '_' ? 63 : NOT_A_LETTER;
}

/*
 * Decode canonical base64url (RFC 4648, no padding) into bytes, which has room for length * 3 / 4.
 * Returns the number of bytes, or SIZE_MAX for anything that the encoder would not have written.
 */
size_t
skl_base64url_decode(const char *text, size_t length, uint8_t *bytes)
{
	uint32_t buffer = 0;
	int bits = 0;
	size_t used = 0;

	if (length % 4 == 1)
		return SIZE_MAX;
	for (size_t i = 0; i < length; i++)
	{
		uint8_t value = letter_value(text[i]);

		if (value == NOT_A_LETTER)
			return SIZE_MAX;
		buffer = (buffer << 6 | value) & 0x3fff;
		bits += 6;
		if (bits >= 8)
		{
			bits -= 8;
			bytes[used++] = (uint8_t) (buffer >> bits);
		}
	}
	return (buffer & ((1u << bits) - 1)) == 0 ? used : SIZE_MAX;
}

/* Encode; text has room for (length * 4 + 2) / 3 + 1 letters. Returns the letters written. */
size_t
skl_base64url_encode(const uint8_t *bytes, size_t length, char *text)
{
	uint32_t buffer = 0;
	int bits = 0;
	size_t used = 0;

	for (size_t i = 0; i < length; i++)
	{
		buffer = (buffer << 8 | bytes[i]) & 0xffff;
		for (bits += 8; bits >= 6; bits -= 6)
			text[used++] = letters[buffer >> (bits - 6) & 63];
	}
	if (bits > 0)
		text[used++] = letters[buffer << (6 - bits) & 63];
	text[used] = '\0';
	return used;
}

/* true for 1 to 64 letters, digits, '.', '_' and '-' */
bool
skl_kid_is_good(const char *kid, size_t length)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
								  "._-";

	if (length == 0 || length > SKL_KID_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (kid[i] == '\0' || strchr(allowed, kid[i]) == NULL)
			return false;
	return true;
}

/* Decode a part that holds a JSON object; NULL when it does not. */
static json_t *
read_object(const char *text, size_t length)
{
	uint8_t bytes[SKL_JWT_MAX];
	size_t used = skl_base64url_decode(text, length, bytes);
	json_t *object;

	if (used == SIZE_MAX)
		return NULL;
	object = json_loadb((const char *) bytes, used, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(object))
	{
		json_decref(object);
		return NULL;
	}
	return object;
}

static bool
read_alg(const json_t *value, SklJwtAlg *alg)
{
	const char *name = json_string_value(value);

	for (int i = 0; name != NULL && i < SKL_ALG_COUNT; i++)
	{
		if (strcmp(name, alg_names[i]) == 0)
		{
			*alg = (SklJwtAlg) i;
			return true;
		}
	}
	return false;
}

/* Read the members of the header: exactly alg and kid, and perhaps typ. */
static bool
read_header(json_t *header, SklJwtParts *parts)
{
	json_t *typ = json_object_get(header, "typ");
	json_t *kid = json_object_get(header, "kid");
	size_t expected = typ != NULL ? 3 : 2;

	if (typ != NULL && (!json_is_string(typ) || strcmp(json_string_value(typ), "JWT") != 0))
		return false;
	if (!json_is_string(kid) || json_object_size(header) != expected)
		return false;
	if (!skl_kid_is_good(json_string_value(kid), json_string_length(kid)))
		return false;
	memcpy(parts->kid, json_string_value(kid), json_string_length(kid) + 1);
	return read_alg(json_object_get(header, "alg"), &parts->alg);
}

/*
 * Take a token apart. On success parts->payload is a new reference to the claims, none of which is
 * verified yet.
 */
bool
skl_jwt_parse(const char *token, size_t length, SklJwtParts *parts)
{
	uint8_t signature[SKL_JWT_MAX];
	const char *first = length <= SKL_JWT_MAX ? memchr(token, '.', length) : NULL;
	const char *second;
	size_t rest;
	json_t *header;
	bool good;

	memset(parts, 0, sizeof(*parts));
	if (first == NULL)
		return false;
	rest = length - (size_t) (first + 1 - token);
	second = memchr(first + 1, '.', rest);
	if (second == NULL)
		return false;
	rest = length - (size_t) (second + 1 - token);
	parts->signature_length = skl_base64url_decode(second + 1, rest, signature);
	if (parts->signature_length == 0 || parts->signature_length == SIZE_MAX)
		return false;
	header = read_object(token, (size_t) (first - token));
	good = header != NULL && read_header(header, parts);
	json_decref(header);
	if (!good)
		return false;
	parts->payload = read_object(first + 1, (size_t) (second - first - 1));
	return parts->payload != NULL;
}
