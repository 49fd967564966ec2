/*
 * test/c/merge_test.c
 *		Merging segments makes, byte for byte, the segment that a builder makes of the living
 *		documents.
 */
#include "skl.h"

#include "search/engine/merge.h"

#include "search_corpus.h"
#include "tap.h"

#define MOST_PARTS 12

typedef struct Bytes
{
	uint8_t *data;
	size_t length;
} Bytes;

static void
collect(void *context, const void *bytes, size_t length)
{
	Bytes *all = context;

	all->data = realloc(all->data, all->length + length + 1);
	memcpy(all->data + all->length, bytes, length);
	all->length += length;
}

/* Numbers of the living go on without gaps; the dead have none. */
static bool
numbers_go_on(const Corpus *corpus, uint32_t **new_docno, const uint32_t *from, uint32_t n)
{
	uint32_t next = 0;

	for (uint32_t s = 0; s < n; s++)
		for (uint32_t d = from[s]; d < from[s + 1]; d++)
		{
			uint32_t expected = corpus->docs[d].dead ? UINT32_MAX : next++;

			if (new_docno[s][d - from[s]] != expected)
				return false;
		}
	return true;
}

static void
test_merge(uint32_t n_docs, uint32_t parts, uint32_t dead_percent, const char *what)
{
	Corpus corpus = corpus_make(n_docs);
	SklEngine engine;
	SklBytes whole;
	SklSegmentSource sources[MOST_PARTS];
	SklMergeInput inputs[MOST_PARTS] = {{0}};
	uint32_t from[MOST_PARTS + 1] = {0};
	Bytes merged = {NULL, 0};
	SklSegmentSink sink = {collect, &merged};
	SklSegmentSummary summary;
	uint32_t **new_docno = NULL;

	skl_engine_init(&engine, NULL);
	for (uint32_t d = 0; d < n_docs; d++)
		corpus.docs[d].dead = random_below(100) < dead_percent;
	for (uint32_t s = 0; s < parts; s++)
	{
		uint32_t n = s + 1 == parts ? n_docs - from[s] : random_below((n_docs - from[s]) / 2 + 1);
		SklBytes bytes = corpus_segment(&engine, &corpus, from[s], from[s] + n, false);
		uint64_t *dead = skl_arena_zero(&engine.arena, n / 64 + 1, sizeof(uint64_t));

		from[s + 1] = from[s] + n;
		for (uint32_t d = 0; d < n; d++)
			dead[d / 64] |= (uint64_t) corpus.docs[from[s] + d].dead << d % 64;
		sources[s] = (SklSegmentSource){.base = bytes.data, .total = bytes.length};
		inputs[s].dead = dead_percent > 0 ? dead : NULL;
		if (skl_segment_open(&engine, &sources[s], &inputs[s].segment) != SKL_ENGINE_OK)
			abort();
	}
	whole = corpus_segment(&engine, &corpus, 0, n_docs, true);
	ok(skl_merge(&engine, inputs, parts, &sink, &summary, &new_docno) == SKL_ENGINE_OK, what);
	ok(merged.length == whole.length && memcmp(merged.data, whole.data, whole.length) == 0,
	   "the bytes are those of a fresh build");
	ok(summary.total_bytes == merged.length && numbers_go_on(&corpus, new_docno, from, parts),
	   "every document's new number is told");
	free(merged.data);
	skl_engine_release(&engine);
	free(corpus.docs);
}

static void
test_refusal(void)
{
	static const SklSchema other = {{1, 1, 1}, 0, NULL};
	Corpus corpus = corpus_make(5);
	SklEngine engine;
	SklSegmentBuilder *builder;
	SklBytes bytes[2];
	SklMergeInput inputs[2] = {{0}};
	Bytes merged = {NULL, 0};
	SklSegmentSink sink = {collect, &merged};

	skl_engine_init(&engine, NULL);
	bytes[0] = corpus_segment(&engine, &corpus, 0, 5, false);
	(void) skl_builder_create(&engine, &other, &builder);
	(void) skl_builder_finish_bytes(builder, &bytes[1], NULL);
	for (int s = 0; s < 2; s++)
	{
		SklSegmentSource source = {.base = bytes[s].data, .total = bytes[s].length};

		if (skl_segment_open(&engine, &source, &inputs[s].segment) != SKL_ENGINE_OK)
			abort();
	}
	ok(skl_merge(&engine, inputs, 2, &sink, NULL, NULL) == SKL_ENGINE_BAD_INPUT,
	   "segments of different schemas are not merged");
	free(merged.data);
	skl_engine_release(&engine);
	free(corpus.docs);
}

int
main(void)
{
	test_merge(300, 1, 0, "one segment is merged");
	test_merge(2000, 8, 0, "eight segments are merged");
	test_merge(3000, 12, 30, "segments with dead documents are merged");
	test_merge(200, 3, 100, "segments of the dead alone are merged");
	test_refusal();
	return done_testing();
}
