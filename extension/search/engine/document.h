/*
 * search/engine/document.h
 *		What a document is for the index, and what the documents of an index have in common.
 *
 * Whoever fills this has analysed the text: words are stems, stop words are gone, positions count
 * words from 0 within each field. The index does not keep the text.
 */
#ifndef SKL_SEARCH_DOCUMENT_H
#define SKL_SEARCH_DOCUMENT_H

#include "search/engine/engine.h"

#define SKL_ENTITY_ID_BYTES 16
#define SKL_SEARCH_WORD_MAX 255 /* bytes of a word or of a filter term */
#define SKL_LABEL_MAX 255		/* bytes of a label */
#define SKL_COLUMN_NAME_MAX 31	/* characters of a column's name */
#define SKL_COLUMNS_MAX 64
#define SKL_SEGMENT_DOCS_MAX (1u << 24)
#define SKL_POSITION_MAX ((1u << 24) - 1)
#define SKL_TF_MAX 4095 /* of one word in one field; what comes after it is not counted */

typedef enum SklField
{
	SKL_FIELD_TITLE,
	SKL_FIELD_SKILLS,
	SKL_FIELD_BODY,
	SKL_FIELDS
} SklField;

#define SKL_FIELD_MASK(field) (1u << (field))
#define SKL_ALL_FIELDS ((1u << SKL_FIELDS) - 1)

typedef enum SklTermKind
{
	SKL_TERM_FILTER = 1, /* "category=12" */
	SKL_TERM_WORD = 2
} SklTermKind;

typedef enum SklColumnKind
{
	SKL_COLUMN_NUMBER, /* int64 or nothing: prices in minor units, times, days, ratings, degrees ×
						  10^7 */
	SKL_COLUMN_LABEL,  /* one text or none: category, country */
	SKL_COLUMN_LABELS  /* any number of texts: skills */
} SklColumnKind;

typedef struct SklColumnDef
{
	char name[SKL_COLUMN_NAME_MAX + 1];
	SklColumnKind kind;
} SklColumnDef;

/* What all documents of an index share; part of every segment. */
typedef struct SklSchema
{
	uint8_t weights[SKL_FIELDS]; /* of an occurrence in title, skills, body: 2, 2, 1; at least 1 */
	uint32_t n_columns;
	const SklColumnDef *columns;
} SklSchema;

/* One word of a document, wherever it occurs in it. */
typedef struct SklDocWord
{
	SklBytes word;
	uint32_t tf[SKL_FIELDS];   /* how often in each field; not zero in all of them */
	const uint32_t *positions; /* those in the title, in skills, in the body: ascending in each */
} SklDocWord;

/* A document's value of one column. */
typedef struct SklDocValue
{
	bool present;			/* NUMBER: there is one */
	int64_t number;			/* NUMBER */
	uint32_t n_labels;		/* LABEL: 0 or 1; LABELS: any number, distinct */
	const SklBytes *labels; /* LABEL, LABELS; not empty */
} SklDocValue;

typedef struct SklDocument
{
	uint8_t id[SKL_ENTITY_ID_BYTES]; /* of the entity; ties are broken by it, as by memcmp */
	uint8_t visibility;				 /* class: a query names the classes that it may see */
	uint8_t prior;					 /* score × (1 + prior / 510): 0 is × 1, 255 is × 1.5 */
	int64_t version;				 /* names what it says, not used by the engine */
	uint32_t n_words;
	const SklDocWord *words; /* distinct, in any order */
	uint32_t n_filters;
	const SklBytes *filters;   /* terms like "category=12", distinct, in any order */
	const SklDocValue *values; /* one for each column of the schema */
} SklDocument;

#endif
