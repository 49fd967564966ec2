/*
 * search/suggest_load.c
 *		Reads what suggestions are made of, and puts it into one block.
 *
 * What is read comes from the functions in sql/search/suggest_source.sql, which say what everybody
 * may see. Titles come in pieces, newest first; their stop words are left out by the dictionaries
 * of their language. Phrases that stand for the same are kept as text: a process analyses them
 * when it first compiles a query of a configuration, and again only when they are others.
 */
#include "skl.h"

#include "core/spi.h"
#include "search/analyse.h"
#include "search/engine/suggest.h"
#include "search/engine/synonym.h"
#include "search/index.h"
#include "search/suggest_load.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* Rows of a piece of titles; kinds of titles. */
#define PIECE 5000
#define TITLE_KINDS 3

/* Titles that must have a word or a pair before it is suggested. */
#define MIN_DOCUMENTS 2

/* The configuration of titles without a language. */
#define DEFAULT_CONFIG "pg_catalog.english"

/* Words whose being a stop word is remembered while titles are read. */
#define REMEMBERED 16384

typedef struct StopWords
{
	SklEngine engine; /* for the analyser; emptied after each word */
	Oid config;
	uint64 known[REMEMBERED];
	bool stop[REMEMBERED];
} StopWords;

/* The synonyms of a configuration in this process. */
typedef struct Synonyms
{
	Oid config; /* key */
	uint64 hash;
	MemoryContext context;
	const void *table;
} Synonyms;

static HTAB *synonyms = NULL;

static bool
is_stop_word(void *context, const char *word, size_t length)
{
	StopWords *words = context;
	uint64 hash =
		hash_bytes_extended((const unsigned char *) word, (int) length, words->config) | 1;
	uint64 slot = hash % REMEMBERED;
	SklToken *tokens;

	if (words->known[slot] != hash)
	{
		words->known[slot] = hash;
		words->stop[slot] =
			skl_search_analyse(&words->config, &words->engine.arena, word, length, &tokens) == 0;
		skl_engine_release(&words->engine);
	}
	return words->stop[slot];
}

static void
load_entries(SklSuggestBuilder *builder)
{
	static SklStmt stmt = SKL_STMT0("SELECT e.kind, e.words, e.spelling, e.weight, e.category, e.id"
									" FROM skillancer.suggest_entries() e");
	uint64 n;

	skl_spi_connect();
	n = skl_spi_exec(&stmt, NULL, NULL);
	for (uint64 i = 0; i < n; i++)
	{
		bool isnull[4];
		int kind = DatumGetInt32(skl_spi_value(i, 1, &isnull[0]));
		char *words = skl_spi_text(i, 2);
		char *spelling = skl_spi_text(i, 3);
		double weight = DatumGetFloat8(skl_spi_value(i, 4, &isnull[1]));
		int category = DatumGetInt32(skl_spi_value(i, 5, &isnull[2]));
		Datum id = skl_spi_value(i, 6, &isnull[3]);

		skl_suggest_add(builder, (SklSuggestKind) kind, words, strlen(words), spelling, weight,
						(uint16_t) category, isnull[3] ? NULL : DatumGetUUIDP(id)->data);
		pfree(words);
	}
	skl_spi_finish();
}

/* Reads one piece of titles before an id, which it moves; returns how many. */
static uint64
load_piece(SklSuggestBuilder *builder, StopWords *stop, int kind, pg_uuid_t *before)
{
	static SklStmt stmt = SKL_STMT("SELECT t.id, t.words, t.category, t.language"
								   " FROM skillancer.suggest_titles($1, $2, $3) t",
								   INT4OID, UUIDOID, INT4OID);
	Datum args[3] = {Int32GetDatum(kind), UUIDPGetDatum(before), Int32GetDatum(PIECE)};
	uint64 n;

	CHECK_FOR_INTERRUPTS();
	skl_spi_connect();
	n = skl_spi_exec(&stmt, args, NULL);
	for (uint64 i = 0; i < n; i++)
	{
		bool isnull;
		char *words = skl_spi_text(i, 2);
		int category = DatumGetInt32(skl_spi_value(i, 3, &isnull));
		char *language = skl_spi_text(i, 4);

		stop->config = skl_search_config(language, DEFAULT_CONFIG);
		skl_suggest_title(builder, words, strlen(words), (uint16_t) category);
		*before = *DatumGetUUIDP(skl_spi_value(i, 1, &isnull));
		pfree(words);
	}
	skl_spi_finish();
	return n;
}

static void
load_titles(SklSuggestBuilder *builder, StopWords *stop, int64 max_titles)
{
	for (int kind = 0; kind < TITLE_KINDS; kind++)
	{
		pg_uuid_t before;
		int64 left = max_titles;
		uint64 n;

		memset(&before, 0xFF, sizeof(before));
		do
		{
			n = load_piece(builder, stop, kind, &before);
			left -= (int64) n;
		} while (n == PIECE && left > 0);
	}
}

/* Appends the phrases that stand for the same: group, phrase, NUL. */
static void
load_synonyms(StringInfo out)
{
	static SklStmt stmt =
		SKL_STMT0("SELECT dense_rank() OVER (ORDER BY s.group_key)::integer, s.phrase"
				  " FROM skillancer.suggest_synonyms() s ORDER BY s.group_key, s.phrase");
	MemoryContext context = CurrentMemoryContext;
	uint64 n;

	skl_spi_connect();
	n = skl_spi_exec(&stmt, NULL, NULL);
	for (uint64 i = 0; i < n; i++)
	{
		bool isnull;
		uint32 group = (uint32) DatumGetInt32(skl_spi_value(i, 1, &isnull));
		char *phrase = skl_spi_text(i, 2);
		MemoryContext before = MemoryContextSwitchTo(context);

		appendBinaryStringInfo(out, (char *) &group, sizeof(group));
		appendBinaryStringInfo(out, phrase, (int) strlen(phrase) + 1);
		MemoryContextSwitchTo(before);
	}
	skl_spi_finish();
}

uint64
skl_suggest_stamp(void)
{
	static SklStmt stmt = SKL_STMT0("SELECT skillancer.suggest_stamp()");
	char *stamp;
	uint64 hash;

	skl_spi_connect();
	skl_spi_exec(&stmt, NULL, NULL);
	stamp = skl_spi_text(0, 1);
	hash = stamp == NULL ? 0 : hash_bytes_extended((unsigned char *) stamp, (int) strlen(stamp), 0);
	skl_spi_finish();
	return hash;
}

/* Puts a snapshot and phrases behind a head. */
static SklSuggestBlock *
join_block(const void *snapshot, size_t snapshot_size, const StringInfoData *phrases)
{
	Size start = MAXALIGN(sizeof(SklSuggestBlock));
	Size size = start + MAXALIGN(snapshot_size) + (Size) phrases->len;
	SklSuggestBlock *block = MemoryContextAllocHuge(CurrentMemoryContext, size);

	memset(block, 0, sizeof(*block));
	block->size = size;
	block->snapshot = start;
	block->snapshot_size = snapshot_size;
	block->synonyms = start + MAXALIGN(snapshot_size);
	block->synonyms_size = (Size) phrases->len;
	block->synonyms_hash =
		hash_bytes_extended((const unsigned char *) phrases->data, phrases->len, 0);
	memcpy((char *) block + block->snapshot, snapshot, snapshot_size);
	memcpy((char *) block + block->synonyms, phrases->data, (Size) phrases->len);
	return block;
}

void
skl_suggest_load(int64 max_titles, SklSuggestBuilt *built)
{
	TimestampTz began = GetCurrentTimestamp();
	StopWords *stop = palloc0(sizeof(StopWords));
	SklSuggestBuilder *builder;
	StringInfoData phrases;
	SklEngine engine;
	void *snapshot;
	size_t size;

	built->stamp = skl_suggest_stamp();
	skl_index_engine(&engine);
	skl_index_engine(&stop->engine);
	stop->config = skl_search_config(NULL, DEFAULT_CONFIG);
	builder = skl_suggest_builder(&engine.arena, is_stop_word, stop);
	load_entries(builder);
	load_titles(builder, stop, max_titles);
	snapshot = skl_suggest_build(builder, MIN_DOCUMENTS, &size);
	initStringInfo(&phrases);
	load_synonyms(&phrases);
	built->block = join_block(snapshot, size, &phrases);
	skl_engine_release(&engine);
	built->milliseconds = TimestampDifferenceMilliseconds(began, GetCurrentTimestamp());
}

const void *
skl_suggest_block_snapshot(const SklSuggestBlock *block)
{
	return (const char *) block + block->snapshot;
}

/* Analyses a phrase; false when it has no lexemes or too many. */
static bool
analyse_phrase(SklArena *arena, Oid config, const char *phrase, SklLexemes *lexemes)
{
	SklToken *tokens;
	size_t n = skl_search_analyse(&config, arena, phrase, strlen(phrase), &tokens);

	memset(lexemes, 0, sizeof(*lexemes));
	if (n == 0 || n > SKL_SYNONYM_MAX_WORDS)
		return false;
	for (size_t i = 0; i < n; i++)
	{
		lexemes->lexeme[i] = tokens[i].lexeme;
		lexemes->length[i] = tokens[i].length;
		lexemes->offset[i] = tokens[i].position - tokens[0].position;
	}
	lexemes->count = (int) n;
	return true;
}

/* Makes the table of a configuration, in its context. */
static void
fill_synonyms(Synonyms *entry, const SklSuggestBlock *block)
{
	const char *at = (const char *) block + block->synonyms;
	const char *end = at + block->synonyms_size;
	MemoryContext before = MemoryContextSwitchTo(entry->context);
	SklSynonymBuilder *builder;
	SklEngine engine;
	void *table;
	size_t size;

	skl_index_engine(&engine);
	builder = skl_synonym_builder(&engine.arena);
	while (at < end)
	{
		SklLexemes lexemes;
		uint32 group;

		memcpy(&group, at, sizeof(group));
		at += sizeof(group);
		if (analyse_phrase(&engine.arena, entry->config, at, &lexemes))
			skl_synonym_add(builder, group, &lexemes);
		at += strlen(at) + 1;
	}
	table = skl_synonym_build(builder, &size);
	entry->table = memcpy(palloc(size), table, size);
	entry->hash = block->synonyms_hash;
	skl_engine_release(&engine);
	MemoryContextSwitchTo(before);
}

const void *
skl_suggest_block_synonyms(const SklSuggestBlock *block, Oid config)
{
	Synonyms *entry;
	bool found;

	if (block->synonyms_size == 0)
		return NULL;
	if (synonyms == NULL)
	{
		HASHCTL control = {.keysize = sizeof(Oid), .entrysize = sizeof(Synonyms)};

		synonyms = hash_create("skillancer synonyms", 8, &control, HASH_ELEM | HASH_BLOBS);
	}
	entry = hash_search(synonyms, &config, HASH_ENTER, &found);
	if (!found)
	{
		entry->hash = 0;
		entry->table = NULL;
		entry->context = NULL;
	}
	if (entry->table != NULL && entry->hash == block->synonyms_hash)
		return entry->table;
	if (entry->context == NULL)
		entry->context =
			AllocSetContextCreate(TopMemoryContext, "skillancer synonyms", ALLOCSET_DEFAULT_SIZES);
	entry->table = NULL;
	MemoryContextReset(entry->context);
	fill_synonyms(entry, block);
	return entry->table;
}
