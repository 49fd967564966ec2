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

/* When a type refused the value of an argument: notes the problem, takes the value away and returns
 * true. Sent again, the job names that field together with all others that are wrong, and commits
 * nothing. */
bool skl_reply_set_aside(SklJob *job);

/* The answer as libmicrohttpd sends it. Points into the request's memory and the job's result, so
 * both must live until the request has completed. */
struct MHD_Response *skl_reply_build(SklRequestCtx *ctx);

#endif /* SKL_REPLY_H */
