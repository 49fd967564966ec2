-- Mail whole: what a mail is about, when its domain has its turn, and where it comes from.

ALTER TABLE skillancer.mail
	ADD COLUMN categories text[],
	ADD COLUMN priority text NOT NULL DEFAULT 'NORMAL' CHECK (priority IN ('LOW', 'NORMAL', 'HIGH')),
	ADD COLUMN correlation_id text,
	ADD COLUMN domain text NOT NULL GENERATED ALWAYS AS (lower(substring(address from '@([^@]*)$'))) STORED,
	ADD COLUMN paced_at timestamptz;
COMMENT ON COLUMN skillancer.mail.categories IS 'What its reader can unsubscribe from with the link in it; NULL: nothing.';
COMMENT ON COLUMN skillancer.mail.paced_at IS 'The turn that its domain gave to this attempt; NULL until it has asked for one.';

-- When the next mail to a domain may start.
CREATE TABLE skillancer.mail_domain (
	domain text PRIMARY KEY,
	next_at timestamptz NOT NULL,
	per_minute integer CHECK (per_minute > 0)
);
COMMENT ON TABLE skillancer.mail_domain IS
	'Pacing: each mail to a domain takes the next turn. per_minute overrides skillancer.mail_domain_rate for one domain.';

ALTER TABLE skillancer.mail_domain ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
