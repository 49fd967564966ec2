-- Views of notifications and of the workers.

-- JSON of a notification.
CREATE VIEW skillancer.notification_doc WITH (security_invoker = true) AS
SELECT n.id, n.user_id, n.category, n.created_at, n.read_at, n.is_head, n.in_app, n.dismissed_at,
	skillancer.json_doc('id', n.id, 'type', n.type, 'category', n.category, 'priority', n.priority,
		'groupKey', n.group_key, 'count', n.count, 'title', n.title, 'body', n.body, 'data', n.data, 'eventId', n.event_id, 'correlationId', n.correlation_id,
		'createdAt', n.created_at, 'readAt', n.read_at) AS doc
FROM skillancer.notification n;
COMMENT ON VIEW skillancer.notification_doc IS 'Notifications as the API shows them.';

-- JSON of an announcement.
CREATE VIEW skillancer.announcement_doc WITH (security_invoker = true) AS
SELECT a.id, skillancer.json_doc('id', a.id, 'authorId', a.author_id, 'category', a.category, 'texts', a.texts,
	'segment', a.segment, 'state', a.state, 'recipients', a.recipients, 'createdAt', a.created_at,
	'finishedAt', a.finished_at) AS doc
FROM skillancer.announcement a;
COMMENT ON VIEW skillancer.announcement_doc IS 'Announcements as the API shows them.';

-- The outbox: mail without what it says.
CREATE VIEW skillancer.mail_outbox WITH (security_invoker = true) AS
SELECT m.id, m.state, m.type, m.user_id, m.address, m.domain, m.locale, m.priority, m.categories, m.attempts, m.due_at,
	m.lease_until, m.code, m.last_error, m.event_id, m.correlation_id, m.created_at, m.settled_at,
	f.bounced_at AS flagged_at, f.reason AS flagged_for
FROM skillancer.mail m
LEFT JOIN skillancer.mail_address f ON f.address_key = lower(m.address);
COMMENT ON VIEW skillancer.mail_outbox IS
	'Mail with what became of it, the mail server''s last answer, and whether its address is flagged. What a mail says is not in it.';

-- JSON of a mail in the outbox.
CREATE VIEW skillancer.mail_doc WITH (security_invoker = true) AS
SELECT o.id, o.state, o.address, skillancer.json_doc('id', o.id, 'state', o.state, 'type', o.type, 'userId', o.user_id, 'address', o.address,
	'locale', o.locale, 'priority', o.priority, 'attempts', o.attempts, 'dueAt', o.due_at, 'code', o.code,
	'lastError', o.last_error, 'eventId', o.event_id, 'correlationId', o.correlation_id, 'createdAt', o.created_at,
	'settledAt', o.settled_at, 'flaggedFor', o.flagged_for) AS doc
FROM skillancer.mail_outbox o;
COMMENT ON VIEW skillancer.mail_doc IS 'Mails of the outbox as the API shows them to staff.';

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
WHERE m.state = 'PARKED'
UNION ALL
SELECT 'provider', c.id::text, format('%s of %s', lower(c.operation), c.kind), c.attempts, c.last_error, c.settled_at
FROM skillancer.provider_call c
WHERE c.state = 'PARKED'
UNION ALL
SELECT 'provider', e.id, e.type, e.tries, e.note, e.settled_at
FROM skillancer.provider_event e
WHERE e.state = 'PARKED'
UNION ALL
SELECT 'search', format('%s/%s', i.kind, a.entity_id), i.kind, a.attempts, a.last_error, a.parked_at
FROM skillancer.search_attempt a
JOIN skillancer.search_index i ON i.index_id = a.index_id
WHERE a.parked_at IS NOT NULL
UNION ALL
SELECT 'gateway', format('%s/%s', w.channel, d.event_id), w.channel, d.attempts, coalesce(d.error, format('status %s', d.status)), d.settled_at
FROM skillancer.webhook_delivery d
JOIN skillancer.webhook w ON w.id = d.webhook_id AND w.channel IS NOT NULL
WHERE d.state = 'FAILED';
COMMENT ON VIEW skillancer.parked IS
	'Timers, events, mails, calls and webhooks of payment providers, and documents of search that were given up, with the reason; skillancer.redrive(kind, item) tries them again.';

-- The workers of the whole cluster, with what those of this database have still to read.
CREATE VIEW skillancer.worker_status WITH (security_invoker = true) AS
SELECT d.datname AS database, s.database_state, s.worker, s.pid, s.state, s.reason, s.started_at, s.last_batch_at,
	s.last_batch, s.rows, s.turns, greatest(s.lag_seconds, c.lag_seconds) AS lag_seconds, c.events_behind, s.errors,
	s.last_error_at, s.last_error, s.next_start_at
FROM skillancer.worker_slots() s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.database_oid
LEFT JOIN LATERAL (
	SELECT sum(l.events_behind)::bigint AS events_behind, max(l.lag_seconds) AS lag_seconds
	FROM skillancer.consumer_lag() l
	WHERE l.worker = s.worker AND d.datname = current_database()) c ON true
WHERE s.database_state <> 'absent';
COMMENT ON VIEW skillancer.worker_status IS
	'Each worker of each database: process, state and why it waits, last batch, lag, events of this database that its consumers have not read (10,000 stand for all above), errors, next start.';

-- Endpoints of webhooks, and how they do.
CREATE VIEW skillancer.webhook_doc WITH (security_invoker = true) AS
SELECT w.id, w.user_id, 'v' || w.version AS etag,
	skillancer.json_doc('id', w.id, 'url', w.url, 'description', w.description, 'events', w.events, 'status', w.state,
		'disabledReason', h.reason, 'failedEvents', h.failed_events, 'pausedUntil', h.paused_until,
		'lastSuccessAt', h.last_success_at, 'lastFailureAt', h.last_failure_at,
		'createdAt', w.created_at, 'updatedAt', w.updated_at) AS doc
FROM skillancer.webhook w
JOIN skillancer.webhook_health h ON h.webhook_id = w.id;
COMMENT ON VIEW skillancer.webhook_doc IS 'Webhooks as the API shows them to their owner; never with a secret.';

-- The delivery log.
CREATE VIEW skillancer.webhook_delivery_doc WITH (security_invoker = true) AS
SELECT d.webhook_id, d.event_id, d.user_id, d.state, d.type, d.body,
	skillancer.json_doc('eventId', d.event_id, 'type', d.type, 'status', d.state, 'attempts', d.attempts,
		'nextAttemptAt', CASE WHEN d.state = 'QUEUED' THEN d.due_at END, 'lastStatus', d.status, 'lastError', d.error,
		'correlationId', d.correlation_id, 'createdAt', d.created_at, 'settledAt', d.settled_at) AS doc
FROM skillancer.webhook_delivery d;
COMMENT ON VIEW skillancer.webhook_delivery_doc IS 'Deliveries as the API shows them to the owner of the endpoint.';

CREATE VIEW skillancer.webhook_attempt_doc WITH (security_invoker = true) AS
SELECT a.webhook_id, a.event_id, a.number, a.user_id,
	skillancer.json_doc('attempt', a.number, 'at', a.at, 'durationMs', a.duration_ms, 'status', a.status, 'error', a.error,
		'answer', a.answer) AS doc
FROM skillancer.webhook_attempt a;
COMMENT ON VIEW skillancer.webhook_attempt_doc IS 'Attempts as the API shows them to the owner of the endpoint.';

-- Messages; a deleted one says only that it was there.
CREATE VIEW skillancer.message_doc WITH (security_invoker = true) AS
SELECT m.id, m.conversation_id, 'v' || m.revision || CASE WHEN m.deleted_at IS NULL THEN '' ELSE 'd' END AS etag,
	skillancer.json_doc('id', m.id, 'conversationId', m.conversation_id, 'senderId', m.sender_id,
		'body', CASE WHEN m.deleted_at IS NULL THEN m.body END,
		'attachments', CASE WHEN m.deleted_at IS NULL THEN m.attachments ELSE '[]' END, 'isMasked', m.is_masked,
		'revision', m.revision, 'createdAt', m.created_at, 'editedAt', m.edited_at, 'deletedAt', m.deleted_at) AS doc
FROM skillancer.message m;
COMMENT ON VIEW skillancer.message_doc IS 'Messages as the API shows them to the people of the conversation.';

-- Conversations, a row for each of their people, with what that one has not read.
CREATE VIEW skillancer.conversation_doc WITH (security_invoker = true) AS
SELECT c.id, c.kind, p.user_id, p.unread, p.last_message_at,
	skillancer.json_doc('id', c.id, 'kind', c.kind, 'subject', c.subject,
		'proposalId', c.proposal_id,
		'bookingId', c.booking_id,
		'disputeId', c.dispute_id,
		'participants', (
			SELECT coalesce(json_agg(skillancer.json_doc('userId', o.user_id, 'lastReadId', o.last_read_id, 'lastReadAt', o.last_read_at)
				ORDER BY o.joined_at, o.user_id), '[]')
			FROM skillancer.conversation_participant o WHERE o.conversation_id = c.id),
		'messages', c.messages, 'unread', p.unread, 'lastMessageAt', c.last_message_at,
		'createdBy', c.created_by, 'createdAt', c.created_at) AS doc
FROM skillancer.conversation_participant p
JOIN skillancer.conversation c ON c.id = p.conversation_id;
COMMENT ON VIEW skillancer.conversation_doc IS 'Conversations as the API shows them to each of their people.';
