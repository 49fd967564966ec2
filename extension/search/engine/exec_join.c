/*
 * search/engine/exec_join.c
 *		Documents that have all of some words, for plans that ask for nothing else but the best
 *		hits.
 *
 * The rarest word leads: each of its documents is looked up in the others, in the order of how rare
 * they are, and the first one that lacks it says where to go on. Before anything is unpacked, the
 * bounds of the blocks around a document say whether one of them could get into the heap at all; if
 * not, the search goes on behind the block that ends first. What is left is scored, and only who
 * would win is looked at closely: whether it may be seen, its filters, its phrases.
 */
#include "search/engine/exec_run.h"

/* When even the rarest word is in one document of so many, bits of windows are faster. */
#define COMMON_WORD 24

/* ---- plans ---- */

static void
add_word(SklRun *run, uint32_t term, bool counts)
{
	for (uint32_t i = 0; i < run->n_join; i++)
		if (run->join[i].term == term)
		{
			run->join[i].counts = run->join[i].counts || counts;
			return;
		}
	run->join[run->n_join++] = (SklJoinWord){.term = term, .counts = counts};
}

/* Adds the words of a node that every match must have; false when it is more than words. */
static bool
add_node(SklRun *run, const SklPlanNode *node)
{
	const SklPlanPhrase *phrase;

	if (node->op == SKL_PLAN_TERM)
		add_word(run, node->operand, true);
	if (node->op != SKL_PLAN_PHRASE)
		return node->op == SKL_PLAN_TERM;
	phrase = &run->plan->phrases[node->operand];
	for (uint32_t i = 0; i < phrase->n_words; i++)
		add_word(run, phrase->terms[i], false);
	return phrase->n_words > 0;
}

static bool
all_joined(const SklRun *run)
{
	uint32_t scored = 0;

	for (uint32_t i = 0; i < run->n_join; i++)
		scored += run->terms[run->join[i].term].scored;
	return scored == run->n_scored && scored == run->n_clauses;
}

void
skl_run_plan_join(SklRun *run)
{
	const SklPlan *plan = run->plan;
	const SklPlanNode *root = plan->n_nodes == 0 ? NULL : &plan->nodes[plan->root];
	bool words = root != NULL;

	run->n_join = 0;
	if (root == NULL || run->needs_counts || plan->exhaustive || plan->sort != SKL_SORT_SCORE ||
		run->top_room == 0 || run->n_scored == 0)
		return;
	run->join = skl_engine_alloc(run->engine, sizeof(SklJoinWord) * ((size_t) plan->n_terms + 1));
	if (root->op != SKL_PLAN_AND)
		words = add_node(run, root);
	for (uint32_t i = 0; root->op == SKL_PLAN_AND && i < root->n_children && words; i++)
		words = add_node(run, &plan->nodes[root->children[i]]);
	if (!words || run->n_join < 2 || !all_joined(run))
		run->n_join = 0;
}

/* ---- a segment ---- */

/* Puts the words in order, the rarest first; false when the segment lacks one. */
static bool
open_words(SklRun *run)
{
	for (uint32_t i = 0; i < run->n_join; i++)
	{
		SklJoinWord word = run->join[i];
		uint32_t at = i;

		word.postings = &run->postings[word.term];
		if (!word.postings->present)
			return false;
		word.bounded = SKL_NO_BLOCK;
		word.at = 0;
		for (; at > 0 && run->join[at - 1].postings->postings.df > word.postings->postings.df; at--)
			run->join[at] = run->join[at - 1];
		run->join[at] = word;
	}
	return true;
}

/* Moves a word on to the block that may have a document; false: there is none. */
static bool
seek_word(const SklRun *run, SklJoinWord *word, uint32_t docno)
{
	SklRunPostings *term = word->postings;
	SklSkip skip;

	term->first = skl_postings_seek(&term->postings, term->first, docno);
	if (term->first == term->postings.n_blocks)
		return false;
	if (word->bounded == term->first)
		return true;
	skip = skl_postings_skip(&term->postings, term->first);
	if (skip.last_docno >= run->n_docs)
		skl_segment_corrupt(run->segment, "a block of postings is wrong");
	word->last = skip.last_docno;
	word->bound = run->terms[word->term].scored
					  ? skl_run_block_bound(run, run->terms[word->term].unit, &skip)
					  : 0;
	word->bounded = term->first;
	word->at = 0;
	return true;
}

/*
 * Moves all words on to the blocks around a document; false: one has come to its end. *behind is
 * where the first of the blocks ends, and whether a document before it could win the answer of
 * *wins.
 */
static bool
seek_words(SklRun *run, uint32_t docno, uint32_t *behind, bool *wins)
{
	uint64_t bound = 0;

	*behind = UINT32_MAX;
	for (uint32_t i = 0; i < run->n_join; i++)
	{
		SklJoinWord *word = &run->join[i];

		if (!seek_word(run, word, docno))
			return false;
		bound += word->bound;
		*behind = word->last < *behind ? word->last : *behind;
	}
	*wins = bound * run->max_factor >= run->threshold;
	return true;
}

/* The first document from docno on, not behind the block, that the word has; or one behind it. */
static uint32_t
next_of(SklJoinWord *word, uint32_t docno)
{
	SklPostings *postings = &word->postings->postings;

	if (docno > word->last)
		return word->last + 1;
	skl_postings_docs(postings, word->bounded);
	word->at = skl_postings_go_to(postings, word->at, docno);
	return postings->docs[word->at];
}

/* What the document is worth that all words stand at; false when a word is not where it must be. */
static bool
worth_of(const SklRun *run, uint32_t docno, uint32_t *sum)
{
	uint32_t length = skl_load16(run->lengths + 2 * (size_t) docno);
	float k = run->k_base + run->k_slope * (float) length;

	*sum = 0;
	for (uint32_t i = 0; i < run->n_join; i++)
	{
		const SklJoinWord *word = &run->join[i];
		SklPostings *postings = &word->postings->postings;
		const SklWeights *weights = word->postings->weights;
		uint32_t entry;

		skl_postings_entries(postings);
		entry = postings->entries[word->at];
		if (word->counts && weights->wtf[entry] == 0)
			return false;
		if (run->terms[word->term].scored)
			*sum += skl_contribution(run->terms[word->term].unit, k, weights->inverse[entry]);
	}
	return true;
}

static void
offer_joined(SklRun *run, uint32_t docno)
{
	uint32_t sum;

	if (!worth_of(run, docno, &sum) || !skl_run_can_win(run, docno, sum))
		return;
	run->window = docno / SKL_WINDOW;
	run->base = run->window * SKL_WINDOW;
	run->n = run->n_docs - run->base < SKL_WINDOW ? run->n_docs - run->base : SKL_WINDOW;
	if (skl_run_visible(run, docno) && skl_run_passes(run, docno - run->base))
		skl_run_offer(run, docno, sum);
}

/* Looks the document of the first word up in the others; the least that all may have. */
static uint32_t
agree(SklRun *run, uint32_t docno)
{
	for (uint32_t i = 1; i < run->n_join; i++)
	{
		uint32_t next = next_of(&run->join[i], docno);

		if (next != docno)
			return next;
	}
	return docno;
}

bool
skl_run_join_segment(SklRun *run)
{
	uint32_t docno = 0;
	uint32_t behind;
	uint32_t checked = 0;
	bool wins;

	if (run->n_join == 0)
		return false;
	if (!open_words(run))
		return true;
	if ((uint64_t) run->join[0].postings->postings.df * COMMON_WORD >= run->n_docs)
		return false;
	run->late_filters = true;
	run->late_phrases = true;
	while (seek_words(run, docno, &behind, &wins))
	{
		if (docno / SKL_WINDOW != checked)
		{
			checked = docno / SKL_WINDOW;
			skl_engine_check(run->engine);
		}
		while (wins && docno <= behind)
		{
			uint32_t first = next_of(&run->join[0], docno);
			uint32_t next = first > behind ? first : agree(run, first);

			if (next == first && first <= behind)
			{
				offer_joined(run, first);
				next++;
			}
			docno = next;
		}
		docno = docno > behind ? docno : behind + 1;
	}
	run->late_filters = false;
	run->late_phrases = false;
	return true;
}
