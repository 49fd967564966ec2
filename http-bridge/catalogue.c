/*
 * catalogue.c
 *		The thread that loads the routes and listens for their changes.
 *
 * It has a connection of its own and may block. A new catalogue is built aside and put in the place
 * of the old one under a lock that event loops take only when the version number has moved; the
 * old one is freed when its last request ends. A catalogue that cannot be built changes nothing
 * but a counter.
 */
#include "catalogue.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "config.h"

#define CHECK_MS 30000 /* a connection that died silently is noticed by then */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t thread;
static SklCatalogue *current;
static _Atomic uint64_t current_version;
static atomic_bool stopping;
static int wake_fd = -1;

void
skl_catalogue_refresh(SklCatalogue **catalogue, uint64_t *version)
{
	SklCatalogue *old = *catalogue;

	if (atomic_load_explicit(&current_version, memory_order_acquire) == *version)
		return;
	pthread_mutex_lock(&lock);
	*version = atomic_load(&current_version);
	/* none while stopping: a loop that ends keeps the one that it has */
	if (current != NULL)
	{
		*catalogue = current;
		skl_catalogue_hold(current);
	}
	else
		old = NULL;
	pthread_mutex_unlock(&lock);
	if (old != NULL)
		skl_catalogue_release(old);
}

SklCatalogue *
skl_catalogue_current(void)
{
	SklCatalogue *catalogue;

	pthread_mutex_lock(&lock);
	catalogue = current;
	if (catalogue != NULL)
		skl_catalogue_hold(catalogue);
	pthread_mutex_unlock(&lock);
	return catalogue;
}

static void
put_in_force(SklCatalogue *catalogue)
{
	SklCatalogue *old;

	pthread_mutex_lock(&lock);
	old = current;
	current = catalogue;
	atomic_fetch_add(&current_version, 1);
	pthread_mutex_unlock(&lock);
	if (old != NULL)
		skl_catalogue_release(old);
}

static void
count_reload(bool good)
{
	SklThreadStats *stats = skl_server_threads() > 0 ? skl_server_stats(0) : NULL;

	if (stats != NULL)
		atomic_fetch_add(good ? &stats->route_reloads : &stats->route_reload_failures, 1);
}

/* True when the text is another one than that in force, built and put in its place. */
static void
take_catalogue(const char *text)
{
	char *complaint = NULL;
	SklCatalogue *catalogue;

	if (current != NULL && strcmp(current->source, text) == 0)
		return;
	catalogue = skl_catalogue_build(text, &complaint);
	count_reload(catalogue != NULL);
	if (catalogue == NULL)
		skl_log(SKL_LOG_ERROR, "routes_refused", "the old routes stay: %s", complaint);
	else
	{
		skl_log(SKL_LOG_INFO, "routes_loaded", "%d routes", catalogue->nroutes);
		put_in_force(catalogue);
		/* reading and describing the routes took several times the memory that they keep */
		malloc_trim(0);
	}
	free(complaint);
}

static bool
load(PGconn *conn)
{
	PGresult *result = PQexec(conn, "SELECT skillancer.route_catalogue()");
	bool good = PQresultStatus(result) == PGRES_TUPLES_OK && !PQgetisnull(result, 0, 0);

	if (good)
		take_catalogue(PQgetvalue(result, 0, 0));
	else
		skl_log(SKL_LOG_WARN, "routes_unavailable", "%s", PQresultErrorMessage(result));
	PQclear(result);
	return good;
}

static bool
listen_for_changes(PGconn *conn)
{
	PGresult *result = PQexec(conn, "LISTEN skillancer_routes");
	bool good = PQresultStatus(result) == PGRES_COMMAND_OK;

	PQclear(result);
	return good;
}

/* Waits for the database, for SIGHUP's ring, or for a while; false: stop. */
static bool
wait_for(int fd, int timeout_ms)
{
	struct pollfd fds[2] = {{.fd = wake_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	uint64_t count;

	if (poll(fds, fd < 0 ? 1 : 2, timeout_ms) > 0 && (fds[0].revents & POLLIN) != 0 &&
		read(wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		skl_log(SKL_LOG_WARN, "wake", "%s", strerror(errno));
	return !atomic_load(&stopping);
}

/* Takes the notices that have arrived; whether there was one. */
static bool
heard(PGconn *conn)
{
	bool any = false;
	PGnotify *notify;

	while ((notify = PQnotifies(conn)) != NULL)
	{
		PQfreemem(notify);
		any = true;
	}
	return any;
}

/* Loads at every change until the connection breaks. A notice of a change that the load did not see
 * may come with the load's own answer: then the socket stays silent, so ask before waiting. */
static void
follow(PGconn *conn)
{
	bool loaded = listen_for_changes(conn) && load(conn);

	while (PQstatus(conn) == CONNECTION_OK &&
		   (heard(conn) || wait_for(PQsocket(conn), loaded ? CHECK_MS : 1000)))
	{
		if (!PQconsumeInput(conn))
			return;
		heard(conn);
		loaded = load(conn);
	}
}

static void *
work(void *arg)
{
	int pause_ms = 100;

	while (!atomic_load(&stopping))
	{
		const char *names[] = {"dbname", "fallback_application_name", "client_encoding",
							   "connect_timeout", NULL};
		const char *values[] = {skl_config()->database, "skillancer-bridge routes", "UTF8", "5",
								NULL};
		PGconn *conn = PQconnectdbParams(names, values, 1);

		if (PQstatus(conn) == CONNECTION_OK)
		{
			pause_ms = 100;
			follow(conn);
		}
		PQfinish(conn);
		if (!wait_for(-1, pause_ms))
			break;
		pause_ms = pause_ms * 2 > 2000 ? 2000 : pause_ms * 2;
	}
	return arg;
}

bool
skl_catalogue_start(void)
{
	wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return wake_fd >= 0 && pthread_create(&thread, NULL, work, NULL) == 0;
}

void
skl_catalogue_reload(void)
{
	uint64_t one = 1;

	if (write(wake_fd, &one, sizeof(one)) < 0)
		skl_log(SKL_LOG_WARN, "wake", "%s", strerror(errno));
}

void
skl_catalogue_stop(void)
{
	atomic_store(&stopping, true);
	skl_catalogue_reload();
	pthread_join(thread, NULL);
	pthread_mutex_lock(&lock);
	if (current != NULL)
		skl_catalogue_release(current);
	current = NULL;
	pthread_mutex_unlock(&lock);
}

const char *
skl_server_openapi(SklRequestCtx *ctx, size_t *length)
{
	SklCatalogue *catalogue = skl_catalogue_current();
	const char *text = NULL;

	if (catalogue == NULL)
		return NULL;
	if (catalogue->openapi != NULL)
	{
		text = skl_strndup(ctx, catalogue->openapi, catalogue->openapi_length);
		*length = catalogue->openapi_length;
	}
	skl_catalogue_release(catalogue);
	return text;
}
