/*
 * search/engine/segment_emit.c
 *		Writes the sections of a segment. segment_format.h describes the bytes.
 */
#include "search/engine/segment_emit.h"

#include "search/engine/column_write.h"

#define NO_DOCNO UINT32_MAX

static void
emit(SklEmitter *emitter, const void *bytes, size_t length)
{
	if (length > 0)
		emitter->sink->write(emitter->sink->context, bytes, length);
	emitter->at += length;
}

/* A whole section in one piece. */
static void
emit_section(SklEmitter *emitter, SklSectionName name, const void *bytes, size_t length)
{
	SklSection *section = &emitter->header.sections[name];

	section->offset = emitter->at;
	section->length = length;
	section->crc = skl_crc32c(0, bytes, length);
	emit(emitter, bytes, length);
}

static void
emit_postings(SklEmitter *emitter, const SklBuffer *buffer)
{
	SklSection *section = &emitter->header.sections[SKL_SECTION_POSTINGS];

	section->crc = skl_crc32c(section->crc, buffer->data, buffer->length);
	section->length += buffer->length;
	emit(emitter, buffer->data, buffer->length);
}

/* Statistics of the documents for the header. */
static void
summarise_documents(SklEmitter *emitter)
{
	SklSegmentHeader *header = &emitter->header;
	const SklDocTable *docs = emitter->docs;

	header->n_docs = docs->n_docs;
	for (uint32_t i = 0; i < docs->n_docs; i++)
	{
		header->sum_length += docs->lengths[i];
		header->classes[docs->classes[i] / 64] |= UINT64_C(1) << docs->classes[i] % 64;
		if (docs->priors[i] > header->max_prior)
			header->max_prior = docs->priors[i];
	}
}

void
skl_emit_begin(SklEmitter *emitter, SklEngine *engine, const SklSegmentSink *sink,
			   const SklSchema *schema, const SklDocTable *docs, const SklPaletteEntry *palette,
			   uint32_t n_palette)
{
	SklBuffer *buffers[] = {&emitter->dictionary,  &emitter->index,
							&emitter->first_terms, &emitter->skips,
							&emitter->blocks,	   &emitter->position_starts,
							&emitter->positions,   &emitter->pending_positions};
	SklSegmentHead head = {SKL_SEGMENT_MAGIC, SKL_SEGMENT_BYTE_ORDER, 0};

	memset(emitter, 0, sizeof(*emitter));
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
		buffers[i]->engine = engine;
	emitter->engine = engine;
	emitter->sink = sink;
	emitter->docs = docs;
	emitter->palette = palette;
	emitter->palette_wtf = skl_engine_alloc(engine, sizeof(uint32_t) * ((size_t) n_palette + 1));
	for (uint32_t i = 0; i < n_palette; i++)
	{
		emitter->palette_wtf[i] = 0;
		for (int f = 0; f < SKL_FIELDS; f++)
			emitter->palette_wtf[i] += (uint32_t) palette[i].tf[f] * schema->weights[f];
	}
	emitter->header.format = 1;
	emitter->header.n_palette = n_palette;
	emitter->header.n_columns = schema->n_columns;
	memcpy(emitter->header.weights, schema->weights, sizeof(schema->weights));
	emitter->columns =
		skl_engine_zalloc(engine, sizeof(SklColumnHeader) * ((size_t) schema->n_columns + 1));
	summarise_documents(emitter);
	emit(emitter, &head, sizeof(head));
	emitter->header.sections[SKL_SECTION_POSTINGS].offset = emitter->at;
}

void
skl_emit_term_begin(SklEmitter *emitter, bool has_positions)
{
	emitter->df = 0;
	emitter->pending = 0;
	emitter->before = NO_DOCNO;
	emitter->has_positions = has_positions;
	emitter->skips.length = 0;
	emitter->blocks.length = 0;
	emitter->position_starts.length = 0;
	emitter->positions.length = 0;
	emitter->pending_positions.length = 0;
	emitter->widest_position = 0;
}

/* What the documents of the block can score at most: two pairs of count and length. */
static void
bound_block(const SklEmitter *emitter, uint32_t n, SklSkip *skip)
{
	uint32_t most = 0;
	uint32_t next = 0;
	uint16_t most_length = SKL_LENGTH_MAX;
	uint16_t next_length = SKL_LENGTH_MAX;

	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t wtf = emitter->palette_wtf[emitter->entries_block[i]];

		if (wtf > most)
			most = wtf;
	}
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t wtf = emitter->palette_wtf[emitter->entries_block[i]];
		uint16_t length = emitter->docs->lengths[emitter->docs_block[i]];

		if (wtf == most)
			most_length = length < most_length ? length : most_length;
		else
		{
			next = wtf > next ? wtf : next;
			next_length = length < next_length ? length : next_length;
		}
	}
	skip->most = (uint8_t) (most < SKL_TF_UNBOUNDED ? most : SKL_TF_UNBOUNDED);
	skip->next = (uint8_t) (next < SKL_TF_UNBOUNDED ? next : SKL_TF_UNBOUNDED);
	skip->most_length = most_length;
	skip->next_length = next_length;
}

/* The positions of the block, in the fewest bits that hold them all. */
static void
flush_positions(SklEmitter *emitter)
{
	size_t n = emitter->pending_positions.length / sizeof(uint32_t);
	unsigned width = skl_bits_width(emitter->widest_position);
	uint32_t start = (uint32_t) emitter->positions.length;
	uint8_t *at = skl_buffer_reserve(&emitter->positions, 1 + skl_bits_bytes(n, width));

	skl_buffer_add(&emitter->position_starts, &start, sizeof(start));
	*at = (uint8_t) width;
	skl_bits_pack32((const uint32_t *) (const void *) emitter->pending_positions.data, n, width,
					at + 1);
	emitter->positions.length += 1 + skl_bits_bytes(n, width);
	emitter->pending_positions.length = 0;
	emitter->widest_position = 0;
}

static void
flush_block(SklEmitter *emitter)
{
	uint32_t n = emitter->pending;
	uint32_t gaps[SKL_BLOCK];
	uint32_t before = emitter->before;
	uint32_t widest_gap = 0;
	uint32_t widest_entry = 0;
	SklSkip skip = {.last_docno = emitter->docs_block[n - 1],
					.offset = (uint32_t) emitter->blocks.length};
	uint8_t *at;

	for (uint32_t i = 0; i < n; i++)
	{
		gaps[i] = emitter->docs_block[i] - before - 1;
		before = emitter->docs_block[i];
		widest_gap |= gaps[i];
		widest_entry |= emitter->entries_block[i];
	}
	skip.doc_bits = (uint8_t) skl_bits_width(widest_gap);
	skip.entry_bits = (uint8_t) skl_bits_width(widest_entry);
	if (emitter->has_positions)
		bound_block(emitter, n, &skip);
	skl_buffer_add(&emitter->skips, &skip, sizeof(skip));
	at = skl_buffer_reserve(&emitter->blocks, 2 * sizeof(gaps));
	if (n == SKL_BLOCK)
	{
		skl_block_pack(gaps, skip.doc_bits, at);
		skl_block_pack(emitter->entries_block, skip.entry_bits, at + (size_t) 16 * skip.doc_bits);
	}
	else
	{
		skl_bits_pack32(gaps, n, skip.doc_bits, at);
		skl_bits_pack32(emitter->entries_block, n, skip.entry_bits,
						at + skl_bits_bytes(n, skip.doc_bits));
	}
	emitter->blocks.length += skl_bits_bytes(n, skip.doc_bits) + skl_bits_bytes(n, skip.entry_bits);
	if (emitter->has_positions)
		flush_positions(emitter);
	emitter->before = skip.last_docno;
	emitter->pending = 0;
}

/* Positions as they are stored: the first of a field, then distances less one. */
static void
add_positions(SklEmitter *emitter, uint32_t entry, const uint32_t *positions)
{
	const SklPaletteEntry *counts = &emitter->palette[entry];

	for (int f = 0; f < SKL_FIELDS; f++)
	{
		uint32_t *stored = (uint32_t *) (void *) skl_buffer_reserve(
			&emitter->pending_positions, sizeof(uint32_t) * (size_t) counts->tf[f]);
		uint32_t before = UINT32_MAX;

		for (uint32_t i = 0; i < counts->tf[f]; i++)
		{
			stored[i] = positions[i] - before - 1;
			before = positions[i];
			emitter->widest_position |= stored[i];
		}
		positions += counts->tf[f];
		emitter->pending_positions.length += sizeof(uint32_t) * (size_t) counts->tf[f];
	}
}

void
skl_emit_posting(SklEmitter *emitter, uint32_t docno, uint32_t entry, const uint32_t *positions)
{
	emitter->docs_block[emitter->pending] = docno;
	emitter->entries_block[emitter->pending] = entry;
	emitter->pending++;
	emitter->df++;
	if (emitter->has_positions)
		add_positions(emitter, entry, positions);
	if (emitter->pending == SKL_BLOCK)
		flush_block(emitter);
}

/* A new block of the dictionary: the index gets its place and its first term. */
static void
begin_dictionary_block(SklEmitter *emitter, const uint8_t *key, uint32_t length, uint64_t offset)
{
	uint32_t where[2] = {(uint32_t) emitter->dictionary.length,
						 (uint32_t) emitter->first_terms.length};

	skl_buffer_add(&emitter->index, where, sizeof(where));
	skl_buffer_add(&emitter->first_terms, key, length);
	skl_buffer_add(&emitter->dictionary, &offset, sizeof(offset));
	emitter->last_length = 0;
}

static void
add_to_dictionary(SklEmitter *emitter, const uint8_t *key, uint32_t length, uint64_t offset,
				  uint32_t bytes, uint32_t pos_from)
{
	uint32_t shared = 0;

	if (emitter->header.n_terms % SKL_DICTIONARY_BLOCK == 0)
		begin_dictionary_block(emitter, key, length, offset);
	while (shared < length && shared < emitter->last_length &&
		   key[shared] == emitter->last_term[shared])
		shared++;
	skl_buffer_varint(&emitter->dictionary, shared);
	skl_buffer_varint(&emitter->dictionary, length - shared);
	skl_buffer_add(&emitter->dictionary, key + shared, length - shared);
	skl_buffer_varint(&emitter->dictionary, emitter->df);
	skl_buffer_varint(&emitter->dictionary, bytes);
	if (emitter->has_positions)
		skl_buffer_varint(&emitter->dictionary, pos_from);
	memcpy(emitter->last_term, key, length);
	emitter->last_length = length;
	emitter->header.n_terms++;
	if (emitter->dictionary.length > UINT32_MAX - 1024)
		skl_engine_raise(emitter->engine, SKL_ENGINE_TOO_LARGE, "too many terms for one segment");
}

void
skl_emit_term_end(SklEmitter *emitter, const uint8_t *key, uint32_t length)
{
	uint64_t offset = emitter->header.sections[SKL_SECTION_POSTINGS].length;
	uint64_t pos_from;

	if (emitter->pending > 0)
		flush_block(emitter);
	if (emitter->df == 0)
		return;
	if (emitter->df <= SKL_BLOCK)
		emitter->position_starts.length = 0;
	pos_from = emitter->skips.length + emitter->blocks.length;
	if (pos_from + emitter->position_starts.length + emitter->positions.length > UINT32_MAX)
		skl_engine_raise(emitter->engine, SKL_ENGINE_TOO_LARGE, "too many postings of one term");
	/* where positions begin is counted from pos_from, behind the table */
	for (size_t i = 0; i < emitter->position_starts.length; i += sizeof(uint32_t))
	{
		uint32_t start = skl_load32(emitter->position_starts.data + i) +
						 (uint32_t) emitter->position_starts.length;

		memcpy(emitter->position_starts.data + i, &start, sizeof(start));
	}
	emit_postings(emitter, &emitter->skips);
	emit_postings(emitter, &emitter->blocks);
	emit_postings(emitter, &emitter->position_starts);
	emit_postings(emitter, &emitter->positions);
	emitter->header.n_postings += emitter->df;
	add_to_dictionary(emitter, key, length, offset,
					  (uint32_t) (emitter->header.sections[SKL_SECTION_POSTINGS].length - offset),
					  (uint32_t) pos_from);
}

/* Versions as pages of numbers, behind a table of them. */
static void
emit_versions(SklEmitter *emitter)
{
	SklBuffer bytes = {.engine = emitter->engine};

	skl_column_numbers(&bytes, emitter->docs->versions, NULL, emitter->docs->n_docs);
	emit_section(emitter, SKL_SECTION_VERSIONS, bytes.data, bytes.length);
}

void
skl_emit_documents(SklEmitter *emitter)
{
	const SklDocTable *docs = emitter->docs;
	uint32_t end[2] = {(uint32_t) emitter->dictionary.length,
					   (uint32_t) emitter->first_terms.length};

	skl_buffer_add(&emitter->index, end, sizeof(end));
	skl_buffer_add(&emitter->index, emitter->first_terms.data, emitter->first_terms.length);
	emit_section(emitter, SKL_SECTION_DICTIONARY, emitter->dictionary.data,
				 emitter->dictionary.length);
	emit_section(emitter, SKL_SECTION_INDEX, emitter->index.data, emitter->index.length);
	emit_section(emitter, SKL_SECTION_PALETTE, emitter->palette,
				 sizeof(SklPaletteEntry) * (size_t) emitter->header.n_palette);
	emit_section(emitter, SKL_SECTION_IDS, docs->ids, (size_t) docs->n_docs * SKL_ENTITY_ID_BYTES);
	emit_section(emitter, SKL_SECTION_LENGTHS, docs->lengths, (size_t) docs->n_docs * 2);
	emit_section(emitter, SKL_SECTION_CLASSES, docs->classes, docs->n_docs);
	emit_section(emitter, SKL_SECTION_PRIORS, docs->priors, docs->n_docs);
	emit_versions(emitter);
}

void
skl_emit_column(SklEmitter *emitter, uint32_t column, const SklColumnDef *def, SklBytes bytes,
				uint64_t labels, uint32_t n_labels)
{
	SklColumnHeader *header = &emitter->columns[column];

	memcpy(header->name, def->name, strnlen(def->name, SKL_COLUMN_NAME_MAX));
	header->kind = def->kind;
	header->offset = emitter->at;
	header->length = bytes.length;
	header->labels = labels;
	header->n_labels = n_labels;
	header->crc = skl_crc32c(0, bytes.data, bytes.length);
	emit(emitter, bytes.data, bytes.length);
}

void
skl_emit_end(SklEmitter *emitter, SklSegmentSummary *summary)
{
	const SklSegmentHeader *header = &emitter->header;
	size_t columns = sizeof(SklColumnHeader) * (size_t) header->n_columns;
	SklSegmentTrailer trailer = {.header_length = (uint32_t) (sizeof(*header) + columns),
								 .magic = SKL_SEGMENT_MAGIC};

	trailer.header_crc =
		skl_crc32c(skl_crc32c(0, header, sizeof(*header)), emitter->columns, columns);
	emit(emitter, header, sizeof(*header));
	emit(emitter, emitter->columns, columns);
	emit(emitter, &trailer, sizeof(trailer));
	if (summary != NULL)
		*summary = (SklSegmentSummary){.n_docs = header->n_docs,
									   .n_terms = header->n_terms,
									   .sum_length = header->sum_length,
									   .n_postings = header->n_postings,
									   .total_bytes = emitter->at};
}
