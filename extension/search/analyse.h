/*
 * search/analyse.h
 *		Texts to terms by PostgreSQL's parser and dictionaries, and rows to documents of the engine.
 */
#ifndef SKL_SEARCH_ANALYSE_H
#define SKL_SEARCH_ANALYSE_H

#include "search/engine/document.h"
#include "search/engine/token.h"
#include "search/kinds.h"

/*
 * The text search configuration of a language (ISO 639; NULL or one without dictionaries: that of
 * the index, given by its name). Errors when the index names one that does not exist.
 */
extern Oid skl_search_config(const char *language, const char *index_config);

/* An SklAnalyse whose context points to the Oid of a configuration. */
extern size_t skl_search_analyse(void *context, SklArena *arena, const char *text, size_t length,
								 SklToken **tokens);

/* A row of a source function. */
typedef struct SklSourceRow
{
	pg_uuid_t id;
	int class;
	const char *language;		  /* or NULL */
	const char *text[SKL_FIELDS]; /* title, skills, body */
	double quality;				  /* 0 .. 1 */
	TimestampTz at;
	SklBytes *labels; /* name=value */
	int n_labels;
	int64 *numbers; /* of the columns of numbers, in order */
	bool *has_number;
	int n_numbers;
} SklSourceRow;

/* How an index makes documents. */
typedef struct SklSearchConfig
{
	const SklSearchKind *kind;
	const char *config;
	double half_life; /* seconds; 0: recency does not count */
	TimestampTz now;
} SklSearchConfig;

/*
 * A number for all of a row but its numbers and its prior: the version of its document. When it is
 * the same, only those have changed.
 */
extern int64 skl_search_fingerprint(const SklSearchConfig *config, const SklSourceRow *row);

/* Quality alone, or half of it and half the recency, as a byte: see docs/search.md. */
extern uint8_t skl_search_prior(const SklSearchConfig *config, const SklSourceRow *row);

/* Makes the document of a row; its memory is the arena's. */
extern void skl_search_document(SklArena *arena, const SklSearchConfig *config,
								const SklSourceRow *row, SklDocument *document);

#endif
