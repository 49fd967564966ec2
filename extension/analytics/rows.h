/*
 * analytics/rows.h
 *		Cells as rows of the rollups: which tables a cell is added to, sorted and added up by key.
 */
#ifndef SKL_ANALYTICS_ROWS_H
#define SKL_ANALYTICS_ROWS_H

#include "analytics/cells.h"

#include "utils/array.h"
#include "utils/date.h"

/* The tables, in the order in which they are written. */
typedef enum SklRollupTable
{
	SKL_ROLLUP_MEMBER_DAY,
	SKL_ROLLUP_MEMBER_MONTH,
	SKL_ROLLUP_HOUR,
	SKL_ROLLUP_DAY,
	SKL_ROLLUP_MONTH,
	SKL_ROLLUP_HISTOGRAM,
	SKL_ROLLUP_HISTOGRAM_MONTH,
	SKL_ROLLUP_STEP
} SklRollupTable;

/* What is added to one row of a table. */
typedef struct SklRollupRow
{
	SklRollupTable table;
	int32 bucket;
	text *metric;
	const Jsonb *dims;
	int64 at; /* of an hour a time, of the others a date */
	pg_uuid_t subject;
	int64 num;
	int64 den;
	int ntimes;
	TimestampTz times[SKL_STEP_TIMES]; /* rising */
} SklRollupRow;

typedef struct SklRollupRows
{
	SklRollupRow *rows;
	size_t n;
	size_t room;
} SklRollupRows;

/* The rows that an array of rollup_cell is added to, each once, sorted by table and key. */
extern SklRollupRows *skl_rollup_rows(ArrayType *cells);

/* Appends a row; skl_rollup_rows_order() sorts those from one on, and adds up those of one key. */
extern void skl_rollup_row_append(SklRollupRows *rows, const SklRollupRow *row);
extern void skl_rollup_rows_order(SklRollupRows *rows, size_t from);

/* Compares rows by table and key. */
extern int skl_rollup_row_compare(const void *a, const void *b);

/* Compares texts or documents byte by byte. */
extern int skl_varlena_compare(const void *a, const void *b);

/* Keeps a time if it is among the earliest; true if it is. */
extern bool skl_step_keep(TimestampTz *times, int *ntimes, TimestampTz at);

/* The day of a time, and the first day of its month, in UTC. */
extern DateADT skl_utc_day(TimestampTz at);
extern DateADT skl_utc_month(TimestampTz at);

/* Adds; a sum that overflows is an error. */
extern void skl_metric_add(int64 *sum, int64 value);

#endif
