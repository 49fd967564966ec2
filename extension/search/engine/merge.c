/*
 * search/engine/merge.c
 *		Makes one segment of several: documents one after the other without the dead, terms by a
 *		walk over all dictionaries at once. Postings stream through; what stays in memory is the
 *		dictionary, the document table and the columns.
 */
#include "search/engine/merge.h"

#include "search/engine/column_read.h"
#include "search/engine/column_write.h"
#include "search/engine/palette.h"
#include "search/engine/postings.h"
#include "search/engine/segment_emit.h"

#define DEAD UINT32_MAX

typedef struct Source
{
	SklSegment *segment;
	const uint64_t *dead;
	const uint8_t *prior; /* or NULL */
	uint32_t n_overlays;
	const SklOverlay *overlays;
	uint32_t n_docs;
	bool any_dead;
	uint32_t *new_docno; /* DEAD for the dead */
	uint32_t *entry;	 /* from its palette to the common one */
	SklTermWalk walk;
	bool more; /* the walk stands on a term */
} Source;

typedef struct Merge
{
	SklEngine *engine;
	Source *sources;
	uint32_t n_sources;
	const SklSchema *schema;
	SklDocTable docs;
	SklPalette palette;
	SklPaletteEntry *sorted;
	SklEmitter emitter;
	SklPostings postings;
	SklBuffer positions;
} Merge;

static bool
is_dead(const Source *source, uint32_t docno)
{
	return source->dead != NULL && (source->dead[docno / 64] >> docno % 64 & 1);
}

/* ---- documents ---- */

static void
check_schemas(Merge *merge)
{
	for (uint32_t s = 1; s < merge->n_sources; s++)
	{
		const SklSchema *schema = &merge->sources[s].segment->schema;

		if (memcmp(schema->weights, merge->schema->weights, sizeof(schema->weights)) != 0 ||
			schema->n_columns != merge->schema->n_columns)
			skl_engine_raise(merge->engine, SKL_ENGINE_BAD_INPUT, "segments of different schemas");
		for (uint32_t c = 0; c < schema->n_columns; c++)
			if (strcmp(schema->columns[c].name, merge->schema->columns[c].name) != 0 ||
				schema->columns[c].kind != merge->schema->columns[c].kind)
				skl_engine_raise(merge->engine, SKL_ENGINE_BAD_INPUT,
								 "segments of different schemas");
	}
}

/* Gives the living their new numbers. */
static void
number_documents(Merge *merge)
{
	uint64_t n = 0;

	for (uint32_t s = 0; s < merge->n_sources; s++)
	{
		Source *source = &merge->sources[s];

		source->n_docs = source->segment->header.n_docs;
		source->new_docno =
			skl_engine_alloc(merge->engine, sizeof(uint32_t) * ((size_t) source->n_docs + 1));
		for (uint32_t d = 0; d < source->n_docs; d++)
		{
			bool dead = is_dead(source, d);

			source->any_dead = source->any_dead || dead;
			source->new_docno[d] = dead ? DEAD : (uint32_t) n++;
		}
	}
	if (n > SKL_SEGMENT_DOCS_MAX)
		skl_engine_raise(merge->engine, SKL_ENGINE_TOO_LARGE, "too many documents");
	merge->docs.n_docs = (uint32_t) n;
}

static void
copy_document(Merge *merge, Source *source, uint32_t docno, uint32_t to)
{
	SklDocTable *docs = &merge->docs;
	const SklSection *versions = &source->segment->header.sections[SKL_SECTION_VERSIONS];

	memcpy(docs->ids + (size_t) to * SKL_ENTITY_ID_BYTES, skl_segment_id_at(source->segment, docno),
		   SKL_ENTITY_ID_BYTES);
	docs->lengths[to] = skl_load16(skl_segment_lengths(source->segment) + 2 * (size_t) docno);
	docs->classes[to] = skl_segment_classes(source->segment)[docno];
	docs->priors[to] =
		(source->prior != NULL ? source->prior : skl_segment_priors(source->segment))[docno];
	docs->versions[to] = skl_number_at(source->segment, versions->offset, versions->length, docno);
}

static void
copy_documents(Merge *merge)
{
	SklDocTable *docs = &merge->docs;
	size_t n = (size_t) docs->n_docs + 1;

	docs->ids = skl_engine_alloc(merge->engine, n * SKL_ENTITY_ID_BYTES);
	docs->lengths = skl_engine_alloc(merge->engine, n * sizeof(*docs->lengths));
	docs->classes = skl_engine_alloc(merge->engine, n);
	docs->priors = skl_engine_alloc(merge->engine, n);
	docs->versions = skl_engine_alloc(merge->engine, n * sizeof(*docs->versions));
	for (uint32_t s = 0; s < merge->n_sources; s++)
	{
		Source *source = &merge->sources[s];

		for (uint32_t d = 0; d < source->n_docs; d++)
			if (source->new_docno[d] != DEAD)
				copy_document(merge, source, d, source->new_docno[d]);
	}
}

/* ---- palette ---- */

static void
begin_walk(Source *source)
{
	memset(&source->walk, 0, sizeof(source->walk));
	source->walk.segment = source->segment;
	source->more = skl_term_step(&source->walk);
}

/* How many living postings have each entry of a source's palette. */
static uint32_t *
count_living(Merge *merge, Source *source)
{
	SklPostings *postings = &merge->postings;
	uint32_t *counts;

	(void) skl_segment_palette(source->segment);
	counts = skl_engine_zalloc(merge->engine, sizeof(uint32_t) << source->segment->palette_bits);
	for (begin_walk(source); source->more; source->more = skl_term_step(&source->walk))
	{
		if (source->walk.key[0] != SKL_TERM_WORD)
			continue;
		skl_engine_check(merge->engine);
		skl_postings_open(postings, source->segment, &source->walk.info);
		for (uint32_t block = 0; block < postings->n_blocks; block++)
		{
			skl_postings_docs(postings, block);
			skl_postings_entries(postings);
			for (uint32_t i = 0; i < postings->n; i++)
				counts[postings->entries[i]] += source->new_docno[postings->docs[i]] != DEAD;
		}
	}
	return counts;
}

/* The common palette: what the builder would have counted. */
static void
join_palettes(Merge *merge)
{
	uint32_t *new_entry;

	skl_palette_begin(&merge->palette, merge->engine);
	for (uint32_t s = 0; s < merge->n_sources; s++)
	{
		Source *source = &merge->sources[s];
		const SklPaletteEntry *palette = skl_segment_palette(source->segment);
		uint32_t *living = source->any_dead ? count_living(merge, source) : NULL;

		/* as many as numbers of palette_bits: what a corrupt posting may name */
		source->entry =
			skl_engine_zalloc(merge->engine, sizeof(uint32_t) << source->segment->palette_bits);
		for (uint32_t i = 0; i < source->segment->header.n_palette; i++)
			source->entry[i] = skl_palette_count(&merge->palette, palette[i].tf,
												 living == NULL ? palette[i].count : living[i]);
	}
	merge->sorted = skl_palette_sort(&merge->palette, &new_entry);
	for (uint32_t s = 0; s < merge->n_sources; s++)
		for (uint32_t i = 0; i < merge->sources[s].segment->header.n_palette; i++)
			merge->sources[s].entry[i] = new_entry[merge->sources[s].entry[i]];
}

/* ---- terms ---- */

static int
compare_walks(const SklTermWalk *a, const SklTermWalk *b)
{
	uint32_t shorter = a->length < b->length ? a->length : b->length;
	int order = memcmp(a->key, b->key, shorter);

	return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/* Positions of a posting in all fields, one after the other. */
static const uint32_t *
read_positions(Merge *merge, uint32_t i)
{
	SklBuffer *positions = &merge->positions;

	positions->length = 0;
	for (unsigned f = 0; f < SKL_FIELDS; f++)
	{
		uint32_t *at =
			(uint32_t *) (void *) skl_buffer_reserve(positions, sizeof(uint32_t) * SKL_TF_MAX);

		positions->length += sizeof(uint32_t) * skl_postings_positions(&merge->postings, i, f, at);
	}
	return (const uint32_t *) (const void *) positions->data;
}

static void
copy_postings(Merge *merge, Source *source, bool has_positions)
{
	SklPostings *postings = &merge->postings;

	skl_postings_open(postings, source->segment, &source->walk.info);
	for (uint32_t block = 0; block < postings->n_blocks; block++)
	{
		skl_postings_docs(postings, block);
		if (has_positions)
			skl_postings_entries(postings);
		for (uint32_t i = 0; i < postings->n; i++)
		{
			uint32_t docno = source->new_docno[postings->docs[i]];

			if (docno == DEAD)
				continue;
			if (!has_positions)
				skl_emit_posting(&merge->emitter, docno, 0, NULL);
			else if (postings->entries[i] >= source->segment->header.n_palette)
				skl_segment_corrupt(source->segment, "a posting names no palette entry");
			else
				skl_emit_posting(&merge->emitter, docno, source->entry[postings->entries[i]],
								 read_positions(merge, i));
		}
	}
}

/* Takes the least term of all walks; false when all have ended. */
static bool
merge_term(Merge *merge)
{
	uint8_t key[SKL_SEARCH_WORD_MAX + 1];
	Source *first = NULL;
	SklTermWalk least;

	for (uint32_t s = 0; s < merge->n_sources; s++)
	{
		Source *source = &merge->sources[s];

		if (source->more && (first == NULL || compare_walks(&source->walk, &first->walk) < 0))
			first = source;
	}
	if (first == NULL)
		return false;
	least = first->walk;
	memcpy(key, least.key, least.length);
	skl_emit_term_begin(&merge->emitter, key[0] == SKL_TERM_WORD);
	for (uint32_t s = 0; s < merge->n_sources; s++)
	{
		Source *source = &merge->sources[s];

		if (!source->more || compare_walks(&source->walk, &least) != 0)
			continue;
		copy_postings(merge, source, key[0] == SKL_TERM_WORD);
		source->more = skl_term_step(&source->walk);
	}
	skl_emit_term_end(&merge->emitter, key, least.length);
	return true;
}

/* ---- columns ---- */

typedef struct Reader
{
	SklColumn *column;
	const SklOverlay *overlay; /* or NULL */
	uint32_t page;
	SklNumbers numbers;
	SklLabelLists lists;
} Reader;

static void
open_page(Reader *reader, SklColumnKind kind, uint32_t page)
{
	SklSegment *segment = reader->column->segment;
	uint32_t n = segment->header.n_docs - page * SKL_COLUMN_PAGE;

	if (reader->page == page)
		return;
	if (reader->overlay != NULL && reader->overlay->pages[page].data != NULL)
	{
		if (!skl_numbers_open(reader->overlay->pages[page],
							  n < SKL_COLUMN_PAGE ? n : SKL_COLUMN_PAGE, &reader->numbers))
			skl_segment_corrupt(segment, "a page of an overlay is wrong");
	}
	else if (kind == SKL_COLUMN_LABELS)
		skl_column_lists_of(reader->column, page, &reader->lists);
	else
		skl_column_numbers_of(reader->column, page, &reader->numbers);
	reader->page = page;
}

static void
add_lists(Merge *merge, Reader *reader, SklColumnBuilder *builder, uint32_t i)
{
	const SklLabelLists *lists = &reader->lists;
	uint32_t from = (uint32_t) skl_bits_get(lists->offsets, i, lists->offset_bits);
	uint32_t to = (uint32_t) skl_bits_get(lists->offsets, i + 1, lists->offset_bits);
	SklDocValue value = {.n_labels = to - from};
	SklBytes *labels;

	if (from > to || to > lists->n_labels)
		skl_segment_corrupt(reader->column->segment, "a page of labels is wrong");
	merge->positions.length = 0;
	labels = (SklBytes *) (void *) skl_buffer_reserve(&merge->positions,
													  sizeof(SklBytes) * (size_t) value.n_labels);
	for (uint32_t l = 0; l < value.n_labels; l++)
		labels[l] = skl_column_label(
			reader->column, (uint32_t) skl_bits_get(lists->labels, from + l, lists->label_bits));
	value.labels = labels;
	skl_column_add(builder, &value);
}

static void
add_value(Merge *merge, Reader *reader, SklColumnBuilder *builder, uint32_t docno)
{
	uint32_t i = docno % SKL_COLUMN_PAGE;
	SklDocValue value = {0};
	SklBytes label;

	open_page(reader, builder->kind, docno / SKL_COLUMN_PAGE);
	if (builder->kind == SKL_COLUMN_LABELS)
	{
		add_lists(merge, reader, builder, i);
		return;
	}
	value.present = skl_number_get(&reader->numbers, i, &value.number);
	if (!value.present)
		value.number = 0;
	if (builder->kind == SKL_COLUMN_LABEL && value.present)
	{
		label = skl_column_label(reader->column, (uint32_t) value.number);
		value.n_labels = 1;
		value.labels = &label;
	}
	skl_column_add(builder, &value);
}

static const SklOverlay *
overlay_of(const Source *source, const SklColumnDef *def)
{
	for (uint32_t i = 0; i < source->n_overlays; i++)
		if (def->kind == SKL_COLUMN_NUMBER && strcmp(source->overlays[i].column, def->name) == 0)
			return &source->overlays[i];
	return NULL;
}

static void
merge_column(Merge *merge, uint32_t number)
{
	const SklColumnDef *def = &merge->schema->columns[number];
	SklColumnBuilder builder;
	uint64_t labels;
	uint32_t n_labels;
	SklBytes bytes;

	skl_column_begin(&builder, merge->engine, def->kind);
	for (uint32_t s = 0; s < merge->n_sources; s++)
	{
		Source *source = &merge->sources[s];
		Reader reader = {.column = skl_column_open(source->segment, def->name),
						 .overlay = overlay_of(source, def),
						 .page = UINT32_MAX};

		for (uint32_t d = 0; d < source->n_docs; d++)
			if (source->new_docno[d] != DEAD)
				add_value(merge, &reader, &builder, d);
	}
	bytes = skl_column_finish(&builder, merge->docs.classes, merge->emitter.header.classes, &labels,
							  &n_labels);
	skl_emit_column(&merge->emitter, number, def, bytes, labels, n_labels);
}

/* ---- the whole ---- */

typedef struct MergeCall
{
	Merge *merge;
	const SklMergeInput *inputs;
	const SklSegmentSink *sink;
	SklSegmentSummary *summary;
	uint32_t ***new_docno;
} MergeCall;

static void
begin_merge(MergeCall *call)
{
	Merge *merge = call->merge;

	if (merge->n_sources == 0)
		skl_engine_raise(merge->engine, SKL_ENGINE_BAD_INPUT, "nothing to merge");
	merge->sources = skl_engine_zalloc(merge->engine, sizeof(Source) * (size_t) merge->n_sources);
	for (uint32_t s = 0; s < merge->n_sources; s++)
	{
		merge->sources[s].segment = call->inputs[s].segment;
		merge->sources[s].segment->faults = merge->engine;
		merge->sources[s].dead = call->inputs[s].dead;
		merge->sources[s].prior = call->inputs[s].prior;
		merge->sources[s].overlays = call->inputs[s].overlays;
		merge->sources[s].n_overlays = call->inputs[s].n_overlays;
	}
	merge->schema = &merge->sources[0].segment->schema;
	merge->positions.engine = merge->engine;
}

static void
run_merge(void *argument)
{
	MergeCall *call = argument;
	Merge *merge = call->merge;
	uint32_t n = 0;

	begin_merge(call);
	check_schemas(merge);
	number_documents(merge);
	copy_documents(merge);
	join_palettes(merge);
	skl_emit_begin(&merge->emitter, merge->engine, call->sink, merge->schema, &merge->docs,
				   merge->sorted, merge->palette.n_used);
	for (uint32_t s = 0; s < merge->n_sources; s++)
		begin_walk(&merge->sources[s]);
	while (merge_term(merge))
		if (++n % 256 == 0)
			skl_engine_check(merge->engine);
	skl_emit_documents(&merge->emitter);
	for (uint32_t c = 0; c < merge->schema->n_columns; c++)
		merge_column(merge, c);
	skl_emit_end(&merge->emitter, call->summary);
	if (call->new_docno == NULL)
		return;
	*call->new_docno =
		skl_engine_alloc(merge->engine, sizeof(uint32_t *) * (size_t) merge->n_sources);
	for (uint32_t s = 0; s < merge->n_sources; s++)
		(*call->new_docno)[s] = merge->sources[s].new_docno;
}

SklStatus
skl_merge(SklEngine *engine, const SklMergeInput *inputs, uint32_t n_inputs,
		  const SklSegmentSink *sink, SklSegmentSummary *summary, uint32_t ***new_docno)
{
	Merge merge = {.engine = engine, .n_sources = n_inputs};
	MergeCall call = {&merge, inputs, sink, summary, new_docno};

	return skl_engine_run(engine, run_merge, &call);
}
