/*
 * text.h
 *		Reading text that strangers sent: UTF-8, percent escapes, scalar forms, a growing buffer.
 */
#ifndef SKL_TEXT_H
#define SKL_TEXT_H

#include "bridge.h"

/* Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates) without NUL. */
bool skl_utf8_valid(const char *text, size_t length);

/* Decodes %XX (and + as blank when plus) into the request's memory. NULL: a bad escape, NUL or not
 * UTF-8. */
char *skl_percent_decode(SklRequestCtx *ctx, const char *text, size_t length, bool plus);

/* Scalar forms of the API. Each takes a NUL-terminated text. */
bool skl_is_integer(const char *text, int64_t min, int64_t max);
bool skl_is_decimal(const char *text);	 /* -12.50, 1e3: what numeric accepts, no NaN, no blanks */
bool skl_is_date(const char *text);		 /* 2026-02-28, a day that exists, years 1..9999 */
bool skl_is_timestamp(const char *text); /* RFC 3339 with an offset */
bool skl_is_uuid(const char *text);
bool skl_is_typeid(const char *text, const char *prefix); /* prj_01h… 26 characters of base32 */
bool skl_is_currency(const char *text);					  /* three capitals */

/* Finds an HTTP list token without parameters of weight zero: "gzip" in "br, gzip;q=0.5". */
bool skl_accepts(const char *header, const char *token);

/* A growing text in the request's memory. */
typedef struct SklBuffer
{
	SklRequestCtx *ctx;
	char *data;
	size_t length;
	size_t capacity;
} SklBuffer;

void skl_buffer_add(SklBuffer *buffer, const char *text, size_t length);
void skl_buffer_puts(SklBuffer *buffer, const char *text);
/* As a JSON string with its quotes. */
void skl_buffer_json(SklBuffer *buffer, const char *text);
/* As an element of a PostgreSQL array literal, quoted. */
void skl_buffer_array_item(SklBuffer *buffer, const char *text);

#endif /* SKL_TEXT_H */
