/*
 * sql/project/generate.sql
 *		A believable marketplace of any size, without anybody's data: figures follow the calibration (quantiles and
 *		counts of real marketplaces), words come from demo_words.sql.
 *
 * Every row depends on seed, kind and index alone: the same call makes the same rows, a second call makes none, and
 * a larger size adds to what is there. Times count back from now, so that nothing has expired.
 */

-- demo_skills(): the skills of the fields of work
CREATE OR REPLACE FUNCTION skillancer.demo_skills()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.skill (slug, name, aliases, category_id)
	SELECT DISTINCT ON (w.slug) w.slug, w.names[1],
		ARRAY(SELECT DISTINCT skillancer.slugify(a) FROM unnest(w.names[2:]) a
			WHERE skillancer.slugify(a) <> w.slug
				AND NOT EXISTS (SELECT FROM skillancer.skill_key k WHERE k.key = skillancer.slugify(a))), c.id
	FROM (SELECT f.slug AS field, skillancer.slugify(n.names[1]) AS slug, n.names
		FROM skillancer.demo_fields() f, unnest(f.skills) s,
			LATERAL (SELECT string_to_array(s, '|') AS names) n) w
	JOIN skillancer.category c ON c.slug = w.field
	WHERE NOT EXISTS (SELECT FROM skillancer.skill_key k WHERE k.key = w.slug)
	ORDER BY w.slug, w.field;
	INSERT INTO skillancer.country (code, alpha3, number, name, currencies)
	SELECT d.code, d.alpha3, d.number, d.name, ARRAY[d.currency] FROM skillancer.demo_countries() d
	ON CONFLICT ON CONSTRAINT country_pkey DO NOTHING;
END
$$;
COMMENT ON FUNCTION skillancer.demo_skills() IS 'Adds the skills and countries that generated people have, where they are missing.';

-- demo_field_skills(): the ids of the skills of each field
CREATE OR REPLACE FUNCTION skillancer.demo_field_skills(OUT slug text, OUT category_id skillancer.category_id,
	OUT ids skillancer.skill_id[], OUT names text[], OUT headline text, OUT task text, OUT offer text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT f.slug, c.id, array_agg(k.skill_id ORDER BY s.at),
		array_agg(split_part(s.name, '|', 1) ORDER BY s.at), f.headline, f.task, f.offer
	FROM skillancer.demo_fields() f
	JOIN skillancer.category c ON c.slug = f.slug,
		unnest(f.skills) WITH ORDINALITY s (name, at)
	JOIN skillancer.skill_key k ON k.key = skillancer.slugify(split_part(s.name, '|', 1))
	GROUP BY f.slug, c.id, f.headline, f.task, f.offer;
END
$$;
COMMENT ON FUNCTION skillancer.demo_field_skills() IS 'The fields of work with the ids of their category and skills.';

-- demo_field_slugs(): the fields in a fixed order
CREATE OR REPLACE FUNCTION skillancer.demo_field_slugs()
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT array_agg(f.slug ORDER BY f.slug COLLATE "C") FROM skillancer.demo_fields() f
$$;
COMMENT ON FUNCTION skillancer.demo_field_slugs() IS 'The categories of the fields of work, for drawing one.';

-- demo_field_weights(): how common each is
CREATE OR REPLACE FUNCTION skillancer.demo_field_weights()
RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT array_agg(f.weight ORDER BY f.slug COLLATE "C") FROM skillancer.demo_fields() f
$$;
COMMENT ON FUNCTION skillancer.demo_field_weights() IS 'How common the fields of demo_field_slugs() are.';

-- generate_people(): accounts of one kind with roles, without profiles
CREATE OR REPLACE FUNCTION skillancer.generate_people(p_seed integer, p_kind text, p_count integer)
RETURNS uuid[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ids    uuid[];
	v_names  text[];
	v_emails text[];
BEGIN
	SELECT array_agg(p.id ORDER BY p.n), array_agg(p.name ORDER BY p.n), array_agg(p.email ORDER BY p.n)
	INTO v_ids, v_names, v_emails
	FROM (SELECT n, skillancer.draw_id(p_seed, p_kind, n) AS id,
			skillancer.draw_one(p_seed, p_kind || '.given', n, skillancer.demo_words('given')) || ' ' ||
			skillancer.draw_one(p_seed, p_kind || '.family', n, skillancer.demo_words('family')) AS name,
			format('%s-%s-%s@demo.invalid', p_kind, p_seed, n) AS email
		FROM generate_series(1, p_count) n) p
	WHERE NOT EXISTS (SELECT FROM skillancer.user_account a WHERE a.id = p.id::skillancer.user_id);
	IF v_ids IS NOT NULL THEN
		PERFORM skillancer.import_accounts(v_ids, v_emails, v_names, upper(p_kind));
		UPDATE skillancer.verification v SET status = 'VERIFIED', verified_at = skillancer.now()
		WHERE v.user_id = ANY (v_ids::skillancer.user_id[]) AND v.kind = 'EMAIL';
	END IF;
	RETURN coalesce(v_ids, '{}');
END
$$;
COMMENT ON FUNCTION skillancer.generate_people(integer, text, integer) IS
	'Accounts of people of a kind (client, freelancer) who are not there yet; returns their ids.';

-- generate_clients()
CREATE OR REPLACE FUNCTION skillancer.generate_clients(p_seed integer, p_count integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ids uuid[] := skillancer.generate_people(p_seed, 'client', p_count);
	v_codes   text[] := (SELECT array_agg(d.code) FROM skillancer.demo_countries() d);
	v_weights integer[] := (SELECT array_agg(d.clients) FROM skillancer.demo_countries() d);
BEGIN
	INSERT INTO skillancer.profile (user_id, display_name, country, company_name, company_size, company_bio, is_listed)
	SELECT a.id, a.name, skillancer.draw_one(p_seed, 'client.country', c.n, v_codes, v_weights), f.firm,
		skillancer.draw_one(p_seed, 'client.size', c.n, '{1,2-10,11-50,51-200,201-1000,1001+}', '{30,34,20,10,4,2}'),
		skillancer.compose(p_seed, 'client.bio', c.n, f.firm || ' {is a|is a small|is a family-run|started in {2009|2014|2019|2022} as a} '
			|| lower(f.trade) || ' {company|business|firm}. {We work with freelancers {all year|when it gets busy|for what we cannot do ourselves}.|We know what we want, and {say it|write it down}.}'),
		true
	FROM generate_series(1, p_count) c (n)
	JOIN skillancer.user_account a ON a.id = skillancer.draw_id(p_seed, 'client', c.n)::skillancer.user_id
	CROSS JOIN LATERAL (SELECT t.trade, skillancer.draw_one(p_seed, 'client.firm', c.n, skillancer.demo_words('firm')) || ' ' || t.trade AS firm
		FROM (SELECT skillancer.draw_one(p_seed, 'client.trade', c.n, skillancer.demo_words('trade')) AS trade) t) f
	WHERE a.id = ANY (v_ids::skillancer.user_id[]);
	RETURN cardinality(v_ids);
END
$$;
COMMENT ON FUNCTION skillancer.generate_clients(integer, integer) IS 'Clients with a company, up to this number; returns how many are new.';

-- generate_freelancers()
CREATE OR REPLACE FUNCTION skillancer.generate_freelancers(p_seed integer, p_count integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ids uuid[] := skillancer.generate_people(p_seed, 'freelancer', p_count);
	v_codes   text[] := (SELECT array_agg(d.code) FROM skillancer.demo_countries() d);
	v_weights integer[] := (SELECT array_agg(d.freelancers) FROM skillancer.demo_countries() d);
BEGIN
	WITH field AS MATERIALIZED (SELECT * FROM skillancer.demo_field_skills()),
	person AS MATERIALIZED (
		SELECT p.n, p.id, f.ids, f.names, f.headline, skillancer.draw_int(p_seed, 'freelancer.skills', p.n, 3, 8) AS how_many,
			skillancer.draw_int(p_seed, 'freelancer.years', p.n, 1, 18) AS practice
		FROM (SELECT n, skillancer.draw_id(p_seed, 'freelancer', n)::skillancer.user_id AS id,
				skillancer.draw_one(p_seed, 'freelancer.field', n, skillancer.demo_field_slugs(), skillancer.demo_field_weights()) AS slug
			FROM generate_series(1, p_count) n) p
		JOIN field f ON f.slug = p.slug
		WHERE p.id = ANY (v_ids::skillancer.user_id[])),
	chosen AS (
		SELECT p.n, s.id, s.name, row_number() OVER (PARTITION BY p.n
				ORDER BY skillancer.draw(p_seed, 'freelancer.skill', p.n * 100 + s.at)) AS at,
			least(p.practice, 1 + (skillancer.draw(p_seed, 'freelancer.skillyears', p.n * 100 + s.at) * p.practice)::integer) AS years
		FROM person p, unnest(p.ids, p.names) WITH ORDINALITY s (id, name, at)),
	skills AS MATERIALIZED (
		SELECT c.n, skillancer.skillset_of(array_agg(c.id), array_agg(least(4, 1 + c.years / 4)::integer), array_agg(c.years)) AS skills,
			(array_agg(c.name ORDER BY c.at))[1:3] AS best
		FROM chosen c JOIN person p ON p.n = c.n AND c.at <= p.how_many GROUP BY c.n)
	INSERT INTO skillancer.profile (user_id, display_name, headline, bio, hourly_rate, skills, languages, country, availability, is_listed)
	SELECT p.id, a.name, skillancer.compose(p_seed, 'freelancer.headline', p.n, regexp_replace(p.headline, '\|\}', '|independent }')),
		skillancer.compose(p_seed, 'freelancer.bio', p.n, format('{I have|For %2$s years I have} {worked|been working} {with|in} %1$s%3$s. '
			|| '{My clients are {small firms|agencies|teams in three time zones|founders}, {most come back|many of them for years}.|I work {alone|with one partner}, {from a quiet office|from home}, and answer {within a day|the same day}.} '
			|| '{Before I start, we agree on what is done when it is done.|You get drafts early and surprises never.|I say no when something will not work, and offer what will.}',
			s.best[1], p.practice, coalesce(' and ' || s.best[2], ''))),
		skillancer.monetary_of(100 * round(skillancer.draw_quantile(p_seed, 'freelancer.rate', p.n,
			'{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}', '{9,10,11,20,32,51,66,128}'))::bigint, 'USD'),
		s.skills, CASE WHEN skillancer.draw(p_seed, 'freelancer.languages', p.n) < 0.5 THEN '{en}'
			ELSE ARRAY['en', skillancer.draw_one(p_seed, 'freelancer.language', p.n, '{de,fr,es,hi,bn,ar,pt,uk,tr,sw,id,ur,it,ja}')] END,
		skillancer.draw_one(p_seed, 'freelancer.country', p.n, v_codes, v_weights),
		skillancer.draw_one(p_seed, 'freelancer.availability', p.n, '{FULL_TIME,PART_TIME,OCCASIONAL,UNAVAILABLE}', '{45,35,15,5}'), true
	FROM person p JOIN skills s ON s.n = p.n JOIN skillancer.user_account a ON a.id = p.id;
	RETURN cardinality(v_ids);
END
$$;
COMMENT ON FUNCTION skillancer.generate_freelancers(integer, integer) IS
	'Freelancers with skills of one field, a rate and a profile, up to this number; returns how many are new.';

-- demo_round(): two significant digits
CREATE OR REPLACE FUNCTION skillancer.demo_round(p_amount double precision)
RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT (round(p_amount / u.unit) * u.unit)::bigint
	FROM (SELECT power(10, greatest(floor(log(greatest(p_amount, 1))) - 1, 0)) AS unit) u
$$;
COMMENT ON FUNCTION skillancer.demo_round(double precision) IS 'The number as people write budgets: with two digits that count.';

-- generate_marketplace()
CREATE OR REPLACE FUNCTION skillancer.generate_marketplace(p_size integer DEFAULT 300, p_seed integer DEFAULT 1)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_made jsonb;
BEGIN
	IF p_size NOT BETWEEN 10 AND 200000 THEN
		RAISE EXCEPTION 'size must be between 10 and 200000 projects' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('skillancer.import'));
	PERFORM skillancer.import_begin('generated marketplace');
	PERFORM skillancer.demo_skills();
	v_made := jsonb_build_object(
		'clients', skillancer.generate_clients(p_seed, 3 + p_size * 45 / 100),
		'freelancers', skillancer.generate_freelancers(p_seed, p_size * 5 / 2));
	ANALYZE skillancer.user_account, skillancer.profile, skillancer.skill_key;
	v_made := v_made || jsonb_build_object(
		'projects', skillancer.generate_projects(p_seed, p_size, 3 + p_size * 45 / 100),
		'gigs', skillancer.generate_gigs(p_seed, p_size * 3 / 2, p_size * 5 / 2));
	ANALYZE skillancer.project, skillancer.gig;
	v_made := v_made || jsonb_build_object(
		'proposals', skillancer.generate_proposals(p_seed, p_size, p_size * 5 / 2));
	PERFORM skillancer.make_demo_sign_ins(p_seed);
	RETURN v_made;
END
$$;
COMMENT ON FUNCTION skillancer.generate_marketplace(integer, integer) IS
	'Makes a marketplace with this many projects, and people, gigs and proposals to go with it; returns how many rows are new. For demos: it makes sign-ins with known passwords.';
