/*
 * sql/user/import.sql
 *		Importing people: freelancers from a file, and the accounts that other imports need.
 *
 * Imported people have no password: they sign in by the password reset, which also proves their address.
 */

-- import_accounts(): accounts of imported or generated people
CREATE OR REPLACE FUNCTION skillancer.import_accounts(p_ids uuid[], p_emails text[], p_names text[], p_role text)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_count integer;
BEGIN
	INSERT INTO skillancer.user_account (id, email, name, state)
	SELECT p.id::skillancer.user_id, p.email, p.name, 'ACTIVE'
	FROM unnest(p_ids, p_emails, p_names) WITH ORDINALITY AS p (id, email, name, n) ORDER BY p.n;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	INSERT INTO skillancer.user_role (user_id, role)
	SELECT p::skillancer.user_id, r FROM unnest(p_ids) p, unnest(ARRAY['USER', p_role]) r;
	INSERT INTO skillancer.verification (user_id, kind, status)
	SELECT p::skillancer.user_id, 'EMAIL', 'PENDING' FROM unnest(p_ids) p;
	RETURN v_count;
END
$$;
COMMENT ON FUNCTION skillancer.import_accounts(uuid[], text[], text[], text) IS
	'Makes active accounts without password, with the role USER and one more. Only within an import.';

-- freelancer_problems(): finds what is wrong with the staged freelancers
CREATE OR REPLACE FUNCTION skillancer.freelancer_problems()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.import_freelancer s SET problems = array_remove(ARRAY[
		CASE WHEN coalesce(s.freelancer_id, '') !~ '^[A-Za-z0-9_-]{1,64}$' THEN 'freelancer_id is missing or malformed' END,
		CASE WHEN d.n > 1 THEN 'freelancer_id was there before' END,
		CASE WHEN length(skillancer.import_text(s.headline)) > 200 THEN 'headline is longer than 200 characters' END,
		CASE WHEN length(skillancer.import_text(s.bio)) > 5000 THEN 'bio is longer than 5000 characters' END,
		CASE WHEN s.skills IS NOT NULL AND skillancer.import_array(s.skills) IS NULL THEN 'skills is not an array' END,
		CASE WHEN NOT EXISTS (SELECT FROM skillancer.country c WHERE c.code = s.country_code)
			THEN 'country_code is not a country' END,
		CASE WHEN s.hourly_rate IS NULL THEN NULL
			WHEN skillancer.try_monetary(s.hourly_rate, s.currency) IS NULL THEN 'hourly_rate and currency are not an amount'
			WHEN skillancer.try_monetary(s.hourly_rate, s.currency)::numeric NOT BETWEEN 1 AND 10000
			THEN 'hourly_rate is outside 1 to 10000' END], NULL)
	FROM (SELECT f.row_number, row_number() OVER (PARTITION BY f.freelancer_id ORDER BY f.row_number) AS n
		FROM skillancer.import_freelancer f) d
	WHERE d.row_number = s.row_number;
END
$$;
COMMENT ON FUNCTION skillancer.freelancer_problems() IS 'Sets the problems of every row of import_freelancer.';

-- import_profiles(): profiles of the new freelancers
CREATE OR REPLACE FUNCTION skillancer.import_profiles(p_run bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	-- the file names no levels: badge and number of reviews suggest one for all skills of a person
	WITH skill AS MATERIALIZED (
		SELECT DISTINCT s.freelancer_id, k.skill_id, CASE WHEN s.badge IS NOT NULL THEN 4
			WHEN s.review_count ~ '^\d{2,9}(\.0)?$' THEN 3 ELSE 2 END AS level
		FROM skillancer.import_freelancer s, unnest(skillancer.import_array(s.skills)) u
		JOIN skillancer.skill_key k ON k.key = skillancer.slugify(u)
		WHERE s.problems = '{}'),
	skillset AS MATERIALIZED (
		SELECT k.freelancer_id, skillancer.skillset_of(array_agg(k.skill_id), array_agg(k.level), array_agg(0)) AS skills
		FROM skill k GROUP BY k.freelancer_id)
	INSERT INTO skillancer.profile (user_id, display_name, headline, bio, hourly_rate, skills, country, is_listed)
	SELECT o.object_id::skillancer.user_id, 'Freelancer ' || upper(right(o.key, 6)), skillancer.import_text(s.headline),
		skillancer.import_text(s.bio), skillancer.try_monetary(s.hourly_rate, s.currency), k.skills, s.country_code, true
	FROM skillancer.import_freelancer s
	JOIN skillancer.import_object o ON o.kind = 'freelancer' AND o.key = s.freelancer_id AND o.run_id = p_run
	LEFT JOIN skillset k ON k.freelancer_id = s.freelancer_id
	WHERE s.problems = '{}' ORDER BY o.object_id;
END
$$;
COMMENT ON FUNCTION skillancer.import_profiles(bigint) IS
	'Profiles, with the skills that are known, for the objects of kind freelancer that this run has made.';

-- import_freelancers()
CREATE OR REPLACE FUNCTION skillancer.import_freelancers(
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint := skillancer.import_start('freelancer');
BEGIN
	PERFORM skillancer.freelancer_problems();
	INSERT INTO skillancer.import_object (kind, key, object_id, estimated, run_id)
	SELECT 'freelancer', s.freelancer_id, skillancer.new_id(),
		CASE WHEN s.skills IS NULL THEN '{name}' ELSE '{name,skillLevels}' END::text[], v_run
	FROM skillancer.import_freelancer s WHERE s.problems = '{}' ORDER BY s.row_number
	ON CONFLICT ON CONSTRAINT import_object_pkey DO NOTHING;
	ANALYZE skillancer.import_object, skillancer.import_freelancer;
	SELECT skillancer.import_accounts(array_agg(o.object_id ORDER BY o.object_id),
		array_agg(o.key || '@import.invalid' ORDER BY o.object_id),
		array_agg('Freelancer ' || upper(right(o.key, 6)) ORDER BY o.object_id), 'FREELANCER')
	INTO rows_added FROM skillancer.import_object o WHERE o.kind = 'freelancer' AND o.run_id = v_run;
	PERFORM skillancer.import_profiles(v_run);
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_freelancer', 'freelancer_id', rows_added) f;
END
$$;
COMMENT ON FUNCTION skillancer.import_freelancers() IS
	'Takes over import_freelancer: an active account <freelancer_id>@import.invalid without password, and a profile. Import skills first.';
