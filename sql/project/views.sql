-- One JSON shape an entity, used by get and list. The views show what the caller's policies show.

CREATE VIEW skillancer.category_doc WITH (security_invoker = true) AS
SELECT c.id, c.parent_id, c.depth, c.position, c.slug,
	skillancer.json_doc('id', c.id, 'slug', c.slug, 'name', c.name, 'parentId', c.parent_id) AS doc
FROM skillancer.category c;
COMMENT ON VIEW skillancer.category_doc IS 'JSON of a category.';

CREATE VIEW skillancer.skill_doc WITH (security_invoker = true) AS
SELECT s.id, s.slug, s.name,
	skillancer.json_doc('id', s.id, 'slug', s.slug, 'name', s.name, 'aliases', s.aliases,
		'categoryId', s.category_id) AS doc
FROM skillancer.skill s
WHERE s.merged_into IS NULL;
COMMENT ON VIEW skillancer.skill_doc IS 'JSON of a skill; merged ones are left out.';

CREATE VIEW skillancer.project_doc WITH (security_invoker = true) AS
SELECT p.id, p.client_id, p.state, p.visibility, p.category_id, p.published_at, p.updated_at, p.version,
	'v' || p.version AS etag,
	skillancer.json_doc(
		'id', p.id,
		'clientId', p.client_id,
		'state', p.state,
		'visibility', p.visibility,
		'title', p.title,
		'description', p.description,
		'category', skillancer.category_json(p.category_id),
		'skills', skillancer.skills_json(p.skills),
		'budgetKind', p.budget_kind,
		'budgetMin', p.budget_min,
		'budgetMax', p.budget_max,
		'experience', p.experience,
		'duration', p.duration,
		'openings', p.openings,
		'questions', p.questions,
		'deadline', p.deadline,
		'language', p.language,
		'publishedAt', p.published_at,
		'expiresAt', CASE WHEN p.state IN ('OPEN', 'PAUSED') THEN p.expires_at END,
		'createdAt', p.created_at,
		'updatedAt', p.updated_at,
		'version', p.version) AS doc
FROM skillancer.project p;
COMMENT ON VIEW skillancer.project_doc IS 'JSON of a project.';

CREATE VIEW skillancer.proposal_doc WITH (security_invoker = true) AS
SELECT p.id, p.project_id, p.client_id, p.freelancer_id, p.state, p.shortlisted_at, p.archived_at, p.version,
	'v' || p.version || coalesce('r' || r.version, '') || CASE WHEN p.client_id = (SELECT skillancer.current_user_id()) THEN 'c' ELSE '' END AS etag,
	skillancer.json_doc(
		'id', p.id,
		'projectId', p.project_id,
		'projectTitle', (SELECT j.title FROM skillancer.project j WHERE j.id = p.project_id),
		'clientId', p.client_id,
		'freelancerId', p.freelancer_id,
		'reputation', skillancer.json_doc('level', coalesce(r.level, 'NEW'), 'successScore', r.score,
			'rating', CASE WHEN skillancer.rating_count(r.rating) > 0 THEN r.rating END),
		'state', p.state,
		'revision', p.revision,
		'coverLetter', p.cover_letter,
		'bid', p.bid,
		'deliveryDays', p.delivery_days,
		'milestones', p.milestones,
		'connects', CASE WHEN p.freelancer_id = (SELECT skillancer.current_user_id()) THEN p.connects END,
		'answers', p.answers,
		'counter', p.counter,
		'viewedAt', p.viewed_at,
		'shortlistedAt', p.shortlisted_at,
		'interviewingAt', p.interviewing_at,
		'archivedAt', CASE WHEN p.client_id = (SELECT skillancer.current_user_id()) THEN p.archived_at END,
		'reason', p.reason,
		'createdAt', p.created_at,
		'updatedAt', p.updated_at,
		'version', p.version) AS doc
FROM skillancer.proposal p
LEFT JOIN skillancer.reputation r ON r.user_id = p.freelancer_id AND r.side = 'FREELANCER';
COMMENT ON VIEW skillancer.proposal_doc IS
	'JSON of a proposal. Only the client sees that it is archived, which the entity tag says, too.';

CREATE VIEW skillancer.invitation_doc WITH (security_invoker = true) AS
SELECT i.id, i.project_id, i.client_id, i.freelancer_id, i.state, i.version,
	'v' || i.version AS etag,
	skillancer.json_doc(
		'id', i.id,
		'projectId', i.project_id,
		'projectTitle', (SELECT j.title FROM skillancer.project j WHERE j.id = i.project_id),
		'clientId', i.client_id,
		'freelancerId', i.freelancer_id,
		'state', i.state,
		'message', i.message,
		'createdAt', i.created_at,
		'updatedAt', i.updated_at,
		'version', i.version) AS doc
FROM skillancer.invitation i;
COMMENT ON VIEW skillancer.invitation_doc IS 'JSON of an invitation.';

CREATE VIEW skillancer.gig_doc WITH (security_invoker = true) AS
SELECT g.id, g.freelancer_id, g.state, g.category_id, g.activated_at, g.version, g.rank,
	'v' || g.version || coalesce('r' || r.version, '') AS etag,
	skillancer.json_doc(
		'id', g.id,
		'freelancerId', g.freelancer_id,
		'reputation', skillancer.json_doc('level', coalesce(r.level, 'NEW'), 'successScore', r.score,
			'rating', CASE WHEN skillancer.rating_count(r.rating) > 0 THEN r.rating END),
		'state', g.state,
		'revision', g.revision,
		'title', g.title,
		'description', g.description,
		'category', skillancer.category_json(g.category_id),
		'tags', g.tags,
		'language', g.language,
		'packages', g.packages,
		'extras', g.extras,
		'faq', g.faq,
		'requirements', g.requirements,
		'filesAfter', g.files_after,
		'priceFrom', g.price_from,
		'activatedAt', g.activated_at,
		'createdAt', g.created_at,
		'updatedAt', g.updated_at,
		'version', g.version) AS doc
FROM skillancer.gig g
LEFT JOIN skillancer.reputation r ON r.user_id = g.freelancer_id AND r.side = 'FREELANCER';
COMMENT ON VIEW skillancer.gig_doc IS 'JSON of a gig.';
