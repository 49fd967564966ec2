/*
 * test/c/query_compile_test.c
 *		From a typed query to its plan: expansions, their weights, corrections; synonyms; snippets.
 */
#include "skl.h"

#include "search/engine/query_compile.h"
#include "search/engine/suggest.h"
#include "search/engine/synonym.h"

#include "query_words.h"
#include "tap.h"

#include <stdarg.h>
#include <stdlib.h>

static const char *const fields[] = {"title", "skill"};
static const unsigned char masks[] = {1, 2};

/* The index: 1,000 documents. */
static const struct
{
	const char *lexeme;
	uint32_t frequency;
} dictionary_words[] = {
	{"react", 100}, {"native", 50},		{"design", 200}, {"designer", 150}, {"developer", 300},
	{"js", 20},		{"javascript", 90}, {"ruby", 10},	 {"rail", 8},		{"java", 70},
	{"logo", 40},	{"ux", 30},			{"rare", 1},	 {"rarer", 10},
};

#define WORDS (sizeof(dictionary_words) / sizeof(dictionary_words[0]))

static uint32_t
frequency(void *context, const char *lexeme, size_t length)
{
	(void) context;
	for (size_t i = 0; i < WORDS; i++)
	{
		if (strlen(dictionary_words[i].lexeme) == length &&
			memcmp(dictionary_words[i].lexeme, lexeme, length) == 0)
			return dictionary_words[i].frequency;
	}
	return 0;
}

static size_t
prefix(void *context, SklArena *arena, const char *begin, size_t length, SklDictionaryTerm *terms,
	   size_t limit)
{
	size_t n = 0;

	(void) context;
	(void) arena;
	for (size_t i = 0; i < WORDS && n < limit; i++)
	{
		if (strncmp(dictionary_words[i].lexeme, begin, length) != 0)
			continue;
		terms[n].lexeme = dictionary_words[i].lexeme;
		terms[n].length = (uint32_t) strlen(terms[n].lexeme);
		terms[n++].frequency = dictionary_words[i].frequency;
	}
	return n;
}

static const SklDictionary dictionary = {NULL, 1000, frequency, prefix};

typedef struct Text
{
	char bytes[4000];
	size_t length;
} Text;

static void
say(Text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->length += (size_t) vsnprintf(text->bytes + text->length,
									   sizeof(text->bytes) - text->length, format, args);
	va_end(args);
}

static void
dump_term(Text *text, const SklPlan *plan, uint32_t at)
{
	const SklPlanTerm *term = &plan->terms[at];

	say(text, "%.*s", (int) term->word.length, (const char *) term->word.data);
	if (term->fields != 7)
		say(text, ":%d", term->fields);
}

static void
dump_phrase(Text *text, const SklPlan *plan, const SklPlanPhrase *phrase)
{
	say(text, "\"");
	for (uint32_t i = 0; i < phrase->n_words; i++)
	{
		say(text, i == 0 ? "" : " ");
		dump_term(text, plan, phrase->terms[i]);
		if (phrase->offsets[i] != i)
			say(text, "@%u", phrase->offsets[i]);
	}
	say(text, "\"");
	if (phrase->slop > 0)
		say(text, "~%u", phrase->slop);
}

static void
dump_node(Text *text, const SklPlan *plan, uint32_t at)
{
	static const char *const names[] = {"all", "none", "", "", "and", "or", "not"};
	const SklPlanNode *node = &plan->nodes[at];

	if (node->op == SKL_PLAN_TERM)
		dump_term(text, plan, node->operand);
	else if (node->op == SKL_PLAN_PHRASE)
		dump_phrase(text, plan, &plan->phrases[node->operand]);
	else
	{
		say(text, "(%s", names[node->op]);
		for (uint32_t i = 0; i < node->n_children; i++)
		{
			say(text, " ");
			dump_node(text, plan, node->children[i]);
		}
		say(text, ")");
	}
}

/* Nodes, and the terms with their weights. */
static void
dump_plan(Text *text, const SklPlan *plan)
{
	if (plan->n_nodes > 0)
		dump_node(text, plan, plan->root);
	else
		say(text, "all");
	for (uint32_t i = 0; i < plan->n_terms; i++)
	{
		say(text, " | ");
		dump_term(text, plan, i);
		say(text, " %g", (double) plan->terms[i].weight);
		if (plan->terms[i].idf_group != 0)
			say(text, " #%u", plan->terms[i].idf_group);
	}
}

static SklCompileOptions
default_options(void)
{
	SklCompileOptions options = {.analyse = simple_analyse,
								 .dictionary = &dictionary,
								 .fields = fields,
								 .field_mask = masks,
								 .field_count = 2,
								 .all_fields = 7};

	return options;
}

/* Checks the plan of a query. */
static void
plans(const char *typed, const SklCompileOptions *options, const char *expected)
{
	SklArena arena;
	SklQuery query;
	SklCompiled compiled;
	Text text = {{0}, 0};

	skl_arena_init(&arena, NULL, NULL, NULL);
	skl_query_parse(&arena, typed, strlen(typed), options->fields, options->field_count, &query);
	skl_query_compile(&arena, &query, options, &compiled);
	dump_plan(&text, compiled.plan);
	if (!ok(strcmp(text.bytes, expected) == 0, typed))
		printf("# got      %s\n# expected %s\n", text.bytes, expected);
	skl_arena_free(&arena);
}

static void
shapes(void)
{
	SklCompileOptions options = default_options();
	SklCompileOptions all = default_options();

	all.match_all = true;
	plans("react native", &options, "(or react native) | react 1 | native 1");
	plans("React react", &options, "(or react react) | react 2");
	plans("\"the design on logos\"", &options, "\"design logo@2\" | design 1 | logo 1");
	plans("\"react native\"~2 java", &options, "\"react native\"~2 | react 1 | native 1 | java 1");
	plans("\"react\" -java", &options, "(and react (not java)) | react 1 | java 0");
	plans("react -java", &options, "(and react (not java)) | react 1 | java 0");
	plans("logo react -java", &options,
		  "(and (or logo react) (not java)) | logo 1 | react 1 | java 0");
	plans("-java", &options, "(not java) | java 0");
	plans("title:react skill:(java or ruby)", &options,
		  "(and react:1 (or java:2 ruby:2)) | react:1 1 | java:2 1 | ruby:2 1");
	plans("(react native) or logo", &options,
		  "(or (and react native) logo) | react 1 | native 1 | logo 1");
	plans("design*", &options, "(or design designer) | design 1 #1 | designer 1 #1");
	plans("-design*", &options, "(not (or design designer)) | design 0 #1 | designer 0 #1");
	plans("zzz*", &options, "zzz | zzz 1");
	plans("react-native", &options, "(or react native) | react 1 | native 1");
	plans("+react-native", &options, "(and react native) | react 1 | native 1");
	plans("react native", &all, "(and react native) | react 1 | native 1");
	plans("react the -java", &all, "(and react (not java)) | react 1 | java 0");
	plans("", &options, "all");
	plans("the on", &options, "all");
	plans("-the", &options, "all");
	plans("\"\" () +the", &options, "all");
}

static void
add_synonym(SklSynonymBuilder *builder, SklArena *arena, uint32_t group, const char *words)
{
	SklToken *tokens;
	size_t n = simple_analyse(NULL, arena, words, strlen(words), &tokens);
	SklLexemes phrase = {.count = (int) n};

	for (size_t i = 0; i < n; i++)
	{
		phrase.lexeme[i] = tokens[i].lexeme;
		phrase.length[i] = tokens[i].length;
		phrase.offset[i] = tokens[i].position - tokens[0].position;
	}
	skl_synonym_add(builder, group, &phrase);
}

static void
synonyms(void)
{
	SklCompileOptions options = default_options();
	SklCompileOptions all;
	SklArena arena;
	SklSynonymBuilder *builder;
	size_t size;

	skl_arena_init(&arena, NULL, NULL, NULL);
	builder = skl_synonym_builder(&arena);
	add_synonym(builder, &arena, 7, "javascript");
	add_synonym(builder, &arena, 7, "js");
	add_synonym(builder, &arena, 3, "ruby on rails");
	add_synonym(builder, &arena, 3, "ror");
	add_synonym(builder, &arena, 9, "ror");
	add_synonym(builder, &arena, 9, "rare");
	options.synonyms = skl_synonym_build(builder, &size);
	all = options;
	all.match_all = true;
	plans("js logo", &options, "(or js javascript logo) | javascript 0.6 | js 1 | logo 1");
	plans("js javascript", &options, "(or js javascript javascript js) | javascript 1 | js 1");
	plans("\"js\" -javascript", &options, "(and js (not javascript)) | js 1 | javascript 0");
	plans("+js", &options, "(or js javascript) | javascript 0.6 | js 1");
	plans("-js logo", &options, "(and logo (not js)) | js 0 | logo 1");
	plans("ruby on rails logo", &all,
		  "(and (or (and ruby rail) ror) logo) | ror 0.6 | ruby 1 | rail 1 | logo 1");
	plans("ruby logo", &all, "(and ruby logo) | ruby 1 | logo 1");
	plans("ror", &options,
		  "(or ror \"ruby rail@2\" rare) | ruby 0.3 | rail 0.3 | rare 0.6 | ror 1");
	plans("js or logo", &options, "(or (or js javascript) logo) | javascript 0.6 | js 1 | logo 1");
	skl_arena_free(&arena);
}

/* Suggestions that know the words of the index, each in as many titles. */
static void *
known_words(SklArena *arena)
{
	SklSuggestBuilder *builder = skl_suggest_builder(arena, NULL, NULL);
	size_t size;

	for (size_t i = 0; i < WORDS; i++)
	{
		for (uint32_t n = 0; n < dictionary_words[i].frequency; n++)
			skl_suggest_title(builder, dictionary_words[i].lexeme,
							  strlen(dictionary_words[i].lexeme), 0);
	}
	return skl_suggest_build(builder, 2, &size);
}

/* What a query is corrected to and what is offered instead. */
static void
corrects(const char *typed, const SklCompileOptions *options, const char *corrected,
		 const char *meant)
{
	SklArena arena;
	SklQuery query;
	SklCompiled compiled;
	const char *got;
	const char *offered;

	skl_arena_init(&arena, NULL, NULL, NULL);
	skl_query_parse(&arena, typed, strlen(typed), options->fields, options->field_count, &query);
	skl_query_compile(&arena, &query, options, &compiled);
	got = skl_query_corrected(&arena, typed, strlen(typed), &compiled);
	offered = skl_query_did_you_mean(&arena, typed, strlen(typed), &query, options);
	offered = offered == NULL ? "" : offered;
	if (!ok(strcmp(got, corrected) == 0 && strcmp(offered, meant) == 0, typed))
		printf("# got %s, offered %s\n", got, offered);
	skl_arena_free(&arena);
}

static void
corrections(void)
{
	SklCompileOptions rare = default_options();
	SklCompileOptions all = default_options();
	SklCompileOptions never = default_options();
	SklArena arena;

	skl_arena_init(&arena, NULL, NULL, NULL);
	rare.suggestions = all.suggestions = never.suggestions = known_words(&arena);
	rare.correct = SKL_CORRECT_RARE;
	all.correct = SKL_CORRECT_ALL;
	plans("raect logo", &rare, "(or (or raect react) logo) | raect 1 | react 0.5 | logo 1");
	plans("devvelloper", &rare, "(or devvelloper developer) | devvelloper 1 | developer 0.25");
	corrects("Raect, \"raect\" raect* -raect logo", &rare, "react, \"raect\" raect* -raect logo",
			 "react, \"raect\" raect* -raect logo");
	corrects("(raect or lgo)", &rare, "(react or lgo)", "(react or lgo)");
	corrects("raect", &never, "raect", "react");
	corrects("r3act", &rare, "r3act", "");
	corrects("eract", &rare, "eract", "");
	corrects("jav", &rare, "jav", "");
	corrects("design", &rare, "design", "");
	corrects("design", &all, "design", "");
	corrects("rarer", &all, "rarer", "");
	corrects("javva native", &rare, "java native", "java native");
	skl_arena_free(&arena);
}

/* A query of many words is compiled in time that grows with their number. */
static void
many(void)
{
	SklCompileOptions options = default_options();
	SklArena arena;
	SklQuery query;
	SklCompiled compiled;
	char *typed = malloc(200000);
	size_t length = 0;

	skl_arena_init(&arena, NULL, NULL, NULL);
	options.suggestions = known_words(&arena);
	options.correct = SKL_CORRECT_RARE;
	for (int i = 0; i < 10000; i++)
		length += (size_t) snprintf(typed + length, 200000 - length, "word%d or ", i);
	skl_query_parse(&arena, typed, length, fields, 2, &query);
	skl_query_compile(&arena, &query, &options, &compiled);
	ok(compiled.plan->n_terms == 10000 &&
		   compiled.plan->nodes[compiled.plan->root].n_children == 10000,
	   "an OR of 10,000 words is one list");
	length = 0;
	for (int i = 0; i < 3000; i++)
		length += (size_t) snprintf(typed + length, 200000 - length, "logoo%c%c%c ", 'a' + i % 26,
									'a' + i / 26 % 26, 'a' + i / 676);
	skl_query_parse(&arena, typed, length, fields, 2, &query);
	skl_query_compile(&arena, &query, &options, &compiled);
	ok(compiled.corrected_count <= SKL_MAX_CORRECTED, "few of many words are corrected");
	free(typed);
	skl_arena_free(&arena);
}

/* The snippet of a text for some words. */
static void
shows(const char *words, const char *text, int window, const char *expected)
{
	SklArena arena;
	SklToken *of_words;
	SklToken *tokens;
	SklSnippetTerm terms[16] = {{0}};
	SklSnippet snippet;
	size_t n;
	size_t count;

	skl_arena_init(&arena, NULL, NULL, NULL);
	n = simple_analyse(NULL, &arena, words, strlen(words), &of_words);
	for (size_t i = 0; i < n; i++)
	{
		terms[i].lexeme = of_words[i].lexeme;
		terms[i].length = of_words[i].length;
		terms[i].weight = (float) (i + 1);
		terms[i].prefix = words[of_words[i].end] == '*';
	}
	count = simple_analyse(NULL, &arena, text, strlen(text), &tokens);
	skl_snippet(&arena, text, strlen(text), tokens, count, terms, n, window, &snippet);
	if (!ok(strcmp(snippet.html, expected) == 0 && snippet.length == strlen(expected), expected))
		printf("# got %s\n", snippet.html);
	skl_arena_free(&arena);
}

static void
snippets(void)
{
	shows("react", "I know React & <b>", 0, "I know <mark>React</mark> &amp; &lt;b&gt;");
	shows("script", "<script>alert(\"1\")</script>", 0,
		  "&lt;<mark>script</mark>&gt;alert(&quot;1&quot;)&lt;/<mark>script</mark>&gt;");
	shows("nothing", "it's here", 0, "it&#39;s here");
	shows("six", "one two three four five six seven eight nine ten", 4,
		  "\xE2\x80\xA6"
		  "five <mark>six</mark> seven eight\xE2\x80\xA6");
	shows("one", "one two three four five", 3, "<mark>one</mark> two three\xE2\x80\xA6");
	shows("five", "one two three four five", 3, "\xE2\x80\xA6three four <mark>five</mark>");
	shows("none", "one two three four five", 3, "one two three\xE2\x80\xA6");
	shows("aa bb", "aa x x x x x bb y y y y y bb aa z", 3,
		  "\xE2\x80\xA6"
		  "<mark>bb</mark> <mark>aa</mark> z");
	shows("aa bb", "aa x x x x x bb y y y y y aa x", 2,
		  "\xE2\x80\xA6<mark>bb</mark> y\xE2\x80\xA6");
	shows("de*", "designs and depth", 0, "<mark>designs</mark> and <mark>depth</mark>");
	shows("a", "one\n\n  two\tthree", 0, "one two three");
	shows("a", "", 30, "");
	shows("zurich", "in Z\xC3\xBCrich", 0, "in <mark>Z\xC3\xBCrich</mark>");
}

int
main(void)
{
	shapes();
	synonyms();
	corrections();
	many();
	snippets();
	return done_testing();
}
