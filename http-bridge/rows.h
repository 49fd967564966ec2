/*
 * rows.h
 *		Answers of many rows: read from a cursor by the page, while they are sent.
 *
 * A function on a route of class export opens the cursor SKL_CURSOR of one text column and answers
 * with the header member "skl-rows": true. Its rows become the items of data; behind a Content-Type
 * they follow the body as they are. The transaction stays open as long as the answer is sent, so
 * all pages are of one snapshot; the bridge holds two of them at most.
 */
#ifndef SKL_ROWS_H
#define SKL_ROWS_H

#include "bridge.h"
#include "pool.h"

/* SklPool.paused: everything that the job has sent is answered. */
bool skl_rows_paused(SklJob *job);

/* The answer is decided: makes its body one of rows, when the function wanted that. */
void skl_rows_begin(SklRequestCtx *ctx);

/* The job is over. False: its answer has not begun, and is decided as any other. */
bool skl_rows_done(SklJob *job);

/* True while the job of an answer that is being sent has not ended. */
bool skl_rows_running(const SklRequestCtx *ctx);

/* The body of the answer. */
struct MHD_Response *skl_rows_response(SklRequestCtx *ctx);

/* The client hung up while rows were fetched. */
void skl_rows_hang_up(SklRequestCtx *ctx);

/* The answer is over: its status, when it was not sent whole. */
void skl_rows_settle(SklRequestCtx *ctx);

/* True when the answer takes longer than any may. */
bool skl_rows_overdue(const SklRequestCtx *ctx, uint64_t now);

void skl_rows_free(SklRequestCtx *ctx);

#endif /* SKL_ROWS_H */
