/*
 * bgworkers/courier_traces.h
 *		Spans of deliveries, for a collector of traces.
 */
#ifndef SKL_BGWORKERS_COURIER_TRACES_H
#define SKL_BGWORKERS_COURIER_TRACES_H

/* An attempt at a delivery that has ended. */
typedef struct SklDeliverySpan
{
	const char *traceparent; /* that was sent along, of version 00 */
	const char *parent;		 /* traceparent of the event */
	int attempt;
	int status; /* 0: there was no answer */
	bool failed;
	int64 duration_ms; /* until now */
} SklDeliverySpan;

/* Notes it, if its trace is recorded and there is a collector. Raises no error and never waits. */
extern void skl_trace_delivery(const SklDeliverySpan *span);

#endif
