-- Erasure: who asked to be forgotten, and accounts of people who were.

CREATE TABLE skillancer.erasure (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	state text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'WITHDRAWN', 'REFUSED', 'DONE')),
	erase_at timestamptz NOT NULL,
	open jsonb CHECK (jsonb_typeof(open) = 'array'),
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.erasure IS
	'Requests to erase an account; machine "erasure". REFUSED: something was open when the time had come; WITHDRAWN: by its owner. Visible to the owner, and to staff with users:view.';
COMMENT ON COLUMN skillancer.erasure.open IS 'What was open when it was refused: [{"kind", "id", "state" | "amount"}].';
CREATE UNIQUE INDEX erasure_pending_idx ON skillancer.erasure (user_id) WHERE state = 'PENDING';
CREATE INDEX erasure_user_idx ON skillancer.erasure (user_id, id);
ALTER TABLE skillancer.erasure ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Whoever was forgotten stays forgotten, whatever command was under way meanwhile.
ALTER TABLE skillancer.user_account
	ADD COLUMN erased_at timestamptz,
	ADD CONSTRAINT user_account_erased CHECK (erased_at IS NULL
		OR state = 'CLOSED' AND name = 'Deleted user' AND email ~ '^deleted-[0-9a-f]{32}@deleted[.]invalid$');
COMMENT ON COLUMN skillancer.user_account.erased_at IS 'When the personal data was taken away; the row stays for the money history.';

ALTER TABLE skillancer.session
	DROP CONSTRAINT session_revoked_reason_check,
	ADD CONSTRAINT session_revoked_reason_check CHECK (revoked_reason IN ('LOGOUT', 'REVOKED', 'PASSWORD_CHANGED',
		'TOKEN_REUSE', 'SUSPENDED', 'ROLES_CHANGED', 'CLOSED'));

-- what somebody wrote is found for the export
CREATE INDEX message_sender_idx ON skillancer.message (sender_id, id);

-- An earning is of a booking and its milestone, which name both people: two keys less to look up and lock in every release.
ALTER TABLE skillancer.earning
	DROP CONSTRAINT earning_freelancer_id_fkey,
	DROP CONSTRAINT earning_client_id_fkey;
