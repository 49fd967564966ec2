/*
 * metrics.h
 *		Counters of the bridge as a text that Prometheus reads; the calls that every file makes are
 *		declared in bridge.h.
 */
#ifndef SKL_METRICS_H
#define SKL_METRICS_H

#include <stdio.h>

#include "bridge.h"

#define SKL_HISTOGRAM_BOUNDS 14

/* A distribution of times. Written by one thread, read by the scraper. */
typedef struct SklHistogram
{
	_Atomic uint64_t bucket[SKL_HISTOGRAM_BOUNDS + 1];
	_Atomic uint64_t sum_us;
} SklHistogram;

/* The same, added up over threads. */
typedef struct SklHistogramSum
{
	uint64_t bucket[SKL_HISTOGRAM_BOUNDS + 1];
	uint64_t sum_us;
} SklHistogramSum;

void skl_metrics_count_reload(bool good);
char *skl_metrics_text(bool open_metrics, size_t *length);

/* writers of one family and its samples; labels are ready text without braces, or "" */
typedef struct SklMetricsOut
{
	FILE *file;
	bool open_metrics;
} SklMetricsOut;

void skl_metrics_family(SklMetricsOut *out, const char *name, const char *type, const char *help);
void skl_metrics_sample(SklMetricsOut *out, const char *name, const char *labels, double value);
void skl_metrics_histogram(SklMetricsOut *out, const char *name, const char *labels,
						   const SklHistogramSum *sum);
void skl_metrics_process(SklMetricsOut *out);

#endif
