/*
 * test/bench/search/generate.c
 *		The corpus and the queries of the search benchmark: generate DOCS DIRECTORY [SEED].
 *
 * Writes DIRECTORY/corpus.tsv, one gig a line: number, title, body, category (of 40), country (of
 * 60), skills (of 500, an array literal), price, day; and DIRECTORY/SET.tsv for each set of
 * queries: words, category, country, lowest and highest price, where empty means no condition. A
 * document depends on the seed and its number alone, so queries make again the documents that they
 * are drawn from.
 */
#include "vocabulary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CATEGORIES 40
#define COUNTRIES 60
#define SKILLS 500
#define DAYS 1095
#define TOKENS_MAX 300
#define COMMON 15 /* the commonest words, which nobody would search for */

typedef struct Gig
{
	uint32_t ntokens;
	uint32_t ntitle; /* the first tokens are the title */
	uint32_t tokens[TOKENS_MAX];
	uint32_t category;
	uint32_t country;
	uint32_t nskills;
	uint32_t skills[5];
	uint32_t price;
	uint32_t day;
} Gig;

/* What a set asks for; a query without words has conditions alone. */
typedef struct QuerySet
{
	const char *name;
	uint32_t count;
	void (*words)(BenchRandom *random, FILE *out);
	bool category;
	bool country;
	bool price;
} QuerySet;

static uint64_t seed = 20260;
static uint32_t ndocs;

/* 81 tokens on average: a title of 4 to 8, a body of 10 to 270. */
static void
make_gig(uint32_t number, Gig *gig)
{
	BenchRandom random = {seed * 0x9E3779B97F4A7C15u + number};
	double u;

	bench_random(&random);
	gig->ntitle = 4 + bench_below(&random, 5);
	gig->ntokens =
		gig->ntitle + 10 + (uint32_t) (261 * bench_fraction(&random) * bench_fraction(&random));
	for (uint32_t i = 0; i < gig->ntokens; i++)
		gig->tokens[i] = bench_draw_word(&random);
	gig->category = bench_draw_value(&random, CATEGORIES);
	gig->country = bench_draw_value(&random, COUNTRIES);
	gig->nskills = 1 + bench_below(&random, 5);
	for (uint32_t i = 0; i < gig->nskills; i++)
		gig->skills[i] = (bench_draw_value(&random, SKILLS / 5)) * 5 + i;
	u = bench_fraction(&random);
	gig->price = 5 + (uint32_t) (9995 * u * u * u);
	gig->day = bench_below(&random, DAYS);
}

static void
write_tokens(FILE *out, const uint32_t *tokens, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
	{
		if (i > 0)
			putc(' ', out);
		fputs(bench_word(tokens[i]), out);
	}
}

static void
write_corpus(FILE *out)
{
	Gig gig;

	for (uint32_t number = 0; number < ndocs; number++)
	{
		make_gig(number, &gig);
		fprintf(out, "%u\t", number);
		write_tokens(out, gig.tokens, gig.ntitle);
		putc('\t', out);
		write_tokens(out, gig.tokens + gig.ntitle, gig.ntokens - gig.ntitle);
		fprintf(out, "\t%u\t%u\t{", gig.category, gig.country);
		for (uint32_t i = 0; i < gig.nskills; i++)
			fprintf(out, i == 0 ? "%u" : ",%u", gig.skills[i]);
		fprintf(out, "}\t%u\t%u\n", gig.price, gig.day);
	}
}

static void
random_gig(BenchRandom *random, Gig *gig)
{
	make_gig(bench_below(random, ndocs), gig);
}

/* A word of the document, but none of the commonest. */
static const char *
word_of_gig(BenchRandom *random, const Gig *gig)
{
	uint32_t token;

	do
		token = gig->tokens[bench_below(random, gig->ntokens)];
	while (token < COMMON);
	return bench_word(token);
}

static void
words_of_gig(BenchRandom *random, FILE *out, uint32_t n)
{
	Gig gig;

	random_gig(random, &gig);
	for (uint32_t i = 0; i < n; i++)
		fprintf(out, i == 0 ? "%s" : " %s", word_of_gig(random, &gig));
}

static void
mix_words(BenchRandom *random, FILE *out)
{
	words_of_gig(random, out, 1 + bench_below(random, 4));
}

static void
and_words(BenchRandom *random, FILE *out)
{
	words_of_gig(random, out, 2 + bench_below(random, 2));
}

static void
hard_words(BenchRandom *random, FILE *out)
{
	uint32_t n = 2 + bench_below(random, 4);

	for (uint32_t i = 0; i < n; i++)
		fprintf(out, i == 0 ? "%s" : " %s", bench_word(COMMON + bench_below(random, 400)));
}

static void
phrase_words(BenchRandom *random, FILE *out)
{
	Gig gig;
	uint32_t n = 2 + bench_below(random, 2);

	random_gig(random, &gig);
	write_tokens(
		out, gig.tokens + gig.ntitle + bench_below(random, gig.ntokens - gig.ntitle - n + 1), n);
}

static void
prefix_words(BenchRandom *random, FILE *out)
{
	Gig gig;

	random_gig(random, &gig);
	fprintf(out, "%.2s", word_of_gig(random, &gig));
}

/* One letter after the first taken away, doubled, replaced, or changed with the next. */
static void
misspell(BenchRandom *random, const char *word, char *typo)
{
	size_t length = strlen(word);
	size_t at = 1 + bench_below(random, (uint32_t) length - 2);

	memcpy(typo, word, length + 1);
	switch (bench_below(random, 4))
	{
		case 0:
			memmove(typo + at, typo + at + 1, length - at);
			break;
		case 1:
			memmove(typo + at + 1, typo + at, length - at + 1);
			break;
		case 2:
			typo[at] = (char) ('a' + bench_below(random, 26));
			break;
		default:
			typo[at] = word[at + 1];
			typo[at + 1] = word[at];
			break;
	}
}

static void
typo_words(BenchRandom *random, FILE *out)
{
	Gig gig;
	char typo[BENCH_WORD_MAX + 2];

	for (;;)
	{
		const char *word;

		random_gig(random, &gig);
		word = word_of_gig(random, &gig);
		if (strlen(word) < 5)
			continue;
		misspell(random, word, typo);
		if (!bench_is_word(typo))
			break;
	}
	fputs(typo, out);
}

static void
no_words(BenchRandom *random, FILE *out)
{
	(void) random;
	(void) out;
}

static const QuerySet sets[] = {
	{"mix", 1000, mix_words, false, false, false},
	{"hard", 400, hard_words, false, false, false},
	{"and", 1000, and_words, false, false, false},
	{"phrase", 500, phrase_words, false, false, false},
	{"prefix", 200, prefix_words, false, false, false},
	{"typo", 500, typo_words, false, false, false},
	{"filter", 1000, mix_words, true, false, true},
	{"facets", 1000, mix_words, true, true, false},
	{"empty", 200, no_words, true, false, false},
	{"newest", 500, mix_words, false, false, false},
	{"page50", 500, mix_words, false, false, false},
};

static void
write_queries(const QuerySet *set, uint32_t index, FILE *out)
{
	BenchRandom random = {seed + 1000 * (index + 1)};

	for (uint32_t i = 0; i < set->count; i++)
	{
		uint32_t price = 5 + bench_below(&random, 1000);

		set->words(&random, out);
		putc('\t', out);
		if (set->category)
			fprintf(out, "%u", bench_draw_value(&random, CATEGORIES));
		putc('\t', out);
		if (set->country)
			fprintf(out, "%u", bench_draw_value(&random, COUNTRIES));
		if (set->price)
			fprintf(out, "\t%u\t%u\n", price, price + 50 + bench_below(&random, 2000));
		else
			fputs("\t\t\n", out);
	}
}

static FILE *
open_file(const char *directory, const char *name)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s.tsv", directory, name);
	out = fopen(path, "w");
	if (out == NULL)
	{
		perror(path);
		exit(1);
	}
	return out;
}

static void
close_file(FILE *out)
{
	if (ferror(out) || fclose(out) != 0)
	{
		perror("generate");
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	FILE *out;

	if (argc < 3 || atoi(argv[1]) < 1)
	{
		fprintf(stderr, "usage: generate DOCS DIRECTORY [SEED]\n");
		return 2;
	}
	ndocs = (uint32_t) atoi(argv[1]);
	if (argc > 3)
		seed = strtoull(argv[3], NULL, 10);
	bench_vocabulary_init(seed);
	out = open_file(argv[2], "corpus");
	write_corpus(out);
	close_file(out);
	for (uint32_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
	{
		out = open_file(argv[2], sets[i].name);
		write_queries(&sets[i], i, out);
		close_file(out);
	}
	return 0;
}
