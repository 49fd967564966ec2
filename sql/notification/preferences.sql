/*
 * sql/notification/preferences.sql
 *		What somebody wants to hear of, how often, and when not: preferences, quiet hours, unsubscribing.
 */

-- quiet_until
CREATE OR REPLACE FUNCTION skillancer.quiet_until(p_at timestamptz, p_starts time, p_ends time, p_zone text)
RETURNS timestamptz
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_quiet_until';
COMMENT ON FUNCTION skillancer.quiet_until(timestamptz, time, time, text) IS
	'The end of the quiet hours that an instant lies in, which may cross midnight; the instant itself outside of them.';
GRANT EXECUTE ON FUNCTION skillancer.quiet_until(timestamptz, time, time, text) TO skillancer_bridge;

-- digest_at
CREATE OR REPLACE FUNCTION skillancer.digest_at(p_at timestamptz, p_frequency text, p_zone text)
RETURNS timestamptz
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_digest_at';
COMMENT ON FUNCTION skillancer.digest_at(timestamptz, text, text) IS
	'When the next digest after an instant is due: HOURLY at the full hour, DAILY at 09:00, WEEKLY on Monday at 09:00 of the zone.';

-- categories
CREATE OR REPLACE FUNCTION skillancer.notification_categories()
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT '{MESSAGES,PROJECTS,BOOKINGS,PAYMENTS,ACCOUNT,MARKETING,SYSTEM}'::text[]
$fn$;
COMMENT ON FUNCTION skillancer.notification_categories() IS 'The categories of notifications.';
GRANT EXECUTE ON FUNCTION skillancer.notification_categories() TO skillancer_bridge;

-- channels
CREATE OR REPLACE FUNCTION skillancer.notification_channels()
RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN '{IN_APP,EMAIL,WEBHOOK}'::text[] || ARRAY(
		SELECT w.channel FROM skillancer.webhook w WHERE w.channel IS NOT NULL ORDER BY w.channel);
END
$fn$;
COMMENT ON FUNCTION skillancer.notification_channels() IS
	'The channels of notifications; PUSH and SMS while there is a gateway for them, which no login role may see.';
ALTER FUNCTION skillancer.notification_channels() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.notification_channels() TO skillancer_bridge;

-- what may be chosen
CREATE OR REPLACE FUNCTION skillancer.notification_choices(p_category text, p_channel text)
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT CASE WHEN p_channel IN ('EMAIL', 'WEBHOOK') THEN '{IMMEDIATE,HOURLY,DAILY,WEEKLY}'::text[] ELSE '{IMMEDIATE}' END
		|| CASE WHEN p_channel IN ('IN_APP', 'EMAIL') AND p_category IN ('PAYMENTS', 'ACCOUNT') THEN '{}'::text[] ELSE '{NEVER}' END
$fn$;
COMMENT ON FUNCTION skillancer.notification_choices(text, text) IS
	'The frequencies that may be chosen: payments and the account cannot be switched off in the app and by mail, and only mail and webhooks have digests.';
GRANT EXECUTE ON FUNCTION skillancer.notification_choices(text, text) TO skillancer_bridge;

-- the preferences of the caller
CREATE OR REPLACE FUNCTION skillancer.notification_preferences_json()
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (
		SELECT json_agg(skillancer.json_doc('category', d.category, 'channel', d.channel,
			'frequency', coalesce(p.frequency, d.frequency), 'isDefault', p.user_id IS NULL,
			'choices', skillancer.notification_choices(d.category, d.channel))
			ORDER BY array_position(skillancer.notification_categories(), d.category),
				array_position(skillancer.notification_channels(), d.channel))
		FROM skillancer.notification_default d
		LEFT JOIN skillancer.notification_preference p ON p.category = d.category AND p.channel = d.channel
			AND p.user_id = (SELECT skillancer.current_user_id())
		WHERE d.channel = ANY ((SELECT skillancer.notification_channels())::text[]));
END
$fn$;
COMMENT ON FUNCTION skillancer.notification_preferences_json() IS
	'What the caller is told how often: each category on each channel, with what may be chosen.';
GRANT EXECUTE ON FUNCTION skillancer.notification_preferences_json() TO skillancer_bridge;

-- GET /v1/notifications/preferences
CREATE OR REPLACE FUNCTION skillancer_api.notification_preferences()
RETURNS json
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	RETURN skillancer.notification_preferences_json();
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_preferences() IS
	'How often the caller is told of each category on each channel. What nobody chose is the default of the marketplace.';
SELECT skillancer.add_route('GET', '/v1/notifications/preferences', 'notification_preferences',
	summary => 'What I am told of, and how often', answers => '[notification_preference_item]');

-- what a list of preferences says that is wrong
CREATE OR REPLACE FUNCTION skillancer.check_preferences(p_preferences jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_item record;
BEGIN
	PERFORM skillancer.check_that('preferences', jsonb_typeof(p_preferences) = 'array' AND jsonb_array_length(p_preferences) BETWEEN 1 AND 35,
		'must be a list of 1 to 35 preferences');
	PERFORM skillancer.check_done();
	FOR v_item IN
		SELECT format('preferences[%s]', i.n - 1) AS field, i.value AS item, i.value ->> 'category' AS category,
			i.value ->> 'channel' AS channel, i.value ->> 'frequency' AS frequency
		FROM jsonb_array_elements(p_preferences) WITH ORDINALITY AS i (value, n)
	LOOP
		IF jsonb_typeof(v_item.item) <> 'object' OR NOT v_item.item ?& '{category,channel,frequency}'
			OR EXISTS (SELECT FROM jsonb_object_keys(v_item.item) k WHERE k <> ALL ('{category,channel,frequency}')) THEN
			PERFORM skillancer.check_that(v_item.field, false, 'must be an object of category, channel and frequency');
			CONTINUE;
		END IF;
		PERFORM skillancer.check_one_of(v_item.field || '.category', v_item.category, skillancer.notification_categories());
		PERFORM skillancer.check_one_of(v_item.field || '.channel', v_item.channel, skillancer.notification_channels());
		PERFORM skillancer.check_one_of(v_item.field || '.frequency', v_item.frequency,
			skillancer.notification_choices(v_item.category, v_item.channel));
	END LOOP;
	PERFORM skillancer.check_done();
END
$fn$;
COMMENT ON FUNCTION skillancer.check_preferences(jsonb) IS 'Refuses a list of preferences that is not valid, naming each bad member.';

-- PUT /v1/notifications/preferences
CREATE OR REPLACE FUNCTION skillancer_api.notification_prefer(p_preferences jsonb)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_user skillancer.user_id := skillancer.current_user_id();
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_preferences(p_preferences);
	INSERT INTO skillancer.notification_preference (user_id, category, channel, frequency)
	SELECT v_user, i.category, i.channel, (array_agg(i.frequency ORDER BY i.n DESC))[1]
	FROM ROWS FROM (jsonb_to_recordset(p_preferences) AS (category text, channel text, frequency text))
		WITH ORDINALITY AS i (category, channel, frequency, n)
	GROUP BY i.category, i.channel
	ON CONFLICT (user_id, category, channel) DO UPDATE
	SET frequency = EXCLUDED.frequency, updated_at = skillancer.now();
	UPDATE skillancer.notification n
	SET digest_at = NULL
	FROM skillancer.notification_preference p
	WHERE n.user_id = v_user AND n.digest_at IS NOT NULL AND p.user_id = v_user AND p.category = n.category
		AND p.channel = 'EMAIL' AND p.frequency = 'NEVER';
	UPDATE skillancer.notification n
	SET webhook_at = NULL
	FROM skillancer.notification_preference p
	WHERE n.user_id = v_user AND n.webhook_at IS NOT NULL AND p.user_id = v_user AND p.category = n.category
		AND p.channel = 'WEBHOOK' AND p.frequency = 'NEVER';
	PERFORM skillancer.gateway_drop(v_user);
	RETURN skillancer.notification_preferences_json();
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_prefer(jsonb) IS
	'Sets some preferences of the caller; those that are not named stay. Payments and the account cannot be switched off in the app and by mail.';
SELECT skillancer.add_route('PUT', '/v1/notifications/preferences', 'notification_prefer',
	summary => 'Choose what I am told of, and how often', answers => '[notification_preference_item]');

-- GET /v1/notifications/quiet-hours
CREATE OR REPLACE FUNCTION skillancer_api.notification_quiet_hours()
RETURNS json
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_quiet skillancer.quiet_hours;
	v_zone  text;
	v_until timestamptz;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT * INTO v_quiet FROM skillancer.quiet_hours q WHERE q.user_id = (SELECT skillancer.current_user_id());
	SELECT coalesce(v_quiet.time_zone, u.timezone) INTO v_zone
	FROM skillancer.user_account u WHERE u.id = (SELECT skillancer.current_user_id());
	v_until := skillancer.quiet_until(skillancer.now(), v_quiet.starts, v_quiet.ends, v_zone);
	RETURN skillancer.json_doc('start', to_char(v_quiet.starts, 'HH24:MI'), 'end', to_char(v_quiet.ends, 'HH24:MI'),
		'timeZone', v_zone, 'quietUntil', nullif(v_until, skillancer.now()));
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_quiet_hours() IS
	'When the caller gets no mail and no notification by webhook, push or SMS, in local time. Start and end are null without quiet hours; quietUntil says when those that are now end.';
SELECT skillancer.add_route('GET', '/v1/notifications/quiet-hours', 'notification_quiet_hours',
	summary => 'My quiet hours',
	answers => '{start: text|null, end: text|null, timeZone: text, quietUntil: timestamptz|null}');

-- a time of day
CREATE OR REPLACE FUNCTION skillancer.check_clock(p_field text, p_value text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.check_that(p_field, coalesce(p_value ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$', false),
		'must be a time of day, such as 22:00');
END
$fn$;
COMMENT ON FUNCTION skillancer.check_clock(text, text) IS 'Notes a problem with a field that is not HH:MM.';

-- PUT /v1/notifications/quiet-hours
CREATE OR REPLACE FUNCTION skillancer_api.notification_set_quiet_hours(p_start text, p_end text, p_time_zone text DEFAULT NULL)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_clock('start', p_start);
	PERFORM skillancer.check_clock('end', p_end);
	PERFORM skillancer.check_that('end', p_start IS DISTINCT FROM p_end, 'must differ from start');
	PERFORM skillancer.check_that('timeZone', p_time_zone IS NULL OR skillancer.timezone_is_valid(p_time_zone),
		'must be a time zone, such as Europe/Berlin');
	PERFORM skillancer.check_done();
	INSERT INTO skillancer.quiet_hours (user_id, starts, ends, time_zone)
	VALUES (skillancer.current_user_id(), p_start::time, p_end::time, p_time_zone)
	ON CONFLICT (user_id) DO UPDATE
	SET starts = EXCLUDED.starts, ends = EXCLUDED.ends, time_zone = EXCLUDED.time_zone, updated_at = skillancer.now();
	RETURN skillancer_api.notification_quiet_hours();
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_set_quiet_hours(text, text, text) IS
	'Sets the caller''s quiet hours (HH:MM, local time; they may cross midnight): mail, and notifications by webhook, push and SMS, wait until they are over. Without timeZone that of the account counts.';
SELECT skillancer.add_route('PUT', '/v1/notifications/quiet-hours', 'notification_set_quiet_hours',
	summary => 'Set my quiet hours',
	answers => '{start: text|null, end: text|null, timeZone: text, quietUntil: timestamptz|null}');

-- DELETE /v1/notifications/quiet-hours
CREATE OR REPLACE FUNCTION skillancer_api.notification_no_quiet_hours()
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.require_role('USER');
	DELETE FROM skillancer.quiet_hours q WHERE q.user_id = skillancer.current_user_id();
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_no_quiet_hours() IS 'The caller has no quiet hours any more.';
SELECT skillancer.add_route('DELETE', '/v1/notifications/quiet-hours', 'notification_no_quiet_hours',
	summary => 'Have no quiet hours', answers => '204');
