-- organisations.sql
--	Organisations as clients: members, roles and invitations, who sees and acts for their bookings, who pays, and limits.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(71);

SELECT pg_temp.add_person('olga', 'CLIENT'), pg_temp.add_person('adam', 'CLIENT'), pg_temp.add_person('mona', 'CLIENT'),
	pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('sam', 'CLIENT') \g /dev/null
UPDATE skillancer.profile p SET is_public = true WHERE p.user_id::uuid = pg_temp.person('felix');
SELECT pg_temp.remember('org', ((pg_temp.as_person('olga', 'SELECT skillancer_api.organisation_create(''Acme'')') #>> '{body,id}')::skillancer.organisation_id)::uuid) \g /dev/null
CREATE FUNCTION pg_temp.email(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT u.email FROM skillancer.user_account u WHERE u.id::uuid = pg_temp.person(p_name) $$;
CREATE FUNCTION pg_temp.invite(p_name text, p_role text, p_limit text DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.organisation_invite(%L, %L, %L, %L)', pg_temp.thing('org'), upper(pg_temp.email(p_name)), p_role, p_limit) $$;
CREATE FUNCTION pg_temp.invited(p_by text, p_name text, p_role text, p_limit text DEFAULT NULL) RETURNS uuid LANGUAGE sql AS
	$$ SELECT pg_temp.remember('ivt', ((pg_temp.as_person(p_by, pg_temp.invite(p_name, p_role, p_limit)) #>> '{body,id}')::skillancer.invitation_id)::uuid) $$;
CREATE FUNCTION pg_temp.answer(p_how text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.organisation_invitation_%s(%L)', p_how, pg_temp.thing('ivt')) $$;
CREATE FUNCTION pg_temp.change_member(p_name text, p_present text, p_role text, p_limit text DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.organisation_member_update(%L, %L, %L, %L, %L)', pg_temp.thing('org'), pg_temp.person(p_name), p_present, p_role, p_limit) $$;
CREATE FUNCTION pg_temp.remove(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.organisation_member_remove(%L, %L)', pg_temp.thing('org'), pg_temp.person(p_name)) $$;
CREATE FUNCTION pg_temp.get(p_what text, p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.%s_get(%L)', p_what, pg_temp.thing(p_name)) $$;

-- members and invitations
SELECT is(pg_temp.refusal('felix', 'SELECT skillancer_api.organisation_create(''Mine'')'), 'SK003', 'freelancers make none');
SELECT is(pg_temp.refusal('olga', 'SELECT skillancer_api.organisation_create('''')'), 'SK001', 'one has a name');
SELECT is(pg_temp.body(pg_temp.as_person('olga', pg_temp.get('organisation', 'org'))) #>> '{members,0,role}', 'OWNER', 'who makes one owns it');
SELECT is(pg_temp.refusal('sam', pg_temp.get('organisation', 'org')), 'SK002', 'nobody else knows of it');
SELECT is(pg_temp.refusal('sam', pg_temp.invite('sam', 'MEMBER')), 'SK002', 'nor invites himself');
SELECT is(pg_temp.refusal('olga', pg_temp.invite('adam', 'BOSS')), 'SK001', 'roles are known');
SELECT isnt(pg_temp.invited('olga', 'adam', 'ADMIN'), NULL, 'the owner invites an admin');
SELECT is(pg_temp.refusal('olga', pg_temp.invite('adam', 'MEMBER')), 'SK005', 'once');
SELECT is((SELECT count(*) FROM skillancer.event e WHERE e.type = 'organisation.invited' AND e.audience = ARRAY[pg_temp.person('adam')]), 1::bigint, 'who has the address is told');
SELECT is(pg_temp.refusal('sam', pg_temp.answer('accept')), 'SK002', 'others do not see it');
SELECT is(pg_temp.refusal('olga', pg_temp.answer('accept')), 'SK003', 'nobody accepts for another one');
SELECT is(pg_temp.as_person('adam', 'SELECT skillancer_api.organisation_invitations_mine()') #>> '{0,organisationName}', 'Acme', 'the invited sees it');
SELECT is(pg_temp.as_person('adam', pg_temp.answer('accept')) ->> 'state', 'ACCEPTED', 'and joins');
SELECT is(pg_temp.refusal('adam', pg_temp.answer('decline')), 'SK004', 'answered is answered');
SELECT is(pg_temp.refusal('adam', pg_temp.invite('mona', 'ADMIN')), 'SK003', 'an admin invites no admins');
SELECT pg_temp.invited('adam', 'mona', 'MEMBER', '150 USD'), pg_temp.as_person('adam', pg_temp.answer('withdraw')) \g /dev/null
SELECT is(pg_temp.refusal('mona', pg_temp.answer('accept')), 'SK004', 'withdrawn');
SELECT pg_temp.invited('adam', 'mona', 'MEMBER', '150 USD'), pg_temp.later('14 days 1 second'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.refusal('mona', pg_temp.answer('accept')), 'SK004', 'expired');
SELECT pg_temp.invited('adam', 'mona', 'MEMBER', '150 USD'), pg_temp.as_person('mona', pg_temp.answer('accept')) \g /dev/null
SELECT is(jsonb_array_length(pg_temp.body(pg_temp.as_person('mona', pg_temp.get('organisation', 'org'))) -> 'members'), 3, 'members see each other');
SELECT is(pg_temp.refusal('mona', pg_temp.change_member('mona', '{spendingLimit}', NULL)), 'SK003', 'a member does not raise the own limit');
SELECT is(pg_temp.refusal('adam', pg_temp.change_member('mona', '{role}', 'ADMIN')), 'SK003', 'nor does an admin make admins');
SELECT is(pg_temp.refusal('adam', pg_temp.change_member('olga', '{role}', 'MEMBER')), 'SK003', 'or touch an owner');
SELECT is(pg_temp.refusal('olga', pg_temp.change_member('olga', '{role}', 'MEMBER')), 'SK004', 'the last owner stays one');
SELECT is(pg_temp.refusal('olga', pg_temp.remove('olga')), 'SK004', 'and stays');

-- a booking of the organisation
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.booking_offer(%L, ''Paint it'', ''Walls and ceiling'', ''100 USD'', p_organisation_id => %L)', pg_temp.person('felix'), pg_temp.thing('org'))), 'SK001', 'nobody books for an organisation of others');
SELECT pg_temp.remember('job', ((pg_temp.as_person('mona', format('SELECT skillancer_api.booking_offer(%L, ''Paint it'', ''Walls and ceiling'', ''300 USD'', p_milestones => %L, p_organisation_id => %L)', pg_temp.person('felix'),
	'[{"title": "One", "amount": {"amount": "100.00", "currency": "USD"}}, {"title": "Two", "amount": {"amount": "100.00", "currency": "USD"}}, {"title": "Three", "amount": {"amount": "100.00", "currency": "USD"}}]', pg_temp.thing('org'))) #>> '{body,id}')::skillancer.booking_id)::uuid) \g /dev/null
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.booking_accept(b.id, encode(b.terms_hash, ''hex'')) FROM skillancer.booking b WHERE b.id::uuid = %L', pg_temp.thing('job'))) \g /dev/null
SELECT pg_temp.remember('job/' || m.seq, m.id::uuid) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('job') \g /dev/null
SELECT is((SELECT count(*) FROM skillancer.milestone m WHERE m.organisation_id::uuid = pg_temp.thing('org')), 3::bigint, 'its milestones belong to it');
SELECT is(pg_temp.body(pg_temp.as_person('olga', pg_temp.get('booking', 'job'))) ->> 'organisationId', (pg_temp.thing('org')::skillancer.organisation_id)::text, 'the owner sees it');
SELECT is(pg_temp.body(pg_temp.as_person('felix', pg_temp.get('booking', 'job'))) ->> 'title', 'Paint it', 'so does the freelancer');
SELECT is(pg_temp.refusal('sam', pg_temp.get('booking', 'job')), 'SK002', 'strangers do not');
SELECT is(jsonb_array_length(pg_temp.as_person('adam', format('SELECT skillancer_api.booking_list(p_organisation_id => %L)', pg_temp.thing('org'))) -> 'body'), 1, 'it is in the list of the organisation');
SELECT is(jsonb_array_length(pg_temp.as_person('sam', format('SELECT skillancer_api.booking_list(p_organisation_id => %L)', pg_temp.thing('org'))) -> 'body'), 0, 'which is empty for others');

-- who pays, and how much
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.milestone_fund(%L)', pg_temp.thing('job/1'))), 'SK002', 'strangers pay nothing');
SELECT is(pg_temp.fund('mona', 'job/1') #>> '{body,milestone,state}', 'FUNDED', 'who booked pays');
SELECT is(pg_temp.refusal('mona', format('SELECT skillancer_api.milestone_fund(%L, %L)', pg_temp.thing('job/2'), pg_temp.method('mona', 'PAYMENT', 'tok_success'))), 'SK010', 'within the limit of the month');
SELECT is(pg_temp.fund('adam', 'job/2') #>> '{body,milestone,state}', 'FUNDED', 'an admin pays for it, too');
SELECT is(pg_temp.entries('fund', pg_temp.thing('job/2')), 'client_wallet 103.00 USD, deferred_fee -3.00 USD, escrow -100.00 USD', 'as usual');
SELECT is((SELECT a.owner FROM skillancer.ledger_txn t JOIN skillancer.ledger_entry e ON e.txn = t.id JOIN skillancer.ledger_account a ON a.id = e.account
	WHERE t.kind = 'fund' AND t.ref = pg_temp.thing('job/2') AND a.class = 'client_wallet'), pg_temp.person('adam'), 'from his own wallet');
SELECT pg_temp.as_person('olga', pg_temp.change_member('mona', '{spendingLimit}', NULL, '200 EUR')) \g /dev/null
SELECT is(pg_temp.refusal('mona', format('SELECT skillancer_api.milestone_fund(%L, %L)', pg_temp.thing('job/3'), pg_temp.method('mona', 'PAYMENT', 'tok_success'))), 'SK010', 'a limit in other money is none of this');
SELECT pg_temp.as_person('olga', pg_temp.change_member('mona', '{spendingLimit}', NULL, '200 USD')) \g /dev/null
SELECT is(pg_temp.fund('mona', 'job/3') #>> '{body,milestone,state}', 'FUNDED', 'a higher limit is reached to the cent');
SAVEPOINT rolled;
SELECT pg_temp.as_person('adam', format('SELECT skillancer_api.milestone_release_part(%L, %L, %L)', pg_temp.thing('job/2'), '40 USD', 'ROLL')) \g /dev/null
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_refund(%L)', (SELECT m.id FROM skillancer.milestone m WHERE m.rolled_from::uuid = pg_temp.thing('job/2')))), 'none', 'the rest of a part is rolled on and given back');
SELECT is(pg_temp.balance('client_wallet', pg_temp.person('adam')), 61.80, 'to who has paid for it');
ROLLBACK TO rolled;
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('job/2'))) ->> 'state', 'REFUNDED', 'given back');
SELECT is(pg_temp.balance('client_wallet', pg_temp.person('adam')), 103.00, 'to who paid');

-- who acts
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_submit(%L, ''done'')', pg_temp.thing('job/1'))) \g /dev/null
SELECT pg_temp.invited('olga', 'sam', 'MEMBER'), pg_temp.as_person('sam', pg_temp.answer('accept')) \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('sam', pg_temp.get('booking', 'job'))) ->> 'title', 'Paint it', 'a new member sees it');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('job/1'))), 'SK003', 'and does not approve what others booked');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.milestone_fund(%L)', pg_temp.thing('job/1'))), 'SK003', 'nor pays');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.booking_end(%L)', pg_temp.thing('job'))), 'SK003', 'nor ends it');
SELECT is(pg_temp.as_person('olga', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('job/1'))) ->> 'state', 'RELEASED', 'the owner approves');
SELECT is((SELECT g.client_id::uuid FROM skillancer.earning g WHERE g.milestone_id::uuid = pg_temp.thing('job/1')), pg_temp.person('mona'), 'the pair is still who booked and the freelancer');
SELECT pg_temp.remember('change', ((pg_temp.as_person('adam', format('SELECT skillancer_api.change_request_create(%L, ''PAUSE'', ''A holiday'')', pg_temp.thing('job'))) #>> '{body,id}')::skillancer.change_request_id)::uuid) \g /dev/null
SELECT is(pg_temp.refusal('olga', format('SELECT skillancer_api.change_request_accept(%L)', pg_temp.thing('change'))), 'SK003', 'members of one side do not answer each other');
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer_api.change_request_accept(%L)', pg_temp.thing('change'))) ->> 'state', 'ACCEPTED', 'the freelancer does');
SELECT is(pg_temp.body(pg_temp.as_person('mona', format('SELECT skillancer_api.booking_resume(%L)', pg_temp.thing('job')))) ->> 'state', 'ACTIVE', 'who booked goes on');
SELECT pg_temp.remember('more', ((pg_temp.as_person('adam', format('SELECT skillancer_api.milestone_propose(%L, ''More'', ''10 USD'')', pg_temp.thing('job'))) #>> '{body,id}')::skillancer.milestone_id)::uuid) \g /dev/null
SELECT is(pg_temp.refusal('olga', format('SELECT skillancer_api.milestone_agree(%L)', pg_temp.thing('more'))), 'SK003', 'nor agree with each other');
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_agree(%L)', pg_temp.thing('more'))) ->> 'state', 'AGREED', 'to what one of them proposed');
SELECT ok(pg_temp.as_person('adam', format('SELECT skillancer_api.booking_timeline(%L, p_limit => 100)', pg_temp.thing('job')))::text LIKE '%milestone.released%', 'members read the timeline');

-- weeks are paid by the owner of the payment method, as long as he is a member
SELECT pg_temp.remember('hours', ((pg_temp.as_person('mona', format('SELECT skillancer_api.booking_offer(%L, ''Answer mails'', ''Every day, all of them'', p_hourly_rate => ''10 USD'', p_organisation_id => %L)', pg_temp.person('felix'), pg_temp.thing('org'))) #>> '{body,id}')::skillancer.booking_id)::uuid) \g /dev/null
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.booking_accept(b.id, encode(b.terms_hash, ''hex'')) FROM skillancer.booking b WHERE b.id::uuid = %L', pg_temp.thing('hours'))) \g /dev/null
SELECT is(pg_temp.body(pg_temp.as_person('adam', format('SELECT skillancer_api.booking_pay_by(%L, %L)', pg_temp.thing('hours'), pg_temp.method('adam', 'PAYMENT', 'tok_success')))) ->> 'state', 'ACTIVE', 'an admin names what pays for hours');
CREATE FUNCTION pg_temp.work() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.as_person('felix', format('SELECT skillancer_api.time_entry_create(%L, %L, 60, ''Mails'')', pg_temp.thing('hours'), (skillancer.now() AT TIME ZONE 'UTC')::date));
	PERFORM pg_temp.later('7 days 13 hours'), pg_temp.due();
END
$$;
SELECT pg_temp.work() \g /dev/null
SELECT is((SELECT m.payer_id::uuid FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('hours') AND m.state = 'SUBMITTED'), pg_temp.person('adam'), 'and pays');

-- who leaves sees nothing any more
SELECT is(pg_temp.refusal('mona', pg_temp.remove('adam')), 'SK003', 'a member removes nobody');
SELECT is(pg_temp.refusal('mona', pg_temp.remove('mona')), 'none', 'but may leave');
SELECT is(pg_temp.refusal('mona', pg_temp.get('booking', 'job')), 'SK002', 'what she has booked is out of sight');
SELECT is(pg_temp.refusal('mona', format('SELECT skillancer_api.milestone_decline(%L)', pg_temp.thing('more'))), 'SK002', 'and out of reach');
SELECT is(pg_temp.refusal('mona', format('SELECT skillancer_api.booking_timeline(%L)', pg_temp.thing('job'))), 'SK002', 'with its history');
SELECT is(jsonb_array_length(pg_temp.as_person('mona', 'SELECT skillancer_api.booking_list()') -> 'body'), 0, 'and from the list');
SELECT is(pg_temp.as_person('adam', format('SELECT skillancer_api.milestone_decline(%L)', pg_temp.thing('more'))) ->> 'state', 'CANCELLED', 'the others go on');
SELECT is(pg_temp.refusal('adam', pg_temp.remove('sam')), 'none', 'an admin removes a member');
SELECT pg_temp.as_person('adam', pg_temp.remove('adam')), pg_temp.work() \g /dev/null
SELECT is((SELECT string_agg(m.state, ' ' ORDER BY m.seq) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing('hours')), 'RELEASED AGREED', 'nobody who left pays for another week');
SELECT is(pg_temp.refusal('sam', pg_temp.get('organisation', 'org')), 'SK002', 'who knows it no more');
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('job/3'))), 'none', 'what she paid');
SELECT is(pg_temp.balance('client_wallet', pg_temp.person('mona')), 103.00, 'still comes back to her');
SELECT is((SELECT count(*) FROM skillancer.event e JOIN skillancer.event_type t ON t.name = e.type
	WHERE e.type LIKE 'organisation.%' AND NOT e.data ?& ARRAY(SELECT jsonb_array_elements_text(t.schema -> 'required'))), 0::bigint, 'events are as their schemas say');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT is_empty($$ SELECT * FROM skillancer.ledger_violation $$, 'and break no invariant');
SELECT * FROM finish();
ROLLBACK;
