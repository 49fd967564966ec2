/*
 * search/engine/exec_rank.c
 *		Puts the best hits in a new order: by how near the words of the query lie together, and by
 *		how much of who asks is in them. Only the SKL_RANK_WINDOW best take part; the others
 *		follow them in the order of their scores, and pages go on from either part.
 */
#include "search/engine/exec_run.h"

#include <stdlib.h>

#define NEAR_TERMS 8 /* words that are looked at */

bool
skl_run_reranks(const SklRun *run)
{
	const SklPlan *plan = run->plan;

	return plan->sort == SKL_SORT_SCORE && (plan->proximity > 0 || plan->personal > 0) &&
		   !(plan->after.present && !plan->after.reranked);
}

uint32_t
skl_run_hits_needed(const SklRun *run)
{
	uint32_t k = run->plan->k;

	if (k == 0)
		return 0;
	if (!skl_run_reranks(run))
		return k + 1;
	if (run->plan->after.present)
		return SKL_RANK_WINDOW + k + 1;
	return k > SKL_RANK_WINDOW ? k + 1 : SKL_RANK_WINDOW + 1;
}

/* The words whose nearness counts: those that were typed, not what was added to them. */
static uint32_t
near_terms(const SklRun *run, uint32_t terms[NEAR_TERMS])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < run->n_scored && n < NEAR_TERMS; i++)
	{
		const SklPlanTerm *term = run->terms[run->scored[i]].plan;

		if (term->weight >= 1 && term->idf_group == 0)
			terms[n++] = run->scored[i];
	}
	return n;
}

/*
 * 1 when all neighbours of the query stand side by side, less the farther apart, 0 when none meet.
 */
static double
nearness(SklRun *run, const uint32_t *terms, uint32_t n, uint32_t docno)
{
	static const uint32_t offsets[2] = {0, 1};
	double sum = 0;

	for (uint32_t i = 0; i + 1 < n; i++)
	{
		SklPlanPhrase pair = {2, &terms[i], offsets, 0, SKL_ALL_FIELDS};
		uint32_t slack = skl_run_phrase_slack(run, &pair, docno);

		if (slack != UINT32_MAX)
			sum += 1 / (1 + (double) slack);
	}
	return n < 2 ? 0 : sum / (n - 1);
}

static int
by_place(const void *a, const void *b)
{
	const SklHit *left = *(SklHit *const *) a;
	const SklHit *right = *(SklHit *const *) b;

	if (left->segment != right->segment)
		return left->segment < right->segment ? -1 : 1;
	return left->docno < right->docno ? -1 : left->docno > right->docno;
}

/* Doubles .personal of the hits of a segment (in order) that have a filter term: counts them. */
static void
count_near(SklRun *run, SklPostings *postings, SklBytes term, SklHit *const *hits, uint32_t n)
{
	SklTermInfo info;
	uint32_t block = 0;

	if (!skl_segment_lookup(run->segment, SKL_TERM_FILTER, term, &info))
		return;
	skl_postings_open(postings, run->segment, &info);
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t docno = hits[i]->docno;

		block = skl_postings_seek(postings, block, docno);
		if (block == postings->n_blocks)
			break;
		skl_postings_docs(postings, block);
		if (postings->docs[skl_lower_bound(postings->docs, postings->n, docno)] == docno)
			hits[i]->personal *= 2;
	}
	run->blocks_read += postings->blocks_read;
}

/* What is near to who asks: with m of the terms a document gains 1 - 2^-m of what there is. */
static void
find_near(SklRun *run, SklHit *const *hits, uint32_t n)
{
	const SklPlan *plan = run->plan;
	SklPostings *postings = skl_engine_alloc(run->engine, sizeof(*postings));

	for (uint32_t t = 0; t < plan->n_near; t++)
		count_near(run, postings, plan->near[t], hits, n);
	for (uint32_t i = 0; i < n; i++)
		hits[i]->personal = 1 + (double) plan->personal * (1 - 1 / hits[i]->personal);
}

/* Looks the hits of a segment, in order, up again. */
static void
look_closer(SklRun *run, SklHit *const *hits, uint32_t n)
{
	const SklPlan *plan = run->plan;
	uint32_t terms[NEAR_TERMS];
	uint32_t n_terms = near_terms(run, terms);

	run->segment = run->segments[hits[0]->segment].segment;
	if (plan->proximity > 0 && n_terms > 1)
	{
		skl_run_open_terms(run);
		for (uint32_t i = 0; i < n; i++)
			hits[i]->proximity =
				(double) plan->proximity * nearness(run, terms, n_terms, hits[i]->docno);
	}
	if (plan->personal > 0)
		find_near(run, hits, n);
}

/* Looks the hits up again, segment by segment. */
static void
look_again(SklRun *run, SklHit *hits, uint32_t n)
{
	SklHit **order = skl_engine_alloc(run->engine, sizeof(*order) * ((size_t) n + 1));

	for (uint32_t i = 0; i < n; i++)
		order[i] = &hits[i];
	qsort(order, n, sizeof(*order), by_place);
	for (uint32_t from = 0, to = 0; from < n; from = to)
	{
		while (to < n && order[to]->segment == order[from]->segment)
			to++;
		look_closer(run, order + from, to - from);
	}
}

static int
by_score(const void *a, const void *b)
{
	const SklHit *left = a;
	const SklHit *right = b;

	if (left->score != right->score)
		return left->score > right->score ? -1 : 1;
	return memcmp(left->id, right->id, SKL_ENTITY_ID_BYTES);
}

static bool
after_cursor(const SklPlanCursor *cursor, const SklHit *hit)
{
	if (!hit->reranked)
		return true;
	if (hit->score != cursor->score)
		return hit->score < cursor->score;
	return memcmp(hit->id, cursor->id, SKL_ENTITY_ID_BYTES) > 0;
}

void
skl_run_rerank(SklRun *run, SklHit *hits, SklSearchResult *result)
{
	const SklPlan *plan = run->plan;
	uint32_t n = result->n_hits < SKL_RANK_WINDOW ? result->n_hits : SKL_RANK_WINDOW;
	uint32_t first = 0;

	look_again(run, hits, n);
	for (uint32_t i = 0; i < n; i++)
	{
		hits[i].score *= (1 + hits[i].proximity) * hits[i].personal;
		hits[i].reranked = true;
	}
	qsort(hits, n, sizeof(SklHit), by_score);
	while (plan->after.present && first < result->n_hits &&
		   !after_cursor(&plan->after, &hits[first]))
		first++;
	result->hits = hits + first;
	result->n_hits -= first;
}
