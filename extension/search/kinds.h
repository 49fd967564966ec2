/*
 * search/kinds.h
 *		What can be searched for: the indexes, with their columns and orders.
 */
#ifndef SKL_SEARCH_KINDS_H
#define SKL_SEARCH_KINDS_H

#include "search/engine/document.h"

/* How the number of a column is said to people. */
typedef enum SklUnit
{
	SKL_UNIT_NONE,	/* as it is */
	SKL_UNIT_CENTS, /* hundredths: amounts in US dollars, stars */
	SKL_UNIT_SHARE, /* ten-thousandths */
	SKL_UNIT_TIME	/* seconds since 1970 */
} SklUnit;

/* An order that can be asked for beside relevance. */
typedef struct SklSearchSort
{
	const char *name;
	const char *column;
	bool descending;
} SklSearchSort;

#define SKL_SEARCH_COLUMNS 12
#define SKL_SEARCH_SORTS 8

typedef struct SklSearchKind
{
	int16_t index_id;
	const char *name;
	const char *source; /* function that makes documents: sql/search/source.sql */
	uint32_t n_labels;	/* columns of labels come first */
	uint32_t n_columns;
	SklColumnDef columns[SKL_SEARCH_COLUMNS];
	SklUnit units[SKL_SEARCH_COLUMNS];
	SklSearchSort sorts[SKL_SEARCH_SORTS]; /* ends with a NULL name */
} SklSearchKind;

#define SKL_SEARCH_KINDS 3
extern const SklSearchKind skl_search_kinds[SKL_SEARCH_KINDS];

/* The kind of a name or index; NULL when there is none. */
extern const SklSearchKind *skl_search_kind(const char *name);
extern const SklSearchKind *skl_search_kind_of(int16_t index_id);

/* The number of a column of this name, or -1. */
extern int skl_search_column(const SklSearchKind *kind, const char *name);

#endif
