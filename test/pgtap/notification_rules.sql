/*
 * notification_rules.sql
 *		From events to notifications: recipients, exactly once, mails, parked events.
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

CREATE FUNCTION pg_temp.person(p_name text, VARIADIC p_roles text[]) RETURNS skillancer.user_id LANGUAGE plpgsql AS $$
DECLARE v_user skillancer.user_id;
BEGIN
	v_user := skillancer.create_account(p_name || '@rules.test', p_name, skillancer.password_hash('Str0ngHorse9'), p_roles);
	PERFORM skillancer.email_verified(v_user);
	RETURN v_user;
END $$;
-- an event about two people; returns its seq
CREATE FUNCTION pg_temp.event(p_type text, p_data jsonb, p_client skillancer.user_id, p_freelancer skillancer.user_id)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_id uuid;
BEGIN
	v_id := skillancer.emit(p_type, 'proposal', skillancer.new_id(), p_data || jsonb_build_object(
		'clientId', p_client::text, 'freelancerId', p_freelancer::text), ARRAY[p_client::uuid, p_freelancer::uuid]);
	RETURN (SELECT e.seq FROM skillancer.event e WHERE e.id = v_id::skillancer.event_id);
END $$;
CREATE FUNCTION pg_temp.told(p_user skillancer.user_id, p_type text) RETURNS bigint LANGUAGE sql AS
	$$ SELECT count(*) FROM skillancer.notification n WHERE n.user_id = p_user AND n.type = p_type $$;
SELECT pg_temp.person('cleo', 'CLIENT') AS cleo, pg_temp.person('fred', 'FREELANCER') AS fred \gset
DELETE FROM skillancer.notification_rule;
INSERT INTO skillancer.notification_rule (key, event_type, recipients, type, category, group_key) VALUES
	('1', 'proposal.submitted', 'client', 't.client', 'PROJECTS', 'g/{{x}}'),
	('2', 'proposal.submitted', 'freelancer', 't.freelancer', 'PROJECTS', NULL),
	('3', 'proposal.submitted', 'owner', 't.owner', 'PROJECTS', NULL),
	('4', 'proposal.submitted', 'audience', 't.audience', 'PROJECTS', NULL),
	('5', 'proposal.submitted', 'others', 't.others', 'PROJECTS', NULL),
	('6', 'proposal.submitted', 'actor', 't.actor', 'PROJECTS', NULL),
	('7', 'proposal.submitted', 'subject', 't.subject', 'PROJECTS', NULL),
	('8', 'proposal.submitted', 'client', 't.textless', 'PROJECTS', NULL),
	('9', 'proposal.declined', 'client', 't.bad', 'PROJECTS', NULL),
	('10', 'proposal.closed', 'client', 't.client', 'PROJECTS', NULL);
UPDATE skillancer.notification_rule SET is_active = false WHERE key = '10';
INSERT INTO skillancer.template (type, channel, title, body)
SELECT t, 'IN_APP', 'For {{user.name}}', 'x = {{x}}, by {{#actor}}{{name}}{{/actor}}{{^actor}}nobody{{/actor}}'
FROM unnest('{t.client,t.freelancer,t.owner,t.audience,t.others,t.actor,t.subject}'::text[]) t;
INSERT INTO skillancer.template (type, channel, title, body) VALUES
	('t.client', 'EMAIL', 'Mail for {{user.name}}', '{{freelancer.name}}'), ('t.bad', 'IN_APP', 'Bad', '{{#open}}');

-- recipients
SELECT skillancer.impersonate(:'fred');
SELECT pg_temp.event('proposal.submitted', '{"x": 7}', :'cleo', :'fred') AS seq \gset
SELECT is(skillancer.notify(ARRAY[:seq]), 6::bigint, 'six notifications are made');
SELECT is(pg_temp.told(:'cleo', 't.client'), 1::bigint, 'client');
SELECT is(pg_temp.told(:'fred', 't.freelancer'), 1::bigint, 'freelancer');
SELECT is(pg_temp.told(:'cleo', 't.audience') + pg_temp.told(:'fred', 't.audience'), 2::bigint, 'audience is both');
SELECT is(pg_temp.told(:'cleo', 't.others'), 1::bigint, 'others hear');
SELECT is(pg_temp.told(:'fred', 't.others'), 0::bigint, 'not who did it');
SELECT is(pg_temp.told(:'fred', 't.actor'), 1::bigint, 'actor is who did it');
SELECT is((SELECT count(*) FROM skillancer.notification WHERE type IN ('t.owner', 't.subject', 't.textless')), 0::bigint,
	'nobody is nobody, and without a text there is no notification');
SELECT results_eq(format('SELECT title, body, group_key, category, priority, data ->> ''x'' FROM skillancer.notification
	WHERE user_id = %L AND type = ''t.client''', :'cleo'), $$ VALUES ('For cleo', 'x = 7, by fred', 'g/7', 'PROJECTS', 'NORMAL', '7') $$,
	'what the client reads');
SELECT results_eq(format('SELECT address, state, data ->> ''x'' FROM skillancer.mail WHERE user_id = %L AND type = ''t.client''', :'cleo'),
	$$ VALUES ('cleo@rules.test', 'QUEUED', '7') $$, 'and a mail is queued');

-- exactly once
SELECT is(skillancer.notify(ARRAY[:seq]), 0::bigint, 'the same event again makes nothing');
SELECT is((SELECT count(*) FROM skillancer.mail WHERE type = 't.client'), 1::bigint, 'and no mail');
SELECT pg_temp.event('proposal.closed', '{}', :'cleo', :'fred') AS off \gset
SELECT is(skillancer.notify(ARRAY[:off]), 0::bigint, 'a rule that is off makes nothing');
SELECT skillancer.fire_system('user', :'fred'::skillancer.user_id::uuid, 'close');
SELECT pg_temp.event('proposal.submitted', '{}', :'cleo', :'fred') AS after \gset
SELECT is(skillancer.notify(ARRAY[:after]), 3::bigint, 'a closed account hears nothing');

-- a template that cannot be rendered
SELECT pg_temp.event('proposal.declined', '{}', :'cleo', :'fred') AS bad \gset
SELECT throws_ok(format('SELECT skillancer.notify(ARRAY[%s])', :bad), '22P02', NULL, 'a bad template is an error of its event');
SELECT is(skillancer.notify_singly(ARRAY[:bad, :seq]), 0::bigint, 'which is parked, and the others go on');
SELECT matches((SELECT last_error FROM skillancer.parked WHERE kind = 'event' AND item = :'bad'), 't.bad', 'parked with the reason');
UPDATE skillancer.template SET body = 'good' WHERE type = 't.bad';
SELECT is(skillancer.redrive('event', :'bad'), 1::bigint, 'once it is repaired, redrive works on it');
SELECT is(pg_temp.told(:'cleo', 't.bad'), 1::bigint, 'and the notification is there');
SELECT is((SELECT count(*) FROM skillancer.parked WHERE kind = 'event'), 0::bigint, 'nothing is parked any more');
SELECT throws_ok($$ SELECT skillancer.redrive('nonsense') $$, '22023', NULL, 'there are three kinds of parked rows');

SELECT * FROM finish();
ROLLBACK;
