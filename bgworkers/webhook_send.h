/*
 * bgworkers/webhook_send.h
 *		Deliveries of webhooks over the network, without ever blocking.
 */
#ifndef SKL_BGWORKERS_WEBHOOK_SEND_H
#define SKL_BGWORKERS_WEBHOOK_SEND_H

#include "utils/uuid.h"

/* What is kept of an answer. */
#define SKL_WEBHOOK_ANSWER_MAX (64 * 1024)

/* How an endpoint did before; each standing has its own share of the room. */
typedef enum SklStanding
{
	SKL_STANDING_PROVEN,
	SKL_STANDING_FRESH,
	SKL_STANDING_FAILING,
	SKL_STANDING_COUNT
} SklStanding;

/* One attempt at a delivery. What it points to is copied. */
typedef struct SklWebhookCall
{
	pg_uuid_t webhook;
	pg_uuid_t event;
	int attempt;
	SklStanding standing;
	const char *url;
	const char *body;
	const char *trace;		/* that of the event, when headers hold one of ours; else NULL */
	const char *headers[6]; /* "Name: value", closed by NULL */
} SklWebhookCall;

typedef struct SklWebhookResult
{
	pg_uuid_t webhook;
	pg_uuid_t event;
	int attempt;
	int status;		 /* 0: there was no answer */
	int duration_ms; /* of the whole attempt */
	char *error;	 /* why it does not count, or NULL; in the caller's memory context */
	char *answer;	 /* the first of it as valid text, or NULL */
} SklWebhookResult;

/* Starts an attempt; the outcome comes by skl_webhook_next_result(). */
extern void skl_webhook_start(const SklWebhookCall *call);

/* Notes an attempt that cannot be made as one that has ended. */
extern void skl_webhook_fail(const SklWebhookCall *call, const char *error);

/* Attempts under way for endpoints of a standing, and for all. */
extern int skl_webhook_running_of(SklStanding standing);
extern int skl_webhook_running(void);

/* Outcomes that wait to be recorded, and since when the oldest does. */
extern int skl_webhook_results(TimestampTz *since);

/* Takes the next outcome; false when there is none. */
extern bool skl_webhook_next_result(SklWebhookResult *result);

#endif
