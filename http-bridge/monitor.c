/*
 * monitor.c
 *		What the bridge knows about the database besides requests: role, schema, figures.
 *
 * One thread with one connection of its own asks every five seconds, in one statement: is the
 * schema current, and what are the figures of workers, queues and ledger. Probes and scrapes read
 * the last answer, so they never take a place in the pool and never wait. The first connection
 * also repeats the check of the role, for a bridge that was started before its database.
 */
#include "monitor.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "config.h"

#define PERIOD_S 5

static const char query[] = "select m.name, m.type, m.help, m.labels, m.value"
							" from skillancer.metrics() m order by m.name, m.labels";

/* The name under which metrics() tells whether the schema is current. */
static const char schema_metric[] = "skillancer_schema_current";
/* And whether each background worker runs. */
static const char worker_metric[] = "skillancer_worker_up";

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake;
static bool running;
static bool stopping;
static PGresult *latest; /* guarded by lock */
static _Atomic uint64_t answered_us;
static _Atomic int schema_state;
static atomic_bool workers_up;
static atomic_bool too_mighty;

SklSchemaState
skl_monitor_schema(void)
{
	return (SklSchemaState) atomic_load(&schema_state);
}

bool
skl_monitor_workers(void)
{
	return atomic_load(&workers_up);
}

bool
skl_monitor_role_is_too_mighty(void)
{
	return atomic_load(&too_mighty);
}

/* Find out from the figures whether the schema is current. */
static SklSchemaState
read_schema(const PGresult *result)
{
	for (int i = 0; i < PQntuples(result); i++)
		if (strcmp(PQgetvalue(result, i, 0), schema_metric) == 0)
			return strtod(PQgetvalue(result, i, 4), NULL) > 0 ? SKL_SCHEMA_CURRENT
															  : SKL_SCHEMA_BEHIND;
	return SKL_SCHEMA_UNKNOWN;
}

/* Find out from the figures whether there are workers, and all of them run. */
static bool
read_workers(const PGresult *result)
{
	int known = 0;
	int up = 0;

	for (int i = 0; i < PQntuples(result); i++)
		if (strcmp(PQgetvalue(result, i, 0), worker_metric) == 0)
		{
			known++;
			up += strtod(PQgetvalue(result, i, 4), NULL) > 0;
		}
	return known > 0 && up == known;
}

/* Ask once; the answer replaces the last one. */
static void
ask(PGconn *conn)
{
	PGresult *result = PQexec(conn, query);
	PGresult *old;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
	{
		atomic_store(&schema_state, SKL_SCHEMA_UNKNOWN);
		atomic_store(&workers_up, false);
		PQclear(result);
		return;
	}
	atomic_store(&schema_state, (int) read_schema(result));
	atomic_store(&workers_up, read_workers(result));
	atomic_store(&answered_us, skl_now_us());
	pthread_mutex_lock(&lock);
	old = latest;
	latest = result;
	pthread_mutex_unlock(&lock);
	PQclear(old);
}

/* Connect, with time limits on everything that could hang. */
static PGconn *
connect_monitor(void)
{
	const char *const names[] = {"dbname",
								 "connect_timeout",
								 "application_name",
								 "keepalives_idle",
								 "tcp_user_timeout",
								 "options",
								 NULL};
	const char *const values[] = {
		skl_config()->database,		 "5", "skillancer-bridge monitor", "10", "10000",
		"-c statement_timeout=4000", NULL};

	return PQconnectdbParams(names, values, 1);
}

/* Wait for the next turn; false when it is time to stop. */
static bool
wait_turn(void)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PERIOD_S;
	pthread_mutex_lock(&lock);
	while (!stopping && pthread_cond_timedwait(&wake, &lock, &until) == 0)
		continue;
	stop = stopping;
	pthread_mutex_unlock(&lock);
	return !stop;
}

static void *
monitor_main(void *argument)
{
	PGconn *conn = NULL;
	bool role_known = false;

	(void) argument;
	do
	{
		if (conn == NULL)
			conn = connect_monitor();
		if (PQstatus(conn) == CONNECTION_OK)
			ask(conn);
		if (PQstatus(conn) != CONNECTION_OK)
		{
			atomic_store(&schema_state, SKL_SCHEMA_UNKNOWN);
			PQfinish(conn);
			conn = NULL;
		}
		else if (!role_known)
		{
			SklRoleVerdict verdict = skl_check_role(skl_config());

			role_known = verdict == SKL_ROLE_GOOD;
			atomic_store(&too_mighty, verdict == SKL_ROLE_TOO_MIGHTY);
		}
	} while (wait_turn());
	PQfinish(conn);
	return NULL;
}

bool
skl_monitor_start(void)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&wake, &attributes);
	pthread_condattr_destroy(&attributes);
	running = pthread_create(&thread, NULL, monitor_main, NULL) == 0;
	return running;
}

void
skl_monitor_stop(void)
{
	if (!running)
		return;
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	running = false;
	PQclear(latest);
	latest = NULL;
}

/* Write the database's figures as they were at the last turn. */
void
skl_monitor_metrics(SklMetricsOut *out)
{
	const char *family = "";
	uint64_t answered = atomic_load(&answered_us);

	skl_metrics_family(out, "skillancer_database_figures_age_seconds", "gauge",
					   "Since the database told its figures, which follow; -1: never.");
	skl_metrics_sample(out, "skillancer_database_figures_age_seconds", "",
					   answered == 0 ? -1 : (double) (skl_now_us() - answered) / 1e6);
	pthread_mutex_lock(&lock);
	for (int i = 0; latest != NULL && i < PQntuples(latest); i++)
	{
		const char *name = PQgetvalue(latest, i, 0);

		if (strcmp(name, family) != 0)
			skl_metrics_family(out, name, PQgetvalue(latest, i, 1), PQgetvalue(latest, i, 2));
		family = name;
		skl_metrics_sample(out, name, PQgetvalue(latest, i, 3),
						   strtod(PQgetvalue(latest, i, 4), NULL));
	}
	pthread_mutex_unlock(&lock);
}
