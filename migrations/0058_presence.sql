-- Presence: whether others may see it. Who is there is in shared memory only (extension/notification/presence.c).

ALTER TABLE skillancer.user_account ADD COLUMN hides_presence boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN skillancer.user_account.hides_presence IS
	'Nobody is told whether the user is there, nor that he types.';
