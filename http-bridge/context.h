/*
 * context.h
 *		Making and ending request contexts; their memory; clocks.
 */
#ifndef SKL_CONTEXT_H
#define SKL_CONTEXT_H

#include "bridge.h"

/* Contexts that a thread keeps for the next requests, so that a request costs no malloc. */
typedef struct SklContextCache
{
	struct SklArena *free;
	int count;
} SklContextCache;

/* A zeroed context whose arena is empty; give it back with skl_context_end(). */
SklRequestCtx *skl_context_begin(SklContextCache *cache);
void skl_context_end(SklContextCache *cache, SklRequestCtx *ctx);
void skl_context_cache_clear(SklContextCache *cache);

/* RFC 3339 in UTC with milliseconds, 24 characters and NUL: the meta.timestamp of now. */
void skl_timestamp(char *text);

#endif /* SKL_CONTEXT_H */
