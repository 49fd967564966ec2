/*
 * search/like.c
 *		More like this: a plan out of the words that say most about a text.
 */
#include "skl.h"

#include "search/like.h"

#include <math.h>

/* Words of a plan, and those of a text that are looked at. */
#define LIKE_WORDS 25
#define LIKE_TOKENS 20000

/* A word with how often it occurs (by the weights of fields), and what it says. */
typedef struct LikeWord
{
	SklBytes word;
	double frequency;
	double value;
} LikeWord;

static int
by_word(const void *a, const void *b)
{
	const LikeWord *x = a;
	const LikeWord *y = b;
	int order = memcmp(x->word.data, y->word.data, Min(x->word.length, y->word.length));

	return order != 0 ? order
					  : (x->word.length > y->word.length) - (x->word.length < y->word.length);
}

static int
by_value(const void *a, const void *b)
{
	const LikeWord *x = a;
	const LikeWord *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return by_word(a, b);
}

/* The different words of the texts; how many. */
static size_t
count_words(SklDictionaryScope *words, Oid config, const char *const texts[SKL_FIELDS],
			LikeWord *found)
{
	size_t n = 0;
	size_t different = 0;

	for (int field = 0; field < SKL_FIELDS; field++)
	{
		SklToken *tokens;
		size_t count = skl_search_analyse(&config, &words->engine->arena, texts[field],
										  strlen(texts[field]), &tokens);

		for (size_t i = 0; i < count && n < LIKE_TOKENS; i++)
			found[n++] = (LikeWord){{(const uint8_t *) tokens[i].lexeme, tokens[i].length},
									words->scope->index.schema.weights[field],
									0};
	}
	qsort(found, n, sizeof(LikeWord), by_word);
	for (size_t i = 0; i < n; i++)
	{
		if (different > 0 && by_word(&found[different - 1], &found[i]) == 0)
			found[different - 1].frequency += found[i].frequency;
		else
			found[different++] = found[i];
	}
	return different;
}

/*
 * Words with what they say, most first; those that fewer than so many documents have say nothing,
 * and are last, with 0.
 */
static void
weigh_words(SklDictionaryScope *words, uint32_t least, LikeWord *found, size_t n)
{
	SklDictionary dictionary;

	skl_dictionary_of(words, &dictionary);
	for (size_t i = 0; i < n; i++)
	{
		double df =
			dictionary.frequency(words, (const char *) found[i].word.data, found[i].word.length);

		if (df >= least)
			found[i].value = found[i].frequency * log1p(Max(dictionary.documents - df, 0) / df);
	}
	qsort(found, n, sizeof(LikeWord), by_value);
}

SklPlan *
skl_like_plan(SklDictionaryScope *words, Oid config, const char *const texts[SKL_FIELDS],
			  uint32_t least)
{
	SklEngine *engine = words->engine;
	LikeWord *found = skl_engine_alloc(engine, sizeof(LikeWord) * LIKE_TOKENS);
	size_t n = count_words(words, config, texts, found);
	SklPlan *plan = skl_engine_zalloc(engine, sizeof(SklPlan));
	SklPlanTerm *terms = skl_engine_zalloc(engine, sizeof(SklPlanTerm) * LIKE_WORDS);
	SklPlanNode *nodes = skl_engine_zalloc(engine, sizeof(SklPlanNode) * (LIKE_WORDS + 1));
	uint32_t *children = skl_engine_zalloc(engine, sizeof(uint32_t) * LIKE_WORDS);
	uint32_t used = 0;

	weigh_words(words, least, found, n);
	for (; used < Min(n, LIKE_WORDS) && found[used].value > 0; used++)
	{
		terms[used] = (SklPlanTerm){.word = found[used].word,
									.weight = (float) (found[used].value / found[0].value),
									.fields = SKL_ALL_FIELDS};
		nodes[used] = (SklPlanNode){.op = SKL_PLAN_TERM, .operand = used};
		children[used] = used;
	}
	nodes[used] = (SklPlanNode){.op = SKL_PLAN_OR, .n_children = used, .children = children};
	plan->n_terms = used;
	plan->terms = terms;
	plan->n_nodes = used + 1;
	plan->nodes = nodes;
	plan->root = used;
	return plan;
}
