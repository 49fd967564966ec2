-- sql/booking/risk.sql
--	Signs of fraud that no text shows: haste, dealing with oneself, reviews in a burst. They are noted where they arise, as
--	rows of risk_signal, and their sum sends the next project of the person to review.

-- Notes one sign about somebody.
CREATE OR REPLACE FUNCTION skillancer.risk_add(p_user skillancer.user_id, p_kind text, p_subject_type text, p_subject uuid, p_score integer)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.risk_signal (user_id, kind, subject_type, subject_id, score)
	SELECT p_user, p_kind, p_subject_type, p_subject, p_score
	WHERE NOT EXISTS (SELECT FROM skillancer.risk_signal s WHERE s.user_id = p_user AND s.kind = p_kind
		AND s.created_at > skillancer.now() - interval '1 hour');
END
$$;
COMMENT ON FUNCTION skillancer.risk_add(skillancer.user_id, text, text, uuid, integer) IS
	'Writes a risk_signal row, at most one of a kind and a person within an hour.';

-- What is known against somebody, texts aside.
CREATE OR REPLACE FUNCTION skillancer.risk_of(p_user skillancer.user_id) RETURNS integer
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT coalesce(sum(s.score), 0) FROM skillancer.risk_signal s
		WHERE s.user_id = p_user AND s.kind IN ('velocity', 'self_dealing', 'review_burst')
			AND s.created_at > skillancer.now() - skillancer.policy_interval('riskTerm'));
END
$$;
ALTER FUNCTION skillancer.risk_of(skillancer.user_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.risk_of(skillancer.user_id) IS
	'Sum of the scores of haste, self-dealing and bursts of reviews within the policy riskTerm. Texts are judged one by one.';

-- Trigger of project and proposal: haste.
CREATE OR REPLACE FUNCTION skillancer.risk_velocity() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id := skillancer.current_user_id();
	v_limit bigint;
	v_times timestamptz[];
BEGIN
	IF v_user IS NULL THEN
		RETURN NULL;
	END IF;
	v_limit := skillancer.policy_int('riskVelocity');
	IF TG_TABLE_NAME = 'proposal' THEN
		v_times := ARRAY(SELECT p.created_at FROM skillancer.proposal p WHERE p.freelancer_id = v_user ORDER BY p.id DESC LIMIT v_limit);
	ELSE
		v_times := ARRAY(SELECT p.created_at FROM skillancer.project p WHERE p.client_id = v_user ORDER BY p.id DESC LIMIT v_limit);
	END IF;
	IF v_times[v_limit] > skillancer.now() - interval '1 hour' THEN
		PERFORM skillancer.risk_add(v_user, 'velocity', TG_TABLE_NAME, NEW.id::uuid, 30);
	END IF;
	RETURN NULL;
END
$$;
ALTER FUNCTION skillancer.risk_velocity() OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.risk_velocity() IS
	'Trigger: notes the sign "velocity" when the caller has made more projects or proposals within an hour than the policy riskVelocity.';

-- Trigger of booking: both sides sit at one desk.
CREATE OR REPLACE FUNCTION skillancer.risk_self_dealing() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.risk_add(u.id, 'self_dealing', 'booking', NEW.id::uuid, 60)
	FROM unnest(ARRAY[NEW.client_id, NEW.freelancer_id]) u (id)
	WHERE EXISTS (
		SELECT FROM skillancer.session c
		JOIN skillancer.session f ON f.user_id = NEW.freelancer_id AND f.address = c.address
		WHERE c.user_id = NEW.client_id AND c.address IS NOT NULL AND NOT skillancer.is_private_address(c.address)
			AND least(c.last_used_at, f.last_used_at) > skillancer.now() - skillancer.policy_interval('riskTerm'));
	RETURN NULL;
END
$$;
ALTER FUNCTION skillancer.risk_self_dealing() OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.risk_self_dealing() IS
	'Trigger of booking: notes the sign "self_dealing" against both sides when they have signed in from one public address.';

-- An address that says nothing about who somebody is.
CREATE OR REPLACE FUNCTION skillancer.is_private_address(p_address text) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN p_address::inet <<= ANY ('{127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,100.64.0.0/10,::1/128,fc00::/7,fe80::/10}'::inet[]);
EXCEPTION WHEN invalid_text_representation THEN
	RETURN true;
END
$$;
COMMENT ON FUNCTION skillancer.is_private_address(text) IS
	'Loopback, private, link-local and carrier-grade NAT addresses, and what is no address.';

-- Trigger of review: praise in a burst.
CREATE OR REPLACE FUNCTION skillancer.risk_review_burst() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF (SELECT count(*) FROM skillancer.review r WHERE r.subject_id = NEW.subject_id AND r.state = 'PUBLISHED' AND r.rating = 5
			AND r.published_at > skillancer.now() - interval '1 day') >= skillancer.policy_int('riskReviewBurst') THEN
		PERFORM skillancer.risk_add(NEW.subject_id, 'review_burst', 'review', NEW.id::uuid, 40);
	END IF;
	RETURN NULL;
END
$$;
ALTER FUNCTION skillancer.risk_review_burst() OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.risk_review_burst() IS
	'Trigger of review: notes the sign "review_burst" when as many reviews of five stars about a person were published within a day as the policy riskReviewBurst says.';
