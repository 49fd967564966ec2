/*
 * core/accept.h
 *		What a client would rather have: the header Accept (RFC 9110, 12.5.1). Knows nothing of
 *		PostgreSQL.
 */
#ifndef SKL_CORE_ACCEPT_H
#define SKL_CORE_ACCEPT_H

#include <stddef.h>

/*
 * The quality that a header gives to a media type such as "text/csv", in thousandths: that of the
 * most specific range that matches, 0 when none does. Without a header anything is welcome: 1000.
 * Ranges that are not well formed are passed over.
 */
extern int skl_accept_quality(const char *header, const char *type);

/* The type with the highest quality, the first of equals; -1 when none is acceptable. */
extern int skl_accept_best(const char *header, const char *const *types, size_t n);

#endif
