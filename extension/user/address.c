/*
 * user/address.c
 *		E-mail addresses and network addresses: syntax only, nothing is looked up.
 */
#include "skl.h"

#include "user/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>

#define EMAIL_MIN 5
#define EMAIL_MAX 254
#define LOCAL_MAX 64
#define LABEL_MAX 63

/* Dot-separated atoms (RFC 5321, Dot-string). */
static bool
is_local_part(const char *s, size_t len)
{
	if (len == 0 || len > LOCAL_MAX || s[0] == '.' || s[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) s[i];

		if (c == '.' && s[i + 1] == '.')
			return false;
		if (c >= 0x80 || (!isalnum(c) && strchr(".!#$%&'*+/=?^_`{|}~-", c) == NULL))
			return false;
	}
	return true;
}

/* One label of a domain: letters, digits and inner hyphens. */
static bool
is_label(const char *s, size_t len)
{
	if (len == 0 || len > LABEL_MAX || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) s[i];

		if (c >= 0x80 || (!isalnum(c) && c != '-'))
			return false;
	}
	return true;
}

/* Two labels or more; the last has a letter first, so that numbers are no domain. */
static bool
is_domain(const char *s)
{
	int labels = 0;

	for (;;)
	{
		size_t len = strcspn(s, ".");

		if (!is_label(s, len))
			return false;
		labels++;
		if (s[len] == '\0')
			return labels >= 2 && len >= 2 && isalpha((unsigned char) s[0]);
		s += len + 1;
	}
}

bool
skl_email_is_valid(const char *email)
{
	size_t len = strlen(email);
	const char *at = strchr(email, '@');

	if (len < EMAIL_MIN || len > EMAIL_MAX || at == NULL)
		return false;
	return is_local_part(email, (size_t) (at - email)) && is_domain(at + 1);
}

/* Writes an IPv4 prefix of 24 bits. */
static void
write_v4(const uint8 *bytes, char network[SKL_NETWORK_LEN])
{
	snprintf(network, SKL_NETWORK_LEN, "%u.%u.%u.0/24", bytes[0], bytes[1], bytes[2]);
}

void
skl_network_of(const char *address, char network[SKL_NETWORK_LEN])
{
	struct in_addr v4;
	struct in6_addr v6;
	char prefix[INET6_ADDRSTRLEN];

	if (address != NULL && inet_pton(AF_INET, address, &v4) == 1)
		write_v4((const uint8 *) &v4, network);
	else if (address != NULL && inet_pton(AF_INET6, address, &v6) == 1)
	{
		if (IN6_IS_ADDR_V4MAPPED(&v6))
		{
			write_v4(v6.s6_addr + 12, network);
			return;
		}
		memset(v6.s6_addr + 8, 0, 8);
		snprintf(network, SKL_NETWORK_LEN, "%s/64",
				 inet_ntop(AF_INET6, &v6, prefix, sizeof(prefix)));
	}
	else
		strlcpy(network, "local", SKL_NETWORK_LEN);
}
