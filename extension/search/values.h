/*
 * search/values.h
 *		Numbers and priors of documents that changed after their segment was written.
 */
#ifndef SKL_SEARCH_VALUES_H
#define SKL_SEARCH_VALUES_H

#include "search/engine/exec.h"
#include "search/kinds.h"
#include "search/store.h"

/* Columns of numbers of a kind, at most. */
#define SKL_VALUES_MAX 6

/* What a document has now, as it is stored: the first n numbers of the kind. */
typedef struct SklValueEntry
{
	uint32 docno;
	uint8 prior;
	uint8 zero;
	uint16 present; /* bit i: number i is there */
	int64 numbers[SKL_VALUES_MAX];
} SklValueEntry;

/*
 * Pages and priors of a segment that take the place of its own, valid until the next call for this
 * segment; nothing when it has none. Kept by this process from call to call. engine is that which
 * the segment was opened with.
 */
extern void skl_values_open(SklEngine *engine, const SklSearchKind *kind, const SklManifestRow *row,
							SklSegment *segment, Snapshot snapshot, SklSearchSegment *to);

/*
 * Stores entries (each document once) of a segment under a version above those before; sorts them.
 * How many documents had none. The manifest is to be told: skl_values_note().
 */
extern int32 skl_values_write(int64 seg_id, int32 version, SklValueEntry *entries, int n);

/* Tells the manifest of a segment's version, and of documents that have entries now. */
extern void skl_values_note(int64 seg_id, int32 version, int32 added);

/* The entries of a segment that are newer than a version, as the transaction sees them now. */
extern SklValueEntry *skl_values_since(int64 seg_id, int32 version, int *n);

#endif
