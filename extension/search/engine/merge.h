/*
 * search/engine/merge.h
 *		Makes one segment of several, without their dead documents.
 *
 * The result is, byte for byte, what a builder writes that was given the living documents of the
 * first segment in the order of their numbers, then those of the second, and so on.
 */
#ifndef SKL_SEARCH_MERGE_H
#define SKL_SEARCH_MERGE_H

#include "search/engine/exec.h"
#include "search/engine/segment_write.h"

typedef struct SklMergeInput
{
	SklSegment *segment;
	const uint64_t *dead; /* one bit a document, or NULL */
	uint32_t n_overlays;  /* numbers and priors in the place of the segment's: exec.h */
	const SklOverlay *overlays;
	const uint8_t *prior; /* or NULL */
} SklMergeInput;

/*
 * All segments have the same schema (else BAD_INPUT). new_docno, when not NULL, gets for each input
 * the new number of each of its documents, UINT32_MAX for the dead; made of the engine's memory.
 */
extern SklStatus skl_merge(SklEngine *engine, const SklMergeInput *inputs, uint32_t n_inputs,
						   const SklSegmentSink *sink, SklSegmentSummary *summary,
						   uint32_t ***new_docno);

#endif
