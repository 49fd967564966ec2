-- test/lib/many_projects.sql
--	Fills a migrated database for plans and timings: 500 clients, 500 freelancers, 20,000 projects of which most are
--	open and public, 10,000 proposals, 5,000 gigs. Runs as superuser.
BEGIN;
SELECT skillancer.import_begin('test of plans') IS NULL AS importing \gset
CREATE TEMP TABLE people_many ON COMMIT DROP AS
SELECT n, skillancer.new_id()::skillancer.user_id AS id, n <= 500 AS client FROM generate_series(1, 1000) n;
INSERT INTO skillancer.user_account (id, email, name, state) SELECT id, n || '@many.test', 'Person ' || n, 'ACTIVE' FROM people_many;
INSERT INTO skillancer.user_role (user_id, role)
SELECT id, r FROM people_many, LATERAL (VALUES ('USER'), (CASE WHEN client THEN 'CLIENT' ELSE 'FREELANCER' END)) v(r);
INSERT INTO skillancer.project (client_id, state, visibility, title, description, category_id, skills, budget_kind,
	budget_min, budget_max, published_at, expires_at)
SELECT p.id, CASE WHEN i % 10 = 0 THEN 'DRAFT' WHEN i % 10 = 1 THEN 'CLOSED' ELSE 'OPEN' END,
	CASE WHEN i % 20 = 2 THEN 'PRIVATE' ELSE 'PUBLIC' END,
	'Project number ' || i || ' about ' || (ARRAY['logos', 'databases', 'translations', 'websites', 'videos'])[1 + i % 5],
	'Somebody is needed who knows the subject ' || md5((i % 4000)::text) || ' and can start soon. ',
	c.id, ARRAY[s1.id, s2.id], CASE WHEN i % 3 = 0 THEN 'HOURLY' ELSE 'FIXED' END,
	skillancer.monetary_of(1000 + i % 700 * 100, 'USD'), skillancer.monetary_of(1000 + i % 700 * 200, 'USD'),
	skillancer.now() - i * interval '1 minute', skillancer.now() + interval '30 days'
FROM generate_series(1, 20000) AS g(i)
JOIN people_many p ON p.n = 1 + i % 500
JOIN (SELECT id, row_number() OVER (ORDER BY slug) AS k, count(*) OVER () AS all_of FROM skillancer.category) c ON c.k = 1 + i % c.all_of
JOIN (SELECT id, row_number() OVER (ORDER BY slug) AS k, count(*) OVER () AS all_of FROM skillancer.skill) s1 ON s1.k = 1 + i % s1.all_of
JOIN (SELECT id, row_number() OVER (ORDER BY slug) AS k, count(*) OVER () AS all_of FROM skillancer.skill) s2 ON s2.k = 1 + (i + 7) % s2.all_of;
INSERT INTO skillancer.proposal (project_id, client_id, freelancer_id, cover_letter, bid)
SELECT p.id, p.client_id, f.id, repeat('I would like to do this work. ', 5), skillancer.monetary_of(50000, 'USD')
FROM (SELECT id, client_id, row_number() OVER (ORDER BY id) AS k FROM skillancer.project WHERE state = 'OPEN') p
JOIN people_many f ON f.n = 501 + p.k % 500
WHERE p.k <= 10000;
INSERT INTO skillancer.gig (freelancer_id, state, title, description, category_id, packages, price_from, activated_at)
SELECT f.id, 'ACTIVE', 'I will do work number ' || i, 'What I do is described here at length.', NULL,
	'[{"tier": "BASIC", "price": {"amount": "50.00", "currency": "USD"}, "deliveryDays": 3, "revisions": 1}]',
	skillancer.monetary_of(5000, 'USD'), skillancer.now() - i * interval '1 minute'
FROM generate_series(1, 5000) AS g(i) JOIN people_many f ON f.n = 501 + i % 500;
COMMIT;
ANALYZE;
