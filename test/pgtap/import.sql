-- import.sql
--	Importing files: problems of each row, what is taken over and how, a second run, estimated fields.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(41);

-- currencies and countries
INSERT INTO skillancer.import_currency (code, "numeric", minor_unit, name) VALUES
	('USD', '840', '2', 'US Dollar'), ('JPY', '392', '0', 'Yen'), ('EUR', '978', '3', 'Euro'), ('QQQ', '1', '2', 'Nothing'),
	('USD', '840', '2', 'US Dollar'), ('GBP', 'x', '2', NULL);
SELECT results_eq('SELECT * FROM skillancer.import_currencies()', 'VALUES (6, 2, 0, 4)', 'two currencies are good, four rejected');
SELECT results_eq(
	$$SELECT row_number, problems FROM skillancer.import_rejection ORDER BY run_id, row_number$$,
	$$VALUES (3::bigint, ARRAY['minor_unit is 3, type monetary has 2']), (4, ARRAY['code is not a currency of type monetary']),
		(5, ARRAY['code was there before']),
		(6, ARRAY['numeric is not a number of three digits', 'name has 0 characters, 1 to 100 are allowed'])$$,
	'every problem of every row is reported');
SELECT is((SELECT count(*) FROM skillancer.import_currency), 0::bigint, 'staging is empty afterwards');
INSERT INTO skillancer.import_currency (code, "numeric", minor_unit, name) VALUES ('USD', '840', '2', 'US Dollar'), ('JPY', '392', '0', 'Japanese Yen');
SELECT results_eq('SELECT * FROM skillancer.import_currencies()', 'VALUES (2, 1, 1, 0)', 'a changed name is taken over, the rest is known');
SELECT is((SELECT name FROM skillancer.currency WHERE code = 'JPY'), 'Japanese Yen', 'the name has changed');
INSERT INTO skillancer.import_country (alpha2, alpha3, "numeric", name, region, subregion, dial, currency, languages) VALUES
	('DE', 'DEU', '276', 'Germany', 'Europe', 'Western Europe', '49', 'EUR', 'de'),
	('IN', 'IND', '356', 'India', 'Asia', 'Southern Asia', '91', 'INR', 'en-IN,hi'), ('xx', NULL, '1', 'Nowhere', NULL, NULL, NULL, NULL, NULL);
SELECT results_eq('SELECT * FROM skillancer.import_countries()', 'VALUES (3, 2, 0, 1)', 'countries');
SELECT is((SELECT languages FROM skillancer.country WHERE code = 'IN'), '{en-IN,hi}'::text[], 'languages become an array');

-- skills: a taxonomy, names used at least twice, other spellings
INSERT INTO skillancer.import_skill (slug, name, aliases, category) VALUES
	('glass_blowing', 'Glass blowing', '{"glassblowing","JS"}', 'Business & Finance'), ('javascript', 'JavaScript', '{"Livescript 1"}', NULL),
	('bad', '', '{oops', NULL);
INSERT INTO skillancer.import_esco_skill (label, alt_labels) VALUES
	('glass blowing', '{"blow glass"}'), ('unheard of', '{"never mentioned"}');
INSERT INTO skillancer.import_job (job_id, title, description, job_type, budget_min, budget_max, fixed_budget, currency, experience_level, skills,
	duration, category, track, client_country_code, client_total_spent, client_hires) VALUES
	('j1', 'Blow some glasses', 'Twelve glasses, all alike.', 'fixed', NULL, NULL, '500.00', 'USD', 'expert',
		'{"Glass Blowing","Kiln care","once only","js"}', '1-3 months', NULL, 'javascript_developer', 'DE', '100', '3'),
	('j2', 'Keep the kiln warm', 'Every day, all year round.', 'hourly', '10', '20.50', NULL, 'USD', NULL,
		'{"kiln care"}', NULL, 'Data Analytics', NULL, 'DE', '100', '3'),
	('j3', 'No budget is named', E'Any budget\x07 will do.', 'hourly', NULL, NULL, NULL, 'USD', 'entry', '{}', '2', NULL, 'nowhere', 'IN', NULL, NULL),
	('j4', 'No budget is named', 'Any budget will do, really.', 'fixed', NULL, NULL, NULL, 'USD', 'expert', '{}', NULL, NULL, NULL, NULL, NULL, NULL),
	('j5', 'No', 'short', 'weekly', NULL, NULL, '1.005', 'USD', 'guru', '{broken', NULL, NULL, NULL, 'ZZ', NULL, NULL),
	('j1', 'The same again', 'The same posting once more.', 'fixed', NULL, NULL, '5', 'USD', 'expert', '{}', NULL, NULL, NULL, 'DE', NULL, NULL),
	('j6', 'Too many skills', 'Nobody can do all of this.', 'fixed', NULL, NULL, '5', 'USD', NULL,
		(SELECT array_agg('s' || i)::text FROM generate_series(1, 21) i), NULL, NULL, NULL, 'DE', NULL, NULL),
	('j7', 'Upside down', 'The lower bound is above.', 'hourly', '30', '20', NULL, 'USD', NULL, NULL, NULL, NULL, NULL, 'DE', NULL, NULL),
	('j8', 'Far too cheap', 'Less than one dollar for it.', 'fixed', NULL, NULL, '0.99', 'USD', NULL, NULL, NULL, NULL, NULL, 'DE', NULL, NULL);
CREATE TEMP TABLE staged AS SELECT * FROM skillancer.import_job;
SELECT results_eq('SELECT * FROM skillancer.import_skills()', 'VALUES (4, 2, 1, 1)', 'a new skill, a used name; one known, one rejected');
SELECT is(k.aliases, '{blow-glass,glassblowing}'::text[], 'aliases of the taxonomy and of ESCO; a spelling that means another skill is left out')
FROM skillancer.skill k WHERE k.slug = 'glass-blowing';
SELECT is((SELECT k.slug FROM skillancer.skill_key s JOIN skillancer.skill k ON k.id = s.skill_id WHERE s.key = 'livescript-1'), 'javascript',
	'a known skill gets new spellings');
SELECT is((SELECT name FROM skillancer.skill WHERE slug = 'kiln-care'), 'Kiln care', 'a name used twice is a skill');
SELECT is((SELECT count(*) FROM skillancer.skill WHERE slug IN ('once-only', 'unheard-of')), 0::bigint, 'a name used once is none, nor is one that only ESCO has');

-- postings
SELECT results_eq('SELECT * FROM skillancer.import_jobs()', 'VALUES (9, 4, 0, 5)', 'four postings are good');
SELECT results_eq(
	$$SELECT j.row_number, j.key, j.problems FROM skillancer.import_rejection j JOIN skillancer.import_run r ON r.id = j.run_id
		WHERE r.kind = 'job' ORDER BY 1$$,
	$$VALUES (5::bigint, 'j5', ARRAY['title has 2 characters, 5 to 200 are allowed', 'description has 5 characters, 10 to 10000 are allowed',
			'skills is not an array', 'job_type is neither fixed nor hourly', 'experience_level is unknown', 'client_country_code is not a country']),
		(6, 'j1', ARRAY['job_id was there before']), (7, 'j6', ARRAY['21 skills, at most 20 are allowed']),
		(8, 'j7', ARRAY['budget_min is above budget_max']), (9, 'j8', ARRAY['budget is outside 1 to 1000000'])$$,
	'every problem of every posting');
CREATE TEMP TABLE imported AS SELECT o.key, o.estimated, p.* FROM skillancer.import_object o
	JOIN skillancer.project p ON p.id = o.object_id::skillancer.project_id WHERE o.kind = 'job';
SELECT results_eq($$SELECT key, state, visibility, budget_min::text, budget_max::text, experience, duration FROM imported ORDER BY key$$,
	$$VALUES ('j1' COLLATE "C", 'OPEN', 'PUBLIC', '500.00 USD', '500.00 USD', 'EXPERT', '1_TO_3_MONTHS'),
		('j2', 'OPEN', 'PUBLIC', '10.00 USD', '20.50 USD', NULL, NULL), ('j3', 'OPEN', 'PUBLIC', '5.50 USD', '25.00 USD', 'ENTRY', NULL),
		('j4', 'OPEN', 'PUBLIC', '150.00 USD', '2000.00 USD', 'EXPERT', NULL)$$, 'open public projects with budgets');
SELECT results_eq($$SELECT key, estimated FROM imported ORDER BY key$$,
	$$VALUES ('j1' COLLATE "C", '{category}'::text[]), ('j2', '{}'), ('j3', '{budget,category}'), ('j4', '{budget,category}')$$,
	'what was estimated is flagged');
SELECT is((SELECT array_agg(s.slug ORDER BY u.n) FROM imported i, unnest(i.skills) WITH ORDINALITY u (id, n) JOIN skillancer.skill s ON s.id = u.id
	WHERE i.key = 'j1'), '{glass-blowing,kiln-care,javascript}'::text[], 'known skills in their order, by any spelling');
SELECT is((SELECT c.slug FROM imported i JOIN skillancer.category c ON c.id = i.category_id WHERE i.key = 'j2'), 'data-analysis', 'category by name');
SELECT is((SELECT c.slug FROM imported i JOIN skillancer.category c ON c.id = i.category_id WHERE i.key = 'j1'), 'web-development', 'category by track');
SELECT is((SELECT description FROM imported WHERE key = 'j3'), 'Any budget will do.', 'control characters are gone');
SELECT ok((SELECT bool_and(published_at = skillancer.now() AND expires_at > skillancer.now() + interval '29 days') FROM imported),
	'the time of import is the time of publication');
SELECT is((SELECT count(*) FROM skillancer.due d JOIN imported i ON i.id::uuid = d.id WHERE d.event = 'expire' AND d.due_at = i.expires_at), 4::bigint,
	'each has its timer');
SELECT is((SELECT count(DISTINCT client_id) FROM imported), 3::bigint, 'one client for each country, spent and hires');
SELECT results_eq(
	$$SELECT DISTINCT a.state, r.roles, c.user_id IS NULL, v.status FROM imported i JOIN skillancer.user_account a ON a.id = i.client_id
		JOIN (SELECT user_id, array_agg(role ORDER BY role) AS roles FROM skillancer.user_role GROUP BY user_id) r ON r.user_id = a.id
		LEFT JOIN skillancer.user_credential c ON c.user_id = a.id
		JOIN skillancer.verification v ON v.user_id = a.id AND v.kind = 'EMAIL'$$,
	$$VALUES ('ACTIVE', '{CLIENT,USER}'::text[], true, 'PENDING')$$, 'clients are active, without password or proven address');
SELECT is((SELECT count(*) FROM skillancer.audit WHERE action = 'import.begin'), 5::bigint, 'every import leaves an audit row');
INSERT INTO skillancer.import_job (job_id, title, description, job_type, budget_min, budget_max, fixed_budget, currency, experience_level, skills,
	duration, category, track, client_country_code, client_total_spent, client_hires)
SELECT job_id, title, description, job_type, budget_min, budget_max, fixed_budget, currency, experience_level, skills,
	duration, category, track, client_country_code, client_total_spent, client_hires FROM staged ORDER BY row_number;
SELECT results_eq('SELECT * FROM skillancer.import_jobs()', 'VALUES (9, 0, 4, 5)', 'a second run adds nothing');
SELECT is((SELECT count(*) FROM skillancer.project), (SELECT count(*) FROM imported), 'and no project is there twice');

-- freelancers
INSERT INTO skillancer.import_freelancer (freelancer_id, headline, bio, skills, country_code, hourly_rate, currency, review_count, badge) VALUES
	('flc_1', 'Glass blower and video editor', NULL, '{"Glassblowing","unknown skill"}', 'DE', '14.11', 'USD', '12', NULL),
	('pph_2', NULL, 'I write about glass.', NULL, 'IN', NULL, NULL, NULL, NULL),
	('pph_3', repeat('x', 201), repeat('x', 5001), '{"', 'ZZ', '0.5', 'USD', NULL, NULL);
CREATE TEMP TABLE staged_people AS SELECT * FROM skillancer.import_freelancer;
SELECT results_eq('SELECT * FROM skillancer.import_freelancers()', 'VALUES (3, 2, 0, 1)', 'freelancers');
SELECT is((SELECT cardinality(j.problems) FROM skillancer.import_rejection j WHERE j.key = 'pph_3'), 5, 'five problems of one row');
SELECT results_eq(
	$$SELECT a.email, p.headline, p.hourly_rate::text, skillancer.skill_count(p.skills), p.country, p.is_listed
		FROM skillancer.user_account a JOIN skillancer.profile p ON p.user_id = a.id WHERE a.email LIKE '%@import.invalid' AND a.email NOT LIKE 'client%' ORDER BY 1$$,
	$$VALUES ('flc_1@import.invalid', 'Glass blower and video editor', '14.11 USD', 1, 'DE', true), ('pph_2@import.invalid', NULL, NULL, NULL, 'IN', true)$$,
	'accounts and profiles');
SELECT is((SELECT (k).level FROM skillancer.profile p, skillancer.skills(p.skills) k WHERE p.headline = 'Glass blower and video editor'), 3,
	'the level is estimated by the reviews');
SELECT is((SELECT estimated FROM skillancer.import_object WHERE kind = 'freelancer' AND key = 'flc_1'), '{name,skillLevels}'::text[], 'and flagged');
INSERT INTO skillancer.import_freelancer (freelancer_id, country_code) SELECT freelancer_id, country_code FROM staged_people WHERE country_code <> 'ZZ';
SELECT results_eq('SELECT * FROM skillancer.import_freelancers()', 'VALUES (2, 0, 2, 0)', 'a second run adds nobody');

-- gigs
INSERT INTO skillancer.import_gig (category, subcategory, title, rating, review_count, price_from, currency) VALUES
	('Video & Animation', 'Book TrailersNew', 'I will film your book like a feature', '5.0', '3', '10.50', 'EUR'),
	('Lifestyle', 'Gaming', 'I will play chess with you for an hour', NULL, '0', '60000', 'EUR'),
	('Lifestyle', 'Gaming', 'too short', NULL, '0', '0.5', 'EUR');
SELECT results_eq('SELECT * FROM skillancer.import_gigs()', 'VALUES (3, 2, 0, 1)', 'gigs');
SELECT results_eq(
	$$SELECT g.state, p.headline, c.slug COLLATE "default", g.price_from::text, jsonb_array_length(g.packages), g.packages -> 1 -> 'price' ->> 'amount'
		FROM skillancer.gig g JOIN skillancer.profile p ON p.user_id = g.freelancer_id JOIN skillancer.category c ON c.id = g.category_id
		WHERE g.title LIKE 'I will film%'$$,
	$$VALUES ('ACTIVE', 'Glass blower and video editor', 'book-trailers', '10.50 EUR', 3, '23.10')$$,
	'the owner fits, the label New is gone, packages derive from the price');
SELECT is((SELECT jsonb_array_length(packages) FROM skillancer.gig WHERE price_from = '60000 EUR'), 1, 'no package above the highest price');
SELECT is((SELECT count(*) FROM skillancer.gig_revision r JOIN skillancer.gig g ON g.id = r.gig_id AND g.revision = r.revision), 2::bigint, 'each gig has its revision');
SELECT is((SELECT parent.slug FROM skillancer.category c JOIN skillancer.category parent ON parent.id = c.parent_id WHERE c.slug = 'book-trailers'),
	'video-animation', 'the subcategory is new below a known category');

-- sign-ins for a demo
SELECT skillancer.make_demo_sign_ins();
SELECT results_eq($$SELECT role FROM skillancer.demo_sign_ins()$$, $$VALUES ('CLIENT'), ('FREELANCER'), ('ADMIN')$$, 'a client, a freelancer and an administrator');
SELECT ok((SELECT bool_and(skillancer.password_verify(s.password, c.password_hash)) FROM skillancer.demo_sign_ins() s
	JOIN skillancer.user_account a ON a.email = s.email JOIN skillancer.user_credential c ON c.user_id = a.id), 'their passwords are right');
SELECT ok(EXISTS (SELECT FROM imported i JOIN skillancer.user_account a ON a.id = i.client_id WHERE a.email = 'client@example.com'),
	'the client owns imported projects');

SELECT * FROM finish();
ROLLBACK;
