/*
 * notification/bounce.h
 *		Reports about mails that were accepted and not delivered: RFC 3464, inside RFC 6522.
 *
 * Needs no PostgreSQL header, so that it can be fuzzed.
 */
#ifndef SKL_NOTIFICATION_BOUNCE_H
#define SKL_NOTIFICATION_BOUNCE_H

#include <stdbool.h>
#include <stddef.h>

/* A report is read this far. */
#define SKL_BOUNCE_MAX (256 * 1024)

typedef struct SklBounce
{
	char to[256];		  /* the first address of To, or of what a server notes for the envelope */
	char action[16];	  /* in small letters: failed, delayed, delivered, relayed, expanded */
	char status[16];	  /* such as 5.1.1 */
	char diagnostic[256]; /* what the server said, in printable ASCII */
} SklBounce;

/*
 * Reads a report. Of several recipients the first whose delivery failed counts, else the first.
 * False when the text is no report about a delivery; to is set all the same when it is a mail.
 */
extern bool skl_bounce_parse(const char *text, size_t length, SklBounce *bounce);

#endif
