/*
 * auth.c
 *		Who asks: the Authorization header becomes the identity of the request.
 *
 * A bearer token (of the live stream also one in a cookie, since EventSource of browsers sends no
 * headers) is looked up in the cache and, if it is new, verified. Without the header the
 * request goes on as anonymous; with one that is no good it never does. Whether session and user
 * still stand is asked of the database, by begin_request, in the transaction of the request.
 */
#include "auth.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "config.h"
#include "jwt.h"
#include "limits.h"
#include "server.h"
#include "stream.h"
#include "token_cache.h"
#include "typeid.h"

static _Atomic uint64_t counts[SKL_AUTH_RESULTS];

/* Load the keys and make the cache. */
bool
skl_auth_start(void)
{
	char error[256];

	if (!skl_jwt_load(skl_config(), error, sizeof(error)))
	{
		skl_log(SKL_LOG_ERROR, "keys", "%s", error);
		return false;
	}
	return skl_token_cache_start((size_t) skl_config()->token_cache_size);
}

uint64_t
skl_auth_count(SklAuthResult result)
{
	return atomic_load_explicit(&counts[result], memory_order_relaxed);
}

static void
count(SklAuthResult result)
{
	atomic_fetch_add_explicit(&counts[result], 1, memory_order_relaxed);
}

/* The token of "Bearer <token>", or NULL. */
static const char *
bearer_token(const char *header)
{
	if (strncasecmp(header, "Bearer ", 7) != 0)
		return NULL;
	header += 7;
	header += strspn(header, " ");
	return *header != '\0' ? header : NULL;
}

/* Note on a connection what its token says, for its next request. */
static void
remember(SklConn *conn, const char *token, size_t length, uint64_t epoch, const SklClaims *claims)
{
	SklSeenToken *seen = malloc(sizeof(*seen) + length + 1);

	if (seen == NULL)
		return;
	seen->epoch = epoch;
	seen->claims = *claims;
	seen->length = length;
	memcpy(seen->text, token, length + 1);
	free(conn->seen);
	conn->seen = seen;
}

/* Compare without a branch on what is compared, so that no time tells where two texts differ. Eight
 * bytes at a time: byte by byte, as CRYPTO_memcmp() does, takes ten times as long. */
static bool
same_bytes(const char *a, const char *b, size_t length)
{
	uint64_t differs = 0;

	for (; length >= sizeof(uint64_t); length -= sizeof(uint64_t))
	{
		uint64_t left, right;

		memcpy(&left, a, sizeof(left));
		memcpy(&right, b, sizeof(right));
		differs |= left ^ right;
		a += sizeof(left);
		b += sizeof(right);
	}
	while (length-- > 0)
		differs |= (uint64_t) (uint8_t) (*a++ ^ *b++);
	return differs == 0;
}

/*
 * Find out what a token says: from the request before it on the same connection, by cache or by
 * signature. A connection remembers only what was in the cache, so that one which sends a single
 * request costs no memory.
 */
static SklTokenVerdict
judge(const SklRequestCtx *ctx, const char *token, SklClaims *claims)
{
	const SklConfig *config = ctx->config;
	const SklSeenToken *seen = ctx->conn->seen;
	size_t length = strlen(token);
	uint64_t epoch = skl_jwt_epoch();
	int64_t now = time(NULL);
	uint8_t hash[SKL_TOKEN_HASH];
	SklTokenVerdict verdict;
	/* connections of a proxy carry the tokens of many people: no time may tell of another's */
	bool is_same = seen != NULL && seen->epoch == epoch && seen->length == length &&
				   same_bytes(seen->text, token, length);

	if (is_same)
		*claims = seen->claims;
	else if (!skl_token_hash(token, length, hash))
		return SKL_TOKEN_BAD;
	if (is_same || skl_token_cache_get(hash, epoch, claims))
	{
		if (!is_same)
			remember(ctx->conn, token, length, epoch, claims);
		verdict = skl_jwt_in_time(config, claims, now);
		count(verdict == SKL_TOKEN_GOOD ? SKL_AUTH_HIT : SKL_AUTH_EXPIRED);
		return verdict;
	}
	verdict = skl_jwt_verify(config, token, length, now, claims);
	if (verdict != SKL_TOKEN_BAD)
		skl_token_cache_put(hash, epoch, claims);
	count(verdict == SKL_TOKEN_GOOD	 ? SKL_AUTH_MISS
		  : verdict == SKL_TOKEN_BAD ? SKL_AUTH_INVALID
									 : SKL_AUTH_EXPIRED);
	return verdict;
}

/* Refuse a token with 401. */
static bool
refuse(SklRequestCtx *ctx, SklErrorCode error, const char *message)
{
	skl_header(ctx, "WWW-Authenticate", "Bearer realm=\"skillancer\", error=\"invalid_token\"");
	skl_refuse(ctx, error, message, NULL);
	return false;
}

/* Refuse what is no token of ours: 429 to whoever sends many. An expired one costs nothing, since
 * all browsers behind one address hold such a token every quarter of an hour. */
static bool
refuse_bad(SklRequestCtx *ctx, const char *message)
{
	return skl_limits_failed_token(ctx) && refuse(ctx, SKL_ERR_AUTHENTICATION_ERROR, message);
}

static void
set_identity(SklIdentity *identity, const SklClaims *claims)
{
	identity->known = true;
	identity->user = claims->user;
	identity->session = claims->session;
	skl_uuid_text(&claims->user, identity->user_text);
	skl_uuid_text(&claims->session, identity->session_text);
	identity->scopes[0] = '\0';
	identity->tier = claims->premium ? 'p' : 'a';
	identity->expires = claims->expires;
}

/* The token in the cookie of the live stream, which is good for nothing else; or NULL. */
static const char *
stream_token(SklRequestCtx *ctx)
{
	return ctx->thread->streams != NULL ? skl_cookie(ctx, SKL_STREAM_COOKIE) : NULL;
}

bool
skl_authenticate(SklRequestCtx *ctx)
{
	const char *header = ctx->header[SKL_H_AUTHORIZATION];
	const char *token = header == NULL ? stream_token(ctx) : bearer_token(header);
	SklClaims claims;
	SklTokenVerdict verdict;

	if (header == NULL && token == NULL)
		return true;
	if (token == NULL)
		return refuse_bad(ctx, "send Authorization: Bearer <token>");
	verdict = judge(ctx, token, &claims);
	if (verdict == SKL_TOKEN_EXPIRED)
		return refuse(ctx, SKL_ERR_TOKEN_EXPIRED, NULL);
	if (verdict != SKL_TOKEN_GOOD)
		return refuse_bad(ctx, "the access token is not valid");
	set_identity(&ctx->identity, &claims);
	return true;
}
