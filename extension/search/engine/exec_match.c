/*
 * search/engine/exec_match.c
 *		Evaluates the tree of a plan for a window: every node is a set of bits. Children of an AND
 *		are asked in the order of their cost, each only about the documents that are left.
 */
#include "search/engine/exec_run.h"

#include <stdlib.h>

/* ---- checking ---- */

static void
bad_plan(const SklRun *run, const char *message)
{
	skl_engine_raise(run->engine, SKL_ENGINE_BAD_INPUT, message);
}

static void
check_phrases(const SklRun *run)
{
	const SklPlan *plan = run->plan;

	for (uint32_t p = 0; p < plan->n_phrases; p++)
	{
		const SklPlanPhrase *phrase = &plan->phrases[p];

		for (uint32_t i = 0; i < phrase->n_words; i++)
			if (phrase->terms[i] >= plan->n_terms || phrase->offsets[i] > SKL_POSITION_MAX ||
				(i > 0 && phrase->offsets[i] < phrase->offsets[i - 1]))
				bad_plan(run, "a phrase is not well formed");
	}
}

/* Documents that a node may have at most. */
static uint64_t
measure_node(const SklRun *run, uint32_t number)
{
	const SklPlanNode *node = &run->plan->nodes[number];
	uint64_t least = UINT64_MAX;
	uint64_t sum = 0;

	switch (node->op)
	{
		case SKL_PLAN_TERM:
			return run->terms[node->operand].df;
		case SKL_PLAN_PHRASE:
			for (uint32_t i = 0; i < run->plan->phrases[node->operand].n_words; i++)
			{
				uint64_t df = run->terms[run->plan->phrases[node->operand].terms[i]].df;

				least = df < least ? df : least;
			}
			return least;
		case SKL_PLAN_AND:
		case SKL_PLAN_OR:
			for (uint32_t i = 0; i < node->n_children; i++)
			{
				uint64_t cost = run->node_cost[node->children[i]];

				least = cost < least ? cost : least;
				sum += cost;
			}
			return node->op == SKL_PLAN_AND ? least : sum;
		case SKL_PLAN_NONE:
			return 0;
		default:
			return UINT64_MAX;
	}
}

static void
check_node(const SklRun *run, uint32_t number, uint32_t *depth, bool *has_parent)
{
	const SklPlan *plan = run->plan;
	const SklPlanNode *node = &plan->nodes[number];

	if ((node->op == SKL_PLAN_TERM && node->operand >= plan->n_terms) ||
		(node->op == SKL_PLAN_PHRASE && node->operand >= plan->n_phrases) ||
		(node->op == SKL_PLAN_NOT && node->n_children != 1) || node->op > SKL_PLAN_NOT)
		bad_plan(run, "a node names what is not there");
	for (uint32_t i = 0; node->op >= SKL_PLAN_AND && i < node->n_children; i++)
	{
		uint32_t child = node->children[i];

		if (child >= number || has_parent[child])
			bad_plan(run, "the nodes are no tree");
		has_parent[child] = true;
		depth[number] = depth[child] + 1 > depth[number] ? depth[child] + 1 : depth[number];
	}
	if (depth[number] > SKL_TREE_DEPTH_MAX)
		bad_plan(run, "the tree is too deep");
}

/* A term of the tree whose documents are just those that it gives a score. */
static bool
scores_alone(const SklRun *run, const SklPlanNode *node)
{
	return node->op == SKL_PLAN_TERM && run->terms[node->operand].scored &&
		   (run->plan->terms[node->operand].fields & SKL_ALL_FIELDS) == SKL_ALL_FIELDS;
}

/* Is the tree an OR of terms, each scored, and no other term scored? Then scoring finds the
 * matches. */
static bool
is_pure(SklRun *run)
{
	const SklPlan *plan = run->plan;
	const SklPlanNode *root = plan->n_nodes == 0 ? NULL : &plan->nodes[plan->root];
	bool *seen = skl_engine_zalloc(run->engine, (size_t) plan->n_terms + 1);

	if (root == NULL)
		return false;
	if (root->op == SKL_PLAN_TERM)
		return run->n_scored == 1 && scores_alone(run, root);
	if (root->op != SKL_PLAN_OR || root->n_children != run->n_scored)
		return false;
	for (uint32_t i = 0; i < root->n_children; i++)
	{
		const SklPlanNode *child = &plan->nodes[root->children[i]];

		if (!scores_alone(run, child) || seen[child->operand])
			return false;
		seen[child->operand] = true;
	}
	return true;
}

/*
 * Notes the phrases that a match must have: those at the root or under nothing but ANDs. When there
 * are no others, words alone can stand for them until a document is about to become a hit.
 */
static void
note_phrases(SklRun *run, uint32_t number, uint32_t *noted)
{
	const SklPlanNode *node = &run->plan->nodes[number];

	if (node->op == SKL_PLAN_PHRASE)
	{
		run->must[node->operand] = true;
		++*noted;
	}
	for (uint32_t i = 0; node->op == SKL_PLAN_AND && i < node->n_children; i++)
		note_phrases(run, node->children[i], noted);
}

static void
find_musts(SklRun *run)
{
	const SklPlan *plan = run->plan;
	uint32_t noted = 0;
	uint32_t all = 0;

	run->must = skl_engine_zalloc(run->engine, (size_t) plan->n_phrases + 1);
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		all += plan->nodes[i].op == SKL_PLAN_PHRASE;
	if (all > 0)
		note_phrases(run, plan->root, &noted);
	run->phrases_may_wait = noted == all;
}

void
skl_run_check_tree(SklRun *run)
{
	const SklPlan *plan = run->plan;
	uint32_t n = plan->n_nodes;
	uint32_t *depth = skl_engine_zalloc(run->engine, sizeof(uint32_t) * ((size_t) n + 1));
	bool *has_parent = skl_engine_zalloc(run->engine, (size_t) n + 1);

	check_phrases(run);
	if (n > 0 && plan->root >= n)
		bad_plan(run, "the root is not there");
	run->node_cost = skl_engine_alloc(run->engine, sizeof(uint32_t) * ((size_t) n + 1));
	for (uint32_t i = 0; i < n; i++)
	{
		uint64_t cost;

		check_node(run, i, depth, has_parent);
		cost = measure_node(run, i);
		run->node_cost[i] = cost < UINT32_MAX ? (uint32_t) cost : UINT32_MAX;
	}
	run->pure = is_pure(run);
	find_musts(run);
}

/* ---- evaluating ---- */

/*
 * Sets the bits of a block's documents that lie in the window and have the term in one of its
 * fields, or in any.
 */
static void
set_block(SklRun *run, SklRunPostings *term, bool any_field, uint32_t block, SklBits *bits)
{
	SklPostings *postings = &term->postings;
	uint32_t base = run->base;

	skl_postings_docs(postings, block);
	if (term->some_fields && !any_field)
	{
		skl_postings_entries(postings);
		for (uint32_t i = 0; i < postings->n; i++)
		{
			uint32_t at = postings->docs[i] - base;

			if (at < SKL_WINDOW && term->weights->wtf[postings->entries[i]] > 0)
				bits->words[at / 64] |= UINT64_C(1) << at % 64;
		}
		return;
	}
	for (uint32_t i = 0; i < postings->n; i++)
	{
		uint32_t at = postings->docs[i] - base;

		if (at < SKL_WINDOW)
			bits->words[at / 64] |= UINT64_C(1) << at % 64;
	}
}

/* The same for few documents: looks for each one that is in mask, from .. to of the window. */
static void
probe_block(SklRun *run, SklRunPostings *term, bool any_field, uint32_t block, const SklBits *mask,
			uint32_t from, uint32_t to, SklBits *bits)
{
	SklPostings *postings = &term->postings;
	uint32_t at = 0;

	skl_postings_docs(postings, block);
	if (term->some_fields && !any_field)
		skl_postings_entries(postings);
	SKL_EACH_BIT_BETWEEN(mask, from, to, i, {
		at = skl_postings_go_to(postings, at, run->base + i);
		if (postings->docs[at] == run->base + i &&
			(any_field || !term->some_fields || term->weights->wtf[postings->entries[at]] > 0))
			bits->words[i / 64] |= UINT64_C(1) << i % 64;
	})
}

void
skl_run_term_bits(SklRun *run, uint32_t number, bool any_field, const SklBits *mask, SklBits *bits)
{
	SklRunPostings *term = &run->postings[number];
	uint32_t end = run->base + run->n - 1;
	uint32_t n_mask = skl_bits_count(mask);

	memset(bits, 0, sizeof(*bits));
	if (!term->present)
		return;
	for (uint32_t block = term->first; block < term->postings.n_blocks; block++)
	{
		uint32_t from = block == 0 ? 0 : skl_postings_last(&term->postings, block - 1) + 1;
		uint32_t last = skl_postings_last(&term->postings, block);

		if (from > end)
			break;
		from = from < run->base ? run->base : from;
		last = last > end ? end : last;
		if (from > last || !skl_bits_between(mask, from - run->base, last - run->base))
			continue;
		if (skl_few_in(n_mask, from - run->base, last - run->base))
			probe_block(run, term, any_field, block, mask, from - run->base, last - run->base,
						bits);
		else
			set_block(run, term, any_field, block, bits);
	}
	for (int w = 0; w < SKL_WINDOW_WORDS; w++)
		bits->words[w] &= mask->words[w];
}

static void evaluate(SklRun *run, uint32_t number, const SklBits *mask, SklBits *bits);

/* The child of the least cost that has not been taken: at or above (cost, number). */
static uint32_t
next_child(const SklRun *run, const SklPlanNode *node, uint64_t *after)
{
	uint64_t best = UINT64_MAX;
	uint32_t child = UINT32_MAX;

	for (uint32_t i = 0; i < node->n_children; i++)
	{
		uint64_t order = (uint64_t) run->node_cost[node->children[i]] << 32 | node->children[i];

		if (order >= *after && order < best)
		{
			best = order;
			child = node->children[i];
		}
	}
	*after = best + 1;
	return child;
}

static void
evaluate_and(SklRun *run, const SklPlanNode *node, const SklBits *mask, SklBits *bits)
{
	SklBits left = *mask;
	uint64_t after = 0;

	for (uint32_t i = 0; i < node->n_children && skl_bits_any(&left); i++)
	{
		evaluate(run, next_child(run, node, &after), &left, bits);
		left = *bits;
	}
	*bits = left;
}

static void
evaluate_or(SklRun *run, const SklPlanNode *node, const SklBits *mask, SklBits *bits)
{
	SklBits left = *mask;
	SklBits found = {{0}};

	for (uint32_t i = 0; i < node->n_children; i++)
	{
		evaluate(run, node->children[i], &left, bits);
		for (int w = 0; w < SKL_WINDOW_WORDS; w++)
		{
			found.words[w] |= bits->words[w];
			left.words[w] &= ~bits->words[w];
		}
	}
	*bits = found;
}

static void
evaluate(SklRun *run, uint32_t number, const SklBits *mask, SklBits *bits)
{
	const SklPlanNode *node = &run->plan->nodes[number];

	switch (node->op)
	{
		case SKL_PLAN_ALL:
			*bits = *mask;
			break;
		case SKL_PLAN_NONE:
			memset(bits, 0, sizeof(*bits));
			break;
		case SKL_PLAN_TERM:
			skl_run_term_bits(run, node->operand, false, mask, bits);
			break;
		case SKL_PLAN_PHRASE:
			skl_run_phrase_bits(run, &run->plan->phrases[node->operand], mask, bits);
			break;
		case SKL_PLAN_AND:
			evaluate_and(run, node, mask, bits);
			break;
		case SKL_PLAN_OR:
			evaluate_or(run, node, mask, bits);
			break;
		case SKL_PLAN_NOT:
			evaluate(run, node->children[0], mask, bits);
			for (int w = 0; w < SKL_WINDOW_WORDS; w++)
				bits->words[w] = mask->words[w] & ~bits->words[w];
			break;
	}
}

void
skl_run_match(SklRun *run, const SklBits *mask, SklBits *matches)
{
	if (run->plan->n_nodes == 0)
		*matches = *mask;
	else
		evaluate(run, run->plan->root, mask, matches);
}
