-- Imports and the demo marketplace: reference tables, staging, what became of each row.

-- Currencies that the operator deals in; the digits are those of type monetary.
CREATE TABLE skillancer.currency (
	code text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'),
	number smallint NOT NULL CHECK (number BETWEEN 0 AND 999),
	digits smallint NOT NULL,
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	CONSTRAINT currency_digits_check CHECK (digits = skillancer.currency_digits(code))
);
COMMENT ON TABLE skillancer.currency IS 'ISO 4217 currencies with their names.';

-- Countries.
CREATE TABLE skillancer.country (
	code text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[A-Z]{2}$'),
	alpha3 text COLLATE "C" NOT NULL UNIQUE CHECK (alpha3 ~ '^[A-Z]{3}$'),
	number smallint NOT NULL CHECK (number BETWEEN 0 AND 999),
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	region text,
	subregion text,
	currencies text[] NOT NULL DEFAULT '{}',
	languages text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE skillancer.country IS 'ISO 3166 countries with their currencies and languages.';

-- One run of one import function.
CREATE TABLE skillancer.import_run (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind text NOT NULL CHECK (kind IN ('currency', 'country', 'skill', 'freelancer', 'job', 'gig')),
	started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	finished_at timestamptz,
	rows_read integer NOT NULL DEFAULT 0,
	rows_added integer NOT NULL DEFAULT 0,
	rows_known integer NOT NULL DEFAULT 0,
	rows_rejected integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE skillancer.import_run IS
	'Imports: rows read from staging, added, known from an earlier run, rejected.';
CREATE INDEX import_run_kind_idx ON skillancer.import_run (kind, id);

-- Rows that were not taken over, and why.
CREATE TABLE skillancer.import_rejection (
	run_id bigint NOT NULL REFERENCES skillancer.import_run ON DELETE CASCADE,
	row_number bigint NOT NULL,
	key text,
	problems text[] NOT NULL CHECK (cardinality(problems) > 0),
	PRIMARY KEY (run_id, row_number)
);
COMMENT ON TABLE skillancer.import_rejection IS
	'Rejected rows: their place in the file (the first row after the header is 1), their key, every problem.';

-- What rows became. A key that is here is not imported again.
CREATE TABLE skillancer.import_object (
	kind text NOT NULL,
	key text COLLATE "C" NOT NULL,
	object_id uuid NOT NULL,
	estimated text[] NOT NULL DEFAULT '{}',
	run_id bigint REFERENCES skillancer.import_run ON DELETE SET NULL,
	PRIMARY KEY (kind, key)
);
COMMENT ON TABLE skillancer.import_object IS 'Objects made from imported or generated rows, by the key of the row.';
COMMENT ON COLUMN skillancer.import_object.estimated IS
	'Fields that the row did not have and that were estimated, such as {budget}.';
CREATE INDEX import_object_object_idx ON skillancer.import_object (object_id);
CREATE INDEX import_object_run_idx ON skillancer.import_object (run_id);

-- Staging: every column as text, exactly as in the file's header; problems are found by the import function.
CREATE UNLOGGED TABLE skillancer.import_currency (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	code text, "numeric" text, minor_unit text, name text,
	problems text[]
);
COMMENT ON TABLE skillancer.import_currency IS 'Staging of currencies.csv for import_currencies().';

CREATE UNLOGGED TABLE skillancer.import_country (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	alpha2 text, alpha3 text, "numeric" text, name text, region text, subregion text, dial text, currency text,
	languages text,
	problems text[]
);
COMMENT ON TABLE skillancer.import_country IS 'Staging of countries.csv for import_countries().';

CREATE UNLOGGED TABLE skillancer.import_skill (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	slug text, name text, aliases text, category text, subcategory text, tags text, parents text, children text,
	related text, transferability text, description text,
	problems text[]
);
COMMENT ON TABLE skillancer.import_skill IS 'Staging of a skill taxonomy (tanova_skills.csv) for import_skills().';

CREATE UNLOGGED TABLE skillancer.import_esco_skill (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	uri text, skill_type text, reuse_level text, label text, alt_labels text, is_digital text, description text,
	problems text[]
);
COMMENT ON TABLE skillancer.import_esco_skill IS
	'Staging of esco_skills.csv; import_skills() takes other spellings of known skills from it.';

CREATE UNLOGGED TABLE skillancer.import_job (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	job_id text, source text, track text, category text, title text, description text, job_type text, budget_min text,
	budget_max text, fixed_budget text, currency text, experience_level text, skills text, duration text,
	hours_per_week text, proposals_band text, interviewing text, invites_sent text, unanswered_invites text,
	client_country text, client_country_code text, client_total_spent text, client_hires text, client_active text,
	posted_at text,
	client_key text GENERATED ALWAYS AS (coalesce(client_country_code, '?') || '|' || coalesce(client_total_spent, '?')
		|| '|' || coalesce(client_hires, '?')) STORED,
	problems text[]
);
COMMENT ON TABLE skillancer.import_job IS 'Staging of jobs.csv for import_jobs().';
COMMENT ON COLUMN skillancer.import_job.client_key IS 'Postings with one country, one sum spent and one number of hires have one client.';

CREATE UNLOGGED TABLE skillancer.import_gig (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	category text, subcategory text, title text, rating text, review_count text, price_from text, currency text,
	key text GENERATED ALWAYS AS (md5(coalesce(category, '') || '|' || coalesce(subcategory, '') || '|'
		|| coalesce(title, '') || '|' || coalesce(price_from, '') || '|' || coalesce(currency, '') || '|'
		|| coalesce(rating, '') || '|' || coalesce(review_count, ''))) STORED,
	problems text[]
);
COMMENT ON TABLE skillancer.import_gig IS 'Staging of gigs.csv for import_gigs().';
COMMENT ON COLUMN skillancer.import_gig.key IS 'A gig has no id of its own: a hash of its columns.';

CREATE UNLOGGED TABLE skillancer.import_freelancer (
	row_number bigint GENERATED ALWAYS AS IDENTITY,
	freelancer_id text, source text, headline text, bio text, skills text, country text, country_code text,
	hourly_rate text, currency text, rating text, review_count text, earnings_score text, badge text,
	problems text[]
);
COMMENT ON TABLE skillancer.import_freelancer IS 'Staging of freelancers.csv for import_freelancers().';

ALTER TABLE skillancer.currency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.country ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_run ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_rejection ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_object ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_currency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_country ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_skill ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_esco_skill ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_job ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_gig ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.import_freelancer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
