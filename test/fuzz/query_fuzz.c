/*
 * test/fuzz/query_fuzz.c
 *		Fuzzes what is typed into a search field: any bytes make a tree whose texts lie in the query
 *		and a plan that keeps the rules of plan.h; any beginning has suggestions; any text has a
 *		snippet that is safe HTML.
 */
#include "skl.h"

#include "search/engine/query_compile.h"
#include "search/engine/suggest.h"
#include "search/engine/synonym.h"

#include "../c/query_words.h"
#include "fuzz.h"

static const char *const fields[] = {"title", "skill", "body"};
static const unsigned char masks[] = {1, 2, 4};

static SklArena lasting;
static const void *suggestions;
static const void *synonyms;

static uint32_t
frequency(void *context, const char *lexeme, size_t length)
{
	(void) context;
	return length == 0 ? 0 : (unsigned char) lexeme[0] % 5;
}

static size_t
prefix(void *context, SklArena *arena, const char *begin, size_t length, SklDictionaryTerm *terms,
	   size_t limit)
{
	size_t n = length % 4 < limit ? length % 4 : limit;

	(void) context;
	for (size_t i = 0; i < n; i++)
	{
		terms[i].lexeme = skl_arena_copy(arena, begin, length);
		terms[i].length = (uint32_t) (length - i);
		terms[i].frequency = 1;
	}
	return n;
}

static const SklDictionary dictionary = {NULL, 100, frequency, prefix};

/* A snapshot and a table that inputs meet. */
static void
set_up(void)
{
	static const char *const titles[] = {"title skill body", "logo design", "java script",
										 "react native developer"};
	SklSuggestBuilder *builder;
	SklSynonymBuilder *table;
	SklLexemes js = {1, {"js"}, {2}, {0}};
	SklLexemes script = {2, {"java", "script"}, {4, 6}, {0, 1}};
	size_t size;

	skl_arena_init(&lasting, NULL, NULL, NULL);
	builder = skl_suggest_builder(&lasting, NULL, NULL);
	for (int i = 0; i < 8; i++)
		skl_suggest_title(builder, titles[i % 4], strlen(titles[i % 4]), 1);
	skl_suggest_add(builder, SKL_SUGGEST_SKILL, "Java Script", 11, NULL, 9, 1, NULL);
	suggestions = skl_suggest_build(builder, 2, &size);
	table = skl_synonym_builder(&lasting);
	skl_synonym_add(table, 1, &js);
	skl_synonym_add(table, 1, &script);
	synonyms = skl_synonym_build(table, &size);
}

/* Walks a tree; returns its terms. */
static size_t
walk(const SklQueryNode *node, const char *text, size_t size, int depth)
{
	size_t terms = 0;

	must(depth <= 2 * SKL_QUERY_MAX_DEPTH + 2);
	must(node->field >= SKL_QUERY_ANY_FIELD && node->field < 3);
	must(!(node->negated && node->required));
	if (node->kind == SKL_QUERY_WORD || node->kind == SKL_QUERY_PHRASE)
	{
		must(node->length > 0 && node->child == NULL);
		must(node->text >= text && node->text + node->length <= text + size);
		must(node->slop >= 0 && node->slop <= SKL_QUERY_MAX_SLOP);
		return 1;
	}
	must(depth == 0 || node->child != NULL);
	for (const SklQueryNode *child = node->child; child != NULL; child = child->next)
	{
		must(node->kind != SKL_QUERY_ANY || !child->negated);
		terms += walk(child, text, size, depth + 1);
	}
	return terms;
}

static void
check_plan(const SklPlan *plan)
{
	must(plan->n_nodes == 0 || plan->root < plan->n_nodes);
	for (uint32_t i = 0; i < plan->n_terms; i++)
	{
		must(plan->terms[i].word.length > 0 && plan->terms[i].word.length <= SKL_SEARCH_WORD_MAX);
		must(plan->terms[i].weight >= 0 && plan->terms[i].fields != 0);
	}
	for (uint32_t i = 0; i < plan->n_phrases; i++)
	{
		must(plan->phrases[i].n_words >= 2 && plan->phrases[i].offsets[0] == 0);
		for (uint32_t j = 0; j < plan->phrases[i].n_words; j++)
			must(plan->phrases[i].terms[j] < plan->n_terms);
	}
	for (uint32_t i = 0; i < plan->n_nodes; i++)
	{
		const SklPlanNode *node = &plan->nodes[i];

		must(node->op != SKL_PLAN_TERM || node->operand < plan->n_terms);
		must(node->op != SKL_PLAN_PHRASE || node->operand < plan->n_phrases);
		for (uint32_t j = 0; j < node->n_children; j++)
			must(node->children[j] < i);
	}
}

/* Nothing but marks and entities may look like HTML. */
static void
check_html(const char *html, size_t length)
{
	int open = 0;

	for (size_t i = 0; i < length; i++)
	{
		must(html[i] != '>' && html[i] != '"' && html[i] != '\'');
		if (html[i] != '<')
			continue;
		if (length - i >= 6 && memcmp(html + i, "<mark>", 6) == 0)
		{
			must(open++ == 0);
			i += 5;
			continue;
		}
		must(length - i >= 7 && memcmp(html + i, "</mark>", 7) == 0);
		must(open-- == 1);
		i += 6;
	}
	must(open == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SklCompileOptions options = {.analyse = simple_analyse,
								 .dictionary = &dictionary,
								 .fields = fields,
								 .field_mask = masks,
								 .field_count = 3,
								 .all_fields = 7};
	const char *text = (const char *) data;
	SklArena arena;
	SklQuery query;
	SklCompiled compiled;
	SklSuggestion found[10];
	SklSnippet snippet;
	SklToken *tokens;
	size_t n;

	if (suggestions == NULL)
		set_up();
	skl_arena_init(&arena, NULL, NULL, NULL);
	skl_query_parse(&arena, text, size, fields, 3, &query);
	must(walk(query.root, text, size, 0) == query.terms && query.terms <= SKL_QUERY_MAX_TERMS);
	options.suggestions = suggestions;
	options.synonyms = synonyms;
	options.correct = (SklCorrectMode) (size % 3);
	options.match_all = size % 2 == 1;
	skl_query_compile(&arena, &query, &options, &compiled);
	check_plan(compiled.plan);
	(void) skl_query_corrected(&arena, text, size, &compiled);
	(void) skl_query_did_you_mean(&arena, text, size, &query, &options);
	n = skl_suggest_complete(suggestions, &arena, text, size, NULL, found, 10);
	for (size_t i = 0; i < n; i++)
		must(found[i].length > 0 && (i == 0 || found[i - 1].score >= found[i].score));
	n = simple_analyse(NULL, &arena, text, size, &tokens);
	skl_snippet(&arena, text, size, tokens, n, compiled.marks, compiled.mark_count,
				(int) (size % 8), &snippet);
	must(strlen(snippet.html) == snippet.length);
	check_html(snippet.html, snippet.length);
	skl_arena_free(&arena);
	return 0;
}
