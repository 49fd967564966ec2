/*
 * user_erasure.sql
 *		Every column that names a person is accounted for: what becomes of it when the person is erased, and whether it is
 *		exported. A new table with a user_id has to take a side here (sql/user/erasure.sql, sql/user/api_export.sql).
 */
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

CREATE TEMP TABLE side (fate text, tables text[]);
INSERT INTO side VALUES
	('taken away', '{session,email_token,user_credential,user_role,user_permission,verification,notification,notification_preference,quiet_hours,
		stream_entry,idempotency_key,mail,saved_search,search_log,saved_project,user_block,webhook_secret,webhook_attempt,webhook_delivery,
		billing_profile,provider_customer,organisation_member}'),
	('made anonymous', '{user_account,profile,media,payment_method,webhook,webhook_health,organisation_invitation}'),
	('closed, and shown to nobody', '{project,proposal,proposal_counter,proposal_revision,gig,gig_revision,invitation}'),
	('kept with the contract, which is the other side''s, too', '{booking,booking_terms,milestone,change_request,delivery,delivery_file,dispute,
		dispute_evidence,time_entry,work_week,tip,review,review_report,outcome,reputation,conversation,conversation_participant,message,media_use,organisation}'),
	('kept as history of money', '{charge,refund,payout,payout_schedule,chargeback,earning,earning_return,fee_tax,invoice,connect_grant,
		connect_purchase,conversion,pair_billing,adjustment,fx_rate,erasure}'),
	('kept as what happened', '{event,event_default,risk_signal,announcement,report_delivery,report_schedule}');

SELECT is(ARRAY(
	SELECT c.relname::text FROM pg_class c
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'skillancer.user_id'::regtype
	WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'skillancer'::regnamespace AND NOT c.relispartition
		AND c.relname <> ALL (SELECT unnest(s.tables) FROM side s)
	GROUP BY c.relname ORDER BY 1), '{}', 'every table that names people says what becomes of them');
SELECT is(ARRAY(SELECT t FROM side s, unnest(s.tables) t WHERE to_regclass('skillancer.' || t) IS NULL ORDER BY 1), '{}', 'and none says so that is not there');

-- the queries of the export: each runs, names its rows in order and takes up after any of them
SELECT skillancer.create_account('export@erasure.test', 'x', skillancer.password_hash('Str0ngHorse9'), '{FREELANCER}') AS me \gset
SELECT skillancer.email_verified(:'me');
SELECT skillancer.impersonate(:'me');
SELECT lives_ok(format('PREPARE %I (skillancer.user_id, text, integer) AS %s', 'export_' || s.kind, s.query), s.kind)
FROM skillancer.export_sections() s;
SELECT is((SELECT count(DISTINCT s.kind) FROM skillancer.export_sections() s), (SELECT count(*) FROM skillancer.export_sections()), 'each kind once');
SELECT ok((r).body::text LIKE '%export@erasure.test%', 'the account is in it') FROM skillancer_api.me_export() r;

-- what is written in guards does not depend on the API
SELECT throws_ok(format($$ INSERT INTO skillancer.billing_profile (user_id, name, address, country) VALUES (%L, 'x', 'x', 'DE') $$, u.id), 'SK110', NULL,
	'a closed account takes nothing new')
FROM (SELECT skillancer.create_account('closed@erasure.test', 'x', skillancer.password_hash('Str0ngHorse9'), '{CLIENT}') AS id) u,
	LATERAL (SELECT skillancer.fire_system('user', u.id::uuid, 'close')) f;
SELECT throws_ok(format($$ UPDATE skillancer.user_account SET erased_at = now() WHERE id = %L $$, :'me'), '23514', NULL,
	'nobody counts as erased who has a name');

SELECT * FROM finish();
ROLLBACK;
