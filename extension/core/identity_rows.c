/*
 * core/identity_rows.c
 *		The rows that decide who asks, read without the executor.
 *
 * Every request begins with these three look-ups by primary key: account, session, roles. Through
 * SPI they cost more than the function that most requests then call; as plain index scans they
 * cost a fraction of it (docs/benchmarks.md). Privileges and policies do not apply here:
 * begin_request() is the one function that decides on whose behalf they will.
 */
#include "skl.h"

#include "core/identity_rows.h"
#include "core/request.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* A scan of one table for the rows whose key column is a uuid. */
typedef struct KeyScan
{
	Relation table;
	SysScanDesc scan;
	HeapTuple row;
} KeyScan;

static void
begin_scan(KeyScan *scan, const char *table, const char *column, const pg_uuid_t *key)
{
	Oid relid = get_relname_relid(table, get_namespace_oid(SKL_SCHEMA, false));
	ScanKeyData match;

	if (!OidIsValid(relid))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("table %s.%s does not exist", SKL_SCHEMA, table)));
	scan->table = table_open(relid, AccessShareLock);
	ScanKeyInit(&match, get_attnum(relid, column), BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(key));
	scan->scan = systable_beginscan(scan->table, RelationGetPrimaryKeyIndex(scan->table), true,
									GetActiveSnapshot(), 1, &match);
}

static bool
next_row(KeyScan *scan)
{
	scan->row = systable_getnext(scan->scan);
	return HeapTupleIsValid(scan->row);
}

static Datum
column_of(const KeyScan *scan, const char *column, bool *isnull)
{
	return heap_getattr(scan->row, get_attnum(RelationGetRelid(scan->table), column),
						RelationGetDescr(scan->table), isnull);
}

/* The lock stays until the transaction ends, as after any query. */
static void
end_scan(KeyScan *scan)
{
	systable_endscan(scan->scan);
	table_close(scan->table, NoLock);
}

static void
read_account(const pg_uuid_t *user, SklIdentityRows *rows)
{
	KeyScan scan;
	bool isnull;

	begin_scan(&scan, "user_account", "id", user);
	rows->found = next_row(&scan);
	if (rows->found)
		text_to_cstring_buffer(DatumGetTextPP(column_of(&scan, "state", &isnull)), rows->state,
							   sizeof(rows->state));
	end_scan(&scan);
}

static void
read_session(const pg_uuid_t *session, const pg_uuid_t *user, TimestampTz now,
			 SklIdentityRows *rows)
{
	KeyScan scan;

	begin_scan(&scan, "session", "id", session);
	if (next_row(&scan))
	{
		bool isnull;
		bool revoked_is_null;
		Datum owner = column_of(&scan, "user_id", &isnull);
		Datum expires = column_of(&scan, "expires_at", &isnull);

		(void) column_of(&scan, "revoked_at", &revoked_is_null);
		rows->session_ok = revoked_is_null && DatumGetTimestampTz(expires) > now &&
						   memcmp(DatumGetUUIDP(owner), user, sizeof(pg_uuid_t)) == 0;
	}
	end_scan(&scan);
}

static void
read_roles(const pg_uuid_t *user, SklIdentityRows *rows)
{
	KeyScan scan;

	begin_scan(&scan, "user_role", "user_id", user);
	while (next_row(&scan))
	{
		char role[32];
		bool isnull;

		text_to_cstring_buffer(DatumGetTextPP(column_of(&scan, "role", &isnull)), role,
							   sizeof(role));
		rows->role_mask |= skl_role_bit(role);
	}
	end_scan(&scan);
}

void
skl_identity_rows(const pg_uuid_t *user, const pg_uuid_t *session, TimestampTz now,
				  SklIdentityRows *rows)
{
	memset(rows, 0, sizeof(*rows));
	read_account(user, rows);
	if (!rows->found)
		return;
	if (session != NULL)
		read_session(session, user, now, rows);
	read_roles(user, rows);
}
