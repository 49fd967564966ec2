-- sql/analytics/api_own.sql
--	API of one's own figures. Row-level security says which rows they are made of: the caller's own.

-- How often one's own things were looked at.
CREATE OR REPLACE FUNCTION skillancer.own_views(p_kind text, p_from timestamptz, p_to timestamptz)
RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	RETURN (
		SELECT coalesce(sum(d.n), 0)
		FROM (
			SELECT g.id::uuid AS id FROM skillancer.gig g WHERE p_kind = 'gig' AND g.freelancer_id = v_me
			UNION ALL
			SELECT p.id::uuid FROM skillancer.project p WHERE p_kind = 'project' AND p.client_id = v_me
			UNION ALL
			SELECT v_me::uuid WHERE p_kind = 'profile') o
		JOIN skillancer.read_day d ON d.kind = p_kind AND d.object = o.id
		WHERE d.day >= (p_from AT TIME ZONE 'UTC')::date AND d.day < (p_to AT TIME ZONE 'UTC')::date);
END
$$;
COMMENT ON FUNCTION skillancer.own_views(text, timestamptz, timestamptz) IS
	'How often the profile, the gigs or the projects of the caller were looked at; a crash may lose some.';
ALTER FUNCTION skillancer.own_views(text, timestamptz, timestamptz) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.own_views(text, timestamptz, timestamptz) TO skillancer_bridge;

-- What the caller has paid for work.
CREATE OR REPLACE FUNCTION skillancer.own_spend(p_from timestamptz, p_to timestamptz)
RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT coalesce(json_agg(skillancer.json_doc('currency', s.currency, 'released', s.released, 'fees', s.fees,
			'releases', s.releases) ORDER BY s.currency), '[]')
		FROM (
			SELECT skillancer.monetary_currency(e.gross) AS currency, skillancer.sum(e.gross) AS released,
				coalesce(skillancer.sum(e.client_fee), skillancer.monetary_of(0, skillancer.monetary_currency(e.gross))) AS fees, count(*) AS releases
			FROM skillancer.earning e
			WHERE e.client_id = skillancer.current_user_id() AND e.created_at >= p_from AND e.created_at < p_to
			GROUP BY skillancer.monetary_currency(e.gross)) s);
END
$$;
COMMENT ON FUNCTION skillancer.own_spend(timestamptz, timestamptz) IS
	'What the caller as a client has released, and the fees on it, by currency; of the freelancers'' side nothing.';
ALTER FUNCTION skillancer.own_spend(timestamptz, timestamptz) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.own_spend(timestamptz, timestamptz) TO skillancer_bridge;

-- Bookings of one side.
CREATE OR REPLACE FUNCTION skillancer.own_bookings(p_side text, p_from timestamptz, p_to timestamptz)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT skillancer.json_doc('made', count(*), 'open', count(*) FILTER (WHERE b.is_open),
			'completed', count(*) FILTER (WHERE b.state = 'COMPLETED'), 'cancelled', count(*) FILTER (WHERE b.state IN ('CANCELLED', 'VOID')),
			'partners', count(DISTINCT b.partner), 'repeated', count(*) - count(DISTINCT b.partner))
		FROM (
			SELECT x.state, x.is_open, x.client_id AS partner FROM skillancer.booking x
			WHERE p_side = 'FREELANCER' AND x.freelancer_id = skillancer.current_user_id() AND x.created_at >= p_from AND x.created_at < p_to
			UNION ALL
			SELECT x.state, x.is_open, x.freelancer_id FROM skillancer.booking x
			WHERE p_side = 'CLIENT' AND x.client_id = skillancer.current_user_id() AND x.created_at >= p_from AND x.created_at < p_to) b);
END
$$;
COMMENT ON FUNCTION skillancer.own_bookings(text, timestamptz, timestamptz) IS
	'Bookings of the caller as FREELANCER or CLIENT that were made within a time, and with how many different people.';
GRANT EXECUTE ON FUNCTION skillancer.own_bookings(text, timestamptz, timestamptz) TO skillancer_bridge;

-- The figures of a freelancer.
CREATE OR REPLACE FUNCTION skillancer.own_figures_freelancer(p_from timestamptz, p_to timestamptz)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	RETURN skillancer.json_doc(
		'views', skillancer.json_doc('profile', skillancer.own_views('profile', p_from, p_to), 'gigs', skillancer.own_views('gig', p_from, p_to)),
		'proposals', (
			SELECT skillancer.json_doc('submitted', count(*), 'viewed', count(p.viewed_at), 'accepted', count(*) FILTER (WHERE p.state = 'ACCEPTED'),
				'declined', count(*) FILTER (WHERE p.state = 'DECLINED'),
				'hireRate', round(count(*) FILTER (WHERE p.state = 'ACCEPTED')::numeric / nullif(count(*), 0), 4))
			FROM skillancer.proposal p WHERE p.freelancer_id = v_me AND p.created_at >= p_from AND p.created_at < p_to),
		'invitations', (
			SELECT skillancer.json_doc('received', count(*), 'accepted', count(*) FILTER (WHERE i.state = 'ACCEPTED'),
				'declined', count(*) FILTER (WHERE i.state = 'DECLINED'), 'expired', count(*) FILTER (WHERE i.state = 'EXPIRED'),
				'responseSeconds', round(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM i.updated_at - i.created_at)::double precision)
					FILTER (WHERE i.state IN ('ACCEPTED', 'DECLINED'))))
			FROM skillancer.invitation i WHERE i.freelancer_id = v_me AND i.created_at >= p_from AND i.created_at < p_to),
		'bookings', skillancer.own_bookings('FREELANCER', p_from, p_to),
		'earnings', (
			SELECT coalesce(json_agg(skillancer.json_doc('currency', s.currency, 'gross', s.gross, 'fee', s.fee, 'net', s.net, 'releases', s.earnings)
				ORDER BY s.currency), '[]')
			FROM skillancer.earning_groups(NULL, NULL, NULL, p_from, p_to) s),
		'success', (
			SELECT skillancer.json_doc('succeeded', count(*) FILTER (WHERE o.verdict > 0), 'failed', count(*) FILTER (WHERE o.verdict < 0),
				'score', (SELECT r.score FROM skillancer.reputation r WHERE r.user_id = v_me AND r.side = 'FREELANCER'))
			FROM skillancer.outcome o WHERE o.freelancer_id = v_me AND o.ended_at >= p_from AND o.ended_at < p_to));
END
$$;
COMMENT ON FUNCTION skillancer.own_figures_freelancer(timestamptz, timestamptz) IS
	'What came of the caller''s work as a freelancer within a time. hireRate is accepted of submitted proposals; responseSeconds the median from invitation to answer.';
GRANT EXECUTE ON FUNCTION skillancer.own_figures_freelancer(timestamptz, timestamptz) TO skillancer_bridge;

-- The figures of a client.
CREATE OR REPLACE FUNCTION skillancer.own_figures_client(p_from timestamptz, p_to timestamptz)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	RETURN skillancer.json_doc(
		'views', skillancer.json_doc('projects', skillancer.own_views('project', p_from, p_to)),
		'projects', (
			SELECT skillancer.json_doc('published', count(*), 'withProposals', count(r.proposals), 'hired', count(h.hired_at),
				'proposals', coalesce(sum(r.proposals), 0)::bigint, 'hireRate', round(count(h.hired_at)::numeric / nullif(count(*), 0), 4),
				'firstProposalSeconds', round(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM r.first_at - p.published_at)::double precision)),
				'hireSeconds', round(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM h.hired_at - p.published_at)::double precision)))
			FROM skillancer.project p
			LEFT JOIN LATERAL (SELECT nullif(count(*), 0) AS proposals, min(b.created_at) AS first_at
				FROM skillancer.proposal b WHERE b.project_id = p.id AND b.client_id = v_me) r ON true
			LEFT JOIN LATERAL (SELECT min(k.created_at) AS hired_at
				FROM skillancer.booking k WHERE k.project_id = p.id AND k.client_id = v_me AND k.state <> 'VOID') h ON true
			WHERE p.client_id = v_me AND p.published_at >= p_from AND p.published_at < p_to),
		'invitations', (
			SELECT skillancer.json_doc('sent', count(*), 'accepted', count(*) FILTER (WHERE i.state = 'ACCEPTED'), 'declined', count(*) FILTER (WHERE i.state = 'DECLINED'))
			FROM skillancer.invitation i WHERE i.client_id = v_me AND i.created_at >= p_from AND i.created_at < p_to),
		'bookings', skillancer.own_bookings('CLIENT', p_from, p_to),
		'spend', skillancer.own_spend(p_from, p_to));
END
$$;
COMMENT ON FUNCTION skillancer.own_figures_client(timestamptz, timestamptz) IS
	'What came of the caller''s projects within a time. hireSeconds and firstProposalSeconds are medians from publication, of projects that got so far.';
GRANT EXECUTE ON FUNCTION skillancer.own_figures_client(timestamptz, timestamptz) TO skillancer_bridge;

-- GET /v1/analytics/me
CREATE OR REPLACE FUNCTION skillancer_api.own_figures(p_from date DEFAULT NULL, p_to date DEFAULT NULL)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_from timestamptz := coalesce(p_from, '2000-01-01')::timestamp AT TIME ZONE 'UTC';
	v_to timestamptz := coalesce(p_to, '2200-01-01')::timestamp AT TIME ZONE 'UTC';
BEGIN
	PERFORM skillancer.require_role('FREELANCER', 'CLIENT');
	PERFORM skillancer.check_days(p_from, p_to);
	PERFORM skillancer.check_done();
	RETURN skillancer.json_doc('from', p_from, 'to', p_to,
		'freelancer', CASE WHEN skillancer.has_role('FREELANCER') THEN skillancer.own_figures_freelancer(v_from, v_to) END,
		'client', CASE WHEN skillancer.has_role('CLIENT') THEN skillancer.own_figures_client(v_from, v_to) END);
END
$$;
COMMENT ON FUNCTION skillancer_api.own_figures(date, date) IS
	'My figures as a freelancer and as a client, from the first day to the one behind the last (UTC); without days, all of them. Counts are of what began in that time, as it is now.';
SELECT skillancer.add_route('GET', '/v1/analytics/me', 'own_figures', who => 'FREELANCER, CLIENT', class => 'slow',
	summary => 'My own figures', answers => '{from: date|null, to: date|null, freelancer: freelancer_figures|null, client: client_figures|null}');
