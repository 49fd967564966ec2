/*
 * search/engine/exec_explain.c
 *		Takes a score apart. Parts are computed as the score is, in its units, so that they sum to
 *		it.
 */
#include "search/engine/exec_run.h"

#include <math.h>

typedef struct ExplainCall
{
	SklRun *run;
	const SklHit *hit;
	SklExplanation *explanation;
} ExplainCall;

/*
 * One term's part, and what it is worth; false when the document does not have it where it counts.
 */
static bool
explain_term(SklRun *run, uint32_t number, uint32_t docno, uint32_t length, SklExplainTerm *part,
			 uint32_t *worth)
{
	const SklRunTerm *term = &run->terms[number];
	SklRunPostings *postings = &run->postings[number];
	float k = run->k_base + run->k_slope * (float) length;
	uint32_t at;
	uint32_t entry;

	if (!skl_run_find(postings, docno, &at))
		return false;
	skl_postings_entries(&postings->postings);
	entry = postings->postings.entries[at];
	if (postings->weights->wtf[entry] == 0)
		return false;
	*worth = skl_contribution(term->unit, k, postings->weights->inverse[entry]);
	*part = (SklExplainTerm){.term = number,
							 .df = term->df,
							 .idf = term->idf,
							 .weight = (double) term->plan->weight,
							 .wtf = postings->weights->wtf[entry],
							 .score = ldexp(*worth, -run->shift)};
	part->part = part->wtf / (part->wtf + (double) k);
	return true;
}

/* The part of a clause, that of its best term; false when the document has none of them. */
static bool
explain_clause(SklRun *run, const SklClause *clause, uint32_t docno, uint32_t length,
			   SklExplainTerm *part, uint32_t *sum)
{
	SklExplainTerm one;
	uint32_t worth;
	uint32_t best = 0;
	bool found = false;

	for (uint32_t i = clause->first; i < clause->first + clause->n; i++)
	{
		if (!explain_term(run, run->scored[i], docno, length, &one, &worth) ||
			(found && worth <= best))
			continue;
		*part = one;
		best = worth;
		found = true;
	}
	*sum += best;
	return found;
}

static void
explain_text(SklRun *run, const SklHit *hit, SklExplanation *explanation)
{
	SklExplainTerm *parts =
		skl_engine_zalloc(run->engine, sizeof(*parts) * ((size_t) run->n_scored + 1));
	uint32_t sum = 0;

	explanation->length = skl_load16(skl_segment_lengths(run->segment) + 2 * (size_t) hit->docno);
	for (uint32_t c = 0; c < run->n_clauses; c++)
		explanation->n_terms +=
			explain_clause(run, &run->clauses[c], hit->docno, explanation->length,
						   &parts[explanation->n_terms], &sum);
	explanation->terms = parts;
	explanation->text = run->n_scored == 0 ? 1 : ldexp(sum, -run->shift);
}

static bool
explain_match(SklRun *run, uint32_t docno)
{
	SklBits mask = {{0}};
	SklBits bits;

	run->window = docno / SKL_WINDOW;
	run->base = run->window * SKL_WINDOW;
	run->n_docs = run->segment->header.n_docs;
	run->n = run->n_docs - run->base < SKL_WINDOW ? run->n_docs - run->base : SKL_WINDOW;
	mask.words[docno % SKL_WINDOW / 64] = UINT64_C(1) << docno % 64;
	skl_run_seek_terms(run);
	skl_run_match(run, &mask, &bits);
	return skl_bits_any(&bits);
}

static void
explain(void *argument)
{
	ExplainCall *call = argument;
	SklRun *run = call->run;
	const SklHit *hit = call->hit;
	SklExplanation *e = call->explanation;
	const SklSearchSegment *search;

	skl_run_check_plan(run);
	if (hit->segment >= run->n_segments)
		skl_engine_raise(run->engine, SKL_ENGINE_BAD_INPUT, "no such segment");
	search = &run->segments[hit->segment];
	run->segment = search->segment;
	if (hit->docno >= run->segment->header.n_docs)
		skl_engine_raise(run->engine, SKL_ENGINE_BAD_INPUT, "no such document");
	skl_run_count_terms(run);
	skl_run_check_tree(run);
	skl_run_open_terms(run);
	explain_text(run, hit, e);
	e->matches = explain_match(run, hit->docno);
	e->n_live = run->n_live;
	e->average_length = run->average_length;
	e->prior = 1;
	if (run->plan->use_prior)
		e->prior +=
			(search->prior != NULL ? search->prior : skl_segment_priors(run->segment))[hit->docno] /
			(double) SKL_PRIOR_ONE;
	e->proximity = hit->proximity;
	e->personal = hit->personal;
	e->prior_score = e->text * (e->prior - 1);
	e->proximity_score = e->text * e->prior * e->proximity;
	e->personal_score = e->text * e->prior * (1 + e->proximity) * (e->personal - 1);
	e->score = e->text + e->prior_score + e->proximity_score + e->personal_score;
}

SklStatus
skl_explain(SklEngine *engine, const SklPlan *plan, const SklSearchSegment *segments,
			uint32_t n_segments, const SklHit *hit, SklExplanation *explanation)
{
	SklRun *run = NULL;
	ExplainCall call = {.hit = hit, .explanation = explanation};

	memset(explanation, 0, sizeof(*explanation));
	run = skl_run_create(engine, plan, segments, n_segments);
	call.run = run;
	return skl_engine_run(engine, explain, &call);
}
