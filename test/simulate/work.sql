-- test/simulate/work.sql
--	Acts of a contract that runs: money into escrow, work, delivery, approval, hours, the end, reviews, payouts.

-- The step that a contract is at: the first milestone that is not over. FROZEN: a bank has taken its money back.
CREATE FUNCTION pg_temp.milestone_now(p_contract integer) RETURNS skillancer.milestone LANGUAGE plpgsql STABLE AS $$
DECLARE
	v_milestone skillancer.milestone%ROWTYPE;
BEGIN
	SELECT m.* INTO v_milestone FROM skillancer.milestone m
	WHERE m.booking_id = (SELECT c.id FROM contract c WHERE c.n = p_contract) AND m.state NOT IN ('RELEASED', 'REFUNDED', 'CANCELLED')
	ORDER BY m.seq LIMIT 1;
	IF skillancer.monetary_minor(v_milestone.frozen) > 0 THEN
		v_milestone.state := 'FROZEN';
	END IF;
	RETURN v_milestone;
END
$$;

-- The card of a client, added when it is needed first.
CREATE FUNCTION pg_temp.card(p_who integer) RETURNS skillancer.payment_method_id LANGUAGE plpgsql AS $$
BEGIN
	UPDATE person p SET card = (pg_temp.body(skillancer_api.payment_method_add('tok_success', true)) ->> 'id')::skillancer.payment_method_id
	WHERE p.n = p_who AND p.card IS NULL;
	RETURN (SELECT p.card FROM person p WHERE p.n = p_who);
END
$$;

-- The client pays a milestone; the first one now and then with a card that is declined.
CREATE FUNCTION pg_temp.pay(p_act agenda, p_milestone skillancer.milestone) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_contract contract%ROWTYPE;
	v_card skillancer.payment_method_id;
	v_paid_at timestamptz := pg_temp.today();
BEGIN
	SELECT * INTO v_contract FROM contract c WHERE c.n = p_act.subject;
	IF p_act.step = 0 AND p_milestone.seq = 1 AND pg_temp.happens('declined card', v_contract.n) THEN
		v_card := pg_temp.body(skillancer_api.payment_method_add('tok_declined')) ->> 'id';
		PERFORM skillancer_api.milestone_fund(p_milestone.id, v_card);
		PERFORM skillancer_api.payment_method_remove(v_card);
		PERFORM pg_temp.plan('proceed', v_paid_at + interval '47 minutes', p_act.who, v_contract.n, 1);
		RETURN;
	END IF;
	PERFORM pg_temp.body(skillancer_api.milestone_fund(p_milestone.id, pg_temp.card(p_act.who)));
	PERFORM pg_temp.plan(CASE WHEN pg_temp.happens('given back', p_act.n) THEN 'give_back' ELSE 'deliver' END,
		v_paid_at + pg_temp.span('work', p_act.n), v_contract.freelancer, v_contract.n);
END
$$;

-- What is next in a contract, for its client: look, then act.
CREATE FUNCTION pg_temp.act_proceed(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_contract contract%ROWTYPE;
	v_booking skillancer.booking%ROWTYPE;
	v_milestone skillancer.milestone := pg_temp.milestone_now(p_act.subject);
BEGIN
	SELECT * INTO v_contract FROM contract c WHERE c.n = p_act.subject;
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = v_contract.id;
	CASE
		WHEN v_booking.state IN ('VOID', 'CANCELLED') THEN
			RETURN;
		WHEN v_booking.state = 'COMPLETED' THEN
			PERFORM pg_temp.plan_afterwards(v_contract);
		WHEN v_booking.state = 'AWAITING_PAYMENT' AND v_booking.kind = 'HOURLY' THEN
			PERFORM pg_temp.act_as(p_act.who);
			PERFORM skillancer_api.booking_pay_by(v_contract.id, pg_temp.card(p_act.who));
			UPDATE contract c SET weeks = pg_temp.amount('weeks', c.n)::integer WHERE c.n = v_contract.n;
			PERFORM pg_temp.plan('hours', p_act.at + interval '1 day', v_contract.freelancer, v_contract.n, 1);
		WHEN v_booking.state = 'ACTIVE' AND v_milestone.id IS NULL AND v_booking.kind = 'FIXED' THEN
			PERFORM pg_temp.act_as(p_act.who);
			PERFORM skillancer_api.booking_end(v_contract.id);
			PERFORM pg_temp.plan('proceed', p_act.at + interval '5 minutes', p_act.who, v_contract.n, p_act.step + 1);
			PERFORM pg_temp.plan('cash_out', p_act.at + pg_temp.span('cash out', p_act.n), v_contract.freelancer);
		WHEN v_milestone.state = 'AGREED' AND v_booking.kind = 'FIXED' AND v_booking.state IN ('AWAITING_PAYMENT', 'ACTIVE') THEN
			PERFORM pg_temp.act_as(p_act.who);
			PERFORM pg_temp.pay(p_act, v_milestone);
		WHEN p_act.step < 40 THEN
			PERFORM pg_temp.plan('proceed', p_act.at + interval '3 days', p_act.who, v_contract.n, p_act.step + 1);
		ELSE
			NULL; -- it stays as it is: money is held, or nobody answers
	END CASE;
END
$$;

-- The freelancer hands in; the client approves, asks for changes, says nothing, or is not content at all.
CREATE FUNCTION pg_temp.act_deliver(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_contract contract%ROWTYPE;
	v_milestone skillancer.milestone := pg_temp.milestone_now(p_act.subject);
	v_answer timestamptz := p_act.at + pg_temp.span('approval', p_act.n);
BEGIN
	SELECT * INTO v_contract FROM contract c WHERE c.n = p_act.subject;
	IF v_milestone.state IS NULL OR v_milestone.state NOT IN ('FUNDED', 'CHANGES_REQUESTED') THEN
		RETURN;
	END IF;
	PERFORM pg_temp.act_as(p_act.who);
	PERFORM skillancer_api.milestone_deliver(v_milestone.id, pg_temp.words('delivery', p_act.n, '{Here it is|This is my result}, {with notes on how to go on|as we agreed|tested}.'),
		ARRAY['https://files.example/' || p_act.n], true);
	IF NOT v_contract.disputed AND pg_temp.is_doubtful(v_contract.n) THEN
		PERFORM pg_temp.plan('dispute', v_answer, v_contract.client, v_contract.n);
	ELSIF p_act.step = 0 AND pg_temp.happens('changes requested', p_act.n) THEN
		PERFORM pg_temp.plan('send_back', v_answer, v_contract.client, v_contract.n);
	ELSIF pg_temp.happens('silent client', p_act.n) THEN
		PERFORM pg_temp.plan('proceed', p_act.at + interval '14 days 3 hours', v_contract.client, v_contract.n, 1);
	ELSE
		PERFORM pg_temp.plan('approve', v_answer, v_contract.client, v_contract.n);
	END IF;
END
$$;

CREATE FUNCTION pg_temp.act_send_back(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_milestone skillancer.milestone := pg_temp.milestone_now(p_act.subject);
BEGIN
	IF v_milestone.state = 'SUBMITTED' THEN
		PERFORM pg_temp.act_as(p_act.who);
		PERFORM skillancer_api.milestone_request_changes(v_milestone.id, pg_temp.words('changes', p_act.n, '{The end|One page|The second part} is not what we agreed: please look at it {again|once more}.'));
		PERFORM pg_temp.plan('deliver', p_act.at + pg_temp.span('approval', p_act.n + 7), (SELECT c.freelancer FROM contract c WHERE c.n = p_act.subject), p_act.subject, 1);
	END IF;
	PERFORM pg_temp.plan('proceed', p_act.at + interval '9 days', p_act.who, p_act.subject, 1);
END
$$;

CREATE FUNCTION pg_temp.act_approve(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_milestone skillancer.milestone := pg_temp.milestone_now(p_act.subject);
BEGIN
	IF v_milestone.state = 'SUBMITTED' THEN
		PERFORM pg_temp.act_as(p_act.who);
		PERFORM skillancer_api.milestone_approve(v_milestone.id);
		PERFORM pg_temp.plan('cash_out', p_act.at + pg_temp.span('cash out', p_act.n), (SELECT c.freelancer FROM contract c WHERE c.n = p_act.subject));
	END IF;
	PERFORM pg_temp.plan('proceed', p_act.at + pg_temp.span('payment', p_act.n) + interval '10 minutes', p_act.who, p_act.subject, 1);
END
$$;

-- The freelancer cannot do it after all.
CREATE FUNCTION pg_temp.act_give_back(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_milestone skillancer.milestone := pg_temp.milestone_now(p_act.subject);
BEGIN
	IF v_milestone.state = 'FUNDED' THEN
		PERFORM pg_temp.act_as(p_act.who);
		PERFORM skillancer_api.milestone_refund(v_milestone.id);
		PERFORM pg_temp.plan('finish', p_act.at + interval '5 hours', (SELECT c.client FROM contract c WHERE c.n = p_act.subject), p_act.subject);
	END IF;
END
$$;

-- The client ends a contract, whatever is left of it.
CREATE FUNCTION pg_temp.act_finish(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_id skillancer.booking_id := (SELECT c.id FROM contract c WHERE c.n = p_act.subject);
BEGIN
	IF (SELECT b.state FROM skillancer.booking b WHERE b.id = v_id) = 'ACTIVE' THEN
		PERFORM pg_temp.act_as(p_act.who);
		PERFORM skillancer_api.booking_end(v_id);
		PERFORM pg_temp.plan('proceed', p_act.at + interval '6 hours', p_act.who, p_act.subject, 1);
	END IF;
END
$$;

-- After a week that was charged back, hours are paid with another card.
CREATE FUNCTION pg_temp.act_other_card(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_id skillancer.booking_id := (SELECT c.id FROM contract c WHERE c.n = p_act.subject);
BEGIN
	IF (SELECT b.state FROM skillancer.booking b WHERE b.id = v_id) IN ('ACTIVE', 'PAUSED', 'ENDING') THEN
		PERFORM pg_temp.act_as(p_act.who);
		PERFORM skillancer_api.booking_pay_by(v_id, pg_temp.card(p_act.who));
	END IF;
END
$$;

-- A day of hourly work, and the plan for the next one.
CREATE FUNCTION pg_temp.act_hours(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_contract contract%ROWTYPE;
	v_next timestamptz := p_act.at + make_interval(days => 1 + floor(2 * pg_temp.luck('day off', p_act.n))::integer);
BEGIN
	SELECT * INTO v_contract FROM contract c WHERE c.n = p_act.subject;
	IF (SELECT b.state FROM skillancer.booking b WHERE b.id = v_contract.id) <> 'ACTIVE' THEN
		RETURN;
	END IF;
	IF extract(isodow FROM p_act.at AT TIME ZONE 'UTC') < 6 THEN
		PERFORM pg_temp.act_as(p_act.who);
		PERFORM skillancer_api.time_entry_create(v_contract.id, (p_act.at AT TIME ZONE 'UTC')::date, 30 + 15 * floor(16 * pg_temp.luck('minutes', p_act.n))::integer,
			pg_temp.words('hours', p_act.n, '{Worked on the list.|Calls and changes.|The next part.|Tests, and what they showed.}'));
		-- a week is billed on Monday at noon and can be disputed for four days
		PERFORM pg_temp.plan('dispute', date_trunc('week', p_act.at) + interval '8 days 9 hours', v_contract.client, v_contract.n)
		WHERE v_contract.doubtful IS NULL AND pg_temp.is_doubtful(v_contract.n);
	END IF;
	IF p_act.step < v_contract.weeks * 5 THEN
		PERFORM pg_temp.plan('hours', v_next, p_act.who, p_act.subject, p_act.step + (v_next::date - p_act.at::date));
	ELSE
		PERFORM pg_temp.plan('finish', p_act.at + interval '2 days', v_contract.client, p_act.subject);
	END IF;
	IF p_act.step % 10 = 1 THEN
		PERFORM pg_temp.plan('cash_out', p_act.at + pg_temp.span('cash out', p_act.n) + interval '8 days', p_act.who);
	END IF;
END
$$;

-- What follows a completed contract.
CREATE FUNCTION pg_temp.plan_afterwards(p_contract contract) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF p_contract.over THEN
		RETURN;
	END IF;
	UPDATE contract c SET over = true WHERE c.n = p_contract.n;
	IF pg_temp.happens('client reviews', p_contract.n) THEN
		PERFORM pg_temp.plan('rate', pg_temp.today() + pg_temp.span('review', p_contract.n * 2), p_contract.client, p_contract.n);
	END IF;
	IF pg_temp.happens('freelancer reviews', p_contract.n) THEN
		PERFORM pg_temp.plan('rate', pg_temp.today() + pg_temp.span('review', p_contract.n * 2 + 1), p_contract.freelancer, p_contract.n);
	END IF;
	IF pg_temp.happens('tip', p_contract.n) THEN
		PERFORM pg_temp.plan('tip', pg_temp.today() + interval '20 minutes', p_contract.client, p_contract.n);
	END IF;
	PERFORM pg_temp.plan('cash_out', pg_temp.today() + pg_temp.span('cash out', p_contract.n), p_contract.freelancer);
END
$$;

CREATE FUNCTION pg_temp.act_rate(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_contract contract%ROWTYPE;
	v_stars integer;
	v_review skillancer.review_id;
BEGIN
	SELECT * INTO v_contract FROM contract c WHERE c.n = p_act.subject;
	v_stars := greatest(1, least(5, floor(pg_temp.amount('stars', p_act.subject * 2 + (p_act.who = v_contract.client)::integer)) - v_contract.disputed::integer));
	PERFORM pg_temp.act_as(p_act.who);
	v_review := pg_temp.body(skillancer_api.review_submit(v_contract.id, v_stars, CASE
		WHEN v_stars = 5 THEN pg_temp.words('praise', p_act.n, '{Quick|Careful|Friendly} and {exact|reliable}, {we would do it again|gladly again|a pleasure to work with}.')
		WHEN v_stars >= 3 THEN pg_temp.words('fair', p_act.n, '{Good in the end|Mostly good}, {with some delay|after a few questions}.')
		ELSE pg_temp.words('blame', p_act.n, '{Late|Hard to reach}, and {not what was agreed|half of it is missing}.') END, v_stars >= 4)) ->> 'id';
	IF p_act.who = v_contract.client AND pg_temp.happens('replied review', p_act.n) THEN
		PERFORM pg_temp.plan('thank', p_act.at + interval '15 days', v_contract.freelancer, p_act.subject);
	END IF;
END
$$;

-- A freelancer answers what a client wrote.
CREATE FUNCTION pg_temp.act_thank(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_review skillancer.review_id := (SELECT r.id FROM skillancer.review r JOIN contract c ON c.id = r.booking_id
		WHERE c.n = p_act.subject AND r.author_id = (SELECT p.id FROM person p WHERE p.n = c.client) AND r.state = 'PUBLISHED');
BEGIN
	IF v_review IS NOT NULL THEN
		PERFORM pg_temp.act_as(p_act.who);
		PERFORM skillancer_api.review_reply(v_review, pg_temp.words('thanks', p_act.n, '{Thank you|Many thanks}, {it was good work|I am glad that it helps}.'));
	END IF;
END
$$;

CREATE FUNCTION pg_temp.act_tip(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
BEGIN
	SELECT b.* INTO v_booking FROM skillancer.booking b JOIN contract c ON c.id = b.id WHERE c.n = p_act.subject;
	PERFORM pg_temp.act_as(p_act.who);
	PERFORM pg_temp.body(skillancer_api.charge_create(pg_temp.money(20, v_booking.currency), pg_temp.card(p_act.who)));
	PERFORM skillancer_api.tip_create(v_booking.id, pg_temp.money(20, v_booking.currency), 'For the extra mile.');
END
$$;

-- A freelancer says where the money goes to.
CREATE FUNCTION pg_temp.act_bank(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT p.bank FROM person p WHERE p.n = p_act.who) IS NULL THEN
		PERFORM pg_temp.act_as(p_act.who, true);
		UPDATE person p SET bank = (pg_temp.body(skillancer_api.payout_method_add('tok_bank_success', true)) ->> 'id')::skillancer.payment_method_id
		WHERE p.n = p_act.who;
	END IF;
END
$$;

-- Everything that is available is paid out; now and then to an account that has been closed (steps 3, 1): that takes a second try (2).
CREATE FUNCTION pg_temp.act_cash_out(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_person person%ROWTYPE;
	v_purse jsonb;
BEGIN
	SELECT * INTO v_person FROM person p WHERE p.n = p_act.who;
	IF p_act.step = 0 AND v_person.closed_bank IS NOT NULL THEN
		RETURN; -- the money waits for the other account
	ELSIF p_act.step = 2 THEN
		UPDATE person p SET closed_bank = NULL WHERE p.n = p_act.who;
	ELSIF p_act.step = 3 THEN
		PERFORM pg_temp.act_as(p_act.who, true);
		UPDATE person p SET closed_bank = (pg_temp.body(skillancer_api.payout_method_add('tok_bank_closed')) ->> 'id')::skillancer.payment_method_id
		WHERE p.n = p_act.who;
		PERFORM pg_temp.plan('cash_out', p_act.at + interval '73 hours', p_act.who, NULL, 1);
		RETURN;
	END IF;
	PERFORM pg_temp.act_as(p_act.who);
	FOR v_purse IN SELECT e -> 'available' FROM jsonb_array_elements(skillancer_api.wallet_get()::jsonb) e WHERE (e #>> '{available,amount}')::numeric >= 30 LOOP
		CONTINUE WHEN v_person.bank IS NULL;
		IF p_act.step = 0 AND pg_temp.befalls('payout failure') THEN
			PERFORM pg_temp.plan('cash_out', p_act.at + interval '1 minute', p_act.who, NULL, 3);
			RETURN;
		END IF;
		PERFORM skillancer_api.payout_create(v_purse::skillancer.monetary, CASE p_act.step WHEN 1 THEN v_person.closed_bank ELSE v_person.bank END);
		EXIT WHEN p_act.step = 1;
	END LOOP;
	IF p_act.step = 1 THEN
		PERFORM pg_temp.plan('cash_out', p_act.at + interval '1 day', p_act.who, NULL, 2);
	END IF;
END
$$;
