-- sql/booking/api_mediation.sql
--	API of mediation: staff take a dispute, propose a split and decide; the two accept a split or reject it.

-- Whether the caller may decide; a refusal leaves a trace.
CREATE OR REPLACE FUNCTION skillancer.dispute_may_decide(p_id skillancer.dispute_id, p_action text) RETURNS boolean
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT skillancer.staff_may('contracts:resolve_dispute', 'dispute.' || p_action, 'dispute', p_id::uuid) THEN
		RETURN false;
	END IF;
	PERFORM skillancer.dispute_find(p_id);
	IF EXISTS (SELECT FROM skillancer.dispute d WHERE d.id = p_id
			AND (skillancer.current_user_id() IN (d.client_id, d.freelancer_id)
				OR d.organisation_id = ANY (skillancer.my_organisations()))) THEN
		PERFORM skillancer.audit(format('dispute.%s_denied', p_action), 'dispute', p_id::uuid, NULL, '{"reason": "a party"}');
		RETURN false;
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION skillancer.dispute_may_decide(skillancer.dispute_id, text) IS
	'Locks the dispute; true for staff with contracts:resolve_dispute who are no party of it. To other staff and to a party it is false, with an audit row, so that the caller can refuse and commit.';

-- Takes a dispute.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_take(p_id skillancer.dispute_id)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT skillancer.dispute_may_decide(p_id, 'take') THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you do not decide this dispute');
	END IF;
	RETURN ROW(200, NULL, NULL, NULL, skillancer.dispute_command(p_id, 'take'))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_take(skillancer.dispute_id) IS
	'Makes the caller the mediator of a dispute, also in place of somebody else. Nobody mediates in a dispute of his own.';
SELECT skillancer.add_route('POST', '/v1/disputes/{id}/take', 'dispute_take', who => 'SUPPORT, ADMIN',
	summary => 'Mediate in a dispute', answers => 'dispute_doc');

-- Notes what is wrong with a share of a claim.
CREATE OR REPLACE FUNCTION skillancer.check_share(p_id skillancer.dispute_id, p_share skillancer.monetary)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_claim skillancer.monetary;
BEGIN
	PERFORM skillancer.dispute_find(p_id);
	SELECT d.amount INTO v_claim FROM skillancer.dispute d WHERE d.id = p_id;
	PERFORM skillancer.check_money('toClaimant', p_share, 0, skillancer.monetary_minor(v_claim));
	PERFORM skillancer.check_that('toClaimant', skillancer.monetary_currency(p_share) = skillancer.monetary_currency(v_claim),
		'must be in the currency of the claim');
END
$$;
COMMENT ON FUNCTION skillancer.check_share(skillancer.dispute_id, skillancer.monetary) IS
	'Locks the dispute and notes problems of the field toClaimant: from nothing to the whole claim, in its currency.';

-- The mediator proposes.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_propose_split(p_id skillancer.dispute_id, p_to_claimant skillancer.monetary,
		p_note text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT skillancer.dispute_may_decide(p_id, 'propose_split') THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you do not decide this dispute');
	END IF;
	PERFORM skillancer.check_share(p_id, p_to_claimant);
	PERFORM skillancer.check_text('note', p_note, 10, 5000);
	PERFORM skillancer.check_done();
	RETURN ROW(200, NULL, NULL, NULL, skillancer.dispute_command(p_id, 'propose_split',
		jsonb_build_object('toClaimant', p_to_claimant::text, 'note', p_note)))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_propose_split(skillancer.dispute_id, skillancer.monetary, text) IS
	'Proposes how much of the claim the claimant gets, and why. Both may accept or reject it; silence until dueAt accepts.';
SELECT skillancer.add_route('POST', '/v1/disputes/{id}/propose-split', 'dispute_propose_split', who => 'SUPPORT, ADMIN',
	summary => 'Propose how to divide a claim', answers => 'dispute_doc');

-- A party accepts: the second one ends the dispute.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_accept_split(p_id skillancer.dispute_id, p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_dispute skillancer.dispute%ROWTYPE;
	v_other timestamptz;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.dispute_accept_split(%L, false)', p_id));
	END IF;
	PERFORM skillancer.dispute_find(p_id);
	SELECT * INTO v_dispute FROM skillancer.dispute d WHERE d.id = p_id;
	v_other := CASE WHEN v_dispute.claimant_id = skillancer.booking_side(v_dispute.booking_id) THEN v_dispute.respondent_accepted_at
		ELSE v_dispute.claimant_accepted_at END;
	RETURN skillancer.dispute_command(p_id, CASE WHEN v_dispute.state = 'PROPOSAL_OUT' AND v_other IS NOT NULL
		THEN 'agree_split' ELSE 'accept_split' END);
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_accept_split(skillancer.dispute_id, boolean) IS
	'Accepts the split that the mediator proposes; when the other side has accepted it, the claim is divided now.';
SELECT skillancer.add_route('POST', '/v1/disputes/{id}/accept-split', 'dispute_accept_split',
	summary => 'Accept the split that the mediator proposes', answers => 'dispute_doc|dry_run');

-- A party does not agree.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_reject_split(p_id skillancer.dispute_id, p_message text DEFAULT NULL)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('message', p_message, 1, 2000, false);
	PERFORM skillancer.check_done();
	RETURN skillancer.dispute_command(p_id, 'reject_split', jsonb_build_object('message', p_message));
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_reject_split(skillancer.dispute_id, text) IS
	'Rejects the split that the mediator proposes: mediation goes on, with another split or a decision.';
SELECT skillancer.add_route('POST', '/v1/disputes/{id}/reject-split', 'dispute_reject_split',
	summary => 'Reject the split that the mediator proposes', answers => 'dispute_doc');

-- Staff decide.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_resolve(p_id skillancer.dispute_id, p_to_claimant skillancer.monetary,
		p_decision text, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT skillancer.dispute_may_decide(p_id, 'resolve') THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you do not decide this dispute');
	END IF;
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.dispute_resolve(%L, %L, %L, false) r', p_id, p_to_claimant, p_decision)))::skillancer.reply;
	END IF;
	PERFORM skillancer.check_share(p_id, p_to_claimant);
	PERFORM skillancer.check_text('decision', p_decision, 10, 5000);
	PERFORM skillancer.check_done();
	RETURN ROW(200, NULL, NULL, NULL, skillancer.dispute_command(p_id, 'resolve',
		jsonb_build_object('toClaimant', p_to_claimant::text, 'decision', p_decision)))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_resolve(skillancer.dispute_id, skillancer.monetary, text, boolean) IS
	'Decides a dispute in mediation: so much of the claim to the claimant, the rest to the other side, at once. dryRun shows the postings.';
SELECT skillancer.add_route('POST', '/v1/disputes/{id}/resolve', 'dispute_resolve', who => 'SUPPORT, ADMIN',
	summary => 'Decide a dispute', answers => 'dispute_doc|dry_run');

-- The open disputes, oldest first.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_queue(p_state text DEFAULT NULL, p_mine boolean DEFAULT false,
		p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'queue', p_state, p_mine);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_permission('contracts:resolve_dispute');
	PERFORM skillancer.check_one_of('state', p_state, ARRAY['AWAITING_REPLY', 'NEGOTIATION', 'MEDIATION', 'PROPOSAL_OUT'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id), array_agg(d.id::uuid::text ORDER BY d.id)
	INTO v_items, v_keys
	FROM (
		SELECT x.id, x.doc FROM skillancer.dispute_doc x
		WHERE x.state NOT IN ('RESOLVED', 'WITHDRAWN')
			AND (p_state IS NULL OR x.state = p_state)
			AND (NOT p_mine OR x.mediator_id = skillancer.current_user_id())
			AND (v_after IS NULL OR x.id > v_after::skillancer.dispute_id)
		ORDER BY x.id
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_queue(text, boolean, integer, text) IS
	'Open disputes for staff, oldest first; of one state, or those that the caller mediates in.';
SELECT skillancer.add_route('GET', '/v1/admin/disputes', 'dispute_queue', who => 'SUPPORT, ADMIN', summary => 'Open disputes',
	answers => '[dispute_doc]');
