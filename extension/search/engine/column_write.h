/*
 * search/engine/column_write.h
 *		Collects the values of a column and writes its section. All functions raise.
 */
#ifndef SKL_SEARCH_COLUMN_WRITE_H
#define SKL_SEARCH_COLUMN_WRITE_H

#include "search/engine/buffer.h"
#include "search/engine/column.h"
#include "search/engine/segment_format.h"

typedef struct SklLabelEntry
{
	uint8_t *text;
	uint32_t length;
	uint32_t hash;
	uint32_t ordinal; /* in order of the texts, once all are known */
} SklLabelEntry;

typedef struct SklColumnBuilder
{
	SklEngine *engine;
	SklColumnKind kind;
	uint32_t n_docs;
	SklBuffer numbers; /* int64 a document; LABEL: number of the entry */
	SklBuffer present; /* bool a document, unless LABELS */
	SklBuffer counts;  /* LABELS: u32 a document */
	SklBuffer labels;  /* LABELS: u32 each */
	SklBuffer entries; /* SklLabelEntry */
	uint32_t n_entries;
	uint32_t *table; /* hash table of entries, + 1 */
	uint32_t table_size;
} SklColumnBuilder;

extern void skl_column_begin(SklColumnBuilder *column, SklEngine *engine, SklColumnKind kind);

/* The next document's value. */
extern void skl_column_add(SklColumnBuilder *column, const SklDocValue *value);

/* The section: its bytes, where its label texts begin, how many labels there are. */
extern SklBytes skl_column_finish(SklColumnBuilder *column, const uint8_t *classes,
								  const uint64_t class_set[4], uint64_t *labels,
								  uint32_t *n_labels);

/* A table of pages and the pages of n numbers; present NULL: all. */
extern void skl_column_numbers(SklBuffer *bytes, const int64_t *numbers, const bool *present,
							   uint32_t n);

#endif
