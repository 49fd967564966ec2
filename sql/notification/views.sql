-- Views of notifications and of the workers.

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
WHERE m.state = 'PARKED'
UNION ALL
SELECT 'provider', c.id::text, format('%s of %s', lower(c.operation), c.kind), c.attempts, c.last_error, c.settled_at
FROM skillancer.provider_call c
WHERE c.state = 'PARKED'
UNION ALL
SELECT 'provider', e.id, e.type, e.tries, e.note, e.settled_at
FROM skillancer.provider_event e
WHERE e.state = 'PARKED';
COMMENT ON VIEW skillancer.parked IS
	'Timers, events, mails, and calls and webhooks of payment providers that were given up, with the reason; skillancer.redrive(kind, item) tries them again.';

-- The workers of the whole cluster.
CREATE VIEW skillancer.worker_status WITH (security_invoker = true) AS
SELECT d.datname AS database, s.database_state, s.worker, s.pid, s.state, s.reason, s.started_at, s.last_batch_at,
	s.last_batch, s.rows, s.turns, s.lag_seconds, s.errors, s.last_error_at, s.last_error, s.next_start_at
FROM skillancer.worker_slots() s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.database_oid
WHERE s.database_state <> 'absent';
COMMENT ON VIEW skillancer.worker_status IS
	'Each worker of each database: process, state and why it waits, last batch, lag, errors, next start.';
