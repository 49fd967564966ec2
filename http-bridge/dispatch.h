/*
 * dispatch.h
 *		A request from its request line to its answer, free of libmicrohttpd's callback order.
 */
#ifndef SKL_DISPATCH_H
#define SKL_DISPATCH_H

#include "bridge.h"

/* What the server does next with the connection. */
typedef enum SklNext
{
	SKL_NEXT_READ,	 /* go on reading: body, or the call that says it is complete */
	SKL_NEXT_ANSWER, /* queue the answer now */
	SKL_NEXT_PARK,	 /* a job was submitted */
	SKL_NEXT_CLOSE	 /* hang up without an answer */
} SklNext;

/* Stages of ctx->phase. */
typedef enum SklPhase
{
	SKL_PHASE_NEW,
	SKL_PHASE_BODY,	 /* collecting */
	SKL_PHASE_DRAIN, /* the answer is decided; the rest of the body is thrown away */
	SKL_PHASE_WORK	 /* parked, or about to be answered */
} SklPhase;

/* The request line was seen. */
void skl_request_begin(SklRequestCtx *ctx, const char *uri);

/* All headers are there. uri and version are libmicrohttpd's own pointers. */
SklNext skl_request_headers(SklRequestCtx *ctx, const char *method, const char *uri,
							const char *version);

SklNext skl_request_body(SklRequestCtx *ctx, const char *data, size_t size);

/* Nothing more comes: parse, and hand the work to the pool. */
SklNext skl_request_complete(SklRequestCtx *ctx);

/* The file that came with the request is on the disk: hands the work to the pool. */
void skl_request_stored(SklRequestCtx *ctx);

/* Nobody waits for the parked request any more: its work is stopped, as far as it can be. */
void skl_request_abandon(SklRequestCtx *ctx);

/* The pool is done with ctx->job (SklPool.done). */
void skl_request_done(SklJob *job);

/* Sent, or the connection died: log and count. */
void skl_request_end(SklRequestCtx *ctx);

/* Gives back what the request holds, once its job is done. */
void skl_request_free(SklRequestCtx *ctx);

#endif /* SKL_DISPATCH_H */
