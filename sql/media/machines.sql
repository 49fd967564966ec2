/*
 * sql/media/machines.sql
 *		The machine of a file, UPLOADING → READY → DELETED, and its events.
 */

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('media', 'skillancer.media', '{UPLOADING}', 'media');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('media', 'UPLOADING', 'finish', 'READY', '{system}', NULL, 'media.uploaded'),
	('media', 'UPLOADING', 'expire', 'DELETED', '{system}', NULL, NULL),
	('media', 'UPLOADING', 'delete', 'DELETED', '{owner}', NULL, NULL),
	('media', 'UPLOADING', 'erase', 'DELETED', '{system}', NULL, NULL),
	('media', 'READY', 'delete', 'DELETED', '{owner}', NULL, 'media.deleted'),
	('media', 'READY', 'erase', 'DELETED', '{system}', NULL, 'media.deleted');

INSERT INTO skillancer.timer (machine, state, event, policy_key) VALUES
	('media', 'UPLOADING', 'expire', 'mediaUploadTerm');

INSERT INTO skillancer.event_type (name, version, description, schema)
SELECT e.name, '1.0', e.description, jsonb_build_object(
	'type', 'object',
	'properties', '{"mediaId": {"type": "string", "pattern": "^med_"}, "userId": {"type": "string", "pattern": "^usr_"},
		"state": {"type": "string"}, "from": {"type": "string"}}'::jsonb || e.properties::jsonb,
	'required', '["mediaId", "userId", "state", "from"]'::jsonb || e.required::jsonb)
FROM (VALUES
	('media.uploaded', 'A file is there and was recognised',
		'{"purpose": {"enum": ["AVATAR", "PORTFOLIO", "ATTACHMENT", "EVIDENCE", "DELIVERY"]}, "contentType": {"type": "string"}, "size": {"type": "integer", "minimum": 1}}',
		'["purpose", "contentType", "size"]'),
	('media.deleted', 'A file is gone', '{}', '[]')
) AS e (name, description, properties, required);
