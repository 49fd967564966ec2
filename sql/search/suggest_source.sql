/*
 * sql/search/suggest_source.sql
 *		What the snapshot of suggestions is built of (extension/search/suggest_store.c).
 *
 * These functions see past policies, so they say themselves what everybody may see: open public projects, active
 * gigs, listed public profiles of freelancers, the catalogue. Nothing else ever gets into a snapshot.
 */

-- Numbers of the categories at the top, for personal ranking.
CREATE OR REPLACE FUNCTION skillancer.suggest_categories()
RETURNS TABLE (category_id skillancer.category_id, number integer)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	WITH RECURSIVE t AS (
		SELECT c.id, row_number() OVER (ORDER BY c.created_at, c.id)::integer AS number
		FROM skillancer.category c WHERE c.parent_id IS NULL
		UNION ALL
		SELECT c.id, t.number FROM skillancer.category c JOIN t ON c.parent_id = t.id)
	SELECT t.id, t.number FROM t
$$;
COMMENT ON FUNCTION skillancer.suggest_categories() IS
	'Every category with the number, from 1, of the one at the top that it belongs to; 0 is none.';
GRANT EXECUTE ON FUNCTION skillancer.suggest_categories() TO skillancer_bridge;

-- What is offered as a whole. Kinds are those of extension/search/engine/suggest.h.
CREATE OR REPLACE FUNCTION skillancer.suggest_entries()
RETURNS TABLE (kind integer, words text, spelling text, weight double precision, category integer, id uuid)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT 1, s.name, l.spelling,
		1 + coalesce((SELECT sum(m.documents) FROM skillancer.match_skill m WHERE m.skill_id = s.id), 0)::double precision,
		coalesce(c.number, 0), s.id::uuid
	FROM skillancer.skill s
	CROSS JOIN LATERAL (SELECT NULL AS spelling UNION ALL SELECT replace(a, '-', ' ') FROM unnest(s.aliases) a) l
	LEFT JOIN skillancer.suggest_categories() c ON c.category_id = s.category_id
	WHERE s.merged_into IS NULL;
	RETURN QUERY
	SELECT 2, c.name, NULL, 100::double precision, n.number, c.id::uuid
	FROM skillancer.category c
	JOIN skillancer.suggest_categories() n ON n.category_id = c.id;
	RETURN QUERY
	SELECT 3, p.display_name, NULL, 1 + p.rank / 100.0::double precision, 0, p.user_id::uuid
	FROM skillancer.profile p
	WHERE p.is_public AND p.is_listed
		AND EXISTS (SELECT FROM skillancer.user_role r WHERE r.user_id = p.user_id AND r.role = 'FREELANCER');
	RETURN QUERY
	SELECT 4, l.q, NULL, l.people::double precision, 0, NULL::uuid FROM skillancer.search_popular l;
END
$$;
COMMENT ON FUNCTION skillancer.suggest_entries() IS
	'Skills by how many profiles and projects have them, also under each alias, categories, freelancers whose profile everybody may see, and popular queries (which count only if their words are all in the rest).';

-- Past queries.
CREATE OR REPLACE FUNCTION skillancer.count_searches()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_rows bigint;
BEGIN
	DELETE FROM skillancer.search_popular;
	INSERT INTO skillancer.search_popular (q, people)
	SELECT l.q, count(DISTINCT l.user_id)
	FROM skillancer.search_log l
	WHERE l.at > skillancer.now() - interval '30 days' AND l.results > 0 AND l.corrected IS NULL AND length(l.q) <= 80
	GROUP BY l.q
	HAVING count(DISTINCT l.user_id) >= 5;
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$$;
COMMENT ON FUNCTION skillancer.count_searches() IS
	'Job of the timekeeper: what at least five people searched for in thirty days and found. Returns how many queries that are.';
ALTER FUNCTION skillancer.count_searches() OWNER TO skillancer_engine;
INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('count_searches', '1 hour');

-- Titles that everybody may see, a piece at a time.
CREATE OR REPLACE FUNCTION skillancer.suggest_titles(p_kind integer, p_after uuid, p_limit integer)
RETURNS TABLE (id uuid, words text, category integer, language text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	CASE p_kind
		WHEN 0 THEN
			RETURN QUERY
			SELECT p.id::uuid, p.title, coalesce(c.number, 0), p.language
			FROM (SELECT o.id, o.title, o.category_id, o.language FROM skillancer.project o
				WHERE o.state = 'OPEN' AND o.visibility = 'PUBLIC' AND o.id < p_after::skillancer.project_id
				ORDER BY o.id DESC LIMIT p_limit) p
			LEFT JOIN skillancer.suggest_categories() c ON c.category_id = p.category_id
			ORDER BY p.id DESC;
		WHEN 1 THEN
			RETURN QUERY
			SELECT g.id::uuid, g.title || E'\n' || array_to_string(g.tags, E'\n'), coalesce(c.number, 0), g.language
			FROM (SELECT o.id, o.title, o.tags, o.category_id, o.language FROM skillancer.gig o
				WHERE o.state = 'ACTIVE' AND o.id < p_after::skillancer.gig_id
				ORDER BY o.id DESC LIMIT p_limit) g
			LEFT JOIN skillancer.suggest_categories() c ON c.category_id = g.category_id
			ORDER BY g.id DESC;
		ELSE
			RETURN QUERY
			SELECT f.user_id::uuid, f.headline, 0, f.language
			FROM skillancer.profile f
			WHERE f.is_public AND f.is_listed AND f.headline IS NOT NULL AND f.user_id < p_after::skillancer.user_id
				AND EXISTS (SELECT FROM skillancer.user_role r WHERE r.user_id = f.user_id AND r.role = 'FREELANCER')
			ORDER BY f.user_id DESC LIMIT p_limit;
	END CASE;
END
$$;
COMMENT ON FUNCTION skillancer.suggest_titles(integer, uuid, integer) IS
	'Titles of open public projects (0), of active gigs with their tags (1), headlines of listed freelancers (2): newest first, before an id.';

-- Phrases that stand for the same.
CREATE OR REPLACE FUNCTION skillancer.suggest_synonyms()
RETURNS TABLE (group_key text, phrase text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT 'skill ' || t.slug, x.phrase
	FROM skillancer.skill s
	JOIN skillancer.skill t ON t.id = coalesce(s.merged_into, s.id)
	CROSS JOIN LATERAL (
		SELECT s.name AS phrase
		UNION SELECT t.name
		UNION SELECT replace(a, '-', ' ') FROM unnest(s.aliases) a) x
	WHERE s.aliases <> '{}' OR s.merged_into IS NOT NULL
	UNION ALL
	SELECT 'row ' || y.key, p FROM skillancer.search_synonym y, unnest(y.phrases) p
	ORDER BY 1, 2
$$;
COMMENT ON FUNCTION skillancer.suggest_synonyms() IS
	'Names and aliases of each skill, with those of the skills that were merged into it, and the groups of search_synonym.';

-- Whether anything may have changed.
CREATE OR REPLACE FUNCTION skillancer.suggest_stamp()
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT concat_ws('|',
		(SELECT sum(t.documents) FROM skillancer.search_tick t),
		(SELECT concat(count(*), ' ', max(s.updated_at)) FROM skillancer.skill s),
		(SELECT concat(count(*), ' ', max(c.updated_at)) FROM skillancer.category c),
		(SELECT concat(count(*), ' ', max(y.updated_at)) FROM skillancer.search_synonym y),
		(SELECT concat(count(*), ' ', max(l.counted_at)) FROM skillancer.search_popular l))
$$;
COMMENT ON FUNCTION skillancer.suggest_stamp() IS 'Changes with what suggestions are made of.';
