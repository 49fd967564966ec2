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
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Longest token and lexeme that are kept. */
#define KEPT_BYTES 24

/* Places: one megabyte of a process that asks, eight of a worker that indexes. */
#define PLACES 16384
#define WORKER_PLACES (8 * PLACES)

/* One line of the processor's cache. */
typedef struct Place
{
	Oid config; /* InvalidOid: nothing is here */
	uint8 type;
	uint8 length;
	bool known;	 /* by a dictionary */
	uint8 flags; /* of the lexeme */
	char token[KEPT_BYTES];
	char lexeme[KEPT_BYTES + 8]; /* "": there is none, a stop word */
} Place;

StaticAssertDecl(sizeof(Place) == 64, "a place is one line of the processor's cache");

static Place *places = NULL;
static uint32 n_places;
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
		n_places = IsBackgroundWorker ? WORKER_PLACES : PLACES;
		places = (Place *) TYPEALIGN(
			sizeof(Place), MemoryContextAlloc(TopMemoryContext, sizeof(Place) * (n_places + 1)));
		CacheRegisterSyscacheCallback(TSCONFIGOID, altered, (Datum) 0);
		CacheRegisterSyscacheCallback(TSCONFIGMAP, altered, (Datum) 0);
		CacheRegisterSyscacheCallback(TSDICTOID, altered, (Datum) 0);
	}
	memset(places, 0, sizeof(Place) * n_places);
	stale = false;
}

/* Puts what was found into the place, unless it is too much for it. */
static void
keep(Place *place, Oid config, int type, const char *token, int length, const TSLexeme *found)
{
	bool one = found != NULL && found[0].lexeme != NULL;

	if (one && (found[1].lexeme != NULL || found[0].lexeme[0] == '\0' ||
				strlen(found[0].lexeme) >= sizeof(place->lexeme)))
		return;
	memset(place, 0, sizeof(*place));
	place->config = config;
	place->type = (uint8) type;
	place->length = (uint8) length;
	place->known = found != NULL;
	memcpy(place->token, token, (size_t) length);
	if (one)
	{
		place->flags = (uint8) found[0].flags;
		strlcpy(place->lexeme, found[0].lexeme, sizeof(place->lexeme));
	}
}

/* What a place says; valid until the next call. */
static const TSLexeme *
kept(Place *place)
{
	static TSLexeme lexemes[2];

	if (!place->known)
		return NULL;
	lexemes[0] = (TSLexeme){.flags = place->flags,
							.lexeme = place->lexeme[0] != '\0' ? place->lexeme : NULL};
	return lexemes;
}

const TSLexeme *
skl_lexemes(const TSConfigCacheEntry *config, int type, char *token, int length)
{
	const TSLexeme *found;
	Place *place;

	if (length > KEPT_BYTES || type > UINT8_MAX)
		return ask_dictionaries(config, type, token, length);
	if (stale)
		forget_all();
	place = &places[(hash_bytes((const unsigned char *) token, length) + (uint32) type) % n_places];
	if (place->config == config->cfgId && place->type == type && place->length == length &&
		memcmp(place->token, token, (size_t) length) == 0)
		return kept(place);
	found = ask_dictionaries(config, type, token, length);
	keep(place, config->cfgId, type, token, length, found);
	return found;
}
