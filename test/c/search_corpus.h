/*
 * test/c/search_corpus.h
 *		Random documents for tests of the search engine, kept in memory so that an oracle can look
 *		at them, and segments made of them.
 */
#ifndef SKL_TEST_SEARCH_CORPUS_H
#define SKL_TEST_SEARCH_CORPUS_H

#include "search/engine/exec.h"
#include "search/engine/segment_write.h"

#include <stdlib.h>

#include "random.h"

#define WORDS 80
#define CATEGORIES 9
#define SKILLS 30
#define PLACES 120 /* most words of one field */

enum
{
	COLUMN_PRICE,
	COLUMN_DAY,
	COLUMN_WIDE,
	COLUMN_LATITUDE,
	COLUMN_LONGITUDE,
	COLUMN_CATEGORY,
	COLUMN_SKILLS,
	COLUMNS
};

static const SklColumnDef corpus_columns[COLUMNS] = {
	{"price", SKL_COLUMN_NUMBER},	  {"day", SKL_COLUMN_NUMBER},
	{"wide", SKL_COLUMN_NUMBER},	  {"latitude", SKL_COLUMN_NUMBER},
	{"longitude", SKL_COLUMN_NUMBER}, {"category", SKL_COLUMN_LABEL},
	{"skills", SKL_COLUMN_LABELS}};

static const SklSchema corpus_schema = {{2, 2, 1}, COLUMNS, corpus_columns};

/* A document as the oracle sees it: word numbers in their order, 255 for a gap. */
typedef struct CorpusDoc
{
	uint8_t id[SKL_ENTITY_ID_BYTES];
	uint8_t visibility;
	uint8_t prior;
	uint8_t n[SKL_FIELDS];
	uint8_t words[SKL_FIELDS][PLACES];
	int category;	 /* -1: none */
	uint32_t skills; /* bit set */
	bool present[COLUMNS];
	int64_t number[COLUMNS];
	bool dead;

	/* its price and prior changed after its segment was written, where they are still so */
	bool moved;
	bool was_present;
	int64_t was_price;
	uint8_t was_prior;
} CorpusDoc;

typedef struct Corpus
{
	uint32_t n;
	CorpusDoc *docs;
} Corpus;

static inline void
corpus_word(int word, char text[16])
{
	/* words of several lengths, some of which begin alike */
	snprintf(text, 16, word % 3 == 0 ? "w%02d" : word % 3 == 1 ? "wo%02dx" : "%02d", word);
}

/* Common words are commoner. */
static inline uint8_t
random_word(void)
{
	uint32_t a = random_below(WORDS);
	uint32_t b = random_below(WORDS);
	uint32_t c = random_below(WORDS);

	a = a < b ? a : b;
	return (uint8_t) (a < c ? a : c);
}

static inline void
random_doc(CorpusDoc *doc, uint32_t number)
{
	static const uint32_t most[SKL_FIELDS] = {6, 4, 60};

	memset(doc, 0, sizeof(*doc));
	for (int i = 0; i < 8; i++)
		doc->id[8 + i] = (uint8_t) ((uint64_t) number >> (8 * (7 - i)));
	for (int i = 0; i < 8; i++)
		doc->id[i] = (uint8_t) random_below(4);
	doc->visibility = (uint8_t) (random_below(10) == 0 ? 7 : random_below(12) == 0 ? 200 : 0);
	doc->prior = (uint8_t) random_below(256);
	for (int f = 0; f < SKL_FIELDS; f++)
	{
		doc->n[f] = (uint8_t) random_below(most[f] + 1);
		if (f == SKL_FIELD_BODY && random_below(50) == 0)
			doc->n[f] = PLACES;
		for (uint32_t i = 0; i < doc->n[f]; i++)
			doc->words[f][i] = random_below(12) == 0 ? 255 : random_word();
	}
	doc->category = (int) random_below(CATEGORIES + 1) - 1;
	for (int i = 0; i < 4; i++)
		if (random_below(2) == 0)
			doc->skills |= 1u << random_below(SKILLS);
	for (int c = 0; c <= COLUMN_LONGITUDE; c++)
		doc->present[c] = random_below(7) != 0;
	doc->number[COLUMN_PRICE] = (int64_t) random_below(5000) - 100;
	doc->number[COLUMN_DAY] = number / 7;
	doc->number[COLUMN_WIDE] = random_amount();
	doc->number[COLUMN_LATITUDE] = (int64_t) random_below(1800000000) - 900000000;
	doc->number[COLUMN_LONGITUDE] = (int64_t) random_below(3600000000u) - 1800000000;
}

static inline Corpus
corpus_make(uint32_t n)
{
	Corpus corpus = {n, malloc(sizeof(CorpusDoc) * ((size_t) n + 1))};

	for (uint32_t i = 0; i < n; i++)
		random_doc(&corpus.docs[i], i);
	return corpus;
}

/* Texts and arrays of a document that is handed to the builder. */
typedef struct CorpusScratch
{
	char words[WORDS][16];
	uint32_t positions[WORDS][SKL_FIELDS * PLACES];
	SklDocWord doc_words[WORDS];
	char filter_texts[SKILLS + 1][32];
	SklBytes filters[SKILLS + 1];
	char label_texts[SKILLS][16];
	SklBytes labels[SKILLS];
	char category[16];
	SklBytes category_label;
	SklDocValue values[COLUMNS];
} CorpusScratch;

static inline SklBytes
bytes_of(const char *text)
{
	return (SklBytes){(const uint8_t *) text, (uint32_t) strlen(text)};
}

static inline void
corpus_words(const CorpusDoc *doc, CorpusScratch *scratch, SklDocument *document)
{
	for (int word = 0; word < WORDS; word++)
	{
		SklDocWord entry = {.positions = scratch->positions[word]};
		uint32_t n = 0;

		for (int f = 0; f < SKL_FIELDS; f++)
			for (uint32_t i = 0; i < doc->n[f]; i++)
				if (doc->words[f][i] == word)
				{
					scratch->positions[word][n++] = i;
					entry.tf[f]++;
				}
		if (n == 0)
			continue;
		corpus_word(word, scratch->words[word]);
		entry.word = bytes_of(scratch->words[word]);
		scratch->doc_words[document->n_words++] = entry;
	}
	document->words = scratch->doc_words;
}

static inline void
corpus_labels(const CorpusDoc *doc, CorpusScratch *scratch, SklDocument *document)
{
	SklDocValue *skills = &scratch->values[COLUMN_SKILLS];

	memset(scratch->values, 0, sizeof(scratch->values));
	for (int c = 0; c <= COLUMN_LONGITUDE; c++)
		scratch->values[c] = (SklDocValue){.present = doc->present[c], .number = doc->number[c]};
	if (doc->moved)
		scratch->values[COLUMN_PRICE] =
			(SklDocValue){.present = doc->was_present, .number = doc->was_price};
	if (doc->category >= 0)
	{
		snprintf(scratch->category, sizeof(scratch->category), "c%d", doc->category);
		scratch->category_label = bytes_of(scratch->category);
		scratch->values[COLUMN_CATEGORY] =
			(SklDocValue){.n_labels = 1, .labels = &scratch->category_label};
		snprintf(scratch->filter_texts[0], 32, "category=%d", doc->category);
		scratch->filters[document->n_filters++] = bytes_of(scratch->filter_texts[0]);
	}
	for (int s = SKILLS - 1; s >= 0; s--)
	{
		if (!(doc->skills >> s & 1))
			continue;
		snprintf(scratch->label_texts[s], 16, "s%d", s);
		scratch->labels[skills->n_labels++] = bytes_of(scratch->label_texts[s]);
		snprintf(scratch->filter_texts[s + 1], 32, "skill=%d", s);
		scratch->filters[document->n_filters++] = bytes_of(scratch->filter_texts[s + 1]);
	}
	skills->labels = scratch->labels;
	document->filters = scratch->filters;
	document->values = scratch->values;
}

static inline SklDocument
corpus_document(const CorpusDoc *doc, CorpusScratch *scratch)
{
	SklDocument document = {.visibility = doc->visibility,
							.prior = doc->moved ? doc->was_prior : doc->prior,
							.version = doc->prior * 3 + 1};

	memcpy(document.id, doc->id, sizeof(document.id));
	corpus_words(doc, scratch, &document);
	corpus_labels(doc, scratch, &document);
	return document;
}

/* A segment of documents from .. to - 1, without the dead if so asked. */
static inline SklBytes
corpus_segment(SklEngine *engine, const Corpus *corpus, uint32_t from, uint32_t to, bool living)
{
	CorpusScratch *scratch = malloc(sizeof(*scratch));
	SklSegmentBuilder *builder = NULL;
	SklSegmentSummary summary;
	SklBytes bytes = {NULL, 0};

	if (skl_builder_create(engine, &corpus_schema, &builder) != SKL_ENGINE_OK)
		abort();
	for (uint32_t i = from; i < to; i++)
	{
		SklDocument document;

		if (living && corpus->docs[i].dead)
			continue;
		document = corpus_document(&corpus->docs[i], scratch);
		if (skl_builder_add(builder, &document) != SKL_ENGINE_OK)
			abort();
	}
	if (skl_builder_finish_bytes(builder, &bytes, &summary) != SKL_ENGINE_OK)
		abort();
	free(scratch);
	return bytes;
}

#endif
