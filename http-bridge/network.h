/*
 * network.h
 *		Addresses, lists of networks, and the client's address behind trusted proxies.
 */
#ifndef SKL_NETWORK_H
#define SKL_NETWORK_H

#include "bridge.h"

typedef struct SklNetworks SklNetworks;

bool skl_address_parse(const char *text, size_t length, SklAddress *address);
bool skl_address_from_sockaddr(const struct sockaddr *peer, SklAddress *address);
bool skl_address_is_v4(const SklAddress *address);
void skl_address_network(const SklAddress *address, uint8_t network[16]);

SklNetworks *skl_networks_parse(const char *text, char *error, size_t error_size);
void skl_networks_free(SklNetworks *list);
bool skl_networks_contains(const SklNetworks *list, const SklAddress *address);
size_t skl_networks_count(const SklNetworks *list);

void skl_forwarded_client(const SklNetworks *trusted, const SklAddress *peer, const char *chain,
						  SklAddress *client);

#endif
