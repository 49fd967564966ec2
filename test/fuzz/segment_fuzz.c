/*
 * test/fuzz/segment_fuzz.c
 *		Fuzzes the reader of segments: whatever the bytes are, opening, walking, searching,
 * explaining and merging end with an answer or an error.
 *
 * Random bytes are no segment, so the input says how to change a good one: two bytes where, one
 * byte what. The checksum of the header is put right again, so that the header is believed.
 */
#include "search/engine/bits.h"
#include "search/engine/merge.h"
#include "search/engine/exec.h"

#include <stdio.h>
#include <string.h>

#include "fuzz.h"

#define DOCS 300

static SklBytes good;

static SklBytes
bytes_of(const char *text)
{
	return (SklBytes){(const uint8_t *) text, (uint32_t) strlen(text)};
}

/* Documents of few words, with every kind of column. */
static void
make_segment(void)
{
	static const SklColumnDef columns[3] = {{"price", SKL_COLUMN_NUMBER},
											{"category", SKL_COLUMN_LABEL},
											{"skills", SKL_COLUMN_LABELS}};
	static const SklSchema schema = {{2, 2, 1}, 3, columns};
	static const char *const words[5] = {"a", "ab", "abc", "b", "c"};
	static SklEngine engine;
	SklSegmentBuilder *builder;
	SklSegmentSummary summary;

	skl_engine_init(&engine, NULL);
	must(skl_builder_create(&engine, &schema, &builder) == SKL_ENGINE_OK);
	for (uint32_t d = 0; d < DOCS; d++)
	{
		uint32_t positions[3] = {d % 5, 1 + d % 7, 9 + d % 3};
		SklBytes labels[2] = {bytes_of("x"), bytes_of("y")};
		SklBytes filter = bytes_of("category=x");
		SklDocValue values[3] = {{.present = d % 3 > 0, .number = d * 7},
								 {.n_labels = d % 2, .labels = labels},
								 {.n_labels = d % 3, .labels = labels}};
		SklDocWord entries[3];
		SklDocument document = {.id = {(uint8_t) d},
								.n_words = 3,
								.words = entries,
								.n_filters = d % 2,
								.filters = &filter,
								.values = values};

		for (uint32_t w = 0; w < 3; w++)
			entries[w] = (SklDocWord){bytes_of(words[(d + w) % 5]), {1, 0, 2}, positions};
		positions[2] = positions[1] + 1;
		must(skl_builder_add(builder, &document) == SKL_ENGINE_OK);
	}
	must(skl_builder_finish_bytes(builder, &good, &summary) == SKL_ENGINE_OK);
}

static void
search_segment(SklEngine *engine, SklSegment *segment)
{
	SklPlanTerm terms[3] = {{bytes_of("a"), 1, SKL_ALL_FIELDS, 0},
							{bytes_of("ab"), 1, SKL_ALL_FIELDS, 0},
							{bytes_of("c"), 1, SKL_FIELD_MASK(SKL_FIELD_BODY), 0}};
	uint32_t phrase_terms[2] = {0, 1};
	uint32_t children[2] = {0, 1};
	SklPlanPhrase phrase = {2, phrase_terms, children, 3, SKL_ALL_FIELDS};
	SklPlanNode nodes[3] = {
		{SKL_PLAN_TERM, 2, 0, NULL}, {SKL_PLAN_PHRASE, 0, 0, NULL}, {SKL_PLAN_OR, 0, 2, children}};
	SklPlanFacet facets[3] = {{.kind = SKL_FACET_LABELS, .column = "category", .filter = 0},
							  {.kind = SKL_FACET_LABELS, .column = "skills", .filter = -1},
							  {.kind = SKL_FACET_HISTOGRAM, .column = "price", .filter = -1}};
	SklBytes term = bytes_of("category=x");
	SklPlanFilter filter = {.kind = SKL_FILTER_TERMS, .n_terms = 1, .terms = &term};
	SklPlan plan = {.k1 = 1.2f,
					.b = 0.75f,
					.n_terms = 3,
					.terms = terms,
					.n_phrases = 1,
					.phrases = &phrase,
					.n_nodes = 3,
					.nodes = nodes,
					.root = 2,
					.n_filters = 1,
					.filters = &filter,
					.n_facets = 3,
					.facets = facets,
					.k = 5,
					.classes = {~UINT64_C(0)},
					.use_prior = true,
					.proximity = 0.1f};
	SklSearchSegment search = {.segment = segment};
	SklSearchResult result;
	SklExplanation explanation;

	if (skl_search(engine, &plan, &search, 1, NULL, &result) == SKL_ENGINE_OK && result.n_hits > 0)
		(void) skl_explain(engine, &plan, &search, 1, &result.hits[0], &explanation);
	plan.n_facets = 0;
	plan.n_nodes = 1;
	plan.root = 0;
	(void) skl_search(engine, &plan, &search, 1, NULL, &result);
	plan.n_terms = 2;
	plan.n_nodes = 2;
	plan.root = 1;
	(void) skl_search(engine, &plan, &search, 1, NULL, &result);
	plan.n_terms = 3;
	plan.root = 0;
	plan.sort = SKL_SORT_ASC;
	plan.sort_column = "price";
	(void) skl_search(engine, &plan, &search, 1, NULL, &result);
}

static void
discard(void *context, const void *bytes, size_t length)
{
	(void) context;
	(void) bytes;
	(void) length;
}

static void
read_segment(const SklSegmentSource *source)
{
	static const SklSegmentSink sink = {discard, NULL};
	uint64_t dead[DOCS / 64 + 1] = {5};
	SklEngine engine;
	SklSegment *segment;
	SklTermWalk walk;
	SklBytes term;
	SklTermInfo info;
	bool found = true;

	skl_engine_init(&engine, NULL);
	if (skl_segment_open(&engine, source, &segment) == SKL_ENGINE_OK)
	{
		SklMergeInput input = {.segment = segment,
							   .dead = skl_segment_docs(segment) <= DOCS ? dead : NULL};

		(void) skl_segment_verify(segment);
		if (skl_term_walk(segment, SKL_TERM_WORD, bytes_of("a"), &walk) == SKL_ENGINE_OK)
			while (found && skl_term_next(&walk, &found, &term, &info) == SKL_ENGINE_OK)
				must(!found || term.length > 0);
		search_segment(&engine, segment);
		(void) skl_merge(&engine, &input, 1, &sink, NULL, NULL);
	}
	skl_engine_release(&engine);
}

/* The checksum of the header is made right again. */
static void
mend_header(uint8_t *bytes, uint64_t length)
{
	uint32_t header;
	uint32_t crc;

	if (length < 16)
		return;
	header = skl_load32(bytes + length - 16);
	if (header > length - 16)
		return;
	crc = skl_crc32c(0, bytes + length - 16 - header, header);
	memcpy(bytes + length - 12, &crc, sizeof(crc));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SklSegmentSource source = {NULL, NULL, NULL, 0};
	uint8_t *copy;

	if (good.data == NULL)
		make_segment();
	source.total = good.length;
	if (size % 3 == 1)
		source.total = data[size - 1] * (uint64_t) good.length / 256;
	copy = malloc(source.total + 1);
	memcpy(copy, good.data, source.total);
	for (size_t i = 0; i + 3 <= size && source.total > 0; i += 3)
		copy[(data[i] | (uint64_t) data[i + 1] << 8) % source.total] = data[i + 2];
	mend_header(copy, source.total);
	source.base = copy;
	read_segment(&source);
	free(copy);
	return 0;
}
