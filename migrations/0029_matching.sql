-- Matching and rates: what profiles are found by, how skills are related, how frequent skills and words are, and
-- percentiles of what is asked and bid.

ALTER TABLE skillancer.profile
	ADD COLUMN response real NOT NULL DEFAULT 0.7 CHECK (response BETWEEN 0 AND 1),
	ADD COLUMN q tsvector GENERATED ALWAYS AS (
		setweight(to_tsvector('pg_catalog.english', coalesce(headline, '')), 'A') ||
		setweight(to_tsvector('pg_catalog.english', coalesce(bio, '')), 'B')) STORED;
COMMENT ON COLUMN skillancer.profile.response IS
	'Share of invitations of the last year that the person answered, drawn towards 0.7; kept by a job.';
COMMENT ON COLUMN skillancer.profile.q IS 'Words of headline (A) and bio (B) for matching.';
CREATE INDEX profile_skills_idx ON skillancer.profile USING gin (skills) WITH (fastupdate = off)
	WHERE is_public AND is_listed;
CREATE INDEX profile_words_idx ON skillancer.profile USING gin (q) WITH (fastupdate = off)
	WHERE is_public AND is_listed;

-- The words of a title by themselves: q with its description is large and read out of line.
ALTER TABLE skillancer.project ADD COLUMN title_words tsvector
	GENERATED ALWAYS AS (setweight(to_tsvector('pg_catalog.english', title), 'A')) STORED;
COMMENT ON COLUMN skillancer.project.title_words IS 'Words of the title for matching.';

-- Who knows a skill knows something of its parents, and the other way round.
CREATE TABLE skillancer.skill_parent (
	skill_id skillancer.skill_id NOT NULL REFERENCES skillancer.skill ON DELETE CASCADE,
	parent_id skillancer.skill_id NOT NULL REFERENCES skillancer.skill ON DELETE CASCADE CHECK (parent_id <> skill_id),
	builtin_hash text,
	PRIMARY KEY (skill_id, parent_id)
);
COMMENT ON TABLE skillancer.skill_parent IS 'Skills that build on others, such as React on JavaScript; public.';
CREATE INDEX skill_parent_parent_idx ON skillancer.skill_parent (parent_id);

-- How many documents have a skill or a word: the rarer, the more it says.
CREATE TABLE skillancer.match_skill (
	corpus text NOT NULL CHECK (corpus IN ('PROFILE', 'PROJECT')),
	skill_id skillancer.skill_id NOT NULL REFERENCES skillancer.skill ON DELETE CASCADE,
	documents integer NOT NULL CHECK (documents > 0),
	PRIMARY KEY (corpus, skill_id)
);
COMMENT ON TABLE skillancer.match_skill IS
	'Public profiles with a skill, open public projects that ask for it; counted by a job, read by the engine.';
CREATE TABLE skillancer.match_word (
	corpus text NOT NULL CHECK (corpus IN ('PROFILE', 'PROJECT')),
	word text COLLATE "C" NOT NULL,
	documents integer NOT NULL CHECK (documents > 0),
	PRIMARY KEY (corpus, word)
);
COMMENT ON TABLE skillancer.match_word IS
	'Public profiles, open public projects with a word (more than one; the empty word counts all of them); counted by a job, read by the engine.';

-- What is asked and bid.
CREATE TABLE skillancer.rate_stat (
	kind text NOT NULL CHECK (kind IN ('HOURLY_RATE', 'HOURLY_BID', 'FIXED_BID')),
	currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
	category_id skillancer.category_id REFERENCES skillancer.category ON DELETE CASCADE,
	skill_id skillancer.skill_id REFERENCES skillancer.skill ON DELETE CASCADE,
	level text CHECK (level IN ('ENTRY', 'INTERMEDIATE', 'EXPERT')),
	samples integer NOT NULL CHECK (samples >= 10),
	people integer NOT NULL,
	p10 skillancer.monetary NOT NULL,
	p25 skillancer.monetary NOT NULL,
	p50 skillancer.monetary NOT NULL,
	p75 skillancer.monetary NOT NULL,
	p90 skillancer.monetary NOT NULL,
	refreshed_at timestamptz NOT NULL,
	CHECK (num_nonnulls(category_id, skill_id) <= 1),
	UNIQUE NULLS NOT DISTINCT (kind, currency, category_id, skill_id, level)
);
COMMENT ON TABLE skillancer.rate_stat IS
	'Percentiles of hourly rates of public profiles and of bids, for a category (with those below it), a skill, or all; rows need ten samples. Public, counted by a job.';
CREATE INDEX rate_stat_category_idx ON skillancer.rate_stat (category_id);
CREATE INDEX rate_stat_skill_idx ON skillancer.rate_stat (skill_id);

ALTER TABLE skillancer.skill_parent ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.match_skill ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.match_word ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.rate_stat ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
