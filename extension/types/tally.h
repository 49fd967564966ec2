/*
 * types/tally.h
 *		Tallies of ratings as plain C: five counters, one for each number of stars.
 *
 * Text: 0/1/0/2/5 counts the ratings of 1, 2, 3, 4 and 5 stars.
 */
#ifndef SKL_TYPES_TALLY_H
#define SKL_TYPES_TALLY_H

#include "types/parse.h"

#define SKL_STARS 5

/* Longest text with its NUL: five numbers of 10 digits, four slashes. */
#define SKL_TALLY_TEXT_MAX 56

/* The value of SQL type rating_tally, stored as it is. */
typedef struct SklTally
{
	int32_t count[SKL_STARS]; /* never negative; count[0] is one star */
} SklTally;

extern SklParseError skl_tally_parse(const char *str, size_t len, SklTally *tally);

/* Writes the text and a NUL; returns the length. */
extern size_t skl_tally_write(const SklTally *tally, char *out);

/* Number of ratings. */
extern int64_t skl_tally_total(const SklTally *tally);

/* Stars of all ratings added up. */
extern int64_t skl_tally_stars(const SklTally *tally);

/*
 * Bayesian mean of stars: (weight * prior + stars) / (weight + ratings), the mean after weight
 * imagined ratings of prior stars. Without ratings it is the prior.
 */
extern double skl_tally_bayes(const SklTally *tally, double prior, double weight);

/*
 * Lower bound of Wilson's score interval for a share of n trials, with z standard deviations of
 * confidence (1.96: 95 %); 0 for n = 0. E. B. Wilson, Probable Inference, the Law of Succession,
 * and Statistical Inference, JASA 22 (1927).
 */
extern double skl_wilson_lower(double share, double n, double z);

/* The bound of a tally: the share of a rating of s stars is (s - 1) / 4. */
extern double skl_tally_wilson(const SklTally *tally, double z);

/* Adds n (may be negative) to one counter; false when it would leave 0..2^31-1. */
extern bool skl_tally_add(SklTally *tally, int star, int64_t n);

#endif
