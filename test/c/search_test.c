/*
 * test/c/search_test.c
 *		Random plans over random documents: hits, scores, totals and facets against an oracle that
 *		reads the texts; every way of running a plan against scoring every match; 1, 3 and 20
 *		segments, with and without dead documents.
 */
#include "skl.h"

#include "search/engine/bits.h"
#include "search/engine/column.h"

#include "search_oracle.h"
#include "tap.h"

#define CASES 100
#define MOST_SEGMENTS 20

/* ---- an index: segments over one corpus ---- */

#define MOST_PAGES 4

typedef struct Index
{
	SklEngine engine;
	uint32_t n;
	SklSegmentSource sources[MOST_SEGMENTS];
	SklSearchSegment segments[MOST_SEGMENTS];
	uint32_t first[MOST_SEGMENTS];
	SklOverlay overlays[MOST_SEGMENTS];
	SklBytes pages[MOST_SEGMENTS][MOST_PAGES];
} Index;

/* The price page of documents that have moved; without data when none of them has. */
static SklBytes
fresh_page(Index *index, const CorpusDoc *docs, uint32_t n)
{
	uint8_t *page = skl_engine_alloc(&index->engine, SKL_COLUMN_PAGE_BYTES(n));
	int64_t numbers[SKL_COLUMN_PAGE];
	bool present[SKL_COLUMN_PAGE];
	bool moved = false;

	for (uint32_t d = 0; d < n; d++)
	{
		numbers[d] = docs[d].number[COLUMN_PRICE];
		present[d] = docs[d].present[COLUMN_PRICE];
		moved = moved || docs[d].moved;
	}
	if (!moved)
		return (SklBytes){NULL, 0};
	return (SklBytes){page, (uint32_t) skl_column_page_write(numbers, present, n, page)};
}

/* Gives a segment the prices and priors that its documents have by now. */
static void
freshen(Index *index, uint32_t s, const CorpusDoc *docs, uint32_t n)
{
	uint32_t n_pages = (n + SKL_COLUMN_PAGE - 1) / SKL_COLUMN_PAGE;
	uint8_t *priors = skl_engine_alloc(&index->engine, (size_t) n + 1);

	for (uint32_t p = 0; p < n_pages; p++)
	{
		uint32_t left = n - p * SKL_COLUMN_PAGE;

		index->pages[s][p] = fresh_page(index, docs + (size_t) p * SKL_COLUMN_PAGE,
										left < SKL_COLUMN_PAGE ? left : SKL_COLUMN_PAGE);
	}
	for (uint32_t d = 0; d < n; d++)
		priors[d] = docs[d].prior;
	index->overlays[s] = (SklOverlay){"price", n_pages, index->pages[s]};
	index->segments[s].n_overlays = 1;
	index->segments[s].overlays = &index->overlays[s];
	index->segments[s].prior = priors;
}

static void
index_make(Index *index, const Corpus *corpus, uint32_t n)
{
	uint32_t from = 0;

	memset(index, 0, sizeof(*index));
	skl_engine_init(&index->engine, NULL);
	index->n = n;
	for (uint32_t s = 0; s < n; s++)
	{
		/* segments of very different sizes; the last takes the rest */
		uint32_t left = corpus->n - from;
		uint32_t docs = s + 1 == n ? left : random_below(2) == 0 ? left / 2 : left / 10;
		SklBytes bytes = corpus_segment(&index->engine, corpus, from, from + docs, false);
		uint64_t *dead = skl_arena_zero(&index->engine.arena, docs / 64 + 1, sizeof(uint64_t));
		bool any = false;

		for (uint32_t d = 0; d < docs; d++)
			if (corpus->docs[from + d].dead)
			{
				dead[d / 64] |= UINT64_C(1) << d % 64;
				any = true;
			}
		index->sources[s] = (SklSegmentSource){.base = bytes.data, .total = bytes.length};
		if (skl_segment_open(&index->engine, &index->sources[s], &index->segments[s].segment) !=
			SKL_ENGINE_OK)
			abort();
		index->segments[s].dead = any ? dead : NULL;
		index->segments[s].cache_id = s + 1;
		freshen(index, s, corpus->docs + from, docs);
		index->first[s] = from;
		from += docs;
	}
}

static const CorpusDoc *
doc_of(const Corpus *corpus, const Index *index, const SklHit *hit)
{
	return &corpus->docs[index->first[hit->segment] + hit->docno];
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, SKL_ENTITY_ID_BYTES);
}

/* ---- hits ---- */

static bool
close_to(double a, double b)
{
	return fabs(a - b) <= 1e-5 * (1 + fabs(b));
}

/* Hits are matches, in order, scored by the formula, and none that is better was left out. */
static bool
hits_are(const Corpus *corpus, const Index *index, const RandomPlan *random,
		 const SklSearchResult *result)
{
	OracleStats stats = oracle_stats(corpus, random);
	uint64_t matches = 0;
	uint64_t better = 0;
	double worst = result->n_hits > 0 ? result->hits[result->n_hits - 1].score : 0;

	for (uint32_t i = 0; i < result->n_hits; i++)
	{
		const SklHit *hit = &result->hits[i];
		const CorpusDoc *doc = doc_of(corpus, index, hit);

		if (memcmp(hit->id, doc->id, sizeof(hit->id)) != 0 || !doc_matches(random, doc) ||
			failing_filters(random, doc) != 0 ||
			!close_to(hit->score, oracle_score(random, &stats, doc)) ||
			!close_to(hit->text, oracle_text(random, &stats, doc)))
			return false;
		if (i > 0 && (hit[-1].score < hit->score ||
					  (hit[-1].score == hit->score && compare_ids(hit[-1].id, hit->id) >= 0)))
			return false;
	}
	for (uint32_t d = 0; d < corpus->n; d++)
	{
		const CorpusDoc *doc = &corpus->docs[d];

		if (!doc_matches(random, doc) || failing_filters(random, doc) != 0)
			continue;
		matches++;
		better += oracle_score(random, &stats, doc) > worst + 1e-4;
	}
	if (result->n_hits != (matches < random->plan.k ? matches : random->plan.k) ||
		result->more != (matches > random->plan.k))
		return false;
	if (matches > random->plan.k && better > result->n_hits)
		return false;
	return !(random->plan.want_total || random->plan.n_facets > 0) || result->total == matches;
}

/* ---- facets ---- */

static bool
facet_sees(const RandomPlan *random, const SklPlanFacet *facet, const CorpusDoc *doc)
{
	uint32_t own = facet->filter < 0 ? 0 : 1u << facet->filter;

	return doc_matches(random, doc) && (failing_filters(random, doc) & ~own) == 0;
}

static bool
labels_are(const Corpus *corpus, const RandomPlan *random, const SklPlanFacet *facet,
		   const SklFacetResult *result)
{
	uint64_t counts[64] = {0};
	uint32_t n = 0;
	bool skills = strcmp(facet->column, "skills") == 0;

	for (uint32_t d = 0; d < corpus->n; d++)
	{
		const CorpusDoc *doc = &corpus->docs[d];

		if (!facet_sees(random, facet, doc))
			continue;
		if (!skills && doc->category >= 0)
			counts[doc->category]++;
		for (int s = 0; skills && s < SKILLS; s++)
			counts[s] += doc->skills >> s & 1;
	}
	for (int i = 0; i < 64; i++)
		n += counts[i] > 0;
	if (facet->limit > 0 && n > facet->limit)
		n = facet->limit;
	if (result->n_counts != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
	{
		int label = atoi((const char *) result->counts[i].label.data + 1);

		if (counts[label] != result->counts[i].count ||
			(i > 0 && result->counts[i - 1].count < result->counts[i].count))
			return false;
		counts[label] = 0;
	}
	/* what was left out is not more frequent */
	for (int i = 0; i < 64 && n > 0; i++)
		if (counts[i] > result->counts[n - 1].count)
			return false;
	return true;
}

static bool
numbers_are(const Corpus *corpus, const RandomPlan *random, const SklPlanFacet *facet,
			const SklFacetResult *result)
{
	int column = column_number(facet->column);
	uint64_t n = 0;
	uint64_t counted = 0;

	for (uint32_t d = 0; d < corpus->n; d++)
		n += facet_sees(random, facet, &corpus->docs[d]) && corpus->docs[d].present[column];
	if (result->n_values != n)
		return false;
	for (uint32_t i = 0; i < result->n_counts; i++)
	{
		uint64_t count = 0;

		for (uint32_t d = 0; d < corpus->n; d++)
			count += facet_sees(random, facet, &corpus->docs[d]) &&
					 corpus->docs[d].present[column] &&
					 corpus->docs[d].number[column] >= result->counts[i].range.min &&
					 corpus->docs[d].number[column] <= result->counts[i].range.max;
		if (result->counts[i].count != count)
			return false;
		counted += count;
	}
	if (facet->kind == SKL_FACET_HISTOGRAM)
		return counted == n && (facet->width != 0 || result->n_counts <= facet->limit);
	return true;
}

static bool
percentiles_are(const Corpus *corpus, const RandomPlan *random, const SklPlanFacet *facet,
				const SklFacetResult *result)
{
	int column = column_number(facet->column);

	for (uint32_t p = 0; p < facet->n_percentiles && result->n_values > 0; p++)
	{
		uint64_t below = 0;
		uint64_t upto = 0;
		double share = facet->percentiles[p] * (double) result->n_values / 100;

		for (uint32_t d = 0; d < corpus->n; d++)
		{
			const CorpusDoc *doc = &corpus->docs[d];

			if (!facet_sees(random, facet, doc) || !doc->present[column])
				continue;
			below += doc->number[column] < result->percentiles[p];
			upto += doc->number[column] <= result->percentiles[p];
		}
		if ((double) upto < share || (below > 0 && (double) below >= share))
			return false;
	}
	return true;
}

static bool
facets_are(const Corpus *corpus, const RandomPlan *random, const SklSearchResult *result)
{
	for (uint32_t i = 0; i < random->plan.n_facets; i++)
	{
		const SklPlanFacet *facet = &random->facets[i];
		const SklFacetResult *found = &result->facets[i];

		if (facet->kind == SKL_FACET_LABELS ? !labels_are(corpus, random, facet, found)
											: !numbers_are(corpus, random, facet, found))
			return false;
		if (facet->kind == SKL_FACET_STATS && !percentiles_are(corpus, random, facet, found))
			return false;
	}
	return true;
}

/* ---- the same from every way ---- */

static bool
same_hits(const SklSearchResult *a, const SklSearchResult *b)
{
	if (a->n_hits != b->n_hits || a->more != b->more)
		return false;
	for (uint32_t i = 0; i < a->n_hits; i++)
		if (memcmp(a->hits[i].id, b->hits[i].id, SKL_ENTITY_ID_BYTES) != 0 ||
			a->hits[i].score != b->hits[i].score || a->hits[i].value != b->hits[i].value ||
			a->hits[i].null != b->hits[i].null)
			return false;
	return true;
}

static bool
search(SklEngine *engine, const SklPlan *plan, const Index *index, SklSearchResult *result)
{
	SklStatus status = skl_search(engine, plan, index->segments, index->n, NULL, result);

	if (status != SKL_ENGINE_OK)
		printf("# %s\n", engine->message);
	return status == SKL_ENGINE_OK;
}

/* Reads all pages of a plan with k hits each; do they make up the hits of one long page? */
static bool
pages_make_all(SklEngine *engine, SklPlan plan, const Index *index)
{
	SklSearchResult all;
	SklSearchResult page;
	uint32_t at = 0;
	uint32_t k = plan.k;

	plan.k = 100000;
	if (!search(engine, &plan, index, &all))
		return false;
	plan.k = k;
	for (int p = 0; p < 12; p++)
	{
		const SklHit *last;

		if (!search(engine, &plan, index, &page) || at + page.n_hits > all.n_hits)
			return false;
		for (uint32_t i = 0; i < page.n_hits; i++, at++)
			if (memcmp(page.hits[i].id, all.hits[at].id, SKL_ENTITY_ID_BYTES) != 0)
				return false;
		if (!page.more)
			return at == all.n_hits;
		last = &page.hits[page.n_hits - 1];
		plan.after = (SklPlanCursor){.present = true,
									 .reranked = last->reranked,
									 .null = last->null,
									 .score = last->score,
									 .value = last->value};
		memcpy(plan.after.id, last->id, SKL_ENTITY_ID_BYTES);
	}
	return true;
}

/* Sorted by a column: in order, none left out, the same through pages. */
static bool
sorts(SklEngine *engine, const RandomPlan *random, const Corpus *corpus, const Index *index)
{
	static const char *const columns[3] = {"price", "day", "wide"};
	SklPlan plan = random->plan;
	SklSearchResult result;
	int column;

	plan.sort = random_below(2) == 0 ? SKL_SORT_ASC : SKL_SORT_DESC;
	plan.sort_column = columns[random_below(3)];
	column = column_number(plan.sort_column);
	if (!search(engine, &plan, index, &result))
		return false;
	for (uint32_t i = 0; i < result.n_hits; i++)
	{
		const SklHit *hit = &result.hits[i];
		const CorpusDoc *doc = doc_of(corpus, index, hit);
		const SklHit *before = hit - 1;

		if (hit->null == doc->present[column] ||
			(!hit->null && hit->value != doc->number[column]) || !doc_matches(random, doc))
			return false;
		if (i == 0)
			continue;
		if (before->null != hit->null ? before->null
			: !hit->null && before->value != hit->value
				? (before->value > hit->value) != (plan.sort == SKL_SORT_DESC)
				: compare_ids(before->id, hit->id) >= 0)
			return false;
	}
	return pages_make_all(engine, plan, index);
}

/* ---- explanations, and the new order of the best ---- */

/* Every hit's parts sum to its score, and the terms' parts are those of the formula. */
static bool
explains(SklEngine *engine, const RandomPlan *random, const Corpus *corpus, const Index *index,
		 const SklSearchResult *result)
{
	OracleStats stats = oracle_stats(corpus, random);

	for (uint32_t i = 0; i < result->n_hits && i < 20; i++)
	{
		const SklHit *hit = &result->hits[i];
		const CorpusDoc *doc = doc_of(corpus, index, hit);
		SklExplanation e;
		double text = 0;

		if (skl_explain(engine, &random->plan, index->segments, index->n, hit, &e) !=
				SKL_ENGINE_OK ||
			!e.matches || fabs(e.score - hit->score) > 1e-9 * (1 + hit->score) ||
			e.text != hit->text || e.length != doc_length(doc))
			return false;
		for (uint32_t t = 0; t < e.n_terms; t++)
		{
			const SklExplainTerm *part = &e.terms[t];

			if (part->wtf !=
					word_wtf(doc, random->words[part->term], random->terms[part->term].fields) ||
				(double) part->df != stats.df[part->term] ||
				!close_to(part->score, part->weight * part->idf * part->part))
				return false;
			text += part->score;
		}
		if (e.n_terms > 0 && fabs(text - e.text) > 1e-9 * (1 + text))
			return false;
	}
	return true;
}

/* Filter terms of somebody who asks. */
typedef struct Near
{
	char texts[3][32];
	SklBytes terms[3];
	uint32_t n;
} Near;

static void
random_near(Near *near)
{
	near->n = random_below(4);
	for (uint32_t i = 0; i < near->n; i++)
	{
		/* each once */
		snprintf(near->texts[i], 32,
				 i == 0	  ? "category=%u"
				 : i == 1 ? "skill=1%u"
						  : "skill=2%u",
				 random_below(9));
		near->terms[i] = bytes_of(near->texts[i]);
	}
}

/* What a document gains at 1 for being near: half for the first term, a quarter for the second. */
static double
near_share(const Near *near, const CorpusDoc *doc)
{
	double left = 1;

	for (uint32_t i = 0; i < near->n; i++)
		left /= has_filter_term(doc, near->texts[i]) ? 2 : 1;
	return 1 - left;
}

/* The best are ordered by their new scores, the rest follows, and pages are the whole. */
static bool
reranks(SklEngine *engine, const RandomPlan *random, const Corpus *corpus, const Index *index)
{
	RandomPlan with = *random;
	SklSearchResult result;
	Near near;

	random_near(&near);
	with.plan.proximity = 0.2f;
	with.plan.personal = 0.1f;
	with.plan.n_near = near.n;
	with.plan.near = near.terms;
	if (!search(engine, &with.plan, index, &result))
		return false;
	for (uint32_t i = 0; i < result.n_hits; i++)
	{
		const SklHit *hit = &result.hits[i];
		double prior =
			hit->text > 0 ? hit->score / hit->text / (1 + hit->proximity) / hit->personal : 1;
		double personal =
			1 + (hit->reranked ? 0.1 * near_share(&near, doc_of(corpus, index, hit)) : 0);

		if (hit->reranked != (i < SKL_RANK_WINDOW) || hit->proximity < 0 ||
			hit->proximity > 0.2 + 1e-6 || prior < 0.999 || prior > 1.501 ||
			!close_to(hit->personal, personal))
			return false;
		if (i > 0 && hit->reranked == hit[-1].reranked && hit[-1].score < hit->score)
			return false;
	}
	return pages_make_all(engine, with.plan, index);
}

/* ---- the cache of filters, and interruption ---- */

#define MOST_CACHED 64

typedef struct Cache
{
	SklEngine engine;
	uint32_t n;
	uint32_t found;
	struct
	{
		uint64_t id;
		SklBytes key;
		const uint64_t *words;
	} entries[MOST_CACHED];
} Cache;

static const uint64_t *
cache_get(void *context, uint64_t cache_id, SklBytes key, uint32_t n_words)
{
	Cache *cache = context;

	(void) n_words;
	for (uint32_t i = 0; i < cache->n; i++)
		if (cache->entries[i].id == cache_id && cache->entries[i].key.length == key.length &&
			(key.length == 0 || memcmp(cache->entries[i].key.data, key.data, key.length) == 0))
		{
			cache->found++;
			return cache->entries[i].words;
		}
	return NULL;
}

static void
cache_put(void *context, uint64_t cache_id, SklBytes key, const uint64_t *words, uint32_t n_words)
{
	Cache *cache = context;
	uint32_t i = cache->n;
	SklArena *arena = &cache->engine.arena;

	if (i == MOST_CACHED)
		return;
	cache->n++;
	cache->entries[i].id = cache_id;
	cache->entries[i].key.length = key.length;
	cache->entries[i].key.data =
		(const uint8_t *) skl_arena_copy(arena, (const char *) key.data, key.length);
	cache->entries[i].words =
		skl_arena_grow(arena, words, n_words * sizeof(*words), n_words * sizeof(*words));
}

/* Filters from the cache give the same hits, and are found there the second time. */
static bool
caches(SklEngine *engine, const RandomPlan *random, const Index *index)
{
	Cache cache = {.n = 0};
	SklBitsetCache hooks = {cache_get, cache_put, &cache};
	SklSearchResult plain;
	SklSearchResult result;
	uint32_t groups = 0;
	bool good = search(engine, &random->plan, index, &plain);

	skl_engine_init(&cache.engine, NULL);
	for (uint32_t f = 0; f < random->plan.n_filters; f++)
		groups += random->filters[f].kind == SKL_FILTER_TERMS;
	for (int pass = 0; pass < 2; pass++)
		good = good &&
			   skl_search(engine, &random->plan, index->segments, index->n, &hooks, &result) ==
				   SKL_ENGINE_OK &&
			   same_hits(&plain, &result);
	good = good && (groups == 0) == (cache.n == 0) && cache.found >= cache.n;
	skl_engine_release(&cache.engine);
	return good;
}

static bool
at_second_window(void *context)
{
	return ++*(int *) context == 2;
}

static void
test_interruption(void)
{
	static Index index;
	Corpus corpus = corpus_make(10000);
	int windows = 0;
	SklHooks hooks = {.interrupted = at_second_window, .context = &windows};
	SklEngine engine;
	SklPlan plan = {.k1 = 1.2f, .b = 0.75f, .k = 10, .want_total = true, .classes = {1}};
	SklSearchResult result;

	index_make(&index, &corpus, 1);
	skl_engine_init(&engine, &hooks);
	ok(skl_search(&engine, &plan, index.segments, index.n, NULL, &result) == SKL_ENGINE_INTERRUPTED,
	   "a search ends when it is interrupted");
	ok(search(&engine, &plan, &index, &result) && result.n_hits == 10,
	   "and the segment can be searched again");
	skl_engine_release(&engine);
	skl_engine_release(&index.engine);
	free(corpus.docs);
}

typedef struct Outcome
{
	bool hits;
	bool facets;
	bool skipping;
	bool segments;
	bool sorts;
	bool pages;
	bool explains;
	bool reranks;
	bool caches;
} Outcome;

static void
run_case(const Corpus *corpus, const Index *indexes, uint32_t n_indexes, Outcome *outcome)
{
	RandomPlan random;
	SklEngine engine;
	SklSearchResult exact;
	SklSearchResult result;
	bool good;

	random_plan(&random);
	skl_engine_init(&engine, NULL);
	random.plan.exhaustive = true;
	good = search(&engine, &random.plan, &indexes[0], &exact);
	outcome->hits = outcome->hits && good && hits_are(corpus, &indexes[0], &random, &exact);
	outcome->facets = outcome->facets && good && facets_are(corpus, &random, &exact);
	random.plan.exhaustive = false;
	for (uint32_t i = 0; i < n_indexes; i++)
	{
		good = search(&engine, &random.plan, &indexes[i], &result);
		if (i == 0)
			outcome->skipping = outcome->skipping && good && same_hits(&exact, &result);
		else
			outcome->segments = outcome->segments && good && same_hits(&exact, &result);
		outcome->facets = outcome->facets && facets_are(corpus, &random, &result);
		outcome->explains =
			outcome->explains && explains(&engine, &random, corpus, &indexes[i], &result);
		outcome->sorts = outcome->sorts && sorts(&engine, &random, corpus, &indexes[i]);
	}
	if (random.plan.k <= 100)
	{
		outcome->pages = outcome->pages && pages_make_all(&engine, random.plan, &indexes[1]);
		outcome->caches = outcome->caches && caches(&engine, &random, &indexes[1]);
		outcome->reranks = outcome->reranks && reranks(&engine, &random, corpus, &indexes[1]);
	}
	skl_engine_release(&engine);
}

static void
test_plans(uint32_t n_docs, bool some_dead, uint32_t cases, const char *what)
{
	static Index indexes[3];
	Corpus corpus = corpus_make(n_docs);
	Outcome outcome = {true, true, true, true, true, true, true, true, true};

	printf("# %s\n", what);
	for (uint32_t d = 0; some_dead && d < n_docs; d++)
	{
		corpus.docs[d].dead = random_below(10) < 3;
		corpus.docs[d].moved = random_below(1 + d / 300) == 0;
		corpus.docs[d].was_present = random_below(4) != 0;
		corpus.docs[d].was_price = random_amount();
		corpus.docs[d].was_prior = (uint8_t) random_below(256);
	}
	index_make(&indexes[0], &corpus, 1);
	index_make(&indexes[1], &corpus, 3);
	index_make(&indexes[2], &corpus, MOST_SEGMENTS);
	for (uint32_t c = 0; c < cases; c++)
		run_case(&corpus, indexes, 3, &outcome);
	ok(outcome.hits, "hits, order, scores and totals are those of the oracle");
	ok(outcome.facets, "facets are those of the oracle");
	ok(outcome.skipping, "skipping finds what scoring everything finds");
	ok(outcome.segments, "the number of segments makes no difference");
	ok(outcome.sorts, "sorts by column are in order and whole");
	ok(outcome.pages, "pages make up the whole");
	ok(outcome.explains, "explanations sum to the score");
	ok(outcome.reranks, "the best are put in a new order, through pages as well");
	ok(outcome.caches, "filters from the cache are the same");
	for (int i = 0; i < 3; i++)
		skl_engine_release(&indexes[i].engine);
	free(corpus.docs);
}

int
main(void)
{
	test_plans(3, false, 100, "three documents");
	test_plans(900, false, CASES, "one window");
	test_plans(900, true, CASES, "one window, 30 % dead, some prices and priors changed");
	test_plans(10000, true, 15, "several windows, 30 % dead, some prices and priors changed");
	test_interruption();
	return done_testing();
}
