/*
 * analytics/measure.h
 *		The declarations of what is measured: the rows of skillancer.measure, read for one scan.
 */
#ifndef SKL_ANALYTICS_MEASURE_H
#define SKL_ANALYTICS_MEASURE_H

#include "analytics/fact.h"

#define SKL_MEASURE_DIMS 4

/* How a metric is kept. */
typedef enum SklMetricMode
{
	SKL_METRIC_SUM,		  /* numerator and denominator by hour, day and month */
	SKL_METRIC_HISTOGRAM, /* that, and a histogram by day */
	SKL_METRIC_MEMBER,	  /* who took part, by day and month */
	SKL_METRIC_STEP		  /* the first three times that something happened to a subject */
} SklMetricMode;

typedef struct SklMetric
{
	char name[SKL_FACT_NAME];
	SklMetricMode mode;
} SklMetric;

typedef struct SklDimension
{
	char name[SKL_FACT_NAME];
	SklFactText extract;
	char key[SKL_FACT_NAME];
} SklDimension;

/* One declaration: the facts that match it count with sign in its metric. */
typedef struct SklMeasure
{
	struct SklMeasure *next; /* the next one about the same facts */
	int metric;				 /* in metrics of SklMeasures */
	int sign;
	SklFactNumber value;
	char value_key[SKL_FACT_NAME];
	SklFactSubject subject; /* NULL: the metric has none */
	char subject_key[SKL_FACT_NAME];
	int ndims;
	SklDimension dims[SKL_MEASURE_DIMS];
	int nkinds; /* of postings; 0: all */
	char (*kinds)[SKL_FACT_NAME];
} SklMeasure;

typedef struct SklMeasures SklMeasures;

/* Reads the declarations of one metric, or of all when metric is NULL. SPI is connected. */
extern SklMeasures *skl_measures_load(const char *metric);

/* The declarations about a type of event, or an account class; those about all types come too. */
extern const SklMeasure *skl_measures_of_event(SklMeasures *measures, const char *type);
extern const SklMeasure *skl_measures_of_any_event(SklMeasures *measures);
extern const SklMeasure *skl_measures_of_account(SklMeasures *measures, const char *account);

extern const SklMetric *skl_measures_metric(const SklMeasures *measures, int metric);

#endif
