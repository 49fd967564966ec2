/*
 * sql/core/adopt.sql
 *		adopt(): makes a restored or copied database a marketplace of its own.
 *
 * Transaction ids do not survive a logical restore, so what compares them (event, ledger_entry, positions of
 * consumers) compares within one epoch only. A copy refuses to work, because its row of "instance" names another
 * cluster or database; adopt() starts the next epoch there.
 *
 * Events that a consumer had not read must not be lost, and those that it had read must not come twice. Each set of
 * consumers that had not read some events gets a number; those events move to the new epoch under that number
 * instead of a transaction id, and the new position of each of these consumers lists the number as one that was
 * in progress. The next tick reads exactly those. The numbers start at 3, below every transaction id that a
 * cluster still hands out, and mean nothing else.
 */

-- adopt_events
CREATE OR REPLACE FUNCTION skillancer.adopt_events(p_old integer, p_new integer, p_skip text[])
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_now      pg_snapshot := skillancer.tick_snapshot();
	v_unread   record;
	v_stamp    bigint := 3;
	v_stamps   jsonb := '{}';
	v_consumer text;
	v_moved    bigint := 0;
	v_rows     bigint;
BEGIN
	FOR v_unread IN
		SELECT u.consumers, array_agg(u.seq) AS events
		FROM (
			SELECT e.seq, array_agg(c.name ORDER BY c.name) AS consumers
			FROM skillancer.event e
			JOIN skillancer.consumer c ON c.epoch = e.epoch AND NOT pg_visible_in_snapshot(e.xid, c.position)
			WHERE e.epoch = p_old AND c.name <> ALL (p_skip)
			GROUP BY e.seq
		) u
		GROUP BY u.consumers
		ORDER BY u.consumers
	LOOP
		UPDATE skillancer.event e SET epoch = p_new, xid = v_stamp::text::xid8
		WHERE e.seq = ANY (v_unread.events) AND e.epoch = p_old;
		GET DIAGNOSTICS v_rows = ROW_COUNT;
		v_moved := v_moved + v_rows;
		FOREACH v_consumer IN ARRAY v_unread.consumers LOOP
			v_stamps := jsonb_set(v_stamps, ARRAY[v_consumer], coalesce(v_stamps -> v_consumer, '[]') || to_jsonb(v_stamp));
		END LOOP;
		v_stamp := v_stamp + 1;
	END LOOP;
	UPDATE skillancer.consumer c
	SET epoch = p_new,
		position = format('%s:%s:%s',
			least(pg_snapshot_xmin(v_now)::text::bigint, (SELECT min(s::bigint) FROM jsonb_array_elements_text(v_stamps -> c.name) AS s)),
			pg_snapshot_xmax(v_now),
			(SELECT string_agg(x::text, ',' ORDER BY x) FROM (
				SELECT s::bigint FROM jsonb_array_elements_text(v_stamps -> c.name) AS s
				UNION SELECT i::text::bigint FROM pg_snapshot_xip(v_now) AS i) AS in_progress (x)))::pg_snapshot
	WHERE c.epoch = p_old;
	RETURN v_moved;
END
$fn$;
COMMENT ON FUNCTION skillancer.adopt_events(integer, integer, text[]) IS
	'Moves the events that consumers had not read, and the positions of all consumers, to a new epoch; returns how many events moved';

-- adopt
CREATE OR REPLACE FUNCTION skillancer.adopt(p_quiet boolean DEFAULT false)
RETURNS TABLE (action text, object text)
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_old    skillancer.instance%ROWTYPE;
	v_new    skillancer.instance%ROWTYPE;
	v_moved  bigint;
	v_documents bigint;
	v_silent text;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('skillancer.migrate', 0));
	PERFORM skillancer.migrate_check();
	LOCK TABLE skillancer.instance IN ACCESS EXCLUSIVE MODE;
	SELECT * INTO STRICT v_old FROM skillancer.instance;
	IF EXISTS (SELECT FROM pg_control_system() c, pg_database d
		WHERE d.datname = current_database() AND d.oid = v_old.database_oid
			AND c.system_identifier::text = v_old.system_identifier) THEN
		RETURN;
	END IF;
	PERFORM skillancer.ledger_fold_adopt(v_old.epoch + 1);
	PERFORM skillancer.rollup_adopt(v_old.epoch + 1);
	v_moved := skillancer.adopt_events(v_old.epoch, v_old.epoch + 1,
		CASE WHEN p_quiet THEN ARRAY['notifier', 'webhooks'] ELSE '{}' END);
	v_documents := skillancer.search_adopt(v_old.epoch + 1, p_quiet);
	UPDATE skillancer.instance i
	SET system_identifier = c.system_identifier::text, database_oid = d.oid, epoch = i.epoch + 1,
		adopted_at = skillancer.now()
	FROM pg_control_system() c, pg_database d
	WHERE d.datname = current_database()
	RETURNING i.* INTO v_new;
	PERFORM skillancer.invalidate();
	action := 'epoch';
	object := v_new.epoch::text;
	RETURN NEXT;
	action := 'events to read';
	object := v_moved::text;
	RETURN NEXT;
	action := 'documents to index';
	object := v_documents::text;
	RETURN NEXT;
	IF p_quiet THEN
		FOR v_silent IN
			SELECT p.proname FROM pg_proc p
			WHERE p.pronamespace = 'skillancer'::regnamespace AND p.proname LIKE 'adopt\_quiet\_%'
			ORDER BY p.proname
		LOOP
			action := substr(v_silent, length('adopt_quiet_') + 1) || ' dropped';
			EXECUTE format('SELECT skillancer.%I()', v_silent) INTO object;
			RETURN NEXT;
		END LOOP;
	END IF;
	PERFORM skillancer.wake('launcher');
	PERFORM skillancer.audit('instance.adopted', 'instance', NULL, to_jsonb(v_old), to_jsonb(v_new));
	PERFORM skillancer.wake('launcher');
	NOTIFY skillancer_routes;
END
$fn$;
COMMENT ON FUNCTION skillancer.adopt(boolean) IS
	'Lets a restored or copied database work again, in a new epoch. Quiet: what it had not sent is dropped, so that people hear nothing from a copy; each area drops its own in adopt_quiet_<area>(), which returns what it did. Does nothing where the database is at home';
