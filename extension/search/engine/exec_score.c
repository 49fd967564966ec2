/*
 * search/engine/exec_score.c
 *		Scores a window by MaxScore over blocks.
 *
 * Every clause has a bound: the most that a document of the window can get from it. Clauses are put
 * in the order of their bounds; the weakest, whose bounds together cannot reach the worst hit of
 * the heap, are not essential: a document must have an essential one to matter. Essential clauses
 * are added up for the whole window, except for blocks that cannot matter even with all that the
 * others may give; then the documents that may still win are looked up in the other clauses, the
 * strongest first, and dropped as soon as they cannot.
 *
 * Of the terms of a clause the best one counts. A block that cannot matter can be left out for a
 * clause of several terms as well: a document that would get most from it cannot win, and with what
 * it gets from another block instead it cannot, either.
 *
 * All sums are integers, and bounds are computed by the formula of scores itself, which grows with
 * the count and falls with the length in every rounding step: what is skipped is less than the
 * worst hit, never equal. See Ding and Suel, "Faster top-k document retrieval using block-max
 * indexes" (2011), and Turtle and Flood, "Query evaluation: strategies and optimizations" (1995).
 */
#include "search/engine/exec_run.h"

#define DENSE 384 /* postings of a window from which on scores are looked through 64 at a time */

/* 1 / count, for bounds; 0 where the count has no bound: then the part is the whole. */
static float inverse_count[SKL_TF_UNBOUNDED + 1];

void
skl_run_begin_scores(SklRun *run)
{
	for (int tf = 0; tf < SKL_TF_UNBOUNDED; tf++)
		inverse_count[tf] = tf == 0 ? SKL_NO_COUNT : 1.0f / (float) tf;
	inverse_count[SKL_TF_UNBOUNDED] = 0;
	run->order = skl_engine_alloc(run->engine, sizeof(SklClause) * ((size_t) run->n_clauses + 1));
}

static float
norm(const SklRun *run, uint32_t length)
{
	return run->k_base + run->k_slope * (float) length;
}

/* ---- bounds ---- */

uint32_t
skl_run_block_bound(const SklRun *run, float unit, const SklSkip *skip)
{
	uint32_t most = skl_contribution(unit, norm(run, skip->most_length), inverse_count[skip->most]);
	uint32_t next = skl_contribution(unit, norm(run, skip->next_length), inverse_count[skip->next]);

	return most > next ? most : next;
}

/* The most that a document of the window can get from a term. */
static uint32_t
window_bound(const SklRun *run, const SklRunPostings *term, float unit)
{
	uint32_t end = run->base + run->n - 1;
	uint32_t bound = 0;

	for (uint32_t block = term->first; block < term->postings.n_blocks; block++)
	{
		SklSkip skip = skl_postings_skip(&term->postings, block);
		uint32_t most = skl_run_block_bound(run, unit, &skip);

		bound = most > bound ? most : bound;
		if (skip.last_docno >= end)
			break;
	}
	return bound;
}

/* Bounds what a document of the window can get from a clause; false: none of its terms occurs. */
static bool
bound_clause(const SklRun *run, SklClause *clause)
{
	bool occurs = false;

	for (uint32_t i = clause->first; i < clause->first + clause->n; i++)
	{
		uint32_t number = run->scored[i];
		const SklRunPostings *term = &run->postings[number];
		uint32_t most;

		if (!term->present || term->first == term->postings.n_blocks ||
			term->next >= run->base + run->n)
			continue;
		most = window_bound(run, term, run->terms[number].unit);
		clause->bound = most > clause->bound ? most : clause->bound;
		occurs = true;
	}
	return occurs;
}

/* Puts the clauses that may occur in the window in order, the weakest first; the sum of their
 * bounds. */
static uint64_t
order_clauses(SklRun *run)
{
	uint64_t sum = 0;

	run->n_order = 0;
	for (uint32_t c = 0; c < run->n_clauses; c++)
	{
		SklClause entry = run->clauses[c];
		uint32_t at;

		if (!bound_clause(run, &entry))
			continue;
		sum += entry.bound;
		for (at = run->n_order; at > 0 && run->order[at - 1].bound > entry.bound; at--)
			run->order[at] = run->order[at - 1];
		run->order[at] = entry;
		run->n_order++;
	}
	return sum;
}

uint64_t
skl_run_window_bound(SklRun *run)
{
	return order_clauses(run) * run->max_factor;
}

/* ---- essential clauses ---- */

/* The postings of the unpacked block that lie in the window: from .. to - 1. */
static void
part_in_window(const SklRun *run, const SklPostings *postings, uint32_t *from, uint32_t *to)
{
	uint32_t end = run->base + run->n;

	*from = 0;
	*to = postings->n;
	if (postings->docs[0] < run->base)
		*from = skl_lower_bound(postings->docs, postings->n, run->base);
	if (postings->docs[postings->n - 1] >= end)
		*to = skl_lower_bound(postings->docs, postings->n, end);
}

/* Places in the block of the postings whose documents are in bits. */
static uint32_t
choose(const SklRun *run, const SklPostings *postings, const SklBits *bits, uint32_t from,
	   uint32_t to, uint32_t *chosen)
{
	uint32_t first = postings->docs[from] - run->base;
	uint32_t last = postings->docs[to - 1] - run->base;
	uint32_t n = 0;

	if (!skl_few_in(run->n_bits, first, last))
	{
		for (uint32_t i = from; i < to; i++)
		{
			chosen[n] = i;
			n += skl_bit(bits, postings->docs[i] - run->base);
		}
		return n;
	}
	SKL_EACH_BIT_BETWEEN(bits, first, last, i, {
		from = skl_postings_go_to(postings, from, run->base + i);
		chosen[n] = from;
		n += postings->docs[from] == run->base + i;
	})
	return n;
}

/* Adds up what the documents are worth. */
static void
add_worths(SklRun *run, const uint32_t *documents, const uint32_t *worth, uint32_t n)
{
	run->n_added += n;
	for (uint32_t i = 0; i < n; i++)
	{
		run->scores[documents[i]] += worth[i];
		run->touched.words[documents[i] / 64] |= UINT64_C(1) << documents[i] % 64;
	}
}

/* Keeps what the documents are worth at best, until the clause is whole. */
static void
keep_worths(SklRun *run, const uint32_t *documents, const uint32_t *worth, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t at = documents[i];

		run->best[at] = worth[i] > run->best[at] ? worth[i] : run->best[at];
		run->improved.words[at / 64] |= UINT64_C(1) << at % 64;
	}
}

/* Adds up the best parts of a clause; there are none then. */
static void
add_best(SklRun *run)
{
	SKL_EACH_BIT(&run->improved, i, {
		run->scores[i] += run->best[i];
		run->best[i] = 0;
		run->n_added++;
	})
	for (int w = 0; w < SKL_WINDOW_WORDS; w++)
		run->touched.words[w] |= run->improved.words[w];
	memset(&run->improved, 0, sizeof(run->improved));
}

/*
 * Adds what the postings of a block are worth, for documents in bits (NULL: all of the window);
 * alone: nothing else of their clause counts.
 */
static void
add_block(SklRun *run, SklRunPostings *term, float unit, bool alone, uint32_t block,
		  const SklBits *bits)
{
	SklPostings *postings = &term->postings;
	const float *inverse = term->weights->inverse;
	const float base = run->k_base;
	const float slope = run->k_slope;
	uint32_t chosen[SKL_BLOCK];
	float lengths[SKL_BLOCK];
	float inverses[SKL_BLOCK];
	uint32_t worth[SKL_BLOCK];
	uint32_t from;
	uint32_t to;
	uint32_t n;

	skl_postings_docs(postings, block);
	part_in_window(run, postings, &from, &to);
	if (from >= to)
		return;
	n = bits == NULL ? to - from : choose(run, postings, bits, from, to, chosen);
	if (n == 0)
		return;
	skl_postings_entries(postings);
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t at = bits == NULL ? from + i : chosen[i];

		chosen[i] = postings->docs[at] - run->base;
		lengths[i] = (float) skl_load16(run->lengths + 2 * (size_t) postings->docs[at]);
		inverses[i] = inverse[postings->entries[at]];
	}
	for (uint32_t i = 0; i < n; i++)
		worth[i] = skl_contribution(unit, base + slope * lengths[i], inverses[i]);
	if (alone)
		add_worths(run, chosen, worth, n);
	else
		keep_worths(run, chosen, worth, n);
}

/* All blocks of a term in the window; others: the most that all other clauses give. */
static void
add_term(SklRun *run, uint32_t number, bool alone, uint64_t others, const SklBits *bits)
{
	SklRunPostings *term = &run->postings[number];
	float unit = run->terms[number].unit;
	uint32_t end = run->base + run->n - 1;
	uint32_t from = term->first == 0 ? 0 : skl_postings_last(&term->postings, term->first - 1) + 1;

	for (uint32_t block = term->first; block < term->postings.n_blocks && from <= end; block++)
	{
		SklSkip skip = skl_postings_skip(&term->postings, block);
		uint32_t first = from < run->base ? run->base : from;
		uint32_t last = skip.last_docno > end ? end : skip.last_docno;

		from = skip.last_docno + 1;
		if ((others + skl_run_block_bound(run, unit, &skip)) * run->max_factor < run->threshold)
			continue;
		if (bits == NULL ||
			(first <= last && skl_bits_between(bits, first - run->base, last - run->base)))
			add_block(run, term, unit, alone, block, bits);
	}
}

/* All of an essential clause in the window. */
static void
add_clause(SklRun *run, const SklClause *clause, uint64_t others, const SklBits *bits)
{
	for (uint32_t i = clause->first; i < clause->first + clause->n; i++)
		if (run->postings[run->scored[i]].present)
			add_term(run, run->scored[i], clause->n == 1, others, bits);
	if (clause->n > 1)
		add_best(run);
}

/* ---- the other clauses ---- */

/* The least sum that can win. */
static uint64_t
least_sum(const SklRun *run)
{
	return (run->threshold + run->max_factor - 1) / run->max_factor;
}

/* Is any of 64 scores enough? Sums stay below 2^31, so that signed vectors serve. */
static bool
any_enough(const uint32_t *scores, int32_t enough)
{
	int32_t any = 0;

	for (int i = 0; i < 64; i++)
		any |= (int32_t) scores[i] >= enough ? -1 : 0;
	return any != 0;
}

/*
 * Takes the touched documents that can still win, if others give the rest; scores are zero again.
 */
static uint32_t
take_candidates(SklRun *run, uint64_t rest)
{
	uint64_t least = least_sum(run);
	uint32_t enough = least > rest ? (uint32_t) (least - rest) : 0;
	bool dense = run->n_added > DENSE;
	uint32_t n = 0;

	run->n_added = 0;
	for (uint32_t w = 0; w < SKL_WINDOW_WORDS; w++)
	{
		uint64_t left = run->touched.words[w];
		uint32_t *scores = run->scores + (size_t) w * 64;

		if (left == 0)
			continue;
		run->touched.words[w] = 0;
		if (dense && (enough > INT32_MAX || !any_enough(scores, (int32_t) enough)))
			left = 0;
		for (; left != 0; left &= left - 1)
		{
			uint32_t at = (uint32_t) __builtin_ctzll(left);

			run->candidates[n].at = (uint16_t) (w * 64 + at);
			run->candidates[n].sum = scores[at];
			run->candidates[n].best = 0;
			n += scores[at] >= enough;
			scores[at] = 0;
		}
		if (dense)
			memset(scores, 0, 64 * sizeof(*scores));
	}
	return n;
}

/*
 * Looks the candidates up in a term of a clause that is not essential: those that it can help to
 * win with the rest of the others. Candidates are in order, so that block and place only move on.
 */
static void
probe_term(SklRun *run, uint32_t number, uint64_t rest, uint32_t n)
{
	SklRunPostings *term = &run->postings[number];
	SklPostings *postings = &term->postings;
	float unit = run->terms[number].unit;
	uint64_t least = least_sum(run);
	uint32_t block = term->first;
	uint32_t last = 0; /* document of the block, once it is looked at */
	uint32_t enough = 0;
	uint32_t at = 0;

	for (uint32_t c = 0; c < n; c++)
	{
		SklCandidate *candidate = &run->candidates[c];
		uint32_t docno = run->base + candidate->at;
		uint32_t worth;

		if (last == 0 || docno > last)
		{
			SklSkip skip;
			uint64_t most;

			block = skl_postings_seek(postings, block, docno);
			if (block == postings->n_blocks)
				return;
			skip = skl_postings_skip(postings, block);
			most = skl_run_block_bound(run, unit, &skip) + rest;
			last = skip.last_docno;
			enough = least > most ? (uint32_t) (least - most) : 0;
			at = 0;
		}
		if (candidate->sum < enough)
			continue;
		skl_postings_docs(postings, block);
		at = skl_postings_go_to(postings, at, docno);
		if (postings->docs[at] != docno)
			continue;
		skl_postings_entries(postings);
		worth = skl_contribution(unit, norm(run, skl_load16(run->lengths + 2 * (size_t) docno)),
								 term->weights->inverse[postings->entries[at]]);
		candidate->best = worth > candidate->best ? worth : candidate->best;
	}
}

/*
 * Looks the candidates up in a clause; keeps those that can still win with the rest of the others.
 */
static uint32_t
probe_clause(SklRun *run, const SklClause *clause, uint64_t rest, uint32_t n)
{
	uint64_t least = least_sum(run);
	uint32_t kept = 0;

	for (uint32_t i = clause->first; i < clause->first + clause->n; i++)
		if (run->postings[run->scored[i]].present)
			probe_term(run, run->scored[i], rest, n);
	for (uint32_t c = 0; c < n; c++)
	{
		SklCandidate candidate = run->candidates[c];

		candidate.sum += candidate.best;
		candidate.best = 0;
		run->candidates[kept] = candidate;
		kept += candidate.sum + rest >= least;
	}
	return kept;
}

/* ---- a window ---- */

/* Documents in bits that no scored term has: they matter while the heap takes everything. */
static void
offer_untouched(SklRun *run, const SklBits *bits, const SklBits *scored)
{
	SklBits left;

	if (run->threshold > 0)
		return;
	for (int w = 0; w < SKL_WINDOW_WORDS; w++)
		left.words[w] = bits->words[w] & ~scored->words[w];
	SKL_EACH_BIT(&left, i, {
		if (skl_run_passes(run, i))
			skl_run_offer(run, run->base + i, 0);
	})
}

void
skl_run_score_window(SklRun *run, const SklBits *bits, bool all)
{
	uint64_t rest = 0;
	uint64_t total = 0;
	uint32_t essential = 0;
	uint32_t n;

	for (uint32_t i = 0; i < run->n_order; i++)
		total += run->order[i].bound;
	if (total * run->max_factor < run->threshold)
		return;
	while (essential < run->n_order &&
		   (rest + run->order[essential].bound) * run->max_factor < run->threshold)
		rest += run->order[essential++].bound;
	run->n_bits = bits == NULL ? SKL_WINDOW : skl_bits_count(bits);
	for (uint32_t i = run->n_order; i-- > essential;)
		add_clause(run, &run->order[i], total - run->order[i].bound, bits);
	if (all)
		offer_untouched(run, bits, &run->touched);
	n = take_candidates(run, rest);
	for (uint32_t i = essential; i-- > 0 && n > 0;)
	{
		rest -= run->order[i].bound;
		n = probe_clause(run, &run->order[i], rest, n);
	}
	for (uint32_t c = 0; c < n; c++)
	{
		SklCandidate candidate = run->candidates[c];

		if (skl_run_can_win(run, run->base + candidate.at, candidate.sum) &&
			skl_run_passes(run, candidate.at))
			skl_run_offer(run, run->base + candidate.at, candidate.sum);
	}
}

void
skl_run_score_all(SklRun *run, const SklBits *bits)
{
	uint32_t none = run->n_scored == 0 ? 1 : 0;
	SklBits seen;

	run->n_bits = skl_bits_count(bits);
	for (uint32_t i = 0; i < run->n_order; i++)
		add_clause(run, &run->order[i], UINT32_MAX, bits);
	seen = run->touched;
	SKL_EACH_BIT(bits, i, { skl_run_offer(run, run->base + i, run->scores[i] + none); })
	SKL_EACH_BIT(&seen, i, { run->scores[i] = 0; })
	memset(&run->touched, 0, sizeof(run->touched));
	run->n_added = 0;
}
