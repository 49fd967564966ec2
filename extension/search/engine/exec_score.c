/*
 * search/engine/exec_score.c
 *		Scores of documents, and bounds of scores.
 */
#include "search/engine/exec_run.h"

/* Adds what the postings of a block are worth to the scores of the window's documents in bits. */
static void
add_block(SklRun *run, SklRunPostings *term, float unit, uint32_t block, const SklBits *bits)
{
	SklPostings *postings = &term->postings;
	const float *inverse = term->weights->inverse;

	skl_postings_docs(postings, block);
	skl_postings_entries(postings);
	for (uint32_t i = 0; i < postings->n; i++)
	{
		uint32_t at = postings->docs[i] - run->base;
		float k;

		if (at >= SKL_WINDOW || !skl_bit(bits, at))
			continue;
		k = run->k_base +
			run->k_slope * (float) skl_load16(run->lengths + 2 * (size_t) postings->docs[i]);
		run->scores[at] += skl_contribution(unit, k, inverse[postings->entries[i]]);
	}
}

static void
add_term(SklRun *run, uint32_t number, const SklBits *bits)
{
	SklRunPostings *term = &run->postings[number];
	uint32_t end = run->base + run->n - 1;

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
		if (from <= last && skl_bits_between(bits, from - run->base, last - run->base))
			add_block(run, term, run->terms[number].unit, block, bits);
	}
}

void
skl_run_score_bits(SklRun *run, const SklBits *bits)
{
	uint32_t none = run->n_scored == 0 ? 1 : 0;

	SKL_EACH_BIT(bits, i, { run->scores[i] = none; })
	for (uint32_t t = 0; t < run->n_scored; t++)
		add_term(run, run->scored[t], bits);
	SKL_EACH_BIT(bits, i, { skl_run_offer(run, run->base + i, run->scores[i]); })
}
