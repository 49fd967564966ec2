/*
 * jwt.c
 *		Access tokens: verify, mint, publish the keys. Nothing else touches libjwt.
 *
 * Debian's libjwt 1.10.2 trusts the algorithm that the token names, takes any token when no key is
 * given, and never looks at exp. So the order here is: take the token apart strictly
 * (jwt_parse.c), find the key by its id, demand that the token names exactly that key's algorithm,
 * let libjwt check the signature with a key that is never NULL, compare the algorithm again, and
 * check every claim ourselves. Roles are not read from tokens: the database knows them.
 */
#include "jwt.h"

#include <errno.h>
#include <fcntl.h>
#include <jwt.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "keys.h"
#include "reqid.h"
#include "retire.h"
#include "typeid.h"

#define ES256_SIGNATURE 64
#define RING_KEEP_S 60 /* longer than any verification takes */

static _Atomic(SklKeyring *) keyring;

static const jwt_alg_t library_alg[SKL_ALG_COUNT] = {JWT_ALG_ES256, JWT_ALG_RS256, JWT_ALG_HS256};

static void
release_ring(void *ring)
{
	skl_keyring_free(ring);
}

/* Load the keys and put them in force; on failure the old ones stay. */
bool
skl_jwt_load(const SklConfig *config, char *error, size_t error_size)
{
	SklKeyring *ring =
		skl_keyring_load(config->jwt_key_dir, config->jwt_active_key, error, error_size);

	SklKeyring *old;

	if (ring == NULL)
		return false;
	old = atomic_exchange(&keyring, ring);
	if (old != NULL)
		skl_retire(old, release_ring, RING_KEEP_S);
	return true;
}

static const SklKeyring *
current_ring(void)
{
	return atomic_load_explicit(&keyring, memory_order_acquire);
}

/* Rises when keys are loaded: what was verified under another epoch is verified again. */
uint64_t
skl_jwt_epoch(void)
{
	const SklKeyring *ring = current_ring();

	return ring != NULL ? ring->epoch : 0;
}

/* Let the library check the signature with the key that we chose. */
static bool
signature_is_good(const SklKey *key, const char *token, size_t length)
{
	char copy[SKL_JWT_MAX + 1];
	jwt_t *jwt = NULL;
	bool good;

	memcpy(copy, token, length);
	copy[length] = '\0';
	good = jwt_decode(&jwt, copy, key->verify, key->verify_length) == 0 &&
		   jwt_get_alg(jwt) == library_alg[key->alg];
	jwt_free(jwt);
	return good;
}

static bool
is_text(const json_t *value, const char *expected)
{
	return json_is_string(value) && strcmp(json_string_value(value), expected) == 0;
}

/* aud is our name, or a list of names with ours among them (RFC 7519). */
static bool
audience_is_good(const json_t *value, const char *expected)
{
	bool found = is_text(value, expected);
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *) value, i, item)
	{
		if (!json_is_string(item))
			return false;
		found = found || is_text(item, expected);
	}
	return found;
}

/* Seconds since the epoch, as a whole number in a sane range. */
static bool
read_time(const json_t *payload, const char *name, int64_t *seconds)
{
	const json_t *value = json_object_get(payload, name);

	if (!json_is_integer(value))
		return false;
	*seconds = json_integer_value(value);
	return *seconds >= 0 && *seconds < INT64_C(1) << 40;
}

/* Check every claim but the time of exp and nbf. */
static bool
read_claims(const SklConfig *config, const json_t *payload, int64_t now, SklClaims *claims)
{
	const json_t *sub = json_object_get(payload, "sub");
	const json_t *sid = json_object_get(payload, "sid");
	const json_t *jti = json_object_get(payload, "jti");
	int64_t issued;

	if (!is_text(json_object_get(payload, "iss"), config->jwt_issuer) ||
		!audience_is_good(json_object_get(payload, "aud"), config->jwt_audience))
		return false;
	if (!read_time(payload, "iat", &issued) || !read_time(payload, "nbf", &claims->not_before) ||
		!read_time(payload, "exp", &claims->expires))
		return false;
	if (issued > now + config->jwt_leeway || claims->expires <= claims->not_before)
		return false;
	if (!json_is_string(jti) || json_string_length(jti) == 0 || json_string_length(jti) > 100)
		return false;
	claims->premium = is_text(json_object_get(payload, "tier"), "premium");
	return json_is_string(sub) && skl_typeid_read(json_string_value(sub), "usr", &claims->user) &&
		   json_is_string(sid) && skl_typeid_read(json_string_value(sid), "ses", &claims->session);
}

/* Is it time for this token, give or take the leeway? */
SklTokenVerdict
skl_jwt_in_time(const SklConfig *config, const SklClaims *claims, int64_t now)
{
	if (claims->not_before > now + config->jwt_leeway)
		return SKL_TOKEN_BAD;
	return claims->expires + config->jwt_leeway <= now ? SKL_TOKEN_EXPIRED : SKL_TOKEN_GOOD;
}

/* Verify a token of any origin at the given time (seconds since the epoch). */
SklTokenVerdict
skl_jwt_verify(const SklConfig *config, const char *token, size_t length, int64_t now,
			   SklClaims *claims)
{
	const SklKeyring *ring = current_ring();
	SklTokenVerdict verdict = SKL_TOKEN_BAD;
	const SklKey *key;
	SklJwtParts parts;

	if (ring == NULL || !skl_jwt_parse(token, length, &parts))
		return SKL_TOKEN_BAD;
	key = skl_keyring_find(ring, parts.kid);
	if (key != NULL && key->alg == parts.alg &&
		(key->alg != SKL_ALG_ES256 || parts.signature_length == ES256_SIGNATURE) &&
		signature_is_good(key, token, length) && read_claims(config, parts.payload, now, claims))
		verdict = skl_jwt_in_time(config, claims, now);
	json_decref(parts.payload);
	return verdict;
}

/* The claims of a new token: the directive's, and those that are ours to say. */
static char *
new_claims(const SklConfig *config, const json_t *directive, int64_t now)
{
	json_t *claims = json_copy((json_t *) directive);
	char id[37];
	json_t *ours;
	char *text = NULL;

	skl_uuid_v7(id);
	ours = json_pack("{s:s, s:s, s:I, s:I, s:I, s:s}", "iss", config->jwt_issuer, "aud",
					 config->jwt_audience, "iat", (json_int_t) now, "nbf", (json_int_t) now, "exp",
					 (json_int_t) (now + config->jwt_ttl), "jti", id);
	if (claims != NULL && ours != NULL && json_object_update(claims, ours) == 0)
		text = json_dumps(claims, JSON_COMPACT);
	json_decref(claims);
	json_decref(ours);
	return text;
}

/* Sign claims with a key; malloc'ed token, NULL on failure. */
static char *
sign(const SklKey *key, const char *claims)
{
	char *token = NULL;
	jwt_t *jwt = NULL;

	if (jwt_new(&jwt) == 0 && jwt_add_grants_json(jwt, claims) == 0 &&
		jwt_add_header(jwt, "kid", key->kid) == 0 &&
		jwt_set_alg(jwt, library_alg[key->alg], key->sign, key->sign_length) == 0)
		token = jwt_encode_str(jwt);
	jwt_free(jwt);
	return token;
}

char *
skl_jwt_mint(const json_t *directive, int *expires_in)
{
	const SklKeyring *ring = current_ring();
	const SklConfig *config = skl_config();
	char *claims = new_claims(config, directive, time(NULL));
	char *token = NULL;

	if (claims != NULL && ring != NULL)
		token = sign(&ring->keys[ring->active], claims);
	free(claims);
	if (token == NULL)
		skl_log(SKL_LOG_ERROR, "jwt_mint", "cannot sign an access token");
	*expires_in = config->jwt_ttl;
	return token;
}

/* The key set that others verify with; malloc'ed. */
char *
skl_jwt_jwks(void)
{
	const SklKeyring *ring = current_ring();

	return ring != NULL ? skl_keyring_jwks(ring) : NULL;
}

/* Write a private key to a new file that only its owner may read. */
static bool
write_key(const char *path, EVP_PKEY *pkey)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *out = file >= 0 ? fdopen(file, "w") : NULL;
	bool good;

	if (out == NULL)
		return false;
	good = PEM_write_PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL) == 1;
	good = fflush(out) == 0 && fsync(file) == 0 && good;
	return fclose(out) == 0 && good;
}

/* Make an ES256 key called by the time, so that the newest sorts last; prints its id. Returns the
 * exit status. */
int
skl_jwt_make_key(const char *directory)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	char path[4096];
	char kid[32];
	struct tm now;
	time_t seconds = time(NULL);
	bool good;

	gmtime_r(&seconds, &now);
	strftime(kid, sizeof(kid), "%Y%m%dT%H%M%SZ", &now);
	snprintf(path, sizeof(path), "%s/%s.pem", directory, kid);
	good =
		pkey != NULL && (mkdir(directory, 0700) == 0 || errno == EEXIST) && write_key(path, pkey);
	if (good)
		printf("%s\n", kid);
	else
		fprintf(stderr, "skillancer-bridge: cannot write %s: %s\n", path, strerror(errno));
	EVP_PKEY_free(pkey);
	return good ? 0 : 1;
}
