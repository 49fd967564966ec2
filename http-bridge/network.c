/*
 * network.c
 *		Addresses, lists of networks, and the client's address behind trusted proxies.
 *
 * A list is written as networks ("10.0.0.0/8, 2001:db8::/32, 192.0.2.7"). It becomes sorted,
 * disjoint ranges of 128-bit numbers, so that a look-up is one binary search. IPv4 lives in
 * ::ffff:0:0/96, therefore ::ffff:10.0.0.1 and 10.0.0.1 are one address everywhere.
 *
 * A list never changes once built: a reload builds another one.
 */
#include "network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* hops of X-Forwarded-For that are looked at, counted from the right */
#define MAX_HOPS 32

typedef struct Range
{
	SklAddress low;
	SklAddress high;
} Range;

struct SklNetworks
{
	size_t count;
	Range ranges[];
};

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* Write the usual text of the bytes; mapped IPv4 is written as IPv4. */
static bool
set_text(SklAddress *address)
{
	bool v4 = skl_address_is_v4(address);

	return inet_ntop(v4 ? AF_INET : AF_INET6, address->bytes + (v4 ? sizeof(v4_prefix) : 0),
					 address->text, sizeof(address->text)) != NULL;
}

/* true when the address is IPv4, or IPv6 that maps one */
bool
skl_address_is_v4(const SklAddress *address)
{
	return memcmp(address->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

/*
 * Read an address of exactly length bytes. Only the canonical forms of inet_pton are taken: no
 * octal or short IPv4, no zone ids, no brackets, no ports.
 */
bool
skl_address_parse(const char *text, size_t length, SklAddress *address)
{
	char copy[INET6_ADDRSTRLEN];

	if (length == 0 || length >= sizeof(copy) || memchr(text, '\0', length) != NULL)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (inet_pton(AF_INET6, copy, address->bytes) == 1)
		return set_text(address);
	memcpy(address->bytes, v4_prefix, sizeof(v4_prefix));
	return inet_pton(AF_INET, copy, address->bytes + sizeof(v4_prefix)) == 1 && set_text(address);
}

/* The address of a connected peer; false for families other than IPv4 and IPv6. */
bool
skl_address_from_sockaddr(const struct sockaddr *peer, SklAddress *address)
{
	if (peer == NULL)
		return false;
	if (peer->sa_family == AF_INET)
	{
		const struct sockaddr_in *v4 = (const struct sockaddr_in *) (const void *) peer;

		memcpy(address->bytes, v4_prefix, sizeof(v4_prefix));
		memcpy(address->bytes + sizeof(v4_prefix), &v4->sin_addr, sizeof(v4->sin_addr));
		return set_text(address);
	}
	if (peer->sa_family == AF_INET6)
	{
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) (const void *) peer;

		memcpy(address->bytes, &v6->sin6_addr, sizeof(address->bytes));
		return set_text(address);
	}
	return false;
}

/*
 * The network that limits count by, as bytes: the address itself for IPv4, its /64 for IPv6,
 * because one subscriber owns at least that much.
 */
void
skl_address_network(const SklAddress *address, uint8_t network[16])
{
	memcpy(network, address->bytes, sizeof(address->bytes));
	if (!skl_address_is_v4(address))
		memset(network + 8, 0, 8);
}

/* Set the host part of an address, which begins after prefix bits, to zeros or ones. */
static void
fill_host(SklAddress *address, unsigned prefix, bool ones)
{
	for (unsigned i = 0; i < 16; i++)
	{
		unsigned first = i * 8;
		unsigned kept = prefix >= first + 8 ? 8 : (prefix > first ? prefix - first : 0);
		uint8_t host = (uint8_t) (0xffu >> kept);

		if (ones)
			address->bytes[i] = (uint8_t) (address->bytes[i] | host);
		else
			address->bytes[i] = (uint8_t) (address->bytes[i] & (uint8_t) ~host);
	}
}

/* Read one to three digits as a prefix length. */
static bool
parse_prefix(const char *text, size_t length, unsigned limit, unsigned *prefix)
{
	unsigned value = 0;

	if (length == 0 || length > 3 || (length > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned) (text[i] - '0');
	}
	*prefix = value;
	return value <= limit;
}

/* Read "address" or "address/prefix". Bits set right of the prefix are an error. */
static bool
parse_network(const char *text, size_t length, Range *range)
{
	const char *slash = memchr(text, '/', length);
	size_t head = slash != NULL ? (size_t) (slash - text) : length;
	unsigned prefix = 128;
	SklAddress low;

	if (!skl_address_parse(text, head, &range->low))
		return false;
	if (slash != NULL)
	{
		bool v4 = memchr(text, ':', head) == NULL;

		if (!parse_prefix(slash + 1, length - head - 1, v4 ? 32 : 128, &prefix))
			return false;
		if (v4)
			prefix += 96;
	}
	low = range->low;
	fill_host(&low, prefix, false);
	if (memcmp(low.bytes, range->low.bytes, sizeof(low.bytes)) != 0)
		return false;
	range->high = low;
	fill_host(&range->high, prefix, true);
	return true;
}

static int
compare_ranges(const void *a, const void *b)
{
	return memcmp(((const Range *) a)->low.bytes, ((const Range *) b)->low.bytes, 16);
}

/* Sort the ranges and join those that overlap. */
static void
normalise(SklNetworks *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->ranges, list->count, sizeof(Range), compare_ranges);
	for (size_t i = 1; i < list->count; i++)
	{
		Range *last = &list->ranges[kept];
		const Range *next = &list->ranges[i];

		if (memcmp(next->low.bytes, last->high.bytes, 16) > 0)
			list->ranges[++kept] = *next;
		else if (memcmp(next->high.bytes, last->high.bytes, 16) > 0)
			last->high = next->high;
	}
	list->count = kept + 1;
}

/*
 * Build a list from networks separated by commas or white space. The empty text gives an empty
 * list. Returns NULL and a message when an entry is not a network.
 */
SklNetworks *
skl_networks_parse(const char *text, char *error, size_t error_size)
{
	static const char separators[] = ", \t\r\n";
	size_t room = strlen(text) / 2 + 1;
	SklNetworks *list = malloc(sizeof(SklNetworks) + room * sizeof(Range));

	if (list == NULL)
	{
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	list->count = 0;
	while (*(text += strspn(text, separators)) != '\0')
	{
		size_t length = strcspn(text, separators);

		if (!parse_network(text, length, &list->ranges[list->count]))
		{
			snprintf(error, error_size, "\"%.*s\" is not an address or network", (int) length,
					 text);
			free(list);
			return NULL;
		}
		list->count++;
		text += length;
	}
	normalise(list);
	return list;
}

void
skl_networks_free(SklNetworks *list)
{
	free(list);
}

/* How many disjoint ranges the list holds; 0 for NULL. */
size_t
skl_networks_count(const SklNetworks *list)
{
	return list != NULL ? list->count : 0;
}

/* true when one of the networks holds the address; a NULL list holds nothing */
bool
skl_networks_contains(const SklNetworks *list, const SklAddress *address)
{
	size_t low = 0;
	size_t high = list != NULL ? list->count : 0;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;
		const Range *range = &list->ranges[middle];

		if (memcmp(address->bytes, range->low.bytes, 16) < 0)
			high = middle;
		else if (memcmp(address->bytes, range->high.bytes, 16) > 0)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

/* Read one hop: an address, possibly in brackets, possibly with a port. */
static bool
parse_hop(const char *hop, size_t length, SklAddress *address)
{
	const char *colon;

	if (length > 0 && hop[0] == '[')
	{
		const char *end = memchr(hop, ']', length);

		return end != NULL && skl_address_parse(hop + 1, (size_t) (end - hop - 1), address);
	}
	colon = memchr(hop, ':', length);
	if (colon != NULL && memchr(colon + 1, ':', length - (size_t) (colon + 1 - hop)) == NULL)
		length = (size_t) (colon - hop);
	return skl_address_parse(hop, length, address);
}

/*
 * Find the client behind trusted proxies. The chain is the value of X-Forwarded-For (several
 * headers joined with commas, in order) or NULL. It is believed only when the peer is trusted, and
 * read from the right: the first hop that is not a trusted proxy is the client. A hop that is no
 * address ends the walk at the last good one.
 */
void
skl_forwarded_client(const SklNetworks *trusted, const SklAddress *peer, const char *chain,
					 SklAddress *client)
{
	const char *end = chain != NULL ? chain + strlen(chain) : NULL;

	*client = *peer;
	for (int hops = 0; end != NULL && hops < MAX_HOPS; hops++)
	{
		const char *start = end;
		const char *from;
		const char *to = end;
		SklAddress hop;

		if (!skl_networks_contains(trusted, client))
			return;
		while (start > chain && start[-1] != ',')
			start--;
		from = start;
		while (from < to && (*from == ' ' || *from == '\t'))
			from++;
		while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
			to--;
		if (!parse_hop(from, (size_t) (to - from), &hop))
			return;
		*client = hop;
		end = start > chain ? start - 1 : NULL;
	}
}
