/*
 * search/engine/segment_write.h
 *		Builds a segment: documents in, one string of bytes out. segment_format.h says what the
 *		bytes are.
 *
 * The documents get numbers (docno) in the order in which they are added, from 0. The same
 * documents in the same order always make the same bytes.
 */
#ifndef SKL_SEARCH_SEGMENT_WRITE_H
#define SKL_SEARCH_SEGMENT_WRITE_H

#include "search/engine/document.h"

/* Where the bytes of a segment go, in order. It may raise, or leave by a jump of its own. */
typedef struct SklSegmentSink
{
	void (*write)(void *context, const void *bytes, size_t length);
	void *context;
} SklSegmentSink;

typedef struct SklSegmentBuilder SklSegmentBuilder;

/* What a segment says about itself without being read; for the manifest. */
typedef struct SklSegmentSummary
{
	uint32_t n_docs;
	uint32_t n_terms;	 /* words and filter terms */
	uint64_t sum_length; /* weighted words of all documents */
	uint64_t n_postings;
	uint64_t total_bytes;
} SklSegmentSummary;

/* The schema is copied. Memory of the builder is the engine's: use one engine for one builder. */
extern SklStatus skl_builder_create(SklEngine *engine, const SklSchema *schema,
									SklSegmentBuilder **builder);

/* Copies what it needs. BAD_INPUT leaves the builder as it was: the document can be set aside. */
extern SklStatus skl_builder_add(SklSegmentBuilder *builder, const SklDocument *document);

/* How many documents have been added, and about how many bytes the builder holds. */
extern uint32_t skl_builder_docs(const SklSegmentBuilder *builder);
extern size_t skl_builder_memory(const SklSegmentBuilder *builder);

/* Writes the segment; the builder is used up. No documents: a segment without documents. */
extern SklStatus skl_builder_finish(SklSegmentBuilder *builder, const SklSegmentSink *sink,
									SklSegmentSummary *summary);

/* The same into memory of the builder's engine. */
extern SklStatus skl_builder_finish_bytes(SklSegmentBuilder *builder, SklBytes *bytes,
										  SklSegmentSummary *summary);

#endif
