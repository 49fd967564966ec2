-- The JSON shapes of people. Row-level security of the tables decides who sees a row.

-- The account, for its owner and for staff.
CREATE VIEW skillancer.user_doc WITH (security_invoker = true) AS
SELECT a.id, a.state, a.email_key, a.name, a.created_at, 'v' || a.version AS etag,
	skillancer.json_doc(
		'id', a.id,
		'email', a.email,
		'emailVerified', EXISTS (SELECT FROM skillancer.verification v
			WHERE v.user_id = a.id AND v.kind = 'EMAIL' AND v.status = 'VERIFIED'),
		'name', a.name,
		'status', a.state,
		'roles', (SELECT coalesce(json_agg(r.role ORDER BY r.role), '[]')
			FROM skillancer.user_role r WHERE r.user_id = a.id),
		'timezone', a.timezone,
		'locale', a.locale,
		'createdAt', a.created_at,
		'updatedAt', a.updated_at) AS doc
FROM skillancer.user_account a;
COMMENT ON VIEW skillancer.user_doc IS 'Accounts as the API shows them to their owner and to staff.';

-- What everybody sees of a person.
CREATE VIEW skillancer.profile_doc WITH (security_invoker = true) AS
SELECT p.user_id, p.is_public, p.updated_at, 'v' || p.version || coalesce('r' || r.version, '') AS etag,
	skillancer.json_doc(
		'id', p.user_id,
		'displayName', p.display_name,
		'avatarId', p.avatar_id,
		'headline', p.headline,
		'bio', p.bio,
		'hourlyRate', p.hourly_rate,
		'skills', s.list,
		'languages', p.languages,
		'language', p.language,
		'country', p.country,
		'availability', p.availability,
		'workHistory', p.work_history,
		'education', p.education,
		'portfolio', p.portfolio,
		'certifications', p.certifications,
		'company', CASE WHEN p.company_name IS NOT NULL THEN
			skillancer.json_doc('name', p.company_name, 'size', p.company_size, 'bio', p.company_bio) END,
		'reputation', skillancer.json_doc('level', coalesce(r.level, 'NEW'), 'successScore', r.score,
			'outcomes', coalesce(r.outcomes, 0),
			'rating', CASE WHEN skillancer.rating_count(r.rating) > 0 THEN r.rating END),
		'isPublic', p.is_public,
		'completeness', skillancer.profile_completeness(
			1 + (p.headline IS NOT NULL)::integer + (p.bio IS NOT NULL)::integer + (p.country IS NOT NULL)::integer,
			(p.hourly_rate IS NOT NULL)::integer + (p.availability IS NOT NULL)::integer
				+ (p.languages <> '{}')::integer,
			coalesce(skillancer.skill_count(p.skills), 0),
			jsonb_array_length(p.work_history), jsonb_array_length(p.education),
			jsonb_array_length(p.portfolio), jsonb_array_length(p.certifications)),
		'memberSince', p.created_at,
		'updatedAt', p.updated_at) AS doc
FROM skillancer.profile p
LEFT JOIN skillancer.reputation r ON r.user_id = p.user_id AND r.side = 'FREELANCER'
CROSS JOIN LATERAL (
	SELECT coalesce(json_agg(skillancer.json_doc('id', k.id, 'slug', k.slug, 'name', k.name,
		'level', e.level, 'years', e.years) ORDER BY e.level DESC, e.years DESC, k.name), '[]') AS list
	FROM skillancer.skills(p.skills) e
	JOIN skillancer.skill k ON k.id = e.skill_id) s;
COMMENT ON VIEW skillancer.profile_doc IS 'Profiles as the API shows them.';

-- A request to be forgotten.
CREATE VIEW skillancer.erasure_doc WITH (security_invoker = true) AS
SELECT e.id, e.user_id, e.state,
	skillancer.json_doc(
		'id', e.id,
		'state', e.state,
		'eraseAt', e.erase_at,
		'open', e.open,
		'createdAt', e.created_at,
		'updatedAt', e.updated_at) AS doc
FROM skillancer.erasure e;
COMMENT ON VIEW skillancer.erasure_doc IS 'Requests to erase an account as JSON, for their owner and for staff.';

-- Where a person is signed in.
CREATE VIEW skillancer.session_doc WITH (security_invoker = true) AS
SELECT s.id, s.user_id, s.created_at,
	skillancer.json_doc(
		'id', s.id,
		'current', s.id IS NOT DISTINCT FROM (SELECT skillancer.current_session_id()),
		'userAgent', s.user_agent,
		'address', s.address,
		'createdAt', s.created_at,
		'lastUsedAt', s.last_used_at,
		'expiresAt', s.expires_at) AS doc
FROM skillancer.session s
WHERE s.revoked_at IS NULL AND s.expires_at > skillancer.now();
COMMENT ON VIEW skillancer.session_doc IS 'Live sessions as the API shows them.';

-- An organisation with its members; the tag moves with either.
CREATE VIEW skillancer.organisation_doc WITH (security_invoker = true) AS
SELECT o.id, o.name, o.created_by,
	'v' || o.version || '.' || left(md5(m.seen), 12) AS etag,
	skillancer.json_doc(
		'id', o.id,
		'name', o.name,
		'createdBy', o.created_by,
		'members', m.members,
		'createdAt', o.created_at,
		'updatedAt', o.updated_at) AS doc
FROM skillancer.organisation o
CROSS JOIN LATERAL (
	SELECT string_agg(concat_ws(' ', x.user_id, x.role, x.spending_limit, p.display_name), ',' ORDER BY x.user_id) AS seen,
		json_agg(skillancer.json_doc('userId', x.user_id, 'name', p.display_name, 'role', x.role, 'spendingLimit', x.spending_limit,
			'since', x.created_at) ORDER BY x.created_at, x.user_id) AS members
	FROM skillancer.organisation_member x
	LEFT JOIN skillancer.profile p ON p.user_id = x.user_id
	WHERE x.organisation_id = o.id) m;
COMMENT ON VIEW skillancer.organisation_doc IS 'Organisations with their members as JSON, for their members.';

-- An invitation to an organisation as the API shows it.
CREATE VIEW skillancer.organisation_invitation_doc WITH (security_invoker = true) AS
SELECT i.id, i.organisation_id, i.email_key, i.state, i.created_at,
	'v' || i.version AS etag,
	skillancer.json_doc(
		'id', i.id,
		'organisationId', i.organisation_id,
		'organisationName', i.organisation_name,
		'email', i.email_key,
		'role', i.role,
		'spendingLimit', i.spending_limit,
		'state', i.state,
		'createdAt', i.created_at) AS doc
FROM skillancer.organisation_invitation i;
COMMENT ON VIEW skillancer.organisation_invitation_doc IS 'Invitations to organisations as JSON, for their members and the invited.';
