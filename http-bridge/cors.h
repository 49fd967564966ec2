/*
 * cors.h
 *		Cross-origin requests: an exact list of origins, and the answer to a preflight.
 */
#ifndef SKL_CORS_H
#define SKL_CORS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct SklCors SklCors;

SklCors *skl_cors_parse(const char *text, char *error, size_t error_size);
void skl_cors_free(SklCors *cors);
bool skl_cors_allows(const SklCors *cors, const char *origin);

#endif
