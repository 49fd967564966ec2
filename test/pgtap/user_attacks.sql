/*
 * user_attacks.sql
 *		What an attacker inside the database tries: learning of hidden rows by the errors of constraints, leaky
 *		conditions, and objects of his own that shadow ours.
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
CREATE FUNCTION pg_temp.person(p_name text, VARIADIC p_roles text[]) RETURNS skillancer.user_id LANGUAGE plpgsql AS $$
DECLARE v_user skillancer.user_id;
BEGIN
	v_user := skillancer.create_account(p_name || '@attack.test', p_name, skillancer.password_hash('Str0ngHorse9'), p_roles);
	PERFORM skillancer.email_verified(v_user);
	RETURN v_user;
END $$;
-- what a statement raises as a role: state and message, without the ids in it
CREATE FUNCTION pg_temp.answer(p_role text, p_statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_detail text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', p_role);
	EXECUTE p_statement;
	RAISE EXCEPTION USING ERRCODE = 'ZZ001';
EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
	RETURN 'done';
WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' ', SQLSTATE, SQLERRM, v_detail);
END $$;
SELECT pg_temp.person('owner', 'CLIENT') AS owner, pg_temp.person('eve', 'FREELANCER', 'CLIENT') AS eve \gset
SELECT skillancer.impersonate(:'owner');
INSERT INTO skillancer.project (client_id, visibility, title, description, budget_kind, budget_min, budget_max)
VALUES (:'owner', 'PRIVATE', 'A secret project', 'Nobody may know of it', 'FIXED', '10.00 USD', '20.00 USD')
RETURNING id AS hidden \gset
INSERT INTO skillancer.payment_method (user_id, kind, provider, token, label) VALUES (:'owner', 'PAYMENT', 'sandbox', 'tok', 'Card') RETURNING id AS method \gset
SELECT skillancer.new_id()::skillancer.project_id AS missing, skillancer.new_id()::skillancer.payment_method_id AS no_method \gset
SELECT skillancer.impersonate(:'eve');

-- foreign keys, unique indexes and ON CONFLICT say the same of hidden and of missing rows
CREATE FUNCTION pg_temp.same(p_role text, p_statement text, p_hidden text, p_missing text, p_what text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN h.answer ~ '^(42501|SK)' THEN is(h.answer, m.answer, p_what) ELSE is(h.answer, 'a refusal', p_what) END
	FROM (SELECT replace(pg_temp.answer(p_role, format(p_statement, p_hidden)), p_hidden, '?') AS answer) h,
		(SELECT replace(pg_temp.answer(p_role, format(p_statement, p_missing)), p_missing, '?') AS answer) m
$$;
SELECT pg_temp.same('skillancer_owner', format($$ INSERT INTO skillancer.proposal (project_id, client_id, freelancer_id, cover_letter, bid)
	VALUES (%%L, %L, %L, repeat('x', 60), '10.00 USD') $$, :'owner', :'eve'), :'hidden', :'missing', 'a proposal on a hidden project fails like one on no project');
SELECT pg_temp.same('skillancer_owner', format($$ INSERT INTO skillancer.saved_project (user_id, project_id) VALUES (%L, %%L) $$, :'eve'),
	:'hidden', :'missing', 'so does a bookmark');
SELECT pg_temp.same('skillancer_owner', format($$ INSERT INTO skillancer.saved_project (user_id, project_id) VALUES (%L, %%L) ON CONFLICT DO NOTHING $$, :'eve'),
	:'hidden', :'missing', 'with ON CONFLICT too');
SELECT pg_temp.same('skillancer_owner', format($$ INSERT INTO skillancer.invitation (project_id, client_id, freelancer_id)
	VALUES (%%L, %L, %L) $$, :'eve', :'owner'), :'hidden', :'missing', 'and an invitation');
SELECT pg_temp.same('skillancer_bridge', 'SELECT skillancer_api.project_get(%L)', :'hidden', :'missing', 'reading a hidden project is reading none');
SELECT pg_temp.same('skillancer_bridge', $$ SELECT skillancer_api.proposal_create(%L, repeat('x', 60), '10.00 USD') $$, :'hidden', :'missing', 'proposing on it too');
SELECT pg_temp.same('skillancer_bridge', 'SELECT skillancer_api.payment_method_remove(%L)', :'method', :'no_method', 'removing another''s card is removing none');
SELECT ok(pg_temp.answer('skillancer_bridge', format('SELECT nextval(%L)', s)) LIKE '42501%', format('%s cannot be read for counts', s))
FROM unnest('{skillancer.event_seq,skillancer.audit_seq,skillancer.ledger_txn_id_seq}'::text[]) s;

-- conditions that would print what they see
CREATE FUNCTION pg_temp.shout(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE EXCEPTION 'saw %', $1; END $$;
GRANT EXECUTE ON FUNCTION pg_temp.shout(text) TO PUBLIC;
SELECT is(pg_temp.answer('skillancer_bridge', s), 'done', left(s, 90))
FROM unnest(ARRAY[
	format($$ SELECT count(*) FROM skillancer.project WHERE id = %L AND pg_temp.shout(title) $$, :'hidden'),
	format($$ SELECT count(*) FROM skillancer.project WHERE id = %L AND title::integer = 1 $$, :'hidden'),
	format($$ SELECT count(*) FROM skillancer.project WHERE id = %L AND 1 / (openings - openings) = 1 $$, :'hidden'),
	format($$ SELECT count(*) FROM skillancer.project_doc WHERE id = %L AND (doc ->> 'title')::integer = 1 $$, :'hidden'),
	format($$ SELECT count(*) FROM skillancer.user_account WHERE id = %L AND pg_temp.shout(email) $$, :'owner'),
	format($$ SELECT count(*) FROM skillancer.payment_method_doc WHERE id = %L AND pg_temp.shout(doc::text) $$, :'method')]) s;

-- tables, functions and operators of his own
CREATE TABLE pg_temp.before AS
SELECT (SELECT (r).body::text FROM skillancer_api.me_get() r) AS me, (SELECT r::text FROM skillancer_api.categories() r) AS categories,
	(SELECT (r).body::text FROM skillancer_api.user_get(:'owner') r) AS profile;
GRANT SELECT ON pg_temp.before TO PUBLIC;
CREATE FUNCTION pg_temp.is_captured(p_statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_table record;
	v_found text;
BEGIN
	PERFORM set_config('role', 'skillancer_bridge', true);
	FOR v_table IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'skillancer'::regnamespace AND c.relkind IN ('r', 'p', 'v') LOOP
		EXECUTE format('CREATE TEMP TABLE %I AS SELECT 1 AS trap', v_table.relname);
	END LOOP;
	EXECUTE $f$ CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''captured''; END' $f$;
	EXECUTE $f$ CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''captured''; END' $f$;
	EXECUTE $f$ CREATE FUNCTION pg_temp.eq(skillancer.user_id, skillancer.user_id) RETURNS boolean LANGUAGE sql AS 'SELECT true' $f$;
	EXECUTE $f$ CREATE OPERATOR pg_temp.= (LEFTARG = skillancer.user_id, RIGHTARG = skillancer.user_id, FUNCTION = pg_temp.eq) $f$;
	PERFORM set_config('search_path', 'pg_temp, skillancer, pg_catalog', true);
	EXECUTE p_statement INTO v_found;
	RAISE EXCEPTION USING ERRCODE = 'ZZ001', MESSAGE = v_found;
EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
	RETURN SQLERRM;
WHEN OTHERS THEN
	RETURN concat_ws(' ', SQLSTATE, SQLERRM);
END $$;
SELECT is(pg_temp.is_captured($$ SELECT (r).body::text FROM skillancer_api.me_get() r $$), (SELECT me FROM pg_temp.before), 'a read of one''s own is not captured');
SELECT is(pg_temp.is_captured($$ SELECT r::text FROM skillancer_api.categories() r $$), (SELECT categories FROM pg_temp.before), 'nor is a public list');
SELECT is(pg_temp.is_captured(format($$ SELECT (r).body::text FROM skillancer_api.user_get(%L) r $$, :'owner')), (SELECT profile FROM pg_temp.before), 'nor somebody''s profile');
SELECT is(pg_temp.is_captured($$ SELECT (r).status::text FROM skillancer_api.auth_login('owner@attack.test', 'Str0ngHorse9') r $$), '200', 'nor sign-in');
SELECT is(pg_temp.is_captured($$ SELECT (r).status::text FROM skillancer_api.auth_login('owner@attack.test', 'Wr0ngHorse9') r $$), '401', 'right or wrong');
SELECT is(pg_temp.is_captured($$ SELECT (r).body ->> 'name' FROM skillancer_api.me_patch('{name}', 'Eve 2') r $$), 'Eve 2', 'nor a command');
SELECT is((SELECT name FROM skillancer.user_account WHERE id = :'owner'), 'owner', 'which changed nobody else');

SELECT * FROM finish();
ROLLBACK;
