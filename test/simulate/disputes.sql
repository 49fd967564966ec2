-- test/simulate/disputes.sql
--	Acts of a dispute, from the claim to the decision, and charge-backs.

-- Whether the work of a contract is one of those that are disputed.
CREATE FUNCTION pg_temp.is_doubtful(p_contract integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	UPDATE contract c SET doubtful = pg_temp.befalls('dispute') WHERE c.n = p_contract AND c.doubtful IS NULL;
	RETURN (SELECT c.doubtful FROM contract c WHERE c.n = p_contract);
END
$$;

CREATE FUNCTION pg_temp.dispute_amount(p_contract integer, p_part double precision) RETURNS skillancer.monetary LANGUAGE sql STABLE AS $$
	SELECT pg_temp.money(d.amount::numeric * p_part::numeric, skillancer.monetary_currency(d.amount))
	FROM skillancer.dispute d JOIN contract c ON c.dispute = d.id WHERE c.n = p_contract
$$;

CREATE FUNCTION pg_temp.act_dispute(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_milestone skillancer.milestone := pg_temp.milestone_now(p_act.subject);
	v_id skillancer.dispute_id;
BEGIN
	IF v_milestone.state IS DISTINCT FROM 'SUBMITTED' AND (SELECT c.weeks FROM contract c WHERE c.n = p_act.subject) > 0 AND p_act.step < 8 THEN
		PERFORM pg_temp.plan('dispute', p_act.at + interval '7 days', p_act.who, p_act.subject, p_act.step + 1); -- a week without hours
		RETURN;
	ELSIF v_milestone.state = 'SUBMITTED' THEN
		PERFORM pg_temp.act_as(p_act.who);
		v_id := pg_temp.body(skillancer_api.dispute_open(v_milestone.booking_id, v_milestone.id,
			skillancer.apply_bps(v_milestone.amount, CASE WHEN pg_temp.luck('claim', p_act.n) < 0.6 THEN 10000 ELSE 5000 END),
			pg_temp.one_of('reason', p_act.n, '{QUALITY,NOT_DELIVERED,LATE,SCOPE,OTHER}', '{40,22,16,16,6}'), 'What was handed in is not what we agreed on.')) ->> 'id';
		UPDATE contract c SET disputed = true, dispute = v_id WHERE c.n = p_act.subject;
		IF NOT pg_temp.happens('dispute unanswered', p_act.subject) THEN
			PERFORM pg_temp.plan('object', p_act.at + interval '5 hours' + pg_temp.span('approval', p_act.n), (SELECT c.freelancer FROM contract c WHERE c.n = p_act.subject), p_act.subject);
		END IF;
	END IF;
	PERFORM pg_temp.plan('proceed', p_act.at + interval '10 days', p_act.who, p_act.subject, 1);
END
$$;

-- The freelancer sees it differently; then they settle, or the client asks for a mediator.
CREATE FUNCTION pg_temp.act_object(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_contract contract%ROWTYPE;
BEGIN
	SELECT * INTO v_contract FROM contract c WHERE c.n = p_act.subject;
	PERFORM pg_temp.act_as(p_act.who);
	PERFORM skillancer_api.dispute_reply(v_contract.dispute, 'I have done what the description says, and two rounds of changes.');
	IF pg_temp.happens('dispute settled', p_act.subject) THEN
		PERFORM pg_temp.plan('concede', p_act.at + interval '20 hours', v_contract.freelancer, p_act.subject);
	ELSE
		PERFORM pg_temp.plan('escalate', p_act.at + interval '30 hours', v_contract.client, p_act.subject);
	END IF;
END
$$;

CREATE FUNCTION pg_temp.act_concede(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_contract contract%ROWTYPE;
BEGIN
	SELECT * INTO v_contract FROM contract c WHERE c.n = p_act.subject;
	PERFORM pg_temp.act_as(p_act.who);
	PERFORM skillancer_api.dispute_offer(v_contract.dispute, pg_temp.dispute_amount(p_act.subject, 0.5), 'Half of it, and we part in peace.');
	PERFORM pg_temp.plan('settle', p_act.at + interval '15 hours', v_contract.client, p_act.subject);
END
$$;

CREATE FUNCTION pg_temp.act_settle(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.act_as(p_act.who);
	PERFORM skillancer_api.dispute_accept_offer((SELECT c.dispute FROM contract c WHERE c.n = p_act.subject), pg_temp.dispute_amount(p_act.subject, 0.5));
END
$$;

CREATE FUNCTION pg_temp.act_escalate(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.act_as(p_act.who);
	PERFORM skillancer_api.dispute_escalate((SELECT c.dispute FROM contract c WHERE c.n = p_act.subject), 'Please help us.');
	PERFORM pg_temp.plan('mediate', p_act.at + interval '18 hours', -1, p_act.subject);
END
$$;

-- A mediator takes it on, waits for the evidence, and proposes a split; a rejected one is decided.
CREATE FUNCTION pg_temp.act_mediate(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_contract contract%ROWTYPE;
BEGIN
	SELECT * INTO v_contract FROM contract c WHERE c.n = p_act.subject;
	PERFORM pg_temp.act_as(p_act.who);
	IF p_act.step = 0 THEN
		PERFORM skillancer_api.dispute_take(v_contract.dispute);
		PERFORM pg_temp.plan('mediate', p_act.at + interval '5 days', p_act.who, p_act.subject, 1);
	ELSIF p_act.step = 1 THEN
		PERFORM skillancer_api.dispute_propose_split(v_contract.dispute, pg_temp.dispute_amount(p_act.subject, 0.3 + 0.4 * pg_temp.luck('split', p_act.subject)),
			'Part of the work can be used, part of it cannot.');
		IF pg_temp.happens('split rejected', p_act.subject) THEN
			PERFORM pg_temp.plan('reject', p_act.at + interval '1 day', v_contract.freelancer, p_act.subject);
		ELSE
			PERFORM pg_temp.plan('consent', p_act.at + interval '19 hours', v_contract.client, p_act.subject);
			PERFORM pg_temp.plan('consent', p_act.at + interval '31 hours', v_contract.freelancer, p_act.subject);
		END IF;
	ELSE
		PERFORM skillancer_api.dispute_resolve(v_contract.dispute, pg_temp.dispute_amount(p_act.subject, 0.5), 'Half of the work meets the description.');
	END IF;
END
$$;

CREATE FUNCTION pg_temp.act_consent(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.act_as(p_act.who);
	PERFORM skillancer_api.dispute_accept_split((SELECT c.dispute FROM contract c WHERE c.n = p_act.subject));
END
$$;

CREATE FUNCTION pg_temp.act_reject(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.act_as(p_act.who);
	PERFORM skillancer_api.dispute_reject_split((SELECT c.dispute FROM contract c WHERE c.n = p_act.subject), 'The work was done as described.');
	PERFORM pg_temp.plan('mediate', p_act.at + interval '2 days', -1, p_act.subject, 2);
END
$$;

-- Every night the bank draws for each charge of the day whether its card's owner will take the money back, and when.
CREATE TEMP TABLE charged (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id skillancer.charge_id NOT NULL UNIQUE);
CREATE FUNCTION pg_temp.act_statement(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_charge record;
BEGIN
	FOR v_charge IN
		INSERT INTO charged (id)
		SELECT c.id FROM skillancer.charge c JOIN person p ON p.id = c.user_id
		WHERE c.state = 'CAPTURED' AND NOT EXISTS (SELECT FROM charged x WHERE x.id = c.id)
		ORDER BY date_trunc('second', c.created_at), p.n, skillancer.monetary_minor(c.amount)
		RETURNING n
	LOOP
		PERFORM pg_temp.plan('charge_back', p_act.at + pg_temp.span('charge-back comes', v_charge.n), p_act.who, v_charge.n::integer)
		WHERE pg_temp.befalls('charge-back');
	END LOOP;
END
$$;

-- The bank takes a charge back; hours are paid with another card then.
CREATE FUNCTION pg_temp.act_charge_back(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_charge skillancer.charge%ROWTYPE;
	v_left skillancer.monetary;
BEGIN
	SELECT c.* INTO v_charge FROM skillancer.charge c JOIN charged x ON x.id = c.id WHERE x.n = p_act.subject;
	v_left := skillancer.charge_left(v_charge.id);
	IF skillancer.monetary_minor(v_left) > 0 THEN
		PERFORM skillancer.chargeback_open(v_charge.id, v_left, skillancer.monetary_of(skillancer.policy_int('sandboxChargebackFee'),
			skillancer.monetary_currency(v_left)), format('simulated_%s_%s', current_setting('simulation.seed'), p_act.subject), 'fraudulent');
		PERFORM pg_temp.plan('other_card', p_act.at + interval '1 day', c.client, c.n)
		FROM contract c JOIN skillancer.milestone m ON m.booking_id = c.id WHERE m.id = v_charge.milestone_id AND c.weeks > 0;
	END IF;
END
$$;
