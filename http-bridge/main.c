/*
 * main.c
 *		skillancer-bridge: HTTP in front of the marketplace in PostgreSQL.
 *
 * Start-up in the order in which parts need each other; after that the main thread only waits for
 * signals (lifecycle.c).
 */
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>

#include "bridge.h"
#include "check.h"
#include "config.h"
#include "files.h"
#include "tls.h"
#include "trace.h"

/* Every client is a descriptor: take as many as the system gives. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max)
	{
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* libpq frees blocks of 2 kB for every result, and each such free at the end of the heap makes
 * glibc empty its fast bins, which a request then fills again. Without fast bins that costs
 * nothing: a tenth of a request's CPU (docs/benchmarks.md). */
static void
tune_allocator(void)
{
	mallopt(M_MXFAST, 0);
}

int
main(int argc, char **argv)
{
	int status = skl_config_start(argc, argv);

	if (status >= 0)
		return status;
	tune_allocator();
	raise_descriptor_limit();
	skl_lifecycle_block_signals();
	if (!skl_log_start())
		return 1;
	if (!skl_metrics_start() || !skl_limits_start() || !skl_auth_start() ||
		!skl_check_at_start(skl_config()) || !skl_tls_start() || !skl_tracing_start() ||
		!skl_files_start() || !skl_server_start() || !skl_catalogue_start() || !skl_admin_start())
	{
		skl_log_stop();
		return 1;
	}
	status = skl_lifecycle_run();
	skl_admin_stop();
	skl_catalogue_stop();
	skl_server_stop();
	skl_files_stop();
	skl_tracing_stop();
	skl_log_stop();
	return status;
}
