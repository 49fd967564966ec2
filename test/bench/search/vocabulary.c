/*
 * test/bench/search/vocabulary.c
 *		Invented words out of syllables, a set that keeps them unique, and an alias table for
 *		drawing them.
 */
#include "vocabulary.h"

#include <string.h>

#define ZIPF_OFFSET \
	1.0 /* flattens the head a little: the commonest word is in 85 of 100 documents */
#define SLOTS (1u << 19)

static char words[BENCH_WORDS][BENCH_WORD_MAX];
static uint32_t slots[SLOTS];	 /* rank + 1, 0 is free */
static double keep[BENCH_WORDS]; /* alias table: the share of a column that is its own word's */
static uint32_t alias[BENCH_WORDS];

uint64_t
bench_random(BenchRandom *random)
{
	uint64_t z = (random->state += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

uint32_t
bench_below(BenchRandom *random, uint32_t n)
{
	return (uint32_t) (((bench_random(random) >> 32) * n) >> 32);
}

double
bench_fraction(BenchRandom *random)
{
	return (double) (bench_random(random) >> 11) / 9007199254740992.0;
}

static uint32_t
hash_word(const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char) *text) * 16777619u;
	return hash;
}

/* The slot that holds the word, or the free one where it belongs. */
static uint32_t *
find_slot(const char *text)
{
	uint32_t at = hash_word(text) % SLOTS;

	while (slots[at] != 0 && strcmp(words[slots[at] - 1], text) != 0)
		at = (at + 1) % SLOTS;
	return &slots[at];
}

/* Syllables, the last one open on a, o or u, or closed by a letter that no English suffix ends
 * with. */
static void
make_word(BenchRandom *random, uint32_t syllables, char *word)
{
	static const char *const onsets[] = {"b",  "c",	 "d",  "f",	 "g",  "h",	 "j",  "k",	 "l",  "m",
										 "n",  "p",	 "r",  "s",	 "t",  "v",	 "w",  "br", "cl", "dr",
										 "fl", "gr", "pl", "pr", "sc", "sp", "st", "tr", "",   ""};
	size_t length = 0;

	for (uint32_t i = 0; i < syllables; i++)
	{
		const char *onset = onsets[bench_below(random, i == 0 ? 30 : 17)];

		memcpy(word + length, onset, strlen(onset));
		length += strlen(onset);
		word[length++] =
			(i + 1 == syllables ? "aou" : "aeiou")[bench_below(random, i + 1 == syllables ? 3 : 5)];
	}
	if (bench_below(random, 2) == 0 || length < 4)
		word[length++] = "kpbfxz"[bench_below(random, 6)];
	word[length] = '\0';
}

/* Vose's method: two draws give a word, however many there are. */
static void
make_alias_table(void)
{
	static double share[BENCH_WORDS];
	static uint32_t small[BENCH_WORDS];
	static uint32_t large[BENCH_WORDS];
	uint32_t nsmall = 0;
	uint32_t nlarge = 0;
	double sum = 0;

	for (uint32_t i = 0; i < BENCH_WORDS; i++)
		sum += share[i] = 1.0 / (i + 1 + ZIPF_OFFSET);
	for (uint32_t i = 0; i < BENCH_WORDS; i++)
	{
		share[i] *= BENCH_WORDS / sum;
		if (share[i] < 1.0)
			small[nsmall++] = i;
		else
			large[nlarge++] = i;
	}
	while (nsmall > 0 && nlarge > 0)
	{
		uint32_t less = small[--nsmall];
		uint32_t more = large[nlarge - 1];

		keep[less] = share[less];
		alias[less] = more;
		share[more] -= 1.0 - share[less];
		if (share[more] < 1.0)
		{
			nlarge--;
			small[nsmall++] = more;
		}
	}
	while (nlarge > 0)
		keep[large[--nlarge]] = 1.0;
	while (nsmall > 0)
		keep[small[--nsmall]] = 1.0;
}

void
bench_vocabulary_init(uint64_t seed)
{
	BenchRandom random = {seed};

	for (uint32_t rank = 0; rank < BENCH_WORDS;)
	{
		uint32_t *slot;

		make_word(&random, rank < 400 ? 2 : 2 + bench_below(&random, 3), words[rank]);
		slot = find_slot(words[rank]);
		if (*slot == 0)
			*slot = ++rank;
	}
	make_alias_table();
}

const char *
bench_word(uint32_t rank)
{
	return words[rank];
}

bool
bench_is_word(const char *text)
{
	return *find_slot(text) != 0;
}

uint32_t
bench_draw_word(BenchRandom *random)
{
	uint32_t column = bench_below(random, BENCH_WORDS);

	return bench_fraction(random) < keep[column] ? column : alias[column];
}

uint32_t
bench_draw_value(BenchRandom *random, uint32_t n)
{
	double u = bench_fraction(random);

	return (uint32_t) (u * u * n);
}
