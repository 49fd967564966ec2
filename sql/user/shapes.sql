/*
 * sql/user/shapes.sql
 *		What JSON about people looks like where no view says it.
 */

SELECT skillancer.add_shape('signed_in',
	'{accessToken: text, tokenType: "Bearer", expiresIn: integer, user: user_doc, sessionId: session_id, refreshToken?: text, refreshExpiresIn?: integer}');
SELECT skillancer.add_shape('skills.level', 'integer');
SELECT skillancer.add_shape('skills.years', 'integer');
SELECT skillancer.add_shape('p_skills', '[{skill: text, level: integer, years?: integer|null}]');
SELECT skillancer.add_shape('work_history',
	'[{title: text, company: text, from?: text|null, to?: text|null, description?: text|null}]');
SELECT skillancer.add_shape('education',
	'[{school: text, degree?: text|null, field?: text|null, from?: text|null, to?: text|null}]');
SELECT skillancer.add_shape('portfolio', '[{title: text, description?: text|null, url?: text|null, mediaId?: media_id|null}]');
SELECT skillancer.add_shape('certifications',
	'[{name: text, issuer?: text|null, year?: text|null, url?: text|null}]');
SELECT skillancer.add_shape('profile.' || s.name, s.name), skillancer.add_shape('p_' || s.name, s.name)
FROM unnest('{work_history,education,portfolio,certifications}'::text[]) AS s (name);
SELECT skillancer.add_shape('erasure.open', '[{kind: text, id?: text, state?: text, amount?: monetary}]');
SELECT skillancer.add_shape('export_item', '{kind: text, data: {*: any}}');
