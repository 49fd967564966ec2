-- project_life.sql
--	Projects and proposals from draft to end: what each person may do and see, limits, cascades, timers, events.
\ir ../lib/own_database.sql
SELECT no_plan();
SELECT count(person(name, VARIADIC roles)) > 0 AS made
FROM (VALUES ('carla', '{CLIENT}'::text[]), ('dora', '{CLIENT}'), ('both', '{CLIENT,FREELANCER}'), ('fred', '{FREELANCER}'),
	('flo', '{FREELANCER}'), ('mo', '{MODERATOR}'), ('sue', '{SUPPORT}')) AS t (name, roles) \gset

-- short forms: a call of the API as somebody, and as what a member of its answer is
CREATE FUNCTION api(p_name text, p_call text, VARIADIC p_args text[] DEFAULT '{}') RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	RETURN as_caller(p_name, 'SELECT to_json(r) FROM skillancer_api.' || format(p_call, VARIADIC p_args) || ' r');
END $$;
CREATE FUNCTION draft(p_name text, p_more text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN api(p_name, 'project_create(''A web site for a bakery'', ''It shows what is baked today and where.'', ''FIXED'', ''500 USD''' || p_more || ')') #>> '{body,id}';
END $$;
CREATE FUNCTION open_project(p_name text, p_more text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_id text := draft(p_name, p_more);
BEGIN
	PERFORM api(p_name, 'project_publish(%L)', v_id);
	RETURN v_id;
END $$;
CREATE FUNCTION bid(p_name text, p_project text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	RETURN api(p_name, 'proposal_create(%L, repeat(''I have done this before. '', 4), ''450 USD'', 10)', p_project);
END $$;

-- drafts
SELECT draft('carla', ', p_skills => ''{js,React}'', p_category => ''web-development'', p_budget_max => ''900 USD''') AS p1 \gset
SELECT is(api('carla', 'project_get(%L)', :'p1') #>> '{body,state}', 'DRAFT', 'a client writes a draft');
SELECT is(api('carla', 'project_get(%L)', :'p1') #>> '{body,skills,1,slug}', 'react', 'skills are found by any spelling');
SELECT is(api(x, 'project_get(%L)', :'p1') ->> 'error', 'SK002', coalesce(x, 'nobody') || ' does not know of the draft of another')
FROM unnest('{dora,fred,NULL}'::text[]) x;
SELECT is(api(x, 'project_get(%L)', :'p1') ->> 'status', '200', x || ' sees it as staff') FROM unnest('{mo,sue}'::text[]) x;
SELECT is(api('fred', 'project_create(''A web site'', ''It shows what is baked today.'', ''FIXED'', ''500 USD'')') ->> 'error', 'SK003',
	'a freelancer creates no project');
SELECT is(api(NULL, 'project_create(''A web site'', ''It shows what is baked today.'', ''FIXED'', ''500 USD'')') ->> 'error', 'SK101', 'nor does nobody');
SELECT is(jsonb_path_query_array(api('carla', 'project_create('''', NULL, ''DAILY'', ''0.50 USD'', ''2 EUR'', ''no-such'', ''{js,no-such}'', ''GURU'', ''LONG'', ''SECRET'', 0, ARRAY[NULL], ''2001-01-01'')'),
	'$.details[*].field'),
	'["title", "description", "budgetKind", "budgetMin", "budgetMax", "experience", "duration", "visibility", "openings", "questions[0]", "deadline", "category", "skills[1]"]',
	'every bad field is named, all at once');
SELECT is(api('carla', 'project_update(%L, ''{title,budgetMax}'', ''A better web site'', p_budget_max => ''1000 USD'', p_header_if_match => ''"v1"'')', :'p1') ->> 'etag', 'v2',
	'the client edits it');
SELECT is(api('carla', 'project_update(%L, ''{title}'', ''Another title'', p_header_if_match => ''"v1"'')', :'p1') ->> 'error', 'SK006', 'an edit of an old version is refused');
SELECT is(api('carla', 'project_update(%L, ''{title,budgetMin}'')', :'p1') #> '{details}', '[{"field": "title", "message": "is required"}, {"field": "budgetMin", "message": "is required"}]',
	'what is required cannot be taken away');
SELECT is(api('dora', 'project_update(%L, ''{title}'', ''Another title'')', :'p1') ->> 'error', 'SK002', 'nobody else edits it');
SELECT is(api('carla', 'project_get(%L, ''"v2"'')', :'p1') ->> 'status', '304', 'an entity tag that is current');
SELECT is(api('carla', 'project_pause(%L)', :'p1') #> '{details}', '{"state": "DRAFT", "allowed": ["hold", "publish"]}', 'a draft cannot be paused, and the answer says what it can');

-- publishing
SELECT is(api('dora', 'project_publish(%L)', :'p1') ->> 'error', 'SK002', 'nobody else publishes it');
SELECT is(api('carla', 'project_publish(%L)', :'p1') #>> '{body,state}', 'OPEN', 'its client publishes it');
SELECT is(api(NULL, 'project_get(%L)', :'p1') #>> '{body,title}', 'A better web site', 'now everybody sees it');
SELECT is(api(NULL, 'project_list()') #>> '{body,0,id}', :'p1', 'and finds it in the list');
SELECT is(due_at::date, (now() + interval '30 days')::date, 'it expires after 30 days') FROM skillancer.due WHERE id = :'p1'::skillancer.project_id::uuid;
SELECT is(api('dora', 'project_pause(%L)', :'p1') ->> 'error', 'SK003', 'who sees it and does not own it is told so');
SELECT is(api('carla', 'project_pause(%L)', :'p1') #>> '{body,state}', 'PAUSED', 'paused');
SELECT is(api(NULL, 'project_list()') #> '{body}', '[]', 'a paused project is in no list');
SELECT is(api('carla', 'project_resume(%L)', :'p1') #>> '{body,state}', 'OPEN', 'resumed');

-- filters
SELECT is(jsonb_array_length(api(NULL, 'project_list(' || f || ')') -> 'body'), n, 'list by ' || f)
FROM (VALUES ('p_q => ''baked''', 1), ('p_q => ''baking sites''', 1), ('p_q => ''plumber''', 0), ('p_q => ''the''', 1), ('p_skill => ''reactjs''', 1),
	('p_skill => ''js,react''', 1), ('p_skill => ''js,php''', 0), ('p_category => ''development-it''', 1), ('p_category => ''marketing''', 0),
	('p_kind => ''FIXED''', 1), ('p_kind => ''HOURLY''', 0), ('p_budget_min => 1000', 1), ('p_budget_min => 1000.01', 0), ('p_budget_max => 500', 1),
	('p_budget_max => 499.99', 0), ('p_currency => ''USD''', 1), ('p_currency => ''EUR''', 0), ('p_mine => NULL', 1)) AS t (f, n);
SELECT is(jsonb_path_query_array(api(NULL, 'project_list(p_q => '''', p_kind => ''X'', p_budget_min => -1, p_category => ''no'', p_skill => ''no'', p_limit => 101)'), '$.details[*].field'),
	'["limit", "q", "kind", "budgetMin", "skill[0]", "category"]', 'every bad filter is named');
SELECT is(api(NULL, 'project_list(p_mine => true)') ->> 'error', 'SK101', 'nobody has no list of his own');
SELECT is(jsonb_array_length(api('carla', 'project_list(p_mine => true)') -> 'body'), 1, 'the client''s own list');
SELECT is(api('dora', 'project_list(p_mine => true)') -> 'body', '[]', 'is not that of another');

-- proposals
SELECT is(jsonb_path_query_array(api('fred', 'proposal_create(%L, ''short'', ''450 EUR'', 0, ''[{}]'', ''{a}'')', :'p1'), '$.details[*].field'),
	'["coverLetter", "bid", "deliveryDays", "milestones[0].title", "milestones[0].amount", "answers"]', 'every bad field of a proposal is named');
SELECT bid('fred', :'p1') #>> '{body,id}' AS b1 \gset
SELECT is(api('fred', 'proposal_get(%L)', :'b1') #>> '{body,state}', 'SUBMITTED', 'a freelancer proposes');
SELECT is(bid('fred', :'p1') ->> 'error', 'SK201', 'once a project');
SELECT is(bid('carla', :'p1') ->> 'error', 'SK003', 'a client does not propose');
SELECT is(bid('both', open_project('both')) ->> 'error', 'SK202', 'nor does anybody on a project of his own');
SELECT is(bid('fred', draft('dora')) ->> 'error', 'SK002', 'a hidden project does not exist');
SELECT is(bid('fred', skillancer.new_id()::skillancer.project_id::text) ->> 'error', 'SK002', 'with the same answer as one that does not');
SELECT is(bid('fred', draft('dora')) - 'x', bid('fred', skillancer.new_id()::skillancer.project_id::text) - 'x', 'to the letter');
SELECT is(bid(NULL, :'p1') ->> 'error', 'SK101', 'who proposes has to sign in');
SELECT is(api(x, 'proposal_get(%L)', :'b1') ->> 'error', e, coalesce(x, 'nobody') || ' does not see it')
FROM (VALUES ('flo', 'SK002'), ('dora', 'SK002'), ('both', 'SK002'), (NULL, 'SK101')) AS t (x, e);
SELECT is(api(x, 'proposal_get(%L)', :'b1') ->> 'status', '200', x || ' sees it') FROM unnest('{fred,carla,mo,sue}'::text[]) x;
SELECT is(api('carla', 'project_proposals(%L)', :'p1') #>> '{body,0,id}', :'b1', 'the client lists the proposals');
SELECT is(api('dora', 'project_proposals(%L)', :'p1') ->> 'error', 'SK003', 'others do not');
SELECT is(api('fred', 'project_proposals(%L)', :'p1') ->> 'error', 'SK003', 'not even who proposed');
SELECT is(api('fred', 'proposal_list()') #>> '{body,0,id}', :'b1', 'the freelancer lists the own ones');
SELECT is(api('flo', 'proposal_list()') -> 'body', '[]', 'and nobody else''s');

-- editing, countering, tags
SELECT is(api('fred', 'proposal_update(%L, ''{bid}'', p_bid => ''400 USD'', p_header_if_match => ''"v1"'')', :'b1') #>> '{body,revision}', '2', 'an edit makes a revision');
SELECT is(api('fred', 'proposal_update(%L, ''{bid}'', p_bid => ''300 USD'', p_header_if_match => ''"v1"'')', :'b1') ->> 'error', 'SK006', 'an edit of an old version is refused');
SELECT is(api('carla', 'proposal_update(%L, ''{bid}'', p_bid => ''1 USD'')', :'b1') ->> 'error', 'SK003', 'the client does not edit it');
SELECT is(api('flo', 'proposal_update(%L, ''{bid}'', p_bid => ''1 USD'')', :'b1') ->> 'error', 'SK002', 'nor does a stranger');
SELECT is(jsonb_path_query_array(api('carla', 'proposal_revisions(%L)', :'b1'), '$[*].bid.amount'), '["400.00", "450.00"]', 'every wording is kept');
SELECT is(api('flo', 'proposal_revisions(%L)', :'b1') ->> 'error', 'SK002', 'for the parties only');
SELECT is(api('carla', 'proposal_counter(%L, ''350 USD'', p_message => ''Is this possible?'')', :'b1') #>> '{body,counter,bid,amount}', '350.00', 'the client makes a counter-offer');
SELECT is(api('fred', 'proposal_counter(%L, ''350 USD'')', :'b1') ->> 'error', 'SK003', 'the freelancer does not');
SELECT is(api('fred', 'proposal_update(%L, ''{bid}'', p_bid => ''350 USD'')', :'b1') #>> '{body,state}', 'SUBMITTED', 'an edit answers it');
SELECT isnt(api('carla', 'proposal_shortlist(%L)', :'b1') #>> '{body,shortlistedAt}', NULL, 'the client puts it on the short list');
SELECT is(jsonb_array_length(api('carla', 'project_proposals(%L, p_shortlisted => true)', :'p1') -> 'body'), 1, 'and filters by it');
SELECT is(api('carla', 'proposal_shortlist(%L, false)', :'b1') #>> '{body,shortlistedAt}', NULL, 'and takes it off');
SELECT is(api('fred', 'proposal_shortlist(%L)', :'b1') ->> 'error', 'SK003', 'the freelancer does not');
SELECT is(api('dora', 'proposal_shortlist(%L)', :'b1') ->> 'error', 'SK002', 'nor does another client');
SELECT isnt(api('carla', 'proposal_tag(%L, ''archived'')', :'b1') #>> '{body,archivedAt}', NULL, 'the client archives it');
SELECT is(api('fred', 'proposal_get(%L)', :'b1') #>> '{body,archivedAt}', NULL, 'which the freelancer does not see');
SELECT isnt(api('carla', 'proposal_get(%L)', :'b1') ->> 'etag', api('fred', 'proposal_get(%L)', :'b1') ->> 'etag', 'so the entity tags differ');
SELECT is(api('carla', 'proposal_tag(%L, ''adored'')', :'b1') #>> '{details,0,field}', 'tag', 'unknown tags are refused');

-- ends
SELECT bid('flo', :'p1') #>> '{body,id}' AS b2 \gset
SELECT is(api('carla', 'proposal_withdraw(%L)', :'b2') ->> 'error', 'SK003', 'a client does not withdraw');
SELECT is(api('flo', 'proposal_withdraw(%L, ''No time'')', :'b2') #>> '{body,reason}', 'No time', 'a freelancer withdraws');
SELECT is(api('flo', 'proposal_withdraw(%L)', :'b2') #> '{details}', '{"state": "WITHDRAWN", "allowed": []}', 'once');
SELECT bid('flo', :'p1') #>> '{body,id}' AS b3 \gset
SELECT isnt(:'b3'::text, :'b2', 'and may propose again');
SELECT is(api('flo', 'proposal_decline(%L)', :'b3') ->> 'error', 'SK003', 'a freelancer does not decline');
SELECT is(api('carla', 'proposal_decline(%L)', :'b3') #>> '{body,state}', 'DECLINED', 'a client declines');
SELECT is(api('carla', 'project_close(%L)', :'p1') #>> '{details,state}', 'OPEN', 'a project without a hire is not closed');
SELECT is(api('carla', 'project_cancel(%L, ''Changed plans'')', :'p1') #>> '{body,state}', 'CANCELLED', 'but cancelled');
SELECT is(api('fred', 'proposal_get(%L)', :'b1') #>> '{body,state}', 'CLOSED', 'its live proposals are closed with it');
SELECT is(api('fred', 'project_get(%L)', :'p1') #>> '{body,state}', 'CANCELLED', 'who proposed still sees it');
SELECT is(api('both', 'project_get(%L)', :'p1') ->> 'error', 'SK002', 'others do not');
SELECT is(api('carla', 'project_update(%L, ''{title}'', ''Too late now'')', :'p1') ->> 'error', 'SK004', 'and it is not edited any more');
SELECT is((SELECT count(*) FROM skillancer.due WHERE machine IN ('project', 'proposal') AND id IN (:'p1'::skillancer.project_id::uuid, :'b1'::skillancer.proposal_id::uuid)), 0::bigint,
	'no timer is left');

-- expiry by the marketplace, with its cascade
SELECT open_project('carla') AS p2 \gset
SELECT bid('fred', :'p2') #>> '{body,id}' AS b4 \gset
SELECT skillancer.fire_system('project', :'p2'::skillancer.project_id::uuid, 'expire') AS state \gset
SELECT is(state, 'EXPIRED', 'a project expires') FROM skillancer.project WHERE id = :'p2';
SELECT is(state, 'CLOSED', 'and closes its proposals') FROM skillancer.proposal WHERE id = :'b4';

-- hired and closed
SELECT open_project('carla', ', p_openings => 2') AS p3 \gset
SELECT bid('fred', :'p3') #>> '{body,id}' AS b5 \gset
SELECT bid('flo', :'p3') #>> '{body,id}' AS b6 \gset
BEGIN;
SELECT skillancer.impersonate(id) IS NULL AS done FROM people WHERE name = 'carla' \gset
SELECT skillancer.fire('proposal', :'b5'::skillancer.proposal_id::uuid, 'accept') AS state \gset
COMMIT;
SELECT is(api('carla', 'project_update(%L, ''{openings}'', p_openings => 1)', :'p3') #>> '{details,0,field}', 'openings', 'openings cannot fall to what is hired');
SELECT is(api('carla', 'project_close(%L)', :'p3') #>> '{body,state}', 'CLOSED', 'a project with a hire is closed before all openings are taken');
SELECT is(state, 'CLOSED', 'the others are told') FROM skillancer.proposal WHERE id = :'b6';
SELECT is(api(NULL, 'project_get(%L)', :'p3') #>> '{body,openings}', '1', 'it had as many openings as were hired');

-- risky texts
SELECT open_project('carla') AS p4 \gset
SELECT is(api('carla', 'project_update(%L, ''{description}'', p_description => ''Write to me at jane@example.com instead'')', :'p4') #>> '{body,state}', 'IN_REVIEW',
	'an open project with contact details goes to review');
SELECT is(api(NULL, 'project_get(%L)', :'p4') ->> 'error', 'SK002', 'nobody sees it there');
SELECT is(api('carla', 'project_publish(%L)', :'p4') ->> 'error', 'SK004', 'its client cannot publish it as it is');
SELECT is(api('carla', 'project_approve(%L)', :'p4') ->> 'error', 'SK003', 'nor approve it');
SELECT is(api('sue', 'project_approve(%L)', :'p4') ->> 'status', '403', 'nor can staff without the permission');
SELECT is(api('mo', 'project_review_list()') #>> '{body,0,id}', :'p4', 'a moderator finds it');
SELECT is(api('carla', 'project_review_list()') ->> 'error', 'SK003', 'in a list for moderators');
SELECT is(api('mo', 'project_reject(%L, ''No addresses, please'')', :'p4') #>> '{body,state}', 'DRAFT', 'and sends it back');
SELECT is(api('carla', 'project_publish(%L)', :'p4') #>> '{body,state}', 'IN_REVIEW', 'published as it is, it waits again');
SELECT is(api('mo', 'project_approve(%L)', :'p4') #>> '{body,state}', 'OPEN', 'and is approved');
SELECT set_has($$ SELECT action FROM skillancer.audit $$, $$ VALUES ('project.reject'), ('project.approve') $$, 'which the audit log holds');
SELECT is(api('mo', 'project_approve(%L)', draft('carla')) ->> 'error', 'SK004', 'a draft is not approved');
SELECT ok(count(*) >= 2, 'signals are kept') FROM skillancer.risk_signal WHERE kind = 'contact_email';
SELECT is(api('fred', 'proposal_create(%L, ''Call me at +1 555 123 4567, I have done this a hundred times before.'', ''450 USD'')', :'p4') ->> 'status', '201',
	'a proposal with contact details is taken');
SELECT is(kind, 'contact_phone', 'and flagged') FROM skillancer.risk_signal WHERE subject_type = 'proposal';
SELECT is(as_caller('fred', 'SELECT json_agg(s) FROM skillancer.risk_signal s') ->> 'error', '42501', 'who is flagged does not see it');

-- restricted accounts
SELECT skillancer.import_begin('test') IS NULL AS done \gset
BEGIN;
SELECT person('rita', 'CLIENT', 'FREELANCER') AS rita \gset
COMMIT;
SELECT draft('rita') AS p5 \gset
BEGIN;
SELECT skillancer.impersonate(id) IS NULL AS done FROM people WHERE name = 'mo' \gset
SELECT skillancer.fire('user', :'rita'::skillancer.user_id::uuid, 'restrict') AS state \gset
COMMIT;
SELECT is(api('rita', 'project_publish(%L)', :'p5') ->> 'error', 'SK003', 'a restricted account publishes nothing');
SELECT is(bid('rita', :'p4') ->> 'error', 'SK003', 'and proposes nowhere');

-- the limit of live proposals
INSERT INTO skillancer.policy (key, value, valid_from) VALUES ('proposalLimit', '2', '2000-01-01');
SELECT is(bid('flo', open_project('dora')) ->> 'status', '201', 'a live proposal');
SELECT is(bid('flo', open_project('dora')) ->> 'status', '201', 'another one');
SELECT is(bid('flo', open_project('dora')) ->> 'error', 'SK203', 'one too many');

-- a page after the other, under one order
SELECT api(NULL, 'project_list(p_limit => 2)') AS page \gset
SELECT is(jsonb_array_length(:'page'::jsonb -> 'body'), 2, 'a page of two');
SELECT api(NULL, 'project_list(p_limit => 2, p_cursor => %L)', :'page'::jsonb #>> '{meta,pagination,nextCursor}') AS page2 \gset
SELECT ok(NOT :'page2'::jsonb -> 'body' @> jsonb_build_array(:'page'::jsonb #> '{body,1}'), 'the next page goes on after it');
SELECT is(jsonb_array_length(api(NULL, 'project_list(p_limit => 100)') -> 'body'),
	(SELECT count(*)::integer FROM skillancer.project WHERE state = 'OPEN'), 'one big page has all');
SELECT is(api(NULL, 'project_list(p_kind => ''FIXED'', p_cursor => %L)', :'page'::jsonb #>> '{meta,pagination,nextCursor}') ->> 'error', 'SK001', 'a cursor of another filter is refused');
SELECT is(api('carla', 'project_list(p_mine => true, p_cursor => %L)', :'page'::jsonb #>> '{meta,pagination,nextCursor}') ->> 'error', 'SK001', 'and of another list');

-- the names of skills and categories are kept by the backend, and follow the tables
SELECT open_project('dora', ', p_skills => ''{go}'', p_category => ''seo''') AS p6 \gset
SELECT is(api(NULL, 'project_get(%L)', :'p6') #>> '{body,skills,0,name}', 'Go', 'the name of a skill');
UPDATE skillancer.skill SET name = 'Golang' WHERE slug = 'go';
UPDATE skillancer.category SET name = 'To be found' WHERE slug = 'seo';
SELECT is(api(NULL, 'project_get(%L)', :'p6') #>> '{body,skills,0,name}', 'Golang', 'is the new one after a change');
SELECT is(api(NULL, 'project_get(%L)', :'p6') #>> '{body,category,name}', 'To be found', 'of a category, too');
BEGIN;
UPDATE skillancer.skill SET name = 'Never' WHERE slug = 'go';
SELECT skillancer.skills_json(skills) AS inside FROM skillancer.project WHERE id = :'p6' \gset
ROLLBACK;
SELECT is(:'inside'::json #>> '{0,name}', 'Never', 'a transaction sees its own change');
SELECT is(skillancer.skills_json(skills) #>> '{0,name}', 'Golang', 'and nothing of it is left when it is undone') FROM skillancer.project WHERE id = :'p6';
SELECT is(skillancer.skill_merge((SELECT id FROM skillancer.skill WHERE slug = 'go'), (SELECT id FROM skillancer.skill WHERE slug = 'rust')), 1, 'a skill is merged');
SELECT is(api(NULL, 'project_get(%L)', :'p6') #>> '{body,skills,0,name}', 'Rust', 'projects that asked for it ask for the other');
SELECT is(api(NULL, 'project_get(%L)', :'p6') ->> 'etag', 'v3', 'and have a new entity tag');

-- every event has the data that its schema demands
SELECT is(array_agg(e.type || ' lacks ' || m), NULL, 'events hold what their schemas require')
FROM skillancer.event e
JOIN skillancer.event_type t ON t.name = e.type
CROSS JOIN LATERAL jsonb_array_elements_text(t.schema -> 'required') m
WHERE jsonb_typeof(e.data -> m) IS DISTINCT FROM 'string';
SELECT ok(bool_and(cardinality(audience) > 0), 'and an audience') FROM skillancer.event WHERE type ~ '^(project|proposal)';

SELECT * FROM finish();
\ir ../lib/drop_database.sql
