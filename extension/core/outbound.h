/*
 * core/outbound.h
 *		Where webhooks may go: addresses on the internet, and ranges that the operator allows. No
 *		PostgreSQL in here, so that it can be fuzzed and used outside a server.
 */
#ifndef SKL_CORE_OUTBOUND_H
#define SKL_CORE_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKL_RANGES_MAX 32
#define SKL_WEBHOOK_URL_MAX 2000

/* An address in network byte order: 4 bytes, or 16 when v6. */
typedef struct SklAddress
{
	bool v6;
	uint8_t bytes[16];
} SklAddress;

/* Ranges as an operator writes them: 10.1.0.0/16, fd00::/8, or an address alone. */
typedef struct SklRanges
{
	int n;
	struct
	{
		SklAddress base;
		int bits;
	} range[SKL_RANGES_MAX];
} SklRanges;

/* What a webhook's URL is made of. */
typedef struct SklWebhookUrl
{
	bool plain;		 /* http:// */
	bool is_literal; /* the host is an address, not a name */
	SklAddress address;
	int port;
} SklWebhookUrl;

/* Reads an address as inet_pton() does: no zone, no octal, no short form. */
extern bool skl_address_parse(const char *text, size_t len, SklAddress *address);

/*
 * Whether an address is one of the public internet: not loopback, private, link-local, shared,
 * multicast, reserved, for documentation, of a cloud's metadata service, nor one that carries an
 * IPv4 address inside (mapped, NAT64, 6to4, Teredo).
 */
extern bool skl_address_is_public(const SklAddress *address);

/* Reads a list separated by commas; false when it is not one, or has too many. */
extern bool skl_ranges_parse(const char *text, SklRanges *ranges);

extern bool skl_ranges_hold(const SklRanges *ranges, const SklAddress *address);

/*
 * Whether a connection may be made: to an allowed range in any way, else only by TLS to a port that
 * HTTPS uses, at a public address.
 */
extern bool skl_outbound_allowed(const SklRanges *allowed, const SklAddress *address, int port,
								 bool plain);

/*
 * Reads the URL of a webhook. Returns NULL, or what is wrong with it, to be read after the field's
 * name. Strict on purpose: what is let through means the same to everyone who reads it.
 */
extern const char *skl_webhook_url_problem(const char *url, size_t len, const SklRanges *allowed,
										   SklWebhookUrl *parts);

#endif
