/*
 * bgworkers/shmem.c
 *		The shared memory of the workers, and waking them.
 *
 * The launcher writes an entry for each database; a worker takes its slot when it starts and leaves
 * it in before_shmem_exit, where its process entry still exists (on_shmem_exit would be too late: a
 * latch of a reused process entry could be set). A commit that asked for workers (core/wake.h)
 * finds the slots of its database here and sets their latches. All is lost when the postmaster
 * restarts after a crash, and nothing in it needs to survive.
 */
#include "skl.h"

#include "bgworkers/shmem.h"
#include "core/shared_area.h"
#include "core/wake.h"

#include "miscadmin.h"
#include "storage/ipc.h"

SklWorkerShmem *skl_shmem = NULL;
LWLock *skl_shmem_lock = NULL;

/* The slot of this process, for a worker. */
static SklDatabaseSlot *my_database = NULL;
static SklWorkerSlot *my_slot = NULL;

static void
set_up(const SklSharedArea *made, bool is_new)
{
	skl_shmem = made->memory;
	skl_shmem_lock = made->lock;
	if (is_new)
		ConditionVariableInit(&skl_shmem->changed);
}

static SklSharedArea area = {
	.name = "skillancer workers", .size = sizeof(SklWorkerShmem), .set_up = set_up};

SklDatabaseSlot *
skl_find_database(Oid dboid)
{
	for (int i = 0; i < SKL_MAX_DATABASES; i++)
	{
		if (skl_shmem->databases[i].dboid == dboid)
			return &skl_shmem->databases[i];
	}
	return NULL;
}

bool
skl_database_blocked(Oid dboid)
{
	for (int i = 0; i < SKL_MAX_BLOCKS; i++)
	{
		if (skl_shmem->blocks[i].pid != 0 && skl_shmem->blocks[i].dboid == dboid)
			return true;
	}
	return false;
}

void
skl_poke_launcher(void)
{
	if (skl_shmem->launcher_latch != NULL)
		SetLatch(skl_shmem->launcher_latch);
}

static void
poke_worker(SklDatabaseSlot *database, SklWorker worker)
{
	if (database->workers[worker].latch != NULL)
		SetLatch(database->workers[worker].latch);
}

/* Runs after a commit in this database: sets the latch of each worker in the set. */
static void
wake_workers(int workers)
{
	SklDatabaseSlot *database;

	if (skl_shmem == NULL)
		return;
	LWLockAcquire(skl_shmem_lock, (workers & SKL_WAKE_LAUNCHER) ? LW_EXCLUSIVE : LW_SHARED);
	database = skl_find_database(MyDatabaseId);
	if (database != NULL)
	{
		if (workers & SKL_WAKE_TIMEKEEPER)
			poke_worker(database, SKL_WORKER_TIMEKEEPER);
		if (workers & SKL_WAKE_NOTIFIER)
			poke_worker(database, SKL_WORKER_NOTIFIER);
		if (workers & SKL_WAKE_COURIER)
			poke_worker(database, SKL_WORKER_COURIER);
		if (workers & SKL_WAKE_INDEXER)
			poke_worker(database, SKL_WORKER_INDEXER);
		if (workers & SKL_WAKE_MERGER)
			poke_worker(database, SKL_WORKER_MERGER);
		if (workers & SKL_WAKE_ANALYST)
			poke_worker(database, SKL_WORKER_ANALYST);
		if (workers & SKL_WAKE_LAUNCHER)
			database->probe_wanted = true;
	}
	if (workers & SKL_WAKE_LAUNCHER)
	{
		skl_shmem->refresh_wanted = true;
		skl_poke_launcher();
	}
	LWLockRelease(skl_shmem_lock);
}

void
skl_shmem_init(void)
{
	skl_shared_area(&area);
	skl_wake_hook = wake_workers;
}

/* Leaves the slot, which no other process can hold: a twin never got it. */
static void
detach_slot(int code, Datum arg)
{
	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	if (my_slot->pid == MyProcPid)
	{
		my_slot->pid = 0;
		my_slot->latch = NULL;
		my_slot->state = SKL_SLOT_STOPPED;
		my_slot->reason[0] = '\0';
		skl_poke_launcher();
	}
	LWLockRelease(skl_shmem_lock);
	ConditionVariableBroadcast(&skl_shmem->changed);
}

bool
skl_slot_attach(Oid dboid, SklWorker worker)
{
	SklDatabaseSlot *database;
	bool mine = false;

	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	database = skl_find_database(dboid);
	if (database != NULL && database->workers[worker].pid == 0 && skl_database_blocked(dboid))
		database->workers[worker].state = SKL_SLOT_STOPPED;
	else if (database != NULL && database->workers[worker].pid == 0)
	{
		mine = true;
		my_database = database;
		my_slot = &database->workers[worker];
		my_slot->pid = MyProcPid;
		my_slot->latch = MyLatch;
		my_slot->state = SKL_SLOT_IDLE;
		my_slot->started_at = GetCurrentTimestamp();
		my_slot->lag = 0;
		my_slot->reason[0] = '\0';
	}
	LWLockRelease(skl_shmem_lock);
	if (mine)
		before_shmem_exit(detach_slot, (Datum) 0);
	return mine;
}

SklWorkerSlot *
skl_my_slot(void)
{
	return my_slot;
}

void
skl_slot_report(SklSlotState state, const char *reason)
{
	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	my_slot->state = state;
	strlcpy(my_slot->reason, reason != NULL ? reason : "", sizeof(my_slot->reason));
	LWLockRelease(skl_shmem_lock);
}

void
skl_slot_turn_begin(void)
{
	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	my_slot->turn++;
	LWLockRelease(skl_shmem_lock);
}

void
skl_slot_turn_end(int64 rows, bool drained)
{
	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	if (rows > 0)
	{
		my_slot->last_batch = rows;
		my_slot->last_batch_at = GetCurrentTimestamp();
		my_slot->rows += rows;
	}
	if (drained)
		my_slot->drained_turn = my_slot->turn;
	LWLockRelease(skl_shmem_lock);
	ConditionVariableBroadcast(&skl_shmem->changed);
}

void
skl_slot_lag(double seconds)
{
	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	my_slot->lag = seconds;
	LWLockRelease(skl_shmem_lock);
}

void
skl_slot_error(const char *message)
{
	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	my_slot->errors++;
	my_slot->last_error_at = GetCurrentTimestamp();
	strlcpy(my_slot->last_error, message, sizeof(my_slot->last_error));
	LWLockRelease(skl_shmem_lock);
}

void
skl_slot_reprobe(void)
{
	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	my_database->state = SKL_DATABASE_UNKNOWN;
	my_database->probe_wanted = true;
	LWLockRelease(skl_shmem_lock);
}
