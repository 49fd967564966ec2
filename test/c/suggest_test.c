/*
 * test/c/suggest_test.c
 *		Typing errors, completions and corrections: against searching through everything, and by
 *		example.
 */
#include "skl.h"

#include "search/engine/suggest.h"

#include "random.h"
#include "tap.h"

#include <stdlib.h>
#include <time.h>

#define VOCABULARY 3000

static char words[VOCABULARY][16];
static SklTypoWord vocabulary[VOCABULARY];

/* Words of few letters, so that many are near each other. */
static void
make_vocabulary(void)
{
	for (int i = 0; i < VOCABULARY; i++)
	{
		uint32_t length = 3 + random_below(9);

		for (uint32_t j = 0; j < length; j++)
			words[i][j] = (char) ('a' + random_below(j < 2 ? 3 : 5));
		words[i][length] = '\0';
		vocabulary[i].text = words[i];
		vocabulary[i].length = length;
		vocabulary[i].frequency = random_below(1000);
	}
}

static SklTypoWord
word_of(const void *context, uint32_t word)
{
	(void) context;
	return vocabulary[word];
}

/* The nearest and most frequent words by looking at all of them. */
static bool
finds_the_same(const void *table, const char *typed, int max)
{
	SklTypoMatch matches[20];
	size_t length = strlen(typed);
	size_t n = skl_typo_find(table, word_of, NULL, typed, length, max, matches, 20);
	size_t expected = 0;

	for (int i = 0; i < VOCABULARY; i++)
	{
		int errors = skl_typo_distance(typed, length, words[i], vocabulary[i].length, max);
		bool found = false;

		if (errors == 0 || errors > max || (errors == 1 && typed[0] != words[i][0]))
			continue;
		expected++;
		for (size_t j = 0; j < n; j++)
			found = found || (matches[j].word == (uint32_t) i && matches[j].errors == errors);
		if (!found && (n < 20 || matches[19].errors > errors))
			return false;
	}
	for (size_t j = 1; j < n; j++)
	{
		if (matches[j - 1].errors > matches[j].errors ||
			(matches[j - 1].errors == matches[j].errors &&
			 matches[j - 1].frequency < matches[j].frequency))
			return false;
	}
	return n == (expected < 20 ? expected : 20);
}

/* Removes, adds, changes or swaps letters of a word. */
static void
mistype(const char *word, char *typed, int errors)
{
	size_t length = strlen(word);

	memcpy(typed, word, length + 1);
	while (errors-- > 0)
	{
		size_t at = random_below((uint32_t) length);
		char letter = (char) ('a' + random_below(5));

		switch (random_below(4))
		{
			case 0:
				memmove(typed + at, typed + at + 1, length - at);
				length--;
				break;
			case 1:
				memmove(typed + at + 1, typed + at, length - at + 1);
				typed[at] = letter;
				length++;
				break;
			case 2:
				typed[at] = letter;
				break;
			default:
				if (at + 1 < length)
				{
					letter = typed[at];
					typed[at] = typed[at + 1];
					typed[at + 1] = letter;
				}
		}
	}
}

static void
typing_errors(void)
{
	SklArena arena;
	size_t size;
	void *table;
	bool same = true;
	char typed[20];

	make_vocabulary();
	skl_arena_init(&arena, NULL, NULL, NULL);
	table = skl_typo_build(&arena, vocabulary, VOCABULARY, &size);
	for (int i = 0; i < 2000 && same; i++)
	{
		mistype(words[random_below(VOCABULARY)], typed, 1 + (int) random_below(2));
		if (skl_typo_errors_allowed(typed, strlen(typed)) > 0)
			same = finds_the_same(table, typed, skl_typo_errors_allowed(typed, strlen(typed)));
	}
	ok(same, "the table finds what looking at every word finds");
	skl_arena_free(&arena);
	ok(skl_typo_distance("dessert", 7, "dessetr", 7, 2) == 1, "swapped neighbours are one error");
	ok(skl_typo_distance("ca", 2, "abc", 3, 2) == 3, "no letter goes between swapped ones");
	ok(skl_typo_distance("м\xD0\xB0", 4, "мо", 4, 2) == 1, "errors are letters, not bytes");
	ok(skl_typo_errors_allowed("abc", 3) == 0 && skl_typo_errors_allowed("abcd", 4) == 1 &&
		   skl_typo_errors_allowed("abcdefgh", 8) == 2,
	   "one error from four letters, two from eight");
	ok(skl_typo_errors_allowed("es2015", 6) == 0 && skl_typo_errors_allowed("abcd++", 6) == 0,
	   "none in codes");
}

static void
add(SklSuggestBuilder *builder, SklSuggestKind kind, const char *text, double weight, int category)
{
	skl_suggest_add(builder, kind, text, strlen(text), NULL, weight, (uint16_t) category, NULL);
}

static bool
skip_stop(void *context, const char *word, size_t length)
{
	(void) context;
	return length == 3 && memcmp(word, "for", 3) == 0;
}

/* A small market. */
static void *
market(SklArena *arena, size_t *size)
{
	static const char *const titles[] = {
		"Graphic designer for a logo",		"Logo design for a bakery", "Logo design, fast",
		"React native developer",			"React native app",			"React developer for shop",
		"Java developer for Z\xC3\xBCrich", "Zurich, java backend",		"Designs for shop",
	};
	static const unsigned char id[16] = "0123456789abcdef";
	SklSuggestBuilder *builder = skl_suggest_builder(arena, skip_stop, NULL);

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		skl_suggest_title(builder, titles[i], strlen(titles[i]), i < 3 ? 1 : 2);
	add(builder, SKL_SUGGEST_SKILL, "Graphic Design", 500, 1);
	add(builder, SKL_SUGGEST_SKILL, "React", 800, 2);
	add(builder, SKL_SUGGEST_SKILL, "React Native", 300, 2);
	add(builder, SKL_SUGGEST_SKILL, "C++", 100, 2);
	add(builder, SKL_SUGGEST_SKILL, "JavaScript", 900, 2);
	add(builder, SKL_SUGGEST_CATEGORY, "Design", 700, 1);
	add(builder, SKL_SUGGEST_QUERY, "react", 20, 2);
	add(builder, SKL_SUGGEST_QUERY, "logo design", 20, 1);
	add(builder, SKL_SUGGEST_QUERY, "secret logo", 20, 1);
	skl_suggest_add(builder, SKL_SUGGEST_PERSON, "Rea Graf", 8, NULL, 3, 0, id);
	skl_suggest_add(builder, SKL_SUGGEST_SKILL, "JavaScript", 10, "ecma script", 900, 2, NULL);
	return skl_suggest_build(builder, 2, size);
}

/* The texts that are suggested, with bars between. */
static const char *
complete(const void *snapshot, const char *typed, const SklSuggestTaste *taste)
{
	static char joined[1000];
	SklSuggestion found[10];
	SklArena arena;
	size_t at = 0;
	size_t n;

	skl_arena_init(&arena, NULL, NULL, NULL);
	n = skl_suggest_complete(snapshot, &arena, typed, strlen(typed), taste, found, 10);
	joined[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t) snprintf(joined + at, sizeof(joined) - at, "%s%.*s", i == 0 ? "" : "|",
								(int) found[i].length, found[i].text);
	skl_arena_free(&arena);
	return joined;
}

static void
is(const char *got, const char *expected, const char *what)
{
	if (!ok(strcmp(got, expected) == 0, what))
		printf("# got %s, expected %s\n", got, expected);
}

static void
completions(void)
{
	SklArena arena;
	size_t size;
	void *snapshot;
	const float boosts[] = {1, 1, 3};
	SklSuggestTaste coder = {boosts, 3, 0};
	SklSuggestTaste people = {NULL, 0, 1u << SKL_SUGGEST_PERSON};

	skl_arena_init(&arena, NULL, NULL, NULL);
	snapshot = market(&arena, &size);
	ok(skl_suggest_valid(snapshot, size) && !skl_suggest_valid(snapshot, size - 8),
	   "a snapshot is known from half of one");
	is(complete(snapshot, "rea", NULL), "React|React Native|Rea Graf",
	   "the best first; a query and a word that are a skill are not said twice");
	is(complete(snapshot, "des", NULL), "Design|Graphic Design|logo design",
	   "any word of an entry, better the first; a word of one title is none");
	is(complete(snapshot, "d", &coder), "Design|Graphic Design|developer|logo design",
	   "one letter");
	is(complete(snapshot, "graphic d", NULL), "Graphic Design", "earlier words must be there");
	is(complete(snapshot, "design gr", NULL), "Graphic Design", "in any order");
	is(complete(snapshot, "react dev", NULL), "react developer", "pairs of two titles");
	is(complete(snapshot, "react sh", NULL), "", "a pair of one title is none");
	is(complete(snapshot, "Logo de", NULL), "logo design", "pairs and entries are the same text");
	is(complete(snapshot, "c+", NULL), "C++", "signs are typed one by one");
	is(complete(snapshot, "C++", NULL), "C++", "signs belong to words");
	is(complete(snapshot, "ecma scr", NULL), "JavaScript", "an alias");
	is(complete(snapshot, "zur", NULL), "z\xC3\xBCrich", "accents need not be typed");
	is(complete(snapshot, "for", NULL), "", "stop words are not offered");
	is(complete(snapshot, "jvas", NULL), "JavaScript", "a letter is missing in the beginning");
	is(complete(snapshot, "grpahic des", NULL), "Graphic Design", "an error in an earlier word");
	is(complete(snapshot, "rea", &people), "Rea Graf", "one kind");
	is(complete(snapshot, "react nonsense", NULL), "", "words nobody knows");
	is(complete(snapshot, "", NULL), "", "nothing typed");
	is(complete(snapshot, " -- ", NULL), "", "no words typed");
	is(complete(snapshot, "secret", NULL), "",
	   "past queries of words that are nowhere else are none");
	is(complete(snapshot, "bakery", NULL), "", "a word of one title is not offered");
	ok(skl_suggest_pair(snapshot, "react", 5, "native", 6) == 2 &&
		   skl_suggest_pair(snapshot, "native", 6, "react", 5) == 0,
	   "pairs are counted in their order");
	ok(skl_suggest_frequency(snapshot, "bakery", 6) == 0, "rare words are unknown");
	skl_arena_free(&arena);
}

static void
corrections(void)
{
	SklArena arena;
	size_t size;
	void *snapshot;
	SklCorrection found[4];
	SklSuggestBuilder *builder;

	skl_arena_init(&arena, NULL, NULL, NULL);
	builder = skl_suggest_builder(&arena, NULL, NULL);
	for (int i = 0; i < 50; i++)
		skl_suggest_title(builder, "form builder", 12, 0);
	for (int i = 0; i < 5; i++)
		skl_suggest_title(builder, "fork lift driver", 16, 0);
	snapshot = skl_suggest_build(builder, 2, &size);
	ok(skl_suggest_correct(snapshot, "forc", 4, 1, NULL, 0, NULL, 0, found, 4) == 2 &&
		   memcmp(found[0].text, "form", 4) == 0,
	   "the most frequent of two equally near words");
	ok(skl_suggest_correct(snapshot, "forc", 4, 1, NULL, 0, "lift", 4, found, 4) == 2 &&
		   memcmp(found[0].text, "fork", 4) == 0,
	   "but the one that goes with its neighbour");
	skl_arena_free(&arena);
	builder = skl_suggest_builder(&arena, NULL, NULL);
	snapshot = skl_suggest_build(builder, 2, &size);
	ok(skl_suggest_valid(snapshot, size) &&
		   skl_suggest_correct(snapshot, "word", 4, 1, NULL, 0, NULL, 0, found, 4) == 0,
	   "an empty snapshot knows nothing");
	is(complete(snapshot, "a", NULL), "", "and completes nothing");
	skl_arena_free(&arena);
}

/* Names of random syllables. */
static void
random_name(char *name, size_t room)
{
	static const char *const syllables[] = {"ba", "co", "du", "fi", "ga", "he", "in", "jo",
											"ka", "lo", "mi", "na", "or", "pa", "ru", "sta"};
	size_t at = 0;
	uint32_t n = 2 + random_below(3);

	while (n-- > 0)
		at += (size_t) snprintf(name + at, room - at, "%s", syllables[random_below(16)]);
}

/* 20,000 entries: what is found equals what looking at all of them finds. */
static void
many(void)
{
	static char names[20000][32];
	SklArena arena;
	SklArena memory;
	SklSuggestBuilder *builder;
	SklSuggestion found[10];
	void *snapshot;
	size_t size;
	bool same = true;
	struct timespec begin;
	struct timespec end;

	skl_arena_init(&arena, NULL, NULL, NULL);
	skl_arena_init(&memory, NULL, NULL, NULL);
	builder = skl_suggest_builder(&arena, NULL, NULL);
	for (int i = 0; i < 20000; i++)
	{
		random_name(names[i], 24);
		snprintf(names[i] + strlen(names[i]), 8, "%d", i);
		add(builder, SKL_SUGGEST_SKILL, names[i], i + 1, 0);
	}
	snapshot = skl_suggest_build(builder, 2, &size);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < 500; i++)
	{
		const char *name = names[random_below(20000)];
		size_t length = 1 + random_below(6);
		size_t n = skl_suggest_complete(snapshot, &memory, name, length, NULL, found, 10);
		size_t at = 0;

		for (int j = 19999; j >= 0 && at < 10; j--)
		{
			if (memcmp(names[j], name, length) != 0)
				continue;
			same = same && at < n && memcmp(found[at].text, names[j], strlen(names[j])) == 0;
			at++;
		}
		same = same && at == n;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	ok(same, "the ten best of 20,000 by any prefix");
	printf("# snapshot of %zu bytes; 500 completions and their checks in %.1f ms\n", size,
		   (double) (end.tv_sec - begin.tv_sec) * 1e3 +
			   (double) (end.tv_nsec - begin.tv_nsec) / 1e6);
	skl_arena_free(&memory);
	skl_arena_free(&arena);
}

int
main(void)
{
	typing_errors();
	completions();
	corrections();
	many();
	return done_testing();
}
