/*
 * core/wake.c
 *		Waking a background worker when the current transaction commits.
 *
 * Commands ask for a wake-up as often as they like; the transaction callback passes the union on
 * once. A prepared transaction wakes nobody: the workers' naptime finds its rows.
 */
#include "skl.h"

#include "core/wake.h"

#include "access/xact.h"

SklWakeHook skl_wake_hook = NULL;

static const struct
{
	const char *name;
	SklWake worker;
} worker_names[] = {
	{"timekeeper", SKL_WAKE_TIMEKEEPER}, {"notifier", SKL_WAKE_NOTIFIER},
	{"courier", SKL_WAKE_COURIER},		 {"indexer", SKL_WAKE_INDEXER},
	{"merger", SKL_WAKE_MERGER},		 {"launcher", SKL_WAKE_LAUNCHER},
	{"analyst", SKL_WAKE_ANALYST},
};

PG_FUNCTION_INFO_V1(skl_fn_wake);

static int wake_at_commit = 0;

void
skl_wake(int workers)
{
	wake_at_commit |= workers;
}

static void
wake_callback(XactEvent event, void *arg)
{
	int workers = wake_at_commit;

	switch (event)
	{
		case XACT_EVENT_COMMIT:
			wake_at_commit = 0;
			if (workers != 0 && skl_wake_hook != NULL)
				skl_wake_hook(workers);
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			wake_at_commit = 0;
			break;
		default:
			break;
	}
}

void
skl_wake_init(void)
{
	RegisterXactCallback(wake_callback, NULL);
}

/* wake(worker text): wakes a worker of this database when the transaction commits. */
Datum
skl_fn_wake(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	for (size_t i = 0; i < lengthof(worker_names); i++)
	{
		if (strcmp(name, worker_names[i].name) == 0)
		{
			skl_wake(worker_names[i].worker);
			PG_RETURN_VOID();
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there is no worker \"%s\"", name)));
}
