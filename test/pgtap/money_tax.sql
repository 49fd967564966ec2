-- money_tax.sql
--	Tax within fees (T16): by the country of who pays the fee, from a day on, in the transaction of the release; and
--	what an earning says about its release.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(20);

INSERT INTO skillancer.fee_schedule (version, kind, currency, above, bps) VALUES
	(900, 'SERVICE', '*', 0, 1000), (900, 'CLIENT', '*', 0, 500);
INSERT INTO skillancer.policy (key, value, valid_from) VALUES ('feeVersion', '900', skillancer.now() - interval '1 minute');
SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER') \g /dev/null

SELECT is(skillancer.tax_within('100 USD', 2000)::text, '16.67 USD', '20 % of 100, included: 16.67');
SELECT is(skillancer.tax_within('-100 USD', 2000)::text, '-16.67 USD', 'and the same back');
SELECT is(skillancer.tax_within('1 JPY', 1000)::text, '0 JPY', 'a tenth of a yen is none');
SELECT throws_ok($$ SELECT skillancer.tax_within('100 USD', -1) $$, '22003', NULL, 'no negative rate');

CREATE FUNCTION pg_temp.release(p_name text) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.book(p_name, 'clara', 'felix', '1000 USD');
	PERFORM pg_temp.fund('clara', p_name || '/1');
	PERFORM pg_temp.finish('felix', 'clara', p_name || '/1');
	RETURN (SELECT e.id FROM skillancer.earning e WHERE e.milestone_id::uuid = pg_temp.thing(p_name || '/1'));
END
$$;
-- the entries of all tax postings about an earning
CREATE FUNCTION pg_temp.taxes(p_earning uuid) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.entries('tax', p_earning) $$;

-- no rates, no tax
SELECT pg_temp.remember('one', pg_temp.release('one')) \g /dev/null
SELECT is(pg_temp.taxes(pg_temp.thing('one')), NULL, 'without a rate there is no tax');
SELECT is((SELECT e.client_fee::text || ' ' || e.fee FROM skillancer.earning e WHERE e.id = pg_temp.thing('one')), '50.00 USD 100.00 USD',
	'an earning knows both fees');
SELECT is((SELECT t.kind FROM skillancer.ledger_txn t JOIN skillancer.earning e ON e.posting = t.id WHERE e.id = pg_temp.thing('one')), 'release',
	'and the posting of its release');
SELECT is((SELECT e.available_at - e.created_at FROM skillancer.earning e WHERE e.id = pg_temp.thing('one')), interval '5 days', 'and when it is off hold');

-- rates in two countries; the newest row in force counts
INSERT INTO skillancer.tax_jurisdiction (code, name) VALUES ('DE', 'Germany'), ('FR', 'France');
INSERT INTO skillancer.tax_rate (jurisdiction, kind, name, bps, valid_from) VALUES
	('DE', 'SERVICE', 'VAT', 1000, '2001-01-01'), ('DE', 'SERVICE', 'VAT', 2000, skillancer.now() - interval '1 day'),
	('DE', 'SERVICE', 'VAT', 5000, skillancer.now() + interval '1 day'), ('FR', 'CLIENT', 'TVA', 1900, '2001-01-01');
UPDATE skillancer.profile SET country = 'DE' WHERE user_id::uuid IN (pg_temp.person('felix'), pg_temp.person('clara'));
SELECT pg_temp.remember('two', pg_temp.release('two')) \g /dev/null
SELECT is(pg_temp.taxes(pg_temp.thing('two')), 'revenue_service 16.67 USD, tax_payable -16.67 USD', 'T16: the tax within a fee of 100 is owed to the state');
SELECT is((SELECT count(*) FROM skillancer.fee_tax f WHERE f.earning_id = pg_temp.thing('two')), 1::bigint, 'only the service fee is taxed there');
SELECT is((SELECT x.posted_at = r.posted_at FROM skillancer.fee_tax f JOIN skillancer.ledger_txn x ON x.id = f.posting
	JOIN skillancer.earning e ON e.id = f.earning_id JOIN skillancer.ledger_txn r ON r.id = e.posting
	WHERE f.earning_id = pg_temp.thing('two')), true, 'in the transaction of the release');

-- the address on the invoice decides before the profile
INSERT INTO skillancer.billing_profile (user_id, name, address, country)
SELECT p.id, 'Clara SARL', '1, rue de la Paix', 'FR' FROM person p WHERE p.name = 'clara';
SELECT pg_temp.remember('three', pg_temp.release('three')) \g /dev/null
SELECT is((SELECT string_agg(f.kind || ' ' || f.fee || ' ' || f.tax, ', ' ORDER BY f.kind) FROM skillancer.fee_tax f WHERE f.earning_id = pg_temp.thing('three')),
	'CLIENT 50.00 USD 7.98 USD, SERVICE 100.00 USD 16.67 USD', 'each fee at the rate of who pays it');
SELECT is((SELECT string_agg(j.code || ' ' || b.balance, ', ' ORDER BY j.code) FROM skillancer.ledger_balance_now b
	JOIN skillancer.tax_jurisdiction j ON j.account = b.ref WHERE b.class = 'tax_payable' AND b.currency = 'USD'),
	'DE 3334, FR 798', 'each country has an account of its own');
SELECT is((SELECT b.mode FROM skillancer.ledger_account b JOIN skillancer.tax_jurisdiction j ON j.account = b.ref AND j.code = 'DE'), 'derived',
	'which no release waits for');
SELECT is((SELECT sum(e.amount) FROM skillancer.fee_tax f JOIN skillancer.ledger_entry e ON e.txn = f.posting AND e.amount < 0
	WHERE f.payer_id::uuid IN (pg_temp.person('felix'), pg_temp.person('clara')))::bigint,
	-(SELECT sum(skillancer.monetary_minor(f.tax)) FROM skillancer.fee_tax f)::bigint, 'the rows say what was posted');

-- who sees it
SELECT is(pg_temp.as_person('felix', 'SELECT count(*) FROM skillancer.fee_tax')::text, '2', 'the freelancer sees the tax within his fees');
SELECT is(pg_temp.as_person('clara', 'SELECT count(*) FROM skillancer.fee_tax')::text, '1', 'the client in hers');
SELECT is(pg_temp.as_person('felix', 'SELECT count(*) FROM skillancer.billing_profile')::text, '0', 'nobody sees another''s address');
-- a rate of 0 ends a tax
INSERT INTO skillancer.tax_rate (jurisdiction, kind, name, bps, valid_from) VALUES ('DE', 'SERVICE', 'VAT', 0, skillancer.now());
SELECT pg_temp.remember('four', pg_temp.release('four')) \g /dev/null
SELECT is(pg_temp.taxes(pg_temp.thing('four')), 'revenue_client 7.98 USD, tax_payable -7.98 USD', 'a rate of 0 ends a tax, there and of that kind');

SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT * FROM finish();
ROLLBACK;
