-- Presence: whether others may see it. Who is there is in shared memory only (extension/notification/presence.c).

ALTER TABLE skillancer.user_account ADD COLUMN hides_presence boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN skillancer.user_account.hides_presence IS
	'Nobody is told whether the user is there, nor that he types.';

-- What an answer of a payment provider makes happen belongs to the request that asked for it.
ALTER TABLE skillancer.provider_call
	ADD COLUMN correlation_id text,
	ADD COLUMN causation_id uuid,
	ALTER COLUMN correlation_id SET DEFAULT skillancer.cause_correlation(),
	ALTER COLUMN causation_id SET DEFAULT skillancer.cause_event();
COMMENT ON COLUMN skillancer.provider_call.causation_id IS 'The event that the call followed from: events of its answer name it as their cause.';
ALTER TABLE skillancer.provider_event
	ADD COLUMN correlation_id text,
	ALTER COLUMN correlation_id SET DEFAULT skillancer.cause_correlation();
COMMENT ON COLUMN skillancer.provider_event.correlation_id IS
	'Of the request that brought the webhook; its events carry it only where no call of ours was about the same.';
