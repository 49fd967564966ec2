/*
 * test/c/search_oracle.h
 *		What a plan should find, computed document by document from the texts, with nothing of the
 *		engine: no index, no blocks, no integers. And random plans.
 */
#ifndef SKL_TEST_SEARCH_ORACLE_H
#define SKL_TEST_SEARCH_ORACLE_H

#include <math.h>

#include "search_corpus.h"

#define MOST_TERMS 8
#define MOST_NODES 24

/* A random plan and all that it points to. */
typedef struct RandomPlan
{
	SklPlan plan;
	SklPlanTerm terms[MOST_TERMS];
	int words[MOST_TERMS];
	char texts[MOST_TERMS][16];
	SklPlanPhrase phrases[2];
	uint32_t phrase_terms[2][3];
	uint32_t phrase_offsets[2][3];
	SklPlanNode nodes[MOST_NODES];
	uint32_t children[MOST_NODES * 4];
	uint32_t n_children;
	SklPlanFilter filters[3];
	char filter_texts[3][2][32];
	SklBytes filter_terms[3][2];
	SklPlanRange ranges[3][2];
	SklPlanFacet facets[6];
	SklPlanRange facet_ranges[3];
	double percentiles[3];
} RandomPlan;

/* ---- what a document is ---- */

static inline uint32_t
word_tf(const CorpusDoc *doc, int word, int field)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < doc->n[field]; i++)
		n += doc->words[field][i] == word;
	return n;
}

static inline double
word_wtf(const CorpusDoc *doc, int word, uint32_t fields)
{
	double wtf = 0;

	for (int f = 0; f < SKL_FIELDS; f++)
		if (fields & SKL_FIELD_MASK(f))
			wtf += (double) word_tf(doc, word, f) * corpus_schema.weights[f];
	return wtf;
}

static inline double
doc_length(const CorpusDoc *doc)
{
	double length = 0;

	for (int f = 0; f < SKL_FIELDS; f++)
		for (uint32_t i = 0; i < doc->n[f]; i++)
			length += doc->words[f][i] == 255 ? 0 : corpus_schema.weights[f];
	return length;
}

/* ---- matching ---- */

/* Tries every choice of occurrences of the words from i on. */
static inline bool
phrase_from(const RandomPlan *random, const SklPlanPhrase *phrase, const CorpusDoc *doc, int field,
			uint32_t i, int *places)
{
	if (i >= phrase->n_words || i >= 3)
	{
		int least = INT32_MAX;
		int greatest = INT32_MIN;

		for (uint32_t w = 0; w < i; w++)
		{
			int start = places[w] - (int) phrase->offsets[w];

			least = start < least ? start : least;
			greatest = start > greatest ? start : greatest;
			for (uint32_t v = 0; v < w; v++)
				if (places[v] == places[w])
					return false;
		}
		return greatest - least <= (int) phrase->slop;
	}
	for (int p = 0; p < doc->n[field]; p++)
	{
		places[i] = p;
		if (doc->words[field][p] == random->words[phrase->terms[i]] &&
			phrase_from(random, phrase, doc, field, i + 1, places))
			return true;
	}
	return false;
}

static inline bool
phrase_matches(const RandomPlan *random, const SklPlanPhrase *phrase, const CorpusDoc *doc)
{
	int places[MOST_TERMS];

	for (int f = 0; f < SKL_FIELDS; f++)
		if (phrase->fields & SKL_FIELD_MASK(f) && phrase_from(random, phrase, doc, f, 0, places))
			return true;
	return false;
}

static inline bool
node_matches(const RandomPlan *random, uint32_t number, const CorpusDoc *doc)
{
	const SklPlanNode *node = &random->nodes[number];
	const SklPlanTerm *term = &random->terms[node->operand];

	switch (node->op)
	{
		case SKL_PLAN_ALL:
			return true;
		case SKL_PLAN_NONE:
			return false;
		case SKL_PLAN_TERM:
			return word_wtf(doc, random->words[node->operand], term->fields) > 0;
		case SKL_PLAN_PHRASE:
			return phrase_matches(random, &random->phrases[node->operand], doc);
		case SKL_PLAN_NOT:
			return !node_matches(random, node->children[0], doc);
		default:
			break;
	}
	for (uint32_t i = 0; i < node->n_children; i++)
		if (node_matches(random, node->children[i], doc) == (node->op == SKL_PLAN_OR))
			return node->op == SKL_PLAN_OR;
	return node->op == SKL_PLAN_AND;
}

static inline bool
may_see(const SklPlan *plan, const CorpusDoc *doc)
{
	return !doc->dead && (plan->classes[doc->visibility / 64] >> doc->visibility % 64 & 1);
}

static inline bool
doc_matches(const RandomPlan *random, const CorpusDoc *doc)
{
	return may_see(&random->plan, doc) &&
		   (random->plan.n_nodes == 0 || node_matches(random, random->plan.root, doc));
}

/* ---- filters ---- */

static inline int
column_number(const char *name)
{
	for (int c = 0; c < COLUMNS; c++)
		if (strcmp(name, corpus_columns[c].name) == 0)
			return c;
	return -1;
}

static inline bool
has_filter_term(const CorpusDoc *doc, const char *text)
{
	int value = atoi(strchr(text, '=') + 1);

	return text[0] == 'c' ? doc->category == value : (doc->skills >> value & 1) != 0;
}

static inline double
arc_metres(const SklPlanFilter *filter, const CorpusDoc *doc)
{
	const double unit = 3.14159265358979323846 / 180 / 1e7;
	double a = filter->center_latitude * unit;
	double b = (double) doc->number[COLUMN_LATITUDE] * unit;
	double along = (double) (doc->number[COLUMN_LONGITUDE] - filter->center_longitude) * unit;
	double cosine = sin(a) * sin(b) + cos(a) * cos(b) * cos(along);

	return 6371008.8 * acos(cosine > 1 ? 1 : cosine < -1 ? -1 : cosine);
}

static inline bool
filter_passes(const RandomPlan *random, uint32_t number, const CorpusDoc *doc)
{
	const SklPlanFilter *filter = &random->filters[number];
	bool passes = false;

	if (filter->kind == SKL_FILTER_TERMS)
		for (uint32_t i = 0; i < filter->n_terms; i++)
			passes = passes || has_filter_term(doc, random->filter_texts[number][i]);
	else if (filter->kind == SKL_FILTER_RADIUS)
		passes = doc->present[COLUMN_LATITUDE] && doc->present[COLUMN_LONGITUDE] &&
				 arc_metres(filter, doc) <= filter->metres;
	else
	{
		int column = column_number(filter->column);

		for (uint32_t i = 0; doc->present[column] && i < filter->n_ranges; i++)
			passes = passes || (doc->number[column] >= filter->ranges[i].min &&
								doc->number[column] <= filter->ranges[i].max);
	}
	return passes != filter->negated;
}

/* Bit f: group f fails. */
static inline uint32_t
failing_filters(const RandomPlan *random, const CorpusDoc *doc)
{
	uint32_t failing = 0;

	for (uint32_t f = 0; f < random->plan.n_filters; f++)
		if (!filter_passes(random, f, doc))
			failing |= 1u << f;
	return failing;
}

/* ---- scores ---- */

typedef struct OracleStats
{
	double n;
	double average;
	double df[MOST_TERMS];
} OracleStats;

static inline OracleStats
oracle_stats(const Corpus *corpus, const RandomPlan *random)
{
	OracleStats stats = {0};
	double df[MOST_TERMS] = {0};

	for (uint32_t d = 0; d < corpus->n; d++)
	{
		const CorpusDoc *doc = &corpus->docs[d];

		if (doc->dead)
			continue;
		stats.n++;
		stats.average += doc_length(doc);
		for (uint32_t t = 0; t < random->plan.n_terms; t++)
			df[t] += word_wtf(doc, random->words[t], SKL_ALL_FIELDS) > 0;
	}
	stats.average /= stats.n;
	for (uint32_t t = 0; t < random->plan.n_terms; t++)
	{
		for (uint32_t u = 0; u < random->plan.n_terms; u++)
			if (u == t || (random->terms[t].idf_group != 0 &&
						   random->terms[u].idf_group == random->terms[t].idf_group))
				stats.df[t] += df[u];
		stats.df[t] = stats.df[t] < stats.n ? stats.df[t] : stats.n;
	}
	return stats;
}

static inline double
oracle_text(const RandomPlan *random, const OracleStats *stats, const CorpusDoc *doc)
{
	const SklPlan *plan = &random->plan;
	double score = 0;
	double best = 0; /* of the forms of one word; there is one such word at most */
	bool scores = false;

	for (uint32_t t = 0; t < plan->n_terms; t++)
	{
		double wtf = word_wtf(doc, random->words[t], random->terms[t].fields);
		double idf = log(1 + (stats->n - stats->df[t] + 0.5) / (stats->df[t] + 0.5));
		double k = plan->k1 * (1 - plan->b + plan->b * doc_length(doc) / stats->average);

		double part = wtf > 0 ? (double) random->terms[t].weight * idf * wtf / (wtf + k) : 0;

		if (random->terms[t].idf_group == 0)
			score += part;
		else
			best = part > best ? part : best;
		scores = scores || random->terms[t].weight > 0;
	}
	return scores ? score + best : 1;
}

static inline double
oracle_score(const RandomPlan *random, const OracleStats *stats, const CorpusDoc *doc)
{
	double prior = random->plan.use_prior ? 1 + doc->prior / 510.0 : 1;

	return oracle_text(random, stats, doc) * prior;
}

/* ---- random plans ---- */

static inline void
random_terms(RandomPlan *random)
{
	uint32_t n = random_below(MOST_TERMS - 1) + 1;

	for (uint32_t t = 0; t < n; t++)
	{
		SklPlanTerm *term = &random->terms[t];

		random->words[t] = random_below(15) == 0 ? WORDS + 5 : random_word();
		corpus_word(random->words[t], random->texts[t]);
		term->word = bytes_of(random->texts[t]);
		term->weight = random_below(4) == 0 ? (float) random_below(5) * 0.25f : 1;
		term->fields =
			(uint8_t) (random_below(5) == 0 ? 1 + random_below(SKL_ALL_FIELDS) : SKL_ALL_FIELDS);
		term->idf_group = random_below(4) == 0 ? 1 : 0;
	}
	random->plan.n_terms = n;
	random->plan.terms = random->terms;
}

static inline void
random_phrase(RandomPlan *random, uint32_t number)
{
	SklPlanPhrase *phrase = &random->phrases[number];
	uint32_t n = 1 + random_below(3);

	for (uint32_t i = 0; i < n; i++)
	{
		random->phrase_terms[number][i] = random_below(random->plan.n_terms);
		random->phrase_offsets[number][i] =
			i == 0 ? 0 : random->phrase_offsets[number][i - 1] + 1 + (random_below(8) == 0);
	}
	*phrase = (SklPlanPhrase){n, random->phrase_terms[number], random->phrase_offsets[number],
							  random_below(3) == 0 ? random_below(6) : 0,
							  (uint8_t) (1 + random_below(SKL_ALL_FIELDS))};
}

static inline uint32_t
add_node(RandomPlan *random, SklPlanOp op, uint32_t operand, uint32_t n, const uint32_t *children)
{
	SklPlanNode *node = &random->nodes[random->plan.n_nodes];
	uint32_t *own = random->children + random->n_children;

	*node = (SklPlanNode){op, operand, n, own};
	for (uint32_t i = 0; i < n; i++)
		own[i] = children[i];
	random->n_children += n;
	return random->plan.n_nodes++;
}

static inline uint32_t
random_node(RandomPlan *random, int depth)
{
	uint32_t children[3];
	uint32_t n = 1 + random_below(3);
	uint32_t kind = random_below(depth == 0 ? 4 : 9);

	if (kind == 3)
		return add_node(random, SKL_PLAN_PHRASE, random_below(2), 0, NULL);
	if (kind < 3)
		return add_node(random, SKL_PLAN_TERM, random_below(random->plan.n_terms), 0, NULL);
	if (kind == 8)
	{
		children[0] = random_node(random, depth - 1);
		return add_node(random, SKL_PLAN_NOT, 0, 1, children);
	}
	for (uint32_t i = 0; i < n; i++)
		children[i] = random_node(random, depth - 1);
	return add_node(random, kind < 6 ? SKL_PLAN_OR : SKL_PLAN_AND, 0, n, children);
}

/* One OR of all terms, which all score: the common query. */
static inline void
plain_tree(RandomPlan *random)
{
	uint32_t children[MOST_TERMS];
	uint32_t n = random->plan.n_terms;

	for (uint32_t t = 0; t < n; t++)
	{
		if (random->terms[t].weight == 0)
			random->terms[t].weight = 1;
		children[t] = add_node(random, SKL_PLAN_TERM, t, 0, NULL);
	}
	random->plan.root = add_node(random, SKL_PLAN_OR, 0, n, children);
}

/*
 * What becomes of a query that says a word more than once: the word is one term, whose weight is
 * the sum, but stands in the tree as often as it was typed.
 */
static inline void
repeated_tree(RandomPlan *random)
{
	uint32_t children[MOST_TERMS];
	uint32_t n = 2 + random_below(MOST_TERMS - 1);

	for (uint32_t t = 0; t < random->plan.n_terms; t++)
		random->terms[t].weight = 0;
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t t = random_below(1 + random_below(random->plan.n_terms));

		random->terms[t].weight += 1;
		children[i] = add_node(random, SKL_PLAN_TERM, t, 0, NULL);
	}
	random->plan.root =
		add_node(random, random_below(3) == 0 ? SKL_PLAN_AND : SKL_PLAN_OR, 0, n, children);
}

static inline void
random_filters(RandomPlan *random)
{
	static const char *const columns[3] = {"price", "day", "wide"};

	random->plan.n_filters = random_below(2) == 0 ? 0 : random_below(4);
	random->plan.filters = random->filters;
	for (uint32_t f = 0; f < random->plan.n_filters; f++)
	{
		SklPlanFilter *filter = &random->filters[f];

		*filter = (SklPlanFilter){.kind = (SklFilterKind) random_below(3),
								  .negated = random_below(6) == 0,
								  .terms = random->filter_terms[f],
								  .ranges = random->ranges[f],
								  .n_ranges = random_below(3),
								  .n_terms = random_below(3),
								  .column = columns[random_below(3)],
								  .longitude = "longitude",
								  .center_latitude = (int32_t) random_below(1800000000) - 900000000,
								  .center_longitude = (int32_t) random_below(2000000000),
								  .metres = random_below(12000000)};
		for (int i = 0; i < 2; i++)
		{
			int64_t a = strcmp(filter->column, "wide") == 0 ? random_amount()
															: (int64_t) random_below(4000);
			int64_t b = strcmp(filter->column, "wide") == 0 ? random_amount()
															: (int64_t) random_below(4000);

			if (random_below(2) == 0)
				snprintf(random->filter_texts[f][i], 32, "category=%u", random_below(CATEGORIES));
			else
				snprintf(random->filter_texts[f][i], 32, "skill=%u", random_below(SKILLS + 1));
			random->filter_terms[f][i] = bytes_of(random->filter_texts[f][i]);
			random->ranges[f][i] = (SklPlanRange){a < b ? a : b, a < b ? b : a};
		}
		if (filter->kind == SKL_FILTER_RADIUS)
			filter->column = "latitude";
	}
}

static inline void
random_facets(RandomPlan *random)
{
	SklPlanFacet facets[6] = {
		{.kind = SKL_FACET_LABELS, .column = "category"},
		{.kind = SKL_FACET_LABELS, .column = "skills", .limit = 5},
		{.kind = SKL_FACET_RANGES,
		 .column = "price",
		 .n_ranges = 3,
		 .ranges = random->facet_ranges},
		{.kind = SKL_FACET_HISTOGRAM, .column = "day", .limit = 12},
		{.kind = SKL_FACET_HISTOGRAM, .column = "price", .width = 250, .origin = 33},
		{.kind = SKL_FACET_STATS,
		 .column = "price",
		 .n_percentiles = 3,
		 .percentiles = random->percentiles}};

	random->facet_ranges[0] = (SklPlanRange){INT64_MIN, 1000};
	random->facet_ranges[1] = (SklPlanRange){500, 2000};
	random->facet_ranges[2] = (SklPlanRange){2001, INT64_MAX};
	random->percentiles[0] = 0;
	random->percentiles[1] = random_below(101);
	random->percentiles[2] = 100;
	for (int i = 0; i < 6; i++)
	{
		facets[i].filter = (int32_t) random_below(random->plan.n_filters + 1) - 1;
		random->facets[i] = facets[i];
	}
	random->plan.facets = random->facets;
	random->plan.n_facets = random_below(2) == 0 ? 6 : 0;
}

static inline void
random_plan(RandomPlan *random)
{
	static const uint32_t counts[4] = {1, 10, 100, 1000};

	memset(random, 0, sizeof(*random));
	random->plan.k1 = 1.2f;
	random->plan.b = 0.75f;
	random_terms(random);
	random_phrase(random, 0);
	random_phrase(random, 1);
	random->plan.n_phrases = 2;
	random->plan.phrases = random->phrases;
	random->plan.nodes = random->nodes;
	if (random_below(2) == 0)
		plain_tree(random);
	else if (random_below(3) == 0)
		repeated_tree(random);
	else
	{
		random->plan.root = random_node(random, 1 + (int) random_below(2));
		if (random_below(4) == 0)
			random->plan.n_nodes = 0;
	}
	random_filters(random);
	random_facets(random);
	random->plan.k = counts[random_below(4)];
	random->plan.classes[0] = 1;
	if (random_below(3) == 0)
		random->plan.classes[0] |= 1 << 7;
	if (random_below(3) == 0)
		random->plan.classes[3] = UINT64_C(1) << (200 - 192);
	random->plan.use_prior = random_below(2) == 0;
	random->plan.want_total = random_below(2) == 0;
}

#endif
