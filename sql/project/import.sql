/*
 * sql/project/import.sql
 *		Importing postings and gigs.
 *
 * A posting has no client, a gig no owner: clients are made, one for each (country, spent, hires); owners are drawn
 * with a fixed seed among imported freelancers of fitting headline. What the files do not say is estimated and
 * noted in import_object.estimated. The time of import is the time of publication.
 */

-- import_category_slug(): our category for one of another marketplace
CREATE OR REPLACE FUNCTION skillancer.import_category_slug(p_name text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT coalesce((SELECT v.slug FROM (VALUES
		('Programming & Tech', 'development-it'), ('Technology & Engineering', 'development-it'),
		('Digital Marketing', 'marketing'), ('Business', 'business-finance'), ('Business & Finance', 'business-finance'),
		('Writing & Translation', 'writing-translation'), ('Video & Animation', 'video-animation'),
		('Music & Audio', 'music-audio'),
		('artificial_intelligence', 'machine-learning'), ('javascript_developer', 'web-development'),
		('android_developer', 'mobile-development'), ('data_analyst', 'data-analysis'), ('power_bi', 'data-analysis'),
		('Data Analytics', 'data-analysis'), ('Data Visualization', 'data-analysis'), ('Data Engineering', 'data-engineering'),
		('Full Stack Development', 'web-development'), ('Back-End Development', 'web-development'),
		('Mobile App Development', 'mobile-development'), ('Machine Learning', 'machine-learning')
		) AS v (name, slug) WHERE v.name = p_name), skillancer.slugify(p_name))
$$;
COMMENT ON FUNCTION skillancer.import_category_slug(text) IS
	'Slug of the category that a category, track or taxonomy branch of another marketplace belongs to.';

-- import_budget(): the range of a posting, estimated when it names none
CREATE OR REPLACE FUNCTION skillancer.import_budget(
	p_type text, p_min text, p_max text, p_fixed text, p_currency text, p_experience text,
	OUT low skillancer.monetary, OUT high skillancer.monetary, OUT is_estimated boolean)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_range text[];
BEGIN
	is_estimated := CASE p_type WHEN 'fixed' THEN p_fixed IS NULL ELSE coalesce(p_min, p_max) IS NULL END;
	IF is_estimated THEN
		-- quantiles 10-50, 25-75, 50-90 of fixed budgets; 10-25, 50-50, 75-75 of the two ends of hourly rates
		v_range := CASE p_type || coalesce(p_experience, '')
			WHEN 'fixedentry' THEN '{10,150}' WHEN 'fixedexpert' THEN '{150,2000}' WHEN 'hourlyentry' THEN '{5.50,25}'
			WHEN 'hourlyexpert' THEN '{25,50}' ELSE CASE p_type WHEN 'fixed' THEN '{50,500}' ELSE '{15,35}' END END;
		low := skillancer.try_monetary(v_range[1], p_currency);
		high := skillancer.try_monetary(v_range[2], p_currency);
	ELSIF p_type = 'fixed' THEN
		low := skillancer.try_monetary(p_fixed, p_currency);
		high := low;
	ELSE
		low := skillancer.try_monetary(coalesce(p_min, p_max), p_currency);
		high := skillancer.try_monetary(coalesce(p_max, p_min), p_currency);
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.import_budget(text, text, text, text, text, text) IS
	'Budget of a posting; without figures a range of the calibration for its kind and experience, flagged.';

-- job_problems(): finds what is wrong with the staged postings
CREATE OR REPLACE FUNCTION skillancer.job_problems()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.import_job s SET problems = array_remove(ARRAY[
		CASE WHEN coalesce(s.job_id, '') = '' THEN 'job_id is missing' END,
		CASE WHEN d.n > 1 THEN 'job_id was there before' END,
		skillancer.length_problem('title', skillancer.import_text(s.title), 5, 200),
		skillancer.length_problem('description', skillancer.import_text(s.description), 10, 10000),
		CASE WHEN s.skills IS NOT NULL AND skillancer.import_array(s.skills) IS NULL THEN 'skills is not an array'
			WHEN cardinality(skillancer.import_array(s.skills)) > 20
			THEN format('%s skills, at most 20 are allowed', cardinality(skillancer.import_array(s.skills))) END,
		CASE WHEN coalesce(s.job_type, '') NOT IN ('fixed', 'hourly') THEN 'job_type is neither fixed nor hourly' END,
		CASE WHEN s.experience_level NOT IN ('entry', 'intermediate', 'expert') THEN 'experience_level is unknown' END,
		CASE WHEN b.low IS NULL OR b.high IS NULL THEN 'budget and currency are not an amount'
			WHEN b.low > b.high THEN 'budget_min is above budget_max'
			WHEN b.low::numeric < 1 OR b.high::numeric > 1000000 THEN 'budget is outside 1 to 1000000' END,
		CASE WHEN s.client_country_code IS NOT NULL
			AND NOT EXISTS (SELECT FROM skillancer.country c WHERE c.code = s.client_country_code)
			THEN 'client_country_code is not a country' END], NULL)
	FROM (SELECT j.row_number, row_number() OVER (PARTITION BY j.job_id ORDER BY j.row_number) AS n,
			j.job_type, j.budget_min, j.budget_max, j.fixed_budget, j.currency, j.experience_level
		FROM skillancer.import_job j) d
	CROSS JOIN LATERAL skillancer.import_budget(d.job_type, d.budget_min, d.budget_max, d.fixed_budget, d.currency,
		d.experience_level) b
	WHERE d.row_number = s.row_number;
END
$$;
COMMENT ON FUNCTION skillancer.job_problems() IS 'Sets the problems of every row of import_job.';

-- import_job_clients(): the clients of the staged postings
CREATE OR REPLACE FUNCTION skillancer.import_job_clients(p_run bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.import_object (kind, key, object_id, estimated, run_id)
	SELECT 'client', c.key, skillancer.new_id(), '{name}', p_run
	FROM (SELECT DISTINCT s.client_key AS key FROM skillancer.import_job s WHERE s.problems = '{}') c
	ORDER BY c.key
	ON CONFLICT ON CONSTRAINT import_object_pkey DO NOTHING;
	PERFORM skillancer.import_accounts(array_agg(o.object_id ORDER BY o.object_id),
		array_agg('client-' || left(md5(o.key), 12) || '@import.invalid' ORDER BY o.object_id),
		array_agg('Client ' || upper(left(md5(o.key), 6)) ORDER BY o.object_id), 'CLIENT')
	FROM skillancer.import_object o WHERE o.kind = 'client' AND o.run_id = p_run HAVING count(*) > 0;
	INSERT INTO skillancer.profile (user_id, display_name, country, is_listed)
	SELECT o.object_id::skillancer.user_id, 'Client ' || upper(left(md5(o.key), 6)),
		nullif(split_part(o.key, '|', 1), '?'), true
	FROM skillancer.import_object o WHERE o.kind = 'client' AND o.run_id = p_run;
END
$$;
COMMENT ON FUNCTION skillancer.import_job_clients(bigint) IS
	'An account for every client key of import_job that has none yet.';

-- import_projects(): open projects of the staged postings that are new
CREATE OR REPLACE FUNCTION skillancer.import_projects(p_run bigint)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_expiry interval := skillancer.policy_interval('projectExpiry');
	v_added  integer;
BEGIN
	WITH skill AS MATERIALIZED (
		SELECT s.job_id, k.skill_id, min(u.n) AS n
		FROM skillancer.import_job s, unnest(skillancer.import_array(s.skills)) WITH ORDINALITY u (name, n)
		JOIN skillancer.skill_key k ON k.key = skillancer.slugify(u.name)
		WHERE s.problems = '{}' GROUP BY s.job_id, k.skill_id),
	skills AS MATERIALIZED (
		SELECT k.job_id, array_agg(k.skill_id ORDER BY k.n) AS ids FROM skill k GROUP BY k.job_id)
	INSERT INTO skillancer.project (id, client_id, state, title, description, category_id, skills, budget_kind,
		budget_min, budget_max, experience, duration, published_at, expires_at)
	SELECT o.object_id::skillancer.project_id, c.object_id::skillancer.user_id, 'OPEN', skillancer.import_text(s.title),
		skillancer.import_text(s.description), g.id,
		coalesce(k.ids, '{}'),
		upper(s.job_type), b.low, b.high, upper(s.experience_level),
		CASE s.duration WHEN '< 1 month' THEN 'UNDER_1_MONTH' WHEN '1-3 months' THEN '1_TO_3_MONTHS'
			WHEN '3-6 months' THEN '3_TO_6_MONTHS' WHEN '6+ months' THEN 'OVER_6_MONTHS' END,
		skillancer.now(), skillancer.now() + v_expiry
	FROM skillancer.import_job s
	JOIN skillancer.import_object o ON o.kind = 'job' AND o.key = s.job_id AND o.run_id = p_run
	JOIN skillancer.import_object c ON c.kind = 'client' AND c.key = s.client_key
	CROSS JOIN LATERAL skillancer.import_budget(s.job_type, s.budget_min, s.budget_max, s.fixed_budget, s.currency,
		s.experience_level) b
	LEFT JOIN skills k ON k.job_id = s.job_id
	LEFT JOIN skillancer.category g ON g.slug = coalesce(
		(SELECT x.slug FROM skillancer.category x WHERE x.slug = skillancer.import_category_slug(s.category)),
		skillancer.import_category_slug(s.track))
	WHERE s.problems = '{}' ORDER BY o.object_id;
	GET DIAGNOSTICS v_added = ROW_COUNT;
	INSERT INTO skillancer.due (machine, id, event, due_at)
	SELECT 'project', o.object_id, 'expire', skillancer.now() + v_expiry
	FROM skillancer.import_object o WHERE o.kind = 'job' AND o.run_id = p_run;
	RETURN v_added;
END
$$;
COMMENT ON FUNCTION skillancer.import_projects(bigint) IS
	'Projects, with their timers, for the objects of kind job that this run has made.';

-- import_jobs()
CREATE OR REPLACE FUNCTION skillancer.import_jobs(
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint := skillancer.import_start('job');
BEGIN
	PERFORM skillancer.job_problems();
	PERFORM skillancer.import_job_clients(v_run);
	INSERT INTO skillancer.import_object (kind, key, object_id, estimated, run_id)
	SELECT 'job', s.job_id, skillancer.new_id(), array_remove(ARRAY[
			CASE WHEN b.is_estimated THEN 'budget' END, CASE WHEN s.category IS NULL THEN 'category' END], NULL), v_run
	FROM skillancer.import_job s
	CROSS JOIN LATERAL skillancer.import_budget(s.job_type, s.budget_min, s.budget_max, s.fixed_budget, s.currency,
		s.experience_level) b
	WHERE s.problems = '{}' ORDER BY s.row_number
	ON CONFLICT ON CONSTRAINT import_object_pkey DO NOTHING;
	ANALYZE skillancer.import_object, skillancer.import_job;
	rows_added := skillancer.import_projects(v_run);
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_job', 'job_id', rows_added) f;
END
$$;
COMMENT ON FUNCTION skillancer.import_jobs() IS
	'Takes over import_job: open public projects and their clients. Import countries and skills first.';
