-- sql/booking/api_change.sql
--	API of change requests: what one side of a running booking asks for and the other one answers, or silence decides.

-- Notes what is wrong with the members of a change request.
CREATE OR REPLACE FUNCTION skillancer.check_change(p_id skillancer.booking_id, p_kind text, p_reason text,
		p_milestone_id skillancer.milestone_id, p_days integer, p_release skillancer.monetary)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_currency text;
BEGIN
	SELECT b.currency INTO v_currency FROM skillancer.booking b WHERE b.id = p_id;
	PERFORM skillancer.check_one_of('kind', p_kind, ARRAY['EXTENSION', 'PAUSE', 'CANCELLATION', 'AMENDMENT', 'REFUND']);
	PERFORM skillancer.check_text('reason', p_reason, 1, 2000);
	PERFORM skillancer.check_int('days', p_days, 1, 365, required => p_kind = 'EXTENSION');
	PERFORM skillancer.check_that('days', p_days IS NULL OR p_kind IN ('EXTENSION', 'PAUSE'), 'are for an EXTENSION or a PAUSE');
	PERFORM skillancer.check_that('milestoneId', (p_milestone_id IS NOT NULL) = (p_kind IN ('EXTENSION', 'REFUND'))
		AND (p_milestone_id IS NULL OR EXISTS (SELECT FROM skillancer.milestone m WHERE m.id = p_milestone_id
			AND m.booking_id = p_id AND m.state NOT IN ('RELEASED', 'REFUNDED', 'CANCELLED'))),
		'must be a milestone of the booking that is not over, for an EXTENSION or a REFUND only');
	PERFORM skillancer.check_that('release', p_release IS NULL OR p_kind = 'CANCELLATION', 'is for a CANCELLATION');
	IF p_release IS NOT NULL THEN
		PERFORM skillancer.check_money('release', p_release, 0, skillancer.policy_int('maxCharge') * 100);
		PERFORM skillancer.check_that('release', skillancer.monetary_currency(p_release) = v_currency,
			'must be in the currency of the booking');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.check_change(skillancer.booking_id, text, text, skillancer.milestone_id, integer, skillancer.monetary) IS
	'Notes every problem in the fields of a change request, but for those of an amendment.';

-- What an amendment asks for, as JSON.
CREATE OR REPLACE FUNCTION skillancer.read_amendment(p_id skillancer.booking_id, p_kind text, p_milestones jsonb,
		p_delivery_days integer, p_hourly_rate skillancer.monetary, p_weekly_limit integer)
	RETURNS jsonb
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
BEGIN
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id;
	PERFORM skillancer.check_int('deliveryDays', p_delivery_days, 1, 365, false);
	PERFORM skillancer.check_milestones('milestones', p_milestones, NULL);
	PERFORM skillancer.check_that('milestones', p_milestones IS NULL OR v_booking.kind = 'FIXED', 'are not for hourly work');
	PERFORM skillancer.check_that('hourlyRate', p_hourly_rate IS NULL OR v_booking.kind = 'HOURLY'
		AND skillancer.monetary_currency(p_hourly_rate) = v_booking.currency, 'is for hourly work, in the currency of the booking');
	PERFORM skillancer.check_number('hourlyRate', p_hourly_rate::numeric, 1, 1000000, false);
	PERFORM skillancer.check_hours('hourlyRate', coalesce(p_hourly_rate, v_booking.rate), coalesce(p_weekly_limit, v_booking.weekly_limit));
	PERFORM skillancer.check_that('kind', (p_kind = 'AMENDMENT') = (num_nonnulls(p_milestones, p_delivery_days, p_hourly_rate, p_weekly_limit) > 0),
		'AMENDMENT needs milestones, deliveryDays, hourlyRate or weeklyLimitMinutes, and nothing else has them');
	PERFORM skillancer.check_done();
	IF p_kind <> 'AMENDMENT' THEN
		RETURN NULL;
	END IF;
	PERFORM skillancer.check_that('milestones', jsonb_path_exists(p_milestones, '$[*] ? (@.amount.currency != $c)',
		jsonb_build_object('c', v_booking.currency)) IS NOT TRUE, 'must be in the currency of the booking');
	PERFORM skillancer.check_that('milestones', p_milestones IS NULL OR jsonb_array_length(p_milestones) + count(*) FILTER (
		WHERE m.state NOT IN ('PROPOSED', 'AGREED', 'CANCELLED')) > 0, 'must leave a milestone')
	FROM skillancer.milestone m WHERE m.booking_id = p_id;
	PERFORM skillancer.check_that('milestones', p_milestones IS NULL OR jsonb_array_length(p_milestones) + count(*)
		<= skillancer.policy_int('milestoneLimit'), 'are too many for one booking')
	FROM skillancer.milestone m WHERE m.booking_id = p_id;
	PERFORM skillancer.check_done();
	RETURN jsonb_strip_nulls(jsonb_build_object('milestones', skillancer.tidy_terms(p_milestones, 'amount'), 'deliveryDays', p_delivery_days,
		'rate', p_hourly_rate, 'weeklyLimitMinutes', p_weekly_limit));
END
$$;
COMMENT ON FUNCTION skillancer.read_amendment(skillancer.booking_id, text, jsonb, integer, skillancer.monetary, integer) IS
	'Raises every problem noted so far and those of an amendment, and returns what it changes in the terms; NULL for other kinds.';

-- Refuses a change that the booking does not take now.
CREATE OR REPLACE FUNCTION skillancer.change_refuse(p_id skillancer.booking_id, p_kind text) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text;
BEGIN
	SELECT b.state INTO v_state FROM skillancer.booking b WHERE b.id = p_id;
	IF NOT v_state = ANY (CASE p_kind WHEN 'PAUSE' THEN '{ACTIVE}'::text[]
			WHEN 'EXTENSION' THEN '{AWAITING_REQUIREMENTS,ACTIVE,PAUSED}'
			WHEN 'AMENDMENT' THEN '{AWAITING_PAYMENT,AWAITING_REQUIREMENTS,ACTIVE,PAUSED}'
			ELSE '{AWAITING_REQUIREMENTS,ACTIVE,PAUSED,ENDING}' END) THEN
		PERFORM skillancer.fail('INVALID_STATE', NULL, jsonb_build_object('state', v_state, 'allowed', '[]'::jsonb));
	ELSIF EXISTS (SELECT FROM skillancer.change_request r WHERE r.booking_id = p_id AND r.state = 'PENDING') THEN
		PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'another change of this booking waits for its answer');
	ELSIF p_kind NOT IN ('EXTENSION', 'AMENDMENT')
			AND EXISTS (SELECT FROM skillancer.milestone m WHERE m.booking_id = p_id AND m.frozen IS NOT NULL) THEN
		PERFORM skillancer.fail('DISPUTE_OPEN');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.change_refuse(skillancer.booking_id, text) IS
	'INVALID_STATE when a booking takes no change of this kind, DUPLICATE_RESOURCE while another one is pending.';

-- What silence means for a change.
CREATE OR REPLACE FUNCTION skillancer.change_silence(p_kind text, p_side text, p_release skillancer.monetary) RETURNS text
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF skillancer.monetary_minor(p_release) > 0 THEN
		RETURN 'DECLINE';
	END IF;
	RETURN coalesce(skillancer.policy_value('changeSilence') #>> ARRAY[p_kind, p_side], 'DECLINE');
END
$$;
COMMENT ON FUNCTION skillancer.change_silence(text, text, skillancer.monetary) IS
	'ACCEPT or DECLINE, by the policy changeSilence; money is never released by silence.';

-- Writes a change request down. The caller has checked it and holds the booking's lock.
CREATE OR REPLACE FUNCTION skillancer.change_add(p_id skillancer.booking_id, p_kind text, p_reason text,
		p_milestone_id skillancer.milestone_id DEFAULT NULL, p_days integer DEFAULT NULL,
		p_release skillancer.monetary DEFAULT NULL, p_changes jsonb DEFAULT NULL)
	RETURNS skillancer.change_request_id
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.booking_side(p_id);
	v_booking skillancer.booking%ROWTYPE;
	v_change skillancer.change_request_id := skillancer.new_id()::skillancer.change_request_id;
	v_policy jsonb := skillancer.policy_pin(ARRAY['changeRequestTerm']);
	v_silence text;
BEGIN
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id;
	v_silence := skillancer.change_silence(p_kind, CASE WHEN v_me = v_booking.client_id THEN 'CLIENT' ELSE 'FREELANCER' END, p_release);
	INSERT INTO skillancer.change_request (id, booking_id, milestone_id, client_id, freelancer_id, requested_by, kind,
		days, release, changes, terms_hash, reason, on_silence, policy)
	VALUES (v_change, p_id, p_milestone_id, v_booking.client_id, v_booking.freelancer_id, v_me, p_kind, p_days, p_release,
		p_changes, CASE WHEN p_changes IS NOT NULL THEN skillancer.terms_hash(skillancer.amended_terms(p_id, p_changes)) END,
		p_reason, v_silence, v_policy);
	PERFORM skillancer.schedule('change_request', v_change::uuid, lower(v_silence) || '_by_silence',
		skillancer.now() + (v_policy ->> 'changeRequestTerm')::interval);
	PERFORM skillancer.emit('change.requested', 'change', v_change::uuid, jsonb_build_object('changeId', v_change,
		'bookingId', p_id, 'clientId', v_booking.client_id, 'freelancerId', v_booking.freelancer_id,
		'state', 'PENDING', 'kind', p_kind), ARRAY[v_booking.client_id::uuid, v_booking.freelancer_id::uuid]);
	RETURN v_change;
END
$$;
COMMENT ON FUNCTION skillancer.change_add(skillancer.booking_id, text, text, skillancer.milestone_id, integer, skillancer.monetary, jsonb) IS
	'Adds a pending change request of the caller with what silence means, and its timer.';

-- Either side asks.
CREATE OR REPLACE FUNCTION skillancer_api.change_request_create(p_id skillancer.booking_id, p_kind text, p_reason text,
		p_milestone_id skillancer.milestone_id DEFAULT NULL, p_days integer DEFAULT NULL,
		p_release skillancer.monetary DEFAULT NULL, p_milestones jsonb DEFAULT NULL, p_delivery_days integer DEFAULT NULL,
		p_hourly_rate skillancer.monetary DEFAULT NULL, p_weekly_limit_minutes integer DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_freelancer skillancer.user_id;
	v_changes jsonb;
	v_change skillancer.change_request_id;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	SELECT b.freelancer_id INTO v_freelancer FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	END IF;
	PERFORM skillancer.check_change(p_id, p_kind, p_reason, p_milestone_id, p_days, p_release);
	PERFORM skillancer.check_that('kind', p_kind <> 'REFUND' OR v_freelancer <> skillancer.current_user_id(),
		'REFUND is asked for by the client; the freelancer gives back at once');
	v_changes := skillancer.read_amendment(p_id, p_kind, p_milestones, p_delivery_days, p_hourly_rate, p_weekly_limit_minutes);
	PERFORM skillancer.change_refuse(p_id, p_kind);
	v_change := skillancer.change_add(p_id, p_kind, p_reason, p_milestone_id, p_days, p_release, v_changes);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.change_request_doc d WHERE d.id = v_change);
END
$$;
COMMENT ON FUNCTION skillancer_api.change_request_create(skillancer.booking_id, text, text, skillancer.milestone_id, integer, skillancer.monetary, jsonb, integer, skillancer.monetary, integer) IS
	'Asks the other side for an EXTENSION (days more for a milestone), a PAUSE (for days, or until somebody goes on), a REFUND of what is left of a milestone, the CANCELLATION of the booking (release: the freelancer''s share of the escrow), or an AMENDMENT (milestones in place of those that are not funded, deliveryDays, hourlyRate, weeklyLimitMinutes). Without an answer by answerBy, onSilence happens.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/change-requests', 'change_request_create',
	summary => 'Ask for a change of a running booking', answers => '201 change_request_doc');

-- What was asked for.
CREATE OR REPLACE FUNCTION skillancer_api.change_request_list(p_id skillancer.booking_id)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.booking b WHERE b.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.id) FROM skillancer.change_request_doc d
		WHERE d.booking_id = p_id), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.change_request_list(skillancer.booking_id) IS
	'Every change that was asked for in a booking, oldest first.';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}/change-requests', 'change_request_list',
	summary => 'Change requests of a booking', answers => '[change_request_doc]');

-- Locks the booking of a change request and fires one event of it.
CREATE OR REPLACE FUNCTION skillancer.change_command(p_id skillancer.change_request_id, p_event text)
	RETURNS json
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking_id;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	SELECT r.booking_id INTO v_booking FROM skillancer.change_request r WHERE r.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM FROM skillancer.booking b WHERE b.id = v_booking FOR NO KEY UPDATE;
	PERFORM skillancer.fire('change_request', p_id::uuid, p_event);
	RETURN (SELECT d.doc FROM skillancer.change_request_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.change_command(skillancer.change_request_id, text) IS
	'The common body of the commands on a change request.';

-- The other side agrees: it happens now.
CREATE OR REPLACE FUNCTION skillancer_api.change_request_accept(p_id skillancer.change_request_id,
		p_terms_hash text DEFAULT NULL, p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_hash text;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.change_request_accept(%L, %L, false)', p_id, p_terms_hash));
	END IF;
	SELECT encode(r.terms_hash, 'hex') INTO v_hash FROM skillancer.change_request r WHERE r.id = p_id;
	PERFORM skillancer.check_that('termsHash', v_hash IS NULL OR p_terms_hash ~ '^[0-9a-f]{64}$' IS TRUE,
		'must be the 64 hexadecimal digits of the amended terms');
	PERFORM skillancer.check_done();
	IF p_terms_hash <> v_hash THEN
		PERFORM skillancer.fail('PRECONDITION_FAILED', 'these are not the terms of the amendment', jsonb_build_object('termsHash', v_hash));
	END IF;
	RETURN skillancer.change_command(p_id, 'accept');
END
$$;
COMMENT ON FUNCTION skillancer_api.change_request_accept(skillancer.change_request_id, text, boolean) IS
	'Accepts what the other side asks for; it happens in the same transaction. An AMENDMENT is accepted by the hash of the terms that it makes. dryRun shows the result and the postings.';
SELECT skillancer.add_route('POST', '/v1/change-requests/{id}/accept', 'change_request_accept',
	summary => 'Accept a change', answers => 'change_request_doc|dry_run');

-- The other side does not agree.
CREATE OR REPLACE FUNCTION skillancer_api.change_request_decline(p_id skillancer.change_request_id)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.change_command(p_id, 'decline');
END
$$;
COMMENT ON FUNCTION skillancer_api.change_request_decline(skillancer.change_request_id) IS
	'Declines what the other side asks for; the booking stays as it is.';
SELECT skillancer.add_route('POST', '/v1/change-requests/{id}/decline', 'change_request_decline',
	summary => 'Decline a change', answers => 'change_request_doc');

-- Who asked does not want it any more.
CREATE OR REPLACE FUNCTION skillancer_api.change_request_withdraw(p_id skillancer.change_request_id)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.change_command(p_id, 'withdraw');
END
$$;
COMMENT ON FUNCTION skillancer_api.change_request_withdraw(skillancer.change_request_id) IS
	'Takes back what the caller has asked for.';
SELECT skillancer.add_route('POST', '/v1/change-requests/{id}/withdraw', 'change_request_withdraw',
	summary => 'Withdraw a change request of mine', answers => 'change_request_doc');

-- Either side goes on.
CREATE OR REPLACE FUNCTION skillancer_api.booking_resume(p_id skillancer.booking_id)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	RETURN skillancer.booking_command(p_id, 'resume', '{}');
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_resume(skillancer.booking_id) IS
	'Ends a pause. While a booking is PAUSED nothing is funded and no work is handed in; what was submitted before is still approved or released by silence.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/resume', 'booking_resume', summary => 'Go on after a pause',
	answers => 'booking_doc');
