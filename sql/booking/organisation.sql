-- sql/booking/organisation.sql
--	Bookings of organisations: what belongs to one, which side the caller is on, who pays and within which limit.

-- What belongs to a booking belongs to its organisation.
CREATE OR REPLACE FUNCTION skillancer.booking_organisation() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	NEW.organisation_id := (SELECT b.organisation_id FROM skillancer.booking b WHERE b.id = NEW.booking_id);
	RETURN NEW;
END
$$;
ALTER FUNCTION skillancer.booking_organisation() OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.booking_organisation() IS 'Trigger: copies the organisation of the booking into a new row.';

-- The party for which the caller acts.
CREATE OR REPLACE FUNCTION skillancer.booking_side(p_id skillancer.booking_id) RETURNS skillancer.user_id
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT CASE WHEN b.freelancer_id = skillancer.current_user_id() THEN b.freelancer_id ELSE b.client_id END
		FROM skillancer.booking b WHERE b.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.booking_side(skillancer.booking_id) IS
	'Freelancer or client of a booking that the caller has locked: whoever else acts, does so for the client''s organisation.';

-- Notes a problem unless the caller may book for an organisation.
CREATE OR REPLACE FUNCTION skillancer.check_organisation(p_organisation skillancer.organisation_id,
		p_freelancer skillancer.user_id)
	RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_that('organisationId', p_organisation IS NULL OR p_organisation = ANY (skillancer.my_organisations()),
		'must be one of your organisations');
	PERFORM skillancer.check_that('organisationId', NOT EXISTS (SELECT FROM skillancer.organisation_member m
		WHERE m.organisation_id = p_organisation AND m.user_id = p_freelancer), 'must not be one of the freelancer''s own');
END
$$;
ALTER FUNCTION skillancer.check_organisation(skillancer.organisation_id, skillancer.user_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.check_organisation(skillancer.organisation_id, skillancer.user_id) IS
	'Notes a problem of the field organisationId unless it is NULL or an organisation of the caller, to which the freelancer does not belong.';

-- The caller may spend so much for an organisation.
CREATE OR REPLACE FUNCTION skillancer.check_spending(p_organisation skillancer.organisation_id, p_client skillancer.user_id,
		p_amount skillancer.monetary, p_milestone skillancer.milestone_id DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_member skillancer.organisation_member%ROWTYPE;
	v_month timestamptz := date_trunc('month', skillancer.now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
	v_spent skillancer.monetary;
BEGIN
	IF p_organisation IS NULL THEN
		RETURN;
	END IF;
	SELECT * INTO v_member FROM skillancer.organisation_member m
	WHERE m.organisation_id = p_organisation AND m.user_id = skillancer.current_user_id() FOR NO KEY UPDATE;
	IF NOT FOUND OR v_member.role = 'MEMBER' AND p_client <> v_member.user_id THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	ELSIF v_member.spending_limit IS NULL THEN
		RETURN;
	END IF;
	SELECT coalesce(skillancer.sum(s.amount), p_amount - p_amount) INTO v_spent
	FROM (
		SELECT m.amount FROM skillancer.milestone m
		WHERE m.payer_id = v_member.user_id AND m.organisation_id = p_organisation AND m.id IS DISTINCT FROM p_milestone
			AND (m.state = 'FUNDING' OR m.funded_at >= v_month)
		UNION ALL
		SELECT t.amount FROM skillancer.tip t
		WHERE t.payer_id = v_member.user_id AND t.organisation_id = p_organisation AND t.created_at >= v_month) s
	WHERE skillancer.monetary_currency(s.amount) = skillancer.monetary_currency(p_amount);
	IF skillancer.monetary_currency(v_member.spending_limit) <> skillancer.monetary_currency(p_amount)
			OR skillancer.monetary_minor(v_spent) + skillancer.monetary_minor(p_amount) > skillancer.monetary_minor(v_member.spending_limit) THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'your spending limit in this organisation is reached',
			jsonb_build_object('spendingLimit', v_member.spending_limit, 'spent', v_spent));
	END IF;
END
$$;
ALTER FUNCTION skillancer.check_spending(skillancer.organisation_id, skillancer.user_id, skillancer.monetary, skillancer.milestone_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.check_spending(skillancer.organisation_id, skillancer.user_id, skillancer.monetary, skillancer.milestone_id) IS
	'Refuses who does not act for the client of a booking of an organisation, and what passes the caller''s monthly spending limit there; locks the membership, so that two payments at once do not pass it.';

-- The caller pays for a milestone of an organisation, within the limit.
CREATE OR REPLACE FUNCTION skillancer.milestone_payer(p_id skillancer.milestone_id) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_milestone skillancer.milestone%ROWTYPE;
BEGIN
	SELECT * INTO v_milestone FROM skillancer.milestone m WHERE m.id = p_id;
	IF v_milestone.organisation_id IS NULL OR v_milestone.state NOT IN ('AGREED', 'FUNDING') THEN
		RETURN;
	END IF;
	PERFORM skillancer.check_spending(v_milestone.organisation_id, v_milestone.client_id, v_milestone.amount, p_id);
	UPDATE skillancer.milestone m SET payer_id = skillancer.current_user_id() WHERE m.id = p_id;
END
$$;
ALTER FUNCTION skillancer.milestone_payer(skillancer.milestone_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.milestone_payer(skillancer.milestone_id) IS
	'Makes the caller the payer of a milestone that belongs to an organisation: a member who may act for it, within the monthly spending limit.';

-- Who pays for a week of an hourly booking without being asked.
CREATE OR REPLACE FUNCTION skillancer.week_payer(p_id skillancer.milestone_id) RETURNS skillancer.user_id
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_payer skillancer.user_id;
BEGIN
	SELECT coalesce(p.user_id, b.client_id) INTO v_payer
	FROM skillancer.milestone m
	JOIN skillancer.booking b ON b.id = m.booking_id
	LEFT JOIN skillancer.payment_method p ON p.id = b.payment_method_id
	WHERE m.id = p_id AND (b.organisation_id IS NULL OR EXISTS (SELECT FROM skillancer.organisation_member x
		WHERE x.organisation_id = b.organisation_id AND x.user_id = coalesce(p.user_id, b.client_id)));
	UPDATE skillancer.milestone m SET payer_id = v_payer WHERE m.id = p_id AND m.organisation_id IS NOT NULL;
	RETURN v_payer;
END
$$;
ALTER FUNCTION skillancer.week_payer(skillancer.milestone_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.week_payer(skillancer.milestone_id) IS
	'The owner of the booking''s payment method, else the client; NULL when that person does not belong to the organisation any more.';
