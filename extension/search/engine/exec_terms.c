/*
 * search/engine/exec_terms.c
 *		Looks the terms of a plan up in all segments and weighs them.
 */
#include "search/engine/exec_run.h"

#include <math.h>

#define UNIT_BITS 24 /* of one term's part: what a float holds */
#define SUM_BITS 31	 /* of a document's sum */

/* ---- statistics ---- */

static void
count_documents(SklRun *run)
{
	uint64_t sum_length = 0;

	for (uint32_t s = 0; s < run->n_segments; s++)
	{
		const SklSearchSegment *search = &run->segments[s];
		uint32_t n_live;
		uint64_t length;

		skl_segment_count_live(search->segment, search->dead, &n_live, &length);
		run->n_live += n_live;
		sum_length += length;
	}
	run->average_length = run->n_live == 0 ? 0 : (double) sum_length / (double) run->n_live;
}

/* The first dead document from docno on; n_docs: there is none. */
static uint32_t
next_dead(const uint64_t *dead, uint32_t docno, uint32_t n_docs)
{
	while (docno < n_docs)
	{
		uint64_t bits = dead[docno / 64] >> docno % 64;

		if (bits != 0)
			return docno + (uint32_t) __builtin_ctzll(bits);
		docno = (docno / 64 + 1) * 64;
	}
	return n_docs;
}

/* How many of the term's documents are dead: unpacks only blocks that may have dead ones. */
static uint32_t
count_dead(SklPostings *postings, const uint64_t *dead, uint32_t n_docs)
{
	uint32_t n = 0;
	uint32_t block = 0;
	uint32_t docno = next_dead(dead, 0, n_docs);

	while (docno < n_docs)
	{
		block = skl_postings_seek(postings, block, docno);
		if (block == postings->n_blocks)
			break;
		skl_postings_docs(postings, block);
		for (uint32_t i = 0; i < postings->n; i++)
			n += dead[postings->docs[i] / 64] >> postings->docs[i] % 64 & 1;
		docno = next_dead(dead, postings->docs[postings->n - 1] + 1, n_docs);
	}
	return n;
}

/* Living documents that have the term, over all segments. */
static uint64_t
count_term(SklRun *run, SklPostings *postings, const SklPlanTerm *term)
{
	uint64_t df = 0;

	for (uint32_t s = 0; s < run->n_segments; s++)
	{
		const SklSearchSegment *search = &run->segments[s];
		SklTermInfo info;

		if (!skl_segment_lookup(search->segment, SKL_TERM_WORD, term->word, &info))
			continue;
		df += info.df;
		if (search->dead == NULL)
			continue;
		skl_postings_open(postings, search->segment, &info);
		df -= count_dead(postings, search->dead, search->segment->header.n_docs);
		run->blocks_read += postings->blocks_read;
	}
	return df;
}

/* Terms of a group share the sum of their documents. */
static void
join_groups(SklRun *run)
{
	const SklPlan *plan = run->plan;
	uint64_t *sums =
		skl_engine_zalloc(run->engine, sizeof(uint64_t) * ((size_t) plan->n_terms + 1));

	for (uint32_t t = 0; t < plan->n_terms; t++)
		if (plan->terms[t].idf_group != 0)
			sums[plan->terms[t].idf_group] += run->terms[t].df;
	for (uint32_t t = 0; t < plan->n_terms; t++)
	{
		uint64_t sum = sums[plan->terms[t].idf_group];

		if (plan->terms[t].idf_group != 0)
			run->terms[t].df = sum < run->n_live ? sum : run->n_live;
	}
}

/* The terms that score, as clauses: words for themselves in their order, then forms by word. */
static void
make_clauses(SklRun *run)
{
	const SklPlan *plan = run->plan;
	uint32_t groups = 0;

	run->scored = skl_engine_alloc(run->engine, sizeof(uint32_t) * ((size_t) plan->n_terms + 1));
	run->clauses = skl_engine_alloc(run->engine, sizeof(SklClause) * ((size_t) plan->n_terms + 1));
	for (uint32_t t = 0; t < plan->n_terms; t++)
		groups = plan->terms[t].idf_group > groups ? plan->terms[t].idf_group : groups;
	for (uint32_t group = 0; group <= groups; group++)
	{
		uint32_t first = run->n_scored;

		for (uint32_t t = 0; t < plan->n_terms; t++)
			if (run->terms[t].scored && plan->terms[t].idf_group == group)
			{
				run->scored[run->n_scored++] = t;
				if (group == 0)
					run->clauses[run->n_clauses++] = (SklClause){first++, 1, 0};
			}
		if (run->n_scored > first)
			run->clauses[run->n_clauses++] = (SklClause){first, run->n_scored - first, 0};
	}
}

/* The unit of scores: as fine as the greatest part and the greatest sum allow. */
static void
choose_unit(SklRun *run)
{
	double greatest = 0;
	double sum = 0;
	int shift;

	for (uint32_t c = 0; c < run->n_clauses; c++)
	{
		const SklClause *clause = &run->clauses[c];
		double most = 0;

		for (uint32_t i = clause->first; i < clause->first + clause->n; i++)
		{
			const SklRunTerm *term = &run->terms[run->scored[i]];

			most = fmax(most, (double) term->plan->weight * term->idf);
		}
		greatest = fmax(greatest, most);
		sum += most;
	}
	shift = greatest > 0 ? UNIT_BITS - ilogb(greatest) - 1 : 0;
	if (sum > 0 && SUM_BITS - ilogb(sum) - 2 < shift)
		shift = SUM_BITS - ilogb(sum) - 2;
	run->shift = shift;
	for (uint32_t t = 0; t < run->plan->n_terms; t++)
		run->terms[t].unit =
			(float) ldexp((double) run->terms[t].plan->weight * run->terms[t].idf, shift);
}

void
skl_run_count_terms(SklRun *run)
{
	const SklPlan *plan = run->plan;
	SklPostings *postings = skl_engine_alloc(run->engine, sizeof(*postings));

	count_documents(run);
	run->terms = skl_engine_zalloc(run->engine, sizeof(SklRunTerm) * ((size_t) plan->n_terms + 1));
	for (uint32_t t = 0; t < plan->n_terms; t++)
	{
		skl_engine_check(run->engine);
		run->terms[t].plan = &plan->terms[t];
		run->terms[t].df = count_term(run, postings, &plan->terms[t]);
	}
	join_groups(run);
	for (uint32_t t = 0; t < plan->n_terms; t++)
	{
		SklRunTerm *term = &run->terms[t];
		double n = (double) run->n_live;
		double df = (double) term->df;

		term->idf = log(1 + (n - df + 0.5) / (df + 0.5));
		term->scored = term->plan->weight > 0;
	}
	make_clauses(run);
	choose_unit(run);
	run->k_base = plan->k1 * (1 - plan->b);
	run->k_slope = run->average_length > 0 ? (float) (plan->k1 * plan->b / run->average_length) : 0;
}

/* ---- a segment ---- */

void
skl_run_open_terms(SklRun *run)
{
	const SklPlan *plan = run->plan;

	if (run->postings == NULL)
		run->postings =
			skl_engine_alloc(run->engine, sizeof(SklRunPostings) * ((size_t) plan->n_terms + 1));
	for (uint32_t t = 0; t < plan->n_terms; t++)
	{
		SklRunPostings *term = &run->postings[t];
		SklTermInfo info;

		term->first = 0;
		term->next = 0;
		term->present = skl_segment_lookup(run->segment, SKL_TERM_WORD, plan->terms[t].word, &info);
		if (!term->present)
			continue;
		skl_postings_open(&term->postings, run->segment, &info);
		term->weights = skl_segment_weights(run->segment, plan->terms[t].fields);
		term->some_fields = !term->weights->all_count;
	}
}

void
skl_run_seek_terms(SklRun *run)
{
	for (uint32_t t = 0; t < run->plan->n_terms; t++)
	{
		SklRunPostings *term = &run->postings[t];

		if (term->present)
			term->first = skl_postings_seek(&term->postings, term->first, run->base);
	}
}

bool
skl_run_find(SklRunPostings *term, uint32_t docno, uint32_t *at)
{
	SklPostings *postings = &term->postings;
	uint32_t block;

	if (!term->present)
		return false;
	block = skl_postings_seek(postings, term->first, docno);
	if (block == postings->n_blocks)
		return false;
	skl_postings_docs(postings, block);
	*at = skl_lower_bound(postings->docs, postings->n, docno);
	return postings->docs[*at] == docno;
}

uint32_t
skl_run_next_window(SklRun *run)
{
	uint32_t docno = run->base + SKL_WINDOW;
	uint32_t least = UINT32_MAX;

	for (uint32_t i = 0; i < run->n_scored; i++)
	{
		SklRunPostings *term = &run->postings[run->scored[i]];
		SklPostings *postings = &term->postings;

		if (!term->present || term->next == UINT32_MAX)
			continue;
		term->first = skl_postings_seek(postings, term->first, docno);
		if (term->first == postings->n_blocks)
			term->next = UINT32_MAX;
		else if (postings->block == term->first)
			term->next = postings->docs[skl_lower_bound(postings->docs, postings->n, docno)];
		else
			term->next = term->first == 0 ? 0 : skl_postings_last(postings, term->first - 1) + 1;
		least = term->next < least ? term->next : least;
	}
	return least < docno ? run->window + 1 : least / SKL_WINDOW;
}
