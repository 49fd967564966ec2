-- dispute_property.sql
--	Random claims, offers, splits, decisions and parts under a price list with odd rates: after every step what is frozen
--	is what the disputes say, and in the end every cent that was funded is with one of the three, at the fees that the
--	same money would have cost without a dispute.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(10);

-- the seed is printed, and can be given: psql -v seed=0.5
\if :{?seed}
\else
SELECT round(random()::numeric, 6) AS seed \gset
\endif
SELECT diag('seed ' || :seed);
SELECT setseed(:seed) \g /dev/null

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('stella', 'SUPPORT') \g /dev/null
INSERT INTO skillancer.fee_schedule (version, kind, above, bps)
VALUES (99, 'SERVICE', 0, 1337), (99, 'SERVICE', 777.77, 777), (99, 'SERVICE', 12345.67, 111), (99, 'CLIENT', 0, 293), (99, 'CLIENT', 333.33, 157);
UPDATE skillancer.policy SET value = '99' WHERE key = 'feeVersion';
UPDATE skillancer.policy SET value = '1000' WHERE key IN ('disputeLimit', 'methodLimit');

CREATE TEMP TABLE outcome (what text PRIMARY KEY, n bigint);
CREATE TEMP TABLE wrong (step text, detail text);
CREATE TEMP TABLE played (name text PRIMARY KEY, milestone uuid, price bigint);
CREATE FUNCTION pg_temp.below(p_n bigint) RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT floor(random() * p_n)::bigint $$;
CREATE FUNCTION pg_temp.one_of(VARIADIC p_of text[]) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT p_of[1 + floor(random() * cardinality(p_of))] $$;
CREATE FUNCTION pg_temp.usd(p_minor bigint) RETURNS text LANGUAGE sql AS $$ SELECT skillancer.monetary_of(p_minor, 'USD')::text $$;

-- does something, and counts what came of it
CREATE FUNCTION pg_temp.try(p_what text, p_who text, p_query text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_state text := 'done';
BEGIN
	BEGIN
		PERFORM pg_temp.as_person(p_who, p_query);
	EXCEPTION WHEN OTHERS THEN
		v_state := SQLSTATE;
		IF v_state NOT IN ('SK001', 'SK003', 'SK004', 'SK006', 'SK302', 'SK304', 'SK401') THEN
			INSERT INTO wrong VALUES (p_what, v_state || ' ' || SQLERRM);
		END IF;
	END;
	INSERT INTO outcome AS o VALUES (p_what || ' ' || v_state, 1) ON CONFLICT (what) DO UPDATE SET n = o.n + 1;
END
$$;
-- what the marketplace does by itself
CREATE FUNCTION pg_temp.tick(p_dispute uuid, p_event text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM skillancer.fire_system('dispute', p_dispute, p_event);
EXCEPTION WHEN SQLSTATE 'SK004' THEN
	NULL;
END
$$;

-- one random step at a booking
CREATE FUNCTION pg_temp.step(p_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_m skillancer.milestone%ROWTYPE;
	v_d skillancer.dispute%ROWTYPE;
	v_who text := pg_temp.one_of('clara', 'felix');
	v_what text := pg_temp.one_of('open', 'open', 'reply', 'offer', 'offer', 'offer', 'accept', 'escalate', 'split', 'agree', 'agree', 'reject',
		'resolve', 'withdraw', 'release', 'refund', 'submit', 'silence');
	v_left bigint;
	v_claim bigint;
BEGIN
	SELECT * INTO v_m FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing(p_name || '/1');
	SELECT * INTO v_d FROM skillancer.dispute d WHERE d.milestone_id = v_m.id ORDER BY d.id DESC LIMIT 1;
	v_left := (SELECT skillancer.monetary_minor(x.in_escrow) FROM skillancer.milestone_doc x WHERE x.id = v_m.id);
	v_claim := skillancer.monetary_minor(v_d.amount);
	CASE v_what
		WHEN 'open' THEN PERFORM pg_temp.try(v_what, v_who, format('SELECT skillancer_api.dispute_open(%L, %L, %L, %L, %L)', v_m.booking_id, v_m.id,
			pg_temp.usd(pg_temp.below(v_left + 2)), 'OTHER', 'A claim of some kind.'));
		WHEN 'release' THEN PERFORM pg_temp.try(v_what, v_who, format('SELECT skillancer_api.milestone_release_part(%L, %L)', v_m.id, pg_temp.usd(pg_temp.below(v_left / 3 + 3))));
		WHEN 'refund' THEN PERFORM pg_temp.try(v_what, v_who, format('SELECT skillancer_api.milestone_refund_part(%L, %L)', v_m.id, pg_temp.usd(pg_temp.below(v_left / 3 + 3))));
		WHEN 'submit' THEN PERFORM pg_temp.try(v_what, 'felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', v_m.id, 'done'));
		ELSE IF v_d.id IS NULL THEN RETURN; END IF;
	END CASE;
	CASE v_what
		WHEN 'reply' THEN PERFORM pg_temp.try(v_what, v_who, format('SELECT skillancer_api.dispute_reply(%L, %L)', v_d.id, 'I see it otherwise.'));
		WHEN 'offer' THEN PERFORM pg_temp.try(v_what, v_who, format('SELECT skillancer_api.dispute_offer(%L, %L)', v_d.id, pg_temp.usd(pg_temp.below(v_claim + 2))));
		WHEN 'accept' THEN PERFORM pg_temp.try(v_what, v_who, format('SELECT skillancer_api.dispute_accept_offer(%L, %L)', v_d.id,
			CASE WHEN random() < 0.5 THEN v_d.claimant_offer ELSE coalesce(v_d.respondent_offer, v_d.amount) END));
		WHEN 'escalate' THEN PERFORM pg_temp.try(v_what, v_who, format('SELECT skillancer_api.dispute_escalate(%L)', v_d.id));
		WHEN 'split' THEN PERFORM pg_temp.try(v_what, 'stella', format('SELECT skillancer_api.dispute_propose_split(%L, %L, %L)', v_d.id, pg_temp.usd(pg_temp.below(v_claim + 2)), 'Like this perhaps.'));
		WHEN 'agree' THEN PERFORM pg_temp.try(v_what, v_who, format('SELECT skillancer_api.dispute_accept_split(%L)', v_d.id));
		WHEN 'reject' THEN PERFORM pg_temp.try(v_what, v_who, format('SELECT skillancer_api.dispute_reject_split(%L)', v_d.id));
		WHEN 'resolve' THEN PERFORM pg_temp.try(v_what, pg_temp.one_of('stella', 'stella', v_who), format('SELECT skillancer_api.dispute_resolve(%L, %L, %L)', v_d.id, pg_temp.usd(pg_temp.below(v_claim + 1)), 'It is decided.'));
		WHEN 'withdraw' THEN IF random() < 0.3 THEN PERFORM pg_temp.try(v_what, v_who, format('SELECT skillancer_api.dispute_withdraw(%L)', v_d.id)); END IF;
		WHEN 'silence' THEN IF random() < 0.3 THEN PERFORM pg_temp.tick(v_d.id::uuid, e) FROM unnest('{win_by_silence,accept_by_silence}'::text[]) e; END IF;
		ELSE NULL;
	END CASE;
END
$$;
-- what is frozen is what open disputes say, and escrow is what the milestone says
CREATE FUNCTION pg_temp.look(p_name text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO wrong
	SELECT p_name, format('%s with %s in escrow and %s held, its row says %s and %s', m.state, e.balance, h.balance, skillancer.monetary_minor(x.in_escrow), m.frozen)
	FROM skillancer.milestone m
	JOIN skillancer.milestone_doc x ON x.id = m.id
	CROSS JOIN LATERAL (SELECT coalesce(sum(a.balance), 0) AS balance FROM skillancer.ledger_account a WHERE a.class = 'escrow' AND a.ref = m.id::uuid) e
	CROSS JOIN LATERAL (SELECT coalesce(sum(a.balance), 0) AS balance FROM skillancer.ledger_account a JOIN skillancer.dispute d ON d.id::uuid = a.ref
		WHERE a.class = 'escrow_hold' AND d.milestone_id = m.id) h
	WHERE m.id::uuid = pg_temp.thing(p_name || '/1')
		AND (e.balance <> skillancer.monetary_minor(x.in_escrow) OR h.balance <> coalesce(skillancer.monetary_minor(m.frozen), 0))
$$;
-- brings a booking to its end, whatever it takes
CREATE FUNCTION pg_temp.finish_off(p_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_d skillancer.dispute%ROWTYPE;
	v_m uuid := pg_temp.thing(p_name || '/1');
BEGIN
	FOR v_d IN SELECT * FROM skillancer.dispute d WHERE d.milestone_id::uuid = v_m AND d.state NOT IN ('RESOLVED', 'WITHDRAWN') LOOP
		PERFORM pg_temp.tick(v_d.id::uuid, e) FROM unnest('{win_by_silence,accept_by_silence,escalate}'::text[]) e;
		PERFORM pg_temp.try('end', 'stella', format('SELECT skillancer_api.dispute_take(%L)', v_d.id));
		PERFORM pg_temp.try('end', 'stella', format('SELECT skillancer_api.dispute_resolve(%L, %L, %L)', v_d.id,
			pg_temp.usd(pg_temp.below(skillancer.monetary_minor(v_d.amount) + 1)), 'It is decided.'));
	END LOOP;
	PERFORM pg_temp.try('end', 'felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', v_m, 'done'));
	PERFORM pg_temp.try('end', 'clara', format('SELECT skillancer_api.milestone_approve(%L)', v_m)) WHERE random() < 0.7;
	PERFORM pg_temp.try('end', 'felix', format('SELECT skillancer_api.milestone_refund(%L)', v_m));
	PERFORM pg_temp.try('end', 'clara', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing(p_name)));
END
$$;

DO $$
DECLARE
	v_price bigint;
	v_card uuid := pg_temp.method('clara', 'PAYMENT', 'tok_success');
BEGIN
	FOR i IN 1..25 LOOP
		v_price := 1 + pg_temp.below(CASE i % 3 WHEN 0 THEN 20 WHEN 1 THEN 5000 ELSE 300000 END);
		PERFORM pg_temp.book('b' || i, 'clara', 'felix', skillancer.monetary_of(v_price, 'USD'));
		PERFORM pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_fund(%L, %L)', pg_temp.thing('b' || i || '/1'), v_card));
		INSERT INTO played VALUES ('b' || i, pg_temp.thing('b' || i || '/1'), v_price);
		FOR k IN 1..40 LOOP
			PERFORM pg_temp.step('b' || i);
			PERFORM pg_temp.look('b' || i);
		END LOOP;
		PERFORM pg_temp.finish_off('b' || i);
		PERFORM pg_temp.look('b' || i);
	END LOOP;
END
$$;

SELECT is_empty('SELECT * FROM wrong', 'nothing unexpected happened, and after every step the books say what the rows say');
SELECT cmp_ok((SELECT count(*) FROM skillancer.dispute d WHERE d.client_id::uuid = pg_temp.person('clara') AND d.state = 'RESOLVED'), '>', 10::bigint, 'many disputes were resolved');
SELECT cmp_ok((SELECT count(DISTINCT d.outcome) FROM skillancer.dispute d WHERE d.client_id::uuid = pg_temp.person('clara')), '>', 1::bigint, 'in different ways');
SELECT is((SELECT count(*) FROM skillancer.milestone m JOIN played p ON p.milestone = m.id::uuid WHERE m.state NOT IN ('RELEASED', 'REFUNDED')), 0::bigint, 'all milestones are over');
SELECT is((SELECT coalesce(sum(a.balance), 0) FROM skillancer.ledger_account a WHERE a.class IN ('escrow', 'deferred_fee', 'escrow_hold')
	AND (a.ref IN (SELECT p.milestone FROM played p) OR a.ref IN (SELECT d.id::uuid FROM skillancer.dispute d JOIN played p ON p.milestone = d.milestone_id::uuid))), 0::numeric,
	'nothing is left in escrow, frozen, or of a fee');
-- charged = back in the wallet + earned + fees, to the cent
SELECT is((SELECT coalesce(sum(skillancer.monetary_minor(c.amount)), 0) FROM skillancer.charge c WHERE c.user_id::uuid = pg_temp.person('clara')),
	(SELECT sum(CASE WHEN a.class IN ('client_wallet', 'freelancer_pending') THEN -e.amount ELSE 0 END) + sum(CASE WHEN a.class LIKE 'revenue%' THEN -e.amount ELSE 0 END)
	 FROM skillancer.ledger_txn t JOIN skillancer.ledger_entry e ON e.txn = t.id JOIN skillancer.ledger_account a ON a.id = e.account
	 WHERE t.ref IN (SELECT p.milestone FROM played p UNION ALL SELECT c.id::uuid FROM skillancer.charge c WHERE c.user_id::uuid = pg_temp.person('clara')
		UNION ALL SELECT d.id::uuid FROM skillancer.dispute d WHERE d.client_id::uuid = pg_temp.person('clara'))), 'what was charged is in the wallet, earned, or a fee');
-- all steps of the pair together cost what one step costs
SELECT is((SELECT skillancer.monetary_of(sum(skillancer.monetary_minor(g.fee))::bigint, 'USD') FROM skillancer.earning g WHERE g.freelancer_id::uuid = pg_temp.person('felix')),
	skillancer.fee_step(99, 'SERVICE', '0 USD', (SELECT skillancer.monetary_of(sum(skillancer.monetary_minor(g.gross))::bigint, 'USD') FROM skillancer.earning g
		WHERE g.freelancer_id::uuid = pg_temp.person('felix'))), 'the service fees are those of one release of everything');
SELECT is((SELECT sum(skillancer.monetary_minor(g.gross)) FROM skillancer.earning g WHERE g.freelancer_id::uuid = pg_temp.person('felix')),
	(SELECT skillancer.monetary_minor(b.billed)::numeric FROM skillancer.pair_billing b WHERE b.client_id::uuid = pg_temp.person('clara')), 'the pair has billed what was earned');
SELECT is_empty($$ SELECT * FROM skillancer.ledger_violation $$, 'no invariant is broken');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT pass('no account of an ended booking holds money');
SELECT * FROM finish();
ROLLBACK;
