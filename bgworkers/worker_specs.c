/*
 * bgworkers/worker_specs.c
 *		The table of workers. A new worker is one row here and one file.
 */
#include "skl.h"

#include "bgworkers/analyst.h"
#include "bgworkers/courier.h"
#include "bgworkers/indexer.h"
#include "bgworkers/notifier.h"
#include "bgworkers/timekeeper.h"
#include "bgworkers/worker_loop.h"
#include "core/guc.h"

const SklWorkerSpec skl_worker_specs[SKL_WORKER_COUNT] = {
	[SKL_WORKER_TIMEKEEPER] = {.name = "timekeeper",
							   .naptime_ms = &skl_guc.timekeeper_naptime,
							   .turn = skl_timekeeper_turn,
							   .prompt = true},
	[SKL_WORKER_NOTIFIER] = {.name = "notifier",
							 .naptime_ms = &skl_guc.notifier_naptime,
							 .turn = skl_notifier_turn},
	[SKL_WORKER_COURIER] = {.name = "courier",
							.naptime_ms = &skl_guc.courier_naptime,
							.turn = skl_courier_turn,
							.wait = skl_courier_wait,
							.busy = skl_courier_busy},
	[SKL_WORKER_INDEXER] = {.name = "indexer",
							.naptime_ms = &skl_guc.indexer_naptime,
							.turn = skl_indexer_turn},
	[SKL_WORKER_MERGER] = {.name = "merger",
						   .naptime_ms = &skl_guc.merger_naptime,
						   .turn = skl_merger_turn},
	[SKL_WORKER_ANALYST] = {.name = "analyst",
							.naptime_ms = &skl_guc.analyst_naptime,
							.turn = skl_analyst_turn},
};
