-- sql/booking/api_part.sql
--	Milestones in parts: the client releases some of the money, or the freelancer gives some of it back, and the rest
--	stays in escrow.

-- Fires a part, within what is left.
CREATE OR REPLACE FUNCTION skillancer.milestone_part(p_id skillancer.milestone_id, p_event text,
		p_amount skillancer.monetary)
	RETURNS json
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_left skillancer.monetary;
	v_frozen bigint;
BEGIN
	PERFORM skillancer.milestone_lock(p_id);
	SELECT d.in_escrow, coalesce(skillancer.monetary_minor(d.frozen), 0) INTO v_left, v_frozen FROM skillancer.milestone_doc d WHERE d.id = p_id;
	PERFORM skillancer.check_money('amount', p_amount, 1, skillancer.policy_int('maxCharge'));
	IF p_amount IS NOT NULL THEN
		PERFORM skillancer.check_that('amount', skillancer.monetary_currency(p_amount) = skillancer.monetary_currency(v_left),
			'must be in the currency of the milestone');
	END IF;
	PERFORM skillancer.check_done();
	IF skillancer.monetary_minor(v_left) + least(v_frozen, 1) BETWEEN 1 AND skillancer.monetary_minor(p_amount) THEN
		PERFORM skillancer.fail('INSUFFICIENT_FUNDS', 'a part is less than what is in escrow',
			jsonb_build_object('inEscrow', v_left));
	END IF;
	RETURN skillancer.milestone_command(p_id, p_event, jsonb_build_object('amount', p_amount::text));
END
$$;
COMMENT ON FUNCTION skillancer.milestone_part(skillancer.milestone_id, text, skillancer.monetary) IS
	'The common body of releasing and refunding a part of a milestone.';

-- What is left of a milestone that was paid in part becomes the next one.
CREATE OR REPLACE FUNCTION skillancer.milestone_roll(p_id skillancer.milestone_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_next skillancer.milestone_id := skillancer.new_id()::skillancer.milestone_id;
BEGIN
	INSERT INTO skillancer.milestone (id, booking_id, client_id, freelancer_id, seq, title, amount, days, proposed_by, state, policy,
		rolled_from, payer_id)
	SELECT v_next, m.booking_id, m.client_id, m.freelancer_id,
		(SELECT max(x.seq) + 1 FROM skillancer.milestone x WHERE x.booking_id = m.booking_id),
		left('Rest of ' || m.title, 200), d.in_escrow, m.days, m.client_id, 'AGREED', m.policy, m.id, m.payer_id
	FROM skillancer.milestone m
	JOIN skillancer.milestone_doc d ON d.id = m.id
	WHERE m.id = p_id;
	PERFORM skillancer.fire('milestone', p_id::uuid, 'roll', jsonb_build_object('nextMilestoneId', v_next));
END
$$;
COMMENT ON FUNCTION skillancer.milestone_roll(skillancer.milestone_id) IS
	'Ends a milestone with what was released of it; the rest of its escrow is a new milestone, funded with it.';

-- The client releases a part.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_release_part(p_id skillancer.milestone_id,
		p_amount skillancer.monetary, p_rest text DEFAULT 'KEEP', p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking_id;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.milestone_release_part(%L, %L, %L, false)', p_id, p_amount, p_rest));
	END IF;
	PERFORM skillancer.check_one_of('rest', p_rest, ARRAY['KEEP', 'ROLL', 'REFUND']);
	PERFORM skillancer.milestone_part(p_id, 'release_part', p_amount);
	IF p_rest = 'ROLL' THEN
		PERFORM skillancer.milestone_roll(p_id);
	ELSIF p_rest = 'REFUND' THEN
		SELECT m.booking_id INTO v_booking FROM skillancer.milestone m WHERE m.id = p_id;
		PERFORM skillancer.change_refuse(v_booking, 'REFUND');
		PERFORM skillancer.change_add(v_booking, 'REFUND', 'The rest of a milestone that was paid in part', p_id);
	END IF;
	RETURN (SELECT d.doc FROM skillancer.milestone_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_release_part(skillancer.milestone_id, skillancer.monetary, text, boolean) IS
	'Releases a part of a funded milestone to the freelancer, less the service fee on it. The rest: KEEP leaves it in escrow, and the state as it is; ROLL makes it the next milestone, which is funded with it; REFUND asks the freelancer to give it back. dryRun shows the result and the postings.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/release-part', 'milestone_release_part', who => 'CLIENT',
	summary => 'Release a part of a milestone', answers => 'milestone_doc|dry_run');

-- The freelancer gives a part back.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_refund_part(p_id skillancer.milestone_id,
		p_amount skillancer.monetary, p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.milestone_refund_part(%L, %L, false)', p_id, p_amount));
	END IF;
	RETURN skillancer.milestone_part(p_id, 'refund_part', p_amount);
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_refund_part(skillancer.milestone_id, skillancer.monetary, boolean) IS
	'Returns a part of a funded milestone, with the client''s fee on it, to the client''s wallet; the rest stays in escrow.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/refund-part', 'milestone_refund_part', who => 'FREELANCER',
	summary => 'Return a part of a milestone to the client', answers => 'milestone_doc|dry_run');
