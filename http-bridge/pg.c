/*
 * pg.c
 *		One connection to PostgreSQL in pipeline mode, never blocking.
 *
 * Everything between two Syncs is one implicit transaction: begin_request, the function, and the
 * refusal when the bridge found problems. A statement is prepared the first time a connection
 * needs it, between Syncs of its own, so that a failing request cannot take the preparation with
 * it. The answer counts only when the Sync came back: commit failures arrive there.
 *
 * A job of class export sends no Sync but a request to flush: its transaction stays open, and so
 * does the cursor that its function has opened. With each pause its owner says whether more rows
 * are fetched or the Sync is sent (rows.c).
 *
 * A connection that breaks gives its jobs back: those that are safe to repeat once more, the
 * others end as lost. It comes back with a backoff of 50 ms to 2 s with jitter.
 */
#include "pool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "reqid.h"
#include "server.h"

#define BEGIN_STATEMENT "b"
#define REFUSE_STATEMENT "p"
#define SKL_TEXT_OF(number) SKL_TEXT(number)
#define SKL_TEXT(token) #token
#define MAX_PREPARED 2000
#define MAX_COLLISIONS 2

static const char begin_sql[] =
	"SELECT skillancer.begin_request($1::uuid, $2::uuid, $3::text, $4::text, $5::text, "
	"$6::text, $7::integer, $8::boolean, $9::jsonb)";
static const char refuse_sql[] = "SELECT skillancer.refuse_problems()";
static const char fetch_sql[] = "FETCH " SKL_TEXT_OF(SKL_PAGE_ROWS) " FROM " SKL_CURSOR;

static const Oid no_types[SKL_MAX_ARGS + 3];

/* ---- the set of prepared statements ---- */

static bool
is_prepared(const SklPg *pg, uint64_t id)
{
	if (pg->prepared_size == 0)
		return false;
	for (uint64_t at = id;; at++)
	{
		uint64_t entry = pg->prepared[at & (uint64_t) (pg->prepared_size - 1)];

		if (entry == id || entry == 0)
			return entry == id;
	}
}

static void
insert_prepared(uint64_t *set, int size, uint64_t id)
{
	uint64_t at = id & (uint64_t) (size - 1);

	while (set[at] != 0)
		at = (at + 1) & (uint64_t) (size - 1);
	set[at] = id;
}

static void
note_prepared(SklPg *pg, uint64_t id)
{
	if (pg->prepared_count * 2 >= pg->prepared_size)
	{
		int size = pg->prepared_size == 0 ? 64 : pg->prepared_size * 2;
		uint64_t *set = calloc((size_t) size, sizeof(uint64_t));

		if (set == NULL)
			abort();
		for (int i = 0; i < pg->prepared_size; i++)
		{
			if (pg->prepared[i] != 0)
				insert_prepared(set, size, pg->prepared[i]);
		}
		free(pg->prepared);
		pg->prepared = set;
		pg->prepared_size = size;
	}
	insert_prepared(pg->prepared, pg->prepared_size, id);
	pg->prepared_count++;
}

/* Rebuilds the set without one statement; rare. */
static void
forget_prepared(SklPg *pg, uint64_t id)
{
	uint64_t *old = pg->prepared;
	int size = pg->prepared_size;

	pg->prepared = calloc((size_t) size, sizeof(uint64_t));
	if (pg->prepared == NULL)
		abort();
	pg->prepared_count = 0;
	for (int i = 0; i < size; i++)
	{
		if (old[i] != 0 && old[i] != id)
		{
			insert_prepared(pg->prepared, size, old[i]);
			pg->prepared_count++;
		}
	}
	free(old);
}

/* ---- life of a connection ---- */

static void
watch(SklPg *pg, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = pg};
	int fd = PQsocket(pg->conn);

	if (fd == pg->fd && events == pg->events)
		return;
	if (fd == pg->fd)
		epoll_ctl(pg->pool->epoll_fd, EPOLL_CTL_MOD, fd, &event);
	else if (epoll_ctl(pg->pool->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		epoll_ctl(pg->pool->epoll_fd, EPOLL_CTL_MOD, fd, &event);
	pg->fd = fd;
	pg->events = events;
}

void
skl_pg_close(SklPg *pg)
{
	if (pg->conn != NULL)
	{
		if (pg->fd >= 0)
			epoll_ctl(pg->pool->epoll_fd, EPOLL_CTL_DEL, pg->fd, NULL);
		PQfinish(pg->conn);
	}
	free(pg->prepared);
	pg->conn = NULL;
	pg->fd = -1;
	pg->events = 0;
	pg->prepared = NULL;
	pg->prepared_count = 0;
	pg->prepared_size = 0;
	pg->first = 0;
	pg->count = 0;
	pg->jobs = 0;
	pg->retiring = false;
	pg->state = SKL_PG_DOWN;
}

/* A connection that was lost is tried again at once; after that 50 ms doubling to 2 s. Each between
 * half and all of itself. */
static uint64_t
backoff_us(int failures)
{
	uint64_t full = failures == 0 ? 5000 : 25000ull << (failures > 7 ? 7 : failures);
	uint32_t noise;

	if (full > 2000000)
		full = 2000000;
	skl_random_bytes(&noise, sizeof(noise));
	return full / 2 + noise % (full / 2);
}

void
skl_pg_lose(SklPg *pg, SklJobOutcome outcome)
{
	SklJob *jobs[SKL_MAX_GROUPS];
	int count = 0;
	bool was_ready = pg->state == SKL_PG_READY;
	bool retired = was_ready && pg->retiring && pg->count == 0;

	for (int i = 0; i < pg->count; i++)
	{
		SklJob *job = pg->groups[(pg->first + i) % SKL_MAX_GROUPS].job;

		if (job != NULL)
			jobs[count++] = job;
	}
	if (!retired && pg->conn != NULL)
		skl_log(SKL_LOG_WARN, "pool_lost", "%s",
				PQstatus(pg->conn) == CONNECTION_BAD ? PQerrorMessage(pg->conn) : "gave up");
	skl_pg_close(pg);
	pg->retry_us = skl_now_us() + (retired ? 0 : backoff_us(pg->failures));
	if (!retired)
		pg->failures++;
	if (was_ready)
		atomic_fetch_add_explicit(&pg->pool->stats->pool_reconnects, 1, memory_order_relaxed);
	for (int i = count - 1; i >= 0; i--)
	{
		if (outcome == SKL_JOB_LOST && jobs[i]->repeatable && !jobs[i]->answering &&
			jobs[i]->losses++ == 0)
			skl_pool_again(pg->pool, jobs[i], 0);
		else
			skl_pool_finish(pg->pool, jobs[i], outcome);
	}
}

void
skl_pg_connect(SklPg *pg, uint64_t now)
{
	/*
	 * Options come first: those of the configured database win. Compiling a statement of a request
	 * takes longer than running it.
	 */
	const char *names[] = {"options", "dbname", "fallback_application_name", "client_encoding",
						   NULL};
	const char *values[] = {"-c jit=off", pg->pool->config->database, "skillancer-bridge", "UTF8",
							NULL};

	pg->tag = SKL_TAG_PG;
	pg->since_us = now;
	pg->conn = PQconnectStartParams(names, values, 1);
	if (pg->conn == NULL || PQstatus(pg->conn) == CONNECTION_BAD)
	{
		skl_pg_lose(pg, SKL_JOB_LOST);
		return;
	}
	pg->state = SKL_PG_CONNECTING;
	watch(pg, EPOLLOUT);
}

static void
push_group(SklPg *pg, SklJob *job, uint64_t statement)
{
	SklGroup *group = &pg->groups[(pg->first + pg->count) % SKL_MAX_GROUPS];

	group->job = job;
	group->statement = statement;
	group->command = 0;
	group->sent = 0;
	group->open = false;
	group->failed = false;
	pg->count++;
	pg->jobs += job != NULL;
}

/* Prepares a statement between Syncs of its own. */
static bool
prepare(SklPg *pg, const char *name, const char *sql, uint64_t id)
{
	if (!PQsendPrepare(pg->conn, name, sql, 0, no_types) || !PQpipelineSync(pg->conn))
		return false;
	push_group(pg, NULL, id);
	if (id != 0)
		note_prepared(pg, id);
	return true;
}

/* Sends what libpq still holds; asks epoll for more room when the socket is full. */
static bool
flush(SklPg *pg)
{
	int left = PQflush(pg->conn);

	if (left < 0)
		return false;
	watch(pg, left > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
	return true;
}

static bool
begin_starting(SklPg *pg)
{
	pg->state = SKL_PG_STARTING;
	if (PQsetnonblocking(pg->conn, 1) != 0 || !PQenterPipelineMode(pg->conn))
		return false;
	return prepare(pg, BEGIN_STATEMENT, begin_sql, 0) &&
		   prepare(pg, REFUSE_STATEMENT, refuse_sql, 0) && flush(pg);
}

static void
continue_connecting(SklPg *pg)
{
	switch (PQconnectPoll(pg->conn))
	{
		case PGRES_POLLING_READING:
			watch(pg, EPOLLIN);
			break;
		case PGRES_POLLING_WRITING:
			watch(pg, EPOLLOUT);
			break;
		case PGRES_POLLING_OK:
			if (!begin_starting(pg))
				skl_pg_lose(pg, SKL_JOB_LOST);
			break;
		default:
			skl_pg_lose(pg, SKL_JOB_LOST);
			break;
	}
}

/* ---- sending ---- */

bool
skl_pg_send(SklPg *pg, SklJob *job, uint64_t now)
{
	const SklRoute *route = job->route;
	uint64_t id = route->statement_id[job->variant];
	const char *name = route->statement[job->variant];

	if (pg->count == 0)
		pg->since_us = now;
	if (!is_prepared(pg, id) && !prepare(pg, name, route->sql[job->variant], id))
	{
		push_group(pg, job, id);
		return false;
	}
	push_group(pg, job, id);
	if (!PQsendQueryPrepared(pg->conn, BEGIN_STATEMENT, SKL_BEGIN_PARAMETERS, job->begin, NULL,
							 NULL, 0))
		return false;
	if (!PQsendQueryPrepared(pg->conn, name, job->nvalues, job->values, NULL, NULL, 0))
		return false;
	if (job->refuse && !PQsendQueryPrepared(pg->conn, REFUSE_STATEMENT, 0, NULL, NULL, NULL, 0))
		return false;
	if (job->route->class == SKL_EXPORT && !job->refuse)
	{
		SklGroup *group = &pg->groups[(pg->first + pg->count - 1) % SKL_MAX_GROUPS];

		group->open = true;
		group->sent = 2;
		return PQsendFlushRequest(pg->conn) && flush(pg);
	}
	return PQpipelineSync(pg->conn) && flush(pg);
}

bool
skl_pg_paused(const SklPg *pg)
{
	const SklGroup *group = &pg->groups[pg->first];

	return pg->count > 0 && group->open && group->command == group->sent;
}

bool
skl_pg_fetch(SklPg *pg)
{
	pg->since_us = skl_now_us();
	pg->groups[pg->first].sent++;
	return PQsendQueryParams(pg->conn, fetch_sql, 0, NULL, NULL, NULL, NULL, 0) &&
		   PQsendFlushRequest(pg->conn) && flush(pg);
}

bool
skl_pg_end(SklPg *pg)
{
	pg->since_us = skl_now_us();
	pg->groups[pg->first].open = false;
	return PQpipelineSync(pg->conn) && flush(pg);
}

/* ---- results ---- */

static bool
is_state(const char *sqlstate, const char *wanted)
{
	return strcmp(sqlstate, wanted) == 0;
}

/* True when the job goes round once more instead of being answered. */
static bool
try_again(SklPg *pg, SklJob *job)
{
	const char *sqlstate = PQresultErrorField(job->failure, PG_DIAG_SQLSTATE);

	if (sqlstate == NULL || job->answering)
		return false;
	if ((is_state(sqlstate, "40001") || is_state(sqlstate, "40P01")) &&
		job->collisions < MAX_COLLISIONS)
	{
		uint32_t noise;

		skl_random_bytes(&noise, sizeof(noise));
		job->collisions++;
		skl_pool_again(pg->pool, job, 2000u * (uint64_t) job->collisions + noise % 20000);
		return true;
	}
	if ((is_state(sqlstate, "26000") || is_state(sqlstate, "0A000")) && job->repreparations++ == 0)
	{
		pg->retiring = true;
		skl_pool_again(pg->pool, job, 0);
		return true;
	}
	return false;
}

/* A Sync came back: the transaction of the oldest group is over. */
static void
finish_group(SklPg *pg)
{
	SklGroup group = pg->groups[pg->first];

	pg->first = (pg->first + 1) % SKL_MAX_GROUPS;
	pg->count--;
	pg->since_us = skl_now_us();
	if (pg->count == 0 && PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
	{
		skl_log(SKL_LOG_ERROR, "pool_not_idle", "a connection was left inside a transaction");
		pg->retiring = true;
	}
	if (pg->prepared_count > MAX_PREPARED)
		pg->retiring = true;
	if (group.job == NULL)
		return;
	pg->jobs--;
	group.job->ctx->db_us += pg->since_us - group.job->sent_us;
	if (group.job->failure == NULL || !try_again(pg, group.job))
		skl_pool_finish(pg->pool, group.job, SKL_JOB_ANSWERED);
}

/* A statement cannot be prepared: its function is gone or has another signature. The jobs behind it
 * fail without disturbing anybody else. */
static void
note_unprepared(SklPg *pg, SklGroup *group, const PGresult *result)
{
	skl_log(SKL_LOG_ERROR, "prepare_failed", "%s", PQresultErrorMessage(result));
	group->failed = true;
	skl_catalogue_reload();
	if (pg->state != SKL_PG_READY)
	{
		pg->retiring = true;
		return;
	}
	forget_prepared(pg, group->statement);
	for (int i = 0; i < pg->count; i++)
	{
		SklGroup *other = &pg->groups[(pg->first + i) % SKL_MAX_GROUPS];

		if (other->job != NULL && other->statement == group->statement)
			other->job->repreparations = 1;
	}
}

static void
note_failure(SklPg *pg, SklGroup *group, PGresult *result)
{
	if (group->job != NULL && group->job->failure == NULL)
	{
		group->job->failure = result;
		return;
	}
	if (group->job == NULL && !group->failed)
		note_unprepared(pg, group, result);
	PQclear(result);
}

/* Takes one result; false when the connection is gone. */
static bool
take_result(SklPg *pg, PGresult *result)
{
	SklGroup *group = &pg->groups[pg->first];

	switch (PQresultStatus(result))
	{
		case PGRES_PIPELINE_SYNC:
			PQclear(result);
			finish_group(pg);
			break;
		case PGRES_TUPLES_OK:
		case PGRES_COMMAND_OK:
			if (group->job != NULL && group->command == 1 && group->job->result == NULL)
				group->job->result = result;
			else if (group->job != NULL && group->command > 1 && group->job->page == NULL)
				group->job->page = result;
			else
				PQclear(result);
			break;
		case PGRES_PIPELINE_ABORTED:
			PQclear(result);
			break;
		default:
			if (PQstatus(pg->conn) == CONNECTION_BAD)
			{
				PQclear(result);
				return false;
			}
			note_failure(pg, group, result);
			break;
	}
	return true;
}

static bool
read_results(SklPg *pg)
{
	while (pg->count > 0 && !skl_pg_paused(pg) && !PQisBusy(pg->conn))
	{
		PGresult *result = PQgetResult(pg->conn);

		if (result != NULL)
		{
			if (!take_result(pg, result))
				return false;
		}
		else if (PQstatus(pg->conn) == CONNECTION_BAD)
			return false;
		else
		{
			pg->groups[pg->first].command++;
			if (skl_pg_paused(pg) && !pg->pool->paused(pg->groups[pg->first].job))
				return false;
		}
	}
	return PQstatus(pg->conn) == CONNECTION_OK;
}

/* All preparations of the start are through. */
static void
finish_starting(SklPg *pg)
{
	if (pg->retiring)
	{
		skl_pg_lose(pg, SKL_JOB_LOST);
		return;
	}
	pg->state = SKL_PG_READY;
	pg->failures = 0;
}

void
skl_pg_event(SklPg *pg, uint32_t events)
{
	if (pg->state == SKL_PG_DOWN)
		return;
	if (pg->state == SKL_PG_CONNECTING)
	{
		continue_connecting(pg);
		return;
	}
	if (((events & EPOLLOUT) != 0 && !flush(pg)) || !PQconsumeInput(pg->conn) || !read_results(pg))
	{
		skl_pg_lose(pg, SKL_JOB_LOST);
		return;
	}
	if (pg->state == SKL_PG_STARTING && pg->count == 0)
		finish_starting(pg);
}
