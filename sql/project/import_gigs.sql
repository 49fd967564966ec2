/*
 * sql/project/import_gigs.sql
 *		Importing gigs: a title, a place in the catalogue and a lowest price become an offer with packages.
 */

-- gig_owner_pattern(): what the headline of an owner speaks of
CREATE OR REPLACE FUNCTION skillancer.gig_owner_pattern(p_category text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT coalesce((SELECT v.pattern FROM (VALUES
		('development-it', 'develop|program|software|web|wordpress|shopify|app|data|engineer|php|python|cyber'),
		('writing-translation', 'writ|copy|translat|editor|proofread|content|journalis|author|blog|linguist'),
		('video-animation', 'video|animat|motion|film|photograph|3d|illustrat'),
		('music-audio', 'music|audio|voice|sound|sing|song|produc'),
		('marketing', 'market|seo|social media|ppc|ads|advert|brand|lead gen'),
		('business-finance', 'business|account|financ|consult|assistant|data entry|research|legal|hr|project manag')
		) AS v (slug, pattern) WHERE v.slug = p_category), '.')
$$;
COMMENT ON FUNCTION skillancer.gig_owner_pattern(text) IS
	'Regular expression for headlines that fit a top category; any headline for the others.';

-- gig_packages(): three packages from the lowest price
CREATE OR REPLACE FUNCTION skillancer.gig_packages(p_price skillancer.monetary, p_subject text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT jsonb_agg(jsonb_build_object('tier', t.tier, 'title', t.title, 'description', format(t.description, lower(p_subject)),
		'price', skillancer.apply_bps(p_price, t.bps)::jsonb, 'deliveryDays', t.days, 'revisions', t.revisions,
		'features', to_jsonb(t.features)) ORDER BY t.bps)
	FROM (VALUES
		('BASIC', 'Essential', 'A small, well-defined piece of %s.', 10000, 3, 1, ARRAY['One deliverable', 'Source files']),
		('STANDARD', 'Complete', 'A complete piece of %s with a second round of changes.', 22000, 6, 2,
			ARRAY['Up to three deliverables', 'Source files', 'Commercial use']),
		('PREMIUM', 'Full service', 'Everything around %s, with priority and support afterwards.', 45000, 12, 5,
			ARRAY['Up to ten deliverables', 'Source files', 'Commercial use', 'Support for 30 days'])
		) AS t (tier, title, description, bps, days, revisions, features)
	WHERE skillancer.apply_bps(p_price, t.bps)::numeric <= 100000
$$;
COMMENT ON FUNCTION skillancer.gig_packages(skillancer.monetary, text) IS
	'BASIC at the price, STANDARD at 2.2 and PREMIUM at 4.5 times of it, as far as a price may go.';

-- gig_problems(): finds what is wrong with the staged gigs
CREATE OR REPLACE FUNCTION skillancer.gig_problems()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.import_gig s SET problems = array_remove(ARRAY[
		skillancer.length_problem('title', skillancer.import_text(s.title), 10, 100),
		CASE WHEN skillancer.slugify(s.category) IS NULL THEN 'category is missing' END,
		CASE WHEN skillancer.slugify(s.subcategory) IS NULL THEN 'subcategory is missing' END,
		CASE WHEN skillancer.try_monetary(s.price_from, s.currency) IS NULL THEN 'price_from and currency are not an amount'
			WHEN skillancer.try_monetary(s.price_from, s.currency)::numeric NOT BETWEEN 1 AND 100000
			THEN 'price_from is outside 1 to 100000' END,
		CASE WHEN d.n > 1 THEN 'the same row was there before' END], NULL)
	FROM (SELECT g.row_number, row_number() OVER (PARTITION BY g.key ORDER BY g.row_number) AS n FROM skillancer.import_gig g) d
	WHERE d.row_number = s.row_number;
END
$$;
COMMENT ON FUNCTION skillancer.gig_problems() IS 'Sets the problems of every row of import_gig.';

-- import_gig_categories(): the subcategories of the staged gigs
CREATE OR REPLACE FUNCTION skillancer.import_gig_categories()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.category (slug, name)
	SELECT DISTINCT skillancer.import_category_slug(s.category), s.category
	FROM skillancer.import_gig s WHERE s.problems = '{}'
	ON CONFLICT (slug) DO NOTHING;
	INSERT INTO skillancer.category (parent_id, depth, slug, name)
	SELECT DISTINCT ON (skillancer.slugify(s.name)) p.id, 2, skillancer.slugify(s.name), s.name
	FROM (SELECT DISTINCT g.category, regexp_replace(g.subcategory, '(New|Beta)$', '') AS name
		FROM skillancer.import_gig g WHERE g.problems = '{}') s
	JOIN skillancer.category p ON p.slug = skillancer.import_category_slug(s.category) AND p.depth = 1
	ORDER BY skillancer.slugify(s.name), s.category
	ON CONFLICT (slug) DO NOTHING;
END
$$;
COMMENT ON FUNCTION skillancer.import_gig_categories() IS
	'Categories that gigs name and the catalogue lacks; the labels New and Beta of the source are cut off.';

-- import_gig_rows(): active gigs for the new rows
CREATE OR REPLACE FUNCTION skillancer.import_gig_rows(p_run bigint, p_seed integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_added integer;
BEGIN
	WITH freelancer AS MATERIALIZED (
		SELECT o.key, p.user_id, coalesce(p.headline, left(p.bio, 200)) AS headline
		FROM skillancer.import_object o JOIN skillancer.profile p ON p.user_id = o.object_id::skillancer.user_id
		WHERE o.kind = 'freelancer'),
	owners AS MATERIALIZED (
		SELECT c.slug, array_agg(f.user_id ORDER BY f.key) AS ids
		FROM (SELECT DISTINCT skillancer.import_category_slug(category) AS slug FROM skillancer.import_gig) c
		JOIN freelancer f ON f.headline ~* skillancer.gig_owner_pattern(c.slug)
		GROUP BY c.slug)
	INSERT INTO skillancer.gig (id, freelancer_id, state, title, description, category_id, tags, packages, price_from,
		activated_at)
	SELECT o.object_id::skillancer.gig_id,
		w.ids[1 + (('x' || left(md5(p_seed || o.key), 7))::bit(28)::integer % cardinality(w.ids))],
		'ACTIVE', t.title, skillancer.gig_description(t.title, t.subject), c.id,
		ARRAY(SELECT DISTINCT x FROM unnest(ARRAY[lower(t.subject), lower(s.category)]) x),
		skillancer.gig_packages(t.price, t.subject), t.price, skillancer.now()
	FROM skillancer.import_gig s
	JOIN skillancer.import_object o ON o.kind = 'gig' AND o.run_id = p_run AND o.key = s.key
	CROSS JOIN LATERAL (SELECT skillancer.import_text(s.title) AS title,
		regexp_replace(s.subcategory, '(New|Beta)$', '') AS subject,
		skillancer.try_monetary(s.price_from, s.currency) AS price) t
	JOIN owners w ON w.slug = skillancer.import_category_slug(s.category)
	LEFT JOIN skillancer.category c ON c.slug = skillancer.slugify(t.subject)
	WHERE s.problems = '{}' ORDER BY o.object_id;
	GET DIAGNOSTICS v_added = ROW_COUNT;
	INSERT INTO skillancer.gig_revision (gig_id, revision, freelancer_id, title, description, packages, extras, faq, requirements)
	SELECT g.id, g.revision, g.freelancer_id, g.title, g.description, g.packages, g.extras, g.faq, g.requirements
	FROM skillancer.gig g JOIN skillancer.import_object o ON o.kind = 'gig' AND o.run_id = p_run AND o.object_id = g.id::uuid;
	RETURN v_added;
END
$$;
COMMENT ON FUNCTION skillancer.import_gig_rows(bigint, integer) IS
	'Gigs and their first revision for the objects of kind gig that this run has made; the seed draws the owners.';

-- gig_description(): words for a gig that has only a title
CREATE OR REPLACE FUNCTION skillancer.gig_description(p_title text, p_subject text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT format(E'%s.\n\nThis is an offer in %s. Tell me what you need and by when; the packages say what each price includes, how long it takes and how many rounds of changes you have. Questions before you order are welcome.',
		rtrim(p_title, '.!'), lower(p_subject))
$$;
COMMENT ON FUNCTION skillancer.gig_description(text, text) IS 'A neutral description of a gig made of its title and subject.';

-- import_gigs()
CREATE OR REPLACE FUNCTION skillancer.import_gigs(p_seed integer DEFAULT 1,
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint := skillancer.import_start('gig');
BEGIN
	IF NOT EXISTS (SELECT FROM skillancer.import_object o WHERE o.kind = 'freelancer') THEN
		RAISE EXCEPTION 'gigs need owners' USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Import freelancers first.';
	END IF;
	PERFORM skillancer.gig_problems();
	PERFORM skillancer.import_gig_categories();
	INSERT INTO skillancer.import_object (kind, key, object_id, estimated, run_id)
	SELECT 'gig', s.key, skillancer.new_id(), '{freelancer,description,packages}', v_run
	FROM skillancer.import_gig s WHERE s.problems = '{}' ORDER BY s.row_number
	ON CONFLICT ON CONSTRAINT import_object_pkey DO NOTHING;
	ANALYZE skillancer.import_object, skillancer.import_gig;
	rows_added := skillancer.import_gig_rows(v_run, p_seed);
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_gig', 'title', rows_added) f;
END
$$;
COMMENT ON FUNCTION skillancer.import_gigs(integer) IS
	'Takes over import_gig: active gigs of imported freelancers. The seed draws the owners, the same for the same seed.';
