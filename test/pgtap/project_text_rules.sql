-- project_text_rules.sql
--	Slugs, contact details, nested terms and the catalogue's names.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

-- slugs
SELECT is(skillancer.slugify(t.name), t.slug, format('slug of %L', t.name))
FROM (VALUES
	('Web development', 'web-development'), ('  Node.js  ', 'node-js'), ('C++', 'c-plus-plus'), ('C#', 'c-sharp'),
	('.NET', 'dot-net'), ('R&D', 'r-and-d'), ('Čeština & Žluťoučký', 'cestina-and-zlutoucky'), ('Straße', 'strasse'),
	('don''t', 'dont'), ('a -- b', 'a-b'), ('日本語 ok', 'ok'), ('日本語', NULL), ('', NULL), ('---', NULL),
	(repeat('word ', 40), rtrim(repeat('word-', 16), '-'))
) AS t (name, slug);
SELECT ok(length(skillancer.slugify(repeat('x', 500))) <= 80, 'a slug has at most 80 bytes');

-- contact details and payment elsewhere
SELECT is(skillancer.risk_kinds(t.words), t.kinds::text[], format('risk of %L', t.words))
FROM (VALUES
	('Write to jane.doe@example.com please', '{contact_email}'),
	('jane @ example.com', '{contact_email}'),
	('jane at gmail dot com', '{contact_email}'),
	('jane (at) site (dot) io', '{contact_email}'),
	('Meet at noon. Com is a prefix.', '{}'),
	('I work @ night', '{}'),
	('We are @ the office. Thanks', '{}'),
	('[email] [phone] [link] [handle]', '{}'),
	('Call +44 20 7946 0958 now', '{contact_phone}'),
	('Call (555) 123-4567', '{contact_phone}'),
	('0151 2345 6789 00', '{contact_phone}'),
	('Order 4071893620 of the shop', '{}'),
	('call 4071893620', '{contact_phone}'),
	('I have 10000000 rows, 2,000,000 users and $1500000 of budget', '{}'),
	('between 2024-01-01 and 2024-12-31', '{}'),
	('version 1.2.3.4 of 192.168.0.1', '{}'),
	('We need a WhatsApp and Telegram bot with PayPal integration', '{}'),
	('Contact me on WhatsApp', '{contact_messenger}'),
	('my Skype id is live', '{contact_messenger}'),
	('telegram: @someone', '{contact_messenger}'),
	('see t.me/someone', '{contact_messenger}'),
	('You can pay me through PayPal directly', '{payment_elsewhere}'),
	('Let us pay outside of the platform', '{payment_elsewhere}'),
	('The site runs outside of the platform of AWS', '{}'),
	('Look at https://example.org/portfolio', '{contact_link}'),
	('www.example.org', '{contact_link}'),
	('', '{}')
) AS t (words, kinds);
SELECT is(skillancer.risk_score('{contact_email,contact_phone}'), 100, 'a score is at most 100');
SELECT is(skillancer.risk_score('{contact_link,unknown}'), 10, 'unknown kinds count nothing');
SELECT lives_ok($$ SELECT skillancer.risk_kinds(repeat('@ +1 555 at dot pay outside ', 20000)) $$, 'a long hostile text is scanned');

-- nested terms: the problems of a call
CREATE FUNCTION pg_temp.problems(p_statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_detail text;
BEGIN
	EXECUTE p_statement;
	PERFORM skillancer.check_done();
	RETURN '';
EXCEPTION WHEN SQLSTATE 'SK001' THEN
	GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
	RETURN (SELECT string_agg(d ->> 'field' || ' ' || (d ->> 'message'), '; ' ORDER BY n)
		FROM jsonb_array_elements(v_detail::jsonb) WITH ORDINALITY AS t(d, n));
END $$;
SELECT is(pg_temp.problems($$ SELECT skillancer.check_milestones('m', NULL, '10 USD'), skillancer.check_milestones('m', '[]', '10 USD'),
	skillancer.check_milestones('m', '[{"title": "a", "amount": {"amount": "4", "currency": "USD"}},
		{"title": "b", "amount": {"amount": "6.00", "currency": "USD"}, "days": 365}]', '10 USD'),
	skillancer.check_packages('p', '[{"tier": "BASIC", "price": {"amount": "1", "currency": "JPY"}, "deliveryDays": 1, "revisions": 0,
		"features": ["one"]}]'), skillancer.check_gig_lists('[]', '[{"question": "q", "answer": "a"}]', 'USD') $$), '',
	'good terms are no problem');
SELECT is(pg_temp.problems($$ SELECT skillancer.check_milestones('m', '[{"title": "", "amount": {"amount": "4.001", "currency": "USD"}, "x": 1},
	7, {"amount": {"amount": "1", "currency": "EUR"}, "days": 0.5}, {"title": "t", "amount": 5}]', '10 USD') $$),
	'm[0].title must have 1 to 200 characters; m[0].amount has more decimal places than its currency; m[0].x is not a field; '
	'm[1] must be an object; m[2].title is required; m[2].amount must be in USD; m[2].days must be a whole number; '
	'm[3].amount must be an object with amount (a decimal text) and currency, and nothing else',
	'bad milestones are named one by one');
SELECT is(pg_temp.problems($$ SELECT skillancer.check_milestones('m', '[{"title": "a", "amount": {"amount": "9.99", "currency": "USD"}}]', '10 USD') $$),
	'm must add up to the bid', 'milestones that miss the bid by a cent are refused');
SELECT is(pg_temp.problems(format('SELECT skillancer.check_milestones(%L, %L, %L)', 'm',
	(SELECT jsonb_agg(jsonb_build_object('title', 't', 'amount', jsonb_build_object('amount', '1', 'currency', 'USD'))) FROM generate_series(1, 21)), '21 USD')),
	'm must have 0 to 20 items', 'and so are more than twenty');
SELECT is(pg_temp.problems(format('SELECT skillancer.check_milestones(%L, %L, %L)', 'm', bad, '10 USD')), wanted, 'not a list: ' || bad)
FROM (VALUES ('{}', 'm must be a list'), ('"x"', 'm must be a list'), ('1', 'm must be a list'), ('null', 'm must be a list'),
	('[null]', 'm[0] must be an object'), ('[[]]', 'm[0] must be an object')) AS t (bad, wanted);
SELECT is(pg_temp.problems(format('SELECT skillancer.check_milestones(%L, %L, %L)', 'm',
	jsonb_build_array(jsonb_build_object('title', 't', 'amount', jsonb_build_object('amount', bad, 'currency', 'USD'))), '10 USD')) LIKE 'm[0].amount %',
	true, format('no amount: %L', bad))
FROM unnest('{-1,0,-0,1e3,0.1,9223372036854775808," 1",NaN,"",٣,1000001}'::text[]) AS bad;
SELECT is(pg_temp.problems($$ SELECT skillancer.check_packages('p', NULL), skillancer.check_packages('p', '[]'),
	skillancer.check_packages('p', '[{"tier": "GOLD", "price": {"amount": "0", "currency": "USD"}, "deliveryDays": 366, "revisions": 101, "features": ["", 1]},
		{"tier": "BASIC", "price": {"amount": "2", "currency": "EUR"}, "deliveryDays": 1, "revisions": 1, "features": {}},
		{"tier": "BASIC", "price": null, "deliveryDays": 1e40, "revisions": "1"}]') $$),
	'p is required; p must have 1 to 3 items; p[0].tier is not one of the words that it may be; p[0].price must be between 1 and 100000; '
	'p[0].deliveryDays must be between 1 and 365; p[0].revisions must be between 0 and 100; p[0].features[0] must have 1 to 100 characters; '
	'p[0].features[1] must be a text; p[1].price must be in USD; p[1].features must be a list of texts; p[2].tier must not be the same twice; '
	'p[2].price is required; p[2].deliveryDays must be a whole number; p[2].revisions must be a whole number',
	'bad packages are named one by one');
SELECT is(skillancer.lowest_price('[{"price": {"amount": "7", "currency": "USD"}}, {"price": {"amount": "5.50", "currency": "USD"}}, {}]'),
	'5.50 USD', 'the lowest price of the packages');
SELECT is(skillancer.lowest_price('{}'), NULL, 'no packages have no price');
SELECT is(skillancer.tidy_terms('[{"price": {"amount": "50", "currency": "USD"}, "x": 1}]', 'price'),
	'[{"x": 1, "price": {"amount": "50.00", "currency": "USD"}}]', 'amounts are stored as monetary writes them');

-- names of skills
SELECT skillancer.skill_add('Erlang', p_aliases => '{erl,"Erlang/OTP"}') AS erlang \gset
SELECT skillancer.skill_add('Elixir', p_aliases => '{ex,erl}') AS elixir \gset
SELECT is(aliases, '{ex}', 'an alias that means another skill already is left out') FROM skillancer.skill WHERE id = :'elixir';
SELECT is(skillancer.skill_add('ERL', p_aliases => '{beam}'), :'erlang', 'an alias leads to its skill, and new aliases are added there');
SELECT is(skillancer.resolve_skills('s', ARRAY['Erlang/OTP', :'elixir', 'BEAM', 'elixir']), ARRAY[:'erlang', :'elixir']::skillancer.skill_id[],
	'skills are found by any spelling or id, each once, in their order');
SELECT is(pg_temp.problems($$ SELECT skillancer.resolve_skills('s', '{erlang,nonsense-skill,日本語,skl_00000000000000000000000000}') $$),
	's[1] is not a known skill; s[2] is not a known skill; s[3] is not a known skill', 'unknown ones are named');
SELECT throws_ok(format('INSERT INTO skillancer.skill (slug, name, aliases) VALUES (%L, %L, %L)', 'erlang-otp-2', 'x', '{beam}'), '23505', NULL,
	'no two skills share an alias');
SELECT is(skillancer.skill_merge(:'elixir', :'erlang'), 0, 'a skill is merged into another');
SELECT is(skillancer.resolve_skills('s', ARRAY['ex', 'elixir', :'elixir']), ARRAY[:'erlang']::skillancer.skill_id[], 'its names and its id lead to the other');
SELECT throws_ok(format('SELECT skillancer.skill_merge(%L, %L)', :'elixir', :'erlang'), 'SK002', NULL, 'it cannot be merged twice');
SELECT throws_ok(format('SELECT skillancer.skill_merge(%L, %L)', :'erlang', :'erlang'), 'SK002', NULL, 'nor into itself');

-- the tree of categories
INSERT INTO skillancer.category (slug, name, depth) VALUES ('tree-1', '1', 1) RETURNING id AS c1 \gset
INSERT INTO skillancer.category (slug, name, depth, parent_id) VALUES ('tree-2', '2', 2, :'c1') RETURNING id AS c2 \gset
INSERT INTO skillancer.category (slug, name, depth, parent_id) VALUES ('tree-3', '3', 3, :'c2') RETURNING id AS c3 \gset
SELECT throws_ok(format('INSERT INTO skillancer.category (slug, name, depth, parent_id) VALUES (%L, %L, 4, %L)', 'tree-4', '4', :'c3'), '23514', NULL,
	'no fourth level');
SELECT throws_ok(format('INSERT INTO skillancer.category (slug, name, depth, parent_id) VALUES (%L, %L, 3, %L)', 'tree-4', '4', :'c1'), '23503', NULL,
	'a level is one below its parent''s');
SELECT throws_ok(format('UPDATE skillancer.category SET parent_id = %L, depth = 2 WHERE id = %L', :'c3', :'c1'), '23503', NULL, 'no cycle');
SELECT set_eq(format('SELECT unnest(skillancer.category_subtree(%L))', :'c1'), ARRAY[:'c1', :'c2', :'c3']::skillancer.category_id[],
	'the subtree of a category');

SELECT * FROM finish();
ROLLBACK;
