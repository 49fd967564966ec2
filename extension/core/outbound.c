/*
 * core/outbound.c
 *		Where webhooks may go.
 *
 * A URL is looked at twice: when somebody registers it, as text, and at every connection, when the
 * name has become an address (bgworkers/webhook_send.c). The second look decides: a name may mean
 * another address a moment later. Sources of the ranges: the IANA registries of special-purpose
 * IPv4 and IPv6 addresses (RFC 6890), and the metadata services of clouds.
 */
#include "skl.h"

#include "core/outbound.h"

#include <arpa/inet.h>
#include <string.h>

/* The ranges of IPv4 that are not the internet. */
static const struct
{
	uint8_t base[4];
	int bits;
} special4[] = {
	{{0, 0, 0, 0}, 8},		 {{10, 0, 0, 0}, 8},	 {{100, 64, 0, 0}, 10},
	{{127, 0, 0, 0}, 8},	 {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12},
	{{192, 0, 0, 0}, 24},	 {{192, 0, 2, 0}, 24},	 {{192, 88, 99, 0}, 24},
	{{192, 168, 0, 0}, 16},	 {{198, 18, 0, 0}, 15},	 {{198, 51, 100, 0}, 24},
	{{203, 0, 113, 0}, 24},	 {{224, 0, 0, 0}, 4},	 {{240, 0, 0, 0}, 4},
	{{168, 63, 129, 16}, 32} /* Azure's platform services */
};

/* The ranges inside 2000::/3, the only part of IPv6 that is the internet, that are not. */
static const struct
{
	uint8_t base[4];
	int bits;
} special6[] = {
	{{0x20, 0x01, 0x00, 0x00}, 23}, /* protocols: Teredo, ORCHID, benchmarks */
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
	{{0x20, 0x02, 0x00, 0x00}, 16}, /* 6to4 */
	{{0x3f, 0xff, 0x00, 0x00}, 20}, /* documentation */
};

/* Names that mean this machine or its network. */
static const char *const local_suffixes[] = {"localhost", "local",	  "internal", "localdomain",
											 "lan",		  "intranet", "corp",	  "home",
											 "home.arpa", "onion",	  NULL};

static bool
same_bits(const uint8_t *a, const uint8_t *b, int bits)
{
	size_t whole = (size_t) bits / 8;
	uint8_t mask = (uint8_t) (0xff00 >> (bits % 8));

	return memcmp(a, b, whole) == 0 && (bits % 8 == 0 || ((a[whole] ^ b[whole]) & mask) == 0);
}

bool
skl_address_parse(const char *written, size_t len, SklAddress *address)
{
	char copy[INET6_ADDRSTRLEN];

	memset(address, 0, sizeof(*address));
	if (len == 0 || len >= sizeof(copy) || memchr(written, '\0', len) != NULL)
		return false;
	memcpy(copy, written, len);
	copy[len] = '\0';
	address->v6 = strchr(copy, ':') != NULL;
	return inet_pton(address->v6 ? AF_INET6 : AF_INET, copy, address->bytes) == 1;
}

bool
skl_address_is_public(const SklAddress *address)
{
	if (!address->v6)
	{
		for (size_t i = 0; i < sizeof(special4) / sizeof(special4[0]); i++)
			if (same_bits(address->bytes, special4[i].base, special4[i].bits))
				return false;
		return true;
	}
	if ((address->bytes[0] & 0xe0) != 0x20)
		return false;
	for (size_t i = 0; i < sizeof(special6) / sizeof(special6[0]); i++)
		if (same_bits(address->bytes, special6[i].base, special6[i].bits))
			return false;
	return true;
}

/* The number behind the slash, or the whole length of the address; -1 when it is none. */
static int
prefix_bits(const char *written, size_t len, int most)
{
	int bits = 0;

	if (len == 0 || len > 3)
		return -1;
	for (size_t i = 0; i < len; i++)
	{
		if (written[i] < '0' || written[i] > '9')
			return -1;
		bits = bits * 10 + (written[i] - '0');
	}
	return bits <= most ? bits : -1;
}

static bool
range_parse(const char *written, size_t len, SklRanges *ranges)
{
	const char *slash = memchr(written, '/', len);
	size_t address_len = slash != NULL ? (size_t) (slash - written) : len;
	SklAddress *base = &ranges->range[ranges->n].base;
	int most;
	int bits;

	if (!skl_address_parse(written, address_len, base))
		return false;
	most = base->v6 ? 128 : 32;
	bits = slash == NULL ? most : prefix_bits(slash + 1, len - address_len - 1, most);
	if (bits < 0)
		return false;
	ranges->range[ranges->n++].bits = bits;
	return true;
}

bool
skl_ranges_parse(const char *written, SklRanges *ranges)
{
	ranges->n = 0;
	while (*written != '\0')
	{
		size_t len;

		written += strspn(written, " ,");
		len = strcspn(written, " ,");
		if (len == 0)
			break;
		if (ranges->n == SKL_RANGES_MAX || !range_parse(written, len, ranges))
			return false;
		written += len;
	}
	return true;
}

bool
skl_ranges_hold(const SklRanges *ranges, const SklAddress *address)
{
	for (int i = 0; i < ranges->n; i++)
	{
		if (ranges->range[i].base.v6 == address->v6 &&
			same_bits(ranges->range[i].base.bytes, address->bytes, ranges->range[i].bits))
			return true;
	}
	return false;
}

static bool
is_https_port(int port)
{
	return port == 443 || port == 8443;
}

bool
skl_outbound_allowed(const SklRanges *allowed, const SklAddress *address, int port, bool plain)
{
	return skl_ranges_hold(allowed, address) ||
		   (!plain && is_https_port(port) && skl_address_is_public(address));
}

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char
small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* Whether a name is the suffix or ends with it behind a dot. */
static bool
ends_with(const char *name, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	if (len < n || (len > n && name[len - n - 1] != '.'))
		return false;
	for (size_t i = 0; i < n; i++)
		if (small(name[len - n + i]) != suffix[i])
			return false;
	return true;
}

/* A label of a name: letters, digits and inner hyphens. */
static bool
is_label(const char *label, size_t len)
{
	if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(label[i]) && label[i] != '-')
			return false;
	return true;
}

/*
 * A name with two labels or more, the last of which begins with a letter: no number in any notation
 * is one, and no resolver's search list is used.
 */
static const char *
name_problem(const char *name, size_t len)
{
	size_t start = 0;
	int labels = 0;

	if (len > 253)
		return "has a host that is too long";
	for (size_t i = 0; i <= len; i++)
	{
		if (i < len && name[i] != '.')
			continue;
		if (!is_label(name + start, i - start))
			return "has a host that is neither a name nor an address";
		labels++;
		if (i < len)
			start = i + 1;
	}
	if (labels < 2 || (name[start] >= '0' && name[start] <= '9'))
		return "has a host that is neither a full name nor an address";
	for (const char *const *suffix = local_suffixes; *suffix != NULL; suffix++)
		if (ends_with(name, len, *suffix))
			return "has a host that is not on the internet";
	return NULL;
}

/* The host: [IPv6], IPv4 or a name. */
static const char *
host_problem(const char *host, size_t len, const SklRanges *allowed, SklWebhookUrl *parts)
{
	bool bracketed = len >= 2 && host[0] == '[' && host[len - 1] == ']';

	parts->is_literal = bracketed ? skl_address_parse(host + 1, len - 2, &parts->address)
								  : skl_address_parse(host, len, &parts->address);
	if (parts->is_literal && bracketed != parts->address.v6)
		return "has a host that is neither a name nor an address";
	if (!parts->is_literal)
		return name_problem(host, len);
	if (!skl_ranges_hold(allowed, &parts->address) && !skl_address_is_public(&parts->address))
		return "has an address that is not on the internet";
	return NULL;
}

/* The port behind the colon; 0 when it is none. */
static int
port_of(const char *written, size_t len)
{
	int port = 0;

	if (len == 0 || len > 5 || written[0] == '0')
		return 0;
	for (size_t i = 0; i < len; i++)
	{
		if (written[i] < '0' || written[i] > '9')
			return 0;
		port = port * 10 + (written[i] - '0');
	}
	return port <= 65535 ? port : 0;
}

/* Host and port, between the scheme and the path. */
static const char *
authority_problem(const char *written, size_t len, const SklRanges *allowed, SklWebhookUrl *parts)
{
	size_t host_len = len;
	const char *problem;

	for (size_t i = len; i > 0 && written[i - 1] != ']'; i--)
		if (written[i - 1] == ':')
			host_len = i - 1;
	if (memchr(written, '@', len) != NULL)
		return "must not hold a user name";
	parts->port = parts->plain ? 80 : 443;
	if (host_len < len)
		parts->port = port_of(written + host_len + 1, len - host_len - 1);
	if (parts->port == 0)
		return "has a port that is none";
	problem = host_problem(written, host_len, allowed, parts);
	if (problem != NULL)
		return problem;
	/* a name may turn out to be in an allowed range: that is seen at the connection */
	if (allowed->n > 0 && (!parts->is_literal || skl_ranges_hold(allowed, &parts->address)))
		return NULL;
	if (parts->plain)
		return "must begin with https://";
	return is_https_port(parts->port) ? NULL : "must use port 443 or 8443";
}

/* Path and query: printable ASCII as RFC 3986 has it, without a fragment. */
static bool
is_path(const char *written, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(written[i]) &&
			(written[i] == '\0' || strchr("-._~!$&'()*+,;=:@/?%", written[i]) == NULL))
			return false;
	return true;
}

const char *
skl_webhook_url_problem(const char *url, size_t len, const SklRanges *allowed, SklWebhookUrl *parts)
{
	size_t start;
	size_t end;

	memset(parts, 0, sizeof(*parts));
	if (len > SKL_WEBHOOK_URL_MAX)
		return "must have at most 2000 characters";
	parts->plain = len >= 7 && memcmp(url, "http://", 7) == 0;
	if (!parts->plain && (len < 8 || memcmp(url, "https://", 8) != 0))
		return "must begin with https://";
	start = parts->plain ? 7 : 8;
	for (end = start; end < len && url[end] != '/' && url[end] != '?'; end++)
		if (!is_alnum(url[end]) && (url[end] == '\0' || strchr("-.:[]@", url[end]) == NULL))
			return "has a host that is neither a name nor an address";
	if (!is_path(url + end, len - end))
		return "has characters that a URL does not hold as they are";
	return authority_problem(url + start, end - start, allowed, parts);
}
