/*
 * machines.sql
 *		The machine of an account, PENDING → ACTIVE ⇄ RESTRICTED → SUSPENDED → CLOSED, and of invitations to organisations.
 */

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('user', 'skillancer.user_account', '{PENDING}', 'user'),
	('organisation_invitation', 'skillancer.organisation_invitation', '{SENT}', 'organisationInvitation');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('user', 'PENDING', 'verify', 'ACTIVE', '{system}', NULL, 'user.verified'),
	('user', 'ACTIVE', 'restrict', 'RESTRICTED', '{staff}', 'user_moderation', 'user.restricted'),
	('user', 'RESTRICTED', 'reinstate', 'ACTIVE', '{staff}', 'user_moderation', 'user.reinstated'),
	('user', 'PENDING', 'suspend', 'SUSPENDED', '{staff}', 'user_moderation', 'user.suspended'),
	('user', 'ACTIVE', 'suspend', 'SUSPENDED', '{staff}', 'user_moderation', 'user.suspended'),
	('user', 'RESTRICTED', 'suspend', 'SUSPENDED', '{staff}', 'user_moderation', 'user.suspended'),
	('user', 'SUSPENDED', 'reinstate', 'ACTIVE', '{staff}', 'user_moderation', 'user.reinstated'),
	('user', 'SUSPENDED', 'close', 'CLOSED', '{system}', NULL, 'user.closed'),
	('user', 'ACTIVE', 'close', 'CLOSED', '{system}', NULL, 'user.closed'),

	('organisation_invitation', 'SENT', 'accept', 'ACCEPTED', '{system}', NULL, NULL),
	('organisation_invitation', 'SENT', 'decline', 'DECLINED', '{system}', NULL, NULL),
	('organisation_invitation', 'SENT', 'withdraw', 'WITHDRAWN', '{system}', NULL, NULL),
	('organisation_invitation', 'SENT', 'expire', 'EXPIRED', '{system}', NULL, NULL);

INSERT INTO skillancer.timer (machine, state, event, policy_key) VALUES
	('organisation_invitation', 'SENT', 'expire', 'invitationExpiry');
