/*
 * bgworkers/courier.h
 *		The courier's turn and wait (see worker_loop.h), and its parts.
 */
#ifndef SKL_BGWORKERS_COURIER_H
#define SKL_BGWORKERS_COURIER_H

extern int64 skl_courier_turn(int limit);
extern void skl_courier_wait(long timeout_ms);
extern bool skl_courier_busy(void);

/*
 * A part: its share of a turn returns the rows it did and sets more when it has to go on at once;
 * ready, when it wants a turn now, as for a result that waits to be recorded; patience, how many
 * milliseconds it can do without one (-1: any number; NULL: always that); busy, when something is
 * under way.
 */
typedef struct SklCourierPart
{
	int64 (*turn)(int limit, bool *more);
	bool (*ready)(void);
	long (*patience)(void);
	bool (*busy)(void);
} SklCourierPart;

extern const SklCourierPart skl_courier_mail;  /* courier_mail.c */
extern const SklCourierPart skl_courier_calls; /* courier_calls.c */

extern const SklCourierPart skl_courier_webhooks; /* courier_webhooks.c */
extern const SklCourierPart skl_courier_traces;	  /* courier_traces.c */

#endif
