-- Policies of rates, how shipped skills build on each other, and the search indexes.
RESET ROLE;

SELECT skillancer.put_policy('rateMinSamples', '10', 'Samples that a percentile of rates or bids is shown of, at least');
SELECT skillancer.put_policy('rateMinPeople', '5', 'Different people behind those samples, at least');

SELECT skillancer.put_policy('searchLogRetention', '"P90D"', 'How long it is kept what people searched for');
SELECT skillancer.put_policy('savedSearches', '50', 'Saved searches of one person, at most');
SELECT skillancer.put_rule('search.matched', 'owner', 'search.matched', 'PROJECTS');
SELECT skillancer.put_template('search.matched', 'IN_APP', 'New for {{name}}', 'There is something new that your saved search finds: {{count}}.');

SELECT skillancer.put_builtin('skillancer.skill_parent', jsonb_build_object('skill_id', s.id, 'parent_id', p.id))
FROM (VALUES ('typescript', 'javascript'), ('react', 'javascript'), ('node-js', 'javascript'), ('wordpress', 'php'),
	('html', 'css'), ('postgresql', 'sql'), ('flutter', 'android'), ('flutter', 'ios'), ('kubernetes', 'docker'),
	('docker', 'linux'), ('machine-learning', 'python'), ('data-analysis', 'excel'), ('ui-design', 'ux-design'),
	('graphic-design', 'ui-design'), ('social-media-marketing', 'copywriting'), ('seo', 'copywriting')
) AS v (skill, parent)
JOIN skillancer.skill s ON s.slug = v.skill
JOIN skillancer.skill p ON p.slug = v.parent;

SELECT skillancer.put_builtin('skillancer.search_index', jsonb_build_object('index_id', v.id, 'kind', v.kind,
	'config', 'pg_catalog.english', 'half_life', v.half_life))
FROM (VALUES (1, 'project', '14 days'), (2, 'gig', NULL), (3, 'freelancer', NULL)) AS v (id, kind, half_life);
-- an index that was never built gets its first generation
UPDATE skillancer.search_index i SET building = 1, build_started_at = skillancer.now()
WHERE i.generation = 0 AND i.building IS NULL;

-- words that mean the same beside names and aliases of skills
SELECT skillancer.put_builtin('skillancer.search_synonym', jsonb_build_object('key', v.key, 'phrases', v.phrases))
FROM (VALUES
	('ai', '{ai,artificial intelligence}'::text[]),
	('app', '{app,application}'),
	('cv', '{cv,curriculum vitae,resume}'),
	('db', '{db,database}'),
	('dev', '{dev,developer}'),
	('e-commerce', '{e-commerce,ecommerce,online shop,online store,web shop}'),
	('erp', '{erp,enterprise resource planning}'),
	('graphics', '{graphic designer,graphic artist}'),
	('hr', '{hr,human resources}'),
	('k8s', '{k8s,kubernetes}'),
	('logo', '{logo,brand mark}'),
	('ml', '{ml,machine learning}'),
	('nlp', '{nlp,natural language processing}'),
	('photo', '{photo,photograph,photography}'),
	('pm', '{project management,project manager}'),
	('qa', '{qa,quality assurance,software testing}'),
	('ror', '{ror,ruby on rails}'),
	('seo', '{seo,search engine optimisation,search engine optimization}'),
	('ui', '{ui,user interface}'),
	('ux', '{ux,user experience}'),
	('va', '{virtual assistant,personal assistant}'),
	('video', '{video editing,video editor}'),
	('voice', '{voice over,voiceover}'),
	('website', '{homepage,web page,web site,website}')
) AS v (key, phrases);
