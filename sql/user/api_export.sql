/*
 * sql/user/api_export.sql
 *		Everything about me: a list over many tables, page by page, each page bounded.
 *
 * export_sections() says what is exported, in which order; me_export() walks through it. The reads run as the caller
 * under the policies, and every section names the caller besides, so that staff do not export the marketplace.
 */

-- Keys as the API writes them.
CREATE OR REPLACE FUNCTION skillancer.camel_keys(p_row jsonb)
RETURNS json
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT json_object_agg(left(k.key, 1) || substr(replace(initcap(replace(k.key, '_', ' ')), ' ', ''), 2), k.value)
		FROM jsonb_each(p_row) k);
END
$$;
COMMENT ON FUNCTION skillancer.camel_keys(jsonb) IS 'A row of a table as JSON of the API: user_id becomes userId.';
GRANT EXECUTE ON FUNCTION skillancer.camel_keys(jsonb) TO skillancer_bridge;

-- What is kept about the caller in tables that nobody reads.
CREATE OR REPLACE FUNCTION skillancer.my_searches(p_after bigint, p_limit integer)
RETURNS TABLE (id bigint, at timestamptz, q text, results bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT l.id, l.at, l.q, l.results FROM skillancer.search_log l
		WHERE l.user_id = skillancer.current_user_id() AND (p_after IS NULL OR l.id > p_after)
		ORDER BY l.id LIMIT p_limit;
END
$$;
COMMENT ON FUNCTION skillancer.my_searches(bigint, integer) IS 'Searches of the caller that are still in the log, after a line.';
ALTER FUNCTION skillancer.my_searches(bigint, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.my_searches(bigint, integer) TO skillancer_bridge;

-- Mails to the caller.
CREATE OR REPLACE FUNCTION skillancer.my_mails(p_after uuid, p_limit integer)
RETURNS TABLE (id uuid, address text, type text, state text, created_at timestamptz, settled_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT m.id, m.address, m.type, m.state, m.created_at, m.settled_at FROM skillancer.mail m
		WHERE m.user_id = skillancer.current_user_id() AND (p_after IS NULL OR m.id > p_after)
		ORDER BY m.id LIMIT p_limit;
END
$$;
COMMENT ON FUNCTION skillancer.my_mails(uuid, integer) IS 'Mails to the caller that are still in the outbox, after one; without what they say, which is gone once they are sent.';
ALTER FUNCTION skillancer.my_mails(uuid, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.my_mails(uuid, integer) TO skillancer_bridge;

-- What is exported.
CREATE OR REPLACE FUNCTION skillancer.export_sections()
RETURNS TABLE (place bigint, kind text, query text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	-- relation t, its key and the type of the key, which rows are the caller's, the JSON
	RETURN QUERY
	SELECT row_number() OVER (), s.kind, format(
		'SELECT (%1$s)::text AS key, %2$s AS data FROM %3$s t WHERE (%4$s) AND ($2 IS NULL OR %1$s > $2::%5$s) ORDER BY %1$s LIMIT $3',
		s.key, s.data, s.relation, s.mine, s.type)
	FROM (VALUES
		('account', 'skillancer.user_doc', 't.id', 'skillancer.user_id', 't.id = $1', 't.doc'),
		('profile', 'skillancer.profile_doc', 't.user_id', 'skillancer.user_id', 't.user_id = $1', 't.doc'),
		('verification', 'skillancer.verification', 't.kind', 'text', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('session', 'skillancer.session', 't.id', 'skillancer.session_id', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('erasure', 'skillancer.erasure_doc', 't.id', 'uuid', 't.user_id = $1', 't.doc'),
		('membership', 'skillancer.organisation_member', 't.organisation_id', 'skillancer.organisation_id', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('billing', 'skillancer.billing_profile', 't.user_id', 'skillancer.user_id', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('paymentMethod', 'skillancer.payment_method_doc', 't.id', 'skillancer.payment_method_id', 't.user_id = $1', 't.doc'),
		('reputation', 'skillancer.reputation', 't.side', 'text', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('outcome', 'skillancer.outcome', 't.booking_id', 'skillancer.booking_id', 't.freelancer_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('project', 'skillancer.project_doc', 't.id', 'skillancer.project_id', 't.client_id = $1', 't.doc'),
		('savedProject', 'skillancer.saved_project', 't.project_id', 'skillancer.project_id', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('gig', 'skillancer.gig_doc', 't.id', 'skillancer.gig_id', 't.freelancer_id = $1', 't.doc'),
		('proposal', 'skillancer.proposal_doc', 't.id', 'skillancer.proposal_id', 't.freelancer_id = $1', 't.doc'),
		('proposalRevision', 'skillancer.proposal_revision', 'concat_ws(''|'', t.proposal_id, lpad(t.revision::text, 6, ''0''))', 'text', 't.freelancer_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('invitation', 'skillancer.invitation_doc', 't.id', 'skillancer.invitation_id', 't.client_id = $1 OR t.freelancer_id = $1', 't.doc'),
		('booking', 'skillancer.booking_doc', 't.id', 'skillancer.booking_id', 't.client_id = $1 OR t.freelancer_id = $1', 't.doc'),
		('milestone', 'skillancer.milestone_doc', 't.id', 'skillancer.milestone_id', 't.client_id = $1 OR t.freelancer_id = $1', 't.doc'),
		('changeRequest', 'skillancer.change_request', 't.id', 'skillancer.change_request_id', 't.requested_by = $1', 'skillancer.camel_keys(to_jsonb(t) - ''policy'')'),
		('delivery', 'skillancer.delivery', 'concat_ws(''|'', t.milestone_id, lpad(t.number::text, 6, ''0''))', 'text', 't.freelancer_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('timeEntry', 'skillancer.time_entry', 't.id', 'skillancer.time_entry_id', 't.freelancer_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('dispute', 'skillancer.dispute_doc', 't.id', 'skillancer.dispute_id', 't.client_id = $1 OR t.freelancer_id = $1', 't.doc'),
		('evidence', 'skillancer.dispute_evidence', 'concat_ws(''|'', t.dispute_id, lpad(t.number::text, 6, ''0''))', 'text', 't.author_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('review', 'skillancer.review_doc', 't.id', 'skillancer.review_id', 't.author_id = $1 OR t.subject_id = $1', 't.doc'),
		('tip', 'skillancer.tip_doc', 't.id', 'uuid', 't.client_id = $1 OR t.freelancer_id = $1', 't.doc'),
		('charge', 'skillancer.charge_doc', 't.id', 'skillancer.charge_id', 't.user_id = $1', 't.doc'),
		('refund', 'skillancer.refund_doc', 't.id', 'skillancer.refund_id', 't.user_id = $1', 't.doc'),
		('payout', 'skillancer.payout_doc', 't.id', 'skillancer.payout_id', 't.user_id = $1', 't.doc'),
		('payoutSchedule', 'skillancer.payout_schedule_doc', 't.currency', 'text', 't.user_id = $1', 't.doc'),
		('earning', 'skillancer.earning_doc', 't.id', 'uuid', 't.freelancer_id = $1', 't.doc'),
		('conversion', 'skillancer.conversion', 't.id', 'uuid', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('connectGrant', 'skillancer.connect_grant', 't.id', 'uuid', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t) - ''granted_by'')'),
		('connectPurchase', 'skillancer.connect_purchase', 't.id', 'uuid', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('invoice', 'skillancer.invoice', 't.id', 'skillancer.invoice_id', 't.issuer_id = $1 OR t.recipient_id = $1', 'skillancer.camel_keys(to_jsonb(t) - ''document'')'),
		('conversation', 'skillancer.conversation_doc', 't.id', 'skillancer.conversation_id', 't.user_id = $1', 't.doc'),
		('message', 'skillancer.message', 't.id', 'skillancer.message_id', 't.sender_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('media', 'skillancer.media_doc', 't.id', 'skillancer.media_id', 't.user_id = $1', 't.doc'),
		('block', 'skillancer.user_block', 't.blocked_id', 'skillancer.user_id', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('notification', 'skillancer.notification_doc', 't.id', 'skillancer.notification_id', 't.user_id = $1', 't.doc'),
		('notificationPreference', 'skillancer.notification_preference', 'concat_ws(''|'', t.category, t.channel)', 'text', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('quietHours', 'skillancer.quiet_hours', 't.user_id', 'skillancer.user_id', 't.user_id = $1', 'skillancer.camel_keys(to_jsonb(t))'),
		('savedSearch', 'skillancer.saved_search_doc', 't.id', 'uuid', 't.user_id = $1', 't.doc'),
		('search', 'skillancer.my_searches($2::bigint, $3)', 't.id', 'bigint', 'true', 'skillancer.camel_keys(to_jsonb(t))'),
		('mail', 'skillancer.my_mails($2::uuid, $3)', 't.id', 'uuid', 'true', 'skillancer.camel_keys(to_jsonb(t))'),
		('webhook', 'skillancer.webhook_doc', 't.id', 'skillancer.webhook_id', 't.user_id = $1', 't.doc')
	) AS s (kind, relation, key, type, mine, data);
END
$$;
COMMENT ON FUNCTION skillancer.export_sections() IS
	'The parts of an export in order, each a query over rows of one user ($1) after a key ($2), at most so many ($3).';
GRANT EXECUTE ON FUNCTION skillancer.export_sections() TO skillancer_bridge;

--
CREATE OR REPLACE FUNCTION skillancer_api.me_export(p_limit integer DEFAULT 500, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_after text;
	v_place bigint;
	v_items json[] := '{}';
	v_keys text[] := '{}';
	v_section record;
	v_key text;
	v_data json;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_int('limit', p_limit, 1, 1000);
	v_after := skillancer.cursor_decode('export', p_cursor);
	PERFORM skillancer.check_done();
	v_place := coalesce(split_part(v_after, ' ', 1)::bigint, 0);
	FOR v_section IN SELECT * FROM skillancer.export_sections() s WHERE s.place >= v_place ORDER BY s.place LOOP
		FOR v_key, v_data IN EXECUTE v_section.query
			USING v_me, CASE WHEN v_section.place = v_place THEN split_part(v_after, ' ', 2) END, p_limit + 1 - cardinality(v_items)
		LOOP
			v_items := v_items || json_build_object('kind', v_section.kind, 'data', v_data);
			v_keys := v_keys || (v_section.place || ' ' || v_key);
		END LOOP;
		EXIT WHEN cardinality(v_items) > p_limit;
	END LOOP;
	RETURN skillancer.list_reply(v_items, v_keys, p_limit, 'export');
END
$$;
COMMENT ON FUNCTION skillancer_api.me_export(integer, text) IS
	'Everything that is kept about the caller, as a list over all kinds of things, 500 a page (at most 1000): follow the cursor to its end. What other people wrote or own is not in it, nor are passwords and keys.';
SELECT skillancer.add_route('GET', '/v1/users/me/export', 'me_export', class => 'slow', summary => 'Everything about me',
	answers => '[export_item]');
