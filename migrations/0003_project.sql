-- The tables of the project service: catalogue, projects, proposals, invitations, gigs.

-- A tree of at most three levels. The level of the parent is generated, so that one composite
-- foreign key keeps depth true and makes a cycle impossible.
CREATE TABLE skillancer.category (
	id skillancer.category_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.category_id,
	parent_id skillancer.category_id,
	depth smallint NOT NULL DEFAULT 1 CHECK (depth BETWEEN 1 AND 3),
	parent_depth smallint GENERATED ALWAYS AS
		(CASE WHEN parent_id IS NULL THEN NULL::smallint ELSE (depth - 1)::smallint END) STORED,
	slug text COLLATE "C" NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 80),
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	position integer NOT NULL DEFAULT 0,
	builtin_hash text,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	UNIQUE (id, depth),
	CHECK ((parent_id IS NULL) = (depth = 1)),
	FOREIGN KEY (parent_id, parent_depth) REFERENCES skillancer.category (id, depth)
);
COMMENT ON TABLE skillancer.category IS 'Kinds of work: a tree of at most three levels, public.';
CREATE INDEX category_parent_idx ON skillancer.category (parent_id);

-- A skill. Aliases are slugs of other spellings; a merged skill points at the one that took it over.
CREATE TABLE skillancer.skill (
	id skillancer.skill_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.skill_id,
	slug text COLLATE "C" NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 80),
	name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
	aliases text[] COLLATE "C" NOT NULL DEFAULT '{}',
	category_id skillancer.category_id REFERENCES skillancer.category,
	merged_into skillancer.skill_id REFERENCES skillancer.skill CHECK (merged_into <> id),
	builtin_hash text,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.skill IS
	'Skills that projects ask for and people have. Written by skill_add() and skill_merge().';
CREATE INDEX skill_category_idx ON skillancer.skill (category_id);
CREATE INDEX skill_merged_idx ON skillancer.skill (merged_into) WHERE merged_into IS NOT NULL;

-- Every spelling that leads to a skill: its slug and its aliases, each once in the whole catalogue.
CREATE TABLE skillancer.skill_key (
	key text COLLATE "C" PRIMARY KEY,
	skill_id skillancer.skill_id NOT NULL REFERENCES skillancer.skill ON DELETE CASCADE
);
COMMENT ON TABLE skillancer.skill_key IS
	'Look-up of skills by any spelling, kept by a trigger on skill; the primary key makes an alias unambiguous.';
CREATE INDEX skill_key_skill_idx ON skillancer.skill_key (skill_id);

-- Work that a client offers.
CREATE TABLE skillancer.project (
	id skillancer.project_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.project_id,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	state text NOT NULL DEFAULT 'DRAFT' CHECK (state IN
		('DRAFT', 'IN_REVIEW', 'OPEN', 'PAUSED', 'FILLED', 'CLOSED', 'CANCELLED', 'EXPIRED')),
	visibility text NOT NULL DEFAULT 'PUBLIC' CHECK (visibility IN ('PUBLIC', 'INVITE_ONLY', 'PRIVATE')),
	version integer NOT NULL DEFAULT 1,
	title text NOT NULL CHECK (length(title) BETWEEN 5 AND 200),
	description text NOT NULL CHECK (length(description) BETWEEN 10 AND 10000),
	category_id skillancer.category_id REFERENCES skillancer.category,
	skills skillancer.skill_id[] NOT NULL DEFAULT '{}' CHECK (cardinality(skills) <= 20),
	budget_kind text NOT NULL CHECK (budget_kind IN ('FIXED', 'HOURLY')),
	budget_min skillancer.monetary NOT NULL,
	budget_max skillancer.monetary NOT NULL,
	experience text CHECK (experience IN ('ENTRY', 'INTERMEDIATE', 'EXPERT')),
	duration text CHECK (duration IN
		('UNDER_1_WEEK', 'UNDER_1_MONTH', '1_TO_3_MONTHS', '3_TO_6_MONTHS', 'OVER_6_MONTHS')),
	openings integer NOT NULL DEFAULT 1 CHECK (openings BETWEEN 1 AND 100),
	questions text[] NOT NULL DEFAULT '{}' CHECK (cardinality(questions) <= 10),
	deadline date,
	published_at timestamptz,
	expires_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	q tsvector GENERATED ALWAYS AS (
		setweight(to_tsvector('pg_catalog.english', title), 'A') ||
		setweight(to_tsvector('pg_catalog.english', description), 'B')) STORED,
	CONSTRAINT project_budget_currency_check CHECK
		(skillancer.monetary_currency(budget_min) = skillancer.monetary_currency(budget_max)),
	CONSTRAINT project_budget_order_check CHECK
		(skillancer.monetary_minor(budget_min) BETWEEN 1 AND skillancer.monetary_minor(budget_max)),
	CONSTRAINT project_published_check CHECK (state IN ('DRAFT', 'IN_REVIEW') OR published_at IS NOT NULL)
);
COMMENT ON TABLE skillancer.project IS 'Work that a client offers to freelancers; machine "project".';
COMMENT ON COLUMN skillancer.project.skills IS
	'Skills asked for, in the client''s order. An array and not a table, so that the policy of the row covers them.';
COMMENT ON COLUMN skillancer.project.q IS 'Words of title (A) and description (B) for full-text search.';
CREATE INDEX project_client_idx ON skillancer.project (client_id, id DESC);
CREATE INDEX project_public_idx ON skillancer.project (published_at DESC, id DESC)
	WHERE state = 'OPEN' AND visibility = 'PUBLIC';
CREATE INDEX project_public_category_idx ON skillancer.project (category_id, published_at DESC, id DESC)
	WHERE state = 'OPEN' AND visibility = 'PUBLIC';
CREATE INDEX project_public_search_idx ON skillancer.project USING gin (q, skills)
	WITH (fastupdate = off) WHERE state = 'OPEN' AND visibility = 'PUBLIC';
CREATE INDEX project_review_idx ON skillancer.project (updated_at, id) WHERE state = 'IN_REVIEW';

-- A freelancer's bid. What it says now is here; what it said before is in proposal_revision.
CREATE TABLE skillancer.proposal (
	id skillancer.proposal_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.proposal_id,
	project_id skillancer.project_id NOT NULL REFERENCES skillancer.project,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account CHECK (freelancer_id <> client_id),
	state text NOT NULL DEFAULT 'SUBMITTED' CHECK (state IN
		('SUBMITTED', 'COUNTERED', 'ACCEPTED', 'WITHDRAWN', 'DECLINED', 'CLOSED', 'EXPIRED')),
	version integer NOT NULL DEFAULT 1,
	revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
	cover_letter text NOT NULL CHECK (length(cover_letter) BETWEEN 50 AND 5000),
	bid skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(bid) > 0),
	delivery_days integer CHECK (delivery_days BETWEEN 1 AND 365),
	milestones jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(milestones) = 'array'),
	answers text[] NOT NULL DEFAULT '{}' CHECK (cardinality(answers) <= 10),
	counter jsonb,
	viewed_at timestamptz,
	shortlisted_at timestamptz,
	interviewing_at timestamptz,
	archived_at timestamptz,
	reason text CHECK (length(reason) <= 500),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.proposal IS
	'A freelancer''s bid on a project; machine "proposal". The times are the client''s tags, not states.';
COMMENT ON COLUMN skillancer.proposal.revision IS 'Counts the freelancer''s edits; acceptance names it.';
COMMENT ON COLUMN skillancer.proposal.counter IS
	'What the client would agree to while COUNTERED: {"bid", "deliveryDays", "message", "at"}.';
CREATE UNIQUE INDEX proposal_live_idx ON skillancer.proposal (project_id, freelancer_id)
	WHERE state IN ('SUBMITTED', 'COUNTERED', 'ACCEPTED');
CREATE INDEX proposal_project_idx ON skillancer.proposal (project_id, id DESC);
CREATE INDEX proposal_freelancer_idx ON skillancer.proposal (freelancer_id, id DESC);
CREATE INDEX proposal_client_idx ON skillancer.proposal (client_id, id DESC);

-- What a proposal said at each revision.
CREATE TABLE skillancer.proposal_revision (
	proposal_id skillancer.proposal_id NOT NULL REFERENCES skillancer.proposal,
	revision integer NOT NULL CHECK (revision > 0),
	client_id skillancer.user_id NOT NULL,
	freelancer_id skillancer.user_id NOT NULL,
	cover_letter text NOT NULL,
	bid skillancer.monetary NOT NULL,
	delivery_days integer,
	milestones jsonb NOT NULL,
	answers text[] NOT NULL,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (proposal_id, revision)
);
COMMENT ON TABLE skillancer.proposal_revision IS 'Every wording of a proposal; rows are only added.';

-- A client asks one freelancer to look at a project.
CREATE TABLE skillancer.invitation (
	id skillancer.invitation_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.invitation_id,
	project_id skillancer.project_id NOT NULL REFERENCES skillancer.project,
	client_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account CHECK (freelancer_id <> client_id),
	state text NOT NULL DEFAULT 'SENT' CHECK (state IN ('SENT', 'ACCEPTED', 'DECLINED', 'WITHDRAWN', 'EXPIRED')),
	version integer NOT NULL DEFAULT 1,
	message text CHECK (length(message) <= 2000),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.invitation IS
	'An invitation to propose; it also opens INVITE_ONLY and PRIVATE projects to the invited. Machine "invitation".';
CREATE UNIQUE INDEX invitation_live_idx ON skillancer.invitation (project_id, freelancer_id)
	WHERE state IN ('SENT', 'ACCEPTED');
CREATE INDEX invitation_project_idx ON skillancer.invitation (project_id, id DESC);
CREATE INDEX invitation_freelancer_idx ON skillancer.invitation (freelancer_id, id DESC);

-- A freelancer's bookmark.
CREATE TABLE skillancer.saved_project (
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	project_id skillancer.project_id NOT NULL REFERENCES skillancer.project,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (user_id, project_id)
);
COMMENT ON TABLE skillancer.saved_project IS 'Projects that somebody keeps for later.';
CREATE INDEX saved_project_list_idx ON skillancer.saved_project (user_id, created_at DESC, project_id DESC);

-- A service that a freelancer sells.
CREATE TABLE skillancer.gig (
	id skillancer.gig_id PRIMARY KEY DEFAULT skillancer.new_id()::skillancer.gig_id,
	freelancer_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	state text NOT NULL DEFAULT 'DRAFT' CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'SUSPENDED', 'ARCHIVED')),
	version integer NOT NULL DEFAULT 1,
	revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
	title text NOT NULL CHECK (length(title) BETWEEN 10 AND 100),
	description text NOT NULL CHECK (length(description) BETWEEN 10 AND 10000),
	category_id skillancer.category_id REFERENCES skillancer.category,
	tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 10),
	packages jsonb NOT NULL CHECK (jsonb_typeof(packages) = 'array' AND jsonb_array_length(packages) BETWEEN 1 AND 3),
	extras jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(extras) = 'array'),
	faq jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(faq) = 'array'),
	requirements text[] NOT NULL DEFAULT '{}' CHECK (cardinality(requirements) <= 10),
	price_from skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(price_from) > 0),
	activated_at timestamptz CHECK (state = 'DRAFT' OR activated_at IS NOT NULL),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	updated_at timestamptz NOT NULL DEFAULT skillancer.now(),
	q tsvector GENERATED ALWAYS AS (
		setweight(to_tsvector('pg_catalog.english', title), 'A') ||
		setweight(to_tsvector('pg_catalog.english', description), 'B')) STORED
);
COMMENT ON TABLE skillancer.gig IS 'A service with a price that clients can order; machine "gig".';
COMMENT ON COLUMN skillancer.gig.packages IS
	'One to three of {"tier": BASIC|STANDARD|PREMIUM, "title", "description", "price", "deliveryDays", "revisions", "features"}, all in one currency.';
COMMENT ON COLUMN skillancer.gig.price_from IS 'Lowest price of the packages.';
CREATE INDEX gig_freelancer_idx ON skillancer.gig (freelancer_id, id DESC);
CREATE INDEX gig_active_idx ON skillancer.gig (activated_at DESC, id DESC) WHERE state = 'ACTIVE';
CREATE INDEX gig_active_category_idx ON skillancer.gig (category_id, activated_at DESC, id DESC) WHERE state = 'ACTIVE';
CREATE INDEX gig_active_search_idx ON skillancer.gig USING gin (q) WITH (fastupdate = off) WHERE state = 'ACTIVE';

-- What a gig offered at each revision; orders name the revision that they were made on.
CREATE TABLE skillancer.gig_revision (
	gig_id skillancer.gig_id NOT NULL REFERENCES skillancer.gig,
	revision integer NOT NULL CHECK (revision > 0),
	freelancer_id skillancer.user_id NOT NULL,
	title text NOT NULL,
	description text NOT NULL,
	packages jsonb NOT NULL,
	extras jsonb NOT NULL,
	faq jsonb NOT NULL,
	requirements text[] NOT NULL,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (gig_id, revision)
);
COMMENT ON TABLE skillancer.gig_revision IS 'Every wording of a gig; rows are only added.';

-- What made a text look risky.
CREATE TABLE skillancer.risk_signal (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	user_id skillancer.user_id NOT NULL REFERENCES skillancer.user_account,
	kind text NOT NULL CHECK (kind ~ '^[a-z_]{3,40}$'),
	subject_type text NOT NULL,
	subject_id uuid NOT NULL,
	score integer NOT NULL CHECK (score BETWEEN 0 AND 100),
	created_at timestamptz NOT NULL DEFAULT skillancer.now()
);
COMMENT ON TABLE skillancer.risk_signal IS
	'Signs of evasion or fraud, read by moderators: contact details before a contract, payment elsewhere.';
CREATE INDEX risk_signal_user_idx ON skillancer.risk_signal (user_id, created_at);
CREATE INDEX risk_signal_subject_idx ON skillancer.risk_signal (subject_id);

ALTER TABLE skillancer.category ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.skill ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.skill_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.project ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.proposal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.proposal_revision ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.invitation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.saved_project ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.gig ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.gig_revision ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.risk_signal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
