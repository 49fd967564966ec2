/*
 * token_cache.h
 *		Verified tokens, remembered by hash, shared by all threads.
 */
#ifndef SKL_TOKEN_CACHE_H
#define SKL_TOKEN_CACHE_H

#include "jwt.h"

#define SKL_TOKEN_HASH 32

bool skl_token_cache_start(size_t entries);
bool skl_token_hash(const char *token, size_t length, uint8_t hash[SKL_TOKEN_HASH]);
bool skl_token_cache_get(const uint8_t hash[SKL_TOKEN_HASH], uint64_t epoch, SklClaims *claims);
void skl_token_cache_put(const uint8_t hash[SKL_TOKEN_HASH], uint64_t epoch,
						 const SklClaims *claims);

#endif
