/*
 * sql/user/erasure_guard.sql
 *		What keeps an account from being closed or erased, and what keeps a closed one from new things.
 *
 * The two meet at the row of the account: closing locks it FOR UPDATE and then looks for what is open; whoever begins
 * something locks it FOR KEY SHARE (closed_guard) and then looks whether the account is closed. So one of them waits
 * for the other and sees what it did.
 */

-- Lines of what is open: contracts and disputes.
CREATE OR REPLACE FUNCTION skillancer.account_open_contracts(p_user skillancer.user_id)
RETURNS TABLE (kind text, id text, state text, amount skillancer.monetary)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT 'booking', b.id::text, b.state, NULL::skillancer.monetary FROM skillancer.booking b
	WHERE b.is_open AND (b.client_id = p_user OR b.freelancer_id = p_user)
	UNION ALL
	SELECT 'milestone', m.id::text, m.state, m.amount FROM skillancer.milestone m
	JOIN skillancer.booking b ON b.id = m.booking_id AND b.is_open
	WHERE m.payer_id = p_user AND m.payer_id <> b.client_id AND m.state IN ('FUNDING', 'FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED')
	UNION ALL
	SELECT 'dispute', d.id::text, d.state, NULL FROM skillancer.dispute d
	WHERE d.state NOT IN ('RESOLVED', 'WITHDRAWN') AND (d.client_id = p_user OR d.freelancer_id = p_user OR d.mediator_id = p_user)
$$;
COMMENT ON FUNCTION skillancer.account_open_contracts(skillancer.user_id) IS
	'Open bookings and disputes of a user, milestones that he pays for an organisation, and disputes that he mediates.';

-- Lines of what is open: money.
CREATE OR REPLACE FUNCTION skillancer.account_open_money(p_user skillancer.user_id)
RETURNS TABLE (kind text, id text, state text, amount skillancer.monetary)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT 'payout', p.id::text, p.state, p.amount FROM skillancer.payout p
	WHERE p.user_id = p_user AND p.state IN ('CREATED', 'REQUESTED', 'PROCESSING', 'ERRORED')
	UNION ALL
	SELECT 'charge', c.id::text, c.state, c.amount FROM skillancer.charge c
	WHERE c.user_id = p_user AND c.state IN ('CREATED', 'REQUIRES_ACTION', 'PROCESSING', 'ERRORED')
	UNION ALL
	SELECT 'refund', r.id::text, r.state, r.amount FROM skillancer.refund r
	WHERE r.user_id = p_user AND r.state IN ('CREATED', 'PROCESSING', 'ERRORED')
	UNION ALL
	SELECT 'chargeback', k.id::text, k.state, k.amount FROM skillancer.chargeback k
	WHERE (k.user_id = p_user OR k.freelancer_id = p_user) AND k.state IN ('RECEIVED', 'OPEN')
	UNION ALL
	SELECT 'purchase', q.id::text, q.state, NULL FROM skillancer.connect_purchase q
	WHERE q.user_id = p_user AND q.state = 'CREATED'
	UNION ALL
	SELECT 'balance', NULL, a.class, skillancer.monetary_of(a.balance, a.currency) FROM skillancer.ledger_account a
	WHERE a.owner = p_user::uuid AND a.balance <> 0
		AND a.class IN ('client_wallet', 'freelancer_pending', 'freelancer_available', 'freelancer_receivable')
$$;
COMMENT ON FUNCTION skillancer.account_open_money(skillancer.user_id) IS
	'Payments of a user that are on their way, and balances that are not zero: wallet, pending, available, owed. Connects are no money; they lapse with the account.';

-- Lines of what is open: organisations that nobody else owns.
CREATE OR REPLACE FUNCTION skillancer.account_open_organisations(p_user skillancer.user_id)
RETURNS TABLE (kind text, id text, state text, amount skillancer.monetary)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT 'organisation', o.organisation_id::text, 'OWNER', NULL::skillancer.monetary
	FROM skillancer.organisation_member o
	WHERE o.user_id = p_user AND o.role = 'OWNER'
		AND NOT EXISTS (SELECT FROM skillancer.organisation_member m
			WHERE m.organisation_id = o.organisation_id AND m.role = 'OWNER' AND m.user_id <> p_user)
		AND (EXISTS (SELECT FROM skillancer.organisation_member m
				WHERE m.organisation_id = o.organisation_id AND m.user_id <> p_user)
			OR EXISTS (SELECT FROM skillancer.booking b WHERE b.organisation_id = o.organisation_id AND b.is_open))
$$;
COMMENT ON FUNCTION skillancer.account_open_organisations(skillancer.user_id) IS
	'Organisations whose only owner is the user, while they have other members or open bookings.';

-- Everything that is open, as error details name it.
CREATE OR REPLACE FUNCTION skillancer.account_open_things(p_user skillancer.user_id)
RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('kind', o.kind, 'id', o.id, 'state', o.state, 'amount', o.amount::jsonb)))
		FROM (
			SELECT * FROM skillancer.account_open_contracts(p_user)
			UNION ALL
			SELECT * FROM skillancer.account_open_money(p_user)
			UNION ALL
			SELECT * FROM skillancer.account_open_organisations(p_user)
			LIMIT 100) o);
END
$$;
COMMENT ON FUNCTION skillancer.account_open_things(skillancer.user_id) IS
	'What has to end before an account ends: [{"kind", "id", "state", "amount"}], at most 100; NULL when there is nothing.';
ALTER FUNCTION skillancer.account_open_things(skillancer.user_id) OWNER TO skillancer_engine;

-- Holds an account, so that nothing new begins on it.
CREATE OR REPLACE FUNCTION skillancer.hold_account(p_user skillancer.user_id)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text;
BEGIN
	SELECT a.state INTO v_state FROM skillancer.user_account a WHERE a.id = p_user FOR UPDATE;
	RETURN v_state;
END
$$;
COMMENT ON FUNCTION skillancer.hold_account(skillancer.user_id) IS
	'Locks the account against everything that closed_guard() watches, and returns its state.';
ALTER FUNCTION skillancer.hold_account(skillancer.user_id) OWNER TO skillancer_engine;

-- Trigger of what belongs to people: nothing new for a closed account.
CREATE OR REPLACE FUNCTION skillancer.closed_guard()
RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_row jsonb := to_jsonb(NEW);
	v_state text;
BEGIN
	FOR v_state IN
		SELECT a.state FROM skillancer.user_account a
		WHERE a.id = ANY (ARRAY(SELECT (v_row ->> c)::skillancer.user_id FROM unnest(TG_ARGV) c))
		ORDER BY a.id FOR KEY SHARE
	LOOP
		IF v_state = 'CLOSED' THEN
			PERFORM skillancer.fail('ACCOUNT_CLOSED');
		END IF;
	END LOOP;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.closed_guard() IS
	'Trigger (arguments: columns with users): locks the accounts of a new row, so that they cannot be closed meanwhile, and refuses it when one is closed.';
ALTER FUNCTION skillancer.closed_guard() OWNER TO skillancer_engine;
