/*
 * bgworkers/database_hook.c
 *		Keeps workers out of a database while a statement needs it without connections.
 *
 * DROP DATABASE, CREATE DATABASE ... TEMPLATE and ALTER DATABASE ... RENAME or SET TABLESPACE fail
 * after five seconds while anybody is connected. For a statement whose user may do this, a block is
 * set, the workers are told to leave, and the block goes when the statement ends. A block names its
 * backend's pid: one whose backend died without lifting it is dropped by the launcher.
 */
#include "skl.h"

#include "bgworkers/launcher.h"
#include "bgworkers/shmem.h"

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

/* Lifts the block of this backend; the workers come back at once. */
static void
lift_block(Oid dboid)
{
	SklDatabaseSlot *database;

	LWLockAcquire(skl_shmem_lock, LW_EXCLUSIVE);
	for (int i = 0; i < SKL_MAX_BLOCKS; i++)
	{
		if (skl_shmem->blocks[i].pid == MyProcPid)
			skl_shmem->blocks[i].pid = 0;
	}
	database = skl_find_database(dboid);
	for (int w = 0; database != NULL && w < SKL_WORKER_COUNT; w++)
	{
		database->workers[w].fails = 0;
		if (database->workers[w].next_start != 0)
			database->workers[w].next_start = GetCurrentTimestamp();
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
run_statement(PlannedStmt *statement, const char *query, bool read_only,
			  ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment,
			  DestReceiver *dest, QueryCompletion *completion)
{
	(previous_hook ? previous_hook : standard_ProcessUtility)(
		statement, query, read_only, context, params, environment, dest, completion);
}

static void
process_utility(PlannedStmt *statement, const char *query, bool read_only,
				ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment,
				DestReceiver *dest, QueryCompletion *completion)
{
	Oid dboid = skl_shmem != NULL ? database_to_free(statement->utilityStmt) : InvalidOid;

	if (!OidIsValid(dboid))
	{
		run_statement(statement, query, read_only, context, params, environment, dest, completion);
		return;
	}
	PG_TRY();
	{
		free_database(dboid);
		run_statement(statement, query, read_only, context, params, environment, dest, completion);
	}
	PG_FINALLY();
	{
		lift_block(dboid);
	}
	PG_END_TRY();
}

void
skl_database_hook_init(void)
{
	previous_hook = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}
