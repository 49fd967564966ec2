/*
 * stream.h
 *		The live stream: GET /v1/stream as Server-Sent Events, on an event loop of its own.
 *
 * Its loop is one like the others (server.c), with a daemon on another port, because resuming a
 * connection costs libmicrohttpd a walk over all suspended ones. A request for the stream passes
 * admission like any other and is put to the database; the answer of skillancer_api.stream_open()
 * is the first piece of the stream and says behind which position it ends (header skl-stream). From
 * there the loop goes on with what the feed brings (stream_feed.c). An answer without that header
 * is complete: its client comes back for the rest.
 */
#ifndef SKL_STREAM_H
#define SKL_STREAM_H

#include "bridge.h"
#include "server.h"

#define SKL_STREAM_PATH "/v1/stream"
#define SKL_STREAM_COOKIE "skl_stream"

/* What the live stream did since the start; written by its loop. */
typedef struct SklStreamStats
{
	_Atomic uint64_t clients;	 /* open streams */
	_Atomic uint64_t delivered;	 /* entries given to a stream */
	_Atomic uint64_t dropped;	 /* streams cut for reading too slowly */
	_Atomic uint64_t current_us; /* skl_now_us() when the feed last had read everything, 0: never */
} SklStreamStats;

const SklStreamStats *skl_stream_stats(void);

/* Sends a request for the stream to the loop that has it, and refuses others there; true: go on. */
bool skl_stream_place(SklRequestCtx *ctx);

/* The streams of a loop; it owns them. */
SklStreams *skl_streams_start(SklThread *thread);
void skl_streams_stop(SklStreams *streams);

/* Makes a decided answer of stream_open() a stream: ctx->stream, NULL when it is complete as it is.
 * Too many streams of one user are refused with 429. */
void skl_stream_begin(SklRequestCtx *ctx);

/* The body of the answer; the stream ends with it. */
struct MHD_Response *skl_stream_response(SklStream *stream);

/* The client of a stream hung up. */
void skl_stream_hang_up(SklStream *stream);

/* Once a turn of the loop: heartbeats, expired tokens, the feed's timers. */
void skl_streams_turn(SklStreams *streams, uint64_t now);

/* Ends all streams; their clients are told to come back within a random few seconds. */
void skl_streams_end(SklStreams *streams);

#endif /* SKL_STREAM_H */
