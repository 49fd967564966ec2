/*
 * core/log_context.h
 *		Request and trace in the lines that the server logs.
 */
#ifndef SKL_CORE_LOG_CONTEXT_H
#define SKL_CORE_LOG_CONTEXT_H

/* Installs the hook; called once by module.c. */
extern void skl_log_context_init(void);

/* Name of the header that continues a trace. */
#define SKL_TRACE_HEADER "traceparent: "

/* Length of a traceparent of version 00. */
#define SKL_TRACEPARENT_LENGTH 55

/*
 * The header "traceparent: …" that continues the trace of a traceparent with a span of our own,
 * palloc'ed; NULL when trace is NULL or no traceparent of version 00.
 */
extern const char *skl_trace_header(const char *trace);

#endif /* SKL_CORE_LOG_CONTEXT_H */
