/*
 * test/bench/search/vocabulary.h
 *		200,000 invented words, the commonest first, and random draws of them by Zipf's law.
 *
 * Every English stemmer leaves these words alone and none is a stop word, so that all engines index
 * the same tokens whatever their analysis is. Only integers and exact arithmetic of doubles: the
 * same seed gives the same bytes everywhere.
 */
#ifndef SKL_BENCH_VOCABULARY_H
#define SKL_BENCH_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_WORDS 200000
#define BENCH_WORD_MAX 12

/* One stream of random numbers (splitmix64). */
typedef struct BenchRandom
{
	uint64_t state;
} BenchRandom;

extern uint64_t bench_random(BenchRandom *random);
extern uint32_t bench_below(BenchRandom *random, uint32_t n);
extern double bench_fraction(BenchRandom *random);

extern void bench_vocabulary_init(uint64_t seed);
extern const char *bench_word(uint32_t rank);
extern bool bench_is_word(const char *text);

/* A rank, 0 the commonest: the chance of rank r is proportional to 1 / (r + 1 + offset). */
extern uint32_t bench_draw_word(BenchRandom *random);

/* A number below n, small ones more often: category, country, skill. */
extern uint32_t bench_draw_value(BenchRandom *random, uint32_t n);

#endif
