-- sql/payment/chargeback.sql
--	Charge-backs, as providers tell of them: opened, won, lost. Called by who reads a provider's messages, and by
--	an operator in psql; and what finance reads of them.

-- Locks what a charge's money is in.
CREATE OR REPLACE FUNCTION skillancer.chargeback_lock(p_milestone skillancer.milestone_id) RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_next skillancer.milestone_id := p_milestone;
BEGIN
	PERFORM FROM skillancer.booking b
	WHERE b.id = (SELECT m.booking_id FROM skillancer.milestone m WHERE m.id = p_milestone) FOR NO KEY UPDATE;
	WHILE v_next IS NOT NULL LOOP
		PERFORM FROM skillancer.milestone m WHERE m.id = v_next FOR NO KEY UPDATE;
		v_next := (SELECT m.id FROM skillancer.milestone m WHERE m.rolled_from = v_next);
	END LOOP;
END
$$;
COMMENT ON FUNCTION skillancer.chargeback_lock(skillancer.milestone_id) IS
	'Locks the booking, the milestone that a charge paid for and those that its rest was rolled on to, in the order of everything.';

-- Ends the disputes about money that the bank decides about.
CREATE OR REPLACE FUNCTION skillancer.chargeback_overtakes(p_booking skillancer.booking_id, p_milestone skillancer.milestone_id)
	RETURNS void
	LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_dispute skillancer.dispute_id;
BEGIN
	IF p_booking IS NULL THEN
		RETURN;
	END IF;
	PERFORM skillancer.booking_drop_changes(p_booking);
	FOR v_dispute IN
		WITH RECURSIVE place AS (
			SELECT p_milestone AS id
			UNION ALL
			SELECT m.id FROM place p JOIN skillancer.milestone m ON m.rolled_from = p.id)
		SELECT d.id FROM skillancer.dispute d
		JOIN place p ON p.id = d.milestone_id
		WHERE d.state NOT IN ('RESOLVED', 'WITHDRAWN')
		FOR NO KEY UPDATE OF d
	LOOP
		PERFORM skillancer.fire_system('dispute', v_dispute::uuid, 'overtake');
	END LOOP;
END
$$;
COMMENT ON FUNCTION skillancer.chargeback_overtakes(skillancer.booking_id, skillancer.milestone_id) IS
	'Drops changes that wait for an answer, and ends the dispute about the money of a charge: what it froze is in escrow again, for the bank to decide about.';

-- Opens a charge-back.
CREATE OR REPLACE FUNCTION skillancer.chargeback_open(p_charge skillancer.charge_id, p_amount skillancer.monetary,
		p_fee skillancer.monetary, p_reference text, p_reason text DEFAULT NULL)
	RETURNS uuid
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_charge skillancer.charge%ROWTYPE;
	v_freelancer skillancer.user_id;
	v_booking skillancer.booking_id;
	v_left skillancer.monetary;
	v_id uuid;
BEGIN
	SELECT b.id INTO v_id FROM skillancer.chargeback b WHERE b.reference = p_reference;
	IF FOUND THEN
		RETURN v_id;
	END IF;
	SELECT * INTO v_charge FROM skillancer.charge c WHERE c.id = p_charge;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF skillancer.monetary_currency(p_amount) <> skillancer.monetary_currency(v_charge.amount)
			OR skillancer.monetary_currency(p_fee) <> skillancer.monetary_currency(v_charge.amount) THEN
		PERFORM skillancer.fail('CURRENCY_MISMATCH');
	END IF;
	SELECT m.booking_id, m.freelancer_id INTO v_booking, v_freelancer
	FROM skillancer.milestone m WHERE m.id = v_charge.milestone_id;
	PERFORM skillancer.chargeback_lock(v_charge.milestone_id);
	v_left := skillancer.charge_left(p_charge);
	-- the same message may have come twice at once: now the locks are there
	SELECT b.id INTO v_id FROM skillancer.chargeback b WHERE b.reference = p_reference;
	IF FOUND THEN
		RETURN v_id;
	ELSIF p_amount > v_left THEN
		PERFORM skillancer.fail('INSUFFICIENT_FUNDS', 'more than what is left of this charge');
	END IF;
	PERFORM skillancer.chargeback_overtakes(v_booking, v_charge.milestone_id);
	INSERT INTO skillancer.chargeback (charge_id, milestone_id, user_id, freelancer_id, reference, reason, amount, fee)
	VALUES (p_charge, v_charge.milestone_id, v_charge.user_id, v_freelancer, p_reference, left(p_reason, 500), p_amount, p_fee)
	RETURNING id INTO v_id;
	PERFORM skillancer.fire_system('chargeback', v_id, 'open');
	RETURN v_id;
END
$$;
ALTER FUNCTION skillancer.chargeback_open(skillancer.charge_id, skillancer.monetary, skillancer.monetary, text, text) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.chargeback_open(skillancer.charge_id, skillancer.monetary, skillancer.monetary, text, text) IS
	'Posts a charge-back (T13) with the bank''s fee, ends the dispute about its money, and freezes what can be frozen (T13a, b). Repeated with the same reference it returns what was opened. CURRENCY_MISMATCH, INSUFFICIENT_FUNDS when more than the charge took would go back, INVALID_STATE when nothing was captured.';

-- Ends a charge-back.
CREATE OR REPLACE FUNCTION skillancer.chargeback_close(p_reference text, p_won boolean) RETURNS text
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_chargeback skillancer.chargeback%ROWTYPE;
BEGIN
	SELECT * INTO v_chargeback FROM skillancer.chargeback b WHERE b.reference = p_reference;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_chargeback.state = (CASE WHEN p_won THEN 'WON' ELSE 'LOST' END) THEN
		RETURN v_chargeback.state;
	END IF;
	PERFORM skillancer.chargeback_lock(v_chargeback.milestone_id);
	PERFORM FROM skillancer.charge c WHERE c.id = v_chargeback.charge_id FOR NO KEY UPDATE;
	RETURN skillancer.fire_system('chargeback', v_chargeback.id, CASE WHEN p_won THEN 'win' ELSE 'lose' END);
END
$$;
ALTER FUNCTION skillancer.chargeback_close(text, boolean) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.chargeback_close(text, boolean) IS
	'Posts how a charge-back was decided: won (T13c), everything is as before, or lost (T13d). Once; said again the same way it does nothing, the other way it is INVALID_STATE.';

-- A charge-back is won.
CREATE OR REPLACE FUNCTION skillancer.chargeback_won(p_reference text) RETURNS text
	LANGUAGE sql VOLATILE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT skillancer.chargeback_close(p_reference, true)
$$;
COMMENT ON FUNCTION skillancer.chargeback_won(text) IS 'The bank decided for us: chargeback_close().';

-- A charge-back is lost.
CREATE OR REPLACE FUNCTION skillancer.chargeback_lost(p_reference text) RETURNS text
	LANGUAGE sql VOLATILE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT skillancer.chargeback_close(p_reference, false)
$$;
COMMENT ON FUNCTION skillancer.chargeback_lost(text) IS 'The bank decided against us: chargeback_close().';

-- Charge-backs for finance.
CREATE OR REPLACE FUNCTION skillancer_api.chargeback_list(p_state text DEFAULT NULL, p_limit integer DEFAULT NULL,
		p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'chargebacks', p_state);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_permission('finance:view');
	PERFORM skillancer.check_one_of('state', p_state, ARRAY['OPEN', 'WON', 'LOST'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT x.id, x.doc FROM skillancer.chargeback_doc x
		WHERE (p_state IS NULL OR x.state = p_state) AND (v_after IS NULL OR x.id < v_after)
		ORDER BY x.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.chargeback_list(text, integer, text) IS
	'Charge-backs with what is frozen for them, newest first.';
SELECT skillancer.add_route('GET', '/v1/admin/chargebacks', 'chargeback_list', who => 'FINANCE, ADMIN', summary => 'Charge-backs',
	answers => '[chargeback_doc]');
