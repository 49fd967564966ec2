/*
 * check.c
 *		Is everything as it should be, before clients come?
 *
 * The bridge trusts row-level security to decide what a client sees, so its role must not be able
 * to go around it: no superuser, no BYPASSRLS, no membership in mighty roles, nothing owned, no
 * write to any table. It refuses to start otherwise. --check looks at all of that, and at server,
 * schema, keys and catalogue, and prints one line each.
 */
#include "check.h"

#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "keys.h"
#include "tls.h"

#define OLDEST_SERVER 150020

/* One row for each thing that the role can do and should not. */
static const char role_query[] =
	"with me as (select * from pg_catalog.pg_roles where rolname = current_user),"
	" rel as (select c.oid, c.oid::regclass::text as name, c.relkind, c.relowner"
	"  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
	"  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema') "
	"select 'is superuser' from me where rolsuper "
	"union all select 'bypasses row-level security' from me where rolbypassrls "
	"union all select 'may create roles' from me where rolcreaterole "
	"union all select 'may create databases' from me where rolcreatedb "
	"union all select 'may replicate' from me where rolreplication "
	"union all select 'is member of ' || r.rolname from pg_catalog.pg_roles r, me"
	" where r.oid <> me.oid and pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER')"
	" and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolname ~ '^(pg_|skillancer_)') "
	"union all select 'owns ' || rel.name from rel, me where rel.relowner = me.oid "
	"union all select 'owns function ' || p.oid::regprocedure::text"
	" from pg_catalog.pg_proc p, me where p.proowner = me.oid "
	"union all select 'may write ' || rel.name from rel"
	" where case when rel.relkind in ('r','p','v','f','m') then"
	" pg_catalog.has_table_privilege(rel.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, "
	"TRIGGER')"
	" or pg_catalog.has_any_column_privilege(rel.oid, 'INSERT, UPDATE, REFERENCES') end "
	"union all select 'may use sequence ' || rel.name from rel"
	" where case when rel.relkind = 'S' then"
	" pg_catalog.has_sequence_privilege(rel.oid, 'USAGE, UPDATE') end "
	"union all select 'may create objects in schema ' || n.nspname from pg_catalog.pg_namespace n"
	" where n.nspname !~ '^pg_(temp|toast)' and pg_catalog.has_schema_privilege(n.oid, 'CREATE') "
	"union all select 'may create schemas' where"
	" pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') "
	"limit 20";

/* Connect, waiting at most five seconds. */
static PGconn *
connect_briefly(const SklConfig *config)
{
	const char *const names[] = {"dbname", "connect_timeout", "application_name", NULL};
	const char *const values[] = {config->database, "5", "skillancer-bridge check", NULL};

	return PQconnectdbParams(names, values, 1);
}

/* Run the query of the role's powers; each is reported through the callback. */
static SklRoleVerdict
ask_role(PGconn *conn, void (*report)(const char *power))
{
	PGresult *result = PQexec(conn, role_query);
	SklRoleVerdict verdict = SKL_ROLE_UNKNOWN;

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
	{
		verdict = PQntuples(result) == 0 ? SKL_ROLE_GOOD : SKL_ROLE_TOO_MIGHTY;
		for (int i = 0; i < PQntuples(result); i++)
			report(PQgetvalue(result, i, 0));
	}
	PQclear(result);
	return verdict;
}

static void
log_power(const char *power)
{
	skl_log(SKL_LOG_ERROR, "role", "the role of the bridge %s; it must not", power);
}

static void
print_power(const char *power)
{
	printf("FAIL role: it %s; it must not\n", power);
}

/* Ask the database whether the role can do too much; what it can is logged. */
SklRoleVerdict
skl_check_role(const SklConfig *config)
{
	PGconn *conn = connect_briefly(config);
	SklRoleVerdict verdict = SKL_ROLE_UNKNOWN;

	if (PQstatus(conn) == CONNECTION_OK)
		verdict = ask_role(conn, log_power);
	if (verdict == SKL_ROLE_UNKNOWN)
		skl_log(SKL_LOG_WARN, "role", "cannot ask what the role may do: %s", PQerrorMessage(conn));
	PQfinish(conn);
	return verdict;
}

/* At start: only a role that can do too much keeps the bridge from serving. A database that is
 * down is asked again later. */
bool
skl_check_at_start(const SklConfig *config)
{
	return skl_check_role(config) != SKL_ROLE_TOO_MIGHTY;
}

/* Print the outcome of one check; returns 1 for a failure. */
static int
outcome(bool good, const char *what, const char *detail)
{
	printf("%s %s%s%s\n", good ? "ok  " : "FAIL", what, *detail ? ": " : "", detail);
	return good ? 0 : 1;
}

/* Cut libpq's message at its line end. */
static void
first_line(const char *text, char *line, size_t size)
{
	size_t length = strcspn(text, "\n");

	snprintf(line, size, "%.*s", (int) length, text);
}

static int
check_tls(const SklConfig *config)
{
	char detail[512];
	bool good = skl_tls_check(config, detail, sizeof(detail));

	return *config->tls_certificate != '\0' ? outcome(good, "tls", detail) : 0;
}

static int
check_media(const SklConfig *config)
{
	bool good = access(config->media_dir, R_OK | W_OK | X_OK) == 0;

	return *config->media_dir != '\0'
			   ? outcome(good, "media", good ? config->media_dir : strerror(errno))
			   : 0;
}

static int
check_keys(const SklConfig *config)
{
	char detail[256];
	SklKeyring *ring =
		skl_keyring_load(config->jwt_key_dir, config->jwt_active_key, detail, sizeof(detail));

	if (ring != NULL)
		snprintf(detail, sizeof(detail), "%d in %s, %s signs", ring->count, config->jwt_key_dir,
				 ring->keys[ring->active].kid);
	skl_keyring_free(ring);
	return outcome(ring != NULL, "keys", detail);
}

/* Run a query that gives one row when all is well; its text or the error is the detail. */
static int
check_value(PGconn *conn, const char *what, const char *query)
{
	PGresult *result = PQexec(conn, query);
	bool good = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
	char detail[256];

	if (good)
		snprintf(detail, sizeof(detail), "%.200s", PQgetvalue(result, 0, 0));
	else if (PQresultStatus(result) == PGRES_TUPLES_OK)
		snprintf(detail, sizeof(detail), "not found; see SELECT * FROM skillancer.status()");
	else
		first_line(PQresultErrorMessage(result), detail, sizeof(detail));
	PQclear(result);
	return outcome(good, what, detail);
}

static int
check_database(PGconn *conn)
{
	char detail[256];
	int failures;

	first_line(PQerrorMessage(conn), detail, sizeof(detail));
	if (outcome(PQstatus(conn) == CONNECTION_OK, "connection", detail) != 0)
		return 1;
	snprintf(detail, sizeof(detail), "%s", PQparameterStatus(conn, "server_version"));
	failures = outcome(PQserverVersion(conn) >= OLDEST_SERVER, "server", detail);
	switch (ask_role(conn, print_power))
	{
		case SKL_ROLE_GOOD:
			failures += outcome(true, "role", PQuser(conn));
			break;
		case SKL_ROLE_TOO_MIGHTY:
			failures++;
			break;
		case SKL_ROLE_UNKNOWN:
			first_line(PQerrorMessage(conn), detail, sizeof(detail));
			failures += outcome(false, "role", detail);
	}
	failures += check_value(conn, "extension",
							"select extversion from pg_catalog.pg_extension"
							" where extname = 'skillancer'");
	failures += check_value(conn, "catalogue",
							"select pg_catalog.json_array_length(coalesce(c->'routes', c))"
							" || ' routes' from skillancer.route_catalogue() c");
	failures += check_value(conn, "schema",
							"select 'current' from skillancer.metrics()"
							" where name = 'skillancer_schema_current' and value > 0");
	return failures;
}

/* --check: print every finding; returns the exit status. */
int
skl_check_all(const SklConfig *config)
{
	PGconn *conn = connect_briefly(config);
	int failures = outcome(true, "configuration", "");

	failures += check_keys(config);
	failures += check_tls(config);
	failures += check_media(config);
	failures += check_database(conn);
	PQfinish(conn);
	return failures == 0 ? 0 : 1;
}
