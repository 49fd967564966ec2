-- matching.sql
--	The match score beside a second computation in SQL for random pairs, who is found and who is not, what a candidate
--	search may leave out, and percentiles of rates.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SET LOCAL client_min_messages = warning;
\ir ../lib/market.sql
SELECT no_plan();
SELECT setseed(0.29);

-- 60 freelancers and 40 projects of 8 clients, out of few skills and words
SELECT skillancer.import_begin('test') \g /dev/null
CREATE TEMP TABLE word AS SELECT w, row_number() OVER () AS n FROM unnest('{logo,shop,database,mobile,translation,animated,invoice,spanish,camera,harbour}'::text[]) w;
CREATE TEMP TABLE known AS SELECT k.id, row_number() OVER (ORDER BY k.slug) AS n FROM skillancer.skill k
WHERE k.slug IN ('javascript', 'react', 'typescript', 'node-js', 'sql', 'postgresql', 'docker', 'linux', 'css', 'html');
SELECT pg_temp.add_person('f' || n, 'FREELANCER') FROM generate_series(1, 60) n \g /dev/null
SELECT pg_temp.add_person('c' || n, 'CLIENT') FROM generate_series(1, 8) n \g /dev/null
CREATE FUNCTION pg_temp.some_words(p_n integer) RETURNS text LANGUAGE sql VOLATILE AS
	$$ SELECT string_agg(w, ' ') FROM (SELECT w FROM word ORDER BY random() ^ (1.0 / n) DESC LIMIT p_n) x $$;
UPDATE skillancer.profile p SET
	headline = pg_temp.some_words(1 + (random() * 3)::integer), bio = pg_temp.some_words(2 + (random() * 3)::integer),
	hourly_rate = CASE WHEN random() < 0.8 THEN skillancer.monetary_of((1000 + random() * 8000)::bigint, CASE WHEN random() < 0.8 THEN 'USD' ELSE 'EUR' END) END,
	availability = (ARRAY['FULL_TIME', 'PART_TIME', 'OCCASIONAL', NULL])[1 + (random() * 3)::integer],
	rank = (random() * 9000)::integer
FROM person x WHERE x.id = p.user_id AND x.name LIKE 'f%';
UPDATE skillancer.profile p SET skills = s.skills
FROM (SELECT x.id, skillancer.skillset_of(array_agg(k.id), array_agg(1 + (random() * 3)::integer), array_agg(0)) AS skills
	FROM person x, known k WHERE x.name LIKE 'f%' AND random() < 0.35 GROUP BY x.id) s WHERE s.id = p.user_id;
INSERT INTO skillancer.project (client_id, state, visibility, title, description, skills, budget_kind, budget_min, budget_max, experience, published_at, expires_at)
SELECT x.id, 'OPEN', 'PUBLIC', 'Needed: ' || pg_temp.some_words(3), 'What has to be done', coalesce((SELECT array_agg(k.id) FROM known k WHERE random() < 0.3 + n * 0), '{}'),
	CASE n % 2 WHEN 0 THEN 'HOURLY' ELSE 'FIXED' END, skillancer.monetary_of(500, 'USD'), skillancer.monetary_of((1000 + random() * 6000 * (1 + n % 2 * 9))::bigint, 'USD'),
	(ARRAY['ENTRY', 'INTERMEDIATE', 'EXPERT', NULL])[1 + n % 4], skillancer.now(), skillancer.now() + interval '30 days'
FROM generate_series(1, 40) n JOIN person x ON x.name = 'c' || (1 + n % 8);
SELECT skillancer.set_identity(NULL) \g /dev/null
SELECT ok(skillancer.refresh_matching() > 0, 'skills and words are counted');
SELECT is(skillancer.refresh_matching(), 0::bigint, 'and nothing has changed the second time');

-- the definition of the score, by counting in the tables themselves
CREATE FUNCTION pg_temp.idf(p_documents bigint) RETURNS double precision LANGUAGE sql AS $$
	SELECT ln(1 + count(*)::double precision / greatest(p_documents, 1)) FROM skillancer.profile p WHERE p.is_public AND p.is_listed
$$;
CREATE FUNCTION pg_temp.credit(p_have skillancer.skillset, p_skill skillancer.skill_id, p_level integer) RETURNS double precision LANGUAGE sql AS $$
	SELECT CASE WHEN l IS NULL THEN 0 WHEN l >= p_level THEN 1 ELSE greatest(0.4, l::double precision / p_level) END FROM skillancer.skill_level(p_have, p_skill) l
$$;
CREATE FUNCTION pg_temp.defined(p_project skillancer.project_id, p_user skillancer.user_id) RETURNS double precision[] LANGUAGE sql AS $$
	WITH j AS (SELECT p.*, CASE p.experience WHEN 'EXPERT' THEN 4 WHEN 'INTERMEDIATE' THEN 2 ELSE 1 END AS level FROM skillancer.project p WHERE p.id = p_project),
	f AS (SELECT * FROM skillancer.profile p WHERE p.user_id = p_user),
	wish AS (
		SELECT pg_temp.idf((SELECT count(*) FROM skillancer.profile p WHERE p.is_public AND p.is_listed AND skillancer.skill_level(p.skills, s) IS NOT NULL)) AS idf,
			greatest(coalesce(pg_temp.credit(f.skills, s, j.level), 0),
				coalesce((SELECT max(0.7 * pg_temp.credit(f.skills, r.skill_id, j.level)) FROM skillancer.skill_parent r WHERE r.parent_id = s), 0),
				coalesce((SELECT max(0.4 * pg_temp.credit(f.skills, r.parent_id, j.level)) FROM skillancer.skill_parent r WHERE r.skill_id = s), 0)) AS credit
		FROM j, f, unnest(j.skills) s),
	title AS (
		SELECT pg_temp.idf((SELECT count(*) FROM skillancer.profile p WHERE p.is_public AND p.is_listed AND p.q @@ quote_literal(w)::tsquery)) AS idf,
			CASE WHEN ts_filter(f.q, '{a}') @@ quote_literal(w)::tsquery THEN 1 WHEN f.q @@ quote_literal(w)::tsquery THEN 0.8 ELSE 0 END AS credit
		FROM j, f, unnest(tsvector_to_array(to_tsvector('english', j.title))) w),
	price AS (SELECT f.hourly_rate AS r, j.budget_max AS b, j.budget_kind AS k,
		(skillancer.monetary_minor(skillancer.fx_value(j.budget_max, 'USD'))::double precision / skillancer.monetary_minor(skillancer.fx_value(f.hourly_rate, 'USD'))) AS usd_hours FROM j, f)
	SELECT ARRAY[
		coalesce((SELECT sum(idf * credit) / nullif(sum(idf), 0) FROM wish), 0.5),
		(SELECT sum(idf * credit) / sum(idf) FROM title),
		(SELECT rank / 10000.0 FROM f),
		(SELECT CASE WHEN r IS NULL THEN 0.5 WHEN h IS NULL THEN 0.5 WHEN k = 'FIXED' THEN least(1, h / 8) ELSE least(1, greatest(0, 2 - 1 / h)) END
			FROM price, LATERAL (SELECT CASE WHEN skillancer.monetary_currency(r) = 'USD' THEN skillancer.monetary_minor(b)::double precision / skillancer.monetary_minor(r) ELSE usd_hours END AS h) x),
		(SELECT CASE availability WHEN 'FULL_TIME' THEN 1 WHEN 'PART_TIME' THEN 0.8 WHEN 'OCCASIONAL' THEN 0.5 ELSE 0.6 END FROM f),
		(SELECT response::double precision FROM f),
		1.0 / (1 + coalesce((SELECT r.outcomes FROM skillancer.reputation r WHERE r.user_id = p_user AND r.side = 'FREELANCER'), 0))]
$$;
CREATE TEMP TABLE pair AS
SELECT p.id AS project, x.id AS person FROM skillancer.project p JOIN person c ON c.id = p.client_id, person x WHERE x.name LIKE 'f%' AND random() < 0.05;
SELECT ok((SELECT count(*) > 60 FROM pair), 'random pairs');
SELECT is((SELECT count(*) FROM pair CROSS JOIN LATERAL skillancer.match_score(pair.project, pair.person) s, LATERAL pg_temp.defined(pair.project, pair.person) d
	WHERE abs(s.skills - d[1]) > 1e-6 OR abs(s.text - d[2]) > 1e-6 OR abs(s.quality - d[3]) > 1e-6 OR abs(s.price - d[4]) > 1e-6
		OR abs(s.availability - d[5]) > 1e-6 OR abs(s.response - d[6]) > 1e-6 OR abs(s.exploration - d[7]) > 1e-6), 0::bigint, 'every part is what its definition says');
SELECT is((SELECT count(*) FROM pair CROSS JOIN LATERAL skillancer.match_score(pair.project, pair.person) s
	WHERE abs(s.score - (0.35 * s.skills + 0.15 * s.text + 0.20 * s.quality + 0.10 * s.price + 0.08 * s.availability + 0.07 * s.response + 0.05 * s.exploration)) > 1e-12),
	0::bigint, 'and the score is their weighted sum');
SELECT is((SELECT count(*) FROM pair WHERE EXISTS (SELECT FROM skillancer.match_score(pair.project, pair.person))), (SELECT count(*) FROM pair), 'everybody is eligible');

-- the best of all pairs are found: here nobody is left out by the search, because everybody has one of the keys
SELECT x.name AS client, p.id AS project FROM skillancer.project p JOIN person x ON x.id = p.client_id WHERE cardinality(p.skills) > 1 ORDER BY cardinality(p.skills) DESC, p.id LIMIT 1 \gset
CREATE TEMP TABLE answer AS SELECT e.e AS item, n FROM jsonb_array_elements(pg_temp.as_person(:'client', format('SELECT skillancer_api.project_matches(%L, 10)', :'project'))) WITH ORDINALITY AS e (e, n);
SELECT is((SELECT array_agg(item #>> '{freelancer,id}' ORDER BY n) FROM answer), (SELECT array_agg(t.user_id ORDER BY t.score DESC) FROM (
	SELECT s.user_id::text, s.score FROM person x, LATERAL skillancer.match_score(:'project', x.id) s WHERE x.name LIKE 'f%' ORDER BY s.score DESC LIMIT 10) t), 'the ten best of all');
SELECT is((SELECT count(*) FROM answer WHERE NOT (item -> 'parts' ?& '{skills,text,quality,price,availability,response,exploration}')), 0::bigint, 'with their parts');
SELECT ok((SELECT bool_and((item ->> 'score')::numeric BETWEEN 0 AND 1) FROM answer), 'between 0 and 1');
SELECT is(pg_temp.refusal('f1', format('SELECT skillancer_api.project_matches(%L)', :'project')), 'SK003', 'a freelancer does not ask for them');
SELECT is(pg_temp.refusal('f1', format('SELECT count(*) FROM skillancer.match_people(%L, 5)', :'project')), 'SK002', 'nor by the function below');
SELECT is(pg_temp.refusal(NULL, format('SELECT skillancer_api.project_matches(%L)', :'project')), 'SK101', 'a visitor neither');
SELECT is(pg_temp.refusal('f1', format('SELECT count(*) FROM skillancer.match_score(%L, %L)', :'project', pg_temp.person('f1'))), '42501', 'one pair is for operators');

-- who is not found
SELECT item #>> '{freelancer,id}' AS best FROM answer ORDER BY n LIMIT 1 \gset
CREATE FUNCTION pg_temp.finds(p_client text, p_project text, p_user text) RETURNS boolean LANGUAGE sql AS $$
	SELECT pg_temp.as_person(p_client, format('SELECT skillancer_api.project_matches(%L, 100)', p_project)) @> jsonb_build_array(jsonb_build_object('freelancer', jsonb_build_object('id', p_user)))
$$;
SELECT ok(pg_temp.finds(:'client', :'project', :'best'), 'the best one is found');
SAVEPOINT s;
UPDATE skillancer.profile SET is_public = false WHERE user_id = :'best';
SELECT ok(NOT pg_temp.finds(:'client', :'project', :'best'), 'not with a private profile');
ROLLBACK TO s;
UPDATE skillancer.profile SET is_listed = false WHERE user_id = :'best';
SELECT ok(NOT pg_temp.finds(:'client', :'project', :'best'), 'not while the account is not active');
ROLLBACK TO s;
UPDATE skillancer.profile SET availability = 'UNAVAILABLE' WHERE user_id = :'best';
SELECT ok(NOT pg_temp.finds(:'client', :'project', :'best'), 'not when unavailable');
ROLLBACK TO s;
DELETE FROM skillancer.user_role WHERE user_id = :'best' AND role = 'FREELANCER';
SELECT ok(NOT pg_temp.finds(:'client', :'project', :'best'), 'not without being a freelancer');
ROLLBACK TO s;
INSERT INTO skillancer.proposal (project_id, client_id, freelancer_id, cover_letter, bid)
SELECT p.id, p.client_id, :'best', repeat('I have done this before. ', 4), '10 USD' FROM skillancer.project p WHERE p.id = :'project';
SELECT ok(NOT pg_temp.finds(:'client', :'project', :'best'), 'not after proposing');
ROLLBACK TO s;

-- relatives: who knows what builds on it knows a part of it, and of a merged skill all
SELECT x.id AS child_only FROM person x WHERE x.name = 'f1' \gset
UPDATE skillancer.profile SET skills = skillancer.skillset_of(ARRAY(SELECT id FROM skillancer.skill WHERE slug = 'react'), '{4}', '{0}') WHERE user_id = :'child_only';
UPDATE skillancer.project SET skills = ARRAY(SELECT id FROM skillancer.skill WHERE slug = 'javascript') WHERE id = :'project';
SELECT is((SELECT (s.skills, s.matched)::text FROM skillancer.match_score(:'project', :'child_only') s), '(0.7,{})', 'React is a part of JavaScript, but not it');
SELECT skillancer.skill_add('Reaktion', NULL, '{}') AS merged \gset
UPDATE skillancer.profile SET skills = skillancer.skillset_of(ARRAY[:'merged'::skillancer.skill_id], '{4}', '{0}') WHERE user_id = :'child_only';
SELECT skillancer.skill_merge(:'merged', (SELECT id FROM skillancer.skill WHERE slug = 'javascript')) \g /dev/null
SELECT is((SELECT s.skills FROM skillancer.match_score(:'project', :'child_only') s), 1::double precision, 'another name for it is all of it');

-- recommended: nothing that the freelancer may not see
SELECT ok(jsonb_array_length(pg_temp.as_person('f2', 'SELECT skillancer_api.project_recommended(10)')) = 10, 'projects are recommended to a freelancer');
CREATE FUNCTION pg_temp.recommended(p_who text) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(e #>> '{project,id}' ORDER BY e #>> '{project,id}') FROM jsonb_array_elements(pg_temp.as_person(p_who, 'SELECT skillancer_api.project_recommended(100)')) e
$$;
CREATE TEMP TABLE shown AS SELECT unnest(pg_temp.recommended('f2'))::skillancer.project_id AS id;
SELECT is((SELECT count(*) FROM shown s, LATERAL skillancer.match_score(s.id, pg_temp.person('f2')::skillancer.user_id) m), (SELECT count(*) FROM shown), 'the score of each is that of the pair');
INSERT INTO skillancer.project (client_id, state, visibility, title, description, skills, budget_kind, budget_min, budget_max, published_at, expires_at)
SELECT p.client_id, CASE v WHEN 'DRAFT' THEN 'DRAFT' WHEN 'CLOSED' THEN 'CLOSED' ELSE 'OPEN' END, CASE WHEN v IN ('INVITE_ONLY', 'PRIVATE') THEN v ELSE 'PUBLIC' END,
	'Canary ' || p.title, p.description, p.skills, p.budget_kind, p.budget_min, p.budget_max, skillancer.now(),
	skillancer.now() + CASE v WHEN 'EXPIRED' THEN interval '-1 second' ELSE interval '30 days' END
FROM skillancer.project p, unnest('{DRAFT,CLOSED,INVITE_ONLY,PRIVATE,EXPIRED}'::text[]) v WHERE p.id IN (SELECT id FROM shown);
SELECT is(pg_temp.recommended('f2'), (SELECT array_agg(id::text ORDER BY id::text) FROM shown), 'drafts, closed, expired, private ones and those for the invited are not among them');
SELECT is(pg_temp.as_person('f2', 'SELECT skillancer_api.project_recommended(100)')::text LIKE '%Canary%', false, 'by no word');
INSERT INTO skillancer.user_role (user_id, role) SELECT p.client_id, 'FREELANCER' FROM skillancer.project p JOIN shown s ON s.id = p.id GROUP BY 1;
SELECT x.name AS owner FROM person x JOIN skillancer.project p ON p.client_id = x.id JOIN shown s ON s.id = p.id LIMIT 1 \gset
UPDATE skillancer.profile p SET skills = f.skills, headline = f.headline FROM skillancer.profile f WHERE f.user_id::uuid = pg_temp.person('f2') AND p.user_id::uuid = pg_temp.person(:'owner');
SELECT is((SELECT count(*) FROM unnest(pg_temp.recommended(:'owner')) r JOIN skillancer.project p ON p.id = r::skillancer.project_id WHERE p.client_id::uuid = pg_temp.person(:'owner')), 0::bigint, 'nor are one''s own');
SELECT is(pg_temp.refusal(NULL, 'SELECT skillancer_api.project_recommended()'), 'SK101', 'a visitor asks in vain');

-- coverage as a function of its own
SELECT is(ARRAY[skillancer.skillset_coverage('{skl_00000000000000000000000001:2}', '{skl_00000000000000000000000001:4, skl_00000000000000000000000002:1}'),
	skillancer.skillset_coverage('{skl_00000000000000000000000001:4}', '{skl_00000000000000000000000001:4, skl_00000000000000000000000002:1}', '{3,1}'),
	skillancer.skillset_coverage('{}', '{}')], '{0.25,0.75,1}'::double precision[], 'weighted coverage of a wish');

-- ordered lists
SELECT is((SELECT array_agg(e ->> 'id' ORDER BY n) FROM jsonb_array_elements(pg_temp.body(pg_temp.as_person(NULL, 'SELECT skillancer_api.freelancer_list(p_limit => 7)'))) WITH ORDINALITY AS e (e, n)),
	ARRAY(SELECT p.user_id::text FROM skillancer.profile p WHERE p.is_public AND p.is_listed AND EXISTS (SELECT FROM skillancer.user_role r WHERE r.user_id = p.user_id AND r.role = 'FREELANCER')
		ORDER BY p.rank DESC, p.user_id DESC LIMIT 7), 'freelancers by rank');
SELECT is((SELECT count(*) FROM jsonb_array_elements(pg_temp.body(pg_temp.as_person(NULL, 'SELECT skillancer_api.freelancer_list(p_skill => ''react,css'', p_limit => 100)'))) e), (SELECT count(*) FROM skillancer.profile p
	WHERE skillancer.skill_ids(p.skills) @> ARRAY(SELECT id FROM skillancer.skill WHERE slug IN ('react', 'css'))), 'with all of some skills');

-- rates: ten samples of five people, and what the percentiles are
CREATE FUNCTION pg_temp.rates(p_query text) RETURNS jsonb LANGUAGE sql AS $$ SELECT pg_temp.as_person(NULL, format('SELECT skillancer_api.rate_list(%s)', p_query)) -> 'rates' $$;
UPDATE skillancer.profile SET hourly_rate = NULL;
CREATE TEMP TABLE rated AS SELECT x.id, (ARRAY[10, 20, 30, 40, 50, 60, 70, 80, 90])[substr(x.name, 2)::integer] AS rate FROM person x WHERE x.name ~ '^f[1-9]$';
UPDATE skillancer.profile p SET hourly_rate = skillancer.monetary_of(r.rate * 100, 'USD'), skills = skillancer.skillset_of(ARRAY(SELECT id FROM skillancer.skill WHERE slug = 'docker'), '{4}', '{0}') FROM rated r WHERE r.id = p.user_id;
SELECT skillancer.set_identity(NULL), skillancer.refresh_rates() \g /dev/null
SELECT is(pg_temp.rates('p_skill => ''docker'''), '[]', 'nine samples are not enough');
UPDATE skillancer.profile p SET hourly_rate = '100 USD', skills = skillancer.skillset_of(ARRAY(SELECT id FROM skillancer.skill WHERE slug = 'docker'), '{2}', '{0}') WHERE p.user_id::uuid = pg_temp.person('f10');
SELECT skillancer.set_identity(NULL), skillancer.refresh_rates() \g /dev/null
SELECT is((SELECT array_agg(r ->> 'samples' || ' ' || (r #>> '{p10,amount}') || ' ' || (r #>> '{p25,amount}') || ' ' || (r #>> '{p50,amount}') || ' ' || (r #>> '{p75,amount}') || ' ' || (r #>> '{p90,amount}'))
	FROM jsonb_array_elements(pg_temp.rates('p_skill => ''docker''')) r), '{10 19.00 32.50 55.00 77.50 91.00}', 'ten are: 10, 20, ... 100, interpolated');
SELECT is(pg_temp.rates('p_skill => ''docker'', p_level => ''EXPERT'''), '[]', 'nine of one level');
SELECT is(jsonb_array_length(pg_temp.rates('p_category => ''devops-cloud''')), 1, 'for the category of the skill');
SELECT is(jsonb_array_length(pg_temp.rates('p_category => ''development-it''')), 1, 'and for the one above it');
SELECT is(jsonb_array_length(pg_temp.rates('')), 1, 'and for all');
SELECT is(pg_temp.rates('p_currency => ''EUR'''), '[]', 'by currency');
SELECT is(pg_temp.refusal(NULL, 'SELECT skillancer_api.rate_list(p_category => ''seo'', p_skill => ''seo'')'), 'SK001', 'a category or a skill');
INSERT INTO skillancer.proposal (project_id, client_id, freelancer_id, cover_letter, bid)
SELECT p.id, p.client_id, pg_temp.person('f' || n % 4 + 20)::skillancer.user_id, repeat('I have done this before. ', 4), skillancer.monetary_of(n * 1000, 'USD')
FROM (SELECT p.*, row_number() OVER (ORDER BY id) AS n FROM skillancer.project p WHERE p.state = 'OPEN' AND p.visibility = 'PUBLIC' AND p.budget_kind = 'FIXED' LIMIT 12) p;
SELECT skillancer.set_identity(NULL), skillancer.refresh_rates() \g /dev/null
SELECT is((SELECT count(*) FROM jsonb_array_elements(pg_temp.rates('')) r WHERE r ->> 'kind' = 'FIXED_BID'), 0::bigint, 'twelve bids of four people are nobody''s business');
UPDATE skillancer.proposal b SET freelancer_id = pg_temp.person('f30')::skillancer.user_id WHERE b.id = (SELECT id FROM skillancer.proposal WHERE bid = '10 USD' LIMIT 1);
SELECT skillancer.set_identity(NULL), skillancer.refresh_rates() \g /dev/null
SELECT is((SELECT r ->> 'samples' || ' ' || (r #>> '{p50,amount}') FROM jsonb_array_elements(pg_temp.rates('')) r WHERE r ->> 'kind' = 'FIXED_BID'), '12 65.00', 'of five they are shown');

SELECT * FROM finish();
ROLLBACK;
