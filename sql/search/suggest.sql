/*
 * sql/search/suggest.sql
 *		Suggestions while somebody types: the functions in C, and who is at home where.
 */

-- Completions.
CREATE OR REPLACE FUNCTION skillancer.suggest(p_typed text, p_limit integer, p_kinds integer, p_categories integer[],
	OUT kind integer, OUT words text, OUT id uuid, OUT errors integer, OUT score double precision)
RETURNS SETOF record
LANGUAGE c STABLE STRICT SECURITY DEFINER ROWS 10
AS 'MODULE_PATHNAME', 'skl_fn_suggest';
COMMENT ON FUNCTION skillancer.suggest(text, integer, integer, integer[]) IS
	'Completions of what was typed, best first, at most 20: word (0), skill (1), category (2), person (3), past query (4). Kinds are bits, 0 means all; entries of the categories rank higher. Nothing while there is no snapshot.';
ALTER FUNCTION skillancer.suggest(text, integer, integer, integer[]) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.suggest(text, integer, integer, integer[]) TO skillancer_bridge, skillancer_admin;

-- A new snapshot, if it is time.
CREATE OR REPLACE FUNCTION skillancer.suggest_batch(p_limit integer)
RETURNS bigint
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_suggest_batch';
COMMENT ON FUNCTION skillancer.suggest_batch(integer) IS
	'Builds a new snapshot of suggestions when the last one is a minute old (longer where building takes long) and something has changed; returns 1 when it did.';
ALTER FUNCTION skillancer.suggest_batch(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.suggest_batch(integer) TO skillancer_worker;

-- A new snapshot now.
CREATE OR REPLACE FUNCTION skillancer.suggest_refresh()
RETURNS void
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_suggest_refresh';
COMMENT ON FUNCTION skillancer.suggest_refresh() IS
	'Builds a new snapshot of suggestions and synonyms now; all processes use it from their next statement on.';
ALTER FUNCTION skillancer.suggest_refresh() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.suggest_refresh() TO skillancer_admin;

-- Categories of the caller.
CREATE OR REPLACE FUNCTION skillancer.suggest_home()
RETURNS integer[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_categories skillancer.category_id[];
BEGIN
	IF v_me IS NULL THEN
		RETURN '{}';
	END IF;
	v_categories := ARRAY(
		SELECT s.category_id
		FROM skillancer.profile p, skillancer.skills(p.skills) e
		JOIN skillancer.skill s ON s.id = e.skill_id
		WHERE p.user_id = v_me AND s.category_id IS NOT NULL
		UNION
		(SELECT o.category_id FROM skillancer.project o WHERE o.client_id = v_me AND o.category_id IS NOT NULL
		ORDER BY o.id DESC LIMIT 5));
	IF v_categories = '{}' THEN
		RETURN '{}';
	END IF;
	RETURN ARRAY(SELECT DISTINCT c.number FROM skillancer.suggest_categories() c WHERE c.category_id = ANY (v_categories));
END
$$;
COMMENT ON FUNCTION skillancer.suggest_home() IS
	'Numbers of the categories of the caller''s skills and newest projects.';
GRANT EXECUTE ON FUNCTION skillancer.suggest_home() TO skillancer_bridge;
