/*
 * bgworkers/worker_loop.c
 *		The one loop that serves all workers.
 *
 * A turn is one or more short transactions, each behind the gate: the extension is there, nobody
 * upgrades it, library, extension and schema have one version, and the database is itself and not
 * a copy. A closed gate makes the worker wait and say why. An ERROR ends the process, after the
 * slot has noted it; the launcher starts the worker again, later each time. SIGTERM ends it at a
 * safe point (die), and a wait never outlives the postmaster.
 */
#include "skl.h"

#include "bgworkers/gate.h"
#include "bgworkers/priority.h"
#include "bgworkers/worker_loop.h"
#include "core/guc.h"
#include "core/spi.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/*
 * Settings that roles and databases may have changed and that our statements rely on. Compiling a
 * statement of a worker takes longer than running it, however much the planner expects.
 */
static const char *const fixed_settings[][2] = {
	{"search_path", "pg_catalog, skillancer, pg_temp"},
	{"default_transaction_isolation", "read committed"},
	{"default_transaction_read_only", "off"},
	{"default_transaction_deferrable", "off"},
	{"statement_timeout", "0"},
	{"lock_timeout", "10s"},
	{"idle_in_transaction_session_timeout", "0"},
	{"row_security", "on"},
	{"jit", "off"},
};

static const SklWorkerSpec *spec = NULL;

/* Set when the extension is gone: the loop ends, and the launcher looks again. */
static bool leave = false;

static void
fix_settings(void)
{
	for (size_t i = 0; i < lengthof(fixed_settings); i++)
		SetConfigOption(fixed_settings[i][0], fixed_settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
}

/* True when the worker may work in this transaction; else notes why it waits. */
static bool
gate_open(void)
{
	const char *reason = NULL;

	switch (skl_gate(&reason))
	{
		case SKL_GATE_OPEN:
			return true;
		case SKL_GATE_ABSENT:
			leave = true;
			return false;
		case SKL_GATE_CLOSED:
			break;
	}
	skl_slot_report(SKL_SLOT_WAITING, reason);
	return false;
}

bool
skl_worker_transaction(SklWorkerStep step, void *arg, int64 *rows)
{
	bool open;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	open = gate_open();
	if (open)
	{
		skl_slot_report(SKL_SLOT_RUNNING, NULL);
		pgstat_report_activity(STATE_RUNNING, spec->name);
		*rows = step(arg);
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
	return open;
}

int64
skl_worker_call(const char *function, int limit)
{
	Oid type = INT4OID;
	Datum value = Int32GetDatum(limit);
	char *sql = psprintf("SELECT skillancer.%s($1)::bigint", function);
	bool isnull;
	int64 rows;

	skl_spi_connect();
	skl_spi_exec_text(sql, 1, &type, &value, NULL);
	rows = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	return rows;
}

static int64
keep_house(void *arg)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.keep_house($1, 1)", TEXTOID);
	Datum args[1] = {CStringGetTextDatum(spec->name)};
	bool isnull;
	int64 jobs;

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	jobs = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	return jobs;
}

bool
skl_worker_keep_house(int limit, int64 *jobs)
{
	int64 one = 1;

	for (*jobs = 0; one > 0 && *jobs < limit; *jobs += one)
	{
		if (!skl_worker_transaction(keep_house, NULL, &one))
			return false;
	}
	return true;
}

/* Notes the message of the error in flight in the slot and lets it go on. */
static void
note_error(MemoryContext context)
{
	ErrorData *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	skl_slot_error(error->message != NULL ? error->message : "unknown error");
	FreeErrorData(error);
}

/* One turn; returns true when there is nothing more to do now. */
static bool
run_turn(MemoryContext context)
{
	volatile int64 rows = 0;
	int limit = skl_guc.worker_batch_size;
	bool drained;

	MemoryContextReset(context);
	MemoryContextSwitchTo(context);
	skl_slot_turn_begin();
	PG_TRY();
	{
		rows = spec->turn(limit);
	}
	PG_CATCH();
	{
		note_error(context);
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(TopMemoryContext);
	if (skl_my_slot()->state == SKL_SLOT_RUNNING)
		skl_slot_report(SKL_SLOT_IDLE, NULL);
	drained = rows < limit && skl_my_slot()->state == SKL_SLOT_IDLE;
	skl_slot_turn_end(rows, drained && (spec->busy == NULL || !spec->busy()));
	return rows < limit;
}

static void
wait_for_work(void)
{
	long timeout = *spec->naptime_ms;

	if (spec->wait != NULL)
		spec->wait(timeout);
	else
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout,
						 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
}

static void
reload_if_asked(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
}

static void
loop(void)
{
	MemoryContext context =
		AllocSetContextCreate(TopMemoryContext, "skillancer turn", ALLOCSET_DEFAULT_SIZES);

	while (!leave && skl_priority_set(spec->prompt ? 0 : skl_guc.worker_nice))
	{
		/* Also takes part in ProcSignalBarrier; without it DROP DATABASE hangs. */
		CHECK_FOR_INTERRUPTS();
		reload_if_asked();
		if (run_turn(context) && !leave)
			wait_for_work();
	}
}

void
skl_worker_main(Datum arg)
{
	SklWorkerStart start;

	memcpy(&start, MyBgworkerEntry->bgw_extra, sizeof(start));
	spec = &skl_worker_specs[start.worker];
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	if (!skl_slot_attach(start.dboid, start.worker))
		proc_exit(0); /* a twin is at work, or the database has to be free of workers */
	BackgroundWorkerInitializeConnectionByOid(start.dboid, start.roleoid, 0);
	fix_settings();
	loop();
	if (leave)
		skl_slot_reprobe();
	proc_exit(0);
}
