/*
 * sql/booking/reputation.sql
 *		From ended bookings and published reviews to outcomes, success score, rank and level.
 *
 * outcome_put(booking) writes the evidence of one booking, review_counts(review) takes up a review that was published
 * or removed; both end in reputation_refresh(user, side), which computes one row out of the evidence of that person
 * alone. Evidence grows too old without an event: stale_at says when, and a job of the timekeeper refreshes the rows
 * whose time has come. reputation_rebuild() computes everything from the bookings, and finds nothing to change.
 *
 * Locks: the row of reputation comes after bookings, milestones, reviews and accounts; who needs two takes them by
 * ascending user. What is computed is read after the lock is there, so that nobody's evidence is missed.
 */

-- The weight of an amount.
CREATE OR REPLACE FUNCTION skillancer.outcome_weight(p_cents bigint)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_outcome_weight';
COMMENT ON FUNCTION skillancer.outcome_weight(bigint) IS
	'min(3, ln(1 + usd / 50)) of an amount in cents; an unknown amount weighs as 50 dollars.';

-- How an end counts.
CREATE OR REPLACE FUNCTION skillancer.outcome_judge(p_released bigint, p_refunded bigint, p_stars integer,
	p_bad_stars integer, p_agreed_end boolean, OUT verdict integer, OUT reason text)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_outcome_judge';
COMMENT ON FUNCTION skillancer.outcome_judge(bigint, bigint, integer, integer, boolean) IS
	'1 success, -1 failure or 0 for a booking by what was released and refunded, the stars of the client''s published review (0: none), and whether both agreed to cancel it.';

-- The score of some outcomes.
CREATE OR REPLACE FUNCTION skillancer.success_score(p_clients skillancer.user_id[], p_cents bigint[],
	p_verdicts integer[], OUT score double precision, OUT weight double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_success_score';
COMMENT ON FUNCTION skillancer.success_score(skillancer.user_id[], bigint[], integer[]) IS
	'Success score and the weight that it rests on, the prior of 5 included; no client is more than a quarter of that. Verdicts of 0 and NULL are passed over.';

-- An amount in dollars.
CREATE OR REPLACE FUNCTION skillancer.usd_cents(p_amount skillancer.monetary, p_at timestamptz)
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_currency text := skillancer.monetary_currency(p_amount);
BEGIN
	IF v_currency = 'USD' THEN
		RETURN skillancer.monetary_minor(p_amount);
	END IF;
	RETURN (
		SELECT round(p_amount::numeric * x.rate * 100)
		FROM (
			SELECT r.rate, r.valid_from FROM skillancer.fx_rate r WHERE r.base = v_currency AND r.quote = 'USD'
			UNION ALL
			SELECT 1 / r.rate, r.valid_from FROM skillancer.fx_rate r WHERE r.base = 'USD' AND r.quote = v_currency
		) x
		WHERE x.valid_from <= p_at
		ORDER BY x.valid_from DESC, x.rate
		LIMIT 1);
END
$$;
COMMENT ON FUNCTION skillancer.usd_cents(skillancer.monetary, timestamptz) IS
	'An amount in cents of a US dollar at the rate of that time, either way round; NULL when no rate was known.';

-- What the evidence of a booking is now.
CREATE OR REPLACE FUNCTION skillancer.outcome_of(p_booking skillancer.booking_id)
RETURNS TABLE (booking_id skillancer.booking_id, client_id skillancer.user_id, freelancer_id skillancer.user_id,
	verdict smallint, reason text, amount skillancer.monetary, usd bigint, ended_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT b.id, b.client_id, b.freelancer_id, j.verdict::smallint, j.reason, m.released + m.refunded,
		skillancer.usd_cents(m.released + m.refunded, b.ended_at), b.ended_at
	FROM skillancer.booking b
	CROSS JOIN LATERAL (
		SELECT skillancer.sum(d.released - g.amount) AS released, skillancer.sum(d.refunded + g.amount) AS refunded
		FROM skillancer.milestone_doc d
		JOIN skillancer.milestone x ON x.id = d.id
		CROSS JOIN LATERAL (SELECT coalesce(x.given_back, skillancer.monetary_of(0, b.currency)) AS amount) g
		WHERE d.booking_id = b.id AND d.state IN ('RELEASED', 'REFUNDED')) m
	CROSS JOIN LATERAL skillancer.outcome_judge(skillancer.monetary_minor(m.released),
		skillancer.monetary_minor(m.refunded),
		coalesce((SELECT r.rating FROM skillancer.review r
			WHERE r.booking_id = b.id AND r.author_id = b.client_id AND r.state = 'PUBLISHED'), 0),
		skillancer.policy_int('outcomeBadStars')::integer,
		EXISTS (SELECT FROM skillancer.change_request c
			WHERE c.booking_id = b.id AND c.kind = 'CANCELLATION' AND c.state = 'ACCEPTED')) j
	WHERE b.id = p_booking AND b.state IN ('COMPLETED', 'CANCELLED') AND m.released IS NOT NULL;
END
$$;
COMMENT ON FUNCTION skillancer.outcome_of(skillancer.booking_id) IS
	'The row of skillancer.outcome that an ended booking has to have; none when nothing was ever funded.';

-- What a freelancer achieved in some months.
CREATE OR REPLACE FUNCTION skillancer.success_of(p_user skillancer.user_id, p_months integer, OUT outcomes integer,
	OUT clients integer, OUT earned_usd numeric, OUT score double precision, OUT weight double precision)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET timezone = 'UTC'
AS $$
BEGIN
	SELECT a.outcomes, a.clients, a.earned, s.score, s.weight
	INTO success_of.outcomes, success_of.clients, earned_usd, success_of.score, success_of.weight
	FROM (
		SELECT count(*) FILTER (WHERE o.verdict <> 0) AS outcomes,
			count(DISTINCT o.client_id) FILTER (WHERE o.verdict <> 0) AS clients,
			coalesce(sum(o.usd) FILTER (WHERE o.verdict > 0), 0) / 100 AS earned,
			coalesce(array_agg(o.client_id), '{}') AS who, coalesce(array_agg(o.usd), '{}') AS cents,
			coalesce(array_agg(o.verdict::integer), '{}') AS verdicts
		FROM skillancer.outcome o
		WHERE o.freelancer_id = p_user AND o.ended_at + make_interval(months => p_months) > skillancer.now()) a
	CROSS JOIN LATERAL skillancer.success_score(a.who, a.cents, a.verdicts) s;
END
$$;
COMMENT ON FUNCTION skillancer.success_of(skillancer.user_id, integer) IS
	'Outcomes that count, their clients, dollars of successes, score and its weight, of bookings that ended within so many months.';
GRANT EXECUTE ON FUNCTION skillancer.success_of(skillancer.user_id, integer) TO skillancer_bridge;

-- The ratings of some months.
CREATE OR REPLACE FUNCTION skillancer.rating_of(p_user skillancer.user_id, p_side text, p_months integer)
RETURNS skillancer.rating_tally
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET timezone = 'UTC'
AS $$
BEGIN
	RETURN (
		SELECT skillancer.rating_tally(r.rating::integer)
		FROM skillancer.review r
		WHERE r.subject_id = p_user AND r.state = 'PUBLISHED'
			AND CASE p_side WHEN 'FREELANCER' THEN r.freelancer_id ELSE r.client_id END = p_user
			AND r.published_at + make_interval(months => p_months) > skillancer.now());
END
$$;
COMMENT ON FUNCTION skillancer.rating_of(skillancer.user_id, text, integer) IS
	'Tally of the reviews of a person, as FREELANCER or as CLIENT, that were published within so many months.';
GRANT EXECUTE ON FUNCTION skillancer.rating_of(skillancer.user_id, text, integer) TO skillancer_bridge;

-- Where a freelancer stands with each rule.
CREATE OR REPLACE FUNCTION skillancer.level_checks(p_user skillancer.user_id)
RETURNS TABLE (level text, step integer, metric text, operator text, threshold numeric, months integer, value numeric,
	met boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	WITH period AS MATERIALIZED (
		SELECT m.months, s.*, skillancer.rating_of(p_user, 'FREELANCER', m.months) AS rating
		FROM (SELECT DISTINCT b.months FROM skillancer.badge_rule b) m
		CROSS JOIN LATERAL skillancer.success_of(p_user, m.months) s)
	SELECT b.level, array_position(ARRAY['RISING', 'ESTABLISHED', 'TOP'], b.level), b.metric, b.operator, b.threshold,
		b.months, v.value,
		coalesce(CASE b.operator WHEN '>=' THEN v.value >= b.threshold ELSE v.value <= b.threshold END, false)
	FROM skillancer.badge_rule b
	JOIN period p ON p.months = b.months
	CROSS JOIN LATERAL (SELECT CASE b.metric
		WHEN 'outcomes' THEN p.outcomes
		WHEN 'clients' THEN p.clients
		WHEN 'successScore' THEN round(p.score::numeric, 4)
		WHEN 'earnedUsd' THEN p.earned_usd
		WHEN 'reviews' THEN skillancer.rating_count(p.rating)
		WHEN 'rating' THEN skillancer.rating_mean(p.rating)
		WHEN 'accountDays' THEN (SELECT floor(extract(epoch FROM skillancer.now() - a.created_at) / 86400)
			FROM skillancer.user_account a WHERE a.id = p_user)
		WHEN 'identityVerified' THEN (SELECT count(*) FROM skillancer.verification f
			WHERE f.user_id = p_user AND f.kind = 'IDENTITY' AND f.status = 'VERIFIED')
		END AS value) v
	ORDER BY 2, b.metric;
END
$$;
COMMENT ON FUNCTION skillancer.level_checks(skillancer.user_id) IS
	'Every rule of badge_rule with the value that a freelancer has now, and whether it is met.';
GRANT EXECUTE ON FUNCTION skillancer.level_checks(skillancer.user_id) TO skillancer_bridge;

-- The level that follows.
CREATE OR REPLACE FUNCTION skillancer.level_of(p_user skillancer.user_id)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		WITH checks AS MATERIALIZED (SELECT c.level, c.step, c.met FROM skillancer.level_checks(p_user) c)
		SELECT coalesce((SELECT c.level FROM checks c
			WHERE NOT EXISTS (SELECT FROM checks b WHERE b.step <= c.step AND NOT b.met)
			ORDER BY c.step DESC LIMIT 1), 'NEW'));
END
$$;
COMMENT ON FUNCTION skillancer.level_of(skillancer.user_id) IS
	'The highest level whose rules, and those of every level below it, a freelancer meets now; NEW without any.';

-- When something changes without an event.
CREATE OR REPLACE FUNCTION skillancer.reputation_stale_at(p_user skillancer.user_id, p_side text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET timezone = 'UTC'
AS $$
BEGIN
	RETURN (
		WITH period AS MATERIALIZED (
			SELECT u AS months FROM unnest(ARRAY[6, 12, 24]) u UNION SELECT b.months FROM skillancer.badge_rule b)
		SELECT min(x.at) FROM (
			SELECT o.ended_at + make_interval(months => p.months) AS at
			FROM skillancer.outcome o, period p WHERE p_side = 'FREELANCER' AND o.freelancer_id = p_user
			UNION ALL
			SELECT r.published_at + make_interval(months => p.months)
			FROM skillancer.review r, period p WHERE r.subject_id = p_user AND r.state = 'PUBLISHED'
			UNION ALL
			SELECT a.created_at + make_interval(days => b.threshold::integer)
			FROM skillancer.user_account a, skillancer.badge_rule b
			WHERE a.id = p_user AND p_side = 'FREELANCER' AND b.metric = 'accountDays'
			UNION ALL
			SELECT skillancer.now() + interval '1 day'
			WHERE p_side = 'FREELANCER' AND EXISTS (SELECT FROM skillancer.outcome o WHERE o.freelancer_id = p_user
				AND o.ended_at + interval '24 months' > skillancer.now())
		) x WHERE x.at > skillancer.now());
END
$$;
COMMENT ON FUNCTION skillancer.reputation_stale_at(skillancer.user_id, text) IS
	'When the next piece of evidence leaves a period, or the account reaches an age that a level asks for; a day from now at the latest for a freelancer with outcomes, because a verification is no event of this area.';

-- The best period of a freelancer.
CREATE OR REPLACE FUNCTION skillancer.best_period(p_user skillancer.user_id, OUT score numeric, OUT months integer,
	OUT rank integer)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	SELECT round(s.score::numeric, 4), m.months,
		round(skillancer.wilson_lower(s.score, s.weight) * 10000)::integer
	INTO score, months, rank
	FROM unnest(ARRAY[6, 12, 24]) AS m (months)
	CROSS JOIN LATERAL skillancer.success_of(p_user, m.months) s
	WHERE s.outcomes >= skillancer.policy_int('scoreMinOutcomes')
		AND s.clients >= skillancer.policy_int('scoreMinClients')
	ORDER BY s.score DESC, m.months DESC
	LIMIT 1;
	IF NOT FOUND THEN
		SELECT round(skillancer.wilson_lower(s.score, s.weight) * 10000)::integer INTO rank
		FROM skillancer.success_of(p_user, 24) s;
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.best_period(skillancer.user_id) IS
	'The best score of 6, 12 and 24 months, among periods with enough outcomes and clients to show one, and the rank: the lower bound of that score, or of all 24 months.';

-- A row of reputation as it has to be.
CREATE OR REPLACE FUNCTION skillancer.reputation_of(p_user skillancer.user_id, p_side text,
	OUT rating skillancer.rating_tally, OUT score numeric, OUT months smallint, OUT rank integer,
	OUT outcomes integer, OUT clients integer, OUT level text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_best record;
BEGIN
	rating := skillancer.rating_of(p_user, p_side, 24);
	rank := 3755;
	outcomes := 0;
	clients := 0;
	level := 'NEW';
	IF p_side = 'FREELANCER' THEN
		SELECT * INTO v_best FROM skillancer.best_period(p_user);
		SELECT s.outcomes, s.clients INTO outcomes, clients FROM skillancer.success_of(p_user, 24) s;
		score := v_best.score;
		months := v_best.months;
		rank := v_best.rank;
		level := skillancer.level_of(p_user);
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.reputation_of(skillancer.user_id, text) IS
	'Rating, score, rank and level of a person out of the evidence at this time.';

-- Takes a row of reputation for oneself.
CREATE OR REPLACE FUNCTION skillancer.reputation_lock(p_user skillancer.user_id, p_side text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.reputation (user_id, side, rating) VALUES (p_user, p_side, '0/0/0/0/0')
	ON CONFLICT (user_id, side) DO NOTHING;
	PERFORM FROM skillancer.reputation r WHERE r.user_id = p_user AND r.side = p_side FOR UPDATE;
END
$$;
COMMENT ON FUNCTION skillancer.reputation_lock(skillancer.user_id, text) IS
	'Locks the reputation of a person on one side until the end of the transaction; makes the row when there is none.';

-- Tells the level and passes the rank on.
CREATE OR REPLACE FUNCTION skillancer.reputation_changed(p_user skillancer.user_id, p_from text, p_level text, p_rank integer)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_level <> p_from THEN
		UPDATE skillancer.reputation r SET level_since = skillancer.now()
		WHERE r.user_id = p_user AND r.side = 'FREELANCER';
		PERFORM skillancer.emit('reputation.level_changed', 'user', p_user::uuid,
			jsonb_build_object('userId', p_user, 'from', p_from, 'level', p_level), ARRAY[p_user::uuid]);
	END IF;
	UPDATE skillancer.profile p SET rank = p_rank WHERE p.user_id = p_user AND p.rank <> p_rank;
	UPDATE skillancer.gig g SET rank = p_rank WHERE g.freelancer_id = p_user AND g.rank <> p_rank;
END
$$;
COMMENT ON FUNCTION skillancer.reputation_changed(skillancer.user_id, text, text, integer) IS
	'What follows when a freelancer''s reputation was computed: the event of another level, the rank of profile and gigs.';

-- Computes a row anew.
CREATE OR REPLACE FUNCTION skillancer.reputation_refresh(p_user skillancer.user_id, p_side text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_old skillancer.reputation%ROWTYPE;
	v_new record;
	v_stale timestamptz;
	v_changed boolean;
BEGIN
	PERFORM skillancer.reputation_lock(p_user, p_side);
	SELECT * INTO STRICT v_old FROM skillancer.reputation r WHERE r.user_id = p_user AND r.side = p_side;
	SELECT * INTO v_new FROM skillancer.reputation_of(p_user, p_side);
	v_stale := skillancer.reputation_stale_at(p_user, p_side);
	v_changed := (v_new.rating, v_new.score, v_new.months, v_new.rank, v_new.outcomes, v_new.clients, v_new.level)
		IS DISTINCT FROM (v_old.rating, v_old.score, v_old.months, v_old.rank, v_old.outcomes, v_old.clients, v_old.level);
	UPDATE skillancer.reputation r
	SET rating = v_new.rating, score = v_new.score, months = v_new.months, rank = v_new.rank,
		outcomes = v_new.outcomes, clients = v_new.clients, level = v_new.level, stale_at = v_stale,
		version = r.version + v_changed::integer,
		updated_at = CASE WHEN v_changed THEN skillancer.now() ELSE r.updated_at END
	WHERE r.user_id = p_user AND r.side = p_side AND (v_changed OR r.stale_at IS DISTINCT FROM v_stale);
	IF v_changed AND p_side = 'FREELANCER' THEN
		PERFORM skillancer.reputation_changed(p_user, v_old.level, v_new.level, v_new.rank);
	END IF;
	RETURN v_changed;
END
$$;
COMMENT ON FUNCTION skillancer.reputation_refresh(skillancer.user_id, text) IS
	'Computes the reputation of a person on one side out of the evidence, and tells whether it changed.';
ALTER FUNCTION skillancer.reputation_refresh(skillancer.user_id, text) OWNER TO skillancer_engine;

-- Writes the evidence of a booking.
CREATE OR REPLACE FUNCTION skillancer.outcome_put(p_booking skillancer.booking_id)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_freelancer skillancer.user_id;
	v_changed boolean;
BEGIN
	SELECT b.freelancer_id INTO v_freelancer FROM skillancer.booking b WHERE b.id = p_booking;
	PERFORM skillancer.reputation_lock(v_freelancer, 'FREELANCER');
	INSERT INTO skillancer.outcome AS o (booking_id, client_id, freelancer_id, verdict, reason, amount, usd, ended_at)
	SELECT n.* FROM skillancer.outcome_of(p_booking) n
	ON CONFLICT (booking_id) DO UPDATE
	SET verdict = excluded.verdict, reason = excluded.reason, amount = excluded.amount, usd = excluded.usd,
		ended_at = excluded.ended_at
	WHERE (o.verdict, o.reason, o.amount, o.usd, o.ended_at)
		IS DISTINCT FROM (excluded.verdict, excluded.reason, excluded.amount, excluded.usd, excluded.ended_at);
	v_changed := FOUND;
	RETURN skillancer.reputation_refresh(v_freelancer, 'FREELANCER') OR v_changed;
END
$$;
COMMENT ON FUNCTION skillancer.outcome_put(skillancer.booking_id) IS
	'Writes what an ended booking says about its freelancer and computes his reputation anew; true when something changed. To be called whenever the money of an ended booking moved.';
ALTER FUNCTION skillancer.outcome_put(skillancer.booking_id) OWNER TO skillancer_engine;

-- Takes up a review that was published or removed.
CREATE OR REPLACE FUNCTION skillancer.review_counts(p_review skillancer.review_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM CASE WHEN r.subject_id = r.freelancer_id THEN skillancer.outcome_put(r.booking_id)
		ELSE skillancer.reputation_refresh(r.subject_id, 'CLIENT') END
	FROM skillancer.review r WHERE r.id = p_review;
END
$$;
COMMENT ON FUNCTION skillancer.review_counts(skillancer.review_id) IS
	'Computes anew what a review counts for: the outcome of the booking and the freelancer, or the rating of the client.';

-- Money that moves when the booking has ended: a freelancer gives it back, or the split of the last milestone is counted.
CREATE OR REPLACE FUNCTION skillancer.outcome_money_moved()
RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.outcome_put(b.id)
	FROM skillancer.booking b WHERE b.id = NEW.booking_id AND b.state IN ('COMPLETED', 'CANCELLED');
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.outcome_money_moved() IS
	'Trigger of milestone: what either side got of an ended booking, or gave back, changes its outcome.';
ALTER FUNCTION skillancer.outcome_money_moved() OWNER TO skillancer_engine;

-- The job: rows whose evidence grew too old.
CREATE OR REPLACE FUNCTION skillancer.refresh_reputation(p_limit integer DEFAULT 500)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_row record;
	v_done bigint := 0;
BEGIN
	FOR v_row IN
		SELECT r.user_id, r.side, r.stale_at FROM skillancer.reputation r WHERE r.stale_at <= skillancer.now()
		ORDER BY r.user_id, r.side LIMIT p_limit
	LOOP
		IF v_row.stale_at = '-infinity' AND v_row.side = 'FREELANCER' THEN
			PERFORM skillancer.outcome_put(b.id)
			FROM skillancer.booking b
			WHERE b.freelancer_id = v_row.user_id AND b.state IN ('COMPLETED', 'CANCELLED')
				AND NOT EXISTS (SELECT FROM skillancer.outcome o WHERE o.booking_id = b.id);
		END IF;
		PERFORM skillancer.reputation_refresh(v_row.user_id, v_row.side);
		v_done := v_done + 1;
	END LOOP;
	RETURN v_done;
END
$$;
COMMENT ON FUNCTION skillancer.refresh_reputation(integer) IS
	'Job of the timekeeper: computes anew the reputation of people for whom a period has ended, or whose rules changed; after an upgrade also the outcomes of bookings that ended before there were any. Returns how many people.';
ALTER FUNCTION skillancer.refresh_reputation(integer) OWNER TO skillancer_engine;
INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('refresh_reputation', '5 minutes');

-- Everything from the beginning.
CREATE OR REPLACE FUNCTION skillancer.reputation_rebuild()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_changed bigint;
BEGIN
	SELECT count(*) FILTER (WHERE skillancer.outcome_put(b.id)) INTO v_changed
	FROM (SELECT b.id FROM skillancer.booking b WHERE b.state IN ('COMPLETED', 'CANCELLED')
		ORDER BY b.freelancer_id, b.id) b;
	RETURN v_changed + (
		SELECT count(*) FILTER (WHERE skillancer.reputation_refresh(p.user_id, p.side))
		FROM (SELECT r.user_id, r.side FROM skillancer.reputation r
			UNION
			SELECT r.subject_id, CASE WHEN r.subject_id = r.freelancer_id THEN 'FREELANCER' ELSE 'CLIENT' END
			FROM skillancer.review r WHERE r.state <> 'HIDDEN'
			ORDER BY 1, 2) p);
END
$$;
COMMENT ON FUNCTION skillancer.reputation_rebuild() IS
	'Computes every outcome and every reputation from bookings and reviews. Returns how many differed from what was there: 0, unless a rule was edited or a period ended since the last run of the job.';
ALTER FUNCTION skillancer.reputation_rebuild() OWNER TO skillancer_engine;

-- Other rules, other levels.
CREATE OR REPLACE FUNCTION skillancer.badge_rules_changed()
RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.reputation r SET stale_at = '-infinity' WHERE r.side = 'FREELANCER';
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.badge_rules_changed() IS
	'Trigger of badge_rule: the job looks at the level of everybody again.';
ALTER FUNCTION skillancer.badge_rules_changed() OWNER TO skillancer_engine;

-- A new gig.
CREATE OR REPLACE FUNCTION skillancer.gig_rank()
RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	NEW.rank := coalesce((SELECT p.rank FROM skillancer.profile p WHERE p.user_id = NEW.freelancer_id), NEW.rank);
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION skillancer.gig_rank() IS 'Trigger of gig: a new one has the rank of its freelancer.';

-- The level, for other areas.
CREATE OR REPLACE FUNCTION skillancer.freelancer_level(p_user skillancer.user_id)
RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN coalesce((SELECT r.level FROM skillancer.reputation r
		WHERE r.user_id = p_user AND r.side = 'FREELANCER'), 'NEW');
END
$$;
COMMENT ON FUNCTION skillancer.freelancer_level(skillancer.user_id) IS
	'Level of a freelancer: NEW, RISING, ESTABLISHED or TOP; NEW for anybody without outcomes.';
ALTER FUNCTION skillancer.freelancer_level(skillancer.user_id) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.freelancer_level(skillancer.user_id) TO skillancer_bridge;
