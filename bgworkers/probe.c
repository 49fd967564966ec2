/*
 * bgworkers/probe.c
 *		A probe: looks once into a database, tells the launcher what it found, and leaves.
 *
 * It connects as the bootstrap superuser, because the workers' role may not exist yet, and so runs
 * nothing that a database could have redefined: it reads three catalogs by C. The guard event
 * trigger is the last thing that migrate() makes and that pg_restore brings back: while it is
 * missing, a restore may be running and the workers stay away.
 */
#include "skl.h"

#include "bgworkers/launcher.h"
#include "bgworkers/worker_loop.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/snapmgr.h"

/* The event trigger that migrate() makes last. */
#define GUARD_TRIGGER "skillancer_guard_drop"

/* The role that workers connect as. */
#define WORKER_ROLE "skillancer_worker"

typedef struct Finding
{
	SklDatabaseState state;
	Oid roleoid;
	const char *reason;
} Finding;

/* Reads the catalogs of the database this process is connected to. */
static Finding
look(void)
{
	Finding finding = {.state = SKL_DATABASE_ABSENT, .reason = ""};

	if (!OidIsValid(get_extension_oid("skillancer", true)))
		return finding;
	finding.state = SKL_DATABASE_UNREADY;
	finding.roleoid = get_role_oid(WORKER_ROLE, true);
	if (!OidIsValid(finding.roleoid))
		finding.reason = "role " WORKER_ROLE " is missing";
	else if (!OidIsValid(get_event_trigger_oid(GUARD_TRIGGER, true)))
		finding.reason = "run SELECT skillancer.migrate(), or a restore is not finished";
	else
		finding.state = SKL_DATABASE_READY;
	return finding;
}

/* Writes the finding into the database's entry, unless the entry is gone. */
static void
tell(Oid dboid, const Finding *finding)
{
	SklDatabaseSlot *database;

	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	database = skl_find_database(dboid);
	if (database != NULL)
	{
		database->state = finding->state;
		database->roleoid = finding->roleoid;
		strlcpy(database->reason, finding->reason, sizeof(database->reason));
	}
	skl_poke_launcher();
	LWLockRelease(skl_shmem_lock);
}

/* True when a statement waits for the database to be free. */
static bool
blocked(Oid dboid)
{
	bool answer;

	LWLockAcquire(skl_shmem_lock, LW_SHARED);
	answer = skl_database_blocked(dboid);
	LWLockRelease(skl_shmem_lock);
	return answer;
}

void
skl_probe_main(Datum arg)
{
	SklWorkerStart start;
	Finding finding;

	memcpy(&start, MyBgworkerEntry->bgw_extra, sizeof(start));
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	if (blocked(start.dboid))
		proc_exit(0);
	BackgroundWorkerInitializeConnectionByOid(start.dboid, InvalidOid, 0);
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	finding = look();
	PopActiveSnapshot();
	CommitTransactionCommand();
	tell(start.dboid, &finding);
	proc_exit(0);
}
