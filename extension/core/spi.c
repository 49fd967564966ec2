/*
 * core/spi.c
 *		The one place that calls SPI: connection, kept plans, result access.
 */
#include "skl.h"

#include "core/spi.h"

#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
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

static void
set_locally(const char *setting, const char *value)
{
	(void) set_config_option(setting, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
							 false);
}

/*
 * Plans a statement that is kept. Our statements go by keys, but the tables of a young database are
 * empty, and a plan that reads them whole would be kept while they grow; and nothing of ours is
 * worth compiling.
 */
static void
plan_by_keys(SPIPlanPtr plan)
{
	int level = NewGUCNestLevel();
	CachedPlan *made;

	set_locally("enable_seqscan", "off");
	set_locally("jit", "off");
	made = SPI_plan_get_cached_plan(plan);
	if (made != NULL)
		ReleaseCachedPlan(made, CurrentResourceOwner);
	AtEOXact_GUC(true, level);
}

/*
 * Makes and keeps the plan of a statement at its first use. It is a generic one: planning anew for
 * each value would cost more than running it.
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
	plan_by_keys(plan);
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

Portal
skl_spi_open(const char *sql)
{
	SPIPlanPtr plan = SPI_prepare_cursor(sql, 0, NULL, CURSOR_OPT_NO_SCROLL);
	Portal portal;

	if (plan == NULL)
		elog(ERROR, "SPI_prepare: %s", SPI_result_code_string(SPI_result));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	if (portal == NULL)
		elog(ERROR, "SPI_cursor_open: %s", SPI_result_code_string(SPI_result));
	return portal;
}

uint64
skl_spi_fetch(Portal portal, long rows)
{
	SPI_freetuptable(SPI_tuptable);
	SPI_cursor_fetch(portal, true, rows);
	return SPI_processed;
}

void
skl_spi_close(Portal portal)
{
	SPI_freetuptable(SPI_tuptable);
	SPI_cursor_close(portal);
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
