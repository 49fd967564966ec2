/*
 * project_rules.sql
 *		What creating, editing and publishing a project share.
 */

-- Checks the fields of a project.
CREATE OR REPLACE FUNCTION skillancer.check_project(
	p_title text, p_description text, p_budget_kind text, p_budget_min skillancer.monetary,
	p_budget_max skillancer.monetary, p_experience text, p_duration text, p_visibility text,
	p_openings integer, p_questions text[], p_deadline date)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_text('title', p_title, 5, 200);
	PERFORM skillancer.check_text('description', p_description, 10, 10000);
	PERFORM skillancer.check_one_of('budgetKind', p_budget_kind, '{FIXED,HOURLY}');
	PERFORM skillancer.check_number('budgetMin', p_budget_min::numeric, 1, 1000000);
	PERFORM skillancer.check_number('budgetMax', p_budget_max::numeric, 1, 1000000, required => false);
	IF skillancer.monetary_currency(p_budget_min) <> skillancer.monetary_currency(p_budget_max) THEN
		PERFORM skillancer.check_that('budgetMax', false, 'must be in the currency of budgetMin');
	ELSIF skillancer.monetary_minor(p_budget_min) > skillancer.monetary_minor(p_budget_max) THEN
		PERFORM skillancer.check_that('budgetMax', false, 'must not be below budgetMin');
	END IF;
	PERFORM skillancer.check_one_of('experience', p_experience, '{ENTRY,INTERMEDIATE,EXPERT}', required => false);
	PERFORM skillancer.check_one_of('duration', p_duration,
		'{UNDER_1_WEEK,UNDER_1_MONTH,1_TO_3_MONTHS,3_TO_6_MONTHS,OVER_6_MONTHS}', required => false);
	PERFORM skillancer.check_one_of('visibility', p_visibility, '{PUBLIC,INVITE_ONLY,PRIVATE}');
	PERFORM skillancer.check_int('openings', p_openings, 1, 100);
	PERFORM skillancer.check_items('questions', p_questions, 10, 500);
	IF p_deadline IS NOT NULL THEN
		PERFORM skillancer.check_that('deadline', p_deadline >= (skillancer.now() AT TIME ZONE 'UTC')::date,
			'must not be in the past');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.check_project(text, text, text, skillancer.monetary, skillancer.monetary, text, text,
		text, integer, text[], date) IS
	'Notes every problem in the fields of a project; check_done() raises them.';

-- Data of project events that are not transitions.
CREATE OR REPLACE FUNCTION skillancer.emit_project(p_type text, p_row skillancer.project_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.emit(p_type, 'project', p.id::uuid,
		jsonb_build_object('projectId', p.id, 'clientId', p.client_id, 'state', p.state),
		ARRAY[p.client_id::uuid])
	FROM skillancer.project p
	WHERE p.id = p_row;
END
$$;
COMMENT ON FUNCTION skillancer.emit_project(text, skillancer.project_id) IS
	'Appends an event about a project that the caller sees.';

-- The answer of a command: the project as it is now.
CREATE OR REPLACE FUNCTION skillancer.project_reply(p_id skillancer.project_id, p_status integer DEFAULT 200)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.project_doc d WHERE d.id = p_id;
	RETURN ROW(p_status, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.project_reply(skillancer.project_id, integer) IS 'Reply with the JSON of a project.';

-- The caller's own project, locked.
CREATE OR REPLACE FUNCTION skillancer.own_project(p_id skillancer.project_id)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_client skillancer.user_id;
	v_state  text;
BEGIN
	SELECT p.client_id INTO v_client FROM skillancer.project p WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_client IS DISTINCT FROM skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	SELECT p.state INTO v_state FROM skillancer.project p WHERE p.id = p_id FOR UPDATE;
	RETURN v_state;
END
$$;
COMMENT ON FUNCTION skillancer.own_project(skillancer.project_id) IS
	'Locks a project of the caller and returns its state; RESOURCE_NOT_FOUND or PERMISSION_DENIED for others.';

-- Opens a project for proposals.
CREATE OR REPLACE FUNCTION skillancer.open_project(p_id skillancer.project_id, p_event text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.project p
	SET published_at = coalesce(p.published_at, skillancer.now()),
		expires_at = skillancer.now() + skillancer.policy_interval('projectExpiry')
	WHERE p.id = p_id;
	PERFORM skillancer.fire('project', p_id::uuid, p_event);
END
$$;
COMMENT ON FUNCTION skillancer.open_project(skillancer.project_id, text) IS
	'Fires an event that leads to OPEN and sets when the project was first published and when it expires.';
