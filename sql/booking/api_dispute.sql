-- sql/booking/api_dispute.sql
--	API of disputes, for the two parties: open, read, reply, offers, evidence, escalate, withdraw. What the mediator
--	and the parties do with a split is in api_mediation.sql.

-- Locks what a dispute is about, in the order of everything: booking, milestone, dispute.
CREATE OR REPLACE FUNCTION skillancer.dispute_lock(p_id skillancer.dispute_id) RETURNS void
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.booking b
	WHERE b.id = (SELECT d.booking_id FROM skillancer.dispute d WHERE d.id = p_id) FOR NO KEY UPDATE;
	PERFORM FROM skillancer.milestone m
	WHERE m.id = (SELECT d.milestone_id FROM skillancer.dispute d WHERE d.id = p_id) FOR NO KEY UPDATE;
	PERFORM FROM skillancer.dispute d WHERE d.id = p_id FOR NO KEY UPDATE;
END
$$;
ALTER FUNCTION skillancer.dispute_lock(skillancer.dispute_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.dispute_lock(skillancer.dispute_id) IS
	'Locks the booking, the milestone and the dispute; runs as the engine, because staff lock what they are no party of.';

-- Finds and locks a dispute that the caller may see.
CREATE OR REPLACE FUNCTION skillancer.dispute_find(p_id skillancer.dispute_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.dispute d WHERE d.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.dispute_lock(p_id);
END
$$;
COMMENT ON FUNCTION skillancer.dispute_find(skillancer.dispute_id) IS
	'Locks a dispute that the caller may see; RESOURCE_NOT_FOUND for everybody else.';

-- Fires one event of a dispute for the caller and returns what the dispute is then.
CREATE OR REPLACE FUNCTION skillancer.dispute_command(p_id skillancer.dispute_id, p_event text, p_payload jsonb DEFAULT '{}')
	RETURNS json
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.dispute_find(p_id);
	PERFORM skillancer.fire('dispute', p_id::uuid, p_event, jsonb_strip_nulls(p_payload));
	RETURN (SELECT d.doc FROM skillancer.dispute_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.dispute_command(skillancer.dispute_id, text, jsonb) IS
	'The common body of the commands on a dispute.';

-- Notes what is wrong with a piece of evidence.
CREATE OR REPLACE FUNCTION skillancer.check_evidence(p_field text, p_text text, p_links text[], p_media skillancer.media_id[])
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_text(p_field, p_text, 10, 5000);
	PERFORM skillancer.check_items('links', p_links, 20, 2000);
	PERFORM skillancer.check_that(format('links[%s]', l.n - 1), l.link ~ '^https://[^\s<>"]+$', 'must be an https address')
	FROM unnest(p_links) WITH ORDINALITY AS l (link, n);
	PERFORM skillancer.check_that('mediaIds', coalesce(cardinality(p_media), 0) <= 20, 'must have at most 20 items');
	PERFORM skillancer.check_that('mediaIds', array_position(p_media, NULL) IS NULL, 'must not have null items');
	PERFORM skillancer.check_media('mediaIds', p_media::text[]);
END
$$;
COMMENT ON FUNCTION skillancer.check_evidence(text, text, text[], skillancer.media_id[]) IS
	'Notes problems of the text, the links (https) and the media of a piece of evidence.';

-- Adds a piece of evidence of the caller. The caller holds the dispute's lock.
CREATE OR REPLACE FUNCTION skillancer.evidence_add(p_id skillancer.dispute_id, p_text text, p_links text[],
		p_media skillancer.media_id[])
	RETURNS integer
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := (SELECT skillancer.booking_side(d.booking_id) FROM skillancer.dispute d WHERE d.id = p_id);
	v_number integer;
BEGIN
	IF (SELECT count(*) FROM skillancer.dispute_evidence e WHERE e.dispute_id = p_id AND e.author_id = v_me)
			>= skillancer.policy_int('disputeEvidenceLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have shown all the evidence that one side may show');
	END IF;
	INSERT INTO skillancer.dispute_evidence (dispute_id, number, client_id, freelancer_id, organisation_id,
		author_id, body, links, media_ids)
	SELECT d.id, 1 + (SELECT count(*) FROM skillancer.dispute_evidence e WHERE e.dispute_id = d.id), d.client_id,
		d.freelancer_id, d.organisation_id, v_me, p_text, coalesce(p_links, '{}'), coalesce(p_media, '{}')
	FROM skillancer.dispute d
	WHERE d.id = p_id
	RETURNING number INTO v_number;
	PERFORM skillancer.media_refer(p_media, 'EVIDENCE', p_id::uuid);
	RETURN v_number;
END
$$;
COMMENT ON FUNCTION skillancer.evidence_add(skillancer.dispute_id, text, text[], skillancer.media_id[]) IS
	'Adds a piece of evidence and returns its number.';

-- Drops what a dispute stands against: a pause, a cancellation or a refund that was asked for.
CREATE OR REPLACE FUNCTION skillancer.booking_drop_changes(p_booking skillancer.booking_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.fire_system('change_request', r.id::uuid, 'drop')
	FROM skillancer.change_request r
	WHERE r.booking_id = p_booking AND r.state = 'PENDING' AND r.kind IN ('PAUSE', 'CANCELLATION', 'REFUND');
END
$$;
COMMENT ON FUNCTION skillancer.booking_drop_changes(skillancer.booking_id) IS
	'Withdraws a pause, a cancellation or a refund that waits for its answer: while a dispute is open there is none.';

-- The milestone that a claim is about, locked after its booking; raises what stands against the claim.
CREATE OR REPLACE FUNCTION skillancer.check_claim(p_milestone skillancer.milestone_id, p_amount skillancer.monetary)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_milestone record;
BEGIN
	PERFORM skillancer.milestone_lock(p_milestone);
	SELECT d.state, d.in_escrow, d.frozen INTO v_milestone FROM skillancer.milestone_doc d WHERE d.id = p_milestone;
	IF v_milestone.frozen IS NOT NULL THEN
		PERFORM skillancer.fail('DISPUTE_OPEN');
	ELSIF v_milestone.state NOT IN ('FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED') THEN
		PERFORM skillancer.fail('INVALID_STATE', CASE v_milestone.state
			WHEN 'RELEASED' THEN 'the money was released: the freelancer may give it back'
			ELSE 'there is no money to claim' END,
			jsonb_build_object('state', v_milestone.state, 'allowed', '[]'::jsonb));
	ELSIF p_amount > v_milestone.in_escrow THEN
		PERFORM skillancer.fail('INSUFFICIENT_FUNDS', 'the claim is more than what is in escrow',
			jsonb_build_object('inEscrow', v_milestone.in_escrow));
	ELSIF (SELECT count(*) FROM skillancer.dispute d WHERE d.milestone_id = p_milestone
			AND d.claimant_id = (SELECT skillancer.booking_side(m.booking_id) FROM skillancer.milestone m WHERE m.id = p_milestone)) >= skillancer.policy_int('disputeLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have opened too many disputes about this milestone');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.check_claim(skillancer.milestone_id, skillancer.monetary) IS
	'DISPUTE_OPEN, INVALID_STATE, INSUFFICIENT_FUNDS or LIMIT_REACHED unless so much of the milestone can be claimed now.';

-- Either side claims a part of the money.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_open(p_id skillancer.booking_id, p_milestone_id skillancer.milestone_id,
		p_amount skillancer.monetary, p_reason text, p_statement text, p_links text[] DEFAULT NULL,
		p_media_ids skillancer.media_id[] DEFAULT NULL, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id;
	v_booking skillancer.booking%ROWTYPE;
	v_dispute skillancer.dispute_id := skillancer.new_id()::skillancer.dispute_id;
	v_policy jsonb := skillancer.policy_pin(ARRAY['disputeReplyTerm', 'disputeNegotiationTerm', 'disputeEvidenceTerm',
		'disputeProposalTerm']);
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.dispute_open(%L, %L, %L, %L, %L, %L, %L, false) r',
			p_id, p_milestone_id, p_amount, p_reason, p_statement, p_links, p_media_ids)))::skillancer.reply;
	END IF;
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	END IF;
	v_me := skillancer.booking_side(p_id);
	PERFORM skillancer.check_that('milestoneId', EXISTS (
		SELECT FROM skillancer.milestone m WHERE m.id = p_milestone_id AND m.booking_id = p_id), 'must be a milestone of the booking');
	PERFORM skillancer.check_money('amount', p_amount, 0, skillancer.policy_int('maxCharge'));
	PERFORM skillancer.check_that('amount', skillancer.monetary_currency(p_amount) = v_booking.currency,
		'must be in the currency of the booking');
	PERFORM skillancer.check_one_of('reason', p_reason,
		ARRAY['NOT_DELIVERED', 'QUALITY', 'LATE', 'SCOPE', 'NO_APPROVAL', 'CONDUCT', 'OTHER']);
	PERFORM skillancer.check_evidence('statement', p_statement, p_links, p_media_ids);
	PERFORM skillancer.check_done();
	PERFORM skillancer.check_claim(p_milestone_id, p_amount);
	PERFORM skillancer.booking_drop_changes(p_id);
	INSERT INTO skillancer.dispute (id, booking_id, milestone_id, client_id, freelancer_id, claimant_id, amount, reason,
		statement, claimant_offer, policy)
	VALUES (v_dispute, p_id, p_milestone_id, v_booking.client_id, v_booking.freelancer_id, v_me, p_amount, p_reason,
		p_statement, p_amount, v_policy);
	PERFORM skillancer.evidence_add(v_dispute, p_statement, p_links, p_media_ids)
	WHERE cardinality(p_links) > 0 OR cardinality(p_media_ids) > 0;
	PERFORM skillancer.fire_system('milestone', p_milestone_id::uuid, 'freeze',
		jsonb_build_object('disputeId', v_dispute, 'amount', p_amount::text));
	PERFORM skillancer.schedule('dispute', v_dispute::uuid, 'win_by_silence',
		skillancer.now() + (v_policy ->> 'disputeReplyTerm')::interval);
	PERFORM skillancer.emit('dispute.opened', 'dispute', v_dispute::uuid, jsonb_build_object('disputeId', v_dispute,
		'milestoneId', p_milestone_id, 'bookingId', p_id, 'clientId', v_booking.client_id,
		'freelancerId', v_booking.freelancer_id, 'claimantId', v_me, 'state', 'AWAITING_REPLY',
		'amount', p_amount::text, 'reason', p_reason), ARRAY[v_booking.client_id::uuid, v_booking.freelancer_id::uuid]);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.dispute_doc d WHERE d.id = v_dispute);
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_open(skillancer.booking_id, skillancer.milestone_id, skillancer.monetary, text, text, text[], skillancer.media_id[], boolean) IS
	'Claims an amount, up to what is in escrow, of a funded milestone: back for the client, or earned for the freelancer. The claim is frozen until the dispute is over; without a reply by dueAt it is granted. 409 DISPUTE_OPEN, INSUFFICIENT_FUNDS, INVALID_STATE.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/disputes', 'dispute_open', summary => 'Open a dispute about a milestone',
	answers => '200, 201 dispute_doc|dry_run');

-- One dispute with its evidence.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_get(p_id skillancer.dispute_id, p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.dispute_doc d WHERE d.id = p_id;
	RETURN skillancer.object_reply(v_etag, v_doc, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_get(skillancer.dispute_id, text) IS
	'A dispute with offers, split and evidence, for its two parties and for staff.';
SELECT skillancer.add_route('GET', '/v1/disputes/{id}', 'dispute_get', summary => 'One dispute with its evidence',
	answers => 'dispute_doc');

-- The caller's disputes, newest first.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_list(p_state text DEFAULT NULL, p_booking_id skillancer.booking_id DEFAULT NULL,
		p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'disputes', p_state, p_booking_id);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('state', p_state,
		ARRAY['AWAITING_REPLY', 'NEGOTIATION', 'MEDIATION', 'PROPOSAL_OUT', 'RESOLVED', 'WITHDRAWN'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::uuid::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT x.id, x.doc FROM skillancer.dispute_doc x
		WHERE (x.client_id = v_me OR x.freelancer_id = v_me OR x.organisation_id = ANY (skillancer.my_organisations()))
			AND (p_state IS NULL OR x.state = p_state)
			AND (p_booking_id IS NULL OR x.booking_id = p_booking_id)
			AND (v_after IS NULL OR x.id < v_after::skillancer.dispute_id)
		ORDER BY x.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_list(text, skillancer.booking_id, integer, text) IS
	'The caller''s disputes on either side, newest first.';
SELECT skillancer.add_route('GET', '/v1/disputes', 'dispute_list', summary => 'My disputes',
	answers => '[dispute_doc]');

-- The other side replies.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_reply(p_id skillancer.dispute_id, p_statement text,
		p_links text[] DEFAULT NULL, p_media_ids skillancer.media_id[] DEFAULT NULL)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_evidence('statement', p_statement, p_links, p_media_ids);
	PERFORM skillancer.check_done();
	PERFORM skillancer.dispute_command(p_id, 'reply');
	PERFORM skillancer.evidence_add(p_id, p_statement, p_links, p_media_ids);
	RETURN (SELECT d.doc FROM skillancer.dispute_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_reply(skillancer.dispute_id, text, text[], skillancer.media_id[]) IS
	'Answers a claim, so that silence does not grant it: both negotiate from here on.';
SELECT skillancer.add_route('POST', '/v1/disputes/{id}/reply', 'dispute_reply', summary => 'Reply to a dispute',
	answers => 'dispute_doc');

-- Either side moves towards the other.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_offer(p_id skillancer.dispute_id, p_amount skillancer.monetary,
		p_message text DEFAULT NULL, p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_dispute skillancer.dispute%ROWTYPE;
	v_minor bigint := skillancer.monetary_minor(p_amount);
	v_meet boolean;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.dispute_offer(%L, %L, %L, false)', p_id, p_amount, p_message));
	END IF;
	PERFORM skillancer.dispute_find(p_id);
	SELECT * INTO v_dispute FROM skillancer.dispute d WHERE d.id = p_id;
	PERFORM skillancer.check_money('amount', p_amount, 0, skillancer.monetary_minor(v_dispute.amount));
	PERFORM skillancer.check_that('amount', skillancer.monetary_currency(p_amount) = skillancer.monetary_currency(v_dispute.amount),
		'must be in the currency of the claim');
	PERFORM skillancer.check_text('message', p_message, 1, 2000, false);
	PERFORM skillancer.check_done();
	v_meet := CASE WHEN v_dispute.state NOT IN ('NEGOTIATION', 'MEDIATION') THEN false
		WHEN v_dispute.claimant_id = skillancer.booking_side(v_dispute.booking_id)
			THEN v_minor <= skillancer.monetary_minor(v_dispute.respondent_offer)
		ELSE v_minor >= skillancer.monetary_minor(v_dispute.claimant_offer) END;
	RETURN skillancer.dispute_command(p_id, CASE WHEN v_meet THEN 'accept_offer' ELSE 'offer' END,
		jsonb_build_object('amount', p_amount::text, 'message', p_message));
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_offer(skillancer.dispute_id, skillancer.monetary, text, boolean) IS
	'Says how much of the claim the claimant should get. The claimant only goes down, the other side only up (OFFER_NOT_BETTER); an offer that meets or passes the standing one of the other side settles the dispute at that one.';
SELECT skillancer.add_route('POST', '/v1/disputes/{id}/offer', 'dispute_offer', summary => 'Make an offer in a dispute',
	answers => 'dispute_doc|dry_run');

-- Either side takes what the other one offers.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_accept_offer(p_id skillancer.dispute_id, p_amount skillancer.monetary,
		p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_dispute skillancer.dispute%ROWTYPE;
	v_standing skillancer.monetary;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.dispute_accept_offer(%L, %L, false)', p_id, p_amount));
	END IF;
	PERFORM skillancer.dispute_find(p_id);
	SELECT * INTO v_dispute FROM skillancer.dispute d WHERE d.id = p_id;
	v_standing := CASE WHEN v_dispute.claimant_id = skillancer.booking_side(v_dispute.booking_id) THEN v_dispute.respondent_offer
		ELSE v_dispute.claimant_offer END;
	IF v_dispute.state IN ('AWAITING_REPLY', 'NEGOTIATION', 'MEDIATION') AND v_standing <> p_amount THEN
		PERFORM skillancer.fail('PRECONDITION_FAILED', 'the offer has changed', jsonb_build_object('offer', v_standing));
	END IF;
	RETURN skillancer.dispute_command(p_id, 'accept_offer', jsonb_build_object('amount', p_amount::text));
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_accept_offer(skillancer.dispute_id, skillancer.monetary, boolean) IS
	'Settles the dispute at the standing offer of the other side, which the caller names: 412 when it has changed. The claim itself is the first offer of who claims.';
SELECT skillancer.add_route('POST', '/v1/disputes/{id}/accept-offer', 'dispute_accept_offer',
	summary => 'Accept the offer of the other side', answers => 'dispute_doc|dry_run');

-- Either side asks for a mediator.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_escalate(p_id skillancer.dispute_id, p_message text DEFAULT NULL)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('message', p_message, 1, 2000, false);
	PERFORM skillancer.check_done();
	RETURN skillancer.dispute_command(p_id, 'escalate', jsonb_build_object('message', p_message));
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_escalate(skillancer.dispute_id, text) IS
	'Calls for mediation by staff. From here on evidence is taken until evidenceUntil.';
SELECT skillancer.add_route('POST', '/v1/disputes/{id}/escalate', 'dispute_escalate', summary => 'Call for mediation',
	answers => 'dispute_doc');

-- Who claims takes it back.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_withdraw(p_id skillancer.dispute_id, p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.dispute_withdraw(%L, false)', p_id));
	END IF;
	RETURN skillancer.dispute_command(p_id, 'withdraw');
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_withdraw(skillancer.dispute_id, boolean) IS
	'Takes a claim back: its money is in escrow again, and the clock of submitted work starts anew.';
SELECT skillancer.add_route('POST', '/v1/disputes/{id}/withdraw', 'dispute_withdraw', summary => 'Withdraw a dispute of mine',
	answers => 'dispute_doc|dry_run');

-- Either side shows something.
CREATE OR REPLACE FUNCTION skillancer_api.dispute_evidence_add(p_id skillancer.dispute_id, p_text text,
		p_links text[] DEFAULT NULL, p_media_ids skillancer.media_id[] DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_dispute skillancer.dispute%ROWTYPE;
	v_number integer;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.dispute_find(p_id);
	SELECT * INTO v_dispute FROM skillancer.dispute d WHERE d.id = p_id;
	PERFORM FROM skillancer.booking b WHERE b.id = v_dispute.booking_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	PERFORM skillancer.check_evidence('text', p_text, p_links, p_media_ids);
	PERFORM skillancer.check_done();
	IF v_dispute.state NOT IN ('AWAITING_REPLY', 'NEGOTIATION', 'MEDIATION') THEN
		PERFORM skillancer.fail('INVALID_STATE', NULL, jsonb_build_object('state', v_dispute.state, 'allowed', '[]'::jsonb));
	ELSIF v_dispute.evidence_until < skillancer.now() THEN
		PERFORM skillancer.fail('INVALID_STATE', 'the time for evidence is over',
			jsonb_build_object('state', v_dispute.state, 'evidenceUntil', v_dispute.evidence_until));
	END IF;
	v_number := skillancer.evidence_add(p_id, p_text, p_links, p_media_ids);
	PERFORM skillancer.emit('dispute.evidence_added', 'dispute', p_id::uuid, jsonb_build_object('disputeId', p_id,
		'milestoneId', v_dispute.milestone_id, 'bookingId', v_dispute.booking_id, 'clientId', v_dispute.client_id,
		'freelancerId', v_dispute.freelancer_id, 'claimantId', v_dispute.claimant_id, 'state', v_dispute.state,
		'number', v_number), ARRAY[v_dispute.client_id::uuid, v_dispute.freelancer_id::uuid]);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.dispute_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.dispute_evidence_add(skillancer.dispute_id, text, text[], skillancer.media_id[]) IS
	'Adds text, links (https) and media to a dispute, before and during mediation until evidenceUntil; both sides and staff read it.';
SELECT skillancer.add_route('POST', '/v1/disputes/{id}/evidence', 'dispute_evidence_add', summary => 'Add evidence to a dispute',
	answers => '201 dispute_doc');
