/*
 * bgworkers/launcher.c
 *		The launcher: one process that keeps the workers of every database running.
 *
 * It is connected to no database and reads nothing but pg_database. For each database that
 * skillancer.databases names it keeps an entry in shared memory and drives it:
 *
 *	unknown -> probing -> absent | unready | ready		by a short-lived probe (probe.c)
 *	absent, unready, ready -> unknown					after a minute, or when migrate() commits
 *	ready: each worker stopped -> starting -> held		by the worker itself (shmem.c)
 *
 * A worker that failed starts again after 1 s, 2 s, 4 s ... skillancer.worker_restart_max, with
 * jitter; one that lived for a minute starts from the beginning. Handles of started workers are
 * kept here only to notice those that never took their slot; a launcher that starts anew finds the
 * running workers in their slots.
 */
#include "skl.h"

#include "bgworkers/launcher.h"
#include "bgworkers/worker_loop.h"
#include "core/guc.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "common/pg_prng.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

/* How long an answer of a probe holds, and between two looks at pg_database. */
#define PROBE_INTERVAL_MS 60000

/* A failure counts as the first one again when the worker lived that long. */
#define HEALTHY_MS 60000

/* Pause before another try when no process was free. */
#define NO_PROCESS_MS 10000

/* What a starting worker has left to take its slot, seen by a launcher that has no handle. */
#define START_MS 60000

/* Handles of what this launcher started: one more than workers, for the probe. */
static BackgroundWorkerHandle *handles[SKL_MAX_DATABASES][SKL_WORKER_COUNT + 1];

#define PROBE_HANDLE SKL_WORKER_COUNT

static void
leave(int code, Datum arg)
{
	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	skl_shmem->launcher_pid = 0;
	skl_shmem->launcher_latch = NULL;
	LWLockRelease(skl_shmem_lock);
}

/* True when skillancer.databases names the database. */
static bool
database_named(const char *name)
{
	char *list = pstrdup(skl_guc.databases);
	List *names = NIL;
	ListCell *cell;

	if (strcmp(list, "*") == 0)
		return true;
	if (!SplitIdentifierString(list, ',', &names))
		return false;
	foreach (cell, names)
	{
		if (strcmp(name, lfirst(cell)) == 0 || strcmp("*", lfirst(cell)) == 0)
			return true;
	}
	return false;
}

/* True when workers may connect: no template, not half dropped, named by the setting. */
static bool
database_wanted(Form_pg_database form)
{
	return form->datallowconn && !form->datistemplate && form->datconnlimit != -2 &&
		   database_named(NameStr(form->datname));
}

/* The databases that should have workers, as oids in the given context. */
static List *
wanted_databases(MemoryContext context)
{
	List *oids = NIL;
	Relation relation;
	TableScanDesc scan;
	HeapTuple tuple;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	relation = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(relation, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);

		if (database_wanted(form))
		{
			MemoryContext old = MemoryContextSwitchTo(context);

			oids = lappend_oid(oids, form->oid);
			MemoryContextSwitchTo(old);
		}
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
	return oids;
}

/* Frees the entry of a database that is gone or unwanted, once its workers have left. */
static bool
release_database(SklDatabaseSlot *database)
{
	bool held = false;

	for (int w = 0; w < SKL_WORKER_COUNT; w++)
	{
		if (database->workers[w].pid != 0)
		{
			kill(database->workers[w].pid, SIGTERM);
			held = true;
		}
	}
	if (!held)
		memset(database, 0, sizeof(*database));
	return !held;
}

static void
add_database(Oid dboid)
{
	SklDatabaseSlot *database = skl_find_database(InvalidOid);

	if (database == NULL)
	{
		ereport(LOG, (errmsg("skillancer: no room for workers of database %u", dboid),
					  errdetail("At most %d databases can have workers.", SKL_MAX_DATABASES)));
		return;
	}
	memset(database, 0, sizeof(*database));
	database->dboid = dboid;
}

/*
 * Brings the entries in line with pg_database. False while workers of a database that is not wanted
 * are still ending: look again as soon as one has, or they would be started anew meanwhile.
 */
static bool
refresh_databases(MemoryContext context)
{
	List *wanted = wanted_databases(context);
	ListCell *cell;
	bool settled = true;

	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	for (int i = 0; i < SKL_MAX_DATABASES; i++)
	{
		SklDatabaseSlot *database = &skl_shmem->databases[i];

		if (database->dboid != InvalidOid && !list_member_oid(wanted, database->dboid))
			settled = release_database(database) && settled;
	}
	foreach (cell, wanted)
	{
		if (skl_find_database(lfirst_oid(cell)) == NULL)
			add_database(lfirst_oid(cell));
	}
	LWLockRelease(skl_shmem_lock);
	return settled;
}

/* Registers a process for a database; NULL when none is free. */
static BackgroundWorkerHandle *
start_process(const char *name, const char *function, const SklWorkerStart *start)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle = NULL;
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	snprintf(worker.bgw_name, BGW_MAXLEN, "skillancer %s of database %u", name, start->dboid);
	snprintf(worker.bgw_type, BGW_MAXLEN, "skillancer %s", name);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "skillancer", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, function, BGW_MAXLEN);
	memcpy(worker.bgw_extra, start, sizeof(*start));
	worker.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		handle = NULL;
	MemoryContextSwitchTo(old);
	return handle;
}

/* True when the process behind a handle has ended; forgets the handle then. */
static bool
process_ended(BackgroundWorkerHandle **handle)
{
	pid_t pid;

	if (*handle != NULL && GetBackgroundWorkerPid(*handle, &pid) != BGWH_STOPPED)
		return false;
	if (*handle != NULL)
		pfree(*handle);
	*handle = NULL;
	return true;
}

/* Says once, and again when it changes, that max_worker_processes is too small. */
static void
no_process(SklDatabaseSlot *database)
{
	static const char *const reason = "no background process is free: raise max_worker_processes";

	if (strcmp(database->reason, reason) != 0)
		ereport(WARNING, (errmsg("skillancer: no background process is free for database %u",
								 database->dboid),
						  errhint("Raise max_worker_processes.")));
	strlcpy(database->reason, reason, sizeof(database->reason));
}

/* Starts a probe where the last look is old or a fresh one is asked for. */
static void
drive_probe(int index, TimestampTz now)
{
	SklDatabaseSlot *database = &skl_shmem->databases[index];
	BackgroundWorkerHandle **handle = &handles[index][PROBE_HANDLE];
	SklWorkerStart start = {.dboid = database->dboid};

	if (database->state == SKL_DATABASE_PROBING)
	{
		if (!process_ended(handle))
			return;
		/* The probe ended without an answer: it could not connect. Ask again in a minute. */
		database->state = SKL_DATABASE_ABSENT;
		strlcpy(database->reason, "the probe failed: see the server's log",
				sizeof(database->reason));
	}
	if (database->state != SKL_DATABASE_UNKNOWN && !database->probe_wanted &&
		(database->state == SKL_DATABASE_READY ||
		 !TimestampDifferenceExceeds(database->probed_at, now, PROBE_INTERVAL_MS)))
		return;
	if (!process_ended(handle))
		return;
	*handle = start_process("probe", "skl_probe_main", &start);
	database->probed_at = now;
	if (*handle == NULL)
	{
		no_process(database);
		return;
	}
	database->probe_wanted = false;
	database->state = SKL_DATABASE_PROBING;
}

/* When a worker that just ended may start again: backed off by how often it ended too soon. */
static TimestampTz
next_start(SklWorkerSlot *slot, TimestampTz now)
{
	double delay = 1000.0;

	slot->fails++;
	if (slot->started_at > slot->asked_at &&
		TimestampDifferenceExceeds(slot->started_at, now, HEALTHY_MS))
		slot->fails = 1;
	for (int i = 1; i < slot->fails && delay < skl_guc.worker_restart_max * 1000.0; i++)
		delay *= 2;
	delay = Min(delay, skl_guc.worker_restart_max * 1000.0);
	delay *= 0.75 + 0.5 * pg_prng_double(&pg_global_prng_state);
	return TimestampTzPlusMilliseconds(now, (int64) delay);
}

/* Notices that a worker ended, or never took its slot, and sets its next start. */
static void
settle_ended(SklWorkerSlot *slot, BackgroundWorkerHandle **handle, TimestampTz now)
{
	if (slot->state == SKL_SLOT_STARTING)
	{
		if (*handle == NULL && !TimestampDifferenceExceeds(slot->asked_at, now, START_MS))
			return;
		if (*handle != NULL && !process_ended(handle))
			return;
		slot->state = SKL_SLOT_STOPPED;
		slot->errors++;
		slot->last_error_at = now;
		strlcpy(slot->last_error, "ended before it could begin: see the server's log",
				sizeof(slot->last_error));
	}
	if (slot->next_start == 0 && process_ended(handle))
		slot->next_start = slot->asked_at == 0 ? now : next_start(slot, now);
}

/* Starts one worker of a ready database when it is time. */
static void
drive_worker(int index, SklWorker worker, TimestampTz now)
{
	SklDatabaseSlot *database = &skl_shmem->databases[index];
	SklWorkerSlot *slot = &database->workers[worker];
	BackgroundWorkerHandle **handle = &handles[index][worker];
	SklWorkerStart start = {
		.dboid = database->dboid, .roleoid = database->roleoid, .worker = worker};

	if (slot->pid != 0 || database->state != SKL_DATABASE_READY)
		return;
	settle_ended(slot, handle, now);
	if (slot->state != SKL_SLOT_STOPPED || slot->next_start == 0 || slot->next_start > now)
		return;
	*handle = start_process(skl_worker_specs[worker].name, "skl_worker_main", &start);
	if (*handle == NULL)
	{
		no_process(database);
		slot->next_start = TimestampTzPlusMilliseconds(now, NO_PROCESS_MS);
		return;
	}
	database->reason[0] = '\0';
	slot->state = SKL_SLOT_STARTING;
	slot->asked_at = now;
	slot->next_start = 0;
}

/* Milliseconds until the next worker may start, at most a given time. */
static long
next_wait(TimestampTz now, long wait)
{
	for (int i = 0; i < SKL_MAX_DATABASES; i++)
	{
		SklDatabaseSlot *database = &skl_shmem->databases[i];

		if (database->state != SKL_DATABASE_READY)
			continue;
		for (int w = 0; w < SKL_WORKER_COUNT; w++)
		{
			if (database->workers[w].next_start > now)
				wait =
					Min(wait,
						TimestampDifferenceMilliseconds(now, database->workers[w].next_start) + 1);
		}
	}
	return wait;
}

/* One pass over all entries; returns how long to wait. */
static long
drive_databases(void)
{
	TimestampTz now = GetCurrentTimestamp();
	long wait = PROBE_INTERVAL_MS;

	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	skl_clear_dead_blocks();
	for (int i = 0; i < SKL_MAX_DATABASES; i++)
	{
		SklDatabaseSlot *database = &skl_shmem->databases[i];

		if (database->dboid == InvalidOid)
			continue;
		if (skl_database_blocked(database->dboid))
		{
			wait = Min(wait, 1000);
			continue;
		}
		drive_probe(i, now);
		for (int w = 0; w < SKL_WORKER_COUNT; w++)
			drive_worker(i, (SklWorker) w, now);
	}
	wait = next_wait(now, wait);
	LWLockRelease(skl_shmem_lock);
	return wait;
}

/* True when somebody asked for a new look at pg_database; the wish is fulfilled then. */
static bool
take_refresh_wish(void)
{
	bool wanted;

	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	wanted = skl_shmem->refresh_wanted;
	skl_shmem->refresh_wanted = false;
	LWLockRelease(skl_shmem_lock);
	return wanted;
}

/* Makes this process the launcher that others find. */
static void
enter(void)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	before_shmem_exit(leave, (Datum) 0);
	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	skl_shmem->launcher_pid = MyProcPid;
	skl_shmem->launcher_latch = MyLatch;
	LWLockRelease(skl_shmem_lock);
}

void
skl_launcher_main(Datum arg)
{
	MemoryContext context;
	TimestampTz refreshed = 0;

	enter();
	context =
		AllocSetContextCreate(TopMemoryContext, "skillancer launcher", ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(context);
		MemoryContextSwitchTo(context);
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			refreshed = 0;
		}
		if (refreshed == 0 || take_refresh_wish() ||
			TimestampDifferenceExceeds(refreshed, GetCurrentTimestamp(), PROBE_INTERVAL_MS - 1000))
		{
			refreshed = refresh_databases(context) ? GetCurrentTimestamp() : 0;
		}
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 drive_databases(), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

void
skl_launcher_init(void)
{
	BackgroundWorker worker = {0};

	strlcpy(worker.bgw_name, "skillancer launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "skillancer launcher", BGW_MAXLEN);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 5;
	strlcpy(worker.bgw_library_name, "skillancer", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "skl_launcher_main", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

void
skl_bgworkers_init(void)
{
	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	skl_shmem_init();
	skl_database_hook_init();
	skl_launcher_init();
}
