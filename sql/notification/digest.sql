/*
 * sql/notification/digest.sql
 *		Digests, and forgetting old notifications: what the timekeeper does with notifications.
 */

-- digest_of
CREATE OR REPLACE FUNCTION skillancer.send_digest(p_user uuid, p_frequency text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_items jsonb;
	v_count bigint;
	v_about text[];
BEGIN
	WITH taken AS (
		UPDATE skillancer.notification n
		SET digest_at = NULL
		WHERE n.user_id = p_user::skillancer.user_id AND n.digest = p_frequency AND n.digest_at <= skillancer.now()
		RETURNING n.*)
	SELECT jsonb_agg(jsonb_build_object('title', t.title, 'body', t.body, 'category', t.category) ORDER BY t.id DESC) FILTER (WHERE t.place <= 50),
		count(*), array_agg(DISTINCT t.category) FILTER (WHERE t.category NOT IN ('PAYMENTS', 'ACCOUNT'))
	INTO v_items, v_count, v_about
	FROM (
		SELECT k.*, row_number() OVER (ORDER BY k.id DESC) AS place
		FROM taken k
		WHERE k.is_head AND k.read_at IS NULL AND k.dismissed_at IS NULL) t;
	IF v_count = 0 THEN
		RETURN false;
	END IF;
	INSERT INTO skillancer.mail (user_id, address, type, locale, data, categories)
	SELECT a.id, a.email, 'digest', a.locale, jsonb_build_object('items', v_items, 'count', v_count,
		'more', nullif(greatest(v_count - 50, 0), 0), 'several', v_count > 1, 'frequency', jsonb_build_object(lower(p_frequency), true),
		'user', jsonb_build_object('name', a.name), 'publicUrl', rtrim(current_setting('skillancer.public_url'), '/')),
		v_about
	FROM skillancer.user_account a
	WHERE a.id = p_user::skillancer.user_id AND a.state <> 'CLOSED';
	PERFORM skillancer.wake('courier');
	RETURN FOUND;
END
$fn$;
COMMENT ON FUNCTION skillancer.send_digest(uuid, text) IS
	'Queues one digest of what is due and was neither read nor dismissed: the newest fifty, and how many more there are. False when nothing is left.';

-- send_digests
CREATE OR REPLACE FUNCTION skillancer.send_digests()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_due  record;
	v_sent bigint := 0;
BEGIN
	FOR v_due IN
		SELECT DISTINCT n.user_id::uuid AS user_id, n.digest
		FROM skillancer.notification n
		WHERE n.digest_at <= skillancer.now()
	LOOP
		v_sent := v_sent + skillancer.send_digest(v_due.user_id, v_due.digest)::integer;
	END LOOP;
	RETURN v_sent;
END
$fn$;
COMMENT ON FUNCTION skillancer.send_digests() IS
	'Queues the digests that are due. A notification is in one digest at most: it is taken in the transaction that queues the mail.';

-- forget_notifications
CREATE OR REPLACE FUNCTION skillancer.forget_notifications()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	DELETE FROM skillancer.notification n
	WHERE n.created_at < skillancer.now() - (SELECT skillancer.policy_interval('notificationRetention'));
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.forget_notifications() IS 'Deletes notifications that are older than the policy notificationRetention.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES
	('send_digests', '1 minute'),
	('forget_notifications', '6 hours');
