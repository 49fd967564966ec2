-- sql/booking/api_review.sql
--	API of reviews: write, read, reply. A review is hidden from the other side until both are in or the
--	window after the booking's end has closed.

-- Either side reviews the other.
CREATE OR REPLACE FUNCTION skillancer_api.review_submit(p_id skillancer.booking_id, p_rating integer,
		p_comment text, p_would_work_again boolean, p_quality integer DEFAULT NULL,
		p_communication integer DEFAULT NULL, p_timeliness integer DEFAULT NULL, p_clarity integer DEFAULT NULL,
		p_promptness integer DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_side skillancer.user_id;
	v_booking skillancer.booking%ROWTYPE;
	v_review skillancer.review_id := skillancer.new_id()::skillancer.review_id;
	v_closes timestamptz;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_int('rating', p_rating, 1, 5, true);
	PERFORM skillancer.check_text('comment', p_comment, 10, 2000, true);
	PERFORM skillancer.check_that('wouldWorkAgain', p_would_work_again IS NOT NULL, 'is required');
	PERFORM skillancer.check_int('quality', p_quality, 1, 5, false);
	PERFORM skillancer.check_int('communication', p_communication, 1, 5, false);
	PERFORM skillancer.check_int('timeliness', p_timeliness, 1, 5, false);
	PERFORM skillancer.check_int('clarity', p_clarity, 1, 5, false);
	PERFORM skillancer.check_int('promptness', p_promptness, 1, 5, false);
	PERFORM skillancer.check_done();
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	END IF;
	v_side := skillancer.booking_side(p_id);
	PERFORM skillancer.check_that(x.field, x.stars IS NULL OR x.of_freelancer = (v_side = v_booking.client_id),
		CASE WHEN x.of_freelancer THEN 'is for reviews of freelancers' ELSE 'is for reviews of clients' END)
	FROM (VALUES ('quality', p_quality, true), ('timeliness', p_timeliness, true),
		('clarity', p_clarity, false), ('promptness', p_promptness, false)) AS x (field, stars, of_freelancer);
	PERFORM skillancer.check_done();
	v_closes := v_booking.ended_at + (v_booking.policy ->> 'reviewWindow')::interval;
	IF v_closes > skillancer.now() IS NOT TRUE OR v_booking.activated_at IS NULL THEN
		PERFORM skillancer.fail('INVALID_STATE', 'reviews are written within the review window after a booking has ended',
			jsonb_build_object('state', v_booking.state, 'allowed', '[]'::jsonb));
	END IF;
	IF EXISTS (SELECT FROM skillancer.review r WHERE r.booking_id = p_id AND r.author_id = v_side) THEN
		PERFORM skillancer.fail('REVIEW_EXISTS');
	END IF;
	INSERT INTO skillancer.review (id, booking_id, client_id, freelancer_id, author_id, subject_id, rating,
		quality, communication, timeliness, clarity, promptness, comment, would_work_again)
	VALUES (v_review, p_id, v_booking.client_id, v_booking.freelancer_id, v_side,
		CASE WHEN v_side = v_booking.client_id THEN v_booking.freelancer_id ELSE v_booking.client_id END,
		p_rating, p_quality, p_communication, p_timeliness, p_clarity, p_promptness, p_comment, p_would_work_again);
	PERFORM skillancer.schedule('review', v_review::uuid, 'publish', v_closes);
	PERFORM skillancer.emit('review.submitted', 'review', v_review::uuid,
		jsonb_build_object('reviewId', v_review, 'bookingId', p_id, 'state', 'HIDDEN'), ARRAY[skillancer.current_user_id()::uuid]);
	PERFORM skillancer.review_publish_pair(p_id);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.review_doc d WHERE d.id = v_review);
END
$$;
COMMENT ON FUNCTION skillancer_api.review_submit(skillancer.booking_id, integer, text, boolean, integer, integer, integer, integer, integer) IS
	'Reviews the other side of an ended booking, once: a freelancer also by quality, communication and timeliness, a client by clarity, communication and promptness. Nobody but its author sees a hidden review. For the client''s side of an organisation its owners and admins write it, too.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/reviews', 'review_submit',
	summary => 'Review the other side of a booking', answers => '201 review_doc');

-- The reviews of one booking that the caller may see.
CREATE OR REPLACE FUNCTION skillancer_api.booking_reviews(p_id skillancer.booking_id)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.booking b WHERE b.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.id) FROM skillancer.review_doc d WHERE d.booking_id = p_id),
		'[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_reviews(skillancer.booking_id) IS
	'The published reviews of a booking, and the caller''s own.';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}/reviews', 'booking_reviews',
	summary => 'Reviews of a booking', answers => '[review_doc]');

-- The published reviews of a person.
CREATE OR REPLACE FUNCTION skillancer_api.user_reviews(p_id skillancer.user_id, p_side text DEFAULT NULL,
		p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'reviews', p_id, p_side);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('side', p_side, ARRAY['CLIENT', 'FREELANCER'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::uuid::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT r.id, r.doc FROM skillancer.review_doc r
		WHERE r.subject_id = p_id AND r.state = 'PUBLISHED' AND (p_side IS NULL OR r.side = p_side)
			AND (v_after IS NULL OR r.id < v_after::skillancer.review_id)
		ORDER BY r.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_reviews(skillancer.user_id, text, integer, text) IS
	'The published reviews of a person as freelancer, as client or both (side), newest first.';
SELECT skillancer.add_route('GET', '/v1/users/{id}/reviews', 'user_reviews', who => 'anyone',
	summary => 'Published reviews of a person', answers => '[review_doc]');

-- The tallies behind a person's rating.
CREATE OR REPLACE FUNCTION skillancer_api.user_rating(p_id skillancer.user_id)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN json_build_object(
		'freelancer', (SELECT r.rating FROM skillancer.reputation r
			WHERE r.user_id = p_id AND r.side = 'FREELANCER' AND skillancer.rating_count(r.rating) > 0),
		'client', (SELECT r.rating FROM skillancer.reputation r
			WHERE r.user_id = p_id AND r.side = 'CLIENT' AND skillancer.rating_count(r.rating) > 0));
END
$$;
COMMENT ON FUNCTION skillancer_api.user_rating(skillancer.user_id) IS
	'How many reviews of each rating a person has on either side, published in the last 24 months.';
SELECT skillancer.add_route('GET', '/v1/users/{id}/rating', 'user_rating', who => 'anyone',
	summary => 'Rating of a person from published reviews',
	answers => '{freelancer: rating_tally|null, client: rating_tally|null}');

-- The reviewed person answers, once.
CREATE OR REPLACE FUNCTION skillancer_api.review_reply(p_id skillancer.review_id, p_reply text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_review skillancer.review%ROWTYPE;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('reply', p_reply, 1, 2000, true);
	PERFORM skillancer.check_done();
	SELECT * INTO v_review FROM skillancer.review r WHERE r.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	IF v_review.state <> 'PUBLISHED' THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	UPDATE skillancer.review r
	SET reply = p_reply, replied_at = skillancer.now(), version = r.version + 1, updated_at = skillancer.now()
	WHERE r.id = p_id AND r.reply IS NULL;
	IF NOT FOUND THEN
		PERFORM skillancer.fail(CASE WHEN v_review.subject_id = skillancer.current_user_id()
				OR v_review.subject_id = v_review.client_id AND v_review.organisation_id = ANY (skillancer.managed_organisations())
			THEN 'DUPLICATE_RESOURCE' ELSE 'PERMISSION_DENIED' END);
	END IF;
	PERFORM skillancer.emit('review.replied', 'review', p_id::uuid,
		jsonb_build_object('reviewId', p_id, 'bookingId', v_review.booking_id), ARRAY[v_review.author_id::uuid]);
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.review_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.review_reply(skillancer.review_id, text) IS
	'Answers a published review about the caller, or about the organisation for which the caller acts, once.';
SELECT skillancer.add_route('POST', '/v1/reviews/{id}/reply', 'review_reply', summary => 'Answer a review about me',
	answers => 'review_doc');
