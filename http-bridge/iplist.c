/*
 * iplist.c
 *		Who may connect: the client's address behind trusted proxies, then the deny and allow lists.
 */
#include "bridge.h"

#include <stdatomic.h>
#include <string.h>

#include "config.h"
#include "iplist.h"

#define MAX_FORWARDED 4096

static _Atomic uint64_t denied;

/* Requests refused by the lists since the start. */
uint64_t
skl_iplist_denied(void)
{
	return atomic_load_explicit(&denied, memory_order_relaxed);
}

/* The values of a header joined with commas, in order of appearance. */
typedef struct Chain
{
	size_t used;
	char text[MAX_FORWARDED];
} Chain;

static enum MHD_Result
collect_forwarded(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	Chain *chain = context;
	size_t length = value != NULL ? strlen(value) : 0;

	(void) kind;
	if (strcasecmp(name, "X-Forwarded-For") != 0)
		return MHD_YES;
	if (length > sizeof(chain->text) / 2)
	{
		/* only the right end matters: what the nearest proxies added */
		value += length - sizeof(chain->text) / 2;
		length = sizeof(chain->text) / 2;
	}
	if (chain->used + length + 2 > sizeof(chain->text))
	{
		memmove(chain->text, chain->text + chain->used / 2, chain->used - chain->used / 2);
		chain->used -= chain->used / 2;
	}
	if (chain->used > 0)
		chain->text[chain->used++] = ',';
	memcpy(chain->text + chain->used, value, length);
	chain->used += length;
	return MHD_YES;
}

/* Find the client's address; only a trusted peer is asked for it. */
static void
find_client(SklRequestCtx *ctx)
{
	Chain chain = {0};
	const char *proto;

	ctx->client = ctx->peer;
	if (!skl_networks_contains(ctx->config->trusted_proxies, &ctx->peer))
		return;
	MHD_get_connection_values(ctx->mhd, MHD_HEADER_KIND, collect_forwarded, &chain);
	chain.text[chain.used] = '\0';
	skl_forwarded_client(ctx->config->trusted_proxies, &ctx->peer,
						 chain.used > 0 ? chain.text : NULL, &ctx->client);
	proto = MHD_lookup_connection_value(ctx->mhd, MHD_HEADER_KIND, "X-Forwarded-Proto");
	if (proto != NULL && strcasecmp(proto, "https") == 0)
		ctx->over_tls = true;
}

bool
skl_iplist_admit(SklRequestCtx *ctx)
{
	const SklConfig *config = ctx->config;

	find_client(ctx);
	if (!skl_networks_contains(config->deny, &ctx->client) &&
		(skl_networks_count(config->allow) == 0 ||
		 skl_networks_contains(config->allow, &ctx->client)))
		return true;
	atomic_fetch_add_explicit(&denied, 1, memory_order_relaxed);
	skl_refuse(ctx, SKL_ERR_ADDRESS_DENIED, NULL, NULL);
	return false;
}
