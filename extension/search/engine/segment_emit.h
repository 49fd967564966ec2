/*
 * search/engine/segment_emit.h
 *		Writes the sections of a segment in their order; what the builder and the merge have in
 *		common. All functions raise.
 */
#ifndef SKL_SEARCH_SEGMENT_EMIT_H
#define SKL_SEARCH_SEGMENT_EMIT_H

#include "search/engine/buffer.h"
#include "search/engine/segment_format.h"
#include "search/engine/segment_write.h"

/* The document table, as arrays by docno. */
typedef struct SklDocTable
{
	uint32_t n_docs;
	uint8_t *ids;
	uint16_t *lengths;
	uint8_t *classes;
	uint8_t *priors;
	int64_t *versions;
} SklDocTable;

typedef struct SklEmitter
{
	SklEngine *engine;
	const SklSegmentSink *sink;
	uint64_t at; /* bytes written */
	SklSegmentHeader header;
	const SklDocTable *docs;
	const SklPaletteEntry *palette;
	uint32_t *palette_wtf; /* weighted count of each entry */

	/* dictionary */
	SklBuffer dictionary;
	SklBuffer index;
	SklBuffer first_terms;
	uint8_t last_term[SKL_SEARCH_WORD_MAX + 1];
	uint32_t last_length;

	/* the term that is being written */
	uint32_t df;
	uint32_t pending; /* postings of the block that is not full */
	uint32_t before;  /* last docno of the block before, UINT32_MAX: none */
	uint32_t docs_block[SKL_BLOCK];
	uint32_t entries_block[SKL_BLOCK];
	bool has_positions;
	SklBuffer skips;
	SklBuffer blocks;
	SklBuffer position_starts;
	SklBuffer positions;
	SklBuffer pending_positions; /* u32s of the block that is not full, as stored */
	uint32_t widest_position;

	SklColumnHeader *columns;
} SklEmitter;

/* Begins a segment: the palette and the documents are known, with the header's statistics. */
extern void skl_emit_begin(SklEmitter *emitter, SklEngine *engine, const SklSegmentSink *sink,
						   const SklSchema *schema, const SklDocTable *docs,
						   const SklPaletteEntry *palette, uint32_t n_palette);

/* Terms come in order: kind, then bytes. */
extern void skl_emit_term_begin(SklEmitter *emitter, bool has_positions);

/*
 * One posting, in order of docno. positions: as many as the palette entry counts, ascending in each
 * field; not read for filter terms.
 */
extern void skl_emit_posting(SklEmitter *emitter, uint32_t docno, uint32_t entry,
							 const uint32_t *positions);

/* Ends the term; key: kind and bytes. A term without postings leaves nothing behind. */
extern void skl_emit_term_end(SklEmitter *emitter, const uint8_t *key, uint32_t length);

/* After the last term: dictionary, palette, document table. */
extern void skl_emit_documents(SklEmitter *emitter);

/* A column, in the order of the schema: its bytes and where its label texts begin. */
extern void skl_emit_column(SklEmitter *emitter, uint32_t column, const SklColumnDef *def,
							SklBytes bytes, uint64_t labels, uint32_t n_labels);

/* Header and trailer. */
extern void skl_emit_end(SklEmitter *emitter, SklSegmentSummary *summary);

#endif
