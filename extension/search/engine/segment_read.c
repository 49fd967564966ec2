/*
 * search/engine/segment_read.c
 *		Opens a segment and reads what belongs to the whole of it and to its documents. Nothing of
 *		it is believed: every place and number is held against the size of what it points into.
 */
#include "search/engine/segment_read.h"

#include "search/engine/column_read.h"
#include "search/engine/segment_view.h"

void
skl_segment_corrupt(const SklSegment *segment, const char *message)
{
	skl_engine_raise(segment->faults, SKL_ENGINE_CORRUPT, message);
}

const uint8_t *
skl_segment_bytes(SklSegment *segment, uint64_t offset, uint64_t length)
{
	const SklSegmentSource *source = &segment->source;
	const uint8_t *bytes;

	if (offset > source->total || length > source->total - offset)
		skl_segment_corrupt(segment, "a part of the segment lies outside of it");
	if (source->base != NULL)
		return source->base + offset;
	bytes = source->read(source->context, offset, length);
	if (bytes == NULL)
		skl_segment_corrupt(segment, "a part of the segment is missing");
	return bytes;
}

SklStatus
skl_segment_run(SklSegment *segment, void (*body)(void *argument), void *argument)
{
	SklEngine *outer = segment->faults;
	SklStatus status;

	segment->faults = segment->engine;
	status = skl_engine_run(segment->engine, body, argument);
	segment->faults = outer;
	return status;
}

/* ---- opening ---- */

static void
check_head(SklSegment *segment)
{
	SklSegmentHead head;

	memcpy(&head, skl_segment_bytes(segment, 0, sizeof(head)), sizeof(head));
	if (head.magic != SKL_SEGMENT_MAGIC)
		skl_segment_corrupt(segment, "not a segment");
	if (head.byte_order != SKL_SEGMENT_BYTE_ORDER)
		skl_segment_corrupt(segment, "the segment was written by a machine of another byte order");
}

/* Header and columns, from the end of the segment. */
static void
read_header(SklSegment *segment)
{
	SklSegmentHeader *header = &segment->header;
	SklSegmentTrailer trailer;
	uint64_t end = segment->source.total;
	const uint8_t *bytes;

	if (end < sizeof(SklSegmentHead) + sizeof(trailer))
		skl_segment_corrupt(segment, "the segment is cut off");
	end -= sizeof(trailer);
	memcpy(&trailer, skl_segment_bytes(segment, end, sizeof(trailer)), sizeof(trailer));
	if (trailer.magic != SKL_SEGMENT_MAGIC || trailer.header_length > end ||
		trailer.header_length < sizeof(*header))
		skl_segment_corrupt(segment, "the segment has no trailer");
	bytes = skl_segment_bytes(segment, end - trailer.header_length, trailer.header_length);
	if (skl_crc32c(0, bytes, trailer.header_length) != trailer.header_crc)
		skl_segment_corrupt(segment, "the checksum of the header is wrong");
	memcpy(header, bytes, sizeof(*header));
	if (header->format != 1 || header->n_columns > SKL_COLUMNS_MAX ||
		trailer.header_length !=
			sizeof(*header) + sizeof(SklColumnHeader) * (size_t) header->n_columns)
		skl_segment_corrupt(segment, "the segment is of another format");
	segment->columns =
		skl_engine_alloc(segment->engine, sizeof(SklColumnHeader) * (header->n_columns + 1));
	memcpy(segment->columns, bytes + sizeof(*header),
		   sizeof(SklColumnHeader) * (size_t) header->n_columns);
}

static bool
inside(const SklSegment *segment, uint64_t offset, uint64_t length)
{
	uint64_t total = segment->source.total - sizeof(SklSegmentTrailer);

	return offset <= total && length <= total - offset;
}

/* Sections lie within the segment and are as long as the numbers of documents and terms say. */
static void
check_sections(SklSegment *segment)
{
	const SklSegmentHeader *header = &segment->header;
	const SklSection *sections = header->sections;
	uint64_t n = header->n_docs;

	segment->n_blocks = (header->n_terms + SKL_DICTIONARY_BLOCK - 1) / SKL_DICTIONARY_BLOCK;
	for (int i = 0; i < SKL_SECTIONS; i++)
		if (!inside(segment, sections[i].offset, sections[i].length))
			skl_segment_corrupt(segment, "a section lies outside of the segment");
	if (header->n_docs > SKL_SEGMENT_DOCS_MAX ||
		sections[SKL_SECTION_IDS].length != n * SKL_ENTITY_ID_BYTES ||
		sections[SKL_SECTION_LENGTHS].length != n * 2 ||
		sections[SKL_SECTION_CLASSES].length != n || sections[SKL_SECTION_PRIORS].length != n ||
		sections[SKL_SECTION_INDEX].length < 8 * ((uint64_t) segment->n_blocks + 1) ||
		sections[SKL_SECTION_DICTIONARY].length > UINT32_MAX ||
		sections[SKL_SECTION_PALETTE].length !=
			sizeof(SklPaletteEntry) * (uint64_t) header->n_palette)
		skl_segment_corrupt(segment, "a section has the wrong length");
}

static void
check_columns(SklSegment *segment)
{
	SklColumnDef *defs = skl_engine_zalloc(
		segment->engine, sizeof(SklColumnDef) * ((size_t) segment->header.n_columns + 1));

	for (uint32_t c = 0; c < segment->header.n_columns; c++)
	{
		const SklColumnHeader *column = &segment->columns[c];

		if (!inside(segment, column->offset, column->length) || column->labels > column->length ||
			column->kind > SKL_COLUMN_LABELS || column->name[SKL_COLUMN_NAME_MAX] != '\0' ||
			column->n_labels > (column->length - column->labels) / 4)
			skl_segment_corrupt(segment, "a column is not within the segment");
		memcpy(defs[c].name, column->name, sizeof(defs[c].name));
		defs[c].kind = (SklColumnKind) column->kind;
	}
	memcpy(segment->schema.weights, segment->header.weights, sizeof(segment->schema.weights));
	segment->schema.n_columns = segment->header.n_columns;
	segment->schema.columns = defs;
}

typedef struct OpenCall
{
	SklEngine *engine;
	const SklSegmentSource *source;
	SklSegment *segment;
} OpenCall;

static void
open_segment(void *argument)
{
	OpenCall *call = argument;
	SklSegment *segment = skl_engine_zalloc(call->engine, sizeof(*segment));

	segment->engine = call->engine;
	segment->faults = call->engine;
	segment->source = *call->source;
	read_header(segment);
	check_head(segment);
	check_sections(segment);
	check_columns(segment);
	call->segment = segment;
}

SklStatus
skl_segment_open(SklEngine *engine, const SklSegmentSource *source, SklSegment **segment)
{
	OpenCall call = {.engine = engine, .source = source};
	SklStatus status = skl_engine_run(engine, open_segment, &call);

	*segment = call.segment;
	return status;
}

static void
verify(void *argument)
{
	SklSegment *segment = argument;

	for (int i = 0; i < SKL_SECTIONS; i++)
	{
		const SklSection *section = &segment->header.sections[i];
		uint32_t crc = 0;

		for (uint64_t done = 0; done < section->length;)
		{
			uint64_t left = section->length - done;
			uint64_t step = left < 65536 ? left : 65536;

			crc = skl_crc32c(crc, skl_segment_bytes(segment, section->offset + done, step), step);
			done += step;
			skl_engine_check(segment->faults);
		}
		if (crc != section->crc)
			skl_segment_corrupt(segment, "the checksum of a section is wrong");
	}
	for (uint32_t c = 0; c < segment->header.n_columns; c++)
	{
		const SklColumnHeader *column = &segment->columns[c];

		if (skl_crc32c(0, skl_segment_bytes(segment, column->offset, column->length),
					   column->length) != column->crc)
			skl_segment_corrupt(segment, "the checksum of a column is wrong");
	}
}

SklStatus
skl_segment_verify(SklSegment *segment)
{
	return skl_segment_run(segment, verify, segment);
}

/* ---- statistics ---- */

uint32_t
skl_segment_docs(const SklSegment *segment)
{
	return segment->header.n_docs;
}

uint32_t
skl_segment_terms(const SklSegment *segment)
{
	return segment->header.n_terms;
}

uint64_t
skl_segment_sum_length(const SklSegment *segment)
{
	return segment->header.sum_length;
}

const SklSchema *
skl_segment_schema(const SklSegment *segment)
{
	return &segment->schema;
}

/* ---- documents ---- */

static const uint8_t *
section_bytes(SklSegment *segment, SklSectionName name)
{
	const SklSection *section = &segment->header.sections[name];

	return skl_segment_bytes(segment, section->offset, section->length);
}

const uint8_t *
skl_segment_lengths(SklSegment *segment)
{
	if (segment->lengths == NULL)
		segment->lengths = section_bytes(segment, SKL_SECTION_LENGTHS);
	return segment->lengths;
}

const uint8_t *
skl_segment_classes(SklSegment *segment)
{
	if (segment->classes == NULL)
		segment->classes = section_bytes(segment, SKL_SECTION_CLASSES);
	return segment->classes;
}

const uint8_t *
skl_segment_priors(SklSegment *segment)
{
	if (segment->priors == NULL)
		segment->priors = section_bytes(segment, SKL_SECTION_PRIORS);
	return segment->priors;
}

const uint8_t *
skl_segment_id_at(SklSegment *segment, uint32_t docno)
{
	uint64_t at = segment->header.sections[SKL_SECTION_IDS].offset;

	return skl_segment_bytes(segment, at + (uint64_t) docno * SKL_ENTITY_ID_BYTES,
							 SKL_ENTITY_ID_BYTES);
}

typedef struct DocumentCall
{
	SklSegment *segment;
	uint32_t docno;
	uint8_t *id;
	int64_t version;
	uint32_t length;
} DocumentCall;

static void
check_docno(const DocumentCall *call)
{
	if (call->docno >= call->segment->header.n_docs)
		skl_engine_raise(call->segment->faults, SKL_ENGINE_BAD_INPUT, "no such document");
}

static void
read_id(void *argument)
{
	DocumentCall *call = argument;

	check_docno(call);
	memcpy(call->id, skl_segment_id_at(call->segment, call->docno), SKL_ENTITY_ID_BYTES);
}

static void
read_version(void *argument)
{
	DocumentCall *call = argument;
	const SklSection *section = &call->segment->header.sections[SKL_SECTION_VERSIONS];

	check_docno(call);
	call->version = skl_number_at(call->segment, section->offset, section->length, call->docno);
}

static void
read_length(void *argument)
{
	DocumentCall *call = argument;

	check_docno(call);
	call->length = skl_load16(skl_segment_lengths(call->segment) + 2 * (size_t) call->docno);
}

SklStatus
skl_segment_id(SklSegment *segment, uint32_t docno, uint8_t id[SKL_ENTITY_ID_BYTES])
{
	DocumentCall call = {.segment = segment, .docno = docno, .id = id};

	return skl_segment_run(segment, read_id, &call);
}

SklStatus
skl_segment_version(SklSegment *segment, uint32_t docno, int64_t *version)
{
	DocumentCall call = {.segment = segment, .docno = docno};
	SklStatus status = skl_segment_run(segment, read_version, &call);

	*version = call.version;
	return status;
}

SklStatus
skl_segment_length(SklSegment *segment, uint32_t docno, uint32_t *length)
{
	DocumentCall call = {.segment = segment, .docno = docno};
	SklStatus status = skl_segment_run(segment, read_length, &call);

	*length = call.length;
	return status;
}

void
skl_segment_count_live(SklSegment *segment, const uint64_t *dead, uint32_t *n_live,
					   uint64_t *sum_length)
{
	uint32_t n = segment->header.n_docs;

	*n_live = n;
	*sum_length = segment->header.sum_length;
	for (uint32_t w = 0; dead != NULL && w < (n + 63) / 64; w++)
	{
		for (uint64_t bits = dead[w]; bits != 0; bits &= bits - 1)
		{
			uint32_t docno = w * 64 + (uint32_t) __builtin_ctzll(bits);

			if (docno >= n)
				break;
			--*n_live;
			*sum_length -= skl_load16(skl_segment_lengths(segment) + 2 * (size_t) docno);
		}
	}
}

typedef struct LiveCall
{
	SklSegment *segment;
	const uint64_t *dead;
	uint32_t n_live;
	uint64_t sum_length;
} LiveCall;

static void
count_live(void *argument)
{
	LiveCall *call = argument;

	skl_segment_count_live(call->segment, call->dead, &call->n_live, &call->sum_length);
}

SklStatus
skl_segment_live(SklSegment *segment, const uint64_t *dead, uint32_t *n_live, uint64_t *sum_length)
{
	LiveCall call = {.segment = segment, .dead = dead};
	SklStatus status = skl_segment_run(segment, count_live, &call);

	*n_live = call.n_live;
	*sum_length = call.sum_length;
	return status;
}

/* ---- palette ---- */

const SklPaletteEntry *
skl_segment_palette(SklSegment *segment)
{
	uint32_t n = segment->header.n_palette;

	if (segment->palette == NULL)
	{
		unsigned bits = n == 0 ? 0 : skl_bits_width(n - 1);
		size_t bytes = sizeof(SklPaletteEntry) * (size_t) n;
		SklPaletteEntry *palette =
			skl_engine_zalloc(segment->engine, sizeof(SklPaletteEntry) << bits);

		if (n > 0)
			memcpy(palette, section_bytes(segment, SKL_SECTION_PALETTE), bytes);
		segment->palette_bits = bits;
		segment->palette = palette;
	}
	return segment->palette;
}

const SklWeights *
skl_segment_weights(SklSegment *segment, uint32_t fields)
{
	SklWeights *weights = &segment->weights[fields & SKL_ALL_FIELDS];
	const SklPaletteEntry *palette = skl_segment_palette(segment);
	size_t n = (size_t) 1 << segment->palette_bits;

	if (weights->wtf != NULL)
		return weights;
	weights->wtf = skl_engine_zalloc(segment->engine, sizeof(uint32_t) * n);
	weights->inverse = skl_engine_alloc(segment->engine, sizeof(float) * n);
	weights->all_count = true;
	for (size_t i = 0; i < n; i++)
	{
		for (unsigned f = 0; f < SKL_FIELDS; f++)
			if (fields & SKL_FIELD_MASK(f))
				weights->wtf[i] += (uint32_t) palette[i].tf[f] * segment->header.weights[f];
		weights->inverse[i] = weights->wtf[i] == 0 ? SKL_NO_COUNT : 1.0f / (float) weights->wtf[i];
		if (i < segment->header.n_palette && weights->wtf[i] == 0)
			weights->all_count = false;
	}
	return weights;
}
