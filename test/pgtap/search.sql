-- search.sql
--	Searching inside one transaction: what it makes of bad and odd requests, who finds what that is not for everybody, and saved
--	searches. Nothing is committed, so everything is found as pending (fresh).
BEGIN;
\ir ../lib/market.sql
SELECT no_plan();
SELECT pg_temp.add_person('carla', 'CLIENT'), pg_temp.add_person('dora', 'CLIENT'), pg_temp.add_person('fred', 'FREELANCER'),
	pg_temp.add_person('flo', 'FREELANCER'), pg_temp.add_person('mo', 'MODERATOR');

CREATE FUNCTION pg_temp.add_project(p_title text, p_visibility text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	v_id uuid := skillancer.new_id();
BEGIN
	PERFORM skillancer.import_begin('test');
	INSERT INTO skillancer.project (id, client_id, title, description, budget_kind, budget_min, budget_max, state, visibility, published_at)
	VALUES (v_id::skillancer.project_id, pg_temp.person('carla')::skillancer.user_id, p_title, 'What has to be done for it, and &<b>', 'FIXED',
		skillancer.monetary_of(10000, 'USD'), skillancer.monetary_of(50000, 'USD'), 'OPEN', p_visibility, skillancer.now());
	RETURN v_id;
END
$$;

-- how many a request finds for somebody
CREATE FUNCTION pg_temp.finds(p_who text, p_request jsonb) RETURNS bigint LANGUAGE sql AS
	$$ SELECT (pg_temp.as_person(p_who, format('SELECT total FROM skillancer.search_run(''project'', %L)',
		p_request || '{"fresh": true, "total": true, "correct": false}')))::bigint $$;

-- nothing is there yet
SELECT is(pg_temp.finds(NULL, '{"q": "pelican"}'), 0::bigint, 'an empty index finds nothing');
SELECT pg_temp.remember('public', pg_temp.add_project('Paint a pelican on a wall', 'PUBLIC')),
	pg_temp.remember('invite', pg_temp.add_project('Paint a pelican on a roof', 'INVITE_ONLY')),
	pg_temp.remember('private', pg_temp.add_project('Paint a pelican on a boat', 'PRIVATE'));

-- what is not for everybody
SELECT is(pg_temp.finds(NULL, '{"q": "pelican"}'), 1::bigint, 'a visitor finds what is public');
SELECT is(pg_temp.finds('dora', '{"q": "pelican"}'), 1::bigint, 'so does somebody else');
SELECT is(pg_temp.finds('carla', '{"q": "pelican"}'), 3::bigint, 'the client finds all that is hers');
SELECT is(pg_temp.finds('mo', '{"q": "pelican"}'), 3::bigint, 'and so do moderators');
SELECT is(pg_temp.finds('flo', '{"q": "boat"}'), 0::bigint, 'a word of a hidden project finds nothing');
INSERT INTO skillancer.invitation (project_id, client_id, freelancer_id)
VALUES (pg_temp.thing('invite')::skillancer.project_id, pg_temp.person('carla')::skillancer.user_id, pg_temp.person('fred')::skillancer.user_id);
SELECT is(pg_temp.finds('fred', '{"q": "pelican"}'), 2::bigint, 'who is invited finds that one, too');
SELECT is(pg_temp.as_person('flo', $$SELECT facets::jsonb -> 'budgetKind' FROM skillancer.search_run('project',
	'{"q": "pelican", "fresh": true, "facets": ["budgetKind"]}')$$), '[{"count": 1, "value": "FIXED"}]', 'facets count what one may see');
UPDATE skillancer.project SET visibility = 'PRIVATE' WHERE id = pg_temp.thing('public')::skillancer.project_id;
SELECT is(pg_temp.finds(NULL, '{"q": "pelican"}'), 0::bigint, 'and what becomes private is gone');
UPDATE skillancer.project SET visibility = 'PUBLIC' WHERE id = pg_temp.thing('public')::skillancer.project_id;

-- odd queries
SELECT is(pg_temp.finds(NULL, jsonb_build_object('q', q)), n::bigint, format('%s: %s', left(q, 40), n))
FROM (VALUES ('', 1), ('   ', 1), ('the and of', 0), ('pelican', 1), ('PELICANS', 1), ('pelic*', 1), ('"pelican wall"~3', 1), ('"wall pelican"', 0),
	('title:pelican', 1), ('body:pelican', 0), ('pelican -wall', 0), ('(roof or wall)', 1), ('((((""" ~~ -- ++ :: (or and or) *', 0),
	(repeat('(', 5000) || 'pelican', 1), (repeat('pelican ', 130000), 1), ((SELECT string_agg('w' || i, ' or ') FROM generate_series(1, 9999) i) || ' or pelican', 1)
) AS t (q, n);

-- words are those of to_tsvector, whatever stands between them
SELECT setseed(0.4) AS seeded \gset
CREATE TEMP TABLE odd AS
SELECT string_agg((a.words)[1 + floor(random() * cardinality(a.words))::integer] || (a.gaps)[1 + floor(random() * cardinality(a.gaps))::integer], '') AS body,
	CASE i % 2 WHEN 0 THEN 'english' ELSE 'german' END AS config, CASE i % 2 WHEN 1 THEN 'de' END AS language
FROM generate_series(1, 1500) i, generate_series(1, 9) j, (SELECT
	ARRAY['Running', 'the', 'DOGS', 'a', 'don''t', 'high-tech', 'e.g.', '(see', 'below)', 'x)', 'end.', 'well,', 'so:', 'http://a.b/c?d', 'a.example.com', '/usr/lib', '~/bin',
		'.hid', '-5', '+3.2e-4', '1e5', 'w1', '42', 'a_b', 'me@x.org', '&amp;', '&', '--', '...', 'été', 'Straße', 'naïve-ish', 'C++', '日本', E'e\u0301', 'x:y', 'a/b', 'v1.2.3',
		'"quoted"', '''s', '!', '?', 'go!?', '((', 'c:/d', ';', '.', ',', '<b>', '< 3', 'a.', '.net', 'and/or', E'\u00a0', '(a)', 'a:/', 'x.:', 'http:', '//'] AS words,
	ARRAY[' ', ' ', ' ', '  ', E'\n', E'\t ', E'\r\n', '', ',', ' - '] AS gaps) a
GROUP BY i;
SELECT is(string_agg(format('%s: %L', config, body), E'\n'), NULL, 'texts become the words that PostgreSQL makes of them')
FROM odd o
WHERE (SELECT array_agg(x ORDER BY x) FROM unnest(skillancer.search_words(o.body, o.language)) x) IS DISTINCT FROM
	(SELECT array_agg(v.lexeme || ':' || p ORDER BY v.lexeme || ':' || p) FROM unnest(to_tsvector(o.config::regconfig, o.body)) v, unnest(v.positions) p);

-- what is wrong is named
SELECT throws_like($$SELECT skillancer.search_run('planet', '{}')$$, '%no search index%', 'an unknown index');
SELECT is(pg_temp.refusal(NULL, format('SELECT skillancer.search_run(''project'', %L)', r)), 'SK001', r)
FROM unnest(ARRAY['{"facets": ["budget:1..2..2"]}', '{"facets": ["budget:2..1"]}', '{"sort": "colour"}', '{"facets": ["colour"]}', '{"facets": ["skill:1..2"]}', '{"facets": ["budget:x"]}', '{"filters": {"colour": ["red"]}}',
	'{"filters": {"budget": ["red"]}}', '{"after": "x"}', '{"after": "0|0|1|1|zz"}']) r;
SELECT is(pg_temp.refusal(NULL, format('SELECT skillancer_api.search_projects(p_facets => %L)', 'budget:0' || (SELECT string_agg('..' || n, '') FROM generate_series(1, n) n))), e, format('%s edges', n + 1))
FROM (VALUES (31, 'none'), (32, 'SK001')) AS t (n, e);
SELECT is(pg_temp.refusal(NULL, format('SELECT skillancer_api.search_projects(p_currency => %L)', repeat('USD,', n - 1) || 'USD')), e, format('%s values of a filter', n))
FROM (VALUES (64, 'none'), (65, 'SK001')) AS t (n, e);
SELECT is(pg_temp.refusal(NULL, format('SELECT skillancer_api.search_projects(p_cursor => %L)', 'abcdef')), 'SK001', 'a forged cursor');

SELECT is(skillancer.search_snippet('a', NULL, NULL, 0), NULL, 'no marks, no snippet');
SELECT throws_ok(format('SELECT skillancer.search_snippet(''a'', %L, NULL, 0)', m), '22023', 'invalid marks', m)
FROM unnest(ARRAY['null', '{}', '[1]', '[[1]]', '[{"a": 1}]', '[["a", "b", "c"]]', '[[]]']) m;

-- a page, with its rows read again under the caller's policies
SELECT is(pg_temp.as_person(NULL, $$SELECT (skillancer_api.search_projects('pelican', p_fresh => true, p_explain => true)).body$$)
	#>> '{0,highlights,title}', 'Paint a <mark>pelican</mark> on a wall', 'titles come with marks');
SELECT is(pg_temp.as_person(NULL, $$SELECT (skillancer_api.search_projects('pelican done', p_fresh => true)).body$$)
	#>> '{0,highlights,snippet}', 'What has to be <mark>done</mark> for it, and &amp;&lt;b&gt;', 'and texts are escaped');
SELECT ok(abs((e #>> '{score}')::numeric - (e #>> '{text}')::numeric - (e #>> '{prior,score}')::numeric - (e #>> '{proximity,score}')::numeric
	- (e #>> '{personal,score}')::numeric) < 0.0001, 'the parts of an explanation add up to the score')
FROM (SELECT pg_temp.as_person(NULL, $$SELECT (skillancer_api.search_projects('pelican wall', p_fresh => true, p_explain => true)).body$$) -> 0 -> 'explanation') x (e);

-- who asks finds first, of two that are alike, what has to do with them; explained, and over pages; visitors do not
SELECT pg_temp.remember('plain', pg_temp.add_project('Feed a cormorant', 'PUBLIC')), pg_temp.remember('near', pg_temp.add_project('Feed a cormorant', 'PUBLIC'));
UPDATE skillancer.project p SET skills = ARRAY(SELECT id FROM skillancer.skill WHERE slug = x.slug)
FROM (VALUES ('plain', 'python'), ('near', 'javascript')) AS x (thing, slug) WHERE p.id = pg_temp.thing(x.thing)::skillancer.project_id;
INSERT INTO skillancer.profile (user_id, display_name, skills)
SELECT pg_temp.person('fred')::skillancer.user_id, 'Fred', skillancer.skillset_of(array_agg(id), '{4}', '{0}') FROM skillancer.skill WHERE slug = 'javascript'
ON CONFLICT (user_id) DO UPDATE SET skills = excluded.skills;
SELECT is(pg_temp.as_person(w, $$SELECT (skillancer_api.search_projects('feed cormorant', p_fresh => true)).body$$) #>> '{0,project,id}',
	pg_temp.thing(t)::skillancer.project_id::text, format('%s finds the %s one first', coalesce(w, 'a visitor'), t))
FROM (VALUES (NULL, 'plain'), ('flo', 'plain'), ('fred', 'near')) AS x (w, t);
SELECT is(pg_temp.as_person(w, $$SELECT (skillancer_api.search_projects('feed cormorant', p_fresh => true, p_explain => true)).body$$) #> '{0,explanation,personal,factor}', f::text::jsonb,
	format('for %s it gains that much', coalesce(w, 'a visitor')))
FROM (VALUES (NULL, 1), ('fred', 1.05)) AS x (w, f);

-- what is not in a row of the document itself but in it all the same has it indexed anew
DELETE FROM skillancer.search_queue;
UPDATE skillancer.skill SET name = 'JavaScript and more' WHERE slug = 'javascript';
SELECT set_eq('SELECT q.index_id::integer, q.entity_id FROM skillancer.search_queue q', format('VALUES (1, %L::uuid), (3, %L::uuid)', pg_temp.thing('near'), pg_temp.person('fred')),
	'a skill that is renamed, those that have it');
DELETE FROM skillancer.search_queue;
UPDATE skillancer.skill SET aliases = aliases || 'livescript'::text WHERE slug = 'javascript';
SELECT is((SELECT count(*) FROM skillancer.search_queue), 0::bigint, 'another alias, none');
INSERT INTO skillancer.verification (user_id, kind, status, verified_at)
SELECT pg_temp.person('flo')::skillancer.user_id, k, 'VERIFIED', skillancer.now() FROM unnest('{IDENTITY,PHONE}'::text[]) k;
SELECT set_eq('SELECT q.index_id::integer, q.entity_id, q.op::text FROM skillancer.search_queue q', format('VALUES (1, %1$L::uuid, ''o''), (2, %1$L, ''o''), (3, %1$L, ''d'')', pg_temp.person('flo')),
	'a verified identity, what belongs to the person');

-- the language that a text says it is in picks its dictionaries
SELECT pg_temp.as_person('carla', $$SELECT (skillancer_api.project_create('Häuser malen im Sommer', 'Viele Häuser sollen bald gestrichen werden', 'FIXED', '100 USD', p_language => 'de')).body$$) AS made \gset
SELECT is(:'made'::jsonb ->> 'language', 'de', 'a project says its language');
SELECT is(pg_temp.as_person('carla', format('SELECT (skillancer_api.project_update(%L, ''{language}'', p_language => ''fr'')).body', :'made'::jsonb ->> 'id')) ->> 'language', 'fr', 'which can be changed');
SELECT is(pg_temp.refusal('carla', format('SELECT skillancer_api.project_update(%L, ''{language}'', p_language => ''German'')', :'made'::jsonb ->> 'id')), 'SK001', 'to a code');
SELECT pg_temp.remember('german', pg_temp.add_project('Viele Häuser malen', 'PUBLIC'));
UPDATE skillancer.project SET language = 'de' WHERE id = pg_temp.thing('german')::skillancer.project_id;
SELECT is(pg_temp.finds(NULL, '{"q": "haus", "language": "de"}'), 1::bigint, 'and is found by the words of that language');

-- saved searches are their owner's
SELECT pg_temp.as_person('fred', $$SELECT skillancer_api.saved_search_create('project', 'Birds', 'pelican or heron', '{"budget": {"max": 900}}')$$) ->> 'status' AS status \gset
SELECT is(:'status'::text, '201', 'a search is saved');
SELECT is(jsonb_array_length(pg_temp.body(pg_temp.as_person('fred', 'SELECT skillancer_api.saved_search_list()'))), 1, 'its owner sees it');
SELECT is(jsonb_array_length(pg_temp.body(pg_temp.as_person('flo', 'SELECT skillancer_api.saved_search_list()'))), 0, 'nobody else does');
SELECT is(pg_temp.refusal('flo', format('SELECT skillancer_api.saved_search_delete(%L)', (SELECT id FROM skillancer.saved_search LIMIT 1))), 'SK002',
	'nor may anybody else delete it');
SELECT is((SELECT word FROM skillancer.saved_search LIMIT 1), NULL::text, 'alternatives have no word that a document must have');
SELECT is(skillancer.search_rarest('project', 'the pelican -wall roof*'), 'pelican', 'others have');
SELECT is(pg_temp.refusal('fred', $$SELECT skillancer_api.saved_search_create('project', 'Birds', NULL, '{"colour": ["red"]}')$$), 'SK001', 'filters are checked');
SELECT * FROM finish();
ROLLBACK;
