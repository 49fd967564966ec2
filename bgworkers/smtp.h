/*
 * bgworkers/smtp.h
 *		Sending mails over SMTP without ever blocking.
 */
#ifndef SKL_BGWORKERS_SMTP_H
#define SKL_BGWORKERS_SMTP_H

#include "utils/uuid.h"

/* How a delivery ended. */
typedef enum SklSmtpOutcome
{
	SKL_SMTP_SENT,
	SKL_SMTP_RETRY,	  /* 4xx, no complete conversation, or a 5xx that is about the server */
	SKL_SMTP_BOUNCED, /* 55x to RCPT: the address is no good */
	SKL_SMTP_REFUSED  /* 55x to the message: this mail is no good */
} SklSmtpOutcome;

typedef struct SklSmtpResult
{
	pg_uuid_t mail;
	int attempt;
	SklSmtpOutcome outcome;
	int code; /* the server's last answer; 0 when there was none */
	char message[200];
} SklSmtpResult;

/* Once a turn: notices when the settings of connections change. */
extern void skl_smtp_watch_settings(void);

/*
 * Starts a delivery: from and to are bare addresses, trace is that of the mail or NULL, message the
 * whole mail. Copies what it needs; the outcome comes by skl_smtp_next_result().
 */
extern void skl_smtp_start(const pg_uuid_t *mail, int attempt, const char *from, const char *to,
						   const char *trace, const char *message, size_t length);

/* Deliveries under way. */
extern int skl_smtp_running(void);

/* Takes the next outcome; false when there is none. */
extern bool skl_smtp_next_result(SklSmtpResult *result);

/* True when skl_smtp_next_result() has something to give. */
extern bool skl_smtp_has_results(void);

#endif
