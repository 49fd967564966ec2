-- Reviews: two a booking, hidden from each other until both are in or the window has closed.

CREATE TABLE skillancer.review (
	id skillancer.review_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.review_id,
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	author_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	subject_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
	quality smallint CHECK (quality BETWEEN 1 AND 5),
	communication smallint CHECK (communication BETWEEN 1 AND 5),
	timeliness smallint CHECK (timeliness BETWEEN 1 AND 5),
	comment text NOT NULL CHECK (length(comment) BETWEEN 10 AND 2000),
	would_work_again boolean NOT NULL,
	state text NOT NULL DEFAULT 'HIDDEN' CHECK (state IN ('HIDDEN', 'PUBLISHED')),
	published_at timestamptz,
	reply text CHECK (length(reply) BETWEEN 1 AND 2000),
	replied_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	UNIQUE (booking_id, author_id),
	CONSTRAINT review_between_the_two CHECK (
		(author_id = client_id AND subject_id = freelancer_id)
		OR (author_id = freelancer_id AND subject_id = client_id)
	)
);
COMMENT ON TABLE skillancer.review IS
	'Reviews of bookings. HIDDEN ones are seen by their author only; nothing that others see depends on them.';
CREATE INDEX review_subject_idx ON skillancer.review (subject_id, state, id);
CREATE INDEX review_author_idx ON skillancer.review (author_id);

-- What the published reviews say about a person, as freelancer and as client.
CREATE TABLE skillancer.reputation (
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	side text NOT NULL CHECK (side IN ('FREELANCER', 'CLIENT')),
	rating skillancer.rating_tally NOT NULL,
	PRIMARY KEY (user_id, side)
);
COMMENT ON TABLE skillancer.reputation IS
	'Tally of the published reviews of a person; counted up in the transaction that publishes one.';

ALTER TABLE skillancer.review ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.reputation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
