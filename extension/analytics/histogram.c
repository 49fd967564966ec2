/*
 * analytics/histogram.c
 *		Histograms whose buckets are 2 % wide. Knows nothing of PostgreSQL.
 *
 * A value v > 0 is counted in bucket floor(log(v) / log(1.02)). A histogram is a set of (bucket,
 * count); merging two adds their counts and taking one back subtracts them, in any order, which
 * sketches that depend on the order of what they saw cannot do.
 */
#include "analytics/histogram.h"

#include <math.h>

int32_t
skl_histogram_bucket(double value)
{
	double bucket;

	if (!(value > 0))
		return SKL_HISTOGRAM_ZERO;
	bucket = floor(log(value) / log(SKL_HISTOGRAM_WIDTH));
	if (bucket < SKL_HISTOGRAM_LEAST)
		return SKL_HISTOGRAM_LEAST;
	if (bucket > SKL_HISTOGRAM_GREATEST)
		return SKL_HISTOGRAM_GREATEST;
	return (int32_t) bucket;
}

double
skl_histogram_value(int32_t bucket)
{
	if (bucket < SKL_HISTOGRAM_LEAST)
		return 0;
	return pow(SKL_HISTOGRAM_WIDTH, (double) bucket + 0.5);
}

double
skl_histogram_percentile(const int32_t *buckets, const int64_t *counts, size_t n, double p)
{
	int64_t total = 0;
	int64_t seen = 0;
	double rank;

	for (size_t i = 0; i < n; i++)
		total += counts[i] > 0 ? counts[i] : 0;
	if (total == 0)
		return NAN;
	rank = ceil(p * (double) total);
	for (size_t i = 0; i < n; i++)
	{
		seen += counts[i] > 0 ? counts[i] : 0;
		if (seen > 0 && (double) seen >= rank)
			return skl_histogram_value(buckets[i]);
	}
	return NAN;
}
