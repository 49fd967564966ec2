/*
 * search/engine/segment_view.h
 *		The inside of an open segment, for the files of the engine. Functions raise where
 *		segment->faults says.
 */
#ifndef SKL_SEARCH_SEGMENT_VIEW_H
#define SKL_SEARCH_SEGMENT_VIEW_H

#include "search/engine/segment_format.h"
#include "search/engine/segment_read.h"

/* Stands for 1 / 0: a part of next to nothing, but a number whatever it is multiplied by. */
#define SKL_NO_COUNT 1e38f

/* What a palette entry counts for a word in some of the fields. */
typedef struct SklWeights
{
	uint32_t *wtf;	/* weighted occurrences of each entry */
	float *inverse; /* 1 / wtf; SKL_NO_COUNT when there are none */
	bool all_count; /* no entry has none */
} SklWeights;

struct SklSegment
{
	SklEngine *engine; /* whose memory it is made of */
	SklEngine *faults; /* which is to raise: that of the public function that runs */
	SklSegmentSource source;
	SklSegmentHeader header;
	SklColumnHeader *columns;
	SklSchema schema;
	uint32_t n_blocks;	  /* of the dictionary */
	const uint8_t *index; /* the sections below are read when they are first asked for */
	const uint8_t *lengths;
	const uint8_t *classes;
	const uint8_t *priors;
	SklPaletteEntry *palette; /* padded with zeros to a power of two, so that any number of
							   * entry_bits is an index */
	uint32_t palette_bits;
	SklWeights weights[SKL_ALL_FIELDS + 1]; /* by mask of fields */
};

/* The bytes from offset on; CORRUPT when the segment has no such bytes. */
extern const uint8_t *skl_segment_bytes(SklSegment *segment, uint64_t offset, uint64_t length);

extern void skl_segment_corrupt(const SklSegment *segment, const char *message)
	__attribute__((noreturn));

/* Runs a public function of a segment: its faults are those of the segment's own engine. */
extern SklStatus skl_segment_run(SklSegment *segment, void (*body)(void *argument), void *argument);

/* As skl_segment_live, raising. */
extern void skl_segment_count_live(SklSegment *segment, const uint64_t *dead, uint32_t *n_live,
								   uint64_t *sum_length);

/* Arrays by docno, not aligned. */
extern const uint8_t *skl_segment_lengths(SklSegment *segment);
extern const uint8_t *skl_segment_classes(SklSegment *segment);
extern const uint8_t *skl_segment_priors(SklSegment *segment);
extern const uint8_t *skl_segment_id_at(SklSegment *segment, uint32_t docno);

extern const SklPaletteEntry *skl_segment_palette(SklSegment *segment);
extern const SklWeights *skl_segment_weights(SklSegment *segment, uint32_t fields);

/* As skl_segment_find, raising. */
extern bool skl_segment_lookup(SklSegment *segment, SklTermKind kind, SklBytes term,
							   SklTermInfo *info);

/*
 * Moves a walk on to the next term of any kind, the first one when it is all zeros but its segment;
 * false: there is none. The term is in key (kind and bytes), length and info.
 */
extern bool skl_term_step(SklTermWalk *walk);

#endif
