-- sql/booking/api_report.sql
--	API of reports: anybody who is signed in reports a published review of somebody else, moderators decide.

-- Reports a review.
CREATE OR REPLACE FUNCTION skillancer_api.review_report(p_id skillancer.review_id, p_reason text, p_detail text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_review skillancer.review%ROWTYPE;
	v_report uuid := skillancer.new_id();
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_one_of('reason', p_reason,
		'{OFFENSIVE,UNTRUE,PERSONAL_DATA,EXTORTION,CONFLICT_OF_INTEREST,OTHER}');
	PERFORM skillancer.check_text('detail', p_detail, 10, 2000);
	PERFORM skillancer.check_done();
	SELECT * INTO v_review FROM skillancer.review r WHERE r.id = p_id;
	IF NOT FOUND OR v_review.state <> 'PUBLISHED' THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_review.author_id = v_me THEN
		PERFORM skillancer.fail('PERMISSION_DENIED', 'nobody reports a review of his own');
	END IF;
	PERFORM pg_advisory_xact_lock(hashtextextended('skillancer.review_report:' || v_me::text, 0));
	IF EXISTS (SELECT FROM skillancer.review_report p WHERE p.review_id = p_id AND p.user_id = v_me) THEN
		PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'you have reported this review');
	ELSIF (SELECT count(*) FROM skillancer.review_report p WHERE p.user_id = v_me AND p.state = 'OPEN')
			>= skillancer.policy_int('reviewReportLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have too many open reports');
	END IF;
	INSERT INTO skillancer.review_report (id, review_id, user_id, reason, detail)
	VALUES (v_report, p_id, v_me, p_reason, p_detail);
	PERFORM skillancer.emit('report.submitted', 'report', v_report, jsonb_build_object('reportId', v_report,
		'reviewId', p_id, 'userId', v_me, 'state', 'OPEN', 'reason', p_reason), ARRAY[v_me::uuid]);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.review_report_doc d WHERE d.id = v_report);
END
$$;
COMMENT ON FUNCTION skillancer_api.review_report(skillancer.review_id, text, text) IS
	'Reports a published review that is not the caller''s own, once, with a reason: OFFENSIVE, UNTRUE, PERSONAL_DATA, EXTORTION, CONFLICT_OF_INTEREST or OTHER.';
SELECT skillancer.add_route('POST', '/v1/reviews/{id}/report', 'review_report', summary => 'Report a review to the moderators',
	answers => '201 review_report_doc');

-- Reports, oldest first for moderators.
CREATE OR REPLACE FUNCTION skillancer_api.review_report_list(p_state text DEFAULT 'OPEN', p_limit integer DEFAULT NULL,
		p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'review-reports', p_state);
	v_after text;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_permission('moderation:view');
	PERFORM skillancer.check_one_of('state', p_state, '{OPEN,UPHELD,DISMISSED}');
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor), '-infinity|00000000-0000-0000-0000-000000000000');
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc), array_agg(d.created_at || '|' || d.id) INTO v_items, v_keys
	FROM (
		SELECT p.id, p.created_at, skillancer.json_doc('report', p.doc, 'review', r.doc) AS doc
		FROM skillancer.review_report_doc p
		JOIN skillancer.review_doc r ON r.id = p.review_id
		WHERE p.state = p_state AND (p.created_at, p.id)
			> (split_part(v_after, '|', 1)::timestamptz, split_part(v_after, '|', 2)::uuid)
		ORDER BY p.created_at, p.id
		LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.review_report_list(text, integer, text) IS
	'Reports of reviews in one state, the oldest first, each with its review.';
SELECT skillancer.add_route('GET', '/v1/review-reports', 'review_report_list', who => 'MODERATOR,ADMIN',
	summary => 'Reports of reviews', answers => '[{report: review_report_doc, review: review_doc}]');

-- Decides on a report.
CREATE OR REPLACE FUNCTION skillancer.review_report_decide(p_id uuid, p_event text, p_note text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT skillancer.staff_may('moderation:decide', 'review_report.' || p_event, 'review_report', p_id) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'this needs the permission moderation:decide');
	ELSIF EXISTS (SELECT FROM skillancer.review_report p
			JOIN skillancer.review r ON r.id = p.review_id
			WHERE p.id = p_id AND skillancer.current_user_id() IN (p.user_id, r.author_id, r.subject_id)) THEN
		PERFORM skillancer.audit(format('review_report.%s_denied', p_event), 'review_report', p_id, NULL, '{"reason": "a party"}');
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you do not decide about this');
	END IF;
	PERFORM skillancer.check_text('note', p_note, 1, 2000, required => false);
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('review_report', p_id, p_event, jsonb_strip_nulls(jsonb_build_object('note', p_note)));
	PERFORM skillancer.audit('review_report.' || p_event, 'review_report', p_id, NULL, jsonb_build_object('note', p_note));
	RETURN (SELECT ROW(200, NULL, NULL, NULL, d.doc)::skillancer.reply FROM skillancer.review_report_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.review_report_decide(uuid, text, text) IS
	'The common body of the decisions on a report; leaves an audit row, also of staff who may not.';

-- The report is right.
CREATE OR REPLACE FUNCTION skillancer_api.review_report_uphold(p_id uuid, p_note text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.review_report_decide(p_id, 'uphold', p_note);
END
$$;
COMMENT ON FUNCTION skillancer_api.review_report_uphold(uuid, text) IS
	'Removes the reported review: nobody but its author reads it, and it counts for nothing. Ends all other reports of it. The note goes to who reported.';
SELECT skillancer.add_route('POST', '/v1/review-reports/{id}/uphold', 'review_report_uphold', who => 'MODERATOR,ADMIN',
	summary => 'Uphold a report and remove the review', answers => 'review_report_doc');

-- The review stays.
CREATE OR REPLACE FUNCTION skillancer_api.review_report_dismiss(p_id uuid, p_note text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.review_report_decide(p_id, 'dismiss', p_note);
END
$$;
COMMENT ON FUNCTION skillancer_api.review_report_dismiss(uuid, text) IS
	'Leaves the reported review as it is. The note goes to who reported.';
SELECT skillancer.add_route('POST', '/v1/review-reports/{id}/dismiss', 'review_report_dismiss', who => 'MODERATOR,ADMIN',
	summary => 'Dismiss a report of a review', answers => 'review_report_doc');
