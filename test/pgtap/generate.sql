-- generate.sql
--	The generated marketplace: repeatable, growing, within the rules of the tables and near the calibration.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(32);

-- draws
SELECT is(skillancer.draw(1, 'a', 1), skillancer.draw(1, 'a', 1), 'a draw is repeatable');
SELECT ok((SELECT count(DISTINCT skillancer.draw(s, st, n)) = 4000 FROM generate_series(1, 2) s, unnest('{a,b}'::text[]) st, generate_series(1, 1000) n),
	'and differs by seed, stream and index');
SELECT ok((SELECT abs(avg(d) - 0.5) < 0.01 AND min(d) >= 0 AND max(d) < 1 FROM (SELECT skillancer.draw(7, 'even', n) AS d FROM generate_series(1, 20000) n) x),
	'draws are even');
SELECT results_eq($$SELECT DISTINCT skillancer.draw_int(1, 'die', n, 1, 6) FROM generate_series(1, 500) n ORDER BY 1$$, 'SELECT * FROM generate_series(1, 6)', 'both bounds are drawn');
SELECT throws_ok($$SELECT skillancer.draw_int(1, 'x', 1, 2, 1)$$, '22023', NULL, 'bounds the wrong way round');
SELECT is(skillancer.draw_one(1, 'x', 1, '{}'), NULL, 'nothing to choose from');
SELECT results_eq($$SELECT DISTINCT skillancer.draw_one(1, 'x', n, '{a,b,c}', '{0,5,0}') FROM generate_series(1, 100) n$$, $$VALUES ('b')$$, 'weights');
SELECT throws_ok($$SELECT skillancer.draw_one(1, 'x', 1, '{a,b}', '{1}')$$, '22023', NULL, 'one weight for each choice');
SELECT ok((SELECT abs(percentile_cont(0.5) WITHIN GROUP (ORDER BY v) - 20) < 1 AND min(v) >= 9 AND max(v) <= 128
	FROM (SELECT skillancer.draw_quantile(1, 'rate', n, '{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}', '{9,10,11,20,32,51,66,128}') AS v FROM generate_series(1, 5000) n) x),
	'a distribution has its quantiles');
SELECT throws_ok($$SELECT skillancer.draw_quantile(1, 'x', 1, '{0,1}', '{1}')$$, '22023', NULL, 'one value for each level');
SELECT ok((SELECT bool_and(id > previous) FROM (SELECT skillancer.draw_id(1, 'x', n) AS id, lag(skillancer.draw_id(1, 'x', n)) OVER (ORDER BY n) AS previous
	FROM generate_series(1, 100) n) x WHERE previous IS NOT NULL), 'ids ascend');

-- texts
SELECT is(skillancer.compose(1, 'x', 1, 'plain'), 'plain', 'a text without choices');
SELECT results_eq($$SELECT DISTINCT skillancer.compose(1, 'x', n, '{a|b{c|d}|}!') FROM generate_series(1, 200) n ORDER BY 1$$, $$VALUES ('!'), ('a!'), ('bc!'), ('bd!')$$, 'nested and empty choices');
SELECT throws_ok(format('SELECT skillancer.compose(1, %L, 1, %L)', 'x', t), '22023', 'the braces of a template do not match', 'template ' || t)
FROM unnest('{"{a","a}","{a|{b}","{{a}|"}'::text[]) t;

-- the marketplace
SELECT is(skillancer.generate_marketplace(60, 5), '{"clients": 30, "freelancers": 150, "projects": 60, "gigs": 90, "proposals": 390}'::jsonb, 'size 60 of seed 5');
CREATE TEMP VIEW content AS
SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) AS sum FROM (
	SELECT (id, client_id, state, title, description, category_id IS NULL, cardinality(skills), budget_kind, budget_min, budget_max, experience, duration, openings)::text AS x FROM skillancer.project
	UNION ALL SELECT (id, freelancer_id, state, title, packages, price_from)::text FROM skillancer.gig
	UNION ALL SELECT (id, project_id, freelancer_id, state, cover_letter, bid, delivery_days)::text FROM skillancer.proposal
	UNION ALL SELECT (user_id, display_name, headline, bio, hourly_rate, skillancer.skill_count(skills), country, company_name)::text FROM skillancer.profile
		WHERE user_id <> (SELECT id FROM skillancer.user_account WHERE email = 'admin@example.com')) r;
CREATE TEMP TABLE first AS SELECT sum FROM content;
SELECT is(skillancer.generate_marketplace(60, 5), '{"clients": 0, "freelancers": 0, "projects": 0, "gigs": 0, "proposals": 0}'::jsonb, 'again: nothing new');
SELECT is((SELECT sum FROM content), (SELECT sum FROM first), 'and nothing changed');
SELECT ok((SELECT (m ->> 'projects')::integer = 20 AND (m ->> 'freelancers')::integer = 50 FROM skillancer.generate_marketplace(80, 5) m), 'a larger size adds');
SELECT throws_ok('SELECT skillancer.generate_marketplace(5)', '22023', NULL, 'too small a size');

-- believable
SELECT is((SELECT count(*) FROM skillancer.project p WHERE p.title !~ '^[A-Z][^{}|]+$' OR p.description ~ '[{}|]' OR length(p.description) < 150), 0::bigint, 'texts are whole');
SELECT is((SELECT count(*) FROM skillancer.profile WHERE headline ~ '[{}|]' OR bio ~ '[{}|]' OR company_bio ~ '[{}|]'), 0::bigint, 'so are those of people');
SELECT is((SELECT count(*) FROM skillancer.proposal WHERE cover_letter ~ '[{}|]'), 0::bigint, 'and of proposals');
SELECT ok((SELECT bool_and(p.client_id = j.client_id AND p.freelancer_id <> j.client_id) FROM skillancer.proposal p JOIN skillancer.project j ON j.id = p.project_id), 'proposals name the client of the project');
SELECT ok((SELECT max(n) <= 50 FROM (SELECT count(*) AS n FROM skillancer.proposal WHERE state = 'SUBMITTED' GROUP BY freelancer_id) x), 'nobody has more live proposals than the limit');
SELECT is((SELECT count(*) FROM skillancer.project p WHERE p.state = 'OPEN'
	AND NOT EXISTS (SELECT FROM skillancer.due d WHERE d.id = p.id::uuid AND d.event = 'expire' AND d.due_at = p.expires_at AND d.due_at > skillancer.now())), 0::bigint, 'open projects have a timer that lies ahead');
SELECT is((SELECT count(*) FROM skillancer.proposal p WHERE NOT EXISTS (SELECT FROM skillancer.proposal_revision r WHERE r.proposal_id = p.id AND r.revision = p.revision)), 0::bigint, 'proposals have their revision');
SELECT is((SELECT count(*) FROM skillancer.risk_signal), 0::bigint, 'nothing is risky');
SELECT is((SELECT count(*) FROM skillancer.project p WHERE cardinality(skillancer.risk_kinds(p.title || ' ' || p.description)) > 0), 0::bigint, 'and no text looks so');
SELECT ok((SELECT count(*) >= 8 AND count(DISTINCT p.title) = count(*) FROM skillancer.project p JOIN skillancer.user_account a ON a.id = p.client_id
	WHERE a.email = 'client@example.com' AND p.state = 'OPEN' AND skillancer.monetary_currency(p.budget_min) = 'USD'), 'the demo client has open projects in dollars');

SELECT * FROM finish();
ROLLBACK;
