/*
 * search/scope.h
 *		What a caller searches: the segments of an index that it may see, with what is dead in them.
 */
#ifndef SKL_SEARCH_SCOPE_H
#define SKL_SEARCH_SCOPE_H

#include "search/engine/exec.h"
#include "search/index.h"

typedef struct SklScope
{
	SklSearchIndex index;
	int n;
	SklSearchSegment *segments;
	uint64_t documents; /* living ones, of those the caller may see */
} SklScope;

/*
 * Opens what there is for the caller in the snapshot. fresh: changes that the indexer has not taken
 * yet are indexed here, for this query only.
 */
extern void skl_scope_open(SklEngine *engine, const SklSearchKind *kind, bool fresh,
						   Snapshot snapshot, SklScope *scope);

/* Opens one segment, as the transaction sees it now; without segments when it is not there. */
extern void skl_scope_open_one(SklEngine *engine, const SklSearchKind *kind, int64 seg_id,
							   SklScope *scope);

/* Where bits of filters are kept between queries of this process. */
extern const SklBitsetCache *skl_scope_bitsets(void);

#endif
