/*
 * health.c
 *		May clients be sent here? Liveness is that the process answers at all; readiness is that
 *		connections, routes and schema are in place and the bridge is not about to stop.
 *
 * Everything is read from memory: a probe takes no place in the pool, and a slow database cannot
 * make a probe hang.
 */
#include "health.h"

#include <stdatomic.h>
#include <stdio.h>

#include "bridge.h"
#include "monitor.h"

static atomic_bool draining;

/* From now on the bridge is not ready, though it still serves. */
void
skl_health_drain(void)
{
	atomic_store(&draining, true);
}

bool
skl_health_draining(void)
{
	return atomic_load(&draining);
}

static const char *
word(bool good)
{
	return good ? "true" : "false";
}

/* Write the state of readiness as JSON; returns the HTTP status, 200 or 503. */
int
skl_health_ready(char *body, size_t size)
{
	SklReadiness server = skl_server_readiness();
	SklSchemaState schema = skl_monitor_schema();
	bool drain = skl_health_draining() || server == SKL_DRAINING;
	bool database = server != SKL_NO_DATABASE;
	bool routes = server != SKL_NO_ROUTES;
	bool ready = !drain && database && routes && schema != SKL_SCHEMA_BEHIND;

	snprintf(body, size,
			 "{\"status\":\"%s\",\"checks\":{\"database\":%s,\"routes\":%s,\"schema\":%s,"
			 "\"workers\":%s,\"draining\":%s}}\n",
			 ready ? "ready" : (drain ? "draining" : "unavailable"), word(database), word(routes),
			 word(schema != SKL_SCHEMA_BEHIND), word(skl_monitor_workers()), word(drain));
	return ready ? 200 : 503;
}
