/*
 * sql/project/generate_work.sql
 *		The work of a generated marketplace: projects, gigs, proposals. See generate.sql.
 */

-- demo_description(): what a client writes
CREATE OR REPLACE FUNCTION skillancer.demo_description(p_seed integer, p_index bigint, p_task text, p_skills text[])
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT skillancer.compose(p_seed, 'project.description', p_index, format(
		'{We are looking for someone who can|We need a freelancer to|I am looking for help to} %1$s.' || E'\n\n'
		|| '{Where we are: {nothing exists yet, but we know what we want|there is a first version that works, more or less|a colleague who left has made a good start|we have notes, sketches and a lot of opinions}.|Why now: {our busy season starts in {five|eight|ten} weeks|the old solution ends this {spring|autumn}|a customer asked, and we said yes}.|What matters most to us: {that it is simple to use|that it is done on time|that we can go on with it ourselves afterwards}.}'
		|| E'\n\n' || '{What we expect|The work|In short}:' || E'\n- '
		|| '{a short plan before you begin|an estimate in steps|a call of half an hour to start}' || E'\n- '
		|| '{drafts that we can comment on|results every {week|second week}|two rounds of changes}' || E'\n- '
		|| '{all source files|a handover that somebody else understands|a page of notes on how to keep it going}' || E'\n\n'
		|| '{You should know|We expect experience with|Needed:} %2$s%3$s. {%4$sPlease tell us {what you have done that is like this|how you would begin|what you would ask us first}.|{Small teams are welcome, too.|One person is enough.} {We decide within {a week|ten days}.|We answer every serious offer.}}',
		p_task, p_skills[1], coalesce(' and ' || p_skills[2], ''), coalesce(p_skills[3] || ' would help. ', '')))
$$;
COMMENT ON FUNCTION skillancer.demo_description(integer, bigint, text, text[]) IS 'Description of a project for a task and some skills.';

-- demo_projects(): what the n-th project of a seed is
CREATE OR REPLACE FUNCTION skillancer.demo_projects(p_seed integer, p_count integer, p_clients integer,
	OUT n bigint, OUT id skillancer.project_id, OUT client_id skillancer.user_id, OUT slug text, OUT is_shown boolean, OUT state text,
	OUT budget_kind text, OUT currency text, OUT low bigint, OUT high bigint, OUT age interval)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT n, skillancer.draw_id(p_seed, 'project', n)::skillancer.project_id,
		skillancer.draw_id(p_seed, 'client', CASE WHEN s.shown THEN 1 ELSE skillancer.draw_int(p_seed, 'project.client', n, 1, p_clients) END)::skillancer.user_id,
		skillancer.draw_one(p_seed, 'project.field', n, skillancer.demo_field_slugs(), skillancer.demo_field_weights()), s.shown,
		CASE WHEN s.shown THEN 'OPEN' ELSE skillancer.draw_one(p_seed, 'project.state', n, '{OPEN,DRAFT,PAUSED,CANCELLED,EXPIRED}', '{86,4,2,3,5}') END,
		b.kind, CASE WHEN s.shown THEN 'USD' ELSE skillancer.draw_one(p_seed, 'project.currency', n, '{USD,EUR,GBP}', '{80,12,8}') END,
		skillancer.demo_round(b.low),
		skillancer.demo_round(greatest(b.low * (1 + skillancer.draw(p_seed, 'project.width', n) * 0.6),
			CASE b.kind WHEN 'HOURLY' THEN b.low + 5 ELSE b.low END)),
		skillancer.draw(p_seed, 'project.age', n) * interval '24 days'
	FROM generate_series(1, p_count) n
	CROSS JOIN LATERAL (SELECT n <= 8 AS shown) s
	CROSS JOIN LATERAL (SELECT skillancer.draw_one(p_seed, 'project.kind', n, '{HOURLY,FIXED}', '{57,43}') AS kind) k
	CROSS JOIN LATERAL (SELECT k.kind, CASE k.kind
		WHEN 'FIXED' THEN skillancer.draw_quantile(p_seed, 'project.fixed', n, '{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}', '{6,10,50,150,500,2000,5000,15000}')
		ELSE skillancer.draw_quantile(p_seed, 'project.hourly', n, '{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}', '{5,5.5,10,15,25,38,55,95}') END AS low) b
$$;
COMMENT ON FUNCTION skillancer.demo_projects(integer, integer, integer) IS
	'Client, field, state and budget of each project; the first eight are open ones of the first client, who can sign in.';

-- generate_projects()
CREATE OR REPLACE FUNCTION skillancer.generate_projects(p_seed integer, p_count integer, p_clients integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_expiry interval := skillancer.policy_interval('projectExpiry');
	v_added  integer;
BEGIN
	WITH field AS MATERIALIZED (SELECT * FROM skillancer.demo_field_skills()),
	fresh AS MATERIALIZED (
		SELECT p.*, f.ids, f.names, f.category_id,
			skillancer.compose(p_seed, 'project.task', p.n, f.task) ||
				CASE WHEN p.is_shown OR skillancer.draw(p_seed, 'project.named', p.n) < 0.3
					THEN ' for ' || skillancer.draw_one(p_seed, 'project.firm', p.n, skillancer.demo_words('firm')) || ' ' ||
						skillancer.draw_one(p_seed, 'project.trade', p.n, skillancer.demo_words('trade'))
					ELSE '' END AS task,
			skillancer.draw_quantile(p_seed, 'project.skills', p.n, '{0.05,0.25,0.5,0.75,0.95}', '{2,3,4,6,9}')::integer AS how_many
		FROM skillancer.demo_projects(p_seed, p_count, p_clients) p JOIN field f ON f.slug = p.slug
		WHERE NOT EXISTS (SELECT FROM skillancer.project x WHERE x.id = p.id)),
	chosen AS (
		SELECT p.n, s.id, s.name, row_number() OVER (PARTITION BY p.n ORDER BY skillancer.draw(p_seed, 'project.skill', p.n * 100 + s.at)) AS at
		FROM fresh p, unnest(p.ids, p.names) WITH ORDINALITY s (id, name, at)),
	skills AS MATERIALIZED (
		SELECT c.n, array_agg(c.id ORDER BY c.at) AS ids, array_agg(c.name ORDER BY c.at) AS names
		FROM chosen c JOIN fresh p ON p.n = c.n AND c.at <= p.how_many GROUP BY c.n)
	INSERT INTO skillancer.project (id, client_id, state, title, description, category_id, skills, budget_kind, budget_min, budget_max,
		experience, duration, openings, published_at, expires_at, created_at)
	SELECT p.id, p.client_id, p.state, upper(left(p.task, 1)) || substr(p.task, 2),
		skillancer.demo_description(p_seed, p.n, p.task, s.names), p.category_id, s.ids, p.budget_kind,
		skillancer.monetary(p.low::numeric, p.currency), skillancer.monetary(p.high::numeric, p.currency),
		skillancer.draw_one(p_seed, 'project.experience', p.n, '{ENTRY,INTERMEDIATE,EXPERT}', '{171,1790,1174}'),
		skillancer.draw_one(p_seed, 'project.duration', p.n, '{UNDER_1_WEEK,UNDER_1_MONTH,1_TO_3_MONTHS,3_TO_6_MONTHS,OVER_6_MONTHS}', '{15,30,35,12,8}'),
		CASE WHEN skillancer.draw(p_seed, 'project.openings', p.n) < 0.93 THEN 1 ELSE skillancer.draw_int(p_seed, 'project.more', p.n, 2, 4) END,
		CASE WHEN p.state <> 'DRAFT' THEN t.published END,
		CASE WHEN p.state <> 'DRAFT' THEN t.published + v_expiry END, t.published - interval '2 hours'
	FROM fresh p JOIN skills s ON s.n = p.n
	CROSS JOIN LATERAL (SELECT skillancer.now() - p.age - CASE p.state WHEN 'EXPIRED' THEN v_expiry ELSE '0' END AS published) t
	ORDER BY p.n;
	GET DIAGNOSTICS v_added = ROW_COUNT;
	INSERT INTO skillancer.due (machine, id, event, due_at)
	SELECT 'project', x.id::uuid, 'expire', x.expires_at
	FROM skillancer.project x
	WHERE x.state IN ('OPEN', 'PAUSED')
		AND x.id IN (SELECT skillancer.draw_id(p_seed, 'project', n)::skillancer.project_id FROM generate_series(1, p_count) n)
	ON CONFLICT ON CONSTRAINT due_pkey DO NOTHING;
	RETURN v_added;
END
$$;
COMMENT ON FUNCTION skillancer.generate_projects(integer, integer, integer) IS
	'Projects of the generated clients, with their timers, up to this number; returns how many are new.';

-- generate_gigs()
CREATE OR REPLACE FUNCTION skillancer.generate_gigs(p_seed integer, p_count integer, p_freelancers integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_added integer;
BEGIN
	WITH field AS MATERIALIZED (SELECT * FROM skillancer.demo_field_skills()),
	fresh AS MATERIALIZED (
		SELECT g.*, f.category_id, f.names, 'I will ' || skillancer.compose(p_seed, 'gig.title', g.n, f.offer) AS title, c.name AS subject,
			skillancer.monetary(skillancer.demo_round(skillancer.draw_quantile(p_seed, 'gig.price', g.n,
				'{0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.99}', '{5,5,10,25,65,150,250,700}'))::numeric, 'USD') AS price
		FROM (SELECT n, skillancer.draw_id(p_seed, 'gig', n)::skillancer.gig_id AS id,
				skillancer.draw_int(p_seed, 'gig.owner', n, 1, p_freelancers) AS owner,
				skillancer.draw_one(p_seed, 'gig.state', n, '{ACTIVE,PAUSED,DRAFT}', '{92,5,3}') AS state
			FROM generate_series(1, p_count) n) g
		JOIN field f ON f.slug = skillancer.draw_one(p_seed, 'freelancer.field', g.owner, skillancer.demo_field_slugs(), skillancer.demo_field_weights())
		JOIN skillancer.category c ON c.id = f.category_id
		WHERE NOT EXISTS (SELECT FROM skillancer.gig x WHERE x.id = g.id))
	INSERT INTO skillancer.gig (id, freelancer_id, state, title, description, category_id, tags, packages, price_from, activated_at)
	SELECT g.id, skillancer.draw_id(p_seed, 'freelancer', g.owner)::skillancer.user_id, g.state, left(g.title, 100),
		skillancer.gig_description(left(g.title, 100), g.subject), g.category_id,
		ARRAY[lower(g.subject), lower(g.names[1 + g.n % cardinality(g.names)])],
		skillancer.gig_packages(g.price, g.subject), g.price,
		CASE WHEN g.state <> 'DRAFT' THEN skillancer.now() - skillancer.draw(p_seed, 'gig.age', g.n) * interval '90 days' END
	FROM fresh g ORDER BY g.n;
	GET DIAGNOSTICS v_added = ROW_COUNT;
	INSERT INTO skillancer.gig_revision (gig_id, revision, freelancer_id, title, description, packages, extras, faq, requirements)
	SELECT g.id, g.revision, g.freelancer_id, g.title, g.description, g.packages, g.extras, g.faq, g.requirements
	FROM skillancer.gig g
	WHERE g.id IN (SELECT skillancer.draw_id(p_seed, 'gig', n)::skillancer.gig_id FROM generate_series(1, p_count) n)
	ON CONFLICT ON CONSTRAINT gig_revision_pkey DO NOTHING;
	RETURN v_added;
END
$$;
COMMENT ON FUNCTION skillancer.generate_gigs(integer, integer, integer) IS
	'Gigs of the generated freelancers in their field, up to this number; returns how many are new.';

-- demo_bidders(): who bids on which project
CREATE OR REPLACE FUNCTION skillancer.demo_bidders(p_seed integer, p_projects integer, p_freelancers integer,
	OUT n bigint, OUT project skillancer.project_id, OUT place integer, OUT bids integer, OUT freelancer bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	-- windows over the freelancers of a field, one after the other: everybody bids about equally often
	RETURN QUERY
	WITH pool AS MATERIALIZED (
		SELECT p.slug, array_agg(p.n ORDER BY skillancer.draw(p_seed, 'pool', p.n)) AS members
		FROM (SELECT f.n, skillancer.draw_one(p_seed, 'freelancer.field', f.n, skillancer.demo_field_slugs(), skillancer.demo_field_weights()) AS slug
			FROM generate_series(1::bigint, p_freelancers) f (n)) p GROUP BY p.slug),
	wanted AS (
		SELECT j.n, m.slug, m.members, least(cardinality(m.members), b.many) AS bids
		FROM generate_series(1::bigint, p_projects) j (n)
		JOIN pool m ON m.slug = skillancer.draw_one(p_seed, 'project.field', j.n, skillancer.demo_field_slugs(), skillancer.demo_field_weights())
		CROSS JOIN LATERAL (SELECT skillancer.draw_quantile(p_seed, 'project.bids', j.n,
			'{0.006,0.18,0.37,0.51,0.61,0.9,1}', '{0,4,9,14,19,40,50}')::integer AS many) b),
	window_start AS (
		SELECT w.*, sum(w.bids) OVER (PARTITION BY w.slug ORDER BY w.n) - w.bids AS first FROM wanted w)
	SELECT w.n, skillancer.draw_id(p_seed, 'project', w.n)::skillancer.project_id, i, w.bids,
		w.members[1 + (w.first + i) % cardinality(w.members)]
	FROM window_start w, generate_series(0, w.bids - 1) i;
END
$$;
COMMENT ON FUNCTION skillancer.demo_bidders(integer, integer, integer) IS
	'Numbers of freelancers for each project, of its field, as many as the calibration has bids.';

-- generate_proposals()
CREATE OR REPLACE FUNCTION skillancer.generate_proposals(p_seed integer, p_projects integer, p_freelancers integer)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_expiry interval := skillancer.policy_interval('proposalExpiry');
	v_limit  integer := skillancer.policy_int('proposalLimit');
	v_added  integer;
BEGIN
	WITH bid AS MATERIALIZED (
		SELECT b.*, b.n * 64 + b.place AS at, p.client_id, p.published_at, p.budget_min, p.budget_max, p.state AS project_state,
			p.budget_kind, skillancer.draw_id(p_seed, 'freelancer', b.freelancer)::skillancer.user_id AS freelancer_id,
			skillancer.draw_id(p_seed, 'proposal', b.n * 64 + b.place)::skillancer.proposal_id AS id,
			row_number() OVER (PARTITION BY b.freelancer ORDER BY b.n) AS nth
		FROM skillancer.demo_bidders(p_seed, p_projects, p_freelancers) b
		JOIN skillancer.project p ON p.id = b.project AND p.published_at IS NOT NULL)
	INSERT INTO skillancer.proposal (id, project_id, client_id, freelancer_id, state, cover_letter, bid, delivery_days, created_at, updated_at)
	SELECT b.id, b.project, b.client_id, b.freelancer_id,
		CASE WHEN b.project_state IN ('CANCELLED', 'EXPIRED') THEN 'CLOSED'
			ELSE skillancer.draw_one(p_seed, 'proposal.state', b.at, '{SUBMITTED,WITHDRAWN,DECLINED}', '{90,4,6}') END,
		skillancer.compose(p_seed, 'proposal.letter', b.at, '{Hello,|Good day,|Hi there,} {your posting reads as if it was written for me|this is the kind of work I like best|I have just finished something very similar}. '
			|| '{I would begin with {a short call|a list of questions|a look at what you have}, and send {a first draft|a plan} within {two|three|five} days.|You would see {results|drafts} {every week|after each step}, and can change your mind cheaply.} '
			|| '{My offer covers {two rounds of changes|everything in your posting|the handover as well}.|I can start {tomorrow|on Monday|next week}.} {Ask me anything.|I am looking forward to your answer.|Samples of my work are in my profile.}'),
		skillancer.monetary_of(greatest(100, 100 * skillancer.demo_round(v.low + (v.high * 1.1 - v.low * 0.8) * skillancer.draw(p_seed, 'proposal.bid', b.at) - v.low * 0.2)),
			skillancer.monetary_currency(b.budget_min)),
		skillancer.draw_int(p_seed, 'proposal.days', b.at, 3, 45), t.at, t.at
	FROM bid b
	CROSS JOIN LATERAL (SELECT b.budget_min::numeric::double precision AS low, b.budget_max::numeric::double precision AS high) v
	CROSS JOIN LATERAL (SELECT b.published_at + skillancer.draw(p_seed, 'proposal.time', b.at) * least(skillancer.now() - b.published_at, interval '6 days') AS at) t
	WHERE b.nth <= v_limit
	ORDER BY b.id
	ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS v_added = ROW_COUNT;
	INSERT INTO skillancer.proposal_revision (proposal_id, revision, client_id, freelancer_id, cover_letter, bid, delivery_days, milestones, answers, created_at)
	SELECT p.id, p.revision, p.client_id, p.freelancer_id, p.cover_letter, p.bid, p.delivery_days, p.milestones, p.answers, p.created_at
	FROM skillancer.proposal p
	WHERE p.project_id IN (SELECT skillancer.draw_id(p_seed, 'project', n)::skillancer.project_id FROM generate_series(1, p_projects) n)
	ON CONFLICT ON CONSTRAINT proposal_revision_pkey DO NOTHING;
	INSERT INTO skillancer.due (machine, id, event, due_at)
	SELECT 'proposal', p.id::uuid, 'expire', p.created_at + v_expiry
	FROM skillancer.proposal p
	WHERE p.state = 'SUBMITTED'
		AND p.project_id IN (SELECT skillancer.draw_id(p_seed, 'project', n)::skillancer.project_id FROM generate_series(1, p_projects) n)
	ON CONFLICT ON CONSTRAINT due_pkey DO NOTHING;
	RETURN v_added;
END
$$;
COMMENT ON FUNCTION skillancer.generate_proposals(integer, integer, integer) IS
	'Proposals of generated freelancers on generated projects of their field, with revisions and timers; returns how many are new.';
