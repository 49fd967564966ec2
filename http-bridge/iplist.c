/*
 * iplist.c
 *		Who may connect: the client's address behind trusted proxies, then the deny and allow lists.
 */
#include "bridge.h"

#include <stdatomic.h>
#include <string.h>

#include "config.h"
#include "iplist.h"

static _Atomic uint64_t denied;

/* Requests refused by the lists since the start. */
uint64_t
skl_iplist_denied(void)
{
	return atomic_load_explicit(&denied, memory_order_relaxed);
}

/* Find the client's address; only a trusted peer is asked for it. */
static void
find_client(SklRequestCtx *ctx)
{
	const char *proto;

	ctx->client = ctx->peer;
	ctx->over_tls = *ctx->config->tls_certificate != '\0';
	if (!skl_networks_contains(ctx->config->trusted_proxies, &ctx->peer))
		return;
	skl_forwarded_client(ctx->config->trusted_proxies, &ctx->peer,
						 ctx->header[SKL_H_X_FORWARDED_FOR], &ctx->client);
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
