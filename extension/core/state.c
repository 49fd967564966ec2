/*
 * core/state.c
 *		Is this database ours, whole, and of the version of the library?
 *
 * The answer is kept in the backend and dropped by a relcache invalidation of skillancer.instance,
 * which migrate() and adopt() send through invalidate(). So a request costs one comparison, and
 * yet no backend goes on in a database that was adopted or migrated beside it.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/spi.h"
#include "core/state.h"

#include "access/xlog.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

static bool verified = false;
static int32 verified_epoch = 0;
static Oid instance_relid = InvalidOid;
static bool callback_registered = false;
static bool preloaded = false; /* by the postmaster: inherited by every backend */

PG_FUNCTION_INFO_V1(skl_fn_epoch);
PG_FUNCTION_INFO_V1(skl_fn_invalidate);
PG_FUNCTION_INFO_V1(skl_fn_library_preloaded);
PG_FUNCTION_INFO_V1(skl_fn_library_version);
PG_FUNCTION_INFO_V1(skl_fn_state_problem);

static void
instance_changed(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == instance_relid)
		verified = false;
}

static Oid
find_relation(const char *name)
{
	Oid namespace_id = get_namespace_oid(SKL_SCHEMA, true);

	return OidIsValid(namespace_id) ? get_relname_relid(name, namespace_id) : InvalidOid;
}

/* Reads identity, versions and epoch; returns what is wrong, or NULL. */
static const char *
read_state(void)
{
	static SklStmt stmt =
		SKL_STMT("SELECT i.epoch, i.system_identifier, i.database_oid::bigint, e.extversion,"
				 " (SELECT max(m.name) FROM skillancer.schema_migration m WHERE m.layer = $1),"
				 " (SELECT max(s.name) FROM skillancer.schema_source s WHERE s.layer = $1)"
				 " FROM skillancer.instance i, pg_catalog.pg_extension e"
				 " WHERE e.extname = 'skillancer'",
				 TEXTOID);
	Datum args[1] = {CStringGetTextDatum("migration")};
	const char *problem = NULL;
	char expected[32];
	bool isnull;

	snprintf(expected, sizeof(expected), UINT64_FORMAT, GetSystemIdentifier());
	skl_spi_connect();
	if (skl_spi_exec(&stmt, args, NULL) != 1)
		problem = "the schema is not there yet";
	else if (strcmp(skl_spi_text(0, 2), expected) != 0 ||
			 DatumGetInt64(skl_spi_value(0, 3, &isnull)) != (int64) MyDatabaseId)
		problem = "instance";
	else if (strcmp(skl_spi_text(0, 4), SKL_VERSION) != 0)
		problem = "the extension and the library have different versions";
	else
	{
		char *applied = skl_spi_text(0, 5);
		char *newest = skl_spi_text(0, 6);

		if (applied == NULL || newest == NULL || strcmp(applied, newest) != 0)
			problem = "the schema and the extension have different versions";
	}
	if (problem == NULL)
		verified_epoch = DatumGetInt32(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	return problem;
}

const char *
skl_state_problem(void)
{
	const char *problem;

	if (verified)
		return NULL;
	instance_relid = find_relation("instance");
	if (!OidIsValid(instance_relid))
		return "the schema is not there yet";
	if (!callback_registered)
	{
		CacheRegisterRelcacheCallback(instance_changed, (Datum) 0);
		callback_registered = true;
	}
	problem = read_state();
	verified = problem == NULL;
	return problem;
}

void
skl_state_check(void)
{
	const char *problem = skl_state_problem();

	if (problem == NULL)
		return;
	if (strcmp(problem, "instance") == 0)
		skl_fail(SKL_ERR_INSTANCE_MISMATCH);
	skl_failf(SKL_ERR_UPGRADE_NEEDED, "%s: run SELECT skillancer.migrate()", problem);
}

int32
skl_epoch(void)
{
	skl_state_check();
	return verified_epoch;
}

void
skl_state_invalidate(void)
{
	static const char *const watched[] = {"instance", "machine"};

	for (size_t i = 0; i < lengthof(watched); i++)
	{
		Oid relid = find_relation(watched[i]);

		if (OidIsValid(relid))
			CacheInvalidateRelcacheByRelid(relid);
	}
	verified = false;
}

/* epoch() returns integer: the epoch of this database. */
Datum
skl_fn_epoch(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(skl_epoch());
}

/* invalidate(): every backend forgets what it cached of state and rules. */
Datum
skl_fn_invalidate(PG_FUNCTION_ARGS)
{
	skl_state_invalidate();
	PG_RETURN_VOID();
}

/* library_version() returns text. */
Datum
skl_fn_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(SKL_VERSION));
}

/* library_preloaded() returns boolean: did the postmaster load the library, as workers need? */
Datum
skl_fn_library_preloaded(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(preloaded);
}

void
skl_state_init(void)
{
	preloaded = process_shared_preload_libraries_in_progress;
}

/* state_problem() returns text: what keeps this database from working, or NULL. */
Datum
skl_fn_state_problem(PG_FUNCTION_ARGS)
{
	const char *problem = skl_state_problem();

	if (problem == NULL)
		PG_RETURN_NULL();
	if (strcmp(problem, "instance") == 0)
		problem = "this is a copy of another database: run SELECT skillancer.adopt()";
	PG_RETURN_TEXT_P(cstring_to_text(problem));
}
