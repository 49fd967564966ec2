/*
 * cancel.c
 *		Cancel requests for clients that went away.
 *
 * libpq 15 cancels with a blocking connection of its own, so one thread does it for all event
 * loops. A connection takes no other job until its cancel request has been delivered: a late one
 * would hit the next client's statement.
 */
#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct Request
{
	struct Request *next;
	PGcancel *cancel;
	SklPg *pg;
	int wake_fd;
} Request;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ring = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static Request *first;
static bool stopping;

static void
deliver(Request *request)
{
	char complaint[256];
	uint64_t one = 1;

	if (PQcancel(request->cancel, complaint, sizeof(complaint)) == 0)
		skl_log(SKL_LOG_WARN, "cancel_failed", "%s", complaint);
	PQfreeCancel(request->cancel);
	atomic_store(&request->pg->cancelling, 0);
	if (write(request->wake_fd, &one, sizeof(one)) < 0)
		skl_log(SKL_LOG_WARN, "cancel_wake", "the event loop could not be woken");
	free(request);
}

static void *
work(void *arg)
{
	pthread_mutex_lock(&lock);
	while (!stopping)
	{
		Request *request = first;

		if (request == NULL)
		{
			pthread_cond_wait(&ring, &lock);
			continue;
		}
		first = request->next;
		pthread_mutex_unlock(&lock);
		deliver(request);
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
	return arg;
}

bool
skl_cancel_start(void)
{
	return pthread_create(&thread, NULL, work, NULL) == 0;
}

void
skl_cancel_stop(void)
{
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&ring);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
}

void
skl_cancel_request(SklPg *pg)
{
	Request *request;

	if (atomic_exchange(&pg->cancelling, 1) != 0)
		return;
	request = calloc(1, sizeof(*request));
	if (request == NULL)
		abort();
	request->cancel = PQgetCancel(pg->conn);
	request->pg = pg;
	request->wake_fd = pg->pool->wake_fd;
	pthread_mutex_lock(&lock);
	request->next = first;
	first = request;
	pthread_cond_signal(&ring);
	pthread_mutex_unlock(&lock);
}
