/*
 * core/spi.c
 *		The one place that calls SPI: connection, kept plans, result access.
 */
#include "skl.h"

#include "core/spi.h"

#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

void
skl_spi_connect(void)
{
	int rc = SPI_connect();

	if (rc != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect: %s", SPI_result_code_string(rc));
}

void
skl_spi_finish(void)
{
	int rc = SPI_finish();

	if (rc != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish: %s", SPI_result_code_string(rc));
}

/*
 * Makes and keeps the plan of a statement at its first use. It is a generic one: our statements go
 * by keys, and planning anew for each value would cost more than running them.
 */
static void
prepare_once(SklStmt *stmt)
{
	SPIPlanPtr plan;

	if (stmt->plan != NULL)
		return;
	plan = SPI_prepare_cursor(stmt->sql, stmt->nargs, stmt->argtypes, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare: %s", SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "SPI_keepplan failed");
	stmt->plan = plan;
}

uint64
skl_spi_exec(SklStmt *stmt, const Datum *values, const char *nulls)
{
	int rc;

	prepare_once(stmt);
	rc = SPI_execute_plan(stmt->plan, (Datum *) values, nulls, false, 0);
	if (rc < 0)
		elog(ERROR, "SPI_execute_plan: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

uint64
skl_spi_exec_snapshot(SklStmt *stmt, const Datum *values, Snapshot snapshot)
{
	int rc;

	prepare_once(stmt);
	rc = SPI_execute_snapshot(stmt->plan, (Datum *) values, NULL, snapshot, InvalidSnapshot, true,
							  false, 0);
	if (rc < 0)
		elog(ERROR, "SPI_execute_snapshot: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

uint64
skl_spi_exec_text(const char *sql, int nargs, Oid *argtypes, Datum *values, const char *nulls)
{
	int rc = SPI_execute_with_args(sql, nargs, argtypes, values, nulls, false, 0);

	if (rc < 0)
		elog(ERROR, "SPI_execute_with_args: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

void
skl_spi_forget(SklStmt *stmt)
{
	if (stmt->plan != NULL)
		SPI_freeplan(stmt->plan);
	stmt->plan = NULL;
}

Datum
skl_spi_value(uint64 row, int column, bool *isnull)
{
	Assert(row < SPI_tuptable->numvals);
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

char *
skl_spi_text(uint64 row, int column)
{
	Assert(row < SPI_tuptable->numvals);
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

Datum
skl_spi_value_in(MemoryContext context, uint64 row, int column, bool *isnull)
{
	Datum value = skl_spi_value(row, column, isnull);
	MemoryContext old;
	int16 typlen;
	bool typbyval;

	if (*isnull)
		return (Datum) 0;
	get_typlenbyval(SPI_gettypeid(SPI_tuptable->tupdesc, column), &typlen, &typbyval);
	old = MemoryContextSwitchTo(context);
	value = datumCopy(value, typbyval, typlen);
	MemoryContextSwitchTo(old);
	return value;
}
