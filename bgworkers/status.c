/*
 * bgworkers/status.c
 *		What SQL sees of the workers: their slots, and waiting until one has caught up.
 */
#include "skl.h"

#include "bgworkers/worker_loop.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/tuplestore.h"

#define STATUS_COLUMNS 16

static const char *const slot_state_names[] = {
	[SKL_SLOT_STOPPED] = "stopped", [SKL_SLOT_STARTING] = "starting", [SKL_SLOT_IDLE] = "idle",
	[SKL_SLOT_RUNNING] = "running", [SKL_SLOT_WAITING] = "waiting",
};

static const char *const database_state_names[] = {
	[SKL_DATABASE_UNKNOWN] = "unknown", [SKL_DATABASE_PROBING] = "probing",
	[SKL_DATABASE_ABSENT] = "absent",	[SKL_DATABASE_UNREADY] = "unready",
	[SKL_DATABASE_READY] = "ready",
};

PG_FUNCTION_INFO_V1(skl_fn_worker_slots);
PG_FUNCTION_INFO_V1(skl_fn_wait_for_worker);

/* A row under construction. */
typedef struct Row
{
	Datum values[STATUS_COLUMNS];
	bool nulls[STATUS_COLUMNS];
	int n;
} Row;

static void
put(Row *row, Datum value, bool isnull)
{
	Assert(row->n < STATUS_COLUMNS);
	row->values[row->n] = value;
	row->nulls[row->n++] = isnull;
}

static void
put_text(Row *row, const char *value)
{
	put(row, value[0] ? CStringGetTextDatum(value) : (Datum) 0, value[0] == '\0');
}

static void
put_time(Row *row, TimestampTz time)
{
	put(row, TimestampTzGetDatum(time), time == 0);
}

static Row
status_row(const SklDatabaseSlot *database, SklWorker worker)
{
	const SklWorkerSlot *slot = &database->workers[worker];
	Row row = {.n = 0};

	put(&row, ObjectIdGetDatum(database->dboid), false);
	put_text(&row, database_state_names[database->state]);
	put_text(&row, skl_worker_specs[worker].name);
	put(&row, Int32GetDatum(slot->pid), slot->pid == 0);
	put_text(&row, slot_state_names[slot->state]);
	put_text(&row, slot->pid != 0 ? slot->reason : database->reason);
	put_time(&row, slot->pid != 0 ? slot->started_at : 0);
	put_time(&row, slot->last_batch_at);
	put(&row, Int64GetDatum(slot->last_batch), false);
	put(&row, Int64GetDatum(slot->rows), false);
	put(&row, Int64GetDatum(slot->turn), false);
	put(&row, Float8GetDatum(slot->lag), false);
	put(&row, Int64GetDatum(slot->errors), false);
	put_time(&row, slot->last_error_at);
	put_text(&row, slot->last_error);
	put_time(&row, slot->next_start);
	return row;
}

/* worker_slots() returns one row for each database and worker; none when not preloaded. */
Datum
skl_fn_worker_slots(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	SklDatabaseSlot *copy;

	InitMaterializedSRF(fcinfo, 0);
	if (skl_shmem == NULL)
		return (Datum) 0;
	copy = palloc(sizeof(skl_shmem->databases));
	LWLockAcquire(skl_shmem_lock, LW_SHARED);
	memcpy(copy, skl_shmem->databases, sizeof(skl_shmem->databases));
	LWLockRelease(skl_shmem_lock);
	for (int i = 0; i < SKL_MAX_DATABASES; i++)
	{
		for (int w = 0; copy[i].dboid != InvalidOid && w < SKL_WORKER_COUNT; w++)
		{
			Row row = status_row(&copy[i], (SklWorker) w);

			tuplestore_putvalues(result->setResult, result->setDesc, row.values, row.nulls);
		}
	}
	return (Datum) 0;
}

static SklWorker
worker_by_name(const char *name)
{
	for (int w = 0; w < SKL_WORKER_COUNT; w++)
	{
		if (strcmp(skl_worker_specs[w].name, name) == 0)
			return (SklWorker) w;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there is no worker \"%s\"", name),
			 errhint("Workers are timekeeper, notifier, courier, indexer and merger.")));
}

/*
 * True when the worker has drained everything in a turn that began after turn *since; the first
 * call (*since < 0) notes the turn to wait beyond. Wakes the worker otherwise.
 */
static bool
caught_up(SklWorker worker, int64 *since)
{
	SklDatabaseSlot *database;
	bool done = false;

	LWLockAcquire(skl_shmem_lock, LW_SHARED);
	database = skl_find_database(MyDatabaseId);
	if (database != NULL)
	{
		SklWorkerSlot *slot = &database->workers[worker];

		if (*since < 0)
			*since = slot->turn;
		done = slot->pid != 0 && slot->drained_turn > *since;
		if (!done && slot->latch != NULL)
			SetLatch(slot->latch);
	}
	LWLockRelease(skl_shmem_lock);
	return done;
}

/*
 * wait_for_worker(name, timeout interval) returns true once the worker has done all that was
 * committed before the call, false when the time is over.
 */
Datum
skl_fn_wait_for_worker(PG_FUNCTION_ARGS)
{
	SklWorker worker = worker_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	Interval *timeout = PG_GETARG_INTERVAL_P(1);
	TimestampTz end = GetCurrentTimestamp() + timeout->time + timeout->day * USECS_PER_DAY;
	int64 since = -1;
	bool done;

	if (skl_shmem == NULL)
		PG_RETURN_BOOL(false);
	ConditionVariablePrepareToSleep(&skl_shmem->changed);
	while (!(done = caught_up(worker, &since)) && GetCurrentTimestamp() < end)
		(void) ConditionVariableTimedSleep(&skl_shmem->changed, 20, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	PG_RETURN_BOOL(done);
}
