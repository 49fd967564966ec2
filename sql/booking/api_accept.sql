-- sql/booking/api_accept.sql
--	Accepting a proposal: the one place where a project turns into a booking.

-- The terms of a booking from a proposal, as they are frozen.
CREATE OR REPLACE FUNCTION skillancer.proposal_terms(p_id skillancer.proposal_id, p_fee_version integer,
		p_policy jsonb, p_weekly_limit integer)
	RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT jsonb_build_object(
			'project', jsonb_build_object('id', j.id, 'title', j.title, 'description', j.description),
			'proposal', jsonb_build_object('id', p.id, 'revision', p.revision, 'coverLetter', p.cover_letter),
			'deliveryDays', p.delivery_days,
			'feeVersion', p_fee_version,
			'policy', p_policy)
			|| CASE j.budget_kind WHEN 'HOURLY' THEN skillancer.hourly_terms(p.bid, p_weekly_limit)
			ELSE jsonb_build_object('price', p.bid, 'milestones', CASE WHEN jsonb_array_length(p.milestones) > 0 THEN p.milestones
				ELSE jsonb_build_array(jsonb_build_object('title', j.title, 'amount', p.bid,
					'days', p.delivery_days)) END) END
		FROM skillancer.proposal p
		JOIN skillancer.project j ON j.id = p.project_id
		WHERE p.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.proposal_terms(skillancer.proposal_id, integer, jsonb, integer) IS
	'What the two sides agree on when this proposal is accepted, as JSON. On an hourly project the bid is the rate of an hour.';

-- Makes the booking of an accepted proposal, with its milestones.
CREATE OR REPLACE FUNCTION skillancer.booking_from_proposal(p_id skillancer.proposal_id, p_weekly_limit integer,
		p_organisation skillancer.organisation_id)
	RETURNS skillancer.booking_id
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking_id := skillancer.new_id()::skillancer.booking_id;
	v_fee_version integer := skillancer.policy_int('feeVersion');
	v_policy jsonb;
	v_terms jsonb;
BEGIN
	SELECT skillancer.booking_policy(j.budget_kind) - 'offerTerm' INTO v_policy
	FROM skillancer.proposal p JOIN skillancer.project j ON j.id = p.project_id
	WHERE p.id = p_id;
	v_terms := skillancer.proposal_terms(p_id, v_fee_version, v_policy, p_weekly_limit);
	INSERT INTO skillancer.booking (id, source, project_id, proposal_id, client_id, freelancer_id, title,
		currency, terms, terms_hash, terms_by, fee_version, policy, kind, rate, weekly_limit, organisation_id)
	SELECT v_booking, 'PROPOSAL', p.project_id, p.id, p.client_id, p.freelancer_id,
		v_terms #>> '{project,title}', skillancer.monetary_currency(p.bid), v_terms,
		skillancer.terms_hash(v_terms), p.freelancer_id, v_fee_version, v_policy, coalesce(v_terms ->> 'kind', 'FIXED'),
		(v_terms -> 'rate')::skillancer.monetary, (v_terms ->> 'weeklyLimitMinutes')::integer, p_organisation
	FROM skillancer.proposal p
	WHERE p.id = p_id;
	PERFORM skillancer.booking_begin(v_booking);
	RETURN v_booking;
END
$$;
COMMENT ON FUNCTION skillancer.booking_from_proposal(skillancer.proposal_id, integer, skillancer.organisation_id) IS
	'Inserts the booking and its milestones with pinned policies, the fee version of today and the hash of the terms.';

-- Takes one opening of a project; the last one fills it, which closes the proposals that are left.
CREATE OR REPLACE FUNCTION skillancer.project_take_opening(p_id skillancer.project_id)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_taken bigint;
	v_openings integer;
BEGIN
	SELECT count(*) INTO v_taken FROM skillancer.booking b WHERE b.project_id = p_id AND b.state <> 'VOID';
	SELECT j.openings INTO v_openings FROM skillancer.project j WHERE j.id = p_id;
	IF v_taken >= v_openings THEN
		PERFORM skillancer.fire_system('project', p_id::uuid, 'fill');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.project_take_opening(skillancer.project_id) IS
	'Called under the project''s lock after a booking was made.';

-- The client accepts a proposal: one winner per opening, however many accept at once.
CREATE OR REPLACE FUNCTION skillancer_api.proposal_accept(p_id skillancer.proposal_id, p_revision integer,
		p_weekly_limit_minutes integer DEFAULT NULL, p_organisation_id skillancer.organisation_id DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_project skillancer.project_id;
	v_revision integer;
	v_kind text;
	v_bid skillancer.monetary;
	v_freelancer skillancer.user_id;
	v_booking skillancer.booking_id;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	SELECT p.project_id, j.budget_kind, p.bid, p.freelancer_id INTO v_project, v_kind, v_bid, v_freelancer
	FROM skillancer.proposal p JOIN skillancer.project j ON j.id = p.project_id
	WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.check_int('revision', p_revision, 1, 1000000, true);
	PERFORM skillancer.check_hours('bid', CASE v_kind WHEN 'HOURLY' THEN v_bid END, p_weekly_limit_minutes);
	PERFORM skillancer.check_organisation(p_organisation_id, v_freelancer);
	PERFORM skillancer.check_done();
	PERFORM FROM skillancer.project j WHERE j.id = v_project FOR NO KEY UPDATE;
	PERFORM skillancer.fire('proposal', p_id::uuid, 'accept');
	SELECT p.revision INTO v_revision FROM skillancer.proposal p WHERE p.id = p_id;
	IF v_revision <> p_revision THEN
		PERFORM skillancer.fail('PRECONDITION_FAILED', 'the proposal was edited: read it again before you accept it',
			jsonb_build_object('revision', v_revision));
	END IF;
	v_booking := skillancer.booking_from_proposal(p_id, p_weekly_limit_minutes, p_organisation_id);
	PERFORM skillancer.project_take_opening(v_project);
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = v_booking);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_accept(skillancer.proposal_id, integer, integer, skillancer.organisation_id) IS
	'Accepts a proposal in the revision that the client has read, and returns the booking, which awaits payment. On an hourly project the client may set the weekly limit in minutes, 40 hours otherwise. organisationId makes it a booking of one of the caller''s organisations. The project is FILLED and its other proposals are CLOSED when its openings are taken.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/accept', 'proposal_accept', who => 'CLIENT',
	summary => 'Accept a proposal and book the freelancer', answers => 'booking_doc');
