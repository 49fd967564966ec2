-- Policies of rates, and how shipped skills build on each other.
RESET ROLE;

SELECT skillancer.put_policy('rateMinSamples', '10', 'Samples that a percentile of rates or bids is shown of, at least');
SELECT skillancer.put_policy('rateMinPeople', '5', 'Different people behind those samples, at least');

SELECT skillancer.put_builtin('skillancer.skill_parent', jsonb_build_object('skill_id', s.id, 'parent_id', p.id))
FROM (VALUES ('typescript', 'javascript'), ('react', 'javascript'), ('node-js', 'javascript'), ('wordpress', 'php'),
	('html', 'css'), ('postgresql', 'sql'), ('flutter', 'android'), ('flutter', 'ios'), ('kubernetes', 'docker'),
	('docker', 'linux'), ('machine-learning', 'python'), ('data-analysis', 'excel'), ('ui-design', 'ux-design'),
	('graphic-design', 'ui-design'), ('social-media-marketing', 'copywriting'), ('seo', 'copywriting')
) AS v (skill, parent)
JOIN skillancer.skill s ON s.slug = v.skill
JOIN skillancer.skill p ON p.slug = v.parent;
