-- sql/booking/api_accept.sql
--	Accepting a proposal: the one place where a project turns into a booking.

-- The terms of a booking from a proposal, as they are frozen.
CREATE OR REPLACE FUNCTION skillancer.proposal_terms(p_id skillancer.proposal_id, p_fee_version integer,
		p_policy jsonb)
	RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT jsonb_build_object(
			'project', jsonb_build_object('id', j.id, 'title', j.title, 'description', j.description),
			'proposal', jsonb_build_object('id', p.id, 'revision', p.revision, 'coverLetter', p.cover_letter),
			'price', p.bid,
			'deliveryDays', p.delivery_days,
			'milestones', CASE WHEN jsonb_array_length(p.milestones) > 0 THEN p.milestones
				ELSE jsonb_build_array(jsonb_build_object('title', j.title, 'amount', p.bid,
					'days', p.delivery_days)) END,
			'feeVersion', p_fee_version,
			'policy', p_policy)
		FROM skillancer.proposal p
		JOIN skillancer.project j ON j.id = p.project_id
		WHERE p.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.proposal_terms(skillancer.proposal_id, integer, jsonb) IS
	'What the two sides agree on when this proposal is accepted, as JSON.';

-- Makes the booking of an accepted proposal, with its milestones.
CREATE OR REPLACE FUNCTION skillancer.booking_from_proposal(p_id skillancer.proposal_id)
	RETURNS skillancer.booking_id
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking_id := skillancer.new_id()::skillancer.booking_id;
	v_fee_version integer := skillancer.policy_int('feeVersion');
	v_policy jsonb := skillancer.policy_pin(ARRAY['bookingPaymentTerm', 'autoRelease', 'revisionLimit',
		'earningHold', 'reviewWindow']);
	v_terms jsonb := skillancer.proposal_terms(p_id, v_fee_version, v_policy);
BEGIN
	INSERT INTO skillancer.booking (id, source, project_id, proposal_id, client_id, freelancer_id, title,
		currency, terms, terms_hash, fee_version, policy)
	SELECT v_booking, 'PROPOSAL', p.project_id, p.id, p.client_id, p.freelancer_id,
		v_terms #>> '{project,title}', skillancer.monetary_currency(p.bid), v_terms,
		skillancer.terms_hash(v_terms), v_fee_version, v_policy
	FROM skillancer.proposal p
	WHERE p.id = p_id;
	PERFORM skillancer.booking_begin(v_booking);
	RETURN v_booking;
END
$$;
COMMENT ON FUNCTION skillancer.booking_from_proposal(skillancer.proposal_id) IS
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
CREATE OR REPLACE FUNCTION skillancer_api.proposal_accept(p_id skillancer.proposal_id, p_revision integer)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_project skillancer.project_id;
	v_revision integer;
	v_booking skillancer.booking_id;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	PERFORM skillancer.check_int('revision', p_revision, 1, 1000000, true);
	PERFORM skillancer.check_done();
	SELECT p.project_id INTO v_project FROM skillancer.proposal p WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM FROM skillancer.project j WHERE j.id = v_project FOR NO KEY UPDATE;
	PERFORM skillancer.fire('proposal', p_id::uuid, 'accept');
	SELECT p.revision INTO v_revision FROM skillancer.proposal p WHERE p.id = p_id;
	IF v_revision <> p_revision THEN
		PERFORM skillancer.fail('PRECONDITION_FAILED', 'the proposal was edited: read it again before you accept it',
			jsonb_build_object('revision', v_revision));
	END IF;
	v_booking := skillancer.booking_from_proposal(p_id);
	PERFORM skillancer.project_take_opening(v_project);
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = v_booking);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_accept(skillancer.proposal_id, integer) IS
	'Accepts a proposal in the revision that the client has read, and returns the booking, which awaits payment. The project is FILLED and its other proposals are CLOSED when its openings are taken.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/accept', 'proposal_accept', who => 'CLIENT',
	summary => 'Accept a proposal and book the freelancer');
