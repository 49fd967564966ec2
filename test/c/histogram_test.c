/*
 * test/c/histogram_test.c
 *		Properties of histograms: every value is near what stands for it, and percentiles are those
 * of the values, however the histogram was put together.
 */
#include "skl.h"

#include "analytics/histogram.h"

#include <math.h>
#include <stdlib.h>

#include "random.h"
#include "tap.h"

#define CASES 200000
#define VALUES 2001
#define BUCKETS (SKL_HISTOGRAM_GREATEST - SKL_HISTOGRAM_ZERO + 1)

static int32_t buckets[BUCKETS];
static int64_t counts[BUCKETS];
static double values[VALUES];

/* Off by less than 1 %, over 18 powers of ten. */
static bool
near_its_bucket(void)
{
	for (int c = 0; c < CASES; c++)
	{
		double value = pow(10, (double) random_below(18000) / 1000.0 - 3);
		double stands = skl_histogram_value(skl_histogram_bucket(value));

		if (fabs(stands - value) > 0.01 * value)
			return false;
	}
	return true;
}

/* A greater value is never in an earlier bucket. */
static bool
buckets_rise(void)
{
	for (int c = 0; c < CASES; c++)
	{
		double value = (double) random_below(1000000000);

		if (skl_histogram_bucket(value) > skl_histogram_bucket(value + (double) random_below(100)))
			return false;
	}
	return true;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

/* The nearest rank of the sorted values, within 2 %. */
static bool
percentiles_hold(void)
{
	static const double shares[] = {0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1};

	for (int i = 0; i < BUCKETS; i++)
	{
		buckets[i] = SKL_HISTOGRAM_ZERO + i;
		counts[i] = 0;
	}
	for (int i = 0; i < VALUES; i++)
	{
		values[i] = (double) random_below(i % 3 == 0 ? 100 : 10000000);
		counts[skl_histogram_bucket(values[i]) - SKL_HISTOGRAM_ZERO]++;
	}
	qsort(values, VALUES, sizeof(double), by_value);
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++)
	{
		int rank = (int) ceil(shares[i] * VALUES);
		double exact = values[rank > 0 ? rank - 1 : 0];
		double found = skl_histogram_percentile(buckets, counts, BUCKETS, shares[i]);

		if (fabs(found - exact) > 0.02 * exact)
			return false;
	}
	return true;
}

int
main(void)
{
	int64_t none[2] = {0, -3};

	ok(near_its_bucket(), "what stands for a bucket is within 1 % of its values");
	ok(buckets_rise(), "buckets rise with their values");
	ok(percentiles_hold(), "percentiles are within 2 % of those of the values");
	ok(skl_histogram_bucket(0) == SKL_HISTOGRAM_ZERO &&
		   skl_histogram_bucket(-5) == SKL_HISTOGRAM_ZERO &&
		   skl_histogram_bucket(NAN) == SKL_HISTOGRAM_ZERO &&
		   skl_histogram_value(SKL_HISTOGRAM_ZERO) == 0,
	   "what is not above zero counts as zero");
	ok(skl_histogram_bucket(INFINITY) == SKL_HISTOGRAM_GREATEST &&
		   skl_histogram_bucket(1e-300) == SKL_HISTOGRAM_LEAST,
	   "the ends hold the rest");
	ok(isnan(skl_histogram_percentile(buckets, none, 2, 0.5)), "nothing has no percentile");
	return done_testing();
}
