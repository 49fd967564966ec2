-- People: accounts, roles and permissions, credentials, sessions, tokens, profiles.

-- One person. The machine 'user' owns state; user_id is what the engine calls the owner of the row.
CREATE TABLE skillancer.user_account (
	id skillancer.user_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.user_id,
	user_id skillancer.user_id NOT NULL GENERATED ALWAYS AS (id) STORED,
	email text NOT NULL CHECK (length(email) BETWEEN 5 AND 254),
	email_key text NOT NULL GENERATED ALWAYS AS (lower(email)) STORED,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	state text NOT NULL DEFAULT 'PENDING'
		CHECK (state IN ('PENDING', 'ACTIVE', 'RESTRICTED', 'SUSPENDED', 'CLOSED')),
	timezone text NOT NULL DEFAULT 'UTC' CHECK (length(timezone) <= 64),
	locale text NOT NULL DEFAULT 'en' CHECK (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	CONSTRAINT user_account_email_key UNIQUE (email_key)
);
COMMENT ON TABLE skillancer.user_account IS
	'People. E-mail addresses are unique whatever their case, and visible to their owner and to staff only.';
CREATE INDEX user_account_state_idx ON skillancer.user_account (state, id);

-- What a person is: everyone is a USER; CLIENT and FREELANCER may be held together.
CREATE TABLE skillancer.user_role (
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	role text NOT NULL CHECK (role IN ('USER', 'FREELANCER', 'CLIENT', 'ADMIN',
		'SUPPORT', 'MODERATOR', 'FINANCE', 'ANALYST')),
	granted_by skillancer.user_id,
	granted_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, role)
);
COMMENT ON TABLE skillancer.user_role IS 'Roles of people; read by begin_request() at every request.';
CREATE INDEX user_role_role_idx ON skillancer.user_role (role, user_id);

-- What staff roles may do.
CREATE TABLE skillancer.role_permission (
	role text NOT NULL CHECK (role IN ('ADMIN', 'SUPPORT', 'MODERATOR', 'FINANCE', 'ANALYST')),
	permission text NOT NULL CHECK (permission ~ '^[a-z]+:[a-z_]+$'),
	builtin_hash text,
	PRIMARY KEY (role, permission)
);
COMMENT ON TABLE skillancer.role_permission IS 'Permissions (resource:action) of the staff roles.';

-- Permissions granted to one member of staff in person.
CREATE TABLE skillancer.user_permission (
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	permission text NOT NULL CHECK (permission ~ '^[a-z]+:[a-z_]+$'),
	granted_by skillancer.user_id,
	granted_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, permission)
);
COMMENT ON TABLE skillancer.user_permission IS
	'Permissions that no role of the person carries; they count for holders of a staff role only.';

-- The password, as a PHC string. Read and written by the engine alone.
CREATE TABLE skillancer.user_credential (
	user_id skillancer.user_id PRIMARY KEY REFERENCES skillancer.user_account,
	password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
	changed_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.user_credential IS 'Argon2id hashes of passwords; no role but the engine sees them.';

-- A signed-in device. The refresh tokens of one session are one family.
CREATE TABLE skillancer.session (
	id skillancer.session_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.session_id,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	user_agent text CHECK (length(user_agent) <= 400),
	address text,
	network text,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	last_used_at timestamptz NOT NULL DEFAULT skillancer.now(),
	expires_at timestamptz NOT NULL,
	revoked_at timestamptz,
	revoked_reason text CHECK (revoked_reason IN ('LOGOUT', 'REVOKED', 'PASSWORD_CHANGED',
		'TOKEN_REUSE', 'SUSPENDED', 'ROLES_CHANGED')),
	CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);
COMMENT ON TABLE skillancer.session IS
	'Sign-ins. Revoking a row ends its access tokens at the next request and its refresh tokens at once.';
CREATE INDEX session_user_idx ON skillancer.session (user_id, id);
CREATE INDEX session_expires_idx ON skillancer.session (expires_at);

-- Refresh tokens: the id travels in the token, of the secret only the SHA-256 is kept.
CREATE TABLE skillancer.refresh_token (
	id uuid PRIMARY KEY,
	session_id skillancer.session_id NOT NULL REFERENCES skillancer.session ON DELETE CASCADE,
	parent_id uuid,
	hash bytea NOT NULL CHECK (length(hash) = 32),
	issued_at timestamptz NOT NULL DEFAULT skillancer.now(),
	expires_at timestamptz NOT NULL,
	used_at timestamptz,
	sibling_at timestamptz
);
COMMENT ON TABLE skillancer.refresh_token IS
	'Refresh tokens of the sessions. used_at: exchanged; sibling_at: exchanged once more within the ten seconds of grace.';
CREATE INDEX refresh_token_session_idx ON skillancer.refresh_token (session_id);
CREATE INDEX refresh_token_parent_idx ON skillancer.refresh_token (parent_id);

-- Links sent by mail: to verify an address, to set a new password.
CREATE TABLE skillancer.email_token (
	id uuid PRIMARY KEY,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	purpose text NOT NULL CHECK (purpose IN ('VERIFY_EMAIL', 'RESET_PASSWORD')),
	email_key text NOT NULL,
	hash bytea NOT NULL CHECK (length(hash) = 32),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	expires_at timestamptz NOT NULL
);
COMMENT ON TABLE skillancer.email_token IS
	'Single-use tokens of mailed links; a row goes when it is used or replaced. email_key: the address it was sent to.';
CREATE INDEX email_token_user_idx ON skillancer.email_token (user_id, purpose);
CREATE INDEX email_token_expires_idx ON skillancer.email_token (expires_at);

-- Counters of failed sign-ins. The account is a hash, so unknown addresses count the same.
CREATE TABLE skillancer.sign_in_failure (
	account bytea NOT NULL,
	network text NOT NULL,
	failures integer NOT NULL CHECK (failures >= 0),
	window_start timestamptz NOT NULL,
	locked_until timestamptz,
	PRIMARY KEY (account, network)
);
COMMENT ON TABLE skillancer.sign_in_failure IS
	'Failed sign-ins by account and network; an empty account counts a network, the network * an account.';
CREATE INDEX sign_in_failure_window_idx ON skillancer.sign_in_failure (window_start);

-- What has been checked about a person; guards refer to the kinds.
CREATE TABLE skillancer.verification (
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	kind text NOT NULL CHECK (kind IN ('EMAIL', 'PHONE', 'PAYMENT', 'IDENTITY')),
	status text NOT NULL CHECK (status IN ('PENDING', 'VERIFIED', 'REJECTED', 'EXPIRED')),
	verified_at timestamptz,
	expires_at timestamptz,
	PRIMARY KEY (user_id, kind)
);
COMMENT ON TABLE skillancer.verification IS 'The verification ladder: kind, status and expiry.';

-- What others see of a person. is_listed follows the state of the account.
CREATE TABLE skillancer.profile (
	user_id skillancer.user_id PRIMARY KEY REFERENCES skillancer.user_account,
	display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 100),
	headline text CHECK (length(headline) <= 200),
	bio text CHECK (length(bio) <= 5000),
	hourly_rate skillancer.monetary,
	skills skillancer.skillset,
	languages text[] NOT NULL DEFAULT '{}',
	country text CHECK (country ~ '^[A-Z]{2}$'),
	availability text CHECK (availability IN ('FULL_TIME', 'PART_TIME', 'OCCASIONAL', 'UNAVAILABLE')),
	work_history jsonb NOT NULL DEFAULT '[]',
	education jsonb NOT NULL DEFAULT '[]',
	portfolio jsonb NOT NULL DEFAULT '[]',
	certifications jsonb NOT NULL DEFAULT '[]',
	company_name text CHECK (length(company_name) <= 100),
	company_size text CHECK (company_size IN ('1', '2-10', '11-50', '51-200', '201-1000', '1001+')),
	company_bio text CHECK (length(company_bio) <= 5000),
	is_public boolean NOT NULL DEFAULT true,
	is_listed boolean NOT NULL DEFAULT false,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.profile IS 'Public face of a person, freelancer and client side.';
COMMENT ON COLUMN skillancer.profile.is_listed IS
	'False while the account is not verified, is suspended or closed: then nobody else sees the profile.';

ALTER TABLE skillancer.user_account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.user_role ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.role_permission ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.user_permission ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.user_credential ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.refresh_token ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.email_token ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.sign_in_failure ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.verification ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.profile ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
