-- Reputation: reports of reviews, the outcome of every ended booking, what follows from outcomes and reviews, levels.

-- Each direction has three sub-scores: quality, communication and timeliness of a freelancer; clarity, communication
-- and promptness of a client. A review that moderators removed is not published any more.
ALTER TABLE skillancer.review
	ADD COLUMN clarity smallint CHECK (clarity BETWEEN 1 AND 5),
	ADD COLUMN promptness smallint CHECK (promptness BETWEEN 1 AND 5),
	ADD COLUMN removed_at timestamptz,
	DROP CONSTRAINT review_state_check,
	ADD CONSTRAINT review_state_check CHECK (state IN ('HIDDEN', 'PUBLISHED', 'REMOVED'));
COMMENT ON COLUMN skillancer.review.clarity IS 'How clear a client said what was wanted; of reviews of clients.';
COMMENT ON COLUMN skillancer.review.promptness IS 'How promptly a client answered, approved and paid; of reviews of clients.';
COMMENT ON TABLE skillancer.review IS
	'Reviews of bookings. HIDDEN ones are seen by their author only, and so are REMOVED ones; nothing that others see depends on them.';
CREATE INDEX review_published_idx ON skillancer.review (subject_id, published_at) WHERE state = 'PUBLISHED';

-- Somebody asks moderators to look at a published review.
CREATE TABLE skillancer.review_report (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	review_id skillancer.review_id NOT NULL REFERENCES skillancer.review,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	reason text NOT NULL CHECK (reason IN ('OFFENSIVE', 'UNTRUE', 'PERSONAL_DATA', 'EXTORTION', 'CONFLICT_OF_INTEREST', 'OTHER')),
	detail text NOT NULL CHECK (length(detail) BETWEEN 10 AND 2000),
	state text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'UPHELD', 'DISMISSED')),
	note text CHECK (length(note) BETWEEN 1 AND 2000),
	decided_by skillancer.user_id REFERENCES skillancer.user_account,
	decided_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	UNIQUE (review_id, user_id)
);
COMMENT ON TABLE skillancer.review_report IS
	'Reports of reviews; machine "review_report". Seen by who reported and by moderators; user_id is who reported.';
CREATE INDEX review_report_open_idx ON skillancer.review_report (created_at, id) WHERE state = 'OPEN';
CREATE INDEX review_report_user_idx ON skillancer.review_report (user_id, id);
ALTER TABLE skillancer.review_report ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- How an ended booking counts for its freelancer, and why.
CREATE TABLE skillancer.outcome (
	booking_id skillancer.booking_id PRIMARY KEY REFERENCES skillancer.booking,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	verdict smallint NOT NULL CHECK (verdict IN (-1, 0, 1)),
	reason text NOT NULL CHECK (reason IN ('PAID', 'REFUNDED', 'REVIEWED_BADLY', 'AGREED_END', 'NOTHING_PAID')),
	amount skillancer.monetary NOT NULL,
	usd bigint CHECK (usd >= 0),
	ended_at timestamptz NOT NULL
);
COMMENT ON TABLE skillancer.outcome IS
	'Evidence of the success score: one row an ended booking that was ever funded. Seen by its freelancer and by staff with contracts:view.';
COMMENT ON COLUMN skillancer.outcome.verdict IS '1 a success, -1 a failure, 0 does not count.';
COMMENT ON COLUMN skillancer.outcome.amount IS 'What lay in escrow for the booking, released or given back.';
COMMENT ON COLUMN skillancer.outcome.usd IS 'The amount in cents of a US dollar at the rate of the end; NULL when no rate was known.';
CREATE INDEX outcome_freelancer_idx ON skillancer.outcome (freelancer_id, ended_at);
CREATE INDEX outcome_client_idx ON skillancer.outcome (client_id);
ALTER TABLE skillancer.outcome ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- What follows from it. The side CLIENT has a rating only.
ALTER TABLE skillancer.reputation
	ADD COLUMN score numeric(5, 4) CHECK (score BETWEEN 0 AND 1),
	ADD COLUMN months smallint CHECK (months IN (6, 12, 24)),
	ADD COLUMN rank integer NOT NULL DEFAULT 3755 CHECK (rank BETWEEN 0 AND 10000),
	ADD COLUMN outcomes integer NOT NULL DEFAULT 0,
	ADD COLUMN clients integer NOT NULL DEFAULT 0,
	ADD COLUMN level text NOT NULL DEFAULT 'NEW' CHECK (level IN ('NEW', 'RISING', 'ESTABLISHED', 'TOP')),
	ADD COLUMN level_since timestamptz,
	ADD COLUMN stale_at timestamptz,
	ADD COLUMN version integer NOT NULL DEFAULT 1,
	ADD COLUMN updated_at timestamptz NOT NULL DEFAULT skillancer.now();
COMMENT ON TABLE skillancer.reputation IS
	'What published reviews and outcomes of the last 24 months say about a person; computed anew in the transaction that changes one, and when one grows too old.';
COMMENT ON COLUMN skillancer.reputation.score IS 'Success score; NULL until four outcomes with two clients.';
COMMENT ON COLUMN skillancer.reputation.months IS 'The period that the score is of: the best of 6, 12 and 24 months.';
COMMENT ON COLUMN skillancer.reputation.rank IS
	'Lower bound of the score in hundredths of a percent: what lists are ordered by. 3755 is that of somebody without outcomes.';
COMMENT ON COLUMN skillancer.reputation.stale_at IS 'When a period ends for some of the evidence: then the row is computed anew.';
CREATE INDEX reputation_stale_idx ON skillancer.reputation (stale_at) WHERE stale_at IS NOT NULL;

-- The rank again, where lists are made.
ALTER TABLE skillancer.profile ADD COLUMN rank integer NOT NULL DEFAULT 3755;
COMMENT ON COLUMN skillancer.profile.rank IS 'Copy of the rank of the freelancer''s reputation, for ordered lists.';
CREATE INDEX profile_rank_idx ON skillancer.profile (rank DESC, user_id DESC) WHERE is_public AND is_listed;
ALTER TABLE skillancer.gig ADD COLUMN rank integer NOT NULL DEFAULT 3755;
COMMENT ON COLUMN skillancer.gig.rank IS 'Copy of the rank of the freelancer''s reputation, for ordered lists.';
CREATE INDEX gig_rank_idx ON skillancer.gig (rank DESC, id DESC) WHERE state = 'ACTIVE';

-- What a level asks for. Somebody has the highest level whose rules, and those of the levels below it, are all met.
CREATE TABLE skillancer.badge_rule (
	level text NOT NULL CHECK (level IN ('RISING', 'ESTABLISHED', 'TOP')),
	metric text NOT NULL CHECK (metric IN ('outcomes', 'clients', 'successScore', 'earnedUsd', 'reviews', 'rating', 'accountDays', 'identityVerified')),
	operator text NOT NULL CHECK (operator IN ('>=', '<=')),
	threshold numeric NOT NULL,
	months integer NOT NULL DEFAULT 24 CHECK (months BETWEEN 1 AND 24),
	builtin_hash text,
	PRIMARY KEY (level, metric)
);
COMMENT ON TABLE skillancer.badge_rule IS
	'Rules of the levels RISING, ESTABLISHED and TOP: a metric over a period of months, an operator, a threshold. Operators edit them; public.';
ALTER TABLE skillancer.badge_rule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
UPDATE skillancer.review
SET clarity = quality, promptness = timeliness, quality = NULL, timeliness = NULL
WHERE subject_id = client_id;
ALTER TABLE skillancer.review ADD CONSTRAINT review_sub_scores CHECK (
	CASE WHEN subject_id = freelancer_id THEN num_nonnulls(clarity, promptness) = 0
	ELSE num_nonnulls(quality, timeliness) = 0 END);
-- older versions counted every review for ever: everything is computed at the first run of the job
UPDATE skillancer.reputation SET stale_at = '-infinity';
INSERT INTO skillancer.reputation (user_id, side, rating, stale_at)
SELECT DISTINCT b.freelancer_id, 'FREELANCER', skillancer.rating_tally_merge('0/0/0/0/0', '0/0/0/0/0'), '-infinity'::timestamptz
FROM skillancer.booking b
WHERE b.state IN ('COMPLETED', 'CANCELLED')
ON CONFLICT DO NOTHING;
