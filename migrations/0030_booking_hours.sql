-- Hourly contracts: a rate and a weekly limit in the terms, hours logged by the freelancer, and weeks that become
-- milestones when they are locked.

ALTER TABLE skillancer.booking
	ADD COLUMN kind text NOT NULL DEFAULT 'FIXED' CHECK (kind IN ('FIXED', 'HOURLY')),
	ADD COLUMN rate skillancer.monetary CHECK (skillancer.monetary_minor(rate) > 0),
	ADD COLUMN weekly_limit integer CHECK (weekly_limit BETWEEN 1 AND 10080),
	ADD COLUMN payment_method_id skillancer.payment_method_id REFERENCES skillancer.payment_method,
	ADD CONSTRAINT booking_hourly CHECK ((kind = 'HOURLY') = (rate IS NOT NULL AND weekly_limit IS NOT NULL));
COMMENT ON COLUMN skillancer.booking.rate IS 'Price of an hour; HOURLY bookings only.';
COMMENT ON COLUMN skillancer.booking.weekly_limit IS 'Minutes that may be logged in a week, Monday to Sunday UTC; HOURLY bookings only.';
COMMENT ON COLUMN skillancer.booking.payment_method_id IS
	'What pays for the weeks of an HOURLY booking as far as the wallet does not; NULL: the wallet alone.';
CREATE INDEX booking_method_idx ON skillancer.booking (payment_method_id) WHERE payment_method_id IS NOT NULL;

ALTER TABLE skillancer.milestone
	ADD COLUMN week date CHECK (extract(isodow FROM week) = 1),
	ADD COLUMN minutes integer CHECK (minutes > 0),
	ADD CONSTRAINT milestone_week CHECK ((week IS NULL) = (minutes IS NULL)),
	ADD CONSTRAINT milestone_week_key UNIQUE (booking_id, week);
COMMENT ON COLUMN skillancer.milestone.week IS 'The Monday of the week that this milestone bills; NULL unless it was generated.';

-- A week of an hourly booking in which something was logged.
CREATE TABLE skillancer.work_week (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	milestone_id skillancer.milestone_id REFERENCES skillancer.milestone,
	week date NOT NULL CHECK (extract(isodow FROM week) = 1),
	locks_at timestamptz NOT NULL,
	minutes integer CHECK (minutes >= 0),
	state text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'LOCKED', 'WAIVED')),
	policy jsonb NOT NULL DEFAULT '{}',
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	UNIQUE (booking_id, week)
);
COMMENT ON TABLE skillancer.work_week IS
	'Weeks of hourly bookings (Monday to Sunday, UTC); machine "work_week". Visible to the two parties, and to staff with contracts:view.';
COMMENT ON COLUMN skillancer.work_week.minutes IS 'What was logged when the week was locked, and is billed.';
CREATE INDEX work_week_client_idx ON skillancer.work_week (client_id);
CREATE INDEX work_week_freelancer_idx ON skillancer.work_week (freelancer_id);
CREATE INDEX work_week_milestone_idx ON skillancer.work_week (milestone_id) WHERE milestone_id IS NOT NULL;
ALTER TABLE skillancer.work_week ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Some minutes of a day.
CREATE TABLE skillancer.time_entry (
	id skillancer.time_entry_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.time_entry_id,
	week_id uuid NOT NULL REFERENCES skillancer.work_week,
	booking_id skillancer.booking_id NOT NULL REFERENCES skillancer.booking,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	day date NOT NULL,
	minutes integer NOT NULL CHECK (minutes BETWEEN 1 AND 1440),
	note text NOT NULL CHECK (length(note) BETWEEN 1 AND 1000),
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.time_entry IS
	'Hours that a freelancer logged; changed only while their week is OPEN. Visible to the two parties, and to staff with contracts:view.';
CREATE INDEX time_entry_week_idx ON skillancer.time_entry (week_id);
CREATE INDEX time_entry_booking_idx ON skillancer.time_entry (booking_id, id);
CREATE INDEX time_entry_day_idx ON skillancer.time_entry (freelancer_id, day);
CREATE INDEX time_entry_client_idx ON skillancer.time_entry (client_id);
ALTER TABLE skillancer.time_entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
