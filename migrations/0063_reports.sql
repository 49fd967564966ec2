-- Reports that are mailed to staff, once a period.

CREATE TABLE skillancer.report_schedule (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	author_id skillancer.user_id NOT NULL,
	report text COLLATE "C" NOT NULL CHECK (length(report) <= 41),
	period text NOT NULL CHECK (period IN ('hour', 'day', 'week', 'month', 'all')),
	filters jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(filters) = 'object'),
	cadence text NOT NULL CHECK (cadence IN ('DAILY', 'WEEKLY', 'MONTHLY')),
	recipients skillancer.user_id[] NOT NULL CHECK (cardinality(recipients) BETWEEN 1 AND 20),
	due_on date NOT NULL,
	due_at timestamptz NOT NULL,
	last_result text CHECK (length(last_result) <= 500),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.report_schedule IS
	'Reports that are mailed to some of the staff after each day, week or month. due_on is the day behind the next period, due_at when it is mailed.';
CREATE INDEX report_schedule_due_idx ON skillancer.report_schedule (due_at);

CREATE TABLE skillancer.report_delivery (
	schedule_id uuid NOT NULL REFERENCES skillancer.report_schedule ON DELETE CASCADE,
	due_on date NOT NULL,
	recipient_id skillancer.user_id NOT NULL,
	mail_id uuid NOT NULL,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (schedule_id, due_on, recipient_id)
);
COMMENT ON TABLE skillancer.report_delivery IS
	'Who was sent which period of a scheduled report: the key holds that to one mail, whatever is killed.';

ALTER TABLE skillancer.report_schedule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.report_delivery ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
