/*
 * test/fuzz/query_fuzz.c
 *		Fuzzes the parser of search queries and the cutting of texts into words: any bytes make a
 *		tree whose texts lie in the query, in order, within the caps.
 */
#include "skl.h"

#include "search/engine/fold.h"
#include "search/engine/query_parse.h"

#include "fuzz.h"

static const char *const fields[] = {"title", "skill", "body"};

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
fold_all(const char *text, size_t size)
{
	char word[32];
	size_t at = 0;
	size_t start;
	size_t end;
	size_t length;

	while ((length = skl_fold_word(text, size, &at, word, sizeof(word), &start, &end)) > 0)
	{
		must(length <= sizeof(word) && start < end && end <= size && at == end);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SklArena arena;
	SklQuery query;

	skl_arena_init(&arena, NULL, NULL, NULL);
	skl_query_parse(&arena, (const char *) data, size, fields, 3, &query);
	must(walk(query.root, (const char *) data, size, 0) == query.terms);
	must(query.terms <= SKL_QUERY_MAX_TERMS);
	fold_all((const char *) data, size);
	skl_arena_free(&arena);
	return 0;
}
