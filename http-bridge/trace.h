/*
 * trace.h
 *		Spans of requests, handed to a collector in the background (OTLP/HTTP, JSON).
 */
#ifndef SKL_TRACE_H
#define SKL_TRACE_H

#include <curl/curl.h>

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
#define SKL_COLLECTOR_URL_MAX 600

typedef struct SklCollector
{
	char url[SKL_COLLECTOR_URL_MAX + 1];
	int (*give_up)(void); /* not 0: an attempt under way is to end */
	CURL *easy;
	struct curl_slist *headers;
} SklCollector;

bool skl_collector_address(const char *given, char url[SKL_COLLECTOR_URL_MAX + 1]);
/* url and give_up are set; ca_file is empty for the certificates of the system. */
bool skl_collector_open(SklCollector *collector, const char *ca_file);
void skl_collector_close(SklCollector *collector);
/* The status of the answer; 0 when there was none. */
int skl_collector_post(const SklCollector *collector, const char *body, size_t length);

#endif
