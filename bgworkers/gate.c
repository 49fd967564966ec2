/*
 * bgworkers/gate.c
 *		May a worker work now? Asked in every transaction of a worker.
 *
 * ALTER EXTENSION UPDATE holds ShareUpdateExclusiveLock on the extension, DROP EXTENSION more. A
 * worker takes ShareLock, if it gets it at once, and then compares versions and instance: an
 * upgrade waits for one short batch at most, and no batch runs on half-replaced functions.
 */
#include "skl.h"

#include "bgworkers/gate.h"
#include "core/spi.h"

#include "access/xlog.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "storage/lmgr.h"

/*
 * What keeps the database from work, as an engine-owned function sees it; NULL when nothing does.
 */
static const char *
state_problem(void)
{
	static SklStmt stmt = SKL_STMT0("SELECT skillancer.state_problem()");
	MemoryContext caller = CurrentMemoryContext;
	char *problem;

	skl_spi_connect();
	skl_spi_exec(&stmt, NULL, NULL);
	problem = skl_spi_text(0, 1);
	if (problem != NULL)
		problem = MemoryContextStrdup(caller, problem);
	skl_spi_finish();
	return problem;
}

SklGate
skl_gate(const char **reason)
{
	Oid extension = get_extension_oid("skillancer", true);

	if (!OidIsValid(extension))
		return SKL_GATE_ABSENT;
	if (RecoveryInProgress())
	{
		*reason = "the server is a standby";
		return SKL_GATE_CLOSED;
	}
	if (!ConditionalLockDatabaseObject(ExtensionRelationId, extension, 0, ShareLock))
	{
		*reason = "the extension is being changed";
		return SKL_GATE_CLOSED;
	}
	/* What was read before the lock may be older than the change the lock waited for. */
	if (get_extension_oid("skillancer", true) != extension)
		return SKL_GATE_ABSENT;
	*reason = state_problem();
	return *reason == NULL ? SKL_GATE_OPEN : SKL_GATE_CLOSED;
}
