-- Policies of the project service, and the catalogue that every marketplace starts with.
RESET ROLE;

SELECT skillancer.put_policy('projectExpiry', '"P30D"', 'How long a project stays open');
SELECT skillancer.put_policy('proposalExpiry', '"P90D"', 'How long a proposal may stay unanswered');
SELECT skillancer.put_policy('proposalLimit', '50', 'Live proposals that one freelancer may have');
SELECT skillancer.put_policy('invitationExpiry', '"P14D"', 'How long an invitation may stay unanswered');
SELECT skillancer.put_policy('invitationLimit', '50', 'Invitations that one project may send');
SELECT skillancer.put_policy('riskReviewScore', '50', 'Sum of risk scores from which a project waits for review');
SELECT skillancer.put_policy('riskTerm', '"P90D"', 'How long haste, self-dealing and bursts of reviews count against somebody');
SELECT skillancer.put_policy('riskVelocity', '30', 'Projects, or proposals, of one person within an hour from which it is haste');
SELECT skillancer.put_policy('riskReviewBurst', '8', 'Published reviews of five stars about one person within a day that are a burst');

-- top level categories
SELECT skillancer.put_builtin('skillancer.category', jsonb_build_object(
	'id', format('01900000-0000-7000-8000-0000000001%s', lpad(c.n::text, 2, '0')),
	'parent_id', NULL, 'depth', 1, 'slug', c.slug, 'name', c.name, 'position', c.n))
FROM (VALUES
	(1, 'development-it', 'Development & IT'),
	(2, 'data-ai', 'Data & AI'),
	(3, 'design-creative', 'Design & Creative'),
	(4, 'writing-translation', 'Writing & Translation'),
	(5, 'video-animation', 'Video & Animation'),
	(6, 'music-audio', 'Music & Audio'),
	(7, 'marketing', 'Marketing'),
	(8, 'business-finance', 'Business & Finance'),
	(9, 'engineering', 'Engineering'),
	(10, 'lifestyle', 'Lifestyle')
) AS c (n, slug, name);

-- below them
SELECT skillancer.put_builtin('skillancer.category', jsonb_build_object(
	'id', format('01900000-0000-7000-8000-00000000%s%s', lpad((c.parent + 1)::text, 2, '0'), lpad(c.n::text, 2, '0')),
	'parent_id', format('01900000-0000-7000-8000-0000000001%s', lpad(c.parent::text, 2, '0')),
	'depth', 2, 'slug', c.slug, 'name', c.name, 'position', c.n))
FROM (VALUES
	(1, 1, 'web-development', 'Web development'),
	(1, 2, 'mobile-development', 'Mobile development'),
	(1, 3, 'devops-cloud', 'DevOps & cloud'),
	(1, 4, 'software-testing', 'Software testing'),
	(1, 5, 'security', 'Information security'),
	(2, 1, 'data-analysis', 'Data analysis'),
	(2, 2, 'data-engineering', 'Data engineering'),
	(2, 3, 'machine-learning', 'Machine learning'),
	(3, 1, 'graphic-design', 'Graphic design'),
	(3, 2, 'ux-ui-design', 'UX & UI design'),
	(4, 1, 'copywriting', 'Copywriting'),
	(4, 2, 'translation', 'Translation'),
	(5, 1, 'video-editing', 'Video editing'),
	(5, 2, 'animation', 'Animation'),
	(6, 1, 'voice-over', 'Voice over'),
	(6, 2, 'music-production', 'Music production'),
	(7, 1, 'seo', 'Search engine optimisation'),
	(7, 2, 'social-media', 'Social media'),
	(8, 1, 'accounting', 'Accounting'),
	(8, 2, 'project-management', 'Project management')
) AS c (parent, n, slug, name);

-- skills
SELECT skillancer.put_builtin('skillancer.skill', jsonb_build_object(
	'id', format('01900000-0000-7000-9000-00000000%s', lpad(s.n::text, 4, '0')),
	'slug', s.slug, 'name', s.name, 'aliases', to_jsonb(s.aliases),
	'category_id', (SELECT c.id FROM skillancer.category c WHERE c.slug = s.category)))
FROM (VALUES
	(1, 'javascript', 'JavaScript', '{js,ecmascript}'::text[], 'web-development'),
	(2, 'typescript', 'TypeScript', '{ts}', 'web-development'),
	(3, 'react', 'React', '{reactjs,react-js}', 'web-development'),
	(4, 'node-js', 'Node.js', '{node,nodejs}', 'web-development'),
	(5, 'php', 'PHP', '{}', 'web-development'),
	(6, 'wordpress', 'WordPress', '{wp}', 'web-development'),
	(7, 'html', 'HTML', '{html5}', 'web-development'),
	(8, 'css', 'CSS', '{css3}', 'web-development'),
	(9, 'python', 'Python', '{py,python3}', 'web-development'),
	(10, 'java', 'Java', '{}', 'web-development'),
	(11, 'c', 'C', '{c-language}', 'development-it'),
	(12, 'c-plus-plus', 'C++', '{cpp}', 'development-it'),
	(13, 'c-sharp', 'C#', '{csharp}', 'development-it'),
	(14, 'go', 'Go', '{golang}', 'development-it'),
	(15, 'rust', 'Rust', '{}', 'development-it'),
	(16, 'sql', 'SQL', '{}', 'data-engineering'),
	(17, 'postgresql', 'PostgreSQL', '{postgres,pgsql}', 'data-engineering'),
	(18, 'android', 'Android', '{android-development}', 'mobile-development'),
	(19, 'ios', 'iOS', '{ios-development}', 'mobile-development'),
	(20, 'flutter', 'Flutter', '{}', 'mobile-development'),
	(21, 'docker', 'Docker', '{}', 'devops-cloud'),
	(22, 'kubernetes', 'Kubernetes', '{k8s}', 'devops-cloud'),
	(23, 'linux', 'Linux', '{}', 'devops-cloud'),
	(24, 'data-analysis', 'Data analysis', '{data-analytics}', 'data-analysis'),
	(25, 'excel', 'Microsoft Excel', '{microsoft-excel,ms-excel}', 'data-analysis'),
	(26, 'machine-learning', 'Machine learning', '{ml}', 'machine-learning'),
	(27, 'graphic-design', 'Graphic design', '{}', 'graphic-design'),
	(28, 'ui-design', 'UI design', '{user-interface-design}', 'ux-ui-design'),
	(29, 'ux-design', 'UX design', '{user-experience-design}', 'ux-ui-design'),
	(30, 'copywriting', 'Copywriting', '{copy-writing}', 'copywriting'),
	(31, 'translation', 'Translation', '{}', 'translation'),
	(32, 'proofreading', 'Proofreading', '{proof-reading}', 'writing-translation'),
	(33, 'video-editing', 'Video editing', '{}', 'video-editing'),
	(34, 'voice-over', 'Voice over', '{voiceover}', 'voice-over'),
	(35, 'seo', 'SEO', '{search-engine-optimization,search-engine-optimisation}', 'seo'),
	(36, 'social-media-marketing', 'Social media marketing', '{smm}', 'social-media'),
	(37, 'bookkeeping', 'Bookkeeping', '{book-keeping}', 'accounting'),
	(38, 'project-management', 'Project management', '{}', 'project-management')
) AS s (n, slug, name, aliases, category);
