/*
 * analytics/histogram.h
 *		Histograms whose buckets are 2 % wide: counters that add up exactly, percentiles within 1 %.
 */
#ifndef SKL_ANALYTICS_HISTOGRAM_H
#define SKL_ANALYTICS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Each bucket reaches from w^i to w^(i+1). */
#define SKL_HISTOGRAM_WIDTH 1.02

/* The bucket of everything that is not above zero, and the ends of the others. */
#define SKL_HISTOGRAM_ZERO (-2000)
#define SKL_HISTOGRAM_LEAST (-1500)
#define SKL_HISTOGRAM_GREATEST 3000

/* The bucket of a value. NaN counts as zero. */
extern int32_t skl_histogram_bucket(double value);

/* The value that stands for a bucket: its geometric middle, off by less than 1 %. */
extern double skl_histogram_value(int32_t bucket);

/*
 * The value below which the share p (0 to 1) of what was counted lies, by the nearest rank. Buckets
 * rise; counts below zero count as none. NaN when nothing was counted.
 */
extern double skl_histogram_percentile(const int32_t *buckets, const int64_t *counts, size_t n,
									   double p);

#endif
