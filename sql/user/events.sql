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
		'{"from": {"type": "string"}, "state": {"type": "string"}, "reason": {"type": "string"}}', '["state"]'),
	('user.erasure_requested', 'The owner asked to erase the account; until eraseAt the wish can be withdrawn',
		'{"erasureId": {"type": "string"}, "state": {"type": "string"}, "eraseAt": {"type": "string"}}', '["erasureId", "state", "eraseAt"]'),
	('user.erasure_withdrawn', 'The owner keeps the account',
		'{"erasureId": {"type": "string"}, "from": {"type": "string"}, "state": {"type": "string"}}', '["erasureId", "state"]'),
	('user.erasure_refused', 'The account was not erased, because something was open when the time had come',
		'{"erasureId": {"type": "string"}, "from": {"type": "string"}, "state": {"type": "string"}}', '["erasureId", "state"]'),
	('user.deleted', 'The personal data of the account is gone; its id stays',
		'{"erasureId": {"type": "string"}, "from": {"type": "string"}, "state": {"type": "string"}}', '["erasureId", "state"]'),
	('organisation.joined', 'Somebody is a member of an organisation, or with another role or limit than before',
		'{"organisationId": {"type": "string"}, "role": {"type": "string"}, "spendingLimit": {"type": "object"}}', '["organisationId", "role"]'),
	('organisation.left', 'Somebody is not a member of an organisation any more',
		'{"organisationId": {"type": "string"}}', '["organisationId"]'),
	('organisation.invited', 'An organisation asks the owner of an account to join',
		'{"organisationInvitationId": {"type": "string"}, "organisationId": {"type": "string"}, "organisationName": {"type": "string"}, "role": {"type": "string"}}',
		'["organisationInvitationId", "organisationId", "organisationName", "role"]'),
	('user.password_changed', 'The password was changed or reset; all sessions have ended', '{}', '[]'),
	('user.security_alert', 'Something that the owner of the account should look at',
		'{"kind": {"type": "string"}, "sessionId": {"type": "string"}}', '["kind"]')
) AS e (name, description, properties, required);
