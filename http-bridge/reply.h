/*
 * reply.h
 *		From what a job brought back to the bytes of an HTTP answer.
 */
#ifndef SKL_REPLY_H
#define SKL_REPLY_H

#include "bridge.h"
#include "pool.h"

/* Decides the answer of a finished job: status, headers, body. */
void skl_reply_of_job(SklRequestCtx *ctx, SklJob *job);

/* The answer as libmicrohttpd sends it. Points into the request's memory and the job's result, so
 * both must live until the request has completed. */
struct MHD_Response *skl_reply_build(SklRequestCtx *ctx);

#endif /* SKL_REPLY_H */
