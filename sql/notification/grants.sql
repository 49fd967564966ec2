-- Table privileges of notifications and workers.

GRANT SELECT ON skillancer.notification, skillancer.notification_doc TO skillancer_bridge;
GRANT SELECT ON skillancer.notification TO skillancer_owner;
GRANT SELECT, UPDATE ON skillancer.notification_rule TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.template TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.notification TO skillancer_engine;
GRANT SELECT ON skillancer.notification_default, skillancer.notification_preference, skillancer.quiet_hours,
	skillancer.announcement, skillancer.announcement_doc TO skillancer_bridge;
GRANT SELECT, INSERT, UPDATE ON skillancer.notification_preference TO skillancer_engine;
GRANT SELECT ON skillancer.notification_default, skillancer.quiet_hours TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE ON skillancer.announcement TO skillancer_engine;
GRANT SELECT ON skillancer.announcement_doc TO skillancer_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.mail_domain TO skillancer_engine;
GRANT SELECT (id, user_id, address, domain, type, locale, priority, categories, event_id, state, attempts, due_at, lease_until,
	code, last_error, correlation_id, created_at, settled_at) ON skillancer.mail TO skillancer_bridge;
GRANT SELECT ON skillancer.mail_address, skillancer.mail_outbox, skillancer.mail_doc TO skillancer_bridge;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.mail, skillancer.mail_address, skillancer.event_attempt,
	skillancer.worker_start, skillancer.housekeeping_run TO skillancer_engine;
GRANT SELECT ON skillancer.stream_entry TO skillancer_bridge;
GRANT SELECT, INSERT, DELETE ON skillancer.stream_entry TO skillancer_engine;
GRANT SELECT, UPDATE ON skillancer.stream_head TO skillancer_engine;
GRANT SELECT ON skillancer.session, skillancer.notification_doc TO skillancer_engine;
GRANT SELECT ON skillancer.user_account, skillancer.profile, skillancer.project TO skillancer_engine;
GRANT SELECT ON skillancer.booking, skillancer.milestone TO skillancer_engine;

-- operators in psql: data of a mail may hold a link that signs somebody in, so it is not among the columns
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.notification_rule, skillancer.template, skillancer.notification_default,
	skillancer.mail_domain TO skillancer_admin;
GRANT SELECT (id, user_id, address, domain, type, locale, priority, categories, event_id, state, attempts, due_at, lease_until,
	code, last_error, correlation_id, created_at, settled_at) ON skillancer.mail TO skillancer_admin;
GRANT SELECT ON skillancer.announcement, skillancer.mail_outbox TO skillancer_admin;
GRANT SELECT ON skillancer.parked, skillancer.worker_status, skillancer.due, skillancer.event_attempt,
	skillancer.mail_address, skillancer.housekeeping_run TO skillancer_admin;

-- webhooks: the courier works as the engine, owners read and command
GRANT SELECT ON skillancer.webhook, skillancer.webhook_health, skillancer.webhook_delivery, skillancer.webhook_attempt,
	skillancer.webhook_doc, skillancer.webhook_delivery_doc, skillancer.webhook_attempt_doc TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.webhook TO skillancer_engine;
GRANT SELECT, DELETE ON skillancer.webhook_secret TO skillancer_engine;
GRANT SELECT, UPDATE ON skillancer.webhook_health TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.webhook_delivery TO skillancer_engine;
GRANT SELECT, INSERT, DELETE ON skillancer.webhook_attempt TO skillancer_engine;
GRANT SELECT (id, channel) ON skillancer.webhook TO skillancer_admin;
GRANT SELECT (webhook_id, event_id, state, attempts, status, error, settled_at) ON skillancer.webhook_delivery TO skillancer_admin;

-- messages: the engine writes, the bridge reads what policies show
GRANT SELECT ON skillancer.conversation, skillancer.conversation_participant, skillancer.message, skillancer.message_revision,
	skillancer.user_block, skillancer.message_doc, skillancer.conversation_doc TO skillancer_bridge;
GRANT SELECT, INSERT, UPDATE ON skillancer.conversation, skillancer.conversation_participant, skillancer.message TO skillancer_engine;
GRANT SELECT, INSERT ON skillancer.message_revision TO skillancer_engine;
GRANT SELECT ON skillancer.user_block, skillancer.proposal, skillancer.booking, skillancer.dispute, skillancer.profile TO skillancer_engine;
