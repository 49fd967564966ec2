/*
 * lifecycle.c
 *		The life of the process after its start: reload on SIGHUP, drain on SIGTERM or SIGINT.
 *
 * A drain has four steps, so that no request is lost: say "not ready", so that balancers send
 * nothing new; stop accepting, with "Connection: close" on every answer; wait until what is in
 * flight is answered; stop. A second signal skips the waiting.
 */
#include "lifecycle.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "bridge.h"
#include "config.h"
#include "health.h"
#include "log.h"
#include "metrics.h"
#include "monitor.h"

static pthread_mutex_t reloading = PTHREAD_MUTEX_INITIALIZER;
static sigset_t minded;

/* Block the signals in this thread and all that it starts; skl_lifecycle_run() waits for them. */
void
skl_lifecycle_block_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&minded);
	sigaddset(&minded, SIGHUP);
	sigaddset(&minded, SIGTERM);
	sigaddset(&minded, SIGINT);
	pthread_sigmask(SIG_BLOCK, &minded, NULL);
}

/* Wait for a signal, at most so long; 0 when none came. */
static int
wait_signal(long ms)
{
	struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	int signal_number = sigtimedwait(&minded, NULL, &limit);

	return signal_number > 0 ? signal_number : 0;
}

/*
 * Read configuration, keys and routes again. What is wrong is logged and counted, and the old
 * stays in force.
 */
bool
skl_lifecycle_reload(void)
{
	char *complaint = NULL;
	bool good;

	pthread_mutex_lock(&reloading);
	good = skl_config_reload(&complaint);
	if (!good)
		skl_log(SKL_LOG_ERROR, "reload", "%s", complaint != NULL ? complaint : "out of memory");
	free(complaint);
	good = skl_log_reopen(skl_config()->log_file) && good;
	skl_catalogue_reload();
	skl_metrics_count_reload(good);
	if (good)
		skl_log(SKL_LOG_INFO, "reload", "configuration and keys are in force");
	pthread_mutex_unlock(&reloading);
	return good;
}

/* Wait until nothing is in flight and idle connections had a moment; false when time is up. */
static bool
wait_until_idle(long limit_ms)
{
	const uint64_t linger_us = 1000000;
	uint64_t started = skl_now_us();
	uint64_t end = started + (uint64_t) limit_ms * 1000;

	while (skl_server_inflight() > 0 ||
		   (skl_server_connections() > 0 && skl_now_us() - started < linger_us))
	{
		if (skl_now_us() >= end || wait_signal(10) > 0)
			return skl_server_inflight() == 0;
	}
	return true;
}

static void
drain(void)
{
	const SklConfig *config = skl_config();
	bool finished;

	skl_health_drain();
	skl_log(SKL_LOG_INFO, "drain", "no longer ready");
	if (wait_signal(config->drain_wait_ms) == 0)
	{
		skl_server_quiesce();
		finished = wait_until_idle(config->drain_timeout_ms);
	}
	else
	{
		skl_server_quiesce();
		finished = skl_server_inflight() == 0;
	}
	if (!finished)
		skl_log(SKL_LOG_WARN, "drain", "%llu requests were cut",
				(unsigned long long) skl_server_inflight());
	skl_log(SKL_LOG_INFO, "drain", "stopped");
}

int
skl_lifecycle_run(void)
{
	for (;;)
	{
		int signal_number = wait_signal(1000);

		if (signal_number == SIGHUP)
			skl_lifecycle_reload();
		else if (signal_number != 0)
		{
			drain();
			return 0;
		}
		if (skl_monitor_role_is_too_mighty())
		{
			drain();
			return 1;
		}
	}
}
