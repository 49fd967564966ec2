/*
 * search/analyse.c
 *		Texts to terms by PostgreSQL's parser and dictionaries, and rows to documents of the engine.
 *
 * The parser of the configuration cuts a text into tokens; each goes through the dictionaries of
 * its type until one knows it. Positions count as to_tsvector() counts them: every token that a
 * dictionary knows takes one, stop words included. parsetext() does the same, but does not say
 * where in the text a word was, which snippets need. Dictionaries that want several tokens at once
 * (thesaurus) get one. The default parser takes longer than all that follows, and most of a text is
 * words of letters between spaces, which it makes one token each: those are cut here.
 */
#include "skl.h"

#include "search/analyse.h"
#include "search/lexeme_cache.h"

#include "catalog/namespace.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/fmgroids.h"
#include "utils/regproc.h"

#include <math.h>

/* Longest text of one token that goes to the dictionaries. */
#define TOKEN_MAX 2047

/* Type that the default parser gives a word of letters of ASCII. */
#define ASCII_WORD 1

static const struct
{
	const char *language;
	const char *config;
} language_configs[] = {
	{"ar", "arabic"},  {"da", "danish"},	 {"de", "german"},	   {"el", "greek"},
	{"en", "english"}, {"es", "spanish"},	 {"fi", "finnish"},	   {"fr", "french"},
	{"ga", "irish"},   {"hu", "hungarian"},	 {"hy", "armenian"},   {"id", "indonesian"},
	{"it", "italian"}, {"lt", "lithuanian"}, {"nb", "norwegian"},  {"ne", "nepali"},
	{"nl", "dutch"},   {"no", "norwegian"},	 {"pt", "portuguese"}, {"ro", "romanian"},
	{"ru", "russian"}, {"sr", "serbian"},	 {"sv", "swedish"},	   {"ta", "tamil"},
	{"tr", "turkish"}, {"yi", "yiddish"},	 {"ca", "catalan"},	   {"eu", "basque"},
	{"hi", "hindi"},
};

Oid
skl_search_config(const char *language, const char *index_config)
{
	for (size_t i = 0; language != NULL && i < lengthof(language_configs); i++)
	{
		Oid oid;

		if (strcmp(language_configs[i].language, language) != 0)
			continue;
		oid = get_ts_config_oid(
			list_make2(makeString("pg_catalog"),
					   makeString(unconstify(char *, language_configs[i].config))),
			true);
		if (OidIsValid(oid))
			return oid;
	}
	return get_ts_config_oid(stringToQualifiedNameList(index_config), false);
}

/* A growing list of tokens. */
typedef struct TokenList
{
	SklArena *arena;
	SklToken *tokens;
	size_t n;
	size_t room;
} TokenList;

static void
add_token(TokenList *list, const char *lexeme, uint32 position, uint32 start, uint32 end)
{
	size_t length = strlen(lexeme);
	SklToken *token;

	if (length == 0 || length > SKL_SEARCH_WORD_MAX)
		return;
	if (list->n == list->room)
	{
		size_t room = list->room == 0 ? 64 : list->room * 2;

		list->tokens = skl_arena_grow(list->arena, list->tokens, list->room * sizeof(SklToken),
									  room * sizeof(SklToken));
		list->room = room;
	}
	token = &list->tokens[list->n++];
	token->lexeme = skl_arena_copy(list->arena, lexeme, length);
	token->length = (uint32) length;
	token->position = position;
	token->start = start;
	token->end = end;
}

/* Adds the lexemes of one token of the parser; variants that follow each other move on. */
static void
add_lexemes(TokenList *list, const TSLexeme *found, uint32 *position, uint32 start, uint32 end)
{
	(*position)++;
	for (const TSLexeme *lexeme = found; lexeme->lexeme != NULL; lexeme++)
	{
		if (lexeme->flags & TSL_ADDPOS)
			(*position)++;
		add_token(list, lexeme->lexeme, *position, start, end);
	}
}

/* A text on its way through a configuration. */
typedef struct Analysis
{
	TSConfigCacheEntry *config;
	TSParserCacheEntry *parser;
	const char *text;
	TokenList list;
	uint32 position;
} Analysis;

/* One token of the parser. */
static void
take_token(Analysis *analysis, int type, char *token, int length)
{
	const TSLexeme *found;

	if (length > TOKEN_MAX)
		return;
	found = skl_lexemes(analysis->config, type, token, length);
	if (found != NULL)
		add_lexemes(&analysis->list, found, &analysis->position, (uint32) (token - analysis->text),
					(uint32) (token - analysis->text + length));
}

/* Has the parser cut a piece of the text. */
static void
parse(Analysis *analysis, const char *bytes, size_t length)
{
	TSParserCacheEntry *parser = analysis->parser;
	void *state = DatumGetPointer(
		FunctionCall2(&parser->prsstart, PointerGetDatum(bytes), Int32GetDatum((int32) length)));

	for (;;)
	{
		char *token = NULL;
		int token_length = 0;
		int type =
			DatumGetInt32(FunctionCall3(&parser->prstoken, PointerGetDatum(state),
										PointerGetDatum(&token), PointerGetDatum(&token_length)));

		CHECK_FOR_INTERRUPTS();
		if (type <= 0)
			break;
		take_token(analysis, type, token, token_length);
	}
	FunctionCall1(&parser->prsend, PointerGetDatum(state));
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* What lies between two spaces. */
typedef struct Run
{
	const char *start;
	const char *word; /* the letters of a plain one */
	const char *word_end;
	const char *end;
	bool plain;
} Run;

/*
 * The next run. It is plain when the default parser is sure to make one token of it, the word: only
 * letters of ASCII, perhaps one sign before and behind that no token goes on with at a space.
 */
static Run
next_run(const char *at, const char *end)
{
	Run run = {.start = at};

	if (at < end && *at == '(')
		at++;
	run.word = at;
	while (at < end && (unsigned char) ((*at | 0x20) - 'a') < 26)
		at++;
	run.word_end = at;
	if (at < end && strchr(".,:;!?)", *at) != NULL && *at != '\0')
		at++;
	run.plain = run.word_end > run.word && (at == end || is_space(*at));
	while (at < end && !is_space(*at))
		at++;
	run.end = at;
	return run;
}

/*
 * Takes plain words out and has the parser cut the rest, each piece with the space on both sides:
 * no token has a space in it, unless it is a tag, and what a sign means may depend on whether a
 * space was before it.
 */
static void
parse_runs(Analysis *analysis, size_t length)
{
	const char *end = analysis->text + length;
	const char *at = analysis->text;
	const char *piece = NULL; /* where what is left to the parser begins */

	for (;;)
	{
		Run run;

		while (at < end && is_space(*at))
			at++;
		run = next_run(at, end);
		if (piece != NULL && (run.plain || at == end))
		{
			parse(analysis, piece, (size_t) (at - piece));
			piece = NULL;
		}
		if (at == end)
			return;
		if (run.plain)
			take_token(analysis, ASCII_WORD, unconstify(char *, run.word),
					   (int) (run.word_end - run.word));
		else if (piece == NULL)
			piece = run.start > analysis->text ? run.start - 1 : run.start;
		at = run.end;
	}
}

size_t
skl_search_analyse(void *context, SklArena *arena, const char *bytes, size_t length,
				   SklToken **tokens)
{
	TSConfigCacheEntry *config = lookup_ts_config_cache(*(const Oid *) context);
	Analysis analysis = {.config = config,
						 .parser = lookup_ts_parser_cache(config->prsId),
						 .text = bytes,
						 .list = {.arena = arena}};

	if (analysis.parser->startOid == F_PRSD_START && memchr(bytes, '<', length) == NULL)
		parse_runs(&analysis, length);
	else
		parse(&analysis, bytes, length);
	*tokens = analysis.list.tokens;
	return analysis.list.n;
}

/* A token with the field it is in, and what it is sorted by. */
typedef struct FieldToken
{
	uint64 prefix; /* first eight bytes of the lexeme, the first one highest */
	uint64 place;  /* field, then position */
	const SklToken *token;
	SklField field;
} FieldToken;

static FieldToken
field_token(const SklToken *token, SklField field)
{
	char bytes[8] = {0};
	uint64 prefix;

	memcpy(bytes, token->lexeme, Min(token->length, sizeof(bytes)));
	memcpy(&prefix, bytes, sizeof(prefix));
	return (FieldToken){pg_ntoh64(prefix), (uint64) field << 32 | token->position, token, field};
}

/* Order of two lexemes with the same prefix. They have no NUL, so shorter ones differ in it. */
static int
compare_rest(const SklToken *a, const SklToken *b)
{
	int order;

	if (a->length <= sizeof(uint64) || b->length <= sizeof(uint64))
		return (a->length > b->length) - (a->length < b->length);
	order = memcmp(a->lexeme + sizeof(uint64), b->lexeme + sizeof(uint64),
				   Min(a->length, b->length) - sizeof(uint64));
	return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/* By word, then by place. */
static inline int
compare_tokens(const FieldToken *x, const FieldToken *y)
{
	int order;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	order = compare_rest(x->token, y->token);
	return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

#define ST_SORT sort_tokens
#define ST_ELEMENT_TYPE FieldToken
#define ST_COMPARE(a, b) compare_tokens(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

static bool
same_word(const FieldToken *a, const FieldToken *b)
{
	return a->prefix == b->prefix && compare_rest(a->token, b->token) == 0;
}

/* Analyses the three fields; sorted by word and place. */
static FieldToken *
field_tokens(SklArena *arena, Oid config, const char *const texts[SKL_FIELDS], size_t *n)
{
	SklToken *tokens[SKL_FIELDS];
	size_t counts[SKL_FIELDS];
	FieldToken *all;

	*n = 0;
	for (int field = 0; field < SKL_FIELDS; field++)
	{
		counts[field] =
			skl_search_analyse(&config, arena, texts[field], strlen(texts[field]), &tokens[field]);
		*n += counts[field];
	}
	all = skl_arena_alloc(arena, sizeof(FieldToken) * Max(*n, 1));
	*n = 0;
	for (int field = 0; field < SKL_FIELDS; field++)
		for (size_t i = 0; i < counts[field]; i++)
			all[(*n)++] = field_token(&tokens[field][i], (SklField) field);
	sort_tokens(all, *n);
	return all;
}

/* Gathers the occurrences of each word. Positions count from 0; one counts once. */
static void
document_words(SklArena *arena, const FieldToken *all, size_t n, SklDocument *document)
{
	SklDocWord *words = skl_arena_zero(arena, Max(n, 1), sizeof(SklDocWord));
	uint32_t *positions = skl_arena_alloc(arena, sizeof(uint32_t) * Max(n, 1));
	uint32_t count = 0;

	for (size_t i = 0; i < n; i++)
	{
		uint32_t position = all[i].token->position - 1;
		bool again = i > 0 && same_word(&all[i - 1], &all[i]);
		SklDocWord *word;

		if (!again)
		{
			words[count].word =
				(SklBytes){(const uint8_t *) all[i].token->lexeme, all[i].token->length};
			words[count++].positions = &positions[i];
		}
		word = &words[count - 1];
		if (position > SKL_POSITION_MAX || word->tf[all[i].field] >= SKL_TF_MAX ||
			(again && all[i - 1].field == all[i].field &&
			 all[i - 1].token->position == all[i].token->position))
			continue;
		((uint32_t *) word->positions)[word->tf[0] + word->tf[1] + word->tf[2]] = position;
		word->tf[all[i].field]++;
	}
	document->words = words;
	document->n_words = count;
}

static int
compare_bytes(const void *a, const void *b)
{
	const SklBytes *x = a;
	const SklBytes *y = b;
	int order = memcmp(x->data, y->data, Min(x->length, y->length));

	return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

/* Every label is a filter term, each once. */
static void
document_filters(SklArena *arena, const SklSourceRow *row, SklDocument *document)
{
	SklBytes *filters = skl_arena_alloc(arena, sizeof(SklBytes) * (size_t) Max(row->n_labels, 1));
	uint32_t n = 0;

	for (int i = 0; i < row->n_labels; i++)
		if (row->labels[i].length <= SKL_SEARCH_WORD_MAX)
			filters[n++] = row->labels[i];
	qsort(filters, n, sizeof(SklBytes), compare_bytes);
	for (uint32_t i = 0; i < n; i++)
		if (document->n_filters == 0 ||
			compare_bytes(&filters[document->n_filters - 1], &filters[i]) != 0)
			filters[document->n_filters++] = filters[i];
	document->filters = filters;
}

/* The values of one column of labels: the filters name=value, without the name. */
static void
label_values(SklArena *arena, const SklColumnDef *column, const SklDocument *document,
			 SklDocValue *value)
{
	SklBytes *labels = skl_arena_alloc(arena, sizeof(SklBytes) * Max(document->n_filters, 1));
	uint32_t length = (uint32_t) strlen(column->name);

	for (uint32_t i = 0; i < document->n_filters; i++)
	{
		const SklBytes *filter = &document->filters[i];

		if (filter->length > length + 1 && filter->data[length] == '=' &&
			memcmp(filter->data, column->name, length) == 0 &&
			(column->kind == SKL_COLUMN_LABELS || value->n_labels == 0))
			labels[value->n_labels++] =
				(SklBytes){filter->data + length + 1, filter->length - length - 1};
	}
	value->labels = labels;
}

static void
document_values(SklArena *arena, const SklSearchKind *kind, const SklSourceRow *row,
				SklDocument *document)
{
	SklDocValue *values = skl_arena_zero(arena, kind->n_columns, sizeof(SklDocValue));

	for (uint32_t i = 0; i < kind->n_columns; i++)
	{
		int number = (int) i - (int) kind->n_labels;

		if (kind->columns[i].kind != SKL_COLUMN_NUMBER)
			label_values(arena, &kind->columns[i], document, &values[i]);
		else if (number < row->n_numbers && row->has_number[number])
			values[i] = (SklDocValue){.present = true, .number = row->numbers[number]};
	}
	document->values = values;
}

uint8_t
skl_search_prior(const SklSearchConfig *config, const SklSourceRow *row)
{
	double quality = Min(Max(row->quality, 0.0), 1.0);

	if (config->half_life > 0)
	{
		double age = Max((double) (config->now - row->at) / USECS_PER_SEC, 0);

		quality = (quality + exp2(-age / config->half_life)) / 2;
	}
	return (uint8_t) rint(quality * 255);
}

/* Goes on with a fingerprint: the bytes, and where they end. */
static uint64
fingerprint_bytes(uint64 before, const void *bytes, size_t length)
{
	return hash_bytes_extended(bytes, (int) length, before ^ (uint64) length << 1);
}

int64
skl_search_fingerprint(const SklSearchConfig *config, const SklSourceRow *row)
{
	Oid oid = skl_search_config(row->language, config->config);
	uint64 hash = fingerprint_bytes((uint64) row->class, &oid, sizeof(oid));
	uint64 labels = 0;

	for (int field = 0; field < SKL_FIELDS; field++)
		hash = fingerprint_bytes(hash, row->text[field], strlen(row->text[field]));
	/* labels come in any order */
	for (int i = 0; i < row->n_labels; i++)
		labels += fingerprint_bytes(0, row->labels[i].data, row->labels[i].length);
	return (int64) fingerprint_bytes(hash, &labels, sizeof(labels));
}

void
skl_search_document(SklArena *arena, const SklSearchConfig *config, const SklSourceRow *row,
					SklDocument *document)
{
	Oid oid = skl_search_config(row->language, config->config);
	size_t n;
	FieldToken *tokens = field_tokens(arena, oid, row->text, &n);

	memset(document, 0, sizeof(*document));
	memcpy(document->id, &row->id, sizeof(document->id));
	document->visibility = (uint8_t) row->class;
	document->prior = skl_search_prior(config, row);
	document->version = skl_search_fingerprint(config, row);
	document_words(arena, tokens, n, document);
	document_filters(arena, row, document);
	document_values(arena, config->kind, row, document);
}
