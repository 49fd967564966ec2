-- project_policies.sql
--	What the policies of the project service hold even against the owner of the tables, who runs the commands: no row of
--	somebody else's is written or moved, and no answer tells whether a hidden row exists.
\ir ../lib/own_database.sql
SELECT no_plan();
SELECT count(person(name, VARIADIC roles)) > 0 AS made
FROM (VALUES ('carla', '{CLIENT}'::text[]), ('dora', '{CLIENT}'), ('fred', '{FREELANCER}'), ('flo', '{FREELANCER}'), ('mo', '{MODERATOR}')) AS t (name, roles) \gset

-- SQLSTATE of a statement as the owner with somebody's identity, rolled back; or what its first column is
CREATE FUNCTION owner_tries(p_who text, p_statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_answer text;
BEGIN
	IF NOT 'owner' = ANY (coalesce(dblink_get_connections(), '{}')) THEN
		PERFORM dblink_connect('owner', format('host=%s port=%s user=postgres dbname=%s',
			split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database()));
	END IF;
	PERFORM dblink_exec('owner', 'BEGIN');
	IF p_who IS DISTINCT FROM 'no request' THEN
		PERFORM FROM dblink('owner', format('SELECT skillancer.impersonate(%L)::text', (SELECT id FROM people WHERE name = p_who))) AS t(x text);
	END IF;
	PERFORM dblink_exec('owner', 'SET LOCAL ROLE skillancer_owner');
	BEGIN
		SELECT x INTO v_answer FROM dblink('owner', 'WITH w AS (' || p_statement || ' RETURNING 1) SELECT count(*)::text FROM w') AS t(x text);
	EXCEPTION WHEN OTHERS THEN
		v_answer := SQLSTATE;
	END;
	PERFORM dblink_exec('owner', 'ROLLBACK');
	RETURN v_answer;
END $$;

SELECT as_caller('carla', $$ SELECT to_json(r) FROM skillancer_api.project_create('A hidden draft', 'Nobody sees this one.', 'FIXED', '5 USD') r $$) #>> '{body,id}' AS hidden \gset
SELECT as_caller('carla', $$ SELECT to_json(r) FROM skillancer_api.project_create('An open project', 'Everybody sees this.', 'FIXED', '5 USD') r $$) #>> '{body,id}' AS open \gset
SELECT as_caller('carla', format('SELECT to_json(r) FROM skillancer_api.project_publish(%L) r', :'open')) #>> '{body,state}' AS state \gset
SELECT as_caller('fred', format('SELECT to_json(r) FROM skillancer_api.proposal_create(%L, repeat(''I can do it. '', 6), ''5 USD'') r', :'open')) #>> '{body,id}' AS bid \gset
SELECT as_caller('fred', $$ SELECT to_json(r) FROM skillancer_api.gig_create('A gig of fred', 'It is his own gig.', '[{"tier": "BASIC", "price": {"amount": "5", "currency": "USD"}, "deliveryDays": 1, "revisions": 0}]') r $$) #>> '{body,id}' AS gig \gset
SELECT id AS carla FROM people WHERE name = 'carla' \gset
SELECT id AS dora FROM people WHERE name = 'dora' \gset
SELECT id AS fred FROM people WHERE name = 'fred' \gset
SELECT id AS flo FROM people WHERE name = 'flo' \gset

-- the existence of hidden parents
SELECT is(owner_tries('flo', format('INSERT INTO skillancer.proposal (project_id, client_id, freelancer_id, cover_letter, bid) VALUES (%L, %L, %L, repeat(''x'', 50), ''5 USD'')',
	project, :'carla', :'flo')), wanted, 'a proposal on ' || what)
FROM (VALUES ('an open project', :'open', '1'), ('a hidden project', :'hidden', '42501'), ('no project', 'prj_01h455vb4pex5vsknk084sn02q', '42501')) AS t (what, project, wanted);
SELECT is(owner_tries('flo', format('INSERT INTO skillancer.saved_project (user_id, project_id) VALUES (%L, %L)', :'flo', project)), wanted, 'a bookmark of ' || what)
FROM (VALUES ('an open project', :'open', '1'), ('a hidden project', :'hidden', '42501'), ('no project', 'prj_01h455vb4pex5vsknk084sn02q', '42501')) AS t (what, project, wanted);
SELECT is(owner_tries('dora', format('INSERT INTO skillancer.invitation (project_id, client_id, freelancer_id) VALUES (%L, %L, %L)', project, :'dora', :'flo')), '42501', 'an invitation to ' || what || ' of another')
FROM (VALUES ('an open project', :'open'), ('a hidden project', :'hidden'), ('no project', 'prj_01h455vb4pex5vsknk084sn02q')) AS t (what, project);
SELECT is(owner_tries('flo', format('INSERT INTO skillancer.proposal_revision SELECT id, 9, client_id, %L, cover_letter, bid, delivery_days, milestones, answers FROM skillancer.proposal', :'flo')), '0',
	'a proposal of another is not seen, so nothing is copied from it');
SELECT is(owner_tries('flo', format('INSERT INTO skillancer.proposal_revision (proposal_id, revision, client_id, freelancer_id, cover_letter, bid, milestones, answers)
	VALUES (%L, 9, %L, %L, ''x'', ''5 USD'', ''[]'', ''{}'')', :'bid', :'carla', :'flo')), '42501', 'nor is a revision added to it');
SELECT is(owner_tries('flo', format('INSERT INTO skillancer.gig_revision (gig_id, revision, freelancer_id, title, description, packages, extras, faq, requirements)
	VALUES (%L, 9, %L, ''x'', ''x'', ''[]'', ''[]'', ''[]'', ''{}'')', :'gig', :'flo')), '42501', 'nor to a gig of another');

-- rows in the name of another
SELECT is(owner_tries('dora', format('INSERT INTO skillancer.project (client_id, title, description, budget_kind, budget_min, budget_max) VALUES (%L, ''A title'', ''A description'', ''FIXED'', ''5 USD'', ''5 USD'')', :'carla')),
	'42501', 'no project in the name of another');
SELECT is(owner_tries('flo', format('INSERT INTO skillancer.proposal (project_id, client_id, freelancer_id, cover_letter, bid) VALUES (%L, %L, %L, repeat(''x'', 50), ''5 USD'')', :'open', :'carla', :'fred')),
	'42501', 'no proposal in the name of another');
SELECT is(owner_tries('flo', format('INSERT INTO skillancer.proposal (project_id, client_id, freelancer_id, cover_letter, bid) VALUES (%L, %L, %L, repeat(''x'', 50), ''5 USD'')', :'open', :'dora', :'flo')),
	'42501', 'no proposal with another client than the project''s');
SELECT is(owner_tries('flo', format('INSERT INTO skillancer.gig (freelancer_id, title, description, packages, price_from) VALUES (%L, ''A gig of another'', ''A description'', ''[{}]'', ''5 USD'')', :'fred')),
	'42501', 'no gig in the name of another');
SELECT is(owner_tries('flo', format('INSERT INTO skillancer.saved_project (user_id, project_id) VALUES (%L, %L)', :'fred', :'open')), '42501', 'no bookmark in the name of another');
SELECT is(owner_tries('flo', format('INSERT INTO skillancer.risk_signal (user_id, kind, subject_type, subject_id, score) VALUES (%L, ''contact_email'', ''proposal'', skillancer.new_id(), 1)', :'fred')),
	'42501', 'no signal in the name of another');

-- changing and moving rows
SELECT is(owner_tries(who, statement), wanted, format('%s: %s', who, statement))
FROM (VALUES
	('dora', 'UPDATE skillancer.project SET title = ''Mine now''', '0'),
	('fred', 'UPDATE skillancer.project SET title = ''Mine now''', '0'),
	('carla', 'UPDATE skillancer.project SET title = ''Still mine''', '2'),
	('carla', format('UPDATE skillancer.project SET client_id = %L', :'dora'), '42501'),
	('dora', 'UPDATE skillancer.proposal SET viewed_at = now()', '0'),
	('flo', 'UPDATE skillancer.proposal SET viewed_at = now()', '0'),
	('fred', format('UPDATE skillancer.proposal SET freelancer_id = %L, client_id = %L', :'flo', :'dora'), '42501'),
	('flo', 'UPDATE skillancer.gig SET title = ''Mine now, all mine''', '0'),
	('fred', format('UPDATE skillancer.gig SET freelancer_id = %L', :'flo'), '42501'),
	('fred', 'UPDATE skillancer.proposal_revision SET cover_letter = ''''', '0'),
	('fred', 'DELETE FROM skillancer.proposal_revision', '0'),
	('fred', 'DELETE FROM skillancer.proposal', '0'),
	('carla', 'DELETE FROM skillancer.project', '0'),
	('fred', 'UPDATE skillancer.risk_signal SET score = 0', '0'),
	('carla', 'UPDATE skillancer.skill SET name = ''x''', '0'),
	('carla', 'DELETE FROM skillancer.category', '0'),
	('no request', 'UPDATE skillancer.project SET title = ''Mine now''', '0'),
	('mo', 'UPDATE skillancer.proposal SET viewed_at = now()', '0')
) AS t (who, statement, wanted);

-- without a request nothing is visible, public rows included
SET ROLE skillancer_bridge;
SELECT (SELECT count(*) FROM skillancer.project) + (SELECT count(*) FROM skillancer.category) + (SELECT count(*) FROM skillancer.skill)
	+ (SELECT count(*) FROM skillancer.skill_key) + (SELECT count(*) FROM skillancer.gig) + (SELECT count(*) FROM skillancer.proposal) AS seen \gset
RESET ROLE;
SELECT is(:'seen'::text, '0', 'without a request nothing is visible');

-- the bridge's role reads and nothing more
SELECT is(count(*), 0::bigint, 'the bridge writes no table of the project service')
FROM unnest('{category,skill,skill_key,project,proposal,proposal_revision,invitation,saved_project,gig,gig_revision,risk_signal}'::text[]) t,
	unnest('{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) p
WHERE has_table_privilege('skillancer_bridge', 'skillancer.' || t, p);
SELECT is(has_table_privilege('skillancer_bridge', 'skillancer.risk_signal', 'SELECT'), false, 'and does not see risk signals');
SELECT is(array_agg(DISTINCT c.relname::text), NULL, 'every table forces its policies')
FROM pg_class c
WHERE c.relnamespace = 'skillancer'::regnamespace AND c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
	AND c.relname ~ '^(category|skill|project|proposal|invitation|saved|gig|risk)';

-- states are the engine's
SELECT is(owner_tries('carla', 'UPDATE skillancer.project SET state = ''OPEN'' WHERE state = ''DRAFT'''), 'SK004', 'a state is not set by hand');
SELECT is(owner_tries('fred', 'UPDATE skillancer.proposal SET state = ''ACCEPTED'''), 'SK004', 'not on a proposal either');

SELECT * FROM finish();
\ir ../lib/drop_database.sql
