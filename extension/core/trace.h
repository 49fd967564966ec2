/*
 * core/trace.h
 *		The place of what happens here in a distributed trace (W3C Trace Context).
 */
#ifndef SKL_CORE_TRACE_H
#define SKL_CORE_TRACE_H

/* Length of a traceparent of version 00. */
#define SKL_TRACEPARENT_LENGTH 55

/* Longest tracestate. */
#define SKL_TRACESTATE_MAX 512

/* Names of the headers that continue a trace. */
#define SKL_TRACE_HEADER "traceparent: "
#define SKL_TRACESTATE_HEADER "tracestate: "

/*
 * True for what the column trace of an event holds: a traceparent of version 00, and perhaps a
 * blank and a tracestate of printable ASCII. NULL is none.
 */
extern bool skl_trace_is_valid(const char *trace);

/* Writes a traceparent that begins a trace; it is to be recorded when there is a collector. */
extern void skl_trace_begin(char trace[SKL_TRACEPARENT_LENGTH + 1]);

/*
 * The headers "traceparent: …", with a span of our own, and "tracestate: …" that continue a trace,
 * palloc'ed; NULL when there is none, or no tracestate.
 */
extern const char *skl_trace_header(const char *trace);
extern const char *skl_tracestate_header(const char *trace);

#endif /* SKL_CORE_TRACE_H */
