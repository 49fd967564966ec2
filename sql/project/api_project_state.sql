/*
 * api_project_state.sql
 *		The life of a project: publish, pause, resume, cancel, close, and review by staff.
 */

-- POST /v1/projects/{id}/publish
CREATE OR REPLACE FUNCTION skillancer_api.project_publish(p_id skillancer.project_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text;
	v_text  text;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	v_state := skillancer.own_project(p_id);
	SELECT p.title || E'\n' || p.description INTO v_text FROM skillancer.project p WHERE p.id = p_id;
	IF v_state = 'DRAFT'
		AND skillancer.note_risk('project', p_id::uuid, v_text) + skillancer.risk_of(skillancer.current_user_id())
			>= skillancer.policy_int('riskReviewScore') THEN
		PERFORM skillancer.fire('project', p_id::uuid, 'hold');
	ELSE
		PERFORM skillancer.open_project(p_id, 'publish');
	END IF;
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_publish(skillancer.project_id) IS
	'Opens a draft for proposals. A text with contact details, or one of somebody who has shown signs of fraud, goes to review instead: look at the state of the answer.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/publish', 'project_publish', who => 'CLIENT',
	summary => 'Publish a draft', answers => 'project_doc');

-- POST /v1/projects/{id}/pause
CREATE OR REPLACE FUNCTION skillancer_api.project_pause(p_id skillancer.project_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.own_project(p_id);
	PERFORM skillancer.fire('project', p_id::uuid, 'pause');
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_pause(skillancer.project_id) IS
	'Takes an open project out of the lists; proposals stay and no new ones come in.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/pause', 'project_pause', who => 'CLIENT',
	summary => 'Pause an open project', answers => 'project_doc');

-- POST /v1/projects/{id}/resume
CREATE OR REPLACE FUNCTION skillancer_api.project_resume(p_id skillancer.project_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_unrestricted();
	PERFORM skillancer.own_project(p_id);
	PERFORM skillancer.open_project(p_id, 'resume');
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_resume(skillancer.project_id) IS
	'Opens a paused project again; its time until it expires starts anew.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/resume', 'project_resume', who => 'CLIENT',
	summary => 'Resume a paused project', answers => 'project_doc');

-- POST /v1/projects/{id}/cancel
CREATE OR REPLACE FUNCTION skillancer_api.project_cancel(p_id skillancer.project_id, p_reason text DEFAULT NULL, p_dry_run boolean DEFAULT false)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.project_cancel(%L, %L, p_dry_run => false) r', p_id, p_reason)))::skillancer.reply;
	END IF;
	PERFORM skillancer.own_project(p_id);
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, required => false);
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('project', p_id::uuid, 'cancel',
		jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_cancel(skillancer.project_id, text, boolean) IS
	'Ends an open or paused project without filling it; its live proposals are closed. dryRun shows the result and the postings.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/cancel', 'project_cancel', who => 'CLIENT',
	summary => 'Cancel a project', answers => 'project_doc|dry_run');

-- POST /v1/projects/{id}/close
CREATE OR REPLACE FUNCTION skillancer_api.project_close(p_id skillancer.project_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text := skillancer.own_project(p_id);
	v_hired integer;
BEGIN
	IF v_state IN ('OPEN', 'PAUSED') THEN
		SELECT count(*) INTO v_hired FROM skillancer.proposal b WHERE b.project_id = p_id AND b.state = 'ACCEPTED';
		IF v_hired > 0 THEN
			UPDATE skillancer.project p SET openings = v_hired WHERE p.id = p_id;
			PERFORM skillancer.fire_system('project', p_id::uuid, 'fill');
		END IF;
	END IF;
	PERFORM skillancer.fire('project', p_id::uuid, 'close');
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_close(skillancer.project_id) IS
	'Closes a filled project. One that has hired, but fewer than its openings, is filled with those first; one without a hire is cancelled instead.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/close', 'project_close', who => 'CLIENT',
	summary => 'Close a project', answers => 'project_doc');

-- GET /v1/projects/in-review
CREATE OR REPLACE FUNCTION skillancer_api.project_review_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after text;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_permission('jobs:moderate');
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode('projects-in-review', p_cursor),
		'-infinity|00000000-0000-0000-0000-000000000000');
	SELECT array_agg(l.doc), array_agg(l.updated_at || '|' || l.id) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.updated_at, d.id
		FROM skillancer.project_doc d
		WHERE d.state = 'IN_REVIEW' AND (d.updated_at, d.id) >
			(split_part(v_after, '|', 1)::timestamptz, split_part(v_after, '|', 2)::skillancer.project_id)
		ORDER BY d.updated_at, d.id
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'projects-in-review');
END
$$;
COMMENT ON FUNCTION skillancer_api.project_review_list(integer, text) IS
	'Projects that wait for review, the oldest first. For staff with jobs:moderate.';
SELECT skillancer.add_route('GET', '/v1/projects/in-review', 'project_review_list', who => 'MODERATOR, ADMIN',
	summary => 'List projects that wait for review', answers => '[project_doc]');

-- Approves or rejects a project in review.
CREATE OR REPLACE FUNCTION skillancer.review_project(p_id skillancer.project_id, p_event text, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT skillancer.staff_may('jobs:moderate', 'project.' || p_event, 'project', p_id::uuid) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, required => false);
	PERFORM skillancer.check_done();
	IF p_event = 'approve' THEN
		PERFORM skillancer.open_project(p_id, p_event);
	ELSE
		PERFORM skillancer.fire('project', p_id::uuid, p_event,
			jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
	END IF;
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer.review_project(skillancer.project_id, text, text) IS
	'Fires approve or reject for staff with jobs:moderate; the engine writes the audit row.';

-- POST /v1/projects/{id}/approve
CREATE OR REPLACE FUNCTION skillancer_api.project_approve(p_id skillancer.project_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.review_project(p_id, 'approve', NULL);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_approve(skillancer.project_id) IS
	'Opens a project that waits for review. For staff with jobs:moderate.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/approve', 'project_approve', who => 'MODERATOR, ADMIN',
	summary => 'Approve a project in review', answers => 'project_doc');

-- POST /v1/projects/{id}/reject
CREATE OR REPLACE FUNCTION skillancer_api.project_reject(p_id skillancer.project_id, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_text('reason', p_reason, 1, 500);
	RETURN skillancer.review_project(p_id, 'reject', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_reject(skillancer.project_id, text) IS
	'Sends a project in review back to its client as a draft; the reason stands in the event. For staff with jobs:moderate.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/reject', 'project_reject', who => 'MODERATOR, ADMIN',
	summary => 'Reject a project in review', answers => 'project_doc');
