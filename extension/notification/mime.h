/*
 * notification/mime.h
 *		A mail as SMTP wants it: headers and a text and an HTML part.
 *
 * Needs no PostgreSQL header, so that it can be fuzzed.
 */
#ifndef SKL_NOTIFICATION_MIME_H
#define SKL_NOTIFICATION_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

typedef struct SklMail
{
	const char *from; /* address, or: name <address> */
	const char *to;	  /* address */
	const char *subject;
	const char *text;
	const char *html;
	const char *id;			 /* unique; becomes the left part of Message-ID and the boundary */
	const char *unsubscribe; /* link for one click (RFC 8058), or NULL */
	const char *correlation; /* request that led to this mail, or NULL */
	time_t date;
	const char *file_name; /* of a table that is attached; NULL: none. Letters, digits, . _ - */
	const char *file;	   /* its text (CSV) */
} SklMail;

/* Takes the output. */
typedef void (*SklMimeWrite)(void *arg, const char *text, size_t length);

/* True for an address that may stand in a header and in SMTP: ASCII, one @, nothing special. */
extern bool skl_mime_address_ok(const char *address);

/*
 * Finds the bare address of "name <address>" or "address" in text; false when it is not a good
 * address. Sets where it begins and how long it is.
 */
extern bool skl_mime_bare_address(const char *text, const char **begin, size_t *length);

/* Writes the whole mail. Returns NULL, or why it cannot be written. */
extern const char *skl_mime_write(const SklMail *mail, SklMimeWrite write, void *arg);

/* Writes plain text as an HTML fragment: escaped, paragraphs, line breaks, links. */
extern void skl_mime_html_of_text(const char *text, SklMimeWrite write, void *arg);

#endif
