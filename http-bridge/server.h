/*
 * server.h
 *		Event-loop threads, their TCP connections, and the hand-over between libmicrohttpd and
 *		PostgreSQL.
 */
#ifndef SKL_SERVER_H
#define SKL_SERVER_H

#include <pthread.h>

#include "bridge.h"
#include "config.h"
#include "context.h"
#include "jwt.h"
#include "pool.h"

/* First member of whatever epoll's data.ptr points at. */
typedef enum SklTag
{
	SKL_TAG_MHD,
	SKL_TAG_WAKE,
	SKL_TAG_PG,
	SKL_TAG_CONN,
	SKL_TAG_FEED /* of the live stream */
} SklTag;

/* What a TCP connection is doing; each has its own deadline. */
typedef enum SklConnPhase
{
	SKL_CONN_IDLE,	  /* no request yet, or between two */
	SKL_CONN_HEADERS, /* request line seen */
	SKL_CONN_BODY,
	SKL_CONN_PARKED, /* PostgreSQL works */
	SKL_CONN_SENDING,
	SKL_CONN_FETCHING, /* the client took all rows that were there */
	SKL_CONN_STREAMING
} SklConnPhase;

/* The last token of a connection, and what it says (auth.c). */
typedef struct SklSeenToken
{
	uint64_t epoch; /* of the keys that it was verified with */
	SklClaims claims;
	size_t length;
	char text[];
} SklSeenToken;

struct SklConn
{
	int tag;
	SklThread *thread;
	int fd;
	SklAddress peer;
	SklConn *next;
	SklConn *prev;
	SklConn *next_parked;
	SklConn *prev_parked;
	SklConnPhase phase;
	uint64_t since_us; /* when the phase began */
	uint64_t bytes;	   /* received in it */
	uint64_t acked;	   /* by the client's kernel when sending was first looked at */
	uint64_t requests;
	bool suspended; /* parked, and out of libmicrohttpd's sight */
	bool watched;	/* its hang-up is watched by our epoll */
	bool hung_up;
	bool cut;
	SklRequestCtx *ctx; /* of the request in hand */
	SklStream *stream;	/* that it became; its request has ended */
	SklSeenToken *seen; /* NULL: none yet */
};

typedef struct SklStreams SklStreams; /* stream.h */

struct SklThread
{
	int index;
	pthread_t pthread;
	const SklConfig *config;
	int listen_fd;
	int epoll_fd;
	int wake_fd;
	int mhd_tag;
	int wake_tag;
	struct MHD_Daemon *daemon;
	SklStreams *streams; /* NULL: not the loop of the live stream */
	SklPool pool;
	SklThreadStats stats;
	SklContextCache contexts;
	SklCatalogue *catalogue; /* the one new requests get */
	uint64_t catalogue_version;
	SklConn *conns;
	SklConn *parked_head; /* longest parked first */
	SklConn *parked_tail;
	int lingering; /* parked, but not suspended */
	int orphans;   /* jobs whose client is gone */
	uint64_t swept_us;
	uint64_t now_us; /* read a few times a turn: good enough for deadlines */
	bool quiesced;
	bool run_mhd;
};

#define SKL_SWEEP_US 250000

/* deadlines.c: cuts connections that stayed too long in their phase. */
void skl_deadlines_sweep(SklThread *thread, uint64_t now);

/* Our epoll looks at the connection's hang-up no more. */
void skl_server_unwatch(SklConn *conn);

/* True once skl_server_quiesce() was called: answers carry Connection: close. */
bool skl_server_quiescing(void);

/*
 * For dispatch.c: the request's job is done; its connection, if there is one still, gets the
 * answer.
 */
void skl_server_answered(SklRequestCtx *ctx);

#endif /* SKL_SERVER_H */
