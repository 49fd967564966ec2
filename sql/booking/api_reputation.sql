-- sql/booking/api_reputation.sql
--	API of reputation: what everybody sees of a person, and what a person sees of himself, with the evidence.

-- Means of the sub-scores of one side.
CREATE OR REPLACE FUNCTION skillancer.sub_scores(p_user skillancer.user_id, p_side text)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
	SET timezone = 'UTC'
AS $$
BEGIN
	RETURN (
		SELECT CASE p_side WHEN 'FREELANCER' THEN
			skillancer.json_doc('quality', skillancer.rating_mean(skillancer.rating_tally(r.quality::integer)),
				'communication', skillancer.rating_mean(skillancer.rating_tally(r.communication::integer)),
				'timeliness', skillancer.rating_mean(skillancer.rating_tally(r.timeliness::integer)),
				'wouldWorkAgain', round(avg(r.would_work_again::integer), 4))
		ELSE
			skillancer.json_doc('clarity', skillancer.rating_mean(skillancer.rating_tally(r.clarity::integer)),
				'communication', skillancer.rating_mean(skillancer.rating_tally(r.communication::integer)),
				'promptness', skillancer.rating_mean(skillancer.rating_tally(r.promptness::integer)),
				'wouldWorkAgain', round(avg(r.would_work_again::integer), 4))
		END
		FROM skillancer.review r
		WHERE r.subject_id = p_user AND r.state = 'PUBLISHED'
			AND CASE p_side WHEN 'FREELANCER' THEN r.freelancer_id ELSE r.client_id END = p_user
			AND r.published_at + interval '24 months' > skillancer.now());
END
$$;
COMMENT ON FUNCTION skillancer.sub_scores(skillancer.user_id, text) IS
	'Means of the three sub-scores of a side and the share who would work with the person again, of reviews published in the last 24 months.';
GRANT EXECUTE ON FUNCTION skillancer.sub_scores(skillancer.user_id, text) TO skillancer_bridge;

-- What everybody sees of one side of a person.
CREATE OR REPLACE FUNCTION skillancer.reputation_summary(p_user skillancer.user_id, p_side text)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT CASE p_side WHEN 'FREELANCER' THEN
			skillancer.json_doc('level', coalesce(r.level, 'NEW'), 'levelSince', r.level_since, 'successScore', r.score,
				'scoreMonths', r.months, 'outcomes', coalesce(r.outcomes, 0), 'clients', coalesce(r.clients, 0),
				'rating', coalesce(r.rating, '0/0/0/0/0'), 'subScores', skillancer.sub_scores(p_user, p_side))
		ELSE
			skillancer.json_doc('rating', coalesce(r.rating, '0/0/0/0/0'),
				'subScores', skillancer.sub_scores(p_user, p_side))
		END
		FROM (SELECT) one
		LEFT JOIN skillancer.reputation r ON r.user_id = p_user AND r.side = p_side);
END
$$;
COMMENT ON FUNCTION skillancer.reputation_summary(skillancer.user_id, text) IS
	'Public reputation of a person as FREELANCER or as CLIENT; with its empty values for somebody without any.';
GRANT EXECUTE ON FUNCTION skillancer.reputation_summary(skillancer.user_id, text) TO skillancer_bridge;

-- What everybody sees.
CREATE OR REPLACE FUNCTION skillancer_api.user_reputation(p_id skillancer.user_id)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM skillancer.profile p WHERE p.user_id = p_id) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN skillancer.json_doc('userId', p_id, 'freelancer', skillancer.reputation_summary(p_id, 'FREELANCER'),
		'client', skillancer.reputation_summary(p_id, 'CLIENT'));
END
$$;
COMMENT ON FUNCTION skillancer_api.user_reputation(skillancer.user_id) IS
	'Level, success score (once it is shown), ratings and sub-scores of the last 24 months of a person whose profile the caller sees.';
SELECT skillancer.add_route('GET', '/v1/users/{id}/reputation', 'user_reputation', who => 'anyone',
	summary => 'Reputation of a person',
	answers => '{userId: user_id, freelancer: freelancer_reputation, client: client_reputation}');

-- The score of each period, and whether it may be shown.
CREATE OR REPLACE FUNCTION skillancer.my_periods(p_user skillancer.user_id)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT json_agg(skillancer.json_doc('months', m.months, 'outcomes', s.outcomes, 'clients', s.clients,
			'score', round(s.score::numeric, 4), 'weight', round(s.weight::numeric, 4),
			'counts', s.outcomes >= skillancer.policy_int('scoreMinOutcomes')
				AND s.clients >= skillancer.policy_int('scoreMinClients')) ORDER BY m.months)
		FROM unnest(ARRAY[6, 12, 24]) AS m (months)
		CROSS JOIN LATERAL skillancer.success_of(p_user, m.months) s);
END
$$;
COMMENT ON FUNCTION skillancer.my_periods(skillancer.user_id) IS
	'Success score of 6, 12 and 24 months; the best of those that count is the one that is shown.';
GRANT EXECUTE ON FUNCTION skillancer.my_periods(skillancer.user_id) TO skillancer_bridge;

-- The bookings behind the score.
CREATE OR REPLACE FUNCTION skillancer.my_evidence(p_user skillancer.user_id)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
	SET timezone = 'UTC'
AS $$
BEGIN
	RETURN (
		SELECT coalesce(json_agg(e.doc ORDER BY e.ended_at DESC, e.booking_id), '[]')
		FROM (
			SELECT o.ended_at, o.booking_id, skillancer.json_doc('bookingId', o.booking_id, 'title', b.title,
				'clientId', o.client_id, 'amount', o.amount, 'endedAt', o.ended_at,
				'verdict', CASE o.verdict WHEN 1 THEN 'SUCCESS' WHEN -1 THEN 'FAILURE' ELSE 'NEUTRAL' END,
				'reason', o.reason,
				'weight', CASE WHEN o.verdict = 0 THEN 0 ELSE round(skillancer.outcome_weight(o.usd)::numeric, 4) END,
				'countsUntil', o.ended_at + interval '24 months') AS doc
			FROM skillancer.outcome o
			JOIN skillancer.booking b ON b.id = o.booking_id
			WHERE o.freelancer_id = p_user AND o.ended_at + interval '24 months' > skillancer.now()
			ORDER BY o.ended_at DESC, o.booking_id
			LIMIT 200) e);
END
$$;
COMMENT ON FUNCTION skillancer.my_evidence(skillancer.user_id) IS
	'The 200 newest outcomes that count for a freelancer, with verdict, reason and weight before the cap on one client.';
GRANT EXECUTE ON FUNCTION skillancer.my_evidence(skillancer.user_id) TO skillancer_bridge;

-- The way to the next level.
CREATE OR REPLACE FUNCTION skillancer.my_requirements(p_user skillancer.user_id, p_level text)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		WITH checks AS MATERIALIZED (SELECT * FROM skillancer.level_checks(p_user) c)
		SELECT skillancer.json_doc(
			'nextLevel', (SELECT c.level FROM checks c WHERE c.step > coalesce(array_position(
				ARRAY['RISING', 'ESTABLISHED', 'TOP'], p_level), 0) ORDER BY c.step LIMIT 1),
			'requirements', (SELECT coalesce(json_agg(skillancer.json_doc('level', c.level, 'metric', c.metric,
				'operator', c.operator, 'threshold', c.threshold, 'months', c.months, 'value', c.value, 'met', c.met)
				ORDER BY c.step, c.metric), '[]') FROM checks c)));
END
$$;
COMMENT ON FUNCTION skillancer.my_requirements(skillancer.user_id, text) IS
	'The level after this one, and every rule with the value of today: why not yet.';
GRANT EXECUTE ON FUNCTION skillancer.my_requirements(skillancer.user_id, text) TO skillancer_bridge;

-- What one sees of oneself.
CREATE OR REPLACE FUNCTION skillancer_api.my_reputation()
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	PERFORM skillancer.require_role('USER');
	RETURN skillancer.json_doc(
		'freelancer', skillancer.reputation_summary(v_me, 'FREELANCER'),
		'client', skillancer.reputation_summary(v_me, 'CLIENT'),
		'periods', skillancer.my_periods(v_me),
		'levels', skillancer.my_requirements(v_me, coalesce((SELECT r.level FROM skillancer.reputation r
			WHERE r.user_id = v_me AND r.side = 'FREELANCER'), 'NEW')),
		'evidence', skillancer.my_evidence(v_me));
END
$$;
COMMENT ON FUNCTION skillancer_api.my_reputation() IS
	'Reputation of the caller with everything that it is made of: the score of each period, the bookings that count and why, and what each level asks for.';
SELECT skillancer.add_route('GET', '/v1/users/me/reputation', 'my_reputation', summary => 'My reputation, with its evidence',
	answers => '{freelancer: freelancer_reputation, client: client_reputation, periods: [success_period], levels: {nextLevel: text|null, requirements: [level_requirement]}, evidence: [success_evidence]}');
