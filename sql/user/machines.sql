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
