/*
 * machines.sql
 *		The machines of an account, PENDING → ACTIVE ⇄ RESTRICTED → SUSPENDED → CLOSED, of its erasure, and of invitations
 *		to organisations.
 */

INSERT INTO skillancer.machine (name, relation, initial, aggregate) VALUES
	('user', 'skillancer.user_account', '{PENDING}', 'user'),
	('erasure', 'skillancer.erasure', '{PENDING}', 'erasure'),
	('organisation_invitation', 'skillancer.organisation_invitation', '{SENT}', 'organisationInvitation');

INSERT INTO skillancer.transition (machine, from_state, event, to_state, actors, guard, emits) VALUES
	('user', 'PENDING', 'verify', 'ACTIVE', '{system}', NULL, 'user.verified'),
	('user', 'ACTIVE', 'restrict', 'RESTRICTED', '{staff}', 'user_moderation', 'user.restricted'),
	('user', 'RESTRICTED', 'reinstate', 'ACTIVE', '{staff}', 'user_moderation', 'user.reinstated'),
	('user', 'PENDING', 'suspend', 'SUSPENDED', '{staff}', 'user_moderation', 'user.suspended'),
	('user', 'ACTIVE', 'suspend', 'SUSPENDED', '{staff}', 'user_moderation', 'user.suspended'),
	('user', 'RESTRICTED', 'suspend', 'SUSPENDED', '{staff}', 'user_moderation', 'user.suspended'),
	('user', 'SUSPENDED', 'reinstate', 'ACTIVE', '{staff}', 'user_moderation', 'user.reinstated'),
	('user', 'PENDING', 'close', 'CLOSED', '{staff,system}', 'user_closing', 'user.closed'),
	('user', 'ACTIVE', 'close', 'CLOSED', '{staff,system}', 'user_closing', 'user.closed'),
	('user', 'RESTRICTED', 'close', 'CLOSED', '{staff,system}', 'user_closing', 'user.closed'),
	('user', 'SUSPENDED', 'close', 'CLOSED', '{staff,system}', 'user_closing', 'user.closed'),

	('erasure', 'PENDING', 'withdraw', 'WITHDRAWN', '{owner}', NULL, 'user.erasure_withdrawn'),
	('erasure', 'PENDING', 'erase', 'DONE', '{system}', 'erasure_possible', 'user.deleted'),
	('erasure', 'PENDING', 'refuse', 'REFUSED', '{system}', 'erasure_tried', 'user.erasure_refused'),

	('organisation_invitation', 'SENT', 'accept', 'ACCEPTED', '{system}', NULL, NULL),
	('organisation_invitation', 'SENT', 'decline', 'DECLINED', '{system}', NULL, NULL),
	('organisation_invitation', 'SENT', 'withdraw', 'WITHDRAWN', '{system}', NULL, NULL),
	('organisation_invitation', 'SENT', 'expire', 'EXPIRED', '{system}', NULL, NULL);

INSERT INTO skillancer.timer (machine, state, event, policy_key) VALUES
	('erasure', 'PENDING', 'erase', 'erasureDelay'),
	('erasure', 'PENDING', 'refuse', 'erasureDelay'),
	('organisation_invitation', 'SENT', 'expire', 'invitationExpiry');
