/*
 * sql/notification/functions.sql
 *		Templates, previews, and working on parked rows again.
 */

-- mustache
CREATE OR REPLACE FUNCTION skillancer.mustache(p_template text, p_data jsonb, p_escape boolean DEFAULT false)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_mustache';
COMMENT ON FUNCTION skillancer.mustache(text, jsonb, boolean) IS
	'Renders a mustache template (variables, sections, inverted sections, comments, delimiters); escape makes {{name}} safe in HTML.';

-- mustache, with partials
CREATE OR REPLACE FUNCTION skillancer.mustache(p_template text, p_data jsonb, p_escape boolean, p_partials jsonb)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_mustache';
COMMENT ON FUNCTION skillancer.mustache(text, jsonb, boolean, jsonb) IS
	'Renders a mustache template that may name partials: the members of an object of texts.';

-- template_for
CREATE OR REPLACE FUNCTION skillancer.template_for(p_type text, p_channel text, p_locale text)
RETURNS TABLE (title text, body text, html text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN QUERY
	SELECT t.title, t.body, t.html
	FROM skillancer.template t
	WHERE t.type = p_type AND t.channel = p_channel
		AND t.locale IN (p_locale, split_part(p_locale, '-', 1), 'en')
	ORDER BY t.locale = p_locale DESC, t.locale <> 'en' DESC
	LIMIT 1;
END
$fn$;
COMMENT ON FUNCTION skillancer.template_for(text, text, text) IS
	'The template in the user''s language, else in that without its region, else in English.';

-- render
CREATE OR REPLACE FUNCTION skillancer.render(
	p_type text, p_channel text, p_sample jsonb DEFAULT '{}', p_locale text DEFAULT 'en')
RETURNS TABLE (title text, body text, html text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN QUERY
	SELECT skillancer.mustache(t.title, p_sample), skillancer.mustache(t.body, p_sample),
		skillancer.mustache(t.html, p_sample, true)
	FROM skillancer.template_for(p_type, p_channel, p_locale) t;
END
$fn$;
COMMENT ON FUNCTION skillancer.render(text, text, jsonb, text) IS
	'Shows what a template makes of sample data, for whoever edits it.';
ALTER FUNCTION skillancer.render(text, text, jsonb, text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.render(text, text, jsonb, text) TO skillancer_admin;

-- redrive
CREATE OR REPLACE FUNCTION skillancer.redrive(p_kind text DEFAULT NULL, p_item text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint := 0;
BEGIN
	IF p_kind IS NOT NULL AND p_kind NOT IN ('timer', 'event', 'mail', 'provider', 'search', 'gateway') THEN
		RAISE EXCEPTION 'there is no kind of parked rows "%"', p_kind
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Kinds are timer, event, mail, provider, search and gateway.';
	END IF;
	IF coalesce(p_kind, 'timer') = 'timer' THEN
		v_rows := v_rows + skillancer.redrive_timers(p_item);
	END IF;
	IF coalesce(p_kind, 'event') = 'event' THEN
		v_rows := v_rows + skillancer.redrive_events(p_item);
	END IF;
	IF coalesce(p_kind, 'mail') = 'mail' THEN
		v_rows := v_rows + skillancer.redrive_mails(p_item);
	END IF;
	IF coalesce(p_kind, 'provider') = 'provider' THEN
		v_rows := v_rows + skillancer.redrive_provider(p_item);
	END IF;
	IF coalesce(p_kind, 'search') = 'search' THEN
		v_rows := v_rows + skillancer.redrive_search(p_item);
	END IF;
	IF coalesce(p_kind, 'gateway') = 'gateway' THEN
		v_rows := v_rows + skillancer.redrive_gateways(p_item);
	END IF;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.redrive(text, text) IS
	'Works on parked rows (skillancer.parked) again: of one kind (timer, event, mail, provider, search, gateway), or one of them, or all.';
ALTER FUNCTION skillancer.redrive(text, text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.redrive(text, text) TO skillancer_admin;

-- put_template
CREATE OR REPLACE FUNCTION skillancer.put_template(
	p_type text, p_channel text, p_title text, p_body text, p_html text DEFAULT NULL, p_locale text DEFAULT 'en')
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.put_builtin('skillancer.template', jsonb_build_object('type', p_type, 'channel', p_channel,
		'locale', p_locale, 'title', p_title, 'body', p_body, 'html', p_html));
END
$fn$;
COMMENT ON FUNCTION skillancer.put_template(text, text, text, text, text, text) IS
	'Ships a template: replaces the row only while nobody edited it. Called by builtin.sql files.';

-- put_rule
CREATE OR REPLACE FUNCTION skillancer.put_rule(p_event text, p_recipients text, p_type text, p_category text,
	p_priority text DEFAULT 'NORMAL', p_group_key text DEFAULT NULL, p_mandatory boolean DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.put_builtin('skillancer.notification_rule', jsonb_build_object(
		'key', format('%s/%s', p_event, p_type), 'event_type', p_event, 'recipients', p_recipients, 'type', p_type,
		'category', p_category, 'priority', p_priority, 'group_key', p_group_key,
		'is_mandatory', coalesce(p_mandatory, p_category IN ('PAYMENTS', 'ACCOUNT') AND p_priority = 'HIGH')));
END
$fn$;
COMMENT ON FUNCTION skillancer.put_rule(text, text, text, text, text, text, boolean) IS
	'Ships a notification rule: replaces the row only while nobody edited it. What is important about money and the account is mandatory, unless said otherwise. Called by builtin.sql files.';
