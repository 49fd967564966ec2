-- Policies of sign-in, and what the staff roles may do.

SELECT skillancer.put_policy('signInFailures', '5', 'Failed sign-ins of one account from one network within signInWindow that lock the pair');
SELECT skillancer.put_policy('signInWindow', '"PT15M"', 'Window in which failed sign-ins are counted');
SELECT skillancer.put_policy('signInLock', '"PT15M"', 'How long a lock on sign-in lasts');
SELECT skillancer.put_policy('signInAccountFailures', '50', 'Failed sign-ins of one account from all networks within signInAccountWindow that lock it for networks it has not been used from');
SELECT skillancer.put_policy('signInAccountWindow', '"PT1H"', 'Window of signInAccountFailures');
SELECT skillancer.put_policy('signInNetworkFailures', '100', 'Failed sign-ins from one network, whatever the account, within signInWindow that lock the network');
SELECT skillancer.put_policy('refreshTokenLifetime', '"P7D"', 'How long a refresh token can be exchanged; a session lives as long as its newest one');
SELECT skillancer.put_policy('refreshTokenGrace', '"PT10S"', 'How long a used refresh token may be exchanged once more');
SELECT skillancer.put_policy('stepUpWindow', '"PT15M"', 'How long after the password was given a session may do what is sensitive');
SELECT skillancer.put_policy('emailTokenLifetime', '"PT24H"', 'How long a link that verifies an address is valid');
SELECT skillancer.put_policy('passwordTokenLifetime', '"PT1H"', 'How long a link that sets a new password is valid');
SELECT skillancer.put_policy('organisationLimit', '20', 'Organisations that one person may belong to before making another one');
SELECT skillancer.put_policy('organisationMemberLimit', '200', 'Members and open invitations of one organisation');
SELECT skillancer.put_policy('invitationDailyLimit', '100', 'Invitations to projects, and as many to organisations, that one person may send within 24 hours');
SELECT skillancer.put_policy('invitationPersonLimit', '5', 'Of them, those to the same person or address, also when earlier ones were withdrawn or declined');
SELECT skillancer.put_policy('invitationReceivedLimit', '50', 'Invitations to projects, and as many to organisations, that one person or address may get within 24 hours, from all others');
SELECT skillancer.put_policy('erasureDelay', '"P14D"', 'How long one may change one''s mind before an account is erased');
SELECT skillancer.put_policy('emailTokenInterval', '"PT1M"', 'Least time between two mails with a link of one kind to one account');

SELECT skillancer.put_builtin('skillancer.role_permission', jsonb_build_object('role', r.role, 'permission', p))
FROM (VALUES
	('ADMIN', '{users:view,users:suspend,users:manage_roles,jobs:view,jobs:moderate,contracts:view,contracts:resolve_dispute,finance:view,finance:adjust,moderation:view,moderation:decide,system:view,system:view_audit,system:manage,analytics:view}'::text[]),
	('SUPPORT', '{users:view,jobs:view,contracts:view,contracts:resolve_dispute}'::text[]),
	('MODERATOR', '{users:view,users:suspend,jobs:view,jobs:moderate,moderation:view,moderation:decide}'::text[]),
	('FINANCE', '{users:view,contracts:view,finance:view,finance:adjust,finance:manage_payouts}'::text[]),
	('ANALYST', '{system:view,analytics:view}'::text[])
) AS r (role, permissions), unnest(r.permissions) AS p;
