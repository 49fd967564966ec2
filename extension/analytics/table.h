/*
 * analytics/table.h
 *		A rollup's table, open for writing: rows found by key, inserted, updated, deleted.
 */
#ifndef SKL_ANALYTICS_TABLE_H
#define SKL_ANALYTICS_TABLE_H

#include "executor/executor.h"

typedef struct SklTable SklTable;

/*
 * Opens a table of schema skillancer. Only one transaction at a time may write to it, which the
 * caller sees to (the analyst's position is locked): there is no waiting for others' rows. What is
 * written is not found again before the next command.
 */
extern SklTable *skl_table_open(const char *name);
extern void skl_table_close(SklTable *table);

/*
 * Looks for the row whose columns of the primary key have these values (by the column's number,
 * from 0). Returns the values of its columns, valid until the next call, or NULL.
 */
extern const Datum *skl_table_find(SklTable *table, const Datum *values);

/* Part of an index: its first columns have these values, the next one is between two. */
typedef struct SklTableRange
{
	const Datum *equal;
	int nequal;
	Datum from;
	Datum to;
} SklTableRange;

typedef void (*SklTableVisit)(const Datum *values, void *arg);

/* Visits the rows of a part of an index of the table, in its order: the values of their columns. */
extern void skl_table_visit(SklTable *table, const char *index, const SklTableRange *range,
							SklTableVisit visit, void *arg);

/* Inserts a row, or replaces or deletes the one that was found last. */
extern void skl_table_insert(SklTable *table, const Datum *values, int n);
extern void skl_table_replace(SklTable *table, const Datum *values, int n);
extern void skl_table_delete(SklTable *table);

/* Memory for the values of one row; emptied by skl_table_find(). */
extern MemoryContext skl_table_memory(SklTable *table);

#endif
