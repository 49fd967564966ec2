/*
 * search/engine/segment_read.h
 *		Reads a segment: statistics, dictionary, documents, columns. Postings are read by the
 *		functions of postings.h.
 *
 * Whatever the bytes are, reading ends with an answer or with SKL_ENGINE_CORRUPT.
 */
#ifndef SKL_SEARCH_SEGMENT_READ_H
#define SKL_SEARCH_SEGMENT_READ_H

#include "search/engine/document.h"

/*
 * Where a segment's bytes come from. read() answers with a pointer to the bytes [offset, offset +
 * length), which lies within total; the pointer need not be aligned and stays valid as long as the
 * SklSegment is used. A source whose bytes lie side by side in memory sets base, and is never
 * called.
 */
typedef struct SklSegmentSource
{
	const uint8_t *base; /* or NULL */
	const uint8_t *(*read)(void *context, uint64_t offset, size_t length);
	void *context;
	uint64_t total;
} SklSegmentSource;

typedef struct SklSegment SklSegment;

/* What the dictionary says about a term. */
typedef struct SklTermInfo
{
	uint32_t df;	   /* documents that have it, dead ones included */
	uint64_t offset;   /* of its postings */
	uint32_t length;   /* bytes of its postings, positions included */
	uint32_t pos_from; /* where in them the positions begin; filter terms have none */
} SklTermInfo;

/*
 * Opens a segment; checks the header and its checksum. The schema's columns live with the segment.
 */
extern SklStatus skl_segment_open(SklEngine *engine, const SklSegmentSource *source,
								  SklSegment **segment);

/* Reads every byte and compares every checksum. */
extern SklStatus skl_segment_verify(SklSegment *segment);

extern uint32_t skl_segment_docs(const SklSegment *segment);
extern uint32_t skl_segment_terms(const SklSegment *segment);
extern uint64_t skl_segment_sum_length(const SklSegment *segment);
extern const SklSchema *skl_segment_schema(const SklSegment *segment);

/* The document's entity id, version, and so on; BAD_INPUT when there is no such docno. */
extern SklStatus skl_segment_id(SklSegment *segment, uint32_t docno,
								uint8_t id[SKL_ENTITY_ID_BYTES]);
extern SklStatus skl_segment_version(SklSegment *segment, uint32_t docno, int64_t *version);

/* Weighted length (2 × title + 2 × skills + body, at most 65,535), as ranking uses it. */
extern SklStatus skl_segment_length(SklSegment *segment, uint32_t docno, uint32_t *length);

/*
 * Live documents and the sum of their lengths; dead: one bit a document (bit docno % 64 of word
 * docno / 64), or NULL.
 */
extern SklStatus skl_segment_live(SklSegment *segment, const uint64_t *dead, uint32_t *n_live,
								  uint64_t *sum_length);

/* Looks a term up; *found says whether it is there. */
extern SklStatus skl_segment_find(SklSegment *segment, SklTermKind kind, SklBytes term, bool *found,
								  SklTermInfo *info);

/*
 * Walks over the terms of one kind in the order of their bytes, from the first that is not less
 * than "from" (NULL data: from the first): open once, then next() until it says no. The term is
 * valid until the next call.
 */
typedef struct SklTermWalk
{
	SklSegment *segment;
	SklTermKind kind;
	uint32_t block; /* of the dictionary */
	const uint8_t *at;
	const uint8_t *end;
	uint64_t offset;
	uint32_t left;
	uint32_t length;
	uint8_t key[SKL_SEARCH_WORD_MAX + 1]; /* the kind, then the term */
	bool pending;						  /* key is a term */
	bool taken;							  /* next() has answered with it */
	SklTermInfo info;
} SklTermWalk;

extern SklStatus skl_term_walk(SklSegment *segment, SklTermKind kind, SklBytes from,
							   SklTermWalk *walk);
extern SklStatus skl_term_next(SklTermWalk *walk, bool *found, SklBytes *term, SklTermInfo *info);

#endif
