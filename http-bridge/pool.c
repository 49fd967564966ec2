/*
 * pool.c
 *		One thread's queues of jobs and which connection takes the next one.
 *
 * A job waits in the queue of its class, bounded in length and in time, until a connection of that
 * class has room: fast connections hold up to eight jobs at once, the others a single job, so that
 * a long statement delays nobody and a cancel hits nobody else. Those of exports, which take as
 * long as their readers, are opened when the first one comes. What cannot be served soon is
 * refused at once: a client that is told to come back in a second is better off than one in a
 * queue without end.
 */
#include "pool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(word) atomic_fetch_add_explicit(&(word), 1, memory_order_relaxed)
#define SET(word, value) atomic_store_explicit(&(word), (uint64_t) (value), memory_order_relaxed)

static void
push_back(SklJobList *list, SklJob *job)
{
	job->next = NULL;
	job->prev = list->tail;
	if (list->tail != NULL)
		list->tail->next = job;
	else
		list->head = job;
	list->tail = job;
	list->count++;
}

static void
push_front(SklJobList *list, SklJob *job)
{
	job->prev = NULL;
	job->next = list->head;
	if (list->head != NULL)
		list->head->prev = job;
	else
		list->tail = job;
	list->head = job;
	list->count++;
}

static void
unlink_job(SklJobList *list, SklJob *job)
{
	if (job->prev != NULL)
		job->prev->next = job->next;
	else
		list->head = job->next;
	if (job->next != NULL)
		job->next->prev = job->prev;
	else
		list->tail = job->prev;
	job->next = NULL;
	job->prev = NULL;
	list->count--;
}

/* Fast ones first, then slow ones, then those of exports. */
static SklClass
class_of(const SklConfig *config, int number)
{
	if (number < config->fast_connections)
		return SKL_FAST;
	return number < config->fast_connections + config->slow_connections ? SKL_SLOW : SKL_EXPORT;
}

void
skl_pool_start(SklPool *pool, const SklConfig *config, int epoll_fd, int wake_fd,
			   SklThreadStats *stats, void (*done)(SklJob *job), bool (*paused)(SklJob *job))
{
	memset(pool, 0, sizeof(*pool));
	pool->config = config;
	pool->epoll_fd = epoll_fd;
	pool->wake_fd = wake_fd;
	pool->stats = stats;
	pool->done = done;
	pool->paused = paused;
	pool->npgs = config->fast_connections + config->slow_connections + config->export_connections;
	pool->pgs = calloc((size_t) pool->npgs, sizeof(SklPg));
	if (pool->pgs == NULL)
		abort();
	for (int i = 0; i < pool->npgs; i++)
	{
		SklPg *pg = &pool->pgs[i];

		pg->pool = pool;
		pg->fd = -1;
		pg->class = class_of(config, i);
		pg->depth = pg->class == SKL_FAST ? config->fast_depth : 1;
		pg->state = SKL_PG_DOWN;
	}
}

void
skl_pool_stop(SklPool *pool)
{
	for (int i = 0; i < pool->npgs; i++)
		skl_pg_close(&pool->pgs[i]);
	free(pool->pgs);
	pool->pgs = NULL;
	pool->npgs = 0;
}

bool
skl_pool_usable(const SklPool *pool, SklClass class)
{
	for (int i = 0; i < pool->npgs; i++)
	{
		if (pool->pgs[i].class == class && pool->pgs[i].state == SKL_PG_READY)
			return true;
	}
	return false;
}

/* True when waiting is pointless: every connection of the class failed to come up. Having been lost
 * counts as the first failure, and is no reason to give up. */
static bool
is_down(const SklPool *pool, SklClass class)
{
	for (int i = 0; i < pool->npgs; i++)
	{
		const SklPg *pg = &pool->pgs[i];

		if (pg->class == class && (pg->state == SKL_PG_READY || pg->failures < 2))
			return false;
	}
	return true;
}

bool
skl_pool_submit(SklPool *pool, SklJob *job)
{
	SklClass class = job->route->class;

	if (pool->queue[class].count >= skl_config()->queue_size || is_down(pool, class))
	{
		COUNT(pool->stats->pool_refused[class]);
		return false;
	}
	job->queued_us = skl_now_us();
	job->state = SKL_JOB_QUEUED;
	push_back(&pool->queue[class], job);
	return true;
}

void
skl_pool_finish(SklPool *pool, SklJob *job, SklJobOutcome outcome)
{
	job->state = SKL_JOB_DONE;
	job->outcome = job->gone ? SKL_JOB_GONE : outcome;
	job->pg = NULL;
	pool->done(job);
}

void
skl_pool_again(SklPool *pool, SklJob *job, uint64_t delay_us)
{
	COUNT(pool->stats->pool_retries);
	PQclear(job->result);
	PQclear(job->failure);
	PQclear(job->page);
	job->result = NULL;
	job->failure = NULL;
	job->page = NULL;
	job->pg = NULL;
	job->ctx->retries++;
	job->queued_us = skl_now_us();
	job->not_before_us = job->queued_us + delay_us;
	if (job->gone)
		skl_pool_finish(pool, job, SKL_JOB_GONE);
	else if (delay_us > 0)
	{
		job->state = SKL_JOB_DELAYED;
		push_back(&pool->delayed, job);
	}
	else
	{
		job->state = SKL_JOB_QUEUED;
		push_front(&pool->queue[job->route->class], job);
	}
}

void
skl_pool_abandon(SklPool *pool, SklJob *job)
{
	job->gone = true;
	COUNT(pool->stats->cancelled);
	switch (job->state)
	{
		case SKL_JOB_QUEUED:
			unlink_job(&pool->queue[job->route->class], job);
			skl_pool_finish(pool, job, SKL_JOB_GONE);
			break;
		case SKL_JOB_DELAYED:
			unlink_job(&pool->delayed, job);
			skl_pool_finish(pool, job, SKL_JOB_GONE);
			break;
		case SKL_JOB_SENT:
			if (skl_pg_paused(job->pg))
			{
				if (!skl_pg_end(job->pg))
					skl_pg_lose(job->pg, SKL_JOB_LOST);
			}
			else if (job->pg->jobs == 1)
				skl_cancel_request(job->pg);
			break;
		case SKL_JOB_IDLE:
		case SKL_JOB_DONE:
			break;
	}
}

/* The connection with most room for the class, NULL when all are full. */
static SklPg *
choose(SklPool *pool, SklClass class)
{
	SklPg *best = NULL;

	for (int i = 0; i < pool->npgs; i++)
	{
		SklPg *pg = &pool->pgs[i];

		if (pg->class != class || pg->state != SKL_PG_READY || pg->retiring ||
			pg->jobs >= pg->depth || pg->cancelling)
			continue;
		if (best == NULL || pg->jobs < best->jobs)
			best = pg;
	}
	return best;
}

static void
send_queued(SklPool *pool, SklClass class, uint64_t now)
{
	SklJobList *queue = &pool->queue[class];

	while (queue->head != NULL)
	{
		SklPg *pg = choose(pool, class);
		SklJob *job = queue->head;

		if (pg == NULL)
			return;
		unlink_job(queue, job);
		job->ctx->queue_us += now - job->queued_us;
		job->state = SKL_JOB_SENT;
		job->sent_us = now;
		job->pg = pg;
		if (!skl_pg_send(pg, job, now))
			skl_pg_lose(pg, SKL_JOB_LOST);
	}
}

static void
refuse_late(SklPool *pool, SklClass class, uint64_t now)
{
	SklJobList *queue = &pool->queue[class];
	const SklConfig *config = skl_config();
	int wait_ms = class == SKL_FAST ? config->fast_wait_ms : config->slow_wait_ms;

	while (queue->head != NULL && now > queue->head->queued_us + (uint64_t) wait_ms * 1000)
	{
		SklJob *job = queue->head;

		unlink_job(queue, job);
		job->ctx->queue_us += now - job->queued_us;
		COUNT(pool->stats->pool_refused[class]);
		skl_pool_finish(pool, job, job->losses > 0 ? SKL_JOB_LOST : SKL_JOB_REFUSED);
	}
}

static void
release_delayed(SklPool *pool, uint64_t now)
{
	SklJob *job = pool->delayed.head;

	while (job != NULL)
	{
		SklJob *next = job->next;

		if (now >= job->not_before_us)
		{
			unlink_job(&pool->delayed, job);
			job->state = SKL_JOB_QUEUED;
			job->queued_us = now;
			push_back(&pool->queue[job->route->class], job);
		}
		job = next;
	}
}

/* Exports are rare: their connections come up when one waits. */
static bool
is_wanted(const SklPg *pg)
{
	return pg->class != SKL_EXPORT || pg->pool->queue[SKL_EXPORT].head != NULL;
}

/* Connects what is due; gives up on what does not answer. statement_timeout works inside
 * PostgreSQL; the margin here is for a server that stopped answering altogether. */
static void
tend(SklPg *pg, uint64_t now)
{
	const uint64_t connect_us = 5000000;
	const uint64_t margin_us = 3000000;

	if (pg->state == SKL_PG_DOWN && is_wanted(pg) && now >= pg->retry_us)
		skl_pg_connect(pg, now);
	else if (pg->state != SKL_PG_READY && pg->state != SKL_PG_DOWN &&
			 now > pg->since_us + connect_us)
		skl_pg_lose(pg, SKL_JOB_LOST);
	else if (pg->state == SKL_PG_READY && pg->count > 0 && !skl_pg_paused(pg))
	{
		const SklJob *job = pg->groups[pg->first].job;
		uint64_t limit_us = job == NULL ? 10000000 : (uint64_t) job->route->timeout_ms * 1000;

		if (now > pg->since_us + limit_us + margin_us)
		{
			skl_log(SKL_LOG_WARN, "pool_unanswered", "a statement got no answer; reconnecting");
			skl_pg_lose(pg, SKL_JOB_UNANSWERED);
		}
	}
	else if (pg->state == SKL_PG_READY && pg->retiring && pg->count == 0 && !pg->cancelling)
		skl_pg_lose(pg, SKL_JOB_LOST);
}

static void
publish(SklPool *pool)
{
	for (int class = 0; class < SKL_CLASS_COUNT; class ++)
	{
		int usable = 0;
		int busy = 0;
		const SklJob *head = pool->queue[class].head;

		for (int i = 0; i < pool->npgs; i++)
		{
			if ((int) pool->pgs[i].class != class)
				continue;
			usable += pool->pgs[i].state == SKL_PG_READY;
			busy += pool->pgs[i].jobs;
		}
		SET(pool->stats->pool_size[class], usable);
		SET(pool->stats->pool_busy[class], busy);
		SET(pool->stats->pool_queued[class], pool->queue[class].count);
		SET(pool->stats->pool_oldest_us[class], head == NULL ? 0 : head->queued_us);
	}
}

void
skl_pool_pump(SklPool *pool, uint64_t now)
{
	for (int i = 0; i < pool->npgs; i++)
		tend(&pool->pgs[i], now);
	if (pool->delayed.head != NULL)
		release_delayed(pool, now);
	for (int class = 0; class < SKL_CLASS_COUNT; class ++)
	{
		send_queued(pool, (SklClass) class, now);
		refuse_late(pool, (SklClass) class, now);
	}
	publish(pool);
}

int
skl_pool_timeout(const SklPool *pool, uint64_t now)
{
	uint64_t soonest = now + 1000000;

	if (pool->delayed.head != NULL)
		return 2;
	for (int class = 0; class < SKL_CLASS_COUNT; class ++)
	{
		if (pool->queue[class].head != NULL)
			return 20;
	}
	for (int i = 0; i < pool->npgs; i++)
	{
		const SklPg *pg = &pool->pgs[i];

		if (pg->state == SKL_PG_DOWN && is_wanted(pg) && pg->retry_us < soonest)
			soonest = pg->retry_us;
	}
	return soonest <= now ? 0 : (int) ((soonest - now) / 1000 + 1);
}
