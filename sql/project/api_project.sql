/*
 * api_project.sql
 *		Projects: create, read, list, edit.
 */

-- POST /v1/projects
CREATE OR REPLACE FUNCTION skillancer_api.project_create(
	p_title text, p_description text, p_budget_kind text, p_budget_min skillancer.monetary,
	p_budget_max skillancer.monetary DEFAULT NULL, p_category text DEFAULT NULL, p_skills text[] DEFAULT NULL,
	p_experience text DEFAULT NULL, p_duration text DEFAULT NULL, p_visibility text DEFAULT NULL,
	p_openings integer DEFAULT NULL, p_questions text[] DEFAULT NULL, p_deadline date DEFAULT NULL,
	p_language text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id       skillancer.project_id := skillancer.new_id()::skillancer.project_id;
	v_category skillancer.category_id;
	v_skills   skillancer.skill_id[];
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	p_title := skillancer.trimmed(p_title);
	p_description := skillancer.trimmed(p_description);
	p_visibility := coalesce(p_visibility, 'PUBLIC');
	p_openings := coalesce(p_openings, 1);
	PERFORM skillancer.check_project(p_title, p_description, p_budget_kind, p_budget_min, p_budget_max, p_experience,
		p_duration, p_visibility, p_openings, p_questions, p_deadline);
	PERFORM skillancer.check_language('language', p_language);
	v_category := skillancer.resolve_category('category', p_category);
	v_skills := skillancer.resolve_skills('skills', p_skills);
	PERFORM skillancer.check_done();

	INSERT INTO skillancer.project (id, client_id, title, description, category_id, skills, budget_kind, budget_min,
		budget_max, experience, duration, visibility, openings, questions, deadline, language)
	VALUES (v_id, skillancer.current_user_id(), p_title, p_description, v_category, v_skills, p_budget_kind,
		p_budget_min, coalesce(p_budget_max, p_budget_min), p_experience, p_duration, p_visibility, p_openings,
		coalesce(p_questions, '{}'), p_deadline, p_language);
	PERFORM skillancer.emit_project('project.created', v_id);
	RETURN skillancer.project_reply(v_id, 201);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_create(text, text, text, skillancer.monetary, skillancer.monetary, text,
		text[], text, text, text, integer, text[], date, text) IS
	'Creates a draft. category is an id or slug, skills are ids, slugs or aliases; budgetMax defaults to budgetMin. language (ISO 639) is that of title and description.';
SELECT skillancer.add_route('POST', '/v1/projects', 'project_create', who => 'CLIENT',
	summary => 'Create a draft project', answers => '201 project_doc');

-- GET /v1/projects/{id}
CREATE OR REPLACE FUNCTION skillancer_api.project_get(
	p_id skillancer.project_id, p_header_if_none_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag  text;
	v_doc   json;
	v_noted boolean;
BEGIN
	IF p_header_if_none_match IS NOT NULL THEN
		SELECT d.etag INTO v_etag FROM skillancer.project_doc d WHERE d.id = p_id;
		IF skillancer.etag_matches(p_header_if_none_match, v_etag) THEN
			RETURN ROW(304, v_etag, NULL, NULL, NULL)::skillancer.reply;
		END IF;
	END IF;
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.project_doc d WHERE d.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	v_noted := skillancer.note_read('project', p_id::uuid);
	RETURN ROW(200, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.project_get(skillancer.project_id, text) IS
	'One project: public ones for everybody, others for their client, who proposed, who is invited, and staff.';
SELECT skillancer.add_route('GET', '/v1/projects/{id}', 'project_get', who => 'anyone',
	summary => 'Get a project', answers => 'project_doc');

-- The caller's projects, newest first.
CREATE OR REPLACE FUNCTION skillancer.project_list_mine(p_state text, p_limit integer, p_cursor text)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_scope text := concat_ws('|', 'projects-mine', skillancer.current_user_id(), p_state);
	v_after skillancer.project_id := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.project_id;
	v_items json[];
	v_keys  text[];
BEGIN
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.project_doc d
		WHERE d.client_id = (SELECT skillancer.current_user_id()) AND d.id < v_after
			AND (p_state IS NULL OR d.state = p_state)
		ORDER BY d.id DESC
		LIMIT p_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, p_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer.project_list_mine(text, integer, text) IS
	'A page of the projects of the caller, in every state or in one.';
GRANT EXECUTE ON FUNCTION skillancer.project_list_mine(text, integer, text) TO skillancer_bridge;

-- Open projects that match filters.
CREATE OR REPLACE FUNCTION skillancer.project_list_found(
	p_q text, p_skill text, p_category text, p_kind text, p_min numeric, p_max numeric, p_currency text,
	p_limit integer, p_cursor text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_scope    text := jsonb_build_array('projects', p_q, p_skill, p_category, p_kind, p_min, p_max, p_currency)::text;
	v_after    text;
	v_skills   skillancer.skill_id[];
	v_category skillancer.category_id;
	v_ids      skillancer.project_id[];
	v_items    json[];
	v_keys     text[];
BEGIN
	PERFORM skillancer.check_text('q', p_q, 1, 200, required => false);
	PERFORM skillancer.check_that('q', coalesce(nullif(p_q, ''), 'x') ~ '[^[:punct:][:space:]]', 'must have a word');
	PERFORM skillancer.check_one_of('kind', p_kind, '{FIXED,HOURLY}', required => false);
	PERFORM skillancer.check_number('budgetMin', p_min, 0, 1000000, required => false);
	PERFORM skillancer.check_number('budgetMax', p_max, 0, 1000000, required => false);
	PERFORM skillancer.check_that('currency', coalesce(p_currency, 'USD') ~ '^[A-Z]{3}$', 'must be a currency code such as USD');
	v_skills := nullif(skillancer.resolve_skills('skill', string_to_array(p_skill, ',')), '{}');
	v_category := skillancer.resolve_category('category', p_category);
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'infinity|ffffffff-ffff-ffff-ffff-ffffffffffff');
	v_ids := skillancer.find_projects(skillancer.search_query(p_q), v_skills,
		CASE WHEN v_category IS NOT NULL THEN skillancer.category_subtree(v_category) END,
		p_kind, p_min, p_max, p_currency, split_part(v_after, '|', 1)::timestamptz,
		split_part(v_after, '|', 2)::skillancer.project_id, p_limit + 1);
	SELECT array_agg(d.doc ORDER BY f.n), array_agg(d.published_at || '|' || d.id ORDER BY f.n) INTO v_items, v_keys
	FROM unnest(v_ids) WITH ORDINALITY AS f(id, n)
	JOIN skillancer.project_doc d ON d.id = f.id;
	RETURN skillancer.list_reply(v_items, v_keys, p_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer.project_list_found(text, text, text, text, numeric, numeric, text, integer, text) IS
	'A page of the open public projects that match, newest first.';
GRANT EXECUTE ON FUNCTION skillancer.project_list_found(text, text, text, text, numeric, numeric, text, integer, text)
	TO skillancer_bridge;

-- GET /v1/projects
CREATE OR REPLACE FUNCTION skillancer_api.project_list(
	p_q text DEFAULT NULL, p_skill text DEFAULT NULL, p_category text DEFAULT NULL, p_kind text DEFAULT NULL,
	p_budget_min numeric DEFAULT NULL, p_budget_max numeric DEFAULT NULL, p_currency text DEFAULT NULL,
	p_mine boolean DEFAULT false, p_state text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after text;
	v_at    timestamptz := timestamptz 'infinity';
	v_id    skillancer.project_id := 'ffffffff-ffff-ffff-ffff-ffffffffffff'::skillancer.project_id;
	v_items json[];
	v_keys  text[];
BEGIN
	IF p_mine THEN
		PERFORM skillancer.require_role('USER');
		PERFORM skillancer.check_one_of('state', p_state,
			'{DRAFT,IN_REVIEW,OPEN,PAUSED,FILLED,CLOSED,CANCELLED,EXPIRED}', required => false);
		PERFORM skillancer.check_done();
		RETURN skillancer.project_list_mine(p_state, v_limit, p_cursor);
	END IF;
	PERFORM skillancer.check_that('state', p_state IS NULL, 'is for lists of your own projects: add mine=true');
	IF coalesce(p_q, p_skill, p_category, p_kind, p_currency, p_budget_min::text, p_budget_max::text) IS NOT NULL THEN
		RETURN skillancer.project_list_found(p_q, p_skill, p_category, p_kind, p_budget_min, p_budget_max,
			p_currency, v_limit, p_cursor);
	END IF;
	PERFORM skillancer.check_done();
	v_after := skillancer.cursor_decode('projects', p_cursor);
	IF v_after IS NOT NULL THEN
		v_at := split_part(v_after, '|', 1)::timestamptz;
		v_id := split_part(v_after, '|', 2)::skillancer.project_id;
	END IF;
	SELECT array_agg(l.doc), array_agg(l.published_at || '|' || l.id) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.published_at, d.id
		FROM skillancer.project_doc d
		WHERE d.state = 'OPEN' AND d.visibility = 'PUBLIC' AND (d.published_at, d.id) < (v_at, v_id)
		ORDER BY d.published_at DESC, d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'projects');
END
$$;
COMMENT ON FUNCTION skillancer_api.project_list(text, text, text, text, numeric, numeric, text, boolean, text, integer, text) IS
	'Open public projects, newest first, filtered by words (q), skill (ids, slugs or aliases, comma between: all of them), category with what lies below it, kind, and a budget that meets budgetMin..budgetMax. mine=true lists your own in every state.';
SELECT skillancer.add_route('GET', '/v1/projects', 'project_list', who => 'anyone',
	summary => 'List open projects, or your own', answers => '[project_doc]');

-- PATCH /v1/projects/{id}
CREATE OR REPLACE FUNCTION skillancer_api.project_update(
	p_id skillancer.project_id, p_present text[], p_title text DEFAULT NULL, p_description text DEFAULT NULL,
	p_budget_kind text DEFAULT NULL, p_budget_min skillancer.monetary DEFAULT NULL,
	p_budget_max skillancer.monetary DEFAULT NULL, p_category text DEFAULT NULL, p_skills text[] DEFAULT NULL,
	p_experience text DEFAULT NULL, p_duration text DEFAULT NULL, p_visibility text DEFAULT NULL,
	p_openings integer DEFAULT NULL, p_questions text[] DEFAULT NULL, p_deadline date DEFAULT NULL,
	p_header_if_match text DEFAULT NULL, p_language text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text := skillancer.own_project(p_id);
	v_row   skillancer.project%ROWTYPE;
BEGIN
	SELECT * INTO v_row FROM skillancer.project p WHERE p.id = p_id;
	PERFORM skillancer.check_if_match(p_header_if_match, 'v' || v_row.version);
	IF v_state NOT IN ('DRAFT', 'IN_REVIEW', 'OPEN', 'PAUSED') THEN
		PERFORM skillancer.fail('INVALID_STATE', 'a project cannot be edited any more once it is ' || v_state,
			jsonb_build_object('state', v_state, 'allowed', '[]'::jsonb));
	END IF;
	v_row.title := CASE WHEN 'title' = ANY (p_present) THEN skillancer.trimmed(p_title) ELSE v_row.title END;
	v_row.description := CASE WHEN 'description' = ANY (p_present) THEN skillancer.trimmed(p_description)
		ELSE v_row.description END;
	v_row.budget_kind := CASE WHEN 'budgetKind' = ANY (p_present) THEN p_budget_kind ELSE v_row.budget_kind END;
	v_row.budget_min := CASE WHEN 'budgetMin' = ANY (p_present) THEN p_budget_min ELSE v_row.budget_min END;
	v_row.budget_max := CASE WHEN 'budgetMax' = ANY (p_present) THEN coalesce(p_budget_max, v_row.budget_min)
		ELSE v_row.budget_max END;
	v_row.experience := CASE WHEN 'experience' = ANY (p_present) THEN p_experience ELSE v_row.experience END;
	v_row.duration := CASE WHEN 'duration' = ANY (p_present) THEN p_duration ELSE v_row.duration END;
	v_row.visibility := CASE WHEN 'visibility' = ANY (p_present) THEN p_visibility ELSE v_row.visibility END;
	v_row.openings := CASE WHEN 'openings' = ANY (p_present) THEN p_openings ELSE v_row.openings END;
	v_row.questions := CASE WHEN 'questions' = ANY (p_present) THEN coalesce(p_questions, '{}') ELSE v_row.questions END;
	v_row.deadline := CASE WHEN 'deadline' = ANY (p_present) THEN p_deadline ELSE v_row.deadline END;
	PERFORM skillancer.check_project(v_row.title, v_row.description, v_row.budget_kind, v_row.budget_min,
		v_row.budget_max, v_row.experience, v_row.duration, v_row.visibility, v_row.openings, v_row.questions,
		CASE WHEN 'deadline' = ANY (p_present) THEN p_deadline END);
	v_row.language := CASE WHEN 'language' = ANY (p_present) THEN p_language ELSE v_row.language END;
	PERFORM skillancer.check_language('language', v_row.language);
	IF 'category' = ANY (p_present) THEN
		v_row.category_id := skillancer.resolve_category('category', p_category);
	END IF;
	IF 'skills' = ANY (p_present) THEN
		v_row.skills := skillancer.resolve_skills('skills', p_skills);
	END IF;
	IF 'openings' = ANY (p_present) AND p_openings >= 1 THEN
		PERFORM skillancer.check_that('openings', p_openings > (SELECT count(*) FROM skillancer.proposal b
			WHERE b.project_id = p_id AND b.state = 'ACCEPTED'), 'must be more than have been hired already');
	END IF;
	PERFORM skillancer.check_done();

	UPDATE skillancer.project p
	SET title = v_row.title, description = v_row.description, budget_kind = v_row.budget_kind,
		budget_min = v_row.budget_min, budget_max = v_row.budget_max, category_id = v_row.category_id,
		skills = v_row.skills, experience = v_row.experience, duration = v_row.duration,
		visibility = v_row.visibility, openings = v_row.openings, questions = v_row.questions,
		deadline = v_row.deadline, language = v_row.language, version = p.version + 1, updated_at = skillancer.now()
	WHERE p.id = p_id;
	PERFORM skillancer.emit_project('project.updated', p_id);
	IF v_state IN ('OPEN', 'PAUSED')
		AND skillancer.note_risk('project', p_id::uuid, v_row.title || E'\n' || v_row.description)
			>= skillancer.policy_int('riskReviewScore') THEN
		PERFORM skillancer.fire_system('project', p_id::uuid, 'hold');
	END IF;
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_update(skillancer.project_id, text[], text, text, text, skillancer.monetary,
		skillancer.monetary, text, text[], text, text, text, integer, text[], date, text, text) IS
	'Changes the fields that are sent, until the project is filled or over. An open project whose new text carries contact details goes to review.';
SELECT skillancer.add_route('PATCH', '/v1/projects/{id}', 'project_update', who => 'CLIENT',
	summary => 'Edit a project of yours', answers => 'project_doc');
