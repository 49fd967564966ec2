-- Push and SMS: gateways of the operator, to which notifications go as webhooks do. One that is there is on. And what
--	limits of invitations look up.

ALTER TABLE skillancer.webhook
	ALTER COLUMN user_id DROP NOT NULL,
	ADD COLUMN channel text CHECK (channel IN ('PUSH', 'SMS')),
	ADD CONSTRAINT webhook_owner_check CHECK ((user_id IS NULL) = (channel IS NOT NULL));
COMMENT ON COLUMN skillancer.webhook.channel IS
	'The channel of notifications that this gateway of the operator serves, which belongs to no user; NULL: an endpoint of a user.';
CREATE UNIQUE INDEX webhook_channel_idx ON skillancer.webhook (channel) WHERE channel IS NOT NULL;
ALTER TABLE skillancer.webhook_health ALTER COLUMN user_id DROP NOT NULL;
ALTER TABLE skillancer.webhook_secret ALTER COLUMN user_id DROP NOT NULL;
COMMENT ON COLUMN skillancer.webhook_delivery.user_id IS 'Owner of the endpoint; who is told, where it is a gateway.';

ALTER TABLE skillancer.template
	DROP CONSTRAINT template_channel_check,
	ADD CONSTRAINT template_channel_check CHECK (channel IN ('IN_APP', 'EMAIL', 'PUSH', 'SMS'));
ALTER TABLE skillancer.notification_default
	DROP CONSTRAINT notification_default_channel_check,
	ADD CONSTRAINT notification_default_channel_check CHECK (channel IN ('IN_APP', 'EMAIL', 'WEBHOOK', 'PUSH', 'SMS'));
ALTER TABLE skillancer.notification_preference
	DROP CONSTRAINT notification_preference_channel_check,
	DROP CONSTRAINT notification_preference_check,
	DROP CONSTRAINT notification_preference_check1,
	ADD CONSTRAINT notification_preference_channel_check CHECK (channel IN ('IN_APP', 'EMAIL', 'WEBHOOK', 'PUSH', 'SMS')),
	ADD CONSTRAINT notification_preference_check CHECK (channel IN ('EMAIL', 'WEBHOOK') OR frequency IN ('IMMEDIATE', 'NEVER')),
	ADD CONSTRAINT notification_preference_check1 CHECK (frequency <> 'NEVER' OR channel NOT IN ('IN_APP', 'EMAIL')
		OR category NOT IN ('PAYMENTS', 'ACCOUNT'));

-- mail belongs to the trace of the event or the request that it is about
ALTER TABLE skillancer.mail ADD COLUMN trace text;
ALTER TABLE skillancer.mail ALTER COLUMN trace SET DEFAULT skillancer.trace_now();
COMMENT ON COLUMN skillancer.mail.trace IS 'That of its event, else of the request or worker that queued it.';

-- how many invitations somebody sent lately, or an address got
CREATE INDEX invitation_client_idx ON skillancer.invitation (client_id, created_at);
CREATE INDEX organisation_invitation_inviter_idx ON skillancer.organisation_invitation (invited_by, created_at);
