-- Who may touch the tables of matching at all; row-level security narrows it further.

GRANT SELECT ON skillancer.skill_parent, skillancer.rate_stat TO skillancer_bridge;
GRANT SELECT ON skillancer.skill_parent TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.match_skill, skillancer.match_word, skillancer.rate_stat
	TO skillancer_engine;
