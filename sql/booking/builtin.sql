-- Policies of reviews and reputation, and the rules of the levels that the project ships.

SELECT skillancer.put_policy('outcomeBadStars', '2', 'A published review of the client with so many stars or fewer makes a booking a failure of its freelancer');
SELECT skillancer.put_policy('scoreMinOutcomes', '4', 'Outcomes within a period before a success score of it is shown');
SELECT skillancer.put_policy('scoreMinClients', '2', 'Clients within a period before a success score of it is shown');
SELECT skillancer.put_policy('reviewReportLimit', '10', 'Open reports of reviews that one person may have');

SELECT skillancer.put_builtin('skillancer.badge_rule', jsonb_build_object(
	'level', r.level, 'metric', r.metric, 'operator', '>=', 'threshold', r.threshold, 'months', r.months))
FROM (VALUES
	('RISING', 'outcomes', 2, 24),
	('RISING', 'successScore', 0.80, 24),
	('ESTABLISHED', 'outcomes', 8, 24),
	('ESTABLISHED', 'clients', 4, 24),
	('ESTABLISHED', 'successScore', 0.85, 24),
	('ESTABLISHED', 'accountDays', 90, 24),
	('TOP', 'outcomes', 20, 12),
	('TOP', 'clients', 8, 12),
	('TOP', 'successScore', 0.90, 12),
	('TOP', 'earnedUsd', 5000, 12),
	('TOP', 'rating', 4.5, 12)
) AS r (level, metric, threshold, months);
