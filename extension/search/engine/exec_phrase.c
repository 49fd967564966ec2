/*
 * search/engine/exec_phrase.c
 *		Words side by side. Each occurrence of a word says where the phrase would begin if the word
 *		stood in its place; the phrase is there when all words agree, up to the slop.
 */
#include "search/engine/exec_run.h"

/* A word of the phrase in a document: its posting, its places in a field, how far the search is. */
typedef struct Places
{
	SklPostings *postings;
	uint32_t posting; /* in the unpacked block */
	uint32_t from;	  /* in run->positions, as numbers */
	uint32_t n;
	uint32_t at;
	uint32_t offset;
	uint32_t again; /* the next word of the phrase that is the same; 0: none */
} Places;

static Places *
places_of(const SklRun *run)
{
	return (Places *) (void *) run->pointers.data;
}

static int64_t
start_of(const uint32_t *positions, const Places *places)
{
	return (int64_t) positions[places->from + places->at] - places->offset;
}

/* Finds the postings of all words; false when the document lacks one. */
static bool
find_words(SklRun *run, const SklPlanPhrase *phrase, uint32_t docno)
{
	Places *places;

	run->pointers.length = 0;
	places = (Places *) (void *) skl_buffer_reserve(&run->pointers,
													sizeof(Places) * (size_t) phrase->n_words);
	for (uint32_t i = 0; i < phrase->n_words; i++)
	{
		SklRunPostings *term = &run->postings[phrase->terms[i]];

		places[i].postings = &term->postings;
		if (!skl_run_find(term, docno, &places[i].posting))
			return false;
		skl_postings_entries(&term->postings);
	}
	return true;
}

/* Does every word occur in the field? */
static bool
all_occur(SklRun *run, uint32_t n_words, unsigned field)
{
	const SklPaletteEntry *palette = skl_segment_palette(run->segment);
	const Places *places = places_of(run);

	for (uint32_t i = 0; i < n_words; i++)
		if (palette[places[i].postings->entries[places[i].posting]].tf[field] == 0)
			return false;
	return true;
}

static void
read_places(SklRun *run, const SklPlanPhrase *phrase, unsigned field)
{
	Places *places = places_of(run);

	run->positions.length = 0;
	for (uint32_t i = 0; i < phrase->n_words; i++)
	{
		uint32_t *room = (uint32_t *) (void *) skl_buffer_reserve(&run->positions,
																  sizeof(uint32_t) * SKL_TF_MAX);

		places[i].from = (uint32_t) (run->positions.length / sizeof(uint32_t));
		places[i].n = skl_postings_positions(places[i].postings, places[i].posting, field, room);
		places[i].at = 0;
		places[i].offset = phrase->offsets[i];
		places[i].again = 0;
		run->positions.length += sizeof(uint32_t) * (size_t) places[i].n;
	}
}

static bool
same_word(const SklRun *run, uint32_t a, uint32_t b)
{
	SklBytes left = run->plan->terms[a].word;
	SklBytes right = run->plan->terms[b].word;

	return left.length == right.length && memcmp(left.data, right.data, left.length) == 0;
}

/* Links words that are the same; an occurrence stands for one of them, the first for the first. */
static bool
link_repeated(const SklRun *run, const SklPlanPhrase *phrase, Places *places)
{
	for (uint32_t i = 1; i < phrase->n_words; i++)
		for (uint32_t j = i; j-- > 0;)
			if (same_word(run, phrase->terms[i], phrase->terms[j]))
			{
				places[j].again = i;
				places[i].at = places[j].at + 1;
				if (places[i].at >= places[i].n)
					return false;
				break;
			}
	return true;
}

/*
 * Moves a word on to its next place, and the same word further on before it; false: there is none.
 */
static bool
move_on(Places *places, uint32_t word)
{
	uint32_t at = ++places[word].at;

	if (at >= places[word].n)
		return false;
	while ((word = places[word].again) != 0 && places[word].at <= at)
	{
		at++;
		places[word].at = at;
		if (at >= places[word].n)
			return false;
	}
	return true;
}

/*
 * The least difference between the words' starts: the word that begins first moves on until one has
 * no more places. Stops at what is near enough.
 */
static uint32_t
least_difference(SklRun *run, uint32_t n, uint32_t enough)
{
	Places *places = places_of(run);
	const uint32_t *positions = (const uint32_t *) (const void *) run->positions.data;
	uint32_t best = UINT32_MAX;

	for (;;)
	{
		uint32_t first = 0;
		int64_t least = INT64_MAX;
		int64_t greatest = INT64_MIN;

		for (uint32_t i = 0; i < n; i++)
		{
			int64_t start = start_of(positions, &places[i]);

			if (start < least)
			{
				least = start;
				first = i;
			}
			greatest = start > greatest ? start : greatest;
		}
		if (greatest - least < best)
			best = (uint32_t) (greatest - least);
		if (best <= enough || !move_on(places, first))
			return best;
	}
}

static uint32_t
phrase_slack(SklRun *run, const SklPlanPhrase *phrase, uint32_t docno, uint32_t enough)
{
	uint32_t best = UINT32_MAX;

	if (phrase->n_words == 0 || !find_words(run, phrase, docno))
		return best;
	for (unsigned f = 0; f < SKL_FIELDS && best > enough; f++)
	{
		uint32_t slack;

		if (!(phrase->fields & SKL_FIELD_MASK(f)) || !all_occur(run, phrase->n_words, f))
			continue;
		read_places(run, phrase, f);
		if (!link_repeated(run, phrase, places_of(run)))
			continue;
		slack = least_difference(run, phrase->n_words, enough);
		best = slack < best ? slack : best;
	}
	return best;
}

uint32_t
skl_run_phrase_slack(SklRun *run, const SklPlanPhrase *phrase, uint32_t docno)
{
	return phrase_slack(run, phrase, docno, 0);
}

bool
skl_run_has_phrase(SklRun *run, const SklPlanPhrase *phrase, uint32_t docno)
{
	return phrase_slack(run, phrase, docno, phrase->slop) <= phrase->slop;
}

void
skl_run_phrase_bits(SklRun *run, const SklPlanPhrase *phrase, const SklBits *mask, SklBits *bits)
{
	SklBits left = *mask;

	if (phrase->n_words == 0)
		memset(&left, 0, sizeof(left));
	for (uint32_t i = 0; i < phrase->n_words && skl_bits_any(&left); i++)
	{
		skl_run_term_bits(run, phrase->terms[i], true, &left, bits);
		left = *bits;
	}
	*bits = left;
	if (!run->late_phrases)
		SKL_EACH_BIT(&left, i, {
			if (!skl_run_has_phrase(run, phrase, run->base + i))
				bits->words[i / 64] &= ~(UINT64_C(1) << i % 64);
		})
}
