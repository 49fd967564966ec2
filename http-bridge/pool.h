/*
 * pool.h
 *		One event-loop thread's connections to PostgreSQL and the jobs that wait for them.
 */
#ifndef SKL_POOL_H
#define SKL_POOL_H

#include <libpq-fe.h>

#include "bridge.h"
#include "config.h"

/* Parameters of skillancer.begin_request(). */
#define SKL_BEGIN_PARAMETERS 9

typedef enum SklJobState
{
	SKL_JOB_IDLE,
	SKL_JOB_QUEUED,
	SKL_JOB_DELAYED, /* collided; waits a moment before it is queued again */
	SKL_JOB_SENT,
	SKL_JOB_DONE
} SklJobState;

/* How a job ended, beside result and failure. */
typedef enum SklJobOutcome
{
	SKL_JOB_ANSWERED,	/* result or failure holds what PostgreSQL said */
	SKL_JOB_REFUSED,	/* queue full, waited too long, or no connection */
	SKL_JOB_LOST,		/* the connection broke while it ran */
	SKL_JOB_UNANSWERED, /* PostgreSQL did not answer in time */
	SKL_JOB_GONE		/* the client went away */
} SklJobOutcome;

/* One request's work: begin_request, the function, and when problems were found the refusal. */
struct SklJob
{
	SklRequestCtx *ctx;
	const SklRoute *route;
	int variant; /* index into route->sql */
	int nvalues;
	const char **values;
	const char *begin[SKL_BEGIN_PARAMETERS];
	bool refuse;	 /* problems were found: the third statement raises them */
	bool repeatable; /* safe to send again after a lost connection */
	bool answering;	 /* its answer has begun: never sent again */

	SklJobState state;
	SklJobOutcome outcome;
	bool gone;
	PGresult *result;  /* of the function; the owner clears it */
	PGresult *failure; /* the first error; the owner clears it */
	PGresult *page;	   /* rows that were fetched; whoever is told of the pause takes them */

	/* private to the pool */
	SklJob *next;
	SklJob *prev;
	struct SklPg *pg;
	uint64_t queued_us;
	uint64_t sent_us;
	uint64_t not_before_us;
	int losses;
	int collisions;
	int repreparations;
};

typedef struct SklJobList
{
	SklJob *head;
	SklJob *tail;
	int count;
} SklJobList;

/* What a function that answers with rows calls its cursor, and how many are fetched at once. */
#define SKL_CURSOR "skl_rows"
#define SKL_PAGE_ROWS 250

#define SKL_MAX_GROUPS 20 /* in flight on one connection: 8 jobs, each with a prepare before it */

/* What lies between two Syncs on a connection. */
typedef struct SklGroup
{
	SklJob *job; /* NULL: it prepares a statement */
	uint64_t statement;
	int command; /* results of this command come next */
	int sent;	 /* commands; counted while the transaction is open */
	bool open;	 /* no Sync was sent: the job decides how it goes on */
	bool failed;
} SklGroup;

typedef enum SklPgState
{
	SKL_PG_DOWN,	   /* waits until retry_us */
	SKL_PG_CONNECTING, /* PQconnectPoll */
	SKL_PG_STARTING,   /* prepares what every request needs */
	SKL_PG_READY
} SklPgState;

/* One connection. */
typedef struct SklPg
{
	int tag; /* SKL_TAG_PG: what epoll hands back */
	struct SklPool *pool;
	SklClass class;
	int depth;
	SklPgState state;
	PGconn *conn;
	int fd;
	uint32_t events;
	SklGroup groups[SKL_MAX_GROUPS];
	int first;
	int count;
	int jobs;	   /* groups with a job */
	bool retiring; /* takes no more jobs; reconnects when empty */
	_Atomic int cancelling;
	int failures; /* in a row */
	uint64_t retry_us;
	uint64_t since_us;	/* state or head of the queue changed */
	uint64_t *prepared; /* open addressing by statement id */
	int prepared_count;
	int prepared_size;
} SklPg;

typedef struct SklPool
{
	int epoll_fd;
	int wake_fd; /* the canceller rings here */
	const SklConfig *config;
	SklThreadStats *stats;
	void (*done)(SklJob *job);
	bool (*paused)(SklJob *job);
	SklJobList queue[SKL_CLASS_COUNT];
	SklJobList delayed;
	int npgs;
	SklPg *pgs;
} SklPool;

/*
 * pool.c
 *
 * paused() is called when everything that an export has sent is answered and its transaction is
 * open: it goes on with skl_pg_fetch() or skl_pg_end(), at once or later, and returns what they
 * returned; false gives the connection up.
 */
void skl_pool_start(SklPool *pool, const SklConfig *config, int epoll_fd, int wake_fd,
					SklThreadStats *stats, void (*done)(SklJob *job), bool (*paused)(SklJob *job));
void skl_pool_stop(SklPool *pool);

/* Queues a job. False: refused, done() is not called. */
bool skl_pool_submit(SklPool *pool, SklJob *job);

/* The client is gone: the job is dropped or cancelled; done() follows, perhaps at once. */
void skl_pool_abandon(SklPool *pool, SklJob *job);

/* Connects, sends what is queued, applies time limits. Call once a turn of the loop. */
void skl_pool_pump(SklPool *pool, uint64_t now);

/* Milliseconds until skl_pool_pump() has something to do by itself. */
int skl_pool_timeout(const SklPool *pool, uint64_t now);

/* True when some connection of the class can take work. */
bool skl_pool_usable(const SklPool *pool, SklClass class);

/* For pg.c: a job has its answer, or its connection broke. */
void skl_pool_finish(SklPool *pool, SklJob *job, SklJobOutcome outcome);
void skl_pool_again(SklPool *pool, SklJob *job, uint64_t delay_us);

/* pg.c */
void skl_pg_connect(SklPg *pg, uint64_t now);
void skl_pg_event(SklPg *pg, uint32_t events);
bool skl_pg_send(SklPg *pg, SklJob *job, uint64_t now);
void skl_pg_lose(SklPg *pg, SklJobOutcome outcome);

/* True while a job of class export waits for its owner with everything answered. */
bool skl_pg_paused(const SklPg *pg);

/* Fetches so many more rows of the cursor SKL_CURSOR for the job that is paused. */
bool skl_pg_fetch(SklPg *pg);

/* Ends the transaction of the job that is paused; done() follows. */
bool skl_pg_end(SklPg *pg);
void skl_pg_close(SklPg *pg);

/* cancel.c: sends cancel requests from a thread of its own, since libpq 15 has only a blocking
 * call. */
bool skl_cancel_start(void);
void skl_cancel_stop(void);
void skl_cancel_request(SklPg *pg);

#endif /* SKL_POOL_H */
