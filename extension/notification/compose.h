/*
 * notification/compose.h
 *		From templates and data to a mail that is ready to send.
 */
#ifndef SKL_NOTIFICATION_COMPOSE_H
#define SKL_NOTIFICATION_COMPOSE_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include <time.h>

typedef struct SklMailParts
{
	const char *id; /* unique: becomes Message-ID */
	const char *from;
	const char *to;
	time_t date;
	const char *title;		 /* template of the subject; NULL: there is no template */
	const char *body;		 /* template of the text */
	const char *html;		 /* template of the HTML part; NULL: made from the text */
	const char *layout;		 /* template around the HTML part, with {{{content}}}; or NULL */
	const char *text_layout; /* the same around the text; ignored without {{{content}}} */
	const char *unsubscribe; /* link for one click, or NULL */
	const char *correlation; /* request that led to the mail, or NULL */
	Jsonb *data;
} SklMailParts;

/* Renders and composes; NULL, and *error says why, when that is not possible. */
extern StringInfo skl_compose_mail(const SklMailParts *parts, const char **error);

#endif
