/*
 * test/c/segment_test.c
 *		Segments of the search engine: what was written is read back, byte strings of equal
 * documents are equal, and corrupt ones are errors.
 */
#include "skl.h"

#include "search/engine/bits.h"
#include "search/engine/column_read.h"
#include "search/engine/postings.h"

#include "search_corpus.h"
#include "tap.h"

/* ---- codec ---- */

static bool
packs_across(void)
{
	for (unsigned width = 0; width <= 32; width++)
	{
		uint32_t values[SKL_BLOCK];
		uint32_t again[SKL_BLOCK];
		uint8_t packed[16 * 32];

		for (int i = 0; i < SKL_BLOCK; i++)
			values[i] = (uint32_t) (random_u64() & ((UINT64_C(1) << width) - 1));
		skl_block_pack(values, width, packed);
		skl_block_unpack(packed, width, again);
		if (memcmp(values, again, sizeof(values)) != 0)
			return false;
	}
	return true;
}

static bool
packs_along(void)
{
	for (unsigned width = 0; width <= 32; width++)
	{
		uint32_t n = 1 + random_below(200);
		uint32_t values[200];
		uint32_t again[200];
		uint8_t packed[200 * 4 + SKL_BITS_SLACK];

		for (uint32_t i = 0; i < n; i++)
			values[i] = (uint32_t) (random_u64() & ((UINT64_C(1) << width) - 1));
		skl_bits_pack32(values, n, width, packed);
		skl_bits_unpack32(packed, n, width, again);
		if (memcmp(values, again, n * sizeof(*values)) != 0)
			return false;
		for (uint32_t i = 0; i < n; i++)
			if (skl_bits_get(packed, i, width) != values[i])
				return false;
	}
	return true;
}

static bool
sums_gaps(void)
{
	uint32_t values[SKL_BLOCK];
	uint32_t sums[SKL_BLOCK];
	uint32_t sum = UINT32_MAX;

	for (int i = 0; i < SKL_BLOCK; i++)
	{
		values[i] = random_below(1000);
		sum += values[i] + 1;
		sums[i] = sum;
	}
	skl_block_sum(values, UINT32_MAX);
	return memcmp(values, sums, sizeof(sums)) == 0;
}

static bool
varints_come_back(void)
{
	for (int i = 0; i < 100000; i++)
	{
		uint64_t value = random_u64() >> random_below(64);
		uint64_t again;
		uint8_t bytes[SKL_VARINT_MAX];
		size_t n = skl_varint_write(value, bytes);
		const uint8_t *at = bytes;

		if (!skl_varint_read(&at, bytes + n, &again) || again != value || at != bytes + n)
			return false;
		at = bytes;
		if (skl_varint_read(&at, bytes + n - 1, &again))
			return false;
	}
	return true;
}

/* Every kind of page: none, narrow, wide, the whole range. */
static bool
pages_come_back(void)
{
	static uint8_t page[SKL_COLUMN_PAGE_BYTES(SKL_COLUMN_PAGE)];
	static int64_t numbers[SKL_COLUMN_PAGE];
	static int64_t again[SKL_COLUMN_PAGE];
	static bool present[SKL_COLUMN_PAGE];
	static bool there[SKL_COLUMN_PAGE];

	for (int c = 0; c < 200; c++)
	{
		uint32_t n = 1 + random_below(c % 2 == 0 ? 70 : SKL_COLUMN_PAGE);
		unsigned shift = random_below(64);
		size_t length;

		for (uint32_t i = 0; i < n; i++)
		{
			present[i] = c > 0 && random_below(5) > 0;
			numbers[i] = present[i] ? (int64_t) random_u64() >> shift : 0;
			if (c == 7)
				numbers[i] = i % 2 == 0 ? INT64_MIN : INT64_MAX;
			if (!present[i])
				numbers[i] = 0;
		}
		length = skl_column_page_write(numbers, present, n, page);
		if (length > SKL_COLUMN_PAGE_BYTES(n) ||
			!skl_column_page_read((SklBytes){page, (uint32_t) length}, n, again, there) ||
			memcmp(present, there, n) != 0)
			return false;
		for (uint32_t i = 0; i < n; i++)
			if (present[i] && numbers[i] != again[i])
				return false;
		if (skl_column_page_read((SklBytes){page, (uint32_t) length}, n + 1, again, there))
			return false;
	}
	return true;
}

/* ---- reading back ---- */

/* A source in pieces, as rows of a table are: each piece in memory of its own length. */
static const uint8_t *
read_piece(void *context, uint64_t offset, size_t length)
{
	const SklBytes *bytes = ((const SklBytes **) context)[0];
	SklEngine *pieces = ((SklEngine **) context)[1];
	uint8_t *piece = skl_arena_alloc(&pieces->arena, length);

	memcpy(piece, bytes->data + offset, length);
	return piece;
}

static uint32_t
occurrences(const CorpusDoc *doc, int word, int field, uint32_t *positions)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < doc->n[field]; i++)
		if (doc->words[field][i] == word)
			positions[n++] = i;
	return n;
}

/* One posting: which document, how often in each field, where. */
static bool
posting_is(SklPostings *postings, uint32_t i, const CorpusDoc *doc, int word)
{
	for (int f = 0; f < SKL_FIELDS; f++)
	{
		uint32_t expected[PLACES];
		static uint32_t found[SKL_TF_MAX];
		uint32_t n = occurrences(doc, word, f, expected);

		if (skl_postings_positions(postings, i, (unsigned) f, found) != n ||
			memcmp(expected, found, n * sizeof(*found)) != 0)
			return false;
	}
	return true;
}

static bool
has_word(const CorpusDoc *doc, int word)
{
	uint32_t positions[PLACES];

	for (int f = 0; f < SKL_FIELDS; f++)
		if (occurrences(doc, word, f, positions) > 0)
			return true;
	return false;
}

static bool
word_is(SklSegment *segment, const Corpus *corpus, int word)
{
	static SklPostings postings;
	char text[16];
	bool found;
	SklTermInfo info;
	uint32_t seen = 0;

	corpus_word(word, text);
	if (skl_segment_find(segment, SKL_TERM_WORD, bytes_of(text), &found, &info) != SKL_ENGINE_OK)
		return false;
	if (found)
		skl_postings_open(&postings, segment, &info);
	for (uint32_t d = 0; d < corpus->n; d++)
	{
		if (!has_word(&corpus->docs[d], word))
			continue;
		if (!found || seen >= info.df)
			return false;
		skl_postings_docs(&postings, seen / SKL_BLOCK);
		skl_postings_entries(&postings);
		if (postings.docs[seen % SKL_BLOCK] != d ||
			!posting_is(&postings, seen % SKL_BLOCK, &corpus->docs[d], word))
			return false;
		seen++;
	}
	return seen == (found ? info.df : 0);
}

static bool
documents_are(SklSegment *segment, const Corpus *corpus)
{
	for (uint32_t d = 0; d < corpus->n; d++)
	{
		const CorpusDoc *doc = &corpus->docs[d];
		uint8_t id[SKL_ENTITY_ID_BYTES];
		int64_t version;
		uint32_t length;
		uint32_t expected = 0;

		for (int f = 0; f < SKL_FIELDS; f++)
			for (uint32_t i = 0; i < doc->n[f]; i++)
				expected += doc->words[f][i] == 255 ? 0u : corpus_schema.weights[f];
		if (skl_segment_id(segment, d, id) != SKL_ENGINE_OK ||
			memcmp(id, doc->id, sizeof(id)) != 0 ||
			skl_segment_version(segment, d, &version) != SKL_ENGINE_OK ||
			version != doc->prior * 3 + 1 ||
			skl_segment_length(segment, d, &length) != SKL_ENGINE_OK || length != expected)
			return false;
	}
	return true;
}

/* Terms come in order, all of them, from any beginning on. */
static bool
walks_in_order(SklSegment *segment)
{
	SklTermWalk walk;
	SklBytes term;
	SklTermInfo info;
	bool found;
	uint32_t n = 0;
	char last[SKL_SEARCH_WORD_MAX + 1] = "";

	for (int kind = SKL_TERM_FILTER; kind <= SKL_TERM_WORD; kind++)
	{
		last[0] = '\0';
		if (skl_term_walk(segment, (SklTermKind) kind, (SklBytes){NULL, 0}, &walk) != SKL_ENGINE_OK)
			return false;
		while (skl_term_next(&walk, &found, &term, &info) == SKL_ENGINE_OK && found)
		{
			char text[SKL_SEARCH_WORD_MAX + 1];

			memcpy(text, term.data, term.length);
			text[term.length] = '\0';
			if (strcmp(last, text) >= 0)
				return false;
			memcpy(last, text, term.length + 1);
			n++;
		}
	}
	if (n != skl_segment_terms(segment) || n == 0)
		return false;
	if (skl_term_walk(segment, SKL_TERM_WORD, bytes_of("wo"), &walk) != SKL_ENGINE_OK ||
		skl_term_next(&walk, &found, &term, &info) != SKL_ENGINE_OK)
		return false;
	return found && term.length >= 2 && memcmp(term.data, "wo", 2) == 0;
}

static void
test_reading(uint32_t n, const char *what)
{
	Corpus corpus = corpus_make(n);
	SklEngine engine;
	SklEngine reader;
	SklEngine pieces;
	SklBytes bytes;
	void *context[2] = {&bytes, &pieces};
	SklSegmentSource source = {.read = read_piece, .context = context};
	SklSegment *segment = NULL;
	bool words = true;

	printf("# %s\n", what);
	skl_engine_init(&engine, NULL);
	skl_engine_init(&reader, NULL);
	skl_engine_init(&pieces, NULL);
	bytes = corpus_segment(&engine, &corpus, 0, n, false);
	source.total = bytes.length;
	ok(skl_segment_open(&reader, &source, &segment) == SKL_ENGINE_OK, "a segment opens");
	ok(skl_segment_verify(segment) == SKL_ENGINE_OK, "its checksums are right");
	ok(skl_segment_docs(segment) == n, "it has its documents");
	ok(documents_are(segment, &corpus), "ids, versions and lengths come back");
	for (int word = 0; word < WORDS; word++)
		words = words && word_is(segment, &corpus, word);
	ok(words, "every posting comes back with its positions");
	ok(n == 0 || walks_in_order(segment), "terms come in order");
	skl_engine_release(&engine);
	skl_engine_release(&reader);
	skl_engine_release(&pieces);
	free(corpus.docs);
}

/* ---- refusals ---- */

static void
test_refusals(void)
{
	static const char long_word[300] = "";
	SklEngine engine;
	SklSegmentBuilder *builder;
	uint32_t positions[2] = {5, 5};
	SklDocWord word = {.word = bytes_of("x"), .tf = {0, 0, 1}, .positions = positions};
	SklDocValue values[COLUMNS] = {{0}};
	SklDocument document = {.n_words = 1, .words = &word, .values = values};
	SklSchema bad = {{0, 1, 1}, 0, NULL};

	skl_engine_init(&engine, NULL);
	ok(skl_builder_create(&engine, &bad, &builder) == SKL_ENGINE_BAD_INPUT,
	   "a field without weight is refused");
	ok(skl_builder_create(&engine, &corpus_schema, &builder) == SKL_ENGINE_OK, "a builder is made");
	ok(skl_builder_add(builder, &document) == SKL_ENGINE_OK, "a document is taken");
	word.tf[2] = 2;
	ok(skl_builder_add(builder, &document) == SKL_ENGINE_BAD_INPUT,
	   "positions that do not ascend are refused");
	word.tf[2] = 0;
	ok(skl_builder_add(builder, &document) == SKL_ENGINE_BAD_INPUT,
	   "a word that does not occur is refused");
	word.tf[2] = 1;
	word.word = (SklBytes){(const uint8_t *) long_word, sizeof(long_word)};
	ok(skl_builder_add(builder, &document) == SKL_ENGINE_BAD_INPUT, "a long word is refused");
	ok(skl_builder_docs(builder) == 1, "what was refused left nothing behind");
	skl_engine_release(&engine);
}

/* Reads everything there is to read. */
static void
read_all(const uint8_t *bytes, uint64_t length)
{
	static SklSearchResult result;
	SklEngine engine;
	SklSegment *segment;
	SklSegmentSource source = {.base = bytes, .total = length};
	SklSearchSegment search = {0};
	SklPlanTerm terms[4] = {{bytes_of("w00"), 1, SKL_ALL_FIELDS, 0},
							{bytes_of("wo01x"), 1, SKL_ALL_FIELDS, 0},
							{bytes_of("02"), 1, SKL_FIELD_MASK(SKL_FIELD_TITLE), 0},
							{bytes_of("w03"), 1, SKL_ALL_FIELDS, 0}};
	uint32_t phrase_terms[2] = {0, 1};
	uint32_t offsets[2] = {0, 1};
	uint32_t children[3] = {0, 1, 2};
	SklPlanPhrase phrase = {2, phrase_terms, offsets, 2, SKL_ALL_FIELDS};
	SklPlanNode nodes[4] = {{SKL_PLAN_TERM, 2, 0, NULL},
							{SKL_PLAN_TERM, 3, 0, NULL},
							{SKL_PLAN_PHRASE, 0, 0, NULL},
							{SKL_PLAN_OR, 0, 3, children}};
	SklPlanFacet facets[3] = {{.kind = SKL_FACET_LABELS, .column = "category", .filter = -1},
							  {.kind = SKL_FACET_LABELS, .column = "skills", .filter = -1},
							  {.kind = SKL_FACET_STATS, .column = "price", .filter = -1}};
	SklBytes category = bytes_of("category=1");
	SklPlanFilter filter = {
		.kind = SKL_FILTER_TERMS, .n_terms = 1, .terms = &category, .negated = true};
	SklPlan plan = {.k1 = 1.2f,
					.b = 0.75f,
					.n_terms = 4,
					.terms = terms,
					.n_phrases = 1,
					.phrases = &phrase,
					.n_nodes = 4,
					.nodes = nodes,
					.root = 3,
					.n_filters = 1,
					.filters = &filter,
					.n_facets = 3,
					.facets = facets,
					.k = 10,
					.classes = {~UINT64_C(0)},
					.use_prior = true};
	SklTermWalk walk;
	SklBytes term;
	SklTermInfo info;
	bool found = true;

	skl_engine_init(&engine, NULL);
	if (skl_segment_open(&engine, &source, &segment) == SKL_ENGINE_OK)
	{
		(void) skl_segment_verify(segment);
		if (skl_term_walk(segment, SKL_TERM_WORD, (SklBytes){NULL, 0}, &walk) == SKL_ENGINE_OK)
			while (found && skl_term_next(&walk, &found, &term, &info) == SKL_ENGINE_OK)
				;
		search.segment = segment;
		(void) skl_search(&engine, &plan, &search, 1, NULL, &result);
		plan.sort = SKL_SORT_DESC;
		plan.sort_column = "wide";
		(void) skl_search(&engine, &plan, &search, 1, NULL, &result);
	}
	skl_engine_release(&engine);
}

/* Writes the checksum of the header anew, so that changes of the header are looked at. */
static void
mend_header(uint8_t *bytes, uint64_t length)
{
	uint32_t header = skl_load32(bytes + length - 16);
	uint32_t crc;

	if (header > length - 16)
		return;
	crc = skl_crc32c(0, bytes + length - 16 - header, header);
	memcpy(bytes + length - 12, &crc, sizeof(crc));
}

static void
test_corruption(void)
{
	Corpus corpus = corpus_make(600);
	SklEngine engine;
	SklBytes bytes;
	uint8_t *copy;
	uint32_t caught = 0;
	uint32_t cases = 2000;

	skl_engine_init(&engine, NULL);
	bytes = corpus_segment(&engine, &corpus, 0, corpus.n, false);
	for (uint32_t c = 0; c < cases; c++)
	{
		uint64_t length = c % 10 == 0 ? random_below(bytes.length) : bytes.length;
		SklSegmentSource source = {.total = length};
		SklSegment *segment;

		copy = malloc(length + 1);
		memcpy(copy, bytes.data, length);
		for (uint32_t i = 0; i < 1 + random_below(4) && length > 0; i++)
			copy[random_below(8) == 0 && length > 900 ? length - 1 - random_below(900)
													  : random_below((uint32_t) length)] =
				(uint8_t) random_u64();
		if (c % 2 == 0 && length > 16)
			mend_header(copy, length);
		source.base = copy;
		if (skl_segment_open(&engine, &source, &segment) != SKL_ENGINE_OK ||
			skl_segment_verify(segment) != SKL_ENGINE_OK)
			caught++;
		read_all(copy, length);
		free(copy);
	}
	ok(caught > cases * 98 / 100, "changed bytes are found by the checksums");
	printf("# %u of %u\n", caught, cases);
	skl_engine_release(&engine);
	free(corpus.docs);
}

static void
test_equal_bytes(void)
{
	Corpus corpus = corpus_make(500);
	SklEngine engine;
	SklBytes a;
	SklBytes b;

	skl_engine_init(&engine, NULL);
	a = corpus_segment(&engine, &corpus, 0, corpus.n, false);
	b = corpus_segment(&engine, &corpus, 0, corpus.n, false);
	ok(a.length == b.length && memcmp(a.data, b.data, a.length) == 0,
	   "the same documents make the same bytes");
	skl_engine_release(&engine);
	free(corpus.docs);
}

int
main(void)
{
	ok(packs_across(), "blocks of every width come back");
	ok(packs_along(), "numbers of every width come back");
	ok(sums_gaps(), "gaps are summed");
	ok(varints_come_back(), "varints come back");
	ok(pages_come_back(), "pages of numbers come back");
	test_reading(0, "no documents");
	test_reading(3, "three documents");
	test_reading(127, "almost a block");
	test_reading(9000, "several windows");
	test_equal_bytes();
	test_refusals();
	test_corruption();
	return done_testing();
}
