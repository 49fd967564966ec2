/*
 * api_proposal_state.sql
 *		The life of a proposal: withdraw, counter, decline, and the client's tags. Acceptance makes a
 *		booking and lives there.
 */

-- A party's proposal, locked after its project's order: which side is the caller on?
CREATE OR REPLACE FUNCTION skillancer.own_proposal(p_id skillancer.proposal_id)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_client     skillancer.user_id;
	v_freelancer skillancer.user_id;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT p.client_id, p.freelancer_id INTO v_client, v_freelancer
	FROM skillancer.proposal p WHERE p.id = p_id FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN CASE skillancer.current_user_id() WHEN v_client THEN 'client' WHEN v_freelancer THEN 'freelancer' END;
END
$$;
COMMENT ON FUNCTION skillancer.own_proposal(skillancer.proposal_id) IS
	'Locks a proposal of which the caller is a party and returns the part: client or freelancer. RESOURCE_NOT_FOUND for others.';

-- Fires an event that may have a reason.
CREATE OR REPLACE FUNCTION skillancer.end_proposal(p_id skillancer.proposal_id, p_event text, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.own_proposal(p_id);
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, required => false);
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('proposal', p_id::uuid, p_event,
		jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
	UPDATE skillancer.proposal p SET reason = p_reason WHERE p.id = p_id AND p_reason IS NOT NULL;
	RETURN skillancer.proposal_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer.end_proposal(skillancer.proposal_id, text, text) IS
	'Withdraws or declines a proposal; the reason is shown to both parties.';

-- POST /v1/proposals/{id}/withdraw
CREATE OR REPLACE FUNCTION skillancer_api.proposal_withdraw(p_id skillancer.proposal_id, p_reason text DEFAULT NULL, p_dry_run boolean DEFAULT false)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.proposal_withdraw(%L, %L, p_dry_run => false) r', p_id, p_reason)))::skillancer.reply;
	END IF;
	RETURN skillancer.end_proposal(p_id, 'withdraw', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_withdraw(skillancer.proposal_id, text, boolean) IS
	'Takes a live proposal of the caller back. dryRun shows the result and the postings.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/withdraw', 'proposal_withdraw', who => 'FREELANCER',
	summary => 'Withdraw a proposal of yours', answers => 'proposal_doc|dry_run');

-- POST /v1/proposals/{id}/decline
CREATE OR REPLACE FUNCTION skillancer_api.proposal_decline(p_id skillancer.proposal_id, p_reason text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.end_proposal(p_id, 'decline', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_decline(skillancer.proposal_id, text) IS
	'Declines a live proposal on a project of the caller.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/decline', 'proposal_decline', who => 'CLIENT',
	summary => 'Decline a proposal', answers => 'proposal_doc');

-- POST /v1/proposals/{id}/counter
CREATE OR REPLACE FUNCTION skillancer_api.proposal_counter(
	p_id skillancer.proposal_id, p_bid skillancer.monetary, p_delivery_days integer DEFAULT NULL,
	p_message text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_currency text;
BEGIN
	PERFORM skillancer.own_proposal(p_id);
	SELECT skillancer.monetary_currency(p.bid) INTO v_currency FROM skillancer.proposal p WHERE p.id = p_id;
	PERFORM skillancer.check_number('bid', p_bid::numeric, 1, 1000000);
	IF skillancer.monetary_currency(p_bid) <> v_currency THEN
		PERFORM skillancer.check_that('bid', false, 'must be in the currency of the proposal, ' || v_currency);
	END IF;
	PERFORM skillancer.check_int('deliveryDays', p_delivery_days, 1, 365, required => false);
	PERFORM skillancer.check_text('message', p_message, 1, 2000, required => false);
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('proposal', p_id::uuid, 'counter');
	UPDATE skillancer.proposal p
	SET counter = jsonb_build_object('bid', p_bid, 'deliveryDays', p_delivery_days, 'message', p_message,
		'at', skillancer.now())
	WHERE p.id = p_id;
	INSERT INTO skillancer.proposal_counter (proposal_id, number, revision, client_id, freelancer_id, bid, delivery_days, message)
	SELECT p.id, 1 + (SELECT count(*) FROM skillancer.proposal_counter c WHERE c.proposal_id = p_id), p.revision, p.client_id,
		p.freelancer_id, p_bid, p_delivery_days, p_message
	FROM skillancer.proposal p
	WHERE p.id = p_id;
	PERFORM skillancer.note_risk('proposal', p_id::uuid, coalesce(p_message, ''));
	RETURN skillancer.proposal_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_counter(skillancer.proposal_id, skillancer.monetary, integer, text) IS
	'Names the terms that the client would agree to; the freelancer answers by editing the proposal. All of them stay readable beside its revisions.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/counter', 'proposal_counter', who => 'CLIENT',
	summary => 'Make a counter-offer', answers => 'proposal_doc');

-- Sets or takes off a tag of the client; the first time is kept.
CREATE OR REPLACE FUNCTION skillancer.tag_proposal(p_id skillancer.proposal_id, p_tag text, p_on boolean)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_part text := skillancer.own_proposal(p_id);
	v_new  skillancer.proposal%ROWTYPE;
BEGIN
	IF v_part <> 'client' THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	UPDATE skillancer.proposal p
	SET shortlisted_at = CASE p_tag WHEN 'shortlisted' THEN skillancer.tag_time(p.shortlisted_at, p_on) ELSE p.shortlisted_at END,
		viewed_at = CASE p_tag WHEN 'viewed' THEN skillancer.tag_time(p.viewed_at, p_on) ELSE p.viewed_at END,
		interviewing_at = CASE p_tag WHEN 'interviewing' THEN skillancer.tag_time(p.interviewing_at, p_on) ELSE p.interviewing_at END,
		archived_at = CASE p_tag WHEN 'archived' THEN skillancer.tag_time(p.archived_at, p_on) ELSE p.archived_at END,
		version = p.version + 1, updated_at = skillancer.now()
	WHERE p.id = p_id AND p_on <> (CASE p_tag WHEN 'shortlisted' THEN p.shortlisted_at WHEN 'viewed' THEN p.viewed_at
		WHEN 'interviewing' THEN p.interviewing_at ELSE p.archived_at END IS NOT NULL)
	RETURNING * INTO v_new;
	IF FOUND AND p_on AND p_tag IN ('shortlisted', 'viewed') THEN
		PERFORM skillancer.emit('proposal.' || p_tag, 'proposal', p_id::uuid, jsonb_build_object('proposalId', p_id,
			'projectId', v_new.project_id, 'clientId', v_new.client_id, 'freelancerId', v_new.freelancer_id,
			'state', v_new.state), ARRAY[v_new.client_id::uuid, v_new.freelancer_id::uuid]);
	END IF;
	RETURN skillancer.proposal_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer.tag_proposal(skillancer.proposal_id, text, boolean) IS
	'Sets or takes off shortlisted, viewed, interviewing or archived; nothing happens when it is so already.';

-- When a tag was set.
CREATE OR REPLACE FUNCTION skillancer.tag_time(p_old timestamptz, p_on boolean)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN CASE WHEN p_on THEN coalesce(p_old, skillancer.now()) END;
END
$$;
COMMENT ON FUNCTION skillancer.tag_time(timestamptz, boolean) IS 'The old time or now; NULL when the tag is taken off.';

-- POST /v1/proposals/{id}/shortlist
CREATE OR REPLACE FUNCTION skillancer_api.proposal_shortlist(p_id skillancer.proposal_id, p_on boolean DEFAULT true)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.tag_proposal(p_id, 'shortlisted', coalesce(p_on, true));
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_shortlist(skillancer.proposal_id, boolean) IS
	'Puts a proposal on the client''s short list, or takes it off with on=false. Its freelancer is told.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/shortlist', 'proposal_shortlist', who => 'CLIENT',
	summary => 'Shortlist a proposal', answers => 'proposal_doc');

-- POST /v1/proposals/{id}/tags
CREATE OR REPLACE FUNCTION skillancer_api.proposal_tag(p_id skillancer.proposal_id, p_tag text, p_on boolean DEFAULT true)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_one_of('tag', p_tag, '{viewed,shortlisted,interviewing,archived}');
	PERFORM skillancer.check_done();
	RETURN skillancer.tag_proposal(p_id, p_tag, coalesce(p_on, true));
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_tag(skillancer.proposal_id, text, boolean) IS
	'Sets a tag of the client with its time, or takes it off with on=false: viewed, shortlisted, interviewing, archived.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/tags', 'proposal_tag', who => 'CLIENT',
	summary => 'Tag a proposal', answers => 'proposal_doc');
