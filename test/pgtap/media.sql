-- media.sql
--	Files: what is taken, states, quotas, who refers to what, erasure and the manifest. The bytes are in test/http/media.test.mjs.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(22);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER') \g /dev/null
-- a file of somebody, as the bridge brings it
CREATE FUNCTION pg_temp.bring(p_more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT skillancer_api.media_create(%L, %L, %L, 24, NULL, %L)', x ->> 'purpose', x ->> 'name', x ->> 'type',
		jsonb_build_object('object', gen_random_uuid(), 'size', 24, 'sha256', repeat('ab', 32), 'head', x ->> 'head'))
	FROM (SELECT '{"purpose": "ATTACHMENT", "name": "a.png", "type": "image/png", "head": "89504e470d0a1a0a0000000d494844520000001000000010"}'::jsonb || p_more) v (x) $$;
CREATE FUNCTION pg_temp.own(p_name text, p_who text, p_more jsonb DEFAULT '{}') RETURNS void LANGUAGE sql AS
	$$ SELECT pg_temp.remember(p_name, ((pg_temp.as_person(p_who, pg_temp.bring(p_more)) #>> '{body,id}')::skillancer.media_id)::uuid) $$;
CREATE FUNCTION pg_temp.state_of(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT concat_ws(' ', m.state, m.file_name) FROM skillancer.media m WHERE m.id::uuid = pg_temp.thing(p_name) $$;

SELECT pg_temp.own('mine', 'clara'), pg_temp.own('sent', 'clara'), pg_temp.own('face', 'clara', '{"purpose": "AVATAR"}') \g /dev/null
SELECT is(pg_temp.state_of('mine'), 'READY a.png', 'a file that the bridge brought is there');
SELECT is((SELECT m.visibility FROM skillancer.media m WHERE m.id::uuid = pg_temp.thing('face')), 'PUBLIC', 'avatars are public');
SELECT is(pg_temp.refusal('clara', pg_temp.bring('{"head": "3c68746d6c3e"}')), 'SK001', 'markup is not taken');
SELECT is(pg_temp.refusal('clara', pg_temp.bring('{"name": "a.png.exe"}')), 'SK001', 'nor a name that says something else');
SELECT is(pg_temp.refusal('clara', pg_temp.bring('{"purpose": "OTHER"}')), 'SK001', 'nor a purpose that is none');
SELECT is(pg_temp.refusal('clara', replace(pg_temp.bring(), '"size": 24', '"size": 25')), 'SK001', 'nor another size');
SELECT throws_ok(format('UPDATE skillancer.media SET state = ''DELETED'' WHERE id::uuid = %L', pg_temp.thing('mine')), NULL, NULL, 'states come from the engine');
SELECT throws_ok(format('INSERT INTO skillancer.media_use (media_id, kind, ref, user_id) SELECT id, ''MESSAGE'', gen_random_uuid(), %L FROM skillancer.media WHERE id::uuid = %L',
	pg_temp.person('felix'), pg_temp.thing('mine')), '23503', NULL, 'only its owner refers to a file');

-- a conversation
SELECT pg_temp.remember('talk', ((pg_temp.as_person('clara', 'SELECT skillancer_api.conversation_create(p_subject => ''Help'')') #>> '{body,id}')::skillancer.conversation_id)::uuid) \g /dev/null
CREATE FUNCTION pg_temp.say(p_name text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.message_send(%L, ''Look'', %L)', pg_temp.thing('talk'),
		jsonb_build_array(jsonb_build_object('name', 'a.png', 'mediaId', pg_temp.thing(p_name)::skillancer.media_id::text))) $$;
SELECT is(pg_temp.as_person('felix', format('SELECT skillancer.media_file(%L)', pg_temp.thing('sent'))), NULL::jsonb, 'a private file is its owner''s');
SELECT isnt(pg_temp.as_person('felix', format('SELECT skillancer.media_file(%L)', pg_temp.thing('face'))), NULL::jsonb, 'a public one everybody''s');
SELECT pg_temp.as_person('clara', pg_temp.say('sent')) \g /dev/null
SELECT is((SELECT u.kind FROM skillancer.media_use u WHERE u.media_id::uuid = pg_temp.thing('sent')), 'MESSAGE', 'a message refers to a file');
INSERT INTO skillancer.conversation_participant (user_id, conversation_id) VALUES (pg_temp.person('felix')::skillancer.user_id, pg_temp.thing('talk')::skillancer.conversation_id);
SELECT isnt(pg_temp.as_person('felix', format('SELECT skillancer.media_file(%L)', pg_temp.thing('sent'))), NULL::jsonb, 'whoever reads the message reads the file');
SELECT is(pg_temp.refusal('felix', pg_temp.say('sent')), 'SK001', 'but does not send it on as his own');

-- limits
SELECT is(pg_temp.refusal('clara', 'SELECT skillancer_api.media_create(''ATTACHMENT'', ''a.txt'', ''text/plain'', 26214401)'), 'SK001', 'no larger than the policy allows');
INSERT INTO skillancer.media (user_id, purpose, visibility, file_name, declared_type, size)
SELECT pg_temp.person('felix')::skillancer.user_id, 'ATTACHMENT', 'PRIVATE', 'a', 'a/b', skillancer.policy_int('mediaQuotaBytes') - 23;
SELECT is(pg_temp.refusal('felix', pg_temp.bring()), 'SK010', 'and no more than all together');

-- what was announced and does not come
SELECT pg_temp.remember('told', ((pg_temp.as_person('clara', 'SELECT skillancer_api.media_create(''ATTACHMENT'', ''a.txt'', ''text/plain'', 5)') #>> '{body,id}')::skillancer.media_id)::uuid),
	pg_temp.remember('come', ((pg_temp.as_person('clara', 'SELECT skillancer_api.media_create(''AVATAR'', ''a.png'', ''image/png'', 24)') #>> '{body,id}')::skillancer.media_id)::uuid) \g /dev/null
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.media_upload(%L, %L)', pg_temp.thing('come'), x.args[1]))
FROM regexp_matches(pg_temp.bring(), '(\{"head.*\}|\{"size.*\})') x (args) \g /dev/null
SELECT pg_temp.later('2 hours'), pg_temp.due() \g /dev/null
SELECT is(pg_temp.state_of('told'), 'DELETED a.txt', 'an upload that does not come is given up');
SELECT is(pg_temp.state_of('come'), 'READY a.png', 'one that came is not');

-- the manifest, the sweep, and the end
SELECT is((SELECT count(*) FROM skillancer.media_manifest f JOIN skillancer.media m ON m.id = f.id
	WHERE m.user_id::uuid = pg_temp.person('clara') AND f.path = right(m.object::text, 2) || '/' || m.object AND f.sha256 = repeat('ab', 32)), 4::bigint, 'the manifest names every file');
SELECT skillancer.erase_media(pg_temp.person('clara')::skillancer.user_id) \g /dev/null
SELECT is(pg_temp.state_of('mine'), 'DELETED deleted', 'erasure deletes what nobody else was sent');
SELECT is(pg_temp.state_of('sent'), 'READY a.png', 'and nothing else');
SELECT is((SELECT array_agg(u.was_known ORDER BY u.was_known) FROM skillancer.media_unwanted(ARRAY(SELECT m.object FROM skillancer.media m
	WHERE m.object IS NOT NULL AND m.user_id::uuid = pg_temp.person('clara')) || gen_random_uuid()) u), '{f,t,t,t}', 'the sweep is told what no row has, and what was deleted');
SELECT is((SELECT count(*) FROM skillancer.event e WHERE e.type = 'media.deleted' AND e.data ->> 'userId' = pg_temp.person('clara')::skillancer.user_id::text), 3::bigint, 'each deletion is an event');

SELECT * FROM finish();
ROLLBACK;
