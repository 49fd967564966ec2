/*
 * trace.h
 *		Spans of requests, handed to a collector in the background (OTLP/HTTP, JSON).
 */
#ifndef SKL_TRACE_H
#define SKL_TRACE_H

#include "bridge.h"
#include "metrics.h"

bool skl_tracing_start(void);
void skl_tracing_stop(void); /* hands over what waits */

/* Whether a trace that begins here is to be recorded. */
bool skl_tracing_sample(const SklConfig *config);

/* Notes the spans of a request that has ended; never waits. */
void skl_tracing_request(const SklRequestCtx *ctx);

void skl_tracing_metrics(SklMetricsOut *out);

/* otlp.c: where a collector listens, and one batch to it. */
typedef struct SklCollector
{
	char host[256];
	char port[8];
	char path[256];
} SklCollector;

bool skl_collector_parse(const char *url, SklCollector *collector);
/* The status of the answer; 0 when there was none. */
int skl_collector_post(const SklCollector *collector, const char *body, size_t length);

#endif
