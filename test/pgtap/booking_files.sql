-- booking_files.sql
--	Files of deliveries: what the client reads when, by the terms of gigs and offers.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
\ir ../lib/market.sql
SELECT plan(22);

SELECT pg_temp.add_person('clara', 'CLIENT'), pg_temp.add_person('felix', 'FREELANCER'), pg_temp.add_person('sam', 'CLIENT') \g /dev/null
UPDATE skillancer.profile p SET is_public = true WHERE p.user_id::uuid = pg_temp.person('felix');
CREATE FUNCTION pg_temp.running(p_name text, p_files_after text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.remember(p_name, ((pg_temp.as_person('clara', format('SELECT skillancer_api.booking_offer(%L, ''A fine logo'', ''In blue and white'', ''50 USD'', p_files_after => %L)',
		pg_temp.person('felix'), p_files_after)) #>> '{body,id}')::skillancer.booking_id)::uuid);
	PERFORM pg_temp.as_person('felix', format('SELECT skillancer_api.booking_accept(b.id, encode(b.terms_hash, ''hex'')) FROM skillancer.booking b WHERE b.id::uuid = %L', pg_temp.thing(p_name)));
	PERFORM pg_temp.remember(p_name || '/1', m.id::uuid) FROM skillancer.milestone m WHERE m.booking_id::uuid = pg_temp.thing(p_name);
	PERFORM pg_temp.fund('clara', p_name || '/1');
END
$$;
CREATE FUNCTION pg_temp.deliver(p_name text, p_files text, p_submit boolean DEFAULT false) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT skillancer_api.milestone_deliver(%L, ''See here'', NULL, %L, %L)', pg_temp.thing(p_name || '/1'), p_submit, p_files) $$;
-- what somebody reads of the last delivery: name, and where it is
CREATE FUNCTION pg_temp.reads(p_who text, p_name text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', f ->> 'name', coalesce(f ->> 'url', f ->> 'mediaId', 'closed')), ', ')
	FROM jsonb_array_elements(pg_temp.as_person(p_who, format('SELECT skillancer_api.delivery_list(%L)', pg_temp.thing(p_name || '/1'))) -> -1 -> 'files') f
$$;
CREATE FUNCTION pg_temp.two() RETURNS text LANGUAGE sql IMMUTABLE AS
	$$ SELECT '[{"name": "draft.png", "url": "https://files.test/draft"}, {"name": "logo.svg", "mediaId": "med_01h455vb4pex5vsknk084sn02q", "final": true}]' $$;

-- a file of felix
INSERT INTO skillancer.media (id, user_id, purpose, visibility, file_name, declared_type, type, size, sha256, object)
SELECT 'med_01h455vb4pex5vsknk084sn02q'::skillancer.media_id, pg_temp.person('felix')::skillancer.user_id, 'DELIVERY', 'PRIVATE', 'logo.png',
	'image/png', 'image/png', 1, sha256('x'), gen_random_uuid();
SELECT skillancer.fire_system('media', m.id::uuid, 'finish') FROM skillancer.media m WHERE m.id::text = 'med_01h455vb4pex5vsknk084sn02q' \g /dev/null

SELECT is(pg_temp.refusal('clara', format('SELECT skillancer_api.booking_offer(%L, ''A fine logo'', ''In blue and white'', ''50 USD'', p_files_after => ''NEVER'')', pg_temp.person('felix'))), 'SK001', 'terms that are known');
SELECT pg_temp.running('late', 'RELEASE') \g /dev/null
SELECT is((SELECT b.terms ->> 'filesAfter' FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing('late')), 'RELEASE', 'it is in the hashed terms');
SELECT is(pg_temp.refusal('felix', pg_temp.deliver('late', '{}')), 'SK001', 'a list of files');
SELECT is(pg_temp.refusal('felix', pg_temp.deliver('late', '[1]')), 'SK001', 'of objects');
SELECT is(pg_temp.refusal('felix', pg_temp.deliver('late', '[{"name": "x"}]')), 'SK001', 'that are somewhere');
SELECT is(pg_temp.refusal('felix', pg_temp.deliver('late', '[{"name": "x", "url": "https://a.test", "mediaId": "med_01h455vb4pex5vsknk084sn02q"}]')), 'SK001', 'in one place');
SELECT is(pg_temp.refusal('felix', pg_temp.deliver('late', '[{"name": "x", "url": "javascript:alert(1)"}]')), 'SK001', 'by https');
SELECT is(pg_temp.refusal('felix', pg_temp.deliver('late', '[{"name": "x", "mediaId": "usr_01h455vb4pex5vsknk084sn02q"}]')), 'SK001', 'or as media');
SELECT is(pg_temp.refusal('felix', pg_temp.deliver('late', '[{"name": "x", "mediaId": "med_01h455vb4pex5vsknk084sn02r"}]')), 'SK001', 'of his own');
SELECT is(pg_temp.refusal('felix', pg_temp.deliver('late', '[{"name": "x", "url": "https://a.test", "final": "yes"}]')), 'SK001', 'final or not');
SELECT is(pg_temp.refusal('felix', pg_temp.deliver('late', '[{"name": "x", "url": "https://a.test", "open": true}]')), 'SK001', 'and nothing else');
SELECT pg_temp.as_person('felix', pg_temp.deliver('late', pg_temp.two(), true)) \g /dev/null
SELECT is(pg_temp.reads('felix', 'late'), 'draft.png https://files.test/draft, logo.svg med_01h455vb4pex5vsknk084sn02q', 'the freelancer reads what he delivered');
SELECT is(pg_temp.reads('clara', 'late'), 'draft.png https://files.test/draft, logo.svg closed', 'the client a draft, and that there is a final file');
SELECT is(pg_temp.refusal('sam', format('SELECT skillancer_api.delivery_list(%L)', pg_temp.thing('late/1'))), 'SK002', 'strangers nothing');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_release_part(%L, ''1 USD'')', pg_temp.thing('late/1'))) \g /dev/null
SELECT is(pg_temp.reads('clara', 'late'), 'draft.png https://files.test/draft, logo.svg closed', 'a part does not open it');
SELECT pg_temp.as_person('clara', format('SELECT skillancer_api.milestone_approve(%L)', pg_temp.thing('late/1'))) \g /dev/null
SELECT is(pg_temp.reads('clara', 'late'), 'draft.png https://files.test/draft, logo.svg med_01h455vb4pex5vsknk084sn02q', 'the release does');

SELECT pg_temp.running('soon', NULL), pg_temp.as_person('felix', pg_temp.deliver('soon', pg_temp.two())) \g /dev/null
SELECT is(pg_temp.reads('clara', 'soon'), 'draft.png https://files.test/draft, logo.svg med_01h455vb4pex5vsknk084sn02q', 'without such terms everything is open at once');
SELECT pg_temp.running('back', 'RELEASE'), pg_temp.as_person('felix', pg_temp.deliver('back', pg_temp.two())), pg_temp.as_person('felix', format('SELECT skillancer_api.milestone_refund(%L)', pg_temp.thing('back/1'))) \g /dev/null
SELECT is(pg_temp.reads('clara', 'back'), 'draft.png https://files.test/draft, logo.svg closed', 'what was given back stays closed');

-- the option of a gig, frozen with the order
SELECT pg_temp.remember('gig', ((pg_temp.as_person('felix', format('SELECT skillancer_api.gig_create(%L, %L, %L, p_files_after => ''RELEASE'')', 'A logo for anything', 'What you get, in words',
	'[{"tier": "BASIC", "title": "Basic", "description": "The basic one", "price": {"amount": "20.00", "currency": "USD"}, "deliveryDays": 3, "revisions": 1, "features": []}]')) #>> '{body,id}')::skillancer.gig_id)::uuid) \g /dev/null
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.gig_activate(%L)', pg_temp.thing('gig'))) \g /dev/null
SELECT is(pg_temp.refusal('felix', format('SELECT skillancer_api.gig_update(%L, ''{filesAfter}'', p_files_after => ''X'')', pg_temp.thing('gig'))), 'SK001', 'a gig has one of two');
SELECT pg_temp.remember('order', ((pg_temp.as_person('clara', format('SELECT skillancer_api.gig_order(%L, 1, ''BASIC'')', pg_temp.thing('gig'))) #>> '{body,id}')::skillancer.booking_id)::uuid) \g /dev/null
SELECT pg_temp.as_person('felix', format('SELECT skillancer_api.gig_update(%L, ''{filesAfter}'', p_files_after => ''DELIVERY'')', pg_temp.thing('gig'))) \g /dev/null
SELECT is((SELECT b.terms ->> 'filesAfter' FROM skillancer.booking b WHERE b.id::uuid = pg_temp.thing('order')), 'RELEASE', 'an order keeps what the gig said');
SELECT is((SELECT string_agg(r.files_after, ' ' ORDER BY r.revision) FROM skillancer.gig_revision r WHERE r.gig_id::uuid = pg_temp.thing('gig')), 'RELEASE DELIVERY', 'and the revisions tell');
SELECT ok(pg_temp.books_in_order(), 'the books are in order');
SELECT * FROM finish();
ROLLBACK;
