-- booking_disputes.sql
--	Disputes: the ladder with its defaults, offers that move one way, mediation by staff only, T10 and T11 to the last
--	unit, and what is refused while a dispute is open.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(121);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('sam', 'CLIENT', 'FREELANCER'),
	pg_temp.add_person('stella', 'SUPPORT'), pg_temp.add_person('stan', 'SUPPORT'), pg_temp.add_person('fin', 'FINANCE'),
	pg_temp.add_person('adam', 'ADMIN', 'CLIENT') \g /dev/null
-- the price list of the oracles: 10 % and 5 %
INSERT INTO skillancer.fee_schedule (version, kind, above, bps) VALUES (99, 'SERVICE', 0, 1000), (99, 'CLIENT', 0, 500);
UPDATE skillancer.policy SET value = '99' WHERE key = 'feeVersion';

CREATE FUNCTION pg_temp.running(p_name text, p_bid skillancer.monetary, p_client text DEFAULT 'clara') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.book(p_name, p_client, 'felix', p_bid);
	PERFORM pg_temp.fund(p_client, p_name || '/1');
END
$$;
CREATE FUNCTION pg_temp.claim(p_name text, p_amount text, p_more text DEFAULT '') RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.dispute_open(%L, %L, %L, %L, %L%s)', pg_temp.thing(p_name), pg_temp.thing(p_name || '/1'), p_amount,
		'QUALITY', 'It is not what we agreed on.', p_more) $$;
CREATE FUNCTION pg_temp.opened(p_who text, p_name text, p_amount text) RETURNS uuid LANGUAGE sql AS
	$$ SELECT pg_temp.remember('dispute', ((pg_temp.as_person(p_who, pg_temp.claim(p_name, p_amount)) #>> '{body,id}')::skillancer.dispute_id)::uuid) $$;
CREATE FUNCTION pg_temp.step(p_what text, VARIADIC p_args text[] DEFAULT '{}') RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.dispute_%s(%L%s)', p_what, pg_temp.thing('dispute'), (SELECT string_agg(', ' || quote_nullable(a), '') FROM unnest(p_args) a)) $$;
-- what staff are told: the body, or the status of a refusal that leaves a trace
CREATE FUNCTION pg_temp.desk(p_who text, p_query text) RETURNS jsonb LANGUAGE sql AS
	$$ SELECT CASE WHEN (r ->> 'status')::int >= 400 THEN r -> 'status' ELSE r -> 'body' END FROM pg_temp.as_person(p_who, p_query) r $$;
CREATE FUNCTION pg_temp.state() RETURNS text LANGUAGE sql AS
	$$ SELECT concat_ws(' ', d.state, d.outcome, d.awarded) FROM skillancer.dispute d WHERE d.id::uuid = pg_temp.thing('dispute') $$;
CREATE FUNCTION pg_temp.milestone(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT concat_ws(' ', m.state, 'released', m.released_part, 'refunded', m.refunded_part, 'frozen', m.frozen) FROM skillancer.milestone m WHERE m.id::uuid = pg_temp.thing(p_name || '/1') $$;
CREATE FUNCTION pg_temp.held() RETURNS numeric LANGUAGE sql AS $$ SELECT pg_temp.balance('escrow_hold', NULL, pg_temp.thing('dispute')) $$;
CREATE FUNCTION pg_temp.reply() RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.step('reply', 'I have done what was agreed.') $$;

-- who may claim what
SELECT pg_temp.running('web', '1000 USD') \g /dev/null
SELECT is(pg_temp.refusal('sam', pg_temp.claim('web', '400 USD')), 'SK002', 'a stranger does not know of it');
SELECT is(pg_temp.refusal('stella', pg_temp.claim('web', '400 USD')), 'SK003', 'staff open no dispute');
SELECT is(pg_temp.refusal('clara', pg_temp.claim('web', '-1 USD')), 'SK001', 'not less than nothing');
SELECT is(pg_temp.refusal('clara', pg_temp.claim('web', '1 EUR')), 'SK001', 'not other money');
SELECT is(pg_temp.refusal('clara', pg_temp.claim('web', '1000.01 USD')), 'SK401', 'not more than there is');
SELECT is(pg_temp.refusal('clara', pg_temp.claim('web', '1 USD', $$, '{javascript:1}'$$)), 'SK001', 'evidence is https');
SELECT ok(pg_temp.as_person('clara', pg_temp.claim('web', '400 USD', ', NULL, NULL, true')) #> '{body,postings}' @> '[{"kind": "dispute_freeze"}]', 'a dry run shows T10');
SELECT is((SELECT count(*) FROM skillancer.dispute d WHERE d.booking_id::uuid = pg_temp.thing('web')), 0::bigint, 'and opens nothing');
SELECT isnt(pg_temp.opened('clara', 'web', '400 USD'), NULL, 'the client claims 400');
SELECT is(pg_temp.entries('dispute_freeze', pg_temp.thing('dispute')), 'escrow 400.00 USD, escrow_hold -400.00 USD', 'T10: exactly the claim is frozen');
SELECT is(pg_temp.milestone('web'), 'FUNDED released refunded frozen 400.00 USD', 'the milestone says so');
SELECT is(pg_temp.refusal('felix', pg_temp.claim('web', '1 USD')), 'SK302', 'one dispute at a time');

-- what is refused while it is open, and what is not
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('web/1'))), 'SK302', 'no refund');
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, %L)', pg_temp.thing('web/1'), 'done')) \g /dev/null
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('web/1'))), 'SK302', 'no release');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.change_request_create(%L, %L, %L)', pg_temp.thing('web'), 'PAUSE', 'Because')), 'SK302', 'no pause');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.change_request_create(%L, %L, %L)', pg_temp.thing('web'), 'CANCELLATION', 'Because')), 'SK302', 'no cancellation');
SELECT throws_ok(format('SELECT skillancer.fire_system(%L, %L, %L)', 'milestone', pg_temp.thing('web/1'), 'auto_release'), 'SK004', NULL, 'no release by silence');
SELECT throws_ok(format('SELECT skillancer.fire_system(%L, %L, %L)', 'milestone', pg_temp.thing('web/1'), 'refund'), 'SK302', NULL, 'no refund by the marketplace');
SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.milestone_release_part(%L, %L)', pg_temp.thing('web/1'), '600.01 USD')), 'SK401', 'what is frozen is not to be had');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_release_part(%L, %L)', pg_temp.thing('web/1'), '600 USD')) #>> '{inEscrow,amount}', '0.00', 'the rest is: all of it');
SELECT is(pg_temp.refusal('felix', pg_temp.step('withdraw')), 'SK003', 'the other side does not withdraw');
SELECT is(pg_temp.refusal('sam', pg_temp.step('withdraw')), 'SK002', 'nor a stranger');
SELECT is(pg_temp.as_person('clara', pg_temp.step('withdraw')) ->> 'state', 'WITHDRAWN', 'who claimed does');
SELECT is(pg_temp.entries('dispute_return', pg_temp.thing('dispute')), 'escrow -400.00 USD, escrow_hold 400.00 USD', 'all is back');
SELECT is(pg_temp.held(), 0::numeric, 'and nothing is left there');
SELECT is((SELECT d.due_at FROM skillancer.due d WHERE d.id = pg_temp.thing('web/1') AND d.event = 'auto_release'), skillancer.now() + interval '14 days', 'the clock of the submitted work starts anew');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('web/1'))) ->> 'state', 'RELEASED', 'and work goes on');
SELECT is(pg_temp.refusal('clara', pg_temp.claim('web', '1 USD')), 'SK004', 'what is released is not claimed');

-- silence grants the claim: T11 for all of it
SELECT pg_temp.running('mute', '1000 USD'), pg_temp.opened('clara', 'mute', '1000 USD') \g /dev/null
SELECT pg_temp.later('6 days 23 hours'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state(), 'AWAITING_REPLY', 'seven days to reply');
SELECT pg_temp.later('1 hour 1 second'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state(), 'RESOLVED DEFAULT 1000.00 USD', 'then who claims wins');
SELECT is(pg_temp.entries('dispute_split', pg_temp.thing('dispute')), 'client_wallet -1050.00 USD, deferred_fee 50.00 USD, escrow_hold 1000.00 USD', 'everything goes back with the fee');
SELECT is(pg_temp.milestone('mute'), 'REFUNDED released refunded 1000.00 USD frozen', 'the milestone is over');

-- the oracles: 60/40 and 50/50
SELECT pg_temp.running('six', '1000 USD'), pg_temp.opened('clara', 'six', '1000 USD') \g /dev/null
SELECT is(pg_temp.refusal('clara', pg_temp.reply()), 'SK003', 'nobody replies to himself');
SELECT is(pg_temp.refusal('clara', pg_temp.step('offer', '1 USD')), 'SK004', 'no offers before the reply');
SELECT is(pg_temp.as_person('felix', pg_temp.reply()) ->> 'state', 'NEGOTIATION', 'the freelancer replies');
SELECT is(pg_temp.refusal('felix', pg_temp.reply()), 'SK004', 'once');
SELECT is(pg_temp.refusal('clara', pg_temp.step('accept_offer', '400 USD')), 'SK004', 'there is no offer to accept');
SELECT is(pg_temp.refusal('clara', pg_temp.step('offer', '1000 USD')), 'SK304', 'the claimant asks for less than before');
SELECT is(pg_temp.refusal('clara', pg_temp.step('offer', '1000.01 USD')), 'SK001', 'within the claim');
SELECT is(pg_temp.as_person('clara', pg_temp.step('offer', '500 USD')) #>> '{offers,claimant,amount}', '500.00', 'down to 500');
SELECT is(pg_temp.as_person('felix', pg_temp.step('offer', '300 USD')) #>> '{offers,respondent,amount}', '300.00', 'up to 300');
SELECT is(pg_temp.refusal('felix', pg_temp.step('offer', '299.99 USD')), 'SK304', 'never down');
SELECT is(pg_temp.refusal('felix', pg_temp.step('offer', '300 USD')), 'SK304', 'nor the same again');
SELECT is(pg_temp.refusal('clara', pg_temp.step('offer', '600 USD')), 'SK304', 'never up');
SELECT is(pg_temp.as_person('felix', pg_temp.step('offer', '400 USD')) #>> '{offers,respondent,amount}', '400.00', 'up to 400');
SELECT is(pg_temp.refusal('clara', pg_temp.step('accept_offer', '300 USD')), 'SK006', 'what has changed is not accepted');
SELECT is(pg_temp.as_person('clara', format('SELECT skillancer_api.dispute_accept_offer(%L, %L, true)', pg_temp.thing('dispute'), '400 USD')) #>> '{result,state}', 'RESOLVED', 'a dry run');
SELECT is(pg_temp.state(), 'NEGOTIATION', 'changes nothing');
SELECT is(pg_temp.as_person('clara', pg_temp.step('accept_offer', '400 USD')) #>> '{toFreelancer,amount}', '600.00', 'the client takes 400');
SELECT is(pg_temp.entries('dispute_split', pg_temp.thing('dispute')),
	'client_wallet -420.00 USD, deferred_fee 50.00 USD, escrow_hold 1000.00 USD, freelancer_pending -540.00 USD, revenue_client -30.00 USD, revenue_service -60.00 USD', 'T11: 60/40');
SELECT is(pg_temp.milestone('six'), 'RELEASED released 600.00 USD refunded 400.00 USD frozen', 'released in part, refunded in part');
SELECT is(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('six')))) ->> 'state', 'COMPLETED', 'the booking ends');
SELECT pg_temp.running('half', '1000 USD'), pg_temp.opened('felix', 'half', '1000 USD') \g /dev/null
SELECT pg_temp.as_person('clara', pg_temp.reply()), pg_temp.as_person('clara', pg_temp.step('offer', '500 USD')) \g /dev/null
SELECT is(pg_temp.as_person('felix', pg_temp.step('offer', '450 USD')) ->> 'outcome', 'SETTLED', 'offers that cross settle it');
SELECT is(pg_temp.state(), 'RESOLVED SETTLED 500.00 USD', 'at the offer that stood');
SELECT is((SELECT concat_ws(' ', e.gross, e.fee, e.net) FROM skillancer.earning e WHERE e.milestone_id::uuid = pg_temp.thing('half/1')),
	'500.00 USD 50.00 USD 450.00 USD', '50/50 of 1,000: refund 500, fee 50, net 450');

-- the last thing that a booking waits for: its outcome is that of the divided money
SELECT pg_temp.running('last', '100 USD'), pg_temp.opened('clara', 'last', '100 USD') \g /dev/null
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('last'))), pg_temp.as_person('felix', pg_temp.reply()),
	pg_temp.as_person('felix', pg_temp.step('offer', '80 USD')), pg_temp.as_person('clara', pg_temp.step('accept_offer', '80 USD')) \g /dev/null
SELECT is((SELECT concat_ws(' ', b.state, o.verdict, o.reason, o.amount) FROM skillancer.booking b JOIN skillancer.outcome o ON o.booking_id = b.id
	WHERE b.id::uuid = pg_temp.thing('last')), 'COMPLETED -1 REFUNDED 100.00 USD', 'most of it went back');

-- mediation: staff with the permission, never a party
SELECT pg_temp.running('med', '1000 USD'), pg_temp.opened('felix', 'med', '700 USD') \g /dev/null
SELECT is(pg_temp.refusal('stella', pg_temp.step('take')), 'SK004', 'staff wait for the escalation');
SELECT is(pg_temp.refusal('clara', pg_temp.step('escalate')), 'SK004', 'which waits for the reply');
SELECT pg_temp.as_person('clara', pg_temp.reply()) \g /dev/null
SELECT pg_temp.later('7 days 1 second'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state(), 'MEDIATION', 'or for seven days without an agreement');
SELECT is(pg_temp.body(pg_temp.as_person('clara', pg_temp.step('evidence_add', 'See the screenshots', '{https://files.test/a}'))) #>> '{evidence,1,links,0}', 'https://files.test/a', 'evidence of the client');
SELECT is(pg_temp.refusal('stella', pg_temp.step('evidence_add', 'I have seen it all')), 'SK003', 'staff show none');
SELECT is(pg_temp.refusal('sam', pg_temp.step('evidence_add', 'I have seen it all')), 'SK002', 'nor strangers');
SELECT is(pg_temp.desk('fin', pg_temp.step('take')), '403', 'finance does not mediate');
SELECT is(pg_temp.refusal('felix', pg_temp.step('resolve', '700 USD', 'It is all mine.')), 'SK003', 'nor a party');
SELECT is(pg_temp.desk('stella', pg_temp.step('take')) ->> 'mediatorId', (SELECT id::text FROM person WHERE name = 'stella'), 'support takes it');
SELECT is(pg_temp.refusal('stan', pg_temp.step('resolve', '1 USD', 'I know better.')), 'SK003', 'then nobody else decides');
SELECT is(pg_temp.refusal('stella', pg_temp.step('propose_split', '700.01 USD', 'More than all of it')), 'SK001', 'within the claim');
SELECT is(pg_temp.refusal('stella', pg_temp.step('accept_split')), 'SK003', 'staff accept nothing');
SELECT is(pg_temp.desk('stella', pg_temp.step('propose_split', '333.33 USD', 'A third and a bit.')) ->> 'state', 'PROPOSAL_OUT', 'a split is out');
SELECT is(pg_temp.refusal('stella', pg_temp.step('resolve', '333.33 USD', 'I decide now.')), 'SK004', 'now the two have the word');
SELECT is(pg_temp.as_person('clara', pg_temp.step('accept_split')) ->> 'state', 'PROPOSAL_OUT', 'one accepts');
SELECT is(pg_temp.refusal('clara', pg_temp.step('accept_split')), 'SK004', 'once');
SELECT is(pg_temp.as_person('felix', pg_temp.step('reject_split')) ->> 'state', 'MEDIATION', 'the other rejects');
SELECT pg_temp.desk('stella', pg_temp.step('propose_split', '350 USD', 'Half of the claim.')) \g /dev/null
SELECT is(pg_temp.as_person('felix', pg_temp.step('accept_split')) ->> 'state', 'PROPOSAL_OUT', 'the earlier acceptance is gone');
SELECT is(pg_temp.as_person('clara', pg_temp.step('accept_split')) ->> 'outcome', 'SPLIT', 'both accept');
SELECT is(pg_temp.milestone('med'), 'FUNDED released 350.00 USD refunded 350.00 USD frozen', 'the claim is divided, the rest goes on in escrow');
SELECT is(pg_temp.balance('escrow', NULL, pg_temp.thing('med/1')), 300::numeric, 'which it is');
SELECT is(pg_temp.finish('felix', 'clara', 'med/1') ->> 'state', 'RELEASED', 'and is released');
SELECT is((SELECT sum(skillancer.monetary_minor(e.gross)) || ' ' || sum(skillancer.monetary_minor(e.fee)) FROM skillancer.earning e WHERE e.milestone_id::uuid = pg_temp.thing('med/1')), '65000 6500', 'all steps cost F(650)');
SELECT is(pg_temp.balance('deferred_fee', NULL, pg_temp.thing('med/1')), 0::numeric, 'no fee is left over');

-- silence accepts the split; staff decide; nobody decides about himself
SELECT pg_temp.running('calm', '100 USD'), pg_temp.opened('clara', 'calm', '100 USD') \g /dev/null
SELECT pg_temp.as_person('felix', pg_temp.reply()), pg_temp.as_person('felix', pg_temp.step('escalate')) \g /dev/null
SELECT pg_temp.desk('stella', pg_temp.step('propose_split', '33.33 USD', 'A third of it.')) \g /dev/null
SELECT pg_temp.later('5 days 1 second'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state(), 'RESOLVED SPLIT 33.33 USD', 'silence accepts');
SELECT pg_temp.running('self', '100 USD', 'adam'), pg_temp.opened('felix', 'self', '100 USD') \g /dev/null
SELECT pg_temp.as_person('adam', pg_temp.reply()), pg_temp.as_person('adam', pg_temp.step('escalate')) \g /dev/null
SELECT is(pg_temp.desk('adam', pg_temp.step('take')), '403', 'an administrator does not take a dispute of his own');
SELECT is(pg_temp.desk('adam', pg_temp.step('resolve', '0 USD', 'I am in the right.')), '403', 'nor decide it');
SELECT is(pg_temp.desk('adam', pg_temp.step('propose_split', '0 USD', 'I am in the right.')), '403', 'nor propose');
SELECT is((SELECT count(*) FROM skillancer.audit a WHERE a.action ~ '^dispute[.].*_denied$' AND a.object_id = pg_temp.thing('dispute')), 3::bigint, 'each attempt leaves a trace');
SELECT pg_temp.later('5 days 1 second') \g /dev/null
SELECT is(pg_temp.refusal('felix', pg_temp.step('evidence_add', 'I remember something')), 'SK004', 'there is a last day for evidence');
SELECT is(pg_temp.as_person('stella', format('SELECT skillancer_api.dispute_resolve(%L, %L, %L, true)', pg_temp.thing('dispute'), '80 USD', 'Most of it was done.')) #>> '{body,result,outcome}', 'DECIDED', 'a dry run of a decision');
SELECT is(pg_temp.desk('stella', pg_temp.step('resolve', '80 USD', 'Most of it was done.')) #>> '{toFreelancer,amount}', '80.00', 'staff decide');
SELECT is(pg_temp.refusal('stella', pg_temp.step('resolve', '80 USD', 'Most of it was done.')), 'SK004', 'once');
SELECT is((SELECT count(*) FROM skillancer.audit a WHERE a.action = 'dispute.resolve' AND a.actor_id = pg_temp.person('stella')), 1::bigint, 'which is audited');

-- a claim of nothing, a limit, and what a dispute stands against
SELECT pg_temp.running('zero', '100 USD'), pg_temp.as_person('felix', format('SELECT skillancer_api.change_request_create(%L, %L, %L)', pg_temp.thing('zero'), 'CANCELLATION', 'Because')) \g /dev/null
SELECT pg_temp.opened('clara', 'zero', '0 USD') \g /dev/null
SELECT is((SELECT r.state FROM skillancer.change_request r WHERE r.booking_id::uuid = pg_temp.thing('zero')), 'WITHDRAWN', 'a cancellation that was asked for is dropped');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('zero/1'))), 'SK302', 'a claim of nothing holds the milestone, too');
SELECT pg_temp.as_person('felix', pg_temp.reply()) \g /dev/null
SELECT is(pg_temp.as_person('felix', pg_temp.step('offer', '0 USD')) ->> 'outcome', 'SETTLED', 'nothing meets nothing');
SELECT is(pg_temp.milestone('zero'), 'FUNDED released refunded frozen', 'and the milestone goes on');
SELECT pg_temp.opened('clara', 'zero', '1 USD'), pg_temp.as_person('clara', pg_temp.step('withdraw')) \g /dev/null
SELECT pg_temp.opened('clara', 'zero', '1 USD'), pg_temp.as_person('clara', pg_temp.step('withdraw')) \g /dev/null
SELECT is(pg_temp.refusal('clara', pg_temp.claim('zero', '1 USD')), 'SK010', 'three disputes of one side are enough');
SELECT isnt(pg_temp.opened('felix', 'zero', '1 USD'), NULL, 'the other one may still claim');

-- who reads
SELECT is(pg_temp.body(pg_temp.as_person('felix', format('SELECT skillancer_api.dispute_get(%L)', pg_temp.thing('dispute')))) ->> 'state', 'AWAITING_REPLY', 'a party reads it');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.dispute_get(%L)', pg_temp.thing('dispute'))), 'SK002', 'a stranger does not');
SELECT is(jsonb_array_length(pg_temp.body(pg_temp.as_person('sam', 'SELECT skillancer_api.dispute_list()'))), 0, 'and has none');
SELECT ok(pg_temp.body(pg_temp.as_person('stella', 'SELECT skillancer_api.dispute_queue(p_limit => 100)')) @> '[{"state": "AWAITING_REPLY"}]', 'staff see what is open');
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.dispute_queue()'), 'SK003', 'a client has no queue');
SET LOCAL ROLE skillancer_admin;
SELECT is((SELECT count(*) FROM skillancer.dispute_queue q WHERE q.state = 'AWAITING_REPLY' AND q.age < interval '1 day'), 1::bigint, 'an administrator sees it in psql');
RESET ROLE;
SELECT ok(pg_temp.body(pg_temp.as_person('clara', format('SELECT skillancer_api.booking_timeline(%L)', pg_temp.thing('six')))) @> '[{"type": "dispute.opened"}, {"type": "dispute.offered"}, {"type": "dispute.resolved"}]', 'the timeline tells it');

-- a week of an hourly booking is a milestone: the client claims in the days of the review
SELECT pg_temp.until(date_trunc('week', skillancer.now() + interval '7 days') + interval '9 hours') \g /dev/null
SELECT pg_temp.book('hours', 'clara', 'felix', '100 USD', p_kind => 'HOURLY'),
	pg_temp.as_person('clara', format('SELECT skillancer_api.booking_pay_by(%L, %L)', pg_temp.thing('hours'), pg_temp.method('clara', 'PAYMENT', 'tok_success'))),
	pg_temp.as_person('felix', format('SELECT skillancer_api.time_entry_create(%L, %L, %L, %L)', pg_temp.thing('hours'), (skillancer.now() AT TIME ZONE 'UTC')::date, 120, 'Some work')) \g /dev/null
SELECT pg_temp.later('7 days 3 hours 1 second'), pg_temp.due(), pg_temp.due() \g /dev/null
SELECT pg_temp.remember('hours/1', m.id::uuid) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('hours') \g /dev/null
SELECT is(pg_temp.milestone('hours'), 'SUBMITTED released refunded frozen', 'a week is up for review');
SELECT pg_temp.opened('clara', 'hours', '50 USD'), pg_temp.later('5 days'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.milestone('hours'), 'SUBMITTED released refunded frozen 50.00 USD', 'a claim keeps it from its release on Friday');
SELECT is(pg_temp.as_person('felix', pg_temp.step('accept_offer', '50 USD')) ->> 'outcome', 'SETTLED', 'the freelancer agrees at once');
SELECT pg_temp.later('14 days'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.milestone('hours'), 'RELEASED released refunded 50.00 USD frozen', 'the rest is released by silence');
SELECT is((SELECT concat_ws(' ', e.gross, e.fee) FROM skillancer.earning e WHERE e.milestone_id::uuid = pg_temp.thing('hours/1')), '150.00 USD 15.00 USD', '150 of 200 are earned');

-- the client is an organisation: its owner acts for it, and none of its members decides
SELECT pg_temp.add_person('olga', 'CLIENT'), pg_temp.add_person('mona', 'CLIENT', 'SUPPORT') \g /dev/null
SELECT pg_temp.remember('org', ((pg_temp.as_person('olga', 'SELECT skillancer_api.organisation_create(''Acme'')') #>> '{body,id}')::skillancer.organisation_id)::uuid) \g /dev/null
SELECT pg_temp.running('firm', '100 USD', 'clara') \g /dev/null
INSERT INTO skillancer.organisation_member (organisation_id, user_id, role)
SELECT pg_temp.thing('org')::skillancer.organisation_id, pg_temp.person(n)::skillancer.user_id, 'MEMBER' FROM unnest('{clara,mona}'::text[]) n;
UPDATE skillancer.booking b SET organisation_id = pg_temp.thing('org')::skillancer.organisation_id WHERE b.id::uuid = pg_temp.thing('firm');
UPDATE skillancer.milestone m SET organisation_id = pg_temp.thing('org')::skillancer.organisation_id WHERE m.booking_id::uuid = pg_temp.thing('firm');
SELECT isnt(pg_temp.opened('olga', 'firm', '60 USD'), NULL, 'the owner claims for the organisation');
SELECT is((SELECT d.claimant_id::uuid FROM skillancer.dispute d WHERE d.id::uuid = pg_temp.thing('dispute')), pg_temp.person('clara'), 'in the name of who booked');
SELECT pg_temp.as_person('felix', pg_temp.reply()) \g /dev/null
SELECT is(pg_temp.as_person('olga', pg_temp.step('offer', '50 USD')) #>> '{offers,claimant,amount}', '50.00', 'makes offers');
SELECT is(pg_temp.refusal('olga', pg_temp.reply()), 'SK004', 'and is on its side only');
SELECT isnt(pg_temp.as_person('olga', pg_temp.step('evidence_add', 'See what we agreed on')), NULL, 'shows evidence');
SELECT is(pg_temp.refusal('sam', pg_temp.step('withdraw')), 'SK002', 'others know nothing of it');
SELECT pg_temp.as_person('felix', pg_temp.step('escalate')) \g /dev/null
SELECT is(pg_temp.desk('mona', pg_temp.step('take')), '403', 'a member who is staff does not decide');
SELECT is(pg_temp.as_person('felix', pg_temp.step('offer', '50 USD')) ->> 'outcome', 'SETTLED', 'they agree');
SELECT is(pg_temp.balance('client_wallet', pg_temp.person('olga')), 0::numeric, 'the money goes to who had paid');

SELECT is((SELECT count(*) FROM skillancer.ledger_account a JOIN skillancer.dispute d ON d.id::uuid = a.ref WHERE a.class = 'escrow_hold' AND a.balance <> 0 AND d.state IN ('RESOLVED', 'WITHDRAWN')), 0::bigint, 'no ended dispute holds money');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT is_empty($$ SELECT * FROM skillancer.ledger_violation $$, 'and break no invariant');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT pass('no account of an ended booking holds money');
SELECT * FROM finish();
ROLLBACK;
