-- test/lib/own_database.sql
--	For pgTAP files that need many callers: \ir this first, \ir drop_database.sql last. The identity of a transaction
--	is frozen, so every call runs in a transaction of its own on a second connection, as the bridge's role.
--
--	people(name, id)	those that person() made
--	person(name, roles)	makes an active account with a profile and returns its id
--	as_caller(name, sql)	what the statement's first column is as that person (NULL: anonymous), or {"error", "message", "details"}
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SELECT 'own_' || pg_backend_pid() AS own_database, current_database() AS first_database \gset
CREATE DATABASE :own_database;
\c :own_database
SET client_min_messages = warning;
CREATE EXTENSION skillancer CASCADE;
\o /dev/null
SELECT skillancer.migrate();
\o
CREATE EXTENSION pgtap;
CREATE EXTENSION dblink;

CREATE TABLE people (name text PRIMARY KEY, id skillancer.user_id NOT NULL);

CREATE FUNCTION person(p_name text, VARIADIC p_roles text[]) RETURNS skillancer.user_id LANGUAGE plpgsql AS $$
DECLARE v_id skillancer.user_id := skillancer.new_id()::skillancer.user_id;
BEGIN
	PERFORM skillancer.import_begin('test');
	INSERT INTO skillancer.user_account (id, email, name, state) VALUES (v_id, p_name || '@own.test', p_name, 'ACTIVE');
	INSERT INTO skillancer.user_role (user_id, role) SELECT v_id, r FROM unnest(p_roles || '{USER}') r;
	INSERT INTO skillancer.profile (user_id, display_name, is_listed) VALUES (v_id, p_name, true);
	INSERT INTO people VALUES (p_name, v_id);
	RETURN v_id;
END $$;

CREATE FUNCTION as_caller(p_name text, p_sql text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	v_answer jsonb;
	v_detail text;
BEGIN
	IF NOT 'caller' = ANY (coalesce(dblink_get_connections(), '{}')) THEN
		PERFORM dblink_connect('caller', format('host=%s port=%s user=postgres dbname=%s',
			split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database()));
	END IF;
	PERFORM dblink_exec('caller', 'BEGIN');
	PERFORM FROM dblink('caller', format('SELECT skillancer.impersonate(%L)::text',
		(SELECT id FROM people WHERE name = p_name))) AS t(x text);
	PERFORM dblink_exec('caller', 'SET LOCAL ROLE skillancer_bridge');
	SELECT to_jsonb(t.x) INTO v_answer FROM dblink('caller', p_sql) AS t(x json);
	PERFORM dblink_exec('caller', 'COMMIT');
	RETURN v_answer;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
	PERFORM dblink_exec('caller', 'ROLLBACK');
	RETURN jsonb_build_object('error', SQLSTATE, 'message', SQLERRM,
		'details', CASE WHEN v_detail ~ '^[\[{]' THEN v_detail::jsonb ELSE to_jsonb(v_detail) END);
END $$;
