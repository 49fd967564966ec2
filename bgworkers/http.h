/*
 * bgworkers/http.h
 *		Calls over HTTP without ever blocking.
 */
#ifndef SKL_BGWORKERS_HTTP_H
#define SKL_BGWORKERS_HTTP_H

#include "utils/uuid.h"

/* An answer longer than this is none. */
#define SKL_HTTP_BODY_MAX (1024 * 1024)

/* One attempt at a call. What it points to is copied. */
typedef struct SklHttpCall
{
	pg_uuid_t id;
	int attempt;
	bool is_post;
	const char *url;
	const char *body;		/* of a POST, a form; or NULL */
	const char *bearer;		/* secret for the Authorization header, or NULL */
	const char *headers[4]; /* "Name: value", closed by NULL */
	const char *ca_file;	/* certificates to trust, or empty: the system's */
	bool plain;				/* http:// is allowed, too */
	int timeout_ms;
} SklHttpCall;

typedef struct SklHttpResult
{
	pg_uuid_t id;
	int attempt;
	int status; /* 0: no complete answer came, message says why */
	char *body; /* NUL-terminated, in the memory context of the caller */
	char message[200];
} SklHttpResult;

/* Starts an attempt; the outcome comes by skl_http_next_result(). */
extern void skl_http_start(const SklHttpCall *call);

/* Attempts under way. */
extern int skl_http_running(void);

extern bool skl_http_has_results(void);

/* Takes the next outcome; false when there is none. */
extern bool skl_http_next_result(SklHttpResult *result);

#endif
