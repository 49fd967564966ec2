/*
 * search/bitset_cache.c
 *		Keeps the bits of filters between the queries of a process.
 *
 * Segments do not change, so neither do the documents of one that have "category=design". When the
 * bits of all take too much, all of them are forgotten, but not during a query, which may hold
 * some.
 */
#include "skl.h"

#include "search/scope.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

/* Memory for bits, and bits that are worth keeping. */
#define CACHE_BYTES (32 * 1024 * 1024)
#define KEPT_WORDS_MIN 8

typedef struct BitsetKey
{
	uint64 segment;
	uint32 length;
	uint8 filter[SKL_SEARCH_WORD_MAX + 1];
} BitsetKey;

typedef struct Bitset
{
	BitsetKey key;
	uint32 n_words;
	uint64_t *words;
} Bitset;

static MemoryContext context_of_bits = NULL;
static HTAB *bitsets = NULL;
static size_t used = 0;

static bool
make_key(uint64_t segment, SklBytes filter, BitsetKey *key)
{
	if (segment == 0 || filter.length > sizeof(key->filter))
		return false;
	memset(key, 0, sizeof(*key));
	key->segment = segment;
	key->length = filter.length;
	memcpy(key->filter, filter.data, filter.length);
	return true;
}

static const uint64_t *
get(void *context, uint64_t segment, SklBytes filter, uint32_t n_words)
{
	BitsetKey key;
	Bitset *found;

	if (!make_key(segment, filter, &key))
		return NULL;
	found = hash_search(bitsets, &key, HASH_FIND, NULL);
	return found == NULL || found->n_words != n_words ? NULL : found->words;
}

static void
put(void *context, uint64_t segment, SklBytes filter, const uint64_t *words, uint32_t n_words)
{
	BitsetKey key;
	Bitset *entry;
	uint64_t *copy;
	bool found;

	if (n_words < KEPT_WORDS_MIN || used > CACHE_BYTES || !make_key(segment, filter, &key))
		return;
	copy = MemoryContextAlloc(context_of_bits, n_words * sizeof(uint64_t));
	memcpy(copy, words, n_words * sizeof(uint64_t));
	entry = hash_search(bitsets, &key, HASH_ENTER, &found);
	if (found)
		pfree(entry->words);
	entry->n_words = n_words;
	entry->words = copy;
	used += n_words * sizeof(uint64_t) + sizeof(Bitset);
}

const SklBitsetCache *
skl_scope_bitsets(void)
{
	static const SklBitsetCache cache = {get, put, NULL};
	HASHCTL control = {.keysize = sizeof(BitsetKey), .entrysize = sizeof(Bitset)};

	if (bitsets != NULL && used <= CACHE_BYTES)
		return &cache;
	if (context_of_bits != NULL)
		MemoryContextDelete(context_of_bits);
	context_of_bits = NULL;
	bitsets = NULL;
	used = 0;
	context_of_bits = AllocSetContextCreate(CacheMemoryContext, "skillancer search filters",
											ALLOCSET_DEFAULT_SIZES);
	control.hcxt = context_of_bits;
	bitsets = hash_create("skillancer search filters", 256, &control,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return &cache;
}
