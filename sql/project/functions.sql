/*
 * functions.sql
 *		What the commands of the project service share: text rules, resolving names, locks and the
 *		predicate of the project's policy.
 */

-- The key by which names are compared.
CREATE OR REPLACE FUNCTION skillancer.slugify(p_name text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_slugify';
COMMENT ON FUNCTION skillancer.slugify(text) IS
	'Slug of a name: lower-case ASCII, hyphens between words, at most 80 bytes; NULL when nothing is left of it.';

-- What in a text wants to leave the platform.
CREATE OR REPLACE FUNCTION skillancer.risk_kinds(p_text text)
RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_risk_kinds';
COMMENT ON FUNCTION skillancer.risk_kinds(text) IS
	'Kinds of contact details and offers to pay elsewhere in a text; an empty array when it has none.';

-- How bad that is.
CREATE OR REPLACE FUNCTION skillancer.risk_score(p_kinds text[])
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_risk_score';
COMMENT ON FUNCTION skillancer.risk_score(text[]) IS 'Sum of the scores of the kinds, at most 100.';

-- A text without the blanks around it.
CREATE OR REPLACE FUNCTION skillancer.trimmed(p_text text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN btrim(p_text, E' \t\r\n');
END
$$;
COMMENT ON FUNCTION skillancer.trimmed(text) IS 'The text without blanks and line ends at both ends.';

-- Notes empty items of a list.
CREATE OR REPLACE FUNCTION skillancer.check_items(p_field text, p_value text[], p_max_items integer, p_max_length integer)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_array(p_field, p_value, p_max_items, p_max_length);
	PERFORM skillancer.check_that(format('%s[%s]', p_field, t.n - 1), false, 'must not be empty')
	FROM unnest(p_value) WITH ORDINALITY AS t(item, n)
	WHERE skillancer.trimmed(t.item) = '';
END
$$;
COMMENT ON FUNCTION skillancer.check_items(text, text[], integer, integer) IS
	'check_array(), and every item has to say something.';

-- A category inside another document.
CREATE OR REPLACE FUNCTION skillancer.category_json(p_id skillancer.category_id)
RETURNS json
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_category_json';
COMMENT ON FUNCTION skillancer.category_json(skillancer.category_id) IS
	'{"id", "slug", "name"} of a category, from a cache of the backend that follows the table.';
GRANT EXECUTE ON FUNCTION skillancer.category_json(skillancer.category_id) TO skillancer_bridge;

-- Skills inside another document.
CREATE OR REPLACE FUNCTION skillancer.skills_json(p_ids skillancer.skill_id[])
RETURNS json
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_skills_json';
COMMENT ON FUNCTION skillancer.skills_json(skillancer.skill_id[]) IS
	'Array of {"id", "slug", "name"} in the order of the ids, from a cache of the backend that follows the table.';
GRANT EXECUTE ON FUNCTION skillancer.skills_json(skillancer.skill_id[]) TO skillancer_bridge;

-- Tells every backend that the catalogue changed.
CREATE OR REPLACE FUNCTION skillancer.catalogue_changed()
RETURNS trigger
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_catalogue_changed';
COMMENT ON FUNCTION skillancer.catalogue_changed() IS
	'Trigger of category, skill and fee_schedule: what backends keep of them is dropped when the change commits.';

-- Checks of nested terms; problems name the member, as in milestones[1].amount.
CREATE OR REPLACE FUNCTION skillancer.check_milestones(p_field text, p_milestones jsonb, p_bid skillancer.monetary)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_milestones';
COMMENT ON FUNCTION skillancer.check_milestones(text, jsonb, skillancer.monetary) IS
	'Notes what is wrong with proposed milestones: at most 20, each with title, amount and days, adding up to the bid.';

-- Checks of a gig's packages.
CREATE OR REPLACE FUNCTION skillancer.check_packages(p_field text, p_packages jsonb)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_packages';
COMMENT ON FUNCTION skillancer.check_packages(text, jsonb) IS
	'Notes what is wrong with packages: one to three tiers, price, delivery days, revisions, features, one currency.';

-- Checks of a gig's extras and questions.
CREATE OR REPLACE FUNCTION skillancer.check_gig_lists(p_extras jsonb, p_faq jsonb, p_currency text)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_gig_lists';
COMMENT ON FUNCTION skillancer.check_gig_lists(jsonb, jsonb, text) IS
	'Notes what is wrong with extras (at most 10, priced in the currency) and with the FAQ (at most 20).';

-- The lowest price of checked packages.
CREATE OR REPLACE FUNCTION skillancer.lowest_price(p_packages jsonb)
RETURNS skillancer.monetary
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_lowest_price';
COMMENT ON FUNCTION skillancer.lowest_price(jsonb) IS
	'Lowest "price" in an array of packages; NULL when none can be read.';

-- Money inside checked terms as monetary writes it.
CREATE OR REPLACE FUNCTION skillancer.tidy_terms(p_list jsonb, p_member text)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT coalesce(jsonb_agg(jsonb_set(e, ARRAY[p_member], (e -> p_member)::skillancer.monetary::jsonb) ORDER BY n), '[]')
		FROM jsonb_array_elements(p_list) WITH ORDINALITY AS t(e, n));
END
$$;
COMMENT ON FUNCTION skillancer.tidy_terms(jsonb, text) IS
	'The list with the amount of every item in its canonical form ("50" USD becomes "50.00"); an empty list for NULL.';

-- New business is closed to restricted accounts.
CREATE OR REPLACE FUNCTION skillancer.require_unrestricted()
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF skillancer.current_user_state() = 'RESTRICTED' THEN
		PERFORM skillancer.fail('PERMISSION_DENIED', 'your account is restricted: running contracts go on, new business is closed');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.require_unrestricted() IS
	'Raises PERMISSION_DENIED when the account of the caller is restricted.';

-- Notes risk signals about a text of the caller.
CREATE OR REPLACE FUNCTION skillancer.note_risk(p_subject_type text, p_subject_id uuid, p_text text)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_kinds text[] := skillancer.risk_kinds(p_text);
BEGIN
	IF cardinality(v_kinds) > 0 THEN
		INSERT INTO skillancer.risk_signal (user_id, kind, subject_type, subject_id, score)
		SELECT skillancer.current_user_id(), k, p_subject_type, p_subject_id, skillancer.risk_score(ARRAY[k])
		FROM unnest(v_kinds) k;
	END IF;
	RETURN skillancer.risk_score(v_kinds);
END
$$;
COMMENT ON FUNCTION skillancer.note_risk(text, uuid, text) IS
	'Writes one risk_signal row a kind found in the text and returns the score of all.';

-- A category by id or slug.
CREATE OR REPLACE FUNCTION skillancer.resolve_category(p_field text, p_category text)
RETURNS skillancer.category_id
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id skillancer.category_id;
BEGIN
	IF p_category IS NULL THEN
		RETURN NULL;
	ELSIF p_category ~ '^cat_[0-7][0-9a-hjkmnp-tv-z]{25}$' THEN
		SELECT c.id INTO v_id FROM skillancer.category c WHERE c.id = p_category::skillancer.category_id;
	ELSE
		SELECT c.id INTO v_id FROM skillancer.category c WHERE c.slug = skillancer.slugify(p_category);
	END IF;
	PERFORM skillancer.check_that(p_field, v_id IS NOT NULL, 'is not a category');
	RETURN v_id;
END
$$;
COMMENT ON FUNCTION skillancer.resolve_category(text, text) IS
	'The category with this id or slug; an unknown one is a problem of the field.';
GRANT EXECUTE ON FUNCTION skillancer.resolve_category(text, text) TO skillancer_bridge;

-- A category with what lies below it.
CREATE OR REPLACE FUNCTION skillancer.category_subtree(p_id skillancer.category_id)
RETURNS skillancer.category_id[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (WITH RECURSIVE t AS (
			SELECT p_id AS id
			UNION ALL
			SELECT c.id FROM skillancer.category c JOIN t ON c.parent_id = t.id)
		SELECT array_agg(t.id) FROM t);
END
$$;
COMMENT ON FUNCTION skillancer.category_subtree(skillancer.category_id) IS
	'The category and its descendants.';
GRANT EXECUTE ON FUNCTION skillancer.category_subtree(skillancer.category_id) TO skillancer_bridge;

-- Skills by id, slug or alias.
CREATE OR REPLACE FUNCTION skillancer.resolve_skills(p_field text, p_skills text[], p_max integer DEFAULT 20)
RETURNS skillancer.skill_id[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ids     skillancer.skill_id[] := ARRAY[]::skillancer.skill_id[];
	v_unknown integer[];
BEGIN
	PERFORM skillancer.check_array(p_field, p_skills, p_max, 120);
	IF cardinality(coalesce(p_skills, '{}')) = 0 OR cardinality(p_skills) > p_max THEN
		RETURN v_ids;
	END IF;
	WITH given AS (
		SELECT g.n, coalesce(s.merged_into, s.id, k.skill_id) AS id
		FROM unnest(p_skills) WITH ORDINALITY AS g(name, n)
		LEFT JOIN skillancer.skill s ON s.id =
			CASE WHEN g.name ~ '^skl_[0-7][0-9a-hjkmnp-tv-z]{25}$' THEN g.name::skillancer.skill_id END
		LEFT JOIN skillancer.skill_key k ON k.key = skillancer.slugify(g.name))
	SELECT (SELECT coalesce(array_agg(f.id ORDER BY f.n), '{}')
			FROM (SELECT id, min(n) AS n FROM given WHERE id IS NOT NULL GROUP BY id) f),
		(SELECT array_agg(n::integer - 1 ORDER BY n) FROM given WHERE id IS NULL)
	INTO v_ids, v_unknown;
	IF v_unknown IS NOT NULL THEN
		PERFORM skillancer.check_that(format('%s[%s]', p_field, u), false, 'is not a known skill')
		FROM unnest(v_unknown) u;
	END IF;
	RETURN v_ids;
END
$$;
COMMENT ON FUNCTION skillancer.resolve_skills(text, text[], integer) IS
	'The skills with these ids, slugs or aliases in their order, each once; unknown ones are problems of field[n].';
GRANT EXECUTE ON FUNCTION skillancer.resolve_skills(text, text[], integer) TO skillancer_bridge;

-- Adds a skill.
CREATE OR REPLACE FUNCTION skillancer.skill_add(
	p_name text, p_slug text DEFAULT NULL, p_aliases text[] DEFAULT '{}', p_category skillancer.category_id DEFAULT NULL)
RETURNS skillancer.skill_id
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_slug text := coalesce(p_slug, skillancer.slugify(p_name));
	v_id   skillancer.skill_id;
	v_new  text[];
BEGIN
	IF v_slug IS NULL THEN
		PERFORM skillancer.check_that('name', false, 'has no letter or digit that a slug can be made of');
		PERFORM skillancer.check_done();
	END IF;
	SELECT k.skill_id INTO v_id FROM skillancer.skill_key k WHERE k.key = v_slug;
	SELECT coalesce(array_agg(DISTINCT a.slug), '{}') INTO v_new
	FROM (SELECT skillancer.slugify(x) COLLATE "C" AS slug FROM unnest(p_aliases) x) a
	WHERE a.slug <> v_slug
		AND NOT EXISTS (SELECT FROM skillancer.skill_key k WHERE k.key = a.slug);
	IF v_id IS NULL THEN
		INSERT INTO skillancer.skill (slug, name, aliases, category_id)
		VALUES (v_slug, p_name, v_new, p_category)
		RETURNING id INTO v_id;
	ELSIF cardinality(v_new) > 0 THEN
		UPDATE skillancer.skill s
		SET aliases = s.aliases || v_new, updated_at = skillancer.now()
		WHERE s.id = v_id;
	END IF;
	RETURN v_id;
END
$$;
COMMENT ON FUNCTION skillancer.skill_add(text, text, text[], skillancer.category_id) IS
	'Adds a skill, or the aliases to the one that the slug leads to already. Aliases that mean another skill are left out.';

-- Puts one skill under another.
CREATE OR REPLACE FUNCTION skillancer.skill_merge(p_from skillancer.skill_id, p_into skillancer.skill_id)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_from  skillancer.skill;
	v_count integer;
BEGIN
	PERFORM FROM skillancer.skill s WHERE s.id IN (p_from, p_into) ORDER BY s.id FOR UPDATE;
	SELECT * INTO v_from FROM skillancer.skill s WHERE s.id = p_from AND s.merged_into IS NULL;
	IF NOT FOUND OR p_from = p_into
		OR NOT EXISTS (SELECT FROM skillancer.skill s WHERE s.id = p_into AND s.merged_into IS NULL) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	UPDATE skillancer.skill s
	SET merged_into = p_into, aliases = '{}', updated_at = skillancer.now()
	WHERE s.id = p_from OR s.merged_into = p_from;
	UPDATE skillancer.skill s
	SET aliases = s.aliases || v_from.slug || v_from.aliases, updated_at = skillancer.now()
	WHERE s.id = p_into;
	UPDATE skillancer.project p
	SET skills = (SELECT array_agg(f.id ORDER BY f.n)
			FROM (SELECT CASE WHEN u.id = p_from THEN p_into ELSE u.id END AS id, min(u.n) AS n
				FROM unnest(p.skills) WITH ORDINALITY AS u(id, n) GROUP BY 1) f),
		version = p.version + 1, updated_at = skillancer.now()
	WHERE p.skills @> ARRAY[p_from];
	GET DIAGNOSTICS v_count = ROW_COUNT;
	RETURN v_count;
END
$$;
COMMENT ON FUNCTION skillancer.skill_merge(skillancer.skill_id, skillancer.skill_id) IS
	'Merges a skill into another: its names become aliases, projects that asked for it ask for the other. Returns their number.';

-- Keeps skill_key in step with the slug and the aliases of a skill.
CREATE OR REPLACE FUNCTION skillancer.skill_keys()
RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	DELETE FROM skillancer.skill_key k WHERE k.skill_id = NEW.id;
	IF NEW.merged_into IS NULL THEN
		INSERT INTO skillancer.skill_key (key, skill_id)
		SELECT DISTINCT u, NEW.id FROM unnest(NEW.aliases || NEW.slug) u;
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.skill_keys() IS 'Trigger of skill: one skill_key row a spelling.';

-- Has the caller a stake in a project that others may not see?
CREATE OR REPLACE FUNCTION skillancer.is_project_guest(p_id skillancer.project_id)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	IF v_me IS NULL THEN
		RETURN false;
	END IF;
	RETURN EXISTS (SELECT FROM skillancer.proposal p WHERE p.freelancer_id = v_me AND p.project_id = p_id)
		OR EXISTS (SELECT FROM skillancer.invitation i WHERE i.freelancer_id = v_me AND i.project_id = p_id
			AND i.state IN ('SENT', 'ACCEPTED'));
END
$$;
COMMENT ON FUNCTION skillancer.is_project_guest(skillancer.project_id) IS
	'True when the caller proposed on the project or is invited to it. A definer function, so that the policies of project and proposal do not read each other.';
ALTER FUNCTION skillancer.is_project_guest(skillancer.project_id) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.is_project_guest(skillancer.project_id)
	TO skillancer_bridge, skillancer_worker, skillancer_admin;

-- Keeps a project in its state until the end of the transaction.
CREATE OR REPLACE FUNCTION skillancer.hold_project(p_id skillancer.project_id)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text;
BEGIN
	SELECT p.state INTO v_state FROM skillancer.project p WHERE p.id = p_id FOR SHARE;
	RETURN v_state;
END
$$;
COMMENT ON FUNCTION skillancer.hold_project(skillancer.project_id) IS
	'Locks a project against a change of state and returns the state. Who proposes may not update the row, so the engine locks it.';
ALTER FUNCTION skillancer.hold_project(skillancer.project_id) OWNER TO skillancer_engine;
