/*
 * search/engine/segment_write.c
 *		The builder: documents are taken apart into terms, each with a string of its postings, and
 *		written term by term at the end.
 *
 * Postings wait as varints (gap of document numbers, number of the combination of occurrences,
 * distances of positions) in chunks that grow with the term, so that a million documents fit into
 * memory. Combinations are numbered as they come, and again by frequency at the end.
 */
#include "search/engine/segment_write.h"

#include "search/engine/column_write.h"
#include "search/engine/palette.h"
#include "search/engine/segment_emit.h"

#include <stdlib.h>

#define FIRST_CHUNK 16
#define LAST_CHUNK 4096

typedef struct Chunk
{
	struct Chunk *next;
	uint32_t used;
	uint32_t room;
	uint8_t bytes[];
} Chunk;

typedef struct BuildTerm
{
	uint64_t prefix; /* first bytes of the key, the first one highest: to sort by */
	uint8_t *key;	 /* kind and bytes */
	uint32_t length;
	uint32_t hash;
	uint32_t last_docno; /* UINT32_MAX: none yet */
	Chunk *first;
	Chunk *last;
} BuildTerm;

struct SklSegmentBuilder
{
	SklEngine *engine;
	SklSchema schema;
	SklBuffer terms; /* BuildTerm */
	uint32_t n_terms;
	uint32_t *table; /* hash table of terms, + 1 */
	uint32_t table_size;
	SklPalette palette;
	uint32_t n_docs;
	SklBuffer ids;
	SklBuffer lengths;
	SklBuffer classes;
	SklBuffer priors;
	SklBuffer versions;
	SklColumnBuilder *columns;
	const SklDocument *document; /* being added */
};

/* ---- making a builder ---- */

static void
check_schema(SklEngine *engine, const SklSchema *schema)
{
	for (int f = 0; f < SKL_FIELDS; f++)
		if (schema->weights[f] == 0)
			skl_engine_raise(engine, SKL_ENGINE_BAD_INPUT, "a field has no weight");
	if (schema->n_columns > SKL_COLUMNS_MAX)
		skl_engine_raise(engine, SKL_ENGINE_BAD_INPUT, "too many columns");
	for (uint32_t c = 0; c < schema->n_columns; c++)
	{
		const SklColumnDef *def = &schema->columns[c];
		size_t length = strnlen(def->name, sizeof(def->name));

		if (length == 0 || length > SKL_COLUMN_NAME_MAX || def->kind > SKL_COLUMN_LABELS)
			skl_engine_raise(engine, SKL_ENGINE_BAD_INPUT, "a column has no name or no kind");
		for (uint32_t other = 0; other < c; other++)
			if (strcmp(def->name, schema->columns[other].name) == 0)
				skl_engine_raise(engine, SKL_ENGINE_BAD_INPUT, "two columns have one name");
	}
}

typedef struct CreateCall
{
	SklEngine *engine;
	const SklSchema *schema;
	SklSegmentBuilder *builder;
} CreateCall;

static void
create(void *argument)
{
	CreateCall *call = argument;
	SklEngine *engine = call->engine;
	SklSegmentBuilder *builder = skl_engine_zalloc(engine, sizeof(*builder));
	SklBuffer *buffers[] = {&builder->terms,   &builder->ids,	 &builder->lengths,
							&builder->classes, &builder->priors, &builder->versions};
	SklColumnDef *columns;

	check_schema(engine, call->schema);
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
		buffers[i]->engine = engine;
	columns = skl_engine_alloc(engine, sizeof(*columns) * ((size_t) call->schema->n_columns + 1));
	builder->columns = skl_engine_alloc(engine, sizeof(*builder->columns) *
													((size_t) call->schema->n_columns + 1));
	for (uint32_t c = 0; c < call->schema->n_columns; c++)
	{
		columns[c] = call->schema->columns[c];
		skl_column_begin(&builder->columns[c], engine, columns[c].kind);
	}
	builder->engine = engine;
	builder->schema = *call->schema;
	builder->schema.columns = columns;
	skl_palette_begin(&builder->palette, engine);
	call->builder = builder;
}

SklStatus
skl_builder_create(SklEngine *engine, const SklSchema *schema, SklSegmentBuilder **builder)
{
	CreateCall call = {.engine = engine, .schema = schema};
	SklStatus status = skl_engine_run(engine, create, &call);

	*builder = call.builder;
	return status;
}

/* ---- adding a document ---- */

static void
bad(const SklSegmentBuilder *builder, const char *message)
{
	skl_engine_raise(builder->engine, SKL_ENGINE_BAD_INPUT, message);
}

static void
check_word(const SklSegmentBuilder *builder, const SklDocWord *word)
{
	const uint32_t *positions = word->positions;
	uint64_t total = 0;

	if (word->word.length == 0 || word->word.length > SKL_SEARCH_WORD_MAX)
		bad(builder, "a word is empty or too long");
	for (int f = 0; f < SKL_FIELDS; f++)
	{
		for (uint32_t i = 0; i < word->tf[f]; i++)
			if (positions[i] > SKL_POSITION_MAX || (i > 0 && positions[i] <= positions[i - 1]))
				bad(builder, "positions of a word are not ascending");
		positions += word->tf[f];
		total += word->tf[f];
	}
	if (total == 0)
		bad(builder, "a word does not occur");
}

static void
check_value(const SklSegmentBuilder *builder, const SklColumnDef *def, const SklDocValue *value)
{
	if (def->kind == SKL_COLUMN_NUMBER)
		return;
	if (def->kind == SKL_COLUMN_LABEL && value->n_labels > 1)
		bad(builder, "several labels where one is allowed");
	if (value->n_labels > UINT16_MAX)
		bad(builder, "too many labels");
	for (uint32_t i = 0; i < value->n_labels; i++)
		if (value->labels[i].length == 0 || value->labels[i].length > SKL_LABEL_MAX)
			bad(builder, "a label is empty or too long");
}

/* Everything that may be wrong is looked for before anything is changed. */
static void
check_document(const SklSegmentBuilder *builder)
{
	const SklDocument *document = builder->document;

	if (builder->n_docs == SKL_SEGMENT_DOCS_MAX)
		skl_engine_raise(builder->engine, SKL_ENGINE_TOO_LARGE, "too many documents");
	for (uint32_t i = 0; i < document->n_words; i++)
		check_word(builder, &document->words[i]);
	for (uint32_t i = 0; i < document->n_filters; i++)
		if (document->filters[i].length == 0 || document->filters[i].length > SKL_SEARCH_WORD_MAX)
			bad(builder, "a filter term is empty or too long");
	for (uint32_t c = 0; c < builder->schema.n_columns; c++)
		check_value(builder, &builder->schema.columns[c], &document->values[c]);
}

static BuildTerm *
terms_of(const SklSegmentBuilder *builder)
{
	return (BuildTerm *) (void *) builder->terms.data;
}

static void
grow_table(SklSegmentBuilder *builder)
{
	uint32_t size = builder->table_size == 0 ? 1024 : builder->table_size * 2;

	builder->table = skl_engine_zalloc(builder->engine, sizeof(uint32_t) * size);
	builder->table_size = size;
	for (uint32_t i = 0; i < builder->n_terms; i++)
	{
		uint32_t slot = terms_of(builder)[i].hash & (size - 1);

		while (builder->table[slot] != 0)
			slot = (slot + 1) & (size - 1);
		builder->table[slot] = i + 1;
	}
}

static bool
same_term(const BuildTerm *term, SklTermKind kind, SklBytes bytes, uint32_t hash)
{
	return term->hash == hash && term->length == bytes.length + 1 && term->key[0] == kind &&
		   memcmp(term->key + 1, bytes.data, bytes.length) == 0;
}

static uint64_t
prefix_of(const uint8_t *key, uint32_t length)
{
	uint64_t prefix = 0;

	for (uint32_t i = 0; i < sizeof(prefix); i++)
		prefix = prefix << 8 | (i < length ? key[i] : 0);
	return prefix;
}

static BuildTerm *
find_term(SklSegmentBuilder *builder, SklTermKind kind, SklBytes bytes)
{
	uint8_t first = (uint8_t) kind;
	uint32_t hash = skl_crc32c(skl_crc32c(0, &first, 1), bytes.data, bytes.length);
	BuildTerm term = {.length = bytes.length + 1, .hash = hash, .last_docno = UINT32_MAX};
	uint32_t slot;

	if (builder->n_terms * 2 >= builder->table_size)
		grow_table(builder);
	slot = hash & (builder->table_size - 1);
	for (; builder->table[slot] != 0; slot = (slot + 1) & (builder->table_size - 1))
		if (same_term(&terms_of(builder)[builder->table[slot] - 1], kind, bytes, hash))
			return &terms_of(builder)[builder->table[slot] - 1];
	term.key = skl_engine_alloc(builder->engine, term.length);
	term.key[0] = first;
	memcpy(term.key + 1, bytes.data, bytes.length);
	term.prefix = prefix_of(term.key, term.length);
	skl_buffer_add(&builder->terms, &term, sizeof(term));
	builder->table[slot] = ++builder->n_terms;
	return &terms_of(builder)[builder->n_terms - 1];
}

static void
put(SklSegmentBuilder *builder, BuildTerm *term, uint64_t value)
{
	Chunk *chunk = term->last;

	if (chunk == NULL || chunk->room - chunk->used < SKL_VARINT_MAX)
	{
		uint32_t room = chunk == NULL ? FIRST_CHUNK : chunk->room * 2;

		room = room > LAST_CHUNK ? LAST_CHUNK : room;
		chunk = skl_engine_alloc(builder->engine, sizeof(*chunk) + room);
		*chunk = (Chunk){.room = room};
		if (term->last == NULL)
			term->first = chunk;
		else
			term->last->next = chunk;
		term->last = chunk;
	}
	chunk->used += (uint32_t) skl_varint_write(value, chunk->bytes + chunk->used);
}

/* The next posting of a term; false when the document has it already. */
static bool
put_docno(SklSegmentBuilder *builder, BuildTerm *term)
{
	if (term->last_docno == builder->n_docs)
		return false;
	put(builder, term, builder->n_docs - term->last_docno - 1);
	term->last_docno = builder->n_docs;
	return true;
}

/* One word; its part of the document's weighted length. */
static uint64_t
add_word(SklSegmentBuilder *builder, const SklDocWord *word)
{
	BuildTerm *term = find_term(builder, SKL_TERM_WORD, word->word);
	const uint32_t *positions = word->positions;
	uint16_t tf[SKL_FIELDS];
	uint64_t length = 0;

	if (!put_docno(builder, term))
		return 0;
	for (int f = 0; f < SKL_FIELDS; f++)
	{
		tf[f] = (uint16_t) (word->tf[f] < SKL_TF_MAX ? word->tf[f] : SKL_TF_MAX);
		length += (uint64_t) tf[f] * builder->schema.weights[f];
	}
	put(builder, term, skl_palette_count(&builder->palette, tf, 1));
	for (int f = 0; f < SKL_FIELDS; f++)
	{
		uint32_t before = UINT32_MAX;

		for (uint32_t i = 0; i < tf[f]; i++)
		{
			put(builder, term, positions[i] - before - 1);
			before = positions[i];
		}
		positions += word->tf[f];
	}
	return length;
}

static void
add(void *argument)
{
	SklSegmentBuilder *builder = argument;
	const SklDocument *document = builder->document;
	uint64_t length = 0;
	uint16_t stored;

	check_document(builder);
	for (uint32_t i = 0; i < document->n_words; i++)
		length += add_word(builder, &document->words[i]);
	for (uint32_t i = 0; i < document->n_filters; i++)
		(void) put_docno(builder, find_term(builder, SKL_TERM_FILTER, document->filters[i]));
	for (uint32_t c = 0; c < builder->schema.n_columns; c++)
		skl_column_add(&builder->columns[c], &document->values[c]);
	stored = (uint16_t) (length < SKL_LENGTH_MAX ? length : SKL_LENGTH_MAX);
	skl_buffer_add(&builder->ids, document->id, sizeof(document->id));
	skl_buffer_add(&builder->lengths, &stored, sizeof(stored));
	skl_buffer_add(&builder->classes, &document->visibility, 1);
	skl_buffer_add(&builder->priors, &document->prior, 1);
	skl_buffer_add(&builder->versions, &document->version, sizeof(document->version));
	builder->n_docs++;
}

SklStatus
skl_builder_add(SklSegmentBuilder *builder, const SklDocument *document)
{
	builder->document = document;
	return skl_engine_run(builder->engine, add, builder);
}

uint32_t
skl_builder_docs(const SklSegmentBuilder *builder)
{
	return builder->n_docs;
}

size_t
skl_builder_memory(const SklSegmentBuilder *builder)
{
	return builder->engine->arena.taken;
}

/* ---- writing ---- */

static int
compare_terms(const void *a, const void *b)
{
	const BuildTerm *left = a;
	const BuildTerm *right = b;
	uint32_t shorter = left->length < right->length ? left->length : right->length;
	int order;

	if (left->prefix != right->prefix)
		return left->prefix < right->prefix ? -1 : 1;
	order = memcmp(left->key, right->key, shorter);
	return order != 0 ? order : (left->length > right->length) - (left->length < right->length);
}

typedef struct ChunkReader
{
	const Chunk *chunk;
	const uint8_t *at;
} ChunkReader;

static uint64_t
take(ChunkReader *reader)
{
	uint64_t value = 0;

	if (reader->at == reader->chunk->bytes + reader->chunk->used)
	{
		reader->chunk = reader->chunk->next;
		reader->at = reader->chunk->bytes;
	}
	(void) skl_varint_read(&reader->at, reader->chunk->bytes + reader->chunk->used, &value);
	return value;
}

static bool
at_end(const ChunkReader *reader)
{
	return reader->chunk == NULL || (reader->chunk->next == NULL &&
									 reader->at == reader->chunk->bytes + reader->chunk->used);
}

static void
write_term(SklEmitter *emitter, const BuildTerm *term, const uint32_t *new_entry,
		   const SklPaletteEntry *palette, SklBuffer *positions)
{
	ChunkReader reader = {.chunk = term->first,
						  .at = term->first == NULL ? NULL : term->first->bytes};
	bool has_positions = term->key[0] == SKL_TERM_WORD;
	uint32_t docno = UINT32_MAX;

	skl_emit_term_begin(emitter, has_positions);
	while (!at_end(&reader))
	{
		uint32_t entry = 0;

		docno += (uint32_t) take(&reader) + 1;
		positions->length = 0;
		if (has_positions)
		{
			entry = new_entry[take(&reader)];
			for (int f = 0; f < SKL_FIELDS; f++)
			{
				uint32_t position = UINT32_MAX;

				for (uint32_t i = 0; i < palette[entry].tf[f]; i++)
				{
					position += (uint32_t) take(&reader) + 1;
					skl_buffer_add(positions, &position, sizeof(position));
				}
			}
		}
		skl_emit_posting(emitter, docno, entry, (const uint32_t *) (const void *) positions->data);
	}
	skl_emit_term_end(emitter, term->key, term->length);
}

typedef struct FinishCall
{
	SklSegmentBuilder *builder;
	const SklSegmentSink *sink;
	SklSegmentSummary *summary;
} FinishCall;

static void
finish(void *argument)
{
	FinishCall *call = argument;
	SklSegmentBuilder *builder = call->builder;
	SklEngine *engine = builder->engine;
	SklDocTable docs = {.n_docs = builder->n_docs,
						.ids = builder->ids.data,
						.lengths = (uint16_t *) (void *) builder->lengths.data,
						.classes = builder->classes.data,
						.priors = builder->priors.data,
						.versions = (int64_t *) (void *) builder->versions.data};
	SklBuffer positions = {.engine = engine};
	SklEmitter *emitter = skl_engine_alloc(engine, sizeof(*emitter));
	uint32_t *new_entry;
	SklPaletteEntry *palette = skl_palette_sort(&builder->palette, &new_entry);

	skl_emit_begin(emitter, engine, call->sink, &builder->schema, &docs, palette,
				   builder->palette.n_used);
	if (builder->n_terms > 0)
		qsort(builder->terms.data, builder->n_terms, sizeof(BuildTerm), compare_terms);
	for (uint32_t i = 0; i < builder->n_terms; i++)
	{
		if (i % 1024 == 0)
			skl_engine_check(engine);
		write_term(emitter, &terms_of(builder)[i], new_entry, palette, &positions);
	}
	skl_emit_documents(emitter);
	for (uint32_t c = 0; c < builder->schema.n_columns; c++)
	{
		uint64_t labels;
		uint32_t n_labels;
		SklBytes bytes = skl_column_finish(&builder->columns[c], docs.classes,
										   emitter->header.classes, &labels, &n_labels);

		skl_emit_column(emitter, c, &builder->schema.columns[c], bytes, labels, n_labels);
	}
	skl_emit_end(emitter, call->summary);
}

SklStatus
skl_builder_finish(SklSegmentBuilder *builder, const SklSegmentSink *sink,
				   SklSegmentSummary *summary)
{
	FinishCall call = {builder, sink, summary};

	return skl_engine_run(builder->engine, finish, &call);
}

static void
write_to_buffer(void *context, const void *bytes, size_t length)
{
	skl_buffer_add(context, bytes, length);
}

SklStatus
skl_builder_finish_bytes(SklSegmentBuilder *builder, SklBytes *bytes, SklSegmentSummary *summary)
{
	SklBuffer buffer = {.engine = builder->engine};
	SklSegmentSink sink = {write_to_buffer, &buffer};
	SklStatus status = skl_builder_finish(builder, &sink, summary);

	*bytes = (SklBytes){buffer.data, (uint32_t) buffer.length};
	return status;
}
