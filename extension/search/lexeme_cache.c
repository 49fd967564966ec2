/*
 * search/lexeme_cache.c
 *		What dictionaries have said about a token, kept by each process.
 *
 * A few words make up most of any text, and a stemmer takes longer for each of them than a look
 * into a table. Each token has one place in it, which the last one that came there has: no lists,
 * no memory to give back. Dictionaries answer the same as long as they are not altered; when a
 * configuration or a dictionary is, all is forgotten.
 */
#include "skl.h"

#include "search/lexeme_cache.h"

#include "common/hashfn.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Longest token and lexeme that are kept, and places: two megabytes. */
#define KEPT_BYTES 24
#define PLACES 16384

typedef struct Place
{
	Oid config; /* InvalidOid: nothing is here */
	int16 type;
	uint8 length;
	bool known; /* by a dictionary */
	char token[KEPT_BYTES];
	TSLexeme lexemes[2]; /* at most one; then the one that ends them */
	char lexeme[KEPT_BYTES + 8];
} Place;

static Place *places = NULL;
static bool stale = true;

/* What the dictionaries of a token's type say about it. */
static TSLexeme *
ask_dictionaries(const TSConfigCacheEntry *config, int type, char *token, int length)
{
	ListDictionary *map;

	if (type <= 0 || type >= config->lenmap)
		return NULL;
	map = config->map + type;
	for (int i = 0; i < map->len; i++)
	{
		TSDictionaryCacheEntry *dictionary = lookup_ts_dictionary_cache(map->dictIds[i]);
		DictSubState state = {.isend = true};
		TSLexeme *found = (TSLexeme *) DatumGetPointer(
			FunctionCall4(&dictionary->lexize, PointerGetDatum(dictionary->dictData),
						  PointerGetDatum(token), Int32GetDatum(length), PointerGetDatum(&state)));

		if (found == NULL)
			continue;
		if (!(found->flags & TSL_FILTER))
			return found;
		token = found->lexeme;
		length = (int) strlen(token);
	}
	return NULL;
}

static void
altered(Datum argument, int cache, uint32 hash)
{
	stale = true;
}

static void
forget_all(void)
{
	if (places == NULL)
	{
		places = MemoryContextAlloc(TopMemoryContext, sizeof(Place) * PLACES);
		CacheRegisterSyscacheCallback(TSCONFIGOID, altered, (Datum) 0);
		CacheRegisterSyscacheCallback(TSCONFIGMAP, altered, (Datum) 0);
		CacheRegisterSyscacheCallback(TSDICTOID, altered, (Datum) 0);
	}
	memset(places, 0, sizeof(Place) * PLACES);
	stale = false;
}

/* Puts what was found into the place, unless it is too much for it. */
static void
keep(Place *place, Oid config, int type, const char *token, int length, const TSLexeme *found)
{
	bool one = found != NULL && found[0].lexeme != NULL;

	if (one && (found[1].lexeme != NULL || strlen(found[0].lexeme) >= sizeof(place->lexeme)))
		return;
	memset(place, 0, sizeof(*place));
	place->config = config;
	place->type = (int16) type;
	place->length = (uint8) length;
	place->known = found != NULL;
	memcpy(place->token, token, (size_t) length);
	if (one)
	{
		place->lexemes[0] = found[0];
		strlcpy(place->lexeme, found[0].lexeme, sizeof(place->lexeme));
		place->lexemes[0].lexeme = place->lexeme;
	}
}

const TSLexeme *
skl_lexemes(const TSConfigCacheEntry *config, int type, char *token, int length)
{
	const TSLexeme *found;
	Place *place;

	if (length > KEPT_BYTES)
		return ask_dictionaries(config, type, token, length);
	if (stale)
		forget_all();
	place = &places[(hash_bytes((const unsigned char *) token, length) + (uint32) type) % PLACES];
	if (place->config == config->cfgId && place->type == type && place->length == length &&
		memcmp(place->token, token, (size_t) length) == 0)
		return place->known ? place->lexemes : NULL;
	found = ask_dictionaries(config, type, token, length);
	keep(place, config->cfgId, type, token, length, found);
	return found;
}
