/*
 * search/index.h
 *		What writing and querying an index have in common.
 */
#ifndef SKL_SEARCH_INDEX_H
#define SKL_SEARCH_INDEX_H

#include "search/analyse.h"
#include "search/engine/segment_write.h"
#include "search/store.h"

/* A row of search_index. */
typedef struct SklSearchIndex
{
	const SklSearchKind *kind;
	int32 generation;
	int32 building; /* 0: none */
	float k1;
	float b;
	SklSchema schema;
	SklSearchConfig config;
} SklSearchIndex;

/* Reads the row, with what snapshot sees or (NULL) what the transaction sees now. */
extern void skl_index_read(int16 index_id, Snapshot snapshot, SklSearchIndex *index);

/* Locks the row until the end of the transaction, and reads it: who changes an index does this. */
extern void skl_index_lock(int16 index_id, SklSearchIndex *index);

/* Starts an engine whose memory is the current context's. */
extern void skl_index_engine(SklEngine *engine);

/* Raises what an engine's function has failed with. */
extern void skl_index_check(const SklEngine *engine, SklStatus status);

/* Opens a segment of the manifest. */
extern SklSegment *skl_index_open(SklEngine *engine, const SklManifestRow *row, Snapshot snapshot);

/* One builder a class (0, 1), made as needed in engines of their own. */
typedef struct SklIndexBuilders
{
	SklEngine engines[2];
	SklSegmentBuilder *builders[2]; /* NULL: no document of the class */
} SklIndexBuilders;

/* Who may know a document already: take() says that only its numbers are to be noted, and does. */
typedef struct SklIndexKnown
{
	bool (*take)(void *context, const SklSourceRow *row, int64 version);
	void *context;
} SklIndexKnown;

/*
 * Reads documents by their ids, as snapshot or (NULL) the transaction sees them now, and adds them
 * to builders; those that are not to be found are left out, and those that known (or NULL) takes.
 * Returns how many there are.
 */
extern int64 skl_index_add(const SklSearchIndex *index, Datum ids, Snapshot snapshot,
						   const SklIndexKnown *known, SklIndexBuilders *builders);

#endif
