-- sql/payment/api_adjustment.sql
--	API of postings by hand: one of finance proposes, another one approves or rejects.

-- The account classes that may be posted to by hand: none that belongs to an object with a state.
CREATE OR REPLACE FUNCTION skillancer.adjustable_class(p_class text, OUT adjustable boolean, OUT per_user boolean)
	LANGUAGE sql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT p_class IN ('psp_clearing', 'bank_trust', 'bank_operating', 'client_wallet', 'freelancer_available',
			'freelancer_receivable', 'revenue_service', 'revenue_client', 'revenue_payout', 'revenue_fx', 'revenue_tokens',
			'expense_psp', 'expense_chargeback', 'expense_writeoff', 'fx_position', 'platform_capital'),
		p_class IN ('client_wallet', 'freelancer_available', 'freelancer_receivable')
$$;
COMMENT ON FUNCTION skillancer.adjustable_class(text) IS
	'Whether accounts of a class may be posted to by hand, and whether they belong to users.';

-- Notes what is wrong with one leg.
CREATE OR REPLACE FUNCTION skillancer.check_leg(p_field text, p_leg jsonb) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_class record;
	v_money skillancer.monetary;
	v_user skillancer.user_id;
BEGIN
	IF jsonb_typeof(p_leg) <> 'object' OR (p_leg ? 'debit') = (p_leg ? 'credit')
			OR p_leg - '{account,userId,debit,credit}'::text[] <> '{}' THEN
		PERFORM skillancer.check_that(p_field, false, 'must be an object of account, userId, and either debit or credit');
		RETURN;
	END IF;
	SELECT * INTO v_class FROM skillancer.adjustable_class(p_leg ->> 'account');
	PERFORM skillancer.check_that(p_field || '.account', coalesce(v_class.adjustable, false), 'is no account that is posted to by hand');
	BEGIN
		v_money := coalesce(p_leg -> 'debit', p_leg -> 'credit')::skillancer.monetary;
		PERFORM skillancer.check_that(p_field, skillancer.monetary_minor(v_money) > 0, 'must move more than nothing');
	EXCEPTION WHEN data_exception OR SQLSTATE 'SK001' THEN
		PERFORM skillancer.check_that(p_field, false, 'must have an amount of money');
	END;
	BEGIN
		v_user := (p_leg ->> 'userId')::skillancer.user_id;
	EXCEPTION WHEN data_exception THEN
		PERFORM skillancer.check_that(p_field || '.userId', false, 'must be the id of a user');
		RETURN;
	END;
	PERFORM skillancer.check_that(p_field || '.userId', (v_user IS NOT NULL) = coalesce(v_class.per_user, false),
		CASE WHEN v_user IS NULL THEN 'is required for this account' ELSE 'does not belong to this account' END);
	PERFORM skillancer.check_that(p_field || '.userId', v_user IS NULL
		OR EXISTS (SELECT FROM skillancer.user_account u WHERE u.id = v_user), 'must be the id of a user');
	PERFORM skillancer.check_that(p_field || '.userId', v_user IS DISTINCT FROM skillancer.current_user_id(),
		'must be somebody else: nobody adjusts an account of his own');
END
$$;
COMMENT ON FUNCTION skillancer.check_leg(text, jsonb) IS 'Notes problems of one leg of a posting by hand.';

-- Keeps a proposal.
CREATE OR REPLACE FUNCTION skillancer.adjustment_propose(p_kind text, p_reason text, p_legs jsonb, p_reverses bigint)
	RETURNS skillancer.reply
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id uuid := skillancer.new_id();
	v_policy jsonb := skillancer.policy_pin(ARRAY['adjustmentTerm']);
BEGIN
	INSERT INTO skillancer.adjustment (id, kind, reason, legs, reverses, proposed_by, policy)
	VALUES (v_id, p_kind, p_reason, p_legs, p_reverses, skillancer.current_user_id(), v_policy);
	PERFORM skillancer.schedule('adjustment', v_id, 'expire', skillancer.now() + (v_policy ->> 'adjustmentTerm')::interval);
	PERFORM skillancer.audit('adjustment.propose', 'adjustment', v_id, NULL,
		jsonb_build_object('kind', p_kind, 'reason', p_reason, 'legs', p_legs, 'reverses', p_reverses));
	PERFORM skillancer.emit('adjustment.proposed', 'adjustment', v_id, jsonb_build_object('adjustmentId', v_id,
		'state', 'PROPOSED', 'kind', p_kind, 'reason', p_reason));
	RETURN (SELECT ROW(202, d.etag, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.adjustment_doc d WHERE d.id = v_id);
END
$$;
COMMENT ON FUNCTION skillancer.adjustment_propose(text, text, jsonb, bigint) IS
	'Writes a posting by hand down for a second person, audited; 202 with what is proposed.';

-- Somebody proposes a posting.
CREATE OR REPLACE FUNCTION skillancer_api.adjustment_create(p_reason text, p_legs jsonb, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT skillancer.staff_may('finance:adjust', 'adjustment.propose', 'adjustment', NULL) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.adjustment_create(%L, %L, p_dry_run => false) r', p_reason, p_legs)))::skillancer.reply;
	END IF;
	PERFORM skillancer.check_text('reason', p_reason, 5, 500);
	IF jsonb_typeof(p_legs) IS DISTINCT FROM 'array' OR jsonb_array_length(p_legs) NOT BETWEEN 2 AND 20 THEN
		PERFORM skillancer.check_that('legs', false, 'must be a list of 2 to 20 legs');
		PERFORM skillancer.check_done();
	END IF;
	PERFORM skillancer.check_leg(format('legs[%s]', l.n - 1), l.leg)
	FROM jsonb_array_elements(p_legs) WITH ORDINALITY AS l (leg, n);
	PERFORM skillancer.check_done();
	PERFORM skillancer.check_that('legs', s.total = 0, format('debit and credit differ in %s', s.currency))
	FROM (
		SELECT skillancer.monetary_currency(m.money) AS currency,
			sum(CASE WHEN l.leg ? 'debit' THEN skillancer.monetary_minor(m.money) ELSE -skillancer.monetary_minor(m.money) END) AS total
		FROM jsonb_array_elements(p_legs) AS l (leg)
		CROSS JOIN LATERAL (SELECT coalesce(l.leg -> 'debit', l.leg -> 'credit')::skillancer.monetary AS money) m
		GROUP BY 1
	) s;
	PERFORM skillancer.check_done();
	RETURN skillancer.adjustment_propose('ADJUSTMENT', p_reason, p_legs, NULL);
END
$$;
COMMENT ON FUNCTION skillancer_api.adjustment_create(text, jsonb, boolean) IS
	'Proposes a posting by hand: legs of account, userId (for accounts of users) and debit or credit, which add up to zero in each currency. It is made when another person with finance:adjust approves it; nobody posts to an account of his own. dryRun shows the result and the postings.';
SELECT skillancer.add_route('POST', '/v1/admin/adjustments', 'adjustment_create', who => 'FINANCE, ADMIN',
	summary => 'Propose a posting by hand',
	answers => '200, 202 adjustment_doc|dry_run');

-- Somebody gives a debt up.
CREATE OR REPLACE FUNCTION skillancer_api.debt_write_off(p_id skillancer.user_id, p_amount skillancer.monetary, p_reason text, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_legs jsonb;
BEGIN
	IF NOT skillancer.staff_may('finance:adjust', 'adjustment.propose', 'adjustment', NULL) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.debt_write_off(%L, %L, %L, p_dry_run => false) r', p_id, p_amount, p_reason)))::skillancer.reply;
	END IF;
	PERFORM FROM skillancer.user_account u WHERE u.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF p_id = skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED', 'nobody writes off a debt of his own');
	END IF;
	PERFORM skillancer.check_text('reason', p_reason, 5, 500);
	PERFORM skillancer.check_money('amount', p_amount, 1, NULL);
	PERFORM skillancer.check_done();
	IF skillancer.monetary_minor(p_amount) > skillancer.ledger_balance('freelancer_receivable', p_id::uuid, NULL,
			skillancer.monetary_currency(p_amount)) THEN
		PERFORM skillancer.fail('INSUFFICIENT_FUNDS', 'so much is not owed');
	END IF;
	v_legs := jsonb_build_array(
		jsonb_build_object('account', 'expense_writeoff', 'debit', p_amount),
		jsonb_build_object('account', 'freelancer_receivable', 'userId', p_id, 'credit', p_amount));
	RETURN skillancer.adjustment_propose('WRITE_OFF', p_reason, v_legs, NULL);
END
$$;
COMMENT ON FUNCTION skillancer_api.debt_write_off(skillancer.user_id, skillancer.monetary, text, boolean) IS
	'Proposes to give up what a freelancer owes after a charge-back (T14); a second person approves it. dryRun shows the result and the postings.';
SELECT skillancer.add_route('POST', '/v1/admin/users/{id}/write-off', 'debt_write_off', who => 'FINANCE, ADMIN',
	summary => 'Propose to write a debt off',
	answers => '200, 202 adjustment_doc|dry_run');

-- Fires one event of a proposal.
CREATE OR REPLACE FUNCTION skillancer.adjustment_command(p_id uuid, p_event text, p_note text) RETURNS skillancer.reply
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_proposer skillancer.user_id;
BEGIN
	IF NOT skillancer.staff_may('finance:adjust', 'adjustment.' || p_event, 'adjustment', p_id) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	PERFORM skillancer.check_text('note', p_note, 1, 500, p_event = 'reject');
	PERFORM skillancer.check_done();
	SELECT a.proposed_by INTO v_proposer FROM skillancer.adjustment a WHERE a.id = p_id;
	IF p_event = 'approve' AND v_proposer = skillancer.current_user_id() THEN
		PERFORM skillancer.audit('adjustment.approve_denied', 'adjustment', p_id, NULL, '{"reason": "his own proposal"}');
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'a second person has to approve this');
	END IF;
	PERFORM skillancer.fire('adjustment', p_id, p_event, jsonb_strip_nulls(jsonb_build_object('note', p_note)));
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.adjustment_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.adjustment_command(uuid, text, text) IS
	'The common body of deciding about a posting by hand. Who may not, or would approve his own, is refused with an audit row.';

-- Another one approves.
CREATE OR REPLACE FUNCTION skillancer_api.adjustment_approve(p_id uuid, p_note text DEFAULT NULL, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.adjustment_approve(%L, %L, false) r', p_id, p_note)))::skillancer.reply;
	END IF;
	RETURN skillancer.adjustment_command(p_id, 'approve', p_note);
END
$$;
COMMENT ON FUNCTION skillancer_api.adjustment_approve(uuid, text, boolean) IS
	'Approves a posting that another person has proposed, and makes it. 403 for who proposed it and for whose account it touches; 409 INSUFFICIENT_FUNDS when the money has gone.';
SELECT skillancer.add_route('POST', '/v1/admin/adjustments/{id}/approve', 'adjustment_approve', who => 'FINANCE, ADMIN',
	summary => 'Approve a posting by hand',
	answers => 'adjustment_doc|dry_run');

-- Or rejects.
CREATE OR REPLACE FUNCTION skillancer_api.adjustment_reject(p_id uuid, p_note text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.adjustment_command(p_id, 'reject', p_note);
END
$$;
COMMENT ON FUNCTION skillancer_api.adjustment_reject(uuid, text) IS
	'Rejects a posting by hand, with the reason; who proposed it takes it back so.';
SELECT skillancer.add_route('POST', '/v1/admin/adjustments/{id}/reject', 'adjustment_reject', who => 'FINANCE, ADMIN',
	summary => 'Reject a posting by hand',
	answers => 'adjustment_doc');

-- The proposals.
CREATE OR REPLACE FUNCTION skillancer_api.adjustment_list(p_state text DEFAULT NULL, p_limit integer DEFAULT NULL,
		p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'adjustments', p_state);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_permission('finance:view');
	PERFORM skillancer.check_one_of('state', p_state, ARRAY['PROPOSED', 'POSTED', 'REJECTED', 'EXPIRED'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT x.id, x.doc FROM skillancer.adjustment_doc x
		WHERE (p_state IS NULL OR x.state = p_state) AND (v_after IS NULL OR x.id < v_after)
		ORDER BY x.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.adjustment_list(text, integer, text) IS
	'Postings by hand that were proposed, with who decided, newest first.';
SELECT skillancer.add_route('GET', '/v1/admin/adjustments', 'adjustment_list', who => 'FINANCE, ADMIN',
	summary => 'Postings by hand',
	answers => '[adjustment_doc]');
