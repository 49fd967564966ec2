/*
 * limits.c
 *		Which limit applies to a request: by address before anything else, then by identity.
 *
 * The first look keeps a flood from one address away from everything behind it. The second one is
 * the limit of the API: keyed by the user, or by address (IPv6: /64) without one, separately for
 * reads, writes and sign-in. A bucket belongs to kind of route and identity, never to a path, so
 * that no spelling of a path opens a fresh one.
 */
#include "limits.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "network.h"
#include "server.h"

static SklLimiter *limiter;
static _Atomic uint64_t refused[SKL_QUOTA_CLASSES];

/* What is hashed into a bucket: the kind of route, and a user or a network. */
typedef struct Key
{
	uint8_t kind;
	uint8_t is_user;
	uint8_t bytes[16];
} Key;

bool
skl_limits_start(void)
{
	limiter = skl_limiter_create((size_t) skl_config()->limit_slots);
	if (limiter == NULL)
		skl_log(SKL_LOG_ERROR, "limits", "no memory for the table of limits");
	return limiter != NULL;
}

/* Requests refused by a class of limits since the start. */
uint64_t
skl_limits_refused(SklQuotaClass class)
{
	return atomic_load_explicit(&refused[class], memory_order_relaxed);
}

uint64_t
skl_limits_evictions(void)
{
	return limiter != NULL ? skl_limiter_evictions(limiter) : 0;
}

/* Set a response header, in place of one of that name. */
static void
replace_header(void *context, const char *name, const char *value)
{
	SklRequestCtx *ctx = context;
	char *copy = skl_strdup(ctx, value);

	for (int i = 0; i < ctx->nheaders; i++)
	{
		if (strcmp(ctx->headers[i].name, name) == 0)
		{
			ctx->headers[i].value = copy;
			return;
		}
	}
	skl_header(ctx, name, copy);
}

static Key
key_of_address(const SklRequestCtx *ctx, uint8_t kind)
{
	Key key = {.kind = kind, .is_user = 0};

	skl_address_network(&ctx->client, key.bytes);
	return key;
}

/* Charge one request; refuse it with 429 when it does not fit. Quiet: headers only on refusal. */
static bool
charge(SklRequestCtx *ctx, SklQuotaClass class, const Key *key, bool quiet)
{
	SklVerdict verdict;
	char details[96];

	skl_limiter_take(limiter, class, &ctx->config->quota[class], key, sizeof(*key), 1,
					 ctx->thread->now_us, &verdict);
	if (!quiet || !verdict.allowed)
		skl_quota_headers(&verdict, time(NULL), replace_header, ctx);
	if (verdict.allowed)
		return true;
	atomic_fetch_add_explicit(&refused[class], 1, memory_order_relaxed);
	snprintf(details, sizeof(details), "{\"limit\":\"%s\",\"retryAfter\":%u}", verdict.name,
			 verdict.retry_after_s);
	skl_refuse(ctx, SKL_ERR_RATE_LIMITED, NULL, skl_strdup(ctx, details));
	return false;
}

/* Before routing: the generous limit of everything from one address. */
bool
skl_limits_address(SklRequestCtx *ctx)
{
	Key key = key_of_address(ctx, 0);

	return charge(ctx, SKL_QUOTA_ADDRESS, &key, true);
}

/* After authentication: the limit that the route and the identity have. */
bool
skl_limits_identity(SklRequestCtx *ctx)
{
	SklRate rate = ctx->route != NULL ? ctx->route->rate : SKL_RATE_READ;
	Key key = key_of_address(ctx, (uint8_t) rate);
	SklQuotaClass class = SKL_QUOTA_ANONYMOUS;

	if (rate == SKL_RATE_ADDRESS)
		return true;
	if (ctx->identity.known)
	{
		key.is_user = 1;
		memcpy(key.bytes, ctx->identity.user.bytes, sizeof(key.bytes));
		class = ctx->identity.tier == 'p' ? SKL_QUOTA_PREMIUM : SKL_QUOTA_AUTHENTICATED;
	}
	if (rate == SKL_RATE_AUTH)
		class = SKL_QUOTA_AUTH;
	return charge(ctx, class, &key, false);
}

/*
 * A token that did not verify costs its address an anonymous read, or else guessing and the price
 * of a signature would be free. False: the answer is 429 instead of 401.
 */
bool
skl_limits_failed_token(SklRequestCtx *ctx)
{
	Key key = key_of_address(ctx, (uint8_t) SKL_RATE_READ);

	return charge(ctx, SKL_QUOTA_ANONYMOUS, &key, false);
}
