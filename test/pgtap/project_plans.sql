-- project_plans.sql
--	Gets, lists and policy checks on 20,000 projects are driven by indexes, under the bridge's role and generic plans.
\ir ../lib/own_database.sql
\ir ../lib/many_projects.sql
SELECT no_plan();

-- the plan of a statement with parameters, for one person (NULL: anonymous)
CREATE FUNCTION plan_of(p_who skillancer.user_id, p_types text, p_statement text, p_values text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_plan text;
BEGIN
	PERFORM dblink_connect('plan', format('host=%s port=%s user=postgres dbname=%s',
		split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database()));
	PERFORM dblink_exec('plan', 'BEGIN');
	PERFORM FROM dblink('plan', format('SELECT skillancer.impersonate(%L)::text', p_who)) AS t(x text);
	PERFORM dblink_exec('plan', 'SET LOCAL ROLE skillancer_bridge');
	PERFORM dblink_exec('plan', 'SET LOCAL plan_cache_mode = force_generic_plan');
	PERFORM dblink_exec('plan', format('PREPARE p(%s) AS %s', p_types, p_statement));
	SELECT string_agg(line, E'\n') INTO v_plan FROM dblink('plan', format('EXPLAIN (COSTS OFF) EXECUTE p(%s)', p_values)) AS t(line text);
	PERFORM dblink_disconnect('plan');
	RETURN v_plan;
END $$;

SELECT id AS project, client_id AS client FROM skillancer.project WHERE state = 'OPEN' ORDER BY id LIMIT 1 \gset
SELECT id AS proposal, freelancer_id AS freelancer FROM skillancer.proposal ORDER BY id LIMIT 1 \gset

SELECT unnest(ARRAY[matches(plan, '(Index Scan|Index Only Scan|Bitmap Index Scan) (Backward )?(using|on) ' || index, name || ' uses ' || index),
	doesnt_match(plan, 'Seq Scan on (project|proposal|gig|saved_project|invitation|user_account)', name || ' reads no table whole')])
FROM (VALUES
	('a project', 'project_pkey', 'skillancer.project_id', 'SELECT d.etag, d.doc FROM skillancer.project_doc d WHERE d.id = $1', quote_literal(:'project')),
	('the list of projects', 'project_public_idx', 'timestamptz, skillancer.project_id, integer',
		'SELECT d.doc FROM skillancer.project_doc d WHERE d.state = ''OPEN'' AND d.visibility = ''PUBLIC'' AND (d.published_at, d.id) < ($1, $2)
			ORDER BY d.published_at DESC, d.id DESC LIMIT $3', '''infinity'', ''ffffffff-ffff-ffff-ffff-ffffffffffff'', 21'),
	('my projects', 'project_client_idx', 'skillancer.project_id, text',
		'SELECT d.doc FROM skillancer.project_doc d WHERE d.client_id = (SELECT skillancer.current_user_id()) AND d.id < $1
			AND ($2 IS NULL OR d.state = $2) ORDER BY d.id DESC LIMIT 21', '''ffffffff-ffff-ffff-ffff-ffffffffffff'', NULL'),
	('found projects', 'project_pkey', 'skillancer.project_id[]',
		'SELECT d.doc FROM unnest($1) WITH ORDINALITY AS f(id, n) JOIN skillancer.project_doc d ON d.id = f.id', quote_literal(ARRAY[:'project'])),
	('a proposal', 'proposal_pkey', 'skillancer.proposal_id', 'SELECT d.etag, d.doc FROM skillancer.proposal_doc d WHERE d.id = $1', quote_literal(:'proposal')),
	('my proposals', 'proposal_freelancer_idx', 'skillancer.proposal_id',
		'SELECT d.doc FROM skillancer.proposal_doc d WHERE d.freelancer_id = (SELECT skillancer.current_user_id()) AND d.id < $1 ORDER BY d.id DESC LIMIT 21',
		'''ffffffff-ffff-ffff-ffff-ffffffffffff'''),
	('the proposals on a project', 'proposal_project_idx', 'skillancer.project_id, skillancer.proposal_id',
		'SELECT d.doc FROM skillancer.proposal_doc d WHERE d.project_id = $1 AND d.id < $2 ORDER BY d.id DESC LIMIT 21',
		quote_literal(:'project') || ', ''ffffffff-ffff-ffff-ffff-ffffffffffff'''),
	('a gig', 'gig_pkey', 'skillancer.gig_id', 'SELECT d.doc FROM skillancer.gig_doc d WHERE d.id = $1', 'NULL'),
	('the newest skills asked for', 'project_public_idx', 'integer',
		'SELECT p.skills FROM skillancer.project p WHERE p.state = ''OPEN'' AND p.visibility = ''PUBLIC'' ORDER BY p.published_at DESC, p.id DESC LIMIT $1', '1000')
) AS t (name, index, types, statement, vals)
CROSS JOIN LATERAL plan_of(:'freelancer', t.types, t.statement, t.vals) AS plan;

-- the search of the engine plans each call with its values
SELECT unnest(ARRAY[matches(plan, index, name || ' uses ' || index), doesnt_match(plan, 'Seq Scan', name || ' reads no table whole')])
FROM (VALUES
	('rare words', 'project_public_search_idx', 'p.q @@ websearch_to_tsquery(''pg_catalog.english'', md5(''17''))'),
	('common words', 'project_public', 'p.q @@ websearch_to_tsquery(''pg_catalog.english'', ''databases'')'),
	('a category', 'project_public_category_idx', format('p.category_id = %L', (SELECT id FROM skillancer.category WHERE slug = 'seo'))),
	('a budget', 'project_public_idx', 'p.budget_max::numeric >= 100')
) AS t (name, index, filter)
CROSS JOIN LATERAL (SELECT string_agg(line, E'\n') AS plan FROM dblink(
	format('host=%s port=%s user=postgres dbname=%s', split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database()),
	format('EXPLAIN (COSTS OFF) SELECT p.id FROM skillancer.project p WHERE p.state = ''OPEN'' AND p.visibility = ''PUBLIC'' AND %s
		ORDER BY p.published_at DESC, p.id DESC LIMIT 21', filter)) AS x(line text)) e;

SELECT * FROM finish();
\ir ../lib/drop_database.sql
