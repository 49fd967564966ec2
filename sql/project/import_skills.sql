/*
 * sql/project/import_skills.sql
 *		Importing skills: a taxonomy, the names that staged postings and profiles use, other spellings.
 */

-- skill_mentions(): names of skills in the staged postings and profiles
CREATE OR REPLACE FUNCTION skillancer.skill_mentions(OUT key text, OUT name text, OUT mentions bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT skillancer.slugify(m.name), mode() WITHIN GROUP (ORDER BY m.name), count(*)
	FROM (SELECT skillancer.import_text(u) AS name
		FROM (SELECT j.skills FROM skillancer.import_job j UNION ALL SELECT f.skills FROM skillancer.import_freelancer f) s,
			unnest(skillancer.import_array(s.skills)) u) m
	WHERE length(m.name) <= 100 AND skillancer.slugify(m.name) IS NOT NULL
	GROUP BY 1;
END
$$;
COMMENT ON FUNCTION skillancer.skill_mentions() IS
	'Every spelling key of a skill in import_job and import_freelancer, its most frequent name, how often it occurs.';

-- skill_problems(): finds what is wrong with the staged taxonomy
CREATE OR REPLACE FUNCTION skillancer.skill_problems()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.import_skill s SET problems = array_remove(ARRAY[
		CASE WHEN skillancer.slugify(s.slug) IS NULL THEN 'slug has no letter or digit' END,
		skillancer.length_problem('name', skillancer.import_text(s.name), 1, 100),
		CASE WHEN skillancer.slugify(s.name) IS NULL THEN 'name has no letter or digit' END,
		CASE WHEN s.aliases IS NOT NULL AND skillancer.import_array(s.aliases) IS NULL THEN 'aliases is not an array' END,
		CASE WHEN d.n > 1 THEN 'slug was there before' END], NULL)
	FROM (SELECT k.row_number, row_number() OVER (PARTITION BY skillancer.slugify(k.slug) ORDER BY k.row_number) AS n
		FROM skillancer.import_skill k) d
	WHERE d.row_number = s.row_number;
END
$$;
COMMENT ON FUNCTION skillancer.skill_problems() IS 'Sets the problems of every row of import_skill.';

-- add_skill_aliases(): spellings that mean nothing yet
CREATE OR REPLACE FUNCTION skillancer.add_skill_aliases()
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_count integer;
BEGIN
	WITH spelling AS (
		SELECT coalesce(k.skill_id, n.skill_id) AS skill_id, skillancer.slugify(a) AS key, 1 AS priority
		FROM skillancer.import_skill s
		LEFT JOIN skillancer.skill_key k ON k.key = skillancer.slugify(s.slug)
		LEFT JOIN skillancer.skill_key n ON n.key = skillancer.slugify(s.name),
			unnest(coalesce(skillancer.import_array(s.aliases), '{}') || s.name || s.slug) a
		WHERE s.problems = '{}'
		UNION ALL
		SELECT k.skill_id, skillancer.slugify(a), 2
		FROM skillancer.import_esco_skill e
		JOIN skillancer.skill_key k ON k.key = skillancer.slugify(e.label),
			unnest(coalesce(skillancer.import_array(e.alt_labels), '{}')) a),
	free AS (
		SELECT DISTINCT ON (p.key) p.key, p.skill_id FROM spelling p
		WHERE p.key IS NOT NULL AND p.skill_id IS NOT NULL
			AND NOT EXISTS (SELECT FROM skillancer.skill_key k WHERE k.key = p.key)
		ORDER BY p.key, p.priority, p.skill_id)
	UPDATE skillancer.skill s SET aliases = s.aliases || f.keys, updated_at = skillancer.now()
	FROM (SELECT skill_id, array_agg(key COLLATE "C" ORDER BY key) AS keys FROM free GROUP BY skill_id) f
	WHERE s.id = f.skill_id;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	RETURN v_count;
END
$$;
COMMENT ON FUNCTION skillancer.add_skill_aliases() IS
	'Adds the aliases of import_skill, and the other labels that import_esco_skill has for known skills. A spelling belongs to one skill only: the first.';

-- add_skill_parents(): what builds on what
CREATE OR REPLACE FUNCTION skillancer.add_skill_parents()
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_count integer;
BEGIN
	WITH staged AS (
		SELECT coalesce(k.skill_id, n.skill_id) AS id, s.parents, s.children
		FROM skillancer.import_skill s
		LEFT JOIN skillancer.skill_key k ON k.key = skillancer.slugify(s.slug)
		LEFT JOIN skillancer.skill_key n ON n.key = skillancer.slugify(s.name)
		WHERE s.problems = '{}')
	INSERT INTO skillancer.skill_parent (skill_id, parent_id)
	SELECT s.id, k.skill_id FROM staged s, unnest(skillancer.import_array(s.parents)) u
	JOIN skillancer.skill_key k ON k.key = skillancer.slugify(u) WHERE k.skill_id <> s.id
	UNION
	SELECT k.skill_id, s.id FROM staged s, unnest(skillancer.import_array(s.children)) u
	JOIN skillancer.skill_key k ON k.key = skillancer.slugify(u) WHERE k.skill_id <> s.id
	ON CONFLICT (skill_id, parent_id) DO NOTHING;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	RETURN v_count;
END
$$;
COMMENT ON FUNCTION skillancer.add_skill_parents() IS
	'Adds the parents and children of import_skill to skill_parent, those that are known skills.';

-- import_skills()
CREATE OR REPLACE FUNCTION skillancer.import_skills(
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run  bigint := skillancer.import_start('skill');
	v_used integer;
BEGIN
	PERFORM skillancer.skill_problems();
	INSERT INTO skillancer.skill (slug, name, category_id)
	SELECT skillancer.slugify(s.slug), skillancer.import_text(s.name), c.id
	FROM skillancer.import_skill s
	LEFT JOIN skillancer.category c ON c.slug = skillancer.import_category_slug(s.category)
	WHERE s.problems = '{}' AND NOT EXISTS (SELECT FROM skillancer.skill_key k
		WHERE k.key IN (skillancer.slugify(s.slug), skillancer.slugify(s.name)))
	ORDER BY s.slug;
	GET DIAGNOSTICS rows_added = ROW_COUNT;
	PERFORM skillancer.add_skill_aliases();
	INSERT INTO skillancer.skill (slug, name)
	SELECT m.key, m.name FROM skillancer.skill_mentions() m
	WHERE m.mentions >= 2 AND NOT EXISTS (SELECT FROM skillancer.skill_key k WHERE k.key = m.key)
	ORDER BY m.key;
	GET DIAGNOSTICS v_used = ROW_COUNT;
	PERFORM skillancer.add_skill_aliases();
	PERFORM skillancer.add_skill_parents();
	TRUNCATE skillancer.import_esco_skill RESTART IDENTITY;
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_skill', 'slug', rows_added) f;
	rows_read := rows_read + v_used;
	rows_added := rows_added + v_used;
	UPDATE skillancer.import_run r SET rows_read = import_skills.rows_read, rows_added = import_skills.rows_added
	WHERE r.id = v_run;
END
$$;
COMMENT ON FUNCTION skillancer.import_skills() IS
	'Takes over import_skill, every name that staged postings and profiles use at least twice, and spellings from import_esco_skill. Stage all files first.';
