-- Files of deliveries, which the client reads as the terms say: at once, or after the money is released.

ALTER TABLE skillancer.gig
	ADD COLUMN files_after text NOT NULL DEFAULT 'DELIVERY' CHECK (files_after IN ('DELIVERY', 'RELEASE'));
ALTER TABLE skillancer.gig_revision
	ADD COLUMN files_after text NOT NULL DEFAULT 'DELIVERY' CHECK (files_after IN ('DELIVERY', 'RELEASE'));
COMMENT ON COLUMN skillancer.gig.files_after IS 'When the client gets final files: as soon as they are delivered, or after the release.';

ALTER TABLE skillancer.delivery ADD COLUMN files jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(files) = 'array');
COMMENT ON COLUMN skillancer.delivery.files IS 'What there is: [{"name", "final"}]; where it is stands in delivery_file.';

-- Where a file of a delivery is.
CREATE TABLE skillancer.delivery_file (
	milestone_id skillancer.milestone_id NOT NULL,
	number integer NOT NULL,
	position integer NOT NULL CHECK (position > 0),
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	organisation_id skillancer.organisation_id,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	url text CHECK (length(url) <= 2000),
	media_id skillancer.media_id,
	opens_after text NOT NULL CHECK (opens_after IN ('DELIVERY', 'RELEASE')),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (milestone_id, number, position),
	FOREIGN KEY (milestone_id, number) REFERENCES skillancer.delivery,
	CONSTRAINT delivery_file_one_place CHECK (num_nonnulls(url, media_id) = 1)
);
COMMENT ON TABLE skillancer.delivery_file IS
	'Files of deliveries, by link or as media of ours. The freelancer always sees them, the client once they are delivered or the milestone is released.';
COMMENT ON COLUMN skillancer.delivery_file.opens_after IS 'RELEASE for final files when the terms say so: closed to the client until the milestone is RELEASED.';
CREATE INDEX delivery_file_client_idx ON skillancer.delivery_file (client_id);
CREATE INDEX delivery_file_freelancer_idx ON skillancer.delivery_file (freelancer_id);
ALTER TABLE skillancer.delivery_file ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
