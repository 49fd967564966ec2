/*
 * reqid.h
 *		Names of a request: its id, and its place in a distributed trace.
 */
#ifndef SKL_REQID_H
#define SKL_REQID_H

#include <stdbool.h>
#include <stddef.h>

#define SKL_REQUEST_ID_MAX 64
#define SKL_TRACEPARENT_LENGTH 55
#define SKL_TRACESTATE_MAX 512

/* W3C trace context of one request: the caller's trace, our span. */
typedef struct SklTrace
{
	char trace_id[33];
	char parent_id[17]; /* span of the caller; empty when the trace starts here */
	char span_id[17];	/* our own */
	bool sampled;
} SklTrace;

void skl_random_bytes(void *bytes, size_t length);
void skl_uuid_v7(char text[37]);
void skl_request_id(const char *given, char id[SKL_REQUEST_ID_MAX + 1]);
void skl_trace_start(const char *traceparent, SklTrace *trace);
void skl_trace_text(const SklTrace *trace, char text[SKL_TRACEPARENT_LENGTH + 1]);
bool skl_tracestate_read(const char *given, char text[SKL_TRACESTATE_MAX + 1]);

#endif
