/*
 * core/trace.c
 *		The place of what happens here in a distributed trace (W3C Trace Context).
 *
 * The bridge hands over the trace of a request, whose span is the parent of what follows; events
 * keep it (core/events.c) and deliveries of them continue it (bgworkers/courier_webhooks.c).
 * Workers begin traces of their own.
 */
#include "skl.h"

#include "core/guc.h"
#include "core/trace.h"

#include "utils/builtins.h"

#define TRACE_AT 3
#define TRACE_LENGTH 32
#define SPAN_AT 36
#define SPAN_LENGTH 16
#define HEX "0123456789abcdef"

bool
skl_trace_is_valid(const char *trace)
{
	const char *state;

	if (trace == NULL || strnlen(trace, SKL_TRACEPARENT_LENGTH) < SKL_TRACEPARENT_LENGTH ||
		strncmp(trace, "00-", 3) != 0 || trace[SPAN_AT - 1] != '-' ||
		trace[SPAN_AT + SPAN_LENGTH] != '-')
		return false;
	if (strspn(trace + TRACE_AT, HEX) != TRACE_LENGTH ||
		strspn(trace + SPAN_AT, HEX) != SPAN_LENGTH ||
		strspn(trace + SPAN_AT + SPAN_LENGTH + 1, HEX) != 2)
		return false;
	state = trace + SKL_TRACEPARENT_LENGTH;
	if (state[0] == '\0')
		return true;
	for (const char *at = state; *at != '\0'; at++)
	{
		if (*at < ' ' || *at > '~')
			return false;
	}
	return state[0] == ' ' && state[1] != '\0' && strlen(state + 1) <= SKL_TRACESTATE_MAX;
}

/* Writes a fresh id of so many hex digits, which is never all zero; false when there is no luck. */
static bool
put_id(char *id, size_t digits)
{
	uint8 bytes[TRACE_LENGTH / 2];

	if (!pg_strong_random(bytes, digits / 2))
		return false;
	bytes[0] |= 1;
	hex_encode((const char *) bytes, digits / 2, id);
	return true;
}

void
skl_trace_begin(char trace[SKL_TRACEPARENT_LENGTH + 1])
{
	snprintf(trace, SKL_TRACEPARENT_LENGTH + 1, "00-%032d-%016d-%s", 1, 1,
			 skl_guc.otlp_url[0] != '\0' ? "01" : "00");
	if (!put_id(trace + TRACE_AT, TRACE_LENGTH) || !put_id(trace + SPAN_AT, SPAN_LENGTH))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
}

const char *
skl_trace_header(const char *trace)
{
	char *header;

	if (!skl_trace_is_valid(trace))
		return NULL;
	header = psprintf("%s%.*s", SKL_TRACE_HEADER, SKL_TRACEPARENT_LENGTH, trace);
	put_id(header + strlen(SKL_TRACE_HEADER) + SPAN_AT, SPAN_LENGTH);
	return header;
}

const char *
skl_tracestate_header(const char *trace)
{
	if (!skl_trace_is_valid(trace) || trace[SKL_TRACEPARENT_LENGTH] == '\0')
		return NULL;
	return psprintf("%s%s", SKL_TRACESTATE_HEADER, trace + SKL_TRACEPARENT_LENGTH + 1);
}
