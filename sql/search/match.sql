/*
 * sql/search/match.sql
 *		Matching: the functions in C, and the job that counts what they weigh skills and words by.
 */

-- People for a project.
CREATE OR REPLACE FUNCTION skillancer.match_people(p_project skillancer.project_id, p_limit integer)
RETURNS TABLE (user_id skillancer.user_id, score double precision, skills double precision, text double precision,
	quality double precision, price double precision, availability double precision, response double precision,
	exploration double precision, matched skillancer.skill_id[])
LANGUAGE c STABLE STRICT SECURITY DEFINER ROWS 20
AS 'MODULE_PATHNAME', 'skl_fn_match_people';
COMMENT ON FUNCTION skillancer.match_people(skillancer.project_id, integer) IS
	'The freelancers who match a project of the caller best, with the parts of their scores and the skills that they have as such. RESOURCE_NOT_FOUND for anybody but its client.';
ALTER FUNCTION skillancer.match_people(skillancer.project_id, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.match_people(skillancer.project_id, integer) TO skillancer_bridge;

-- Projects for the caller.
CREATE OR REPLACE FUNCTION skillancer.match_projects(p_limit integer)
RETURNS TABLE (project_id skillancer.project_id, score double precision, skills double precision,
	text double precision, quality double precision, price double precision, availability double precision,
	response double precision, exploration double precision, matched skillancer.skill_id[])
LANGUAGE c STABLE STRICT SECURITY DEFINER ROWS 20
AS 'MODULE_PATHNAME', 'skl_fn_match_projects';
COMMENT ON FUNCTION skillancer.match_projects(integer) IS
	'The open public projects that match the caller best, other people''s and without a proposal of the caller, with the parts of their scores.';
ALTER FUNCTION skillancer.match_projects(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.match_projects(integer) TO skillancer_bridge;

-- One pair.
CREATE OR REPLACE FUNCTION skillancer.match_score(p_project skillancer.project_id, p_user skillancer.user_id)
RETURNS TABLE (user_id skillancer.user_id, score double precision, skills double precision, text double precision,
	quality double precision, price double precision, availability double precision, response double precision,
	exploration double precision, matched skillancer.skill_id[])
LANGUAGE c STABLE STRICT SECURITY DEFINER ROWS 1
AS 'MODULE_PATHNAME', 'skl_fn_match_score';
COMMENT ON FUNCTION skillancer.match_score(skillancer.project_id, skillancer.user_id) IS
	'The match score of a person for a project, with its parts; no row for somebody who is not eligible. For operators: it asks nobody who they are.';
ALTER FUNCTION skillancer.match_score(skillancer.project_id, skillancer.user_id) OWNER TO skillancer_engine;

-- Counts the skills.
CREATE OR REPLACE FUNCTION skillancer.count_match_skills()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_changed bigint;
BEGIN
	WITH counted AS MATERIALIZED (
		SELECT 'PROFILE' AS corpus, coalesce(k.merged_into, k.id) AS skill_id, count(*)::integer AS documents
		FROM skillancer.profile p
		CROSS JOIN LATERAL skillancer.skills(p.skills) s
		JOIN skillancer.skill k ON k.id = s.skill_id
		WHERE p.is_public AND p.is_listed
		GROUP BY 2
		UNION ALL
		SELECT 'PROJECT', u, count(*)::integer
		FROM skillancer.project p, unnest(p.skills) u
		WHERE p.state = 'OPEN' AND p.visibility = 'PUBLIC'
		GROUP BY u),
	put AS (
		INSERT INTO skillancer.match_skill AS m (corpus, skill_id, documents)
		SELECT c.corpus, c.skill_id, c.documents FROM counted c
		ON CONFLICT (corpus, skill_id) DO UPDATE SET documents = excluded.documents
		WHERE m.documents <> excluded.documents
		RETURNING 1),
	gone AS (
		DELETE FROM skillancer.match_skill m
		WHERE NOT EXISTS (SELECT FROM counted c WHERE c.corpus = m.corpus AND c.skill_id = m.skill_id)
		RETURNING 1)
	SELECT (SELECT count(*) FROM put) + (SELECT count(*) FROM gone) INTO v_changed;
	RETURN v_changed;
END
$$;
COMMENT ON FUNCTION skillancer.count_match_skills() IS 'Brings match_skill up to date; returns how many rows changed.';

-- Counts the words.
CREATE OR REPLACE FUNCTION skillancer.count_match_words(p_corpus text, p_source text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_all integer;
	v_changed bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM (%s) s', p_source) INTO v_all;
	WITH counted AS MATERIALIZED (
		SELECT s.word COLLATE "C" AS word, s.ndoc AS documents FROM ts_stat(p_source) s WHERE s.ndoc > 1
		UNION ALL
		SELECT '', v_all WHERE v_all > 0),
	put AS (
		INSERT INTO skillancer.match_word AS m (corpus, word, documents)
		SELECT p_corpus, c.word, c.documents FROM counted c
		ON CONFLICT (corpus, word) DO UPDATE SET documents = excluded.documents
		WHERE m.documents <> excluded.documents
		RETURNING 1),
	gone AS (
		DELETE FROM skillancer.match_word m
		WHERE m.corpus = p_corpus AND NOT EXISTS (SELECT FROM counted c WHERE c.word = m.word)
		RETURNING 1)
	SELECT (SELECT count(*) FROM put) + (SELECT count(*) FROM gone) INTO v_changed;
	RETURN v_changed;
END
$$;
COMMENT ON FUNCTION skillancer.count_match_words(text, text) IS
	'Brings match_word up to date for one corpus, which a query of tsvectors gives; returns how many rows changed.';

-- How people answer.
CREATE OR REPLACE FUNCTION skillancer.count_responses()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_changed bigint;
BEGIN
	UPDATE skillancer.profile p SET response = r.share
	FROM (SELECT f.user_id, ((count(*) FILTER (WHERE i.state IN ('ACCEPTED', 'DECLINED')) + 1.4)
			/ (count(i.id) + 2))::real AS share
		FROM skillancer.profile f
		LEFT JOIN skillancer.invitation i ON i.freelancer_id = f.user_id
			AND i.state IN ('ACCEPTED', 'DECLINED', 'EXPIRED')
			AND i.created_at > skillancer.now() - interval '1 year'
		WHERE f.response <> 0.7::real OR i.id IS NOT NULL
		GROUP BY f.user_id) r
	WHERE p.user_id = r.user_id AND p.response <> r.share;
	GET DIAGNOSTICS v_changed = ROW_COUNT;
	RETURN v_changed;
END
$$;
COMMENT ON FUNCTION skillancer.count_responses() IS
	'Brings profile.response up to date: (answered + 1.4) / (invited + 2) of the last year.';

-- The job.
CREATE OR REPLACE FUNCTION skillancer.refresh_matching()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.count_match_skills()
		+ skillancer.count_match_words('PROFILE', 'SELECT p.q FROM skillancer.profile p WHERE p.is_public AND p.is_listed')
		+ skillancer.count_match_words('PROJECT',
			'SELECT p.q FROM skillancer.project p WHERE p.state = ''OPEN'' AND p.visibility = ''PUBLIC''')
		+ skillancer.count_responses();
END
$$;
COMMENT ON FUNCTION skillancer.refresh_matching() IS
	'Job of the timekeeper: counts skills, words and answers anew. Returns how many rows changed.';
ALTER FUNCTION skillancer.refresh_matching() OWNER TO skillancer_engine;
INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('refresh_matching', '1 day');
