/*
 * sql/payment/connects.sql
 *		Connects: what a proposal costs, the free ones of each month, lots that lapse, purchases.
 *
 * The arithmetic and the postings are in extension/payment/connects.c. The balance is in the ledger (XCN); rows of
 * connect_grant say when given ones lapse. Who has the month's connects is told by a unique index, so that it does
 * not matter whether the timekeeper or the first proposal of the month comes first.
 */

-- What a proposal on a project costs.
CREATE OR REPLACE FUNCTION skillancer.connects_cost(p_budget skillancer.monetary)
RETURNS integer
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_connects_cost';
COMMENT ON FUNCTION skillancer.connects_cost(skillancer.monetary) IS
	'Connects that a proposal costs, by the tiers of policy connectCosts; the budget is in the currency of the policy.';
ALTER FUNCTION skillancer.connects_cost(skillancer.monetary) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.connects_cost(skillancer.monetary) TO skillancer_bridge;

-- The same for a project, in whatever currency.
CREATE OR REPLACE FUNCTION skillancer.project_connects(p_project skillancer.project_id)
RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_budget   skillancer.monetary;
	v_currency text := skillancer.policy_value('connectCosts') ->> 'currency';
BEGIN
	SELECT p.budget_max INTO v_budget FROM skillancer.project p WHERE p.id = p_project;
	RETURN skillancer.connects_cost(coalesce(skillancer.fx_value(v_budget, v_currency),
		skillancer.monetary_of(skillancer.monetary_minor(v_budget), v_currency)));
END
$$;
COMMENT ON FUNCTION skillancer.project_connects(skillancer.project_id) IS
	'Connects that a proposal on a project costs: its budget by the last exchange rate, or at par when its currency has none. NULL for a project that the caller does not see.';
GRANT EXECUTE ON FUNCTION skillancer.project_connects(skillancer.project_id) TO skillancer_bridge;

-- T17, used.
CREATE OR REPLACE FUNCTION skillancer.connects_post_use(p_user uuid, p_proposal uuid, p_connects integer)
RETURNS void
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_connects_spend';
COMMENT ON FUNCTION skillancer.connects_post_use(uuid, uuid, integer) IS
	'Takes connects of a user for a proposal, given ones first; INSUFFICIENT_CONNECTS. Part of connects_spend().';
ALTER FUNCTION skillancer.connects_post_use(uuid, uuid, integer) OWNER TO skillancer_engine;

-- Takes dead lots back.
CREATE OR REPLACE FUNCTION skillancer.connects_lapse(p_user uuid)
RETURNS integer
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_connects_lapse';
COMMENT ON FUNCTION skillancer.connects_lapse(uuid) IS
	'Takes back what is left of the given connects of a user that have expired; returns how many.';
ALTER FUNCTION skillancer.connects_lapse(uuid) OWNER TO skillancer_engine;

-- Gives lots, each once.
CREATE OR REPLACE FUNCTION skillancer.connects_post_grants(p_grants uuid[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_n integer := cardinality(p_grants);
BEGIN
	PERFORM skillancer.ledger_post_batch(array_fill('connects_granted'::text, ARRAY[v_n]),
		array_agg('connects_granted:' || x.id ORDER BY x.posting) FILTER (WHERE x.leg = 1),
		array_agg(x.id ORDER BY x.posting) FILTER (WHERE x.leg = 1), array_fill(NULL::timestamptz, ARRAY[v_n]),
		array_agg(x.posting ORDER BY x.posting, x.leg), array_agg(x.class ORDER BY x.posting, x.leg),
		array_agg(x.owner ORDER BY x.posting, x.leg), array_fill(NULL::uuid, ARRAY[2 * v_n]), array_fill(NULL::uuid, ARRAY[2 * v_n]),
		array_agg(x.amount ORDER BY x.posting, x.leg), array_fill('XCN'::text, ARRAY[2 * v_n]))
	FROM (
		SELECT g.id, g.posting, l.*
		FROM (SELECT c.*, row_number() OVER (ORDER BY c.id)::integer AS posting FROM skillancer.connect_grant c WHERE c.id = ANY (p_grants)) g
		CROSS JOIN LATERAL (VALUES (1, 'token_issue', NULL::uuid, g.connects::bigint), (2, 'granted_tokens', g.user_id::uuid, -g.connects))
			AS l (leg, class, owner, amount)) x
	HAVING v_n > 0;
	RETURN v_n;
END
$$;
COMMENT ON FUNCTION skillancer.connects_post_grants(uuid[]) IS
	'Posts rows of connect_grant in one batch: token_issue to granted_tokens. Returns how many.';
ALTER FUNCTION skillancer.connects_post_grants(uuid[]) OWNER TO skillancer_engine;

-- The free connects of this month, for those of the users who have not got them.
CREATE OR REPLACE FUNCTION skillancer.connects_grant_month(p_users skillancer.user_id[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_connects integer := skillancer.policy_int('connectsMonthly');
	v_grants   uuid[];
BEGIN
	IF v_connects <= 0 THEN
		RETURN 0;
	END IF;
	WITH made AS (
		INSERT INTO skillancer.connect_grant (user_id, kind, month, connects, expires_at)
		SELECT u, 'MONTHLY', date_trunc('month', skillancer.now() AT TIME ZONE 'UTC')::date, v_connects,
			skillancer.now() + skillancer.policy_interval('connectGrantLife')
		FROM unnest(p_users) u
		ORDER BY u
		ON CONFLICT (user_id, month) WHERE month IS NOT NULL DO NOTHING
		RETURNING id)
	SELECT coalesce(array_agg(m.id), '{}') INTO v_grants FROM made m;
	RETURN skillancer.connects_post_grants(v_grants);
END
$$;
COMMENT ON FUNCTION skillancer.connects_grant_month(skillancer.user_id[]) IS
	'Gives the free connects of this month (UTC) to users, once each; returns to how many.';
ALTER FUNCTION skillancer.connects_grant_month(skillancer.user_id[]) OWNER TO skillancer_engine;

-- The job that gives.
CREATE OR REPLACE FUNCTION skillancer.grant_connects()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_month date := date_trunc('month', skillancer.now() AT TIME ZONE 'UTC')::date;
	v_users skillancer.user_id[];
	v_given bigint := 0;
BEGIN
	FOR v_turn IN 1..20 LOOP
		SELECT array_agg(u.id) INTO v_users
		FROM (
			SELECT a.id
			FROM skillancer.user_account a
			WHERE a.state IN ('ACTIVE', 'RESTRICTED')
				AND EXISTS (SELECT FROM skillancer.user_role r WHERE r.user_id = a.id AND r.role = 'FREELANCER')
				AND EXISTS (SELECT FROM skillancer.user_credential c WHERE c.user_id = a.id)
				AND NOT EXISTS (SELECT FROM skillancer.connect_grant g WHERE g.user_id = a.id AND g.month = v_month)
			LIMIT 500) u;
		EXIT WHEN v_users IS NULL;
		v_given := v_given + skillancer.connects_grant_month(v_users);
	END LOOP;
	RETURN v_given;
END
$$;
COMMENT ON FUNCTION skillancer.grant_connects() IS
	'Gives the free connects of this month to every freelancer who can sign in, 500 at a time; a job of the timekeeper. Returns to how many.';
ALTER FUNCTION skillancer.grant_connects() OWNER TO skillancer_engine;

-- The job that takes dead lots back.
CREATE OR REPLACE FUNCTION skillancer.lapse_connects()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user   skillancer.user_id;
	v_lapsed bigint := 0;
BEGIN
	FOR v_user IN
		SELECT DISTINCT g.user_id
		FROM (SELECT d.user_id FROM skillancer.connect_grant d
			WHERE d.settled_at IS NULL AND d.expires_at <= skillancer.now()
			ORDER BY d.expires_at LIMIT 1000) g
		ORDER BY g.user_id
	LOOP
		v_lapsed := v_lapsed + skillancer.connects_lapse(v_user::uuid);
	END LOOP;
	RETURN v_lapsed;
END
$$;
COMMENT ON FUNCTION skillancer.lapse_connects() IS
	'Takes back what is left of given connects that have expired; a job of the timekeeper. Returns how many.';
ALTER FUNCTION skillancer.lapse_connects() OWNER TO skillancer_engine;

-- Pays for a proposal.
CREATE OR REPLACE FUNCTION skillancer.connects_spend(p_proposal skillancer.proposal_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user     skillancer.user_id;
	v_connects integer;
BEGIN
	SELECT p.freelancer_id, p.connects INTO v_user, v_connects FROM skillancer.proposal p WHERE p.id = p_proposal;
	PERFORM skillancer.connects_lapse(v_user::uuid);
	PERFORM skillancer.connects_grant_month(ARRAY[v_user]);
	PERFORM skillancer.connects_post_use(v_user::uuid, p_proposal::uuid, v_connects);
END
$$;
COMMENT ON FUNCTION skillancer.connects_spend(skillancer.proposal_id) IS
	'Takes the connects of a new proposal from its freelancer: what has lapsed is gone before, and the month''s free ones are there. INSUFFICIENT_CONNECTS.';
ALTER FUNCTION skillancer.connects_spend(skillancer.proposal_id) OWNER TO skillancer_engine;

-- Connects from staff.
CREATE OR REPLACE FUNCTION skillancer.connects_give(p_user skillancer.user_id, p_connects integer, p_reason text)
RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_grant uuid := skillancer.new_id();
BEGIN
	INSERT INTO skillancer.connect_grant (id, user_id, kind, connects, reason, granted_by, expires_at)
	VALUES (v_grant, p_user, 'STAFF', p_connects, p_reason, skillancer.current_user_id(),
		skillancer.now() + skillancer.policy_interval('connectGrantLife'));
	PERFORM skillancer.connects_post_grants(ARRAY[v_grant]);
	PERFORM skillancer.audit('connects.granted', 'user', p_user::uuid, NULL,
		jsonb_build_object('grant', v_grant, 'connects', p_connects, 'reason', p_reason));
	PERFORM skillancer.emit('connects.granted', 'user', p_user::uuid,
		jsonb_build_object('userId', p_user, 'connects', p_connects), ARRAY[p_user::uuid]);
	RETURN v_grant;
END
$$;
COMMENT ON FUNCTION skillancer.connects_give(skillancer.user_id, integer, text) IS
	'Gives connects to a user, with a reason; audited. The caller has checked the right to.';
ALTER FUNCTION skillancer.connects_give(skillancer.user_id, integer, text) OWNER TO skillancer_engine;

-- What moved on the caller's connects.
CREATE OR REPLACE FUNCTION skillancer.my_connects(p_after bigint, p_limit integer)
RETURNS TABLE (txn bigint, doc json)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT e.txn, json_build_object('kind', min(t.kind), 'at', min(t.effective_at), 'change', -sum(e.amount),
			'proposalId', min(p.id::text)::skillancer.proposal_id)
		FROM skillancer.ledger_account a
		JOIN skillancer.ledger_entry e ON e.account = a.id AND (p_after IS NULL OR e.txn < p_after)
		JOIN skillancer.ledger_txn t ON t.id = e.txn
		LEFT JOIN skillancer.proposal p ON p.id = t.ref::skillancer.proposal_id AND t.kind IN ('connects_used', 'connects_returned')
		WHERE a.owner = skillancer.current_user_id()::uuid AND a.class IN ('unearned_tokens', 'granted_tokens')
			AND a.currency = 'XCN'
		GROUP BY e.txn
		ORDER BY e.txn DESC
		LIMIT p_limit;
END
$$;
COMMENT ON FUNCTION skillancer.my_connects(bigint, integer) IS
	'Postings on the connects of the caller, newest first; runs as the engine because the ledger is not open to users.';
ALTER FUNCTION skillancer.my_connects(bigint, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.my_connects(bigint, integer) TO skillancer_bridge;

INSERT INTO skillancer.housekeeping_job (job, every) VALUES
	('grant_connects', '10 minutes'),
	('lapse_connects', '1 hour');
