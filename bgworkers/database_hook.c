/*
 * bgworkers/database_hook.c
 *		Keeps workers out of a database while a statement needs it without connections.
 *
 * DROP DATABASE, CREATE DATABASE ... TEMPLATE and ALTER DATABASE ... RENAME or SET TABLESPACE fail
 * after five seconds while anybody is connected. For a statement whose user may do this, a block is
 * set, the workers are told to leave, and the block goes when the transaction ends: before the
 * commit nobody sees what the statement did. A block names its backend's pid: one whose backend
 * died without lifting it is dropped by the launcher. Any change of the list of databases wakes
 * the launcher at commit.
 */
#include "skl.h"

#include "bgworkers/launcher.h"
#include "bgworkers/shmem.h"
#include "core/wake.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/procarray.h"
#include "tcop/utility.h"
#include "utils/acl.h"

#include <signal.h>

/* How long workers get to leave; the statement itself waits five seconds more. */
#define LEAVE_MS 4000

static ProcessUtility_hook_type previous_hook = NULL;

/* This backend has set a block in its transaction. */
static bool blocking = false;

/* The value of an option, or NULL. */
static const char *
option_value(List *options, const char *name)
{
	ListCell *cell;

	foreach (cell, options)
	{
		DefElem *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, name) == 0 && option->arg != NULL)
			return defGetString(option);
	}
	return NULL;
}

/* The name of the database that a statement needs for itself, or NULL. */
static const char *
database_needed(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_DropdbStmt:
			return ((DropdbStmt *) statement)->dbname;
		case T_CreatedbStmt:
			return option_value(((CreatedbStmt *) statement)->options, "template");
		case T_AlterDatabaseStmt:
			if (option_value(((AlterDatabaseStmt *) statement)->options, "tablespace") != NULL)
				return ((AlterDatabaseStmt *) statement)->dbname;
			return NULL;
		case T_RenameStmt:
			if (((RenameStmt *) statement)->renameType == OBJECT_DATABASE)
				return ((RenameStmt *) statement)->subname;
			return NULL;
		default:
			return NULL;
	}
}

/* True for statements after which the launcher should look at pg_database again. */
static bool
changes_databases(Node *statement)
{
	return IsA(statement, CreatedbStmt) || IsA(statement, AlterDatabaseStmt) ||
		   database_needed(statement) != NULL;
}

/* The database that has to be free for this statement, if its user may ask for it. */
static Oid
database_to_free(Node *statement)
{
	const char *name = database_needed(statement);
	Oid dboid = name != NULL ? get_database_oid(name, true) : InvalidOid;

	if (OidIsValid(dboid) && pg_database_ownercheck(dboid, GetUserId()))
		return dboid;
	return InvalidOid;
}

/* Tells the workers of a database to leave; returns true when none holds a slot. */
static bool
tell_workers_to_leave(Oid dboid)
{
	SklDatabaseSlot *database;
	bool gone = true;

	LWLockAcquire(skl_shmem_lock, LW_SHARED);
	database = skl_find_database(dboid);
	for (int w = 0; database != NULL && w < SKL_WORKER_COUNT; w++)
	{
		if (database->workers[w].pid != 0)
		{
			kill(database->workers[w].pid, SIGTERM);
			gone = false;
		}
	}
	LWLockRelease(skl_shmem_lock);
	return gone;
}

/* Sets the block of this backend; without room for it the statement takes its chance. */
static void
set_block(Oid dboid)
{
	blocking = true;
	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	skl_clear_dead_blocks();
	for (int i = 0; i < SKL_MAX_BLOCKS; i++)
	{
		SklBlock *block = &skl_shmem->blocks[i];

		if (block->pid == 0)
		{
			block->pid = MyProcPid;
			block->dboid = dboid;
			break;
		}
	}
	LWLockRelease(skl_shmem_lock);
}

/* Lets the workers of a database come back at once. The lock must be held exclusively. */
static void
readmit_workers(Oid dboid)
{
	SklDatabaseSlot *database = skl_find_database(dboid);

	for (int w = 0; database != NULL && w < SKL_WORKER_COUNT; w++)
	{
		database->workers[w].fails = 0;
		if (database->workers[w].next_start != 0)
			database->workers[w].next_start = GetCurrentTimestamp();
	}
}

/* At the end of the transaction: lifts the blocks of this backend. */
static void
lift_blocks(XactEvent event, void *arg)
{
	if (!blocking ||
		(event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE))
		return;
	blocking = false;
	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	for (int i = 0; i < SKL_MAX_BLOCKS; i++)
	{
		SklBlock *block = &skl_shmem->blocks[i];

		if (block->pid != MyProcPid)
			continue;
		block->pid = 0;
		readmit_workers(block->dboid);
	}
	skl_shmem->refresh_wanted = true;
	skl_poke_launcher();
	LWLockRelease(skl_shmem_lock);
}

void
skl_clear_dead_blocks(void)
{
	for (int i = 0; i < SKL_MAX_BLOCKS; i++)
	{
		SklBlock *block = &skl_shmem->blocks[i];

		if (block->pid != 0 && BackendPidGetProc(block->pid) == NULL)
			block->pid = 0;
	}
}

/* Waits until the workers of a database have left, within LEAVE_MS. */
static void
free_database(Oid dboid)
{
	TimestampTz begin = GetCurrentTimestamp();

	set_block(dboid);
	ConditionVariablePrepareToSleep(&skl_shmem->changed);
	while (!tell_workers_to_leave(dboid) &&
		   !TimestampDifferenceExceeds(begin, GetCurrentTimestamp(), LEAVE_MS))
		(void) ConditionVariableTimedSleep(&skl_shmem->changed, 100, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
}

static void
process_utility(PlannedStmt *statement, const char *query, bool read_only,
				ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment,
				DestReceiver *dest, QueryCompletion *completion)
{
	if (skl_shmem != NULL && changes_databases(statement->utilityStmt))
	{
		Oid dboid = database_to_free(statement->utilityStmt);

		skl_wake(SKL_WAKE_LAUNCHER);
		if (OidIsValid(dboid))
			free_database(dboid);
	}
	(previous_hook ? previous_hook : standard_ProcessUtility)(
		statement, query, read_only, context, params, environment, dest, completion);
}

void
skl_database_hook_init(void)
{
	RegisterXactCallback(lift_blocks, NULL);
	previous_hook = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}
