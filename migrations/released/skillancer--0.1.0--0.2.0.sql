-- made by sql/assemble from sql/ and migrations/: edit those
\echo Use "ALTER EXTENSION skillancer" to load this file. \quit

-- ======== functions of 0.1.0
DO $do$
DECLARE
v_function pg_catalog.regprocedure;
BEGIN
FOR v_function IN
SELECT p.oid
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'skillancer'
JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname || '.' || p.proname IN ('skillancer.account_guard','skillancer.add_route','skillancer.add_skill_aliases','skillancer.adopt','skillancer.adopt_events','skillancer.adopt_quiet_mail','skillancer.audit','skillancer.begin_request','skillancer.booking_add_milestones','skillancer.booking_command','skillancer.booking_events','skillancer.booking_from_proposal','skillancer.booking_refuse_stranger','skillancer.booking_settle','skillancer.bridge_metrics','skillancer.builtin_hash','skillancer.builtin_untouched','skillancer.catalogue_changed','skillancer.category_json','skillancer.category_subtree','skillancer.charge_command','skillancer.charge_make','skillancer.charge_reply','skillancer.charge_run','skillancer.check_array','skillancer.check_done','skillancer.check_email','skillancer.check_entries','skillancer.check_gig','skillancer.check_gig_lists','skillancer.check_if_match','skillancer.check_int','skillancer.check_limit','skillancer.check_may_propose','skillancer.check_method','skillancer.check_milestones','skillancer.check_money','skillancer.check_number','skillancer.check_one_of','skillancer.check_packages','skillancer.check_password','skillancer.check_profile_lists','skillancer.check_project','skillancer.check_proposal','skillancer.check_text','skillancer.check_that','skillancer.confirm_password','skillancer.count_sign_in_failure','skillancer.courier_claim','skillancer.courier_give_up','skillancer.courier_lag','skillancer.courier_record','skillancer.courier_retry_at','skillancer.create_account','skillancer.create_admin','skillancer.create_partitions','skillancer.current_session_id','skillancer.current_user_id','skillancer.current_user_state','skillancer.cursor_decode','skillancer.cursor_secret','skillancer.dry_run','skillancer.email_verified','skillancer.emit','skillancer.emit_me_updated','skillancer.emit_project','skillancer.end_proposal','skillancer.end_session_of_token','skillancer.end_sessions','skillancer.epoch','skillancer.etag_matches','skillancer.event_not_at_fault','skillancer.fail','skillancer.fee_step','skillancer.find_gigs','skillancer.find_projects','skillancer.find_skill','skillancer.fire','skillancer.fire_system','skillancer.forget_idempotency_keys','skillancer.forget_mails','skillancer.freelancer_problems','skillancer.gig_description','skillancer.gig_list_mine','skillancer.gig_owner_pattern','skillancer.gig_packages','skillancer.gig_problems','skillancer.gig_reply','skillancer.has_permission','skillancer.has_request','skillancer.has_role','skillancer.hold_project','skillancer.idempotency_claim','skillancer.idempotency_settle','skillancer.impersonate','skillancer.import_accounts','skillancer.import_array','skillancer.import_begin','skillancer.import_budget','skillancer.import_category_slug','skillancer.import_countries','skillancer.import_currencies','skillancer.import_finish','skillancer.import_freelancers','skillancer.import_gig_categories','skillancer.import_gig_rows','skillancer.import_gigs','skillancer.import_job_clients','skillancer.import_jobs','skillancer.import_profiles','skillancer.import_projects','skillancer.import_skills','skillancer.import_start','skillancer.import_text','skillancer.invalidate','skillancer.is_project_guest','skillancer.is_staff','skillancer.issue_refresh_token','skillancer.job_problems','skillancer.keep_gig_revision','skillancer.keep_proposal_revision','skillancer.ledger_balance','skillancer.ledger_post','skillancer.length_problem','skillancer.library_preloaded','skillancer.library_version','skillancer.list_reply','skillancer.lowest_price','skillancer.mail_verification','skillancer.make_email_token','skillancer.make_month_partition','skillancer.me_doc','skillancer.method_add','skillancer.method_list','skillancer.method_remove','skillancer.migrate','skillancer.migrate_bootstrap','skillancer.migrate_check','skillancer.migrate_drop_replayable','skillancer.migrate_grant_own','skillancer.migrate_guard','skillancer.migrate_objects','skillancer.migrate_pending','skillancer.migrate_replay','skillancer.migrate_revoke','skillancer.migrate_run','skillancer.milestone_command','skillancer.milestone_lock','skillancer.milestone_shortfall','skillancer.moderate_user','skillancer.mustache','skillancer.my_movements','skillancer.new_id','skillancer.note_risk','skillancer.notification_context','skillancer.notification_person','skillancer.notifier_batch','skillancer.notifier_started','skillancer.notifier_try_event','skillancer.notifier_try_next','skillancer.notifier_window','skillancer.notify','skillancer.notify_singly','skillancer.now','skillancer.open_project','skillancer.own_gig','skillancer.own_project','skillancer.own_proposal','skillancer.park_event','skillancer.password_hash','skillancer.password_is_outdated','skillancer.password_verify','skillancer.payout_terms','skillancer.policy_int','skillancer.policy_interval','skillancer.policy_pin','skillancer.policy_value','skillancer.postings_now','skillancer.profile_completeness','skillancer.project_list_found','skillancer.project_list_mine','skillancer.project_reply','skillancer.project_take_opening','skillancer.proposal_reply','skillancer.proposal_terms','skillancer.purge_sign_in','skillancer.put_builtin','skillancer.put_policy','skillancer.put_rule','skillancer.put_template','skillancer.read_skills','skillancer.redrive','skillancer.redrive_events','skillancer.redrive_mails','skillancer.redrive_timers','skillancer.refresh_cookie','skillancer.refresh_grace','skillancer.refresh_refused','skillancer.refresh_session','skillancer.refresh_token_reused','skillancer.refusal','skillancer.refuse_change','skillancer.refuse_problems','skillancer.register','skillancer.render','skillancer.request_address','skillancer.request_id','skillancer.request_network','skillancer.request_password_reset','skillancer.require_permission','skillancer.require_role','skillancer.require_unrestricted','skillancer.resend_verification','skillancer.reset_password','skillancer.resolve_category','skillancer.resolve_skills','skillancer.review_project','skillancer.review_publish_pair','skillancer.risk_kinds','skillancer.risk_score','skillancer.route_argument_type','skillancer.route_arguments','skillancer.route_catalogue','skillancer.run_job','skillancer.sandbox_label','skillancer.schedule','skillancer.search_query','skillancer.send_mail','skillancer.set_identity','skillancer.set_password','skillancer.set_roles','skillancer.sign_in','skillancer.sign_in_account','skillancer.sign_in_failed','skillancer.sign_in_locked','skillancer.sign_in_locked_until','skillancer.signed_in','skillancer.skill_add','skillancer.skill_keys','skillancer.skill_mentions','skillancer.skill_merge','skillancer.skill_problems','skillancer.skills_json','skillancer.slugify','skillancer.staff_may','skillancer.start_session','skillancer.state_guard','skillancer.state_problem','skillancer.status','skillancer.tag_proposal','skillancer.tag_time','skillancer.template_for','skillancer.terms_hash','skillancer.tick_close','skillancer.tick_events','skillancer.tick_open','skillancer.tick_snapshot','skillancer.tidy_terms','skillancer.timekeeper_claim','skillancer.timekeeper_failed','skillancer.timekeeper_fire','skillancer.timekeeper_keep_house','skillancer.timekeeper_lag','skillancer.timezone_is_valid','skillancer.token_id','skillancer.token_make','skillancer.token_matches','skillancer.unflag_address','skillancer.use_email_token','skillancer.wait_for_worker','skillancer.wake','skillancer.worker_slots','skillancer.zero_sum','skillancer_api.auth_forgot_password','skillancer_api.auth_login','skillancer_api.auth_logout','skillancer_api.auth_refresh','skillancer_api.auth_register','skillancer_api.auth_resend_verification','skillancer_api.auth_reset_password','skillancer_api.auth_verify_email','skillancer_api.booking_cancel','skillancer_api.booking_end','skillancer_api.booking_get','skillancer_api.booking_list','skillancer_api.booking_reviews','skillancer_api.booking_timeline','skillancer_api.categories','skillancer_api.charge_cancel','skillancer_api.charge_confirm','skillancer_api.charge_create','skillancer_api.charge_get','skillancer_api.earning_list','skillancer_api.fee_preview','skillancer_api.gig_activate','skillancer_api.gig_archive','skillancer_api.gig_create','skillancer_api.gig_get','skillancer_api.gig_list','skillancer_api.gig_pause','skillancer_api.gig_update','skillancer_api.me_change_password','skillancer_api.me_get','skillancer_api.me_patch','skillancer_api.me_put_profile','skillancer_api.me_put_skills','skillancer_api.milestone_agree','skillancer_api.milestone_approve','skillancer_api.milestone_decline','skillancer_api.milestone_fund','skillancer_api.milestone_propose','skillancer_api.milestone_refund','skillancer_api.milestone_request_changes','skillancer_api.milestone_submit','skillancer_api.notification_list','skillancer_api.notification_read','skillancer_api.notification_read_all','skillancer_api.notification_unread_count','skillancer_api.payment_list','skillancer_api.payment_method_add','skillancer_api.payment_method_list','skillancer_api.payment_method_remove','skillancer_api.payout_cancel','skillancer_api.payout_create','skillancer_api.payout_get','skillancer_api.payout_list','skillancer_api.payout_method_add','skillancer_api.payout_method_list','skillancer_api.payout_method_remove','skillancer_api.project_approve','skillancer_api.project_cancel','skillancer_api.project_close','skillancer_api.project_create','skillancer_api.project_get','skillancer_api.project_list','skillancer_api.project_pause','skillancer_api.project_proposals','skillancer_api.project_publish','skillancer_api.project_reject','skillancer_api.project_resume','skillancer_api.project_review_list','skillancer_api.project_update','skillancer_api.proposal_accept','skillancer_api.proposal_counter','skillancer_api.proposal_create','skillancer_api.proposal_decline','skillancer_api.proposal_get','skillancer_api.proposal_list','skillancer_api.proposal_revisions','skillancer_api.proposal_shortlist','skillancer_api.proposal_tag','skillancer_api.proposal_update','skillancer_api.proposal_withdraw','skillancer_api.review_reply','skillancer_api.review_submit','skillancer_api.session_list','skillancer_api.session_revoke','skillancer_api.session_revoke_all','skillancer_api.skill_list','skillancer_api.skills_popular','skillancer_api.trial_balance','skillancer_api.user_get','skillancer_api.user_list','skillancer_api.user_rating','skillancer_api.user_reinstate','skillancer_api.user_restrict','skillancer_api.user_reviews','skillancer_api.user_set_roles','skillancer_api.user_suspend','skillancer_api.wallet_get')
LOOP
BEGIN
EXECUTE 'DROP FUNCTION ' || v_function;
EXCEPTION WHEN dependent_objects_still_exist THEN
NULL;
END;
END LOOP;
END
$do$;

-- ======== sql/begin.sql
/*
 * sql/begin.sql
 *		First part of the replay: the extension's own rows, owners and grants are set anew by what follows.
 *
 * Rows of member tables are code: the files after this one insert all of them again. Functions go back to the
 * owner and the privileges of a newly created one, so that an upgraded extension equals a fresh one.
 */

-- empty every member table; one that others refer to is tried again once those are empty
DO $do$
DECLARE
	v_todo  pg_catalog.regclass[];
	v_next  pg_catalog.regclass[];
	v_table pg_catalog.regclass;
BEGIN
	SELECT pg_catalog.array_agg(c.oid::pg_catalog.regclass ORDER BY c.oid DESC) INTO v_todo
	FROM pg_catalog.pg_depend d
	JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
		AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'skillancer'
	JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
		AND c.oid = d.objid AND c.relkind = 'r';
	WHILE v_todo IS NOT NULL LOOP
		v_next := NULL;
		FOREACH v_table IN ARRAY v_todo LOOP
			BEGIN
				EXECUTE pg_catalog.format('DELETE FROM %s', v_table);
			EXCEPTION WHEN foreign_key_violation THEN
				v_next := pg_catalog.array_append(v_next, v_table);
			END;
		END LOOP;
		IF v_next = v_todo THEN
			RAISE EXCEPTION 'member tables % refer to each other in a circle', v_todo;
		END IF;
		v_todo := v_next;
	END LOOP;
END
$do$;

-- functions back to the installing superuser, with no privilege granted to any role of ours
DO $do$
DECLARE
	v_function record;
BEGIN
	FOR v_function IN
		SELECT p.oid::pg_catalog.regprocedure AS name, p.proowner::pg_catalog.regrole::text <> current_user AS foreign_owner
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'skillancer'
		JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid
		WHERE p.proacl IS NOT NULL OR p.proowner::pg_catalog.regrole::text <> current_user
	LOOP
		IF v_function.foreign_owner THEN
			EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO CURRENT_USER', v_function.name);
		END IF;
		EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, skillancer_owner, skillancer_engine,
			skillancer_vault, skillancer_bridge, skillancer_worker, skillancer_analyst, skillancer_admin,
			skillancer_backup', v_function.name);
	END LOOP;
END
$do$;


-- ======== sql/core/adopt.sql
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
	v_moved := skillancer.adopt_events(v_old.epoch, v_old.epoch + 1,
		CASE WHEN p_quiet THEN ARRAY['notifier'] ELSE '{}' END);
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


-- ======== sql/core/bridge_metrics.sql
/*
 * sql/core/bridge_metrics.sql
 *		Figures of the database for the metrics page of the bridge.
 *
 * The bridge asks every five seconds on a connection of its own, so everything here is cheap whatever the
 * tables hold: counts are capped, and nothing reads more than an index's head.
 */

-- bridge_metrics
CREATE OR REPLACE FUNCTION skillancer.bridge_metrics()
RETURNS TABLE (name text, type text, help text, labels text, value double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_migrated boolean := to_regclass('skillancer.schema_migration') IS NOT NULL;
	v_current boolean := false;
BEGIN
	IF v_migrated THEN
		v_current := NOT skillancer.migrate_pending();
	END IF;
	RETURN QUERY VALUES
		('skillancer_schema_current', 'gauge', 'Whether tables and library belong together.', '',
			v_current::integer::double precision),
		('skillancer_notify_queue_usage_ratio', 'gauge', 'Part of the queue of NOTIFY that is used.', '',
			pg_notification_queue_usage()),
		('skillancer_database_size_bytes', 'gauge', 'Size of the database.', '',
			pg_database_size(current_database())::double precision),
		('skillancer_database_xid_age', 'gauge', 'Transactions since the oldest unfrozen one.', '',
			(SELECT age(d.datfrozenxid)::double precision FROM pg_database d WHERE d.datname = current_database()));
	IF NOT v_migrated THEN
		RETURN;
	END IF;
	RETURN QUERY
	SELECT 'skillancer_due_overdue', 'gauge', 'Timers that should have fired, counted up to 10000.', '',
		(SELECT count(*) FROM (SELECT FROM skillancer.due d
			WHERE d.due_at < skillancer.now() AND d.parked_at IS NULL LIMIT 10000) o)::double precision
	UNION ALL
	SELECT 'skillancer_due_oldest_seconds', 'gauge', 'How long the oldest of them is late.', '',
		coalesce(extract(epoch FROM skillancer.now() - (SELECT min(d.due_at) FROM skillancer.due d
			WHERE d.due_at < skillancer.now() AND d.parked_at IS NULL)), 0)::double precision
	UNION ALL
	SELECT 'skillancer_due_parked', 'gauge', 'Timers that failed too often and wait for an operator, up to 10000.', '',
		(SELECT count(*) FROM (SELECT FROM skillancer.due d WHERE d.parked_at IS NOT NULL LIMIT 10000) p)::double precision
	UNION ALL
	SELECT 'skillancer_consumer_tick_age_seconds', 'gauge', 'Since a consumer of events last looked.',
		format('consumer="%s"', c.name),
		greatest(extract(epoch FROM skillancer.now() - c.ticked_at), 0)::double precision
	FROM skillancer.consumer c
	UNION ALL
	SELECT 'skillancer_consumer_events_total', 'counter', 'Events that a consumer has worked on.',
		format('consumer="%s"', c.name), c.events::double precision
	FROM skillancer.consumer c;
END
$$;
COMMENT ON FUNCTION skillancer.bridge_metrics() IS
	'Name, type, help, labels and value of each figure that the bridge shows on /metrics; skillancer_schema_current also decides its readiness.';
ALTER FUNCTION skillancer.bridge_metrics() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.bridge_metrics() TO skillancer_bridge;


-- ======== sql/core/builtin_rows.sql
/*
 * sql/core/builtin_rows.sql
 *		put_builtin(): rows that the project ships and operators may edit (policies, templates, rules).
 *
 * A row carries a hash of what was shipped. The next version replaces it only while its content still has that
 * hash; what somebody edited stays as it is.
 */

-- builtin_hash
CREATE OR REPLACE FUNCTION skillancer.builtin_hash(p_row jsonb, p_columns text[])
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT array_to_string(p_columns, ',') || ':' || encode(sha256(convert_to(
		(SELECT jsonb_object_agg(c, p_row -> c) FROM unnest(p_columns) AS c)::text, 'UTF8')), 'hex')
$fn$;
COMMENT ON FUNCTION skillancer.builtin_hash(jsonb, text[]) IS
	'Hash of the named columns of a row, with their names in front, so that columns added later do not matter';

-- builtin_untouched
CREATE OR REPLACE FUNCTION skillancer.builtin_untouched(p_row jsonb)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT coalesce(p_row ->> 'builtin_hash' = skillancer.builtin_hash(p_row,
		string_to_array(split_part(p_row ->> 'builtin_hash', ':', 1), ',')), false)
$fn$;
COMMENT ON FUNCTION skillancer.builtin_untouched(jsonb) IS
	'Whether a row with a column builtin_hash still has the content that was shipped';

-- put_builtin
CREATE OR REPLACE FUNCTION skillancer.put_builtin(p_table regclass, p_row jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_columns text[] := (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(p_row) AS k);
	v_key     text[] := (
		SELECT array_agg(a.attname::text)
		FROM pg_index i
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
		WHERE i.indrelid = p_table AND i.indisprimary);
	v_row     jsonb;
BEGIN
	EXECUTE format('SELECT to_jsonb(jsonb_populate_record(NULL::%s, $1))', p_table) INTO v_row USING p_row;
	EXECUTE format(
		'INSERT INTO %1$s AS shipped (%2$s, builtin_hash) SELECT %3$s, $2 FROM jsonb_populate_record(NULL::%1$s, $1) AS r
		ON CONFLICT (%4$s) DO UPDATE SET (%2$s, builtin_hash) = (SELECT %5$s, EXCLUDED.builtin_hash)
		WHERE shipped.builtin_hash <> EXCLUDED.builtin_hash AND skillancer.builtin_untouched(to_jsonb(shipped.*))',
		p_table,
		(SELECT string_agg(quote_ident(c), ', ') FROM unnest(v_columns) AS c),
		(SELECT string_agg('r.' || quote_ident(c), ', ') FROM unnest(v_columns) AS c),
		(SELECT string_agg(quote_ident(c), ', ') FROM unnest(v_key) AS c),
		(SELECT string_agg('EXCLUDED.' || quote_ident(c), ', ') FROM unnest(v_columns) AS c))
	USING p_row, skillancer.builtin_hash(v_row, v_columns);
END
$fn$;
COMMENT ON FUNCTION skillancer.put_builtin(regclass, jsonb) IS
	'Inserts a shipped row, or replaces the one with its primary key if nobody has edited that';


-- ======== sql/core/checks.sql
/*
 * sql/core/checks.sql
 *		Refusing requests: errors of errors.def, and checks that collect every bad field first.
 */

-- Raises an error of errors.def.
CREATE OR REPLACE FUNCTION skillancer.fail(p_code text, p_message text DEFAULT NULL, p_details jsonb DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_fail';
COMMENT ON FUNCTION skillancer.fail(text, text, jsonb) IS
	'Raises the error of that code (errors.def) with its SQLSTATE; message and details reach the client.';

-- Length of a text in characters.
CREATE OR REPLACE FUNCTION skillancer.check_text(p_field text, p_value text, p_min integer, p_max integer, required boolean DEFAULT true)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_text';
COMMENT ON FUNCTION skillancer.check_text(text, text, integer, integer, boolean) IS
	'Notes a problem unless the text has min to max characters; NULL is a problem when required.';

-- Bounds of a whole number.
CREATE OR REPLACE FUNCTION skillancer.check_int(p_field text, p_value bigint, p_min bigint, p_max bigint, required boolean DEFAULT true)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_int';
COMMENT ON FUNCTION skillancer.check_int(text, bigint, bigint, bigint, boolean) IS
	'Notes a problem unless min <= value <= max; a NULL bound is none.';

-- Bounds of a decimal number.
CREATE OR REPLACE FUNCTION skillancer.check_number(p_field text, p_value numeric, p_min numeric, p_max numeric, required boolean DEFAULT true)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_number';
COMMENT ON FUNCTION skillancer.check_number(text, numeric, numeric, numeric, boolean) IS
	'Notes a problem unless min <= value <= max; NaN and infinity are problems; a NULL bound is none.';

-- Bounds of an amount of money.
CREATE OR REPLACE FUNCTION skillancer.check_money(p_field text, p_value skillancer.monetary, p_min_minor bigint, p_max_minor bigint, required boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_value IS NULL THEN
		PERFORM skillancer.check_that(p_field, NOT required, 'is required');
		RETURN;
	END IF;
	PERFORM skillancer.check_that(p_field, p_min_minor IS NULL OR skillancer.monetary_minor(p_value) >= p_min_minor,
		format('must be at least %s', skillancer.monetary_of(p_min_minor, skillancer.monetary_currency(p_value))));
	PERFORM skillancer.check_that(p_field, p_max_minor IS NULL OR skillancer.monetary_minor(p_value) <= p_max_minor,
		format('must be at most %s', skillancer.monetary_of(p_max_minor, skillancer.monetary_currency(p_value))));
END
$$;
COMMENT ON FUNCTION skillancer.check_money(text, skillancer.monetary, bigint, bigint, boolean) IS
	'Notes a problem unless the amount lies between the bounds, in minor units of its own currency; a NULL bound is none.';

-- One of some words.
CREATE OR REPLACE FUNCTION skillancer.check_one_of(p_field text, p_value text, p_allowed text[], required boolean DEFAULT true)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_one_of';
COMMENT ON FUNCTION skillancer.check_one_of(text, text, text[], boolean) IS
	'Notes a problem unless the value is one of the allowed words.';

-- Size of a list and of its items.
CREATE OR REPLACE FUNCTION skillancer.check_array(p_field text, p_value text[], p_max_items integer, p_max_length integer, required boolean DEFAULT false)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_array';
COMMENT ON FUNCTION skillancer.check_array(text, text[], integer, integer, boolean) IS
	'Notes a problem for too many items, and for each item that is NULL or too long.';

-- Any other condition.
CREATE OR REPLACE FUNCTION skillancer.check_that(p_field text, p_ok boolean, p_message text)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_that';
COMMENT ON FUNCTION skillancer.check_that(text, boolean, text) IS
	'Notes the message as a problem of the field unless the condition is true.';

-- Size of a page.
CREATE OR REPLACE FUNCTION skillancer.check_limit(p_limit integer)
RETURNS integer
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_limit';
COMMENT ON FUNCTION skillancer.check_limit(integer) IS
	'The size of a page: 20 when NULL, else 1 to 100; anything else is a problem of the field limit.';

-- Refuses when something was noted.
CREATE OR REPLACE FUNCTION skillancer.check_done()
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_done';
COMMENT ON FUNCTION skillancer.check_done() IS
	'Raises VALIDATION_ERROR with every problem noted in this transaction, and those that the bridge found.';

-- Always refuses.
CREATE OR REPLACE FUNCTION skillancer.refuse_problems()
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_refuse_problems';
COMMENT ON FUNCTION skillancer.refuse_problems() IS
	'Raises VALIDATION_ERROR: the last statement of a request that the bridge found wrong, so that nothing commits.';

GRANT EXECUTE ON FUNCTION
	skillancer.fail(text, text, jsonb),
	skillancer.check_text(text, text, integer, integer, boolean),
	skillancer.check_int(text, bigint, bigint, bigint, boolean),
	skillancer.check_number(text, numeric, numeric, numeric, boolean),
	skillancer.check_money(text, skillancer.monetary, bigint, bigint, boolean),
	skillancer.check_one_of(text, text, text[], boolean),
	skillancer.check_array(text, text[], integer, integer, boolean),
	skillancer.check_that(text, boolean, text),
	skillancer.check_limit(integer),
	skillancer.check_done(),
	skillancer.refuse_problems()
	TO skillancer_bridge;


-- ======== sql/core/consumers.sql
/*
 * sql/core/consumers.sql
 *		Reading the event log exactly once, in ticks.
 *
 * A consumer's position is a snapshot A. A tick takes the current snapshot B, reads the events whose
 * transactions became visible between A and B, applies their effects and stores B, all in one
 * transaction. Commit order does not matter and an idle transaction delays nobody. READ COMMITTED only:
 * every statement of a tick sees at least what B sees. What a tick itself appends is left to the next one.
 * Transaction ids compare within one epoch.
 */

-- The end of a tick.
CREATE OR REPLACE FUNCTION skillancer.tick_snapshot()
RETURNS pg_snapshot
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_now pg_snapshot := pg_current_snapshot();
	v_own xid8 := pg_current_xact_id();
BEGIN
	IF v_own >= pg_snapshot_xmax(v_now) THEN
		RETURN v_now;
	END IF;
	RETURN format('%s:%s:%s', least(pg_snapshot_xmin(v_now), v_own), pg_snapshot_xmax(v_now),
		(SELECT string_agg(x::text, ',' ORDER BY x)
		 FROM (SELECT pg_snapshot_xip(v_now) UNION SELECT v_own) AS running (x)))::pg_snapshot;
END
$$;
COMMENT ON FUNCTION skillancer.tick_snapshot() IS
	'The current snapshot with this transaction among those in progress: a snapshot leaves its own transaction out, and what the tick itself writes would count as read.';

-- Opens a tick.
CREATE OR REPLACE FUNCTION skillancer.tick_open(p_consumer text, OUT epoch integer, OUT position_a pg_snapshot, OUT position_b pg_snapshot)
RETURNS record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.consumer (name, epoch, position)
	VALUES (p_consumer, skillancer.epoch(), '1:1:')
	ON CONFLICT (name) DO NOTHING;
	SELECT c.epoch, c.position INTO tick_open.epoch, position_a
	FROM skillancer.consumer c WHERE c.name = p_consumer FOR UPDATE;
	IF tick_open.epoch <> skillancer.epoch() THEN
		PERFORM skillancer.fail('INSTANCE_MISMATCH');
	END IF;
	position_b := skillancer.tick_snapshot();
END
$$;
COMMENT ON FUNCTION skillancer.tick_open(text) IS
	'Locks the consumer and returns the epoch, its position A and the current snapshot B. A consumer that is new starts before the first event.';
ALTER FUNCTION skillancer.tick_open(text) OWNER TO skillancer_engine;

-- The events of a tick.
CREATE OR REPLACE FUNCTION skillancer.tick_events(p_epoch integer, p_a pg_snapshot, p_b pg_snapshot)
RETURNS TABLE (seq bigint, at timestamptz, id skillancer.event_id, type text, version text, source text,
	aggregate_type text, aggregate_id uuid, actor_id skillancer.user_id, audience uuid[],
	correlation_id text, causation_id uuid, data jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format(
		'SELECT e.seq, e.at, e.id, e.type, e.version, e.source, e.aggregate_type, e.aggregate_id, e.actor_id,
			e.audience, e.correlation_id, e.causation_id, e.data
		 FROM skillancer.event e
		 WHERE e.epoch = %1$s AND pg_visible_in_snapshot(e.xid, %3$L::pg_snapshot)
			AND ((e.xid >= pg_snapshot_xmax(%2$L::pg_snapshot) AND e.xid < pg_snapshot_xmax(%3$L::pg_snapshot))
				OR e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(%2$L::pg_snapshot))))
		 ORDER BY e.seq', p_epoch, p_a, p_b);
END
$$;
COMMENT ON FUNCTION skillancer.tick_events(integer, pg_snapshot, pg_snapshot) IS
	'The events that became visible between snapshots A and B, in the order of seq.';
ALTER FUNCTION skillancer.tick_events(integer, pg_snapshot, pg_snapshot) OWNER TO skillancer_engine;

-- Closes a tick.
CREATE OR REPLACE FUNCTION skillancer.tick_close(p_consumer text, p_b pg_snapshot, p_events bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.consumer c
	SET position = p_b, ticked_at = skillancer.now(), ticks = c.ticks + 1, events = c.events + p_events
	WHERE c.name = p_consumer;
END
$$;
COMMENT ON FUNCTION skillancer.tick_close(text, pg_snapshot, bigint) IS
	'Stores B as the position of the consumer; call it in the transaction that applied the events.';
ALTER FUNCTION skillancer.tick_close(text, pg_snapshot, bigint) OWNER TO skillancer_engine;


-- ======== sql/core/engine.sql
/*
 * sql/core/engine.sql
 *		The state machine engine, timers, policies, events and audit as SQL functions.
 */

-- The marketplace's time.
CREATE OR REPLACE FUNCTION skillancer.now()
RETURNS timestamptz
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_now';
COMMENT ON FUNCTION skillancer.now() IS 'Start of the transaction, moved by the setting skillancer.clock_offset.';

-- Version of the shared library.
CREATE OR REPLACE FUNCTION skillancer.library_version()
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_library_version';
COMMENT ON FUNCTION skillancer.library_version() IS 'Version of the library that this server has loaded.';

-- The epoch that stamps transaction ids.
CREATE OR REPLACE FUNCTION skillancer.epoch()
RETURNS integer
LANGUAGE c STABLE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_epoch';
COMMENT ON FUNCTION skillancer.epoch() IS
	'Epoch in which transaction ids of this database compare. Raises INSTANCE_MISMATCH in a copy that was not adopted, UPGRADE_NEEDED when versions differ.';
ALTER FUNCTION skillancer.epoch() OWNER TO skillancer_engine;

-- Makes every backend read state and rules anew.
CREATE OR REPLACE FUNCTION skillancer.invalidate()
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_invalidate';
COMMENT ON FUNCTION skillancer.invalidate() IS
	'At commit, every backend forgets what it cached of instance, versions and state machines.';

-- Fires an event on behalf of the caller.
CREATE OR REPLACE FUNCTION skillancer.fire(p_machine text, p_id uuid, p_event text, p_payload jsonb DEFAULT '{}')
RETURNS text
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_fire';
COMMENT ON FUNCTION skillancer.fire(text, uuid, text, jsonb) IS
	'Fires an event at an object and returns its new state. RESOURCE_NOT_FOUND, PERMISSION_DENIED, or INVALID_STATE with {"state", "allowed"}.';
ALTER FUNCTION skillancer.fire(text, uuid, text, jsonb) OWNER TO skillancer_engine;

-- Fires an event on behalf of the marketplace.
CREATE OR REPLACE FUNCTION skillancer.fire_system(p_machine text, p_id uuid, p_event text, p_payload jsonb DEFAULT '{}')
RETURNS text
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_fire_system';
COMMENT ON FUNCTION skillancer.fire_system(text, uuid, text, jsonb) IS
	'Like fire(), as the marketplace itself: for timers and for what follows from a command.';
ALTER FUNCTION skillancer.fire_system(text, uuid, text, jsonb) OWNER TO skillancer_engine;

-- Sets a timer by hand.
CREATE OR REPLACE FUNCTION skillancer.schedule(p_machine text, p_id uuid, p_event text, p_due_at timestamptz)
RETURNS void
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_schedule';
COMMENT ON FUNCTION skillancer.schedule(text, uuid, text, timestamptz) IS
	'Fires the event at the object at that time; replaces an earlier time for the same event.';
ALTER FUNCTION skillancer.schedule(text, uuid, text, timestamptz) OWNER TO skillancer_engine;

-- Refuses states that the engine did not set.
CREATE OR REPLACE FUNCTION skillancer.state_guard()
RETURNS trigger
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_state_guard';
COMMENT ON FUNCTION skillancer.state_guard() IS
	'Trigger of every table with a state machine (argument: its name): a new row has an initial state, and only fire() changes one.';

-- Opens the door for imports.
CREATE OR REPLACE FUNCTION skillancer.import_begin(p_reason text)
RETURNS void
LANGUAGE c VOLATILE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_import_begin';
COMMENT ON FUNCTION skillancer.import_begin(text) IS
	'Until the transaction ends, new rows may have any state of their machine. Leaves an audit row with the reason.';
ALTER FUNCTION skillancer.import_begin(text) OWNER TO skillancer_engine;

-- The value of a policy in force.
CREATE OR REPLACE FUNCTION skillancer.policy_value(p_key text)
RETURNS jsonb
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_policy_value';
COMMENT ON FUNCTION skillancer.policy_value(text) IS 'The value in force at skillancer.now(); an error when the key has none.';
ALTER FUNCTION skillancer.policy_value(text) OWNER TO skillancer_engine;

-- The same as a whole number.
CREATE OR REPLACE FUNCTION skillancer.policy_int(p_key text)
RETURNS bigint
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_policy_int';
COMMENT ON FUNCTION skillancer.policy_int(text) IS 'A policy that is a whole number.';
ALTER FUNCTION skillancer.policy_int(text) OWNER TO skillancer_engine;

-- The same as a period.
CREATE OR REPLACE FUNCTION skillancer.policy_interval(p_key text)
RETURNS interval
LANGUAGE c STABLE STRICT SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_policy_interval';
COMMENT ON FUNCTION skillancer.policy_interval(text) IS 'A policy that is an ISO 8601 duration.';
ALTER FUNCTION skillancer.policy_interval(text) OWNER TO skillancer_engine;

-- What a contract pins.
CREATE OR REPLACE FUNCTION skillancer.policy_pin(p_keys text[])
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT jsonb_object_agg(k, skillancer.policy_value(k)) FROM unnest(p_keys) AS k);
END
$$;
COMMENT ON FUNCTION skillancer.policy_pin(text[]) IS
	'The values in force of some policies as one object, to be stored with what was agreed.';

-- A policy that the project ships.
CREATE OR REPLACE FUNCTION skillancer.put_policy(p_key text, p_value jsonb, p_description text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.put_builtin('skillancer.policy', jsonb_build_object(
		'key', p_key, 'valid_from', '-infinity', 'value', p_value, 'description', p_description));
END
$$;
COMMENT ON FUNCTION skillancer.put_policy(text, jsonb, text) IS
	'Ships a policy: replaces the row only while nobody edited it. Called by builtin.sql files.';

-- Appends to the event log.
CREATE OR REPLACE FUNCTION skillancer.emit(p_type text, p_aggregate_type text, p_aggregate_id uuid, p_data jsonb, p_audience uuid[] DEFAULT NULL)
RETURNS uuid
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_emit';
COMMENT ON FUNCTION skillancer.emit(text, text, uuid, jsonb, uuid[]) IS
	'Appends an event in this transaction and returns its id; audience lists the users who may hear of it.';
ALTER FUNCTION skillancer.emit(text, text, uuid, jsonb, uuid[]) OWNER TO skillancer_engine;

-- Writes to the audit log.
CREATE OR REPLACE FUNCTION skillancer.audit(p_action text, p_object_type text, p_object_id uuid, p_before jsonb, p_after jsonb)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_audit';
COMMENT ON FUNCTION skillancer.audit(text, text, uuid, jsonb, jsonb) IS
	'Records an action of staff or an operator with the state before and after.';
ALTER FUNCTION skillancer.audit(text, text, uuid, jsonb, jsonb) OWNER TO skillancer_engine;

GRANT EXECUTE ON FUNCTION
	skillancer.policy_value(text), skillancer.policy_int(text), skillancer.policy_interval(text)
	TO skillancer_bridge;
GRANT EXECUTE ON FUNCTION skillancer.import_begin(text) TO skillancer_admin;


-- ======== sql/core/id.sql
/*
 * sql/core/id.sql
 *		New identifiers.
 */

-- new_id(): a new UUIDv7; cast it to the id type that is wanted
CREATE OR REPLACE FUNCTION skillancer.new_id() RETURNS uuid
	LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_fn_new_id';
COMMENT ON FUNCTION skillancer.new_id() IS 'A new UUIDv7 of the marketplace''s clock, ascending within one session';


-- ======== sql/core/idempotency.sql
/*
 * sql/core/idempotency.sql
 *		One effect for one Idempotency-Key, whatever the network does.
 *
 * The bridge wraps the call of a route:
 *   SELECT s.* FROM skillancer.idempotency_claim(key, route, hash) c
 *   CROSS JOIN LATERAL skillancer.idempotency_settle(key, route, c, CASE WHEN c.status IS NULL THEN call END) s
 * The row of the key and the effect commit together. A concurrent duplicate waits at the unique index for
 * the first to end and then reads its outcome.
 */

-- Claims a key or finds its outcome.
CREATE OR REPLACE FUNCTION skillancer.idempotency_claim(p_key text, p_route text, p_hash bytea)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id := skillancer.current_user_id();
	v_row record;
BEGIN
	IF v_user IS NULL THEN
		PERFORM skillancer.fail('AUTHENTICATION_ERROR');
	END IF;
	PERFORM skillancer.check_text('Idempotency-Key', p_key, 1, 255);
	PERFORM skillancer.check_done();
	DELETE FROM skillancer.idempotency_key k
	WHERE k.user_id = v_user AND k.route = p_route AND k.key = p_key
		AND k.created_at < skillancer.now() - skillancer.policy_interval('idempotencyRetention');
	INSERT INTO skillancer.idempotency_key (user_id, route, key, body_hash)
	VALUES (v_user, p_route, p_key, p_hash)
	ON CONFLICT DO NOTHING;
	IF FOUND THEN
		RETURN NULL;
	END IF;
	SELECT k.body_hash, k.status, k.etag, k.headers, k.meta, k.body INTO v_row
	FROM skillancer.idempotency_key k
	WHERE k.user_id = v_user AND k.route = p_route AND k.key = p_key;
	IF v_row.body_hash IS DISTINCT FROM p_hash THEN
		PERFORM skillancer.fail('IDEMPOTENCY_MISMATCH');
	END IF;
	IF v_row.status IS NULL THEN
		PERFORM skillancer.fail('IDEMPOTENCY_IN_PROGRESS');
	END IF;
	RETURN ROW(v_row.status, v_row.etag,
		coalesce(v_row.headers, '{}') || '{"Idempotency-Replayed": "true"}',
		v_row.meta, v_row.body)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.idempotency_claim(text, text, bytea) IS
	'NULL when the key is new for this user and route, else the stored answer. IDEMPOTENCY_MISMATCH when the body differs.';
ALTER FUNCTION skillancer.idempotency_claim(text, text, bytea) OWNER TO skillancer_engine;

-- Stores the outcome, or passes the stored one on.
CREATE OR REPLACE FUNCTION skillancer.idempotency_settle(p_key text, p_route text, p_stored skillancer.reply, p_fresh skillancer.reply)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id := skillancer.current_user_id();
BEGIN
	IF p_stored.status IS NOT NULL THEN
		RETURN p_stored;
	END IF;
	IF p_fresh.status >= 300 THEN
		DELETE FROM skillancer.idempotency_key k
		WHERE k.user_id = v_user AND k.route = p_route AND k.key = p_key;
	ELSE
		UPDATE skillancer.idempotency_key k
		SET status = p_fresh.status, etag = p_fresh.etag, headers = p_fresh.headers, meta = p_fresh.meta, body = p_fresh.body
		WHERE k.user_id = v_user AND k.route = p_route AND k.key = p_key;
	END IF;
	RETURN p_fresh;
END
$$;
COMMENT ON FUNCTION skillancer.idempotency_settle(text, text, skillancer.reply, skillancer.reply) IS
	'Stores a fresh 2xx answer under the key; a refusal frees the key; a stored answer is returned as it is.';
ALTER FUNCTION skillancer.idempotency_settle(text, text, skillancer.reply, skillancer.reply) OWNER TO skillancer_engine;

GRANT EXECUTE ON FUNCTION
	skillancer.idempotency_claim(text, text, bytea),
	skillancer.idempotency_settle(text, text, skillancer.reply, skillancer.reply)
	TO skillancer_bridge;


-- ======== sql/core/identity.sql
/*
 * identity.sql
 *		Who is asking: SQL face of core/request.c, for policies and commands.
 *
 * The readers are STABLE and PARALLEL RESTRICTED: the memory they read is empty in a parallel
 * worker. Policies call them as (SELECT skillancer.current_user_id()), so that the scan itself
 * stays parallel.
 */

-- The first statement of every request of the bridge.
CREATE OR REPLACE FUNCTION skillancer.begin_request(
	p_user uuid, p_session uuid, p_scopes text, p_request_id text, p_trace text, p_address text,
	p_timeout_ms integer, p_read_only boolean, p_problems jsonb)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_begin_request';
COMMENT ON FUNCTION skillancer.begin_request(uuid, uuid, text, text, text, text, integer, boolean, jsonb) IS
	'Sets the identity of the transaction, once. Raises AUTHENTICATION_ERROR when the session has ended or the account may not act.';
ALTER FUNCTION skillancer.begin_request(uuid, uuid, text, text, text, text, integer, boolean, jsonb)
	OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.begin_request(uuid, uuid, text, text, text, text, integer, boolean, jsonb)
	TO skillancer_bridge;

-- What impersonate() is made of.
CREATE OR REPLACE FUNCTION skillancer.set_identity(p_user uuid)
RETURNS void
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_set_identity';
COMMENT ON FUNCTION skillancer.set_identity(uuid) IS
	'Identity for a DBA inside an explicit transaction; without an audit row, use impersonate().';
ALTER FUNCTION skillancer.set_identity(uuid) OWNER TO skillancer_engine;

-- What a user sees, for a superuser or a member of skillancer_admin.
CREATE OR REPLACE FUNCTION skillancer.impersonate(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.set_identity(p_user::uuid);
	PERFORM skillancer.audit('identity.impersonated', 'user', p_user::uuid, NULL,
		jsonb_build_object('databaseRole', session_user));
END
$$;
COMMENT ON FUNCTION skillancer.impersonate(skillancer.user_id) IS
	'Acts as a user until the transaction ends; NULL is the anonymous visitor. Needs BEGIN, and leaves an audit row.';
ALTER FUNCTION skillancer.impersonate(skillancer.user_id) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.impersonate(skillancer.user_id) TO skillancer_admin;

-- False where begin_request() was not called.
CREATE OR REPLACE FUNCTION skillancer.has_request()
RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_has_request';
COMMENT ON FUNCTION skillancer.has_request() IS
	'True once the transaction has an identity, the anonymous one included. Policies of public rows ask it: without a request nothing is visible.';

-- The caller.
CREATE OR REPLACE FUNCTION skillancer.current_user_id()
RETURNS skillancer.user_id
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_current_user_id';
COMMENT ON FUNCTION skillancer.current_user_id() IS 'The user of the request; NULL when anonymous.';

-- The session of the caller.
CREATE OR REPLACE FUNCTION skillancer.current_session_id()
RETURNS skillancer.session_id
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_current_session_id';
COMMENT ON FUNCTION skillancer.current_session_id() IS 'The session of the request; NULL when there is none.';

-- State of the caller's account.
CREATE OR REPLACE FUNCTION skillancer.current_user_state()
RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_current_user_state';
COMMENT ON FUNCTION skillancer.current_user_state() IS
	'PENDING, ACTIVE or RESTRICTED; NULL when anonymous.';

-- Identifier of the request, for logs and audit.
CREATE OR REPLACE FUNCTION skillancer.request_id()
RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_request_id';
COMMENT ON FUNCTION skillancer.request_id() IS 'X-Request-ID of the request.';

-- Where the request came from.
CREATE OR REPLACE FUNCTION skillancer.request_address()
RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_request_address';
COMMENT ON FUNCTION skillancer.request_address() IS 'Network address of the client.';

-- Whether the caller holds a role.
CREATE OR REPLACE FUNCTION skillancer.has_role(p_role text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_has_role';
COMMENT ON FUNCTION skillancer.has_role(text) IS 'True when the caller holds the role.';

-- Whether the caller works for the marketplace.
CREATE OR REPLACE FUNCTION skillancer.is_staff()
RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_is_staff';
COMMENT ON FUNCTION skillancer.is_staff() IS
	'True for ADMIN, SUPPORT, MODERATOR, FINANCE and ANALYST; what they may do is in permissions.';

-- Whether the caller holds a permission.
CREATE OR REPLACE FUNCTION skillancer.has_permission(p_permission text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_has_permission';
COMMENT ON FUNCTION skillancer.has_permission(text) IS
	'True when a staff role of the caller, or a grant in person, holds the resource:action.';

-- Refuses callers without one of the roles.
CREATE OR REPLACE FUNCTION skillancer.require_role(VARIADIC p_roles text[])
RETURNS void
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_require_role';
COMMENT ON FUNCTION skillancer.require_role(text[]) IS
	'Raises AUTHENTICATION_ERROR, PERMISSION_DENIED or EMAIL_NOT_VERIFIED unless the caller holds one of the roles.';

-- Refuses callers without the permission.
CREATE OR REPLACE FUNCTION skillancer.require_permission(p_permission text)
RETURNS void
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_require_permission';
COMMENT ON FUNCTION skillancer.require_permission(text) IS
	'Raises AUTHENTICATION_ERROR or PERMISSION_DENIED unless the caller holds the permission.';

GRANT EXECUTE ON FUNCTION
	skillancer.has_request(), skillancer.current_user_id(), skillancer.current_session_id(),
	skillancer.current_user_state(), skillancer.request_id(), skillancer.request_address(),
	skillancer.has_role(text), skillancer.is_staff(), skillancer.has_permission(text),
	skillancer.require_role(text[]), skillancer.require_permission(text)
	TO skillancer_bridge, skillancer_worker, skillancer_analyst, skillancer_admin, skillancer_vault;


-- ======== sql/core/import.sql
/*
 * sql/core/import.sql
 *		What every import shares: a run, checks of foreign text, rejected rows, and the reference tables.
 *
 * An operator (superuser, like who runs migrate()) copies a file into its staging table and calls the import
 * function. The function finds the problems of every row, takes over the good ones in few statements, notes the
 * rejected ones in import_rejection, and empties the staging table. What is known already is left alone, so the
 * same file may come again.
 */

-- import_start(): a new run
CREATE OR REPLACE FUNCTION skillancer.import_start(p_kind text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('skillancer.import'));
	PERFORM skillancer.import_begin('import of kind ' || p_kind);
	INSERT INTO skillancer.import_run (kind) VALUES (p_kind) RETURNING id INTO v_run;
	RETURN v_run;
END
$$;
COMMENT ON FUNCTION skillancer.import_start(text) IS
	'Opens a run: one import at a time, audited; new rows of this transaction may have any state of their machine.';

-- import_finish(): counts, rejected rows, empty staging
CREATE OR REPLACE FUNCTION skillancer.import_finish(
	p_run bigint, p_staging regclass, p_key text, p_added integer,
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	EXECUTE format('SELECT count(*) FROM %s', p_staging) INTO rows_read;
	EXECUTE format('INSERT INTO skillancer.import_rejection (run_id, row_number, key, problems)
		SELECT $1, row_number, left(key, 200), problems
		FROM (SELECT row_number - min(row_number) OVER () + 1 AS row_number, %s AS key, problems FROM %s) s
		WHERE cardinality(problems) > 0', p_key, p_staging)
	USING p_run;
	GET DIAGNOSTICS rows_rejected = ROW_COUNT;
	rows_added := p_added;
	rows_known := greatest(rows_read - rows_rejected - rows_added, 0);
	UPDATE skillancer.import_run r
	SET finished_at = clock_timestamp(), rows_read = import_finish.rows_read, rows_added = import_finish.rows_added,
		rows_known = import_finish.rows_known, rows_rejected = import_finish.rows_rejected
	WHERE r.id = p_run;
	EXECUTE format('TRUNCATE %s RESTART IDENTITY', p_staging);
END
$$;
COMMENT ON FUNCTION skillancer.import_finish(bigint, regclass, text, integer) IS
	'Closes a run: notes the rejected rows of the staging table with their key, counts, empties the table.';

-- import_text(): foreign text without control characters
CREATE OR REPLACE FUNCTION skillancer.import_text(p_text text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT nullif(btrim(regexp_replace(p_text, '[\x01-\x08\x0b-\x1f\x7f]+', '', 'g'), E' \t\n'), '')
$$;
COMMENT ON FUNCTION skillancer.import_text(text) IS
	'The text without control characters and without white space around it; NULL when nothing is left.';

-- import_array(): an array literal, or NULL
CREATE OR REPLACE FUNCTION skillancer.import_array(p_literal text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN array_remove(p_literal::text[], NULL);
EXCEPTION WHEN data_exception THEN
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.import_array(text) IS 'The elements of an array literal; NULL when it is none.';

-- length_problem(): a problem of a text's length
CREATE OR REPLACE FUNCTION skillancer.length_problem(p_field text, p_text text, p_min integer, p_max integer)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT CASE WHEN coalesce(length(p_text), 0) NOT BETWEEN p_min AND p_max
		THEN format('%s has %s characters, %s to %s are allowed', p_field, coalesce(length(p_text), 0), p_min, p_max) END
$$;
COMMENT ON FUNCTION skillancer.length_problem(text, text, integer, integer) IS
	'What is wrong with the length of a text of a file; NULL when it fits.';

-- import_currencies()
CREATE OR REPLACE FUNCTION skillancer.import_currencies(
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint := skillancer.import_start('currency');
BEGIN
	UPDATE skillancer.import_currency s SET problems = array_remove(ARRAY[
		CASE WHEN skillancer.currency_digits(coalesce(s.code, '')) IS NULL THEN 'code is not a currency of type monetary'
			WHEN s.minor_unit IS DISTINCT FROM skillancer.currency_digits(s.code)::text
			THEN format('minor_unit is %s, type monetary has %s', s.minor_unit, skillancer.currency_digits(s.code)) END,
		CASE WHEN coalesce(s."numeric", '') !~ '^\d{1,3}$' THEN 'numeric is not a number of three digits' END,
		skillancer.length_problem('name', skillancer.import_text(s.name), 1, 100),
		CASE WHEN d.n > 1 THEN 'code was there before' END], NULL)
	FROM (SELECT c.row_number, row_number() OVER (PARTITION BY c.code ORDER BY c.row_number) AS n
		FROM skillancer.import_currency c) d
	WHERE d.row_number = s.row_number;
	INSERT INTO skillancer.currency AS c (code, number, digits, name)
	SELECT s.code, s."numeric"::smallint, s.minor_unit::smallint, skillancer.import_text(s.name)
	FROM skillancer.import_currency s WHERE s.problems = '{}' ORDER BY s.code
	ON CONFLICT ON CONSTRAINT currency_pkey DO UPDATE SET number = EXCLUDED.number, name = EXCLUDED.name
	WHERE (c.number, c.name) IS DISTINCT FROM (EXCLUDED.number, EXCLUDED.name);
	GET DIAGNOSTICS rows_added = ROW_COUNT;
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_currency', 'code', rows_added) f;
END
$$;
COMMENT ON FUNCTION skillancer.import_currencies() IS
	'Takes over import_currency: new currencies and changed names. Digits must be those of type monetary.';

-- import_countries()
CREATE OR REPLACE FUNCTION skillancer.import_countries(
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint := skillancer.import_start('country');
BEGIN
	UPDATE skillancer.import_country s SET problems = array_remove(ARRAY[
		CASE WHEN coalesce(s.alpha2, '') !~ '^[A-Z]{2}$' THEN 'alpha2 is not two capital letters' END,
		CASE WHEN coalesce(s.alpha3, '') !~ '^[A-Z]{3}$' THEN 'alpha3 is not three capital letters' END,
		CASE WHEN coalesce(s."numeric", '') !~ '^\d{1,3}$' THEN 'numeric is not a number of three digits' END,
		skillancer.length_problem('name', skillancer.import_text(s.name), 1, 100),
		CASE WHEN d.n2 > 1 THEN 'alpha2 was there before' END, CASE WHEN d.n3 > 1 THEN 'alpha3 was there before' END], NULL)
	FROM (SELECT c.row_number, row_number() OVER (PARTITION BY c.alpha2 ORDER BY c.row_number) AS n2,
			row_number() OVER (PARTITION BY c.alpha3 ORDER BY c.row_number) AS n3
		FROM skillancer.import_country c) d
	WHERE d.row_number = s.row_number;
	INSERT INTO skillancer.country AS c (code, alpha3, number, name, region, subregion, currencies, languages)
	SELECT s.alpha2, s.alpha3, s."numeric"::smallint, skillancer.import_text(s.name), s.region, s.subregion,
		coalesce(string_to_array(s.currency, ','), '{}'), coalesce(string_to_array(s.languages, ','), '{}')
	FROM skillancer.import_country s WHERE s.problems = '{}' ORDER BY s.alpha2
	ON CONFLICT ON CONSTRAINT country_pkey DO UPDATE SET (alpha3, number, name, region, subregion, currencies, languages) =
		(EXCLUDED.alpha3, EXCLUDED.number, EXCLUDED.name, EXCLUDED.region, EXCLUDED.subregion, EXCLUDED.currencies, EXCLUDED.languages)
	WHERE c.* IS DISTINCT FROM EXCLUDED.*;
	GET DIAGNOSTICS rows_added = ROW_COUNT;
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_country', 'alpha2', rows_added) f;
END
$$;
COMMENT ON FUNCTION skillancer.import_countries() IS 'Takes over import_country: new countries and changed facts.';


-- ======== sql/core/json.sql
/*
 * json.sql
 *		Documents out of columns.
 */

-- A JSON object of names and values.
CREATE OR REPLACE FUNCTION skillancer.json_doc(VARIADIC "any")
RETURNS json
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_json_doc';
COMMENT ON FUNCTION skillancer.json_doc(VARIADIC "any") IS
	'json_build_object() without white space and a third of its cost: what it finds out about a type is kept. For views and functions of the API.';
GRANT EXECUTE ON FUNCTION skillancer.json_doc(VARIADIC "any")
	TO skillancer_bridge, skillancer_worker, skillancer_analyst, skillancer_admin, skillancer_backup;


-- ======== sql/core/ledger.sql
/*
 * sql/core/ledger.sql
 *		Posting and balances as SQL functions, and the trigger functions that guard the ledger.
 */

-- Posts legs of one currency.
CREATE OR REPLACE FUNCTION skillancer.ledger_post(p_kind text, p_key text, p_ref uuid, p_classes text[], p_owners uuid[], p_refs uuid[], p_bookings uuid[], p_amounts bigint[], p_currency text)
RETURNS bigint
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_ledger_post';
COMMENT ON FUNCTION skillancer.ledger_post(text, text, uuid, text[], uuid[], uuid[], uuid[], bigint[], text) IS
	'Posts legs (minor units, debit positive) under an idempotency key and returns the number of the posting. INSUFFICIENT_FUNDS, LEDGER_UNBALANCED, IDEMPOTENCY_MISMATCH.';
ALTER FUNCTION skillancer.ledger_post(text, text, uuid, text[], uuid[], uuid[], uuid[], bigint[], text) OWNER TO skillancer_engine;

-- Balance of one account.
CREATE OR REPLACE FUNCTION skillancer.ledger_balance(p_class text, p_owner uuid, p_ref uuid, p_currency text)
RETURNS bigint
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_ledger_balance';
COMMENT ON FUNCTION skillancer.ledger_balance(text, uuid, uuid, text) IS
	'Balance in minor units on the normal side of the class; 0 when there is no such account.';
ALTER FUNCTION skillancer.ledger_balance(text, uuid, uuid, text) OWNER TO skillancer_engine;

-- Refuses every change.
CREATE OR REPLACE FUNCTION skillancer.refuse_change()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.fail('LEDGER_IMMUTABLE', format('rows of %s are never changed', TG_TABLE_NAME));
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.refuse_change() IS 'Trigger of append-only tables: refuses UPDATE, DELETE and TRUNCATE.';

-- An account keeps what it is.
CREATE OR REPLACE FUNCTION skillancer.account_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF (NEW.id, NEW.class, NEW.owner, NEW.ref, NEW.booking_id, NEW.currency, NEW.mode, NEW.floor_zero, NEW.debit_normal)
		IS DISTINCT FROM
		(OLD.id, OLD.class, OLD.owner, OLD.ref, OLD.booking_id, OLD.currency, OLD.mode, OLD.floor_zero, OLD.debit_normal)
		OR NEW.version < OLD.version THEN
		PERFORM skillancer.fail('LEDGER_IMMUTABLE', 'an account changes its balance only');
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION skillancer.account_guard() IS 'Trigger of ledger_account: only balance and version change, and versions only grow.';

-- The second look at what posting wrote.
CREATE OR REPLACE FUNCTION skillancer.zero_sum()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF EXISTS (SELECT FROM inserted i GROUP BY i.txn, i.currency HAVING sum(i.amount) <> 0) THEN
		PERFORM skillancer.fail('LEDGER_UNBALANCED');
	END IF;
	IF EXISTS (SELECT FROM inserted i JOIN skillancer.ledger_account a ON a.id = i.account WHERE a.currency <> i.currency) THEN
		PERFORM skillancer.fail('LEDGER_UNBALANCED', 'an entry has another currency than its account');
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.zero_sum() IS
	'Statement trigger of ledger_entry: the entries of every posting add up to zero in each currency, and have the currency of their account.';

GRANT EXECUTE ON FUNCTION skillancer.refuse_change(), skillancer.account_guard(), skillancer.zero_sum(),
	skillancer.fail(text, text, jsonb)
	TO skillancer_vault;


-- ======== sql/core/ledger_fold.sql
/*
 * sql/core/ledger_fold.sql
 *		Folding the entries of derived accounts, so that a balance is one row and a short tail.
 *
 * A fold takes the entries between two snapshots (see consumers.sql for why not "up to a number"), adds them
 * to the sums and stores the second snapshot, in one transaction. Readers take sum, position and tail from
 * one snapshot of their own, so the balance is exact at every instant.
 */

-- Balance of one derived account.
CREATE OR REPLACE FUNCTION skillancer.ledger_derived_balance(p_account bigint, p_debit_normal boolean)
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_sum numeric;
BEGIN
	SELECT coalesce(f.amount, 0) + coalesce((
		SELECT sum(e.amount) FROM skillancer.ledger_entry e
		WHERE e.account = p_account AND e.epoch = p.epoch
			AND (e.xid >= pg_snapshot_xmax(p.position) OR e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(p.position))))), 0)
	INTO v_sum
	FROM skillancer.ledger_fold_position p
	LEFT JOIN skillancer.ledger_fold f ON f.account = p_account;
	RETURN CASE WHEN p_debit_normal THEN v_sum ELSE -v_sum END;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_derived_balance(bigint, boolean) IS
	'Folded sum and tail of a derived account, in minor units on its normal side, as the caller''s snapshot sees them.';
GRANT EXECUTE ON FUNCTION skillancer.ledger_derived_balance(bigint, boolean) TO skillancer_bridge, skillancer_backup;

-- Adds what lies between the stored position and another snapshot.
CREATE OR REPLACE FUNCTION skillancer.ledger_fold_between(p_epoch integer, p_a pg_snapshot, p_b pg_snapshot)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_entries bigint;
BEGIN
	WITH fresh AS (
		SELECT e.account, sum(e.amount) AS amount, count(*) AS entries
		FROM skillancer.ledger_account a
		JOIN skillancer.ledger_entry e ON e.account = a.id
		WHERE a.mode = 'derived' AND e.epoch = p_epoch AND pg_visible_in_snapshot(e.xid, p_b)
			AND (e.xid >= pg_snapshot_xmax(p_a) OR e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(p_a))))
		GROUP BY e.account
	), stored AS (
		INSERT INTO skillancer.ledger_fold AS f (account, amount, entries)
		SELECT n.account, n.amount, n.entries FROM fresh n
		ON CONFLICT (account) DO UPDATE SET amount = f.amount + excluded.amount, entries = f.entries + excluded.entries
	)
	SELECT coalesce(sum(n.entries), 0) INTO v_entries FROM fresh n;
	RETURN v_entries;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_fold_between(integer, pg_snapshot, pg_snapshot) IS
	'Adds the entries of derived accounts that became visible between A and B to their folds; returns how many.';
ALTER FUNCTION skillancer.ledger_fold_between(integer, pg_snapshot, pg_snapshot) OWNER TO skillancer_engine;

-- One fold.
CREATE OR REPLACE FUNCTION skillancer.ledger_fold()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_from record;
	v_b pg_snapshot;
	v_entries bigint;
BEGIN
	SELECT p.epoch, p.position INTO v_from FROM skillancer.ledger_fold_position p FOR UPDATE;
	IF v_from.epoch <> skillancer.epoch() THEN
		PERFORM skillancer.fail('INSTANCE_MISMATCH');
	END IF;
	v_b := skillancer.tick_snapshot();
	v_entries := skillancer.ledger_fold_between(v_from.epoch, v_from.position, v_b);
	IF v_entries > 0 THEN
		UPDATE skillancer.ledger_fold_position SET position = v_b;
	END IF;
	RETURN v_entries;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_fold() IS
	'Folds the entries of derived accounts up to now; a job of the timekeeper. Returns how many entries.';
ALTER FUNCTION skillancer.ledger_fold() OWNER TO skillancer_engine;

-- The last fold of an epoch. A copy may have been migrated before it is adopted: its position is one of the new
-- cluster then, and says nothing about transaction ids of the old one. So everything is added up once more.
CREATE OR REPLACE FUNCTION skillancer.ledger_fold_adopt(p_new integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_accounts bigint;
BEGIN
	INSERT INTO skillancer.ledger_fold AS f (account, amount, entries)
	SELECT e.account, sum(e.amount), count(*)
	FROM skillancer.ledger_entry e
	JOIN skillancer.ledger_account a ON a.id = e.account AND a.mode = 'derived'
	GROUP BY e.account
	ON CONFLICT (account) DO UPDATE SET amount = EXCLUDED.amount, entries = EXCLUDED.entries;
	GET DIAGNOSTICS v_accounts = ROW_COUNT;
	UPDATE skillancer.ledger_fold_position SET epoch = p_new, position = skillancer.tick_snapshot();
	RETURN v_accounts;
END
$$;
COMMENT ON FUNCTION skillancer.ledger_fold_adopt(integer) IS
	'Folds everything of the epochs before, whose transaction ids mean nothing any more, and starts the new one; part of adopt(). Returns the number of accounts.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('ledger_fold', '10 seconds');


-- ======== sql/core/migrate.sql
/*
 * sql/core/migrate.sql
 *		migrate(): brings the tables of this database to what the installed version of the extension carries.
 *
 * migrate() runs as a superuser. Under one lock and in one transaction it drops every replayable object (views,
 * triggers and policies that an earlier run recorded in schema_object), runs the migrations that schema_migration
 * does not list, and runs every replay file again. The text comes from the member table schema_source. Tables
 * created on the way belong to the database, not to the extension.
 */

-- migrate_bootstrap
CREATE OR REPLACE FUNCTION skillancer.migrate_bootstrap()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	IF to_regclass('skillancer.schema_migration') IS NOT NULL THEN
		RETURN;
	END IF;
	CREATE TABLE skillancer.schema_migration
	(
		layer      text NOT NULL CHECK (layer IN ('migration', 'replay')),
		name       text NOT NULL,
		checksum   text NOT NULL,
		version    text NOT NULL,
		applied_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
		PRIMARY KEY (layer, name)
	);
	COMMENT ON TABLE skillancer.schema_migration IS
		'What migrate() has applied: every migration once, every replay file in its latest form';
	CREATE TABLE skillancer.schema_object
	(
		kind     text NOT NULL CHECK (kind IN ('view', 'trigger', 'policy')),
		relation text NOT NULL,
		name     text NOT NULL,
		PRIMARY KEY (kind, relation, name)
	);
	COMMENT ON TABLE skillancer.schema_object IS
		'Views, triggers and policies that replay files made; migrate() drops and makes them again';
	ALTER TABLE skillancer.schema_migration ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE skillancer.schema_object ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE skillancer.schema_migration OWNER TO skillancer_owner;
	ALTER TABLE skillancer.schema_object OWNER TO skillancer_owner;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_bootstrap() IS
	'Creates the two tables in which migrate() keeps its own records';

-- migrate_check
CREATE OR REPLACE FUNCTION skillancer.migrate_check()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_extension text := (SELECT extversion FROM pg_extension WHERE extname = 'skillancer');
	v_row       record;
BEGIN
	IF NOT (SELECT bool_and(rolsuper) FROM pg_roles WHERE rolname IN (session_user, current_user)) THEN
		RAISE EXCEPTION 'only a superuser can migrate' USING ERRCODE = 'insufficient_privilege';
	END IF;
	IF current_setting('server_version_num')::integer < 150020 THEN
		RAISE EXCEPTION 'PostgreSQL % is too old for Skillancer', current_setting('server_version')
			USING ERRCODE = 'feature_not_supported',
				HINT = 'Install 15.20 or newer: older ones lack security fixes that row-level security needs.';
	END IF;
	IF v_extension IS DISTINCT FROM skillancer.library_version() THEN
		RAISE EXCEPTION 'the extension is version %, the library is version %', v_extension,
				skillancer.library_version()
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'Restart the server after installing a new library, then ALTER EXTENSION skillancer UPDATE.';
	END IF;
	FOR v_row IN
		SELECT m.name, s.checksum IS NULL AS ahead
		FROM skillancer.schema_migration m
		LEFT JOIN skillancer.schema_source s USING (layer, name)
		WHERE m.layer = 'migration' AND m.checksum IS DISTINCT FROM s.checksum
		ORDER BY m.name
	LOOP
		IF v_row.ahead THEN
			RAISE EXCEPTION 'this database is ahead of the library: it has migration %', v_row.name
				USING ERRCODE = 'object_not_in_prerequisite_state',
					HINT = 'Install the version of Skillancer that this database was migrated with.';
		END IF;
		RAISE EXCEPTION 'migration % is not the one that this database has applied', v_row.name
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'A migration never changes after its release.';
	END LOOP;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_check() IS
	'Refuses to migrate as somebody else than a superuser, on an old server, or with versions that do not fit';

-- migrate_drop_replayable
CREATE OR REPLACE FUNCTION skillancer.migrate_drop_replayable()
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_object  record;
	v_views   text;
	v_detail  text;
	v_dropped integer := 0;
BEGIN
	FOR v_object IN
		SELECT o.kind, o.name, to_regclass(o.relation) AS relation
		FROM skillancer.schema_object o
		WHERE o.kind <> 'view' AND to_regclass(o.relation) IS NOT NULL
		ORDER BY o.kind, o.relation, o.name
	LOOP
		EXECUTE format('DROP %s IF EXISTS %I ON %s', v_object.kind, v_object.name, v_object.relation);
		v_dropped := v_dropped + 1;
	END LOOP;
	SELECT string_agg(to_regclass(o.relation)::text, ', '), v_dropped + count(*) INTO v_views, v_dropped
	FROM skillancer.schema_object o
	WHERE o.kind = 'view' AND to_regclass(o.relation) IS NOT NULL;
	IF v_views IS NOT NULL THEN
		BEGIN
			EXECUTE 'DROP VIEW ' || v_views;
		EXCEPTION WHEN dependent_objects_still_exist THEN
			GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
			RAISE EXCEPTION 'objects that are not part of Skillancer depend on its views'
				USING ERRCODE = 'dependent_objects_still_exist', DETAIL = v_detail,
					HINT = 'Drop them, migrate, and create them again.';
		END;
	END IF;
	DELETE FROM skillancer.schema_object;
	RETURN v_dropped;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_drop_replayable() IS
	'Drops the views, triggers and policies of earlier replays, so that no old one blocks a migration';

-- migrate_revoke
CREATE OR REPLACE FUNCTION skillancer.migrate_revoke()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_relation record;
BEGIN
	FOR v_relation IN
		SELECT c.oid::regclass AS name, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
			c.relowner::regrole::text AS owner
		FROM pg_class c
		WHERE c.relnamespace IN ('skillancer'::regnamespace, 'skillancer_analytics'::regnamespace)
			AND c.relkind IN ('r', 'p', 'S') AND c.relacl IS NOT NULL
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
				AND d.deptype = 'e')
		ORDER BY 1
	LOOP
		EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC, %s', v_relation.kind, v_relation.name,
			(SELECT string_agg(quote_ident(rolname), ', ' ORDER BY rolname) FROM pg_roles
				WHERE rolname IN ('skillancer_owner', 'skillancer_engine', 'skillancer_vault', 'skillancer_bridge',
					'skillancer_worker', 'skillancer_analyst', 'skillancer_admin', 'skillancer_backup')
					AND rolname <> v_relation.owner));
	END LOOP;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_revoke() IS
	'Takes back what earlier replays granted to the roles of Skillancer; grants of others stay';

-- migrate_objects
CREATE OR REPLACE FUNCTION skillancer.migrate_objects()
RETURNS TABLE (kind text, relation text, name text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT o.kind, format('%I.%I', n.nspname, c.relname), o.name::text
	FROM (
		SELECT 'view', v.oid, v.relname FROM pg_class v WHERE v.relkind = 'v'
		UNION ALL
		SELECT 'trigger', t.tgrelid, t.tgname FROM pg_trigger t WHERE NOT t.tgisinternal AND t.tgparentid = 0
		UNION ALL
		SELECT 'policy', l.polrelid, l.polname FROM pg_policy l
	) AS o (kind, relation, name)
	JOIN pg_class c ON c.oid = o.relation
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ('skillancer', 'skillancer_analytics')
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
			AND d.deptype = 'e')
$fn$;
COMMENT ON FUNCTION skillancer.migrate_objects() IS
	'Every view, trigger and policy of the schema layer as it is now';

-- migrate_replay
CREATE OR REPLACE FUNCTION skillancer.migrate_replay()
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_kept   text[];
	v_source record;
	v_count  integer := 0;
BEGIN
	SELECT coalesce(array_agg(concat_ws('|', o.kind, o.relation, o.name)), '{}') INTO v_kept
	FROM skillancer.migrate_objects() o;
	PERFORM skillancer.migrate_revoke();
	FOR v_source IN
		SELECT s.name, s.checksum, s.body FROM skillancer.schema_source s WHERE s.layer = 'replay' ORDER BY s.position
	LOOP
		PERFORM skillancer.migrate_run(v_source.name, v_source.body, v_source.name NOT LIKE '%/builtin');
		INSERT INTO skillancer.schema_migration (layer, name, checksum, version)
		VALUES ('replay', v_source.name, v_source.checksum, skillancer.library_version())
		ON CONFLICT ON CONSTRAINT schema_migration_pkey DO UPDATE
		SET checksum = EXCLUDED.checksum, version = EXCLUDED.version, applied_at = EXCLUDED.applied_at;
		v_count := v_count + 1;
	END LOOP;
	DELETE FROM skillancer.schema_migration m
	WHERE m.layer = 'replay'
		AND NOT EXISTS (SELECT FROM skillancer.schema_source s WHERE s.layer = m.layer AND s.name = m.name);
	INSERT INTO skillancer.schema_object (kind, relation, name)
	SELECT o.kind, o.relation, o.name FROM skillancer.migrate_objects() o
	WHERE concat_ws('|', o.kind, o.relation, o.name) <> ALL (v_kept);
	PERFORM skillancer.migrate_grant_own();
	RETURN v_count;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_replay() IS
	'Runs every replay file and records the objects that came of it';

-- migrate_grant_own
CREATE OR REPLACE FUNCTION skillancer.migrate_grant_own()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_relation regclass;
BEGIN
	FOR v_relation IN
		SELECT c.oid FROM pg_class c
		WHERE c.relnamespace IN ('skillancer'::regnamespace, 'skillancer_analytics'::regnamespace)
			AND c.relkind IN ('r', 'p', 'S')
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
				AND d.deptype = 'e')
		ORDER BY c.oid::regclass::text
	LOOP
		EXECUTE format('GRANT SELECT ON %s TO skillancer_backup', v_relation);
	END LOOP;
	GRANT SELECT ON skillancer.schema_migration TO skillancer_engine;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_grant_own() IS
	'Lets skillancer_backup read every table and sequence, as pg_dump needs, and the engine the schema version';

-- migrate_run
CREATE OR REPLACE FUNCTION skillancer.migrate_run(p_name text, p_body text, p_as_owner boolean)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RAISE LOG 'skillancer applies %', p_name;
	IF p_as_owner THEN
		SET LOCAL ROLE skillancer_owner;
	END IF;
	EXECUTE p_body;
	RESET ROLE;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_run(text, text, boolean) IS
	'Runs one file of the schema layer as skillancer_owner or as the superuser; the server log names it';

-- migrate_guard
CREATE OR REPLACE FUNCTION skillancer.migrate_guard()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	IF to_regnamespace('skillancer_guard') IS NULL THEN
		CREATE SCHEMA skillancer_guard;
	END IF;
	COMMENT ON SCHEMA skillancer_guard IS 'Skillancer: what protects the extension; outside it, so that it outlives it';
	CREATE OR REPLACE FUNCTION skillancer_guard.veto_drop()
	RETURNS event_trigger
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	AS $guard$
	BEGIN
		IF coalesce(nullif(current_setting('skillancer.allow_drop', true), ''), 'off')::boolean THEN
			RETURN;
		END IF;
		IF EXISTS (SELECT FROM pg_event_trigger_dropped_objects() o
			WHERE o.object_type = 'extension' AND o.object_name = 'skillancer') THEN
			RAISE EXCEPTION 'dropping the extension skillancer would drop columns of every table of the marketplace'
				USING ERRCODE = 'dependent_objects_still_exist',
					HINT = 'SET skillancer.allow_drop = on if that is what you want.';
		END IF;
	END
	$guard$;
	COMMENT ON FUNCTION skillancer_guard.veto_drop() IS 'Refuses DROP EXTENSION skillancer CASCADE';
	REVOKE ALL ON FUNCTION skillancer_guard.veto_drop() FROM PUBLIC;
	IF NOT EXISTS (SELECT FROM pg_event_trigger t WHERE t.evtname = 'skillancer_guard_drop') THEN
		CREATE EVENT TRIGGER skillancer_guard_drop ON sql_drop EXECUTE FUNCTION skillancer_guard.veto_drop();
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_guard() IS
	'Creates the event trigger that refuses to drop the extension, and by whose presence workers start';

-- migrate
CREATE OR REPLACE FUNCTION skillancer.migrate()
RETURNS TABLE (action text, object text)
LANGUAGE plpgsql
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_source record;
	v_count  integer;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('skillancer.migrate', 0));
	PERFORM skillancer.migrate_bootstrap();
	PERFORM skillancer.migrate_check();
	IF NOT skillancer.migrate_pending() THEN
		RETURN;
	END IF;
	v_count := skillancer.migrate_drop_replayable();
	FOR v_source IN
		SELECT s.name, s.checksum, s.body
		FROM skillancer.schema_source s
		LEFT JOIN skillancer.schema_migration m USING (layer, name)
		WHERE s.layer = 'migration' AND m.name IS NULL
		ORDER BY s.position
	LOOP
		PERFORM skillancer.migrate_run(v_source.name, v_source.body, true);
		INSERT INTO skillancer.schema_migration (layer, name, checksum, version)
		VALUES ('migration', v_source.name, v_source.checksum, skillancer.library_version());
		action := 'migrated';
		object := v_source.name;
		RETURN NEXT;
	END LOOP;
	action := 'replayed';
	object := format('%s files, %s objects dropped before', skillancer.migrate_replay(), v_count);
	RETURN NEXT;
	PERFORM skillancer.migrate_guard();
	PERFORM skillancer.create_partitions();
	PERFORM skillancer.invalidate();
	PERFORM skillancer.wake('launcher');
	PERFORM skillancer.wake('launcher');
	NOTIFY skillancer_routes;
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate() IS
	'Brings the tables of this database to the installed version; whole or not at all; does nothing a second time';

-- migrate_pending
CREATE OR REPLACE FUNCTION skillancer.migrate_pending()
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN EXISTS (
		SELECT FROM skillancer.schema_source s
		FULL JOIN skillancer.schema_migration m USING (layer, name)
		WHERE s.checksum IS DISTINCT FROM m.checksum)
		OR NOT EXISTS (SELECT FROM pg_event_trigger t WHERE t.evtname = 'skillancer_guard_drop');
END
$fn$;
COMMENT ON FUNCTION skillancer.migrate_pending() IS
	'Whether the tables differ from what the installed version of the extension carries';


-- ======== sql/core/replies.sql
/*
 * sql/core/replies.sql
 *		Parts of answers: pages of lists, cursors, entity tags.
 */

-- The key that authenticates cursors.
CREATE OR REPLACE FUNCTION skillancer.cursor_secret()
RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT s.value FROM skillancer.secret s WHERE s.name = 'cursor');
END
$$;
COMMENT ON FUNCTION skillancer.cursor_secret() IS 'Key of the MAC in cursors; called by the C side of list_reply().';
ALTER FUNCTION skillancer.cursor_secret() OWNER TO skillancer_engine;

-- One page of a list.
CREATE OR REPLACE FUNCTION skillancer.list_reply(p_items json[], p_keys text[], p_limit integer, p_scope text)
RETURNS skillancer.reply
LANGUAGE c STABLE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_list_reply';
COMMENT ON FUNCTION skillancer.list_reply(json[], text[], integer, text) IS
	'A page of up to limit items; one item more than the limit means that there is a next page, whose cursor holds the key of the last item shown.';
ALTER FUNCTION skillancer.list_reply(json[], text[], integer, text) OWNER TO skillancer_engine;

-- The place where a list goes on.
CREATE OR REPLACE FUNCTION skillancer.cursor_decode(p_scope text, p_cursor text)
RETURNS text
LANGUAGE c STABLE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_cursor_decode';
COMMENT ON FUNCTION skillancer.cursor_decode(text, text) IS
	'The key inside a cursor, NULL without a cursor. A forged one, or one of another list or filter, raises VALIDATION_ERROR for the field cursor.';
ALTER FUNCTION skillancer.cursor_decode(text, text) OWNER TO skillancer_engine;

-- If-None-Match.
CREATE OR REPLACE FUNCTION skillancer.etag_matches(p_header text, p_etag text)
RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_etag_matches';
COMMENT ON FUNCTION skillancer.etag_matches(text, text) IS
	'True when the header If-None-Match names the tag (RFC 9110, weak comparison).';

-- If-Match.
CREATE OR REPLACE FUNCTION skillancer.check_if_match(p_header text, p_etag text)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_if_match';
COMMENT ON FUNCTION skillancer.check_if_match(text, text) IS
	'Raises PRECONDITION_FAILED when the header If-Match is there and does not name the tag (RFC 9110).';

GRANT EXECUTE ON FUNCTION
	skillancer.list_reply(json[], text[], integer, text),
	skillancer.cursor_decode(text, text),
	skillancer.etag_matches(text, text),
	skillancer.check_if_match(text, text)
	TO skillancer_bridge;


-- ======== sql/core/route.sql
/*
 * sql/core/route.sql
 *		Declaring routes, and telling the bridge about them.
 *
 * A route names a function; everything else about its arguments comes from pg_proc, so that the
 * router, the argument checks and the OpenAPI description cannot disagree with the function.
 */

-- Declares a route.
CREATE OR REPLACE FUNCTION skillancer.add_route(
	method text, path text, function text, who text DEFAULT 'user', summary text DEFAULT NULL,
	class text DEFAULT NULL, rate text DEFAULT NULL, idempotent boolean DEFAULT NULL,
	body_limit integer DEFAULT 1048576, timeout_ms integer DEFAULT NULL, cache_ttl integer DEFAULT 0)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_class text := coalesce(class, CASE WHEN method = 'GET' THEN 'fast' ELSE 'slow' END);
	v_count integer;
BEGIN
	SELECT count(*) INTO v_count
	FROM pg_proc p
	WHERE p.pronamespace = 'skillancer_api'::regnamespace AND p.proname = add_route.function;
	IF v_count <> 1 THEN
		RAISE EXCEPTION 'route % %: there are % functions skillancer_api.%', method, path, v_count, function;
	END IF;
	INSERT INTO skillancer.route (method, path, function, who, summary, class, rate, idempotent,
		body_limit, timeout_ms, cache_ttl)
	VALUES (add_route.method, add_route.path, add_route.function, add_route.who, add_route.summary, v_class,
		coalesce(add_route.rate, CASE WHEN add_route.method = 'GET' THEN 'read' ELSE 'write' END),
		coalesce(add_route.idempotent, add_route.method = 'POST' AND add_route.who <> 'anyone'),
		add_route.body_limit,
		coalesce(add_route.timeout_ms, CASE v_class WHEN 'fast' THEN 2000 ELSE 10000 END),
		add_route.cache_ttl);
END
$$;
COMMENT ON FUNCTION skillancer.add_route(text, text, text, text, text, text, text, boolean, integer, integer, integer) IS
	'Declares a route beside its function of skillancer_api. class: fast (shares a connection) or slow; rate: read, write or auth; idempotent: accepts Idempotency-Key.';

-- What the bridge must know of an argument's type.
CREATE OR REPLACE FUNCTION skillancer.route_argument_type(p_type oid,
	OUT type text, OUT kind text, OUT prefix text, OUT is_array boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_type record;
BEGIN
	SELECT t.typcategory = 'A' AND t.typelem <> 0 INTO is_array FROM pg_type t WHERE t.oid = p_type;
	SELECT t.oid, n.nspname, t.typname INTO v_type
	FROM pg_type t
	JOIN pg_namespace n ON n.oid = t.typnamespace
	WHERE t.oid = CASE WHEN is_array THEN (SELECT a.typelem FROM pg_type a WHERE a.oid = p_type) ELSE p_type END;
	kind := CASE
		WHEN v_type.nspname = 'pg_catalog' THEN
			CASE v_type.typname
				WHEN 'text' THEN 'text' WHEN 'int4' THEN 'integer' WHEN 'int8' THEN 'bigint'
				WHEN 'bool' THEN 'boolean' WHEN 'numeric' THEN 'numeric' WHEN 'date' THEN 'date'
				WHEN 'timestamptz' THEN 'timestamptz' WHEN 'uuid' THEN 'uuid'
				WHEN 'json' THEN 'json' WHEN 'jsonb' THEN 'json'
			END
		WHEN v_type.nspname = 'skillancer' AND v_type.typname = 'monetary' THEN 'monetary'
		WHEN v_type.nspname = 'skillancer' AND EXISTS (
			SELECT FROM pg_cast c WHERE c.castsource = 'uuid'::regtype AND c.casttarget = v_type.oid) THEN 'id'
	END;
	IF kind IS NULL THEN
		RAISE EXCEPTION 'type % cannot be the argument of a route', format_type(p_type, NULL);
	END IF;
	prefix := '';
	IF kind = 'id' THEN
		EXECUTE format('SELECT split_part((%L::uuid::%I.%I)::text, ''_'', 1)',
			'00000000-0000-0000-0000-000000000000', v_type.nspname, v_type.typname) INTO prefix;
	END IF;
	type := format('%I.%I%s', v_type.nspname, v_type.typname, CASE WHEN is_array THEN '[]' END);
END
$$;
COMMENT ON FUNCTION skillancer.route_argument_type(oid) IS
	'Name, kind, id prefix and arrayness of a type that an argument of a route may have; raises for any other type.';

-- Everything the bridge needs to route requests.
CREATE OR REPLACE FUNCTION skillancer.route_catalogue()
RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_routes json;
BEGIN
	-- defaults come back with every name qualified
	PERFORM set_config('search_path', 'pg_catalog', true);
	WITH called AS (
		SELECT r.*, p.oid, p.proargnames AS names, p.proargtypes::oid[] AS types, p.prorettype,
			p.pronargs::integer AS args, p.pronargs - p.pronargdefaults AS required
		FROM skillancer.route r
		JOIN pg_proc p ON p.pronamespace = 'skillancer_api'::regnamespace AND p.proname = r.function
	), known AS MATERIALIZED (
		SELECT d.oid, k.*
		FROM (SELECT DISTINCT unnest(c.types) AS oid FROM called c) AS d
		CROSS JOIN LATERAL skillancer.route_argument_type(d.oid) AS k
	), taken AS (
		SELECT c.method, c.path, json_agg(json_build_object('name', c.names[n], 'type', k.type, 'kind', k.kind,
			'prefix', k.prefix, 'array', k.is_array, 'required', n <= c.required,
			'default', coalesce(pg_get_function_arg_default(c.oid, n), '')) ORDER BY n) AS args
		FROM called c
		CROSS JOIN LATERAL generate_series(1, c.args) AS n
		JOIN known k ON k.oid = c.types[n - 1]
		GROUP BY c.method, c.path
	)
	SELECT json_agg(json_build_object('method', c.method, 'path', c.path, 'function', c.function, 'who', c.who,
			'summary', c.summary, 'description', obj_description(c.oid, 'pg_proc'), 'class', c.class, 'rate', c.rate,
			'idempotent', c.idempotent, 'bodyLimit', c.body_limit, 'timeoutMs', c.timeout_ms, 'cacheTtl', c.cache_ttl,
			'returns', CASE c.prorettype
				WHEN 'void'::regtype THEN 'void'
				WHEN 'skillancer.reply'::regtype THEN 'reply'
				ELSE 'json' END,
			'args', coalesce(t.args, '[]')) ORDER BY c.path, c.method)
		INTO v_routes
	FROM called c
	LEFT JOIN taken t USING (method, path);
	RETURN json_build_object('routes', coalesce(v_routes, '[]'));
END
$$;
COMMENT ON FUNCTION skillancer.route_catalogue() IS
	'All routes with the arguments of their functions: what the bridge routes by and what the OpenAPI description is made of.';
ALTER FUNCTION skillancer.route_catalogue() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.route_catalogue() TO skillancer_bridge;

-- at commit, running bridges load the routes that the rest of this script declares
SELECT pg_catalog.pg_notify('skillancer_routes', '');


-- ======== sql/core/status.sql
/*
 * sql/core/status.sql
 *		status(): what an operator looks at first.
 */

-- library_preloaded
CREATE OR REPLACE FUNCTION skillancer.library_preloaded()
RETURNS boolean
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'skl_fn_library_preloaded';
COMMENT ON FUNCTION skillancer.library_preloaded() IS
	'Whether the server loaded the library when it started, as the workers need';

-- status
CREATE OR REPLACE FUNCTION skillancer.status()
RETURNS TABLE (item text, value text, ok boolean, hint text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_extension text := (SELECT extversion FROM pg_extension WHERE extname = 'skillancer');
	v_migrated  boolean := to_regclass('skillancer.schema_migration') IS NOT NULL;
	v_needed    bigint;
BEGIN
	RETURN QUERY SELECT 'server', current_setting('server_version'),
		current_setting('server_version_num')::integer >= 150020, 'needs PostgreSQL 15.20 or newer';
	RETURN QUERY SELECT 'library', skillancer.library_version(), true, NULL::text;
	RETURN QUERY SELECT 'extension', v_extension, v_extension = skillancer.library_version(),
		'ALTER EXTENSION skillancer UPDATE';
	IF NOT v_migrated THEN
		RETURN QUERY SELECT 'schema', 'none', false, 'SELECT skillancer.migrate()';
		RETURN;
	END IF;
	RETURN QUERY SELECT 'schema', (SELECT max(m.name) FROM skillancer.schema_migration m WHERE m.layer = 'migration'),
		NOT skillancer.migrate_pending(), 'SELECT skillancer.migrate()';
	RETURN QUERY SELECT 'instance', format('epoch %s', i.epoch),
		i.database_oid = d.oid AND i.system_identifier = c.system_identifier::text,
		'this is a copy: SELECT skillancer.adopt()'
	FROM skillancer.instance i, pg_control_system() c, pg_database d
	WHERE d.datname = current_database();
	RETURN QUERY SELECT 'preloaded', skillancer.library_preloaded()::text, skillancer.library_preloaded(),
		'workers need shared_preload_libraries = ''skillancer'' and a restart';
	v_needed := 1 + 6 * CASE current_setting('skillancer.databases') WHEN '*' THEN 1
			ELSE cardinality(string_to_array(current_setting('skillancer.databases'), ',')) END
		+ current_setting('max_parallel_workers')::integer;
	RETURN QUERY SELECT 'max_worker_processes', current_setting('max_worker_processes'),
		current_setting('max_worker_processes')::integer >= v_needed,
		format('needs %s: 1 + 6 for each database with workers + max_parallel_workers', v_needed);
	IF skillancer.library_preloaded() THEN
		RETURN QUERY SELECT 'worker ' || w.worker, concat_ws(': ', w.state, w.reason),
			w.state IN ('idle', 'running') AND w.next_start_at IS NULL,
			coalesce('last error: ' || w.last_error, 'see skillancer.worker_status')
		FROM skillancer.worker_slots() w
		JOIN pg_database d ON d.oid = w.database_oid AND d.datname = current_database();
	END IF;
END
$fn$;
COMMENT ON FUNCTION skillancer.status() IS
	'Versions of server, library, extension and schema, settings that matter, and every worker; hint says what to do where ok is false';
ALTER FUNCTION skillancer.status() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.status() TO skillancer_admin;


-- ======== sql/core/workers.sql
/*
 * sql/core/workers.sql
 *		What the background workers call, and what an operator sees of them.
 *
 * The workers connect as skillancer_worker, which may execute the batch functions granted here and nothing else.
 * A batch function belongs to the engine. Timers that fail are tried again later and parked after five attempts.
 */

-- The gate of every batch.
CREATE OR REPLACE FUNCTION skillancer.state_problem()
RETURNS text
LANGUAGE c VOLATILE SECURITY DEFINER
AS 'MODULE_PATHNAME', 'skl_fn_state_problem';
COMMENT ON FUNCTION skillancer.state_problem() IS
	'What keeps this database from working (versions differ, or it is a copy), or NULL.';
ALTER FUNCTION skillancer.state_problem() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.state_problem() TO skillancer_worker;

-- Waking from SQL.
CREATE OR REPLACE FUNCTION skillancer.wake(p_worker text)
RETURNS void
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_wake';
COMMENT ON FUNCTION skillancer.wake(text) IS
	'Wakes a worker (or the launcher) of this database when the transaction commits.';

-- Shared memory of the workers.
CREATE OR REPLACE FUNCTION skillancer.worker_slots()
RETURNS TABLE (
	database_oid oid, database_state text, worker text, pid integer, state text, reason text, started_at timestamptz,
	last_batch_at timestamptz, last_batch bigint, rows bigint, turns bigint, lag_seconds double precision,
	errors bigint, last_error_at timestamptz, last_error text, next_start_at timestamptz)
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_worker_slots';
COMMENT ON FUNCTION skillancer.worker_slots() IS
	'One row for each database and worker of the cluster, from shared memory; see skillancer.worker_status.';
GRANT EXECUTE ON FUNCTION skillancer.worker_slots() TO skillancer_admin;

-- Tests wait for a state, they do not sleep.
CREATE OR REPLACE FUNCTION skillancer.wait_for_worker(p_worker text, p_timeout interval DEFAULT '30 seconds')
RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_wait_for_worker';
COMMENT ON FUNCTION skillancer.wait_for_worker(text, interval) IS
	'Wakes a worker and waits until it has done everything committed before the call; false when the time is over.';
GRANT EXECUTE ON FUNCTION skillancer.wait_for_worker(text, interval) TO skillancer_admin;

-- timekeeper_claim
CREATE OR REPLACE FUNCTION skillancer.timekeeper_claim(p_limit integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_claimed bigint;
BEGIN
	UPDATE skillancer.due d
	SET attempts = d.attempts + 1,
		parked_at = CASE WHEN d.attempts >= 5 THEN skillancer.now() END,
		last_error = CASE WHEN d.attempts >= 5 THEN coalesce(d.last_error, 'the server stopped while it was fired')
			ELSE d.last_error END
	FROM (
		SELECT t.id, t.machine, t.event
		FROM skillancer.due t
		WHERE t.due_at <= skillancer.now() AND t.parked_at IS NULL
		ORDER BY t.due_at
		LIMIT p_limit
		FOR UPDATE SKIP LOCKED) AS c
	WHERE d.id = c.id AND d.machine = c.machine AND d.event = c.event;
	GET DIAGNOSTICS v_claimed = ROW_COUNT;
	RETURN v_claimed;
END
$fn$;
COMMENT ON FUNCTION skillancer.timekeeper_claim(integer) IS
	'Counts an attempt in each timer that is due, committed before it is fired; parks those that used all of theirs.';
ALTER FUNCTION skillancer.timekeeper_claim(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.timekeeper_claim(integer) TO skillancer_worker;

-- timekeeper_failed
CREATE OR REPLACE FUNCTION skillancer.timekeeper_failed(
	p_machine text, p_id uuid, p_event text, p_sqlstate text, p_message text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	IF p_sqlstate IN ('40001', '40P01', '55P03') THEN
		UPDATE skillancer.due d
		SET attempts = greatest(d.attempts - 1, 0), due_at = skillancer.now() + interval '1 second'
		WHERE d.id = p_id AND d.machine = p_machine AND d.event = p_event;
		RETURN;
	END IF;
	UPDATE skillancer.due d
	SET last_error = left(format('%s: %s', p_sqlstate, p_message), 1000),
		parked_at = CASE WHEN d.attempts >= 5 THEN skillancer.now() END,
		due_at = skillancer.now() + interval '10 seconds' * (2 ^ least(d.attempts, 10))
	WHERE d.id = p_id AND d.machine = p_machine AND d.event = p_event;
END
$fn$;
COMMENT ON FUNCTION skillancer.timekeeper_failed(text, uuid, text, text, text) IS
	'Notes why a timer failed and when it is tried again; a lost race for a lock does not count.';

-- timekeeper_fire
CREATE OR REPLACE FUNCTION skillancer.timekeeper_fire(p_limit integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_timer record;
	v_fired bigint := 0;
BEGIN
	-- no lock on the timers: who fires takes the entity first and its timers after
	FOR v_timer IN
		SELECT d.machine, d.id, d.event, d.due_at
		FROM skillancer.due d
		WHERE d.due_at <= skillancer.now() AND d.parked_at IS NULL AND d.attempts > 0
		ORDER BY d.due_at
		LIMIT p_limit
	LOOP
		BEGIN
			PERFORM skillancer.fire_system(v_timer.machine, v_timer.id, v_timer.event, '{}');
			v_fired := v_fired + 1;
		EXCEPTION
			WHEN SQLSTATE 'SK002' OR SQLSTATE 'SK004' THEN
				NULL; -- the row has moved on: a late timer does nothing
			WHEN OTHERS THEN
				PERFORM skillancer.timekeeper_failed(v_timer.machine, v_timer.id, v_timer.event, SQLSTATE, SQLERRM);
				CONTINUE;
		END;
		DELETE FROM skillancer.due d
		WHERE d.id = v_timer.id AND d.machine = v_timer.machine AND d.event = v_timer.event
			AND d.due_at = v_timer.due_at;
	END LOOP;
	RETURN v_fired;
END
$fn$;
COMMENT ON FUNCTION skillancer.timekeeper_fire(integer) IS
	'Fires the claimed timers, each in a subtransaction; the engine decides under the lock whether there is anything to do.';
ALTER FUNCTION skillancer.timekeeper_fire(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.timekeeper_fire(integer) TO skillancer_worker;

-- timekeeper_lag
CREATE OR REPLACE FUNCTION skillancer.timekeeper_lag()
RETURNS double precision
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT coalesce(greatest(extract(epoch FROM skillancer.now() - min(d.due_at)), 0), 0)::double precision
	FROM skillancer.due d
	WHERE d.parked_at IS NULL
$fn$;
COMMENT ON FUNCTION skillancer.timekeeper_lag() IS 'Seconds that the oldest timer is late.';
ALTER FUNCTION skillancer.timekeeper_lag() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.timekeeper_lag() TO skillancer_worker;

-- run_job
CREATE OR REPLACE FUNCTION skillancer.run_job(p_job text, p_every interval)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	BEGIN
		EXECUTE format('SELECT skillancer.%I()::bigint', p_job) INTO v_rows;
		INSERT INTO skillancer.housekeeping_run (job, next_at, last_at, rows)
		VALUES (p_job, skillancer.now() + p_every, skillancer.now(), coalesce(v_rows, 0))
		ON CONFLICT (job) DO UPDATE
		SET next_at = EXCLUDED.next_at, last_at = EXCLUDED.last_at, rows = EXCLUDED.rows, attempts = 0, last_error = NULL;
	EXCEPTION WHEN OTHERS THEN
		RAISE LOG 'skillancer housekeeping % failed: %', p_job, SQLERRM;
		INSERT INTO skillancer.housekeeping_run AS r (job, next_at, attempts, last_error)
		VALUES (p_job, skillancer.now() + least(p_every, interval '1 minute'), 1, left(SQLERRM, 1000))
		ON CONFLICT (job) DO UPDATE
		SET next_at = EXCLUDED.next_at, attempts = r.attempts + 1, last_error = EXCLUDED.last_error;
	END;
END
$fn$;
COMMENT ON FUNCTION skillancer.run_job(text, interval) IS
	'Runs one housekeeping job in a subtransaction and notes its outcome; a failed one is tried again within a minute.';

-- timekeeper_keep_house
CREATE OR REPLACE FUNCTION skillancer.timekeeper_keep_house(p_limit integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_job record;
	v_ran bigint := 0;
BEGIN
	FOR v_job IN
		SELECT j.job, j.every
		FROM skillancer.housekeeping_job j
		LEFT JOIN skillancer.housekeeping_run r ON r.job = j.job
		WHERE coalesce(r.next_at, '-infinity') <= skillancer.now()
		ORDER BY r.next_at NULLS FIRST, j.job
		LIMIT p_limit
	LOOP
		PERFORM skillancer.run_job(v_job.job, v_job.every);
		v_ran := v_ran + 1;
	END LOOP;
	RETURN v_ran;
END
$fn$;
COMMENT ON FUNCTION skillancer.timekeeper_keep_house(integer) IS 'Runs the housekeeping jobs that are due.';
ALTER FUNCTION skillancer.timekeeper_keep_house(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.timekeeper_keep_house(integer) TO skillancer_worker;

-- make_month_partition
CREATE OR REPLACE FUNCTION skillancer.make_month_partition(p_table text, p_month date)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_name text := format('%s_%s', p_table, to_char(p_month, 'YYYYMM'));
BEGIN
	IF to_regclass(format('skillancer.%I', v_name)) IS NOT NULL THEN
		RETURN 0;
	END IF;
	EXECUTE format('CREATE TABLE skillancer.%I (LIKE skillancer.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
		v_name, p_table);
	EXECUTE format('ALTER TABLE skillancer.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', v_name);
	EXECUTE format('ALTER TABLE skillancer.%I ATTACH PARTITION skillancer.%I FOR VALUES FROM (%L) TO (%L)',
		p_table, v_name, p_month::timestamp AT TIME ZONE 'UTC',
		(p_month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
	EXECUTE format('GRANT SELECT ON skillancer.%I TO skillancer_backup', v_name);
	RETURN 1;
EXCEPTION WHEN check_violation THEN
	RETURN 0; -- the default partition has rows of that month: they stay there
END
$fn$;
COMMENT ON FUNCTION skillancer.make_month_partition(text, date) IS
	'Creates the partition of one month (UTC) of a partitioned table, unless it exists. Attaching does not block readers and writers of the parent.';

-- create_partitions
CREATE OR REPLACE FUNCTION skillancer.create_partitions()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET lock_timeout = '1s'
AS $fn$
DECLARE
	v_month date := date_trunc('month', skillancer.now() AT TIME ZONE 'UTC')::date;
	v_made  bigint := 0;
BEGIN
	FOR i IN 0..3 LOOP
		v_made := v_made + skillancer.make_month_partition('event', (v_month + make_interval(months => i))::date);
	END LOOP;
	RETURN v_made;
END
$fn$;
COMMENT ON FUNCTION skillancer.create_partitions() IS
	'Creates the partitions of the event log for this month and the next three.';

-- forget_idempotency_keys
CREATE OR REPLACE FUNCTION skillancer.forget_idempotency_keys()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	DELETE FROM skillancer.idempotency_key k WHERE k.created_at < skillancer.now() - skillancer.policy_interval('idempotencyRetention');
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.forget_idempotency_keys() IS 'Deletes the answers of requests that are older than the policy idempotencyRetention.';
ALTER FUNCTION skillancer.forget_idempotency_keys() OWNER TO skillancer_engine;

-- redrive_timers
CREATE OR REPLACE FUNCTION skillancer.redrive_timers(p_item text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	UPDATE skillancer.due d
	SET parked_at = NULL, attempts = 0, last_error = NULL, due_at = skillancer.now()
	WHERE d.parked_at IS NOT NULL
		AND (p_item IS NULL OR p_item = format('%s/%s/%s', d.machine, d.id, d.event));
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	PERFORM skillancer.wake('timekeeper');
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.redrive_timers(text) IS 'Makes parked timers due again; NULL means all of them.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES
	('create_partitions', '12 hours'),
	('forget_idempotency_keys', '10 minutes');


-- ======== sql/user/accounts.sql
/*
 * accounts.sql
 *		Making accounts, mailed links, passwords and roles. Owned by the engine where the caller
 *		is nobody yet or must not touch the rows himself.
 */

-- A mailed link: replaces earlier ones of the same purpose.
CREATE OR REPLACE FUNCTION skillancer.make_email_token(
	p_user skillancer.user_id, p_purpose text, p_lifetime interval)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_token record;
BEGIN
	SELECT * INTO v_token FROM skillancer.token_make();
	DELETE FROM skillancer.email_token WHERE user_id = p_user AND purpose = p_purpose;
	INSERT INTO skillancer.email_token (id, user_id, purpose, email_key, hash, expires_at)
	SELECT v_token.id, a.id, p_purpose, a.email_key, v_token.hash, skillancer.now() + p_lifetime
	FROM skillancer.user_account a WHERE a.id = p_user;
	RETURN v_token.token;
END
$$;
COMMENT ON FUNCTION skillancer.make_email_token(skillancer.user_id, text, interval) IS
	'Text of a new single-use token for the present address of the user.';
ALTER FUNCTION skillancer.make_email_token(skillancer.user_id, text, interval) OWNER TO skillancer_engine;

-- Takes a mailed token out of the table.
CREATE OR REPLACE FUNCTION skillancer.use_email_token(p_token text, p_purpose text)
RETURNS skillancer.user_id
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	DELETE FROM skillancer.email_token t
	USING skillancer.user_account a
	WHERE t.id = skillancer.token_id(p_token) AND t.purpose = p_purpose
		AND skillancer.token_matches(p_token, t.hash) AND t.expires_at > skillancer.now()
		AND a.id = t.user_id AND a.email_key = t.email_key AND a.state NOT IN ('SUSPENDED', 'CLOSED')
	RETURNING t.user_id INTO v_user;
	RETURN v_user;
END
$$;
COMMENT ON FUNCTION skillancer.use_email_token(text, text) IS
	'The user whose link this is, once; NULL for anything else. A link to an earlier address is worth nothing.';
ALTER FUNCTION skillancer.use_email_token(text, text) OWNER TO skillancer_engine;

-- Mails the link that verifies an address.
CREATE OR REPLACE FUNCTION skillancer.mail_verification(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.send_mail(p_user::uuid, 'verify_email', jsonb_build_object('token',
		skillancer.make_email_token(p_user, 'VERIFY_EMAIL', skillancer.policy_interval('emailTokenLifetime'))));
END
$$;
COMMENT ON FUNCTION skillancer.mail_verification(skillancer.user_id) IS 'Sends a new link to the address of the user.';
ALTER FUNCTION skillancer.mail_verification(skillancer.user_id) OWNER TO skillancer_engine;

-- Rows of a new account; no checks, no mail.
CREATE OR REPLACE FUNCTION skillancer.create_account(
	p_email text, p_name text, p_password_hash text, p_roles text[])
RETURNS skillancer.user_id
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	INSERT INTO skillancer.user_account (email, name) VALUES (p_email, p_name)
	ON CONFLICT ON CONSTRAINT user_account_email_key DO NOTHING
	RETURNING id INTO v_user;
	IF v_user IS NULL THEN
		RETURN NULL;
	END IF;
	INSERT INTO skillancer.user_role (user_id, role)
	SELECT v_user, r FROM unnest(p_roles || '{USER}'::text[]) r GROUP BY r;
	INSERT INTO skillancer.user_credential (user_id, password_hash) VALUES (v_user, p_password_hash);
	INSERT INTO skillancer.profile (user_id, display_name) VALUES (v_user, p_name);
	INSERT INTO skillancer.verification (user_id, kind, status) VALUES (v_user, 'EMAIL', 'PENDING');
	PERFORM skillancer.emit('user.created', 'user', v_user::uuid,
		jsonb_build_object('userId', v_user::text, 'roles', to_jsonb(p_roles)), ARRAY[v_user::uuid]);
	RETURN v_user;
END
$$;
COMMENT ON FUNCTION skillancer.create_account(text, text, text, text[]) IS
	'Id of the new, PENDING account; NULL when the address is taken.';
ALTER FUNCTION skillancer.create_account(text, text, text, text[]) OWNER TO skillancer_engine;

-- Registration: a taken address is told to its owner by mail, and to nobody else.
CREATE OR REPLACE FUNCTION skillancer.register(p_email text, p_name text, p_password text, p_roles text[])
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_hash text := skillancer.password_hash(p_password);
	v_user skillancer.user_id;
BEGIN
	v_user := skillancer.create_account(p_email, p_name, v_hash, p_roles);
	IF v_user IS NOT NULL THEN
		PERFORM skillancer.mail_verification(v_user);
		RETURN;
	END IF;
	SELECT a.id INTO v_user FROM skillancer.user_account a
	WHERE a.email_key = lower(p_email) AND a.state <> 'CLOSED';
	IF FOUND THEN
		PERFORM skillancer.send_mail(v_user::uuid, 'registration_attempt',
			jsonb_build_object('address', skillancer.request_address()));
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.register(text, text, text, text[]) IS
	'Makes an account and mails the link, or mails the owner of the address; the caller cannot tell which.';
ALTER FUNCTION skillancer.register(text, text, text, text[]) OWNER TO skillancer_engine;

-- The address of the user is known to be his.
CREATE OR REPLACE FUNCTION skillancer.email_verified(p_user skillancer.user_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.verification (user_id, kind, status, verified_at)
	VALUES (p_user, 'EMAIL', 'VERIFIED', skillancer.now())
	ON CONFLICT ON CONSTRAINT verification_pkey DO UPDATE SET status = 'VERIFIED', verified_at = skillancer.now();
	DELETE FROM skillancer.email_token WHERE user_id = p_user AND purpose = 'VERIFY_EMAIL';
	IF (SELECT a.state FROM skillancer.user_account a WHERE a.id = p_user) = 'PENDING' THEN
		PERFORM skillancer.fire_system('user', p_user::uuid, 'verify');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.email_verified(skillancer.user_id) IS
	'Marks the address as verified and makes a pending account active.';
ALTER FUNCTION skillancer.email_verified(skillancer.user_id) OWNER TO skillancer_engine;

-- Sends another link to an address that waits for verification; says nothing about the others.
CREATE OR REPLACE FUNCTION skillancer.resend_verification(p_email text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	SELECT a.id INTO v_user FROM skillancer.user_account a
	WHERE a.email_key = lower(p_email) AND a.state = 'PENDING'
		AND NOT EXISTS (
			SELECT FROM skillancer.email_token t
			WHERE t.user_id = a.id AND t.purpose = 'VERIFY_EMAIL'
				AND t.created_at > skillancer.now() - skillancer.policy_interval('emailTokenInterval'));
	IF FOUND THEN
		PERFORM skillancer.mail_verification(v_user);
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.resend_verification(text) IS
	'Mails a new verification link to a pending account, at most one in emailTokenInterval.';
ALTER FUNCTION skillancer.resend_verification(text) OWNER TO skillancer_engine;

-- Mails a link to set a new password, if there is such an account.
CREATE OR REPLACE FUNCTION skillancer.request_password_reset(p_email text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	SELECT a.id INTO v_user FROM skillancer.user_account a
	WHERE a.email_key = lower(p_email) AND a.state NOT IN ('SUSPENDED', 'CLOSED')
		AND NOT EXISTS (
			SELECT FROM skillancer.email_token t
			WHERE t.user_id = a.id AND t.purpose = 'RESET_PASSWORD'
				AND t.created_at > skillancer.now() - skillancer.policy_interval('emailTokenInterval'));
	IF FOUND THEN
		PERFORM skillancer.send_mail(v_user::uuid, 'password_reset', jsonb_build_object(
			'token', skillancer.make_email_token(v_user, 'RESET_PASSWORD',
				skillancer.policy_interval('passwordTokenLifetime')),
			'address', skillancer.request_address()));
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.request_password_reset(text) IS
	'Mails a single-use link for one hour, at most one in emailTokenInterval; the answer is the same for everyone.';
ALTER FUNCTION skillancer.request_password_reset(text) OWNER TO skillancer_engine;

-- Stores a new password and ends every session.
CREATE OR REPLACE FUNCTION skillancer.set_password(p_user skillancer.user_id, p_password text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.user_credential (user_id, password_hash, changed_at)
	VALUES (p_user, skillancer.password_hash(p_password), skillancer.now())
	ON CONFLICT ON CONSTRAINT user_credential_pkey DO UPDATE
	SET password_hash = EXCLUDED.password_hash, changed_at = EXCLUDED.changed_at;
	DELETE FROM skillancer.email_token WHERE user_id = p_user AND purpose = 'RESET_PASSWORD';
	PERFORM skillancer.end_sessions(p_user, 'PASSWORD_CHANGED');
	PERFORM skillancer.emit('user.password_changed', 'user', p_user::uuid,
		jsonb_build_object('userId', p_user::text), ARRAY[p_user::uuid]);
	PERFORM skillancer.send_mail(p_user::uuid, 'password_changed',
		jsonb_build_object('address', skillancer.request_address()));
END
$$;
COMMENT ON FUNCTION skillancer.set_password(skillancer.user_id, text) IS
	'A new password ends all sessions and open reset links, and is told to the user by mail.';
ALTER FUNCTION skillancer.set_password(skillancer.user_id, text) OWNER TO skillancer_engine;

-- Sets the password by a mailed link.
CREATE OR REPLACE FUNCTION skillancer.reset_password(p_token text, p_password text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id := skillancer.use_email_token(p_token, 'RESET_PASSWORD');
BEGIN
	IF v_user IS NULL THEN
		RETURN false;
	END IF;
	PERFORM skillancer.set_password(v_user, p_password);
	PERFORM skillancer.email_verified(v_user);
	DELETE FROM skillancer.sign_in_failure f
	USING skillancer.user_account a
	WHERE a.id = v_user AND f.account = skillancer.sign_in_account(a.email);
	RETURN true;
END
$$;
COMMENT ON FUNCTION skillancer.reset_password(text, text) IS
	'False for a link that is not valid (any more). The link also proves the address, and lifts locks on it.';
ALTER FUNCTION skillancer.reset_password(text, text) OWNER TO skillancer_engine;

-- Whether this is the password of the caller.
CREATE OR REPLACE FUNCTION skillancer.confirm_password(p_password text, OUT outcome text, OUT locked_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user record;
BEGIN
	SELECT a.id, a.email, c.password_hash INTO v_user
	FROM skillancer.user_account a
	JOIN skillancer.user_credential c ON c.user_id = a.id
	WHERE a.id = skillancer.current_user_id();
	locked_until := skillancer.sign_in_locked_until(v_user.email, v_user.id);
	IF locked_until IS NOT NULL THEN
		outcome := 'LOCKED';
	ELSIF skillancer.password_verify(p_password, v_user.password_hash) THEN
		outcome := 'OK';
	ELSE
		PERFORM skillancer.sign_in_failed(v_user.email);
		outcome := 'WRONG';
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.confirm_password(text) IS
	'Outcome OK, WRONG or LOCKED for the caller; failures count like those of sign-in.';
ALTER FUNCTION skillancer.confirm_password(text) OWNER TO skillancer_engine;

-- Changes roles of a user.
CREATE OR REPLACE FUNCTION skillancer.set_roles(p_user skillancer.user_id, p_roles text[])
RETURNS text[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_before text[];
	v_after text[];
	v_removed integer;
BEGIN
	PERFORM 1 FROM skillancer.user_account a WHERE a.id = p_user FOR UPDATE;
	SELECT array_agg(r.role ORDER BY r.role) INTO v_before FROM skillancer.user_role r WHERE r.user_id = p_user;
	SELECT array_agg(DISTINCT r ORDER BY r) INTO v_after FROM unnest(p_roles || '{USER}'::text[]) r;
	DELETE FROM skillancer.user_role WHERE user_id = p_user AND role <> ALL (v_after);
	GET DIAGNOSTICS v_removed = ROW_COUNT;
	UPDATE skillancer.user_account SET version = version + 1, updated_at = skillancer.now() WHERE id = p_user;
	INSERT INTO skillancer.user_role (user_id, role, granted_by)
	SELECT p_user, r, skillancer.current_user_id() FROM unnest(v_after) r
	ON CONFLICT ON CONSTRAINT user_role_pkey DO NOTHING;
	IF v_removed > 0 THEN
		PERFORM skillancer.end_sessions(p_user, 'ROLES_CHANGED');
	END IF;
	PERFORM skillancer.audit('user.roles_set', 'user', p_user::uuid, to_jsonb(v_before), to_jsonb(v_after));
	PERFORM skillancer.emit('user.updated', 'user', p_user::uuid,
		jsonb_build_object('userId', p_user::text, 'fields', '["roles"]'::jsonb), ARRAY[p_user::uuid]);
	RETURN v_after;
END
$$;
COMMENT ON FUNCTION skillancer.set_roles(skillancer.user_id, text[]) IS
	'Replaces the roles; the caller has checked the right to. A lost role ends the sessions, so that it holds at once.';
ALTER FUNCTION skillancer.set_roles(skillancer.user_id, text[]) OWNER TO skillancer_engine;

-- The first administrator, by the superuser who installs.
CREATE OR REPLACE FUNCTION skillancer.create_admin(p_email text, p_password text, p_name text DEFAULT 'Administrator')
RETURNS skillancer.user_id
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	PERFORM skillancer.check_email('email', p_email, true);
	PERFORM skillancer.check_password('password', p_password, p_email);
	PERFORM skillancer.check_text('name', p_name, 1, 100, true);
	PERFORM skillancer.check_done();
	v_user := skillancer.create_account(p_email, p_name, skillancer.password_hash(p_password), '{ADMIN}');
	IF v_user IS NULL THEN
		PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'the e-mail address is taken');
	END IF;
	PERFORM skillancer.email_verified(v_user);
	INSERT INTO skillancer.user_permission (user_id, permission) VALUES (v_user, 'system:manage_admins');
	PERFORM skillancer.audit('user.admin_created', 'user', v_user::uuid, NULL, NULL);
	RETURN v_user;
END
$$;
COMMENT ON FUNCTION skillancer.create_admin(text, text, text) IS
	'Makes an active account with the role ADMIN that may make others; for the superuser, in psql.';


-- ======== sql/user/api_auth.sql
/*
 * api_auth.sql
 *		Registration, sign-in and tokens.
 *
 * Whether an address is known shows nowhere: the answers to registration, resend and reset are the
 * same for all, and a wrong password costs and says what an unknown address does.
 */

-- What every successful sign-in answers; the bridge adds the access token.
CREATE OR REPLACE FUNCTION skillancer.signed_in(
	p_user skillancer.user_id, p_session skillancer.session_id, p_refresh_token text, p_transport text)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_in_body boolean := p_transport = 'body';
	v_headers jsonb := jsonb_build_object(
		'Cache-Control', 'no-store',
		'skl-mint', jsonb_build_object('sub', p_user::text, 'sid', p_session::text, 'aal', 1,
			'roles', (SELECT jsonb_agg(r.role ORDER BY r.role) FROM skillancer.user_role r WHERE r.user_id = p_user)));
	v_body jsonb := jsonb_build_object(
		'user', (SELECT d.doc FROM skillancer.user_doc d WHERE d.id = p_user),
		'sessionId', p_session::text);
BEGIN
	IF v_in_body THEN
		v_body := v_body || jsonb_build_object('refreshToken', p_refresh_token,
			'refreshExpiresIn', extract(epoch FROM skillancer.policy_interval('refreshTokenLifetime'))::integer);
	ELSE
		v_headers := v_headers || jsonb_build_object('Set-Cookie', skillancer.refresh_cookie(p_refresh_token));
	END IF;
	RETURN ROW(200, NULL, v_headers, NULL, v_body::json)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.signed_in(skillancer.user_id, skillancer.session_id, text, text) IS
	'Answer of sign-in and refresh: user, and the refresh token in a cookie or, for native clients, in the body.';
ALTER FUNCTION skillancer.signed_in(skillancer.user_id, skillancer.session_id, text, text) OWNER TO skillancer_engine;

-- 423 with the time.
CREATE OR REPLACE FUNCTION skillancer.sign_in_locked(p_until timestamptz)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.refusal(423, 'ACCOUNT_LOCKED', 'too many failed attempts: sign-in is locked for a while',
		jsonb_build_object('Retry-After',
			greatest(ceil(extract(epoch FROM p_until - skillancer.now())), 1)::integer::text),
		jsonb_build_array(jsonb_build_object('lockedUntil', p_until)));
END
$$;
COMMENT ON FUNCTION skillancer.sign_in_locked(timestamptz) IS 'The answer while sign-in is locked.';

-- 401 for a refresh token that is worth nothing; takes the cookie away.
CREATE OR REPLACE FUNCTION skillancer.refresh_refused()
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.refusal(401, 'AUTHENTICATION_ERROR', 'the refresh token is not valid',
		jsonb_build_object('Set-Cookie', skillancer.refresh_cookie(NULL), 'Cache-Control', 'no-store'));
END
$$;
COMMENT ON FUNCTION skillancer.refresh_refused() IS 'The answer to a refresh token that is unknown, expired, revoked or reused.';

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_register(
	p_email text, p_password text, p_name text, p_roles text[] DEFAULT '{CLIENT,FREELANCER}')
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_email('email', p_email);
	PERFORM skillancer.check_password('password', p_password, p_email);
	PERFORM skillancer.check_text('name', btrim(p_name), 1, 100);
	PERFORM skillancer.check_that('roles', p_roles <@ '{CLIENT,FREELANCER}'::text[] AND array_length(p_roles, 1) > 0,
		'must be CLIENT, FREELANCER or both');
	PERFORM skillancer.check_done();
	PERFORM skillancer.register(p_email, btrim(p_name), p_password, p_roles);
	RETURN ROW(202, NULL, NULL, NULL, json_build_object('email', p_email, 'status', 'VERIFICATION_SENT'))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_register(text, text, text, text[]) IS
	'Creates an account and mails a link that verifies the address. A known address gets the same answer, and a mail that tells its owner.';
SELECT skillancer.add_route('POST', '/v1/auth/register', 'auth_register', who => 'anyone', rate => 'auth',
	summary => 'Create an account');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_login(
	p_email text, p_password text, p_token_transport text DEFAULT 'cookie', p_header_user_agent text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_result record;
BEGIN
	PERFORM skillancer.check_text('email', p_email, 1, 254);
	PERFORM skillancer.check_text('password', p_password, 1, 1024);
	PERFORM skillancer.check_one_of('tokenTransport', p_token_transport, '{cookie,body}');
	PERFORM skillancer.check_done();
	SELECT * INTO v_result FROM skillancer.sign_in(p_email, p_password, p_header_user_agent);
	RETURN CASE v_result.outcome
		WHEN 'OK' THEN
			skillancer.signed_in(v_result.user_id, v_result.session_id, v_result.refresh_token, p_token_transport)
		WHEN 'LOCKED' THEN skillancer.sign_in_locked(v_result.locked_until)
		WHEN 'WRONG' THEN
			skillancer.refusal(401, 'INVALID_CREDENTIALS', 'e-mail address or password is wrong')
		ELSE skillancer.refusal(403, 'PERMISSION_DENIED', 'the account is ' || lower(v_result.outcome))
	END;
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_login(text, text, text, text) IS
	'Signs in: an access token in the body, the refresh token in a cookie, or in the body with tokenTransport "body". Five failures in 15 minutes lock the account for this network: 423 with the time.';
SELECT skillancer.add_route('POST', '/v1/auth/login', 'auth_login', who => 'anyone', rate => 'auth',
	summary => 'Sign in');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_refresh(
	p_refresh_token text DEFAULT NULL, p_cookie_skl_refresh text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_result record;
BEGIN
	PERFORM skillancer.check_text('refreshToken', p_refresh_token, 1, 200, required => false);
	PERFORM skillancer.check_done();
	SELECT * INTO v_result FROM skillancer.refresh_session(coalesce(p_refresh_token, p_cookie_skl_refresh));
	IF v_result.outcome <> 'OK' THEN
		RETURN skillancer.refresh_refused();
	END IF;
	RETURN skillancer.signed_in(v_result.user_id, v_result.session_id, v_result.refresh_token,
		CASE WHEN p_refresh_token IS NULL THEN 'cookie' ELSE 'body' END);
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_refresh(text, text) IS
	'Exchanges the refresh token (cookie, or refreshToken in the body) for a new one and an access token. A token used twice ends the session, but for one repetition within ten seconds.';
SELECT skillancer.add_route('POST', '/v1/auth/refresh', 'auth_refresh', who => 'anyone', rate => 'auth',
	summary => 'Exchange the refresh token');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_logout(
	p_refresh_token text DEFAULT NULL, p_cookie_skl_refresh text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_token text := coalesce(p_refresh_token, p_cookie_skl_refresh);
	v_known boolean := skillancer.current_session_id() IS NOT NULL;
BEGIN
	PERFORM skillancer.check_text('refreshToken', p_refresh_token, 1, 200, required => false);
	PERFORM skillancer.check_done();
	IF v_known THEN
		UPDATE skillancer.session
		SET revoked_at = skillancer.now(), revoked_reason = 'LOGOUT'
		WHERE id = skillancer.current_session_id() AND revoked_at IS NULL;
	END IF;
	IF v_token IS NOT NULL THEN
		v_known := skillancer.end_session_of_token(v_token) OR v_known;
	END IF;
	IF NOT v_known THEN
		RETURN skillancer.refresh_refused();
	END IF;
	RETURN ROW(204, NULL, jsonb_build_object('Set-Cookie', skillancer.refresh_cookie(NULL)), NULL, NULL)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_logout(text, text) IS
	'Ends the session of the access token, of the refresh token, or of both.';
SELECT skillancer.add_route('POST', '/v1/auth/logout', 'auth_logout', who => 'anyone', class => 'fast',
	summary => 'Sign out');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_verify_email(p_token text)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id;
BEGIN
	PERFORM skillancer.check_text('token', p_token, 1, 200);
	PERFORM skillancer.check_done();
	v_user := skillancer.use_email_token(p_token, 'VERIFY_EMAIL');
	IF v_user IS NULL THEN
		PERFORM skillancer.fail('TOKEN_INVALID');
	END IF;
	PERFORM skillancer.email_verified(v_user);
	RETURN json_build_object('status', 'VERIFIED');
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_verify_email(text) IS
	'Verifies the address by the token of the mailed link: 24 hours, once.';
SELECT skillancer.add_route('POST', '/v1/auth/verify-email', 'auth_verify_email', who => 'anyone', rate => 'auth',
	summary => 'Verify the e-mail address');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_resend_verification(p_email text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_email('email', p_email);
	PERFORM skillancer.check_done();
	PERFORM skillancer.resend_verification(p_email);
	RETURN ROW(202, NULL, NULL, NULL, json_build_object('email', p_email, 'status', 'ACCEPTED'))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_resend_verification(text) IS
	'Mails the link again if the address waits for it. The answer does not depend on that.';
SELECT skillancer.add_route('POST', '/v1/auth/resend-verification', 'auth_resend_verification', who => 'anyone',
	rate => 'auth', summary => 'Mail the verification link again');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_forgot_password(p_email text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_email('email', p_email);
	PERFORM skillancer.check_done();
	PERFORM skillancer.request_password_reset(p_email);
	RETURN ROW(202, NULL, NULL, NULL, json_build_object('email', p_email, 'status', 'ACCEPTED'))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_forgot_password(text) IS
	'Mails a link that sets a new password if there is such an account. The answer does not depend on that.';
SELECT skillancer.add_route('POST', '/v1/auth/forgot-password', 'auth_forgot_password', who => 'anyone',
	rate => 'auth', summary => 'Ask for a link that sets a new password');

--
CREATE OR REPLACE FUNCTION skillancer_api.auth_reset_password(p_token text, p_password text)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_text('token', p_token, 1, 200);
	PERFORM skillancer.check_password('password', p_password);
	PERFORM skillancer.check_done();
	IF NOT skillancer.reset_password(p_token, p_password) THEN
		PERFORM skillancer.fail('TOKEN_INVALID');
	END IF;
	RETURN json_build_object('status', 'PASSWORD_CHANGED');
END
$$;
COMMENT ON FUNCTION skillancer_api.auth_reset_password(text, text) IS
	'Sets a new password by the token of the mailed link: one hour, once. Every session ends.';
SELECT skillancer.add_route('POST', '/v1/auth/reset-password', 'auth_reset_password', who => 'anyone',
	rate => 'auth', summary => 'Set a new password by a mailed link');


-- ======== sql/user/api_sessions.sql
/*
 * api_sessions.sql
 *		Where one is signed in, and the password.
 */

--
CREATE OR REPLACE FUNCTION skillancer_api.session_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after text;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	v_after := skillancer.cursor_decode('sessions', p_cursor);
	PERFORM skillancer.check_done();
	SELECT array_agg(s.doc), array_agg(s.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.id, d.doc FROM skillancer.session_doc d
		WHERE d.user_id = (SELECT skillancer.current_user_id())
			AND (v_after IS NULL OR d.id < v_after::skillancer.session_id)
		ORDER BY d.id DESC LIMIT v_limit + 1) s;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'sessions');
END
$$;
COMMENT ON FUNCTION skillancer_api.session_list(integer, text) IS 'The live sessions of the caller, newest first.';
SELECT skillancer.add_route('GET', '/v1/auth/sessions', 'session_list', summary => 'List my sessions');

--
CREATE OR REPLACE FUNCTION skillancer_api.session_revoke(p_id skillancer.session_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	UPDATE skillancer.session
	SET revoked_at = skillancer.now(), revoked_reason = 'REVOKED'
	WHERE id = p_id AND user_id = skillancer.current_user_id() AND revoked_at IS NULL;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer_api.session_revoke(skillancer.session_id) IS
	'Ends one session of the caller; its tokens are refused from the next request on.';
SELECT skillancer.add_route('DELETE', '/v1/auth/sessions/{id}', 'session_revoke', class => 'fast',
	summary => 'End one of my sessions');

--
CREATE OR REPLACE FUNCTION skillancer_api.session_revoke_all(p_include_current boolean DEFAULT false)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_revoked integer;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	UPDATE skillancer.session
	SET revoked_at = skillancer.now(), revoked_reason = 'REVOKED'
	WHERE user_id = skillancer.current_user_id() AND revoked_at IS NULL
		AND (p_include_current OR id IS DISTINCT FROM skillancer.current_session_id());
	GET DIAGNOSTICS v_revoked = ROW_COUNT;
	RETURN json_build_object('revoked', v_revoked);
END
$$;
COMMENT ON FUNCTION skillancer_api.session_revoke_all(boolean) IS
	'Ends all sessions of the caller but the present one, or that one too with includeCurrent.';
SELECT skillancer.add_route('POST', '/v1/auth/sessions/revoke-all', 'session_revoke_all', class => 'fast',
	idempotent => false, summary => 'End all my other sessions');

--
CREATE OR REPLACE FUNCTION skillancer_api.me_change_password(
	p_current_password text, p_new_password text, p_token_transport text DEFAULT 'cookie',
	p_header_user_agent text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id := skillancer.current_user_id();
	v_result record;
	v_session record;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_text('currentPassword', p_current_password, 1, 1024);
	PERFORM skillancer.check_password('newPassword', p_new_password,
		(SELECT a.email FROM skillancer.user_account a WHERE a.id = v_user));
	PERFORM skillancer.check_that('newPassword', p_new_password IS DISTINCT FROM p_current_password,
		'must differ from the current one');
	PERFORM skillancer.check_one_of('tokenTransport', p_token_transport, '{cookie,body}');
	PERFORM skillancer.check_done();
	SELECT * INTO v_result FROM skillancer.confirm_password(p_current_password);
	IF v_result.outcome = 'LOCKED' THEN
		RETURN skillancer.sign_in_locked(v_result.locked_until);
	ELSIF v_result.outcome = 'WRONG' THEN
		RETURN skillancer.refusal(401, 'INVALID_CREDENTIALS', 'the current password is wrong');
	END IF;
	PERFORM skillancer.set_password(v_user, p_new_password);
	SELECT * INTO v_session FROM skillancer.start_session(v_user, p_header_user_agent);
	RETURN skillancer.signed_in(v_user, v_session.session_id, v_session.refresh_token, p_token_transport);
END
$$;
COMMENT ON FUNCTION skillancer_api.me_change_password(text, text, text, text) IS
	'Changes the password. Every session ends, the present one too; the answer starts a new one.';
SELECT skillancer.add_route('POST', '/v1/users/me/password', 'me_change_password', rate => 'auth',
	idempotent => false, summary => 'Change my password');


-- ======== sql/user/api_staff.sql
/*
 * api_staff.sql
 *		What staff does with accounts. Every action, and every refused try of staff, is audited.
 */

--
CREATE OR REPLACE FUNCTION skillancer_api.user_list(
	p_status text DEFAULT NULL, p_role text DEFAULT NULL, p_q text DEFAULT NULL,
	p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := format('users|%s|%s|%s', p_status, p_role, p_q);
	v_after text;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.require_permission('users:view');
	PERFORM skillancer.check_one_of('status', p_status, '{PENDING,ACTIVE,RESTRICTED,SUSPENDED,CLOSED}', required => false);
	PERFORM skillancer.check_one_of('role', p_role,
		'{USER,FREELANCER,CLIENT,ADMIN,SUPPORT,MODERATOR,FINANCE,ANALYST}', required => false);
	PERFORM skillancer.check_text('q', p_q, 1, 254, required => false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor);
	PERFORM skillancer.check_done();
	SELECT array_agg(u.doc), array_agg(u.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.id, d.doc FROM skillancer.user_doc d
		WHERE (p_status IS NULL OR d.state = p_status)
			AND (p_role IS NULL OR EXISTS (
				SELECT FROM skillancer.user_role r WHERE r.user_id = d.id AND r.role = p_role))
			AND (p_q IS NULL OR strpos(d.email_key, lower(p_q)) > 0 OR strpos(lower(d.name), lower(p_q)) > 0)
			AND (v_after IS NULL OR d.id < v_after::skillancer.user_id)
		ORDER BY d.id DESC LIMIT v_limit + 1) u;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_list(text, text, text, integer, text) IS
	'Accounts, newest first, for staff with users:view; q searches address and name.';
SELECT skillancer.add_route('GET', '/v1/users', 'user_list', who => 'ADMIN,SUPPORT,MODERATOR,FINANCE',
	summary => 'List accounts');

-- Fires an event at an account on behalf of staff.
CREATE OR REPLACE FUNCTION skillancer.moderate_user(p_id skillancer.user_id, p_event text, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_after record;
BEGIN
	IF NOT skillancer.staff_may('users:suspend', 'user.' || p_event, 'user', p_id::uuid) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	PERFORM skillancer.check_text('reason', p_reason, 1, 1000);
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('user', p_id::uuid, p_event, jsonb_build_object('reason', p_reason));
	SELECT d.etag, d.doc INTO v_after FROM skillancer.user_doc d WHERE d.id = p_id;
	RETURN ROW(200, v_after.etag, NULL, NULL, v_after.doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.moderate_user(skillancer.user_id, text, text) IS
	'suspend, restrict or reinstate, with a reason; the engine audits it.';

--
CREATE OR REPLACE FUNCTION skillancer_api.user_suspend(p_id skillancer.user_id, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.moderate_user(p_id, 'suspend', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_suspend(skillancer.user_id, text) IS
	'Suspends an account: its sessions end, its profile is hidden.';
SELECT skillancer.add_route('POST', '/v1/users/{id}/suspend', 'user_suspend', who => 'ADMIN,MODERATOR',
	class => 'fast', summary => 'Suspend an account');

--
CREATE OR REPLACE FUNCTION skillancer_api.user_restrict(p_id skillancer.user_id, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.moderate_user(p_id, 'restrict', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_restrict(skillancer.user_id, text) IS
	'Restricts an account: no new business, what runs goes on.';
SELECT skillancer.add_route('POST', '/v1/users/{id}/restrict', 'user_restrict', who => 'ADMIN,MODERATOR',
	class => 'fast', summary => 'Restrict an account');

--
CREATE OR REPLACE FUNCTION skillancer_api.user_reinstate(p_id skillancer.user_id, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.moderate_user(p_id, 'reinstate', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_reinstate(skillancer.user_id, text) IS
	'Lifts a suspension or restriction.';
SELECT skillancer.add_route('POST', '/v1/users/{id}/reinstate', 'user_reinstate', who => 'ADMIN,MODERATOR',
	class => 'fast', summary => 'Lift a suspension or restriction');

--
CREATE OR REPLACE FUNCTION skillancer_api.user_set_roles(p_id skillancer.user_id, p_roles text[])
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_before text[];
	v_after record;
BEGIN
	IF NOT skillancer.staff_may('users:manage_roles', 'user.roles_set', 'user', p_id::uuid) THEN
		RETURN skillancer.refusal(403, 'PERMISSION_DENIED', 'you are not allowed to do this');
	END IF;
	PERFORM skillancer.check_that('roles', p_roles <@
		'{USER,FREELANCER,CLIENT,ADMIN,SUPPORT,MODERATOR,FINANCE,ANALYST}'::text[], 'must be known roles');
	PERFORM skillancer.check_done();
	SELECT array_agg(r.role) INTO v_before FROM skillancer.user_role r WHERE r.user_id = p_id;
	IF v_before IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF p_id = skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED', 'you cannot do this to your own account');
	ELSIF ('ADMIN' = ANY (v_before)) <> ('ADMIN' = ANY (p_roles)) THEN
		PERFORM skillancer.require_permission('system:manage_admins');
	END IF;
	PERFORM skillancer.set_roles(p_id, p_roles);
	SELECT d.etag, d.doc INTO v_after FROM skillancer.user_doc d WHERE d.id = p_id;
	RETURN ROW(200, v_after.etag, NULL, NULL, v_after.doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.user_set_roles(skillancer.user_id, text[]) IS
	'Replaces the roles of an account; a lost role ends its sessions. ADMIN is given and taken with system:manage_admins only.';
SELECT skillancer.add_route('POST', '/v1/users/{id}/roles', 'user_set_roles', who => 'ADMIN', class => 'fast',
	summary => 'Set the roles of an account');


-- ======== sql/user/api_users.sql
/*
 * api_users.sql
 *		The account and the profile of the caller, and what others see of it.
 */

-- Account and profile of the caller in one object.
CREATE OR REPLACE FUNCTION skillancer.me_doc(OUT etag text, OUT doc json)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	SELECT concat_ws('.', u.etag, p.etag),
		(u.doc::jsonb || jsonb_build_object('profile', p.doc))::json
	INTO etag, doc
	FROM skillancer.user_doc u
	LEFT JOIN skillancer.profile_doc p ON p.user_id = u.id
	WHERE u.id = (SELECT skillancer.current_user_id());
END
$$;
COMMENT ON FUNCTION skillancer.me_doc() IS 'What GET /v1/users/me shows, and its entity tag.';
GRANT EXECUTE ON FUNCTION skillancer.me_doc() TO skillancer_bridge;

--
CREATE OR REPLACE FUNCTION skillancer_api.me_get(p_header_if_none_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me record;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT * INTO v_me FROM skillancer.me_doc();
	IF skillancer.etag_matches(p_header_if_none_match, v_me.etag) THEN
		RETURN ROW(304, v_me.etag, NULL, NULL, NULL)::skillancer.reply;
	END IF;
	RETURN ROW(200, v_me.etag, NULL, NULL, v_me.doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.me_get(text) IS 'Account and profile of the caller.';
SELECT skillancer.add_route('GET', '/v1/users/me', 'me_get', summary => 'My account and profile');

-- Tells that the caller changed something of himself.
CREATE OR REPLACE FUNCTION skillancer.emit_me_updated(p_fields text[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id := skillancer.current_user_id();
BEGIN
	PERFORM skillancer.emit('user.updated', 'user', v_user::uuid,
		jsonb_build_object('userId', v_user::text, 'fields', to_jsonb(p_fields)), ARRAY[v_user::uuid]);
END
$$;
COMMENT ON FUNCTION skillancer.emit_me_updated(text[]) IS 'Appends user.updated for the caller.';

--
CREATE OR REPLACE FUNCTION skillancer_api.me_patch(
	p_present text[], p_name text DEFAULT NULL, p_timezone text DEFAULT NULL, p_locale text DEFAULT NULL,
	p_header_if_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me record;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_text('name', btrim(p_name), 1, 100, required => 'name' = ANY (p_present));
	PERFORM skillancer.check_that('timezone', CASE WHEN p_timezone IS NULL THEN 'timezone' <> ALL (p_present)
		ELSE skillancer.timezone_is_valid(p_timezone) END, 'must be a time zone, such as Europe/Berlin');
	PERFORM skillancer.check_that('locale', CASE WHEN p_locale IS NULL THEN 'locale' <> ALL (p_present)
		ELSE p_locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$' END, 'must be a language, such as en or de-AT');
	PERFORM skillancer.check_done();
	PERFORM 1 FROM skillancer.user_account WHERE id = skillancer.current_user_id() FOR UPDATE;
	SELECT * INTO v_me FROM skillancer.me_doc();
	PERFORM skillancer.check_if_match(p_header_if_match, v_me.etag);
	UPDATE skillancer.user_account
	SET name = coalesce(btrim(p_name), name), timezone = coalesce(p_timezone, timezone),
		locale = coalesce(p_locale, locale), version = version + 1, updated_at = skillancer.now()
	WHERE id = skillancer.current_user_id();
	PERFORM skillancer.emit_me_updated(p_present);
	SELECT * INTO v_me FROM skillancer.me_doc();
	RETURN ROW(200, v_me.etag, NULL, NULL, v_me.doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.me_patch(text[], text, text, text, text) IS
	'Changes name, time zone or locale of the caller.';
SELECT skillancer.add_route('PATCH', '/v1/users/me', 'me_patch', class => 'fast', summary => 'Change my account');

-- Problems of a profile.
CREATE OR REPLACE FUNCTION skillancer.check_profile_lists(
	p_languages text[], p_work_history jsonb, p_education jsonb, p_portfolio jsonb, p_certifications jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_array('languages', p_languages, 20, 50, required => true);
	PERFORM skillancer.check_entries('workHistory', p_work_history, 30, '{title,company}', '{from,to,description}');
	PERFORM skillancer.check_entries('education', p_education, 20, '{school}', '{degree,field,from,to}');
	PERFORM skillancer.check_entries('portfolio', p_portfolio, 30, '{title}', '{description,url}');
	PERFORM skillancer.check_entries('certifications', p_certifications, 30, '{name}', '{issuer,year,url}');
END
$$;
COMMENT ON FUNCTION skillancer.check_profile_lists(text[], jsonb, jsonb, jsonb, jsonb) IS
	'Notes the problems of the lists of a profile.';

--
CREATE OR REPLACE FUNCTION skillancer_api.me_put_profile(
	p_display_name text, p_headline text DEFAULT NULL, p_bio text DEFAULT NULL,
	p_hourly_rate skillancer.monetary DEFAULT NULL, p_languages text[] DEFAULT '{}', p_country text DEFAULT NULL,
	p_availability text DEFAULT NULL, p_work_history jsonb DEFAULT '[]', p_education jsonb DEFAULT '[]',
	p_portfolio jsonb DEFAULT '[]', p_certifications jsonb DEFAULT '[]', p_company_name text DEFAULT NULL,
	p_company_size text DEFAULT NULL, p_company_bio text DEFAULT NULL, p_is_public boolean DEFAULT true,
	p_header_if_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_doc record;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_text('displayName', btrim(p_display_name), 1, 100);
	PERFORM skillancer.check_text('headline', p_headline, 1, 200, required => false);
	PERFORM skillancer.check_text('bio', p_bio, 1, 5000, required => false);
	PERFORM skillancer.check_money('hourlyRate', p_hourly_rate, 1, 1000000, required => false);
	PERFORM skillancer.check_that('country', p_country IS NULL OR p_country ~ '^[A-Z]{2}$',
		'must be an ISO 3166 code of two letters');
	PERFORM skillancer.check_one_of('availability', p_availability,
		'{FULL_TIME,PART_TIME,OCCASIONAL,UNAVAILABLE}', required => false);
	PERFORM skillancer.check_profile_lists(p_languages, p_work_history, p_education, p_portfolio, p_certifications);
	PERFORM skillancer.check_text('companyName', p_company_name, 1, 100, required => false);
	PERFORM skillancer.check_one_of('companySize', p_company_size, '{1,2-10,11-50,51-200,201-1000,1001+}',
		required => false);
	PERFORM skillancer.check_text('companyBio', p_company_bio, 1, 5000, required => false);
	PERFORM skillancer.check_done();
	PERFORM 1 FROM skillancer.profile WHERE user_id = skillancer.current_user_id() FOR UPDATE;
	SELECT d.etag INTO v_doc FROM skillancer.profile_doc d WHERE d.user_id = skillancer.current_user_id();
	PERFORM skillancer.check_if_match(p_header_if_match, v_doc.etag);
	UPDATE skillancer.profile
	SET display_name = btrim(p_display_name), headline = p_headline, bio = p_bio, hourly_rate = p_hourly_rate,
		languages = p_languages, country = p_country, availability = p_availability,
		work_history = p_work_history, education = p_education, portfolio = p_portfolio,
		certifications = p_certifications, company_name = p_company_name, company_size = p_company_size,
		company_bio = p_company_bio, is_public = coalesce(p_is_public, true), version = version + 1,
		updated_at = skillancer.now()
	WHERE user_id = skillancer.current_user_id();
	PERFORM skillancer.emit_me_updated('{profile}');
	SELECT d.etag, d.doc INTO v_doc FROM skillancer.profile_doc d WHERE d.user_id = skillancer.current_user_id();
	RETURN ROW(200, v_doc.etag, NULL, NULL, v_doc.doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.me_put_profile(text, text, text, skillancer.monetary, text[], text, text, jsonb, jsonb, jsonb, jsonb, text, text, text, boolean, text) IS
	'Replaces the profile of the caller; what is not sent is emptied. Skills have a route of their own.';
SELECT skillancer.add_route('PUT', '/v1/users/me/profile', 'me_put_profile', class => 'fast',
	summary => 'Replace my profile');

-- The skill that a client means: its id, its slug, or an alias.
CREATE OR REPLACE FUNCTION skillancer.find_skill(p_name text)
RETURNS skillancer.skill_id
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_name ~ '^skl_[0-9a-z]{26}$' THEN
		RETURN (SELECT coalesce(k.merged_into, k.id) FROM skillancer.skill k WHERE k.id = p_name::skillancer.skill_id);
	END IF;
	RETURN (SELECT coalesce(s.merged_into, s.id) FROM skillancer.skill_key k
		JOIN skillancer.skill s ON s.id = k.skill_id
		WHERE k.key = lower(p_name));
EXCEPTION WHEN invalid_text_representation THEN
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.find_skill(text) IS 'Id of the skill with that id, slug or alias; NULL when there is none.';
GRANT EXECUTE ON FUNCTION skillancer.find_skill(text) TO skillancer_bridge;

-- Reads [{"skill": "...", "level": 1..4, "years": 0..60}, ...].
CREATE OR REPLACE FUNCTION skillancer.read_skills(p_field text, p_skills jsonb)
RETURNS skillancer.skillset
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_entry record;
	v_ids skillancer.skill_id[] := '{}';
	v_levels integer[] := '{}';
	v_years integer[] := '{}';
	v_id skillancer.skill_id;
BEGIN
	IF p_skills IS NULL OR jsonb_typeof(p_skills) <> 'array' OR jsonb_array_length(p_skills) > 50 THEN
		PERFORM skillancer.check_that(p_field, false, 'must be a list of at most 50 skills');
		RETURN NULL;
	END IF;
	FOR v_entry IN
		SELECT e.value, format('%s[%s]', p_field, e.n - 1) AS path
		FROM jsonb_array_elements(p_skills) WITH ORDINALITY AS e (value, n)
	LOOP
		IF jsonb_typeof(v_entry.value) <> 'object'
			OR v_entry.value - '{skill,level,years}'::text[] <> '{}'::jsonb THEN
			PERFORM skillancer.check_that(v_entry.path, false, 'must have skill, level and years and nothing else');
			CONTINUE;
		END IF;
		v_id := skillancer.find_skill(v_entry.value ->> 'skill');
		PERFORM skillancer.check_that(v_entry.path || '.skill', v_id IS NOT NULL, 'is not a known skill');
		PERFORM skillancer.check_that(v_entry.path || '.skill', v_id IS NULL OR NOT v_id = ANY (v_ids),
			'is in the list twice');
		PERFORM skillancer.check_that(v_entry.path || '.level', v_entry.value ->> 'level' ~ '^[1-4]$',
			'must be a whole number from 1 to 4');
		PERFORM skillancer.check_that(v_entry.path || '.years',
			coalesce(v_entry.value ->> 'years', '0') ~ '^([0-9]|[1-5][0-9]|60)$', 'must be a whole number from 0 to 60');
		IF v_id IS NOT NULL AND v_entry.value ->> 'level' ~ '^[1-4]$'
			AND coalesce(v_entry.value ->> 'years', '0') ~ '^[0-9]{1,2}$' THEN
			v_ids := v_ids || v_id;
			v_levels := v_levels || (v_entry.value ->> 'level')::integer;
			v_years := v_years || coalesce(v_entry.value ->> 'years', '0')::integer;
		END IF;
	END LOOP;
	PERFORM skillancer.check_done();
	RETURN skillancer.skillset_of(v_ids, v_levels, v_years);
END
$$;
COMMENT ON FUNCTION skillancer.read_skills(text, jsonb) IS
	'The skillset of a list of {skill, level, years}; raises VALIDATION_ERROR with everything that is wrong with it.';

--
CREATE OR REPLACE FUNCTION skillancer_api.me_put_skills(p_skills jsonb, p_header_if_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_skills skillancer.skillset;
	v_doc record;
BEGIN
	PERFORM skillancer.require_role('USER');
	v_skills := skillancer.read_skills('skills', p_skills);
	PERFORM skillancer.check_done();
	PERFORM 1 FROM skillancer.profile WHERE user_id = skillancer.current_user_id() FOR UPDATE;
	SELECT d.etag INTO v_doc FROM skillancer.profile_doc d WHERE d.user_id = skillancer.current_user_id();
	PERFORM skillancer.check_if_match(p_header_if_match, v_doc.etag);
	UPDATE skillancer.profile
	SET skills = v_skills, version = version + 1, updated_at = skillancer.now()
	WHERE user_id = skillancer.current_user_id();
	PERFORM skillancer.emit_me_updated('{skills}');
	SELECT d.etag, d.doc INTO v_doc FROM skillancer.profile_doc d WHERE d.user_id = skillancer.current_user_id();
	RETURN ROW(200, v_doc.etag, NULL, NULL, v_doc.doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.me_put_skills(jsonb, text) IS
	'Replaces the skills of the caller: a list of {skill: id, slug or alias, level: 1..4, years: 0..60}.';
SELECT skillancer.add_route('PUT', '/v1/users/me/skills', 'me_put_skills', class => 'fast',
	summary => 'Replace my skills');

--
CREATE OR REPLACE FUNCTION skillancer_api.user_get(
	p_id skillancer.user_id, p_header_if_none_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.profile_doc d WHERE d.user_id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	IF skillancer.etag_matches(p_header_if_none_match, v_etag) THEN
		RETURN ROW(304, v_etag, NULL, NULL, NULL)::skillancer.reply;
	END IF;
	RETURN ROW(200, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.user_get(skillancer.user_id, text) IS
	'The public profile of a person; one that is not public exists for its owner and for staff only.';
SELECT skillancer.add_route('GET', '/v1/users/{id}', 'user_get', who => 'anyone', summary => 'A public profile');


-- ======== sql/user/demo.sql
/*
 * sql/user/demo.sql
 *		A handful of people of a demo marketplace who can sign in with a known password.
 */

-- demo_people(): who they are
CREATE OR REPLACE FUNCTION skillancer.demo_people(OUT role text, OUT email text, OUT name text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 3
SET search_path = pg_catalog, skillancer, pg_temp
AS $$ VALUES
	('CLIENT', 'client@example.com', 'Casey Morgan'),
	('FREELANCER', 'freelancer@example.com', 'Robin Adeyemi'),
	('ADMIN', 'admin@example.com', 'Alex Operator')
$$;
COMMENT ON FUNCTION skillancer.demo_people() IS 'The demo sign-ins: role, e-mail address, name.';

-- demo_stand_in(): the account that plays a role
CREATE OR REPLACE FUNCTION skillancer.demo_stand_in(p_role text)
RETURNS skillancer.user_id
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_role = 'CLIENT' THEN
		-- somebody with several open projects that bids in dollars are taken for, but not with hundreds
		RETURN (SELECT p.client_id FROM skillancer.project p
			WHERE p.state = 'OPEN' AND p.visibility = 'PUBLIC' AND skillancer.monetary_currency(p.budget_min) = 'USD'
				AND NOT EXISTS (SELECT FROM skillancer.user_credential c WHERE c.user_id = p.client_id)
			GROUP BY p.client_id ORDER BY abs(count(*) - 8), p.client_id LIMIT 1);
	END IF;
	RETURN (SELECT f.user_id FROM skillancer.profile f
		JOIN skillancer.user_role r ON r.user_id = f.user_id AND r.role = 'FREELANCER'
		WHERE NOT EXISTS (SELECT FROM skillancer.user_credential c WHERE c.user_id = f.user_id)
		ORDER BY num_nulls(f.skills, f.bio, f.hourly_rate), f.user_id LIMIT 1);
END
$$;
COMMENT ON FUNCTION skillancer.demo_stand_in(text) IS 'An imported or generated account without password that fits a demo role.';

-- make_demo_sign_ins()
CREATE OR REPLACE FUNCTION skillancer.make_demo_sign_ins(p_seed integer DEFAULT 1)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_person record;
	v_user   skillancer.user_id;
BEGIN
	FOR v_person IN SELECT * FROM skillancer.demo_people() d
		WHERE NOT EXISTS (SELECT FROM skillancer.user_account a WHERE a.email_key = lower(d.email)) LOOP
		IF v_person.role = 'ADMIN' THEN
			v_user := skillancer.create_admin(v_person.email, skillancer.demo_password(), v_person.name);
		ELSE
			v_user := coalesce(
				(SELECT a.id FROM skillancer.user_account a
					WHERE a.id = skillancer.draw_id(p_seed, lower(v_person.role), 1)::skillancer.user_id),
				skillancer.demo_stand_in(v_person.role));
			CONTINUE WHEN v_user IS NULL;
			UPDATE skillancer.user_account a SET email = v_person.email, name = v_person.name, updated_at = skillancer.now()
			WHERE a.id = v_user;
			UPDATE skillancer.profile f SET display_name = v_person.name WHERE f.user_id = v_user;
			INSERT INTO skillancer.user_credential (user_id, password_hash)
			VALUES (v_user, skillancer.password_hash(skillancer.demo_password()));
			PERFORM skillancer.email_verified(v_user);
		END IF;
		INSERT INTO skillancer.import_object (kind, key, object_id) VALUES ('demo', v_person.email, v_user::uuid)
		ON CONFLICT ON CONSTRAINT import_object_pkey DO NOTHING;
	END LOOP;
END
$$;
COMMENT ON FUNCTION skillancer.make_demo_sign_ins(integer) IS
	'Lets a client with open projects, a freelancer and an administrator sign in with a known password. For demos only.';

-- demo_password()
CREATE OR REPLACE FUNCTION skillancer.demo_password()
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT 'Bright-Lantern-27'
$$;
COMMENT ON FUNCTION skillancer.demo_password() IS 'The password of the demo sign-ins, known to everybody.';

-- demo_sign_ins()
CREATE OR REPLACE FUNCTION skillancer.demo_sign_ins(OUT role text, OUT email text, OUT password text, OUT name text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT d.role, d.email, skillancer.demo_password(), a.name
	FROM skillancer.demo_people() d
	JOIN skillancer.import_object o ON o.kind = 'demo' AND o.key = d.email
	JOIN skillancer.user_account a ON a.id = o.object_id::skillancer.user_id AND a.state = 'ACTIVE'
	ORDER BY array_position('{CLIENT,FREELANCER,ADMIN}', d.role);
END
$$;
COMMENT ON FUNCTION skillancer.demo_sign_ins() IS 'The sign-ins that make_demo_sign_ins() has made, as make run prints them.';


-- ======== sql/user/events.sql
/*
 * events.sql
 *		Events of people. None carries an address or a name: who may read those asks for the row.
 */

INSERT INTO skillancer.event_type (name, version, description, schema)
SELECT e.name, '1.0', e.description, jsonb_build_object(
	'type', 'object',
	'properties', '{"userId": {"type": "string", "pattern": "^usr_"}}'::jsonb || e.properties::jsonb,
	'required', '["userId"]'::jsonb || e.required::jsonb)
FROM (VALUES
	('user.created', 'An account was made; its address is not verified yet',
		'{"roles": {"type": "array", "items": {"type": "string"}}}', '["roles"]'),
	('user.updated', 'Account, profile, skills or roles were changed',
		'{"fields": {"type": "array", "items": {"type": "string"}}}', '["fields"]'),
	('user.verified', 'The address was verified and the account is active',
		'{"from": {"type": "string"}, "state": {"type": "string"}}', '["state"]'),
	('user.restricted', 'No new business for the account; what runs goes on',
		'{"from": {"type": "string"}, "state": {"type": "string"}, "reason": {"type": "string"}}', '["state"]'),
	('user.suspended', 'The account may not act; its sessions have ended',
		'{"from": {"type": "string"}, "state": {"type": "string"}, "reason": {"type": "string"}}', '["state"]'),
	('user.reinstated', 'A restriction or suspension was lifted',
		'{"from": {"type": "string"}, "state": {"type": "string"}, "reason": {"type": "string"}}', '["state"]'),
	('user.closed', 'The account was closed for good',
		'{"from": {"type": "string"}, "state": {"type": "string"}}', '["state"]'),
	('user.password_changed', 'The password was changed or reset; all sessions have ended', '{}', '[]'),
	('user.security_alert', 'Something that the owner of the account should look at',
		'{"kind": {"type": "string"}, "sessionId": {"type": "string"}}', '["kind"]')
) AS e (name, description, properties, required);


-- ======== sql/user/functions.sql
/*
 * functions.sql
 *		Passwords, tokens and addresses: SQL face of extension/user, and small helpers of its API.
 */

-- Argon2id, as a PHC string.
CREATE OR REPLACE FUNCTION skillancer.password_hash(p_password text)
RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_password_hash';
COMMENT ON FUNCTION skillancer.password_hash(text) IS
	'Argon2id hash (19 MiB, 2 passes, 1 lane) of the NFKC form of a password, with a new salt.';

-- Constant work, whether there is a hash or not.
CREATE OR REPLACE FUNCTION skillancer.password_verify(p_password text, p_hash text)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_password_verify';
COMMENT ON FUNCTION skillancer.password_verify(text, text) IS
	'True when the password belongs to the hash. A NULL hash costs the same work and gives false.';

-- Whether to hash again at the next sign-in.
CREATE OR REPLACE FUNCTION skillancer.password_is_outdated(p_hash text)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_password_is_outdated';
COMMENT ON FUNCTION skillancer.password_is_outdated(text) IS
	'True when the hash was made with other parameters than password_hash() uses.';

-- Rules of a new password.
CREATE OR REPLACE FUNCTION skillancer.check_password(p_field text, p_password text, p_email text DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_password';
COMMENT ON FUNCTION skillancer.check_password(text, text, text) IS
	'Notes a problem unless the password has 8 to 128 characters with upper, lower and digit, and is no common one.';

-- Syntax of an address.
CREATE OR REPLACE FUNCTION skillancer.check_email(p_field text, p_email text, required boolean DEFAULT true)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_email';
COMMENT ON FUNCTION skillancer.check_email(text, text, boolean) IS
	'Notes a problem unless mail can be sent to the address: local@domain, ASCII, 5 to 254 characters.';

-- A new opaque token.
CREATE OR REPLACE FUNCTION skillancer.token_make(OUT id uuid, OUT hash bytea, OUT token text)
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_token_make';
COMMENT ON FUNCTION skillancer.token_make() IS
	'A token with 256 random bits of secret, and what to store of it: id and SHA-256.';

-- The part of a token that finds its row.
CREATE OR REPLACE FUNCTION skillancer.token_id(p_token text)
RETURNS uuid
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_token_id';
COMMENT ON FUNCTION skillancer.token_id(text) IS 'The public half of a token; NULL for what is no token.';

-- The part of a token that proves it.
CREATE OR REPLACE FUNCTION skillancer.token_matches(p_token text, p_hash bytea)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_token_matches';
COMMENT ON FUNCTION skillancer.token_matches(text, bytea) IS
	'True when the secret half hashes to the stored value; compared in constant time.';

-- The network that failures are counted by.
CREATE OR REPLACE FUNCTION skillancer.request_network()
RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_request_network';
COMMENT ON FUNCTION skillancer.request_network() IS
	'The /24 (IPv4) or /64 (IPv6) of the client; "local" without an address.';

-- Completeness score of a profile.
CREATE OR REPLACE FUNCTION skillancer.profile_completeness(
	p_basic integer, p_professional integer, p_skills integer, p_work_history integer,
	p_education integer, p_portfolio integer, p_certifications integer)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_profile_completeness';
COMMENT ON FUNCTION skillancer.profile_completeness(integer, integer, integer, integer, integer, integer, integer) IS
	'0 to 100 from the number of filled items: basic of 4, professional of 3, skills of 5, else of 1.';

-- A refusal that commits: its traces (counters, revocations) must stay.
CREATE OR REPLACE FUNCTION skillancer.refusal(
	p_status integer, p_code text, p_message text, p_headers jsonb DEFAULT NULL, p_details jsonb DEFAULT '[]')
RETURNS skillancer.reply
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN ROW(p_status, NULL, p_headers, NULL,
		json_build_object('code', p_code, 'message', p_message, 'details', p_details))::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.refusal(integer, text, text, jsonb, jsonb) IS
	'An error answer that does not roll back.';

-- The cookie that carries a refresh token; NULL takes it away.
CREATE OR REPLACE FUNCTION skillancer.refresh_cookie(p_token text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN format('skl_refresh=%s; Path=/v1/auth; Max-Age=%s; HttpOnly; Secure; SameSite=Strict',
		p_token,
		CASE WHEN p_token IS NULL THEN 0
			ELSE extract(epoch FROM skillancer.policy_interval('refreshTokenLifetime'))::integer END);
END
$$;
COMMENT ON FUNCTION skillancer.refresh_cookie(text) IS 'Set-Cookie value of a refresh token; NULL deletes the cookie.';

-- Names that the time zone database knows.
CREATE OR REPLACE FUNCTION skillancer.timezone_is_valid(p_name text)
RETURNS boolean
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM timestamptz '2000-01-01 00:00+00' AT TIME ZONE p_name;
	RETURN p_name ~ '^[A-Za-z_]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$';
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN false;
END
$$;
COMMENT ON FUNCTION skillancer.timezone_is_valid(text) IS 'True for names like UTC and Europe/Berlin.';

-- Lists of a profile: objects with known, short, textual members.
CREATE OR REPLACE FUNCTION skillancer.check_entries(
	p_field text, p_value jsonb, p_max integer, p_required text[], p_optional text[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_entry record;
	v_member record;
	v_name text;
BEGIN
	IF p_value IS NULL OR jsonb_typeof(p_value) <> 'array' OR jsonb_array_length(p_value) > p_max THEN
		PERFORM skillancer.check_that(p_field, false, format('must be a list of at most %s items', p_max));
		RETURN;
	END IF;
	FOR v_entry IN SELECT e.value, format('%s[%s]', p_field, e.n - 1) AS path
		FROM jsonb_array_elements(p_value) WITH ORDINALITY AS e (value, n)
	LOOP
		IF jsonb_typeof(v_entry.value) <> 'object' THEN
			PERFORM skillancer.check_that(v_entry.path, false, 'must be an object');
			CONTINUE;
		END IF;
		FOREACH v_name IN ARRAY p_required LOOP
			PERFORM skillancer.check_that(v_entry.path || '.' || v_name,
				coalesce(length(v_entry.value ->> v_name) > 0, false), 'is required');
		END LOOP;
		FOR v_member IN SELECT m.key, m.value FROM jsonb_each(v_entry.value) m LOOP
			PERFORM skillancer.check_that(v_entry.path || '.' || v_member.key,
				v_member.key = ANY (p_required || p_optional), 'is not a known field');
			PERFORM skillancer.check_that(v_entry.path || '.' || v_member.key,
				jsonb_typeof(v_member.value) IN ('string', 'null') AND length(v_member.value #>> '{}') <= 2000
					OR jsonb_typeof(v_member.value) = 'null', 'must be a text of at most 2000 characters');
			PERFORM skillancer.check_that(v_entry.path || '.' || v_member.key,
				v_member.key <> 'url' OR v_member.value #>> '{}' ~ '^https?://[^\s]+$'
					OR jsonb_typeof(v_member.value) = 'null', 'must be a web address');
		END LOOP;
	END LOOP;
END
$$;
COMMENT ON FUNCTION skillancer.check_entries(text, jsonb, integer, text[], text[]) IS
	'Notes every problem of a list of objects: unknown or missing members, texts that are too long, bad addresses.';

-- Whether a member of staff may; a refusal of staff leaves a trace.
CREATE OR REPLACE FUNCTION skillancer.staff_may(p_permission text, p_action text, p_object_type text, p_object uuid)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF skillancer.has_permission(p_permission) OR NOT skillancer.is_staff() THEN
		PERFORM skillancer.require_permission(p_permission);
		RETURN true;
	END IF;
	PERFORM skillancer.audit(p_action || '_denied', p_object_type, p_object, NULL,
		jsonb_build_object('permission', p_permission));
	RETURN false;
END
$$;
COMMENT ON FUNCTION skillancer.staff_may(text, text, text, uuid) IS
	'True with the permission. Raises for people who are not staff; for staff it writes an audit row and is false, so that the caller can refuse and commit.';


-- ======== sql/user/import.sql
/*
 * sql/user/import.sql
 *		Importing people: freelancers from a file, and the accounts that other imports need.
 *
 * Imported people have no password: they sign in by the password reset, which also proves their address.
 */

-- import_accounts(): accounts of imported or generated people
CREATE OR REPLACE FUNCTION skillancer.import_accounts(p_ids uuid[], p_emails text[], p_names text[], p_role text)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_count integer;
BEGIN
	INSERT INTO skillancer.user_account (id, email, name, state)
	SELECT p.id::skillancer.user_id, p.email, p.name, 'ACTIVE'
	FROM unnest(p_ids, p_emails, p_names) WITH ORDINALITY AS p (id, email, name, n) ORDER BY p.n;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	INSERT INTO skillancer.user_role (user_id, role)
	SELECT p::skillancer.user_id, r FROM unnest(p_ids) p, unnest(ARRAY['USER', p_role]) r;
	INSERT INTO skillancer.verification (user_id, kind, status)
	SELECT p::skillancer.user_id, 'EMAIL', 'PENDING' FROM unnest(p_ids) p;
	RETURN v_count;
END
$$;
COMMENT ON FUNCTION skillancer.import_accounts(uuid[], text[], text[], text) IS
	'Makes active accounts without password, with the role USER and one more. Only within an import.';

-- freelancer_problems(): finds what is wrong with the staged freelancers
CREATE OR REPLACE FUNCTION skillancer.freelancer_problems()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.import_freelancer s SET problems = array_remove(ARRAY[
		CASE WHEN coalesce(s.freelancer_id, '') !~ '^[A-Za-z0-9_-]{1,64}$' THEN 'freelancer_id is missing or malformed' END,
		CASE WHEN d.n > 1 THEN 'freelancer_id was there before' END,
		CASE WHEN length(skillancer.import_text(s.headline)) > 200 THEN 'headline is longer than 200 characters' END,
		CASE WHEN length(skillancer.import_text(s.bio)) > 5000 THEN 'bio is longer than 5000 characters' END,
		CASE WHEN s.skills IS NOT NULL AND skillancer.import_array(s.skills) IS NULL THEN 'skills is not an array' END,
		CASE WHEN NOT EXISTS (SELECT FROM skillancer.country c WHERE c.code = s.country_code)
			THEN 'country_code is not a country' END,
		CASE WHEN s.hourly_rate IS NULL THEN NULL
			WHEN skillancer.try_monetary(s.hourly_rate, s.currency) IS NULL THEN 'hourly_rate and currency are not an amount'
			WHEN skillancer.try_monetary(s.hourly_rate, s.currency)::numeric NOT BETWEEN 1 AND 10000
			THEN 'hourly_rate is outside 1 to 10000' END], NULL)
	FROM (SELECT f.row_number, row_number() OVER (PARTITION BY f.freelancer_id ORDER BY f.row_number) AS n
		FROM skillancer.import_freelancer f) d
	WHERE d.row_number = s.row_number;
END
$$;
COMMENT ON FUNCTION skillancer.freelancer_problems() IS 'Sets the problems of every row of import_freelancer.';

-- import_profiles(): profiles of the new freelancers
CREATE OR REPLACE FUNCTION skillancer.import_profiles(p_run bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	-- the file names no levels: badge and number of reviews suggest one for all skills of a person
	WITH skill AS MATERIALIZED (
		SELECT DISTINCT s.freelancer_id, k.skill_id, CASE WHEN s.badge IS NOT NULL THEN 4
			WHEN s.review_count ~ '^\d{2,9}(\.0)?$' THEN 3 ELSE 2 END AS level
		FROM skillancer.import_freelancer s, unnest(skillancer.import_array(s.skills)) u
		JOIN skillancer.skill_key k ON k.key = skillancer.slugify(u)
		WHERE s.problems = '{}'),
	skillset AS MATERIALIZED (
		SELECT k.freelancer_id, skillancer.skillset_of(array_agg(k.skill_id), array_agg(k.level), array_agg(0)) AS skills
		FROM skill k GROUP BY k.freelancer_id)
	INSERT INTO skillancer.profile (user_id, display_name, headline, bio, hourly_rate, skills, country, is_listed)
	SELECT o.object_id::skillancer.user_id, 'Freelancer ' || upper(right(o.key, 6)), skillancer.import_text(s.headline),
		skillancer.import_text(s.bio), skillancer.try_monetary(s.hourly_rate, s.currency), k.skills, s.country_code, true
	FROM skillancer.import_freelancer s
	JOIN skillancer.import_object o ON o.kind = 'freelancer' AND o.key = s.freelancer_id AND o.run_id = p_run
	LEFT JOIN skillset k ON k.freelancer_id = s.freelancer_id
	WHERE s.problems = '{}' ORDER BY o.object_id;
END
$$;
COMMENT ON FUNCTION skillancer.import_profiles(bigint) IS
	'Profiles, with the skills that are known, for the objects of kind freelancer that this run has made.';

-- import_freelancers()
CREATE OR REPLACE FUNCTION skillancer.import_freelancers(
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint := skillancer.import_start('freelancer');
BEGIN
	PERFORM skillancer.freelancer_problems();
	INSERT INTO skillancer.import_object (kind, key, object_id, estimated, run_id)
	SELECT 'freelancer', s.freelancer_id, skillancer.new_id(),
		CASE WHEN s.skills IS NULL THEN '{name}' ELSE '{name,skillLevels}' END::text[], v_run
	FROM skillancer.import_freelancer s WHERE s.problems = '{}' ORDER BY s.row_number
	ON CONFLICT ON CONSTRAINT import_object_pkey DO NOTHING;
	ANALYZE skillancer.import_object, skillancer.import_freelancer;
	SELECT skillancer.import_accounts(array_agg(o.object_id ORDER BY o.object_id),
		array_agg(o.key || '@import.invalid' ORDER BY o.object_id),
		array_agg('Freelancer ' || upper(right(o.key, 6)) ORDER BY o.object_id), 'FREELANCER')
	INTO rows_added FROM skillancer.import_object o WHERE o.kind = 'freelancer' AND o.run_id = v_run;
	PERFORM skillancer.import_profiles(v_run);
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_freelancer', 'freelancer_id', rows_added) f;
END
$$;
COMMENT ON FUNCTION skillancer.import_freelancers() IS
	'Takes over import_freelancer: an active account <freelancer_id>@import.invalid without password, and a profile. Import skills first.';


-- ======== sql/user/machines.sql
/*
 * machines.sql
 *		The machine of an account: PENDING → ACTIVE ⇄ RESTRICTED → SUSPENDED → CLOSED.
 */

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('user', 'skillancer.user_account', '{PENDING}', 'user');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('user', 'PENDING', 'verify', 'ACTIVE', '{system}', NULL, 'user.verified'),
	('user', 'ACTIVE', 'restrict', 'RESTRICTED', '{staff}', 'user_moderation', 'user.restricted'),
	('user', 'RESTRICTED', 'reinstate', 'ACTIVE', '{staff}', 'user_moderation', 'user.reinstated'),
	('user', 'PENDING', 'suspend', 'SUSPENDED', '{staff}', 'user_moderation', 'user.suspended'),
	('user', 'ACTIVE', 'suspend', 'SUSPENDED', '{staff}', 'user_moderation', 'user.suspended'),
	('user', 'RESTRICTED', 'suspend', 'SUSPENDED', '{staff}', 'user_moderation', 'user.suspended'),
	('user', 'SUSPENDED', 'reinstate', 'ACTIVE', '{staff}', 'user_moderation', 'user.reinstated'),
	('user', 'SUSPENDED', 'close', 'CLOSED', '{system}', NULL, 'user.closed'),
	('user', 'ACTIVE', 'close', 'CLOSED', '{system}', NULL, 'user.closed');


-- ======== sql/user/sign_in.sql
/*
 * sign_in.sql
 *		Sign-in, sessions and refresh tokens. Owned by the engine, because the caller is nobody yet.
 *
 * None of these functions raises for a wrong password or token: they return an outcome, so that
 * counters and revocations commit.
 */

-- How sign-in failures are keyed: by a hash, so that unknown addresses are nothing special.
CREATE OR REPLACE FUNCTION skillancer.sign_in_account(p_email text)
RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN sha256(convert_to(lower(p_email), 'UTF8'));
END
$$;
COMMENT ON FUNCTION skillancer.sign_in_account(text) IS 'Key of an address in sign_in_failure.';

-- Until when this address may not sign in from this network, or NULL.
CREATE OR REPLACE FUNCTION skillancer.sign_in_locked_until(p_email text, p_user skillancer.user_id)
RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_account bytea := skillancer.sign_in_account(p_email);
	v_network text := skillancer.request_network();
	v_pair timestamptz;
	v_account_wide timestamptz;
	v_network_wide timestamptz;
BEGIN
	-- the row lock makes parallel guesses from one network wait for each other's count
	INSERT INTO skillancer.sign_in_failure AS f (account, network, failures, window_start)
	VALUES (v_account, v_network, 0, skillancer.now())
	ON CONFLICT ON CONSTRAINT sign_in_failure_pkey DO UPDATE SET failures = f.failures
	RETURNING f.locked_until INTO v_pair;
	SELECT max(f.locked_until) FILTER (WHERE f.network = '*'),
		max(f.locked_until) FILTER (WHERE f.account = ''::bytea)
	INTO v_account_wide, v_network_wide
	FROM skillancer.sign_in_failure f
	WHERE (f.account = v_account AND f.network = '*') OR (f.account = ''::bytea AND f.network = v_network);
	-- guesses from many networks do not lock the owner out of those that were used before
	IF v_account_wide > skillancer.now() AND EXISTS (
		SELECT FROM skillancer.session s
		WHERE s.user_id = p_user AND s.network = v_network
			AND s.created_at > skillancer.now() - interval '90 days'
			AND s.revoked_reason IS DISTINCT FROM 'TOKEN_REUSE') THEN
		v_account_wide := NULL;
	END IF;
	RETURN (SELECT max(t) FROM unnest(ARRAY[v_pair, v_account_wide, v_network_wide]) t
		WHERE t > skillancer.now());
END
$$;
COMMENT ON FUNCTION skillancer.sign_in_locked_until(text, skillancer.user_id) IS
	'The end of the lock on this address and network, NULL when there is none; serialises attempts of one pair.';
ALTER FUNCTION skillancer.sign_in_locked_until(text, skillancer.user_id) OWNER TO skillancer_engine;

-- Counts one failure under one key.
CREATE OR REPLACE FUNCTION skillancer.count_sign_in_failure(
	p_account bytea, p_network text, p_limit bigint, p_window interval, p_lock interval)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_now timestamptz := skillancer.now();
	v_failures integer;
BEGIN
	INSERT INTO skillancer.sign_in_failure AS f (account, network, failures, window_start)
	VALUES (p_account, p_network, 1, v_now)
	ON CONFLICT ON CONSTRAINT sign_in_failure_pkey DO UPDATE SET
		failures = CASE WHEN f.window_start <= v_now - p_window THEN 1 ELSE f.failures + 1 END,
		window_start = CASE WHEN f.failures = 0 OR f.window_start <= v_now - p_window THEN v_now ELSE f.window_start END
	RETURNING f.failures INTO v_failures;
	IF v_failures >= p_limit THEN
		UPDATE skillancer.sign_in_failure
		SET locked_until = v_now + p_lock
		WHERE account = p_account AND network = p_network;
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.count_sign_in_failure(bytea, text, bigint, interval, interval) IS
	'Adds a failure to a counter and locks it when the limit is reached within the window.';
ALTER FUNCTION skillancer.count_sign_in_failure(bytea, text, bigint, interval, interval) OWNER TO skillancer_engine;

-- Counts a failed sign-in by pair, by account and by network.
CREATE OR REPLACE FUNCTION skillancer.sign_in_failed(p_email text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_account bytea := skillancer.sign_in_account(p_email);
	v_network text := skillancer.request_network();
	v_lock interval := skillancer.policy_interval('signInLock');
BEGIN
	PERFORM skillancer.count_sign_in_failure(v_account, v_network, skillancer.policy_int('signInFailures'),
		skillancer.policy_interval('signInWindow'), v_lock);
	PERFORM skillancer.count_sign_in_failure(v_account, '*', skillancer.policy_int('signInAccountFailures'),
		skillancer.policy_interval('signInAccountWindow'), v_lock);
	PERFORM skillancer.count_sign_in_failure(''::bytea, v_network, skillancer.policy_int('signInNetworkFailures'),
		skillancer.policy_interval('signInWindow'), v_lock);
END
$$;
COMMENT ON FUNCTION skillancer.sign_in_failed(text) IS
	'Counts a failure for the address from this network, for the address anywhere, and for the network.';
ALTER FUNCTION skillancer.sign_in_failed(text) OWNER TO skillancer_engine;

-- A new refresh token in a session.
CREATE OR REPLACE FUNCTION skillancer.issue_refresh_token(p_session skillancer.session_id, p_parent uuid)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_token record;
	v_expires timestamptz := skillancer.now() + skillancer.policy_interval('refreshTokenLifetime');
BEGIN
	SELECT * INTO v_token FROM skillancer.token_make();
	INSERT INTO skillancer.refresh_token (id, session_id, parent_id, hash, expires_at)
	VALUES (v_token.id, p_session, p_parent, v_token.hash, v_expires);
	UPDATE skillancer.session SET last_used_at = skillancer.now(), expires_at = v_expires WHERE id = p_session;
	RETURN v_token.token;
END
$$;
COMMENT ON FUNCTION skillancer.issue_refresh_token(skillancer.session_id, uuid) IS
	'Text of a new refresh token; the session lives as long as its newest token.';
ALTER FUNCTION skillancer.issue_refresh_token(skillancer.session_id, uuid) OWNER TO skillancer_engine;

-- A new session with its first refresh token.
CREATE OR REPLACE FUNCTION skillancer.start_session(
	p_user skillancer.user_id, p_user_agent text, OUT session_id skillancer.session_id, OUT refresh_token text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.session (user_id, user_agent, address, network, expires_at)
	VALUES (p_user, left(p_user_agent, 400), skillancer.request_address(), skillancer.request_network(),
		skillancer.now())
	RETURNING id INTO session_id;
	refresh_token := skillancer.issue_refresh_token(session_id, NULL);
END
$$;
COMMENT ON FUNCTION skillancer.start_session(skillancer.user_id, text) IS
	'Starts a session of a user who has just proved to be that user.';
ALTER FUNCTION skillancer.start_session(skillancer.user_id, text) OWNER TO skillancer_engine;

-- Ends the sessions of a user.
CREATE OR REPLACE FUNCTION skillancer.end_sessions(
	p_user skillancer.user_id, p_reason text, p_except skillancer.session_id DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ended integer;
BEGIN
	UPDATE skillancer.session
	SET revoked_at = skillancer.now(), revoked_reason = p_reason
	WHERE user_id = p_user AND revoked_at IS NULL AND id IS DISTINCT FROM p_except;
	GET DIAGNOSTICS v_ended = ROW_COUNT;
	RETURN v_ended;
END
$$;
COMMENT ON FUNCTION skillancer.end_sessions(skillancer.user_id, text, skillancer.session_id) IS
	'Revokes all sessions of a user, but for one; returns how many.';
ALTER FUNCTION skillancer.end_sessions(skillancer.user_id, text, skillancer.session_id) OWNER TO skillancer_engine;

-- Verifies the password of an address; the same work for an unknown one.
CREATE OR REPLACE FUNCTION skillancer.sign_in(
	p_email text, p_password text, p_user_agent text,
	OUT outcome text, OUT user_id skillancer.user_id, OUT session_id skillancer.session_id,
	OUT refresh_token text, OUT locked_until timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user record;
BEGIN
	SELECT a.id, a.state, c.password_hash INTO v_user
	FROM skillancer.user_account a
	JOIN skillancer.user_credential c ON c.user_id = a.id
	WHERE a.email_key = lower(p_email);
	locked_until := skillancer.sign_in_locked_until(p_email, v_user.id);
	IF locked_until IS NOT NULL THEN
		outcome := 'LOCKED';
		RETURN;
	END IF;
	IF NOT skillancer.password_verify(p_password, v_user.password_hash) THEN
		PERFORM skillancer.sign_in_failed(p_email);
		outcome := 'WRONG';
		RETURN;
	END IF;
	DELETE FROM skillancer.sign_in_failure f
	WHERE f.account = skillancer.sign_in_account(p_email) AND f.network = skillancer.request_network();
	IF v_user.state IN ('SUSPENDED', 'CLOSED') THEN
		outcome := v_user.state;
		RETURN;
	END IF;
	IF skillancer.password_is_outdated(v_user.password_hash) THEN
		UPDATE skillancer.user_credential c
		SET password_hash = skillancer.password_hash(p_password)
		WHERE c.user_id = v_user.id;
	END IF;
	outcome := 'OK';
	user_id := v_user.id;
	SELECT s.session_id, s.refresh_token INTO sign_in.session_id, sign_in.refresh_token
	FROM skillancer.start_session(v_user.id, p_user_agent) s;
END
$$;
COMMENT ON FUNCTION skillancer.sign_in(text, text, text) IS
	'Outcome OK, WRONG, LOCKED, SUSPENDED or CLOSED; on OK a session was started.';
ALTER FUNCTION skillancer.sign_in(text, text, text) OWNER TO skillancer_engine;

-- Ends the family of a token that was used twice, and says so to its owner.
CREATE OR REPLACE FUNCTION skillancer.refresh_token_reused(p_session skillancer.session_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user uuid;
	v_user_agent text;
BEGIN
	UPDATE skillancer.session s
	SET revoked_at = skillancer.now(), revoked_reason = 'TOKEN_REUSE'
	WHERE s.id = p_session
	RETURNING s.user_id::uuid, s.user_agent INTO v_user, v_user_agent;
	PERFORM skillancer.emit('user.security_alert', 'user', v_user,
		jsonb_build_object('userId', v_user::skillancer.user_id::text, 'kind', 'TOKEN_REUSE',
			'sessionId', p_session::text),
		ARRAY[v_user]);
	PERFORM skillancer.send_mail(v_user, 'security_alert',
		jsonb_build_object('kind', 'TOKEN_REUSE', 'address', skillancer.request_address(), 'userAgent', v_user_agent));
END
$$;
COMMENT ON FUNCTION skillancer.refresh_token_reused(skillancer.session_id) IS
	'Revokes the session: one of two holders of its token is a thief, and nobody knows which.';
ALTER FUNCTION skillancer.refresh_token_reused(skillancer.session_id) OWNER TO skillancer_engine;

-- Whether a used token may be exchanged once more: two tabs at once, or an answer that was lost.
CREATE OR REPLACE FUNCTION skillancer.refresh_grace(p_token uuid)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN EXISTS (
		SELECT FROM skillancer.refresh_token t
		WHERE t.id = p_token AND t.sibling_at IS NULL
			AND t.used_at > skillancer.now() - skillancer.policy_interval('refreshTokenGrace')
			AND NOT EXISTS (SELECT FROM skillancer.refresh_token c WHERE c.parent_id = t.id AND c.used_at IS NOT NULL));
END
$$;
COMMENT ON FUNCTION skillancer.refresh_grace(uuid) IS
	'True within ten seconds of its use, once, and only while its successor is unused.';
ALTER FUNCTION skillancer.refresh_grace(uuid) OWNER TO skillancer_engine;

-- Exchanges a refresh token.
CREATE OR REPLACE FUNCTION skillancer.refresh_session(
	p_token text,
	OUT outcome text, OUT user_id skillancer.user_id, OUT session_id skillancer.session_id, OUT refresh_token text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_token skillancer.refresh_token%ROWTYPE;
	v_session skillancer.session%ROWTYPE;
BEGIN
	outcome := 'INVALID';
	SELECT * INTO v_token FROM skillancer.refresh_token t WHERE t.id = skillancer.token_id(p_token) FOR UPDATE;
	IF NOT FOUND OR NOT skillancer.token_matches(p_token, v_token.hash) THEN
		RETURN;
	END IF;
	SELECT * INTO v_session FROM skillancer.session s WHERE s.id = v_token.session_id FOR UPDATE;
	IF v_session.revoked_at IS NOT NULL OR v_token.expires_at <= skillancer.now() OR EXISTS (
		SELECT FROM skillancer.user_account a
		WHERE a.id = v_session.user_id AND a.state IN ('SUSPENDED', 'CLOSED')) THEN
		RETURN;
	END IF;
	IF v_token.used_at IS NULL THEN
		UPDATE skillancer.refresh_token t SET used_at = skillancer.now() WHERE t.id = v_token.id;
	ELSIF skillancer.refresh_grace(v_token.id) THEN
		UPDATE skillancer.refresh_token t SET sibling_at = skillancer.now() WHERE t.id = v_token.id;
	ELSE
		PERFORM skillancer.refresh_token_reused(v_session.id);
		outcome := 'REUSED';
		RETURN;
	END IF;
	outcome := 'OK';
	user_id := v_session.user_id;
	session_id := v_session.id;
	refresh_token := skillancer.issue_refresh_token(v_session.id, v_token.id);
END
$$;
COMMENT ON FUNCTION skillancer.refresh_session(text) IS
	'Outcome OK, INVALID or REUSED. Every use rotates the token; a second use ends the session, but for the grace of refresh_grace().';
ALTER FUNCTION skillancer.refresh_session(text) OWNER TO skillancer_engine;

-- Ends the session that a refresh token belongs to.
CREATE OR REPLACE FUNCTION skillancer.end_session_of_token(p_token text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_session skillancer.session_id;
BEGIN
	SELECT t.session_id INTO v_session FROM skillancer.refresh_token t
	WHERE t.id = skillancer.token_id(p_token) AND skillancer.token_matches(p_token, t.hash);
	UPDATE skillancer.session s
	SET revoked_at = skillancer.now(), revoked_reason = 'LOGOUT'
	WHERE s.id = v_session AND s.revoked_at IS NULL;
	RETURN v_session IS NOT NULL;
END
$$;
COMMENT ON FUNCTION skillancer.end_session_of_token(text) IS
	'Signs out with the refresh token alone, when the access token has expired; false for an unknown token.';
ALTER FUNCTION skillancer.end_session_of_token(text) OWNER TO skillancer_engine;

-- What expired rows of sign-in are good for: nothing.
CREATE OR REPLACE FUNCTION skillancer.purge_sign_in()
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_rows bigint;
	v_total bigint;
BEGIN
	DELETE FROM skillancer.sign_in_failure f
	WHERE f.window_start < skillancer.now() - interval '1 day'
		AND coalesce(f.locked_until < skillancer.now(), true);
	GET DIAGNOSTICS v_total = ROW_COUNT;
	DELETE FROM skillancer.email_token t WHERE t.expires_at < skillancer.now() - interval '1 day';
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	v_total := v_total + v_rows;
	DELETE FROM skillancer.session s WHERE s.expires_at < skillancer.now() - interval '90 days';
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_total + v_rows;
END
$$;
COMMENT ON FUNCTION skillancer.purge_sign_in() IS
	'Deletes counters and mailed tokens a day after their end, sessions 90 days after theirs; returns how many rows.';
ALTER FUNCTION skillancer.purge_sign_in() OWNER TO skillancer_engine;

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('purge_sign_in', '10 minutes');


-- ======== sql/project/api_catalogue.sql
/*
 * api_catalogue.sql
 *		Reading categories and skills: public, small, cached by the bridge.
 */

-- GET /v1/categories
CREATE OR REPLACE FUNCTION skillancer_api.categories()
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (SELECT coalesce(json_agg(d.doc ORDER BY d.depth, d.position, d.slug), '[]') FROM skillancer.category_doc d);
END
$$;
COMMENT ON FUNCTION skillancer_api.categories() IS
	'All categories: a flat list with parents before children, each with its parentId.';
SELECT skillancer.add_route('GET', '/v1/categories', 'categories', who => 'anyone',
	summary => 'List the categories', cache_ttl => 60);

-- GET /v1/skills
CREATE OR REPLACE FUNCTION skillancer_api.skill_list(
	p_q text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_key   text COLLATE "C" := coalesce(skillancer.slugify(p_q), '');
	v_scope text := 'skills|' || coalesce(p_q, '');
	v_after text COLLATE "C";
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.check_text('q', p_q, 1, 100, required => false);
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor), '');
	SELECT array_agg(l.doc ORDER BY l.slug), array_agg(l.slug ORDER BY l.slug) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.slug
		FROM skillancer.skill_doc d
		WHERE d.slug > v_after AND d.id IN (
			SELECT k.skill_id FROM skillancer.skill_key k
			WHERE k.key >= v_key AND k.key < v_key || '~')
		ORDER BY d.slug
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.skill_list(text, integer, text) IS
	'Skills of which a name or alias starts with q, by slug; all skills without q.';
SELECT skillancer.add_route('GET', '/v1/skills', 'skill_list', who => 'anyone',
	summary => 'List skills by the beginning of a name or alias', cache_ttl => 30);

-- GET /v1/skills/popular
CREATE OR REPLACE FUNCTION skillancer_api.skills_popular(p_limit integer DEFAULT NULL)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
BEGIN
	PERFORM skillancer.check_done();
	RETURN (
		SELECT coalesce(json_agg(json_build_object('id', s.id, 'slug', s.slug, 'name', s.name, 'projects', t.n)
			ORDER BY t.n DESC, s.slug), '[]')
		FROM (
			SELECT u.id, count(*) AS n
			FROM (
				SELECT p.skills
				FROM skillancer.project p
				WHERE p.state = 'OPEN' AND p.visibility = 'PUBLIC'
				ORDER BY p.published_at DESC, p.id DESC
				LIMIT 1000) r, unnest(r.skills) AS u(id)
			GROUP BY u.id
			ORDER BY n DESC, u.id
			LIMIT v_limit) t
		JOIN skillancer.skill s ON s.id = t.id);
END
$$;
COMMENT ON FUNCTION skillancer_api.skills_popular(integer) IS
	'The skills that the newest 1000 open public projects ask for most, with how many of these do.';
SELECT skillancer.add_route('GET', '/v1/skills/popular', 'skills_popular', who => 'anyone',
	summary => 'List the skills that open projects ask for most', cache_ttl => 300);


-- ======== sql/project/api_gig.sql
/*
 * api_gig.sql
 *		Gigs: create, read, list, edit, and their life.
 */

-- Checks the fields of a gig.
CREATE OR REPLACE FUNCTION skillancer.check_gig(
	p_title text, p_description text, p_packages jsonb, p_tags text[], p_extras jsonb, p_faq jsonb,
	p_requirements text[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_text('title', p_title, 10, 100);
	PERFORM skillancer.check_text('description', p_description, 10, 10000);
	PERFORM skillancer.check_packages('packages', p_packages);
	PERFORM skillancer.check_gig_lists(p_extras, p_faq, skillancer.monetary_currency(skillancer.lowest_price(p_packages)));
	PERFORM skillancer.check_items('tags', p_tags, 10, 40);
	PERFORM skillancer.check_items('requirements', p_requirements, 10, 500);
END
$$;
COMMENT ON FUNCTION skillancer.check_gig(text, text, jsonb, text[], jsonb, jsonb, text[]) IS
	'Notes every problem in the fields of a gig; check_done() raises them.';

-- Keeps what a gig says now and tells of it.
CREATE OR REPLACE FUNCTION skillancer.keep_gig_revision(p_id skillancer.gig_id, p_event text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.gig_revision (gig_id, revision, freelancer_id, title, description, packages, extras, faq,
		requirements)
	SELECT g.id, g.revision, g.freelancer_id, g.title, g.description, g.packages, g.extras, g.faq, g.requirements
	FROM skillancer.gig g
	WHERE g.id = p_id;
	PERFORM skillancer.emit(p_event, 'gig', g.id::uuid, jsonb_build_object('gigId', g.id,
		'freelancerId', g.freelancer_id, 'state', g.state, 'revision', g.revision), ARRAY[g.freelancer_id::uuid]),
		skillancer.note_risk('gig', g.id::uuid, g.title || E'\n' || g.description)
	FROM skillancer.gig g
	WHERE g.id = p_id;
END
$$;
COMMENT ON FUNCTION skillancer.keep_gig_revision(skillancer.gig_id, text) IS
	'Copies the wording of a gig into gig_revision, appends the event and notes risk signals.';

-- The answer of a command: the gig as it is now.
CREATE OR REPLACE FUNCTION skillancer.gig_reply(p_id skillancer.gig_id, p_status integer DEFAULT 200)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.gig_doc d WHERE d.id = p_id;
	RETURN ROW(p_status, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.gig_reply(skillancer.gig_id, integer) IS 'Reply with the JSON of a gig.';

-- The caller's own gig, locked.
CREATE OR REPLACE FUNCTION skillancer.own_gig(p_id skillancer.gig_id)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_freelancer skillancer.user_id;
	v_state      text;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT g.freelancer_id INTO v_freelancer FROM skillancer.gig g WHERE g.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_freelancer <> skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	SELECT g.state INTO v_state FROM skillancer.gig g WHERE g.id = p_id FOR UPDATE;
	RETURN v_state;
END
$$;
COMMENT ON FUNCTION skillancer.own_gig(skillancer.gig_id) IS
	'Locks a gig of the caller and returns its state; RESOURCE_NOT_FOUND or PERMISSION_DENIED for others.';

-- POST /v1/gigs
CREATE OR REPLACE FUNCTION skillancer_api.gig_create(
	p_title text, p_description text, p_packages jsonb, p_category text DEFAULT NULL, p_tags text[] DEFAULT NULL,
	p_extras jsonb DEFAULT NULL, p_faq jsonb DEFAULT NULL, p_requirements text[] DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id       skillancer.gig_id := skillancer.new_id()::skillancer.gig_id;
	v_category skillancer.category_id;
BEGIN
	PERFORM skillancer.require_role('FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	p_title := skillancer.trimmed(p_title);
	p_description := skillancer.trimmed(p_description);
	PERFORM skillancer.check_gig(p_title, p_description, p_packages, p_tags, p_extras, p_faq, p_requirements);
	v_category := skillancer.resolve_category('category', p_category);
	PERFORM skillancer.check_done();
	INSERT INTO skillancer.gig (id, freelancer_id, title, description, category_id, tags, packages, extras, faq,
		requirements, price_from)
	VALUES (v_id, skillancer.current_user_id(), p_title, p_description, v_category, coalesce(p_tags, '{}'),
		skillancer.tidy_terms(p_packages, 'price'), skillancer.tidy_terms(p_extras, 'price'), coalesce(p_faq, '[]'), coalesce(p_requirements, '{}'),
		skillancer.lowest_price(p_packages));
	PERFORM skillancer.keep_gig_revision(v_id, 'gig.created');
	RETURN skillancer.gig_reply(v_id, 201);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_create(text, text, jsonb, text, text[], jsonb, jsonb, text[]) IS
	'Creates a draft with one to three packages [{"tier","title","description","price","deliveryDays","revisions","features"}] in one currency, extras [{"title","price","extraDays"}] and faq [{"question","answer"}].';
SELECT skillancer.add_route('POST', '/v1/gigs', 'gig_create', who => 'FREELANCER',
	summary => 'Create a draft gig');

-- GET /v1/gigs/{id}
CREATE OR REPLACE FUNCTION skillancer_api.gig_get(
	p_id skillancer.gig_id, p_header_if_none_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.gig_doc d WHERE d.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF skillancer.etag_matches(p_header_if_none_match, v_etag) THEN
		RETURN ROW(304, v_etag, NULL, NULL, NULL)::skillancer.reply;
	END IF;
	RETURN ROW(200, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_get(skillancer.gig_id, text) IS
	'One gig: active ones for everybody, others for their freelancer and staff.';
SELECT skillancer.add_route('GET', '/v1/gigs/{id}', 'gig_get', who => 'anyone', summary => 'Get a gig');

-- The caller's gigs, newest first.
CREATE OR REPLACE FUNCTION skillancer.gig_list_mine(p_limit integer, p_cursor text)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_scope text := concat_ws('|', 'gigs-mine', skillancer.current_user_id());
	v_after skillancer.gig_id := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.gig_id;
	v_items json[];
	v_keys  text[];
BEGIN
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.gig_doc d
		WHERE d.freelancer_id = (SELECT skillancer.current_user_id()) AND d.id < v_after
		ORDER BY d.id DESC
		LIMIT p_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, p_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer.gig_list_mine(integer, text) IS 'A page of the gigs of the caller, in every state.';
GRANT EXECUTE ON FUNCTION skillancer.gig_list_mine(integer, text) TO skillancer_bridge;

-- Active gigs that match filters.
CREATE OR REPLACE FUNCTION skillancer.gig_list_found(
	p_q text, p_category text, p_min numeric, p_max numeric, p_currency text, p_limit integer, p_cursor text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_scope    text := jsonb_build_array('gigs', p_q, p_category, p_min, p_max, p_currency)::text;
	v_after    text;
	v_category skillancer.category_id;
	v_ids      skillancer.gig_id[];
	v_items    json[];
	v_keys     text[];
BEGIN
	PERFORM skillancer.check_text('q', p_q, 1, 200, required => false);
	PERFORM skillancer.check_number('priceMin', p_min, 0, 1000000, required => false);
	PERFORM skillancer.check_number('priceMax', p_max, 0, 1000000, required => false);
	PERFORM skillancer.check_that('currency', coalesce(p_currency, 'USD') ~ '^[A-Z]{3}$', 'must be a currency code such as USD');
	v_category := skillancer.resolve_category('category', p_category);
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor), 'infinity|ffffffff-ffff-ffff-ffff-ffffffffffff');
	v_ids := skillancer.find_gigs(skillancer.search_query(p_q),
		CASE WHEN v_category IS NOT NULL THEN skillancer.category_subtree(v_category) END,
		p_min, p_max, p_currency, split_part(v_after, '|', 1)::timestamptz,
		split_part(v_after, '|', 2)::skillancer.gig_id, p_limit + 1);
	SELECT array_agg(d.doc ORDER BY f.n), array_agg(d.activated_at || '|' || d.id ORDER BY f.n) INTO v_items, v_keys
	FROM unnest(v_ids) WITH ORDINALITY AS f(id, n)
	JOIN skillancer.gig_doc d ON d.id = f.id;
	RETURN skillancer.list_reply(v_items, v_keys, p_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer.gig_list_found(text, text, numeric, numeric, text, integer, text) IS
	'A page of the active gigs that match, newest first.';
GRANT EXECUTE ON FUNCTION skillancer.gig_list_found(text, text, numeric, numeric, text, integer, text)
	TO skillancer_bridge;

-- GET /v1/gigs
CREATE OR REPLACE FUNCTION skillancer_api.gig_list(
	p_q text DEFAULT NULL, p_category text DEFAULT NULL, p_price_min numeric DEFAULT NULL,
	p_price_max numeric DEFAULT NULL, p_currency text DEFAULT NULL, p_mine boolean DEFAULT false,
	p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after text;
	v_items json[];
	v_keys  text[];
BEGIN
	IF p_mine THEN
		PERFORM skillancer.require_role('USER');
		PERFORM skillancer.check_done();
		RETURN skillancer.gig_list_mine(v_limit, p_cursor);
	ELSIF coalesce(p_q, p_category, p_currency, p_price_min::text, p_price_max::text) IS NOT NULL THEN
		RETURN skillancer.gig_list_found(p_q, p_category, p_price_min, p_price_max, p_currency, v_limit, p_cursor);
	END IF;
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode('gigs', p_cursor), 'infinity|ffffffff-ffff-ffff-ffff-ffffffffffff');
	SELECT array_agg(l.doc), array_agg(l.activated_at || '|' || l.id) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.activated_at, d.id
		FROM skillancer.gig_doc d
		WHERE d.state = 'ACTIVE' AND (d.activated_at, d.id) <
			(split_part(v_after, '|', 1)::timestamptz, split_part(v_after, '|', 2)::skillancer.gig_id)
		ORDER BY d.activated_at DESC, d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'gigs');
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_list(text, text, numeric, numeric, text, boolean, integer, text) IS
	'Active gigs, newest first, filtered by words (q), category with what lies below it, and the lowest price. mine=true lists your own in every state.';
SELECT skillancer.add_route('GET', '/v1/gigs', 'gig_list', who => 'anyone',
	summary => 'List active gigs, or your own');

-- PATCH /v1/gigs/{id}
CREATE OR REPLACE FUNCTION skillancer_api.gig_update(
	p_id skillancer.gig_id, p_present text[], p_title text DEFAULT NULL, p_description text DEFAULT NULL,
	p_packages jsonb DEFAULT NULL, p_category text DEFAULT NULL, p_tags text[] DEFAULT NULL,
	p_extras jsonb DEFAULT NULL, p_faq jsonb DEFAULT NULL, p_requirements text[] DEFAULT NULL,
	p_header_if_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text := skillancer.own_gig(p_id);
	v_row   skillancer.gig%ROWTYPE;
BEGIN
	SELECT * INTO v_row FROM skillancer.gig g WHERE g.id = p_id;
	PERFORM skillancer.check_if_match(p_header_if_match, 'v' || v_row.version);
	IF v_state NOT IN ('DRAFT', 'ACTIVE', 'PAUSED') THEN
		PERFORM skillancer.fail('INVALID_STATE', 'a gig cannot be edited while it is ' || v_state,
			jsonb_build_object('state', v_state, 'allowed', '[]'::jsonb));
	END IF;
	v_row.title := CASE WHEN 'title' = ANY (p_present) THEN skillancer.trimmed(p_title) ELSE v_row.title END;
	v_row.description := CASE WHEN 'description' = ANY (p_present) THEN skillancer.trimmed(p_description)
		ELSE v_row.description END;
	v_row.packages := CASE WHEN 'packages' = ANY (p_present) THEN p_packages ELSE v_row.packages END;
	v_row.tags := CASE WHEN 'tags' = ANY (p_present) THEN coalesce(p_tags, '{}') ELSE v_row.tags END;
	v_row.extras := CASE WHEN 'extras' = ANY (p_present) THEN coalesce(p_extras, '[]') ELSE v_row.extras END;
	v_row.faq := CASE WHEN 'faq' = ANY (p_present) THEN coalesce(p_faq, '[]') ELSE v_row.faq END;
	v_row.requirements := CASE WHEN 'requirements' = ANY (p_present) THEN coalesce(p_requirements, '{}')
		ELSE v_row.requirements END;
	PERFORM skillancer.check_gig(v_row.title, v_row.description, v_row.packages, v_row.tags, v_row.extras, v_row.faq,
		v_row.requirements);
	IF 'category' = ANY (p_present) THEN
		v_row.category_id := skillancer.resolve_category('category', p_category);
	END IF;
	PERFORM skillancer.check_done();
	UPDATE skillancer.gig g
	SET title = v_row.title, description = v_row.description, packages = skillancer.tidy_terms(v_row.packages, 'price'),
		tags = v_row.tags, extras = skillancer.tidy_terms(v_row.extras, 'price'), faq = v_row.faq, requirements = v_row.requirements, category_id = v_row.category_id,
		price_from = skillancer.lowest_price(v_row.packages), revision = g.revision + 1, version = g.version + 1,
		updated_at = skillancer.now()
	WHERE g.id = p_id;
	PERFORM skillancer.keep_gig_revision(p_id, 'gig.updated');
	RETURN skillancer.gig_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_update(skillancer.gig_id, text[], text, text, jsonb, text, text[], jsonb, jsonb,
		text[], text) IS
	'Changes the fields that are sent and keeps the old wording under its revision: orders that were made on it stay as they are.';
SELECT skillancer.add_route('PATCH', '/v1/gigs/{id}', 'gig_update', who => 'FREELANCER',
	summary => 'Edit a gig of yours');

-- POST /v1/gigs/{id}/activate
CREATE OR REPLACE FUNCTION skillancer_api.gig_activate(p_id skillancer.gig_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.own_gig(p_id);
	PERFORM skillancer.require_role('FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	UPDATE skillancer.gig g SET activated_at = coalesce(g.activated_at, skillancer.now()) WHERE g.id = p_id;
	PERFORM skillancer.fire('gig', p_id::uuid, 'activate');
	RETURN skillancer.gig_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_activate(skillancer.gig_id) IS 'Offers a draft or paused gig to clients.';
SELECT skillancer.add_route('POST', '/v1/gigs/{id}/activate', 'gig_activate', who => 'FREELANCER',
	summary => 'Activate a gig of yours');

-- POST /v1/gigs/{id}/pause
CREATE OR REPLACE FUNCTION skillancer_api.gig_pause(p_id skillancer.gig_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.own_gig(p_id);
	PERFORM skillancer.fire('gig', p_id::uuid, 'pause');
	RETURN skillancer.gig_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_pause(skillancer.gig_id) IS 'Takes an active gig out of the lists for a while.';
SELECT skillancer.add_route('POST', '/v1/gigs/{id}/pause', 'gig_pause', who => 'FREELANCER',
	summary => 'Pause a gig of yours');

-- POST /v1/gigs/{id}/archive
CREATE OR REPLACE FUNCTION skillancer_api.gig_archive(p_id skillancer.gig_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.own_gig(p_id);
	PERFORM skillancer.fire('gig', p_id::uuid, 'archive');
	RETURN skillancer.gig_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_archive(skillancer.gig_id) IS 'Ends an active or paused gig for good.';
SELECT skillancer.add_route('POST', '/v1/gigs/{id}/archive', 'gig_archive', who => 'FREELANCER',
	summary => 'Archive a gig of yours');


-- ======== sql/project/api_invitation.sql
/*
 * api_invitation.sql
 *		Invitations to propose, and saved projects.
 */

-- The answer of a command: the invitation as it is now.
CREATE OR REPLACE FUNCTION skillancer.invitation_reply(p_id skillancer.invitation_id, p_status integer DEFAULT 200)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.invitation_doc d WHERE d.id = p_id;
	RETURN ROW(p_status, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.invitation_reply(skillancer.invitation_id, integer) IS
	'Reply with the JSON of an invitation.';

-- May this person be invited to propose?
CREATE OR REPLACE FUNCTION skillancer.is_open_freelancer(p_user skillancer.user_id)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN EXISTS (
		SELECT FROM skillancer.user_account a
		JOIN skillancer.user_role r ON r.user_id = a.id AND r.role = 'FREELANCER'
		JOIN skillancer.profile p ON p.user_id = a.id AND p.is_public AND p.is_listed
		WHERE a.id = p_user AND a.state = 'ACTIVE');
END
$$;
COMMENT ON FUNCTION skillancer.is_open_freelancer(skillancer.user_id) IS
	'True for an active freelancer with a public profile: what anybody may find out by looking at the profile.';
ALTER FUNCTION skillancer.is_open_freelancer(skillancer.user_id) OWNER TO skillancer_engine;

-- POST /v1/projects/{id}/invitations
CREATE OR REPLACE FUNCTION skillancer_api.invitation_create(
	p_id skillancer.project_id, p_freelancer_id skillancer.user_id, p_message text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me    skillancer.user_id := skillancer.current_user_id();
	v_id    skillancer.invitation_id := skillancer.new_id()::skillancer.invitation_id;
	v_state text;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	v_state := skillancer.own_project(p_id);
	PERFORM skillancer.check_text('message', p_message, 1, 2000, required => false);
	PERFORM skillancer.check_that('freelancerId', p_freelancer_id IS NOT NULL, 'is required');
	PERFORM skillancer.check_that('freelancerId', p_freelancer_id IS NULL
		OR p_freelancer_id <> v_me AND skillancer.is_open_freelancer(p_freelancer_id), 'is not a freelancer who can be invited');
	PERFORM skillancer.check_done();
	IF v_state <> 'OPEN' THEN
		PERFORM skillancer.fail('INVALID_STATE', 'nobody is invited while the project is ' || v_state,
			jsonb_build_object('state', v_state, 'allowed', '[]'::jsonb));
	ELSIF EXISTS (SELECT FROM skillancer.invitation i WHERE i.project_id = p_id AND i.freelancer_id = p_freelancer_id
			AND i.state IN ('SENT', 'ACCEPTED')) THEN
		PERFORM skillancer.fail('DUPLICATE_RESOURCE', 'this freelancer is invited already');
	ELSIF (SELECT count(*) FROM skillancer.invitation i WHERE i.project_id = p_id)
			>= skillancer.policy_int('invitationLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'the project has sent all its invitations');
	END IF;
	INSERT INTO skillancer.invitation (id, project_id, client_id, freelancer_id, message)
	VALUES (v_id, p_id, v_me, p_freelancer_id, p_message);
	PERFORM skillancer.note_risk('invitation', v_id::uuid, coalesce(p_message, ''));
	PERFORM skillancer.schedule('invitation', v_id::uuid, 'expire',
		skillancer.now() + skillancer.policy_interval('invitationExpiry'));
	PERFORM skillancer.emit('invitation.sent', 'invitation', v_id::uuid, jsonb_build_object('invitationId', v_id,
		'projectId', p_id, 'clientId', v_me, 'freelancerId', p_freelancer_id, 'state', 'SENT'),
		ARRAY[v_me::uuid, p_freelancer_id::uuid]);
	RETURN skillancer.invitation_reply(v_id, 201);
END
$$;
COMMENT ON FUNCTION skillancer_api.invitation_create(skillancer.project_id, skillancer.user_id, text) IS
	'Invites a freelancer with a public profile to propose on an open project of the caller, public or not.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/invitations', 'invitation_create', who => 'CLIENT',
	summary => 'Invite a freelancer');

-- GET /v1/projects/{id}/invitations
CREATE OR REPLACE FUNCTION skillancer_api.project_invitations(
	p_id skillancer.project_id, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit  integer := skillancer.check_limit(p_limit);
	v_scope  text := 'project-invitations|' || p_id;
	v_client skillancer.user_id;
	v_after  skillancer.invitation_id;
	v_items  json[];
	v_keys   text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	SELECT p.client_id INTO v_client FROM skillancer.project p WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_client <> skillancer.current_user_id() AND NOT skillancer.has_permission('jobs:view') THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.invitation_id;
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.invitation_doc d
		WHERE d.project_id = p_id AND d.id < v_after
		ORDER BY d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_invitations(skillancer.project_id, integer, text) IS
	'The invitations to a project of the caller, newest first.';
SELECT skillancer.add_route('GET', '/v1/projects/{id}/invitations', 'project_invitations', who => 'CLIENT',
	summary => 'List the invitations to a project of yours');

-- GET /v1/invitations
CREATE OR REPLACE FUNCTION skillancer_api.invitation_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'invitations', skillancer.current_user_id());
	v_after skillancer.invitation_id;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.invitation_id;
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.invitation_doc d
		WHERE d.freelancer_id = (SELECT skillancer.current_user_id()) AND d.id < v_after
		ORDER BY d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.invitation_list(integer, text) IS
	'The invitations that the caller received, newest first.';
SELECT skillancer.add_route('GET', '/v1/invitations', 'invitation_list', summary => 'List your invitations');

-- Fires an event at an invitation of which the caller is a party.
CREATE OR REPLACE FUNCTION skillancer.answer_invitation(p_id skillancer.invitation_id, p_event text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('invitation', p_id::uuid, p_event);
	RETURN skillancer.invitation_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer.answer_invitation(skillancer.invitation_id, text) IS
	'Declines or withdraws an invitation.';

-- POST /v1/invitations/{id}/decline
CREATE OR REPLACE FUNCTION skillancer_api.invitation_decline(p_id skillancer.invitation_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.answer_invitation(p_id, 'decline');
END
$$;
COMMENT ON FUNCTION skillancer_api.invitation_decline(skillancer.invitation_id) IS
	'Declines an invitation that the caller received. To accept one, propose.';
SELECT skillancer.add_route('POST', '/v1/invitations/{id}/decline', 'invitation_decline', who => 'FREELANCER',
	summary => 'Decline an invitation');

-- POST /v1/invitations/{id}/withdraw
CREATE OR REPLACE FUNCTION skillancer_api.invitation_withdraw(p_id skillancer.invitation_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.answer_invitation(p_id, 'withdraw');
END
$$;
COMMENT ON FUNCTION skillancer_api.invitation_withdraw(skillancer.invitation_id) IS
	'Takes back an invitation that the caller sent and nobody answered.';
SELECT skillancer.add_route('POST', '/v1/invitations/{id}/withdraw', 'invitation_withdraw', who => 'CLIENT',
	summary => 'Withdraw an invitation');

-- POST /v1/projects/{id}/save
CREATE OR REPLACE FUNCTION skillancer_api.project_save(p_id skillancer.project_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	IF NOT EXISTS (SELECT FROM skillancer.project p WHERE p.id = p_id) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	INSERT INTO skillancer.saved_project (user_id, project_id)
	VALUES (skillancer.current_user_id(), p_id)
	ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION skillancer_api.project_save(skillancer.project_id) IS
	'Keeps a project that the caller sees for later; once is enough.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/save', 'project_save', summary => 'Save a project');

-- DELETE /v1/projects/{id}/save
CREATE OR REPLACE FUNCTION skillancer_api.project_unsave(p_id skillancer.project_id)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('USER');
	DELETE FROM skillancer.saved_project s
	WHERE s.user_id = skillancer.current_user_id() AND s.project_id = p_id;
END
$$;
COMMENT ON FUNCTION skillancer_api.project_unsave(skillancer.project_id) IS
	'Forgets a saved project; nothing happens when it is not saved.';
SELECT skillancer.add_route('DELETE', '/v1/projects/{id}/save', 'project_unsave', summary => 'Forget a saved project');

-- GET /v1/users/me/saved-projects
CREATE OR REPLACE FUNCTION skillancer_api.saved_project_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'saved-projects', skillancer.current_user_id());
	v_after text;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor), 'infinity|ffffffff-ffff-ffff-ffff-ffffffffffff');
	SELECT array_agg(l.doc), array_agg(l.created_at || '|' || l.project_id) INTO v_items, v_keys
	FROM (
		SELECT d.doc, s.created_at, s.project_id
		FROM skillancer.saved_project s
		JOIN skillancer.project_doc d ON d.id = s.project_id
		WHERE s.user_id = (SELECT skillancer.current_user_id()) AND (s.created_at, s.project_id) <
			(split_part(v_after, '|', 1)::timestamptz, split_part(v_after, '|', 2)::skillancer.project_id)
		ORDER BY s.created_at DESC, s.project_id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.saved_project_list(integer, text) IS
	'The saved projects of the caller that are still visible, the last saved first.';
SELECT skillancer.add_route('GET', '/v1/users/me/saved-projects', 'saved_project_list',
	summary => 'List your saved projects');


-- ======== sql/project/api_project.sql
/*
 * api_project.sql
 *		Projects: create, read, list, edit.
 */

-- POST /v1/projects
CREATE OR REPLACE FUNCTION skillancer_api.project_create(
	p_title text, p_description text, p_budget_kind text, p_budget_min skillancer.monetary,
	p_budget_max skillancer.monetary DEFAULT NULL, p_category text DEFAULT NULL, p_skills text[] DEFAULT NULL,
	p_experience text DEFAULT NULL, p_duration text DEFAULT NULL, p_visibility text DEFAULT NULL,
	p_openings integer DEFAULT NULL, p_questions text[] DEFAULT NULL, p_deadline date DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id       skillancer.project_id := skillancer.new_id()::skillancer.project_id;
	v_category skillancer.category_id;
	v_skills   skillancer.skill_id[];
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	p_title := skillancer.trimmed(p_title);
	p_description := skillancer.trimmed(p_description);
	p_visibility := coalesce(p_visibility, 'PUBLIC');
	p_openings := coalesce(p_openings, 1);
	PERFORM skillancer.check_project(p_title, p_description, p_budget_kind, p_budget_min, p_budget_max, p_experience,
		p_duration, p_visibility, p_openings, p_questions, p_deadline);
	v_category := skillancer.resolve_category('category', p_category);
	v_skills := skillancer.resolve_skills('skills', p_skills);
	PERFORM skillancer.check_done();

	INSERT INTO skillancer.project (id, client_id, title, description, category_id, skills, budget_kind, budget_min,
		budget_max, experience, duration, visibility, openings, questions, deadline)
	VALUES (v_id, skillancer.current_user_id(), p_title, p_description, v_category, v_skills, p_budget_kind,
		p_budget_min, coalesce(p_budget_max, p_budget_min), p_experience, p_duration, p_visibility, p_openings,
		coalesce(p_questions, '{}'), p_deadline);
	PERFORM skillancer.emit_project('project.created', v_id);
	RETURN skillancer.project_reply(v_id, 201);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_create(text, text, text, skillancer.monetary, skillancer.monetary, text,
		text[], text, text, text, integer, text[], date) IS
	'Creates a draft. category is an id or slug, skills are ids, slugs or aliases; budgetMax defaults to budgetMin.';
SELECT skillancer.add_route('POST', '/v1/projects', 'project_create', who => 'CLIENT',
	summary => 'Create a draft project');

-- GET /v1/projects/{id}
CREATE OR REPLACE FUNCTION skillancer_api.project_get(
	p_id skillancer.project_id, p_header_if_none_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	IF p_header_if_none_match IS NOT NULL THEN
		SELECT d.etag INTO v_etag FROM skillancer.project_doc d WHERE d.id = p_id;
		IF skillancer.etag_matches(p_header_if_none_match, v_etag) THEN
			RETURN ROW(304, v_etag, NULL, NULL, NULL)::skillancer.reply;
		END IF;
	END IF;
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.project_doc d WHERE d.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN ROW(200, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.project_get(skillancer.project_id, text) IS
	'One project: public ones for everybody, others for their client, who proposed, who is invited, and staff.';
SELECT skillancer.add_route('GET', '/v1/projects/{id}', 'project_get', who => 'anyone',
	summary => 'Get a project');

-- The caller's projects, newest first.
CREATE OR REPLACE FUNCTION skillancer.project_list_mine(p_state text, p_limit integer, p_cursor text)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_scope text := concat_ws('|', 'projects-mine', skillancer.current_user_id(), p_state);
	v_after skillancer.project_id := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.project_id;
	v_items json[];
	v_keys  text[];
BEGIN
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.project_doc d
		WHERE d.client_id = (SELECT skillancer.current_user_id()) AND d.id < v_after
			AND (p_state IS NULL OR d.state = p_state)
		ORDER BY d.id DESC
		LIMIT p_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, p_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer.project_list_mine(text, integer, text) IS
	'A page of the projects of the caller, in every state or in one.';
GRANT EXECUTE ON FUNCTION skillancer.project_list_mine(text, integer, text) TO skillancer_bridge;

-- Open projects that match filters.
CREATE OR REPLACE FUNCTION skillancer.project_list_found(
	p_q text, p_skill text, p_category text, p_kind text, p_min numeric, p_max numeric, p_currency text,
	p_limit integer, p_cursor text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_scope    text := jsonb_build_array('projects', p_q, p_skill, p_category, p_kind, p_min, p_max, p_currency)::text;
	v_after    text;
	v_skills   skillancer.skill_id[];
	v_category skillancer.category_id;
	v_ids      skillancer.project_id[];
	v_items    json[];
	v_keys     text[];
BEGIN
	PERFORM skillancer.check_text('q', p_q, 1, 200, required => false);
	PERFORM skillancer.check_one_of('kind', p_kind, '{FIXED,HOURLY}', required => false);
	PERFORM skillancer.check_number('budgetMin', p_min, 0, 1000000, required => false);
	PERFORM skillancer.check_number('budgetMax', p_max, 0, 1000000, required => false);
	PERFORM skillancer.check_that('currency', coalesce(p_currency, 'USD') ~ '^[A-Z]{3}$', 'must be a currency code such as USD');
	v_skills := nullif(skillancer.resolve_skills('skill', string_to_array(p_skill, ',')), '{}');
	v_category := skillancer.resolve_category('category', p_category);
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'infinity|ffffffff-ffff-ffff-ffff-ffffffffffff');
	v_ids := skillancer.find_projects(skillancer.search_query(p_q), v_skills,
		CASE WHEN v_category IS NOT NULL THEN skillancer.category_subtree(v_category) END,
		p_kind, p_min, p_max, p_currency, split_part(v_after, '|', 1)::timestamptz,
		split_part(v_after, '|', 2)::skillancer.project_id, p_limit + 1);
	SELECT array_agg(d.doc ORDER BY f.n), array_agg(d.published_at || '|' || d.id ORDER BY f.n) INTO v_items, v_keys
	FROM unnest(v_ids) WITH ORDINALITY AS f(id, n)
	JOIN skillancer.project_doc d ON d.id = f.id;
	RETURN skillancer.list_reply(v_items, v_keys, p_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer.project_list_found(text, text, text, text, numeric, numeric, text, integer, text) IS
	'A page of the open public projects that match, newest first.';
GRANT EXECUTE ON FUNCTION skillancer.project_list_found(text, text, text, text, numeric, numeric, text, integer, text)
	TO skillancer_bridge;

-- GET /v1/projects
CREATE OR REPLACE FUNCTION skillancer_api.project_list(
	p_q text DEFAULT NULL, p_skill text DEFAULT NULL, p_category text DEFAULT NULL, p_kind text DEFAULT NULL,
	p_budget_min numeric DEFAULT NULL, p_budget_max numeric DEFAULT NULL, p_currency text DEFAULT NULL,
	p_mine boolean DEFAULT false, p_state text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after text;
	v_at    timestamptz := timestamptz 'infinity';
	v_id    skillancer.project_id := 'ffffffff-ffff-ffff-ffff-ffffffffffff'::skillancer.project_id;
	v_items json[];
	v_keys  text[];
BEGIN
	IF p_mine THEN
		PERFORM skillancer.require_role('USER');
		PERFORM skillancer.check_one_of('state', p_state,
			'{DRAFT,IN_REVIEW,OPEN,PAUSED,FILLED,CLOSED,CANCELLED,EXPIRED}', required => false);
		PERFORM skillancer.check_done();
		RETURN skillancer.project_list_mine(p_state, v_limit, p_cursor);
	END IF;
	PERFORM skillancer.check_that('state', p_state IS NULL, 'is for lists of your own projects: add mine=true');
	IF coalesce(p_q, p_skill, p_category, p_kind, p_currency, p_budget_min::text, p_budget_max::text) IS NOT NULL THEN
		RETURN skillancer.project_list_found(p_q, p_skill, p_category, p_kind, p_budget_min, p_budget_max,
			p_currency, v_limit, p_cursor);
	END IF;
	PERFORM skillancer.check_done();
	v_after := skillancer.cursor_decode('projects', p_cursor);
	IF v_after IS NOT NULL THEN
		v_at := split_part(v_after, '|', 1)::timestamptz;
		v_id := split_part(v_after, '|', 2)::skillancer.project_id;
	END IF;
	SELECT array_agg(l.doc), array_agg(l.published_at || '|' || l.id) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.published_at, d.id
		FROM skillancer.project_doc d
		WHERE d.state = 'OPEN' AND d.visibility = 'PUBLIC' AND (d.published_at, d.id) < (v_at, v_id)
		ORDER BY d.published_at DESC, d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'projects');
END
$$;
COMMENT ON FUNCTION skillancer_api.project_list(text, text, text, text, numeric, numeric, text, boolean, text, integer, text) IS
	'Open public projects, newest first, filtered by words (q), skill (ids, slugs or aliases, comma between: all of them), category with what lies below it, kind, and a budget that meets budgetMin..budgetMax. mine=true lists your own in every state.';
SELECT skillancer.add_route('GET', '/v1/projects', 'project_list', who => 'anyone',
	summary => 'List open projects, or your own');

-- PATCH /v1/projects/{id}
CREATE OR REPLACE FUNCTION skillancer_api.project_update(
	p_id skillancer.project_id, p_present text[], p_title text DEFAULT NULL, p_description text DEFAULT NULL,
	p_budget_kind text DEFAULT NULL, p_budget_min skillancer.monetary DEFAULT NULL,
	p_budget_max skillancer.monetary DEFAULT NULL, p_category text DEFAULT NULL, p_skills text[] DEFAULT NULL,
	p_experience text DEFAULT NULL, p_duration text DEFAULT NULL, p_visibility text DEFAULT NULL,
	p_openings integer DEFAULT NULL, p_questions text[] DEFAULT NULL, p_deadline date DEFAULT NULL,
	p_header_if_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text := skillancer.own_project(p_id);
	v_row   skillancer.project%ROWTYPE;
BEGIN
	SELECT * INTO v_row FROM skillancer.project p WHERE p.id = p_id;
	PERFORM skillancer.check_if_match(p_header_if_match, 'v' || v_row.version);
	IF v_state NOT IN ('DRAFT', 'IN_REVIEW', 'OPEN', 'PAUSED') THEN
		PERFORM skillancer.fail('INVALID_STATE', 'a project cannot be edited any more once it is ' || v_state,
			jsonb_build_object('state', v_state, 'allowed', '[]'::jsonb));
	END IF;
	v_row.title := CASE WHEN 'title' = ANY (p_present) THEN skillancer.trimmed(p_title) ELSE v_row.title END;
	v_row.description := CASE WHEN 'description' = ANY (p_present) THEN skillancer.trimmed(p_description)
		ELSE v_row.description END;
	v_row.budget_kind := CASE WHEN 'budgetKind' = ANY (p_present) THEN p_budget_kind ELSE v_row.budget_kind END;
	v_row.budget_min := CASE WHEN 'budgetMin' = ANY (p_present) THEN p_budget_min ELSE v_row.budget_min END;
	v_row.budget_max := CASE WHEN 'budgetMax' = ANY (p_present) THEN coalesce(p_budget_max, v_row.budget_min)
		ELSE v_row.budget_max END;
	v_row.experience := CASE WHEN 'experience' = ANY (p_present) THEN p_experience ELSE v_row.experience END;
	v_row.duration := CASE WHEN 'duration' = ANY (p_present) THEN p_duration ELSE v_row.duration END;
	v_row.visibility := CASE WHEN 'visibility' = ANY (p_present) THEN p_visibility ELSE v_row.visibility END;
	v_row.openings := CASE WHEN 'openings' = ANY (p_present) THEN p_openings ELSE v_row.openings END;
	v_row.questions := CASE WHEN 'questions' = ANY (p_present) THEN coalesce(p_questions, '{}') ELSE v_row.questions END;
	v_row.deadline := CASE WHEN 'deadline' = ANY (p_present) THEN p_deadline ELSE v_row.deadline END;
	PERFORM skillancer.check_project(v_row.title, v_row.description, v_row.budget_kind, v_row.budget_min,
		v_row.budget_max, v_row.experience, v_row.duration, v_row.visibility, v_row.openings, v_row.questions,
		CASE WHEN 'deadline' = ANY (p_present) THEN p_deadline END);
	IF 'category' = ANY (p_present) THEN
		v_row.category_id := skillancer.resolve_category('category', p_category);
	END IF;
	IF 'skills' = ANY (p_present) THEN
		v_row.skills := skillancer.resolve_skills('skills', p_skills);
	END IF;
	IF 'openings' = ANY (p_present) AND p_openings >= 1 THEN
		PERFORM skillancer.check_that('openings', p_openings > (SELECT count(*) FROM skillancer.proposal b
			WHERE b.project_id = p_id AND b.state = 'ACCEPTED'), 'must be more than have been hired already');
	END IF;
	PERFORM skillancer.check_done();

	UPDATE skillancer.project p
	SET title = v_row.title, description = v_row.description, budget_kind = v_row.budget_kind,
		budget_min = v_row.budget_min, budget_max = v_row.budget_max, category_id = v_row.category_id,
		skills = v_row.skills, experience = v_row.experience, duration = v_row.duration,
		visibility = v_row.visibility, openings = v_row.openings, questions = v_row.questions,
		deadline = v_row.deadline, version = p.version + 1, updated_at = skillancer.now()
	WHERE p.id = p_id;
	PERFORM skillancer.emit_project('project.updated', p_id);
	IF v_state IN ('OPEN', 'PAUSED')
		AND skillancer.note_risk('project', p_id::uuid, v_row.title || E'\n' || v_row.description)
			>= skillancer.policy_int('riskReviewScore') THEN
		PERFORM skillancer.fire_system('project', p_id::uuid, 'hold');
	END IF;
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_update(skillancer.project_id, text[], text, text, text, skillancer.monetary,
		skillancer.monetary, text, text[], text, text, text, integer, text[], date, text) IS
	'Changes the fields that are sent, until the project is filled or over. An open project whose new text carries contact details goes to review.';
SELECT skillancer.add_route('PATCH', '/v1/projects/{id}', 'project_update', who => 'CLIENT',
	summary => 'Edit a project of yours');


-- ======== sql/project/api_project_state.sql
/*
 * api_project_state.sql
 *		The life of a project: publish, pause, resume, cancel, close, and review by staff.
 */

-- POST /v1/projects/{id}/publish
CREATE OR REPLACE FUNCTION skillancer_api.project_publish(p_id skillancer.project_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text;
	v_text  text;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	v_state := skillancer.own_project(p_id);
	SELECT p.title || E'\n' || p.description INTO v_text FROM skillancer.project p WHERE p.id = p_id;
	IF v_state = 'DRAFT'
		AND skillancer.note_risk('project', p_id::uuid, v_text) >= skillancer.policy_int('riskReviewScore') THEN
		PERFORM skillancer.fire('project', p_id::uuid, 'hold');
	ELSE
		PERFORM skillancer.open_project(p_id, 'publish');
	END IF;
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_publish(skillancer.project_id) IS
	'Opens a draft for proposals. A text with contact details goes to review instead: look at the state of the answer.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/publish', 'project_publish', who => 'CLIENT',
	summary => 'Publish a draft');

-- POST /v1/projects/{id}/pause
CREATE OR REPLACE FUNCTION skillancer_api.project_pause(p_id skillancer.project_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.own_project(p_id);
	PERFORM skillancer.fire('project', p_id::uuid, 'pause');
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_pause(skillancer.project_id) IS
	'Takes an open project out of the lists; proposals stay and no new ones come in.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/pause', 'project_pause', who => 'CLIENT',
	summary => 'Pause an open project');

-- POST /v1/projects/{id}/resume
CREATE OR REPLACE FUNCTION skillancer_api.project_resume(p_id skillancer.project_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_unrestricted();
	PERFORM skillancer.own_project(p_id);
	PERFORM skillancer.open_project(p_id, 'resume');
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_resume(skillancer.project_id) IS
	'Opens a paused project again; its time until it expires starts anew.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/resume', 'project_resume', who => 'CLIENT',
	summary => 'Resume a paused project');

-- POST /v1/projects/{id}/cancel
CREATE OR REPLACE FUNCTION skillancer_api.project_cancel(p_id skillancer.project_id, p_reason text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.own_project(p_id);
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, required => false);
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('project', p_id::uuid, 'cancel',
		jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_cancel(skillancer.project_id, text) IS
	'Ends an open or paused project without filling it; its live proposals are closed.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/cancel', 'project_cancel', who => 'CLIENT',
	summary => 'Cancel a project');

-- POST /v1/projects/{id}/close
CREATE OR REPLACE FUNCTION skillancer_api.project_close(p_id skillancer.project_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text := skillancer.own_project(p_id);
	v_hired integer;
BEGIN
	IF v_state IN ('OPEN', 'PAUSED') THEN
		SELECT count(*) INTO v_hired FROM skillancer.proposal b WHERE b.project_id = p_id AND b.state = 'ACCEPTED';
		IF v_hired > 0 THEN
			UPDATE skillancer.project p SET openings = v_hired WHERE p.id = p_id;
			PERFORM skillancer.fire_system('project', p_id::uuid, 'fill');
		END IF;
	END IF;
	PERFORM skillancer.fire('project', p_id::uuid, 'close');
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_close(skillancer.project_id) IS
	'Closes a filled project. One that has hired, but fewer than its openings, is filled with those first; one without a hire is cancelled instead.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/close', 'project_close', who => 'CLIENT',
	summary => 'Close a project');

-- GET /v1/projects/in-review
CREATE OR REPLACE FUNCTION skillancer_api.project_review_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after text;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_permission('jobs:moderate');
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode('projects-in-review', p_cursor),
		'-infinity|00000000-0000-0000-0000-000000000000');
	SELECT array_agg(l.doc), array_agg(l.updated_at || '|' || l.id) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.updated_at, d.id
		FROM skillancer.project_doc d
		WHERE d.state = 'IN_REVIEW' AND (d.updated_at, d.id) >
			(split_part(v_after, '|', 1)::timestamptz, split_part(v_after, '|', 2)::skillancer.project_id)
		ORDER BY d.updated_at, d.id
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'projects-in-review');
END
$$;
COMMENT ON FUNCTION skillancer_api.project_review_list(integer, text) IS
	'Projects that wait for review, the oldest first. For staff with jobs:moderate.';
SELECT skillancer.add_route('GET', '/v1/projects/in-review', 'project_review_list', who => 'MODERATOR, ADMIN',
	summary => 'List projects that wait for review');

-- Approves or rejects a project in review.
CREATE OR REPLACE FUNCTION skillancer.review_project(p_id skillancer.project_id, p_event text, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_permission('jobs:moderate');
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, required => false);
	PERFORM skillancer.check_done();
	IF p_event = 'approve' THEN
		PERFORM skillancer.open_project(p_id, p_event);
	ELSE
		PERFORM skillancer.fire('project', p_id::uuid, p_event,
			jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
	END IF;
	RETURN skillancer.project_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer.review_project(skillancer.project_id, text, text) IS
	'Fires approve or reject for staff with jobs:moderate; the engine writes the audit row.';

-- POST /v1/projects/{id}/approve
CREATE OR REPLACE FUNCTION skillancer_api.project_approve(p_id skillancer.project_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.review_project(p_id, 'approve', NULL);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_approve(skillancer.project_id) IS
	'Opens a project that waits for review. For staff with jobs:moderate.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/approve', 'project_approve', who => 'MODERATOR, ADMIN',
	summary => 'Approve a project in review');

-- POST /v1/projects/{id}/reject
CREATE OR REPLACE FUNCTION skillancer_api.project_reject(p_id skillancer.project_id, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_text('reason', p_reason, 1, 500);
	RETURN skillancer.review_project(p_id, 'reject', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_reject(skillancer.project_id, text) IS
	'Sends a project in review back to its client as a draft; the reason stands in the event. For staff with jobs:moderate.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/reject', 'project_reject', who => 'MODERATOR, ADMIN',
	summary => 'Reject a project in review');


-- ======== sql/project/api_proposal.sql
/*
 * api_proposal.sql
 *		Proposals: submit, read, list, edit.
 *
 * Lock order: the freelancer's own lock (which makes limits and "one live proposal" exact under
 * concurrent submits), project, proposal.
 */

-- The answer of a command: the proposal as it is now.
CREATE OR REPLACE FUNCTION skillancer.proposal_reply(p_id skillancer.proposal_id, p_status integer DEFAULT 200)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.proposal_doc d WHERE d.id = p_id;
	RETURN ROW(p_status, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.proposal_reply(skillancer.proposal_id, integer) IS 'Reply with the JSON of a proposal.';

-- Checks the fields of a proposal.
CREATE OR REPLACE FUNCTION skillancer.check_proposal(
	p_project skillancer.project_id, p_cover_letter text, p_bid skillancer.monetary, p_delivery_days integer,
	p_milestones jsonb, p_answers text[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_currency  text;
	v_questions integer;
BEGIN
	SELECT skillancer.monetary_currency(p.budget_min), cardinality(p.questions) INTO v_currency, v_questions
	FROM skillancer.project p WHERE p.id = p_project;
	PERFORM skillancer.check_text('coverLetter', p_cover_letter, 50, 5000);
	PERFORM skillancer.check_number('bid', p_bid::numeric, 1, 1000000);
	IF skillancer.monetary_currency(p_bid) <> v_currency THEN
		PERFORM skillancer.check_that('bid', false, 'must be in the currency of the project, ' || v_currency);
	END IF;
	PERFORM skillancer.check_int('deliveryDays', p_delivery_days, 1, 365, required => false);
	PERFORM skillancer.check_milestones('milestones', p_milestones, p_bid);
	PERFORM skillancer.check_array('answers', p_answers, v_questions, 2000);
END
$$;
COMMENT ON FUNCTION skillancer.check_proposal(skillancer.project_id, text, skillancer.monetary, integer, jsonb, text[]) IS
	'Notes every problem in the fields of a proposal on a project; check_done() raises them.';

-- Keeps what a proposal says now.
CREATE OR REPLACE FUNCTION skillancer.keep_proposal_revision(p_id skillancer.proposal_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.proposal_revision (proposal_id, revision, client_id, freelancer_id, cover_letter, bid,
		delivery_days, milestones, answers)
	SELECT p.id, p.revision, p.client_id, p.freelancer_id, p.cover_letter, p.bid, p.delivery_days, p.milestones, p.answers
	FROM skillancer.proposal p
	WHERE p.id = p_id;
END
$$;
COMMENT ON FUNCTION skillancer.keep_proposal_revision(skillancer.proposal_id) IS
	'Copies the wording of a proposal into proposal_revision.';

-- May the caller make one more proposal, on this project?
CREATE OR REPLACE FUNCTION skillancer.check_may_propose(p_project skillancer.project_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me    skillancer.user_id := skillancer.current_user_id();
	v_state text;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('proposals of ' || v_me, 0));
	v_state := skillancer.hold_project(p_project);
	IF EXISTS (SELECT FROM skillancer.proposal p WHERE p.project_id = p_project AND p.freelancer_id = v_me
			AND p.state IN ('SUBMITTED', 'COUNTERED', 'ACCEPTED')) THEN
		PERFORM skillancer.fail('PROPOSAL_EXISTS');
	ELSIF v_state <> 'OPEN' THEN
		PERFORM skillancer.fail('INVALID_STATE', 'the project takes no proposals while it is ' || v_state,
			jsonb_build_object('state', v_state, 'allowed', '[]'::jsonb));
	ELSIF (SELECT count(*) FROM skillancer.proposal p WHERE p.freelancer_id = v_me
			AND p.state IN ('SUBMITTED', 'COUNTERED')) >= skillancer.policy_int('proposalLimit') THEN
		PERFORM skillancer.fail('PROPOSAL_LIMIT');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.check_may_propose(skillancer.project_id) IS
	'Serialises the proposals of the caller, holds the project, and raises PROPOSAL_EXISTS, INVALID_STATE or PROPOSAL_LIMIT.';

-- POST /v1/projects/{id}/proposals
CREATE OR REPLACE FUNCTION skillancer_api.proposal_create(
	p_id skillancer.project_id, p_cover_letter text, p_bid skillancer.monetary, p_delivery_days integer DEFAULT NULL,
	p_milestones jsonb DEFAULT NULL, p_answers text[] DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me     skillancer.user_id := skillancer.current_user_id();
	v_client skillancer.user_id;
	v_id     skillancer.proposal_id := skillancer.new_id()::skillancer.proposal_id;
	v_invitation skillancer.invitation_id;
BEGIN
	PERFORM skillancer.require_role('FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	SELECT p.client_id INTO v_client FROM skillancer.project p WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_client = v_me THEN
		PERFORM skillancer.fail('OWN_PROJECT');
	END IF;
	p_cover_letter := skillancer.trimmed(p_cover_letter);
	PERFORM skillancer.check_proposal(p_id, p_cover_letter, p_bid, p_delivery_days, p_milestones, p_answers);
	PERFORM skillancer.check_done();
	PERFORM skillancer.check_may_propose(p_id);

	INSERT INTO skillancer.proposal (id, project_id, client_id, freelancer_id, cover_letter, bid, delivery_days,
		milestones, answers)
	VALUES (v_id, p_id, v_client, v_me, p_cover_letter, p_bid, p_delivery_days,
		skillancer.tidy_terms(p_milestones, 'amount'),
		coalesce(p_answers, '{}'));
	PERFORM skillancer.keep_proposal_revision(v_id);
	PERFORM skillancer.note_risk('proposal', v_id::uuid, p_cover_letter);
	PERFORM skillancer.schedule('proposal', v_id::uuid, 'expire',
		skillancer.now() + skillancer.policy_interval('proposalExpiry'));
	PERFORM skillancer.emit('proposal.submitted', 'proposal', v_id::uuid, jsonb_build_object('proposalId', v_id,
		'projectId', p_id, 'clientId', v_client, 'freelancerId', v_me, 'state', 'SUBMITTED'),
		ARRAY[v_client::uuid, v_me::uuid]);
	SELECT i.id INTO v_invitation FROM skillancer.invitation i
	WHERE i.project_id = p_id AND i.freelancer_id = v_me AND i.state = 'SENT';
	IF FOUND THEN
		PERFORM skillancer.fire_system('invitation', v_invitation::uuid, 'accept');
	END IF;
	RETURN skillancer.proposal_reply(v_id, 201);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_create(skillancer.project_id, text, skillancer.monetary, integer, jsonb, text[]) IS
	'Proposes on an open project of somebody else. Milestones, when given, add up to the bid. One live proposal a project.';
SELECT skillancer.add_route('POST', '/v1/projects/{id}/proposals', 'proposal_create', who => 'FREELANCER',
	summary => 'Submit a proposal');

-- GET /v1/proposals/{id}
CREATE OR REPLACE FUNCTION skillancer_api.proposal_get(
	p_id skillancer.proposal_id, p_header_if_none_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.proposal_doc d WHERE d.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF skillancer.etag_matches(p_header_if_none_match, v_etag) THEN
		RETURN ROW(304, v_etag, NULL, NULL, NULL)::skillancer.reply;
	END IF;
	RETURN ROW(200, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_get(skillancer.proposal_id, text) IS
	'One proposal, for its freelancer, the client of the project, and staff.';
SELECT skillancer.add_route('GET', '/v1/proposals/{id}', 'proposal_get',
	summary => 'Get a proposal');

-- GET /v1/proposals/{id}/revisions
CREATE OR REPLACE FUNCTION skillancer_api.proposal_revisions(p_id skillancer.proposal_id)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_list json;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT json_agg(json_build_object('revision', r.revision, 'coverLetter', r.cover_letter, 'bid', r.bid,
		'deliveryDays', r.delivery_days, 'milestones', r.milestones, 'answers', r.answers, 'createdAt', r.created_at)
		ORDER BY r.revision DESC) INTO v_list
	FROM skillancer.proposal_revision r
	WHERE r.proposal_id = p_id;
	IF v_list IS NULL THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN v_list;
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_revisions(skillancer.proposal_id) IS
	'Every wording of a proposal, the newest first, for those who see the proposal.';
SELECT skillancer.add_route('GET', '/v1/proposals/{id}/revisions', 'proposal_revisions',
	summary => 'List the wordings of a proposal');

-- GET /v1/proposals
CREATE OR REPLACE FUNCTION skillancer_api.proposal_list(
	p_state text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'proposals', skillancer.current_user_id(), p_state);
	v_after skillancer.proposal_id;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_one_of('state', p_state,
		'{SUBMITTED,COUNTERED,ACCEPTED,WITHDRAWN,DECLINED,CLOSED,EXPIRED}', required => false);
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.proposal_id;
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.proposal_doc d
		WHERE d.freelancer_id = (SELECT skillancer.current_user_id()) AND d.id < v_after
			AND (p_state IS NULL OR d.state = p_state)
		ORDER BY d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_list(text, integer, text) IS
	'The proposals that the caller made, newest first, in every state or in one.';
SELECT skillancer.add_route('GET', '/v1/proposals', 'proposal_list',
	summary => 'List your proposals');

-- GET /v1/projects/{id}/proposals
CREATE OR REPLACE FUNCTION skillancer_api.project_proposals(
	p_id skillancer.project_id, p_state text DEFAULT NULL, p_shortlisted boolean DEFAULT NULL,
	p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit  integer := skillancer.check_limit(p_limit);
	v_scope  text := concat_ws('|', 'project-proposals', p_id, p_state, p_shortlisted);
	v_client skillancer.user_id;
	v_after  skillancer.proposal_id;
	v_items  json[];
	v_keys   text[];
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT p.client_id INTO v_client FROM skillancer.project p WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_client <> skillancer.current_user_id() AND NOT skillancer.has_permission('jobs:view') THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	PERFORM skillancer.check_one_of('state', p_state,
		'{SUBMITTED,COUNTERED,ACCEPTED,WITHDRAWN,DECLINED,CLOSED,EXPIRED}', required => false);
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.proposal_id;
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.proposal_doc d
		WHERE d.project_id = p_id AND d.id < v_after
			AND (p_state IS NULL OR d.state = p_state)
			AND (p_shortlisted IS NULL OR (d.shortlisted_at IS NOT NULL) = p_shortlisted)
		ORDER BY d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.project_proposals(skillancer.project_id, text, boolean, integer, text) IS
	'The proposals on a project of the caller, newest first; shortlisted=true keeps those on the short list.';
SELECT skillancer.add_route('GET', '/v1/projects/{id}/proposals', 'project_proposals', who => 'CLIENT',
	summary => 'List the proposals on a project of yours');

-- PATCH /v1/proposals/{id}
CREATE OR REPLACE FUNCTION skillancer_api.proposal_update(
	p_id skillancer.proposal_id, p_present text[], p_cover_letter text DEFAULT NULL,
	p_bid skillancer.monetary DEFAULT NULL, p_delivery_days integer DEFAULT NULL, p_milestones jsonb DEFAULT NULL,
	p_answers text[] DEFAULT NULL, p_header_if_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_row skillancer.proposal%ROWTYPE;
BEGIN
	PERFORM skillancer.require_role('FREELANCER', 'ADMIN');
	SELECT * INTO v_row FROM skillancer.proposal p WHERE p.id = p_id FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_row.freelancer_id <> skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	PERFORM skillancer.check_if_match(p_header_if_match, 'v' || v_row.version);
	v_row.cover_letter := CASE WHEN 'coverLetter' = ANY (p_present) THEN skillancer.trimmed(p_cover_letter)
		ELSE v_row.cover_letter END;
	v_row.bid := CASE WHEN 'bid' = ANY (p_present) THEN p_bid ELSE v_row.bid END;
	v_row.delivery_days := CASE WHEN 'deliveryDays' = ANY (p_present) THEN p_delivery_days ELSE v_row.delivery_days END;
	v_row.milestones := CASE WHEN 'milestones' = ANY (p_present) THEN coalesce(p_milestones, '[]') ELSE v_row.milestones END;
	v_row.answers := CASE WHEN 'answers' = ANY (p_present) THEN coalesce(p_answers, '{}') ELSE v_row.answers END;
	PERFORM skillancer.check_proposal(v_row.project_id, v_row.cover_letter, v_row.bid, v_row.delivery_days,
		v_row.milestones, v_row.answers);
	PERFORM skillancer.check_done();

	PERFORM skillancer.fire('proposal', p_id::uuid, 'update',
		jsonb_build_object('revision', v_row.revision + 1));
	UPDATE skillancer.proposal p
	SET cover_letter = v_row.cover_letter, bid = v_row.bid, delivery_days = v_row.delivery_days,
		milestones = skillancer.tidy_terms(v_row.milestones, 'amount'), answers = v_row.answers, revision = p.revision + 1, counter = NULL
	WHERE p.id = p_id;
	PERFORM skillancer.keep_proposal_revision(p_id);
	PERFORM skillancer.note_risk('proposal', p_id::uuid, v_row.cover_letter);
	RETURN skillancer.proposal_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_update(skillancer.proposal_id, text[], text, skillancer.monetary, integer,
		jsonb, text[], text) IS
	'Changes a live proposal of the caller; the old wording is kept under its revision. Answers a counter-offer, too.';
SELECT skillancer.add_route('PATCH', '/v1/proposals/{id}', 'proposal_update', who => 'FREELANCER',
	summary => 'Edit a proposal of yours');


-- ======== sql/project/api_proposal_state.sql
/*
 * api_proposal_state.sql
 *		The life of a proposal: withdraw, counter, decline, and the client's tags. Acceptance makes a
 *		booking and lives there.
 */

-- A party's proposal, locked after its project's order: which side is the caller on?
CREATE OR REPLACE FUNCTION skillancer.own_proposal(p_id skillancer.proposal_id)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_client     skillancer.user_id;
	v_freelancer skillancer.user_id;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT p.client_id, p.freelancer_id INTO v_client, v_freelancer
	FROM skillancer.proposal p WHERE p.id = p_id FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN CASE skillancer.current_user_id() WHEN v_client THEN 'client' WHEN v_freelancer THEN 'freelancer' END;
END
$$;
COMMENT ON FUNCTION skillancer.own_proposal(skillancer.proposal_id) IS
	'Locks a proposal of which the caller is a party and returns the part: client or freelancer. RESOURCE_NOT_FOUND for others.';

-- Fires an event that may have a reason.
CREATE OR REPLACE FUNCTION skillancer.end_proposal(p_id skillancer.proposal_id, p_event text, p_reason text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.own_proposal(p_id);
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, required => false);
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('proposal', p_id::uuid, p_event,
		jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
	UPDATE skillancer.proposal p SET reason = p_reason WHERE p.id = p_id AND p_reason IS NOT NULL;
	RETURN skillancer.proposal_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer.end_proposal(skillancer.proposal_id, text, text) IS
	'Withdraws or declines a proposal; the reason is shown to both parties.';

-- POST /v1/proposals/{id}/withdraw
CREATE OR REPLACE FUNCTION skillancer_api.proposal_withdraw(p_id skillancer.proposal_id, p_reason text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.end_proposal(p_id, 'withdraw', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_withdraw(skillancer.proposal_id, text) IS
	'Takes a live proposal of the caller back.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/withdraw', 'proposal_withdraw', who => 'FREELANCER',
	summary => 'Withdraw a proposal of yours');

-- POST /v1/proposals/{id}/decline
CREATE OR REPLACE FUNCTION skillancer_api.proposal_decline(p_id skillancer.proposal_id, p_reason text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.end_proposal(p_id, 'decline', p_reason);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_decline(skillancer.proposal_id, text) IS
	'Declines a live proposal on a project of the caller.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/decline', 'proposal_decline', who => 'CLIENT',
	summary => 'Decline a proposal');

-- POST /v1/proposals/{id}/counter
CREATE OR REPLACE FUNCTION skillancer_api.proposal_counter(
	p_id skillancer.proposal_id, p_bid skillancer.monetary, p_delivery_days integer DEFAULT NULL,
	p_message text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_currency text;
BEGIN
	PERFORM skillancer.own_proposal(p_id);
	SELECT skillancer.monetary_currency(p.bid) INTO v_currency FROM skillancer.proposal p WHERE p.id = p_id;
	PERFORM skillancer.check_number('bid', p_bid::numeric, 1, 1000000);
	IF skillancer.monetary_currency(p_bid) <> v_currency THEN
		PERFORM skillancer.check_that('bid', false, 'must be in the currency of the proposal, ' || v_currency);
	END IF;
	PERFORM skillancer.check_int('deliveryDays', p_delivery_days, 1, 365, required => false);
	PERFORM skillancer.check_text('message', p_message, 1, 2000, required => false);
	PERFORM skillancer.check_done();
	PERFORM skillancer.fire('proposal', p_id::uuid, 'counter');
	UPDATE skillancer.proposal p
	SET counter = jsonb_build_object('bid', p_bid, 'deliveryDays', p_delivery_days, 'message', p_message,
		'at', skillancer.now())
	WHERE p.id = p_id;
	PERFORM skillancer.note_risk('proposal', p_id::uuid, coalesce(p_message, ''));
	RETURN skillancer.proposal_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_counter(skillancer.proposal_id, skillancer.monetary, integer, text) IS
	'Names the terms that the client would agree to; the freelancer answers by editing the proposal.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/counter', 'proposal_counter', who => 'CLIENT',
	summary => 'Make a counter-offer');

-- Sets or takes off a tag of the client; the first time is kept.
CREATE OR REPLACE FUNCTION skillancer.tag_proposal(p_id skillancer.proposal_id, p_tag text, p_on boolean)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_part text := skillancer.own_proposal(p_id);
	v_new  skillancer.proposal%ROWTYPE;
BEGIN
	IF v_part <> 'client' THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	UPDATE skillancer.proposal p
	SET shortlisted_at = CASE p_tag WHEN 'shortlisted' THEN skillancer.tag_time(p.shortlisted_at, p_on) ELSE p.shortlisted_at END,
		viewed_at = CASE p_tag WHEN 'viewed' THEN skillancer.tag_time(p.viewed_at, p_on) ELSE p.viewed_at END,
		interviewing_at = CASE p_tag WHEN 'interviewing' THEN skillancer.tag_time(p.interviewing_at, p_on) ELSE p.interviewing_at END,
		archived_at = CASE p_tag WHEN 'archived' THEN skillancer.tag_time(p.archived_at, p_on) ELSE p.archived_at END,
		version = p.version + 1, updated_at = skillancer.now()
	WHERE p.id = p_id AND p_on <> (CASE p_tag WHEN 'shortlisted' THEN p.shortlisted_at WHEN 'viewed' THEN p.viewed_at
		WHEN 'interviewing' THEN p.interviewing_at ELSE p.archived_at END IS NOT NULL)
	RETURNING * INTO v_new;
	IF FOUND AND p_on AND p_tag IN ('shortlisted', 'viewed') THEN
		PERFORM skillancer.emit('proposal.' || p_tag, 'proposal', p_id::uuid, jsonb_build_object('proposalId', p_id,
			'projectId', v_new.project_id, 'clientId', v_new.client_id, 'freelancerId', v_new.freelancer_id,
			'state', v_new.state), ARRAY[v_new.client_id::uuid, v_new.freelancer_id::uuid]);
	END IF;
	RETURN skillancer.proposal_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer.tag_proposal(skillancer.proposal_id, text, boolean) IS
	'Sets or takes off shortlisted, viewed, interviewing or archived; nothing happens when it is so already.';

-- When a tag was set.
CREATE OR REPLACE FUNCTION skillancer.tag_time(p_old timestamptz, p_on boolean)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN CASE WHEN p_on THEN coalesce(p_old, skillancer.now()) END;
END
$$;
COMMENT ON FUNCTION skillancer.tag_time(timestamptz, boolean) IS 'The old time or now; NULL when the tag is taken off.';

-- POST /v1/proposals/{id}/shortlist
CREATE OR REPLACE FUNCTION skillancer_api.proposal_shortlist(p_id skillancer.proposal_id, p_on boolean DEFAULT true)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.tag_proposal(p_id, 'shortlisted', coalesce(p_on, true));
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_shortlist(skillancer.proposal_id, boolean) IS
	'Puts a proposal on the client''s short list, or takes it off with on=false. Its freelancer is told.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/shortlist', 'proposal_shortlist', who => 'CLIENT',
	summary => 'Shortlist a proposal');

-- POST /v1/proposals/{id}/tags
CREATE OR REPLACE FUNCTION skillancer_api.proposal_tag(p_id skillancer.proposal_id, p_tag text, p_on boolean DEFAULT true)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_one_of('tag', p_tag, '{viewed,shortlisted,interviewing,archived}');
	PERFORM skillancer.check_done();
	RETURN skillancer.tag_proposal(p_id, p_tag, coalesce(p_on, true));
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_tag(skillancer.proposal_id, text, boolean) IS
	'Sets a tag of the client with its time, or takes it off with on=false: viewed, shortlisted, interviewing, archived.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/tags', 'proposal_tag', who => 'CLIENT',
	summary => 'Tag a proposal');


-- ======== sql/project/demo_words.sql
/*
 * sql/project/demo_words.sql
 *		The words of generated marketplaces: fields of work with their skills and phrases, names, places.
 *
 * Phrases are templates of compose(). Names of skills are facts; "A|b|c" is a skill A with the other spellings b, c.
 */

-- demo_fields(): fields of work
CREATE OR REPLACE FUNCTION skillancer.demo_fields(
	OUT slug text, OUT weight integer, OUT skills text[], OUT headline text, OUT task text, OUT offer text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, skillancer, pg_temp
AS $$ VALUES
('web-development', 18, ARRAY['JavaScript|js', 'TypeScript|ts', 'React|reactjs', 'Vue.js|vue', 'Angular', 'Svelte', 'Next.js|nextjs',
	'Node.js|nodejs', 'Express', 'PHP', 'Laravel', 'Symfony', 'WordPress|wp', 'WooCommerce|woo commerce', 'Shopify', 'Drupal', 'Django', 'Flask',
	'FastAPI', 'Ruby on Rails|rails', 'HTML|html5', 'CSS|css3', 'Tailwind CSS|tailwind', 'Bootstrap', 'GraphQL', 'REST API|restful api', 'Web accessibility|a11y', 'Webflow', 'jQuery'],
	'{Front-end|Back-end|Full-stack|Freelance} {web|} developer, {clean code|fast pages|shops and portals|from idea to launch}',
	'{build|rebuild|extend|speed up} {a booking site for {a dental practice|a yoga studio|a boat rental|two small hotels}|the members area of {an online school|a sports club|a food cooperative}|a shop with {subscriptions|gift cards|four languages}|a landing page with {a waiting list|three variants to test}|a dashboard for {warehouse|delivery|service} staff|our {careers|press|partner} pages}',
	'{build|redesign|repair|speed up} your {company website|online shop|landing page|customer portal|blog}'),
('mobile-development', 8, ARRAY['Android', 'Kotlin', 'Jetpack Compose', 'iOS', 'Swift', 'SwiftUI', 'Objective-C', 'Flutter', 'Dart', 'React Native', 'Firebase', 'Push notifications', 'App Store submission', 'Mobile UI design'],
	'{Android|iOS|Flutter|Mobile} {engineer|developer}, {apps that stay installed|{six|nine|twelve} apps in the stores}',
	'{build|finish|modernise|test and publish} {an app for {bird watchers|night nurses|school canteens|rowing crews}|the {Android|iOS} version of our {loyalty|booking|delivery} app|offline maps in an existing app|a small app that reads {water|gas|heat} meters}',
	'{build|finish|port|publish} your {Android|iOS|Flutter} app'),
('devops-cloud', 5, ARRAY['Docker', 'Kubernetes|k8s', 'Terraform', 'Ansible', 'AWS|amazon web services', 'Google Cloud|gcp', 'Microsoft Azure|azure', 'CI/CD', 'GitHub Actions', 'GitLab CI', 'Linux', 'Nginx', 'Prometheus', 'Grafana', 'Helm', 'Bash|shell scripting'],
	'{DevOps|Cloud|Site reliability} engineer, {quiet nights|short pipelines|bills you understand}',
	'{move {our build server|three services|a monolith} to {Kubernetes|the cloud|containers}|set up {monitoring and alerts|backups that are tested|staging environments} for a {small|growing} team|cut the {cloud bill|build time} of our platform by a {third|half}}',
	'{set up|review|repair} your {deployment pipeline|cloud account|Kubernetes cluster|monitoring}'),
('software-testing', 3, ARRAY['Manual testing', 'Test automation', 'Selenium', 'Playwright', 'Cypress', 'Postman', 'JMeter', 'Regression testing', 'Usability testing', 'Test plans|test planning'],
	'{Tester|QA engineer} who {finds it before your customers do|writes reports developers like}',
	'{test|write automated tests for} {our checkout|a new release of our app|a web shop in {three|five} browsers|an accounting import}',
	'{test|write automated tests for} your {website|app|API}'),
('security', 2, ARRAY['Penetration testing|pentesting', 'Network security', 'OWASP', 'Security audit', 'ISO 27001', 'Incident response', 'Cryptography', 'GDPR|data protection'],
	'Security {consultant|engineer}, {audits in plain language|web and cloud}',
	'{review the security of {our web shop|an internal tool|our login}|prepare a small company for {ISO 27001|a customer audit}|write a data protection concept for {a clinic|an app}}',
	'{audit|harden} your {website|server|cloud account}'),
('data-analysis', 10, ARRAY['Data analysis|data analytics', 'Microsoft Excel|excel', 'Google Sheets', 'Power BI|powerbi', 'Tableau', 'Looker Studio|google data studio', 'DAX', 'Statistics', 'R', 'SPSS', 'Survey analysis', 'Data visualization', 'Dashboards', 'A/B testing'],
	'{Data analyst|Reporting specialist}, {numbers with a story|dashboards people open twice}',
	'{{build|improve} {a sales dashboard for {twelve|forty} shops|the monthly report of {a cinema|a bakery chain|an association}}|evaluate a survey of {800|2,500} {members|guests|readers}|clean up {a spreadsheet that has grown for ten years|the price list of a wholesaler}}',
	'{build|repair} your {Power BI report|spreadsheet|sales dashboard}'),
('data-engineering', 6, ARRAY['SQL', 'PostgreSQL|postgres', 'MySQL', 'MongoDB', 'Redis', 'Apache Spark|spark', 'Apache Kafka|kafka', 'Airflow|apache airflow', 'dbt', 'Snowflake', 'BigQuery', 'ETL', 'Data modeling|data modelling', 'Web scraping', 'Data migration', 'Elasticsearch'],
	'{Data engineer|Database specialist}, {pipelines that wake nobody|slow queries made fast}',
	'{move {a customer database|fifteen years of orders|an archive of measurements} to PostgreSQL|build a nightly pipeline from {three shops|our ticket system|sensor files}|find out why {a report|our search|the import} takes {forty minutes|all night}}',
	'{design|tune|migrate} your {database|data pipeline}'),
('machine-learning', 7, ARRAY['Machine learning|ml', 'Deep learning', 'Python|python3', 'PyTorch', 'TensorFlow', 'scikit-learn', 'Natural language processing|nlp', 'Computer vision', 'Large language models|llm', 'Prompt engineering', 'Chatbot development|chatbots', 'Time series forecasting|forecasting', 'Recommender systems', 'MLOps', 'pandas'],
	'{Machine learning|AI|Data science} {engineer|consultant}, {models that reach production|from notebook to service}',
	'{train|evaluate|deploy} {a model that {sorts support mail|recognises plant diseases|predicts bread sales|finds defects in weld seams}|a chatbot that knows {our manuals|the rules of a club}|a forecast of {energy use|visitor numbers}}',
	'{train|fine-tune|deploy} a {machine learning model|chatbot|forecast} for you'),
('graphic-design', 9, ARRAY['Graphic design', 'Logo design', 'Brand identity|corporate identity', 'Adobe Photoshop|photoshop', 'Adobe Illustrator|illustrator', 'Adobe InDesign|indesign', 'Canva', 'Illustration', 'Packaging design', 'Print design', 'Brochure design', 'Infographics', 'Presentation design', 'T-shirt design', 'Book cover design', 'Typography'],
	'{Graphic designer|Illustrator|Brand designer}, {print and screen|shapes with a reason|calm layouts}',
	'{design|redraw|refresh} {a logo for {a bakery|a chess club|a solar firm|a guesthouse}|the labels of {five|nine} {honey|beer|tea} sorts|a brochure of {twelve|thirty-two} pages|the cover of a {crime novel|cookbook}|posters for a {street festival|concert series}}',
	'{design|refresh} your {logo|brochure|packaging|book cover}'),
('ux-ui-design', 6, ARRAY['UI design|user interface design', 'UX design|user experience design', 'Figma', 'Adobe XD', 'Sketch', 'Wireframing|wireframes', 'Prototyping', 'User research', 'Design systems', 'Interaction design', 'Information architecture'],
	'{UX|UI|Product} designer, {research first|systems, not screens|from sketch to prototype}',
	'{design|simplify|test} {the {onboarding|settings|checkout} of our app|screens for a {ticket machine|patient portal|farm planner}|a design system for {three|five} products|a form with {sixty|ninety} fields}',
	'{design|review} the {screens|flows|prototype} of your product'),
('copywriting', 8, ARRAY['Copywriting', 'Content writing', 'Blog writing', 'Technical writing', 'SEO writing', 'Ghostwriting', 'Editing', 'Proofreading', 'Email copywriting', 'Product descriptions', 'Grant writing', 'Resume writing|cv writing', 'Scriptwriting', 'Creative writing', 'UX writing'],
	'{Copywriter|Editor|Technical writer}, {plain words that sell|deadlines kept|from draft to print}',
	'{write|edit|shorten} {twelve articles about {heat pumps|dog training|office chairs}|product texts for {eighty|two hundred} {lamps|spices|tools}|the manual of a {coffee grinder|lab instrument}|a newsletter series for {museums|vets}|the texts of our new website}',
	'{write|edit|proofread} your {blog articles|product texts|newsletter|manual}'),
('translation', 6, ARRAY['Translation', 'English to Spanish', 'English to German', 'English to French', 'English to Arabic', 'English to Japanese', 'English to Portuguese', 'Localization|localisation', 'Subtitling|subtitles', 'Transcription', 'Legal translation', 'Medical translation', 'Interpreting'],
	'{Translator|Localisation specialist}, {law and contracts|software and games|medicine|travel}',
	'translate {a website of {forty|ninety} pages|a rental contract|the subtitles of {six films|a course}|a patient leaflet|the menu of a ship} into {Spanish|German|French|Japanese|Portuguese}',
	'translate your {website|contract|subtitles|manual}'),
('video-editing', 6, ARRAY['Video editing', 'Adobe Premiere Pro|premiere pro', 'Final Cut Pro', 'DaVinci Resolve', 'Color grading|colour grading', 'YouTube editing', 'Short-form video|reels', 'Sound editing', 'Drone footage', 'Wedding videos', 'Podcast editing'],
	'Video editor, {long talks made short|colour and sound included|weekly formats}',
	'{cut|edit and subtitle} {a weekly video about {gardening|old cars|chess}|{eight|twenty} interviews for a foundation|a film of a {wedding|regatta|choir tour}|short clips from {ten hours of|last year''s} talks}',
	'{edit|colour-grade} your {interviews|wedding film|weekly video}'),
('animation', 4, ARRAY['Animation', 'Adobe After Effects|after effects', 'Blender', 'Cinema 4D', 'Motion graphics', '3D modeling|3d modelling', '3D rendering', 'Character animation', 'Explainer videos', 'Whiteboard animation', 'Lottie', 'Unity|unity3d', 'Unreal Engine', 'Game design'],
	'{Animator|Motion designer|3D artist}, {explainers|characters|products that turn}',
	'{animate|model} {a mascot for a {bank|zoo|school}|the inside of a {pump|turbine|clock}|a ninety-second explainer about {pensions|vaccines|compost}|the opening of a game}',
	'{animate|model} your {logo|mascot|product}'),
('voice-over', 2, ARRAY['Voice over|voiceover', 'Audiobook narration', 'Voice acting', 'Audio recording', 'British English voice', 'American English voice', 'Phone greetings'],
	'{Warm|Clear|Young|Deep} voice, {own studio|delivery in two days}',
	'{read|record} {an audiobook of {six|nine} hours|the greeting of a phone line|the voice of a {museum guide|language course}}',
	'record {a voice over|an audiobook|a phone greeting} for you'),
('music-production', 3, ARRAY['Music production', 'Mixing', 'Mastering', 'Songwriting', 'Composition', 'Ableton Live', 'Logic Pro', 'Sound design', 'Beat making', 'Session guitar', 'Vocals'],
	'{Producer|Composer|Mixing engineer}, {film and games|songs that breathe}',
	'{compose|mix|master} {the music of a {podcast|short film|board game app}|an album of {eight|eleven} songs|a jingle of ten seconds}',
	'{compose|mix|master} your {song|podcast music|jingle}'),
('seo', 5, ARRAY['SEO|search engine optimization', 'Local SEO', 'Technical SEO', 'Link building', 'Keyword research', 'Google Analytics', 'Google Ads|adwords', 'PPC|pay per click', 'Content strategy', 'Conversion optimization|cro'],
	'{SEO|Search marketing} specialist, {facts before rankings|local shops|technical audits}',
	'{audit and improve|bring more visitors to} {the site of a {law firm|garden centre|dance school}|a shop with {900|4,000} products|a local {plumber|physiotherapist}}',
	'{audit|improve} the {search ranking|ads|analytics} of your site'),
('social-media', 6, ARRAY['Social media marketing|smm', 'Facebook Ads|meta ads', 'Instagram marketing', 'LinkedIn marketing', 'TikTok marketing', 'Community management', 'Influencer marketing', 'Email marketing', 'Mailchimp', 'HubSpot', 'Lead generation', 'Market research', 'Public relations|pr'],
	'{Social media|Campaign|Community} manager, {three posts a week|leads, not likes}',
	'{plan and run|take over} {the channels of a {vineyard|bike shop|theatre}|a campaign for {a new tea|an open day|electric vans}|a monthly newsletter with {3,000|20,000} readers}',
	'{plan|run} your {social media channels|campaign|newsletter}'),
('accounting', 4, ARRAY['Bookkeeping', 'Accounting', 'QuickBooks', 'Xero', 'Financial modeling|financial modelling', 'Tax preparation', 'Payroll', 'Budgeting', 'Business plans', 'Financial analysis'],
	'{Bookkeeper|Accountant|Financial analyst}, {month closed by the fifth|small firms}',
	'{keep the books of|clean up last year''s accounts of|plan the budget of} {a restaurant|a design studio|a charity|an online shop}',
	'{keep your books|prepare your tax return|build your business plan}'),
('project-management', 5, ARRAY['Project management', 'Agile|scrum', 'Jira', 'Asana', 'Virtual assistance|virtual assistant', 'Data entry', 'Customer support|customer service', 'Zendesk', 'Business analysis', 'Process improvement', 'Product management', 'Event planning', 'Recruiting', 'Research', 'Notion'],
	'{Project manager|Virtual assistant|Business analyst}, {calm in week eleven|nothing forgotten}',
	'{organise|look after|describe and improve} {the move of an office|the inbox and calendar of a director|a conference for {120|400} people|the support queue of an app|how we handle returns}',
	'{organise|manage} your {project|inbox|event}')
$$;
COMMENT ON FUNCTION skillancer.demo_fields() IS
	'Fields of work: category, how common, skills, templates of a headline, of a client''s task and of a freelancer''s offer.';

-- demo_words(): lists of names and places
CREATE OR REPLACE FUNCTION skillancer.demo_words(p_list text)
RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT CASE p_list
	WHEN 'given' THEN string_to_array('Amara Aisha Ana Anton Arjun Astrid Ayumi Bela Bruno Camila Chen Chidi Clara Daniel Dara Diego Dina Elena Elif Emeka Emma Erik Farah Fatima Felix Freya Gabriel Giulia Grace Hana Hassan Hugo Ibrahim Inga Irina Ivan Jamal Jana Jonas Julia Kenji Kofi Lars Laila Leon Lin Lucia Maja Marco Maria Marta Mateo Mei Mina Mohammed Nadia Nia Nikhil Noah Nora Oksana Olga Omar Oscar Pablo Paula Petra Priya Rafael Ravi Rosa Ruth Sami Sara Selma Sofia Stefan Sven Tamar Tariq Tessa Thabo Tomas Uma Valentin Vera Viktor Wanjiru Yara Yusuf Zofia Zuri', ' ')
	WHEN 'family' THEN string_to_array('Abe Acosta Adeyemi Ahmed Almeida Andersen Bauer Becker Bianchi Boateng Campos Castro Chowdhury Conti Costa Dahl Das Demir Diaz Dubois Eriksen Farouk Fernandes Fischer Fontaine Garcia Gomez Gupta Haddad Hansen Hassan Horvat Ito Ivanova Jansen Jensen Kamau Kaya Khan Kim Kovacs Kowalska Kumar Larsen Leroy Lopez Maier Mbeki Mendes Moreau Mensah Mwangi Nakamura Nguyen Nowak Nwosu Okafor Oliveira Onyango Ortiz Park Patel Pereira Petrov Popescu Rahman Ramos Reyes Ricci Rossi Sato Schmidt Shah Silva Singh Sorensen Suzuki Tanaka Torres Tran Varga Vasquez Vogel Walker Weber Wilson Wong Yilmaz Zhang Zielinski', ' ')
	WHEN 'firm' THEN string_to_array('Alder Amber Anchor Arbor Aster Basalt Beacon Birch Brook Canopy Cedar Cinder Cobalt Copper Coral Delta Ember Fern Fjord Flint Garnet Granite Harbour Hazel Heron Indigo Iris Jade Juniper Kestrel Larch Laurel Linden Lotus Maple Marble Meadow Mistral Nimbus North Oak Ochre Olive Onyx Opal Orchard Osprey Pebble Pine Plum Quartz Quill Raven Reed Ridge River Rowan Saffron Sage Sierra Slate Sparrow Spruce Summit Tamarind Thistle Tide Timber Topaz Umber Vale Vesper Violet Walnut Willow Wren Yarrow Zephyr', ' ')
	WHEN 'trade' THEN string_to_array('Analytics,Apps,Books,Catering,Clinics,Consulting,Crafts,Education,Energy,Events,Fitness,Foods,Games,Gardens,Health,Homes,Hotels,Interiors,Labs,Logistics,Media,Mobility,Music,Outdoors,Pets,Robotics,Shops,Software,Studios,Travel', ',')
	END
$$;
COMMENT ON FUNCTION skillancer.demo_words(text) IS 'A list of words: given and family names, words for names of firms and their trades.';

-- demo_countries(): where people are, by how often
CREATE OR REPLACE FUNCTION skillancer.demo_countries(
	OUT code text, OUT alpha3 text, OUT number integer, OUT name text, OUT currency text, OUT clients integer, OUT freelancers integer)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 30
SET search_path = pg_catalog, skillancer, pg_temp
AS $$ VALUES
	('US', 'USA', 840, 'United States', 'USD', 1729, 796), ('IN', 'IND', 356, 'India', 'INR', 409, 1257),
	('GB', 'GBR', 826, 'United Kingdom', 'GBP', 349, 2143), ('AU', 'AUS', 36, 'Australia', 'AUD', 172, 75),
	('CA', 'CAN', 124, 'Canada', 'CAD', 166, 122), ('AE', 'ARE', 784, 'United Arab Emirates', 'AED', 98, 102),
	('PK', 'PAK', 586, 'Pakistan', 'PKR', 94, 1142), ('DE', 'DEU', 276, 'Germany', 'EUR', 77, 127),
	('SA', 'SAU', 682, 'Saudi Arabia', 'SAR', 62, 20), ('NL', 'NLD', 528, 'Netherlands', 'EUR', 62, 40),
	('FR', 'FRA', 250, 'France', 'EUR', 43, 99), ('ES', 'ESP', 724, 'Spain', 'EUR', 43, 85),
	('IL', 'ISR', 376, 'Israel', 'ILS', 41, 15), ('IT', 'ITA', 380, 'Italy', 'EUR', 37, 82),
	('SG', 'SGP', 702, 'Singapore', 'SGD', 34, 10), ('CH', 'CHE', 756, 'Switzerland', 'CHF', 32, 12),
	('UA', 'UKR', 804, 'Ukraine', 'UAH', 29, 131), ('IE', 'IRL', 372, 'Ireland', 'EUR', 27, 30),
	('ZA', 'ZAF', 710, 'South Africa', 'ZAR', 25, 117), ('PH', 'PHL', 608, 'Philippines', 'PHP', 23, 361),
	('BD', 'BGD', 50, 'Bangladesh', 'BDT', 10, 1066), ('KE', 'KEN', 404, 'Kenya', 'KES', 8, 294),
	('NG', 'NGA', 566, 'Nigeria', 'NGN', 12, 263), ('EG', 'EGY', 818, 'Egypt', 'EGP', 9, 262),
	('ID', 'IDN', 360, 'Indonesia', 'IDR', 6, 189), ('LK', 'LKA', 144, 'Sri Lanka', 'LKR', 5, 155),
	('TR', 'TUR', 792, 'Turkey', 'TRY', 12, 112), ('BR', 'BRA', 76, 'Brazil', 'BRL', 12, 40),
	('JP', 'JPN', 392, 'Japan', 'JPY', 14, 12), ('SE', 'SWE', 752, 'Sweden', 'SEK', 20, 18)
$$;
COMMENT ON FUNCTION skillancer.demo_countries() IS
	'Countries with how many of 10,000 clients and freelancers of the calibration are there.';


-- ======== sql/project/draw.sql
/*
 * sql/project/draw.sql
 *		Repeatable draws for the generator: what comes out depends on seed, stream and index alone.
 */

-- draw(): a number from 0 to 1
CREATE OR REPLACE FUNCTION skillancer.draw(p_seed integer, p_stream text, p_index bigint)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_draw';
COMMENT ON FUNCTION skillancer.draw(integer, text, bigint) IS 'Evenly distributed number, 0 included, 1 not.';

-- draw_int(): a whole number
CREATE OR REPLACE FUNCTION skillancer.draw_int(p_seed integer, p_stream text, p_index bigint, p_low integer, p_high integer)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_draw_int';
COMMENT ON FUNCTION skillancer.draw_int(integer, text, bigint, integer, integer) IS
	'Evenly distributed whole number, both bounds included.';

-- draw_one(): one of several
CREATE OR REPLACE FUNCTION skillancer.draw_one(
	p_seed integer, p_stream text, p_index bigint, p_choices text[], p_weights integer[] DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_draw_one';
COMMENT ON FUNCTION skillancer.draw_one(integer, text, bigint, text[], integer[]) IS
	'One of the choices, all alike or by weights.';

-- draw_quantile(): a number of a distribution
CREATE OR REPLACE FUNCTION skillancer.draw_quantile(
	p_seed integer, p_stream text, p_index bigint, p_levels double precision[], p_values double precision[])
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_draw_quantile';
COMMENT ON FUNCTION skillancer.draw_quantile(integer, text, bigint, double precision[], double precision[]) IS
	'A number of the distribution that has these values at these levels (0..1).';

-- draw_id(): an id that is the same every time
CREATE OR REPLACE FUNCTION skillancer.draw_id(p_seed integer, p_stream text, p_index bigint)
RETURNS uuid
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_draw_id';
COMMENT ON FUNCTION skillancer.draw_id(integer, text, bigint) IS 'A UUIDv7; a later index has a greater one.';

-- compose(): a text of a grammar
CREATE OR REPLACE FUNCTION skillancer.compose(p_seed integer, p_stream text, p_index bigint, p_template text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_compose';
COMMENT ON FUNCTION skillancer.compose(integer, text, bigint, text) IS
	'The template with one alternative taken of each {a|b|c}; braces may be nested.';


-- ======== sql/project/events.sql
/*
 * events.sql
 *		Events of the project service with the JSON schema of their data. Every member named here is a
 *		text that is always there; more may be there.
 */

INSERT INTO skillancer.event_type (name, description, schema)
SELECT e.name, e.description, jsonb_build_object(
	'type', 'object',
	'required', to_jsonb(m.members),
	'properties', (SELECT jsonb_object_agg(x, '{"type": "string"}'::jsonb) FROM unnest(m.members) x))
FROM (VALUES
	('project', false, 'project.created', 'A client wrote a draft'),
	('project', false, 'project.updated', 'The text or the terms of a project changed'),
	('project', true, 'project.published', 'A project takes proposals'),
	('project', true, 'project.held', 'A project waits for review, because its text looks risky'),
	('project', true, 'project.rejected', 'Review sent a project back to its client; reason says why'),
	('project', true, 'project.paused', 'A project takes no proposals for a while'),
	('project', true, 'project.resumed', 'A paused project takes proposals again'),
	('project', true, 'project.filled', 'All openings of a project are taken'),
	('project', true, 'project.closed', 'A filled project is over'),
	('project', true, 'project.cancelled', 'The client or staff ended a project without filling it'),
	('project', true, 'project.expired', 'A project was open for too long'),
	('proposal', false, 'proposal.submitted', 'A freelancer made a proposal'),
	('proposal', false, 'proposal.viewed', 'The client looked at a proposal for the first time'),
	('proposal', false, 'proposal.shortlisted', 'The client put a proposal on the short list'),
	('proposal', true, 'proposal.updated', 'The freelancer changed a proposal'),
	('proposal', true, 'proposal.countered', 'The client named other terms'),
	('proposal', true, 'proposal.accepted', 'The client accepted a proposal'),
	('proposal', true, 'proposal.withdrawn', 'The freelancer took a proposal back'),
	('proposal', true, 'proposal.declined', 'The client declined a proposal'),
	('proposal', true, 'proposal.closed', 'A proposal ended with its project'),
	('proposal', true, 'proposal.expired', 'A proposal was left unanswered for too long'),
	('invitation', false, 'invitation.sent', 'A client invited a freelancer to propose'),
	('invitation', true, 'invitation.accepted', 'The invited freelancer accepted, or proposed'),
	('invitation', true, 'invitation.declined', 'The invited freelancer declined'),
	('invitation', true, 'invitation.withdrawn', 'The client took an invitation back'),
	('invitation', true, 'invitation.expired', 'An invitation was left unanswered for too long'),
	('gig', false, 'gig.created', 'A freelancer wrote the draft of a gig'),
	('gig', false, 'gig.updated', 'A freelancer changed a gig; revision counts the wordings'),
	('gig', true, 'gig.activated', 'A gig can be ordered'),
	('gig', true, 'gig.paused', 'A gig cannot be ordered for a while'),
	('gig', true, 'gig.archived', 'A gig is over'),
	('gig', true, 'gig.suspended', 'Moderation took a gig down; reason says why'),
	('gig', true, 'gig.reinstated', 'Moderation gave a gig back to its freelancer')
) AS e (aggregate, moves, name, description)
CROSS JOIN LATERAL (SELECT
	CASE e.aggregate
		WHEN 'project' THEN '{projectId,clientId,state}'::text[]
		WHEN 'proposal' THEN '{proposalId,projectId,clientId,freelancerId,state}'
		WHEN 'invitation' THEN '{invitationId,projectId,clientId,freelancerId,state}'
		WHEN 'gig' THEN '{gigId,freelancerId,state}'
	END || CASE WHEN e.moves THEN '{from}'::text[] ELSE '{}' END) AS m (members);


-- ======== sql/project/functions.sql
/*
 * functions.sql
 *		What the commands of the project service share: text rules, resolving names, locks and the
 *		predicate of the project's policy.
 */

-- The key by which names are compared.
CREATE OR REPLACE FUNCTION skillancer.slugify(p_name text)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_slugify';
COMMENT ON FUNCTION skillancer.slugify(text) IS
	'Slug of a name: lower-case ASCII, hyphens between words, at most 80 bytes; NULL when nothing is left of it.';

-- What in a text wants to leave the platform.
CREATE OR REPLACE FUNCTION skillancer.risk_kinds(p_text text)
RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_risk_kinds';
COMMENT ON FUNCTION skillancer.risk_kinds(text) IS
	'Kinds of contact details and offers to pay elsewhere in a text; an empty array when it has none.';

-- How bad that is.
CREATE OR REPLACE FUNCTION skillancer.risk_score(p_kinds text[])
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_risk_score';
COMMENT ON FUNCTION skillancer.risk_score(text[]) IS 'Sum of the scores of the kinds, at most 100.';

-- A text without the blanks around it.
CREATE OR REPLACE FUNCTION skillancer.trimmed(p_text text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN btrim(p_text, E' \t\r\n');
END
$$;
COMMENT ON FUNCTION skillancer.trimmed(text) IS 'The text without blanks and line ends at both ends.';

-- Notes empty items of a list.
CREATE OR REPLACE FUNCTION skillancer.check_items(p_field text, p_value text[], p_max_items integer, p_max_length integer)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_array(p_field, p_value, p_max_items, p_max_length);
	PERFORM skillancer.check_that(format('%s[%s]', p_field, t.n - 1), false, 'must not be empty')
	FROM unnest(p_value) WITH ORDINALITY AS t(item, n)
	WHERE skillancer.trimmed(t.item) = '';
END
$$;
COMMENT ON FUNCTION skillancer.check_items(text, text[], integer, integer) IS
	'check_array(), and every item has to say something.';

-- A category inside another document.
CREATE OR REPLACE FUNCTION skillancer.category_json(p_id skillancer.category_id)
RETURNS json
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_category_json';
COMMENT ON FUNCTION skillancer.category_json(skillancer.category_id) IS
	'{"id", "slug", "name"} of a category, from a cache of the backend that follows the table.';
GRANT EXECUTE ON FUNCTION skillancer.category_json(skillancer.category_id) TO skillancer_bridge;

-- Skills inside another document.
CREATE OR REPLACE FUNCTION skillancer.skills_json(p_ids skillancer.skill_id[])
RETURNS json
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'skl_fn_skills_json';
COMMENT ON FUNCTION skillancer.skills_json(skillancer.skill_id[]) IS
	'Array of {"id", "slug", "name"} in the order of the ids, from a cache of the backend that follows the table.';
GRANT EXECUTE ON FUNCTION skillancer.skills_json(skillancer.skill_id[]) TO skillancer_bridge;

-- Tells every backend that the catalogue changed.
CREATE OR REPLACE FUNCTION skillancer.catalogue_changed()
RETURNS trigger
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_catalogue_changed';
COMMENT ON FUNCTION skillancer.catalogue_changed() IS
	'Trigger of category and skill: caches of their JSON are dropped when the change commits.';

-- Checks of nested terms; problems name the member, as in milestones[1].amount.
CREATE OR REPLACE FUNCTION skillancer.check_milestones(p_field text, p_milestones jsonb, p_bid skillancer.monetary)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_milestones';
COMMENT ON FUNCTION skillancer.check_milestones(text, jsonb, skillancer.monetary) IS
	'Notes what is wrong with proposed milestones: at most 20, each with title, amount and days, adding up to the bid.';

-- Checks of a gig's packages.
CREATE OR REPLACE FUNCTION skillancer.check_packages(p_field text, p_packages jsonb)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_packages';
COMMENT ON FUNCTION skillancer.check_packages(text, jsonb) IS
	'Notes what is wrong with packages: one to three tiers, price, delivery days, revisions, features, one currency.';

-- Checks of a gig's extras and questions.
CREATE OR REPLACE FUNCTION skillancer.check_gig_lists(p_extras jsonb, p_faq jsonb, p_currency text)
RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'skl_fn_check_gig_lists';
COMMENT ON FUNCTION skillancer.check_gig_lists(jsonb, jsonb, text) IS
	'Notes what is wrong with extras (at most 10, priced in the currency) and with the FAQ (at most 20).';

-- The lowest price of checked packages.
CREATE OR REPLACE FUNCTION skillancer.lowest_price(p_packages jsonb)
RETURNS skillancer.monetary
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'skl_fn_lowest_price';
COMMENT ON FUNCTION skillancer.lowest_price(jsonb) IS
	'Lowest "price" in an array of packages; NULL when none can be read.';

-- Money inside checked terms as monetary writes it.
CREATE OR REPLACE FUNCTION skillancer.tidy_terms(p_list jsonb, p_member text)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT coalesce(jsonb_agg(jsonb_set(e, ARRAY[p_member], (e -> p_member)::skillancer.monetary::jsonb) ORDER BY n), '[]')
		FROM jsonb_array_elements(p_list) WITH ORDINALITY AS t(e, n));
END
$$;
COMMENT ON FUNCTION skillancer.tidy_terms(jsonb, text) IS
	'The list with the amount of every item in its canonical form ("50" USD becomes "50.00"); an empty list for NULL.';

-- New business is closed to restricted accounts.
CREATE OR REPLACE FUNCTION skillancer.require_unrestricted()
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF skillancer.current_user_state() = 'RESTRICTED' THEN
		PERFORM skillancer.fail('PERMISSION_DENIED', 'your account is restricted: running contracts go on, new business is closed');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.require_unrestricted() IS
	'Raises PERMISSION_DENIED when the account of the caller is restricted.';

-- Notes risk signals about a text of the caller.
CREATE OR REPLACE FUNCTION skillancer.note_risk(p_subject_type text, p_subject_id uuid, p_text text)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_kinds text[] := skillancer.risk_kinds(p_text);
BEGIN
	IF cardinality(v_kinds) > 0 THEN
		INSERT INTO skillancer.risk_signal (user_id, kind, subject_type, subject_id, score)
		SELECT skillancer.current_user_id(), k, p_subject_type, p_subject_id, skillancer.risk_score(ARRAY[k])
		FROM unnest(v_kinds) k;
	END IF;
	RETURN skillancer.risk_score(v_kinds);
END
$$;
COMMENT ON FUNCTION skillancer.note_risk(text, uuid, text) IS
	'Writes one risk_signal row a kind found in the text and returns the score of all.';

-- A category by id or slug.
CREATE OR REPLACE FUNCTION skillancer.resolve_category(p_field text, p_category text)
RETURNS skillancer.category_id
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id skillancer.category_id;
BEGIN
	IF p_category IS NULL THEN
		RETURN NULL;
	ELSIF p_category ~ '^cat_[0-7][0-9a-hjkmnp-tv-z]{25}$' THEN
		SELECT c.id INTO v_id FROM skillancer.category c WHERE c.id = p_category::skillancer.category_id;
	ELSE
		SELECT c.id INTO v_id FROM skillancer.category c WHERE c.slug = skillancer.slugify(p_category);
	END IF;
	PERFORM skillancer.check_that(p_field, v_id IS NOT NULL, 'is not a category');
	RETURN v_id;
END
$$;
COMMENT ON FUNCTION skillancer.resolve_category(text, text) IS
	'The category with this id or slug; an unknown one is a problem of the field.';
GRANT EXECUTE ON FUNCTION skillancer.resolve_category(text, text) TO skillancer_bridge;

-- A category with what lies below it.
CREATE OR REPLACE FUNCTION skillancer.category_subtree(p_id skillancer.category_id)
RETURNS skillancer.category_id[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (WITH RECURSIVE t AS (
			SELECT p_id AS id
			UNION ALL
			SELECT c.id FROM skillancer.category c JOIN t ON c.parent_id = t.id)
		SELECT array_agg(t.id) FROM t);
END
$$;
COMMENT ON FUNCTION skillancer.category_subtree(skillancer.category_id) IS
	'The category and its descendants.';
GRANT EXECUTE ON FUNCTION skillancer.category_subtree(skillancer.category_id) TO skillancer_bridge;

-- Skills by id, slug or alias.
CREATE OR REPLACE FUNCTION skillancer.resolve_skills(p_field text, p_skills text[], p_max integer DEFAULT 20)
RETURNS skillancer.skill_id[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ids     skillancer.skill_id[] := ARRAY[]::skillancer.skill_id[];
	v_unknown integer[];
BEGIN
	PERFORM skillancer.check_array(p_field, p_skills, p_max, 120);
	IF cardinality(coalesce(p_skills, '{}')) = 0 OR cardinality(p_skills) > p_max THEN
		RETURN v_ids;
	END IF;
	WITH given AS (
		SELECT g.n, coalesce(s.merged_into, s.id, k.skill_id) AS id
		FROM unnest(p_skills) WITH ORDINALITY AS g(name, n)
		LEFT JOIN skillancer.skill s ON s.id =
			CASE WHEN g.name ~ '^skl_[0-7][0-9a-hjkmnp-tv-z]{25}$' THEN g.name::skillancer.skill_id END
		LEFT JOIN skillancer.skill_key k ON k.key = skillancer.slugify(g.name))
	SELECT (SELECT coalesce(array_agg(f.id ORDER BY f.n), '{}')
			FROM (SELECT id, min(n) AS n FROM given WHERE id IS NOT NULL GROUP BY id) f),
		(SELECT array_agg(n::integer - 1 ORDER BY n) FROM given WHERE id IS NULL)
	INTO v_ids, v_unknown;
	IF v_unknown IS NOT NULL THEN
		PERFORM skillancer.check_that(format('%s[%s]', p_field, u), false, 'is not a known skill')
		FROM unnest(v_unknown) u;
	END IF;
	RETURN v_ids;
END
$$;
COMMENT ON FUNCTION skillancer.resolve_skills(text, text[], integer) IS
	'The skills with these ids, slugs or aliases in their order, each once; unknown ones are problems of field[n].';
GRANT EXECUTE ON FUNCTION skillancer.resolve_skills(text, text[], integer) TO skillancer_bridge;

-- Adds a skill.
CREATE OR REPLACE FUNCTION skillancer.skill_add(
	p_name text, p_slug text DEFAULT NULL, p_aliases text[] DEFAULT '{}', p_category skillancer.category_id DEFAULT NULL)
RETURNS skillancer.skill_id
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_slug text := coalesce(p_slug, skillancer.slugify(p_name));
	v_id   skillancer.skill_id;
	v_new  text[];
BEGIN
	IF v_slug IS NULL THEN
		PERFORM skillancer.check_that('name', false, 'has no letter or digit that a slug can be made of');
		PERFORM skillancer.check_done();
	END IF;
	SELECT k.skill_id INTO v_id FROM skillancer.skill_key k WHERE k.key = v_slug;
	SELECT coalesce(array_agg(DISTINCT a.slug), '{}') INTO v_new
	FROM (SELECT skillancer.slugify(x) COLLATE "C" AS slug FROM unnest(p_aliases) x) a
	WHERE a.slug <> v_slug
		AND NOT EXISTS (SELECT FROM skillancer.skill_key k WHERE k.key = a.slug);
	IF v_id IS NULL THEN
		INSERT INTO skillancer.skill (slug, name, aliases, category_id)
		VALUES (v_slug, p_name, v_new, p_category)
		RETURNING id INTO v_id;
	ELSIF cardinality(v_new) > 0 THEN
		UPDATE skillancer.skill s
		SET aliases = s.aliases || v_new, updated_at = skillancer.now()
		WHERE s.id = v_id;
	END IF;
	RETURN v_id;
END
$$;
COMMENT ON FUNCTION skillancer.skill_add(text, text, text[], skillancer.category_id) IS
	'Adds a skill, or the aliases to the one that the slug leads to already. Aliases that mean another skill are left out.';

-- Puts one skill under another.
CREATE OR REPLACE FUNCTION skillancer.skill_merge(p_from skillancer.skill_id, p_into skillancer.skill_id)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_from  skillancer.skill;
	v_count integer;
BEGIN
	PERFORM FROM skillancer.skill s WHERE s.id IN (p_from, p_into) ORDER BY s.id FOR UPDATE;
	SELECT * INTO v_from FROM skillancer.skill s WHERE s.id = p_from AND s.merged_into IS NULL;
	IF NOT FOUND OR p_from = p_into
		OR NOT EXISTS (SELECT FROM skillancer.skill s WHERE s.id = p_into AND s.merged_into IS NULL) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	UPDATE skillancer.skill s
	SET merged_into = p_into, aliases = '{}', updated_at = skillancer.now()
	WHERE s.id = p_from OR s.merged_into = p_from;
	UPDATE skillancer.skill s
	SET aliases = s.aliases || v_from.slug || v_from.aliases, updated_at = skillancer.now()
	WHERE s.id = p_into;
	UPDATE skillancer.project p
	SET skills = (SELECT array_agg(f.id ORDER BY f.n)
			FROM (SELECT CASE WHEN u.id = p_from THEN p_into ELSE u.id END AS id, min(u.n) AS n
				FROM unnest(p.skills) WITH ORDINALITY AS u(id, n) GROUP BY 1) f),
		version = p.version + 1, updated_at = skillancer.now()
	WHERE p.skills @> ARRAY[p_from];
	GET DIAGNOSTICS v_count = ROW_COUNT;
	RETURN v_count;
END
$$;
COMMENT ON FUNCTION skillancer.skill_merge(skillancer.skill_id, skillancer.skill_id) IS
	'Merges a skill into another: its names become aliases, projects that asked for it ask for the other. Returns their number.';

-- Keeps skill_key in step with the slug and the aliases of a skill.
CREATE OR REPLACE FUNCTION skillancer.skill_keys()
RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	DELETE FROM skillancer.skill_key k WHERE k.skill_id = NEW.id;
	IF NEW.merged_into IS NULL THEN
		INSERT INTO skillancer.skill_key (key, skill_id)
		SELECT DISTINCT u, NEW.id FROM unnest(NEW.aliases || NEW.slug) u;
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.skill_keys() IS 'Trigger of skill: one skill_key row a spelling.';

-- Has the caller a stake in a project that others may not see?
CREATE OR REPLACE FUNCTION skillancer.is_project_guest(p_id skillancer.project_id)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
BEGIN
	IF v_me IS NULL THEN
		RETURN false;
	END IF;
	RETURN EXISTS (SELECT FROM skillancer.proposal p WHERE p.freelancer_id = v_me AND p.project_id = p_id)
		OR EXISTS (SELECT FROM skillancer.invitation i WHERE i.freelancer_id = v_me AND i.project_id = p_id
			AND i.state IN ('SENT', 'ACCEPTED'));
END
$$;
COMMENT ON FUNCTION skillancer.is_project_guest(skillancer.project_id) IS
	'True when the caller proposed on the project or is invited to it. A definer function, so that the policies of project and proposal do not read each other.';
ALTER FUNCTION skillancer.is_project_guest(skillancer.project_id) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.is_project_guest(skillancer.project_id)
	TO skillancer_bridge, skillancer_worker, skillancer_analyst, skillancer_admin;

-- Keeps a project in its state until the end of the transaction.
CREATE OR REPLACE FUNCTION skillancer.hold_project(p_id skillancer.project_id)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text;
BEGIN
	SELECT p.state INTO v_state FROM skillancer.project p WHERE p.id = p_id FOR SHARE;
	RETURN v_state;
END
$$;
COMMENT ON FUNCTION skillancer.hold_project(skillancer.project_id) IS
	'Locks a project against a change of state and returns the state. Who proposes may not update the row, so the engine locks it.';
ALTER FUNCTION skillancer.hold_project(skillancer.project_id) OWNER TO skillancer_engine;


-- ======== sql/project/generate.sql
/*
 * sql/project/generate.sql
 *		A believable marketplace of any size, without anybody's data: figures follow the calibration (quantiles and
 *		counts of real marketplaces), words come from demo_words.sql.
 *
 * Every row depends on seed, kind and index alone: the same call makes the same rows, a second call makes none, and
 * a larger size adds to what is there. Times count back from now, so that nothing has expired.
 */

-- demo_skills(): the skills of the fields of work
CREATE OR REPLACE FUNCTION skillancer.demo_skills()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.skill (slug, name, aliases, category_id)
	SELECT DISTINCT ON (w.slug) w.slug, w.names[1],
		ARRAY(SELECT DISTINCT skillancer.slugify(a) FROM unnest(w.names[2:]) a
			WHERE skillancer.slugify(a) <> w.slug
				AND NOT EXISTS (SELECT FROM skillancer.skill_key k WHERE k.key = skillancer.slugify(a))), c.id
	FROM (SELECT f.slug AS field, skillancer.slugify(n.names[1]) AS slug, n.names
		FROM skillancer.demo_fields() f, unnest(f.skills) s,
			LATERAL (SELECT string_to_array(s, '|') AS names) n) w
	JOIN skillancer.category c ON c.slug = w.field
	WHERE NOT EXISTS (SELECT FROM skillancer.skill_key k WHERE k.key = w.slug)
	ORDER BY w.slug, w.field;
	INSERT INTO skillancer.country (code, alpha3, number, name, currencies)
	SELECT d.code, d.alpha3, d.number, d.name, ARRAY[d.currency] FROM skillancer.demo_countries() d
	ON CONFLICT ON CONSTRAINT country_pkey DO NOTHING;
END
$$;
COMMENT ON FUNCTION skillancer.demo_skills() IS 'Adds the skills and countries that generated people have, where they are missing.';

-- demo_field_skills(): the ids of the skills of each field
CREATE OR REPLACE FUNCTION skillancer.demo_field_skills(OUT slug text, OUT category_id skillancer.category_id,
	OUT ids skillancer.skill_id[], OUT names text[], OUT headline text, OUT task text, OUT offer text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT f.slug, c.id, array_agg(k.skill_id ORDER BY s.at),
		array_agg(split_part(s.name, '|', 1) ORDER BY s.at), f.headline, f.task, f.offer
	FROM skillancer.demo_fields() f
	JOIN skillancer.category c ON c.slug = f.slug,
		unnest(f.skills) WITH ORDINALITY s (name, at)
	JOIN skillancer.skill_key k ON k.key = skillancer.slugify(split_part(s.name, '|', 1))
	GROUP BY f.slug, c.id, f.headline, f.task, f.offer;
END
$$;
COMMENT ON FUNCTION skillancer.demo_field_skills() IS 'The fields of work with the ids of their category and skills.';

-- demo_field_slugs(): the fields in a fixed order
CREATE OR REPLACE FUNCTION skillancer.demo_field_slugs()
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT array_agg(f.slug ORDER BY f.slug COLLATE "C") FROM skillancer.demo_fields() f
$$;
COMMENT ON FUNCTION skillancer.demo_field_slugs() IS 'The categories of the fields of work, for drawing one.';

-- demo_field_weights(): how common each is
CREATE OR REPLACE FUNCTION skillancer.demo_field_weights()
RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT array_agg(f.weight ORDER BY f.slug COLLATE "C") FROM skillancer.demo_fields() f
$$;
COMMENT ON FUNCTION skillancer.demo_field_weights() IS 'How common the fields of demo_field_slugs() are.';

-- generate_people(): accounts of one kind with roles, without profiles
CREATE OR REPLACE FUNCTION skillancer.generate_people(p_seed integer, p_kind text, p_count integer)
RETURNS uuid[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ids    uuid[];
	v_names  text[];
	v_emails text[];
BEGIN
	SELECT array_agg(p.id ORDER BY p.n), array_agg(p.name ORDER BY p.n), array_agg(p.email ORDER BY p.n)
	INTO v_ids, v_names, v_emails
	FROM (SELECT n, skillancer.draw_id(p_seed, p_kind, n) AS id,
			skillancer.draw_one(p_seed, p_kind || '.given', n, skillancer.demo_words('given')) || ' ' ||
			skillancer.draw_one(p_seed, p_kind || '.family', n, skillancer.demo_words('family')) AS name,
			format('%s-%s-%s@demo.invalid', p_kind, p_seed, n) AS email
		FROM generate_series(1, p_count) n) p
	WHERE NOT EXISTS (SELECT FROM skillancer.user_account a WHERE a.id = p.id::skillancer.user_id);
	IF v_ids IS NOT NULL THEN
		PERFORM skillancer.import_accounts(v_ids, v_emails, v_names, upper(p_kind));
		UPDATE skillancer.verification v SET status = 'VERIFIED', verified_at = skillancer.now()
		WHERE v.user_id = ANY (v_ids::skillancer.user_id[]) AND v.kind = 'EMAIL';
	END IF;
	RETURN coalesce(v_ids, '{}');
END
$$;
COMMENT ON FUNCTION skillancer.generate_people(integer, text, integer) IS
	'Accounts of people of a kind (client, freelancer) who are not there yet; returns their ids.';

-- generate_clients()
CREATE OR REPLACE FUNCTION skillancer.generate_clients(p_seed integer, p_count integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ids uuid[] := skillancer.generate_people(p_seed, 'client', p_count);
	v_codes   text[] := (SELECT array_agg(d.code) FROM skillancer.demo_countries() d);
	v_weights integer[] := (SELECT array_agg(d.clients) FROM skillancer.demo_countries() d);
BEGIN
	INSERT INTO skillancer.profile (user_id, display_name, country, company_name, company_size, company_bio, is_listed)
	SELECT a.id, a.name, skillancer.draw_one(p_seed, 'client.country', c.n, v_codes, v_weights), f.firm,
		skillancer.draw_one(p_seed, 'client.size', c.n, '{1,2-10,11-50,51-200,201-1000,1001+}', '{30,34,20,10,4,2}'),
		skillancer.compose(p_seed, 'client.bio', c.n, f.firm || ' {is a|is a small|is a family-run|started in {2009|2014|2019|2022} as a} '
			|| lower(f.trade) || ' {company|business|firm}. {We work with freelancers {all year|when it gets busy|for what we cannot do ourselves}.|We know what we want, and {say it|write it down}.}'),
		true
	FROM generate_series(1, p_count) c (n)
	JOIN skillancer.user_account a ON a.id = skillancer.draw_id(p_seed, 'client', c.n)::skillancer.user_id
	CROSS JOIN LATERAL (SELECT t.trade, skillancer.draw_one(p_seed, 'client.firm', c.n, skillancer.demo_words('firm')) || ' ' || t.trade AS firm
		FROM (SELECT skillancer.draw_one(p_seed, 'client.trade', c.n, skillancer.demo_words('trade')) AS trade) t) f
	WHERE a.id = ANY (v_ids::skillancer.user_id[]);
	RETURN cardinality(v_ids);
END
$$;
COMMENT ON FUNCTION skillancer.generate_clients(integer, integer) IS 'Clients with a company, up to this number; returns how many are new.';

-- generate_freelancers()
CREATE OR REPLACE FUNCTION skillancer.generate_freelancers(p_seed integer, p_count integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_ids uuid[] := skillancer.generate_people(p_seed, 'freelancer', p_count);
	v_codes   text[] := (SELECT array_agg(d.code) FROM skillancer.demo_countries() d);
	v_weights integer[] := (SELECT array_agg(d.freelancers) FROM skillancer.demo_countries() d);
BEGIN
	WITH field AS MATERIALIZED (SELECT * FROM skillancer.demo_field_skills()),
	person AS MATERIALIZED (
		SELECT p.n, p.id, f.ids, f.names, f.headline, skillancer.draw_int(p_seed, 'freelancer.skills', p.n, 3, 8) AS how_many,
			skillancer.draw_int(p_seed, 'freelancer.years', p.n, 1, 18) AS practice
		FROM (SELECT n, skillancer.draw_id(p_seed, 'freelancer', n)::skillancer.user_id AS id,
				skillancer.draw_one(p_seed, 'freelancer.field', n, skillancer.demo_field_slugs(), skillancer.demo_field_weights()) AS slug
			FROM generate_series(1, p_count) n) p
		JOIN field f ON f.slug = p.slug
		WHERE p.id = ANY (v_ids::skillancer.user_id[])),
	chosen AS (
		SELECT p.n, s.id, s.name, row_number() OVER (PARTITION BY p.n
				ORDER BY skillancer.draw(p_seed, 'freelancer.skill', p.n * 100 + s.at)) AS at,
			least(p.practice, 1 + (skillancer.draw(p_seed, 'freelancer.skillyears', p.n * 100 + s.at) * p.practice)::integer) AS years
		FROM person p, unnest(p.ids, p.names) WITH ORDINALITY s (id, name, at)),
	skills AS MATERIALIZED (
		SELECT c.n, skillancer.skillset_of(array_agg(c.id), array_agg(least(4, 1 + c.years / 4)::integer), array_agg(c.years)) AS skills,
			(array_agg(c.name ORDER BY c.at))[1:3] AS best
		FROM chosen c JOIN person p ON p.n = c.n AND c.at <= p.how_many GROUP BY c.n)
	INSERT INTO skillancer.profile (user_id, display_name, headline, bio, hourly_rate, skills, languages, country, availability, is_listed)
	SELECT p.id, a.name, skillancer.compose(p_seed, 'freelancer.headline', p.n, regexp_replace(p.headline, '\|\}', '|independent }')),
		skillancer.compose(p_seed, 'freelancer.bio', p.n, format('{I have|For %2$s years I have} {worked|been working} {with|in} %1$s%3$s. '
			|| '{My clients are {small firms|agencies|teams in three time zones|founders}, {most come back|many of them for years}.|I work {alone|with one partner}, {from a quiet office|from home}, and answer {within a day|the same day}.} '
			|| '{Before I start, we agree on what is done when it is done.|You get drafts early and surprises never.|I say no when something will not work, and offer what will.}',
			s.best[1], p.practice, coalesce(' and ' || s.best[2], ''))),
		skillancer.monetary_of(100 * round(skillancer.draw_quantile(p_seed, 'freelancer.rate', p.n,
			'{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}', '{9,10,11,20,32,51,66,128}'))::bigint, 'USD'),
		s.skills, CASE WHEN skillancer.draw(p_seed, 'freelancer.languages', p.n) < 0.5 THEN '{en}'
			ELSE ARRAY['en', skillancer.draw_one(p_seed, 'freelancer.language', p.n, '{de,fr,es,hi,bn,ar,pt,uk,tr,sw,id,ur,it,ja}')] END,
		skillancer.draw_one(p_seed, 'freelancer.country', p.n, v_codes, v_weights),
		skillancer.draw_one(p_seed, 'freelancer.availability', p.n, '{FULL_TIME,PART_TIME,OCCASIONAL,UNAVAILABLE}', '{45,35,15,5}'), true
	FROM person p JOIN skills s ON s.n = p.n JOIN skillancer.user_account a ON a.id = p.id;
	RETURN cardinality(v_ids);
END
$$;
COMMENT ON FUNCTION skillancer.generate_freelancers(integer, integer) IS
	'Freelancers with skills of one field, a rate and a profile, up to this number; returns how many are new.';

-- demo_round(): two significant digits
CREATE OR REPLACE FUNCTION skillancer.demo_round(p_amount double precision)
RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT (round(p_amount / u.unit) * u.unit)::bigint
	FROM (SELECT power(10, greatest(floor(log(greatest(p_amount, 1))) - 1, 0)) AS unit) u
$$;
COMMENT ON FUNCTION skillancer.demo_round(double precision) IS 'The number as people write budgets: with two digits that count.';

-- generate_marketplace()
CREATE OR REPLACE FUNCTION skillancer.generate_marketplace(p_size integer DEFAULT 300, p_seed integer DEFAULT 1)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_made jsonb;
BEGIN
	IF p_size NOT BETWEEN 10 AND 200000 THEN
		RAISE EXCEPTION 'size must be between 10 and 200000 projects' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('skillancer.import'));
	PERFORM skillancer.import_begin('generated marketplace');
	PERFORM skillancer.demo_skills();
	v_made := jsonb_build_object(
		'clients', skillancer.generate_clients(p_seed, 3 + p_size * 45 / 100),
		'freelancers', skillancer.generate_freelancers(p_seed, p_size * 5 / 2));
	ANALYZE skillancer.user_account, skillancer.profile, skillancer.skill_key;
	v_made := v_made || jsonb_build_object(
		'projects', skillancer.generate_projects(p_seed, p_size, 3 + p_size * 45 / 100),
		'gigs', skillancer.generate_gigs(p_seed, p_size * 3 / 2, p_size * 5 / 2));
	ANALYZE skillancer.project, skillancer.gig;
	v_made := v_made || jsonb_build_object(
		'proposals', skillancer.generate_proposals(p_seed, p_size, p_size * 5 / 2));
	PERFORM skillancer.make_demo_sign_ins(p_seed);
	RETURN v_made;
END
$$;
COMMENT ON FUNCTION skillancer.generate_marketplace(integer, integer) IS
	'Makes a marketplace with this many projects, and people, gigs and proposals to go with it; returns how many rows are new. For demos: it makes sign-ins with known passwords.';


-- ======== sql/project/generate_work.sql
/*
 * sql/project/generate_work.sql
 *		The work of a generated marketplace: projects, gigs, proposals. See generate.sql.
 */

-- demo_description(): what a client writes
CREATE OR REPLACE FUNCTION skillancer.demo_description(p_seed integer, p_index bigint, p_task text, p_skills text[])
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT skillancer.compose(p_seed, 'project.description', p_index, format(
		'{We are looking for someone who can|We need a freelancer to|I am looking for help to} %1$s.' || E'\n\n'
		|| '{Where we are: {nothing exists yet, but we know what we want|there is a first version that works, more or less|a colleague who left has made a good start|we have notes, sketches and a lot of opinions}.|Why now: {our busy season starts in {five|eight|ten} weeks|the old solution ends this {spring|autumn}|a customer asked, and we said yes}.|What matters most to us: {that it is simple to use|that it is done on time|that we can go on with it ourselves afterwards}.}'
		|| E'\n\n' || '{What we expect|The work|In short}:' || E'\n- '
		|| '{a short plan before you begin|an estimate in steps|a call of half an hour to start}' || E'\n- '
		|| '{drafts that we can comment on|results every {week|second week}|two rounds of changes}' || E'\n- '
		|| '{all source files|a handover that somebody else understands|a page of notes on how to keep it going}' || E'\n\n'
		|| '{You should know|We expect experience with|Needed:} %2$s%3$s. {%4$sPlease tell us {what you have done that is like this|how you would begin|what you would ask us first}.|{Small teams are welcome, too.|One person is enough.} {We decide within {a week|ten days}.|We answer every serious offer.}}',
		p_task, p_skills[1], coalesce(' and ' || p_skills[2], ''), coalesce(p_skills[3] || ' would help. ', '')))
$$;
COMMENT ON FUNCTION skillancer.demo_description(integer, bigint, text, text[]) IS 'Description of a project for a task and some skills.';

-- demo_projects(): what the n-th project of a seed is
CREATE OR REPLACE FUNCTION skillancer.demo_projects(p_seed integer, p_count integer, p_clients integer,
	OUT n bigint, OUT id skillancer.project_id, OUT client_id skillancer.user_id, OUT slug text, OUT is_shown boolean, OUT state text,
	OUT budget_kind text, OUT currency text, OUT low bigint, OUT high bigint, OUT age interval)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT n, skillancer.draw_id(p_seed, 'project', n)::skillancer.project_id,
		skillancer.draw_id(p_seed, 'client', CASE WHEN s.shown THEN 1 ELSE skillancer.draw_int(p_seed, 'project.client', n, 1, p_clients) END)::skillancer.user_id,
		skillancer.draw_one(p_seed, 'project.field', n, skillancer.demo_field_slugs(), skillancer.demo_field_weights()), s.shown,
		CASE WHEN s.shown THEN 'OPEN' ELSE skillancer.draw_one(p_seed, 'project.state', n, '{OPEN,DRAFT,PAUSED,CANCELLED,EXPIRED}', '{86,4,2,3,5}') END,
		b.kind, CASE WHEN s.shown THEN 'USD' ELSE skillancer.draw_one(p_seed, 'project.currency', n, '{USD,EUR,GBP}', '{80,12,8}') END,
		skillancer.demo_round(b.low),
		skillancer.demo_round(greatest(b.low * (1 + skillancer.draw(p_seed, 'project.width', n) * 0.6),
			CASE b.kind WHEN 'HOURLY' THEN b.low + 5 ELSE b.low END)),
		skillancer.draw(p_seed, 'project.age', n) * interval '24 days'
	FROM generate_series(1, p_count) n
	CROSS JOIN LATERAL (SELECT n <= 8 AS shown) s
	CROSS JOIN LATERAL (SELECT skillancer.draw_one(p_seed, 'project.kind', n, '{HOURLY,FIXED}', '{57,43}') AS kind) k
	CROSS JOIN LATERAL (SELECT k.kind, CASE k.kind
		WHEN 'FIXED' THEN skillancer.draw_quantile(p_seed, 'project.fixed', n, '{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}', '{6,10,50,150,500,2000,5000,15000}')
		ELSE skillancer.draw_quantile(p_seed, 'project.hourly', n, '{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}', '{5,5.5,10,15,25,38,55,95}') END AS low) b
$$;
COMMENT ON FUNCTION skillancer.demo_projects(integer, integer, integer) IS
	'Client, field, state and budget of each project; the first eight are open ones of the first client, who can sign in.';

-- generate_projects()
CREATE OR REPLACE FUNCTION skillancer.generate_projects(p_seed integer, p_count integer, p_clients integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_expiry interval := skillancer.policy_interval('projectExpiry');
	v_added  integer;
BEGIN
	WITH field AS MATERIALIZED (SELECT * FROM skillancer.demo_field_skills()),
	fresh AS MATERIALIZED (
		SELECT p.*, f.ids, f.names, f.category_id,
			skillancer.compose(p_seed, 'project.task', p.n, f.task) ||
				CASE WHEN p.is_shown OR skillancer.draw(p_seed, 'project.named', p.n) < 0.3
					THEN ' for ' || skillancer.draw_one(p_seed, 'project.firm', p.n, skillancer.demo_words('firm')) || ' ' ||
						skillancer.draw_one(p_seed, 'project.trade', p.n, skillancer.demo_words('trade'))
					ELSE '' END AS task,
			skillancer.draw_quantile(p_seed, 'project.skills', p.n, '{0.05,0.25,0.5,0.75,0.95}', '{2,3,4,6,9}')::integer AS how_many
		FROM skillancer.demo_projects(p_seed, p_count, p_clients) p JOIN field f ON f.slug = p.slug
		WHERE NOT EXISTS (SELECT FROM skillancer.project x WHERE x.id = p.id)),
	chosen AS (
		SELECT p.n, s.id, s.name, row_number() OVER (PARTITION BY p.n ORDER BY skillancer.draw(p_seed, 'project.skill', p.n * 100 + s.at)) AS at
		FROM fresh p, unnest(p.ids, p.names) WITH ORDINALITY s (id, name, at)),
	skills AS MATERIALIZED (
		SELECT c.n, array_agg(c.id ORDER BY c.at) AS ids, array_agg(c.name ORDER BY c.at) AS names
		FROM chosen c JOIN fresh p ON p.n = c.n AND c.at <= p.how_many GROUP BY c.n)
	INSERT INTO skillancer.project (id, client_id, state, title, description, category_id, skills, budget_kind, budget_min, budget_max,
		experience, duration, openings, published_at, expires_at, created_at)
	SELECT p.id, p.client_id, p.state, upper(left(p.task, 1)) || substr(p.task, 2),
		skillancer.demo_description(p_seed, p.n, p.task, s.names), p.category_id, s.ids, p.budget_kind,
		skillancer.monetary(p.low::numeric, p.currency), skillancer.monetary(p.high::numeric, p.currency),
		skillancer.draw_one(p_seed, 'project.experience', p.n, '{ENTRY,INTERMEDIATE,EXPERT}', '{171,1790,1174}'),
		skillancer.draw_one(p_seed, 'project.duration', p.n, '{UNDER_1_WEEK,UNDER_1_MONTH,1_TO_3_MONTHS,3_TO_6_MONTHS,OVER_6_MONTHS}', '{15,30,35,12,8}'),
		CASE WHEN skillancer.draw(p_seed, 'project.openings', p.n) < 0.93 THEN 1 ELSE skillancer.draw_int(p_seed, 'project.more', p.n, 2, 4) END,
		CASE WHEN p.state <> 'DRAFT' THEN t.published END,
		CASE WHEN p.state <> 'DRAFT' THEN t.published + v_expiry END, t.published - interval '2 hours'
	FROM fresh p JOIN skills s ON s.n = p.n
	CROSS JOIN LATERAL (SELECT skillancer.now() - p.age - CASE p.state WHEN 'EXPIRED' THEN v_expiry ELSE '0' END AS published) t
	ORDER BY p.n;
	GET DIAGNOSTICS v_added = ROW_COUNT;
	INSERT INTO skillancer.due (machine, id, event, due_at)
	SELECT 'project', x.id::uuid, 'expire', x.expires_at
	FROM skillancer.project x
	WHERE x.state IN ('OPEN', 'PAUSED')
		AND x.id IN (SELECT skillancer.draw_id(p_seed, 'project', n)::skillancer.project_id FROM generate_series(1, p_count) n)
	ON CONFLICT ON CONSTRAINT due_pkey DO NOTHING;
	RETURN v_added;
END
$$;
COMMENT ON FUNCTION skillancer.generate_projects(integer, integer, integer) IS
	'Projects of the generated clients, with their timers, up to this number; returns how many are new.';

-- generate_gigs()
CREATE OR REPLACE FUNCTION skillancer.generate_gigs(p_seed integer, p_count integer, p_freelancers integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_added integer;
BEGIN
	WITH field AS MATERIALIZED (SELECT * FROM skillancer.demo_field_skills()),
	fresh AS MATERIALIZED (
		SELECT g.*, f.category_id, f.names, 'I will ' || skillancer.compose(p_seed, 'gig.title', g.n, f.offer) AS title, c.name AS subject,
			skillancer.monetary(skillancer.demo_round(skillancer.draw_quantile(p_seed, 'gig.price', g.n,
				'{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}', '{5,5,10,25,65,150,250,700}'))::numeric, 'USD') AS price
		FROM (SELECT n, skillancer.draw_id(p_seed, 'gig', n)::skillancer.gig_id AS id,
				skillancer.draw_int(p_seed, 'gig.owner', n, 1, p_freelancers) AS owner,
				skillancer.draw_one(p_seed, 'gig.state', n, '{ACTIVE,PAUSED,DRAFT}', '{92,5,3}') AS state
			FROM generate_series(1, p_count) n) g
		JOIN field f ON f.slug = skillancer.draw_one(p_seed, 'freelancer.field', g.owner, skillancer.demo_field_slugs(), skillancer.demo_field_weights())
		JOIN skillancer.category c ON c.id = f.category_id
		WHERE NOT EXISTS (SELECT FROM skillancer.gig x WHERE x.id = g.id))
	INSERT INTO skillancer.gig (id, freelancer_id, state, title, description, category_id, tags, packages, price_from, activated_at)
	SELECT g.id, skillancer.draw_id(p_seed, 'freelancer', g.owner)::skillancer.user_id, g.state, left(g.title, 100),
		skillancer.gig_description(left(g.title, 100), g.subject), g.category_id,
		ARRAY[lower(g.subject), lower(g.names[1 + g.n % cardinality(g.names)])],
		skillancer.gig_packages(g.price, g.subject), g.price,
		CASE WHEN g.state <> 'DRAFT' THEN skillancer.now() - skillancer.draw(p_seed, 'gig.age', g.n) * interval '90 days' END
	FROM fresh g ORDER BY g.n;
	GET DIAGNOSTICS v_added = ROW_COUNT;
	INSERT INTO skillancer.gig_revision (gig_id, revision, freelancer_id, title, description, packages, extras, faq, requirements)
	SELECT g.id, g.revision, g.freelancer_id, g.title, g.description, g.packages, g.extras, g.faq, g.requirements
	FROM skillancer.gig g
	WHERE g.id IN (SELECT skillancer.draw_id(p_seed, 'gig', n)::skillancer.gig_id FROM generate_series(1, p_count) n)
	ON CONFLICT ON CONSTRAINT gig_revision_pkey DO NOTHING;
	RETURN v_added;
END
$$;
COMMENT ON FUNCTION skillancer.generate_gigs(integer, integer, integer) IS
	'Gigs of the generated freelancers in their field, up to this number; returns how many are new.';

-- demo_bidders(): who bids on which project
CREATE OR REPLACE FUNCTION skillancer.demo_bidders(p_seed integer, p_projects integer, p_freelancers integer,
	OUT n bigint, OUT project skillancer.project_id, OUT place integer, OUT bids integer, OUT freelancer bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	-- windows over the freelancers of a field, one after the other: everybody bids about equally often
	RETURN QUERY
	WITH pool AS MATERIALIZED (
		SELECT p.slug, array_agg(p.n ORDER BY skillancer.draw(p_seed, 'pool', p.n)) AS members
		FROM (SELECT f.n, skillancer.draw_one(p_seed, 'freelancer.field', f.n, skillancer.demo_field_slugs(), skillancer.demo_field_weights()) AS slug
			FROM generate_series(1::bigint, p_freelancers) f (n)) p GROUP BY p.slug),
	wanted AS (
		SELECT j.n, m.slug, m.members, least(cardinality(m.members), b.many) AS bids
		FROM generate_series(1::bigint, p_projects) j (n)
		JOIN pool m ON m.slug = skillancer.draw_one(p_seed, 'project.field', j.n, skillancer.demo_field_slugs(), skillancer.demo_field_weights())
		CROSS JOIN LATERAL (SELECT skillancer.draw_quantile(p_seed, 'project.bids', j.n,
			'{0.006,0.18,0.37,0.51,0.61,0.9,1}', '{0,4,9,14,19,40,50}')::integer AS many) b),
	window_start AS (
		SELECT w.*, sum(w.bids) OVER (PARTITION BY w.slug ORDER BY w.n) - w.bids AS first FROM wanted w)
	SELECT w.n, skillancer.draw_id(p_seed, 'project', w.n)::skillancer.project_id, i, w.bids,
		w.members[1 + (w.first + i) % cardinality(w.members)]
	FROM window_start w, generate_series(0, w.bids - 1) i;
END
$$;
COMMENT ON FUNCTION skillancer.demo_bidders(integer, integer, integer) IS
	'Numbers of freelancers for each project, of its field, as many as the calibration has bids.';

-- generate_proposals()
CREATE OR REPLACE FUNCTION skillancer.generate_proposals(p_seed integer, p_projects integer, p_freelancers integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_expiry interval := skillancer.policy_interval('proposalExpiry');
	v_limit  integer := skillancer.policy_int('proposalLimit');
	v_added  integer;
BEGIN
	WITH bid AS MATERIALIZED (
		SELECT b.*, b.n * 64 + b.place AS at, p.client_id, p.published_at, p.budget_min, p.budget_max, p.state AS project_state,
			p.budget_kind, skillancer.draw_id(p_seed, 'freelancer', b.freelancer)::skillancer.user_id AS freelancer_id,
			skillancer.draw_id(p_seed, 'proposal', b.n * 64 + b.place)::skillancer.proposal_id AS id,
			row_number() OVER (PARTITION BY b.freelancer ORDER BY b.n) AS nth
		FROM skillancer.demo_bidders(p_seed, p_projects, p_freelancers) b
		JOIN skillancer.project p ON p.id = b.project AND p.published_at IS NOT NULL)
	INSERT INTO skillancer.proposal (id, project_id, client_id, freelancer_id, state, cover_letter, bid, delivery_days, created_at, updated_at)
	SELECT b.id, b.project, b.client_id, b.freelancer_id,
		CASE WHEN b.project_state IN ('CANCELLED', 'EXPIRED') THEN 'CLOSED'
			ELSE skillancer.draw_one(p_seed, 'proposal.state', b.at, '{SUBMITTED,WITHDRAWN,DECLINED}', '{90,4,6}') END,
		skillancer.compose(p_seed, 'proposal.letter', b.at, '{Hello,|Good day,|Hi there,} {your posting reads as if it was written for me|this is the kind of work I like best|I have just finished something very similar}. '
			|| '{I would begin with {a short call|a list of questions|a look at what you have}, and send {a first draft|a plan} within {two|three|five} days.|You would see {results|drafts} {every week|after each step}, and can change your mind cheaply.} '
			|| '{My offer covers {two rounds of changes|everything in your posting|the handover as well}.|I can start {tomorrow|on Monday|next week}.} {Ask me anything.|I am looking forward to your answer.|Samples of my work are in my profile.}'),
		skillancer.monetary_of(greatest(100, 100 * skillancer.demo_round(v.low + (v.high * 1.1 - v.low * 0.8) * skillancer.draw(p_seed, 'proposal.bid', b.at) - v.low * 0.2)),
			skillancer.monetary_currency(b.budget_min)),
		skillancer.draw_int(p_seed, 'proposal.days', b.at, 3, 45), t.at, t.at
	FROM bid b
	CROSS JOIN LATERAL (SELECT b.budget_min::numeric::double precision AS low, b.budget_max::numeric::double precision AS high) v
	CROSS JOIN LATERAL (SELECT b.published_at + skillancer.draw(p_seed, 'proposal.time', b.at) * least(skillancer.now() - b.published_at, interval '6 days') AS at) t
	WHERE b.nth <= v_limit
	ORDER BY b.id
	ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS v_added = ROW_COUNT;
	INSERT INTO skillancer.proposal_revision (proposal_id, revision, client_id, freelancer_id, cover_letter, bid, delivery_days, milestones, answers, created_at)
	SELECT p.id, p.revision, p.client_id, p.freelancer_id, p.cover_letter, p.bid, p.delivery_days, p.milestones, p.answers, p.created_at
	FROM skillancer.proposal p
	WHERE p.project_id IN (SELECT skillancer.draw_id(p_seed, 'project', n)::skillancer.project_id FROM generate_series(1, p_projects) n)
	ON CONFLICT ON CONSTRAINT proposal_revision_pkey DO NOTHING;
	INSERT INTO skillancer.due (machine, id, event, due_at)
	SELECT 'proposal', p.id::uuid, 'expire', p.created_at + v_expiry
	FROM skillancer.proposal p
	WHERE p.state = 'SUBMITTED'
		AND p.project_id IN (SELECT skillancer.draw_id(p_seed, 'project', n)::skillancer.project_id FROM generate_series(1, p_projects) n)
	ON CONFLICT ON CONSTRAINT due_pkey DO NOTHING;
	RETURN v_added;
END
$$;
COMMENT ON FUNCTION skillancer.generate_proposals(integer, integer, integer) IS
	'Proposals of generated freelancers on generated projects of their field, with revisions and timers; returns how many are new.';


-- ======== sql/project/import.sql
/*
 * sql/project/import.sql
 *		Importing postings and gigs.
 *
 * A posting has no client, a gig no owner: clients are made, one for each (country, spent, hires); owners are drawn
 * with a fixed seed among imported freelancers of fitting headline. What the files do not say is estimated and
 * noted in import_object.estimated. The time of import is the time of publication.
 */

-- import_category_slug(): our category for one of another marketplace
CREATE OR REPLACE FUNCTION skillancer.import_category_slug(p_name text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT coalesce((SELECT v.slug FROM (VALUES
		('Programming & Tech', 'development-it'), ('Technology & Engineering', 'development-it'),
		('Digital Marketing', 'marketing'), ('Business', 'business-finance'), ('Business & Finance', 'business-finance'),
		('Writing & Translation', 'writing-translation'), ('Video & Animation', 'video-animation'),
		('Music & Audio', 'music-audio'),
		('artificial_intelligence', 'machine-learning'), ('javascript_developer', 'web-development'),
		('android_developer', 'mobile-development'), ('data_analyst', 'data-analysis'), ('power_bi', 'data-analysis'),
		('Data Analytics', 'data-analysis'), ('Data Visualization', 'data-analysis'), ('Data Engineering', 'data-engineering'),
		('Full Stack Development', 'web-development'), ('Back-End Development', 'web-development'),
		('Mobile App Development', 'mobile-development'), ('Machine Learning', 'machine-learning')
		) AS v (name, slug) WHERE v.name = p_name), skillancer.slugify(p_name))
$$;
COMMENT ON FUNCTION skillancer.import_category_slug(text) IS
	'Slug of the category that a category, track or taxonomy branch of another marketplace belongs to.';

-- import_budget(): the range of a posting, estimated when it names none
CREATE OR REPLACE FUNCTION skillancer.import_budget(
	p_type text, p_min text, p_max text, p_fixed text, p_currency text, p_experience text,
	OUT low skillancer.monetary, OUT high skillancer.monetary, OUT is_estimated boolean)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_range text[];
BEGIN
	is_estimated := CASE p_type WHEN 'fixed' THEN p_fixed IS NULL ELSE coalesce(p_min, p_max) IS NULL END;
	IF is_estimated THEN
		-- quantiles 10-50, 25-75, 50-90 of fixed budgets; 10-25, 50-50, 75-75 of the two ends of hourly rates
		v_range := CASE p_type || coalesce(p_experience, '')
			WHEN 'fixedentry' THEN '{10,150}' WHEN 'fixedexpert' THEN '{150,2000}' WHEN 'hourlyentry' THEN '{5.50,25}'
			WHEN 'hourlyexpert' THEN '{25,50}' ELSE CASE p_type WHEN 'fixed' THEN '{50,500}' ELSE '{15,35}' END END;
		low := skillancer.try_monetary(v_range[1], p_currency);
		high := skillancer.try_monetary(v_range[2], p_currency);
	ELSIF p_type = 'fixed' THEN
		low := skillancer.try_monetary(p_fixed, p_currency);
		high := low;
	ELSE
		low := skillancer.try_monetary(coalesce(p_min, p_max), p_currency);
		high := skillancer.try_monetary(coalesce(p_max, p_min), p_currency);
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.import_budget(text, text, text, text, text, text) IS
	'Budget of a posting; without figures a range of the calibration for its kind and experience, flagged.';

-- job_problems(): finds what is wrong with the staged postings
CREATE OR REPLACE FUNCTION skillancer.job_problems()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.import_job s SET problems = array_remove(ARRAY[
		CASE WHEN coalesce(s.job_id, '') = '' THEN 'job_id is missing' END,
		CASE WHEN d.n > 1 THEN 'job_id was there before' END,
		skillancer.length_problem('title', skillancer.import_text(s.title), 5, 200),
		skillancer.length_problem('description', skillancer.import_text(s.description), 10, 10000),
		CASE WHEN s.skills IS NOT NULL AND skillancer.import_array(s.skills) IS NULL THEN 'skills is not an array'
			WHEN cardinality(skillancer.import_array(s.skills)) > 20
			THEN format('%s skills, at most 20 are allowed', cardinality(skillancer.import_array(s.skills))) END,
		CASE WHEN coalesce(s.job_type, '') NOT IN ('fixed', 'hourly') THEN 'job_type is neither fixed nor hourly' END,
		CASE WHEN s.experience_level NOT IN ('entry', 'intermediate', 'expert') THEN 'experience_level is unknown' END,
		CASE WHEN b.low IS NULL OR b.high IS NULL THEN 'budget and currency are not an amount'
			WHEN b.low > b.high THEN 'budget_min is above budget_max'
			WHEN b.low::numeric < 1 OR b.high::numeric > 1000000 THEN 'budget is outside 1 to 1000000' END,
		CASE WHEN s.client_country_code IS NOT NULL
			AND NOT EXISTS (SELECT FROM skillancer.country c WHERE c.code = s.client_country_code)
			THEN 'client_country_code is not a country' END], NULL)
	FROM (SELECT j.row_number, row_number() OVER (PARTITION BY j.job_id ORDER BY j.row_number) AS n,
			j.job_type, j.budget_min, j.budget_max, j.fixed_budget, j.currency, j.experience_level
		FROM skillancer.import_job j) d
	CROSS JOIN LATERAL skillancer.import_budget(d.job_type, d.budget_min, d.budget_max, d.fixed_budget, d.currency,
		d.experience_level) b
	WHERE d.row_number = s.row_number;
END
$$;
COMMENT ON FUNCTION skillancer.job_problems() IS 'Sets the problems of every row of import_job.';

-- import_job_clients(): the clients of the staged postings
CREATE OR REPLACE FUNCTION skillancer.import_job_clients(p_run bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.import_object (kind, key, object_id, estimated, run_id)
	SELECT 'client', c.key, skillancer.new_id(), '{name}', p_run
	FROM (SELECT DISTINCT s.client_key AS key FROM skillancer.import_job s WHERE s.problems = '{}') c
	ORDER BY c.key
	ON CONFLICT ON CONSTRAINT import_object_pkey DO NOTHING;
	PERFORM skillancer.import_accounts(array_agg(o.object_id ORDER BY o.object_id),
		array_agg('client-' || left(md5(o.key), 12) || '@import.invalid' ORDER BY o.object_id),
		array_agg('Client ' || upper(left(md5(o.key), 6)) ORDER BY o.object_id), 'CLIENT')
	FROM skillancer.import_object o WHERE o.kind = 'client' AND o.run_id = p_run HAVING count(*) > 0;
	INSERT INTO skillancer.profile (user_id, display_name, country, is_listed)
	SELECT o.object_id::skillancer.user_id, 'Client ' || upper(left(md5(o.key), 6)),
		nullif(split_part(o.key, '|', 1), '?'), true
	FROM skillancer.import_object o WHERE o.kind = 'client' AND o.run_id = p_run;
END
$$;
COMMENT ON FUNCTION skillancer.import_job_clients(bigint) IS
	'An account for every client key of import_job that has none yet.';

-- import_projects(): open projects of the staged postings that are new
CREATE OR REPLACE FUNCTION skillancer.import_projects(p_run bigint)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_expiry interval := skillancer.policy_interval('projectExpiry');
	v_added  integer;
BEGIN
	WITH skill AS MATERIALIZED (
		SELECT s.job_id, k.skill_id, min(u.n) AS n
		FROM skillancer.import_job s, unnest(skillancer.import_array(s.skills)) WITH ORDINALITY u (name, n)
		JOIN skillancer.skill_key k ON k.key = skillancer.slugify(u.name)
		WHERE s.problems = '{}' GROUP BY s.job_id, k.skill_id),
	skills AS MATERIALIZED (
		SELECT k.job_id, array_agg(k.skill_id ORDER BY k.n) AS ids FROM skill k GROUP BY k.job_id)
	INSERT INTO skillancer.project (id, client_id, state, title, description, category_id, skills, budget_kind,
		budget_min, budget_max, experience, duration, published_at, expires_at)
	SELECT o.object_id::skillancer.project_id, c.object_id::skillancer.user_id, 'OPEN', skillancer.import_text(s.title),
		skillancer.import_text(s.description), g.id,
		coalesce(k.ids, '{}'),
		upper(s.job_type), b.low, b.high, upper(s.experience_level),
		CASE s.duration WHEN '< 1 month' THEN 'UNDER_1_MONTH' WHEN '1-3 months' THEN '1_TO_3_MONTHS'
			WHEN '3-6 months' THEN '3_TO_6_MONTHS' WHEN '6+ months' THEN 'OVER_6_MONTHS' END,
		skillancer.now(), skillancer.now() + v_expiry
	FROM skillancer.import_job s
	JOIN skillancer.import_object o ON o.kind = 'job' AND o.key = s.job_id AND o.run_id = p_run
	JOIN skillancer.import_object c ON c.kind = 'client' AND c.key = s.client_key
	CROSS JOIN LATERAL skillancer.import_budget(s.job_type, s.budget_min, s.budget_max, s.fixed_budget, s.currency,
		s.experience_level) b
	LEFT JOIN skills k ON k.job_id = s.job_id
	LEFT JOIN skillancer.category g ON g.slug = coalesce(
		(SELECT x.slug FROM skillancer.category x WHERE x.slug = skillancer.import_category_slug(s.category)),
		skillancer.import_category_slug(s.track))
	WHERE s.problems = '{}' ORDER BY o.object_id;
	GET DIAGNOSTICS v_added = ROW_COUNT;
	INSERT INTO skillancer.due (machine, id, event, due_at)
	SELECT 'project', o.object_id, 'expire', skillancer.now() + v_expiry
	FROM skillancer.import_object o WHERE o.kind = 'job' AND o.run_id = p_run;
	RETURN v_added;
END
$$;
COMMENT ON FUNCTION skillancer.import_projects(bigint) IS
	'Projects, with their timers, for the objects of kind job that this run has made.';

-- import_jobs()
CREATE OR REPLACE FUNCTION skillancer.import_jobs(
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint := skillancer.import_start('job');
BEGIN
	PERFORM skillancer.job_problems();
	PERFORM skillancer.import_job_clients(v_run);
	INSERT INTO skillancer.import_object (kind, key, object_id, estimated, run_id)
	SELECT 'job', s.job_id, skillancer.new_id(), array_remove(ARRAY[
			CASE WHEN b.is_estimated THEN 'budget' END, CASE WHEN s.category IS NULL THEN 'category' END], NULL), v_run
	FROM skillancer.import_job s
	CROSS JOIN LATERAL skillancer.import_budget(s.job_type, s.budget_min, s.budget_max, s.fixed_budget, s.currency,
		s.experience_level) b
	WHERE s.problems = '{}' ORDER BY s.row_number
	ON CONFLICT ON CONSTRAINT import_object_pkey DO NOTHING;
	ANALYZE skillancer.import_object, skillancer.import_job;
	rows_added := skillancer.import_projects(v_run);
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_job', 'job_id', rows_added) f;
END
$$;
COMMENT ON FUNCTION skillancer.import_jobs() IS
	'Takes over import_job: open public projects and their clients. Import countries and skills first.';


-- ======== sql/project/import_gigs.sql
/*
 * sql/project/import_gigs.sql
 *		Importing gigs: a title, a place in the catalogue and a lowest price become an offer with packages.
 */

-- gig_owner_pattern(): what the headline of an owner speaks of
CREATE OR REPLACE FUNCTION skillancer.gig_owner_pattern(p_category text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT coalesce((SELECT v.pattern FROM (VALUES
		('development-it', 'develop|program|software|web|wordpress|shopify|app|data|engineer|php|python|cyber'),
		('writing-translation', 'writ|copy|translat|editor|proofread|content|journalis|author|blog|linguist'),
		('video-animation', 'video|animat|motion|film|photograph|3d|illustrat'),
		('music-audio', 'music|audio|voice|sound|sing|song|produc'),
		('marketing', 'market|seo|social media|ppc|ads|advert|brand|lead gen'),
		('business-finance', 'business|account|financ|consult|assistant|data entry|research|legal|hr|project manag')
		) AS v (slug, pattern) WHERE v.slug = p_category), '.')
$$;
COMMENT ON FUNCTION skillancer.gig_owner_pattern(text) IS
	'Regular expression for headlines that fit a top category; any headline for the others.';

-- gig_packages(): three packages from the lowest price
CREATE OR REPLACE FUNCTION skillancer.gig_packages(p_price skillancer.monetary, p_subject text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT jsonb_agg(jsonb_build_object('tier', t.tier, 'title', t.title, 'description', format(t.description, lower(p_subject)),
		'price', skillancer.apply_bps(p_price, t.bps)::jsonb, 'deliveryDays', t.days, 'revisions', t.revisions,
		'features', to_jsonb(t.features)) ORDER BY t.bps)
	FROM (VALUES
		('BASIC', 'Essential', 'A small, well-defined piece of %s.', 10000, 3, 1, ARRAY['One deliverable', 'Source files']),
		('STANDARD', 'Complete', 'A complete piece of %s with a second round of changes.', 22000, 6, 2,
			ARRAY['Up to three deliverables', 'Source files', 'Commercial use']),
		('PREMIUM', 'Full service', 'Everything around %s, with priority and support afterwards.', 45000, 12, 5,
			ARRAY['Up to ten deliverables', 'Source files', 'Commercial use', 'Support for 30 days'])
		) AS t (tier, title, description, bps, days, revisions, features)
	WHERE skillancer.apply_bps(p_price, t.bps)::numeric <= 100000
$$;
COMMENT ON FUNCTION skillancer.gig_packages(skillancer.monetary, text) IS
	'BASIC at the price, STANDARD at 2.2 and PREMIUM at 4.5 times of it, as far as a price may go.';

-- gig_problems(): finds what is wrong with the staged gigs
CREATE OR REPLACE FUNCTION skillancer.gig_problems()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.import_gig s SET problems = array_remove(ARRAY[
		skillancer.length_problem('title', skillancer.import_text(s.title), 10, 100),
		CASE WHEN skillancer.slugify(s.category) IS NULL THEN 'category is missing' END,
		CASE WHEN skillancer.slugify(s.subcategory) IS NULL THEN 'subcategory is missing' END,
		CASE WHEN skillancer.try_monetary(s.price_from, s.currency) IS NULL THEN 'price_from and currency are not an amount'
			WHEN skillancer.try_monetary(s.price_from, s.currency)::numeric NOT BETWEEN 1 AND 100000
			THEN 'price_from is outside 1 to 100000' END,
		CASE WHEN d.n > 1 THEN 'the same row was there before' END], NULL)
	FROM (SELECT g.row_number, row_number() OVER (PARTITION BY g.key ORDER BY g.row_number) AS n FROM skillancer.import_gig g) d
	WHERE d.row_number = s.row_number;
END
$$;
COMMENT ON FUNCTION skillancer.gig_problems() IS 'Sets the problems of every row of import_gig.';

-- import_gig_categories(): the subcategories of the staged gigs
CREATE OR REPLACE FUNCTION skillancer.import_gig_categories()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.category (slug, name)
	SELECT DISTINCT skillancer.import_category_slug(s.category), s.category
	FROM skillancer.import_gig s WHERE s.problems = '{}'
	ON CONFLICT (slug) DO NOTHING;
	INSERT INTO skillancer.category (parent_id, depth, slug, name)
	SELECT DISTINCT ON (skillancer.slugify(s.name)) p.id, 2, skillancer.slugify(s.name), s.name
	FROM (SELECT DISTINCT g.category, regexp_replace(g.subcategory, '(New|Beta)$', '') AS name
		FROM skillancer.import_gig g WHERE g.problems = '{}') s
	JOIN skillancer.category p ON p.slug = skillancer.import_category_slug(s.category) AND p.depth = 1
	ORDER BY skillancer.slugify(s.name), s.category
	ON CONFLICT (slug) DO NOTHING;
END
$$;
COMMENT ON FUNCTION skillancer.import_gig_categories() IS
	'Categories that gigs name and the catalogue lacks; the labels New and Beta of the source are cut off.';

-- import_gig_rows(): active gigs for the new rows
CREATE OR REPLACE FUNCTION skillancer.import_gig_rows(p_run bigint, p_seed integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_added integer;
BEGIN
	WITH freelancer AS MATERIALIZED (
		SELECT o.key, p.user_id, coalesce(p.headline, left(p.bio, 200)) AS headline
		FROM skillancer.import_object o JOIN skillancer.profile p ON p.user_id = o.object_id::skillancer.user_id
		WHERE o.kind = 'freelancer'),
	owners AS MATERIALIZED (
		SELECT c.slug, array_agg(f.user_id ORDER BY f.key) AS ids
		FROM (SELECT DISTINCT skillancer.import_category_slug(category) AS slug FROM skillancer.import_gig) c
		JOIN freelancer f ON f.headline ~* skillancer.gig_owner_pattern(c.slug)
		GROUP BY c.slug)
	INSERT INTO skillancer.gig (id, freelancer_id, state, title, description, category_id, tags, packages, price_from,
		activated_at)
	SELECT o.object_id::skillancer.gig_id,
		w.ids[1 + (('x' || left(md5(p_seed || o.key), 7))::bit(28)::integer % cardinality(w.ids))],
		'ACTIVE', t.title, skillancer.gig_description(t.title, t.subject), c.id,
		ARRAY(SELECT DISTINCT x FROM unnest(ARRAY[lower(t.subject), lower(s.category)]) x),
		skillancer.gig_packages(t.price, t.subject), t.price, skillancer.now()
	FROM skillancer.import_gig s
	JOIN skillancer.import_object o ON o.kind = 'gig' AND o.run_id = p_run AND o.key = s.key
	CROSS JOIN LATERAL (SELECT skillancer.import_text(s.title) AS title,
		regexp_replace(s.subcategory, '(New|Beta)$', '') AS subject,
		skillancer.try_monetary(s.price_from, s.currency) AS price) t
	JOIN owners w ON w.slug = skillancer.import_category_slug(s.category)
	LEFT JOIN skillancer.category c ON c.slug = skillancer.slugify(t.subject)
	WHERE s.problems = '{}' ORDER BY o.object_id;
	GET DIAGNOSTICS v_added = ROW_COUNT;
	INSERT INTO skillancer.gig_revision (gig_id, revision, freelancer_id, title, description, packages, extras, faq, requirements)
	SELECT g.id, g.revision, g.freelancer_id, g.title, g.description, g.packages, g.extras, g.faq, g.requirements
	FROM skillancer.gig g JOIN skillancer.import_object o ON o.kind = 'gig' AND o.run_id = p_run AND o.object_id = g.id::uuid;
	RETURN v_added;
END
$$;
COMMENT ON FUNCTION skillancer.import_gig_rows(bigint, integer) IS
	'Gigs and their first revision for the objects of kind gig that this run has made; the seed draws the owners.';

-- gig_description(): words for a gig that has only a title
CREATE OR REPLACE FUNCTION skillancer.gig_description(p_title text, p_subject text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT format(E'%s.\n\nThis is an offer in %s. Tell me what you need and by when; the packages say what each price includes, how long it takes and how many rounds of changes you have. Questions before you order are welcome.',
		rtrim(p_title, '.!'), lower(p_subject))
$$;
COMMENT ON FUNCTION skillancer.gig_description(text, text) IS 'A neutral description of a gig made of its title and subject.';

-- import_gigs()
CREATE OR REPLACE FUNCTION skillancer.import_gigs(p_seed integer DEFAULT 1,
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run bigint := skillancer.import_start('gig');
BEGIN
	IF NOT EXISTS (SELECT FROM skillancer.import_object o WHERE o.kind = 'freelancer') THEN
		RAISE EXCEPTION 'gigs need owners' USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Import freelancers first.';
	END IF;
	PERFORM skillancer.gig_problems();
	PERFORM skillancer.import_gig_categories();
	INSERT INTO skillancer.import_object (kind, key, object_id, estimated, run_id)
	SELECT 'gig', s.key, skillancer.new_id(), '{freelancer,description,packages}', v_run
	FROM skillancer.import_gig s WHERE s.problems = '{}' ORDER BY s.row_number
	ON CONFLICT ON CONSTRAINT import_object_pkey DO NOTHING;
	ANALYZE skillancer.import_object, skillancer.import_gig;
	rows_added := skillancer.import_gig_rows(v_run, p_seed);
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_gig', 'title', rows_added) f;
END
$$;
COMMENT ON FUNCTION skillancer.import_gigs(integer) IS
	'Takes over import_gig: active gigs of imported freelancers. The seed draws the owners, the same for the same seed.';


-- ======== sql/project/import_skills.sql
/*
 * sql/project/import_skills.sql
 *		Importing skills: a taxonomy, the names that staged postings and profiles use, other spellings.
 */

-- skill_mentions(): names of skills in the staged postings and profiles
CREATE OR REPLACE FUNCTION skillancer.skill_mentions(OUT key text, OUT name text, OUT mentions bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT skillancer.slugify(m.name), mode() WITHIN GROUP (ORDER BY m.name), count(*)
	FROM (SELECT skillancer.import_text(u) AS name
		FROM (SELECT j.skills FROM skillancer.import_job j UNION ALL SELECT f.skills FROM skillancer.import_freelancer f) s,
			unnest(skillancer.import_array(s.skills)) u) m
	WHERE length(m.name) <= 100 AND skillancer.slugify(m.name) IS NOT NULL
	GROUP BY 1;
END
$$;
COMMENT ON FUNCTION skillancer.skill_mentions() IS
	'Every spelling key of a skill in import_job and import_freelancer, its most frequent name, how often it occurs.';

-- skill_problems(): finds what is wrong with the staged taxonomy
CREATE OR REPLACE FUNCTION skillancer.skill_problems()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.import_skill s SET problems = array_remove(ARRAY[
		CASE WHEN skillancer.slugify(s.slug) IS NULL THEN 'slug has no letter or digit' END,
		skillancer.length_problem('name', skillancer.import_text(s.name), 1, 100),
		CASE WHEN skillancer.slugify(s.name) IS NULL THEN 'name has no letter or digit' END,
		CASE WHEN s.aliases IS NOT NULL AND skillancer.import_array(s.aliases) IS NULL THEN 'aliases is not an array' END,
		CASE WHEN d.n > 1 THEN 'slug was there before' END], NULL)
	FROM (SELECT k.row_number, row_number() OVER (PARTITION BY skillancer.slugify(k.slug) ORDER BY k.row_number) AS n
		FROM skillancer.import_skill k) d
	WHERE d.row_number = s.row_number;
END
$$;
COMMENT ON FUNCTION skillancer.skill_problems() IS 'Sets the problems of every row of import_skill.';

-- add_skill_aliases(): spellings that mean nothing yet
CREATE OR REPLACE FUNCTION skillancer.add_skill_aliases()
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_count integer;
BEGIN
	WITH spelling AS (
		SELECT coalesce(k.skill_id, n.skill_id) AS skill_id, skillancer.slugify(a) AS key, 1 AS priority
		FROM skillancer.import_skill s
		LEFT JOIN skillancer.skill_key k ON k.key = skillancer.slugify(s.slug)
		LEFT JOIN skillancer.skill_key n ON n.key = skillancer.slugify(s.name),
			unnest(coalesce(skillancer.import_array(s.aliases), '{}') || s.name || s.slug) a
		WHERE s.problems = '{}'
		UNION ALL
		SELECT k.skill_id, skillancer.slugify(a), 2
		FROM skillancer.import_esco_skill e
		JOIN skillancer.skill_key k ON k.key = skillancer.slugify(e.label),
			unnest(coalesce(skillancer.import_array(e.alt_labels), '{}')) a),
	free AS (
		SELECT DISTINCT ON (p.key) p.key, p.skill_id FROM spelling p
		WHERE p.key IS NOT NULL AND p.skill_id IS NOT NULL
			AND NOT EXISTS (SELECT FROM skillancer.skill_key k WHERE k.key = p.key)
		ORDER BY p.key, p.priority, p.skill_id)
	UPDATE skillancer.skill s SET aliases = s.aliases || f.keys, updated_at = skillancer.now()
	FROM (SELECT skill_id, array_agg(key COLLATE "C" ORDER BY key) AS keys FROM free GROUP BY skill_id) f
	WHERE s.id = f.skill_id;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	RETURN v_count;
END
$$;
COMMENT ON FUNCTION skillancer.add_skill_aliases() IS
	'Adds the aliases of import_skill, and the other labels that import_esco_skill has for known skills. A spelling belongs to one skill only: the first.';

-- import_skills()
CREATE OR REPLACE FUNCTION skillancer.import_skills(
	OUT rows_read integer, OUT rows_added integer, OUT rows_known integer, OUT rows_rejected integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_run  bigint := skillancer.import_start('skill');
	v_used integer;
BEGIN
	PERFORM skillancer.skill_problems();
	INSERT INTO skillancer.skill (slug, name, category_id)
	SELECT skillancer.slugify(s.slug), skillancer.import_text(s.name), c.id
	FROM skillancer.import_skill s
	LEFT JOIN skillancer.category c ON c.slug = skillancer.import_category_slug(s.category)
	WHERE s.problems = '{}' AND NOT EXISTS (SELECT FROM skillancer.skill_key k
		WHERE k.key IN (skillancer.slugify(s.slug), skillancer.slugify(s.name)))
	ORDER BY s.slug;
	GET DIAGNOSTICS rows_added = ROW_COUNT;
	PERFORM skillancer.add_skill_aliases();
	INSERT INTO skillancer.skill (slug, name)
	SELECT m.key, m.name FROM skillancer.skill_mentions() m
	WHERE m.mentions >= 2 AND NOT EXISTS (SELECT FROM skillancer.skill_key k WHERE k.key = m.key)
	ORDER BY m.key;
	GET DIAGNOSTICS v_used = ROW_COUNT;
	PERFORM skillancer.add_skill_aliases();
	TRUNCATE skillancer.import_esco_skill RESTART IDENTITY;
	SELECT f.* INTO rows_read, rows_added, rows_known, rows_rejected
	FROM skillancer.import_finish(v_run, 'skillancer.import_skill', 'slug', rows_added) f;
	rows_read := rows_read + v_used;
	rows_added := rows_added + v_used;
	UPDATE skillancer.import_run r SET rows_read = import_skills.rows_read, rows_added = import_skills.rows_added
	WHERE r.id = v_run;
END
$$;
COMMENT ON FUNCTION skillancer.import_skills() IS
	'Takes over import_skill, every name that staged postings and profiles use at least twice, and spellings from import_esco_skill. Stage all files first.';


-- ======== sql/project/machines.sql
/*
 * machines.sql
 *		The state machines of the project service.
 */

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('project', 'skillancer.project', '{DRAFT}', 'project'),
	('proposal', 'skillancer.proposal', '{SUBMITTED}', 'proposal'),
	('invitation', 'skillancer.invitation', '{SENT}', 'invitation'),
	('gig', 'skillancer.gig', '{DRAFT}', 'gig');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('project', 'DRAFT', 'publish', 'OPEN', '{client}', 'project_unflagged', 'project.published'),
	('project', 'DRAFT', 'hold', 'IN_REVIEW', '{client}', NULL, 'project.held'),
	('project', 'IN_REVIEW', 'publish', 'OPEN', '{client}', 'project_unflagged', 'project.published'),
	('project', 'IN_REVIEW', 'approve', 'OPEN', '{staff}', NULL, 'project.published'),
	('project', 'IN_REVIEW', 'reject', 'DRAFT', '{staff}', NULL, 'project.rejected'),
	('project', 'OPEN', 'hold', 'IN_REVIEW', '{system}', NULL, 'project.held'),
	('project', 'PAUSED', 'hold', 'IN_REVIEW', '{system}', NULL, 'project.held'),
	('project', 'OPEN', 'pause', 'PAUSED', '{client}', NULL, 'project.paused'),
	('project', 'PAUSED', 'resume', 'OPEN', '{client}', NULL, 'project.resumed'),
	('project', 'OPEN', 'fill', 'FILLED', '{system}', NULL, 'project.filled'),
	('project', 'PAUSED', 'fill', 'FILLED', '{system}', NULL, 'project.filled'),
	('project', 'FILLED', 'close', 'CLOSED', '{client}', NULL, 'project.closed'),
	('project', 'OPEN', 'cancel', 'CANCELLED', '{client,staff}', NULL, 'project.cancelled'),
	('project', 'PAUSED', 'cancel', 'CANCELLED', '{client,staff}', NULL, 'project.cancelled'),
	('project', 'OPEN', 'expire', 'EXPIRED', '{system}', NULL, 'project.expired'),
	('project', 'PAUSED', 'expire', 'EXPIRED', '{system}', NULL, 'project.expired'),

	('proposal', 'SUBMITTED', 'update', 'SUBMITTED', '{freelancer}', NULL, 'proposal.updated'),
	('proposal', 'COUNTERED', 'update', 'SUBMITTED', '{freelancer}', NULL, 'proposal.updated'),
	('proposal', 'SUBMITTED', 'counter', 'COUNTERED', '{client}', NULL, 'proposal.countered'),
	('proposal', 'COUNTERED', 'counter', 'COUNTERED', '{client}', NULL, 'proposal.countered'),
	('proposal', 'SUBMITTED', 'accept', 'ACCEPTED', '{client}', NULL, 'proposal.accepted'),
	('proposal', 'COUNTERED', 'accept', 'ACCEPTED', '{client}', NULL, 'proposal.accepted'),
	('proposal', 'SUBMITTED', 'withdraw', 'WITHDRAWN', '{freelancer}', NULL, 'proposal.withdrawn'),
	('proposal', 'COUNTERED', 'withdraw', 'WITHDRAWN', '{freelancer}', NULL, 'proposal.withdrawn'),
	('proposal', 'SUBMITTED', 'decline', 'DECLINED', '{client}', NULL, 'proposal.declined'),
	('proposal', 'COUNTERED', 'decline', 'DECLINED', '{client}', NULL, 'proposal.declined'),
	('proposal', 'SUBMITTED', 'close', 'CLOSED', '{system}', NULL, 'proposal.closed'),
	('proposal', 'COUNTERED', 'close', 'CLOSED', '{system}', NULL, 'proposal.closed'),
	('proposal', 'SUBMITTED', 'expire', 'EXPIRED', '{system}', NULL, 'proposal.expired'),
	('proposal', 'COUNTERED', 'expire', 'EXPIRED', '{system}', NULL, 'proposal.expired'),

	('invitation', 'SENT', 'accept', 'ACCEPTED', '{freelancer,system}', NULL, 'invitation.accepted'),
	('invitation', 'SENT', 'decline', 'DECLINED', '{freelancer}', NULL, 'invitation.declined'),
	('invitation', 'SENT', 'withdraw', 'WITHDRAWN', '{client}', NULL, 'invitation.withdrawn'),
	('invitation', 'SENT', 'expire', 'EXPIRED', '{system}', NULL, 'invitation.expired'),

	('gig', 'DRAFT', 'activate', 'ACTIVE', '{freelancer}', NULL, 'gig.activated'),
	('gig', 'PAUSED', 'activate', 'ACTIVE', '{freelancer}', NULL, 'gig.activated'),
	('gig', 'ACTIVE', 'pause', 'PAUSED', '{freelancer}', NULL, 'gig.paused'),
	('gig', 'ACTIVE', 'archive', 'ARCHIVED', '{freelancer}', NULL, 'gig.archived'),
	('gig', 'PAUSED', 'archive', 'ARCHIVED', '{freelancer}', NULL, 'gig.archived'),
	('gig', 'ACTIVE', 'suspend', 'SUSPENDED', '{staff}', NULL, 'gig.suspended'),
	('gig', 'SUSPENDED', 'reinstate', 'PAUSED', '{staff}', NULL, 'gig.reinstated');

INSERT INTO skillancer.timer (machine, state, event, policy_key) VALUES
	('project', 'OPEN', 'expire', 'projectExpiry'),
	('project', 'PAUSED', 'expire', 'projectExpiry'),
	('proposal', 'SUBMITTED', 'expire', 'proposalExpiry'),
	('proposal', 'COUNTERED', 'expire', 'proposalExpiry'),
	('invitation', 'SENT', 'expire', 'invitationExpiry');


-- ======== sql/project/project_rules.sql
/*
 * project_rules.sql
 *		What creating, editing and publishing a project share.
 */

-- Checks the fields of a project.
CREATE OR REPLACE FUNCTION skillancer.check_project(
	p_title text, p_description text, p_budget_kind text, p_budget_min skillancer.monetary,
	p_budget_max skillancer.monetary, p_experience text, p_duration text, p_visibility text,
	p_openings integer, p_questions text[], p_deadline date)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_text('title', p_title, 5, 200);
	PERFORM skillancer.check_text('description', p_description, 10, 10000);
	PERFORM skillancer.check_one_of('budgetKind', p_budget_kind, '{FIXED,HOURLY}');
	PERFORM skillancer.check_number('budgetMin', p_budget_min::numeric, 1, 1000000);
	PERFORM skillancer.check_number('budgetMax', p_budget_max::numeric, 1, 1000000, required => false);
	IF skillancer.monetary_currency(p_budget_min) <> skillancer.monetary_currency(p_budget_max) THEN
		PERFORM skillancer.check_that('budgetMax', false, 'must be in the currency of budgetMin');
	ELSIF skillancer.monetary_minor(p_budget_min) > skillancer.monetary_minor(p_budget_max) THEN
		PERFORM skillancer.check_that('budgetMax', false, 'must not be below budgetMin');
	END IF;
	PERFORM skillancer.check_one_of('experience', p_experience, '{ENTRY,INTERMEDIATE,EXPERT}', required => false);
	PERFORM skillancer.check_one_of('duration', p_duration,
		'{UNDER_1_WEEK,UNDER_1_MONTH,1_TO_3_MONTHS,3_TO_6_MONTHS,OVER_6_MONTHS}', required => false);
	PERFORM skillancer.check_one_of('visibility', p_visibility, '{PUBLIC,INVITE_ONLY,PRIVATE}');
	PERFORM skillancer.check_int('openings', p_openings, 1, 100);
	PERFORM skillancer.check_items('questions', p_questions, 10, 500);
	IF p_deadline IS NOT NULL THEN
		PERFORM skillancer.check_that('deadline', p_deadline >= (skillancer.now() AT TIME ZONE 'UTC')::date,
			'must not be in the past');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.check_project(text, text, text, skillancer.monetary, skillancer.monetary, text, text,
		text, integer, text[], date) IS
	'Notes every problem in the fields of a project; check_done() raises them.';

-- Data of project events that are not transitions.
CREATE OR REPLACE FUNCTION skillancer.emit_project(p_type text, p_row skillancer.project_id)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.emit(p_type, 'project', p.id::uuid,
		jsonb_build_object('projectId', p.id, 'clientId', p.client_id, 'state', p.state),
		ARRAY[p.client_id::uuid])
	FROM skillancer.project p
	WHERE p.id = p_row;
END
$$;
COMMENT ON FUNCTION skillancer.emit_project(text, skillancer.project_id) IS
	'Appends an event about a project that the caller sees.';

-- The answer of a command: the project as it is now.
CREATE OR REPLACE FUNCTION skillancer.project_reply(p_id skillancer.project_id, p_status integer DEFAULT 200)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.project_doc d WHERE d.id = p_id;
	RETURN ROW(p_status, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.project_reply(skillancer.project_id, integer) IS 'Reply with the JSON of a project.';

-- The caller's own project, locked.
CREATE OR REPLACE FUNCTION skillancer.own_project(p_id skillancer.project_id)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_client skillancer.user_id;
	v_state  text;
BEGIN
	SELECT p.client_id INTO v_client FROM skillancer.project p WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_client IS DISTINCT FROM skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	SELECT p.state INTO v_state FROM skillancer.project p WHERE p.id = p_id FOR UPDATE;
	RETURN v_state;
END
$$;
COMMENT ON FUNCTION skillancer.own_project(skillancer.project_id) IS
	'Locks a project of the caller and returns its state; RESOURCE_NOT_FOUND or PERMISSION_DENIED for others.';

-- Opens a project for proposals.
CREATE OR REPLACE FUNCTION skillancer.open_project(p_id skillancer.project_id, p_event text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.project p
	SET published_at = coalesce(p.published_at, skillancer.now()),
		expires_at = skillancer.now() + skillancer.policy_interval('projectExpiry')
	WHERE p.id = p_id;
	PERFORM skillancer.fire('project', p_id::uuid, p_event);
END
$$;
COMMENT ON FUNCTION skillancer.open_project(skillancer.project_id, text) IS
	'Fires an event that leads to OPEN and sets when the project was first published and when it expires.';


-- ======== sql/project/search.sql
/*
 * search.sql
 *		Finding open projects and active gigs by words and filters.
 *
 * Under row-level security @@ and && cannot drive an index, because they are not leakproof. So a
 * definer function of the engine finds the ids, among rows that are public to everybody, and the
 * caller reads those rows under its own policies. Each call is planned with its own values: the
 * filters that are absent vanish from the plan.
 */

-- Words that a client of the API looks for.
CREATE OR REPLACE FUNCTION skillancer.search_query(p_q text)
RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
	v_query tsquery := websearch_to_tsquery('pg_catalog.english', p_q);
BEGIN
	RETURN CASE WHEN numnode(v_query) > 0 THEN v_query END;
END
$$;
COMMENT ON FUNCTION skillancer.search_query(text) IS
	'A query out of what people type into a search field; NULL when nothing but stop words is in it.';

-- Ids of public open projects.
CREATE OR REPLACE FUNCTION skillancer.find_projects(
	p_query tsquery, p_skills skillancer.skill_id[], p_categories skillancer.category_id[], p_kind text,
	p_min numeric, p_max numeric, p_currency text,
	p_before timestamptz, p_before_id skillancer.project_id, p_limit integer)
RETURNS skillancer.project_id[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
	RETURN ARRAY(
		SELECT p.id
		FROM skillancer.project p
		WHERE p.state = 'OPEN' AND p.visibility = 'PUBLIC'
			AND (p_query IS NULL OR p.q @@ p_query)
			AND (p_skills IS NULL OR p.skills @> p_skills)
			AND (p_categories IS NULL OR p.category_id = ANY (p_categories))
			AND (p_kind IS NULL OR p.budget_kind = p_kind)
			AND (p_currency IS NULL OR skillancer.monetary_currency(p.budget_max) = p_currency)
			AND (p_min IS NULL OR p.budget_max::numeric >= p_min)
			AND (p_max IS NULL OR p.budget_min::numeric <= p_max)
			AND (p.published_at, p.id) < (p_before, p_before_id)
		ORDER BY p.published_at DESC, p.id DESC
		LIMIT p_limit);
END
$$;
COMMENT ON FUNCTION skillancer.find_projects(tsquery, skillancer.skill_id[], skillancer.category_id[], text, numeric,
		numeric, text, timestamptz, skillancer.project_id, integer) IS
	'Ids of PUBLIC and OPEN projects that match, newest first; NULL leaves a filter out. A budget matches when its range meets the wanted one.';
ALTER FUNCTION skillancer.find_projects(tsquery, skillancer.skill_id[], skillancer.category_id[], text, numeric,
	numeric, text, timestamptz, skillancer.project_id, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.find_projects(tsquery, skillancer.skill_id[], skillancer.category_id[], text,
	numeric, numeric, text, timestamptz, skillancer.project_id, integer) TO skillancer_bridge;

-- Ids of active gigs.
CREATE OR REPLACE FUNCTION skillancer.find_gigs(
	p_query tsquery, p_categories skillancer.category_id[], p_min numeric, p_max numeric, p_currency text,
	p_before timestamptz, p_before_id skillancer.gig_id, p_limit integer)
RETURNS skillancer.gig_id[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
	RETURN ARRAY(
		SELECT g.id
		FROM skillancer.gig g
		WHERE g.state = 'ACTIVE'
			AND (p_query IS NULL OR g.q @@ p_query)
			AND (p_categories IS NULL OR g.category_id = ANY (p_categories))
			AND (p_currency IS NULL OR skillancer.monetary_currency(g.price_from) = p_currency)
			AND (p_min IS NULL OR g.price_from::numeric >= p_min)
			AND (p_max IS NULL OR g.price_from::numeric <= p_max)
			AND (g.activated_at, g.id) < (p_before, p_before_id)
		ORDER BY g.activated_at DESC, g.id DESC
		LIMIT p_limit);
END
$$;
COMMENT ON FUNCTION skillancer.find_gigs(tsquery, skillancer.category_id[], numeric, numeric, text, timestamptz,
		skillancer.gig_id, integer) IS
	'Ids of ACTIVE gigs that match, newest first; NULL leaves a filter out. The price is the lowest of the packages.';
ALTER FUNCTION skillancer.find_gigs(tsquery, skillancer.category_id[], numeric, numeric, text, timestamptz,
	skillancer.gig_id, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.find_gigs(tsquery, skillancer.category_id[], numeric, numeric, text, timestamptz,
	skillancer.gig_id, integer) TO skillancer_bridge;


-- ======== sql/booking/api.sql
-- sql/booking/api.sql
--	API of bookings: read, list, end, cancel.

-- One booking with its milestones.
CREATE OR REPLACE FUNCTION skillancer_api.booking_get(p_id skillancer.booking_id,
		p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.booking_doc d WHERE d.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	IF skillancer.etag_matches(p_header_if_none_match, v_etag) THEN
		RETURN ROW(304, v_etag, NULL, NULL, NULL)::skillancer.reply;
	END IF;
	RETURN ROW(200, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_get(skillancer.booking_id, text) IS
	'A booking with its milestones, for its two parties.';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}', 'booking_get', summary => 'One booking with its milestones');

-- The caller's bookings, newest first.
CREATE OR REPLACE FUNCTION skillancer_api.booking_list(p_state text DEFAULT NULL, p_side text DEFAULT NULL,
		p_project_id skillancer.project_id DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'bookings', p_state, p_side, p_project_id);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('state', p_state,
		ARRAY['AWAITING_PAYMENT', 'ACTIVE', 'ENDING', 'COMPLETED', 'CANCELLED', 'VOID'], false);
	PERFORM skillancer.check_one_of('side', p_side, ARRAY['CLIENT', 'FREELANCER'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::uuid::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT b.id, b.doc FROM skillancer.booking_doc b
		WHERE (p_side IS DISTINCT FROM 'FREELANCER' AND b.client_id = v_me
				OR p_side IS DISTINCT FROM 'CLIENT' AND b.freelancer_id = v_me)
			AND (p_state IS NULL OR b.state = p_state)
			AND (p_project_id IS NULL OR b.project_id = p_project_id)
			AND (v_after IS NULL OR b.id < v_after::skillancer.booking_id)
		ORDER BY b.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_list(text, text, skillancer.project_id, integer, text) IS
	'The caller''s bookings as client, as freelancer or both (side), newest first.';
SELECT skillancer.add_route('GET', '/v1/bookings', 'booking_list', summary => 'My bookings');

-- Fires an event of a booking for the caller and returns what the booking is then.
CREATE OR REPLACE FUNCTION skillancer.booking_command(p_id skillancer.booking_id, p_event text, p_payload jsonb)
	RETURNS skillancer.reply
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.booking b WHERE b.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM skillancer.fire('booking', p_id::uuid, p_event, p_payload);
	PERFORM skillancer.booking_settle(p_id);
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.booking_command(skillancer.booking_id, text, jsonb) IS
	'The common body of the commands on a booking.';

-- Either side ends a running booking.
CREATE OR REPLACE FUNCTION skillancer_api.booking_end(p_id skillancer.booking_id, p_reason text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, false);
	PERFORM skillancer.check_done();
	RETURN skillancer.booking_command(p_id, 'end', jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_end(skillancer.booking_id, text) IS
	'Ends a booking. Milestones without money are cancelled at once; the booking is COMPLETED (or CANCELLED, when nothing was released) as soon as no milestone holds money.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/end', 'booking_end', summary => 'End a booking');

-- Either side withdraws from a booking that nobody has funded.
CREATE OR REPLACE FUNCTION skillancer_api.booking_cancel(p_id skillancer.booking_id, p_reason text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('reason', p_reason, 1, 500, false);
	PERFORM skillancer.check_done();
	RETURN skillancer.booking_command(p_id, 'cancel', jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_cancel(skillancer.booking_id, text) IS
	'Makes a booking VOID before its first milestone is funded.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/cancel', 'booking_cancel',
	summary => 'Withdraw from a booking before it is funded');


-- ======== sql/booking/api_accept.sql
-- sql/booking/api_accept.sql
--	Accepting a proposal: the one place where a project turns into a booking.

-- The terms of a booking from a proposal, as they are frozen.
CREATE OR REPLACE FUNCTION skillancer.proposal_terms(p_id skillancer.proposal_id, p_fee_version integer,
		p_policy jsonb)
	RETURNS jsonb
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		SELECT jsonb_build_object(
			'project', jsonb_build_object('id', j.id, 'title', j.title, 'description', j.description),
			'proposal', jsonb_build_object('id', p.id, 'revision', p.revision, 'coverLetter', p.cover_letter),
			'price', p.bid,
			'deliveryDays', p.delivery_days,
			'milestones', CASE WHEN jsonb_array_length(p.milestones) > 0 THEN p.milestones
				ELSE jsonb_build_array(jsonb_build_object('title', j.title, 'amount', p.bid,
					'days', p.delivery_days)) END,
			'feeVersion', p_fee_version,
			'policy', p_policy)
		FROM skillancer.proposal p
		JOIN skillancer.project j ON j.id = p.project_id
		WHERE p.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.proposal_terms(skillancer.proposal_id, integer, jsonb) IS
	'What the two sides agree on when this proposal is accepted, as JSON.';

-- Makes the booking of an accepted proposal, with its milestones.
CREATE OR REPLACE FUNCTION skillancer.booking_from_proposal(p_id skillancer.proposal_id)
	RETURNS skillancer.booking_id
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking_id := skillancer.new_id()::skillancer.booking_id;
	v_fee_version integer := skillancer.policy_int('feeVersion');
	v_policy jsonb := skillancer.policy_pin(ARRAY['bookingPaymentTerm', 'autoRelease', 'revisionLimit',
		'earningHold', 'reviewWindow']);
	v_terms jsonb := skillancer.proposal_terms(p_id, v_fee_version, v_policy);
BEGIN
	INSERT INTO skillancer.booking (id, source, project_id, proposal_id, client_id, freelancer_id, title,
		currency, terms, terms_hash, fee_version, policy)
	SELECT v_booking, 'PROPOSAL', p.project_id, p.id, p.client_id, p.freelancer_id,
		v_terms #>> '{project,title}', skillancer.monetary_currency(p.bid), v_terms,
		skillancer.terms_hash(v_terms), v_fee_version, v_policy
	FROM skillancer.proposal p
	WHERE p.id = p_id;
	PERFORM skillancer.booking_add_milestones(v_booking, v_terms -> 'milestones');
	PERFORM skillancer.schedule('booking', v_booking::uuid, 'expire',
		skillancer.now() + (v_policy ->> 'bookingPaymentTerm')::interval);
	PERFORM skillancer.emit('booking.created', 'booking', b.id::uuid,
		jsonb_build_object('bookingId', b.id, 'clientId', b.client_id, 'freelancerId', b.freelancer_id,
			'state', b.state, 'title', b.title, 'projectId', b.project_id, 'proposalId', b.proposal_id),
		ARRAY[b.client_id::uuid, b.freelancer_id::uuid])
	FROM skillancer.booking b
	WHERE b.id = v_booking;
	RETURN v_booking;
END
$$;
COMMENT ON FUNCTION skillancer.booking_from_proposal(skillancer.proposal_id) IS
	'Inserts the booking and its milestones with pinned policies, the fee version of today and the hash of the terms.';

-- Takes one opening of a project; the last one fills it, which closes the proposals that are left.
CREATE OR REPLACE FUNCTION skillancer.project_take_opening(p_id skillancer.project_id)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_taken bigint;
	v_openings integer;
BEGIN
	SELECT count(*) INTO v_taken FROM skillancer.booking b WHERE b.project_id = p_id AND b.state <> 'VOID';
	SELECT j.openings INTO v_openings FROM skillancer.project j WHERE j.id = p_id;
	IF v_taken >= v_openings THEN
		PERFORM skillancer.fire_system('project', p_id::uuid, 'fill');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.project_take_opening(skillancer.project_id) IS
	'Called under the project''s lock after a booking was made.';

-- The client accepts a proposal: one winner per opening, however many accept at once.
CREATE OR REPLACE FUNCTION skillancer_api.proposal_accept(p_id skillancer.proposal_id, p_revision integer)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_project skillancer.project_id;
	v_revision integer;
	v_booking skillancer.booking_id;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	PERFORM skillancer.check_int('revision', p_revision, 1, 1000000, true);
	PERFORM skillancer.check_done();
	SELECT p.project_id INTO v_project FROM skillancer.proposal p WHERE p.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM FROM skillancer.project j WHERE j.id = v_project FOR NO KEY UPDATE;
	PERFORM skillancer.fire('proposal', p_id::uuid, 'accept');
	SELECT p.revision INTO v_revision FROM skillancer.proposal p WHERE p.id = p_id;
	IF v_revision <> p_revision THEN
		PERFORM skillancer.fail('PRECONDITION_FAILED', 'the proposal was edited: read it again before you accept it',
			jsonb_build_object('revision', v_revision));
	END IF;
	v_booking := skillancer.booking_from_proposal(p_id);
	PERFORM skillancer.project_take_opening(v_project);
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.booking_doc d WHERE d.id = v_booking);
END
$$;
COMMENT ON FUNCTION skillancer_api.proposal_accept(skillancer.proposal_id, integer) IS
	'Accepts a proposal in the revision that the client has read, and returns the booking, which awaits payment. The project is FILLED and its other proposals are CLOSED when its openings are taken.';
SELECT skillancer.add_route('POST', '/v1/proposals/{id}/accept', 'proposal_accept', who => 'CLIENT',
	summary => 'Accept a proposal and book the freelancer');


-- ======== sql/booking/api_milestone.sql
-- sql/booking/api_milestone.sql
--	API of milestones: propose, agree, decline, submit, request changes, approve, refund.

-- Either side proposes another milestone.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_propose(p_id skillancer.booking_id, p_title text,
		p_amount skillancer.monetary, p_days integer DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking%ROWTYPE;
	v_milestone skillancer.milestone_id := skillancer.new_id()::skillancer.milestone_id;
	v_count integer;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	END IF;
	PERFORM skillancer.check_text('title', p_title, 1, 200, true);
	PERFORM skillancer.check_money('amount', p_amount, 1, skillancer.policy_int('maxCharge'), true);
	PERFORM skillancer.check_that('amount',
		skillancer.monetary_currency(p_amount) = v_booking.currency, 'must be in the currency of the booking');
	PERFORM skillancer.check_int('days', p_days, 1, 365, false);
	PERFORM skillancer.check_done();
	SELECT count(*) INTO v_count FROM skillancer.milestone m WHERE m.booking_id = p_id;
	IF v_count >= skillancer.policy_int('milestoneLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'the booking has too many milestones');
	END IF;
	IF NOT v_booking.is_open OR v_booking.state = 'ENDING' THEN
		PERFORM skillancer.fail('INVALID_STATE', NULL, jsonb_build_object('state', v_booking.state, 'allowed', '[]'::jsonb));
	END IF;
	INSERT INTO skillancer.milestone (id, booking_id, client_id, freelancer_id, seq, title, amount, days,
		proposed_by, policy)
	VALUES (v_milestone, p_id, v_booking.client_id, v_booking.freelancer_id, v_count + 1, p_title, p_amount,
		p_days, skillancer.current_user_id(), v_booking.policy);
	PERFORM skillancer.emit('milestone.proposed', 'milestone', v_milestone::uuid,
		jsonb_build_object('milestoneId', v_milestone, 'bookingId', p_id, 'clientId', v_booking.client_id,
			'freelancerId', v_booking.freelancer_id, 'state', 'PROPOSED', 'title', p_title, 'amount', p_amount),
		ARRAY[v_booking.client_id::uuid, v_booking.freelancer_id::uuid]);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.milestone_doc d WHERE d.id = v_milestone);
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_propose(skillancer.booking_id, text, skillancer.monetary, integer) IS
	'Proposes a milestone in the currency of the booking; the other side agrees or declines.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/milestones', 'milestone_propose',
	summary => 'Propose a milestone');

-- The other side agrees.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_agree(p_id skillancer.milestone_id)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	RETURN skillancer.milestone_command(p_id, 'agree');
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_agree(skillancer.milestone_id) IS
	'Agrees to a milestone that the other side has proposed.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/agree', 'milestone_agree',
	summary => 'Agree to a proposed milestone');

-- Either side declines a proposed milestone, the client drops an agreed one.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_decline(p_id skillancer.milestone_id)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	RETURN skillancer.milestone_command(p_id, 'decline');
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_decline(skillancer.milestone_id) IS
	'Declines or withdraws a proposed milestone; the client may also drop an agreed one that is not funded.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/decline', 'milestone_decline',
	summary => 'Decline a milestone that holds no money');

-- The freelancer hands in work.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_submit(p_id skillancer.milestone_id, p_note text)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('note', p_note, 1, 5000, true);
	PERFORM skillancer.check_done();
	RETURN skillancer.milestone_command(p_id, 'submit', jsonb_build_object('note', p_note));
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_submit(skillancer.milestone_id, text) IS
	'Hands in the work of a funded milestone. Without an answer it is released after the period that the booking has pinned.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/submit', 'milestone_submit', who => 'FREELANCER',
	summary => 'Hand in the work of a milestone');

-- The client wants something changed.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_request_changes(p_id skillancer.milestone_id, p_note text)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('note', p_note, 1, 5000, true);
	PERFORM skillancer.check_done();
	RETURN skillancer.milestone_command(p_id, 'request_changes', jsonb_build_object('note', p_note));
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_request_changes(skillancer.milestone_id, text) IS
	'Sends submitted work back; counts as a revision, of which the booking allows a limited number.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/request-changes', 'milestone_request_changes',
	who => 'CLIENT', summary => 'Ask for changes of submitted work');

-- The client accepts the work: the money is the freelancer's.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_approve(p_id skillancer.milestone_id,
		p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.milestone_approve(%L, false)', p_id));
	END IF;
	RETURN skillancer.milestone_command(p_id, 'approve');
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_approve(skillancer.milestone_id, boolean) IS
	'Releases a submitted milestone to the freelancer, less the service fee. dryRun shows the result and the postings and changes nothing.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/approve', 'milestone_approve', who => 'CLIENT',
	summary => 'Approve submitted work and release its money');

-- The freelancer gives the money of a milestone back.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_refund(p_id skillancer.milestone_id,
		p_dry_run boolean DEFAULT false)
	RETURNS json
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN skillancer.dry_run(format('SELECT skillancer_api.milestone_refund(%L, false)', p_id));
	END IF;
	RETURN skillancer.milestone_command(p_id, 'refund');
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_refund(skillancer.milestone_id, boolean) IS
	'Returns the whole of a funded milestone, with the client''s fee, to the client''s wallet.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/refund', 'milestone_refund', who => 'FREELANCER',
	summary => 'Return the money of a milestone to the client');


-- ======== sql/booking/api_review.sql
-- sql/booking/api_review.sql
--	API of reviews: write, read, reply. A review is hidden from the other side until both are in or the
--	window after the booking's end has closed.

-- Either side reviews the other.
CREATE OR REPLACE FUNCTION skillancer_api.review_submit(p_id skillancer.booking_id, p_rating integer,
		p_comment text, p_would_work_again boolean, p_quality integer DEFAULT NULL,
		p_communication integer DEFAULT NULL, p_timeliness integer DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_booking skillancer.booking%ROWTYPE;
	v_review skillancer.review_id := skillancer.new_id()::skillancer.review_id;
	v_closes timestamptz;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_int('rating', p_rating, 1, 5, true);
	PERFORM skillancer.check_text('comment', p_comment, 10, 2000, true);
	PERFORM skillancer.check_that('wouldWorkAgain', p_would_work_again IS NOT NULL, 'is required');
	PERFORM skillancer.check_int('quality', p_quality, 1, 5, false);
	PERFORM skillancer.check_int('communication', p_communication, 1, 5, false);
	PERFORM skillancer.check_int('timeliness', p_timeliness, 1, 5, false);
	PERFORM skillancer.check_done();
	SELECT * INTO v_booking FROM skillancer.booking b WHERE b.id = p_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM skillancer.booking_refuse_stranger(p_id);
	END IF;
	v_closes := v_booking.ended_at + (v_booking.policy ->> 'reviewWindow')::interval;
	IF v_closes > skillancer.now() IS NOT TRUE OR v_booking.activated_at IS NULL THEN
		PERFORM skillancer.fail('INVALID_STATE', 'reviews are written within the review window after a booking has ended',
			jsonb_build_object('state', v_booking.state, 'allowed', '[]'::jsonb));
	END IF;
	IF EXISTS (SELECT FROM skillancer.review r WHERE r.booking_id = p_id AND r.author_id = v_me) THEN
		PERFORM skillancer.fail('REVIEW_EXISTS');
	END IF;
	INSERT INTO skillancer.review (id, booking_id, client_id, freelancer_id, author_id, subject_id, rating,
		quality, communication, timeliness, comment, would_work_again)
	VALUES (v_review, p_id, v_booking.client_id, v_booking.freelancer_id, v_me,
		CASE WHEN v_me = v_booking.client_id THEN v_booking.freelancer_id ELSE v_booking.client_id END,
		p_rating, p_quality, p_communication, p_timeliness, p_comment, p_would_work_again);
	PERFORM skillancer.schedule('review', v_review::uuid, 'publish', v_closes);
	PERFORM skillancer.emit('review.submitted', 'review', v_review::uuid,
		jsonb_build_object('reviewId', v_review, 'bookingId', p_id, 'state', 'HIDDEN'), ARRAY[v_me::uuid]);
	PERFORM skillancer.review_publish_pair(p_id);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.review_doc d WHERE d.id = v_review);
END
$$;
COMMENT ON FUNCTION skillancer_api.review_submit(skillancer.booking_id, integer, text, boolean, integer, integer, integer) IS
	'Reviews the other side of an ended booking, once. Nobody but its author sees a hidden review.';
SELECT skillancer.add_route('POST', '/v1/bookings/{id}/reviews', 'review_submit',
	summary => 'Review the other side of a booking');

-- The reviews of one booking that the caller may see.
CREATE OR REPLACE FUNCTION skillancer_api.booking_reviews(p_id skillancer.booking_id)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM FROM skillancer.booking b WHERE b.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.id) FROM skillancer.review_doc d WHERE d.booking_id = p_id),
		'[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_reviews(skillancer.booking_id) IS
	'The published reviews of a booking, and the caller''s own.';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}/reviews', 'booking_reviews',
	summary => 'Reviews of a booking');

-- The published reviews of a person.
CREATE OR REPLACE FUNCTION skillancer_api.user_reviews(p_id skillancer.user_id, p_side text DEFAULT NULL,
		p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'reviews', p_id, p_side);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('side', p_side, ARRAY['CLIENT', 'FREELANCER'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::uuid::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT r.id, r.doc FROM skillancer.review_doc r
		WHERE r.subject_id = p_id AND r.state = 'PUBLISHED' AND (p_side IS NULL OR r.side = p_side)
			AND (v_after IS NULL OR r.id < v_after::skillancer.review_id)
		ORDER BY r.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_reviews(skillancer.user_id, text, integer, text) IS
	'The published reviews of a person as freelancer, as client or both (side), newest first.';
SELECT skillancer.add_route('GET', '/v1/users/{id}/reviews', 'user_reviews', who => 'anyone',
	summary => 'Published reviews of a person');

-- The tallies behind a person's rating.
CREATE OR REPLACE FUNCTION skillancer_api.user_rating(p_id skillancer.user_id)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN json_build_object(
		'freelancer', (SELECT r.rating FROM skillancer.reputation r WHERE r.user_id = p_id AND r.side = 'FREELANCER'),
		'client', (SELECT r.rating FROM skillancer.reputation r WHERE r.user_id = p_id AND r.side = 'CLIENT'));
END
$$;
COMMENT ON FUNCTION skillancer_api.user_rating(skillancer.user_id) IS
	'How many published reviews of each rating a person has, on either side.';
SELECT skillancer.add_route('GET', '/v1/users/{id}/rating', 'user_rating', who => 'anyone',
	summary => 'Rating of a person from published reviews');

-- The reviewed person answers, once.
CREATE OR REPLACE FUNCTION skillancer_api.review_reply(p_id skillancer.review_id, p_reply text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_review skillancer.review%ROWTYPE;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.check_text('reply', p_reply, 1, 2000, true);
	PERFORM skillancer.check_done();
	SELECT * INTO v_review FROM skillancer.review r WHERE r.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	UPDATE skillancer.review r
	SET reply = p_reply, replied_at = skillancer.now(), version = r.version + 1, updated_at = skillancer.now()
	WHERE r.id = p_id AND r.reply IS NULL;
	IF NOT FOUND THEN
		PERFORM skillancer.fail(CASE WHEN v_review.subject_id = skillancer.current_user_id()
			THEN 'DUPLICATE_RESOURCE' ELSE 'PERMISSION_DENIED' END);
	END IF;
	PERFORM skillancer.emit('review.replied', 'review', p_id::uuid,
		jsonb_build_object('reviewId', p_id, 'bookingId', v_review.booking_id), ARRAY[v_review.author_id::uuid]);
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.review_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.review_reply(skillancer.review_id, text) IS
	'Answers a published review about the caller, once.';
SELECT skillancer.add_route('POST', '/v1/reviews/{id}/reply', 'review_reply', summary => 'Answer a review about me');


-- ======== sql/booking/api_timeline.sql
-- sql/booking/api_timeline.sql
--	API of a booking's history, read from the event log.

-- The events of a booking and its milestones, for who may see the booking.
CREATE OR REPLACE FUNCTION skillancer.booking_events(p_id skillancer.booking_id, p_after bigint, p_limit integer)
	RETURNS TABLE (seq bigint, doc json)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (
		SELECT FROM skillancer.booking b
		WHERE b.id = p_id AND (skillancer.current_user_id() IN (b.client_id, b.freelancer_id)
			OR skillancer.has_permission('contracts:view'))) THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	RETURN QUERY
		SELECT e.seq, json_build_object('id', e.id, 'type', e.type, 'at', e.at, 'actorId', e.actor_id, 'data', e.data)
		FROM skillancer.event e
		WHERE e.aggregate_id IN (
				SELECT p_id::uuid
				UNION ALL
				SELECT m.id::uuid FROM skillancer.milestone m WHERE m.booking_id = p_id)
			AND e.seq > coalesce(p_after, 0)
		ORDER BY e.seq
		LIMIT p_limit;
END
$$;
ALTER FUNCTION skillancer.booking_events(skillancer.booking_id, bigint, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.booking_events(skillancer.booking_id, bigint, integer) TO skillancer_bridge;
COMMENT ON FUNCTION skillancer.booking_events(skillancer.booking_id, bigint, integer) IS
	'What happened to a booking and its milestones, oldest first; runs as the engine because the event log is not open to users, and checks who asks.';

-- The history of a booking.
CREATE OR REPLACE FUNCTION skillancer_api.booking_timeline(p_id skillancer.booking_id, p_limit integer DEFAULT NULL,
		p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'timeline', p_id);
	v_after bigint := skillancer.cursor_decode(v_scope, p_cursor)::bigint;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_done();
	SELECT array_agg(e.doc ORDER BY e.seq), array_agg(e.seq::text ORDER BY e.seq)
	INTO v_items, v_keys
	FROM skillancer.booking_events(p_id, v_after, v_limit + 1) e;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.booking_timeline(skillancer.booking_id, integer, text) IS
	'What happened to a booking and its milestones, who did it and when, oldest first.';
SELECT skillancer.add_route('GET', '/v1/bookings/{id}/timeline', 'booking_timeline', summary => 'History of a booking');


-- ======== sql/booking/events.sql
-- sql/booking/events.sql
--	Events of bookings, milestones and reviews, with the JSON schema of their data.

INSERT INTO skillancer.event_type (name, version, description, schema)
SELECT v.name, '1.0', v.description, v.schema::jsonb
FROM (VALUES
	('booking.created', 'A proposal was accepted: the two have a booking, which awaits payment',
		'{"type": "object", "required": ["bookingId", "clientId", "freelancerId", "state"], "properties": {"title": {"type": "string"}, "projectId": {"type": ["string", "null"]}, "proposalId": {"type": ["string", "null"]}}}'),
	('booking.activated', 'The first milestone is funded: work may begin',
		'{"type": "object", "required": ["bookingId", "clientId", "freelancerId", "state", "from"]}'),
	('booking.ending', 'One side ends the booking; milestones that hold money are still to be settled',
		'{"type": "object", "required": ["bookingId", "clientId", "freelancerId", "state", "from"]}'),
	('booking.completed', 'The booking is over, and work was paid',
		'{"type": "object", "required": ["bookingId", "clientId", "freelancerId", "state", "from"]}'),
	('booking.cancelled', 'The booking is over, and nothing was paid',
		'{"type": "object", "required": ["bookingId", "clientId", "freelancerId", "state", "from"]}'),
	('booking.voided', 'The booking was withdrawn or expired before it was funded',
		'{"type": "object", "required": ["bookingId", "clientId", "freelancerId", "state", "from"]}'),
	('milestone.proposed', 'One side proposes a milestone',
		'{"type": "object", "required": ["milestoneId", "clientId", "freelancerId", "state"], "properties": {"title": {"type": "string"}, "amount": {"type": "object"}}}'),
	('milestone.agreed', 'The other side agreed to a milestone',
		'{"type": "object", "required": ["milestoneId", "clientId", "freelancerId", "state", "from"]}'),
	('milestone.cancelled', 'A milestone without money was dropped',
		'{"type": "object", "required": ["milestoneId", "clientId", "freelancerId", "state", "from"]}'),
	('milestone.funding', 'The payment of a milestone awaits the payer',
		'{"type": "object", "required": ["milestoneId", "clientId", "freelancerId", "state", "from"]}'),
	('milestone.payment_failed', 'The payment of a milestone did not come about',
		'{"type": "object", "required": ["milestoneId", "clientId", "freelancerId", "state", "from"]}'),
	('milestone.funded', 'The money of a milestone is in escrow',
		'{"type": "object", "required": ["milestoneId", "clientId", "freelancerId", "state", "from"]}'),
	('milestone.submitted', 'The freelancer handed in the work',
		'{"type": "object", "required": ["milestoneId", "clientId", "freelancerId", "state", "from"]}'),
	('milestone.changes_requested', 'The client asks for changes',
		'{"type": "object", "required": ["milestoneId", "clientId", "freelancerId", "state", "from"]}'),
	('milestone.released', 'The money of a milestone is the freelancer''s',
		'{"type": "object", "required": ["milestoneId", "clientId", "freelancerId", "state", "from"]}'),
	('milestone.refunded', 'The money of a milestone went back to the client',
		'{"type": "object", "required": ["milestoneId", "clientId", "freelancerId", "state", "from"]}'),
	('review.submitted', 'Somebody wrote a review; heard by its author only',
		'{"type": "object", "required": ["reviewId", "bookingId", "state"]}'),
	('review.published', 'A review can be read by everybody',
		'{"type": "object", "required": ["reviewId", "state", "from"]}'),
	('review.replied', 'The reviewed person answered',
		'{"type": "object", "required": ["reviewId", "bookingId"]}')
) AS v (name, description, schema);


-- ======== sql/booking/functions.sql
-- sql/booking/functions.sql
--	What the commands of bookings share: hashing of terms, making a booking, locks in one order.

-- SHA-256 of the canonical text of the terms.
CREATE OR REPLACE FUNCTION skillancer.terms_hash(p_terms jsonb) RETURNS bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'skl_terms_hash';
COMMENT ON FUNCTION skillancer.terms_hash(jsonb) IS
	'SHA-256 of the text of a jsonb value; jsonb orders its keys, so equal terms have equal hashes.';

-- Makes the milestones of a booking: the proposed ones, or one for the whole price.
CREATE OR REPLACE FUNCTION skillancer.booking_add_milestones(p_booking skillancer.booking_id, p_milestones jsonb)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.milestone (booking_id, client_id, freelancer_id, seq, title, amount, days,
		proposed_by, state, policy)
	SELECT b.id, b.client_id, b.freelancer_id, m.seq, m.item ->> 'title',
		(m.item -> 'amount')::skillancer.monetary,
		(m.item ->> 'days')::integer, b.freelancer_id, 'AGREED', b.policy
	FROM skillancer.booking b
	CROSS JOIN LATERAL jsonb_array_elements(p_milestones) WITH ORDINALITY AS m (item, seq)
	WHERE b.id = p_booking;
END
$$;
COMMENT ON FUNCTION skillancer.booking_add_milestones(skillancer.booking_id, jsonb) IS
	'Adds agreed milestones to a booking of the caller, in the order of the JSON array.';

-- Locks the booking of a milestone, then the milestone: everything takes them in this order.
CREATE OR REPLACE FUNCTION skillancer.milestone_lock(p_id skillancer.milestone_id)
	RETURNS skillancer.booking_id
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_booking skillancer.booking_id;
BEGIN
	SELECT m.booking_id INTO v_booking FROM skillancer.milestone m WHERE m.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	PERFORM FROM skillancer.booking b WHERE b.id = v_booking FOR NO KEY UPDATE;
	PERFORM FROM skillancer.milestone m WHERE m.id = p_id FOR NO KEY UPDATE;
	RETURN v_booking;
END
$$;
COMMENT ON FUNCTION skillancer.milestone_lock(skillancer.milestone_id) IS
	'Locks a milestone that the caller sees, after its booking, and returns the booking.';

-- Fires one event of a milestone for the caller and returns what the milestone is then.
CREATE OR REPLACE FUNCTION skillancer.milestone_command(p_id skillancer.milestone_id, p_event text,
		p_payload jsonb DEFAULT '{}')
	RETURNS json
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.milestone_lock(p_id);
	PERFORM skillancer.fire('milestone', p_id::uuid, p_event, p_payload);
	RETURN (SELECT d.doc FROM skillancer.milestone_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.milestone_command(skillancer.milestone_id, text, jsonb) IS
	'The common body of the commands on a milestone.';

-- Publishes both reviews of a booking when both are there. The caller holds the booking's lock.
CREATE OR REPLACE FUNCTION skillancer.review_publish_pair(p_booking skillancer.booking_id)
	RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF (SELECT count(*) FROM skillancer.review r WHERE r.booking_id = p_booking) = 2 THEN
		PERFORM skillancer.fire_system('review', r.id::uuid, 'publish')
		FROM skillancer.review r
		WHERE r.booking_id = p_booking AND r.state = 'HIDDEN';
	END IF;
END
$$;
ALTER FUNCTION skillancer.review_publish_pair(skillancer.booking_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.review_publish_pair(skillancer.booking_id) IS
	'Runs as the engine, because each author must not see the other''s hidden review.';

-- Says no to somebody who may not act on a booking: it does not exist for strangers.
CREATE OR REPLACE FUNCTION skillancer.booking_refuse_stranger(p_id skillancer.booking_id)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF EXISTS (SELECT FROM skillancer.booking b WHERE b.id = p_id) THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
END
$$;
COMMENT ON FUNCTION skillancer.booking_refuse_stranger(skillancer.booking_id) IS
	'PERMISSION_DENIED for staff who may see the booking, RESOURCE_NOT_FOUND for everybody else.';

-- Brings a booking that is ending to its end, when nothing is under way any more.
CREATE OR REPLACE FUNCTION skillancer.booking_settle(p_booking skillancer.booking_id) RETURNS void
	LANGUAGE c VOLATILE STRICT SECURITY DEFINER
	AS 'MODULE_PATHNAME', 'skl_fn_booking_settle';
ALTER FUNCTION skillancer.booking_settle(skillancer.booking_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.booking_settle(skillancer.booking_id) IS
	'COMPLETED when a milestone was released, else CANCELLED; does nothing while a milestone is under way.';


-- ======== sql/booking/machines.sql
-- sql/booking/machines.sql
--	Machines of bookings, milestones and reviews. Guards and effects are C: extension/booking and,
--	where money moves, extension/payment.

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('booking', 'skillancer.booking', ARRAY['AWAITING_PAYMENT'], 'booking'),
	('milestone', 'skillancer.milestone', ARRAY['PROPOSED', 'AGREED'], 'milestone'),
	('review', 'skillancer.review', ARRAY['HIDDEN'], 'review');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('booking', 'AWAITING_PAYMENT', 'activate', 'ACTIVE', ARRAY['system'], NULL, 'booking.activated'),
	('booking', 'AWAITING_PAYMENT', 'cancel', 'VOID', ARRAY['client', 'freelancer'], 'booking_unfunded', 'booking.voided'),
	('booking', 'AWAITING_PAYMENT', 'expire', 'VOID', ARRAY['system'], 'booking_unfunded', 'booking.voided'),
	('booking', 'ACTIVE', 'end', 'ENDING', ARRAY['client', 'freelancer'], NULL, 'booking.ending'),
	('booking', 'ENDING', 'complete', 'COMPLETED', ARRAY['system'], 'booking_paid', 'booking.completed'),
	('booking', 'ENDING', 'close', 'CANCELLED', ARRAY['system'], 'booking_unpaid', 'booking.cancelled'),

	('milestone', 'PROPOSED', 'agree', 'AGREED', ARRAY['client', 'freelancer'], 'milestone_other_side', 'milestone.agreed'),
	('milestone', 'PROPOSED', 'decline', 'CANCELLED', ARRAY['client', 'freelancer'], NULL, 'milestone.cancelled'),
	('milestone', 'PROPOSED', 'cancel', 'CANCELLED', ARRAY['system'], NULL, 'milestone.cancelled'),
	('milestone', 'AGREED', 'decline', 'CANCELLED', ARRAY['client'], NULL, 'milestone.cancelled'),
	('milestone', 'AGREED', 'cancel', 'CANCELLED', ARRAY['system'], NULL, 'milestone.cancelled'),
	('milestone', 'AGREED', 'await_payment', 'FUNDING', ARRAY['client'], 'booking_takes_money', 'milestone.funding'),
	('milestone', 'AGREED', 'fund', 'FUNDED', ARRAY['client'], 'booking_takes_money', 'milestone.funded'),
	('milestone', 'FUNDING', 'fund', 'FUNDED', ARRAY['system'], NULL, 'milestone.funded'),
	('milestone', 'FUNDING', 'payment_failed', 'AGREED', ARRAY['system'], NULL, 'milestone.payment_failed'),
	('milestone', 'FUNDED', 'submit', 'SUBMITTED', ARRAY['freelancer'], NULL, 'milestone.submitted'),
	('milestone', 'FUNDED', 'refund', 'REFUNDED', ARRAY['freelancer'], NULL, 'milestone.refunded'),
	('milestone', 'SUBMITTED', 'request_changes', 'CHANGES_REQUESTED', ARRAY['client'], 'milestone_revisions_left', 'milestone.changes_requested'),
	('milestone', 'SUBMITTED', 'approve', 'RELEASED', ARRAY['client'], NULL, 'milestone.released'),
	('milestone', 'SUBMITTED', 'auto_release', 'RELEASED', ARRAY['system'], NULL, 'milestone.released'),
	('milestone', 'SUBMITTED', 'refund', 'REFUNDED', ARRAY['freelancer'], NULL, 'milestone.refunded'),
	('milestone', 'CHANGES_REQUESTED', 'submit', 'SUBMITTED', ARRAY['freelancer'], NULL, 'milestone.submitted'),
	('milestone', 'CHANGES_REQUESTED', 'refund', 'REFUNDED', ARRAY['freelancer'], NULL, 'milestone.refunded'),

	('review', 'HIDDEN', 'publish', 'PUBLISHED', ARRAY['system'], NULL, 'review.published');

INSERT INTO skillancer.timer (machine, state, event, policy_key) VALUES
	('booking', 'AWAITING_PAYMENT', 'expire', 'bookingPaymentTerm'),
	('milestone', 'SUBMITTED', 'auto_release', 'autoRelease'),
	('review', 'HIDDEN', 'publish', 'reviewWindow');


-- ======== sql/payment/api_charge.sql
-- sql/payment/api_charge.sql
--	API of charges: into the wallet, for a milestone, confirm, cancel, read.

-- Money into the wallet.
CREATE OR REPLACE FUNCTION skillancer_api.charge_create(p_amount skillancer.monetary,
		p_payment_method_id skillancer.payment_method_id, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_charge skillancer.charge_id;
	v_etag text;
	v_doc json;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.charge_create(%L, %L, false) r',
			p_amount, p_payment_method_id)))::skillancer.reply;
	END IF;
	PERFORM skillancer.check_money('amount', p_amount, 1, skillancer.policy_int('maxCharge'));
	PERFORM skillancer.check_method('PAYMENT', p_payment_method_id);
	PERFORM skillancer.check_done();
	v_charge := skillancer.charge_make(p_payment_method_id, p_amount);
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.charge_doc d WHERE d.id = v_charge;
	RETURN skillancer.charge_reply(v_charge, v_etag, v_doc);
END
$$;
COMMENT ON FUNCTION skillancer_api.charge_create(skillancer.monetary, skillancer.payment_method_id, boolean) IS
	'Charges a payment method into the caller''s wallet: 201 CAPTURED, 202 REQUIRES_ACTION (then confirm), 402 PAYMENT_FAILED.';
SELECT skillancer.add_route('POST', '/v1/payments/charges', 'charge_create', who => 'CLIENT',
	summary => 'Put money into the wallet');

-- Pays for a milestone.
CREATE OR REPLACE FUNCTION skillancer_api.milestone_fund(p_id skillancer.milestone_id,
		p_payment_method_id skillancer.payment_method_id DEFAULT NULL, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_shortfall skillancer.monetary;
	v_charge skillancer.charge_id;
	v_etag text;
	v_doc json;
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.milestone_fund(%L, %L, false) r',
			p_id, p_payment_method_id)))::skillancer.reply;
	END IF;
	PERFORM skillancer.milestone_lock(p_id);
	IF EXISTS (SELECT FROM skillancer.milestone m WHERE m.id = p_id AND m.funded_at IS NOT NULL) THEN
		PERFORM skillancer.fail('ALREADY_FUNDED');
	END IF;
	v_shortfall := skillancer.milestone_shortfall(p_id);
	IF skillancer.monetary_minor(v_shortfall) = 0 THEN
		PERFORM skillancer.fire('milestone', p_id::uuid, 'fund');
	ELSE
		PERFORM skillancer.fire('milestone', p_id::uuid, 'await_payment');
		IF p_payment_method_id IS NULL THEN
			PERFORM skillancer.fail('INSUFFICIENT_FUNDS', 'the wallet does not cover it: name a payment method',
				jsonb_build_object('shortfall', v_shortfall));
		END IF;
		v_charge := skillancer.charge_make(p_payment_method_id, v_shortfall, p_id);
	END IF;
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.milestone_doc d WHERE d.id = p_id;
	IF v_charge IS NULL THEN
		RETURN ROW(200, v_etag, NULL, NULL, json_build_object('milestone', v_doc, 'charge', NULL))::skillancer.reply;
	END IF;
	RETURN skillancer.charge_reply(v_charge, v_etag, json_build_object('milestone', v_doc,
		'charge', (SELECT d.doc FROM skillancer.charge_doc d WHERE d.id = v_charge)));
END
$$;
COMMENT ON FUNCTION skillancer_api.milestone_fund(skillancer.milestone_id, skillancer.payment_method_id, boolean) IS
	'Puts the price of an agreed milestone and the client''s fee into escrow. What the wallet lacks is charged to the payment method: 201 charged and funded, 200 funded from the wallet, 202 when the payer has to confirm, 402 PAYMENT_FAILED, 409 ALREADY_FUNDED.';
SELECT skillancer.add_route('POST', '/v1/milestones/{id}/fund', 'milestone_fund', who => 'CLIENT',
	summary => 'Fund a milestone');

-- Locks what a charge is for, then hands over to the engine.
CREATE OR REPLACE FUNCTION skillancer.charge_command(p_id skillancer.charge_id, p_event text)
	RETURNS skillancer.reply
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_milestone skillancer.milestone_id;
BEGIN
	SELECT c.milestone_id INTO v_milestone FROM skillancer.charge c WHERE c.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	IF v_milestone IS NOT NULL THEN
		PERFORM skillancer.milestone_lock(v_milestone);
	END IF;
	PERFORM skillancer.fire('charge', p_id::uuid, p_event);
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.charge_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer.charge_command(skillancer.charge_id, text) IS
	'The common body of the commands on a charge.';

-- The payer has done what the provider asked for.
CREATE OR REPLACE FUNCTION skillancer_api.charge_confirm(p_id skillancer.charge_id, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.charge_confirm(%L, false) r', p_id)))::skillancer.reply;
	END IF;
	RETURN skillancer.charge_command(p_id, 'capture');
END
$$;
COMMENT ON FUNCTION skillancer_api.charge_confirm(skillancer.charge_id, boolean) IS
	'Confirms a charge that REQUIRES_ACTION, as the sandbox''s page for it would; a milestone that waits for it is funded.';
SELECT skillancer.add_route('POST', '/v1/payments/charges/{id}/confirm', 'charge_confirm', who => 'CLIENT',
	summary => 'Confirm a charge that requires an action');

-- The payer does not want it any more.
CREATE OR REPLACE FUNCTION skillancer_api.charge_cancel(p_id skillancer.charge_id) RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	RETURN skillancer.charge_command(p_id, 'void');
END
$$;
COMMENT ON FUNCTION skillancer_api.charge_cancel(skillancer.charge_id) IS
	'Gives a charge up that REQUIRES_ACTION; a milestone that waits for it is AGREED again.';
SELECT skillancer.add_route('POST', '/v1/payments/charges/{id}/cancel', 'charge_cancel', who => 'CLIENT',
	summary => 'Give up a charge that requires an action');

-- One charge.
CREATE OR REPLACE FUNCTION skillancer_api.charge_get(p_id skillancer.charge_id,
		p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.charge_doc d WHERE d.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	IF skillancer.etag_matches(p_header_if_none_match, v_etag) THEN
		RETURN ROW(304, v_etag, NULL, NULL, NULL)::skillancer.reply;
	END IF;
	RETURN ROW(200, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.charge_get(skillancer.charge_id, text) IS 'A charge of the caller.';
SELECT skillancer.add_route('GET', '/v1/payments/charges/{id}', 'charge_get', summary => 'One charge');


-- ======== sql/payment/api_method.sql
-- sql/payment/api_method.sql
--	API of payment and payout methods: the caller's own.

-- Adds a method of one kind.
CREATE OR REPLACE FUNCTION skillancer.method_add(p_kind text, p_token text, p_usable_from timestamptz)
	RETURNS skillancer.reply
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_method skillancer.payment_method_id := skillancer.new_id()::skillancer.payment_method_id;
BEGIN
	PERFORM skillancer.check_text('token', p_token, 1, 255);
	PERFORM skillancer.check_that('token', p_token IS NULL OR skillancer.sandbox_label(p_kind, p_token) IS NOT NULL,
		'is not known to the payment provider');
	PERFORM skillancer.check_done();
	IF (SELECT count(*) FROM skillancer.payment_method m
		WHERE m.user_id = skillancer.current_user_id() AND m.kind = p_kind AND m.removed_at IS NULL)
		>= skillancer.policy_int('methodLimit') THEN
		PERFORM skillancer.fail('LIMIT_REACHED', 'you have too many of these: remove one first');
	END IF;
	INSERT INTO skillancer.payment_method (id, user_id, kind, provider, token, label, usable_from)
	VALUES (v_method, skillancer.current_user_id(), p_kind, 'sandbox', p_token,
		skillancer.sandbox_label(p_kind, p_token), p_usable_from);
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.payment_method_doc d WHERE d.id = v_method);
END
$$;
COMMENT ON FUNCTION skillancer.method_add(text, text, timestamptz) IS
	'The common body of adding a payment or payout method.';

-- The caller's methods of one kind.
CREATE OR REPLACE FUNCTION skillancer.method_list(p_kind text) RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN coalesce((SELECT json_agg(d.doc ORDER BY d.id) FROM skillancer.payment_method_doc d
		WHERE d.kind = p_kind AND d.user_id = skillancer.current_user_id()), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer.method_list(text) IS 'The common body of listing payment or payout methods.';
GRANT EXECUTE ON FUNCTION skillancer.method_list(text) TO skillancer_bridge;

-- Removes a method of one kind; the row stays, because charges and payouts name it.
CREATE OR REPLACE FUNCTION skillancer.method_remove(p_kind text, p_id skillancer.payment_method_id) RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	UPDATE skillancer.payment_method m
	SET removed_at = skillancer.now(), version = m.version + 1, updated_at = skillancer.now()
	WHERE m.id = p_id AND m.kind = p_kind AND m.removed_at IS NULL;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
END
$$;
COMMENT ON FUNCTION skillancer.method_remove(text, skillancer.payment_method_id) IS
	'The common body of removing a payment or payout method.';

-- A way to pay.
CREATE OR REPLACE FUNCTION skillancer_api.payment_method_add(p_token text) RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'ADMIN');
	RETURN skillancer.method_add('PAYMENT', p_token, skillancer.now());
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_method_add(text) IS
	'Adds a way to pay by the provider''s token. Sandbox: tok_success, tok_declined, tok_insufficient_funds, tok_expired_card, tok_action_required.';
SELECT skillancer.add_route('POST', '/v1/payment-methods', 'payment_method_add', who => 'CLIENT',
	summary => 'Add a payment method');

-- My ways to pay.
CREATE OR REPLACE FUNCTION skillancer_api.payment_method_list() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.method_list('PAYMENT');
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_method_list() IS 'The caller''s payment methods.';
SELECT skillancer.add_route('GET', '/v1/payment-methods', 'payment_method_list', summary => 'My payment methods');

-- Removes one.
CREATE OR REPLACE FUNCTION skillancer_api.payment_method_remove(p_id skillancer.payment_method_id) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.method_remove('PAYMENT', p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_method_remove(skillancer.payment_method_id) IS
	'Removes a payment method of the caller.';
SELECT skillancer.add_route('DELETE', '/v1/payment-methods/{id}', 'payment_method_remove',
	summary => 'Remove a payment method');

-- A way to be paid, after a cool-down.
CREATE OR REPLACE FUNCTION skillancer_api.payout_method_add(p_token text) RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('FREELANCER');
	RETURN skillancer.method_add('PAYOUT', p_token,
		skillancer.now() + skillancer.policy_interval('payoutCooldown'));
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_method_add(text) IS
	'Adds a way to be paid by the provider''s token; it is usable after a cool-down. Sandbox: tok_bank_success, tok_bank_closed.';
SELECT skillancer.add_route('POST', '/v1/payout-methods', 'payout_method_add', who => 'FREELANCER',
	summary => 'Add a payout method');

-- My ways to be paid.
CREATE OR REPLACE FUNCTION skillancer_api.payout_method_list() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN skillancer.method_list('PAYOUT');
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_method_list() IS 'The caller''s payout methods.';
SELECT skillancer.add_route('GET', '/v1/payout-methods', 'payout_method_list', summary => 'My payout methods');

-- Removes one.
CREATE OR REPLACE FUNCTION skillancer_api.payout_method_remove(p_id skillancer.payment_method_id) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('CLIENT', 'FREELANCER', 'ADMIN');
	PERFORM skillancer.method_remove('PAYOUT', p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_method_remove(skillancer.payment_method_id) IS
	'Removes a payout method of the caller; payouts under way are not affected.';
SELECT skillancer.add_route('DELETE', '/v1/payout-methods/{id}', 'payout_method_remove',
	summary => 'Remove a payout method');


-- ======== sql/payment/api_money.sql
-- sql/payment/api_money.sql
--	API of balances: wallet, earnings, history, fee preview; trial balance and coverage for finance.

-- What the caller has, by currency.
CREATE OR REPLACE FUNCTION skillancer_api.wallet_get() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN coalesce((
		SELECT json_agg(json_build_object(
			'currency', w.currency,
			'wallet', skillancer.monetary_of(w.wallet, w.currency),
			'pending', skillancer.monetary_of(w.pending, w.currency),
			'available', skillancer.monetary_of(w.available, w.currency)
		) ORDER BY w.currency)
		FROM (
			SELECT a.currency,
				coalesce(max(a.balance) FILTER (WHERE a.class = 'client_wallet'), 0) AS wallet,
				coalesce(max(a.balance) FILTER (WHERE a.class = 'freelancer_pending'), 0) AS pending,
				coalesce(max(a.balance) FILTER (WHERE a.class = 'freelancer_available'), 0) AS available
			FROM skillancer.ledger_account a
			WHERE a.owner = skillancer.current_user_id()::uuid
			GROUP BY a.currency
		) w), '[]'::json);
END
$$;
COMMENT ON FUNCTION skillancer_api.wallet_get() IS
	'Balances of the caller by currency: wallet (to pay with), pending (earned, on hold), available (to be paid out).';
SELECT skillancer.add_route('GET', '/v1/payments/wallet', 'wallet_get', summary => 'My balances');

-- What the caller earned, newest first.
CREATE OR REPLACE FUNCTION skillancer_api.earning_list(p_state text DEFAULT NULL, p_limit integer DEFAULT NULL,
		p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'earnings', p_state);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('state', p_state, ARRAY['PENDING', 'AVAILABLE'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT e.id, e.doc FROM skillancer.earning_doc e
		WHERE e.freelancer_id = skillancer.current_user_id() AND (p_state IS NULL OR e.state = p_state)
			AND (v_after IS NULL OR e.id < v_after)
		ORDER BY e.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.earning_list(text, integer, text) IS
	'The caller''s earnings with gross, fee and net, newest first.';
SELECT skillancer.add_route('GET', '/v1/payments/earnings', 'earning_list', summary => 'My earnings');

-- The entries of the caller's own accounts.
CREATE OR REPLACE FUNCTION skillancer.my_movements(p_after bigint, p_limit integer)
	RETURNS TABLE (txn bigint, doc json)
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
		SELECT x.id, json_build_object(
			'kind', x.kind,
			'at', x.effective_at,
			'entries', (
				SELECT json_agg(json_build_object('account', a.class,
					'change', skillancer.monetary_of(-e.amount, e.currency),
					'balance', skillancer.monetary_of(e.balance_after, e.currency)) ORDER BY e.leg)
				FROM skillancer.ledger_entry e
				JOIN skillancer.ledger_account a ON a.id = e.account
				WHERE e.txn = x.id AND a.owner = skillancer.current_user_id()::uuid))
		FROM skillancer.ledger_txn x
		WHERE (p_after IS NULL OR x.id < p_after)
			AND x.id IN (
				SELECT e.txn
				FROM skillancer.ledger_account a
				JOIN skillancer.ledger_entry e ON e.account = a.id
				WHERE a.owner = skillancer.current_user_id()::uuid AND (p_after IS NULL OR e.txn < p_after)
				ORDER BY e.txn DESC
				LIMIT 2 * p_limit)
		ORDER BY x.id DESC
		LIMIT p_limit;
END
$$;
ALTER FUNCTION skillancer.my_movements(bigint, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.my_movements(bigint, integer) TO skillancer_bridge;
COMMENT ON FUNCTION skillancer.my_movements(bigint, integer) IS
	'Postings on accounts of the caller, each with the caller''s own entries only; runs as the engine because the ledger is not open to users.';

-- The caller's movements, newest first.
CREATE OR REPLACE FUNCTION skillancer_api.payment_list(p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after bigint := skillancer.cursor_decode('payments', p_cursor)::bigint;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_done();
	SELECT array_agg(m.doc ORDER BY m.txn DESC), array_agg(m.txn::text ORDER BY m.txn DESC)
	INTO v_items, v_keys
	FROM skillancer.my_movements(v_after, v_limit + 1) m;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'payments');
END
$$;
COMMENT ON FUNCTION skillancer_api.payment_list(integer, text) IS
	'Everything that moved on the caller''s balances, with the balance after it, newest first.';
SELECT skillancer.add_route('GET', '/v1/payments', 'payment_list', summary => 'History of my balances');

-- What a price would cost either side.
CREATE OR REPLACE FUNCTION skillancer_api.fee_preview(p_amount numeric, p_currency text,
		p_user_id skillancer.user_id DEFAULT NULL)
	RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me skillancer.user_id := skillancer.current_user_id();
	v_version integer := skillancer.policy_int('feeVersion');
	v_amount skillancer.monetary;
	v_before skillancer.monetary;
	v_client skillancer.monetary;
	v_service skillancer.monetary;
BEGIN
	PERFORM skillancer.check_that('currency', skillancer.currency_digits(p_currency) IS NOT NULL,
		'must be an ISO 4217 code');
	PERFORM skillancer.check_number('amount', p_amount, 0, 1000000000);
	PERFORM skillancer.check_that('amount', p_amount = round(p_amount, skillancer.currency_digits(p_currency)),
		'has more decimal places than its currency');
	PERFORM skillancer.check_done();
	v_amount := skillancer.monetary(p_amount, p_currency);
	v_before := coalesce((
		SELECT p.billed FROM skillancer.pair_billing p
		WHERE p.currency = p_currency
			AND (p.client_id = v_me AND p.freelancer_id = p_user_id OR p.client_id = p_user_id AND p.freelancer_id = v_me)
		ORDER BY p.client_id = v_me DESC
		LIMIT 1), skillancer.monetary_of(0, p_currency));
	v_client := skillancer.fee_step(v_version, 'CLIENT', skillancer.monetary_of(0, p_currency), v_amount);
	v_service := skillancer.fee_step(v_version, 'SERVICE', v_before, v_amount);
	RETURN json_build_object('feeVersion', v_version, 'billedBefore', v_before, 'price', v_amount,
		'clientFee', v_client, 'clientPays', v_amount + v_client,
		'serviceFee', v_service, 'freelancerEarns', v_amount - v_service);
END
$$;
COMMENT ON FUNCTION skillancer_api.fee_preview(numeric, text, skillancer.user_id) IS
	'Fees on a price by the current schedule; with userId, after what the caller and that person have billed together.';
SELECT skillancer.add_route('GET', '/v1/payments/fee-preview', 'fee_preview', summary => 'What a price costs either side');

-- The trial balance.
CREATE OR REPLACE FUNCTION skillancer_api.trial_balance() RETURNS json
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_permission('finance:view');
	RETURN json_build_object(
		'accounts', coalesce((SELECT json_agg(json_build_object('class', t.class, 'type', t.type, 'debit', t.debit,
			'credit', t.credit, 'balance', t.balance) ORDER BY t.currency, t.class) FROM skillancer.trial_balance t), '[]'::json),
		'differences', coalesce((SELECT json_agg(s.total) FROM (
			SELECT sum(t.balance) AS total FROM skillancer.trial_balance t
			GROUP BY skillancer.monetary_currency(t.balance)) s), '[]'::json),
		'coverage', coalesce((SELECT json_agg(json_build_object('held', c.held, 'owed', c.owed, 'surplus', c.surplus,
			'covered', c.covered) ORDER BY c.currency) FROM skillancer.escrow_coverage c), '[]'::json));
END
$$;
COMMENT ON FUNCTION skillancer_api.trial_balance() IS
	'Debits, credits and balance of every class of account, the difference of each currency (always 0), and whether what is owed to users is covered.';
SELECT skillancer.add_route('GET', '/v1/admin/trial-balance', 'trial_balance', who => 'FINANCE, ADMIN', class => 'slow',
	summary => 'Trial balance and coverage');


-- ======== sql/payment/api_payout.sql
-- sql/payment/api_payout.sql
--	API of payouts: request, cancel, read.

-- What a payout of this currency costs and needs.
CREATE OR REPLACE FUNCTION skillancer.payout_terms(p_currency text, OUT minimum skillancer.monetary,
		OUT fee skillancer.monetary)
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	SELECT skillancer.monetary(r.minimum, p_currency), skillancer.monetary(r.fee, p_currency)
	INTO minimum, fee
	FROM skillancer.payout_rule r
	WHERE r.currency IN (p_currency, '*')
	ORDER BY r.currency = '*'
	LIMIT 1;
END
$$;
COMMENT ON FUNCTION skillancer.payout_terms(text) IS
	'Least amount and fee of a payout: the rule of the currency, else the one of *.';

-- Money out of the balance.
CREATE OR REPLACE FUNCTION skillancer_api.payout_create(p_amount skillancer.monetary,
		p_payment_method_id skillancer.payment_method_id, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_payout skillancer.payout_id := skillancer.new_id()::skillancer.payout_id;
	v_minimum skillancer.monetary;
	v_fee skillancer.monetary;
	v_usable_from timestamptz;
BEGIN
	PERFORM skillancer.require_role('FREELANCER');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.payout_create(%L, %L, false) r',
			p_amount, p_payment_method_id)))::skillancer.reply;
	END IF;
	SELECT t.minimum, t.fee INTO v_minimum, v_fee
	FROM skillancer.payout_terms(skillancer.monetary_currency(p_amount)) t;
	PERFORM skillancer.check_money('amount', p_amount, coalesce(skillancer.monetary_minor(v_minimum), 1), NULL);
	PERFORM skillancer.check_method('PAYOUT', p_payment_method_id);
	PERFORM skillancer.check_done();
	SELECT m.usable_from INTO v_usable_from FROM skillancer.payment_method m WHERE m.id = p_payment_method_id;
	IF v_usable_from > skillancer.now() THEN
		PERFORM skillancer.fail('INVALID_STATE', 'this payout method is new and cannot be used yet',
			jsonb_build_object('usableFrom', v_usable_from));
	END IF;
	INSERT INTO skillancer.payout (id, user_id, payment_method_id, provider, amount, fee, policy)
	SELECT v_payout, m.user_id, m.id, m.provider, p_amount, v_fee,
		skillancer.policy_pin(ARRAY['sandboxPayoutDelay'])
	FROM skillancer.payment_method m
	WHERE m.id = p_payment_method_id;
	PERFORM skillancer.fire('payout', v_payout::uuid, 'request');
	RETURN (SELECT ROW(201, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.payout_doc d WHERE d.id = v_payout);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_create(skillancer.monetary, skillancer.payment_method_id, boolean) IS
	'Requests a payout from the available balance; what arrives is the amount less the fee. 409 INSUFFICIENT_FUNDS, INVALID_STATE while the method cools down.';
SELECT skillancer.add_route('POST', '/v1/payouts', 'payout_create', who => 'FREELANCER',
	summary => 'Request a payout');

-- The freelancer changes his mind before the provider has paid.
CREATE OR REPLACE FUNCTION skillancer_api.payout_cancel(p_id skillancer.payout_id, p_dry_run boolean DEFAULT false)
	RETURNS skillancer.reply
	LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.require_role('FREELANCER');
	IF p_dry_run THEN
		RETURN ROW(200, NULL, NULL, NULL, skillancer.dry_run(format(
			'SELECT r.body FROM skillancer_api.payout_cancel(%L, false) r', p_id)))::skillancer.reply;
	END IF;
	PERFORM skillancer.fire('payout', p_id::uuid, 'cancel');
	RETURN (SELECT ROW(200, d.etag, NULL, NULL, d.doc)::skillancer.reply
			FROM skillancer.payout_doc d WHERE d.id = p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_cancel(skillancer.payout_id, boolean) IS
	'Takes back a payout that is REQUESTED; the amount is available again, with its fee.';
SELECT skillancer.add_route('POST', '/v1/payouts/{id}/cancel', 'payout_cancel', who => 'FREELANCER',
	summary => 'Take back a requested payout');

-- One payout.
CREATE OR REPLACE FUNCTION skillancer_api.payout_get(p_id skillancer.payout_id,
		p_header_if_none_match text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.payout_doc d WHERE d.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	IF skillancer.etag_matches(p_header_if_none_match, v_etag) THEN
		RETURN ROW(304, v_etag, NULL, NULL, NULL)::skillancer.reply;
	END IF;
	RETURN ROW(200, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_get(skillancer.payout_id, text) IS 'A payout of the caller.';
SELECT skillancer.add_route('GET', '/v1/payouts/{id}', 'payout_get', summary => 'One payout');

-- The caller's payouts, newest first.
CREATE OR REPLACE FUNCTION skillancer_api.payout_list(p_state text DEFAULT NULL, p_limit integer DEFAULT NULL,
		p_cursor text DEFAULT NULL)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'payouts', p_state);
	v_after uuid;
	v_items json[];
	v_keys text[];
BEGIN
	PERFORM skillancer.check_one_of('state', p_state, ARRAY['REQUESTED', 'PAID', 'FAILED', 'CANCELLED'], false);
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::uuid;
	PERFORM skillancer.check_done();
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::uuid::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT p.id, p.doc FROM skillancer.payout_doc p
		WHERE p.user_id = skillancer.current_user_id() AND (p_state IS NULL OR p.state = p_state)
			AND (v_after IS NULL OR p.id < v_after::skillancer.payout_id)
		ORDER BY p.id DESC
		LIMIT v_limit + 1
	) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer_api.payout_list(text, integer, text) IS 'The caller''s payouts, newest first.';
SELECT skillancer.add_route('GET', '/v1/payouts', 'payout_list', summary => 'My payouts');


-- ======== sql/payment/events.sql
-- sql/payment/events.sql
--	Events of payments, with the JSON schema of their data.

INSERT INTO skillancer.event_type (name, version, description, schema)
SELECT v.name, '1.0', v.description, jsonb_build_object('type', 'object',
	'required', jsonb_build_array(v.id, 'state', 'from'))
FROM (VALUES
	('payment.captured', 'chargeId', 'A charge was captured: the money is in the wallet'),
	('payment.failed', 'chargeId', 'The provider declined a charge'),
	('payment.action_required', 'chargeId', 'A charge needs an action of the payer'),
	('payment.voided', 'chargeId', 'A charge was given up or not confirmed in time'),
	('earning.available', 'earningId', 'An earning came off hold'),
	('payout.requested', 'payoutId', 'A payout left the balance'),
	('payout.paid', 'payoutId', 'The provider has paid a payout'),
	('payout.failed', 'payoutId', 'The provider could not pay; the money is back in the balance'),
	('payout.cancelled', 'payoutId', 'A payout was taken back before it was paid')
) AS v (name, id, description);


-- ======== sql/payment/functions.sql
-- sql/payment/functions.sql
--	What the commands of payments share: fees, the sandbox, charges, dry runs.

-- A step on the fee schedule.
CREATE OR REPLACE FUNCTION skillancer.fee_step(p_version integer, p_kind text, p_before skillancer.monetary,
		p_amount skillancer.monetary)
	RETURNS skillancer.monetary
	LANGUAGE c STABLE STRICT
	AS 'MODULE_PATHNAME', 'skl_fn_fee_step';
COMMENT ON FUNCTION skillancer.fee_step(integer, text, skillancer.monetary, skillancer.monetary) IS
	'Fee of kind SERVICE or CLIENT on an amount after so much was billed before: F(before + amount) - F(before), by a version of fee_schedule.';
GRANT EXECUTE ON FUNCTION skillancer.fee_step(integer, text, skillancer.monetary, skillancer.monetary)
	TO skillancer_bridge;

-- What a person sees of a token of the sandbox.
CREATE OR REPLACE FUNCTION skillancer.sandbox_label(p_kind text, p_token text) RETURNS text
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'skl_fn_sandbox_label';
COMMENT ON FUNCTION skillancer.sandbox_label(text, text) IS
	'Label of a test token for PAYMENT or PAYOUT; NULL when the sandbox does not know the token.';

-- Takes a charge to what the provider says.
CREATE OR REPLACE FUNCTION skillancer.charge_run(p_id skillancer.charge_id) RETURNS text
	LANGUAGE c VOLATILE STRICT SECURITY DEFINER
	AS 'MODULE_PATHNAME', 'skl_fn_charge_run';
ALTER FUNCTION skillancer.charge_run(skillancer.charge_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.charge_run(skillancer.charge_id) IS
	'Asks the sandbox and fires its answer at the charge; returns the new state.';

-- What is missing in the client's wallet to fund a milestone.
CREATE OR REPLACE FUNCTION skillancer.milestone_shortfall(p_id skillancer.milestone_id)
	RETURNS skillancer.monetary
	LANGUAGE c VOLATILE STRICT SECURITY DEFINER
	AS 'MODULE_PATHNAME', 'skl_fn_milestone_shortfall';
ALTER FUNCTION skillancer.milestone_shortfall(skillancer.milestone_id) OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.milestone_shortfall(skillancer.milestone_id) IS
	'Price and client fee less the balance of the wallet, which stays locked until the transaction ends; 0 when it is enough.';

-- Makes a charge with one of the caller's payment methods and runs it.
CREATE OR REPLACE FUNCTION skillancer.charge_make(p_method skillancer.payment_method_id,
		p_amount skillancer.monetary, p_milestone skillancer.milestone_id DEFAULT NULL)
	RETURNS skillancer.charge_id
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_charge skillancer.charge_id := skillancer.new_id()::skillancer.charge_id;
BEGIN
	PERFORM skillancer.check_method('PAYMENT', p_method);
	PERFORM skillancer.check_done();
	INSERT INTO skillancer.charge (id, user_id, payment_method_id, milestone_id, provider, amount, policy)
	SELECT v_charge, m.user_id, m.id, p_milestone, m.provider, p_amount,
		skillancer.policy_pin(ARRAY['chargeActionTerm'])
	FROM skillancer.payment_method m
	WHERE m.id = p_method;
	PERFORM skillancer.charge_run(v_charge);
	RETURN v_charge;
END
$$;
COMMENT ON FUNCTION skillancer.charge_make(skillancer.payment_method_id, skillancer.monetary, skillancer.milestone_id) IS
	'Charges the caller; what came of it is the state of the charge.';

-- Notes a problem unless the caller has such a method.
CREATE OR REPLACE FUNCTION skillancer.check_method(p_kind text, p_method skillancer.payment_method_id)
	RETURNS void
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_that('paymentMethodId', EXISTS (
		SELECT FROM skillancer.payment_method m
		WHERE m.id = p_method AND m.kind = p_kind AND m.removed_at IS NULL
			AND m.user_id = skillancer.current_user_id()),
		CASE p_kind WHEN 'PAYMENT' THEN 'must be one of your payment methods'
			ELSE 'must be one of your payout methods' END);
END
$$;
COMMENT ON FUNCTION skillancer.check_method(text, skillancer.payment_method_id) IS
	'Notes a problem of the field paymentMethodId unless it is a live method of the caller and of this kind.';

-- The answer to a command that made a charge, by what came of it.
CREATE OR REPLACE FUNCTION skillancer.charge_reply(p_charge skillancer.charge_id, p_etag text, p_doc json)
	RETURNS skillancer.reply
	LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_charge skillancer.charge%ROWTYPE;
BEGIN
	SELECT * INTO v_charge FROM skillancer.charge c WHERE c.id = p_charge;
	IF v_charge.state = 'FAILED' THEN
		RETURN ROW(402, NULL, NULL, NULL, json_build_object('code', 'PAYMENT_FAILED',
			'message', 'the payment was declined', 'details', json_build_array(json_build_object(
				'field', 'paymentMethodId', 'message', v_charge.failure_code, 'chargeId', v_charge.id))))::skillancer.reply;
	END IF;
	RETURN ROW(CASE v_charge.state WHEN 'REQUIRES_ACTION' THEN 202 ELSE 201 END, p_etag, NULL, NULL,
		p_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.charge_reply(skillancer.charge_id, text, json) IS
	'201 when the charge was captured, 202 when the payer has to act, 402 PAYMENT_FAILED when it was declined; all of them commit.';

-- The postings of this transaction, as JSON.
CREATE OR REPLACE FUNCTION skillancer.postings_now() RETURNS jsonb
	LANGUAGE plpgsql STABLE SECURITY DEFINER
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN coalesce((
		SELECT jsonb_agg(jsonb_build_object('kind', t.kind, 'entries', t.entries) ORDER BY t.id)
		FROM (
			SELECT x.id, x.kind, jsonb_agg(jsonb_build_object(
				'account', a.class,
				'debit', CASE WHEN e.amount > 0 THEN skillancer.monetary_of(e.amount, e.currency)::jsonb END,
				'credit', CASE WHEN e.amount < 0 THEN skillancer.monetary_of(-e.amount, e.currency)::jsonb END
			) ORDER BY e.leg) AS entries
			FROM skillancer.ledger_entry e
			JOIN skillancer.ledger_txn x ON x.id = e.txn
			JOIN skillancer.ledger_account a ON a.id = e.account
			WHERE e.xid = pg_current_xact_id_if_assigned()
			GROUP BY x.id, x.kind
		) t), '[]'::jsonb);
END
$$;
ALTER FUNCTION skillancer.postings_now() OWNER TO skillancer_engine;
COMMENT ON FUNCTION skillancer.postings_now() IS
	'What the current transaction has posted: the classes of accounts and the amounts, not whose they are.';

-- Runs a command, keeps its answer and its postings, and undoes it.
CREATE OR REPLACE FUNCTION skillancer.dry_run(p_command text) RETURNS json
	LANGUAGE plpgsql
	SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_result json;
	v_postings jsonb;
BEGIN
	BEGIN
		EXECUTE p_command INTO v_result;
		v_postings := skillancer.postings_now();
		RAISE EXCEPTION 'undo' USING ERRCODE = 'SKDRY';
	EXCEPTION WHEN SQLSTATE 'SKDRY' THEN
		RETURN json_build_object('dryRun', true, 'result', v_result, 'postings', v_postings);
	END;
END
$$;
COMMENT ON FUNCTION skillancer.dry_run(text) IS
	'The answer and the postings that a command of the API would have now. Everything it did is rolled back.';


-- ======== sql/payment/machines.sql
-- sql/payment/machines.sql
--	Machines of charges, earnings and payouts. Their postings are effects in extension/payment.

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('charge', 'skillancer.charge', ARRAY['CREATED'], 'charge'),
	('earning', 'skillancer.earning', ARRAY['PENDING'], 'earning'),
	('payout', 'skillancer.payout', ARRAY['CREATED'], 'payout');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('charge', 'CREATED', 'capture', 'CAPTURED', ARRAY['system'], NULL, 'payment.captured'),
	('charge', 'CREATED', 'decline', 'FAILED', ARRAY['system'], NULL, 'payment.failed'),
	('charge', 'CREATED', 'require_action', 'REQUIRES_ACTION', ARRAY['system'], NULL, 'payment.action_required'),
	('charge', 'REQUIRES_ACTION', 'capture', 'CAPTURED', ARRAY['owner'], NULL, 'payment.captured'),
	('charge', 'REQUIRES_ACTION', 'void', 'VOIDED', ARRAY['owner', 'system'], NULL, 'payment.voided'),

	('earning', 'PENDING', 'mature', 'AVAILABLE', ARRAY['system'], NULL, 'earning.available'),

	('payout', 'CREATED', 'request', 'REQUESTED', ARRAY['owner'], NULL, 'payout.requested'),
	('payout', 'REQUESTED', 'pay', 'PAID', ARRAY['system'], 'payout_goes_through', 'payout.paid'),
	('payout', 'REQUESTED', 'fail', 'FAILED', ARRAY['system'], 'payout_bounces', 'payout.failed'),
	('payout', 'REQUESTED', 'cancel', 'CANCELLED', ARRAY['owner'], NULL, 'payout.cancelled');

INSERT INTO skillancer.timer (machine, state, event, policy_key) VALUES
	('charge', 'REQUIRES_ACTION', 'void', 'chargeActionTerm'),
	('earning', 'PENDING', 'mature', 'earningHold'),
	('payout', 'REQUESTED', 'pay', 'sandboxPayoutDelay'),
	('payout', 'REQUESTED', 'fail', 'sandboxPayoutDelay');


-- ======== sql/notification/api.sql
/*
 * sql/notification/api.sql
 *		Notifications of the caller: list, count, read.
 */

-- GET /v1/notifications
CREATE OR REPLACE FUNCTION skillancer_api.notification_list(
	p_unread boolean DEFAULT false, p_category text DEFAULT NULL, p_limit integer DEFAULT NULL,
	p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_user  skillancer.user_id := skillancer.current_user_id();
	v_limit integer := skillancer.check_limit(p_limit);
	v_scope text := concat_ws('|', 'notifications', p_unread, p_category);
	v_after skillancer.notification_id;
	v_items json[];
	v_keys  text[];
BEGIN
	PERFORM skillancer.check_one_of('category', p_category, ARRAY['MESSAGES', 'PROJECTS', 'BOOKINGS', 'PAYMENTS',
		'ACCOUNT', 'MARKETING', 'SYSTEM'], required => false);
	PERFORM skillancer.check_done();
	v_after := skillancer.cursor_decode(v_scope, p_cursor)::skillancer.notification_id;
	SELECT array_agg(d.doc ORDER BY d.id DESC), array_agg(d.id::text ORDER BY d.id DESC)
	INTO v_items, v_keys
	FROM (
		SELECT n.id, n.doc
		FROM skillancer.notification_doc n
		WHERE n.user_id = v_user
			AND (v_after IS NULL OR n.id < v_after)
			AND (NOT p_unread OR n.read_at IS NULL)
			AND (p_category IS NULL OR n.category = p_category)
		ORDER BY n.id DESC
		LIMIT v_limit + 1) d;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, v_scope);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_list(boolean, text, integer, text) IS
	'The caller''s notifications, newest first; unread=true leaves out those that were read.';
SELECT skillancer.add_route('GET', '/v1/notifications', 'notification_list', summary => 'List my notifications');

-- GET /v1/notifications/unread-count
CREATE OR REPLACE FUNCTION skillancer_api.notification_unread_count()
RETURNS json
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN json_build_object('unread', (
		SELECT count(*) FROM skillancer.notification n
		WHERE n.user_id = (SELECT skillancer.current_user_id()) AND n.read_at IS NULL));
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_unread_count() IS 'How many of the caller''s notifications are unread.';
SELECT skillancer.add_route('GET', '/v1/notifications/unread-count', 'notification_unread_count',
	summary => 'Count my unread notifications');

-- POST /v1/notifications/{id}/read
CREATE OR REPLACE FUNCTION skillancer_api.notification_read(p_id skillancer.notification_id)
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_doc json;
BEGIN
	UPDATE skillancer.notification n
	SET read_at = coalesce(n.read_at, skillancer.now())
	WHERE n.user_id = skillancer.current_user_id() AND n.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	SELECT d.doc INTO v_doc
	FROM skillancer.notification_doc d WHERE d.user_id = skillancer.current_user_id() AND d.id = p_id;
	RETURN v_doc;
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_read(skillancer.notification_id) IS
	'Marks one of the caller''s notifications as read; a second time changes nothing.';
SELECT skillancer.add_route('POST', '/v1/notifications/{id}/read', 'notification_read',
	summary => 'Mark a notification as read');

-- POST /v1/notifications/read-all
CREATE OR REPLACE FUNCTION skillancer_api.notification_read_all()
RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	UPDATE skillancer.notification n
	SET read_at = skillancer.now()
	WHERE n.user_id = skillancer.current_user_id() AND n.read_at IS NULL;
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN json_build_object('read', v_rows);
END
$fn$;
COMMENT ON FUNCTION skillancer_api.notification_read_all() IS
	'Marks all of the caller''s notifications as read and says how many were not.';
SELECT skillancer.add_route('POST', '/v1/notifications/read-all', 'notification_read_all',
	summary => 'Mark all my notifications as read');


-- ======== sql/notification/courier.sql
/*
 * sql/notification/courier.sql
 *		Outgoing mail: queueing it, and what the courier calls around each delivery.
 */

-- send_mail
CREATE OR REPLACE FUNCTION skillancer.send_mail(
	p_user uuid, p_template text, p_data jsonb DEFAULT '{}', p_address text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_user record;
	v_mail uuid;
BEGIN
	SELECT u.email, u.name, u.locale INTO v_user
	FROM skillancer.user_account u WHERE u.id = p_user::skillancer.user_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	END IF;
	INSERT INTO skillancer.mail (user_id, address, type, locale, data)
	VALUES (p_user::skillancer.user_id, coalesce(p_address, v_user.email), p_template, v_user.locale,
		p_data || jsonb_build_object('user', jsonb_build_object('name', v_user.name),
			'publicUrl', rtrim(current_setting('skillancer.public_url'), '/')))
	RETURNING id INTO v_mail;
	PERFORM skillancer.wake('courier');
	RETURN v_mail;
END
$fn$;
COMMENT ON FUNCTION skillancer.send_mail(uuid, text, jsonb, text) IS
	'Queues a mail to a user in this transaction and returns its id. Templates see the data, user.name and publicUrl; the data is deleted once the mail is sent.';
ALTER FUNCTION skillancer.send_mail(uuid, text, jsonb, text) OWNER TO skillancer_engine;

-- courier_give_up
CREATE OR REPLACE FUNCTION skillancer.courier_give_up(p_max_attempts integer)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	UPDATE skillancer.mail m
	SET state = 'PARKED', lease_until = NULL,
		last_error = coalesce(m.last_error, 'the server stopped while it was sent')
	WHERE m.state = 'SENDING' AND m.lease_until < skillancer.now() AND m.attempts >= p_max_attempts;
	UPDATE skillancer.mail m
	SET state = 'SUPPRESSED', settled_at = skillancer.now(), data = '{}', last_error = a.reason
	FROM skillancer.mail_address a
	WHERE m.state = 'QUEUED' AND m.due_at <= skillancer.now() AND a.address_key = lower(m.address);
END
$fn$;
COMMENT ON FUNCTION skillancer.courier_give_up(integer) IS
	'Parks mails whose last attempt never reported, and suppresses mail to flagged addresses.';

-- courier_claim
CREATE OR REPLACE FUNCTION skillancer.courier_claim(p_limit integer, p_max_attempts integer, p_timeout_ms integer)
RETURNS TABLE (id uuid, attempt integer, address text, data jsonb, title text, body text, html text, layout text,
	created_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.courier_give_up(p_max_attempts);
	RETURN QUERY
	WITH claimed AS (
		UPDATE skillancer.mail m
		SET state = 'SENDING', attempts = m.attempts + 1,
			lease_until = skillancer.now() + make_interval(secs => p_timeout_ms / 1000.0 + 60)
		FROM (
			SELECT q.id
			FROM skillancer.mail q
			WHERE q.state = 'QUEUED' AND q.due_at <= skillancer.now()
				OR q.state = 'SENDING' AND q.lease_until < skillancer.now()
			ORDER BY q.due_at
			LIMIT p_limit
			FOR UPDATE SKIP LOCKED) c
		WHERE m.id = c.id
		RETURNING m.id, m.attempts, m.address, m.type, m.locale, m.data, m.created_at)
	SELECT c.id, c.attempts, c.address, c.data, t.title, t.body, t.html, l.html, c.created_at
	FROM claimed c
	LEFT JOIN LATERAL skillancer.template_for(c.type, 'EMAIL', c.locale) t ON true
	LEFT JOIN LATERAL skillancer.template_for('layout', 'EMAIL', c.locale) l ON true;
END
$fn$;
COMMENT ON FUNCTION skillancer.courier_claim(integer, integer, integer) IS
	'Leases due mails for one attempt each, with the templates they are made from.';
ALTER FUNCTION skillancer.courier_claim(integer, integer, integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.courier_claim(integer, integer, integer) TO skillancer_worker;

-- courier_retry_at
CREATE OR REPLACE FUNCTION skillancer.courier_retry_at(p_attempt integer)
RETURNS timestamptz
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
	SELECT skillancer.now() + (0.75 + 0.5 * random())
		* least(interval '30 seconds' * (4 ^ least(p_attempt - 1, 10)), interval '8 hours')
$fn$;
COMMENT ON FUNCTION skillancer.courier_retry_at(integer) IS
	'When to try again after an attempt: 30 s, 2 min, 8 min, 32 min, 2 h, 8 h, each give or take a quarter.';

-- courier_record
CREATE OR REPLACE FUNCTION skillancer.courier_record(
	p_mail uuid, p_attempt integer, p_outcome text, p_code integer, p_message text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_max     integer := current_setting('skillancer.courier_max_attempts')::integer;
	v_state   text := CASE
		WHEN p_outcome = 'SENT' THEN 'SENT'
		WHEN p_outcome IN ('BOUNCED', 'REFUSED') THEN 'BOUNCED'
		WHEN p_outcome = 'UNSENDABLE' OR p_attempt >= v_max THEN 'PARKED'
		ELSE 'QUEUED' END;
	v_address text;
BEGIN
	UPDATE skillancer.mail m
	SET state = v_state, lease_until = NULL, code = nullif(p_code, 0), last_error = nullif(p_message, ''),
		due_at = CASE WHEN v_state = 'QUEUED' THEN skillancer.courier_retry_at(p_attempt) ELSE m.due_at END,
		settled_at = CASE WHEN v_state IN ('SENT', 'BOUNCED') THEN skillancer.now() END,
		data = CASE WHEN v_state IN ('SENT', 'BOUNCED') THEN '{}' ELSE m.data END
	WHERE m.id = p_mail AND m.attempts = p_attempt AND m.state = 'SENDING'
	RETURNING m.address INTO v_address;
	IF FOUND AND p_outcome = 'BOUNCED' THEN
		INSERT INTO skillancer.mail_address (address_key, reason) VALUES (lower(v_address), p_message)
		ON CONFLICT (address_key) DO UPDATE SET bounced_at = skillancer.now(), reason = EXCLUDED.reason;
	END IF;
	RETURN v_address IS NOT NULL;
END
$fn$;
COMMENT ON FUNCTION skillancer.courier_record(uuid, integer, text, integer, text) IS
	'Records how an attempt ended; false when a newer attempt has taken over. BOUNCED flags the address.';
ALTER FUNCTION skillancer.courier_record(uuid, integer, text, integer, text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.courier_record(uuid, integer, text, integer, text) TO skillancer_worker;

-- courier_lag
CREATE OR REPLACE FUNCTION skillancer.courier_lag()
RETURNS double precision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	RETURN (
		SELECT coalesce(greatest(extract(epoch FROM skillancer.now() - min(m.due_at)), 0), 0)
		FROM skillancer.mail m WHERE m.state IN ('QUEUED', 'SENDING'));
END
$fn$;
COMMENT ON FUNCTION skillancer.courier_lag() IS 'Seconds that the oldest mail is late.';
ALTER FUNCTION skillancer.courier_lag() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.courier_lag() TO skillancer_worker;

-- redrive_mails
CREATE OR REPLACE FUNCTION skillancer.redrive_mails(p_item text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	UPDATE skillancer.mail m
	SET state = 'QUEUED', attempts = 0, due_at = skillancer.now(), last_error = NULL
	WHERE m.state = 'PARKED' AND (p_item IS NULL OR p_item = m.id::text);
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	PERFORM skillancer.wake('courier');
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.redrive_mails(text) IS 'Queues parked mails again; NULL means all of them.';

-- unflag_address
CREATE OR REPLACE FUNCTION skillancer.unflag_address(p_address text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	DELETE FROM skillancer.mail_address a WHERE a.address_key = lower(p_address);
	RETURN FOUND;
END
$fn$;
COMMENT ON FUNCTION skillancer.unflag_address(text) IS 'Lets mail to an address through again that had bounced.';
ALTER FUNCTION skillancer.unflag_address(text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.unflag_address(text) TO skillancer_admin;

-- forget_mails
CREATE OR REPLACE FUNCTION skillancer.forget_mails()
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	DELETE FROM skillancer.mail m
	WHERE m.settled_at < skillancer.now() - skillancer.policy_interval('mailRetention');
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.forget_mails() IS 'Deletes mails that were settled longer ago than the policy mailRetention.';

INSERT INTO skillancer.housekeeping_job (job, every) VALUES ('forget_mails', '1 hour');

-- adopt_quiet_mail
CREATE OR REPLACE FUNCTION skillancer.adopt_quiet_mail()
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_rows bigint;
BEGIN
	UPDATE skillancer.mail m
	SET state = 'DROPPED', lease_until = NULL, settled_at = skillancer.now(), data = '{}'
	WHERE m.state IN ('QUEUED', 'SENDING', 'PARKED');
	GET DIAGNOSTICS v_rows = ROW_COUNT;
	RETURN format('%s mails', v_rows);
END
$fn$;
COMMENT ON FUNCTION skillancer.adopt_quiet_mail() IS 'Part of adopt(quiet): a copy sends nothing that the original had queued.';
ALTER FUNCTION skillancer.adopt_quiet_mail() OWNER TO skillancer_engine;


-- ======== sql/notification/functions.sql
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
	'Renders a mustache template (variables, sections, inverted sections, comments); escape makes {{name}} safe in HTML.';

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
	IF p_kind IS NOT NULL AND p_kind NOT IN ('timer', 'event', 'mail') THEN
		RAISE EXCEPTION 'there is no kind of parked rows "%"', p_kind
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Kinds are timer, event and mail.';
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
	RETURN v_rows;
END
$fn$;
COMMENT ON FUNCTION skillancer.redrive(text, text) IS
	'Works on parked rows (skillancer.parked) again: of one kind (timer, event, mail), or one of them, or all.';
ALTER FUNCTION skillancer.redrive(text, text) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.redrive(text, text) TO skillancer_admin;

-- put_template
CREATE OR REPLACE FUNCTION skillancer.put_template(
	p_type text, p_channel text, p_title text, p_body text, p_html text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.put_builtin('skillancer.template', jsonb_build_object('type', p_type, 'channel', p_channel,
		'locale', 'en', 'title', p_title, 'body', p_body, 'html', p_html));
END
$fn$;
COMMENT ON FUNCTION skillancer.put_template(text, text, text, text, text) IS
	'Ships an English template: replaces the row only while nobody edited it. Called by builtin.sql files.';

-- put_rule
CREATE OR REPLACE FUNCTION skillancer.put_rule(p_event text, p_recipients text, p_type text, p_category text,
	p_priority text DEFAULT 'NORMAL', p_group_key text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
BEGIN
	PERFORM skillancer.put_builtin('skillancer.notification_rule', jsonb_build_object(
		'key', format('%s/%s', p_event, p_type), 'event_type', p_event, 'recipients', p_recipients, 'type', p_type,
		'category', p_category, 'priority', p_priority, 'group_key', p_group_key));
END
$fn$;
COMMENT ON FUNCTION skillancer.put_rule(text, text, text, text, text, text) IS
	'Ships a notification rule: replaces the row only while nobody edited it. Called by builtin.sql files.';


-- ======== sql/notification/notifier.sql
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

-- notification_source
CREATE OR REPLACE FUNCTION skillancer.notification_source(p_seqs bigint[])
RETURNS TABLE (event_id uuid, recipients text, type text, category text, priority text, group_key text, data jsonb,
	context jsonb, client uuid, freelancer uuid, owner uuid, subject uuid, actor uuid, audience uuid[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
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
				'amount', m.amount::numeric::text, 'currency', skillancer.monetary_currency(m.amount)) END)),
		x.client::uuid, x.freelancer::uuid, x.owner::uuid, x.subject::uuid, e.actor_id::uuid, e.audience
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

-- notifier_idle
CREATE OR REPLACE FUNCTION skillancer.notifier_idle()
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_position pg_snapshot;
BEGIN
	SELECT c.position INTO v_position
	FROM skillancer.consumer c WHERE c.name = 'notifier' AND c.epoch = skillancer.epoch();
	RETURN FOUND AND NOT EXISTS (
		SELECT FROM skillancer.event e
		WHERE e.epoch = skillancer.epoch() AND (e.xid >= pg_snapshot_xmax(v_position)
			OR e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(v_position)))));
END
$fn$;
COMMENT ON FUNCTION skillancer.notifier_idle() IS
	'Whether there is no event behind the position of the notifier: then a tick would only cost a transaction id.';

-- notifier_batch
CREATE OR REPLACE FUNCTION skillancer.notifier_batch(p_piece integer, OUT rows bigint, OUT lag_seconds double precision)
RETURNS record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_tick  record;
	v_piece record;
	v_made  bigint := 0;
	v_first timestamptz;
BEGIN
	rows := 0;
	lag_seconds := 0;
	UPDATE skillancer.worker_start s SET starts = 0 WHERE s.worker = 'notifier' AND s.starts > 0;
	IF skillancer.notifier_idle() THEN
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
			v_made := v_made + skillancer.notify(v_piece.seqs);
		EXCEPTION WHEN OTHERS THEN
			IF skillancer.event_not_at_fault(SQLSTATE) THEN
				RAISE;
			END IF;
			v_made := v_made + skillancer.notify_singly(v_piece.seqs);
		END;
	END LOOP;
	IF rows > 0 THEN
		PERFORM skillancer.tick_close('notifier', v_tick.position_b, rows);
	END IF;
	DELETE FROM skillancer.event_attempt a WHERE a.consumer = 'notifier' AND a.parked_at IS NULL;
	IF v_made > 0 THEN
		PERFORM pg_notify('skillancer_stream', v_made::text);
	END IF;
	lag_seconds := coalesce(greatest(extract(epoch FROM skillancer.now() - v_first), 0), 0);
END
$fn$;
COMMENT ON FUNCTION skillancer.notifier_batch(integer) IS
	'One tick of the notifier, in pieces of so many events. Returns the events read and how late the first one was.';
ALTER FUNCTION skillancer.notifier_batch(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.notifier_batch(integer) TO skillancer_worker;

-- notifier_started
CREATE OR REPLACE FUNCTION skillancer.notifier_started(p_ignored integer DEFAULT 0)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $fn$
DECLARE
	v_starts integer;
BEGIN
	INSERT INTO skillancer.worker_start AS s (worker, starts) VALUES ('notifier', 1)
	ON CONFLICT (worker) DO UPDATE SET starts = s.starts + 1, at = skillancer.now()
	RETURNING s.starts INTO v_starts;
	RETURN v_starts;
END
$fn$;
COMMENT ON FUNCTION skillancer.notifier_started(integer) IS
	'Counts a start of the notifier and returns how many there were since its last finished tick.';
ALTER FUNCTION skillancer.notifier_started(integer) OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.notifier_started(integer) TO skillancer_worker;

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

INSERT INTO skillancer.schema_source VALUES ('migration', '0001_core', 1, 'c0586ffbb0c837077cc052edbb1b5a3e0d196b08b2a0e7f1f3782202c035af0f', $skl_c0586ffbb0c8$-- The tables of the core: instance, policy, event log with its consumers, timers, idempotency keys
-- and audit.

-- Who this database is. A restored or cloned copy has another identity and refuses to work until
-- somebody calls adopt().
CREATE TABLE skillancer.instance (
	singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
	system_identifier text NOT NULL,
	database_oid oid NOT NULL,
	epoch integer NOT NULL DEFAULT 1 CHECK (epoch > 0),
	adopted_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.instance IS
	'The cluster and database that these rows belong to, and the epoch in which transaction ids compare.';

-- Every number of days, percentage and limit of the marketplace.
CREATE TABLE skillancer.policy (
	key text NOT NULL CHECK (length(key) BETWEEN 1 AND 63),
	value jsonb NOT NULL,
	valid_from timestamptz NOT NULL DEFAULT '-infinity',
	description text,
	builtin_hash text,
	PRIMARY KEY (key, valid_from)
);
COMMENT ON TABLE skillancer.policy IS
	'Limits, periods and percentages, versioned by valid_from. Periods are ISO 8601 durations.';

-- Secrets that the database itself makes, such as the key that authenticates cursors.
CREATE TABLE skillancer.secret (
	name text PRIMARY KEY,
	value bytea NOT NULL CHECK (length(value) >= 32),
	created_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.secret IS 'Random keys for authenticating opaque values; read by the engine only.';

-- The event log: append-only, one partition a month.
CREATE SEQUENCE skillancer.event_seq CACHE 1;
CREATE TABLE skillancer.event (
	seq bigint NOT NULL DEFAULT nextval('skillancer.event_seq'),
	at timestamptz NOT NULL DEFAULT skillancer.now(),
	epoch integer NOT NULL,
	xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
	id skillancer.event_id NOT NULL DEFAULT skillancer.new_id()::skillancer.event_id,
	type text NOT NULL,
	version text NOT NULL DEFAULT '1.0',
	source text NOT NULL,
	aggregate_type text NOT NULL,
	aggregate_id uuid NOT NULL,
	actor_id skillancer.user_id,
	audience uuid[] NOT NULL DEFAULT '{}',
	correlation_id text,
	causation_id uuid,
	data jsonb NOT NULL DEFAULT '{}',
	PRIMARY KEY (seq, at)
) PARTITION BY RANGE (at);
COMMENT ON TABLE skillancer.event IS
	'What happened, in the transaction that made it happen. Read by consumers in ticks between two snapshots.';
CREATE INDEX event_xid_idx ON skillancer.event (xid);
CREATE INDEX event_aggregate_idx ON skillancer.event (aggregate_id, seq);
CREATE TABLE skillancer.event_default PARTITION OF skillancer.event DEFAULT;

-- How far each consumer has read: a snapshot, not a number, because commits arrive out of order.
CREATE TABLE skillancer.consumer (
	name text PRIMARY KEY,
	epoch integer NOT NULL,
	position pg_snapshot NOT NULL,
	ticked_at timestamptz NOT NULL DEFAULT skillancer.now(),
	ticks bigint NOT NULL DEFAULT 0,
	events bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE skillancer.consumer IS
	'Position of every reader of the event log; moved in the transaction that applied the events.';

-- Timers. A hint only: the engine checks under the row lock whether the event is still legal.
CREATE TABLE skillancer.due (
	machine text NOT NULL,
	id uuid NOT NULL,
	event text NOT NULL,
	due_at timestamptz NOT NULL,
	attempts integer NOT NULL DEFAULT 0,
	last_error text,
	parked_at timestamptz,
	PRIMARY KEY (id, machine, event)
);
COMMENT ON TABLE skillancer.due IS 'Events that fall due by time; fired by the timekeeper, parked after too many failures.';
CREATE INDEX due_at_idx ON skillancer.due (due_at) WHERE parked_at IS NULL;

-- Answers kept for 72 hours, so that a repeated request gets the first outcome.
CREATE TABLE skillancer.idempotency_key (
	user_id skillancer.user_id NOT NULL,
	route text NOT NULL,
	key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
	body_hash bytea NOT NULL,
	status integer,
	etag text,
	headers jsonb,
	meta jsonb,
	body json,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, route, key)
);
COMMENT ON TABLE skillancer.idempotency_key IS
	'Outcome of every request that carried an Idempotency-Key, written in the transaction of its effect.';
CREATE INDEX idempotency_key_created_idx ON skillancer.idempotency_key (created_at);

-- What staff did. Owned by the vault: nobody below superuser changes a row.
CREATE SEQUENCE skillancer.audit_seq;
CREATE TABLE skillancer.audit (
	seq bigint PRIMARY KEY DEFAULT nextval('skillancer.audit_seq'),
	at timestamptz NOT NULL DEFAULT skillancer.now(),
	epoch integer NOT NULL,
	xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
	actor_id uuid,
	db_user name NOT NULL DEFAULT session_user,
	action text NOT NULL,
	object_type text NOT NULL,
	object_id uuid,
	before jsonb,
	after jsonb,
	request_id text,
	address text
);
COMMENT ON TABLE skillancer.audit IS 'Staff and operator actions: who, what, before, after. Append-only.';
CREATE INDEX audit_object_idx ON skillancer.audit (object_id, seq);
CREATE INDEX audit_actor_idx ON skillancer.audit (actor_id, seq);

ALTER TABLE skillancer.instance ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.policy ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.event_default ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.consumer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.due ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.idempotency_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.audit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
ALTER SEQUENCE skillancer.audit_seq OWNER TO skillancer_vault;
ALTER TABLE skillancer.audit OWNER TO skillancer_vault;
INSERT INTO skillancer.instance (system_identifier, database_oid)
SELECT c.system_identifier::text, d.oid
FROM pg_control_system() c, pg_database d
WHERE d.datname = current_database();
INSERT INTO skillancer.secret (name, value)
VALUES ('cursor', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
$skl_c0586ffbb0c8$);
INSERT INTO skillancer.schema_source VALUES ('migration', '0002_user', 2, 'cbe58d5293104235ad6e420cefc3e037e8e7cb18dde10c49411d76b3b8c81172', $skl_cbe58d529310$-- People: accounts, roles and permissions, credentials, sessions, tokens, profiles.

-- One person. The machine 'user' owns state; user_id is what the engine calls the owner of the row.
CREATE TABLE skillancer.user_account (
	id skillancer.user_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.user_id,
	user_id skillancer.user_id NOT NULL GENERATED ALWAYS AS (id) STORED,
	email text NOT NULL CHECK (length(email) BETWEEN 5 AND 254),
	email_key text NOT NULL GENERATED ALWAYS AS (lower(email)) STORED,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	state text NOT NULL DEFAULT 'PENDING'
		CHECK (state IN ('PENDING', 'ACTIVE', 'RESTRICTED', 'SUSPENDED', 'CLOSED')),
	timezone text NOT NULL DEFAULT 'UTC' CHECK (length(timezone) <= 64),
	locale text NOT NULL DEFAULT 'en' CHECK (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CONSTRAINT user_account_email_key UNIQUE (email_key)
);
COMMENT ON TABLE skillancer.user_account IS
	'People. E-mail addresses are unique whatever their case, and visible to their owner and to staff only.';
CREATE INDEX user_account_state_idx ON skillancer.user_account (state, id);

-- What a person is: everyone is a USER; CLIENT and FREELANCER may be held together.
CREATE TABLE skillancer.user_role (
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	role text NOT NULL CHECK (role IN ('USER', 'FREELANCER', 'CLIENT', 'ADMIN',
		'SUPPORT', 'MODERATOR', 'FINANCE', 'ANALYST')),
	granted_by skillancer.user_id,
	granted_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, role)
);
COMMENT ON TABLE skillancer.user_role IS 'Roles of people; read by begin_request() at every request.';
CREATE INDEX user_role_role_idx ON skillancer.user_role (role, user_id);

-- What staff roles may do.
CREATE TABLE skillancer.role_permission (
	role text NOT NULL CHECK (role IN ('ADMIN', 'SUPPORT', 'MODERATOR', 'FINANCE', 'ANALYST')),
	permission text NOT NULL CHECK (permission ~ '^[a-z]+:[a-z_]+$'),
	builtin_hash text,
	PRIMARY KEY (role, permission)
);
COMMENT ON TABLE skillancer.role_permission IS 'Permissions (resource:action) of the staff roles.';

-- Permissions granted to one member of staff in person.
CREATE TABLE skillancer.user_permission (
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	permission text NOT NULL CHECK (permission ~ '^[a-z]+:[a-z_]+$'),
	granted_by skillancer.user_id,
	granted_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, permission)
);
COMMENT ON TABLE skillancer.user_permission IS
	'Permissions that no role of the person carries; they count for holders of a staff role only.';

-- The password, as a PHC string. Read and written by the engine alone.
CREATE TABLE skillancer.user_credential (
	user_id skillancer.user_id PRIMARY KEY REFERENCES skillancer.user_account,
	password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
	changed_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.user_credential IS 'Argon2id hashes of passwords; no role but the engine sees them.';

-- A signed-in device. The refresh tokens of one session are one family.
CREATE TABLE skillancer.session (
	id skillancer.session_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.session_id,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	user_agent text CHECK (length(user_agent) <= 400),
	address text,
	network text,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	last_used_at timestamptz NOT NULL DEFAULT skillancer.now(),
	expires_at timestamptz NOT NULL,
	revoked_at timestamptz,
	revoked_reason text CHECK (revoked_reason IN ('LOGOUT', 'REVOKED', 'PASSWORD_CHANGED',
		'TOKEN_REUSE', 'SUSPENDED', 'ROLES_CHANGED')),
	CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);
COMMENT ON TABLE skillancer.session IS
	'Sign-ins. Revoking a row ends its access tokens at the next request and its refresh tokens at once.';
CREATE INDEX session_user_idx ON skillancer.session (user_id, id);
CREATE INDEX session_expires_idx ON skillancer.session (expires_at);

-- Refresh tokens: the id travels in the token, of the secret only the SHA-256 is kept.
CREATE TABLE skillancer.refresh_token (
	id uuid PRIMARY KEY,
	session_id skillancer.session_id NOT NULL REFERENCES skillancer.session ON DELETE CASCADE,
	parent_id uuid,
	hash bytea NOT NULL CHECK (length(hash) = 32),
	issued_at timestamptz NOT NULL DEFAULT skillancer.now(),
	expires_at timestamptz NOT NULL,
	used_at timestamptz,
	sibling_at timestamptz
);
COMMENT ON TABLE skillancer.refresh_token IS
	'Refresh tokens of the sessions. used_at: exchanged; sibling_at: exchanged once more within the ten seconds of grace.';
CREATE INDEX refresh_token_session_idx ON skillancer.refresh_token (session_id);
CREATE INDEX refresh_token_parent_idx ON skillancer.refresh_token (parent_id);

-- Links sent by mail: to verify an address, to set a new password.
CREATE TABLE skillancer.email_token (
	id uuid PRIMARY KEY,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	purpose text NOT NULL CHECK (purpose IN ('VERIFY_EMAIL', 'RESET_PASSWORD')),
	email_key text NOT NULL,
	hash bytea NOT NULL CHECK (length(hash) = 32),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	expires_at timestamptz NOT NULL
);
COMMENT ON TABLE skillancer.email_token IS
	'Single-use tokens of mailed links; a row goes when it is used or replaced. email_key: the address it was sent to.';
CREATE INDEX email_token_user_idx ON skillancer.email_token (user_id, purpose);
CREATE INDEX email_token_expires_idx ON skillancer.email_token (expires_at);

-- Counters of failed sign-ins. The account is a hash, so unknown addresses count the same.
CREATE TABLE skillancer.sign_in_failure (
	account bytea NOT NULL,
	network text NOT NULL,
	failures integer NOT NULL CHECK (failures >= 0),
	window_start timestamptz NOT NULL,
	locked_until timestamptz,
	PRIMARY KEY (account, network)
);
COMMENT ON TABLE skillancer.sign_in_failure IS
	'Failed sign-ins by account and network; an empty account counts a network, the network * an account.';
CREATE INDEX sign_in_failure_window_idx ON skillancer.sign_in_failure (window_start);

-- What has been checked about a person; guards refer to the kinds.
CREATE TABLE skillancer.verification (
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	kind text NOT NULL CHECK (kind IN ('EMAIL', 'PHONE', 'PAYMENT', 'IDENTITY')),
	status text NOT NULL CHECK (status IN ('PENDING', 'VERIFIED', 'REJECTED', 'EXPIRED')),
	verified_at timestamptz,
	expires_at timestamptz,
	PRIMARY KEY (user_id, kind)
);
COMMENT ON TABLE skillancer.verification IS 'The verification ladder: kind, status and expiry.';

-- What others see of a person. is_listed follows the state of the account.
CREATE TABLE skillancer.profile (
	user_id skillancer.user_id PRIMARY KEY REFERENCES skillancer.user_account,
	display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 100),
	headline text CHECK (length(headline) <= 200),
	bio text CHECK (length(bio) <= 5000),
	hourly_rate skillancer.monetary,
	skills skillancer.skillset,
	languages text[] NOT NULL DEFAULT '{}',
	country text CHECK (country ~ '^[A-Z]{2}$'),
	availability text CHECK (availability IN ('FULL_TIME', 'PART_TIME', 'OCCASIONAL', 'UNAVAILABLE')),
	work_history jsonb NOT NULL DEFAULT '[]',
	education jsonb NOT NULL DEFAULT '[]',
	portfolio jsonb NOT NULL DEFAULT '[]',
	certifications jsonb NOT NULL DEFAULT '[]',
	company_name text CHECK (length(company_name) <= 100),
	company_size text CHECK (company_size IN ('1', '2-10', '11-50', '51-200', '201-1000', '1001+')),
	company_bio text CHECK (length(company_bio) <= 5000),
	is_public boolean NOT NULL DEFAULT true,
	is_listed boolean NOT NULL DEFAULT false,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.profile IS 'Public face of a person, freelancer and client side.';
COMMENT ON COLUMN skillancer.profile.is_listed IS
	'False while the account is not verified, is suspended or closed: then nobody else sees the profile.';

ALTER TABLE skillancer.user_account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.user_role ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.role_permission ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.user_permission ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.user_credential ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.refresh_token ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.email_token ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.sign_in_failure ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.verification ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.profile ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
$skl_cbe58d529310$);
INSERT INTO skillancer.schema_source VALUES ('migration', '0003_project', 3, '1024ad03d8ae249520b53ec83a4a2d2efcf1c4b6a0799c6557c16d4d7c9a49dc', $skl_1024ad03d8ae$-- The tables of the project service: catalogue, projects, proposals, invitations, gigs.

-- A tree of at most three levels. The level of the parent is generated, so that one composite
-- foreign key keeps depth true and makes a cycle impossible.
CREATE TABLE skillancer.category (
	id skillancer.category_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.category_id,
	parent_id skillancer.category_id,
	depth smallint NOT NULL DEFAULT 1 CHECK (depth BETWEEN 1 AND 3),
	parent_depth smallint GENERATED ALWAYS AS
		(CASE WHEN parent_id IS NULL THEN NULL::smallint ELSE (depth - 1)::smallint END) STORED,
	slug text COLLATE "C" NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 80),
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	position integer NOT NULL DEFAULT 0,
	builtin_hash text,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	UNIQUE (id, depth),
	CHECK ((parent_id IS NULL) = (depth = 1)),
	FOREIGN KEY (parent_id, parent_depth) REFERENCES skillancer.category (id, depth)
);
COMMENT ON TABLE skillancer.category IS 'Kinds of work: a tree of at most three levels, public.';
CREATE INDEX category_parent_idx ON skillancer.category (parent_id);

-- A skill. Aliases are slugs of other spellings; a merged skill points at the one that took it over.
CREATE TABLE skillancer.skill (
	id skillancer.skill_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.skill_id,
	slug text COLLATE "C" NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 80),
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	aliases text[] COLLATE "C" NOT NULL DEFAULT '{}',
	category_id skillancer.category_id REFERENCES skillancer.category,
	merged_into skillancer.skill_id REFERENCES skillancer.skill CHECK (merged_into <> id),
	builtin_hash text,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.skill IS
	'Skills that projects ask for and people have. Written by skill_add() and skill_merge().';
CREATE INDEX skill_category_idx ON skillancer.skill (category_id);
CREATE INDEX skill_merged_idx ON skillancer.skill (merged_into) WHERE merged_into IS NOT NULL;

-- Every spelling that leads to a skill: its slug and its aliases, each once in the whole catalogue.
CREATE TABLE skillancer.skill_key (
	key text COLLATE "C" PRIMARY KEY,
	skill_id skillancer.skill_id NOT NULL REFERENCES skillancer.skill ON DELETE CASCADE
);
COMMENT ON TABLE skillancer.skill_key IS
	'Look-up of skills by any spelling, kept by a trigger on skill; the primary key makes an alias unambiguous.';
CREATE INDEX skill_key_skill_idx ON skillancer.skill_key (skill_id);

-- Work that a client offers.
CREATE TABLE skillancer.project (
	id skillancer.project_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.project_id,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	state text NOT NULL DEFAULT 'DRAFT' CHECK (state IN
		('DRAFT', 'IN_REVIEW', 'OPEN', 'PAUSED', 'FILLED', 'CLOSED', 'CANCELLED', 'EXPIRED')),
	visibility text NOT NULL DEFAULT 'PUBLIC' CHECK (visibility IN ('PUBLIC', 'INVITE_ONLY', 'PRIVATE')),
	version integer NOT NULL DEFAULT 1,
	title text NOT NULL CHECK (length(title) BETWEEN 5 AND 200),
	description text NOT NULL CHECK (length(description) BETWEEN 10 AND 10000),
	category_id skillancer.category_id REFERENCES skillancer.category,
	skills skillancer.skill_id[] NOT NULL DEFAULT '{}' CHECK (cardinality(skills) <= 20),
	budget_kind text NOT NULL CHECK (budget_kind IN ('FIXED', 'HOURLY')),
	budget_min skillancer.monetary NOT NULL,
	budget_max skillancer.monetary NOT NULL,
	experience text CHECK (experience IN ('ENTRY', 'INTERMEDIATE', 'EXPERT')),
	duration text CHECK (duration IN
		('UNDER_1_WEEK', 'UNDER_1_MONTH', '1_TO_3_MONTHS', '3_TO_6_MONTHS', 'OVER_6_MONTHS')),
	openings integer NOT NULL DEFAULT 1 CHECK (openings BETWEEN 1 AND 100),
	questions text[] NOT NULL DEFAULT '{}' CHECK (cardinality(questions) <= 10),
	deadline date,
	published_at timestamptz,
	expires_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	q tsvector GENERATED ALWAYS AS (
		setweight(to_tsvector('pg_catalog.english', title), 'A') ||
		setweight(to_tsvector('pg_catalog.english', description), 'B')) STORED,
	CONSTRAINT project_budget_currency_check CHECK
		(skillancer.monetary_currency(budget_min) = skillancer.monetary_currency(budget_max)),
	CONSTRAINT project_budget_order_check CHECK
		(skillancer.monetary_minor(budget_min) BETWEEN 1 AND skillancer.monetary_minor(budget_max)),
	CONSTRAINT project_published_check CHECK (state IN ('DRAFT', 'IN_REVIEW') OR published_at IS NOT NULL)
);
COMMENT ON TABLE skillancer.project IS 'Work that a client offers to freelancers; machine "project".';
COMMENT ON COLUMN skillancer.project.skills IS
	'Skills asked for, in the client''s order. An array and not a table, so that the policy of the row covers them.';
COMMENT ON COLUMN skillancer.project.q IS 'Words of title (A) and description (B) for full-text search.';
CREATE INDEX project_client_idx ON skillancer.project (client_id, id DESC);
CREATE INDEX project_public_idx ON skillancer.project (published_at DESC, id DESC)
	WHERE state = 'OPEN' AND visibility = 'PUBLIC';
CREATE INDEX project_public_category_idx ON skillancer.project (category_id, published_at DESC, id DESC)
	WHERE state = 'OPEN' AND visibility = 'PUBLIC';
CREATE INDEX project_public_search_idx ON skillancer.project USING gin (q, skills)
	WITH (fastupdate = off) WHERE state = 'OPEN' AND visibility = 'PUBLIC';
CREATE INDEX project_review_idx ON skillancer.project (updated_at, id) WHERE state = 'IN_REVIEW';

-- A freelancer's bid. What it says now is here; what it said before is in proposal_revision.
CREATE TABLE skillancer.proposal (
	id skillancer.proposal_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.proposal_id,
	project_id skillancer.project_id NOT NULL REFERENCES skillancer.project,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account CHECK (freelancer_id <> client_id),
	state text NOT NULL DEFAULT 'SUBMITTED' CHECK (state IN
		('SUBMITTED', 'COUNTERED', 'ACCEPTED', 'WITHDRAWN', 'DECLINED', 'CLOSED', 'EXPIRED')),
	version integer NOT NULL DEFAULT 1,
	revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
	cover_letter text NOT NULL CHECK (length(cover_letter) BETWEEN 50 AND 5000),
	bid skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(bid) > 0),
	delivery_days integer CHECK (delivery_days BETWEEN 1 AND 365),
	milestones jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(milestones) = 'array'),
	answers text[] NOT NULL DEFAULT '{}' CHECK (cardinality(answers) <= 10),
	counter jsonb,
	viewed_at timestamptz,
	shortlisted_at timestamptz,
	interviewing_at timestamptz,
	archived_at timestamptz,
	reason text CHECK (length(reason) <= 500),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.proposal IS
	'A freelancer''s bid on a project; machine "proposal". The times are the client''s tags, not states.';
COMMENT ON COLUMN skillancer.proposal.revision IS 'Counts the freelancer''s edits; acceptance names it.';
COMMENT ON COLUMN skillancer.proposal.counter IS
	'What the client would agree to while COUNTERED: {"bid", "deliveryDays", "message", "at"}.';
CREATE UNIQUE INDEX proposal_live_idx ON skillancer.proposal (project_id, freelancer_id)
	WHERE state IN ('SUBMITTED', 'COUNTERED', 'ACCEPTED');
CREATE INDEX proposal_project_idx ON skillancer.proposal (project_id, id DESC);
CREATE INDEX proposal_freelancer_idx ON skillancer.proposal (freelancer_id, id DESC);
CREATE INDEX proposal_client_idx ON skillancer.proposal (client_id, id DESC);

-- What a proposal said at each revision.
CREATE TABLE skillancer.proposal_revision (
	proposal_id skillancer.proposal_id NOT NULL REFERENCES skillancer.proposal,
	revision integer NOT NULL CHECK (revision > 0),
	client_id skillancer.user_id NOT NULL,
	freelancer_id skillancer.user_id NOT NULL,
	cover_letter text NOT NULL,
	bid skillancer.monetary NOT NULL,
	delivery_days integer,
	milestones jsonb NOT NULL,
	answers text[] NOT NULL,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (proposal_id, revision)
);
COMMENT ON TABLE skillancer.proposal_revision IS 'Every wording of a proposal; rows are only added.';

-- A client asks one freelancer to look at a project.
CREATE TABLE skillancer.invitation (
	id skillancer.invitation_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.invitation_id,
	project_id skillancer.project_id NOT NULL REFERENCES skillancer.project,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account CHECK (freelancer_id <> client_id),
	state text NOT NULL DEFAULT 'SENT' CHECK (state IN ('SENT', 'ACCEPTED', 'DECLINED', 'WITHDRAWN', 'EXPIRED')),
	version integer NOT NULL DEFAULT 1,
	message text CHECK (length(message) <= 2000),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.invitation IS
	'An invitation to propose; it also opens INVITE_ONLY and PRIVATE projects to the invited. Machine "invitation".';
CREATE UNIQUE INDEX invitation_live_idx ON skillancer.invitation (project_id, freelancer_id)
	WHERE state IN ('SENT', 'ACCEPTED');
CREATE INDEX invitation_project_idx ON skillancer.invitation (project_id, id DESC);
CREATE INDEX invitation_freelancer_idx ON skillancer.invitation (freelancer_id, id DESC);

-- A freelancer's bookmark.
CREATE TABLE skillancer.saved_project (
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	project_id skillancer.project_id NOT NULL REFERENCES skillancer.project,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, project_id)
);
COMMENT ON TABLE skillancer.saved_project IS 'Projects that somebody keeps for later.';
CREATE INDEX saved_project_list_idx ON skillancer.saved_project (user_id, created_at DESC, project_id DESC);

-- A service that a freelancer sells.
CREATE TABLE skillancer.gig (
	id skillancer.gig_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.gig_id,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	state text NOT NULL DEFAULT 'DRAFT' CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'SUSPENDED', 'ARCHIVED')),
	version integer NOT NULL DEFAULT 1,
	revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
	title text NOT NULL CHECK (length(title) BETWEEN 10 AND 100),
	description text NOT NULL CHECK (length(description) BETWEEN 10 AND 10000),
	category_id skillancer.category_id REFERENCES skillancer.category,
	tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 10),
	packages jsonb NOT NULL CHECK (jsonb_typeof(packages) = 'array' AND jsonb_array_length(packages) BETWEEN 1 AND 3),
	extras jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(extras) = 'array'),
	faq jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(faq) = 'array'),
	requirements text[] NOT NULL DEFAULT '{}' CHECK (cardinality(requirements) <= 10),
	price_from skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(price_from) > 0),
	activated_at timestamptz CHECK (state = 'DRAFT' OR activated_at IS NOT NULL),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	q tsvector GENERATED ALWAYS AS (
		setweight(to_tsvector('pg_catalog.english', title), 'A') ||
		setweight(to_tsvector('pg_catalog.english', description), 'B')) STORED
);
COMMENT ON TABLE skillancer.gig IS 'A service with a price that clients can order; machine "gig".';
COMMENT ON COLUMN skillancer.gig.packages IS
	'One to three of {"tier": BASIC|STANDARD|PREMIUM, "title", "description", "price", "deliveryDays", "revisions", "features"}, all in one currency.';
COMMENT ON COLUMN skillancer.gig.price_from IS 'Lowest price of the packages.';
CREATE INDEX gig_freelancer_idx ON skillancer.gig (freelancer_id, id DESC);
CREATE INDEX gig_active_idx ON skillancer.gig (activated_at DESC, id DESC) WHERE state = 'ACTIVE';
CREATE INDEX gig_active_category_idx ON skillancer.gig (category_id, activated_at DESC, id DESC) WHERE state = 'ACTIVE';
CREATE INDEX gig_active_search_idx ON skillancer.gig USING gin (q) WITH (fastupdate = off) WHERE state = 'ACTIVE';

-- What a gig offered at each revision; orders name the revision that they were made on.
CREATE TABLE skillancer.gig_revision (
	gig_id skillancer.gig_id NOT NULL REFERENCES skillancer.gig,
	revision integer NOT NULL CHECK (revision > 0),
	freelancer_id skillancer.user_id NOT NULL,
	title text NOT NULL,
	description text NOT NULL,
	packages jsonb NOT NULL,
	extras jsonb NOT NULL,
	faq jsonb NOT NULL,
	requirements text[] NOT NULL,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (gig_id, revision)
);
COMMENT ON TABLE skillancer.gig_revision IS 'Every wording of a gig; rows are only added.';

-- What made a text look risky.
CREATE TABLE skillancer.risk_signal (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	kind text NOT NULL CHECK (kind ~ '^[a-z_]{3,40}$'),
	subject_type text NOT NULL,
	subject_id uuid NOT NULL,
	score integer NOT NULL CHECK (score BETWEEN 0 AND 100),
	created_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.risk_signal IS
	'Signs of evasion or fraud, read by moderators: contact details before a contract, payment elsewhere.';
CREATE INDEX risk_signal_user_idx ON skillancer.risk_signal (user_id, created_at);
CREATE INDEX risk_signal_subject_idx ON skillancer.risk_signal (subject_id);

ALTER TABLE skillancer.category ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.skill ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.skill_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.project ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.proposal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.proposal_revision ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.invitation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.saved_project ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.gig ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.gig_revision ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.risk_signal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
$skl_1024ad03d8ae$);
INSERT INTO skillancer.schema_source VALUES ('migration', '0004_ledger', 4, '807954307a6615ed8d71bd3281c7be9b294f7aed2e2a9c79b78d63b100f6ec2c', $skl_807954307a66$-- The double-entry ledger. Owned by the vault: the engine may insert and read, nobody may change.

-- The chart of accounts: what classes there are and how they behave.
CREATE TABLE skillancer.account_class (
	class text PRIMARY KEY CHECK (class ~ '^[a-z_]{3,40}$'),
	type text NOT NULL CHECK (type IN ('asset', 'liability', 'income', 'expense', 'trading')),
	per text NOT NULL,
	floor_zero boolean NOT NULL,
	mode text NOT NULL CHECK (mode IN ('row', 'derived')),
	description text NOT NULL,
	CHECK (mode = 'row' OR NOT floor_zero)
);
COMMENT ON TABLE skillancer.account_class IS
	'Chart of accounts: type, what one account stands for, whether its balance has a floor of zero, and whether the balance is kept on a row or derived.';

-- One account. Balances are in minor units on the normal side of the class (debit for asset,
-- expense and trading; credit for liability and income).
CREATE TABLE skillancer.ledger_account (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	class text NOT NULL REFERENCES skillancer.account_class,
	owner uuid,
	ref uuid,
	booking_id skillancer.booking_id,
	currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
	mode text NOT NULL,
	floor_zero boolean NOT NULL,
	debit_normal boolean NOT NULL,
	balance bigint NOT NULL DEFAULT 0,
	version bigint NOT NULL DEFAULT 0,
	needs_open boolean GENERATED ALWAYS AS (CASE WHEN balance <> 0 THEN true END) STORED,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CONSTRAINT ledger_account_floor CHECK (balance >= 0 OR NOT floor_zero)
);
COMMENT ON TABLE skillancer.ledger_account IS
	'Accounts of the ledger. Row accounts carry their balance and a version that counts their entries; derived ones do not.';
COMMENT ON COLUMN skillancer.ledger_account.needs_open IS
	'True while money lies in it, else NULL: together with booking_id a foreign key that keeps the booking open.';
CREATE UNIQUE INDEX ledger_account_identity_idx ON skillancer.ledger_account
	(class, currency, coalesce(owner, '00000000-0000-0000-0000-000000000000'), coalesce(ref, '00000000-0000-0000-0000-000000000000'));
CREATE INDEX ledger_account_owner_idx ON skillancer.ledger_account (owner) WHERE owner IS NOT NULL;
CREATE INDEX ledger_account_booking_idx ON skillancer.ledger_account (booking_id) WHERE booking_id IS NOT NULL;

-- One posting: a group of entries that add up to zero in every currency.
CREATE TABLE skillancer.ledger_txn (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind text NOT NULL,
	idempotency_key text NOT NULL UNIQUE,
	fingerprint bytea NOT NULL,
	ref uuid,
	reverses bigint UNIQUE REFERENCES skillancer.ledger_txn,
	effective_at timestamptz NOT NULL DEFAULT skillancer.now(),
	posted_at timestamptz NOT NULL DEFAULT skillancer.now(),
	actor_id uuid,
	correlation_id text
);
COMMENT ON TABLE skillancer.ledger_txn IS
	'Postings. The fingerprint is the SHA-256 of kind, ref and legs: a repeated key with other legs is refused.';
CREATE INDEX ledger_txn_ref_idx ON skillancer.ledger_txn (ref, id);

-- One leg of a posting. Debit positive, credit negative, in minor units.
CREATE TABLE skillancer.ledger_entry (
	txn bigint NOT NULL REFERENCES skillancer.ledger_txn,
	leg smallint NOT NULL,
	account bigint NOT NULL REFERENCES skillancer.ledger_account,
	amount bigint NOT NULL CHECK (amount <> 0),
	currency text NOT NULL,
	balance_after bigint,
	account_version bigint,
	epoch integer NOT NULL,
	xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
	PRIMARY KEY (txn, leg)
);
COMMENT ON TABLE skillancer.ledger_entry IS
	'Legs of the postings: debit positive. balance_after and account_version are kept for row accounts.';
CREATE INDEX ledger_entry_account_idx ON skillancer.ledger_entry (account, txn);
CREATE UNIQUE INDEX ledger_entry_version_idx ON skillancer.ledger_entry (account, account_version)
	WHERE account_version IS NOT NULL;

ALTER TABLE skillancer.account_class ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.ledger_account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.ledger_txn ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.ledger_entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
ALTER TABLE skillancer.account_class OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_account OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_txn OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_entry OWNER TO skillancer_vault;

INSERT INTO skillancer.account_class (class, type, per, floor_zero, mode, description) VALUES
	('psp_clearing', 'asset', 'provider', false, 'derived', 'Money that the payment provider holds for us'),
	('bank_trust', 'asset', 'bank', false, 'derived', 'Users'' money in the trust account'),
	('bank_operating', 'asset', 'bank', false, 'derived', 'The platform''s own money'),
	('chargeback_receivable', 'asset', 'charge-back', true, 'row', 'Disputed by the card holder, decision open'),
	('freelancer_receivable', 'asset', 'user', true, 'row', 'Owed to the platform by a freelancer'),
	('client_wallet', 'liability', 'user', true, 'row', 'A client''s money that is not in escrow'),
	('escrow', 'liability', 'milestone', true, 'row', 'Money of a funded milestone'),
	('deferred_fee', 'liability', 'milestone', true, 'row', 'Client fee of a funded milestone, not earned yet'),
	('escrow_hold', 'liability', 'dispute', true, 'row', 'Escrow frozen by a dispute'),
	('freelancer_pending', 'liability', 'user', true, 'row', 'Earned, on hold before it is available'),
	('freelancer_available', 'liability', 'user', true, 'row', 'Earned and available for payout'),
	('chargeback_hold', 'liability', 'charge-back', true, 'row', 'Frozen while a charge-back is open'),
	('payout_transit', 'liability', 'payout', true, 'row', 'On its way to the freelancer'),
	('refund_transit', 'liability', 'refund', true, 'row', 'On its way back to the client''s card'),
	('tax_payable', 'liability', 'jurisdiction', true, 'row', 'Tax within fees, owed to the state'),
	('unearned_tokens', 'liability', 'user', true, 'row', 'Tokens sold and not used'),
	('revenue_service', 'income', 'platform', false, 'derived', 'Service fees of freelancers'),
	('revenue_client', 'income', 'platform', false, 'derived', 'Fees of clients'),
	('revenue_payout', 'income', 'platform', false, 'derived', 'Payout fees'),
	('revenue_fx', 'income', 'platform', false, 'derived', 'Spread of currency conversion'),
	('revenue_tokens', 'income', 'platform', false, 'derived', 'Tokens used'),
	('expense_psp', 'expense', 'platform', false, 'derived', 'Cost of the payment provider'),
	('expense_chargeback', 'expense', 'platform', false, 'derived', 'Fees of charge-backs'),
	('expense_writeoff', 'expense', 'platform', false, 'derived', 'Receivables given up'),
	('fx_position', 'trading', 'platform', false, 'derived', 'Position of currency conversion');
$skl_807954307a66$);
INSERT INTO skillancer.schema_source VALUES ('migration', '0005_booking', 5, 'd09dd8307dbc626184527ec7cd44db77b66122eca61d09d3f4b614459dcdea7a', $skl_d09dd8307dbc$-- Bookings and milestones: what a client and a freelancer agreed on, step by step.

-- One agreement. Its terms never change; their hash is what both sides accepted.
CREATE TABLE skillancer.booking (
	id skillancer.booking_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.booking_id,
	source text NOT NULL CHECK (source IN ('PROPOSAL', 'GIG', 'DIRECT')),
	project_id skillancer.project_id REFERENCES skillancer.project,
	proposal_id skillancer.proposal_id UNIQUE REFERENCES skillancer.proposal,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
	currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
	terms jsonb NOT NULL,
	terms_hash bytea NOT NULL CHECK (length(terms_hash) = 32),
	fee_version integer NOT NULL,
	policy jsonb NOT NULL DEFAULT '{}',
	state text NOT NULL DEFAULT 'AWAITING_PAYMENT'
		CHECK (state IN ('AWAITING_PAYMENT', 'ACTIVE', 'ENDING', 'COMPLETED', 'CANCELLED', 'VOID')),
	is_open boolean NOT NULL
		GENERATED ALWAYS AS (state NOT IN ('COMPLETED', 'CANCELLED', 'VOID')) STORED,
	version integer NOT NULL DEFAULT 1,
	activated_at timestamptz,
	ended_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CONSTRAINT booking_two_people CHECK (client_id <> freelancer_id),
	CONSTRAINT booking_source CHECK ((source = 'PROPOSAL') = (proposal_id IS NOT NULL)),
	CONSTRAINT booking_open_key UNIQUE (id, is_open)
);
COMMENT ON TABLE skillancer.booking IS
	'Agreements between a client and a freelancer. Visible to the two of them, and to staff with contracts:view.';
COMMENT ON COLUMN skillancer.booking.terms_hash IS 'SHA-256 of the terms, made by skillancer.terms_hash().';
COMMENT ON COLUMN skillancer.booking.policy IS
	'Policy values of the day it was made: what was agreed does not move when an operator edits a row.';
COMMENT ON COLUMN skillancer.booking.is_open IS
	'Referenced by ledger_account: a booking cannot be closed while money lies in its accounts.';
CREATE INDEX booking_client_idx ON skillancer.booking (client_id, id);
CREATE INDEX booking_freelancer_idx ON skillancer.booking (freelancer_id, id);
CREATE INDEX booking_project_idx ON skillancer.booking (project_id);

-- One step of the work, paid as a whole.
CREATE TABLE skillancer.milestone (
	id skillancer.milestone_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.milestone_id,
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	seq integer NOT NULL CHECK (seq > 0),
	title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
	amount skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(amount) > 0),
	days integer CHECK (days BETWEEN 1 AND 365),
	proposed_by skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	state text NOT NULL DEFAULT 'PROPOSED'
		CHECK (state IN ('PROPOSED', 'AGREED', 'FUNDING', 'FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED',
						 'RELEASED', 'REFUNDED', 'CANCELLED')),
	policy jsonb NOT NULL DEFAULT '{}',
	revisions integer NOT NULL DEFAULT 0,
	note text CHECK (length(note) <= 5000),
	funded_at timestamptz,
	submitted_at timestamptz,
	released_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	UNIQUE (booking_id, seq)
);
COMMENT ON TABLE skillancer.milestone IS
	'Steps of a booking. The amount is the freelancer''s price; the client''s fee comes on top of it when it is funded.';
COMMENT ON COLUMN skillancer.milestone.note IS 'What the last submission or change request said.';
CREATE INDEX milestone_client_idx ON skillancer.milestone (client_id, id);
CREATE INDEX milestone_freelancer_idx ON skillancer.milestone (freelancer_id, id);

ALTER TABLE skillancer.booking ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.milestone ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- A booking cannot reach an end while one of its accounts holds money.
RESET ROLE;
ALTER TABLE skillancer.ledger_account
	ADD CONSTRAINT ledger_account_booking_open FOREIGN KEY (booking_id, needs_open)
	REFERENCES skillancer.booking (id, is_open) DEFERRABLE INITIALLY DEFERRED;
$skl_d09dd8307dbc$);
INSERT INTO skillancer.schema_source VALUES ('migration', '0006_payment', 6, '1ad77d94d8ed2a43c82c713f58bbc87faeb295dab8edd20caff4edfcea2cec36', $skl_1ad77d94d8ed$-- Payments: ways to pay and to be paid, charges, earnings, payouts and the price list.

-- The price list: marginal rates above an amount, by version. A booking keeps the version of its day.
CREATE TABLE skillancer.fee_schedule (
	version integer NOT NULL CHECK (version > 0),
	kind text NOT NULL CHECK (kind IN ('SERVICE', 'CLIENT')),
	currency text NOT NULL DEFAULT '*' CHECK (currency ~ '^([A-Z]{3}|[*])$'),
	above numeric NOT NULL CHECK (above >= 0),
	bps integer NOT NULL CHECK (bps BETWEEN 0 AND 10000),
	builtin_hash text,
	PRIMARY KEY (version, kind, currency, above)
);
COMMENT ON TABLE skillancer.fee_schedule IS
	'Fees as marginal rates: bps hundredths of a percent of what lies above the amount (in units of the currency). A row with a currency replaces the rows with * for it.';

-- What a pair of people has billed with each other: where in the schedule the next release stands.
CREATE TABLE skillancer.pair_billing (
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	currency text NOT NULL,
	billed skillancer.monetary NOT NULL,
	PRIMARY KEY (client_id, freelancer_id, currency)
);
COMMENT ON TABLE skillancer.pair_billing IS
	'Lifetime billings of a client and a freelancer, counted up at every release under the row''s lock.';
CREATE INDEX pair_billing_freelancer_idx ON skillancer.pair_billing (freelancer_id);

-- Who may be paid how much at once, per currency.
CREATE TABLE skillancer.payout_rule (
	currency text PRIMARY KEY CHECK (currency ~ '^([A-Z]{3}|[*])$'),
	minimum numeric NOT NULL CHECK (minimum > 0),
	fee numeric NOT NULL CHECK (fee >= 0),
	builtin_hash text,
	CHECK (fee < minimum)
);
COMMENT ON TABLE skillancer.payout_rule IS
	'Least amount and fee of a payout in units of its currency; the row * holds for currencies without one.';

-- A card to pay with, or an account to be paid to. The provider knows the number, we keep its token.
CREATE TABLE skillancer.payment_method (
	id skillancer.payment_method_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.payment_method_id,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	kind text NOT NULL CHECK (kind IN ('PAYMENT', 'PAYOUT')),
	provider text NOT NULL CHECK (provider IN ('sandbox')),
	token text NOT NULL CHECK (length(token) BETWEEN 1 AND 255),
	label text NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
	usable_from timestamptz NOT NULL DEFAULT skillancer.now(),
	removed_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.payment_method IS
	'Tokens of the payment provider. A payout method is usable after a cool-down, so that a stolen session cannot empty an account at once.';
CREATE INDEX payment_method_user_idx ON skillancer.payment_method (user_id, kind, id);

-- Money taken from a client. A charge for a milestone goes on to fund it when it is captured.
CREATE TABLE skillancer.charge (
	id skillancer.charge_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.charge_id,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	payment_method_id skillancer.payment_method_id NOT NULL REFERENCES skillancer.payment_method,
	milestone_id skillancer.milestone_id REFERENCES skillancer.milestone,
	provider text NOT NULL CHECK (provider IN ('sandbox')),
	amount skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(amount) > 0),
	state text NOT NULL DEFAULT 'CREATED'
		CHECK (state IN ('CREATED', 'REQUIRES_ACTION', 'CAPTURED', 'FAILED', 'VOIDED')),
	failure_code text CHECK (length(failure_code) <= 63),
	policy jsonb NOT NULL DEFAULT '{}',
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.charge IS
	'Charges by the payment provider. FAILED: the provider said no; VOIDED: nobody confirmed it in time.';
CREATE INDEX charge_user_idx ON skillancer.charge (user_id, id);
CREATE INDEX charge_milestone_idx ON skillancer.charge (milestone_id) WHERE milestone_id IS NOT NULL;
CREATE INDEX charge_method_idx ON skillancer.charge (payment_method_id);

-- What one release earned: on hold first, then available for payout.
CREATE TABLE skillancer.earning (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	milestone_id skillancer.milestone_id NOT NULL REFERENCES skillancer.milestone,
	gross skillancer.monetary NOT NULL,
	fee skillancer.monetary NOT NULL,
	net skillancer.monetary NOT NULL,
	state text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'AVAILABLE')),
	policy jsonb NOT NULL DEFAULT '{}',
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.earning IS
	'Releases from the freelancer''s side: gross, service fee and net. PENDING for the hold of the booking, then AVAILABLE.';
CREATE INDEX earning_freelancer_idx ON skillancer.earning (freelancer_id, id);
CREATE INDEX earning_milestone_idx ON skillancer.earning (milestone_id);

-- Money sent to a freelancer. The amount leaves the balance; what arrives is the amount less the fee.
CREATE TABLE skillancer.payout (
	id skillancer.payout_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.payout_id,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	payment_method_id skillancer.payment_method_id NOT NULL REFERENCES skillancer.payment_method,
	provider text NOT NULL CHECK (provider IN ('sandbox')),
	amount skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(amount) > 0),
	fee skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(fee) >= 0),
	state text NOT NULL DEFAULT 'CREATED'
		CHECK (state IN ('CREATED', 'REQUESTED', 'PAID', 'FAILED', 'CANCELLED')),
	failure_code text CHECK (length(failure_code) <= 63),
	policy jsonb NOT NULL DEFAULT '{}',
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.payout IS
	'Payouts. REQUESTED takes the amount from the balance until the provider has answered: PAID, or FAILED with the money back in the balance.';
CREATE INDEX payout_user_idx ON skillancer.payout (user_id, id);
CREATE INDEX payout_method_idx ON skillancer.payout (payment_method_id);

ALTER TABLE skillancer.fee_schedule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.pair_billing ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.payout_rule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.payment_method ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.charge ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.earning ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.payout ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
$skl_1ad77d94d8ed$);
INSERT INTO skillancer.schema_source VALUES ('migration', '0007_notification', 7, '80ad9a1807fb8687a2b4bd9bd4a6da880350edbda476482d8fa22572f9a484d0', $skl_80ad9a1807fb$-- Notifications, mail, and what the background workers remember.

-- Which events make which notifications; operators edit the rows.
CREATE TABLE skillancer.notification_rule (
	key text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 63),
	event_type text NOT NULL,
	recipients text NOT NULL CHECK (recipients IN ('client', 'freelancer', 'owner', 'subject', 'actor', 'others', 'audience')),
	type text NOT NULL CHECK (type ~ '^[a-z][a-z_.]*$'),
	category text NOT NULL CHECK (category IN
		('MESSAGES', 'PROJECTS', 'BOOKINGS', 'PAYMENTS', 'ACCOUNT', 'MARKETING', 'SYSTEM')),
	priority text NOT NULL DEFAULT 'NORMAL' CHECK (priority IN ('LOW', 'NORMAL', 'HIGH')),
	group_key text,
	is_active boolean NOT NULL DEFAULT true,
	builtin_hash text
);
COMMENT ON TABLE skillancer.notification_rule IS
	'Event type to notification: who hears of it (recipients), under which type, category and priority. group_key is a template over the event.';
CREATE INDEX notification_rule_event_idx ON skillancer.notification_rule (event_type);

-- Texts, one row for each type, channel and language.
CREATE TABLE skillancer.template (
	type text NOT NULL CHECK (type ~ '^[a-z][a-z_.]*$'),
	channel text NOT NULL CHECK (channel IN ('IN_APP', 'EMAIL')),
	locale text NOT NULL DEFAULT 'en' CHECK (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
	title text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
	body text NOT NULL CHECK (length(body) BETWEEN 1 AND 20000),
	html text CHECK (length(html) BETWEEN 1 AND 100000),
	builtin_hash text,
	PRIMARY KEY (type, channel, locale)
);
COMMENT ON TABLE skillancer.template IS
	'Mustache templates. title is the subject of a mail; without html the HTML part is made from body.';

-- What a user sees in the app. Unique by event: exactly once, whatever crashes.
CREATE TABLE skillancer.notification (
	id skillancer.notification_id NOT NULL DEFAULT skillancer.new_id()::skillancer.notification_id,
	user_id skillancer.user_id NOT NULL,
	event_id skillancer.event_id NOT NULL,
	type text NOT NULL,
	category text NOT NULL,
	priority text NOT NULL,
	group_key text,
	title text NOT NULL,
	body text NOT NULL,
	data jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	read_at timestamptz,
	PRIMARY KEY (user_id, id),
	UNIQUE (user_id, event_id, type)
);
COMMENT ON TABLE skillancer.notification IS
	'Notifications in the app. data holds the ids of the event, for links.';
CREATE INDEX notification_unread_idx ON skillancer.notification (user_id, id) WHERE read_at IS NULL;

-- Mails to send. data may hold links that sign somebody in: it goes when the mail is sent or given up.
CREATE TABLE skillancer.mail (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	user_id skillancer.user_id NOT NULL,
	address text NOT NULL CHECK (length(address) BETWEEN 3 AND 254),
	type text NOT NULL,
	locale text NOT NULL DEFAULT 'en',
	data jsonb NOT NULL DEFAULT '{}',
	event_id skillancer.event_id,
	state text NOT NULL DEFAULT 'QUEUED' CHECK (state IN
		('QUEUED', 'SENDING', 'SENT', 'BOUNCED', 'SUPPRESSED', 'DROPPED', 'PARKED')),
	attempts integer NOT NULL DEFAULT 0,
	due_at timestamptz NOT NULL DEFAULT skillancer.now(),
	lease_until timestamptz,
	code integer,
	last_error text,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	settled_at timestamptz,
	UNIQUE (user_id, event_id, type)
);
COMMENT ON TABLE skillancer.mail IS
	'Outgoing mail, leased by the courier for each attempt; attempts is the fence: only the newest attempt may report.';
CREATE INDEX mail_queue_idx ON skillancer.mail (due_at) WHERE state IN ('QUEUED', 'SENDING');
CREATE INDEX mail_parked_idx ON skillancer.mail (id) WHERE state = 'PARKED';
CREATE INDEX mail_settled_idx ON skillancer.mail (settled_at);

-- Addresses that a mail server refused for good.
CREATE TABLE skillancer.mail_address (
	address_key text PRIMARY KEY CHECK (address_key = lower(address_key)),
	bounced_at timestamptz NOT NULL DEFAULT skillancer.now(),
	reason text NOT NULL
);
COMMENT ON TABLE skillancer.mail_address IS
	'Flagged addresses: mail to them is suppressed until the row is deleted (skillancer.unflag_address).';

-- Events that a consumer could not work on. Without parked_at: being tried, the attempt is counted beforehand.
CREATE TABLE skillancer.event_attempt (
	consumer text NOT NULL,
	seq bigint NOT NULL,
	attempts integer NOT NULL DEFAULT 0,
	last_error text,
	at timestamptz NOT NULL DEFAULT skillancer.now(),
	parked_at timestamptz,
	PRIMARY KEY (consumer, seq)
);
COMMENT ON TABLE skillancer.event_attempt IS
	'Events that failed or crashed a consumer; parked ones are passed over until skillancer.redrive().';

-- Starts of a consumer without a finished batch in between; many of them make it careful.
CREATE TABLE skillancer.worker_start (
	worker text PRIMARY KEY,
	starts integer NOT NULL DEFAULT 0,
	at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.worker_start IS
	'How often a worker started since it last finished a batch: after a few crashes it works event by event.';

-- When each housekeeping job ran and runs next.
CREATE TABLE skillancer.housekeeping_run (
	job text PRIMARY KEY,
	next_at timestamptz NOT NULL DEFAULT '-infinity',
	last_at timestamptz,
	rows bigint NOT NULL DEFAULT 0,
	attempts integer NOT NULL DEFAULT 0,
	last_error text
);
COMMENT ON TABLE skillancer.housekeeping_run IS 'Runs of the jobs in skillancer.housekeeping_job.';

ALTER TABLE skillancer.notification_rule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.template ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.notification ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.mail ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.mail_address ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.event_attempt ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.worker_start ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.housekeeping_run ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
$skl_80ad9a1807fb$);
INSERT INTO skillancer.schema_source VALUES ('migration', '0008_review', 8, 'be3ea912a44a947e0b5e8ac9afec5b27a7c74171d8a2a8d034507483412cbedf', $skl_be3ea912a44a$-- Reviews: two a booking, hidden from each other until both are in or the window has closed.

CREATE TABLE skillancer.review (
	id skillancer.review_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.review_id,
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	author_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	subject_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
	quality smallint CHECK (quality BETWEEN 1 AND 5),
	communication smallint CHECK (communication BETWEEN 1 AND 5),
	timeliness smallint CHECK (timeliness BETWEEN 1 AND 5),
	comment text NOT NULL CHECK (length(comment) BETWEEN 10 AND 2000),
	would_work_again boolean NOT NULL,
	state text NOT NULL DEFAULT 'HIDDEN' CHECK (state IN ('HIDDEN', 'PUBLISHED')),
	published_at timestamptz,
	reply text CHECK (length(reply) BETWEEN 1 AND 2000),
	replied_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	UNIQUE (booking_id, author_id),
	CONSTRAINT review_between_the_two CHECK (
		(author_id = client_id AND subject_id = freelancer_id)
		OR (author_id = freelancer_id AND subject_id = client_id)
	)
);
COMMENT ON TABLE skillancer.review IS
	'Reviews of bookings. HIDDEN ones are seen by their author only; nothing that others see depends on them.';
CREATE INDEX review_subject_idx ON skillancer.review (subject_id, state, id);
CREATE INDEX review_author_idx ON skillancer.review (author_id);

-- What the published reviews say about a person, as freelancer and as client.
CREATE TABLE skillancer.reputation (
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	side text NOT NULL CHECK (side IN ('FREELANCER', 'CLIENT')),
	rating skillancer.rating_tally NOT NULL,
	PRIMARY KEY (user_id, side)
);
COMMENT ON TABLE skillancer.reputation IS
	'Tally of the published reviews of a person; counted up in the transaction that publishes one.';

ALTER TABLE skillancer.review ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.reputation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
$skl_be3ea912a44a$);
INSERT INTO skillancer.schema_source VALUES ('migration', '0009_import', 9, '5472d7e7929561bc4835d6ae5ce3ae414df94846f6e6b9621b14341bb1316a1f', $skl_5472d7e79295$-- Imports and the demo marketplace: reference tables, staging, what became of each row.

-- Currencies that the operator deals in; the digits are those of type monetary.
CREATE TABLE skillancer.currency (
	code text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'),
	number smallint NOT NULL CHECK (number BETWEEN 0 AND 999),
	digits smallint NOT NULL,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	CONSTRAINT currency_digits_check CHECK (digits = skillancer.currency_digits(code))
);
COMMENT ON TABLE skillancer.currency IS 'ISO 4217 currencies with their names.';

-- Countries.
CREATE TABLE skillancer.country (
	code text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[A-Z]{2}$'),
	alpha3 text COLLATE "C" NOT NULL UNIQUE CHECK (alpha3 ~ '^[A-Z]{3}$'),
	number smallint NOT NULL CHECK (number BETWEEN 0 AND 999),
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	region text,
	subregion text,
	currencies text[] NOT NULL DEFAULT '{}',
	languages text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE skillancer.country IS 'ISO 3166 countries with their currencies and languages.';

-- One run of one import function.
CREATE TABLE skillancer.import_run (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind text NOT NULL CHECK (kind IN ('currency', 'country', 'skill', 'freelancer', 'job', 'gig')),
	started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	finished_at timestamptz,
	rows_read integer NOT NULL DEFAULT 0,
	rows_added integer NOT NULL DEFAULT 0,
	rows_known integer NOT NULL DEFAULT 0,
	rows_rejected integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE skillancer.import_run IS
	'Imports: rows read from staging, added, known from an earlier run, rejected.';
CREATE INDEX import_run_kind_idx ON skillancer.import_run (kind, id);

-- Rows that were not taken over, and why.
CREATE TABLE skillancer.import_rejection (
	run_id bigint NOT NULL REFERENCES skillancer.import_run ON DELETE CASCADE,
	row_number bigint NOT NULL,
	key text,
	problems text[] NOT NULL CHECK (cardinality(problems) > 0),
	PRIMARY KEY (run_id, row_number)
);
COMMENT ON TABLE skillancer.import_rejection IS
	'Rejected rows: their place in the file (the first row after the header is 1), their key, every problem.';

-- What rows became. A key that is here is not imported again.
CREATE TABLE skillancer.import_object (
	kind text NOT NULL,
	key text COLLATE "C" NOT NULL,
	object_id uuid NOT NULL,
	estimated text[] NOT NULL DEFAULT '{}',
	run_id bigint REFERENCES skillancer.import_run ON DELETE SET NULL,
	PRIMARY KEY (kind, key)
);
COMMENT ON TABLE skillancer.import_object IS 'Objects made from imported or generated rows, by the key of the row.';
COMMENT ON COLUMN skillancer.import_object.estimated IS
	'Fields that the row did not have and that were estimated, such as {budget}.';
CREATE INDEX import_object_object_idx ON skillancer.import_object (object_id);
CREATE INDEX import_object_run_idx ON skillancer.import_object (run_id);

-- Staging: every column as text, exactly as in the file's header; problems are found by the import function.
CREATE UNLOGGED TABLE skillancer.import_currency (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	code text, "numeric" text, minor_unit text, name text,
	problems text[]
);
COMMENT ON TABLE skillancer.import_currency IS 'Staging of currencies.csv for import_currencies().';

CREATE UNLOGGED TABLE skillancer.import_country (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	alpha2 text, alpha3 text, "numeric" text, name text, region text, subregion text, dial text, currency text,
	languages text,
	problems text[]
);
COMMENT ON TABLE skillancer.import_country IS 'Staging of countries.csv for import_countries().';

CREATE UNLOGGED TABLE skillancer.import_skill (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	slug text, name text, aliases text, category text, subcategory text, tags text, parents text, children text,
	related text, transferability text, description text,
	problems text[]
);
COMMENT ON TABLE skillancer.import_skill IS 'Staging of a skill taxonomy (tanova_skills.csv) for import_skills().';

CREATE UNLOGGED TABLE skillancer.import_esco_skill (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	uri text, skill_type text, reuse_level text, label text, alt_labels text, is_digital text, description text,
	problems text[]
);
COMMENT ON TABLE skillancer.import_esco_skill IS
	'Staging of esco_skills.csv; import_skills() takes other spellings of known skills from it.';

CREATE UNLOGGED TABLE skillancer.import_job (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	job_id text, source text, track text, category text, title text, description text, job_type text, budget_min text,
	budget_max text, fixed_budget text, currency text, experience_level text, skills text, duration text,
	hours_per_week text, proposals_band text, interviewing text, invites_sent text, unanswered_invites text,
	client_country text, client_country_code text, client_total_spent text, client_hires text, client_active text,
	posted_at text,
	client_key text GENERATED ALWAYS AS (coalesce(client_country_code, '?') || '|' || coalesce(client_total_spent, '?')
		|| '|' || coalesce(client_hires, '?')) STORED,
	problems text[]
);
COMMENT ON TABLE skillancer.import_job IS 'Staging of jobs.csv for import_jobs().';
COMMENT ON COLUMN skillancer.import_job.client_key IS 'Postings with one country, one sum spent and one number of hires have one client.';

CREATE UNLOGGED TABLE skillancer.import_gig (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	category text, subcategory text, title text, rating text, review_count text, price_from text, currency text,
	key text GENERATED ALWAYS AS (md5(coalesce(category, '') || '|' || coalesce(subcategory, '') || '|'
		|| coalesce(title, '') || '|' || coalesce(price_from, '') || '|' || coalesce(currency, '') || '|'
		|| coalesce(rating, '') || '|' || coalesce(review_count, ''))) STORED,
	problems text[]
);
COMMENT ON TABLE skillancer.import_gig IS 'Staging of gigs.csv for import_gigs().';
COMMENT ON COLUMN skillancer.import_gig.key IS 'A gig has no id of its own: a hash of its columns.';

CREATE UNLOGGED TABLE skillancer.import_freelancer (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	freelancer_id text, source text, headline text, bio text, skills text, country text, country_code text,
	hourly_rate text, currency text, rating text, review_count text, earnings_score text, badge text,
	problems text[]
);
COMMENT ON TABLE skillancer.import_freelancer IS 'Staging of freelancers.csv for import_freelancers().';

ALTER TABLE skillancer.currency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.country ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_run ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_rejection ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_object ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_currency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_country ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_skill ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_esco_skill ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_job ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_gig ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_freelancer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
$skl_5472d7e79295$);
INSERT INTO skillancer.schema_source VALUES ('migration', '0010_ledger_fold', 10, 'ecfb53a60eb217b797fdd8a2cd0c6340135db78079e0de543d6acca2486bbd98', $skl_ecfb53a60eb2$-- Balances of derived accounts as a folded sum and a tail, so that reading one does not add up its whole
-- history. The entries of the past are folded here, once.

CREATE TABLE skillancer.ledger_fold (
	account bigint PRIMARY KEY,
	amount numeric NOT NULL,
	entries bigint NOT NULL
);
COMMENT ON TABLE skillancer.ledger_fold IS
	'Sum (debit positive, minor units) and number of the entries of a derived account up to ledger_fold_position.';
CREATE TABLE skillancer.ledger_fold_position (
	singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
	epoch integer NOT NULL,
	position pg_snapshot NOT NULL
);
COMMENT ON TABLE skillancer.ledger_fold_position IS
	'The snapshot up to which derived accounts are folded; entries behind it are the tail.';
ALTER TABLE skillancer.ledger_fold ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.ledger_fold_position ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
ALTER TABLE skillancer.ledger_fold OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_fold_position OWNER TO skillancer_vault;
ALTER TABLE skillancer.ledger_fold ADD FOREIGN KEY (account) REFERENCES skillancer.ledger_account;

-- finds the tail of an account behind the fold
DROP INDEX skillancer.ledger_entry_account_idx;
CREATE INDEX ledger_entry_account_idx ON skillancer.ledger_entry (account, xid);

-- no posting is in flight while the history is folded, and this transaction makes none
LOCK TABLE skillancer.ledger_entry IN SHARE MODE;
INSERT INTO skillancer.ledger_fold (account, amount, entries)
SELECT e.account, sum(e.amount), count(*)
FROM skillancer.ledger_entry e
JOIN skillancer.ledger_account a ON a.id = e.account AND a.mode = 'derived'
GROUP BY e.account;
INSERT INTO skillancer.ledger_fold_position (epoch, position)
SELECT i.epoch, pg_current_snapshot() FROM skillancer.instance i;
$skl_ecfb53a60eb2$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'core/views', 1, '2cce001d426eb11caeec1ad97576c500ebfe7188d457f0b038dc930041fea953', $skl_2cce001d426e$-- Views on the ledger for operators and finance.

-- What every account holds, whichever way its balance is kept.
CREATE VIEW skillancer.ledger_balance_now WITH (security_invoker = true) AS
SELECT a.id, a.class, c.type, a.owner, a.ref, a.currency,
	CASE WHEN a.mode = 'row' THEN a.balance
		ELSE skillancer.ledger_derived_balance(a.id, a.debit_normal)
	END AS balance
FROM skillancer.ledger_account a
JOIN skillancer.account_class c ON c.class = a.class;
COMMENT ON VIEW skillancer.ledger_balance_now IS
	'Balance of every account in minor units on the normal side of its class.';

-- The trial balance: debits and credits of every class. The last column adds up to zero per currency.
CREATE VIEW skillancer.trial_balance WITH (security_invoker = true) AS
SELECT c.class, c.type, a.currency,
	skillancer.monetary_of(coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0)::bigint, a.currency) AS debit,
	skillancer.monetary_of(coalesce(-sum(e.amount) FILTER (WHERE e.amount < 0), 0)::bigint, a.currency) AS credit,
	skillancer.monetary_of(coalesce(sum(e.amount), 0)::bigint, a.currency) AS balance
FROM skillancer.ledger_account a
JOIN skillancer.account_class c ON c.class = a.class
JOIN skillancer.ledger_entry e ON e.account = a.id
GROUP BY c.class, c.type, a.currency;
COMMENT ON VIEW skillancer.trial_balance IS
	'Debits, credits and their difference (debit positive) of every class and currency; the differences of a currency add up to zero.';

-- Is everything that is owed to users covered by money that we hold?
CREATE VIEW skillancer.escrow_coverage WITH (security_invoker = true) AS
SELECT b.currency,
	skillancer.monetary_of(held, b.currency) AS held,
	skillancer.monetary_of(owed, b.currency) AS owed,
	skillancer.monetary_of(held - owed, b.currency) AS surplus,
	held >= owed AS covered
FROM (
	SELECT n.currency,
		coalesce(sum(n.balance) FILTER (WHERE n.class IN ('psp_clearing', 'bank_trust', 'bank_operating')), 0)::bigint AS held,
		coalesce(sum(n.balance) FILTER (WHERE n.type = 'liability'), 0)::bigint AS owed
	FROM skillancer.ledger_balance_now n
	GROUP BY n.currency
) b;
COMMENT ON VIEW skillancer.escrow_coverage IS
	'Money held at providers and banks beside what is owed to users, per currency.';
$skl_2cce001d426e$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'user/views', 2, '5fe51cda8cc99e08684c1c91774f5ee32203bcf3bcbd6fb9bdd5fef4d21a39b5', $skl_5fe51cda8cc9$-- The JSON shapes of people. Row-level security of the tables decides who sees a row.

-- The account, for its owner and for staff.
CREATE VIEW skillancer.user_doc WITH (security_invoker = true) AS
SELECT a.id, a.state, a.email_key, a.name, a.created_at, 'v' || a.version AS etag,
	skillancer.json_doc(
		'id', a.id,
		'email', a.email,
		'emailVerified', EXISTS (SELECT FROM skillancer.verification v
			WHERE v.user_id = a.id AND v.kind = 'EMAIL' AND v.status = 'VERIFIED'),
		'name', a.name,
		'status', a.state,
		'roles', (SELECT coalesce(json_agg(r.role ORDER BY r.role), '[]')
			FROM skillancer.user_role r WHERE r.user_id = a.id),
		'timezone', a.timezone,
		'locale', a.locale,
		'createdAt', a.created_at,
		'updatedAt', a.updated_at) AS doc
FROM skillancer.user_account a;
COMMENT ON VIEW skillancer.user_doc IS 'Accounts as the API shows them to their owner and to staff.';

-- What everybody sees of a person.
CREATE VIEW skillancer.profile_doc WITH (security_invoker = true) AS
SELECT p.user_id, p.is_public, p.updated_at, 'v' || p.version AS etag,
	skillancer.json_doc(
		'id', p.user_id,
		'displayName', p.display_name,
		'headline', p.headline,
		'bio', p.bio,
		'hourlyRate', p.hourly_rate,
		'skills', s.list,
		'languages', p.languages,
		'country', p.country,
		'availability', p.availability,
		'workHistory', p.work_history,
		'education', p.education,
		'portfolio', p.portfolio,
		'certifications', p.certifications,
		'company', CASE WHEN p.company_name IS NOT NULL THEN
			skillancer.json_doc('name', p.company_name, 'size', p.company_size, 'bio', p.company_bio) END,
		'isPublic', p.is_public,
		'completeness', skillancer.profile_completeness(
			1 + (p.headline IS NOT NULL)::integer + (p.bio IS NOT NULL)::integer + (p.country IS NOT NULL)::integer,
			(p.hourly_rate IS NOT NULL)::integer + (p.availability IS NOT NULL)::integer
				+ (p.languages <> '{}')::integer,
			coalesce(skillancer.skill_count(p.skills), 0),
			jsonb_array_length(p.work_history), jsonb_array_length(p.education),
			jsonb_array_length(p.portfolio), jsonb_array_length(p.certifications)),
		'memberSince', p.created_at,
		'updatedAt', p.updated_at) AS doc
FROM skillancer.profile p
CROSS JOIN LATERAL (
	SELECT coalesce(json_agg(skillancer.json_doc('id', k.id, 'slug', k.slug, 'name', k.name,
		'level', e.level, 'years', e.years) ORDER BY e.level DESC, e.years DESC, k.name), '[]') AS list
	FROM skillancer.skills(p.skills) e
	JOIN skillancer.skill k ON k.id = e.skill_id) s;
COMMENT ON VIEW skillancer.profile_doc IS 'Profiles as the API shows them.';

-- Where a person is signed in.
CREATE VIEW skillancer.session_doc WITH (security_invoker = true) AS
SELECT s.id, s.user_id, s.created_at,
	skillancer.json_doc(
		'id', s.id,
		'current', s.id IS NOT DISTINCT FROM (SELECT skillancer.current_session_id()),
		'userAgent', s.user_agent,
		'address', s.address,
		'createdAt', s.created_at,
		'lastUsedAt', s.last_used_at,
		'expiresAt', s.expires_at) AS doc
FROM skillancer.session s
WHERE s.revoked_at IS NULL AND s.expires_at > skillancer.now();
COMMENT ON VIEW skillancer.session_doc IS 'Live sessions as the API shows them.';
$skl_5fe51cda8cc9$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'project/views', 3, 'f2f25954fc80c11036dd441d428f9cb5c2f98002e73df6f44d690f11e3283569', $skl_f2f25954fc80$-- One JSON shape an entity, used by get and list. The views show what the caller's policies show.

CREATE VIEW skillancer.category_doc WITH (security_invoker = true) AS
SELECT c.id, c.parent_id, c.depth, c.position, c.slug,
	skillancer.json_doc('id', c.id, 'slug', c.slug, 'name', c.name, 'parentId', c.parent_id) AS doc
FROM skillancer.category c;
COMMENT ON VIEW skillancer.category_doc IS 'JSON of a category.';

CREATE VIEW skillancer.skill_doc WITH (security_invoker = true) AS
SELECT s.id, s.slug, s.name,
	skillancer.json_doc('id', s.id, 'slug', s.slug, 'name', s.name, 'aliases', s.aliases,
		'categoryId', s.category_id) AS doc
FROM skillancer.skill s
WHERE s.merged_into IS NULL;
COMMENT ON VIEW skillancer.skill_doc IS 'JSON of a skill; merged ones are left out.';

CREATE VIEW skillancer.project_doc WITH (security_invoker = true) AS
SELECT p.id, p.client_id, p.state, p.visibility, p.category_id, p.published_at, p.updated_at, p.version,
	'v' || p.version AS etag,
	skillancer.json_doc(
		'id', p.id,
		'clientId', p.client_id,
		'state', p.state,
		'visibility', p.visibility,
		'title', p.title,
		'description', p.description,
		'category', skillancer.category_json(p.category_id),
		'skills', skillancer.skills_json(p.skills),
		'budgetKind', p.budget_kind,
		'budgetMin', p.budget_min,
		'budgetMax', p.budget_max,
		'experience', p.experience,
		'duration', p.duration,
		'openings', p.openings,
		'questions', p.questions,
		'deadline', p.deadline,
		'publishedAt', p.published_at,
		'expiresAt', CASE WHEN p.state IN ('OPEN', 'PAUSED') THEN p.expires_at END,
		'createdAt', p.created_at,
		'updatedAt', p.updated_at,
		'version', p.version) AS doc
FROM skillancer.project p;
COMMENT ON VIEW skillancer.project_doc IS 'JSON of a project.';

CREATE VIEW skillancer.proposal_doc WITH (security_invoker = true) AS
SELECT p.id, p.project_id, p.client_id, p.freelancer_id, p.state, p.shortlisted_at, p.archived_at, p.version,
	'v' || p.version || CASE WHEN p.client_id = (SELECT skillancer.current_user_id()) THEN 'c' ELSE '' END AS etag,
	skillancer.json_doc(
		'id', p.id,
		'projectId', p.project_id,
		'projectTitle', (SELECT j.title FROM skillancer.project j WHERE j.id = p.project_id),
		'clientId', p.client_id,
		'freelancerId', p.freelancer_id,
		'state', p.state,
		'revision', p.revision,
		'coverLetter', p.cover_letter,
		'bid', p.bid,
		'deliveryDays', p.delivery_days,
		'milestones', p.milestones,
		'answers', p.answers,
		'counter', p.counter,
		'viewedAt', p.viewed_at,
		'shortlistedAt', p.shortlisted_at,
		'interviewingAt', p.interviewing_at,
		'archivedAt', CASE WHEN p.client_id = (SELECT skillancer.current_user_id()) THEN p.archived_at END,
		'reason', p.reason,
		'createdAt', p.created_at,
		'updatedAt', p.updated_at,
		'version', p.version) AS doc
FROM skillancer.proposal p;
COMMENT ON VIEW skillancer.proposal_doc IS
	'JSON of a proposal. Only the client sees that it is archived, which the entity tag says, too.';

CREATE VIEW skillancer.invitation_doc WITH (security_invoker = true) AS
SELECT i.id, i.project_id, i.client_id, i.freelancer_id, i.state, i.version,
	'v' || i.version AS etag,
	skillancer.json_doc(
		'id', i.id,
		'projectId', i.project_id,
		'projectTitle', (SELECT j.title FROM skillancer.project j WHERE j.id = i.project_id),
		'clientId', i.client_id,
		'freelancerId', i.freelancer_id,
		'state', i.state,
		'message', i.message,
		'createdAt', i.created_at,
		'updatedAt', i.updated_at,
		'version', i.version) AS doc
FROM skillancer.invitation i;
COMMENT ON VIEW skillancer.invitation_doc IS 'JSON of an invitation.';

CREATE VIEW skillancer.gig_doc WITH (security_invoker = true) AS
SELECT g.id, g.freelancer_id, g.state, g.category_id, g.activated_at, g.version,
	'v' || g.version AS etag,
	skillancer.json_doc(
		'id', g.id,
		'freelancerId', g.freelancer_id,
		'state', g.state,
		'revision', g.revision,
		'title', g.title,
		'description', g.description,
		'category', skillancer.category_json(g.category_id),
		'tags', g.tags,
		'packages', g.packages,
		'extras', g.extras,
		'faq', g.faq,
		'requirements', g.requirements,
		'priceFrom', g.price_from,
		'activatedAt', g.activated_at,
		'createdAt', g.created_at,
		'updatedAt', g.updated_at,
		'version', g.version) AS doc
FROM skillancer.gig g;
COMMENT ON VIEW skillancer.gig_doc IS 'JSON of a gig.';
$skl_f2f25954fc80$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'booking/views', 4, '5eb83656541ecdad11371e92b6bd605756a69fddb0656cd4a7cc20a8d7aec688', $skl_5eb83656541e$-- sql/booking/views.sql
--	The JSON of bookings, milestones and reviews, one view each.

-- A milestone as the API shows it.
CREATE VIEW skillancer.milestone_doc WITH (security_invoker = true) AS
SELECT m.id, m.booking_id, m.client_id, m.freelancer_id, m.seq, m.state, m.amount, m.version,
	'v' || m.version AS etag,
	skillancer.json_doc(
		'id', m.id,
		'bookingId', m.booking_id,
		'seq', m.seq,
		'title', m.title,
		'amount', m.amount,
		'days', m.days,
		'state', m.state,
		'proposedBy', m.proposed_by,
		'revisions', m.revisions,
		'note', m.note,
		'fundedAt', m.funded_at,
		'submittedAt', m.submitted_at,
		'releasedAt', m.released_at,
		'autoReleaseAt', CASE WHEN m.state = 'SUBMITTED'
			THEN m.submitted_at + (m.policy ->> 'autoRelease')::interval END,
		'createdAt', m.created_at,
		'updatedAt', m.updated_at
	) AS doc
FROM skillancer.milestone m;
COMMENT ON VIEW skillancer.milestone_doc IS 'Milestones as JSON, for the two parties.';

-- A booking with its milestones; the ETag moves with either.
CREATE VIEW skillancer.booking_doc WITH (security_invoker = true) AS
SELECT b.id, b.client_id, b.freelancer_id, b.project_id, b.state, b.created_at,
	'v' || b.version || '.' || coalesce(m.versions, 0) AS etag,
	skillancer.json_doc(
		'id', b.id,
		'source', b.source,
		'projectId', b.project_id,
		'proposalId', b.proposal_id,
		'client', skillancer.json_doc('id', b.client_id, 'name', c.display_name),
		'freelancer', skillancer.json_doc('id', b.freelancer_id, 'name', f.display_name),
		'title', b.title,
		'currency', b.currency,
		'state', b.state,
		'terms', b.terms,
		'termsHash', encode(b.terms_hash, 'hex'),
		'feeVersion', b.fee_version,
		'totals', skillancer.json_doc(
			'agreed', coalesce(m.agreed, skillancer.monetary_of(0, b.currency)),
			'inEscrow', coalesce(m.in_escrow, skillancer.monetary_of(0, b.currency)),
			'released', coalesce(m.released, skillancer.monetary_of(0, b.currency)),
			'refunded', coalesce(m.refunded, skillancer.monetary_of(0, b.currency))
		),
		'milestones', coalesce(m.milestones, '[]'::json),
		'activatedAt', b.activated_at,
		'endedAt', b.ended_at,
		'createdAt', b.created_at,
		'updatedAt', b.updated_at
	) AS doc
FROM skillancer.booking b
LEFT JOIN skillancer.profile c ON c.user_id = b.client_id
LEFT JOIN skillancer.profile f ON f.user_id = b.freelancer_id
LEFT JOIN LATERAL (
	SELECT sum(d.version) AS versions,
		sum(d.amount) FILTER (WHERE d.state <> 'CANCELLED') AS agreed,
		sum(d.amount) FILTER (WHERE d.state IN ('FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED')) AS in_escrow,
		sum(d.amount) FILTER (WHERE d.state = 'RELEASED') AS released,
		sum(d.amount) FILTER (WHERE d.state = 'REFUNDED') AS refunded,
		json_agg(d.doc ORDER BY d.seq) AS milestones
	FROM skillancer.milestone_doc d
	WHERE d.booking_id = b.id
) m ON true;
COMMENT ON VIEW skillancer.booking_doc IS 'Bookings with their milestones as JSON, for the two parties.';

-- A review as the API shows it. Who may read it is settled by the policies of the table.
CREATE VIEW skillancer.review_doc WITH (security_invoker = true) AS
SELECT r.id, r.booking_id, r.author_id, r.subject_id, r.state, r.published_at,
	CASE WHEN r.subject_id = r.freelancer_id THEN 'FREELANCER' ELSE 'CLIENT' END AS side,
	'v' || r.version AS etag,
	skillancer.json_doc(
		'id', r.id,
		'bookingId', r.booking_id,
		'author', skillancer.json_doc('id', r.author_id, 'name', p.display_name),
		'subjectId', r.subject_id,
		'side', CASE WHEN r.subject_id = r.freelancer_id THEN 'FREELANCER' ELSE 'CLIENT' END,
		'rating', r.rating,
		'quality', r.quality,
		'communication', r.communication,
		'timeliness', r.timeliness,
		'comment', r.comment,
		'wouldWorkAgain', r.would_work_again,
		'state', r.state,
		'publishedAt', r.published_at,
		'reply', r.reply,
		'repliedAt', r.replied_at,
		'createdAt', r.created_at
	) AS doc
FROM skillancer.review r
LEFT JOIN skillancer.profile p ON p.user_id = r.author_id;
COMMENT ON VIEW skillancer.review_doc IS 'Reviews as JSON: published ones for everybody, hidden ones for their author.';
$skl_5eb83656541e$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'payment/views', 5, '710dff887ade0fd7622e52597b613d17fa5bf92f5d0491adae634d9450b04ad3', $skl_710dff887ade$-- sql/payment/views.sql
--	The JSON of payment methods, charges, earnings and payouts, one view each.

-- A payment or payout method, without its token.
CREATE VIEW skillancer.payment_method_doc WITH (security_invoker = true) AS
SELECT p.id, p.user_id, p.kind, 'v' || p.version AS etag,
	skillancer.json_doc(
		'id', p.id,
		'kind', p.kind,
		'provider', p.provider,
		'label', p.label,
		'usableFrom', p.usable_from,
		'createdAt', p.created_at
	) AS doc
FROM skillancer.payment_method p
WHERE p.removed_at IS NULL;
COMMENT ON VIEW skillancer.payment_method_doc IS 'Ways to pay and to be paid as JSON, for their owner; removed ones are left out.';

-- A charge.
CREATE VIEW skillancer.charge_doc WITH (security_invoker = true) AS
SELECT c.id, c.user_id, c.state, 'v' || c.version AS etag,
	skillancer.json_doc(
		'id', c.id,
		'amount', c.amount,
		'state', c.state,
		'failureCode', c.failure_code,
		'paymentMethodId', c.payment_method_id,
		'milestoneId', c.milestone_id,
		'createdAt', c.created_at,
		'updatedAt', c.updated_at
	) AS doc
FROM skillancer.charge c;
COMMENT ON VIEW skillancer.charge_doc IS 'Charges as JSON, for the payer.';

-- What a release earned.
CREATE VIEW skillancer.earning_doc WITH (security_invoker = true) AS
SELECT e.id, e.freelancer_id, e.state,
	skillancer.json_doc(
		'bookingId', e.booking_id,
		'milestoneId', e.milestone_id,
		'gross', e.gross,
		'fee', e.fee,
		'net', e.net,
		'state', e.state,
		'availableAt', e.created_at + (e.policy ->> 'earningHold')::interval,
		'createdAt', e.created_at
	) AS doc
FROM skillancer.earning e;
COMMENT ON VIEW skillancer.earning_doc IS 'Earnings as JSON, for the freelancer.';

-- A payout.
CREATE VIEW skillancer.payout_doc WITH (security_invoker = true) AS
SELECT p.id, p.user_id, p.state, 'v' || p.version AS etag,
	skillancer.json_doc(
		'id', p.id,
		'amount', p.amount,
		'fee', p.fee,
		'arrives', p.amount - p.fee,
		'state', p.state,
		'failureCode', p.failure_code,
		'paymentMethodId', p.payment_method_id,
		'createdAt', p.created_at,
		'updatedAt', p.updated_at
	) AS doc
FROM skillancer.payout p;
COMMENT ON VIEW skillancer.payout_doc IS 'Payouts as JSON, for the freelancer.';

-- The journal, one line an entry, as a bookkeeper reads it.
CREATE VIEW skillancer.ledger_posting WITH (security_invoker = true) AS
SELECT t.id AS posting, t.effective_at AS at, t.kind, t.ref, e.leg, a.class AS account, a.owner,
	CASE WHEN e.amount > 0 THEN skillancer.monetary_of(e.amount, e.currency) END AS debit,
	CASE WHEN e.amount < 0 THEN skillancer.monetary_of(-e.amount, e.currency) END AS credit
FROM skillancer.ledger_txn t
JOIN skillancer.ledger_entry e ON e.txn = t.id
JOIN skillancer.ledger_account a ON a.id = e.account;
COMMENT ON VIEW skillancer.ledger_posting IS
	'Entries of all postings with debit and credit; ref is the milestone, charge, earning or payout that a posting is about.';
$skl_710dff887ade$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'notification/views', 6, 'bd009af3f78c9b9bd04119c71c8c0201855b3bce0a92e35596593216faf62282', $skl_bd009af3f78c$-- Views of notifications and of the workers.

-- JSON of a notification.
CREATE VIEW skillancer.notification_doc WITH (security_invoker = true) AS
SELECT n.id, n.user_id, n.category, n.created_at, n.read_at,
	skillancer.json_doc('id', n.id, 'type', n.type, 'category', n.category, 'priority', n.priority,
		'groupKey', n.group_key, 'title', n.title, 'body', n.body, 'data', n.data, 'createdAt', n.created_at,
		'readAt', n.read_at) AS doc
FROM skillancer.notification n;
COMMENT ON VIEW skillancer.notification_doc IS 'Notifications as the API shows them.';

-- Rows that workers gave up.
CREATE VIEW skillancer.parked WITH (security_invoker = true) AS
SELECT 'timer' AS kind, format('%s/%s/%s', d.machine, d.id, d.event) AS item,
	format('%s of %s', d.event, d.machine) AS what, d.attempts, d.last_error, d.parked_at
FROM skillancer.due d
WHERE d.parked_at IS NOT NULL
UNION ALL
SELECT 'event', a.seq::text, a.consumer, a.attempts, a.last_error, a.parked_at
FROM skillancer.event_attempt a
WHERE a.parked_at IS NOT NULL
UNION ALL
SELECT 'mail', m.id::text, m.type, m.attempts, m.last_error, m.due_at
FROM skillancer.mail m
WHERE m.state = 'PARKED';
COMMENT ON VIEW skillancer.parked IS
	'Timers, events and mails that were given up, with the reason; skillancer.redrive(kind, item) tries them again.';

-- The workers of the whole cluster.
CREATE VIEW skillancer.worker_status WITH (security_invoker = true) AS
SELECT d.datname AS database, s.database_state, s.worker, s.pid, s.state, s.reason, s.started_at, s.last_batch_at,
	s.last_batch, s.rows, s.turns, s.lag_seconds, s.errors, s.last_error_at, s.last_error, s.next_start_at
FROM skillancer.worker_slots() s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.database_oid
WHERE s.database_state <> 'absent';
COMMENT ON VIEW skillancer.worker_status IS
	'Each worker of each database: process, state and why it waits, last batch, lag, errors, next start.';
$skl_bd009af3f78c$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'core/triggers', 7, '58f7f958b7e041d3fc916a43f3a3e3ebe819e39b3efe60ccee628783efa8622f', $skl_58f7f958b7e0$-- The ledger and the audit log are append-only for everyone, and no posting is lopsided. ENABLE ALWAYS
-- holds in replication roles as well.
SET LOCAL ROLE skillancer_vault;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.ledger_txn
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.ledger_txn
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.ledger_entry
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.ledger_entry
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER zero_sum AFTER INSERT ON skillancer.ledger_entry
	REFERENCING NEW TABLE AS inserted
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.zero_sum();
CREATE TRIGGER account_guard BEFORE UPDATE ON skillancer.ledger_account
	FOR EACH ROW EXECUTE FUNCTION skillancer.account_guard();
CREATE TRIGGER refuse_delete BEFORE DELETE ON skillancer.ledger_account
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.ledger_account
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.audit
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.audit
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
ALTER TABLE skillancer.ledger_txn ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate;
ALTER TABLE skillancer.ledger_entry ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate,
	ENABLE ALWAYS TRIGGER zero_sum;
ALTER TABLE skillancer.ledger_account ENABLE ALWAYS TRIGGER account_guard, ENABLE ALWAYS TRIGGER refuse_delete,
	ENABLE ALWAYS TRIGGER refuse_truncate;
ALTER TABLE skillancer.audit ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate;
$skl_58f7f958b7e0$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'user/triggers', 8, '6187dcb76db54c9d9c8fba52a02edfa58f27c1323fe428629f96042d2d229b8a', $skl_6187dcb76db5$-- The state of an account changes through the engine only.
CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.user_account
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('user');
ALTER TABLE skillancer.user_account ENABLE ALWAYS TRIGGER state_guard;
$skl_6187dcb76db5$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'project/triggers', 9, '25e98ddf1e7d0b96988e7557f1eb7d1a9bfeb83552dfdd32cbab3f30fbe6a3a8', $skl_25e98ddf1e7d$-- Triggers of the project service: states come from the engine only; spellings of skills are looked up.

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.project
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('project');
ALTER TABLE skillancer.project ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.proposal
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('proposal');
ALTER TABLE skillancer.proposal ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.invitation
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('invitation');
ALTER TABLE skillancer.invitation ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.gig
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('gig');
ALTER TABLE skillancer.gig ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER skill_keys AFTER INSERT OR UPDATE OF slug, aliases, merged_into ON skillancer.skill
	FOR EACH ROW EXECUTE FUNCTION skillancer.skill_keys();

CREATE TRIGGER catalogue_changed AFTER INSERT OR UPDATE OR DELETE ON skillancer.skill
	FOR EACH ROW EXECUTE FUNCTION skillancer.catalogue_changed();
ALTER TABLE skillancer.skill ENABLE ALWAYS TRIGGER catalogue_changed;

CREATE TRIGGER catalogue_changed AFTER INSERT OR UPDATE OR DELETE ON skillancer.category
	FOR EACH ROW EXECUTE FUNCTION skillancer.catalogue_changed();
ALTER TABLE skillancer.category ENABLE ALWAYS TRIGGER catalogue_changed;
$skl_25e98ddf1e7d$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'booking/triggers', 10, '51213322fa37ba2b755fb73e5053f5a9619dadffa7bb6d8b3b70f8efa63eb8c0', $skl_51213322fa37$-- sql/booking/triggers.sql
--	No state without the engine: bookings, milestones and reviews.

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.booking
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('booking');
ALTER TABLE skillancer.booking ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.milestone
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('milestone');
ALTER TABLE skillancer.milestone ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.review
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('review');
ALTER TABLE skillancer.review ENABLE ALWAYS TRIGGER state_guard;
$skl_51213322fa37$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'payment/triggers', 11, 'b19ea0cf13b594d4b785687aa9899fe4d7bf30cee1b25cdf72c28ab86e83a7ba', $skl_b19ea0cf13b5$-- sql/payment/triggers.sql
--	No state without the engine: charges, earnings and payouts.

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.charge
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('charge');
ALTER TABLE skillancer.charge ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.earning
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('earning');
ALTER TABLE skillancer.earning ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.payout
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('payout');
ALTER TABLE skillancer.payout ENABLE ALWAYS TRIGGER state_guard;
$skl_b19ea0cf13b5$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'core/policies', 12, '33a8feda3783e91c77637a568db76f22a57612f91210e4f5702a2574afa9ea88', $skl_33a8feda3783$-- Who sees which row of the core. The engine bypasses row-level security; what no policy shows is its alone.

CREATE POLICY policy_read ON skillancer.policy FOR SELECT
	USING ((SELECT skillancer.has_request()));
CREATE POLICY event_read ON skillancer.event FOR SELECT
	USING ((SELECT skillancer.has_permission('system:view_audit')));

-- reference tables are public; imports are for staff who run the system, staging is for superusers alone
CREATE POLICY currency_read ON skillancer.currency FOR SELECT USING ((SELECT skillancer.has_request()));
CREATE POLICY country_read ON skillancer.country FOR SELECT USING ((SELECT skillancer.has_request()));
CREATE POLICY import_run_read ON skillancer.import_run FOR SELECT
	USING ((SELECT skillancer.has_permission('system:view')));
CREATE POLICY import_rejection_read ON skillancer.import_rejection FOR SELECT
	USING ((SELECT skillancer.has_permission('system:view')));
CREATE POLICY import_object_read ON skillancer.import_object FOR SELECT
	USING ((SELECT skillancer.has_permission('system:view')));

SET LOCAL ROLE skillancer_vault;
CREATE POLICY audit_read ON skillancer.audit FOR SELECT
	USING ((SELECT skillancer.has_permission('system:view_audit')));
CREATE POLICY account_class_read ON skillancer.account_class FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_account_read ON skillancer.ledger_account FOR SELECT
	USING (owner = (SELECT skillancer.current_user_id())::uuid OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_txn_read ON skillancer.ledger_txn FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_entry_read ON skillancer.ledger_entry FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_fold_read ON skillancer.ledger_fold FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
CREATE POLICY ledger_fold_position_read ON skillancer.ledger_fold_position FOR SELECT
	USING ((SELECT skillancer.has_permission('finance:view')));
$skl_33a8feda3783$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'user/policies', 13, 'bfcf17a8bf5c3c5798a687cfd04b30119ef072f091f6a5946551378794dd0524', $skl_bfcf17a8bf5c$-- Who sees and changes which row of people. Tables without a policy are the engine's alone:
-- credentials, refresh tokens, mailed tokens, sign-in failures.

CREATE POLICY user_account_read ON skillancer.user_account FOR SELECT
	USING (id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('users:view')));
CREATE POLICY user_account_write ON skillancer.user_account FOR UPDATE TO skillancer_owner
	USING (id = (SELECT skillancer.current_user_id()))
	WITH CHECK (id = (SELECT skillancer.current_user_id()));

CREATE POLICY user_role_read ON skillancer.user_role FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('users:view')));

CREATE POLICY role_permission_read ON skillancer.role_permission FOR SELECT
	USING ((SELECT skillancer.is_staff()));

CREATE POLICY user_permission_read ON skillancer.user_permission FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('users:view')));

CREATE POLICY session_read ON skillancer.session FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY session_write ON skillancer.session FOR UPDATE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY verification_read ON skillancer.verification FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('users:view')));

CREATE POLICY profile_read ON skillancer.profile FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (is_public AND is_listed AND (SELECT skillancer.has_request()))
		OR (SELECT skillancer.has_permission('users:view')));
CREATE POLICY profile_write ON skillancer.profile FOR UPDATE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
$skl_bfcf17a8bf5c$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'project/policies', 14, '2b7d3c7244c8b3cfda6a33c620c0f041aa11c514fd040b439b8fbd6b7326ae82', $skl_2b7d3c7244c8$-- Who sees and writes what in the project service.

-- The catalogue is public; it is written by skill_add() and skill_merge() as a superuser.
CREATE POLICY category_read ON skillancer.category FOR SELECT
	USING ((SELECT skillancer.has_request()));
CREATE POLICY skill_read ON skillancer.skill FOR SELECT
	USING ((SELECT skillancer.has_request()));
CREATE POLICY skill_key_read ON skillancer.skill_key FOR SELECT
	USING ((SELECT skillancer.has_request()));

-- Public projects are seen by all once published, others by their client, who proposed, who is invited, and staff.
CREATE POLICY project_read ON skillancer.project FOR SELECT
	USING ((visibility = 'PUBLIC' AND state IN ('OPEN', 'PAUSED', 'FILLED', 'CLOSED')
			AND (SELECT skillancer.has_request()))
		OR client_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view'))
		OR skillancer.is_project_guest(id));
CREATE POLICY project_insert ON skillancer.project FOR INSERT TO skillancer_owner
	WITH CHECK (client_id = (SELECT skillancer.current_user_id()));
CREATE POLICY project_update ON skillancer.project FOR UPDATE TO skillancer_owner
	USING (client_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('jobs:moderate')))
	WITH CHECK (client_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('jobs:moderate')));

-- A proposal is between two people. The parent must be visible, so that an insert tells nothing about hidden ones.
CREATE POLICY proposal_read ON skillancer.proposal FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR client_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view')));
CREATE POLICY proposal_insert ON skillancer.proposal FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.project p
			WHERE p.id = proposal.project_id AND p.client_id = proposal.client_id));
CREATE POLICY proposal_update ON skillancer.proposal FOR UPDATE TO skillancer_owner
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR client_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id())
		OR client_id = (SELECT skillancer.current_user_id()));

CREATE POLICY proposal_revision_read ON skillancer.proposal_revision FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR client_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view')));
CREATE POLICY proposal_revision_insert ON skillancer.proposal_revision FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.proposal p
			WHERE p.id = proposal_revision.proposal_id AND p.client_id = proposal_revision.client_id
				AND p.freelancer_id = proposal_revision.freelancer_id));

CREATE POLICY invitation_read ON skillancer.invitation FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR client_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view')));
CREATE POLICY invitation_insert ON skillancer.invitation FOR INSERT TO skillancer_owner
	WITH CHECK (client_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.project p
			WHERE p.id = invitation.project_id AND p.client_id = invitation.client_id));

CREATE POLICY saved_project_read ON skillancer.saved_project FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY saved_project_insert ON skillancer.saved_project FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.project p WHERE p.id = saved_project.project_id));
CREATE POLICY saved_project_delete ON skillancer.saved_project FOR DELETE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()));

-- Active gigs are public, others are seen by their freelancer and staff.
CREATE POLICY gig_read ON skillancer.gig FOR SELECT
	USING ((state = 'ACTIVE' AND (SELECT skillancer.has_request()))
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view')));
CREATE POLICY gig_insert ON skillancer.gig FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id()));
CREATE POLICY gig_update ON skillancer.gig FOR UPDATE TO skillancer_owner
	USING (freelancer_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('jobs:moderate')))
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id()) OR (SELECT skillancer.has_permission('jobs:moderate')));

CREATE POLICY gig_revision_read ON skillancer.gig_revision FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('jobs:view')));
CREATE POLICY gig_revision_insert ON skillancer.gig_revision FOR INSERT TO skillancer_owner
	WITH CHECK (freelancer_id = (SELECT skillancer.current_user_id())
		AND EXISTS (SELECT FROM skillancer.gig g
			WHERE g.id = gig_revision.gig_id AND g.freelancer_id = gig_revision.freelancer_id));

-- Signals are for moderators; who causes one does not see it.
CREATE POLICY risk_signal_read ON skillancer.risk_signal FOR SELECT
	USING ((SELECT skillancer.has_permission('moderation:view')));
CREATE POLICY risk_signal_insert ON skillancer.risk_signal FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
$skl_2b7d3c7244c8$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'booking/policies', 15, '57f40b35d0b8057c375a3c24e1824cac271e488df62c5528e30f4bf178a1b101', $skl_57f40b35d0b8$-- sql/booking/policies.sql
--	Who sees and writes bookings, milestones and reviews. The owner's functions may lock a row of
--	their caller and never change one: that is for the engine.

CREATE POLICY booking_read ON skillancer.booking FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id())
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY booking_make ON skillancer.booking FOR INSERT TO skillancer_owner
	WITH CHECK (client_id = (SELECT skillancer.current_user_id()));
CREATE POLICY booking_lock ON skillancer.booking FOR UPDATE TO skillancer_owner
	USING (client_id = (SELECT skillancer.current_user_id())
		OR freelancer_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (false);

CREATE POLICY milestone_read ON skillancer.milestone FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id())
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('contracts:view')));
CREATE POLICY milestone_make ON skillancer.milestone FOR INSERT TO skillancer_owner
	WITH CHECK ((client_id = (SELECT skillancer.current_user_id())
			OR freelancer_id = (SELECT skillancer.current_user_id()))
		AND (proposed_by = client_id OR proposed_by = freelancer_id));
CREATE POLICY milestone_lock ON skillancer.milestone FOR UPDATE TO skillancer_owner
	USING (client_id = (SELECT skillancer.current_user_id())
		OR freelancer_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (false);

CREATE POLICY review_read ON skillancer.review FOR SELECT
	USING ((state = 'PUBLISHED' AND (SELECT skillancer.has_request()))
		OR author_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('moderation:view')));
CREATE POLICY review_make ON skillancer.review FOR INSERT TO skillancer_owner
	WITH CHECK (author_id = (SELECT skillancer.current_user_id()));
CREATE POLICY review_reply ON skillancer.review FOR UPDATE TO skillancer_owner
	USING (state = 'PUBLISHED' AND subject_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (state = 'PUBLISHED' AND subject_id = (SELECT skillancer.current_user_id()));

CREATE POLICY reputation_read ON skillancer.reputation FOR SELECT USING ((SELECT skillancer.has_request()));
$skl_57f40b35d0b8$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'payment/policies', 16, '9ab5980cfb14ac37283ad4854ab57b25939e93635de19068ee7f3beaa797676f', $skl_9ab5980cfb14$-- sql/payment/policies.sql
--	Who sees and writes payments: their owner, and staff with finance:view. The price list is public.

CREATE POLICY fee_schedule_read ON skillancer.fee_schedule FOR SELECT USING ((SELECT skillancer.has_request()));
CREATE POLICY payout_rule_read ON skillancer.payout_rule FOR SELECT USING ((SELECT skillancer.has_request()));

CREATE POLICY pair_billing_read ON skillancer.pair_billing FOR SELECT
	USING (client_id = (SELECT skillancer.current_user_id())
		OR freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));

CREATE POLICY payment_method_read ON skillancer.payment_method FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY payment_method_make ON skillancer.payment_method FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY payment_method_change ON skillancer.payment_method FOR UPDATE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY charge_read ON skillancer.charge FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY charge_make ON skillancer.charge FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));

CREATE POLICY earning_read ON skillancer.earning FOR SELECT
	USING (freelancer_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));

CREATE POLICY payout_read ON skillancer.payout FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id())
		OR (SELECT skillancer.has_permission('finance:view')));
CREATE POLICY payout_make ON skillancer.payout FOR INSERT TO skillancer_owner
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
$skl_9ab5980cfb14$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'notification/policies', 17, '475a24fd3d704c48e07957376897cc12859daeebe0ca0a3fb8f0856d842b712f', $skl_475a24fd3d70$-- Who sees which row: users their own notifications; mail, queues and texts are the engine's and the operators'.

CREATE POLICY notification_read ON skillancer.notification FOR SELECT
	USING (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY notification_mark ON skillancer.notification FOR UPDATE TO skillancer_owner
	USING (user_id = (SELECT skillancer.current_user_id()))
	WITH CHECK (user_id = (SELECT skillancer.current_user_id()));
CREATE POLICY notification_rule_admin ON skillancer.notification_rule TO skillancer_admin USING (true);
CREATE POLICY template_admin ON skillancer.template TO skillancer_admin USING (true);
CREATE POLICY due_admin ON skillancer.due FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY event_attempt_admin ON skillancer.event_attempt FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY mail_admin ON skillancer.mail FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY mail_address_admin ON skillancer.mail_address FOR SELECT TO skillancer_admin USING (true);
CREATE POLICY housekeeping_run_admin ON skillancer.housekeeping_run FOR SELECT TO skillancer_admin USING (true);
$skl_475a24fd3d70$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'core/grants', 18, 'ce196db4bbaf4a09081340a544d5f2d85e8921b9cd4eb94a99591f8966c81772', $skl_ce196db4bbaf$-- Table privileges of the core: the engine writes, the bridge reads what policies show.

GRANT SELECT ON skillancer.instance, skillancer.schema_migration TO skillancer_engine, skillancer_backup;
GRANT SELECT ON skillancer.secret TO skillancer_engine, skillancer_backup;
GRANT SELECT ON skillancer.policy TO skillancer_engine, skillancer_bridge, skillancer_backup;
GRANT SELECT, INSERT ON skillancer.event TO skillancer_engine;
GRANT USAGE ON SEQUENCE skillancer.event_seq TO skillancer_engine;
GRANT SELECT ON skillancer.event, skillancer.event_default, skillancer.consumer, skillancer.due,
	skillancer.idempotency_key TO skillancer_backup;
GRANT SELECT, INSERT, UPDATE ON skillancer.consumer TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.due TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.idempotency_key TO skillancer_engine;

-- reference tables and what became of imports
GRANT SELECT ON skillancer.currency, skillancer.country, skillancer.import_run, skillancer.import_rejection,
	skillancer.import_object TO skillancer_bridge, skillancer_backup;
GRANT SELECT ON skillancer.import_currency, skillancer.import_country, skillancer.import_skill,
	skillancer.import_esco_skill, skillancer.import_job, skillancer.import_gig, skillancer.import_freelancer
	TO skillancer_backup;

SET LOCAL ROLE skillancer_vault;
GRANT SELECT, INSERT ON skillancer.audit TO skillancer_engine;
GRANT USAGE ON SEQUENCE skillancer.audit_seq TO skillancer_engine;
GRANT SELECT ON skillancer.account_class TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE (balance, version) ON skillancer.ledger_account TO skillancer_engine;
GRANT SELECT, INSERT ON skillancer.ledger_txn, skillancer.ledger_entry TO skillancer_engine;
GRANT SELECT ON skillancer.ledger_account TO skillancer_bridge;
GRANT SELECT ON skillancer.account_class, skillancer.ledger_account, skillancer.ledger_txn,
	skillancer.ledger_entry, skillancer.audit TO skillancer_backup, skillancer_bridge;
GRANT SELECT, INSERT, UPDATE ON skillancer.ledger_fold, skillancer.ledger_fold_position TO skillancer_engine;
GRANT SELECT ON skillancer.ledger_fold, skillancer.ledger_fold_position TO skillancer_backup, skillancer_bridge;
$skl_ce196db4bbaf$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'user/grants', 19, '8e89380b8bf565a95bfc67ff5f8ee184adfe9e03754d90f7f7b6abaa827c7832', $skl_8e89380b8bf5$-- Table privileges of people: the engine signs in and keeps accounts, the bridge reads what policies show.

GRANT SELECT ON skillancer.user_account, skillancer.user_role, skillancer.user_permission, skillancer.role_permission,
	skillancer.session, skillancer.verification, skillancer.profile TO skillancer_bridge;
GRANT SELECT ON skillancer.user_doc, skillancer.profile_doc, skillancer.session_doc
	TO skillancer_bridge, skillancer_engine;

GRANT SELECT, INSERT, UPDATE ON skillancer.user_account TO skillancer_engine;
GRANT SELECT, INSERT, DELETE ON skillancer.user_role TO skillancer_engine;
GRANT SELECT ON skillancer.role_permission, skillancer.user_permission TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.user_credential, skillancer.verification, skillancer.profile
	TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.session, skillancer.refresh_token, skillancer.email_token,
	skillancer.sign_in_failure TO skillancer_engine;
$skl_8e89380b8bf5$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'project/grants', 20, '858beb941d9a05e5dd3d3ea57153f85ce760f963a1c03e0c0417a8c315dcc085', $skl_858beb941d9a$-- Table privileges of the project service. Which rows is a matter of the policies.

GRANT SELECT ON skillancer.category, skillancer.skill, skillancer.skill_key, skillancer.project, skillancer.proposal,
	skillancer.proposal_revision, skillancer.invitation, skillancer.saved_project, skillancer.gig,
	skillancer.gig_revision TO skillancer_bridge;
GRANT SELECT ON skillancer.category_doc, skillancer.skill_doc, skillancer.project_doc, skillancer.proposal_doc,
	skillancer.invitation_doc, skillancer.gig_doc TO skillancer_bridge;

-- the engine moves states, locks rows and answers policy predicates
GRANT SELECT, UPDATE ON skillancer.project, skillancer.proposal, skillancer.invitation, skillancer.gig
	TO skillancer_engine;
GRANT SELECT ON skillancer.category, skillancer.skill, skillancer.skill_key, skillancer.saved_project
	TO skillancer_engine;

GRANT SELECT ON skillancer.category, skillancer.skill, skillancer.skill_key, skillancer.project, skillancer.proposal,
	skillancer.proposal_revision, skillancer.invitation, skillancer.saved_project, skillancer.gig,
	skillancer.gig_revision, skillancer.risk_signal TO skillancer_backup;
$skl_858beb941d9a$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'booking/grants', 21, 'e61ed11716cdd386eb9289e30ae2930de5b1245c838e228d0e7f6e0cc401b4ca', $skl_e61ed11716cd$-- sql/booking/grants.sql
--	Who may touch the tables of bookings at all; row-level security narrows it further.

GRANT SELECT ON skillancer.booking, skillancer.milestone, skillancer.review, skillancer.reputation,
	skillancer.booking_doc, skillancer.milestone_doc, skillancer.review_doc
	TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.booking, skillancer.milestone, skillancer.review
	TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.reputation TO skillancer_engine;
$skl_e61ed11716cd$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'payment/grants', 22, '5d14c74fdc2bc1909d6fef2c2496a20edd0aabd5e7235bb98d97c0a1712e7fc7', $skl_5d14c74fdc2b$-- sql/payment/grants.sql
--	Who may touch the tables of payments at all. Tokens of payment methods are for commands only.

GRANT SELECT ON skillancer.fee_schedule, skillancer.payout_rule, skillancer.pair_billing,
	skillancer.charge, skillancer.earning, skillancer.payout,
	skillancer.payment_method_doc, skillancer.charge_doc, skillancer.earning_doc,
	skillancer.payout_doc
	TO skillancer_bridge;
GRANT SELECT (id, user_id, kind, provider, label, usable_from, removed_at, version, created_at, updated_at)
	ON skillancer.payment_method TO skillancer_bridge;
GRANT SELECT ON skillancer.fee_schedule, skillancer.payout_rule, skillancer.payment_method
	TO skillancer_engine;
GRANT SELECT, UPDATE ON skillancer.charge, skillancer.payout TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.pair_billing, skillancer.earning TO skillancer_engine;
GRANT SELECT ON skillancer.ledger_balance_now, skillancer.ledger_posting, skillancer.trial_balance, skillancer.escrow_coverage
	TO skillancer_bridge;
$skl_5d14c74fdc2b$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'notification/grants', 23, '9e8465581f53db9f82ff48ac7e2002540ec77693f01e56dd68c1d3e4e9908858', $skl_9e8465581f53$-- Table privileges of notifications and workers.

GRANT SELECT ON skillancer.notification, skillancer.notification_doc TO skillancer_bridge;
GRANT SELECT ON skillancer.notification TO skillancer_owner;
GRANT SELECT ON skillancer.notification_rule, skillancer.template TO skillancer_engine;
GRANT SELECT, INSERT ON skillancer.notification TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.mail, skillancer.mail_address, skillancer.event_attempt,
	skillancer.worker_start, skillancer.housekeeping_run TO skillancer_engine;
GRANT SELECT ON skillancer.user_account, skillancer.profile, skillancer.project TO skillancer_engine;
GRANT SELECT ON skillancer.booking, skillancer.milestone TO skillancer_engine;

-- operators in psql: data of a mail may hold a link that signs somebody in, so it is not among the columns
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.notification_rule, skillancer.template TO skillancer_admin;
GRANT SELECT (id, user_id, address, type, locale, event_id, state, attempts, due_at, lease_until, code, last_error,
	created_at, settled_at) ON skillancer.mail TO skillancer_admin;
GRANT SELECT ON skillancer.parked, skillancer.worker_status, skillancer.due, skillancer.event_attempt,
	skillancer.mail_address, skillancer.housekeeping_run TO skillancer_admin;
$skl_9e8465581f53$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'core/builtin', 24, '03675f197288511147116056e9aed682af702e79e0a3766c85fa8882bf15060d', $skl_03675f197288$-- Policies of the core that the project ships.
RESET ROLE;
SELECT skillancer.put_policy('idempotencyRetention', '"PT72H"', 'How long the answer of an Idempotency-Key is kept');
$skl_03675f197288$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'user/builtin', 25, '0bfebaf6ba955ec0ab6618c59c0fcb6885fd6745a9ff9688ce6177383ac0ac1d', $skl_0bfebaf6ba95$-- Policies of sign-in, and what the staff roles may do.

SELECT skillancer.put_policy('signInFailures', '5', 'Failed sign-ins of one account from one network within signInWindow that lock the pair');
SELECT skillancer.put_policy('signInWindow', '"PT15M"', 'Window in which failed sign-ins are counted');
SELECT skillancer.put_policy('signInLock', '"PT15M"', 'How long a lock on sign-in lasts');
SELECT skillancer.put_policy('signInAccountFailures', '50', 'Failed sign-ins of one account from all networks within signInAccountWindow that lock it for networks it has not been used from');
SELECT skillancer.put_policy('signInAccountWindow', '"PT1H"', 'Window of signInAccountFailures');
SELECT skillancer.put_policy('signInNetworkFailures', '100', 'Failed sign-ins from one network, whatever the account, within signInWindow that lock the network');
SELECT skillancer.put_policy('refreshTokenLifetime', '"P7D"', 'How long a refresh token can be exchanged; a session lives as long as its newest one');
SELECT skillancer.put_policy('refreshTokenGrace', '"PT10S"', 'How long a used refresh token may be exchanged once more');
SELECT skillancer.put_policy('emailTokenLifetime', '"PT24H"', 'How long a link that verifies an address is valid');
SELECT skillancer.put_policy('passwordTokenLifetime', '"PT1H"', 'How long a link that sets a new password is valid');
SELECT skillancer.put_policy('emailTokenInterval', '"PT1M"', 'Least time between two mails with a link of one kind to one account');

SELECT skillancer.put_builtin('skillancer.role_permission', jsonb_build_object('role', r.role, 'permission', p))
FROM (VALUES
	('ADMIN', '{users:view,users:suspend,users:manage_roles,jobs:view,jobs:moderate,contracts:view,contracts:resolve_dispute,finance:view,finance:adjust,moderation:view,moderation:decide,system:view,system:view_audit,system:manage}'::text[]),
	('SUPPORT', '{users:view,jobs:view,contracts:view,contracts:resolve_dispute}'::text[]),
	('MODERATOR', '{users:view,users:suspend,jobs:view,jobs:moderate,moderation:view,moderation:decide}'::text[]),
	('FINANCE', '{users:view,contracts:view,finance:view,finance:adjust,finance:manage_payouts}'::text[]),
	('ANALYST', '{system:view}'::text[])
) AS r (role, permissions), unnest(r.permissions) AS p;
$skl_0bfebaf6ba95$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'project/builtin', 26, 'd0884729412551ecb123cc074ae9659614e02a4fdab660c22d0a4ca545e0d2a3', $skl_d08847294125$-- Policies of the project service, and the catalogue that every marketplace starts with.
RESET ROLE;

SELECT skillancer.put_policy('projectExpiry', '"P30D"', 'How long a project stays open');
SELECT skillancer.put_policy('proposalExpiry', '"P90D"', 'How long a proposal may stay unanswered');
SELECT skillancer.put_policy('proposalLimit', '50', 'Live proposals that one freelancer may have');
SELECT skillancer.put_policy('invitationExpiry', '"P14D"', 'How long an invitation may stay unanswered');
SELECT skillancer.put_policy('invitationLimit', '50', 'Invitations that one project may send');
SELECT skillancer.put_policy('riskReviewScore', '50', 'Sum of risk scores from which a project waits for review');

-- top level categories
SELECT skillancer.put_builtin('skillancer.category', jsonb_build_object(
	'id', format('01900000-0000-7000-8000-0000000001%s', lpad(c.n::text, 2, '0')),
	'parent_id', NULL, 'depth', 1, 'slug', c.slug, 'name', c.name, 'position', c.n))
FROM (VALUES
	(1, 'development-it', 'Development & IT'),
	(2, 'data-ai', 'Data & AI'),
	(3, 'design-creative', 'Design & Creative'),
	(4, 'writing-translation', 'Writing & Translation'),
	(5, 'video-animation', 'Video & Animation'),
	(6, 'music-audio', 'Music & Audio'),
	(7, 'marketing', 'Marketing'),
	(8, 'business-finance', 'Business & Finance'),
	(9, 'engineering', 'Engineering'),
	(10, 'lifestyle', 'Lifestyle')
) AS c (n, slug, name);

-- below them
SELECT skillancer.put_builtin('skillancer.category', jsonb_build_object(
	'id', format('01900000-0000-7000-8000-00000000%s%s', lpad((c.parent + 1)::text, 2, '0'), lpad(c.n::text, 2, '0')),
	'parent_id', format('01900000-0000-7000-8000-0000000001%s', lpad(c.parent::text, 2, '0')),
	'depth', 2, 'slug', c.slug, 'name', c.name, 'position', c.n))
FROM (VALUES
	(1, 1, 'web-development', 'Web development'),
	(1, 2, 'mobile-development', 'Mobile development'),
	(1, 3, 'devops-cloud', 'DevOps & cloud'),
	(1, 4, 'software-testing', 'Software testing'),
	(1, 5, 'security', 'Information security'),
	(2, 1, 'data-analysis', 'Data analysis'),
	(2, 2, 'data-engineering', 'Data engineering'),
	(2, 3, 'machine-learning', 'Machine learning'),
	(3, 1, 'graphic-design', 'Graphic design'),
	(3, 2, 'ux-ui-design', 'UX & UI design'),
	(4, 1, 'copywriting', 'Copywriting'),
	(4, 2, 'translation', 'Translation'),
	(5, 1, 'video-editing', 'Video editing'),
	(5, 2, 'animation', 'Animation'),
	(6, 1, 'voice-over', 'Voice over'),
	(6, 2, 'music-production', 'Music production'),
	(7, 1, 'seo', 'Search engine optimisation'),
	(7, 2, 'social-media', 'Social media'),
	(8, 1, 'accounting', 'Accounting'),
	(8, 2, 'project-management', 'Project management')
) AS c (parent, n, slug, name);

-- skills
SELECT skillancer.put_builtin('skillancer.skill', jsonb_build_object(
	'id', format('01900000-0000-7000-9000-00000000%s', lpad(s.n::text, 4, '0')),
	'slug', s.slug, 'name', s.name, 'aliases', to_jsonb(s.aliases),
	'category_id', (SELECT c.id FROM skillancer.category c WHERE c.slug = s.category)))
FROM (VALUES
	(1, 'javascript', 'JavaScript', '{js,ecmascript}'::text[], 'web-development'),
	(2, 'typescript', 'TypeScript', '{ts}', 'web-development'),
	(3, 'react', 'React', '{reactjs,react-js}', 'web-development'),
	(4, 'node-js', 'Node.js', '{node,nodejs}', 'web-development'),
	(5, 'php', 'PHP', '{}', 'web-development'),
	(6, 'wordpress', 'WordPress', '{wp}', 'web-development'),
	(7, 'html', 'HTML', '{html5}', 'web-development'),
	(8, 'css', 'CSS', '{css3}', 'web-development'),
	(9, 'python', 'Python', '{py,python3}', 'web-development'),
	(10, 'java', 'Java', '{}', 'web-development'),
	(11, 'c', 'C', '{c-language}', 'development-it'),
	(12, 'c-plus-plus', 'C++', '{cpp}', 'development-it'),
	(13, 'c-sharp', 'C#', '{csharp}', 'development-it'),
	(14, 'go', 'Go', '{golang}', 'development-it'),
	(15, 'rust', 'Rust', '{}', 'development-it'),
	(16, 'sql', 'SQL', '{}', 'data-engineering'),
	(17, 'postgresql', 'PostgreSQL', '{postgres,pgsql}', 'data-engineering'),
	(18, 'android', 'Android', '{android-development}', 'mobile-development'),
	(19, 'ios', 'iOS', '{ios-development}', 'mobile-development'),
	(20, 'flutter', 'Flutter', '{}', 'mobile-development'),
	(21, 'docker', 'Docker', '{}', 'devops-cloud'),
	(22, 'kubernetes', 'Kubernetes', '{k8s}', 'devops-cloud'),
	(23, 'linux', 'Linux', '{}', 'devops-cloud'),
	(24, 'data-analysis', 'Data analysis', '{data-analytics}', 'data-analysis'),
	(25, 'excel', 'Microsoft Excel', '{microsoft-excel,ms-excel}', 'data-analysis'),
	(26, 'machine-learning', 'Machine learning', '{ml}', 'machine-learning'),
	(27, 'graphic-design', 'Graphic design', '{}', 'graphic-design'),
	(28, 'ui-design', 'UI design', '{user-interface-design}', 'ux-ui-design'),
	(29, 'ux-design', 'UX design', '{user-experience-design}', 'ux-ui-design'),
	(30, 'copywriting', 'Copywriting', '{copy-writing}', 'copywriting'),
	(31, 'translation', 'Translation', '{}', 'translation'),
	(32, 'proofreading', 'Proofreading', '{proof-reading}', 'writing-translation'),
	(33, 'video-editing', 'Video editing', '{}', 'video-editing'),
	(34, 'voice-over', 'Voice over', '{voiceover}', 'voice-over'),
	(35, 'seo', 'SEO', '{search-engine-optimization,search-engine-optimisation}', 'seo'),
	(36, 'social-media-marketing', 'Social media marketing', '{smm}', 'social-media'),
	(37, 'bookkeeping', 'Bookkeeping', '{book-keeping}', 'accounting'),
	(38, 'project-management', 'Project management', '{}', 'project-management')
) AS s (n, slug, name, aliases, category);
$skl_d08847294125$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'payment/builtin', 27, 'fff694dded9594e4bc8a4f9176e088ac460d1c8cd24dae48203f9b122c0b8d2d', $skl_fff694dded95$-- sql/payment/builtin.sql
--	Built-in rows of payments and bookings: policies, the first fee schedule, payout rules. Rows that
--	an operator has edited are left alone.
RESET ROLE;

SELECT skillancer.put_policy('bookingPaymentTerm', '"P14D"', 'A booking that nobody funds is void after this long');
SELECT skillancer.put_policy('autoRelease', '"P14D"', 'Submitted work is released when the client has not answered for this long');
SELECT skillancer.put_policy('revisionLimit', '10', 'Change requests of one milestone');
SELECT skillancer.put_policy('earningHold', '"P5D"', 'Released money is on hold for this long before it can be paid out');
SELECT skillancer.put_policy('reviewWindow', '"P14D"', 'Reviews may be written for this long after a booking ended, then all are published');
SELECT skillancer.put_policy('payoutCooldown', '"PT72H"', 'A new payout method cannot be used for this long');
SELECT skillancer.put_policy('chargeActionTerm', '"PT1H"', 'A charge that needs an action of the payer is voided after this long');
SELECT skillancer.put_policy('sandboxPayoutDelay', '"PT1M"', 'How long the sandbox provider takes to pay out');
SELECT skillancer.put_policy('sandboxCost', '{"bps": 290, "fixed": 30}', 'What the sandbox provider keeps of a charge: hundredths of a percent, and minor units');
SELECT skillancer.put_policy('feeVersion', '1', 'Version of the fee schedule that new bookings get');
SELECT skillancer.put_policy('maxCharge', '100000000', 'Largest charge or milestone, in minor units of its currency');
SELECT skillancer.put_policy('methodLimit', '10', 'Payment methods, and payout methods, that one person may have');
SELECT skillancer.put_policy('milestoneLimit', '50', 'Milestones of one booking');

-- 20 % to 500, 10 % to 10,000, 5 % above, by the lifetime billings of the pair; clients pay 3 %.
SELECT skillancer.put_builtin('skillancer.fee_schedule', p::jsonb)
FROM (VALUES
	('{"version": 1, "kind": "SERVICE", "currency": "*", "above": 0, "bps": 2000}'),
	('{"version": 1, "kind": "SERVICE", "currency": "*", "above": 500, "bps": 1000}'),
	('{"version": 1, "kind": "SERVICE", "currency": "*", "above": 10000, "bps": 500}'),
	('{"version": 1, "kind": "SERVICE", "currency": "JPY", "above": 0, "bps": 2000}'),
	('{"version": 1, "kind": "SERVICE", "currency": "JPY", "above": 50000, "bps": 1000}'),
	('{"version": 1, "kind": "SERVICE", "currency": "JPY", "above": 1000000, "bps": 500}'),
	('{"version": 1, "kind": "CLIENT", "currency": "*", "above": 0, "bps": 300}')
) AS v (p);

SELECT skillancer.put_builtin('skillancer.payout_rule', p::jsonb)
FROM (VALUES
	('{"currency": "USD", "minimum": 25, "fee": 2}'),
	('{"currency": "EUR", "minimum": 25, "fee": 2}'),
	('{"currency": "GBP", "minimum": 20, "fee": 2}'),
	('{"currency": "INR", "minimum": 2000, "fee": 150}'),
	('{"currency": "JPY", "minimum": 3500, "fee": 250}'),
	('{"currency": "*", "minimum": 25, "fee": 2}')
) AS v (p);
$skl_fff694dded95$);
INSERT INTO skillancer.schema_source VALUES ('replay', 'notification/builtin', 28, 'f502a372d0fed68ef3070663e210a764ddc4c0dd72b42de43e30d2c234a4567e', $skl_f502a372d0fe$-- Rules and templates that the project ships. Operators edit the rows; what nobody touched is kept up to date.

SELECT skillancer.put_policy('mailRetention', '"P30D"', 'How long the row of a sent or bounced mail is kept, without its data');

-- the frame around the HTML part of every mail
SELECT skillancer.put_template('layout', 'EMAIL', 'Skillancer', 'Skillancer',
'<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>
<body style="margin:0;background:#f4f4f6;font-family:sans-serif;color:#222">
<div style="max-width:36em;margin:2em auto;padding:2em;background:#fff;border-radius:8px">
{{{content}}}</div>
<p style="text-align:center;color:#777;font-size:small">Sent by Skillancer, {{publicUrl}}</p>
</body>
</html>
');

-- mails with links and warnings, queued by the account itself
SELECT skillancer.put_template('verify_email', 'EMAIL', 'Confirm your e-mail address',
'Hello {{user.name}},

please confirm that this is your address:

{{publicUrl}}/verify-email?token={{token}}

The link works once, for 24 hours. If you did not register at Skillancer, ignore this mail.
');
SELECT skillancer.put_template('registration_attempt', 'EMAIL', 'Somebody tried to register with your address',
'Hello {{user.name}},

somebody{{#address}} at {{address}}{{/address}} tried to register at Skillancer with your e-mail address. You have an account already, so nothing was changed.

If it was you, sign in, or set a new password if you forgot yours.
');
SELECT skillancer.put_template('password_reset', 'EMAIL', 'Set a new password',
'Hello {{user.name}},

set a new password here:

{{publicUrl}}/reset-password?token={{token}}

The link works once, for one hour. Somebody{{#address}} at {{address}}{{/address}} asked for it; if it was not you, ignore this mail.
');
SELECT skillancer.put_template('password_changed', 'EMAIL', 'Your password was changed',
'Hello {{user.name}},

your password was changed{{#address}} from {{address}}{{/address}}, and all your sessions have ended. If it was not you, set a new password at once and write to us.
');
SELECT skillancer.put_template('security_alert', 'EMAIL', 'Please check your account',
'Hello {{user.name}},

a sign-in of yours was used in two places{{#address}}, last from {{address}}{{/address}}{{#userAgent}} ({{userAgent}}){{/userAgent}}. It has been ended. If you do not know why, change your password.
');

-- account
SELECT skillancer.put_rule('user.verified', 'owner', 'user.verified', 'ACCOUNT');
SELECT skillancer.put_template('user.verified', 'IN_APP', 'Welcome to Skillancer',
	'Your e-mail address is confirmed. Complete your profile so that others find you.');
SELECT skillancer.put_rule('user.password_changed', 'owner', 'user.password_changed', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('user.password_changed', 'IN_APP', 'Your password was changed',
	'All your sessions have ended. If it was not you, set a new password and write to us.');
SELECT skillancer.put_rule('user.security_alert', 'owner', 'user.security_alert', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('user.security_alert', 'IN_APP', 'A session was ended for your safety',
	'Its token was used in two places. If you do not know why, change your password.');
SELECT skillancer.put_rule('user.restricted', 'owner', 'user.restricted', 'ACCOUNT', 'HIGH');
SELECT skillancer.put_template('user.restricted', 'IN_APP', 'Your account is restricted',
	'You cannot start new business for now; what runs goes on.{{#reason}} Reason: {{reason}}{{/reason}}');
SELECT skillancer.put_rule('user.reinstated', 'owner', 'user.reinstated', 'ACCOUNT');
SELECT skillancer.put_template('user.reinstated', 'IN_APP', 'Your account is active again', 'You can use everything as before.');

-- projects and proposals
SELECT skillancer.put_rule('project.rejected', 'client', 'project.rejected', 'PROJECTS', 'HIGH');
SELECT skillancer.put_template('project.rejected', 'IN_APP', 'Your project needs changes',
	'"{{project.title}}" was not published.{{#reason}} Reason: {{reason}}{{/reason}}');
SELECT skillancer.put_rule('project.expired', 'client', 'project.expired', 'PROJECTS');
SELECT skillancer.put_template('project.expired', 'IN_APP', 'Your project has expired',
	'"{{project.title}}" takes no more proposals.');
SELECT skillancer.put_rule('proposal.submitted', 'client', 'proposal.received', 'PROJECTS', 'NORMAL',
	'proposal.received/{{projectId}}');
SELECT skillancer.put_template('proposal.received', 'IN_APP', 'New proposal for {{project.title}}',
	'{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}A freelancer{{/freelancer}} sent you a proposal.');
SELECT skillancer.put_template('proposal.received', 'EMAIL', 'New proposal for {{project.title}}',
'Hello {{user.name}},

{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}a freelancer{{/freelancer}} sent you a proposal for "{{project.title}}".

{{publicUrl}}/projects/{{projectId}}
');
SELECT skillancer.put_rule('proposal.countered', 'freelancer', 'proposal.countered', 'PROJECTS');
SELECT skillancer.put_template('proposal.countered', 'IN_APP', 'Other terms for {{project.title}}',
	'The client answered your proposal with other terms.');
SELECT skillancer.put_rule('proposal.accepted', 'freelancer', 'proposal.accepted', 'PROJECTS', 'HIGH');
SELECT skillancer.put_template('proposal.accepted', 'IN_APP', 'Your proposal was accepted',
	'{{#client}}{{name}}{{/client}}{{^client}}The client{{/client}} accepted your proposal for "{{project.title}}". Wait for the first milestone to be funded before you begin.');
SELECT skillancer.put_template('proposal.accepted', 'EMAIL', 'Your proposal for {{project.title}} was accepted',
'Hello {{user.name}},

{{#client}}{{name}}{{/client}}{{^client}}the client{{/client}} accepted your proposal for "{{project.title}}". Wait for the first milestone to be funded before you begin.
');
SELECT skillancer.put_rule('proposal.declined', 'freelancer', 'proposal.declined', 'PROJECTS');
SELECT skillancer.put_template('proposal.declined', 'IN_APP', 'Your proposal was declined',
	'The client of "{{project.title}}" decided otherwise.');
SELECT skillancer.put_rule('proposal.withdrawn', 'client', 'proposal.withdrawn', 'PROJECTS', 'LOW');
SELECT skillancer.put_template('proposal.withdrawn', 'IN_APP', 'A proposal was withdrawn',
	'{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}A freelancer{{/freelancer}} took back the proposal for "{{project.title}}".');
SELECT skillancer.put_rule('proposal.closed', 'freelancer', 'proposal.closed', 'PROJECTS', 'LOW');
SELECT skillancer.put_template('proposal.closed', 'IN_APP', 'A project was filled', '"{{project.title}}" went to somebody else.');
SELECT skillancer.put_rule('proposal.expired', 'freelancer', 'proposal.expired', 'PROJECTS', 'LOW');
SELECT skillancer.put_template('proposal.expired', 'IN_APP', 'Your proposal has expired',
	'The client of "{{project.title}}" did not answer in time.');
SELECT skillancer.put_rule('invitation.sent', 'freelancer', 'invitation.received', 'PROJECTS');
SELECT skillancer.put_template('invitation.received', 'IN_APP', 'You are invited to propose',
	'{{#client}}{{name}}{{/client}}{{^client}}A client{{/client}} would like your proposal for "{{project.title}}".');
SELECT skillancer.put_template('invitation.received', 'EMAIL', 'You are invited to propose',
'Hello {{user.name}},

{{#client}}{{name}}{{/client}}{{^client}}a client{{/client}} would like your proposal for "{{project.title}}".

{{publicUrl}}/projects/{{projectId}}
');
SELECT skillancer.put_rule('invitation.accepted', 'client', 'invitation.accepted', 'PROJECTS');
SELECT skillancer.put_template('invitation.accepted', 'IN_APP', 'Your invitation was accepted',
	'{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}A freelancer{{/freelancer}} accepted your invitation to "{{project.title}}".');
SELECT skillancer.put_rule('invitation.declined', 'client', 'invitation.declined', 'PROJECTS', 'LOW');
SELECT skillancer.put_template('invitation.declined', 'IN_APP', 'Your invitation was declined',
	'{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}A freelancer{{/freelancer}} declined your invitation to "{{project.title}}".');

-- bookings and milestones
SELECT skillancer.put_rule('booking.activated', 'freelancer', 'booking.activated', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('booking.activated', 'IN_APP', 'You can begin', '"{{booking.title}}" is funded and active.');
SELECT skillancer.put_rule('booking.voided', 'others', 'booking.voided', 'BOOKINGS');
SELECT skillancer.put_template('booking.voided', 'IN_APP', 'A booking came to nothing',
	'"{{booking.title}}" was withdrawn or expired before it was funded.');
SELECT skillancer.put_rule('booking.ending', 'others', 'booking.ending', 'BOOKINGS');
SELECT skillancer.put_template('booking.ending', 'IN_APP', 'A booking is ending',
	'{{#actor}}{{name}}{{/actor}}{{^actor}}The other side{{/actor}} ends "{{booking.title}}".');
SELECT skillancer.put_rule('booking.completed', 'audience', 'booking.completed', 'BOOKINGS');
SELECT skillancer.put_template('booking.completed', 'IN_APP', 'A booking is complete',
	'"{{booking.title}}" is complete. Say how it went: write a review.');
SELECT skillancer.put_rule('booking.cancelled', 'audience', 'booking.cancelled', 'BOOKINGS');
SELECT skillancer.put_template('booking.cancelled', 'IN_APP', 'A booking was cancelled', '"{{booking.title}}" is over.');
SELECT skillancer.put_rule('milestone.proposed', 'others', 'milestone.proposed', 'BOOKINGS');
SELECT skillancer.put_template('milestone.proposed', 'IN_APP', 'A new milestone is proposed',
	'{{#actor}}{{name}}{{/actor}}{{^actor}}The other side{{/actor}} proposes "{{milestone.title}}" for {{milestone.amount}} {{milestone.currency}}.');
SELECT skillancer.put_rule('milestone.agreed', 'others', 'milestone.agreed', 'BOOKINGS');
SELECT skillancer.put_template('milestone.agreed', 'IN_APP', 'A milestone is agreed', '"{{milestone.title}}" of "{{booking.title}}" is agreed.');
SELECT skillancer.put_rule('milestone.funded', 'freelancer', 'milestone.funded', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('milestone.funded', 'IN_APP', 'A milestone is funded',
	'{{milestone.amount}} {{milestone.currency}} for "{{milestone.title}}" are in escrow.');
SELECT skillancer.put_template('milestone.funded', 'EMAIL', 'A milestone of {{booking.title}} is funded',
'Hello {{user.name}},

{{milestone.amount}} {{milestone.currency}} for "{{milestone.title}}" are in escrow. You can begin.
');
SELECT skillancer.put_rule('milestone.payment_failed', 'client', 'milestone.payment_failed', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('milestone.payment_failed', 'IN_APP', 'The payment failed',
	'"{{milestone.title}}" is not funded. Try again or with another payment method.');
SELECT skillancer.put_rule('milestone.submitted', 'client', 'milestone.submitted', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('milestone.submitted', 'IN_APP', 'Work was submitted',
	'Look at "{{milestone.title}}" and approve it or ask for changes. Without an answer the money is released by itself.');
SELECT skillancer.put_template('milestone.submitted', 'EMAIL', 'Work was submitted for {{booking.title}}',
'Hello {{user.name}},

{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}the freelancer{{/freelancer}} submitted "{{milestone.title}}". Approve it or ask for changes; without an answer the money is released by itself.

{{publicUrl}}/bookings/{{bookingId}}
');
SELECT skillancer.put_rule('milestone.changes_requested', 'freelancer', 'milestone.changes_requested', 'BOOKINGS', 'HIGH');
SELECT skillancer.put_template('milestone.changes_requested', 'IN_APP', 'The client asks for changes',
	'"{{milestone.title}}" is not approved yet.{{#message}} {{message}}{{/message}}');
SELECT skillancer.put_rule('milestone.released', 'freelancer', 'milestone.released', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('milestone.released', 'IN_APP', 'You were paid',
	'The money for "{{milestone.title}}" was released to you. After a few days it can be paid out.');
SELECT skillancer.put_template('milestone.released', 'EMAIL', 'You were paid for {{milestone.title}}',
'Hello {{user.name}},

the money for "{{milestone.title}}" was released to you. After a few days it can be paid out.
');
SELECT skillancer.put_rule('milestone.refunded', 'client', 'milestone.refunded', 'PAYMENTS');
SELECT skillancer.put_template('milestone.refunded', 'IN_APP', 'You got your money back',
	'The money for "{{milestone.title}}" went back to you.');

-- money
SELECT skillancer.put_rule('payment.action_required', 'owner', 'payment.action_required', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payment.action_required', 'IN_APP', 'Confirm your payment', 'Your bank asks you to confirm a payment.');
SELECT skillancer.put_rule('payment.failed', 'owner', 'payment.failed', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payment.failed', 'IN_APP', 'A payment was declined', 'Try again or with another payment method.');
SELECT skillancer.put_rule('earning.available', 'owner', 'earning.available', 'PAYMENTS');
SELECT skillancer.put_template('earning.available', 'IN_APP', 'Money is available', 'An earning can be paid out now.');
SELECT skillancer.put_rule('payout.requested', 'owner', 'payout.requested', 'PAYMENTS');
SELECT skillancer.put_template('payout.requested', 'IN_APP', 'Your payout is on its way', 'We tell you when it is paid.');
SELECT skillancer.put_rule('payout.paid', 'owner', 'payout.paid', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payout.paid', 'IN_APP', 'Your payout was paid', 'The money is on its way to your account.');
SELECT skillancer.put_template('payout.paid', 'EMAIL', 'Your payout was paid',
'Hello {{user.name}},

your payout was paid; the money is on its way to your account. If you did not ask for it, write to us at once.
');
SELECT skillancer.put_rule('payout.failed', 'owner', 'payout.failed', 'PAYMENTS', 'HIGH');
SELECT skillancer.put_template('payout.failed', 'IN_APP', 'Your payout failed', 'The money is back in your balance. Check your payout method.');
SELECT skillancer.put_template('payout.failed', 'EMAIL', 'Your payout failed',
'Hello {{user.name}},

your payout could not be made; the money is back in your balance. Please check your payout method.
');

-- reviews
SELECT skillancer.put_rule('review.published', 'subject', 'review.published', 'BOOKINGS');
SELECT skillancer.put_template('review.published', 'IN_APP', 'You were reviewed', 'The review of your booking can be read now.');
SELECT skillancer.put_rule('review.replied', 'others', 'review.replied', 'BOOKINGS', 'LOW');
SELECT skillancer.put_template('review.replied', 'IN_APP', 'Your review was answered', 'The reviewed person answered.');
$skl_f502a372d0fe$);

-- ======== sql/finish.sql
/*
 * sql/finish.sql
 *		Last part of the replay: owners and privileges of every function, by rule instead of by list.
 *
 * Nothing is granted to PUBLIC. Functions without side effects that types, operators, policies and views are
 * made of go to every role of ours; internal ones to the owner and the engine; skillancer_api to the bridge.
 * What else a role needs is granted beside the function's definition.
 */

-- definer functions that name no owner themselves belong to skillancer_owner
DO $do$
DECLARE
	v_function record;
BEGIN
	FOR v_function IN
		SELECT p.oid::pg_catalog.regprocedure AS name
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'skillancer'
		JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid
		JOIN pg_catalog.pg_language l ON l.oid = p.prolang
		WHERE p.prosecdef AND l.lanname <> 'c' AND p.proowner::pg_catalog.regrole::text = current_user
	LOOP
		EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO skillancer_owner', v_function.name);
	END LOOP;
END
$do$;

-- privileges of functions
DO $do$
DECLARE
	v_function record;
BEGIN
	FOR v_function IN
		SELECT p.oid::pg_catalog.regprocedure AS name, n.nspname AS schema,
			p.provolatile = 'i' OR p.prokind = 'a' OR p.proname IN (
				'current_user_id', 'current_session_id', 'has_role', 'has_permission', 'now', 'new_id') AS for_all,
			p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype AS is_trigger,
			p.proname IN ('begin_request', 'refuse_problems') AS only_bridge
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'skillancer'
		JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid
		JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', v_function.name);
		IF v_function.only_bridge THEN
			EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO skillancer_bridge', v_function.name);
			CONTINUE;
		END IF;
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO skillancer_owner, skillancer_engine%s%s%s',
			v_function.name,
			CASE WHEN v_function.is_trigger THEN ', skillancer_vault' ELSE '' END,
			CASE WHEN v_function.schema = 'skillancer_api' OR v_function.for_all THEN ', skillancer_bridge' ELSE '' END,
			CASE WHEN v_function.for_all THEN
				', skillancer_vault, skillancer_worker, skillancer_analyst, skillancer_admin, skillancer_backup'
			ELSE '' END);
	END LOOP;
END
$do$;

-- the rows of member tables are code: the owner's and the engine's functions read them
DO $do$
DECLARE
	v_table pg_catalog.regclass;
BEGIN
	FOR v_table IN
		SELECT c.oid
		FROM pg_catalog.pg_depend d
		JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.refobjid = e.oid AND d.deptype = 'e' AND e.extname = 'skillancer'
		JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
			AND c.oid = d.objid AND c.relkind = 'r'
	LOOP
		EXECUTE pg_catalog.format('GRANT SELECT ON %s TO skillancer_owner, skillancer_engine, skillancer_backup', v_table);
	END LOOP;
END
$do$;

-- rows of member tables and the version are cached by every backend: they look again after an upgrade
DO $do$
BEGIN
	PERFORM skillancer.invalidate();
END
$do$;

