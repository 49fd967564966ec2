-- sql/booking/api_delivery.sql
--	Deliveries: what the freelancer hands over on the way and at the end, with files that the client reads when the terms say so.

-- Notes what is wrong with the files of a delivery.
CREATE OR REPLACE FUNCTION skillancer.check_files(p_files jsonb) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_file record;
	v_at text;
BEGIN
	IF jsonb_typeof(p_files) <> 'array' OR jsonb_array_length(p_files) > 20 THEN
		PERFORM skillancer.check_that('files', false, 'must be a list of at most 20 files');
		RETURN;
	END IF;
	FOR v_file IN SELECT f.item, f.n - 1 AS n FROM jsonb_array_elements(p_files) WITH ORDINALITY AS f (item, n) LOOP
		v_at := format('files[%s]', v_file.n);
		IF jsonb_typeof(v_file.item) <> 'object' THEN
			PERFORM skillancer.check_that(v_at, false, 'must be an object');
			CONTINUE;
		END IF;
		PERFORM skillancer.check_that(v_at, v_file.item - '{name,url,mediaId,final}'::text[] = '{}', 'has name, url or mediaId, and final only');
		PERFORM skillancer.check_that(v_at || '.name', jsonb_typeof(v_file.item -> 'name') = 'string', 'is required');
		PERFORM skillancer.check_text(v_at || '.name', v_file.item ->> 'name', 1, 200, false);
		PERFORM skillancer.check_that(v_at, (v_file.item ->> 'url' IS NULL) <> (v_file.item ->> 'mediaId' IS NULL), 'needs either url or mediaId');
		PERFORM skillancer.check_text(v_at || '.url', v_file.item ->> 'url', 9, 2000, false);
		PERFORM skillancer.check_that(v_at || '.url', v_file.item ->> 'url' !~ '^https://[^\s<>"]+$' IS NOT TRUE, 'must be an https address');
		PERFORM skillancer.check_that(v_at || '.mediaId', v_file.item ->> 'mediaId' !~ '^med_[0-7][0-9a-hjkmnp-tv-z]{25}$' IS NOT TRUE, 'must be the id of a media object');
		PERFORM skillancer.check_media(v_at || '.mediaId', ARRAY[v_file.item ->> 'mediaId']) WHERE v_file.item ->> 'mediaId' IS NOT NULL;
		PERFORM skillancer.check_that(v_at || '.final', coalesce(jsonb_typeof(v_file.item -> 'final'), 'boolean') = 'boolean', 'must be true or false');
	END LOOP;
END
$$;
COMMENT ON FUNCTION skillancer.check_files(jsonb) IS
	'Notes every problem in [{"name", "url" or "mediaId", "final"}]; check_done() raises them.';

-- Keeps where the files of a delivery are.
CREATE OR REPLACE FUNCTION skillancer.delivery_keep_files(p_milestone skillancer.milestone_id, p_number integer, p_files jsonb)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.delivery_file (milestone_id, number, position, booking_id, client_id, freelancer_id, url, media_id, opens_after)
	SELECT d.milestone_id, d.number, f.n, d.booking_id, d.client_id, d.freelancer_id, f.item ->> 'url', (f.item ->> 'mediaId')::skillancer.media_id,
		CASE WHEN (f.item -> 'final')::boolean AND b.terms ->> 'filesAfter' = 'RELEASE' THEN 'RELEASE' ELSE 'DELIVERY' END
	FROM skillancer.delivery d
	JOIN skillancer.booking b ON b.id = d.booking_id
	CROSS JOIN jsonb_array_elements(p_files) WITH ORDINALITY AS f (item, n)
	WHERE d.milestone_id = p_milestone AND d.number = p_number;
	PERFORM skillancer.media_refer(ARRAY(SELECT (f ->> 'mediaId')::skillancer.media_id FROM jsonb_array_elements(p_files) f),
		'DELIVERY', p_milestone::uuid);
END
$$;
COMMENT ON FUNCTION skillancer.delivery_keep_files(skillancer.milestone_id, integer, jsonb) IS
	'Writes the files of a delivery; final ones stay closed to the client until the release when the terms say so.';

-- The freelancer hands something over.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_deliver(p_id skillancer.milestone_id, p_message text,
		p_links text[] DEFAULT NULL, p_submit boolean DEFAULT false, p_files jsonb DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_milestone skillancer.milestone%ROWTYPE;
	v_number integer;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.milestone_lock(p_id);
	SELECT * INTO v_milestone FROM skillancer.milestone m WHERE m.id = p_id;
	IF v_milestone.freelancer_id IS DISTINCT FROM skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	PERFORM skillancer.check_text('message', p_message, 1, 5000);
	PERFORM skillancer.check_items('links', p_links, 20, 2000);
	PERFORM skillancer.check_that(format('links[%s]', l.n - 1), l.link ~ '^https://[^\s<>"]+$', 'must be an https address')
	FROM unnest(p_links) WITH ORDINALITY AS l (link, n);
	PERFORM skillancer.check_files(p_files);
	PERFORM skillancer.check_done();
	IF v_milestone.state NOT IN ('FUNDED', 'CHANGES_REQUESTED') THEN
		PERFORM skillancer.fail('INVALID_STATE', 'work is delivered while the milestone is funded and not submitted',
			jsonb_build_object('state', v_milestone.state, 'allowed', '[]'::jsonb));
	END IF;
	SELECT count(*) + 1 INTO v_number FROM skillancer.delivery d WHERE d.milestone_id = p_id;
	IF v_number > skillancer.policy_int('deliveryLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'the milestone has too many deliveries');
	END IF;
	INSERT INTO skillancer.delivery (milestone_id, number, booking_id, client_id, freelancer_id, message, links, files)
	VALUES (p_id, v_number, v_milestone.booking_id, v_milestone.client_id, v_milestone.freelancer_id, p_message,
		coalesce(p_links, '{}'), coalesce((SELECT jsonb_agg(jsonb_build_object('name', f.item ->> 'name',
			'final', coalesce((f.item -> 'final')::boolean, false)) ORDER BY f.n)
			FROM jsonb_array_elements(p_files) WITH ORDINALITY AS f (item, n)), '[]'));
	PERFORM skillancer.delivery_keep_files(p_id, v_number, p_files);
	IF p_submit THEN
		PERFORM skillancer.fire('milestone', p_id::uuid, 'submit', jsonb_build_object('note', p_message));
	ELSE
		PERFORM skillancer.emit('milestone.delivered', 'milestone', p_id::uuid, jsonb_build_object('milestoneId', p_id,
			'bookingId', v_milestone.booking_id, 'clientId', v_milestone.client_id, 'freelancerId', v_milestone.freelancer_id,
			'state', v_milestone.state, 'number', v_number),
			ARRAY[v_milestone.client_id::uuid, v_milestone.freelancer_id::uuid]);
	END IF;
	RETURN (SELECT ROW(201, NULL, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.delivery_doc d WHERE d.milestone_id = p_id AND d.number = v_number);
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_deliver(skillancer.milestone_id, text, text[], boolean, jsonb) IS
	'Hands over a message, links (https) and files [{"name","url" or "mediaId","final"}] for a funded milestone; with submit it is handed in for approval at once. When the terms have filesAfter RELEASE, the client sees that there are final files, and where they are only after the release.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/deliveries', 'milestone_deliver', who => 'FREELANCER',
	summary => 'Deliver something for a milestone', answers => '201 delivery_doc');

-- What was handed over.
CREATE OR REPLACE FUNCTION skillancer_api.delivery_list(p_id skillancer.milestone_id)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.milestone m WHERE m.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.number) FROM skillancer.delivery_doc d
		WHERE d.milestone_id = p_id), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.delivery_list(skillancer.milestone_id) IS
	'The deliveries of a milestone, oldest first.';
SELECT skillancer.add_route('GET', '/v1/milestones/{id}/deliveries', 'delivery_list',
	summary => 'Deliveries of a milestone', answers => '[delivery_doc]');
