-- money_connects.sql
--	Connects: what proposals cost, the month's free ones, lots that lapse, purchases, and what comes back.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(56);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('otto', 'FREELANCER'), pg_temp.add_person('pia', 'FREELANCER'),
	pg_temp.add_person('ria', 'FREELANCER'), pg_temp.add_person('fin', 'FINANCE'), pg_temp.add_person('sue', 'SUPPORT') \g /dev/null

CREATE FUNCTION pg_temp.connects(p_person text, p_class text DEFAULT NULL) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT coalesce(sum(a.balance), 0)::bigint FROM skillancer.ledger_account a
	WHERE a.owner = pg_temp.person(p_person) AND a.currency = 'XCN' AND (p_class IS NULL OR a.class = p_class)
$$;
CREATE FUNCTION pg_temp.legs(p_kind text, p_ref uuid) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT string_agg(format('%s %s', a.class, skillancer.monetary_of(e.amount, e.currency)), ', ' ORDER BY a.class, e.currency DESC)
	FROM skillancer.ledger_txn t
	JOIN skillancer.ledger_entry e ON e.txn = t.id
	JOIN skillancer.ledger_account a ON a.id = e.account
	WHERE t.kind = p_kind AND t.ref = p_ref
$$;
CREATE FUNCTION pg_temp.job(p_name text, p_max skillancer.monetary) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
	PERFORM skillancer.import_begin('test');
	INSERT INTO skillancer.project (id, client_id, title, description, budget_kind, budget_min, budget_max, state, published_at)
	VALUES (skillancer.new_id()::skillancer.project_id, pg_temp.person('clara')::skillancer.user_id, 'Project ' || p_name,
		'What has to be done for it', 'FIXED', p_max, p_max, 'OPEN', skillancer.now())
	RETURNING pg_temp.remember(p_name, id::uuid) INTO p_name;
	RETURN p_name;
END
$$;
CREATE FUNCTION pg_temp.propose(p_person text, p_job text) RETURNS uuid LANGUAGE sql AS $$
	SELECT pg_temp.remember(p_person || '/' || p_job, ((pg_temp.as_person(p_person, format(
		'SELECT skillancer_api.proposal_create(%L, %L, (SELECT p.budget_max FROM skillancer.project p WHERE p.id = %L))', pg_temp.thing(p_job),
		repeat('I have done this many times before. ', 3), pg_temp.thing(p_job))) #>> '{body,id}')::skillancer.proposal_id)::uuid)
$$;
CREATE FUNCTION pg_temp.withdraw(p_person text, p_job text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.as_person(p_person, format('SELECT skillancer_api.proposal_withdraw(%L)', pg_temp.thing(p_person || '/' || p_job))) #>> '{body,state}'
$$;

-- costs
SELECT pg_temp.job(n, m::skillancer.monetary) FROM (VALUES ('tiny', '499.99 USD'), ('small', '500.00 USD'), ('large', '1000.00 USD'), ('huge', '1000.01 USD'),
	('euro', '490.00 EUR'), ('yen', '70000 JPY'), ('odd', '400.00 ISK')) AS v (n, m) WHERE n <> 'odd' \g /dev/null
SELECT is(skillancer.project_connects(pg_temp.thing('tiny')::skillancer.project_id), 2, 'under 500 costs 2');
SELECT is(skillancer.project_connects(pg_temp.thing('small')::skillancer.project_id), 4, '500 costs 4');
SELECT is(skillancer.project_connects(pg_temp.thing('large')::skillancer.project_id), 4, 'up to 1000');
SELECT is(skillancer.project_connects(pg_temp.thing('huge')::skillancer.project_id), 6, 'above costs 6');
SELECT is(skillancer.project_connects(pg_temp.thing('euro')::skillancer.project_id), 4, 'a budget in euro counts by the rate');
SELECT is(skillancer.project_connects(pg_temp.thing('yen')::skillancer.project_id), 2, 'and one in yen');
SELECT pg_temp.job('krona', '400 ISK') \g /dev/null
SELECT is(skillancer.project_connects(pg_temp.thing('krona')::skillancer.project_id), 2, 'without a rate it counts at par');

-- the month's free ones
SELECT is(pg_temp.connects('otto'), 0::bigint, 'nothing at first');
SELECT pg_temp.propose('otto', 'huge') \g /dev/null
SELECT is(pg_temp.connects('otto'), 54::bigint, 'the first proposal of a month brings the free ones, and takes 6');
SELECT is((SELECT p.connects FROM skillancer.proposal p WHERE p.id = pg_temp.thing('otto/huge')::skillancer.proposal_id), 6, 'the proposal knows what it cost');
SELECT is(pg_temp.legs('connects_used', pg_temp.thing('otto/huge')), 'granted_tokens 6 XCN, token_issue -6 XCN', 'free ones are no revenue');
SELECT is(skillancer.connects_grant_month(ARRAY[pg_temp.person('otto')]::skillancer.user_id[]), 0::bigint, 'once a month');
INSERT INTO skillancer.user_credential (user_id, password_hash) SELECT p.id, '$argon2id$v=19$x' FROM person p WHERE p.name IN ('otto', 'pia');
SELECT skillancer.grant_connects() \g /dev/null
SELECT is(pg_temp.connects('pia'), 60::bigint, 'the job gives them to those who can sign in');
SELECT is(pg_temp.connects('ria'), 0::bigint, 'not to imported people');
SELECT is(pg_temp.connects('otto'), 54::bigint, 'not twice');
SELECT is(skillancer.grant_connects(), 0::bigint, 'a second run has nothing to do');
SELECT pg_temp.later('31 days') \g /dev/null
SELECT skillancer.grant_connects() \g /dev/null
SELECT is(pg_temp.connects('otto'), 114::bigint, 'the next month brings more');
SELECT is((SELECT count(*) FROM skillancer.connect_grant g WHERE g.user_id::uuid = pg_temp.person('otto') AND g.kind = 'MONTHLY'), 2::bigint, 'one row a month');

-- they lapse: of 60 + 60 the older lot had 54 left
SELECT pg_temp.later('60 days') \g /dev/null
SELECT skillancer.lapse_connects() \g /dev/null
SELECT is(pg_temp.connects('otto'), 60::bigint, 'what is left of the first lot lapses after 90 days');
SELECT skillancer.lapse_connects() \g /dev/null
SELECT is(pg_temp.connects('otto'), 60::bigint, 'once');
SELECT pg_temp.later('60 days') \g /dev/null
SELECT pg_temp.propose('otto', 'tiny') \g /dev/null
SELECT is(pg_temp.connects('otto'), 58::bigint, 'a proposal does not use lapsed ones that no job has taken yet');

-- buying
SELECT pg_temp.method('pia', 'PAYMENT', 'tok_success') AS card, pg_temp.method('pia', 'PAYMENT', 'tok_declined') AS bad,
	pg_temp.method('pia', 'PAYMENT', 'tok_action_required') AS ask \gset
SELECT is(pg_temp.refusal('pia', 'SELECT skillancer_api.connects_purchase(7)'), 'SK001', 'only bundles are sold');
SELECT is(pg_temp.refusal('pia', 'SELECT skillancer_api.connects_purchase(10)'), 'SK401', 'an empty wallet buys nothing');
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.connects_purchase(10)'), 'SK003', 'a client has no use for them');
SELECT pg_temp.as_person('pia', format('SELECT skillancer_api.connects_purchase(10, %L)', :'card')) AS bought \gset
SELECT is(:'bought'::jsonb ->> 'status', '201', 'a card does');
SELECT is(pg_temp.legs('connects_bought', (:'bought'::jsonb #>> '{body,id}')::uuid),
	'client_wallet 1.50 USD, token_issue 10 XCN, unearned_tokens -10 XCN, unearned_tokens -1.50 USD', 'T17: money and tokens in one posting');
SELECT is(pg_temp.as_person('pia', format('SELECT skillancer_api.connects_purchase(10, %L)', :'bad')) ->> 'status', '402', 'a declined card buys nothing');
SELECT is(pg_temp.connects('pia', 'unearned_tokens'), 10::bigint, 'ten are bought');
SELECT pg_temp.as_person('pia', format('SELECT skillancer_api.connects_purchase(40, %L)', :'ask')) AS waiting \gset
SELECT is(:'waiting'::jsonb ->> 'status', '202', 'a card that asks for an action');
SELECT is(:'waiting'::jsonb #>> '{body,state}', 'CREATED', 'the purchase waits');
SELECT pg_temp.as_person('pia', format('SELECT skillancer_api.charge_confirm(%L)', :'waiting'::jsonb #>> '{body,charge,id}')) \g /dev/null
SELECT is((SELECT p.state FROM skillancer.connect_purchase p WHERE p.id = (:'waiting'::jsonb #>> '{body,id}')::uuid), 'COMPLETED', 'and is made when it is confirmed');
SELECT is(pg_temp.connects('pia', 'unearned_tokens'), 50::bigint, 'fifty are bought, for 7.50');
SELECT pg_temp.as_person('pia', format('SELECT skillancer_api.connects_purchase(40, %L)', :'ask')) AS given_up \gset
SELECT pg_temp.as_person('pia', format('SELECT skillancer_api.charge_cancel(%L)', :'given_up'::jsonb #>> '{body,charge,id}')) \g /dev/null
SELECT is((SELECT p.state FROM skillancer.connect_purchase p WHERE p.id = (:'given_up'::jsonb #>> '{body,id}')::uuid), 'FAILED', 'one that is given up is not');

-- using: given ones first, bought ones carry their average price
SELECT skillancer.connects_lapse(pg_temp.person('pia')) \g /dev/null
SELECT is(pg_temp.connects('pia', 'granted_tokens'), 0::bigint, 'her free ones have lapsed');
SELECT skillancer.connects_give(pg_temp.person('pia')::skillancer.user_id, 3, 'a test of two kinds') \g /dev/null
INSERT INTO skillancer.policy (key, value, valid_from) VALUES ('connectsMonthly', '0', skillancer.now());
SELECT pg_temp.propose('pia', 'huge') \g /dev/null
SELECT is(pg_temp.legs('connects_used', pg_temp.thing('pia/huge')),
	'granted_tokens 3 XCN, revenue_tokens -3 XCN, revenue_tokens -0.45 USD, token_issue -3 XCN, unearned_tokens 3 XCN, unearned_tokens 0.45 USD',
	'3 given and 3 bought, which are revenue at 0.15 each');

-- coming back
SELECT is(pg_temp.withdraw('pia', 'huge'), 'WITHDRAWN', 'withdrawn at once, unviewed');
SELECT is(pg_temp.legs('connects_returned', pg_temp.thing('pia/huge')),
	'granted_tokens -3 XCN, revenue_tokens 3 XCN, revenue_tokens 0.45 USD, token_issue 3 XCN, unearned_tokens -3 XCN, unearned_tokens -0.45 USD', 'everything comes back');
SELECT pg_temp.propose('pia', 'large'), pg_temp.later('25 hours') \g /dev/null
SELECT is(pg_temp.withdraw('pia', 'large'), 'WITHDRAWN', 'withdrawn later, unviewed');
SELECT is(pg_temp.legs('connects_returned', pg_temp.thing('pia/large')),
	'granted_tokens -1 XCN, revenue_tokens 1 XCN, revenue_tokens 0.15 USD, token_issue 1 XCN, unearned_tokens -1 XCN, unearned_tokens -0.15 USD', 'half comes back, bought ones first');
SELECT pg_temp.propose('pia', 'small') \g /dev/null
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.proposal_tag(%L, %L)', pg_temp.thing('pia/small'), 'viewed')) \g /dev/null
SELECT is(pg_temp.withdraw('pia', 'small'), 'WITHDRAWN', 'withdrawn after it was viewed');
SELECT is(pg_temp.legs('connects_returned', pg_temp.thing('pia/small')), NULL, 'nothing comes back');
SELECT pg_temp.propose('pia', 'euro') \g /dev/null
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.proposal_decline(%L)', pg_temp.thing('pia/euro'))) \g /dev/null
SELECT is(pg_temp.legs('connects_returned', pg_temp.thing('pia/euro')), NULL, 'nor from one that was declined');
SELECT pg_temp.job('stop', '300.00 USD'), pg_temp.propose('pia', 'stop') \g /dev/null
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.project_cancel(%L)', pg_temp.thing('stop'))) \g /dev/null
SELECT is((SELECT -sum(e.amount) FROM skillancer.ledger_txn t JOIN skillancer.ledger_entry e ON e.txn = t.id JOIN skillancer.ledger_account a ON a.id = e.account
	WHERE t.kind = 'connects_returned' AND t.ref = pg_temp.thing('pia/stop') AND a.owner IS NOT NULL AND e.currency = 'XCN'), 2::numeric, 'all from a project that is cancelled without a hire');
SELECT pg_temp.job('hire', '300.00 USD'), pg_temp.propose('pia', 'hire'), pg_temp.propose('otto', 'hire') \g /dev/null
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.proposal_accept(%L, 1)', pg_temp.thing('otto/hire'))) \g /dev/null
SELECT is((SELECT p.state FROM skillancer.proposal p WHERE p.id = pg_temp.thing('pia/hire')::skillancer.proposal_id), 'CLOSED', 'somebody else was hired');
SELECT is(pg_temp.legs('connects_returned', pg_temp.thing('pia/hire')), NULL, 'nothing comes back then');

-- too few
SELECT is(pg_temp.refusal('ria', format('SELECT skillancer_api.proposal_create(%L, %L, %L)', pg_temp.thing('tiny'), repeat('I have done this before. ', 4), '10.00 USD')),
	'SK204', 'without connects there is no proposal');
SELECT is((SELECT count(*) FROM skillancer.proposal p WHERE p.freelancer_id::uuid = pg_temp.person('ria')), 0::bigint, 'none was left behind');

-- staff, and what one sees
SELECT is(pg_temp.as_person('fin', format('SELECT skillancer_api.user_give_connects(%L, 5, %L)', pg_temp.person('ria'), 'welcome to us')) ->> 'status', '201', 'finance gives some');
SELECT is((SELECT a.after ->> 'connects' FROM skillancer.audit a WHERE a.action = 'connects.granted' AND a.object_id = pg_temp.person('ria')), '5', 'it is in the audit log');
SELECT is(pg_temp.as_person('sue', format('SELECT skillancer_api.user_give_connects(%L, 5, %L)', pg_temp.person('ria'), 'welcome to us')) ->> 'status', '403', 'support does not');
SELECT is((SELECT count(*) FROM skillancer.audit a WHERE a.action = 'connects.granted_denied' AND a.object_id = pg_temp.person('ria')), 1::bigint, 'which is in the log, too');
SELECT is(pg_temp.as_person('ria', 'SELECT skillancer_api.connects_get()') #>> '{body,balance}', '5', 'a user sees the balance');
SELECT is(jsonb_array_length(pg_temp.as_person('pia', 'SELECT skillancer_api.connects_get(p_limit => 3)') #> '{body,history}'), 3, 'and what moved');
SELECT is(pg_temp.as_person('pia', format('SELECT skillancer_api.connects_get(%L)', pg_temp.thing('huge'))) #>> '{body,cost}', '6', 'and what a proposal costs');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT is((SELECT count(*) FROM skillancer.ledger_violation), 0::bigint, 'no invariant is broken');
SELECT * FROM finish();
ROLLBACK;
