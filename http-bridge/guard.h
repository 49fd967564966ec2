/*
 * guard.h
 *		What libmicrohttpd lets through and HTTP does not allow.
 */
#ifndef SKL_GUARD_H
#define SKL_GUARD_H

#include "bridge.h"

/* Collects the headers into ctx->header[] and checks framing. False: the answer is decided, and the
 * connection must be closed with it. uri and version are libmicrohttpd's own pointers. */
bool skl_guard(SklRequestCtx *ctx, const char *uri, const char *version);

/* True when the request announces a body. */
bool skl_guard_has_body(const SklRequestCtx *ctx);

SklMethod skl_method_of(const char *text);

#endif /* SKL_GUARD_H */
