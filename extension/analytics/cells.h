/*
 * analytics/cells.h
 *		Adding facts up: one cell for each metric, bucket of time, dimensions and subject.
 */
#ifndef SKL_ANALYTICS_CELLS_H
#define SKL_ANALYTICS_CELLS_H

#include "analytics/measure.h"

#include "utils/jsonb.h"

/* Times that a step keeps of a subject: the earliest ones. */
#define SKL_STEP_TIMES 3

typedef struct SklCellKey
{
	int32 metric;
	int32 bucket; /* of a histogram */
	TimestampTz at;
	int64 dims; /* number of the dimensions; 0: none */
	pg_uuid_t subject;
} SklCellKey;

typedef struct SklCell
{
	SklCellKey key;
	bool is_bucket; /* a bucket of a histogram, and not its sum */
	int64 num;
	int64 den;
	int ntimes;
	TimestampTz times[SKL_STEP_TIMES]; /* rising */
} SklCell;

typedef struct SklCells SklCells;

extern SklCells *skl_cells_make(SklMeasures *measures);

/* Counts a fact in every measure of the list. The sum of a cell that overflows is an error. */
extern void skl_cells_count(SklCells *cells, const SklMeasure *measures, const SklFact *fact);

/* Calls a function for each cell; dims is its JSON object. */
typedef void (*SklCellVisit)(const SklCell *cell, const Jsonb *dims, void *arg);
extern void skl_cells_visit(SklCells *cells, SklCellVisit visit, void *arg);

#endif
