/*
 * sql/notification/machines_webhook.sql
 *		The machine of an endpoint, ACTIVE ⇄ DISABLED, and the events about it.
 */

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('webhook', 'skillancer.webhook', '{ACTIVE}', 'webhook');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('webhook', 'ACTIVE', 'disable', 'DISABLED', '{owner}', NULL, 'webhook.disabled'),
	('webhook', 'ACTIVE', 'give_up', 'DISABLED', '{system}', NULL, 'webhook.given_up'),
	('webhook', 'DISABLED', 'enable', 'ACTIVE', '{owner}', NULL, 'webhook.enabled');

INSERT INTO skillancer.event_type (name, version, description, schema)
SELECT v.name, '1.0', v.description, v.schema::jsonb
FROM (VALUES
	('webhook.disabled', 'The owner stopped an endpoint',
		'{"type": "object", "required": ["webhookId", "userId", "state", "from"]}'),
	('webhook.enabled', 'The owner lets an endpoint get events again',
		'{"type": "object", "required": ["webhookId", "userId", "state", "from"]}'),
	('webhook.given_up', 'An endpoint answered 410 (reason GONE) or failed too many events in a row (reason FAILING): it gets no more',
		'{"type": "object", "required": ["webhookId", "userId", "state", "from", "reason", "url"], "properties": {"reason": {"enum": ["GONE", "FAILING"]}, "url": {"type": "string"}}}')
) AS v (name, description, schema);
