-- sql/booking/api_gig_order.sql
--	Ordering a gig: the terms are frozen from the revision that the client has read, and the client answers the
--	gig's form once the order is paid.

-- An active gig, held still while it is ordered.
CREATE OR REPLACE FUNCTION skillancer.gig_on_offer(p_id skillancer.gig_id, p_revision integer)
	RETURNS jsonb
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_gig skillancer.gig%ROWTYPE;
BEGIN
	SELECT * INTO v_gig FROM skillancer.gig g WHERE g.id = p_id AND g.state = 'ACTIVE' FOR SHARE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_gig.revision <> p_revision THEN
		PERFORM skillancer.fail('PRECONDITION_FAILED', 'the gig was edited: read it again before you order it',
			jsonb_build_object('revision', v_gig.revision));
	END IF;
	RETURN jsonb_build_object('id', v_gig.id, 'freelancerId', v_gig.freelancer_id, 'revision', v_gig.revision,
		'title', v_gig.title, 'description', v_gig.description, 'packages', v_gig.packages, 'extras', v_gig.extras,
		'requirements', v_gig.requirements, 'filesAfter', v_gig.files_after);
END
$$;
ALTER FUNCTION skillancer.gig_on_offer(skillancer.gig_id, integer) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.gig_on_offer(skillancer.gig_id, integer) IS
	'What an active gig says to everybody, as JSON; the row is locked so that its freelancer does not edit it meanwhile; runs as the engine because the client may not lock it.';

-- The terms of an order, as they are frozen.
CREATE OR REPLACE FUNCTION skillancer.gig_terms(p_gig jsonb, p_package jsonb, p_extras jsonb,
		p_fee_version integer, p_policy jsonb)
	RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_price skillancer.monetary := (p_package -> 'price')::skillancer.monetary;
	v_days integer := (p_package ->> 'deliveryDays')::integer;
BEGIN
	SELECT skillancer.sum(v.price), least(365, sum(v.days)) INTO v_price, v_days
	FROM (
		SELECT v_price AS price, v_days AS days
		UNION ALL
		SELECT (e -> 'price')::skillancer.monetary, coalesce((e ->> 'extraDays')::integer, 0)
		FROM jsonb_array_elements(p_extras) e) v;
	RETURN jsonb_build_object(
		'gig', jsonb_build_object('id', p_gig -> 'id', 'revision', p_gig -> 'revision',
			'title', p_gig -> 'title', 'description', p_gig -> 'description'),
		'package', p_package,
		'extras', p_extras,
		'requirements', p_gig -> 'requirements',
		'price', v_price,
		'deliveryDays', v_days,
		'filesAfter', p_gig -> 'filesAfter',
		'milestones', jsonb_build_array(jsonb_build_object('title', p_gig -> 'title', 'amount', v_price, 'days', v_days)),
		'feeVersion', p_fee_version,
		'policy', p_policy);
END
$$;
COMMENT ON FUNCTION skillancer.gig_terms(jsonb, jsonb, jsonb, integer, jsonb) IS
	'What the two sides agree on when this package is ordered with these extras, as JSON. It takes at most a year.';

-- The extras that an order names.
CREATE OR REPLACE FUNCTION skillancer.gig_extras(p_extras jsonb, p_titles text[])
	RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT coalesce(jsonb_agg(e.item ORDER BY e.n), '[]')
		FROM jsonb_array_elements(p_extras) WITH ORDINALITY AS e (item, n)
		WHERE e.item ->> 'title' = ANY (p_titles));
END
$$;
COMMENT ON FUNCTION skillancer.gig_extras(jsonb, text[]) IS 'The extras of a gig with these titles, in the gig''s order.';

-- The client orders a package.
CREATE OR REPLACE FUNCTION skillancer_api.gig_order(p_id skillancer.gig_id, p_revision integer, p_package text,
		p_extras text[] DEFAULT NULL, p_organisation_id skillancer.organisation_id DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking_id := skillancer.new_id()::skillancer.booking_id;
	v_gig jsonb;
	v_package jsonb;
	v_extras jsonb;
	v_policy jsonb;
	v_terms jsonb;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	PERFORM skillancer.check_int('revision', p_revision, 1, 1000000);
	PERFORM skillancer.check_one_of('package', p_package, ARRAY['BASIC', 'STANDARD', 'PREMIUM']);
	PERFORM skillancer.check_done();
	v_gig := skillancer.gig_on_offer(p_id, p_revision);
	IF v_gig ->> 'freelancerId' = skillancer.current_user_id()::text THEN
		PERFORM skillancer.fail('OWN_PROJECT', 'this is your own gig');
	END IF;
	v_package := jsonb_path_query_first(v_gig -> 'packages', '$[*] ? (@.tier == $tier)', jsonb_build_object('tier', p_package));
	v_extras := skillancer.gig_extras(v_gig -> 'extras', coalesce(p_extras, '{}'));
	PERFORM skillancer.check_that('package', v_package IS NOT NULL, 'is not a package of this gig');
	PERFORM skillancer.check_that('extras', jsonb_array_length(v_extras) = coalesce(cardinality(p_extras), 0),
		'must be titles of the gig''s extras, each once');
	PERFORM skillancer.check_organisation(p_organisation_id, (v_gig ->> 'freelancerId')::skillancer.user_id);
	PERFORM skillancer.check_done();
	v_policy := skillancer.policy_pin(ARRAY['bookingPaymentTerm', 'earningHold', 'reviewWindow'])
		|| jsonb_build_object('autoRelease', skillancer.policy_value('gigAutoRelease'),
			'revisionLimit', v_package -> 'revisions');
	v_terms := skillancer.gig_terms(v_gig, v_package, v_extras, skillancer.policy_int('feeVersion')::integer, v_policy);
	INSERT INTO skillancer.booking (id, source, gig_id, gig_revision, client_id, freelancer_id, title, currency,
		terms, terms_hash, terms_by, fee_version, policy, organisation_id)
	VALUES (v_booking, 'GIG', p_id, p_revision, skillancer.current_user_id(),
		(v_gig ->> 'freelancerId')::skillancer.user_id, v_gig ->> 'title', v_terms #>> '{price,currency}', v_terms,
		skillancer.terms_hash(v_terms), skillancer.current_user_id(),
		(v_terms ->> 'feeVersion')::integer, v_policy, p_organisation_id);
	PERFORM skillancer.booking_begin(v_booking);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = v_booking);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_order(skillancer.gig_id, integer, text, text[], skillancer.organisation_id) IS
	'Orders a package (BASIC, STANDARD or PREMIUM) of an active gig, with extras by their titles, in the revision that the client has read. Returns the booking, which awaits payment; its one milestone allows as many change requests as the package has revisions.';
SELECT skillancer.add_route('POST', '/v1/gigs/{id}/orders', 'gig_order', who => 'CLIENT',
	summary => 'Order a package of a gig', answers => '201 booking_doc');

-- The client answers the gig's form.
CREATE OR REPLACE FUNCTION skillancer_api.booking_answer(p_id skillancer.booking_id, p_answers text[])
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_questions jsonb;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	SELECT coalesce(b.terms -> 'requirements', '[]') INTO v_questions FROM skillancer.booking b
	WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	END IF;
	PERFORM skillancer.check_items('answers', p_answers, 10, 2000);
	PERFORM skillancer.check_that('answers', cardinality(p_answers) IS NOT DISTINCT FROM jsonb_array_length(v_questions),
		format('must be %s answers, one for each question', jsonb_array_length(v_questions)));
	PERFORM skillancer.check_done();
	RETURN skillancer.booking_command(p_id, 'answer', jsonb_build_object('requirements', (
		SELECT jsonb_agg(jsonb_build_object('question', q.text, 'answer', p_answers[q.n]) ORDER BY q.n)
		FROM jsonb_array_elements_text(v_questions) WITH ORDINALITY AS q (text, n))));
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_answer(skillancer.booking_id, text[]) IS
	'Answers the questions of the gig, in their order, once the order is paid; the booking is ACTIVE then.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/requirements', 'booking_answer', who => 'CLIENT',
	summary => 'Answer the form of a gig order', answers => 'booking_doc');
