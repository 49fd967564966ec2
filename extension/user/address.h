/*
 * user/address.h
 *		E-mail addresses and network addresses.
 */
#ifndef SKL_USER_ADDRESS_H
#define SKL_USER_ADDRESS_H

/* Long enough for an IPv6 prefix in text. */
#define SKL_NETWORK_LEN 64

/*
 * True for an address that mail can be sent to: local@domain in the unquoted ASCII form of
 * RFC 5321, with a domain of at least two labels; 5 to 254 characters.
 */
extern bool skl_email_is_valid(const char *email);

/*
 * The network that sign-in failures are counted by: /24 of an IPv4 address (an IPv4-mapped one
 * included), /64 of an IPv6 one, "local" for no or no readable address.
 */
extern void skl_network_of(const char *address, char network[SKL_NETWORK_LEN]);

#endif
