/*
 * bgworkers/careful.c
 *		Workers that find out which piece of their work brings the server down, see careful.h.
 */
#include "skl.h"

#include "bgworkers/careful.h"
#include "core/spi.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"

/* Starts without a finished tick that are taken as bad luck. */
#define STARTS_IN_GOOD_FAITH 2

/* A step of a worker, with a number. */
typedef struct Step
{
	const SklCareful *worker;
	int64 number;
} Step;

static int64
count_start(void *arg)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.worker_started($1)", TEXTOID);
	Datum name = CStringGetTextDatum(((Step *) arg)->worker->name);
	bool isnull;
	int64 starts;

	skl_spi_connect();
	skl_spi_exec(&stmt, &name, NULL);
	starts = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	return starts;
}

static int64
try_next(void *arg)
{
	return skl_worker_call(((Step *) arg)->worker->try_next, 0);
}

static int64
try_one(void *arg)
{
	const Step *step = arg;
	char *sql = psprintf("SELECT skillancer.%s($1)", step->worker->try_one);
	Oid type = INT8OID;
	Datum number = Int64GetDatum(step->number);
	bool isnull;
	int64 rows;

	skl_spi_connect();
	skl_spi_exec_text(sql, 1, &type, &number, NULL);
	rows = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	return rows;
}

static int64
tick(void *arg)
{
	const Step *step = arg;
	char *sql =
		psprintf("SELECT b.rows, b.lag_seconds FROM skillancer.%s($1) AS b", step->worker->batch);
	Oid type = INT4OID;
	Datum limit = Int32GetDatum((int32) step->number);
	bool isnull;
	int64 rows;

	skl_spi_connect();
	skl_spi_exec_text(sql, 1, &type, &limit, NULL);
	rows = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_slot_lag(DatumGetFloat8(skl_spi_value(0, 2, &isnull)));
	skl_spi_finish();
	return rows;
}

/* One step of the careful way; true while pieces are left. */
static bool
careful_step(Step *step)
{
	int64 ignored;

	step->number = 0;
	if (!skl_worker_transaction(try_next, step, &step->number))
		return true;
	if (step->number == 0)
		return false;
	skl_worker_transaction(try_one, step, &ignored);
	return true;
}

bool
skl_careful_begin(SklCareful *worker, int limit, int64 *rows)
{
	Step step = {worker, 0};
	int64 starts = 0;

	*rows = 0;
	if (!worker->counted)
	{
		if (!skl_worker_transaction(count_start, &step, &starts))
			return false;
		worker->counted = true;
		worker->careful = starts > STARTS_IN_GOOD_FAITH;
	}
	worker->careful = worker->careful && careful_step(&step);
	if (worker->careful && skl_my_slot()->state != SKL_SLOT_WAITING)
		*rows = limit;
	return !worker->careful;
}

int64
skl_careful_tick(const SklCareful *worker, int limit)
{
	Step step = {worker, limit};
	int64 rows = 0;

	skl_worker_transaction(tick, &step, &rows);
	return rows;
}
