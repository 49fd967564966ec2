-- test/bench/search/market.sql
--	The generated corpus as a marketplace: bench.corpus becomes active gigs of 6,000 freelancers from 60 countries, in 40
--	categories. Runs as superuser in a world. Words and their index that search does not use are left out, and the queue
--	of the indexer with them: search_rebuild() reads the gigs afterwards, and its time is the time of building.
BEGIN;
SELECT skillancer.import_begin('search benchmark') IS NULL AS importing \gset
DROP INDEX IF EXISTS skillancer.gig_active_search_idx;
ALTER TABLE skillancer.gig ALTER COLUMN q DROP EXPRESSION IF EXISTS;
CREATE TEMP TABLE person ON COMMIT DROP AS
SELECT n, skillancer.new_id()::skillancer.user_id AS id FROM generate_series(0, 5999) n;
INSERT INTO skillancer.user_account (id, email, name, state) SELECT id, n || '@bench.test', 'Person ' || n, 'ACTIVE' FROM person;
INSERT INTO skillancer.user_role (user_id, role) SELECT id, r FROM person, unnest('{USER,FREELANCER}'::text[]) r;
INSERT INTO skillancer.profile (user_id, display_name, country)
SELECT id, 'Person ' || n, chr(65 + n % 60 / 26) || chr(65 + n % 60 % 26) FROM person
ON CONFLICT (user_id) DO UPDATE SET country = excluded.country;
INSERT INTO skillancer.category (slug, name) SELECT 'bench-' || n, 'Category ' || n FROM generate_series(0, 39) n;
ALTER TABLE skillancer.gig DISABLE TRIGGER search_changed;
INSERT INTO skillancer.gig (freelancer_id, state, title, description, category_id, tags, packages, price_from, activated_at)
SELECT p.id, 'ACTIVE', c.title, c.body, k.id, ARRAY(SELECT 'skill ' || s FROM unnest(c.skills) s),
	jsonb_build_array(jsonb_build_object('tier', 'BASIC', 'price', jsonb_build_object('amount', c.price || '.00', 'currency', 'USD'),
		'deliveryDays', 1 + c.price % 30, 'revisions', 1)),
	skillancer.monetary_of(c.price * 100, 'USD'), timestamptz '2024-01-01Z' + c.day * interval '1 day'
FROM bench.corpus c
JOIN person p ON p.n = c.country + 60 * (c.id % 100)
JOIN skillancer.category k ON k.slug = 'bench-' || c.category
ORDER BY c.id;
ALTER TABLE skillancer.gig ENABLE ALWAYS TRIGGER search_changed;
COMMIT;
VACUUM ANALYZE skillancer.gig;
