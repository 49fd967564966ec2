/*
 * search/engine/query_expand.c
 *		The other words that a word of a query stands for: lexemes, prefixes, synonyms, corrections;
 *		and the query with corrections put in.
 */
#include "skl.h"

#include "search/engine/fold.h"
#include "search/engine/query_expand.h"
#include "search/engine/suggest.h"

/* Corrections of one word that are searched for. */
#define CORRECTIONS 3

/* Did-you-mean offers another spelling of a known word only when it is so much better. */
#define MUCH_BETTER 4.0

#define FOLDED_MAX (SKL_TYPO_MAX_LETTERS * 4)

/* A word of the query, folded, and the bytes that it is made of. */
typedef struct Folded
{
	char text[FOLDED_MAX];
	size_t length; /* 0: no single word */
	size_t start;
	size_t end;
} Folded;

uint32_t
skl_lexeme_frequency(const SklCompiler *c, const char *lexeme, size_t length)
{
	const SklDictionary *dictionary = c->options->dictionary;

	return dictionary->frequency(dictionary->context, lexeme, length);
}

uint32_t
skl_compile_tokens(SklCompiler *c, const SklToken *tokens, size_t count, unsigned fields,
				   float weight, bool expansion, bool strict)
{
	SklPlanList positions = {0};
	size_t i = 0;

	while (i < count)
	{
		SklPlanList variants = {0};
		uint32_t position = tokens[i].position;

		for (; i < count && tokens[i].position == position; i++)
		{
			uint32_t term = skl_plan_term(c->builder, tokens[i].lexeme, tokens[i].length, fields,
										  weight, expansion, 0);

			skl_plan_list_add(c->builder, &variants, skl_plan_match(c->builder, term));
		}
		skl_plan_list_add(c->builder, &positions,
						  skl_plan_join(c->builder, SKL_PLAN_OR, &variants));
	}
	return skl_plan_join(c->builder, strict ? SKL_PLAN_AND : SKL_PLAN_OR, &positions);
}

/* The letters of a word in lower case, with accents or folded. */
static size_t
lower_word(SklArena *arena, const SklQueryNode *node, bool fold, char **lower)
{
	const char *at = node->text;
	const char *end = at + node->length;
	size_t length = 0;

	if (node->length > SKL_SEARCH_WORD_MAX)
		return 0;
	*lower = skl_arena_alloc(arena, node->length * 4 + 8);
	while (at < end)
	{
		uint32_t folded[2] = {0, 0};
		uint32_t code = skl_utf8_next(&at, end);
		int n = 1;
		int i;

		if (fold)
			n = skl_fold_code(code, folded);
		else
			folded[0] = skl_lower_code(code);
		for (i = 0; i < n; i++)
			length += (size_t) skl_utf8_put(folded[i], *lower + length);
	}
	return length;
}

uint32_t
skl_expand_prefix(SklCompiler *c, const SklQueryWord *word, unsigned fields, bool scored)
{
	const SklDictionary *dictionary = c->options->dictionary;
	SklDictionaryTerm found[SKL_PREFIX_EXPANSIONS];
	SklPlanList list = {0};
	size_t n = 0;
	int fold;

	for (fold = 0; fold < 2 && n == 0 && c->prefixes < SKL_MAX_PREFIXES; fold++)
	{
		SklSnippetTerm *mark = &c->prefix_marks[c->prefixes];
		char *prefix = NULL;
		size_t length = lower_word(c->arena, word->node, fold == 1, &prefix);
		uint32_t group = skl_plan_group(c->builder);
		size_t i;

		if (length > 0)
			n = dictionary->prefix(dictionary->context, c->arena, prefix, length, found,
								   SKL_PREFIX_EXPANSIONS);
		for (i = 0; i < n; i++)
			skl_plan_list_add(
				c->builder, &list,
				skl_plan_match(c->builder,
							   skl_plan_term(c->builder, found[i].lexeme, found[i].length, fields,
											 scored ? 1.0f : 0.0f, false, group)));
		if (n > 0 && scored)
		{
			mark->lexeme = prefix;
			mark->length = (uint32_t) length;
			mark->prefix = true;
			mark->weight = 1.0f;
			c->prefixes++;
		}
	}
	if (n == 0)
		return skl_compile_tokens(c, word->tokens, word->count, fields, scored ? 1.0f : 0.0f, false,
								  true);
	return skl_plan_join(c->builder, SKL_PLAN_OR, &list);
}

/* Node of one synonym: its terms share the weight, and must stand as a phrase. */
static uint32_t
synonym_node(SklCompiler *c, const SklLexemes *phrase, unsigned fields)
{
	uint32_t terms[SKL_SYNONYM_MAX_WORDS];
	uint32_t i;

	for (i = 0; i < (uint32_t) phrase->count; i++)
	{
		terms[i] = skl_plan_term(c->builder, phrase->lexeme[i], phrase->length[i], fields,
								 SKL_SYNONYM_WEIGHT / (float) phrase->count, true, 0);
		if (terms[i] == SKL_PLAN_NOTHING)
			return SKL_PLAN_NOTHING;
	}
	return skl_plan_phrase(c->builder, terms, phrase->offset, (uint32_t) phrase->count, 0, fields);
}

int
skl_expand_synonyms(SklCompiler *c, const char *const *lexemes, const uint32_t *lengths, int count,
					unsigned fields, SklPlanList *nodes)
{
	SklLexemes *found;
	size_t found_count;
	int used = skl_synonym_find(c->options->synonyms, c->arena, lexemes, lengths, count, &found,
								&found_count);
	size_t i;

	for (i = 0; used > 0 && i < found_count; i++)
		skl_plan_list_add(c->builder, nodes, synonym_node(c, &found[i], fields));
	return used;
}

/* Folds an operand that is a single word and fits; length 0 for everything else. */
static Folded
fold_operand(const SklQueryNode *node)
{
	Folded folded = {.length = 0};
	size_t at = 0;
	char more[8];
	size_t start;
	size_t end;

	if (node == NULL || node->kind != SKL_QUERY_WORD || node->prefix ||
		node->length > sizeof(folded.text))
		return folded;
	folded.length = skl_fold_word(node->text, node->length, &at, folded.text, sizeof(folded.text),
								  &folded.start, &folded.end);
	if (skl_fold_word(node->text, node->length, &at, more, sizeof(more), &start, &end) > 0)
		folded.length = 0;
	return folded;
}

/* Documents with a word, in the index or in the vocabulary of suggestions. */
static uint32_t
word_frequency(const SklCompiler *c, const SklToken *tokens, size_t count)
{
	uint32_t frequency = 0;
	size_t i;

	for (i = 0; i < count; i++)
	{
		uint32_t df = skl_lexeme_frequency(c, tokens[i].lexeme, tokens[i].length);

		frequency = df > frequency ? df : frequency;
	}
	return frequency;
}

/* True when both analyse to the same lexeme. */
static bool
same_lexeme(const SklToken *a, const SklToken *b)
{
	return a->length == b->length && memcmp(a->lexeme, b->lexeme, a->length) == 0;
}

/* Corrections of a word that may be corrected, best first. */
static size_t
find_corrections(SklCompiler *c, const SklQueryWord *word, const SklWordPlace *place,
				 const Folded *folded, SklCorrection *found, size_t limit)
{
	Folded before = fold_operand(place->before == NULL ? NULL : place->before->node);
	Folded behind = fold_operand(place->behind == NULL ? NULL : place->behind->node);
	int errors = skl_typo_errors_allowed(folded->text, folded->length);

	if (folded->length == 0 || errors == 0 || word->count == 0 || c->lookups >= SKL_MAX_CORRECTED)
		return 0;
	c->lookups++;
	return skl_suggest_correct(c->options->suggestions, folded->text, folded->length, errors,
							   before.text, before.length, behind.text, behind.length, found,
							   limit);
}

static void
note_corrected(SklCompiler *c, const SklQueryNode *node, const Folded *folded,
			   const SklCorrection *correction)
{
	SklCorrectedWord *noted;

	if (c->corrected_count >= SKL_MAX_CORRECTED)
		return;
	noted = &c->corrected[c->corrected_count++];
	noted->from = node->text + folded->start;
	noted->from_length = folded->end - folded->start;
	noted->to = correction->text;
	noted->to_length = correction->length;
	noted->errors = correction->errors;
}

void
skl_expand_corrections(SklCompiler *c, const SklQueryWord *word, const SklWordPlace *place,
					   SklPlanList *nodes)
{
	const SklCompileOptions *options = c->options;
	SklCorrection found[CORRECTIONS];
	bool noted = false;
	uint32_t own;
	Folded folded;
	size_t n;
	size_t i;

	if (options->suggestions == NULL || options->correct == SKL_CORRECT_NEVER)
		return;
	own = word_frequency(c, word->tokens, word->count);
	if (options->correct == SKL_CORRECT_RARE && own >= SKL_FEW_HITS)
		return;
	folded = fold_operand(word->node);
	n = find_corrections(c, word, place, &folded, found, CORRECTIONS);
	for (i = 0; i < n; i++)
	{
		SklToken *tokens;
		size_t count = options->analyse(options->analyse_context, c->arena, found[i].text,
										found[i].length, &tokens);
		float weight =
			found[i].errors == 1 ? SKL_TYPO_PENALTY : SKL_TYPO_PENALTY * SKL_TYPO_PENALTY;

		if (count == 0 || same_lexeme(&tokens[0], &word->tokens[0]) ||
			word_frequency(c, tokens, count) <= own)
			continue;
		skl_plan_list_add(
			c->builder, nodes,
			skl_compile_tokens(c, tokens, count, place->fields, weight, true, place->strict));
		if (!noted)
			note_corrected(c, word->node, &folded, &found[i]);
		noted = true;
	}
}

/* The query with words replaced; they are in the order of the text. */
static char *
replace_words(SklArena *arena, const char *chars, size_t length, const SklCorrectedWord *words,
			  size_t count)
{
	size_t room = length + 1;
	const char *at = chars;
	char *result;
	char *to;
	size_t i;

	for (i = 0; i < count; i++)
		room += words[i].to_length;
	result = skl_arena_alloc(arena, room);
	to = result;
	for (i = 0; i < count; i++)
	{
		if (words[i].from < at)
			continue;
		memcpy(to, at, (size_t) (words[i].from - at));
		to += words[i].from - at;
		memcpy(to, words[i].to, words[i].to_length);
		to += words[i].to_length;
		at = words[i].from + words[i].from_length;
	}
	memcpy(to, at, (size_t) (chars + length - at));
	to[chars + length - at] = '\0';
	return result;
}

char *
skl_query_corrected(SklArena *arena, const char *chars, size_t length, const SklCompiled *compiled)
{
	return replace_words(arena, chars, length, compiled->corrected, compiled->corrected_count);
}

/* Notes a better spelling of one word, if there is one. */
static void
mean_word(SklCompiler *c, const SklQueryWord *word, const SklWordPlace *place)
{
	SklCorrection found[1];
	Folded folded = fold_operand(word->node);
	uint32_t known;
	double own;

	if (find_corrections(c, word, place, &folded, found, 1) == 0)
		return;
	known = skl_suggest_frequency(c->options->suggestions, folded.text, folded.length);
	if (known < SKL_FEW_HITS)
		known = word_frequency(c, word->tokens, word->count);
	if (known >= SKL_FEW_HITS)
	{
		Folded before = fold_operand(place->before == NULL ? NULL : place->before->node);
		Folded behind = fold_operand(place->behind == NULL ? NULL : place->behind->node);

		own = skl_suggest_score(c->options->suggestions, folded.text, folded.length, known, 0,
								before.text, before.length, behind.text, behind.length);
		if (found[0].score < MUCH_BETTER * own)
			return;
	}
	note_corrected(c, word->node, &folded, &found[0]);
}

/* Looks at every bare word below a node. */
static void
mean_words(SklCompiler *c, const SklQueryNode *parent)
{
	const SklQueryNode *node;
	SklQueryWord before = {0};

	for (node = parent->child; node != NULL && c->corrected_count < SKL_MAX_MEANT;
		 node = node->next)
	{
		SklQueryWord word = {.node = node};
		SklQueryWord behind = {.node = node->next};
		SklWordPlace place = {.before = before.node == NULL ? NULL : &before,
							  .behind = node->next == NULL ? NULL : &behind};

		if (node->child != NULL && !node->negated)
			mean_words(c, node);
		else if (node->kind == SKL_QUERY_WORD && !node->negated && !node->prefix &&
				 c->lookups < SKL_MAX_CORRECTED)
		{
			word.count = c->options->analyse(c->options->analyse_context, c->arena, node->text,
											 node->length, &word.tokens);
			mean_word(c, &word, &place);
		}
		before.node = node;
	}
}

char *
skl_query_did_you_mean(SklArena *arena, const char *chars, size_t length, const SklQuery *query,
					   const SklCompileOptions *options)
{
	SklCompiler c = {.arena = arena, .options = options};

	if (options->suggestions == NULL)
		return NULL;
	c.corrected = skl_arena_zero(arena, SKL_MAX_CORRECTED, sizeof(SklCorrectedWord));
	mean_words(&c, query->root);
	if (c.corrected_count == 0)
		return NULL;
	return replace_words(arena, chars, length, c.corrected, c.corrected_count);
}
