-- Organisations as clients: members with roles and limits, invitations, and the bookings that belong to one.

CREATE TABLE skillancer.organisation (
	id skillancer.organisation_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.organisation_id,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	created_by skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.organisation IS 'Companies that book together. Visible to their members, and to staff with users:view.';
CREATE INDEX organisation_creator_idx ON skillancer.organisation (created_by);
ALTER TABLE skillancer.organisation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Who belongs to one now. Who leaves has no row any more.
CREATE TABLE skillancer.organisation_member (
	organisation_id skillancer.organisation_id NOT NULL REFERENCES skillancer.organisation,
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	role text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER')),
	spending_limit skillancer.monetary CHECK (skillancer.monetary_minor(spending_limit) >= 0),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (organisation_id, user_id)
);
COMMENT ON TABLE skillancer.organisation_member IS
	'Members of organisations. OWNER and ADMIN act as the client of every booking of theirs, a MEMBER of those that he made; all of them see all of them.';
COMMENT ON COLUMN skillancer.organisation_member.spending_limit IS
	'What the member may fund in a calendar month (UTC), in this currency only; NULL: no limit.';
CREATE INDEX organisation_member_user_idx ON skillancer.organisation_member (user_id);
ALTER TABLE skillancer.organisation_member ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE TABLE skillancer.organisation_invitation (
	id skillancer.invitation_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.invitation_id,
	organisation_id skillancer.organisation_id NOT NULL REFERENCES skillancer.organisation,
	organisation_name text NOT NULL,
	email_key text NOT NULL CHECK (length(email_key) BETWEEN 5 AND 254),
	role text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER')),
	spending_limit skillancer.monetary CHECK (skillancer.monetary_minor(spending_limit) >= 0),
	invited_by skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	user_id skillancer.user_id REFERENCES skillancer.user_account,
	state text NOT NULL DEFAULT 'SENT' CHECK (state IN ('SENT', 'ACCEPTED', 'DECLINED', 'WITHDRAWN', 'EXPIRED')),
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.organisation_invitation IS
	'Invitations by e-mail address; machine "organisation_invitation". Visible to the members of the organisation, and to who has that confirmed address.';
COMMENT ON COLUMN skillancer.organisation_invitation.user_id IS 'Who has the address; filled in when he or she answers.';
CREATE UNIQUE INDEX organisation_invitation_live_idx ON skillancer.organisation_invitation (organisation_id, email_key) WHERE state = 'SENT';
CREATE INDEX organisation_invitation_email_idx ON skillancer.organisation_invitation (email_key);
ALTER TABLE skillancer.organisation_invitation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- The organisation of a booking, repeated where policies need it; a trigger fills it in.
ALTER TABLE skillancer.booking ADD COLUMN organisation_id skillancer.organisation_id REFERENCES skillancer.organisation;
ALTER TABLE skillancer.milestone ADD COLUMN organisation_id skillancer.organisation_id,
	ADD COLUMN payer_id skillancer.user_id REFERENCES skillancer.user_account;
ALTER TABLE skillancer.booking_terms ADD COLUMN organisation_id skillancer.organisation_id;
ALTER TABLE skillancer.change_request ADD COLUMN organisation_id skillancer.organisation_id;
ALTER TABLE skillancer.delivery ADD COLUMN organisation_id skillancer.organisation_id;
ALTER TABLE skillancer.work_week ADD COLUMN organisation_id skillancer.organisation_id;
ALTER TABLE skillancer.time_entry ADD COLUMN organisation_id skillancer.organisation_id;
COMMENT ON COLUMN skillancer.booking.organisation_id IS 'The client is this organisation; client_id is the member who made the booking.';
COMMENT ON COLUMN skillancer.milestone.payer_id IS
	'The member who funds a milestone of an organisation: from his wallet, and back to it. NULL: the client.';
CREATE INDEX booking_organisation_idx ON skillancer.booking (organisation_id, id) WHERE organisation_id IS NOT NULL;
CREATE INDEX milestone_payer_idx ON skillancer.milestone (payer_id, funded_at) WHERE payer_id IS NOT NULL;
