/*
 * api_proposal.sql
 *		Proposals: submit, read, list, edit.
 *
 * Lock order: the freelancer's own lock (which makes limits and "one live proposal" exact under
 * concurrent submits), project, proposal, accounts of connects.
 */

-- The answer of a command: the proposal as it is now.
CREATE OR REPLACE FUNCTION skillancer.proposal_reply(p_id skillancer.proposal_id, p_status integer DEFAULT 200)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.proposal_doc d WHERE d.id = p_id;
	RETURN ROW(p_status, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.proposal_reply(skillancer.proposal_id, integer) IS 'Reply with the JSON of a proposal.';

-- Checks the fields of a proposal.
CREATE OR REPLACE FUNCTION skillancer.check_proposal(
	p_project skillancer.project_id, p_cover_letter text, p_bid skillancer.monetary, p_delivery_days integer,
	p_milestones jsonb, p_answers text[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_currency  text;
	v_questions integer;
	v_kind      text;
BEGIN
	SELECT skillancer.monetary_currency(p.budget_min), cardinality(p.questions), p.budget_kind
	INTO v_currency, v_questions, v_kind
	FROM skillancer.project p WHERE p.id = p_project;
	PERFORM skillancer.check_text('coverLetter', p_cover_letter, 50, 5000);
	PERFORM skillancer.check_number('bid', p_bid::numeric, 1, 1000000);
	IF skillancer.monetary_currency(p_bid) <> v_currency THEN
		PERFORM skillancer.check_that('bid', false, 'must be in the currency of the project, ' || v_currency);
	END IF;
	PERFORM skillancer.check_int('deliveryDays', p_delivery_days, 1, 365, required => false);
	PERFORM skillancer.check_milestones('milestones', p_milestones, p_bid);
	PERFORM skillancer.check_that('milestones', v_kind <> 'HOURLY' OR coalesce(p_milestones, '[]') = '[]',
		'are not for hourly work, which is paid by the week');
	PERFORM skillancer.check_array('answers', p_answers, v_questions, 2000);
END
$$;
COMMENT ON FUNCTION skillancer.check_proposal(skillancer.project_id, text, skillancer.monetary, integer, jsonb, text[]) IS
	'Notes every problem in the fields of a proposal on a project; check_done() raises them.';

-- Keeps what a proposal says now.
CREATE OR REPLACE FUNCTION skillancer.keep_proposal_revision(p_id skillancer.proposal_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.proposal_revision (proposal_id, revision, client_id, freelancer_id, cover_letter, bid,
		delivery_days, milestones, answers)
	SELECT p.id, p.revision, p.client_id, p.freelancer_id, p.cover_letter, p.bid, p.delivery_days, p.milestones, p.answers
	FROM skillancer.proposal p
	WHERE p.id = p_id;
END
$$;
COMMENT ON FUNCTION skillancer.keep_proposal_revision(skillancer.proposal_id) IS
	'Copies the wording of a proposal into proposal_revision.';

-- May the caller make one more proposal, on this project?
CREATE OR REPLACE FUNCTION skillancer.check_may_propose(p_project skillancer.project_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me    skillancer.user_id := skillancer.current_user_id();
	v_state text;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('proposals of ' || v_me, 0));
	v_state := skillancer.hold_project(p_project);
	IF EXISTS (SELECT FROM skillancer.proposal p WHERE p.project_id = p_project AND p.freelancer_id = v_me
			AND p.state IN ('SUBMITTED', 'COUNTERED', 'ACCEPTED')) THEN
		PERFORM skillancer.fail('PROPOSAL_EXISTS');
	ELSIF v_state <> 'OPEN' THEN
		PERFORM skillancer.fail('INVALID_STATE', 'the project takes no proposals while it is ' || v_state,
			jsonb_build_object('state', v_state, 'allowed', '[]'::jsonb));
	ELSIF (SELECT count(*) FROM skillancer.proposal p WHERE p.freelancer_id = v_me
			AND p.state IN ('SUBMITTED', 'COUNTERED')) >= skillancer.policy_int('proposalLimit') THEN
		PERFORM skillancer.fail('PROPOSAL_LIMIT');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.check_may_propose(skillancer.project_id) IS
	'Serialises the proposals of the caller, holds the project, and raises PROPOSAL_EXISTS, INVALID_STATE or PROPOSAL_LIMIT.';

-- POST /v1/projects/{id}/proposals
CREATE OR REPLACE FUNCTION skillancer_api.proposal_create(
	p_id skillancer.project_id, p_cover_letter text, p_bid skillancer.monetary, p_delivery_days integer DEFAULT NULL,
	p_milestones jsonb DEFAULT NULL, p_answers text[] DEFAULT NULL, p_dry_run boolean DEFAULT false)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me     skillancer.user_id := skillancer.current_user_id();
	v_client skillancer.user_id;
	v_id     skillancer.proposal_id := skillancer.new_id()::skillancer.proposal_id;
	v_invitation skillancer.invitation_id;
BEGIN
	PERFORM skillancer.require_role('FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.proposal_create(%L, %L, %L, %L, %L, %L, p_dry_run => false) r', p_id, p_cover_letter, p_bid, p_delivery_days, p_milestones, p_answers)))::skillancer.reply;
	END IF;
	SELECT p.client_id INTO v_client FROM skillancer.project p WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_client = v_me THEN
		PERFORM skillancer.fail('OWN_PROJECT');
	END IF;
	p_cover_letter := skillancer.trimmed(p_cover_letter);
	PERFORM skillancer.check_proposal(p_id, p_cover_letter, p_bid, p_delivery_days, p_milestones, p_answers);
	PERFORM skillancer.check_done();
	PERFORM skillancer.check_may_propose(p_id);

	INSERT INTO skillancer.proposal (id, project_id, client_id, freelancer_id, cover_letter, bid, delivery_days,
		milestones, answers, connects, connect_terms)
	VALUES (v_id, p_id, v_client, v_me, p_cover_letter, p_bid, p_delivery_days,
		skillancer.tidy_terms(p_milestones, 'amount'),
		coalesce(p_answers, '{}'), skillancer.project_connects(p_id),
		skillancer.policy_pin(ARRAY['connectReturnEarly', 'connectReturnLate', 'connectReturnCancelled', 'connectReturnWindow']));
	PERFORM skillancer.connects_spend(v_id);
	PERFORM skillancer.keep_proposal_revision(v_id);
	PERFORM skillancer.note_risk('proposal', v_id::uuid, p_cover_letter);
	PERFORM skillancer.schedule('proposal', v_id::uuid, 'expire',
		skillancer.now() + skillancer.policy_interval('proposalExpiry'));
	PERFORM skillancer.emit('proposal.submitted', 'proposal', v_id::uuid, jsonb_build_object('proposalId', v_id,
		'projectId', p_id, 'clientId', v_client, 'freelancerId', v_me, 'state', 'SUBMITTED'),
		ARRAY[v_client::uuid, v_me::uuid]);
	SELECT i.id INTO v_invitation FROM skillancer.invitation i
	WHERE i.project_id = p_id AND i.freelancer_id = v_me AND i.state = 'SENT';
	IF FOUND THEN
		PERFORM skillancer.fire_system('invitation', v_invitation::uuid, 'accept');
	END IF;
	RETURN skillancer.proposal_reply(v_id, 201);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_create(skillancer.project_id, text, skillancer.monetary, integer, jsonb, text[], boolean) IS
	'Proposes on an open project of somebody else. Milestones, when given, add up to the bid. One live proposal a project. It costs connects: 409 INSUFFICIENT_CONNECTS. dryRun shows the result and the postings.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/proposals', 'proposal_create', who => 'FREELANCER',
	summary => 'Submit a proposal', answers => '200, 201 proposal_doc|dry_run');

-- GET /v1/proposals/{id}
CREATE OR REPLACE FUNCTION skillancer_api.proposal_get(
	p_id skillancer.proposal_id, p_header_if_none_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.proposal_doc d WHERE d.id = p_id;
	RETURN skillancer.object_reply(v_etag, v_doc, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_get(skillancer.proposal_id, text) IS
	'One proposal, for its freelancer, the client of the project, and staff.';
SELECT skillancer.add_route('GET', '/v1/proposals/{id}', 'proposal_get',
	summary => 'Get a proposal', answers => 'proposal_doc');

-- GET /v1/proposals/{id}/revisions
CREATE OR REPLACE FUNCTION skillancer_api.proposal_revisions(p_id skillancer.proposal_id)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_list json;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT json_agg(json_build_object('revision', r.revision, 'coverLetter', r.cover_letter, 'bid', r.bid,
		'deliveryDays', r.delivery_days, 'milestones', r.milestones, 'answers', r.answers, 'createdAt', r.created_at,
		'counters', (SELECT coalesce(json_agg(json_build_object('bid', c.bid, 'deliveryDays', c.delivery_days, 'message', c.message,
			'at', c.created_at) ORDER BY c.number), '[]')
			FROM skillancer.proposal_counter c WHERE c.proposal_id = p_id AND c.revision = r.revision))
		ORDER BY r.revision DESC) INTO v_list
	FROM skillancer.proposal_revision r
	WHERE r.proposal_id = p_id;
	IF v_list IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN v_list;
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_revisions(skillancer.proposal_id) IS
	'Every wording of a proposal, the newest first, each with the counter-offers that the client made to it, for those who see the proposal.';
SELECT skillancer.add_route('GET', '/v1/proposals/{id}/revisions', 'proposal_revisions',
	summary => 'List the wordings of a proposal', answers => '[proposal_revision]');

-- GET /v1/proposals
CREATE OR REPLACE FUNCTION skillancer_api.proposal_list(
	p_state text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'proposals', skillancer.current_user_id(), p_state);
	v_after skillancer.proposal_id;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_one_of('state', p_state,
		'{SUBMITTED,COUNTERED,ACCEPTED,WITHDRAWN,DECLINED,CLOSED,EXPIRED}', required => false);
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.proposal_id;
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.proposal_doc d
		WHERE d.freelancer_id = (SELECT skillancer.current_user_id()) AND d.id < v_after
			AND (p_state IS NULL OR d.state = p_state)
		ORDER BY d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_list(text, integer, text) IS
	'The proposals that the caller made, newest first, in every state or in one.';
SELECT skillancer.add_route('GET', '/v1/proposals', 'proposal_list',
	summary => 'List your proposals', answers => '[proposal_doc]');

-- GET /v1/projects/{id}/proposals
CREATE OR REPLACE FUNCTION skillancer_api.project_proposals(
	p_id skillancer.project_id, p_state text DEFAULT NULL, p_shortlisted boolean DEFAULT NULL,
	p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit  integer := skillancer.check_limit(p_limit);
	v_scope  text := concat_ws('|', 'project-proposals', p_id, p_state, p_shortlisted);
	v_client skillancer.user_id;
	v_after  skillancer.proposal_id;
	v_items  json[];
	v_keys   text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT p.client_id INTO v_client FROM skillancer.project p WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_client <> skillancer.current_user_id() AND NOT skillancer.has_permission('jobs:view') THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	PERFORM skillancer.check_one_of('state', p_state,
		'{SUBMITTED,COUNTERED,ACCEPTED,WITHDRAWN,DECLINED,CLOSED,EXPIRED}', required => false);
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.proposal_id;
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.proposal_doc d
		WHERE d.project_id = p_id AND d.id < v_after
			AND (p_state IS NULL OR d.state = p_state)
			AND (p_shortlisted IS NULL OR (d.shortlisted_at IS NOT NULL) = p_shortlisted)
		ORDER BY d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_proposals(skillancer.project_id, text, boolean, integer, text) IS
	'The proposals on a project of the caller, newest first; shortlisted=true keeps those on the short list.';
SELECT skillancer.add_route('GET', '/v1/projects/{id}/proposals', 'project_proposals', who => 'CLIENT',
	summary => 'List the proposals on a project of yours', answers => '[proposal_doc]');

-- PATCH /v1/proposals/{id}
CREATE OR REPLACE FUNCTION skillancer_api.proposal_update(
	p_id skillancer.proposal_id, p_present text[], p_cover_letter text DEFAULT NULL,
	p_bid skillancer.monetary DEFAULT NULL, p_delivery_days integer DEFAULT NULL, p_milestones jsonb DEFAULT NULL,
	p_answers text[] DEFAULT NULL, p_header_if_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_row skillancer.proposal%ROWTYPE;
BEGIN
	PERFORM skillancer.require_role('FREELANCER', 'ADMIN');
	SELECT * INTO v_row FROM skillancer.proposal p WHERE p.id = p_id FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_row.freelancer_id <> skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	PERFORM skillancer.check_if_match(p_header_if_match, 'v' || v_row.version);
	v_row.cover_letter := CASE WHEN 'coverLetter' = ANY (p_present) THEN skillancer.trimmed(p_cover_letter)
		ELSE v_row.cover_letter END;
	v_row.bid := CASE WHEN 'bid' = ANY (p_present) THEN p_bid ELSE v_row.bid END;
	v_row.delivery_days := CASE WHEN 'deliveryDays' = ANY (p_present) THEN p_delivery_days ELSE v_row.delivery_days END;
	v_row.milestones := CASE WHEN 'milestones' = ANY (p_present) THEN coalesce(p_milestones, '[]') ELSE v_row.milestones END;
	v_row.answers := CASE WHEN 'answers' = ANY (p_present) THEN coalesce(p_answers, '{}') ELSE v_row.answers END;
	PERFORM skillancer.check_proposal(v_row.project_id, v_row.cover_letter, v_row.bid, v_row.delivery_days,
		v_row.milestones, v_row.answers);
	PERFORM skillancer.check_done();

	PERFORM skillancer.fire('proposal', p_id::uuid, 'update',
		jsonb_build_object('revision', v_row.revision + 1));
	UPDATE skillancer.proposal p
	SET cover_letter = v_row.cover_letter, bid = v_row.bid, delivery_days = v_row.delivery_days,
		milestones = skillancer.tidy_terms(v_row.milestones, 'amount'), answers = v_row.answers, revision = p.revision + 1, counter = NULL
	WHERE p.id = p_id;
	PERFORM skillancer.keep_proposal_revision(p_id);
	PERFORM skillancer.note_risk('proposal', p_id::uuid, v_row.cover_letter);
	RETURN skillancer.proposal_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_update(skillancer.proposal_id, text[], text, skillancer.monetary, integer,
		jsonb, text[], text) IS
	'Changes a live proposal of the caller; the old wording is kept under its revision. Answers a counter-offer, too.';
SELECT skillancer.add_route('PATCH', '/v1/proposals/{id}', 'proposal_update', who => 'FREELANCER',
	summary => 'Edit a proposal of yours', answers => 'proposal_doc');
