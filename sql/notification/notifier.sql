/*
 * sql/notification/notifier.sql
 *		From events to notifications and mails: what the notifier calls.
 *
 * A batch is one tick over the event log (sql/core/consumers.sql). The events that a rule is about go to notify()
 * in pieces; a piece that fails is gone through event by event, and the one that fails is parked. Errors that are
 * not the event's fault (no memory, no disk, a lost lock) end the batch instead: it is tried again.
 */

-- notify
CREATE OR REPLACE FUNCTION skillancer.notify(p_seqs bigint[])
RETURNS bigint
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_notify';
COMMENT ON FUNCTION skillancer.notify(bigint[]) IS
	'Makes the notifications and mails of some events, once for each user, event and type. Returns the new notifications.';

-- notify_users
CREATE OR REPLACE FUNCTION skillancer.notify_users(p_seq bigint, p_users uuid[])
RETURNS bigint
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_notify_users';
COMMENT ON FUNCTION skillancer.notify_users(bigint, uuid[]) IS
	'Makes the notifications and mails of one event for some users, by the rules whose recipients are a segment.';

-- notification_staff
CREATE OR REPLACE FUNCTION skillancer.notification_staff(p_recipients text)
RETURNS uuid[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (
		SELECT array_agg(DISTINCT r.user_id::uuid)
		FROM skillancer.user_role r
		JOIN skillancer.role_permission p ON p.role = r.role
		WHERE p.permission = CASE p_recipients WHEN 'finance' THEN 'finance:view' ELSE 'moderation:view' END);
END
$fn$;
COMMENT ON FUNCTION skillancer.notification_staff(text) IS
	'The staff behind the recipients of a rule: finance or moderators, by what their roles permit.';

-- notification_source
CREATE OR REPLACE FUNCTION skillancer.notification_source(p_seqs bigint[])
RETURNS TABLE (event_id uuid, recipients text, type text, category text, priority text, group_key text, data jsonb,
	context jsonb, client uuid, freelancer uuid, owner uuid, subject uuid, actor uuid, audience uuid[], staff uuid[],
	is_mandatory boolean, correlation_id text, trace text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
-- by keys: a batch is small beside the tables
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $fn$
DECLARE
	v_url jsonb := to_jsonb(rtrim(current_setting('skillancer.public_url'), '/'));
BEGIN
	RETURN QUERY
	SELECT e.id::uuid, r.recipients, r.type, r.category, r.priority, r.group_key, e.data,
		e.data || jsonb_strip_nulls(jsonb_build_object('publicUrl', v_url,
			'actor', CASE WHEN pa.user_id IS NOT NULL THEN jsonb_build_object('name', pa.display_name) END,
			'client', CASE WHEN pc.user_id IS NOT NULL THEN jsonb_build_object('name', pc.display_name) END,
			'freelancer', CASE WHEN pf.user_id IS NOT NULL THEN jsonb_build_object('name', pf.display_name) END,
			'project', CASE WHEN p.id IS NOT NULL THEN jsonb_build_object('title', p.title) END,
			'booking', CASE WHEN b.id IS NOT NULL THEN jsonb_build_object('title', b.title) END,
			'milestone', CASE WHEN m.id IS NOT NULL THEN jsonb_build_object('title', m.title,
				'amount', m.amount::numeric::text, 'currency', skillancer.monetary_currency(m.amount)) END,
			'texts', a.texts)),
		x.client::uuid, x.freelancer::uuid, x.owner::uuid, x.subject::uuid, e.actor_id::uuid, e.audience,
		CASE WHEN r.recipients IN ('finance', 'moderators') THEN skillancer.notification_staff(r.recipients) END,
		r.is_mandatory, e.correlation_id, e.trace
	FROM skillancer.event e
	JOIN skillancer.notification_rule r ON r.event_type = e.type AND r.is_active
	CROSS JOIN LATERAL (SELECT
		(e.data ->> 'clientId')::skillancer.user_id AS client,
		(e.data ->> 'freelancerId')::skillancer.user_id AS freelancer,
		(e.data ->> 'userId')::skillancer.user_id AS owner,
		(e.data ->> 'subjectId')::skillancer.user_id AS subject,
		(e.data ->> 'projectId')::skillancer.project_id AS project,
		(e.data ->> 'bookingId')::skillancer.booking_id AS booking,
		(e.data ->> 'milestoneId')::skillancer.milestone_id AS milestone) x
	LEFT JOIN skillancer.profile pa ON pa.user_id = e.actor_id
	LEFT JOIN skillancer.profile pc ON pc.user_id = x.client
	LEFT JOIN skillancer.profile pf ON pf.user_id = x.freelancer
	LEFT JOIN skillancer.project p ON p.id = x.project
	LEFT JOIN skillancer.milestone m ON m.id = x.milestone
	LEFT JOIN skillancer.booking b ON b.id = coalesce(x.booking, m.booking_id)
	LEFT JOIN skillancer.announcement a ON a.id = e.id
	WHERE e.seq = ANY (p_seqs)
	ORDER BY e.seq, r.key;
END
$fn$;
COMMENT ON FUNCTION skillancer.notification_source(bigint[]) IS
	'Events with each rule about them: the users behind their ids, and as context what templates may say: the data, titles, amounts, public names.';

-- event_not_at_fault
CREATE OR REPLACE FUNCTION skillancer.event_not_at_fault(p_sqlstate text)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT left(p_sqlstate, 2) IN ('25', '40', '53', '55', '57', '58')
$fn$;
COMMENT ON FUNCTION skillancer.event_not_at_fault(text) IS
	'Whether an error comes from the server''s condition and not from what was worked on.';

-- park_event
CREATE OR REPLACE FUNCTION skillancer.park_event(p_consumer text, p_seq bigint, p_error text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	INSERT INTO skillancer.event_attempt AS a (consumer, seq, attempts, last_error, parked_at)
	VALUES (p_consumer, p_seq, 1, left(p_error, 1000), skillancer.now())
	ON CONFLICT (consumer, seq) DO UPDATE
	SET last_error = EXCLUDED.last_error, at = EXCLUDED.at, parked_at = EXCLUDED.parked_at;
	RAISE LOG 'skillancer % parked event %: %', p_consumer, p_seq, p_error;
END
$fn$;
COMMENT ON FUNCTION skillancer.park_event(text, bigint, text) IS 'Puts an event aside for a consumer, with the reason.';

-- notify_singly
CREATE OR REPLACE FUNCTION skillancer.notify_singly(p_seqs bigint[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_seq  bigint;
	v_made bigint := 0;
BEGIN
	FOREACH v_seq IN ARRAY p_seqs LOOP
		BEGIN
			v_made := v_made + skillancer.notify(ARRAY[v_seq]);
		EXCEPTION WHEN OTHERS THEN
			IF skillancer.event_not_at_fault(SQLSTATE) THEN
				RAISE;
			END IF;
			PERFORM skillancer.park_event('notifier', v_seq, format('%s: %s', SQLSTATE, SQLERRM));
		END;
	END LOOP;
	RETURN v_made;
END
$fn$;
COMMENT ON FUNCTION skillancer.notify_singly(bigint[]) IS 'notify() for each event by itself; one that fails is parked.';

-- notifier_window
CREATE OR REPLACE FUNCTION skillancer.notifier_window(p_epoch integer, p_a pg_snapshot, p_b pg_snapshot)
RETURNS TABLE (seq bigint, at timestamptz, wanted boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN QUERY
	SELECT e.seq, e.at,
		EXISTS (SELECT FROM skillancer.notification_rule r WHERE r.event_type = e.type AND r.is_active)
		AND NOT EXISTS (SELECT FROM skillancer.event_attempt a WHERE a.consumer = 'notifier' AND a.seq = e.seq)
	FROM skillancer.tick_events(p_epoch, p_a, p_b) e;
END
$fn$;
COMMENT ON FUNCTION skillancer.notifier_window(integer, pg_snapshot, pg_snapshot) IS
	'The events of a tick; wanted: a rule is about them, and they were neither parked nor done already.';

-- notifier_batch
CREATE OR REPLACE FUNCTION skillancer.notifier_batch(p_piece integer, OUT rows bigint, OUT lag_seconds double precision)
RETURNS record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_tick  record;
	v_piece record;
	v_told  bigint;
	v_first timestamptz;
BEGIN
	lag_seconds := 0;
	UPDATE skillancer.worker_start s SET starts = 0 WHERE s.worker = 'notifier' AND s.starts > 0;
	rows := 0;
	v_told := skillancer.announce_more(p_piece);
	IF v_told = 0 AND skillancer.consumer_idle('notifier') THEN
		RETURN;
	END IF;
	SELECT * INTO v_tick FROM skillancer.tick_open('notifier');
	FOR v_piece IN
		SELECT array_agg(w.seq) FILTER (WHERE w.wanted) AS seqs, count(*) AS events, min(w.at) AS first_at
		FROM (
			SELECT e.*, (row_number() OVER (ORDER BY e.seq) - 1) / p_piece AS piece
			FROM skillancer.notifier_window(v_tick.epoch, v_tick.position_a, v_tick.position_b) e) w
		GROUP BY w.piece
		ORDER BY w.piece
	LOOP
		rows := rows + v_piece.events;
		v_first := least(v_first, v_piece.first_at);
		CONTINUE WHEN v_piece.seqs IS NULL;
		BEGIN
			PERFORM skillancer.notify(v_piece.seqs);
		EXCEPTION WHEN OTHERS THEN
			IF skillancer.event_not_at_fault(SQLSTATE) THEN
				RAISE;
			END IF;
			PERFORM skillancer.notify_singly(v_piece.seqs);
		END;
	END LOOP;
	IF rows > 0 THEN
		PERFORM skillancer.tick_close('notifier', v_tick.position_b, rows);
	END IF;
	DELETE FROM skillancer.event_attempt a WHERE a.consumer = 'notifier' AND a.parked_at IS NULL;
	rows := rows + v_told;
	lag_seconds := coalesce(greatest(extract(epoch FROM skillancer.now() - v_first), 0), 0);
END
$fn$;
COMMENT ON FUNCTION skillancer.notifier_batch(integer) IS
	'One tick of the notifier, in pieces of so many events. Returns the events read and how late the first one was.';
ALTER FUNCTION skillancer.notifier_batch(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.notifier_batch(integer) TO skillancer_worker;

-- worker_started
CREATE OR REPLACE FUNCTION skillancer.worker_started(p_worker text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_starts integer;
BEGIN
	INSERT INTO skillancer.worker_start AS s (worker, starts) VALUES (p_worker, 1)
	ON CONFLICT (worker) DO UPDATE SET starts = s.starts + 1, at = skillancer.now()
	RETURNING s.starts INTO v_starts;
	RETURN v_starts;
END
$fn$;
COMMENT ON FUNCTION skillancer.worker_started(text) IS
	'Counts a start of a worker and returns how many there were since its last finished tick.';
ALTER FUNCTION skillancer.worker_started(text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.worker_started(text) TO skillancer_worker;

-- notifier_try_next
CREATE OR REPLACE FUNCTION skillancer.notifier_try_next(p_ignored integer DEFAULT 0)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_tick     record;
	v_seq      bigint;
	v_attempts integer;
BEGIN
	SELECT * INTO v_tick FROM skillancer.tick_open('notifier');
	LOOP
		SELECT w.seq INTO v_seq
		FROM skillancer.notifier_window(v_tick.epoch, v_tick.position_a, v_tick.position_b) w
		LEFT JOIN skillancer.event_attempt a ON a.consumer = 'notifier' AND a.seq = w.seq
		WHERE w.wanted OR a.attempts > 0 AND a.parked_at IS NULL
		ORDER BY w.seq
		LIMIT 1;
		IF NOT FOUND THEN
			RETURN 0;
		END IF;
		INSERT INTO skillancer.event_attempt AS a (consumer, seq, attempts) VALUES ('notifier', v_seq, 1)
		ON CONFLICT (consumer, seq) DO UPDATE SET attempts = a.attempts + 1, at = skillancer.now()
		RETURNING a.attempts INTO v_attempts;
		EXIT WHEN v_attempts <= 2;
		PERFORM skillancer.park_event('notifier', v_seq, 'the server stopped while it was worked on');
	END LOOP;
	RETURN v_seq;
END
$fn$;
COMMENT ON FUNCTION skillancer.notifier_try_next(integer) IS
	'Counts an attempt for the next event of the tick, committed before it is worked on; parks one that used both of its attempts. Returns its seq, 0 when none is left.';
ALTER FUNCTION skillancer.notifier_try_next(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.notifier_try_next(integer) TO skillancer_worker;

-- notifier_try_event
CREATE OR REPLACE FUNCTION skillancer.notifier_try_event(p_seq bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_made bigint := skillancer.notify_singly(ARRAY[p_seq]);
BEGIN
	UPDATE skillancer.event_attempt a
	SET attempts = 0
	WHERE a.consumer = 'notifier' AND a.seq = p_seq AND a.parked_at IS NULL;
	RETURN v_made;
END
$fn$;
COMMENT ON FUNCTION skillancer.notifier_try_event(bigint) IS
	'Works on the event that notifier_try_next() picked; zero attempts mark it as done until the tick is closed.';
ALTER FUNCTION skillancer.notifier_try_event(bigint) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.notifier_try_event(bigint) TO skillancer_worker;

-- redrive_events
CREATE OR REPLACE FUNCTION skillancer.redrive_events(p_item text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_seq     bigint;
	v_redrive bigint := 0;
BEGIN
	-- not beside a tick: both count the unread notifications of a group
	PERFORM skillancer.tick_open('notifier');
	FOR v_seq IN
		DELETE FROM skillancer.event_attempt a
		WHERE a.consumer = 'notifier' AND a.parked_at IS NOT NULL AND (p_item IS NULL OR p_item = a.seq::text)
		RETURNING a.seq
	LOOP
		PERFORM skillancer.notify_singly(ARRAY[v_seq]);
		v_redrive := v_redrive + 1;
	END LOOP;
	RETURN v_redrive;
END
$fn$;
COMMENT ON FUNCTION skillancer.redrive_events(text) IS
	'Works on parked events again, now; one that fails is parked again. NULL means all of them.';
