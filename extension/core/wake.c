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
