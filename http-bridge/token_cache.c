/*
 * token_cache.c
 *		Verified tokens, remembered by hash, shared by all threads.
 *
 * libjwt takes hundreds of microseconds for a signature, a look-up here about one. Only the result
 * of a verification is kept: the token's SHA-256, the epoch of the keys, and what the token says.
 * Times are compared again at every hit by the caller, and the session at every request by the
 * database, so the cache can make nothing live longer.
 *
 * Entries live in sets of four, each guarded by one of 64 locks; the entry that expires first
 * makes room.
 */
#include "token_cache.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 4
#define SHARDS 64

typedef struct Entry
{
	uint8_t hash[SKL_TOKEN_HASH];
	uint64_t epoch; /* 0 = empty */
	SklClaims claims;
} Entry;

typedef struct Set
{
	Entry entry[WAYS];
} Set;

static Set *sets;
static size_t set_mask;
static pthread_mutex_t shards[SHARDS];
static EVP_MD *sha256;
static pthread_key_t digest_key; /* a digest context a thread */

static void
free_digest(void *context)
{
	EVP_MD_CTX_free(context);
}

/* Make the cache; zero entries make one that remembers nothing. */
bool
skl_token_cache_start(size_t entries)
{
	size_t count = 1;

	if (pthread_key_create(&digest_key, free_digest) != 0)
		return false;
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	for (int i = 0; i < SHARDS; i++)
		pthread_mutex_init(&shards[i], NULL);
	if (entries == 0)
		return sha256 != NULL;
	while (count * WAYS < entries)
		count *= 2;
	set_mask = count - 1;
	sets = calloc(count, sizeof(Set));
	return sha256 != NULL && sets != NULL;
}

/* SHA-256 of a token; false when the library fails. */
bool
skl_token_hash(const char *token, size_t length, uint8_t hash[SKL_TOKEN_HASH])
{
	EVP_MD_CTX *context = pthread_getspecific(digest_key);

	if (context == NULL)
	{
		context = EVP_MD_CTX_new();
		pthread_setspecific(digest_key, context);
	}
	return context != NULL && EVP_DigestInit_ex2(context, sha256, NULL) == 1 &&
		   EVP_DigestUpdate(context, token, length) == 1 &&
		   EVP_DigestFinal_ex(context, hash, NULL) == 1;
}

static size_t
set_of(const uint8_t hash[SKL_TOKEN_HASH])
{
	size_t number;

	memcpy(&number, hash, sizeof(number));
	return number & set_mask;
}

/* Find what was verified under this epoch of keys. */
bool
skl_token_cache_get(const uint8_t hash[SKL_TOKEN_HASH], uint64_t epoch, SklClaims *claims)
{
	size_t at = set_of(hash);
	bool found = false;

	if (sets == NULL)
		return false;
	pthread_mutex_lock(&shards[at % SHARDS]);
	for (int i = 0; i < WAYS && !found; i++)
	{
		const Entry *entry = &sets[at].entry[i];

		found = entry->epoch == epoch && memcmp(entry->hash, hash, SKL_TOKEN_HASH) == 0;
		if (found)
			*claims = entry->claims;
	}
	pthread_mutex_unlock(&shards[at % SHARDS]);
	return found;
}

/* Remember a token that was verified under this epoch of keys. */
void
skl_token_cache_put(const uint8_t hash[SKL_TOKEN_HASH], uint64_t epoch, const SklClaims *claims)
{
	size_t at = set_of(hash);
	Entry *victim;

	if (sets == NULL)
		return;
	pthread_mutex_lock(&shards[at % SHARDS]);
	victim = &sets[at].entry[0];
	for (int i = 0; i < WAYS; i++)
	{
		Entry *entry = &sets[at].entry[i];

		if (entry->epoch != epoch)
		{
			victim = entry;
			break;
		}
		if (entry->claims.expires < victim->claims.expires)
			victim = entry;
	}
	memcpy(victim->hash, hash, SKL_TOKEN_HASH);
	victim->epoch = epoch;
	victim->claims = *claims;
	pthread_mutex_unlock(&shards[at % SHARDS]);
}
