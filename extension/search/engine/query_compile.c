/*
 * search/engine/query_compile.c
 *		From the tree of a query to the plan that the engine executes.
 *
 * A sequence of operands is compiled in two steps: its words are analysed, then each operand
 * becomes a node of the plan. Words know their neighbours: synonyms span several, and corrections
 * look at both sides. What must match goes into one AND with what must not; bare words of the
 * outermost sequence only have to match, any of them, when nothing else must.
 */
#include "skl.h"

#include "search/engine/query_expand.h"

#include <math.h>

/* Where an operand stands. */
typedef struct Scope
{
	unsigned fields;
	bool scored; /* not under a negation: it may be expanded, and counts */
	bool strict; /* all parts of a compound word must match, not any */
} Scope;

/* What a sequence asks for. */
typedef struct Demands
{
	SklPlanList must;
	SklPlanList optional;
	SklPlanList without; /* each a NOT: they say nothing about what is looked for */
} Demands;

static uint32_t compile_operand(SklCompiler *c, const SklQueryNode *node, Scope scope);

static Scope
field_scope(const SklCompiler *c, const SklQueryNode *node, Scope scope)
{
	if (node->field >= 0 && node->field < c->options->field_count)
		scope.fields = c->options->field_mask[node->field];
	return scope;
}

static uint32_t
compile_phrase(SklCompiler *c, const SklQueryNode *node, Scope scope)
{
	SklToken *tokens;
	size_t count = c->options->analyse(c->options->analyse_context, c->arena, node->text,
									   node->length, &tokens);
	uint32_t terms[SKL_PLAN_MAX_PHRASE];
	uint32_t offsets[SKL_PLAN_MAX_PHRASE];
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < count && n < SKL_PLAN_MAX_PHRASE; i++)
	{
		if (n > 0 && tokens[i].position - tokens[0].position == offsets[n - 1])
			continue;
		terms[n] = skl_plan_term(c->builder, tokens[i].lexeme, tokens[i].length, scope.fields,
								 scope.scored ? 1.0f : 0.0f, false, 0);
		if (terms[n] == SKL_PLAN_NOTHING)
			continue;
		offsets[n] = tokens[i].position - tokens[0].position;
		n++;
	}
	if (n > 0 && offsets[0] > 0)
	{
		for (i = n; i-- > 0;)
			offsets[i] -= offsets[0];
	}
	return skl_plan_phrase(c->builder, terms, offsets, n, (uint32_t) node->slop, scope.fields);
}

/* A word with its corrections. */
static uint32_t
compile_word(SklCompiler *c, const SklQueryWord *words, size_t n, size_t at, Scope scope)
{
	const SklQueryWord *word = &words[at];
	SklPlanList list = {0};
	SklWordPlace place = {.fields = scope.fields,
						  .strict = scope.strict,
						  .before = at > 0 ? &words[at - 1] : NULL,
						  .behind = at + 1 < n ? &words[at + 1] : NULL};

	if (word->node->prefix)
		return skl_expand_prefix(c, word, scope.fields, scope.scored);
	skl_plan_list_add(c->builder, &list,
					  skl_compile_tokens(c, word->tokens, word->count, scope.fields,
										 scope.scored ? 1.0f : 0.0f, false, scope.strict));
	if (scope.scored)
		skl_expand_corrections(c, word, &place, &list);
	return skl_plan_join(c->builder, SKL_PLAN_OR, &list);
}

/* Analyses the words among the children of a node. */
static SklQueryWord *
analyse_words(SklCompiler *c, const SklQueryNode *first, size_t *count)
{
	const SklQueryNode *node;
	SklQueryWord *words;
	size_t n = 0;

	for (node = first; node != NULL; node = node->next)
		n++;
	words = skl_arena_zero(c->arena, n, sizeof(*words));
	*count = n;
	for (n = 0, node = first; node != NULL; node = node->next, n++)
	{
		words[n].node = node;
		if (node->kind == SKL_QUERY_WORD)
			words[n].count = c->options->analyse(c->options->analyse_context, c->arena, node->text,
												 node->length, &words[n].tokens);
	}
	return words;
}

/* True when two operands may be words of one synonym. */
static bool
same_kind(const SklQueryNode *a, const SklQueryNode *b)
{
	return b->kind == SKL_QUERY_WORD && !b->prefix && a->negated == b->negated &&
		   a->required == b->required && a->field == b->field;
}

/*
 * How many words from "at" on have synonyms together (at least 1: the word alone, with or without);
 * adds the nodes of the synonyms to the list.
 */
static size_t
span_of(SklCompiler *c, const SklQueryWord *words, size_t n, size_t at, Scope scope,
		SklPlanList *synonyms)
{
	const char *lexemes[SKL_SYNONYM_MAX_WORDS];
	uint32_t lengths[SKL_SYNONYM_MAX_WORDS];
	size_t last[SKL_SYNONYM_MAX_WORDS];
	int count = 0;
	int used;
	size_t i;

	if (!scope.scored || c->options->synonyms == NULL || words[at].node->prefix)
		return 1;
	for (i = at; i < n && count < SKL_SYNONYM_MAX_WORDS; i++)
	{
		if (!same_kind(words[at].node, words[i].node) || words[i].count > 1 ||
			(i == at && words[i].count == 0))
			break;
		if (words[i].count == 0)
			continue;
		lexemes[count] = words[i].tokens[0].lexeme;
		lengths[count] = words[i].tokens[0].length;
		last[count++] = i;
	}
	used = skl_expand_synonyms(c, lexemes, lengths, count, scope.fields, synonyms);
	return used == 0 ? 1 : last[used - 1] - at + 1;
}

/* Compiles words from "at" on, as far as they have synonyms together; returns how many. */
static size_t
compile_span(SklCompiler *c, const SklQueryWord *words, size_t n, size_t at, Scope scope, bool must,
			 Demands *demands)
{
	SklPlanList synonyms = {0};
	SklPlanList own = {0};
	size_t span = span_of(c, words, n, at, scope, &synonyms);
	size_t i;

	for (i = at; i < at + span; i++)
		skl_plan_list_add(c->builder, must ? &own : &demands->optional,
						  compile_word(c, words, n, i, scope));
	if (must)
	{
		SklPlanList either = {0};

		skl_plan_list_add(c->builder, &either, skl_plan_join(c->builder, SKL_PLAN_AND, &own));
		for (i = 0; i < synonyms.n; i++)
			skl_plan_list_add(c->builder, &either, synonyms.nodes[i]);
		skl_plan_list_add(c->builder, &demands->must,
						  skl_plan_join(c->builder, SKL_PLAN_OR, &either));
		return span;
	}
	for (i = 0; i < synonyms.n; i++)
		skl_plan_list_add(c->builder, &demands->optional, synonyms.nodes[i]);
	return span;
}

/* Compiles operands side by side. In the outermost sequence, what is not required is optional. */
static void
compile_sequence(SklCompiler *c, const SklQueryNode *first, Scope scope, bool outermost,
				 Demands *demands)
{
	size_t n;
	SklQueryWord *words = analyse_words(c, first, &n);
	size_t i = 0;

	while (i < n)
	{
		const SklQueryNode *node = words[i].node;
		bool must = !outermost || node->required || c->options->match_all;
		Scope inner = field_scope(c, node, scope);
		uint32_t operand;

		inner.strict = must || node->negated;
		inner.scored = scope.scored && !node->negated;
		if (node->kind == SKL_QUERY_WORD && !node->negated)
		{
			i += compile_span(c, words, n, i, inner, must, demands);
			continue;
		}
		operand = node->kind == SKL_QUERY_WORD ? compile_word(c, words, n, i, inner)
											   : compile_operand(c, node, inner);
		if (node->negated)
			skl_plan_list_add(c->builder, &demands->without, skl_plan_not(c->builder, operand));
		else
			skl_plan_list_add(c->builder, must ? &demands->must : &demands->optional, operand);
		i++;
	}
}

/* All that must match, and nothing of what must not. */
static uint32_t
join_demands(SklCompiler *c, Demands *demands)
{
	size_t i;

	for (i = 0; i < demands->without.n; i++)
		skl_plan_list_add(c->builder, &demands->must, demands->without.nodes[i]);
	return skl_plan_join(c->builder, SKL_PLAN_AND, &demands->must);
}

/* Alternatives: each child is a sequence of one. */
static uint32_t
compile_any(SklCompiler *c, const SklQueryNode *node, Scope scope)
{
	Demands demands = {{0}, {0}, {0}};
	const SklQueryNode *child;

	for (child = node->child; child != NULL; child = child->next)
	{
		Scope inner = field_scope(c, child, scope);

		inner.strict = true;
		if (child->kind == SKL_QUERY_WORD)
		{
			SklQueryWord word = {.node = child};

			word.count = c->options->analyse(c->options->analyse_context, c->arena, child->text,
											 child->length, &word.tokens);
			(void) compile_span(c, &word, 1, 0, inner, true, &demands);
		}
		else
			skl_plan_list_add(c->builder, &demands.must, compile_operand(c, child, inner));
	}
	return skl_plan_join(c->builder, SKL_PLAN_OR, &demands.must);
}

/* A phrase or a group; the scope is already that of its field. */
static uint32_t
compile_operand(SklCompiler *c, const SklQueryNode *node, Scope scope)
{
	Demands demands = {{0}, {0}, {0}};

	if (node->kind == SKL_QUERY_PHRASE)
		return compile_phrase(c, node, scope);
	if (node->kind == SKL_QUERY_ANY)
		return compile_any(c, node, scope);
	compile_sequence(c, node->child, scope, false, &demands);
	return join_demands(c, &demands);
}

/* What snippets mark: every scored term but the forms of a prefix, which is one mark. */
static void
collect_marks(SklCompiler *c, SklCompiled *compiled)
{
	uint32_t n = skl_plan_term_count(c->builder);
	double documents = c->options->dictionary->documents;
	uint32_t i;

	compiled->marks = skl_arena_zero(c->arena, n + SKL_MAX_PREFIXES, sizeof(SklSnippetTerm));
	for (i = 0; i < n; i++)
	{
		SklPlanTerm term = skl_plan_term_at(c->builder, i);
		SklSnippetTerm *mark = &compiled->marks[compiled->mark_count];
		double frequency;

		if (term.weight <= 0 || term.idf_group != 0)
			continue;
		mark->lexeme = (const char *) term.word.data;
		mark->length = term.word.length;
		frequency = skl_lexeme_frequency(c, mark->lexeme, mark->length);
		if (frequency > documents)
			frequency = documents;
		mark->weight =
			term.weight * (float) log(1.0 + (documents - frequency + 0.5) / (frequency + 0.5));
		compiled->mark_count++;
	}
	for (i = 0; i < (uint32_t) c->prefixes; i++)
		compiled->marks[compiled->mark_count++] = c->prefix_marks[i];
}

void
skl_query_compile(SklArena *arena, const SklQuery *query, const SklCompileOptions *options,
				  SklCompiled *compiled)
{
	SklCompiler c = {.arena = arena, .options = options, .builder = skl_plan_builder(arena)};
	Scope scope = {.fields = options->all_fields, .scored = true};
	Demands demands = {{0}, {0}, {0}};

	memset(compiled, 0, sizeof(*compiled));
	c.corrected = skl_arena_zero(arena, SKL_MAX_CORRECTED, sizeof(SklCorrectedWord));
	compile_sequence(&c, query->root->child, scope, true, &demands);
	if (demands.must.n == 0)
		skl_plan_list_add(c.builder, &demands.must,
						  skl_plan_join(c.builder, SKL_PLAN_OR, &demands.optional));
	compiled->empty = demands.must.n == 0 && demands.without.n == 0;
	compiled->plan = skl_plan_finish(c.builder, join_demands(&c, &demands));
	compiled->corrected = c.corrected;
	compiled->corrected_count = c.corrected_count;
	collect_marks(&c, compiled);
}
