/*
 * bgworkers/courier_traces.h
 *		Spans of deliveries, for a collector of traces.
 */
#ifndef SKL_BGWORKERS_COURIER_TRACES_H
#define SKL_BGWORKERS_COURIER_TRACES_H

#include "core/trace.h"

/* The place of a delivery in its trace; empty where it has none. */
typedef struct SklSpanIds
{
	char traceparent[SKL_TRACEPARENT_LENGTH + 1]; /* with a span of ours */
	char parent[SKL_TRACEPARENT_LENGTH + 1];	  /* of what is delivered */
} SklSpanIds;

/* Notes the trace of what is delivered, and the header with our span; header is NULL for none. */
extern void skl_span_begin(SklSpanIds *ids, const char *trace, const char *header);

/* An attempt at a delivery that has ended. */
typedef struct SklDeliverySpan
{
	const SklSpanIds *ids;
	bool is_mail; /* else a webhook */
	int attempt;
	int status; /* 0: there was no answer */
	bool failed;
	int64 duration_ms; /* until now */
} SklDeliverySpan;

/* Notes it, if its trace is recorded and there is a collector. Raises no error and never waits. */
extern void skl_trace_delivery(const SklDeliverySpan *span);

#endif
